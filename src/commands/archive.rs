//! `archive`: moves the contents of `current/` to `archive/`, under today's date.

use std::error::Error;

use super::{Context, Outcome};
use crate::cli::ArchiveArgs;
use crate::report;
use crate::session::{Losses, Purpose, SessionDirectory};

/// Archives the untracked files in `current/`.
pub(super) fn run(args: &ArchiveArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let tracked = repository.tracked_paths()?;
    let session = SessionDirectory::new(repository.layout().worktree());
    let current = session.list_current(&tracked, Purpose::Archive)?;
    let today = jiff::ZonedDateTime::now().date().to_string();
    let moves = session.plan_archive(&current.entries, &today)?;
    let losses = if args.dry_run.is_on { Losses::new() } else { session.archive(&moves)? };
    if context.is_quiet {
        report::session::count_archived(&mut context.out, moves.len())?;
    } else {
        report::session::archived(&mut context.out, &moves, &current.skipped, &losses, args.dry_run.is_on)?;
    }
    Ok(if args.dry_run.is_on || moves.is_empty() { Outcome::Allowed } else { Outcome::Done })
}
