//! The search for files that name a path, among all files of a project.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use bstr::{BStr, BString, ByteSlice};

use super::FILE_NAME;
use super::evidence::Mention;
use super::mention;

/// The result of the search for the name of a file among the other files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Search {
    /// This place names it.
    Found(Mention),
    /// No other file names it but session work.
    FoundNothing,
    /// Not every file could be searched.
    NotDone,
}

/// The paths that are searched for, and the places that were found.
pub(super) struct Wanted<'a> {
    words: Words,
    /// The paths by the word that a file which names them contains.
    by_word: BTreeMap<BString, Vec<&'a BStr>>,
    /// The place that names a path; `None` if none was found yet.
    found: BTreeMap<&'a BStr, Option<Mention>>,
    /// The number of paths without a place.
    open: usize,
    /// Files that count only if they are no session work: the paths that each names, and where.
    doubtful: BTreeMap<BString, BTreeMap<&'a BStr, usize>>,
}

impl<'a> Wanted<'a> {
    /// Wants these paths. One that no search can find is left out.
    pub(super) fn new(paths: impl IntoIterator<Item = &'a BStr>) -> Self {
        let (mut by_word, mut found) = (BTreeMap::<BString, Vec<&BStr>>::new(), BTreeMap::new());
        for path in paths {
            if let Some(word) = mention::word(path) {
                by_word.entry(word).or_default().push(path);
                found.insert(path, None);
            }
        }
        let (words, open) = (Words::new(by_word.keys().cloned()), found.len());
        Self { words, by_word, found, open, doubtful: BTreeMap::new() }
    }

    /// Returns the words to search for.
    pub(super) fn words(&self) -> Vec<BString> {
        self.by_word.keys().cloned().collect()
    }

    /// Takes note of the words that the text of `file` contains. Breaks if each path has a place.
    ///
    /// What a wanted path says counts only if that path is named itself.
    pub(super) fn visit(
        &mut self,
        file: &BStr,
        text: &BStr,
        may_be_session_work: impl FnOnce() -> bool,
    ) -> ControlFlow<()> {
        let places = self.words.lines_in(text);
        let named = places.iter().flat_map(|(word, line)| {
            let paths = self.by_word.get(word.as_bstr()).into_iter().flatten();
            paths.map(|path| (*path, *line))
        });
        let named: Vec<_> = named.filter(|(path, _)| *path != file && self.is_open(path)).collect();
        if !named.is_empty() && (self.found.contains_key(file) || may_be_session_work()) {
            self.doubtful.insert(file.to_owned(), named.into_iter().collect());
        } else {
            for (path, line) in named {
                self.close(path, Mention { path: file.to_owned(), line });
            }
        }
        if self.open == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn close(&mut self, path: &'a BStr, place: Mention) {
        self.found.insert(path, Some(place));
        self.open -= 1;
    }

    fn is_open(&self, path: &BStr) -> bool {
        self.found.get(path).is_some_and(Option::is_none)
    }

    /// Decides about the doubtful places, and returns the result for each path.
    ///
    /// `is_session_work` says whether a file that is not wanted is session work.
    pub(super) fn settle<E>(
        mut self,
        is_complete: bool,
        mut is_session_work: impl FnMut(&BStr) -> Result<bool, E>,
    ) -> Result<Vec<(&'a BStr, Search)>, E> {
        let mut doubtful = std::mem::take(&mut self.doubtful);
        let mut counting = Vec::new();
        for (file, paths) in &doubtful {
            let counts = match self.found.get(file.as_bstr()) {
                Some(place) => place.is_some(),
                None => paths.keys().any(|path| self.is_open(path)) && !is_session_work(file.as_bstr())?,
            };
            if counts {
                counting.push(file.clone());
            }
        }
        while let Some(file) = counting.pop() {
            for (path, line) in doubtful.remove(&file).unwrap_or_default() {
                if self.is_open(path) {
                    self.close(path, Mention { path: file.clone(), line });
                    // A path that turns out to be named may name another one.
                    counting.push(path.to_owned());
                }
            }
        }
        let nothing = if is_complete { Search::FoundNothing } else { Search::NotDone };
        let search = |place: Option<Mention>| place.map_or(nothing.clone(), Search::Found);
        Ok(self.found.into_iter().map(|(path, place)| (path, search(place))).collect())
    }
}

/// Returns whether what the file at `path` says of others counts.
///
/// Ignore files and the configuration name what does not belong to the project.
pub(super) fn counts(path: &BStr) -> bool {
    !mention::is_ignore_file(path) && path != FILE_NAME
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
