//! The record of a stow in the git directory, from which it is undone.
//!
//! It is written before the first file is moved, under the name [`UNFINISHED`], and renamed to
//! [`RECORD`] when the stow is done. The record of a killed stow that cannot be undone is kept
//! under the name [`LEFTOVER`].

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};
use serde::{Deserialize, Serialize};

use super::error::Obstacle;
use super::fingerprint::{Fingerprint, Stamp};
use super::place::Found;
use super::{Error, Step, files, name_of, to_path};
use crate::disk::{self, Directory, failed_to};
use crate::git::{self, EntryBits, IndexChange, IndexUpdate, Object, PathState};

/// The record of the last stow, relative to the git directory.
pub(super) const RECORD: &str = "stage-guard/undo";

/// The record of a stow that is not finished, relative to the git directory.
pub(super) const UNFINISHED: &str = "stage-guard/undo.new";

/// The name of the record of a killed stow that could not be undone.
const LEFTOVER: &str = "undo.killed";

/// The beginning of each record, which no file of another program has.
const HEADER: &[u8] = b"{\"index\":[";

/// The record of a stow, as JSON on disk: the names of the fields must not change.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Record {
    /// The path of the index, relative to the git directory if it is there, so that a repository
    /// can be moved.
    index: BString,
    /// The name of a file that is being copied to another file system.
    #[serde(default = "temporary_name")]
    pub(super) temporary: BString,
    pub(super) records: Vec<PathRecord>,
}

/// What a stow did with one path. A record of version 0.1.0 lacks the fields with a default.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct PathRecord {
    pub(super) path: BString,
    pub(super) moved_to: Option<BString>,
    /// The committed version that was written to the worktree.
    pub(super) checked_out: Option<Object>,
    entry: Option<EntryChange>,
    is_off_disk: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    is_assumed_unchanged: bool,
    /// The file that was written for the committed version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) written: Option<Fingerprint>,
    /// The file that was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moved: Option<Stamp>,
    /// The copy of the staged contents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) copy: Option<CopyRecord>,
    /// Whether the entry was intent-to-add.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) is_intent_to_add: bool,
}

/// What a stow did with an entry of the index.
#[derive(Debug, Deserialize, Serialize)]
struct EntryChange {
    before: Option<Object>,
    after: Option<Object>,
}

/// The copy of staged contents that a stow wrote.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct CopyRecord {
    pub(super) path: BString,
    pub(super) written: Fingerprint,
}

/// How far the undo of one path is. A killed one has undone some of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Progress {
    Pending,
    Done,
}

impl Record {
    /// Creates the record of a stow of `index`.
    pub(super) fn new(
        git_dir: &Path,
        index: &IndexUpdate,
        temporary: &BStr,
        records: Vec<PathRecord>,
    ) -> Self {
        let index = index.path().strip_prefix(canonical(git_dir)).unwrap_or(index.path());
        let index = index.as_os_str().as_bytes().into();
        Self { index, temporary: temporary.to_owned(), records }
    }

    /// Reads the record `name` of a stow of this index. `None` if there is none.
    pub(super) fn read(git_dir: &Path, name: &str, index: &IndexUpdate) -> Result<Option<Self>, Error> {
        let file = &git_dir.join(name);
        let text = match git::read_regular_file(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed_to("read", file)(error).into()),
        };
        let mut record: Self =
            serde_json::from_slice(&text).map_err(|error| failed_to("read", file)(error.into()))?;
        if !disk::is_temporary_name(OsStr::from_bytes(&record.temporary)) {
            record.temporary = temporary_name();
        }
        if canonical(git_dir).join(to_path(record.index.as_bstr())) == index.path() {
            Ok(Some(record))
        } else {
            Err(Error::OtherIndex(record.index))
        }
    }

    /// Checks that a new record replaces nothing but records.
    ///
    /// # Errors
    ///
    /// A file of the user or of another program has the name of a record.
    pub(super) fn check_replaceable(git_dir: &Path) -> Result<(), Error> {
        for name in [RECORD, UNFINISHED] {
            let file = git_dir.join(name);
            match fs::symlink_metadata(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Ok(metadata) if metadata.is_file() => {
                    if !is_record(&file).map_err(failed_to("read", &file))? {
                        return Err(Error::NotARecord(file));
                    }
                }
                Ok(_) => return Err(Error::NotARecord(file)),
                Err(error) => return Err(failed_to("read", &file)(error).into()),
            }
        }
        Ok(())
    }
}

/// The record of a stow that is being carried out, on disk.
#[derive(Debug)]
pub(super) struct UnfinishedRecord {
    directory: Directory,
    /// The new name of the record of a killed stow that could not be undone.
    leftover: Option<BString>,
}

