//! Our entries in the text of Claude Code's settings: pure. All else in the text stays
//! byte for byte, and what is put in can be taken out again without a trace.

use std::ops::Range;

use bstr::ByteSlice;

use super::bypass::file_name;
use super::json::{self, Child, Container};
use super::shell::{self, Shell};

/// The events that we have a word in, and the tools that they are about.
const EVENTS: [(&str, Option<&str>); 2] =
    [("PreToolUse", Some("Write|Edit|MultiEdit|NotebookEdit|Bash|PowerShell")), ("Stop", None)];

/// Why our entries have no place in a text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no JSON.
    #[error("it is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// It is JSON of another form.
    #[error("{0}")]
    OtherForm(String),
}

/// `text` with our entries in it, which run `command`; nothing stands for a file that
/// is not there, and an empty one holds an empty object. Done twice, it is done once, and an entry of ours with another command
/// is renewed.
///
/// # Errors
///
/// The text is not JSON, or not of the form of Claude Code's settings.
pub fn with_entries(text: Option<&str>, command: &str) -> Result<String, Error> {
    // A string is written as JSON without fail.
    let command = serde_json::to_string(command).unwrap_or_default();
    let is_empty = |text: &str| text.chars().all(json::is_blank);
    let mut text = text.map(|text| if is_empty(text) { format!("{{}}{text}") } else { text.to_owned() });
    for (event, tools) in EVENTS {
        text = Some(match text {
            Some(text) => with_entry(&text, event, tools, &command)?,
            None => format!("{}\n", block('{', "}", &hooks(event, tools, &command))),
        });
    }
    Ok(text.unwrap_or_default())
}

/// `text` without our entries, and without what they alone had need of; empty, where
/// nothing else is in it. A text of another form has none.
#[must_use]
pub fn without_entries(text: &str) -> String {
    let mut text = text.to_owned();
    for (event, _) in EVENTS {
        while let Some(ours) = Ours::find(&text, event) {
            let (at, nothing) = ours.to_cut();
            text = if nothing { String::new() } else { spliced(&text, at, "") };
        }
    }
    text
}

fn with_entry(text: &str, event: &str, tools: Option<&str>, command: &str) -> Result<String, Error> {
    if let Some(ours) = Ours::find(text, event) {
        return Ok(spliced(text, ours.command, command));
    }
    json::check(text.as_bytes()).map_err(Error::NotJson)?;
    let form = |what: &str| Error::OtherForm(format!("{what}, as Claude Code has it"));
    let root = Container::root(text).ok_or_else(|| form("it is no object"))?;
    let Some(at) = root.position("hooks") else {
        return Ok(with_child(&root, &hooks(event, tools, command)));
    };
    let listed = root.container(at, '{').ok_or_else(|| form("`hooks` is no object"))?;
    let Some(at) = listed.position(event) else {
        return Ok(with_child(&listed, &groups(event, tools, command)));
    };
    let listed = listed.container(at, '[').ok_or_else(|| form(&format!("`{event}` is no array")))?;
    Ok(with_child(&listed, &group(tools, command)))
}

/// What is put in, each with its inner lines two blanks further in.
fn group(tools: Option<&str>, command: &str) -> String {
    let entry = format!("\"type\": \"command\",\n\"command\": {command},\n\"timeout\": 10");
    let matcher = tools.map_or_else(String::new, |tools| format!("\"matcher\": \"{tools}\",\n"));
    let entries = block('[', "]", &block('{', "}", &entry));
    block('{', "}", &format!("{matcher}\"hooks\": {entries}"))
}

fn groups(event: &str, tools: Option<&str>, command: &str) -> String {
    format!("\"{event}\": {}", block('[', "]", &group(tools, command)))
}

fn hooks(event: &str, tools: Option<&str>, command: &str) -> String {
    format!("\"hooks\": {}", block('{', "}", &groups(event, tools, command)))
}

fn block(open: char, close: &str, inner: &str) -> String {
    format!("{open}\n  {}\n{close}", inner.replace('\n', "\n  "))
}

/// The text with one more child at the end of a container. It is laid out as the last
/// one is; as the first one, it stands on the line of the bracket.
fn with_child(container: &Container, child: &str) -> String {
    let Container { text, start, children } = container;
    match children.last() {
        Some(last) => {
            let gap = &text[last.gap..last.span.start];
            let child = format!(",{gap}{}", laid_out(child, gap, unit(text)));
            spliced(text, last.span.end..last.span.end, &child)
        }
        None => spliced(text, *start..*start, &laid_out(child, "", "")),
    }
}

/// An entry of ours.
struct Ours<'t> {
    /// The containers that it lies in, from the outermost on, and which child of each it
    /// is, or lies in. A group is nothing without its entries.
    way: [(Container<'t>, usize); 4],
    /// Where its command stands.
    command: Range<usize>,
}

impl<'t> Ours<'t> {
    /// The first one that an event has.
    fn find(text: &'t str, event: &str) -> Option<Self> {
        let root = Container::root(text)?;
        let at_hooks = root.position("hooks")?;
        let hooks = root.container(at_hooks, '{')?;
        let at_event = hooks.position(event)?;
        let groups = hooks.container(at_event, '[')?;
        let found = (0..groups.children.len()).find_map(|at_group| {
            let group = groups.container(at_group, '{')?;
            let entries = group.container(group.position("hooks")?, '[')?;
            let (at, command) = (0..entries.children.len()).find_map(|at| {
                let entry = entries.container(at, '{')?;
                let command = entry.position("command")?;
                is_ours(entry.value(command)).then(|| (at, entry.children[command].value.clone()))
            })?;
            Some((at_group, entries, at, command))
        });
        let (at_group, entries, at, command) = found?;
        Some(Self { way: [(root, at_hooks), (hooks, at_event), (groups, at_group), (entries, at)], command })
    }

    /// What has to be cut out to take it away; and whether that is all there is.
    fn to_cut(&self) -> (Range<usize>, bool) {
        for (depth, (container, at)) in self.way.iter().enumerate().rev() {
            let Child { gap, span, .. } = &container.children[*at];
            let before = at.checked_sub(1).map(|before| &container.children[before]);
            let cut = match (before, container.children.get(at + 1)) {
                (Some(before), _) => before.span.end..span.end,
                (None, Some(next)) => span.start..next.span.start,
                // A container that was there, empty, has its first child right at the bracket;
                // one that was made for us has not.
                (None, None) if depth + 1 < self.way.len() && *gap == span.start => span.clone(),
                (None, None) => continue,
            };
            return (cut, false);
        }
        (0..0, true)
    }
}

/// Whether a command, as JSON, runs this program as `agent`.
fn is_ours(command: &str) -> bool {
    let commands = json::string(command)
        .and_then(|command| shell::commands(command.as_bytes(), Shell::Posix))
        .unwrap_or_default();
    let [words] = &commands[..] else { return false };
    let [program, .., last] = &words[..] else { return false };
    last == "agent" && file_name(program.as_bstr()) == super::NAME
}

/// `child` as it stands after the blanks of `gap`: where they hold a newline, on lines of
/// its own, further in by `unit` each; else on one line.
fn laid_out(child: &str, gap: &str, unit: &str) -> String {
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

/// What the lines of `text` are indented by.
fn unit(text: &str) -> &str {
    let line = text.lines().find(|line| line.starts_with([' ', '\t'])).unwrap_or("  ");
    &line[..line.len() - line.trim_start().len()]
}

fn spliced(text: &str, at: Range<usize>, new: &str) -> String {
    [&text[..at.start], new, &text[at.end..]].concat()
}
