use std::path::Path;

use super::{
    AgentProblem, AgentSetup, Binary, Diagnosis, Guard, HookResult, OldGit, PolicyState, Probe, Problem,
    Severity,
};
use crate::agents::{Agent, Trust};
use crate::git::{ConfiguredHook, Hook, HooksPath, Origin, RepositoryKind};
use crate::hooks::{HookFile, HookState, Inspection, Level, Manager, PreviousHook};
use crate::timeout::Finish;

fn linked(hook: Hook) -> HookFile {
    HookFile { state: HookState::Active, is_own: true, ..missing(hook) }
}

fn missing(hook: Hook) -> HookFile {
    let path = Path::new("/r/.git/hooks").join(hook.name());
    HookFile {
        hook,
        target: path.clone(),
        path,
        state: HookState::Missing,
        is_own: false,
        manager: None,
        runs_guard: false,
        binary: None,
        previous: None,
    }
}

fn foreign(hook: Hook) -> HookFile {
    HookFile { state: HookState::Active, ..missing(hook) }
}

fn binary(target: &str) -> Binary {
    Binary {
        path: target.into(),
        target: target.into(),
        is_in_worktree: false,
        is_from_path: false,
        version: Ok("stage-guard 1".to_owned()),
    }
}

fn configured(event: Hook) -> ConfiguredHook {
    ConfiguredHook { scope: "local".to_owned(), event, command: String::new(), is_enabled: true }
}

fn origin() -> Origin {
    Origin {
        scope: "local".to_owned(),
        file: "file:.git/config".to_owned(),
        value: "x".to_owned(),
        is_included: false,
    }
}

/// A repository whose default hooks are guarded and refuse session work.
fn healthy() -> Guard {
    let file = |hook| if Level::of(hook) == Level::Default { linked(hook) } else { missing(hook) };
    Guard {
        directory: "/r".into(),
        kind: RepositoryKind::WithWorktree,
        hooks_path: HooksPath {
            directory: "/r/.git/hooks".into(),
            common_dir: "/r/.git".into(),
            origin: None,
        },
        hooks_path_exists: true,
        worktrees_without_hooks: Vec::new(),
        hooks: Inspection {
            level: None,
            files: Hook::ALL.into_iter().map(file).collect(),
            renamed: Vec::new(),
            elsewhere: Vec::new(),
        },
        configured: Vec::new(),
        old_git: None,
        old_gits_on_path: Vec::new(),
        binaries: vec![binary("/bin/stage-guard")],
        current_exe: "/bin/stage-guard".into(),
        policy: PolicyState::BuiltIn,
        index_problem: None,
        is_session_ignored: Some(true),
        tracked_session_work: 0,
        probe: Some(Probe {
            path: "x".into(),
            is_in_session_directory: true,
            results: Level::Default.hooks().into_iter().map(|hook| (hook, HookResult::Refused)).collect(),
            refused_by_file: Vec::new(),
            clean: Some(HookResult::Passed),
        }),
        agents: vec![healthy_agent()],
    }
}

fn healthy_agent() -> AgentSetup {
    AgentSetup {
        agent: Agent::Codex,
        file: ".codex/hooks.json",
        unreadable: None,
        missing_program: None,
        is_outdated: false,
        trust: Some(Trust::Trusted),
    }
}

impl Guard {
    fn set(&mut self, file: HookFile) {
        let index = self.hooks.files.iter().position(|other| other.hook == file.hook).unwrap();
        self.hooks.files[index] = file;
    }

    fn set_probed(&mut self, hook: Hook, result: HookResult) {
        let results = &mut self.probe.as_mut().unwrap().results;
        results.retain(|(probed, _)| *probed != hook);
        results.push((hook, result));
    }
}

fn problems(guard: &Guard, severity: Severity) -> Vec<Problem<'_>> {
    let diagnoses = guard.diagnose().into_iter();
    diagnoses.filter(|diagnosis| diagnosis.severity == severity).map(|diagnosis| diagnosis.problem).collect()
}

fn faults(guard: &Guard) -> Vec<Problem<'_>> {
    problems(guard, Severity::Fault)
}

fn notes(guard: &Guard) -> Vec<Problem<'_>> {
    problems(guard, Severity::Note)
}

#[test]
fn a_healthy_guard_has_no_problems() {
    assert_eq!(healthy().diagnose(), []);
    assert_eq!(healthy().guarded(), [Hook::PreCommit, Hook::PreMergeCommit]);
    assert_eq!(healthy().level(), Level::Default);
}

