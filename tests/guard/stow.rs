//! `stow`: refused files leave the commit for the session directory, and no byte is
//! lost.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::sandbox::{Repo, Run, bytes, make_executable};

const NOTE: &str = ".claude_sessions/current/x.py";
const SCRIPT: &str = "backend/debug_it.py";
const STOWED: &str = ".claude_sessions/debugging/debug_it.py";
const AGAIN: &str = ".claude_sessions/debugging/debug_it-2.py";

impl Repo {
    fn read(&self, path: &str) -> String {
        let text = fs::read_to_string(self.path(path));
        assert!(text.is_ok(), "{path}: {text:?}");
        text.unwrap()
    }

    fn is_there(&self, path: &str) -> bool {
        fs::symlink_metadata(self.path(path)).is_ok()
    }

    /// Asserts that the next commit passes, if there is anything to commit, and that
    /// git sees nothing of what was stowed.
    fn is_settled(&self) {
        self.guard("").silent();
        self.git("commit -q --allow-empty -m settled").silent();
        self.git("status --porcelain").silent();
        self.has_no_lock();
    }

    fn has_no_lock(&self) {
        let left =
            self.shell("find $(git rev-parse --git-dir) -name '*.lock*' -o -name '*.stage-guard*'").ok();
        assert_eq!(left, "");
    }
}

/// A repository with a script that a commit has.
fn with_committed_script() -> Repo {
    let repo = Repo::new();
    repo.write(SCRIPT, "old\n").git_with(&["add", SCRIPT]).ok();
    repo.git("commit -q --no-verify -m old").ok();
    repo
}

fn stowed(run: Run) -> String {
    assert_eq!(run.err, "", "{run:?}");
    run.ok()
}

#[test]
fn a_new_file_goes_home_under_its_own_name() {
    let repo = Repo::new();
    repo.write(SCRIPT, "x\n").git("add -A").ok();
    let out = stowed(repo.guard("stow"));
    assert!(out.starts_with(&format!("stowed: {SCRIPT} -> {STOWED}\n")), "{out}");
    assert_eq!(repo.read(STOWED), "x\n");
    assert!(!repo.is_there("backend"));
    repo.is_settled();
}

#[test]
fn each_rule_has_its_home() {
    let repo = Repo::new();
    for path in ["debug_a.py", "test_b.py", "check_c.py", "X_SUMMARY.md", ".claude/settings.local.json"] {
        repo.stage(path);
    }
    stowed(repo.guard("stow"));
    for path in [
        "debugging/debug_a.py",
        "tests/test_b.py",
        "exploration/check_c.py",
        "archive/X_SUMMARY.md",
        "current/settings.local.json",
    ] {
        assert!(repo.is_there(&format!(".claude_sessions/{path}")), "{path}");
    }
    repo.is_settled();
}

#[test]
fn nothing_refused_is_nothing_done() {
    let repo = Repo::new();
    repo.stage("main.py");
    let before = repo.read(".git/info/exclude");
    repo.guard("stow").silent();
    assert!(!repo.is_there(".claude_sessions") && repo.read(".git/info/exclude") == before);
    assert_eq!(repo.git("status --porcelain").ok(), "A  main.py\n");
    repo.has_no_lock();
}

#[test]
fn production_code_stays_staged() {
    let repo = Repo::new();
    repo.stage("backend/app/main.py").stage(SCRIPT);
    stowed(repo.guard("stow"));
    assert_eq!(repo.git("status --porcelain").ok(), "A  backend/app/main.py\n");
    repo.is_settled();
}

#[test]
fn a_taken_name_gets_a_number() {
    let repo = Repo::new();
    repo.write(STOWED, "one\n").write(AGAIN, "two\n").write(SCRIPT, "three\n").write("debug_it.py", "four\n");
    repo.git("add -f backend debug_it.py").ok();
    stowed(repo.guard("stow"));
    let read = |number: &str| repo.read(&format!(".claude_sessions/debugging/debug_it{number}.py"));
    assert_eq!([read(""), read("-2"), read("-3"), read("-4")], ["one\n", "two\n", "three\n", "four\n"]);
    repo.is_settled();
}

#[test]
fn a_name_that_is_taken_by_anything_is_taken() {
    for take in ["mkdir", "ln -s nowhere", "mkfifo"] {
        let repo = Repo::new();
        repo.write(SCRIPT, "x\n").git("add -A").ok();
        repo.shell(&format!("mkdir -p .claude_sessions/debugging && {take} {STOWED}")).ok();
        stowed(repo.guard("stow"));
        assert_eq!(repo.read(AGAIN), "x\n", "{take}");
        repo.is_settled();
    }
}

