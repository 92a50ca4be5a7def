//! The result of a check, which [`crate::report`] renders.

use std::path::PathBuf;

use crate::git::{ObjectId, Operation};
use crate::policy::{Finding, Policy};

/// What a check found, and what a reader needs to act on it.
#[derive(Debug)]
pub struct Report<'p> {
    /// The policy that was applied.
    pub policy: &'p Policy,
    /// The refused entries, in the order in which they are reported.
    pub findings: Vec<Finding<'p>>,
    /// The number of entries that were examined; for a range or a push, of commits.
    pub examined: usize,
    /// How the refused paths get out of the commit.
    pub remedy: Remedy,
    /// The name or path by which the user runs this program.
    pub program: PathBuf,
    /// Whether the report goes to a terminal, where an empty one would look like a failure.
    pub is_terminal: bool,
}

impl<'p> Report<'p> {
    /// Creates a report for a reader that is no terminal and finds this program on `PATH`.
    #[must_use]
    pub fn new(policy: &'p Policy, findings: Vec<Finding<'p>>, examined: usize, remedy: Remedy) -> Self {
        let program = env!("CARGO_PKG_NAME").into();
        Self { policy, findings, examined, remedy, program, is_terminal: false }
    }
}

/// How refused paths get out of a commit without loss.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Remedy {
    /// The paths are staged: `stow` finds them. Then the interrupted operation continues.
    Stow(Option<Operation>),
    /// The paths are tracked, untracked or staged in a temporary index: `stow` needs their names.
    StowPaths {
        /// Whether the paths hold changes that were about to be committed.
        are_changes: bool,
    },
    /// The commits are in this repository, where they can be rewritten.
    RewriteCommits,
    /// The commits were pushed here: only their sender can rewrite them.
    RewriteBeforePush,
    /// Git may not update the refs: `HEAD` and all refs are unchanged.
    RefUpdateRejected(Residue),
}

/// What a git command leaves behind when a ref update is rejected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Residue {
    /// Nothing.
    None,
    /// A commit that was to replace `HEAD`, whose commit has the paths too.
    Amend(ObjectId, Option<Operation>),
    /// An operation that can only be aborted: the paths are in commits of other people.
    Operation(Operation),
    /// The files of a commit, in the index and the worktree; and the operation that has stashed
    /// local changes, if there is one.
    Files(ObjectId, Option<Operation>),
    /// The paths, staged.
    Staged,
}
