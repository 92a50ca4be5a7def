//! Judges paths: which rule refuses a path, or why a path that a rule matches is allowed.

use std::collections::HashMap;
use std::convert::Infallible;

use bstr::{BStr, BString, ByteSlice};

use super::document::{NamedBy, Scope, Sign, Tracked};
use super::evidence::{MAX_NAMER, MAX_SEARCHED, MAX_TEXT, MAX_WORDS, Mention, Project};
use super::explain::Evidence;
use super::file_pattern::FilePatterns;
use super::mention;
use super::production::RootStatus;
use super::rule::{Match, Rule, SplitPath, join};
use super::search::{self, Search, Wanted};
use super::text::{self, ShownSign};
use super::verdict::{Exemption, Finding, Verdict};
use super::{Policy, SESSION_DIRECTORY_RULE};
use crate::{Change, Entry};

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
        self.may_refuse_by(path, |_, _| true)
    }

    /// Returns whether a rule could refuse a file in `directory` or in a directory below it.
    ///
    /// Directories below may be production roots, or be named by a rule.
    #[must_use]
    pub fn may_refuse_below(&self, directory: &BStr) -> bool {
        let file = join(directory, b"x".as_bstr());
        self.rules.iter().any(|rule| rule.excepted_directory(SplitPath::new(file.as_bstr())).is_none())
    }

    /// Returns whether a rule that does not ask for the text could refuse `path`.
    fn may_refuse_by_name(&self, path: &BStr) -> bool {
        self.may_refuse_by(path, |_, rule| rule.text.is_empty())
    }

    /// As [`Policy::may_refuse`], by the rules for whose position and value `is_tried` is true.
    pub(super) fn may_refuse_by(&self, path: &BStr, is_tried: impl Fn(usize, &Rule) -> bool) -> bool {
        // Markers make more paths refusable, siblings fewer.
        let mut assume = |question: Question| Ok::<_, Infallible>(matches!(question, Question::Marker(_)));
        let path = SplitPath::new(path);
        let is_exempt = |matched| {
            let Ok(exemption) = self.exemption(matched, Change::Added, &mut assume);
            exemption.is_some()
        };
        let tried = self.rules.iter().enumerate().filter(|(at, rule)| is_tried(*at, rule));
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

/// Judges the paths of one project. Reads each file of it once.
pub(super) struct Judge<'p, 'j, P> {
    policy: &'p Policy,
    project: &'j mut P,
    /// The paths of the files of `[evidence]`, listed when a rule first asks for them.
    automation: Option<Vec<BString>>,
    documents: Option<Vec<BString>>,
    /// The contents of these files, read when one may name a path.
    texts: HashMap<BString, Vec<u8>>,
    /// What the texts that were read show of the signs that were asked for.
    shown: HashMap<(BString, Vec<Sign>), Text>,
    /// The paths that were searched for.
    mentions: HashMap<BString, Search>,
}

/// What is known of the text of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Text {
    /// It shows a sign.
    Shows(ShownSign),
    /// It shows no sign, and this line is that of a program that runs again and again.
    Reusable(usize),
    /// It shows neither.
    ShowsNothing,
    /// It was not read: the file is large, no regular file, or not here.
    NotRead,
}

/// Returns whether a file may name a path, before its text is read.
type MayName = fn(&BStr, &BStr) -> bool;

/// Returns the line on which a file with this path and text names a path.
type LineOf = fn(&BStr, &BStr, &BStr) -> Option<usize>;

/// What the evidence says of a path that a rule matches.
enum Weighed<'p> {
    Refused(Option<ShownSign>),
    Exempt(Exemption<'p>),
    /// The other files have to be searched first.
    Undecided,
}

impl<'p, 'j, P: Project> Judge<'p, 'j, P> {
    pub(super) fn new(policy: &'p Policy, project: &'j mut P) -> Self {
        let (texts, shown, mentions) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { policy, project, automation: None, documents: None, texts, shown, mentions }
    }