#[test]
fn the_longest_name_gets_a_number_too() {
    let repo = Repo::new();
    let name = format!("debug_{}.py", "x".repeat(246));
    repo.write(&name, "one\n").git("add -A").ok();
    stowed(repo.guard("stow"));
    repo.write(&name, "two\n").git("add -A").ok();
    stowed(repo.guard("stow"));
    let stowed = fs::read_dir(repo.path(".claude_sessions/debugging")).unwrap().count();
    assert_eq!(stowed, 2);
    repo.is_settled();
}

#[test]
fn staged_and_changed_since_keeps_both() {
    let repo = Repo::new();
    repo.write(SCRIPT, "staged\n").git("add -A").ok();
    repo.write(SCRIPT, "changed\n");
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(STOWED), repo.read(AGAIN)), ("changed\n".to_owned(), "staged\n".to_owned()));
    repo.is_settled();
}

#[test]
fn staged_and_deleted_since_is_written_out() {
    let repo = Repo::new();
    repo.write(SCRIPT, "staged\n").git("add -A").ok();
    make_executable(&repo.path(SCRIPT));
    repo.git("add -A").ok();
    fs::remove_dir_all(repo.path("backend")).unwrap();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(STOWED), "staged\n");
    assert_eq!(fs::metadata(repo.path(STOWED)).unwrap().permissions().mode() & 0o111, 0o111);
    repo.is_settled();
}

#[test]
fn staged_with_a_directory_in_its_place_is_written_out() {
    let repo = Repo::new();
    repo.write("debug_it.py", "staged\n").git("add -A").ok();
    fs::remove_file(repo.path("debug_it.py")).unwrap();
    repo.write("debug_it.py/inside", "other\n");
    stowed(repo.guard("stow"));
    assert_eq!(
        (repo.read(STOWED).as_str(), repo.read("debug_it.py/inside").as_str()),
        ("staged\n", "other\n")
    );
}

#[test]
fn what_is_behind_a_symlink_now_is_not_touched() {
    let repo = Repo::new();
    repo.write(SCRIPT, "staged\n").git("add -A").ok();
    fs::remove_dir_all(repo.path("backend")).unwrap();
    repo.beside("elsewhere").write("debug_it.py", "another's\n");
    symlink("../elsewhere", repo.path("backend")).unwrap();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(STOWED), "staged\n");
    assert_eq!(repo.read("../elsewhere/debug_it.py"), "another's\n");
}

#[test]
fn partly_staged_keeps_both() {
    let repo = Repo::new();
    repo.write(SCRIPT, "one\n").git("add -A").ok();
    repo.write(SCRIPT, "one\ntwo\n");
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(STOWED).as_str(), repo.read(AGAIN).as_str()), ("one\ntwo\n", "one\n"));
    repo.is_settled();
}

#[test]
fn a_symlink_stays_one() {
    for (target, is_gone) in [("../somewhere", false), ("/", false), ("../somewhere", true)] {
        let repo = Repo::new();
        fs::create_dir(repo.path("backend")).unwrap();
        symlink(target, repo.path(SCRIPT)).unwrap();
        repo.git("add -A").ok();
        if is_gone {
            fs::remove_file(repo.path(SCRIPT)).unwrap();
        }
        stowed(repo.guard("stow"));
        assert_eq!(fs::read_link(repo.path(STOWED)).unwrap(), Path::new(target));
        assert!(!repo.is_there(AGAIN));
        repo.is_settled();
    }
}

#[test]
fn an_executable_stays_one() {
    let repo = Repo::new();
    repo.write(SCRIPT, "x\n").write("debug_plain.py", "x\n");
    make_executable(&repo.path(SCRIPT));
    repo.git("add -A").ok();
    stowed(repo.guard("stow"));
    let mode = |path: &str| fs::metadata(repo.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(STOWED), mode(".claude_sessions/debugging/debug_plain.py")), (0o755, 0o644));
    repo.is_settled();
}

#[test]
fn a_changed_executable_bit_counts_where_git_heeds_it() {
    for (heeds, is_kept) in [("true", true), ("false", false)] {
        let repo = Repo::new();
        repo.git(&format!("config core.fileMode {heeds}")).ok();
        repo.write(SCRIPT, "x\n").git("add -A").ok();
        make_executable(&repo.path(SCRIPT));
        stowed(repo.guard("stow"));
        assert_eq!(repo.is_there(AGAIN), is_kept);
        repo.is_settled();
    }
}

#[test]
fn a_committed_file_is_never_deleted() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "changed\n").git("add -A").ok();
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("old\n", "changed\n"));
    repo.is_settled();
    assert_eq!(repo.git("log --format=%s -- backend").ok(), "old\n");
}

#[test]
fn a_committed_file_keeps_both_contents() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").git("add -A").ok();
    repo.write(SCRIPT, "changed\n");
    stowed(repo.guard("stow"));
    let found = [repo.read(SCRIPT), repo.read(STOWED), repo.read(AGAIN)];
    assert_eq!(found, ["old\n", "changed\n", "staged\n"]);
    repo.is_settled();
}

