mod hook_files;
mod ordinary;
mod variables;

use std::path::Path;

use super::{Bypass, Input, inputs_of};

/// Finds a bypass in a script that runs at the top of a repository, with the session directory.
fn find(script: &str) -> Option<Bypass> {
    let stages = |directory: &Path, path: &Path| {
        let path = directory.join(path);
        ["", ".", "backend", "backend/."].iter().any(|with| path == Path::new(with))
    };
    super::find(script, &stages)
}

/// Asserts that each of `scripts` bypasses the hooks.
#[track_caller]
fn assert_denied(scripts: &[&str]) {
    assert_all(scripts, true);
}

/// Asserts that none of `scripts` bypasses the hooks.
#[track_caller]
fn assert_allowed(scripts: &[&str]) {
    assert_all(scripts, false);
}

#[track_caller]
fn assert_all(scripts: &[&str], is_denied: bool) {
    let is_wrong = |script: &&&str| find(script).is_some() != is_denied;
    let wrong: Vec<_> = scripts.iter().filter(is_wrong).collect();
    let expected = if is_denied { "denied" } else { "allowed" };
    assert!(wrong.is_empty(), "not {expected}: {wrong:#?}");
}

#[test]
fn a_bypass_names_what_bypasses() {
    let skipped = |subcommand, option: &str| Bypass::HooksSkipped { subcommand, option: option.into() };
    for (script, bypass) in [
        ("git commit --no-veri -m x", skipped("commit", "--no-veri")),
        ("cd x && git push --no-verify", skipped("push", "--no-verify")),
        ("git -c core.hooksPath=x commit", Bypass::HooksOverridden("core.hooksPath=x".into())),
        ("HUSKY=0 git commit", Bypass::HooksOverridden("HUSKY=0".into())),
        ("git config core.hooksPath x", Bypass::HooksOverridden("core.hooksPath=x".into())),
        ("git add -f main.py .claude_sessions/x", Bypass::ForcedAdd(".claude_sessions/x".into())),
        ("git add . && stage-guard allow debug_x.py", Bypass::Allow),
        ("stage-guard uninstall --global", Bypass::Uninstall),
        ("rm -f .git/hooks/pre-commit", Bypass::HookChanged(".git/hooks/pre-commit".into())),
    ] {
        assert_eq!(find(script), Some(bypass), "{script}");
    }
}

#[test]
fn no_verify_is_denied_in_any_abbreviation() {
    assert_denied(&[
        "git commit --no-verify",
        "git commit -m x --no-verify",
        "git commit --no-verify -m x",
        "git commit --no-verif",
        "git commit --no-veri",
    ]);
    assert_allowed(&[
        "git commit",
        "git commit --verify",
        "git commit --no-ver",
        "git commit --no-verbose",
        "git merge --no-verify-signatures x",
    ]);
}

#[test]
fn short_options_are_denied_in_a_group() {
    assert_denied(&["git commit -n", "git commit -nm x", "git commit -anm msg", "git commit -qan -m msg"]);
    assert_allowed(&["git commit -man", "git commit -uno", "git commit -un", "git commit -Sn"]);
    assert_allowed(&["command -v git commit -n", "command -V git"]);
}

#[test]
fn the_value_of_an_option_is_not_an_option() {
    assert_denied(&[
        "git commit -m x -n",
        "git commit --message=x -n",
        "git commit --author 'A <a@b>' -n",
        "git commit -F msg -n",
        "git commit -C HEAD -n",
        "git commit --fixup HEAD -n",
    ]);
    assert_allowed(&[
        "git commit -am -n",
        "git commit -m -n",
        "git commit -m \"about -n\"",
        "git commit -m --no-verify",
        "git commit --message --no-verify",
        "git commit --mess --no-verify",
        "git commit --message=--no-verify",
        "git commit --author -n",
        "git commit -F -n",
        "git commit -C -n",
        "git commit -c -n",
        "git commit -t -n",
        "git merge -m --no-verify x",
        "git push -o --no-verify",
    ]);
}

#[test]
fn an_optional_value_is_in_the_same_word() {
    assert_denied(&["git commit -S -n", "git commit -u -n", "git commit --amend --no-edit -n"]);
}

#[test]
fn words_after_a_double_dash_are_paths() {
    assert_denied(&["git commit x -n", "git commit -n -- --verify"]);
    assert_allowed(&["git commit -- -n", "git commit x -- --no-verify"]);
}

