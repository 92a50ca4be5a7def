//! Escapes text from data.
//!
//! No text of a repository can control a terminal, begin a line of a report, or run in a shell.

use std::fmt::Write;
use std::path::Path;

use bstr::{BStr, ByteSlice};

/// Escapes bytes for people, on one line.
///
/// Control, bidirectional and invisible characters become `\u{…}` (`\n`, `\r` and `\t` for those
/// three), bytes that are not UTF-8 become `\x…`, and a backslash becomes two.
#[must_use]
pub fn escape(bytes: impl AsRef<[u8]>) -> String {
    escape_if(bytes.as_ref(), |c| c == '\\' || is_invisible(c))
}

/// Escapes a path for a program that looks it up and logs it.
///
/// Like [`escape`], but backslashes, newlines, carriage returns and tabs are kept.
#[must_use]
pub fn escape_path(bytes: impl AsRef<[u8]>) -> String {
    escape_if(bytes.as_ref(), |c| is_invisible(c) && !matches!(c, '\n' | '\r' | '\t'))
}

/// Escapes a path for people, as [`escape`] does.
#[must_use]
pub fn display_path(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

fn escape_if(bytes: &[u8], is_escaped: impl Fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_escaped(c) {
                escaped.extend(c.escape_default());
            } else {
                escaped.push(c);
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\x{byte:02x}");
        }
    }
    escaped
}

/// Escapes a message of several lines, and begins all lines but the first with `indent` and `| `.
///
/// Like [`escape`], but backslashes are kept. Spaces alone would not keep data from beginning a
/// line: the runner of GitHub's workflows skips them. A line that begins with `|` or a number and
/// `|`, as in an excerpt of a file, gets no second bar.
#[must_use]
pub fn escape_multiline(message: &str, indent: &str) -> String {
    let mut lines = message.split('\n').map(|line| escape_if(line.as_bytes(), is_invisible));
    let first = lines.next().unwrap_or_default();
    let has_bar =
        |line: &str| line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|');
    lines.fold(first, |text, line| {
        let bar = if has_bar(&line) { "" } else { "| " };
        format!("{text}\n{indent}{bar}{line}")
    })
}

/// Returns `text` as a TOML string on one line.
#[must_use]
pub fn toml_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        // Writing to a string cannot fail.
        let _ = match c {
            '"' | '\\' => write!(literal, "\\{c}"),
            '\n' => write!(literal, "\\n"),
            '\r' => write!(literal, "\\r"),
            '\t' => write!(literal, "\\t"),
            _ if is_invisible(c) => write!(literal, "\\U{:08x}", u32::from(c)),
            _ => write!(literal, "{c}"),
        };
    }
    literal + "\""
}

/// Returns `bytes` as one word of a POSIX shell.
///
/// The word is plain or in single quotes. If it has invisible characters or is not UTF-8, it is a
/// `printf` command with octal escapes.
#[must_use]
pub fn shell_word(bytes: &BStr) -> String {
    match bytes.to_str() {
        Ok(text) if !text.is_empty() && bytes.iter().copied().all(is_plain) => text.to_owned(),
        Ok(text) if !text.chars().any(is_invisible) => format!("'{}'", text.replace('\'', r"'\''")),
        // A command substitution would strip the trailing newlines.
        _ if bytes.ends_with(b"\n") => format!("$'{}'", octal(bytes)),
        _ => format!("\"$(printf '{}')\"", octal(bytes)),
    }
}

/// Returns `path` as one word of a POSIX shell.
#[must_use]
pub fn shell_path(path: &Path) -> String {
    shell_word(path.as_os_str().as_encoded_bytes().into())
}

/// Whether the byte has no special meaning in a shell.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-+,:@%=".contains(&byte)
}

/// Returns `bytes` with each byte that is not plain as `\ooo`.
fn octal(bytes: &BStr) -> String {
    let mut digits = String::new();
    for byte in bytes.iter().copied() {
        if is_plain(byte) && byte != b'%' {
            digits.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(digits, "\\{byte:03o}");
        }
    }
    digits
}

/// Whether a terminal would act on `c`, reorder text because of it, or show nothing.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control() || INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Ranges of characters that are not control characters but are not visible either.
///
/// `Default_Ignorable_Code_Point` and `Bidi_Control` of Unicode's `DerivedCoreProperties.txt` and
/// `PropList.txt`, the line and paragraph separators, the interlinear annotations, the braille
/// blank, and private use.
const INVISIBLE: [(char, char); 21] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
    ('\u{f0000}', '\u{ffffd}'),
    ('\u{100000}', '\u{10fffd}'),
];

#[cfg(test)]
mod tests {
    use super::{escape, escape_multiline, escape_path, shell_word, toml_string};

    const HOSTILE: &str = "a\\\"'\n\r\t\x1b[31m\u{202e}\u{e0001}ä🦀";

    #[test]
    fn escape_leaves_one_visible_line() {
        assert_eq!(escape(HOSTILE), r#"a\\"'\n\r\t\u{1b}[31m\u{202e}\u{e0001}ä🦀"#);
        assert_eq!(escape(b"a\xff\xe2\x82"), r"a\xff\xe2\x82");
    }

    #[test]
    fn escape_path_keeps_what_a_path_may_hold() {
        assert_eq!(escape_path("a\\b\nc\rd\te\x1b"), "a\\b\nc\rd\te\\u{1b}");
    }

    #[test]
    fn escape_multiline_indents_each_line_but_the_first() {
        assert_eq!(escape_multiline("a\\\nrefused: b\r\n\nc", "  "), "a\\\n  | refused: b\\r\n  | \n  | c");
    }

    #[test]
    fn escape_multiline_keeps_the_bars_of_an_excerpt() {
        assert_eq!(escape_multiline("a\n12 | ::b\n   | ^", "  "), "a\n  12 | ::b\n     | ^");
    }

    #[test]
    fn toml_string_is_read_back() {
        for text in ["", "plain", HOSTILE, "*.{a,b}", "a\"\"\"b", "\u{7f}\u{85}\u{feff}"] {
            let literal = toml_string(text);
            assert!(!literal.contains('\n') && !literal.chars().any(super::is_invisible), "{literal}");
            let table: toml::Table = toml::from_str(&format!("key = {literal}")).unwrap();
            assert_eq!(table["key"].as_str(), Some(text), "{literal}");
        }
    }

    #[test]
    fn shell_word_quotes_only_what_needs_it() {
        for (bytes, word) in [
            (b"a/b.py".as_slice(), "a/b.py"),
            (b"", "''"),
            (b"it's", r"'it'\''s'"),
            (b"a\xff", r#""$(printf 'a\377')""#),
            (b"a\n", r"$'a\012'"),
        ] {
            assert_eq!(shell_word(bytes.into()), word);
        }
    }
}
