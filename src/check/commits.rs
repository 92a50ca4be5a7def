//! Checks commits against their parents.

use std::error::Error;
use std::time::{Duration, Instant};

use bstr::{BString, ByteSlice};

use super::ShowProgress;
use crate::IntroducedBy;
use crate::git::{Commit, CommitTrees, Log, ObjectId};
use crate::policy::{Finding, Policy};
use crate::project::{CommittedProject, Unread};

/// A commit or tag that a ref is about to name.
pub(crate) struct Tip {
    pub(crate) id: ObjectId,
    /// The full name of the ref.
    pub(crate) reference: Option<BString>,
    /// The branch of this repository that is pushed to the ref.
    pub(crate) branch: Option<BString>,
}

/// Returns the ids of `tips`.
pub(crate) fn ids(tips: &[Tip]) -> Vec<ObjectId> {
    tips.iter().map(|tip| tip.id).collect()
}

/// The result of checking commits.
pub(crate) struct CheckedCommits<'p> {
    /// The refused entries, starting with the oldest commit.
    pub(crate) findings: Vec<Finding<'p>>,
    /// The number of commits.
    pub(crate) examined: usize,
    /// The first commit of the log.
    pub(crate) newest: Option<Commit>,
    /// What could not be read.
    pub(crate) unread: Unread,
}

/// Checks the commits of `log`, whose siblings `trees` looks up.
///
/// A finding in a commit that was reached from one of `tips` names the ref of that tip.
pub(crate) fn check<'p>(
    mut log: Log,
    mut trees: CommitTrees,
    policy: &'p Policy,
    tips: &[Tip],
    show_progress: ShowProgress,
) -> Result<CheckedCommits<'p>, Box<dyn Error>> {
    let mut prefilter = policy.prefilter();
    let mut unread = Unread::default();
    let mut progress = Progress::new();
    let (mut refused, mut examined, mut newest) = (Vec::new(), 0, None);
    while let Some(mut commit) = log.next_commit(|path| prefilter.may_refuse(path))? {
        examined += 1;
        progress.show(examined, show_progress);
        let entries = std::mem::take(&mut commit.entries);
        let mut project = CommittedProject::new(&mut trees, commit.id, &mut unread);
        let mut findings = policy.findings(entries, &mut project)?;
        let paths = findings.iter().map(|finding| finding.entry.path.as_bstr()).collect();
        let moved = trees.moved_in_merge(&commit, &paths)?;
        findings.retain(|finding| !moved.contains(&finding.entry.path));
        for finding in &mut findings {
            finding.introduced_by = Some(introduced_by(&commit, tips));
        }
        if !findings.is_empty() {
            refused.push(findings);
        }
        newest.get_or_insert(commit);
    }
    progress.end(show_progress);
    let findings = refused.into_iter().rev().flatten().collect();
    Ok(CheckedCommits { findings, examined, newest, unread })
}

fn introduced_by(commit: &Commit, tips: &[Tip]) -> IntroducedBy {
    let tip = tips.iter().find(|tip| tip.id == commit.tip);
    IntroducedBy {
        commit: commit.id.to_string(),
        parent: commit.parents.first().map(ObjectId::to_string),
        is_merge: commit.parents.len() > 1,
        reference: tip.and_then(|tip| tip.reference.clone()),
    }
}

/// Shows the number of checked commits, beginning after one second.
struct Progress {
    next_update: Instant,
    is_shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self { next_update: Instant::now() + Duration::from_secs(1), is_shown: false }
    }

    fn show(&mut self, checked: usize, show_progress: ShowProgress) {
        let now = Instant::now();
        if now >= self.next_update {
            show_progress(&format!("checked {checked} commits"));
            self.is_shown = true;
            self.next_update = now + Duration::from_millis(100);
        }
    }

    fn end(self, show_progress: ShowProgress) {
        if self.is_shown {
            show_progress("");
        }
    }
}
