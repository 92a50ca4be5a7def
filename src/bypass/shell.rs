//! Splits a shell script into the commands that it runs.
//!
//! It evaluates nothing: a variable, for example, is kept as written.

use std::mem;

use bstr::{BString, ByteSlice, ByteVec};

use super::{file_name, git, wrapper};

/// The deepest nesting of substitutions, subshells and here-documents that is read.
const MAX_DEPTH: usize = 20;

/// The characters that end a word.
const METACHARACTERS: &[u8] = b" \t\r\n;&|()<>";

/// The reserved words that can precede a command.
const KEYWORDS: [&str; 9] = ["!", "{", "if", "then", "elif", "else", "while", "until", "do"];

/// The number of bytes that are searched for the end of an arithmetic expression.
const MAX_ARITHMETIC: usize = 1024;

/// The longest pipeline through which text is followed to the command that reads it.
const MAX_PIPES: usize = 8;

/// A command of a script.
#[derive(Debug)]
pub(crate) struct Command {
    /// Its words, without quotes.
    pub words: Vec<BString>,
    /// The files that its redirections write.
    pub written: Vec<BString>,
    /// The text that it reads from standard input; empty if that is not in the script.
    pub input: BString,
    /// The subshell that runs it.
    pub subshell: Subshell,
}

/// A subshell: its `cd` and its variables do not change those of the shell around it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Subshell {
    /// The number of constructs around it; less than that of all subshells in it.
    pub depth: usize,
    pub id: usize,
}

/// Returns the commands of `script`, nested ones included.
///
/// Reserved words before a command are left out. Returns `None` if a quote or a parenthesis is
/// not closed: a guess could take the text of a commit message for a command.
#[must_use]
pub(crate) fn commands(script: &[u8]) -> Option<Vec<Command>> {
    let mut read = Commands::default();
    Reader::new(script, 0, Subshell::default(), &mut read).read_commands(None)?;
    let inputs: Vec<BString> = read.complete.iter().map(|command| read.input(command)).collect();
    let commands = read.complete.into_iter().zip(inputs);
    let is_empty = |command: &ReadCommand| command.words.is_empty() && command.written.is_empty();
    let commands = commands.filter(|(command, _)| !is_empty(command));
    let commands = commands.map(|(ReadCommand { words, written, subshell, .. }, input)| Command {
        words,
        written,
        input,
        subshell,
    });
    Some(commands.collect())
}

