//! File operations that several modules need, and their error.

mod copy;
mod directory;
mod replace;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub(crate) use copy::{Loss, moved_name};
pub(crate) use directory::{Directory, Metadata, is_temporary_name, temporary_name};

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} `{}`", .path.to_string_lossy().escape_debug())]
pub(crate) struct DiskError {
    /// The operation, as a verb.
    pub operation: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

/// Returns a function that adds an operation and a path to an I/O error.
pub(crate) fn failed_to(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    let path = path.to_owned();
    move |source| DiskError { operation, path, source }
}

/// Whether `path` exists, even as a dangling symlink.
#[must_use]
pub(crate) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Opens the directory of `path`, and returns it with the name of `path` in it.
///
/// # Errors
///
/// `path` has no name, or its directory cannot be opened.
pub(crate) fn open_parent(path: &Path) -> io::Result<(Directory, &OsStr)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok((Directory::open(path.parent().unwrap_or(path))?, name))
}

/// Appends `suffix` to the file name of `path`.
#[must_use]
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Writes a new file, and fails if something is at `path`.
///
/// # Errors
///
/// It cannot be created or written. A part of it is removed.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    File::create_new(path)?.write_all(content).inspect_err(|_| drop(fs::remove_file(path)))
}

/// Copies a file and its mode, and fails if something is at `to`.
///
/// An existing `to` may be a hard link to `from`, which writing to it would empty.
///
/// # Errors
///
/// The file cannot be read, or the copy cannot be written. A part of it is removed.
pub(crate) fn copy_new(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut copy = File::create_new(to)?;
    let copied = io::copy(&mut source, &mut copy);
    copied
        .and_then(|_| copy.set_permissions(source.metadata()?.permissions()))
        .inspect_err(|_| drop(fs::remove_file(to)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{fs, io};

    use super::{copy_new, failed_to, with_suffix, write_new};

    #[test]
    fn a_file_is_never_written_through_its_other_name() {
        let directory = tempfile::tempdir().unwrap();
        let [file, link, copy] = ["file", "link", "copy"].map(|name| directory.path().join(name));
        fs::write(&file, "precious").unwrap();
        fs::hard_link(&file, &link).unwrap();
        for written in [copy_new(&file, &link), write_new(&link, b"new")] {
            assert_eq!(written.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        copy_new(&file, &copy).unwrap();
        assert!([file, copy].iter().all(|file| fs::read_to_string(file).unwrap() == "precious"));
    }

    #[test]
    fn disk_error_escapes_the_path() {
        let error = failed_to("read", Path::new("a\nb"))(io::Error::other("no"));
        assert_eq!(error.to_string(), r"cannot read `a\nb`");
    }

    #[test]
    fn with_suffix_keeps_the_extension() {
        assert_eq!(with_suffix(Path::new("d/a.sh"), ".old"), Path::new("d/a.sh.old"));
    }
}
