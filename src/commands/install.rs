//! `install`: has git run the guard from then on.

use std::error::Error;
use std::path::Path;

use super::{Context, Outcome, program};
use crate::agent::SettingsFile;
use crate::cli::{InstallArgs, Strict};
use crate::git::{ConfigScope, Hook, HooksPath, too_old_for_configured_hooks};
use crate::hooks::{self, BARE_HOOKS, Hooks, Level, has_line};
use crate::report;
use crate::report::failure::Failure;

/// Links the hooks in the repository's own hooks directory. Where git runs hooks
/// from another one, they are configured instead, beside those of that directory; a git
/// that is too old for it gets nothing changed, and the error says what the owner of
/// the directory has to add.
pub(super) fn run(args: &InstallArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let binary = program::binary(&context.environment)?;
    let level = match args.strict {
        None => Level::Default,
        Some(Strict::Hooks) => Level::Strict,
        Some(Strict::Refs) => Level::Refs,
    };
    if args.global {
        return everywhere(level, &binary, context);
    }
    let history = context.open_history()?;
    if args.agent && history.is_bare() {
        let failure = Failure::new("cannot set up an agent in a bare repository");
        return Err(failure.with_help("run `install` without --agent: an agent needs a worktree").into());
    }
    let guarded = match level {
        Level::Default if history.is_bare() => BARE_HOOKS.to_vec(),
        _ if history.is_bare() => return Err(report::hooks::NOT_STRICT.into()),
        level => level.hooks(),
    };
    let place = HooksPath::here()?;
    // All that may be refused comes before the first change.
    let settings = args.agent.then(|| SettingsFile::read(history.directory())).transpose()?;
    let command = report::agent::command(&context.program()?);
    let settings = settings.map(|file| Ok::<_, Box<dyn Error>>((file.with_entries(&command)?, file)));
    let settings = settings.transpose()?;
    match Hooks::new(&place.directory, &place.common_dir) {
        Ok(hooks) => {
            let overwritten = hooks.set_aside_overwritten()?;
            let installed = hooks.install(&binary, &guarded)?;
            if let Some(kept) = overwritten.filter(|_| !context.is_quiet) {
                report::hooks::overwritten(&mut context.out, &kept)?;
            }
            if !context.is_quiet {
                let (top, program) = (history.directory(), context.program()?);
                report::hooks::installed(&mut context.out, top, &place, &binary, &program, &installed)?;
            }
        }
        Err(hooks::Error::Outside(directory)) if too_old_for_configured_hooks()?.is_some() => {
            let is_missing = |hook: &Hook| !has_line(&directory.join(hook.name()), *hook);
            let missing: Vec<Hook> = guarded.into_iter().filter(is_missing).collect();
            if !missing.is_empty() {
                let (origin, program) = (place.origin.as_ref(), context.program()?);
                return Err(report::hooks::not_guarded(&directory, origin, &program, &missing).into());
            }
            if !context.is_quiet {
                report::hooks::guarded_by_owner(&mut context.out, &directory)?;
            }
        }
        Err(hooks::Error::Outside(_)) => {
            configure(ConfigScope::Local, &guarded, &binary)?;
            if !context.is_quiet {
                report::hooks::configured(
                    &mut context.out,
                    Some((history.directory(), &place)),
                    &binary,
                    &guarded,
                )?;
            }
        }
        Err(error) => return Err(error.into()),
    }
    if let Some((text, file)) = &settings {
        file.write(text)?;
        if !context.is_quiet {
            report::agent::installed(&mut context.out, file.path())?;
        }
    }
    Ok(Outcome::Allowed)
}

/// Guards every repository of the user.
fn everywhere(level: Level, binary: &Path, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    if let Some(version) = too_old_for_configured_hooks()? {
        return Err(report::hooks::too_old(&version).into());
    }
    let guarded = level.hooks();
    configure(ConfigScope::Global, &guarded, binary)?;
    if !context.is_quiet {
        report::hooks::configured(&mut context.out, None, binary, &guarded)?;
    }
    Ok(Outcome::Allowed)
}

fn configure(scope: ConfigScope, hooks: &[Hook], binary: &Path) -> Result<(), Box<dyn Error>> {
    for event in hooks.iter().copied() {
        scope.set(event, &report::hooks::command(binary, event))?;
    }
    Ok(())
}
