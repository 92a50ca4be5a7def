//! New files: stow loses and overwrites no contents.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{AGAIN, SCRIPT, STOWED, stowed};
use crate::sandbox::{Repo, bytes, make_executable};

#[test]
fn a_new_file_moves_under_its_own_name() {
    let repo = Repo::new();
    repo.write(SCRIPT, "x\n").git("add -A").success();
    let out = stowed(repo.guard("stow"));
    assert!(out.starts_with(&format!("stowed: {SCRIPT} -> {STOWED}\n")), "{out}");
    assert_eq!(repo.read(STOWED), "x\n");
    assert!(!repo.exists("backend"));
    repo.assert_settled();
}

#[test]
fn each_rule_moves_files_to_its_home() {
    let repo = Repo::new();
    for path in ["debug_a.py", "test_b.py", "check_c.py", "X_SUMMARY.md", "x.log"] {
        repo.stage(path);
    }
    stowed(repo.guard("stow"));
    for path in [
        "debugging/debug_a.py",
        "tests/test_b.py",
        "exploration/check_c.py",
        "archive/X_SUMMARY.md",
        "current/x.log",
    ] {
        assert!(repo.exists(&format!(".claude_sessions/{path}")), "{path}");
    }
    repo.assert_settled();
}

#[test]
fn stow_does_nothing_if_nothing_is_refused() {
    let repo = Repo::new();
    repo.stage("main.py");
    let before = repo.read(".git/info/exclude");
    let output = stowed(repo.guard("stow"));
    assert!(output.starts_with("no staged file is refused; "), "{output}");
    assert!(!repo.exists(".claude_sessions") && repo.read(".git/info/exclude") == before);
    assert_eq!(repo.git("status --porcelain").success(), "A  main.py\n");
    repo.assert_no_lock();
}

#[test]
fn production_code_stays_staged() {
    let repo = Repo::new();
    repo.stage("backend/app/main.py").stage(SCRIPT);
    stowed(repo.guard("stow"));
    assert_eq!(repo.git("status --porcelain").success(), "A  backend/app/main.py\n");
    repo.assert_settled();
}

#[test]
fn a_taken_name_gets_a_number() {
    let repo = Repo::new();
    repo.write(STOWED, "one\n").write(AGAIN, "two\n").write(SCRIPT, "three\n").write("debug_it.py", "four\n");
    repo.git("add -f backend debug_it.py").success();
    stowed(repo.guard("stow"));
    let read = |number: &str| repo.read(&format!(".claude_sessions/debugging/debug_it{number}.py"));
    assert_eq!([read(""), read("-2"), read("-3"), read("-4")], ["one\n", "two\n", "three\n", "four\n"]);
    repo.assert_settled();
}

#[test]
fn a_name_of_a_directory_or_a_special_file_is_taken() {
    for take in ["mkdir", "ln -s nowhere", "mkfifo"] {
        let repo = Repo::new();
        repo.write(SCRIPT, "x\n").git("add -A").success();
        repo.shell(&format!("mkdir -p .claude_sessions/debugging && {take} {STOWED}")).success();
        stowed(repo.guard("stow"));
        assert_eq!(repo.read(AGAIN), "x\n", "{take}");
        repo.assert_settled();
    }
}

#[test]
fn the_longest_name_is_shortened_for_its_number() {
    let repo = Repo::new();
    let name = format!("debug_{}.py", "x".repeat(246));
    repo.write(&name, "one\n").git("add -A").success();
    stowed(repo.guard("stow"));
    repo.write(&name, "two\n").git("add -A").success();
    stowed(repo.guard("stow"));
    let stowed = fs::read_dir(repo.path(".claude_sessions/debugging")).unwrap().count();
    assert_eq!(stowed, 2);
    repo.assert_settled();
}

#[test]
fn a_file_that_changed_after_staging_keeps_both_versions() {
    let repo = Repo::new();
    repo.write(SCRIPT, "staged\n").git("add -A").success();
    repo.write(SCRIPT, "changed\n");
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(STOWED), repo.read(AGAIN)), ("changed\n".to_owned(), "staged\n".to_owned()));
    repo.assert_settled();
}

#[test]
fn a_file_that_was_deleted_after_staging_is_copied_from_the_index() {
    let repo = Repo::new();
    repo.write(SCRIPT, "staged\n").git("add -A").success();
    make_executable(&repo.path(SCRIPT));
    repo.git("add -A").success();
    fs::remove_dir_all(repo.path("backend")).unwrap();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(STOWED), "staged\n");
    assert_eq!(fs::metadata(repo.path(STOWED)).unwrap().permissions().mode() & 0o111, 0o111);
    repo.assert_settled();
}

#[test]
fn a_file_that_a_directory_replaced_is_copied_from_the_index() {
    let repo = Repo::new();
    repo.write("debug_it.py", "staged\n").git("add -A").success();
    fs::remove_file(repo.path("debug_it.py")).unwrap();
    repo.write("debug_it.py/inside", "other\n");
    stowed(repo.guard("stow"));
    assert_eq!(
        (repo.read(STOWED).as_str(), repo.read("debug_it.py/inside").as_str()),
        ("staged\n", "other\n")
    );
}

