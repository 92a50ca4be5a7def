//! The marked block of instructions for agents in a file of the user.

use bstr::ByteSlice;

/// The files that agents read by themselves, relative to the top of the worktree.
pub(crate) const AGENT_FILES: [&str; 5] =
    [COMMON_FILE, "CLAUDE.md", "GEMINI.md", "QWEN.md", ".github/copilot-instructions.md"];

/// The file that most agents read. The files of the others can import it.
pub(crate) const COMMON_FILE: &str = "AGENTS.md";

const INSTRUCTIONS: &str = include_str!("instructions.md");
const BEGIN: &str = "<!-- stage-guard: begin, renewed by `stage-guard init --instructions` -->";
const END: &str = "<!-- stage-guard: end -->";

/// The file has marks that are not one begin mark and one end mark after it.
#[derive(Debug, thiserror::Error)]
#[error("the lines `{BEGIN}` and `{END}` must occur once each, in this order, or not at all")]
pub(crate) struct MarksError;

/// Returns `text` with the current block: replaced if there is one, else appended.
///
/// The bytes outside the marks are not changed.
///
/// # Errors
///
/// The text has marks that are not a pair.
pub(crate) fn with_instructions(text: &[u8]) -> Result<Vec<u8>, MarksError> {
    let line_end = if text.contains_str("\r\n") { "\r\n" } else { "\n" };
    let block = format!("{BEGIN}\n{INSTRUCTIONS}{END}\n").replace('\n', line_end);
    let (mut begins, mut ends) = (Vec::new(), Vec::new());
    let mut offset = 0;
    for line in text.lines_with_terminator() {
        match line.trim_ascii() {
            mark if mark == BEGIN.as_bytes() => begins.push(offset),
            mark if mark == END.as_bytes() => ends.push(offset + line.len()),
            _ => {}
        }
        offset += line.len();
    }
    match (&begins[..], &ends[..]) {
        ([], []) => {
            let gap = match text {
                [] => String::new(),
                text if text.ends_with(b"\n") => line_end.to_owned(),
                _ => line_end.repeat(2),
            };
            Ok([text, gap.as_bytes(), block.as_bytes()].concat())
        }
        ([begin], [end]) if begin < end => {
            // An end mark that is the end of the file gets no line end.
            let is_unterminated = !text[..*end].ends_with(b"\n");
            let block = if is_unterminated { block.trim_end() } else { &block };
            Ok([&text[..*begin], block.as_bytes(), &text[*end..]].concat())
        }
        _ => Err(MarksError),
    }
}

/// Whether an agent that reads `text` reads [`COMMON_FILE`] too, and no block in `text`.
///
/// Claude Code, Gemini CLI and Qwen Code take the word `@AGENTS.md` for an import.
#[must_use]
pub(crate) fn imports_instructions(text: &[u8]) -> bool {
    let mut is_code = false;
    let mut imports = false;
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    for line in text.lines() {
        let line = line.trim_ascii();
        if line == BEGIN.as_bytes() {
            return false;
        }
        is_code ^= line.starts_with(b"```") || line.starts_with(b"~~~");
        let is_import = |word: &[u8]| {
            let path = word.strip_prefix(b"@").unwrap_or_default();
            path.strip_prefix(b"./").unwrap_or(path) == COMMON_FILE.as_bytes()
        };
        imports |= !is_code && line.fields_with(char::is_whitespace).any(is_import);
    }
    imports
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, imports_instructions, with_instructions};

    #[test]
    fn the_block_is_appended_after_an_empty_line() {
        for (text, gap) in [("", ""), ("# Ours\n", "\n"), ("# Ours", "\n\n"), ("# Ours\r\n", "\r\n")] {
            let with = String::from_utf8(with_instructions(text.as_bytes()).unwrap()).unwrap();
            assert!(with.starts_with(&format!("{text}{gap}{BEGIN}")), "{with}");
            assert_eq!(with_instructions(with.as_bytes()).unwrap(), with.as_bytes());
        }
    }

    #[test]
    fn the_text_around_the_block_is_kept() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter");
        let with = String::from_utf8(with_instructions(text.as_bytes()).unwrap()).unwrap();
        assert!(
            with.starts_with("before\n<!--") && with.ends_with("-->\nafter") && !with.contains("\nold\n")
        );
    }

    #[test]
    fn an_import_is_a_word_outside_of_code() {
        for text in
            ["@AGENTS.md", "@./AGENTS.md\r\n", "# Ours\n\nSee @AGENTS.md for all.\n", "\u{feff}@AGENTS.md"]
        {
            assert!(imports_instructions(text.as_bytes()), "{text}");
        }
        let block = format!("@AGENTS.md\n{BEGIN}\n{END}\n");
        for text in [
            "",
            "AGENTS.md",
            "`@AGENTS.md`",
            "x@AGENTS.md",
            "```\n@AGENTS.md\n```\n",
            "@docs/AGENTS.md",
            &block,
        ] {
            assert!(!imports_instructions(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn marks_that_are_no_pair_are_an_error() {
        for text in
            [BEGIN.to_owned(), END.to_owned(), format!("{END}\n{BEGIN}"), format!("{BEGIN}\n{BEGIN}\n{END}")]
        {
            assert!(with_instructions(text.as_bytes()).is_err(), "{text}");
        }
    }
}
