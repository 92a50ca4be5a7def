//! `check`: what is staged, every tracked path, what is untracked, or commits.

use std::convert::Infallible;
use std::error::Error;
use std::mem::ManuallyDrop;

use bstr::{BString, ByteSlice};

use super::{Context, Outcome, commits};
use crate::check::{Remedy, Report};
use crate::cli::{CheckArgs, CheckOptions};
use crate::git::{self, Examined, Exclude, History, Log, Repository, Scan};
use crate::policy::{FILE_NAME, Finding, Policy};
use crate::report::{self, Format, escape::escape};
use crate::{Change, Entry};

/// When a check of what is staged is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Moment {
    /// Whenever a user asks for it.
    ByHand,
    /// In the hook `pre-commit`.
    PreCommit,
    /// In the hook `pre-merge-commit`, in which git has not written `MERGE_HEAD` yet
    /// but announces what is merged in the environment. Elsewhere anyone could have
    /// set that.
    PreMergeCommit,
    /// In a hook that git runs where it passes over the two above: under
    /// `--no-verify`, and for what picks and patches commit.
    PastNoVerify,
}

/// What the user asks to be looked at.
pub(super) fn run(args: &CheckArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let (options, selection) = (&args.options, &args.selection);
    if let Some(range) = &selection.range {
        let (from, to) = ends(range)?;
        return self::range(options, from, to, context);
    }
    if let Some(revision) = &selection.commit {
        let history = context.open_history()?;
        let log = history.log_one(history.resolve(revision)?)?;
        return check_log(options, &history, log, context);
    }
    if selection.all_files {
        return all_files(options, context);
    }
    if selection.untracked { untracked(options, context) } else { staged(options, Moment::ByHand, context) }
}

/// The two ends of a range as a user types it.
fn ends(range: &str) -> Result<(&str, &str), Box<dyn Error>> {
    let ends = range.split_once("..").filter(|(_, to)| !to.starts_with('.'));
    let Some((from, to)) = ends else {
        return Err(
            format!("`{}` is no range: write A..B, for what B has and A has not", escape(range)).into()
        );
    };
    // A script whose variable is empty would find all allowed.
    if from.is_empty() && matches!(to, "" | "HEAD") {
        return Err(
            format!("`{range}` begins where it ends: write A..B, for what B has and A has not").into()
        );
    }
    let [from, to] = [from, to].map(|end| if end.is_empty() { "HEAD" } else { end });
    Ok((from, to))
}

/// The commits that `to` has and `from` has not, each by itself: what one adds and a later
/// one removes is in the history all the same.
pub(super) fn range(
    options: &CheckOptions,
    from: &str,
    to: &str,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let history = context.open_history()?;
    let (from, to) = (history.resolve(from)?, history.resolve(to)?);
    let log = history.log(&[to], Exclude::Commits(&[from]))?;
    check_log(options, &history, log, context)
}

fn check_log(
    options: &CheckOptions,
    history: &History,
    log: Log,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let policy = context.policy(&options.config, &|name| history.top_level_file(name))?;
    let checked = commits::check(log, history.trees(), &policy, &[], context.show_progress)?;
    finish(options, Report::new(&policy, checked.findings, checked.examined, Remedy::RewriteCommits), context)
}

/// What the next commit would contain that none of its parents has.
pub(super) fn staged(
    options: &CheckOptions,
    moment: Moment,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let mut merged = repository.merge_heads()?;
    if moment == Moment::PreMergeCommit {
        merged.extend(repository.announced_merge_heads()?);
    }
    let (policy, scan) = scan(options, &repository, context)?;
    let mut prefilter = policy.prefilter();
    let staged = repository.decide_staged(scan, &merged, &mut |path| prefilter.may_refuse(path))?;
    let Examined { entries, examined } = staged;
    let findings = findings(&repository, &policy, entries)?;
    if findings.is_empty() && moment != Moment::ByHand {
        return Ok(Outcome::Allowed);
    }
    let remedy = if repository.index_is_temporary() {
        Remedy::StowPaths { are_changes: true }
    } else {
        Remedy::Stow(repository.operation())
    };
    finish(options, Report::new(&policy, findings, examined, remedy), context)
}

