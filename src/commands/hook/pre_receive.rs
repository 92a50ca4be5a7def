//! `pre-receive`: checks the commits that this repository is about to receive.

use std::error::Error;

use super::super::{Context, Outcome, check};
use crate::check::commits::{self, Tip};
use crate::check::{Remedy, Report};
use crate::cli::CheckOptions;
use crate::git::{self, Exclude, History, ObjectId, RefUpdate};
use crate::policy::{FILE_NAME, Policy};
use crate::report;

/// Checks the commits that no ref of this repository reaches yet.
pub(super) fn run(
    options: &CheckOptions,
    input: &[u8],
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let mut tips = Vec::new();
    for update in RefUpdate::lines(input) {
        let update = update?;
        tips.extend(update.new.object().map(|id| Tip { id, reference: Some(update.name), branch: None }));
    }
    if tips.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let history = context.open_history()?;
    let log = history.log(&commits::ids(&tips), Exclude::AllRefs)?;
    let Some(log) = log.non_empty()? else { return Ok(Outcome::Allowed) };
    let policy = own_policy(options, &history, &tips, context)?;
    let checked = commits::check(log, history.trees(), policy, &tips, context.show_progress)?;
    if checked.findings.is_empty() {
        return Ok(Outcome::Allowed);
    }
    check::finish(
        options,
        Report::new(policy, checked.findings, checked.examined, Remedy::RewriteBeforePush),
        context,
    )
}

/// Reads the policy of this repository, so that a push cannot loosen its own rules.
///
/// The policy is in the commit that `HEAD` names or, if there is none, in the commit that the
/// push gives to `HEAD`. An invalid policy is replaced by the built-in one: otherwise no push
/// could correct it.
pub(super) fn own_policy(
    options: &CheckOptions,
    history: &History,
    tips: &[Tip],
    context: &mut Context,
) -> Result<&'static Policy, Box<dyn Error>> {
    let text = if options.config.file.is_some() { None } else { own_policy_file(history, tips)? };
    match context.policy(&options.config, |_| Ok(text)) {
        Err(mistake) if options.config.file.is_none() => {
            report::hooks::built_in_policy(&mut context.out, &mistake.to_string())?;
            Ok(Box::leak(Box::new(Policy::built_in())))
        }
        policy => policy,
    }
}

fn own_policy_file(history: &History, tips: &[Tip]) -> Result<Option<Vec<u8>>, git::Error> {
    let commit = match history.head()? {
        None => new_head(history, tips)?,
        head => head,
    };
    commit.map_or(Ok(None), |commit| history.trees().file(commit, FILE_NAME.into()))
}

/// Returns the commit that the push gives to the branch that `HEAD` names.
fn new_head(history: &History, tips: &[Tip]) -> Result<Option<ObjectId>, git::Error> {
    let Some(branch) = history.head_branch()? else { return Ok(None) };
    let is_branch = |tip: &&Tip| tip.reference.as_ref().is_some_and(|reference| *reference == branch);
    Ok(tips.iter().find(is_branch).map(|tip| tip.id))
}
