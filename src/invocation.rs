//! How the user runs this program and git on the repository that a report is about.

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::report::escape::shell_path;

/// The words that begin the commands in a report, so that they act on the same repository.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Invocation {
    /// The name or path by which the user runs this program.
    program: PathBuf,
    /// The directory in which the user has started this program.
    started_in: PathBuf,
    /// The value of `-C`; `None` if it was not given or names the same directory.
    directory: Option<PathBuf>,
}

impl Invocation {
    /// Returns the invocation of `program` without `-C`.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self { program, started_in: PathBuf::new(), directory: None }
    }

    /// Returns the invocation of `program` with the `-C` of this environment.
    pub(crate) fn in_environment(program: PathBuf, environment: &Environment) -> Self {
        let started_in = environment.started_in().to_owned();
        Self { program, started_in, directory: environment.directory_option() }
    }

    /// Returns the program, and `-C DIR` if it was given, quoted for a shell.
    pub(crate) fn program(&self) -> String {
        shell_path(&self.program) + &self.option()
    }

    /// Returns these commands, with `-C DIR` behind each `git`.
    pub(crate) fn git(&self, commands: &str) -> String {
        commands.replace("git ", &format!("git{} ", self.option()))
    }

    /// Returns a path that is valid where the user has started this program.
    pub(crate) fn path<'p>(&self, absolute: &'p Path) -> &'p Path {
        let relative = absolute.strip_prefix(&self.started_in);
        relative.ok().filter(|path| !path.as_os_str().is_empty()).unwrap_or(absolute)
    }

    fn option(&self) -> String {
        self.directory.as_ref().map_or_else(String::new, |directory| format!(" -C {}", shell_path(directory)))
    }
}
