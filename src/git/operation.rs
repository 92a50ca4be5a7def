//! The operation that git has started and not yet finished.

use std::path::Path;

use bstr::ByteSlice;

use super::command::Git;
use super::read_regular_file;

/// An operation of several steps that git has started and not yet finished.
///
/// A hook that refuses interrupts it. Each operation has its own command to continue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// `git rebase`, before its first pick.
    RebaseBegun,
    /// `git rebase`, at a commit that it picks.
    ///
    /// If the commit is refused, some versions of git add it to the todo list again.
    RebasePick,
    /// `git rebase`, at a `fixup` or a `squash` into the previous commit.
    RebaseFixup,
    /// `git rebase`, after a resolved conflict or at a stop to edit.
    Rebase,
    /// `git rebase --apply`.
    RebaseApply,
    /// `git am`.
    Am,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert` of several commits.
    Revert,
    /// `git revert` of one commit. git records nothing but the message.
    RevertOne,
    /// `git merge`.
    Merge,
}

impl Operation {
    /// Returns the operation in progress in the worktree with this git directory.
    pub(super) fn in_progress(git: &Git, git_dir: &Path) -> Option<Self> {
        let has = |file: &str| git_dir.join(file).exists();
        // A rebase picks and merges, so the files of these operations exist, too.
        if has("rebase-merge") {
            return Some(Self::of_rebase(git, git_dir));
        }
        if has("rebase-apply/applying") {
            return Some(Self::Am);
        }
        if has("rebase-apply/rebasing") {
            return Some(Self::RebaseApply);
        }
        if has("MERGE_HEAD") {
            return Some(Self::Merge);
        }
        if has_ref(git, git_dir, "CHERRY_PICK_HEAD") {
            return Some(Self::CherryPick);
        }
        let todo = read_regular_file(&git_dir.join("sequencer/todo")).unwrap_or_default();
        if todo.starts_with(b"revert ") {
            return Some(Self::Revert);
        }
        (has("MERGE_MSG") && !has("SQUASH_MSG")).then_some(Self::RevertOne)
    }

    /// Returns the operation that stashed uncommitted changes and has not restored them.
    ///
    /// It is a merge, or a rebase before its first pick.
    pub(super) fn with_autostash(git: &Git, git_dir: &Path) -> Option<Self> {
        if has_ref(git, git_dir, "MERGE_AUTOSTASH") {
            return Some(Self::Merge);
        }
        git_dir.join("rebase-apply/autostash").exists().then_some(Self::RebaseApply)
    }

    fn of_rebase(git: &Git, git_dir: &Path) -> Self {
        let done = read_regular_file(&git_dir.join("rebase-merge/done")).unwrap_or_default();
        // If there is nothing to pick, the list has the single command `noop`.
        if matches!(done.trim_ascii(), b"" | b"noop") {
            return Self::RebaseBegun;
        }
        if has_ref(git, git_dir, "CHERRY_PICK_HEAD") {
            return Self::RebasePick;
        }
        // At the last of several fixups or squashes, git stops as at a conflict.
        let todo = read_regular_file(&git_dir.join("rebase-merge/git-rebase-todo")).unwrap_or_default();
        let is_squashed = |line: &[u8]| line.starts_with(b"fixup ") || line.starts_with(b"squash ");
        let last = done.trim_ascii_end().lines().next_back().unwrap_or_default();
        let is_before_another = is_squashed(last) && is_squashed(&todo);
        if last.starts_with(b"fixup ") || is_before_another { Self::RebaseFixup } else { Self::Rebase }
    }
}

/// Whether the pseudoref `name` exists: a file, or a record of the reftable.
fn has_ref(git: &Git, git_dir: &Path, name: &str) -> bool {
    if !git_dir.join("reftable").exists() {
        return git_dir.join(name).exists();
    }
    git.query(&["rev-parse", "--verify", "--quiet", name]).is_ok_and(|id| id.is_some())
}
