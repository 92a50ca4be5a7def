//! The submodules that `.gitmodules` names.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;

use bstr::{BString, ByteSlice};

use super::command::{failure, nul_fields};
use super::{Error, Layout};

/// Returns the paths of the submodules that `.gitmodules` in the worktree names.
///
/// # Errors
///
/// git cannot read the file.
pub(crate) fn submodules(layout: &Layout) -> Result<BTreeSet<BString>, Error> {
    let file = layout.worktree().join(".gitmodules");
    // git follows no symlink there, and would wait for a writer to a FIFO.
    if !fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(BTreeSet::new());
    }
    let file = file.as_os_str();
    let arguments = [OsStr::new("config"), OsStr::new("-z"), OsStr::new("--file"), file];
    let arguments = [&arguments[..], &[OsStr::new("--get-regexp"), OsStr::new(KEYS)]].concat();
    let output = layout.git().output(&arguments, b"")?;
    match output.status.code() {
        // The value is on the line after the key.
        Some(0) => Ok(nul_fields(&output.stdout)
            .filter_map(|field| field.split_once_str("\n"))
            .map(|(_, path)| path.trim_end_with(|c| c == '/').into())
            .collect()),
        // No key matches.
        Some(1) => Ok(BTreeSet::new()),
        _ => Err(failure(&arguments, &output)),
    }
}

/// Matches the keys of the paths.
const KEYS: &str = r"^submodule\..*\.path$";
