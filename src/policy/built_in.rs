//! The built-in policy. The build script generates its code from `builtin.toml`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Policy;
use super::directory_glob::{DirectoryGlob, DirectoryGlobs};
use super::document::{Home, NamedBy, Scope, Sign, Tracked};
use super::evidence::EvidenceFiles;
use super::file_pattern::{FilePattern, FilePatterns};
use super::name::{Name, Names};
use super::path_glob::PathGlob;
use super::production::Production;
use super::rule::Rule;

impl Policy {
    /// Returns the built-in policy.
    #[must_use]
    pub fn built_in() -> Self {
        include!(concat!(env!("OUT_DIR"), "/built_in.rs"))
    }
}

/// Returns whether the built-in policy has a rule with this id.
#[must_use]
pub fn is_built_in_rule(id: &str) -> bool {
    static POLICY: LazyLock<Policy> = LazyLock::new(Policy::built_in);
    POLICY.rules.iter().any(|rule| rule.id == id)
}

/// Creates patterns from their texts and the texts to which these expand.
fn names(texts: &[(&'static str, &'static [&'static str])]) -> Names {
    texts.iter().map(|(text, expanded)| Name::built_in(text, expanded)).collect()
}

fn directories(texts: &[&'static str]) -> DirectoryGlobs {
    texts.iter().map(|text| DirectoryGlob::new_unchecked(text)).collect()
}

#[expect(clippy::expect_used, reason = "a unit test builds the built-in policy")]
fn paths(texts: &[&'static str]) -> Vec<PathGlob> {
    texts.iter().map(|text| PathGlob::new(*text).expect("a valid glob")).collect()
}

#[expect(clippy::expect_used, reason = "a unit test builds the built-in policy")]
fn files(texts: &[&'static str]) -> FilePatterns {
    texts.iter().map(|text| FilePattern::new(*text).expect("a valid pattern")).collect()
}

fn owned(texts: &[&'static str]) -> Vec<Cow<'static, str>> {
    texts.iter().map(|text| Cow::Borrowed(*text)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::policy::Policy;
    use crate::policy::evidence::EvidenceFiles;
    use crate::policy::production::Production;

    #[test]
    fn built_in_policy_equals_its_file_read_as_a_configuration() {
        let empty = Policy {
            allow: Vec::new(),
            disabled: Vec::new(),
            lists: BTreeMap::new(),
            tracked: None,
            production: Production::default(),
            evidence: EvidenceFiles::default(),
            rules: Vec::new(),
        };
        let read = empty.with_config("builtin.toml", include_bytes!("builtin.toml")).unwrap();
        let built_in = Policy::built_in();
        let quote = |text: &str| format!("{text:?}");
        assert_eq!(built_in.to_toml(quote), read.to_toml(quote));
        assert_eq!(built_in.lists, read.lists);
    }
}
