//! `managed`: what pre-commit and prek run, in every hook alike. They do not say which
//! one it is, but tell in the environment what it is about. A hook may run git in its
//! turn, and that one's hooks have the same environment: so what it tells is asked for
//! more, and never for less.

use std::env;
use std::error::Error;

use bstr::BString;

use super::super::check::{self, Moment};
use super::super::{Outcome, Output, Tell};
use super::pre_push;
use crate::cli::Options;
use crate::git::{History, ObjectId};

/// Judges what is pushed or the commits of a range, where it is about those; and what is
/// staged, where it may be about a commit.
pub(super) fn run(options: &Options, tell: Tell, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let ends = variable("PRE_COMMIT_FROM_REF").zip(variable("PRE_COMMIT_TO_REF"));
    let branch = variable("PRE_COMMIT_LOCAL_BRANCH");
    let is_about_commits = branch.is_some() || ends.is_some();
    let outcome = match (branch, ends) {
        // A push. That of a whole history has no ends, and one that is forced may be over a
        // commit that is not here.
        (Some(branch), ends) => {
            let history = History::open()?;
            let known = ends.as_ref().and_then(|(from, _)| history.resolve(from).ok());
            let tip = history.resolve(ends.as_ref().map_or(&branch, |(_, to)| to))?;
            pushed(options, &history, tip, known.as_slice(), tell, out)?
        }
        // A run by hand, with `--from-ref` and `--to-ref`.
        (None, Some((from, to))) => check::range(options, &from, &to, tell, out)?,
        (None, None) => Outcome::Allowed,
    };
    // git names the index to the hooks of a commit, and to no others.
    let is_commit = env::var_os("GIT_INDEX_FILE").is_some();
    if outcome != Outcome::Allowed || is_about_commits && !is_commit {
        return Ok(outcome);
    }
    check::staged(options, moment()?, out)
}

/// git announces to a merge in the environment alone what is merged. The hooks that run
/// after one have that environment too: prek says which hook it is, and where pre-commit
/// does not, a squash that waits for its commit tells that it is no merge.
fn moment() -> Result<Moment, Box<dyn Error>> {
    let is_merge = match variable("PREK_HOOK_STAGE") {
        Some(stage) => stage == "pre-merge-commit",
        None => !History::open()?.git_dir().join("SQUASH_MSG").exists(),
    };
    Ok(if is_merge { Moment::PreMergeCommit } else { Moment::PreCommit })
}

fn pushed(
    options: &Options,
    history: &History,
    tip: ObjectId,
    known: &[ObjectId],
    tell: Tell,
    out: &mut Output,
) -> Result<Outcome, Box<dyn Error>> {
    let name = variable("PRE_COMMIT_REMOTE_BRANCH").map(BString::from);
    pre_push::judge(options, history, &[tip], name.as_slice(), known, tell, out)
}

/// A variable of the environment that holds something. What is not UTF-8 names no commit.
fn variable(name: &str) -> Option<String> {
    let value = env::var_os(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}
