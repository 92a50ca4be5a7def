//! The commands, one file each: it reads the options, calls the core and renders the report.

mod agent;
mod allow;
mod archive;
mod check;
mod clean;
mod completions;
mod context;
mod doctor;
mod explain;
mod hook;
mod init;
mod install;
mod man;
mod program;
mod rules;
mod stow;
#[cfg(test)]
mod tests;
mod uninstall;

use std::error::Error;

pub use self::agent::limit_time;
pub use self::context::{Context, Output};
use crate::check::Trigger;
use crate::cli::{CheckOptions, Command, DryRun};
use crate::git::{self, Repository};
use crate::report::failure;
use crate::session;

/// The result of a command that did not fail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Nothing is refused.
    Allowed,
    /// Files were changed, whether or not that can be reported.
    Done,
    /// Files were changed, but not all, because of these errors.
    Incomplete(String),
    /// Nothing is refused, and the caller asked for proof that the check has run.
    Proven,
    /// Something is refused.
    Refused,
    /// The previous hook failed with this exit status.
    PreviousHookFailed(u8),
}

impl Outcome {
    /// Returns the outcome of a change that failed for some files, and for others not.
    fn of_changes(count: usize, failures: &[session::Error]) -> Self {
        match (count, failures) {
            (_, [_, ..]) => Self::Incomplete(failures.iter().map(|error| failure::render(error)).collect()),
            (0, []) => Self::Allowed,
            (_, []) => Self::Done,
        }
    }

    /// Returns the outcome for this number of refused paths. A dry run allows them.
    fn of(refused: usize, dry_run: DryRun) -> Self {
        if refused > 0 && !dry_run.is_on { Self::Refused } else { Self::Allowed }
    }
}

/// Returns whether git ignores all typical files in the session directory.
fn is_session_ignored(repository: &Repository) -> Result<bool, git::Error> {
    let paths = git::typical_files(repository.layout(), &session::home_directories())?;
    Ok(git::not_ignored(repository.layout(), &paths)?.is_empty())
}

/// Runs `command`; without one, checks the staged changes with `options`.
///
/// The report is written to `context.out`.
///
/// # Errors
///
/// The command failed. The partial report in `context.out` must not be printed.
pub fn run(
    command: Option<Command>,
    options: &CheckOptions,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    match command {
        None => check::staged(options, Trigger::Manual, context),
        Some(Command::Check(args)) => check::run(&args, context),
        Some(Command::Explain(args)) => explain::run(&args, context),
        Some(Command::Allow(args)) => allow::run(&args, context),
        Some(Command::Rules(args)) => rules::run(&args, context),
        Some(Command::Hook(args)) => hook::run(&args, context),
        Some(Command::Init(args)) => init::run(&args, context),
        Some(Command::Stow(args)) => stow::run(&args, context),
        Some(Command::Archive(args)) => archive::run(&args, context),
        Some(Command::Clean(args)) => clean::run(&args, context),
        Some(Command::Agent(args)) => agent::run(&args, context),
        Some(Command::Install(args)) => install::run(&args, context),
        Some(Command::Doctor(_)) => doctor::run(context),
        Some(Command::Uninstall(args)) => uninstall::run(&args, context),
        Some(Command::Completions(args)) => completions::run(&args, context),
        Some(Command::Man) => man::run(context),
    }
}
