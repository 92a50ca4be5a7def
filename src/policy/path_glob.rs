//! Globs for whole paths.

use std::borrow::Cow;

use bstr::{BStr, ByteSlice};

use super::expand::is_special;
use super::glob::{Compiled, Invalid};
use super::name::Name;

/// A glob for a path from the top of the repository: `**` matches `/`, `*` does not.
#[derive(Debug)]
pub struct PathGlob {
    text: Cow<'static, str>,
    matcher: Matcher,
}

#[derive(Debug)]
enum Matcher {
    /// The text is a path without special characters.
    Literal,
    /// A pattern for each component: plain text and `*` are matched without a compiled glob.
    Components(Vec<Name>),
    Glob(Compiled),
}

impl PathGlob {
    /// Parses a glob for paths from the top of the repository.
    ///
    /// # Errors
    ///
    /// `text` can match no path (it is empty, or has a `/` at an end, or `./`), or is not a
    /// valid glob.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Result<Self, Invalid> {
        let text = text.into();
        let bare = text.trim_start_matches("./").trim_matches('/');
        if bare.is_empty() {
            return Err(Invalid::new("matches no path"));
        }
        if bare != text {
            return Err(Invalid::new("a path has no `./` and no `/` at either end")
                .with_help(format!("write `{bare}`, or `{bare}/**` for everything below it")));
        }
        if text.starts_with('!') {
            return Err(Invalid::new("a glob cannot be negated"));
        }
        if text.split('/').any(|component| matches!(component, "" | "." | "..")) {
            return Err(Invalid::new("a path has no empty component, no `.` and no `..`"));
        }
        let matcher = if !text.bytes().any(is_special) {
            Matcher::Literal
        } else if text.contains("**") || text.bytes().any(|byte| is_special(byte) && byte != b'*') {
            Matcher::Glob(Compiled::new(&text)?)
        } else {
            let names = text.split('/').map(|component| Name::new(component.to_owned()));
            Matcher::Components(names.collect::<Result<_, _>>()?)
        };
        Ok(Self { text, matcher })
    }

    /// Returns the glob that matches only `path`.
    ///
    /// # Errors
    ///
    /// `path` is not UTF-8, or too long for a glob.
    pub fn exactly(path: &BStr) -> Result<Self, Invalid> {
        Self::new(escape(path)?)
    }

    /// Returns the glob that matches everything below `directory`.
    ///
    /// # Errors
    ///
    /// `directory` is not UTF-8, or too long for a glob.
    pub fn below(directory: &BStr) -> Result<Self, Invalid> {
        Self::new(escape(directory)? + "/**")
    }

    /// Returns whether the glob is a path without any wildcard.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        matches!(self.matcher, Matcher::Literal)
    }

    /// Returns how many components a matching path has at most.
    pub(super) fn max_depth(&self) -> usize {
        match &self.matcher {
            Matcher::Literal => self.text.split('/').count(),
            Matcher::Components(names) => names.len(),
            Matcher::Glob(_) => usize::MAX,
        }
    }

    /// Returns whether the glob matches the whole of `path`.
    #[must_use]
    pub fn matches(&self, path: &BStr) -> bool {
        match &self.matcher {
            Matcher::Literal => path == self.text.as_bytes(),
            Matcher::Components(names) => {
                let mut components = path.split(|byte| *byte == b'/');
                let is_match = |name: &Name| components.next().is_some_and(|own| name.matches(own.into()));
                names.iter().all(is_match) && components.next().is_none()
            }
            Matcher::Glob(compiled) => compiled.matches(path),
        }
    }

    /// Returns the glob as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Escapes the special characters of a path.
fn escape(path: &BStr) -> Result<String, Invalid> {
    let text = path.to_str().map_err(|_| Invalid::new("a glob is UTF-8, and the path is not"))?;
    let escaped = globset::escape(&text.replace('\\', r"\\"));
    // A glob that begins with `!` would be taken for a negated one.
    Ok(if escaped.starts_with('!') { format!(r"\{escaped}") } else { escaped })
}
