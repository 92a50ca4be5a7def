//! Adds entries to `allow` in the text of a configuration.

use std::borrow::Cow;
use std::ops::Range;

use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The indentation of the entries of a new array.
const INDENTATION: &str = "    ";

/// Returns the configuration `text` with more entries of `allow`. All bytes of `text` are kept.
///
/// `entries` are TOML strings, and `text` has to be valid.
#[must_use]
pub fn with_allow_entries(text: &str, entries: &[String]) -> String {
    // The parser of TOML accepts a second mark.
    let (mark, text) = text.split_at(text.len() - text.trim_start_matches(BYTE_ORDER_MARK).len());
    let insertions = Layout::of(text).insertions(entries);
    let mut edited = text.to_owned();
    // The last one comes first, so that the positions of the others stay valid.
    for Insertion { at, text } in insertions.iter().rev() {
        edited.insert_str(*at, text);
    }
    mark.to_owned() + &edited
}

/// A text to insert, and its position in bytes.
struct Insertion {
    at: usize,
    text: String,
}

/// A configuration, and the positions in it that decide where an entry is inserted.
struct Layout<'t> {
    text: &'t str,
    /// The line end that the text uses.
    line_end: &'static str,
    /// The array of `allow`.
    allow: Option<Array>,
    /// The end of the last value in front of all tables.
    last_value: Option<usize>,
    /// The beginning of the first header of a table.
    first_table: Option<usize>,
}

/// The positions in an array of strings.
struct Array {
    /// What is between the brackets.
    content: Range<usize>,
    /// The last entry.
    last: Option<Range<usize>>,
    /// The end of the comma after the last entry.
    comma: Option<usize>,
}

impl<'t> Layout<'t> {
    fn of(text: &'t str) -> Self {
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut layout = Self { text, line_end, allow: None, last_value: None, first_table: None };
        let (mut depth, mut key, mut array) = (0_usize, String::new(), None::<Array>);
        for event in events(text) {
            let (start, end) = (event.span().start(), event.span().end());
            match (event.kind(), depth) {
                (EventKind::StdTableOpen | EventKind::ArrayTableOpen, _) => {
                    layout.first_table = Some(start);
                    break;
                }
                (EventKind::SimpleKey, 0) => key.push_str(&decode_key(text, event)),
                (EventKind::KeySep, 0) => key.push('.'),
                (EventKind::Scalar, 1) => {
                    if let Some(array) = &mut array {
                        (array.last, array.comma) = (Some(start..end), None);
                    }
                }
                (EventKind::ValueSep, 1) => {
                    if let Some(array) = &mut array {
                        array.comma = Some(end);
                    }
                }
                (EventKind::ArrayOpen | EventKind::InlineTableOpen, _) => {
                    let is_allow = depth == 0 && key == "allow";
                    array =
                        array.or(is_allow.then_some(Array { content: end..end, last: None, comma: None }));
                    depth += 1;
                }
                (EventKind::ArrayClose | EventKind::InlineTableClose, 2..) => depth -= 1,
                (EventKind::Scalar | EventKind::ArrayClose | EventKind::InlineTableClose, 0 | 1) => {
                    if let Some(Array { content, .. }) = &mut array {
                        content.end = start;
                        layout.allow = array.take();
                    }
                    (layout.last_value, depth) = (Some(end), 0);
                    key.clear();
                }
                _ => {}
            }
        }
        layout
    }

    fn insertions(&self, entries: &[String]) -> Vec<Insertion> {
        match &self.allow {
            None => vec![self.new_array(entries)],
            Some(Array { content, last: None, .. }) => vec![self.first_entries(content, entries)],
            Some(Array { content, last: Some(last), comma }) => {
                self.further_entries(content.end, last, *comma, entries)
            }
        }
    }

    /// Inserts an array with one entry a line.
    fn new_array(&self, entries: &[String]) -> Insertion {
        let Self { text, line_end, .. } = self;
        let array = format!("allow = [{line_end}{}]{line_end}", self.lines(INDENTATION, entries));
        if let (None, Some(table)) = (self.last_value, self.first_table) {
            let at = comments_above(text, line_start(text, table));
            return Insertion { at, text: array + line_end };
        }
        let after = self.last_value.unwrap_or(text.len());
        let at = text[after..].find('\n').map_or(text.len(), |newline| after + newline + 1);
        let is_line_start = at == 0 || text[..at].ends_with('\n');
        Insertion { at, text: if is_line_start { array } else { format!("{line_end}{array}") } }
    }

    /// Inserts the first entries of an array with this content, which may be a comment.
    fn first_entries(&self, content: &Range<usize>, entries: &[String]) -> Insertion {
        if !self.text[content.clone()].contains('\n') {
            return Insertion { at: content.start, text: entries.join(", ") };
        }
        // A comment ends with its line, so the bracket is the first on its own.
        let at = line_start(self.text, content.end);
        let indentation = self.text[at..content.end].to_owned() + INDENTATION;
        Insertion { at, text: self.lines(&indentation, entries) }
    }

    /// Inserts entries after the last one of an array, on lines of their own if that one is.
    fn further_entries(
        &self,
        array_end: usize,
        last: &Range<usize>,
        comma: Option<usize>,
        entries: &[String],
    ) -> Vec<Insertion> {
        let Self { text, line_end, .. } = self;
        let indentation = &text[line_start(text, last.start)..last.start];
        if !indentation.trim_matches([' ', '\t']).is_empty() {
            return vec![Insertion { at: last.end, text: format!(", {}", entries.join(", ")) }];
        }
        let after = comma.unwrap_or(last.end);
        // A comment on the line of the last entry stays there.
        let at = line_end_in(text, after..array_end).unwrap_or(after);
        let start = format!("{line_end}{indentation}");
        let lines = start.clone() + &entries.join(&format!(",{start}"));
        if comma.is_some() {
            vec![Insertion { at, text: lines + "," }]
        } else {
            vec![Insertion { at: last.end, text: ",".to_owned() }, Insertion { at, text: lines }]
        }
    }

    /// Returns a line with a comma for each entry.
    fn lines(&self, indentation: &str, entries: &[String]) -> String {
        let end = format!(",{}", self.line_end);
        format!("{indentation}{}{end}", entries.join(&format!("{end}{indentation}")))
    }
}

/// Parses `text` as TOML. Of an invalid text, some events are missing.
fn events(text: &str) -> Vec<Event> {
    let tokens: Vec<_> = Source::new(text).lex().collect();
    let mut events = Vec::new();
    parse_document(&tokens, &mut |event: Event| events.push(event), &mut ());
    events
}

fn decode_key(text: &str, event: Event) -> String {
    let mut key = Cow::default();
    if let Some(raw) = Source::new(text).get(event) {
        raw.decode_key(&mut key, &mut ());
    }
    key.into_owned()
}

/// Returns where the line of the byte `at` begins.
fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Returns where the first line end in `range` begins.
fn line_end_in(text: &str, range: Range<usize>) -> Option<usize> {
    let line = text[range.clone()].split_once('\n')?.0;
    Some(range.start + line.strip_suffix('\r').unwrap_or(line).len())
}

/// Returns where the comment lines directly above the line at `start` begin.
fn comments_above(text: &str, mut start: usize) -> usize {
    while start > 0 {
        let above = line_start(text, start - 1);
        if !text[above..start].trim_start().starts_with('#') {
            break;
        }
        start = above;
    }
    start
}
