//! Operations on the files of a hooks directory.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Error;
use crate::disk::failed_to;
pub(super) use crate::disk::{exists, with_suffix};
use crate::git::{Hook, read_regular_file};

/// Returns whether git would run the file at `path` as a hook.
pub(super) fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Returns whether both are symlinks to the same target, or files with the same text and mode.
pub(super) fn is_same_hook(a: &Path, b: &Path) -> bool {
    match (fs::read_link(a), fs::read_link(b)) {
        (Ok(a), Ok(b)) => a == b,
        (Err(_), Err(_)) => {
            let contents =
                |path| Some((read_regular_file(path).ok()?, fs::metadata(path).ok()?.permissions().mode()));
            contents(a).is_some_and(|a| contents(b) == Some(a))
        }
        _ => false,
    }
}

/// Returns the paths in `directory`, sorted; none if it does not exist.
pub(super) fn list(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("list", directory)(error)),
    };
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(failed("list", directory))?;
    paths.sort();
    Ok(paths)
}

/// Removes a file, if it exists.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Returns the part of a name before the first dot: `pre-commit` of `pre-commit.legacy`.
pub(super) fn base_name(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or_default().as_bytes();
    OsString::from_vec(name.split(|byte| *byte == b'.').next().unwrap_or_default().to_vec())
}

/// Returns the guarded hook that a file is named after.
pub(super) fn hook_named(path: &Path) -> Option<Hook> {
    base_name(path).to_str()?.parse().ok()
}

/// Returns `path` without `suffix` at the end of its name; `None` if it does not end in it.
pub(super) fn without_suffix(path: &Path, suffix: &str) -> Option<PathBuf> {
    let stem = path.as_os_str().as_bytes().strip_suffix(suffix.as_bytes())?;
    Some(OsStr::from_bytes(stem).into())
}

/// Returns a function that adds an operation and a path to an I/O error.
pub(super) fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let failed = failed_to(operation, path);
    move |source| failed(source).into()
}
