//! The reader of commits that is used wherever libgit2 can open the repository.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::env;
use std::ffi::OsStr;
use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::BStr;
use git2::{ErrorClass, ErrorCode, ObjectType, Oid, Repository, Tree};

use super::super::watchdog::Watchdog;
use super::comparison::Comparison;
use super::objects::Objects;
use super::{Cause, Commit, Each, Error, Known, ObjectId, Place, unreadable};

pub(super) struct Reader {
    /// Never freed: the process ends soon, and to give back each object that libgit2 keeps to
    /// make others from would only take time.
    repository: ManuallyDrop<Repository>,
    /// From the first object on.
    watch: OnceCell<Watchdog>,
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
        // All commits and small trees that were ever read: what is needed again is kept here.
        git2::opts::enable_caching(false);
        // Without the `/` at the end.
        let absolute = |path: &Path| path.components().collect();
        let place = Place {
            top: repository.workdir().map(absolute),
            git_dir: absolute(repository.path()),
            common_dir: absolute(repository.commondir()),
        };
        Ok(Some((Self { repository: ManuallyDrop::new(repository), watch: OnceCell::new() }, place)))
    }

    pub(super) fn present(&self, mut ids: Vec<ObjectId>) -> Vec<ObjectId> {
        let Ok(objects) = self.objects().odb() else { return Vec::new() };
        ids.retain(|id| Oid::try_from(*id).is_ok_and(|id| objects.exists(id)));
        ids
    }

    pub(super) fn peeled(&self, ids: &[ObjectId]) -> Vec<Option<ObjectId>> {
        ids.iter().map(|id| self.peel(*id).ok().flatten().map(ObjectId::from)).collect()
    }

    /// No object of a ref is read for this, only those on the way.
    pub(super) fn commits_above_refs(&self, tips: &[ObjectId], known: Known) -> Option<Vec<Commit>> {
        let mut named: HashSet<Oid> =
            known.commits().iter().filter_map(|id| Oid::try_from(*id).ok()).collect();
        for (glob, _) in known.refs() {
            for reference in self.repository.references_glob(glob).ok()?.flatten() {
                named.extend(reference.target());
                named.extend(reference.target_peel());
            }
        }
        let mut commits = Vec::new();
        let mut left: Vec<Oid> = Vec::new();
        for tip in tips {
            if !named.contains(&Oid::try_from(*tip).ok()?) {
                left.extend(self.peel(*tip).ok()?);
            }
        }
        while let Some(id) = left.pop() {
            if !named.insert(id) {
                continue;
            }
            if commits.len() == FEW {
                return None;
            }
            Watchdog::tick();
            let commit = self.objects().find_commit(id).ok()?;
            left.extend(commit.parent_ids());
            let parents = commit.parent_ids().map(ObjectId::from).collect();
            commits.push(Commit { id: id.into(), tree: commit.tree_id().into(), parents, tip: 0 });
        }
        Some(commits)
    }

    pub(super) fn changes<E: From<Error>>(
        &self,
        commits: &[Commit],
        nominates: &mut dyn FnMut(&BStr) -> bool,
        each: Each<E>,
    ) -> Result<(), E> {
        let database = self.objects().odb().map_err(unreadable)?;
        let mut comparison = Comparison::by(Objects::of(&self.repository, &database, commits), nominates);
        for commit in commits {
            each(commit, comparison.entries(commit)?)?;
        }
        Ok(())
    }

    pub(super) fn tree(&self, id: ObjectId) -> Result<Tree<'_>, Error> {
        self.find(id)?.tree().map_err(|error| Error::ReadCommit(id.to_string(), error.into()))
    }

    pub(super) fn file_in(&self, id: ObjectId, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let tree = self.tree(id)?;
        let Some(entry) = tree.get_name(name) else { return Ok(None) };
        if entry.kind() != Some(ObjectType::Blob) {
            return Ok(None);
        }
        let blob = self.objects().find_blob(entry.id());
        let blob = blob.map_err(|error| Error::ReadBlob(entry.id().to_string(), error.into()))?;
        Ok(Some(blob.content().to_owned()))
    }

    pub(super) fn head(&self) -> Result<Option<ObjectId>, Error> {
        match self.objects().head().and_then(|head| head.peel_to_commit()) {
            Ok(commit) => Ok(Some(commit.id().into())),
            Err(error) if error.code() == ErrorCode::UnbornBranch => Ok(None),
            Err(error) => Err(Error::ReadCommit("HEAD".to_owned(), error.into())),
        }
    }

    /// The repository, to read objects of.
    fn objects(&self) -> &Repository {
        self.watch.get_or_init(Watchdog::start);
        &self.repository
    }

    fn find(&self, id: ObjectId) -> Result<git2::Commit<'_>, Error> {
        let commit = Oid::try_from(id).and_then(|id| self.objects().find_commit(id));
        commit.map_err(|error| Error::ReadCommit(id.to_string(), error.into()))
    }

    /// The commit that an object is, or that a tag comes to; nothing for another one.
    fn peel(&self, id: ObjectId) -> Result<Option<Oid>, Error> {
        let unreadable = |error: git2::Error| Error::ReadCommit(id.to_string(), error.into());
        let object =
            Oid::try_from(id).and_then(|id| self.objects().find_object(id, None)).map_err(unreadable)?;
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

/// Whether the tree has a file or a directory at `path`.
pub(super) fn contains(tree: &Tree, path: &BStr) -> Result<bool, Cause> {
    match tree.get_path(Path::new(OsStr::from_bytes(path))) {
        Ok(_) => Ok(true),
        Err(error) if error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Tree => Ok(false),
        Err(error) => Err(error.into()),
    }
}
