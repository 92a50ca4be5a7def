//! Functions over [`Git`](super::command::Git) in the environment of this process.

use std::process::Command;

use super::Error;
use super::command::{self, Git};
use crate::environment::Environment;

pub(super) use super::command::{
    diff_index as differences_in, failure, nul_fields as fields, output_of, to_path as path, trimmed as text,
};

/// A git in the environment of this process.
pub(super) fn git() -> Command {
    here().command()
}

pub(super) fn here() -> Git {
    Git::new(&Environment::of_process().unwrap_or_default())
}

pub(super) fn run(arguments: &[&str]) -> Result<Vec<u8>, Error> {
    here().run(arguments)
}

pub(super) fn run_with(
    git: Command,
    arguments: &[impl AsRef<std::ffi::OsStr>],
    input: &[u8],
) -> Result<Vec<u8>, Error> {
    let output = command::output_of(git, arguments, input)?;
    if output.status.success() { Ok(output.stdout) } else { Err(command::failure(arguments, &output)) }
}
