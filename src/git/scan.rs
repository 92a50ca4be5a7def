//! One walk over the index file, which usually proves that no entry can be refused.

use std::fs;

use bstr::BString;

use super::index_file::{self, IndexSummary, RawEntry};
use super::layout::Layout;
use super::{Error, ObjectId};

/// The result of one walk over the index file.
#[derive(Debug)]
pub(crate) struct Scan {
    /// The entries that a rule may refuse, in the order of the file.
    ///
    /// Intent-to-add entries are left out: a commit does not contain them.
    pub(super) candidates: Vec<Candidate>,
    /// The number of paths in the index; `None` if the index is split.
    ///
    /// In a sparse index, a directory is one path.
    pub(super) examined: Option<usize>,
    pub(super) coverage: Coverage,
    /// The directories that a sparse index has in place of their files.
    pub(super) directories: Vec<Directory>,
    /// The size of the file in bytes.
    pub(super) size: u64,
}

/// How much of the index the index file contains.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Coverage {
    /// Every entry.
    Whole,
    /// Every entry, but some entries are directories: the index is sparse.
    Directories,
    /// A part: the index is split, or has an unknown extension. Only git can read it.
    Part,
}

/// A directory that a sparse index has in place of its files.
#[derive(Debug)]
pub(super) struct Directory {
    /// The path, with a `/` at the end.
    pub(super) path: BString,
    /// The tree of the directory.
    pub(super) id: ObjectId,
}

/// An entry of the index file that a rule may refuse.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) path: BString,
    pub(super) mode: u32,
    pub(super) id: ObjectId,
    /// Whether it is one of several versions of a path with a conflict.
    pub(super) is_unmerged: bool,
}

impl Scan {
    /// Whether the scan visited all files at the top of the worktree.
    ///
    /// Those of a split index may be in another file.
    #[must_use]
    pub(crate) fn has_top_level_files(&self) -> bool {
        self.coverage != Coverage::Part
    }

    /// Walks the index file and keeps the entries for which `may_refuse` is true.
    pub(super) fn new(layout: &Layout, mut may_refuse: impl FnMut(&RawEntry) -> bool) -> Result<Self, Error> {
        let (mut candidates, mut directories) = (Vec::new(), Vec::new());
        let mut last_unmerged = BString::default();
        let mut repeated = 0;
        let summary = index_file::walk_path(&layout.index, layout.object_format, |entry| {
            // An unmerged path has up to three entries in a row.
            if entry.is_unmerged() {
                repeated += usize::from(entry.path == last_unmerged);
                last_unmerged = entry.path.into();
            }
            let is_candidate = may_refuse(&entry) && !entry.is_intent_to_add();
            if !is_candidate && !entry.is_directory() {
                return;
            }
            let Some(id) = ObjectId::from_bytes(entry.id) else { return };
            let (path, mode) = (entry.path.to_owned(), entry.mode);
            if entry.is_directory() {
                directories.push(Directory { path, id });
            } else {
                candidates.push(Candidate { path, mode, id, is_unmerged: entry.is_unmerged() });
            }
        })?;
        if let Some(shared) = &summary.shared {
            // git reads a truncated shared index without an error.
            let shared = layout.git_dir.join(format!("sharedindex.{shared}"));
            index_file::walk_path(&shared, layout.object_format, |_| {})?;
        }
        Ok(Self {
            candidates,
            examined: summary.shared.is_none().then(|| summary.entries - repeated),
            coverage: match summary {
                IndexSummary { is_changed_by_extension: true, .. } => Coverage::Part,
                IndexSummary { is_sparse: true, .. } => Coverage::Directories,
                _ if !directories.is_empty() => Coverage::Directories,
                _ => Coverage::Whole,
            },
            directories,
            size: fs::metadata(&layout.index).map_or(0, |metadata| metadata.len()),
        })
    }
}
