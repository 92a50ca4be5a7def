//! Adds this program's entries to the text of Claude Code's settings, and removes them.
//!
//! The rest of the text is not changed. Removing the added entries restores the text.

use std::ops::Range;

use bstr::ByteSlice;

use super::claude;
use super::json::{self, Child, Container};
use crate::bypass::{file_name, shell};

/// The events that run this program. The first has a matcher, which names the tools.
const EVENTS: [(&str, bool); 2] = [("PreToolUse", true), ("Stop", false)];

/// The reason why no entries can be added to the settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The text is not JSON.
    #[error("not valid JSON")]
    NotJson(#[source] serde_json::Error),
    /// The document is not an object.
    #[error("the top level is not an object")]
    RootNotObject,
    /// The member `hooks` is not an object.
    #[error("`hooks` is not an object")]
    HooksNotObject,
    /// The list of an event's hooks is not an array.
    #[error("`hooks.{0}` is not an array")]
    EventNotArray(&'static str),
}

/// Returns `text` with entries that run `command`. `None` stands for a missing file.
///
/// A text of whitespace is kept after a newline: see [`without_entries`]. An entry of this
/// program with another command is updated, so that adding the entries twice changes nothing.
///
/// # Errors
///
/// Returns an error if `text` is not JSON, or has other values where the entries belong.
pub(crate) fn with_entries(text: Option<&str>, command: &str) -> Result<String, Error> {
    // Serializing a string cannot fail.
    let command = serde_json::to_string(command).unwrap_or_default();
    let matcher = claude::TOOLS.map(|tool| tool.name).join("|");
    let is_blank = |text: &&str| text.chars().all(json::is_whitespace);
    let line_end = match text.filter(is_blank) {
        None => "\n".to_owned(),
        Some("") => String::new(),
        Some(blank) => format!("\n{blank}"),
    };
    let mut text = text.filter(|text| !is_blank(text)).map(str::to_owned);
    for (event, has_matcher) in EVENTS {
        let tools = has_matcher.then_some(matcher.as_str());
        text = Some(match text {
            Some(text) => with_entry(&text, event, tools, &command)?,
            None => format!("{}{line_end}", block('{', "}", &hooks_member(event, tools, &command))),
        });
    }
    Ok(text.unwrap_or_default())
}

/// Returns `text` without the entries and the containers that were added for them.
///
/// `None` if the file did not exist before the entries were added: nothing but a newline is
/// after them. If the text was whitespace, that is after them or after the newline.
#[must_use]
pub(crate) fn without_entries(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for (event, _) in EVENTS {
        while let Some(entry) = OwnEntry::find(&text, event) {
            let Some(range) = entry.removal() else { return before_entries(&text) };
            text = splice(&text, range, "");
        }
    }
    Some(text)
}

/// Returns the whitespace to which the entries were added; `None` if there was no file.
fn before_entries(text: &str) -> Option<String> {
    let end = text.trim_end_matches(json::is_whitespace).len();
    match text[end..].strip_prefix('\n') {
        Some("") => None,
        Some(blank) => Some(blank.to_owned()),
        None => Some(text[end..].to_owned()),
    }
}

fn with_entry(text: &str, event: &'static str, tools: Option<&str>, command: &str) -> Result<String, Error> {
    if let Some(entry) = OwnEntry::find(text, event) {
        return Ok(splice(text, entry.command, command));
    }
    json::check(text.as_bytes()).map_err(Error::NotJson)?;
    let root = Container::root(text).ok_or(Error::RootNotObject)?;
    let Some(at) = root.position("hooks") else {
        return Ok(with_child(&root, &hooks_member(event, tools, command)));
    };
    let hooks = root.container(at, '{').ok_or(Error::HooksNotObject)?;
    let Some(at) = hooks.position(event) else {
        return Ok(with_child(&hooks, &event_member(event, tools, command)));
    };
    let groups = hooks.container(at, '[').ok_or(Error::EventNotArray(event))?;
    Ok(with_child(&groups, &group(tools, command)))
}

/// Returns a group of hooks as JSON, indented by two spaces a level.
fn group(tools: Option<&str>, command: &str) -> String {
    let entry = format!("\"type\": \"command\",\n\"command\": {command},\n\"timeout\": 10");
    let matcher = tools.map_or_else(String::new, |tools| format!("\"matcher\": \"{tools}\",\n"));
    let entries = block('[', "]", &block('{', "}", &entry));
    block('{', "}", &format!("{matcher}\"hooks\": {entries}"))
}

/// Returns the member of `hooks` for an event.
fn event_member(event: &str, tools: Option<&str>, command: &str) -> String {
    format!("\"{event}\": {}", block('[', "]", &group(tools, command)))
}

/// Returns the member `hooks` of the settings.
fn hooks_member(event: &str, tools: Option<&str>, command: &str) -> String {
    format!("\"hooks\": {}", block('{', "}", &event_member(event, tools, command)))
}

fn block(open: char, close: &str, inner: &str) -> String {
    format!("{open}\n  {}\n{close}", inner.replace('\n', "\n  "))
}

/// Returns the text with one more child at the end of a container.
///
/// The child is formatted like the one before it. The first child of a container is put on
/// the line of the bracket.
fn with_child(container: &Container, child: &str) -> String {
    let Container { text, start, children } = container;
    match children.last() {
        Some(last) => {
            let gap = &text[last.gap..last.span.start];
            let child = format!(",{gap}{}", reindent(child, gap, indent_unit(text)));
            splice(text, last.span.end..last.span.end, &child)
        }
        None => splice(text, *start..*start, &reindent(child, "", "")),
    }
}

/// An entry that runs this program.
struct OwnEntry<'t> {
    /// The containers around the entry, outermost first.
    ///
    /// Each comes with the position of the child that contains the entry or is the entry.
    path: [(Container<'t>, usize); 4],
    /// The range of its command.
    command: Range<usize>,
}

impl<'t> OwnEntry<'t> {
    /// Finds the first entry of an event.
    fn find(text: &'t str, event: &str) -> Option<Self> {
        let root = Container::root(text)?;
        let at_hooks = root.position("hooks")?;
        let hooks = root.container(at_hooks, '{')?;
        let at_event = hooks.position(event)?;
        let groups = hooks.container(at_event, '[')?;
        let (at_group, entries, at_entry, command) = (0..groups.children.len()).find_map(|at_group| {
            let group = groups.container(at_group, '{')?;
            let entries = group.container(group.position("hooks")?, '[')?;
            let (at_entry, command) = (0..entries.children.len()).find_map(|at_entry| {
                let entry = entries.container(at_entry, '{')?;
                let command = entry.position("command")?;
                runs_this_program(entry.value(command))
                    .then(|| (at_entry, entry.children[command].value.clone()))
            })?;
            Some((at_group, entries, at_entry, command))
        })?;
        let path = [(root, at_hooks), (hooks, at_event), (groups, at_group), (entries, at_entry)];
        Some(Self { path, command })
    }

    /// Returns the range to cut to remove the entry; `None` if nothing else is in the text.
    fn removal(&self) -> Option<Range<usize>> {
        for (depth, (container, at)) in self.path.iter().enumerate().rev() {
            let Child { gap, span, .. } = &container.children[*at];
            let before = at.checked_sub(1).map(|before| &container.children[before]);
            match (before, container.children.get(at + 1)) {
                (Some(before), _) => return Some(before.span.end..span.end),
                (None, Some(next)) => return Some(span.start..next.span.start),
                // A child directly after the bracket means that the container existed before.
                (None, None) if depth + 1 < self.path.len() && *gap == span.start => {
                    return Some(span.clone());
                }
                (None, None) => {}
            }
        }
        None
    }
}

/// Whether a command, given as a JSON string, runs `agent` of this program.
fn runs_this_program(command: &str) -> bool {
    let commands = json::parse_string(command)
        .and_then(|command| shell::commands(command.as_bytes()))
        .unwrap_or_default();
    let [command] = &commands[..] else { return false };
    let [program, arguments @ ..] = &command.words[..] else { return false };
    // Without a name before version 0.2.0.
    let arguments = arguments.strip_suffix(&["claude".into()]).unwrap_or(arguments);
    arguments.last().is_some_and(|last| last == "agent") && file_name(program.as_bstr()) == super::PROGRAM
}

/// Returns `child` as it is written after the whitespace `gap`.
///
/// If `gap` has a newline, the child's lines begin as the line in `gap` does, further
/// indented by `unit` a level. Otherwise the child is on one line.
fn reindent(child: &str, gap: &str, unit: &str) -> String {
    let lines = child.lines().map(|line| {
        let inner = line.trim_start();
        (inner, (line.len() - inner.len()) / 2)
    });
    let Some(newline) = gap.rfind('\n') else {
        return lines.map(|(line, _)| line).collect::<Vec<_>>().join(" ");
    };
    let end = if gap[..newline].ends_with('\r') { "\r\n" } else { "\n" };
    let separator = format!("{end}{}", &gap[newline + 1..]);
    lines.map(|(line, depth)| unit.repeat(depth) + line).collect::<Vec<_>>().join(&separator)
}

/// Returns the indent of the first indented line of `text`.
fn indent_unit(text: &str) -> &str {
    let line = text.lines().find(|line| line.starts_with([' ', '\t'])).unwrap_or("  ");
    &line[..line.len() - line.trim_start().len()]
}

fn splice(text: &str, range: Range<usize>, new: &str) -> String {
    [&text[..range.start], new, &text[range.end..]].concat()
}
