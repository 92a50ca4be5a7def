//! `pre-push`: what another repository is about to get.

use std::error::Error;

use bstr::BString;

use super::super::commits::New;
use super::super::{Context, Outcome, check};
use crate::check::{Remedy, Report};
use crate::cli::CheckOptions;
use crate::git::{History, Known, ObjectId, PushedRef};

/// Judges the commits that no branch of any remote and nothing on the other side has
/// yet. A fork or a URL that is pushed to for the first time has no branches here, so
/// those of the other remotes count: their history is not judged again.
pub(super) fn run(
    options: &CheckOptions,
    input: &[u8],
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let (mut tips, mut names, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for pushed in PushedRef::lines(input) {
        let PushedRef { local, name, remote } = pushed?;
        if let Some(id) = local.object() {
            tips.push(id);
            names.push(name);
        }
        known.extend(remote.object());
    }
    if tips.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let history = context.open_history()?;
    // The other side may be ahead of what was fetched.
    let known = history.present(known)?;
    judge(options, &history, &tips, &names, &known, context)
}

/// Judges the commits that are new with `tips`, which are pushed to the refs called
/// `names`. The other side has `known`.
pub(super) fn judge(
    options: &CheckOptions,
    history: &History,
    tips: &[ObjectId],
    names: &[BString],
    known: &[ObjectId],
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let Some(new) = New::commits(history, tips, Known::RemotesAnd(known)) else {
        return Ok(Outcome::Allowed);
    };
    let policy = context.policy(&options.config, &|name| history.top_level_file(name))?;
    let (findings, commits) = new.judged(&policy, names, context.tell)?;
    if findings.is_empty() {
        return Ok(Outcome::Allowed);
    }
    check::finish(options, Report::new(&policy, findings, commits.len(), Remedy::RewriteCommits), context)
}
