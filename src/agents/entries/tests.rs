//! The edits of the agents' settings, on generated and on awkward texts.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Entries, Rest};
use crate::agents::Agent;
use crate::agents::settings::Contents;

const COMMAND: &str = "stage-guard agent claude";

fn entries(agent: Agent) -> &'static Entries {
    let Contents::Entries(entries) = &agent.settings().contents else { panic!("a plugin") };
    entries
}

/// Returns a strategy for whitespace, with comments if the agent accepts them.
fn space(has_comments: bool) -> BoxedStrategy<&'static str> {
    let plain = ["", "", "", " ", "\n", "\r\n\t", "  \n\n   ", "\t", "\r"];
    let comments = ["// a, {\n", " /* b */ ", "\n  // c\r\n  ", "/**/", "// ]\n// d\n", "\n/* \" \n */\n"];
    let all = if has_comments { [&plain[..], &comments].concat() } else { plain.to_vec() };
    proptest::sample::select(all).boxed()
}

/// Returns a strategy for the text of a JSON value, laid out in any way.
fn value(has_comments: bool) -> BoxedStrategy<String> {
    let scalars =
        ["1e00", "-0.10", "null", "true", "\"\"", "\"a, } // \\\" \\u00e4\"", "[]", "{}", "[ ]", "{\n}"];
    let scalar = proptest::sample::select(scalars.to_vec()).prop_map(str::to_owned);
    let keys = ["hooks", "PreToolUse", "Stop", "BeforeTool", "h\\u006foks", "matcher", "a", "command"];
    let key = proptest::sample::select(keys.to_vec());
    scalar
        .prop_recursive(5, 40, 4, move |inner| {
            let space = || space(has_comments);
            let element = (space(), inner.clone(), space());
            let member = (space(), key.clone(), space(), space(), inner, space());
            let array = vec(element.prop_map(|(a, value, b)| format!("{a}{value}{b}")), 0..4);
            let object = vec(
                member.prop_map(|(a, key, b, c, value, d)| format!("{a}\"{key}\"{b}:{c}{value}{d}")),
                0..4,
            );
            prop_oneof![
                array.prop_map(|elements| format!("[{}]", elements.join(","))),
                object.prop_map(|members| format!("{{{}}}", members.join(","))),
            ]
        })
        .boxed()
}

