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

use super::{Copy, Error, Task, disk, is_there, moves, relative, replace, undo};
use crate::git::{self, IndexChange, IndexUpdate, Repository, Standing};

/// A step that was made.
enum Step<'t> {
    /// A file of the worktree was moved to here.
    Moved(&'t Task, &'t BString),
    /// Staged contents were written to here.
    Wrote(&'t Task, &'t BString),
}

/// Does `tasks`. `index` is held for them; `is_interrupted` tells whether a signal
/// came. Gives the script that undoes it.
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
) -> Result<PathBuf, Error> {
    let top = repository.top();
    let mut steps = Vec::new();
    let undo = repository.git_dir().join(UNDO);
    let undo_of_this = undo.with_extension("new");
    let done = index.prepare(&changes(tasks, &|_| true)).map_err(Error::from).and_then(|()| {
        make_directory_of(&undo)?;
        replace(&undo_of_this, &undo::script(top, tasks))?;
        for task in tasks {
            make_steps(repository, task, &mut steps, is_interrupted)?;
        }
        check_out(index, top, tasks)?;
        stop_if(is_interrupted)?;
        Ok(index.commit()?)
    });
    if let Err(error) = done {
        let source = Box::new(if is_interrupted() { Error::Interrupted } else { error });
        let _ = fs::remove_file(&undo_of_this);
        return Err(undone(repository, index, tasks, steps, source));
    }
    for task in tasks.iter().filter(|task| task.moved_to.is_some()) {
        remove_empty_directories(top, task.path.as_bstr());
    }
    // The undo of an earlier stow was good until now.
    Ok(if fs::rename(&undo_of_this, &undo).is_ok() { undo } else { undo_of_this })
}

/// In the git directory, where a script lies that undoes the last stow.
const UNDO: &str = "stage-guard/undo";

fn make_steps<'t>(
    repository: &Repository,
    task: &'t Task,
    steps: &mut Vec<Step<'t>>,
    is_interrupted: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let top = repository.top();
    stop_if(is_interrupted)?;
    if let Some(to) = &task.moved_to {
        let (from, target) = (on_disk(top, &task.path), on_disk(top, to));
        make_directory_of(&target)?;
        moves::move_to_nothing(&from, &target).map_err(disk("move", &from))?;
        steps.push(Step::Moved(task, to));
    }
    if let Some(Copy { to, object, is_there: false }) = &task.written {
        stop_if(is_interrupted)?;
        let target = on_disk(top, to);
        make_directory_of(&target)?;
        let content = repository.blob(&object.id)?;
        moves::write_object(&target, object, &content).map_err(disk("write", &target))?;
        steps.push(Step::Wrote(task, to));
    }
    Ok(())
}

/// Gives the worktree what the index goes back to, where nothing stands.
fn check_out(index: &IndexUpdate, top: &Path, tasks: &[Task]) -> Result<(), git::Error> {
    let checked_out = tasks.iter().filter(|task| task.is_checked_out);
    index.check_out(checked_out.map(|task| &task.path).filter(|path| !is_there(&on_disk(top, path))))
}

fn stop_if(is_interrupted: &dyn Fn() -> bool) -> Result<(), Error> {
    if is_interrupted() { Err(Error::Interrupted) } else { Ok(()) }
}

/// Takes back the steps, the last one first. What cannot be taken back goes forward
/// alone: it is unstaged, for it is in the session directory.
fn undone(
    repository: &Repository,
    index: &IndexUpdate,
    tasks: &[Task],
    steps: Vec<Step>,
    source: Box<Error>,
) -> Error {
    let top = repository.top();
    take_back_check_out(repository, tasks);
    let mut stuck = BTreeMap::new();
    for step in steps.iter().rev() {
        let Step::Moved(task, to) = step else { continue };
        if moves::move_to_nothing(&on_disk(top, to), &on_disk(top, &task.path)).is_err() {
            stuck.insert(task.path.clone(), BString::clone(to));
        }
    }
    for step in steps {
        match step {
            Step::Wrote(task, to) if !stuck.contains_key(&task.path) => {
                let _ = fs::remove_file(on_disk(top, to));
            }
            _ => {}
        }
    }
    let forward = changes(tasks, &|task| stuck.contains_key(&task.path));
    let is_forward = forward.is_empty() || index.prepare(&forward).and_then(|()| index.commit()).is_ok();
    let moved = stuck.into_iter().collect();
    if is_forward { Error::Unfinished { stowed: moved, source } } else { Error::HalfWay { moved, source } }
}

/// Removes what [`check_out`] wrote, and nothing else: only where it stands as
/// `HEAD` has it, and where something is to be put back or nothing was.
fn take_back_check_out(repository: &Repository, tasks: &[Task]) {
    let checked_out = || tasks.iter().filter(|task| task.is_checked_out);
    let Ok(standing) = repository.standing(checked_out().map(|task| &task.path)) else { return };
    for task in checked_out() {
        let committed = task.change.as_ref().and_then(|change| change.object.as_ref());
        if matches!(&standing[&task.path], Standing::File(found) if found.as_ref() == committed) {
            let _ = fs::remove_file(on_disk(repository.top(), &task.path));
        }
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

fn make_directory_of(path: &Path) -> Result<(), Error> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory).map_err(disk("make", directory))
}

fn on_disk(top: &Path, path: &BString) -> PathBuf {
    top.join(relative(path.as_bstr()))
}
