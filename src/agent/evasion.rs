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
    /// The options that take it back, where they come later.
    restoring: &'static [&'static str],
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
    restoring: &["--verify", "--no-no-verify"],
    letter: None,
    with_argument: "",
    with_rest: "",
    long: &[],
};

const ADD: Subcommand = Subcommand {
    name: "add",
    evading: "--force",
    shortest: "--f",
    restoring: &["--no-force"],
    letter: Some(b'f'),
    with_argument: "U",
    with_rest: "",
    long: &["--chmod", "--pathspec-from-file", "--unified", "--inter-hunk-context"],
};

/// `git config`, for what its words are.
const CONFIG: Subcommand = Subcommand {
    name: "config",
    evading: "",
    shortest: "",
    restoring: &[],
    letter: None,
    with_argument: "f",
    with_rest: "",
    long: &["--file", "--blob", "--type", "--default", "--value", "--comment"],
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

/// A program that runs the command after it, or a text of shell.
struct Wrapper {
    name: &'static str,
    /// As those of a [`Subcommand`].
    with_argument: &'static str,
    long: &'static [&'static str],
    /// How many words stand before the command; nothing, where there is no command.
    operands: Option<usize>,
    /// The letter after which the first word that is no option is a text.
    text: Option<u8>,
}

const PLAIN: Wrapper = Wrapper { name: "", with_argument: "", long: &[], operands: Some(0), text: None };

const SHELL: Wrapper = Wrapper {
    with_argument: "oO",
    long: &["--rcfile", "--init-file"],
    operands: None,
    text: Some(b'c'),
    ..PLAIN
};

const WRAPPERS: [Wrapper; 20] = [
    Wrapper { name: "time", with_argument: "fo", long: &["--format", "--output"], ..PLAIN },
    Wrapper { name: "coproc", ..PLAIN },
    Wrapper { name: "command", ..PLAIN },
    Wrapper { name: "builtin", ..PLAIN },
    Wrapper { name: "exec", with_argument: "a", ..PLAIN },
    Wrapper { name: "env", with_argument: "uC", long: &["--unset", "--chdir"], text: Some(b'S'), ..PLAIN },
    Wrapper { name: "nohup", ..PLAIN },
    Wrapper { name: "setsid", ..PLAIN },
    Wrapper { name: "nice", with_argument: "n", long: &["--adjustment"], ..PLAIN },
    Wrapper { name: "ionice", with_argument: "cn", long: &["--class", "--classdata"], ..PLAIN },
    Wrapper { name: "stdbuf", with_argument: "ioe", long: &["--input", "--output", "--error"], ..PLAIN },
    Wrapper {
        name: "timeout",
        with_argument: "ks",
        long: &["--kill-after", "--signal"],
        operands: Some(1),
        ..PLAIN
    },
    Wrapper {
        name: "sudo",
        with_argument: "CDghpRrTtuU",
        long: &[
            "--chdir",
            "--chroot",
            "--close-from",
            "--command-timeout",
            "--group",
            "--host",
            "--other-user",
            "--prompt",
            "--role",
            "--type",
            "--user",
        ],
        ..PLAIN
    },
    Wrapper { name: "doas", with_argument: "Cu", ..PLAIN },
    Wrapper {
        name: "xargs",
        with_argument: "adEILnPs",
        long: &["--arg-file", "--delimiter", "--max-args", "--max-chars", "--max-procs"],
        ..PLAIN
    },
    Wrapper { name: "sh", ..SHELL },
    Wrapper { name: "bash", ..SHELL },
    Wrapper { name: "dash", ..SHELL },
    Wrapper { name: "ksh", ..SHELL },
    Wrapper { name: "zsh", ..SHELL },
];

/// How many texts of shell may stand in one another.
const DEEPEST: usize = 8;

