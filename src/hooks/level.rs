//! Which hooks are guarded.

/// Which hooks `install` links.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    /// Those of a commit and a merge.
    Default,
    /// Those too that git runs under `--no-verify`, for picks and patches, and before
    /// a push.
    Strict,
    /// And the one that it runs for every update of a ref, with that of a push taken in:
    /// there git changes the files before it updates the ref.
    Refs,
    /// The one of a bare repository that is pushed to.
    Bare,
}

impl Level {
    /// The names of the hooks.
    #[must_use]
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Default => &NAMES[..2],
            Self::Strict => &NAMES[..5],
            Self::Refs => &NAMES,
            Self::Bare => &NAMES[6..],
        }
    }
}

/// Every hook that is guarded, those of each level after the other.
pub const NAMES: [&str; 7] = [
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "pre-applypatch",
    "pre-push",
    "reference-transaction",
    "pre-receive",
];
