//! Renders what `doctor` found: the state of the guard, the problems and how to fix them.

use std::io::{self, Write};
use std::path::Path;

use owo_colors::OwoColorize;

use super::escape::{display_path, escape, escape_multiline, shell_path};
use super::hooks::{describe_tracked, instruction, list};
use super::session::{NOT_IGNORED, ignore_command};
use crate::agents::Trust;
use crate::doctor::{
    AgentProblem, AgentSetup, Diagnosis, Guard, HookResult, IndexProblem, PolicyState, Problem, Severity,
};
use crate::git::{ConfiguredHook, Hook, Origin, RepositoryKind};
use crate::hooks::{Addition, HookFile, Level, Manager, user_file};
use crate::invocation::Invocation;
use crate::policy::FILE_NAME;

/// The result of `doctor`.
#[derive(Debug)]
pub(crate) struct Report<'g> {
    /// The state of the guard, as read from git and the disk.
    pub guard: &'g Guard,
    /// The problems, faults first.
    pub diagnoses: &'g [Diagnosis<'g>],
    /// The name or path by which the user runs this program.
    pub program: &'g Path,
    /// How the user runs this program and git in the repository.
    pub invocation: &'g Invocation,
    /// Whether to render only the faults.
    pub is_quiet: bool,
}

/// The maximum number of lines that are shown of a hook's output.
const MAX_LINES: usize = 5;

/// The indent of the lines after the first one of an entry.
const INDENT: &str = "         ";

/// Renders a report.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    if report.is_quiet {
        return diagnoses(report, out);
    }
    state(report.guard, out)?;
    diagnoses(report, out)?;
    verdict(report, out)
}

fn state(guard: &Guard, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "repository: {}", display_path(&guard.directory))?;
    let origin = guard.hooks_path.origin.as_ref().map(|origin| format!(", set by {origin}"));
    writeln!(out, "hooks:   {}{}", display_path(&guard.hooks_path.directory), origin.unwrap_or_default())?;
    let guarded = guard.guarded();
    if !guarded.is_empty() {
        let command = install_command(guard.level());
        writeln!(out, "guarded: {} (`{command}`)", list(guarded.iter().copied()))?;
    }
    for hook in guard.configured.iter().filter(|hook| guarded.contains(&hook.event)) {
        writeln!(out, "by:      {} in the {} configuration", hook.event, escape(&hook.scope))?;
    }
    let previous = guard.hooks.files.iter().filter_map(|file| file.previous.as_ref());
    for previous in previous.filter(|previous| previous.runs) {
        writeln!(out, "kept:    {} also runs", display_path(&previous.path))?;
    }
    for binary in &guard.binaries {
        let version = binary.version.as_ref().map(|version| format!(", {}", escape(version)));
        writeln!(out, "binary:  {}{}", display_path(&binary.path), version.unwrap_or_default())?;
    }
    for setup in guard.agents.iter().filter(|setup| setup.unreadable.is_none()) {
        writeln!(out, "agent:   {}, set up in {}", setup.agent.title(), setup.file)?;
    }
    match &guard.policy {
        PolicyState::BuiltIn => writeln!(out, "policy:  built-in, there is no {FILE_NAME}")?,
        PolicyState::Configured => writeln!(out, "policy:  {FILE_NAME}")?,
        PolicyState::Invalid(_) => {}
    }
    let Some(probe) = &guard.probe else { return writeln!(out, "probe:   none") };
    let refused = probe.results.iter().filter(|(_, result)| *result == HookResult::Refused);
    let refused = list(refused.map(|(hook, _)| *hook));
    let hooks = if refused.is_empty() { "no hook".to_owned() } else { refused };
    writeln!(out, "probe:   {} is refused by {hooks}", escape(&probe.path))
}

fn diagnoses(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let shown = |diagnosis: &&Diagnosis| !report.is_quiet || diagnosis.severity == Severity::Fault;
    let mut diagnoses = report.diagnoses.iter().filter(shown).peekable();
    while let Some(Diagnosis { severity, problem }) = diagnoses.next() {
        let label = match severity {
            Severity::Fault => "fault:".red().bold().to_string(),
            Severity::Note => "note: ".to_owned(),
        };
        writeln!(out, "{label}   {}", describe(problem, report.invocation))?;
        let remedy = remedy(problem, report);
        // A remedy for several problems in a row is shown once, after the last of them.
        let next = diagnoses.peek().and_then(|next| self::remedy(&next.problem, report));
        if let Some(remedy) = remedy.filter(|remedy| next.as_ref() != Some(remedy)) {
            writeln!(out, "{}     {remedy}", "fix:".cyan())?;
        }
    }
    Ok(())
}

