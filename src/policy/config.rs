//! Reads a configuration, and shows a mistake in it with a caret.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use unicode_width::UnicodeWidthChar;

use super::directory_glob::DirectoryGlob;
use super::document::{Document, EvidenceTable, ProductionTable, RuleTable, Text, Texts};
use super::evidence::EvidenceFiles;
use super::file_pattern::FilePattern;
use super::glob::Invalid;
use super::name::Name;
use super::path_glob::PathGlob;
use super::production::Production;
use super::rule::Rule;
use super::{Lists, Policy};

/// The name of the configuration at the top of a repository.
pub const FILE_NAME: &str = ".stage-guard.toml";

/// The maximum number of characters shown of a line with a mistake.
const MAX_EXCERPT: usize = 160;

/// A mistake in a configuration, and its position.
#[derive(Debug, thiserror::Error)]
#[error("`{file}`, line {line}, column {column}: {message}\n{excerpt}")]
pub struct Error {
    file: String,
    /// Counted from 1, like the column, which counts characters.
    line: usize,
    column: usize,
    message: String,
    /// The line, with carets below the mistake.
    excerpt: String,
    help: Option<String>,
}

/// A mistake, and its byte range in the text of a configuration.
struct Mistake {
    at: Range<usize>,
    message: String,
    help: Option<String>,
}

