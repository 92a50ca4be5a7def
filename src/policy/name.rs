//! Globs for one component of a path.

use std::borrow::Cow;
use std::sync::OnceLock;

use bstr::BStr;

use super::expand::{expand, is_special};
use super::glob::{Compiled, Invalid};

/// A glob for one component of a path: the name of a file or a directory.
#[derive(Debug)]
pub struct Name {
    text: Cow<'static, str>,
    matcher: Matcher,
    /// The first bytes of possible matches, which rule out most components.
    first_bytes: ByteSet,
}

/// How a name is matched.
///
/// Compiling a glob takes longer than a whole check, so most names are matched without one.
#[derive(Debug)]
enum Matcher {
    /// The text is plain characters and `*`.
    Wildcard,
    /// The text has choices. The build script has expanded it to texts as above.
    BuiltIn(&'static [&'static str]),
    /// The text has other special characters. It is parsed when it is first matched.
    Choice(OnceLock<Choice>),
}

#[derive(Debug)]
enum Choice {
    /// The texts of plain characters and `*` to which the pattern expands.
    Expanded(Vec<String>),
    Glob(Box<Compiled>),
}

/// A list of name patterns, in which the first match is searched.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<Name>,
    /// The first bytes of possible matches, which rule out most components.
    first_bytes: ByteSet,
}

/// A set of bytes, one bit each.
#[derive(Clone, Copy, Debug, Default)]
struct ByteSet([u64; 4]);

impl Name {
    /// Parses a pattern for one component.
    ///
    /// # Errors
    ///
    /// `text` is empty, contains a `/`, or is not a valid glob.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Result<Self, Invalid> {
        let name = Self::new_unchecked(text);
        check_component(&name.text)?;
        if let Matcher::Choice(choice) = &name.matcher {
            let _ = choice.set(Choice::parse(&name.text)?);
        }
        Ok(name)
    }

    /// Creates a pattern from a valid text.
    pub(super) fn new_unchecked(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        let matcher = if text.bytes().any(|byte| is_special(byte) && byte != b'*') {
            Matcher::Choice(OnceLock::new())
        } else {
            Matcher::Wildcard
        };
        let first_bytes = ByteSet::of_matches(&text);
        Self { text, matcher, first_bytes }
    }

    /// Creates a pattern from a valid text and the texts to which it expands, if it has choices.
    pub(super) fn built_in(text: &'static str, expanded: &'static [&'static str]) -> Self {
        match expanded {
            [] => Self::new_unchecked(text),
            _ => Self {
                text: text.into(),
                matcher: Matcher::BuiltIn(expanded),
                first_bytes: expanded
                    .iter()
                    .map(|text| ByteSet::of_matches(text))
                    .fold(ByteSet::default(), ByteSet::with),
            },
        }
    }

    /// Parses a pattern for a file name extension, without its dot.
    ///
    /// # Errors
    ///
    /// As [`Name::new`], or `text` contains a dot.
    pub fn extension(text: impl Into<Cow<'static, str>>) -> Result<Self, Invalid> {
        let text = text.into();
        if text.contains('.') {
            return Err(Invalid::new(
                "an extension is the part of a name after the last dot, without the dot",
            ));
        }
        Self::new(text)
    }

    /// Checks that `text` is a plain name, not a glob.
    ///
    /// # Errors
    ///
    /// As [`Name::new`], or `text` contains a character with a special meaning in a glob.
    pub fn literal(text: &str) -> Result<(), Invalid> {
        check_component(text)?;
        if text.bytes().any(is_special) {
            return Err(Invalid::new("this must be a plain name, not a glob"));
        }
        Ok(())
    }

    /// Returns whether the pattern matches the whole of `component`, which is not empty.
    #[must_use]
    pub fn matches(&self, component: &BStr) -> bool {
        match &self.matcher {
            Matcher::Wildcard => wildcard_matches(&self.text, component),
            Matcher::BuiltIn(texts) => texts.iter().any(|text| wildcard_matches(text, component)),
            Matcher::Choice(choice) => match self.parsed(choice) {
                Choice::Expanded(texts) => texts.iter().any(|text| wildcard_matches(text, component)),
                Choice::Glob(compiled) => compiled.matches(component),
            },
        }
    }

    /// Returns the part of `component` after the plain text at the start of the pattern.
    ///
    /// For `test_*` and `test_x.py` that is `x.py`. `None` if the pattern does not begin with
    /// plain text and a `*`.
    #[must_use]
    pub fn rest<'c>(&self, component: &'c BStr) -> Option<&'c BStr> {
        let star = self.text.bytes().position(is_special)?;
        let is_prefix = star > 0 && self.text[star..].starts_with('*');
        is_prefix.then(|| component.strip_prefix(&self.text.as_bytes()[..star]))?.map(BStr::new)
    }

    /// Returns the texts of plain characters and `*` to which the pattern expands.
    ///
    /// `None` if only a compiled glob can match it.
    pub(super) fn expanded(&self) -> Option<impl Iterator<Item = &str>> {
        let (plain, built_in, expanded): (_, &[&str], &[String]) = match &self.matcher {
            Matcher::Wildcard => (Some(&*self.text), &[], &[]),
            Matcher::BuiltIn(texts) => (None, texts, &[]),
            Matcher::Choice(choice) => match self.parsed(choice) {
                Choice::Expanded(texts) => (None, &[], texts),
                Choice::Glob(_) => return None,
            },
        };
        Some(plain.into_iter().chain(built_in.iter().copied()).chain(expanded.iter().map(String::as_str)))
    }

    #[expect(clippy::expect_used, reason = "`new` parses the text; a unit test does for the built-in policy")]
    fn parsed<'c>(&self, choice: &'c OnceLock<Choice>) -> &'c Choice {
        choice.get_or_init(|| Choice::parse(&self.text).expect("a valid glob"))
    }

    /// Returns the pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Choice {
    fn parse(text: &str) -> Result<Self, Invalid> {
        match expand(text) {
            Some(texts) => Ok(Self::Expanded(texts)),
            None => Ok(Self::Glob(Box::new(Compiled::new(text)?))),
        }
    }
}