#[test]
fn a_later_option_cancels() {
    assert_denied(&[
        "git commit --verify --no-verify",
        "git commit -n --verify -n",
        "git commit -n --verbose",
        "git commit -n -m --verify",
    ]);
    assert_allowed(&[
        "git commit --no-verify --verify",
        "git commit -n --verify",
        "git commit -n --veri",
        "git commit -n --no-no-verify",
    ]);
}

#[test]
fn each_subcommand_has_its_own_options() {
    assert_denied(&[
        "git merge --no-verify x",
        "git pull --no-verify",
        "git push --no-verify",
        "git am -n x",
    ]);
    assert_allowed(&[
        "git merge -n x",
        "git push -n",
        "git rebase -n main",
        "git log -n 1",
        "git log --grep --no-verify",
        "git grep --no-verify",
        "git show -n",
        "git clean -n",
    ]);
}

#[test]
fn settings_in_the_arguments_of_git_are_denied() {
    assert_denied(&[
        "git -c core.hooksPath=/dev/null commit -m x",
        "git -c CORE.HooksPath= commit",
        "git -c 'core.hooksPath=/dev/null' commit",
        "git --config-env=core.hooksPath=X commit",
        "git --config-env core.hookspath=X commit",
        "git -c hook.guard.enabled=false commit",
    ]);
    assert_allowed(&[
        "git -c hook.stage-guard.pre-commit.enabled=true commit",
        "git -c core.pager=cat commit",
        "git -c user.name=core.hooksPath=x commit",
        "git -C core.hooksPath=x commit",
        "git commit -c core.hooksPath=x",
    ]);
}

#[test]
fn global_options_precede_the_subcommand() {
    assert_denied(&[
        "git -C dir commit -n",
        "git --git-dir x --work-tree y commit -n",
        "git --git-dir=x --no-pager -p commit -n",
    ]);
    assert_allowed(&["git -C -n commit"]);
}

#[test]
fn only_commands_of_git_are_checked() {
    assert_denied(&["/usr/bin/git commit -n"]);
    assert_allowed(&[
        "gitk commit -n",
        "legit commit -n",
        "echo git commit -n",
        "echo 'x; git commit -n'",
        "grep -rn 'git commit --no-verify' .",
    ]);
}

#[test]
fn allow_of_this_program_is_denied() {
    assert_denied(&[
        "stage-guard allow x.py",
        "stage-guard allow -- :/x.py",
        "stage-guard allow",
        "~/.local/bin/stage-guard allow x.py",
        "'/a b/stage-guard' allow x.py",
        "C:\\\\bin\\\\stage-guard.exe allow x.py",
        "stage-guard -C backend allow x.py",
        "stage-guard -Cbackend -q --config x.toml --color=never allow x.py",
        "stage-guard --config --dry-run.toml allow x.py",
        "stage-guard allow -- --dry-run --help",
        "git commit -m x || stage-guard allow x.py",
        "A=b env stage-guard allow x.py",
        "sh -c 'stage-guard allow x.py'",
        "eval stage-guard allow x.py",
        "echo $(stage-guard allow x.py)",
        "git -c alias.a='!stage-guard allow' a x.py",
        "git diff --name-only | xargs stage-guard allow",
        "find . -name 'debug_*' -exec stage-guard allow {} +",
        "npx -y stage-guard allow x.py",
        "uvx stage-guard allow x.py",
        "pipx run stage-guard allow x.py",
        "bash <<EOF\nstage-guard allow x.py\nEOF",
    ]);
    assert_allowed(&[
        "stage-guard",
        "stage-guard allow --help",
        "stage-guard --help allow",
        "stage-guard allow -h",
        "stage-guard allow --dry-run x.py",
        "stage-guard --dry-run allow x.py",
        "stage-guard stow allow",
        "stage-guard explain allow",
        "stage-guard -C allow stow",
        "stage-guard --config allow rules",
        "git commit -m 'stage-guard allow x'",
        "echo stage-guard allow x",
        "man stage-guard allow",
        "command -v stage-guard allow",
        "grep 'stage-guard allow' README.md",
        "other-stage-guard allow x",
        "# stage-guard allow x",
        "cat <<EOF\nstage-guard allow x\nEOF",
    ]);
}

#[test]
fn uninstall_of_this_program_is_denied() {
    assert_denied(&[
        "stage-guard uninstall",
        "stage-guard uninstall --global",
        "stage-guard -C x uninstall && git commit -m x",
        "sh -c 'stage-guard uninstall'",
    ]);
    assert_allowed(&[
        "stage-guard install",
        "stage-guard install --strict",
        "stage-guard uninstall --help",
        "stage-guard uninstall --dry-run",
        "stage-guard stow uninstall",
        "grep -rn 'stage-guard uninstall' docs",
        "npm uninstall stage-guard",
    ]);
}

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

