//! Judges the paths of one project, with what its files say.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};

use super::Policy;
use super::document::{NamedBy, Sign};
use super::evidence::{MAX_EVIDENCE_FILE, MAX_SEARCHED, MAX_SEARCHES, MAX_TEXT, MAX_WORDS, Mention, Project};
use super::explain::Evidence;
use super::file_pattern::FilePatterns;
use super::judge::Question;
use super::mention;
use super::rule::{Match, Rule, SplitPath};
use super::search::{self, NameSearch, SearchResult};
use super::text::{self, ShownSign};
use super::verdict::{Exemption, Verdict};
use crate::Change;

/// Judges the paths of one project. Reads each file of it once.
pub(super) struct Judge<'p, 'j, P> {
    policy: &'p Policy,
    project: &'j mut P,
    /// The paths of the files of `[evidence]`, listed when a rule first asks for them.
    automation: Option<Vec<BString>>,
    documents: Option<Vec<BString>>,
    /// The contents of these files, read when one may name a path.
    contents: HashMap<BString, Vec<u8>>,
    /// What the texts that were read show of the signs that were asked for.
    text_verdicts: HashMap<(BString, Vec<Sign>), TextVerdict>,
    /// The paths that were searched for.
    searched: HashMap<BString, SearchResult>,
}

/// What the text of a file shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TextVerdict {
    /// A sign.
    Sign(ShownSign),
    /// No sign, but on this line a program that is made to run again.
    Program(usize),
    /// Neither.
    Nothing,
    /// It was not read: the file is large, no regular file, or not here.
    NotRead,
}

/// What the files of a project say of a path that a rule matches.
enum EvidenceVerdict<'p> {
    Refused(Option<ShownSign>),
    Exempt(Exemption<'p>),
    /// The other files have to be searched first.
    Undecided,
}

/// Returns the line on which a file with this path and text names a path.
type LineOf = fn(&BStr, &BStr, &BStr) -> Option<usize>;

/// Returns whether a file may name a path, before its text is read.
type MayName = fn(&BStr, &BStr) -> bool;

impl<'p, 'j, P: Project> Judge<'p, 'j, P> {
    pub(super) fn new(policy: &'p Policy, project: &'j mut P) -> Self {
        Self {
            policy,
            project,
            automation: None,
            documents: None,
            contents: HashMap::new(),
            text_verdicts: HashMap::new(),
            searched: HashMap::new(),
        }
    }

