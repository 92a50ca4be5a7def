//! Reads repositories. Knows no rule.
//!
//! `Repository` reads the index and the worktree, `History` reads commits. No function here
//! writes to a repository without its lock, or uses the network.
//!
//! A check reads as little as possible, in this order:
//!
//! 1. A walk over the bytes of the index file ([`walk_index`]) looks for entries that a rule
//!    may refuse. Most commits have none, and then nothing else is read.
//! 2. One reader compares these candidates with the parents of the next commit. libgit2 reads
//!    the index and the trees of the parents. If the index is large or sparse, the walk reads
//!    the index and libgit2 only the trees. If the index is split or has an unknown extension
//!    that changes it, or if libgit2 cannot open the repository (SHA-256, reftable, …),
//!    `git diff-index` does the comparison.
//! 3. If a rule depends on the siblings of a path, they are looked up in the reader's index,
//!    in a second walk, or in the output of git: `git ls-tree` for a directory of a sparse
//!    index, `git diff-index` for an index that only git can read.

mod blobs;
mod checked_out;
mod chunk_reader;
mod command;
mod configured_hooks;
mod diff_index;
mod error;
mod grep;
mod history;
mod hook;
mod hook_probe;
mod hooks_path;
mod ignore_rules;
mod index_file;
mod index_lock;
mod index_update;
mod layout;
mod libgit2;
mod loose_object;
mod merged_parents;
mod object_id;
mod object_reader;
mod operation;
mod path_state;
mod quoted_path;
mod ref_update;
mod renames;
mod repository;
mod repository_kind;
mod rule_files;
mod running;
mod scan;
mod submodules;
mod subtree;
mod tracked_paths;
mod untracked;
pub(crate) mod user_path;
mod watchdog;
mod worktree;

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rustix::fs::OFlags;

pub(crate) use blobs::{Blob, Blobs};
pub(crate) use checked_out::CheckedOut;
pub(crate) use command::Git;
pub(crate) use configured_hooks::{ConfigScope, ConfiguredHook};
pub(crate) use configured_hooks::{
    check_global_files, configured_hooks, has_run_configured_hook, too_old_for_configured_hooks,
    version_without_configured_hooks,
};
pub use error::{Cause, Error};
pub(crate) use grep::GrepTarget;
pub use history::Remote;
pub(crate) use history::{Commit, CommitTrees, Exclude, History, Log};
pub use hook::{Hook, UnknownHook};
pub(crate) use hook_probe::{HookProbe, HookRun};
pub(crate) use hooks_path::{HooksPath, Origin};
pub(crate) use ignore_rules::{exclude_file, ignore_rule, not_ignored, typical_files};
pub use index_file::{Checksum, IndexSummary, RawEntry, Unreadable, walk as walk_index};
pub(crate) use index_update::{IndexChange, IndexUpdate};
pub(crate) use layout::Layout;
pub use merged_parents::MergedParents;
pub use object_id::{ObjectFormat, ObjectId};
pub use operation::Operation;
pub(crate) use path_state::{CommittedIn, EntryBits, Object, PathState, path_states};
pub(crate) use quoted_path::unquote;
pub(crate) use ref_update::{PushedRef, RefUpdate, Target};
pub(crate) use renames::{OldNames, old_names};
pub(crate) use repository::{Examined, MayRefuse, Repository};
pub(crate) use repository_kind::{RepositoryKind, linked_worktrees};
pub(crate) use rule_files::RuleFiles;
pub(crate) use scan::Scan;
pub(crate) use submodules::submodules;
pub(crate) use tracked_paths::TrackedPaths;
pub(crate) use untracked::{IgnoredFiles, untracked, untracked_under};
pub use watchdog::{Stall, on_timeout};
pub(crate) use worktree::{WorktreeState, worktree_states};

/// Reads a regular file, following symlinks.
///
/// # Errors
///
/// The file cannot be read, or is not regular: reading a FIFO would block.
pub(crate) fn read_regular_file(path: &Path) -> io::Result<Vec<u8>> {
    // The flag keeps a FIFO from blocking, and changes nothing for a regular file.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let mut file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut contents = Vec::new();
    file.read_to_end(&mut contents)?;
    Ok(contents)
}

/// Reads a regular file, following symlinks; `None` if `path` does not exist.
///
/// # Errors
///
/// `path` exists, but is not a regular file or cannot be read.
fn read_optional_file(path: PathBuf) -> Result<Option<Vec<u8>>, Error> {
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::ReadFile(path, error)),
        Ok(_) => read_regular_file(&path).map(Some).map_err(|error| Error::ReadFile(path, error)),
    }
}
