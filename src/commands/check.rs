//! `check`: what is staged, or every tracked path.

use std::error::Error;

use super::{Outcome, Output, policy};
use crate::Entry;
use crate::cli::{Format, Options};
use crate::git::{Nominated, Repository};
use crate::policy::{Finding, Policy};
use crate::report::human::WayOut;
use crate::report::{human, json};

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
}

/// What the next commit would contain that none of its parents has.
pub(super) fn staged(options: &Options, moment: Moment, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let repository = super::open()?;
    let policy = policy(&repository, options)?;
    let mut merged = repository.merge_heads()?;
    if moment == Moment::PreMergeCommit {
        merged.extend(repository.announced_merge_heads()?);
    }
    let Nominated { entries, checked } = repository.staged(&merged, &|path| policy.nominates(path))?;
    let findings = findings(&repository, &policy, entries)?;
    if findings.is_empty() && moment != Moment::ByHand {
        return Ok(Outcome::Allowed);
    }
    let way_out =
        if repository.index_is_temporary() { WayOut::StowNamed { changes: true } } else { WayOut::Stow };
    report(options, &findings, checked, way_out, out)
}

/// Every tracked path.
pub(super) fn all_files(options: &Options, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let repository = super::open()?;
    let policy = policy(&repository, options)?;
    let Nominated { entries, checked } = repository.tracked(&|path| policy.nominates(path))?;
    let findings = findings(&repository, &policy, entries)?;
    report(options, &findings, checked, WayOut::StowNamed { changes: false }, out)
}

/// Judges what was nominated by what is tracked beside it.
fn findings<'p>(
    repository: &Repository,
    policy: &'p Policy,
    entries: Vec<Entry>,
) -> Result<Vec<Finding<'p>>, Box<dyn Error>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let tracked = repository.tracked_paths()?;
    Ok(policy.findings(entries, &|path| tracked.contains(path)))
}

fn report(
    options: &Options,
    findings: &[Finding],
    checked: usize,
    way_out: WayOut,
    out: &mut Output,
) -> Result<Outcome, Box<dyn Error>> {
    match options.format {
        _ if options.quiet => human::count(out, findings.len())?,
        Format::Json => json::findings(out, findings, checked)?,
        Format::Human if findings.is_empty() && out.is_terminal => human::nothing_refused(out)?,
        Format::Human if findings.is_empty() => {}
        Format::Human => human::findings(out, findings, way_out, &super::name()?)?,
    }
    Ok(Outcome::of(findings.len(), options))
}
