//! Globs for directories, at any depth.

use std::borrow::Cow;

use bstr::BStr;

use super::glob::Invalid;
use super::name::Name;
use super::rule::split;

/// A glob for a directory, or for directories that follow one another: `.claude/worktrees`.
#[derive(Debug)]
pub struct Directory {
    text: Cow<'static, str>,
    /// A pattern for each component.
    names: Vec<Name>,
}

impl Directory {
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
        let names = text.split('/').map(|name| Name::new(name.to_owned())).collect::<Result<_, _>>()?;
        Ok(Self { text: text.into(), names })
    }

    /// Creates a pattern from a valid text.
    pub(super) fn new_unchecked(text: &'static str) -> Self {
        Self { text: text.into(), names: text.split('/').map(Name::new_unchecked).collect() }
    }

    /// Returns whether the pattern matches the last components of `directory`.
    ///
    /// `directory` is not empty.
    pub(super) fn matches(&self, directory: &BStr) -> bool {
        let mut components = directory.rsplit(|byte| *byte == b'/');
        self.names.iter().rev().all(|name| components.next().is_some_and(|own| name.matches(own.into())))
    }

    /// Returns the directory that contains a match at the end of `directory`.
    pub(super) fn parent<'d>(&self, directory: &'d BStr) -> &'d BStr {
        self.names.iter().fold(directory, |directory, _| split(directory).0)
    }

    /// Returns whether a match has more than one component.
    pub(super) fn is_nested(&self) -> bool {
        self.names.len() > 1
    }

    /// Returns the pattern for the last component of a match.
    pub(super) fn last_name(&self) -> &Name {
        &self.names[self.names.len() - 1]
    }

    /// Returns the pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the patterns of a list as they were written.
    #[must_use]
    pub fn texts(directories: &[Self]) -> Vec<&str> {
        directories.iter().map(Self::as_str).collect()
    }
}
