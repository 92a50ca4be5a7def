//! The entries of a path in the index and in the parents of the next commit.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice};
use serde::{Deserialize, Serialize};

use super::command::{nul_fields, trimmed};
use super::{Error, Layout};

/// The mode and the id of an entry.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Object {
    /// The mode, as in a tree: type and executable bit.
    pub mode: u32,
    /// The id in hexadecimal.
    pub id: String,
}

/// The state of one path in the index and in the parents.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct PathState {
    /// The entry in the index, at stage 0.
    pub staged: Option<Object>,
    /// The entry in the first parent that has the path.
    pub committed: Option<Object>,
    /// Whether the path has a merge conflict.
    pub is_unmerged: bool,
    /// Whether the entry has the skip-worktree bit (sparse checkout).
    pub is_off_disk: bool,
    /// Whether the entry is intent-to-add (`git add -N`), so that nothing is staged.
    pub is_intent_to_add: bool,
}

impl Object {
    /// The mode of a symlink (gitformat-index(5)).
    pub(crate) const SYMLINK: u32 = 0o120_000;
    /// The mode of a gitlink, a commit of another repository.
    pub(crate) const GITLINK: u32 = 0o160_000;
    /// The mode of a file that is not executable.
    pub(crate) const FILE: u32 = 0o100_644;
    /// The mode of an executable file.
    pub(crate) const EXECUTABLE: u32 = 0o100_755;

    /// Returns the type bits of a mode: file, symlink or gitlink.
    #[must_use]
    pub(crate) fn type_of(mode: u32) -> u32 {
        mode & 0o170_000
    }

    /// Whether this is a regular file, executable or not.
    #[must_use]
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.mode, Self::FILE | Self::EXECUTABLE)
    }

    /// Whether this is a gitlink.
    #[must_use]
    pub(crate) fn is_gitlink(&self) -> bool {
        self.mode == Self::GITLINK
    }

    /// Parses one side of a raw diff line; `None` if that side does not exist.
    fn parse(mode: &[u8], id: &[u8]) -> Option<Self> {
        let mode = u32::from_str_radix(mode.to_str().ok()?, 8).ok()?;
        (mode != 0).then(|| Self { mode, id: trimmed(id) })
    }
}

/// Reads the state of each of `paths` in the index and in the parents.
///
/// The paths are relative to the worktree. `parents` are revisions, of which the first is
/// `HEAD` or the empty tree. The result has one state for each path.
///
/// # Errors
///
/// git cannot read the index or a parent.
pub(crate) fn path_states(
    layout: &Layout,
    parents: &[String],
    paths: &BTreeSet<BString>,
) -> Result<BTreeMap<BString, PathState>, Error> {
    let mut states: BTreeMap<BString, PathState> =
        paths.iter().map(|path| (path.clone(), PathState::default())).collect();
    read_index(layout, &mut states)?;
    for (number, parent) in parents.iter().enumerate() {
        let diff = layout.git().diff_index(&["--no-renames"], parent)?;
        let committed: BTreeMap<&BStr, Option<Object>> = changed_entries(&diff).collect();
        if number == 0 {
            mark_intent_to_add(layout, parent, &committed, &mut states)?;
        }
        for (path, state) in states.iter_mut().filter(|(_, state)| state.committed.is_none()) {
            // A path that is not in the diff is identical in the parent and in the index.
            state.committed = match committed.get(path.as_bstr()) {
                Some(entry) => entry.clone(),
                None => state.staged.clone(),
            };
        }
    }
    Ok(states)
}

fn read_index(layout: &Layout, states: &mut BTreeMap<BString, PathState>) -> Result<(), Error> {
    let output = layout.git().run(&["ls-files", "-s", "-t", "-z", "--full-name"])?;
    for (meta, path) in nul_fields(&output).filter_map(|line| line.split_once_str("\t")) {
        let Some(path_state) = states.get_mut(path.as_bstr()) else { continue };
        let [tag, mode, id, stage] = meta.splitn_str(4, " ").collect::<Vec<_>>()[..] else { continue };
        if stage == b"0" {
            path_state.staged = Object::parse(mode, id);
            path_state.is_off_disk = tag == b"S";
        } else {
            path_state.is_unmerged = true;
        }
    }
    Ok(())
}

/// Marks the intent-to-add entries, which `ls-files` shows as empty files.
///
/// `diff-index` reports them as new only with the option `--ita-visible-in-index`.
fn mark_intent_to_add(
    layout: &Layout,
    parent: &str,
    committed: &BTreeMap<&BStr, Option<Object>>,
    states: &mut BTreeMap<BString, PathState>,
) -> Result<(), Error> {
    if states.keys().all(|path| committed.contains_key(path.as_bstr())) {
        return Ok(());
    }
    let options = ["--no-renames", "--ita-visible-in-index"];
    let diff = layout.git().diff_index(&options, parent)?;
    for (path, old) in changed_entries(&diff) {
        let is_new = old.is_none() && !committed.contains_key(path);
        if let Some(state) = states.get_mut(path).filter(|_| is_new) {
            *state = PathState { is_intent_to_add: true, ..PathState::default() };
        }
    }
    Ok(())
}

/// Parses a raw diff without renames into paths and their entries in the parent.
///
/// The format is `:MODE MODE ID ID STATUS`, NUL, path, NUL (git-diff-index(1)).
pub(super) fn changed_entries(diff: &[u8]) -> impl Iterator<Item = (&BStr, Option<Object>)> {
    let mut fields = nul_fields(diff);
    std::iter::from_fn(move || {
        let meta = fields.next()?.strip_prefix(b":")?;
        let path = fields.next()?.as_bstr();
        let [mode, _, id, ..] = meta.splitn_str(5, " ").collect::<Vec<_>>()[..] else { return None };
        Some((path, Object::parse(mode, id)))
    })
}
