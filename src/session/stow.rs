//! Carries out a plan, and rolls it back if a step fails.
//!
//! The order of the steps loses no contents. First the new index is prepared next to the old
//! one, git checks out what is to be written, and the record is written. Then files are moved,
//! and what was checked out is moved in their place. Then the new index replaces the old one
//! in one step. If the process is killed before that, everything is still staged, and the next
//! stow rolls back what the record names.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::place::{Place, Root};
use super::record::{CopyRecord, PathRecord, Record, UnfinishedRecord};
use super::record::{checkout_directory, is_record, temporary_name};
use super::transaction::Transaction;
use super::{Error, IgnoreLine, Plan, StagedCopy, Step, files, to_path};
use crate::disk::{Loss, failed_to, is_temporary_name};
use crate::git::{EntryBits, IndexChange, IndexUpdate, Repository, exclude_file};

/// What a stow did beside its plan.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// What files lack that were copied to another file system, each with its path.
    pub losses: BTreeSet<(BString, Loss)>,
    /// The file to which a line was added so that git ignores the session directory.
    pub ignore_file: Option<PathBuf>,
    /// The record of a killed stow that could not be undone.
    pub leftover: Option<PathBuf>,
}

/// Carries out `plan` and records it for an undo.
///
/// `index` is the locked index. `is_interrupted` returns whether a signal arrived.
///
/// # Errors
///
/// A step failed or a signal arrived, and everything was rolled back. The error lists the
/// files that could not be moved back.
pub(crate) fn stow(
    repository: &Repository,
    index: &IndexUpdate,
    plan: &Plan,
    is_interrupted: &dyn Fn() -> bool,
) -> Result<Done, Error> {
    let layout = repository.layout();
    Record::check_replaceable(layout.git_dir())?;
    remove_leftovers(layout.git_dir());
    let ignore_line = match plan.ignore_pattern {
        Some(pattern) => {
            Some(IgnoreLine::add(layout, &exclude_file(layout)?, pattern, &plan.stowed_paths())?)
        }
        None => None,
    };
    let stow = Stow {
        repository,
        index,
        worktree: Root::open(layout.worktree())?,
        git_dir: Root::open(layout.git_dir())?,
        temporary: temporary_name(),
        is_interrupted,
    };
    let done = stow.run(&plan.steps);
    let _ = fs::remove_dir_all(stow.checkout().on_disk());
    let done = done.inspect_err(|_| ignore_line.iter().for_each(IgnoreLine::revert))?;
    for step in plan.steps.iter().filter(|step| step.destination.is_some()) {
        stow.remove_empty_directories(step.path.as_bstr());
    }
    Ok(Done { ignore_file: ignore_line.map(|line| line.file().to_owned()), ..done })
}

/// Removes what stows that were killed have checked out, and the records they were writing.
fn remove_leftovers(git_dir: &Path) {
    for entry in entries(&git_dir.join("stage-guard")) {
        let (name, path) = (entry.file_name(), entry.path());
        let Ok(kind) = entry.file_type().map(|kind| (kind.is_dir(), kind.is_file())) else { continue };
        let _ = match kind {
            _ if !is_temporary_name(&name) => continue,
            (true, _) if is_checkout(&path) => fs::remove_dir_all(path),
            (_, true) if is_record(&path).unwrap_or(false) => fs::remove_file(path),
            _ => continue,
        };
    }
}

/// Whether a directory has nothing but what a stow checks out.
fn is_checkout(directory: &Path) -> bool {
    entries(directory).all(|entry| entry.file_name() == "committed" || entry.file_name() == "staged")
}

fn entries(directory: &Path) -> impl Iterator<Item = DirEntry> {
    fs::read_dir(directory).into_iter().flatten().flatten()
}

/// A stow that is being carried out.
struct Stow<'r> {
    repository: &'r Repository,
    index: &'r IndexUpdate<'r>,
    worktree: Root,
    git_dir: Root,
    /// A file name that nothing else has.
    temporary: BString,
    is_interrupted: &'r dyn Fn() -> bool,
}

