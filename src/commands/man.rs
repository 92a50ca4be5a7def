//! `man`: the manual page.

use std::error::Error;
use std::io::Write;

use super::{Outcome, Output};
use crate::cli::Cli;
use crate::report::man;

/// Prints the page.
pub(super) fn run(out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let mut grammar = Cli::grammar();
    grammar.build();
    out.write_all(man::page(&mut grammar).as_bytes())?;
    Ok(Outcome::Allowed)
}
