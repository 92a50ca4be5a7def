//! A directory for files that nobody keeps.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::{env, io, path, process};

/// A directory of this process alone, absolute. Dropped, it is removed with all that is
/// in it.
#[derive(Debug)]
pub struct ThrowAwayDirectory(PathBuf);

/// How many names are tried: a process of the same id may have been killed before.
const MOST_NAMES: u32 = 100;

impl ThrowAwayDirectory {
    /// Makes one where the system keeps such files.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub fn make() -> io::Result<Self> {
        let place = path::absolute(env::temp_dir())?;
        let named = |number| place.join(format!("stage-guard.{}.{number}", process::id()));
        // One that is there already is somebody else's.
        let made =
            |directory: PathBuf| DirBuilder::new().mode(0o700).create(&directory).map(|()| Self(directory));
        let is_taken = |made: &io::Result<Self>| {
            made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
        };
        let mut attempts = (0..MOST_NAMES).map(named).map(made);
        attempts.find(|made| !is_taken(made)).unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ThrowAwayDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
