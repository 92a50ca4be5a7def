//! Paths below a directory that was opened once, so that no symlink leads out of it.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::fingerprint::{Fingerprint, Stamp};
use crate::disk::{Directory, DiskError, Loss, failed_to};

/// A directory below which files are moved.
#[derive(Clone)]
pub(super) struct Root(Rc<(Directory, PathBuf)>);

/// A path below a [`Root`]. Nothing need exist there.
#[derive(Clone, Debug)]
pub(super) struct Place {
    root: Root,
    path: PathBuf,
}

/// What the disk has at a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// Nothing.
    Missing,
    /// Nothing, because a parent directory is a file or a symlink.
    Blocked,
    /// A file, a symlink or a directory.
    Present(Fingerprint),
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Root").field(&self.0.1).finish()
    }
}

impl Root {
    /// Opens the directory at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, DiskError> {
        let directory = Directory::open(path).map_err(failed_to("open", path))?;
        Ok(Self(Rc::new((directory, path.to_owned()))))
    }

    /// Returns the place at `path`, which is relative to this directory.
    pub(super) fn place(&self, path: impl Into<PathBuf>) -> Place {
        Place { root: self.clone(), path: path.into() }
    }
}

impl Place {
    /// Returns the path, relative to its root.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the absolute path.
    pub(super) fn on_disk(&self) -> PathBuf {
        self.root.0.1.join(&self.path)
    }

    /// Returns the place of the parent directory.
    fn parent(&self) -> Option<Self> {
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty())?;
        Some(self.root.place(parent))
    }

    fn locate(&self) -> io::Result<(Directory, &OsStr)> {
        self.root.0.0.locate(&self.path)
    }

    /// Returns what is at this place.
    pub(super) fn find(&self) -> Result<Found, DiskError> {
        let found = self.locate().and_then(|(directory, name)| Fingerprint::of(&directory, name));
        match found {
            Ok(found) => Ok(Found::Present(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Missing),
            Err(error) if is_blocked(&error) => Ok(Found::Blocked),
            Err(error) => Err(failed_to("read", &self.on_disk())(error)),
        }
    }

    /// Returns the fingerprint of the file here.
    pub(super) fn fingerprint(&self) -> Result<Fingerprint, DiskError> {
        let found = self.locate().and_then(|(directory, name)| Fingerprint::of(&directory, name));
        found.map_err(failed_to("read", &self.on_disk()))
    }

    /// Whether a file with this fingerprint is here.
    pub(super) fn has(&self, fingerprint: &Fingerprint) -> bool {
        matches!(self.find(), Ok(Found::Present(found)) if found == *fingerprint)
    }

    /// Returns the stamp of the file here; `None` if there is none or it is behind a symlink.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let (directory, name) = self.locate().ok()?;
        Some(Stamp::new(&directory.metadata(name).ok()??))
    }

    /// Moves a file, a symlink or a directory, and fails if something is at `to`.
    ///
    /// To another file system it is copied, under the name `temporary` at first. Returns what
    /// the copy lacks.
    pub(super) fn move_to(&self, to: &Self, temporary: &OsStr) -> io::Result<Vec<Loss>> {
        let (directory, name) = self.locate()?;
        let (new_directory, new_name) = to.locate()?;
        match directory.rename_no_replace(name, &new_directory, new_name) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                directory.copy_and_remove(name, &new_directory, new_name, temporary)
            }
            moved => moved.map(|()| Vec::new()),
        }
    }

    /// Removes the file, the symlink or the empty directory.
    pub(super) fn remove(&self) -> io::Result<()> {
        let (directory, name) = self.locate()?;
        directory.remove_file(name).or_else(|_| directory.remove_directory(name))
    }

    /// Removes the file or the symlink.
    pub(super) fn remove_file(&self) -> io::Result<()> {
        let (directory, name) = self.locate()?;
        directory.remove_file(name)
    }

    /// Removes an empty directory.
    pub(super) fn remove_directory(&self) -> io::Result<()> {
        let (directory, name) = self.locate()?;
        directory.remove_directory(name)
    }

    /// Removes it if it has this fingerprint, and fails if it does not.
    pub(super) fn remove_if(&self, fingerprint: &Fingerprint) -> io::Result<()> {
        if self.has(fingerprint) { self.remove() } else { Err(io::Error::other("it was changed")) }
    }

    /// Returns the place at `path`, which is relative to this directory.
    pub(super) fn child(&self, path: impl AsRef<Path>) -> Self {
        self.root.place(self.path.join(path))
    }

    /// Returns the place of another name in the same directory.
    pub(super) fn sibling(&self, name: &OsStr) -> Self {
        self.root.place(self.path.with_file_name(name))
    }

    /// Creates the missing directories above this place, and returns them, outermost first.
    ///
    /// Directories that were created before an error are in `created`.
    pub(super) fn create_parents(&self, created: &mut Vec<Self>) -> Result<(), DiskError> {
        let Some(parent) = self.parent() else { return Ok(()) };
        match self.locate() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            located => return located.map(drop).map_err(failed_to("open", &parent.on_disk())),
        }
        parent.create_parents(created)?;
        let (directory, name) = parent.locate().map_err(failed_to("create", &parent.on_disk()))?;
        match directory.create_directory(name) {
            Ok(()) => created.push(parent),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed_to("create", &parent.on_disk())(error)),
        }
        Ok(())
    }
}

/// Whether a file or a symlink is in the place of a directory.
fn is_blocked(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotADirectory
        || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}
