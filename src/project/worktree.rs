//! The files of a worktree, as `git add -A` would stage them.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::fs;

use bstr::{BStr, BString, ByteSlice};

use super::Unread;
use crate::git::{self, Blob, GrepTarget, ObjectId, Repository, TrackedPaths, read_regular_file};
use crate::policy::{IsWanted, Project};

/// A worktree.
#[derive(Debug)]
pub(crate) struct WorktreeProject<'r> {
    repository: &'r Repository,
    /// The tracked paths, and the untracked ones if they were listed.
    paths: TrackedPaths,
    off_disk: OnceCell<HashMap<BString, ObjectId>>,
    unread: Unread,
}

impl<'r> WorktreeProject<'r> {
    /// Creates a project with the paths that are tracked or about to be.
    pub(crate) fn new(repository: &'r Repository, paths: TrackedPaths) -> Self {
        Self { repository, paths, off_disk: OnceCell::new(), unread: Unread::default() }
    }

    /// Returns what could not be read.
    pub(crate) fn into_unread(self) -> Unread {
        self.unread
    }
}

impl WorktreeProject<'_> {
    /// Removes the paths that are no regular files.
    ///
    /// They may be in a part of the index that a sparse checkout keeps off the disk.
    pub(super) fn retain_files(&mut self, paths: &mut Vec<BString>) {
        let layout = self.repository.layout();
        paths.retain(|path| match fs::symlink_metadata(layout.on_disk(path.as_bstr())) {
            Ok(metadata) => metadata.is_file(),
            Err(_) => self.off_disk().contains_key(path),
        });
    }

    fn off_disk_blob(&mut self, path: &BStr, limit: u64) -> Blob {
        let Some(id) = self.off_disk().get(path).copied() else { return Blob::TooLarge };
        self.repository.blobs().read(id, limit)
    }

    /// Returns the blobs of the files that are kept off the disk, listed at the first call.
    fn off_disk(&self) -> &HashMap<BString, ObjectId> {
        self.off_disk
            .get_or_init(|| self.repository.off_disk_files().unwrap_or_default().into_iter().collect())
    }
}

impl Project for WorktreeProject<'_> {
    type Error = git::Error;

    fn is_tracked(&mut self, path: &BStr) -> Result<bool, git::Error> {
        Ok(self.paths.contains(path))
    }

    fn files(&mut self, is_wanted: IsWanted) -> Option<Vec<BString>> {
        let wanted = self.paths.files_under(BStr::new("")).filter(|path| is_wanted(path));
        let mut paths: Vec<BString> = wanted.map(BStr::to_owned).collect();
        self.retain_files(&mut paths);
        Some(paths)
    }

    fn files_with(&mut self, words: &[BString]) -> Option<Vec<BString>> {
        let mut files = BTreeSet::new();
        // Tracked files may be ignored, or off the disk.
        for target in [GrepTarget::Worktree, GrepTarget::Index] {
            files.extend(self.unread.searched(self.repository.grep(target, words))?);
        }
        let mut files = files.into_iter().collect();
        self.retain_files(&mut files);
        Some(files)
    }

    fn text(&mut self, path: &BStr, limit: u64) -> Option<Vec<u8>> {
        let file = self.repository.layout().on_disk(path);
        let blob = match fs::symlink_metadata(&file) {
            Ok(metadata) if !metadata.is_file() || metadata.len() > limit => Blob::TooLarge,
            Ok(_) => read_regular_file(&file).map_or(Blob::Unreadable, Blob::Contents),
            Err(_) => self.off_disk_blob(path, limit),
        };
        self.unread.contents(path, blob)
    }
}
