//! Judging commits: each against its parents, by the policy of today.

use std::error::Error;
use std::time::{Duration, Instant};

use bstr::BString;

use super::Tell;
use crate::Introduced;
use crate::git::{self, Commit, History, Known, ObjectId};
use crate::policy::{Finding, Policy};

/// The commits that refs are about to reach for the first time.
pub(super) struct New<'n> {
    history: &'n History,
    tips: &'n [ObjectId],
    known: Known<'n>,
    /// More than these, and found in less time: see [`History::commits_above_refs`].
    above: Option<Vec<Commit>>,
}

impl<'n> New<'n> {
    /// The commits that `tips` reach and that are not `known`; nothing where it is clear at
    /// once that there is none.
    pub(super) fn commits(history: &'n History, tips: &'n [ObjectId], known: Known<'n>) -> Option<Self> {
        let above = history.commits_above_refs(tips, known);
        let is_none = above.as_ref().is_some_and(Vec::is_empty);
        (!is_none).then_some(Self { history, tips, known, above })
    }

    /// What is refused of them, and they themselves where something is. `names` and `tell`
    /// are as in [`findings`].
    pub(super) fn judged<'p>(
        self,
        policy: &'p Policy,
        names: &[BString],
        tell: Tell,
    ) -> Result<(Vec<Finding<'p>>, Vec<Commit>), Box<dyn Error>> {
        let Self { history, tips, known, above } = self;
        // Where nothing is refused of more commits, it does not matter which of them are new.
        if let Some(above) = above
            && findings(history, policy, &above, &[], &mut |_| {})?.is_empty()
        {
            return Ok((Vec::new(), Vec::new()));
        }
        let commits = history.new_commits(tips, known)?;
        Ok((findings(history, policy, &commits, names, tell)?, commits))
    }
}

/// What is refused of `commits`, the oldest first. `names` are the refs that the tips
/// of these commits stand for, in the order of the tips; nothing where it is about
/// none. What takes long is told with `tell`.
pub(super) fn findings<'p>(
    history: &History,
    policy: &'p Policy,
    commits: &[Commit],
    names: &[BString],
    tell: Tell,
) -> Result<Vec<Finding<'p>>, Box<dyn Error>> {
    let mut refused = Vec::new();
    let mut progress = Progress::new(commits.len());
    let mut prefilter = policy.prefilter();
    history.changes(commits, &mut |path| prefilter.may_refuse(path), &mut |commit, entries| {
        progress.step(tell);
        if entries.is_empty() {
            return Ok::<_, Box<dyn Error>>(());
        }
        let tree = history.tree(commit.id)?;
        let mut findings = policy.findings(entries, |path| Ok::<_, git::Error>(tree.contains(path)))?;
        tree.finish()?;
        for finding in &mut findings {
            finding.introduced = Some(Introduced {
                commit: commit.id.to_string(),
                parent: commit.parents.first().map(ObjectId::to_string),
                is_merge: commit.parents.len() > 1,
                reference: names.get(commit.tip).cloned(),
            });
        }
        refused.push(findings);
        Ok(())
    })?;
    progress.end(tell);
    Ok(refused.into_iter().rev().flatten().collect())
}

/// Says how far the judging is, once it has taken a second.
struct Progress {
    of: usize,
    done: usize,
    next: Instant,
    is_shown: bool,
}

impl Progress {
    fn new(of: usize) -> Self {
        Self { of, done: 0, next: Instant::now() + Duration::from_secs(1), is_shown: false }
    }

    fn step(&mut self, tell: Tell) {
        self.done += 1;
        let now = Instant::now();
        if now >= self.next {
            tell(&format!("checked {} of {} commits", self.done, self.of));
            self.is_shown = true;
            self.next = now + Duration::from_millis(100);
        }
    }

    fn end(self, tell: Tell) {
        if self.is_shown {
            tell("");
        }
    }
}
