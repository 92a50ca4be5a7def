//! Globs that globset compiles.
//!
//! They match bytes, are case-sensitive, and treat a leading dot like any other character.

use std::sync::OnceLock;

use bstr::BStr;
use globset::{Candidate, Glob, GlobBuilder, GlobMatcher};

/// A glob whose syntax is checked, compiled when it is first matched.
#[derive(Debug)]
pub(super) struct Compiled {
    glob: Glob,
    matcher: OnceLock<GlobMatcher>,
}

/// The reason why a text is not a valid pattern.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    message: String,
    help: Option<String>,
}

impl Invalid {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(super) fn with_help(self, help: String) -> Self {
        Self { help: Some(help), ..self }
    }

    /// Returns advice on what to write instead.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl Compiled {
    pub(super) fn new(text: &str) -> Result<Self, Invalid> {
        if text.len() > MAX_LENGTH || text.matches('{').count() > MAX_ALTERNATIONS {
            return Err(Invalid::new(format!(
                "a pattern has at most {MAX_LENGTH} bytes and {MAX_ALTERNATIONS} `{{`"
            )));
        }
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let glob = glob.map_err(|error| Invalid::new(error.kind().to_string()))?;
        Ok(Self { glob, matcher: OnceLock::new() })
    }

    pub(super) fn matches(&self, path: &BStr) -> bool {
        let matcher = self.matcher.get_or_init(|| self.glob.compile_matcher());
        matcher.is_match_candidate(&Candidate::from_bytes(&**path))
    }
}

// Below these limits every glob that can be parsed can be compiled: the regular expression
// stays far below the size and the nesting at which globset panics.
const MAX_LENGTH: usize = 1000;
const MAX_ALTERNATIONS: usize = 50;