impl FromIterator<Name> for Names {
    fn from_iter<I: IntoIterator<Item = Name>>(names: I) -> Self {
        let mut list = Self::default();
        list.extend(names);
        list
    }
}

impl Extend<Name> for Names {
    fn extend<I: IntoIterator<Item = Name>>(&mut self, names: I) {
        let names = names.into_iter();
        self.names.reserve(names.size_hint().0);
        for name in names {
            self.first_bytes = self.first_bytes.with(name.first_bytes);
            self.names.push(name);
        }
    }
}

impl Names {
    /// Returns the first name that matches the whole of `component`, which is not empty.
    #[must_use]
    pub fn find(&self, component: &BStr) -> Option<&Name> {
        let first = *component.first()?;
        let may_match = |name: &&Name| name.first_bytes.contains(first) && name.matches(component);
        self.first_bytes.contains(first).then(|| self.names.iter().find(may_match))?
    }

    /// Returns whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the names in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Name> {
        self.names.iter()
    }

    /// Returns the patterns as they were written, in their order.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        self.names.iter().map(Name::as_str).collect()
    }
}

impl ByteSet {
    const ALL: Self = Self([u64::MAX; 4]);

    /// Returns the first bytes of what the glob `text` may match.
    fn of_matches(text: &str) -> Self {
        match text.bytes().next() {
            Some(byte) if !is_special(byte) => {
                let mut set = Self::default();
                set.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
                set
            }
            _ => Self::ALL,
        }
    }

    /// Returns the bytes of both sets.
    fn with(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    fn contains(self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] & 1 << (byte & 63) != 0
    }
}

