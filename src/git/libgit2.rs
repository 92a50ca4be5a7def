//! The reader that is used wherever libgit2 can read the repository.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::{env, fs};

use bstr::{BStr, BString, ByteSlice};
use git2::{ErrorClass, ErrorCode, IndexEntry, IndexEntryExtendedFlag, ObjectType, Oid, Tree, TreeEntry};

use super::index_file::{self, RawEntry};
use super::stall::Watch;
use super::{Cause, Error, Layout, Nominated, Nominates, Object};
use crate::{Change, Entry};

/// A repository that libgit2 has opened. Its index is not read yet.
pub(super) struct Opened {
    repository: git2::Repository,
    /// The id of the tree of `HEAD`, once it has been looked up.
    head_tree: OnceCell<Oid>,
}

/// The trees of the commits that the next one will have as its parents.
pub(super) struct Parents<'r> {
    repository: &'r git2::Repository,
    trees: Vec<Descent<'r>>,
    _watch: Watch,
}

/// A tree, and those on the way down to the directory that was last looked into.
struct Descent<'r> {
    /// Its path, with a `/` at the end; empty for the top.
    directory: BString,
    /// From the top down, each with where its path ends in that one.
    trees: Vec<(usize, Tree<'r>)>,
}

/// The index, as libgit2 reads it.
pub(super) struct Index(git2::Index);

impl From<git2::Error> for Cause {
    fn from(error: git2::Error) -> Self {
        Self(error.message().to_owned())
    }
}

impl Opened {
    /// Opens the repository; nothing where that is a thing which git can do and libgit2
    /// cannot.
    pub(super) fn open() -> Result<Option<(Self, Layout)>, Error> {
        // libgit2 counts a relative worktree from the git directory, git from where the
        // user stands; and it looks for `HEAD` in the namespace, where git does not.
        if ["GIT_WORK_TREE", "GIT_NAMESPACE"].into_iter().any(|name| env::var_os(name).is_some()) {
            return Ok(None);
        }
        let repository = match git2::Repository::open_from_env() {
            Ok(repository) => repository,
            Err(error) if error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Repository => {
                return Err(Error::NotARepository(env::current_dir().map_err(Error::CurrentDirectory)?));
            }
            // An unknown format or an owner whom only git's own configuration trusts. Where
            // it is something worse, git says so.
            Err(_) => return Ok(None),
        };
        // Bare, or bare but for the worktree that the environment names: git tells.
        let Some(top) = repository.workdir().map(Path::to_owned) else { return Ok(None) };
        if !is_around_here(&top) {
            return Ok(None);
        }
        let layout = Layout { worktree: top, git_dir: repository.path().to_owned() };
        Ok(Some((Self { repository, head_tree: OnceCell::new() }, layout)))
    }

    /// Reads the index; nothing where git can and libgit2 cannot.
    pub(super) fn index(&self, layout: &Layout) -> Result<Option<Index>, Error> {
        match self.read_index(layout) {
            Ok(index) => Ok(Some(Index(index))),
            Err(error) if is_unknown_extension(&error) => Ok(None),
            Err(error) => {
                let path = index_file::path(layout);
                // libgit2 says of a file that it may not read that it is not there.
                let source = super::read_regular_file(&path)
                    .map_or_else(|error| Cause(error.to_string()), |_| error.into());
                Err(Error::ReadIndex { path, source })
            }
        }
    }

    /// An index that knows no repository asks no setting for each of its entries. The one
    /// that counts is whether names are refused that another system takes for `.git`: where
    /// one is, it is asked. And a relative `GIT_INDEX_FILE` counts from the top, to which
    /// git goes before it reads the index; the repository counts it from here.
    fn read_index(&self, layout: &Layout) -> Result<git2::Index, git2::Error> {
        let is_relative = env::var_os("GIT_INDEX_FILE").is_some_and(|path| Path::new(&path).is_relative());
        match git2::Index::open(&index_file::path(layout)) {
            Err(_) if !is_relative => self.repository.index(),
            index => index,
        }
    }

