//! The reports of `stow`, its undo, and its JSON document.

use std::fs;
use std::os::unix::fs::symlink;

use super::{AGAIN, NOTE, SCRIPT, STOWED, stowed, with_committed_script};
use crate::sandbox::{BINARY, Repo, bytes};

#[test]
fn a_dry_run_reports_the_same_and_changes_nothing() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n")
        .write("debug_two.py", "2")
        .write("debug_it.py", "3")
        .git("add -A")
        .success();
    repo.write(SCRIPT, "changed\n").stage(NOTE);
    let state = || repo.shell("find . -type f | LC_ALL=C sort | xargs -d '\\n' sha1sum; find .").success();
    let before = state();
    let output = stowed(repo.guard("stow --dry-run"));
    assert_eq!(state(), before);
    let done = stowed(repo.guard("stow"));
    let as_done = output
        .replace("would stow:", "stowed:")
        .replace("would unstage:", "unstaged:")
        .replace("would ignore:", "ignored:");
    assert_eq!(
        done.lines().filter(|line| !line.starts_with("undo:")).collect::<Vec<_>>(),
        as_done.lines().collect::<Vec<_>>()
    );
    repo.assert_settled();
}

/// Returns the state of the index and the worktree.
fn state(repo: &Repo) -> [String; 4] {
    [
        repo.git("ls-files -s").success(),
        repo.git("diff").success(),
        repo.git("diff --cached").success(),
        repo.git("diff --name-status").success(),
    ]
}

/// Returns the command of the `undo:` line.
fn undo(output: &str) -> &str {
    output.lines().find_map(|line| line.strip_prefix("undo: ")).unwrap()
}

#[test]
fn the_undo_command_undoes_it() {
    let repo = with_committed_script();
    repo.write("backend/app/main.py", "main\n").write("debug_lost.py", "old\n").git("add -A").success();
    repo.git("commit -q --no-verify -m more").success();
    repo.write(SCRIPT, "staged\n").write("debug_lost.py", "staged\n");
    repo.write("-debug/debug/debug_it.py", "odd\n").write("check_'it' $x.py", "q\n");
    repo.write(".stage-guard.toml", "[production]\nroots = [\"-debug/*\"]\n");
    repo.write("debug_partly.py", "one\n").write("debug_gone.py", "gone\n");
    repo.write("debug_\n\u{202e}.py", "hostile\n").write(".Claude_Sessions/x", "x\n");
    symlink("x", repo.path("debug_link.py")).unwrap();
    repo.git("add -A").success();
    repo.stage(NOTE).write("debug_partly.py", "one\ntwo\n");
    fs::remove_file(repo.path("debug_gone.py")).unwrap();
    fs::remove_file(repo.path("debug_lost.py")).unwrap();
    repo.git("mv backend/app/main.py debug_main.py").success();
    let before = state(&repo);
    for within in [repo.child("."), repo.in_dir("deep/down")] {
        let out = stowed(within.guard("stow"));
        repo.check().silent();
        let output = within.shell(undo(&out)).success();
        assert_eq!(
            output, "undone: 12 files are as before the stow, in the worktree and in the index\n",
            "{out}"
        );
        assert_eq!(state(&repo), before);
    }
}

#[test]
fn a_stow_of_named_files_can_be_undone() {
    let repo = with_committed_script();
    repo.commit_unchecked(&[NOTE]);
    repo.write("untracked", "u\n");
    repo.write("debug_new.py", "n\n").git("add debug_new.py").success();
    for arguments in [
        &["stow", SCRIPT, NOTE, "untracked", "debug_new.py"][..],
        &["stow", "--changes", SCRIPT],
        &["stow", "."],
    ] {
        repo.write(SCRIPT, "changed\n");
        let before = (state(&repo), repo.git("status --porcelain").success());
        let out = stowed(repo.guard_args(arguments));
        repo.shell(undo(&out)).success();
        assert_eq!((state(&repo), repo.git("status --porcelain").success()), before, "{out}");
    }
}

#[test]
fn a_stow_of_a_thousand_files_can_be_undone() {
    let repo = Repo::new();
    for number in 0..1000 {
        repo.write(format!("scratch/{}/{number}.py", number % 7), &format!("{number}\n"));
    }
    repo.git("add -A").success();
    let before = state(&repo);
    let out = stowed(repo.guard("stow"));
    assert!(out.contains("\nand 900 more\n"), "{out}");
    repo.shell(undo(&out)).success();
    assert_eq!(state(&repo), before);
}

