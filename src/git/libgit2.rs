//! The reader that is used wherever libgit2 can read the repository.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::{env, fs};

use bstr::{BStr, BString, ByteSlice};
use git2::{ErrorClass, ErrorCode, IndexEntry, IndexEntryExtendedFlag, ObjectType, Oid, Tree};

use super::stall::Watch;
use super::{Cause, Error, Nominated, Object, Place};
use crate::{Change, Entry};

pub(super) struct Reader {
    repository: git2::Repository,
    index: git2::Index,
}

impl From<git2::Error> for Cause {
    fn from(error: git2::Error) -> Self {
        Self(error.message().to_owned())
    }
}

impl Reader {
    /// Opens the repository and reads its index; nothing where that is a thing
    /// which git can do and libgit2 cannot.
    pub(super) fn open() -> Result<Option<(Self, Place)>, Error> {
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
        let place = Place { top, git_dir: repository.path().to_owned() };
        match read_index(&repository, &place.top) {
            Ok(index) => Ok(Some((Self { repository, index }, place))),
            Err(error) if is_unknown_extension(&error) => Ok(None),
            Err(error) => {
                let path = super::index_file::path(&place);
                // libgit2 says of a file that it may not read that it is not there.
                let source = super::read_regular_file(&path)
                    .map_or_else(|error| Cause(error.to_string()), |_| error.into());
                Err(Error::ReadIndex { path, source })
            }
        }
    }

    pub(super) fn staged(
        &self,
        merged: &[String],
        nominates: &dyn Fn(&BStr) -> bool,
    ) -> Result<Nominated, Error> {
        let is_taken = |entry: &IndexEntry| stage(entry) == 0 && !is_intent_to_add(entry);
        let candidates = self.index.iter().filter(|entry| nominates(entry.path.as_bstr()) && is_taken(entry));
        let candidates: Vec<IndexEntry> = candidates.collect();
        let mut entries = Vec::new();
        if !candidates.is_empty() {
            let _watch = Watch::start();
            let parents = self.parents(merged)?;
            for entry in candidates {
                Watch::go_on();
                if let Some(change) = change(&entry, &parents)? {
                    entries.push(Entry { path: entry.path.into(), change });
                }
            }
        }
        Ok(Nominated { entries, checked: self.index.len() })
    }

    /// The path of every entry, at any stage.
    pub(super) fn paths(&self) -> Vec<BString> {
        self.index.iter().map(|entry| entry.path.into()).collect()
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

    pub(super) fn file_off_disk(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let entry = self.index.get_path(Path::new(name), 0);
        let Some(entry) = entry.filter(|entry| has_flag(entry, IndexEntryExtendedFlag::SKIP_WORKTREE)) else {
            return Ok(None);
        };
        let _watch = Watch::start();
        let blob = self.repository.find_blob(entry.id);
        let blob = blob.map_err(|error| Error::ReadStagedFile(name.to_owned(), error.into()))?;
        Ok(Some(blob.content().to_owned()))
    }

    /// The trees that the index is compared with; none on an unborn branch.
    fn parents(&self, merged: &[String]) -> Result<Vec<Tree<'_>>, Error> {
        let mut trees: Vec<Tree> = self.head_tree()?.into_iter().collect();
        for id in merged {
            let commit = Oid::from_str(id).and_then(|id| self.repository.find_commit(id));
            let tree = commit.and_then(|commit| commit.tree());
            trees.push(tree.map_err(|error| Error::ReadCommit(id.clone(), error.into()))?);
        }
        Ok(trees)
    }

    fn head_tree(&self) -> Result<Option<Tree<'_>>, Error> {
        match self.repository.head().and_then(|head| head.peel_to_tree()) {
            Ok(tree) => Ok(Some(tree)),
            Err(error) if error.code() == ErrorCode::UnbornBranch => Ok(None),
            Err(error) => Err(Error::ReadCommit("HEAD".to_owned(), error.into())),
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// A relative `GIT_INDEX_FILE` counts from the top of the worktree, to which git
/// goes before it reads the index; libgit2 counts it from the current directory.
fn read_index(repository: &git2::Repository, top: &Path) -> Result<git2::Index, git2::Error> {
    match env::var_os("GIT_INDEX_FILE") {
        Some(path) if Path::new(&path).is_relative() => git2::Index::open(&top.join(path)),
        _ => repository.index(),
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

/// What the commit does to the path of `entry`; nothing where a parent has it as
/// it is.
fn change(entry: &IndexEntry, parents: &[Tree]) -> Result<Option<Change>, Error> {
    let mut change = Change::Added;
    for tree in parents {
        let (mode, id) = match tree.get_path(as_path(entry.path.as_bstr())) {
            Ok(known) if known.kind() == Some(ObjectType::Tree) => continue,
            Ok(known) => (known.filemode().cast_unsigned(), known.id()),
            Err(error) if is_absence(&error) => continue,
            Err(error) => {
                return Err(Error::ReadTree { path: entry.path.clone().into(), source: error.into() });
            }
        };
        if mode == entry.mode && id == entry.id {
            return Ok(None);
        }
        if change == Change::Added {
            let is_same_type = Object::type_of(mode) == Object::type_of(entry.mode);
            change = if is_same_type { Change::Modified } else { Change::TypeChanged };
        }
    }
    Ok(Some(change))
}

/// Whether a tree was read and does not hold the path. A tree that is missing is
/// "not found" as well, but that error is the object database's.
fn is_absence(error: &git2::Error) -> bool {
    error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Tree
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
