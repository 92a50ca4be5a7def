//! The policy in force: the built-in one, extended by a configuration file.

mod file;

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::environment::Environment;
use crate::git;
use crate::policy::{FILE_NAME, Policy};

pub(crate) use file::ConfigurationFile;

/// Files that need not be regular. A shell names a pipe of `<(…)` in `/dev/fd`.
const DESCRIPTORS: [&str; 4] = ["/dev/fd", "/dev/null", "/dev/stdin", "/proc/self/fd"];

/// The maximum number of bytes that are read of a descriptor.
const MAX_CONFIG_SIZE: u64 = 1 << 24;

/// Returns the built-in policy, extended by a configuration file.
///
/// The file is `file` or else that of the repository, which `read` reads. The policy is leaked,
/// because findings refer to its rules until the process ends.
///
/// # Errors
///
/// The configuration cannot be read, or is invalid.
pub(crate) fn policy(
    environment: &Environment,
    file: Option<&Path>,
    read: impl FnOnce() -> Result<Option<Vec<u8>>, git::Error>,
) -> Result<&'static Policy, Box<dyn Error>> {
    let built_in = Policy::built_in();
    let configuration = match file {
        Some(file) => {
            let text = self::read(&environment.absolute(file))
                .map_err(|error| git::Error::ReadFile(file.to_owned(), error))?;
            Some((file.to_string_lossy().into_owned(), text))
        }
        None => read()?.map(|text| (FILE_NAME.to_owned(), text)),
    };
    let policy = match configuration {
        Some((name, text)) => built_in.with_config(&name, &text)?,
        None => built_in,
    };
    Ok(Box::leak(Box::new(policy)))
}

/// Reads a regular file, the null device, or a file descriptor such as `/dev/stdin`.
///
/// Of a descriptor, which may be a pipe, at most [`MAX_CONFIG_SIZE`] bytes are read.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    if !DESCRIPTORS.iter().any(|descriptor| file.starts_with(descriptor)) {
        return git::read_regular_file(file);
    }
    let mut text = Vec::new();
    File::open(file)?.take(MAX_CONFIG_SIZE).read_to_end(&mut text)?;
    Ok(text)
}
