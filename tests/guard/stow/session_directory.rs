//! Files in the session directory, and the rules that make git ignore it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{NOTE, SCRIPT, STOWED, stowed};
use crate::sandbox::Repo;

#[test]
fn a_file_in_the_session_directory_is_unstaged_and_stays() {
    let repo = Repo::new();
    for path in [NOTE, ".claude_sessions/loose.md", "pkg/.claude_sessions/x"] {
        repo.stage(path);
    }
    let out = stowed(repo.guard("stow"));
    assert!(out.contains(&format!("unstaged: {NOTE} stays where it is\n")), "{out}");
    for path in [NOTE, ".claude_sessions/loose.md", "pkg/.claude_sessions/x"] {
        assert_eq!(repo.read(path), format!("{path}\n"));
    }
    repo.assert_settled();
}

#[test]
fn staged_contents_of_a_file_in_the_session_directory_are_kept() {
    let repo = Repo::new();
    repo.write(NOTE, "staged\n")
        .write(".claude_sessions/gone", "gone\n")
        .git("add -f .claude_sessions")
        .success();
    repo.write(NOTE, "changed\n");
    fs::remove_file(repo.path(".claude_sessions/gone")).unwrap();
    stowed(repo.guard("stow"));
    assert_eq!(
        (repo.read(NOTE).as_str(), repo.read(".claude_sessions/gone").as_str()),
        ("changed\n", "gone\n")
    );
    assert_eq!(repo.read(".claude_sessions/current/x-2.py"), "staged\n");
    repo.assert_settled();
}

#[test]
fn a_session_directory_in_another_case_is_moved() {
    let repo = Repo::new();
    repo.write(".Claude_Sessions/current/x", "one\n").write(".claude_sessions/current/x", "other\n");
    repo.write("pkg/.CLAUDE_SESSIONS/y", "two\n").git("add -A").success();
    // Untracked files are moved, too.
    repo.write(".Claude_Sessions/later", "three\n");
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(".claude_sessions/current/x"), "other\n");
    assert_eq!(repo.read(".claude_sessions/current/x-2"), "one\n");
    assert_eq!(repo.read(".claude_sessions/later"), "three\n");
    assert_eq!(repo.read("pkg/.claude_sessions/y"), "two\n");
    assert!(!repo.exists(".Claude_Sessions") && !repo.exists("pkg/.CLAUDE_SESSIONS"));
    repo.assert_settled();
}

#[test]
fn a_bare_name_is_unstaged_and_ignored() {
    for make in ["ln -s /tmp", "echo x >", "git init -q", "git init -q x && mkdir -p pkg && mv x"] {
        for path in [".claude_sessions", "pkg/.claude_sessions"] {
            let repo = Repo::new();
            repo.shell(&format!("mkdir -p pkg && {make} {path}")).success();
            if repo.path(path).join(".git").exists() {
                let inner = repo.child(path);
                inner.write("x", "x").git("add x").success();
                inner.commit().success();
            }
            repo.shell(&format!("git add -f {path} 2>/dev/null")).success();
            repo.commit().refuses(&[path]);
            stowed(repo.guard("stow"));
            assert!(repo.exists(path));
            repo.assert_settled();
        }
    }
}

#[test]
fn a_bare_name_in_another_case_is_moved() {
    let repo = Repo::new();
    symlink("/tmp", repo.path(".Claude_Sessions")).unwrap();
    repo.git("add -A").success();
    stowed(repo.guard("stow"));
    assert_eq!(
        fs::read_link(repo.path(".claude_sessions/current/.Claude_Sessions")).unwrap(),
        Path::new("/tmp")
    );
    repo.assert_settled();
}

#[test]
fn committed_session_work_is_skipped_and_named_once() {
    let repo = Repo::new();
    repo.commit_unchecked(&[NOTE, ".claude_sessions/old.md"]);
    repo.stage(SCRIPT);
    let out = stowed(repo.guard("stow"));
    for path in [NOTE, ".claude_sessions/old.md"] {
        assert_eq!(out.matches(path).count(), 1, "{out}");
    }
    assert!(out.contains(&format!("skipped: {NOTE}, .claude_sessions/old.md: committed earlier\n")), "{out}");
    let untrack = out.lines().find_map(|line| line.strip_prefix("untrack: ")).unwrap();
    assert!(untrack.ends_with(" stow -- :/.claude_sessions"), "{out}");
    repo.assert_settled();
    assert!(repo.exists(NOTE));
}

