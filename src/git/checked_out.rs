//! What a git command has checked out before its ref update was rejected.

use std::collections::BTreeSet;
use std::fs;

use bstr::{BStr, ByteSlice};

use super::command::nul_fields;
use super::path_state::changed_entries;
use super::{Error, Layout, Object, ObjectId};

/// Where the files are that a commit changes relative to `HEAD`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CheckedOut {
    /// Neither in the index nor in the worktree.
    Nowhere,
    /// In the index only: `git reset` without `--hard` leaves the worktree as it is.
    Index,
    /// In the index and the worktree.
    Worktree {
        /// Whether `git stash` works: `HEAD` exists, and no entry is intent-to-add or unmerged.
        can_stash: bool,
        /// Whether local changes conflict with it: `git checkout --merge` merges them.
        has_conflict: bool,
    },
}

impl CheckedOut {
    /// Returns where the files of `commit` are. `base` is `HEAD`, or the empty tree.
    ///
    /// # Errors
    ///
    /// git cannot read the index, a commit or the worktree.
    pub(crate) fn find(layout: &Layout, base: &str, commit: ObjectId) -> Result<Self, Error> {
        let git = layout.git();
        let commit = commit.to_string();
        let trees =
            git.run(&["diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", base, &commit, "--"])?;
        let changes: Vec<(&BStr, Option<Object>)> = changed_entries(&trees).collect();
        let index = git.diff_index(&["--no-renames"], &commit)?;
        let unmerged: BTreeSet<&BStr> = with_status(b'U', &index).collect();
        let other = statuses(&index).map(|(_, path)| path).filter(|path| !unmerged.contains(path));
        let other: BTreeSet<&BStr> = other.collect();
        if changes.is_empty() || changes.iter().any(|(path, _)| other.contains(path)) {
            return Ok(Self::Nowhere);
        }
        let files = git.run(&["diff-files", "-z", "--no-renames", "--ignore-submodules=all"])?;
        let unlike_index: BTreeSet<&BStr> = statuses(&files).map(|(_, path)| path).collect();
        let deleted: BTreeSet<&BStr> = with_status(b'D', &trees).collect();
        let is_only_in_index = |(path, old): &(&BStr, Option<Object>)| {
            let is_left = || fs::symlink_metadata(layout.on_disk(path)).is_ok_and(|file| !file.is_dir());
            let is_file = old.as_ref().is_some_and(|old| !old.is_gitlink());
            unlike_index.contains(path) && !unmerged.contains(path)
                || deleted.contains(path) && is_file && is_left()
        };
        if changes.iter().any(is_only_in_index) {
            return Ok(Self::Index);
        }
        let has_conflict = !unmerged.is_empty();
        let has_intent_to_add = with_status(b'A', &files).next().is_some();
        let can_stash = base == "HEAD" && !has_intent_to_add && !has_conflict;
        Ok(Self::Worktree { can_stash, has_conflict })
    }
}

/// Returns the paths that have this status in a raw diff.
fn with_status(status: u8, diff: &[u8]) -> impl Iterator<Item = &BStr> {
    statuses(diff).filter(move |(found, _)| *found == status).map(|(_, path)| path)
}

/// Parses a raw diff without renames into the status and the path of each change.
fn statuses(diff: &[u8]) -> impl Iterator<Item = (u8, &BStr)> {
    let mut fields = nul_fields(diff);
    std::iter::from_fn(move || Some((*fields.next()?.last()?, fields.next()?.as_bstr())))
}
