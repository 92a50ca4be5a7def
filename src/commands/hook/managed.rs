//! `managed`: what pre-commit and prek run in every hook.
//!
//! They do not name the hook, but set variables that tell what it is about. Nested git
//! processes inherit these, so the variables may widen the check but never narrow it.

use std::error::Error;

use bstr::BString;

use super::super::{Context, Outcome, check};
use super::pre_push::{self, Push};
use crate::check::commits::Tip;
use crate::check::{Check, Trigger};
use crate::cli::CheckOptions;
use crate::git::Hook;

/// Checks what is pushed or the commits of a range, if the hook is about those; and what is
/// staged, if it may be about a commit.
pub(super) fn run(options: &CheckOptions, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let ends = variable(context, "PRE_COMMIT_FROM_REF").zip(variable(context, "PRE_COMMIT_TO_REF"));
    let branch = variable(context, "PRE_COMMIT_LOCAL_BRANCH");
    let has_commits = branch.is_some() || ends.is_some();
    let outcome = match (branch, ends) {
        // A push. The first push of a branch has no ends, and a forced one may replace a
        // commit that was not fetched.
        (Some(branch), ends) => {
            let history = context.open_history()?;
            let remote = ends.as_ref().and_then(|(from, _)| history.resolve(from).ok());
            let id = history.resolve(ends.as_ref().map_or(&branch, |(_, to)| to))?;
            let reference = variable(context, "PRE_COMMIT_REMOTE_BRANCH").map(BString::from);
            let push = Push { tips: vec![Tip { id, reference }], remote: remote.into_iter().collect() };
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
    // git sets this for the hooks of a commit alone.
    let is_commit = context.environment.var("GIT_INDEX_FILE").is_some();
    if outcome != Outcome::Allowed || has_commits && !is_commit {
        return Ok(outcome);
    }
    check::staged(options, Trigger::Hook(commit_hook(context)?), context)
}

/// Returns which hook of a commit this is.
///
/// git names the commits of a merge in the environment, which hooks that run after the merge
/// inherit. prek names the hook; without prek, a squash that waits for its commit shows that
/// the merge is over.
fn commit_hook(context: &Context) -> Result<Hook, Box<dyn Error>> {
    let is_merge = match variable(context, "PREK_HOOK_STAGE") {
        Some(stage) => stage == Hook::PreMergeCommit.name(),
        None => !context.open_history()?.git_dir().join("SQUASH_MSG").exists(),
    };
    Ok(if is_merge { Hook::PreMergeCommit } else { Hook::PreCommit })
}

/// Returns a variable that is not empty. A value that is not UTF-8 names no commit.
fn variable(context: &Context, name: &str) -> Option<String> {
    let value = context.environment.var(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}