#[test]
fn the_untrack_command_untracks_committed_session_work() {
    let repo = Repo::new();
    let paths = [
        NOTE,
        "pkg/.claude_sessions/x",
        "pkg/.claude_sessions/deep/.claude_sessions/y",
        ".CLAUDE_sessions/z",
    ];
    repo.commit_unchecked(&paths);
    let out = stowed(repo.guard("stow"));
    repo.shell(out.lines().find_map(|line| line.strip_prefix("untrack: ")).unwrap()).success();
    repo.guard("check --all-files").silent();
    repo.assert_settled();
    // Most of many files are only counted.
    let repo = Repo::new();
    for number in 0..30 {
        repo.write(format!(".claude_sessions/{number}"), "x");
    }
    repo.git("add -f .claude_sessions").success();
    repo.git("commit -q --no-verify -m old").success();
    let out = stowed(repo.guard("stow"));
    assert!(out.contains(".claude_sessions/17 and 20 more: committed earlier\n"), "{out}");
}

#[test]
fn changed_session_work_that_is_committed_is_unstaged() {
    let repo = Repo::new();
    repo.commit_unchecked(&[NOTE]);
    repo.write(NOTE, "changed\n").git_args(&["add", NOTE]).success();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(NOTE), "changed\n");
    assert_eq!(repo.git("status --porcelain").success(), format!(" M {NOTE}\n"));
    repo.check().silent();
}

#[test]
fn named_session_work_is_deleted_from_the_next_commit() {
    let repo = Repo::new();
    repo.commit_unchecked(&[NOTE]);
    for named in [NOTE, ".claude_sessions", ":/.claude_sessions/current"] {
        stowed(repo.guard_args(&["stow", named]));
        assert_eq!(repo.git("status --porcelain").success(), format!("D  {NOTE}\n"));
        assert!(repo.exists(NOTE));
        repo.git("reset -q").success();
    }
    stowed(repo.guard_args(&["stow", NOTE]));
    repo.assert_settled();
}

#[test]
fn stow_makes_git_ignore_the_session_directory() {
    let repo = Repo::new();
    fs::write(repo.path(".git/info/exclude"), "no newline").unwrap();
    repo.stage(SCRIPT);
    let out = stowed(repo.guard("stow"));
    assert!(out.contains("ignored: .claude_sessions/, by a line in .git/info/exclude\n"), "{out}");
    assert_eq!(repo.read(".git/info/exclude"), "no newline\n.claude_sessions/\n");
    let out = stowed(repo.stage(SCRIPT).guard("stow"));
    assert!(!out.contains("ignored"), "{out}");
    assert_eq!(repo.read(".git/info/exclude"), "no newline\n.claude_sessions/\n");
}

#[test]
fn stow_adds_no_line_if_a_rule_ignores_the_session_directory() {
    for rule in [".claude_sessions/", ".claude_*", "/.claude_sessions/*", "**/.claude_sessions/**"] {
        let repo = Repo::new();
        fs::remove_dir_all(repo.path(".git/info")).unwrap();
        repo.write(".gitignore", &format!("{rule}\n")).git("add .gitignore").success();
        let out = stowed(repo.stage(SCRIPT).guard("stow"));
        assert!(!out.contains("ignored") && !repo.exists(".git/info"), "{rule}: {out}");
        repo.assert_settled();
    }
}

#[test]
fn stow_refuses_a_rule_that_excepts_the_session_directory() {
    let repo = Repo::new();
    repo.write(".gitignore", "x\n!.claude_sessions/\n").git("add .gitignore").success();
    repo.stage(SCRIPT).guard("stow").fails_with("a line of a `.gitignore` that begins with `!`");
    repo.in_dir(".claude_sessions").guard("stow").fails_with(".gitignore:2: !.claude_sessions/");
    assert!(repo.exists(SCRIPT) && !repo.exists(STOWED));
    assert!(repo.git("status --porcelain").success().contains(&format!("A  {SCRIPT}\n")));
    repo.assert_no_lock();
}

