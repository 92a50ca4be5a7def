//! What is session work: paths in, verdicts out. No git, no disk, no terminal.
//!
//! A [`Rule`] catches a path by its name and its directories; an
//! [`Exemption`] says why a caught path is fine all the same. What lies beside
//! a path (a project marker, the module that a test belongs to) is asked only
//! for paths that a rule has caught.

mod built_in;
mod config;
mod filter;
mod glob;
mod name;
mod nomination;
mod path_glob;
mod printed;
mod rule;

use std::borrow::Cow;
use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice};

pub use config::{Error, FILE_NAME};
pub use glob::Invalid;
pub use name::{Name, Names};
pub use nomination::Nominator;
pub use path_glob::PathGlob;
pub use rule::{Home, Rule, Scope};
use rule::{Parts, components};

use crate::{Change, Entry, Introduced};

/// The directory that is the home of session work, at any depth and in any
/// letter case.
pub const SESSION_DIRECTORY: &str = ".claude_sessions";

/// The one rule that still holds for a known path under `tracked = "allow"`.
const SESSION_DIRECTORY_RULE: &str = "session-directory";

/// The rules in force: the built-in ones, and what a repository's
/// configuration makes of them.
#[derive(Debug)]
pub struct Policy {
    allow: Vec<PathGlob>,
    disabled: Vec<String>,
    /// Lists that rules may name instead of spelling them out.
    lists: Lists,
    tracked: Tracked,
    production: Production,
    rules: Vec<Rule>,
}

/// Texts by the name of their list.
type Lists = BTreeMap<Cow<'static, str>, Vec<Cow<'static, str>>>;

/// What becomes of a changed path that a parent of the commit already has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Tracked {
    /// It is judged like a new one.
    #[default]
    Refuse,
    /// Only the session directory's rule refuses it.
    Allow,
}

/// Which directories are production roots, beside the top of the repository.
#[derive(Debug, Default)]
struct Production {
    /// Matched against the whole path of the directory.
    roots: Vec<PathGlob>,
    /// Names of files that make the top-level directory which holds them one.
    markers: Vec<Cow<'static, str>>,
    /// Names of directories that neither a marker nor a wildcard makes one, nor
    /// anything below them.
    outside: Names,
}

/// An entry and the rule that refuses it.
#[derive(Debug)]
pub struct Finding<'p> {
    /// The refused entry.
    pub entry: Entry,
    /// The rule that caught it.
    pub rule: &'p Rule,
    /// The one of the rule's name patterns that matched.
    pub pattern: &'p Name,
    /// By which commit, where commits are judged.
    pub introduced: Option<Introduced>,
}

/// What the policy says of one path.
#[derive(Debug)]
pub enum Verdict<'p> {
    /// Session work.
    Refused {
        /// The rule that caught the path.
        rule: &'p Rule,
        /// The one of the rule's name patterns that matched.
        pattern: &'p Name,
    },
    /// A rule caught the path, and an entry of `allow` in the configuration
    /// covers it.
    AllowedByEntry {
        /// The rule that caught the path.
        rule: &'p Rule,
        /// The one of the rule's name patterns that matched.
        pattern: &'p Name,
        /// The entry of `allow`.
        glob: &'p PathGlob,
    },
    /// A rule caught the path, and something exempts it.
    Exempt {
        /// The rule that caught the path.
        rule: &'p Rule,
        /// The one of the rule's name patterns that matched.
        pattern: &'p Name,
        /// Why the path is fine all the same.
        exemption: Exemption<'p>,
    },
    /// No rule caught the path.
    Unmatched,
}

/// What the policy says of one path to somebody who asks.
#[derive(Debug)]
pub struct Explanation<'p> {
    /// In bytes, relative to the top of the repository.
    pub path: BString,
    /// The verdict on it, as if it were added.
    pub verdict: Verdict<'p>,
    /// What would make it fine, where it is refused.
    pub alternatives: Option<Alternatives>,
}

/// What would make a refused path fine.
#[derive(Debug, Default)]
pub struct Alternatives {
    /// A path at which the same file would be.
    pub elsewhere: Option<BString>,
    /// Paths of files or directories beside which it would be.
    pub beside: Vec<BString>,
    /// The entry of `allow` for this path alone. Nothing for a path that is not
    /// UTF-8, which no configuration can hold.
    pub allow: Option<String>,
}

