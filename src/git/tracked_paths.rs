//! The set of tracked paths.

use std::borrow::Cow;
use std::collections::HashSet;

use bstr::{BStr, BString, ByteSlice};

/// The paths of all index entries, at any stage, sorted by their bytes.
#[derive(Clone, Debug)]
pub(crate) struct TrackedPaths {
    paths: Vec<BString>,
    /// Whether the letter case of names is ignored. Then `paths` are in lower case.
    ignores_case: bool,
}

impl TrackedPaths {
    pub(super) fn new(mut paths: Vec<BString>) -> Self {
        paths.sort_unstable();
        paths.dedup();
        Self { paths, ignores_case: false }
    }

    /// Adds `more` paths.
    #[must_use]
    pub(crate) fn extended(self, more: Vec<BString>) -> Self {
        let mut paths = self.paths;
        paths.extend(more);
        Self::new(paths)
    }

    /// Makes names equal that differ in the case of ASCII letters, as `core.ignoreCase` does.
    #[must_use]
    pub(super) fn ignoring_case(self) -> Self {
        let paths = self.paths.into_iter().map(|path| path.to_ascii_lowercase().into()).collect();
        Self { ignores_case: true, ..Self::new(paths) }
    }

    /// Whether `path` is a tracked file, or a directory of tracked files.
    #[must_use]
    pub(crate) fn contains(&self, path: &BStr) -> bool {
        let path = self.folded(path);
        self.contains_file(path.as_ref().into()) || self.files_under(path.as_ref().into()).next().is_some()
    }

    /// Whether `path` is a tracked file.
    #[must_use]
    pub(crate) fn contains_file(&self, path: &BStr) -> bool {
        let path = self.folded(path);
        self.paths.get(self.position(&path)).is_some_and(|found| found == path.as_ref())
    }

    /// Returns `path` in the case of the paths in this set.
    fn folded<'p>(&self, path: &'p BStr) -> Cow<'p, [u8]> {
        if self.ignores_case { Cow::Owned(path.to_ascii_lowercase()) } else { Cow::Borrowed(path.as_bytes()) }
    }

    /// Returns the tracked files under `directory`, which is empty for the top.
    pub(crate) fn files_under(&self, directory: &BStr) -> impl Iterator<Item = &BStr> {
        let prefix =
            if directory.is_empty() { Vec::new() } else { bstr::concat([directory.as_bytes(), b"/"]) };
        let from = self.position(&prefix);
        self.paths[from..].iter().map(|path| path.as_bstr()).take_while(move |path| path.starts_with(&prefix))
    }

    /// Returns the index at which `path` is or would be.
    ///
    /// `x.c` and `x-y` sort between `x` and `x/y`.
    fn position(&self, path: &[u8]) -> usize {
        self.paths.partition_point(|other| other.as_bytes() < path)
    }
}

/// Collects the tracked paths that prove whether some given paths are tracked.
///
/// A given path is tracked as a file, or as a directory of tracked files.
pub(super) struct SiblingScan<'p> {
    paths: HashSet<&'p BStr>,
    /// The parent directories of these paths.
    parents: HashSet<&'p BStr>,
    /// The directory of the entry visited last.
    directory: BString,
    /// Whether that directory is one of `parents`.
    is_parent: bool,
    pub(super) matches: Vec<BString>,
}

impl<'p> SiblingScan<'p> {
    pub(super) fn new(paths: &'p [BString]) -> Self {
        let paths: HashSet<&BStr> = paths.iter().map(|path| path.as_bstr()).collect();
        let parents: HashSet<&BStr> = paths.iter().map(|path| directory_of(path)).collect();
        let (directory, is_parent) = (BString::default(), parents.contains(BStr::new("")));
        Self { paths, parents, directory, is_parent, matches: Vec::new() }
    }

    /// Visits the next path of the index.
    pub(super) fn visit(&mut self, path: &BStr) {
        let directory = directory_of(path);
        let is_first = self.directory != directory;
        if is_first {
            self.directory.clear();
            self.directory.extend_from_slice(directory);
            self.is_parent = self.parents.contains(directory);
        }
        let is_file = || self.is_parent && self.paths.contains(path);
        if is_first && self.is_in_one_of_the_paths(directory) || is_file() {
            self.matches.push(path.to_owned());
        }
    }

    fn is_in_one_of_the_paths(&self, directory: &BStr) -> bool {
        let mut ends = directory.find_iter("/").chain([directory.len()]);
        ends.any(|end| self.paths.contains(directory[..end].as_bstr()))
    }
}

/// Returns the directory of `path`; the empty path for the top.
fn directory_of(path: &BStr) -> &BStr {
    path[..path.rfind_byte(b'/').unwrap_or_default()].as_bstr()
}
