//! Moves that lose no file which another program saves at the same moment.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::{fs, io};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::disk::{exists, open_parent};

/// The device and the inode of a file.
pub(super) type FileId = (u64, u64);

/// Returns the identity of the file or symlink at `path`.
pub(super) fn file_id(path: &Path) -> Option<FileId> {
    fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Moves `new` to `path` unless the file there is not expected; returns whether it did.
///
/// `is_expected` gets the path of the old file, which is removed if it returns `true`. Otherwise
/// the old file is at `path` again, and `new` is removed.
///
/// # Errors
///
/// A file cannot be moved.
pub(super) fn replace_expected(
    new: &Path,
    path: &Path,
    is_expected: impl FnOnce(&Path) -> bool,
) -> io::Result<bool> {
    let id = file_id(new);
    let has_old = move_or_exchange(new, path).inspect_err(|_| drop(fs::remove_file(new)))?;
    if !has_old {
        return Ok(true);
    }
    let is_expected = is_expected(new);
    if !is_expected {
        exchange(new, path)?;
    }
    if is_expected || file_id(new) == id {
        let _ = fs::remove_file(new);
    }
    Ok(is_expected)
}

/// Moves `new` to `path`, or exchanges the two; returns whether there was a file at `path`.
fn move_or_exchange(new: &Path, path: &Path) -> io::Result<bool> {
    loop {
        match rename_no_replace(new, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            renamed => return renamed.map(|()| false),
        }
        match exchange(new, path) {
            // Another program has removed the file meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound && exists(new) => {}
            exchanged => return exchanged.map(|()| true),
        }
    }
}

/// Removes the file at `path` unless it is not expected; returns whether it did.
///
/// # Errors
///
/// The file cannot be moved or removed.
pub(super) fn remove_expected(
    path: &Path,
    temporary: &Path,
    is_expected: impl FnOnce(&Path) -> bool,
) -> io::Result<bool> {
    match fs::rename(path, temporary) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        renamed => renamed?,
    }
    if is_expected(temporary) {
        return fs::remove_file(temporary).map(|()| true);
    }
    rename_no_replace(temporary, path).map(|()| false)
}

/// Exchanges two files. At every moment, there is a file at `path`.
///
/// # Errors
///
/// One of them does not exist or cannot be moved.
pub(super) fn exchange(new: &Path, path: &Path) -> io::Result<()> {
    let ((from, new), (to, name)) = (open_parent(new)?, open_parent(path)?);
    from.exchange(new, &to, name)
}

/// Moves a file to a name that nothing has.
///
/// # Errors
///
/// Something has that name, or the file cannot be moved.
pub(super) fn rename_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if exists(to) => {
            Err(io::ErrorKind::AlreadyExists.into())
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => fs::rename(from, to),
        renamed => Ok(renamed?),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{remove_expected, replace_expected};

    fn is(text: &str) -> impl Fn(&Path) -> bool {
        move |path| fs::read_to_string(path).is_ok_and(|old| old == text)
    }

    /// The file that is found is not the one that was looked at before.
    #[test]
    fn a_file_that_is_not_expected_is_neither_replaced_nor_removed() {
        let directory = tempfile::tempdir().unwrap();
        let [new, hook, kept] = ["new", "hook", "kept"].map(|name| directory.path().join(name));
        fs::write(&hook, "saved").unwrap();
        fs::write(&new, "guard").unwrap();
        assert!(!replace_expected(&new, &hook, is("backed up")).unwrap());
        assert!(!remove_expected(&hook, &new, is("guard")).unwrap());
        assert!(is("saved")(&hook) && !new.exists());
        fs::write(&new, "guard").unwrap();
        assert!(replace_expected(&new, &hook, |old| fs::rename(old, &kept).is_ok()).unwrap());
        assert!(is("guard")(&hook) && is("saved")(&kept) && !new.exists());
        assert!(remove_expected(&hook, &new, is("guard")).unwrap());
        assert!(!hook.exists() && remove_expected(&hook, &new, is("guard")).unwrap());
    }
}
