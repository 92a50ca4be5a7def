//! `archive`: moves what is in `current/` to `archive/`, under today's date.

use std::error::Error;

use super::{Outcome, Output};
use crate::cli::Options;
use crate::report;
use crate::session::SessionDirectory;

/// Archives all that is not tracked.
pub(super) fn run(options: &Options, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let repository = super::open()?;
    let tracked = repository.tracked_paths()?;
    let session = SessionDirectory::at(repository.top());
    let current = session.current(&|path| tracked.contains(path))?;
    let today = jiff::ZonedDateTime::now().date().to_string();
    let moved = session.archived(&current.found, &today)?;
    if !options.dry_run {
        session.archive(&moved)?;
    }
    report::session::archived(out, &moved, &current.tracked, options.dry_run, options.quiet)?;
    Ok(Outcome::Allowed)
}
