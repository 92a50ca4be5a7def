//! What was done in the session directory, and how to undo it.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};
use owo_colors::OwoColorize;

use super::escape::{shell_word, visible};
use super::human::MOST;
use crate::git::Object;
use crate::session::{Copy, Current, Entry, Found, Made, Restaging, Task};

/// What `stow` did, or would do.
#[derive(Debug)]
pub struct Stowed<'a> {
    /// What was done with each path.
    pub tasks: Vec<Task>,
    /// The pattern that git ignores by from now on.
    pub ignored: Option<&'static str>,
    /// The directories that became empty and are gone.
    pub emptied: Vec<BString>,
    /// What is committed in the session directory and was left alone.
    pub left: Vec<BString>,
    /// Whether nothing was done.
    pub is_dry_run: bool,
    /// The top of the worktree.
    pub top: &'a Path,
}

/// Whether git ignores the session directory, and since when.
#[derive(Debug)]
pub enum Ignored {
    /// By this rule, before anything was done.
    Already(String),
    /// By a line that was added to this file.
    Added(PathBuf),
}

/// What became of a file with instructions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Instructed {
    /// It had them.
    Already,
    /// They were written.
    Written,
}

/// How many files an undo command names. A longer one nobody would read.
const MOST_TO_UNDO: usize = 20;

/// Writes what `stow` did: a line a path, what was done beside, and how to undo it.
///
/// # Errors
///
/// What `out` answers.
pub fn stowed(out: &mut impl Write, stowed: &Stowed) -> io::Result<()> {
    let Stowed { tasks, ignored, left, is_dry_run, .. } = stowed;
    for task in tasks.iter().take(MOST) {
        writeln!(out, "{}", line(task, *is_dry_run))?;
    }
    if tasks.len() > MOST {
        writeln!(out, "and {} more: --format json lists them all", tasks.len() - MOST)?;
    }
    if let Some(pattern) = ignored {
        let word = if *is_dry_run { "would ignore:" } else { "ignored:" };
        writeln!(out, "{} {pattern}, by a line in .git/info/exclude", word.cyan())?;
    }
    for path in left.iter().take(MOST) {
        let path = path.as_bstr();
        writeln!(out, "{} {} is committed, and was left alone", "left:".cyan(), visible(path))?;
    }
    if !left.is_empty() {
        writeln!(
            out,
            "{} stage-guard stow -- :/.claude_sessions takes what is committed there out of the repository, and leaves the files",
            "untrack:".cyan()
        )?;
    }
    if !is_dry_run && !tasks.is_empty() {
        writeln!(out, "{} {}", "undo:".cyan(), undo(stowed))?;
    }
    Ok(())
}

/// Writes how many paths were stowed; nothing, where there was none.
///
/// # Errors
///
/// What `out` answers.
pub fn count(out: &mut impl Write, stowed: &Stowed) -> io::Result<()> {
    match stowed.tasks.len() {
        0 => Ok(()),
        count => writeln!(out, "{count} stowed"),
    }
}

fn line(task: &Task, is_dry_run: bool) -> String {
    let Task { path, moved_to, written, entry, restaging, .. } = task;
    let done = |word: &str, would: &str| {
        let word = if is_dry_run { would } else { word };
        word.green().bold().to_string()
    };
    let name = visible(path).bold().to_string();
    let mut line = match (moved_to, written) {
        (Some(to), None) => format!("{} {name} -> {}", done("stowed:", "would stow:"), visible(to)),
        (Some(to), Some(Copy { to: copy, .. })) => format!(
            "{} {name} -> {}, and its staged contents -> {}",
            done("stowed:", "would stow:"),
            visible(to),
            visible(copy)
        ),
        (None, Some(Copy { to: copy, .. })) => {
            format!("{} the staged contents of {name} -> {}", done("stowed:", "would stow:"), visible(copy))
        }
        (None, None) if *entry == Entry::Restored && *restaging == Restaging::Nothing => {
            return format!("{} {name}, as HEAD has it", done("restored:", "would restore:"));
        }
        (None, None) => format!("{} {name} stays where it is", done("unstaged:", "would unstage:")),
    };
    line += match entry {
        Entry::Untouched | Entry::Unstaged => "",
        Entry::Restored => ", and HEAD's is back",
        Entry::Deleted => ", and its deletion is staged",
    };
    line
}

