//! Explains verdicts, and finds what would make a refused path acceptable.

use bstr::{BStr, BString, ByteSlice};

use super::Policy;
use super::document::NamedBy;
use super::evidence::Project;
use super::judging::{Judge, TextVerdict};
use super::path_glob::PathGlob;
use super::rule::{Match, Rule, SplitPath};
use super::search::SearchResult;
use super::verdict::{Exemption, Verdict};
use crate::Change;

/// The verdict on one path, and what would change it.
#[derive(Debug)]
pub struct Explanation<'p> {
    /// The path in bytes, relative to the top of the repository.
    pub path: BString,
    /// The verdict on the path, as if it were added.
    pub verdict: Verdict<'p>,
    /// Whether a parent of the next commit has the refused path, and a change of it is allowed.
    pub allows_change: bool,
    /// What the files of the project say; `None` if only the path decides.
    pub evidence: Option<Evidence>,
    /// What would make the path acceptable; `None` unless it is refused.
    pub alternatives: Option<Alternatives>,
}

/// What the files of a project say of a path that a rule matches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Evidence {
    /// What its text shows; `None` if no rule judges files of its kind by their texts.
    pub text: Option<TextVerdict>,
    /// Which other file names it; `None` if the rule asks for none.
    pub mention: Option<SearchResult>,
}

/// What would make a refused path acceptable.
#[derive(Debug, Default)]
pub struct Alternatives {
    /// A path at which the same file would not be refused.
    pub elsewhere: Option<BString>,
    /// Files or directories; next to any of them the path would not be refused.
    pub siblings: Vec<BString>,
    /// The files of which one that names the path would make it acceptable.
    pub named_by: Option<NamedBy>,
    /// The `allow` entry that matches only this path.
    ///
    /// `None` if the path is not UTF-8, or too long for a glob.
    pub allow: Option<String>,
}

impl Policy {
    /// Judges `paths` as if they were added, and says what would make a refused one acceptable.
    ///
    /// `is_committed` returns whether a parent of the next commit has a file at a path. It is
    /// called only for a refused path whose rule allows changes.
    ///
    /// # Errors
    ///
    /// The paths of the project cannot be read, or the first error of `is_committed`.
    pub fn explain<P: Project>(
        &self,
        paths: Vec<BString>,
        project: &mut P,
        mut is_committed: impl FnMut(&BStr) -> Result<bool, P::Error>,
    ) -> Result<Vec<Explanation<'_>>, P::Error> {
        let mut judge = Judge::new(self, project);
        let verdicts = judge.verdicts(paths.iter().map(|path| (path.as_bstr(), Change::Added)))?;
        let is_searched =
            |verdict: &Verdict| verdict.weighing_rule().is_some_and(|rule| rule.named_by.is_some());
        let matched = paths.iter().zip(&verdicts).filter(|(_, verdict)| is_searched(verdict));
        let matched: Vec<&BStr> = matched.map(|(path, _)| path.as_bstr()).collect();
        judge.search(&matched)?;
        let mut explanations = Vec::with_capacity(paths.len());
        for (path, verdict) in paths.into_iter().zip(verdicts) {
            let evidence = judge.evidence(path.as_bstr(), &verdict);
            let (mut allows_change, mut alternatives) = (false, None);
            if let Verdict::Refused { rule, pattern, .. } = verdict {
                let split = SplitPath::new(path.as_bstr());
                let changed = judge.verdict(path.as_bstr(), Change::Modified)?;
                allows_change =
                    !matches!(changed, Some(Verdict::Refused { .. })) && is_committed(path.as_bstr())?;
                alternatives = Some(judge.alternatives(Match { rule, pattern, path: split })?);
            }
            explanations.push(Explanation { path, verdict, allows_change, evidence, alternatives });
        }
        Ok(explanations)
    }
}

impl Verdict<'_> {
    /// Returns the rule that matches the path, if more than its name and directory may decide.
    pub(super) fn weighing_rule(&self) -> Option<&Rule> {
        match self {
            Self::Refused { rule, .. } => Some(rule),
            Self::Exempt { rule, exemption, .. } => {
                let is_by_evidence = matches!(
                    exemption,
                    Exemption::Named(_) | Exemption::NoSign | Exemption::NotRead | Exemption::NotSearched
                );
                is_by_evidence.then_some(rule)
            }
            Self::AllowedByEntry { .. } | Self::Unmatched => None,
        }
    }
}

impl<P: Project> Judge<'_, '_, P> {
    fn alternatives(&mut self, refused: Match) -> Result<Alternatives, P::Error> {
        let mut elsewhere = refused.suggested_path();
        if let Some(path) = &elsewhere {
            let verdict = self.verdict(path.as_bstr(), Change::Added)?;
            elsewhere.take_if(|_| matches!(verdict, Some(Verdict::Refused { .. })));
        }
        Ok(Alternatives {
            elsewhere,
            siblings: refused.siblings(),
            named_by: refused.rule.named_by,
            allow: PathGlob::exactly(refused.path.whole).ok().map(|glob| glob.as_str().to_owned()),
        })
    }
}
