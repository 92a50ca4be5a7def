//! Whether commits are made in a repository, pushed into it, or both.

use std::fs;
use std::path::{Path, PathBuf};

use super::command::{Git, to_path};
use super::{Error, History, read_regular_file};

/// Whether commits are made in a repository, pushed into it, or both.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RepositoryKind {
    /// It has a main worktree.
    WithWorktree,
    /// It has no worktree: commits are only pushed into it.
    Bare,
    /// It is bare, and commits are made in its linked worktrees and pushed into it.
    BareWithWorktrees,
}

impl RepositoryKind {
    /// Returns the kind of the repository of `history`, which has this common git directory.
    ///
    /// It is the same in the git directory and in each linked worktree.
    ///
    /// # Errors
    ///
    /// git cannot be started.
    pub(crate) fn find(history: &History, common_dir: &Path, git: &Git) -> Result<Self, Error> {
        if history.is_bare() {
            let has_worktrees = has_linked_worktrees(common_dir);
            return Ok(if has_worktrees { Self::BareWithWorktrees } else { Self::Bare });
        }
        if !history.git_dir().join("commondir").exists() {
            return Ok(Self::WithWorktree);
        }
        let is_bare = git.at_git_dir(common_dir).query(&["rev-parse", "--is-bare-repository"])?;
        Ok(if is_bare.as_deref() == Some("true") { Self::BareWithWorktrees } else { Self::WithWorktree })
    }

    /// Returns whether commits are made in the repository.
    #[must_use]
    pub(crate) fn has_worktrees(self) -> bool {
        self != Self::Bare
    }
}

/// Returns the linked worktrees of a repository that exist, without symlinks in their paths.
pub(crate) fn linked_worktrees(common_dir: &Path) -> Vec<PathBuf> {
    // The file `gitdir` contains the path of the worktree's `.git`, which may be relative.
    let worktree = |git_dir: PathBuf| {
        let git_file = read_regular_file(&git_dir.join("gitdir")).ok()?;
        let git_file = git_dir.join(to_path(git_file.trim_ascii_end()));
        fs::canonicalize(git_file.parent()?).ok()
    };
    let mut worktrees: Vec<PathBuf> = linked_git_dirs(common_dir).filter_map(worktree).collect();
    worktrees.sort();
    worktrees
}

/// Returns whether worktrees are linked to a repository.
pub(super) fn has_linked_worktrees(common_dir: &Path) -> bool {
    linked_git_dirs(common_dir).next().is_some()
}

/// Returns the git directories of the linked worktrees, also of those that are gone.
fn linked_git_dirs(common_dir: &Path) -> impl Iterator<Item = PathBuf> {
    let linked = fs::read_dir(common_dir.join("worktrees")).into_iter().flatten().flatten();
    linked.map(|entry| entry.path()).filter(|git_dir| git_dir.join("gitdir").exists())
}