fn verdict(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let checked = match report.guard.kind {
        RepositoryKind::WithWorktree => "commits here",
        RepositoryKind::Bare => "pushes to this repository",
        RepositoryKind::BareWithWorktrees => "commits in the worktrees and pushes to this repository",
    };
    let faults = report.diagnoses.iter().filter(|diagnosis| diagnosis.severity == Severity::Fault).count();
    match faults {
        0 => writeln!(out, "{} {checked} are checked", "live:".green()),
        1 => writeln!(out, "{} 1 fault", "not live:".red().bold()),
        _ => writeln!(out, "{} {faults} faults", "not live:".red().bold()),
    }
}

/// Returns a description of the problem; lines after the first begin with [`INDENT`].
fn describe(problem: &Problem, invocation: &Invocation) -> String {
    match problem {
        Problem::NoHooksDirectory(origin) => format!("{origin} is not a directory, so git runs no hooks"),
        Problem::NoHooksDirectoryIn(worktree, origin) => {
            format!("{origin} is not a directory in {}, so it is not guarded", display_path(worktree))
        }
        Problem::Missing(file) => format!("{} does not exist", display_path(&file.path)),
        Problem::Foreign(file, result) => {
            let owner = file.manager.map_or("another program", Manager::name);
            let result = result.map_or_else(|| "was not run".to_owned(), describe_result);
            let path = display_path(&file.path);
            format!("{path} belongs to {owner} and did not refuse session work: it {result}")
        }
        Problem::Dangling(file) => {
            format!("{} is a symlink to nothing, so git skips it", display_path(&file.path))
        }
        Problem::NotExecutable(file) => {
            format!("{} is not executable, so git skips it", display_path(&file.path))
        }
        Problem::Forbidden(file) => {
            format!("this user may not run {}, so git skips it", display_path(&file.path))
        }
        Problem::NoExec(file) => {
            format!("{} is on a file system mounted with noexec, so git skips it", display_path(&file.path))
        }
        Problem::Overwritten(file) => {
            let (link, target) = (display_path(&file.path), display_path(&file.target));
            format!("{link} runs {target}, which another program has overwritten")
        }
        Problem::BinaryFails(binary, reason) => {
            let reason = escape_multiline(reason, INDENT);
            format!("{} does not run, so commits stop: {reason}", display_path(&binary.path))
        }
        Problem::NotStageGuard(binary) => {
            format!("{} is not stage-guard, so nothing is checked", display_path(&binary.path))
        }
        Problem::BinaryFromPath(binary) => {
            let (path, target) = (display_path(&binary.path), display_path(&binary.target));
            format!("there is no program {path}, so the hooks run {target} from PATH")
        }
        Problem::DifferentBinary(binary) => format!("{} is not this program", display_path(&binary.target)),
        Problem::TransientBinary(binary) => {
            format!("{} is likely to be deleted, and then commits stop", display_path(&binary.target))
        }
        Problem::InvalidPolicy(mistake) => escape_multiline(mistake, INDENT),
        Problem::NotRefused(hook, result) => {
            format!("{hook} did not refuse session work: it {}", describe_result(result))
        }
        Problem::StopsCleanCommit(result) => {
            format!("pre-commit also stops a commit without session work: it {}", describe_result(result))
        }
        Problem::SessionAllowed => format!("{FILE_NAME} allows the session directory"),
        Problem::Index(IndexProblem::Damaged(reason)) => {
            format!("commits stop: {}", escape_multiline(reason, INDENT))
        }
        Problem::Index(IndexProblem::Locked(lock)) => {
            format!("commits stop while {} exists", display_path(lock))
        }
        Problem::SessionNotIgnored => NOT_IGNORED.to_owned(),
        Problem::TrackedSessionWork(count) => describe_tracked(*count, invocation),
        Problem::OldGit(version) => format!("git {} does not run configured hooks", escape(version)),
        Problem::IgnoredByOldGit(git, files) => {
            let (path, version) = (display_path(&git.path), escape(&git.version));
            let hooks = list(files.iter().map(|file| file.hook));
            format!("{path} is git {version} and does not run the configured {hooks}")
        }
        Problem::ConfiguredHookDisabled(ConfiguredHook { event, scope, .. }) => {
            format!("the configured {event} is disabled ({})", escape(scope))
        }
        Problem::GuardedTwice(ConfiguredHook { event, scope, .. }) => {
            format!("{event} is guarded twice, by a file and by the {} configuration", escape(scope))
        }
        Problem::PreviousHookDisabled(_, previous) => {
            format!("{}, the previous hook, does not run", display_path(&previous.path))
        }
        Problem::WillBeReplaced(file, manager) => {
            format!(
                "{} will replace {} when its configuration changes",
                manager.name(),
                display_path(&file.path)
            )
        }
        Problem::Renamed(link) => {
            format!("{} is a hook of the guard that another manager has renamed", display_path(link))
        }
        Problem::Elsewhere(directory) => {
            format!("git does not run the guard's hooks in {} here", display_path(directory))
        }
        Problem::Agent(setup, problem) => describe_agent(setup, *problem),
    }
}