/// Why a path that a rule caught is fine all the same.
#[derive(Debug)]
pub enum Exemption<'p> {
    /// The rule leaves this name alone.
    Name(&'p Name),
    /// The rule leaves alone what lies below such a directory.
    Directory(&'p Name),
    /// The rule holds in production roots, and the path is in none.
    NotInProductionRoot,
    /// The path is the proper test of this tracked file or directory.
    Sibling(BString),
    /// A parent of the commit has the path, and `tracked` is `allow`.
    Known,
}

/// What a rule may have to know beyond the path itself. Both are paths relative
/// to the top of the repository.
enum Question<'a> {
    /// Is this project marker tracked?
    Marker(&'a BStr),
    /// Is this file or directory tracked?
    Sibling(&'a BStr),
}

impl Policy {
    /// The rules, in the order in which they are asked. One that is switched off is not
    /// among them.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether a rule could refuse `path`, whatever lies beside it. It may say
    /// yes to a path that [`Policy::judge`] allows, never the other way round.
    #[must_use]
    pub fn nominates(&self, path: &BStr) -> bool {
        let assumed = |question: &Question| matches!(question, Question::Marker(_));
        let parts = Parts::of(path);
        let is_near_root = self.production.is_root(parts.directory, &assumed);
        let in_reach = self.rules.iter().filter(|rule| is_near_root || !rule.wants_root_as_parent());
        matches!(self.verdict(in_reach, parts, Change::Added, &assumed), Verdict::Refused { .. })
    }

    /// What [`Policy::judge`] may ask of `path`: paths of which it has to be known whether
    /// they are tracked.
    #[must_use]
    pub fn questions(&self, path: &BStr) -> Vec<BString> {
        let parts = Parts::of(path);
        let mut questions = Vec::new();
        for rule in &self.rules {
            let Some(pattern) = rule.catches(parts) else { continue };
            questions.extend(rule.siblings(pattern, parts));
            if rule.scope == Scope::ProductionRoot {
                let is_top_level = |place: &&BStr| components(place).count() == 1;
                let places = rule.places(parts).filter(is_top_level);
                questions.extend(places.flat_map(|place| self.production.markers_in(place)));
            }
        }
        questions
    }

    /// Judges `path`, of which a commit makes `change`. `is_tracked` tells
    /// whether a path is a file, or a directory of files, in what is being judged.
    pub fn judge(&self, path: &BStr, change: Change, is_tracked: &dyn Fn(&BStr) -> bool) -> Verdict<'_> {
        self.verdict(self.rules.iter(), Parts::of(path), change, &|question| match question {
            Question::Marker(path) | Question::Sibling(path) => is_tracked(path),
        })
    }

    /// Judges `path` as if it were added, and says what would make it fine.
    /// `is_tracked` is as in [`Policy::judge`].
    pub fn explain(&self, path: BString, is_tracked: &dyn Fn(&BStr) -> bool) -> Explanation<'_> {
        let verdict = self.judge(path.as_bstr(), Change::Added, is_tracked);
        let alternatives = match &verdict {
            Verdict::Refused { rule, pattern } => {
                let parts = Parts::of(path.as_bstr());
                let is_fine = |path: &BString| {
                    !matches!(self.judge(path.as_bstr(), Change::Added, is_tracked), Verdict::Refused { .. })
                };
                let escaped = |path: &str| globset::escape(&path.replace('\\', r"\\"));
                let is_entry = |glob: &String| {
                    PathGlob::new(glob.clone()).is_ok_and(|glob| glob.matches(path.as_bstr()))
                };
                Some(Alternatives {
                    elsewhere: Some(rule.proper_place(parts)).filter(is_fine),
                    beside: rule.siblings(pattern, parts),
                    allow: path.to_str().ok().map(escaped).filter(is_entry),
                })
            }
            _ => None,
        };
        Explanation { path, verdict, alternatives }
    }

    /// The refused ones of `entries`, in their order. `is_tracked` is as in
    /// [`Policy::judge`].
    #[must_use]
    pub fn findings(&self, entries: Vec<Entry>, is_tracked: &dyn Fn(&BStr) -> bool) -> Vec<Finding<'_>> {
        entries
            .into_iter()
            .filter_map(|entry| match self.judge(entry.path.as_bstr(), entry.change, is_tracked) {
                Verdict::Refused { rule, pattern } => {
                    Some(Finding { entry, rule, pattern, introduced: None })
                }
                _ => None,
            })
            .collect()
    }

    fn verdict<'p>(
        &'p self,
        rules: impl Iterator<Item = &'p Rule>,
        parts: Parts,
        change: Change,
        answer: &dyn Fn(&Question) -> bool,
    ) -> Verdict<'p> {
        let mut exempt = None;
        for rule in rules {
            let Some(pattern) = rule.catches(parts) else { continue };
            if let Some(exemption) = self.exemption(rule, pattern, parts, change, answer) {
                exempt.get_or_insert(Verdict::Exempt { rule, pattern, exemption });
                continue;
            }
            return match self.allow.iter().find(|glob| glob.matches(parts.path)) {
                Some(glob) => Verdict::AllowedByEntry { rule, pattern, glob },
                None => Verdict::Refused { rule, pattern },
            };
        }
        exempt.unwrap_or(Verdict::Unmatched)
    }

    fn exemption<'p>(
        &'p self,
        rule: &'p Rule,
        pattern: &Name,
        parts: Parts,
        change: Change,
        answer: &dyn Fn(&Question) -> bool,
    ) -> Option<Exemption<'p>> {
        if let Some(exempting) = rule.exempting_name(parts) {
            return Some(Exemption::Name(exempting));
        }
        if let Some(exempting) = rule.exempting_directory(parts) {
            return Some(Exemption::Directory(exempting));
        }
        if rule.scope == Scope::ProductionRoot
            && !rule.places(parts).any(|place| self.production.is_root(place, answer))
        {
            return Some(Exemption::NotInProductionRoot);
        }
        if let Some(sibling) = rule
            .siblings(pattern, parts)
            .into_iter()
            .find(|sibling| answer(&Question::Sibling(sibling.as_bstr())))
        {
            return Some(Exemption::Sibling(sibling));
        }
        let known = self.tracked == Tracked::Allow && change.is_to_a_known_path();
        (known && rule.id != SESSION_DIRECTORY_RULE).then_some(Exemption::Known)
    }
}

