//! The page of the documentation that describes a rule.

use crate::policy::{Rule, is_built_in_rule};

/// Returns the page that describes `rule`, relative to the top of the sources, with its anchor.
///
/// A rule of a configuration has no page of its own, unless it replaces a built-in one.
pub(super) fn rule_page(rule: &Rule) -> String {
    // With a public address in the place of `docs`, SARIF can name the page as `helpUri`, too.
    if is_built_in_rule(&rule.id) {
        format!("docs/rules.md#{}", rule.id)
    } else {
        "docs/configuration.md#add-a-rule".to_owned()
    }
}
