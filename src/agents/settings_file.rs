//! The file with the settings of Claude Code for all users of a repository.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::settings;
use crate::git::read_regular_file;
use crate::report::escape::display_path;
use crate::session;

/// The directory of the file, relative to the top of the worktree.
const DIRECTORY: &str = ".claude";
const NAME: &str = "settings.json";

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The settings file of a worktree, which need not exist.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    /// The text without the byte order mark; `None` if there is no file.
    text: Option<String>,
    /// The byte order mark at the beginning, or nothing.
    mark: &'static str,
}

/// An error of the settings file. Nothing was changed, unless it is `Disk` or `Write`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A symlink leads out of the worktree.
    #[error("cannot use {}: it leads out of the worktree", display_path(.0))]
    Outside(PathBuf),
    /// A symlink is dangling or leads to itself.
    #[error("cannot follow the symlink {}", display_path(.0))]
    Dangling(PathBuf, #[source] io::Error),
    /// The file cannot be read.
    #[error("cannot read {}", display_path(.0))]
    Read(PathBuf, #[source] io::Error),
    /// The settings do not have the expected form.
    #[error("cannot add hooks to {}", display_path(.0))]
    Form(PathBuf, #[source] settings::Error),
    /// A directory cannot be created, or the file cannot be removed.
    #[error("cannot {step} {}", display_path(.path))]
    Disk {
        /// The operation, as a verb.
        step: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] session::Error),
}

impl Error {
    /// Returns what the user can do about it.
    #[must_use]
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Outside(_) | Self::Dangling(..) => {
                Some("replace the symlink by a file or directory of the worktree".to_owned())
            }
            Self::Form(..) => Some("fix the file, then run the command again".to_owned()),
            Self::Write(error) => error.help(),
            Self::Read(..) | Self::Disk { .. } => None,
        }
    }
}

impl SettingsFile {
    /// Reads the settings of `worktree`, an absolute path without symlinks.
    ///
    /// # Errors
    ///
    /// Returns an error if a symlink leads out of the worktree or is dangling, or if the file
    /// cannot be read.
    pub(crate) fn read(worktree: &Path) -> Result<Self, Error> {
        let directory = worktree.join(DIRECTORY);
        let path = directory.join(NAME);
        for link in [&directory, &path].into_iter().filter(|path| path.is_symlink()) {
            let target = fs::canonicalize(link).map_err(|error| Error::Dangling(link.clone(), error))?;
            if !target.starts_with(worktree) {
                return Err(Error::Outside(link.clone()));
            }
        }
        let text = read_regular_file(&path)
            .and_then(|text| String::from_utf8(text).map_err(|error| io::Error::other(error.utf8_error())));
        match text {
            Ok(text) => Ok(match text.strip_prefix(BYTE_ORDER_MARK) {
                Some(text) => Self { path, text: Some(text.to_owned()), mark: BYTE_ORDER_MARK },
                None => Self { path, text: Some(text), mark: "" },
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { path, text: None, mark: "" }),
            Err(error) => Err(Error::Read(path, error)),
        }
    }

    /// Returns the absolute path of the file.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the text with entries that run `command`.
    ///
    /// # Errors
    ///
    /// Returns an error if the settings do not have the expected form.
    pub(crate) fn with_entries(&self, command: &str) -> Result<String, Error> {
        settings::with_entries(self.text.as_deref(), command)
            .map_err(|error| Error::Form(self.path.clone(), error))
    }

    /// Adds entries that run `command` to the settings of `worktree` on disk, atomically.
    ///
    /// # Errors
    ///
    /// Returns an error if the file does not have the expected form, or if it or its directory
    /// cannot be written.
    pub(crate) fn add_entries(worktree: &Path, command: &str) -> Result<Self, Error> {
        session::retry(&worktree.join(DIRECTORY).join(NAME), || {
            let file = Self::read(worktree)?;
            let text = file.with_entries(command)?;
            Ok(file.write(&text)?.then_some(file))
        })
    }

    /// Replaces the file atomically, or creates it.
    ///
    /// Returns `false` if another program has changed it since it was read.
    fn write(&self, text: &str) -> Result<bool, Error> {
        if self.text.as_deref() == Some(text) {
            return Ok(true);
        }
        let directory = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(directory).map_err(disk("create", directory))?;
        let old = self.text.as_ref().map(|old| [self.mark, old].concat());
        let new = [self.mark, text].concat();
        Ok(session::replace(&self.path, old.as_ref().map(String::as_bytes), new.as_bytes(), None)?)
    }

    /// Removes the entries from the settings of `worktree` on disk.
    ///
    /// Removes the file if it did not exist before, and its empty directory. Returns the file if
    /// there were entries. Settings that cannot be read contain no entries of `install`.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written or removed.
    pub(crate) fn remove_entries(worktree: &Path) -> Result<Option<Self>, Error> {
        session::retry(&worktree.join(DIRECTORY).join(NAME), || {
            let Ok(file) = Self::read(worktree) else { return Ok(Some(None)) };
            let Some(text) = &file.text else { return Ok(Some(None)) };
            let Some(rest) = settings::without_entries(text) else {
                return file.remove().map(|()| Some(Some(file)));
            };
            let has_entries = rest != *text;
            Ok(file.write(&rest)?.then(|| has_entries.then_some(file)))
        })
    }

    fn remove(&self) -> Result<(), Error> {
        fs::remove_file(&self.path).map_err(disk("remove", &self.path))?;
        // Fails if the directory is not empty, which is fine.
        let _ = self.path.parent().map(fs::remove_dir);
        Ok(())
    }
}

fn disk(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Disk { step, path, source }
}
