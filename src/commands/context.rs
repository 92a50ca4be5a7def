//! The context of a command: everything but its own arguments.

use std::error::Error;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::program;
use crate::check::ShowProgress;
use crate::cli::Config;
use crate::configuration;
use crate::environment::Environment;
use crate::git::{self, History, Repository};
use crate::invocation::Invocation;
use crate::policy::{FILE_NAME, Policy};

/// The inputs and outputs of a command.
pub struct Context<'a> {
    /// The current directory and the environment variables.
    pub environment: Environment,
    /// Whether to report only the number of refused paths.
    pub is_quiet: bool,
    /// Standard input.
    pub input: &'a mut dyn Read,
    /// Asks the user a question; `None` if there is no terminal.
    pub ask: Ask<'a>,
    /// Shows the progress of long work.
    pub show_progress: ShowProgress<'a>,
    /// The report.
    pub out: Output,
}

/// Asks the user a yes-or-no question; `None` if there is no terminal.
pub(crate) type Ask<'a> = &'a mut dyn FnMut(&str) -> io::Result<Option<bool>>;

/// The report of a command.
///
/// It is printed after the command has succeeded, so that no error follows a partial report.
#[derive(Debug, Default)]
pub struct Output {
    /// The text that is written so far.
    pub report: Vec<u8>,
    /// Whether it will be printed to a terminal.
    pub is_terminal: bool,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.report.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.report.flush()
    }
}

impl Context<'_> {
    /// Opens the repository of the current directory.
    pub(super) fn open_repository(&self) -> Result<Repository, git::Error> {
        Repository::open(&self.environment)
    }

    /// Opens the history of the repository of the current directory.
    pub(super) fn open_history(&self) -> Result<History, git::Error> {
        History::open(&self.environment)
    }

    /// Returns the policy in force: the built-in one, extended by a configuration file.
    ///
    /// The file is that of `config` or else that of the repository, which `read` reads.
    pub(super) fn policy(
        &self,
        config: &Config,
        read: impl FnOnce(&str) -> Result<Option<Vec<u8>>, git::Error>,
    ) -> Result<&'static Policy, Box<dyn Error>> {
        configuration::policy(&self.environment, config.file.as_deref(), || read(FILE_NAME))
    }

    /// Returns the name or path that a user types to run this program.
    pub(super) fn program(&self) -> io::Result<PathBuf> {
        program::typed_name(&self.environment)
    }

    /// Returns how a user runs this program and git in the current directory.
    pub(super) fn invocation(&self) -> io::Result<Invocation> {
        Ok(Invocation::in_environment(self.program()?, &self.environment))
    }
}
