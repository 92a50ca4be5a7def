//! `man`: the manual page.

use std::error::Error;
use std::io::Write;

use clap::CommandFactory;

use super::{Context, Outcome};
use crate::cli::Cli;
use crate::report::man;

/// Prints the page.
pub(super) fn run(context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let mut grammar = Cli::command();
    grammar.build();
    context.out.write_all(man::page(&mut grammar).as_bytes())?;
    Ok(Outcome::Allowed)
}
