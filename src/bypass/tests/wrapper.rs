use super::{assert_allowed, assert_denied};

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
fn options_of_wrappers_may_have_any_form() {
    assert_denied(&[
        "env -S\"git commit -n\"",
        "su me -c'git commit -n'",
        "npx -c'git commit -n'",
        "bash +e -c 'git commit -n'",
        "bash +o pipefail -c 'git commit -n'",
        "time { git commit -n; }",
        "time ! git commit -n",
        "trap 'git commit -n' EXIT",
        "trap -- 'git commit -n' EXIT",
        "alias c='git commit -n'",
        "$SHELL -c 'git commit -n'",
        "echo $[1<<2]\ngit commit -n",
    ]);
    assert_allowed(&[
        "trap - EXIT",
        "trap 'rm -f x' EXIT",
        "alias c='git commit' l",
        "echo a$[1+2]b",
        "echo '$[' ; echo \"$x[0]\"",
        "time -p make -n",
    ]);
}
