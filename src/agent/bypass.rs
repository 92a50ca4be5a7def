//! Finds commands that bypass a repository's git hooks, or loosen their rules.
//!
//! The result is advice to an agent: the git hooks do not depend on it. A command that
//! cannot be parsed is allowed.

use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::PROGRAM;
use super::shell::{self, Shell};
use crate::policy::{SESSION_DIRECTORY, is_in_session_directory};

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
    /// A directory that is staged with the session directory in it, although git ignores that.
    ForcedAddAround(BString),
    /// `stage-guard allow`: a person has to decide what is allowed.
    Allow,
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
    /// The short and the long option whose value is a script.
    script: Option<(u8, &'static str)>,
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
    script: None,
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
    script: None,
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
    script: None,
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
        script: Some((b'x', "--exec")),
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

/// Long options of this program with a value in the next word.
const OWN_WITH_VALUE: [&str; 3] = ["--color", "--config", "--format"];

/// Options with which this program writes nothing.
const OWN_HARMLESS: [&str; 3] = ["--dry-run", "--help", "-h"];

/// A program that runs the command in its arguments, or a script.
struct Wrapper {
    name: &'static str,
    /// See [`Subcommand::short_with_value`].
    short_with_value: &'static str,
    /// See [`Subcommand::long_with_value`].
    long_with_value: &'static [&'static str],
    operands: Operands,
    /// The short option after which the first word that is not an option is a script.
    script: Option<u8>,
    /// The long form of `script`.
    long_script: &'static str,
}

/// The words after the options of a [`Wrapper`].
#[derive(Clone, Copy)]
enum Operands {
    /// A command, after this number of other words.
    Command(usize),
    /// The words of a script, up to a `:::` of `parallel`.
    Script,
    /// A file with a script; without one, the script is read from standard input.
    File,
}

/// A program that runs the command after its options.
const PLAIN: Wrapper = Wrapper {
    name: "",
    short_with_value: "",
    long_with_value: &[],
    operands: Operands::Command(0),
    script: None,
    long_script: "",
};

/// A shell, which runs a command only as a script.
const SHELL: Wrapper = Wrapper {
    short_with_value: "oO",
    long_with_value: &["--rcfile", "--init-file"],
    operands: Operands::File,
    script: Some(b'c'),
    ..PLAIN
};

/// A program that runs a command as another user, or that has the option `-c`.
const WITH_SCRIPT: Wrapper = Wrapper { script: Some(b'c'), long_script: "--command", ..PLAIN };

/// The names of files that are the standard input.
const STDIN: [&str; 3] = ["-", "/dev/stdin", "/dev/fd/0"];

/// Programs that run a command for each file, and the options in front of the command.
const FINDERS: [(&str, &[&str]); 3] = [
    ("find", &["-exec", "-execdir", "-ok", "-okdir"]),
    ("fd", &["-x", "--exec", "-X", "--exec-batch"]),
    ("fdfind", &["-x", "--exec", "-X", "--exec-batch"]),
];

/// The programs whose command is checked too.
const WRAPPERS: [Wrapper; 43] = [
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
        long_script: "--split-string",
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
        operands: Operands::Command(1),
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
    Wrapper { name: "ash", ..SHELL },
    Wrapper { name: "source", script: None, ..SHELL },
    Wrapper { name: ".", script: None, ..SHELL },
    Wrapper { name: "busybox", ..PLAIN },
    Wrapper { name: "caffeinate", short_with_value: "tw", ..PLAIN },
    Wrapper { name: "chrt", short_with_value: "TPD", operands: Operands::Command(1), ..PLAIN },
    Wrapper { name: "entr", ..PLAIN },
    Wrapper { name: "fakeroot", short_with_value: "lsib", ..PLAIN },
    Wrapper {
        name: "flock",
        short_with_value: "wE",
        long_with_value: &["--timeout", "--wait", "--conflict-exit-code"],
        operands: Operands::Command(1),
        ..WITH_SCRIPT
    },
    Wrapper {
        name: "npx",
        short_with_value: "pw",
        long_with_value: &["--package", "--workspace"],
        script: Some(b'c'),
        long_script: "--call",
        ..PLAIN
    },
    Wrapper {
        name: "parallel",
        short_with_value: "jaIN",
        long_with_value: &["--jobs", "--arg-file", "--delay", "--joblog", "--results"],
        operands: Operands::Script,
        ..PLAIN
    },
    Wrapper { name: "pipx", operands: Operands::Command(1), ..PLAIN },
    Wrapper { name: "pipenv", operands: Operands::Command(1), ..PLAIN },
    Wrapper { name: "poetry", operands: Operands::Command(1), ..PLAIN },
    Wrapper { name: "runuser", operands: Operands::Command(1), ..WITH_SCRIPT },
    Wrapper { name: "script", short_with_value: "EIOoBTm", ..WITH_SCRIPT },
    Wrapper { name: "strace", short_with_value: "abeIoOpPsSuUX", ..PLAIN },
    Wrapper { name: "su", short_with_value: "gGsw", operands: Operands::Command(1), ..WITH_SCRIPT },
    Wrapper { name: "taskset", operands: Operands::Command(1), ..PLAIN },
    Wrapper { name: "unbuffer", ..PLAIN },
    Wrapper { name: "uv", operands: Operands::Command(1), ..PLAIN },
    Wrapper { name: "uvx", long_with_value: &["--from", "--with", "--python"], ..PLAIN },
    Wrapper {
        name: "watch",
        short_with_value: "nq",
        long_with_value: &["--interval", "--equexit"],
        operands: Operands::Script,
        ..PLAIN
    },
];

