//! git's subcommands and their options.

use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::directories::{self, Directories};
use super::options::split_option;
use super::walk::Nested;
use super::{Bypass, Disk, add, config};

/// A git subcommand, and the options that determine the meaning of its arguments.
pub(super) struct Subcommand {
    name: &'static str,
    /// The option that bypasses the hooks or the ignore rules; `None` if none does.
    bypass: Option<LongOption>,
    /// Options that cancel `bypass` if they come after it.
    cancel: &'static [LongOption],
    /// The short form of `bypass`.
    short: Option<u8>,
    /// The short form of `--dry-run`.
    dry_run: Option<u8>,
    /// Short options with a value: the rest of the word or, if that is empty, the next word.
    short_with_value: &'static str,
    /// Short options with an optional value: the rest of the word.
    short_with_optional_value: &'static str,
    /// Long options with a value: after a `=` or, without one, the next word.
    long_with_value: &'static [&'static str],
    /// The short and the long option whose value is a script.
    script: Option<(u8, &'static str)>,
}

/// A long option, with the shortest abbreviation that git accepts.
struct LongOption {
    name: &'static str,
    shortest: &'static str,
}

const DRY_RUN: LongOption = LongOption { name: "--dry-run", shortest: "--dr" };

const NO_DRY_RUN: LongOption = LongOption { name: "--no-dry-run", shortest: "--no-dr" };

/// A subcommand that runs hooks.
const NO_VERIFY: Subcommand = Subcommand {
    name: "",
    bypass: Some(LongOption { name: "--no-verify", shortest: "--no-veri" }),
    cancel: &[
        LongOption { name: "--verify", shortest: "--veri" },
        LongOption { name: "--no-no-verify", shortest: "--no-no-veri" },
    ],
    short: None,
    dry_run: None,
    short_with_value: "",
    short_with_optional_value: "",
    long_with_value: &[],
    script: None,
};

/// `git add`.
const ADD: Subcommand = Subcommand {
    name: "add",
    bypass: Some(LongOption { name: "--force", shortest: "--f" }),
    cancel: &[LongOption { name: "--no-force", shortest: "--no-f" }],
    short: Some(b'f'),
    dry_run: Some(b'n'),
    short_with_value: "U",
    short_with_optional_value: "",
    long_with_value: &["--chmod", "--pathspec-from-file", "--unified", "--inter-hunk-context"],
    script: None,
};

/// `git config`, which has no option to bypass anything.
pub(super) const CONFIG: Subcommand = Subcommand {
    name: "config",
    bypass: None,
    cancel: &[],
    short: None,
    dry_run: None,
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
        dry_run: Some(b'n'),
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

/// Judges `git` with the arguments `words`, which runs in the current one of `directories`.
pub(super) fn judge(directories: &Directories, words: &[BString], disk: Disk) -> Option<Bypass> {
    let (options, words) = GlobalOptions::parse(words);
    if let Some(setting) = options.settings.iter().find(|setting| config::overrides_hooks(setting)) {
        return Some(Bypass::HooksOverridden((*setting).to_owned()));
    }
    let (name, words) = words.split_first()?;
    if name == "config" {
        return config::judge(words);
    }
    let subcommand = SUBCOMMANDS.iter().find(|subcommand| name == subcommand.name)?;
    let Parsed { bypass, operands, .. } = subcommand.parse(words);
    let option = bypass?.to_owned();
    if subcommand.runs_hooks() {
        return Some(Bypass::HooksSkipped { subcommand: subcommand.name, option });
    }
    let directory = directories.join(options.directory.as_bstr());
    add::judge(&directory, words, &operands, disk)
}

/// Returns the directory of the repository that `git` changes; `None` if it may change others.
pub(super) fn directory_of_change(directories: &Directories, words: &[BString]) -> Option<PathBuf> {
    const OF_OTHERS: [&str; 6] = ["--git-dir", "--work-tree", "--global", "--system", "--file", "-f"];
    let (options, after) = GlobalOptions::parse(words);
    let is_config = after.first().is_some_and(|name| name == "config");
    let names_others = |word: &BString| OF_OTHERS.iter().any(|option| word.starts_with(option.as_bytes()));
    let relevant = if is_config { words } else { &words[..words.len() - after.len()] };
    (!relevant.iter().any(names_others)).then(|| directories.join(options.directory.as_bstr()))
}

/// Returns the commands and scripts that `git` runs with the arguments `words`.
pub(super) fn nested(words: &[BString]) -> Vec<Nested<'_>> {
    let (options, words) = GlobalOptions::parse(words);
    let Some((name, words)) = words.split_first() else { return Vec::new() };
    if let Some(script) = options.script_of_alias(name, words) {
        return vec![Nested::Script(script.into())];
    }
    let after = |word: &str| {
        let at = words.iter().position(|other| other == word);
        at.map_or(&[][..], |at| &words[at + 1..])
    };
    match name.as_bytes() {
        b"config" => config::alias(words).into_iter().collect(),
        b"bisect" => vec![Nested::Command(after("run").into())],
        b"submodule" => {
            let script = after("foreach").iter().skip_while(|word| word.starts_with(b"-"));
            vec![Nested::Script(bstr::join(" ", script).into())]
        }
        b"rebase" => {
            let subcommand = SUBCOMMANDS.iter().find(|subcommand| name == subcommand.name);
            let scripts = subcommand.map(|subcommand| subcommand.parse(words).scripts).unwrap_or_default();
            scripts.into_iter().map(|script| Nested::Script(script.to_owned())).collect()
        }
        _ => Vec::new(),
    }
}

