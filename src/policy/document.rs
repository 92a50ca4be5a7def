//! The TOML format of the built-in policy and of a configuration.
//!
//! The build script compiles this file too, so it uses nothing else of the crate.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// A text and its position in the document, for errors.
pub(crate) type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    #[serde(default)]
    pub(crate) allow: Vec<Text>,
    #[serde(default)]
    pub(crate) disable: Vec<Text>,
    pub(crate) tracked: Option<Tracked>,
    #[serde(default)]
    pub(crate) lists: BTreeMap<Text, Vec<Text>>,
    #[serde(default)]
    pub(crate) production: ProductionTable,
    #[serde(default)]
    pub(crate) evidence: EvidenceTable,
    #[serde(default)]
    pub(crate) rule: Vec<RuleTable>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductionTable {
    #[serde(default)]
    pub(crate) roots: Vec<Text>,
    #[serde(default)]
    pub(crate) markers: Vec<Text>,
    #[serde(default)]
    pub(crate) outside: Vec<Text>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvidenceTable {
    #[serde(default)]
    pub(crate) automation: Vec<Text>,
    #[serde(default)]
    pub(crate) documents: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleTable {
    pub(crate) id: Text,
    pub(crate) names: Spanned<Vec<Text>>,
    pub(crate) extensions: Option<Spanned<Texts>>,
    #[serde(default)]
    pub(crate) scope: Scope,
    #[serde(default)]
    pub(crate) directories: Vec<Text>,
    pub(crate) outside: Option<Spanned<Texts>>,
    #[serde(default)]
    pub(crate) except: Vec<Text>,
    #[serde(default)]
    pub(crate) sibling: bool,
    pub(crate) named_by: Option<NamedBy>,
    #[serde(default)]
    pub(crate) text: Vec<Sign>,
    #[serde(default = "default_reason")]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) home: Home,
    #[serde(default)]
    pub(crate) stays: bool,
    #[serde(default)]
    pub(crate) tracked: Tracked,
}

fn default_reason() -> String {
    "session work".to_owned()
}

/// Texts, or the name of a list in `[lists]`.
pub(crate) enum Texts {
    Inline(Vec<Text>),
    List(String),
}

/// How to judge a changed path that a parent of the commit already has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tracked {
    /// Like a new path.
    #[default]
    Refuse,
    /// Allow it: only new paths are refused.
    Allow,
}

/// The files of which one that names a path makes a rule allow it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NamedBy {
    /// What runs or ships the files of the project: `automation` in `[evidence]`.
    Automation,
    /// What links the documents of the project: `documents` in `[evidence]`.
    Documents,
    /// Any file that is not session work itself.
    Any,
}

/// A sign that a script was written for one occasion.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// The script reads a file, replaces something in it and writes it back, and names sources.
    RewritesSource,
    /// A string or a command has an absolute path in the home directory of a person.
    HomePath,
    /// The text has a token, a private key, or an address with a password.
    Secret,
    /// The script prints an emoji, and is neither one for a shell nor a page.
    EmojiPrint,
}

/// Where a rule applies.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// At any depth.
    #[default]
    Anywhere,
    /// Directly in a production root: the file, or the directory that the rule names.
    ProductionRoot,
    /// In the session directory, including a file of that name.
    SessionDirectory,
}

/// The part of the session directory where a refused file belongs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Home {
    /// Active work.
    #[default]
    Current,
    /// Finished work, for reference.
    Archive,
    /// Temporary tests.
    Tests,
    /// Debug scripts and temporary fixes.
    Debugging,
    /// Exploration of code and data.
    Exploration,
}

// With an untagged enum, serde would lose the positions of the texts.
impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;

        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an array of texts or the name of a list in `[lists]`")
            }

            fn visit_str<E>(self, name: &str) -> Result<Texts, E> {
                Ok(Texts::List(name.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = array.next_element()? {
                    texts.push(text);
                }
                Ok(Texts::Inline(texts))
            }
        }

        deserializer.deserialize_any(TextsVisitor)
    }
}
