//! What a user can type.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};

use crate::git::Hook;
use crate::report::Format;

/// What `-h` says, in two columns: with [`EXAMPLES`] it fits a screen.
const OVERVIEW: &str = "\
{about}.

Usage: {usage}

Commands (without one it checks what is staged, as the hook does):
  check    judge what is staged, or more  install      guard this repository
  explain  say why a path is refused      uninstall    take the hooks away
  rules    print the policy in force      doctor       say whether it works
  stow     take refused files away        init         make .claude_sessions/
  archive  keep what a session has left   completions  for bash, zsh and more
  clean    delete what it has left        man          print the manual page

Options:
  --dry-run      say, but refuse nothing  --format human|json|github|sarif
  --color WHEN   auto, always or never    --config FILE  not .stage-guard.toml
  -q, --quiet    say only how many        -C DIR         run as if started in it
  -V, --version  say which this is        -h, --help     this; --help says more{after-help}";

/// What `--help` adds.
const EXAMPLES: &str = "\
Examples:
  stage-guard --dry-run              what a commit would be refused for
  stage-guard stow                   take what is refused out of the commit
  stage-guard explain backend/x.py   why a path is refused or allowed
Exit status: 0 nothing is refused, 1 something is, 2 could not be told or done";

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
    /// What all commands take.
    #[command(flatten)]
    pub options: Options,
    /// What to do; to check what is staged, where this is left out.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Why the command refuses one of the options.
    #[arg(skip)]
    pub refused: Option<String>,
}

impl Cli {
    /// What is typed, where that is nothing at all, or what git's hooks type without an
    /// option: it is run at every commit, and the parser takes longer than the check.
    #[must_use]
    pub fn at_a_glance(arguments: &[OsString]) -> Option<Self> {
        let is_plain = |argument: &OsString| !argument.as_encoded_bytes().starts_with(b"-");
        let command = match arguments {
            [] => None,
            [hook, name, arguments @ ..]
                if hook == "hook" && [name].into_iter().chain(arguments).all(is_plain) =>
            {
                let name = HookName::from(name.to_str()?.to_owned());
                Some(Command::Hook(HookArgs { then: None, line: None, name, arguments: arguments.to_vec() }))
            }
            _ => return None,
        };
        Some(Self { options: Options::default(), command, refused: None })
    }

    /// What `arguments` say, the first of which is the program itself.
    ///
    /// # Errors
    ///
    /// What is wrong with them; or help that is asked for.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Self::grammar().try_get_matches_from(arguments)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        cli.refused = matches.subcommand_name().and_then(|name| Taken::by(name).refused(&cli.options));
        Ok(cli)
    }

    /// All that can be typed. The help of a command says of the options for all commands
    /// what it takes of them.
    #[must_use]
    pub fn grammar() -> clap::Command {
        let grammar = Self::command();
        let general: Vec<Arg> = grammar.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
        grammar.mut_subcommands(|command| {
            let taken = Taken::by(command.get_name());
            let changed = general.iter().filter_map(|arg| taken.changed(arg.clone()));
            command.args(changed.collect::<Vec<_>>())
        })
    }
}

/// What a command takes of the options for all commands. To take `--dry-run` and do it all
/// the same would be a promise that is not kept.
struct Taken {
    dry_run: bool,
    config: bool,
    formats: &'static [Format],
}

impl Taken {
    const NOTHING: Self = Self { dry_run: false, config: false, formats: &[Format::Human] };

    /// What the command of this name takes.
    fn by(command: &str) -> Self {
        let formats: &[Format] = match command {
            "agent" | "completions" | "doctor" | "init" | "install" | "man" | "uninstall" => {
                return Self::NOTHING;
            }
            "archive" | "clean" => return Self { dry_run: true, ..Self::NOTHING },
            "rules" => &[Format::Human],
            "explain" | "stow" => &[Format::Human, Format::Json],
            _ => Format::value_variants(),
        };
        Self { dry_run: true, config: true, formats }
    }

