//! The session directory on disk, at the root of a worktree.
//!
//! Nothing here follows a symlink: files must neither leave the repository when they are
//! moved into the session directory, nor be deleted outside of it.

mod current;
mod error;
mod files;
mod ignore_line;
mod instructions;
mod plan;
mod request;
mod stow;
mod transaction;
mod undo;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

pub(crate) use current::{Current, CurrentEntry};
pub(crate) use error::Error;
pub(crate) use files::replace;
pub(crate) use ignore_line::IgnoreLine;
pub(crate) use instructions::with_instructions;
pub(crate) use plan::{IndexAction, Plan, StagedCopy, Step};
pub(crate) use request::{Extent, Request, Selector};
pub(crate) use stow::stow;
pub(crate) use undo::undo;

use crate::disk::{exists, failed_to};
use crate::policy::{Home, SESSION_DIRECTORY};

/// The README of a session directory, for people and agents.
const README: &str = include_str!("README.md");
const README_NAME: &str = "README.md";

/// The session directory of a worktree. It need not exist.
#[derive(Debug)]
pub(crate) struct SessionDirectory {
    worktree: PathBuf,
}

impl SessionDirectory {
    /// Returns the session directory of `worktree`, an absolute path.
    #[must_use]
    pub(crate) fn new(worktree: &Path) -> Self {
        Self { worktree: worktree.to_owned() }
    }

    /// Creates the missing directories and the README, and returns their paths.
    ///
    /// The paths are relative to the worktree. Existing files are not changed.
    ///
    /// # Errors
    ///
    /// A symlink or a file is in the place of a directory, or the disk cannot be written.
    pub(crate) fn create(&self) -> Result<Vec<PathBuf>, Error> {
        let mut created = Vec::new();
        for home in Home::ALL {
            let directory = home_directory(home);
            self.check_directories(directory.as_bstr())?;
            let path = self.on_disk(directory.as_bstr());
            if !path.is_dir() {
                fs::create_dir_all(&path).map_err(failed_to("create", &path))?;
                created.push(to_path(directory.as_bstr()));
            }
        }
        let readme = format!("{SESSION_DIRECTORY}/{README_NAME}");
        let path = self.worktree.join(&readme);
        if !exists(&path) {
            files::write_new(&path, README.as_bytes(), 0o666).map_err(failed_to("write", &path))?;
            created.push(readme.into());
        }
        Ok(created)
    }

    /// Returns the first free name for `path`, which is relative to the worktree.
    #[must_use]
    pub(crate) fn free_name(&self, path: &BStr) -> BString {
        let is_free = |name: &BString| !exists(&self.on_disk(name.as_bstr()));
        files::numbered_names(path).find(is_free).unwrap_or_else(|| path.to_owned())
    }

    /// Checks that `directory` and those above it are directories, or do not exist yet.
    fn check_directories(&self, directory: &BStr) -> Result<(), Error> {
        for end in directory.find_iter(b"/").chain([directory.len()]) {
            let path = directory[..end].as_bstr();
            let on_disk = self.on_disk(path);
            match fs::symlink_metadata(&on_disk) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(metadata) if metadata.is_symlink() => {
                    let target = fs::read_link(&on_disk).map_err(failed_to("read", &on_disk))?;
                    return Err(Error::Symlink { path: path.to_owned(), target });
                }
                Ok(_) => return Err(Error::NotADirectory(path.to_owned())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(failed_to("read", &on_disk)(error).into()),
            }
        }
        Ok(())
    }

    fn on_disk(&self, path: &BStr) -> PathBuf {
        self.worktree.join(to_path(path))
    }
}

/// Returns the directory of a home, relative to the worktree.
fn home_directory(home: Home) -> BString {
    format!("{SESSION_DIRECTORY}/{}", home.name()).into()
}

fn to_path(path: &BStr) -> PathBuf {
    OsStr::from_bytes(path).into()
}