    /// Returns the verdict on each path.
    pub(super) fn verdicts<'a>(
        &mut self,
        paths: impl IntoIterator<Item = (&'a BStr, Change)>,
    ) -> Result<Vec<Verdict<'p>>, P::Error> {
        let paths: Vec<_> = paths.into_iter().collect();
        let mut undecided = Vec::new();
        for (path, change) in &paths {
            undecided.extend(self.verdict(path, *change)?.is_none().then_some(*path));
        }
        self.search(&undecided)?;
        let mut verdicts = Vec::with_capacity(paths.len());
        for (path, change) in paths {
            // After the search there is a verdict on each path.
            verdicts.push(self.verdict(path, change)?.unwrap_or(Verdict::Unmatched));
        }
        Ok(verdicts)
    }

    /// Returns the verdict; `None` if the other files have to be searched first.
    pub(super) fn verdict(&mut self, path: &BStr, change: Change) -> Result<Option<Verdict<'p>>, P::Error> {
        let policy = self.policy;
        let mut exempt = None;
        for matched in policy.rules.iter().filter_map(|rule| rule.matches(SplitPath::new(path))) {
            let Match { rule, pattern, .. } = matched;
            let exemption = match self.exemption(matched, change)? {
                // Such a rule matches every script: that is worth no explanation.
                Some(_) if !rule.text.is_empty() => continue,
                Some(exemption) => exemption,
                None => {
                    if let Some(glob) = policy.allow_entry(path) {
                        return Ok(Some(Verdict::AllowedByEntry { rule, pattern, glob }));
                    }
                    match self.judge_evidence(rule, path)? {
                        EvidenceVerdict::Refused(shown) => {
                            return Ok(Some(Verdict::Refused { rule, pattern, shown }));
                        }
                        EvidenceVerdict::Exempt(exemption) => exemption,
                        EvidenceVerdict::Undecided => return Ok(None),
                    }
                }
            };
            exempt.get_or_insert(Verdict::Exempt { rule, pattern, exemption });
        }
        Ok(Some(exempt.unwrap_or(Verdict::Unmatched)))
    }

    /// Returns why the path alone, with those next to it, exempts it from the rule.
    fn exemption(
        &mut self,
        matched: Match<'p, '_>,
        change: Change,
    ) -> Result<Option<Exemption<'p>>, P::Error> {
        self.policy.exemption(matched, change, &mut |question| match question {
            Question::Marker(path) | Question::Sibling(path) => self.project.is_tracked(path),
        })
    }

    /// Judges a path by the evidence that the rule asks for, the cheapest first.
    fn judge_evidence(&mut self, rule: &Rule, path: &BStr) -> Result<EvidenceVerdict<'p>, P::Error> {
        let mut shown = None;
        if !rule.text.is_empty() {
            match self.text_verdict(&rule.text, path) {
                TextVerdict::Sign(sign) => shown = Some(sign),
                TextVerdict::Program(_) | TextVerdict::Nothing => {
                    return Ok(EvidenceVerdict::Exempt(Exemption::NoSign));
                }
                TextVerdict::NotRead => return Ok(EvidenceVerdict::Exempt(Exemption::NotRead)),
            }
        }
        let Some(files) = rule.named_by else { return Ok(EvidenceVerdict::Refused(shown)) };
        if let Some(mention) = self.find_mention(files, path)? {
            return Ok(EvidenceVerdict::Exempt(Exemption::Named(mention)));
        }
        if files != NamedBy::Any {
            return Ok(EvidenceVerdict::Refused(shown));
        }
        Ok(match self.searched.get(path) {
            None => EvidenceVerdict::Undecided,
            Some(SearchResult::Named(mention)) => EvidenceVerdict::Exempt(Exemption::Named(mention.clone())),
            Some(SearchResult::Unnamed) => EvidenceVerdict::Refused(shown),
            Some(SearchResult::Incomplete) => EvidenceVerdict::Exempt(Exemption::NotSearched),
        })
    }

    /// Returns what the files of the project say of a path that was searched for.
    ///
    /// `None` if the path alone decides.
    pub(super) fn evidence(&mut self, path: &BStr, verdict: &Verdict) -> Option<Evidence> {
        let (rule, mention) = match verdict {
            Verdict::Exempt { rule, exemption: Exemption::Named(mention), .. } => {
                (*rule, Some(SearchResult::Named(mention.clone())))
            }
            verdict => (verdict.weighing_rule()?, self.searched.get(path).cloned()),
        };
        let split = SplitPath::new(path);
        let is_judged_by_text = |rule: &Rule| !rule.text.is_empty() && rule.matches(split).is_some();
        let is_script = self.policy.rules.iter().any(is_judged_by_text);
        let text = is_script.then(|| self.text_verdict(&Sign::ALL, path));
        let evidence = Evidence { text, mention: mention.filter(|_| rule.named_by.is_some()) };
        (evidence.text.is_some() || evidence.mention.is_some()).then_some(evidence)
    }

    fn text_verdict(&mut self, signs: &[Sign], path: &BStr) -> TextVerdict {
        let key = (path.to_owned(), signs.to_vec());
        if let Some(verdict) = self.text_verdicts.get(&key) {
            return *verdict;
        }
        let verdict = match self.project.text(path, MAX_TEXT) {
            None => TextVerdict::NotRead,
            Some(text) => {
                let text = text.as_bstr();
                let sign = text::find_sign(path, text, signs).map(TextVerdict::Sign);
                let program = || text::find_program(path, text).map(TextVerdict::Program);
                sign.or_else(program).unwrap_or(TextVerdict::Nothing)
            }
        };
        self.text_verdicts.insert(key, verdict);
        verdict
    }

    /// Returns the first place where one of the files of `[evidence]` names `path`.
    ///
    /// A file that is session work by its own name does not count.
    fn find_mention(&mut self, files: NamedBy, path: &BStr) -> Result<Option<Mention>, P::Error> {
        let (patterns, project) = (&self.policy.evidence, &mut *self.project);
        let (files, may_name, line_of) = match files {
            NamedBy::Documents => {
                let files = self.documents.get_or_insert_with(|| list(project, &patterns.documents));
                (files, (|_, _| true) as MayName, mention::line_of_link as LineOf)
            }
            NamedBy::Automation | NamedBy::Any => {
                let files = self.automation.get_or_insert_with(|| list(project, &patterns.automation));
                (files, mention::applies_to as MayName, mention::line_of_name as LineOf)
            }
        };
        let may_name = |file: &&BString| *file != path && may_name(file.as_bstr(), path);
        for file in files.iter().filter(may_name).cloned().collect::<Vec<_>>() {
            let line = line_of(file.as_bstr(), self.contents(&file), path);
            if let Some(line) = line
                && !self.is_refused_by_name(file.as_bstr())?
            {
                return Ok(Some(Mention { path: file, line }));
            }
        }
        Ok(None)
    }

    /// Returns the contents of a file of `[evidence]`; empty if it cannot be read.
    fn contents(&mut self, file: &BString) -> &BStr {
        if !self.contents.contains_key(file) {
            let contents = self.project.text(file.as_bstr(), MAX_EVIDENCE_FILE).unwrap_or_default();
            self.contents.insert(file.clone(), contents);
        }
        self.contents.get(file).map(Vec::as_slice).unwrap_or_default().as_bstr()
    }

    /// Whether a rule that does not ask for the text refuses `path`, whatever names it.
    fn is_refused_by_name(&mut self, path: &BStr) -> Result<bool, P::Error> {
        let policy = self.policy;
        let by_name = policy.rules.iter().filter(|rule| rule.text.is_empty());
        for matched in by_name.filter_map(|rule| rule.matches(SplitPath::new(path))) {
            if self.exemption(matched, Change::Added)?.is_none() {
                return Ok(policy.allow_entry(path).is_none());
            }
        }
        Ok(false)
    }

    /// Searches all files for the names of `paths`, in one search if possible.
    ///
    /// A mention in session work does not count. A mention in one of `paths` counts only if that
    /// path is named itself. A script that names one of them may be such a path, too: then
    /// another search includes it, up to [`MAX_SEARCHES`].
    pub(super) fn search(&mut self, paths: &[&BStr]) -> Result<(), P::Error> {
        let is_new = |path: &&&BStr| !self.searched.contains_key(**path);
        let mut wanted: Vec<BString> = paths.iter().filter(is_new).map(|path| (*path).to_owned()).collect();
        for count in 1..=MAX_SEARCHES {
            let mut search = NameSearch::new(wanted.iter().map(|path| path.as_bstr()));
            let is_complete = self.add_texts(&mut search);
            let (mut session_work, mut suspects) = (Vec::new(), Vec::new());
            for file in search.unproven_files() {
                match self.verdict(file.as_bstr(), Change::Added)? {
                    Some(Verdict::Refused { .. }) => session_work.push(file),
                    None => suspects.push(file),
                    Some(_) => {}
                }
            }
            if count == MAX_SEARCHES || suspects.is_empty() {
                self.searched.extend(search.resolve(is_complete, &session_work));
                break;
            }
            wanted.extend(suspects);
        }
        for path in paths {
            self.searched.entry((*path).to_owned()).or_insert(SearchResult::Incomplete);
        }
        Ok(())
    }

    /// Adds the texts that may contain the words of the search, until every path is named.
    ///
    /// Returns whether all of them could be read.
    fn add_texts(&mut self, search: &mut NameSearch) -> bool {
        let words = search.words();
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
            if is_binary(&text) {
                continue;
            }
            let may_be_session_work = || self.policy.may_refuse(file);
            if search.add_text(file, text.as_bstr(), may_be_session_work).is_break() {
                return true;
            }
        }
        is_complete
    }
}

/// Returns whether git takes a file for a binary one: a NUL is among its first 8,000 bytes.
fn is_binary(text: &[u8]) -> bool {
    text[..text.len().min(8000)].contains(&0)
}

/// Lists the files that match `patterns`. What cannot be listed is no evidence.
fn list<P: Project>(project: &mut P, patterns: &FilePatterns) -> Vec<BString> {
    project.files(&|path| patterns.matches(path)).unwrap_or_default()
}
