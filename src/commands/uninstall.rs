//! `uninstall`: removes the hooks and restores the previous ones.

use std::error::Error;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use bstr::BStr;

use super::{Context, Outcome};
use crate::agents::{self, Removal, SettingsFiles};
use crate::cli::UninstallArgs;
use crate::disk::failed_to;
use crate::git::{self, ConfigScope, Git, Hook, HooksPath, Repository, check_global_files};
use crate::hooks::{Hooks, give_to_owner_of, runs_guard, user_file};
use crate::report;

/// Undoes `install` in the hooks, the configuration and the agents' files.
pub(super) fn run(args: &UninstallArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let git = Git::new(&context.environment);
    if args.global {
        check_global_files(&context.environment)?;
        let removed = unconfigure(&git, ConfigScope::Global)?;
        if !context.is_quiet {
            report::hooks::unconfigured(ConfigScope::Global, &removed, &mut context.out)?;
        }
        return Ok(Outcome::Allowed);
    }
    let HooksPath { directory, common_dir, .. } = HooksPath::find(&git)?;
    let unconfigured = unconfigure(&git, ConfigScope::Local)?;
    give_to_owner_of(&common_dir, &common_dir.join("config"))?;
    let hooks = Hooks::new(&directory, &common_dir)
        .or_else(|_| Hooks::new(&common_dir.join("hooks"), &common_dir))
        .unwrap_or_else(|_| Hooks::outside(&common_dir));
    let done = hooks.uninstall()?;
    let agents = match context.open_repository() {
        Ok(repository) => Some(remove_from_agents(&repository)?),
        Err(git::Error::InGitDirectory(_)) => None,
        // No agent can be set up here.
        Err(git::Error::Bare(_)) => Some(Removal::default()),
        Err(error) => return Err(error.into()),
    };
    if context.is_quiet {
        return Ok(Outcome::Allowed);
    }
    let path = |hook: Hook| directory.join(hook.name());
    let running = Hook::ALL.into_iter().filter(|hook| runs_guard(&path(*hook), *hook));
    let running: Vec<PathBuf> = running.map(|hook| user_file(&path(hook))).collect();
    if unconfigured.is_empty() && running.is_empty() || !done.is_empty() {
        report::hooks::uninstalled(&done, &mut context.out)?;
    }
    report::hooks::still_guarded(&running, &mut context.out)?;
    if !unconfigured.is_empty() {
        report::hooks::unconfigured(ConfigScope::Local, &unconfigured, &mut context.out)?;
    }
    match agents {
        Some(agents) => report::agent::uninstalled(&agents, &mut context.out)?,
        None => report::agent::uninstalled_outside_worktree(&mut context.out)?,
    }
    Ok(Outcome::Allowed)
}

/// Removes this program from the settings files of agents.
fn remove_from_agents(repository: &Repository) -> Result<Removal, agents::Error> {
    let (top, git_dir) = (repository.worktree(), repository.layout().git_dir());
    SettingsFiles { top, git_dir }.uninstall(|file| {
        let path = BStr::new(file.as_os_str().as_bytes());
        Ok(repository.tracked_paths()?.contains_file(path))
    })
}

/// Removes the guard's hooks from a configuration and returns the removed ones.
///
/// A configuration file that `install` has created is deleted if nothing else is in it.
fn unconfigure(git: &Git, scope: ConfigScope) -> Result<Vec<Hook>, Box<dyn Error>> {
    let created = scope.created_file(git)?;
    let mut removed = Vec::new();
    for event in Hook::ALL {
        if scope.unset(git, event)? {
            removed.push(event);
        }
    }
    if let Some(path) = created.filter(|path| fs::metadata(path).is_ok_and(|file| file.len() == 0)) {
        fs::remove_file(&path).map_err(failed_to("remove", &path))?;
    }
    Ok(removed)
}