impl Stow<'_> {
    fn run(&self, steps: &[Step]) -> Result<Done, Error> {
        let record = self.check_out(steps).and_then(|record| {
            let unfinished = UnfinishedRecord::write(self.repository.layout().git_dir(), &record)?;
            Ok((record, unfinished))
        });
        let (record, unfinished) = record.map_err(|error| self.rolled_back(Vec::new(), error))?;
        let mut transaction = Transaction::new(&self.git_dir, to_path(record.temporary.as_bstr()).into());
        match self.move_files(&mut transaction, steps, &record) {
            Ok(()) => {
                let (losses, leftover) = (transaction.losses(), unfinished.finish());
                let leftover = leftover.map(|path| self.repository.layout().git_dir().join(path));
                Ok(Done { losses, leftover, ignore_file: None })
            }
            Err(error) => {
                let error = self.roll_back(transaction, steps, error);
                unfinished.remove();
                Err(error)
            }
        }
    }

    /// Prepares the new index, and checks out what is to be written.
    ///
    /// git writes to another directory: on a full disk it leaves partial files.
    fn check_out(&self, steps: &[Step]) -> Result<Record, Error> {
        self.check_out_copies(steps)?;
        self.index.prepare(&index_changes(steps.iter()))?;
        let restored = steps.iter().filter(|step| step.restores_worktree).map(|step| &step.path);
        self.index.check_out(&self.committed(BStr::new("")).on_disk(), restored)?;
        let records = steps.iter().map(|step| self.record(step));
        let records = records.collect::<Result<_, _>>()?;
        Ok(Record::new(self.repository.layout().git_dir(), self.index, self.temporary.as_bstr(), records))
    }

    /// Checks out the staged contents that are copied, as git would check out the file.
    fn check_out_copies(&self, steps: &[Step]) -> Result<(), Error> {
        let copies: Vec<(&Step, &StagedCopy)> =
            steps.iter().filter_map(|step| Some((step, step.staged_copy.as_ref()?))).collect();
        // Without its skip-worktree bit, git checks out an entry that a sparse checkout leaves out.
        let entries: Vec<IndexChange> = copies
            .iter()
            .filter(|(step, _)| step.before.bits.is_off_disk)
            .map(|(step, copy)| IndexChange {
                path: step.path.clone(),
                object: Some(copy.object.clone()),
                bits: EntryBits::default(),
            })
            .collect();
        self.index.prepare(&entries)?;
        let directory = self.staged(BStr::new("")).on_disk();
        if self.index.check_out(&directory, copies.iter().map(|(step, _)| &step.path)).is_ok() {
            return Ok(());
        }
        // A filter is missing or fails: a file that it cannot write is copied as git stores it.
        for (step, copy) in copies {
            self.stop_if_interrupted()?;
            let place = self.staged(step.path.as_bstr());
            let on_disk = place.on_disk();
            let _ = place.remove();
            if self.index.check_out(&directory, std::iter::once(&step.path)).is_err() {
                let _ = place.remove();
                let content = self.repository.blob(&copy.object.id)?;
                place.create_parents(&mut Vec::new())?;
                files::write_object(&on_disk, &copy.object, &content)
                    .map_err(failed_to("write", &on_disk))?;
            }
        }
        Ok(())
    }

    /// Returns the record of a step, with what was checked out for it.
    fn record(&self, step: &Step) -> Result<PathRecord, Error> {
        let path = step.path.as_bstr();
        let mut record = PathRecord::new(step);
        if step.restores_worktree {
            record.written = Some(self.committed(path).fingerprint()?);
        }
        if let Some(copy) = &step.staged_copy {
            let written = self.staged(path).fingerprint()?;
            record.copy = Some(CopyRecord { path: copy.path.clone(), written });
        }
        Ok(record)
    }

    /// Moves the files, writes what was checked out, and replaces the index.
    fn move_files(
        &self,
        transaction: &mut Transaction,
        steps: &[Step],
        record: &Record,
    ) -> Result<(), Error> {
        for (step, record) in steps.iter().zip(&record.records) {
            self.stop_if_interrupted()?;
            let path = step.path.as_bstr();
            if let Some(copy) = &record.copy {
                let to = self.in_worktree(copy.path.as_bstr());
                transaction.place(path, &self.staged(path), &to, &copy.written)?;
            }
            if let Some(destination) = &step.destination {
                let to = self.in_worktree(destination.as_bstr());
                transaction.move_file(path, &self.in_worktree(path), &to)?;
                check_unchanged(step, &to)?;
            }
        }
        for (step, record) in steps.iter().zip(&record.records) {
            if let Some(written) = &record.written {
                self.stop_if_interrupted()?;
                let path = step.path.as_bstr();
                transaction.place(path, &self.committed(path), &self.in_worktree(path), written)?;
            }
        }
        self.stop_if_interrupted()?;
        Ok(self.index.commit()?)
    }

    /// Rolls the files back. Files that cannot be moved back are unstaged.
    fn roll_back(&self, transaction: Transaction, steps: &[Step], error: Error) -> Error {
        let displaced = transaction.roll_back();
        if !displaced.is_empty() {
            let is_displaced = |step: &&Step| displaced.iter().any(|file| file.path == step.path);
            let changes = index_changes(steps.iter().filter(is_displaced));
            // If this fails, they stay staged. The error lists them in any case.
            let _ = self.index.prepare(&changes).and_then(|()| self.index.commit());
        }
        let worktree = self.repository.layout().worktree();
        let displaced = displaced.iter().map(|displaced| displaced.relative_to(worktree)).collect();
        self.rolled_back(displaced, error)
    }

    fn rolled_back(&self, displaced: Vec<(BString, BString)>, error: Error) -> Error {
        let source = Box::new(if (self.is_interrupted)() { Error::Interrupted } else { error });
        Error::RolledBack { action: "stowed", displaced, source }
    }

    fn stop_if_interrupted(&self) -> Result<(), Error> {
        if (self.is_interrupted)() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Returns where git checks files out before they are moved.
    fn checkout(&self) -> Place {
        self.git_dir.place(checkout_directory(self.temporary.as_bstr()))
    }

    /// Returns where the committed version of `path` is checked out.
    fn committed(&self, path: &BStr) -> Place {
        self.checkout().child(Path::new("committed").join(to_path(path)))
    }

    /// Returns where the staged version of `path` is checked out.
    fn staged(&self, path: &BStr) -> Place {
        self.checkout().child(Path::new("staged").join(to_path(path)))
    }

    fn in_worktree(&self, path: &BStr) -> Place {
        self.worktree.place(to_path(path))
    }

    /// Removes the directories above `path` that are empty, except the current directory.
    fn remove_empty_directories(&self, path: &BStr) {
        let current_dir = self.repository.environment().current_dir();
        for slash in path.rfind_iter(b"/") {
            let directory = self.in_worktree(path[..slash].as_bstr());
            if current_dir.starts_with(directory.on_disk()) || directory.remove_directory().is_err() {
                return;
            }
        }
    }
}

fn index_changes<'s>(steps: impl Iterator<Item = &'s Step>) -> Vec<IndexChange> {
    steps.filter_map(Step::index_change).collect()
}

/// Checks that a file whose staged contents are not copied still has them after its move.
fn check_unchanged(step: &Step, moved: &Place) -> Result<(), Error> {
    let is_only_version = step.before.staged.is_some() && step.staged_copy.is_none();
    let is_unchanged = step.stamp.as_ref().zip(moved.stamp()).is_some_and(|(a, b)| a.is_unchanged(&b));
    if is_only_version && !is_unchanged { Err(Error::ChangedMeanwhile(step.path.clone())) } else { Ok(()) }
}
