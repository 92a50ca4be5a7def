//! Modules: texts that define functions for other files, and do nothing by themselves.

use bstr::{BStr, ByteSlice};

use super::super::language::Language;
use super::super::{is_word_byte, lines_with_offsets};

/// Starts of lines that define a function.
const DEFINITIONS: [&str; 4] = ["def ", "async def ", "function ", "async function "];

/// Starts of lines that define a test, which a runner of tests calls.
const TESTS: [&str; 2] = ["def test", "async def test"];

/// Words at the starts of lines that do something.
const STATEMENTS: [&str; 14] = [
    "if ",
    "if(",
    "for ",
    "for(",
    "while ",
    "while(",
    "try:",
    "try {",
    "with ",
    "await ",
    "async with ",
    "new ",
    "(",
    "void ",
];

/// Starts of calls that only prepare a module.
const PREPARATIONS: [&str; 7] =
    ["load_dotenv(", "dotenv.", "require(", "import(", "logging.", "warnings.", "sys.path."];

/// Returns the offset of the first function of `text`, if no line outside of functions does something.
pub(super) fn find(language: Language, text: &BStr) -> Option<usize> {
    if !matches!(language, Language::Python | Language::JavaScript) {
        return None;
    }
    let mut first = None;
    let outer =
        lines_with_offsets(text).filter(|(_, line)| !line.first().is_some_and(u8::is_ascii_whitespace));
    for (start, line) in outer {
        if does_something(line) || begins_with(line, &TESTS) {
            return None;
        }
        if first.is_none() && begins_with(line, &DEFINITIONS) {
            first = Some(start);
        }
    }
    first
}

/// Returns whether the line is a statement outside of functions that does something.
fn does_something(line: &[u8]) -> bool {
    let waits = || begins_with(line, &["const ", "let ", "var "]) && line.contains_str("= await ");
    let calls = || is_call(line) && !begins_with(line, &PREPARATIONS);
    begins_with(line, &STATEMENTS) || waits() || calls()
}

/// Returns whether the line begins with a call, such as `main()` or `shop.orders.print()`.
fn is_call(line: &[u8]) -> bool {
    let is_name_byte = |byte: &u8| is_word_byte(*byte) || b".$".contains(byte);
    let end = line.iter().position(|byte| !is_name_byte(byte)).unwrap_or(line.len());
    end > 0 && line[end..].starts_with(b"(")
}

fn begins_with(line: &[u8], starts: &[&str]) -> bool {
    starts.iter().any(|start| line.starts_with(start.as_bytes()))
}