impl Production {
    /// Whether `directory` is a production root: the top (an empty path), one
    /// of the roots, or a top-level directory that holds a project marker.
    fn is_root(&self, directory: &BStr, answer: &dyn Fn(&Question) -> bool) -> bool {
        let is_outside = || components(directory).any(|component| self.outside.find(component).is_some());
        let has_marker =
            || self.markers_in(directory).any(|marker| answer(&Question::Marker(marker.as_bstr())));
        let depth = components(directory).count();
        depth == 0 || self.could_be_root(directory, depth, &is_outside, &has_marker)
    }

    /// The paths of the project markers in `directory`.
    fn markers_in(&self, directory: &BStr) -> impl Iterator<Item = BString> {
        self.markers.iter().map(move |marker| rule::join(directory, marker.as_ref().into()))
    }

    /// The same of a directory below the top, which has so many components.
    fn could_be_root(
        &self,
        directory: &BStr,
        depth: usize,
        is_outside: &dyn Fn() -> bool,
        has_marker: &dyn Fn() -> bool,
    ) -> bool {
        let mut roots = self.roots.iter().filter(|root| root.may_match_depth(depth));
        roots.any(|root| root.matches(directory) && (root.is_literal() || !is_outside()))
            || depth == 1 && !is_outside() && has_marker()
    }
}

/// Whether `path` lies in a session directory that is called so in this very letter case,
/// as git's ignore rule has it.
#[must_use]
pub fn is_at_home(path: &BStr) -> bool {
    let (directory, _) = rule::split(path);
    components(directory).any(|component| component == SESSION_DIRECTORY)
}

/// Whether `path` lies in a session directory or is called like one: a file,
/// a symlink or a gitlink of that name is refused too.
#[must_use]
pub fn is_in_session_directory(path: &BStr) -> bool {
    components(path).any(|component| component.eq_ignore_ascii_case(SESSION_DIRECTORY.as_bytes()))
}
