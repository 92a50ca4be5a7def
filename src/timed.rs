//! Running a program that may not come to an end.

use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::signals::Signals;

/// How a program ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself.
    ByItself {
        /// Its exit status; nothing where a signal ended it.
        code: Option<i32>,
        /// The beginning of what it wrote to standard output and to standard error.
        said: Vec<u8>,
    },
    /// It had not ended in time, and was killed.
    Killed,
    /// It could not be started.
    NotStarted(io::Error),
}

/// How much of what a program says is read.
const MOST: u64 = 64 * 1024;

/// How long it is between two looks at a program.
const STEP: Duration = Duration::from_millis(5);

/// Runs `command` without an input, for no longer than `limit`. It is killed with all
/// that it has started, and also when a signal comes.
///
/// # Errors
///
/// The disk refuses, or a signal came.
pub fn run(mut command: Command, limit: Duration, signals: &Signals) -> io::Result<Ended> {
    // Not a pipe: what the program leaves running would hold it open.
    let mut said = tempfile::tempfile()?;
    command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said.try_clone()?).process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(Ended::NotStarted(error)),
    };
    let end = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if signals.came() {
            kill(&mut child)?;
            return Err(io::Error::new(io::ErrorKind::Interrupted, "a signal came"));
        }
        if Instant::now() >= end {
            kill(&mut child)?;
            return Ok(Ended::Killed);
        }
        thread::sleep(STEP);
    };
    said.rewind()?;
    let mut beginning = Vec::new();
    said.take(MOST).read_to_end(&mut beginning)?;
    Ok(Ended::ByItself { code: status.code(), said: beginning })
}

/// Kills a program and all of its process group.
fn kill(child: &mut Child) -> io::Result<()> {
    kill_process_group(Pid::from_child(child), Signal::KILL)?;
    child.wait().map(drop)
}
