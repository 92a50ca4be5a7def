//! File operations that several modules need, and their error.

mod copy;
mod directory;

use std::fs;
use std::io;
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

/// Appends `suffix` to the file name of `path`.
#[must_use]
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::{failed_to, with_suffix};

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
