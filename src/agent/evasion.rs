//! Commands that go past the guard: pure, from the words of a command.

use bstr::{BStr, BString, ByteSlice};

use super::shell::{self, Shell};
use crate::policy::is_in_session_directory;

/// How a command goes past the guard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Evasion {
    /// A subcommand of git that is told to run no hooks.
    NoHooks {
        /// Its name.
        subcommand: &'static str,
        /// The option, as it is written.
        option: BString,
    },
    /// git is told to run other hooks than the repository's; the setting.
    OtherHooks(BString),
    /// A path in the session directory is staged although git ignores it.
    Forced(BString),
}

/// The options of a subcommand of git, as far as they decide what a word is.
struct Subcommand {
    name: &'static str,
    /// The option that goes past the guard.
    evading: &'static str,
    /// The shortest abbreviation of it that git takes.
    shortest: &'static str,
    /// The letter for it, where there is one.
    letter: Option<u8>,
    /// Letters with an argument: the rest of the word, or else the next word.
    with_argument: &'static str,
    /// Letters with an argument that may be missing: the rest of the word alone.
    with_rest: &'static str,
    /// Long options with an argument: the next word, where there is no `=`.
    long: &'static [&'static str],
}

const NO_HOOKS: Subcommand = Subcommand {
    name: "",
    evading: "--no-verify",
    shortest: "--no-veri",
    letter: None,
    with_argument: "",
    with_rest: "",
    long: &[],
};

const ADD: Subcommand = Subcommand {
    name: "add",
    evading: "--force",
    shortest: "--f",
    letter: Some(b'f'),
    with_argument: "U",
    with_rest: "",
    long: &["--chmod", "--pathspec-from-file", "--unified", "--inter-hunk-context"],
};

const SUBCOMMANDS: [Subcommand; 8] = [
    Subcommand {
        name: "commit",
        letter: Some(b'n'),
        with_argument: "mFCctU",
        with_rest: "Su",
        long: &[
            "--message",
            "--file",
            "--author",
            "--date",
            "--reuse-message",
            "--reedit-message",
            "--fixup",
            "--squash",
            "--template",
            "--cleanup",
            "--trailer",
            "--pathspec-from-file",
            "--unified",
            "--inter-hunk-context",
        ],
        ..NO_HOOKS
    },
    Subcommand {
        name: "merge",
        with_argument: "mFsX",
        with_rest: "S",
        long: &["--message", "--file", "--strategy", "--strategy-option", "--into-name", "--cleanup"],
        ..NO_HOOKS
    },
    Subcommand {
        name: "pull",
        with_argument: "sXo",
        with_rest: "Sjr",
        long: &[
            "--strategy",
            "--strategy-option",
            "--cleanup",
            "--depth",
            "--deepen",
            "--shallow-since",
            "--shallow-exclude",
            "--upload-pack",
            "--refmap",
            "--negotiation-tip",
            "--server-option",
        ],
        ..NO_HOOKS
    },
    Subcommand {
        name: "push",
        with_argument: "o",
        long: &["--push-option", "--repo", "--receive-pack", "--exec", "--recurse-submodules"],
        ..NO_HOOKS
    },
    Subcommand {
        name: "rebase",
        with_argument: "xsXC",
        with_rest: "Sr",
        long: &["--exec", "--strategy", "--strategy-option", "--onto", "--whitespace"],
        ..NO_HOOKS
    },
    Subcommand {
        name: "am",
        letter: Some(b'n'),
        with_argument: "pC",
        with_rest: "S",
        long: &["--directory", "--exclude", "--include", "--patch-format", "--whitespace", "--resolvemsg"],
        ..NO_HOOKS
    },
    ADD,
    Subcommand { name: "stage", ..ADD },
];

/// git's own options whose argument is the next word.
const GLOBAL: [&str; 8] = [
    "-C",
    "-c",
    "--git-dir",
    "--work-tree",
    "--namespace",
    "--super-prefix",
    "--config-env",
    "--attr-source",
];

/// Words before a command that run it: the letters of their options that have an
/// argument, and how many words stand before the command.
const WRAPPERS: [(&str, &str, usize); 24] = [
    ("!", "", 0),
    ("{", "", 0),
    ("if", "", 0),
    ("then", "", 0),
    ("elif", "", 0),
    ("else", "", 0),
    ("while", "", 0),
    ("until", "", 0),
    ("do", "", 0),
    ("time", "fo", 0),
    ("coproc", "", 0),
    ("command", "", 0),
    ("builtin", "", 0),
    ("exec", "a", 0),
    ("env", "uCS", 0),
    ("nohup", "", 0),
    ("setsid", "", 0),
    ("nice", "n", 0),
    ("ionice", "cn", 0),
    ("stdbuf", "ioe", 0),
    ("timeout", "ks", 1),
    ("sudo", "CDghpRrTtuU", 0),
    ("doas", "Cu", 0),
    ("xargs", "adEILnPs", 0),
];

/// The first command of `text` that goes past the guard. What cannot be read is no
/// such command: this is advice, and git's hooks are the wall.
#[must_use]
pub fn find(text: &str, shell: Shell) -> Option<Evasion> {
    shell::commands(text, shell)?.iter().find_map(|words| of_command(words))
}

