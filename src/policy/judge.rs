//! Judges paths: which rule refuses a path, or why a path that a rule matches is allowed.

use std::convert::Infallible;

use bstr::{BStr, BString, ByteSlice};

use super::directory::Directory;
use super::document::{Scope, Tracked};
use super::name::Name;
use super::path_glob::PathGlob;
use super::production::RootStatus;
use super::rule::{Match, Rule, SplitPath};
use super::{Policy, SESSION_DIRECTORY_RULE};
use crate::{Change, Entry, IntroducedBy};

/// The verdict on one path.
#[derive(Debug)]
pub enum Verdict<'p> {
    /// The path is session work.
    Refused {
        /// The rule that matches the path.
        rule: &'p Rule,
        /// The name pattern of the rule that matches.
        pattern: &'p Name,
    },
    /// A rule matches the path, but an entry of `allow` in the configuration covers it.
    AllowedByEntry {
        /// The rule that matches the path.
        rule: &'p Rule,
        /// The name pattern of the rule that matches.
        pattern: &'p Name,
        /// The entry of `allow`.
        glob: &'p PathGlob,
    },
    /// A rule matches the path, but something exempts it.
    Exempt {
        /// The first rule that matches the path.
        rule: &'p Rule,
        /// The name pattern of the rule that matches.
        pattern: &'p Name,
        /// Why the rule does not refuse the path.
        exemption: Exemption<'p>,
    },
    /// No rule matches the path.
    Unmatched,
}

/// The reason why a rule does not refuse a path that it matches.
#[derive(Debug)]
pub enum Exemption<'p> {
    /// The rule excepts names that match this pattern.
    Name(&'p Name),
    /// The rule excepts everything below directories that match this pattern.
    Directory(&'p Directory),
    /// The rule applies only in production roots, and the path is in none.
    NotInProductionRoot,
    /// The path is the test of this tracked file or directory, and is next to it.
    Sibling(BString),
    /// A parent of the commit has the path, and the rule refuses only new paths.
    Known,
}

/// A refused entry and the rule that refuses it.
#[derive(Debug)]
pub struct Finding<'p> {
    /// The refused entry.
    pub entry: Entry,
    /// The rule that refuses it.
    pub rule: &'p Rule,
    /// The name pattern of the rule that matches.
    pub pattern: &'p Name,
    /// The commit that introduces the entry, if commits are checked.
    pub introduced_by: Option<IntroducedBy>,
}

/// A question that a verdict depends on: whether a path is tracked.
///
/// Paths are relative to the top of the repository.
enum Question<'a> {
    /// Is this project marker tracked?
    Marker(&'a BStr),
    /// Is this file or directory, which the judged path is named after, tracked?
    Sibling(&'a BStr),
}

impl Policy {
    /// Judges the `change` of `path` in a commit.
    ///
    /// `is_tracked` returns whether a path is a file, or a directory of files, in the judged
    /// index or tree. It is called only if a rule matches.
    ///
    /// # Errors
    ///
    /// The first error of `is_tracked`.
    pub fn judge<E>(
        &self,
        path: &BStr,
        change: Change,
        mut is_tracked: impl FnMut(&BStr) -> Result<bool, E>,
    ) -> Result<Verdict<'_>, E> {
        self.verdict(SplitPath::new(path), change, &mut |question| match question {
            Question::Marker(path) | Question::Sibling(path) => is_tracked(path),
        })
    }

    /// Returns a finding for each refused entry, in the order of `entries`.
    ///
    /// `is_tracked` is as in [`Policy::judge`].
    ///
    /// # Errors
    ///
    /// The first error of `is_tracked`.
    pub fn findings<E>(
        &self,
        entries: Vec<Entry>,
        mut is_tracked: impl FnMut(&BStr) -> Result<bool, E>,
    ) -> Result<Vec<Finding<'_>>, E> {
        let mut findings = Vec::new();
        for entry in entries {
            let verdict = self.judge(entry.path.as_bstr(), entry.change, &mut is_tracked)?;
            if let Verdict::Refused { rule, pattern } = verdict {
                findings.push(Finding { entry, rule, pattern, introduced_by: None });
            }
        }
        Ok(findings)
    }

    /// Returns whether a rule could refuse `path`, whatever else is tracked.
    ///
    /// It may return `true` for a path that [`Policy::judge`] allows, never `false` for one
    /// that it refuses.
    #[must_use]
    pub fn may_refuse(&self, path: &BStr) -> bool {
        // Markers make more paths refusable, siblings fewer.
        let mut assume = |question: Question| Ok::<_, Infallible>(matches!(question, Question::Marker(_)));
        let Ok(verdict) = self.verdict(SplitPath::new(path), Change::Added, &mut assume);
        matches!(verdict, Verdict::Refused { .. })
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

    fn verdict<E>(
        &self,
        path: SplitPath,
        change: Change,
        ask: &mut impl FnMut(Question) -> Result<bool, E>,
    ) -> Result<Verdict<'_>, E> {
        let mut exempt = None;
        for matched in self.rules.iter().filter_map(|rule| rule.matches(path)) {
            let Match { rule, pattern, .. } = matched;
            if let Some(exemption) = self.exemption(matched, change, ask)? {
                exempt.get_or_insert(Verdict::Exempt { rule, pattern, exemption });
                continue;
            }
            return Ok(match self.allow_entry(path.whole) {
                Some(glob) => Verdict::AllowedByEntry { rule, pattern, glob },
                None => Verdict::Refused { rule, pattern },
            });
        }
        Ok(exempt.unwrap_or(Verdict::Unmatched))
    }

    fn exemption<'p, E>(
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
