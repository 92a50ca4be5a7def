//! Finds the files that name one of several paths.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use bstr::{BStr, BString, ByteSlice};

use super::FILE_NAME;
use super::evidence::Mention;
use super::mention;

/// The result of the search for the name of a file among the other files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SearchResult {
    /// This place names it.
    Named(Mention),
    /// No other file names it but session work.
    Unnamed,
    /// Not every file could be searched.
    Incomplete,
}

/// One search for the names of several paths.
pub(super) struct NameSearch<'a> {
    words: Words,
    /// The paths by the word that a file which names them contains.
    by_word: BTreeMap<BString, Vec<&'a BStr>>,
    /// The place that names a path; `None` if none was found yet.
    mentions: BTreeMap<&'a BStr, Option<Mention>>,
    /// The number of paths without a mention.
    unnamed: usize,
    /// Mentions that count only if their files are not session work: by file the paths, and lines.
    unproven: BTreeMap<BString, BTreeMap<&'a BStr, usize>>,
}

impl<'a> NameSearch<'a> {
    /// Searches for these paths. One that a search for words cannot find is left out.
    pub(super) fn new(paths: impl IntoIterator<Item = &'a BStr>) -> Self {
        let (mut by_word, mut mentions) = (BTreeMap::<BString, Vec<&BStr>>::new(), BTreeMap::new());
        for path in paths {
            if let Some(word) = mention::word(path) {
                by_word.entry(word).or_default().push(path);
                mentions.insert(path, None);
            }
        }
        let (words, unnamed) = (Words::new(by_word.keys().cloned()), mentions.len());
        Self { words, by_word, mentions, unnamed, unproven: BTreeMap::new() }
    }

    /// Returns the words to search for.
    pub(super) fn words(&self) -> Vec<BString> {
        self.by_word.keys().cloned().collect()
    }

    /// Adds the mentions in the text of `file`. Breaks if every path is named.
    ///
    /// A mention in one of the paths, or in a file that `may_be_session_work`, is decided in
    /// [`NameSearch::resolve`].
    pub(super) fn add_text(
        &mut self,
        file: &BStr,
        text: &BStr,
        may_be_session_work: impl FnOnce() -> bool,
    ) -> ControlFlow<()> {
        let lines = self.words.lines_in(text);
        let named = lines.iter().flat_map(|(word, line)| {
            let paths = self.by_word.get(word.as_bstr()).into_iter().flatten();
            paths.map(|path| (*path, *line))
        });
        let named: Vec<_> = named.filter(|(path, _)| *path != file && self.is_unnamed(path)).collect();
        if !named.is_empty() && (self.mentions.contains_key(file) || may_be_session_work()) {
            self.unproven.insert(file.to_owned(), named.into_iter().collect());
        } else {
            for (path, line) in named {
                self.name(path, Mention { path: file.to_owned(), line });
            }
        }
        if self.unnamed == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn name(&mut self, path: &'a BStr, mention: Mention) {
        self.mentions.insert(path, Some(mention));
        self.unnamed -= 1;
    }

    fn is_unnamed(&self, path: &BStr) -> bool {
        self.mentions.get(path).is_some_and(Option::is_none)
    }

    /// Returns the files whose mentions are to be decided, without the paths themselves.
    pub(super) fn unproven_files(&self) -> Vec<BString> {
        let is_needed = |paths: &BTreeMap<&BStr, usize>| paths.keys().any(|path| self.is_unnamed(path));
        let needed = self.unproven.iter().filter(|(_, paths)| is_needed(paths)).map(|(file, _)| file);
        needed.filter(|file| !self.mentions.contains_key(file.as_bstr())).cloned().collect()
    }

    /// Decides about the unproven mentions, and returns the result for each path.
    ///
    /// A mention in one of the paths counts only if that path is named itself. Of other files
    /// those count that are not `session_work`.
    pub(super) fn resolve(
        mut self,
        is_complete: bool,
        session_work: &[BString],
    ) -> Vec<(BString, SearchResult)> {
        let mut unproven = std::mem::take(&mut self.unproven);
        let counts = |file: &BString| match self.mentions.get(file.as_bstr()) {
            Some(mention) => mention.is_some(),
            None => !session_work.contains(file),
        };
        let mut counting: Vec<BString> = unproven.keys().filter(|file| counts(file)).cloned().collect();
        while let Some(file) = counting.pop() {
            for (path, line) in unproven.remove(&file).unwrap_or_default() {
                if self.is_unnamed(path) {
                    self.name(path, Mention { path: file.clone(), line });
                    // A path that turns out to be named may name another one.
                    counting.push(path.to_owned());
                }
            }
        }
        let rest = if is_complete { SearchResult::Unnamed } else { SearchResult::Incomplete };
        let result = |mention: Option<Mention>| mention.map_or(rest.clone(), SearchResult::Named);
        self.mentions.into_iter().map(|(path, mention)| (path.to_owned(), result(mention))).collect()
    }
}

/// Returns whether what the file at `path` says of others counts.
///
/// Ignore files and the configuration name what does not belong to the project. The settings of
/// an agent name the commands that it has run.
pub(super) fn counts(path: &BStr) -> bool {
    let is_settings = path.contains_str(".claude/settings");
    !mention::is_ignore_file(path) && path != FILE_NAME && !is_settings
}

/// Words to find in texts, in a time that does not grow with their number.
struct Words {
    /// The words by their first run of letters, digits and `_`, each with its offset in the word.
    by_run: HashMap<BString, Vec<(BString, usize)>>,
}

impl Words {
    fn new(words: impl IntoIterator<Item = BString>) -> Self {
        let mut by_run = HashMap::<BString, Vec<_>>::new();
        for word in words {
            if let Some((offset, run)) = runs(word.as_bstr()).next() {
                by_run.entry(run.to_owned()).or_default().push((word.clone(), offset));
            }
        }
        Self { by_run }
    }