    /// Returns the verdict on each path.
    pub(super) fn verdicts<'a>(
        &mut self,
        paths: impl IntoIterator<Item = (&'a BStr, Change)>,
    ) -> Result<Vec<Verdict<'p>>, P::Error> {
        let paths: Vec<_> = paths.into_iter().collect();
        let mut verdicts = Vec::with_capacity(paths.len());
        for (path, change) in &paths {
            verdicts.push(self.verdict(SplitPath::new(path), *change)?);
        }
        let is_undecided = |(at, _): &(usize, _)| verdicts[*at].is_none();
        let undecided: Vec<&BStr> =
            paths.iter().enumerate().filter(is_undecided).map(|(_, (path, _))| *path).collect();
        self.search(&undecided)?;
        for ((path, change), verdict) in paths.into_iter().zip(&mut verdicts) {
            if verdict.is_none() {
                *verdict = self.verdict(SplitPath::new(path), change)?;
            }
        }
        Ok(verdicts.into_iter().map(|verdict| verdict.unwrap_or(Verdict::Unmatched)).collect())
    }

    /// Returns the verdict; `None` if the other files have to be searched first.
    pub(super) fn verdict(
        &mut self,
        path: SplitPath,
        change: Change,
    ) -> Result<Option<Verdict<'p>>, P::Error> {
        let policy = self.policy;
        let mut exempt = None;
        for matched in policy.rules.iter().filter_map(|rule| rule.matches(path)) {
            let Match { rule, pattern, .. } = matched;
            let mut ask = |question: Question| match question {
                Question::Marker(path) | Question::Sibling(path) => self.project.is_tracked(path),
            };
            let exemption = match policy.exemption(matched, change, &mut ask)? {
                // The names of such a rule say nothing by themselves.
                Some(_) if !rule.text.is_empty() => continue,
                Some(exemption) => exemption,
                None => {
                    if let Some(glob) = policy.allow_entry(path.whole) {
                        return Ok(Some(Verdict::AllowedByEntry { rule, pattern, glob }));
                    }
                    match self.weigh(rule, path.whole) {
                        Weighed::Refused(shown) => {
                            return Ok(Some(Verdict::Refused { rule, pattern, shown }));
                        }
                        Weighed::Exempt(exemption) => exemption,
                        Weighed::Undecided => return Ok(None),
                    }
                }
            };
            exempt.get_or_insert(Verdict::Exempt { rule, pattern, exemption });
        }
        Ok(Some(exempt.unwrap_or(Verdict::Unmatched)))
    }

    /// Weighs the evidence that a rule asks for, the cheapest first.
    fn weigh(&mut self, rule: &Rule, path: &BStr) -> Weighed<'p> {
        let mut shown = None;
        if !rule.text.is_empty() {
            match self.text(&rule.text, path) {
                Text::Shows(found) => shown = Some(found),
                Text::Reusable(_) | Text::ShowsNothing => return Weighed::Exempt(Exemption::NoSign),
                Text::NotRead => return Weighed::Exempt(Exemption::NotRead),
            }
        }
        let Some(files) = rule.named_by else { return Weighed::Refused(shown) };
        if let Some(mention) = self.mention(files, path) {
            return Weighed::Exempt(Exemption::Named(mention));
        }
        if files != NamedBy::Any {
            return Weighed::Refused(shown);
        }
        match self.mentions.get(path) {
            None => Weighed::Undecided,
            Some(Search::Found(mention)) => Weighed::Exempt(Exemption::Named(mention.clone())),
            Some(Search::FoundNothing) => Weighed::Refused(shown),
            Some(Search::NotDone) => Weighed::Exempt(Exemption::NotSearched),
        }
    }

    /// Returns what the files of the project say of a path that was searched for.
    ///
    /// `None` if the path alone decides.
    pub(super) fn evidence(&mut self, path: &BStr, verdict: &Verdict) -> Option<Evidence> {
        let (rule, mention) = match verdict {
            Verdict::Exempt { rule, exemption: Exemption::Named(mention), .. } => {
                (*rule, Some(Search::Found(mention.clone())))
            }
            verdict => (verdict.weighing_rule()?, self.mentions.get(path).cloned()),
        };
        let split = SplitPath::new(path);
        let is_judged_by_text = |rule: &Rule| !rule.text.is_empty() && rule.matches(split).is_some();
        let is_script = self.policy.rules.iter().any(is_judged_by_text);
        let text = is_script.then(|| self.text(&Sign::ALL, path));
        let evidence = Evidence { text, mention: mention.filter(|_| rule.named_by.is_some()) };
        (evidence.text.is_some() || evidence.mention.is_some()).then_some(evidence)
    }

    fn text(&mut self, signs: &[Sign], path: &BStr) -> Text {
        let key = (path.to_owned(), signs.to_vec());
        if let Some(text) = self.shown.get(&key) {
            return *text;
        }
        let text = match self.project.text(path, MAX_TEXT) {
            None => Text::NotRead,
            Some(text) => {
                let text = text.as_bstr();
                let sign = text::find_sign(path, text, signs).map(Text::Shows);
                let reuse = || text::find_reuse(path, text).map(Text::Reusable);
                sign.or_else(reuse).unwrap_or(Text::ShowsNothing)
            }
        };
        self.shown.insert(key, text);
        text
    }

    /// Returns the first place where one of the files of `[evidence]` names `path`.
    fn mention(&mut self, files: NamedBy, path: &BStr) -> Option<Mention> {
        let (patterns, project) = (&self.policy.evidence, &mut *self.project);
        let (listed, may_name, line_of) = match files {
            NamedBy::Documents => {
                let files = self.documents.get_or_insert_with(|| list(project, &patterns.documents));
                (files, (|_, _| true) as MayName, mention::line_of_link as LineOf)
            }
            NamedBy::Automation | NamedBy::Any => {
                let files = self.automation.get_or_insert_with(|| list(project, &patterns.automation));
                (files, mention::speaks_for as MayName, mention::line_of_name as LineOf)
            }
        };
        let asked = listed.iter().filter(|file| *file != path && may_name(file.as_bstr(), path));
        asked.into_iter().find_map(|file| {
            let text = self.texts.entry(file.clone());
            let text = text.or_insert_with(|| project.text(file.as_bstr(), MAX_NAMER).unwrap_or_default());
            let line = line_of(file.as_bstr(), text.as_bstr(), path)?;
            Some(Mention { path: file.clone(), line })
        })
    }

    /// Searches the other files for the names of `paths`, once for all of them.
    ///
    /// What session work says of a file does not count, and neither does what these paths say of
    /// each other, unless something else names them.
    pub(super) fn search(&mut self, paths: &[&BStr]) -> Result<(), P::Error> {
        let paths: Vec<&BStr> =
            paths.iter().copied().filter(|path| !self.mentions.contains_key(*path)).collect();
        let mut wanted = Wanted::new(paths.iter().copied());
        let is_complete = self.show_texts(&mut wanted);
        let results = wanted.settle(is_complete, |file| self.is_session_work(file))?;
        self.mentions.extend(paths.iter().map(|path| ((*path).to_owned(), Search::NotDone)));
        self.mentions.extend(results.into_iter().map(|(path, search)| (path.to_owned(), search)));
        Ok(())
    }

    /// Shows `wanted` the texts that may contain its words, until it has seen enough.
    ///
    /// Returns whether every one of them could be read.
    fn show_texts(&mut self, wanted: &mut Wanted) -> bool {
        let words = wanted.words();
        let files = match words.len() {
            0 => Some(Vec::new()),
            1..=MAX_WORDS => self.project.files_with(&words),
            _ => self.project.files(&|_| true),
        };
        let Some(files) = files else { return false };
        let mut is_complete = true;
        for file in files.iter().map(|file| file.as_bstr()).filter(|file| search::counts(file)) {
            let Some(text) = self.project.text(file, MAX_SEARCHED) else {
                is_complete = false;
                continue;
            };
            let may_be_session_work = || self.policy.may_refuse_by_name(file);
            if wanted.visit(file, text.as_bstr(), may_be_session_work).is_break() {
                return true;
            }
        }
        is_complete
    }

    /// Whether a rule that does not ask for the text refuses `path`.
    fn is_session_work(&mut self, path: &BStr) -> Result<bool, P::Error> {
        let policy = self.policy;
        let path = SplitPath::new(path);
        for matched in
            policy.rules.iter().filter(|rule| rule.text.is_empty()).filter_map(|rule| rule.matches(path))
        {
            let mut ask = |question: Question| match question {
                Question::Marker(path) | Question::Sibling(path) => self.project.is_tracked(path),
            };
            if policy.exemption(matched, Change::Added, &mut ask)?.is_none() {
                let is_allowed = policy.allow_entry(path.whole).is_some();
                return Ok(!is_allowed && matches!(self.weigh(matched.rule, path.whole), Weighed::Refused(_)));
            }
        }
        Ok(false)
    }
}

/// Lists the files that match `patterns`. What cannot be listed is no evidence.
fn list<P: Project>(project: &mut P, patterns: &FilePatterns) -> Vec<BString> {
    project.files(&|path| patterns.matches(path)).unwrap_or_default()
}
