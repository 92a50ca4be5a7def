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

/// Words that a command may follow as if they were not there.
const KEYWORDS: [&str; 9] = ["!", "{", "if", "then", "elif", "else", "while", "until", "do"];

/// The commands of `text` as their words, without quotes and keywords; also those that
/// stand in one another. Nothing, where a quote or a parenthesis is left open: who reads
/// on by guess takes a message for a command.
#[must_use]
pub fn commands(text: &[u8], shell: Shell) -> Option<Vec<Vec<BString>>> {
    let mut reader = Reader { rest: text, shell, depth: 0, commands: Vec::new(), documents: Vec::new() };
    reader.commands(None)?;
    reader.commands.retain(|words| !words.is_empty());
    Some(reader.commands)
}

/// The name and the value of `NAME=…`, `NAME+=…` and `NAME[…]=…`.
pub(super) fn assignment(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let (target, value) = word.split_once_str("=")?;
    let target = target.strip_suffix(b"+").unwrap_or(target);
    let element = target.strip_suffix(b"]").and_then(|element| element.split_once_str("["));
    let name = element.map_or(target, |(name, _)| name);
    let is_name =
        name.first().is_some_and(|first| !first.is_ascii_digit()) && name.iter().copied().all(is_part);
    is_name.then_some((name, value))
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
    /// Whether commands in it are run: where that line was announced without quotes.
    expands: bool,
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

    /// Reads what stands in something else.
    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        read(self)?;
        self.depth -= 1;
        Some(())
    }

    /// Reads another text, such as a part of this one; its commands are commands.
    fn inner(&mut self, text: &[u8], read: impl FnOnce(&mut Reader) -> Option<()>) -> Option<()> {
        let (shell, depth) = (self.shell, self.depth);
        let mut reader = Reader { rest: text, shell, depth, commands: Vec::new(), documents: Vec::new() };
        reader.deeper(read)?;
        self.commands.append(&mut reader.commands);
        Some(())
    }

    fn commands(&mut self, end: Option<u8>) -> Option<()> {
        let mut words = Vec::new();
        // How many `case` are open: after their patterns a `)` closes nothing.
        let mut cases = 0_usize;
        loop {
            match self.rest {
                [] if end.is_some() => return None,
                [] => break,
                [sign, ..] if Some(*sign) == end && cases == 0 => break,
                [sign, b'\n', ..] if *sign == self.escape() => self.skip(2),
                [b' ' | b'\t' | b'\r', ..] => self.skip(1),
                [b'#', ..] => self.skip_comment(),
                [b'<', b'#', ..] if self.shell == Shell::PowerShell => drop(self.past(b"#>")?),
                _ if self.is_redirection() => self.redirection()?,
                [b'(', ..] => {
                    self.commands.push(mem::take(&mut words));
                    self.parenthesis()?;
                }
                [b'\n', ..] => {
                    self.commands.push(mem::take(&mut words));
                    self.skip(1);
                    self.documents()?;
                }
                [b';' | b'&' | b'|' | b')', ..] => {
                    self.commands.push(mem::take(&mut words));
                    self.skip(1);
                }
                _ => {
                    let word = self.word()?;
                    match word.as_slice() {
                        b"=" | b"+=" if self.is_assigned(&words) => words.clear(),
                        _ if !words.is_empty() => words.push(word),
                        b"[[" if self.shell == Shell::Posix => self.skip_words("]]")?,
                        b"function" => {
                            self.skip_blanks();
                            self.word()?;
                        }
                        b"case" if self.shell == Shell::Posix => {
                            cases += 1;
                            words.push(word);
                        }
                        b"esac" => cases = cases.saturating_sub(1),
                        _ if KEYWORDS.iter().any(|keyword| word == *keyword) => {}
                        _ => words.push(word),
                    }
                }
            }
        }
        self.commands.push(words);
        self.skip(1);
        Some(())
    }

    /// Whether `words` are a variable of `PowerShell`, to which a command can be assigned.
    fn is_assigned(&self, words: &[BString]) -> bool {
        self.shell == Shell::PowerShell && matches!(words, [variable] if variable.starts_with(b"$"))
    }

    fn skip_blanks(&mut self) {
        self.skip(self.rest.iter().take_while(|byte| b" \t".contains(byte)).count());
    }

    fn skip_comment(&mut self) {
        self.skip(self.rest.find_byte(b'\n').unwrap_or(self.rest.len()));
    }

    /// Skips words that are no command, to the word or sign, without quotes, that ends them.
    fn skip_words(&mut self, end: &str) -> Option<()> {
        loop {
            let before = self.rest;
            match self.rest {
                [] => return None,
                [b'#', ..] => self.skip_comment(),
                [sign, ..] if SIGNS.contains(sign) => self.skip(1),
                _ => drop(self.word()?),
            }
            if before[..before.len() - self.rest.len()] == *end.as_bytes() {
                return Some(());
            }
        }
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
                [b'(', ..] if is_posix && assignment(&word).is_some_and(|(_, value)| value.is_empty()) => {
                    self.skip(1);
                    self.deeper(|reader| reader.skip_words(")"))?;
                    word.push_str("()");
                }
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
                [b'"', ..] => {
                    self.skip(1);
                    self.text(Some(b'"'), &mut word)?;
                }
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

    /// Text to the sign that ends it, or all of it. Only expansions mean something in it,
    /// and quotes where a brace or a parenthesis ends it.
    fn text(&mut self, end: Option<u8>, word: &mut BString) -> Option<()> {
        let in_brackets = matches!(end, Some(b'}' | b')'));
        let mut depth = 0_usize;
        loop {
            match self.rest {
                [] => return end.is_none().then_some(()),
                [sign, ..] if Some(*sign) == end && depth == 0 => {
                    self.skip(1);
                    return Some(());
                }
                [sign, ..] if *sign == self.escape() => self.escaped(word),
                [b'$' | b'`', ..] => self.expansion(word)?,
                [b'"', ..] if in_brackets => {
                    self.skip(1);
                    self.text(Some(b'"'), word)?;
                }
                // Elsewhere an apostrophe may stand for itself.
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
                self.inner(&text, |reader| reader.commands(None))?;
                word.push_str("``");
            }
            [_, b'(', ..] => {
                self.skip(1);
                self.parenthesis()?;
                word.push_str("$()");
            }
            [_, b'{', ..] => {
                self.skip(2);
                self.deeper(|reader| reader.text(Some(b'}'), &mut BString::default()))?;
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
        let is_arithmetic = self.rest.starts_with(b"((");
        self.skip(1);
        self.deeper(|reader| {
            if is_arithmetic {
                return reader.text(Some(b')'), &mut BString::default());
            }
            reader.commands(Some(b')'))
        })
    }

    /// Whether a redirection is next, with the descriptor that it is of.
    fn is_redirection(&self) -> bool {
        let signs = self.rest.trim_start_with(|c| c.is_ascii_digit());
        signs.starts_with(b"<") || signs.starts_with(b">") || self.rest.starts_with(b"&>")
    }

    /// Skips a redirection and the file that it names; a here-document is kept in mind.
    fn redirection(&mut self) -> Option<()> {
        self.skip(self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
        let is_document = self.rest.starts_with(b"<<") && !self.rest.starts_with(b"<<<");
        let length = self.rest.iter().take_while(|byte| b"<>&|".contains(byte)).count();
        self.skip(length);
        let strips_tabs = is_document && self.rest.starts_with(b"-");
        self.skip(strips_tabs.into());
        if self.rest.starts_with(b"(") {
            return self.parenthesis();
        }
        self.skip_blanks();
        let written = self.rest;
        let end = self.word()?;
        if is_document {
            let expands = written[..written.len() - self.rest.len()] == end;
            self.documents.push(Document { end, expands, strips_tabs });
        }
        Some(())
    }

    fn documents(&mut self) -> Option<()> {
        for Document { end, expands, strips_tabs } in mem::take(&mut self.documents) {
            let document = self.rest;
            let mut length = 0;
            while let Some(line) = self.rest.lines().next() {
                let line = if strips_tabs { line.trim_start_with(|c| c == '\t') } else { line };
                let is_end = line == end.as_slice();
                length = document.len() - self.rest.len();
                self.skip(self.rest.find_byte(b'\n').map_or(self.rest.len(), |newline| newline + 1));
                if is_end {
                    break;
                }
                length = document.len() - self.rest.len();
            }
            if expands {
                self.inner(&document[..length], |reader| reader.text(None, &mut BString::default()))?;
            }
        }
        Some(())
    }
}
