use std::io;
use std::path::PathBuf;

use bstr::BString;

use super::{Hook, ObjectId};

/// Why a repository could not be read. Nothing that could not be read is ever
/// taken for clean.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no repository here.
    #[error("`{}` is not in a git repository: run this in one, or name one with `-C DIR`", .0.display())]
    NotARepository(PathBuf),
    /// The repository has no worktree, so nobody commits in it.
    #[error("`{}` is a bare repository: it has no index that a commit is made from", .0.display())]
    Bare(PathBuf),
    /// The current directory is inside the git directory.
    #[error("`{}` is inside a git directory: run this in the worktree", .0.display())]
    InGitDirectory(PathBuf),
    /// The repository names its objects in a way from the future.
    #[error("`{0}` object ids are not known here: nothing was checked")]
    UnknownObjectFormat(String),
    /// The index cannot be read.
    #[error(
        "could not read the index `{}`: nothing was checked; if `git status` fails too, \
         `git read-tree HEAD` makes the index anew and `git add` stages again", .path.display()
    )]
    ReadIndex {
        /// The index file.
        path: PathBuf,
        /// What is wrong with it.
        source: Cause,
    },
    /// A commit that the index is compared with cannot be read.
    #[error(
        "could not read the commit `{0}`: nothing was checked; `git fsck` names what is missing, \
         and in a partial clone `git ls-tree -r {0}` fetches it"
    )]
    ReadCommit(String, #[source] Cause),
    /// A revision that names no commit here.
    #[error(
        "`{}` names no commit here: nothing was checked; {}",
        revision.escape_debug(),
        remedy(revision, *is_shallow)
    )]
    NoCommit {
        /// As it was typed.
        revision: String,
        /// Whether commits are missing here that the repository has elsewhere.
        is_shallow: bool,
    },
    /// Commits that were not fetched would have to be judged as well.
    #[error("the history is cut off at the commit `{0}`: nothing was checked; {DEEPEN}")]
    Shallow(ObjectId),
    /// The commits that are to be judged cannot be told.
    #[error(
        "could not read the history: nothing was checked; `git fsck` names what is missing, \
         and in a shallow or partial clone fetch the whole history (on a CI server `fetch-depth: 0`)"
    )]
    ReadHistory(#[source] Cause),
    /// Standard input is not what git tells this hook.
    #[error("line {line} of standard input is not what git tells this hook: `{text}`")]
    HookInput {
        /// Counted from 1.
        line: usize,
        /// Its beginning.
        text: BString,
    },
    /// A tree that the index is compared with cannot be read.
    #[error(
        "could not look up `{path}` in a parent commit: nothing was checked; `git fsck` names what is missing, \
         and in a partial clone `git ls-tree -r HEAD` fetches it"
    )]
    ReadTree {
        /// Relative to the top of the repository.
        path: BString,
        /// What is wrong.
        source: Cause,
    },
    /// A file at the top of the worktree, or in the git directory, cannot be read.
    #[error("could not read `{}`", .0.to_string_lossy().escape_debug())]
    ReadFile(PathBuf, #[source] io::Error),
    /// A file that is off the disk, in a sparse checkout, cannot be read from the index.
    #[error("could not read `{0}` from the index")]
    ReadStagedFile(String, #[source] Cause),
    /// `MERGE_HEAD` does not hold object ids.
    #[error("`{}` does not name commits: finish the merge or undo it with `git merge --abort`", .0.display())]
    MergeHead(PathBuf),
    /// The `git` program cannot be started.
    #[error("could not run `git`: is it installed and on `PATH`?")]
    RunGit(#[source] io::Error),
    /// `git` answered with an error.
    #[error("`git {command}` failed")]
    Git {
        /// The subcommand.
        command: String,
        /// What git said.
        source: Cause,
    },
    /// `core.hooksPath` names no directory from here.
    #[error(
        "git runs no hooks here, so nothing can be guarded: {0} names no directory from here; make it absolute or unset it"
    )]
    NoHooks(String),
    /// A path on the command line that the repository does not hold.
    #[error("`{}` is not a path in the repository `{}`", .path.display(), .top.display())]
    OutsideRepository {
        /// As it was typed.
        path: PathBuf,
        /// The top of the worktree.
        top: PathBuf,
    },
    /// Another git changes the index at this moment, or died while it did.
    #[error(
        "`{}` is there, so another git is at work in this repository: nothing was changed; wait for it, \
         or remove the file if there is none", .0.display()
    )]
    IndexLocked(PathBuf),
    /// The index cannot be changed.
    #[error("could not {step} the index `{}`", .path.display())]
    WriteIndex {
        /// What was tried, as a verb.
        step: &'static str,
        /// The index, or a file beside it.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An index to throw away cannot be made.
    #[error("could not make an index to throw away: is there room in the directory for temporary files?")]
    ThrowAwayIndex(#[source] io::Error),
    /// A hook cannot be run.
    #[error("could not run the hook `{0}`")]
    RunHook(Hook, #[source] io::Error),
    /// The staged contents of a path cannot be read.
    #[error("could not read the staged contents `{0}`: `git fsck` names what is missing")]
    ReadBlob(String, #[source] Cause),
    /// A directory of `-C` cannot be gone to.
    #[error("could not go to `{}`, which -C names", .0.to_string_lossy().escape_debug())]
    ChangeDirectory(PathBuf, #[source] io::Error),
    /// git has set a name in its configuration, and it has not that value.
    #[error(
        "git could not set `{0}`: mend the end of the configuration file, which `git config --list --show-origin` names"
    )]
    NotConfigured(String),
    /// The current directory cannot be told.
    #[error("could not tell the current directory")]
    CurrentDirectory(#[source] io::Error),
}

impl Error {
    /// Returns what to do about the error.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        None
    }
}

/// What brings the missing part of a shallow clone.
const DEEPEN: &str =
    "fetch the whole history: `git fetch --unshallow`, and on a CI server `fetch-depth: 0` for the checkout";

/// How a revision that names no commit is one that does.
fn remedy(revision: &str, is_shallow: bool) -> &'static str {
    if revision.bytes().all(|byte| byte == b'0') {
        // What CI servers say of a branch that was pushed for the first time.
        "the branch is new: name the one that it began at, as in `origin/main..HEAD`"
    } else if is_shallow {
        DEEPEN
    } else {
        "fetch it first"
    }
}

/// What libgit2 or git says of a failure.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Cause(pub(super) String);
