//! Running a hook that was there before ours.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use rustix::io::Errno;

/// The hook that was there before cannot be run.
#[derive(Debug, thiserror::Error)]
#[error("could not run `{}`, the hook that was here before: mend it, or remove it", .path.display())]
pub struct Error {
    path: PathBuf,
    source: io::Error,
}

impl Error {
    /// Returns what to do about the error.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        None
    }
}

/// Runs the hook at `path` as git would, in this environment, with these arguments.
/// Its standard input is `input`, where git's was read already; else git's. Gives
/// what a shell calls the exit status.
///
/// # Errors
///
/// It cannot be started.
pub fn run(path: &Path, arguments: &[OsString], input: Option<&[u8]>) -> Result<u8, Error> {
    let mut hook = Command::new(path);
    hook.args(arguments);
    let status = fed(hook, input).or_else(|error| {
        // git takes a hook without a `#!` for a shell script.
        if error.raw_os_error() != Some(Errno::NOEXEC.raw_os_error()) {
            return Err(error);
        }
        let mut shell = Command::new("sh");
        shell.arg(path).args(arguments);
        fed(shell, input)
    });
    let status = status.map_err(|source| Error { path: path.to_owned(), source })?;
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    Ok(u8::try_from(code).unwrap_or(u8::MAX))
}

fn fed(mut hook: Command, input: Option<&[u8]>) -> io::Result<ExitStatus> {
    let Some(input) = input else { return hook.status() };
    let mut child = hook.stdin(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    thread::scope(|scope| {
        if let Some(mut stdin) = stdin {
            // A hook need not read its input.
            scope.spawn(move || stdin.write_all(input));
        }
        child.wait()
    })
}
