//! The reader of commits that is used wherever libgit2 can open the repository.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::{BStr, ByteSlice};
use git2::{ErrorClass, ErrorCode, ObjectType, Oid, Repository, Sort, Tree, TreeEntry};

use super::super::stall::Watch;
use super::{Cause, Commit, Each, Error, Known, Place, unreadable};
use crate::{Change, Entry};

pub(super) struct Reader {
    repository: Repository,
    /// From the first object on.
    watch: OnceCell<Watch>,
}

/// How many commits are looked at before it is worth to ask which are new.
const FEW: usize = 200;

impl Reader {
    /// Nothing where git can open the repository and libgit2 cannot.
    pub(super) fn open() -> Result<Option<(Self, Place)>, Error> {
        if ["GIT_WORK_TREE", "GIT_NAMESPACE"].into_iter().any(|name| env::var_os(name).is_some()) {
            return Ok(None);
        }
        let repository = match Repository::open_from_env() {
            Ok(repository) => repository,
            Err(error) if error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Repository => {
                return Err(Error::NotARepository(env::current_dir().map_err(Error::CurrentDirectory)?));
            }
            Err(_) => return Ok(None),
        };
        // Nor does git hash again what it reads; what is compressed has a checksum of its own.
        git2::opts::strict_hash_verification(false);
        // Without the `/` at the end.
        let absolute = |path: &Path| path.components().collect();
        let place = Place {
            top: repository.workdir().map(absolute),
            git_dir: absolute(repository.path()),
            common_dir: absolute(repository.commondir()),
        };
        Ok(Some((Self { repository, watch: OnceCell::new() }, place)))
    }

    pub(super) fn present(&self, mut ids: Vec<String>) -> Vec<String> {
        let Ok(objects) = self.objects().odb() else { return Vec::new() };
        ids.retain(|id| Oid::from_str(id).is_ok_and(|id| objects.exists(id)));
        ids
    }

    pub(super) fn parents(&self, id: &str) -> Result<Vec<String>, Error> {
        Ok(self.find(id)?.parent_ids().map(|parent| parent.to_string()).collect())
    }

    /// The commits that these ids come to; what is none keeps its own.
    pub(super) fn peeled(&self, ids: &[String]) -> Vec<String> {
        ids.iter()
            .map(|id| self.peel(id).ok().flatten().map_or_else(|| id.clone(), |id| id.to_string()))
            .collect()
    }

    pub(super) fn new_commits(&self, tips: &[String], known: Known) -> Result<Vec<Commit>, Error> {
        let mut walk = self.objects().revwalk().map_err(unreadable)?;
        Watch::walk();
        walk.set_sorting(Sort::TOPOLOGICAL).map_err(unreadable)?;
        let mut is_empty = true;
        for tip in tips {
            if let Some(commit) = self.peel(tip)? {
                walk.push(commit).map_err(unreadable)?;
                is_empty = false;
            }
        }
        if is_empty {
            return Ok(Vec::new());
        }
        for id in known.commits() {
            if let Some(commit) = self.peel(id)? {
                walk.hide(commit).map_err(unreadable)?;
            }
        }
        for (glob, _) in known.refs() {
            for reference in self.repository.references_glob(glob).map_err(unreadable)? {
                // A symbolic ref names another of these, or one that is gone.
                let Some(target) = reference.map_err(unreadable)?.target() else { continue };
                // A ref that leads to no commit makes nothing known.
                let _ = walk.hide(target);
            }
        }
        walk.map(|id| {
            let id = id.map_err(unreadable)?;
            let commit = self.objects().find_commit(id).map_err(unreadable)?;
            let parents = commit.parent_ids().map(|parent| parent.to_string()).collect();
            Ok(Commit { id: id.to_string(), parents, tip: 0 })
        })
        .collect()
    }

    /// No object of a ref is read for this, only those on the way.
    pub(super) fn commits_above_refs(&self, tips: &[String], known: Known) -> Option<Vec<Commit>> {
        let mut named: HashSet<Oid> =
            known.commits().iter().filter_map(|id| Oid::from_str(id).ok()).collect();
        for (glob, _) in known.refs() {
            for reference in self.repository.references_glob(glob).ok()?.flatten() {
                named.extend(reference.target());
                named.extend(reference.target_peel());
            }
        }
        let mut commits = Vec::new();
        let mut left: Vec<Oid> = Vec::new();
        for tip in tips {
            if !named.contains(&Oid::from_str(tip).ok()?) {
                left.extend(self.peel(tip).ok()?);
            }
        }
        while let Some(id) = left.pop() {
            if !named.insert(id) {
                continue;
            }
            if commits.len() == FEW {
                return None;
            }
            Watch::go_on();
            let commit = self.objects().find_commit(id).ok()?;
            left.extend(commit.parent_ids());
            let parents = commit.parent_ids().map(|parent| parent.to_string()).collect();
            commits.push(Commit { id: id.to_string(), parents, tip: 0 });
        }
        Some(commits)
    }

    pub(super) fn changes<E: From<Error>>(
        &self,
        commits: &[Commit],
        nominates: &dyn Fn(&BStr) -> bool,
        each: Each<E>,
    ) -> Result<(), E> {
        // Mostly the tree of a first parent is the next one to be compared itself.
        let mut next: Option<(&String, Tree)> = None;
        for commit in commits {
            Watch::go_on();
            let tree = match next.take() {
                Some((id, tree)) if *id == commit.id => tree,
                _ => self.tree(&commit.id)?,
            };
            let parents: Result<Vec<Tree>, Error> = commit.parents.iter().map(|id| self.tree(id)).collect();
            let parents = parents?;
            let mut comparison =
                Comparison { repository: self.objects(), nominates, path: Vec::new(), entries: Vec::new() };
            comparison.descend(&tree, &parents)?;
            // In a tree `x-y` stands before a directory `x`, among paths behind it.
            comparison.entries.sort_unstable();
            each(commit, comparison.entries)?;
            next = commit.parents.first().zip(parents.into_iter().next());
        }
        Ok(())
    }

