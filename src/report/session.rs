//! What was done in the session directory, and how to undo it.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};
use owo_colors::OwoColorize;

use super::escape::{escape, shell_word};
use super::human::MAX_LISTED;
use crate::policy::SESSION_DIRECTORY;
use crate::session::{Current, Entry, Found, Made, Task};

/// What `stow` did, or would do.
#[derive(Debug)]
pub struct Stowed {
    /// What was done with each path.
    pub tasks: Vec<Task>,
    /// The pattern that git ignores by from now on.
    pub ignored: Option<&'static str>,
    /// What is committed in the session directory and was left alone.
    pub left: Vec<BString>,
    /// Whether nothing was done.
    pub is_dry_run: bool,
    /// Whether no path was named.
    pub is_asked_for_all: bool,
    /// What this program is called by.
    pub program: PathBuf,
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

/// How many committed files are named that are left alone.
const MOST_LEFT: usize = 10;

/// Writes what `stow` did: a line a path, what was done beside, and how to undo it.
///
/// # Errors
///
/// What `out` answers.
pub fn stowed(out: &mut impl Write, stowed: &Stowed) -> io::Result<()> {
    let Stowed { tasks, ignored, left, is_dry_run, program, .. } = stowed;
    let program = shell_word(program.as_os_str().as_bytes().as_bstr());
    for task in tasks.iter().take(MAX_LISTED) {
        writeln!(out, "{}", line(task, *is_dry_run))?;
    }
    if tasks.len() > MAX_LISTED {
        writeln!(out, "and {} more", tasks.len() - MAX_LISTED)?;
    }
    if tasks.is_empty() && stowed.is_asked_for_all {
        writeln!(out, "nothing that is staged is refused; {program} stow PATH takes a file by its name")?;
    } else if tasks.is_empty() {
        writeln!(out, "there is nothing to do")?;
    }
    if let Some(pattern) = ignored {
        let word = if *is_dry_run { "would ignore:" } else { "ignored:" };
        writeln!(out, "{} {pattern}, by a line in .git/info/exclude", word.cyan())?;
    }
    if !left.is_empty() {
        writeln!(out, "{} {}", "left:".cyan(), committed(left))?;
        writeln!(out, "{} {program} stow -- {}", "untrack:".cyan(), session_directories(left))?;
    }
    if !is_dry_run && !tasks.is_empty() {
        writeln!(out, "{} {program} stow --undo", "undo:".cyan())?;
    }
    Ok(())
}

/// The committed files that are left alone, the first ones by their names.
fn committed(left: &[BString]) -> String {
    let names: Vec<String> = left.iter().take(MOST_LEFT).map(escape).collect();
    let more = match left.len().saturating_sub(MOST_LEFT) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}: committed earlier", names.join(", "))
}

/// The session directories of these paths, as words of a shell.
fn session_directories(left: &[BString]) -> String {
    let directory = |path: &BString| {
        let end = path.find(SESSION_DIRECTORY).map_or(path.len(), |start| start + SESSION_DIRECTORY.len());
        shell_word(bstr::concat([b":/", &path[..end]]).as_bstr())
    };
    let mut directories: Vec<String> = left.iter().map(directory).collect();
    directories.dedup();
    directories.join(" ")
}

/// Writes that the last stow, of so many paths, is undone.
///
/// # Errors
///
/// What `out` answers.
pub fn undone(out: &mut impl Write, count: usize) -> io::Result<()> {
    let files = if count == 1 { "1 file is" } else { &format!("{count} files are") };
    writeln!(out, "{} {files} where the last stow found them, and staged as before", "undone:".green().bold())
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
    let Task { path, moved_to, written, entry, .. } = task;
    let word = |done: &'static str, would: &'static str| {
        let word = if is_dry_run { would } else { done };
        word.green().bold().to_string()
    };
    let name = escape(path).bold().to_string();
    let to = |to: &BString| format!("-> {}", escape(to));
    let stowed = || word("stowed:", "would stow:");
    let what = match (moved_to, written) {
        (Some(moved), None) => format!("{} {name} {}", stowed(), to(moved)),
        (Some(moved), Some(copy)) => {
            format!("{} {name} {}, its staged contents {}", stowed(), to(moved), to(&copy.to))
        }
        (None, Some(copy)) => format!("{} the staged contents of {name} {}", stowed(), to(&copy.to)),
        (None, None) => match entry {
            Entry::Restored if task.staged.is_none() && task.is_checked_out => {
                return format!("{} {name}, as HEAD has it", word("restored:", "would restore:"));
            }
            Entry::Restored if task.staged.is_none() => {
                let restored = word("restored:", "would restore:");
                return format!("{restored} {name} in the index; the file that is there was left alone");
            }
            Entry::Deleted => format!("{} {name} stays where it is", word("untracked:", "would untrack:")),
            _ => format!("{} {name} stays where it is", word("unstaged:", "would unstage:")),
        },
    };
    let then = match entry {
        Entry::Deleted => "; the next commit deletes it from the repository",
        _ if task.is_checked_out => "; what HEAD has is back in its place",
        _ => "",
    };
    what + then
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
        Ignored::Already(rule) => writeln!(out, "ignored: already, by {}", escape(rule))?,
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
    if moved.is_empty() && tracked.is_empty() {
        return writeln!(out, "there is nothing to archive");
    }
    for (path, to) in moved {
        writeln!(out, "{} {} -> {}", word.green().bold(), escape(path).bold(), escape(to))?;
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
    if found.is_empty() && current.tracked.is_empty() {
        return writeln!(out, "there is nothing to delete");
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
    let names: Vec<String> =
        found.iter().take(MAX_LISTED).map(|found| format!("  {}\n", entry(found))).collect();
    let more = match found.len().saturating_sub(MAX_LISTED) {
        0 => String::new(),
        more => format!("  and {more} more\n"),
    };
    format!("{}{more}delete these for good?", names.concat())
}

fn entry(found: &Found) -> String {
    format!("{}{}", escape(&found.path), if found.is_directory { "/" } else { "" })
}

fn left_tracked(out: &mut impl Write, tracked: &[BString]) -> io::Result<()> {
    tracked.iter().try_for_each(|path| {
        writeln!(out, "{} {} is tracked by git, and was left alone", "left:".cyan(), escape(path))
    })
}

fn file(path: &Path) -> String {
    escape(path.as_os_str().as_bytes())
}
