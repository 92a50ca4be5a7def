//! Bare repositories whose commits are made in linked worktrees.

use super::sandbox::{Repo, Run, cases};

const NOTE: &str = ".claude_sessions/current/x.py";

/// The names of the worktree and of the bare repository in a [`project`].
const WORKTREE: &str = "project/topic";
const BARE: &str = "project/.bare";

/// A directory with `upstream`, a clone of it in [`BARE`], and a worktree of that in [`WORKTREE`].
///
/// The file `project/.git` names the bare clone, so that git commands work in `project`.
fn project() -> Repo {
    let home = Repo::home();
    let create = "git init -q -b main upstream && git -C upstream commit -q --allow-empty -m first && \
                  git clone -q --bare upstream project/.bare && echo 'gitdir: ./.bare' >project/.git && \
                  git -C project worktree add -q topic";
    home.shell(create).success();
    home
}

/// Asserts that session work is stopped in a commit of the worktree, and clean work is not.
fn assert_commits_guarded(worktree: &Repo) {
    worktree.stage(NOTE);
    worktree.commit().refuses(&[NOTE]);
    worktree.git_args(&["rm", "-q", "--cached", NOTE]).success();
    worktree.stage("main.py").commit().success();
}

fn assert_stopped(run: &Run) {
    assert!(run.code != 0 && run.err.contains("refused: "), "{run:?}");
}

/// Asserts that a push of session work into the bare repository is stopped.
fn assert_pushes_guarded(home: &Repo, bare: &str) {
    home.shell(&format!("rm -rf other && git clone -q {bare} other")).success();
    let other = home.child("other");
    other.stage(NOTE).git("commit -q --no-verify -m x").success();
    assert_stopped(&other.git("push -q origin HEAD:refs/heads/x"));
    other.git("push -q origin HEAD~1:refs/heads/y").success();
}

/// Asserts that an installation in `directory` guards both, and that `uninstall` in `other` undoes it.
fn assert_both_guarded_from(directory: &str, other: &str) {
    let home = project();
    let before = home.shell("find project/.bare/hooks | sort").success();
    home.child(directory).guard("-q install").success();
    assert_commits_guarded(&home.child(WORKTREE));
    assert_pushes_guarded(&home, BARE);
    for place in ["project", BARE, WORKTREE] {
        let guarded = "guarded: pre-commit, pre-merge-commit, pre-receive (`install`)\n";
        let report = home.child(place).guard("doctor").success();
        assert!(
            report.contains(guarded)
                && report.contains("refused by pre-commit, pre-merge-commit, pre-receive\n"),
            "{report}"
        );
    }
    home.child(other).guard("uninstall").success();
    assert_eq!(home.shell("find project/.bare/hooks | sort").success(), before);
    for place in ["project", BARE, WORKTREE] {
        home.child(place).guard("-q doctor").code(1);
    }
}

cases! { assert_both_guarded_from:
    both_are_guarded_from_the_root("project", WORKTREE);
    both_are_guarded_from_the_bare_directory(BARE, "project");
    both_are_guarded_from_a_worktree(WORKTREE, BARE);
}

#[test]
fn doctor_names_each_missing_hook_from_every_place() {
    let home = project();
    home.child("project").guard("-q install").success();
    for hook in ["pre-commit", "pre-merge-commit", "pre-receive"] {
        home.shell(&format!("rm project/.bare/hooks/{hook}")).success();
        for place in ["project", BARE, WORKTREE] {
            let run = home.child(place).guard("doctor");
            assert!(run.code == 1 && run.out.contains(&format!("hooks/{hook} does not exist\n")), "{run:?}");
        }
        home.child(WORKTREE).guard("-q install").success();
        home.child("project").guard("-q doctor").success();
    }
}

