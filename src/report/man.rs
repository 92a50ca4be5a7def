//! The manual page, written from what can be typed.

use clap::builder::ValueRange;
use clap::{Arg, Command};
use roff::{Inline, Roff, bold, italic, roman};

/// A word or a command, and what it is.
type Table = [(&'static str, &'static str)];

const DESCRIPTION: [&str; 3] = [
    "Coding agents write debug scripts, scratch tests and notes into directories of code, and `git add -A` \
     takes them into history. stage-guard is a git hook that reads what is staged and refuses this session \
     work. All else commits in silence. Session work has a home, .claude_sessions/, which is never committed.",
    "Without a command it checks what is staged against HEAD, as the hook does. `stage-guard install` links \
     the hooks of a repository; a refusal names the command that takes what is refused out of the commit.",
    "The report goes to standard output, errors to standard error.",
];

const EXIT_STATUS: &Table = &[
    ("0", "Nothing is refused, or it was a dry run. Of doctor: the guard is live."),
    ("1", "Something is refused. Of doctor: the guard is not live."),
    (
        "2",
        "It could not be checked or done. A commit stops. Of agent: what the agent is about to do is denied.",
    ),
];

const FILES: &Table = &[
    (
        ".stage-guard.toml",
        "The configuration, at the top of the repository. It extends the built-in policy, which `stage-guard \
         rules` prints in the same form. There is no other one.",
    ),
    (
        ".claude_sessions/",
        "The session directory, at the top of the worktree: current/ for work in progress, archive/ for \
         finished work, tests/, debugging/ and exploration/. Git ignores it.",
    ),
];

const ENVIRONMENT: &Table = &[
    ("NO_COLOR", "Where it is set and not empty, nothing is coloured."),
    ("CLICOLOR_FORCE", "Where it is set and not 0, the report is coloured wherever it goes."),
    ("CLICOLOR", "Where it is 0, nothing is coloured."),
    (
        "TERM",
        "Where it is dumb or not set, nothing is coloured. The option --color goes before all of these.",
    ),
    (
        "GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE",
        "The repository, its worktree and the index that is checked, as in git(1). Git sets them for its hooks.",
    ),
];

const EXAMPLES: &Table = &[
    ("stage-guard install", "Guard the repository that you are in."),
    ("stage-guard --dry-run", "What a commit of the index would be refused for."),
    ("stage-guard stow", "Take what is refused out of the commit, into the session directory."),
    ("stage-guard stow --undo", "Put it back."),
    ("stage-guard check --all-files", "Session work that is tracked already."),
    ("stage-guard check --range origin/main..HEAD", "Session work in the commits of a branch."),
    ("stage-guard explain backend/x.py", "Why a path is refused or allowed."),
];

const SEE_ALSO: [&str; 4] = ["git(1)", "git-commit(1)", "githooks(5)", "gitignore(5)"];

/// The page of the program `grammar`, which is built, in roff.
#[must_use]
pub fn page(grammar: &mut Command) -> String {
    let mut roff = Roff::new();
    let name = grammar.get_name().to_owned();
    let version = format!("{name} {}", grammar.get_version().unwrap_or_default());
    let title = name.to_uppercase();
    roff.control("TH", [title.as_str(), "1", "\"\"", version.as_str(), "User Commands"]);
    // Commands are neither stretched nor broken: a reader copies them.
    roff.control("nh", []).control("ad", ["l"]);

    roff.control("SH", ["NAME"]).text([roman(format!("{name} - {}", sentence(grammar.get_about(), false)))]);
    roff.control("SH", ["SYNOPSIS"]).text([bold(&name), roman(" ["), italic("OPTIONS"), roman("]")]);
    roff.control("br", []).text([
        bold(&name),
        roman(" ["),
        italic("OPTIONS"),
        roman("] "),
        italic("COMMAND"),
        roman(" ["),
        italic("ARGUMENTS"),
        roman("]"),
    ]);
    roff.control("SH", ["DESCRIPTION"]);
    for paragraph in DESCRIPTION {
        roff.control("PP", []).text([roman(paragraph)]);
    }
    roff.control("SH", ["OPTIONS"]).text([roman("They go before or after the command.")]);
    arguments(&mut roff, grammar, |_| true);

    let commands = grammar.get_subcommands_mut();
    let (by_programs, by_users): (Vec<_>, Vec<_>) = commands.partition(|command| command.is_hide_set());
    for (heading, commands) in [("COMMANDS", by_users), ("COMMANDS THAT PROGRAMS RUN", by_programs)] {
        roff.control("SH", [heading]);
        for command in commands {
            subsection(&mut roff, command);
        }
    }

    table(&mut roff, "EXIT STATUS", EXIT_STATUS);
    table(&mut roff, "FILES", FILES);
    table(&mut roff, "ENVIRONMENT", ENVIRONMENT);
    table(&mut roff, "EXAMPLES", EXAMPLES);
    roff.control("SH", ["SEE ALSO"]).text([roman(SEE_ALSO.join(", "))]);
    roff.render()
}

