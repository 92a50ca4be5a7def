//! Replaces the contents of a file, and keeps everything else about it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;

use rustix::fs::{Mode, OFlags, openat};

use super::copy::{copy_metadata, has_same_metadata};
use super::directory::{Directory, Metadata, temporary_name};

impl Directory {
    /// Replaces the contents `old` of the file `name`; returns whether it did.
    ///
    /// Other contents are left as they are. The owner, the mode, the attributes and the hard links
    /// of the file are kept: if a new file can have them all, the change is one step. If it cannot,
    /// and at a mount point, the file is overwritten, while there is a copy of `old`.
    ///
    /// The new file and the copy are created in `aside`, or here if that is not possible. If the
    /// process is killed, one of them is left.
    ///
    /// # Errors
    ///
    /// It cannot be written. The contents are as before.
    pub(crate) fn replace_contents(
        &self,
        name: &OsStr,
        old: &[u8],
        new: &[u8],
        aside: Option<&Self>,
    ) -> io::Result<bool> {
        let metadata = self.metadata(name)?.ok_or(io::ErrorKind::NotFound)?;
        // A new file could not have the other names.
        for directory in aside.into_iter().chain([self]).filter(|_| !metadata.has_other_links()) {
            match self.replace_by(directory, name, old, new) {
                Err(error) if is_obstacle(&error) => {}
                replaced => return replaced,
            }
        }
        let backup = match aside.map(|aside| Backup::write(aside, old)) {
            Some(Ok(backup)) => backup,
            _ => Backup::write(self, old)?,
        };
        self.overwrite(name, old, new, &backup)
    }

    /// Replaces the file `name` by one that is created in `directory`.
    fn replace_by(&self, directory: &Self, name: &OsStr, old: &[u8], new: &[u8]) -> io::Result<bool> {
        let source = self.open_file(name)?;
        let temporary = temporary_name();
        let mut copy = directory.create_file(&temporary, 0o600)?;
        let replaced = copy
            .write_all(new)
            .and_then(|()| copy_metadata(&source, &Metadata::of(&source)?, &copy))
            .and_then(|_| has_same_metadata(&source, &copy))
            .and_then(
                |is_same| if is_same { copy.sync_all() } else { Err(io::ErrorKind::Unsupported.into()) },
            )
            .and_then(|()| self.exchange_expected(name, old, directory, &temporary));
        // Nothing else is removed: it may be what another process has saved.
        let own = Metadata::of(&copy)?;
        if directory.metadata(&temporary)?.is_some_and(|found| found.is_same_file(&own)) {
            directory.remove_file(&temporary)?;
        }
        replaced
    }

    /// Moves `temporary` to `name` if the contents there are `old`; returns whether it did.
    fn exchange_expected(
        &self,
        name: &OsStr,
        old: &[u8],
        from: &Self,
        temporary: &OsStr,
    ) -> io::Result<bool> {
        let has_old = |directory: &Self, name| directory.read(name).is_ok_and(|contents| contents == old);
        if !has_old(self, name) {
            return Ok(false);
        }
        from.exchange(temporary, self, name)?;
        if has_old(from, temporary) {
            return from.remove_file(temporary).map(|()| true);
        }
        from.exchange(temporary, self, name)?;
        Ok(false)
    }

    /// Overwrites a file with the contents `old`; returns whether it did.
    ///
    /// If that fails, its old contents are written again. `backup`, a copy of them, is removed
    /// unless that fails, too.
    fn overwrite(&self, name: &OsStr, old: &[u8], new: &[u8], backup: &Backup) -> io::Result<bool> {
        let file = match self.open_expected(name, old) {
            Ok(Some(file)) => file,
            other => {
                backup.remove();
                return other.map(|_| false);
            }
        };
        let overwritten = write_over(&file, new).map(|()| true);
        if overwritten.is_ok() || write_over(&file, old).is_ok() {
            backup.remove();
            return overwritten;
        }
        let name = backup.name.to_string_lossy();
        overwritten.map_err(|error| io::Error::other(format!("{error}; its old contents are in `{name}`")))
    }

    /// Opens the file `name` for writing; `None` if its contents are not `old`.
    fn open_expected(&self, name: &OsStr, old: &[u8]) -> io::Result<Option<File>> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.0, name, flags, Mode::empty())?);
        Ok((self.read(name)? == old).then_some(file))
    }

    /// Reads the regular file `name`.
    fn read(&self, name: &OsStr) -> io::Result<Vec<u8>> {
        let mut contents = Vec::new();
        self.open_file(name)?.read_to_end(&mut contents)?;
        Ok(contents)
    }
}

/// A copy of the old contents of a file that is being overwritten.
struct Backup<'d> {
    directory: &'d Directory,
    name: OsString,
}

impl<'d> Backup<'d> {
    fn write(directory: &'d Directory, contents: &[u8]) -> io::Result<Self> {
        let backup = Self { directory, name: temporary_name() };
        let mut file = directory.create_file(&backup.name, 0o600)?;
        let written = file.write_all(contents).and_then(|()| file.sync_all());
        written.inspect_err(|_| backup.remove()).map(|()| backup)
    }

    fn remove(&self) {
        let _ = self.directory.remove_file(&self.name);
    }
}

/// Overwrites the contents of a file.
fn write_over(file: &File, contents: &[u8]) -> io::Result<()> {
    file.write_all_at(contents, 0)?;
    file.set_len(contents.len() as u64)?;
    file.sync_all()
}

