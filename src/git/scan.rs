//! One walk over the index file, which usually proves that no entry can be refused.

use std::fs;

use bstr::BString;

use super::index_file::{self, RawEntry};
use super::layout::Layout;
use super::{Error, ObjectId};

/// The result of one walk over the index file.
#[derive(Debug)]
pub(crate) struct Scan {
    /// The entries that a rule may refuse, in the order of the file.
    pub(super) candidates: Vec<Candidate>,
    /// The number of paths in the index; `None` if the index is split.
    pub(super) examined: Option<usize>,
    /// Whether the file contains the whole index: it is neither split nor sparse.
    ///
    /// Otherwise only git can read the index.
    pub(super) is_complete: bool,
    /// The size of the file in bytes.
    pub(super) size: u64,
}

/// An entry of the index file that a rule may refuse.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) path: BString,
    pub(super) mode: u32,
    pub(super) id: ObjectId,
    /// Whether a commit contains it: it is neither unmerged nor intent-to-add.
    pub(super) is_committable: bool,
}

impl Scan {
    /// Whether the index file contains the whole index: it is neither split nor sparse.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Walks the index file and keeps the entries for which `may_refuse` is true.
    pub(super) fn new(layout: &Layout, mut may_refuse: impl FnMut(&RawEntry) -> bool) -> Result<Self, Error> {
        let mut candidates = Vec::new();
        let mut last_unmerged = BString::default();
        let mut repeated = 0;
        let summary = index_file::walk_path(&layout.index, layout.object_format, |entry| {
            // An unmerged path has up to three entries in a row.
            if entry.is_unmerged() {
                repeated += usize::from(entry.path == last_unmerged);
                last_unmerged = entry.path.into();
            }
            if may_refuse(&entry)
                && let Some(id) = ObjectId::from_bytes(entry.id)
            {
                let (path, mode) = (entry.path.to_owned(), entry.mode);
                candidates.push(Candidate { path, mode, id, is_committable: entry.is_committable() });
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
            is_complete: !summary.is_changed_by_extension,
            size: fs::metadata(&layout.index).map_or(0, |metadata| metadata.len()),
        })
    }
}
