//! `uninstall`: takes the hooks away and puts back what was there before.

use std::error::Error;

use super::{Context, Outcome};
use crate::agent::SettingsFile;
use crate::cli::UninstallArgs;
use crate::git::{ConfigScope, Hook, HooksPath};
use crate::hooks::Hooks;
use crate::report;

/// Leaves the hooks, the configuration and the agent's settings as they were before
/// `install`.
pub(super) fn run(args: &UninstallArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    if args.global {
        let removed = unconfigure(ConfigScope::Global)?;
        if !context.is_quiet {
            report::hooks::unconfigured(&mut context.out, "global", &removed)?;
        }
        return Ok(Outcome::Allowed);
    }
    let place = HooksPath::here()?;
    let removed = unconfigure(ConfigScope::Local)?;
    let hooks = Hooks::new(&place.directory, &place.common_dir)
        .or_else(|_| Hooks::new(&place.common_dir.join("hooks"), &place.common_dir))?;
    let overwritten = hooks.set_aside_overwritten()?;
    let done = hooks.uninstall()?;
    // Settings that cannot be read hold nothing that `install` has written.
    let settings =
        context.open_repository().ok().and_then(|repository| SettingsFile::read(repository.top()).ok());
    let settings =
        settings.map(|file| Ok::<_, Box<dyn Error>>((file.remove_entries()?, file))).transpose()?;
    if context.is_quiet {
        return Ok(Outcome::Allowed);
    }
    if let Some(kept) = overwritten {
        report::hooks::overwritten(&mut context.out, &kept)?;
    }
    if removed.is_empty() {
        report::hooks::uninstalled(&mut context.out, &done)?;
    } else {
        report::hooks::unconfigured(&mut context.out, "local", &removed)?;
    }
    if let Some((true, file)) = settings {
        report::agent::uninstalled(&mut context.out, file.path())?;
    }
    Ok(Outcome::Allowed)
}

/// Takes our hooks out of a configuration, and names them.
fn unconfigure(scope: ConfigScope) -> Result<Vec<Hook>, Box<dyn Error>> {
    let mut removed = Vec::new();
    for event in Hook::ALL {
        if scope.unset(event)? {
            removed.push(event);
        }
    }
    Ok(removed)
}