    pub(super) fn staged(
        &self,
        index: &Index,
        merged: &[String],
        nominates: Nominates,
    ) -> Result<Nominated, Error> {
        let Index(index) = index;
        let is_taken = |entry: &IndexEntry| stage(entry) == 0 && !is_intent_to_add(entry);
        let candidates = index.iter().filter(|entry| nominates(entry.path.as_bstr()) && is_taken(entry));
        let candidates: Vec<IndexEntry> = candidates.collect();
        let mut entries = Vec::new();
        if !candidates.is_empty() {
            let mut parents = self.parents(merged)?;
            for entry in candidates {
                let path = entry.path.as_bstr();
                if let Some(change) = parents.change(path, entry.mode, entry.id)? {
                    entries.push(Entry { path: entry.path.into(), change });
                }
            }
        }
        Ok(Nominated { entries, checked: index.len() })
    }

    /// The trees that the index is compared with; none on an unborn branch.
    pub(super) fn parents(&self, merged: &[String]) -> Result<Parents<'_>, Error> {
        let watch = Watch::start();
        let mut trees: Vec<Tree> = self.head_tree()?.into_iter().collect();
        for id in merged {
            let commit = Oid::from_str(id).and_then(|id| self.repository.find_commit(id));
            let tree = commit.and_then(|commit| commit.tree());
            trees.push(tree.map_err(|error| Error::ReadCommit(id.clone(), error.into()))?);
        }
        let descent = |tree| Descent { directory: BString::default(), trees: vec![(0, tree)] };
        let trees = trees.into_iter().map(descent).collect();
        Ok(Parents { repository: &self.repository, trees, _watch: watch })
    }

    pub(super) fn has_commit(&self, id: &str) -> bool {
        let _watch = Watch::start();
        Oid::from_str(id).is_ok_and(|id| self.repository.find_commit(id).is_ok())
    }

    pub(super) fn is_head_unborn(&self) -> Result<bool, Error> {
        let _watch = Watch::start();
        Ok(self.head_tree()?.is_none())
    }

    pub(super) fn blob(&self, id: &str) -> Result<Vec<u8>, Cause> {
        let _watch = Watch::start();
        Ok(Oid::from_str(id)
            .and_then(|id| self.repository.find_blob(id))
            .map(|blob| blob.content().to_owned())?)
    }

    pub(super) fn ignores(&self, path: &BStr) -> Result<bool, Error> {
        let ignores = self.repository.is_path_ignored(as_path(path));
        ignores.map_err(|error| Error::Git { command: "check-ignore".to_owned(), source: error.into() })
    }

    pub(super) fn file_off_disk(&self, index: &Index, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let entry = index.0.get_path(Path::new(name), 0);
        let Some(entry) = entry.filter(|entry| has_flag(entry, IndexEntryExtendedFlag::SKIP_WORKTREE)) else {
            return Ok(None);
        };
        let _watch = Watch::start();
        let blob = self.repository.find_blob(entry.id);
        let blob = blob.map_err(|error| Error::ReadStagedFile(name.to_owned(), error.into()))?;
        Ok(Some(blob.content().to_owned()))
    }

    fn head_tree(&self) -> Result<Option<Tree<'_>>, Error> {
        let head = match self.head_tree.get() {
            Some(id) => self.repository.find_tree(*id),
            None => self.repository.head().and_then(|head| head.peel_to_tree()),
        };
        match head {
            Ok(tree) => {
                self.head_tree.get_or_init(|| tree.id());
                Ok(Some(tree))
            }
            Err(error) if error.code() == ErrorCode::UnbornBranch => Ok(None),
            Err(error) => Err(Error::ReadCommit("HEAD".to_owned(), error.into())),
        }
    }
}

impl Index {
    /// Gives `each` the path of every entry, at any stage.
    pub(super) fn each_path(&self, mut each: impl FnMut(&BStr)) {
        self.0.iter().for_each(|entry| each(entry.path.as_bstr()));
    }
}

