//! Where the worktree and the git directory of a repository are.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::BStr;

use super::command_line;

/// The worktree and the git directory of a repository.
#[derive(Debug)]
pub struct Layout {
    /// Absolute, without symlinks.
    pub(super) worktree: PathBuf,
    pub(super) git_dir: PathBuf,
}

impl Layout {
    /// The root of the worktree, absolute and without symlinks.
    #[must_use]
    pub fn worktree(&self) -> &Path {
        &self.worktree
    }

    /// The git directory of this worktree.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The absolute path of `path`, which is relative to the worktree.
    #[must_use]
    pub fn on_disk(&self, path: &BStr) -> PathBuf {
        self.worktree.join(OsStr::from_bytes(path))
    }

    /// Builds a git command that runs in this worktree, whatever the environment names.
    pub(super) fn git(&self) -> Command {
        let mut git = command_line::git();
        git.current_dir(&self.worktree).env("GIT_DIR", &self.git_dir).env("GIT_WORK_TREE", &self.worktree);
        git
    }
}
