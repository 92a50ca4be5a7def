//! Diagnoses whether the guard works, from the state of git and the disk. Pure.

use std::path::PathBuf;

use bstr::{BString, ByteSlice};

use crate::agents::{Agent, Trust};
use crate::git::{ConfiguredHook, Hook, HooksPath, Origin, RepositoryKind};
use crate::hooks::{HookFile, HookState, Hooks, Inspection, Level, Manager, PreviousHook};
use crate::timeout::Finish;

/// The state of the guard in a repository.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The worktree, or the git directory of a bare repository; absolute.
    pub directory: PathBuf,
    /// Whether commits are made in the repository, pushed into it, or both.
    pub kind: RepositoryKind,
    /// The directory where git looks for hooks.
    pub hooks_path: HooksPath,
    /// Whether that is a directory.
    pub hooks_path_exists: bool,
    /// Linked worktrees in which a relative `core.hooksPath` is not a directory.
    pub worktrees_without_hooks: Vec<PathBuf>,
    /// The hooks on disk.
    pub hooks: Inspection,
    /// The guard's hooks in git's configuration.
    pub configured: Vec<ConfiguredHook>,
    /// The version of git, if it is too old to run configured hooks.
    pub old_git: Option<String>,
    /// Other gits on `PATH` that are too old; empty if no hook is configured.
    pub old_gits_on_path: Vec<OldGit>,
    /// The programs that the hooks run.
    pub binaries: Vec<Binary>,
    /// The path of this program, without symlinks.
    pub current_exe: PathBuf,
    /// The policy in force.
    pub policy: PolicyState,
    /// Why the index cannot be read or changed; such a state stops commits.
    pub index_problem: Option<IndexProblem>,
    /// Whether git ignores the session directory; `None` in a bare repository.
    pub is_session_ignored: Option<bool>,
    /// The number of tracked paths that would be refused if they were new.
    pub tracked_session_work: usize,
    /// The results of running the hooks; `None` if they were not run.
    pub probe: Option<Probe>,
    /// The coding agents that are set up to ask this program.
    pub agents: Vec<AgentSetup>,
}

/// A coding agent that is set up to ask this program.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct AgentSetup {
    /// The agent.
    pub agent: Agent,
    /// Its file, relative to the top of the worktree.
    pub file: &'static str,
    /// Why its file cannot be read, so that nothing else is known.
    pub unreadable: Option<String>,
    /// The program that it would run, if there is none.
    pub missing_program: Option<PathBuf>,
    /// Whether `install --agent` would write something else into the file.
    pub is_outdated: bool,
    /// Whether it runs the hooks of the project; `None` if it cannot be asked.
    pub trust: Option<Trust>,
}

/// A program that hooks run.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Binary {
    /// The path in the hooks.
    pub path: PathBuf,
    /// The path without symlinks.
    pub target: PathBuf,
    /// Whether it is in a linked worktree.
    pub is_in_worktree: bool,
    /// Whether there is no program at the path, so that the hooks run the one on `PATH`.
    pub is_from_path: bool,
    /// The output of `--version`, or why there is none.
    pub version: Result<String, String>,
}

/// A git that is too old to run configured hooks.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct OldGit {
    /// Its path.
    pub path: PathBuf,
    /// Its version.
    pub version: String,
}

/// Why the index cannot be read or changed.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum IndexProblem {
    /// It cannot be read, for this reason.
    Damaged(String),
    /// This lock file exists: a git is running, or was killed.
    Locked(PathBuf),
}

/// The policy in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum PolicyState {
    /// The built-in one.
    BuiltIn,
    /// The built-in one, extended by a configuration file.
    Configured,
    /// The configuration file has this mistake.
    Invalid(String),
}

/// The results of running the hooks with session work, and `pre-commit` without changes.
#[derive(Debug)]
pub(crate) struct Probe {
    /// The path of the session work.
    pub path: BString,
    /// Whether it is in the session directory; if that is allowed, another path is used.
    pub is_in_session_directory: bool,
    /// The result of each hook for the session work.
    pub results: Vec<(Hook, HookResult)>,
    /// The hooks whose files refuse the session work without the configured hooks.
    pub refused_by_file: Vec<Hook>,
    /// The result of `pre-commit` for the clean index; `None` in a bare repository.
    pub clean: Option<HookResult>,
}

