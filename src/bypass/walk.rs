//! Follows a script to the commands that run in the end.

use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::{git, shell, wrapper};

/// The deepest nesting of commands and scripts in the arguments of commands.
const MAX_DEPTH: usize = 16;

/// The number of bytes of scripts that are read, those in other scripts included.
const MAX_BYTES: usize = 1 << 22;

/// The longest directory that the system can change to.
const MAX_DIRECTORY: usize = 4096;

/// A command that a script runs.
pub(super) struct Run<'w> {
    /// The directory that the script has changed to; relative to the one that it runs in.
    pub directory: &'w Path,
    /// The words `NAME=VALUE` before the program.
    pub assignments: Vec<&'w BString>,
    /// The program, without its directory.
    pub program: &'w BStr,
    pub arguments: &'w [BString],
    /// The text that it reads from standard input; empty if that is not in the script.
    pub input: &'w BStr,
}

/// What a command runs in its turn.
pub(super) enum Nested<'w> {
    Command(&'w [BString]),
    Script(BString),
}

/// A walk over the commands of a script, which ends when `visit` returns a value.
pub(super) struct Walk<'v, T> {
    visit: &'v mut dyn FnMut(&Run) -> Option<T>,
    /// See [`Run::directory`].
    directory: PathBuf,
    depth: usize,
    /// The number of bytes that may still be read.
    bytes_left: usize,
}

impl<'v, T> Walk<'v, T> {
    pub(super) fn new(visit: &'v mut dyn FnMut(&Run) -> Option<T>) -> Self {
        Self { visit, directory: PathBuf::new(), depth: 0, bytes_left: MAX_BYTES }
    }

    /// Visits the commands of `script`, and returns the first value of a visit.
    pub(super) fn script(&mut self, script: &[u8]) -> Option<T> {
        self.bytes_left = self.bytes_left.checked_sub(script.len())?;
        let commands = shell::commands(script)?;
        commands.iter().find_map(|command| self.command(&command.words, command.input.as_bstr()))
    }

    /// Visits the command of `words`, and what it runs in its turn.
    fn command(&mut self, words: &[BString], input: &BStr) -> Option<T> {
        let is_assignment = |word: &&BString| shell::parse_assignment(word).is_some();
        let (assignments, words) = words.split_at(words.iter().take_while(is_assignment).count());
        let (first, arguments) = words.split_first()?;
        let directory = self.directory.clone();
        let program = file_name(first.as_bstr());
        let assignments = assignments.iter().collect();
        let run = Run { directory: &directory, assignments, program, arguments, input };
        if let Some(found) = (self.visit)(&run) {
            return Some(found);
        }
        self.change_directory(&run);
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let nested = if program == "git" { git::nested(arguments) } else { wrapper::nested(&run) };
        let found = nested.into_iter().find_map(|nested| match nested {
            Nested::Command(words) => self.command(words, input),
            Nested::Script(script) => self.script(&script),
        });
        self.depth -= 1;
        found
    }

    /// Changes the directory if the command is `cd`.
    fn change_directory(&mut self, run: &Run) {
        let is_option = |word: &&BString| word.starts_with(b"-") && word.len() > 1;
        let target = run.arguments.iter().find(|word| !is_option(word));
        if let (b"cd" | b"pushd", Some(target)) = (run.program.as_bytes(), target)
            && self.directory.as_os_str().len() + target.len() < MAX_DIRECTORY
        {
            self.directory.push(target.to_path_lossy());
        }
    }
}

/// Returns the last component of a program's path, without `.exe`.
pub(crate) fn file_name(program: &BStr) -> &BStr {
    let name = program.rsplit(|byte| b"/\\".contains(byte)).next().unwrap_or_default();
    name.strip_suffix(b".exe").unwrap_or(name).as_bstr()
}
