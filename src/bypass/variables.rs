//! The variables of a shell that change which hooks git runs, or that name a git directory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice};

use super::{config, shell};

/// The number of variables that are remembered.
const MAX_VARIABLES: usize = 32;

/// The number of values of a loop that are remembered.
const MAX_VALUES: usize = 8;

/// The longest variable that is remembered, its name included.
const MAX_VALUE: usize = 1024;

/// The variables that a script has set so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    known: Rc<BTreeMap<BString, Rc<Variable>>>,
    /// Whether every assignment exports its variable (`set -a`).
    exports_all: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub value: BString,
    /// See [`config::may_disable_hooks`].
    pub may_disable_hooks: bool,
    /// Whether programs inherit it.
    is_exported: bool,
}

impl Variables {
    /// Returns the variables that programs inherit, with their names.
    pub(super) fn exported(&self) -> impl Iterator<Item = (&BString, &Variable)> {
        let variables = self.known.iter().map(|(name, variable)| (name, &**variable));
        variables.filter(|(_, variable)| variable.is_exported)
    }

    /// Returns the value of a variable that programs inherit.
    pub(super) fn exported_value(&self, name: &[u8]) -> Option<&BStr> {
        let variable = self.known.get(name.as_bstr()).filter(|variable| variable.is_exported);
        variable.map(|variable| variable.value.as_bstr())
    }

    /// Sets the variables of the words `NAME=VALUE`. An exported variable stays exported.
    pub(super) fn assign<'w>(&mut self, words: impl IntoIterator<Item = &'w BString>, exports: bool) {
        for (name, value) in words.into_iter().filter_map(|word| shell::parse_assignment(word)) {
            let value = self.expand(value.as_bstr()).into_owned();
            let known = self.remove(name);
            let is_exported = exports || self.exports_all || known.is_some_and(|known| known.is_exported);
            let is_known = changes_hooks(name) || value.contains_str(".git");
            if is_known && name.len() + value.len() <= MAX_VALUE && self.known.len() < MAX_VARIABLES {
                let may_disable_hooks = config::may_disable_hooks(name, value.as_bstr());
                let variable = Variable { value, may_disable_hooks, is_exported };
                Rc::make_mut(&mut self.known).insert(name.into(), variable.into());
            }
        }
    }

    /// Changes the variables as a built-in command does.
    pub(super) fn run_built_in(&mut self, program: &BStr, arguments: &[BString]) {
        let has = |option: u8| arguments.iter().any(|word| word.starts_with(b"-") && word.contains(&option));
        match program.as_bytes() {
            b"export" => self.declare(arguments, !has(b'n')),
            b"declare" | b"typeset" | b"local" | b"readonly" => {
                self.assign(arguments, false);
                if has(b'x') {
                    self.declare(arguments, true);
                }
            }
            b"for" => {
                // The values that name a git directory, as one brace expansion.
                let values = arguments.iter().skip(2).filter(|word| word.contains_str(".git"));
                let values = bstr::join(",", values.take(MAX_VALUES));
                if let [name, ..] = arguments {
                    self.assign([&bstr::concat([name.as_slice(), b"={", &values, b",}"]).into()], false);
                }
            }
            b"unset" => {
                for name in arguments {
                    self.remove(name);
                }
            }
            b"set" if arguments.iter().any(|word| word == "-a" || word == "allexport") => {
                self.exports_all = !arguments.iter().any(|word| word == "+o");
            }
            b"set" if arguments.iter().any(|word| word == "+a") => self.exports_all = false,
            _ => {}
        }
    }

    fn remove(&mut self, name: &[u8]) -> Option<Rc<Variable>> {
        // Most variables are not known: copy the others only for one that is.
        let is_known = self.known.contains_key(name.as_bstr());
        if is_known { Rc::make_mut(&mut self.known).remove(name.as_bstr()) } else { None }
    }

    /// Exports each variable that a word names or sets, or ends that.
    fn declare(&mut self, words: &[BString], is_exported: bool) {
        self.assign(words, is_exported);
        for word in words {
            let name = shell::parse_assignment(word).map_or(word.as_slice(), |(name, _)| name);
            if let Some(variable) = self.remove(name) {
                let variable = Variable { is_exported, ..Variable::clone(&variable) };
                Rc::make_mut(&mut self.known).insert(name.into(), variable.into());
            }
        }
    }

    /// Returns `word` with the value of the known variable that it begins with.
    pub(super) fn expand<'w>(&self, word: &'w BStr) -> Cow<'w, BStr> {
        let expand = || {
            let expansion = word.strip_prefix(b"$")?;
            let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let (name, rest) = match expansion.strip_prefix(b"{") {
                Some(braced) => braced.split_once_str("}")?,
                None => expansion.split_at(expansion.iter().take_while(|byte| is_name(byte)).count()),
            };
            let value = &self.known.get(name.as_bstr())?.value;
            Some(Cow::Owned(bstr::concat([value.as_slice(), rest]).into()))
        };
        expand().unwrap_or(Cow::Borrowed(word))
    }
}

/// Whether a variable can change which hooks git or a hook manager runs.
fn changes_hooks(name: &[u8]) -> bool {
    matches!(name, b"HUSKY" | b"LEFTHOOK" | b"SKIP" | b"PREK_SKIP") || name.starts_with(b"GIT_CONFIG_")
}
