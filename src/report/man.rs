//! Renders the manual page.

use std::io;

use clap::Command;
use clap_mangen::Man;
use roff::{Roff, bold, roman};

/// Terms and their meanings.
type Definitions = [(&'static str, &'static str)];

const DESCRIPTION: [&str; 3] = [
    "Coding agents write debug scripts, scratch tests and notes into source directories, and `git add -A` \
     stages them. stage-guard is a git hook that checks what is staged and refuses this session work. All \
     other commits pass without output. Session work belongs in .claude_sessions/, which is never committed.",
    "Without a command, stage-guard checks what is staged against HEAD, as the hook does. `stage-guard \
     install` installs the hooks in a repository. A refusal names the command that takes the refused files \
     out of the commit.",
    "The report is written to standard output, in a git hook to standard error. Errors are written to standard \
     error.",
];

const EXIT_STATUS: &Definitions = &[
    (
        "0",
        "Nothing is refused, or --dry-run is given. doctor: the guard works. agent: always, also if it denies the \
         action, which it says in JSON.",
    ),
    ("1", "Something is refused. doctor: the guard does not work."),
    (
        "2",
        "The check or the command failed. A hook that fails stops git. agent: the name of the agent is unknown.",
    ),
];

const FILES: &Definitions = &[
    (
        ".stage-guard.toml",
        "The configuration, at the top of the repository. It extends the built-in policy, which `stage-guard \
         rules` prints in the same format. `stage-guard allow` adds paths to it. No other configuration file is read.",
    ),
    (
        ".claude_sessions/",
        "The session directory, at the top of the worktree: current/ for work in progress, archive/ for \
         finished work, tests/, debugging/ and exploration/. Git ignores it.",
    ),
];

const ENVIRONMENT: &Definitions = &[
    ("NO_COLOR", "If set and not empty, the report is not coloured."),
    ("CLICOLOR_FORCE", "If set and not 0, the report is coloured even if it is not written to a terminal."),
    ("CLICOLOR", "If 0, the report is not coloured."),
    (
        "TERM",
        "If dumb or unset, the report is not coloured. The option --color overrides all these variables.",
    ),
    (
        "GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE",
        "The repository, its worktree and the index to check, as in git(1). Git sets them for hooks.",
    ),
];

const EXAMPLES: &Definitions = &[
    ("stage-guard install", "Guard the repository of the current directory."),
    ("stage-guard --dry-run", "Show what a commit would be refused for."),
    ("stage-guard stow", "Move what is refused out of the commit, into the session directory."),
    ("stage-guard stow --undo", "Move it back."),
    ("stage-guard check --all-files", "Find session work that is already tracked."),
    ("stage-guard check --range origin/main..HEAD", "Find session work in the commits of a branch."),
    ("stage-guard explain backend/x.py", "Show why a path is refused or allowed."),
    ("stage-guard allow backend/x.py", "Allow the path from now on."),
];

const SEE_ALSO: &str = "git(1), git-commit(1), githooks(5), gitignore(5). The pages that `stage-guard \
                        explain` names are in docs/, in the sources and in each archive.";

/// Renders the manual page of `command`, with a subsection for each of its commands.
///
/// # Errors
///
/// Fails if a section cannot be written, which does not happen in memory.
pub(crate) fn render(mut command: Command) -> io::Result<String> {
    command.build();
    let version = format!("{} {}", command.get_name(), command.get_version().unwrap_or_default());
    let about = lower_case_first(&about(&command));
    let name = command.get_name();
    let usage = format!("{name} [OPTIONS]\n{name} [OPTIONS] COMMAND [ARGUMENTS]");
    let man = Man::new(command.clone().about(about).override_usage(usage))
        .title(command.get_name().to_uppercase())
        .date("\"\"")
        .source(version)
        .manual("User Commands");

    let mut page = Vec::new();
    man.render_title(&mut page)?;
    // Commands are copied from the page, so the text is neither hyphenated nor justified.
    Roff::new().control("nh", []).control("ad", ["l"]).to_writer(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    let mut description = Roff::new();
    description.control("SH", ["DESCRIPTION"]);
    for paragraph in DESCRIPTION {
        description.control("PP", []).text([roman(paragraph)]);
    }
    description.to_writer(&mut page)?;
    man.render_options_section(&mut page)?;
    for (heading, is_internal) in [("COMMANDS", false), ("INTERNAL COMMANDS", true)] {
        Roff::new().control("SH", [heading]).to_writer(&mut page)?;
        for subcommand in command.get_subcommands().filter(|command| command.is_hide_set() == is_internal) {
            render_subcommand(subcommand, &mut page)?;
        }
    }
    let mut end = Roff::new();
    for (heading, definitions) in
        [("EXIT STATUS", EXIT_STATUS), ("FILES", FILES), ("ENVIRONMENT", ENVIRONMENT), ("EXAMPLES", EXAMPLES)]
    {
        end.control("SH", [heading]);
        for (term, meaning) in definitions {
            end.control("TP", []).text([bold(*term)]).text([roman(*meaning)]);
        }
    }
    end.control("SH", ["SEE ALSO"]).text([roman(SEE_ALSO)]).to_writer(&mut page)?;

    // Each section was rendered as a page, with the same preamble.
    let preamble = Roff::new().render();
    Ok(preamble.clone() + &String::from_utf8_lossy(&page).replace(&preamble, ""))
}

/// Renders the usage, the description and the own options of a subcommand.
fn render_subcommand(subcommand: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let usage = subcommand.clone().render_usage().to_string();
    let mut roff = Roff::new();
    roff.control("SS", [subcommand.get_name()]);
    roff.text([bold(usage.trim_start_matches("Usage: "))]);
    roff.control("PP", []).text([roman(format!("{}.", about(subcommand)))]);
    roff.to_writer(page)?;

    let own = subcommand.get_arguments().filter(|arg| !arg.is_global_set() && arg.get_id() != "help");
    let mut own = Command::new(subcommand.get_name().to_owned()).disable_help_flag(true).args(own.cloned());
    own.build();
    let mut options = Vec::new();
    Man::new(own).render_options_section(&mut options)?;
    // A subsection needs no heading for its options.
    page.extend(String::from_utf8_lossy(&options).replacen(".SH OPTIONS\n", "", 1).into_bytes());
    Ok(())
}

/// Returns the description of `command`, without a full stop.
fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// Converts the first letter to lower case, as in a NAME section.
fn lower_case_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
