//! `pre-receive`: what a server is about to get.

use std::error::Error;
use std::mem::ManuallyDrop;

use bstr::BString;

use super::super::commits::New;
use super::super::{Context, Outcome, check};
use crate::check::{Remedy, Report};
use crate::cli::CheckOptions;
use crate::git::{self, History, Known, ObjectId, RefUpdate};
use crate::policy::{FILE_NAME, Policy};
use crate::report;

/// Judges the commits that no ref of this repository reaches yet.
pub(super) fn run(
    options: &CheckOptions,
    input: &[u8],
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let (mut tips, mut names) = (Vec::new(), Vec::new());
    for update in RefUpdate::lines(input) {
        let update = update?;
        if let Some(id) = update.new.object() {
            tips.push(id);
            names.push(update.name);
        }
    }
    if tips.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let history = context.open_history()?;
    let Some(new) = New::commits(&history, &tips, Known::Refs) else { return Ok(Outcome::Allowed) };
    let policy = own_policy(options, &history, &tips, &names, context)?;
    let (findings, commits) = new.judged(&policy, &names, context.tell)?;
    if findings.is_empty() {
        return Ok(Outcome::Allowed);
    }
    check::finish(options, Report::new(&policy, findings, commits.len(), Remedy::RewriteBeforePush), context)
}

/// The policy of this side, so that no push loosens what it is judged by: that of the
/// commit that `HEAD` names; while there is none, of the commit that `HEAD` is about to
/// name. With a mistake in it, it is the built-in one, or the mistake could not be
/// mended by a push.
fn own_policy(
    options: &CheckOptions,
    history: &History,
    tips: &[ObjectId],
    names: &[BString],
    context: &mut Context,
) -> Result<ManuallyDrop<Policy>, Box<dyn Error>> {
    let text = || {
        let commit = match history.head()? {
            None => to_become_head(history, tips, names)?,
            head => head,
        };
        commit.map_or(Ok(None), |commit| history.file_in(commit, FILE_NAME))
    };
    let text: Option<Vec<u8>> = if options.config.file.is_some() { None } else { text()? };
    match context.policy(&options.config, &|_| Ok(text.clone())) {
        Err(mistake) if options.config.file.is_none() => {
            report::hooks::built_in_policy(&mut context.out, &mistake.to_string())?;
            Ok(ManuallyDrop::new(Policy::built_in()))
        }
        policy => policy,
    }
}

/// Where the push would have the branch that `HEAD` names.
fn to_become_head(
    history: &History,
    tips: &[ObjectId],
    names: &[BString],
) -> Result<Option<ObjectId>, git::Error> {
    let Some(branch) = history.head_branch()? else { return Ok(None) };
    let at = names.iter().position(|name| *name == branch);
    Ok(at.map(|at| tips[at]))
}
