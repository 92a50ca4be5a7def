//! Committed files: they are restored, and are deleted only if the user asks for it.

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
fn stow_restores_the_old_name_of_a_renamed_file() {
    let repo = Repo::new();
    repo.write("backend/app/main.py", "1\n2\n3\n4\n5\n6\n").git("add -A").success();
    repo.commit().silent();
    for change in ["", "7\n"] {
        repo.git("mv backend/app/main.py debug_it.py").success();
        repo.write("debug_it.py", &format!("1\n2\n3\n4\n5\n6\n{change}")).git("add -A").success();
        let out = stowed(repo.guard("stow"));
        assert!(out.contains("restored: backend/app/main.py from HEAD\n"), "{out}");
        assert_eq!(repo.read("backend/app/main.py"), "1\n2\n3\n4\n5\n6\n");
        repo.assert_settled();
    }
    assert_eq!(repo.read(AGAIN), "1\n2\n3\n4\n5\n6\n7\n");
}

#[test]
fn undo_stages_a_rename_again() {
    let repo = Repo::new();
    repo.write("backend/app/main.py", "1\n2\n3\n").git("add -A").success();
    repo.commit().silent();
    repo.git("mv backend/app/main.py debug_it.py").success();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(STOWED), "1\n2\n3\n");
    repo.git("status --porcelain").silent();
    repo.guard("stow --undo").success();
    assert_eq!(repo.git("status --porcelain").success(), "R  backend/app/main.py -> debug_it.py\n");
}

#[test]
fn a_new_file_at_an_old_name_stays() {
    let repo = Repo::new();
    repo.write("main.py", "1\n2\n3\n").git("add -A").success();
    repo.commit().silent();
    repo.git("mv main.py debug_it.py").success();
    repo.write("main.py", "mine\n");
    let out = stowed(repo.guard("stow"));
    assert!(out.contains("restored: main.py in the index\n"), "{out}");
    assert_eq!((repo.read("main.py").as_str(), repo.read(STOWED).as_str()), ("mine\n", "1\n2\n3\n"));
    assert_eq!(repo.git("status --porcelain").success(), " M main.py\n");
}

#[test]
fn an_old_name_that_is_now_a_staged_directory_is_not_restored() {
    let repo = Repo::new();
    repo.write("main", "1\n2\n3\n").git("add -A").success();
    repo.commit().silent();
    repo.git("mv main debug_it.py").success();
    repo.stage("main/inside");
    stowed(repo.guard("stow"));
    assert_eq!(repo.git("status --porcelain").success(), "D  main\nA  main/inside\n");
    assert_eq!(repo.read(STOWED), "1\n2\n3\n");
}

#[test]
fn a_deleted_empty_file_next_to_a_new_one_is_not_restored() {
    let repo = Repo::new();
    repo.write("__init__.py", "").git("add -A").success();
    repo.commit().silent();
    repo.git("rm -q __init__.py").success();
    repo.write("debug_it.py", "").git("add -A").success();
    stowed(repo.guard("stow"));
    assert!(!repo.exists("__init__.py"));
    repo.assert_settled();
}

#[test]
fn an_old_name_that_a_merge_deletes_is_not_restored() {
    let repo = Repo::new();
    let lines = "a line\n".repeat(100);
    repo.write("a.py", &lines).write("k", "1\n").git("add -A").success();
    repo.commit().silent();
    repo.git("checkout -q -b up").success();
    repo.git("rm -q a.py").success();
    repo.write("k", "up\n").git("commit -q -a -m up").success();
    repo.git("checkout -q main").success();
    repo.write("k", "ours\n").git("commit -q -a -m ours").success();
    repo.git("merge -q up").code(1);
    repo.write("debug_a.py", &lines).write("k", "both\n").git("add -A").success();
    let out = stowed(repo.guard("stow"));
    assert!(!out.contains("restored") && !repo.exists("a.py"), "{out}");
    repo.git("commit -q -m merged").silent();
    assert_eq!(repo.git("ls-files").success(), "README.md\nk\n");
}

#[test]
fn a_file_that_was_renamed_and_copied_stays_renamed() {
    let repo = Repo::new();
    let lines = "a line\n".repeat(100);
    repo.write("a.py", &lines).git("add -A").success();
    repo.commit().silent();
    repo.git("mv a.py b.py").success();
    repo.write("debug_a.py", &lines).write("check_a.py", &lines).write("b.py", &format!("{lines}more\n"));
    repo.git("add -A").success();
    let out = stowed(repo.guard("stow"));
    assert!(!out.contains("restored") && !repo.exists("a.py"), "{out}");
    repo.assert_settled();
    // If all copies are refused, it is restored once.
    repo.git("mv b.py debug_b.py").success();
    repo.shell("cp debug_b.py check_b.py; git add -A").success();
    let out = stowed(repo.guard("stow"));
    assert_eq!(out.matches("restored: b.py").count(), 1, "{out}");
    repo.assert_settled();
}

#[test]
fn an_old_name_that_is_blocked_on_disk_is_restored_in_the_index() {
    for block in ["echo f > lib", "ln -s nowhere lib"] {
        let repo = Repo::new();
        repo.write("lib/old.py", "1\n2\n3\n").git("add -A").success();
        repo.commit().silent();
        repo.git("mv lib/old.py debug_old.py").success();
        repo.shell(&format!("rm -rf lib; {block}")).success();
        let out = stowed(repo.guard("stow"));
        assert!(out.contains("restored: lib/old.py in the index\n"), "{out}");
        assert_eq!(repo.git("diff --cached --name-status").success(), "");
        let undo = out.lines().find_map(|line| line.strip_prefix("undo: ")).unwrap();
        repo.shell(undo).success();
        assert_eq!(repo.git("diff --cached -M --name-status").success(), "R100\tlib/old.py\tdebug_old.py\n");
        assert!(repo.exists("lib") && repo.exists("debug_old.py"));
    }
}

#[test]
fn an_old_name_in_the_session_directory_is_not_overwritten() {
    let repo = Repo::new();
    repo.commit_unchecked(&[STOWED]);
    let old = repo.read(STOWED);
    repo.shell(&format!("git mv {STOWED} debug_it.py; echo more >>debug_it.py; git add -A")).success();
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(STOWED), repo.read(AGAIN)), (old.clone(), format!("{old}more\n")));
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
    // A resolved one stays as it is: each version that could be restored lacks changes.
    repo.write(SCRIPT, "both\n").git("add -A").success();
    repo.commit().refuses(&[SCRIPT]);
    let before = repo.git("status --porcelain").success();
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT), repo.git("status --porcelain").success()), ("both\n".into(), before));
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
fn stow_changes_keeps_a_file_that_was_deleted_only_in_the_index() {
    let repo = with_committed_script();
    repo.git_args(&["rm", "-q", "--cached", SCRIPT]).success();
    repo.write(SCRIPT, "mine\n");
    let out = stowed(repo.guard_args(&["stow", "--changes", SCRIPT]));
    assert!(out.contains(&format!("restored: {SCRIPT} in the index\n")), "{out}");
    assert_eq!(repo.read(SCRIPT), "mine\n");
    assert_eq!(repo.git("status --porcelain").success(), format!(" M {SCRIPT}\n"));
}