    /// An option, where the command takes less of it than others: as its help has it.
    fn changed(&self, option: Arg) -> Option<Arg> {
        match option.get_id().as_str() {
            "dry_run" if !self.dry_run => Some(option.hide(true)),
            "config" if !self.config => Some(option.hide(true)),
            "format" if self.formats.len() == 1 => Some(option.hide(true)),
            "format" if self.formats.len() < Format::value_variants().len() => {
                let help = format!("The form of the report: {}", self.names().join(" or "));
                let values = self.formats.iter().filter_map(ValueEnum::to_possible_value);
                let parser = PossibleValuesParser::new(values);
                Some(option.help(help).value_parser(parser.try_map(|name| Format::from_str(&name, false))))
            }
            _ => None,
        }
    }

    /// Why the command refuses what is typed.
    fn refused(&self, options: &Options) -> Option<String> {
        let has_format = self.formats.contains(&options.format);
        if options.dry_run && !self.dry_run {
            return Some("this command takes no --dry-run".to_owned());
        }
        if !self.config && (options.config.is_some() || !has_format) {
            return Some("this command takes no --config or --format".to_owned());
        }
        (!has_format).then(|| match self.formats {
            [_] => "this command takes no --format".to_owned(),
            _ => format!("this command takes --format {} alone", self.names().join(" or ")),
        })
    }

    fn names(&self) -> Vec<String> {
        let values = self.formats.iter().filter_map(ValueEnum::to_possible_value);
        values.map(|value| value.get_name().to_owned()).collect()
    }
}

/// What all commands take, before or after the command's name.
#[derive(Args, Debug, Default)]
pub struct Options {
    /// Say what would be refused or done; refuse and do nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// The form of the report: human, json, github or sarif
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "FORMAT"
    )]
    pub format: Format,
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
    /// Use FILE instead of .stage-guard.toml
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Run as if started in DIR
    #[arg(short = 'C', global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: Vec<PathBuf>,
    /// Say only how many
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl Options {
    /// The format of the report of a check.
    #[must_use]
    pub fn report_format(&self) -> Format {
        if self.quiet { Format::Count } else { self.format }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check what is staged, every tracked path, what is untracked, or commits
    Check(CheckArgs),
    /// Say of paths whether they are refused, by which rule, and why
    Explain(ExplainArgs),
    /// Print the policy in force, as TOML for .stage-guard.toml
    Rules,
    /// Make the session directory, and have git ignore it
    Init(InitArgs),
    /// Take refused files out of the commit, into the session directory
    Stow(StowArgs),
    /// Move what is in the session directory's current/ to archive/
    Archive,
    /// Delete what is in the session directory's current/
    Clean(CleanArgs),
    /// Guard this repository: link the hooks
    Install(InstallArgs),
    /// Take the hooks away and put back what was there before
    Uninstall(UninstallArgs),
    /// Say whether the guard is live here, and what is wrong
    Doctor,
    /// Print a script that completes in a shell what is typed
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
    /// Judge what a coding agent is about to do: JSON on standard input
    #[command(hide = true)]
    Agent,
    /// Run as a hook: what the linked hooks call
    #[command(hide = true)]
    Hook(HookArgs),
}

/// What `check` looks at.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub struct CheckArgs {
    /// What a commit would contain (the default)
    #[arg(long)]
    pub staged: bool,
    /// Every tracked path
    #[arg(long)]
    pub all_files: bool,
    /// What `git add -A` would begin to track
    #[arg(long)]
    pub untracked: bool,
    /// Each commit that B reaches and A does not
    #[arg(long, value_name = "A..B")]
    pub range: Option<String>,
    /// One commit, against its parents
    #[arg(long, value_name = "REV")]
    pub commit: Option<String>,
}

/// What `explain` looks at.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// Relative to the current directory; they need not exist
    #[arg(value_name = "PATH", required_unless_present = "stdin", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<OsString>,
    /// Read paths from standard input, one a line, as git prints them: from the top
    #[arg(long, conflicts_with = "paths")]
    pub stdin: bool,
    /// With --stdin: paths end with NUL, not with a newline
    #[arg(short = 'z', requires = "stdin", conflicts_with = "paths")]
    pub nul: bool,
}

/// What `init` writes.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Ignore it in .git/info/exclude, not in .gitignore
    #[arg(long)]
    pub exclude: bool,
    /// Write the rules for agents into FILE, such as CLAUDE.md, or renew them there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub instructions: Vec<PathBuf>,
}

