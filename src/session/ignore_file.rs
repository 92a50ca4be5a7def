//! A file of patterns that git ignores by.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Error, disk};

/// A line that was added to a file of patterns.
#[derive(Debug)]
pub struct Ignoring {
    /// What git ignores by now.
    pub pattern: &'static str,
    file: PathBuf,
    /// How long the file was before, in bytes; nothing, where there was none.
    length: Option<u64>,
}

impl Ignoring {
    /// Adds `pattern` as a line to a `.gitignore` or an `info/exclude`, which need not
    /// exist. What is in it stays byte for byte.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub fn add(file: &Path, pattern: &'static str) -> Result<Self, Error> {
        let text = match fs::read(file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(disk("read", file)(error)),
        };
        let length = text.as_ref().map(|text| text.len() as u64);
        let text = text.unwrap_or_default();
        let end = if text.ends_with(b"\r\n") { "\r\n" } else { "\n" };
        let missing = if text.is_empty() || text.ends_with(b"\n") { "" } else { end };
        let append = || {
            fs::create_dir_all(file.parent().unwrap_or(file))?;
            let mut file = OpenOptions::new().create(true).append(true).open(file)?;
            file.write_all(format!("{missing}{pattern}{end}").as_bytes())
        };
        let ignoring = Self { pattern, file: file.to_owned(), length };
        append().map_err(disk("write", file)).inspect_err(|_| ignoring.take_back())?;
        Ok(ignoring)
    }

    /// Takes the line away again.
    pub fn take_back(&self) {
        // Whatever fails here, the file only ignores more than it has to.
        let _ = match self.length.or(self.file.is_symlink().then_some(0)) {
            Some(length) => {
                OpenOptions::new().write(true).open(&self.file).and_then(|file| file.set_len(length))
            }
            None => fs::remove_file(&self.file),
        };
    }
}
