//! `pre-push` and `pre-receive`: commits on their way to another repository.

use super::commits::NOTE;
use super::sandbox::{BINARY, Repo, Run};

#[test]
fn a_ref_to_a_missing_object_does_not_stop_a_push() {
    let repo = clone_of_guarded_server();
    repo.write(".git/refs/remotes/origin/broken", &format!("{}\n", "1".repeat(40)));
    // git 2.55 prints a message about the ref.
    repo.stage("clean.py").commit().success();
    let main = repo.git("rev-parse main").success();
    let push = format!("refs/heads/main {} refs/heads/main {}\n", main.trim(), "0".repeat(40));
    repo.guard_with_input(&["hook", "pre-push", "x", "y"], push.as_bytes()).code(0);
    commit_without_hooks(&repo, NOTE);
    let main = repo.git("rev-parse main").success();
    let push = format!("refs/heads/main {} refs/heads/main {}\n", main.trim(), "0".repeat(40));
    repo.guard_with_input(&["hook", "pre-push", "x", "y"], push.as_bytes()).refuses(&[NOTE]).code(1);
}

/// A guarded clone of a bare server whose history has session work.
fn clone_of_guarded_server() -> Repo {
    let repo = Repo::new();
    repo.commit_unchecked(&[".claude_sessions/archive/old.py"]).stage("code.py").commit().silent();
    repo.git("clone -q --bare . ../server.git").success();
    repo.git("clone -q ../server.git ../clone").success();
    let clone = repo.sibling("clone");
    clone.guard("install --strict").success();
    clone
}

/// Stages and commits a path without running hooks.
pub(crate) fn commit_without_hooks(repo: &Repo, path: &str) {
    repo.stage(path);
    repo.git("-c core.hooksPath=/dev/null commit -q -m unchecked").success();
}

#[test]
fn a_push_of_session_work_is_refused() {
    let repo = clone_of_guarded_server();
    commit_without_hooks(&repo, NOTE);
    repo.git("rm -q --cached .claude_sessions/current/x.py").success();
    repo.commit().silent();
    for push in [
        "push -q",
        "push -q origin main:refs/heads/new",
        "push -q origin HEAD~1:refs/heads/new",
        "push -q origin main~1:refs/tags/t",
        "push -q origin :/unchecked:refs/heads/new",
        "push -q --all origin",
        "push -q --mirror ../other.git",
        "push -q ../other.git main",
        "push -q --force origin main",
        "push -q origin main :refs/heads/gone",
    ] {
        repo.shell(
            "rm -rf ../other.git; git init -q --bare ../other.git; git -C ../server.git branch -f gone main",
        )
        .success();
        let run = repo.git(push);
        assert!(
            run.code == 1 && run.out.is_empty() && run.err.contains(&format!("refused: {NOTE} [")),
            "{push}: {run:?}"
        );
        assert!(run.err.contains(", for refs/"), "{push}: {run:?}");
    }
    repo.git("push -q --no-verify").success();
    repo.stage("more.py").commit().silent();
    repo.git("push -q").silent();
}

#[test]
fn a_push_of_commits_that_a_remote_has_is_allowed() {
    let repo = clone_of_guarded_server();
    repo.stage("clean.py").commit().silent();
    repo.git("tag light").success();
    repo.git("tag -m tag heavy").success();
    repo.shell(
        "git tag blob $(git rev-parse HEAD:code.py); git tag -m x blob-tag blob; git tag tree HEAD^{tree}",
    )
    .success();
    repo.git("init -q --bare ../fork.git").success();
    for push in [
        "push -q ../fork.git main",
        "push -q --tags ../fork.git",
        "push -q",
        "push -q origin main:refs/heads/new --follow-tags",
        "push -q origin :new",
        "push -q --delete origin light",
        "push -q origin light",
    ] {
        let run = repo.shell(&format!("git {push}"));
        assert_eq!(run.code, if push.contains("--delete") { run.code } else { 0 }, "{push}: {run:?}");
        assert!(!run.err.contains("refused") && !run.err.contains("stage-guard"), "{push}: {run:?}");
    }
}

