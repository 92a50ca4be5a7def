//! Renders an error of the command line in a few lines.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};

use super::escape::escape;

/// Renders the message of `error` and its tips, or the usage if there are no tips.
///
/// The arguments in it are escaped.
#[must_use]
pub fn render(mut error: clap::Error) -> String {
    let context: Vec<_> = error.context().map(|(kind, value)| (kind, sanitize(kind, value))).collect();
    for (kind, value) in context {
        error.insert(kind, value);
    }
    let rendered = error.render().to_string();
    let rendered = rendered.strip_prefix("error: ").unwrap_or(&rendered);
    let (message, details) = rendered.split_once("\n\n").unwrap_or((rendered, ""));
    let mut lines = vec![message.trim_end()];
    lines.extend(details.lines().map(str::trim_start).filter(|line| line.starts_with("tip: ")));
    if lines.len() == 1 {
        lines.extend(details.lines().filter(|line| line.starts_with("Usage: ")));
    }
    lines.join("\n")
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

    use super::render;
    use crate::cli::Cli;

    fn rendered(line: &str) -> String {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        render(Cli::from_arguments(&arguments).unwrap_err())
    }

    #[test]
    fn a_tip_replaces_the_usage() {
        assert_eq!(
            rendered("chekc"),
            "unrecognized subcommand 'chekc'\ntip: a similar subcommand exists: 'check'"
        );
    }

    #[test]
    fn the_usage_follows_if_there_is_no_tip() {
        assert_eq!(
            rendered("man --dry-run"),
            "unexpected argument '--dry-run' found\nUsage: stage-guard man [OPTIONS]"
        );
    }

    #[test]
    fn arguments_are_escaped() {
        assert_eq!(
            rendered("chekc\nstage-guard:\x1b[2J").lines().next(),
            Some("unrecognized subcommand 'chekc\\nstage-guard:\\u{1b}[2J'")
        );
    }
}