impl Parents<'_> {
    /// What a commit of this entry does to its path; nothing where a parent has it as
    /// it is. Paths in one directory after the other are looked up in least time.
    pub(super) fn change(&mut self, path: &BStr, mode: u32, id: Oid) -> Result<Option<Change>, Error> {
        let mut change = Change::Added;
        for parent in &mut self.trees {
            Watch::go_on();
            let known = parent.find(self.repository, path);
            let known = known.map_err(|error| Error::ReadTree { path: path.into(), source: error.into() })?;
            let Some((known_mode, known_id)) = known else { continue };
            if known_mode == mode && known_id == id {
                return Ok(None);
            }
            if change == Change::Added {
                let is_same_type = Object::type_of(known_mode) == Object::type_of(mode);
                change = if is_same_type { Change::Modified } else { Change::TypeChanged };
            }
        }
        Ok(Some(change))
    }

    /// Whether a parent has this entry as it is.
    pub(super) fn have(&mut self, entry: &RawEntry) -> Result<bool, Error> {
        let id = Oid::from_bytes(entry.id);
        let id = id.map_err(|error| Error::ReadTree { path: entry.path.into(), source: error.into() })?;
        Ok(self.change(entry.path, entry.mode, id)?.is_none())
    }
}

impl<'r> Descent<'r> {
    /// The mode and the id of the file at `path`, if the tree has one there.
    fn find(
        &mut self,
        repository: &'r git2::Repository,
        path: &BStr,
    ) -> Result<Option<(u32, Oid)>, git2::Error> {
        while self.trees.len() > 1 && !path.starts_with(&self.directory) {
            self.trees.pop();
            self.directory.truncate(self.trees.last().map_or(0, |(end, _)| *end));
        }
        let mut rest: &[u8] = &path[self.directory.len()..];
        while let Some((_, tree)) = self.trees.last() {
            let Some(slash) = rest.find_byte(b'/') else {
                let found = entry_of(tree, rest)?.filter(|entry| entry.kind() != Some(ObjectType::Tree));
                return Ok(found.map(|entry| (entry.filemode().cast_unsigned(), entry.id())));
            };
            let found = entry_of(tree, &rest[..slash])?;
            let Some(below) = found.filter(|entry| entry.kind() == Some(ObjectType::Tree)) else { break };
            let tree = repository.find_tree(below.id())?;
            self.directory.extend_from_slice(&rest[..=slash]);
            self.trees.push((self.directory.len(), tree));
            rest = &rest[slash + 1..];
        }
        Ok(None)
    }
}

/// What a tree has under a name.
fn entry_of(tree: &Tree, name: &[u8]) -> Result<Option<TreeEntry<'static>>, git2::Error> {
    match tree.get_path(as_path(name.into())) {
        Ok(entry) => Ok(Some(entry)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether git would take `top` for the top of the worktree as well. It heeds a
/// `core.worktree` of the repository alone, not of the user or of an included file;
/// and where a git directory is named and no worktree, it takes the current directory.
fn is_around_here(top: &Path) -> bool {
    let (Ok(top), Ok(here)) = (fs::canonicalize(top), fs::canonicalize(".")) else { return false };
    let is_named = env::var_os("GIT_DIR").is_some();
    top.join(".git").exists() && if is_named { here == top } else { here.starts_with(top) }
}

/// Whether libgit2 does not know an extension of the index that changes its
/// meaning: of a split (`link`) or a sparse (`sdir`) one.
fn is_unknown_extension(error: &git2::Error) -> bool {
    error.class() == ErrorClass::Index && error.message().starts_with("unsupported mandatory extension")
}

fn stage(entry: &IndexEntry) -> u16 {
    (entry.flags & STAGE) >> 12
}

/// `git add -N`: the path is in the index, but no commit takes it.
fn is_intent_to_add(entry: &IndexEntry) -> bool {
    has_flag(entry, IndexEntryExtendedFlag::INTENT_TO_ADD)
}

fn has_flag(entry: &IndexEntry, flag: IndexEntryExtendedFlag) -> bool {
    entry.flags_extended & flag.bits() != 0
}

fn as_path(path: &BStr) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

/// The part of an entry's flags that holds the stage (gitformat-index).
const STAGE: u16 = 0x3000;
