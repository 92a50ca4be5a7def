//! The current directory and the environment variables, as values.
//!
//! `main` reads them once, so that a test can run a command without changing its own process.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{env, fs, io};

/// The current directory and the environment variables a command runs with.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    current_dir: PathBuf,
    /// The current directory before any `-C`.
    started_in: PathBuf,
    /// The directories of all `-C`, joined.
    directories: PathBuf,
    /// Shared, so that a clone is cheap.
    variables: Arc<BTreeMap<OsString, OsString>>,
}

/// The variables that name a repository or a part of it: `git rev-parse --local-env-vars`.
const REPOSITORY_VARIABLES: [&str; 8] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
];

impl Environment {
    /// Reads the current directory and the variables of this process.
    ///
    /// # Errors
    ///
    /// The current directory was deleted or cannot be read.
    pub fn of_process() -> io::Result<Self> {
        Ok(Self::new(env::current_dir()?, env::vars_os()))
    }

    /// Creates an environment from a directory, absolute and without symlinks, and variables.
    pub fn new(current_dir: PathBuf, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self {
            started_in: current_dir.clone(),
            directories: PathBuf::new(),
            current_dir,
            variables: Arc::new(variables.into_iter().collect()),
        }
    }

    /// Returns the current directory, absolute and without symlinks.
    #[must_use]
    pub fn current_dir(&self) -> &Path {
        &self.current_dir
    }

    /// Returns the value of a variable, which may be empty.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// Returns all variables, sorted by name.
    pub fn vars(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Returns the file that a shell would run for `program`: a path, or a name on `PATH`.
    #[must_use]
    pub(crate) fn find_program(&self, program: &Path) -> Option<PathBuf> {
        let is_program = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        if program.components().count() > 1 {
            return Some(self.current_dir.join(program)).filter(is_program);
        }
        let directories = env::split_paths(self.var("PATH").unwrap_or_default());
        directories.map(|directory| self.current_dir.join(directory).join(program)).find(is_program)
    }

    /// Changes the current directory as `git -C` does: a relative path extends the current one.
    ///
    /// # Errors
    ///
    /// `directory` does not exist, or is not a directory.
    pub fn change_dir(&mut self, directory: &Path) -> io::Result<()> {
        let absolute = fs::canonicalize(self.current_dir.join(directory))?;
        if !fs::metadata(&absolute)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        self.current_dir = absolute;
        if !directory.as_os_str().is_empty() {
            self.directories.push(directory);
        }
        Ok(())
    }

    /// Returns the current directory before the first [`change_dir`](Self::change_dir).
    pub(crate) fn started_in(&self) -> &Path {
        &self.started_in
    }

    /// Returns the path from there to the current directory; `None` if they are the same.
    pub(crate) fn directory_option(&self) -> Option<PathBuf> {
        if self.current_dir == self.started_in {
            return None;
        }
        // A name that begins with a hyphen could be taken for an option.
        let is_option = self.directories.as_os_str().as_encoded_bytes().starts_with(b"-");
        let prefix = if is_option { Path::new(".") } else { Path::new("") };
        Some(prefix.join(&self.directories))
    }

    /// Returns this environment in another directory, without variables that name a repository.
    #[must_use]
    pub(crate) fn outside_repository(&self, directory: PathBuf) -> Self {
        let is_kept = |(name, _): &(&OsStr, &OsStr)| REPOSITORY_VARIABLES.iter().all(|other| name != other);
        let variables = self.vars().filter(is_kept).map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::new(directory, variables.collect::<Vec<_>>())
    }

    /// Returns a command that runs in this directory with these variables.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.current_dir).env_clear().envs(self.vars());
        command
    }

    /// Returns the absolute form of a path that is relative to the current directory.
    pub fn absolute(&self, path: impl AsRef<Path>) -> PathBuf {
        self.current_dir.join(path)
    }
}
