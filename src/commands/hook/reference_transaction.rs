//! `reference-transaction`: checks commits that any git command adds to a branch.

use std::error::Error;
use std::ffi::OsStr;

use super::super::{Context, Outcome, check};
use super::pre_receive::own_policy;
use crate::check::commits::{self, CheckedCommits, Tip};
use crate::check::{CheckedOutFiles, Remedy, Report, Residue};
use crate::cli::CheckOptions;
use crate::git::{
    self, CheckedOut, Commit, Exclude, History, ObjectId, Operation, RefUpdate, Repository, Target,
};
use crate::policy::{Finding, Policy};

/// Checks the new commits that a branch or a detached `HEAD` is about to reach.
///
/// A commit is new if no branch, remote branch or tag reaches it. The lines of most
/// transactions show that no check is needed, before the repository is opened. A bare
/// repository without worktrees is not checked: it may be a mirror, and `pre-receive` checks
/// pushes to it.
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
    let (mut tips, mut old_heads, mut has_branch) = (Vec::<Tip>::new(), Vec::new(), false);
    for update in RefUpdate::lines(input) {
        let update = update?;
        let Some(id) = update.new.object().filter(|_| is_checked(&update)) else { continue };
        if update.name == "HEAD" {
            old_heads.extend(update.old.object());
        } else {
            has_branch = true;
        }
        match tips.iter_mut().find(|tip| tip.id == id) {
            // git before 2.48 names `HEAD` beside its branch.
            Some(tip) if is_branch(&update) => tip.reference = Some(update.name),
            Some(_) => {}
            None => tips.push(Tip { id, reference: Some(update.name), branch: None }),
        }
    }
    if tips.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let history = context.open_history()?;
    if history.has_no_worktrees() {
        return Ok(Outcome::Allowed);
    }
    // What a detached `HEAD` is at was checked when it was made, or belongs to another
    // author. A branch that is to reach it is checked from the branches on.
    let exclude = Exclude::BranchesAndTags(if has_branch { &[] } else { &old_heads });
    let log = history.log(&commits::ids(&tips), exclude)?;
    let Some(log) = log.non_empty()? else { return Ok(Outcome::Allowed) };
    let policy = if history.is_bare() {
        own_policy(options, &history, &tips, context)?
    } else {
        context.policy(&options.config, |name| history.top_level_file(name))?
    };
    let CheckedCommits { findings, examined, newest, .. } =
        commits::check(log, history.trees(), policy, &tips, context.show_progress)?;
    let Some(newest) = newest.filter(|_| !findings.is_empty()) else {
        return Ok(Outcome::Allowed);
    };
    let tip = tips.first().filter(|_| tips.len() == 1).map(|tip| tip.id);
    let branch = tip.filter(|_| has_branch);
    let rejected = Rejected { history: &history, policy, findings: &findings, newest: &newest, tip, branch };
    let remedy = rejected.remedy(context)?;
    check::finish(options, Report::new(policy, findings, examined, remedy), context)
}

/// Whether the update adds commits to a branch or to a detached `HEAD`.
///
/// `git checkout` and `git switch --detach` pass no old value: they add no commit.
fn is_checked(update: &RefUpdate) -> bool {
    let is_moved_head = update.name == "HEAD" && update.old != Target::Nothing;
    (is_branch(update) || is_moved_head) && update.old != update.new
}

fn is_branch(update: &RefUpdate) -> bool {
    update.name.starts_with(b"refs/heads/")
}

/// A rejected update.
struct Rejected<'r> {
    history: &'r History,
    policy: &'r Policy,
    findings: &'r [Finding<'r>],
    /// The newest of the new commits.
    newest: &'r Commit,
    /// The commit that the refs were to be at, if it is one.
    tip: Option<ObjectId>,
    /// The commit of the branch, if the update is of one branch.
    branch: Option<ObjectId>,
}

impl Rejected<'_> {
    /// Returns how to continue.
    ///
    /// That depends on the git command, which git does not pass to the hook.
    fn remedy(&self, context: &Context) -> Result<Remedy, Box<dyn Error>> {
        let Self { history, newest, .. } = self;
        let operation = history.operation();
        // There is no worktree in a git directory that receives a push.
        let Ok(repository) = context.open_repository() else {
            return Ok(Remedy::RefUpdateRejected(Residue::None(None)));
        };
        let is_staged = self.is_staged(&repository)?;
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
        } else {
            self.checked_out(&repository)?
        }))
    }

    /// Returns what the git command has checked out.
    ///
    /// The refused paths do not show it: a later commit may have deleted them.
    fn checked_out(&self, repository: &Repository) -> Result<Residue, Box<dyn Error>> {
        let Some(commit) = self.tip else { return Ok(Residue::None(None)) };
        let base = repository.base()?;
        // A reset and a fast-forward record where the branch was. They are not to be repeated.
        let branch = if self.history.is_at_head("ORIG_HEAD")? { None } else { self.branch };
        Ok(match CheckedOut::find(repository.layout(), base, commit)? {
            CheckedOut::Nowhere => Residue::None(self.branch),
            CheckedOut::Index => Residue::Index(branch),
            CheckedOut::Worktree { can_stash, has_conflict } => {
                let autostash = self.history.operation_with_autostash();
                Residue::Files(CheckedOutFiles { commit, base, can_stash, has_conflict, autostash, branch })
            }
        })
    }

    /// Whether all refused paths are staged.
    fn is_staged(&self, repository: &Repository) -> Result<bool, git::Error> {
        let merged = repository.merge_heads()?;
        let mut prefilter = self.policy.prefilter();
        let staged = repository.staged(&merged, &mut |path| prefilter.may_refuse(path))?.entries;
        let is_staged = |finding: &Finding| staged.iter().any(|entry| entry.path == finding.entry.path);
        Ok(self.findings.iter().all(is_staged))
    }
}

/// Whether the commit has the same parents as `HEAD`: it is to replace it.
fn is_amended(history: &History, newest: &Commit) -> Result<bool, Box<dyn Error>> {
    let Some(head) = history.head()? else { return Ok(false) };
    Ok(history.parents(head)? == newest.parents)
}