/// The deepest nesting of scripts in the arguments of commands.
const MAX_SCRIPTS: usize = 8;

/// Whether a forced add of a pathspec in a directory stages a session directory below it.
///
/// Both paths may be relative to the directory that the script runs in.
pub(crate) type StagesSessionDirectory<'f> = &'f dyn Fn(&Path, &Path) -> bool;

/// Returns the first bypass in `script`. A script that cannot be parsed has none.
#[must_use]
pub(crate) fn find(script: &str, shell: Shell, stages: StagesSessionDirectory) -> Option<Bypass> {
    Search { stages, directory: PathBuf::new() }.script(0, script.as_bytes(), shell)
}

/// A search for a bypass.
struct Search<'f> {
    stages: StagesSessionDirectory<'f>,
    /// The directory that the script has changed to with `cd`.
    directory: PathBuf,
}

impl Search<'_> {
    fn script(&mut self, depth: usize, script: &[u8], shell: Shell) -> Option<Bypass> {
        if depth == MAX_SCRIPTS {
            return None;
        }
        let commands = shell::commands(script, shell)?;
        commands.iter().find_map(|command| self.command(depth, &command.words, command.input.as_bstr()))
    }

    /// Follows assignments and wrappers to the command that runs in the end.
    fn command(&mut self, depth: usize, mut words: &[BString], input: &BStr) -> Option<Bypass> {
        let mut assignments = Vec::new();
        loop {
            let (first, rest) = words.split_first()?;
            if shell::parse_assignment(first).is_some() {
                assignments.push(first);
                words = rest;
                continue;
            }
            let name = file_name(first.as_bstr());
            match name.as_bytes() {
                b"git" => return find_in_assignments(&assignments, rest).or_else(|| self.git(depth, rest)),
                // It only says what would run.
                b"command" if rest.first().is_some_and(|option| option == "-v" || option == "-V") => {
                    return None;
                }
                _ if name == PROGRAM => return allows_paths(rest).then_some(Bypass::Allow),
                b"eval" => return self.script(depth + 1, &bstr::join(" ", rest), Shell::Posix),
                b"cd" | b"pushd" => {
                    self.directory.extend(rest.first().map(|to| to.to_path_lossy()));
                    return None;
                }
                _ => {}
            }
            if let Some((_, options)) = FINDERS.iter().find(|(finder, _)| name == finder) {
                return self.each_found(depth, rest, options);
            }
            let wrapper = WRAPPERS.iter().find(|wrapper| name == wrapper.name)?;
            match wrapper.unwrap(rest, input)? {
                Wrapped::Command(command) => words = command,
                Wrapped::Script(script) => return self.script(depth + 1, &script, Shell::Posix),
            }
        }
    }

    /// Searches the commands that `find` runs, each between one of `options` and `;` or `+`.
    fn each_found(&mut self, depth: usize, words: &[BString], options: &[&str]) -> Option<Bypass> {
        if depth == MAX_SCRIPTS {
            return None;
        }
        let mut commands = words.split(|word| options.iter().any(|option| word == option)).skip(1);
        commands.find_map(|command| {
            let is_end = |word: &&BString| matches!(word.as_slice(), b";" | b"+");
            let length = command.iter().take_while(|word| !is_end(word)).count();
            self.command(depth + 1, &command[..length], BStr::new(""))
        })
    }

    /// Searches the arguments of `git`.
    fn git(&mut self, depth: usize, words: &[BString]) -> Option<Bypass> {
        if depth == MAX_SCRIPTS {
            return None;
        }
        let (options, words) = GlobalOptions::parse(words);
        if let Some(setting) = options.settings.iter().find(|setting| overrides_hooks(setting)) {
            return Some(Bypass::HooksOverridden((*setting).to_owned()));
        }
        let (name, words) = words.split_first()?;
        match options.script_of_alias(name, words) {
            Some(script) => self.script(depth + 1, &script, Shell::Posix),
            None => self.subcommand(depth, name, words, &self.directory.join(options.directory)),
        }
    }

    /// Searches the arguments of a subcommand of git, which runs in `directory`.
    fn subcommand(
        &mut self,
        depth: usize,
        name: &BString,
        words: &[BString],
        directory: &Path,
    ) -> Option<Bypass> {
        let after = |word: &str| words.iter().position(|other| other == word).map(|at| &words[at + 1..]);
        match name.as_bytes() {
            b"config" => return find_in_git_config(words),
            b"bisect" => return self.command(depth + 1, after("run")?, BStr::new("")),
            b"submodule" => {
                let script = after("foreach")?.iter().skip_while(|word| word.starts_with(b"-"));
                return self.script(depth + 1, &bstr::join(" ", script), Shell::Posix);
            }
            _ => {}
        }
        let subcommand = SUBCOMMANDS.iter().find(|subcommand| name == subcommand.name)?;
        let Parsed { bypass, operands, scripts } = subcommand.parse(words);
        match bypass {
            None => scripts.iter().find_map(|script| self.script(depth + 1, script, Shell::Posix)),
            Some(option) if subcommand.runs_hooks() => {
                Some(Bypass::HooksSkipped { subcommand: subcommand.name, option: option.to_owned() })
            }
            Some(_) => self.forced_add(directory, words, &operands),
        }
    }

    /// Searches the pathspecs of a forced `git add`, which runs in `directory`.
    fn forced_add(&self, directory: &Path, words: &[BString], operands: &[&BStr]) -> Option<Bypass> {
        if let Some(path) = operands.iter().find(|pathspec| names_session_directory(pathspec)) {
            return Some(Bypass::ForcedAdd((*path).to_owned()));
        }
        if operands.iter().any(|pathspec| excludes_session_directory(pathspec)) {
            return None;
        }
        if operands.is_empty() {
            let is_all =
                |word: &&BString| *word == "--all" || is_short_group(word.as_bstr()) && word.contains(&b'A');
            return words.iter().find(is_all).map(|word| Bypass::ForcedAddAround(word.clone()));
        }
        let stages = |pathspec: &&&BStr| match pathspec.as_bytes() {
            b":/" | b":" | b":(top)" => true,
            path if path.starts_with(b":") => false,
            path => {
                let path = path.strip_suffix(b"*").unwrap_or(path);
                let path = if path.is_empty() { b"." } else { path };
                (self.stages)(directory, &path.to_path_lossy())
            }
        };
        operands.iter().find(stages).map(|path| Bypass::ForcedAddAround((*path).to_owned()))
    }
}

