//! The command line: commands, options and their help.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{OsStringValueParser, PathBufValueParser, TypedValueParser};
use clap::{Arg, ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};

use crate::agents::Agent;
use crate::git::{Hook, UnknownHook};
use crate::report::Format;

/// The text of `-h`. Together with [`EXAMPLES`] it fits on a screen.
const OVERVIEW: &str = "\
{about}.

Usage: {usage}

Commands (without a command it checks staged changes, as the hook does):
  check    check staged changes, or more  install      guard this repository
  explain  show why a path is refused     uninstall    remove the hooks
  stow     move refused files away        doctor       check the installation
  allow    allow paths from now on        init         create .claude_sessions/
  archive  move current/ to archive/      completions  for bash, zsh and others
  clean    delete the files in current/   man          print the manual page
  rules    print the policy in force

Options:
  --dry-run      report, never refuse     --format human|json|github|sarif
  --color WHEN   auto, always or never    --config FILE  another configuration
  -q, --quiet    print only the count     -C DIR         run as if started in it
  -V, --version  print the version        -h, --help     this; --help for more{after-help}";

/// The text that `--help` adds.
const EXAMPLES: &str = "\
Examples:
  stage-guard stow                   move refused files out of the commit
  stage-guard explain backend/x.py   show why a path is refused or allowed
Exit status: 0 nothing is refused, 1 something is refused, 2 an error";

/// Keeps the session work of coding agents out of a repository's history.
#[derive(Debug, Parser)]
#[command(
    name = "stage-guard",
    version = env!("STAGE_GUARD_VERSION"),
    help_template = OVERVIEW,
    after_long_help = EXAMPLES,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// The options of all commands.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// The options of the check that runs without a command.
    #[command(flatten)]
    pub check: CheckOptions,
    /// The command; `None` checks the staged changes.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Parses the arguments after the program's name.
    ///
    /// # Errors
    ///
    /// An argument is invalid. For `--help` and `--version`, the error contains the text.
    pub fn from_arguments(arguments: &[OsString]) -> Result<Self, clap::Error> {
        if let Some(cli) = Self::parse_fast_path(arguments) {
            return Ok(cli);
        }
        let command = Self::command();
        let arguments = move_options_behind_command(&command, arguments.to_vec());
        let name = OsString::from(command.get_name());
        Self::from_arg_matches(&command.try_get_matches_from([name].into_iter().chain(arguments))?)
    }

    /// Returns whether to report only the number of refused paths.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.command.as_ref().map_or(self.check.quiet, Command::quiet).is_on
    }

    /// Parses an empty command line and `hook [--proof [--file]] NAME ARG…`; else returns `None`.
    ///
    /// Hooks run these at every commit, and clap's parser takes longer than the check.
    fn parse_fast_path(arguments: &[OsString]) -> Option<Self> {
        let is_plain = |argument: &OsString| !argument.as_encoded_bytes().starts_with(b"-");
        let command = match arguments {
            [] => None,
            [hook, rest @ ..] if hook == "hook" => {
                let proof = rest.first().is_some_and(|option| option == "--proof");
                let file = proof && rest.get(1).is_some_and(|option| option == "--file");
                let (name, arguments) = rest[usize::from(proof) + usize::from(file)..].split_first()?;
                if ![name].into_iter().chain(arguments).all(is_plain) {
                    return None;
                }
                let name = name.to_str()?.parse().ok()?;
                let (options, arguments) = (CheckOptions::default(), arguments.to_vec());
                let (then, line) = (None, None);
                Some(Command::Hook(HookArgs { options, proof, file, then, line, name, arguments }))
            }
            _ => return None,
        };
        Some(Self { global: GlobalOptions::default(), check: CheckOptions::default(), command })
    }
}

/// Moves the options in front of a command behind its name, where the command's parser is used.
///
/// Returns the arguments unchanged if no command follows, or after `--help` or `--version`.
fn move_options_behind_command(command: &clap::Command, mut arguments: Vec<OsString>) -> Vec<OsString> {
    let mut position = 0;
    while let Some(argument) = arguments.get(position) {
        let argument = argument.to_string_lossy();
        let Some(option) = argument.strip_prefix('-').filter(|option| !option.is_empty()) else {
            if command.find_subcommand(argument.as_ref()).is_some() {
                arguments[..=position].rotate_right(1);
            }
            return arguments;
        };
        match leading_option(command, option) {
            LeadingOption::Exits => return arguments,
            LeadingOption::TakesNext => position += 2,
            LeadingOption::IsWhole => position += 1,
        }
    }
    arguments
}

