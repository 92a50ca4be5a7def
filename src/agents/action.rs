//! What an agent is about to do.

use std::path::PathBuf;

use bstr::{BString, ByteSlice};

/// What an agent is about to do.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Action {
    /// Write files.
    Write(Vec<FileWrite>),
    /// Run a script in a POSIX shell.
    Run {
        /// The script.
        script: String,
        /// The directory; relative to the agent's working directory, or absolute.
        directory: PathBuf,
    },
    /// End its turn.
    Stop,
}

/// A file that is about to be written.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct FileWrite {
    /// The path; relative to the agent's working directory, or absolute.
    pub path: PathBuf,
    /// The text that the file will have.
    pub text: NewText,
}

/// The text that a file will have.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum NewText {
    /// The event does not say.
    Unknown,
    /// This one.
    Whole(BString),
    /// That of another file or of the same one, with these replacements, one after the other.
    Edited {
        /// The path of the file that is edited.
        source: PathBuf,
        /// The replacements.
        replacements: Vec<Replacement>,
    },
}

/// A replacement in a text.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Replacement {
    /// What is replaced. If it is empty, the new text is added at the end.
    pub old: BString,
    /// What is put in its place.
    pub new: BString,
    /// Whether each occurrence is replaced, not only the first one.
    pub is_everywhere: bool,
}

impl Replacement {
    /// Returns `text` after the replacement; `None` if there is nothing to replace in it.
    #[must_use]
    #[cfg_attr(not(test), expect(dead_code, reason = "texts are not judged yet"))]
    pub(crate) fn apply(&self, text: &[u8]) -> Option<Vec<u8>> {
        let Self { old, new, is_everywhere } = self;
        if old.is_empty() {
            return Some([text, new].concat());
        }
        if !text.contains_str(old) {
            return None;
        }
        Some(text.replacen(old, new, if *is_everywhere { usize::MAX } else { 1 }))
    }
}
