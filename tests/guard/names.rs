//! Hostile file names: how a terminal shows them, and the commands that name them.

use std::ffi::OsStr;

use super::sandbox::{Repo, bytes, cases};

/// Asserts that a refusal shows the name as `shown`, and that its `stow:` line stows the file.
fn assert_shown(name: impl AsRef<OsStr>, shown: &str) {
    let repo = Repo::new();
    let path = std::path::Path::new(".claude_sessions").join(name.as_ref());
    repo.stage(&path);
    let run = repo.commit().refuses(&[&format!(".claude_sessions/{shown}")]);
    let is_plain = |c: char| c == '\n' || !c.is_control();
    assert!(run.out.chars().all(is_plain), "{run:?}");
    repo.stage("other.py");
    let command = repo.git("commit -q -a -m all").refuses_any().stow_command();
    assert_eq!(command.lines().count(), 1);
    // Only a name that ends in a newline is written as `$'…'`, which not every `sh` knows.
    let shell = if command.contains("$'") { "bash" } else { "sh" };
    if repo.shell(&format!("command -v {shell}")).code != 0 {
        eprintln!("skipped: no {shell}");
        return;
    }
    let mut stow = repo.command(shell);
    stow.args(["-c", &command]);
    Repo::run(stow, b"").success();
    assert_eq!(repo.git("diff --cached --name-only").success(), "other.py\n");
    repo.check().silent();
    repo.git("update-index --split-index").success();
    repo.stage(&path);
    repo.commit().refuses(&[&format!(".claude_sessions/{shown}")]);
}

cases! { assert_shown:
    spaces_are_shown(" a  b ", " a  b ");
    quotes_are_shown("it's \"so\"", "it's \"so\"");
    a_newline_is_escaped("a\nrefused: b", r"a\nrefused: b");
    a_newline_at_the_end_is_escaped("a\n", r"a\n");
    percent_signs_are_shown("%s%d\x1b%", r"%s%d\u{1b}%");
    a_carriage_return_is_escaped("a\rb", r"a\rb");
    a_tab_is_escaped("a\tb", r"a\tb");
    a_backslash_is_escaped(r"a\b", r"a\\b");
    a_glob_is_shown("*[a]?", "*[a]?");
    a_magic_pathspec_is_shown(":(glob)**", ":(glob)**");
    a_leading_dash_is_shown("--help", "--help");
    a_command_substitution_is_shown("$(touch x)`y`", "$(touch x)`y`");
    a_colour_is_escaped("\x1b[31mred", r"\u{1b}[31mred");
    a_terminal_title_is_escaped("\x1b]0;title\x07", r"\u{1b}]0;title\u{7}");
    a_c1_control_is_escaped("\u{9b}31m", r"\u{9b}31m");
    a_delete_is_escaped("a\x7f", r"a\u{7f}");
    a_right_to_left_override_is_escaped("a\u{202e}yp.x", r"a\u{202e}yp.x");
    a_bidi_isolate_is_escaped("a\u{2066}b\u{2069}", r"a\u{2066}b\u{2069}");
    a_zero_width_space_is_escaped("a\u{200b}b", r"a\u{200b}b");
    a_tag_character_is_escaped("a\u{e0041}b", r"a\u{e0041}b");
    a_byte_order_mark_is_escaped("\u{feff}a", r"\u{feff}a");
    a_line_separator_is_escaped("a\u{2028}b", r"a\u{2028}b");
    umlauts_are_shown("äöü.py", "äöü.py");
    a_combining_accent_is_shown("e\u{301}.py", "e\u{301}.py");
    japanese_is_shown("テスト.py", "テスト.py");
    an_emoji_is_shown("🦀.rs", "🦀.rs");
    an_invalid_byte_is_escaped(bytes(b"a\xffb"), r"a\xffb");
    latin_1_is_escaped(bytes(b"\xe4.py"), r"\xe4.py");
    a_truncated_character_is_escaped(bytes(b"a\xe2\x82"), r"a\xe2\x82");
}

#[test]
fn a_path_of_four_thousand_bytes_is_refused() {
    let repo = Repo::new();
    // Too long for a path from the root, so that only the index can hold it.
    let deep = vec!["d".repeat(250); 16].join("/");
    let path = format!(".claude_sessions/{deep}");
    assert!(path.len() > 4000);
    let blob = repo.git_with_input(&["hash-object", "-w", "--stdin"], b"x").success();
    let line = format!("100644 {} 0\t{path}\0", blob.trim());
    repo.git_with_input(&["update-index", "-z", "--index-info"], line.as_bytes()).success();
    repo.check().refuses(&[&path]).code(1);
    repo.commit().refuses(&[&path]);
    repo.git("update-index --split-index").success();
    repo.commit().refuses(&[&path]);
}

#[test]
fn json_encodes_invalid_utf_8_as_base64() {
    let repo = Repo::new();
    repo.stage(bytes(b".claude_sessions/\xff"));
    let run = repo.guard("--format json");
    assert!(run.out.contains(r#""path":{"bytes":"LmNsYXVkZV9zZXNzaW9ucy//"}"#), "{run:?}");
}

#[test]
fn json_escapes_control_and_bidi_characters() {
    let repo = Repo::new();
    let path = ".claude_sessions/a\x7f\u{9b}31m\u{202e}b\u{e0041}";
    repo.stage(path);
    let run = repo.guard("--format json");
    assert!(run.out.contains(r#"/a\u007f\u009b31m\u202eb\udb40\udc41""#), "{run:?}");
    assert_eq!(repo.refused(""), [path]);
}

#[test]
fn arguments_are_escaped_in_messages() {
    let repo = Repo::new();
    for arguments in [["\x1b[31m", "x"], ["--\x1b[31m", "x"], ["check", "\x1b[31m"], ["-C", "\x1b[31m"]] {
        let run = repo.guard_args(&arguments);
        assert!(run.code == 2 && !run.err.contains('\x1b') && run.err.contains(r"\u{1b}"), "{run:?}");
    }
    let run = repo.guard_args(&["explain", "\x1b[31m\n"]);
    assert!(run.out.starts_with("\\u{1b}[31m\\n: allowed: no rule matches it\n"), "{run:?}");
    let run = repo.guard_args(&["explain", "debug_\x1b\u{202e}.py"]);
    assert!(run.code == 1 && !run.out.contains(['\x1b', '\u{202e}']), "{run:?}");
}

#[test]
fn the_configuration_is_escaped_in_messages() {
    let repo = Repo::new();
    repo.write(".stage-guard.toml", "\x1b]0;x\x07 = 1\n");
    let run = repo.check();
    assert!(run.code == 2 && !run.err.contains('\x1b'), "{run:?}");
    let rule = "[[rule]]\nid = \"a\\u001bb\"\nnames = [\"x\"]\nreason = \"r\\u202e\\nr\"\n";
    repo.write(".stage-guard.toml", rule).stage("x");
    let run = repo.check();
    assert!(run.out.starts_with("refused: x [a\\u{1b}b] r\\u{202e}\\nr, belongs in"), "{run:?}");
    for command in ["rules", "explain x", "--format json", "--format github", "--format sarif"] {
        let run = repo.guard(command);
        assert!(!run.out.contains(['\x1b', '\u{202e}']), "{run:?}");
    }
}