#[test]
fn a_committed_file_that_was_changed_back_stays() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").git("add -A").ok();
    repo.write(SCRIPT, "old\n");
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("old\n", "staged\n"));
    repo.is_settled();
}

#[test]
fn a_committed_file_that_was_staged_and_deleted_comes_back() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").git("add -A").ok();
    fs::remove_dir_all(repo.path("backend")).unwrap();
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("old\n", "staged\n"));
    repo.is_settled();
}

#[test]
fn a_committed_file_that_became_a_symlink_comes_back() {
    let repo = with_committed_script();
    fs::remove_file(repo.path(SCRIPT)).unwrap();
    symlink("x", repo.path(SCRIPT)).unwrap();
    repo.git("add -A").ok();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(SCRIPT), "old\n");
    assert_eq!(fs::read_link(repo.path(STOWED)).unwrap(), Path::new("x"));
    repo.is_settled();
}

#[test]
fn of_a_rename_the_old_side_comes_back() {
    let repo = Repo::new();
    repo.write("backend/app/main.py", "1\n2\n3\n4\n5\n6\n").git("add -A").ok();
    repo.commit().silent();
    for change in ["", "7\n"] {
        repo.git("mv backend/app/main.py debug_it.py").ok();
        repo.write("debug_it.py", &format!("1\n2\n3\n4\n5\n6\n{change}")).git("add -A").ok();
        let out = stowed(repo.guard("stow"));
        assert!(out.contains("restored: backend/app/main.py, as HEAD has it\n"), "{out}");
        assert_eq!(repo.read("backend/app/main.py"), "1\n2\n3\n4\n5\n6\n");
        repo.is_settled();
    }
    assert_eq!(repo.read(AGAIN), "1\n2\n3\n4\n5\n6\n7\n");
}

#[test]
fn what_took_the_place_of_the_old_side_stays() {
    let repo = Repo::new();
    repo.write("main.py", "1\n2\n3\n").git("add -A").ok();
    repo.commit().silent();
    repo.git("mv main.py debug_it.py").ok();
    repo.write("main.py", "somebody's\n");
    stowed(repo.guard("stow"));
    assert_eq!((repo.read("main.py").as_str(), repo.read(STOWED).as_str()), ("somebody's\n", "1\n2\n3\n"));
    assert_eq!(repo.git("status --porcelain").ok(), " M main.py\n");
}

#[test]
fn an_old_side_whose_place_is_staged_otherwise_does_not_come_back() {
    let repo = Repo::new();
    repo.write("main", "1\n2\n3\n").git("add -A").ok();
    repo.commit().silent();
    repo.git("mv main debug_it.py").ok();
    repo.stage("main/inside");
    stowed(repo.guard("stow"));
    assert_eq!(repo.git("status --porcelain").ok(), "D  main\nA  main/inside\n");
    assert_eq!(repo.read(STOWED), "1\n2\n3\n");
}

#[test]
fn a_deletion_beside_an_empty_new_file_is_no_rename() {
    let repo = Repo::new();
    repo.write("__init__.py", "").git("add -A").ok();
    repo.commit().silent();
    repo.git("rm -q __init__.py").ok();
    repo.write("debug_it.py", "").git("add -A").ok();
    stowed(repo.guard("stow"));
    assert!(!repo.is_there("__init__.py"));
    repo.is_settled();
}

#[test]
fn what_is_in_the_session_directory_is_unstaged_and_stays() {
    let repo = Repo::new();
    for path in [NOTE, ".claude_sessions/loose.md", "pkg/.claude_sessions/x"] {
        repo.stage(path);
    }
    let out = stowed(repo.guard("stow"));
    assert!(out.contains(&format!("unstaged: {NOTE} stays where it is\n")), "{out}");
    for path in [NOTE, ".claude_sessions/loose.md", "pkg/.claude_sessions/x"] {
        assert_eq!(repo.read(path), format!("{path}\n"));
    }
    repo.is_settled();
}

#[test]
fn staged_contents_in_the_session_directory_are_kept() {
    let repo = Repo::new();
    repo.write(NOTE, "staged\n").write(".claude_sessions/gone", "gone\n").git("add -f .claude_sessions").ok();
    repo.write(NOTE, "changed\n");
    fs::remove_file(repo.path(".claude_sessions/gone")).unwrap();
    stowed(repo.guard("stow"));
    assert_eq!(
        (repo.read(NOTE).as_str(), repo.read(".claude_sessions/gone").as_str()),
        ("changed\n", "gone\n")
    );
    assert_eq!(repo.read(".claude_sessions/current/x-2.py"), "staged\n");
    repo.is_settled();
}

