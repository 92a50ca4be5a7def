//! Doing what was planned, so that it can be undone until the index says it too.
//!
//! The order is what keeps it safe. The new index is made first, beside the old one.
//! Then files are moved, and what `HEAD` has is written in their place. Then the new
//! index takes the place of the old one, in one step. A process that is killed on
//! the way leaves every file staged: at its place, or in the session directory, where
//! a second stow finds it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::{Copy, Error, Task, disk, is_there, moves, relative, undo};
use crate::git::{IndexChange, IndexUpdate, Repository};

/// A step that was made.
enum Step<'t> {
    /// This directory was made.
    Made(PathBuf),
    /// A file of the worktree was moved to here.
    Moved(&'t Task, &'t BString),
    /// Staged contents were written to here.
    Wrote(&'t Task, &'t BString),
    /// What the index goes back to was put in the worktree.
    CheckedOut(&'t Task),
}

/// In the git directory, where it is kept what the last stow did.
pub(super) const UNDO: &str = "stage-guard/undo";

/// In the git directory, where git writes what is checked out, until it is whole.
pub(super) const CHECKOUT: &str = "stage-guard/checkout";

/// Does `tasks`. `index` is held for them; `is_interrupted` tells whether a signal
/// came. What was done is kept, to be undone.
///
/// # Errors
///
/// A step failed, or a signal came. All is as it was then, or the error says what is
/// not.
pub fn stow(
    repository: &Repository,
    index: &IndexUpdate,
    tasks: &[Task],
    is_interrupted: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let undo = repository.git_dir().join(UNDO);
    let undo_of_this = undo.with_extension("new");
    let mut stow = Stow { repository, is_interrupted, steps: Vec::new() };
    let done = write_undo(&undo_of_this, index, tasks).and_then(|()| {
        index.prepare(&changes(tasks, &|_| true))?;
        tasks.iter().try_for_each(|task| stow.put_away(task))?;
        stow.check_out(index, tasks)?;
        stow.stop_if_interrupted()?;
        Ok(index.commit()?)
    });
    if let Err(error) = done {
        let source = Box::new(if is_interrupted() { Error::Interrupted } else { error });
        let _ = fs::remove_file(&undo_of_this);
        return Err(stow.undone(index, tasks, source));
    }
    for task in tasks.iter().filter(|task| task.moved_to.is_some()) {
        remove_empty_directories(repository.top(), task.path.as_bstr());
    }
    // What is done is done: where it cannot be kept, there is none to undo.
    if fs::rename(&undo_of_this, &undo).is_err() {
        let _ = fs::remove_file(&undo);
    }
    Ok(())
}

fn write_undo(file: &Path, index: &IndexUpdate, tasks: &[Task]) -> Result<(), Error> {
    let directory = file.parent().unwrap_or(file);
    fs::create_dir_all(directory).map_err(disk("make", directory))?;
    fs::write(file, undo::journal(index.path(), tasks)).map_err(disk("write", file))
}

/// A stow on its way.
struct Stow<'r, 't> {
    repository: &'r Repository,
    is_interrupted: &'r dyn Fn() -> bool,
    steps: Vec<Step<'t>>,
}

