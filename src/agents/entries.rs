//! Adds entries that run this program to an agent's settings, and removes them.
//!
//! All else in the text stays byte for byte, and removing the entries restores it: a container
//! that existed before has its first child directly after the bracket, and one that was added
//! has not.

use std::error::Error as StdError;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bstr::{BString, ByteSlice};
use serde::de::IgnoredAny;

use super::document::{Child, Container, Document};
use super::hook_event::Events;
use super::tool::Tool;
use super::{Agent, PROGRAM, TIME_LIMIT};
use crate::bypass::{file_name, shell};

/// The entries of an agent: the events that run this program, and their form.
pub(super) struct Entries {
    /// The events. The one before a tool has a matcher, which names the tools.
    pub(super) events: &'static Events,
    /// The tools that are checked.
    pub(super) tools: &'static [Tool],
    /// The form of an entry.
    pub(super) form: EntryForm,
    /// A member that comes first in a file that is created, as JSON; `None` if there is none.
    pub(super) version: Option<&'static str>,
    /// Whether the agent accepts comments in its settings.
    pub(super) has_comments: bool,
}

impl Entries {
    /// Returns entries in groups of hooks, the form of Claude Code that other agents have, too.
    pub(super) const fn in_groups(events: &'static Events, tools: &'static [Tool], unit: TimeUnit) -> Self {
        Self { events, tools, form: EntryForm::Group { unit }, version: None, has_comments: false }
    }
}

/// The form of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum EntryForm {
    /// Groups of hooks with a common matcher, with a time limit in the unit of the agent.
    Group {
        /// The unit.
        unit: TimeUnit,
    },
    /// A list of hooks in a file that has a version.
    Versioned,
}

/// The unit of an agent's time limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TimeUnit {
    Seconds,
    Milliseconds,
}

impl TimeUnit {
    /// Returns the time limit of an entry in this unit.
    fn time_limit(self) -> u128 {
        match self {
            Self::Seconds => TIME_LIMIT.as_secs().into(),
            Self::Milliseconds => TIME_LIMIT.as_millis(),
        }
    }
}

/// The reason why no entries can be added to a text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The text is not JSON.
    #[error("not valid JSON")]
    NotJson(#[source] Box<dyn StdError + Send + Sync>),
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

/// What is left of a text without the entries.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Rest {
    /// This text.
    Text(String),
    /// Nothing: the text was the object that held the entries, and a line end.
    Nothing {
        /// The text with an empty object.
        emptied: String,
    },
}

impl Entries {
    /// Returns `text` with entries that run `command`. `None` stands for a missing file.
    ///
    /// A text of whitespace is kept after a newline: see [`Self::without`]. An entry of this
    /// program is updated, so that adding the entries twice changes nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if `text` is not JSON, or has other values where the entries belong.
    pub(super) fn with(&self, text: Option<&str>, command: &str) -> Result<String, Error> {
        // Serializing a string cannot fail.
        let command = serde_json::to_string(command).unwrap_or_default();
        let is_blank = |text: &&str| text.chars().all(is_whitespace);
        let line_end = match text.filter(is_blank) {
            None => "\n".to_owned(),
            Some("") => String::new(),
            Some(blank) => format!("\n{blank}"),
        };
        // The text of a blank file could not be restored if the object had other members. But a
        // list of hooks needs its version.
        let is_versioned = text.is_none() || self.form == EntryForm::Versioned;
        let text = text.filter(|text| !is_blank(text)).map(str::to_owned);
        let version = self.version.filter(|_| is_versioned);
        let mut text = text.unwrap_or_else(|| self.new_object(version, &command) + &line_end);
        for event in self.events() {
            text = self.with_hook(&text, event, &command)?;
        }
        Ok(text)
    }

