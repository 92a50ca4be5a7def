//! Scripts that rewrite sources: they read a file, replace something in it and write it back.

use std::cell::LazyCell;
use std::collections::HashSet;

use bstr::{BStr, ByteSlice};

use super::{MAX_CANDIDATES, find_words, is_in_comment, is_word_byte, run_of};

/// Extensions of sources. Of shell scripts, programs change the line ends.
const SOURCES: [&str; 26] = [
    "py", "js", "mjs", "cjs", "jsx", "ts", "mts", "tsx", "vue", "svelte", "kt", "java", "rs", "go", "rb",
    "php", "css", "scss", "html", "dart", "swift", "cs", "cpp", "hpp", "h", "sql",
];

/// How a call names its file.
#[derive(Clone, Copy)]
enum FileArgument {
    /// The first argument: `readFile(PATH, …)`.
    First,
    /// What the method is called on: `PATH.read_text()`.
    Receiver,
    /// The next word that is not an option: `Get-Content -Raw PATH`.
    Word,
}

/// What a call does with its file.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Access {
    Read,
    Write,
    /// `open`: the second argument says it.
    ByMode,
}

/// Calls that read or write a whole file.
const CALLS: [(&str, FileArgument, Access); 20] = [
    ("open(", FileArgument::First, Access::ByMode),
    (".read_text(", FileArgument::Receiver, Access::Read),
    (".write_text(", FileArgument::Receiver, Access::Write),
    ("readFileSync(", FileArgument::First, Access::Read),
    ("writeFileSync(", FileArgument::First, Access::Write),
    ("readFile(", FileArgument::First, Access::Read),
    ("writeFile(", FileArgument::First, Access::Write),
    ("readTextFile(", FileArgument::First, Access::Read),
    ("writeTextFile(", FileArgument::First, Access::Write),
    ("file_get_contents(", FileArgument::First, Access::Read),
    ("file_put_contents(", FileArgument::First, Access::Write),
    ("File.read(", FileArgument::First, Access::Read),
    ("File.write(", FileArgument::First, Access::Write),
    ("fs::read_to_string(", FileArgument::First, Access::Read),
    ("fs::write(", FileArgument::First, Access::Write),
    ("ReadAllText(", FileArgument::First, Access::Read),
    ("WriteAllText(", FileArgument::First, Access::Write),
    ("Get-Content ", FileArgument::Word, Access::Read),
    ("Set-Content ", FileArgument::Word, Access::Write),
    ("Out-File ", FileArgument::Word, Access::Write),
];

/// Calls that change a text.
const REPLACEMENTS: [&str; 9] = [
    ".replace(",
    ".replaceAll(",
    ".Replace(",
    ".sub(",
    ".subn(",
    ".gsub",
    "str_replace(",
    "preg_replace",
    "-replace ",
];

/// The maximum length of an expression for a path.
const MAX_EXPRESSION: usize = 200;

/// The maximum length of a command.
const MAX_COMMAND: usize = 300;

/// Returns the offset of a call that writes a source back, or of a command that edits sources.
pub(super) fn find(text: &BStr) -> Option<usize> {
    find_write_back(text).or_else(|| find_edit_in_place(text))
}

fn find_write_back(text: &BStr) -> Option<usize> {
    let mut written = calls(text, Access::Write).peekable();
    written.peek()?;
    if !REPLACEMENTS.iter().any(|call| text.contains_str(call)) || !names_sources(text) {
        return None;
    }
    let read: HashSet<&[u8]> = calls(text, Access::Read).map(|(_, path)| path).collect();
    written.filter(|(_, path)| read.contains(path)).map(|(offset, _)| offset).min()
}

/// Returns the offset and the path expression of each call with this access.
fn calls(text: &[u8], access: Access) -> impl Iterator<Item = (usize, &[u8])> {
    let of_access = move |call: &&(&str, FileArgument, Access)| call.2 == access || call.2 == Access::ByMode;
    CALLS.iter().filter(of_access).flat_map(move |(name, argument, kind)| {
        find_words(text, name).take(MAX_CANDIDATES).filter_map(move |start| {
            let (before, after) = (&text[..start], &text[start + name.len()..]);
            let path = match argument {
                FileArgument::First => first_argument(after),
                FileArgument::Receiver => receiver(before),
                FileArgument::Word => first_word(after),
            };
            let is_wanted = *kind != Access::ByMode || mode_access(&after[path.len()..]) == access;
            let path = path.trim_ascii();
            (is_wanted && !path.is_empty()).then_some((start, path))
        })
    })
}

