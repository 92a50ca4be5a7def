//! The files of a worktree, as `git add -A` would stage them.

use std::fs;

use bstr::{BStr, BString};

use super::Unread;
use crate::git::{self, GrepTarget, Repository, TrackedPaths, read_regular_file};
use crate::policy::{FilePatterns, Project, Visit};

/// A worktree.
#[derive(Debug)]
pub(crate) struct WorktreeProject<'r> {
    repository: &'r Repository,
    /// The tracked paths, and the untracked ones if they were listed.
    paths: TrackedPaths,
    siblings: Siblings,
    unread: Unread,
}

/// The paths that count as tracked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Siblings {
    /// Those that were listed.
    Listed,
    /// Those that were listed, and all that exist on the disk.
    OnDisk,
}

impl<'r> WorktreeProject<'r> {
    /// Creates a project with the paths that are tracked or about to be.
    pub(crate) fn new(repository: &'r Repository, paths: TrackedPaths, siblings: Siblings) -> Self {
        Self { repository, paths, siblings, unread: Unread::default() }
    }

    /// Returns what could not be read.
    pub(crate) fn into_unread(self) -> Unread {
        self.unread
    }
}

impl Project for WorktreeProject<'_> {
    type Error = git::Error;

    fn is_tracked(&mut self, path: &BStr) -> Result<bool, git::Error> {
        let is_on_disk = || self.repository.layout().on_disk(path).exists();
        Ok(self.paths.contains(path) || self.siblings == Siblings::OnDisk && is_on_disk())
    }

    fn files(&mut self, patterns: &FilePatterns) -> Vec<BString> {
        let matching = self.paths.files_under(BStr::new("")).filter(|path| patterns.matches(path));
        let mut paths: Vec<BString> = matching.map(BStr::to_owned).collect();
        if self.siblings == Siblings::OnDisk {
            let untracked = git::untracked(self.repository.layout()).unwrap_or_default();
            paths.extend(untracked.into_iter().filter(|path| patterns.matches(path.as_ref())));
        }
        paths
    }

    fn text(&mut self, path: &BStr, limit: u64) -> Option<Vec<u8>> {
        let file = self.repository.layout().on_disk(path);
        let metadata = fs::symlink_metadata(&file).ok()?;
        if !metadata.is_file() || metadata.len() > limit {
            return None;
        }
        let contents = read_regular_file(&file).ok();
        if contents.is_none() {
            self.unread.add_text(path);
        }
        contents
    }

    fn search(&mut self, words: &[BString], visit: Visit) -> bool {
        self.unread.search(|visit| self.repository.grep(GrepTarget::Worktree, words, visit), visit)
    }
}