/// An option in front of the command's name.
enum LeadingOption {
    /// Prints help or the version, or ends the options.
    Exits,
    /// Takes the next argument as its value.
    TakesNext,
    /// Has no value, or has it in the same argument.
    IsWhole,
}

/// Classifies `option`, which is given without its first `-`.
fn leading_option(command: &clap::Command, option: &str) -> LeadingOption {
    let find = |is_name: &dyn Fn(&Arg) -> bool| command.get_arguments().find(|arg| is_name(arg));
    match option.strip_prefix('-') {
        Some("" | "help" | "version") => LeadingOption::Exits,
        Some(long) => match find(&|arg| arg.get_long() == Some(long)) {
            Some(arg) if arg.get_action().takes_values() => LeadingOption::TakesNext,
            _ => LeadingOption::IsWhole,
        },
        None => {
            for (position, short) in option.char_indices() {
                if matches!(short, 'h' | 'V') {
                    return LeadingOption::Exits;
                }
                let takes_value = |arg: &Arg| arg.get_action().takes_values();
                if find(&|arg| arg.get_short() == Some(short)).is_some_and(takes_value) {
                    let is_last = position + short.len_utf8() == option.len();
                    return if is_last { LeadingOption::TakesNext } else { LeadingOption::IsWhole };
                }
            }
            LeadingOption::IsWhole
        }
    }
}

/// The options of all commands.
#[derive(Args, Debug, Default)]
pub struct GlobalOptions {
    /// When to colour the report: auto, always or never
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "WHEN"
    )]
    pub color: Color,
    /// Run as if started in DIR
    // Like git, `-C ""` is accepted: clap's parser of paths rejects an empty one.
    #[arg(
        short = 'C',
        global = true,
        value_name = "DIR",
        value_hint = ValueHint::DirPath,
        value_parser = OsStringValueParser::new().map(PathBuf::from)
    )]
    pub directories: Vec<PathBuf>,
}

/// The options of the commands that check paths and report findings.
#[derive(Args, Debug, Default)]
pub struct CheckOptions {
    /// `--dry-run`.
    #[command(flatten)]
    pub dry_run: DryRun,
    /// `--config`.
    #[command(flatten)]
    pub config: Config,
    /// `--quiet`.
    #[command(flatten)]
    pub quiet: Quiet,
    /// Format of the report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", conflicts_with = "quiet")]
    pub format: Format,
}

/// `--dry-run`, for the commands that support it.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct DryRun {
    /// Report only: change nothing and exit with 0
    #[arg(id = "dry_run", long = "dry-run")]
    pub is_on: bool,
}

/// `--quiet`, for the commands that support it.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Quiet {
    /// Print only the number of refused paths
    #[arg(id = "quiet", short, long = "quiet")]
    pub is_on: bool,
}

/// `--config`, for the commands that support it.
#[derive(Args, Debug, Default)]
pub struct Config {
    /// Read FILE instead of .stage-guard.toml
    #[arg(id = "config", long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check staged changes, all tracked files, untracked files, or commits
    Check(CheckArgs),
    /// Show whether paths are refused, by which rule, and why
    Explain(ExplainArgs),
    /// Allow paths from now on, by entries in .stage-guard.toml
    Allow(AllowArgs),
    /// Print the policy in force as TOML for .stage-guard.toml
    Rules(RulesArgs),
    /// Create the session directory and make git ignore it
    Init(InitArgs),
    /// Move refused files out of the commit, into the session directory
    Stow(StowArgs),
    /// Move the files in the session directory's current/ to archive/
    Archive(ArchiveArgs),
    /// Delete the files in the session directory's current/
    Clean(CleanArgs),
    /// Guard this repository: install the hooks
    Install(InstallArgs),
    /// Remove the hooks and restore the previous ones
    Uninstall(UninstallArgs),
    /// Check that the guard works in this repository
    Doctor(Quiet),
    /// Print a script that completes the command line in a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
    /// Check the action of a coding agent, which is JSON on standard input
    #[command(hide = true)]
    Agent(AgentArgs),
    /// Run as a git hook; the installed hooks call this
    #[command(hide = true)]
    Hook(HookArgs),
}

impl Command {
    /// Returns the command's `--quiet`, which is off if the command does not support it.
    fn quiet(&self) -> Quiet {
        match self {
            Self::Check(args) => args.options.quiet,
            Self::Explain(args) => args.quiet,
            Self::Allow(args) => args.quiet,
            Self::Init(args) => args.quiet,
            Self::Stow(args) => args.quiet,
            Self::Archive(args) => args.quiet,
            Self::Clean(args) => args.quiet,
            Self::Install(args) => args.quiet,
            Self::Uninstall(args) => args.quiet,
            Self::Doctor(quiet) => *quiet,
            Self::Hook(args) => args.options.quiet,
            Self::Rules(_) | Self::Completions(_) | Self::Man | Self::Agent(_) => Quiet::default(),
        }
    }
}

