//! Judges paths: which rule refuses a path, or why a path that a rule matches is allowed.

use std::convert::Infallible;

use bstr::{BStr, BString, ByteSlice};

use super::document::{Scope, Tracked};
use super::evidence::Project;
use super::judging::Judge;
use super::production::RootStatus;
use super::rule::{Match, Rule, SplitPath, join};
use super::verdict::{Exemption, Finding, Verdict};
use super::{Policy, SESSION_DIRECTORY_RULE};
use crate::{Change, Entry};

/// A question that a verdict depends on: whether a path is tracked.
///
/// Paths are relative to the top of the repository.
pub(super) enum Question<'a> {
    /// Is this project marker tracked?
    Marker(&'a BStr),
    /// Is this file or directory, which the judged path is named after, tracked?
    Sibling(&'a BStr),
}

impl Policy {
    /// Judges the `change` of `path` in a commit.
    ///
    /// # Errors
    ///
    /// The paths of the project cannot be read.
    pub fn judge<P: Project>(
        &self,
        path: &BStr,
        change: Change,
        project: &mut P,
    ) -> Result<Verdict<'_>, P::Error> {
        let verdicts = Judge::new(self, project).verdicts([(path, change)])?;
        Ok(verdicts.into_iter().next().unwrap_or(Verdict::Unmatched))
    }

    /// Returns a finding for each refused entry, in the order of `entries`.
    ///
    /// # Errors
    ///
    /// The paths of the project cannot be read.
    pub fn findings<P: Project>(
        &self,
        entries: Vec<Entry>,
        project: &mut P,
    ) -> Result<Vec<Finding<'_>>, P::Error> {
        let judged = entries.iter().map(|entry| (entry.path.as_bstr(), entry.change));
        let verdicts = Judge::new(self, project).verdicts(judged)?;
        let findings = entries.into_iter().zip(verdicts).filter_map(|(entry, verdict)| match verdict {
            Verdict::Refused { rule, pattern, shown } => {
                Some(Finding { entry, rule, pattern, shown, introduced_by: None })
            }
            _ => None,
        });
        Ok(findings.collect())
    }

    /// Returns whether a rule could refuse `path`, whatever else is tracked.
    ///
    /// It may return `true` for a path that [`Policy::judge`] allows, never `false` for one
    /// that it refuses.
    #[must_use]
    pub fn may_refuse(&self, path: &BStr) -> bool {
        self.may_refuse_by(path, |_| true)
    }

    /// Returns whether a rule could refuse a file in `directory` or in a directory below it.
    ///
    /// Directories below may be production roots, or be named by a rule.
    #[must_use]
    pub fn may_refuse_below(&self, directory: &BStr) -> bool {
        let file = join(directory, b"x".as_bstr());
        self.rules.iter().any(|rule| rule.excepted_directory(SplitPath::new(file.as_bstr())).is_none())
    }

    /// As [`Policy::may_refuse`], by the rules for whose positions `is_tried` is true.
    pub(super) fn may_refuse_by(&self, path: &BStr, is_tried: impl Fn(usize) -> bool) -> bool {
        // Markers make more paths refusable, siblings fewer.
        let mut assume = |question: Question| Ok::<_, Infallible>(matches!(question, Question::Marker(_)));
        let path = SplitPath::new(path);
        let is_exempt = |matched| {
            let Ok(exemption) = self.exemption(matched, Change::Added, &mut assume);
            exemption.is_some()
        };
        let tried = self.rules.iter().enumerate().filter(|(at, _)| is_tried(*at));
        let mut matches = tried.filter_map(|(_, rule)| rule.matches(path));
        !matches.all(is_exempt) && self.allow_entry(path.whole).is_none()
    }

    /// Returns the paths that [`Policy::judge`] may ask about to judge `path`.
    #[must_use]
    pub fn questions(&self, path: &BStr) -> Vec<BString> {
        let path = SplitPath::new(path);
        let mut questions = Vec::new();
        for matched in self.rules.iter().filter_map(|rule| rule.matches(path)) {
            questions.extend(matched.siblings());
            for root in matched.candidate_roots() {
                if self.production.status(root) == RootStatus::RootWithMarker {
                    questions.extend(self.production.markers_in(root));
                }
            }
        }
        questions
    }

    pub(super) fn exemption<'p, E>(
        &'p self,
        matched: Match<'p, '_>,
        change: Change,
        ask: &mut impl FnMut(Question) -> Result<bool, E>,
    ) -> Result<Option<Exemption<'p>>, E> {
        let Match { rule, path, .. } = matched;
        if let Some(name) = rule.excepted_name(path) {
            return Ok(Some(Exemption::Name(name)));
        }
        if let Some(directory) = rule.excepted_directory(path) {
            return Ok(Some(Exemption::Directory(directory)));
        }
        if rule.scope == Scope::ProductionRoot && !self.is_in_production_root(matched, ask)? {
            return Ok(Some(Exemption::NotInProductionRoot));
        }
        for sibling in matched.siblings() {
            if ask(Question::Sibling(sibling.as_bstr()))? {
                return Ok(Some(Exemption::Sibling(sibling)));
            }
        }
        Ok((change.is_existing_path() && !self.refuses_changes(rule)).then_some(Exemption::Known))
    }

    /// Whether `rule` refuses a changed path that a parent of the commit has.
    fn refuses_changes(&self, rule: &Rule) -> bool {
        match self.tracked {
            None => rule.tracked == Tracked::Refuse,
            Some(Tracked::Refuse) => true,
            Some(Tracked::Allow) => rule.id == SESSION_DIRECTORY_RULE,
        }
    }

    fn is_in_production_root<E>(
        &self,
        matched: Match,
        ask: &mut impl FnMut(Question) -> Result<bool, E>,
    ) -> Result<bool, E> {
        for directory in matched.candidate_roots() {
            match self.production.status(directory) {
                RootStatus::Root => return Ok(true),
                RootStatus::NotRoot => {}
                RootStatus::RootWithMarker => {
                    for marker in self.production.markers_in(directory) {
                        if ask(Question::Marker(marker.as_bstr()))? {
                            return Ok(true);
                        }
                    }
                }
            }
        }
        Ok(false)
    }
}
