//! Calls that print an emoji.

use bstr::{BStr, ByteSlice};

use super::{MAX_CANDIDATES, find_words, is_comment, is_word_byte, lines_with_offsets};

/// Functions and commands that print.
const CALLS: [&str; 11] = [
    "print",
    "println",
    "printf",
    "eprint",
    "eprintln",
    "echo",
    "puts",
    "Write-Host",
    "Write-Output",
    "Write-Warning",
    "Write-Error",
];

/// What a method that prints is called on.
const OBJECTS: [&str; 6] = ["console.", "logger.", "logging.", "log.", "stdout.", "stderr."];

/// Returns the offset of a line in which a call prints an emoji.
pub(super) fn find(text: &BStr) -> Option<usize> {
    let lines = lines_with_offsets(text).filter_map(|(start, line)| Some((start, before_last_emoji(line)?)));
    lines.take(MAX_CANDIDATES).find(|(_, before)| has_print(before)).map(|(start, _)| start)
}

/// Returns the part of `line` before its last emoji.
fn before_last_emoji(line: &[u8]) -> Option<&[u8]> {
    if line.is_ascii() {
        return None;
    }
    let (start, ..) = line.char_indices().rev().find(|(_, _, char)| is_emoji(*char))?;
    Some(&line[..start])
}

/// Returns whether the end of `line` is in a call that prints, and the line is no comment.
fn has_print(line: &[u8]) -> bool {
    // PHP ends there, and a page goes on.
    let text = line.rsplit_once_str("?>").map_or(line, |(_, page)| page);
    let is_called = |name: &str, begins: fn(&[u8]) -> bool| {
        find_words(text, name).any(|start| begins(&text[start + name.len()..]))
    };
    let calls = |name: &&str| is_called(name, begins_arguments);
    let methods = |object: &&str| is_called(object, begins_method);
    !is_comment(line) && (CALLS.iter().any(calls) || OBJECTS.iter().any(methods))
}

/// Returns whether `rest`, which follows a dot, begins the name of a method.
fn begins_method(rest: &[u8]) -> bool {
    rest.first().is_some_and(u8::is_ascii_alphabetic)
}

/// Returns whether `rest`, which follows the name of a function, begins its arguments.
fn begins_arguments(rest: &[u8]) -> bool {
    let rest = rest.strip_prefix(b"!").unwrap_or(rest);
    let is_delimiter = |byte: &u8| !is_word_byte(*byte) && !b".-;<".contains(byte);
    let arguments = rest.trim_start_with(|char| char == ' ' || char == '(');
    rest.first().is_some_and(is_delimiter) && arguments.first() != Some(&b')')
}

/// Returns whether systems show `char` as a picture. Marks as in `✓ passed` are text.
fn is_emoji(char: char) -> bool {
    matches!(char,
        '\u{1F300}'..='\u{1FAFF}'
        | '⌚' | '⌛' | '⏩'..='⏬' | '⏰' | '⏳' | '⚠' | '⚡' | '⛔' | '✅' | '✨' | '❌' | '❎'
        | '❓'..='❕' | '❗' | '➕'..='➗' | '⭐' | '⭕'
        // Makes a picture of the character before it.
        | '\u{FE0F}'
    )
}
