//! Undoes the last stow, from its record in the git directory.
//!
//! It changes nothing if one of the paths has changed since, and is rolled back if a step fails.
//! If it is killed, the next undo completes it. A stow that was killed is undone in the same
//! way, and the next stow does so first.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::error::Obstacle;
use super::fingerprint::Fingerprint;
use super::place::{Place, Root};
use super::record::{PathRecord, Progress, RECORD, Record, UNFINISHED, checkout_directory};
use super::transaction::{ASIDE, Transaction};
use super::{Error, to_path};
use crate::disk::{Loss, failed_to, moved_name};
use crate::git::{IndexChange, IndexUpdate, PathState, Repository, path_states};

/// What an undo did.
#[derive(Debug)]
pub(crate) struct Undone {
    /// The number of paths.
    pub count: usize,
    /// The paths whose files have changed since they were stowed. The new contents are kept.
    pub changed: Vec<BString>,
    /// What files lack that were copied to another file system, each with its path.
    pub losses: BTreeSet<(BString, Loss)>,
    /// The files that were written to during an undo, relative to the worktree.
    pub kept: Vec<BString>,
}

/// Undoes the last stow and deletes its record.
///
/// `index` is the locked index. `is_interrupted` returns whether a signal arrived.
///
/// # Errors
///
/// There is no stow to undo, a path has changed since, or a step failed. Everything was
/// rolled back. The error lists the files that could not be moved back.
pub(crate) fn undo(
    repository: &Repository,
    index: &IndexUpdate,
    is_interrupted: &dyn Fn() -> bool,
) -> Result<Undone, Error> {
    let git_dir = repository.layout().git_dir();
    // A stow that was killed is the last one. If its record is incomplete, it moved nothing.
    let (file, record) = if let Ok(Some(record)) = Record::read(git_dir, UNFINISHED, index) {
        (UNFINISHED, record)
    } else {
        let record = Record::read(git_dir, RECORD, index)?.ok_or(Error::NothingToUndo)?;
        (RECORD, record)
    };
    let mut undo = Undo::new(repository, index, record)?;
    undo.complete_record();
    let restores_index = undo.check_index()?;
    let pending = undo.check_files()?;
    undo.check_objects()?;
    let changed = pending.iter().filter(|record| undo.is_changed(record));
    let changed = changed.map(|record| record.path.clone()).collect();
    let mut transaction = undo.transaction();
    if let Err(error) = undo.run(&mut transaction, &pending, restores_index, is_interrupted) {
        let displaced = transaction.roll_back();
        let worktree = repository.layout().worktree();
        let displaced = displaced.iter().map(|displaced| displaced.relative_to(worktree)).collect();
        let source = Box::new(if is_interrupted() { Error::Interrupted } else { error });
        return Err(Error::RolledBack { action: "undone", displaced, source });
    }
    for record in &undo.record.records {
        undo.delete_copy(&mut transaction, record);
    }
    transaction.delete_asides();
    let _ = fs::remove_file(git_dir.join(file));
    let (count, kept) = (undo.record.records.len(), undo.kept());
    Ok(Undone { count, changed, losses: transaction.losses(), kept })
}

/// Undoes what a killed stow did to the files, so that the next one finds them in their place.
///
/// `index` is the locked index. A path that has changed since, in the index or on the disk, is
/// left as it is, and the record stays.
///
/// # Errors
///
/// The index cannot be read, or the killed stow changed another one.
pub(crate) fn recover(repository: &Repository, index: &IndexUpdate) -> Result<(), Error> {
    let git_dir = repository.layout().git_dir();
    let unfinished = git_dir.join(UNFINISHED);
    let record = match Record::read(git_dir, UNFINISHED, index) {
        Ok(Some(record)) => record,
        Err(error @ Error::OtherIndex(_)) => return Err(error),
        Ok(None) | Err(_) => return Ok(()),
    };
    let undo = Undo::new(repository, index, record)?;
    if undo.is_index_stowed() {
        // It was killed after its last step.
        let _ = fs::rename(&unfinished, git_dir.join(RECORD));
        return Ok(());
    }
    let mut is_complete = true;
    for record in &undo.record.records {
        is_complete &= undo.is_original(record) != Some(false) && undo.recover(record).is_ok();
    }
    if is_complete {
        let _ = fs::remove_file(&unfinished);
    }
    Ok(())
}