#[test]
fn another_letter_case_is_moved_to_the_real_one() {
    let repo = Repo::new();
    repo.write(".Claude_Sessions/current/x", "one\n").write(".claude_sessions/current/x", "other\n");
    repo.write("pkg/.CLAUDE_SESSIONS/y", "two\n").git("add -A").ok();
    // What was never staged goes along.
    repo.write(".Claude_Sessions/later", "three\n");
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(".claude_sessions/current/x"), "other\n");
    assert_eq!(repo.read(".claude_sessions/current/x-2"), "one\n");
    assert_eq!(repo.read(".claude_sessions/later"), "three\n");
    assert_eq!(repo.read("pkg/.claude_sessions/y"), "two\n");
    assert!(!repo.is_there(".Claude_Sessions") && !repo.is_there("pkg/.CLAUDE_SESSIONS"));
    repo.is_settled();
}

#[test]
fn a_bare_name_is_unstaged_and_ignored() {
    for make in ["ln -s /tmp", "echo x >", "git init -q", "git init -q x && mkdir -p pkg && mv x"] {
        for path in [".claude_sessions", "pkg/.claude_sessions"] {
            let repo = Repo::new();
            repo.shell(&format!("mkdir -p pkg && {make} {path}")).ok();
            if repo.path(path).join(".git").exists() {
                let inner = repo.below(path);
                inner.write("x", "x").git("add x").ok();
                inner.commit().ok();
            }
            repo.shell(&format!("git add -f {path} 2>/dev/null")).ok();
            repo.commit().refuses(&[path]);
            stowed(repo.guard("stow"));
            assert!(repo.is_there(path));
            repo.is_settled();
        }
    }
}

#[test]
fn a_bare_name_in_another_letter_case_goes_home() {
    let repo = Repo::new();
    symlink("/tmp", repo.path(".Claude_Sessions")).unwrap();
    repo.git("add -A").ok();
    stowed(repo.guard("stow"));
    assert_eq!(
        fs::read_link(repo.path(".claude_sessions/current/.Claude_Sessions")).unwrap(),
        Path::new("/tmp")
    );
    repo.is_settled();
}

#[test]
fn committed_session_work_is_left_alone_and_named_once() {
    let repo = Repo::new();
    repo.commit_past_the_guard(&[NOTE, ".claude_sessions/old.md"]);
    repo.stage(SCRIPT);
    let out = stowed(repo.guard("stow"));
    for path in [NOTE, ".claude_sessions/old.md"] {
        assert_eq!(out.matches(path).count(), 1, "{out}");
        assert!(out.contains(&format!("left: {path} is committed")), "{out}");
    }
    repo.is_settled();
    assert!(repo.is_there(NOTE));
}

#[test]
fn committed_session_work_that_changed_is_unstaged() {
    let repo = Repo::new();
    repo.commit_past_the_guard(&[NOTE]);
    repo.write(NOTE, "changed\n").git_with(&["add", NOTE]).ok();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(NOTE), "changed\n");
    assert_eq!(repo.git("status --porcelain").ok(), format!(" M {NOTE}\n"));
    repo.guard("").silent();
}

#[test]
fn committed_session_work_that_is_named_is_deleted_from_the_next_commit() {
    let repo = Repo::new();
    repo.commit_past_the_guard(&[NOTE]);
    for named in [NOTE, ".claude_sessions", ":/.claude_sessions/current"] {
        stowed(repo.guard_with(&["stow", named]));
        assert_eq!(repo.git("status --porcelain").ok(), format!("D  {NOTE}\n"));
        assert!(repo.is_there(NOTE));
        repo.git("reset -q").ok();
    }
    stowed(repo.guard_with(&["stow", NOTE]));
    repo.is_settled();
}

#[test]
fn named_files_are_stowed_whatever_they_are() {
    let repo = with_committed_script();
    repo.write("untracked.txt", "u\n")
        .write("check_u.py", "v\n")
        .write("main.py", "m\n")
        .git("add main.py")
        .ok();
    repo.guard("stow backend/debug_it.py untracked.txt check_u.py main.py").ok();
    assert_eq!(repo.read(STOWED), "old\n");
    assert_eq!(repo.read(".claude_sessions/current/untracked.txt"), "u\n");
    assert_eq!(repo.read(".claude_sessions/exploration/check_u.py"), "v\n");
    assert_eq!(repo.read(".claude_sessions/current/main.py"), "m\n");
    assert_eq!(repo.git("status --porcelain").ok(), format!("D  {SCRIPT}\n"));
    repo.is_settled();
}

#[test]
fn a_named_file_that_is_committed_and_changed_keeps_what_is_new() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").git("add -A").ok();
    repo.write(SCRIPT, "changed\n");
    stowed(repo.guard_with(&["stow", SCRIPT]));
    assert_eq!((repo.read(STOWED).as_str(), repo.read(AGAIN).as_str()), ("changed\n", "staged\n"));
    repo.is_settled();
}

