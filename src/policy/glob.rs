//! Globs as globset compiles them: they match bytes, letter for letter, and a
//! leading dot is nothing special.

use std::sync::OnceLock;

use bstr::BStr;
use globset::{Glob, GlobBuilder};
use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::util::syntax;

/// A glob whose syntax has been checked, compiled when it is first matched: to the
/// plainest of automata, which takes the least time and room to make. There is not
/// much to match.
#[derive(Debug)]
pub(super) struct Compiled {
    glob: Glob,
    matcher: OnceLock<Option<PikeVM>>,
}

/// Why a text is no pattern. The message is for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub(super) String);

impl Compiled {
    pub(super) fn new(text: &str) -> Result<Self, Invalid> {
        if text.len() > LONGEST || text.matches('{').count() > MOST_ALTERNATIONS {
            return Err(Invalid(format!(
                "a pattern has at most {LONGEST} bytes and {MOST_ALTERNATIONS} `{{`"
            )));
        }
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let glob = glob.map_err(|error| Invalid(error.kind().to_string()))?;
        Ok(Self { glob, matcher: OnceLock::new() })
    }

    pub(super) fn matches(&self, path: &BStr) -> bool {
        let matcher = self.matcher.get_or_init(|| automaton(self.glob.regex()));
        matcher.as_ref().is_some_and(|matcher| matcher.is_match(&mut matcher.create_cache(), &**path))
    }
}

/// As globset itself compiles what it makes of a glob. Within the bounds below there
/// is always one.
fn automaton(regex: &str) -> Option<PikeVM> {
    PikeVM::builder()
        .syntax(syntax::Config::new().utf8(false).dot_matches_new_line(true))
        .thompson(thompson::Config::new().utf8(false))
        .build(regex)
        .ok()
}

/// Whether a character means something in a glob.
pub(super) fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b']' | b'{' | b'}' | b'\\')
}

/// Within these bounds every glob that can be parsed can be compiled: the
/// automaton stays far below the size, and the nesting, that globset's regular
/// expressions may have.
const LONGEST: usize = 1000;
const MOST_ALTERNATIONS: usize = 50;
