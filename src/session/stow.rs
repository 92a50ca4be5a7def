//! Carries out a plan, and rolls it back if a step fails.
//!
//! The order of the steps loses no contents. First the new index is prepared next to the old
//! one. Then files are moved, and committed versions are written in their place. Then the new
//! index replaces the old one in one step. If the process is killed before that, everything is
//! still staged, and a second stow finds each file at its path or in the session directory.

use std::fs;
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::transaction::Transaction;
use super::{Error, IgnoreLine, Plan, StagedCopy, Step, to_path, undo};
use crate::git::{IndexChange, IndexUpdate, Repository, exclude_file};

/// The record of the last stow, relative to the git directory.
pub(super) const RECORD: &str = "stage-guard/undo";

/// Where git checks files out before they are moved, relative to the git directory.
pub(super) const CHECKOUT: &str = "stage-guard/checkout";

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
) -> Result<(), Error> {
    let layout = repository.layout();
    let ignore_line = match plan.ignore_pattern {
        Some(pattern) => {
            Some(IgnoreLine::add(layout, &exclude_file(layout)?, pattern, &plan.stowed_paths())?)
        }
        None => None,
    };
    let record = layout.git_dir().join(RECORD);
    let new_record = record.with_extension("new");
    let mut stow = Stow { repository, is_interrupted, transaction: Transaction::default() };
    let done =
        undo::write_record(&new_record, index, &plan.steps).and_then(|()| stow.run(index, &plan.steps));
    if let Err(error) = done {
        let _ = fs::remove_file(&new_record);
        ignore_line.iter().for_each(IgnoreLine::revert);
        let source = Box::new(if is_interrupted() { Error::Interrupted } else { error });
        return Err(stow.roll_back(index, &plan.steps, source));
    }
    for step in plan.steps.iter().filter(|step| step.destination.is_some()) {
        remove_empty_directories(repository, step.path.as_bstr());
    }
    // The stow is done: without a record it cannot be undone.
    if fs::rename(&new_record, &record).is_err() {
        let _ = fs::remove_file(&record);
    }
    Ok(())
}

/// A stow that is being carried out.
struct Stow<'r> {
    repository: &'r Repository,
    is_interrupted: &'r dyn Fn() -> bool,
    transaction: Transaction,
}

impl Stow<'_> {
    fn run(&mut self, index: &IndexUpdate, steps: &[Step]) -> Result<(), Error> {
        index.prepare(&index_changes(steps.iter()))?;
        for step in steps {
            self.put_away(step)?;
        }
        self.restore(index, steps)?;
        self.stop_if_interrupted()?;
        Ok(index.commit()?)
    }

    /// Moves the file of `step`, and copies its staged contents.
    fn put_away(&mut self, step: &Step) -> Result<(), Error> {
        self.stop_if_interrupted()?;
        let path = step.path.as_bstr();
        if let Some(destination) = &step.destination {
            self.transaction.move_file(path, &self.on_disk(&step.path), &self.on_disk(destination))?;
        }
        if let Some(StagedCopy { path: copy, object, exists: false }) = &step.staged_copy {
            self.stop_if_interrupted()?;
            let content = self.repository.blob(&object.id)?;
            self.transaction.copy_staged(path, &self.on_disk(copy), object, &content)?;
        }
        Ok(())
    }

    /// Writes committed versions to the worktree.
    ///
    /// git checks them out in another directory first: on a full disk it leaves partial files.
    fn restore(&mut self, index: &IndexUpdate, steps: &[Step]) -> Result<(), Error> {
        let checkout = self.checkout();
        let _ = fs::remove_dir_all(&checkout);
        let restored = || steps.iter().filter(|step| step.restores_worktree);
        index.check_out(&checkout, restored().map(|step| &step.path))?;
        for step in restored() {
            self.stop_if_interrupted()?;
            let checked_out = checkout.join(to_path(step.path.as_bstr()));
            self.transaction.restore(&checked_out, &self.on_disk(&step.path))?;
        }
        let _ = fs::remove_dir_all(&checkout);
        Ok(())
    }

    /// Rolls the files back. Files that cannot be moved back are unstaged.
    fn roll_back(self, index: &IndexUpdate, steps: &[Step], source: Box<Error>) -> Error {
        let checkout = self.checkout();
        let layout = self.repository.layout();
        let displaced = self.transaction.roll_back();
        let _ = fs::remove_dir_all(checkout);
        if !displaced.is_empty() {
            let is_displaced = |step: &&Step| displaced.iter().any(|file| file.path == step.path);
            let changes = index_changes(steps.iter().filter(is_displaced));
            // If this fails, they stay staged. The error lists them in any case.
            let _ = index.prepare(&changes).and_then(|()| index.commit());
        }
        let displaced = displaced.iter().map(|displaced| displaced.relative_to(layout.worktree())).collect();
        Error::RolledBack { action: "stowed", displaced, source }
    }

    fn stop_if_interrupted(&self) -> Result<(), Error> {
        if (self.is_interrupted)() { Err(Error::Interrupted) } else { Ok(()) }
    }

    fn checkout(&self) -> PathBuf {
        self.repository.layout().git_dir().join(CHECKOUT)
    }

    fn on_disk(&self, path: &BString) -> PathBuf {
        self.repository.layout().on_disk(path.as_bstr())
    }
}

fn index_changes<'s>(steps: impl Iterator<Item = &'s Step>) -> Vec<IndexChange> {
    steps.filter_map(Step::index_change).collect()
}

/// Removes the directories above `path` that are empty, except the current directory.
fn remove_empty_directories(repository: &Repository, path: &BStr) {
    let current_dir = repository.environment().current_dir();
    for slash in path.rfind_iter(b"/") {
        let directory = repository.layout().on_disk(path[..slash].as_bstr());
        if current_dir.starts_with(&directory) || fs::remove_dir(&directory).is_err() {
            return;
        }
    }
}
