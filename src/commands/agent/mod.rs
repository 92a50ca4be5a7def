//! `agent`: checks the next action of a coding agent.

mod commits;
mod writes;

use std::cell::Cell;
use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bstr::{BStr, ByteSlice};

use super::{Context, Outcome};
use crate::agents::{Action, Answer, Event, FileWrite, TIME_LIMIT, patch};
use crate::bypass::{self, Disk, Input};
use crate::check::Check;
use crate::cli::AgentArgs;
use crate::environment::Environment;
use crate::git::user_path::canonicalize_lenient;
use crate::git::{self, Git, Hook, HooksPath, Repository};
use crate::policy::{is_in_session_directory, is_session_directory};
use crate::report;
use crate::report::failure::Failure;
use crate::signals;

/// The number of bytes of an event that are read.
const MAX_EVENT: u64 = 1 << 25;

/// The time for an answer: less than the agent waits for it.
const MAX_TIME: Duration = Duration::from_secs(8);
const _: () = assert!(MAX_TIME.as_secs() < TIME_LIMIT.as_secs());

/// The number of files that are looked at for session directories.
const MAX_ENTRIES: usize = 20_000;

/// Denies an action if git's hooks would refuse its result, and allows all other actions.
///
/// The caller also allows an action after an error, because git's hooks still run.
pub(super) fn run(args: &AgentArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let mut input = Vec::new();
    (&mut *context.input).take(MAX_EVENT).read_to_end(&mut input)?;
    let event = Event::parse(&input, args.agent)
        .map_err(|error| Failure::new("cannot parse the event on standard input").with_source(error))?;
    let Some(event) = event else { return Ok(Outcome::Allowed) };
    let answer = answer(context, &event);
    if signals::is_limit_exceeded() {
        return Err(limit_exceeded().into());
    }
    if let Some(answer) = answer? {
        context.out.write_all(event.render(&answer).as_bytes())?;
    }
    Ok(Outcome::Allowed)
}

/// Calls `end` if there is no answer in time. It has to end the process.
pub fn limit_time(end: impl FnOnce(&Failure) + Send + 'static) {
    signals::limit_time(MAX_TIME, move || end(&limit_exceeded()));
}

fn limit_exceeded() -> Failure {
    Failure::new(format!("the check took longer than {} seconds", MAX_TIME.as_secs()))
}

/// Returns the answer to an event; `None` if the action is allowed.
fn answer(context: &Context, event: &Event) -> Result<Option<Answer>, Box<dyn Error>> {
    let directory = context.environment.absolute(&event.directory);
    Ok(match &event.action {
        Action::Write(files) => writes::check(context, &directory, files)?.map(Answer::Deny),
        Action::Run { script, directory: from } => {
            let directory = directory.join(from);
            let mut reason = check_script(context, &directory, script)?;
            if reason.is_none() && event.agent.skips_git_hooks() {
                reason = commits::check(context, event.agent, &directory, script)?;
            }
            reason.map(Answer::Deny)
        }
        Action::Stop => check_stop(context, &directory)?.map(Answer::BlockStop),
    })
}

/// Denies a script that bypasses git's hooks, or applies a patch that is denied.
fn check_script(context: &Context, directory: &Path, script: &str) -> Result<Option<String>, Box<dyn Error>> {
    let entries = Cell::new(MAX_ENTRIES);
    let disk = Disk {
        stages_session_directory: &|from, path| {
            stages_session_directory(&directory.join(from), path, &entries)
        },
        may_be_guard: &|file| may_be_guard(&directory.join(file)),
        is_unguarded: &|other| is_unguarded(context, directory, &directory.join(other)),
    };
    if let Some(bypass) = bypass::find(script, &disk) {
        return Ok(Some(report::agent::bypass(&bypass, &context.program()?)));
    }
    writes::check(context, directory, &patched_files(script))
}

/// Returns the files of the patches that a script applies.
fn patched_files(script: &str) -> Vec<FileWrite> {
    if !patch::PROGRAMS.iter().any(|program| script.contains(program)) {
        return Vec::new();
    }
    let patches = bypass::inputs_of(script, &patch::PROGRAMS).into_iter();
    let files = |input: Input| {
        let files = patch::writes(&input.text).into_iter();
        files.map(move |file| file.in_directory(&input.directory))
    };
    patches.flat_map(files).collect()
}

