//! Writes the policy in force as a configuration.

use super::Policy;
use super::document::{Scope, Tracked};
use super::path_glob::PathGlob;
use super::rule::Rule;

impl Policy {
    /// Returns the text of a configuration that results in the same policy.
    ///
    /// `quote` turns a text into a TOML string.
    #[must_use]
    pub fn to_toml(&self, quote: impl Fn(&str) -> String) -> String {
        let array = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| quote(text)).collect();
            format!("[{}]", texts.join(", "))
        };
        let disabled: Vec<&str> = self.disabled.iter().map(String::as_str).collect();
        let markers: Vec<&str> = self.production.markers.iter().map(AsRef::as_ref).collect();
        let mut lines = vec![
            format!("allow = {}", array(&paths(&self.allow))),
            format!("disable = {}", array(&disabled)),
        ];
        lines.extend(self.tracked.map(|tracked| format!("tracked = {}", quote(tracked.name()))));
        lines.extend([
            String::new(),
            "[production]".to_owned(),
            format!("roots = {}", array(&paths(&self.production.roots))),
            format!("markers = {}", array(&markers)),
            format!("outside = {}", array(&self.production.outside.texts())),
            String::new(),
            "[evidence]".to_owned(),
            format!("automation = {}", array(&self.evidence.automation.texts())),
            format!("documents = {}", array(&self.evidence.documents.texts())),
        ]);
        for rule in &self.rules {
            lines.extend([String::new(), "[[rule]]".to_owned()]);
            lines.extend(rule_lines(rule, &quote, array));
        }
        lines.join("\n") + "\n"
    }
}

fn rule_lines(rule: &Rule, quote: impl Fn(&str) -> String, array: impl Fn(&[&str]) -> String) -> Vec<String> {
    let scope = match rule.scope {
        Scope::Anywhere => "anywhere",
        Scope::ProductionRoot => "production-root",
        Scope::SessionDirectory => "session-directory",
    };
    let list =
        |key: &str, texts: Vec<&str>| (!texts.is_empty()).then(|| format!("{key} = {}", array(&texts)));
    let mut lines =
        vec![format!("id = {}", quote(&rule.id)), format!("names = {}", array(&rule.names.texts()))];
    lines.extend(list("extensions", rule.extensions.texts()));
    lines.push(format!("scope = {}", quote(scope)));
    lines.extend(list("directories", rule.directories.texts()));
    lines.extend(list("outside", rule.outside.texts()));
    lines.extend(list("except", rule.except.texts()));
    lines.extend(rule.sibling.then(|| "sibling = true".to_owned()));
    lines.extend(rule.named_by.map(|files| format!("named_by = {}", quote(files.name()))));
    lines.extend(list("text", rule.text.iter().map(|sign| sign.name()).collect()));
    lines.push(format!("reason = {}", quote(&rule.reason)));
    lines.push(format!("home = {}", quote(rule.home.name())));
    lines.extend(rule.stays.then(|| "stays = true".to_owned()));
    lines.push(format!("tracked = {}", quote(rule.tracked.name())));
    lines
}

impl Tracked {
    fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Allow => "allow",
        }
    }
}

fn paths(globs: &[PathGlob]) -> Vec<&str> {
    globs.iter().map(PathGlob::as_str).collect()
}
