//! What an agent is told, as a marked block in a file of its owner's.

use bstr::ByteSlice;

const INSTRUCTIONS: &str = include_str!("instructions.md");
const BEGIN: &str = "<!-- stage-guard: begin, renewed by `stage-guard init --instructions` -->";
const END: &str = "<!-- stage-guard: end -->";

/// The marks of a file are not one beginning and one end after it.
#[derive(Debug, thiserror::Error)]
#[error("the lines `{BEGIN}` and `{END}` must be there once each, in this order, or not at all")]
pub struct MarksError;

/// `text` with the marked block in it: renewed where it is, at the end where there
/// is none yet. All outside the marks stays byte for byte.
///
/// # Errors
///
/// There are marks, and they are not a pair.
pub fn with_instructions(text: &[u8]) -> Result<Vec<u8>, MarksError> {
    let end_of_line = if text.contains_str("\r\n") { "\r\n" } else { "\n" };
    let block = format!("{BEGIN}\n{INSTRUCTIONS}{END}\n").replace('\n', end_of_line);
    let (mut begins, mut ends) = (Vec::new(), Vec::new());
    let mut at = 0;
    for line in text.lines_with_terminator() {
        match line.trim_ascii() {
            mark if mark == BEGIN.as_bytes() => begins.push(at),
            mark if mark == END.as_bytes() => ends.push(at + line.len()),
            _ => {}
        }
        at += line.len();
    }
    match (&begins[..], &ends[..]) {
        ([], []) => {
            let gap = match text {
                [] => String::new(),
                text if text.ends_with(b"\n") => end_of_line.to_owned(),
                _ => end_of_line.repeat(2),
            };
            Ok([text, gap.as_bytes(), block.as_bytes()].concat())
        }
        ([begin], [end]) if begin < end => {
            // Where nothing follows the mark, not even a newline, none is added.
            let is_open = !text[..*end].ends_with(b"\n");
            let block = if is_open { block.trim_end() } else { &block };
            Ok([&text[..*begin], block.as_bytes(), &text[*end..]].concat())
        }
        _ => Err(MarksError),
    }
}
