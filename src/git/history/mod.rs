//! Commits: which of them are new, and what each does to its parents' files.
//!
//! Unlike [`Repository`](super::Repository) this needs neither a worktree nor an
//! index: a bare repository has a history too, and the index of a large one takes
//! longer to read than a push to judge.

mod command_line;
mod comparison;
mod libgit2;
mod objects;
mod recent;
mod tree;

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::{BStr, ByteSlice};

use super::command_line::{file_off_disk, git, text};
use super::{Cause, Error, ObjectId, TrackedPaths, read_regular_file};
use crate::Entry;

/// A repository, bare or not, opened for its commits.
#[derive(Debug)]
pub struct History {
    reader: Reader,
    place: Place,
}

#[derive(Debug)]
enum Reader {
    Libgit2(libgit2::Reader),
    Git,
}

/// Where a repository lies that need not have a worktree.
#[derive(Debug)]
struct Place {
    /// The top of the worktree, absolute; nothing in a bare repository.
    top: Option<PathBuf>,
    /// The git directory of this worktree, absolute.
    git_dir: PathBuf,
    /// The git directory that all worktrees share, absolute.
    common_dir: PathBuf,
}

/// A commit and where it comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Commit {
    /// Its own id.
    pub id: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents, in their order.
    pub parents: Vec<ObjectId>,
    /// The one of the tips, by its place among them, that was found to reach it.
    pub tip: usize,
}

/// What is done with each commit and with what it has that no parent has.
type Each<'e, E> = &'e mut dyn FnMut(&Commit, Vec<Entry>) -> Result<(), E>;

/// What is not new: what these reach.
#[derive(Clone, Copy, Debug)]
pub enum Known<'k> {
    /// These commits alone.
    Commits(&'k [ObjectId]),
    /// Branches, remote branches and tags, and these commits. Not `HEAD`: what a
    /// detached one alone reaches was never on a branch.
    BranchesTagsAnd(&'k [ObjectId]),
    /// The branches of all remotes, and these commits.
    RemotesAnd(&'k [ObjectId]),
    /// All refs.
    Refs,
}

impl Known<'_> {
    /// Namespaces of refs, each with the option by which `git rev-list` knows it.
    fn refs(self) -> &'static [(&'static str, &'static str)] {
        const BRANCHES: (&str, &str) = ("refs/heads/*", "--branches");
        const REMOTES: (&str, &str) = ("refs/remotes/*", "--remotes");
        const TAGS: (&str, &str) = ("refs/tags/*", "--tags");
        match self {
            Self::Commits(_) => &[],
            Self::BranchesTagsAnd(_) => &[BRANCHES, REMOTES, TAGS],
            Self::RemotesAnd(_) => &[REMOTES],
            Self::Refs => &[("refs/*", "--glob=refs/*")],
        }
    }

    fn commits(&self) -> &[ObjectId] {
        match self {
            Self::Commits(ids) | Self::BranchesTagsAnd(ids) | Self::RemotesAnd(ids) => ids,
            Self::Refs => &[],
        }
    }
}

impl History {
    /// Opens the repository that the environment and the current directory name, as
    /// git does: in a hook also from inside the git directory, and with the objects
    /// of a push that is not accepted yet.
    ///
    /// # Errors
    ///
    /// No repository, or one that neither libgit2 nor git can open.
    pub fn open() -> Result<Self, Error> {
        if let Some((reader, place)) = libgit2::Reader::open()? {
            return Ok(Self { reader: Reader::Libgit2(reader), place });
        }
        Ok(Self { reader: Reader::Git, place: command_line::place()? })
    }

