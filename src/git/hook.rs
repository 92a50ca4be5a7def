//! The hooks that can stop git from adding something to the history.

use std::fmt;
use std::str::FromStr;

/// Defines the hooks from one table, so that no list of them can miss one.
macro_rules! hooks {
    ($($(#[$doc:meta])* $hook:ident = $name:literal,)*) => {
        /// A hook of githooks(5) that stage-guard guards.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum Hook {
            $($(#[$doc])* $hook,)*
        }

        impl Hook {
            /// Every hook that stage-guard guards, in the order of their levels.
            pub const ALL: [Self; [$(Self::$hook,)*].len()] = [$(Self::$hook,)*];

            /// Returns the name of the hook's file in the hooks directory.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$hook => $name,)*
                }
            }
        }
    };
}

hooks! {
    /// Runs before `git commit` and before each commit of `git merge --continue`.
    PreCommit = "pre-commit",
    /// Runs before the commit of `git merge`.
    PreMergeCommit = "pre-merge-commit",
    /// Runs before every commit that has a message to prepare, even with `--no-verify`.
    PrepareCommitMsg = "prepare-commit-msg",
    /// Runs before each commit of `git am`.
    PreApplypatch = "pre-applypatch",
    /// Runs before `git push` sends anything.
    PrePush = "pre-push",
    /// Runs for every update of refs.
    ReferenceTransaction = "reference-transaction",
    /// Runs in the repository that receives a push.
    PreReceive = "pre-receive",
}

/// The name is not the name of a [`Hook`].
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a hook that can be guarded; if it was renamed, `stage-guard install` renews it")]
pub struct UnknownHook;

impl Hook {
    /// Returns whether git lists refs on the hook's standard input.
    #[must_use]
    pub fn reads_stdin(self) -> bool {
        match self {
            Self::PrePush | Self::ReferenceTransaction | Self::PreReceive => true,
            Self::PreCommit | Self::PreMergeCommit | Self::PrepareCommitMsg | Self::PreApplypatch => false,
        }
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
