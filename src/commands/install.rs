//! `install`: makes git run the guard.

use std::error::Error;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::BStr;

use super::{Context, Outcome, is_session_ignored, program};
use crate::agents::{Agent, SettingsFile, SettingsFiles};
use crate::check::Check;
use crate::cli::{InstallArgs, Strict};
use crate::git::{
    ConfigScope, Git, Hook, HooksPath, Repository, RepositoryKind, check_global_files,
    too_old_for_configured_hooks,
};
use crate::hooks::{self, Addition, Hooks, Level, Manager, configured_command, give_to_owner_of, runs_guard};
use crate::report;
use crate::report::agent::AgentChange;
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
    if args.agent.is_some() && !history.has_worktree() {
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
    let setup = args.agent.as_deref().map(|agents| AgentPlan::plan(agents, &binary, context)).transpose()?;
    let (program, invocation) = (context.program()?, context.invocation()?);
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
    if let Some(setup) = setup {
        setup.carry_out()?;
        if !context.is_quiet {
            report::agent::installed(&setup.agents, &mut context.out)?;
            if !setup.is_session_ignored {
                report::session::not_ignored(&context.invocation()?, &mut context.out)?;
            }
        }
    }
    Ok(Outcome::Allowed)
}

/// The agents to set up.
struct AgentPlan {
    repository: Repository,
    agents: Vec<AgentChange>,
    /// Whether git ignores the session directory, which a denial names as the place to write.
    is_session_ignored: bool,
}

impl AgentPlan {
    /// Checks that all agents can be set up, and changes nothing.
    ///
    /// If none is named, they are those that the repository or the user works with.
    fn plan(named: &[Agent], binary: &Path, context: &Context) -> Result<Self, Box<dyn Error>> {
        let repository = context.open_repository()?;
        let mut agents = Agent::detect(repository.worktree(), &context.environment);
        if !named.is_empty() {
            agents = Agent::ALL.into_iter().filter(|agent| named.contains(agent)).collect();
        }
        let typed = context.program()?;
        let plan = |agent| -> Result<AgentChange, Box<dyn Error>> {
            let file = SettingsFile::read(repository.worktree(), agent)?;
            let path = BStr::new(file.target().as_os_str().as_bytes());
            // A path of this machine is of no use in a file that others get.
            let is_shared = repository.would_track(path)?;
            let program = if is_shared { &typed } else { binary }.to_owned();
            // Also a file that git ignores must have a form that can be changed.
            let is_changed = file.is_changed_by(&program)?;
            let is_to_commit = is_shared && (is_changed || !repository.is_committed(path)?);
            let to_commit = is_to_commit.then(|| file.target().to_owned());
            Ok(AgentChange { agent, file: file.name(), program, to_commit })
        };
        let agents = agents.into_iter().map(plan).collect::<Result<_, _>>()?;
        let is_session_ignored = is_session_ignored(&repository)?;
        Ok(Self { repository, agents, is_session_ignored })
    }

    /// Writes the agents' files.
    fn carry_out(&self) -> Result<(), Box<dyn Error>> {
        let top = self.repository.worktree();
        let worktree = SettingsFiles { top, git_dir: self.repository.layout().git_dir() };
        for AgentChange { agent, program, .. } in &self.agents {
            let file = worktree.install(*agent, program)?;
            for path in file.path().ancestors().take_while(|path| *path != top) {
                give_to_owner_of(top, path)?;
            }
        }
        give_to_owner_of(worktree.git_dir, &worktree.record())?;
        Ok(())
    }
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