    /// Returns `text` without the entries and the containers that were added for them.
    ///
    /// `None` if there are no entries. A text of whitespace that [`Self::with`] was given is
    /// restored.
    pub(super) fn without(&self, text: &str) -> Option<Rest> {
        let mut rest: Option<String> = None;
        for event in self.events() {
            loop {
                let text = rest.as_deref().unwrap_or(text);
                let Ok(document) = self.parse(text) else { break };
                let Some(entry) = self.own_entries(&document, event).into_iter().next() else { break };
                let Some(edits) = entry.removal(&document) else { return Some(self.nothing(text)) };
                rest = Some(apply(text, edits));
            }
        }
        let rest = rest?;
        let is_version_left = self.form == EntryForm::Versioned && self.has_only(&rest, "version");
        Some(if is_version_left { self.nothing(&rest) } else { Rest::Text(rest) })
    }

    /// Checks that the text is blank or JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not.
    pub(super) fn check(&self, text: &str) -> Result<(), Error> {
        if text.chars().all(is_whitespace) { Ok(()) } else { self.parse(text).map(drop) }
    }

    /// Returns the programs that the entries run.
    pub(super) fn programs(&self, text: &str) -> Vec<PathBuf> {
        let Ok(document) = self.parse(text) else { return Vec::new() };
        let entries = self.events().flat_map(|event| self.own_entries(&document, event));
        let command = |entry: OwnEntry| serde_json::from_str::<String>(text.get(entry.command)?).ok();
        entries.filter_map(command).filter_map(|command| own_program(&command)).collect()
    }

    /// Whether the text is blank, or an object without hooks whose other keys begin with `prefix`.
    pub(super) fn has_only(&self, text: &str, prefix: &str) -> bool {
        let document = self.parse(text);
        let root = document.as_ref().ok().and_then(|document| Container::object(document.root.as_ref()?));
        let is_negligible = |child: &Child| child.key.starts_with(prefix) || self.is_empty_hooks(child);
        text.chars().all(is_whitespace) || root.is_some_and(|root| root.children.iter().all(is_negligible))
    }

    /// Whether a member of the settings is `hooks` with nothing but empty lists of the events.
    fn is_empty_hooks(&self, member: &Child) -> bool {
        let is_empty = |list: Container| list.children.is_empty();
        let is_list = |child: &Child| {
            self.events().any(|event| child.key == event)
                && Container::array(child.value).is_some_and(is_empty)
        };
        member.key == "hooks"
            && Container::object(member.value).is_some_and(|hooks| hooks.children.iter().all(is_list))
    }