#[test]
fn commits_that_the_remote_has_are_not_checked() {
    let repo = clone_of_guarded_server();
    commit_without_hooks(&repo, NOTE);
    repo.git("push -q --no-verify ../server.git main:refs/heads/theirs").success();
    repo.stage("clean.py").commit().silent();
    // No remote branch here has the commit, but git passes the remote's id.
    repo.git("push -q ../server.git main:theirs").silent();
    // An id of the remote that was not fetched is ignored.
    let run = repo.guard_with_input(
        &["hook", "pre-push", "x", "y"],
        format!(
            "refs/heads/main {} refs/heads/main {}\n",
            repo.git("rev-parse main").success().trim(),
            "1".repeat(40)
        )
        .as_bytes(),
    );
    run.refuses(&[NOTE]).code(1);
}

#[test]
fn pre_push_rejects_input_that_git_does_not_write() {
    let repo = clone_of_guarded_server();
    let zero = "0".repeat(40);
    let main = repo.git("rev-parse main").success();
    for input in [
        "nonsense\n".to_owned(),
        format!("refs/heads/main {zero}\n"),
        format!("x {} refs/heads/main 12\n", main.trim()),
        format!("x {}  {zero}\n", main.trim()),
        "\0\0\0 \n".to_owned(),
        "\n".to_owned(),
        format!("x {} refs/heads/x {zero}\ny\n", main.trim()),
    ] {
        repo.guard_with_input(&["hook", "pre-push", "o", "u"], input.as_bytes())
            .fails_with("of standard input");
    }
    let gone = format!("x {} refs/heads/x {zero}\n", "1".repeat(40));
    repo.guard_with_input(&["hook", "pre-push", "o", "u"], gone.as_bytes()).fails_with("1111");
    repo.guard_with_input(&["hook", "pre-push", "o", "u"], b"").silent();
    let deletion = format!("(delete) {zero} refs/heads/x {}\n", main.trim());
    repo.guard_with_input(&["hook", "pre-push", "o", "u"], deletion.repeat(100_000).as_bytes()).silent();
}

/// A guarded bare server and an unguarded clone of it.
fn guarded_server_and_clone() -> (Repo, Repo) {
    let repo = Repo::new();
    repo.commit_unchecked(&[".claude_sessions/archive/old.py"]);
    repo.git("clone -q --bare . ../server.git").success();
    let server = repo.sibling("server.git");
    assert!(server.guard("install").success().contains("pre-receive"));
    server.git("clone -q . ../clone").success();
    (server, repo.sibling("clone"))
}

#[test]
fn pre_receive_refuses_session_work_with_its_ref_and_commit() {
    let (server, clone) = guarded_server_and_clone();
    clone.stage("code.py").git("commit -q -m code").success();
    clone.git("push -q").silent();
    let before = server.git("for-each-ref").success();
    commit_without_hooks(&clone, NOTE);
    clone.git("rm -q --cached .claude_sessions/current/x.py").success();
    clone.git("commit -q -m removed").success();
    let dirty = clone.git("rev-parse HEAD~1").success();
    for push in [
        "push",
        "push origin main:new",
        "push origin main:refs/tags/t",
        "push origin HEAD~2:refs/heads/a HEAD:refs/heads/b",
        "push --force --no-verify",
    ] {
        let run = clone.git(push);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(
            run.err.contains(&format!("refused: {NOTE} [session-directory] in {}, for refs/", &dirty[..12])),
            "{run:?}"
        );
    }
    assert_eq!(server.git("for-each-ref").success(), before);
    // Only commits that are new to the server are checked, and branches can be deleted.
    clone.git("push -q origin HEAD~2:refs/heads/x").silent();
    clone.git("push -q origin :x").silent();
    clone.git("push -q -f origin HEAD~3:main").silent();
}

#[test]
fn a_push_is_checked_by_the_policy_of_the_server() {
    let (server, clone) = guarded_server_and_clone();
    clone.write(".stage-guard.toml", "allow = [\"**\"]\n").git("add .stage-guard.toml").success();
    clone.git("commit -q -m loosened").success();
    commit_without_hooks(&clone, NOTE);
    assert!(clone.git("push -q").err.contains(&format!("refused: {NOTE} [")));
    clone.git("push -q origin HEAD~1:refs/heads/main").silent();
    clone.git("push -q").silent();
    assert_eq!(server.git("rev-parse main").success(), clone.git("rev-parse main").success());
    // An invalid policy allows its own correction and nothing else.
    clone.write(".stage-guard.toml", "allow = [\n").git("commit -q -a -m broken").success();
    clone.git("push -q").silent();
    commit_without_hooks(&clone, ".claude_sessions/current/y.py");
    let run = clone.git("push -q");
    assert!(
        run.code == 1
            && run.err.contains("warning: ")
            && run.err.contains("refused: .claude_sessions/current/y.py"),
        "{run:?}"
    );
    clone.git("reset -q --hard HEAD~1").success();
    clone.write(".stage-guard.toml", "").git("commit -q -a -m fixed").success();
    let run = clone.git("push -q");
    assert!(run.code == 0 && run.err.contains("warning: "), "{run:?}");
    clone.stage("more.py").git("commit -q -m more").success();
    clone.git("push -q").silent();
}