#[test]
fn a_named_file_that_is_gone_is_written_out() {
    let repo = with_committed_script();
    fs::remove_dir_all(repo.path("backend")).unwrap();
    stowed(repo.guard_with(&["stow", SCRIPT]));
    assert_eq!(repo.read(STOWED), "old\n");
    repo.is_settled();
}

#[test]
fn of_a_named_directory_goes_what_is_refused_in_it() {
    let repo = Repo::new();
    repo.stage("backend/app/debug_mapping.py").stage(SCRIPT).write("backend/check_u.py", "u\n");
    stowed(repo.guard("stow backend"));
    assert!(repo.is_there(STOWED) && repo.is_there(".claude_sessions/exploration/check_u.py"));
    assert_eq!(repo.git("status --porcelain").ok(), "A  backend/app/debug_mapping.py\n");
    for directory in ["backend", "backend/app"] {
        repo.guard_with(&["stow", directory]).could_not("is refused: name the files themselves");
    }
}

#[test]
fn paths_count_from_where_the_user_stands() {
    for (from, typed) in [
        ("backend", "debug_it.py"),
        ("deep/er", "../../backend/debug_it.py"),
        ("deep", ":/backend/debug_it.py"),
        (".", "."),
    ] {
        let repo = Repo::new();
        repo.stage(SCRIPT);
        let within = repo.within(from);
        stowed(within.guard_with(&["stow", typed]));
        assert!(repo.is_there(STOWED) && within.top.exists());
        repo.is_settled();
    }
}

#[test]
fn what_cannot_be_stowed_is_said_and_nothing_is_done() {
    let repo = Repo::new();
    repo.stage(SCRIPT).write("inner/x", "x");
    repo.within("inner").git("init -q").ok();
    symlink("backend", repo.path("link")).unwrap();
    for (typed, words) in [
        ("nothing.py", "there is nothing at `nothing.py`"),
        ("../x", "is not a path in the repository"),
        (".git/config", "`.git/config` is git's own"),
        (".GIT", "is git's own"),
        ("inner/x", "belongs to another repository, in `inner`"),
        ("link/debug_it.py", "lies behind a symlink"),
    ] {
        repo.guard_with(&["stow", SCRIPT, typed]).could_not(words);
        assert_eq!(repo.git("diff --cached --name-only").ok(), format!("{SCRIPT}\n"));
        assert!(repo.is_there(SCRIPT) && !repo.is_there(".claude_sessions"));
        repo.has_no_lock();
    }
}

#[test]
fn a_conflict_is_not_stowed() {
    let repo = with_committed_script();
    repo.git("checkout -q -b other").ok();
    repo.write(SCRIPT, "theirs\n").git("commit -q --no-verify -a -m theirs").ok();
    repo.git("checkout -q main").ok();
    repo.write(SCRIPT, "ours\n").git("commit -q --no-verify -a -m ours").ok();
    repo.git("merge -q other").ends(1);
    repo.guard_with(&["stow", SCRIPT]).could_not("has a conflict: resolve it first");
    // Resolved, it is neither's, and goes back to ours.
    repo.write(SCRIPT, "both\n").git("add -A").ok();
    repo.commit().refuses(&[SCRIPT]);
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("ours\n", "both\n"));
    repo.git("commit -q -m merged").silent();
    repo.is_settled();
}

#[test]
fn a_file_of_the_other_side_of_a_merge_goes_back_to_that() {
    let repo = Repo::new();
    repo.git("checkout -q -b other").ok();
    repo.write(SCRIPT, "theirs\n").git("add -A").ok();
    repo.git("commit -q --no-verify -m theirs").ok();
    repo.git("checkout -q main").ok();
    repo.stage("main.py").commit().silent();
    repo.git("merge -q --no-commit other").ok();
    repo.write(SCRIPT, "changed\n").git("add -A").ok();
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("theirs\n", "changed\n"));
    repo.is_settled();
}

