//! `completions`: a script that has a shell complete what a user types.

use std::error::Error;
use std::io::Write;

use super::{Context, Outcome};
use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs, Shell};
use crate::report::completions;

/// Prints the script.
pub(super) fn run(args: &CompletionsArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let mut grammar = Cli::command();
    grammar.build();
    let script = match args.shell {
        Shell::Bash => completions::bash(&grammar),
        Shell::Zsh => completions::zsh(&grammar),
        Shell::Fish => completions::fish(&grammar),
        Shell::PowerShell => completions::powershell(&grammar),
    };
    context.out.write_all(script.as_bytes())?;
    Ok(Outcome::Allowed)
}