#[test]
fn the_first_push_is_checked_by_its_own_policy() {
    let server = Repo::home().bare_server();
    let clone = server.sibling("clone");
    server.git("clone -q . ../clone").success();
    clone.git("checkout -q -b main").success();
    clone
        .write(".stage-guard.toml", "allow = [\".claude_sessions/current/**\"]\n")
        .git("add .stage-guard.toml")
        .success();
    commit_without_hooks(&clone, NOTE);
    // Only the policy on the branch that `HEAD` names counts.
    assert!(clone.git("push -q origin main:other").err.contains(&format!("refused: {NOTE} [")));
    clone.git("push -q origin main").silent();
}

#[test]
fn pre_receive_that_cannot_check_refuses() {
    let (server, clone) = guarded_server_and_clone();
    clone.stage("code.py").git("commit -q -m code").success();
    server.guard_with_input(&["hook", "pre-receive"], b"nonsense\n").fails_with("line 1 of standard input");
    server.guard_with_input(&["hook", "pre-receive"], b"").silent();
    let gone = format!("{} {} refs/heads/x\n", "0".repeat(40), "1".repeat(40));
    server.guard_with_input(&["hook", "pre-receive"], gone.as_bytes()).fails_with("1111");
    server.shell("sed -i \"s|^program=.*|program=/nothing|\" hooks/pre-receive").success();
    let run = clone.git("push -q");
    assert!(run.code == 1 && run.err.contains("nothing was checked"), "{run:?}");
}

#[test]
fn pre_receive_runs_the_previous_hook() {
    let (server, clone) = guarded_server_and_clone();
    server.guard("uninstall").success();
    server.program("hooks/pre-receive", "#!/bin/sh\ncat >input; exit 0\n");
    server.guard("install").success();
    clone.stage("code.py").git("commit -q -m code").success();
    clone.git("push -q").silent();
    assert!(server.read("input").ends_with(" refs/heads/main\n"));
    server.guard("uninstall").success();
    assert!(server.read("hooks/pre-receive").starts_with("#!/bin/sh\ncat"));
    server.guard("install --strict").fails_with("bare");
}

#[test]
fn pre_receive_works_in_every_format() {
    let mut formats = vec![vec!["--object-format=sha256"]];
    if Repo::git_is_at_least((2, 45)) {
        formats.push(vec!["--ref-format=reftable"]);
    }
    for format in formats {
        let repo = Repo::of_format(&format);
        repo.git_args(&[&["init", "-q", "--bare", "-b", "main", "../server.git"], &format[..]].concat())
            .success();
        let server = repo.sibling("server.git");
        server.guard("install").success();
        repo.git("push -q ../server.git main").silent();
        commit_without_hooks(&repo, NOTE);
        assert!(repo.git("push -q ../server.git main").err.contains(&format!("refused: {NOTE} [")));
    }
}

#[test]
fn a_finding_in_a_push_of_many_refs_names_its_ref() {
    let (_, clone) = guarded_server_and_clone();
    clone
        .shell("for i in $(seq 40); do git checkout -q -b b$i main; git commit -q --allow-empty -m $i; done")
        .success();
    commit_without_hooks(&clone, NOTE);
    let run: Run = clone.git("push -q --all");
    assert!(run.code == 1 && run.err.contains(", for refs/heads/b40:"), "{run:?}");
    assert_eq!(run.err.matches("refused: ").count(), 1, "{run:?}");
    clone.git("reset -q --hard HEAD~1").success();
    clone.git("push -q --all").silent();
}

