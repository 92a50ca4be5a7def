//! Tells whether a file has changed since it was written or looked at.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::disk::{Directory, Metadata};

/// The bits of a mode that say whether it is a file, a directory, a symlink, …
const TYPE: u32 = 0o170_000;

/// The mode and the bytes of a file: those on the disk, which no filter of git has changed.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub(super) struct Fingerprint {
    /// The type and the permissions.
    mode: u32,
    /// The SHA-256 of the bytes of a file, the target of a symlink or the names in a directory,
    /// in Base64.
    sha256: String,
}

impl Fingerprint {
    /// Reads the file, symlink or directory `name`. A device or the like has only a mode.
    pub(super) fn of(directory: &Directory, name: &OsStr) -> io::Result<Self> {
        let metadata = directory.metadata(name)?.ok_or(io::ErrorKind::NotFound)?;
        let mut hash = Sha256::new();
        if metadata.is_file() {
            hash_contents(directory.open_file(name)?, &mut hash)?;
        } else if metadata.is_symlink() {
            hash.update(directory.read_link(name)?.as_os_str().as_bytes());
        } else if metadata.is_directory() {
            for name in directory.open_directory(name)?.names()? {
                hash.update(name.as_bytes());
            }
        }
        let sha256 = BASE64.encode(hash.finalize());
        Ok(Self { mode: metadata.mode(), sha256 })
    }
}

fn hash_contents(mut file: File, hash: &mut Sha256) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            len => hash.update(&buffer[..len]),
        }
    }
}

/// What changes about a file when it is written to, without its contents.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Stamp {
    mode: u32,
    size: u64,
    /// The time of the last write, in seconds and nanoseconds.
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn new(metadata: &Metadata) -> Self {
        Self { mode: metadata.mode(), size: metadata.size(), modified: metadata.modified() }
    }

    /// Whether both are files, or both are directories, or both are symlinks.
    pub(super) fn is_same_type(&self, other: &Self) -> bool {
        self.mode & TYPE == other.mode & TYPE
    }

    /// Whether the file has not changed. A directory counts as unchanged.
    pub(super) fn is_unchanged(&self, now: &Self) -> bool {
        self == now || self.is_directory() && now.is_directory()
    }

    fn is_directory(&self) -> bool {
        self.mode & TYPE == 0o040_000
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use tempfile::TempDir;

    use super::{Fingerprint, Stamp};
    use crate::disk::Directory;

    fn fingerprint(path: &Path) -> Fingerprint {
        let directory = Directory::open(path.parent().unwrap()).unwrap();
        Fingerprint::of(&directory, path.file_name().unwrap()).unwrap()
    }

    /// Writes a file at `path`, and returns its fingerprint after `change`.
    fn after(path: &Path, change: impl FnOnce()) -> Fingerprint {
        let _ = fs::remove_file(path);
        fs::write(path, "x").unwrap();
        change();
        fingerprint(path)
    }

    #[test]
    fn a_fingerprint_shows_each_change() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("x");
        let original = after(&path, || {});
        assert_eq!(after(&path, || {}), original);
        assert_ne!(after(&path, || fs::write(&path, "y").unwrap()), original);
        let make_executable = || fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        assert_ne!(after(&path, make_executable), original);
        let replace = || fs::remove_file(&path).and_then(|()| symlink("x", &path)).unwrap();
        assert_ne!(after(&path, replace), original);
    }

    #[test]
    fn a_directory_that_is_no_longer_empty_has_changed() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("d");
        fs::create_dir(&path).unwrap();
        let empty = fingerprint(&path);
        fs::write(path.join("x"), "").unwrap();
        assert_ne!(fingerprint(&path), empty);
    }

    #[test]
    fn a_stamp_shows_a_write_and_another_type() {
        let temp = TempDir::new().unwrap();
        let directory = Directory::open(temp.path()).unwrap();
        let stamp = |name: &str| Stamp::new(&directory.metadata(OsStr::new(name)).unwrap().unwrap());
        let path = temp.path().join("x");
        fs::write(&path, "x").unwrap();
        fs::create_dir(temp.path().join("d")).unwrap();
        let before = stamp("x");
        assert!(before.is_unchanged(&stamp("x")));
        fs::write(&path, "longer").unwrap();
        assert!(!before.is_unchanged(&stamp("x")) && before.is_same_type(&stamp("x")));
        assert!(!before.is_same_type(&stamp("d")));
    }
}
