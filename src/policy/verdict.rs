//! The verdicts on paths, as values.

use bstr::BString;

use super::directory_glob::DirectoryGlob;
use super::evidence::Mention;
use super::name::Name;
use super::path_glob::PathGlob;
use super::rule::Rule;
use super::text::ShownSign;
use crate::{Entry, IntroducedBy};

/// The verdict on one path.
#[derive(Debug)]
pub enum Verdict<'p> {
    /// The path is session work.
    Refused {
        /// The rule that matches the path.
        rule: &'p Rule,
        /// The name pattern of the rule that matches.
        pattern: &'p Name,
        /// What the text of the file shows, if the rule asks for it.
        shown: Option<ShownSign>,
    },
    /// A rule matches the path, but an entry of `allow` in the configuration covers it.
    AllowedByEntry {
        /// The rule that matches the path.
        rule: &'p Rule,
        /// The name pattern of the rule that matches.
        pattern: &'p Name,
        /// The entry of `allow`.
        glob: &'p PathGlob,
    },
    /// A rule matches the path, but something exempts it.
    Exempt {
        /// The first rule that matches the path.
        rule: &'p Rule,
        /// The name pattern of the rule that matches.
        pattern: &'p Name,
        /// Why the rule does not refuse the path.
        exemption: Exemption<'p>,
    },
    /// No rule matches the path.
    Unmatched,
}

/// The reason why a rule does not refuse a path that it matches.
#[derive(Debug)]
pub enum Exemption<'p> {
    /// The rule excepts names that match this pattern.
    Name(&'p Name),
    /// The rule excepts everything below directories that match this pattern.
    Directory(&'p DirectoryGlob),
    /// The rule applies only in production roots, and the path is in none.
    NotInProductionRoot,
    /// The path is the test of this tracked file or directory, and is next to it.
    Sibling(BString),
    /// A parent of the commit has the path, and the rule refuses only new paths.
    Known,
    /// A file of the project names it.
    Named(Mention),
    /// Its text shows none of the signs that the rule asks for.
    NoSign,
    /// Its text was not read: it is large, no regular file, or not here.
    NotRead,
    /// Its text shows a sign, but not every file could be searched for its name.
    NotSearched,
}

/// A refused entry and the rule that refuses it.
#[derive(Debug)]
pub struct Finding<'p> {
    /// The refused entry.
    pub entry: Entry,
    /// The rule that refuses it.
    pub rule: &'p Rule,
    /// The name pattern of the rule that matches.
    pub pattern: &'p Name,
    /// What the text of the file shows, if the rule asks for it.
    pub shown: Option<ShownSign>,
    /// The commit that introduces the entry, if commits are checked.
    pub introduced_by: Option<IntroducedBy>,
}
