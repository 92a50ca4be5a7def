//! The value that git passes to the policy: a path and how a commit changes it.

use bstr::BString;
use serde::Serialize;

/// A path of the index, a commit or the worktree, and why it is checked.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Entry {
    /// In bytes, relative to the top of the repository.
    pub path: BString,
    /// How the commit changes the path.
    pub change: Change,
}

/// The commit that adds an entry to the history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IntroducedBy {
    /// The id of the commit, in hexadecimal.
    pub commit: String,
    /// The id of its first parent; `None` for a root commit.
    pub parent: Option<String>,
    /// Whether the commit has several parents.
    pub is_merge: bool,
    /// The full name of the ref that reaches it, if refs are checked.
    pub reference: Option<BString>,
}

/// How a commit changes a path, or why a path is checked without a commit.
///
/// The new path of a rename or a copy is [`Change::Added`]. Deletions are never refused, so
/// there is no value for them.
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
    /// The path is untracked, and all paths that `git add -A` would stage are checked.
    Untracked,
}

impl Change {
    /// Whether a parent of the commit has the path already.
    #[must_use]
    pub fn is_existing_path(self) -> bool {
        matches!(self, Self::Modified | Self::TypeChanged)
    }
}
