//! The value that goes from git to the policy: a path and what a commit does to it.

use bstr::BString;
use serde::Serialize;

/// A path of the index, a commit or the worktree, and why it is checked.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Entry {
    /// In bytes, relative to the top of the repository.
    pub path: BString,
    /// What the commit does to the path.
    pub change: Change,
}

/// The commit that adds an entry to the history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IntroducedBy {
    /// The id of the commit, in hexadecimal.
    pub commit: String,
    /// The id of its first parent; `None` for a root commit.
    pub parent: Option<String>,
    /// Whether it has several parents.
    pub is_merge: bool,
    /// The full name of the ref that reaches it, if refs are checked.
    pub reference: Option<BString>,
}

/// What a commit does to a path, or why a path is checked without a commit.
///
/// The new side of a rename or a copy is [`Change::Added`]. Nothing refuses a deletion, so it
/// has no value here.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// No parent of the commit has the path.
    Added,
    /// A parent has the path with other contents or another executable bit.
    Modified,
    /// A parent has the path as another type, such as a file that became a symlink.
    TypeChanged,
    /// The path is in the index, and all tracked paths are checked.
    Tracked,
    /// The path is not tracked yet, and what `git add -A` would stage is checked.
    Untracked,
}

impl Change {
    /// Whether a parent of the commit has the path already.
    #[must_use]
    pub fn is_existing_path(self) -> bool {
        matches!(self, Self::Modified | Self::TypeChanged)
    }
}