#[test]
fn strict_is_allowed_if_there_are_worktrees() {
    for place in ["project", WORKTREE] {
        let home = project();
        home.child(place).guard("-q install --strict=refs").success();
        let worktree = home.child(WORKTREE);
        worktree.stage(NOTE).git("commit -q --no-verify -m x").refuses(&[NOTE]);
        worktree.git_args(&["rm", "-q", "--cached", NOTE]).success();
        assert_commits_guarded(&worktree);
        assert_pushes_guarded(&home, BARE);
        home.child("project").guard("-q doctor").success();
        home.shell("rm project/.bare/hooks/pre-push").success();
        home.child("project").guard("-q doctor").code(1);
    }
    let home = Repo::home();
    home.git("init -q --bare server.git").success();
    home.child("server.git").guard("install --strict").fails_with("without worktrees");
}

#[test]
fn a_worktree_that_is_added_to_a_guarded_server_is_reported() {
    let home = Repo::home();
    home.shell("git init -q -b main up && git -C up commit -q --allow-empty -m first").success();
    home.shell("git clone -q --bare up x.git && git -C x.git worktree prune").success();
    let server = home.child("x.git");
    server.guard("-q install").success();
    server.guard("-q doctor").success();
    server.git("worktree add -q ../topic main").success();
    for place in ["x.git", "topic"] {
        let run = home.child(place).guard("doctor");
        assert!(run.code == 1 && run.out.contains("hooks/pre-commit does not exist\n"), "{run:?}");
    }
    server.guard("-q install").success();
    assert_commits_guarded(&home.child("topic"));
    assert_pushes_guarded(&home, "x.git");
    server.guard("-q doctor").success();
}

/// A fetch or `git branch` in the bare repository gives commits to branches of its worktrees.
#[test]
fn branches_that_git_updates_in_the_bare_repository_are_checked() {
    let home = project();
    let bare = home.child(BARE);
    bare.guard("-q install --strict=refs").success();
    let upstream = home.child("upstream");
    let fetch = |name: &str| bare.git(&format!("fetch -q origin +refs/heads/{name}:refs/heads/{name}"));
    upstream.git("checkout -q -b dirty").success();
    upstream.stage(NOTE).git("commit -q -m x").success();
    assert_stopped(&fetch("dirty"));
    bare.git("fetch -q origin dirty").success();
    assert_stopped(&bare.git("branch other FETCH_HEAD"));
    upstream.git("checkout -q -b clean main").success();
    upstream.stage("main.py").git("commit -q -m x").success();
    fetch("clean").success();
    bare.git("branch known clean").success();
    // The policy of the repository applies, and that of a push that creates its branch.
    upstream.git("checkout -q -b allowed main").success();
    upstream.write(".stage-guard.toml", "allow = [\"**\"]\n").stage(NOTE);
    upstream.git("add .stage-guard.toml").success();
    upstream.git("commit -q -m x").success();
    assert_stopped(&fetch("allowed"));
    bare.git("symbolic-ref HEAD refs/heads/allowed").success();
    fetch("allowed").success();
}

/// Such a git directory does not name its worktree.
#[test]
fn a_separate_git_directory_is_pushed_into() {
    let home = Repo::home();
    home.git("init -q -b main --separate-git-dir=store project").success();
    let project = home.child("project");
    project.git("commit -q --allow-empty -m first").success();
    project.guard("-q install --strict=refs").success();
    project.git("worktree add -q ../linked").success();
    for place in ["project", "linked"] {
        home.child(place).guard("-q doctor").success();
    }
    for target in ["store", "project"] {
        home.shell(&format!("rm -rf other && git clone -q {target} other")).success();
        let other = home.child("other");
        other.stage("main.py").git("commit -q -m x").success();
        other.git(&format!("push -q origin HEAD:refs/heads/{target}")).success();
        other.stage(NOTE).git("commit -q -m x").success();
        assert_stopped(&other.git("push -q origin HEAD:refs/heads/x"));
        let fetch = format!("fetch -q ../other HEAD:refs/heads/{target}");
        assert_stopped(&home.child(target).git(&fetch));
    }
    home.child("store").guard("doctor").fails_with("inside a git directory");
}