/// Returns what is before the first comma or the closing parenthesis of a call.
fn first_argument(arguments: &[u8]) -> &[u8] {
    let mut depth = 0;
    let arguments = run_of(arguments, MAX_EXPRESSION, |byte| byte != b'\n');
    let end = arguments.iter().position(|byte| {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            _ => {}
        }
        depth < 0 || (depth == 0 && *byte == b',')
    });
    &arguments[..end.unwrap_or(arguments.len())]
}

/// Returns the end of `before` that a method is called on, as far as it has no space or operator.
fn receiver(before: &[u8]) -> &[u8] {
    let before = &before[before.len().saturating_sub(MAX_EXPRESSION)..];
    let start = before.rfind_byteset(b" \t\n=(,{").map_or(0, |delimiter| delimiter + 1);
    &before[start..]
}

/// Returns the first word that is no option, up to the end of the command.
fn first_word(arguments: &[u8]) -> &[u8] {
    let command = run_of(arguments, MAX_EXPRESSION, |byte| !b"\n|;)".contains(&byte));
    fields(command).find(|word| !word.starts_with(b"-")).unwrap_or_default()
}

/// Returns what `open` does, from the arguments after the first.
fn mode_access(rest: &[u8]) -> Access {
    let rest = rest.trim_start_with(|char| matches!(char, ',' | ' ' | '\n'));
    let rest = rest.strip_prefix(b"mode=").unwrap_or(rest);
    let mode = rest.strip_prefix(b"'").or_else(|| rest.strip_prefix(b"\"")).unwrap_or_default();
    let mode = run_of(mode, 4, |byte| byte.is_ascii_alphabetic() || byte == b'+');
    if mode.starts_with(b"w") || mode.contains(&b'+') { Access::Write } else { Access::Read }
}

/// Returns the offset of a `sed -i` or `perl -i` that edits sources.
fn find_edit_in_place(text: &BStr) -> Option<usize> {
    let has_pattern = LazyCell::new(|| has_pattern_of_sources(text));
    let editors = ["sed -", "perl -"].into_iter();
    let mut commands = editors.flat_map(|name| find_words(text, name).take(MAX_CANDIDATES));
    commands.find(|start| {
        let command = run_of(&text[*start..], MAX_COMMAND, |byte| byte != b'\n');
        let edits_source = || fields(command).any(is_source) || (edits_variable(command) && *has_pattern);
        edits_in_place(command) && edits_source() && !is_in_comment(text, *start)
    })
}

/// Returns whether `command` has the option `-i` after its first word.
fn edits_in_place(command: &[u8]) -> bool {
    let mut options = fields(command).skip(1).take_while(|word| word.starts_with(b"-"));
    options.any(|option| {
        let is_long = option.starts_with(b"--") || option.starts_with(b"-M");
        option.starts_with(b"--in-place") || (!is_long && option.contains(&b'i'))
    })
}

/// Returns whether `command` ends with a variable, such as the one of a loop.
fn edits_variable(command: &[u8]) -> bool {
    let last = fields(command).last().unwrap_or_default();
    last.trim_start_with(|char| char == '"').starts_with(b"$")
}

/// Returns whether `text` has a pattern of sources, or a string that ends like the name of one.
fn names_sources(text: &BStr) -> bool {
    let is_in_string = |dot: usize| {
        let extension = run_of(&text[dot + 1..], MAX_EXTENSION, is_word_byte);
        let next = text.get(dot + 1 + extension.len());
        matches!(next, Some(b'"' | b'\'' | b'`')) && is_extension(extension)
    };
    text.find_iter(".").any(is_in_string) || has_pattern_of_sources(text)
}

/// Returns whether `text` has a word such as `src/*/main.py`.
fn has_pattern_of_sources(text: &BStr) -> bool {
    fields(text).any(|word| word.contains(&b'*') && is_source(word))
}

/// Returns whether `word` is the name of a source, in quotes or before the end of a command.
fn is_source(word: &[u8]) -> bool {
    let name = word.trim_end_with(|char| "\"'`;),".contains(char));
    name.rsplit_once_str(".").is_some_and(|(_, extension)| is_extension(extension))
}

fn is_extension(text: &[u8]) -> bool {
    SOURCES.iter().any(|source| source.as_bytes() == text)
}

/// The length of the longest extension.
const MAX_EXTENSION: usize = 6;

/// Returns the words between white space.
fn fields(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}