/// The arguments of `check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The options of a check.
    #[command(flatten)]
    pub options: CheckOptions,
    /// The paths or commits to check.
    #[command(flatten)]
    pub selection: Selection,
}

/// The selection of `check`: at most one of these. The default is the staged changes.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub struct Selection {
    /// Staged changes (the default)
    #[arg(long)]
    pub staged: bool,
    /// All tracked files
    #[arg(long)]
    pub all_files: bool,
    /// Files that `git add -A` would start to track
    #[arg(long)]
    pub untracked: bool,
    /// Each commit that is reachable from B and not from A
    #[arg(long, value_name = "A..B")]
    pub range: Option<String>,
    /// One commit, compared with its parents
    #[arg(long, value_name = "REV")]
    pub commit: Option<String>,
}

/// The arguments of `explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// `--dry-run`.
    #[command(flatten)]
    pub dry_run: DryRun,
    /// `--config`.
    #[command(flatten)]
    pub config: Config,
    /// `--quiet`.
    #[command(flatten)]
    pub quiet: Quiet,
    /// Format of the report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", conflicts_with = "quiet")]
    pub format: HumanOrJson,
    /// Paths relative to the current directory, which need not exist
    #[arg(value_name = "PATH", required_unless_present = "stdin", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<OsString>,
    /// Read paths from standard input, one per line, relative to the top of the worktree
    #[arg(long, conflicts_with = "paths")]
    pub stdin: bool,
    /// With --stdin: paths end with NUL instead of a newline
    #[arg(short = 'z', requires = "stdin", conflicts_with = "paths")]
    pub nul: bool,
}

/// The arguments of `allow`.
#[derive(Args, Debug)]
pub struct AllowArgs {
    /// `--dry-run`.
    #[command(flatten)]
    pub dry_run: DryRun,
    /// `--config`.
    #[command(flatten)]
    pub config: Config,
    /// `--quiet`.
    #[command(flatten)]
    pub quiet: Quiet,
    /// Files, which need not exist, or directories with all that will be in them
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<OsString>,
}

/// The arguments of `init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// `--quiet`.
    #[command(flatten)]
    pub quiet: Quiet,
    /// Ignore it in .git/info/exclude instead of .gitignore
    #[arg(long)]
    pub exclude: bool,
    /// Write or update the rules for agents in FILE, by default in AGENTS.md and the like
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        default_missing_value = NO_FILE,
        value_hint = ValueHint::FilePath,
        value_parser = PathBufValueParser::new().map(Instructions::from)
    )]
    pub instructions: Vec<Instructions>,
}

/// The value of `--instructions` without FILE, which cannot be typed.
const NO_FILE: &str = "\0";

/// Where `--instructions` writes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Instructions {
    /// Into the files that agents read by themselves, if they exist.
    AgentFiles,
    /// Into this file.
    File(PathBuf),
}

impl From<PathBuf> for Instructions {
    fn from(value: PathBuf) -> Self {
        if value.as_os_str() == NO_FILE { Self::AgentFiles } else { Self::File(value) }
    }
}

/// The arguments of `stow`.
#[derive(Args, Debug)]
pub struct StowArgs {
    /// `--dry-run`.
    #[command(flatten)]
    pub dry_run: DryRun,
    /// `--config`.
    #[command(flatten)]
    pub config: Config,
    /// `--quiet`.
    #[command(flatten)]
    pub quiet: Quiet,
    /// Format of the report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", conflicts_with = "quiet")]
    pub format: HumanOrJson,
    /// For committed files, move only the changes and restore the HEAD version
    #[arg(long)]
    pub changes: bool,
    /// Undo the last stow
    #[arg(long, conflicts_with_all = ["changes", "config", "dry_run", "format", "paths"])]
    pub undo: bool,
    /// Files, or directories with refused files in them; by default all refused staged files
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<OsString>,
}

/// The arguments of `rules`.
#[derive(Args, Debug)]
pub struct RulesArgs {
    /// `--config`.
    #[command(flatten)]
    pub config: Config,
}

/// The arguments of `archive`.
#[derive(Args, Debug)]
pub struct ArchiveArgs {
    /// `--dry-run`.
    #[command(flatten)]
    pub dry_run: DryRun,
    /// `--quiet`.
    #[command(flatten)]
    pub quiet: Quiet,
}