    /// Returns the words that `text` contains, each with its first line, counted from 1.
    ///
    /// Neither a letter, a digit nor a `_` precedes or follows a word.
    fn lines_in(&self, text: &BStr) -> Vec<(&BString, usize)> {
        let (mut seen, mut lines) = (HashSet::new(), Vec::new());
        let (mut line, mut counted) = (1, 0);
        for (at, run) in runs(text) {
            for (word, offset) in self.by_run.get(run).into_iter().flatten() {
                if !at.checked_sub(*offset).is_some_and(|start| is_word_at(text, start, word.as_bstr())) {
                    continue;
                }
                line += text[counted..at].find_iter(b"\n").count();
                counted = at;
                if seen.insert(word) {
                    lines.push((word, line));
                }
            }
        }
        lines
    }
}

fn is_word_at(text: &BStr, start: usize, word: &BStr) -> bool {
    let (before, rest) = text.split_at(start);
    let is_outside = |byte: Option<&u8>| !byte.is_some_and(|byte| mention::is_word(*byte));
    rest.strip_prefix(word.as_bytes()).is_some_and(|after| is_outside(after.first()))
        && is_outside(before.last())
}

/// Returns the longest runs of letters, digits and `_`, each with its offset.
fn runs(text: &BStr) -> impl Iterator<Item = (usize, &BStr)> {
    let parts = text.split(|byte| !mention::is_word(*byte)).scan(0, |end, run| {
        let at = *end;
        *end += run.len() + 1;
        Some((at, run.as_bstr()))
    });
    parts.filter(|(_, run)| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn words_are_found_with_their_first_lines() {
        for (words, text, expected) in [
            (&["fill"][..], "a\nfill fills\nfill", &[("fill", 2)][..]),
            (&["fill"], "refill fill_all fills _fill fill2", &[]),
            (&["fill"], "x.fill-y", &[("fill", 1)]),
            (&["fill", "fill-rows"], "fill-rows", &[("fill", 1), ("fill-rows", 1)]),
            (&["fill-rows"], "fill-rowset\nfill\n-rows\nfill-rows", &[("fill-rows", 4)]),
            (&["-x", ".y"], "a-x -x a.y\n.y", &[("-x", 1), (".y", 2)]),
            (&["a."], "a.b a. a", &[("a.", 1)]),
            (&["\u{e4}a"], "\u{e4}a", &[("\u{e4}a", 1)]),
            (&["x"], "", &[]),
        ] {
            let words = Words::new(words.iter().map(|word| (*word).into()));
            let lines = words.lines_in(text.into());
            let lines: Vec<_> = lines.iter().map(|(word, line)| (word.to_string(), *line)).collect();
            let expected: Vec<_> = expected.iter().map(|(word, line)| ((*word).to_owned(), *line)).collect();
            assert_eq!(lines, expected, "{text:?}");
        }
    }
}