/// Returns whether `text`, of plain characters and `*`, matches `component`.
///
/// The component must begin with what precedes the first `*`, end with what follows the last
/// one, and contain the texts between them in their order. Taking the first occurrence of each
/// is enough: a later one would leave less for the next.
fn wildcard_matches(text: &str, component: &BStr) -> bool {
    // Most patterns are rejected by their first or last byte.
    let differs = |ours: Option<u8>, theirs: Option<&u8>| ours != Some(b'*') && ours.as_ref() != theirs;
    if differs(text.bytes().next(), component.first()) || differs(text.bytes().last(), component.last()) {
        return false;
    }
    let Some((head, after)) = text.split_once('*') else { return component == text };
    let (between, tail) = after.rsplit_once('*').unwrap_or(("", after));
    let inner = component.strip_prefix(head.as_bytes()).and_then(|rest| rest.strip_suffix(tail.as_bytes()));
    let Some(mut inner) = inner else { return false };
    between.split('*').filter(|text| !text.is_empty()).all(|text| {
        // A substring searcher takes longer to build than a name takes to search.
        let found = inner.windows(text.len()).position(|window| window == text.as_bytes());
        inner = found.map_or(inner, |at| &inner[at + text.len()..]);
        found.is_some()
    })
}

fn check_component(text: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::new("a name must not be empty"));
    }
    if text.contains('/') {
        return Err(Invalid::new("a name contains no `/`: it matches one component of a path"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use globset::GlobBuilder;
    use proptest::prelude::*;

    use super::Name;
    use crate::policy::path_glob::PathGlob;

    fn globset(pattern: &str) -> Option<globset::GlobMatcher> {
        Some(GlobBuilder::new(pattern).literal_separator(true).build().ok()?.compile_matcher())
    }

    proptest! {
        #[test]
        fn names_match_like_globset(
            pattern in r"([ab_.*-]|\[[ab_-]{1,3}\]|\{[ab*]{1,2}(,[ab_]{1,2}){0,2}\}|[\[\]{}!?,\\]){1,7}",
            component in "[ab_.-]{1,8}",
        ) {
            let ours = Name::new(pattern.clone()).ok().map(|name| name.matches(component.as_str().into()));
            let theirs = globset(&pattern).map(|glob| glob.is_match(&component));
            prop_assert_eq!(ours, theirs, "{} on {}", pattern, component);
        }

        #[test]
        fn paths_match_like_globset(pattern in "[ab*/]{1,7}", path in "[ab]{1,3}(/[ab]{1,3}){0,3}") {
            if let Ok(glob) = PathGlob::new(pattern.clone()) {
                let theirs = globset(&pattern).map(|glob| glob.is_match(&path));
                prop_assert_eq!(Some(glob.matches(path.as_str().into())), theirs, "{} on {}", pattern, path);
            }
        }

        #[test]
        fn no_pattern_panics(pattern in r"[\PC{}\[\]*?\\,!/-]{0,60}", path in r"\PC{1,20}") {
            let _ = Name::new(pattern.clone()).map(|name| name.matches(path.as_str().into()));
            let _ = PathGlob::new(pattern.clone()).map(|glob| glob.matches(path.as_str().into()));
        }
    }

    #[test]
    fn largest_patterns_compile() {
        for pattern in ["?".repeat(1000), "[!a]".repeat(250), "{a?,".repeat(50) + "b" + &"}".repeat(50)] {
            let _ = Name::new(pattern.clone()).unwrap().matches("component".into());
        }
        assert!(Name::new("?".repeat(1001)).is_err());
    }

    #[test]
    fn rest_follows_the_plain_text() {
        for (pattern, name, rest) in [
            ("test_*", "test_x.py", Some("x.py")),
            ("test_*.py", "test_x.py", Some("x.py")),
            ("*_test.py", "x_test.py", None),
            ("{a,b}*", "ax", None),
            ("test", "test", None),
        ] {
            let pattern = Name::new(pattern).unwrap();
            assert_eq!(pattern.rest(name.into()), rest.map(Into::into), "{}", pattern.as_str());
        }
    }
}