    /// Whether there is no worktree.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.place.top.is_none()
    }

    /// Where the user would say that the repository is: the top of the worktree, or
    /// the git directory of a bare one.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.place.top.as_deref().unwrap_or(&self.place.git_dir)
    }

    /// The git directory of this worktree, absolute.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.place.git_dir
    }

    /// The id of the commit that `revision` names, in any way that git knows.
    ///
    /// # Errors
    ///
    /// It names no commit of this repository.
    pub fn resolve(&self, revision: &str) -> Result<ObjectId, Error> {
        let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision];
        let output = git().args(arguments).output().map_err(Error::RunGit)?;
        // A second question, because `:/text` would take `^{commit}` for more of the text.
        let named = ObjectId::from_hex(output.stdout.trim_ascii_end());
        match self.peeled(named.as_slice())?[..] {
            [Some(id)] => Ok(id),
            _ => Err(Error::NoCommit {
                revision: revision.to_owned(),
                is_shallow: !self.shallow()?.is_empty(),
            }),
        }
    }

    /// A commit by its id, with its parents.
    ///
    /// # Errors
    ///
    /// It cannot be read, or its parents were not fetched.
    pub fn commit(&self, id: ObjectId) -> Result<Commit, Error> {
        if self.shallow()?.contains(&id) {
            return Err(Error::Shallow(id));
        }
        command_line::commit(id)
    }

    /// Those of `ids` that are objects here.
    ///
    /// # Errors
    ///
    /// git cannot be asked.
    pub fn present(&self, ids: Vec<ObjectId>) -> Result<Vec<ObjectId>, Error> {
        match &self.reader {
            Reader::Libgit2(reader) => Ok(reader.present(ids)),
            Reader::Git => command_line::present(ids),
        }
    }

    /// The commits that `tips` reach and that are not `known`, each once, children
    /// before their parents. A tip is an id, also of a tag; what is no commit in the
    /// end has no history, and is passed over.
    ///
    /// # Errors
    ///
    /// A commit cannot be read, or the history is cut off before what is known.
    pub fn new_commits(&self, tips: &[ObjectId], known: Known) -> Result<Vec<Commit>, Error> {
        let mut commits = self.whole(command_line::new_commits(tips, known)?)?;
        if tips.len() > 1 {
            self.name_tips(&mut commits, tips)?;
        }
        Ok(commits)
    }

    /// The commits that the revision `to` has and `from` has not, in the same order.
    ///
    /// # Errors
    ///
    /// One of them names no commit, and as for [`History::new_commits`].
    pub fn range(&self, from: &str, to: &str) -> Result<Vec<Commit>, Error> {
        if let Some(commits) = command_line::range(from, to) {
            return self.whole(commits);
        }
        let (from, to) = (self.resolve(from)?, self.resolve(to)?);
        self.new_commits(&[to], Known::Commits(&[from]))
    }

    /// More than the new commits, found in less time: those on the way from `tips` down to
    /// commits that refs name themselves, also where others reach them. Nothing where
    /// that way is long, or cannot be told.
    #[must_use]
    pub fn commits_above_refs(&self, tips: &[ObjectId], known: Known) -> Option<Vec<Commit>> {
        let Reader::Libgit2(reader) = &self.reader else { return None };
        self.whole(reader.commits_above_refs(tips, known)?).ok()
    }

    /// What `commits` have that none of their parents has: for each, those entries
    /// that `nominates` says yes to, in the order of their paths. `each` is called for
    /// every commit, in the order of `commits`, also where there is no such entry.
    ///
    /// # Errors
    ///
    /// A tree cannot be read; or what `each` answers.
    pub fn changes<E: From<Error>>(
        &self,
        commits: &[Commit],
        nominates: &mut dyn FnMut(&BStr) -> bool,
        each: Each<E>,
    ) -> Result<(), E> {
        match &self.reader {
            Reader::Libgit2(reader) => reader.changes(commits, nominates, each),
            Reader::Git => command_line::changes(commits, nominates, each),
        }
    }

    /// What is in the tree of the commit `id`, to look up what lies beside a path.
    ///
    /// # Errors
    ///
    /// The tree cannot be read.
    pub fn tree(&self, id: ObjectId) -> Result<CommittedPaths<'_>, Error> {
        let tree = match &self.reader {
            Reader::Libgit2(reader) => Tree::Libgit2(reader.tree(id)?),
            Reader::Git => Tree::Git { id, paths: OnceCell::new() },
        };
        Ok(CommittedPaths { tree, failure: RefCell::default() })
    }

    /// The contents of the file `name` at the top of the worktree, as
    /// [`Repository::top_level_file`](super::Repository::top_level_file) has it; in a
    /// bare repository, of the commit that `HEAD` names.
    ///
    /// # Errors
    ///
    /// It is there and cannot be read, or is not a regular file.
    pub fn top_level_file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(top) = &self.place.top else {
            return match self.head()? {
                Some(head) => self.file_in(head, name),
                None => Ok(None),
            };
        };
        let path = top.join(name);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Only a sparse checkout keeps a file off the disk, and it has this list.
                let is_sparse = self.place.git_dir.join("info/sparse-checkout").exists();
                if is_sparse { file_off_disk(self.git_at(top), name) } else { Ok(None) }
            }
            Err(error) => Err(Error::ReadFile(path, error)),
            Ok(_) => read_regular_file(&path).map(Some).map_err(|error| Error::ReadFile(path, error)),
        }
    }

    /// The contents of the regular file `name` at the top of the tree of the commit
    /// `id`, in the form that git holds them in.
    ///
    /// # Errors
    ///
    /// The tree or the file cannot be read.
    pub fn file_in(&self, id: ObjectId, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match &self.reader {
            Reader::Libgit2(reader) => reader.file_in(id, name),
            Reader::Git => command_line::file_in(id, name),
        }
    }

    /// The commit that `HEAD` names; nothing while its branch is unborn.
    ///
    /// # Errors
    ///
    /// `HEAD` cannot be read.
    pub fn head(&self) -> Result<Option<ObjectId>, Error> {
        match &self.reader {
            Reader::Libgit2(reader) => reader.head(),
            Reader::Git => command_line::head(),
        }
    }

    /// Whether `name`, such as `ORIG_HEAD`, names the same commit as `HEAD`.
    ///
    /// # Errors
    ///
    /// git cannot be asked.
    pub fn is_at_head(&self, name: &str) -> Result<bool, Error> {
        let output = git().args(["rev-parse", "--verify", "--quiet", name]).output();
        let output = output.map_err(Error::RunGit)?;
        let named = ObjectId::from_hex(output.stdout.trim_ascii_end());
        Ok(named.is_some() && self.head()? == named)
    }

    /// The branch that `HEAD` names, as a whole ref name; nothing while it is
    /// detached.
    ///
    /// # Errors
    ///
    /// git cannot be asked.
    pub fn head_branch(&self) -> Result<Option<String>, Error> {
        let output = git().args(["symbolic-ref", "-q", "HEAD"]).output().map_err(Error::RunGit)?;
        Ok(output.status.success().then(|| text(&output.stdout)))
    }

    /// Commits whose parents were not fetched (`shallow` in the common git directory,
    /// one id a line).
    fn shallow(&self) -> Result<HashSet<ObjectId>, Error> {
        let path = self.place.common_dir.join("shallow");
        match fs::read(&path) {
            Ok(text) => Ok(text.lines().filter_map(ObjectId::from_hex).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashSet::new()),
            Err(error) => Err(Error::ReadFile(path, error)),
        }
    }

    /// These commits, where the parents of all of them were fetched.
    fn whole(&self, commits: Vec<Commit>) -> Result<Vec<Commit>, Error> {
        let shallow = self.shallow()?;
        match commits.iter().find(|commit| shallow.contains(&commit.id)) {
            Some(cut) => Err(Error::Shallow(cut.id)),
            None => Ok(commits),
        }
    }

    /// Hands the tip of each commit down to its parents, which come later.
    fn name_tips(&self, commits: &mut [Commit], tips: &[ObjectId]) -> Result<(), Error> {
        let mut named = HashMap::new();
        for (tip, commit) in self.peeled(tips)?.into_iter().enumerate() {
            commit.map(|commit| named.entry(commit).or_insert(tip));
        }
        for commit in commits {
            // No child hands a tip on after this.
            commit.tip = named.remove(&commit.id).unwrap_or_default();
            for parent in &commit.parents {
                named.entry(*parent).or_insert(commit.tip);
            }
        }
        Ok(())
    }

    /// The commits that these objects come to; nothing for what is none in the end.
    fn peeled(&self, ids: &[ObjectId]) -> Result<Vec<Option<ObjectId>>, Error> {
        match &self.reader {
            Reader::Libgit2(reader) => Ok(reader.peeled(ids)),
            Reader::Git => command_line::peeled(ids),
        }
    }

    fn git_at(&self, top: &Path) -> Command {
        let mut git = git();
        git.current_dir(top).env("GIT_DIR", &self.place.git_dir).env("GIT_WORK_TREE", top);
        git
    }
}

