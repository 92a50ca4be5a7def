//! Globs on one component of a path.

use std::borrow::Cow;
use std::sync::OnceLock;

use bstr::{BStr, ByteSlice};

use super::glob::{Compiled, Invalid, is_special};

/// A glob on one component of a path: a file's name, or a directory's.
#[derive(Debug)]
pub struct Name {
    text: Cow<'static, str>,
    form: Form,
}

/// How a name is matched.
#[derive(Debug)]
enum Form {
    /// Plain text and `*`, as it was written.
    Plain(Stars),
    /// More than that, read when it is first matched: few are.
    Choices(OnceLock<Choices>),
}

/// To compile a glob into an automaton takes longer than a whole check, so it is not done
/// for the simple ones, which nearly all are.
#[derive(Debug)]
enum Choices {
    /// What `{…}` and `[…]` stand for, spelled out.
    Spelled(Vec<(Stars, String)>),
    Glob(Box<Compiled>),
}

/// Where the first and the last `*` of a text are, if it has one.
#[derive(Clone, Copy, Debug)]
struct Stars(Option<(usize, usize)>);

/// A list of names, to be searched for one that matches.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<Name>,
    /// The bytes that a match of one of them begins with: nearly every component is
    /// told by its first byte to match none.
    firsts: Bytes,
}

/// A set of bytes, a bit each.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes([u64; 4]);

impl Name {
    /// Reads a pattern for one component.
    ///
    /// # Errors
    ///
    /// An empty text, a `/`, or a glob that cannot be parsed.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Result<Self, Invalid> {
        let name = Self::known(text);
        check_component(&name.text)?;
        if let Form::Choices(choices) = &name.form {
            let _ = choices.set(Choices::of(&name.text)?);
        }
        Ok(name)
    }

    /// A pattern that is known to be one.
    pub(super) fn known(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        let is_choice = |byte| is_special(byte) && byte != b'*';
        let is_plain = !text.bytes().any(is_choice);
        let form = if is_plain { Form::Plain(Stars::of(&text)) } else { Form::Choices(OnceLock::new()) };
        Self { text, form }
    }

    /// Reads a pattern for what follows the last dot of a name.
    ///
    /// # Errors
    ///
    /// As [`Name::new`], and a dot.
    pub fn extension(text: impl Into<Cow<'static, str>>) -> Result<Self, Invalid> {
        let text = text.into();
        if text.contains('.') {
            return Err(Invalid(
                "an extension is what follows the last dot of a name, without it".to_owned(),
            ));
        }
        Self::new(text)
    }

    /// Checks a name that is looked up and not matched.
    ///
    /// # Errors
    ///
    /// As [`Name::new`], and a character that means something in a glob.
    pub fn literal(text: &str) -> Result<(), Invalid> {
        check_component(text)?;
        if text.bytes().any(is_special) {
            return Err(Invalid("a plain name, not a glob, is wanted here".to_owned()));
        }
        Ok(())
    }

    /// Whether the pattern matches the whole of `component`, which is not empty.
    #[must_use]
    pub fn matches(&self, component: &BStr) -> bool {
        match &self.form {
            Form::Plain(stars) => stars.matches(&self.text, component),
            Form::Choices(choices) => match self.read(choices) {
                Choices::Spelled(variants) => {
                    variants.iter().any(|(stars, text)| stars.matches(text, component))
                }
                Choices::Glob(compiled) => compiled.matches(component),
            },
        }
    }

    /// What `component` has behind the plain text that the pattern begins with:
    /// `x.py` for `test_x.py` under `test_*`. Nothing where the pattern does not
    /// begin with plain text and a `*`.
    #[must_use]
    pub fn rest<'c>(&self, component: &'c BStr) -> Option<&'c BStr> {
        let star = self.text.bytes().position(is_special)?;
        let is_prefix = star > 0 && self.text[star..].starts_with('*');
        is_prefix.then(|| component.strip_prefix(&self.text.as_bytes()[..star]))?.map(BStr::new)
    }

    /// The pattern, if it is of plain characters and `*`.
    pub(super) fn plain(&self) -> Option<&str> {
        matches!(self.form, Form::Plain(_)).then_some(&self.text)
    }

    /// The texts of plain characters and `*` that another pattern stands for; nothing where
    /// it takes an automaton to match it.
    pub(super) fn variants(&self) -> Option<impl Iterator<Item = &str>> {
        let Form::Choices(choices) = &self.form else { return None };
        let Choices::Spelled(variants) = self.read(choices) else { return None };
        Some(variants.iter().map(|(_, text)| text.as_str()))
    }

    #[expect(clippy::expect_used, reason = "`new` has checked it, or a unit test of the built-in policy")]
    fn read<'c>(&self, choices: &'c OnceLock<Choices>) -> &'c Choices {
        choices.get_or_init(|| Choices::of(&self.text).expect("a valid glob"))
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Choices {
    fn of(text: &str) -> Result<Self, Invalid> {
        match spelled_out(text) {
            Some(variants) => {
                Ok(Self::Spelled(variants.into_iter().map(|text| (Stars::of(&text), text)).collect()))
            }
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
            self.firsts.add(name.text.bytes().next().filter(|byte| !is_special(*byte)));
            self.names.push(name);
        }
    }
}

