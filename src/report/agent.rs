//! Renders messages for coding agents, in few lines: an agent pays for each token.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};
use owo_colors::OwoColorize;

use super::escape::{display_path, escape, shell_path, shell_word};
use super::message::evidence;
use crate::agents::{Agent, Removal};
use crate::bypass::Bypass;
use crate::policy::Finding;

/// The maximum number of paths that a message lists.
pub(crate) const MAX_PATHS: usize = 20;

/// Files of one repository that an agent must not write.
#[derive(Debug)]
pub(crate) struct DeniedWrites<'a> {
    /// The first [`MAX_PATHS`] of them, at least one.
    pub writes: Vec<DeniedWrite<'a>>,
    /// The number of the others.
    pub others: usize,
    /// The top of the repository; `None` if it is the agent's working directory.
    pub top: Option<&'a Path>,
    /// The name or path by which the agent can run this program.
    pub program: &'a Path,
}

/// A file that an agent must not write.
#[derive(Debug)]
pub(crate) struct DeniedWrite<'a> {
    /// The path and the rule that refuses it.
    pub finding: &'a Finding<'a>,
    /// The path to write instead, absolute.
    pub suggestion: PathBuf,
    /// Whether the file exists already.
    pub exists: bool,
}

/// Returns why files must not be written, and the paths to write instead.
#[must_use]
pub(crate) fn denied_writes(denied: &DeniedWrites) -> String {
    let DeniedWrites { writes, others, top, program } = denied;
    let mut lines: Vec<String> = writes.iter().flat_map(denied_write).collect();
    lines.extend((*others > 0).then(|| format!("and {others} more would be refused")));
    let directory_option = top.map_or_else(String::new, |top| format!(" -C {}", shell_path(top)));
    let program = shell_path(program) + &directory_option;
    let arguments = |is_listed: fn(&DeniedWrite) -> bool| {
        let listed = writes.iter().filter(|write| is_listed(write));
        let paths: Vec<String> =
            listed.map(|write| path_argument(write.finding.entry.path.as_bstr())).collect();
        (!paths.is_empty()).then(|| (if paths.len() == 1 { "file" } else { "files" }, paths.join(" ")))
    };
    let existing = arguments(|write| write.exists);
    lines.extend(
        existing.map(|(files, paths)| format!("stow the existing {files}: {program} stow -- {paths}")),
    );
    let by_name = arguments(|write| write.finding.shown.is_none());
    lines.extend(by_name.map(|(_, paths)| format!("if it is production code: {program} explain {paths}")));
    if writes.iter().any(|write| write.finding.shown.is_some()) {
        lines.push("if it is production code: first write a file that names it".to_owned());
    }
    lines.join("\n")
}

/// Returns the reason and the path to write instead.
fn denied_write(write: &DeniedWrite) -> [String; 2] {
    let DeniedWrite { finding, suggestion, .. } = write;
    let Finding { entry, rule, .. } = finding;
    let evidence = match evidence(finding).as_slice() {
        [] => String::new(),
        evidence => format!(" ({})", evidence.join(", ")),
    };
    let (path, reason, id) = (escape(&entry.path), escape(&rule.reason), escape(&rule.id));
    [
        format!("{path} would be refused: {reason}{evidence} [{id}]"),
        format!("write: {}", display_path(suggestion)),
    ]
}

/// Returns why a command must not be run, and what to do instead.
#[must_use]
pub(crate) fn bypass(bypass: &Bypass, program: &Path) -> String {
    let program = shell_path(program);
    match bypass {
        Bypass::HooksSkipped { subcommand, option } => format!(
            "`git {subcommand} {}` skips the hooks that keep session work out of history\n\
             run it without that option; if a path is refused: {program} stow",
            escape(option)
        ),
        Bypass::HooksOverridden(setting) => format!(
            "`{}` disables the hooks that keep session work out of history\n\
             run it without that setting; if a path is refused: {program} stow",
            escape(setting)
        ),
        Bypass::ForcedAdd(path) => format!(
            "{} is session work, which git ignores and which is never committed\n\
             leave it there, and add the other paths without --force",
            escape(path)
        ),
        Bypass::HookChanged(hook) => format!(
            "`{}` belongs to the hooks that keep session work out of history\n\
             leave it as it is; if a path is refused: {program} stow",
            escape(hook)
        ),
        Bypass::Uninstall => format!(
            "`stage-guard uninstall` removes the hooks that keep session work out of history: a person has to decide that\n\
             leave them; if a path is refused: {program} stow"
        ),
        Bypass::Allow => format!(
            "`stage-guard allow` lets a path that a rule refuses into history: a person has to decide that\n\
             if the file is production code, ask the user to run it; else: {program} stow"
        ),
        Bypass::ForcedAddAround(path) => format!(
            "`git add --force {}` stages the session directory, which git ignores\n\
             name the ignored files that belong in the commit, and add the others without --force",
            escape(path)
        ),
    }
}