/// Whether `file` may be a hook that runs this program. It may if its directory is not there.
fn may_be_guard(file: &Path) -> bool {
    let is_known = file.parent().is_some_and(Path::is_dir);
    !is_known || git::read_regular_file(file).is_ok_and(|text| text.contains_str(env!("CARGO_PKG_NAME")))
}

/// Whether `other` is in another repository than `directory`, without hooks that may be the guard's.
///
/// A git directory that is not there has none.
fn is_unguarded(context: &Context, directory: &Path, other: &Path) -> bool {
    let find = |directory: &Path| {
        let git = Git::new(&environment_in(&context.environment, directory).ok()?);
        Some((HooksPath::find(&git).ok()?, git))
    };
    let Some((hooks, git)) = find(other) else {
        return other.as_os_str().as_encoded_bytes().ends_with(b".git") && !other.exists();
    };
    let is_here = find(directory).is_some_and(|(here, _)| here.common_dir == hooks.common_dir);
    let has_hook = || Hook::ALL.iter().any(|hook| hooks.directory.join(hook.name()).exists());
    !is_here && !has_hook() && git::configured_hooks(&git).is_ok_and(|hooks| hooks.is_empty())
}

/// Whether `git add --force PATH`, in `directory`, stages a session directory below `path`.
///
/// At the top of a repository it counts even if there is no session directory yet.
fn stages_session_directory(directory: &Path, path: &Path, entries: &Cell<usize>) -> bool {
    let directory = canonicalize_lenient(directory);
    let path = canonicalize_lenient(&directory.join(path));
    directory.starts_with(&path) && path.join(".git").exists() || has_session_directory_below(path, entries)
}

/// Whether there is a session directory below `directory`, among the first `entries`.
fn has_session_directory_below(directory: PathBuf, entries: &Cell<usize>) -> bool {
    let mut directories = vec![directory];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let Some(left) = entries.get().checked_sub(1) else { return false };
            entries.set(left);
            let (name, is_directory) = (entry.file_name(), entry.file_type().is_ok_and(|kind| kind.is_dir()));
            if is_directory && is_session_directory(name.as_encoded_bytes().into()) {
                return true;
            }
            if is_directory && name != ".git" {
                directories.push(entry.path());
            }
        }
    }
    false
}

/// Denies the end of a turn if session work is outside of the session directory.
fn check_stop(context: &Context, directory: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let environment = environment_in(&context.environment, directory)?;
    let Some(repository) = open_repository(&environment)? else { return Ok(None) };
    let mut findings = Check { environment: &environment, config: None }.untracked()?.findings;
    // `stow` moves neither what works only where it is, nor what is in the session directory, nor a
    // linked worktree.
    let is_worktree = |path: &BStr| repository.layout().on_disk(path).join(".git").is_file();
    findings.retain(|finding| {
        let path = finding.entry.path.as_bstr();
        !finding.rule.stays && !is_in_session_directory(path) && !is_worktree(path)
    });
    if findings.is_empty() {
        return Ok(None);
    }
    Ok(Some(report::agent::leftovers(&findings, &context.program()?)))
}

/// Returns an environment with `directory` as the current directory.
fn environment_in(environment: &Environment, directory: &Path) -> Result<Environment, git::Error> {
    let mut environment = environment.clone();
    let changed = environment.change_dir(directory);
    changed.map_err(|error| git::Error::AgentDirectory(directory.to_owned(), error))?;
    Ok(environment)
}

/// Opens the repository of the current directory; `None` if there is no worktree.
fn open_repository(environment: &Environment) -> Result<Option<Repository>, git::Error> {
    match Repository::open(environment) {
        Ok(repository) => Ok(Some(repository)),
        Err(
            git::Error::NotARepository(_)
            | git::Error::NotAGitDirectory(_)
            | git::Error::Bare(_)
            | git::Error::InGitDirectory(_),
        ) => Ok(None),
        Err(error) => Err(error),
    }
}
