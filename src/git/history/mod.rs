//! Commits and the entries that each of them changes, read by git.
//!
//! Unlike [`Repository`](super::Repository), a [`History`] needs neither a worktree nor an
//! index: bare repositories have a history too, and reading a large index takes longer than
//! checking a push.

mod location;
mod log;
mod remote;
mod shallow;
mod trees;

use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};

use self::location::Location;
pub(crate) use self::log::{Commit, Exclude, Log};
pub use self::remote::Remote;
use self::shallow::ShallowEnds;
pub(crate) use self::trees::CommitTrees;
use super::command::Git;
use super::repository_kind::has_linked_worktrees;
use super::{Cause, Error, ObjectId, Operation, read_optional_file};
use crate::environment::Environment;

/// A repository, bare or not, whose commits are read.
#[derive(Debug)]
pub(crate) struct History {
    location: Location,
    git: Git,
    /// The file with the commits at which a shallow history ends. It need not exist.
    shallow_file: PathBuf,
}

impl History {
    /// Opens the repository of `environment`, found as git finds it.
    ///
    /// A hook may run inside the git directory, and may see the objects of a push that is not
    /// accepted yet.
    ///
    /// # Errors
    ///
    /// There is no repository, or git cannot open it.
    pub(crate) fn open(environment: &Environment) -> Result<Self, Error> {
        // git believes what a commit-graph file says of parents and trees.
        let git = Git::new(environment).with_settings(&["core.commitGraph=false"]);
        let location = Location::find(environment, &git)?;
        // git sets the variable for `pre-receive`, when a shallow clone pushes.
        let variable = environment.var("GIT_SHALLOW_FILE").map(|file| environment.absolute(file));
        let shallow_file = variable.filter(|file| file.is_file());
        let shallow_file = shallow_file.unwrap_or_else(|| location.common_dir.join("shallow"));
        Ok(Self { location, git, shallow_file })
    }

    /// Whether the repository has no main worktree.
    ///
    /// In a linked worktree of a bare repository, the answer is `false`.
    #[must_use]
    pub(crate) fn is_bare(&self) -> bool {
        self.location.is_bare
    }

    /// Whether the worktree is known: the git directory need not name it.
    #[must_use]
    pub(crate) fn has_worktree(&self) -> bool {
        self.location.worktree.is_some()
    }

    /// Whether the repository is bare and no worktrees are linked to it.
    #[must_use]
    pub(crate) fn has_no_worktrees(&self) -> bool {
        self.is_bare() && !has_linked_worktrees(&self.location.common_dir)
    }

    /// Returns the top of the worktree, or the git directory if there is no worktree.
    #[must_use]
    pub(crate) fn directory(&self) -> &Path {
        self.location.worktree.as_deref().unwrap_or(&self.location.git_dir)
    }

    /// Returns the git directory of this worktree, absolute.
    #[must_use]
    pub(crate) fn git_dir(&self) -> &Path {
        &self.location.git_dir
    }

    /// Returns the operation that git has started in this worktree and not yet finished.
    #[must_use]
    pub(crate) fn operation(&self) -> Option<Operation> {
        Operation::in_progress(&self.git, &self.location.git_dir)
    }

    /// Returns the operation that has stashed uncommitted changes and not restored them.
    #[must_use]
    pub(crate) fn operation_with_autostash(&self) -> Option<Operation> {
        Operation::with_autostash(&self.git, &self.location.git_dir)
    }

    /// Returns the id of the commit that `revision` names, in any syntax of git.
    ///
    /// # Errors
    ///
    /// It names no commit of this repository.
    pub(crate) fn resolve(&self, revision: &str) -> Result<ObjectId, Error> {
        let object = self.rev_parse(revision)?;
        // Two steps, because `:/text^{commit}` would search for a message with that text.
        let commit = match object {
            Some(id) => self.rev_parse(&format!("{id}^{{commit}}"))?,
            None => None,
        };
        match commit {
            Some(id) => Ok(id),
            None => {
                Err(Error::NoCommit { revision: revision.to_owned(), is_shallow: self.shallow_file.exists() })
            }
        }
    }

    /// Returns the `ids` that are objects of this repository.
    ///
    /// # Errors
    ///
    /// git fails.
    pub(crate) fn present(&self, ids: Vec<ObjectId>) -> Result<Vec<ObjectId>, Error> {
        if ids.is_empty() {
            return Ok(ids);
        }
        let names: Vec<String> = ids.iter().map(ObjectId::to_string).collect();
        let input = names.join("\n") + "\n";
        let output = self.git.run_with_input(&["cat-file", "--batch-check"], input.as_bytes())?;
        let is_present = |(_, answer): &(ObjectId, &[u8])| !answer.ends_with(b" missing");
        Ok(ids.into_iter().zip(output.lines()).filter(is_present).map(|(id, _)| id).collect())
    }

    /// Lists the commits that `tips` reach and `exclude` does not, children before parents.
    ///
    /// A tip is the id of a commit or a tag. Other objects have no history and are ignored.
    ///
    /// # Errors
    ///
    /// git cannot be started, or the shallow file cannot be read.
    pub(crate) fn log(&self, tips: &[ObjectId], exclude: Exclude) -> Result<Log, Error> {
        Log::start(&self.git, tips, exclude, self.shallow_ends()?)
    }