fn document(has_comments: bool) -> impl Strategy<Value = String> {
    let space = || space(has_comments);
    (space(), value(has_comments), space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"))
}

/// Asserts that adding the entries twice is adding them once, and that removing them restores `text`.
fn assert_reversible(agent: Agent, text: &str) {
    let entries = entries(agent);
    let Ok(with) = entries.with(Some(text), COMMAND) else { return };
    assert_eq!(entries.with(Some(&with), COMMAND).unwrap(), with, "{text:?}");
    let other = entries.with(Some(&with), "'/an old/stage-guard' agent").unwrap();
    assert_eq!(with.matches(COMMAND).count(), other.matches("'/an old/stage-guard' agent").count());
    assert_eq!(entries.with(Some(&other), COMMAND).unwrap(), with, "{text:?}");
    assert_eq!(entries.without(&with), Some(Rest::Text(text.to_owned())), "{text:?} became {with:?}");
    assert_eq!(entries.without(text), None, "{text:?}");
}

proptest! {
    #[test]
    fn entries_can_be_removed_without_a_trace(text in document(false)) {
        assert_reversible(Agent::Claude, &text);
    }

    #[test]
    fn entries_between_comments_can_be_removed_without_a_trace(text in document(true)) {
        assert_reversible(Agent::Gemini, &text);
    }
}

#[test]
fn the_generated_texts_are_edited() {
    for text in [
        "{\"a\": // b\n1}",
        "{ /* a */ }",
        "// a\n{}\n// b\n",
        "{\"hooks\" /**/ : {\"BeforeTool\": [1 // a\n ]}}",
    ] {
        assert!(entries(Agent::Gemini).with(Some(text), COMMAND).unwrap().contains(COMMAND), "{text}");
        assert_reversible(Agent::Gemini, text);
        assert!(entries(Agent::Claude).with(Some(text), COMMAND).is_err(), "{text}");
    }
}

#[test]
fn a_comment_stays_with_the_line_that_it_is_on() {
    let text = "{\n  \"a\": 1 // one\n}\n";
    let with = entries(Agent::Qwen).with(Some(text), COMMAND).unwrap();
    assert!(with.starts_with("{\n  \"a\": 1, // one\n  \"hooks\": {\n    \"PreToolUse\": [\n"), "{with}");
}

#[test]
fn the_command_and_the_matcher_of_an_older_entry_are_renewed() {
    for (before, after) in [
        (
            r#"{"hooks": {"PreToolUse": [{"hooks": [{"timeout": 9, "command": "/old/stage-guard agent"}], "matcher": "Write"}]}}"#,
            r#"{"hooks": {"PreToolUse": [{"hooks": [{"timeout": 9, "command": "stage-guard agent claude"}], "matcher": "apply_patch|Bash"}]}}"#,
        ),
        (
            r#"{"hooks": {"PreToolUse": [{"matcher": "apply_patch|Bash", "hooks": [{}, {"command": "/old/stage-guard agent"}]}]}}"#,
            r#"{"hooks": {"PreToolUse": [{"matcher": "apply_patch|Bash", "hooks": [{}, {"command": "stage-guard agent claude"}]}]}}"#,
        ),
        (
            r#"{"hooks": {"PreToolUse": [{"hooks": [{}, {"command": "/old/stage-guard agent"}]}]}}"#,
            r#"{"hooks": {"PreToolUse": [{"hooks": [{}, {"command": "stage-guard agent claude"}]}]}}"#,
        ),
        (
            r#"{"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{}, {"command": "/old/stage-guard agent"}]}]}}"#,
            r#"{"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{}]},{ "matcher": "apply_patch|Bash", "hooks": [ { "type": "command", "command": "stage-guard agent claude", "timeout": 10 } ] }]}}"#,
        ),
        (
            r#"{"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"command": "stage-guard agent"}, {"command": "stage-guard agent"}, 1]}]}}"#,
            r#"{"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [1]},{ "matcher": "apply_patch|Bash", "hooks": [ { "type": "command", "command": "stage-guard agent claude", "timeout": 10 } ] }]}}"#,
        ),
    ] {
        let with = entries(Agent::Codex).with(Some(before), COMMAND).unwrap();
        assert!(with.starts_with(after.trim_end_matches('}')), "{with}");
        assert_eq!(entries(Agent::Codex).with(Some(&with), COMMAND).unwrap(), with);
    }
}

/// What an editor or an agent adds beside the entries stays.
#[test]
fn only_the_entries_are_removed_from_a_text_that_has_changed() {
    let group =
        r#"{"matcher": "x", "hooks": [{"type": "command", "command": "stage-guard agent", "timeout": 1}]}"#;
    for (with, rest) in [
        ("{\"hooks\": {\"Stop\": [GROUP, 1]}}", "{\"hooks\": {\"Stop\": [1]}}"),
        ("{\"hooks\": {\"Stop\": [1, GROUP]}}", "{\"hooks\": {\"Stop\": [1]}}"),
        ("{\"hooks\": {\"Stop\": [1, GROUP, 2, GROUP]}}", "{\"hooks\": {\"Stop\": [1, 2]}}"),
        ("{\n\"hooks\": {\n\"Stop\": [\nGROUP\n]\n},\n\"a\": 1\n}", "{\n\"a\": 1\n}"),
        ("{\n\"a\": 1,\n\"hooks\": {\n\"Stop\": [\nGROUP\n]\n}\n}", "{\n\"a\": 1\n}"),
        ("{\n// a\n\"hooks\": {\n\"PreToolUse\": [\nGROUP\n]\n} // b\n}", "{\n// a\n // b\n}"),
        ("{\"a\": 1, // a\n \"hooks\": { \"PreToolUse\": [ GROUP ] } }", "{\"a\": 1 // a\n }"),
        (
            "{ \"hooks\": {\"PreToolUse\": [ GROUP /* a */ , 1] } }",
            "{ \"hooks\": {\"PreToolUse\": [  /* a */ 1] } }",
        ),
    ] {
        let (with, rest) = (with.replace("GROUP", group), rest.to_owned());
        let agent = if rest.contains("//") || rest.contains("/*") { Agent::Qwen } else { Agent::Claude };
        assert_eq!(entries(agent).without(&with), Some(Rest::Text(rest)), "{with}");
    }
}

#[test]
fn nothing_is_left_of_a_text_with_nothing_else() {
    for agent in [Agent::Claude, Agent::Codex, Agent::Gemini, Agent::Copilot, Agent::Qwen] {
        let entries = entries(agent);
        let with = entries.with(None, COMMAND).unwrap();
        for with in [with.clone(), with.replace('\n', "\r\n"), with.replace('\n', "") + "\n"] {
            // A user's file could have such a version, too.
            let with = with.replace("\"$version\": 4,", "");
            assert_eq!(
                entries.without(&with),
                Some(Rest::Nothing { emptied: format!("{{}}{}", &with[with.trim_end().len()..]) })
            );
        }
        for blank in ["", "\n", " ", "\r\n", "\n\n", "\t \n "] {
            let with = entries.with(Some(blank), COMMAND).unwrap();
            assert_eq!(entries.with(Some(&with), COMMAND).unwrap(), with);
            assert_eq!(entries.without(&with), Some(Rest::Text(blank.to_owned())));
        }
    }
}

#[test]
fn what_json_does_not_allow_is_an_error() {
    for text in [
        "{\"a\": 1,}",
        "{a: 1}",
        "{'a': 1}",
        "{\"a\": 01}",
        "{\"a\": 0x1}",
        "{\"a\": .5}",
        "{\"a\": NaN}",
        "{\"a\": +1}",
        "{\"a\": \"\u{1}\"}",
        "{\"a\": \"\\x41\"}",
        "{\"a\" 1}",
        "{\"a\": 1 \"b\": 2}",
        "{}\u{a0}",
        "{} {}",
        "{\"a\": \"",
        "/* a",
        "{\"a\": /* }",
    ] {
        for agent in [Agent::Claude, Agent::Gemini] {
            assert!(entries(agent).with(Some(text), COMMAND).is_err(), "{text:?}");
            assert_eq!(entries(agent).without(text), None);
        }
    }
}

#[test]
fn the_command_of_an_entry_runs_this_program() {
    let with = |command: &str| {
        let entry = serde_json::json!({"hooks": {"PreToolUse": [{"hooks": [{"command": command}]}]}});
        entries(Agent::Claude).without(&entry.to_string()).is_some()
    };
    for command in [
        "stage-guard agent",
        "stage-guard agent claude",
        "/opt/stage-guard agent qwen",
        "'/a b/$c/it'\\''s/stage-guard' agent",
        "\"/a b/stage-guard\" agent",
        "stage-guard -C x agent",
    ] {
        assert!(with(command), "{command}");
    }
    for command in [
        "stage-guard",
        "stage-guard explain agent",
        "stage-guard agent nobody",
        "stage-guard agent claude codex",
        "stage-guard agent | tee log",
        "stage-guard agent; x",
        "my-stage-guard agent",
        "echo stage-guard agent",
        "",
    ] {
        assert!(!with(command), "{command}");
    }
}
