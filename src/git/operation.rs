//! What git is in the middle of.

use std::fs;
use std::path::Path;

/// An operation of several steps that git has begun and not ended: what a refused
/// hook leaves behind. Each goes on in a way of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// `git rebase`, at a commit that it picks. Some versions of git put that commit
    /// on the list again when it is refused.
    RebasePick,
    /// `git rebase`, at a conflict that was resolved, at a stop to edit, or at a
    /// commit that is melted into another one.
    Rebase,
    /// `git rebase --apply`.
    RebaseApply,
    /// `git am`.
    Am,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert` of several commits. Of a single one git leaves no trace.
    Revert,
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
            return Some(if has("CHERRY_PICK_HEAD") { Self::RebasePick } else { Self::Rebase });
        }
        if has("rebase-apply") {
            return Some(if has("rebase-apply/applying") { Self::Am } else { Self::RebaseApply });
        }
        if has("MERGE_HEAD") {
            return Some(Self::Merge);
        }
        if has("CHERRY_PICK_HEAD") {
            return Some(Self::CherryPick);
        }
        let todo = fs::read(git_dir.join("sequencer/todo")).unwrap_or_default();
        todo.starts_with(b"revert ").then_some(Self::Revert)
    }

    /// Whether it is a rebase, which moves a detached `HEAD` from one commit that it has
    /// made to the next.
    #[must_use]
    pub fn is_rebase(self) -> bool {
        matches!(self, Self::RebasePick | Self::Rebase | Self::RebaseApply)
    }
}