#[test]
fn git_is_told_to_ignore_it_where_it_does_not_yet() {
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
fn a_rule_that_covers_it_already_is_enough() {
    for rule in [".claude_sessions/", ".claude_*", "/.claude_sessions/*", "**/.claude_sessions/**"] {
        let repo = Repo::new();
        fs::remove_dir_all(repo.path(".git/info")).unwrap();
        repo.write(".gitignore", &format!("{rule}\n")).git("add .gitignore").ok();
        let out = stowed(repo.stage(SCRIPT).guard("stow"));
        assert!(!out.contains("ignored") && !repo.is_there(".git/info"), "{rule}: {out}");
        repo.is_settled();
    }
}

#[test]
fn a_rule_against_ignoring_it_is_named_and_nothing_is_moved() {
    let repo = Repo::new();
    repo.write(".gitignore", "x\n!.claude_sessions/\n").git("add .gitignore").ok();
    repo.stage(SCRIPT).guard("stow").could_not("a line of a `.gitignore` that begins with `!`");
    repo.within(".claude_sessions").guard("stow").could_not(".gitignore:2: !.claude_sessions/");
    assert!(repo.is_there(SCRIPT) && !repo.is_there(STOWED));
    assert!(repo.git("status --porcelain").ok().contains(&format!("A  {SCRIPT}\n")));
    repo.has_no_lock();
}

#[test]
fn a_session_directory_that_leads_away_is_refused() {
    for link in [".claude_sessions", ".claude_sessions/debugging"] {
        for target in ["../elsewhere", "/nowhere"] {
            let repo = Repo::new();
            repo.within("../elsewhere");
            repo.write(".claude_sessions/keep", "");
            if link == ".claude_sessions" {
                fs::remove_dir_all(repo.path(link)).unwrap();
            }
            symlink(repo.path(target), repo.path(link)).unwrap();
            repo.stage(SCRIPT);
            repo.guard("stow").could_not(&format!("`{link}` is a symlink to"));
            assert!(repo.is_there(SCRIPT) && !repo.is_there("../elsewhere/debugging"));
            assert!(repo.git("status --porcelain").ok().contains(&format!("A  {SCRIPT}\n")));
            repo.has_no_lock();
        }
    }
}

#[test]
fn a_session_directory_that_is_a_file_is_refused() {
    let repo = Repo::new();
    repo.write(".claude_sessions", "a file\n").stage(SCRIPT);
    repo.guard("stow").could_not("`.claude_sessions` is not a directory");
    assert_eq!(repo.read(".claude_sessions"), "a file\n");
}

#[test]
fn a_dry_run_says_the_same_and_does_nothing() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").write("debug_two.py", "2").write("debug_it.py", "3").git("add -A").ok();
    repo.write(SCRIPT, "changed\n").stage(NOTE);
    let state = || repo.shell("find . -type f | LC_ALL=C sort | xargs -d '\\n' sha1sum; find .").ok();
    let before = state();
    let said = stowed(repo.guard("stow --dry-run"));
    assert_eq!(state(), before);
    let done = stowed(repo.guard("stow"));
    let as_done = said
        .replace("would stow:", "stowed:")
        .replace("would unstage:", "unstaged:")
        .replace("would ignore:", "ignored:");
    assert_eq!(
        done.lines().filter(|line| !line.starts_with("undo:")).collect::<Vec<_>>(),
        as_done.lines().collect::<Vec<_>>()
    );
    repo.is_settled();
}

#[test]
fn the_undo_command_undoes_it() {
    let repo = with_committed_script();
    repo.write("backend/app/main.py", "main\n").git("add -A").ok();
    repo.commit().silent();
    repo.write(SCRIPT, "staged\n")
        .write("-debug/debug/-debug_it.py", "odd\n")
        .write("check 'it' $x.py", "q\n");
    repo.write(".stage-guard.toml", "[production]\nroots = [\"-debug/*\"]\n");
    repo.write("debug_partly.py", "one\n")
        .write("debug_gone.py", "gone\n")
        .write("debug_\n\u{202e}.py", "hostile\n");
    symlink("x", repo.path("debug_link.py")).unwrap();
    repo.git("add -A").ok();
    repo.stage(NOTE).write("debug_partly.py", "one\ntwo\n");
    fs::remove_file(repo.path("debug_gone.py")).unwrap();
    repo.git("mv backend/app/main.py debug_main.py").ok();
    let state = || (repo.git("ls-files -s").ok(), repo.git("diff").ok(), repo.git("diff --cached").ok());
    let before = state();
    for within in [repo.below("."), repo.within("deep/down")] {
        let out = stowed(within.guard("stow"));
        repo.guard("").silent();
        let undo = out.lines().find_map(|line| line.strip_prefix("undo: ")).unwrap();
        within.shell(undo).ok();
        assert_eq!(state(), before, "{undo}");
    }
}

#[test]
fn undo_is_told_in_words_where_there_is_too_much() {
    let repo = Repo::new();
    for number in 0..30 {
        repo.write(format!("debug_{number}.py"), "x");
    }
    repo.git("add -A").ok();
    let out = stowed(repo.guard("stow"));
    assert!(
        out.ends_with("undo: move each file back to its old name (`mv -n`), and `git add -f` it\n"),
        "{out}"
    );
}

