//! Tests the edit of a configuration that adds entries to `allow`.

use proptest::prelude::*;

use super::super::{FILE_NAME, PathGlob, Policy, with_allow_entries};

const LIST: [&str; 2] = [r#""n/1""#, r#""n/2""#];

fn add(text: &str, entries: &[&str]) -> String {
    with_allow_entries(text, &entries.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// Returns the entries of `allow` in a configuration, which has to be valid.
fn entries(text: &str) -> Vec<String> {
    let policy = Policy::built_in().with_config(FILE_NAME, text.as_bytes());
    policy.unwrap().allow.iter().map(|glob| glob.as_str().to_owned()).collect()
}

#[test]
fn entries_are_added_in_the_style_of_the_array() {
    for (before, after) in [
        (r#"allow = ["a"]"#, r#"allow = ["a", "n/1", "n/2"]"#),
        (r#"allow=["a",]"#, r#"allow=["a", "n/1", "n/2",]"#),
        (r#"allow = [ 'a', "b" , ] # why"#, r#"allow = [ 'a', "b", "n/1", "n/2" , ] # why"#),
        ("allow = []", r#"allow = ["n/1", "n/2"]"#),
        ("allow = [  ]", r#"allow = ["n/1", "n/2"  ]"#),
        ("allow = [\n]\n", "allow = [\n    \"n/1\",\n    \"n/2\",\n]\n"),
        ("allow = [\n  # none\n  ]\n", "allow = [\n  # none\n      \"n/1\",\n      \"n/2\",\n  ]\n"),
        ("allow = [\n  \"a\"\n]\n", "allow = [\n  \"a\",\n  \"n/1\",\n  \"n/2\"\n]\n"),
        ("allow = [\n  \"a\",\n]\n", "allow = [\n  \"a\",\n  \"n/1\",\n  \"n/2\",\n]\n"),
        ("allow = [\n\t\"a\", # ]\n]\n", "allow = [\n\t\"a\", # ]\n\t\"n/1\",\n\t\"n/2\",\n]\n"),
        ("allow = [\n\t\"a\" # ,\n]\n", "allow = [\n\t\"a\", # ,\n\t\"n/1\",\n\t\"n/2\"\n]\n"),
        ("allow = [\n \"a\"\n ,\n # end\n]\n", "allow = [\n \"a\"\n ,\n \"n/1\",\n \"n/2\",\n # end\n]\n"),
        ("allow = [ \"a\"\n  , \"b\"\n]\n", "allow = [ \"a\"\n  , \"b\", \"n/1\", \"n/2\"\n]\n"),
        ("allow = [\n \"a\",\n \"b\", ]", "allow = [\n \"a\",\n \"b\",\n \"n/1\",\n \"n/2\", ]"),
        ("allow = [\n \"a\",\n \"b\"]", "allow = [\n \"a\",\n \"b\",\n \"n/1\",\n \"n/2\"]"),
        ("allow = [\n'''a''',\n]\r\n", "allow = [\n'''a''',\r\n\"n/1\",\r\n\"n/2\",\n]\r\n"),
        ("\u{feff}allow = [\r\n]\r\n", "\u{feff}allow = [\r\n    \"n/1\",\r\n    \"n/2\",\r\n]\r\n"),
        ("allow = [\r\n \"a\"\r\n]", "allow = [\r\n \"a\",\r\n \"n/1\",\r\n \"n/2\"\r\n]"),
        (r#""\u0061llow" = ["a"]"#, r#""\u0061llow" = ["a", "n/1", "n/2"]"#),
    ] {
        assert_eq!(add(before, &LIST), after, "{before}");
        assert_eq!(entries(after), [entries(before), vec!["n/1".into(), "n/2".into()]].concat());
    }
}

#[test]
fn a_new_array_is_in_front_of_all_tables() {
    let array = "allow = [\n    \"n/1\",\n]\n";
    for (before, after) in [
        ("", array.to_owned()),
        ("# ours", format!("# ours\n{array}")),
        ("\n# ours\n", format!("\n# ours\n{array}")),
        ("tracked = 'allow'", format!("tracked = 'allow'\n{array}")),
        ("tracked = 'allow' # why\n", format!("tracked = 'allow' # why\n{array}")),
        ("disable = [\n] # why\n\n[production]\n", format!("disable = [\n] # why\n{array}\n[production]\n")),
        ("lists.allow = ['x']\n[production]\n", format!("lists.allow = ['x']\n{array}[production]\n")),
        ("lists = { allow = ['x'] }\n", format!("lists = {{ allow = ['x'] }}\n{array}")),
        ("[production]\n", format!("{array}\n[production]\n")),
        ("# ours\n\n# roots\n  # more\n[[rule]]\nid='r'\nnames=['x']\n", {
            format!("# ours\n\n{array}\n# roots\n  # more\n[[rule]]\nid='r'\nnames=['x']\n")
        }),
        ("[lists]\nallow = ['x']\n", format!("{array}\n[lists]\nallow = ['x']\n")),
        ("\u{feff}[production]\r\n", format!("\u{feff}{}\r\n[production]\r\n", array.replace('\n', "\r\n"))),
        ("\u{feff}\u{feff}[production]\n", format!("\u{feff}\u{feff}{array}\n[production]\n")),
    ] {
        assert_eq!(add(before, &LIST[..1]), after, "{before}");
        assert_eq!(entries(&after), ["n/1"]);
    }
}

#[test]
fn a_glob_for_a_path_matches_only_that_path() {
    for (path, glob) in [
        ("a/b.py", "a/b.py"),
        ("!a", r"\!a"),
        ("a[1]*?{x,y}.py", "a[[]1[]][*][?][{]x,y[}].py"),
        (r"a\*", r"a\\[*]"),
        (" a\n#\"'", " a\n#\"'"),
    ] {
        let exact = PathGlob::exactly(path.into()).unwrap();
        assert_eq!(exact.as_str(), glob);
        assert!(exact.matches(path.into()) && !exact.matches(format!("{path}x").as_str().into()));
        let below = PathGlob::below(path.into()).unwrap();
        let [child, other] = [format!("{path}/x/y"), format!("x/{path}/x")];
        assert!(below.matches(child.as_str().into()) && !below.matches(other.as_str().into()));
    }
    assert!(PathGlob::exactly(b"a\xff".into()).is_err());
    assert!(PathGlob::exactly("a".repeat(4000).as_str().into()).is_ok());
    assert!(PathGlob::exactly("[".repeat(400).as_str().into()).is_err());
}

/// Texts of which most sequences are configurations.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\n"),
        Just("\r\n"),
        Just("# ] , [ \"\n"),
        Just("allow = ["),
        Just("allow = []\n"),
        Just("\"a\""),
        Just("'b', "),
        Just(","),
        Just("  "),
        Just("]\n"),
        Just("] # [\n"),
        Just("disable = ['stray-test']\n"),
        Just("tracked = \"refuse\"\n"),
        Just("[production]\n"),
        Just("lists.x = [\"\"\"\n]\"\"\"]\n"),
        Just("\u{feff}"),
    ]
    .prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn an_edit_adds_entries_and_keeps_all_bytes(pieces in prop::collection::vec(piece(), 0..12)) {
        let text = pieces.concat();
        let edited = add(&text, &LIST);
        let mut rest = edited.bytes();
        prop_assert!(text.bytes().all(|byte| rest.any(|other| other == byte)), "{}", edited);
        let policy = |text: &str| Policy::built_in().with_config(FILE_NAME, text.as_bytes());
        if policy(&text).is_ok() {
            let expected = [entries(&text), vec!["n/1".to_owned(), "n/2".to_owned()]].concat();
            prop_assert_eq!(entries(&edited), expected, "{}", edited);
        }
    }

    #[test]
    fn an_edit_of_any_text_does_not_panic(text in any::<String>()) {
        add(&text, &LIST);
    }
}
