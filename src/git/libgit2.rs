//! The reader of ordinary repositories: libgit2 reads the index and the trees of the parents.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{fmt, iter};

use bstr::{BStr, BString, ByteSlice};
use git2::{
    ErrorCode, IndexEntry, IndexEntryExtendedFlag, ObjectType, Oid, RepositoryOpenFlags, Tree, TreeEntry,
};

use super::layout::Layout;
use super::scan::Directory;
use super::watchdog::Watchdog;
use super::{Cause, Error, MayRefuse, Object, ObjectId};
use crate::{Change, Entry};

/// A repository that libgit2 has opened, and its index once that is needed.
pub(super) struct Libgit2 {
    repository: git2::Repository,
    index_path: PathBuf,
    index: OnceCell<git2::Index>,
}

/// The path of an entry of the index, its mode and its object.
type Staged = (BString, u32, ObjectId);

/// The trees of the commits that the next commit will have as parents.
struct Parents<'r> {
    repository: &'r git2::Repository,
    trees: Vec<TreeCursor<'r>>,
    _watchdog: Watchdog,
}

/// A tree, and its subtrees down to the directory that was looked up last.
struct TreeCursor<'r> {
    /// The path of that directory, with a `/` at the end; empty for the top.
    directory: BString,
    /// The trees from the top down, each with the length of its path in `directory`.
    trees: Vec<(usize, Tree<'r>)>,
}

impl From<git2::Error> for Cause {
    fn from(error: git2::Error) -> Self {
        Self::new(error.message())
    }
}

impl fmt::Debug for Libgit2 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Libgit2").finish_non_exhaustive()
    }
}

impl Libgit2 {
    /// Opens a repository. Returns `None` if libgit2 cannot: git may be able to.
    ///
    /// The git directory is given, not searched for, and the index is read from its own
    /// path: `Repository::open` and `discover` ignore `GIT_INDEX_FILE`, and would read the
    /// wrong index under `git commit -a` and `git commit PATH`.
    pub(super) fn open(layout: &Layout) -> Option<Self> {
        if !layout.has_plain_objects {
            return None;
        }
        let _watchdog = Watchdog::start();
        let flags = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::NO_DOTGIT;
        let repository = git2::Repository::open_ext(&layout.git_dir, flags, &[] as &[&OsStr]).ok()?;
        Some(Self { repository, index_path: layout.index.clone(), index: OnceCell::new() })
    }

    /// Returns the index, which is read at the first call.
    fn index(&self) -> Result<&git2::Index, Error> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        // Opened without its repository, an index is faster: libgit2 reads no setting per entry.
        // It fails if a name equals `.git` on some system. Then the settings decide.
        let is_own = self.index_path == self.repository.path().join("index");
        let index = match git2::Index::open(&self.index_path) {
            Err(_) if is_own => self.repository.index(),
            index => index,
        };
        let index = index
            .map_err(|error| Error::ReadIndex { path: self.index_path.clone(), source: error.into() })?;
        Ok(self.index.get_or_init(|| index))
    }

    /// Calls `visit` with the path of every index entry that is not intent-to-add, at any stage.
    ///
    /// Returns `false` without a call if the index has not been read yet.
    pub(super) fn for_each_staged_path(&self, mut visit: impl FnMut(&BStr)) -> bool {
        let Some(index) = self.index.get() else { return false };
        let staged = index.iter().filter(|entry| !is_intent_to_add(entry));
        staged.for_each(|entry| visit(entry.path.as_bstr()));
        true
    }

    /// Returns the entries that a commit of the index would add or change.
    ///
    /// Only paths for which `may_refuse` is true count. The parents are `HEAD` and `merged`.
    pub(super) fn staged(&self, merged: &[ObjectId], may_refuse: MayRefuse) -> Result<Vec<Entry>, Error> {
        let entries = self.index()?.iter();
        let candidates = entries.filter(|entry| is_committable(entry) && may_refuse(entry.path.as_bstr()));
        let candidates = candidates.map(|IndexEntry { path, mode, id, .. }| (path.into(), mode, id.into()));
        self.changed(merged, candidates)
    }

    /// Returns the entries of `candidates` that a commit would add or change.
    ///
    /// The parents are `HEAD` and `merged`.
    pub(super) fn changed(
        &self,
        merged: &[ObjectId],
        candidates: impl IntoIterator<Item = Staged>,
    ) -> Result<Vec<Entry>, Error> {
        let mut parents = Parents::read(&self.repository, merged)?;
        let mut entries = Vec::new();
        for (path, mode, id) in candidates {
            if let Some(change) = parents.change(path.as_bstr(), mode, id)? {
                entries.push(Entry { path, change });
            }
        }
        Ok(entries)
    }

    /// Returns the entries below `directories` of a sparse index that a commit would add or change.
    ///
    /// Only paths for which `may_refuse` is true count. The parents are `HEAD` and `merged`.
    pub(super) fn changed_in(
        &self,
        merged: &[ObjectId],
        directories: &[Directory],
        may_refuse: MayRefuse,
    ) -> Result<Vec<Entry>, Error> {
        if directories.is_empty() {
            return Ok(Vec::new());
        }
        let mut parents = Parents::read(&self.repository, merged)?;
        let mut entries = Vec::new();
        let mut rest: Vec<(BString, ObjectId)> =
            directories.iter().map(|directory| (directory.path.clone(), directory.id)).collect();
        while let Some((directory, id)) = rest.pop() {
            if parents.has_directory(directory.as_bstr(), id)? {
                continue;
            }
            let tree = Oid::try_from(id).and_then(|id| self.repository.find_tree(id));
            let tree = tree.map_err(|error| unreadable(directory.as_bstr(), error))?;
            for entry in &tree {
                let mut path = bstr::concat([&directory, entry.name_bytes()]);
                if entry.kind() == Some(ObjectType::Tree) {
                    path.push(b'/');
                    rest.push((path.into(), entry.id().into()));
                } else if may_refuse(path.as_bstr())
                    && let Some(change) =
                        parents.change(path.as_bstr(), mode_of(&entry), entry.id().into())?
                {
                    entries.push(Entry { path: path.into(), change });
                }
            }
        }
        Ok(entries)
    }
}

