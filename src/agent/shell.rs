//! A text of shell, taken apart into the commands that it runs. What only the running
//! shell knows, such as the value of a variable, stays as it is written.

use std::mem;

use bstr::{BString, ByteSlice, ByteVec};

/// Whose signs a text is written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shell {
    /// `sh`, `bash`, `zsh`.
    Posix,
    /// `PowerShell`.
    PowerShell,
}

/// How deep commands may stand in one another.
const DEEPEST: usize = 50;

/// What ends a word.
const SIGNS: &[u8] = b" \t\r\n;&|()<>";

/// The commands of `text` as their words, without quotes; also those that stand in
/// one another. Nothing, where a quote or a parenthesis is left open: who reads on by
/// guess takes a message for a command.
#[must_use]
pub fn commands(text: &str, shell: Shell) -> Option<Vec<Vec<BString>>> {
    commands_at(0, text.as_bytes(), shell)
}

fn commands_at(depth: usize, text: &[u8], shell: Shell) -> Option<Vec<Vec<BString>>> {
    let mut reader = Reader { rest: text, shell, depth, commands: Vec::new(), documents: Vec::new() };
    reader.commands(None)?;
    reader.commands.retain(|words| !words.is_empty());
    Some(reader.commands)
}

struct Reader<'t> {
    rest: &'t [u8],
    shell: Shell,
    depth: usize,
    commands: Vec<Vec<BString>>,
    /// The here-documents that begin on the next line.
    documents: Vec<Document>,
}

struct Document {
    /// The line that ends it.
    end: BString,
    /// Whether tabs before that line do not count.
    strips_tabs: bool,
}

