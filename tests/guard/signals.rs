//! A signal ends every command at once, and with it the programs that the command runs.

use std::fs;

use super::sandbox::{BINARY, Repo, Run};

/// A program that never ends, with a child that never ends. It writes both process ids to `pids`.
fn endless(repo: &Repo) -> String {
    let pids = repo.sibling("pids").dir;
    format!("#!/bin/sh\necho $$ >>{0}\nsh -c 'echo $$ >>{0}; exec sleep 60'\n:\n", pids.display())
}

/// Sends `signal` to the command line `run` when it has started an [`endless`] program.
///
/// Asserts that the command and the program end.
#[track_caller]
fn assert_ends(repo: &Repo, run: &str, signal: &str) -> Run {
    let script = format!(
        "set -m; {run} & pid=$!; (sleep 20; kill -9 $pid) & timer=$!
        until [ $(cat ../pids 2>&- | wc -l) = 2 ] || ! kill -0 $pid 2>&-; do sleep 0.01; done
        kill -{signal} $pid; wait $pid; code=$?; kill -9 -$timer
        # A process that ended may stay a zombie until its new parent waits for it.
        lives() {{ grep -qs ') [^Z]' /proc/$1/stat; }}
        for child in $(cat ../pids); do
            for _ in 1 2 3 4 5 6 7 8 9; do lives $child && sleep 0.1; done
            ! lives $child || echo $child lives
        done
        exit $code"
    );
    let ended = repo.shell(&script);
    let pids_written = fs::remove_file(repo.sibling("pids").dir).is_ok();
    assert!(pids_written, "{run} runs no program: {ended:?}");
    assert!(!ended.out.contains("lives"), "{run}: {ended:?}");
    ended
}

#[test]
fn a_signal_ends_each_command_and_its_git() {
    let repo = Repo::new();
    let bin = repo.sibling("bin");
    bin.program("git", &endless(&repo));
    // With this variable, the repository is found by git alone.
    let repo = repo.env("GIT_CEILING_DIRECTORIES", "/nowhere");
    let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
    let repo = repo.env("PATH", path);
    for command in [
        "",
        "check --range A..B",
        "check --untracked",
        "explain x",
        "rules",
        "init",
        "stow",
        "stow --undo",
        "archive",
        "clean --yes",
        "install",
        "uninstall",
        "doctor",
        "hook pre-commit",
        "hook pre-push",
        "hook reference-transaction prepared",
    ] {
        let id = "1".repeat(40);
        let input = if command.contains("push") {
            format!("x {id} x {id}")
        } else {
            format!("{0} {id} refs/heads/x", "0".repeat(40))
        };
        let run = assert_ends(&repo, &format!("echo {input} | {BINARY} {command}"), "TERM");
        // A stow or doctor undoes first what it did.
        assert!(matches!(run.code, 143 | 2), "{command}: {run:?}");
    }
    assert_eq!(assert_ends(&repo, &format!("{BINARY} doctor"), "QUIT").code, 2);
}

#[test]
fn each_signal_ends_the_check() {
    let repo = Repo::new();
    let bin = repo.sibling("bin");
    bin.program("git", &endless(&repo));
    let repo = repo.env("GIT_CEILING_DIRECTORIES", "/nowhere");
    let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
    let repo = repo.env("PATH", path);
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        let run = assert_ends(&repo, BINARY, signal);
        assert_eq!(run.code, code, "{signal}: {run:?}");
    }
}

#[test]
fn a_signal_ends_the_previous_hook() {
    let repo = Repo::new();
    repo.program("previous", &endless(&repo));
    for hook in ["pre-commit", "pre-push"] {
        let run = assert_ends(&repo, &format!("{BINARY} hook --then ./previous {hook} </dev/null"), "TERM");
        assert_eq!(run.code, 143, "{hook}: {run:?}");
    }
}

#[test]
fn a_signal_ends_a_command_that_waits_for_input() {
    let repo = Repo::new();
    for command in ["hook pre-push", "hook pre-receive", "agent", "explain --stdin"] {
        let script = format!(
            "mkfifo in; exec 3<>in; set -m; {BINARY} {command} <in & pid=$!; sleep 0.3; kill -TERM $pid; wait $pid"
        );
        let run = repo.shell(&script);
        assert_eq!(run.code, 143, "{command}: {run:?}");
        fs::remove_file(repo.path("in")).unwrap();
    }
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let repo = Repo::new();
    repo.program("previous", "#!/bin/sh\nsleep 0.5\n");
    let run = repo.shell(&format!(
        "trap '' HUP; set -m; {BINARY} hook --then ./previous pre-commit & pid=$!; sleep 0.2; kill -HUP $pid; wait $pid"
    ));
    assert_eq!(run.code, 0, "{run:?}");
}
