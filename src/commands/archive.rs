//! `archive`: moves what is in `current/` to `archive/`, under today's date.

use std::error::Error;

use super::{Context, Outcome};
use crate::cli::ArchiveArgs;
use crate::report;
use crate::session::SessionDirectory;

/// Archives all that is not tracked.
pub(super) fn run(args: &ArchiveArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let tracked = repository.tracked_paths()?;
    let session = SessionDirectory::at(repository.top());
    let current = session.current(&|path| tracked.contains(path))?;
    let today = jiff::ZonedDateTime::now().date().to_string();
    let moved = session.archived(&current.found, &today)?;
    let is_dry_run = args.dry_run.is_on;
    if !is_dry_run {
        session.archive(&moved)?;
    }
    report::session::archived(&mut context.out, &moved, &current.tracked, is_dry_run, context.is_quiet)?;
    Ok(Outcome::Allowed)
}
