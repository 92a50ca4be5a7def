//! The commits of a script, and what it stages and writes before them.

use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::directories::Directories;
use super::git::{Invocation, operands};
use super::walk::{Run, Walk};

/// The number of commits, pathspecs and files that are remembered, of each.
const MAX_REMEMBERED: usize = 1000;

/// The commits of a script, and what it stages and writes before the last of them.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    /// The commits, in order.
    pub made: Vec<Commit>,
    /// What the script stages.
    pub staged: Vec<Pathspec>,
    /// The files that redirections write.
    pub written: Vec<PathBuf>,
}

/// A command that commits what is staged.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Commit {
    /// The directory; relative to the one that the script runs in.
    pub directory: PathBuf,
    /// The pathspecs to which the commit is limited; empty if it has all that is staged.
    pub only: Vec<Pathspec>,
}

/// The paths that a pathspec may match.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Pathspec {
    /// All of the worktree.
    All,
    /// This path, and those below it; relative to the directory that the script runs in.
    Below(PathBuf),
}

/// The subcommands that make a commit.
const COMMITTING: [&str; 7] = ["commit", "merge", "cherry-pick", "revert", "am", "rebase", "pull"];

/// The subcommands that stage files.
const STAGING: [&str; 2] = ["add", "stage"];

/// Returns the commits of `script`. A script that cannot be parsed has none.
#[must_use]
pub(crate) fn commits_of(script: &str) -> Commits {
    let (mut found, mut later) = (Commits::default(), Commits::default());
    let mut collect = |run: &Run| {
        later.written.extend(written(run));
        if run.program == "git" {
            later.read(&Invocation::parse(run.arguments), &run.shell.directories);
        }
        if !later.made.is_empty() {
            found.append(&mut later);
        }
        None::<()>
    };
    Walk::new(&mut collect).script(script.as_bytes());
    found
}

/// Returns the files that the redirections of a command write.
fn written(run: &Run) -> impl Iterator<Item = PathBuf> {
    let files = run.written.iter().map(|file| run.shell.variables.expand(file.as_bstr()));
    let known = files.filter(|file| !file.iter().any(|byte| b"$`~*".contains(byte)));
    known.map(|file| run.shell.directories.join(file.as_ref()))
}

impl Commits {
    /// Adds what a command of git does in the current one of `directories`.
    fn read(&mut self, git: &Invocation, directories: &Directories) {
        let directory = directories.join(git.directory.as_bstr());
        let pathspecs = || operands(git.subcommand, git.arguments).into_iter();
        let parsed = pathspecs().map(|pathspec| Pathspec::parse(&directory, pathspec));
        if STAGING.iter().any(|name| git.subcommand == name) {
            let is_empty = self.staged.len();
            self.staged.extend(parsed);
            // `git add -A`
            self.staged.extend((self.staged.len() == is_empty).then_some(Pathspec::All));
        } else if COMMITTING.iter().any(|name| git.subcommand == name) {
            let is_limited = git.subcommand == "commit" && !includes_staged(git.arguments);
            let only = if is_limited { parsed.collect() } else { Vec::new() };
            self.made.push(Commit { directory, only });
        }
    }

    fn append(&mut self, other: &mut Self) {
        take(&mut self.made, &mut other.made);
        take(&mut self.staged, &mut other.staged);
        take(&mut self.written, &mut other.written);
    }
}

fn take<T>(all: &mut Vec<T>, more: &mut Vec<T>) {
    let left = MAX_REMEMBERED.saturating_sub(all.len());
    all.extend(more.drain(..).take(left));
}

/// Whether `git commit` with pathspecs also commits what is staged: `--include`.
fn includes_staged(arguments: &[BString]) -> bool {
    arguments.iter().any(|word| word == "-i" || word.len() > 4 && b"--include".starts_with(word))
}

impl Pathspec {
    fn parse(directory: &Path, pathspec: &BStr) -> Self {
        if pathspec.starts_with(b":") {
            return Self::All;
        }
        let plain = match pathspec.find_byteset(b"*?[\\{$`~") {
            Some(0) if !b"*?[".contains(&pathspec[0]) => return Self::All,
            // A glob matches below the directory before it.
            Some(end) => &pathspec[..pathspec[..end].rfind_byte(b'/').map_or(0, |slash| slash + 1)],
            None => pathspec,
        };
        Self::Below(directory.join(plain.to_path_lossy()))
    }
}
