//! Globs for directories, at any depth.

use std::borrow::Cow;

use bstr::BStr;

use super::glob::Invalid;
use super::name::{Name, Names};
use super::rule::split;

/// A glob for a directory, or for directories that follow one another: `.claude/worktrees`.
#[derive(Debug)]
pub struct DirectoryGlob {
    text: Cow<'static, str>,
    /// The patterns for all components but the last, from the last one up.
    parents: Vec<Name>,
}

/// A list of globs for directories.
#[derive(Debug, Default)]
pub struct DirectoryGlobs {
    globs: Vec<DirectoryGlob>,
    /// The pattern for the last component of each glob.
    last_names: Names,
}

impl DirectoryGlob {
    /// Parses a glob for a directory.
    ///
    /// # Errors
    ///
    /// `text` can match no directory (it has a `/` at an end, or an empty component, `.` or
    /// `..`), has a `**`, or is not a valid glob.
    pub fn new(text: String) -> Result<Self, Invalid> {
        let bare = text.trim_matches('/');
        if bare != text && !bare.is_empty() {
            return Err(Invalid::new("a directory has no `/` at either end, and is found at any depth")
                .with_help(format!("write `{bare}`")));
        }
        if text.contains('/') {
            if text.split('/').any(|component| matches!(component, "" | "." | "..")) {
                return Err(Invalid::new("a directory has no empty component, no `.` and no `..`"));
            }
            if text.contains("**") {
                return Err(Invalid::new("a directory has no `**`: it is found at any depth"));
            }
        }
        let mut names = text.rsplit('/').map(|name| Name::new(name.to_owned()));
        names.next().transpose()?;
        let parents = names.collect::<Result<_, _>>()?;
        Ok(Self { text: text.into(), parents })
    }

    /// Creates a glob from a valid text.
    pub(super) fn new_unchecked(text: &'static str) -> Self {
        Self { text: text.into(), parents: text.rsplit('/').skip(1).map(Name::new_unchecked).collect() }
    }

    /// Returns whether the parents match the components above the last one of `directory`.
    fn matches_parents(&self, directory: &BStr) -> bool {
        let mut components = directory.rsplit(|byte| *byte == b'/').skip(1);
        self.parents.iter().all(|name| components.next().is_some_and(|own| name.matches(own.into())))
    }

    /// Returns the directory that contains a match at the end of `directory`.
    pub(super) fn parent<'d>(&self, directory: &'d BStr) -> &'d BStr {
        self.parents.iter().fold(split(directory).0, |directory, _| split(directory).0)
    }

    /// Returns the pattern for the last component of a match.
    fn last_name(&self) -> Name {
        let start = self.text.rfind('/').map_or(0, |slash| slash + 1);
        match &self.text {
            Cow::Borrowed(text) => Name::new_unchecked(&text[start..]),
            Cow::Owned(text) => Name::new_unchecked(text[start..].to_owned()),
        }
    }

    /// Returns the glob as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromIterator<DirectoryGlob> for DirectoryGlobs {
    fn from_iter<I: IntoIterator<Item = DirectoryGlob>>(globs: I) -> Self {
        let globs: Vec<DirectoryGlob> = globs.into_iter().collect();
        Self { last_names: globs.iter().map(DirectoryGlob::last_name).collect(), globs }
    }
}

impl DirectoryGlobs {
    /// Returns the globs that match the last components of `directory`, which is not empty.
    pub(super) fn matching(&self, directory: &BStr) -> impl Iterator<Item = &DirectoryGlob> {
        let (_, name) = split(directory);
        let globs = if self.may_end_in(name) { &self.globs[..] } else { &[] };
        let pairs = globs.iter().zip(self.last_names.iter());
        let matching =
            pairs.filter(move |(glob, last)| last.matches(name) && glob.matches_parents(directory));
        matching.map(|(glob, _)| glob)
    }

    /// Returns whether the last component of a match can be `name`.
    pub(super) fn may_end_in(&self, name: &BStr) -> bool {
        self.last_names.find(name).is_some()
    }

    /// Returns the patterns for the last component of a match.
    pub(super) fn last_names(&self) -> impl Iterator<Item = &Name> {
        self.last_names.iter()
    }

    /// Returns whether a match can have more than one component.
    pub(super) fn has_nested(&self) -> bool {
        self.globs.iter().any(|glob| !glob.parents.is_empty())
    }

    /// Returns whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.globs.is_empty()
    }

    /// Returns the globs as they were written, in their order.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        self.globs.iter().map(DirectoryGlob::as_str).collect()
    }
}