#[test]
fn each_state_of_a_required_hook_is_a_fault() {
    for state in [
        HookState::Missing,
        HookState::Dangling,
        HookState::NotExecutable,
        HookState::Forbidden,
        HookState::NoExec,
        HookState::Overwritten,
    ] {
        let file = HookFile { state, ..linked(Hook::PreCommit) };
        let mut guard = healthy();
        guard.set(file.clone());
        guard.set_probed(Hook::PreCommit, HookResult::Passed);
        let expected = match state {
            HookState::Missing => Problem::Missing(&file),
            HookState::Dangling => Problem::Dangling(&file),
            HookState::NotExecutable => Problem::NotExecutable(&file),
            HookState::Forbidden => Problem::Forbidden(&file),
            HookState::NoExec => Problem::NoExec(&file),
            HookState::Overwritten => Problem::Overwritten(&file),
            HookState::Active => unreachable!(),
        };
        assert_eq!(faults(&guard), [expected]);
    }
}

#[test]
fn a_broken_hook_that_is_not_required_is_a_fault_only_if_it_is_of_stage_guard() {
    let mut guard = healthy();
    let dangling = HookFile { state: HookState::Dangling, ..missing(Hook::PrePush) };
    guard.set(dangling.clone());
    assert_eq!(faults(&guard), []);
    let link = HookFile { is_own: true, ..dangling };
    guard.set(link.clone());
    assert!(faults(&guard).contains(&Problem::Dangling(&link)));
}

#[test]
fn a_foreign_hook_is_a_fault_unless_it_refuses_session_work() {
    let mut guard = healthy();
    let file = foreign(Hook::PreCommit);
    guard.set(file.clone());
    assert_eq!(guard.diagnose(), []);
    let result = HookResult::Failed("lint".to_owned());
    guard.set_probed(Hook::PreCommit, result.clone());
    assert_eq!(faults(&guard), [Problem::Foreign(&file, Some(&result))]);
}

#[test]
fn an_unrefused_probe_is_a_fault_if_nothing_else_explains_it() {
    let mut guard = healthy();
    guard.set_probed(Hook::PreCommit, HookResult::Passed);
    assert_eq!(faults(&guard), [Problem::NotRefused(Hook::PreCommit, &HookResult::Passed)]);
    guard.binaries[0].version = Err("exec format error".to_owned());
    assert_eq!(faults(&guard), [Problem::BinaryFails(&guard.binaries[0], "exec format error")]);
    guard.binaries[0].version = Ok(String::new());
    assert_eq!(faults(&guard), [Problem::NotStageGuard(&guard.binaries[0])]);
}

#[test]
fn a_missing_hooks_directory_is_reported_once() {
    let mut guard = healthy();
    guard.hooks_path.origin = Some(origin());
    guard.hooks_path_exists = false;
    for hook in Level::Default.hooks() {
        guard.set(missing(hook));
        guard.set_probed(hook, HookResult::Passed);
    }
    assert_eq!(faults(&guard), [Problem::NoHooksDirectory(&origin())]);
}

#[test]
fn a_missing_hooks_directory_is_a_note_if_configured_hooks_guard() {
    let mut guard = healthy();
    guard.hooks_path.origin = Some(origin());
    guard.hooks_path_exists = false;
    for event in Level::Default.hooks() {
        guard.set(missing(event));
        guard.configured.push(configured(event));
    }
    assert_eq!(guard.diagnose(), [super::note(Problem::NoHooksDirectory(&origin()))]);
}

#[test]
fn an_old_git_runs_no_configured_hooks() {
    let mut guard = healthy();
    let file = missing(Hook::PreCommit);
    guard.set(file.clone());
    guard.configured.push(configured(Hook::PreCommit));
    assert_eq!(guard.diagnose(), []);
    guard.old_git = Some("2.53.0".to_owned());
    guard.set_probed(Hook::PreCommit, HookResult::Passed);
    assert_eq!(faults(&guard), [Problem::Missing(&file)]);
    assert_eq!(notes(&guard), [Problem::OldGit("2.53.0")]);
}