/// What `stow` takes.
#[derive(Args, Debug)]
pub struct StowArgs {
    /// Of files that a commit has take the changes alone: the next commit has them as HEAD
    #[arg(long)]
    pub changes: bool,
    /// Undo the last stow
    #[arg(long, conflicts_with_all = ["changes", "paths"])]
    pub undo: bool,
    /// Files, also untracked or committed ones; of a directory what is refused in it.
    /// Without any: what is staged and refused
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<OsString>,
}

/// How `clean` asks.
#[derive(Args, Debug)]
pub struct CleanArgs {
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// Which hooks `install` links.
#[derive(Args, Debug)]
pub struct InstallArgs {
    /// Also those that run under --no-verify, for picks and patches, and before a push.
    /// With =refs, for every update of a branch too
    #[arg(
        long,
        value_name = "refs",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "hooks",
        hide_possible_values = true
    )]
    pub strict: Option<Strict>,
    /// Guard every repository of the user, by the global configuration (git 2.54 or newer)
    #[arg(long)]
    pub global: bool,
    /// Have Claude Code ask before it writes a file or runs a command
    #[arg(long, conflicts_with = "global")]
    pub agent: bool,
}

/// What `uninstall` takes away.
#[derive(Args, Debug)]
pub struct UninstallArgs {
    /// What `install --global` has added
    #[arg(long)]
    pub global: bool,
}

/// For which shell `completions` is.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell that the script is for
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// The shells that can complete.
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

/// How strict the hooks are.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Strict {
    /// The hooks around a commit and a push.
    #[value(hide = true)]
    Hooks,
    /// The updates of refs as well.
    Refs,
}

/// What git tells a hook.
#[derive(Args, Debug)]
pub struct HookArgs {
    /// Run this hook too, when nothing is refused
    #[arg(long, value_name = "FILE", hide = true)]
    pub then: Option<PathBuf>,
    /// The first line of standard input, which was read already
    #[arg(long, value_name = "LINE", hide = true)]
    pub line: Option<OsString>,
    /// The hook's name
    pub name: HookName,
    /// What git passes to the hook
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARG")]
    pub arguments: Vec<OsString>,
}

/// Which hook `hook` runs as.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HookName {
    /// A hook that git runs.
    Git(Hook),
    /// `managed`: any hook that pre-commit or prek runs.
    Managed,
    /// A hook that stage-guard does not guard.
    Unknown(String),
}

impl From<String> for HookName {
    fn from(name: String) -> Self {
        match name.parse() {
            Ok(hook) => Self::Git(hook),
            Err(_) if name == "managed" => Self::Managed,
            Err(_) => Self::Unknown(name),
        }
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Color {
    /// On a terminal, as `NO_COLOR` and `CLICOLOR_FORCE` have it
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

    use super::{Cli, OVERVIEW};

    #[test]
    fn what_is_told_at_a_glance_is_what_the_parser_tells() {
        let arguments = ["hook", "pre-commit", "check", "", "-q", "--", "prepared", "--then=x", "hook"];
        let mut told = 0;
        for length in 0..4 {
            for number in 0..arguments.len().pow(length) {
                let chosen = |at| arguments[number / arguments.len().pow(at) % arguments.len()];
                let typed: Vec<OsString> = (0..length).map(|at| chosen(at).into()).collect();
                let Some(glance) = Cli::at_a_glance(&typed) else { continue };
                let parsed = Cli::read([OsString::from("stage-guard")].into_iter().chain(typed));
                assert_eq!(format!("{glance:?}"), format!("{:?}", parsed.unwrap()));
                told += 1;
            }
        }
        assert!(told > 10);
    }

    #[test]
    fn the_overview_names_all_that_is_not_hidden() {
        let grammar = Cli::grammar();
        let mut named: Vec<String> = Vec::new();
        for command in grammar.get_subcommands().filter(|command| !command.is_hide_set()) {
            named.push(format!("  {} ", command.get_name()));
        }
        for option in grammar.get_arguments().filter(|option| !option.is_hide_set()) {
            named.extend(option.get_long().map(|long| format!("--{long} ")));
            named.extend(option.get_short().map(|short| format!("-{short}")));
            if option.get_action().takes_values() {
                named.extend(option.get_possible_values().iter().map(|value| value.get_name().to_owned()));
            }
        }
        for name in named {
            assert!(OVERVIEW.contains(&name), "{name}");
        }
    }
}
