//! Writes the built-in policy as Rust code, so that the program need not parse its TOML.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toml::Spanned;

use self::document::{Document, EvidenceTable, ProductionTable, RuleTable, Text, Texts};

#[path = "../src/policy/document.rs"]
#[expect(unreachable_pub, reason = "the crate exports some of it")]
mod document;
#[path = "../src/policy/expand.rs"]
mod expand;

pub(crate) const POLICY: &str = "src/policy/builtin.toml";

type Lists = BTreeMap<Text, Vec<Text>>;

/// Writes `built_in.rs`, an expression of the type `Policy`, into `directory`.
pub(crate) fn write(directory: &Path) {
    let text = fs::read_to_string(POLICY).expect("the built-in policy");
    let policy: Document = toml::from_str(&text).expect("a valid policy");
    fs::write(directory.join("built_in.rs"), policy_code(&policy))
        .expect("a directory that can be written to");
}

fn policy_code(policy: &Document) -> String {
    let Document { allow, disable, tracked, lists, production, evidence, rule } = policy;
    let EvidenceTable { automation, documents } = evidence;
    let ProductionTable { roots, markers, outside } = production;
    assert!(allow.is_empty() && disable.is_empty(), "the built-in policy allows and disables nothing");
    assert!(tracked.is_none(), "each rule of the built-in policy says it for itself");
    let lists_code: Vec<String> = lists
        .iter()
        .map(|(name, texts)| format!("({:?}.into(), owned(&{}))", name.get_ref(), array(texts)))
        .collect();
    let rules_code: Vec<String> = rule.iter().map(|rule| rule_code(rule, lists)).collect();
    format!(
        "Policy {{
            allow: Vec::new(),
            disabled: Vec::new(),
            lists: BTreeMap::from([{}]),
            tracked: None,
            production: Production {{ roots: paths(&{}), markers: owned(&{}), outside: names(&{}) }},
            evidence: EvidenceFiles {{ automation: files(&{}), documents: files(&{}) }},
            rules: vec![{}],
        }}",
        lists_code.join(", "),
        array(roots),
        array(markers),
        names_code(outside),
        array(automation),
        array(documents),
        rules_code.join(", "),
    )
}

fn rule_code(rule: &RuleTable, lists: &Lists) -> String {
    let RuleTable {
        id,
        names,
        extensions,
        scope,
        directories,
        outside,
        except,
        sibling,
        named_by,
        text,
        reason,
        home,
        stays,
        tracked,
    } = rule;
    format!(
        "Rule {{
            id: {:?}.into(),
            names: names(&{}),
            extensions: names(&{}),
            scope: Scope::{scope:?},
            directories: directories(&{}),
            outside: directories(&{}),
            except: names(&{}),
            sibling: {sibling},
            named_by: {},
            text: vec![{}],
            reason: {reason:?}.into(),
            home: Home::{home:?},
            stays: {stays},
            tracked: Tracked::{tracked:?},
        }}",
        id.get_ref(),
        names_code(names.get_ref()),
        names_code(resolve(extensions.as_ref(), lists)),
        array(directories),
        array(resolve(outside.as_ref(), lists)),
        names_code(except),
        named_by.map_or("None".to_owned(), |files| format!("Some(NamedBy::{files:?})")),
        text.iter().map(|sign| format!("Sign::{sign:?}")).collect::<Vec<_>>().join(", "),
    )
}

/// Returns the texts, or those of the list that they name.
fn resolve<'t>(texts: Option<&'t Spanned<Texts>>, lists: &'t Lists) -> &'t [Text] {
    match texts.map(Spanned::get_ref) {
        None => &[],
        Some(Texts::Inline(texts)) => texts,
        Some(Texts::List(name)) => lists.get(name.as_str()).expect("a list of this name"),
    }
}

/// Returns an array of the texts in Rust, each with the texts to which it expands.
fn names_code(texts: &[Text]) -> String {
    let name_code = |text: &Text| {
        let has_choice = text.get_ref().contains(['[', '{']);
        let expanded = has_choice.then(|| expand::expand(text.get_ref())).flatten().unwrap_or_default();
        format!("({:?}, &{expanded:?})", text.get_ref())
    };
    format!("[{}]", texts.iter().map(name_code).collect::<Vec<_>>().join(", "))
}

/// Returns the texts as an array in Rust.
fn array(texts: &[Text]) -> String {
    format!("{:?}", texts.iter().map(Spanned::get_ref).collect::<Vec<_>>())
}
