//! What a verdict may rest on beyond the name of a path: the texts of files.

use std::ops::ControlFlow;

use bstr::{BStr, BString};

use super::document::NamedBy;
use super::file_pattern::FilePatterns;

/// The size of the largest file whose text is judged, in bytes.
pub(super) const MAX_TEXT: u64 = 256 << 10;

/// The size of the largest file that is read to find the names of others, in bytes.
pub(super) const MAX_NAMER: u64 = 1 << 20;

/// The files that a path is judged among: those of an index, a worktree or a commit.
///
/// Paths are relative to the top of the repository. Every question is asked only for a path
/// that a rule matches. A closure answers the first one alone: its project has no texts.
pub trait Project {
    /// The error of a project whose paths cannot be read.
    type Error;

    /// Returns whether `path` is a file, or a directory of files.
    ///
    /// # Errors
    ///
    /// The paths cannot be read.
    fn is_tracked(&mut self, path: &BStr) -> Result<bool, Self::Error>;

    /// Returns the paths of the regular files that match `patterns`.
    fn files(&mut self, _patterns: &FilePatterns) -> Vec<BString> {
        Vec::new()
    }

    /// Returns the contents of the regular file at `path`, if it has at most `limit` bytes.
    ///
    /// `path` is one that is judged, or one that [`Project::files`] has returned. `None` if the
    /// file is larger, or cannot be read.
    fn text(&mut self, _path: &BStr, _limit: u64) -> Option<Vec<u8>> {
        None
    }

    /// Calls `visit` with the places where files contain one of `words`, until it breaks.
    ///
    /// A word ends where a letter, a digit or a `_` does not follow. Returns whether every file
    /// was searched that had to be.
    fn search(&mut self, _words: &[BString], _visit: Visit) -> bool {
        false
    }
}

/// Receives the places that a search finds: a mention, and the word that it contains.
pub type Visit<'v> = &'v mut dyn FnMut(Mention, &BStr) -> ControlFlow<()>;

impl<E, F: FnMut(&BStr) -> Result<bool, E>> Project for F {
    type Error = E;

    fn is_tracked(&mut self, path: &BStr) -> Result<bool, E> {
        self(path)
    }
}

/// A place where a file names another one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mention {
    /// The path of the file that names the other one.
    pub path: BString,
    /// The number of the line, counted from 1.
    pub line: usize,
}

/// The files of a project that say what belongs to it.
#[derive(Debug, Default)]
pub(super) struct EvidenceFiles {
    /// What runs or ships the files of the project.
    pub(super) automation: FilePatterns,
    /// What links the documents of the project.
    pub(super) documents: FilePatterns,
}

impl NamedBy {
    /// Returns the name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Automation => "automation",
            Self::Documents => "documents",
            Self::Any => "any",
        }
    }
}
