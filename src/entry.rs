use bstr::BString;
use serde::Serialize;

/// A path as git holds it, and why it is looked at.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Entry {
    /// In bytes, relative to the top of the repository.
    pub path: BString,
    /// What the commit does to the path.
    pub change: Change,
}

/// The commit that brings an entry into history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Introduced {
    /// Its id in hexadecimal.
    pub commit: String,
    /// The id of its first parent; nothing where it has none.
    pub parent: Option<String>,
    /// Whether it has several.
    pub is_merge: bool,
    /// The ref by which it comes, as a whole name, where it is about one.
    pub reference: Option<BString>,
}

/// What a commit does to a path, or how the path came to be looked at.
///
/// The new side of a rename or a copy is [`Change::Added`]. A deletion is not
/// here: nothing refuses it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// No parent of the commit has the path.
    Added,
    /// A parent has the path, with other contents or another executable bit.
    Modified,
    /// A parent has the path as another type: a file became a symlink, say.
    TypeChanged,
    /// Nothing changed: all tracked paths are looked at.
    Tracked,
    /// Git does not track the path yet: what `git add -A` would stage is looked at.
    Untracked,
}

impl Change {
    /// Whether a parent of the commit has the path already.
    #[must_use]
    pub fn is_to_a_known_path(self) -> bool {
        matches!(self, Self::Modified | Self::TypeChanged)
    }
}
