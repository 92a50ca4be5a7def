//! What a coding agent is told, on as few lines as can be: it pays for each.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::{BStr, ByteSlice};

use super::escape::{escape, shell_word};
use crate::agent::bypass::Bypass;
use crate::policy::{Finding, Rule};

/// How many paths are named.
const MOST: usize = 20;

/// Why no agent asks in a bare repository.
pub const NO_WORKTREE: &str =
    "nothing was changed: an agent works in a worktree, and a bare repository has none for --agent";

/// A file that an agent is about to write where it would be refused.
#[derive(Debug)]
pub struct Misplaced<'a> {
    /// Relative to the top of the repository.
    pub path: &'a BStr,
    /// The rule that refuses it.
    pub rule: &'a Rule,
    /// Where it belongs; absolute.
    pub place: &'a Path,
    /// Whether it is there already.
    pub is_there: bool,
    /// The top of the repository, where the agent stands elsewhere.
    pub top: Option<&'a Path>,
    /// What this program is called by.
    pub program: &'a Path,
}

/// Why a file must not be written, and where it may.
#[must_use]
pub fn misplaced(misplaced: &Misplaced) -> String {
    let Misplaced { path, rule, place, is_there, top, program } = misplaced;
    let elsewhere = top.map_or_else(String::new, |top| format!(" -C {}", word(top)));
    let (program, typed) = (word(program) + &elsewhere, from_top(path));
    let mut lines = vec![
        format!("{} would be refused: {} [{}]", escape(path), escape(&rule.reason), escape(&rule.id)),
        format!("write: {}", file(place)),
    ];
    if *is_there {
        lines.push(format!("stow what is there: {program} stow -- {typed}"));
    }
    lines.push(format!("if it would run in production: {program} explain {typed}"));
    lines.join("\n")
}

/// Why a command must not be run, and what to do instead.
#[must_use]
pub fn bypass(bypass: &Bypass, program: &Path) -> String {
    let program = word(program);
    match bypass {
        Bypass::HooksSkipped { subcommand, option } => format!(
            "`git {subcommand} {}` goes past the hooks that keep session work out of history\n\
             run it without; what is refused then is taken out by: {program} stow",
            escape(option)
        ),
        Bypass::HooksOverridden(setting) => format!(
            "`{}` has git run other hooks than those that keep session work out of history\n\
             run it without; what is refused then is taken out by: {program} stow",
            escape(setting)
        ),
        Bypass::ForcedAdd(path) => format!(
            "{} is session work, which is never committed, so git ignores it\n\
             leave it there, and add the other paths without --force",
            escape(path)
        ),
    }
}

/// What an agent leaves among the code, and how it is taken away.
#[must_use]
pub fn left_behind(findings: &[Finding], program: &Path) -> String {
    let named = &findings[..findings.len().min(MOST)];
    let mut lines = vec!["session work is left where `git add -A` would stage it:".to_owned()];
    lines.extend(
        named
            .iter()
            .map(|Finding { entry, rule, .. }| format!("  {} [{}]", escape(&entry.path), escape(&rule.id))),
    );
    if findings.len() > MOST {
        lines.push(format!("  and {} more", findings.len() - MOST));
    }
    let typed: Vec<String> = named.iter().map(|finding| from_top(finding.entry.path.as_bstr())).collect();
    lines.push(format!("stow: {} stow -- {}", word(program), typed.join(" ")));
    lines.join("\n")
}

/// What an agent's hooks run, as a line of shell.
#[must_use]
pub fn command(program: &Path) -> String {
    format!("{} agent", word(program))
}

/// Writes that the agent asks from now on.
///
/// # Errors
///
/// What `out` answers.
pub fn installed(out: &mut impl Write, settings: &Path) -> io::Result<()> {
    writeln!(out, "agent:   Claude Code asks before it writes, by {}", file(settings))
}

/// Writes that the agent does not ask any more.
///
/// # Errors
///
/// What `out` answers.
pub fn uninstalled(out: &mut impl Write, settings: &Path) -> io::Result<()> {
    writeln!(out, "no longer asked by Claude Code: {}", file(settings))
}

/// A path as one types it for this program, wherever one stands in the repository.
fn from_top(path: &BStr) -> String {
    shell_word(bstr::concat([b":/", path.as_bytes()]).as_bstr())
}

pub(super) fn word(path: &Path) -> String {
    shell_word(path.as_os_str().as_bytes().as_bstr())
}

fn file(path: &Path) -> String {
    escape(path.as_os_str().as_bytes())
}
