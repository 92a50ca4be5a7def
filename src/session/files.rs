//! Moves and writes files. Only [`replace`] overwrites one.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::Path;
use std::process;

use bstr::{BStr, BString, ByteSlice};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::Error;
use crate::disk::failed_to;
use crate::git::Object;

/// The maximum length of a file name in bytes (`NAME_MAX`).
const MAX_NAME_LEN: usize = 255;

/// The maximum length of a file name extension, in bytes, with its dot.
const MAX_EXTENSION_LEN: usize = 31;

/// The name of a file that is being written.
///
/// A later write replaces a file that a killed process left.
const UNFINISHED: &str = ".stage-guard-unfinished";

/// Moves a file, a symlink or a directory, and fails if something is at `to`.
///
/// The move is one step if the file system supports it.
pub(super) fn rename_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The file system does not support the flag, or `to` is on another one.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::XDEV) => {
            let metadata = fs::symlink_metadata(from)?;
            if metadata.is_dir() {
                // Fails if `to` is a file or a directory that is not empty.
                return fs::rename(from, to);
            }
            match fs::hard_link(from, to) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => copy(from, to, &metadata)?,
                Err(_) if is_same_file(from, to) => {}
                linked => linked?,
            }
            fs::remove_file(from)
        }
        Err(Errno::EXIST) if is_same_file(from, to) => fs::remove_file(from),
        moved => Ok(moved?),
    }
}

/// Whether both paths are hard links to one file.
///
/// One name in two letter cases, on a file system that ignores case, is one link.
pub(super) fn is_same_file(a: &Path, b: &Path) -> bool {
    let identity = |path: &Path| {
        let metadata =
            fs::symlink_metadata(path).ok().filter(|metadata| !metadata.is_dir() && metadata.nlink() > 1)?;
        Some((metadata.dev(), metadata.ino()))
    };
    identity(a).is_some_and(|a| identity(b) == Some(a))
}

/// Copies a file or a symlink to another file system, with its time and its mode.
fn copy(from: &Path, to: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if !metadata.is_file() {
        return Err(io::ErrorKind::CrossesDevices.into());
    }
    write_atomically(to, |unfinished| {
        let mut copy = OpenOptions::new().write(true).create_new(true).open(unfinished)?;
        io::copy(&mut File::open(from)?, &mut copy)?;
        copy.set_permissions(metadata.permissions())?;
        copy.set_modified(metadata.modified()?)?;
        copy.sync_all()
    })
}

/// Writes a new file, and fails if something is at `path`.
///
/// The umask limits `mode`.
pub(super) fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    write_atomically(path, |unfinished| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(unfinished)?;
        file.write_all(content)
    })
}

/// Writes a staged object as a file or a symlink, and fails if something is at `path`.
pub(super) fn write_object(path: &Path, object: &Object, content: &[u8]) -> io::Result<()> {
    match object.mode {
        Object::SYMLINK => symlink(OsStr::from_bytes(content), path),
        Object::EXECUTABLE => write_new(path, content, 0o777),
        _ => write_new(path, content, 0o666),
    }
}

/// Replaces the contents of a file in one step, or creates it.
///
/// A symlink is followed, and the mode is kept.
///
/// # Errors
///
/// The file cannot be written. It is unchanged.
pub(crate) fn replace(file: &Path, content: &[u8]) -> Result<(), Error> {
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let unfinished = file.with_file_name(format!("{UNFINISHED}-{}", process::id()));
    let write = || {
        File::create_new(&unfinished)?.write_all(content)?;
        if let Ok(present) = fs::metadata(&file) {
            fs::set_permissions(&unfinished, present.permissions())?;
        }
        fs::rename(&unfinished, &file)
    };
    let written = write().inspect_err(|_| drop(fs::remove_file(&unfinished)));
    Ok(written.map_err(failed_to("write", &file))?)
}

/// Writes a file under a temporary name, then renames it.
///
/// A killed process leaves no partial file at `path`.
fn write_atomically(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let unfinished = path.with_file_name(UNFINISHED);
    let _ = fs::remove_file(&unfinished);
    write(&unfinished)
        .and_then(|()| rename_no_replace(&unfinished, path))
        .inspect_err(|_| drop(fs::remove_file(&unfinished)))
}

/// Returns `path`, then `path` with the numbers 2, 3, … before its extension.
pub(super) fn numbered_names(path: &BStr) -> impl Iterator<Item = BString> {
    let start = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
    let (directory, name) = path.split_at(start);
    let is_extension = |dot: &usize| *dot > 0 && name.len() - dot <= MAX_EXTENSION_LEN;
    let dot = name.rfind_byte(b'.').filter(is_extension).unwrap_or(name.len());
    let (stem, extension) = name.split_at(dot);
    let numbered = (2_u64..).map(move |number| {
        let number = format!("-{number}");
        let room = MAX_NAME_LEN - number.len() - extension.len();
        let stem = &stem[..stem.len().min(room)];
        bstr::concat([directory, stem, number.as_bytes(), extension]).into()
    });
    std::iter::once(path.to_owned()).chain(numbered)
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice;

    use super::{MAX_NAME_LEN, numbered_names};

    fn second(path: &str) -> String {
        numbered_names(path.into()).nth(1).unwrap().to_string()
    }

    #[test]
    fn the_number_is_before_the_extension() {
        assert_eq!(second("d.d/debug_x.py"), "d.d/debug_x-2.py");
        assert_eq!(second("a.tar.gz"), "a.tar-2.gz");
    }

    #[test]
    fn a_leading_dot_begins_no_extension() {
        assert_eq!(second("d/.env"), "d/.env-2");
        assert_eq!(second("Makefile"), "Makefile-2");
    }

    #[test]
    fn a_long_extension_is_part_of_the_name() {
        let name = format!("a.{}", "x".repeat(40));
        assert_eq!(second(&name), format!("{name}-2"));
    }

    #[test]
    fn a_numbered_name_is_not_too_long() {
        let name = format!("{}.py", "x".repeat(MAX_NAME_LEN - 3));
        let numbered = numbered_names(name.as_bytes().as_bstr()).nth(12).unwrap();
        assert_eq!(numbered.len(), MAX_NAME_LEN);
        assert!(numbered.ends_with(b"-13.py"));
    }
}
