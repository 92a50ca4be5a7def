//! What an agent is about to do.

use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::patch::{self, Hunk};

/// What an agent is about to do.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Action {
    /// Write and remove files, in this order.
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

/// A file that is about to be written or removed.
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
    /// None: the file is deleted, or moved away.
    Removed,
    /// This one.
    Whole(BString),
    /// The text of `source` after these replacements, in order.
    Edited {
        /// The path of the file that is edited.
        source: PathBuf,
        /// The replacements.
        replacements: Vec<Replacement>,
    },
    /// The text of `source` after these hunks of a patch, in order.
    Patched {
        /// The path of the file that is changed.
        source: PathBuf,
        /// The hunks, from the top of the file to its end.
        hunks: Vec<Hunk>,
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

/// The number of bytes that the replacements in one text may read, all together.
const MAX_READ: usize = 1 << 25;

impl FileWrite {
    /// Creates a write of a text that is not known.
    #[must_use]
    pub(crate) fn unknown(path: PathBuf) -> Self {
        Self { path, text: NewText::Unknown }
    }

    /// Returns the write with its paths joined to `directory`, which they are relative to.
    #[must_use]
    pub(crate) fn in_directory(mut self, directory: &Path) -> Self {
        self.path = directory.join(self.path);
        if let NewText::Edited { source, .. } | NewText::Patched { source, .. } = &mut self.text {
            *source = directory.join(&*source);
        }
        self
    }
}

impl NewText {
    /// Returns the text if it has at most `limit` bytes; `None` also if it is not known.
    ///
    /// `read` returns the text of a file, which is empty if there is no file.
    #[must_use]
    pub(crate) fn resolve(
        &self,
        limit: usize,
        read: impl FnOnce(&Path) -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let text = match self {
            Self::Unknown | Self::Removed => None,
            Self::Whole(text) => (text.len() <= limit).then(|| text.to_vec()),
            Self::Edited { source, replacements } => replace(read(source)?, replacements, limit),
            Self::Patched { source, hunks } => patch::apply(&read(source)?, hunks),
        };
        text.filter(|text| text.len() <= limit)
    }
}

/// Returns `text` after the replacements; `None` if one does not fit, or if they take long.
///
/// The line ends of the result are those of Unix: agents edit other texts as if they had these.
fn replace(text: Vec<u8>, replacements: &[Replacement], limit: usize) -> Option<Vec<u8>> {
    let (mut text, mut left) = (with_unix_line_ends(text), MAX_READ);
    for replacement in replacements {
        left = left.checked_sub(text.len())?;
        text = replacement.apply(&text, limit)?;
    }
    Some(text)
}

impl Replacement {
    /// Returns `text` after the replacement.
    ///
    /// `None` if there is nothing to replace in it, or if the result is larger than `limit`.
    fn apply(&self, text: &[u8], limit: usize) -> Option<Vec<u8>> {
        let (old, new) = (with_unix_line_ends(self.old.to_vec()), with_unix_line_ends(self.new.to_vec()));
        if old.is_empty() {
            return Some([text, &new].concat());
        }
        let maximum = if self.is_everywhere { usize::MAX } else { 1 };
        let count = text.find_iter(&old).take(maximum).count();
        let is_small = count.checked_mul(new.len()).is_some_and(|added| added <= limit);
        (count > 0 && is_small).then(|| text.replacen(&old, &new, count))
    }
}

fn with_unix_line_ends(text: Vec<u8>) -> Vec<u8> {
    if text.contains_str("\r\n") { text.replace("\r\n", "\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{NewText, Replacement};

    fn edit(old: &str, new: &str, is_everywhere: bool) -> Replacement {
        Replacement { old: old.into(), new: new.into(), is_everywhere }
    }

    /// Returns the result of replacements in a text, of which 1,000 bytes are the limit.
    fn edited(text: &str, replacements: Vec<Replacement>) -> Option<String> {
        let text = text.as_bytes().to_vec();
        let edited = NewText::Edited { source: "x".into(), replacements };
        edited.resolve(1000, |_| Some(text)).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn replacements_are_made_one_after_the_other() {
        for (text, replacements, expected) in [
            ("a b a", vec![edit("a", "c", false)], Some("c b a")),
            ("a b a", vec![edit("a", "c", true)], Some("c b c")),
            ("a", vec![edit("a", "b", false), edit("b", "c", false)], Some("c")),
            ("a", vec![edit("a", "b", false), edit("a", "c", false)], None),
            ("a", vec![edit("", "b", false)], Some("ab")),
            ("", vec![edit("", "b", false)], Some("b")),
            ("", vec![edit("a", "b", false)], None),
            ("a\r\nb\r\n", vec![edit("a\nb", "c\nd", false)], Some("c\nd\n")),
            ("a\r\nb\r\n", vec![edit("a\r\nb", "c\r\nd", false)], Some("c\nd\n")),
        ] {
            assert_eq!(edited(text, replacements).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_large_text_is_not_resolved() {
        let large = "x".repeat(1001);
        assert_eq!(NewText::Whole(large.as_str().into()).resolve(1000, |_| None), None);
        assert_eq!(edited("a", vec![edit("a", &large, false)]), None);
        assert_eq!(edited(&"a".repeat(1000), vec![edit("a", "aa", true)]), None);
    }

    #[test]
    fn many_replacements_are_not_resolved() {
        let text = vec![b'a'; 1 << 18];
        let replacements = (0..100_000).map(|_| edit("a", "b", false)).collect();
        let edited = NewText::Edited { source: "x".into(), replacements };
        assert_eq!(edited.resolve(1 << 20, |_| Some(text)), None);
        let text = vec![b'a'; 1 << 20];
        let everywhere = edit("a", &"b".repeat(1 << 20), true);
        let edited = NewText::Edited { source: "x".into(), replacements: vec![everywhere] };
        assert_eq!(edited.resolve(1 << 20, |_| Some(text)), None);
    }
}
