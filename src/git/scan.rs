//! One walk over the index file, which mostly proves that nothing can be refused.

use std::fs;

use bstr::BString;

use super::index_file::{self, Checksum, RawEntry};
use super::layout::Layout;
use super::{Error, ObjectId};

/// What one walk over the index file has found.
#[derive(Debug)]
pub struct Scan {
    /// The entries that a rule may refuse, in the order of the file.
    pub(super) candidates: Vec<Candidate>,
    /// The number of paths in the index. `None` if the file does not tell.
    pub(super) examined: Option<usize>,
    /// Whether the file holds the whole index. If the index is split or sparse it does not,
    /// and only git can read it.
    pub(super) is_complete: bool,
    /// The size of the file in bytes.
    pub(super) size: u64,
}

/// An entry that a rule may refuse, as the index file holds it.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) path: BString,
    pub(super) mode: u32,
    pub(super) id: ObjectId,
    /// Whether a commit contains it: it is neither unmerged nor intent-to-add.
    pub(super) is_committed: bool,
}

impl Scan {
    /// Whether the index file holds the whole index: it is neither split nor sparse.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Walks over the index file, and keeps the entries that `may_refuse` says yes to.
    pub(super) fn new(layout: &Layout, mut may_refuse: impl FnMut(&RawEntry) -> bool) -> Result<Self, Error> {
        let mut candidates = Vec::new();
        let mut last_unmerged = BString::default();
        let mut repeated = 0;
        let id_len = layout.object_format.id_len();
        let walked = index_file::walk_path(&layout.index, id_len, Checksum::VerifiedIfSmall, |entry| {
            // An unmerged path has up to three entries in a row.
            if entry.is_unmerged() {
                repeated += usize::from(entry.path == last_unmerged);
                last_unmerged = entry.path.into();
            }
            if may_refuse(&entry)
                && let Some(id) = ObjectId::from_bytes(entry.id)
            {
                let (path, mode) = (entry.path.to_owned(), entry.mode);
                candidates.push(Candidate { path, mode, id, is_committed: entry.is_committed() });
            }
        })?;
        if let Some(shared) = &walked.shared {
            // git reads a truncated one without an error.
            let shared = layout.git_dir.join(format!("sharedindex.{shared}"));
            index_file::walk_path(&shared, id_len, Checksum::Verified, |_| {})?;
        }
        Ok(Self {
            candidates,
            examined: walked.shared.is_none().then(|| walked.entries - repeated),
            is_complete: !walked.is_changed_by_extension,
            size: fs::metadata(&layout.index).map_or(0, |metadata| metadata.len()),
        })
    }
}
