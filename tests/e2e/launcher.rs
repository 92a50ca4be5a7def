//! The launcher of the npm package, run by Node.js.

use super::sandbox::{Repo, Run};

const LAUNCHER: &str = include_str!("../../packaging/npm/stage-guard.js");
const PLATFORM: &str = "$(node -p 'process.platform + \"-\" + process.arch')";

/// Returns a directory with the launcher and, for this platform, a program that is this script.
fn with_program(script: &str) -> Repo {
    let home = Repo::home();
    home.write("node_modules/stage-guard/stage-guard.js", LAUNCHER);
    home.program("program", &format!("#!/bin/sh\n{script}\n"));
    let program = format!("node_modules/stage-guard-{PLATFORM}/bin");
    home.shell(&format!("mkdir -p {program} && mv program {program}/stage-guard")).silent();
    home
}

fn launch(home: &Repo, line: &str) -> Run {
    home.shell(&line.replace("stage-guard", "node node_modules/stage-guard/stage-guard.js"))
}

#[test]
fn the_launcher_passes_arguments_streams_and_the_exit_code() {
    let home = with_program("printf '<%s>' \"$@\"; cat; echo error >&2; exit 7");
    let run = launch(&home, "echo input | stage-guard 'a b' --x '' é");
    assert_eq!((run.code, run.out.as_str()), (7, "<a b><--x><><é>input\n"), "{run:?}");
    assert_eq!(run.err, "error\n");
}

#[test]
fn the_launcher_passes_signals_in_both_directions() {
    let home = with_program(
        "trap 'echo stopped; exit 9' TERM; touch started; for _ in $(seq 50); do sleep 0.1; done",
    );
    let stop = "stage-guard & while [ ! -e started ]; do sleep 0.1; done; kill -TERM $!; wait $!";
    let run = launch(&home, stop);
    assert_eq!((run.code, run.out.as_str()), (9, "stopped\n"), "{run:?}");
    for (signal, code) in [("HUP", 129), ("INT", 130), ("TERM", 143), ("KILL", 137)] {
        let run = launch(&with_program(&format!("kill -{signal} $$")), "stage-guard; exit $?");
        assert_eq!(run.code, code, "{signal}: {run:?}");
    }
}

#[test]
fn an_interrupt_of_the_terminal_lets_the_program_finish() {
    let home = with_program("trap '' INT; touch started; sleep 1; echo finished; exit 3");
    // A shell that starts a program in the background ignores the signal for it.
    let line = "set -m; stage-guard & while [ ! -e started ]; do sleep 0.1; done; kill -INT -- -$!; wait $!";
    let run = launch(&home, line);
    assert_eq!((run.code, run.out.as_str()), (3, "finished\n"), "{run:?}");
}

#[test]
fn a_program_that_is_missing_or_does_not_start_is_an_error() {
    let home = with_program("exit 0");
    for (line, message, help) in [
        ("chmod 644 node_modules/*/bin/stage-guard", "cannot run ", "install stage-guard again"),
        ("rm -r node_modules/stage-guard-*", "the package stage-guard-", "install stage-guard-"),
    ] {
        home.shell(line).silent();
        let run = launch(&home, "stage-guard");
        assert!(run.code == 2 && run.out.is_empty(), "{run:?}");
        let (first, second) = run.err.split_once('\n').unwrap();
        assert!(first.starts_with(&format!("stage-guard: {message}")), "{run:?}");
        assert!(second.starts_with(&format!("help: {help}")), "{run:?}");
    }
}
