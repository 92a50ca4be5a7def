//! Reads the contents of files from the object database, up to a size.

use std::path::PathBuf;

use super::command::Git;
use super::object_reader::ObjectReader;
use super::{ObjectId, loose_object};

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

/// A reader of blobs.
///
/// A blob that has just been added has a file of its own. For others a `git cat-file` is started.
#[derive(Debug)]
pub(crate) struct Blobs {
    /// The object directory, if objects are in no other place.
    objects_directory: Option<PathBuf>,
    git: Git,
    objects: Option<ObjectReader>,
}

impl Blobs {
    pub(super) fn new(objects_directory: Option<PathBuf>, git: Git) -> Self {
        Self { objects_directory, git, objects: None }
    }

    /// Reads a blob of at most `limit` bytes.
    pub(crate) fn read(&mut self, id: ObjectId, limit: u64) -> Blob {
        let directory = self.objects_directory.as_deref();
        let blob = directory.and_then(|directory| loose_object::read(directory, id, limit));
        blob.or_else(|| self.read_by_git(id, limit)).unwrap_or(Blob::Unreadable)
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