impl<'t> Stow<'_, 't> {
    /// Puts what the worktree has, and what is staged, where it belongs.
    fn put_away(&mut self, task: &'t Task) -> Result<(), Error> {
        self.stop_if_interrupted()?;
        if let Some(to) = &task.moved_to {
            let (from, target) = (self.on_disk(&task.path), self.on_disk(to));
            self.make_directory_of(&target)?;
            moves::move_to_nothing(&from, &target).map_err(disk("move", &from))?;
            self.steps.push(Step::Moved(task, to));
        }
        if let Some(Copy { to, object, is_there: false }) = &task.written {
            self.stop_if_interrupted()?;
            let target = self.on_disk(to);
            self.make_directory_of(&target)?;
            let content = self.repository.blob(&object.id)?;
            moves::write_object(&target, object, &content).map_err(disk("write", &target))?;
            self.steps.push(Step::Wrote(task, to));
        }
        Ok(())
    }

    /// Gives the worktree what the index goes back to. Git writes it elsewhere first: it
    /// leaves the half of a file where the disk is full.
    fn check_out(&mut self, index: &IndexUpdate, tasks: &'t [Task]) -> Result<(), Error> {
        let checkout = self.checkout();
        let _ = fs::remove_dir_all(&checkout);
        let checked_out = || tasks.iter().filter(|task| task.is_checked_out);
        index.check_out(&checkout, checked_out().map(|task| &task.path))?;
        for task in checked_out() {
            self.stop_if_interrupted()?;
            let target = self.on_disk(&task.path);
            self.make_directory_of(&target)?;
            let whole = checkout.join(relative(task.path.as_bstr()));
            moves::move_to_nothing(&whole, &target).map_err(disk("write", &target))?;
            self.steps.push(Step::CheckedOut(task));
        }
        let _ = fs::remove_dir_all(&checkout);
        Ok(())
    }

    /// Takes back the steps, the last one first. What cannot be taken back goes forward
    /// alone: it is unstaged, for it is in the session directory.
    fn undone(self, index: &IndexUpdate, tasks: &[Task], source: Box<Error>) -> Error {
        let checkout = self.checkout();
        let mut stuck = BTreeMap::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::CheckedOut(task) => {
                    let back = checkout.join(relative(task.path.as_bstr()));
                    let _ = back.parent().map(fs::create_dir_all);
                    let _ = moves::move_to_nothing(&self.on_disk(&task.path), &back);
                }
                Step::Moved(task, to) => {
                    if moves::move_to_nothing(&self.on_disk(to), &self.on_disk(&task.path)).is_err() {
                        stuck.insert(task.path.clone(), BString::clone(to));
                    }
                }
                Step::Wrote(..) | Step::Made(_) => {}
            }
        }
        let _ = fs::remove_dir_all(&checkout);
        for step in self.steps.iter().rev() {
            match step {
                Step::Wrote(task, to) if !stuck.contains_key(&task.path) => {
                    let _ = fs::remove_file(self.on_disk(to));
                }
                // Only where it is empty.
                Step::Made(directory) => drop(fs::remove_dir(directory)),
                _ => {}
            }
        }
        let forward = changes(tasks, &|task| stuck.contains_key(&task.path));
        let is_forward = index.prepare(&forward).and_then(|()| index.commit()).is_ok();
        let moved = stuck.into_iter().collect();
        if is_forward {
            Error::Unfinished { stowed: moved, source }
        } else {
            Error::HalfWay { moved, source }
        }
    }

    fn make_directory_of(&mut self, path: &Path) -> Result<(), Error> {
        let directory = path.parent().unwrap_or(path);
        let missing: Vec<&Path> =
            directory.ancestors().take_while(|directory| !is_there(directory)).collect();
        for directory in missing.into_iter().rev() {
            fs::create_dir(directory).map_err(disk("make", directory))?;
            self.steps.push(Step::Made(directory.to_owned()));
        }
        Ok(())
    }

    fn stop_if_interrupted(&self) -> Result<(), Error> {
        if (self.is_interrupted)() { Err(Error::Interrupted) } else { Ok(()) }
    }

    fn checkout(&self) -> PathBuf {
        self.repository.git_dir().join(CHECKOUT)
    }

    fn on_disk(&self, path: &BString) -> PathBuf {
        self.repository.layout().on_disk(path.as_bstr())
    }
}

fn changes(tasks: &[Task], is_meant: &dyn Fn(&Task) -> bool) -> Vec<IndexChange> {
    tasks.iter().filter(|task| is_meant(task)).filter_map(|task| task.change.clone()).collect()
}

/// Removes the directories above `path` that are empty now; not the one that the
/// user stands in, and not the top.
fn remove_empty_directories(top: &Path, path: &BStr) {
    let here = env::current_dir().and_then(fs::canonicalize).unwrap_or_default();
    for slash in path.rfind_iter(b"/") {
        let directory = top.join(relative(path[..slash].as_bstr()));
        if here.starts_with(&directory) || fs::remove_dir(&directory).is_err() {
            return;
        }
    }
}
