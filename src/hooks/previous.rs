//! Runs the previous hook, which was there before `install`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use rustix::io::Errno;

use super::{Error, Manager};
use crate::signals;

/// A hook that was there before `install` and is backed up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PreviousHook {
    /// The path of the backup.
    pub path: PathBuf,
    /// Whether the hook of stage-guard runs it. Like git, it runs only executable files.
    pub runs: bool,
    /// The manager that owns it, if known.
    pub manager: Option<Manager>,
}

impl PreviousHook {
    /// Runs the hook at `path` as git would, and returns its exit status as a shell does.
    ///
    /// It runs in `directory`, to which `path` may be relative. Its standard input is `input`, or
    /// is inherited if that is `None`.
    ///
    /// # Errors
    ///
    /// The hook cannot be started.
    pub(crate) fn run(
        path: &Path,
        arguments: &[OsString],
        directory: &Path,
        input: Option<&[u8]>,
    ) -> Result<u8, Error> {
        let mut hook = Command::new(path);
        hook.args(arguments).current_dir(directory);
        let status = run_with_input(hook, input).or_else(|error| {
            // git runs a hook without a `#!` line with the shell.
            if error.raw_os_error() != Some(Errno::NOEXEC.raw_os_error()) {
                return Err(error);
            }
            let mut shell = Command::new("sh");
            shell.arg(path).args(arguments).current_dir(directory);
            run_with_input(shell, input)
        });
        let status = status.map_err(|source| Error::RunPrevious { path: path.to_owned(), source })?;
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
        Ok(u8::try_from(code).unwrap_or(u8::MAX))
    }
}

fn run_with_input(mut hook: Command, input: Option<&[u8]>) -> io::Result<ExitStatus> {
    if input.is_some() {
        hook.stdin(Stdio::piped());
    }
    let (mut child, _registration) = signals::spawn(&mut hook)?;
    let stdin = child.stdin.take();
    thread::scope(|scope| {
        if let Some((mut stdin, input)) = stdin.zip(input) {
            // A write error is not a failure: a hook need not read its input.
            scope.spawn(move || stdin.write_all(input));
        }
        child.wait()
    })
}
