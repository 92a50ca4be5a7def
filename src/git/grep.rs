//! Searches the texts of files for words: `git grep`.

use std::io::{self, BufRead, BufReader, Write};
use std::ops::ControlFlow;

use bstr::{BStr, BString, ByteSlice};

use super::ObjectId;
use super::command::Git;
use super::running::RunningGit;

/// The files to search.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GrepTarget {
    /// The files of the index.
    Index,
    /// The files of the worktree that are tracked or that `git add -A` would stage.
    Worktree,
    /// The files of a commit.
    Commit(ObjectId),
}

/// A word that a search has found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct GrepMatch<'m> {
    /// The path of the file, relative to the top of the repository.
    pub path: &'m BStr,
    /// The number of the line, counted from 1.
    pub line: usize,
    /// The word.
    pub word: &'m BStr,
}

/// Receives the matches of a search.
pub(crate) type VisitMatch<'v> = &'v mut dyn FnMut(GrepMatch) -> ControlFlow<()>;

/// The options that make the output independent of the configuration and of attributes.
///
/// The settings that they override could change its form, or make git search submodules or run
/// the programs that attributes name. With `--text` git searches binary files, too, but reads
/// no attributes: they could hide a file, and a FIFO in their place would block git.
const OPTIONS: [&str; 14] = [
    "grep",
    "--fixed-strings",
    "--word-regexp",
    "--only-matching",
    "--line-number",
    "--null",
    "--text",
    "--full-name",
    "--no-color",
    "--no-column",
    "--no-heading",
    "--no-break",
    "--no-textconv",
    "--no-recurse-submodules",
];

/// Calls `visit` with the places where files contain one of `words`, until it breaks.
///
/// A word ends where a letter, a digit or a `_` does not follow. No word contains a line break.
/// Returns whether every file was searched that had to be: an object may be missing.
pub(super) fn grep(git: &Git, target: GrepTarget, words: &[BString], visit: VisitMatch) -> bool {
    let mut command = git.command();
    command.args(OPTIONS).args(["-f", "-"]);
    let prefix = match target {
        GrepTarget::Index => {
            command.arg("--cached");
            String::new()
        }
        GrepTarget::Worktree => {
            command.arg("--untracked");
            String::new()
        }
        GrepTarget::Commit(id) => {
            command.arg(id.to_string());
            format!("{id}:")
        }
    };
    command.args(["--", ":/"]);
    let Ok((mut running, mut stdin, stdout)) = RunningGit::spawn(command) else { return false };
    // git reads all words before it prints anything, so the pipes cannot block each other.
    let words = bstr::join("\n", words);
    if stdin.write_all(&words).and_then(|()| stdin.write_all(b"\n")).is_err() {
        return false;
    }
    drop(stdin);
    let mut output = BufReader::with_capacity(1 << 16, stdout);
    match read_matches(&mut output, prefix.as_bytes(), visit) {
        Ok(ControlFlow::Break(())) => true,
        Ok(ControlFlow::Continue(())) => running.has_searched(),
        Err(_) => false,
    }
}

/// Parses `PATH NUL LINE NUL WORD LF`, where the path of a file of a commit has a prefix.
fn read_matches(output: &mut impl BufRead, prefix: &[u8], visit: VisitMatch) -> io::Result<ControlFlow<()>> {
    let (mut path, mut line, mut word) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        for (field, end) in [(&mut path, b'\0'), (&mut line, b'\0'), (&mut word, b'\n')] {
            field.clear();
            output.read_until(end, field)?;
            field.pop();
        }
        if path.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let line = line.to_str().ok().and_then(|line| line.parse().ok());
        let (Some(path), Some(line)) = (path.strip_prefix(prefix), line) else {
            return Err(io::Error::other("unexpected output of git grep"));
        };
        if visit(GrepMatch { path: path.as_bstr(), line, word: word.as_bstr() }).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
}
