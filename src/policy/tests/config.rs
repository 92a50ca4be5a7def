//! Tests what a configuration changes, and how mistakes in it are shown.

use std::convert::Infallible;

use bstr::BStr;

use super::super::{FILE_NAME, Policy, Verdict};
use crate::Change;

fn refuses(config: &str, path: &str) -> bool {
    let policy = Policy::built_in().with_config(FILE_NAME, config.as_bytes()).unwrap();
    let Ok(verdict) = policy.judge(path.into(), Change::Added, &mut |_: &BStr| Ok::<_, Infallible>(false));
    let is_refused = matches!(verdict, Verdict::Refused { .. });
    assert!(!is_refused || policy.prefilter().may_refuse(path.into()), "{path}");
    is_refused
}

#[test]
fn allow_beats_every_rule() {
    let allow = "allow = [\"backend/scripts/debug/**\", \".claude_sessions/README.md\", \"debug_*.py\"]";
    assert!(!refuses(allow, ".claude_sessions/README.md"));
    assert!(refuses(allow, ".claude_sessions/README"));
    assert!(!refuses(allow, "debug_x.py"));
    assert!(refuses(allow, "backend/debug_x.py"));
    let rule = "\n[[rule]]\nid = \"all\"\nnames = [\"*.py\"]\n";
    assert!(!refuses(&format!("{allow}{rule}"), "backend/scripts/debug/deep/down.py"));
    assert!(refuses(&format!("{allow}{rule}"), "backend/scripts/down.py"));
}

#[test]
fn globs_match_like_those_of_git() {
    let allows = |glob: &str, path: &str| !refuses(&format!("allow = ['{glob}']"), path);
    assert!(allows("*/debug_x.py", "backend/debug_x.py"));
    assert!(!allows("*", "backend/debug_x.py"));
    assert!(!allows("*debug_x.py", "backend/debug_x.py"));
    assert!(allows("**/debug_x.py", "backend/debug_x.py"));
    assert!(allows("**/debug_x.py", "debug_x.py"));
    assert!(allows("backend/**", "backend/debug_x.py"));
    assert!(allows("backend/debug_[xy].py", "backend/debug_x.py"));
    assert!(allows("{backend,frontend}/debug_?.py", "backend/debug_x.py"));
    assert!(!allows("Backend/debug_x.py", "backend/debug_x.py"));
    assert!(allows(".claude_sessions/**", ".claude_sessions/a/b"));
    assert!(allows("**", ".claude_sessions/a/b"));
}

#[test]
fn a_disabled_rule_refuses_nothing() {
    assert!(!refuses("disable = [\"debug-script\"]", "debug_x.py"));
    assert!(refuses("disable = [\"debug-script\"]", "check_x.py"));
    let own = "disable = [\"mine\"]\n[[rule]]\nid = \"mine\"\nnames = [\"x\"]\n";
    assert!(!refuses(own, "x"));
}

#[test]
fn a_rule_of_a_configuration_refuses_at_any_depth() {
    let rule = "[[rule]]\nid = \"sql-dump\"\nnames = [\"*.dump.sql\"]\n";
    assert!(refuses(rule, "x.dump.sql") && refuses(rule, "a/b/c/x.dump.sql") && !refuses(rule, "x.sql"));
}

#[test]
fn a_rule_with_a_built_in_id_replaces_that_rule() {
    let rule = "[[rule]]\nid = \"debug-script\"\nnames = [\"bug_*\"]\nhome = \"tests\"\n";
    assert!(refuses(rule, "bug_x") && !refuses(rule, "debug_x.py") && refuses(rule, "test_x.py"));
}

#[test]
fn each_key_of_a_rule_applies() {
    let rule = "[lists]\nkinds = [\"xx\"]\n[[rule]]\nid = \"r\"\nnames = [\"n_*\"]\nextensions = \"kinds\"\n\
                scope = \"production-root\"\ndirectories = [\"d\"]\noutside = [\"o\"]\nexcept = [\"n_e.*\"]\n";
    for (path, is_refused) in [
        ("d/n_a.xx", true),
        ("backend/d/n_a.xx", true),
        ("d/deep/n_a.xx", true),
        ("deep/d/n_a.xx", false),
        ("n_a.xx", false),
        ("d/n_a.yy", false),
        ("d/m_a.xx", false),
        ("d/o/n_a.xx", false),
        ("d/n_e.xx", false),
    ] {
        assert_eq!(refuses(rule, path), is_refused, "{path}");
    }
}

