//! Tests quickly, for many paths, whether a rule could refuse a path.
//!
//! Hardly any path is refused, so most are rejected by a few bytes of their names. The rules that
//! apply in a directory are computed once for consecutive paths in it.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};

use super::document::Scope;
use super::filter::{LengthFilter, Rules, TrigramFilter};
use super::production::RootStatus;
use super::rule::Rule;
use super::{Policy, is_session_directory};

/// Tests one path after the other for whether a rule could refuse it.
///
/// It is fastest if the paths of one directory follow each other, as in the index.
#[derive(Debug)]
pub struct Prefilter<'p> {
    policy: &'p Policy,
    /// Finds the rules that may match a file name.
    file_names: TrigramFilter,
    /// Finds the directory names that may have traits.
    directory_names: LengthFilter,
    /// The traits of directory names that were seen before.
    traits: HashMap<BString, Traits>,
    scopes: Scopes,
    /// The depth below which no directory is a production root.
    max_root_depth: usize,
    /// The directory of the previous path; empty for the top.
    directory: BString,
    /// The levels from the top down to that directory.
    levels: Vec<Level>,
}

/// The rules by where they apply.
#[derive(Debug, Default)]
struct Scopes {
    anywhere: Rules,
    in_session_directory: Rules,
    /// Directly in a production root.
    in_root: Rules,
    /// Below a directory that the rule names, at any depth.
    below_named: Rules,
    /// Below a directory that the rule names and that is directly in a production root.
    below_named_in_root: Rules,
}

/// The meaning of a directory name to the policy; in a level, of all names down to it.
#[derive(Clone, Copy, Debug, Default)]
struct Traits {
    is_session_directory: bool,
    /// Whether no marker and no wildcard makes it a production root.
    is_outside: bool,
    /// The rules that apply below it.
    named_by: Rules,
    /// The rules that except everything below it.
    excepted_by: Rules,
}

/// A directory, and the rules that apply in it.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// The length of its path; 0 for the top.
    end: usize,
    /// Whether it is a production root, if every marker is in it.
    may_be_root: bool,
    traits: Traits,
    /// The rules that could refuse a file in it.
    rules: Rules,
}

/// The maximum number of cached directory names.
const MAX_TRAITS: usize = 1000;

impl Policy {
    /// Returns a prefilter for the rules of this policy.
    #[must_use]
    pub fn prefilter(&self) -> Prefilter<'_> {
        let (mut file_names, mut directory_names) = (TrigramFilter::default(), LengthFilter::default());
        let mut scopes = Scopes::default();
        directory_names.add(self.production.outside.iter());
        for (at, rule) in self.rules.iter().enumerate() {
            let endings = if rule.extensions.is_empty() { &rule.names } else { &rule.extensions };
            file_names.add(&rule.names, endings, bit(at));
            directory_names.add(rule.directories.last_names().chain(rule.outside.last_names()));
            *scopes.of(rule) |= bit(at);
        }
        let top = Level {
            end: 0,
            may_be_root: true,
            traits: Traits::default(),
            rules: scopes.anywhere | scopes.in_root,
        };
        Prefilter {
            policy: self,
            file_names,
            directory_names,
            traits: HashMap::new(),
            scopes,
            max_root_depth: self.production.max_depth(),
            directory: BString::default(),
            levels: vec![top],
        }
    }

    /// Returns the traits of a directory name.
    fn traits(&self, name: &BStr) -> Traits {
        let mut traits = Traits {
            is_session_directory: is_session_directory(name),
            is_outside: self.production.outside.find(name).is_some(),
            ..Traits::default()
        };
        for (at, rule) in self.rules.iter().enumerate() {
            if rule.directories.may_end_in(name) {
                traits.named_by |= bit(at);
            }
            if at < SHARED_BIT && rule.outside.matching(name).next().is_some() {
                traits.excepted_by |= bit(at);
            }
        }
        traits
    }
}

impl Scopes {
    fn of(&mut self, rule: &Rule) -> &mut Rules {
        // The parent of the last of several named directories need not be a production root.
        let is_nested = rule.directories.has_nested();
        match (rule.scope, rule.directories.is_empty()) {
            (Scope::SessionDirectory, _) => &mut self.in_session_directory,
            (Scope::Anywhere, true) => &mut self.anywhere,
            (Scope::ProductionRoot, true) => &mut self.in_root,
            (Scope::ProductionRoot, false) if !is_nested => &mut self.below_named_in_root,
            (Scope::Anywhere | Scope::ProductionRoot, false) => &mut self.below_named,
        }
    }
}

