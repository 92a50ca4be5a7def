//! What a command runs with, besides its own arguments.

use std::error::Error;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::program;
use crate::check::ShowProgress;
use crate::cli::Config;
use crate::configuration;
use crate::environment::Environment;
use crate::git::{self, History, Repository};
use crate::policy::{FILE_NAME, Policy};

/// The process as a command sees it.
pub struct Context<'a> {
    /// The current directory and the environment variables.
    pub environment: Environment,
    /// Whether to report only how many paths are refused.
    pub is_quiet: bool,
    /// Standard input.
    pub input: &'a mut dyn Read,
    /// Asks the user a question; `None` if there is nobody to ask.
    pub ask: Ask<'a>,
    /// Shows the progress of long work.
    pub show_progress: ShowProgress<'a>,
    /// The report.
    pub out: Output,
}

/// Asks the user a yes-or-no question; `None` if there is nobody to ask.
pub(crate) type Ask<'a> = &'a mut dyn FnMut(&str) -> io::Result<Option<bool>>;

/// The report of a command.
///
/// It is printed once the command has succeeded, so an error never follows half a report.
#[derive(Debug, Default)]
pub struct Output {
    /// The text so far.
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

    /// Returns the built-in policy, extended by `config` or by the configuration of the
    /// repository, which `read` reads.
    pub(super) fn policy(
        &self,
        config: &Config,
        read: impl FnOnce(&str) -> Result<Option<Vec<u8>>, git::Error>,
    ) -> Result<&'static Policy, Box<dyn Error>> {
        configuration::policy(&self.environment, config.file.as_deref(), || read(FILE_NAME))
    }

    /// Returns what a user types to run this program.
    pub(super) fn program(&self) -> io::Result<PathBuf> {
        program::typed_name(&self.environment)
    }
}
