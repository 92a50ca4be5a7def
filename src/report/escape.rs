//! File names are hostile text: what they hold reaches neither a terminal nor a
//! shell as it is.

use std::fmt::Write;

use bstr::{BStr, ByteSlice};

/// `bytes` for people: control, bidirectional and invisible characters as
/// `\u{…}` (`\n`, `\r`, `\t` as such), bytes that are no UTF-8 as `\x…`, and a
/// backslash as two.
#[must_use]
pub fn visible(bytes: impl AsRef<[u8]>) -> String {
    escaped(bytes.as_ref(), |c| c == '\\' || is_invisible(c))
}

/// `bytes` for a program that looks the path up and writes it to a log: as [`visible`],
/// but a backslash stays one, and newlines, carriage returns and tabs stay too.
#[must_use]
pub fn visible_path(bytes: impl AsRef<[u8]>) -> String {
    escaped(bytes.as_ref(), |c| is_invisible(c) && !matches!(c, '\n' | '\r' | '\t'))
}

fn escaped(bytes: &[u8], is_escaped: impl Fn(char) -> bool) -> String {
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

/// A message of several lines for people: as [`visible`], but a newline stays
/// one, and a backslash too.
#[must_use]
pub fn visible_lines(message: &str) -> String {
    let mut escaped = String::with_capacity(message.len());
    for c in message.chars() {
        if c != '\n' && is_invisible(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// `bytes` as one word of a POSIX shell: as it is, in single quotes, or, where a
/// character would not be [`visible`], as what `printf` makes of its octal digits.
#[must_use]
pub fn shell_word(bytes: &BStr) -> String {
    match bytes.to_str() {
        Ok(text) if !text.is_empty() && bytes.iter().copied().all(is_plain) => text.to_owned(),
        Ok(text) if !text.chars().any(is_invisible) => format!("'{}'", text.replace('\'', r"'\''")),
        // The shell would take newlines away from the end of what is printed.
        _ if bytes.ends_with(b"\n") => format!("$'{}'", octal(bytes)),
        _ => format!("\"$(printf '{}')\"", octal(bytes)),
    }
}

/// Whether a byte is no sign to any shell.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-+,:@%=".contains(&byte)
}

/// Letters and digits as they are, all else as `\ooo`.
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

/// Whether a terminal would act on `c`, reorder text by it, or show nothing.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control() || INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// `Default_Ignorable_Code_Point` and `Bidi_Control` of Unicode's
/// DerivedCoreProperties.txt and PropList.txt, the line and paragraph separators,
/// the interlinear annotations, and a blank that is no space.
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