impl UnfinishedRecord {
    /// Writes `record` as [`UNFINISHED`]. A record of that name gets another one.
    pub(super) fn write(git_dir: &Path, record: &Record) -> Result<Self, Error> {
        let file = git_dir.join(UNFINISHED);
        let directory = file.parent().unwrap_or(git_dir);
        fs::create_dir_all(directory).map_err(failed_to("create", directory))?;
        let write = || {
            let directory = Directory::open(directory)?;
            let leftover = rename_leftover(&directory)?;
            let unfinished = Self { directory, leftover };
            let written =
                unfinished.directory.write_file(name(UNFINISHED), &serde_json::to_vec(record)?, 0o666);
            written.inspect_err(|_| unfinished.restore_leftover())?;
            Ok(unfinished)
        };
        Ok(write().map_err(failed_to("write", &file))?)
    }

    /// Makes it the record of the last stow.
    ///
    /// Returns the path of the record of a killed stow, relative to the git directory.
    pub(super) fn finish(self) -> Option<PathBuf> {
        // If that fails, the next stow or undo finds that this one is done.
        let _ = self.directory.rename(name(UNFINISHED), name(RECORD));
        Some(Path::new(RECORD).with_file_name(to_path(self.leftover?.as_bstr())))
    }

    /// Removes it, and restores the record that was there before.
    pub(super) fn remove(self) {
        if self.directory.remove_file(name(UNFINISHED)).is_ok() {
            self.restore_leftover();
        }
    }

    fn restore_leftover(&self) {
        if let Some(leftover) = &self.leftover {
            let leftover = to_path(leftover.as_bstr());
            // If that fails, it keeps its new name.
            let _ = self.directory.rename_no_replace(leftover.as_os_str(), &self.directory, name(UNFINISHED));
        }
    }
}

/// Renames the record of a killed stow, if there is one. Returns its new name.
fn rename_leftover(directory: &Directory) -> io::Result<Option<BString>> {
    if !directory.contains(name(UNFINISHED))? {
        return Ok(None);
    }
    for leftover in files::numbered_names(LEFTOVER.into()) {
        let new_name = to_path(leftover.as_bstr());
        match directory.rename_no_replace(name(UNFINISHED), directory, new_name.as_os_str()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            renamed => return renamed.map(|()| Some(leftover)),
        }
    }
    Ok(None)
}

/// Returns the name of a record in its directory.
fn name(path: &str) -> &OsStr {
    name_of(path.into())
}

impl PathRecord {
    /// Creates the record of `step`, before it is carried out.
    pub(super) fn new(step: &Step) -> Self {
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
            is_off_disk: step.before.bits.is_off_disk,
            is_assumed_unchanged: step.before.bits.is_assumed_unchanged,
            written: None,
            moved: step.stamp.clone().filter(|_| step.destination.is_some()),
            copy: None,
            is_intent_to_add: step.before.is_intent_to_add,
        }
    }

    /// Returns the fingerprints of the files that the stow wrote.
    pub(super) fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        self.written.iter().chain(self.copy.as_ref().map(|copy| &copy.written))
    }

    /// Returns the staged object before the stow, if the stow changed the entry.
    pub(super) fn staged_before(&self) -> Option<&Object> {
        self.entry.as_ref()?.before.as_ref()
    }

    /// Whether the entry is as the stow left it. `None` if the stow did not change it.
    pub(super) fn is_entry_stowed(&self, state: &PathState) -> Option<bool> {
        let after = match &self.entry {
            Some(entry) => entry.after.as_ref(),
            None => self.is_intent_to_add.then_some(None)?,
        };
        Some(!state.is_unmerged && !state.is_intent_to_add && state.staged.as_ref() == after)
    }

    /// Whether the entry is as before the stow. `None` if the stow did not change it.
    pub(super) fn is_entry_original(&self, state: &PathState) -> Option<bool> {
        let before = match &self.entry {
            Some(entry) => entry.before.as_ref(),
            None => self.is_intent_to_add.then_some(None)?,
        };
        let is_same_kind = state.is_intent_to_add == self.is_intent_to_add;
        Some(!state.is_unmerged && is_same_kind && state.staged.as_ref() == before)
    }

    /// Returns the change that restores the entry. `None` if the stow left it as it was.
    pub(super) fn index_change(&self) -> Option<IndexChange> {
        let object = self.entry.as_ref()?.before.clone();
        let bits =
            EntryBits { is_off_disk: self.is_off_disk, is_assumed_unchanged: self.is_assumed_unchanged };
        Some(IndexChange { path: self.path.clone(), object, bits })
    }

    /// Returns how far the undo of the files is, or why it is not possible.
    ///
    /// `found` is at the path, and `moved` is where the file was moved to.
    pub(super) fn progress(&self, found: &Found, moved: Option<&Stamp>) -> Result<Progress, Obstacle> {
        let is_written = |found: &Fingerprint| self.written.as_ref() == Some(found);
        let is_unchanged = match found {
            Found::Missing => true,
            Found::Blocked => false,
            Found::Present(found) => is_written(found),
        };
        let is_other = matches!(found, Found::Present(found) if !is_written(found));
        let is_replaced = |now: &Stamp| self.moved.as_ref().is_some_and(|before| !before.is_same_type(now));
        match (&self.moved_to, moved) {
            (None, _) if self.checked_out.is_none() => Ok(Progress::Done),
            (Some(_), Some(now)) if is_replaced(now) => Err(Obstacle::Replaced),
            (Some(_), None) if is_other => Ok(Progress::Done),
            (Some(_), None) => Err(Obstacle::Gone),
            _ if is_unchanged => Ok(Progress::Pending),
            _ => Err(Obstacle::Occupied),
        }
    }
}

