//! Paths on the command line.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{AGAIN, NOTE, SCRIPT, STOWED, stowed, with_committed_script};
use crate::sandbox::Repo;

#[test]
fn any_named_file_is_stowed() {
    let repo = with_committed_script();
    repo.write("untracked.txt", "u\n")
        .write("check_u.py", "v\n")
        .write("main.py", "m\n")
        .git("add main.py")
        .success();
    repo.guard("stow backend/debug_it.py untracked.txt check_u.py main.py").success();
    assert_eq!(repo.read(STOWED), "old\n");
    assert_eq!(repo.read(".claude_sessions/current/untracked.txt"), "u\n");
    assert_eq!(repo.read(".claude_sessions/exploration/check_u.py"), "v\n");
    assert_eq!(repo.read(".claude_sessions/current/main.py"), "m\n");
    assert_eq!(repo.git("status --porcelain").success(), format!("D  {SCRIPT}\n"));
    repo.assert_settled();
}

#[test]
fn a_named_committed_file_keeps_its_changes() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").git("add -A").success();
    repo.write(SCRIPT, "changed\n");
    stowed(repo.guard_args(&["stow", SCRIPT]));
    assert_eq!((repo.read(STOWED).as_str(), repo.read(AGAIN).as_str()), ("changed\n", "staged\n"));
    repo.assert_settled();
}

#[test]
fn stow_changes_takes_only_the_changes() {
    let repo = with_committed_script();
    repo.commit_unchecked(&["debug_as_ever.py", NOTE]);
    repo.write(SCRIPT, "changed\n").write("debug_new.py", "new\n");
    stowed(repo.guard_args(&["stow", "--changes", SCRIPT, "debug_as_ever.py", "debug_new.py", NOTE]));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("old\n", "changed\n"));
    assert!(repo.exists("debug_as_ever.py") && repo.exists(".claude_sessions/debugging/debug_new.py"));
    // A file in the session directory is taken whole.
    assert_eq!(repo.git("status --porcelain").success(), format!("D  {NOTE}\n"));
    repo.assert_settled();
}

#[test]
fn stow_removes_an_intent_to_add_entry() {
    let repo = with_committed_script();
    repo.write("debug_new.py", "new\n")
        .write("debug_empty.py", "")
        .git("add -N debug_new.py debug_empty.py")
        .success();
    let out = stowed(repo.guard("stow debug_new.py debug_empty.py"));
    assert!(!out.contains("deletes"), "{out}");
    assert_eq!(repo.read(".claude_sessions/debugging/debug_new.py"), "new\n");
    assert!(!repo.exists(".claude_sessions/debugging/debug_new-2.py"));
    repo.assert_settled();
}

#[test]
fn stow_of_the_old_name_of_a_renamed_file_does_nothing() {
    let repo = with_committed_script();
    repo.git("mv backend/debug_it.py main.py").success();
    assert_eq!(stowed(repo.guard_args(&["stow", SCRIPT])), "there is nothing to do\n");
    assert_eq!(repo.git("status --porcelain").success(), "R  backend/debug_it.py -> main.py\n");
    // A new file of that name is stowed.
    repo.write(SCRIPT, "new\n").guard_args(&["stow", SCRIPT]).success();
    assert_eq!(repo.read(STOWED), "new\n");
    repo.assert_settled();
}

#[test]
fn a_named_file_that_was_deleted_is_copied_from_the_index() {
    let repo = with_committed_script();
    fs::remove_dir_all(repo.path("backend")).unwrap();
    stowed(repo.guard_args(&["stow", SCRIPT]));
    assert_eq!(repo.read(STOWED), "old\n");
    repo.assert_settled();
}

#[test]
fn stow_of_a_directory_takes_the_refused_files_in_it() {
    let repo = Repo::new();
    repo.stage("backend/app/debug_mapping.py").stage(SCRIPT).write("backend/check_u.py", "u\n");
    stowed(repo.guard("stow backend"));
    assert!(repo.exists(STOWED) && repo.exists(".claude_sessions/exploration/check_u.py"));
    assert_eq!(repo.git("status --porcelain").success(), "A  backend/app/debug_mapping.py\n");
    for directory in ["backend", "backend/app"] {
        repo.guard_args(&["stow", directory]).fails_with("is refused");
    }
}

#[test]
fn a_named_symlink_to_a_directory_is_a_file() {
    let repo = Repo::new();
    repo.stage("lib/debug_x.py").commit().success();
    symlink("lib", repo.path("link")).unwrap();
    stowed(repo.guard("stow link"));
    assert_eq!(fs::read_link(repo.path(".claude_sessions/current/link")).unwrap(), Path::new("lib"));
    repo.assert_settled();
}

#[test]
fn paths_are_relative_to_the_current_directory() {
    for (from, typed) in [
        ("backend", "debug_it.py"),
        ("deep/er", "../../backend/debug_it.py"),
        ("deep", ":/backend/debug_it.py"),
        (".", "."),
    ] {
        let repo = Repo::new();
        repo.stage(SCRIPT);
        let within = repo.in_dir(from);
        stowed(within.guard_args(&["stow", typed]));
        assert!(repo.exists(STOWED) && within.dir.exists());
        repo.assert_settled();
    }
}

#[test]
fn stow_of_an_impossible_path_changes_nothing() {
    let repo = Repo::new();
    repo.stage(SCRIPT).write("inner/x", "x");
    repo.in_dir("inner").git("init -q").success();
    symlink("backend", repo.path("link")).unwrap();
    for (typed, words) in [
        ("nothing.py", "`nothing.py` does not exist"),
        ("../x", "is not a path in the repository"),
        (".git/config", "`.git/config` is in the git directory"),
        (".GIT", "`.GIT` is in the git directory"),
        ("inner/x", "belongs to another repository, `inner`"),
        ("link/debug_it.py", "is behind a symlink"),
    ] {
        repo.guard_args(&["stow", SCRIPT, typed]).fails_with(words);
        assert_eq!(repo.git("diff --cached --name-only").success(), format!("{SCRIPT}\n"));
        assert!(repo.exists(SCRIPT) && !repo.exists(".claude_sessions"));
        repo.assert_no_lock();
    }
}

#[test]
fn stow_works_without_an_index() {
    let repo = Repo::unborn();
    repo.write(SCRIPT, "x\n");
    stowed(repo.guard_args(&["stow", SCRIPT]));
    assert!(repo.exists(STOWED) && !repo.exists(".git/index"));
    repo.git("status --porcelain").silent();
    repo.write("debug_two.py", "x\n");
    stowed(repo.guard("stow ."));
    repo.git("status --porcelain").silent();
}