#[test]
fn undo_changes_nothing_if_a_path_has_changed() {
    for (change, words) in [
        ("echo mine > debug_new.py", "`debug_new.py` has changed since, or something is in its place"),
        ("ln -s nowhere debug_new.py", "`debug_new.py` has changed since, or something is in its place"),
        ("echo mine > scratch", "`scratch/x.py` has changed since, or something is in its place"),
        ("ln -s ../elsewhere scratch", "`scratch/x.py` has changed since, or something is in its place"),
        ("echo mine > backend/debug_it.py", "`backend/debug_it.py` has changed since"),
        (
            "echo mine > backend/debug_it.py; git add -A",
            "`backend/debug_it.py` has changed in the index since",
        ),
        (
            "echo mine > backend/debug_it.py; git rm -q --cached backend/debug_it.py",
            "has changed in the index since",
        ),
        (
            "echo mine > backend/debug_it.py; git update-index --assume-unchanged backend/debug_it.py",
            "has changed since",
        ),
        ("git rm -q backend/debug_it.py", "has changed in the index since"),
        (
            "echo mine > lib/old.py; git rm -q --cached lib/old.py",
            "`lib/old.py` has changed in the index since",
        ),
        (
            "git add -f -N debug_new.py; echo > debug_new.py; git add debug_new.py",
            "`debug_new.py` has changed in the index",
        ),
        ("rm .claude_sessions/debugging/debug_new.py", "`debug_new.py` is no longer where it was put"),
        ("echo x > .git/index.lock", "index.lock` exists"),
    ] {
        let repo = with_committed_script();
        repo.in_dir("../elsewhere");
        repo.write("lib/old.py", "1\n2\n3\n").git("add -A").success();
        repo.commit().success();
        repo.git("mv lib/old.py check_old.py").success();
        repo.write(SCRIPT, "changed\n").write("debug_new.py", "new\n").write("scratch/x.py", "x\n");
        repo.git("add -A").success();
        let out = stowed(repo.guard("stow"));
        let changed = repo.shell(change);
        let files = || {
            repo.shell("find . -name .git -prune -o -type f -exec sha1sum {} + | sort; git ls-files -s")
                .success()
        };
        let before = files();
        let run = repo.shell(undo(&out));
        assert!(run.code == 2 && run.err.contains(words), "{words}: {changed:?} {run:?}");
        assert_eq!(files(), before, "{words}");
    }
}

#[test]
fn an_undo_that_fails_is_rolled_back() {
    let git = Repo::uncreated().sibling(".").shell("command -v git").success();
    for (fault, nths) in [("exit 1", 1..12), ("kill -TERM $PPID", 1..12)] {
        for nth in nths {
            let repo = with_committed_script();
            repo.write(SCRIPT, "changed\n").write("debug_new.py", "new\n").git("add -A").success();
            let staged = state(&repo);
            let out = stowed(repo.guard("stow"));
            let after = state(&repo);
            let bin = repo.sibling("bin");
            let script = format!(
                "#!/bin/sh\necho >>{bin}/count\n[ $(wc -l <{bin}/count) -ne {nth} ] || {{ {fault}; }}\nexec {git} \"$@\"\n",
                bin = bin.dir.display(),
                git = git.trim(),
            );
            bin.program("git", &script);
            let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
            let run = repo.env("PATH", path).shell(undo(&out));
            repo.assert_no_lock();
            if run.code == 0 {
                assert_eq!(state(&repo), staged, "{fault} {nth}");
            } else {
                assert_eq!((run.code, state(&repo)), (2, after), "{fault} {nth} {run:?}");
                repo.shell(undo(&out)).success();
                assert_eq!(state(&repo), staged, "{fault} {nth}");
            }
        }
    }
}

#[test]
fn only_the_last_stow_can_be_undone() {
    let repo = Repo::new();
    repo.guard("stow --undo").fails_with("there is no stow to undo");
    repo.stage("debug_a.py");
    stowed(repo.guard("stow"));
    // A stow that does nothing or fails is not recorded.
    repo.guard("stow").success();
    repo.stage(SCRIPT).write(".git/index.lock", "");
    repo.guard("stow").fails_with("index.lock` exists");
    fs::remove_file(repo.path(".git/index.lock")).unwrap();
    repo.guard("stow --undo").success();
    assert_eq!(repo.git("diff --cached --name-only").success(), "backend/debug_it.py\ndebug_a.py\n");
    repo.guard("stow --undo").fails_with("there is no stow to undo");
    for arguments in ["--undo x", "--undo --changes", "--undo --dry-run", "--undo --format json"] {
        repo.guard(&format!("stow {arguments}")).fails_with("cannot be used with");
    }
}

