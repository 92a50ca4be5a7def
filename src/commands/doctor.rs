//! `doctor`: reports whether the guard works in this repository, and its problems.

use std::convert::Infallible;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs, io};

use bstr::{BStr, BString, ByteSlice};
use rustix::fs::{Access, access};

use super::{Context, Outcome, is_session_ignored, program};
use crate::Change;
use crate::agents::{self, Agent, SettingsFile, SettingsFiles, Trust, TrustQuestion};
use crate::check::Check;
use crate::doctor::{
    AgentSetup, Binary, Guard, HookResult, IndexProblem, OldGit, PolicyState, Probe, Severity,
};
use crate::environment::Environment;
use crate::git::{
    self, Git, History, Hook, HookProbe, HookRun, HooksPath, Repository, RepositoryKind, configured_hooks,
    linked_worktrees, read_regular_file, too_old_for_configured_hooks, version_without_configured_hooks,
};
use crate::hooks::{Hooks, Inspection};
use crate::policy::{FILE_NAME, Policy, Verdict, is_in_session_directory};
use crate::report;
use crate::signals::Signals;
use crate::timeout::{self, Finish, run_with_timeout};

/// Paths for the probe, which uses the first one that the policy refuses.
const PROBE_PATHS: [&str; 3] =
    [".claude_sessions/stage-guard-doctor.py", "debug_stage_guard_doctor.py", "CLAUDE.local.md"];

/// The time limit for a hook. Previous hooks may run linters.
const HOOK_TIMEOUT: Duration = Duration::from_secs(60);

/// The maximum number of programs named `git` on `PATH` that are asked for their version.
const MAX_GITS: usize = 8;

/// The time limit for an agent to say whether it runs the hooks of a project.
const AGENT_TIMEOUT: Duration = Duration::from_secs(10);

/// The time limit for a program to print its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(5);

/// Inspects the guard, and runs the hooks for session work in temporary files.
pub(super) fn run(context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let guard = examine(context)?;
    let diagnoses = guard.diagnose();
    let (program, invocation) = (context.program()?, context.invocation()?);
    let (guard, diagnoses) = (&guard, diagnoses.as_slice());
    let report = report::doctor::Report {
        guard,
        diagnoses,
        program: &program,
        invocation: &invocation,
        is_quiet: context.is_quiet,
    };
    report::doctor::render(&report, &mut context.out)?;
    let has_fault = diagnoses.iter().any(|diagnosis| diagnosis.severity == Severity::Fault);
    Ok(if has_fault { Outcome::Refused } else { Outcome::Allowed })
}

/// Gathers the state of the guard from git and the disk, and runs the hooks.
fn examine(context: &Context) -> Result<Guard, Box<dyn Error>> {
    let signals = Signals::catch()?;
    let history = context.open_history()?;
    let git = Git::new(&context.environment);
    let hooks_path = HooksPath::find_from(&git, history.directory())?;
    let kind = RepositoryKind::find(&history, &hooks_path.common_dir, &git)?;
    let repository = open_repository(context, &history, &hooks_path.common_dir)?;
    let hooks = Hooks::inspect(&hooks_path.directory, &hooks_path.common_dir)?;
    let policy = match &repository {
        Some(repository) if history.is_bare() => read_policy(&History::open(repository.environment())?)?,
        _ => read_policy(&history)?,
    };
    let mut guard = Guard {
        directory: history.directory().to_owned(),
        kind,
        hooks_path_exists: hooks_path_exists(&hooks_path),
        worktrees_without_hooks: worktrees_without_hooks(&hooks_path),
        binaries: binaries(&hooks, &context.environment, &signals)?,
        configured: configured_hooks(&git)?,
        old_git: too_old_for_configured_hooks(&git)?,
        old_gits_on_path: Vec::new(),
        current_exe: fs::canonicalize(program::own_path(&context.environment)?)?,
        policy: policy
            .as_ref()
            .map_or_else(|mistake| PolicyState::Invalid(mistake.clone()), |(state, _)| state.clone()),
        index_problem: repository.as_ref().and_then(index_problem),
        is_session_ignored: repository.as_ref().map(is_session_ignored).transpose()?,
        tracked_session_work: repository.as_ref().map_or(0, tracked_session_work),
        hooks_path,
        hooks,
        probe: None,
        agents: agents(repository.as_ref(), context, &signals)?,
    };
    if !guard.configured.is_empty() {
        guard.old_gits_on_path = old_gits_on_path(&context.environment, &signals)?;
    }
    if let Some((path, rule)) = policy.as_ref().ok().and_then(|(_, policy)| refused_path(policy)) {
        let prober =
            Prober { environment: &context.environment, repository: repository.as_ref(), path, rule };
        prober.probe(&mut guard, &signals)?;
    }
    Ok(guard)
}

