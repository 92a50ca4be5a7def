//! `reference-transaction`: checks commits that any git command adds to a branch.

use std::error::Error;
use std::ffi::OsStr;

use super::super::{Context, Outcome, check};
use crate::check::commits::{self, CheckedCommits, Tip};
use crate::check::{Remedy, Report, Residue};
use crate::cli::CheckOptions;
use crate::git::{Commit, Exclude, History, ObjectId, Operation, RefUpdate, Target};
use crate::policy::{Finding, Policy};

/// Checks the new commits that a branch or a detached `HEAD` is about to reach.
///
/// A commit is new if no branch, remote branch or tag reaches it. The lines of most
/// transactions show that no check is needed, before the repository is opened. A bare
/// repository is not checked: it may be a mirror, and `pre-receive` checks pushes to it.
pub(super) fn run(
    options: &CheckOptions,
    state: &OsStr,
    input: &[u8],
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    // In other states the transaction is not complete yet or can no longer be stopped.
    if state != "prepared" {
        return Ok(Outcome::Allowed);
    }
    let (mut tips, mut old_ids) = (Vec::<Tip>::new(), Vec::new());
    for update in RefUpdate::lines(input) {
        let update = update?;
        let is_new = |id: &ObjectId| is_checked(&update) && tips.iter().all(|tip| tip.id != *id);
        if let Some(id) = update.new.object().filter(is_new) {
            tips.push(Tip { id, reference: Some(update.name) });
            old_ids.extend(update.old.object());
        }
    }
    if tips.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let history = context.open_history()?;
    if history.is_bare() {
        return Ok(Outcome::Allowed);
    }
    let operation = history.operation();
    // A rebase checks each commit when it makes it, and all of them again when it sets the
    // branch. Checking all of them at each pick, too, would take quadratic time.
    let is_head = |tip: &Tip| tip.reference.as_ref().is_some_and(|reference| reference == "HEAD");
    let is_pick = operation.is_some_and(Operation::is_rebase) && tips.iter().all(is_head);
    let exclude = Exclude::BranchesAndTags(if is_pick { &old_ids } else { &[] });
    let log = history.log(&commits::ids(&tips), exclude)?;
    let Some(log) = log.non_empty()? else { return Ok(Outcome::Allowed) };
    let policy = context.policy(&options.config, |name| history.top_level_file(name))?;
    let CheckedCommits { findings, examined, newest } =
        commits::check(log, history.trees(), policy, &tips, context.show_progress)?;
    let Some(newest) = newest.filter(|_| !findings.is_empty()) else {
        return Ok(Outcome::Allowed);
    };
    let remedy = remedy(context, &history, policy, &newest, &findings)?;
    check::finish(options, Report::new(policy, findings, examined, remedy), context)
}

/// Whether the update adds commits to a branch or to a detached `HEAD`.
///
/// `git checkout` and `git switch --detach` pass no old value: they add no commit.
fn is_checked(update: &RefUpdate) -> bool {
    let is_branch = update.name.starts_with(b"refs/heads/");
    let is_moved_head = update.name == "HEAD" && update.old != Target::Nothing;
    (is_branch || is_moved_head) && update.old != update.new
}

/// Returns how to continue after the rejected update.
///
/// That depends on the git command, which git does not pass to the hook.
fn remedy(
    context: &Context,
    history: &History,
    policy: &Policy,
    newest: &Commit,
    findings: &[Finding],
) -> Result<Remedy, Box<dyn Error>> {
    let operation = history.operation();
    let is_staged = are_staged(context, policy, findings)?;
    // `git commit`, and operations that use it, set this variable for their hooks.
    let is_commit = context.environment.var("GIT_AUTHOR_DATE").is_some();
    if let Some(operation) = operation.filter(|operation| *operation != Operation::RevertOne) {
        if is_staged && operation != Operation::RebaseBegun {
            return Ok(Remedy::Stow(Some(operation)));
        }
        let residue = if is_commit && is_amended(history, newest)? {
            Residue::Amend(newest.id, Some(operation))
        } else {
            Residue::Operation(operation)
        };
        return Ok(Remedy::RefUpdateRejected(residue));
    }
    if is_commit && is_staged {
        return Ok(Remedy::Stow(operation));
    }
    Ok(Remedy::RefUpdateRejected(if is_commit && is_amended(history, newest)? {
        Residue::Amend(newest.id, None)
    } else if !is_staged {
        Residue::None
    } else if history.is_at_head("ORIG_HEAD")? {
        Residue::Files(newest.id, history.operation_with_autostash())
    } else {
        Residue::Staged
    }))
}

/// Whether all refused paths are staged.
///
/// They are not if there is no worktree, as in a git directory that receives a push.
fn are_staged(context: &Context, policy: &Policy, findings: &[Finding]) -> Result<bool, Box<dyn Error>> {
    let Ok(repository) = context.open_repository() else { return Ok(false) };
    let merged = repository.merge_heads()?;
    let mut prefilter = policy.prefilter();
    let staged = repository.staged(&merged, &mut |path| prefilter.may_refuse(path))?.entries;
    Ok(findings.iter().all(|finding| staged.iter().any(|entry| entry.path == finding.entry.path)))
}

/// Whether the commit has the same parents as `HEAD`: it is to replace it.
fn is_amended(history: &History, newest: &Commit) -> Result<bool, Box<dyn Error>> {
    let Some(head) = history.head()? else { return Ok(false) };
    Ok(history.parents(head)? == newest.parents)
}
