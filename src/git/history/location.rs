//! Finds a repository that may be bare.

use std::fs;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::Error;
use crate::environment::Environment;
use crate::git::command::{Git, to_path};
use crate::git::layout::{Layout, common_dir};
use crate::git::read_regular_file;

/// Where a repository is. All paths are absolute.
#[derive(Debug)]
pub(super) struct Location {
    /// The top of the worktree; `None` for a bare repository, and if the git directory does not
    /// name it, as after `git init --separate-git-dir`.
    pub(super) worktree: Option<PathBuf>,
    pub(super) is_bare: bool,
    /// The git directory of this worktree.
    pub(super) git_dir: PathBuf,
    /// The git directory that all worktrees share.
    pub(super) common_dir: PathBuf,
}

impl Location {
    /// Finds the repository as git does. git is run unless the repository is a plain one.
    pub(super) fn find(environment: &Environment, git: &Git) -> Result<Self, Error> {
        let (worktree, is_bare, git_dir) = match Layout::find_plain(environment) {
            Some(layout) => (Some(layout.worktree), false, layout.git_dir),
            None => ask_git(environment, git)?,
        };
        let common_dir = match environment.var("GIT_COMMON_DIR") {
            Some(common_dir) => environment.current_dir().join(common_dir),
            None => common_dir(&git_dir)?,
        };
        Ok(Self { worktree, is_bare, git_dir, common_dir })
    }
}

/// Asks git for the worktree, if there is one, whether the repository is bare, and the git directory.
fn ask_git(environment: &Environment, git: &Git) -> Result<(Option<PathBuf>, bool, PathBuf), Error> {
    let output = git.describe_repository(&[
        "--is-bare-repository",
        "--is-inside-work-tree",
        "--show-cdup",
        "--absolute-git-dir",
    ])?;
    let output = output.strip_suffix(b"\n").unwrap_or(&output);
    let (is_bare, rest) = output.split_once_str("\n").unwrap_or_default();
    let (is_inside_worktree, rest) = rest.split_once_str("\n").unwrap_or_default();
    if is_bare == b"true" {
        // The path up to the worktree is an empty line or missing.
        return Ok((None, true, to_path(rest.trim_start_with(|c| c == '\n'))));
    }
    // Inside the worktree the path up has no line break. Elsewhere it is any path, or missing.
    let (worktree, git_dir) = match rest.split_once_str("\n").filter(|_| is_inside_worktree == b"true") {
        Some((up, git_dir)) => (Ok(environment.current_dir().join(to_path(up))), to_path(git_dir)),
        None => (git.rev_parse_path(&["--show-toplevel"]), git.rev_parse_path(&["--absolute-git-dir"])?),
    };
    // Inside the git directory, git reports no worktree. If `GIT_DIR` is set, as in a hook that
    // receives a push, git reports the git directory itself as the worktree.
    let worktree = match worktree.ok().map(canonicalize).transpose()? {
        Some(worktree) if !worktree.starts_with(&git_dir) => Some(worktree),
        _ => worktree_of(&git_dir, git).map(canonicalize).transpose()?,
    };
    Ok((worktree, false, git_dir))
}

/// Returns the worktree that belongs to this git directory; `None` if it does not name one.
fn worktree_of(git_dir: &Path, git: &Git) -> Option<PathBuf> {
    // A linked worktree: the path of its `.git` file.
    if let Ok(file) = read_regular_file(&git_dir.join("gitdir")) {
        let file = git_dir.join(to_path(file.trim_ascii_end()));
        return Some(file.parent().unwrap_or(git_dir).to_owned());
    }
    let configured = ["config", "--null", "--get", "core.worktree"];
    match git.run(&configured) {
        Ok(worktree) => Some(git_dir.join(to_path(worktree.strip_suffix(b"\0").unwrap_or(&worktree)))),
        Err(_) if git_dir.ends_with(".git") => Some(git_dir.join("..")),
        Err(_) => None,
    }
}

fn canonicalize(path: PathBuf) -> Result<PathBuf, Error> {
    fs::canonicalize(&path).map_err(|error| Error::ReadFile(path, error))
}
