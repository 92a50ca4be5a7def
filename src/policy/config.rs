//! The policy as TOML: the built-in one, and what a repository adds to it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::glob::Invalid;
use super::name::Name;
use super::path_glob::PathGlob;
use super::production::Production;
use super::rule::{Home, Rule, Scope};
use super::{Lists, Policy, Tracked};

/// The name of the configuration at the top of a repository.
pub const FILE_NAME: &str = ".stage-guard.toml";

/// How many characters of a line are shown with a mistake in it.
const WIDEST: usize = 160;

/// A mistake in a configuration, and where it stands.
#[derive(Debug, thiserror::Error)]
#[error("`{file}`, line {line}, column {column}: {message}\n{excerpt}")]
pub struct Error {
    file: String,
    /// Counted from 1, as is the column, in characters.
    line: usize,
    column: usize,
    message: String,
    /// The line, and a caret below it.
    excerpt: String,
}

impl Error {
    /// Returns what to do about the error.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        None
    }
}

/// A mistake at a range of bytes of a configuration's text.
struct Mistake {
    at: Range<usize>,
    message: String,
}

type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    allow: Vec<Text>,
    #[serde(default)]
    disable: Vec<Text>,
    tracked: Option<Tracked>,
    #[serde(default)]
    lists: BTreeMap<Text, Vec<Text>>,
    #[serde(default)]
    production: ProductionTable,
    #[serde(default)]
    rule: Vec<RuleTable>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductionTable {
    #[serde(default)]
    roots: Vec<Text>,
    #[serde(default)]
    markers: Vec<Text>,
    #[serde(default)]
    outside: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    id: Text,
    names: Spanned<Vec<Text>>,
    extensions: Option<Spanned<Texts>>,
    #[serde(default)]
    scope: Scope,
    #[serde(default)]
    directories: Vec<Text>,
    outside: Option<Spanned<Texts>>,
    #[serde(default)]
    except: Vec<Text>,
    #[serde(default)]
    sibling: bool,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    home: Home,
}

/// Texts spelled out, or the name of a list of `[lists]`.
enum Texts {
    Spelled(Vec<Text>),
    Listed(String),
}

// serde's untagged enums lose where each text stands.
impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;

        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an array of texts or the name of a list of `[lists]`")
            }

            fn visit_str<E>(self, name: &str) -> Result<Texts, E> {
                Ok(Texts::Listed(name.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = array.next_element()? {
                    texts.push(text);
                }
                Ok(Texts::Spelled(texts))
            }
        }

        deserializer.deserialize_any(TextsVisitor)
    }
}