    /// Lists one commit.
    ///
    /// # Errors
    ///
    /// As [`History::log`].
    pub(crate) fn log_one(&self, commit: ObjectId) -> Result<Log, Error> {
        Log::start_at(&self.git, commit, self.shallow_ends()?)
    }

    /// Returns a reader of the trees of commits, which starts git at its first use.
    #[must_use]
    pub(crate) fn trees(&self) -> CommitTrees {
        CommitTrees::new(self.git.clone())
    }

    /// Returns the contents of the file `name` at the top of the worktree.
    ///
    /// If a sparse checkout keeps it off the disk, its index entry is read. In a bare repository
    /// it is read from the commit that `HEAD` names.
    ///
    /// # Errors
    ///
    /// The file exists and cannot be read, or is not a regular file.
    pub(crate) fn top_level_file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(worktree) = &self.location.worktree else {
            return match self.head()? {
                Some(head) => self.trees().file(head, name.into()),
                None => Ok(None),
            };
        };
        if let Some(contents) = read_optional_file(worktree.join(name))? {
            return Ok(Some(contents));
        }
        // Every sparse checkout has this file.
        let git_dir = &self.location.git_dir;
        if git_dir.join("info/sparse-checkout").exists() {
            self.git.at(worktree, git_dir).off_disk_file(name)
        } else {
            Ok(None)
        }
    }

    /// Returns the commit that `HEAD` names; `None` if its branch is unborn.
    ///
    /// # Errors
    ///
    /// `HEAD` cannot be read.
    pub(crate) fn head(&self) -> Result<Option<ObjectId>, Error> {
        let head = self.rev_parse("HEAD^{commit}")?;
        if head.is_some() || self.git.is_head_unborn()? {
            return Ok(head);
        }
        Err(Error::ReadCommit("HEAD".to_owned(), Cause::new("it names no commit".to_owned())))
    }

    /// Returns the parents of a commit.
    ///
    /// # Errors
    ///
    /// git cannot read the commit.
    pub(crate) fn parents(&self, commit: ObjectId) -> Result<Vec<ObjectId>, Error> {
        let output = self.git.run(&["rev-parse", &format!("{commit}^@")])?;
        Ok(output.lines().filter_map(ObjectId::from_hex).collect())
    }

    /// Whether `name`, such as `ORIG_HEAD`, names the same commit as `HEAD`.
    ///
    /// # Errors
    ///
    /// `HEAD` cannot be read.
    pub(crate) fn is_at_head(&self, name: &str) -> Result<bool, Error> {
        let commit = self.rev_parse(name)?;
        Ok(commit.is_some() && self.head()? == commit)
    }

    /// Returns the branch that `HEAD` names, as a full ref name; `None` if it is detached.
    ///
    /// # Errors
    ///
    /// git cannot be started.
    pub(crate) fn head_branch(&self) -> Result<Option<String>, Error> {
        self.git.query(&["symbolic-ref", "-q", "HEAD"])
    }

    /// Returns the remote with this name or URL if a fetch may show that it has `commit`.
    ///
    /// A fetch may if none of its branches is known here, or if the last one brought the commit.
    /// If the last fetch brought nothing, the remote has no branches. Without a name, the remote
    /// is `origin`, if it is configured.
    ///
    /// # Errors
    ///
    /// git cannot be started, or cannot list the refs.
    pub(crate) fn remote_to_fetch(
        &self,
        name: Option<&BStr>,
        commit: ObjectId,
    ) -> Result<Option<Remote>, Error> {
        let Some(remote) = Remote::find(&self.git, name)? else { return Ok(None) };
        let fetched = read_optional_file(self.location.git_dir.join("FETCH_HEAD"))?;
        let is_known = match &fetched {
            Some(lines) if lines.is_empty() => true,
            Some(lines) => remote.has_branches(&self.git)? && !self.is_fetched(commit, lines)?,
            None => remote.has_branches(&self.git)?,
        };
        Ok((!is_known).then_some(remote))
    }

    /// Whether a commit of `FETCH_HEAD` reaches `commit`. Each line begins with an id.
    fn is_fetched(&self, commit: ObjectId, fetched: &[u8]) -> Result<bool, Error> {
        let ids = fetched.lines().filter_map(|line| ObjectId::from_hex(line.split_str("\t").next()?));
        let fetched = self.present(ids.collect())?;
        Ok(self.log(&[commit], Exclude::Commits(&fetched))?.non_empty()?.is_none())
    }

    /// Returns the commits whose parents were not fetched.
    fn shallow_ends(&self) -> Result<ShallowEnds, Error> {
        ShallowEnds::read(&self.git, &self.shallow_file)
    }

    /// Returns the id of the object that `revision` names.
    fn rev_parse(&self, revision: &str) -> Result<Option<ObjectId>, Error> {
        let id = self.git.query(&["rev-parse", "--verify", "--quiet", "--end-of-options", revision])?;
        Ok(id.and_then(|id| ObjectId::from_hex(id.as_bytes())))
    }
}
