//! Finds commands that bypass a repository's git hooks.
//!
//! The result is advice to an agent: the git hooks do not depend on it. A command that
//! cannot be parsed is allowed.

use bstr::{BStr, BString, ByteSlice};

use super::shell::{self, Shell};
use crate::policy::is_in_session_directory;

/// How a command bypasses the hooks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Bypass {
    /// A git subcommand with an option that skips the hooks.
    HooksSkipped {
        /// The subcommand.
        subcommand: &'static str,
        /// The option, as it is written.
        option: BString,
    },
    /// A setting that makes git run other hooks, or fewer.
    HooksOverridden(BString),
    /// A path in the session directory that is staged although git ignores it.
    ForcedAdd(BString),
}

/// A git subcommand, and the options that determine the meaning of its arguments.
struct Subcommand {
    name: &'static str,
    /// The option that bypasses the hooks or the ignore rules.
    bypass: &'static str,
    /// The shortest abbreviation of `bypass` that git accepts.
    shortest: &'static str,
    /// Options that cancel `bypass` if they come after it.
    cancel: &'static [&'static str],
    /// The short form of `bypass`.
    short: Option<u8>,
    /// Short options with a value: the rest of the word or, if that is empty, the next word.
    short_with_value: &'static str,
    /// Short options with an optional value: the rest of the word.
    short_with_optional_value: &'static str,
    /// Long options with a value: after a `=` or, without one, the next word.
    long_with_value: &'static [&'static str],
}

/// A subcommand that runs hooks.
const NO_VERIFY: Subcommand = Subcommand {
    name: "",
    bypass: "--no-verify",
    shortest: "--no-veri",
    cancel: &["--verify", "--no-no-verify"],
    short: None,
    short_with_value: "",
    short_with_optional_value: "",
    long_with_value: &[],
};

/// `git add`.
const ADD: Subcommand = Subcommand {
    name: "add",
    bypass: "--force",
    shortest: "--f",
    cancel: &["--no-force"],
    short: Some(b'f'),
    short_with_value: "U",
    short_with_optional_value: "",
    long_with_value: &["--chmod", "--pathspec-from-file", "--unified", "--inter-hunk-context"],
};

/// `git config`, which has no option to bypass anything.
const CONFIG: Subcommand = Subcommand {
    name: "config",
    bypass: "",
    shortest: "",
    cancel: &[],
    short: None,
    short_with_value: "f",
    short_with_optional_value: "",
    long_with_value: &["--file", "--blob", "--type", "--default", "--value", "--comment"],
};

