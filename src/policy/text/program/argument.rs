//! Arguments of scripts that are written for a shell.

use bstr::BStr;

use super::super::language::Language;
use super::super::{is_comment, lines_with_offsets};

/// Returns the offset of the first line of `text` that uses an argument.
pub(super) fn find(language: Language, text: &BStr) -> Option<usize> {
    let uses_argument: fn(&[u8]) -> bool = match language {
        Language::Shell => has_argument_of_unix,
        Language::WindowsShell => has_argument_of_windows,
        _ => return None,
    };
    let mut lines = lines_with_offsets(text);
    lines.find(|(_, line)| !is_comment(line) && uses_argument(line)).map(|(start, _)| start)
}

/// Returns whether the line has `$1`, `${1}`, `$@`, `$*` or `$#` where a shell expands it.
///
/// In single quotes it is for another program, as in `awk '{ print $1 }'`.
fn has_argument_of_unix(line: &[u8]) -> bool {
    let mut quote = None;
    let mut is_escaped = false;
    let is_argument = |(index, byte): (usize, &u8)| {
        match (byte, quote) {
            _ if is_escaped => is_escaped = false,
            (b'\\', None | Some(b'"')) => is_escaped = true,
            (b'"' | b'\'', None) => quote = Some(*byte),
            (b'$', None | Some(b'"')) => return begins_argument(&line[index + 1..]),
            (_, Some(open)) if open == *byte => quote = None,
            _ => {}
        }
        false
    };
    line.iter().enumerate().any(is_argument)
}

/// Returns whether what follows a `$` is the name of an argument.
fn begins_argument(rest: &[u8]) -> bool {
    let name = rest.strip_prefix(b"{").unwrap_or(rest);
    name.first().is_some_and(|byte| b"123456789@*#".contains(byte))
}

/// Returns whether the line has `%1`, `%~1` or `%*`.
fn has_argument_of_windows(line: &[u8]) -> bool {
    line.split(|byte| *byte == b'%').skip(1).any(|rest| {
        let name = rest.strip_prefix(b"~").unwrap_or(rest);
        name.first().is_some_and(|byte| b"123456789*".contains(byte))
    })
}