    /// Returns the events in the order in which they are added.
    fn events(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.events.before_tool).chain(self.events.at_end)
    }

    /// Returns the rest of a text that holds nothing but the entries.
    fn nothing(&self, text: &str) -> Rest {
        let Ok(document) = self.parse(text) else { return Rest::Text(text.to_owned()) };
        let Some(root) = document.root.as_ref().and_then(Container::object) else {
            return Rest::Text(text.to_owned());
        };
        let emptied = apply(text, vec![(root.range, String::new())]);
        let end = text.trim_end_matches(is_whitespace).len();
        match text[end..].strip_prefix('\n') {
            _ if !document.comments.is_empty() => Rest::Text(emptied),
            Some("") => Rest::Nothing { emptied },
            Some(blank) => Rest::Text(blank.to_owned()),
            None if text[end..].is_empty() => Rest::Text(String::new()),
            None => Rest::Nothing { emptied },
        }
    }

    /// Parses a text.
    fn parse<'t>(&self, text: &'t str) -> Result<Document<'t>, Error> {
        let document = Document::parse(text).map_err(|error| Error::NotJson(error.into()))?;
        let json = if self.has_comments { document.without_comments() } else { text.to_owned() };
        serde_json::from_str::<IgnoredAny>(&json).map_err(|error| Error::NotJson(error.into()))?;
        Ok(document)
    }

    fn with_hook(&self, text: &str, event: &'static str, command: &str) -> Result<String, Error> {
        let document = self.parse(text)?;
        let hook = &self.hook(event, command);
        let own = self.own_entries(&document, event);
        let misplaced = own.iter().find(|entry| entry.matcher == Matcher::OfOthers);
        if let Some(removal) = misplaced.and_then(|entry| entry.removal(&document)) {
            return self.with_hook(&apply(text, removal), event, command);
        }
        if !own.is_empty() {
            let edits = own.into_iter().flat_map(|entry| entry.update(command, &self.matcher()));
            return Ok(apply(text, edits.collect()));
        }
        let root = document.root.as_ref().and_then(Container::object).ok_or(Error::RootNotObject)?;
        let Some(hooks) = root.member("hooks") else {
            return Ok(apply(text, append(&document, &root, &hooks_member(event, hook))));
        };
        let hooks = Container::object(hooks).ok_or(Error::HooksNotObject)?;
        let Some(list) = hooks.member(event) else {
            return Ok(apply(text, append(&document, &hooks, &event_member(event, hook))));
        };
        let list = Container::array(list).ok_or(Error::EventNotArray(event))?;
        Ok(apply(text, append(&document, &list, hook)))
    }

    /// Returns an object with the entry for the first event.
    fn new_object(&self, version: Option<&str>, command: &str) -> String {
        let version = version.map(|version| format!("{version},\n")).unwrap_or_default();
        let event = self.events.before_tool;
        block('{', "}", &(version + &hooks_member(event, &self.hook(event, command))))
    }

    /// Returns the element of an event's list as JSON, indented by two spaces a level.
    fn hook(&self, event: &str, command: &str) -> String {
        let EntryForm::Group { unit } = self.form else {
            let limit = TimeUnit::Seconds.time_limit();
            let hook = format!("\"type\": \"command\",\n\"bash\": {command},\n\"timeoutSec\": {limit}");
            return block('{', "}", &hook);
        };
        let timeout = unit.time_limit();
        let hook = format!("\"type\": \"command\",\n\"command\": {command},\n\"timeout\": {timeout}");
        let hooks = block('[', "]", &block('{', "}", &hook));
        let has_matcher = event == self.events.before_tool;
        let matcher =
            if has_matcher { format!("\"matcher\": \"{}\",\n", self.matcher()) } else { String::new() };
        block('{', "}", &format!("{matcher}\"hooks\": {hooks}"))
    }

    /// Returns the matcher of the tools.
    fn matcher(&self) -> String {
        let names: Vec<&str> = self.tools.iter().map(|tool| tool.name).collect();
        names.join("|")
    }

    /// Returns the entries of an event that run this program.
    fn own_entries<'d>(&self, document: &'d Document, event: &str) -> Vec<OwnEntry<'d>> {
        self.find_own_entries(document, event).unwrap_or_default()
    }

    /// `None` if there is no list of the event's hooks.
    fn find_own_entries<'d>(&self, document: &'d Document, event: &str) -> Option<Vec<OwnEntry<'d>>> {
        let root = Rc::new(Container::object(document.root.as_ref()?)?);
        let at_hooks = root.position("hooks")?;
        let hooks = Rc::new(Container::object(root.children[at_hooks].value)?);
        let at_event = hooks.position(event)?;
        let list = Rc::new(Container::array(hooks.children[at_event].value)?);
        let path = |at: usize| vec![(root.clone(), at_hooks), (hooks.clone(), at_event), (list.clone(), at)];
        let elements = list.children.iter().enumerate();
        let objects = elements.filter_map(|(at, child)| Some((path(at), Container::object(child.value)?)));
        Some(match self.form {
            EntryForm::Group { .. } => {
                let matcher = (event == self.events.before_tool).then(|| self.matcher());
                objects.flat_map(|(path, group)| own_in_group(&path, &group, matcher.as_deref())).collect()
            }
            EntryForm::Versioned => objects.filter_map(|(path, hook)| own_in_list(path, &hook)).collect(),
        })
    }
}

/// Returns the entry that is an element of an event's list, if it runs this program.
fn own_in_list<'d>(path: Containers<'d>, hook: &Container<'d>) -> Option<OwnEntry<'d>> {
    hook.own_command("bash").map(|command| OwnEntry { path, command, matcher: Matcher::Fitting })
}

