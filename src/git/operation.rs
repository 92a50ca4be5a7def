//! What git is in the middle of.

use std::fs;
use std::path::Path;

use bstr::ByteSlice;

use super::command_line::git;

/// An operation of several steps that git has begun and not ended: what a refused
/// hook leaves behind. Each goes on in a way of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// `git rebase`, before its first pick.
    RebaseBegun,
    /// `git rebase`, at a commit that it picks. Some versions of git put that commit
    /// on the list again when it is refused.
    RebasePick,
    /// `git rebase`, at a commit that it melts into the one before.
    RebaseFixup,
    /// `git rebase`, at a conflict that was resolved, or at a stop to edit.
    Rebase,
    /// `git rebase --apply`.
    RebaseApply,
    /// `git am`.
    Am,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert` of several commits.
    Revert,
    /// `git revert` of one commit, of which git keeps the message alone.
    RevertOne,
    /// `git merge`.
    Merge,
}

impl Operation {
    /// The operation that is under way in the worktree with this git directory.
    #[must_use]
    pub fn under_way(git_dir: &Path) -> Option<Self> {
        let has = |trace: &str| git_dir.join(trace).exists();
        // A rebase picks and merges, and leaves the traces of that too.
        if has("rebase-merge") {
            return Some(Self::of_rebase(git_dir));
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
        if has_ref(git_dir, "CHERRY_PICK_HEAD") {
            return Some(Self::CherryPick);
        }
        let todo = fs::read(git_dir.join("sequencer/todo")).unwrap_or_default();
        if todo.starts_with(b"revert ") {
            return Some(Self::Revert);
        }
        (has("MERGE_MSG") && !has("SQUASH_MSG")).then_some(Self::RevertOne)
    }

    /// The operation that has put away what was not committed, and has not brought it
    /// back: a merge, or a rebase that never began.
    #[must_use]
    pub fn with_autostash(git_dir: &Path) -> Option<Self> {
        if has_ref(git_dir, "MERGE_AUTOSTASH") {
            return Some(Self::Merge);
        }
        git_dir.join("rebase-apply/autostash").exists().then_some(Self::RebaseApply)
    }

    fn of_rebase(git_dir: &Path) -> Self {
        let done = fs::read(git_dir.join("rebase-merge/done")).unwrap_or_default();
        // Where there is nothing to pick, git does nothing and calls it that.
        if matches!(done.trim_ascii(), b"" | b"noop") {
            return Self::RebaseBegun;
        }
        if has_ref(git_dir, "CHERRY_PICK_HEAD") {
            return Self::RebasePick;
        }
        // Only at the last one of several does git stop as at a conflict.
        let todo = fs::read(git_dir.join("rebase-merge/git-rebase-todo")).unwrap_or_default();
        let is_melted = |line: &[u8]| line.starts_with(b"fixup ") || line.starts_with(b"squash ");
        let last = done.trim_ascii_end().lines().next_back().unwrap_or_default();
        let is_before_another = is_melted(last) && is_melted(&todo);
        if last.starts_with(b"fixup ") || is_before_another { Self::RebaseFixup } else { Self::Rebase }
    }

    /// Whether it is a rebase, which moves a detached `HEAD` from one commit that it has
    /// made to the next.
    #[must_use]
    pub fn is_rebase(self) -> bool {
        matches!(self, Self::RebasePick | Self::RebaseFixup | Self::Rebase | Self::RebaseApply)
    }
}

/// Whether git remembers a commit under this name. Where refs are kept in tables, so is
/// that.
fn has_ref(git_dir: &Path, name: &str) -> bool {
    if !git_dir.join("reftable").exists() {
        return git_dir.join(name).exists();
    }
    let asked = git().args(["rev-parse", "--verify", "--quiet", name]).output();
    asked.is_ok_and(|answer| answer.status.success())
}
