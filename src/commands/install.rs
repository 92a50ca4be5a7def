//! `install`: makes git run the guard.

use std::error::Error;
use std::path::Path;

use super::{Context, Outcome, program};
use crate::agents::SettingsFile;
use crate::check::Check;
use crate::cli::{InstallArgs, Strict};
use crate::git::{
    ConfigScope, Git, Hook, HooksPath, RepositoryKind, check_global_files, too_old_for_configured_hooks,
};
use crate::hooks::{self, Addition, Hooks, Level, Manager, configured_command, give_to_owner_of, runs_guard};
use crate::report;
use crate::report::failure::Failure;
use crate::report::hooks::{Installed, Linked};

/// Links the hooks in the repository's own hooks directory.
///
/// If git uses another directory, the hooks are added to the configuration instead, and git
/// runs both. If git is too old for configured hooks, nothing is changed, and the error names
/// the lines that the owner of the directory has to add.
pub(super) fn run(args: &InstallArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let binary = program::binary(&context.environment)?;
    let level = match args.strict {
        None => Level::Default,
        Some(Strict::Hooks) => Level::Strict,
        Some(Strict::Refs) => Level::Refs,
    };
    if args.global {
        return install_globally(level, &binary, context);
    }
    let history = context.open_history()?;
    if args.agent && !history.has_worktree() {
        let failure = Failure::new("cannot set up an agent without a worktree");
        return Err(failure.with_help("run `install` without --agent: an agent needs a worktree").into());
    }
    let git = Git::new(&context.environment);
    let hooks_path = HooksPath::find(&git)?;
    let kind = RepositoryKind::find(&history, &hooks_path.common_dir, &git)?;
    if level != Level::Default && !kind.has_worktrees() {
        return Err(hooks::Error::BareStrict.into());
    }
    let directory = Hooks::new(&hooks_path.directory, &hooks_path.common_dir);
    // `install` never removes a hook that an earlier one has guarded.
    let level = directory.as_ref().map_or(level, |directory| level.max(directory.level()));
    let hooks = level.hooks_in(kind);
    // The first change comes after all steps that can fail because of existing files.
    let settings = args.agent.then(|| SettingsFile::read(history.directory())).transpose()?;
    let (program, invocation) = (context.program()?, context.invocation()?);
    let command = report::agent::command(&program);
    settings.map(|file| file.with_entries(&command)).transpose()?;
    let installed = match directory {
        Ok(directory) => Installed::Linked(Linked {
            directory: history.directory(),
            hooks_path: &hooks_path,
            binary: &binary,
            program: &program,
            invocation: &invocation,
            installation: directory.install(&binary, level, &hooks)?,
        }),
        Err(hooks::Error::Outside(directory)) if too_old_for_configured_hooks(&git)?.is_some() => {
            check_is_guarded_by_owner(&hooks_path, &directory, &hooks, &program)?;
            record(&hooks_path, level)?;
            Installed::GuardedByOwner(directory)
        }
        Err(hooks::Error::Outside(_)) => {
            configure(&git, ConfigScope::Local, &hooks, &binary)?;
            record(&hooks_path, level)?;
            give_to_owner_of(&hooks_path.common_dir, &hooks_path.common_dir.join("config"))?;
            let repository = Some((history.directory(), hooks_path.directory.as_path()));
            Installed::Configured { repository, binary: &binary, hooks: &hooks }
        }
        Err(error) => return Err(error.into()),
    };
    if !context.is_quiet {
        report::hooks::installed(&installed, &mut context.out)?;
        if history.has_worktree() {
            let check = Check { environment: &context.environment, config: None };
            report::hooks::tracked(check.tracked_session_work(), &context.invocation()?, &mut context.out)?;
        }
    }
    if args.agent {
        let file = SettingsFile::add_entries(history.directory(), &command)?;
        for path in file.path().ancestors().take(2) {
            give_to_owner_of(history.directory(), path)?;
        }
        if !context.is_quiet {
            report::agent::installed(&mut context.out, file.path())?;
        }
    }
    Ok(Outcome::Allowed)
}

/// Records the level of a guard that is not in the repository's own hooks directory.
fn record(hooks_path: &HooksPath, level: Level) -> Result<(), hooks::Error> {
    let HooksPath { common_dir, .. } = hooks_path;
    match Hooks::new(&common_dir.join("hooks"), common_dir) {
        Ok(hooks) => hooks.record(level.max(hooks.level())),
        // Nothing is written outside the git directory.
        Err(_) => Ok(()),
    }
}

/// Adds the hooks to the user's global configuration.
fn install_globally(level: Level, binary: &Path, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    check_global_files(&context.environment)?;
    let git = Git::new(&context.environment);
    if let Some(version) = too_old_for_configured_hooks(&git)? {
        return Err(hooks::Error::GitTooOld(version).into());
    }
    let hooks = level.hooks();
    configure(&git, ConfigScope::Global, &hooks, binary)?;
    if !context.is_quiet {
        let installed = Installed::Configured { repository: None, binary, hooks: &hooks };
        report::hooks::installed(&installed, &mut context.out)?;
    }
    Ok(Outcome::Allowed)
}

fn configure(git: &Git, scope: ConfigScope, hooks: &[Hook], binary: &Path) -> Result<(), Box<dyn Error>> {
    for event in hooks.iter().copied() {
        scope.set(git, event, &configured_command(binary, event))?;
    }
    Ok(())
}

/// Returns an error unless all of `hooks` in a foreign hooks directory run the guard.
fn check_is_guarded_by_owner(
    hooks_path: &HooksPath,
    directory: &Path,
    hooks: &[Hook],
    program: &Path,
) -> Result<(), hooks::Error> {
    let path = |hook: Hook| directory.join(hook.name());
    let owner = Manager::of(&path(Hook::PreCommit));
    let missing = hooks.iter().copied().filter(|hook| !runs_guard(&path(*hook), *hook));
    let additions: Vec<Addition> =
        missing.map(|hook| Addition::new(owner, &path(hook), hook, program)).collect();
    if additions.is_empty() {
        return Ok(());
    }
    let set_by = hooks_path.origin.as_ref().map_or_else(|| "a symlink".to_owned(), ToString::to_string);
    Err(hooks::Error::Foreign { directory: directory.to_owned(), set_by, owner, additions })
}
