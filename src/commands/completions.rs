//! `completions`: prints a script that completes the command line in a shell.

use std::error::Error;
use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_complete::{Generator, Shell};

use super::{Context, Outcome};
use crate::cli::{self, Cli, CompletionsArgs};

/// Prints the script for a shell.
pub(super) fn run(args: &CompletionsArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let script = match args.shell {
        // If the name of the program has a hyphen, the generator omits the options of commands.
        cli::Shell::Bash => script(Shell::Bash, "stage_guard")?.replace(" stage_guard\n", " stage-guard\n"),
        cli::Shell::Zsh => script(Shell::Zsh, "stage-guard")?,
        // Without the 0, fish completes no value of an option before the command.
        cli::Shell::Fish => script(Shell::Fish, "stage-guard")?.replace(" or return\n", " or return 0\n"),
        cli::Shell::PowerShell => script(Shell::PowerShell, "stage-guard")?,
    };
    context.out.write_all(script.as_bytes())?;
    Ok(Outcome::Allowed)
}

/// Generates the script for a program of this name.
fn script(shell: Shell, name: &str) -> io::Result<String> {
    let mut command = without_hidden(&Cli::command());
    command.set_bin_name(name);
    command.build();
    let mut script = Vec::new();
    shell.try_generate(&command, &mut script)?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}

/// Copies `command` without hidden commands and options, which the generators would list.
fn without_hidden(command: &Command) -> Command {
    Command::new(command.get_name().to_owned())
        .about(command.get_about().cloned().unwrap_or_default())
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(!command.has_subcommands())
        .disable_help_subcommand(true)
        .args(command.get_arguments().filter(|arg| !arg.is_hide_set()).cloned())
        .subcommands(command.get_subcommands().filter(|command| !command.is_hide_set()).map(without_hidden))
}
