//! JSON as it is written: one object or array at a time, with the place of each thing
//! in the text.

use std::ops::Range;

use serde::de::IgnoredAny;

/// An object or an array of a text.
pub(super) struct Container<'t> {
    pub(super) text: &'t str,
    /// Where its contents begin: after the bracket.
    pub(super) start: usize,
    pub(super) children: Vec<Child>,
}

/// A member of an object, or an element of an array.
pub(super) struct Child {
    /// Empty in an array.
    key: String,
    /// Where the blanks before it begin.
    pub(super) gap: usize,
    /// With its key.
    pub(super) span: Range<usize>,
    /// The value alone.
    pub(super) value: Range<usize>,
}

/// Checks that `text` is JSON. All else here reads such a text only.
pub(super) fn check(text: &[u8]) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<IgnoredAny>(text).map(drop)
}

impl<'t> Container<'t> {
    /// The outermost object; nothing, where that is something else.
    pub(super) fn root(text: &'t str) -> Option<Self> {
        Self::read(text, without_blanks(text, 0..text.len()), '{')
    }

    /// The object or array that a child is; nothing, where it does not begin with `open`.
    pub(super) fn container(&self, at: usize, open: char) -> Option<Self> {
        Self::read(self.text, self.children[at].value.clone(), open)
    }

    /// The object that a member is.
    pub(super) fn object(&self, key: &str) -> Option<Self> {
        self.container(self.position(key)?, '{')
    }

    /// The string that a member is; nothing, where it is something else.
    pub(super) fn string(&self, key: &str) -> Result<Option<String>, serde_json::Error> {
        let value = self.position(key).map(|at| self.value(at));
        value.filter(|value| value.starts_with('"')).map(serde_json::from_str).transpose()
    }

    /// A child as it is written, without its key.
    pub(super) fn value(&self, at: usize) -> &'t str {
        &self.text[self.children[at].value.clone()]
    }

    /// As JavaScript has it: of members with one name the last one counts.
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

    /// Adds what stands in `range`, with its blanks; in an empty container that is nothing.
    fn add(&mut self, range: Range<usize>, colon: Option<usize>) {
        let span = without_blanks(self.text, range.clone());
        if span.is_empty() {
            return;
        }
        let value = without_blanks(self.text, colon.map_or(span.start, |colon| colon + 1)..span.end);
        let key = colon.and_then(|colon| string(self.text[span.start..colon].trim_end()));
        self.children.push(Child { key: key.unwrap_or_default(), gap: range.start, span, value });
    }
}

/// What a string stands for; nothing, where it is something else.
pub(super) fn string(value: &str) -> Option<String> {
    serde_json::from_slice(value.as_bytes()).ok()
}

fn without_blanks(text: &str, range: Range<usize>) -> Range<usize> {
    let begun = text[range.clone()].trim_start_matches(is_blank);
    let start = range.end - begun.len();
    start..start + begun.trim_end_matches(is_blank).len()
}

/// What JSON takes for a blank.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
