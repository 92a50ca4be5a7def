//! The session directory on disk, at the root of a worktree.
//!
//! Nothing here follows a symlink: files must neither leave the repository when they are
//! moved into the session directory, nor be deleted outside of it.

mod current;
mod error;
mod files;
mod fingerprint;
mod ignore_line;
mod instructions;
mod nested;
mod place;
mod plan;
mod record;
mod request;
mod stow;
mod transaction;
mod tree;
mod undo;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

pub(crate) use current::{Archived, Current, CurrentEntry};
pub(crate) use error::Error;
pub(crate) use files::{replace, retry};
pub(crate) use ignore_line::IgnoreLine;
pub(crate) use instructions::{AGENT_FILES, COMMON_FILE, imports_instructions, with_instructions};
pub(crate) use plan::{IndexAction, Plan, StagedCopy, Step};
pub(crate) use request::{Extent, Request, Selector, check_owner, is_own_file};
pub(crate) use stow::{Done, stow};
pub(crate) use tree::{Purpose, SkipReason, Skipped};
pub(crate) use undo::{Undone, recover, undo};

use crate::disk::{Directory, exists, failed_to};
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
            let (_, is_new) = self.open_or_create(directory.as_bstr())?;
            created.extend(is_new.then(|| to_path(directory.as_bstr())));
        }
        let (directory, _) = self.open_or_create(SESSION_DIRECTORY.into())?;
        let readme = Path::new(SESSION_DIRECTORY).join(README_NAME);
        match create_readme(&directory) {
            Ok(is_new) => created.extend(is_new.then_some(readme)),
            Err(error) => return Err(failed_to("write", &self.worktree.join(readme))(error).into()),
        }
        Ok(created)
    }

    /// Returns the first free name for `path` that is none of `taken`.
    ///
    /// The paths are relative to the worktree.
    #[must_use]
    pub(crate) fn free_name(&self, path: &BStr, taken: &BTreeSet<BString>) -> BString {
        let is_free = |name: &BString| !taken.contains(name) && !exists(&self.on_disk(name.as_bstr()));
        files::numbered_names(path).find(is_free).unwrap_or_else(|| path.to_owned())
    }

    /// Checks that `directory` and those above it are directories, or do not exist yet.
    fn check_directories(&self, directory: &BStr) -> Result<(), Error> {
        self.open(directory).map(drop)
    }

    /// Opens the directory at `path`, relative to the worktree. `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// A symlink or a file is in the place of a directory, or it cannot be opened.
    fn open(&self, path: &BStr) -> Result<Option<Directory>, Error> {
        let mut directory = self.open_worktree()?;
        for path in prefixes(path) {
            let Some(next) = self.open_next(&directory, path)? else { return Ok(None) };
            directory = next;
        }
        Ok(Some(directory))
    }

    /// Opens the directory at `path`, and creates what is missing. Returns whether it was.
    ///
    /// # Errors
    ///
    /// As for [`SessionDirectory::open`], or a directory cannot be created.
    fn open_or_create(&self, path: &BStr) -> Result<(Directory, bool), Error> {
        let mut directory = self.open_worktree()?;
        let mut is_new = false;
        for path in prefixes(path) {
            let mut next = self.open_next(&directory, path)?;
            is_new = next.is_none();
            if is_new {
                match directory.create_directory(name_of(path)) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(failed_to("create", &self.on_disk(path))(error).into());
                    }
                    _ => {}
                }
                next = self.open_next(&directory, path)?;
            }
            directory = next.ok_or_else(|| Error::MissingPath(path.to_owned()))?;
        }
        Ok((directory, is_new))
    }

    fn open_worktree(&self) -> Result<Directory, Error> {
        Ok(Directory::open(&self.worktree).map_err(failed_to("open", &self.worktree))?)
    }

    /// Opens the directory at `path`, whose parent is open. `None` if it does not exist.
    fn open_next(&self, parent: &Directory, path: &BStr) -> Result<Option<Directory>, Error> {
        let (name, on_disk) = (name_of(path), self.on_disk(path));
        match parent.metadata(name).map_err(failed_to("read", &on_disk))? {
            None => Ok(None),
            Some(metadata) if metadata.is_symlink() => {
                let target = parent.read_link(name).map_err(failed_to("read", &on_disk))?;
                Err(Error::Symlink { path: path.to_owned(), target })
            }
            Some(metadata) if metadata.is_directory() => {
                Ok(Some(parent.open_directory(name).map_err(failed_to("open", &on_disk))?))
            }
            Some(_) => Err(Error::NotADirectory(path.to_owned())),
        }
    }

    fn on_disk(&self, path: &BStr) -> PathBuf {
        self.worktree.join(to_path(path))
    }
}

/// Creates the README of the session directory; returns whether there was none.
fn create_readme(directory: &Directory) -> io::Result<bool> {
    let name = OsStr::new(README_NAME);
    // A full disk is no error if there is nothing to write.
    if directory.contains(name)? {
        return Ok(false);
    }
    match directory.write_file(name, README.as_bytes(), 0o666) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        written => written.map(|()| true),
    }
}

/// Returns the directories in the session directory, relative to the worktree.
pub(crate) fn home_directories() -> [BString; Home::ALL.len()] {
    Home::ALL.map(home_directory)
}

/// Returns the directory of a home, relative to the worktree.
fn home_directory(home: Home) -> BString {
    format!("{SESSION_DIRECTORY}/{}", home.name()).into()
}

/// Returns the directories above `path`, the outermost first, and `path`.
fn prefixes(path: &BStr) -> impl Iterator<Item = &BStr> {
    path.find_iter(b"/").chain([path.len()]).map(|end| path[..end].as_bstr())
}

fn directory_of(path: &BStr) -> &BStr {
    path[..path.rfind_byte(b'/').unwrap_or_default()].as_bstr()
}

fn name_of(path: &BStr) -> &OsStr {
    OsStr::from_bytes(&path[path.rfind_byte(b'/').map_or(0, |slash| slash + 1)..])
}

fn to_path(path: &BStr) -> PathBuf {
    OsStr::from_bytes(path).into()
}
