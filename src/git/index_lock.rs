//! git's lock on the index, in a form that does not outlive its owner.
//!
//! A git that is killed leaves `index.lock` behind, and the next git refuses to run. Here,
//! `index.lock` is a hard link to a file on which its owner holds a kernel lock. If no process
//! holds that lock, the owner was killed, and the next process takes `index.lock` over.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::Error;

/// The file that `index.lock` is linked to, relative to the git directory.
const OWNER_FILE: &str = "stage-guard/lock";

/// The lock on an index. It is released on drop.
#[derive(Debug)]
pub(super) struct IndexLock {
    path: PathBuf,
    /// Open for as long as the lock is held.
    _owner: File,
}

impl IndexLock {
    /// Creates the lock file `path`.
    ///
    /// # Errors
    ///
    /// Another process holds the lock, or the file cannot be created.
    pub(super) fn acquire(git_dir: &Path, path: PathBuf) -> Result<Self, Error> {
        let owner_path = git_dir.join(OWNER_FILE);
        let failed = |source| Error::WriteIndex { step: "lock", path: path.clone(), source };
        let owner = open(&owner_path).map_err(failed)?;
        let is_only_owner = match flock(&owner, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => true,
            Err(Errno::WOULDBLOCK) => return Err(Error::IndexLocked(path)),
            // The file system has no locks, so the owner of a lock file is unknown.
            Err(_) => false,
        };
        match fs::hard_link(&owner_path, &path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !is_only_owner || !is_link_to(&path, &owner) {
                    return Err(Error::IndexLocked(path));
                }
            }
            // The file system has no hard links, or the index is on another one.
            Err(_) => match File::create_new(&path) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(Error::IndexLocked(path));
                }
                Err(error) => return Err(failed(error)),
            },
        }
        Ok(Self { path, _owner: owner })
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn open(path: &Path) -> io::Result<File> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

fn is_link_to(path: &Path, file: &File) -> bool {
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let link = fs::symlink_metadata(path).map(identity);
    link.is_ok_and(|link| file.metadata().is_ok_and(|metadata| identity(metadata) == link))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use tempfile::TempDir;

    use super::{Error, IndexLock, OWNER_FILE};

    #[test]
    fn a_lock_excludes_another_until_it_is_dropped() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("index.lock");
        let lock = IndexLock::acquire(dir.path(), path.clone()).unwrap();
        assert!(matches!(IndexLock::acquire(dir.path(), path.clone()), Err(Error::IndexLocked(_))));
        drop(lock);
        assert!(!path.exists());
        IndexLock::acquire(dir.path(), path).unwrap();
    }

    #[test]
    fn a_lock_of_git_is_respected() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("index.lock");
        File::create(&path).unwrap();
        assert!(matches!(IndexLock::acquire(dir.path(), path.clone()), Err(Error::IndexLocked(_))));
        assert!(path.exists());
    }

    #[test]
    fn a_lock_whose_owner_was_killed_is_taken_over() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("index.lock");
        drop(IndexLock::acquire(dir.path(), path.clone()).unwrap());
        // A process that is killed leaves both files, and the kernel releases its lock.
        fs::hard_link(dir.path().join(OWNER_FILE), &path).unwrap();
        drop(IndexLock::acquire(dir.path(), path.clone()).unwrap());
        assert!(!path.exists());
    }
}
