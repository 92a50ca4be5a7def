//! Runs a program with a time limit.

use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::signals::{self, Signals};

/// How a program finished.
#[derive(Debug)]
pub(crate) enum Finish {
    /// It exited, or a signal ended it.
    Exited {
        /// Its exit status; `None` if a signal ended it.
        code: Option<i32>,
        /// The first 64 KiB of its standard output and standard error.
        output: Vec<u8>,
    },
    /// It exceeded the time limit and was killed.
    TimedOut,
    /// It could not be started.
    SpawnFailed(io::Error),
}

/// The maximum number of bytes that are kept of a program's output.
const MAX_OUTPUT: u64 = 64 * 1024;

/// The time between two checks of a running program.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Runs `command` with an empty standard input for at most `limit`.
///
/// Its whole process group is killed when the time limit is exceeded or a signal arrives.
///
/// # Errors
///
/// Returns an error of kind `Interrupted` if a signal arrived, or the error of a system call.
pub(crate) fn run_with_timeout(
    mut command: Command,
    limit: Duration,
    signals: &Signals,
) -> io::Result<Finish> {
    // A pipe would stay open until the last background process of the program exits.
    let mut output_file = tempfile::tempfile()
        .map_err(|error| io::Error::new(error.kind(), format!("cannot make a temporary file: {error}")))?;
    command.stdin(Stdio::null()).stdout(output_file.try_clone()?).stderr(output_file.try_clone()?);
    let (mut child, _registration) = match signals::spawn(command.process_group(0)) {
        Ok(started) => started,
        Err(error) if signals.received() => return Err(error),
        Err(error) => return Ok(Finish::SpawnFailed(error)),
    };
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if signals.received() {
            kill_group(&mut child)?;
            return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted by a signal"));
        }
        if Instant::now() >= deadline {
            kill_group(&mut child)?;
            return Ok(Finish::TimedOut);
        }
        thread::sleep(POLL_INTERVAL);
    };
    output_file.rewind()?;
    let mut output = Vec::new();
    output_file.take(MAX_OUTPUT).read_to_end(&mut output)?;
    Ok(Finish::Exited { code: status.code(), output })
}

/// Kills the process group that `child` leads, and waits for `child`.
fn kill_group(child: &mut Child) -> io::Result<()> {
    kill_process_group(Pid::from_child(child), Signal::KILL)?;
    child.wait().map(drop)
}
