//! Files that a commit has: they are restored, and deleted only if the user asks for it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{AGAIN, SCRIPT, STOWED, stowed, with_committed_script};
use crate::sandbox::Repo;

#[test]
fn stow_restores_a_committed_file() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "changed\n").git("add -A").success();
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("old\n", "changed\n"));
    repo.assert_settled();
    assert_eq!(repo.git("log --format=%s -- backend").success(), "old\n");
}

#[test]
fn stow_keeps_staged_and_unstaged_changes_of_a_committed_file() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").git("add -A").success();
    repo.write(SCRIPT, "changed\n");
    stowed(repo.guard("stow"));
    let found = [repo.read(SCRIPT), repo.read(STOWED), repo.read(AGAIN)];
    assert_eq!(found, ["old\n", "changed\n", "staged\n"]);
    repo.assert_settled();
}

#[test]
fn a_committed_file_that_was_changed_back_stays_in_place() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").git("add -A").success();
    repo.write(SCRIPT, "old\n");
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("old\n", "staged\n"));
    repo.assert_settled();
}

#[test]
fn a_committed_file_that_was_deleted_after_staging_is_restored() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").git("add -A").success();
    fs::remove_dir_all(repo.path("backend")).unwrap();
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("old\n", "staged\n"));
    repo.assert_settled();
}

#[test]
fn a_committed_file_that_became_a_symlink_is_restored() {
    let repo = with_committed_script();
    fs::remove_file(repo.path(SCRIPT)).unwrap();
    symlink("x", repo.path(SCRIPT)).unwrap();
    repo.git("add -A").success();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(SCRIPT), "old\n");
    assert_eq!(fs::read_link(repo.path(STOWED)).unwrap(), Path::new("x"));
    repo.assert_settled();
}

#[test]
fn stow_refuses_a_merge_conflict() {
    let repo = with_committed_script();
    repo.git("checkout -q -b other").success();
    repo.write(SCRIPT, "theirs\n").git("commit -q --no-verify -a -m theirs").success();
    repo.git("checkout -q main").success();
    repo.write(SCRIPT, "ours\n").git("commit -q --no-verify -a -m ours").success();
    repo.git("merge -q other").code(1);
    repo.guard_args(&["stow", SCRIPT]).fails_with("has a merge conflict");
    // After the conflict is resolved, our version is restored.
    repo.write(SCRIPT, "both\n").git("add -A").success();
    repo.commit().refuses(&[SCRIPT]);
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("ours\n", "both\n"));
    repo.git("commit -q -m merged").silent();
    repo.assert_settled();
}

#[test]
fn a_file_from_the_merged_branch_is_restored_from_it() {
    let repo = Repo::new();
    repo.git("checkout -q -b other").success();
    repo.write(SCRIPT, "theirs\n").git("add -A").success();
    repo.git("commit -q --no-verify -m theirs").success();
    repo.git("checkout -q main").success();
    repo.stage("main.py").commit().silent();
    repo.git("merge -q --no-commit other").success();
    repo.write(SCRIPT, "changed\n").git("add -A").success();
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("theirs\n", "changed\n"));
    repo.assert_settled();
}

#[test]
fn a_restored_file_passes_the_filters() {
    let repo = Repo::new();
    repo.write(".gitattributes", "*.py text eol=crlf\n").write(SCRIPT, "old\r\n").git("add -A").success();
    repo.git("commit -q --no-verify -m old").success();
    repo.write(SCRIPT, "new\r\n").git("add -A").success();
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("old\r\n", "new\r\n"));
    repo.assert_settled();
}

#[test]
fn stow_of_a_renamed_file_leaves_its_deletion_staged() {
    let repo = Repo::new();
    repo.write("backend/app/main.py", "1\n2\n3\n").git("add -A").success();
    repo.commit().silent();
    repo.git("mv backend/app/main.py debug_it.py").success();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(STOWED), "1\n2\n3\n");
    assert_eq!(repo.git("status --porcelain").success(), "D  backend/app/main.py\n");
    repo.guard("stow --undo").success();
    assert_eq!(repo.git("status --porcelain").success(), "R  backend/app/main.py -> debug_it.py\n");
}

#[test]
fn stow_changes_restores_a_deleted_file() {
    let repo = with_committed_script();
    repo.git_args(&["rm", "-q", SCRIPT]).success();
    let out = stowed(repo.guard_args(&["stow", "--changes", SCRIPT]));
    assert!(out.contains(&format!("restored: {SCRIPT} from HEAD\n")), "{out}");
    assert_eq!(repo.read(SCRIPT), "old\n");
    repo.git("status --porcelain").silent();
    repo.guard("stow --undo").success();
    assert_eq!(repo.git("status --porcelain").success(), format!("D  {SCRIPT}\n"));
}

#[test]
fn stow_changes_leaves_a_file_that_only_the_index_deleted() {
    let repo = with_committed_script();
    repo.git_args(&["rm", "-q", "--cached", SCRIPT]).success();
    repo.write(SCRIPT, "mine\n");
    let out = stowed(repo.guard_args(&["stow", "--changes", SCRIPT]));
    assert!(out.contains(&format!("restored: {SCRIPT} in the index\n")), "{out}");
    assert_eq!(repo.read(SCRIPT), "mine\n");
    assert_eq!(repo.git("status --porcelain").success(), format!(" M {SCRIPT}\n"));
}
