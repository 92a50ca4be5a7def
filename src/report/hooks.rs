//! Renders what `install`, `uninstall` and the hooks did.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::escape::{display_path, escape_multiline};
use crate::git::{ConfigScope, Hook, HooksPath};
use crate::hooks::{Addition, Installation, Manager, PreviousHook, Uninstallation};
use crate::invocation::Invocation;

/// What `install` did.
#[derive(Debug)]
pub(crate) enum Installed<'a> {
    /// It linked hooks in the hooks directory.
    Linked(Linked<'a>),
    /// It added hooks to git's configuration.
    Configured {
        /// The worktree, and the hooks directory that git also uses; `None` if global.
        repository: Option<(&'a Path, &'a Path)>,
        /// The program that the hooks run.
        binary: &'a Path,
        /// The hooks.
        hooks: &'a [Hook],
    },
    /// It did nothing: the hooks in this directory run the guard already.
    GuardedByOwner(PathBuf),
}

/// Hooks that `install` linked.
#[derive(Debug)]
pub(crate) struct Linked<'a> {
    /// The worktree, or the directory of a bare repository.
    pub directory: &'a Path,
    /// The directory of the hooks.
    pub hooks_path: &'a HooksPath,
    /// The program that the hooks run.
    pub binary: &'a Path,
    /// The name or path by which the user runs that program.
    pub program: &'a Path,
    /// How the user runs that program and git in the repository.
    pub invocation: &'a Invocation,
    /// The hooks.
    pub installation: Installation,
}

/// Renders what `install` did.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn installed(installed: &Installed, out: &mut impl Write) -> io::Result<()> {
    match installed {
        Installed::Linked(linked) => self::linked(linked, out),
        Installed::Configured { repository, binary, hooks } => configured(*repository, binary, hooks, out),
        Installed::GuardedByOwner(directory) => {
            writeln!(out, "nothing to do: the hooks in {} run the guard", display_path(directory))?;
            writeln!(out, "run `stage-guard doctor` to see whether they work")
        }
    }
}

fn linked(linked: &Linked, out: &mut impl Write) -> io::Result<()> {
    let Linked { directory, hooks_path, binary, program, invocation, installation } = linked;
    rescued(installation.rescued.as_deref(), out)?;
    let names = list(installation.hooks.iter().map(|(hook, _)| *hook));
    writeln!(out, "guarded: {}", display_path(directory))?;
    writeln!(
        out,
        "hooks:   {names} in {} run {}",
        display_path(&hooks_path.directory),
        display_path(binary)
    )?;
    for (hook, previous) in &installation.hooks {
        let Some(PreviousHook { path: backup, runs, manager }) = previous else { continue };
        let what = if *runs { "also runs" } else { "is not executable and does not run" };
        writeln!(out, "kept:    the previous {hook} {what}: {}", display_path(backup))?;
        if *manager == Some(Manager::Lefthook) {
            let addition = Addition::new(*manager, backup, *hook, program);
            writeln!(out, "note:    lefthook will replace this hook when its configuration changes;")?;
            writeln!(out, "         {}", instruction(&addition, *manager, *hook))?;
        }
    }
    let is_relative = |value: &str| Path::new(value).is_relative();
    if let Some(origin) = hooks_path.origin.as_ref().filter(|origin| is_relative(&origin.value)) {
        writeln!(out, "note:    {origin} is relative, so linked worktrees have no hooks")?;
        let unset = invocation.git("git config --unset core.hooksPath");
        writeln!(out, "         and are not guarded: {unset}")?;
    }
    if binary.components().any(|component| component.as_os_str() == "target") {
        writeln!(out, "note:    `cargo clean` deletes {}, and then commits stop", display_path(binary))?;
    }
    Ok(())
}

