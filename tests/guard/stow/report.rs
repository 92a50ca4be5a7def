//! What is said: the moves, the way back, and the same for programs.

use std::fs;
use std::os::unix::fs::symlink;

use super::{AGAIN, NOTE, SCRIPT, STOWED, stowed, with_committed_script};
use crate::sandbox::{Repo, bytes};

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
