//! Runs and times programs in a controlled environment.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const GUARD: &str = env!("CARGO_BIN_EXE_stage-guard");

/// Creates a command from its words.
///
/// The first word is `stage-guard`, a program on `PATH`, or a path relative to `directory`.
pub(crate) fn command(directory: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program(directory, words[0]));
    command.args(&words[1..]).current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null());
    command.env_clear().env("PATH", path()).env("HOME", directory);
    for name in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{name}_NAME"), "a").env(format!("GIT_{name}_EMAIL"), "a@example.com");
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command
}

/// Returns the path of a program, so that the search on `PATH` is not measured.
fn program(directory: &Path, name: &str) -> PathBuf {
    match name {
        "stage-guard" => GUARD.into(),
        _ if name.contains('/') => directory.join(name),
        _ => {
            let directories = path();
            let mut programs = env::split_paths(&directories).map(|directory| directory.join(name));
            programs.find(|program| program.is_file()).expect("a program on PATH")
        }
    }
}

fn path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

/// Runs and times a shell script in which `$GUARD` is the path of stage-guard.
pub(crate) fn shell(directory: &Path, script: &str) -> Duration {
    let mut shell = command(directory, &["sh", "-ec", script]);
    shell.env("GUARD", GUARD);
    timed(shell, 0)
}

/// Runs and times a command, which must end with the exit code `code`.
pub(crate) fn timed(mut command: Command, code: i32) -> Duration {
    let start = Instant::now();
    let status = command.status().expect("a program that starts");
    let time = start.elapsed();
    assert_eq!(status.code(), Some(code), "{command:?}");
    time
}

pub(crate) fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
