//! Operations on the files of a hooks directory.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Error;
use crate::disk::{copy_new, failed_to, temporary_name};
pub(super) use crate::disk::{exists, with_suffix};
use crate::git::read_regular_file;

/// The suffix of a new file until it is renamed.
pub(super) const NEW_SUFFIX: &str = ".new-of-stage-guard";

/// Returns the name of a new file next to `path`, which nothing else has.
pub(super) fn temporary_path(path: &Path) -> PathBuf {
    let mut name = temporary_name();
    name.push(NEW_SUFFIX);
    path.with_file_name(name)
}

/// Returns whether git would run the file at `path` as a hook.
pub(super) fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Returns whether there is a directory at `path`, and not a symlink.
pub(super) fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
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

/// Creates `to` as a second name of the file or symlink `from`, or else as a copy.
pub(super) fn link_or_copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::hard_link(from, to).or_else(|_| copy_file(from, to)).map_err(failed("back up", from))
}

/// Copies a file or a symlink, with its mode and, for root, its owner.
///
/// Fails if something is at `to`.
pub(super) fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::read_link(from) {
        Ok(target) => symlink(target, to)?,
        Err(_) => copy_new(from, to)?,
    }
    give_to_owner_of(from, to)
}

/// Moves a file, symlink or directory, also to another file system.
///
/// At every moment, `to` is the old file or the new one.
pub(super) fn move_file(from: &Path, to: &Path) -> Result<(), Error> {
    let rename = fs::rename(from, to).or_else(|error| {
        if error.kind() != io::ErrorKind::CrossesDevices {
            return Err(error);
        }
        let new = temporary_path(to);
        copy_file(from, &new)?;
        fs::rename(&new, to)?;
        fs::remove_file(from)
    });
    rename.map_err(failed("restore", to))
}

/// Makes a file that root has created belong to the owner of `model`.
///
/// Otherwise, a user whose repository was set up with `sudo` could not change it.
///
/// # Errors
///
/// The owner cannot be changed.
pub(crate) fn give_to_owner_of(model: &Path, path: &Path) -> io::Result<()> {
    let (Ok(model), Ok(created)) = (fs::symlink_metadata(model), fs::symlink_metadata(path)) else {
        return Ok(());
    };
    if created.uid() != 0 || model.uid() == 0 {
        return Ok(());
    }
    lchown(path, Some(model.uid()), Some(model.gid()))
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