#[test]
fn a_file_behind_a_symlink_is_not_touched() {
    let repo = Repo::new();
    repo.write(SCRIPT, "staged\n").git("add -A").success();
    fs::remove_dir_all(repo.path("backend")).unwrap();
    repo.sibling("elsewhere").write("debug_it.py", "another's\n");
    symlink("../elsewhere", repo.path("backend")).unwrap();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(STOWED), "staged\n");
    assert_eq!(repo.read("../elsewhere/debug_it.py"), "another's\n");
}

#[test]
fn a_partly_staged_file_keeps_both_versions() {
    let repo = Repo::new();
    repo.write(SCRIPT, "one\n").git("add -A").success();
    repo.write(SCRIPT, "one\ntwo\n");
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(STOWED).as_str(), repo.read(AGAIN).as_str()), ("one\ntwo\n", "one\n"));
    repo.assert_settled();
}

#[test]
fn a_symlink_moves_as_a_symlink() {
    for (target, is_gone) in [("../somewhere", false), ("/", false), ("../somewhere", true)] {
        let repo = Repo::new();
        fs::create_dir(repo.path("backend")).unwrap();
        symlink(target, repo.path(SCRIPT)).unwrap();
        repo.git("add -A").success();
        if is_gone {
            fs::remove_file(repo.path(SCRIPT)).unwrap();
        }
        stowed(repo.guard("stow"));
        assert_eq!(fs::read_link(repo.path(STOWED)).unwrap(), Path::new(target));
        assert!(!repo.exists(AGAIN));
        repo.assert_settled();
    }
}

#[test]
fn the_executable_bit_is_kept() {
    let repo = Repo::new();
    repo.write(SCRIPT, "x\n").write("debug_plain.py", "x\n");
    make_executable(&repo.path(SCRIPT));
    repo.git("add -A").success();
    stowed(repo.guard("stow"));
    let mode = |path: &str| fs::metadata(repo.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(STOWED), mode(".claude_sessions/debugging/debug_plain.py")), (0o755, 0o644));
    repo.assert_settled();
}

#[test]
fn a_changed_executable_bit_counts_if_git_respects_it() {
    for (file_mode, is_copied) in [("true", true), ("false", false)] {
        let repo = Repo::new();
        repo.git(&format!("config core.fileMode {file_mode}")).success();
        repo.write(SCRIPT, "x\n").git("add -A").success();
        make_executable(&repo.path(SCRIPT));
        stowed(repo.guard("stow"));
        assert_eq!(repo.exists(AGAIN), is_copied);
        repo.assert_settled();
    }
}

#[test]
fn stow_moves_a_thousand_files() {
    let repo = Repo::new();
    for number in 0..1000 {
        repo.write(format!("backend/scratch/{}/debug_{number}.py", number % 7), &format!("{number}\n"));
    }
    repo.git("add -A").success();
    repo.shell("rm -r backend/scratch/3").success();
    stowed(repo.guard("stow"));
    for number in 0..1000 {
        let path = format!(".claude_sessions/exploration/debug_{number}.py");
        assert_eq!(repo.read(&path), format!("{number}\n"));
    }
    assert!(!repo.exists("backend"));
    repo.assert_settled();
}

#[test]
fn stow_moves_files_with_unusual_names() {
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
        repo.git_args(arguments).success();
        for name in names {
            repo.write(bytes(name), "staged\n");
        }
        repo.git("add -A").success();
        repo.git("rm -q -f --cached \"debug_q.py").code(0);
        for name in names {
            repo.write(bytes(name), "changed\n");
        }
        repo.git("add -A").success();
        stowed(repo.guard("stow"));
        for name in names.iter().filter(|name| name.starts_with(b"debug_")) {
            let path = [b".claude_sessions/debugging/", *name].concat();
            assert_eq!(fs::read_to_string(repo.path(bytes(&path))).unwrap(), "changed\n");
        }
    }
}

#[test]
fn a_mode_that_git_ignores_is_no_difference() {
    let repo = Repo::new();
    repo.write(SCRIPT, "x\n").git("add -A").success();
    repo.git_args(&["update-index", "--chmod=+x", SCRIPT]).success();
    repo.git("config core.fileMode false").success();
    stowed(repo.guard("stow"));
    assert!(repo.exists(STOWED) && !repo.exists(AGAIN));
    repo.assert_settled();
}

#[test]
fn a_name_may_end_in_a_carriage_return() {
    let repo = Repo::new();
    repo.write("Icon\r", "icon\n").write("Icon", "other\n").write(".claude_sessions/Icon\r", "staged\n");
    repo.write(".claude_sessions/Icon", "staged\n").git("add -f .claude_sessions").success();
    repo.write(".claude_sessions/Icon\r", "changed\n");
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(".claude_sessions/Icon\r"), "changed\n");
    assert_eq!(repo.read(".claude_sessions/Icon\r-2"), "staged\n");
}

#[test]
fn thousands_of_files_may_have_one_name() {
    let repo = Repo::new();
    for number in 0..2000 {
        repo.write(format!("{number}/scratch/run.py"), &format!("{number}\n"));
    }
    repo.git("add -A").success();
    stowed(repo.guard("stow"));
    assert!(repo.exists(".claude_sessions/exploration/run-2000.py"));
    repo.assert_settled();
}