    pub(super) fn tree(&self, id: &str) -> Result<Tree<'_>, Error> {
        let tree =
            Oid::from_str(id).and_then(|id| self.objects().find_commit(id)).and_then(|commit| commit.tree());
        tree.map_err(|error| Error::ReadCommit(id.to_owned(), error.into()))
    }

    pub(super) fn file_in(&self, id: &str, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let tree = self.tree(id)?;
        let Some(entry) = tree.get_name(name) else { return Ok(None) };
        if entry.kind() != Some(ObjectType::Blob) {
            return Ok(None);
        }
        let blob = self.objects().find_blob(entry.id());
        let blob = blob.map_err(|error| Error::ReadBlob(entry.id().to_string(), error.into()))?;
        Ok(Some(blob.content().to_owned()))
    }

    pub(super) fn head(&self) -> Result<Option<String>, Error> {
        match self.objects().head().and_then(|head| head.peel_to_commit()) {
            Ok(commit) => Ok(Some(commit.id().to_string())),
            Err(error) if error.code() == ErrorCode::UnbornBranch => Ok(None),
            Err(error) => Err(Error::ReadCommit("HEAD".to_owned(), error.into())),
        }
    }

    /// The repository, to read objects of.
    fn objects(&self) -> &Repository {
        self.watch.get_or_init(Watch::start);
        &self.repository
    }

    fn find(&self, id: &str) -> Result<git2::Commit<'_>, Error> {
        let commit = Oid::from_str(id).and_then(|id| self.objects().find_commit(id));
        commit.map_err(|error| Error::ReadCommit(id.to_owned(), error.into()))
    }

    /// The commit that an object is, or that a tag comes to; nothing for another one.
    fn peel(&self, id: &str) -> Result<Option<Oid>, Error> {
        let unreadable = |error: git2::Error| Error::ReadCommit(id.to_owned(), error.into());
        let object =
            Oid::from_str(id).and_then(|id| self.objects().find_object(id, None)).map_err(unreadable)?;
        match object.peel(ObjectType::Commit) {
            Ok(commit) => Ok(Some(commit.id())),
            Err(error) if matches!(error.code(), ErrorCode::InvalidSpec | ErrorCode::Peel) => Ok(None),
            Err(error) => Err(unreadable(error)),
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// A tree held against those that stand at its place in the parents.
struct Comparison<'c> {
    repository: &'c Repository,
    nominates: &'c dyn Fn(&BStr) -> bool,
    /// Of what is looked at, from the top.
    path: Vec<u8>,
    entries: Vec<Entry>,
}

impl<'c> Comparison<'c> {
    /// Goes through `tree` and the parents side by side. What one parent has as it is, a
    /// whole directory even, is not looked into.
    fn descend(&mut self, tree: &Tree, parents: &[Tree]) -> Result<(), Error> {
        let mut parents: Vec<_> = parents.iter().map(|parent| parent.iter().peekable()).collect();
        for entry in tree {
            let mut known = Vec::new();
            for parent in &mut parents {
                while parent.next_if(|other| order(other, &entry).is_lt()).is_some() {}
                known.extend(parent.next_if(|other| order(other, &entry).is_eq()));
            }
            let is_same =
                |known: &TreeEntry| known.id() == entry.id() && known.filemode() == entry.filemode();
            if known.iter().any(is_same) {
                continue;
            }
            let length = self.path.len();
            if length > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(entry.name_bytes());
            if is_tree(&entry) {
                let below = self.read(&entry)?;
                let parents: Result<Vec<Tree>, Error> = known.iter().map(|known| self.read(known)).collect();
                self.descend(&below, &parents?)?;
            } else if (self.nominates)(self.path.as_bstr()) {
                let change = match known.first() {
                    None => Change::Added,
                    Some(known) if kind(known) == kind(&entry) => Change::Modified,
                    Some(_) => Change::TypeChanged,
                };
                self.entries.push(Entry { path: self.path.as_bstr().into(), change });
            }
            self.path.truncate(length);
        }
        Ok(())
    }

    fn read(&self, entry: &TreeEntry) -> Result<Tree<'c>, Error> {
        let tree = self.repository.find_tree(entry.id());
        tree.map_err(|error| Error::ReadTree { path: self.path.as_bstr().into(), source: error.into() })
    }
}

/// The order of entries in a tree: a directory stands where its name with a `/` would
/// (`base_name_compare` of git). So a file and a directory of one name are no equals.
fn order(one: &TreeEntry, other: &TreeEntry) -> Ordering {
    let key = |entry| TreeEntry::name_bytes(entry).iter().copied().chain(is_tree(entry).then_some(b'/'));
    key(one).cmp(key(other))
}

/// Whether the tree has a file or a directory at `path`.
pub(super) fn contains(tree: &Tree, path: &BStr) -> Result<bool, Cause> {
    match tree.get_path(Path::new(OsStr::from_bytes(path))) {
        Ok(_) => Ok(true),
        Err(error) if error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Tree => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_tree(entry: &TreeEntry) -> bool {
    entry.kind() == Some(ObjectType::Tree)
}

/// File, symlink or gitlink (gitformat-index).
fn kind(entry: &TreeEntry) -> i32 {
    entry.filemode() & 0o170_000
}
