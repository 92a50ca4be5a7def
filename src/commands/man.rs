//! `man`: prints the manual page.

use std::error::Error;
use std::io::Write;

use clap::CommandFactory;

use super::{Context, Outcome};
use crate::cli::Cli;
use crate::report::man;

/// Prints the page.
pub(super) fn run(context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    context.out.write_all(man::render(Cli::command())?.as_bytes())?;
    Ok(Outcome::Allowed)
}
