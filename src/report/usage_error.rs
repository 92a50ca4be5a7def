//! Renders an error of the command line as a message and help.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::escape::escape;
use super::failure::Failure;
use crate::agents::Agent;

/// Returns the message of `error`, with its tips as help, or else with the usage.
///
/// The arguments in it are escaped. If two arguments exclude each other, there is no usage:
/// clap's contains both.
#[must_use]
pub fn failure(mut error: clap::Error) -> Failure {
    let context: Vec<_> = error.context().map(|(kind, value)| (kind, sanitize(kind, value))).collect();
    for (kind, value) in context {
        error.insert(kind, value);
    }
    let rendered = error.render().to_string();
    let rendered = rendered.strip_prefix("error: ").unwrap_or(&rendered);
    let (message, details) = rendered.split_once("\n\n").unwrap_or((rendered, ""));
    let failure = Failure::new(message.lines().map(str::trim).collect::<Vec<_>>().join(" "));
    let tips: Vec<&str> = details.lines().filter_map(|line| line.trim().strip_prefix("tip: ")).collect();
    if error.kind() == ErrorKind::ArgumentConflict {
        return failure;
    }
    if let Some(help) = agent_option(&error) {
        return failure.with_help(help);
    }
    if tips.is_empty() {
        let usage = details.lines().find_map(|line| line.strip_prefix("Usage: "));
        return usage
            .into_iter()
            .fold(failure, |failure, usage| failure.with_help(format!("usage: {usage}")));
    }
    failure.with_help(tips.join("; "))
}

/// Returns what to do if an agent is named without `=`.
fn agent_option(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_named = Agent::ALL.iter().any(|agent| argument == agent.name());
    (error.kind() == ErrorKind::UnknownArgument && is_named).then(|| format!("write --agent={argument}"))
}

/// Escapes what the message quotes from the arguments.
fn sanitize(kind: ContextKind, value: &ContextValue) -> ContextValue {
    let styled = |text: &StyledStr| StyledStr::from(escape(text.to_string()));
    match value {
        // The usage is clap's own text, on several lines.
        _ if kind == ContextKind::Usage => value.clone(),
        ContextValue::String(text) => ContextValue::String(escape(text)),
        ContextValue::Strings(texts) => ContextValue::Strings(texts.iter().map(escape).collect()),
        ContextValue::StyledStr(text) => ContextValue::StyledStr(styled(text)),
        ContextValue::StyledStrs(texts) => ContextValue::StyledStrs(texts.iter().map(styled).collect()),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::failure;
    use crate::cli::Cli;
    use crate::report::failure::render;

    fn rendered(line: &str) -> String {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        render(&failure(Cli::from_arguments(&arguments).unwrap_err()))
    }

    #[test]
    fn a_tip_is_the_help() {
        assert_eq!(
            rendered("chekc"),
            "stage-guard: unrecognized subcommand 'chekc'\n\
             help: a similar subcommand exists: 'check'\n"
        );
    }

    #[test]
    fn the_usage_is_the_help_if_there_is_no_tip() {
        assert_eq!(
            rendered("man --dry-run"),
            "stage-guard: unexpected argument '--dry-run' found\n\
             help: usage: stage-guard man [OPTIONS]\n"
        );
    }

    #[test]
    fn an_agent_without_an_equals_sign_is_named_in_the_help() {
        assert_eq!(
            rendered("install --agent claude"),
            "stage-guard: unexpected argument 'claude' found\nhelp: write --agent=claude\n"
        );
    }

    #[test]
    fn a_message_is_one_line() {
        for line in ["completions", "completions tcsh", "explain", "check --staged --all-files", "--color x"]
        {
            let rendered = rendered(line);
            assert!(rendered.lines().count() <= 2, "{rendered}");
            assert!(rendered.lines().skip(1).all(|line| line.starts_with("help: ")), "{rendered}");
        }
    }

    #[test]
    fn arguments_are_escaped() {
        assert_eq!(
            rendered("chekc\nstage-guard:\x1b[2J").lines().next(),
            Some("stage-guard: unrecognized subcommand 'chekc\\nstage-guard:\\u{1b}[2J'")
        );
    }
}
