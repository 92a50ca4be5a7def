//! The way back from the last stow. What it did is kept in the git directory; it is
//! undone as carefully as it was done, and not at all where something was made since.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};
use serde::{Deserialize, Serialize};

use super::{Entry, Error, Task, disk, is_there, moves, relative};
use crate::git::{
    IndexChange, IndexUpdate, Object, PathState, Repository, WorktreeState, path_states, worktree_states,
};

/// What a stow did, and in which index.
#[derive(Debug, Deserialize, Serialize)]
struct Journal {
    index: BString,
    records: Vec<Record>,
}

/// What a stow did with one path.
#[derive(Debug, Deserialize, Serialize)]
struct Record {
    path: BString,
    moved_to: Option<BString>,
    /// What was put in the worktree in place of it.
    checked_out: Option<Object>,
    entry: Option<Change>,
    is_off_disk: bool,
}

/// What a stow did with an entry of the index.
#[derive(Debug, Deserialize, Serialize)]
struct Change {
    before: Option<Object>,
    after: Option<Object>,
}

impl Record {
    fn of(task: &Task) -> Self {
        let after = task.change.as_ref().and_then(|change| change.object.clone());
        let before = task.staged.clone();
        // Where nothing was staged but announced (`git add -N`), nothing is staged again.
        let is_changed = task.entry != Entry::Untouched && before != after;
        Self {
            path: task.path.clone(),
            moved_to: task.moved_to.clone(),
            checked_out: after.clone().or_else(|| before.clone()).filter(|_| task.is_checked_out),
            entry: is_changed.then_some(Change { before, after }),
            is_off_disk: task.is_off_disk,
        }
    }

    /// What keeps the path from going back.
    fn obstacle(
        &self,
        sides: &PathState,
        standing: &WorktreeState,
        moved_to: Option<&Path>,
    ) -> Option<&'static str> {
        let is_staged_since = self.entry.as_ref().is_some_and(|entry| sides.staged != entry.after);
        let is_in_place = match (&self.checked_out, &self.moved_to) {
            (Some(Object { mode: Object::GITLINK, .. }), _) => *standing == WorktreeState::Directory,
            (Some(object), _) => matches!(standing, WorktreeState::File(Some(found)) if found == object),
            (None, Some(_)) => *standing == WorktreeState::Missing,
            (None, None) => true,
        };
        if is_staged_since || sides.is_unmerged {
            Some("has changed in the index since")
        } else if !is_in_place {
            Some("has changed since, or something is in its place")
        } else if moved_to.is_some_and(|path| !is_there(path)) {
            Some("is no longer where it was put")
        } else {
            None
        }
    }
}

/// What is kept of a stow in `index`.
pub(super) fn journal(index: &Path, tasks: &[Task]) -> Vec<u8> {
    let index = index.as_os_str().as_bytes().into();
    let journal = Journal { index, records: tasks.iter().map(Record::of).collect() };
    // Plain values: there is nothing in them that could fail.
    serde_json::to_vec(&journal).unwrap_or_default()
}