/// The shell command that undoes a stow, run where the user stands.
fn undo(stowed: &Stowed) -> String {
    let Stowed { tasks, emptied, top, .. } = stowed;
    if tasks.len() > MOST_TO_UNDO {
        return "move each file back to its old name (`mv -n`), and `git add -f` it".to_owned();
    }
    let mut commands = Vec::new();
    let is_at_top = std::env::current_dir().is_ok_and(|here| here == *top);
    if !is_at_top {
        commands.push(format!("cd {}", shell_word(top.as_os_str().as_bytes().as_bstr())));
    }
    let is_deepest = |directory: &&BString| {
        let below = bstr::concat([directory.as_slice(), b"/"]);
        !emptied.iter().any(|other| other.starts_with(&below))
    };
    if !emptied.is_empty() {
        commands.push(format!("mkdir -p {}", words(emptied.iter().filter(is_deepest))));
    }
    for task in tasks {
        if let Some(to) = &task.moved_to {
            let how = if task.is_checked_out { "-f" } else { "-n" };
            commands.push(format!("mv {how} {}", words([to, &task.path].into_iter())));
        }
    }
    let those = |is_meant: &dyn Fn(&Task) -> bool| {
        let meant = tasks.iter().filter(|task| task.entry != Entry::Untouched && is_meant(task));
        Some(words(meant.map(|task| &task.path))).filter(|words| !words.is_empty())
    };
    if let Some(added) = those(&|task| task.restaging == Restaging::Add) {
        commands.push(format!("git add -f {added}"));
    }
    for task in tasks {
        if let Restaging::Set(Object { mode, id }) = &task.restaging {
            let entry = bstr::concat([format!("{mode:o},{id},").as_bytes(), &task.path]);
            commands.push(format!("git update-index --add --cacheinfo {}", shell_word(entry.as_bstr())));
        }
    }
    if let Some(restored) = those(&|task| task.restaging == Restaging::Nothing) {
        commands.push(format!("git rm -q {restored}"));
    }
    commands.join(" && ")
}

/// Paths from the top as words of a shell that no command takes for an option, nor
/// git for a pattern.
fn words<'p>(paths: impl Iterator<Item = &'p BString>) -> String {
    let word = |path: &'p BString| {
        let is_plain = path.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
        let prefix: &[u8] = if is_plain { b"" } else { b"./" };
        shell_word(bstr::concat([prefix, path.as_slice()]).as_bstr())
    };
    paths.map(word).collect::<Vec<_>>().join(" ")
}

/// Writes what `init` has made.
///
/// # Errors
///
/// What `out` answers.
pub fn made(
    out: &mut impl Write,
    top: &Path,
    made: &Made,
    ignored: &Ignored,
    instructions: Vec<(&Path, Instructed)>,
) -> io::Result<()> {
    for path in made {
        writeln!(out, "made:    {}", file(path))?;
    }
    if made.is_empty() {
        writeln!(out, "there:   .claude_sessions, with all that is in it")?;
    }
    match ignored {
        Ignored::Already(rule) => writeln!(out, "ignored: already, by {}", visible(rule))?,
        Ignored::Added(path) => {
            let path = path.strip_prefix(top).unwrap_or(path);
            writeln!(out, "ignored: by a line that was added to {}", file(path))?;
        }
    }
    for (path, instructed) in instructions {
        match instructed {
            Instructed::Already => writeln!(out, "told:    {} has the rules already", file(path))?,
            Instructed::Written => writeln!(out, "told:    the rules are in {} now", file(path))?,
        }
    }
    Ok(())
}

/// Writes what `archive` has moved, or would move.
///
/// # Errors
///
/// What `out` answers.
pub fn archived(
    out: &mut impl Write,
    moved: &[(BString, BString)],
    tracked: &[BString],
    is_dry_run: bool,
    is_quiet: bool,
) -> io::Result<()> {
    if is_quiet {
        return if moved.is_empty() { Ok(()) } else { writeln!(out, "{} archived", moved.len()) };
    }
    let word = if is_dry_run { "would archive:" } else { "archived:" };
    for (path, to) in moved {
        writeln!(out, "{} {} -> {}", word.green().bold(), visible(path).bold(), visible(to))?;
    }
    left_tracked(out, tracked)
}

/// Writes what `clean` has deleted, or would delete.
///
/// # Errors
///
/// What `out` answers.
pub fn cleaned(out: &mut impl Write, current: &Current, is_dry_run: bool, is_quiet: bool) -> io::Result<()> {
    let found = &current.found;
    if is_quiet {
        return if found.is_empty() { Ok(()) } else { writeln!(out, "{} deleted", found.len()) };
    }
    let word = if is_dry_run { "would delete:" } else { "deleted:" };
    for found in found {
        writeln!(out, "{} {}", word.red().bold(), entry(found))?;
    }
    left_tracked(out, &current.tracked)
}

/// Writes that the answer was no.
///
/// # Errors
///
/// What `out` answers.
pub fn not_cleaned(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "nothing was deleted")
}

/// What `clean` asks before it deletes `found`.
#[must_use]
pub fn question(found: &[Found]) -> String {
    let names: Vec<String> = found.iter().take(MOST).map(|found| format!("  {}\n", entry(found))).collect();
    let more = match found.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!("  and {more} more\n"),
    };
    format!("{}{more}delete these for good?", names.concat())
}

fn entry(found: &Found) -> String {
    format!("{}{}", visible(&found.path), if found.is_directory { "/" } else { "" })
}

fn left_tracked(out: &mut impl Write, tracked: &[BString]) -> io::Result<()> {
    tracked.iter().try_for_each(|path| {
        writeln!(out, "{} {} is tracked by git, and was left alone", "left:".cyan(), visible(path))
    })
}

fn file(path: &Path) -> String {
    visible(path.as_os_str().as_bytes())
}
