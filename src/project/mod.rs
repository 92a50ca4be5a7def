//! Answers the questions of the policy about an index, a worktree or a commit.
//!
//! What cannot be read is no evidence. It ends no check, and is recorded as [`Unread`].

mod committed;
mod staged;
mod worktree;
mod written;

use bstr::{BStr, BString, ByteSlice};

pub(crate) use committed::CommittedProject;
pub(crate) use staged::StagedProject;
pub(crate) use worktree::WorktreeProject;
pub(crate) use written::{WrittenFile, WrittenProject};

use crate::git::Blob;

/// What a check was to look at and could not read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Unread {
    /// The paths whose texts could not be read.
    pub texts: Vec<BString>,
    /// Whether a search for names could not read every file.
    pub has_unsearched_files: bool,
}

impl Unread {
    /// Returns whether everything was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && !self.has_unsearched_files
    }

    /// Records if files could not be listed or searched.
    fn searched<T>(&mut self, files: Option<T>) -> Option<T> {
        self.has_unsearched_files |= files.is_none();
        files
    }

    /// Returns the contents of the file at `path`, and records it if they cannot be read.
    fn contents(&mut self, path: &BStr, blob: Blob) -> Option<Vec<u8>> {
        match blob {
            Blob::Contents(text) => Some(text),
            Blob::TooLarge => None,
            Blob::Unreadable => {
                if !self.texts.iter().any(|known| known.as_bstr() == path) {
                    self.texts.push(path.to_owned());
                }
                None
            }
        }
    }
}