/// The subcommands of git that are checked.
const SUBCOMMANDS: [Subcommand; 8] = [
    Subcommand {
        name: "commit",
        short: Some(b'n'),
        short_with_value: "mFCctU",
        short_with_optional_value: "Su",
        long_with_value: &[
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
        ..NO_VERIFY
    },
    Subcommand {
        name: "merge",
        short_with_value: "mFsX",
        short_with_optional_value: "S",
        long_with_value: &[
            "--message",
            "--file",
            "--strategy",
            "--strategy-option",
            "--into-name",
            "--cleanup",
        ],
        ..NO_VERIFY
    },
    Subcommand {
        name: "pull",
        short_with_value: "sXo",
        short_with_optional_value: "Sjr",
        long_with_value: &[
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
        ..NO_VERIFY
    },
    Subcommand {
        name: "push",
        short_with_value: "o",
        long_with_value: &["--push-option", "--repo", "--receive-pack", "--exec", "--recurse-submodules"],
        ..NO_VERIFY
    },
    Subcommand {
        name: "rebase",
        short_with_value: "xsXC",
        short_with_optional_value: "Sr",
        long_with_value: &["--exec", "--strategy", "--strategy-option", "--onto", "--whitespace"],
        ..NO_VERIFY
    },
    Subcommand {
        name: "am",
        short: Some(b'n'),
        short_with_value: "pC",
        short_with_optional_value: "S",
        long_with_value: &[
            "--directory",
            "--exclude",
            "--include",
            "--patch-format",
            "--whitespace",
            "--resolvemsg",
        ],
        ..NO_VERIFY
    },
    ADD,
    Subcommand { name: "stage", ..ADD },
];

/// git's global options with a value in the next word.
const GLOBAL_WITH_VALUE: [&str; 8] = [
    "-C",
    "-c",
    "--git-dir",
    "--work-tree",
    "--namespace",
    "--super-prefix",
    "--config-env",
    "--attr-source",
];

/// A program that runs the command in its arguments, or a script.
struct Wrapper {
    name: &'static str,
    /// See [`Subcommand::short_with_value`].
    short_with_value: &'static str,
    /// See [`Subcommand::long_with_value`].
    long_with_value: &'static [&'static str],
    /// The number of words before the command; `None` if it runs no command.
    operands: Option<usize>,
    /// The short option after which the first word that is not an option is a script.
    script: Option<u8>,
}

/// A program that runs the command after its options.
const PLAIN: Wrapper =
    Wrapper { name: "", short_with_value: "", long_with_value: &[], operands: Some(0), script: None };

/// A shell, which runs a command only as a script.
const SHELL: Wrapper = Wrapper {
    short_with_value: "oO",
    long_with_value: &["--rcfile", "--init-file"],
    operands: None,
    script: Some(b'c'),
    ..PLAIN
};

/// The programs whose command is checked too.
const WRAPPERS: [Wrapper; 20] = [
    Wrapper { name: "time", short_with_value: "fo", long_with_value: &["--format", "--output"], ..PLAIN },
    Wrapper { name: "coproc", ..PLAIN },
    Wrapper { name: "command", ..PLAIN },
    Wrapper { name: "builtin", ..PLAIN },
    Wrapper { name: "exec", short_with_value: "a", ..PLAIN },
    Wrapper {
        name: "env",
        short_with_value: "uC",
        long_with_value: &["--unset", "--chdir"],
        script: Some(b'S'),
        ..PLAIN
    },
    Wrapper { name: "nohup", ..PLAIN },
    Wrapper { name: "setsid", ..PLAIN },
    Wrapper { name: "nice", short_with_value: "n", long_with_value: &["--adjustment"], ..PLAIN },
    Wrapper { name: "ionice", short_with_value: "cn", long_with_value: &["--class", "--classdata"], ..PLAIN },
    Wrapper {
        name: "stdbuf",
        short_with_value: "ioe",
        long_with_value: &["--input", "--output", "--error"],
        ..PLAIN
    },
    Wrapper {
        name: "timeout",
        short_with_value: "ks",
        long_with_value: &["--kill-after", "--signal"],
        operands: Some(1),
        ..PLAIN
    },
    Wrapper {
        name: "sudo",
        short_with_value: "CDghpRrTtuU",
        long_with_value: &[
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
    Wrapper { name: "doas", short_with_value: "Cu", ..PLAIN },
    Wrapper {
        name: "xargs",
        short_with_value: "adEILnPs",
        long_with_value: &["--arg-file", "--delimiter", "--max-args", "--max-chars", "--max-procs"],
        ..PLAIN
    },
    Wrapper { name: "sh", ..SHELL },
    Wrapper { name: "bash", ..SHELL },
    Wrapper { name: "dash", ..SHELL },
    Wrapper { name: "ksh", ..SHELL },
    Wrapper { name: "zsh", ..SHELL },
];

/// The deepest nesting of scripts in the arguments of commands.
const MAX_SCRIPTS: usize = 8;

/// Returns the first bypass in `script`. A script that cannot be parsed has none.
#[must_use]
pub(crate) fn find(script: &str, shell: Shell) -> Option<Bypass> {
    find_in_script(0, script.as_bytes(), shell)
}

fn find_in_script(depth: usize, script: &[u8], shell: Shell) -> Option<Bypass> {
    if depth == MAX_SCRIPTS {
        return None;
    }
    shell::commands(script, shell)?.iter().find_map(|words| find_in_command(depth, words))
}

/// Follows assignments and wrappers to the command that runs in the end.
fn find_in_command(depth: usize, mut words: &[BString]) -> Option<Bypass> {
    let mut from_environment = None;
    loop {
        let (first, mut rest) = words.split_first()?;
        if let Some((name, value)) = shell::parse_assignment(first) {
            let is_bypass =
                sets_hooks_path(name, value) || disables_hook_manager(name, value) && names_hooked(rest);
            from_environment =
                from_environment.or_else(|| is_bypass.then(|| Bypass::HooksOverridden(first.clone())));
            words = rest;
            continue;
        }
        let name = file_name(first.as_bstr());
        if name == "git" {
            return from_environment.or_else(|| find_in_git(rest));
        }
        if name == "eval" {
            return find_in_script(depth + 1, &bstr::join(" ", rest), Shell::Posix);
        }
        let wrapper = WRAPPERS.iter().find(|wrapper| name == wrapper.name)?;
        let mut is_script = false;
        while let Some((option, after)) = rest.split_first().filter(|(word, _)| word.starts_with(b"-")) {
            let (letters, takes_next) =
                split_option(option, wrapper.short_with_value, "", wrapper.long_with_value);
            is_script |= letters.iter().any(|letter| Some(*letter) == wrapper.script);
            rest = after.get(usize::from(takes_next)..)?;
        }
        if is_script {
            return find_in_script(depth + 1, rest.first()?, Shell::Posix);
        }
        words = rest.get(wrapper.operands?..)?;
    }
}

/// Finds a bypass in the arguments of `git`.
fn find_in_git(mut words: &[BString]) -> Option<Bypass> {
    while let Some((word, rest)) = words.split_first().filter(|(word, _)| word.starts_with(b"-")) {
        let takes_next = GLOBAL_WITH_VALUE.iter().any(|option| word == option);
        let (option, setting) = match word.split_once_str("=") {
            Some((option, setting)) => (option.as_bstr(), setting.as_bstr()),
            None => (word.as_bstr(), rest.first().map(|next| next.as_bstr()).unwrap_or_default()),
        };
        if (option == "-c" || option == "--config-env") && overrides_hooks(setting) {
            return Some(Bypass::HooksOverridden(setting.to_owned()));
        }
        words = rest.get(usize::from(takes_next)..)?;
    }
    let (name, words) = words.split_first()?;
    if name == CONFIG.name {
        return find_in_git_config(words);
    }
    let subcommand = SUBCOMMANDS.iter().find(|subcommand| name == subcommand.name)?;
    let (option, operands) = subcommand.parse(words);
    let option = option?.to_owned();
    if subcommand.runs_hooks() {
        return Some(Bypass::HooksSkipped { subcommand: subcommand.name, option });
    }
    let path = operands.into_iter().find(|pathspec| names_session_directory(pathspec))?;
    Some(Bypass::ForcedAdd(path.to_owned()))
}

/// Finds a setting in the arguments of `git config`.
fn find_in_git_config(words: &[BString]) -> Option<Bypass> {
    // `--get…` and `--unset…` accept a value too, as a pattern.
    if words.iter().any(|word| word.starts_with(b"--ge") || word.starts_with(b"--u")) {
        return None;
    }
    let (_, operands) = CONFIG.parse(words);
    let is_set = operands.first().is_some_and(|operand| *operand == "set");
    let [key, value, ..] = operands.get(usize::from(is_set)..)? else { return None };
    let setting = BString::from(bstr::join("=", [key, value]));
    overrides_hooks(setting.as_bstr()).then_some(Bypass::HooksOverridden(setting))
}

/// Returns the last component of a program's path, without `.exe`.
pub(super) fn file_name(program: &BStr) -> &BStr {
    let name = program.rsplit(|byte| b"/\\".contains(byte)).next().unwrap_or_default();
    name.strip_suffix(b".exe").unwrap_or(name).as_bstr()
}

/// Whether the setting `KEY=VALUE` replaces git's hooks or disables one.
fn overrides_hooks(setting: &BStr) -> bool {
    let (key, value) = setting.split_once_str("=").unwrap_or((setting, b"true"));
    let (key, value) = (key.to_ascii_lowercase(), value.to_ascii_lowercase());
    let is_true = [&b"true"[..], b"yes", b"on", b"1"].contains(&value.as_slice());
    key == b"core.hookspath" || key.starts_with(b"hook.") && key.ends_with(b".enabled") && !is_true
}

/// Whether an environment variable sets `core.hooksPath`.
///
/// Its value is the key, or begins with `'KEY=VALUE'` or `'KEY'='VALUE'`.
fn sets_hooks_path(name: &[u8], value: &[u8]) -> bool {
    let is_for_git = name == b"GIT_CONFIG_PARAMETERS" || name.starts_with(b"GIT_CONFIG_KEY_");
    let key = value.split(|byte| b"'=".contains(byte)).find(|part| !part.is_empty()).unwrap_or_default();
    is_for_git && key.eq_ignore_ascii_case(b"core.hooksPath")
}

/// Whether an environment variable makes a hook manager skip all hooks, or the guard.
fn disables_hook_manager(name: &[u8], value: &[u8]) -> bool {
    match name {
        b"HUSKY" | b"LEFTHOOK" => value == b"0" || value == b"false",
        b"SKIP" | b"PREK_SKIP" => value.contains_str("stage-guard"),
        _ => false,
    }
}

/// Whether one of `words` names a git subcommand that runs hooks.
fn names_hooked(words: &[BString]) -> bool {
    SUBCOMMANDS
        .iter()
        .filter(|subcommand| subcommand.runs_hooks())
        .any(|subcommand| words.iter().any(|word| word == subcommand.name))
}

/// Whether a pathspec names a path in a session directory.
///
/// Pathspec magic other than `:/` and `:(top)` may exclude the path, so it does not count.
fn names_session_directory(pathspec: &BStr) -> bool {
    let mut prefixes = [":/", ":(top)"].iter();
    let path = prefixes.find_map(|prefix| pathspec.strip_prefix(prefix.as_bytes())).unwrap_or(pathspec);
    !path.starts_with(b":") && is_in_session_directory(path.as_bstr())
}

/// Returns the letters of an option, and whether the next word is its value.
///
/// The letters are those of short options without a value. A long option has none, and may
/// be abbreviated.
fn split_option<'w>(
    word: &'w [u8],
    short_with_value: &str,
    short_with_optional_value: &str,
    long_with_value: &[&str],
) -> (&'w [u8], bool) {
    if word.starts_with(b"--") {
        let abbreviates = |option: &&str| option.as_bytes().starts_with(word);
        return (b"", word.len() > 2 && long_with_value.iter().any(abbreviates));
    }
    let letters = word.get(1..).unwrap_or_default();
    let has_value = |letter: &u8| short_with_value.as_bytes().contains(letter);
    let is_last = |letter: &u8| has_value(letter) || short_with_optional_value.as_bytes().contains(letter);
    let end = letters.iter().position(is_last).unwrap_or(letters.len());
    (&letters[..end], letters[end..].first().is_some_and(has_value) && end + 1 == letters.len())
}

impl Subcommand {
    fn runs_hooks(&self) -> bool {
        self.bypass == NO_VERIFY.bypass
    }

    /// Returns the option that bypasses, unless a later one cancels it, and the operands.
    fn parse<'w>(&self, words: &'w [BString]) -> (Option<&'w BStr>, Vec<&'w BStr>) {
        let (mut bypass, mut operands) = (None, Vec::new());
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
            let (letters, takes_next) = split_option(
                word,
                self.short_with_value,
                self.short_with_optional_value,
                self.long_with_value,
            );
            let abbreviates = |option: &str| option.as_bytes().starts_with(word);
            let is_bypass = word.starts_with(self.shortest.as_bytes()) && abbreviates(self.bypass)
                || letters.iter().any(|letter| Some(*letter) == self.short);
            if is_bypass {
                bypass = bypass.or(Some(word));
            } else if self.cancel.iter().any(|option| abbreviates(option)) {
                bypass = None;
            }
            if takes_next {
                rest.next();
            }
        }
        (bypass, operands)
    }
}

#[cfg(test)]
mod tests;
