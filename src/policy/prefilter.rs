//! Which paths a rule could refuse. Of a million that are looked at nearly none is
//! refused, so most are told by a few bytes of their names.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};

use super::filter::{Filter, is_one_component};
use super::production::RootStatus;
use super::rule::Scope;
use super::{Policy, is_session_directory};

/// Asks of one path after the other whether a rule could refuse it. What it finds out
/// about a directory it keeps for the next path, which mostly lies in the same one.
#[derive(Debug)]
pub struct Prefilter<'p> {
    policy: &'p Policy,
    /// Finds the rules by the name of a file.
    names: Filter,
    /// Finds out whether a list of the policy has the name of a directory.
    listed: Filter,
    /// What the lists say of such names.
    lists: HashMap<BString, Listing>,
    places: Places,
    /// Of the path before, with a `/` at the end; empty for the top.
    directory: BString,
    /// The rules that could refuse a file in it.
    rules: Rules,
    /// What holds in the top, and in each directory on the way down to that one.
    levels: Vec<Level>,
}

/// A set of rules, a bit each.
type Rules = u64;

/// The rules by where they hold.
#[derive(Debug, Default)]
struct Places {
    anywhere: Rules,
    in_session_directory: Rules,
    /// Directly in a production root.
    in_root: Rules,
    /// Below a directory that the rule names, wherever that is.
    below_named: Rules,
    /// Below a directory that the rule names, directly in a production root.
    below_named_in_root: Rules,
}

/// What the lists of the policy say of the name of a directory.
#[derive(Clone, Copy, Debug, Default)]
struct Listing {
    is_session_directory: bool,
    /// Neither a marker nor a wildcard makes it a production root.
    is_outside: bool,
    /// The rules that hold below it.
    named: Rules,
    /// The rules that leave alone what is below it.
    exempt: Rules,
}

/// What holds in a directory.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Where its path ends in that of the deepest one, behind the `/`.
    end: usize,
    /// Whether it is a production root, if it holds every marker.
    is_root: bool,
    /// What holds for the directory and for all below it.
    listing: Listing,
    /// The rules that could refuse a file in it.
    rules: Rules,
}

/// As many names of directories are kept.
const MOST_LISTINGS: usize = 1000;

impl Policy {
    /// What tells, of many paths, those that a rule could refuse.
    #[must_use]
    pub fn prefilter(&self) -> Prefilter<'_> {
        let (mut names, mut listed) = (Filter::default(), Filter::default());
        let mut places = Places::default();
        for (at, rule) in self.rules.iter().enumerate() {
            names.add(&rule.names, bit(at));
            let endings = if rule.extensions.is_empty() { &rule.names } else { &rule.extensions };
            names.add_endings(endings, bit(at));
            for directories in [&rule.directories, &rule.outside] {
                listed.add(directories, 1);
                listed.add_endings(directories, 1);
            }
            let place = match (rule.scope, rule.directories.is_empty()) {
                (Scope::SessionDirectory, _) => &mut places.in_session_directory,
                (Scope::Anywhere, true) => &mut places.anywhere,
                (Scope::Anywhere, false) => &mut places.below_named,
                (Scope::ProductionRoot, true) => &mut places.in_root,
                (Scope::ProductionRoot, false) => &mut places.below_named_in_root,
            };
            *place |= bit(at);
        }
        listed.add(&self.production.outside, 1);
        listed.add_endings(&self.production.outside, 1);
        names.sort();
        listed.sort();
        let top = Level {
            end: 0,
            is_root: true,
            listing: Listing::default(),
            rules: places.anywhere | places.in_root,
        };
        Prefilter {
            policy: self,
            names,
            listed,
            lists: HashMap::new(),
            places,
            directory: BString::default(),
            rules: top.rules,
            levels: vec![top],
        }
    }

    /// What the lists say of a directory of this name.
    fn listing(&self, component: &BStr) -> Listing {
        let mut listing = Listing {
            is_session_directory: is_session_directory(component),
            is_outside: self.production.outside.find(component).is_some(),
            ..Listing::default()
        };
        for (at, rule) in self.rules.iter().enumerate() {
            if rule.directories.find(component).is_some() {
                listing.named |= bit(at);
            }
            if at < SHARED && rule.outside.find(component).is_some() {
                listing.exempt |= bit(at);
            }
        }
        listing
    }
}