/// Whether a text begins with an arithmetic expression `((…))`, and not with two subshells.
///
/// It is one if the parentheses are closed together, or too far away to tell.
fn is_arithmetic(text: &[u8]) -> bool {
    if !text.starts_with(b"((") {
        return false;
    }
    let mut depth = 0_usize;
    let mut quote = None;
    let mut bytes = text.iter().enumerate().take(MAX_ARITHMETIC);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'\'' | b'"' if quote.is_none_or(|quote| quote == byte) => quote = quote.xor(Some(byte)),
            b'(' if quote.is_none() => depth += 1,
            b')' if quote.is_none() && depth == 2 => return text.get(at + 1) == Some(&b')'),
            b')' if quote.is_none() => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// Whether an expansion has the form `${NAME}`.
fn is_plain_expansion(expansion: &[u8]) -> bool {
    let name = expansion.strip_prefix(b"${").and_then(|rest| rest.strip_suffix(b"}"));
    name.is_some_and(|name| name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'))
}

/// Returns the name and the value of `NAME=…`, `NAME+=…` and `NAME[…]=…`.
pub(crate) fn parse_assignment(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let (target, value) = word.split_once_str("=")?;
    let target = target.strip_suffix(b"+").unwrap_or(target);
    let element = target.strip_suffix(b"]").and_then(|element| element.split_once_str("["));
    let name = element.map_or(target, |(name, _)| name);
    let is_name =
        name.first().is_some_and(|first| !first.is_ascii_digit()) && name.iter().copied().all(is_name_byte);
    is_name.then_some((name, value))
}

/// The commands of a script as they are read, with what connects them.
#[derive(Default)]
struct Commands {
    /// The complete ones.
    complete: Vec<ReadCommand>,
    /// The position in `complete` of each command, by its id.
    positions: Vec<Option<usize>>,
    /// The number of subshells.
    subshells: usize,
}

/// A command as it is read.
#[derive(Default)]
struct ReadCommand {
    id: usize,
    words: Vec<BString>,
    written: Vec<BString>,
    /// Its here-documents, here-strings, and what process substitutions print.
    documents: Vec<BString>,
    /// The id of the command whose output is piped into it.
    piped_from: Option<usize>,
    subshell: Subshell,
}

impl Commands {
    fn begin(&mut self, subshell: Subshell, piped_from: Option<usize>) -> ReadCommand {
        self.positions.push(None);
        ReadCommand { id: self.positions.len() - 1, subshell, piped_from, ..ReadCommand::default() }
    }

    fn complete(&mut self, command: ReadCommand) {
        let is_empty = command.words.is_empty() && command.written.is_empty() && command.documents.is_empty();
        if !is_empty {
            self.positions[command.id] = Some(self.complete.len());
            self.complete.push(command);
        }
    }

    fn position(&self, id: usize) -> Option<usize> {
        self.positions.get(id).copied().flatten()
    }

    fn piped_into(&self, command: &ReadCommand) -> Option<&ReadCommand> {
        self.complete.get(self.position(command.piped_from?)?)
    }

    /// Returns the text that `command` reads from standard input; empty if that is not known.
    fn input(&self, command: &ReadCommand) -> BString {
        let output = || self.output(self.piped_into(command)?);
        command.documents.last().cloned().or_else(output).unwrap_or_default()
    }

    /// Returns the text that `command` prints, if that is in the script.
    fn output<'c>(&'c self, mut command: &'c ReadCommand) -> Option<BString> {
        for _ in 0..MAX_PIPES {
            let (program, arguments) = command.words.split_first()?;
            match file_name(program.as_bstr()).as_bytes() {
                b"echo" | b"printf" => {
                    let is_text = |word: &&BString| !word.starts_with(b"-");
                    let text: Vec<&BString> = arguments.iter().skip_while(|word| !is_text(word)).collect();
                    return Some(bstr::join(" ", text).replace("\\n", "\n").into());
                }
                b"git" => return git::printed_path(arguments),
                b"find" => {
                    let found = wrapper::found_files(arguments);
                    return found.contains_str(".git").then_some(found);
                }
                b"ls" => {
                    let files: Vec<&BString> =
                        arguments.iter().filter(|word| word.contains_str(".git")).collect();
                    return (!files.is_empty()).then(|| bstr::join("\n", files).into());
                }
                b"cat" | b"tee" if !command.documents.is_empty() => return command.documents.last().cloned(),
                b"cat" | b"tee" => command = self.piped_into(command)?,
                _ => return None,
            }
        }
        None
    }

    /// Returns what the last of the commands since `start` prints, or else `unknown`.
    fn output_since(&self, start: usize, unknown: &str) -> BString {
        let commands = self.complete.get(start..).unwrap_or_default();
        let printing = commands.iter().rfind(|command| !command.words.is_empty());
        let output = printing.and_then(|command| self.output(command));
        output.map_or_else(|| unknown.into(), |output| output.trim_end_with(|c| c == '\n').into())
    }
}

struct Reader<'s, 'c> {
    /// The rest of the script, which is not read yet.
    rest: &'s [u8],
    depth: usize,
    subshell: Subshell,
    commands: &'c mut Commands,
    /// The here-documents that begin on the next line.
    here_documents: Vec<HereDocument>,
}

/// A here-document that a redirection has announced.
struct HereDocument {
    /// The id of the command that reads it.
    command: usize,
    /// The line that ends it.
    delimiter: BString,
    /// Whether the shell expands it: only if the delimiter is written without quotes.
    expands: bool,
    /// Whether tabs at the beginning of a line are ignored (`<<-`).
    strips_tabs: bool,
}

/// The methods return `None` if a construct is not closed or is nested too deeply.
impl<'s, 'c> Reader<'s, 'c> {
    fn new(script: &'s [u8], depth: usize, subshell: Subshell, commands: &'c mut Commands) -> Self {
        Self { rest: script, depth, subshell, commands, here_documents: Vec::new() }
    }

    /// Completes `command`, and begins the next one in its place.
    fn complete(&mut self, command: &mut ReadCommand, is_piped: bool) {
        let next = self.commands.begin(self.subshell, is_piped.then_some(command.id));
        self.commands.complete(mem::replace(command, next));
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Returns the text before `end`, and skips both.
    fn take_until(&mut self, end: &[u8]) -> Option<&'s [u8]> {
        let (text, rest) = self.rest.split_once_str(end)?;
        self.rest = rest;
        Some(text)
    }

    /// Calls `read` one level deeper.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        read(self)?;
        self.depth -= 1;
        Some(())
    }

    /// Calls `read` on another text, whose commands are a part of this script.
    fn read_other(&mut self, text: &[u8], read: impl FnOnce(&mut Reader) -> Option<()>) -> Option<()> {
        Reader::new(text, self.depth, self.subshell, self.commands).nested(read)
    }

    /// Reads the commands of a subshell up to `end`.
    fn read_subshell(&mut self, end: Option<u8>) -> Option<()> {
        self.commands.subshells += 1;
        let subshell = Subshell { depth: self.depth, id: self.commands.subshells };
        let outer = mem::replace(&mut self.subshell, subshell);
        self.read_commands(end)?;
        self.subshell = outer;
        Some(())
    }

    /// Reads commands up to `end`, which is skipped, or to the end of the script.
    fn read_commands(&mut self, end: Option<u8>) -> Option<()> {
        let mut command = self.commands.begin(self.subshell, None);
        // In a `case`, a `)` ends a pattern.
        let mut open_cases = 0_usize;
        loop {
            match self.rest {
                [] if end.is_some() => return None,
                [] => break,
                [byte, ..] if Some(*byte) == end && open_cases == 0 => break,
                [b'\\', b'\n', ..] => self.skip(2),
                [b' ' | b'\t' | b'\r', ..] => self.skip(1),
                [b'#', ..] => self.skip_comment(),
                _ if self.is_at_redirection() => self.read_redirection(&mut command)?,
                [b'(', ..] => {
                    self.complete(&mut command, false);
                    self.read_parenthesized()?;
                }
                [b'\n' | b'|' | b';' | b'&' | b')', ..] => self.read_operator(&mut command)?,
                _ => self.read_command_word(&mut command, &mut open_cases)?,
            }
        }
        self.commands.complete(command);
        self.skip(1);
        Some(())
    }

    /// Reads a control operator, which ends `command`.
    fn read_operator(&mut self, command: &mut ReadCommand) -> Option<()> {
        // After a pipe, the command may be on the next line.
        let piped_from = command.piped_from.filter(|_| command.words.is_empty());
        let (length, is_pipe) = match self.rest {
            [b'|', b'|', ..] => (2, false),
            [b'|', b'&', ..] => (2, true),
            [b'|', ..] => (1, true),
            _ => (1, false),
        };
        let is_newline = self.rest.starts_with(b"\n");
        self.complete(command, is_pipe);
        self.skip(length);
        if is_newline {
            command.piped_from = piped_from;
            self.read_here_documents()?;
        }
        Some(())
    }

    /// Reads a word of `command`. A reserved word in front of it is skipped.
    fn read_command_word(&mut self, command: &mut ReadCommand, open_cases: &mut usize) -> Option<()> {
        let word = self.read_word()?;
        let words = &mut command.words;
        match word.as_slice() {
            // `time` may precede a reserved word, too.
            b"{" | b"!" if matches!(words.as_slice(), [time] if time == "time") => {}
            _ if !words.is_empty() => words.push(word),
            b"[[" => self.skip_words("]]")?,
            b"function" => {
                self.skip_blanks();
                self.read_word()?;
            }
            b"case" => {
                *open_cases += 1;
                words.push(word);
            }
            b"esac" => *open_cases = open_cases.saturating_sub(1),
            _ if KEYWORDS.iter().any(|keyword| word == *keyword) => {}
            _ => words.push(word),
        }
        Some(())
    }

    fn skip_blanks(&mut self) {
        self.skip(self.rest.iter().take_while(|byte| b" \t".contains(byte)).count());
    }

    fn skip_comment(&mut self) {
        self.skip(self.rest.find_byte(b'\n').unwrap_or(self.rest.len()));
    }

    /// Skips words that are not a command, up to and including the unquoted `end`.
    fn skip_words(&mut self, end: &str) -> Option<()> {
        loop {
            let before = self.rest;
            match self.rest {
                [] => return None,
                [b'#', ..] => self.skip_comment(),
                [byte, ..] if METACHARACTERS.contains(byte) => self.skip(1),
                _ => drop(self.read_word()?),
            }
            if before[..before.len() - self.rest.len()] == *end.as_bytes() {
                return Some(());
            }
        }
    }

    /// Reads a word, without its quotes.
    fn read_word(&mut self) -> Option<BString> {
        let mut word = BString::default();
        loop {
            match self.rest {
                [] => break,
                [b'(', ..] if parse_assignment(&word).is_some_and(|(_, value)| value.is_empty()) => {
                    self.skip(1);
                    self.nested(|reader| reader.skip_words(")"))?;
                    word.push_str("()");
                }
                [byte, ..] if METACHARACTERS.contains(byte) => break,
                [b'\\', ..] => self.read_escaped(&mut word),
                [b'$', b'\'', ..] => self.read_ansi_c_quoted(&mut word)?,
                [b'$', b'"', ..] => self.skip(1),
                [b'$' | b'`', ..] => self.read_expansion(&mut word)?,
                [b'\'', ..] => {
                    self.skip(1);
                    word.push_str(self.take_until(b"'")?);
                }
                [b'"', ..] => {
                    self.skip(1);
                    self.read_text(Some(b'"'), &mut word)?;
                }
                [byte, ..] => {
                    word.push(*byte);
                    self.skip(1);
                }
            }
        }
        Some(word)
    }

    /// Reads an escape character and the one after it. An escaped newline is dropped.
    fn read_escaped(&mut self, word: &mut BString) {
        word.extend(self.rest.get(1).filter(|byte| **byte != b'\n'));
        self.skip(2);
    }

    /// Reads text in which only expansions are special, up to `end` or all of it.
    ///
    /// Quotes are special too if a brace or a parenthesis ends the text.
    fn read_text(&mut self, end: Option<u8>, word: &mut BString) -> Option<()> {
        let in_brackets = matches!(end, Some(b'}' | b')'));
        let mut depth = 0_usize;
        loop {
            match self.rest {
                [] => return end.is_none().then_some(()),
                [byte, ..] if Some(*byte) == end && depth == 0 => {
                    self.skip(1);
                    return Some(());
                }
                [b'\\', ..] => self.read_escaped(word),
                [b'$' | b'`', ..] => self.read_expansion(word)?,
                [b'"', ..] if in_brackets => {
                    self.skip(1);
                    self.read_text(Some(b'"'), word)?;
                }
                // Any other apostrophe may be a literal one.
                [b'\'', _, b'\'', ..] if in_brackets => self.skip(3),
                [byte, ..] => {
                    match byte {
                        b'(' if end == Some(b')') => depth += 1,
                        b')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    word.push(*byte);
                    self.skip(1);
                }
            }
        }
    }

    /// Reads `$'…'`. Escapes for blanks become a space, all others the character itself.
    fn read_ansi_c_quoted(&mut self, word: &mut BString) -> Option<()> {
        self.skip(2);
        loop {
            match self.rest {
                [] => return None,
                [b'\'', ..] => {
                    self.skip(1);
                    return Some(());
                }
                [b'\\', b'n' | b't' | b'r', ..] => {
                    word.push(b' ');
                    self.skip(2);
                }
                [b'\\', ..] => self.read_escaped(word),
                [byte, ..] => {
                    word.push(*byte);
                    self.skip(1);
                }
            }
        }
    }

    /// Reads an expansion, which begins with `$` or a backquote, and the commands in it.
    fn read_expansion(&mut self, word: &mut BString) -> Option<()> {
        match self.rest {
            [b'`', ..] => {
                self.skip(1);
                let text = self.read_backquoted()?;
                let start = self.commands.complete.len();
                self.read_other(&text, |reader| reader.read_subshell(None))?;
                word.push_str(self.commands.output_since(start, "``"));
            }
            [_, b'(', ..] => {
                self.skip(1);
                let start = self.commands.complete.len();
                self.read_parenthesized()?;
                word.push_str(self.commands.output_since(start, "$()"));
            }
            // An old form of an arithmetic expression.
            [_, b'[', ..] if self.rest.iter().take(MAX_ARITHMETIC).any(|byte| *byte == b']') => {
                self.take_until(b"]")?;
                word.push_str("$()");
            }
            [_, b'{', ..] => {
                let source = self.rest;
                self.skip(2);
                self.nested(|reader| reader.read_text(Some(b'}'), &mut BString::default()))?;
                let expansion = &source[..source.len() - self.rest.len()];
                word.push_str(if is_plain_expansion(expansion) { expansion } else { b"${}" });
            }
            _ => {
                word.push(b'$');
                self.skip(1);
            }
        }
        Some(())
    }

    /// Reads the rest of a backquoted command, and removes its escapes.
    fn read_backquoted(&mut self) -> Option<BString> {
        let mut text = BString::default();
        loop {
            match self.rest {
                [] => return None,
                [b'`', ..] => {
                    self.skip(1);
                    return Some(text);
                }
                [b'\\', byte @ (b'`' | b'\\' | b'$'), ..] => {
                    text.push(*byte);
                    self.skip(2);
                }
                [byte, ..] => {
                    text.push(*byte);
                    self.skip(1);
                }
            }
        }
    }

    /// Reads commands in parentheses, or an arithmetic expression in double parentheses.
    fn read_parenthesized(&mut self) -> Option<()> {
        let is_arithmetic = is_arithmetic(self.rest);
        self.skip(1);
        self.nested(|reader| {
            if is_arithmetic {
                return reader.read_text(Some(b')'), &mut BString::default());
            }
            reader.read_subshell(Some(b')'))
        })
    }

    /// Whether a redirection is next, with or without a file descriptor.
    fn is_at_redirection(&self) -> bool {
        let operator = self.rest.trim_start_with(|c| c.is_ascii_digit());
        operator.starts_with(b"<") || operator.starts_with(b">") || self.rest.starts_with(b"&>")
    }

    /// Reads a redirection of `command`. A here-document is noted, to be read later.
    fn read_redirection(&mut self, command: &mut ReadCommand) -> Option<()> {
        self.skip(self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
        let length = self.rest.iter().take_while(|byte| b"<>&|".contains(byte)).count();
        let operator = &self.rest[..length];
        self.skip(length);
        let is_here_document = operator == b"<<";
        let strips_tabs = is_here_document && self.rest.starts_with(b"-");
        self.skip(strips_tabs.into());
        if self.rest.starts_with(b"(") {
            let start = self.commands.complete.len();
            self.skip(1);
            self.nested(|reader| reader.read_subshell(Some(b')')))?;
            command.documents.push(self.commands.output_since(start, ""));
            return Some(());
        }
        self.skip_blanks();
        let source = self.rest;
        let target = self.read_word()?;
        match operator {
            b"<<" => {
                let expands = source[..source.len() - self.rest.len()] == target;
                let (command, delimiter) = (command.id, target);
                self.here_documents.push(HereDocument { command, delimiter, expands, strips_tabs });
            }
            b"<<<" => command.documents.push(target),
            // A file descriptor.
            b">&" if target.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') => {}
            _ if operator.contains(&b'>') => command.written.push(target),
            _ => {}
        }
        Some(())
    }

    /// Reads the here-documents that were noted on the line before.
    fn read_here_documents(&mut self) -> Option<()> {
        for HereDocument { command, delimiter, expands, strips_tabs } in mem::take(&mut self.here_documents) {
            let document = self.rest;
            let mut length = 0;
            while let Some(line) = self.rest.lines().next() {
                let line = if strips_tabs { line.trim_start_with(|c| c == '\t') } else { line };
                length = document.len() - self.rest.len();
                self.skip(self.rest.find_byte(b'\n').map_or(self.rest.len(), |newline| newline + 1));
                if line == delimiter.as_slice() {
                    break;
                }
                length = document.len() - self.rest.len();
            }
            if let Some(position) = self.commands.position(command) {
                self.commands.complete[position].documents.push(document[..length].into());
            }
            if expands {
                self.read_other(&document[..length], |reader| {
                    reader.read_text(None, &mut BString::default())
                })?;
            }
        }
        Some(())
    }
}