impl Names {
    /// The first of the names that matches the whole of `component`, which is not
    /// empty.
    #[must_use]
    pub fn find(&self, component: &BStr) -> Option<&Name> {
        let may_match = self.firsts.has_first_of(component);
        may_match.then(|| self.names.iter().find(|name| name.matches(component)))?
    }

    /// Whether there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Name> {
        self.names.iter()
    }

    /// The patterns as they were written, in their order.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        self.names.iter().map(Name::as_str).collect()
    }
}

impl Stars {
    fn of(text: &str) -> Self {
        Self(text.find('*').zip(text.rfind('*')))
    }

    /// Whether `component` begins with what `text` has before the first star, ends
    /// with what it has behind the last one, and has the texts between the others in
    /// their order. To take the first place of each is enough: a later one would only
    /// leave less for the next.
    fn matches(self, text: &str, component: &BStr) -> bool {
        let Some((first, last)) = self.0 else { return component == text };
        let (head, tail) = (&text[..first], &text[last + 1..]);
        let is_around = component.len() >= head.len() + tail.len()
            && (head.is_empty() || component.starts_with_str(head))
            && (tail.is_empty() || component.ends_with_str(tail));
        if !is_around || first == last {
            return is_around;
        }
        let mut rest = &component[head.len()..component.len() - tail.len()];
        text[first + 1..last].split('*').all(|between| {
            // To make ready for a quick search takes longer than a name is.
            let found = match between.len() {
                0 => Some(0),
                length => rest.windows(length).position(|window| window == between.as_bytes()),
            };
            rest = found.map_or(rest, |at| &rest[at + between.len()..]);
            found.is_some()
        })
    }
}

impl Bytes {
    /// Adds a byte, or all of them.
    fn add(&mut self, byte: Option<u8>) {
        match byte {
            Some(byte) => self.0[usize::from(byte >> 6)] |= 1 << (byte & 63),
            None => self.0 = [u64::MAX; 4],
        }
    }

    fn has_first_of(self, component: &BStr) -> bool {
        component.first().is_some_and(|byte| self.0[usize::from(byte >> 6)] & 1 << (byte & 63) != 0)
    }
}

/// The texts of plain characters and `*` that a glob stands for, where they are
/// few: each choice of its `{a,b}` and `[ab]`. Nothing where it has another thing
/// in it: `?`, a range, a negation, a choice in a choice or of nothing, an escape.
fn spelled_out(text: &str) -> Option<Vec<String>> {
    let mut variants = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, choice) = rest.split_at(at);
        let (choices, after): (Vec<&str>, &str) = if let Some(class) = choice.strip_prefix('[') {
            let (class, after) = class.split_once(']')?;
            let is_range = class.starts_with(['!', '^']) || class.bytes().skip(1).any(|byte| byte == b'-');
            if is_range || class.is_empty() || !class.is_ascii() {
                return None;
            }
            (class.split("").filter(|byte| !byte.is_empty()).collect(), after)
        } else if let Some(list) = choice.strip_prefix('{') {
            let (list, after) = list.split_once('}')?;
            (list.split(',').collect(), after)
        } else {
            (vec![choice.strip_prefix('*').map(|_| "*")?], &choice[1..])
        };
        let is_plain =
            |choice: &&str| *choice == "*" || !choice.is_empty() && !choice.bytes().any(is_special);
        if !choices.iter().all(is_plain) || variants.len() * choices.len() > MOST_VARIANTS {
            return None;
        }
        variants = variants
            .iter()
            .flat_map(|head| choices.iter().map(move |choice| [head.as_str(), plain, choice].concat()))
            .collect();
        rest = after;
    }
    Some(variants.into_iter().map(|variant| variant + rest).collect())
}

fn check_component(text: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid("a name is never empty".to_owned()));
    }
    if text.contains('/') {
        return Err(Invalid("a name holds no `/`: it matches one component of a path".to_owned()));
    }
    Ok(())
}

const MOST_VARIANTS: usize = 64;

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
        /// What is matched without an automaton is matched as globset would.
        #[test]
        fn names_match_as_globset(
            pattern in r"([ab_.*-]|\[[ab_-]{1,3}\]|\{[ab*]{1,2}(,[ab_]{1,2}){0,2}\}|[\[\]{}!?,\\]){1,7}",
            component in "[ab_.-]{1,8}",
        ) {
            let ours = Name::new(pattern.clone()).ok().map(|name| name.matches(component.as_str().into()));
            let theirs = globset(&pattern).map(|glob| glob.is_match(&component));
            prop_assert_eq!(ours, theirs, "{} on {}", pattern, component);
        }

        #[test]
        fn paths_match_as_globset(pattern in "[ab*/]{1,7}", path in "[ab]{1,3}(/[ab]{1,3}){0,3}") {
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
    fn the_largest_patterns_compile() {
        for pattern in ["?".repeat(1000), "[!a]".repeat(250), "{a?,".repeat(50) + "b" + &"}".repeat(50)] {
            let _ = Name::new(pattern.clone()).unwrap().matches("component".into());
        }
        assert!(Name::new("?".repeat(1001)).is_err());
    }

    #[test]
    fn the_rest_is_what_follows_the_plain_text() {
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