#[test]
fn another_git_that_ignores_configured_hooks_is_a_fault_unless_files_guard() {
    let mut guard = healthy();
    guard.old_gits_on_path.push(OldGit { path: "/usr/bin/git".into(), version: "2.39.5".to_owned() });
    guard.configured.push(configured(Hook::PreCommit));
    assert_eq!(guard.diagnose(), []);
    let file = missing(Hook::PreCommit);
    guard.set(file.clone());
    assert_eq!(faults(&guard), [Problem::IgnoredByOldGit(&guard.old_gits_on_path[0], vec![&file])]);
    guard.probe.as_mut().unwrap().refused_by_file.push(Hook::PreCommit);
    assert_eq!(faults(&guard), []);
}

#[test]
fn a_hook_that_is_linked_and_configured_is_guarded_twice() {
    let mut guard = healthy();
    guard.configured.push(configured(Hook::PreCommit));
    assert_eq!(notes(&guard), [Problem::GuardedTwice(&guard.configured[0])]);
    guard.configured[0].is_enabled = false;
    assert_eq!(notes(&guard), [Problem::ConfiguredHookDisabled(&guard.configured[0])]);
}

#[test]
fn each_missing_hook_of_the_level_is_a_fault() {
    let mut guard = healthy();
    guard.set(linked(Hook::PrePush));
    assert_eq!(guard.level(), Level::Strict);
    let (message, patch) = (missing(Hook::PrepareCommitMsg), missing(Hook::PreApplypatch));
    assert_eq!(faults(&guard), [Problem::Missing(&message), Problem::Missing(&patch)]);
    guard.set(HookFile { state: HookState::NotExecutable, ..linked(Hook::PrePush) });
    assert_eq!(guard.level(), Level::Strict);
    guard.set(missing(Hook::PrePush));
    assert_eq!(guard.diagnose(), []);
    guard.hooks.level = Some(Level::Strict);
    assert_eq!(faults(&guard).len(), 3);
    guard.configured.push(ConfiguredHook { is_enabled: false, ..configured(Hook::ReferenceTransaction) });
    assert_eq!(guard.level(), Level::Refs);
}

#[test]
fn a_bare_repository_with_worktrees_needs_the_hooks_of_commits_and_of_pushes() {
    let mut guard = healthy();
    guard.kind = RepositoryKind::BareWithWorktrees;
    let receive = missing(Hook::PreReceive);
    assert_eq!(faults(&guard), [Problem::Missing(&receive)]);
    guard.set(linked(Hook::PreReceive));
    assert_eq!(guard.diagnose(), []);
    assert_eq!(guard.level(), Level::Default);
}

#[test]
fn binaries_that_may_vanish_or_differ_are_notes() {
    let mut guard = healthy();
    guard.binaries = vec![binary("/p/target/release/stage-guard")];
    let binary = &guard.binaries[0];
    assert_eq!(notes(&guard), [Problem::DifferentBinary(binary), Problem::TransientBinary(binary)]);
}

#[test]
fn an_invalid_policy_is_a_fault_only_where_commits_are_guarded() {
    let mut guard = healthy();
    guard.policy = PolicyState::Invalid("mistake".to_owned());
    guard.probe = None;
    assert_eq!(faults(&guard), [Problem::InvalidPolicy("mistake")]);
    guard.kind = RepositoryKind::Bare;
    guard.set(linked(Hook::PreReceive));
    assert_eq!(notes(&guard), [Problem::InvalidPolicy("mistake")]);
    assert_eq!(faults(&guard), []);
}

#[test]
fn a_bare_repository_needs_pre_receive_alone() {
    let mut guard = healthy();
    (guard.kind, guard.probe, guard.is_session_ignored) = (RepositoryKind::Bare, None, None);
    guard.hooks.files = Hook::ALL.into_iter().map(missing).collect();
    let file = missing(Hook::PreReceive);
    assert_eq!(guard.diagnose(), [super::fault(Problem::Missing(&file))]);
    guard.set(linked(Hook::PreReceive));
    assert_eq!(guard.diagnose(), []);
    assert_eq!((guard.guarded(), guard.level()), (vec![Hook::PreReceive], Level::Default));
}

