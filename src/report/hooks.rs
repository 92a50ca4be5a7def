//! What was done to the hooks of a repository, and what its user has to do.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;

use super::agent::word;
use super::escape::{escape, escape_multiline, shell_word};
use crate::git::{Hook, HooksPath, Origin};
use crate::hooks::{Installed, Kept, Manager, Uninstalled, file_of_user};

/// Why a bare repository is not guarded more strictly.
pub const NOT_STRICT: &str =
    "nothing was changed: a bare repository has one hook to guard, `pre-receive`, and no --strict";

/// Writes that a hook of this name is not one that is guarded.
///
/// # Errors
///
/// What `out` answers.
pub fn unknown(out: &mut impl Write, name: &str) -> io::Result<()> {
    writeln!(out, "stage-guard: there is nothing to check in the hook `{}`", escape(name))
}

/// Writes that the policy of a server is not in force, by the `mistake` in it.
///
/// # Errors
///
/// What `out` answers.
pub fn built_in_policy(out: &mut impl Write, mistake: &str) -> io::Result<()> {
    writeln!(
        out,
        "warning: this push is judged by the built-in policy, for the one here has a mistake in it: mend it"
    )?;
    writeln!(out, "{}", escape_multiline(mistake, "  "))
}

/// Writes what `install` has done; `program` is what the user calls `binary` by.
///
/// # Errors
///
/// What `out` answers.
pub fn installed(
    out: &mut impl Write,
    top: &Path,
    place: &HooksPath,
    binary: &Path,
    program: &Path,
    installed: &[Installed],
) -> io::Result<()> {
    let hooks: Vec<Hook> = installed.iter().map(|installed| installed.hook).collect();
    writeln!(out, "guarded: {}", file(top))?;
    writeln!(out, "hooks:   {} in {}, which run {}", list(&hooks), file(&place.directory), file(binary))?;
    for Installed { hook, kept } in installed {
        let Some(Kept { path, runs, manager }) = kept else { continue };
        let what = if *runs { "runs as well" } else { "was off and stays off" };
        writeln!(out, "kept:    the {hook} that was there {what}, from {}", file(path))?;
        if *manager == Some(Manager::Lefthook) {
            writeln!(out, "note:    lefthook takes its place again when its configuration changes;")?;
            writeln!(out, "         {}", addition(*manager, path, *hook, program))?;
        }
    }
    if let Some(origin) = place.origin.as_ref().filter(|origin| Path::new(&origin.value).is_relative()) {
        let origin = escape(origin.to_string());
        writeln!(out, "note:    {origin} is relative, so linked worktrees run no hooks")?;
        writeln!(out, "         and are not guarded: git config --unset core.hooksPath")?;
    }
    if binary.components().any(|component| component.as_os_str() == "target") {
        writeln!(out, "note:    {} goes away with `cargo clean`, and commits stop then", file(binary))?;
    }
    Ok(())
}

/// Writes where that is which another program has written over the shim.
///
/// # Errors
///
/// What `out` answers.
pub fn overwritten(out: &mut impl Write, kept: &Path) -> io::Result<()> {
    writeln!(out, "kept:    what another program has written over the hooks of ours, as {}", file(kept))
}

/// Writes what `uninstall` has done.
///
/// # Errors
///
/// What `out` answers.
pub fn uninstalled(out: &mut impl Write, done: &Uninstalled) -> io::Result<()> {
    if done.removed.is_empty() {
        writeln!(out, "there was no hook of stage-guard here")?;
    }
    for path in &done.removed {
        writeln!(out, "no longer guarded: {}", file(path))?;
    }
    for kept in &done.left {
        writeln!(out, "left: {}, for another hook has its place", file(kept))?;
    }
    Ok(())
}

/// The line of shell by which a configured hook runs `binary` for `event`. git adds the
/// hook's arguments to it.
#[must_use]
pub fn command(binary: &Path, event: Hook) -> String {
    let binary = shell_word(binary.as_os_str().as_bytes().as_bstr());
    if event == Hook::ReferenceTransaction {
        // git runs it some 16 times for a pick, and most of them have nothing to judge.
        return format!("f() {{ [ \"$1\" = prepared ] || exit 0; exec {binary} hook {event} \"$@\"; }}; f");
    }
    format!("{binary} hook {event}")
}