#[test]
fn json_is_one_document() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").write("debug_new.py", "x\n").git("add -A").ok();
    repo.write(SCRIPT, "changed\n").stage(NOTE);
    let odd = bytes(b"debug_\xff.py");
    repo.stage(odd);
    for (arguments, is_dry_run) in [("stow --dry-run --format json", true), ("stow --format json", false)] {
        let report: serde_json::Value = serde_json::from_str(&stowed(repo.guard(arguments))).unwrap();
        let expected = serde_json::json!({
            "version": 1, "dry_run": is_dry_run, "ignored": ".claude_sessions/", "left": [], "stowed": [
                {"path": {"text": NOTE}, "rule": "session-directory", "index": "unstaged"},
                {"path": {"text": SCRIPT}, "rule": "debug-script", "to": {"text": STOWED}, "staged_to": {"text": AGAIN},
                 "index": "restored"},
                {"path": {"text": "debug_new.py"}, "rule": "debug-script",
                 "to": {"text": ".claude_sessions/debugging/debug_new.py"}, "index": "unstaged"},
                {"path": {"bytes": "ZGVidWdf/y5weQ=="}, "rule": "debug-script",
                 "to": {"bytes": "LmNsYXVkZV9zZXNzaW9ucy9kZWJ1Z2dpbmcvZGVidWdf/y5weQ=="}, "index": "unstaged"},
            ]
        });
        assert_eq!(report, expected);
    }
    let report = stowed(repo.guard("stow --format json"));
    assert_eq!(report, "{\"version\":1,\"dry_run\":false,\"stowed\":[],\"left\":[]}\n");
    let report = stowed(repo.guard("stow --format json backend/debug_it.py"));
    assert!(report.contains("\"index\":\"deleted\""), "{report}");
}

#[test]
fn quiet_is_one_line_or_none() {
    let repo = Repo::new();
    repo.stage(SCRIPT).stage("check_it.py");
    assert_eq!(stowed(repo.guard("stow -q")), "2 stowed\n");
    repo.guard("stow -q").silent();
}

#[test]
fn a_thousand_files() {
    let repo = Repo::new();
    for number in 0..1000 {
        repo.write(format!("backend/scratch/{}/debug_{number}.py", number % 7), &format!("{number}\n"));
    }
    repo.git("add -A").ok();
    repo.shell("rm -r backend/scratch/3").ok();
    stowed(repo.guard("stow"));
    for number in 0..1000 {
        let path = format!(".claude_sessions/exploration/debug_{number}.py");
        assert_eq!(repo.read(&path), format!("{number}\n"));
    }
    assert!(!repo.is_there("backend"));
    repo.is_settled();
}

#[test]
fn names_of_all_kinds() {
    let names: [&[u8]; 9] = [
        b"debug_\xff\xfe.py",
        b"debug_a\nb.py",
        b"\"debug_q.py",
        b"debug_\"\\.py",
        b"debug_ ' $(x).py",
        b"debug_*[x]?.py",
        b"debug_\xe2\x80\xae.py",
        "debug_ä.py".as_bytes(),
        b"debug_\t.py",
    ];
    for arguments in [&["add", "-A"][..], &["update-index", "--split-index"]] {
        let repo = Repo::new();
        repo.git_with(arguments).ok();
        for name in names {
            repo.write(bytes(name), "staged\n");
        }
        repo.git("add -A").ok();
        repo.git("rm -q -f --cached \"debug_q.py").ends(0);
        for name in names {
            repo.write(bytes(name), "changed\n");
        }
        repo.git("add -A").ok();
        stowed(repo.guard("stow"));
        for name in names.iter().filter(|name| name.starts_with(b"debug_")) {
            let path = [b".claude_sessions/debugging/", *name].concat();
            assert_eq!(fs::read_to_string(repo.path(bytes(&path))).unwrap(), "changed\n");
        }
    }
}

#[test]
fn a_linked_worktree_has_its_own_session_directory() {
    let repo = Repo::new();
    repo.git("worktree add -q ../linked").ok();
    let linked = repo.beside("linked");
    linked.stage(SCRIPT);
    stowed(linked.guard("stow"));
    assert!(linked.is_there(STOWED) && !repo.is_there(".claude_sessions"));
    linked.is_settled();
}

#[test]
fn a_submodule_is_stowed_as_a_repository_of_its_own() {
    let repo = Repo::new();
    let other = repo.beside("other");
    fs::create_dir(&other.top).unwrap();
    other.git("init -q").ok();
    other.stage("x").git("commit -q -m x").ok();
    let url = other.top.display().to_string();
    repo.git_with(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "sub"]).ok();
    repo.commit().silent();
    let sub = repo.below("sub");
    sub.stage(SCRIPT);
    repo.guard_with(&["stow", "sub/backend/debug_it.py"])
        .could_not("belongs to another repository, in `sub`");
    stowed(sub.guard("stow"));
    assert!(sub.is_there(STOWED));
    sub.is_settled();
    repo.git("status --porcelain").ok();
}