#[test]
fn wrappers_run_a_command() {
    assert_denied(&[
        "command git commit -n",
        "exec git commit -n",
        "time -p git commit -n",
        "nohup git commit -n",
        "nice -n 5 git commit -n",
        "env -u A B=c git commit -n",
        "env --chdir dir git commit -n",
        "env -- git commit -n",
        "timeout -k 5 10 git commit -n",
        "timeout --signal KILL 5 git commit -n",
        "timeout --signal=KILL 5 git commit -n",
        "sudo -u me git commit -n",
        "sudo -iu x git commit -n",
        "sudo --user x git commit -n",
        "xargs git commit -n",
        "xargs -0 -n 1 git commit -n",
    ]);
    assert_allowed(&["sudo -u git commit -n"]);
}

#[test]
fn scripts_in_arguments_are_read() {
    assert_denied(&[
        "bash -c 'git commit -n'",
        "sh -c \"git commit -n\"",
        "bash -lc 'cd x && git commit -n'",
        "zsh -c 'git commit -n'",
        "/bin/bash -o pipefail -ec 'git commit -n'",
        "bash --norc --rcfile x -c 'git commit -n'",
        "bash -c \"sh -c 'git commit -n'\"",
        "find . -name x | xargs -I{} sh -c 'git commit -n'",
        "eval 'git commit -n'",
        "eval git commit '-n'",
        "env -S 'git commit -n'",
        "env -iS 'git commit -n'",
    ]);
    assert_allowed(&[
        "bash -c 'echo x' 'git commit -n'",
        "bash -c \"git commit -m 'about -n'\"",
        "bash script 'git commit -n'",
        "bash git commit -n",
        "sh -e script -c 'git commit -n'",
        "bash -c 'git commit -n",
        "bash -c",
        "eval \"git commit -m 'x; git commit -n'\"",
        "eval \"$(ssh-agent)\"",
        "env -S 'git commit' x",
    ]);
}

#[test]
fn a_forced_add_of_the_session_directory_is_denied() {
    assert_denied(&[
        "git add -f .claude_sessions",
        "git add --force .claude_sessions/current/x.py",
        "git add --forc .claude_sessions",
        "git add .claude_sessions/x -f",
        "git add -Af backend/.Claude_Sessions/x",
        "git add -f -- main.py .claude_sessions/x",
        "git stage -f .claude_sessions",
        "git add -f /home/me/project/.claude_sessions/x",
    ]);
    assert_allowed(&[
        "git add .claude_sessions",
        "git add -f main.py",
        "git add -f .claude_sessions.md",
        "git add -- -f .claude_sessions",
        "git add -f --no-force .claude_sessions",
        "git rm -f .claude_sessions/x",
        "git rm --cached -f .claude_sessions/x",
    ]);
}

#[test]
fn a_pathspec_may_begin_with_magic() {
    assert_denied(&[
        "git add -f :/.claude_sessions",
        "git add -f ':(top).claude_sessions/x'",
        "git add -f ':/.claude_sessions/x'",
    ]);
    assert_allowed(&[
        "git add -f . ':!.claude_sessions'",
        "git add -f ':(top)main.py'",
        "git add -f . ':(top,exclude).claude_sessions'",
        "git add -f . ':(top):!.claude_sessions'",
    ]);
}

#[test]
fn a_changed_configuration_is_denied() {
    assert_denied(&[
        "git config core.hooksPath /dev/null",
        "git config --global core.hookspath x",
        "git config --type path --replace-all core.hooksPath x",
        "git config --file .git/config core.hooksPath x",
        "git -C x config set core.hooksPath x",
        "git config set --global --all core.hooksPath x",
        "git config hook.stage-guard.pre-commit.enabled false",
    ]);
    assert_allowed(&[
        "git config hook.stage-guard.pre-commit.enabled true",
        "git config core.hooksPath",
        "git config --get core.hooksPath x",
        "git config --global --get-all core.hooksPath x",
        "git config --unset core.hooksPath x",
        "git config --unset-all core.hooksPath",
        "git config get core.hooksPath",
        "git config unset core.hooksPath",
        "git config user.name core.hooksPath",
        "git config alias.x 'log -n 1'",
    ]);
}

