//! `doctor`: whether the guard is live here, and what is wrong.

use std::convert::Infallible;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;
use std::{env, fs, io};

use bstr::{BString, ByteSlice};

use super::{Context, Outcome, program};
use crate::Change;
use crate::doctor::{Answer, Binary, Examined, PolicyState, Probe};
use crate::environment::Environment;
use crate::git::{
    self, History, Hook, HooksPath, Repository, ScratchIndex, configured_hooks, read_regular_file,
    too_old_for_configured_hooks,
};
use crate::hooks::{self, BARE_HOOKS, Hooks, Level};
use crate::policy::{FILE_NAME, Policy, Verdict, is_in_session_directory};
use crate::report;
use crate::signals::Signals;
use crate::timeout::{Finish, run_with_timeout};

/// Paths to ask the hooks about. The first that the policy refuses is taken.
const PROBES: [&str; 3] =
    [".claude_sessions/stage-guard-doctor.py", "debug_stage_guard_doctor.py", "CLAUDE.local.md"];

/// A path that no rule of a `.gitignore` has in mind.
const SESSION_WORK: &str = ".claude_sessions/current/any name at all";

/// How long a hook may take: others run linters there.
const HOOK_LIMIT: Duration = Duration::from_secs(60);

/// How long a program may take to say its version.
const VERSION_LIMIT: Duration = Duration::from_secs(5);

/// Looks at all that has to hold, and has git run the hooks for an index that nobody
/// commits.
pub(super) fn run(context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let signals = Signals::caught()?;
    let history = context.open_history()?;
    let repository = if history.is_bare() { None } else { Some(context.open_repository()?) };
    let place = HooksPath::named_from(history.directory())?;
    let mut hooks = Hooks::examine(&place.directory, &place.common_dir)?;
    if history.is_bare() {
        hooks.places.retain(|place| BARE_HOOKS.contains(&place.hook));
    }
    let policy = policy(&history)?;
    let mut probe = None;
    if let (Some(repository), Ok((_, policy))) = (&repository, &policy) {
        probe = self::probe(repository, policy, &place.directory, &signals)?;
        // A manager that was run may have taken its place back.
        let now = Hooks::examine(&place.directory, &place.common_dir)?;
        if now != hooks {
            hooks = now;
            probe = self::probe(repository, policy, &place.directory, &signals)?;
        }
    }
    let session_work = BString::from(SESSION_WORK);
    let is_ignored = |repository: &Repository| repository.ignores(session_work.as_bstr());
    let examined = Examined {
        directory: history.directory().to_owned(),
        is_bare: history.is_bare(),
        is_place_there: is_there(&place),
        worktrees_without: worktrees_without(&place),
        binaries: binaries(&hooks, &context.environment, &signals)?,
        configured: configured_hooks()?,
        too_old: too_old_for_configured_hooks()?,
        own: fs::canonicalize(env::current_exe()?)?,
        policy: policy.map_or_else(PolicyState::Broken, |(state, _)| state),
        is_session_ignored: repository.as_deref().map(is_ignored).transpose()?,
        place,
        hooks,
        probe,
    };
    let diagnoses = examined.diagnoses();
    let program = context.program()?;
    if !context.is_quiet {
        report::doctor::examined(&mut context.out, &examined)?;
    }
    let shown = diagnoses.iter().filter(|diagnosis| diagnosis.is_fault || !context.is_quiet);
    report::doctor::diagnoses(&mut context.out, &examined, shown, &program)?;
    let faults = diagnoses.iter().filter(|diagnosis| diagnosis.is_fault).count();
    if !context.is_quiet {
        report::doctor::verdict(&mut context.out, &examined, faults)?;
    }
    Ok(if faults > 0 { Outcome::Refused } else { Outcome::Allowed })
}

/// The policy in force and where it comes from, or the mistake in its configuration.
fn policy(history: &History) -> Result<Result<(PolicyState, Policy), String>, Box<dyn Error>> {
    let built_in = Policy::built_in();
    let text = if history.is_bare() {
        history.head()?.map_or(Ok(None), |head| history.file_in(head, FILE_NAME))?
    } else {
        history.top_level_file(FILE_NAME)?
    };
    let Some(text) = text else { return Ok(Ok((PolicyState::BuiltIn, built_in))) };
    let extended = built_in.extended(FILE_NAME, &text);
    Ok(extended.map(|policy| (PolicyState::Configured, policy)).map_err(|mistake| mistake.to_string()))
}