/// The first command of `text` that goes past the guard. What cannot be read is no
/// such command: this is advice, and git's hooks are the wall.
#[must_use]
pub fn find(text: &str, shell: Shell) -> Option<Evasion> {
    find_at(0, text.as_bytes(), shell)
}

fn find_at(depth: usize, text: &[u8], shell: Shell) -> Option<Evasion> {
    if depth == DEEPEST {
        return None;
    }
    shell::commands(text, shell)?.iter().find_map(|words| of_command(depth, words))
}

/// Looks through what runs the command, which may be git in the end.
fn of_command(depth: usize, mut words: &[BString]) -> Option<Evasion> {
    let mut assigned = None;
    loop {
        let (first, mut rest) = words.split_first()?;
        if let Some((name, value)) = shell::assignment(first) {
            let is_found = assigned_hooks(name, value) || switched_off(name, value) && commits(rest);
            assigned = assigned.or_else(|| is_found.then(|| Evasion::OtherHooks(first.clone())));
            words = rest;
            continue;
        }
        let name = file_name(first.as_bstr());
        if name == "git" {
            return assigned.or_else(|| of_git(rest));
        }
        if name == "eval" {
            return find_at(depth + 1, &bstr::join(" ", rest), Shell::Posix);
        }
        let wrapper = WRAPPERS.iter().find(|wrapper| name == wrapper.name)?;
        let mut is_text = false;
        while let Some((option, after)) = rest.split_first().filter(|(word, _)| word.starts_with(b"-")) {
            let (letters, has_argument) = option_parts(option, wrapper.with_argument, "", wrapper.long);
            is_text |= letters.iter().any(|letter| Some(*letter) == wrapper.text);
            rest = after.get(usize::from(has_argument)..)?;
        }
        if is_text {
            return find_at(depth + 1, rest.first()?, Shell::Posix);
        }
        words = rest.get(wrapper.operands?..)?;
    }
}

fn of_git(mut words: &[BString]) -> Option<Evasion> {
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
    if name == CONFIG.name {
        return of_config(words);
    }
    let subcommand = SUBCOMMANDS.iter().find(|subcommand| name == subcommand.name)?;
    let (option, operands) = subcommand.evading_option(words);
    let option = option?.to_owned();
    if subcommand.evading == ADD.evading {
        let path = operands.into_iter().find(|operand| is_session_work(operand))?;
        return Some(Evasion::Forced(path.to_owned()));
    }
    Some(Evasion::NoHooks { subcommand: subcommand.name, option })
}

/// What is read or unset may have a value too, for a pattern: `--get…`, `--unset…`.
fn of_config(words: &[BString]) -> Option<Evasion> {
    if words.iter().any(|word| word.starts_with(b"--ge") || word.starts_with(b"--u")) {
        return None;
    }
    let (_, operands) = CONFIG.evading_option(words);
    let is_set = operands.first().is_some_and(|operand| *operand == "set");
    let [key, value, ..] = operands.get(usize::from(is_set)..)? else { return None };
    let setting = BString::from(bstr::join("=", [key, value]));
    is_about_hooks(setting.as_bstr()).then_some(Evasion::OtherHooks(setting))
}

/// The last component of a program's path.
pub(super) fn file_name(program: &BStr) -> &BStr {
    let name = program.rsplit(|byte| b"/\\".contains(byte)).next().unwrap_or_default();
    name.strip_suffix(b".exe").unwrap_or(name).as_bstr()
}

/// Whether `KEY=VALUE` says which hooks git runs. Sections and names are the same in
/// any letter case. To switch a hook on is fine.
fn is_about_hooks(setting: &BStr) -> bool {
    let (key, value) = setting.split_once_str("=").unwrap_or((setting, b"true"));
    let (key, value) = (key.to_ascii_lowercase(), value.to_ascii_lowercase());
    let is_on = [&b"true"[..], b"yes", b"on", b"1"].contains(&value.as_slice());
    key == b"core.hookspath" || key.starts_with(b"hook.") && key.ends_with(b".enabled") && !is_on
}

