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

use super::{FileWrite, NewText};

/// The programs that apply a patch in a command. Codex does it itself.
pub(crate) const PROGRAMS: [&str; 2] = ["apply_patch", "applypatch"];

/// Whether a text begins with `*** Begin Patch`, after blank lines.
pub(super) fn is_patch(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"*** Begin Patch")
}

/// Returns the files that a patch writes and removes, in the order of its sections.
///
/// A file that is moved is written, then removed. A line that is part of no section is skipped.
pub(crate) fn writes(patch: &[u8]) -> Vec<FileWrite> {
    let mut reader = Reader::default();
    for line in patch.lines() {
        reader.read(line);
    }
    reader.end_section();
    reader.writes
}

/// Reads a patch line by line.
#[derive(Default)]
struct Reader {
    writes: Vec<FileWrite>,
    section: Section,
}

/// The section that the lines are part of.
#[derive(Default)]
enum Section {
    /// None that writes a file.
    #[default]
    None,
    Added {
        path: PathBuf,
        text: BString,
    },
    Updated {
        source: PathBuf,
        path: PathBuf,
        hunks: Vec<Hunk>,
        hunk: Hunk,
    },
}

/// A part of an update: lines of the file, before and after it.
///
/// Each line has a line end. What the patch says about the place of the part is left out.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Hunk {
    /// The lines that are replaced. If there are none, the new ones are added at the end.
    old: BString,
    /// The lines that are put in their place.
    new: BString,
}

/// Returns `text` after the hunks; `None` if one does not fit.
///
/// Blanks at the ends of lines make no difference, as for Codex, and the result has none.
pub(super) fn apply(text: &[u8], hunks: &[Hunk]) -> Option<Vec<u8>> {
    // Each line follows a line end, the first one, too.
    let text = bstr::concat([b"\n", trim_lines(text).as_slice()]);
    let (mut result, mut added) = (Vec::new(), Vec::new());
    // The line end that the rest of the text follows.
    let mut from = 0;
    for hunk in hunks {
        let (mut old, mut new) = (trim_lines(&hunk.old), trim_lines(&hunk.new));
        // An empty line at the end of a hunk need not be in the file.
        while ends_with_empty_line(&old) && ends_with_empty_line(&new) {
            old.pop();
            new.pop();
        }
        if old.is_empty() {
            added.extend(new);
            continue;
        }
        let at = from + text[from..].find(bstr::concat([b"\n", old.as_slice()]))?;
        result.extend_from_slice(&text[from + 1..=at]);
        result.extend(new);
        from = at + old.len();
    }
    result.extend_from_slice(&text[from + 1..]);
    result.extend(added);
    Some(result)
}

fn ends_with_empty_line(text: &[u8]) -> bool {
    text == b"\n" || text.ends_with(b"\n\n")
}

/// Returns the lines of `text` without blanks at their ends, each with a line end.
fn trim_lines(text: &[u8]) -> Vec<u8> {
    let mut trimmed = BString::default();
    for line in text.lines() {
        push_line(&mut trimmed, line.trim_ascii_end());
    }
    trimmed.into()
}

impl Reader {
    fn read(&mut self, line: &[u8]) {
        match &mut self.section {
            Section::Added { text, .. } => {
                if let Some(added) = line.strip_prefix(b"+") {
                    push_line(text, added);
                    return;
                }
            }
            // In an update, a line that begins with a blank is a part of the file.
            Section::Updated { hunks, hunk, .. } if !line.starts_with(b"***") => {
                hunk.read(line, hunks);
                return;
            }
            Section::Updated { path, .. } => {
                if let Some(target) = line.strip_prefix(b"*** Move to: ") {
                    *path = to_path(target);
                    return;
                }
                if line.trim_ascii_end() == b"*** End of File" {
                    return;
                }
            }
            Section::None => {}
        }
        self.read_header(line.trim_ascii());
    }

    /// Reads a line that begins another section. Codex ignores blanks around it.
    fn read_header(&mut self, line: &[u8]) {
        self.end_section();
        if let Some(path) = line.strip_prefix(b"*** Add File: ") {
            self.section = Section::Added { path: to_path(path), text: BString::default() };
        } else if let Some(source) = line.strip_prefix(b"*** Update File: ").map(to_path) {
            let path = source.clone();
            self.section = Section::Updated { source, path, hunks: Vec::new(), hunk: Hunk::default() };
        } else if let Some(path) = line.strip_prefix(b"*** Delete File: ").map(to_path) {
            self.writes.push(FileWrite { path, text: NewText::Removed });
        }
    }

