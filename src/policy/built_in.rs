//! The built-in policy, as the build script has written it from `builtin.toml`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::name::{Name, Names};
use super::path_glob::PathGlob;
use super::production::Production;
use super::rule::{Home, Rule, Scope};
use super::{Policy, Tracked};

impl Policy {
    /// Returns the built-in policy.
    #[must_use]
    pub fn built_in() -> Self {
        include!(concat!(env!("OUT_DIR"), "/built_in.rs"))
    }
}

fn known(texts: &[&'static str]) -> Names {
    texts.iter().map(|text| Name::new_unchecked(*text)).collect()
}

#[expect(clippy::expect_used, reason = "a unit test builds the built-in policy")]
fn roots(texts: &[&'static str]) -> Vec<PathGlob> {
    texts.iter().map(|text| PathGlob::new(*text).expect("a valid glob")).collect()
}

fn owned(texts: &[&'static str]) -> Vec<Cow<'static, str>> {
    texts.iter().map(|text| Cow::Borrowed(*text)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::policy::production::Production;
    use crate::policy::{Policy, Tracked};

    /// What the build script has written is what the file would be as a configuration.
    #[test]
    fn the_built_in_policy_is_that_of_its_file() {
        let nothing = Policy {
            allow: Vec::new(),
            disabled: Vec::new(),
            lists: BTreeMap::new(),
            tracked: Tracked::default(),
            production: Production::default(),
            rules: Vec::new(),
        };
        let read = nothing.extended("builtin.toml", include_bytes!("builtin.toml")).unwrap();
        let built_in = Policy::built_in();
        assert_eq!(built_in.to_toml(str::to_owned), read.to_toml(str::to_owned));
        assert_eq!(built_in.lists, read.lists);
    }
}
