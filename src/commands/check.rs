//! `check`: checks staged changes, all tracked or untracked paths, or commits.

use std::error::Error;

use super::{Context, Outcome};
use crate::check::{Check, Report, Trigger};
use crate::cli::{CheckArgs, CheckOptions};
use crate::project::Unread;
use crate::report::escape::escape;
use crate::report::failure::Failure;
use crate::report::{self, Format};

/// Runs the check that the arguments select.
pub(super) fn run(args: &CheckArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let (options, selection) = (&args.options, &args.selection);
    let check = Check { environment: &context.environment, config: options.config.file.as_deref() };
    let report = if let Some(range) = &selection.range {
        let (from, to) = range_ends(range)?;
        check.range(from, to, context.show_progress)?
    } else if let Some(revision) = &selection.commit {
        check.commit(revision, context.show_progress)?
    } else if selection.all_files {
        check.all_files()?
    } else if selection.untracked {
        check.untracked()?
    } else {
        check.staged(Trigger::Manual)?
    };
    finish(options, report, context)
}

/// Checks the staged changes.
pub(super) fn staged(
    options: &CheckOptions,
    trigger: Trigger,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let check = Check { environment: &context.environment, config: options.config.file.as_deref() };
    let mut report = check.staged(trigger)?;
    if trigger != Trigger::Manual {
        report.unread = Unread::default();
    }
    // A hook that allows the commit prints nothing, even on a terminal.
    if trigger != Trigger::Manual && report.findings.is_empty() {
        return Ok(Outcome::Allowed);
    }
    finish(options, report, context)
}

/// Splits a range `A..B`. A missing end is `HEAD`.
fn range_ends(range: &str) -> Result<(&str, &str), Failure> {
    const HELP: &str = "write A..B for the commits that B reaches and A does not";
    let ends = range.split_once("..").filter(|(_, to)| !to.starts_with('.'));
    let Some((from, to)) = ends else {
        return Err(Failure::new(format!("invalid range `{}`", escape(range))).with_help(HELP));
    };
    // If a script's variable is empty, the check would pass without checking a commit.
    if from.is_empty() && matches!(to, "" | "HEAD") {
        return Err(Failure::new(format!("empty range `{range}`")).with_help(HELP));
    }
    let [from, to] = [from, to].map(|end| if end.is_empty() { "HEAD" } else { end });
    Ok((from, to))
}

/// Renders the report in the format that the user asked for.
pub(super) fn finish(
    options: &CheckOptions,
    mut report: Report,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    report.is_terminal = context.out.is_terminal;
    if !report.findings.is_empty() {
        report.invocation = context.invocation()?;
    }
    let format = if context.is_quiet { Format::Quiet } else { options.format };
    report::render(format, &report, &mut context.out)?;
    Ok(Outcome::of(report.findings.len(), options.dry_run))
}