    fn end_section(&mut self) {
        match mem::take(&mut self.section) {
            Section::None => {}
            Section::Added { path, text } => self.writes.push(FileWrite { path, text: NewText::Whole(text) }),
            Section::Updated { source, path, mut hunks, mut hunk } => {
                hunk.end(&mut hunks);
                let moved =
                    (source != path).then(|| FileWrite { path: source.clone(), text: NewText::Removed });
                self.writes.push(FileWrite { path, text: NewText::Patched { source, hunks } });
                self.writes.extend(moved);
            }
        }
    }
}

impl Hunk {
    /// Reads a line of an update. A line `@@` ends a hunk.
    fn read(&mut self, line: &[u8], hunks: &mut Vec<Self>) {
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
            Some(_) => self.end(hunks),
        }
    }

    fn end(&mut self, hunks: &mut Vec<Self>) {
        let hunk = mem::take(self);
        hunks.extend((hunk.old != hunk.new).then_some(hunk));
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

    /// Returns the paths that a patch writes, and those that it removes with a `-`.
    fn paths(patch: &str) -> Vec<String> {
        let sign = |text| if text == NewText::Removed { "-" } else { "" };
        let writes = writes(patch.as_bytes()).into_iter();
        writes.map(|write| format!("{}{}", sign(write.text), write.path.display())).collect()
    }

    #[test]
    fn each_file_that_is_written_or_removed_is_found() {
        for (patch, expected) in [
            ("*** Add File: a\n+x\n*** Add File: b\n+y", &["a", "b"][..]),
            ("*** Update File: a\n@@\n-x\n+y\n*** Update File: b\n@@\n-x\n+y", &["a", "b"]),
            ("*** Update File: a\n*** Move to: b\n@@\n-x\n+y", &["b", "-a"]),
            ("*** Update File: a\n*** Move to: a\n@@\n-x\n+y", &["a"]),
            ("*** Delete File: a\n*** Add File: b\n+x", &["-a", "b"]),
            ("*** Add File: a\r\n+x\r\n*** End Patch\r\n", &["a"]),
            ("  *** Add File: a b  \n+x", &["a b"]),
            ("*** Add File: a\n+*** Add File: b", &["a"]),
            ("*** Update File: a\n@@\n *** Add File: b\n-x", &["a"]),
            ("*** Update File: a\n@@\n-x\n*** End of File\n*** Add File: b\n+x", &["a", "b"]),
            ("*** Delete File: a", &["-a"]),
            ("no patch", &[]),
        ] {
            assert_eq!(paths(patch), expected, "{patch}");
        }
    }

    #[test]
    fn the_new_text_is_known() {
        let file = &writes(b"*** Add File: a\n+x\n+\n+y")[0];
        assert_eq!(file.text, NewText::Whole("x\n\ny\n".into()));
        for (hunks, before, after) in [
            ("@@ def f\n x\n-y\n+z\n@@\n+end", "x\ny\n", Some("x\nz\nend\n")),
            ("@@\n-y\n+z", "x\ny", Some("x\nz\n")),
            ("@@\n-y\n+z", "xy\ny\n", Some("xy\nz\n")),
            ("@@\n-y\n+z", "x\r\ny \r\n", Some("x\nz\n")),
            ("@@\n-x\n@@\n-y\n+z", "y\nx\ny\n", Some("y\nz\n")),
            ("@@\n-x\n-y", "x\ny\n", Some("")),
            ("@@\n x\n\n-y", "x\n\ny\n", Some("x\n\n")),
            ("@@\n+x", "", Some("x\n")),
            ("@@\n+x\n\n", "y\n", Some("y\nx\n")),
            ("@@\n-x\n+z\n\n", "x\ny\n", Some("z\ny\n")),
            ("@@\n-z\n+x", "y\n", None),
            ("@@\n-y\n+x\n@@\n-y\n+x", "y\n", None),
            ("", "y\n", Some("y\n")),
        ] {
            let file = &writes(format!("*** Update File: a\n{hunks}").as_bytes())[0];
            let text = file.text.resolve(100, |_| Some(before.into()));
            assert_eq!(text.as_deref(), after.map(str::as_bytes), "{hunks}");
        }
    }
}