/// Undoes the stow that is kept in `journal`, and forgets it. Gives how many paths it
/// was. `index` is held for it.
///
/// # Errors
///
/// There is none, something was made since, or a step failed. All is as it was then.
pub fn undo(
    repository: &Repository,
    index: &IndexUpdate,
    is_interrupted: &dyn Fn() -> bool,
) -> Result<usize, Error> {
    let file = repository.git_dir().join(super::stow::UNDO);
    let Journal { index: name, records } = match fs::read(&file) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| disk("read", &file)(error.into()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NothingToUndo),
        Err(error) => return Err(disk("read", &file)(error)),
    };
    if name != index.path().as_os_str().as_bytes() {
        return Err(Error::OtherIndex(name));
    }
    check(repository, &records)?;
    index.prepare(&changes(&records))?;
    let aside = repository.git_dir().join(super::stow::CHECKOUT);
    let _ = fs::remove_dir_all(&aside);
    let mut moved = Moved::default();
    let done = records
        .iter()
        .try_for_each(|record| {
            if is_interrupted() {
                return Err(Error::Interrupted);
            }
            let path = repository.layout().on_disk(record.path.as_bstr());
            if record.checked_out.is_some() {
                moved.go(&path, &aside.join(relative(record.path.as_bstr())))?;
            }
            match &record.moved_to {
                Some(to) => moved.go(&repository.layout().on_disk(to.as_bstr()), &path),
                None => Ok(()),
            }
        })
        .and_then(|()| Ok(index.commit()?));
    if let Err(error) = done {
        let moved = moved.go_back();
        let source = Box::new(if is_interrupted() { Error::Interrupted } else { error });
        return Err(Error::NotUndone { moved, source });
    }
    // What HEAD has, and nothing else: that was checked.
    let _ = fs::remove_dir_all(&aside);
    let _ = fs::remove_file(&file);
    Ok(records.len())
}

/// Checks that nothing was made since that an undo would touch.
fn check(repository: &Repository, records: &[Record]) -> Result<(), Error> {
    let paths: BTreeSet<BString> = records.iter().map(|record| record.path.clone()).collect();
    let sides: BTreeMap<BString, PathState> =
        path_states(repository.layout(), &repository.parents()?, &paths)?;
    let standing = worktree_states(repository.layout(), &sides)?;
    for record in records {
        let (Some(sides), Some(standing)) = (sides.get(&record.path), standing.get(&record.path)) else {
            continue;
        };
        let moved_to = record.moved_to.as_ref().map(|to| repository.layout().on_disk(to.as_bstr()));
        let is_gitlink = record.checked_out.as_ref().is_some_and(|object| object.mode == Object::GITLINK);
        if is_gitlink && !is_empty(&repository.layout().on_disk(record.path.as_bstr())) {
            let why = "is not the empty directory that it was";
            return Err(Error::CannotUndo { path: record.path.clone(), why });
        }
        if let Some(why) = record.obstacle(sides, standing, moved_to.as_deref()) {
            return Err(Error::CannotUndo { path: record.path.clone(), why });
        }
    }
    let staged = records.iter().filter_map(|record| record.entry.as_ref()?.before.as_ref());
    let blobs = staged.filter(|object| object.mode != Object::GITLINK).map(|object| object.id.as_str());
    match repository.missing(blobs)? {
        Some(id) => Err(Error::Gone(id)),
        None => Ok(()),
    }
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

fn changes(records: &[Record]) -> Vec<IndexChange> {
    let change = |record: &Record| {
        let object = record.entry.as_ref()?.before.clone();
        Some(IndexChange { path: record.path.clone(), object, is_off_disk: record.is_off_disk })
    };
    // First what goes, then what comes: one may stand in the way of the other.
    let (gone, come): (Vec<_>, Vec<_>) =
        records.iter().filter_map(change).partition(|change| change.object.is_none());
    gone.into_iter().chain(come).collect()
}

/// What an undo has moved.
#[derive(Default)]
struct Moved(Vec<(PathBuf, PathBuf)>);

impl Moved {
    fn go(&mut self, from: &Path, to: &Path) -> Result<(), Error> {
        let directory = to.parent().unwrap_or(to);
        fs::create_dir_all(directory).map_err(disk("make", directory))?;
        moves::move_to_nothing(from, to).map_err(disk("move", from))?;
        self.0.push((from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// Puts all back; gives what could not be.
    fn go_back(self) -> Vec<(BString, BString)> {
        let name = |path: PathBuf| BString::from(path.into_os_string().into_encoded_bytes());
        let stuck = |(from, to): &(PathBuf, PathBuf)| moves::move_to_nothing(to, from).is_err();
        self.0.into_iter().rev().filter(stuck).map(|(from, to)| (name(from), name(to))).collect()
    }
}
