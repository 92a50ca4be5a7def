//! Programs that get a signal while they run.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{Repo, Run};

/// A program that leads its own process group, with a standard input that stays open.
pub(crate) struct Running {
    child: Child,
}

impl Repo {
    /// Starts a line of shell. If it begins with `exec`, signals reach the program that it names.
    ///
    /// A shell without job control starts a program in the background with some signals ignored.
    pub(crate) fn start(&self, line: &str) -> Running {
        let mut command = self.command("sh");
        command.args(["-c", line]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running { child: command.spawn().unwrap() }
    }
}

impl Running {
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Sends the program a signal, unless it has ended.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if !self.has_ended() {
            kill_process(Pid::from_child(&self.child), signal).unwrap();
        }
    }

    /// Waits for the program. The exit code after a signal is that of a shell: 128 and its number.
    pub(crate) fn wait(self) -> Run {
        let output = self.child.wait_with_output().unwrap();
        Run {
            code: output.status.code().or(output.status.signal().map(|signal| 128 + signal)).unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