/// Returns why an agent may not ask.
fn describe_agent(setup: &AgentSetup, problem: AgentProblem) -> String {
    let title = setup.agent.title();
    let does_not_ask = |reason: &str| format!("{title} does not ask before it writes: {reason}");
    match problem {
        AgentProblem::Unreadable(reason) => does_not_ask(&escape_multiline(reason, INDENT)),
        AgentProblem::WithoutProgram(program) => {
            does_not_ask(&format!("there is no program {}", display_path(program)))
        }
        AgentProblem::Trust(Trust::ProjectUntrusted) => does_not_ask("it does not trust the project"),
        AgentProblem::Trust(Trust::HooksUntrusted) => does_not_ask("it does not trust the hooks"),
        AgentProblem::Trust(_) => format!("{title} did not say whether it runs the hooks"),
        AgentProblem::Outdated => {
            format!("the hooks of {title} in {} differ from those that `install` writes", setup.file)
        }
    }
}

/// Returns how to make an agent ask; `None` if nothing is known to be wrong.
fn agent_remedy(setup: &AgentSetup, problem: AgentProblem, program: &str) -> Option<String> {
    let install = format!("{program} install --agent={}", setup.agent.name());
    match problem {
        AgentProblem::Unreadable(_) => Some(format!("correct {}, then run {install}", setup.file)),
        AgentProblem::WithoutProgram(_) | AgentProblem::Outdated => Some(install),
        AgentProblem::Trust(Trust::ProjectUntrusted | Trust::HooksUntrusted) => {
            Some(setup.agent.trust_question()?.remedy.to_owned())
        }
        AgentProblem::Trust(Trust::Trusted | Trust::Unknown) => None,
    }
}

/// Returns what a hook did instead of refusing session work.
fn describe_result(result: &HookResult) -> String {
    match result {
        HookResult::Passed => "let it pass".to_owned(),
        HookResult::Refused => "refused it".to_owned(),
        HookResult::TimedOut => "did not finish in time".to_owned(),
        HookResult::Failed(output) if output.is_empty() => "failed without a message".to_owned(),
        HookResult::Failed(output) => {
            let lines: Vec<&str> = output.lines().take(MAX_LINES).collect();
            format!("said:\n{INDENT}| {}", escape_multiline(&lines.join("\n"), INDENT))
        }
    }
}