/// Whether a file begins as a record. One of a stow that was killed may end early.
pub(super) fn is_record(file: &Path) -> io::Result<bool> {
    let mut text = Vec::new();
    fs::File::open(file)?.take(HEADER.len() as u64).read_to_end(&mut text)?;
    Ok(HEADER.starts_with(&text))
}

fn canonical(git_dir: &Path) -> PathBuf {
    fs::canonicalize(git_dir).unwrap_or_else(|_| git_dir.to_owned())
}

/// Returns the directory in which git checks files out before they are moved.
///
/// It is relative to the git directory. `temporary` is the name in the record.
pub(super) fn checkout_directory(temporary: &BStr) -> PathBuf {
    Path::new("stage-guard").join(to_path(temporary))
}

/// Returns a file name that nothing else has.
pub(super) fn temporary_name() -> BString {
    disk::temporary_name().into_vec().into()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::{EntryChange, PathRecord, Progress};
    use crate::git::{Object, PathState};
    use crate::session::error::Obstacle;
    use crate::session::fingerprint::{Fingerprint, Stamp};
    use crate::session::place::Found;

    fn object(id: &str) -> Object {
        Object { mode: Object::FILE, id: id.to_owned() }
    }

    fn fingerprint(mode: u32) -> Fingerprint {
        serde_json::from_value(serde_json::json!({"mode": mode, "sha256": ""})).unwrap()
    }

    fn stamp(mode: u32) -> Stamp {
        serde_json::from_value(serde_json::json!({"mode": mode, "size": 1, "modified": [1, 2]})).unwrap()
    }

    /// The record of a modified file that was moved and restored.
    fn record() -> PathRecord {
        PathRecord {
            path: "x".into(),
            moved_to: Some(".claude_sessions/debugging/x".into()),
            checked_out: Some(object("old")),
            entry: Some(EntryChange { before: Some(object("new")), after: Some(object("old")) }),
            is_off_disk: false,
            is_assumed_unchanged: false,
            written: Some(fingerprint(Object::FILE)),
            moved: Some(stamp(Object::FILE)),
            copy: None,
            is_intent_to_add: false,
        }
    }

    #[test]
    fn an_entry_is_stowed_original_or_changed() {
        let record = record();
        for (staged, is_stowed, is_original) in
            [("old", true, false), ("new", false, true), ("newer", false, false)]
        {
            let state = PathState { staged: Some(object(staged)), ..PathState::default() };
            assert_eq!(record.is_entry_stowed(&state), Some(is_stowed), "{staged}");
            assert_eq!(record.is_entry_original(&state), Some(is_original), "{staged}");
        }
    }

    #[test]
    fn an_intent_to_add_entry_was_removed() {
        let record = PathRecord { entry: None, is_intent_to_add: true, ..record() };
        let announced = PathState { is_intent_to_add: true, ..PathState::default() };
        assert_eq!(record.is_entry_stowed(&announced), Some(false));
        assert_eq!(record.is_entry_original(&announced), Some(true));
        assert_eq!(record.is_entry_stowed(&PathState::default()), Some(true));
    }

    #[test]
    fn progress_depends_on_both_files() {
        let (written, other) =
            (Found::Present(fingerprint(Object::FILE)), Found::Present(fingerprint(Object::EXECUTABLE)));
        let (file, link) = (stamp(Object::FILE), stamp(Object::SYMLINK));
        let pending = Ok(Progress::Pending);
        for (found, moved, expected) in [
            (&written, Some(&file), pending),
            (&Found::Missing, Some(&file), pending),
            (&other, None, Ok(Progress::Done)),
            (&other, Some(&file), Err(Obstacle::Occupied)),
            (&Found::Blocked, Some(&file), Err(Obstacle::Occupied)),
            (&written, Some(&link), Err(Obstacle::Replaced)),
            (&written, None, Err(Obstacle::Gone)),
            (&Found::Missing, None, Err(Obstacle::Gone)),
        ] {
            assert_eq!(record().progress(found, moved), expected, "{found:?} {moved:?}");
        }
    }

    #[test]
    fn without_a_fingerprint_a_file_counts_as_changed() {
        let record = PathRecord { written: None, ..record() };
        let found = Found::Present(fingerprint(Object::FILE));
        assert!(record.progress(&found, Some(&stamp(Object::FILE))).is_err());
    }

    #[test]
    fn the_format_of_the_record_is_stable() {
        let text = r#"{"path":[120],"moved_to":null,"checked_out":null,"entry":{"before":{"mode":33188,"id":"a"},"after":null},"is_off_disk":false}"#;
        let record: PathRecord = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), text);
    }
}
