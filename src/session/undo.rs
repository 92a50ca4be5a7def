//! Undoes the last stow, from a record in the git directory.
//!
//! It changes nothing if one of the paths has changed since, and is rolled back if a step fails.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::{BString, ByteSlice};
use serde::{Deserialize, Serialize};

use super::stow::{CHECKOUT, RECORD};
use super::transaction::Transaction;
use super::{Error, Step, to_path};
use crate::disk::{exists, failed_to};
use crate::git::{IndexChange, IndexUpdate, Layout, Object, PathState, Repository, WorktreeState};
use crate::git::{path_states, worktree_states};

/// The record of a stow, as JSON on disk: the names of the fields must not change.
#[derive(Debug, Deserialize, Serialize)]
struct Record {
    /// The absolute path of the index.
    index: BString,
    records: Vec<PathRecord>,
}

/// What a stow did with one path.
#[derive(Debug, Deserialize, Serialize)]
struct PathRecord {
    path: BString,
    moved_to: Option<BString>,
    /// The committed version that was written to the worktree.
    checked_out: Option<Object>,
    entry: Option<EntryChange>,
    is_off_disk: bool,
}

/// What a stow did with an entry of the index.
#[derive(Debug, Deserialize, Serialize)]
struct EntryChange {
    before: Option<Object>,
    after: Option<Object>,
}

impl PathRecord {
    fn new(step: &Step) -> Self {
        let before = step.before.staged.clone();
        let change = step.index_change();
        let after = change.as_ref().and_then(|change| change.object.clone());
        let restored = after.clone().or_else(|| before.clone()).filter(|_| step.restores_worktree);
        // An intent-to-add entry stages nothing, so there is nothing to stage again.
        let entry = (change.is_some() && before != after).then_some(EntryChange { before, after });
        Self {
            path: step.path.clone(),
            moved_to: step.destination.clone(),
            checked_out: restored,
            entry,
            is_off_disk: step.before.is_off_disk,
        }
    }

    /// Returns why the path cannot be undone, as a predicate. `None` if it can.
    fn obstacle(&self, state: &PathState, worktree: &WorktreeState) -> Option<&'static str> {
        let is_entry_changed = self.entry.as_ref().is_some_and(|entry| state.staged != entry.after);
        let is_file_unchanged = match (&self.checked_out, &self.moved_to) {
            (Some(object), _) if object.is_gitlink() => *worktree == WorktreeState::Directory,
            (Some(object), _) => matches!(worktree, WorktreeState::File(Some(found)) if found == object),
            (None, Some(_)) => *worktree == WorktreeState::Missing,
            (None, None) => true,
        };
        if is_entry_changed || state.is_unmerged {
            Some("has changed in the index since")
        } else if !is_file_unchanged {
            Some("has changed since, or something is in its place")
        } else {
            None
        }
    }

    fn index_change(&self) -> Option<IndexChange> {
        let object = self.entry.as_ref()?.before.clone();
        Some(IndexChange { path: self.path.clone(), object, is_off_disk: self.is_off_disk })
    }
}

/// Writes the record of a stow of `steps` to `file`.
pub(super) fn write_record(file: &Path, index: &IndexUpdate, steps: &[Step]) -> Result<(), Error> {
    let directory = file.parent().unwrap_or(file);
    fs::create_dir_all(directory).map_err(failed_to("create", directory))?;
    let record = Record {
        index: index.path().as_os_str().as_bytes().into(),
        records: steps.iter().map(PathRecord::new).collect(),
    };
    let text = serde_json::to_vec(&record).map_err(|error| failed_to("write", file)(error.into()))?;
    Ok(fs::write(file, text).map_err(failed_to("write", file))?)
}

/// Undoes the last stow and deletes its record. Returns the number of paths.
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
) -> Result<usize, Error> {
    let layout = repository.layout();
    let file = layout.git_dir().join(RECORD);
    let records = read_record(&file, index)?;
    check_unchanged(repository, &records)?;
    index.prepare(&index_changes(&records))?;
    let checkout = layout.git_dir().join(CHECKOUT);
    let _ = fs::remove_dir_all(&checkout);
    let mut transaction = Transaction::default();
    let mut move_back = || {
        for record in &records {
            if is_interrupted() {
                return Err(Error::Interrupted);
            }
            let path = layout.on_disk(record.path.as_bstr());
            if record.checked_out.is_some() {
                let set_aside = checkout.join(to_path(record.path.as_bstr()));
                transaction.move_file(record.path.as_bstr(), &path, &set_aside)?;
            }
            if let Some(moved_to) = &record.moved_to {
                transaction.move_file(record.path.as_bstr(), &layout.on_disk(moved_to.as_bstr()), &path)?;
            }
        }
        Ok(index.commit()?)
    };
    if let Err(error) = move_back() {
        let displaced = transaction.roll_back();
        let displaced = displaced.iter().map(|displaced| displaced.relative_to(layout.worktree())).collect();
        let source = Box::new(if is_interrupted() { Error::Interrupted } else { error });
        return Err(Error::RolledBack { action: "undone", displaced, source });
    }
    // It contains only committed versions, as was checked.
    let _ = fs::remove_dir_all(&checkout);
    let _ = fs::remove_file(&file);
    Ok(records.len())
}