#[test]
fn a_removed_hook_of_the_configuration_is_denied() {
    assert_denied(&[
        "git config --unset hook.stage-guard.pre-commit.command",
        "git config --global --unset-all hook.stage-guard.pre-commit.event",
        "git config --unset-a Hook.stage-guard.pre-commit.Event",
        "git config unset --all hook.stage-guard.pre-push.command",
        "git config --remove-section hook.stage-guard.pre-commit",
        "git config --rem hook.stage-guard.pre-commit",
        "git config --file .git/config --rename-section hook.stage-guard.pre-commit x.y",
        "git config remove-section hook.stage-guard.pre-commit",
        "git config rename-section hook.stage-guard.pre-commit hook.off",
        "git config hook.stage-guard.pre-commit.command true",
        "git config --replace-all hook.stage-guard.pre-commit.event post-commit",
        "git -c hook.stage-guard.pre-commit.command=: commit",
    ]);
    assert_allowed(&[
        "git config --unset hook.stage-guard.pre-commit.enabled",
        "git config --unset hook.lint.command",
        "git config --remove-section hook.lint",
        "git config --remove-section alias",
        "git config --get hook.stage-guard.pre-commit.command",
        "git config get hook.stage-guard.pre-commit.command",
        "git config --get-regexp '^hook\\.stage-guard\\.'",
        "git config --edit",
        "git config hook.stage-guard.pre-commit.event pre-commit",
        "git config hook.stage-guard.pre-commit.command 'stage-guard hook pre-commit'",
        "git config --show-origin --get-all hook.stage-guard.pre-commit.event",
    ]);
}

#[test]
fn an_alias_that_bypasses_is_denied_when_it_is_set() {
    assert_denied(&[
        "git config alias.x 'commit -n'",
        "git config --global alias.save '!git add -A && git commit -nm wip'",
        "git config set alias.x 'push --no-verify'",
    ]);
    assert_allowed(&[
        "git config alias.x 'log -n 1'",
        "git config --global alias.lg 'log --graph --oneline'",
        "git config --unset alias.x 'commit -n'",
        "git config --get alias.x 'commit -n'",
        "git config alias.x",
    ]);
}

#[test]
fn settings_in_the_environment_are_denied() {
    assert_denied(&[
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=x git commit",
        "env GIT_CONFIG_PARAMETERS=\"'core.hooksPath=x'\" git commit",
        "GIT_CONFIG_PARAMETERS=\"'core.hooksPath'='x'\" git commit",
        "GIT_CONFIG_PARAMETERS=\"'user.name'='x y' 'core.hooksPath'='x'\" git commit",
        "GIT_CONFIG_PARAMETERS=\"'hook.stage-guard.pre-commit.enabled=0'\" git commit",
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=hook.stage-guard.pre-commit.enabled GIT_CONFIG_VALUE_0=false git commit",
        "GIT_CONFIG_VALUE_0=off GIT_CONFIG_KEY_0=hook.mine.enabled GIT_CONFIG_COUNT=1 git commit",
        "env GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=a.b GIT_CONFIG_VALUE_0=c GIT_CONFIG_KEY_1=Core.HooksPath GIT_CONFIG_VALUE_1= git push",
    ]);
    assert_allowed(&[
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=core.hooksPath git commit",
        "GIT_CONFIG_COUNT=$n GIT_CONFIG_PARAMETERS=$x git commit",
        "GIT_CONFIG_KEY_0=core.hooksPath make",
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=hook.stage-guard.pre-commit.enabled GIT_CONFIG_VALUE_0=true git commit",
        "GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=hook.a.enabled GIT_CONFIG_VALUE_0=yes GIT_CONFIG_VALUE_1=no git commit",
        "GIT_CONFIG_PARAMETERS=\"'user.name'='core.hooksPath' 'hook.a.enabled'='true'\" git commit",
        "GIT_CONFIG_PARAMETERS=\"'user.name'='it'\\\\''s'\" git commit",
    ]);
}

#[test]
fn a_disabled_hook_manager_is_denied() {
    assert_denied(&[
        "HUSKY=0 git commit -m x",
        "HUSKY=0 nice git commit",
        "HUSKY=0 bash -c 'git commit'",
        "LEFTHOOK=false git push",
        "env SKIP=ruff,stage-guard git commit",
        "PREK_SKIP=stage-guard-system git -C x commit",
    ]);
    assert_allowed(&["SKIP=ruff git commit", "HUSKY=0 git fetch", "HUSKY=0 npm ci", "LEFTHOOK=1 git commit"]);
}