/// A command: how it is typed, what it does, its own options, and which of the others it
/// refuses.
fn subsection(roff: &mut Roff, command: &mut Command) {
    let usage = command.render_usage().to_string();
    roff.control("SS", [command.get_name()]);
    roff.text([bold(usage.trim_start_matches("Usage: "))]);
    roff.control("PP", []).text([roman(sentence(command.get_about(), true))]);
    let refused: Vec<String> = command
        .get_arguments()
        .filter(|arg| arg.is_global_set() && arg.is_hide_set())
        .filter_map(|arg| arg.get_long().map(|long| format!("--{long}")))
        .collect();
    if let Some((last, others)) = refused.split_last() {
        let refused =
            if others.is_empty() { last.clone() } else { format!("{} or {last}", others.join(", ")) };
        roff.control("PP", []).text([roman(format!("It takes no {refused}."))]);
    }
    arguments(roff, command, |arg| !arg.is_global_set() && arg.get_id() != "help");
}

/// Those of the arguments that are not hidden, each with what it is for.
fn arguments(roff: &mut Roff, command: &Command, is_wanted: impl Fn(&Arg) -> bool) {
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set() && is_wanted(arg)) {
        let mut help = sentence(arg.get_help(), true);
        let values: Vec<String> = arg
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| value.get_name().to_owned())
            .collect();
        if arg.is_positional() && !values.is_empty() {
            help = format!("{help} One of {}.", values.join(", "));
        }
        roff.control("TP", []).text(spelled(arg)).text([roman(help)]);
    }
}

/// How an argument is typed.
fn spelled(arg: &Arg) -> Vec<Inline> {
    let names: Vec<String> = arg
        .get_short()
        .map(|short| format!("-{short}"))
        .into_iter()
        .chain(arg.get_long().map(|long| format!("--{long}")))
        .collect();
    let mut spelled = vec![bold(names.join(", "))];
    let takes_value = arg.get_num_args().is_some_and(|values| values.takes_values());
    let Some(value) = arg.get_value_names().and_then(<[_]>::first).filter(|_| takes_value) else {
        return spelled;
    };
    let value = italic(value.as_str());
    let is_optional = arg.get_num_args().as_ref().map(ValueRange::min_values) == Some(0);
    match arg {
        _ if arg.is_positional() => spelled = vec![value],
        _ if is_optional => spelled.extend([roman("[="), value, roman("]")]),
        _ => spelled.extend([roman(" "), value]),
    }
    spelled
}

fn table(roff: &mut Roff, heading: &str, rows: &Table) {
    roff.control("SH", [heading]);
    for (word, meaning) in rows {
        roff.control("TP", []).text([bold(*word)]).text([roman(*meaning)]);
    }
}

/// A text of the command line on one line: with a full stop; or, as the name of a page
/// has it, without one and in lower case.
fn sentence(text: Option<&clap::builder::StyledStr>, is_whole: bool) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default().replace('\n', " ");
    let text = text.trim_end_matches('.');
    if is_whole { format!("{text}.") } else { text[..1].to_lowercase() + &text[1..] }
}
