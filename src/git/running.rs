//! A git process whose output is read while it runs.

use std::io::Read;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};

use bstr::ByteSlice;

use super::{Cause, Error};
use crate::signals::{self, Registration};

/// A running git. It is killed if this is dropped before it ends.
#[derive(Debug)]
pub(super) struct RunningGit {
    git: Child,
    _registration: Registration,
    /// A thread that reads standard error, so that a full pipe does not block git.
    stderr: Option<JoinHandle<Vec<u8>>>,
}

impl RunningGit {
    /// Starts `command`, and returns it with its standard input and output.
    pub(super) fn spawn(mut command: Command) -> Result<(Self, ChildStdin, ChildStdout), Error> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut git, registration) = signals::spawn(&mut command).map_err(Error::RunGit)?;
        let (Some(stdin), Some(stdout), Some(mut stderr)) =
            (git.stdin.take(), git.stdout.take(), git.stderr.take())
        else {
            unreachable!("all three are piped")
        };
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            text
        });
        Ok((Self { git, _registration: registration, stderr: Some(stderr) }, stdin, stdout))
    }

    /// Waits until git exits. Returns the message that git printed if it failed.
    pub(super) fn finish(&mut self) -> Result<(), Cause> {
        let status = self.git.wait().map_err(|error| Cause::new(error.to_string()))?;
        if status.success() {
            return Ok(());
        }
        Err(self.error_output().unwrap_or_else(|| Cause::new(status.to_string())))
    }

    /// Kills git after unexpected output and returns its message on standard error.
    pub(super) fn abort(&mut self) -> Option<Cause> {
        let _ = self.git.kill();
        let _ = self.git.wait();
        self.error_output()
    }

    fn error_output(&mut self) -> Option<Cause> {
        let stderr = self.stderr.take()?.join().ok()?;
        let text = stderr.trim_ascii().to_str_lossy();
        (!text.is_empty()).then(|| Cause::new(text.into_owned()))
    }
}

impl Drop for RunningGit {
    fn drop(&mut self) {
        let _ = self.git.kill();
        let _ = self.git.wait();
    }
}
