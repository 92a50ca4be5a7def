//! Judging commits: each against its parents, by the policy of today.

use std::error::Error;
use std::time::{Duration, Instant};

use bstr::BString;

use super::Tell;
use crate::Introduced;
use crate::git::{Commit, History};
use crate::policy::{Finding, Policy};

/// Whether nothing is refused of the few commits above those that refs name: which of them
/// are new need not be told then.
pub(super) fn are_clean(
    history: &History,
    policy: &Policy,
    above: Option<&[Commit]>,
) -> Result<bool, Box<dyn Error>> {
    let Some(commits) = above else { return Ok(false) };
    Ok(findings(history, policy, commits, &[], &mut |_| {})?.is_empty())
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
    history.changes(commits, &|path| policy.nominates(path), &mut |commit, entries| {
        progress.step(tell);
        if entries.is_empty() {
            return Ok::<_, Box<dyn Error>>(());
        }
        let tree = history.tree(&commit.id)?;
        let mut findings = policy.findings(entries, &|path| tree.contains(path));
        tree.finish()?;
        for finding in &mut findings {
            finding.introduced = Some(Introduced {
                commit: commit.id.clone(),
                parent: commit.parents.first().cloned(),
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
