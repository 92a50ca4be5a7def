//! A signal ends every command at once, and with it the programs that the command runs.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::sandbox::{BINARY, Repo, Run};

/// A program that never ends, with a child that never ends. It writes both process ids to `pids`.
fn endless(repo: &Repo) -> String {
    let pids = repo.sibling("pids").dir;
    format!("#!/bin/sh\necho $$ >>{0}\nsh -c 'echo $$ >>{0}; exec sleep 60'\n:\n", pids.display())
}

/// Waits until `condition` holds, for at most `seconds`.
fn wait_until(seconds: u64, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() && start.elapsed() < Duration::from_secs(seconds) {
        sleep(Duration::from_millis(10));
    }
}

/// Whether a process lives. One that ended may stay a zombie until its new parent waits for it.
fn lives(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|state| !state.contains(") Z"))
}

/// Sends `signal` to the command when it has started an [`endless`] program.
///
/// Asserts that the command and the program end.
#[track_caller]
fn assert_ends(repo: &Repo, command: &str, signal: Signal) -> Run {
    let file = repo.sibling("pids").dir;
    let pids = || fs::read_to_string(&file).unwrap_or_default();
    let mut running = repo.start(&format!("exec {command}"));
    wait_until(20, || pids().lines().count() == 2 || running.has_ended());
    running.signal(signal);
    wait_until(20, || running.has_ended());
    running.signal(Signal::KILL);
    wait_until(1, || !pids().lines().any(lives));
    let living: Vec<String> = pids().lines().filter(|pid| lives(pid)).map(str::to_owned).collect();
    repo.shell(&format!("kill -9 {} 2>/dev/null || true", living.join(" "))).silent();
    let run = running.wait();
    assert!(living.is_empty(), "{command}: {living:?} live: {run:?}");
    assert!(fs::remove_file(file).is_ok(), "{command} runs no program: {run:?}");
    run
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
            format!("x {id} x {id}\n")
        } else {
            format!("{0} {id} refs/heads/x\n", "0".repeat(40))
        };
        repo.write("../input", &input);
        let run = assert_ends(&repo, &format!("{BINARY} {command} <../input"), Signal::TERM);
        // A stow or doctor undoes first what it did.
        assert!(matches!(run.code, 143 | 2), "{command}: {run:?}");
    }
    assert_eq!(assert_ends(&repo, &format!("{BINARY} doctor"), Signal::QUIT).code, 2);
}

#[test]
fn each_signal_ends_the_check() {
    let repo = Repo::new();
    let bin = repo.sibling("bin");
    bin.program("git", &endless(&repo));
    let repo = repo.env("GIT_CEILING_DIRECTORIES", "/nowhere");
    let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
    let repo = repo.env("PATH", path);
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let run = assert_ends(&repo, BINARY, signal);
        assert_eq!(run.code, 128 + signal.as_raw(), "{signal:?}: {run:?}");
    }
}

#[test]
fn a_signal_ends_the_previous_hook() {
    let repo = Repo::new();
    repo.program("previous", &endless(&repo));
    for hook in ["pre-commit", "pre-push"] {
        let run =
            assert_ends(&repo, &format!("{BINARY} hook --then ./previous {hook} </dev/null"), Signal::TERM);
        assert_eq!(run.code, 143, "{hook}: {run:?}");
    }
}

#[test]
fn a_signal_ends_a_command_that_waits_for_input() {
    let repo = Repo::new();
    for command in ["hook pre-push", "hook pre-receive", "agent", "explain --stdin"] {
        let mut running = repo.start(&format!("exec {BINARY} {command}"));
        sleep(Duration::from_millis(300));
        running.signal(Signal::TERM);
        let run = running.wait();
        assert_eq!(run.code, 143, "{command}: {run:?}");
    }
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let repo = Repo::new();
    repo.program("previous", "#!/bin/sh\nsleep 0.5\n");
    let mut running = repo.start(&format!("trap '' HUP; exec {BINARY} hook --then ./previous pre-commit"));
    sleep(Duration::from_millis(200));
    running.signal(Signal::HUP);
    running.wait().code(0);
}