/// Asks the hooks around a commit about session work, and about nothing; nobody is asked
/// where the policy refuses none of the paths.
fn probe(
    repository: &Repository,
    policy: &Policy,
    hooks: &Path,
    signals: &Signals,
) -> Result<Option<Probe>, git::Error> {
    let refused = PROBES.into_iter().find_map(|path| {
        let Ok(verdict) = policy.judge(path.into(), Change::Added, |_| Ok::<_, Infallible>(false));
        match verdict {
            Verdict::Refused { rule, .. } => Some((BString::from(path), rule.id.as_str())),
            _ => None,
        }
    });
    let Some((path, rule)) = refused else { return Ok(None) };
    let staged = ScratchIndex::new(repository, &[path.as_bstr()])?;
    let clean = ScratchIndex::new(repository, &[])?;
    let ask = |index: &ScratchIndex, hook: Hook| {
        let finish = index.run_hook(hook, hooks, HOOK_LIMIT, signals)?;
        Ok::<_, git::Error>(Answer::of(finish, &path, rule))
    };
    let asked = Level::Default.hooks().into_iter();
    let staged = asked.map(|hook| Ok((hook, ask(&staged, hook)?))).collect::<Result<_, git::Error>>()?;
    let clean = ask(&clean, Hook::PreCommit)?;
    Ok(Some(Probe { is_in_session_directory: is_in_session_directory(path.as_bstr()), path, staged, clean }))
}

fn is_there(place: &HooksPath) -> bool {
    let is_empty = place.origin.as_ref().is_some_and(|origin| origin.value.is_empty());
    !is_empty && place.directory.is_dir()
}

/// The linked worktrees in which a relative `core.hooksPath` names no directory.
fn worktrees_without(place: &HooksPath) -> Vec<PathBuf> {
    let relative = place.origin.as_ref().map(|origin| Path::new(&origin.value));
    let Some(relative) = relative.filter(|path| path.is_relative() && !path.starts_with("~")) else {
        return Vec::new();
    };
    let linked = fs::read_dir(place.common_dir.join("worktrees")).into_iter().flatten().flatten();
    // The file `gitdir` names the `.git` of the worktree, mostly by its whole path.
    let top = |linked: fs::DirEntry| {
        let named = fs::read_to_string(linked.path().join("gitdir")).ok()?;
        fs::canonicalize(linked.path().join(named.trim_end()).parent()?).ok()
    };
    linked.filter_map(top).filter(|top| !top.join(relative).is_dir()).collect()
}

/// The programs that the hooks run, each asked for its version.
fn binaries(
    hooks: &hooks::Examined,
    environment: &Environment,
    signals: &Signals,
) -> io::Result<Vec<Binary>> {
    let mut paths: Vec<&PathBuf> = hooks.places.iter().filter_map(|place| place.binary.as_ref()).collect();
    paths.sort();
    paths.dedup();
    let asked = |path: &PathBuf| {
        let mut version = process::Command::new(path);
        version.arg("--version");
        let said = |said: &[u8]| said.trim_ascii().to_str_lossy().into_owned();
        let version = match run_with_timeout(version, VERSION_LIMIT, signals)? {
            Finish::Exited { code: Some(0), output: version } => Ok(said(&version)),
            Finish::Exited { output: why, .. } => Err(said(&why)),
            Finish::TimedOut => Err("it does not answer".to_owned()),
            Finish::SpawnFailed(error) => Err(error.to_string()),
        };
        let found =
            program::on_path(environment).find(|found| path.components().count() == 1 && found.is_file());
        let real = found.as_ref().unwrap_or(path);
        let real = fs::canonicalize(real).unwrap_or_else(|_| real.clone());
        Ok(Binary { path: path.clone(), is_in_worktree: is_in_linked_worktree(&real), real, version })
    };
    paths.into_iter().map(asked).collect()
}

/// Whether a directory above is the top of a linked worktree: its `.git` is a file that
/// names one of the main repository's `worktrees/`.
fn is_in_linked_worktree(path: &Path) -> bool {
    let named = path.ancestors().find_map(|above| read_regular_file(&above.join(".git")).ok());
    named.is_some_and(|named| named.contains_str("/worktrees/"))
}