/// Returns the entries in a group of hooks that run this program.
///
/// `matcher` is that of this program's entries; `None` if the event has no matchers.
fn own_in_group<'d>(
    path: &Containers<'d>,
    group: &Container<'d>,
    matcher: Option<&str>,
) -> Vec<OwnEntry<'d>> {
    let Some(hooks) = group.member("hooks").and_then(Container::array).map(Rc::new) else {
        return Vec::new();
    };
    let is_alone = hooks.children.len() == 1;
    let matcher = match group.string("matcher") {
        Some((range, found)) if matcher.is_some_and(|matcher| found != matcher) => {
            if is_alone {
                Matcher::Outdated(range)
            } else {
                Matcher::OfOthers
            }
        }
        // Without a matcher, the entry is run for all tools.
        _ => Matcher::Fitting,
    };
    let entry = |(at, child): (usize, &Child<'d>)| {
        let command = Container::object(child.value)?.own_command("command")?;
        let inner = (!is_alone).then(|| (hooks.clone(), at));
        Some(OwnEntry {
            path: path.iter().cloned().chain(inner).collect(),
            command,
            matcher: matcher.clone(),
        })
    };
    hooks.children.iter().enumerate().filter_map(entry).collect()
}

/// A change of a text: the range that is replaced, and the new text.
type Edit = (Range<usize>, String);

/// The containers around an entry, outermost first.
///
/// Each comes with the position of the child that contains the entry or is the entry.
type Containers<'d> = Vec<(Rc<Container<'d>>, usize)>;

/// An entry that runs this program.
struct OwnEntry<'d> {
    path: Containers<'d>,
    /// The range of its command.
    command: Range<usize>,
    matcher: Matcher,
}

/// The matcher of an entry's group.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Matcher {
    /// The tools of the agent are among those that it names.
    Fitting,
    /// It has this range, and is another one. The group has no other entry.
    Outdated(Range<usize>),
    /// It is another one, and the group has other entries.
    OfOthers,
}

impl OwnEntry<'_> {
    /// Returns the edits that renew the entry.
    fn update(self, command: &str, matcher: &str) -> Vec<Edit> {
        let command = (self.command, command.to_owned());
        match self.matcher {
            Matcher::Outdated(range) => vec![(range, format!("\"{matcher}\"")), command],
            Matcher::Fitting | Matcher::OfOthers => vec![command],
        }
    }

    /// Returns the edits that remove the entry; `None` if nothing else is in the text.
    fn removal(&self, document: &Document) -> Option<Vec<Edit>> {
        for (container, at) in self.path.iter().rev() {
            let span = &container.children[*at].span;
            if container.children.len() > at + 1 {
                let comma = document.comma_after(span.end);
                return Some(vec![cut(span.clone()), cut(comma..document.skip_whitespace(comma + 1))]);
            }
            if let Some(before) = at.checked_sub(1).map(|before| &container.children[before].span) {
                let comma = document.comma_after(before.end);
                let start = document.end_of_comments(before.end, span);
                let comma = (comma < start).then(|| cut(comma..comma + 1));
                return Some(comma.into_iter().chain([cut(start..span.end)]).collect());
            }
            // A child directly after the bracket means that the container existed before.
            if document.has_comments_in(&container.range) || span.start == container.range.start {
                let start = document.end_of_comments(container.range.start, span);
                return Some(vec![cut(start..span.end)]);
            }
        }
        None
    }
}

impl Container<'_> {
    /// Returns the range of the command `key`, if it runs this program.
    fn own_command(&self, key: &str) -> Option<Range<usize>> {
        let (range, command) = self.string(key)?;
        own_program(command).map(|_| range)
    }
}

/// Returns the command with which an agent runs `program`; `None` if the path is not UTF-8.
///
/// Several agents deny every action if a hook fails, as it does where this program is not
/// installed. The file is for everybody who clones the repository, so the command never fails.
pub(super) fn command(agent: Agent, program: &Path) -> Option<String> {
    let path = program.to_str()?;
    // Unlike in a report, an invisible character does no harm: it is not printed.
    let program = if path.chars().any(is_special) {
        format!("'{}'", path.replace('\'', r"'\''"))
    } else {
        path.to_owned()
    };
    Some(format!("{program} agent {} || true", agent.name()))
}

