//! What is wrong with what a user typed.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};

use super::escape::escape;

/// The message of `error` in a few lines: what is wrong, then what may be meant; how
/// the command is used where nothing like it is known. What was typed is hostile text.
#[must_use]
pub fn mistake(mut error: clap::Error) -> String {
    let typed: Vec<_> = error.context().map(|(kind, value)| (kind, harmless(kind, value))).collect();
    for (kind, value) in typed {
        error.insert(kind, value);
    }
    let message = error.render().to_string();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let is_tip = |line: &&str| line.trim_start().starts_with("tip: ");
    let (wrong, rest) = message.split_once("\n\n").unwrap_or((message, ""));
    let mut lines = vec![wrong.trim_end()];
    lines.extend(rest.lines().filter(is_tip));
    if lines.len() == 1 {
        lines.extend(rest.lines().filter(|line| line.starts_with("Usage: ")));
    }
    lines.join("\n")
}

/// What the message quotes, on one line each. The usage is ours, and has several.
fn harmless(kind: ContextKind, value: &ContextValue) -> ContextValue {
    let styled = |text: &StyledStr| StyledStr::from(escape(text.to_string()));
    match value {
        _ if kind == ContextKind::Usage => value.clone(),
        ContextValue::String(text) => ContextValue::String(escape(text)),
        ContextValue::Strings(texts) => ContextValue::Strings(texts.iter().map(escape).collect()),
        ContextValue::StyledStr(text) => ContextValue::StyledStr(styled(text)),
        ContextValue::StyledStrs(texts) => ContextValue::StyledStrs(texts.iter().map(styled).collect()),
        _ => value.clone(),
    }
}
