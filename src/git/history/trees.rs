//! Looks up paths in the trees of commits.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice};

use super::log::Commit;
use super::{Cause, Error, ObjectId};
use crate::git::blobs::Blob;
use crate::git::command::Git;
use crate::git::grep::{GrepTarget, grep};
use crate::git::object_reader::{Object, ObjectReader};
use crate::git::subtree;

/// The trees of commits, read by one `git cat-file` that starts at the first lookup.
///
/// Trees are read by their ids, from the root down. For `COMMIT:PATH`, git answers `missing`
/// both if the path does not exist and if its object was not fetched.
#[derive(Debug)]
pub(crate) struct CommitTrees {
    git: Git,
    objects: Option<ObjectReader>,
    /// The commit of the last lookup.
    commit: Option<ObjectId>,
    /// The trees of its directories that were read so far; `None` for a path without one.
    directories: HashMap<BString, Option<Tree>>,
}

impl CommitTrees {
    pub(super) fn new(git: Git) -> Self {
        Self { git, objects: None, commit: None, directories: HashMap::new() }
    }

    /// Returns whether the commit has a file or a directory at `path`.
    ///
    /// # Errors
    ///
    /// A tree on the way cannot be read.
    pub(crate) fn contains(&mut self, commit: ObjectId, path: &BStr) -> Result<bool, Error> {
        self.find(commit, path).map(|entry| entry.is_some())
    }

    /// Returns whether the commit has a file, symlink or gitlink at `path`.
    ///
    /// # Errors
    ///
    /// A tree on the way cannot be read.
    pub(crate) fn contains_file(&mut self, commit: ObjectId, path: &BStr) -> Result<bool, Error> {
        let is_file = |entry: TreeEntry| entry.kind != EntryKind::Directory;
        self.find(commit, path).map(|entry| entry.is_some_and(is_file))
    }

    /// Returns the `paths` of a merge whose files a merged parent has under another prefix.
    ///
    /// # Errors
    ///
    /// git cannot read a tree.
    pub(crate) fn moved_in_merge(
        &self,
        merge: &Commit,
        paths: &HashSet<&BStr>,
    ) -> Result<HashSet<BString>, Error> {
        let merged = merge.parents.get(1..).unwrap_or_default();
        subtree::moved_in_merge(&self.git, merge.id, merged, paths)
    }

    /// Returns the contents of the file at `path` in the commit, as git stores them.
    ///
    /// # Errors
    ///
    /// A tree on the way or the file cannot be read.
    pub(crate) fn file(&mut self, commit: ObjectId, path: &BStr) -> Result<Option<Vec<u8>>, Error> {
        match self.find(commit, path)? {
            Some(TreeEntry { kind: EntryKind::File | EntryKind::Symlink, id }) => {
                let blob = self.read(&id.to_string(), "blob");
                blob.map(|blob| Some(blob.contents)).map_err(|cause| Error::ReadBlob(id.to_string(), cause))
            }
            _ => Ok(None),
        }
    }

    /// Returns the blob of the regular file at `path` in the commit.
    ///
    /// # Errors
    ///
    /// A tree on the way cannot be read.
    pub(crate) fn regular_file(&mut self, commit: ObjectId, path: &BStr) -> Result<Option<ObjectId>, Error> {
        let entry = self.find(commit, path)?.filter(|entry| entry.kind == EntryKind::File);
        Ok(entry.map(|entry| entry.id))
    }

    /// Returns the regular files of the commit for which `is_wanted` is true, with their blobs.
    ///
    /// # Errors
    ///
    /// git cannot read a tree.
    pub(crate) fn files(
        &self,
        commit: ObjectId,
        mut is_wanted: impl FnMut(&BStr) -> bool,
    ) -> Result<Vec<(BString, ObjectId)>, Error> {
        let mut files = Vec::new();
        self.git.for_each_file_of(commit, |path, id| {
            if is_wanted(path) {
                files.push((path.to_owned(), id));
            }
        })?;
        Ok(files)
    }

    /// Reads a blob of at most `limit` bytes.
    pub(crate) fn blob(&mut self, id: ObjectId, limit: u64) -> Blob {
        let Ok(objects) = self.objects() else { return Blob::Unreadable };
        objects.blob(id, limit).unwrap_or_else(|_| {
            self.objects = None;
            Blob::Unreadable
        })
    }

    /// Returns the files of the commit that contain one of `words`, as [`grep`] does.
    pub(crate) fn grep(&self, commit: ObjectId, words: &[BString]) -> Option<Vec<BString>> {
        grep(&self.git, GrepTarget::Commit(commit), words)
    }

    fn find(&mut self, commit: ObjectId, path: &BStr) -> Result<Option<TreeEntry>, Error> {
        if self.commit != Some(commit) {
            self.directories.clear();
            self.commit = Some(commit);
        }
        let (directory, name) = split(path);
        let unreadable = |source| Error::ReadTree { path: path.into(), source };
        self.directory(commit, directory)
            .map_err(unreadable)?
            .map_or(Ok(None), |tree| tree.find(name))
            .map_err(unreadable)
    }

