//! Writing the index. Git's own lock is held all the while, `index.lock`, so that no
//! other git changes the index between what was read and what is written. The
//! changes are made by git in a copy, which takes the place of the index in one
//! step at the end; until then nothing has happened.
//!
//! A lock that was left by a process which was killed would stop every git. This one
//! says whose it is, and its owner holds a kernel's lock on it: where nobody does,
//! the next update takes it over.

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
use super::{Error, Object, Repository, index_file};

/// What our lock holds, and no lock of git's does.
const MARK: &[u8] = b"held by stage-guard\n";

/// A change to one entry of the index.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IndexChange {
    /// In bytes, relative to the top of the repository.
    pub path: BString,
    /// What the entry is set to; nothing removes it.
    pub object: Option<Object>,
    /// Whether a sparse checkout keeps the path off the disk.
    pub is_off_disk: bool,
}

/// The index, locked. Dropped, it is unlocked, and as it was unless
/// [`IndexUpdate::commit`] came before.
#[derive(Debug)]
pub struct IndexUpdate<'r> {
    repository: &'r Repository,
    /// What is updated; no symlink.
    index: PathBuf,
    /// The copy that the changes are made in.
    new: PathBuf,
    /// Whether there is one: a repository in which nothing was ever staged has no index.
    is_prepared: Cell<bool>,
    /// Open for as long as the lock is held.
    _held: File,
}

impl Repository {
    /// Locks the index.
    ///
    /// # Errors
    ///
    /// Another git has it locked, or the disk refuses.
    pub fn lock_index(&self) -> Result<IndexUpdate<'_>, Error> {
        let index = index_file::path(&self.place);
        // As git does: where the index is a symlink, the lock is beside its target.
        let index = fs::canonicalize(&index).unwrap_or(index);
        let held = hold(&beside(&index, ".lock"))?;
        let update = IndexUpdate {
            repository: self,
            new: beside(&index, ".stage-guard"),
            index,
            is_prepared: Cell::default(),
            _held: held,
        };
        update.remove_copy();
        Ok(update)
    }
}

impl IndexUpdate<'_> {
    /// The index that is updated, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.index
    }

    /// Makes `changes` in a fresh copy of the index.
    ///
    /// # Errors
    ///
    /// The disk refuses, or git does.
    pub fn prepare(&self, changes: &[IndexChange]) -> Result<(), Error> {
        self.remove_copy();
        // Git never writes into an index, it puts a new one in its place: a second name
        // will do for a copy.
        let copied =
            fs::hard_link(&self.index, &self.new).or_else(|_| fs::copy(&self.index, &self.new).map(drop));
        match copied {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.failed("copy", error)),
            copied => self.is_prepared.set(copied.is_ok() || !changes.is_empty()),
        }
        if changes.is_empty() {
            return Ok(());
        }
        let null = "0".repeat(self.repository.empty_tree().len());
        let lines = changes.iter().map(|IndexChange { path, object, .. }| {
            let (mode, id) = object.as_ref().map_or((0, &null), |object| (object.mode, &object.id));
            bstr::concat([format!("{mode:o} {id}\t").as_bytes(), path, b"\0"])
        });
        run_with(self.git(), &["update-index", "-z", "--index-info"], &bstr::concat(lines))?;
        let off_disk = changes.iter().filter(|change| change.is_off_disk && change.object.is_some());
        let off_disk = terminated(off_disk.map(|change| &change.path));
        if !off_disk.is_empty() {
            run_with(self.git(), &["update-index", "-z", "--skip-worktree", "--stdin"], &off_disk)?;
        }
        Ok(())
    }

    /// Writes files of the prepared index, as the worktree would have them, below
    /// `directory`.
    ///
    /// # Errors
    ///
    /// The disk refuses. A file may be there by half then.
    pub fn check_out<'p>(
        &self,
        directory: &Path,
        paths: impl Iterator<Item = &'p BString>,
    ) -> Result<(), Error> {
        let paths = terminated(paths);
        if paths.is_empty() {
            return Ok(());
        }
        let mut prefix = OsString::from("--prefix=");
        prefix.push(directory);
        prefix.push("/");
        let arguments = [OsStr::new("checkout-index"), OsStr::new("-z"), &prefix, OsStr::new("--stdin")];
        run_with(self.git(), &arguments, &paths).map(drop)
    }

    /// Puts the prepared index, if there is one, in the place of the index.
    ///
    /// # Errors
    ///
    /// The disk refuses, and the index is as it was.
    pub fn commit(&self) -> Result<(), Error> {
        if !self.is_prepared.get() {
            return Ok(());
        }
        fs::rename(&self.new, &self.index).map_err(|error| self.failed("replace", error))
    }

    /// A git that works on the copy, and has all that a git has that writes.
    fn git(&self) -> Command {
        let mut git = self.repository.git();
        git.env("GIT_INDEX_FILE", &self.new);
        git
    }

    /// Removes the copy, and the lock that a killed git left of it.
    fn remove_copy(&self) {
        for file in [&self.new, &beside(&self.new, ".lock")] {
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
        let _ = fs::remove_file(beside(&self.index, ".lock"));
    }
}

/// Makes the lock, or takes over one that nobody holds any more. It appears with its
/// mark in it and held, in one step.
fn hold(lock: &Path) -> Result<File, Error> {
    let new = beside(lock, ".stage-guard");
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

/// The path with `suffix` after it.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Each path with a NUL after it.
fn terminated<'p>(paths: impl Iterator<Item = &'p BString>) -> Vec<u8> {
    bstr::concat(paths.map(|path| bstr::concat([path.as_slice(), b"\0"])))
}
