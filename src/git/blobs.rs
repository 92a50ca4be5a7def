//! Reads the contents of files from the object database, up to a size.

use super::ObjectId;
use super::command::Git;
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

/// A reader of blobs: a `git cat-file` that starts at the first one.
///
/// libgit2 would never stop reading a blob whose file is truncated.
#[derive(Debug)]
pub(crate) struct Blobs {
    git: Git,
    objects: Option<ObjectReader>,
}

impl Blobs {
    pub(super) fn new(git: Git) -> Self {
        Self { git, objects: None }
    }

    /// Reads a blob of at most `limit` bytes.
    pub(crate) fn read(&mut self, id: ObjectId, limit: u64) -> Blob {
        self.try_read(id, limit).unwrap_or(Blob::Unreadable)
    }

    /// Reads a blob; `None` if git cannot be started, or the blob is damaged.
    fn try_read(&mut self, id: ObjectId, limit: u64) -> Option<Blob> {
        let mut objects = match self.objects.take() {
            Some(objects) => objects,
            None => ObjectReader::start(&self.git).ok()?,
        };
        let blob = objects.blob(id, limit).ok()?;
        self.objects = Some(objects);
        Some(blob)
    }
}