fn of_command(words: &[BString]) -> Option<Evasion> {
    let (program, mut words) = program(words)?;
    if program != "git" {
        return None;
    }
    while let Some((word, rest)) = words.split_first().filter(|(word, _)| word.starts_with(b"-")) {
        let has_argument = GLOBAL.iter().any(|option| word == option);
        let (option, setting) = match word.split_once_str("=") {
            Some((option, setting)) => (option.as_bstr(), setting.as_bstr()),
            None => (word.as_bstr(), rest.first().map(|next| next.as_bstr()).unwrap_or_default()),
        };
        if (option == "-c" || option == "--config-env") && is_about_hooks(setting) {
            return Some(Evasion::OtherHooks(setting.to_owned()));
        }
        words = rest.get(usize::from(has_argument)..)?;
    }
    let (name, words) = words.split_first()?;
    let subcommand = SUBCOMMANDS.iter().find(|subcommand| name == subcommand.name)?;
    let (option, operands) = subcommand.evading_option(words);
    let option = option?.to_owned();
    if subcommand.evading == ADD.evading {
        let path = operands.into_iter().find(|operand| is_session_work(operand))?;
        return Some(Evasion::Forced(path.to_owned()));
    }
    Some(Evasion::NoHooks { subcommand: subcommand.name, option })
}

/// The program that a command runs in the end, without its directory, and the words
/// after it.
fn program(mut words: &[BString]) -> Option<(&BStr, &[BString])> {
    loop {
        let (first, mut rest) = words.split_first()?;
        words = rest;
        if is_assignment(first.as_bstr()) {
            continue;
        }
        let name = file_name(first.as_bstr());
        let Some((_, with_argument, operands)) = WRAPPERS.iter().find(|(wrapper, ..)| name == wrapper) else {
            return Some((name, rest));
        };
        while let Some((option, after)) = rest.split_first().filter(|(word, _)| word.starts_with(b"-")) {
            let has_argument = option.len() == 2 && with_argument.as_bytes().contains(&option[1]);
            rest = after.get(usize::from(has_argument)..)?;
        }
        words = rest.get(*operands..)?;
    }
}

/// The last component of a program's path.
pub(super) fn file_name(program: &BStr) -> &BStr {
    let name = program.rsplit(|byte| b"/\\".contains(byte)).next().unwrap_or_default();
    name.strip_suffix(b".exe").unwrap_or(name).as_bstr()
}

/// `NAME=…`, before a command.
fn is_assignment(word: &BStr) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    word.split_once_str("=").is_some_and(|(name, _)| {
        name.first().is_some_and(|first| !first.is_ascii_digit()) && name.iter().copied().all(is_part)
    })
}

/// Whether `KEY=VALUE` says which hooks git runs. Sections and names are the same in
/// any letter case.
fn is_about_hooks(setting: &BStr) -> bool {
    let key = setting.split_str("=").next().unwrap_or_default().to_ascii_lowercase();
    key == b"core.hookspath" || key.starts_with(b"hook.") && key.ends_with(b".enabled")
}

/// Whether a pathspec names what is in a session directory. Other magic than `:/`
/// may exclude it.
fn is_session_work(pathspec: &BStr) -> bool {
    let path = pathspec.strip_prefix(b":/").unwrap_or(pathspec).as_bstr();
    !path.starts_with(b":") && is_in_session_directory(path)
}

impl Subcommand {
    /// The word that goes past the guard, and the words that are no options.
    fn evading_option<'w>(&self, words: &'w [BString]) -> (Option<&'w BStr>, Vec<&'w BStr>) {
        let (mut evading, mut operands) = (None, Vec::new());
        let mut rest = words.iter().map(|word| word.as_bstr());
        while let Some(word) = rest.next() {
            if word == "--" {
                operands.extend(rest);
                break;
            }
            let (evades, has_argument) = match word.as_bytes() {
                [b'-', b'-', ..] => self.long_option(word),
                [b'-', letters @ ..] => self.letters(letters),
                _ => {
                    operands.push(word);
                    continue;
                }
            };
            evading = evading.or(evades.then_some(word));
            if has_argument {
                rest.next();
            }
        }
        (evading, operands)
    }

    /// Whether an option goes past the guard, and whether the next word is its argument.
    fn long_option(&self, word: &BStr) -> (bool, bool) {
        let abbreviates = |option: &str| option.as_bytes().starts_with(word);
        let evades = word.starts_with(self.shortest.as_bytes()) && abbreviates(self.evading);
        (evades, self.long.iter().any(|option| abbreviates(option)))
    }

    /// The same of several options of one letter.
    fn letters(&self, letters: &[u8]) -> (bool, bool) {
        let has_argument = |letter: &u8| self.with_argument.as_bytes().contains(letter);
        let ends = |letter: &u8| has_argument(letter) || self.with_rest.as_bytes().contains(letter);
        let end = letters.iter().position(ends).unwrap_or(letters.len());
        let evades = letters[..end].iter().any(|letter| Some(*letter) == self.letter);
        (evades, letters[end..].first().is_some_and(has_argument) && end + 1 == letters.len())
    }
}
