//! Renders what `stow`, `init`, `archive` and `clean` did, or would do.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};
use owo_colors::OwoColorize;

use super::escape::{display_path, escape, shell_path, shell_word};
use super::human::MAX_LISTED;
use super::quiet::write_count;
use super::remedy::allow_command;
use crate::disk::Loss;
use crate::git::CommittedIn;
use crate::invocation::Invocation;
use crate::policy::{SESSION_DIRECTORY, is_in_session_directory};
use crate::session::{
    Archived, COMMON_FILE, Current, CurrentEntry, IndexAction, Plan, SkipReason, Skipped, Step, Undone,
};

/// The problem that `init` solves.
pub(super) const NOT_IGNORED: &str = "git does not ignore the session directory";

/// Returns the command that makes git ignore the session directory.
pub(super) fn ignore_command(invocation: &Invocation) -> String {
    format!("{} init", invocation.program())
}

/// Renders that git does not ignore the session directory.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn not_ignored(invocation: &Invocation, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "note:    {NOT_IGNORED}\n{}     {}", "fix:".cyan(), ignore_command(invocation))
}

/// What `stow` did, or would do.
#[derive(Debug)]
pub(crate) struct Stowed {
    /// What was done with each path.
    pub plan: Plan,
    /// The committed session work that was skipped.
    pub skipped: Vec<BString>,
    /// What files lack that were copied to another file system, each with its path.
    pub losses: BTreeSet<(BString, Loss)>,
    /// The file to which a line was added so that git ignores the session directory.
    pub ignore_file: Option<PathBuf>,
    /// The record of a killed stow that could not be undone.
    pub leftover: Option<PathBuf>,
    /// Whether nothing was done.
    pub is_dry_run: bool,
    /// Whether the user named paths.
    pub has_named_paths: bool,
    /// How the user runs this program and git in the repository.
    pub invocation: Invocation,
}

/// What `init` did.
#[derive(Debug)]
pub(crate) struct Initialized<'a> {
    /// The created files and directories, relative to the worktree.
    pub created: Vec<PathBuf>,
    /// Whether git ignored the session directory before.
    pub ignored: Ignored,
    /// The files for instructions, as the user named them or relative to the worktree.
    pub instructions: Vec<(&'a Path, InstructionsState)>,
}

/// Why git ignores the session directory.
#[derive(Debug)]
pub(crate) enum Ignored {
    /// Because of this rule, which was there before.
    Already(String),
    /// Because of a line that was added to this file.
    Added(PathBuf),
}

/// Whether a file has the current instructions, or why not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum InstructionsState {
    /// The file already had them.
    Current,
    /// They were written to an existing file.
    Updated,
    /// They were written to a new file.
    Created,
    /// Agents that read the file import another one with the instructions.
    Imported,
    /// The file is not one of the worktree, behind a symlink.
    Outside,
}

/// The maximum number of skipped files that are named.
const MAX_SKIPPED: usize = 10;