#[test]
fn previous_hooks_that_do_not_run_or_return_are_notes() {
    let previous = |runs, manager| PreviousHook { path: "/r/.git/hooks/x".into(), runs, manager };
    let with = |previous| HookFile { previous: Some(previous), ..linked(Hook::PreCommit) };
    let mut guard = healthy();
    guard.set(with(previous(true, None)));
    assert_eq!(guard.diagnose(), []);
    let file = with(previous(false, None));
    guard.set(file.clone());
    assert_eq!(notes(&guard), [Problem::PreviousHookDisabled(&file, file.previous.as_ref().unwrap())]);
    let file = with(previous(true, Some(Manager::Lefthook)));
    guard.set(file.clone());
    assert_eq!(notes(&guard), [Problem::WillBeReplaced(&file, Manager::Lefthook)]);
    // pre-commit runs our hook, which it has renamed, and our hook runs the previous hook.
    let manager = Some(Manager::PreCommit);
    guard.set(HookFile { is_own: false, manager, ..with(previous(false, None)) });
    assert_eq!(guard.diagnose(), []);
}

#[test]
fn a_renamed_hook_is_a_note_unless_it_still_refuses() {
    let mut guard = healthy();
    let renamed = "/r/.git/hooks/pre-commit.old".into();
    guard.hooks.renamed = vec![(Hook::PreCommit, renamed)];
    assert_eq!(guard.diagnose(), []);
    guard.set_probed(Hook::PreCommit, HookResult::Passed);
    assert_eq!(notes(&guard), [Problem::Renamed(&guard.hooks.renamed[0].1)]);
}

#[test]
fn session_directory_problems_are_notes() {
    let mut guard = healthy();
    guard.is_session_ignored = Some(false);
    guard.probe.as_mut().unwrap().is_in_session_directory = false;
    guard.probe.as_mut().unwrap().clean = Some(HookResult::TimedOut);
    let clean = HookResult::TimedOut;
    guard.tracked_session_work = 2;
    let expected = [
        Problem::SessionAllowed,
        Problem::StopsCleanCommit(&clean),
        Problem::SessionNotIgnored,
        Problem::TrackedSessionWork(2),
    ];
    assert_eq!(notes(&guard), expected);
}

#[test]
fn faults_come_before_notes() {
    let mut guard = healthy();
    guard.hooks.elsewhere = vec!["/r/.git/other".into()];
    guard.binaries.push(binary("/other"));
    guard.set(missing(Hook::PreMergeCommit));
    guard.set_probed(Hook::PreMergeCommit, HookResult::Passed);
    let severities: Vec<Severity> =
        guard.diagnose().iter().map(|Diagnosis { severity, .. }| *severity).collect();
    assert_eq!(severities, [Severity::Fault, Severity::Note, Severity::Note]);
}

#[test]
fn a_refusal_names_the_path_and_the_rule_on_one_line() {
    let result = |code, output: &str| {
        let finish = Finish::Exited { code: Some(code), output: output.as_bytes().to_vec() };
        HookResult::new(finish, &"a.py".into(), "rule")
    };
    assert_eq!(result(0, "refused: a.py [rule]\n"), HookResult::Passed);
    assert_eq!(result(1, "lint\nrefused: a.py [rule] why\n"), HookResult::Refused);
    assert_eq!(result(1, "refused: a.py\n[rule]\n"), HookResult::Failed("refused: a.py\n[rule]".to_owned()));
    assert_eq!(HookResult::new(Finish::TimedOut, &"a.py".into(), "rule"), HookResult::TimedOut);
}

#[test]
fn an_agent_that_may_not_ask_is_a_note() {
    for (agent, is_expected) in [
        (
            AgentSetup { trust: None, ..healthy_agent() },
            (|problem| problem.is_none()) as fn(Option<&Problem>) -> bool,
        ),
        (
            AgentSetup { trust: Some(Trust::ProjectUntrusted), is_outdated: true, ..healthy_agent() },
            |problem| {
                matches!(problem, Some(Problem::Agent(_, AgentProblem::Trust(Trust::ProjectUntrusted))))
            },
        ),
        (AgentSetup { is_outdated: true, ..healthy_agent() }, |problem| {
            matches!(problem, Some(Problem::Agent(_, AgentProblem::Outdated)))
        }),
        (
            AgentSetup { missing_program: Some("/b".into()), is_outdated: true, ..healthy_agent() },
            |problem| matches!(problem, Some(Problem::Agent(_, AgentProblem::WithoutProgram(_)))),
        ),
        (AgentSetup { unreadable: Some("x".into()), trust: None, ..healthy_agent() }, |problem| {
            matches!(problem, Some(Problem::Agent(_, AgentProblem::Unreadable("x"))))
        }),
    ] {
        let guard = Guard { agents: vec![agent], ..healthy() };
        assert!(is_expected(notes(&guard).first()), "{:?}", guard.diagnose());
        assert_eq!(faults(&guard), []);
    }
}