/// The result of running a hook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum HookResult {
    /// It exited with 0.
    Passed,
    /// The guard refused the path.
    Refused,
    /// It failed in another way, with this output.
    Failed(String),
    /// It did not exit within the time limit.
    TimedOut,
}

/// A problem and how severe it is.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Diagnosis<'g> {
    /// Whether the guard works despite the problem.
    pub severity: Severity,
    /// The problem.
    pub problem: Problem<'g>,
}

/// How severe a problem is, the worst first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Severity {
    /// The guard does not work.
    Fault,
    /// The guard works, but the user should know of the problem.
    Note,
}

/// A problem with the guard, or a fact that the user should know.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Problem<'g> {
    /// `core.hooksPath` is not a directory.
    NoHooksDirectory(&'g Origin),
    /// `core.hooksPath` is not a directory in this linked worktree.
    NoHooksDirectoryIn(&'g PathBuf, &'g Origin),
    /// The hook does not exist.
    Missing(&'g HookFile),
    /// Another program's hook did not refuse session work; its result, if it was run.
    Foreign(&'g HookFile, Option<&'g HookResult>),
    /// The hook is a symlink to nothing.
    Dangling(&'g HookFile),
    /// The hook is not executable.
    NotExecutable(&'g HookFile),
    /// This user may not run the hook.
    Forbidden(&'g HookFile),
    /// The hook is on a file system that is mounted with `noexec`.
    NoExec(&'g HookFile),
    /// Another program has overwritten the shim of version 0.1.0 that the hook links to.
    Overwritten(&'g HookFile),
    /// The program that the hooks run does not work, for this reason.
    BinaryFails(&'g Binary, &'g str),
    /// The program that the hooks run is not stage-guard: it is empty, or another program.
    NotStageGuard(&'g Binary),
    /// There is no program at the path, and the hooks run the one on `PATH`.
    BinaryFromPath(&'g Binary),
    /// The program that the hooks run is not this one.
    DifferentBinary(&'g Binary),
    /// The program that the hooks run is in a directory that is likely to be deleted.
    TransientBinary(&'g Binary),
    /// The configuration file has this mistake.
    InvalidPolicy(&'g str),
    /// A guarded hook did not refuse session work.
    NotRefused(Hook, &'g HookResult),
    /// The hooks stop a commit that contains no session work.
    StopsCleanCommit(&'g HookResult),
    /// The policy allows the session directory.
    SessionAllowed,
    /// The index cannot be read or changed, so commits stop.
    Index(&'g IndexProblem),
    /// git does not ignore the session directory.
    SessionNotIgnored,
    /// So many tracked paths would be refused if they were new.
    TrackedSessionWork(usize),
    /// git is too old for the configured hooks.
    OldGit(&'g str),
    /// Another git on `PATH` ignores these configured hooks, and no files guard them.
    IgnoredByOldGit(&'g OldGit, Vec<&'g HookFile>),
    /// A configured hook is disabled.
    ConfiguredHookDisabled(&'g ConfiguredHook),
    /// A hook is guarded both by a file and by the configuration.
    GuardedTwice(&'g ConfiguredHook),
    /// The previous hook does not run.
    PreviousHookDisabled(&'g HookFile, &'g PreviousHook),
    /// Our hook replaced a manager's hook, which the manager will reinstall.
    WillBeReplaced(&'g HookFile, Manager),
    /// Another manager has renamed a hook of stage-guard.
    Renamed(&'g PathBuf),
    /// A directory contains hooks of stage-guard, but git does not run hooks from it.
    Elsewhere(&'g PathBuf),
    /// The agent may not ask this program.
    Agent(&'g AgentSetup, AgentProblem<'g>),
}

/// Why an agent may not ask this program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AgentProblem<'g> {
    /// Its settings file cannot be read, for this reason.
    Unreadable(&'g str),
    /// There is no program at this path, which it would run.
    WithoutProgram(&'g PathBuf),
    /// It does not trust the project or the hooks, or did not say.
    Trust(Trust),
    /// `install --agent` would write something else into its settings file.
    Outdated,
}

impl HookResult {
    /// Interprets the end of a hook that was run for `path`, which `rule` refuses.
    #[must_use]
    pub(crate) fn new(finish: Finish, path: &BString, rule: &str) -> Self {
        let rule = format!("[{rule}]");
        let is_refusal = |line: &[u8]| line.contains_str(path) && line.contains_str(&rule);
        match finish {
            Finish::Exited { code: Some(0), .. } => Self::Passed,
            Finish::Exited { output, .. } if output.lines().any(is_refusal) => Self::Refused,
            Finish::Exited { output, .. } => Self::Failed(output.trim_ascii().to_str_lossy().into_owned()),
            Finish::TimedOut => Self::TimedOut,
            Finish::SpawnFailed(error) => Self::Failed(error.to_string()),
        }
    }
}

impl Guard {
    /// Returns the problems, faults first.
    #[must_use]
    pub(crate) fn diagnose(&self) -> Vec<Diagnosis<'_>> {
        let mut diagnoses = self.hooks_path_problems();
        diagnoses.extend(self.hooks.files.iter().filter_map(|file| self.hook_problem(file)));
        diagnoses.extend(self.binaries.iter().flat_map(|binary| self.binary_problems(binary)));
        let alone: Vec<&HookFile> = self.configured_alone().collect();
        if !alone.is_empty() {
            let ignored = |git| fault(Problem::IgnoredByOldGit(git, alone.clone()));
            diagnoses.extend(self.old_gits_on_path.iter().map(ignored));
        }
        if let PolicyState::Invalid(mistake) = &self.policy {
            // `pre-receive` falls back to the built-in policy.
            let severity = if self.kind.has_worktrees() { Severity::Fault } else { Severity::Note };
            diagnoses.push(Diagnosis { severity, problem: Problem::InvalidPolicy(mistake) });
        }
        if diagnoses.iter().all(|diagnosis| diagnosis.severity != Severity::Fault) {
            diagnoses.extend(self.unrefused_probes().map(fault));
        }
        diagnoses.extend(self.notes().into_iter().map(note));
        diagnoses.sort_by_key(|diagnosis| diagnosis.severity);
        diagnoses
    }

    /// Returns the guarded hooks.
    ///
    /// A hook is guarded by its file, by the configuration, or by another program's hook that
    /// refused session work when it was run.
    #[must_use]
    pub(crate) fn guarded(&self) -> Vec<Hook> {
        let is_guarded = |file: &&HookFile| {
            file.is_guarded() || self.configured_for(file.hook).is_some() || self.refused(file.hook)
        };
        self.hooks.files.iter().filter(is_guarded).map(|file| file.hook).collect()
    }

    /// Returns the level that was installed.
    ///
    /// This is the recorded one, or a higher one that includes all hooks of the guard. Its files
    /// count in every state, as do its configured hooks.
    #[must_use]
    pub(crate) fn level(&self) -> Level {
        let files = self.hooks.files.iter().filter(|file| file.is_own).map(|file| file.hook);
        let renamed = self.hooks.renamed.iter().map(|(hook, _)| *hook);
        let configured = self.configured.iter().map(|hook| hook.event);
        let lowest = Level::Default.hooks_in(self.kind);
        let further = files.chain(renamed).chain(configured).filter(|hook| !lowest.contains(hook));
        let level = further.map(Level::of).chain(self.hooks.level).max().unwrap_or(Level::Default);
        if self.kind.has_worktrees() { level } else { Level::Default }
    }

    /// Returns whether `install` works without the owner of the hooks directory.
    #[must_use]
    pub(crate) fn is_installable(&self) -> bool {
        self.old_git.is_none() || self.installs_files()
    }

    /// Returns whether `install` writes into the hooks directory.
    #[must_use]
    pub(crate) fn installs_files(&self) -> bool {
        let HooksPath { directory, common_dir, .. } = &self.hooks_path;
        Hooks::new(directory, common_dir).is_ok()
    }

    /// Returns whether the guard has a file or a configured hook of its own for `hook`.
    #[must_use]
    pub(crate) fn has_own(&self, hook: Hook) -> bool {
        let is_own = |file: &HookFile| file.hook == hook && file.is_own;
        self.hooks.files.iter().any(is_own) || self.configured_for(hook).is_some()
    }

    /// Returns the hooks that must be guarded for the guard to work.
    fn required(&self) -> Vec<Hook> {
        self.level().hooks_in(self.kind)
    }

    /// Returns the files of the hooks that are guarded by the configuration and not by the file.
    pub(crate) fn configured_alone(&self) -> impl Iterator<Item = &HookFile> {
        let refused = self.probe.iter().flat_map(|probe| &probe.refused_by_file).copied();
        let mut required = self.required();
        required.retain(|hook| !refused.clone().any(|refused| refused == *hook));
        let is_required = move |file: &&HookFile| required.contains(&file.hook);
        let is_alone = |file: &&HookFile| !file.is_guarded() && self.configured_for(file.hook).is_some();
        self.hooks.files.iter().filter(is_required).filter(is_alone)
    }

    /// Returns the configured hook that git runs for `event`.
    fn configured_for(&self, event: Hook) -> Option<&ConfiguredHook> {
        let is_run = |hook: &&ConfiguredHook| hook.event == event && hook.is_enabled;
        self.configured.iter().find(is_run).filter(|_| self.old_git.is_none())
    }

    /// Returns the result of `hook` for session work.
    fn probed(&self, hook: Hook) -> Option<&HookResult> {
        let mut results = self.probe.iter().flat_map(|probe| &probe.results);
        results.find(|(probed, _)| *probed == hook).map(|(_, result)| result)
    }

    /// Returns the hooks to run for a probe.
    ///
    /// These are the hooks of the level, and others that have a line which runs the guard.
    #[must_use]
    pub(crate) fn to_be_probed(&self) -> Vec<Hook> {
        let required = self.required();
        let runs_guard = |file: &&HookFile| file.runs_guard || required.contains(&file.hook);
        self.hooks.files.iter().filter(runs_guard).map(|file| file.hook).collect()
    }

    fn refused(&self, hook: Hook) -> bool {
        self.probed(hook) == Some(&HookResult::Refused)
    }

    fn is_needed(&self, hook: Hook) -> bool {
        self.required().contains(&hook) && !self.guarded().contains(&hook)
    }

    fn hooks_path_problems(&self) -> Vec<Diagnosis<'_>> {
        let Some(origin) = &self.hooks_path.origin else { return Vec::new() };
        if self.hooks_path_exists {
            let problem = |worktree| Problem::NoHooksDirectoryIn(worktree, origin);
            let problems = self.worktrees_without_hooks.iter().map(problem);
            // All commits of a bare repository are made in its linked worktrees.
            let is_fault = self.kind == RepositoryKind::BareWithWorktrees;
            return problems.map(if is_fault { fault } else { note }).collect();
        }
        let is_fault = self.required().into_iter().any(|hook| self.is_needed(hook));
        let problem = Problem::NoHooksDirectory(origin);
        vec![if is_fault { fault(problem) } else { note(problem) }]
    }

    /// Returns the problem of a hook of the guard, or of one that must be guarded.
    ///
    /// It is a note if another program's hook of a higher level has a line that runs the guard.
    fn hook_problem<'g>(&'g self, file: &'g HookFile) -> Option<Diagnosis<'g>> {
        let problem = match file.state {
            HookState::Active if file.is_own => return None,
            HookState::Active => Problem::Foreign(file, self.probed(file.hook)),
            // The problem of the missing directory is reported instead.
            HookState::Missing if !self.hooks_path_exists && self.hooks_path.origin.is_some() => return None,
            HookState::Missing => Problem::Missing(file),
            HookState::Dangling => Problem::Dangling(file),
            HookState::NotExecutable => Problem::NotExecutable(file),
            HookState::Forbidden => Problem::Forbidden(file),
            HookState::NoExec => Problem::NoExec(file),
            HookState::Overwritten => Problem::Overwritten(file),
        };
        if file.is_own || self.is_needed(file.hook) {
            return Some(fault(problem));
        }
        let is_unproven = file.runs_guard && !self.guarded().contains(&file.hook);
        is_unproven.then(|| note(problem))
    }

    fn binary_problems<'g>(&self, binary: &'g Binary) -> Vec<Diagnosis<'g>> {
        match &binary.version {
            Err(reason) => return vec![fault(Problem::BinaryFails(binary, reason))],
            Ok(version) if !version.starts_with("stage-guard ") => {
                return vec![fault(Problem::NotStageGuard(binary))];
            }
            Ok(_) => {}
        }
        let mut problems = Vec::new();
        if binary.is_from_path {
            problems.push(note(Problem::BinaryFromPath(binary)));
        }
        if binary.target != self.current_exe {
            problems.push(note(Problem::DifferentBinary(binary)));
        }
        if binary.is_in_worktree || binary.target.components().any(|part| part.as_os_str() == "target") {
            problems.push(note(Problem::TransientBinary(binary)));
        }
        problems
    }

    /// Returns the hooks that seem to be guarded but let session work pass.
    fn unrefused_probes(&self) -> impl Iterator<Item = Problem<'_>> {
        let unrefused = |hook: Hook| Some((hook, self.probed(hook).filter(|_| !self.refused(hook))?));
        let unrefused = self.required().into_iter().filter_map(unrefused);
        unrefused.map(|(hook, result)| Problem::NotRefused(hook, result))
    }

    fn notes(&self) -> Vec<Problem<'_>> {
        let files = &self.hooks.files;
        let mut notes = self.probe_notes();
        notes.extend(self.index_problem.as_ref().map(Problem::Index));
        notes.extend((self.is_session_ignored == Some(false)).then_some(Problem::SessionNotIgnored));
        let tracked = Some(self.tracked_session_work).filter(|count| *count > 0);
        notes.extend(tracked.map(Problem::TrackedSessionWork));
        if let Some(version) = self.old_git.as_deref().filter(|_| !self.configured.is_empty()) {
            notes.push(Problem::OldGit(version));
        }
        let disabled = self.configured.iter().filter(|hook| !hook.is_enabled);
        notes.extend(disabled.map(Problem::ConfiguredHookDisabled));
        // An older git needs the files.
        let linked = files.iter().filter(|file| file.is_guarded() && self.old_gits_on_path.is_empty());
        notes.extend(linked.filter_map(|file| self.configured_for(file.hook)).map(Problem::GuardedTwice));
        notes.extend(files.iter().filter_map(|file| self.previous_hook_problem(file)));
        // Some managers run the link that they have renamed, so it refuses session work.
        let renamed = self.hooks.renamed.iter().filter(|(hook, _)| !self.refused(*hook));
        notes.extend(renamed.map(|(_, path)| Problem::Renamed(path)));
        notes.extend(self.hooks.elsewhere.iter().map(Problem::Elsewhere));
        notes.extend(self.agents.iter().filter_map(|setup| Some(Problem::Agent(setup, setup.problem()?))));
        notes
    }

    fn probe_notes(&self) -> Vec<Problem<'_>> {
        let Some(Probe { clean, is_in_session_directory, .. }) = &self.probe else { return Vec::new() };
        let mut notes = Vec::new();
        if !is_in_session_directory {
            notes.push(Problem::SessionAllowed);
        }
        let stopped = clean.as_ref().filter(|result| **result != HookResult::Passed);
        notes.extend(stopped.filter(|_| self.refused(Hook::PreCommit)).map(Problem::StopsCleanCommit));
        notes
    }

    fn previous_hook_problem<'g>(&'g self, file: &'g HookFile) -> Option<Problem<'g>> {
        let previous = file.previous.as_ref()?;
        if !previous.runs {
            let is_chained =
                file.manager.is_some_and(Manager::chains_previous_hook) && self.refused(file.hook);
            return (!is_chained).then_some(Problem::PreviousHookDisabled(file, previous));
        }
        let is_lefthook = previous.manager == Some(Manager::Lefthook);
        is_lefthook.then_some(Problem::WillBeReplaced(file, Manager::Lefthook))
    }
}

impl AgentSetup {
    /// Creates the state of an agent whose settings file cannot be read, for this reason.
    pub(crate) fn unreadable(agent: Agent, file: &'static str, reason: String) -> Self {
        let unreadable = Some(reason);
        Self { agent, file, unreadable, missing_program: None, is_outdated: false, trust: None }
    }

    /// Returns what keeps the agent from asking this program, or else what it does not ask.
    fn problem(&self) -> Option<AgentProblem<'_>> {
        if let Some(reason) = &self.unreadable {
            return Some(AgentProblem::Unreadable(reason));
        }
        if let Some(program) = &self.missing_program {
            return Some(AgentProblem::WithoutProgram(program));
        }
        let distrust = self.trust.filter(|trust| *trust != Trust::Trusted).map(AgentProblem::Trust);
        distrust.or_else(|| self.is_outdated.then_some(AgentProblem::Outdated))
    }
}

fn fault(problem: Problem<'_>) -> Diagnosis<'_> {
    Diagnosis { severity: Severity::Fault, problem }
}

fn note(problem: Problem<'_>) -> Diagnosis<'_> {
    Diagnosis { severity: Severity::Note, problem }
}

#[cfg(test)]
mod tests;