/// The options between `git` and its subcommand that change what the subcommand does.
#[derive(Default)]
struct GlobalOptions<'w> {
    /// The directory that `-C` changes to.
    directory: PathBuf,
    /// The values of `-c` and `--config-env`: `KEY=VALUE`.
    settings: Vec<&'w BStr>,
    /// The names and the commands of aliases.
    aliases: Vec<(&'w [u8], &'w [u8])>,
}

impl<'w> GlobalOptions<'w> {
    /// Parses the options, and returns the words after them, too.
    fn parse(mut words: &'w [BString]) -> (Self, &'w [BString]) {
        let mut options = Self::default();
        while let Some((word, rest)) = words.split_first().filter(|(word, _)| word.starts_with(b"-")) {
            let takes_next = GLOBAL_WITH_VALUE.iter().any(|option| word == option);
            let (option, value) = match word.split_once_str("=") {
                Some((option, value)) => (option, value.as_bstr()),
                None => (word.as_slice(), rest.first().map(|next| next.as_bstr()).unwrap_or_default()),
            };
            match option {
                b"-C" => options.directory.push(value.to_path_lossy()),
                b"-c" => {
                    options.settings.push(value);
                    options.aliases.extend(parse_alias(value));
                }
                b"--config-env" => options.settings.push(value),
                _ => {}
            }
            words = rest.get(usize::from(takes_next)..).unwrap_or_default();
        }
        (options, words)
    }