/// The arguments of `clean`.
#[derive(Args, Debug)]
pub struct CleanArgs {
    /// `--dry-run`.
    #[command(flatten)]
    pub dry_run: DryRun,
    /// `--quiet`.
    #[command(flatten)]
    pub quiet: Quiet,
    /// Delete without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Given twice: delete repositories in it, too
    #[arg(short, long, action = ArgAction::Count)]
    pub force: u8,
}

/// The arguments of `install`.
#[derive(Args, Debug)]
pub struct InstallArgs {
    /// `--quiet`.
    #[command(flatten)]
    pub quiet: Quiet,
    /// Also check --no-verify, cherry-picks, patches and pushes; =refs: each ref update too
    #[arg(
        long,
        value_name = "refs",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "hooks",
        hide_possible_values = true
    )]
    pub strict: Option<Strict>,
    /// Guard all repositories through the global configuration (git 2.54 or newer)
    #[arg(long)]
    pub global: bool,
    /// Make coding agents check the files they write and the commands they run; by default those
    /// that the repository or PATH shows
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        num_args = 0..,
        require_equals = true,
        value_delimiter = ',',
        conflicts_with = "global"
    )]
    pub agent: Option<Vec<Agent>>,
}

/// The arguments of `uninstall`.
#[derive(Args, Debug)]
pub struct UninstallArgs {
    /// `--quiet`.
    #[command(flatten)]
    pub quiet: Quiet,
    /// Remove the hooks that `install --global` has added
    #[arg(long)]
    pub global: bool,
}

/// The arguments of `agent`.
#[derive(Args, Debug)]
pub struct AgentArgs {
    /// The agent; without it, the fields of the event tell which one it is
    #[arg(value_enum, value_name = "NAME")]
    pub agent: Option<Agent>,
}

/// The arguments of `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell that the script is for
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// A shell that can complete the command line.
#[expect(clippy::enum_variant_names, reason = "PowerShell is the name of the program")]
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Shell {
    /// GNU bash
    Bash,
    /// The Z shell
    Zsh,
    /// The friendly interactive shell
    Fish,
    /// `PowerShell`
    #[value(name = "powershell")]
    PowerShell,
}

/// The hooks that `--strict` installs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Strict {
    /// Also the hooks that `--no-verify` does not skip, and the hook of a push.
    #[value(hide = true)]
    Hooks,
    /// Also the hook of every ref update.
    Refs,
}

/// The arguments of `hook`.
#[derive(Args, Debug)]
pub struct HookArgs {
    /// The options of a check.
    #[command(flatten)]
    pub options: CheckOptions,
    /// Exit with 119 if nothing is refused, as proof that the check has run
    #[arg(long, hide = true)]
    pub proof: bool,
    /// Report nothing if a configured hook has reported it
    #[arg(long, hide = true)]
    pub file: bool,
    /// Also run this hook if nothing is refused
    #[arg(long, value_name = "FILE", hide = true)]
    pub then: Option<PathBuf>,
    /// The first line of standard input, if it was already read
    #[arg(long, value_name = "LINE", hide = true)]
    pub line: Option<OsString>,
    /// Name of the hook
    pub name: HookName,
    /// Arguments that git passes to the hook
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARG")]
    pub arguments: Vec<OsString>,
}

/// The hook that `hook` runs as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HookName {
    /// A hook that git runs.
    Git(Hook),
    /// `managed`: any hook that pre-commit or prek runs.
    Managed,
}

impl FromStr for HookName {
    type Err = UnknownHook;

    fn from_str(name: &str) -> Result<Self, UnknownHook> {
        if name == "managed" { Ok(Self::Managed) } else { name.parse().map(Self::Git) }
    }
}

/// A format of the reports of `explain` and `stow`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum HumanOrJson {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

