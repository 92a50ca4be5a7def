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

/// Directories of files that are built, generated or copied from others.
const BUILT: [&str; 11] = [
    "dist",
    "build",
    "out",
    "target",
    "generated",
    "vendor",
    "third_party",
    "node_modules",
    "site-packages",
    "_build",
    ".next",
];

/// Parts of the names of files that are built or generated.
const BUILT_PARTS: [&str; 6] = ["_pb2", ".pb.", ".min.", ".generated.", "_generated.", ".g."];

/// The maximum length of an expression for a path.
const MAX_EXPRESSION: usize = 200;

/// The maximum number of calls whose files are looked up.
const MAX_REWRITTEN: usize = 10;

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
    let rewritten = written.filter(|(_, path)| read.contains(path)).take(MAX_REWRITTEN);
    rewritten.filter(|(_, path)| !is_bound_to_built(text, path)).map(|(offset, _)| offset).min()
}

/// Returns whether `path`, an expression, is in a directory of built files, or a variable that is
/// set to a path there.
fn is_bound_to_built(text: &BStr, path: &[u8]) -> bool {
    let name = run_of(path, MAX_EXPRESSION, is_word_byte);
    has_built(path) || (!name.is_empty() && values_of(text, name).any(has_built))
}

/// Returns what follows `name = `, `name in ` and `name of `, up to the end of the line.
fn values_of<'a>(text: &'a [u8], name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    text.find_iter(name).take(MAX_CANDIDATES).filter_map(move |start| {
        let (before, rest) = (&text[..start], &text[start + name.len()..]);
        let is_word = !before.last().is_some_and(|byte| is_word_byte(*byte));
        let value = [" = ", " in ", " of "].iter().find_map(|sign| rest.strip_prefix(sign.as_bytes()));
        value.filter(|_| is_word).map(|value| run_of(value, MAX_EXPRESSION, |byte| byte != b'\n'))
    })
}

/// Returns whether the expression is the path of a built file, or has one in quotes.
fn has_built(expression: &[u8]) -> bool {
    let mut strings = expression.split(|byte| b"\"'`".contains(byte)).skip(1).step_by(2);
    strings.any(is_built) || (expression.find_byteset(b"/\\").is_some() && is_built(expression))
}

/// Returns whether `path` is in a directory of built files, or its name is one of a built file.
fn is_built(path: &[u8]) -> bool {
    let is_mark = |char| "$\"'`{}(),;".contains(char);
    let mut directories = path.split(|byte| b"/\\".contains(byte)).map(|name| name.trim_with(is_mark));
    BUILT_PARTS.iter().any(|part| path.contains_str(part))
        || directories.any(|name| BUILT.iter().any(|built| name.eq_ignore_ascii_case(built.as_bytes())))
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
        let end = dot + 1 + extension.len();
        let is_string = matches!(text.get(end), Some(b'"' | b'\'' | b'`'));
        is_string && is_extension(extension) && !is_built(end_of_string(&text[..end]))
    };
    text.find_iter(".").any(is_in_string) || has_pattern_of_sources(text)
}

/// Returns the end of `text` after its last quote, at most [`MAX_EXPRESSION`] bytes.
fn end_of_string(text: &[u8]) -> &[u8] {
    let text = &text[text.len().saturating_sub(MAX_EXPRESSION)..];
    text.rsplit(|byte| b"\"'`\n".contains(byte)).next().unwrap_or_default()
}

/// Returns whether `text` has a word such as `src/*/main.py`, and not behind `find dist`.
fn has_pattern_of_sources(text: &BStr) -> bool {
    let is_pattern = |word: &[u8]| word.contains(&b'*') && is_source(word);
    text.lines().any(|line| fields(line).any(is_pattern) && !searches_built(line))
}

/// Returns whether the line has the command `find` with a directory of built files.
fn searches_built(line: &[u8]) -> bool {
    let mut words = fields(line).skip_while(|word| !word.ends_with(b"find"));
    words.nth(1).is_some_and(is_built)
}

/// Returns whether `word` is the name of a source that is not built, in quotes or before the end
/// of a command.
fn is_source(word: &[u8]) -> bool {
    let name = word.trim_end_with(|char| "\"'`;),".contains(char));
    name.rsplit_once_str(".").is_some_and(|(_, extension)| is_extension(extension)) && !is_built(name)
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
