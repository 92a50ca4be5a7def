use super::{assert_allowed, assert_denied};

#[test]
fn comments_are_skipped() {
    assert_denied(&["git commit -m x#y -n"]);
    assert_allowed(&["# git commit -n", "git commit -m x # -n"]);
}

#[test]
fn each_command_of_a_list_is_read() {
    assert_denied(&[
        "true && git commit -n",
        "false||git commit -n",
        "cd x; git commit -n; cd ..",
        "git add x & git commit -n",
        "yes | git commit -n",
        "git add x\ngit commit -n\n",
        "git commit \\\n  -m x \\\n  -n",
        "git \\\n commit -n",
    ]);
    assert_allowed(&["git commit -m 'x\n-n\n'"]);
}

#[test]
fn compound_commands_are_read() {
    assert_denied(&[
        "(git commit -n)",
        "{ git commit -n; }",
        "if ! git commit -n; then :; fi",
        "for x in a b; do git commit -n; done",
        "case x in a) git commit -n;; esac",
        "f() { git commit -n; }",
        "function f { git commit -n; }",
        "function f() { git commit -n; }",
    ]);
}

#[test]
fn a_case_pattern_ends_with_a_parenthesis() {
    assert_denied(&[
        "git commit -m \"$(case $x in a) echo b;; (c) echo d;; esac)\" -n",
        "x=$(case $y in a) git commit -n;; esac)",
        "x=$(echo case) && git commit -n",
        "(if true; then case x in a|b) :; esac; fi); git commit -n",
    ]);
    assert_allowed(&["git commit -m \"$(case $x in a) echo \"b -n c\";; esac)\""]);
}

#[test]
fn expansions_are_read() {
    assert_denied(&[
        "echo $(git commit -n)",
        "echo \"$(git commit -n)\"",
        "echo `git commit -n`",
        "echo \"`git commit -n`\"",
        "echo \\$(git commit -n)",
        "git commit -m \"$(date)\" -n",
        "git commit -m \"${x:-a b}\" -n",
        "git commit -m $((1 << 2)) -n",
        "diff <(git commit -n) x",
        "echo ${x:=$(git commit -n)}",
        "echo \"${x:-\"$(git commit -n)\"}\"",
        "echo $(( 1 + $(git commit -n) ))",
        "echo $(( (1 + 2) * 3 )) && git commit -n",
        "echo $((git commit -n) | cat)",
        "((cd x); git commit -n)",
        "(git commit -n) && ((1))",
        "cat <((git commit -n))",
    ]);
    assert_allowed(&[
        "echo '$(git commit -n)'",
        "echo $((1 + (2))); echo 'git commit -n'",
        "(( (git) > (commit -n) ))",
        "git commit -m \"${x//'\"'/}\" && git commit -m '-n'",
    ]);
}

#[test]
fn quotes_are_removed() {
    assert_denied(&[
        "\\git commit -n",
        "'git' \"commit\" -'n'",
        "g'i't comm\"it\" --no-verif\\y",
        "git commit $'-n'",
    ]);
    assert_allowed(&[
        "git commit -m $'it\\'s -n'",
        "git commit -m 'it'\\''s -n'",
        "git commit -m \"say \\\"hi\\\" -n\"",
    ]);
}

#[test]
fn a_script_that_does_not_end_is_allowed() {
    assert_allowed(&["git commit -m 'open -n", "git commit -n -m 'open", "git commit -n $("]);
}

#[test]
fn array_elements_are_not_commands() {
    assert_denied(&["a=(x); git commit -n", "a=(x) && (git commit -n)", "a=($(git commit -n))"]);
    assert_allowed(&[
        "a=(git commit -n)",
        "a+=(git commit -n)",
        "a=(\n  git commit -n # it's )\n)",
        "declare -a c=(git commit --no-verify)",
        "local -a c=('x)' git commit -n); git status",
    ]);
}

#[test]
fn conditional_expressions_are_not_commands() {
    assert_denied(&[
        "[[ -n x && $x < b ]] && git commit -n",
        "[[ $(git commit -n) ]]",
        "$([[ x != \"]]\" && (a || b) ]]; git commit -n)",
        "echo [[ x; git commit -n",
    ]);
    assert_allowed(&[
        "if [[ \"$x\" =~ (git commit -n) ]]; then :; fi",
        "[[ $x == a && (git commit -n || b) ]] || true",
    ]);
}

#[test]
fn redirections_are_skipped() {
    assert_denied(&[
        "git commit -n > log 2>&1",
        "git commit 2>&1 >log -n",
        "2>/dev/null git commit -n",
        "git 2>/dev/null commit -n",
        "git &>/dev/null commit -n",
        "git >&2 commit 2>&1 -n",
        "<file git commit -n",
        "git commit -m 2 >log -n",
    ]);
    assert_allowed(&[
        "git commit -m x > -n",
        "git commit -m 2>log -n",
        "git commit -m x 2> -n",
        "git commit &>>log -m -n",
        "git commit -F - <<< '-n'",
    ]);
}

#[test]
fn here_documents_are_text() {
    assert_denied(&[
        "git commit -m \"$(cat <<'EOF'\nDon't\nEOF\n)\" -n",
        "cat <<EOF\nx\nEOF\ngit commit -n",
        "cat <<-EOF | tee x\n\tgit commit -n\n\tEOF\ngit commit -n",
        "cat <<EOF\nit's \"open\nEOF\ngit commit -n",
    ]);
    assert_allowed(&[
        "git commit -m \"$(cat <<'EOF'\nDon't use --no-verify\n\ngit commit -n\nEOF\n)\"",
        "cat <<EOF\ngit commit -n\nEOF",
        "cat <<-EOF\n\tgit commit -n\n\tEOF\n",
        "cat <<A <<'B C'\ngit commit -n\nA\ngit commit -n\nB C\n",
    ]);
}

#[test]
fn here_documents_expand_unless_quoted() {
    assert_denied(&["cat <<EOF\n$(git commit -n)\nEOF", "cat <<-EOF\n\t\"`git commit -n`\n\tEOF\n"]);
    assert_allowed(&[
        "cat <<EOF\nit's \"open $x ${y} $((1)) \\$(git commit -n) \\`\nEOF\ngit commit",
        "cat <<'EOF'\n$(git commit -n)\nEOF",
        "cat <<\\EOF\n$(git commit -n)\nEOF",
    ]);
}

#[test]
fn assignments_precede_a_command() {
    assert_denied(&[
        "GIT_EDITOR=true A= git commit -n",
        "A='x y' git commit -n",
        "A+=b git commit -n",
        "A[0]=b git commit -n",
    ]);
    assert_allowed(&["A[0=b git commit -n"]);
}