#[test]
fn every_hook_reports_on_standard_error() {
    let repo = Repo::new();
    let old = repo.git("rev-parse HEAD").success();
    commit_without_hooks(&repo, NOTE);
    let new = repo.git("rev-parse HEAD").success();
    let (old, new) = (old.trim(), new.trim());
    repo.git("update-ref --no-deref HEAD HEAD~1").success();
    let update = format!("{old} {new} refs/heads/x\n");
    let pushed = format!("refs/heads/x {new} refs/heads/x {old}\n");
    repo.git("branch -q -D main").success();
    for (hook, input) in [
        ("hook pre-commit", ""),
        ("hook pre-merge-commit", ""),
        ("hook prepare-commit-msg message", ""),
        ("hook pre-applypatch", ""),
        ("hook managed", ""),
        ("hook pre-push origin url", &pushed),
        ("hook pre-receive", &update),
        ("hook reference-transaction prepared", &update),
    ] {
        for format in ["", "-q", "--format json", "--format github", "--format sarif"] {
            let arguments = format!("{format} {hook}");
            let arguments: Vec<&str> = arguments.split_whitespace().collect();
            let run = repo.guard_with_input(&arguments, input.as_bytes());
            assert_eq!((run.code, run.out.as_str()), (1, ""), "{arguments:?}: {run:?}");
            assert!(run.err.contains("refused") || run.err.contains("::error"), "{arguments:?}: {run:?}");
        }
    }
    // The terminal is looked for where the report goes.
    let repo = repo.env("TERM", "xterm");
    for (redirection, is_coloured) in [("2>../err", false), (">../out", true)] {
        let run = repo.terminal(&format!("{BINARY} hook pre-commit {redirection}"), "");
        let err = if is_coloured { run.out } else { repo.read("../err") };
        assert_eq!(err.contains("\x1b[31m"), is_coloured, "{redirection}: {err}");
    }
}

/// Asserts that a first push is refused until the printed command has made the remote known.
///
/// `setup` makes `work`, with the history of `../upstream.git` and no remote-tracking branch.
fn assert_first_push(setup: &str, push: &str) {
    let home = Repo::home();
    let make = format!(
        "set -e; git init -q -b main upstream; cd upstream
        mkdir -p backend; echo x >backend/debug_x.py; git add .; git commit -q -m old
        git clone -q --bare . ../upstream.git; cd ..
        {setup}"
    );
    home.shell(&make).success();
    let work = home.child("work");
    work.guard("install --strict").success();
    work.stage("clean.py").commit().silent();
    let push = format!("set -e; {push}");
    let refused = work.shell(&push);
    let then = refused.err.lines().find_map(|line| line.strip_prefix("then: "));
    assert!(refused.code == 1 && !refused.err.contains("rebase"), "{setup}: {refused:?}");
    let before = work.git("for-each-ref refs/heads refs/tags").success();
    assert!(then.is_some(), "{setup}: {refused:?}");
    work.shell(then.unwrap()).success();
    assert_eq!(work.git("for-each-ref refs/heads refs/tags").success(), before, "{setup}: {then:?}");
    let run = work.shell(&push);
    assert!(run.code == 0 && !run.err.contains("stage-guard"), "{setup}: {then:?} {run:?}");
    commit_without_hooks(&work, NOTE);
    let own = work.shell(&push).refuses(&[NOTE]);
    assert!(own.out.contains("\nfix: ") && own.out.contains("; then push again\n"), "{setup}: {own:?}");
    assert!(!work.exists("../was-run") && !work.exists("was-run"), "{setup}: {then:?}");
}