/// Reads the policy and scans the index with it. A sparse checkout may keep the configuration
/// off the disk: then it is read from the index, which is scanned again.
fn scan(
    options: &CheckOptions,
    repository: &Repository,
    context: &Context,
) -> Result<(ManuallyDrop<Policy>, Scan), Box<dyn Error>> {
    let on_disk = repository.file_on_disk(FILE_NAME)?;
    let is_settled = options.config.file.is_some() || on_disk.is_some();
    let on_disk_policy = context.policy(&options.config, &|_| Ok(on_disk.clone()))?;
    let mut is_off_disk = false;
    let mut prefilter = on_disk_policy.prefilter();
    let scan = repository.scan(|entry| {
        is_off_disk |= entry.is_off_disk() && entry.path == FILE_NAME;
        prefilter.may_refuse(entry.path)
    })?;
    if is_settled || scan.is_complete() && !is_off_disk {
        return Ok((on_disk_policy, scan));
    }
    let policy = context.policy(&options.config, &|name| repository.off_disk_file(name))?;
    let mut prefilter = policy.prefilter();
    let scan = repository.scan(|entry| prefilter.may_refuse(entry.path))?;
    Ok((policy, scan))
}

/// Every tracked path.
fn all_files(options: &CheckOptions, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let remedy = Remedy::StowPaths { are_changes: false };
    let (policy, scan) = scan(options, &repository, context)?;
    let mut prefilter = policy.prefilter();
    let tracked = repository.decide_tracked(scan, &mut |path| prefilter.may_refuse(path))?;
    let Examined { entries, examined } = tracked;
    let findings = findings(&repository, &policy, entries)?;
    finish(options, Report::new(&policy, findings, examined, remedy), context)
}

/// What `git add -A` would begin to track.
pub(super) fn untracked(options: &CheckOptions, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let policy = context.policy(&options.config, &|name| repository.top_level_file(name))?;
    let (findings, examined) = untracked_findings(&repository, &policy)?;
    let remedy = Remedy::StowPaths { are_changes: false };
    finish(options, Report::new(&policy, findings, examined, remedy), context)
}

/// The refused ones of the untracked paths, and how many were looked at. They are
/// judged by what lies beside them once `git add -A` has staged all of them.
pub(super) fn untracked_findings<'p>(
    repository: &Repository,
    policy: &'p Policy,
) -> Result<(Vec<Finding<'p>>, usize), Box<dyn Error>> {
    let untracked = git::untracked(repository.layout())?;
    let mut prefilter = policy.prefilter();
    let candidates = untracked.iter().filter(|path| prefilter.may_refuse(path.as_bstr()));
    let entry = |path: &BString| Entry { path: path.clone(), change: Change::Untracked };
    let (entries, checked): (Vec<Entry>, _) = (candidates.map(entry).collect(), untracked.len());
    if entries.is_empty() {
        return Ok((Vec::new(), checked));
    }
    let tracked = repository.tracked_paths()?.extended(untracked);
    let Ok(findings) = policy.findings(entries, |path| Ok::<_, Infallible>(tracked.contains(path)));
    Ok((findings, checked))
}

/// Judges the candidates by what is tracked beside them.
fn findings<'p>(
    repository: &Repository,
    policy: &'p Policy,
    entries: Vec<Entry>,
) -> Result<Vec<Finding<'p>>, Box<dyn Error>> {
    let questions: Vec<BString> =
        entries.iter().flat_map(|entry| policy.questions(entry.path.as_bstr())).collect();
    let tracked = repository.tracked_among(&questions)?;
    let Ok(findings) = policy.findings(entries, |path| Ok::<_, Infallible>(tracked.contains(path)));
    Ok(findings)
}

/// Renders the report in the format that the user asked for.
pub(super) fn finish(
    options: &CheckOptions,
    mut report: Report,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    report.is_terminal = context.out.is_terminal;
    if !report.findings.is_empty() {
        report.program = context.program()?;
    }
    let format = if context.is_quiet { Format::Count } else { options.format };
    report::render(format, &report, &mut context.out)?;
    Ok(Outcome::of(report.findings.len(), options.dry_run))
}
