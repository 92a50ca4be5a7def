//! Looks for signs in the text of a script that it was written for one occasion.
//!
//! Texts are bytes, of which no encoding is assumed: a text in UTF-16 shows nothing.
//! The time is linear in the length of the text.

mod emoji_print;
mod home_path;
mod language;
mod program;
mod rewrite;
mod secret;
#[cfg(test)]
mod tests;

use bstr::{BStr, ByteSlice};

use super::document::Sign;
use language::Language;

impl Sign {
    /// All signs, the strongest first.
    pub const ALL: [Self; 4] = [Self::RewritesSource, Self::HomePath, Self::Secret, Self::EmojiPrint];

    /// Returns the name of the sign in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RewritesSource => "rewrites-source",
            Self::HomePath => "home-path",
            Self::Secret => "secret",
            Self::EmojiPrint => "emoji-print",
        }
    }

    /// Returns the offset at which `text` shows the sign.
    fn find(self, language: Language, text: &BStr) -> Option<usize> {
        match self {
            Self::RewritesSource => rewrite::find(text),
            Self::HomePath => home_path::find(text),
            Self::Secret => secret::find(text),
            // People print emoji, too, in shell scripts and on pages.
            Self::EmojiPrint if language.is_shell() || is_page(language, text) => None,
            Self::EmojiPrint => emoji_print::find(text),
        }
    }
}

/// A sign that a text shows, and where.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ShownSign {
    /// What the text shows.
    pub sign: Sign,
    /// The number of the line, from 1.
    pub line: usize,
}

/// Returns the first of `signs` that the `text` of `path` shows; `None` also for a program.
///
/// A program is made to run again, as [`find_program`] tells.
pub(super) fn find_sign(path: &BStr, text: &BStr, signs: &[Sign]) -> Option<ShownSign> {
    let language = Language::of(path);
    let (sign, offset) = signs.iter().find_map(|sign| Some((*sign, sign.find(language, text)?)))?;
    program::find(language, text).is_none().then(|| ShownSign { sign, line: line_at(text, offset) })
}

/// Returns the line that shows that the `text` of `path` is a program, made to run again.
///
/// A program reads its arguments, asks its user, serves requests or starts what does, runs until
/// it is stopped, or has definitions for other files.
pub(super) fn find_program(path: &BStr, text: &BStr) -> Option<usize> {
    program::find(Language::of(path), text).map(|offset| line_at(text, offset))
}

/// Returns whether `text` is a page for a browser, written in HTML or PHP.
fn is_page(language: Language, text: &BStr) -> bool {
    let has_html = || ["<html", "<!DOCTYPE html", "<!doctype html"].iter().any(|tag| text.contains_str(tag));
    language == Language::Html || (language == Language::Php && has_html())
}

/// Returns the number of the line, from 1, that `offset` is in.
fn line_at(text: &BStr, offset: usize) -> usize {
    text[..offset].split(|byte| *byte == b'\n').count()
}

/// Returns the lines of `text`, each with its offset.
fn lines_with_offsets(text: &BStr) -> impl Iterator<Item = (usize, &[u8])> {
    text.lines_with_terminator().scan(0, |end, line| {
        *end += line.len();
        Some((*end - line.len(), line))
    })
}

/// Returns whether the line is a comment in one of the languages of scripts.
fn is_comment(line: &[u8]) -> bool {
    const STARTS: [&str; 9] = ["#", "//", "/*", "*", "--", "<!--", "::", "REM ", "rem "];
    let line = line.trim_ascii_start();
    // Batch files hide a command by `@`.
    let line = line.strip_prefix(b"@").unwrap_or(line);
    STARTS.iter().any(|start| line.starts_with(start.as_bytes()))
}

/// Returns whether the line up to `offset` begins a comment. Only its last 1,000 bytes count.
fn is_in_comment(text: &[u8], offset: usize) -> bool {
    let before = &text[offset.saturating_sub(1000)..offset];
    is_comment(before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default())
}

/// Returns whether a byte is part of a word: a letter, a digit, `_`, or part of a character.
fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// The maximum number of places that are looked at, for texts made to take long.
const MAX_CANDIDATES: usize = 1000;

/// Returns the offsets of `part` in `text`, unless it is the end of a longer word there.
fn find_words<'a>(text: &'a [u8], part: &'a str) -> impl Iterator<Item = usize> + 'a {
    let begins_word = part.bytes().next().is_some_and(is_word_byte);
    let is_inside_word = move |start: usize| begins_word && start > 0 && is_word_byte(text[start - 1]);
    text.find_iter(part).filter(move |start| !is_inside_word(*start))
}

/// Returns the bytes at the start of `text` that `is_part` accepts, at most `limit` of them.
fn run_of(text: &[u8], limit: usize, is_part: impl Fn(u8) -> bool) -> &[u8] {
    let text = &text[..text.len().min(limit)];
    &text[..text.iter().position(|byte| !is_part(*byte)).unwrap_or(text.len())]
}