/// The undo of a stow.
struct Undo<'r> {
    repository: &'r Repository,
    index: &'r IndexUpdate<'r>,
    worktree: Root,
    git_dir: Root,
    record: Record,
    /// The entries of the paths in the index now.
    states: BTreeMap<BString, PathState>,
}

impl<'r> Undo<'r> {
    fn new(repository: &'r Repository, index: &'r IndexUpdate, record: Record) -> Result<Self, Error> {
        let layout = repository.layout();
        let paths: BTreeSet<BString> = record.records.iter().map(|record| record.path.clone()).collect();
        let states = path_states(layout, &repository.parents()?, &paths)?;
        let (worktree, git_dir) = (Root::open(layout.worktree())?, Root::open(layout.git_dir())?);
        let undo = Self { repository, index, worktree, git_dir, record, states };
        undo.remove_leftovers();
        Ok(undo)
    }

    /// Removes what a killed process was writing, and the asides that it has not deleted.
    fn remove_leftovers(&self) {
        let checkout = checkout_directory(self.record.temporary.as_bstr());
        let _ = fs::remove_dir_all(self.git_dir.place(checkout).on_disk());
        let temporary = to_path(self.record.temporary.as_bstr());
        let places = self.record.records.iter().flat_map(|record| {
            let copy = record.copy.as_ref().map(|copy| &copy.path);
            [Some(&record.path), record.moved_to.as_ref(), copy].into_iter().flatten()
        });
        let siblings = places.map(|path| self.place(path).sibling(temporary.as_os_str()));
        let siblings: BTreeMap<PathBuf, Place> =
            siblings.map(|place| (place.path().to_owned(), place)).collect();
        for place in siblings.values() {
            let _ = place.remove_file();
            self.remove_moved(&place.sibling(&moved_name(temporary.as_os_str())));
        }
        let asides = self.asides();
        if asides.is_empty() {
            return;
        }
        let written: HashSet<&Fingerprint> =
            self.record.records.iter().flat_map(PathRecord::fingerprints).collect();
        for aside in asides {
            if aside.fingerprint().is_ok_and(|found| written.contains(&found)) {
                let _ = aside.remove();
            }
        }
    }

    /// Removes a file that was copied to another file system, unless it has changed since.
    fn remove_moved(&self, place: &Place) {
        let Some(stamp) = place.stamp() else { return };
        let records = &self.record.records;
        let is_moved = records.iter().any(|record| record.moved.as_ref() == Some(&stamp));
        let is_written = |found| records.iter().flat_map(PathRecord::fingerprints).any(|own| *own == found);
        if is_moved || place.fingerprint().is_ok_and(is_written) {
            let _ = place.remove_file();
        }
    }

    /// Adds the fingerprints that a record of version 0.1.0 lacks, of what git checks out now.
    fn complete_record(&mut self) {
        let (states, index) = (&self.states, self.index);
        let is_incomplete = |record: &&mut PathRecord| {
            let staged = states.get(&record.path).and_then(|state| state.staged.as_ref());
            record.written.is_none() && record.checked_out.is_some() && record.checked_out.as_ref() == staged
        };
        let mut incomplete: Vec<&mut PathRecord> =
            self.record.records.iter_mut().filter(is_incomplete).collect();
        if incomplete.is_empty() {
            return;
        }
        let checkout = self.git_dir.place(checkout_directory(self.record.temporary.as_bstr()));
        let paths = incomplete.iter().map(|record| &record.path);
        // Without a fingerprint, a file counts as changed.
        if index.prepare(&[]).and_then(|()| index.check_out(&checkout.on_disk(), paths)).is_ok() {
            for record in &mut incomplete {
                record.written = checkout.child(to_path(record.path.as_bstr())).fingerprint().ok();
            }
        }
        let _ = fs::remove_dir_all(checkout.on_disk());
    }