    /// Returns the script that the alias `name` runs with the arguments `words`.
    fn script_of_alias(&self, name: &BString, words: &[BString]) -> Option<Vec<u8>> {
        let (_, alias) = self.aliases.iter().find(|(alias, _)| name.eq_ignore_ascii_case(alias))?;
        let command = match alias.strip_prefix(b"!") {
            Some(script) => script.to_owned(),
            None => bstr::concat([b"git ", *alias]),
        };
        Some(bstr::join(" ", [command, bstr::join(" ", words)]))
    }
}

/// What a [`Wrapper`] runs.
enum Wrapped<'w> {
    Command(&'w [BString]),
    Script(BString),
}

impl Wrapper {
    /// Returns what runs with these arguments and this standard input; `None` if that is unknown.
    fn unwrap<'w>(&self, mut rest: &'w [BString], input: &BStr) -> Option<Wrapped<'w>> {
        let (mut is_script, mut only_parses, mut reads_stdin) = (false, false, false);
        let skipped = match self.operands {
            Operands::Command(skipped) => skipped,
            Operands::Script | Operands::File => 0,
        };
        // The options may continue after the operands, as in `su me -c SCRIPT`.
        for operands in [0, skipped] {
            if is_script {
                break;
            }
            rest = rest.get(operands..)?;
            while let Some((option, after)) = rest.split_first().filter(|(word, _)| word.starts_with(b"-")) {
                if let Some(script) = self.script_in(option.as_bstr()) {
                    return Some(Wrapped::Script(script.into()));
                }
                let (letters, takes_next) =
                    split_option(option, self.short_with_value, "", self.long_with_value);
                is_script |= letters.iter().any(|letter| Some(*letter) == self.script)
                    || !self.long_script.is_empty() && option == self.long_script;
                only_parses |= letters.contains(&b'n');
                reads_stdin |= letters.contains(&b's') || option == "-";
                rest = after.get(usize::from(takes_next)..)?;
            }
        }
        if is_script {
            return rest.first().map(|script| Wrapped::Script(script.clone()));
        }
        match self.operands {
            Operands::Command(_) => Some(Wrapped::Command(rest)),
            Operands::Script => {
                let words = rest.iter().take_while(|word| !word.starts_with(b":::"));
                Some(Wrapped::Script(bstr::join(" ", words).into()))
            }
            Operands::File => {
                let is_stdin = |file: &BString| STDIN.iter().any(|name| file == name);
                let reads_stdin = reads_stdin || rest.first().is_none_or(is_stdin);
                (reads_stdin && !only_parses).then(|| Wrapped::Script(input.to_owned()))
            }
        }
    }

    /// Returns the script in an option of the form `--command=SCRIPT`.
    fn script_in<'w>(&self, option: &'w BStr) -> Option<&'w [u8]> {
        let long = Some(self.long_script).filter(|long| !long.is_empty())?;
        option.strip_prefix(long.as_bytes())?.strip_prefix(b"=")
    }
}

/// Returns the name and the command of the setting `alias.NAME=COMMAND`.
fn parse_alias(setting: &BStr) -> Option<(&[u8], &[u8])> {
    let (key, command) = setting.split_once_str("=")?;
    let prefix = key.get(..6)?;
    prefix.eq_ignore_ascii_case(b"alias.").then(|| (&key[6..], command))
}

/// Whether a word is a group of short options.
fn is_short_group(word: &BStr) -> bool {
    word.starts_with(b"-") && !word.starts_with(b"--")
}

/// Whether a pathspec excludes the session directory.
fn excludes_session_directory(pathspec: &BStr) -> bool {
    let Some(magic) = pathspec.strip_prefix(b":") else { return false };
    let is_excluding = magic.starts_with(b"!")
        || magic.starts_with(b"^")
        || magic.contains_str("exclude")
        || magic.contains_str(":!");
    is_excluding && magic.to_ascii_lowercase().contains_str(SESSION_DIRECTORY)
}

/// Finds a setting in the arguments of `git config`.
fn find_in_git_config(words: &[BString]) -> Option<Bypass> {
    // `--get…` and `--unset…` accept a value too, as a pattern.
    if words.iter().any(|word| word.starts_with(b"--ge") || word.starts_with(b"--u")) {
        return None;
    }
    let operands = CONFIG.parse(words).operands;
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

/// Whether these arguments of this program add to `allow` in the configuration.
fn allows_paths(words: &[BString]) -> bool {
    let options = words.split(|word| word == "--").next().unwrap_or_default();
    if options.iter().any(|word| OWN_HARMLESS.iter().any(|option| word == option)) {
        return false;
    }
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with(b"-") {
            return word == "allow";
        }
        if split_option(word, "C", "", &OWN_WITH_VALUE).1 {
            words.next();
        }
    }
    false
}