/// Each method reads what it is called after; nothing, where that does not end.
impl Reader<'_> {
    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Skips what is before `end`, and `end` itself.
    fn past(&mut self, end: &[u8]) -> Option<&[u8]> {
        let at = self.rest.find(end)?;
        let passed = &self.rest[..at];
        self.rest = &self.rest[at + end.len()..];
        Some(passed)
    }

    fn commands(&mut self, end: Option<u8>) -> Option<()> {
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let mut words = Vec::new();
        loop {
            match self.rest {
                [] if end.is_some() => return None,
                [] => break,
                [sign, ..] if Some(*sign) == end => break,
                [sign, b'\n', ..] if *sign == self.escape() => self.skip(2),
                [b' ' | b'\t' | b'\r', ..] => self.skip(1),
                [b'#', ..] => self.skip(self.rest.find_byte(b'\n').unwrap_or(self.rest.len())),
                [b'<', b'#', ..] if self.shell == Shell::PowerShell => drop(self.past(b"#>")?),
                [b'<' | b'>', ..] => self.redirection()?,
                [b'(', ..] => {
                    self.commands.push(mem::take(&mut words));
                    self.parenthesis()?;
                }
                [b'\n', ..] => {
                    self.commands.push(mem::take(&mut words));
                    self.skip(1);
                    self.skip_documents();
                }
                [b';' | b'&' | b'|' | b')', ..] => {
                    self.commands.push(mem::take(&mut words));
                    self.skip(1);
                }
                _ => words.push(self.word()?),
            }
        }
        self.commands.push(words);
        self.skip(1);
        self.depth -= 1;
        Some(())
    }

    /// The sign that takes its meaning from the one after it.
    fn escape(&self) -> u8 {
        if self.shell == Shell::Posix { b'\\' } else { b'`' }
    }

    fn word(&mut self) -> Option<BString> {
        let mut word = BString::default();
        let is_posix = self.shell == Shell::Posix;
        loop {
            match self.rest {
                [] => break,
                [sign, ..] if SIGNS.contains(sign) => break,
                [sign, ..] if *sign == self.escape() => self.escaped(&mut word),
                [b'$', b'\'', ..] if is_posix => self.quoted_as_in_c(&mut word)?,
                [b'$', b'"', ..] => self.skip(1),
                [b'$' | b'`', ..] => self.expansion(&mut word)?,
                [b'@', quote @ (b'\'' | b'"'), b'\r' | b'\n', ..] if !is_posix => {
                    let end = [b'\n', *quote, b'@'];
                    self.skip(2);
                    word.push_str(self.past(&end)?);
                }
                [b'\'', ..] => {
                    self.skip(1);
                    word.push_str(self.past(b"'")?);
                }
                [b'"', ..] => self.double_quoted(&mut word)?,
                [byte, ..] => {
                    word.push(*byte);
                    self.skip(1);
                }
            }
        }
        Some(word)
    }

    /// A sign after the one that takes its meaning; a newline is nothing there.
    fn escaped(&mut self, word: &mut BString) {
        word.extend(self.rest.get(1).filter(|byte| **byte != b'\n'));
        self.skip(2);
    }

    fn double_quoted(&mut self, word: &mut BString) -> Option<()> {
        self.skip(1);
        loop {
            match self.rest {
                [] => return None,
                [b'"', ..] => {
                    self.skip(1);
                    return Some(());
                }
                [sign, ..] if *sign == self.escape() => self.escaped(word),
                [b'$' | b'`', ..] => self.expansion(word)?,
                [byte, ..] => {
                    word.push(*byte);
                    self.skip(1);
                }
            }
        }
    }

    /// `$'…'`. Of its escapes only those are read that stand for themselves or a blank.
    fn quoted_as_in_c(&mut self, word: &mut BString) -> Option<()> {
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
                [b'\\', ..] => self.escaped(word),
                [byte, ..] => {
                    word.push(*byte);
                    self.skip(1);
                }
            }
        }
    }

    /// What begins with `$` or a backtick. The commands in it are commands, and what
    /// they print is not known.
    fn expansion(&mut self, word: &mut BString) -> Option<()> {
        match self.rest {
            [b'`', ..] => {
                self.skip(1);
                let text = self.backticked()?;
                self.commands.extend(commands_at(self.depth, &text, self.shell)?);
                word.push_str("``");
            }
            [_, b'(', ..] => {
                self.skip(1);
                self.parenthesis()?;
                word.push_str("$()");
            }
            [_, b'{', ..] => {
                self.skip(1);
                self.balanced(b'{', b'}')?;
                word.push_str("${}");
            }
            _ => {
                word.push(b'$');
                self.skip(1);
            }
        }
        Some(())
    }

    fn backticked(&mut self) -> Option<BString> {
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

    /// Commands in parentheses, or, in two of them, arithmetic.
    fn parenthesis(&mut self) -> Option<()> {
        if self.rest.starts_with(b"((") {
            return self.balanced(b'(', b')');
        }
        self.skip(1);
        self.commands(Some(b')'))
    }

    /// Skips to the sign that closes what the next one opens.
    fn balanced(&mut self, opening: u8, closing: u8) -> Option<()> {
        let mut depth = 0_usize;
        let end = self.rest.iter().position(|byte| {
            depth =
                if *byte == opening { depth + 1 } else { depth.saturating_sub((*byte == closing).into()) };
            depth == 0
        });
        self.skip(end? + 1);
        Some(())
    }

    /// Skips a redirection and the file that it names; a here-document is kept in mind.
    fn redirection(&mut self) -> Option<()> {
        let is_document = self.rest.starts_with(b"<<") && !self.rest.starts_with(b"<<<");
        let length = self.rest.iter().take_while(|byte| b"<>&|".contains(byte)).count();
        self.skip(length);
        let strips_tabs = is_document && self.rest.starts_with(b"-");
        self.skip(strips_tabs.into());
        if self.rest.starts_with(b"(") {
            return self.parenthesis();
        }
        self.skip(self.rest.iter().take_while(|byte| b" \t".contains(byte)).count());
        let end = self.word()?;
        if is_document {
            self.documents.push(Document { end, strips_tabs });
        }
        Some(())
    }

    fn skip_documents(&mut self) {
        for Document { end, strips_tabs } in mem::take(&mut self.documents) {
            while let Some(line) = self.rest.lines().next() {
                let line = if strips_tabs { line.trim_start_with(|c| c == '\t') } else { line };
                let is_end = line == end.as_slice();
                self.skip(self.rest.find_byte(b'\n').map_or(self.rest.len(), |newline| newline + 1));
                if is_end {
                    break;
                }
            }
        }
    }
}