    /// Whether an entry is as the stow left it. `None` if the stow did not change it.
    fn is_stowed(&self, record: &PathRecord) -> Option<bool> {
        record.is_entry_stowed(self.states.get(&record.path)?)
    }

    /// Whether an entry is as before the stow. `None` if the stow did not change it.
    fn is_original(&self, record: &PathRecord) -> Option<bool> {
        record.is_entry_original(self.states.get(&record.path)?)
    }

    /// Whether the index is as the stow left it, in all entries that it changed.
    fn is_index_stowed(&self) -> bool {
        let entries = || self.record.records.iter().filter_map(|record| self.is_stowed(record));
        entries().next().is_some() && entries().all(|is_stowed| is_stowed)
    }

    /// Checks that no entry has changed since the stow. Returns whether they are to be restored.
    ///
    /// An undo that was killed may have restored them, all in one step.
    fn check_index(&self) -> Result<bool, Error> {
        let records = &self.record.records;
        let changed = records.iter().find(|record| self.is_stowed(record) == Some(false));
        let Some(changed) = changed else { return Ok(true) };
        if records.iter().all(|record| self.is_original(record) != Some(false)) {
            return Ok(false);
        }
        Err(Error::CannotUndo { path: changed.path.clone(), obstacle: Obstacle::Entry })
    }

    /// Checks that an undo would overwrite nothing. Returns the paths that are to be undone.
    fn check_files(&self) -> Result<Vec<&PathRecord>, Error> {
        let mut pending = Vec::new();
        for record in &self.record.records {
            if self.progress(record)? == Progress::Pending {
                pending.push(record);
            }
        }
        Ok(pending)
    }

    /// Checks that git still has the staged objects.
    fn check_objects(&self) -> Result<(), Error> {
        let staged = self.record.records.iter().filter_map(PathRecord::staged_before);
        let blobs = staged.filter(|object| !object.is_gitlink()).map(|object| object.id.as_str());
        match self.repository.missing(blobs)? {
            Some(id) => Err(Error::Pruned(id)),
            None => Ok(()),
        }
    }

    /// Returns how far the undo of a path is. It is an error if it is not possible.
    fn progress(&self, record: &PathRecord) -> Result<Progress, Error> {
        let moved = record.moved_to.as_ref().and_then(|moved_to| self.place(moved_to).stamp());
        let progress = record.progress(&self.place(&record.path).find()?, moved.as_ref());
        progress.map_err(|obstacle| Error::CannotUndo { path: record.path.clone(), obstacle })
    }

    /// Whether the moved file has changed since.
    fn is_changed(&self, record: &PathRecord) -> bool {
        let moved = record.moved_to.as_ref().and_then(|moved_to| self.place(moved_to).stamp());
        let both = record.moved.as_ref().zip(moved);
        both.is_some_and(|(before, now)| !before.is_unchanged(&now))
    }

    fn run(
        &self,
        transaction: &mut Transaction,
        pending: &[&PathRecord],
        restores_index: bool,
        is_interrupted: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        let records = &self.record.records;
        self.index.prepare(&if restores_index { index_changes(records) } else { Vec::new() })?;
        for record in pending {
            if is_interrupted() {
                return Err(Error::Interrupted);
            }
            self.move_back(transaction, record)?;
        }
        if restores_index {
            self.restore_intent_to_add()?;
        }
        Ok(self.index.commit()?)
    }

