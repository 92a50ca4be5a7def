//! Patterns for files of a project, by their names or by their paths.

use std::borrow::Cow;

use bstr::{BStr, ByteSlice};

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
    paths: Vec<PathGlob>,
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
        self.names.find(name.as_bstr()).is_some() || self.paths.iter().any(|glob| glob.matches(path))
    }

    /// Returns the patterns as they were written, those for names first.
    pub(super) fn texts(&self) -> Vec<&str> {
        let paths = self.paths.iter().map(PathGlob::as_str);
        self.names.texts().into_iter().chain(paths).collect()
    }
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
        for pattern in patterns {
            match pattern {
                FilePattern::Name(name) => self.names.extend([name]),
                FilePattern::Path(glob) => self.paths.push(glob),
            }
        }
    }
}