fn configured(
    repository: Option<(&Path, &Path)>,
    binary: &Path,
    hooks: &[Hook],
    out: &mut impl Write,
) -> io::Result<()> {
    let (guarded, configuration) = match repository {
        Some((directory, _)) => (display_path(directory), "the repository's configuration"),
        None => ("all your repositories".to_owned(), "your global configuration"),
    };
    writeln!(out, "guarded: {guarded}")?;
    writeln!(
        out,
        "hooks:   {} in {configuration} run {}",
        list(hooks.iter().copied()),
        display_path(binary)
    )?;
    if let Some((_, directory)) = repository {
        writeln!(
            out,
            "note:    git also runs the hooks in {}, which belong to another program",
            display_path(directory)
        )?;
    }
    writeln!(out, "note:    git before 2.54, and programs other than git, ignore configured hooks")
}

/// Renders how many tracked paths would be refused if they were new, if there are any.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn tracked(count: usize, invocation: &Invocation, out: &mut impl Write) -> io::Result<()> {
    if count == 0 {
        return Ok(());
    }
    writeln!(out, "note:    {}", describe_tracked(count, invocation))
}

/// Returns how many tracked paths would be refused if they were new, and the command that
/// lists them.
pub(super) fn describe_tracked(count: usize, invocation: &Invocation) -> String {
    let program = invocation.program();
    let paths =
        if count == 1 { "path would be refused if it were" } else { "paths would be refused if they were" };
    format!("{count} tracked {paths} new: {program} check --all-files")
}

/// Renders what `uninstall` did in the hooks directories.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn uninstalled(done: &Uninstallation, out: &mut impl Write) -> io::Result<()> {
    rescued(done.rescued.as_deref(), out)?;
    if done.removed.is_empty() {
        writeln!(out, "no hook of stage-guard was found here")?;
    }
    for removed in &done.removed {
        writeln!(out, "no longer guarded: {}", display_path(removed))?;
    }
    for backup in &done.skipped {
        writeln!(out, "skipped: {}, because another hook is in its place", display_path(backup))?;
    }
    Ok(())
}

/// Renders the hooks of others that run the guard, which `uninstall` does not change.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn still_guarded(files: &[PathBuf], out: &mut impl Write) -> io::Result<()> {
    files.iter().try_for_each(|file| {
        writeln!(out, "note: {} still runs stage-guard: remove that line", display_path(file))
    })
}

/// Renders which configured hooks `uninstall` removed.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn unconfigured(scope: ConfigScope, hooks: &[Hook], out: &mut impl Write) -> io::Result<()> {
    if hooks.is_empty() {
        return writeln!(out, "no hook of stage-guard was found in the {scope} configuration");
    }
    writeln!(out, "no longer guarded: {} in the {scope} configuration", list(hooks.iter().copied()))
}

/// Renders the new path of a file that another program wrote over the shim.
fn rescued(path: Option<&Path>, out: &mut impl Write) -> io::Result<()> {
    let Some(path) = path else { return Ok(()) };
    writeln!(out, "kept:    a file that another program wrote over the hooks: {}", display_path(path))
}

/// Renders that the configured hook has reported what the file of the hook refuses, too.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn reported(hook: Hook, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "note: the {hook} in the configuration has reported why")
}

/// Renders the warning that the built-in policy checks a push because of a mistake.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn built_in_policy(out: &mut impl Write, mistake: &str) -> io::Result<()> {
    writeln!(out, "warning: the configured policy is invalid, so the built-in one checks this push")?;
    writeln!(out, "{}", escape_multiline(mistake, "  "))
}

/// Returns how to make a hook of `owner` run the guard.
pub(super) fn instruction(addition: &Addition, owner: Option<Manager>, hook: Hook) -> String {
    let Addition { file, line } = addition;
    match owner {
        Some(Manager::Lefthook) => {
            format!("add `{line}` to the `jobs` of `{hook}` in {}", display_path(file))
        }
        Some(Manager::Husky) => format!("add `{line}` to {}", display_path(file)),
        _ => format!("add `{line}` to {}, and make it executable", display_path(file)),
    }
}

pub(super) fn list(hooks: impl IntoIterator<Item = Hook>) -> String {
    hooks.into_iter().map(Hook::name).collect::<Vec<_>>().join(", ")
}
