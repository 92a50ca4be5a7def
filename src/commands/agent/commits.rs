//! `agent`, before a command commits: for an agent whose git runs no hooks.

use std::error::Error;
use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};

use super::super::Context;
use super::{environment_in, open_repository, writes};
use crate::agents::{Agent, FileWrite};
use crate::bypass::{Commit, Commits, Pathspec, commits_of};
use crate::check::{Check, Trigger};
use crate::git::user_path::canonicalize_lenient;
use crate::policy::Finding;
use crate::report::agent::{checked_before, denied_commit};

/// The number of commits of a script that are checked.
const MAX_COMMITS: usize = 16;

/// Denies a script with a commit that git's hooks would refuse.
///
/// What is staged is judged, and what the script stages itself: what is untracked now, and the
/// files that it writes, by their names.
pub(super) fn check(
    context: &Context,
    agent: Agent,
    directory: &Path,
    script: &str,
) -> Result<Option<String>, Box<dyn Error>> {
    let Commits { made: mut commits, staged, written } = commits_of(script);
    if commits.is_empty() {
        return Ok(None);
    }
    commits.dedup();
    let staged = Pathspecs::new(directory, &staged);
    for commit in commits.iter().take(MAX_COMMITS) {
        if let Some(reason) = check_commit(context, agent, directory, (commit, &staged))? {
            return Ok(Some(reason));
        }
    }
    let is_new = |file: &PathBuf| staged.match_path(file) && !file.exists();
    let written = written.iter().map(|file| canonicalize_lenient(&directory.join(file))).filter(is_new);
    let written: Vec<FileWrite> = written.map(FileWrite::unknown).collect();
    let reason = writes::check(context, directory, &written)?;
    Ok(reason.map(|reason| format!("{}\n{reason}", checked_before(agent))))
}

fn check_commit(
    context: &Context,
    agent: Agent,
    directory: &Path,
    (commit, staged): (&Commit, &Pathspecs),
) -> Result<Option<String>, Box<dyn Error>> {
    // A directory that is not known, such as `$x`, counts as that of the command.
    let environment = environment_in(&context.environment, &directory.join(&commit.directory))
        .or_else(|_| environment_in(&context.environment, directory))?;
    let Some(repository) = open_repository(&environment)? else { return Ok(None) };
    let on_disk = |path: &BStr| repository.layout().on_disk(path);
    let check = Check { environment: &environment, config: None };
    let only = Pathspecs::new(directory, &commit.only);
    let mut findings: Vec<Finding> = check.staged(Trigger::Manual)?.findings;
    findings.retain(|finding| only.is_empty() || only.match_path(&on_disk(finding.entry.path.as_bstr())));
    if !staged.is_empty() {
        let untracked = check.untracked()?.findings.into_iter();
        findings
            .extend(untracked.filter(|finding| staged.match_path(&on_disk(finding.entry.path.as_bstr()))));
    }
    if findings.is_empty() || writes::is_foreign(context, directory, &repository)? {
        return Ok(None);
    }
    Ok(Some(denied_commit(agent, &findings, repository.worktree(), &context.program()?)))
}

/// Pathspecs as absolute paths.
struct Pathspecs {
    is_all: bool,
    paths: Vec<PathBuf>,
}

impl Pathspecs {
    fn new(directory: &Path, pathspecs: &[Pathspec]) -> Self {
        let below = |pathspec: &Pathspec| match pathspec {
            Pathspec::All => None,
            Pathspec::Below(path) => Some(canonicalize_lenient(&directory.join(path))),
        };
        let paths: Vec<PathBuf> = pathspecs.iter().filter_map(below).collect();
        Self { is_all: paths.len() < pathspecs.len(), paths }
    }

    fn is_empty(&self) -> bool {
        !self.is_all && self.paths.is_empty()
    }

    fn match_path(&self, file: &Path) -> bool {
        self.is_all || self.paths.iter().any(|path| file.starts_with(path))
    }
}
