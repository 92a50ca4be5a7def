//! The files of a commit.

use bstr::{BStr, BString};

use super::Unread;
use crate::git::{self, Blob, CommitTrees, ObjectId};
use crate::policy::{IsWanted, Project};

/// A commit.
#[derive(Debug)]
pub(crate) struct CommittedProject<'t> {
    trees: &'t mut CommitTrees,
    commit: ObjectId,
    unread: &'t mut Unread,
}

impl<'t> CommittedProject<'t> {
    /// Creates a project that adds what it cannot read to `unread`.
    pub(crate) fn new(trees: &'t mut CommitTrees, commit: ObjectId, unread: &'t mut Unread) -> Self {
        Self { trees, commit, unread }
    }
}

impl Project for CommittedProject<'_> {
    type Error = git::Error;

    fn is_tracked(&mut self, path: &BStr) -> Result<bool, git::Error> {
        self.trees.contains(self.commit, path)
    }

    fn files(&mut self, is_wanted: IsWanted) -> Option<Vec<BString>> {
        let files = self.unread.searched(self.trees.files(self.commit, is_wanted).ok())?;
        Some(files.into_iter().map(|(path, _)| path).collect())
    }

    fn files_with(&mut self, words: &[BString]) -> Option<Vec<BString>> {
        self.unread.searched(self.trees.grep(self.commit, words))
    }

    fn text(&mut self, path: &BStr, limit: u64) -> Option<Vec<u8>> {
        let blob = match self.trees.regular_file(self.commit, path) {
            Ok(id) => self.trees.blob(id?, limit),
            Err(_) => Blob::Unreadable,
        };
        self.unread.contents(path, blob)
    }
}
