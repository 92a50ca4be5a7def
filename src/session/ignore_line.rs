//! A line in a file of ignore patterns.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::{Error, SessionDirectory};
use crate::disk::{failed_to, open_parent, temporary_name};
use crate::git::{self, Layout, read_regular_file};
use crate::policy::SESSION_DIRECTORY;

/// A line that was added to a `.gitignore` or an `info/exclude`.
#[derive(Debug)]
pub(crate) struct IgnoreLine {
    file: PathBuf,
    /// Whether the file existed before.
    is_new_file: bool,
    /// Where the line begins, in bytes.
    start: usize,
    /// The line, with the line ends that were added.
    line: Vec<u8>,
}

impl IgnoreLine {
    /// Makes git ignore `paths` by a line `pattern` in `file`, which need not exist.
    ///
    /// If a rule of the project, such as `!*.py`, takes precedence over that line, the line `*`
    /// is added to a `.gitignore` in the session directory. The other lines are not changed.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or a rule excepts the session directory by its name. The
    /// line is removed, unless another process has added one since.
    pub(crate) fn add(layout: &Layout, file: &Path, pattern: &str, paths: &[BString]) -> Result<Self, Error> {
        Self::add_to(layout, file, pattern, paths).or_else(|error| {
            let file = Path::new(SESSION_DIRECTORY).join(".gitignore");
            let prefix = format!("{SESSION_DIRECTORY}/");
            let are_inside = paths.iter().all(|path| path.starts_with(prefix.as_bytes()));
            if !are_inside || excepts_session_directory(layout, &file)? {
                return Err(error);
            }
            SessionDirectory::new(layout.worktree()).open_or_create(SESSION_DIRECTORY.into())?;
            Self::add_to(layout, &layout.worktree().join(file), "*", paths)
        })
    }

    /// Returns the file that has the line.
    #[must_use]
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Removes the line if it is still the last one.
    pub(crate) fn revert(&self) {
        // A line that cannot be removed only ignores more than necessary.
        let _ = self.remove();
    }

    fn remove(&self) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).write(true).open(&self.file)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        // A full disk leaves a part of the line.
        let is_last = text.get(self.start..).is_some_and(|end| self.line.starts_with(end));
        if is_last && self.is_new_file {
            return self.remove_file();
        }
        // Another process may append at any time: nothing is done between this check and the cut.
        if is_last && file.metadata()?.len() == text.len() as u64 {
            file.set_len(self.start as u64)?;
        }
        Ok(())
    }

    /// Removes the file, which has only the line.
    ///
    /// It is renamed and compared first, so that what another process has appended is kept.
    fn remove_file(&self) -> io::Result<()> {
        let (directory, name) = open_parent(&self.file)?;
        let temporary = temporary_name();
        directory.rename_no_replace(name, &directory, &temporary)?;
        let mut text = Vec::new();
        let read = directory.open_file(&temporary).and_then(|mut file| file.read_to_end(&mut text));
        if read.is_ok() && self.line.starts_with(&text) {
            directory.remove_file(&temporary)
        } else {
            directory.rename_no_replace(&temporary, &directory, name)
        }
    }

    fn add_to(layout: &Layout, file: &Path, pattern: &str, paths: &[BString]) -> Result<Self, Error> {
        let line = Self::append(file, pattern)?;
        check_ignored(layout, paths).inspect_err(|_| line.revert())?;
        Ok(line)
    }

    fn append(file: &Path, pattern: &str) -> Result<Self, Error> {
        let text = match read_regular_file(file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed_to("read", file)(error).into()),
        };
        let is_new_file = text.is_none() && !file.is_symlink();
        let text = text.unwrap_or_default();
        let line_end = if text.ends_with(b"\r\n") { "\r\n" } else { "\n" };
        let missing_end = if text.is_empty() || text.ends_with(b"\n") { "" } else { line_end };
        let line = format!("{missing_end}{pattern}{line_end}").into_bytes();
        let line = Self { file: file.to_owned(), is_new_file, start: text.len(), line };
        let write = || {
            fs::create_dir_all(file.parent().unwrap_or(file))?;
            OpenOptions::new().create(true).append(true).open(file)?.write_all(&line.line)
        };
        write().map_err(failed_to("write", file)).inspect_err(|_| line.revert())?;
        Ok(line)
    }
}

/// Whether the ignore files of the project re-include the session directory by its name.
fn excepts_session_directory(layout: &Layout, nearest: &Path) -> Result<bool, Error> {
    for file in [Path::new(".gitignore"), nearest] {
        let file = layout.worktree().join(file);
        let text = match read_regular_file(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed_to("read", &file)(error).into()),
        };
        if text.lines().any(|line| line.starts_with(b"!") && line.contains_str("claude_sessions")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Checks that git ignores `paths`.
fn check_ignored(layout: &Layout, paths: &[BString]) -> Result<(), Error> {
    let Some(path) = git::not_ignored(layout, paths)?.into_iter().next() else { return Ok(()) };
    let rule = git::ignore_rule(layout, &path)?;
    // A directory that is not on the disk yet matches no pattern for directories.
    let rule = rule.unwrap_or_else(|| "a line of a `.gitignore` that begins with `!`".to_owned());
    Err(Error::NotIgnored { path, rule })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::IgnoreLine;

    #[test]
    fn revert_removes_its_line_if_it_is_the_last_one() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("exclude");
        for (before, after, reverted) in [
            (None, "", None),
            (None, "theirs\n", Some("x/\ntheirs\n")),
            (Some(""), "", Some("")),
            (Some("ours"), "", Some("ours")),
            (Some("ours\r\n"), "", Some("ours\r\n")),
            (Some("ours\r\n"), "theirs\n", Some("ours\r\nx/\r\ntheirs\n")),
        ] {
            let _ = fs::remove_file(&file);
            if let Some(before) = before {
                fs::write(&file, before).unwrap();
            }
            let line = IgnoreLine::append(&file, "x/").unwrap();
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.ends_with("x/\n") || text.ends_with("x/\r\n"), "{text}");
            fs::write(&file, text + after).unwrap();
            line.revert();
            assert_eq!(fs::read_to_string(&file).ok().as_deref(), reverted);
        }
    }

    #[test]
    fn revert_leaves_a_file_that_another_program_wrote() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("exclude");
        let line = IgnoreLine::append(&file, "x/").unwrap();
        fs::write(&file, "theirs\n").unwrap();
        line.revert();
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs\n");
    }

    #[test]
    fn a_new_file_that_another_program_appends_to_is_kept() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("exclude");
        let line = IgnoreLine::append(&file, "x/").unwrap();
        fs::write(&file, "x/\ntheirs\n").unwrap();
        // As if that was written after the contents were read.
        line.remove_file().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "x/\ntheirs\n");
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    }
}