/// Writes a line for each stowed path, then what was skipped and how to undo it.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn stowed(out: &mut impl Write, stowed: &Stowed) -> io::Result<()> {
    let Stowed {
        plan: Plan { steps, ignore_pattern, combined, immovable, not_ignored, deleted },
        skipped,
        losses,
        leftover,
        is_dry_run,
        invocation,
        ..
    } = stowed;
    let program = invocation.program();
    for step in steps.iter().take(MAX_LISTED) {
        writeln!(out, "{}", step_line(step, *is_dry_run))?;
    }
    if steps.len() > MAX_LISTED {
        writeln!(out, "and {} more", steps.len() - MAX_LISTED)?;
    }
    for path in combined {
        writeln!(out, "{} {}: several parents have changed it", "skipped:".cyan(), escape(path))?;
    }
    let mut allowable: Vec<&BStr> = combined.iter().map(|path| path.as_bstr()).collect();
    for (path, skipped) in immovable {
        write_skipped(out, skipped)?;
        if skipped.iter().any(|skipped| skipped.reason == SkipReason::Submodule) {
            let word = shell_word(bstr::concat([b":/", path.as_slice()]).as_bstr());
            writeln!(out, "{} {} -- {word}", "then:".cyan(), invocation.git("git rm -q --cached"))?;
            allowable.extend((!is_in_session_directory(path.as_bstr())).then(|| path.as_bstr()));
        }
    }
    if !allowable.is_empty() {
        writeln!(out, "{} {}", "allow:".cyan(), allow_command(&program, allowable))?;
    }
    if !combined.is_empty() {
        // That is said already.
    } else if steps.is_empty() && !immovable.is_empty() {
        writeln!(out, "nothing was stowed")?;
    } else if steps.is_empty() && stowed.has_named_paths {
        writeln!(out, "there is nothing to do")?;
    } else if steps.is_empty() {
        writeln!(out, "no staged file is refused; {program} stow PATH stows any file")?;
    }
    if let Some(pattern) = ignore_pattern {
        let key = if *is_dry_run { "would ignore:" } else { "ignored:" };
        let file = stowed.ignore_file.as_deref().unwrap_or(Path::new(".git/info/exclude"));
        writeln!(out, "{} {pattern}, by a line in {}", key.cyan(), display_path(file))?;
    }
    if !skipped.is_empty() {
        writeln!(out, "{} {}", "skipped:".cyan(), list_skipped(skipped))?;
        writeln!(out, "{} {program} stow -- {}", "untrack:".cyan(), session_directories(skipped))?;
    }
    for path in not_ignored.iter().take(MAX_SKIPPED) {
        note(out, &format!("git add stages {} again until git ignores it", escape(path)))?;
    }
    for path in deleted.iter().take(MAX_SKIPPED) {
        note(out, &format!("{} stays deleted in the index", escape(path)))?;
    }
    lost(out, losses)?;
    if let Some(record) = leftover {
        let record = display_path(record);
        note(out, &format!("a stow that was killed could not be undone; {record} lists its files"))?;
    }
    if !is_dry_run && !steps.is_empty() {
        writeln!(out, "{} {program} stow --undo", "undo:".cyan())?;
    }
    Ok(())
}

/// Writes the number of stowed paths, or nothing if there are none.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn count(out: &mut impl Write, stowed: &Stowed) -> io::Result<()> {
    let done = if stowed.is_dry_run { "would be stowed" } else { "stowed" };
    write_count(out, stowed.plan.steps.len(), done)
}

/// Writes that the last stow was undone, and what is not as it was.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn undone(out: &mut impl Write, undone: &Undone) -> io::Result<()> {
    let Undone { count, changed, losses, kept } = undone;
    let files = if *count == 1 { "1 file is" } else { &format!("{count} files are") };
    writeln!(
        out,
        "{} {files} as before the stow, in the worktree and in the index",
        "undone:".green().bold()
    )?;
    for path in changed.iter().take(MAX_LISTED) {
        note(out, &format!("{} is back as it was changed since the stow", escape(path)))?;
    }
    for path in kept {
        note(out, &format!("{} was changed during an undo and is kept", escape(path)))?;
    }
    lost(out, losses)
}

/// Writes what files lack that were copied to another file system.
fn lost(out: &mut impl Write, losses: &BTreeSet<(BString, Loss)>) -> io::Result<()> {
    for (path, loss) in losses.iter().take(MAX_LISTED) {
        let what = match loss {
            Loss::Owner => "its owner",
            Loss::Attributes => "all extended attributes",
            Loss::Link => "its hard link",
        };
        note(out, &format!("{} did not keep {what} on the other file system", escape(path)))?;
    }
    Ok(())
}

fn note(out: &mut impl Write, fact: &str) -> io::Result<()> {
    writeln!(out, "{} {fact}", "note:".cyan())
}

/// Writes what `init` did.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn initialized(out: &mut impl Write, initialized: &Initialized) -> io::Result<()> {
    let Initialized { created, ignored, instructions } = initialized;
    for path in created {
        writeln!(out, "created: {}", display_path(path))?;
    }
    if created.is_empty() {
        writeln!(out, "exists:  {SESSION_DIRECTORY}, with all its directories")?;
    }
    match ignored {
        Ignored::Already(rule) => writeln!(out, "ignored: already, by {}", escape(rule))?,
        Ignored::Added(file) => {
            writeln!(out, "ignored: by a line that was added to {}", display_path(file))?;
        }
    }
    for (file, state) in instructions {
        let file = display_path(file);
        match state {
            InstructionsState::Current => writeln!(out, "exists:  the instructions in {file}")?,
            InstructionsState::Updated => writeln!(out, "updated: the instructions in {file}")?,
            InstructionsState::Created => writeln!(out, "created: {file}, with the instructions")?,
            InstructionsState::Imported => writeln!(out, "skipped: {file}, which imports {COMMON_FILE}")?,
            InstructionsState::Outside => {
                writeln!(out, "skipped: {file}, a symlink that leads out of the worktree")?;
            }
        }
    }
    Ok(())
}

