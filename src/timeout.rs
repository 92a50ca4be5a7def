//! Runs a program with a time limit.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bstr::ByteSlice;
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
const MAX_OUTPUT: usize = 64 * 1024;

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
    let mut output = temporary_file()?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
    let (mut child, _registration) = match signals::spawn(command.process_group(0)) {
        Ok(started) => started,
        Err(error) if signals.received() => return Err(error),
        Err(error) => return Ok(Finish::SpawnFailed(error)),
    };
    Ok(match poll(&mut child, limit, signals, || Ok(None::<()>))? {
        Polled::Exited(status) => Finish::Exited { code: status.code(), output: read_start(&mut output)? },
        Polled::Found(()) | Polled::TimedOut => Finish::TimedOut,
    })
}

/// Asks a server that `command` starts, which reads from standard input until it is closed.
///
/// Returns what `read` makes of the first line of its answer that it understands; `None` if there
/// is none within `limit`, or if the server cannot be started.
///
/// # Errors
///
/// Returns an error of kind `Interrupted` if a signal arrived, or the error of a system call.
pub(crate) fn ask<T>(
    mut command: Command,
    question: &[u8],
    read: impl Fn(&[u8]) -> Option<T>,
    limit: Duration,
    signals: &Signals,
) -> io::Result<Option<T>> {
    let mut output = temporary_file()?;
    command.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(Stdio::null());
    let (mut child, _registration) = match signals::spawn(command.process_group(0)) {
        Ok(started) => started,
        Err(error) if signals.received() => return Err(error),
        Err(_) => return Ok(None),
    };
    // Kept open: the server ends when it is closed, even before it has answered.
    let mut input = child.stdin.take();
    // A server that does not read has ended, which is noticed below.
    let _ = input.as_mut().map(|input| input.write_all(question));
    let mut find = || Ok(read_start(&mut output)?.lines().find_map(&read));
    match poll(&mut child, limit, signals, &mut find)? {
        Polled::Found(answer) => kill_group(&mut child).map(|()| Some(answer)),
        Polled::Exited(_) => find(),
        Polled::TimedOut => Ok(None),
    }
}

fn temporary_file() -> io::Result<File> {
    tempfile::tempfile()
        .map_err(|error| io::Error::new(error.kind(), format!("cannot make a temporary file: {error}")))
}

/// Reads the first [`MAX_OUTPUT`] bytes of a file.
///
/// Its position is that of the program that writes to it, so it is not used.
fn read_start(file: &mut File) -> io::Result<Vec<u8>> {
    let mut start = vec![0; MAX_OUTPUT];
    let mut length = 0;
    while length < MAX_OUTPUT {
        match file.read_at(&mut start[length..], length as u64)? {
            0 => break,
            read => length += read,
        }
    }
    start.truncate(length);
    Ok(start)
}

/// Why [`poll`] returns.
enum Polled<T> {
    Exited(ExitStatus),
    Found(T),
    TimedOut,
}

/// Waits until the child exits or `find` finds something; kills it at the time limit.
fn poll<T>(
    child: &mut Child,
    limit: Duration,
    signals: &Signals,
    mut find: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<Polled<T>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Polled::Exited(status));
        }
        if let Some(found) = find()? {
            return Ok(Polled::Found(found));
        }
        if signals.received() {
            kill_group(child)?;
            return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted by a signal"));
        }
        if Instant::now() >= deadline {
            kill_group(child)?;
            return Ok(Polled::TimedOut);
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Kills the process group that `child` leads, and waits for `child`.
fn kill_group(child: &mut Child) -> io::Result<()> {
    kill_process_group(Pid::from_child(child), Signal::KILL)?;
    child.wait().map(drop)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::ask;
    use crate::signals::Signals;

    /// Asks `sh -c SCRIPT` for a line that begins with `answer`.
    fn ask_script(script: &str) -> Option<String> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let read =
            |line: &[u8]| line.starts_with(b"answer").then(|| String::from_utf8_lossy(line).into_owned());
        ask(command, b"question\n", read, Duration::from_millis(500), &Signals::catch().unwrap()).unwrap()
    }

    #[test]
    fn a_server_is_asked_until_it_answers() {
        let start = Instant::now();
        let echo = ask_script("read x; echo other; echo answer $x; sleep 100");
        assert_eq!(echo.as_deref(), Some("answer question"));
        assert_eq!(ask_script("echo answer").as_deref(), Some("answer"));
        assert_eq!(ask_script("sleep 100"), None);
        assert_eq!(ask_script("exit 1"), None);
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
