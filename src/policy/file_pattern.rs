//! Patterns for files of a project, by their names or by their paths.

use std::borrow::Cow;
use std::sync::OnceLock;

use bstr::BStr;

use super::expand::is_special;
use super::filter::TrigramFilter;
use super::glob::Invalid;
use super::name::{Name, Names};
use super::path_glob::PathGlob;
use super::rule::split;

/// A pattern for files, as in a `.gitignore`.
///
/// With a `/` it matches the whole path, otherwise the name at any depth.
#[derive(Debug)]
pub(super) enum FilePattern {
    Name(Name),
    Path(PathGlob),
}

/// A list of patterns for files.
#[derive(Debug, Default)]
pub struct FilePatterns {
    names: Names,
    /// Each with the length of the plain text at its start, which rules out most paths.
    paths: Vec<(usize, PathGlob)>,
    /// Rules out most names; made when the first path is matched.
    filter: OnceLock<Box<TrigramFilter>>,
}

impl FilePattern {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// As [`Name::new`] and [`PathGlob::new`].
    pub(super) fn new(text: impl Into<Cow<'static, str>>) -> Result<Self, Invalid> {
        let text = text.into();
        if text.contains('/') { PathGlob::new(text).map(Self::Path) } else { Name::new(text).map(Self::Name) }
    }
}

impl FilePatterns {
    /// Returns whether a pattern matches `path`.
    #[must_use]
    pub fn matches(&self, path: &BStr) -> bool {
        let (_, name) = split(path);
        let is_match = |(plain, glob): &(usize, PathGlob)| {
            path.starts_with(&glob.as_str().as_bytes()[..*plain]) && glob.matches(path)
        };
        let filter = self.filter.get_or_init(|| {
            let mut filter = TrigramFilter::default();
            filter.add(&self.names, &self.names, 1);
            Box::new(filter)
        });
        filter.find(name, 1) != 0 && self.names.find(name).is_some() || self.paths.iter().any(is_match)
    }

    /// Returns the patterns as they were written, those for names first.
    pub(super) fn texts(&self) -> Vec<&str> {
        let paths = self.paths.iter().map(|(_, glob)| glob.as_str());
        self.names.texts().into_iter().chain(paths).collect()
    }
}

/// Returns the length of the plain text at the start of a glob.
fn plain_length(glob: &PathGlob) -> usize {
    let text = glob.as_str();
    text.bytes().position(is_special).unwrap_or(text.len())
}

impl FromIterator<FilePattern> for FilePatterns {
    fn from_iter<I: IntoIterator<Item = FilePattern>>(patterns: I) -> Self {
        let mut list = Self::default();
        list.extend(patterns);
        list
    }
}

impl Extend<FilePattern> for FilePatterns {
    fn extend<I: IntoIterator<Item = FilePattern>>(&mut self, patterns: I) {
        self.filter = OnceLock::new();
        for pattern in patterns {
            match pattern {
                FilePattern::Name(name) => self.names.extend([name]),
                FilePattern::Path(glob) => self.paths.push((plain_length(&glob), glob)),
            }
        }
    }
}
