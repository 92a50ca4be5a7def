//! `managed`: what pre-commit and prek run in every hook alike.
//!
//! They do not pass the name of the hook, but describe the event in the environment. Nested
//! git processes inherit this environment, so it may widen the check but never narrow it.

use std::error::Error;

use bstr::BString;

use super::super::check::{self, Moment};
use super::super::commits::Tip;
use super::super::{Context, Outcome};
use super::pre_push::{self, Push};
use crate::cli::CheckOptions;

/// Checks the commits of a push or of a range, and what is staged if there may be a commit.
pub(super) fn run(options: &CheckOptions, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let ends = variable(context, "PRE_COMMIT_FROM_REF").zip(variable(context, "PRE_COMMIT_TO_REF"));
    let branch = variable(context, "PRE_COMMIT_LOCAL_BRANCH");
    let has_commits = branch.is_some() || ends.is_some();
    let outcome = match (branch, ends) {
        // A push. The push of a whole history has no ends, and a forced one may replace a
        // commit that was not fetched.
        (Some(branch), ends) => {
            let history = context.open_history()?;
            let remote = ends.as_ref().and_then(|(from, _)| history.resolve(from).ok());
            let id = history.resolve(ends.as_ref().map_or(&branch, |(_, to)| to))?;
            let reference = variable(context, "PRE_COMMIT_REMOTE_BRANCH").map(BString::from);
            let push = Push { tips: vec![Tip { id, reference }], remote: remote.into_iter().collect() };
            pre_push::judge(options, &history, &push, context)?
        }
        // A run from the command line, with `--from-ref` and `--to-ref`.
        (None, Some((from, to))) => check::range(options, &from, &to, context)?,
        (None, None) => Outcome::Allowed,
    };
    // git sets this variable for the hooks of a commit only.
    let is_commit = context.environment.var("GIT_INDEX_FILE").is_some();
    if outcome != Outcome::Allowed || has_commits && !is_commit {
        return Ok(outcome);
    }
    check::staged(options, moment(context)?, context)
}

/// Tells a merge from another commit.
///
/// Both have the `GITHEAD_…` variables of a merge if they run after one. prek passes the name
/// of the hook. pre-commit does not, but `SQUASH_MSG` shows that the merge was a squash.
fn moment(context: &Context) -> Result<Moment, Box<dyn Error>> {
    let is_merge = match variable(context, "PREK_HOOK_STAGE") {
        Some(stage) => stage == "pre-merge-commit",
        None => !context.open_history()?.git_dir().join("SQUASH_MSG").exists(),
    };
    Ok(if is_merge { Moment::PreMergeCommit } else { Moment::PreCommit })
}

/// Returns a variable that is not empty. A value that is not UTF-8 does not name a commit.
fn variable(context: &Context, name: &str) -> Option<String> {
    let value = context.environment.var(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}
