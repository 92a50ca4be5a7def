//! The error of the session directory, of a stow and of an undo.

use std::io;
use std::path::PathBuf;

use bstr::BString;

use crate::disk::DiskError;
use crate::git;
use crate::report::escape::{display_path, escape};

/// The reason why the session directory cannot be used, or a stow or an undo fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A symlink is in the place of a directory.
    #[error("`{}` is a symlink to `{}`", escape(.path), display_path(.target))]
    Symlink {
        /// The path, relative to the worktree.
        path: BString,
        /// The target of the symlink.
        target: PathBuf,
    },
    /// Something else is in the place of a directory.
    #[error("`{}` is not a directory", escape(.0))]
    NotADirectory(BString),
    /// An ignore rule of the project excepts the session directory.
    #[error("git does not ignore `{}` because of {}", escape(.path), escape(.rule))]
    NotIgnored {
        /// The path, relative to the worktree.
        path: BString,
        /// The rule, as `FILE:LINE: PATTERN`.
        rule: String,
    },
    /// The path has a merge conflict.
    #[error("`{}` has a merge conflict", escape(.0))]
    Unmerged(BString),
    /// Neither the index nor the worktree has the path.
    #[error("`{}` does not exist", escape(.0))]
    MissingPath(BString),
    /// No rule refuses a file in the directory.
    #[error("nothing in {} is refused", name_directory(.0))]
    NothingRefused(BString),
    /// The path is inside a git directory.
    #[error("`{}` is in the git directory", escape(.0))]
    InGitDirectory(BString),
    /// The path is inside another repository.
    #[error("`{}` belongs to another repository, `{}`", escape(.path), escape(.repository))]
    OtherRepository {
        /// The path, relative to the worktree.
        path: BString,
        /// The other repository, relative to the worktree.
        repository: BString,
    },
    /// A directory above the path is a symlink.
    #[error("`{}` is behind a symlink", escape(.0))]
    BehindSymlink(BString),
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A git operation failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A signal arrived.
    #[error("interrupted")]
    Interrupted,
    /// A stow or an undo failed and was rolled back.
    #[error("nothing was {action}{}", list_displaced(.displaced))]
    RolledBack {
        /// What was not done, as a participle: `stowed`, `undone`.
        action: &'static str,
        /// The files that could not be moved back: their old and their new path.
        displaced: Vec<(BString, BString)>,
        /// The error that stopped it.
        source: Box<Error>,
    },
    /// There is no record of a stow.
    #[error("there is no stow to undo")]
    NothingToUndo,
    /// Another file has the name of the record of a stow.
    #[error("`{}` is not a record of a stow", display_path(.0))]
    NotARecord(PathBuf),
    /// The last stow changed another index.
    #[error("the last stow changed the index `{}`", escape(.0))]
    OtherIndex(BString),
    /// A file or an entry changed since the stow.
    #[error("nothing was undone: `{}` {obstacle}", escape(.path))]
    CannotUndo {
        /// The path, relative to the worktree.
        path: BString,
        /// What changed.
        obstacle: Obstacle,
    },
    /// A file was written to during the stow.
    #[error("`{}` was changed meanwhile", escape(.0))]
    ChangedMeanwhile(BString),
    /// A staged object was pruned since the stow.
    #[error("nothing was undone: git has pruned the staged object {0}")]
    Pruned(String),
}

/// What keeps a path from being undone. Displayed as a predicate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Obstacle {
    /// Its entry in the index.
    #[error("has changed in the index since")]
    Entry,
    /// A file of another type in the place of the moved one.
    #[error("was replaced where it was put")]
    Replaced,
    /// Nothing in the place of the moved file.
    #[error("is no longer where it was put")]
    Gone,
    /// A file at its path that the stow did not write.
    #[error("has changed since, or something is in its place")]
    Occupied,
}

impl Error {
    /// Returns what the user can do about it.
    #[must_use]
    pub(crate) fn help(&self) -> Option<String> {
        let help = match self {
            Self::Symlink { .. } => "replace the symlink by a directory",
            Self::NotADirectory(_) => "move it away: a directory of that name is needed",
            Self::NotIgnored { .. } => "remove that rule",
            Self::Unmerged(_) => "resolve the conflict first",
            Self::NothingRefused(_) => "name the files themselves",
            Self::OtherRepository { .. } => "run the command in that repository",
            Self::BehindSymlink(_) => "name the file by its path without symlinks",
            Self::ChangedMeanwhile(_) => "run `stow` again",
            Self::NotARecord(_) => "move it away: a stow writes a file of that name",
            Self::OtherIndex(_) => "name that index with `GIT_INDEX_FILE`",
            Self::Disk(error) if error.source.kind() == io::ErrorKind::CrossesDevices => {
                "move it with `mv`, which copies it, and take it out of the commit with `git reset`"
            }
            Self::Git(error) => return error.help(),
            Self::RolledBack { source, .. } => return source.help(),
            Self::MissingPath(_)
            | Self::InGitDirectory(_)
            | Self::Disk(_)
            | Self::Interrupted
            | Self::NothingToUndo
            | Self::CannotUndo { .. }
            | Self::Pruned(_) => return None,
        };
        Some(help.to_owned())
    }
}

/// Returns the name of a directory. The empty path is the top of the worktree.
fn name_directory(path: &BString) -> String {
    if path.is_empty() { "the worktree".to_owned() } else { format!("`{}/`", escape(path)) }
}

fn list_displaced(displaced: &[(BString, BString)]) -> String {
    let name = |(from, to): &(BString, BString)| format!("; `{}` is now `{}`", escape(from), escape(to));
    displaced.iter().map(name).collect()
}
