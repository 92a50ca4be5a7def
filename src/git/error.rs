//! Why a repository could not be read or changed.

use std::io;
use std::path::{Path, PathBuf};

use bstr::BString;

use super::{Hook, ObjectId};

/// Why a repository could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The current directory is not in a repository.
    #[error("`{}` is not in a git repository", shown(.0))]
    NotARepository(PathBuf),
    /// `GIT_DIR` does not name a git directory.
    #[error("`GIT_DIR` is `{}`, which is not a git directory", shown(.0))]
    NotAGitDirectory(PathBuf),
    /// The repository has no worktree, so commits are not made in it.
    #[error("`{}` is a bare repository: it has no index that a commit is made from", shown(.0))]
    Bare(PathBuf),
    /// The current directory is inside the git directory.
    #[error("`{}` is inside a git directory", shown(.0))]
    InGitDirectory(PathBuf),
    /// Unknown object format.
    #[error("cannot read object ids of the format `{}`", .0.escape_debug())]
    UnknownObjectFormat(String),
    /// The index cannot be read.
    #[error("cannot read the index `{}`", shown(.path))]
    ReadIndex {
        /// The index file.
        path: PathBuf,
        /// The cause.
        source: Cause,
    },
    /// A commit cannot be read.
    #[error("cannot read the commit `{}`", .0.escape_debug())]
    ReadCommit(String, #[source] Cause),
    /// A revision does not name a commit of this repository.
    #[error("`{}` does not name a commit here", .revision.escape_debug())]
    NoCommit {
        /// The revision as it was typed.
        revision: String,
        /// Whether the clone is shallow, so that the commit may exist elsewhere.
        is_shallow: bool,
    },
    /// The range of commits extends beyond the end of a shallow clone.
    #[error("the history ends at the commit `{0}`, whose parents were not fetched")]
    Shallow(ObjectId),
    /// The commits cannot be listed.
    #[error("cannot read the history")]
    ReadHistory(#[source] Cause),
    /// Standard input does not have the form that git documents for this hook.
    #[error("line {line} of standard input is not what git passes to this hook: `{}`", .text.to_string().escape_debug())]
    HookInput {
        /// The number of the line, from 1.
        line: usize,
        /// The beginning of the line.
        text: BString,
    },
    /// A tree of a parent commit cannot be read.
    #[error("cannot look up `{}` in a parent commit", .path.to_string().escape_debug())]
    ReadTree {
        /// Relative to the top of the repository.
        path: BString,
        /// The cause.
        source: Cause,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`", shown(.0))]
    ReadFile(PathBuf, #[source] io::Error),
    /// A file that a sparse checkout keeps off the disk cannot be read from the index.
    #[error("cannot read `{0}` from the index")]
    ReadStagedFile(String, #[source] Cause),
    /// `MERGE_HEAD` does not hold object ids.
    #[error("`{}` does not name commits", shown(.0))]
    MergeHead(PathBuf),
    /// The `git` program cannot be started.
    #[error("cannot run `git`")]
    RunGit(#[source] io::Error),
    /// `git` failed.
    #[error("`git {command}` failed")]
    Git {
        /// The subcommand.
        command: String,
        /// What git printed.
        source: Cause,
    },
    /// `core.hooksPath` does not name a directory.
    #[error("git runs no hooks here: {} is not a directory", .0.escape_debug())]
    NoHooks(String),
    /// A path on the command line is empty, as from a variable that is not set.
    #[error("an empty path names no file")]
    EmptyPath,
    /// A path on the command line is not in the repository.
    #[error("`{}` is not a path in the repository `{}`", shown(.path), shown(.worktree))]
    OutsideRepository {
        /// The path as it was typed.
        path: PathBuf,
        /// The top of the worktree.
        worktree: PathBuf,
    },
    /// Another git is changing the index, or was killed while it did.
    #[error("another git is using this repository: `{}` exists", shown(.0))]
    IndexLocked(PathBuf),
    /// The index cannot be changed.
    #[error("cannot {step} the index `{}`", shown(.path))]
    WriteIndex {
        /// What failed, as a verb.
        step: &'static str,
        /// The index, or a file next to it.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The temporary files for which hooks are run cannot be made.
    #[error("cannot make a temporary index")]
    HookProbe(#[source] io::Error),
    /// A hook cannot be started.
    #[error("cannot run the hook `{0}`")]
    RunHook(Hook, #[source] io::Error),
    /// A blob cannot be read.
    #[error("cannot read the staged contents `{0}`")]
    ReadBlob(String, #[source] Cause),
    /// The directory that `-C` names cannot be entered.
    #[error("cannot change to `{}`, the directory of -C", shown(.0))]
    ChangeDirectory(PathBuf, #[source] io::Error),
    /// An agent's working directory cannot be entered.
    #[error("cannot change to {}, the working directory of the agent", shown(.0))]
    AgentDirectory(PathBuf, #[source] io::Error),
    /// `git config` succeeded, but the value did not take effect.
    #[error("git could not set `{0}`")]
    NotConfigured(String),
    /// The current directory cannot be read.
    #[error("cannot read the current directory")]
    CurrentDirectory(#[source] io::Error),
}

impl Error {
    /// Returns advice on how to fix the error.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotARepository(_) => "run this in a repository, or name one with `-C DIR`",
            Self::NotAGitDirectory(_) => "unset `GIT_DIR`, or correct it",
            Self::InGitDirectory(_) => "run this in the worktree",
            Self::ReadIndex { .. } => {
                "if `git status` fails too, `git read-tree HEAD` rebuilds the index and `git add` stages again"
            }
            Self::ReadCommit(commit, _) => {
                return Some(format!(
                    "`git fsck` names what is missing; in a partial clone `git ls-tree -r {}` fetches it",
                    commit.escape_debug()
                ));
            }
            Self::NoCommit { revision, is_shallow } => help_for_revision(revision, *is_shallow),
            Self::Shallow(_) => DEEPEN,
            Self::ReadHistory(_) => {
                "`git fsck` names what is missing; in a shallow or partial clone fetch the whole history \
                 (on a CI server `fetch-depth: 0`); a fetch into a branch takes two steps there: \
                 `git fetch REMOTE`, then `git branch NAME REMOTE/NAME`"
            }
            Self::ReadTree { .. } => {
                "`git fsck` names what is missing; in a partial clone `git ls-tree -r HEAD` fetches it"
            }
            Self::EmptyPath => "write `.` for the current directory",
            Self::MergeHead(_) => "finish the merge, or undo it with `git merge --abort`",
            Self::RunGit(error) if error.kind() == io::ErrorKind::NotFound => {
                "install git, or add it to PATH"
            }
            Self::NoHooks(_) => "make core.hooksPath absolute, or unset it",
            Self::IndexLocked(_) => "wait for it, or remove the file if no git is running",
            Self::HookProbe(_) => "make room in the directory for temporary files",
            Self::ReadBlob(..) => "`git fsck` names what is missing",
            Self::NotConfigured(_) => {
                "repair the end of the configuration file, which `git config --list --show-origin` names"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }
}

/// How to complete a shallow clone.
const DEEPEN: &str =
    "fetch the whole history: `git fetch --unshallow`, and on a CI server `fetch-depth: 0` for the checkout";

fn help_for_revision(revision: &str, is_shallow: bool) -> &'static str {
    if revision.is_empty() {
        "name a commit: the variable that should hold it may be empty"
    } else if revision.bytes().all(|byte| byte == b'0') {
        // CI servers pass zeros for a branch that was pushed for the first time.
        "the branch is new: name the commit it started from, as in `origin/main..HEAD`"
    } else if is_shallow {
        DEEPEN
    } else if revision.len() >= 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        "fetch it first"
    } else {
        "check its spelling, or fetch it first: `git branch --all` lists the branches that are here"
    }
}

/// Escapes control characters, including line breaks.
fn shown(path: &Path) -> impl std::fmt::Display {
    path.to_string_lossy().escape_debug().to_string()
}

/// A failure in the words of libgit2, git or the operating system.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Cause(String);

impl Cause {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Whether git reports that there is no repository.
    pub(super) fn is_not_a_repository(&self) -> bool {
        self.0.starts_with("fatal: not a git repository")
    }
}