#[test]
fn deep_nesting_ends() {
    for opening in [
        "(", "$(", "`", "\"$(", "\\`", "<(", "<<x\n", "${", "((", "'", "{ ", "\\", "$'", "\"${", "a=(",
        "$((", "case ", "[[ ", "eval ", "\\'",
    ] {
        let script = opening.repeat(50_000);
        assert_eq!(find(&script), None, "{opening}");
    }
}

#[test]
fn scripts_in_scripts_are_read_to_a_limit() {
    assert_denied(&[&format!("{}git commit -n", "eval ".repeat(5))]);
    assert_allowed(&[&format!("{}git commit -n", "eval ".repeat(50))]);
}

#[test]
fn commands_that_run_a_command_are_followed() {
    assert_denied(&[
        "git rebase --exec 'git commit --amend -n' main",
        "git rebase -i --exec='git commit --amend -n' main",
        "git rebase -x 'make && git commit --amend -n' main",
        "git rebase -x'git commit --amend -n' main",
        "git rebase -ix 'git commit --amend -n' main",
        "git rebase -x true -x 'git commit -n' main",
        "git submodule foreach 'git commit -n -m x'",
        "git submodule --quiet foreach --recursive git commit -n",
        "git bisect run git commit -n",
        "git bisect run sh -c 'git commit -n'",
        "git -c alias.x='commit -n' x -m y",
        "git -c alias.X='!git commit -n' x",
        "find . -name a -exec git commit -n -m x \\;",
        "find . -type d -execdir sh -c 'git commit -n' {} +",
        "find . -exec true \\; -ok git commit -n \\;",
        "fd -x git commit -n",
        "flock .lock git commit -n",
        "flock -w 5 .lock -c 'git commit -n'",
        "watch -n 5 git commit -n",
        "watch 'git commit -n'",
        "parallel git commit -n -m {} ::: a b",
        "su me -c 'git commit -n'",
        "su -c 'git commit -n' me",
        "script -qc 'git commit -n' log",
        "script --command='git commit -n' log",
        "env --split-string='git commit -n'",
        "taskset 1 git commit -n",
        "strace -f -o log git commit -n",
        "busybox sh -c 'git commit -n'",
        "uv run git commit -n",
        "nice timeout 5 git rebase -x 'stdbuf -o0 git commit -n' main",
    ]);
    assert_allowed(&[
        "git rebase --exec 'make test' main",
        "git rebase -x 'git commit --amend --no-edit' main",
        "git rebase --onto 'git commit -n' main",
        "git submodule foreach 'git status'",
        "git submodule foreach 'git log -n 1'",
        "git bisect run make -n",
        "git -c alias.x='log -n 1' x",
        "git -c alias.commit='log' commit",
        "find . -name a -exec head -n 1 {} \\;",
        "find . -name '*.md' -exec grep -n 'git commit -n' {} +",
        "find . -exec grep 'git commit' {} \\; -name -n",
        "flock .lock make -n",
        "watch 'git log -n 1'",
        "parallel echo ::: git commit -n",
        "su git commit -n",
        "xargs grep -n 'git commit --no-verify'",
        "uv run pytest -n 4",
    ]);
}

#[test]
fn what_a_shell_reads_is_a_script() {
    assert_denied(&[
        "bash <<E\ngit commit -n -m x\nE",
        "bash -s <<'E'\ngit commit -n\nE",
        "bash -s -- a b <<'E'\ngit commit -n\nE",
        "sudo -u me bash -e <<-E\n\tgit commit -n\n\tE",
        "cat <<E | bash\ngit commit -n\nE",
        "cat <<E |\ngit commit -n\nE\nbash",
        "cat <<E | tee log | sh -x\ngit commit -n\nE",
        "echo 'git commit -n' | sh",
        "echo -e 'cd x\\ngit commit -n' |& sh",
        "printf 'git commit -n\\n' | env A=b zsh",
        "echo \"$(date)\"; echo git commit -n | bash",
        "bash <<< 'git commit -n'",
        "bash < <(echo git commit -n)",
        "source <(echo git commit -n)",
        "source /dev/stdin <<< 'git commit -n'",
        "bash -c \"$(cat <<'E'\ngit commit -n\nE\n)\"",
        "eval \"$(echo git commit -n)\"",
        "eval `echo git commit -n`",
    ]);
    assert_allowed(&[
        "cat <<E >notes.md\ngit commit -n -m x\nE",
        "cat <<E | tee notes.md\ngit commit -n\nE",
        "cat <<E | grep commit\ngit commit -n\nE",
        "python3 <<E\ngit commit -n\nE",
        "bash script.sh <<E\ngit commit -n\nE",
        "bash -n <<E\ngit commit -n\nE",
        "bash -c 'cat >notes' <<E\ngit commit -n\nE",
        "ssh host bash <<E\ngit commit -n\nE",
        "git commit -F - <<E\nDo not use git commit -n\nE",
        "git commit -m \"$(cat <<'E'\n-n\nE\n)\"",
        "gh pr create --body \"$(cat <<'E'\n`git commit -n` is denied\nE\n)\"",
        "echo 'git commit -n' >>notes.md; bash",
        "echo 'git commit -n' || bash",
        "echo 'git commit -n' | grep x | bash",
        "bash <<E\necho 'git commit -n'\nE",
        "echo git commit -n",
    ]);
}