impl Policy {
    /// Returns this policy as a configuration changes it.
    ///
    /// `text` is the configuration in TOML; `file` is its name, for errors.
    ///
    /// # Errors
    ///
    /// The first mistake in `text`: it is not TOML, or has an unknown key or id, an invalid
    /// glob, a rule without id or names, or the same id twice.
    pub fn with_config(self, file: &str, text: &[u8]) -> Result<Self, Error> {
        let locate = |text: &str, mistake: Mistake| Error::new(file, text, mistake);
        let text = str::from_utf8(text).map_err(|error| {
            let start = error.valid_up_to();
            let mistake = Mistake::new(start..start + 1, "not UTF-8 from here on");
            locate(&String::from_utf8_lossy(text), mistake)
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document = toml::from_str::<Document>(text).map_err(|error| locate(text, error.into()))?;
        self.with_document(document).map_err(|mistake| locate(text, mistake))
    }

    fn with_document(mut self, document: Document) -> Result<Self, Mistake> {
        let Document { allow, disable, tracked, lists, production, evidence, rule } = document;
        for (name, texts) in lists {
            self.add_list(name, texts)?;
        }
        self.add_rules(rule)?;
        for id in disable {
            self.disable(id)?;
        }
        self.allow.extend(parse_all::<_, Vec<_>>(allow, PathGlob::new)?);
        self.tracked = tracked.or(self.tracked);
        self.production.add(production)?;
        self.evidence.add(evidence)?;
        Ok(self)
    }

    fn add_list(&mut self, name: Text, texts: Vec<Text>) -> Result<(), Mistake> {
        let at = name.span();
        let name = name.into_inner();
        if self.lists.contains_key(name.as_str()) {
            let mistake = Mistake::new(at, format!("the built-in policy already has a list `{name}`"));
            return Err(mistake.with_help("give this list another name".to_owned()));
        }
        let texts = texts.into_iter().map(|text| Cow::Owned(text.into_inner()));
        self.lists.insert(Cow::Owned(name), texts.collect());
        Ok(())
    }

    /// Adds rules. A rule replaces the present one with the same id.
    fn add_rules(&mut self, tables: Vec<RuleTable>) -> Result<(), Mistake> {
        let mut ids = Vec::new();
        for table in tables {
            let at = table.id.span();
            let rule = parse_rule(table, &self.lists)?;
            if ids.contains(&rule.id) {
                return Err(Mistake::new(at, format!("a second rule with the id `{}`", rule.id)));
            }
            ids.push(rule.id.clone());
            match self.rules.iter_mut().find(|present| present.id == rule.id) {
                Some(present) => *present = rule,
                None => self.rules.push(rule),
            }
        }
        Ok(())
    }

    fn disable(&mut self, id: Text) -> Result<(), Mistake> {
        let at = id.span();
        let id = id.into_inner();
        let known = self.rules.iter().map(|rule| rule.id.as_str());
        let mut known = known.chain(self.disabled.iter().map(String::as_str));
        if !known.clone().any(|known| known == id) {
            let help = did_you_mean(&id, &mut known);
            return Err(Mistake { help, ..Mistake::new(at, format!("no rule has the id `{id}`")) });
        }
        self.rules.retain(|rule| rule.id != id);
        self.disabled.push(id);
        Ok(())
    }
}

impl Production {
    /// Adds the entries that are not present yet.
    fn add(&mut self, table: ProductionTable) -> Result<(), Mistake> {
        let ProductionTable { roots, markers, outside } = table;
        let known: Vec<&str> = self.roots.iter().map(PathGlob::as_str).collect();
        let new: Vec<_> = parse_all(without(roots, &known), PathGlob::new)?;
        self.roots.extend(new);
        let new: Vec<_> = parse_all(without(outside, &self.outside.texts()), Name::new)?;
        self.outside.extend(new);
        let known: Vec<&str> = self.markers.iter().map(Cow::as_ref).collect();
        let new: Vec<_> = parse_all(without(markers, &known), parse_marker)?;
        self.markers.extend(new);
        Ok(())
    }
}

impl EvidenceFiles {
    /// Adds the entries that are not present yet.
    fn add(&mut self, table: EvidenceTable) -> Result<(), Mistake> {
        let EvidenceTable { automation, documents } = table;
        for (texts, patterns) in [(automation, &mut self.automation), (documents, &mut self.documents)] {
            let known = patterns.texts();
            let new = without(texts, &known);
            patterns.extend(parse_all::<_, Vec<_>>(new, FilePattern::new)?);
        }
        Ok(())
    }
}

fn parse_rule(table: RuleTable, lists: &Lists) -> Result<Rule, Mistake> {
    let RuleTable {
        id,
        names,
        extensions,
        scope,
        directories,
        outside,
        except,
        sibling,
        named_by,
        text,
        reason,
        home,
        stays,
        tracked,
    } = table;
    if id.get_ref().is_empty() {
        return Err(Mistake::new(id.span(), "an id must not be empty"));
    }
    if names.get_ref().is_empty() {
        return Err(Mistake::new(names.span(), "a rule without names matches nothing"));
    }
    Ok(Rule {
        id: id.into_inner(),
        names: parse_all(names.into_inner(), Name::new)?,
        extensions: parse_texts(extensions, lists, Name::extension)?,
        scope,
        directories: parse_all(directories, DirectoryGlob::new)?,
        outside: parse_texts(outside, lists, DirectoryGlob::new)?,
        except: parse_all(except, Name::new)?,
        sibling,
        named_by,
        text,
        reason,
        home,
        stays,
        tracked,
    })
}

/// Parses each of `texts`.
fn parse_all<P, L: FromIterator<P>>(
    texts: Vec<Text>,
    parse: fn(String) -> Result<P, Invalid>,
) -> Result<L, Mistake> {
    let parse = |text: Text| {
        let at = text.span();
        parse(text.into_inner()).map_err(|invalid| Mistake::invalid(at, &invalid))
    };
    texts.into_iter().map(parse).collect()
}

/// Parses each of `texts`, or each text of the list that they name.
fn parse_texts<P, L: FromIterator<P>>(
    texts: Option<Spanned<Texts>>,
    lists: &Lists,
    parse: fn(String) -> Result<P, Invalid>,
) -> Result<L, Mistake> {
    let Some(texts) = texts else { return Ok(L::from_iter([])) };
    let at = texts.span();
    match texts.into_inner() {
        Texts::Inline(texts) => parse_all(texts, parse),
        Texts::List(name) => {
            let Some(texts) = lists.get(name.as_str()) else {
                let help = did_you_mean(&name, lists.keys().map(Cow::as_ref));
                return Err(Mistake { help, ..Mistake::new(at, format!("`[lists]` has no `{name}`")) });
            };
            let parse = |text: &Cow<str>| {
                parse(text.clone().into_owned()).map_err(|invalid| Mistake::invalid(at.clone(), &invalid))
            };
            texts.iter().map(parse).collect()
        }
    }
}

/// Parses a marker: the plain name of a file.
fn parse_marker(text: String) -> Result<Cow<'static, str>, Invalid> {
    Name::literal(&text).map(|()| Cow::Owned(text))
}

/// Returns the texts that are not among `known`.
fn without(texts: Vec<Text>, known: &[&str]) -> Vec<Text> {
    texts.into_iter().filter(|text| !known.contains(&text.get_ref().as_str())).collect()
}

/// Returns `did you mean …?` for the known word that is most similar to `word`.
fn did_you_mean<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<String> {
    let likeness = |known: &str| strsim::jaro_winkler(word, known);
    known
        .into_iter()
        .filter(|known| likeness(known) > 0.8)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .map(|known| format!("did you mean `{known}`?"))
}

impl Mistake {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    fn with_help(self, help: String) -> Self {
        Self { help: Some(help), ..self }
    }

