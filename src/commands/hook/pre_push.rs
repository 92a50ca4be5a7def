//! `pre-push`: checks the commits that another repository is about to receive.

use std::error::Error;

use super::super::{Context, Outcome, check};
use crate::check::commits::{self, Tip};
use crate::check::{Remedy, Report};
use crate::cli::CheckOptions;
use crate::git::{Exclude, History, ObjectId, PushedRef};

/// The objects that a push sends, and the objects that the remote has.
#[derive(Default)]
pub(super) struct Push {
    pub(super) tips: Vec<Tip>,
    /// The objects that refs of the remote name and that this repository has, too.
    pub(super) remote: Vec<ObjectId>,
}

/// Checks the commits that are neither on the remote nor on any remote branch.
///
/// The branches of all remotes count. A fork or a URL that is pushed to for the first time has
/// no remote branches here, and the whole history would be checked again.
pub(super) fn run(
    options: &CheckOptions,
    input: &[u8],
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let mut push = Push::default();
    for pushed in PushedRef::lines(input) {
        let PushedRef { local, name, remote } = pushed?;
        push.tips.extend(local.object().map(|id| Tip { id, reference: Some(name) }));
        push.remote.extend(remote.object());
    }
    if push.tips.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let history = context.open_history()?;
    // The remote may have commits that were not fetched.
    push.remote = history.present(push.remote)?;
    check_push(options, &history, &push, context)
}

/// Checks the commits that are new to the remote.
pub(super) fn check_push(
    options: &CheckOptions,
    history: &History,
    push: &Push,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let log = history.log(&commits::ids(&push.tips), Exclude::Remotes(&push.remote))?;
    let Some(log) = log.non_empty()? else { return Ok(Outcome::Allowed) };
    let policy = context.policy(&options.config, |name| history.top_level_file(name))?;
    let checked = commits::check(log, history.trees(), policy, &push.tips, context.show_progress)?;
    if checked.findings.is_empty() {
        return Ok(Outcome::Allowed);
    }
    check::finish(
        options,
        Report::new(policy, checked.findings, checked.examined, Remedy::RewriteCommits),
        context,
    )
}
