//! Follows a script to the commands that run in the end.

use std::borrow::Cow;

use bstr::{BStr, BString, ByteSlice};

use super::directories::Directories;
use super::shell::{self, Command, Subshell};
use super::variables::Variables;
use super::{git, wrapper};

/// The deepest nesting of commands and scripts in the arguments of commands.
const MAX_DEPTH: usize = 16;

/// The longest script that is read, in bytes. Systems pass no longer one to a shell.
const MAX_SCRIPT: usize = 1 << 20;

/// The number of bytes of scripts that are read, those in other scripts included.
const MAX_BYTES: usize = 2 * MAX_SCRIPT;

/// A command that a script runs.
pub(super) struct Run<'w> {
    /// The program, without its directory; empty if there are only redirections.
    pub program: &'w BStr,
    pub arguments: &'w [BString],
    /// The files that its redirections write.
    pub written: &'w [BString],
    /// The text that it reads from standard input; empty if that is not in the script.
    pub input: &'w BStr,
    pub shell: &'w Shell,
}

/// What a shell has at one point of a script.
#[derive(Clone, Default)]
pub(super) struct Shell {
    pub directories: Directories,
    pub variables: Variables,
}

/// What a command runs in its turn.
pub(super) enum Nested<'w> {
    Command(Cow<'w, [BString]>),
    /// A script that the same shell runs.
    Eval(BString),
    /// A script that another shell runs.
    Script(BString),
}

/// A walk over the commands of a script, which ends when `visit` returns a value.
pub(super) struct Walk<'v, T> {
    visit: &'v mut dyn FnMut(&Run) -> Option<T>,
    shell: Shell,
    depth: usize,
    /// The number of bytes that may still be read.
    bytes_left: usize,
}

impl<'v, T> Walk<'v, T> {
    pub(super) fn new(visit: &'v mut dyn FnMut(&Run) -> Option<T>) -> Self {
        Self { visit, shell: Shell::default(), depth: 0, bytes_left: MAX_BYTES }
    }

    /// Visits the commands of `script`, and returns the first value of a visit.
    pub(super) fn script(&mut self, script: &[u8]) -> Option<T> {
        if script.len() > MAX_SCRIPT {
            return None;
        }
        self.bytes_left = self.bytes_left.checked_sub(script.len())?;
        let commands = shell::commands(script)?;
        // Each subshell that is open, with the shell around it.
        let mut open: Vec<(Subshell, Shell)> = Vec::new();
        let found = commands.iter().find_map(|command| {
            self.enter(command.subshell, &mut open);
            self.command(command)
        });
        self.enter(Subshell::default(), &mut open);
        found
    }

    /// Leaves the subshells that have ended, and enters `subshell`.
    fn enter(&mut self, subshell: Subshell, open: &mut Vec<(Subshell, Shell)>) {
        let has_ended =
            |(other, _): &mut (Subshell, Shell)| *other != subshell && other.depth >= subshell.depth;
        while let Some((_, shell)) = open.pop_if(has_ended) {
            self.shell = shell;
        }
        let is_new = subshell != Subshell::default() && open.last().is_none_or(|(last, _)| *last != subshell);
        if is_new {
            open.push((subshell, self.shell.clone()));
        }
    }

    /// Visits a command, and what it runs in its turn.
    fn command(&mut self, command: &Command) -> Option<T> {
        self.words(&command.words, &command.written, command.input.as_bstr())
    }

    fn words(&mut self, words: &[BString], written: &[BString], input: &BStr) -> Option<T> {
        let is_assignment = |word: &&BString| shell::parse_assignment(word).is_some();
        let (assignments, words) = words.split_at(words.iter().take_while(is_assignment).count());
        let Some((first, arguments)) = words.split_first() else {
            self.shell.variables.assign(assignments, false);
            let (program, shell) = (BStr::new(""), &self.shell);
            return (self.visit)(&Run { program, arguments: &[], written, input, shell });
        };
        // Assignments before a command are for that command alone.
        let around = (!assignments.is_empty()).then(|| self.shell.clone());
        self.shell.variables.assign(assignments, true);
        let program = file_name(first.as_bstr());
        let run = Run { program, arguments, written, input, shell: &self.shell };
        let mut found = (self.visit)(&run);
        if found.is_none() {
            let nested = match program.as_bytes() {
                b"git" => git::nested(arguments),
                _ => wrapper::nested(program, arguments, input),
            };
            found = nested.into_iter().find_map(|nested| self.nested(nested, input));
        }
        if let Some(around) = around {
            self.shell = around;
        }
        self.shell.run_built_in(program, arguments);
        found
    }

    fn nested(&mut self, nested: Nested, input: &BStr) -> Option<T> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let found = match nested {
            Nested::Command(words) => self.words(&words, &[], input),
            Nested::Eval(script) => self.script(&script),
            Nested::Script(script) => {
                let around = self.shell.clone();
                let found = self.script(&script);
                self.shell = around;
                found
            }
        };
        self.depth -= 1;
        found
    }
}

impl Shell {
    /// Changes the directory or the variables as a built-in command does.
    fn run_built_in(&mut self, program: &BStr, arguments: &[BString]) {
        let operand = || {
            let is_operand = |word: &&BString| !word.starts_with(b"-") || word.len() == 1;
            Some(self.variables.expand(arguments.iter().find(is_operand)?.as_bstr()).into_owned())
        };
        match program.as_bytes() {
            b"cd" => self.directories.change(operand().as_ref().map_or(BStr::new("~"), |it| it.as_bstr())),
            b"pushd" => self.directories.push(operand().as_ref().map(|it| it.as_bstr())),
            b"popd" => self.directories.pop(),
            _ => self.variables.run_built_in(program, arguments),
        }
    }
}

/// Returns the last component of a program's path, without `.exe`.
pub(crate) fn file_name(program: &BStr) -> &BStr {
    let name = program.rsplit(|byte| b"/\\".contains(byte)).next().unwrap_or_default();
    name.strip_suffix(b".exe").unwrap_or(name).as_bstr()
}