impl Policy {
    /// This policy and what `text` makes of it: a configuration in TOML. `file`
    /// is its name, for errors.
    ///
    /// # Errors
    ///
    /// The first mistake in `text`: what is no TOML, an unknown key or id, a bad
    /// glob, an id or a name list that is missing, an id that is given twice.
    pub fn extended(self, file: &str, text: &[u8]) -> Result<Self, Error> {
        let locate = |text: &str, mistake: Mistake| Error::new(file, text, mistake);
        let text = str::from_utf8(text).map_err(|error| {
            let (valid, _) = text.split_at(error.valid_up_to());
            let at = valid.len()..valid.len() + 1;
            let message = "not UTF-8 from here on".to_owned();
            locate(&String::from_utf8_lossy(text), Mistake { at, message })
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document = toml::from_str::<Document>(text).map_err(|error| locate(text, error.into()))?;
        self.with(document).map_err(|mistake| locate(text, mistake))
    }

    fn with(mut self, document: Document) -> Result<Self, Mistake> {
        for (name, texts) in document.lists {
            let at = name.span();
            let name = name.into_inner();
            if self.lists.contains_key(name.as_str()) {
                let message = format!("the built-in policy has a list `{name}`: give this one another name");
                return Err(Mistake { at, message });
            }
            let texts = texts.into_iter().map(|text| Cow::Owned(text.into_inner()));
            self.lists.insert(Cow::Owned(name), texts.collect());
        }
        let mut ids = Vec::new();
        for table in document.rule {
            let (at, rule) = (table.id.span(), table.into_rule(&self.lists)?);
            if ids.contains(&rule.id) {
                return Err(Mistake { at, message: format!("a second rule with the id `{}`", rule.id) });
            }
            ids.push(rule.id.clone());
            match self.rules.iter_mut().find(|present| present.id == rule.id) {
                Some(present) => *present = rule,
                None => self.rules.push(rule),
            }
        }
        for id in document.disable {
            let at = id.span();
            let id = id.into_inner();
            let known = self.rules.iter().map(|rule| rule.id.as_str());
            let known: Vec<&str> = known.chain(self.disabled.iter().map(String::as_str)).collect();
            if !known.contains(&id.as_str()) {
                let message = format!("no rule has the id `{id}`{}", did_you_mean(&id, known));
                return Err(Mistake { at, message });
            }
            self.rules.retain(|rule| rule.id != id);
            self.disabled.push(id);
        }
        self.allow.extend(parsed::<_, Vec<_>>(document.allow, PathGlob::new)?);
        self.tracked = document.tracked.unwrap_or(self.tracked);
        let Production { roots, markers, outside } = &mut self.production;
        let known: Vec<&str> = roots.iter().map(PathGlob::as_str).collect();
        let more: Vec<_> = parsed(unknown(document.production.roots, &known), PathGlob::new)?;
        roots.extend(more);
        let more: Vec<_> = parsed(unknown(document.production.outside, &outside.texts()), Name::new)?;
        outside.extend(more);
        let known: Vec<&str> = markers.iter().map(Cow::as_ref).collect();
        let more: Vec<_> = parsed(unknown(document.production.markers, &known), marker)?;
        markers.extend(more);
        Ok(self)
    }
}

impl RuleTable {
    fn into_rule(self, lists: &Lists) -> Result<Rule, Mistake> {
        let mistake = |at, message: &str| Err(Mistake { at, message: message.to_owned() });
        if self.id.get_ref().is_empty() {
            return mistake(self.id.span(), "an id is never empty");
        }
        if self.names.get_ref().is_empty() {
            return mistake(self.names.span(), "a rule without names catches nothing");
        }
        Ok(Rule {
            id: self.id.into_inner(),
            names: parsed(self.names.into_inner(), Name::new)?,
            extensions: spelled(self.extensions, lists, Name::extension)?,
            scope: self.scope,
            directories: parsed(self.directories, Name::new)?,
            outside: spelled(self.outside, lists, Name::new)?,
            except: parsed(self.except, Name::new)?,
            sibling: self.sibling,
            reason: self.reason.unwrap_or_else(|| "session work".to_owned()),
            home: self.home,
        })
    }
}

/// The texts as patterns, each mistake where it stands.
fn parsed<P, L: FromIterator<P>>(
    texts: Vec<Text>,
    parse: fn(String) -> Result<P, Invalid>,
) -> Result<L, Mistake> {
    let parse = |text: Text| {
        let at = text.span();
        parse(text.into_inner()).map_err(|invalid| Mistake { at, message: invalid.to_string() })
    };
    texts.into_iter().map(parse).collect()
}

/// Spelled texts, or those of a list, as patterns.
fn spelled<P, L: FromIterator<P>>(
    texts: Option<Spanned<Texts>>,
    lists: &Lists,
    parse: fn(String) -> Result<P, Invalid>,
) -> Result<L, Mistake> {
    let Some(texts) = texts else { return Ok(L::from_iter([])) };
    let at = texts.span();
    match texts.into_inner() {
        Texts::Spelled(texts) => parsed(texts, parse),
        Texts::Listed(name) => {
            let Some(texts) = lists.get(name.as_str()) else {
                let near = did_you_mean(&name, lists.keys().map(Cow::as_ref));
                return Err(Mistake { at, message: format!("`[lists]` has no `{name}`{near}") });
            };
            let mistake = |invalid: Invalid| Mistake { at: at.clone(), message: invalid.to_string() };
            texts.iter().map(|text| parse(text.clone().into_owned()).map_err(mistake)).collect()
        }
    }
}

/// The texts that are not known yet.
fn unknown(texts: Vec<Text>, known: &[&str]) -> Vec<Text> {
    texts.into_iter().filter(|text| !known.contains(&text.get_ref().as_str())).collect()
}

/// A marker is looked up, not matched, so it is the name of a file.
fn marker(text: String) -> Result<Cow<'static, str>, Invalid> {
    Name::literal(&text).map(|()| Cow::Owned(text))
}

impl From<toml::de::Error> for Mistake {
    fn from(error: toml::de::Error) -> Self {
        // Of an unknown key or value serde says first what it found and then what
        // it expected, each in backquotes.
        let mut quoted = error.message().split('`').skip(1).step_by(2);
        let is_unknown = error.message().starts_with("unknown ");
        let near = quoted.next().filter(|_| is_unknown).map(|found| did_you_mean(found, quoted));
        Self {
            at: error.span().unwrap_or_default(),
            message: format!("{}{}", error.message(), near.unwrap_or_default()),
        }
    }
}

/// `; did you mean ...?` for the word of `known` that is nearest to `word`, if
/// one is near enough to be a slip of it.
fn did_you_mean<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> String {
    let likeness = |known: &str| strsim::jaro_winkler(word, known);
    known
        .into_iter()
        .filter(|known| likeness(known) > 0.8)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .map(|known| format!("; did you mean `{known}`?"))
        .unwrap_or_default()
}

impl Error {
    fn new(file: &str, text: &str, Mistake { at, message }: Mistake) -> Self {
        let start = at.start.min(text.len());
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let content = text[line_start..].lines().next().unwrap_or_default();
        let line = text[..start].matches('\n').count() + 1;
        let column = text[line_start..start].chars().count() + 1;
        let end = at.end.clamp(start, line_start.max(start) + content.len());
        let width = text
            .get(start..end)
            .map_or(1, |marked| marked.lines().next().unwrap_or_default().chars().count());
        // Of a long line, what is around the mistake.
        let skipped = if column > WIDEST { column - WIDEST / 2 } else { 0 };
        let shown: String = content.chars().skip(skipped).take(WIDEST).collect();
        let before = " ".repeat(column - 1 - skipped);
        let marks = "^".repeat(width.clamp(1, WIDEST));
        let gutter = line.to_string();
        let margin = " ".repeat(gutter.len());
        let excerpt = format!("{gutter} | {}\n{margin} | {before}{marks}", shown.replace('\t', " "));
        Self { file: file.to_owned(), line, column, message, excerpt }
    }
}
