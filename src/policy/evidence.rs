//! The questions of the policy about other files, and about the text of a file.

use bstr::{BStr, BString};

use super::document::NamedBy;
use super::file_pattern::FilePatterns;

/// The size of the largest file whose text is judged, in bytes.
pub(super) const MAX_TEXT: u64 = 256 << 10;

/// The size of the largest file that is read to find the names of others, in bytes.
pub(crate) const MAX_EVIDENCE_FILE: u64 = 1 << 20;

/// The size of the largest file that is searched for the names of others, in bytes.
pub(super) const MAX_SEARCHED: u64 = 64 << 20;

/// The number of searches that follow a chain of scripts, each named by the next one.
pub(super) const MAX_SEARCHES: usize = 4;

/// The number of words for which [`Project::files_with`] takes less time than to read all files.
pub(super) const MAX_WORDS: usize = 16;

/// The files that a path is judged among: those of an index, a worktree or a commit.
///
/// Paths are relative to the top of the repository. A question is asked only if a rule matches a
/// path. A closure implements only `is_tracked`: its project has no texts.
pub trait Project {
    /// The error of a project whose paths cannot be read.
    type Error;

    /// Returns whether `path` is a file, or a directory of files.
    ///
    /// # Errors
    ///
    /// The paths cannot be read.
    fn is_tracked(&mut self, path: &BStr) -> Result<bool, Self::Error>;

    /// Returns the regular files for whose paths `is_wanted` is true; `None` if that is unknown.
    fn files(&mut self, _is_wanted: IsWanted) -> Option<Vec<BString>> {
        None
    }

    /// Returns all regular files that contain one of `words`, and maybe others.
    ///
    /// `None` if not every file could be searched. There are at most 16 words, and
    /// the texts of these files are asked for next.
    fn files_with(&mut self, _words: &[BString]) -> Option<Vec<BString>> {
        None
    }

    /// Returns the contents of the regular file at `path`, if it has at most `limit` bytes.
    ///
    /// `path` is one that is judged, or one that a method of this trait has returned. `None`
    /// if the file is larger, or cannot be read.
    fn text(&mut self, _path: &BStr, _limit: u64) -> Option<Vec<u8>> {
        None
    }
}

/// Returns whether a file with this path is wanted.
pub type IsWanted<'w> = &'w dyn Fn(&BStr) -> bool;

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