/// When a report is coloured.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says otherwise
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::{CommandFactory, FromArgMatches};

    use super::{Cli, Command, Format, HumanOrJson, OVERVIEW, move_options_behind_command};

    fn split(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn parse(line: &str) -> Result<Cli, String> {
        Cli::from_arguments(&split(line)).map_err(|error| error.to_string())
    }

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn fast_path_agrees_with_the_parser() {
        let words = ["hook", "pre-commit", "check", "", "-q", "--", "prepared", "--then=x", "--proof"];
        let mut recognised = 0;
        for length in 0..5 {
            for number in 0..words.len().pow(length) {
                let word = |at| words[number / words.len().pow(at) % words.len()];
                let arguments: Vec<OsString> = (0..length).map(|at| word(at).into()).collect();
                let Some(fast) = Cli::parse_fast_path(&arguments) else { continue };
                let matches = Cli::command().no_binary_name(true).get_matches_from(arguments);
                let parsed = Cli::from_arg_matches(&matches).unwrap();
                assert_eq!(format!("{fast:?}"), format!("{parsed:?}"));
                recognised += 1;
            }
        }
        assert!(recognised > 10);
    }

    #[test]
    fn options_move_behind_the_command() {
        let command = Cli::command();
        for (before, after) in [
            ("", ""),
            ("check", "check"),
            ("--dry-run check --staged", "check --dry-run --staged"),
            ("--format json explain x", "explain --format json x"),
            ("--format=json explain x", "explain --format=json x"),
            ("-C a -qC b stow", "stow -C a -qC b"),
            ("-Ca -q stow", "stow -Ca -q"),
            ("-C stow", "-C stow"),
            ("-C check check", "check -C check"),
            ("--color never --config x rules", "rules --color never --config x"),
            ("--unknown check", "check --unknown"),
            ("-q hook pre-push origin -- x", "hook -q pre-push origin -- x"),
            ("--dry-run -q", "--dry-run -q"),
            ("-q chekc", "-q chekc"),
            ("-- check", "-- check"),
            ("--help check", "--help check"),
            ("-qV check", "-qV check"),
            ("-q - check", "-q - check"),
        ] {
            assert_eq!(move_options_behind_command(&command, split(before)), split(after), "{before}");
        }
    }

    #[test]
    fn check_options_need_no_command() {
        let cli = parse("--dry-run --format sarif --config x -C a -C b").unwrap();
        assert!(cli.check.dry_run.is_on && !cli.is_quiet() && cli.command.is_none());
        assert_eq!((cli.check.format, cli.global.directories.len()), (Format::Sarif, 2));
    }

    #[test]
    fn options_before_a_command_belong_to_it() {
        let cli = parse("--format json -C a explain -C b x").unwrap();
        assert_eq!(cli.global.directories, ["a", "b"].map(std::path::PathBuf::from));
        let Some(Command::Explain(args)) = cli.command else { panic!("{cli:?}") };
        assert_eq!(args.format, HumanOrJson::Json);
    }

    #[test]
    fn quiet_is_found_in_each_command_that_supports_it() {
        for command in [
            "",
            "check",
            "explain x",
            "allow x",
            "init",
            "stow",
            "stow --undo",
            "archive",
            "clean",
            "install",
            "uninstall",
            "doctor",
            "hook pre-commit",
        ] {
            assert!(parse(&format!("-q {command}")).unwrap().is_quiet(), "{command}");
        }
    }

    #[test]
    fn only_names_of_guarded_hooks_are_accepted() {
        for name in ["pre-comit", "commit-msg", "Pre-Commit", "pre-commit.d", "MANAGED", "x"] {
            assert!(parse(&format!("hook {name}")).unwrap_err().contains("invalid value"), "{name}");
        }
        assert!(Cli::from_arguments(&["hook", ""].map(OsString::from)).is_err());
    }

    #[test]
    fn unsupported_options_are_refused() {
        for line in [
            "install --dry-run",
            "--dry-run install",
            "init --config x",
            "agent --dry-run",
            "archive --config x",
            "clean --format json",
            "rules --format json",
            "doctor --format human",
            "man --dry-run",
            "uninstall --dry-run",
            "completions bash --format json",
            "stow --undo --dry-run",
            "stow --undo --format json",
            "check --staged --all-files",
            "rules --dry-run",
            "allow --format json x",
            "-q rules",
            "-q completions bash",
            "man -q",
            "-q agent",
            "-q --format json",
            "explain --format json -q x",
        ] {
            let error = parse(line).unwrap_err();
            assert!(
                error.contains("unexpected argument") || error.contains("cannot be used with"),
                "{error}"
            );
        }
        for line in ["explain --format sarif x", "stow --format github"] {
            assert!(parse(line).unwrap_err().contains("invalid value"), "{line}");
        }
    }

    #[test]
    fn overview_names_all_commands_and_options_that_are_not_hidden() {
        let command = Cli::command();
        let mut names: Vec<String> = Vec::new();
        for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
            names.push(format!("  {} ", command.get_name()));
        }
        for option in command.get_arguments().filter(|option| !option.is_hide_set()) {
            names.extend(option.get_long().map(|long| format!("--{long} ")));
            names.extend(option.get_short().map(|short| format!("-{short}")));
            if option.get_action().takes_values() {
                names.extend(option.get_possible_values().iter().map(|value| value.get_name().to_owned()));
            }
        }
        for name in names {
            assert!(OVERVIEW.contains(&name), "{name}");
        }
    }
}
