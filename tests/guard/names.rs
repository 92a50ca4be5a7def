//! File names are hostile text.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::sandbox::{Repo, bytes};

/// Stages `name` in the session directory and checks how the refusal shows it.
fn shown(name: &OsStr, shown: &str) {
    let repo = Repo::new();
    let path = std::path::Path::new(".claude_sessions").join(name);
    repo.stage(&path);
    let run = repo.commit().refuses(&[&format!(".claude_sessions/{shown}")]);
    let is_plain = |c: char| c == '\n' || !c.is_control();
    assert!(run.out.chars().all(is_plain), "{run:?}");
    // The way out means this path and no other.
    repo.stage("other.py");
    let command = repo.git("commit -q -a -m all").refuses_any().stow_command();
    assert_eq!(command.lines().count(), 1);
    let mut shell = repo.command(if path.as_os_str().as_bytes().ends_with(b"\n") { "bash" } else { "sh" });
    shell.args(["-c", &command]);
    Repo::run(shell, b"").success();
    assert_eq!(repo.git("diff --cached --name-only").success(), "other.py\n");
    repo.check().silent();
    repo.git("update-index --split-index").success();
    repo.stage(&path);
    repo.commit().refuses(&[&format!(".claude_sessions/{shown}")]);
}

macro_rules! shown {
    ($($case:ident: $name:expr => $shown:expr;)*) => {
        $(#[test] fn $case() { shown(AsRef::<OsStr>::as_ref($name), $shown); })*
    };
}

shown! {
    spaces: " a  b " => " a  b ";
    quotes: "it's \"so\"" => "it's \"so\"";
    a_newline: "a\nrefused: b" => r"a\nrefused: b";
    a_newline_at_the_end: "a\n" => r"a\n";
    percent_signs: "%s%d\x1b%" => r"%s%d\u{1b}%";
    a_carriage_return: "a\rb" => r"a\rb";
    a_tab: "a\tb" => r"a\tb";
    a_backslash: r"a\b" => r"a\\b";
    a_glob: "*[a]?" => "*[a]?";
    a_magic_pathspec: ":(glob)**" => ":(glob)**";
    a_dash: "--help" => "--help";
    a_dollar: "$(touch x)`y`" => "$(touch x)`y`";
    a_colour: "\x1b[31mred" => r"\u{1b}[31mred";
    a_title: "\x1b]0;title\x07" => r"\u{1b}]0;title\u{7}";
    a_c1_control: "\u{9b}31m" => r"\u{9b}31m";
    delete: "a\x7f" => r"a\u{7f}";
    right_to_left: "a\u{202e}yp.x" => r"a\u{202e}yp.x";
    an_isolate: "a\u{2066}b\u{2069}" => r"a\u{2066}b\u{2069}";
    nothing_wide: "a\u{200b}b" => r"a\u{200b}b";
    a_tag: "a\u{e0041}b" => r"a\u{e0041}b";
    a_byte_order_mark: "\u{feff}a" => r"\u{feff}a";
    a_line_separator: "a\u{2028}b" => r"a\u{2028}b";
    umlauts: "äöü.py" => "äöü.py";
    a_combining_accent: "e\u{301}.py" => "e\u{301}.py";
    japanese: "テスト.py" => "テスト.py";
    an_emoji: "🦀.rs" => "🦀.rs";
    a_byte_that_is_no_utf_8: bytes(b"a\xffb") => r"a\xffb";
    latin_1: bytes(b"\xe4.py") => r"\xe4.py";
    a_character_cut_short: bytes(b"a\xe2\x82") => r"a\xe2\x82";
}

#[test]
fn a_path_of_four_thousand_bytes() {
    let repo = Repo::new();
    // Longer than the system lets a path be, from the root: only the index can hold it.
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
fn bytes_that_are_no_utf_8_are_base64_in_json() {
    let repo = Repo::new();
    repo.stage(bytes(b".claude_sessions/\xff"));
    let run = repo.guard("--format json");
    assert!(run.out.contains(r#""path":{"bytes":"LmNsYXVkZV9zZXNzaW9ucy//"}"#), "{run:?}");
}

#[test]
fn what_a_terminal_would_act_on_is_escaped_in_json() {
    let repo = Repo::new();
    let path = ".claude_sessions/a\x7f\u{9b}31m\u{202e}b\u{e0041}";
    repo.stage(path);
    let run = repo.guard("--format json");
    assert!(run.out.contains(r#"/a\u007f\u009b31m\u202eb\udb40\udc41""#), "{run:?}");
    assert_eq!(repo.refused(""), [path]);
}

#[test]
fn an_argument_reaches_no_terminal_as_it_is() {
    let repo = Repo::new();
    for arguments in [["\x1b[31m", "x"], ["--\x1b[31m", "x"], ["check", "\x1b[31m"], ["-C", "\x1b[31m"]] {
        let run = repo.guard_args(&arguments);
        assert!(run.code == 2 && !run.err.contains('\x1b') && run.err.contains(r"\u{1b}"), "{run:?}");
    }
    let run = repo.guard_args(&["explain", "\x1b[31m\n"]);
    assert!(run.out.starts_with("\\u{1b}[31m\\n: allowed: no rule catches it\n"), "{run:?}");
    let run = repo.guard_args(&["explain", "debug_\x1b\u{202e}.py"]);
    assert!(run.code == 1 && !run.out.contains(['\x1b', '\u{202e}']), "{run:?}");
}

#[test]
fn a_configuration_reaches_no_terminal_as_it_is() {
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
