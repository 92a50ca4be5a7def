//! A line in a file of ignore patterns.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bstr::BString;

use super::Error;
use crate::disk::failed_to;
use crate::git::{self, Layout};

/// A line that was added to a `.gitignore` or an `info/exclude`.
#[derive(Debug)]
pub(crate) struct IgnoreLine {
    file: PathBuf,
    /// The length of the file before, in bytes. `None` if it did not exist.
    previous_len: Option<u64>,
}

impl IgnoreLine {
    /// Adds `pattern` to `file`, and checks that git ignores `paths` then.
    ///
    /// The other lines are not changed. The file need not exist.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or a rule excepts one of the paths. The line is removed.
    pub(crate) fn add(layout: &Layout, file: &Path, pattern: &str, paths: &[BString]) -> Result<Self, Error> {
        let line = Self::append(file, pattern)?;
        check_ignored(layout, paths).inspect_err(|_| line.revert())?;
        Ok(line)
    }

    /// Removes the line.
    pub(crate) fn revert(&self) {
        // A line that cannot be removed only ignores more than necessary.
        let _ = match self.previous_len.or(self.file.is_symlink().then_some(0)) {
            Some(len) => OpenOptions::new().write(true).open(&self.file).and_then(|file| file.set_len(len)),
            None => fs::remove_file(&self.file),
        };
    }

    fn append(file: &Path, pattern: &str) -> Result<Self, Error> {
        let text = match fs::read(file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed_to("read", file)(error).into()),
        };
        let line = Self { file: file.to_owned(), previous_len: text.as_ref().map(|text| text.len() as u64) };
        let text = text.unwrap_or_default();
        let line_end = if text.ends_with(b"\r\n") { "\r\n" } else { "\n" };
        let missing_end = if text.is_empty() || text.ends_with(b"\n") { "" } else { line_end };
        let write = || {
            fs::create_dir_all(file.parent().unwrap_or(file))?;
            let mut file = OpenOptions::new().create(true).append(true).open(file)?;
            file.write_all(format!("{missing_end}{pattern}{line_end}").as_bytes())
        };
        write().map_err(failed_to("write", file)).inspect_err(|_| line.revert())?;
        Ok(line)
    }
}

/// Checks that git ignores `paths`.
fn check_ignored(layout: &Layout, paths: &[BString]) -> Result<(), Error> {
    let Some(path) = git::not_ignored(layout, paths)?.into_iter().next() else { return Ok(()) };
    let rule = git::ignore_rule(layout, &path)?;
    // A directory that is not on the disk yet matches no pattern for directories.
    let rule = rule.unwrap_or_else(|| "a line of a `.gitignore` that begins with `!`".to_owned());
    Err(Error::NotIgnored { path, rule })
}