/// Returns the coding agents that are set up in the worktree.
fn agents(
    repository: Option<&Repository>,
    context: &Context,
    signals: &Signals,
) -> Result<Vec<AgentSetup>, Box<dyn Error>> {
    let Some(repository) = repository else { return Ok(Vec::new()) };
    let files = SettingsFiles { top: repository.worktree(), git_dir: repository.layout().git_dir() };
    let mut agents = Vec::new();
    for agent in Agent::ALL {
        if let Err(error) = files.check(agent) {
            let file = agent.settings_file();
            agents.push(AgentSetup::unreadable(agent, file, unreadable(file, &error)));
            continue;
        }
        // It is no agent of this worktree if its file has another form, and no record knows it.
        let Ok(file) = SettingsFile::read(files.top, agent) else { continue };
        let programs = file.programs();
        let Some(program) = programs.first() else { continue };
        let runs = |program: &&PathBuf| context.environment.find_program(program).is_some();
        agents.push(AgentSetup {
            agent,
            file: file.name(),
            unreadable: None,
            missing_program: programs.iter().find(|program| !runs(program)).cloned(),
            is_outdated: file.is_changed_by(program).unwrap_or(true),
            trust: trust(agent, repository.worktree(), context, signals)?,
        });
    }
    Ok(agents)
}

/// Returns why the settings file `name` cannot be read.
fn unreadable(name: &str, error: &agents::Error) -> String {
    match error.source() {
        Some(cause) => format!("cannot read {name}: {}", report::failure::message(cause)),
        None => error.to_string(),
    }
}

/// Asks an agent whether it would run the hooks of a worktree; `None` if that is impossible.
fn trust(agent: Agent, worktree: &Path, context: &Context, signals: &Signals) -> io::Result<Option<Trust>> {
    let Some(question) = agent.trust_question() else { return Ok(None) };
    let Some(program) = context.environment.find_program(Path::new(agent.name())) else { return Ok(None) };
    if !settings_exist(question, &context.environment) {
        return Ok(Some(Trust::ProjectUntrusted));
    }
    let mut command = context.environment.command(&program);
    command.args(question.arguments).current_dir(worktree);
    let request = (question.request)(worktree);
    let answer = timeout::ask(command, request.as_bytes(), question.read, AGENT_TIMEOUT, signals)?;
    Ok(Some(answer.unwrap_or(Trust::Unknown)))
}

/// Returns whether the user has settings of an agent.
fn settings_exist(question: &TrustQuestion, environment: &Environment) -> bool {
    let (variable, name) = question.home;
    let in_home = || environment.var("HOME").map(|home| Path::new(home).join(name));
    let directory = environment.var(variable).map(PathBuf::from).or_else(in_home);
    directory.is_some_and(|directory| environment.absolute(directory).is_dir())
}

/// Opens the worktree in which the hooks of commits are run.
///
/// In a bare repository this is its first linked worktree; `None` if there is none.
fn open_repository(
    context: &Context,
    history: &History,
    common_dir: &Path,
) -> Result<Option<Repository>, git::Error> {
    if !history.is_bare() {
        return context.open_repository().map(Some);
    }
    let worktree = linked_worktrees(common_dir).into_iter().next();
    worktree.map(|worktree| Repository::open(&context.environment.outside_repository(worktree))).transpose()
}