impl<'r> Parents<'r> {
    fn read(repository: &'r git2::Repository, merged: &[ObjectId]) -> Result<Self, Error> {
        let watchdog = Watchdog::start();
        // libgit2 also says that a branch is unborn if it does not find the ref.
        let head = repository.head().and_then(|head| head.peel_to_tree());
        let head = head.map_err(|error| Error::ReadCommit("HEAD".to_owned(), error.into()));
        let merged = merged.iter().map(|id| {
            // A tag that is merged may name another tag.
            let object = Oid::try_from(*id).and_then(|id| repository.find_object(id, None));
            let tree = object.and_then(|object| object.peel_to_tree());
            tree.map_err(|error| Error::ReadCommit(id.to_string(), error.into()))
        });
        let trees = iter::once(head).chain(merged);
        let trees = trees.map(|tree| tree.map(TreeCursor::new)).collect::<Result<_, _>>()?;
        Ok(Self { repository, trees, _watchdog: watchdog })
    }

    /// Returns how the entry changes its path; `None` if a parent has the identical entry.
    fn change(&mut self, path: &BStr, mode: u32, id: ObjectId) -> Result<Option<Change>, Error> {
        let mut change = Change::Added;
        for parent in &mut self.trees {
            Watchdog::tick();
            let entry = parent.find(self.repository, path).map_err(|error| unreadable(path, error))?;
            let entry = entry.filter(|entry| entry.kind() != Some(ObjectType::Tree));
            let Some(entry) = entry else { continue };
            let parent_mode = mode_of(&entry);
            if parent_mode == mode && ObjectId::from(entry.id()) == id {
                return Ok(None);
            }
            if change == Change::Added {
                let is_same_type = Object::type_of(parent_mode) == Object::type_of(mode);
                change = if is_same_type { Change::Modified } else { Change::TypeChanged };
            }
        }
        Ok(Some(change))
    }

    /// Returns whether a parent has the identical directory at `path`, which ends with `/`.
    fn has_directory(&mut self, path: &BStr, id: ObjectId) -> Result<bool, Error> {
        let name = path.strip_suffix(b"/").unwrap_or(path).as_bstr();
        for parent in &mut self.trees {
            Watchdog::tick();
            let entry = parent.find(self.repository, name).map_err(|error| unreadable(path, error))?;
            if entry.is_some_and(|entry| ObjectId::from(entry.id()) == id) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn unreadable(path: &BStr, error: git2::Error) -> Error {
    Error::ReadTree { path: path.to_owned(), source: error.into() }
}

/// Returns the mode of an entry as git writes it.
fn mode_of(entry: &TreeEntry) -> u32 {
    entry.filemode().cast_unsigned()
}

impl<'r> TreeCursor<'r> {
    fn new(tree: Tree<'r>) -> Self {
        Self { directory: BString::default(), trees: vec![(0, tree)] }
    }

    /// Returns the entry at `path`, if the tree has one.
    ///
    /// The trees of the last directory are kept, so that the next path in it needs no read.
    fn find(
        &mut self,
        repository: &'r git2::Repository,
        path: &BStr,
    ) -> Result<Option<TreeEntry<'static>>, git2::Error> {
        while self.trees.len() > 1 && !path.starts_with(&self.directory) {
            self.trees.pop();
            self.directory.truncate(self.trees.last().map_or(0, |(length, _)| *length));
        }
        let mut rest: &[u8] = &path[self.directory.len()..];
        while let Some((_, tree)) = self.trees.last() {
            let Some(slash) = rest.find_byte(b'/') else {
                return entry_of(tree, rest);
            };
            let entry = entry_of(tree, &rest[..slash])?;
            let Some(subtree) = entry.filter(|entry| entry.kind() == Some(ObjectType::Tree)) else { break };
            let subtree = repository.find_tree(subtree.id())?;
            self.directory.extend_from_slice(&rest[..=slash]);
            self.trees.push((self.directory.len(), subtree));
            rest = &rest[slash + 1..];
        }
        Ok(None)
    }
}

/// Returns the entry of a tree with this name.
fn entry_of(tree: &Tree, name: &[u8]) -> Result<Option<TreeEntry<'static>>, git2::Error> {
    match tree.get_path(Path::new(OsStr::from_bytes(name))) {
        Ok(entry) => Ok(Some(entry)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a commit contains the entry: it is neither unmerged nor intent-to-add.
fn is_committable(entry: &IndexEntry) -> bool {
    entry.flags & STAGE == 0 && !is_intent_to_add(entry)
}

fn is_intent_to_add(entry: &IndexEntry) -> bool {
    entry.flags_extended & IndexEntryExtendedFlag::INTENT_TO_ADD.bits() != 0
}

/// The bits of an entry's flags that hold its stage (gitformat-index(5)).
const STAGE: u16 = 0x3000;