#[test]
fn a_rule_may_ask_for_evidence() {
    let rule = "[[rule]]\nid = \"r\"\nnames = [\"x.*\"]\n";
    for (keys, is_refused) in [
        ("", true),
        // A project without texts shows no sign, and names no file.
        ("text = [\"emoji-print\", \"secret\"]", false),
        ("named_by = \"automation\"", true),
        ("named_by = \"documents\"", true),
        // Not every file could be searched.
        ("named_by = \"any\"", false),
    ] {
        assert_eq!(refuses(&format!("{rule}{keys}\n"), "a/x.py"), is_refused, "{keys}");
    }
}

#[test]
fn a_directory_pattern_with_a_slash_matches_directories_that_follow_one_another() {
    let anywhere = "directories = [\"a/b*\"]\noutside = [\"b/o\"]\n";
    let in_root = "scope = \"production-root\"\ndirectories = [\"a/b\"]\n";
    for (keys, path, is_refused) in [
        (anywhere, "a/b/x", true),
        (anywhere, "deep/a/bc/deep/x", true),
        (anywhere, "a/c/b/x", false),
        (anywhere, "b/x", false),
        (anywhere, "a/b", false),
        (anywhere, "aa/b/x", false),
        (anywhere, "a/b/o/x", false),
        (anywhere, "a/b/c/o/x", true),
        (in_root, "a/b/x", true),
        (in_root, "backend/a/b/deep/x", true),
        (in_root, "deep/a/b/x", false),
    ] {
        let rule = format!("[[rule]]\nid = \"r\"\nnames = [\"x\"]\n{keys}");
        assert_eq!(refuses(&rule, path), is_refused, "{keys}{path}");
    }
}

#[test]
fn each_rule_says_whether_it_refuses_a_changed_path() {
    let own = "[[rule]]\nid = \"strict\"\nnames = [\"*.strict\"]\n\
               [[rule]]\nid = \"soft\"\nnames = [\"*.soft\"]\ntracked = \"allow\"\n";
    let strict = [
        ".claude_sessions/x",
        "debug_x.py",
        ".claude/settings.local.json",
        ".crush/x",
        "CLAUDE.local.md",
        "x.strict",
    ];
    let soft = ["test_x.py", "check_x.py", "lib/scratch/x.py", "tmp/x.py", "FIX_SUMMARY.md", "x.soft"];
    for (all, strict_refuses, soft_refuses) in
        [("", true, false), ("tracked = \"refuse\"\n", true, true), ("tracked = \"allow\"\n", false, false)]
    {
        let policy = Policy::built_in().with_config(FILE_NAME, format!("{all}{own}").as_bytes()).unwrap();
        let refuses = |path: &str, change| {
            let Ok(verdict) = policy.judge(path.into(), change, &mut |_: &BStr| Ok::<_, Infallible>(false));
            matches!(verdict, Verdict::Refused { .. })
        };
        let is_in_session_directory = |path: &str| path.starts_with(".claude_sessions");
        for (path, refuses_changes) in strict
            .map(|path| (path, strict_refuses || is_in_session_directory(path)))
            .into_iter()
            .chain(soft.map(|path| (path, soft_refuses)))
        {
            for change in [Change::Modified, Change::TypeChanged] {
                assert_eq!(refuses(path, change), refuses_changes, "{all}{path} {change:?}");
            }
            for change in [Change::Added, Change::Tracked, Change::Untracked] {
                assert!(refuses(path, change), "{all}{path} {change:?}");
            }
        }
    }
}