/// Returns the policy in force and its source, or the mistake in the configuration.
fn read_policy(history: &History) -> Result<Result<(PolicyState, Policy), String>, Box<dyn Error>> {
    let built_in = Policy::built_in();
    let Some(text) = history.top_level_file(FILE_NAME)? else {
        return Ok(Ok((PolicyState::BuiltIn, built_in)));
    };
    let extended = built_in.with_config(FILE_NAME, &text);
    Ok(extended.map(|policy| (PolicyState::Configured, policy)).map_err(|mistake| mistake.to_string()))
}

/// Returns the first of [`PROBE_PATHS`] that the policy refuses, and its rule.
fn refused_path(policy: &Policy) -> Option<(BString, &str)> {
    PROBE_PATHS.into_iter().find_map(|path| {
        let Ok(verdict) =
            policy.judge(path.into(), Change::Added, &mut |_: &BStr| Ok::<_, Infallible>(false));
        match verdict {
            Verdict::Refused { rule, .. } => Some((BString::from(path), rule.id.as_str())),
            _ => None,
        }
    })
}

/// Runs the hooks for a path that the policy refuses.
struct Prober<'a> {
    environment: &'a Environment,
    /// The worktree in which the hooks of commits run; `None` in a bare repository.
    repository: Option<&'a Repository>,
    /// The path.
    path: BString,
    /// The id of the rule that refuses it.
    rule: &'a str,
}

impl Prober<'_> {
    /// Runs the hooks of `guard` and adds their results to it.
    fn probe(&self, guard: &mut Guard, signals: &Signals) -> Result<(), Box<dyn Error>> {
        guard.probe = Some(self.run(guard, signals)?);
        // A manager's hook that was run may have reinstalled itself.
        let hooks = Hooks::inspect(&guard.hooks_path.directory, &guard.hooks_path.common_dir)?;
        if hooks != guard.hooks {
            (guard.hooks, guard.probe) = (hooks, None);
            guard.probe = Some(self.run(guard, signals)?);
        }
        Ok(())
    }

    /// Runs the hooks with session work, and `pre-commit` without changes.
    fn run(&self, guard: &Guard, signals: &Signals) -> Result<Probe, git::Error> {
        let HooksPath { directory, common_dir, .. } = &guard.hooks_path;
        let path = self.path.as_bstr();
        let probe = match self.repository {
            Some(repository) => HookProbe::in_worktree(repository, common_dir, path)?,
            None => HookProbe::in_bare(self.environment, common_dir, path)?,
        };
        let limit = HOOK_TIMEOUT;
        let run = HookRun { hooks_directory: directory, limit, signals, is_file_alone: false };
        let result = |finish| HookResult::new(finish, &self.path, self.rule);
        let is_run = |hook: &Hook| self.repository.is_some() || *hook == Hook::PreReceive;
        let hooks = guard.to_be_probed().into_iter().filter(is_run);
        let results = hooks.map(|hook| Ok((hook, result(probe.run(hook, &run)?))));
        let results = results.collect::<Result<_, git::Error>>()?;
        let refused_by_file = if guard.old_gits_on_path.is_empty() {
            Vec::new()
        } else {
            let mut alone: Vec<Hook> =
                guard.configured_alone().map(|file| file.hook).filter(is_run).collect();
            let run = HookRun { is_file_alone: true, ..run };
            alone.retain(|hook| probe.run(*hook, &run).is_ok_and(|end| result(end) == HookResult::Refused));
            alone
        };
        let clean = self.repository.map(|_| probe.run_clean(Hook::PreCommit, &run)).transpose()?.map(result);
        let is_in_session_directory = is_in_session_directory(path);
        Ok(Probe { path: self.path.clone(), is_in_session_directory, results, refused_by_file, clean })
    }
}

/// Returns why the index of this worktree cannot be read or changed.
fn index_problem(repository: &Repository) -> Option<IndexProblem> {
    if let Err(error) = repository.scan(|_| false) {
        return Some(IndexProblem::Damaged(report::failure::message(&error)));
    }
    let lock = repository.layout().index_lock();
    lock.exists().then_some(IndexProblem::Locked(lock))
}

/// Returns the number of tracked paths that would be refused if they were new.
fn tracked_session_work(repository: &Repository) -> usize {
    Check { environment: repository.environment(), config: None }.tracked_session_work()
}

