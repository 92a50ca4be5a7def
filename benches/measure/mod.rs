//! Runs programs in an environment of their own, and times them.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const GUARD: &str = env!("CARGO_BIN_EXE_stage-guard");

/// The first word is the program: `stage-guard`, one on `PATH`, or a path from the directory.
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

/// Always a path: what has to be looked for on `PATH` is started in another way, which
/// takes longer.
fn program(directory: &Path, name: &str) -> PathBuf {
    match name {
        "stage-guard" => GUARD.into(),
        _ if name.contains('/') => directory.join(name),
        _ => {
            let places = path();
            let mut programs = env::split_paths(&places).map(|place| place.join(name));
            programs.find(|program| program.is_file()).expect("a program on PATH")
        }
    }
}

fn path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

/// Runs a line of shell that knows the guard as `$GUARD`, and times it.
pub(crate) fn shell(directory: &Path, line: &str) -> Duration {
    let mut shell = command(directory, &["sh", "-ec", line]);
    shell.env("GUARD", GUARD);
    timed(shell, 0)
}

/// What fails is not measured: it may have failed fast.
pub(crate) fn timed(mut command: Command, code: i32) -> Duration {
    let begun = Instant::now();
    let status = command.status().expect("a program that starts");
    let time = begun.elapsed();
    assert_eq!(status.code(), Some(code), "{command:?}");
    time
}

pub(crate) fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