/// Writes that `hooks` are configured, with what `binary` they run: for
/// a repository, or for all of the user's.
///
/// # Errors
///
/// What `out` answers.
pub fn configured(
    out: &mut impl Write,
    repository: Option<(&Path, &HooksPath)>,
    binary: &Path,
    hooks: &[Hook],
) -> io::Result<()> {
    let (guarded, place) = match repository {
        Some((top, _)) => (file(top), "the repository's configuration"),
        None => ("every repository of yours".to_owned(), "your global configuration"),
    };
    writeln!(out, "guarded: {guarded}")?;
    writeln!(out, "hooks:   {} in {place}, which run {}", list(hooks), file(binary))?;
    if let Some((_, HooksPath { directory, .. })) = repository {
        writeln!(out, "note:    git also runs those in {}, which belong to somebody else", file(directory))?;
    }
    writeln!(out, "note:    git before 2.54, and programs that are not git, pass over them")
}

/// Writes which hooks `uninstall` has taken out of the configuration of this scope.
///
/// # Errors
///
/// What `out` answers.
pub fn unconfigured(out: &mut impl Write, scope: &str, hooks: &[Hook]) -> io::Result<()> {
    if hooks.is_empty() {
        return writeln!(out, "there was no hook of stage-guard in the {scope} configuration");
    }
    writeln!(out, "no longer guarded: {} in the {scope} configuration", list(hooks))
}

/// Why `install --global` did nothing with this version of git.
#[must_use]
pub fn too_old(version: &str) -> String {
    format!(
        "nothing was changed: git {} runs no hooks from its configuration, git 2.54 and newer does; \
         with this one, run `stage-guard install` in each repository",
        escape(version)
    )
}

/// Why `install` did not guard: git runs the hooks from a directory that is not
/// the repository's. Names the lines with which its owner runs `program` in each of
/// `hooks`.
#[must_use]
pub fn not_guarded(directory: &Path, origin: Option<&Origin>, program: &Path, hooks: &[Hook]) -> String {
    let path = |hook: Hook| directory.join(hook.name());
    let owner = Manager::of(&path(Hook::PreCommit));
    let form = if owner == Some(Manager::Husky) { "" } else { " (executable, first line #!/bin/sh)" };
    let set_by = origin.map_or_else(|| "a symlink".to_owned(), Origin::to_string);
    let mut message = format!(
        "this repository is not guarded, and nothing was changed: git runs its hooks from `{}`, \
         by {set_by}, and that directory belongs to {}\n\
         to guard it, add a line to each of these files{form}:",
        directory.display(),
        owner.map_or("somebody else", Manager::name),
    );
    let added =
        |hook: &Hook| format!("\n  {}:\n    {}", file_of_user(&path(*hook)).display(), line(program, *hook));
    message.extend(hooks.iter().map(added));
    message
}

/// Writes that the owner of a hooks directory has the lines that guard.
///
/// # Errors
///
/// What `out` answers.
pub fn guarded_by_owner(out: &mut impl Write, directory: &Path) -> io::Result<()> {
    writeln!(out, "nothing to do: the hooks in {} have the lines that run the guard", file(directory))?;
    writeln!(out, "to see that they do: stage-guard doctor")
}

/// The line by which another's hook of this name runs `program`. What git says on standard
/// input it leaves to the lines after it, in `$refs`.
fn line(program: &Path, hook: Hook) -> String {
    let program = word(program);
    let fed = "refs=$(cat); printf '%s' \"$refs\" |";
    match hook {
        Hook::PrePush => format!("{fed} {program} hook {hook} || exit"),
        Hook::ReferenceTransaction => format!("{fed} {program} hook {hook} \"$@\" || exit"),
        _ => format!("{program} hook {hook} || exit"),
    }
}

/// What is to be added, and to which file, so that the owner of the file at `path`
/// runs `program` as `hook` too.
pub(super) fn addition(owner: Option<Manager>, path: &Path, hook: Hook, program: &Path) -> String {
    match owner {
        Some(Manager::Lefthook) => {
            let command = format!("{} hook {hook}", word(program));
            let is_plain =
                command.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._- ".contains(&byte));
            let run = if is_plain { command } else { serde_json::Value::from(command).to_string() };
            let job = if hook == Hook::PrePush {
                format!("{{run: {run}, use_stdin: true}}")
            } else {
                format!("run: {run}")
            };
            format!("add `- {job}` to the `jobs` of `{hook}` in lefthook.yml")
        }
        Some(Manager::Husky) => format!("add `{}` to {}", line(program, hook), file(&file_of_user(path))),
        _ => format!("add `{}` to {}, executable, by hand", line(program, hook), file(path)),
    }
}

pub(super) fn list(hooks: &[Hook]) -> String {
    hooks.iter().map(|hook| hook.name()).collect::<Vec<_>>().join(", ")
}

pub(super) fn file(path: &Path) -> String {
    escape(path.as_os_str().as_bytes())
}
