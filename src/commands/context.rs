//! What a command runs with, besides its own arguments.

use std::error::Error;
use std::fs;
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use super::program;
use crate::cli::Config;
use crate::environment::Environment;
use crate::git::{self, History, Repository};
use crate::policy::{FILE_NAME, Policy};

/// Limit of a configuration file, in bytes.
const MAX_CONFIG_SIZE: u64 = 1 << 24;

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
pub type Ask<'a> = &'a mut dyn FnMut(&str) -> io::Result<Option<bool>>;

/// Shows a line of progress in the place of the one before. An empty line ends it.
pub type ShowProgress<'a> = &'a mut dyn FnMut(&str);

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

/// Reads the file of this name at the top of a repository, if there is one.
type ReadFile<'r> = &'r dyn Fn(&str) -> Result<Option<Vec<u8>>, git::Error>;

impl Context<'_> {
    /// Opens the repository of the current directory.
    ///
    /// It is never freed: the process ends with the command, and freeing each entry of the
    /// index is slow.
    pub(super) fn open_repository(&self) -> Result<ManuallyDrop<Repository>, git::Error> {
        Repository::open(&self.environment).map(ManuallyDrop::new)
    }

    /// Opens the history of the repository of the current directory.
    pub(super) fn open_history(&self) -> Result<History, git::Error> {
        History::open(&self.environment)
    }

    /// Returns the built-in policy, extended by `config` or by the configuration of the repository.
    ///
    /// `read` reads the latter. The policy is never freed either.
    pub(super) fn policy(
        &self,
        config: &Config,
        read: ReadFile,
    ) -> Result<ManuallyDrop<Policy>, Box<dyn Error>> {
        let built_in = Policy::built_in();
        let (name, text) = match &config.file {
            Some(file) => {
                let text = read_config(&self.environment.absolute(file))
                    .map_err(|error| git::Error::ReadFile(file.clone(), error))?;
                (file.to_string_lossy().into_owned(), text)
            }
            None => match read(FILE_NAME)? {
                Some(text) => (FILE_NAME.to_owned(), text),
                None => return Ok(ManuallyDrop::new(built_in)),
            },
        };
        Ok(ManuallyDrop::new(built_in.with_config(&name, &text)?))
    }

    /// Returns what a user types to run this program.
    pub(super) fn program(&self) -> io::Result<PathBuf> {
        program::typed_name(&self.environment)
    }
}

/// Reads a configuration, which may be a pipe, up to the limit.
fn read_config(file: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    fs::File::open(file)?.take(MAX_CONFIG_SIZE).read_to_end(&mut text)?;
    Ok(text)
}