/// Returns whether the hooks directory exists.
///
/// An empty `core.hooksPath` is not a directory, although it resolves to one.
fn hooks_path_exists(hooks_path: &HooksPath) -> bool {
    let is_empty = hooks_path.origin.as_ref().is_some_and(|origin| origin.value.is_empty());
    !is_empty && hooks_path.directory.is_dir()
}

/// Returns the linked worktrees in which a relative `core.hooksPath` is not a directory.
fn worktrees_without_hooks(hooks_path: &HooksPath) -> Vec<PathBuf> {
    let relative = hooks_path.origin.as_ref().map(|origin| Path::new(&origin.value));
    let Some(relative) = relative.filter(|path| path.is_relative() && !path.starts_with("~")) else {
        return Vec::new();
    };
    let worktrees = linked_worktrees(&hooks_path.common_dir).into_iter();
    worktrees.filter(|worktree| !worktree.join(relative).is_dir()).collect()
}

/// Returns the programs that the hooks run, with their versions.
fn binaries(hooks: &Inspection, environment: &Environment, signals: &Signals) -> io::Result<Vec<Binary>> {
    let mut paths: Vec<&PathBuf> = hooks.files.iter().filter_map(|file| file.binary.as_ref()).collect();
    paths.sort();
    paths.dedup();
    let mut candidates = program::on_path(environment).map(|path| environment.absolute(path));
    let on_path = candidates.find(|candidate| candidate.is_file());
    let binary = |path: &PathBuf| {
        // As the script of a hook does.
        let is_name = path.components().count() == 1;
        let runs = path.is_file() && access(path, Access::EXEC_OK).is_ok();
        let is_from_path = !is_name && !runs && on_path.is_some();
        let run = on_path.as_ref().filter(|_| is_name || is_from_path).unwrap_or(path);
        let target = fs::canonicalize(run).unwrap_or_else(|_| run.clone());
        Ok(Binary {
            path: path.clone(),
            is_in_worktree: is_in_linked_worktree(&target),
            is_from_path,
            target,
            version: version(environment.command(run), signals)?,
        })
    };
    paths.into_iter().map(binary).collect()
}

/// Returns the other gits on `PATH` that are too old for configured hooks.
fn old_gits_on_path(environment: &Environment, signals: &Signals) -> io::Result<Vec<OldGit>> {
    let directories = env::split_paths(environment.var("PATH").unwrap_or_default());
    let paths: Vec<PathBuf> =
        directories.map(|directory| environment.absolute(directory.join("git"))).collect();
    let mut targets = Vec::new();
    let mut old = Vec::new();
    for path in paths {
        let Ok(target) = fs::canonicalize(&path) else { continue };
        if !target.is_file() || targets.contains(&target) {
            continue;
        }
        targets.push(target);
        // The first one is the git that was asked for everything else.
        if targets.len() == 1 || targets.len() > MAX_GITS {
            continue;
        }
        // A program that does not run makes no commits.
        let output = version(environment.command(&path), signals)?.unwrap_or_default();
        let is_git = output.starts_with("git version ");
        let version = version_without_configured_hooks(&output).filter(|_| is_git);
        old.extend(version.map(|version| OldGit { path, version }));
    }
    Ok(old)
}

/// Runs `program` with `--version` and returns its output, or why it failed.
fn version(mut program: Command, signals: &Signals) -> io::Result<Result<String, String>> {
    program.arg("--version");
    let text = |output: Vec<u8>| output.trim_ascii().to_str_lossy().into_owned();
    Ok(match run_with_timeout(program, VERSION_TIMEOUT, signals)? {
        Finish::Exited { code: Some(0), output } => Ok(text(output)),
        Finish::Exited { output, .. } => Err(text(output)),
        Finish::TimedOut => Err("it does not answer".to_owned()),
        Finish::SpawnFailed(error) => Err(error.to_string()),
    })
}

/// Returns whether `path` is in a linked worktree.
///
/// The `.git` file of a linked worktree names a directory in `worktrees/` of the repository.
fn is_in_linked_worktree(path: &Path) -> bool {
    let git_file = path.ancestors().find_map(|above| read_regular_file(&above.join(".git")).ok());
    git_file.is_some_and(|git_file| git_file.contains_str("/worktrees/"))
}
