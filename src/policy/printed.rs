//! The policy in force, in the form of a configuration.

use std::borrow::Cow;

use serde::Serialize;

use super::path_glob::PathGlob;
use super::rule::{Home, Scope};
use super::{Policy, Tracked};

#[derive(Serialize)]
struct Printed<'p> {
    allow: Vec<&'p str>,
    disable: &'p [String],
    tracked: Tracked,
    production: PrintedProduction<'p>,
    rule: Vec<PrintedRule<'p>>,
}

#[derive(Serialize)]
struct PrintedProduction<'p> {
    roots: Vec<&'p str>,
    markers: &'p [Cow<'static, str>],
    outside: Vec<&'p str>,
}

#[derive(Serialize)]
struct PrintedRule<'p> {
    id: &'p str,
    names: Vec<&'p str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extensions: Vec<&'p str>,
    scope: Scope,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    directories: Vec<&'p str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outside: Vec<&'p str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    except: Vec<&'p str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sibling: bool,
    reason: &'p str,
    home: Home,
}

impl Policy {
    /// The policy as a configuration: pasted into one, it makes the same policy.
    ///
    /// # Errors
    ///
    /// None that a policy which was parsed gives cause for.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(&Printed {
            allow: paths(&self.allow),
            disable: &self.disabled,
            tracked: self.tracked,
            production: PrintedProduction {
                roots: paths(&self.production.roots),
                markers: &self.production.markers,
                outside: self.production.outside.texts(),
            },
            rule: self
                .rules
                .iter()
                .map(|rule| PrintedRule {
                    id: &rule.id,
                    names: rule.names.texts(),
                    extensions: rule.extensions.texts(),
                    scope: rule.scope,
                    directories: rule.directories.texts(),
                    outside: rule.outside.texts(),
                    except: rule.except.texts(),
                    sibling: rule.sibling,
                    reason: &rule.reason,
                    home: rule.home,
                })
                .collect(),
        })
    }
}

fn paths(globs: &[PathGlob]) -> Vec<&str> {
    globs.iter().map(PathGlob::as_str).collect()
}