#[test]
fn a_forced_add_around_the_session_directory_is_denied() {
    assert_denied(&[
        "git add -f .",
        "git add --force ./",
        "git add -f -A",
        "git add -fA",
        "git add --all --force",
        "git add -f :/",
        "git add -Af '*'",
        "git add -f backend",
        "git add -f main.py backend",
        "git -C backend add -f .",
        "cd backend && git add -f .",
        "find . -maxdepth 0 -exec git add -f {} . \\;",
    ]);
    assert_allowed(&[
        "git add .",
        "git add -A",
        "git add -f",
        "git add -fu",
        "git add -f dist",
        "cd dist && git add -f .",
        "git -C dist add -f .",
        "git add -f dist/*",
        "git add -f . ':!.claude_sessions'",
        "git add -f . ':(exclude).claude_sessions'",
        "git add -f . --no-force",
        "git rm -f .",
    ]);
}

#[test]
fn long_scripts_are_read_in_time() {
    for part in [
        "cat | ",
        "echo x | bash ; ",
        "bash <<E\nx\nE\n",
        "cd a;",
        "cd .git/a; rm a b; ",
        "(cd .git);",
        "$(a) ",
        "export GIT_CONFIG_KEY_1=hook.x GIT_CONFIG_VALUE_1=x; git x; ",
        "GIT_CONFIG_PARAMETERS='a b' git x; ",
        "rm {.git,.git}/{a,b}; ",
        "git add -f a/b; ",
        "find . -exec a ; ",
    ] {
        assert_eq!(find(&format!("{} true", part.repeat(5_000))), None, "{part}");
    }
    let heredocs = (0..16).fold("git x;".repeat(100), |script, n| format!("sh <<E{n}\n$({script})\nE{n}\n"));
    assert_eq!(find(&heredocs), None);
    assert_eq!(find(&format!("git add -f {}", "a/".repeat(100_000))), None);
    // No system passes such a script to a shell.
    assert_eq!(find(&format!("git commit -n {}", " ".repeat(1 << 25))), None);
}

#[test]
fn the_input_of_a_program_is_found() {
    let patch = "*** Begin Patch\n*** Add File: a b.py\n+it's $x\n*** End Patch\n";
    let with = |directory: &str| Input { directory: directory.into(), text: patch.into() };
    for (script, inputs) in [
        (format!("apply_patch <<'EOF'\n{patch}EOF"), vec![with("")]),
        (format!("apply_patch << \"EOF\"\n{patch}EOF\n"), vec![with("")]),
        (format!("cd sub && apply_patch <<'EOF'\n{patch}EOF\n"), vec![with("sub")]),
        (format!("cd a && (cd b; applypatch <<'EOF'\n{patch}EOF\n)"), vec![with("a/b")]),
        (format!("apply_patch \"{patch}\""), vec![with("")]),
        (
            format!("bash -lc $'cd sub\napply_patch <<\\'EOF\\'\n{}EOF'", patch.replace('\'', "\\'")),
            vec![with("sub")],
        ),
        (format!("cat <<'EOF' | apply_patch\n{patch}EOF\n"), vec![with("")]),
        (format!("apply_patch <<'A'\n{patch}A\napply_patch <<'B'\n{patch}B\n"), vec![with(""), with("")]),
        (format!("cat <<'EOF' >apply_patch\n{patch}EOF\n"), vec![]),
        (format!("echo apply_patch <<'EOF'\n{patch}EOF\n"), vec![]),
    ] {
        assert_eq!(inputs_of(&script, &["apply_patch", "applypatch"]), inputs, "{script}");
    }
}
