//! Runs programs on a pseudo-terminal.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{Repo, Run};

/// The byte that ends the input of a terminal.
const END_OF_INPUT: u8 = 4;

impl Repo {
    /// Runs a line of shell on a terminal, and types `input` into it.
    ///
    /// `out` is what the terminal shows. Its lines end in `\r\n`.
    #[must_use]
    pub(crate) fn terminal(&self, line: &str, input: &str) -> Run {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = rustix::fs::open(OsStr::from_bytes(name.to_bytes()), flags, Mode::empty()).unwrap();
        let mut command = self.command("sh");
        command.args(["-c", line]);
        command.stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap()).stderr(terminal);
        let mut child = command.spawn().unwrap();
        // Closes this process's copies of the terminal. Reading ends when the child has closed its own.
        drop(command);
        let mut controller = File::from(controller);
        controller.write_all(&[input.as_bytes(), &[END_OF_INPUT]].concat()).unwrap();
        let mut shown = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match controller.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => shown.extend(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Linux returns an error if no process has the terminal open any more.
                Err(_) => break,
            }
        }
        let code = child.wait().unwrap().code().unwrap_or(-1);
        Run { code, out: String::from_utf8_lossy(&shown).into_owned(), err: String::new() }
    }
}
