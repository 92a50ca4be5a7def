//! Finds the files that contain words: `git grep`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use bstr::{BString, ByteSlice};

use super::ObjectId;
use super::command::{Git, nul_fields};

/// The files to search.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GrepTarget {
    /// The files of the index.
    Index,
    /// The files of the worktree that git does not ignore.
    Worktree,
    /// The files of a commit.
    Commit(ObjectId),
}

/// The options that make the output independent of the configuration and of attributes.
///
/// The settings that they override could change its form, or make git search submodules or run
/// the programs that attributes name. With `--text` git searches binary files, too, but reads
/// no attributes: they could hide a file, and a FIFO in their place would block git.
const OPTIONS: [&str; 9] = [
    "grep",
    "--fixed-strings",
    // With whole words, or with the places in the file, the time could be quadratic.
    "--files-with-matches",
    "--null",
    "--text",
    "--full-name",
    "--no-color",
    "--no-textconv",
    "--no-recurse-submodules",
];

/// Returns the files that contain one of `words` anywhere; `None` if not all could be searched.
///
/// No word contains a line break. The time is that of one search for each word.
pub(super) fn grep(git: &Git, target: GrepTarget, words: &[BString]) -> Option<Vec<BString>> {
    let mut arguments: Vec<OsString> = OPTIONS.iter().map(OsString::from).collect();
    for word in words {
        arguments.extend(["-e".into(), OsStr::from_bytes(word).to_owned()]);
    }
    let (target, prefix) = match target {
        GrepTarget::Index => ("--cached".to_owned(), String::new()),
        GrepTarget::Worktree => ("--untracked".to_owned(), String::new()),
        GrepTarget::Commit(id) => (id.to_string(), format!("{id}:")),
    };
    arguments.extend([target.into(), "--".into(), ":/".into()]);
    let output = git.output(&arguments, &[]).ok()?;
    // git prints an error and goes on if it cannot read an object, and exits with 1 if it found
    // nothing. A warning, such as one about the configuration, says nothing of files.
    let is_error = |line: &[u8]| line.starts_with(b"error: ") || line.starts_with(b"fatal: ");
    if !matches!(output.status.code(), Some(0 | 1)) || output.stderr.lines().any(is_error) {
        return None;
    }
    let paths = nul_fields(&output.stdout).map(|path| path.strip_prefix(prefix.as_bytes()));
    paths.map(|path| path.map(BString::from)).collect()
}