/// Returns a command or an instruction that fixes the problem; `None` if it needs no fix.
fn remedy(problem: &Problem, report: &Report) -> Option<String> {
    let Report { guard, program, invocation, .. } = report;
    let name = invocation.program();
    Some(match problem {
        Problem::NoHooksDirectory(origin) | Problem::NoHooksDirectoryIn(_, origin) => {
            unset_hooks_path(origin, &guard.directory, invocation)
        }
        Problem::Forbidden(file) => format!("sudo chmod a+rx {}", shell_path(&file.target)),
        Problem::NoExec(_) => format!(
            "mount it without noexec, or let core.hooksPath name a directory elsewhere and run {name} {}",
            install_command(guard.level())
        ),
        Problem::NotExecutable(file) if file.is_own => format!("chmod +x {}", shell_path(&file.target)),
        Problem::Missing(file)
        | Problem::Foreign(file, _)
        | Problem::Dangling(file)
        | Problem::NotExecutable(file)
            if !guard.is_installable() =>
        {
            add_guard(file, program)
        }
        Problem::IgnoredByOldGit(_, files) if !guard.installs_files() => {
            let ways: Vec<String> = files.iter().map(|file| add_guard(file, program)).collect();
            ways.join(&format!("\n{INDENT}"))
        }
        // lefthook would replace our hook, and husky has its own directory for hooks.
        Problem::Foreign(file @ HookFile { manager: Some(Manager::Lefthook | Manager::Husky), .. }, _) => {
            add_guard(file, program)
        }
        Problem::PreviousHookDisabled(file, previous) if file.is_guarded() => {
            format!("chmod +x {}", shell_path(&previous.path))
        }
        Problem::WillBeReplaced(file, manager) => add_line(file, Some(*manager), program),
        Problem::InvalidPolicy(_) => format!("correct {FILE_NAME}"),
        Problem::SessionAllowed => format!("remove it from `allow` and `disable` in {FILE_NAME}"),
        Problem::Index(IndexProblem::Damaged(_)) => invocation.git("git read-tree HEAD"),
        Problem::Index(IndexProblem::Locked(lock)) => {
            format!("wait for the other git or, if none is running, rm {}", shell_path(lock))
        }
        Problem::SessionNotIgnored => ignore_command(invocation),
        Problem::ConfiguredHookDisabled(hook) => {
            let git = invocation.git("git config");
            format!("{git} --{} --unset-all {}.enabled", escape(&hook.scope), section(hook.event))
        }
        Problem::GuardedTwice(hook) if hook.scope == "local" => {
            format!("{} --remove-section {}", invocation.git("git config --local"), section(hook.event))
        }
        Problem::GuardedTwice(_) => format!("{name} uninstall"),
        Problem::TransientBinary(_) => {
            "move the program to a permanent place and install from there".to_owned()
        }
        Problem::NotRefused(hook, _) if guard.has_own(*hook) => {
            format!("{name} {}", install_command(guard.level()))
        }
        Problem::NotRefused(..) => "make the hook run the guard first".to_owned(),
        Problem::Agent(setup, problem) => return agent_remedy(setup, *problem, &name),
        Problem::PreviousHookDisabled(..)
        | Problem::StopsCleanCommit(_)
        | Problem::TrackedSessionWork(_)
        | Problem::Renamed(_)
        | Problem::Elsewhere(_) => return None,
        Problem::Missing(_)
        | Problem::Foreign(..)
        | Problem::Dangling(_)
        | Problem::NotExecutable(_)
        | Problem::Overwritten(_)
        | Problem::BinaryFails(..)
        | Problem::NotStageGuard(_)
        | Problem::BinaryFromPath(_)
        | Problem::DifferentBinary(_)
        | Problem::IgnoredByOldGit(..)
        | Problem::OldGit(_) => format!("{name} {}", install_command(guard.level())),
    })
}

/// Returns how to make another program's hook run the guard.
fn add_guard(file: &HookFile, program: &Path) -> String {
    if file.runs_guard {
        return format!(
            "let {} find the program, by its path or on PATH",
            display_path(&user_file(&file.path))
        );
    }
    add_line(file, file.manager, program)
}

fn add_line(file: &HookFile, owner: Option<Manager>, program: &Path) -> String {
    let addition = Addition::new(owner, &file.path, file.hook, program);
    instruction(&addition, owner, file.hook)
}

/// Returns how to unset `core.hooksPath`. Its file is relative to `directory`.
fn unset_hooks_path(origin: &Origin, directory: &Path, invocation: &Invocation) -> String {
    let git = invocation.git("git config");
    match origin.file.strip_prefix("file:") {
        Some(file) if origin.is_included => {
            format!("{git} --file {} --unset-all core.hooksPath", shell_path(&directory.join(file)))
        }
        Some(_) => format!("{git} --{} --unset-all core.hooksPath", escape(&origin.scope)),
        None => "remove core.hooksPath from the environment".to_owned(),
    }
}

/// Returns the section of a configured hook.
fn section(event: Hook) -> String {
    format!("hook.stage-guard.{event}")
}

/// Returns the command that guards the hooks of a level.
fn install_command(level: Level) -> &'static str {
    match level {
        Level::Default => "install",
        Level::Strict => "install --strict",
        Level::Refs => "install --strict=refs",
    }
}
