//! The files that a commit of the index would contain.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice};

use super::Unread;
use crate::Entry;
use crate::git::{self, Blobs, GrepTarget, ObjectId, Repository, TrackedPaths};
use crate::policy::{IsWanted, Policy, Project};

/// The index of a repository.
#[derive(Debug)]
pub(crate) struct StagedProject<'r> {
    repository: &'r Repository,
    /// The paths that are judged: only their texts are asked for.
    judged: HashSet<BString>,
    known: Known<'r>,
    /// The blobs of the judged paths, looked up at the first question.
    blobs: Option<HashMap<BString, ObjectId>>,
    /// The blobs of the files that were listed.
    listed: HashMap<BString, ObjectId>,
    reader: Option<Blobs>,
    unread: Unread,
}

/// The paths of the index that are known already.
#[derive(Debug)]
enum Known<'r> {
    All(&'r TrackedPaths),
    /// Those of these questions that are tracked.
    Among(HashSet<BString>, TrackedPaths),
}

impl<'r> StagedProject<'r> {
    /// Creates a project of which all paths are known.
    pub(crate) fn new(
        repository: &'r Repository,
        staged: &'r TrackedPaths,
        judged: HashSet<BString>,
    ) -> Self {
        Self::with_known(repository, Known::All(staged), judged)
    }

    /// Creates a project to judge `entries`, after looking up what the policy may ask of them.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub(crate) fn of(
        repository: &'r Repository,
        policy: &Policy,
        entries: &[Entry],
    ) -> Result<Self, git::Error> {
        let paths = || entries.iter().map(|entry| entry.path.as_bstr());
        let judged = paths().map(BStr::to_owned).collect();
        let questions: Vec<BString> = paths().flat_map(|path| policy.questions(path)).collect();
        let tracked = repository.staged_among(&questions)?;
        let known = Known::Among(questions.into_iter().collect(), tracked);
        Ok(Self::with_known(repository, known, judged))
    }

    /// Returns the same project without the texts of the judged paths.
    pub(crate) fn without_texts(self) -> Self {
        Self { judged: HashSet::new(), ..self }
    }

    fn with_known(repository: &'r Repository, known: Known<'r>, judged: HashSet<BString>) -> Self {
        let (listed, unread) = (HashMap::new(), Unread::default());
        Self { repository, judged, known, blobs: None, listed, reader: None, unread }
    }

    /// Returns what could not be read.
    pub(crate) fn into_unread(self) -> Unread {
        self.unread
    }

    /// Returns the blob of a path; `None` if it is no regular file.
    fn blob(&mut self, path: &BStr) -> Option<ObjectId> {
        if let Some(id) = self.listed.get(path) {
            return Some(*id);
        }
        let (repository, judged) = (self.repository, &self.judged);
        let blobs = self.blobs.get_or_insert_with(|| {
            repository.staged_files(|path| judged.contains(path)).unwrap_or_default().into_iter().collect()
        });
        blobs.get(path).copied()
    }
}

impl Project for StagedProject<'_> {
    type Error = git::Error;

    fn is_tracked(&mut self, path: &BStr) -> Result<bool, git::Error> {
        match &self.known {
            Known::All(tracked) => Ok(tracked.contains(path)),
            Known::Among(questions, tracked) if questions.contains(path) => Ok(tracked.contains(path)),
            Known::Among(..) => Ok(self.repository.staged_among(&[path.to_owned()])?.contains(path)),
        }
    }

    fn files(&mut self, is_wanted: IsWanted) -> Option<Vec<BString>> {
        let files = self.unread.searched(self.repository.staged_files(is_wanted).ok())?;
        let paths = files.iter().map(|(path, _)| path.clone()).collect();
        self.listed.extend(files);
        Some(paths)
    }

    fn files_with(&mut self, words: &[BString]) -> Option<Vec<BString>> {
        let found = self.unread.searched(self.repository.grep(GrepTarget::Index, words))?;
        let found: HashSet<BString> = found.into_iter().collect();
        self.files(&|path| found.contains(path))
    }

    fn text(&mut self, path: &BStr, limit: u64) -> Option<Vec<u8>> {
        let id = self.blob(path)?;
        let repository = self.repository;
        let blob = self.reader.get_or_insert_with(|| repository.blobs()).read(id, limit);
        self.unread.contents(path, blob)
    }
}