/// Whether a character of a path has to be quoted for a shell.
fn is_special(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || "/._-".contains(c))
}

/// Returns the program of a command that runs `agent` of this program.
///
/// The command is `PROGRAM [-C DIR]... agent [NAME] [|| true]`: earlier versions wrote it
/// without the last parts.
pub(super) fn own_program(command: &str) -> Option<PathBuf> {
    let commands = shell::commands(command.as_bytes()).unwrap_or_default();
    let command = match &commands[..] {
        [command] => command,
        [command, otherwise] if otherwise.words == ["true"] => command,
        _ => return None,
    };
    let [program, arguments @ ..] = &command.words[..] else { return None };
    let mut arguments = arguments;
    while let [option, _, rest @ ..] = arguments
        && option == "-C"
    {
        arguments = rest;
    }
    let is_name = |name: &BString| Agent::ALL.iter().any(|agent| name == agent.name());
    let [command, names @ ..] = arguments else { return None };
    let is_agent = command == "agent" && names.len() < 2 && names.iter().all(is_name);
    (is_agent && file_name(program.as_bstr()) == PROGRAM).then(|| program.to_path_lossy().into_owned())
}

/// Returns the edits that add a child at the end of a container.
///
/// The child is formatted like the one before it. The first child of a container is put on
/// the line of the bracket.
fn append(document: &Document, container: &Container, child: &str) -> Vec<Edit> {
    let Some(last) = container.children.last() else {
        let start = container.range.start;
        return vec![(start..start, reindent(child, "", ""))];
    };
    let end = document.end_of_comments_on_line(last.span.end);
    let space = document.space_before(last.span.start);
    // A comment may end with the line.
    let space = if end == last.span.end || space.contains('\n') { space } else { "\n" };
    let child = format!("{space}{}", reindent(child, space, indent_unit(document.text)));
    vec![(last.span.end..last.span.end, ",".to_owned()), (end..end, child)]
}

/// Returns the edit that removes a range.
fn cut(range: Range<usize>) -> Edit {
    (range, String::new())
}

/// Applies edits whose ranges do not overlap.
fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut edited = String::new();
    let mut end = 0;
    for (range, new) in edits {
        edited += &text[end..range.start];
        edited += &new;
        end = range.end;
    }
    edited + &text[end..]
}

/// Returns the member of `hooks` for an event.
fn event_member(event: &str, hook: &str) -> String {
    format!("\"{event}\": {}", block('[', "]", hook))
}

/// Returns the member `hooks` of the settings.
fn hooks_member(event: &str, hook: &str) -> String {
    format!("\"hooks\": {}", block('{', "}", &event_member(event, hook)))
}

fn block(open: char, close: &str, inner: &str) -> String {
    format!("{open}\n  {}\n{close}", inner.replace('\n', "\n  "))
}

/// Returns `child` as it is written after the whitespace `space`.
///
/// If `space` has a newline, the child's lines begin as the line in `space` does, further
/// indented by `unit` a level. Otherwise the child is on one line.
fn reindent(child: &str, space: &str, unit: &str) -> String {
    let lines = child.lines().map(|line| {
        let inner = line.trim_start();
        (inner, (line.len() - inner.len()) / 2)
    });
    let Some(newline) = space.rfind('\n') else {
        return lines.map(|(line, _)| line).collect::<Vec<_>>().join(" ");
    };
    let end = if space[..newline].ends_with('\r') { "\r\n" } else { "\n" };
    let separator = format!("{end}{}", &space[newline + 1..]);
    lines.map(|(line, depth)| unit.repeat(depth) + line).collect::<Vec<_>>().join(&separator)
}

/// Returns the indent of the first indented line of `text`.
fn indent_unit(text: &str) -> &str {
    let line = text.lines().find(|line| line.starts_with([' ', '\t'])).unwrap_or("  ");
    &line[..line.len() - line.trim_start().len()]
}

/// Whether JSON allows `c` between tokens.
fn is_whitespace(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests;
