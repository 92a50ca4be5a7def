//! The search for files that name a path, among all files of a project.

use std::collections::BTreeMap;
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
        let (by_word, found, doubtful) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut wanted = Self { by_word, found, open: 0, doubtful };
        for path in paths {
            if let Some(word) = mention::word(path) {
                wanted.by_word.entry(word).or_default().push(path);
                wanted.found.insert(path, None);
            }
        }
        wanted.open = wanted.found.len();
        wanted
    }

    /// Returns the words to search for.
    pub(super) fn words(&self) -> Vec<BString> {
        self.by_word.keys().cloned().collect()
    }

    /// Takes note of a place that contains one of the words. Breaks if each path has one.
    ///
    /// What a wanted path says counts only if that path is named itself. `may_be_session_work`
    /// says so of another file. Ignore files and the configuration say nothing: they name what does
    /// not belong to the project.
    pub(super) fn visit(
        &mut self,
        place: &Mention,
        word: &BStr,
        may_be_session_work: impl FnOnce(&BStr) -> bool,
    ) -> ControlFlow<()> {
        let file = place.path.as_bstr();
        let paths = self.by_word.get(word).into_iter().flatten().copied();
        let open: Vec<&BStr> = paths.filter(|path| *path != file && self.is_open(path)).collect();
        if !open.is_empty() && !mention::is_ignore_file(file) && file != FILE_NAME {
            let is_doubtful = self.doubtful.contains_key(file)
                || self.found.contains_key(file)
                || may_be_session_work(file);
            for path in open {
                if is_doubtful {
                    self.doubtful.entry(file.to_owned()).or_default().entry(path).or_insert(place.line);
                } else {
                    self.close(path, place.clone());
                }
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