/// A command of git, by its parts.
pub(super) struct Invocation<'w> {
    /// The directory that `-C` changes to.
    pub directory: BString,
    /// The name of the subcommand; empty without one.
    pub subcommand: &'w BStr,
    pub arguments: &'w [BString],
}

impl<'w> Invocation<'w> {
    pub(super) fn parse(words: &'w [BString]) -> Self {
        let (GlobalOptions { directory, .. }, words) = GlobalOptions::parse(words);
        let (subcommand, arguments) =
            words.split_first().map_or((BStr::new(""), words), |(name, rest)| (name.as_bstr(), rest));
        Self { directory, subcommand, arguments }
    }
}

/// Returns the operands of a subcommand, of any words if its options are not known.
pub(super) fn operands<'w>(name: &BStr, arguments: &'w [BString]) -> Vec<&'w BStr> {
    let subcommand = SUBCOMMANDS.iter().find(|subcommand| name == subcommand.name);
    subcommand.unwrap_or(&NO_VERIFY).parse(arguments).operands
}

/// The options between `git` and its subcommand that change what the subcommand does.
#[derive(Default)]
struct GlobalOptions<'w> {
    /// The directory that `-C` changes to.
    directory: BString,
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
                b"-C" => options.directory = directories::append(options.directory.as_bstr(), value),
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
        Some(bstr::join(" ", [script_of_alias(alias), bstr::join(" ", words)]))
    }
}

/// Returns the script that the command of an alias stands for.
pub(super) fn script_of_alias(command: &[u8]) -> Vec<u8> {
    match command.strip_prefix(b"!") {
        Some(script) => script.to_owned(),
        None => bstr::concat([b"git ", command]),
    }
}

/// Returns the path that `git` prints with the arguments `words`, or what stands for it.
pub(super) fn printed_path(words: &[BString]) -> Option<BString> {
    let (_, words) = GlobalOptions::parse(words);
    let (name, words) = words.split_first()?;
    let is_format = |word: &&BString| word.starts_with(b"--path-format=");
    let mut words = words.iter().skip_while(is_format);
    match words.next().filter(|_| name == "rev-parse")?.as_bytes() {
        b"--git-dir" | b"--git-common-dir" | b"--absolute-git-dir" => Some(".git".into()),
        b"--git-path" => Some(bstr::join("/", [".git", words.next()?.to_str().ok()?]).into()),
        b"--show-toplevel" => Some(directories::TOP.into()),
        _ => None,
    }
}

impl LongOption {
    /// Whether `word` is the option, or an abbreviation of it.
    fn is(&self, word: &BStr) -> bool {
        word.starts_with(self.shortest.as_bytes()) && self.name.as_bytes().starts_with(word)
    }
}

impl Subcommand {
    fn runs_hooks(&self) -> bool {
        !matches!(self.name, "add" | "stage" | "config")
    }

    /// Parses the words after the subcommand.
    pub(super) fn parse<'w>(&self, words: &'w [BString]) -> Parsed<'w> {
        let mut parsed = Parsed { bypass: None, operands: Vec::new(), scripts: Vec::new() };
        let mut is_dry_run = false;
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
            let is_short = |short: Option<u8>| letters.iter().any(|letter| Some(*letter) == short);
            if is_short(self.short) || self.bypass.as_ref().is_some_and(|option| option.is(word)) {
                parsed.bypass = parsed.bypass.or(Some(word));
            } else if self.cancel.iter().any(|option| option.is(word)) {
                parsed.bypass = None;
            }
            if is_short(self.dry_run) || DRY_RUN.is(word) {
                is_dry_run = true;
            } else if NO_DRY_RUN.is(word) {
                is_dry_run = false;
            }
            let next = if takes_next { rest.next() } else { None };
            parsed.scripts.extend(self.script_in(word, letters.len(), next));
        }
        parsed.bypass = parsed.bypass.filter(|_| !is_dry_run);
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
pub(super) struct Parsed<'w> {
    /// The option that bypasses, unless a later one cancels it or nothing is changed.
    bypass: Option<&'w BStr>,
    pub operands: Vec<&'w BStr>,
    /// The values of the option whose value is a script.
    scripts: Vec<&'w BStr>,
}

/// Returns the name and the command of the setting `alias.NAME=COMMAND`.
fn parse_alias(setting: &BStr) -> Option<(&[u8], &[u8])> {
    let (key, command) = setting.split_once_str("=")?;
    let prefix = key.get(..6)?;
    prefix.eq_ignore_ascii_case(b"alias.").then(|| (&key[6..], command))
}

/// Whether `git` with the arguments `words` runs hooks.
pub(super) fn runs_hooks(words: &[BString]) -> bool {
    let (_, words) = GlobalOptions::parse(words);
    let is_named = |subcommand: &Subcommand| words.first().is_some_and(|name| name == subcommand.name);
    SUBCOMMANDS.iter().any(|subcommand| subcommand.runs_hooks() && is_named(subcommand))
}
