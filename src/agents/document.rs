//! A JSON document with the byte ranges of its values and comments.

use std::ops::Range;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::ParseError;
use jsonc_parser::tokens::Token;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

/// A parsed text.
#[derive(Debug)]
pub(super) struct Document<'t> {
    pub(super) text: &'t str,
    /// The value; `None` if there are only whitespace and comments.
    pub(super) root: Option<Value<'t>>,
    /// The ranges of the comments, in order.
    pub(super) comments: Vec<Range<usize>>,
}

/// An object or an array.
#[derive(Clone, Debug)]
pub(super) struct Container<'d> {
    /// The range between the brackets.
    pub(super) range: Range<usize>,
    pub(super) children: Vec<Child<'d>>,
}

/// A member of an object, or an element of an array.
#[derive(Clone, Debug)]
pub(super) struct Child<'d> {
    /// Empty in an array.
    pub(super) key: &'d str,
    /// The range of the value, with its key.
    pub(super) span: Range<usize>,
    pub(super) value: &'d Value<'d>,
}

impl<'t> Document<'t> {
    /// Parses JSON, also with comments and some more that JSON does not allow.
    pub(super) fn parse(text: &'t str) -> Result<Self, ParseError> {
        let collect = CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
        let parsed = parse_to_ast(text, &collect, &ParseOptions::default())?;
        let is_comment = |token: &Token| matches!(token, Token::CommentLine(_) | Token::CommentBlock(_));
        let tokens = parsed.tokens.into_iter().flatten().filter(|token| is_comment(&token.token));
        Ok(Self { text, root: parsed.value, comments: tokens.map(|token| bytes(&token)).collect() })
    }

    /// Returns the text with spaces in the place of comments.
    pub(super) fn without_comments(&self) -> String {
        let mut text = String::new();
        let mut end = 0;
        for comment in &self.comments {
            text += &self.text[end..comment.start];
            text.extend(self.text[comment.clone()].chars().map(|c| if c == '\n' { c } else { ' ' }));
            end = comment.end;
        }
        text + &self.text[end..]
    }

    /// Whether there is a comment in `range`.
    pub(super) fn has_comments_in(&self, range: &Range<usize>) -> bool {
        self.comments.iter().any(|comment| range.start <= comment.start && comment.end <= range.end)
    }

    /// Returns the end of the last comment between `start` and `span`, or else `start`.
    ///
    /// The newline that ends a comment stays if `span` is the last on its line.
    pub(super) fn end_of_comments(&self, start: usize, span: &Range<usize>) -> usize {
        let is_between = |comment: &&Range<usize>| start <= comment.start && comment.end <= span.start;
        let Some(last) = self.comments.iter().rfind(is_between) else { return start };
        let ends_line = self.text[last.clone()].starts_with("//");
        let is_last_on_line = self.text[span.end..].trim_start_matches([' ', '\t', '\r']).starts_with('\n');
        if ends_line && !is_last_on_line { self.skip_newline(last.end) } else { last.end }
    }

    /// Returns the end of the comments that follow `start` on its line, or else `start`.
    pub(super) fn end_of_comments_on_line(&self, start: usize) -> usize {
        let mut end = start;
        let follows = |end: usize, comment: &Range<usize>| {
            comment.start >= end && self.text[end..comment.start].chars().all(|c| matches!(c, ' ' | '\t'))
        };
        for comment in &self.comments {
            if follows(end, comment) {
                end = comment.end;
            }
        }
        end
    }

    /// Returns the position of the first comma after `start` that is not in a comment.
    pub(super) fn comma_after(&self, start: usize) -> usize {
        let is_in_comment = |at: &usize| self.comments.iter().any(|comment| comment.contains(at));
        let mut commas = self.text[start..].match_indices(',').map(|(at, _)| start + at);
        commas.find(|at| !is_in_comment(at)).unwrap_or(start)
    }

    /// Returns the whitespace before `end`, from the last newline on if there is one.
    pub(super) fn space_before(&self, end: usize) -> &'t str {
        let before = &self.text[..end];
        let space = &before[before.trim_end().len()..];
        let newline = space.rfind('\n').unwrap_or_default();
        let is_crlf = space[..newline].ends_with('\r');
        &space[newline - usize::from(is_crlf)..]
    }

    /// Returns the position of the first character from `start` on that is not whitespace.
    pub(super) fn skip_whitespace(&self, start: usize) -> usize {
        self.text.len() - self.text[start..].trim_start().len()
    }

    fn skip_newline(&self, start: usize) -> usize {
        self.text[start..].find('\n').map_or(start, |newline| start + newline + 1)
    }
}

impl<'d> Container<'d> {
    /// Returns the members of an object; `None` if `value` is something else.
    pub(super) fn object(value: &'d Value<'d>) -> Option<Self> {
        let object = value.as_object()?;
        let children = object.properties.iter().map(|member| Child {
            key: member.name.as_str(),
            span: bytes(member),
            value: &member.value,
        });
        Some(Self { range: inside(object), children: children.collect() })
    }

    /// Returns the elements of an array; `None` if `value` is something else.
    pub(super) fn array(value: &'d Value<'d>) -> Option<Self> {
        let array = value.as_array()?;
        let children = array.elements.iter().map(|value| Child { key: "", span: bytes(value), value });
        Some(Self { range: inside(array), children: children.collect() })
    }

    /// Returns the position of a member. As in JavaScript, the last of several counts.
    pub(super) fn position(&self, key: &str) -> Option<usize> {
        self.children.iter().rposition(|child| child.key == key)
    }

    /// Returns the value of a member.
    pub(super) fn member(&self, key: &str) -> Option<&'d Value<'d>> {
        Some(self.children[self.position(key)?].value)
    }

    /// Returns the range and the value of a member that is a string.
    pub(super) fn string(&self, key: &str) -> Option<(Range<usize>, &'d str)> {
        let literal = self.member(key)?.as_string_lit()?;
        Some((bytes(literal), literal.value.as_ref()))
    }
}

/// Returns the range of a node in the text.
fn bytes(node: &impl Ranged) -> Range<usize> {
    node.start()..node.end()
}

/// Returns the range between the brackets of a node.
fn inside(node: &impl Ranged) -> Range<usize> {
    node.start() + 1..node.end() - 1
}
