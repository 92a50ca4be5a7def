//! The files of a worktree after some of them are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;

use bstr::{BStr, BString, ByteSlice};

use super::WorktreeProject;
use crate::git::{self, GrepTarget, Repository, TrackedPaths};
use crate::policy::{IsWanted, Project, is_session_directory};

/// The number of directories in which untracked files are looked for.
const MAX_DIRECTORIES: usize = 1000;

/// The number of entries of these directories that are looked at.
const MAX_ENTRIES: usize = 20_000;

/// How deep a hidden directory is looked into: `.github/actions/build/action.yml`.
const MAX_DEPTH: usize = 3;

/// Files that are about to be written or removed, by their paths.
pub(crate) type Written = BTreeMap<BString, WrittenFile>;

/// What a file will be.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum WrittenFile {
    /// A file with this text.
    Text(Vec<u8>),
    /// A file whose text is not known, or large.
    Unknown,
    /// None: it is deleted, or moved away.
    Removed,
}

/// A worktree in which some files are written.
///
/// All that is on the disk counts as tracked, because it usually lands in the same commit.
#[derive(Debug)]
pub(crate) struct WrittenProject<'r> {
    repository: &'r Repository,
    worktree: WorktreeProject<'r>,
    written: Written,
}

impl<'r> WrittenProject<'r> {
    /// Creates a project.
    ///
    /// `tracked` contains the tracked ones among the paths that the policy asks about.
    pub(crate) fn new(repository: &'r Repository, tracked: TrackedPaths, written: Written) -> Self {
        Self { repository, worktree: WorktreeProject::new(repository, tracked), written }
    }

    /// Whether a written file is at `path`, or below it.
    fn is_written(&self, path: &BStr) -> bool {
        let directory = bstr::concat([path.as_bytes(), b"/"]);
        let below = self.written.range(BString::from(directory.as_slice())..);
        let mut below = below.take_while(|(path, _)| path.starts_with(&directory));
        self.written.get(path).is_some_and(|file| *file != WrittenFile::Removed)
            || below.any(|(_, file)| *file != WrittenFile::Removed)
    }

    /// Returns the paths of the files that will be there.
    fn written_paths(&self) -> impl Iterator<Item = &BString> {
        self.written.iter().filter(|(_, file)| **file != WrittenFile::Removed).map(|(path, _)| path)
    }

    /// Returns the files on the disk that are likely to name the written ones.
    ///
    /// These are in the directories above them, in the hidden directories there, and in those at
    /// the top. To list all untracked files takes git longer than the rest of the check.
    fn files_nearby(&self, is_wanted: IsWanted) -> Vec<BString> {
        let above = self.written.keys().flat_map(|path| path.rfind_iter(b"/").map(|end| &path[..end]));
        let mut directories = BTreeSet::from([BStr::new("")]);
        for directory in above {
            directories.insert(directory.as_bstr());
            if directories.len() == MAX_DIRECTORIES {
                break;
            }
        }
        let mut listing = Listing { repository: self.repository, is_wanted, entries: 0, files: Vec::new() };
        for directory in directories {
            listing.add(directory, MAX_DEPTH);
        }
        listing.files
    }
}

impl Project for WrittenProject<'_> {
    type Error = git::Error;

    fn is_tracked(&mut self, path: &BStr) -> Result<bool, git::Error> {
        if self.written.get(path) == Some(&WrittenFile::Removed) {
            return Ok(self.is_written(path));
        }
        let is_on_disk = || self.repository.layout().on_disk(path).exists();
        Ok(self.is_written(path) || is_on_disk() || self.worktree.is_tracked(path)?)
    }

    fn files(&mut self, is_wanted: IsWanted) -> Option<Vec<BString>> {
        let tracked = self.repository.staged_files(is_wanted).ok()?;
        let mut files: BTreeSet<BString> = tracked.into_iter().map(|(path, _)| path).collect();
        files.extend(self.files_nearby(is_wanted));
        let mut files = files.into_iter().filter(|path| !self.written.contains_key(path)).collect();
        self.worktree.retain_files(&mut files);
        files.extend(self.written_paths().filter(|path| is_wanted(path.as_bstr())).cloned());
        Some(files)
    }

    fn files_with(&mut self, words: &[BString]) -> Option<Vec<BString>> {
        // Files that are tracked and ignored are left out: few repositories have any, and another
        // search would take as long again.
        let mut files = self.repository.grep(GrepTarget::Worktree, words)?;
        if self.repository.may_have_off_disk_files() {
            files.extend(self.repository.grep(GrepTarget::Index, words)?);
            files.sort_unstable();
            files.dedup();
        }
        files.retain(|path| !self.written.contains_key(path));
        self.worktree.retain_files(&mut files);
        files.extend(self.written_paths().cloned());
        Some(files)
    }

    fn text(&mut self, path: &BStr, limit: u64) -> Option<Vec<u8>> {
        let is_small = |text: &&Vec<u8>| u64::try_from(text.len()).is_ok_and(|length| length <= limit);
        match self.written.get(path) {
            Some(WrittenFile::Text(text)) => Some(text).filter(is_small).cloned(),
            Some(WrittenFile::Unknown | WrittenFile::Removed) => None,
            None => self.worktree.text(path, limit),
        }
    }
}

/// A list of files on the disk, up to a number of entries that are looked at.
struct Listing<'l> {
    repository: &'l Repository,
    is_wanted: IsWanted<'l>,
    entries: usize,
    files: Vec<BString>,
}

impl Listing<'_> {
    /// Adds the wanted files of a directory, and of hidden directories in it up to a depth.
    ///
    /// At the top, those of each directory are added, too. Another repository is left out.
    fn add(&mut self, directory: &BStr, depth: usize) {
        let on_disk = self.repository.layout().on_disk(directory);
        if !directory.is_empty() && on_disk.join(".git").exists() {
            return;
        }
        for entry in fs::read_dir(on_disk).into_iter().flatten().flatten() {
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return;
            }
            let (name, kind) = (entry.file_name(), entry.file_type());
            let name = name.as_bytes().as_bstr();
            let separator = if directory.is_empty() { "" } else { "/" };
            let path = BString::from(bstr::concat([directory.as_bytes(), separator.as_bytes(), name]));
            match kind {
                Ok(kind) if kind.is_dir() => {
                    if let Some(depth) = depth_inside(directory, name, depth) {
                        self.add(path.as_bstr(), depth);
                    }
                }
                Ok(kind) if kind.is_file() && (self.is_wanted)(path.as_bstr()) => self.files.push(path),
                _ => {}
            }
        }
    }
}

/// Returns the depth for the directory `name` in one with this depth; `None` if it is left out.
fn depth_inside(directory: &BStr, name: &BStr, depth: usize) -> Option<usize> {
    if name == ".git" || is_session_directory(name) {
        return None;
    }
    let is_in_hidden = name.starts_with(b".") || depth < MAX_DEPTH;
    if is_in_hidden { depth.checked_sub(1) } else { directory.is_empty().then_some(0) }
}