#[test]
fn a_changed_path_is_refused_by_a_later_rule_that_refuses_changes() {
    let policy = Policy::built_in();
    let Ok(verdict) = policy
        .judge(".crush/scratch/x.py".into(), Change::Modified, &mut |_: &BStr| Ok::<_, Infallible>(false));
    let Verdict::Refused { rule, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(rule.id, "agent-directory");
}

#[test]
fn production_roots_are_added_to_the_built_in_ones() {
    assert!(!refuses("", "services/api/debug_x.py"));
    let roots = "[production]\nroots = [\"services/*\", \"tools\"]\n";
    assert!(refuses(roots, "services/api/debug_x.py") && refuses(roots, "backend/debug_x.py"));
    assert!(refuses(roots, "tools/debug_x.py") && !refuses(roots, "services/api/deep/debug_x.py"));
}

/// Returns the error for a mistake, and the help for it on the last line.
fn mistake(config: &[u8]) -> String {
    let error = Policy::built_in().with_config(FILE_NAME, config).unwrap_err();
    format!("{error}\n{}", error.help().unwrap_or_default())
}

fn assert_mistake(config: &str, parts: &[&str]) {
    let message = mistake(config.as_bytes());
    assert!(message.starts_with("`.stage-guard.toml`, line "), "{message}");
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
}

macro_rules! mistakes {
    ($($case:ident: $config:expr => $($part:expr),+;)*) => {
        $(#[test] fn $case() { assert_mistake($config, &[$($part),+]); })*
    };
}

mistakes! {
    not_toml: "allow = [\n" => "line 1, column ", "^";
    an_unknown_key: "alow = []" => "line 1, column 1", "unknown field `alow`", "did you mean `allow`?", "alow = []", "^^^^";
    an_unknown_key_of_a_rule: "[[rule]]\nid = \"x\"\nname = [\"y\"]" => "line 3, column 1", "did you mean `names`?";
    an_unknown_table: "[productions]\nroots = []" => "did you mean `production`?";
    an_unknown_value: "tracked = \"refused\"" => "line 1, column 11", "did you mean `refuse`?";
    an_unknown_value_of_a_rule: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\ntracked = \"alow\"" => "line 4, column 11", "did you mean `allow`?";
    an_unknown_home: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\nhome = \"test\"" => "line 4, column 8", "did you mean `tests`?";
    an_unknown_sign: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\ntext = [\"emoji\"]" => "line 4, column 9", "did you mean `emoji-print`?";
    unknown_files: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\nnamed_by = \"automations\"" => "line 4, column 12", "did you mean `automation`?";
    a_bad_pattern_of_automation: "[evidence]\nautomation = [\"ops/*\", \"x[\"]" => "line 2, column 24", "unclosed character class";
    an_unknown_id: "disable = [\"session-note\", \"debug-scripts\"]" => "line 1, column 28", "did you mean `debug-script`?", "^^^^^^^^^^^^^^^";
    an_id_unlike_any: "disable = [\"zzz\"]" => "no rule has the id `zzz`";
    an_unknown_list: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\nextensions = \"script\"" => "line 4", "did you mean `scripts`?";
    a_bad_glob: "allow = [\"ok/**\", \"a[\"]" => "line 1, column 19", "unclosed character class";
    a_bad_alternation: "allow = [\"{a,b\"]" => "unclosed alternate group";
    a_bad_range: "[[rule]]\nid = \"x\"\nnames = [\"[z-a]\"]" => "line 3, column 10", "invalid range";
    a_name_with_a_slash: "[[rule]]\nid = \"x\"\nnames = [\"a/b\"]" => "line 3, column 10", "no `/`";
    a_directory_that_begins_with_a_slash: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\ndirectories = [\"/a\"]" => "line 4, column 16", "write `a`";
    a_directory_that_ends_with_a_slash: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\noutside = [\"a/b/\"]" => "line 4, column 12", "write `a/b`";
    a_directory_with_an_empty_component: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\ndirectories = [\"a//b\"]" => "empty component";
    a_directory_with_dots: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\ndirectories = [\"./a\"]" => "`..`";
    a_directory_with_two_stars: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\ndirectories = [\"a/**\"]" => "`**`";
    an_absolute_path: "allow = [\"/backend/x.py\"]" => "`backend/x.py`";
    a_path_with_a_leading_dot: "allow = [\"./backend/x.py\"]" => "`backend/x.py`";
    a_path_with_a_trailing_slash: "allow = [\"backend/debug/\"]" => "`backend/debug/**`";
    a_negated_path: "allow = [\"!x\"]" => "line 1, column 10", "negated";
    a_path_with_an_empty_component: "allow = [\"a//b\"]" => "empty component";
    a_path_with_dots: "allow = [\"a/../b\"]" => "`..`";
    an_empty_path: "allow = [\"\"]" => "matches no path";
    a_rule_without_an_id: "[[rule]]\nnames = [\"x\"]" => "missing field `id`";
    a_rule_without_names: "[[rule]]\nid = \"x\"" => "missing field `names`";
    a_rule_with_an_empty_list_of_names: "[[rule]]\nid = \"x\"\nnames = []" => "matches nothing";
    an_empty_name: "[[rule]]\nid = \"x\"\nnames = [\"\"]" => "must not be empty";
    an_empty_id: "[[rule]]\nid = \"\"\nnames = [\"x\"]" => "must not be empty";
    an_id_given_twice: "[[rule]]\nid = \"x\"\nnames = [\"a\"]\n[[rule]]\nid = \"x\"\nnames = [\"b\"]" => "line 5, column 6", "second rule";
    a_marker_that_is_a_glob: "[production]\nmarkers = [\"*.toml\"]" => "plain name";
    an_extension_with_its_dot: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\nextensions = [\".sql\"]" => "line 4, column 15", "without the dot";
    a_list_that_the_built_in_policy_has: "[lists]\nscripts = [\"go\"]" => "line 2, column 1", "another name";
    a_text_instead_of_a_list: "allow = \"x\"" => "line 1, column 9";
    a_number_instead_of_a_text: "disable = [1]" => "line 1, column 12";
    a_key_given_twice: "allow = []\nallow = []" => "line 2, column 1";
}

#[test]
fn a_file_that_is_not_utf_8_is_a_mistake() {
    let message = mistake(b"allow = []\n# \xff\n");
    assert!(message.starts_with("`.stage-guard.toml`, line 2, column 3: not UTF-8"), "{message}");
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_accepted() {
    let message = mistake("\u{feff}allow = [\"debug_x.py\"]\r\ndisable = [\"x\"]\r\n".as_bytes());
    let expected = "line 2, column 12: no rule has the id `x`\n2 | disable = [\"x\"]\n";
    assert!(message.contains(expected), "{message}");
    assert!(!refuses("\u{feff}allow = [\"debug_x.py\"]\r\n", "debug_x.py"));
}

#[test]
fn a_mistake_in_a_long_line_is_shown_with_what_surrounds_it() {
    let config = format!("allow = [\"{}\", 3, \"{0}\"]\n", "a".repeat(70_000));
    let message = mistake(config.as_bytes());
    let [first, shown, marked, ""] = message.split('\n').collect::<Vec<_>>()[..] else { panic!("{message}") };
    assert!(first.contains("line 1, column 70014"), "{message}");
    assert_eq!(shown.chars().nth(marked.find('^').unwrap()), Some('3'), "{message}");
    assert!(shown.len() < 200);
}

#[test]
fn a_caret_marks_the_characters_of_the_mistake() {
    let expected = "`.stage-guard.toml`, line 3, column 12: no rule has the id `ä`\n\
                    3 | disable = [\"ä\", \"debug-scrpt\"]\n  |            ^^^\n";
    assert_eq!(mistake("tracked = \"refuse\"\n\ndisable = [\"ä\", \"debug-scrpt\"]\n".as_bytes()), expected);
}

#[test]
fn a_caret_is_below_the_mistake_whatever_is_before_it() {
    for (before, shown) in [
        ("\t\t", "  "),
        ("日本語", "日本語"),
        ("🦀", "🦀"),
        ("\u{202e}\u{85}", "\u{fffd}\u{fffd}"),
        ("\u{2028}::error::x", "\u{fffd}::error::x"),
    ] {
        let message = mistake(format!("allow = [\"{before}\", 3]\n").as_bytes());
        let [_, line, marked, ""] = message.split('\n').collect::<Vec<_>>()[..] else { panic!("{message}") };
        assert!(line.contains(shown), "{message}");
        let start = line.rfind('3').unwrap();
        assert_eq!(
            unicode_width::UnicodeWidthStr::width(&line[..start]),
            marked.find('^').unwrap(),
            "{message}"
        );
    }
}

#[test]
fn a_line_break_in_a_key_or_a_file_name_begins_no_line() {
    let error = Policy::built_in().with_config("a\n::b", b"\"\\n::error::x\" = 1\n").unwrap_err();
    assert!(!error.to_string().contains("\n::"), "{error}");
}
