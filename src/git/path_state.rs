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
    /// The entry that the next commit has without a change of its own.
    ///
    /// It is the entry in `HEAD`. In a merge, it is that of the parents that have changed the path.
    pub committed: Option<Object>,
    /// The parents that `committed` is from.
    pub committed_in: CommittedIn,
    /// Whether the path has a merge conflict.
    pub is_unmerged: bool,
    /// The bits of the entry in the index.
    pub bits: EntryBits,
    /// Whether the entry is intent-to-add (`git add -N`), so that nothing is staged.
    pub is_intent_to_add: bool,
}

/// The bits of an index entry that the user sets.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct EntryBits {
    /// Whether the entry has the skip-worktree bit (sparse checkout).
    pub is_off_disk: bool,
    /// Whether the entry has the assume-unchanged bit.
    pub is_assumed_unchanged: bool,
}

/// The parents of the next commit that have the committed entry of a path.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum CommittedIn {
    /// `HEAD` has it.
    #[default]
    Head,
    /// Only another parent of a merge has it.
    Merged,
    /// The parents of a merge have changed the path in different ways.
    ///
    /// None of their entries has the changes of all.
    Several,
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
        Self::is_regular(self.mode)
    }

    /// Whether a mode is that of a regular file, executable or not.
    #[must_use]
    pub(crate) fn is_regular(mode: u32) -> bool {
        matches!(mode, Self::FILE | Self::EXECUTABLE)
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
    let mut versions: Vec<BTreeMap<BString, Option<Object>>> = Vec::new();
    for (number, parent) in parents.iter().enumerate() {
        let diff = layout.git().diff_index(&["--no-renames"], parent)?;
        if number == 0 {
            mark_intent_to_add(layout, parent, &diff, &mut states)?;
        }
        versions.push(entries_of(&diff, &states));
    }
    let base = match merge_base(layout, parents)? {
        Some(base) => Some(entries_of(&layout.git().diff_index(&["--no-renames"], &base)?, &states)),
        None => None,
    };
    for (path, state) in &mut states {
        let versions: Vec<Option<&Object>> =
            versions.iter().map(|version| version.get(path).and_then(Option::as_ref)).collect();
        let is_change = |version: Option<&Object>| match &base {
            Some(base) => version != base.get(path).and_then(Option::as_ref),
            None => version.is_some(),
        };
        let (committed, origin) = merge(&versions, is_change);
        state.committed = committed.cloned();
        state.committed_in = origin;
    }
    Ok(states)
}

/// Returns the entries of a parent at the paths of `states`, from its diff with the index.
fn entries_of(diff: &[u8], states: &BTreeMap<BString, PathState>) -> BTreeMap<BString, Option<Object>> {
    // A path that is not in the diff is identical in the parent and in the index.
    let mut entries: BTreeMap<BString, Option<Object>> =
        states.iter().map(|(path, state)| (path.clone(), state.staged.clone())).collect();
    for (path, entry) in changed_entries(diff) {
        if let Some(found) = entries.get_mut(path) {
            *found = entry;
        }
    }
    entries
}

/// Returns the commit that a merge of `parents` begins at. `None` if there is none, or several.
fn merge_base(layout: &Layout, parents: &[String]) -> Result<Option<String>, Error> {
    if parents.len() < 2 {
        return Ok(None);
    }
    let arguments = [&["merge-base", "--all", "--octopus"].map(str::to_owned)[..], parents].concat();
    Ok(layout.git().query(&arguments)?.filter(|bases| !bases.contains('\n')))
}

/// Returns the entry that a merge of `versions` results in, and the parents that it is from.
///
/// The version of `HEAD` is the first. If several are changes, the first of them is returned.
fn merge<'o>(
    versions: &[Option<&'o Object>],
    is_change: impl Fn(Option<&Object>) -> bool,
) -> (Option<&'o Object>, CommittedIn) {
    let head = versions.first().copied().flatten();
    let mut changes: Vec<Option<&Object>> =
        versions.iter().copied().filter(|version| is_change(*version)).collect();
    let first = changes.iter().copied().flatten().next();
    changes.dedup();
    match changes[..] {
        [] => (head, CommittedIn::Head),
        [change] if change == head => (change, CommittedIn::Head),
        [change] => (change, CommittedIn::Merged),
        _ => (first, CommittedIn::Several),
    }
}

