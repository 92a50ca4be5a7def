//! The levels of `install`, and the hooks that each guards.

use std::fmt;
use std::str::FromStr;

use crate::git::{Hook, RepositoryKind};

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

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Default => "default",
            Self::Strict => "strict",
            Self::Refs => "refs",
        })
    }
}

/// The word is not the name of a [`Level`].
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a level of `install`")]
pub(crate) struct UnknownLevel;

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        let levels = [Self::Default, Self::Strict, Self::Refs];
        levels.into_iter().find(|level| level.to_string() == name).ok_or(UnknownLevel)
    }
}

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

    /// Returns the hooks that this level guards in every repository with a worktree.
    #[must_use]
    pub(crate) fn hooks(self) -> Vec<Hook> {
        self.hooks_in(RepositoryKind::WithWorktree)
    }

    /// Returns the hooks that this level guards in a repository of this kind.
    ///
    /// A bare repository without worktrees has no index: pushes are guarded at every level.
    #[must_use]
    pub(crate) fn hooks_in(self, kind: RepositoryKind) -> Vec<Hook> {
        let is_guarded = |hook: &Hook| {
            let is_of_commits = kind.has_worktrees() && Self::of(*hook) <= self;
            is_of_commits || kind != RepositoryKind::WithWorktree && *hook == Hook::PreReceive
        };
        Hook::ALL.into_iter().filter(is_guarded).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Level;
    use crate::git::{Hook, RepositoryKind};

    #[test]
    fn a_bare_repository_guards_pushes_at_every_level() {
        for level in [Level::Default, Level::Strict, Level::Refs] {
            assert_eq!(level.hooks_in(RepositoryKind::Bare), [Hook::PreReceive]);
        }
    }

    #[test]
    fn a_bare_repository_with_worktrees_guards_commits_and_pushes() {
        let hooks = Level::Default.hooks_in(RepositoryKind::BareWithWorktrees);
        assert_eq!(hooks, [Hook::PreCommit, Hook::PreMergeCommit, Hook::PreReceive]);
        assert_eq!(Level::Refs.hooks_in(RepositoryKind::BareWithWorktrees), Hook::ALL);
    }
}