impl Prefilter<'_> {
    /// Whether a rule could refuse `path`, as [`Policy::may_refuse`] has it.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the profile is for size, and this runs a million times")]
    pub fn may_refuse(&mut self, path: &BStr) -> bool {
        let name = match path.strip_prefix(&**self.directory) {
            Some(name) if !name.is_empty() && is_one_component(name) => name,
            _ => match self.enter(path) {
                Some(name) => name,
                None => return true,
            },
        };
        let is_dotted = name.starts_with(b".");
        if is_dotted && is_never_tracked(name) {
            return true;
        }
        (self.names.find(name, self.rules) != 0 || is_dotted && is_session_directory(name.into()))
            && self.policy.may_refuse(path)
    }

    /// Goes to the directory of `path`, and gives the last component. Nothing for what is
    /// no path, and may be taken for another one than it seems.
    #[cold]
    fn enter<'c>(&mut self, path: &'c BStr) -> Option<&'c [u8]> {
        if path.split(|byte| *byte == b'/').any(is_never_tracked) {
            return None;
        }
        while self.levels.len() > 1 && !path.starts_with(&self.directory) {
            self.levels.pop();
            self.directory.truncate(self.levels.last().map_or(0, |level| level.end));
        }
        let mut rest: &[u8] = &path[self.directory.len()..];
        while let Some(slash) = rest.iter().position(|byte| *byte == b'/') {
            let (component, after) = rest.split_at(slash);
            self.directory.extend_from_slice(component);
            self.descend(component.into());
            self.directory.push(b'/');
            rest = &after[1..];
        }
        self.rules = self.levels.last().map_or(Rules::MAX, |level| level.rules);
        Some(rest)
    }

    /// Adds what holds in `directory`, which ends with `component`.
    fn descend(&mut self, component: &BStr) {
        let Some(&above) = self.levels.last() else { return };
        let own = self.listing(component);
        let named_in_root = if above.is_root { self.places.below_named_in_root } else { 0 };
        let listing = Listing {
            is_session_directory: above.listing.is_session_directory || own.is_session_directory,
            is_outside: above.listing.is_outside || own.is_outside,
            named: above.listing.named | own.named & (self.places.below_named | named_in_root),
            exempt: above.listing.exempt | own.exempt,
        };
        let depth = self.levels.len();
        let production = &self.policy.production;
        let status = production.status_at_depth(self.directory.as_bstr(), depth, listing.is_outside);
        let is_root = status != RootStatus::NotRoot;
        let mut rules = self.places.anywhere | listing.named;
        if listing.is_session_directory {
            rules |= self.places.in_session_directory;
        }
        if is_root {
            rules |= self.places.in_root;
        }
        let end = self.directory.len() + 1;
        self.levels.push(Level { end, is_root, listing, rules: rules & !listing.exempt });
    }

    fn listing(&mut self, component: &BStr) -> Listing {
        if self.listed.find(component, 1) == 0 && !is_session_directory(component) {
            return Listing::default();
        }
        if let Some(listing) = self.lists.get(component) {
            return *listing;
        }
        let listing = self.policy.listing(component);
        if self.lists.len() < MOST_LISTINGS {
            self.lists.insert(component.into(), listing);
        }
        listing
    }
}

/// Whether git has no path with this component: what is not left out there, another program
/// may take for a path somewhere else (`verify_path` of git).
fn is_never_tracked(component: &[u8]) -> bool {
    let is_git_dir = || [&b".git"[..], b"git~1"].iter().any(|name| component.eq_ignore_ascii_case(name));
    matches!(component, b"" | b"." | b"..") || component.contains(&0) || is_git_dir()
}

/// Rules from this one on share the last bit. It may be set for any of them, and none of
/// them clears it.
const SHARED: usize = 63;

fn bit(rule: usize) -> Rules {
    1 << rule.min(SHARED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::policy::Policy;

    /// What rules can be about, and what looks like it.
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

    /// A configuration with every kind of pattern, and more rules than are told apart.
    fn configured() -> Policy {
        const LIMITS: [&str; 5] = [
            "",
            "extensions = ['p*', 'md']",
            "scope = 'production-root'",
            "directories = ['a', 't*']",
            "outside = ['?']",
        ];
        let rule = |number: usize| {
            let names = format!("['r{number}_*', '?{number}', '*[!a]{number}?*', '{{x,y}}{number}']");
            format!("[[rule]]\nid = 'r{number}'\nnames = {names}\n{}\n", LIMITS[number % 5])
        };
        let rules: Vec<String> = (0..70).map(rule).collect();
        let text = "production.roots = ['**/deep', 'a/*']\n".to_owned() + &rules.concat();
        Policy::built_in().extended("test", text.as_bytes()).unwrap()
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

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        /// However many paths were asked about before, the answer is that of the policy.
        #[test]
        fn prefilter_agrees_with_its_policy(mut paths in prop::collection::vec(path(), 1..60), is_sorted: bool) {
            if is_sorted {
                paths.sort();
            }
            for policy in [Policy::built_in(), configured()] {
                let mut prefilter = policy.prefilter();
                for path in &paths {
                    let path = path.as_str().into();
                    prop_assert_eq!(prefilter.may_refuse(path), policy.may_refuse(path), "{}", path);
                }
            }
        }
    }

    #[test]
    fn prefilter_may_refuse_what_is_no_path() {
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