fn read_record(file: &Path, index: &IndexUpdate) -> Result<Vec<PathRecord>, Error> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NothingToUndo),
        Err(error) => return Err(failed_to("read", file)(error).into()),
    };
    let record: Record =
        serde_json::from_slice(&text).map_err(|error| failed_to("read", file)(error.into()))?;
    if record.index == index.path().as_os_str().as_bytes() {
        Ok(record.records)
    } else {
        Err(Error::OtherIndex(record.index))
    }
}

/// Checks that an undo would overwrite nothing, and that git still has the staged objects.
fn check_unchanged(repository: &Repository, records: &[PathRecord]) -> Result<(), Error> {
    let layout = repository.layout();
    let paths: BTreeSet<BString> = records.iter().map(|record| record.path.clone()).collect();
    let states = path_states(layout, &repository.parents()?, &paths)?;
    let worktree = worktree_states(layout, &states)?;
    for record in records {
        let Some((state, worktree)) = states.get(&record.path).zip(worktree.get(&record.path)) else {
            continue;
        };
        if let Some(why) = obstacle(layout, record).or_else(|| record.obstacle(state, worktree)) {
            return Err(Error::CannotUndo { path: record.path.clone(), why });
        }
    }
    let staged = records.iter().filter_map(|record| record.entry.as_ref()?.before.as_ref());
    let blobs = staged.filter(|object| !object.is_gitlink()).map(|object| object.id.as_str());
    match repository.missing(blobs)? {
        Some(id) => Err(Error::Pruned(id)),
        None => Ok(()),
    }
}

/// Returns why the disk prevents the undo of a path, as a predicate. `None` if it does not.
fn obstacle(layout: &Layout, record: &PathRecord) -> Option<&'static str> {
    let is_checked_out_gitlink = record.checked_out.as_ref().is_some_and(Object::is_gitlink);
    if is_checked_out_gitlink && !is_empty(&layout.on_disk(record.path.as_bstr())) {
        return Some("is not the empty directory that it was");
    }
    let moved_to = record.moved_to.as_ref()?;
    (!exists(&layout.on_disk(moved_to.as_bstr()))).then_some("is no longer where it was put")
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

fn index_changes(records: &[PathRecord]) -> Vec<IndexChange> {
    // Removals first: a removed file may be in the place of a directory, or the other way round.
    let (removed, added): (Vec<_>, Vec<_>) =
        records.iter().filter_map(PathRecord::index_change).partition(|change| change.object.is_none());
    [removed, added].concat()
}

#[cfg(test)]
mod tests {
    use super::{EntryChange, PathRecord};
    use crate::git::{Object, PathState, WorktreeState};

    fn object(id: &str) -> Object {
        Object { mode: Object::FILE, id: id.to_owned() }
    }

    /// The record of a modified file that was moved and restored.
    fn record() -> PathRecord {
        PathRecord {
            path: "x".into(),
            moved_to: Some(".claude_sessions/debugging/x".into()),
            checked_out: Some(object("old")),
            entry: Some(EntryChange { before: Some(object("new")), after: Some(object("old")) }),
            is_off_disk: false,
        }
    }

    fn state(staged: &str) -> PathState {
        PathState { staged: Some(object(staged)), ..PathState::default() }
    }

    #[test]
    fn an_unchanged_path_can_be_undone() {
        assert_eq!(record().obstacle(&state("old"), &WorktreeState::File(Some(object("old")))), None);
    }

    #[test]
    fn a_changed_entry_cannot_be_undone() {
        let obstacle = record().obstacle(&state("newer"), &WorktreeState::File(Some(object("old"))));
        assert_eq!(obstacle, Some("has changed in the index since"));
    }

    #[test]
    fn a_changed_or_missing_file_cannot_be_undone() {
        for worktree in
            [WorktreeState::File(Some(object("mine"))), WorktreeState::Missing, WorktreeState::Directory]
        {
            assert!(record().obstacle(&state("old"), &worktree).is_some(), "{worktree:?}");
        }
    }

    #[test]
    fn a_moved_file_is_not_undone_over_another() {
        let record = PathRecord { checked_out: None, entry: None, ..record() };
        assert_eq!(record.obstacle(&PathState::default(), &WorktreeState::Missing), None);
        assert!(record.obstacle(&PathState::default(), &WorktreeState::File(Some(object("mine")))).is_some());
        assert!(record.obstacle(&PathState::default(), &WorktreeState::Blocked).is_some());
    }

    #[test]
    fn the_format_of_the_record_is_stable() {
        let text = r#"{"path":[120],"moved_to":null,"checked_out":null,"entry":{"before":{"mode":33188,"id":"a"},"after":null},"is_off_disk":false}"#;
        let record: PathRecord = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), text);
    }
}
