//! `stow`: moves refused files out of the commit to the session directory.

use std::error::Error;

use bstr::BString;

use super::{Context, Outcome};
use crate::cli::{HumanOrJson, StowArgs};
use crate::git::{IndexUpdate, Repository, RuleFiles};
use crate::report;
use crate::report::failure::Failure;
use crate::report::session::Stowed;
use crate::session::{self, Done, Extent, Plan, Selector};
use crate::signals::Signals;

/// Stows the named paths or all refused staged paths, or undoes the last stow.
pub(super) fn run(args: &StowArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    if repository.index_is_temporary() {
        let failure = Failure::new("git made this index for a single commit");
        return Err(failure.with_help("run `stow` outside of hooks").into());
    }
    let signals = Signals::catch()?;
    // git reads them for almost everything that a stow asks.
    RuleFiles::Ignore.check(repository.layout(), [])?;
    if args.undo {
        return undo(&repository, &signals, context);
    }
    // The index is locked before it is read.
    let index = if args.dry_run.is_on { None } else { Some(IndexUpdate::lock(repository.layout())?) };
    if let Some(index) = &index {
        session::recover(&repository, index)?;
    }
    let (plan, skipped) = plan(args, context, &repository)
        .map_err(|error| if signals.received() { session::Error::Interrupted.into() } else { error })?;
    let Done { losses, ignore_file, leftover } = match index.as_ref().filter(|_| !plan.steps.is_empty()) {
        Some(index) => session::stow(&repository, index, &plan, &|| signals.received())?,
        None => Done::default(),
    };
    let stowed = Stowed {
        plan,
        skipped,
        losses,
        leftover,
        ignore_file: ignore_file.map(|file| match file.strip_prefix(repository.layout().worktree()) {
            Ok(relative) => relative.to_owned(),
            Err(_) => file,
        }),
        is_dry_run: args.dry_run.is_on,
        has_named_paths: !args.paths.is_empty(),
        invocation: context.invocation()?,
    };
    let out = &mut context.out;
    match args.format {
        _ if context.is_quiet => report::session::count(out, &stowed)?,
        HumanOrJson::Json => report::json::stowed(out, &stowed)?,
        HumanOrJson::Human => report::session::stowed(out, &stowed)?,
    }
    let is_done = !stowed.is_dry_run && !stowed.plan.steps.is_empty();
    Ok(if is_done { Outcome::Done } else { Outcome::Allowed })
}

/// Undoes the last stow.
fn undo(
    repository: &Repository,
    signals: &Signals,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let index = IndexUpdate::lock(repository.layout())?;
    let undone = session::undo(repository, &index, &|| signals.received())?;
    if !context.is_quiet {
        report::session::undone(&mut context.out, &undone)?;
    }
    Ok(Outcome::Done)
}

/// Plans a stow. The second value is the committed session work that is skipped.
fn plan(
    args: &StowArgs,
    context: &Context,
    repository: &Repository,
) -> Result<(Plan, Vec<BString>), Box<dyn Error>> {
    let policy = context.policy(&args.config, |name| repository.top_level_file(name))?;
    let (tracked, staged) = (repository.tracked_paths()?, repository.staged_paths()?);
    let selector = Selector { repository, policy, tracked: &tracked, staged: &staged };
    if !args.paths.is_empty() {
        let extent = if args.changes { Extent::Changes } else { Extent::Whole };
        return Ok((Plan::new(repository, &tracked, selector.named(&args.paths, extent)?)?, Vec::new()));
    }
    let plan = Plan::new(repository, &tracked, selector.refused()?)?;
    let mut skipped = selector.committed_session_work()?;
    let is_immovable = |path: &BString| plan.immovable.iter().any(|(immovable, _)| immovable == path);
    skipped.retain(|path| !plan.steps.iter().any(|step| step.path == *path) && !is_immovable(path));
    // A merge brings session work of others, which is not to be untracked here.
    if !skipped.is_empty() && repository.is_at_merge()? {
        skipped.clear();
    }
    Ok((plan, skipped))
}