/// Writes what `archive` moved, or would move.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn archived(out: &mut impl Write, archived: &Archived, is_dry_run: bool) -> io::Result<()> {
    let Archived { moves, skipped, losses, failures } = archived;
    if moves.is_empty() && skipped.is_empty() && failures.is_empty() {
        return writeln!(out, "there is nothing to archive");
    }
    let key = if is_dry_run { "would archive:" } else { "archived:" };
    for (from, to) in moves {
        writeln!(out, "{} {} -> {}", key.green().bold(), escape(from).bold(), escape(to))?;
    }
    write_skipped(out, skipped)?;
    lost(out, losses)
}

/// Writes the number of archived entries, or nothing if there are none.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn count_archived(out: &mut impl Write, count: usize) -> io::Result<()> {
    write_count(out, count, "archived")
}

/// Writes what `clean` deleted, or would delete.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn cleaned(
    out: &mut impl Write,
    current: &Current,
    is_dry_run: bool,
    worktree: &Path,
    invocation: &Invocation,
) -> io::Result<()> {
    let Current { entries, skipped, partly_deleted, failures } = current;
    if entries.is_empty() && skipped.is_empty() && partly_deleted.is_empty() && failures.is_empty() {
        return writeln!(out, "there is nothing to delete");
    }
    let key = if is_dry_run { "would delete:" } else { "deleted:" };
    for line in entries.iter().flat_map(entry_lines).chain(partly_deleted.iter().map(escape)) {
        writeln!(out, "{} {line}", key.red().bold())?;
    }
    write_skipped(out, skipped)?;
    write_removals(out, skipped, worktree, invocation)
}

/// Writes the number of deleted entries, or nothing if there are none.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn count_deleted(out: &mut impl Write, count: usize) -> io::Result<()> {
    write_count(out, count, "deleted")
}

/// Writes that the user declined.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn not_cleaned(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "nothing was deleted")
}

/// Returns what `clean` asks before it deletes the entries of `current`.
#[must_use]
pub(crate) fn question(current: &Current) -> String {
    let entries: Vec<String> = current.entries.iter().flat_map(entry_lines).collect();
    let skipped = current.skipped.iter().map(|skipped| format!("skipped: {}", skipped_text(skipped)));
    let files = match current.entries.iter().map(|entry| entry.node.count_files()).sum() {
        1 => "this file".to_owned(),
        count => format!("these {count} files"),
    };
    format!("{}{}delete {files} for good?", list(entries.into_iter()), list(skipped))
}

/// Returns the first `lines`, each indented, and how many more there are.
fn list(lines: impl ExactSizeIterator<Item = String>) -> String {
    let more = match lines.len().saturating_sub(MAX_LISTED) {
        0 => None,
        more => Some(format!("and {more} more")),
    };
    lines.take(MAX_LISTED).chain(more).fold(String::new(), |list, line| list + "  " + &line + "\n")
}

/// Returns the line about one path of a stow.
fn step_line(step: &Step, is_dry_run: bool) -> String {
    let Step { destination, staged_copy, index_action, .. } = step;
    let key = |done: &'static str, planned: &'static str| {
        let key = if is_dry_run { planned } else { done };
        key.green().bold().to_string()
    };
    let stowed = || key("stowed:", "would stow:");
    let name = escape(&step.path).bold().to_string();
    let what = match (destination, staged_copy) {
        (Some(to), None) => format!("{} {name} -> {}", stowed(), escape(to)),
        (Some(to), Some(copy)) => {
            format!("{} {name} -> {}, its staged contents -> {}", stowed(), escape(to), escape(&copy.path))
        }
        (None, Some(copy)) => {
            format!("{} the staged contents of {name} -> {}", stowed(), escape(&copy.path))
        }
        (None, None) => match index_action {
            IndexAction::Restored if step.before.staged.is_none() => {
                let to =
                    if step.restores_worktree { &format!("from {}", source(step)) } else { "in the index" };
                return format!("{} {name} {to}", key("restored:", "would restore:"));
            }
            IndexAction::Deleted => {
                format!("{} {name} stays where it is{}", key("untracked:", "would untrack:"), obstacles(step))
            }
            _ => {
                format!("{} {name} stays where it is{}", key("unstaged:", "would unstage:"), obstacles(step))
            }
        },
    };
    let then = match index_action {
        IndexAction::Deleted => "; the next commit deletes it from the repository",
        _ if step.restores_worktree => &format!("; the version of {} is restored", source(step)),
        _ => "",
    };
    what + then
}

