//! `pre-push`: what another repository is about to get.

use std::error::Error;

use bstr::BString;

use super::super::commits::New;
use super::super::{Outcome, Output, Tell, check, policy};
use crate::check::{Remedy, Report};
use crate::cli::Options;
use crate::git::{History, Known, ObjectId, PushedRef};

/// Judges the commits that no branch of any remote and nothing on the other side has
/// yet. A fork or a URL that is pushed to for the first time has no branches here, so
/// those of the other remotes count: their history is not judged again.
pub(super) fn run(
    options: &Options,
    input: &[u8],
    tell: Tell,
    out: &mut Output,
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
    let history = History::open()?;
    // The other side may be ahead of what was fetched.
    let known = history.present(known)?;
    judge(options, &history, &tips, &names, &known, tell, out)
}

/// Judges the commits that are new with `tips`, which are pushed to the refs called
/// `names`. The other side has `known`.
pub(super) fn judge(
    options: &Options,
    history: &History,
    tips: &[ObjectId],
    names: &[BString],
    known: &[ObjectId],
    tell: Tell,
    out: &mut Output,
) -> Result<Outcome, Box<dyn Error>> {
    let Some(new) = New::commits(history, tips, Known::RemotesAnd(known)) else {
        return Ok(Outcome::Allowed);
    };
    let policy = policy(options, &|name| history.top_level_file(name))?;
    let (findings, commits) = new.judged(&policy, names, tell)?;
    if findings.is_empty() {
        return Ok(Outcome::Allowed);
    }
    check::finish(options, Report::new(&policy, findings, commits.len(), Remedy::RewriteCommits), out)
}
