//! The parents that the next commit has beside `HEAD`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::Hook;
use crate::environment::Environment;

/// Where git takes the parents of the next commit from, beside `HEAD`.
///
/// While a merge waits to be committed, `git cherry-pick`, `git revert` and `git am` make commits
/// with a single parent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MergedParents {
    /// There are none.
    None,
    /// `MERGE_HEAD`, if it exists.
    MergeHead,
    /// The variables `GITHEAD_<id>`: `git merge` has not written `MERGE_HEAD` yet.
    ///
    /// They may be left over, so that only `pre-merge-commit` respects them.
    Announced,
}

impl MergedParents {
    /// Returns where the parents come from when git runs `hook` with these arguments.
    pub(crate) fn for_hook(hook: Hook, arguments: &[OsString], environment: &Environment) -> Self {
        match hook {
            Hook::PreMergeCommit => Self::Announced,
            Hook::PreApplypatch => Self::None,
            Hook::PrepareCommitMsg => {
                let [file, source] = [0, 1].map(|at| arguments.get(at).map(OsString::as_os_str));
                Self::for_message(file, source, environment)
            }
            Hook::PreCommit | Hook::PrePush | Hook::ReferenceTransaction | Hook::PreReceive => {
                Self::MergeHead
            }
        }
    }

    /// Returns where the parents come from when git runs `prepare-commit-msg`.
    ///
    /// `file` and `source` are its first two arguments, if they are known.
    pub(crate) fn for_message(
        file: Option<&OsStr>,
        source: Option<&OsStr>,
        environment: &Environment,
    ) -> Self {
        let is_unknown = file.is_none() && source.is_none();
        let is_merge = source.is_some_and(|source| source == "merge")
            || file.is_some_and(|file| Path::new(file).ends_with("MERGE_MSG"));
        if is_unknown || is_merge || is_run_by_commit(environment) { Self::MergeHead } else { Self::None }
    }
}

/// Whether `git commit` runs the hook: it exports the author, with a date in its own form.
fn is_run_by_commit(environment: &Environment) -> bool {
    environment.var("GIT_AUTHOR_DATE").is_some_and(|date| date.as_encoded_bytes().starts_with(b"@"))
}