/// Returns the name of the commit whose version of a path is restored.
fn source(step: &Step) -> &'static str {
    if step.before.committed_in == CommittedIn::Merged { "MERGE_HEAD" } else { "HEAD" }
}

/// Returns the names of the first skipped files, and how many more there are.
fn list_skipped(skipped: &[BString]) -> String {
    let names: Vec<String> = skipped.iter().take(MAX_SKIPPED).map(escape).collect();
    let more = match skipped.len().saturating_sub(MAX_SKIPPED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}: committed earlier", names.join(", "))
}

/// Returns the session directories of these paths, quoted for a shell.
fn session_directories(paths: &[BString]) -> String {
    let directory = |path: &BString| {
        let end = path.find(SESSION_DIRECTORY).map_or(path.len(), |start| start + SESSION_DIRECTORY.len());
        shell_word(bstr::concat([b":/", &path[..end]]).as_bstr())
    };
    let mut directories: Vec<String> = paths.iter().map(directory).collect();
    directories.dedup();
    directories.join(" ")
}

fn write_skipped(out: &mut impl Write, skipped: &[Skipped]) -> io::Result<()> {
    skipped.iter().try_for_each(|skipped| writeln!(out, "{} {}", "skipped:".cyan(), skipped_text(skipped)))
}

/// Returns the path and why it is skipped.
fn skipped_text(Skipped { path, reason }: &Skipped) -> String {
    format!("{} {}", escape(path), skip_reason(*reason))
}

/// Returns why a repository is not moved: `: it is …`, or nothing if it can be moved.
fn obstacles(step: &Step) -> String {
    let words = |skipped: &Skipped| match skipped {
        Skipped { path, reason } if *path == step.path => format!("it {}", skip_reason(*reason)),
        _ => skipped_text(skipped),
    };
    let words: Vec<String> = step.obstacles.iter().map(words).collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

/// Returns a reason as a predicate.
fn skip_reason(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Stays => "stays where it is",
        SkipReason::Tracked => "is tracked by git",
        SkipReason::Repository => "is a repository",
        SkipReason::Submodule => "is a submodule that .gitmodules names",
        SkipReason::LinkedWorktree => "is a linked worktree",
        SkipReason::HasLinkedWorktrees => "is a repository with linked worktrees",
        SkipReason::SeparateGitDir => "is a repository whose git directory is elsewhere",
        SkipReason::MountPoint => "is a mount point",
        SkipReason::OtherFileSystem => "cannot be moved to another file system",
        SkipReason::Unreadable => "cannot be read",
        SkipReason::Changed => "has changed meanwhile",
        SkipReason::NewFiles => "has new files in it",
    }
}

/// Writes the commands that delete repositories and worktrees.
fn write_removals(
    out: &mut impl Write,
    skipped: &[Skipped],
    worktree: &Path,
    invocation: &Invocation,
) -> io::Result<()> {
    if skipped.iter().any(|skipped| skipped.reason == SkipReason::Repository) {
        writeln!(out, "{} {} clean --force --force", "then:".cyan(), invocation.program())?;
    }
    for Skipped { path, .. } in skipped.iter().filter(|skipped| skipped.reason == SkipReason::LinkedWorktree)
    {
        let absolute = worktree.join(OsStr::from_bytes(path));
        let path = shell_path(invocation.path(&absolute));
        writeln!(out, "{} git -C {path} worktree remove .", "then:".cyan())?;
    }
    Ok(())
}

/// Returns the path of an entry, then those of the repositories in it.
fn entry_lines(CurrentEntry { path, node }: &CurrentEntry) -> Vec<String> {
    let mut repositories = Vec::new();
    node.collect_repositories(path, &mut repositories);
    let slash = if node.is_directory() { "/" } else { "" };
    let own = if node.is_repository() { ", a repository" } else { "" };
    let inner = repositories.iter().map(|path| format!("{}/, a repository", escape(path)));
    std::iter::once(format!("{}{slash}{own}", escape(path))).chain(inner).collect()
}
