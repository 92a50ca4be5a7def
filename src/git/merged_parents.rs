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
    /// `file` and `source` are its first two arguments, if they are known. Some managers of hooks
    /// pass none.
    pub(crate) fn for_message(
        file: Option<&OsStr>,
        source: Option<&OsStr>,
        environment: &Environment,
    ) -> Self {
        let is_merge = match (file, source) {
            (None, None) => is_run_by_merge(environment),
            (file, source) => {
                source.is_some_and(|source| source == "merge")
                    || file.is_some_and(|file| Path::new(file).ends_with("MERGE_MSG"))
            }
        };
        if is_merge || is_run_by_commit(environment) { Self::MergeHead } else { Self::None }
    }
}

/// Whether `git merge` may run the hook: it exports the action that the reflog names.
///
/// Old versions of `git cherry-pick` and `git revert` export it, too.
fn is_run_by_merge(environment: &Environment) -> bool {
    let action = environment.var("GIT_REFLOG_ACTION").unwrap_or_default().as_encoded_bytes();
    !action.is_empty() && !action.starts_with(b"cherry-pick") && !action.starts_with(b"revert")
}

/// Whether `git commit` runs the hook: it exports the author, with a date in its own form.
fn is_run_by_commit(environment: &Environment) -> bool {
    environment.var("GIT_AUTHOR_DATE").is_some_and(|date| date.as_encoded_bytes().starts_with(b"@"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use super::MergedParents;
    use crate::environment::Environment;
    use crate::git::Hook;

    #[test]
    fn prepare_commit_msg_tells_commits_from_picks() {
        const COMMIT: (&str, &str) = ("GIT_AUTHOR_DATE", "@1700000000 +0000");
        const DATE: (&str, &str) = ("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z");
        const MERGE: (&str, &str) = ("GIT_REFLOG_ACTION", "merge other");
        const PICK: (&str, &str) = ("GIT_REFLOG_ACTION", "cherry-pick");
        for (arguments, variables, expected) in [
            (&["COMMIT_EDITMSG", "message"][..], &[COMMIT][..], MergedParents::MergeHead),
            (&["COMMIT_EDITMSG", "merge"], &[COMMIT], MergedParents::MergeHead),
            (&["COMMIT_EDITMSG", "commit", "HEAD"], &[COMMIT], MergedParents::MergeHead),
            (&["MERGE_MSG", "merge"], &[MERGE], MergedParents::MergeHead),
            (&[".git/MERGE_MSG"], &[], MergedParents::MergeHead),
            (&["COMMIT_EDITMSG", "message"], &[], MergedParents::None),
            (&["COMMIT_EDITMSG", "message"], &[DATE], MergedParents::None),
            (&["COMMIT_EDITMSG", "message"], &[PICK], MergedParents::None),
            (&["COMMIT_EDITMSG"], &[], MergedParents::None),
            (&[], &[COMMIT], MergedParents::MergeHead),
            (&[], &[MERGE], MergedParents::MergeHead),
            (&[], &[PICK], MergedParents::None),
            (&[], &[], MergedParents::None),
        ] {
            let pairs = variables.iter().map(|(name, value)| (name.into(), value.into()));
            let environment = Environment::new(PathBuf::from("/"), pairs);
            let given: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            let parents = MergedParents::for_hook(Hook::PrepareCommitMsg, &given, &environment);
            assert_eq!(parents, expected, "{arguments:?} {variables:?}");
        }
    }
}