/// Whether a file cannot be replaced in one step, but perhaps otherwise.
fn is_obstacle(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy, Unsupported};
    matches!(
        error.kind(),
        CrossesDevices | PermissionDenied | ReadOnlyFilesystem | ResourceBusy | Unsupported
    )
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::Path;

    use rustix::fs::XattrFlags;
    use tempfile::TempDir;

    use super::{Backup, Directory, is_obstacle};

    const OLD: &[u8] = b"longer than the new contents";

    /// An access control list of a directory for its new files: one more user may read them.
    const DEFAULT_LIST: [u8; 44] = [
        2, 0, 0, 0, // version
        1, 0, 6, 0, 255, 255, 255, 255, // the owner
        2, 0, 4, 0, 57, 48, 0, 0, // a user
        4, 0, 4, 0, 255, 255, 255, 255, // the group
        16, 0, 4, 0, 255, 255, 255, 255, // the mask
        32, 0, 4, 0, 255, 255, 255, 255, // others
    ];

    fn replace(directory: &Path, name: &str, new: &[u8], aside: Option<&TempDir>) -> std::io::Result<bool> {
        let aside = aside.map(|aside| Directory::open(aside.path()).unwrap());
        let directory = Directory::open(directory).unwrap();
        directory.replace_contents(OsStr::new(name), OLD, new, aside.as_ref())
    }

    fn count(directory: &TempDir) -> usize {
        fs::read_dir(directory.path()).unwrap().count()
    }

    #[test]
    fn mode_attributes_and_other_names_are_kept() {
        for name in ["alone", "linked"] {
            let [temp, aside] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
            let file = temp.path().join(name);
            fs::write(&file, OLD).unwrap();
            let has_attributes = rustix::fs::setxattr(&file, "user.test", b"x", XattrFlags::empty()).is_ok();
            fs::set_permissions(&file, Permissions::from_mode(0o460)).unwrap();
            if name == "linked" {
                fs::hard_link(&file, temp.path().join("other")).unwrap();
            }
            let files = count(&temp);
            let facts = |metadata: &fs::Metadata| (metadata.mode(), metadata.uid(), metadata.nlink());
            let before = fs::metadata(&file).unwrap();
            assert!(replace(temp.path(), name, b"new", Some(&aside)).unwrap());
            assert_eq!(fs::read(&file).unwrap(), b"new");
            assert!(!replace(temp.path(), name, b"newer", None).unwrap(), "other contents are left");
            let after = fs::metadata(&file).unwrap();
            assert_eq!(facts(&after), facts(&before));
            assert_eq!(after.ino() == before.ino(), name == "linked");
            if has_attributes {
                let mut value = [0; 8];
                assert_eq!(rustix::fs::getxattr(&file, "user.test", &mut value[..]).unwrap(), 1);
            }
            assert_eq!((count(&temp), count(&aside)), (files, 0));
        }
        let temp = TempDir::new().unwrap();
        replace(temp.path(), "missing", b"new", None).unwrap_err();
    }

    #[test]
    fn a_file_is_overwritten_if_a_new_one_would_have_other_attributes() {
        let [temp, aside] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        let (file, list) = (temp.path().join("a"), "system.posix_acl_access");
        fs::write(&file, OLD).unwrap();
        let inode = fs::metadata(&file).unwrap().ino();
        for directory in [&temp, &aside] {
            let default = "system.posix_acl_default";
            if rustix::fs::setxattr(directory.path(), default, &DEFAULT_LIST, XattrFlags::empty()).is_err() {
                // The file system has no access control lists.
                return;
            }
        }
        assert!(replace(temp.path(), "a", b"new", Some(&aside)).unwrap());
        assert_eq!((fs::read(&file).unwrap(), fs::metadata(&file).unwrap().ino()), (b"new".to_vec(), inode));
        assert!(rustix::fs::getxattr(&file, list, &mut [0; 64][..]).is_err());
        assert_eq!((count(&temp), count(&aside)), (1, 0));
    }

    #[test]
    fn a_new_file_is_next_to_the_old_one_if_aside_is_another_file_system() {
        let temp = TempDir::new().unwrap();
        let Ok(aside) = TempDir::new_in("/dev/shm") else { return };
        fs::write(temp.path().join("a"), OLD).unwrap();
        let inode = || fs::metadata(temp.path().join("a")).unwrap().ino();
        let before = inode();
        assert!(replace(temp.path(), "a", b"new", Some(&aside)).unwrap());
        assert_eq!(fs::read(temp.path().join("a")).unwrap(), b"new");
        assert_ne!(inode(), before, "it is replaced in one step");
        assert_eq!((count(&temp), count(&aside)), (1, 0));
    }

    #[test]
    fn a_file_that_changed_is_not_overwritten() {
        let temp = TempDir::new().unwrap();
        fs::write(temp.path().join("a"), "theirs").unwrap();
        let directory = Directory::open(temp.path()).unwrap();
        let backup = Backup::write(&directory, OLD).unwrap();
        assert!(!directory.overwrite(OsStr::new("a"), OLD, b"new", &backup).unwrap());
        assert_eq!(fs::read(temp.path().join("a")).unwrap(), b"theirs");
        assert_eq!(count(&temp), 1);
    }

    #[test]
    fn a_full_disk_is_no_reason_to_overwrite() {
        assert!(!is_obstacle(&rustix::io::Errno::NOSPC.into()));
        assert!(is_obstacle(&rustix::io::Errno::XDEV.into()));
    }
}