fn read_index(layout: &Layout, states: &mut BTreeMap<BString, PathState>) -> Result<(), Error> {
    let output = layout.git().run(&["ls-files", "-s", "-v", "-z", "--full-name"])?;
    for (meta, path) in nul_fields(&output).filter_map(|line| line.split_once_str("\t")) {
        let Some(path_state) = states.get_mut(path.as_bstr()) else { continue };
        let [tag, mode, id, stage] = meta.splitn_str(4, " ").collect::<Vec<_>>()[..] else { continue };
        if stage == b"0" {
            path_state.staged = Object::parse(mode, id);
            path_state.bits.is_off_disk = tag.eq_ignore_ascii_case(b"S");
            // `-v` shows such an entry with a small letter.
            path_state.bits.is_assumed_unchanged = tag.iter().all(u8::is_ascii_lowercase);
        } else {
            path_state.is_unmerged = true;
        }
    }
    Ok(())
}

/// Marks the intent-to-add entries, which `ls-files` shows as empty files.
///
/// `diff`, of the index and `parent`, has them as deleted if the parent has the path. As new, it
/// has them only with the option `--ita-visible-in-index`.
fn mark_intent_to_add(
    layout: &Layout,
    parent: &str,
    diff: &[u8],
    states: &mut BTreeMap<BString, PathState>,
) -> Result<(), Error> {
    let intent_to_add = PathState { is_intent_to_add: true, ..PathState::default() };
    for path in deleted(diff) {
        if let Some(state) = states.get_mut(path).filter(|state| state.staged.is_some()) {
            *state = intent_to_add.clone();
        }
    }
    let committed: BTreeSet<&BStr> = changed_entries(diff).map(|(path, _)| path).collect();
    if states.keys().all(|path| committed.contains(path.as_bstr())) {
        return Ok(());
    }
    let options = ["--no-renames", "--ita-visible-in-index"];
    let diff = layout.git().diff_index(&options, parent)?;
    for (path, old) in changed_entries(&diff) {
        let is_new = old.is_none() && !committed.contains(path);
        if let Some(state) = states.get_mut(path).filter(|_| is_new) {
            *state = intent_to_add.clone();
        }
    }
    Ok(())
}

/// Returns the paths that a raw diff without renames has as deleted.
fn deleted(diff: &[u8]) -> impl Iterator<Item = &BStr> {
    let mut fields = nul_fields(diff);
    let changes = std::iter::from_fn(move || Some((fields.next()?, fields.next()?.as_bstr())));
    changes.filter(|(meta, _)| meta.ends_with(b" D")).map(|(_, path)| path)
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

#[cfg(test)]
mod tests {
    use super::{CommittedIn, Object, merge};

    #[test]
    fn a_merge_takes_the_only_change_or_combines_several() {
        use CommittedIn::{Head, Merged, Several};
        let objects = ["base", "ours", "theirs"].map(|id| Object { mode: Object::FILE, id: id.to_owned() });
        let [base, ours, theirs] = objects.each_ref().map(Some);
        for (versions, at_base, expected) in [
            (vec![base], base, (base, Head)),
            (vec![ours, base], base, (ours, Head)),
            (vec![base, theirs], base, (theirs, Merged)),
            (vec![base, None], base, (None, Merged)),
            (vec![None, theirs], None, (theirs, Merged)),
            (vec![ours, ours], base, (ours, Head)),
            (vec![base, base], base, (base, Head)),
            (vec![ours, theirs], base, (ours, Several)),
            (vec![None, theirs], base, (theirs, Several)),
            (vec![base, ours, base, theirs], base, (ours, Several)),
            (vec![ours, theirs, ours], base, (ours, Several)),
        ] {
            assert_eq!(merge(&versions, |version| version != at_base), expected, "{versions:?} {at_base:?}");
        }
    }
}
