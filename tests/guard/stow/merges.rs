//! Merges: what both sides have changed stays as merged, and the rest is stowed.

use super::{SCRIPT, STOWED, stowed};
use crate::sandbox::{Repo, Run};

fn lines(first: &str, last: &str) -> String {
    format!("{first}\n2\n3\n4\n5\n6\n7\n{last}\n")
}

fn commit(repo: &Repo, path: &str, text: &str) {
    repo.write(path, text).git_args(&["add", "-f", path]).success();
    repo.git("commit -q --no-verify -m change").success();
}

/// Two branches, `main` and `other`: each writes a text to `path`, or leaves it.
fn diverged(path: &str, ours: Option<&str>, theirs: Option<&str>) -> Repo {
    let repo = Repo::new();
    commit(&repo, path, &lines("1", "8"));
    repo.git("checkout -q -b other").success();
    commit(&repo, "theirs.py", "theirs\n");
    for (branch, text) in [("other", theirs), ("main", ours)] {
        repo.git(&format!("checkout -q {branch}")).success();
        if let Some(text) = text {
            commit(&repo, path, text);
        }
    }
    commit(&repo, "ours.py", "ours\n");
    repo
}

/// Does what the report of a merge says, and commits, until that passes or leads no further.
fn follow(repo: &Repo, mut run: Run) {
    for _ in 0..3 {
        let stow = run.err.lines().find_map(|line| line.strip_prefix("stow: ")).map(str::to_owned);
        let Some(stow) = stow else { return };
        repo.shell(&stow).success();
        run = repo.git("commit -q --no-edit");
    }
}

/// Asserts that a merge was made with the contents of the path, or that it waits with them.
fn assert_kept(repo: &Repo, path: &str, merged: &str) {
    let at = if repo.git("rev-parse -q --verify HEAD^2").code == 0 { "HEAD" } else { "" };
    assert_eq!(repo.git(&format!("show {at}:{path}")).success(), merged);
}

#[test]
fn a_path_that_both_sides_have_changed_stays_as_merged() {
    for path in ["debug_it.py", SCRIPT, ".claude_sessions/current/x.py"] {
        let repo = diverged(path, Some(&lines("1", "ours")), Some(&lines("theirs", "8")));
        let run = repo.git("merge -q --no-edit other");
        assert!(run.err.contains(&format!("note: several parents have changed {path}: ")), "{run:?}");
        assert!(!run.err.contains("stow: ") && run.err.contains("allow: "), "{run:?}");
        follow(&repo, run);
        assert_kept(&repo, path, &lines("theirs", "ours"));
        let out = stowed(repo.guard("stow"));
        assert!(
            out.starts_with(&format!("skipped: {path}: several parents have changed it\nallow: ")),
            "{out}"
        );
        assert_kept(&repo, path, &lines("theirs", "ours"));
        repo.write(".stage-guard.toml", &format!("allow = [\"{path}\"]\n"));
        repo.git("commit -q --no-edit").silent();
        assert_kept(&repo, path, &lines("theirs", "ours"));
    }
}

#[test]
fn a_resolved_conflict_stays_as_resolved() {
    for all in ["", " -a"] {
        let repo = diverged(SCRIPT, Some(&lines("ours", "8")), Some(&lines("theirs", "8")));
        repo.git("merge -q other").code(1);
        repo.write(SCRIPT, &lines("both", "8")).git_args(&["add", SCRIPT]).success();
        let run = repo.git(&format!("commit -q --no-edit{all}"));
        assert!(run.code == 1 && !run.err.contains("stow: "), "{run:?}");
        let out = stowed(repo.guard_args(&["stow", "--changes", SCRIPT]));
        assert!(out.starts_with("skipped: "), "{out}");
        assert_kept(&repo, SCRIPT, &lines("both", "8"));
    }
}

#[test]
fn an_octopus_keeps_the_changes_of_all() {
    let repo = diverged(SCRIPT, Some(&lines("ours", "8")), Some(&lines("1", "theirs")));
    repo.git("checkout -q -b third other~1").success();
    commit(&repo, "third.py", "third\n");
    repo.git("checkout -q main").success();
    let run = repo.git("merge -q --no-edit other third");
    follow(&repo, run);
    assert_kept(&repo, SCRIPT, &lines("ours", "theirs"));
}

#[test]
fn a_change_to_what_one_side_has_changed_restores_that_side() {
    let theirs = lines("theirs", "8");
    let ours = lines("1", "ours");
    for (ours, theirs, kept, name) in
        [(None, Some(&*theirs), &theirs, "MERGE_HEAD"), (Some(&*ours), None, &ours, "HEAD")]
    {
        let repo = diverged(SCRIPT, ours, theirs);
        repo.git("merge -q --no-commit other").success();
        repo.write(SCRIPT, "changed\n").git("add -A").success();
        let run = repo.git("commit -q --no-edit");
        assert!(run.err.contains("stow: ") && !run.err.contains("note: "), "{run:?}");
        let out = stowed(repo.guard("stow"));
        assert!(out.contains(&format!("; the version of {name} is restored\n")), "{out}");
        assert_eq!((&repo.read(SCRIPT), &*repo.read(STOWED)), (kept, "changed\n"));
        repo.git("commit -q --no-edit").silent();
        assert_kept(&repo, SCRIPT, kept);
    }
}

#[test]
fn what_the_other_side_has_deleted_is_not_restored() {
    let repo = diverged(SCRIPT, None, None);
    repo.git("checkout -q other").success();
    repo.git_args(&["rm", "-q", SCRIPT]).success();
    repo.git("commit -q --no-verify -m deleted").success();
    repo.git("checkout -q main").success();
    repo.git("merge -q --no-commit other").success();
    repo.write(SCRIPT, "again\n").git_args(&["add", "-f", SCRIPT]).success();
    stowed(repo.guard("stow"));
    assert!(!repo.exists(SCRIPT) && repo.read(STOWED) == "again\n");
    repo.git("commit -q --no-edit").silent();
    repo.git(&format!("cat-file -e HEAD:{SCRIPT}")).code(128);
}

#[test]
fn new_session_work_is_stowed_beside_what_a_merge_combines() {
    let repo = diverged(SCRIPT, Some(&lines("1", "ours")), Some(&lines("theirs", "8")));
    repo.git("merge -q --no-commit other").success();
    repo.stage("debug_new.py");
    let run = repo.git("commit -q --no-edit");
    assert!(run.err.contains("stow: ") && run.err.contains("note: several parents"), "{run:?}");
    follow(&repo, run);
    assert!(repo.exists(".claude_sessions/debugging/debug_new.py"));
    assert_kept(&repo, SCRIPT, &lines("theirs", "ours"));
}

#[test]
fn other_operations_move_their_change_to_the_session_directory() {
    for operation in ["cherry-pick -n other", "merge -q --squash other", "stash apply -q --index"] {
        let repo = diverged(SCRIPT, Some(&lines("1", "ours")), Some(&lines("theirs", "8")));
        if operation.starts_with("stash") {
            repo.write(SCRIPT, &lines("theirs", "ours")).git("add -A").success();
            repo.git("stash -q").success();
        }
        repo.git(operation).success();
        repo.git("commit -q -m change").refuses(&[SCRIPT]);
        stowed(repo.guard("stow"));
        assert_eq!(repo.read(STOWED), lines("theirs", "ours"), "{operation}");
    }
}