/// Whether the setting `KEY=VALUE` replaces git's hooks or disables one.
fn overrides_hooks(setting: &BStr) -> bool {
    let (key, value) = setting.split_once_str("=").unwrap_or((setting, b"true"));
    let (key, value) = (key.to_ascii_lowercase(), value.to_ascii_lowercase());
    let is_true = [&b"true"[..], b"yes", b"on", b"1"].contains(&value.as_slice());
    key == b"core.hookspath" || key.starts_with(b"hook.") && key.ends_with(b".enabled") && !is_true
}

/// Finds a variable that changes which hooks `git` runs with the arguments `words`.
fn find_in_assignments(assignments: &[&BString], words: &[BString]) -> Option<Bypass> {
    let variables: Vec<(&[u8], &[u8])> =
        assignments.iter().filter_map(|word| shell::parse_assignment(word)).collect();
    let is_bypass = |(name, value): (&[u8], &[u8])| {
        disables_hook_manager(name, value) && names_hooked(words)
            || settings_of(name, value, &variables).iter().any(|setting| overrides_hooks(setting.as_bstr()))
    };
    let bypass = assignments.iter().find(|word| shell::parse_assignment(word).is_some_and(is_bypass))?;
    Some(Bypass::HooksOverridden((*bypass).clone()))
}

/// Returns the settings `KEY=VALUE` that an environment variable gives git (git-config(1)).
///
/// The value of the key in `GIT_CONFIG_KEY_<n>` is that of `GIT_CONFIG_VALUE_<n>` in `variables`.
fn settings_of(name: &[u8], value: &[u8], variables: &[(&[u8], &[u8])]) -> Vec<BString> {
    if let Some(number) = name.strip_prefix(b"GIT_CONFIG_KEY_") {
        let is_value = |other: &[u8]| other.strip_prefix(b"GIT_CONFIG_VALUE_") == Some(number);
        let of_key = variables.iter().rfind(|(other, _)| is_value(other)).map(|(_, value)| *value);
        return vec![bstr::join("=", [Some(value), of_key].into_iter().flatten()).into()];
    }
    if name != b"GIT_CONFIG_PARAMETERS" {
        return Vec::new();
    }
    // Each setting is quoted for a shell: `'KEY=VALUE'` or `'KEY'='VALUE'`.
    let words = shell::commands(value, Shell::Posix).unwrap_or_default();
    words.into_iter().flat_map(|command| command.words).collect()
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

    /// Parses the words after the subcommand.
    fn parse<'w>(&self, words: &'w [BString]) -> Parsed<'w> {
        let mut parsed = Parsed { bypass: None, operands: Vec::new(), scripts: Vec::new() };
        let mut rest = words.iter().map(|word| word.as_bstr());
        while let Some(word) = rest.next() {
            if word == "--" {
                parsed.operands.extend(rest);
                break;
            }
            if !word.starts_with(b"-") {
                parsed.operands.push(word);
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
                parsed.bypass = parsed.bypass.or(Some(word));
            } else if self.cancel.iter().any(|option| abbreviates(option)) {
                parsed.bypass = None;
            }
            let next = if takes_next { rest.next() } else { None };
            parsed.scripts.extend(self.script_in(word, letters.len(), next));
        }
        parsed
    }

    /// Returns the script in an option, of which `flags` letters have no value, or in `next`.
    fn script_in<'w>(&self, word: &'w BStr, flags: usize, next: Option<&'w BStr>) -> Option<&'w BStr> {
        let (short, long) = self.script?;
        if word.starts_with(b"--") {
            let (name, value) = word
                .split_once_str("=")
                .map_or((word.as_bytes(), None), |(name, value)| (name, Some(value.as_bstr())));
            return value.or(next).filter(|_| name.len() > 2 && long.as_bytes().starts_with(name));
        }
        let value = word.get(flags + 1..)?.strip_prefix(&[short])?.as_bstr();
        if value.is_empty() { next } else { Some(value) }
    }
}

/// The words after a subcommand.
struct Parsed<'w> {
    /// The option that bypasses, unless a later one cancels it.
    bypass: Option<&'w BStr>,
    operands: Vec<&'w BStr>,
    /// The values of the option whose value is a script.
    scripts: Vec<&'w BStr>,
}

#[cfg(test)]
mod tests;