impl<'p> Prefilter<'p> {
    /// Returns the policy whose rules it tests.
    #[must_use]
    pub fn policy(&self) -> &'p Policy {
        self.policy
    }

    /// Returns whether a rule could refuse `path`, as [`Policy::may_refuse`] does.
    ///
    /// It returns `true` for a path that git would not track, such as `a/../b`: it may mean
    /// another path to another program.
    #[inline]
    pub fn may_refuse(&mut self, path: &BStr) -> bool {
        let (directory, name) = match path.rfind_byteset(b"/\0") {
            Some(at) if at > 0 && path[at] == b'/' => (path[..at].as_bstr(), path[at + 1..].as_bstr()),
            Some(_) => return true,
            None => (BStr::new(""), path),
        };
        if !is_same(directory, &self.directory) && !self.enter(directory) {
            return true;
        }
        let is_special = matches!(name.first(), None | Some(b'.' | b'g' | b'G'));
        if is_special && is_never_tracked(name) {
            return true;
        }
        if is_special && is_session_directory(name) {
            return self.policy.may_refuse(path);
        }
        let rules = self.levels.last().map_or(Rules::MAX, |level| level.rules);
        let candidates = self.file_names.find(name, rules);
        candidates != 0 && self.policy.may_refuse_by(path, |at| candidates & bit(at) != 0)
    }

    /// Computes the levels of `directory`. Returns `false` if git would track nothing in it.
    #[cold]
    fn enter(&mut self, directory: &BStr) -> bool {
        if directory.contains(&0) {
            return false;
        }
        let common = common_length(directory, &self.directory);
        let is_above =
            |level: &Level| level.end <= common && matches!(directory.get(level.end), None | Some(b'/'));
        let kept = 1 + self.levels[1..].iter().take_while(|level| is_above(level)).count();
        self.levels.truncate(kept);
        self.directory.truncate(self.levels[kept - 1].end);
        while self.directory.len() < directory.len() {
            let start = if self.levels.len() > 1 { self.directory.len() + 1 } else { 0 };
            let rest = &directory[start..];
            let name = rest[..rest.find_byte(b'/').unwrap_or(rest.len())].as_bstr();
            if is_never_tracked(name) {
                return false;
            }
            self.descend(directory[..start + name.len()].as_bstr(), name);
        }
        true
    }

    /// Adds the level of `directory`, whose last component is `name`.
    fn descend(&mut self, directory: &BStr, name: &BStr) {
        let Some(&above) = self.levels.last() else { return };
        let own = self.traits(name);
        let named_in_root = if above.may_be_root { self.scopes.below_named_in_root } else { 0 };
        let traits = Traits {
            is_session_directory: above.traits.is_session_directory || own.is_session_directory,
            is_outside: above.traits.is_outside || own.is_outside,
            named_by: above.traits.named_by | own.named_by & (self.scopes.below_named | named_in_root),
            excepted_by: above.traits.excepted_by | own.excepted_by,
        };
        let depth = self.levels.len();
        let production = &self.policy.production;
        let may_be_root = depth <= self.max_root_depth
            && production.status_at_depth(directory, depth, traits.is_outside) != RootStatus::NotRoot;
        let mut rules = self.scopes.anywhere | traits.named_by;
        if traits.is_session_directory {
            rules |= self.scopes.in_session_directory;
        }
        if may_be_root {
            rules |= self.scopes.in_root;
        }
        let rules = rules & !traits.excepted_by;
        self.levels.push(Level { end: directory.len(), may_be_root, traits, rules });
        self.directory.clear();
        self.directory.extend_from_slice(directory);
    }

    /// Returns the traits of a directory name, from the cache if possible.
    fn traits(&mut self, name: &BStr) -> Traits {
        if !self.directory_names.may_match(name) && !is_session_directory(name) {
            return Traits::default();
        }
        if let Some(traits) = self.traits.get(name) {
            return *traits;
        }
        let traits = self.policy.traits(name);
        if self.traits.len() < MAX_TRAITS {
            self.traits.insert(name.into(), traits);
        }
        traits
    }
}

/// Returns whether git tracks no path with this component (`verify_path` in git).
fn is_never_tracked(component: &[u8]) -> bool {
    match component {
        [] | [b'.'] | [b'.', b'.'] => true,
        [b'.' | b'g' | b'G', ..] => {
            component.eq_ignore_ascii_case(b".git") || component.eq_ignore_ascii_case(b"git~1")
        }
        _ => false,
    }
}

/// Returns whether two directories are equal.
///
/// `==` calls `memcmp`, which in the static program compares byte by byte.
#[inline]
fn is_same(directory: &[u8], other: &[u8]) -> bool {
    if directory.len() != other.len() {
        return false;
    }
    let (Some(end), Some(other_end)) = (directory.last_chunk::<16>(), other.last_chunk()) else {
        return directory == other;
    };
    let (chunks, other_chunks) = (directory.as_chunks::<16>().0, other.as_chunks().0);
    end == other_end && chunks.iter().zip(other_chunks).all(|(chunk, other)| chunk == other)
}

