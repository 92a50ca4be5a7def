//! The commits at which a shallow history ends.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::{Error, ObjectId};
use crate::git::command::Git;
use crate::git::object_reader::{Object, ObjectReader};
use crate::git::read_optional_file;

/// The commits at which a shallow history ends, because their parents were not fetched.
///
/// git treats every commit that a shallow file names as one without parents, whoever wrote it
/// there. That would hide its ancestors and what it changes. Only a commit of which a parent is
/// missing is an end of the history, and it came from another repository.
#[derive(Clone, Debug, Default)]
pub(super) struct ShallowEnds {
    /// The ids of these commits.
    pub(super) commits: HashSet<ObjectId>,
    /// The shallow file for git, if it names no other commits; empty for none.
    pub(super) file: PathBuf,
}

impl ShallowEnds {
    /// Reads the shallow file, which has an id on each line. git is run if it exists.
    ///
    /// # Errors
    ///
    /// The file or a commit that it names cannot be read.
    pub(super) fn read(git: &Git, file: &Path) -> Result<Self, Error> {
        let Some(text) = read_optional_file(file.to_owned())? else { return Ok(Self::default()) };
        let mut objects = ObjectReader::start(git).map_err(Error::ReadHistory)?;
        let mut ends = Self { commits: HashSet::new(), file: file.to_owned() };
        for id in text.lines().filter_map(ObjectId::from_hex) {
            match objects.read(&id.to_string()).map_err(Error::ReadHistory)? {
                Some(commit) if is_end(&mut objects, &commit)? => _ = ends.commits.insert(id),
                // git ignores a line without a commit.
                None => {}
                Some(_) => ends.file = PathBuf::new(),
            }
        }
        Ok(ends)
    }
}

/// Whether a parent of the commit is missing.
fn is_end(objects: &mut ObjectReader, commit: &Object) -> Result<bool, Error> {
    let headers = commit.contents.lines().skip(1);
    for parent in headers.map_while(|line| line.strip_prefix(b"parent ")) {
        if objects.read(&parent.to_str_lossy()).map_err(Error::ReadHistory)?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}
