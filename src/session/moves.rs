//! Moving files so that nothing is ever overwritten.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process;

use bstr::{BStr, BString, ByteSlice};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::git::Object;

/// The longest name that a file system takes, in bytes (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// Moves a file, a symlink or a directory to where nothing is, in one step where
/// the file system can.
///
/// # Errors
///
/// Something is there already, or the disk refuses.
pub(super) fn move_to_nothing(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The file system does not know the flag, or `to` is on another one.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::XDEV) => {
            let metadata = fs::symlink_metadata(from)?;
            if metadata.is_dir() {
                // Never in the place of a file or of a directory that holds one.
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

/// Whether both are names of one file that has more than one: links, and not the
/// same name in another letter case, where the file system does not tell those apart.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| {
        let metadata =
            fs::symlink_metadata(path).ok().filter(|metadata| !metadata.is_dir() && metadata.nlink() > 1)?;
        Some((metadata.dev(), metadata.ino()))
    };
    identity(one).is_some_and(|one| identity(other) == Some(one))
}

/// Copies a file or a symlink to another file system, with its times and its mode.
fn copy(from: &Path, to: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if !metadata.is_file() {
        return Err(io::ErrorKind::CrossesDevices.into());
    }
    in_one_step(to, |new| {
        let mut copy = OpenOptions::new().write(true).create_new(true).open(new)?;
        io::copy(&mut File::open(from)?, &mut copy)?;
        copy.set_permissions(metadata.permissions())?;
        copy.set_modified(metadata.modified()?)?;
        copy.sync_all()
    })
}

/// Writes a file where nothing is.
///
/// # Errors
///
/// Something is there already, or the disk refuses.
pub(super) fn write_new(path: &Path, content: &[u8], is_executable: bool) -> io::Result<()> {
    let mode = if is_executable { 0o777 } else { 0o666 };
    in_one_step(path, |new| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(new)?;
        file.write_all(content)
    })
}

/// Writes what is staged where nothing is: a file, or a symlink.
///
/// # Errors
///
/// Something is there already, or the disk refuses.
pub(super) fn write_object(path: &Path, object: &Object, content: &[u8]) -> io::Result<()> {
    match object.mode {
        Object::SYMLINK => symlink(OsStr::from_bytes(content), path),
        mode => write_new(path, content, mode == Object::EXECUTABLE),
    }
}

/// Whether what is staged is at `path` already, as [`write_object`] would write it.
pub(super) fn holds(path: &Path, object: &Object, content: &[u8]) -> bool {
    let Ok(metadata) = fs::symlink_metadata(path) else { return false };
    if object.mode == Object::SYMLINK {
        return fs::read_link(path).is_ok_and(|target| target.as_os_str().as_bytes() == content);
    }
    let is_executable = metadata.mode() & 0o100 != 0;
    metadata.is_file()
        && is_executable == (object.mode == Object::EXECUTABLE)
        && metadata.len() == content.len() as u64
        && fs::read(path).is_ok_and(|present| present == content)
}

/// Writes a file in the place of another, with its mode, or where nothing is.
///
/// # Errors
///
/// The disk refuses, and the file is as it was.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_file_name(format!(".stage-guard-unfinished-{}", process::id()));
    let mut file = File::create_new(&new)?;
    let mut make = || {
        file.write_all(content)?;
        if let Ok(present) = fs::metadata(path) {
            fs::set_permissions(&new, present.permissions())?;
        }
        fs::rename(&new, path)
    };
    make().inspect_err(|_| drop(fs::remove_file(&new)))
}

/// Makes a file under a name of its own, and gives it its name when it is whole: a
/// process that is killed leaves none that is half written.
fn in_one_step(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let new = unfinished(path);
    let _ = fs::remove_file(&new);
    make(&new).and_then(|()| move_to_nothing(&new, path)).inspect_err(|_| drop(fs::remove_file(&new)))
}

/// One name for all, so that what a killed process left is taken up by the next.
fn unfinished(path: &Path) -> PathBuf {
    path.with_file_name(".stage-guard-unfinished")
}

/// The names under which `path` may be kept, the one that it has first: then with a
/// number before what follows its last dot.
pub(super) fn names(path: &BStr) -> impl Iterator<Item = BString> {
    let start = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
    let (directory, name) = path.split_at(start);
    // `.env` has no extension, and one of this length is none.
    let dot = name.rfind_byte(b'.').filter(|dot| *dot > 0 && name.len() - dot < 32).unwrap_or(name.len());
    let (stem, extension) = name.split_at(dot);
    let numbered = (2_u64..).map(move |number| {
        let number = format!("-{number}");
        let room = NAME_MAX - number.len() - extension.len();
        let stem = &stem[..stem.len().min(room)];
        bstr::concat([directory, stem, number.as_bytes(), extension]).into()
    });
    std::iter::once(path.to_owned()).chain(numbered)
}
