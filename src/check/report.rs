//! The result of a check, which [`crate::report`] renders.

use bstr::BString;

use crate::git::{ObjectId, Operation, Remote};
use crate::invocation::Invocation;
use crate::policy::{Finding, Policy};
use crate::project::Unread;

/// The findings of a check, with the information that a reader needs to act on them.
#[derive(Debug)]
pub struct Report<'p> {
    /// The policy that was applied.
    pub policy: &'p Policy,
    /// The refused entries, in the order in which they are reported.
    pub findings: Vec<Finding<'p>>,
    /// The number of entries that were examined; for a range or a push, of commits.
    pub examined: usize,
    /// How the user gets the refused paths out of the commit.
    pub remedy: Remedy,
    /// The refused paths that several parents of a merge have changed. `stow` leaves them.
    pub combined: Vec<BString>,
    /// What was to be looked at and could not be read.
    pub unread: Unread,
    /// How the user runs this program and git in the repository.
    pub invocation: Invocation,
    /// Whether the report goes to a terminal, where an empty one would look like a failure.
    pub is_terminal: bool,
}

impl<'p> Report<'p> {
    /// Creates a report that is not for a terminal and names this program as on `PATH`.
    #[must_use]
    pub fn new(policy: &'p Policy, findings: Vec<Finding<'p>>, examined: usize, remedy: Remedy) -> Self {
        let invocation = Invocation::new(env!("CARGO_PKG_NAME").into());
        let (combined, unread) = (Vec::new(), Unread::default());
        Self { policy, findings, examined, remedy, combined, unread, invocation, is_terminal: false }
    }
}

/// How the user gets refused paths out of a commit without losing them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Remedy {
    /// The paths are staged: `stow` finds them. Then the user continues the operation.
    Stow(Option<Operation>),
    /// The paths are tracked, untracked or staged in a temporary index: `stow` needs their names.
    StowPaths {
        /// Whether the paths hold changes that were about to be committed.
        are_changes: bool,
    },
    /// The commits are in this repository, where they can be rewritten.
    RewriteCommits,
    /// The commits are pushed, and the remote does not have them: they can be rewritten here.
    ///
    RewriteAndPush(PushedFrom),
    /// The commits are pushed, but nothing here shows whether the remote has them already.
    Fetch(Remote),
    /// This repository receives the commits: only the sender can rewrite them.
    RewriteBeforePush,
    /// The ref update is rejected: `HEAD` and all refs are unchanged.
    RefUpdateRejected(Residue),
}

/// Where pushed commits are in this repository.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PushedFrom {
    /// In the history of `HEAD`.
    Head,
    /// On this branch, which is not checked out.
    Branch(BString),
    /// In the history of this commit or tag, which is pushed to the ref. `HEAD` lacks it.
    Detached(ObjectId, Option<BString>),
}

/// The files that a git command leaves behind when its ref update is rejected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Residue {
    /// Nothing. A branch was to be at this commit, which can be checked out without a branch.
    None(Option<ObjectId>),
    /// A commit that was to replace `HEAD`. The commit of `HEAD` contains the paths, too.
    Amend(ObjectId, Option<Operation>),
    /// An operation that can only be aborted: the paths are in commits of other people.
    Operation(Operation),
    /// The files of a commit, in the index. A branch was to be at this commit, if any.
    Index(Option<ObjectId>),
    /// The files of a commit, in the index and the worktree.
    Files(CheckedOutFiles),
}

/// The files of a commit that are in the index and the worktree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CheckedOutFiles {
    /// The commit.
    pub commit: ObjectId,
    /// The revision that was checked out before: `HEAD`, or the empty tree.
    pub base: &'static str,
    /// Whether `git stash` works.
    pub can_stash: bool,
    /// Whether local changes conflict with them.
    pub has_conflict: bool,
    /// The operation that has stashed local changes, if any.
    pub autostash: Option<Operation>,
    /// The commit at which a branch was to be that is not checked out.
    pub branch: Option<ObjectId>,
}