/// The files of one commit.
#[derive(Debug)]
pub struct CommittedPaths<'h> {
    tree: Tree<'h>,
    failure: RefCell<Option<Error>>,
}

#[derive(Debug)]
enum Tree<'h> {
    Libgit2(git2::Tree<'h>),
    /// Listed when it is asked for: many rules do not ask.
    Git {
        id: ObjectId,
        paths: OnceCell<TrackedPaths>,
    },
}

impl CommittedPaths<'_> {
    /// Whether `path` is a file, or a directory of files. What cannot be read is told
    /// by [`CommittedPaths::finish`].
    #[must_use]
    pub fn contains(&self, path: &BStr) -> bool {
        let found = match &self.tree {
            Tree::Libgit2(tree) => {
                libgit2::contains(tree, path).map_err(|source| Error::ReadTree { path: path.into(), source })
            }
            Tree::Git { id, paths } => match paths.get() {
                Some(paths) => Ok(paths.contains(path)),
                None => command_line::paths_in(*id).map(|listed| paths.get_or_init(|| listed).contains(path)),
            },
        };
        found.unwrap_or_else(|error| {
            *self.failure.borrow_mut() = Some(error);
            false
        })
    }

    /// Ends the looking up.
    ///
    /// # Errors
    ///
    /// Something could not be looked up, so that an answer was wrong.
    pub fn finish(self) -> Result<(), Error> {
        self.failure.into_inner().map_or(Ok(()), Err)
    }
}

/// Why a history cannot be read.
fn unreadable(source: impl Into<Cause>) -> Error {
    Error::ReadHistory(source.into())
}
