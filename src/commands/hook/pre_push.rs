//! `pre-push`: checks the commits that another repository is about to receive.

use std::error::Error;

use bstr::{BString, ByteSlice};

use super::super::{Context, Outcome, check};
use crate::IntroducedBy;
use crate::check::commits::{self, Tip};
use crate::check::{PushedFrom, Remedy, Report};
use crate::cli::CheckOptions;
use crate::git::{self, Exclude, History, ObjectId, PushedRef};

/// The objects that a push sends, and the objects that the remote has.
pub(super) struct Push {
    pub(super) tips: Vec<Tip>,
    /// The name of the remote, or its URL if it has no name. Some hook managers do not pass it.
    pub(super) remote: Option<BString>,
    /// The objects that refs of the remote name and that this repository has, too.
    pub(super) known: Vec<ObjectId>,
}

/// Checks the commits that are neither on the remote nor on any remote branch.
///
/// The branches of all remotes count. A fork or a URL that is pushed to for the first time has
/// no remote branches here, and the whole history would be checked again.
pub(super) fn run(
    options: &CheckOptions,
    remote: Option<BString>,
    input: &[u8],
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let mut push = Push { tips: Vec::new(), remote, known: Vec::new() };
    for pushed in PushedRef::lines(input) {
        let PushedRef { local_name, local, name, remote } = pushed?;
        let branch = local_branch(&local_name);
        push.tips.extend(local.object().map(|id| Tip { id, reference: Some(name), branch }));
        push.known.extend(remote.object());
    }
    if push.tips.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let history = context.open_history()?;
    // The remote may have commits that were not fetched.
    push.known = history.present(push.known)?;
    check_push(options, &history, &push, context)
}

/// Checks the commits that are new to the remote.
pub(super) fn check_push(
    options: &CheckOptions,
    history: &History,
    push: &Push,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let log = history.log(&commits::ids(&push.tips), Exclude::Remotes(&push.known))?;
    let Some(log) = log.non_empty()? else { return Ok(Outcome::Allowed) };
    let policy = context.policy(&options.config, |name| history.top_level_file(name))?;
    let checked = commits::check(log, history.trees(), policy, &push.tips, context.show_progress)?;
    if checked.findings.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let oldest = checked.findings.first().and_then(|finding| finding.introduced_by.as_ref());
    let remedy = match oldest {
        Some(oldest) => remedy(history, push, oldest)?,
        None => Remedy::RewriteAndPush(PushedFrom::Head),
    };
    check::finish(options, Report::new(policy, checked.findings, checked.examined, remedy), context)
}

/// Returns how to continue after a push whose oldest refused commit is this one.
fn remedy(history: &History, push: &Push, oldest: &IntroducedBy) -> Result<Remedy, git::Error> {
    if let Some(commit) = ObjectId::from_hex(oldest.commit.as_bytes()) {
        let name = push.remote.as_ref().map(|name| name.as_bstr());
        if let Some(remote) = history.remote_to_fetch(name, commit)? {
            return Ok(Remedy::Fetch(remote));
        }
    }
    let tip = push.tips.iter().find(|tip| tip.reference == oldest.reference);
    Ok(Remedy::RewriteAndPush(match tip {
        Some(tip) => pushed_from(history, tip)?,
        None => PushedFrom::Head,
    }))
}

/// Returns where the commits of a pushed tip are.
fn pushed_from(history: &History, tip: &Tip) -> Result<PushedFrom, git::Error> {
    if let Some(branch) = &tip.branch {
        let is_checked_out = is_checked_out(history, branch)?;
        return Ok(if is_checked_out { PushedFrom::Head } else { PushedFrom::Branch(branch.clone()) });
    }
    let head: Vec<ObjectId> = history.head()?.into_iter().collect();
    let is_in_head = history.log(&[tip.id], Exclude::Commits(&head))?.non_empty()?.is_none();
    let is_tag = tip.reference.as_ref().is_some_and(|name| name.starts_with(b"refs/tags/"));
    Ok(if is_in_head && !is_tag {
        PushedFrom::Head
    } else {
        PushedFrom::Detached(tip.id, tip.reference.clone())
    })
}

/// Whether the branch is checked out in this worktree.
fn is_checked_out(history: &History, branch: &BString) -> Result<bool, git::Error> {
    let head = if history.is_bare() { None } else { history.head_branch()? };
    Ok(head.is_some_and(|head| local_branch(head.as_bytes()).as_ref() == Some(branch)))
}

/// Returns the name of a branch without `refs/heads/`; `None` for another ref or a revision.
pub(super) fn local_branch(name: &[u8]) -> Option<BString> {
    name.strip_prefix(b"refs/heads/").map(BString::from)
}
