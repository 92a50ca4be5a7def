//! Changes to the index, under git's own lock.
//!
//! `index.lock` is held from before the index is read until it is replaced, so that no
//! other git process changes it in between. git makes the changes in a copy, which
//! replaces the index in one step at the end.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::BString;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::command_line::run_with;
use super::{Error, Layout, Object, Repository};

/// What our lock holds, and no lock of git's does.
const MARK: &[u8] = b"held by stage-guard\n";

/// A change to one entry of the index.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IndexChange {
    /// The path in bytes, relative to the worktree.
    pub path: BString,
    /// The new entry. `None` removes the entry.
    pub object: Option<Object>,
    /// Whether the entry gets the skip-worktree bit (sparse checkout).
    pub is_off_disk: bool,
}

/// The locked index.
///
/// The lock is released on drop. The index is unchanged until [`IndexUpdate::commit`].
#[derive(Debug)]
pub struct IndexUpdate<'r> {
    layout: &'r Layout,
    /// The index file, with symlinks resolved.
    index: PathBuf,
    /// The copy that the changes are made in.
    copy: PathBuf,
    /// Whether the copy is to replace the index. A new repository has no index.
    is_prepared: Cell<bool>,
    /// The object id of all zeros, in hexadecimal.
    null_id: String,
    /// Open for as long as the lock is held.
    _held: File,
}

impl<'r> IndexUpdate<'r> {
    /// Locks the index of `repository`.
    ///
    /// # Errors
    ///
    /// Another process holds the lock, or it cannot be created.
    pub fn lock(repository: &'r Repository) -> Result<Self, Error> {
        let layout = repository.layout();
        let index = layout.index.clone();
        // git puts the lock beside the target of a symlinked index.
        let index = fs::canonicalize(&index).unwrap_or(index);
        let update = Self {
            layout,
            copy: with_suffix(&index, ".stage-guard"),
            is_prepared: Cell::default(),
            null_id: "0".repeat(2 * layout.object_format.id_len()),
            _held: hold(&with_suffix(&index, ".lock"))?,
            index,
        };
        update.remove_copy();
        Ok(update)
    }

    /// The absolute path of the index file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.index
    }

    /// Makes `changes` in a fresh copy of the index.
    ///
    /// # Errors
    ///
    /// The index cannot be copied, or git rejects the changes.
    pub fn prepare(&self, changes: &[IndexChange]) -> Result<(), Error> {
        self.remove_copy();
        // git never writes into an index file, it replaces it: a hard link is a copy.
        let copied =
            fs::hard_link(&self.index, &self.copy).or_else(|_| fs::copy(&self.index, &self.copy).map(drop));
        match copied {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.failed("copy", error)),
            copied => self.is_prepared.set(copied.is_ok() || !changes.is_empty()),
        }
        if changes.is_empty() {
            return Ok(());
        }
        let lines = changes.iter().map(|IndexChange { path, object, .. }| {
            let (mode, id) = object.as_ref().map_or((0, &self.null_id), |object| (object.mode, &object.id));
            bstr::concat([format!("{mode:o} {id}\t").as_bytes(), path, b"\0"])
        });
        run_with(self.git(), &["update-index", "-z", "--index-info"], &bstr::concat(lines))?;
        let off_disk = changes.iter().filter(|change| change.is_off_disk && change.object.is_some());
        let off_disk = nul_terminated(off_disk.map(|change| &change.path));
        if !off_disk.is_empty() {
            run_with(self.git(), &["update-index", "-z", "--skip-worktree", "--stdin"], &off_disk)?;
        }
        Ok(())
    }

    /// Checks out `paths` of the prepared index to `directory` instead of the worktree.
    ///
    /// # Errors
    ///
    /// A file cannot be written. It may be there in part.
    pub fn check_out<'p>(
        &self,
        directory: &Path,
        paths: impl Iterator<Item = &'p BString>,
    ) -> Result<(), Error> {
        let paths = nul_terminated(paths);
        if paths.is_empty() {
            return Ok(());
        }
        let mut prefix = OsString::from("--prefix=");
        prefix.push(directory);
        prefix.push("/");
        let arguments = [OsStr::new("checkout-index"), OsStr::new("-z"), &prefix, OsStr::new("--stdin")];
        run_with(self.git(), &arguments, &paths).map(drop)
    }

    /// Replaces the index by the prepared copy in one step.
    ///
    /// # Errors
    ///
    /// The copy cannot be renamed. The index is unchanged.
    pub fn commit(&self) -> Result<(), Error> {
        if !self.is_prepared.get() {
            return Ok(());
        }
        fs::rename(&self.copy, &self.index).map_err(|error| self.failed("replace", error))
    }

    /// Builds a git command that works on the copy of the index.
    fn git(&self) -> Command {
        let mut git = self.layout.git();
        git.env("GIT_INDEX_FILE", &self.copy);
        git
    }

    /// Removes the copy, and git's lock on it if git was killed.
    fn remove_copy(&self) {
        for file in [&self.copy, &with_suffix(&self.copy, ".lock")] {
            let _ = fs::remove_file(file);
        }
    }

    fn failed(&self, step: &'static str, source: io::Error) -> Error {
        Error::WriteIndex { step, path: self.index.clone(), source }
    }
}

impl Drop for IndexUpdate<'_> {
    fn drop(&mut self) {
        self.remove_copy();
        let _ = fs::remove_file(with_suffix(&self.index, ".lock"));
    }
}

/// Makes the lock, or takes over one that nobody holds any more. It appears with its
/// mark in it and held, in one step.
fn hold(lock: &Path) -> Result<File, Error> {
    let new = with_suffix(lock, ".stage-guard");
    let held = held(&new).and_then(|file| match fs::hard_link(&new, lock) {
        // A file system without hard links.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            File::create_new(lock)?;
            Ok(file)
        }
        linked => linked.map(|()| file),
    });
    let held = match held {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        held => {
            let _ = fs::remove_file(&new);
            match held {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken_over(lock),
                held => held.map(Some),
            }
        }
    };
    let failed = |source| Error::WriteIndex { step: "lock", path: lock.to_owned(), source };
    held.map_err(failed)?.ok_or_else(|| Error::IndexLocked(lock.to_owned()))
}

/// A file with the mark, held by this process alone. Where the file system has no
/// locks, without the mark: nobody could tell then whether it is held.
fn held(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            file.set_len(0)?;
            file.write_all(MARK)?;
        }
        Err(error) if error == Errno::WOULDBLOCK => return Err(error.into()),
        Err(_) => file.set_len(0)?,
    }
    Ok(file)
}

/// The lock of an update that was killed; nothing, where somebody holds it.
fn taken_over(lock: &Path) -> io::Result<Option<File>> {
    let mut file = match OpenOptions::new().read(true).write(true).open(lock) {
        Ok(file) => file,
        // Given back just now: whoever asks again will have it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut content = Vec::new();
    (&mut file).take(MARK.len() as u64 + 1).read_to_end(&mut content)?;
    let is_free = content == MARK && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
    // Between the two, its owner may have given it back and another git made a new one.
    let is_same = |now: fs::Metadata| {
        file.metadata().is_ok_and(|then| (then.dev(), then.ino()) == (now.dev(), now.ino()))
    };
    Ok((is_free && fs::symlink_metadata(lock).is_ok_and(is_same)).then_some(file))
}

/// Appends `suffix` to the file name of `path`.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Joins paths, each with a NUL after it.
fn nul_terminated<'p>(paths: impl Iterator<Item = &'p BString>) -> Vec<u8> {
    bstr::concat(paths.map(|path| bstr::concat([path.as_slice(), b"\0"])))
}
