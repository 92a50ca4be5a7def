//! Renders the error that ended a command: the message, its causes and what to do.

use std::error::Error;

use super::escape::escape_multiline;
use crate::{agents, git, hooks, policy, session};

/// An error of a command for which there is no other type.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What happened, on one line.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The cause.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// Creates a failure without help.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Renders `error` and its causes, followed by a `help:` line if one of them has help.
///
/// Ends with a newline. All lines but these two begin with a bar, so that no line break in
/// a path or in the output of git can begin a line that looks like one of this program. Lines
/// to copy have no bar: in them, all data is quoted.
#[must_use]
pub fn render(error: &(dyn Error + 'static)) -> String {
    let message = render_message(&message(error));
    match chain(error).find_map(help) {
        Some(help) => format!("{message}help: {help}\n"),
        None => message,
    }
}

/// Renders a message that is not an error of the program, without causes and help.
#[must_use]
pub fn render_message(message: &str) -> String {
    format!("stage-guard: {}\n", indent(message))
}

/// Returns the messages of `error` and its causes, joined by `: `.
#[must_use]
pub fn message(error: &(dyn Error + 'static)) -> String {
    chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Returns `error` and its causes, outermost first.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error: &&'e (dyn Error + 'static)| error.source())
}

/// Returns what to do about `error`, with the lines after the first indented.
fn help(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<hooks::Error>() {
        return error.help().map(|help| help.replace('\n', "\n  "));
    }
    help_with_data(error).map(|help| indent(&help))
}

/// Returns what to do about `error`. Each other error type that has help is listed here.
fn help_with_data(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<Failure>() {
        error.help.clone()
    } else if let Some(error) = error.downcast_ref::<git::Error>() {
        error.help()
    } else if let Some(error) = error.downcast_ref::<session::Error>() {
        error.help()
    } else if let Some(error) = error.downcast_ref::<policy::Error>() {
        error.help()
    } else if let Some(error) = error.downcast_ref::<agents::Error>() {
        error.help()
    } else {
        None
    }
}

/// Escapes `text` and indents all its lines but the first.
fn indent(text: &str) -> String {
    escape_multiline(text.trim_end(), "  ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Failure, render};
    use crate::git;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Failure);

    #[test]
    fn a_failure_is_a_message_and_help() {
        let failure = Failure::new("cannot tell the date").with_help("set TZ");
        assert_eq!(render(&failure), "stage-guard: cannot tell the date\nhelp: set TZ\n");
        assert_eq!(render(&Failure::new("cannot")), "stage-guard: cannot\n");
    }

    #[test]
    fn causes_follow_the_message() {
        let error = git::Error::ReadFile("x".into(), io::Error::other("the disk is gone"));
        assert!(render(&error).ends_with("`x`: the disk is gone\n"), "{}", render(&error));
    }

    #[test]
    fn help_of_a_cause_is_found() {
        let error = Outer(Failure::new("inner").with_help("try again"));
        assert_eq!(render(&error), "stage-guard: outer: inner\nhelp: try again\n");
    }

    #[test]
    fn a_line_break_of_data_begins_no_line() {
        let hostile = "a\nstage-guard: nothing is refused\r\x1b[2J";
        let rendered = render(&Failure::new(hostile).with_help(hostile));
        assert_eq!(
            rendered,
            "stage-guard: a\n  | stage-guard: nothing is refused\\r\\u{1b}[2J\n\
             help: a\n  | stage-guard: nothing is refused\\r\\u{1b}[2J\n"
        );
    }
}
