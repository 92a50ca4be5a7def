//! The hooks that can stop git from adding something to the history.

use std::fmt;
use std::str::FromStr;

/// A hook of githooks(5) that stage-guard guards.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Hook {
    /// Runs before `git commit` and before each commit of `git merge --continue`.
    PreCommit,
    /// Runs before the commit of `git merge`.
    PreMergeCommit,
    /// Runs before every commit that has a message to prepare, even with `--no-verify`.
    PrepareCommitMsg,
    /// Runs before each commit of `git am`.
    PreApplypatch,
    /// Runs before `git push` sends anything.
    PrePush,
    /// Runs for every update of refs.
    ReferenceTransaction,
    /// Runs in the repository that receives a push.
    PreReceive,
}

/// The name is not the name of a [`Hook`].
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a hook that stage-guard guards")]
pub struct UnknownHook;

impl Hook {
    /// Every hook that stage-guard guards, in the order of their levels.
    pub const ALL: [Self; 7] = [
        Self::PreCommit,
        Self::PreMergeCommit,
        Self::PrepareCommitMsg,
        Self::PreApplypatch,
        Self::PrePush,
        Self::ReferenceTransaction,
        Self::PreReceive,
    ];

    /// Returns the name of the hook's file in the hooks directory.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PreMergeCommit => "pre-merge-commit",
            Self::PrepareCommitMsg => "prepare-commit-msg",
            Self::PreApplypatch => "pre-applypatch",
            Self::PrePush => "pre-push",
            Self::ReferenceTransaction => "reference-transaction",
            Self::PreReceive => "pre-receive",
        }
    }

    /// Returns whether git writes refs to the hook's standard input.
    #[must_use]
    pub fn reads_stdin(self) -> bool {
        matches!(self, Self::PrePush | Self::ReferenceTransaction | Self::PreReceive)
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Hook {
    type Err = UnknownHook;

    fn from_str(name: &str) -> Result<Self, UnknownHook> {
        Self::ALL.into_iter().find(|hook| hook.name() == name).ok_or(UnknownHook)
    }
}

#[cfg(test)]
mod tests {
    use super::{Hook, UnknownHook};

    #[test]
    fn every_name_parses_to_its_hook() {
        for hook in Hook::ALL {
            assert_eq!(hook.name().parse::<Hook>().unwrap(), hook);
        }
        assert_eq!("post-checkout".parse::<Hook>(), Err(UnknownHook));
    }
}
