//! Reads repositories. Knows no rule.
//!
//! `Repository` says what is staged and tracked, `History` what commits change. Nothing
//! here writes to a repository without its lock, or reaches the network.
//!
//! A check reads as little as possible, in this order:
//!
//! 1. A walk over the bytes of the index file ([`walk_index`]) looks for entries that a rule
//!    may refuse. There are none in most commits, and nothing else is read.
//! 2. One reader decides about these. libgit2 reads the index and the trees of the parents.
//!    If the index is large, the entries of the walk are compared with libgit2's trees. If
//!    the index is split or sparse, or libgit2 cannot open the repository (SHA-256,
//!    reftable, …), `git diff-index` decides.
//! 3. If a rule asks what is beside a path, the reader's index, a second walk, or
//!    `git ls-files` says so.

mod chunk_reader;
mod command;
mod configured_hooks;
mod diff_index;
mod error;
mod history;
mod hook;
mod hooks_path;
mod ignore_rules;
mod index_file;
mod index_lock;
mod index_update;
mod layout;
mod libgit2;
mod object_id;
mod operation;
mod path_state;
mod quoted_path;
mod ref_update;
mod renames;
mod repository;
mod scan;
mod scratch_index;
mod tracked_paths;
mod untracked;
pub(crate) mod user_path;
mod watchdog;
mod worktree;

use std::path::Path;
use std::{fs, io};

pub(crate) use command::Git;
pub(crate) use configured_hooks::{ConfigScope, ConfiguredHook};
pub(crate) use configured_hooks::{configured_hooks, too_old_for_configured_hooks};
pub use error::{Cause, Error};
pub(crate) use history::{Commit, CommitTrees, Exclude, History, Log};
pub use hook::{Hook, UnknownHook};
pub(crate) use hooks_path::{HooksPath, Origin};
pub(crate) use ignore_rules::{exclude_file, ignore_rule, not_ignored};
pub use index_file::{Checksum, IndexSummary, RawEntry, Unreadable, walk as walk_index};
pub(crate) use index_update::{IndexChange, IndexUpdate};
pub(crate) use layout::Layout;
pub use object_id::{ObjectFormat, ObjectId};
pub use operation::Operation;
pub(crate) use path_state::{Object, PathState, path_states};
pub(crate) use quoted_path::unquote;
pub(crate) use ref_update::{PushedRef, RefUpdate, Target};
pub(crate) use renames::old_names;
pub(crate) use repository::{Examined, MayRefuse, Repository};
pub(crate) use scan::Scan;
pub(crate) use scratch_index::ScratchIndex;
pub(crate) use tracked_paths::TrackedPaths;
pub(crate) use untracked::{IgnoredFiles, untracked, untracked_under};
pub use watchdog::on_timeout;
pub(crate) use worktree::{WorktreeState, worktree_states};

/// Reads a regular file, or one that a symlink names. Reading a FIFO would wait for ever.
///
/// # Errors
///
/// It is not a regular file, or cannot be read.
pub(crate) fn read_regular_file(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() { fs::read(path) } else { Err(io::Error::other("not a regular file")) }
}
