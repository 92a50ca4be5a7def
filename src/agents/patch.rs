//! Patches in the form of Codex's tool `apply_patch`.
//!
//! ```text
//! *** Begin Patch
//! *** Add File: NEW
//! +line
//! *** Update File: OLD
//! *** Move to: NEW
//! @@ line before
//!  line
//! -line
//! +line
//! *** Delete File: OLD
//! *** End Patch
//! ```

use std::mem;
use std::path::PathBuf;

use bstr::{BString, ByteSlice};

use super::{FileWrite, NewText, Replacement};

/// Whether a text is a patch: its first line begins one.
pub(super) fn is_patch(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"*** Begin Patch")
}

/// Returns the files that a patch writes.
///
/// Of a file that is moved, only the new path is written. A line that is part of no file is
/// skipped.
pub(super) fn writes(patch: &[u8]) -> Vec<FileWrite> {
    let mut reader = Reader::default();
    for line in patch.lines() {
        reader.read(line);
    }
    reader.end_file();
    reader.writes
}

/// Reads a patch line by line.
#[derive(Default)]
struct Reader {
    writes: Vec<FileWrite>,
    file: File,
}

/// The file that the lines are about.
#[derive(Default)]
enum File {
    /// None that is written.
    #[default]
    None,
    Added {
        path: PathBuf,
        text: BString,
    },
    Updated {
        source: PathBuf,
        path: PathBuf,
        replacements: Vec<Replacement>,
        hunk: Hunk,
    },
}

/// The lines of an update, before and after it.
#[derive(Default)]
struct Hunk {
    old: BString,
    new: BString,
}

impl Reader {
    fn read(&mut self, line: &[u8]) {
        match &mut self.file {
            File::Added { text, .. } => {
                if let Some(added) = line.strip_prefix(b"+") {
                    push_line(text, added);
                    return;
                }
            }
            // In an update, a line that begins with a blank is a part of the file.
            File::Updated { replacements, hunk, .. } if !line.starts_with(b"***") => {
                hunk.read(line, replacements);
                return;
            }
            File::Updated { path, .. } => {
                if let Some(target) = line.strip_prefix(b"*** Move to: ") {
                    *path = to_path(target);
                    return;
                }
                if line.trim_ascii_end() == b"*** End of File" {
                    return;
                }
            }
            File::None => {}
        }
        self.read_header(line.trim_ascii());
    }

    /// Reads a line that begins another file. Codex ignores blanks around it.
    fn read_header(&mut self, line: &[u8]) {
        self.end_file();
        if let Some(path) = line.strip_prefix(b"*** Add File: ") {
            self.file = File::Added { path: to_path(path), text: BString::default() };
        } else if let Some(source) = line.strip_prefix(b"*** Update File: ").map(to_path) {
            let path = source.clone();
            self.file = File::Updated { source, path, replacements: Vec::new(), hunk: Hunk::default() };
        }
    }

    fn end_file(&mut self) {
        match mem::take(&mut self.file) {
            File::None => {}
            File::Added { path, text } => self.writes.push(FileWrite { path, text: NewText::Whole(text) }),
            File::Updated { source, path, mut replacements, mut hunk } => {
                hunk.end(&mut replacements);
                self.writes.push(FileWrite { path, text: NewText::Edited { source, replacements } });
            }
        }
    }
}

impl Hunk {
    /// Reads a line of an update. A line `@@` ends a hunk.
    fn read(&mut self, line: &[u8], replacements: &mut Vec<Replacement>) {
        match line.split_first() {
            Some((b'+', line)) => push_line(&mut self.new, line),
            Some((b'-', line)) => push_line(&mut self.old, line),
            Some((b' ', line)) => {
                push_line(&mut self.old, line);
                push_line(&mut self.new, line);
            }
            None => {
                push_line(&mut self.old, b"");
                push_line(&mut self.new, b"");
            }
            Some(_) => self.end(replacements),
        }
    }

    fn end(&mut self, replacements: &mut Vec<Replacement>) {
        let Self { old, new } = mem::take(self);
        if old != new {
            replacements.push(Replacement { old, new, is_everywhere: false });
        }
    }
}

fn push_line(text: &mut BString, line: &[u8]) {
    text.extend_from_slice(line);
    text.push(b'\n');
}

fn to_path(path: &[u8]) -> PathBuf {
    path.trim_ascii().to_path_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::writes;
    use crate::agents::NewText;

    /// Returns the paths that a patch writes.
    fn paths(patch: &str) -> Vec<String> {
        writes(patch.as_bytes()).into_iter().map(|write| write.path.display().to_string()).collect()
    }

    #[test]
    fn each_file_that_is_written_is_found() {
        for (patch, expected) in [
            ("*** Add File: a\n+x\n*** Add File: b\n+y", &["a", "b"][..]),
            ("*** Update File: a\n@@\n-x\n+y\n*** Update File: b\n@@\n-x\n+y", &["a", "b"]),
            ("*** Update File: a\n*** Move to: b\n@@\n-x\n+y", &["b"]),
            ("*** Delete File: a\n*** Add File: b\n+x", &["b"]),
            ("*** Add File: a\r\n+x\r\n*** End Patch\r\n", &["a"]),
            ("  *** Add File: a b  \n+x", &["a b"]),
            ("*** Add File: a\n+*** Add File: b", &["a"]),
            ("*** Update File: a\n@@\n *** Add File: b\n-x", &["a"]),
            ("*** Update File: a\n@@\n-x\n*** End of File\n*** Add File: b\n+x", &["a", "b"]),
            ("*** Delete File: a", &[]),
            ("no patch", &[]),
        ] {
            assert_eq!(paths(patch), expected, "{patch}");
        }
    }

    #[test]
    fn the_new_text_is_known() {
        let file = &writes(b"*** Add File: a\n+x\n+\n+y")[0];
        assert_eq!(file.text, NewText::Whole("x\n\ny\n".into()));
        let file = &writes(b"*** Update File: a\n@@ def f\n x\n-y\n+z\n@@\n+end")[0];
        let NewText::Edited { source, replacements } = &file.text else { panic!("{file:?}") };
        assert_eq!(source.to_str(), Some("a"));
        let text = replacements.iter().fold(b"x\ny\n".to_vec(), |text, edit| edit.apply(&text).unwrap());
        assert_eq!(text, b"x\nz\nend\n");
    }
}
