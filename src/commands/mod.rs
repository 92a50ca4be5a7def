//! One file a command: it reads its options, calls the core and reports the result.

mod agent;
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

pub use self::context::{Context, Output};
use crate::check::Trigger;
use crate::cli::{CheckOptions, Command, DryRun};

/// The result of a command that could do its work.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Nothing is refused.
    Allowed,
    /// Something is refused.
    Refused,
    /// The hook that was there before ended with this exit status.
    Ended(u8),
    /// A coding agent is denied what it is about to do, for this reason.
    Denied(String),
}

impl Outcome {
    /// Returns the outcome if `refused` paths are refused: a dry run allows them.
    fn of(refused: usize, dry_run: DryRun) -> Self {
        if refused > 0 && !dry_run.is_on { Self::Refused } else { Self::Allowed }
    }
}

/// Runs `command`, or checks what is staged with `options` if there is none.
///
/// The report is in `context.out`.
///
/// # Errors
///
/// The command could not do its work. What `context.out` holds must not be printed.
pub fn run(
    command: Option<Command>,
    options: &CheckOptions,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    match command {
        None => check::staged(options, Trigger::Manual, context),
        Some(Command::Check(args)) => check::run(&args, context),
        Some(Command::Explain(args)) => explain::run(&args, context),
        Some(Command::Rules(args)) => rules::run(&args, context),
        Some(Command::Hook(args)) => hook::run(&args, context),
        Some(Command::Init(args)) => init::run(&args, context),
        Some(Command::Stow(args)) => stow::run(&args, context),
        Some(Command::Archive(args)) => archive::run(&args, context),
        Some(Command::Clean(args)) => clean::run(&args, context),
        Some(Command::Agent) => agent::run(context),
        Some(Command::Install(args)) => install::run(&args, context),
        Some(Command::Doctor) => doctor::run(context),
        Some(Command::Uninstall(args)) => uninstall::run(&args, context),
        Some(Command::Completions(args)) => completions::run(&args, context),
        Some(Command::Man) => man::run(context),
    }
}
