//! A file of patterns that git ignores by.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::{Error, disk};

/// Adds a line to a `.gitignore` or an `info/exclude`, which need not exist. What
/// is in it stays byte for byte.
///
/// # Errors
///
/// The disk refuses.
pub fn ignore(file: &Path, pattern: &str) -> Result<(), Error> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(disk("read", file)(error)),
    };
    let end = if text.ends_with(b"\r\n") { "\r\n" } else { "\n" };
    let missing = if text.is_empty() || text.ends_with(b"\n") { "" } else { end };
    let append = || {
        fs::create_dir_all(file.parent().unwrap_or(file))?;
        let mut file = OpenOptions::new().create(true).append(true).open(file)?;
        file.write_all(format!("{missing}{pattern}{end}").as_bytes())
    };
    append().map_err(disk("write", file))
}
