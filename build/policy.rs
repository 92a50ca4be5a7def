//! Writes the built-in policy as Rust, so that no start of the program has to parse it.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

pub(crate) const POLICY: &str = "src/policy/builtin.toml";

pub(crate) fn write(directory: &Path) {
    let policy: Table = fs::read_to_string(POLICY).expect("the policy").parse().expect("a TOML document");
    let lists = table(&policy, "lists");
    let production = table(&policy, "production");
    let rules: String = array(&policy, "rule").iter().map(|table| rule(lists, as_table(table))).collect();
    let lists_of_texts: Vec<String> =
        lists.iter().map(|(name, texts)| format!("({name:?}.into(), owned(&{}))", spelled(texts))).collect();
    let written = format!(
        "Policy {{
            allow: Vec::new(),
            disabled: Vec::new(),
            lists: BTreeMap::from([{}]),
            tracked: Tracked::Refuse,
            production: Production {{ roots: roots(&{}), markers: owned(&{}), outside: known(&{}) }},
            rules: vec![{rules}],
        }}",
        lists_of_texts.join(", "),
        texts(production, "roots", lists),
        spelled(&production["markers"]),
        texts(production, "outside", lists),
    );
    fs::write(directory.join("built_in.rs"), written).expect("a directory to write to");
}

fn rule(lists: &Table, rule: &Table) -> String {
    let text = |key: &str| rule[key].as_str().expect("a text");
    let value = |key: &str| rule.get(key).and_then(Value::as_str);
    format!(
        "Rule {{
            id: {:?}.into(),
            names: known(&{}),
            extensions: known(&{}),
            scope: Scope::{},
            directories: known(&{}),
            outside: known(&{}),
            except: known(&{}),
            sibling: {},
            reason: {:?}.into(),
            home: Home::{},
        }},",
        text("id"),
        texts(rule, "names", lists),
        texts(rule, "extensions", lists),
        camel_case(value("scope").unwrap_or("anywhere")),
        texts(rule, "directories", lists),
        texts(rule, "outside", lists),
        texts(rule, "except", lists),
        rule.get("sibling").and_then(Value::as_bool).unwrap_or_default(),
        text("reason"),
        camel_case(value("home").unwrap_or("current")),
    )
}

/// The texts under a key as an array of Rust, also those of a list that is named there.
fn texts(table: &Table, key: &str, lists: &Table) -> String {
    match table.get(key) {
        Some(Value::String(list)) => spelled(&lists[list]),
        Some(texts) => spelled(texts),
        None => "[]".to_owned(),
    }
}

fn spelled(texts: &Value) -> String {
    let texts = texts.as_array().expect("an array").iter();
    format!("{:?}", texts.map(|text| text.as_str().expect("a text")).collect::<Vec<_>>())
}

fn camel_case(kebab_case: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    kebab_case.split('-').map(capital).collect()
}

fn table<'t>(table: &'t Table, key: &str) -> &'t Table {
    as_table(&table[key])
}

fn as_table(value: &Value) -> &Table {
    value.as_table().expect("a table")
}

fn array<'t>(table: &'t Table, key: &str) -> &'t [Value] {
    table[key].as_array().expect("an array")
}