#[test]
fn stow_refuses_a_symlinked_session_directory() {
    for link in [".claude_sessions", ".claude_sessions/debugging"] {
        for target in ["../elsewhere", "/nowhere"] {
            let repo = Repo::new();
            repo.in_dir("../elsewhere");
            repo.write(".claude_sessions/keep", "");
            if link == ".claude_sessions" {
                fs::remove_dir_all(repo.path(link)).unwrap();
            }
            symlink(repo.path(target), repo.path(link)).unwrap();
            repo.stage(SCRIPT);
            repo.guard("stow").fails_with(&format!("`{link}` is a symlink to"));
            assert!(repo.exists(SCRIPT) && !repo.exists("../elsewhere/debugging"));
            assert!(repo.git("status --porcelain").success().contains(&format!("A  {SCRIPT}\n")));
            repo.assert_no_lock();
        }
    }
}

#[test]
fn stow_refuses_a_file_in_place_of_the_session_directory() {
    let repo = Repo::new();
    repo.write(".claude_sessions", "a file\n").stage(SCRIPT);
    repo.guard("stow").fails_with("`.claude_sessions` is not a directory");
    assert_eq!(repo.read(".claude_sessions"), "a file\n");
}

#[test]
fn a_file_in_an_unreachable_session_directory_is_copied_from_the_index() {
    let repo = Repo::new();
    repo.stage("pkg/.claude_sessions/x.md");
    repo.shell("mv pkg elsewhere && ln -s elsewhere pkg").success();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(".claude_sessions/current/x.md"), "pkg/.claude_sessions/x.md\n");
    assert_eq!(repo.read("elsewhere/.claude_sessions/x.md"), "pkg/.claude_sessions/x.md\n");
    repo.check().silent();
}

#[test]
fn a_stow_that_fails_removes_its_ignore_line() {
    let repo = Repo::new();
    repo.write(".gitignore", "!.claude_sessions/\n").stage(SCRIPT);
    let exclude = repo.read(".git/info/exclude");
    for command in ["stow", "stow", "init --exclude"] {
        repo.guard(command).fails_with("git does not ignore");
        assert_eq!(repo.read(".git/info/exclude"), exclude);
    }
    fs::remove_dir_all(repo.path(".git/info")).unwrap();
    repo.guard("stow").fails_with("git does not ignore");
    assert!(!repo.exists(".git/info/exclude"));
}

#[test]
fn a_file_with_the_name_of_the_session_directory_is_no_obstacle_once_it_is_renamed() {
    let repo = Repo::new();
    repo.commit_unchecked(&[".claude_sessions"]);
    repo.git("mv .claude_sessions debug_it.py").success();
    let output = stowed(repo.guard("stow"));
    assert!(output.contains("note: .claude_sessions stays deleted in the index\n"), "{output}");
    assert!(repo.exists(".claude_sessions/debugging/debug_it.py"));
    repo.assert_settled();
}

#[test]
fn a_file_with_the_name_of_the_session_directory_is_named_if_a_directory_is_needed() {
    const NOT_A_DIRECTORY: &str = "`.claude_sessions` is not a directory";
    let repo = Repo::new();
    repo.write(".claude_sessions", "own").stage("debug_x.py").guard("stow").fails_with(NOT_A_DIRECTORY);
    // The staged contents of a file that has changed since have no other place.
    let repo = Repo::new();
    repo.stage(".claude_sessions")
        .write(".claude_sessions", "changed")
        .guard("stow")
        .fails_with(NOT_A_DIRECTORY);
    repo.write(".claude_sessions", ".claude_sessions\n");
    stowed(repo.guard("stow"));
    let repo = Repo::new();
    repo.stage("pkg/.claude_sessions").write("pkg/.claude_sessions", "changed");
    stowed(repo.guard("stow"));
    assert!(repo.exists(".claude_sessions/current/.claude_sessions"));
    repo.assert_settled();
    let repo = Repo::new();
    repo.write(".gitignore", "!*\n").git("add .gitignore").success();
    let run = repo.stage(".claude_sessions").guard("stow");
    assert!(run.err.contains("\nhelp: remove that rule"), "{run:?}");
    run.fails_with("git does not ignore `.claude_sessions` because of .gitignore:1: !*");
}
