//! Decides which paths are session work. Uses no git, no disk and no terminal.
//!
//! A [`Rule`] matches a path by its name and its directories; an [`Exemption`] is the reason
//! why a matched path is allowed after all. Whether other paths are tracked (a project marker,
//! the module that a test belongs to) is asked only for paths that a rule matches.
//!
//! Paths are bytes, relative to the top of the repository.

mod allow;
mod built_in;
mod config;
mod directory_glob;
mod document;
mod evidence;
mod expand;
mod explain;
mod file_pattern;
mod filter;
mod glob;
mod judge;
mod judging;
mod mention;
mod name;
mod path_glob;
mod prefilter;
mod production;
mod rule;
mod search;
#[cfg(test)]
mod tests;
mod text;
mod to_toml;
mod verdict;

use std::borrow::Cow;
use std::collections::BTreeMap;

use bstr::BStr;

pub use allow::with_allow_entries;
pub use built_in::is_built_in_rule;
pub use config::{Error, FILE_NAME};
pub use directory_glob::{DirectoryGlob, DirectoryGlobs};
pub use document::{Home, NamedBy, Scope, Sign, Tracked};
use evidence::EvidenceFiles;
pub(crate) use evidence::MAX_EVIDENCE_FILE;
pub use evidence::{IsWanted, Mention, Project};
pub use explain::{Alternatives, Evidence, Explanation};
pub use file_pattern::FilePatterns;
pub use glob::Invalid;
pub use judging::TextVerdict;
pub use name::{Name, Names};
pub use path_glob::PathGlob;
pub use prefilter::Prefilter;
use production::Production;
pub use rule::Rule;
use rule::components;
pub use search::SearchResult;
pub use text::ShownSign;
pub use verdict::{Exemption, Finding, Verdict};

/// The name of the directory where session work belongs, at any depth and in any letter case.
pub const SESSION_DIRECTORY: &str = ".claude_sessions";

/// The id of the rule that refuses changed paths even under a `tracked = "allow"` for all rules.
const SESSION_DIRECTORY_RULE: &str = "session-directory";

/// The rules in force: the built-in ones, changed by the repository's configuration.
#[derive(Debug)]
pub struct Policy {
    allow: Vec<PathGlob>,
    disabled: Vec<String>,
    /// Lists that rules may refer to by name.
    lists: Lists,
    /// What holds for every rule; `None` if each rule says it for itself.
    tracked: Option<Tracked>,
    production: Production,
    evidence: EvidenceFiles,
    rules: Vec<Rule>,
}

/// Lists of patterns by their names.
type Lists = BTreeMap<Cow<'static, str>, Vec<Cow<'static, str>>>;

impl Policy {
    /// Returns the rules in force, in the order in which they are tried.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Returns the first entry of `allow` that matches `path`.
    #[must_use]
    pub fn allow_entry(&self, path: &BStr) -> Option<&PathGlob> {
        self.allow.iter().find(|glob| glob.matches(path))
    }
}

/// Returns whether `path` is below a session directory that is spelled in lower case.
///
/// That is the spelling that git's ignore rule matches.
#[must_use]
pub fn is_below_session_directory(path: &BStr) -> bool {
    let (directory, _) = rule::split(path);
    components(directory).any(|component| component == SESSION_DIRECTORY)
}

/// Returns whether a component of `path` is the name of a session directory.
///
/// That includes a file, symlink or gitlink of this name.
#[must_use]
pub fn is_in_session_directory(path: &BStr) -> bool {
    components(path).any(is_session_directory)
}

/// Returns whether `component` is the name of a session directory, in any letter case.
#[must_use]
pub fn is_session_directory(component: &BStr) -> bool {
    component.eq_ignore_ascii_case(SESSION_DIRECTORY.as_bytes())
}
