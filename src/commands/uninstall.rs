//! `uninstall`: removes the hooks and restores the previous ones.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use super::{Context, Outcome};
use crate::agents::{Removal, Worktree};
use crate::cli::UninstallArgs;
use crate::disk::failed_to;
use crate::git::{ConfigScope, Git, Hook, HooksPath, check_global_files};
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
    let repository = context.open_repository().ok();
    let agents = repository.map_or_else(
        || Ok(Removal::default()),
        |repository| {
            let git_dir = repository.layout().git_dir();
            Worktree { top: repository.worktree(), git_dir }.uninstall()
        },
    )?;
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
    report::agent::uninstalled(&agents, &mut context.out)?;
    Ok(Outcome::Allowed)
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
