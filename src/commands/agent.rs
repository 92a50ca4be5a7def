//! `agent`: what the hooks of a coding agent call before it does something.

use std::convert::Infallible;
use std::error::Error;
use std::io::Read;
use std::path::Path;

use bstr::{BStr, ByteSlice};

use super::{Context, Outcome, check};
use crate::Change;
use crate::agent::{Action, Event, bypass};
use crate::cli::Config;
use crate::git::{self, Repository};
use crate::policy::{Verdict, is_below_session_directory, is_in_session_directory};
use crate::report;
use crate::report::agent::DeniedWrite;
use crate::session::SessionDirectory;

/// No input of an agent is as long as this, in bytes.
const LONGEST: u64 = 1 << 25;

/// Reads what the agent is about to do, and denies it where it would only be refused
/// later. All else is allowed; so is, through an error, what cannot be judged.
pub(super) fn run(context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let mut told = Vec::new();
    (&mut *context.input).take(LONGEST).read_to_end(&mut told)?;
    let event = Event::parse(&told)
        .map_err(|error| format!("what is on standard input is not the JSON of an agent's hook: {error}"))?;
    let Some(Event { directory, action }) = event else { return Ok(Outcome::Allowed) };
    let here = context.environment.absolute(directory);
    let denied = match action {
        Action::Write(file) => {
            misplaced(context, &here, &git::user_path::canonicalize_lenient(&here.join(file)))?
        }
        Action::Run(shell, text) => {
            let program = context.program()?;
            bypass::find(&text, shell).map(|bypass| report::agent::bypass(&bypass, &program))
        }
        Action::Stop => left_behind(context, &here)?,
    };
    Ok(denied.map_or(Outcome::Allowed, Outcome::Denied))
}

/// Denies a new file that a commit would be refused for. It belongs to the repository
/// that it lies in, wherever the agent stands.
fn misplaced(context: &Context, here: &Path, file: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let is_gits = file.components().any(|component| component.as_os_str().eq_ignore_ascii_case(".git"));
    let directory = file.ancestors().skip(1).find(|ancestor| ancestor.is_dir() && !is_gits);
    let Some(repository) =
        directory.map(|directory| repository_of(directory, context)).transpose()?.flatten()
    else {
        return Ok(None);
    };
    let path = git::user_path::resolve(repository.layout(), file.as_os_str())?;
    let path = path.as_bstr();
    let policy = context.policy(&Config::default(), &|name| repository.top_level_file(name))?;
    if is_below_session_directory(path) || !policy.may_refuse(path) {
        return Ok(None);
    }
    let tracked = repository.tracked_paths()?;
    // What lies beside it is staged with it, more often than not.
    let is_beside = |path: &BStr| {
        Ok::<_, Infallible>(tracked.contains(path) || repository.layout().on_disk(path).exists())
    };
    let Ok(verdict) = policy.judge(path, Change::Added, is_beside);
    let Verdict::Refused { rule, .. } = verdict else {
        return Ok(None);
    };
    if tracked.contains_file(path) || repository.ignores(path)? {
        return Ok(None);
    }
    let place = SessionDirectory::at(repository.top()).free_name(rule.home.default_path(path).as_bstr());
    Ok(Some(report::agent::denied_write(&DeniedWrite {
        path,
        rule,
        suggestion: &repository.layout().on_disk(place.as_bstr()),
        exists: file.exists(),
        top: Some(repository.top()).filter(|top| *top != git::user_path::canonicalize_lenient(here)),
        program: &context.program()?,
    })))
}

/// Names the session work that is left in the repository in which the agent stands.
fn left_behind(context: &Context, here: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let Some(repository) = repository_of(here, context)? else { return Ok(None) };
    let policy = context.policy(&Config::default(), &|name| repository.top_level_file(name))?;
    let (mut findings, _) = check::untracked_findings(&repository, &policy)?;
    // What is in the session directory is where it belongs.
    findings.retain(|finding| !is_in_session_directory(finding.entry.path.as_bstr()));
    if findings.is_empty() {
        return Ok(None);
    }
    Ok(Some(report::agent::leftovers(&findings, &context.program()?)))
}

/// The repository that `directory` is in the worktree of; nothing, where it is in none.
fn repository_of(directory: &Path, context: &Context) -> Result<Option<Repository>, Box<dyn Error>> {
    let mut environment = context.environment.clone();
    environment
        .change_dir(directory)
        .map_err(|error| git::Error::ChangeDirectory(directory.to_owned(), error))?;
    match Repository::open(&environment) {
        Ok(repository) => Ok(Some(repository)),
        Err(git::Error::NotARepository(_) | git::Error::Bare(_) | git::Error::InGitDirectory(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
