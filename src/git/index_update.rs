//! Changes to the index, under git's own lock.
//!
//! `index.lock` is held from before the index is read until it is replaced, so that no
//! other git process changes it in between. git makes the changes in a copy, which
//! replaces the index in one step at the end.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bstr::BString;

use super::command::{EXPAND_INDEX, Git, nul_terminated};
use super::index_lock::IndexLock;
use super::{EntryBits, Error, Layout, Object};
use crate::disk::{copy_new, with_suffix};

/// A change to one entry of the index.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct IndexChange {
    /// The path in bytes, relative to the worktree.
    pub path: BString,
    /// The new entry. `None` removes the entry.
    pub object: Option<Object>,
    /// The bits of the new entry.
    pub bits: EntryBits,
}

/// The locked index.
///
/// The lock is released on drop. The index is unchanged until [`IndexUpdate::commit`].
#[derive(Debug)]
pub(crate) struct IndexUpdate<'l> {
    layout: &'l Layout,
    /// The index file, with symlinks resolved.
    index: PathBuf,
    /// The copy that the changes are made in.
    copy: PathBuf,
    /// Whether there is a copy to replace the index with. A new repository has no index.
    is_prepared: Cell<bool>,
    /// The object id of all zeros, in hexadecimal.
    null_id: String,
    _lock: IndexLock,
}

impl<'l> IndexUpdate<'l> {
    /// Locks the index of a repository.
    ///
    /// # Errors
    ///
    /// Another process holds the lock, or it cannot be created.
    pub(crate) fn lock(layout: &'l Layout) -> Result<Self, Error> {
        let index = layout.index_target();
        let update = Self {
            layout,
            copy: with_suffix(&index, ".stage-guard"),
            is_prepared: Cell::default(),
            null_id: "0".repeat(2 * layout.object_format.id_len()),
            _lock: IndexLock::acquire(layout.git_dir(), layout.index_lock())?,
            index,
        };
        Ok(update)
    }

    /// Returns the absolute path of the index file.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.index
    }

    /// Makes `changes` in a fresh copy of the index.
    ///
    /// # Errors
    ///
    /// The index cannot be copied, or git rejects the changes.
    pub(crate) fn prepare(&self, changes: &[IndexChange]) -> Result<(), Error> {
        self.remove_copy().map_err(|source| self.failed("remove the copy of", source))?;
        // git replaces an index file and never writes into it, so a hard link is a copy.
        let copied = fs::hard_link(&self.index, &self.copy).or_else(|_| copy_new(&self.index, &self.copy));
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
        self.git().run_with_input(&["update-index", "-z", "--index-info"], &bstr::concat(lines))?;
        self.set_bit("--skip-worktree", changes, |bits| bits.is_off_disk)?;
        self.set_bit("--assume-unchanged", changes, |bits| bits.is_assumed_unchanged)
    }

    /// Sets a bit of the new entries that have it, with an option of `git update-index`.
    fn set_bit(
        &self,
        option: &str,
        changes: &[IndexChange],
        has_bit: impl Fn(EntryBits) -> bool,
    ) -> Result<(), Error> {
        let entries = changes.iter().filter(|change| change.object.is_some() && has_bit(change.bits));
        let paths = nul_terminated(entries.map(|change| &change.path));
        if paths.is_empty() {
            return Ok(());
        }
        self.git().run_with_input(&["update-index", "-z", option, "--stdin"], &paths).map(drop)
    }

    /// Adds intent-to-add entries to the prepared copy, for files below `worktree`.
    ///
    /// # Errors
    ///
    /// A file does not exist, or git fails.
    pub(crate) fn add_intent_to_add<'p>(
        &self,
        worktree: &Path,
        paths: impl Iterator<Item = &'p BString>,
    ) -> Result<(), Error> {
        let paths = nul_terminated(paths);
        if paths.is_empty() {
            return Ok(());
        }
        let options =
            ["--intent-to-add", "--force", "--sparse", "--pathspec-from-file=-", "--pathspec-file-nul"];
        let git = self.git().at(worktree, self.layout.git_dir()).with_var("GIT_LITERAL_PATHSPECS", "1");
        git.run_with_input(&[&["add"], &options[..]].concat(), &paths).map(drop)
    }

    /// Checks out `paths` of the prepared index to `directory` instead of the worktree.
    ///
    /// # Errors
    ///
    /// A file cannot be written. A part of it may have been written.
    pub(crate) fn check_out<'p>(
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
        self.git().run_with_input(&arguments, &paths).map(drop)
    }

    /// Replaces the index with the prepared copy in one step.
    ///
    /// # Errors
    ///
    /// The copy cannot be renamed. The index is unchanged.
    pub(crate) fn commit(&self) -> Result<(), Error> {
        if !self.is_prepared.get() {
            return Ok(());
        }
        fs::rename(&self.copy, &self.index).map_err(|error| self.failed("replace", error))
    }

    /// Returns a git that works on the copy of the index.
    ///
    /// Into a sparse index, `git update-index` writes a path next to the directory that has it.
    fn git(&self) -> Git {
        self.layout.git().with_var("GIT_INDEX_FILE", &self.copy).with_settings(&[EXPAND_INDEX])
    }

    /// Removes the copy, and the lock on it that a killed git leaves behind.
    ///
    /// A copy that stays is another name of the index, and must not be written to.
    fn remove_copy(&self) -> io::Result<()> {
        for file in [&self.copy, &with_suffix(&self.copy, ".lock")] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn failed(&self, step: &'static str, source: io::Error) -> Error {
        Error::WriteIndex { step, path: self.index.clone(), source }
    }
}

impl Drop for IndexUpdate<'_> {
    fn drop(&mut self) {
        let _ = self.remove_copy();
    }
}
