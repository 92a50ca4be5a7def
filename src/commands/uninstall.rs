//! `uninstall`: takes the hooks away and puts back what was there before.

use std::error::Error;

use super::{Outcome, Output};
use crate::cli::Options;
use crate::git::HooksPath;
use crate::hooks::Hooks;
use crate::report;

/// Leaves the hooks directory as it was before `install`.
pub(super) fn run(options: &Options, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let place = HooksPath::here()?;
    let done = Hooks::new(&place.directory, &place.common_dir)
        .or_else(|_| Hooks::new(&place.common_dir.join("hooks"), &place.common_dir))?
        .uninstall()?;
    if !options.quiet {
        report::hooks::uninstalled(out, &done)?;
    }
    Ok(Outcome::Allowed)
}