/// Whether a variable of the environment tells git a directory of hooks: a key alone, or
/// `'KEY=VALUE'` or `'KEY'='VALUE'`.
fn assigned_hooks(name: &[u8], value: &[u8]) -> bool {
    let is_gits = name == b"GIT_CONFIG_PARAMETERS" || name.starts_with(b"GIT_CONFIG_KEY_");
    let key = value.split(|byte| b"'=".contains(byte)).find(|part| !part.is_empty()).unwrap_or_default();
    is_gits && key.eq_ignore_ascii_case(b"core.hooksPath")
}

/// Whether a variable of the environment has another hook manager run no hooks, or not
/// this one.
fn switched_off(name: &[u8], value: &[u8]) -> bool {
    match name {
        b"HUSKY" | b"LEFTHOOK" => value == b"0" || value == b"false",
        b"SKIP" | b"PREK_SKIP" => value.contains_str("stage-guard"),
        _ => false,
    }
}

/// Whether git seems to be told to do what hooks are run for.
fn commits(words: &[BString]) -> bool {
    let runs_hooks = |subcommand: &&Subcommand| subcommand.evading == NO_HOOKS.evading;
    let mut names = SUBCOMMANDS.iter().filter(runs_hooks).map(|subcommand| subcommand.name);
    names.any(|name| words.iter().any(|word| word == name))
}

/// Whether a pathspec names what is in a session directory. Other magic than that of
/// `:/` and `:(top)` may exclude it.
fn is_session_work(pathspec: &BStr) -> bool {
    let mut prefixes = [":/", ":(top)"].iter();
    let path = prefixes.find_map(|prefix| pathspec.strip_prefix(prefix.as_bytes())).unwrap_or(pathspec);
    !path.starts_with(b":") && is_in_session_directory(path.as_bstr())
}

/// The letters of an option, before those that are an argument; and whether the next word
/// is its argument. A long option has no letters, and may be abbreviated.
fn option_parts<'w>(word: &'w [u8], with_argument: &str, with_rest: &str, long: &[&str]) -> (&'w [u8], bool) {
    if word.starts_with(b"--") {
        return (b"", word.len() > 2 && long.iter().any(|option| option.as_bytes().starts_with(word)));
    }
    let letters = word.get(1..).unwrap_or_default();
    let has_argument = |letter: &u8| with_argument.as_bytes().contains(letter);
    let ends = |letter: &u8| has_argument(letter) || with_rest.as_bytes().contains(letter);
    let end = letters.iter().position(ends).unwrap_or(letters.len());
    (&letters[..end], letters[end..].first().is_some_and(has_argument) && end + 1 == letters.len())
}

impl Subcommand {
    /// The word that goes past the guard, where none after it takes it back; and the words
    /// that are no options.
    fn evading_option<'w>(&self, words: &'w [BString]) -> (Option<&'w BStr>, Vec<&'w BStr>) {
        let (mut evading, mut operands) = (None, Vec::new());
        let mut rest = words.iter().map(|word| word.as_bstr());
        while let Some(word) = rest.next() {
            if word == "--" {
                operands.extend(rest);
                break;
            }
            if !word.starts_with(b"-") {
                operands.push(word);
                continue;
            }
            let (letters, has_argument) = option_parts(word, self.with_argument, self.with_rest, self.long);
            let abbreviates = |option: &str| option.as_bytes().starts_with(word);
            let is_evading = word.starts_with(self.shortest.as_bytes()) && abbreviates(self.evading)
                || letters.iter().any(|letter| Some(*letter) == self.letter);
            if is_evading {
                evading = evading.or(Some(word));
            } else if self.restoring.iter().any(|option| abbreviates(option)) {
                evading = None;
            }
            if has_argument {
                rest.next();
            }
        }
        (evading, operands)
    }
}
