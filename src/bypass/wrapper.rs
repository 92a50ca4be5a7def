//! Programs that run the command or the script in their arguments.

use bstr::{BStr, BString, ByteSlice};

use super::options::split_option;
use super::walk::Nested;

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
    /// A script, and other words.
    FirstScript,
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

/// The longest path that takes the place of a `{}`, in bytes.
const MAX_PATH: usize = 256;

/// The longest text that is read for `xargs`, in bytes.
const MAX_INPUT: usize = 4096;

/// Programs that run a command for each file, and the options in front of the command.
const FINDERS: [(&str, &[&str]); 3] = [
    ("find", &["-exec", "-execdir", "-ok", "-okdir"]),
    ("fd", &["-x", "--exec", "-X", "--exec-batch"]),
    ("fdfind", &["-x", "--exec", "-X", "--exec-batch"]),
];

/// The programs whose command is checked too.
const WRAPPERS: [Wrapper; 45] = [
    Wrapper { name: "trap", operands: Operands::FirstScript, ..PLAIN },
    Wrapper { name: "$SHELL", ..SHELL },
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

/// Returns the commands and scripts that a command runs in its turn.
pub(super) fn nested<'w>(program: &BStr, arguments: &'w [BString], input: &BStr) -> Vec<Nested<'w>> {
    // With these options, `command` only says what would run.
    let only_says = arguments.first().is_some_and(|option| option == "-v" || option == "-V");
    if program == "command" && only_says {
        return Vec::new();
    }
    if program == "alias" {
        let definitions = arguments.iter().filter_map(|word| word.split_once_str("="));
        return definitions.map(|(_, script)| Nested::Script(script.into())).collect();
    }
    if program == "eval" {
        return vec![Nested::Eval(bstr::join(" ", arguments).into())];
    }
    if let Some((_, options)) = FINDERS.iter().find(|(finder, _)| program == finder) {
        let found = found_files(arguments);
        let mut nested = for_each_file(arguments, options, &found);
        if arguments.iter().any(|word| word == "-delete") {
            nested.push(Nested::Command(vec!["rm".into(), found].into()));
        }
        return nested;
    }
    let wrapper = WRAPPERS.iter().find(|wrapper| program == wrapper.name);
    let mut nested: Vec<_> =
        wrapper.and_then(|wrapper| wrapper.nested(arguments, input)).into_iter().collect();
    if program == "xargs" {
        let with_input = nested.pop().map(|command| add_input(command, input));
        nested.extend(with_input);
    }
    nested
}

/// Returns the commands that `find` runs, each between one of `options` and `;` or `+`.
fn for_each_file<'w>(words: &'w [BString], options: &[&str], found: &BString) -> Vec<Nested<'w>> {
    let is_end = |word: &&BString| matches!(word.as_slice(), b";" | b"+");
    let with_file = |word: &BString| {
        let is_file = word == "{}" && found.len() <= MAX_PATH;
        if is_file { found.clone() } else { word.clone() }
    };
    let commands = words.split(|word| options.iter().any(|option| word == option)).skip(1);
    let commands = commands.map(|words| words.iter().take_while(|word| !is_end(word)).map(with_file));
    commands.map(|words| Nested::Command(words.collect())).collect()
}

/// Returns a pattern for the files that `find` finds with the arguments `words`.
pub(super) fn found_files(words: &[BString]) -> BString {
    let start = words.first().filter(|word| !word.starts_with(b"-")).map_or(&b"."[..], |word| word);
    let option = words.iter().position(|word| word == "-name");
    let name = option.filter(|at| !matches!(words[at.saturating_sub(1)].as_slice(), b"!" | b"-not"));
    let name = name.and_then(|at| words.get(at + 1)).map_or(&b"*"[..], |word| word);
    let start = start.strip_suffix(b"/").unwrap_or(start);
    let hooks = if start.ends_with(b".git") { "/{,hooks/}" } else { "/" };
    bstr::concat([start, hooks.as_bytes(), name]).into()
}