    fn invalid(at: Range<usize>, invalid: &Invalid) -> Self {
        Self { at, message: invalid.to_string(), help: invalid.help().map(str::to_owned) }
    }
}

impl From<toml::de::Error> for Mistake {
    fn from(error: toml::de::Error) -> Self {
        // serde quotes the unknown key or value first, then the expected ones.
        let mut quoted = error.message().split('`').skip(1).step_by(2);
        let is_unknown = error.message().starts_with("unknown ");
        let help = quoted.next().filter(|_| is_unknown).and_then(|found| did_you_mean(found, quoted));
        Self { at: error.span().unwrap_or_default(), message: error.message().to_owned(), help }
    }
}

impl Error {
    fn new(file: &str, text: &str, mistake: Mistake) -> Self {
        let Mistake { at, message, help } = mistake;
        let start = at.start.min(text.len());
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let content = text[line_start..].lines().next().unwrap_or_default();
        let line = text[..start].matches('\n').count() + 1;
        let column = text[line_start..start].chars().count() + 1;
        let end = at.end.clamp(start, line_start.max(start) + content.len());
        let marked = text.get(start..end).and_then(|marked| marked.lines().next()).unwrap_or_default();
        // Only the part of a long line around the mistake is shown.
        let skipped = if column > MAX_EXCERPT { column - MAX_EXCERPT / 2 } else { 0 };
        let shown: String = content.chars().skip(skipped).take(MAX_EXCERPT).map(visible).collect();
        let before = text[line_start..start].chars().skip(skipped).map(visible).collect::<String>();
        let carets = "^".repeat(columns(marked).clamp(1, MAX_EXCERPT));
        let gutter = line.to_string();
        let margin = " ".repeat(gutter.len());
        let excerpt = format!("{gutter} | {shown}\n{margin} | {}{carets}", " ".repeat(columns(&before)));
        Self { file: one_line(file), line, column, message: one_line(&message), excerpt, help }
    }

    /// Returns advice on how to correct the mistake.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        self.help.clone()
    }
}

/// Returns `text` with its line breaks as `\n`.
fn one_line(text: &str) -> String {
    text.replace('\n', "\\n")
}

/// Returns the character that an excerpt shows for `c`, so that a caret can point to it.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        '\'' | '"' | '\\' => c,
        // Control and invisible characters.
        _ if c.escape_debug().len() > 1 => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// Returns the number of columns of a terminal that `text` takes.
fn columns(text: &str) -> usize {
    text.chars().map(|c| visible(c).width().unwrap_or(1)).sum()
}
