//! `agent`: what the hooks of a coding agent call before it does something.

use std::convert::Infallible;
use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::{env, io};

use bstr::{BStr, ByteSlice};

use super::{Outcome, check, policy};
use crate::Change;
use crate::agent::{Action, Event, bypass};
use crate::cli::Options;
use crate::git::{self, Repository};
use crate::policy::{Verdict, is_below_session_directory, is_in_session_directory};
use crate::report;
use crate::report::agent::DeniedWrite;
use crate::session::SessionDirectory;

/// No input of an agent is as long as this, in bytes.
const LONGEST: u64 = 1 << 25;

/// Reads what the agent is about to do, and denies it where it would only be refused
/// later. All else is allowed; so is, through an error, what cannot be judged.
pub(super) fn run(options: &Options, input: impl Read) -> Result<Outcome, Box<dyn Error>> {
    let mut told = Vec::new();
    input.take(LONGEST).read_to_end(&mut told)?;
    let event = Event::parse(&told)
        .map_err(|error| format!("what is on standard input is not the JSON of an agent's hook: {error}"))?;
    let Some(Event { directory, action }) = event else { return Ok(Outcome::Allowed) };
    let here = env::current_dir()?.join(directory);
    let denied = match action {
        Action::Write(file) => {
            misplaced(options, &here, &git::user_path::canonicalize_lenient(&here.join(file)))?
        }
        Action::Run(shell, text) => {
            let program = super::name()?;
            bypass::find(&text, shell).map(|bypass| report::agent::bypass(&bypass, &program))
        }
        Action::Stop => left_behind(options, &here)?,
    };
    Ok(denied.map_or(Outcome::Allowed, Outcome::Denied))
}

/// Denies a new file that a commit would be refused for. It belongs to the repository
/// that it lies in, wherever the agent stands.
fn misplaced(options: &Options, here: &Path, file: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let is_gits = file.components().any(|component| component.as_os_str().eq_ignore_ascii_case(".git"));
    let directory = file.ancestors().skip(1).find(|ancestor| ancestor.is_dir() && !is_gits);
    let Some(repository) = directory.map(repository_of).transpose()?.flatten() else { return Ok(None) };
    let path = git::user_path::resolve(repository.layout(), file.as_os_str())?;
    let path = path.as_bstr();
    let policy = policy(options, &|name| repository.top_level_file(name))?;
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
        program: &super::name()?,
    })))
}

/// Names the session work that is left in the repository in which the agent stands.
fn left_behind(options: &Options, here: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let Some(repository) = repository_of(here)? else { return Ok(None) };
    let policy = policy(options, &|name| repository.top_level_file(name))?;
    let (mut findings, _) = check::untracked_findings(&repository, &policy)?;
    // What is in the session directory is where it belongs.
    findings.retain(|finding| !is_in_session_directory(finding.entry.path.as_bstr()));
    if findings.is_empty() {
        return Ok(None);
    }
    Ok(Some(report::agent::leftovers(&findings, &super::name()?)))
}

/// The repository that `directory` is in the worktree of; nothing, where it is in none.
fn repository_of(
    directory: &Path,
) -> Result<Option<impl std::ops::Deref<Target = Repository>>, Box<dyn Error>> {
    env::set_current_dir(directory)
        .map_err(|error: io::Error| git::Error::ChangeDirectory(directory.to_owned(), error))?;
    match super::open() {
        Ok(repository) => Ok(Some(repository)),
        Err(git::Error::NotARepository(_) | git::Error::Bare(_) | git::Error::InGitDirectory(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