/// Adds the words that `xargs` reads to its command, if they may name a git directory.
fn add_input<'w>(command: Nested<'w>, input: &BStr) -> Nested<'w> {
    let Nested::Command(mut words) = command else { return command };
    if !input.contains_str(".git") || input.len() > MAX_INPUT {
        return Nested::Command(words);
    }
    let has_place = |word: &&BString| word.contains_str("{}");
    if words.iter().any(|word| has_place(&word)) {
        let replaced = words.iter().map(|word| word.replace("{}", input).into());
        return Nested::Command(replaced.collect());
    }
    words.to_mut().extend(input.fields_with(|c| c.is_ascii_whitespace()).map(BString::from));
    Nested::Command(words)
}

impl Wrapper {
    /// Returns what runs with these arguments and this standard input; `None` if that is unknown.
    fn nested<'w>(&self, words: &'w [BString], input: &BStr) -> Option<Nested<'w>> {
        let skipped = if let Operands::Command(skipped) = self.operands { skipped } else { 0 };
        let mut options = WrapperOptions::default();
        let mut rest = self.parse_options(words, &mut options)?;
        // The options may continue after the operands, as in `su me -c SCRIPT`.
        if options.script.is_none() && skipped > 0 {
            rest = self.parse_options(rest.get(skipped..)?, &mut options)?;
        }
        match options.script {
            Some(Script::InOption(script)) => return Some(Nested::Script(script.into())),
            Some(Script::FirstOperand) => return rest.first().map(|script| Nested::Script(script.clone())),
            None => {}
        }
        match self.operands {
            Operands::Command(_) => Some(Nested::Command(rest.into())),
            Operands::Script => {
                let words = rest.iter().take_while(|word| !word.starts_with(b":::"));
                Some(Nested::Script(bstr::join(" ", words).into()))
            }
            Operands::FirstScript => rest.first().map(|script| Nested::Eval(script.clone())),
            Operands::File => {
                let is_stdin = |file: &BString| STDIN.iter().any(|name| file == name);
                let reads_stdin = options.reads_stdin || rest.first().is_none_or(is_stdin);
                (reads_stdin && !options.only_parses).then(|| Nested::Script(input.to_owned()))
            }
        }
    }

    /// Parses the options in front of `words`, and returns the words after them.
    fn parse_options<'w>(
        &self,
        words: &'w [BString],
        options: &mut WrapperOptions<'w>,
    ) -> Option<&'w [BString]> {
        let is_option =
            |word: &BString| word.starts_with(b"-") || self.has_plus_options() && word.starts_with(b"+");
        let mut rest = words;
        while let Some((option, after)) = rest.split_first().filter(|(word, _)| is_option(word)) {
            if let Some(script) = self.script_in(option.as_bstr()) {
                options.script = Some(Script::InOption(script));
                return Some(after);
            }
            let (letters, takes_next) = split_option(option, self.short_with_value, "", self.long_with_value);
            let is_script = letters.iter().any(|letter| Some(*letter) == self.script)
                || !self.long_script.is_empty() && option == self.long_script;
            if is_script {
                options.script = Some(Script::FirstOperand);
            }
            options.only_parses |= option.starts_with(b"-") && letters.contains(&b'n');
            options.reads_stdin |= letters.contains(&b's') || option == "-";
            rest = after.get(usize::from(takes_next)..)?;
        }
        Some(rest)
    }

    /// Whether an option may begin with a `+`, as those of shells.
    fn has_plus_options(&self) -> bool {
        matches!(self.operands, Operands::File)
    }

    /// Returns the script in an option of the form `--command=SCRIPT` or, except for shells, `-cSCRIPT`.
    fn script_in<'w>(&self, option: &'w BStr) -> Option<&'w [u8]> {
        let long = Some(self.long_script).filter(|long| !long.is_empty())?;
        let in_long = || option.strip_prefix(long.as_bytes())?.strip_prefix(b"=");
        let in_short = || {
            let script = option.strip_prefix(b"-")?.strip_prefix(&[self.script?])?;
            (!script.is_empty()).then_some(script)
        };
        in_long().or_else(in_short)
    }
}

/// What the options of a [`Wrapper`] say.
#[derive(Default)]
struct WrapperOptions<'w> {
    script: Option<Script<'w>>,
    /// Whether the script is not run (`bash -n`).
    only_parses: bool,
    /// Whether the script is read from standard input.
    reads_stdin: bool,
}

/// Where the script of a [`Wrapper`] is.
enum Script<'w> {
    InOption(&'w [u8]),
    /// In the first word that is not an option.
    FirstOperand,
}
