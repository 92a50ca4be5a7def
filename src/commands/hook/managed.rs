//! `managed`: runs in every hook of pre-commit and prek.
//!
//! They do not pass the name of the hook, but variables that describe a push or a range.
//! Nested git processes inherit these, so they may widen the check but never narrow it.

use std::error::Error;

use bstr::BString;

use super::super::{Context, Outcome, check};
use super::pre_push::{self, Push, local_branch};
use crate::check::commits::Tip;
use crate::check::{Check, Trigger};
use crate::cli::CheckOptions;
use crate::git::{Hook, MergedParents};

/// Checks pushed commits or a range if the variables describe one, and staged changes.
///
/// Staged changes are checked unless the hook is certainly not one of a commit.
pub(super) fn run(options: &CheckOptions, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let ends = variable(context, "PRE_COMMIT_FROM_REF").zip(variable(context, "PRE_COMMIT_TO_REF"));
    let branch = variable(context, "PRE_COMMIT_LOCAL_BRANCH");
    let has_commits = branch.is_some() || ends.is_some();
    let outcome = match (branch, ends) {
        // A push. The first push of a branch has no ends, and a forced one may replace a
        // commit that was not fetched.
        (Some(branch), ends) => {
            let history = context.open_history()?;
            let known = ends.as_ref().and_then(|(from, _)| history.resolve(from).ok());
            let id = history.resolve(ends.as_ref().map_or(&branch, |(_, to)| to))?;
            let branch = local_branch(branch.as_bytes());
            let reference = variable(context, "PRE_COMMIT_REMOTE_BRANCH").map(BString::from);
            let remote = variable(context, "PRE_COMMIT_REMOTE_NAME").map(BString::from);
            let push = Push {
                tips: vec![Tip { id, reference, branch }],
                remote,
                known: known.into_iter().collect(),
            };
            pre_push::check_push(options, &history, &push, context)?
        }
        // A manual run with `--from-ref` and `--to-ref`.
        (None, Some((from, to))) => {
            let check = Check { environment: &context.environment, config: options.config.file.as_deref() };
            let report = check.range(&from, &to, context.show_progress)?;
            check::finish(options, report, context)?
        }
        (None, None) => Outcome::Allowed,
    };
    // git sets this variable only for the hooks of a commit.
    let is_commit = context.environment.var("GIT_INDEX_FILE").is_some();
    if outcome != Outcome::Allowed || (has_commits && !is_commit) {
        return Ok(outcome);
    }
    check::staged(options, Trigger::Hook(merged_parents(context)?), context)
}

/// Returns which commits the next commit has as parents beside `HEAD`.
///
/// Both managers name the source of the message that `prepare-commit-msg` prepares, and prek
/// names the hook. `git merge` names the merged commits in variables, which a hook that runs
/// after a squashed merge inherits. `SQUASH_MSG` exists then.
fn merged_parents(context: &Context) -> Result<MergedParents, Box<dyn Error>> {
    if let Some(source) = context.environment.var("PRE_COMMIT_COMMIT_MSG_SOURCE") {
        return Ok(MergedParents::for_message(None, Some(source), &context.environment));
    }
    let is_merge = match variable(context, "PREK_HOOK_STAGE") {
        Some(stage) => stage == Hook::PreMergeCommit.name(),
        None => !context.open_history()?.git_dir().join("SQUASH_MSG").exists(),
    };
    Ok(if is_merge { MergedParents::Announced } else { MergedParents::MergeHead })
}

/// Returns the value of a variable that is not empty.
///
/// A value that is not UTF-8 is converted: it names no commit in either form.
fn variable(context: &Context, name: &str) -> Option<String> {
    let value = context.environment.var(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}
