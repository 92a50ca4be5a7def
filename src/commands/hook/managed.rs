//! `managed`: what pre-commit and prek run, in every hook alike. They do not say which
//! one it is, but tell in the environment what it is about.

use std::env;
use std::error::Error;

use bstr::BString;

use super::super::check::{self, Moment};
use super::super::{Outcome, Output, Tell};
use super::pre_push;
use crate::cli::Options;
use crate::git::{History, ObjectId};

/// Judges what is pushed, the commits of a range, or what is staged.
pub(super) fn run(options: &Options, tell: Tell, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let ends = variable("PRE_COMMIT_FROM_REF").zip(variable("PRE_COMMIT_TO_REF"));
    match (variable("PRE_COMMIT_LOCAL_BRANCH"), ends) {
        // A push. That of a whole history has no ends, and neither has one that is forced
        // over commits that were never fetched.
        (Some(branch), ends) => {
            let history = History::open()?;
            let known = ends.as_ref().and_then(|(from, _)| history.resolve(from).ok());
            let tip = history.resolve(ends.as_ref().map_or(&branch, |(_, to)| to))?;
            pushed(options, &history, tip, known.as_slice(), tell, out)
        }
        // A run by hand, with `--from-ref` and `--to-ref`.
        (None, Some((from, to))) => check::range(options, &from, &to, tell, out),
        // git announces to a merge in the environment alone what is merged.
        (None, None) => check::staged(options, Moment::PreMergeCommit, out),
    }
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
