//! Reads the contents of files from the object database, up to a size.

use super::ObjectId;
use super::command::Git;
use super::libgit2::Libgit2;
use super::object_reader::ObjectReader;

/// What is known of a blob.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Blob {
    /// Its contents.
    Contents(Vec<u8>),
    /// It is larger than the limit.
    TooLarge,
    /// It is missing or damaged.
    Unreadable,
}

/// A reader of blobs: libgit2, or a `git cat-file` that starts when libgit2 has no answer.
#[derive(Debug)]
pub(crate) struct Blobs<'r> {
    libgit2: Option<&'r Libgit2>,
    git: Git,
    objects: Option<ObjectReader>,
}

impl<'r> Blobs<'r> {
    pub(super) fn new(libgit2: Option<&'r Libgit2>, git: Git) -> Self {
        Self { libgit2, git, objects: None }
    }

    /// Reads a blob of at most `limit` bytes.
    pub(crate) fn read(&mut self, id: ObjectId, limit: u64) -> Blob {
        match self.libgit2.map_or(Blob::Unreadable, |libgit2| libgit2.blob(id, limit)) {
            Blob::Unreadable => self.read_by_git(id, limit).unwrap_or(Blob::Unreadable),
            blob => blob,
        }
    }

    /// Reads a blob by git; `None` if git cannot be started, or the blob is damaged.
    fn read_by_git(&mut self, id: ObjectId, limit: u64) -> Option<Blob> {
        let mut objects = match self.objects.take() {
            Some(objects) => objects,
            None => ObjectReader::start(&self.git).ok()?,
        };
        let blob = objects.blob(id, limit).ok()?;
        self.objects = Some(objects);
        Some(blob)
    }
}