#[test]
fn a_submodule_cannot_be_moved() {
    let repo = Repo::new();
    let other = repo.beside("other");
    fs::create_dir(&other.top).unwrap();
    other.git("init -q").ok();
    other.stage("x").git("commit -q -m x").ok();
    let url = other.top.display().to_string();
    repo.git_with(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        &url,
        ".Claude_Sessions/sub",
    ])
    .ok();
    repo.guard("stow").could_not("`.Claude_Sessions/sub` is a submodule");
    assert!(repo.is_there(".Claude_Sessions/sub/x"));
    // A repository that has its git directory in itself can.
    let repo = Repo::new();
    let inner = repo.within(".Claude_Sessions/inner");
    inner.git("init -q").ok();
    inner.stage("x").git("commit -q -m x").ok();
    repo.shell("git add -A 2>/dev/null").ok();
    stowed(repo.guard("stow"));
    assert!(repo.is_there(".claude_sessions/inner/.git") && !repo.is_there(".Claude_Sessions"));
    repo.is_settled();
}

#[test]
fn line_endings_that_git_converts_are_no_difference() {
    let repo = Repo::new();
    repo.write(".gitattributes", "* text eol=crlf\n").git("add -A").ok();
    repo.commit().silent();
    repo.write(SCRIPT, "a\r\nb\r\n").git("add -A").ok();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(STOWED), "a\r\nb\r\n");
    assert!(!repo.is_there(AGAIN));
    repo.is_settled();
}

#[test]
fn a_committed_file_comes_back_through_the_filters() {
    let repo = Repo::new();
    repo.write(".gitattributes", "*.py text eol=crlf\n").write(SCRIPT, "old\r\n").git("add -A").ok();
    repo.git("commit -q --no-verify -m old").ok();
    repo.write(SCRIPT, "new\r\n").git("add -A").ok();
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(SCRIPT).as_str(), repo.read(STOWED).as_str()), ("old\r\n", "new\r\n"));
    repo.is_settled();
}

#[test]
fn a_file_that_sparse_checkout_keeps_off_the_disk_is_written_out() {
    let repo = Repo::new();
    for path in ["backend/x.py", "frontend/x.js"] {
        repo.stage(path);
    }
    repo.commit_past_the_guard(&["frontend/debug_old.js"]);
    for index in ["--no-sparse-index", "--sparse-index"] {
        repo.git_with(&["sparse-checkout", "set", "--cone", index, "backend"]).ok();
        repo.stage("frontend/debug_new.js").write("frontend/debug_old.js", "changed\n");
        repo.git("add --sparse frontend").ok();
        repo.git("sparse-checkout reapply").ok();
        stowed(repo.guard("stow"));
        let at_home = |name: &str| format!(".claude_sessions/debugging/{name}");
        assert_eq!(repo.read(&at_home("debug_new.js")), "frontend/debug_new.js\n");
        assert_eq!(repo.read(&at_home("debug_old.js")), "changed\n");
        repo.is_settled();
        fs::remove_dir_all(repo.path(".claude_sessions")).unwrap();
        repo.git("sparse-checkout disable").ok();
    }
}

#[test]
fn the_index_of_a_commit_alone_is_not_stowed() {
    let repo = Repo::new();
    repo.program(".git/hooks/pre-commit", &format!("#!/bin/sh\n{} stow\n", super::sandbox::BINARY));
    repo.stage(SCRIPT);
    let run = repo.git("commit -q -a -m all");
    assert!(run.code == 1 && run.err.contains("run `stow` outside of hooks"), "{run:?}");
    assert!(repo.is_there(SCRIPT));
}

#[test]
fn an_index_that_the_user_names_is_the_one() {
    let repo = Repo::new();
    let other = repo.with("GIT_INDEX_FILE", ".git/other-index");
    other.git("read-tree HEAD").ok();
    other.stage(SCRIPT);
    stowed(other.guard("stow"));
    assert!(repo.is_there(STOWED));
    assert_eq!(other.git("diff --cached --name-only").ok(), "");
}

#[test]
fn a_worktree_that_the_environment_names_is_the_one() {
    let repo = Repo::new();
    let bare = repo.beside("elsewhere");
    fs::create_dir(&bare.top).unwrap();
    let named = bare.with("GIT_DIR", repo.path(".git")).with("GIT_WORK_TREE", &repo.top);
    repo.stage(SCRIPT);
    stowed(named.guard_with(&["stow"]));
    assert!(repo.is_there(STOWED));
    repo.is_settled();
    let relative = repo.below(".").with("GIT_DIR", ".git").with("GIT_WORK_TREE", ".");
    repo.stage(SCRIPT);
    stowed(relative.guard("stow"));
    repo.is_settled();
}