/// Lists the session work outside of the session directory, and says how to stow it.
#[must_use]
pub(crate) fn leftovers(findings: &[Finding], program: &Path) -> String {
    let heading = "session work is left where `git add -A` would stage it:";
    listed(heading, findings, &format!("stow: {}", shell_path(program)))
}

/// Returns why a commit must not be made by an agent whose git runs no hooks.
///
/// The findings are of the repository at `top`.
#[must_use]
pub(crate) fn denied_commit(agent: Agent, findings: &[Finding], top: &Path, program: &Path) -> String {
    let stow = format!("first, in a command of its own: {} -C {}", shell_path(program), shell_path(top));
    listed(&checked_before(agent), findings, &stow)
}

/// Says why a commit is checked before the command that makes it is run.
#[must_use]
pub(crate) fn checked_before(agent: Agent) -> String {
    let title = agent.title();
    format!("{title} runs git without its hooks, so this commit is checked before the command runs:")
}

/// Lists findings below a heading. `stow` is followed by the command that stows them.
fn listed(heading: &str, findings: &[Finding], stow: &str) -> String {
    let listed = &findings[..findings.len().min(MAX_PATHS)];
    let mut lines = vec![heading.to_owned()];
    lines.extend(
        listed
            .iter()
            .map(|Finding { entry, rule, .. }| format!("  {} [{}]", escape(&entry.path), escape(&rule.id))),
    );
    if findings.len() > MAX_PATHS {
        lines.push(format!("  and {} more", findings.len() - MAX_PATHS));
    }
    let arguments: Vec<String> =
        listed.iter().map(|finding| path_argument(finding.entry.path.as_bstr())).collect();
    lines.push(format!("{stow} stow -- {}", arguments.join(" ")));
    lines.join("\n")
}

/// An agent that `install` has set up.
#[derive(Debug)]
pub(crate) struct AgentChange {
    /// The agent.
    pub agent: Agent,
    /// Its file, relative to the top of the worktree.
    pub file: &'static str,
    /// The name or path by which it runs this program.
    pub program: PathBuf,
    /// The file without symlinks, if it has changes to be committed.
    pub to_commit: Option<PathBuf>,
}

/// Renders which agents ask this program, and which of their files are to be committed.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn installed(agents: &[AgentChange], out: &mut impl Write) -> io::Result<()> {
    for AgentChange { agent, file, .. } in agents {
        let title = agent.title();
        writeln!(out, "agent:   {title} asks stage-guard before it writes ({file})")?;
    }
    for agent in agents.iter().map(|change| change.agent) {
        if let Some(condition) = agent.condition() {
            writeln!(out, "note:    {condition}")?;
        }
        if let Some(question) = agent.trust_question() {
            writeln!(out, "{}     {}", "fix:".cyan(), question.remedy)?;
        }
    }
    let to_commit: Vec<(String, &Path)> = agents
        .iter()
        .filter_map(|change| Some((display_path(change.to_commit.as_deref()?), change.program.as_path())))
        .collect();
    if to_commit.is_empty() {
        return Ok(());
    }
    let files: Vec<&str> = to_commit.iter().map(|(file, _)| file.as_str()).collect();
    writeln!(out, "note:    to be committed: {}", files.join(", "))?;
    // Only a program on `PATH` is called by its name.
    let path = to_commit.iter().map(|(_, program)| program).find(|program| program.is_absolute());
    let Some(path) = path else { return Ok(()) };
    writeln!(out, "note:    this names {}, a path of this machine", display_path(path))?;
    writeln!(out, "{}     put stage-guard on PATH, then run `install --agent` again", "fix:".cyan())
}

/// Renders from which files this program was removed, and which were not changed.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn uninstalled(removal: &Removal, out: &mut impl Write) -> io::Result<()> {
    for file in &removal.changed {
        writeln!(out, "removed the hooks of {} from {}", file.agent().title(), file.name())?;
    }
    for file in &removal.skipped {
        writeln!(
            out,
            "skipped: {file}, which cannot be read or has another form: remove stage-guard from it"
        )?;
    }
    for file in &removal.tracked {
        writeln!(
            out,
            "note:    git tracks {file}, which has the hooks of stage-guard for everybody: \
             remove them there and commit"
        )?;
    }
    Ok(())
}

/// Renders that the settings files of agents were not looked at.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn uninstalled_outside_worktree(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "skipped: the settings files of agents: run `uninstall` in the worktree")
}

/// Returns a path as an argument that works in any directory of the repository.
fn path_argument(path: &BStr) -> String {
    shell_word(bstr::concat([b":/", path.as_bytes()]).as_bstr())
}
