//! The file of Claude Code's settings that a project shares.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::settings;
use crate::git::read_regular_file;
use crate::session;

/// Where the file lies, from the top of the worktree.
const DIRECTORY: &str = ".claude";
const NAME: &str = "settings.json";

/// The settings of a worktree, which need not exist.
#[derive(Debug)]
pub struct SettingsFile {
    path: PathBuf,
    /// Nothing, where there is no file.
    text: Option<String>,
}

/// Why the settings could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A symlink leads elsewhere.
    #[error("`{}` leads out of the worktree, and nothing was changed: put a file in its place", .0.display())]
    Outside(PathBuf),
    /// A symlink leads to nothing, or in a circle.
    #[error("`{}` leads nowhere, and nothing was changed: mend or remove it", .0.display())]
    Nowhere(PathBuf, #[source] io::Error),
    /// The file cannot be read.
    #[error("could not read `{}`, and nothing was changed", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// Our entries have no place in it.
    #[error("could not add to `{}`, and nothing was changed; mend it first", .0.display())]
    Form(PathBuf, #[source] settings::Error),
    /// The disk refuses.
    #[error("could not {step} `{}`", .path.display())]
    Disk {
        /// What was tried, as a verb.
        step: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The same, when the file is written.
    #[error(transparent)]
    Write(#[from] session::Error),
}

impl Error {
    /// Returns what to do about the error.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Write(error) => error.help(),
            _ => None,
        }
    }
}

impl SettingsFile {
    /// Reads the settings of the worktree at `top`, an absolute path without symlinks.
    ///
    /// # Errors
    ///
    /// A symlink leads out of the worktree or nowhere, or the file cannot be read.
    pub fn read(top: &Path) -> Result<Self, Error> {
        let directory = top.join(DIRECTORY);
        let path = directory.join(NAME);
        for link in [&directory, &path].into_iter().filter(|path| path.is_symlink()) {
            let target = fs::canonicalize(link).map_err(|error| Error::Nowhere(link.clone(), error))?;
            if !target.starts_with(top) {
                return Err(Error::Outside(link.clone()));
            }
        }
        let text = read_regular_file(&path)
            .and_then(|text| String::from_utf8(text).map_err(|error| io::Error::other(error.utf8_error())));
        match text {
            Ok(text) => Ok(Self { path, text: Some(text) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { path, text: None }),
            Err(error) => Err(Error::Read(path, error)),
        }
    }

    /// Where they lie.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text with our entries in it, which run `command`.
    ///
    /// # Errors
    ///
    /// They have no place in what is there.
    pub fn with_entries(&self, command: &str) -> Result<String, Error> {
        settings::with_entries(self.text.as_deref(), command)
            .map_err(|error| Error::Form(self.path.clone(), error))
    }

    /// Puts `text` in the place of the file in one step, or makes it.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub fn write(&self, text: &str) -> Result<(), Error> {
        if self.text.as_deref() == Some(text) {
            return Ok(());
        }
        let directory = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(directory).map_err(disk("make", directory))?;
        Ok(session::replace(&self.path, text.as_bytes())?)
    }

    /// Takes our entries out; a file, and a directory, that hold nothing else go. Gives
    /// whether there were any.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub fn remove_entries(&self) -> Result<bool, Error> {
        let Some(text) = &self.text else { return Ok(false) };
        let left = settings::without_entries(text);
        if left.is_empty() && !text.is_empty() {
            fs::remove_file(&self.path).map_err(disk("remove", &self.path))?;
            // A directory that holds something stays.
            let _ = self.path.parent().map(fs::remove_dir);
        } else {
            self.write(&left)?;
        }
        Ok(left != *text)
    }
}

fn disk(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Disk { step, path, source }
}