/// Returns the number of bytes with which both paths begin.
fn common_length(path: &[u8], other: &[u8]) -> usize {
    let (chunks, other_chunks) = (path.as_chunks::<16>().0, other.as_chunks::<16>().0);
    let common = 16 * chunks.iter().zip(other_chunks).take_while(|(chunk, other)| chunk == other).count();
    common + path[common..].iter().zip(&other[common..]).take_while(|(byte, other)| byte == other).count()
}

/// The bit of this rule and of all later ones: any of them may set it, none clears it.
const SHARED_BIT: usize = 63;

fn bit(rule: usize) -> Rules {
    1 << rule.min(SHARED_BIT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{common_length, is_same};
    use crate::policy::Policy;

    /// Names that rules match, and names like them.
    const COMPONENTS: [&str; 30] = [
        "a",
        "backend",
        "frontend",
        "services",
        "src",
        "tests",
        "docs",
        ".claude_sessions",
        ".CLAUDE_sessions",
        "scratch",
        "New folder",
        ".codex",
        ".crush",
        "debug",
        "tmp",
        "test_x.py",
        "debug_x.py",
        "x_debug.py",
        "x-fix-y.sh",
        "fix_x",
        "check_users.py",
        "compare_.sql",
        "FIX_SUMMARY.md",
        "SUMMARY.md",
        "a_RESULT.txt",
        "CLAUDE.local.md",
        "auth.json",
        ".aider.chat.history.md",
        "repro.c",
        "temp.html",
    ];

    /// A policy with every kind of pattern, and more rules than there are bits.
    fn large_policy() -> Policy {
        const LIMITS: [&str; 7] = [
            "",
            "extensions = ['p*', 'md']",
            "scope = 'production-root'",
            "directories = ['a', 't*']",
            "outside = ['?']",
            "scope = 'production-root'\ndirectories = ['a/t*']",
            "outside = ['?/a']",
        ];
        let rule = |number: usize| {
            let names = format!("['r{number}_*', '?{number}', '*[!a]{number}?*', '{{x,y}}{number}']");
            format!("[[rule]]\nid = 'r{number}'\nnames = {names}\n{}\n", LIMITS[number % 7])
        };
        let rules: Vec<String> = (0..70).map(rule).collect();
        let text = "production.roots = ['**/deep', 'a/*']\n".to_owned() + &rules.concat();
        Policy::built_in().with_config("test", text.as_bytes()).unwrap()
    }

    fn path() -> impl Strategy<Value = String> {
        let component = prop_oneof![
            prop::sample::select(&COMPONENTS[..]).prop_map(str::to_owned),
            "[a-zA-Z_.-]{1,12}",
            r"[rxyz?]{1,2}[0-9]{1,2}[_a]{0,2}(\.(py|md|pq))?",
            r"[^/\pC]{1,9}",
        ];
        let component =
            component.prop_filter("never tracked", |name| !super::is_never_tracked(name.as_bytes()));
        prop::collection::vec(component, 1..5).prop_map(|components| components.join("/"))
    }

    #[test]
    fn paths_are_compared_to_the_last_byte() {
        let path: Vec<u8> = (1..50).collect();
        for length in 0..path.len() {
            let part = &path[..length];
            assert!(is_same(part, part) && !is_same(part, &path));
            assert_eq!((common_length(part, &path), common_length(&path, part)), (length, length));
            for changed in 0..length {
                let mut other = part.to_vec();
                other[changed] = 0;
                assert_eq!(common_length(&path, &other), changed);
                assert!(!is_same(part, &other) && !is_same(&other, part));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        /// The result does not depend on the previous paths.
        #[test]
        fn prefilter_agrees_with_its_policy(mut paths in prop::collection::vec(path(), 1..60), is_sorted: bool) {
            if is_sorted {
                paths.sort();
            }
            for policy in [Policy::built_in(), large_policy()] {
                let mut prefilter = policy.prefilter();
                for path in &paths {
                    let path = path.as_str().into();
                    prop_assert_eq!(prefilter.may_refuse(path), policy.may_refuse(path), "{}", path);
                }
            }
        }
    }

    #[test]
    fn prefilter_accepts_no_path_that_git_would_not_track() {
        let policy = Policy::built_in();
        let mut prefilter = policy.prefilter();
        for path in [
            "debug_x.py\0longer.txt",
            "a/b\0c/d",
            "a\0",
            "a//b",
            "/b",
            "a/",
            "./b",
            "a/../b",
            "a/..",
            ".git",
            "a/.GIT/b",
            "GIT~1/b",
        ] {
            assert!(prefilter.may_refuse(path.into()), "{path:?}");
            assert!(!prefilter.may_refuse("a/b".into()));
        }
    }
}
