//! Reads one JSON object or array at a time, with the byte range of each child.
//!
//! With the ranges, the settings are edited without changing their format.

use std::ops::Range;

use serde::de::IgnoredAny;

/// An object or an array in a text.
pub(super) struct Container<'t> {
    pub(super) text: &'t str,
    /// The byte after the opening bracket.
    pub(super) start: usize,
    pub(super) children: Vec<Child>,
}

/// A member of an object, or an element of an array.
pub(super) struct Child {
    /// Empty in an array.
    key: String,
    /// The beginning of the whitespace before the child.
    pub(super) gap: usize,
    /// The child, with its key.
    pub(super) span: Range<usize>,
    /// The value only.
    pub(super) value: Range<usize>,
}

/// Checks that `text` is JSON. The other functions expect valid JSON.
pub(super) fn check(text: &[u8]) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<IgnoredAny>(text).map(drop)
}

impl<'t> Container<'t> {
    /// Returns the root of a document; `None` if it is not an object.
    pub(super) fn root(text: &'t str) -> Option<Self> {
        Self::read(text, trim(text, 0..text.len()), '{')
    }

    /// Returns the value of a child; `None` if it does not begin with the bracket `open`.
    pub(super) fn container(&self, at: usize, open: char) -> Option<Self> {
        Self::read(self.text, self.children[at].value.clone(), open)
    }

    /// Returns the source text of a child's value.
    pub(super) fn value(&self, at: usize) -> &'t str {
        &self.text[self.children[at].value.clone()]
    }

    /// Returns the position of a member. As in JavaScript, the last of several counts.
    pub(super) fn position(&self, key: &str) -> Option<usize> {
        self.children.iter().rposition(|child| child.key == key)
    }

    fn read(text: &'t str, value: Range<usize>, open: char) -> Option<Self> {
        if !text[value.clone()].starts_with(open) {
            return None;
        }
        let start = value.start + 1;
        let mut container = Self { text, start, children: Vec::new() };
        let (mut gap, mut colon, mut depth) = (start, None, 0_usize);
        let (mut is_quoted, mut is_escaped) = (false, false);
        for (at, byte) in (start..).zip(text[start..value.end].bytes()) {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_quoted = !is_quoted,
                _ if is_quoted => {}
                b'[' | b'{' => depth += 1,
                b']' | b'}' if depth > 0 => depth -= 1,
                b':' if depth == 0 => colon = Some(at),
                b',' | b']' | b'}' if depth == 0 => {
                    container.add(gap..at, colon.take());
                    gap = at + 1;
                }
                _ => {}
            }
        }
        Some(container)
    }

    /// Adds the child in `range`, unless there is only whitespace.
    fn add(&mut self, range: Range<usize>, colon: Option<usize>) {
        let span = trim(self.text, range.clone());
        if span.is_empty() {
            return;
        }
        let value = trim(self.text, colon.map_or(span.start, |colon| colon + 1)..span.end);
        let key = colon.and_then(|colon| parse_string(self.text[span.start..colon].trim_end()));
        self.children.push(Child { key: key.unwrap_or_default(), gap: range.start, span, value });
    }
}

/// Parses a JSON string; `None` if `value` is something else.
pub(super) fn parse_string(value: &str) -> Option<String> {
    serde_json::from_slice(value.as_bytes()).ok()
}

/// Returns `range` without the whitespace at both ends.
fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let trimmed = text[range.clone()].trim_start_matches(is_whitespace);
    let start = range.end - trimmed.len();
    start..start + trimmed.trim_end_matches(is_whitespace).len()
}

/// Whether JSON allows `c` between tokens.
pub(super) fn is_whitespace(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