macro_rules! first_push {
    ($($case:ident: $setup:expr, $push:expr;)*) => {
        mod first_push { use super::*; $(#[test] fn $case() { assert_first_push($setup, $push); })* }
    };
}

const UNRELATED: &str = "git init -q -b main work; git -C work fetch -q ../upstream main; git -C work reset -q --hard FETCH_HEAD; rm work/.git/FETCH_HEAD";

first_push! {
    of_a_bare_clone_with_worktrees: "git clone -q --bare upstream.git bare; git -C bare worktree add -q -b topic ../work", "git push -q origin topic";
    of_a_mirror_with_worktrees: "git clone -q --mirror upstream.git bare; git -C bare config remote.origin.mirror false; git -C bare worktree add -q -b topic ../work", "git push -q origin topic";
    of_a_mirror_in_its_directory: "git clone -q --mirror upstream.git bare; git -C bare config remote.origin.mirror false; git -C bare worktree add -q -b topic ../work", "git -C ../bare push -q origin topic";
    of_a_new_remote: &format!("{UNRELATED}; git -C work remote add new ../upstream.git"), "git push -q new HEAD:refs/heads/topic";
    of_a_second_remote: "git clone -q upstream.git work; git -C work remote add new ../upstream.git; git -C work remote rm origin", "git push -q new HEAD:refs/heads/topic";
    to_a_url: UNRELATED, "git push -q ../upstream.git HEAD:refs/heads/topic";
    to_a_file_url: UNRELATED, "git push -q file://$PWD/../upstream.git HEAD:refs/heads/topic";
    to_an_odd_path: &format!("{UNRELATED}; mv upstream.git \"it's a \\$(touch was-run).git\""), "git push -q \"../it's a \\$(touch was-run).git\" HEAD:refs/heads/topic";
    to_a_remote_with_an_odd_name: &format!("{UNRELATED}; git -C work remote add \"a/it's;touch\" ../upstream.git"), "git push -q \"a/it's;touch\" HEAD:refs/heads/topic";
    to_a_remote_like_an_option: &format!("{UNRELATED}; git -C work config remote.--upload-pack=touch.url ../upstream.git"), "git push -q -- --upload-pack=touch HEAD:refs/heads/topic";
    of_a_detached_head: &format!("{UNRELATED}; git -C work remote add new ../upstream.git; git -C work checkout -q --detach"), "git push -q new HEAD:refs/heads/topic";
    of_a_fetched_commit: "git -C upstream.git branch request; git -C upstream.git symbolic-ref HEAD refs/heads/clean; git -C upstream.git update-ref refs/heads/clean $(git -C upstream.git commit-tree -m clean $(git -C upstream.git hash-object -w -t tree /dev/null)); git -C upstream.git branch -D main; git clone -q --single-branch upstream.git work; git -C work fetch -q origin request; git -C work checkout -q FETCH_HEAD", "git push -q origin HEAD:refs/heads/topic";
    from_a_subdirectory: &format!("{UNRELATED}; mkdir work/sub"), "cd sub; git push -q ../upstream.git HEAD:refs/heads/topic";
}

#[test]
fn the_first_push_to_an_empty_remote_names_the_way_to_rewrite_commits() {
    let repo = Repo::new();
    repo.guard("install --strict").success();
    repo.git("init -q --bare ../server.git").success();
    repo.git("remote add origin ../server.git").success();
    commit_without_hooks(&repo, NOTE);
    let refused = repo.git("push -q origin main").refuses(&[NOTE]);
    let then = refused.err.lines().find_map(|line| line.strip_prefix("then: "));
    assert_eq!(then, Some("git fetch origin"), "{refused:?}");
    repo.shell(then.unwrap()).success();
    let refused = repo.git("push -q origin main").refuses(&[NOTE]);
    assert!(refused.out.contains("\nfix: ") && !refused.out.contains("\nthen: "), "{refused:?}");
}

#[test]
fn the_rewritten_branch_is_the_pushed_one() {
    for (checkout, worktree) in [
        ("git checkout -q main", "."),
        ("git checkout -q --detach main", "."),
        ("git checkout -q main; git worktree add -q ../linked --detach main", "../linked"),
        (":", "."),
    ] {
        let repo = clone_of_guarded_server();
        repo.git("checkout -q -b it's").success();
        repo.stage(NOTE);
        commit_without_hooks(&repo, "code.py");
        commit_without_hooks(&repo, "more.py");
        repo.shell(checkout).success();
        let repo = repo.child(worktree);
        let refused = repo.git("push -q origin it's").refuses(&[NOTE]);
        let fix = refused.out.lines().find_map(|line| line.strip_prefix("fix: ")).unwrap();
        let commands: Vec<&str> = fix.split('`').skip(1).step_by(2).collect();
        let [rebase, "edit", stow, amend, resume] = commands[..] else { unreachable!("{fix}") };
        let stow = stow.replace("PATH", NOTE);
        let run = repo.shell(&format!(
            "set -e; GIT_SEQUENCE_EDITOR='sed -i 0,/^pick/s/^pick/edit/' {rebase}; {stow}; {amend}; {resume}"
        ));
        assert_eq!(run.code, 0, "{fix} {run:?}");
        repo.git("push -q origin it's").success();
    }
}

#[test]
fn a_push_without_the_name_of_its_remote_is_one_to_origin() {
    let repo = Repo::new();
    commit_without_hooks(&repo, NOTE);
    let main = repo.git("rev-parse main").success();
    let push = format!("refs/heads/main {} refs/heads/main {}\n", main.trim(), "0".repeat(40));
    let run = || repo.guard_with_input(&["hook", "pre-push"], push.as_bytes()).refuses(&[NOTE]).out;
    assert!(run().contains("\nfix: "));
    repo.git("remote add origin ../missing").success();
    assert!(run().contains("\nthen: git fetch origin\n"));
}
