//! The paths of the index, and what is looked for among them.

use std::collections::HashSet;

use bstr::{BStr, BString, ByteSlice};

use super::{Nominated, Nominates};
use crate::{Change, Entry};

/// The paths that are tracked: in the index, at any stage; sorted by their bytes.
#[derive(Debug)]
pub struct TrackedPaths(Vec<BString>);

/// Entries of the index, looked at one after the other.
pub(super) struct Search<'n> {
    nominates: Nominates<'n>,
    /// The path before: an unmerged one has several entries, one after the other.
    before: BString,
    pub(super) found: Nominated,
}

impl<'n> Search<'n> {
    pub(super) fn new(nominates: Nominates<'n>) -> Self {
        let found = Nominated { entries: Vec::new(), checked: 0 };
        Self { nominates, before: BString::default(), found }
    }

    pub(super) fn look_at(&mut self, path: &BStr) {
        if path == self.before {
            return;
        }
        self.found.checked += 1;
        if (self.nominates)(path) {
            self.found.entries.push(Entry { path: path.into(), change: Change::Tracked });
        }
        self.before.clear();
        self.before.extend_from_slice(path);
    }
}

/// Of all entries of the index, those by which it can be told whether some paths are
/// tracked: as files, or as directories of files.
pub(super) struct Among<'p> {
    wanted: HashSet<&'p BStr>,
    /// The directories that hold these paths.
    around: HashSet<&'p BStr>,
    /// Of the entry before.
    directory: BString,
    is_around: bool,
    pub(super) found: Vec<BString>,
}

impl<'p> Among<'p> {
    pub(super) fn new(paths: &'p [BString]) -> Self {
        let wanted: HashSet<&BStr> = paths.iter().map(|path| path.as_bstr()).collect();
        let around: HashSet<&BStr> = wanted.iter().map(|path| directory_of(path)).collect();
        let (directory, is_around) = (BString::default(), around.contains(BStr::new("")));
        Self { wanted, around, directory, is_around, found: Vec::new() }
    }

    pub(super) fn look_at(&mut self, path: &BStr) {
        let directory = directory_of(path);
        let is_first = self.directory != directory;
        if is_first {
            self.directory.clear();
            self.directory.extend_from_slice(directory);
            self.is_around = self.around.contains(directory);
        }
        let is_file = || self.is_around && self.wanted.contains(path);
        if is_first && self.is_below_wanted(directory) || is_file() {
            self.found.push(path.to_owned());
        }
    }

    fn is_below_wanted(&self, directory: &BStr) -> bool {
        let ends = directory.find_iter("/").chain([directory.len()]);
        ends.into_iter().any(|end| self.wanted.contains(directory[..end].as_bstr()))
    }
}

/// The path of the directory that holds `path`; empty for what is at the top.
fn directory_of(path: &BStr) -> &BStr {
    path[..path.rfind_byte(b'/').unwrap_or_default()].as_bstr()
}

impl TrackedPaths {
    pub(super) fn new(mut paths: Vec<BString>) -> Self {
        paths.sort_unstable();
        paths.dedup();
        Self(paths)
    }

    /// These paths and `more`.
    #[must_use]
    pub fn with(self, more: Vec<BString>) -> Self {
        let Self(mut paths) = self;
        paths.extend(more);
        Self::new(paths)
    }

    /// Whether `path` is a tracked file, or a directory of tracked files.
    #[must_use]
    pub fn contains(&self, path: &BStr) -> bool {
        self.has_file(path) || self.below(path).next().is_some()
    }

    /// Whether `path` is a tracked file.
    #[must_use]
    pub fn has_file(&self, path: &BStr) -> bool {
        self.0.get(self.position(path)).is_some_and(|found| found == path)
    }

    /// The tracked files below `directory`; the top is the empty path.
    pub fn below(&self, directory: &BStr) -> impl Iterator<Item = &BStr> {
        let prefix =
            if directory.is_empty() { Vec::new() } else { bstr::concat([directory.as_bytes(), b"/"]) };
        let from = self.position(&prefix);
        self.0[from..].iter().map(|path| path.as_bstr()).take_while(move |path| path.starts_with(&prefix))
    }

    /// A path sorts before all that is below it, but `x.c` and `x-y` stand between
    /// `x` and `x/`.
    fn position(&self, wanted: &[u8]) -> usize {
        self.0.partition_point(|path| path.as_bytes() < wanted)
    }
}
