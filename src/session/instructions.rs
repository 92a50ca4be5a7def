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

/// The reason why a file cannot have the block.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlockError {
    /// It has marks that are not one begin mark and one end mark after it.
    #[error("the lines `{BEGIN}` and `{END}` must occur once each, in this order, or not at all")]
    Marks,
    /// It has a NUL byte.
    #[error("it is a binary file, or a text in UTF-16")]
    Binary,
}

/// Returns `text` with the current block: replaced if there is one, else appended.
///
/// The bytes outside the marks are not changed.
///
/// # Errors
///
/// The text has marks that are not a pair, or a NUL byte.
pub(crate) fn with_instructions(text: &[u8]) -> Result<Vec<u8>, BlockError> {
    if text.contains(&0) {
        return Err(BlockError::Binary);
    }
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
        _ => Err(BlockError::Marks),
    }
}

/// Whether all agents that read `text` take a word in it for an import of [`COMMON_FILE`].
///
/// Claude Code, Gemini CLI and Qwen Code have imports. Not all of them import from indented
/// code or a comment, such as the marks of the block.
#[must_use]
pub(crate) fn imports_instructions(text: &[u8]) -> bool {
    let is_import = |word: &[u8]| {
        let path = word.strip_prefix(b"@").unwrap_or_default();
        path.strip_prefix(b"./").unwrap_or(path) == COMMON_FILE.as_bytes()
    };
    let mut is_fenced = false;
    let imports = |line: &[u8]| {
        let code = line.trim_ascii_start();
        is_fenced ^= code.starts_with(b"```") || code.starts_with(b"~~~");
        let may_be_code =
            is_fenced || line.starts_with(b"    ") || line.contains_str("\t") || line.contains_str("`");
        !may_be_code && line.fields_with(char::is_whitespace).any(is_import)
    };
    !text.contains_str("<!--") && text.lines().any(imports)
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
    fn an_import_is_a_word_outside_of_code_and_comments() {
        for text in [
            "@AGENTS.md",
            "@./AGENTS.md\r\n",
            "# Ours\n\nSee @AGENTS.md for all.\n",
            "- @AGENTS.md\n",
            "```\ncode\n```\n@AGENTS.md\n",
        ] {
            assert!(imports_instructions(text.as_bytes()), "{text}");
        }
        let block = format!("@AGENTS.md\n{BEGIN}\n{END}\n");
        for text in [
            "",
            "AGENTS.md",
            "Read @AGENTS.md.",
            "x@AGENTS.md",
            "@agents.md",
            "@docs/AGENTS.md",
            "`@AGENTS.md`",
            "`read @AGENTS.md first`",
            "```\n@AGENTS.md\n```\n",
            "~~~\n@AGENTS.md\n~~~\n",
            "    @AGENTS.md",
            "<!--\n@AGENTS.md\n-->",
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