    /// Adds the intent-to-add entries that the stow has removed to the prepared index.
    ///
    /// git adds such an entry only for a file that exists. If it was missing before the stow, too,
    /// an empty file in the git directory serves.
    fn restore_intent_to_add(&self) -> Result<(), Error> {
        let announced = self.record.records.iter().filter(|record| record.is_intent_to_add);
        let (existing, missing): (Vec<_>, Vec<_>) =
            announced.map(|record| &record.path).partition(|path| self.place(path).stamp().is_some());
        self.index.add_intent_to_add(self.repository.layout().worktree(), existing.into_iter())?;
        if missing.is_empty() {
            return Ok(());
        }
        let checkout = self.git_dir.place(checkout_directory(self.record.temporary.as_bstr()));
        let write_empty = |path: &&BString| {
            let place = checkout.child(to_path(path.as_bstr()));
            place.create_parents(&mut Vec::new())?;
            let on_disk = place.on_disk();
            fs::write(&on_disk, "").map_err(failed_to("write", &on_disk))
        };
        let added =
            missing.iter().try_for_each(write_empty).map_err(Error::from).and_then(|()| {
                Ok(self.index.add_intent_to_add(&checkout.on_disk(), missing.iter().copied())?)
            });
        let _ = fs::remove_dir_all(checkout.on_disk());
        added
    }

    /// Undoes one path of a killed stow, in the worktree only.
    fn recover(&self, record: &PathRecord) -> Result<(), Error> {
        let is_pending = self.progress(record)? == Progress::Pending;
        let mut transaction = self.transaction();
        let mut done = Ok(());
        if is_pending {
            done = self.move_back(&mut transaction, record);
        }
        match done {
            Ok(()) => {
                self.delete_copy(&mut transaction, record);
                transaction.delete_asides();
            }
            Err(_) => drop(transaction.roll_back()),
        }
        done
    }

    /// Moves the file of a path back, in the place of the committed version.
    fn move_back(&self, transaction: &mut Transaction, record: &PathRecord) -> Result<(), Error> {
        let (path, place) = (record.path.as_bstr(), self.place(&record.path));
        if let Some(written) = record.written.as_ref().filter(|_| place.stamp().is_some()) {
            transaction.set_aside(path, &place, written)?;
        }
        if let Some(moved_to) = &record.moved_to {
            transaction.move_file(path, &self.place(moved_to), &place)?;
        }
        Ok(())
    }

    /// Deletes the copy of the staged contents: they are staged again.
    fn delete_copy(&self, transaction: &mut Transaction, record: &PathRecord) {
        if let Some(copy) = &record.copy {
            let _ = transaction.take_away(&record.path, &self.place(&copy.path), &copy.written);
        }
    }

    fn transaction(&self) -> Transaction {
        Transaction::new(&self.git_dir, to_path(self.record.temporary.as_bstr()).into())
    }

    fn place(&self, path: &BString) -> Place {
        self.worktree.place(to_path(path.as_bstr()))
    }

    /// Returns the files that undos of this stow have moved aside.
    fn asides(&self) -> Vec<Place> {
        let aside = self.repository.layout().git_dir().join(ASIDE);
        let names = fs::read_dir(aside).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let own = names.filter(|name| name.as_bytes().starts_with(&self.record.temporary));
        own.map(|name| self.git_dir.place(Path::new(ASIDE).join(name))).collect()
    }

    /// Returns the files that are still aside because they have changed, relative to the worktree.
    fn kept(&self) -> Vec<BString> {
        let worktree = self.repository.layout().worktree();
        let kept = self.asides().into_iter().map(|aside| aside.on_disk());
        kept.map(|path| path.strip_prefix(worktree).unwrap_or(&path).as_os_str().as_encoded_bytes().into())
            .collect()
    }
}

fn index_changes(records: &[PathRecord]) -> Vec<IndexChange> {
    // Removals first: a removed file may be in the place of a directory, or the other way round.
    let (removed, added): (Vec<_>, Vec<_>) =
        records.iter().filter_map(PathRecord::index_change).partition(|change| change.object.is_none());
    [removed, added].concat()
}