    /// Returns the tree of a directory, which is read at the first call.
    fn directory(&mut self, commit: ObjectId, path: &BStr) -> Result<Option<&Tree>, Cause> {
        if !self.directories.contains_key(path) {
            let id = if path.is_empty() {
                Some(format!("{commit}^{{tree}}"))
            } else {
                let (parent, name) = split(path);
                match self.directory(commit, parent)?.map_or(Ok(None), |tree| tree.find(name))? {
                    Some(TreeEntry { kind: EntryKind::Directory, id }) => Some(id.to_string()),
                    _ => None,
                }
            };
            let tree = match id {
                Some(id) => Some(Tree::from(self.read(&id, "tree")?)),
                None => None,
            };
            self.directories.insert(path.to_owned(), tree);
        }
        Ok(self.directories.get(path).and_then(Option::as_ref))
    }

    fn objects(&mut self) -> Result<&mut ObjectReader, Cause> {
        let objects = match self.objects.take() {
            Some(objects) => objects,
            None => ObjectReader::start(&self.git)?,
        };
        Ok(self.objects.insert(objects))
    }

    fn read(&mut self, name: &str, kind: &str) -> Result<Object, Cause> {
        match self.objects()?.read(name)? {
            Some(object) if object.kind == kind => Ok(object),
            Some(object) => Err(Cause::new(format!("{} is a {}, not a {kind}", object.id, object.kind))),
            None => Err(Cause::new(format!("{name} is missing"))),
        }
    }
}

/// Splits a path into its parent directory and its last component.
fn split(path: &BStr) -> (&BStr, &BStr) {
    match path.rfind_byte(b'/') {
        Some(slash) => (path[..slash].as_bstr(), path[slash + 1..].as_bstr()),
        None => (BStr::new(""), path),
    }
}

/// A tree as git stores it: `MODE SP NAME NUL ID` for each entry, the id in binary.
#[derive(Debug)]
struct Tree {
    entries: Vec<u8>,
    /// The length of an id in bytes.
    id_len: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct TreeEntry {
    kind: EntryKind,
    id: ObjectId,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum EntryKind {
    Directory,
    File,
    Symlink,
    Gitlink,
}

impl From<Object> for Tree {
    fn from(object: Object) -> Self {
        Self { entries: object.contents, id_len: object.id.as_bytes().len() }
    }
}

impl Tree {
    /// Returns the entry called `name`.
    fn find(&self, name: &BStr) -> Result<Option<TreeEntry>, Cause> {
        let mut rest = &self.entries[..];
        while !rest.is_empty() {
            let (entry_name, entry) =
                self.next_entry(&mut rest).ok_or_else(|| Cause::new("a tree is damaged"))?;
            if entry_name == name {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Removes the first of `entries` and returns it with its name.
    fn next_entry<'t>(&self, entries: &mut &'t [u8]) -> Option<(&'t [u8], TreeEntry)> {
        let (mode, rest) = entries.split_once_str(b" ")?;
        let (name, rest) = rest.split_once_str(b"\0")?;
        let (id, rest) = rest.split_at_checked(self.id_len)?;
        *entries = rest;
        // Old trees have a zero in front of the mode.
        let kind = match mode.strip_prefix(b"0").unwrap_or(mode) {
            mode if mode.starts_with(b"4") => EntryKind::Directory,
            mode if mode.starts_with(b"16") => EntryKind::Gitlink,
            mode if mode.starts_with(b"12") => EntryKind::Symlink,
            _ => EntryKind::File,
        };
        Some((name, TreeEntry { kind, id: ObjectId::from_bytes(id)? }))
    }
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice;

    use super::{EntryKind, Tree};

    fn tree(entries: &[(&str, &str)]) -> Tree {
        let entries = entries
            .iter()
            .map(|(mode, name)| [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &[b'\0'; 20]].concat());
        Tree { entries: entries.flatten().collect(), id_len: 20 }
    }

    #[test]
    fn entries_are_found_by_name_with_their_kind() {
        let tree = tree(&[
            ("100644", "a"),
            ("100755", "a b"),
            ("40000", "d"),
            ("040000", "old"),
            ("120000", "l\n"),
            ("160000", "m"),
        ]);
        for (name, kind) in [
            ("a", Some(EntryKind::File)),
            ("a b", Some(EntryKind::File)),
            ("d", Some(EntryKind::Directory)),
            ("old", Some(EntryKind::Directory)),
            ("l\n", Some(EntryKind::Symlink)),
            ("m", Some(EntryKind::Gitlink)),
            ("", None),
            ("b", None),
            ("D", None),
        ] {
            let entry = tree.find(name.as_bytes().as_bstr()).unwrap();
            assert_eq!(entry.map(|entry| entry.kind), kind, "{name}");
        }
    }

    #[test]
    fn a_truncated_tree_is_an_error() {
        let whole = tree(&[("100644", "a"), ("40000", "d")]);
        for len in 1..whole.entries.len() {
            let cut = Tree { entries: whole.entries[..len].to_vec(), id_len: 20 };
            assert_eq!(cut.find("z".into()).is_ok(), len == "100644 a\0".len() + 20, "{len}");
        }
    }
}
