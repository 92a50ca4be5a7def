//! The levels of `install`, and the hooks that each guards.

use crate::git::Hook;

/// Which git operations the hooks guard; each level includes the lower ones.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Level {
    /// Commits and merges, unless git is run with `--no-verify`.
    Default,
    /// Also `--no-verify`, picks, patches and pushes.
    Strict,
    /// Also every update of a branch.
    ///
    /// It includes `pre-receive` because of `receive.denyCurrentBranch = updateInstead`: git
    /// changes files before it updates the ref.
    Refs,
}

/// The hooks that are guarded in a bare repository, which has no index.
pub(crate) const BARE_HOOKS: [Hook; 1] = [Hook::PreReceive];

impl Level {
    /// Returns the lowest level that guards `hook`.
    #[must_use]
    pub(crate) fn of(hook: Hook) -> Self {
        match hook {
            Hook::PreCommit | Hook::PreMergeCommit => Self::Default,
            Hook::PrepareCommitMsg | Hook::PreApplypatch | Hook::PrePush => Self::Strict,
            Hook::ReferenceTransaction | Hook::PreReceive => Self::Refs,
        }
    }

    /// Returns the hooks that this level guards.
    #[must_use]
    pub(crate) fn hooks(self) -> Vec<Hook> {
        Hook::ALL.into_iter().filter(|hook| Self::of(*hook) <= self).collect()
    }
}