#[test]
fn undo_refuses_another_index() {
    let repo = Repo::new();
    let other = repo.env("GIT_INDEX_FILE", ".git/other-index");
    other.git("read-tree HEAD").success();
    other.stage(SCRIPT);
    let before = other.git("ls-files -s").success();
    stowed(other.guard("stow"));
    repo.guard("stow --undo").fails_with("other-index`\nhelp: name that index with `GIT_INDEX_FILE`");
    other.guard("stow --undo").success();
    assert_eq!(other.git("ls-files -s").success(), before);
}

#[test]
fn json_is_one_document() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").write("debug_new.py", "x\n").git("add -A").success();
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
fn quiet_prints_one_line_or_none() {
    let repo = Repo::new();
    repo.stage(SCRIPT).stage("check_it.py");
    assert_eq!(stowed(repo.guard("stow -q --dry-run")), "2 would be stowed\n");
    assert_eq!(stowed(repo.guard("stow -q")), "2 stowed\n");
    repo.guard("stow -q").silent();
}

#[test]
fn a_report_that_cannot_be_printed_is_no_failure_of_what_is_done() {
    let repo = Repo::new();
    repo.stage(SCRIPT);
    for (arguments, code, words) in [
        ("stow --dry-run", 2, "stage-guard: cannot print the report: "),
        ("stow", 0, "stage-guard: done, but cannot print the report: "),
        ("stow --undo", 0, "stage-guard: done, but cannot print the report: "),
        ("stow --format json", 0, "stage-guard: done, but cannot print the report: "),
        ("stow", 2, "stage-guard: cannot print the report: "),
    ] {
        let run = repo.shell(&format!("{BINARY} {arguments} >/dev/full"));
        assert!(run.code == code && run.err.starts_with(words), "{arguments} {run:?}");
    }
    assert!(repo.exists(STOWED));
}

#[test]
fn stow_names_deletions_that_stay_in_the_index() {
    let repo = Repo::new();
    repo.write("prod.py", "1\n2\n3\n").write("kept.py", &"a\n".repeat(50)).git("add -A").success();
    repo.commit().silent();
    repo.git("mv prod.py debug_prod.py").success();
    repo.git("mv kept.py moved.py").success();
    repo.write("debug_prod.py", "new\n").git("add -A").success();
    let out = stowed(repo.guard("stow"));
    assert_eq!(out.matches("note: ").count(), 1, "{out}");
    assert!(out.contains("note: prod.py stays deleted in the index\n"), "{out}");
    repo.stage(NOTE);
    assert!(!stowed(repo.guard("stow")).contains("note: "));
}

#[test]
fn undo_follows_no_symlink_and_expands_no_pattern() {
    let repo = Repo::new();
    repo.write("src/k", "k\n");
    symlink("src", repo.path("debug_x.py")).unwrap();
    repo.write("a*.py", "1\n2\n3\n").write("ab.py", "4\n5\n6\n").git("add -A").success();
    repo.git("commit -q --no-verify -m old").success();
    fs::remove_file(repo.path("debug_x.py")).unwrap();
    repo.write("debug_x.py", "new\n").git("add -A").success();
    repo.git_args(&["mv", "a*.py", "debug_[ab].py"]).success();
    repo.write("debug_a.py", "not staged\n");
    let before = (state(&repo), repo.git("status --porcelain").success());
    let out = stowed(repo.guard("stow"));
    repo.shell(undo(&out)).success();
    assert_eq!((state(&repo), repo.git("status --porcelain").success()), before);
    assert!(!repo.exists("src/debug_x.py"));
}

#[test]
fn undo_moves_a_repository_back() {
    let repo = Repo::new();
    let inner = repo.in_dir("debug_m.py");
    inner.git("init -q").success();
    inner.write("x", "1\n").git("add x").success();
    inner.commit().success();
    repo.shell("git add -A 2>/dev/null").success();
    repo.git("commit -q --no-verify -m old").success();
    inner.write("x", "2\n").git("commit -q -a -m x").success();
    repo.git("add -A").success();
    let before = repo.git("ls-files -s").success();
    let out = stowed(repo.guard("stow"));
    assert!(repo.exists(".claude_sessions/debugging/debug_m.py/.git"), "{out}");
    repo.shell(undo(&out)).success();
    assert_eq!(repo.git("ls-files -s").success(), before);
    assert_eq!(repo.read("debug_m.py/x"), "2\n");
}

#[test]
fn undo_uses_the_repository_of_the_environment() {
    let repo = Repo::new();
    repo.stage(SCRIPT);
    let before = repo.git("ls-files -s").success();
    let within = repo.in_dir("deep").env("GIT_DIR", "../.git").env("GIT_WORK_TREE", "..");
    let out = stowed(within.guard("stow"));
    within.shell(undo(&out)).success();
    assert_eq!(repo.git("ls-files -s").success(), before);
}
