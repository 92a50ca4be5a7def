//! `managed`: what pre-commit and prek run, in every hook alike. They do not say which
//! one it is, but tell in the environment what it is about. A hook may run git in its
//! turn, and that one's hooks have the same environment: so what it tells is asked for
//! more, and never for less.

use std::error::Error;

use bstr::BString;

use super::super::check::{self, Moment};
use super::super::commits::Tip;
use super::super::{Context, Outcome};
use super::pre_push::{self, Push};
use crate::cli::CheckOptions;

/// Judges what is pushed or the commits of a range, where it is about those; and what is
/// staged, where it may be about a commit.
pub(super) fn run(options: &CheckOptions, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let ends = variable(context, "PRE_COMMIT_FROM_REF").zip(variable(context, "PRE_COMMIT_TO_REF"));
    let branch = variable(context, "PRE_COMMIT_LOCAL_BRANCH");
    let is_about_commits = branch.is_some() || ends.is_some();
    let outcome = match (branch, ends) {
        // A push. That of a whole history has no ends, and one that is forced may be over a
        // commit that is not here.
        (Some(branch), ends) => {
            let history = context.open_history()?;
            let remote = ends.as_ref().and_then(|(from, _)| history.resolve(from).ok());
            let id = history.resolve(ends.as_ref().map_or(&branch, |(_, to)| to))?;
            let reference = variable(context, "PRE_COMMIT_REMOTE_BRANCH").map(BString::from);
            let push = Push { tips: vec![Tip { id, reference }], remote: remote.into_iter().collect() };
            pre_push::judge(options, &history, &push, context)?
        }
        // A run by hand, with `--from-ref` and `--to-ref`.
        (None, Some((from, to))) => check::range(options, &from, &to, context)?,
        (None, None) => Outcome::Allowed,
    };
    // git names the index to the hooks of a commit, and to no others.
    let is_commit = context.environment.var("GIT_INDEX_FILE").is_some();
    if outcome != Outcome::Allowed || is_about_commits && !is_commit {
        return Ok(outcome);
    }
    check::staged(options, moment(context)?, context)
}

/// git announces to a merge in the environment alone what is merged. The hooks that run
/// after one have that environment too: prek says which hook it is, and where pre-commit
/// does not, a squash that waits for its commit tells that it is no merge.
fn moment(context: &Context) -> Result<Moment, Box<dyn Error>> {
    let is_merge = match variable(context, "PREK_HOOK_STAGE") {
        Some(stage) => stage == "pre-merge-commit",
        None => !context.open_history()?.git_dir().join("SQUASH_MSG").exists(),
    };
    Ok(if is_merge { Moment::PreMergeCommit } else { Moment::PreCommit })
}

/// A variable of the environment that holds something. What is not UTF-8 names no commit.
fn variable(context: &Context, name: &str) -> Option<String> {
    let value = context.environment.var(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}
