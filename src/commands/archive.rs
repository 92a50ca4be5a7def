//! `archive`: moves the contents of `current/` to `archive/`, under today's date.

use std::error::Error;

use super::{Context, Outcome};
use crate::cli::ArchiveArgs;
use crate::report;
use crate::session::{Archived, Purpose, SessionDirectory};

/// Archives the untracked files in `current/`.
pub(super) fn run(args: &ArchiveArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let tracked = repository.tracked_paths_on_disk()?;
    let session = SessionDirectory::new(repository.layout().worktree());
    let current = session.list_current(&tracked, Purpose::Archive)?;
    let today = jiff::ZonedDateTime::now().date().to_string();
    let moves = session.plan_archive(&current.entries, &today)?;
    let mut archived =
        if args.dry_run.is_on { Archived { moves, ..Archived::default() } } else { session.archive(&moves) };
    archived.skipped.extend(current.skipped);
    archived.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    if context.is_quiet {
        report::session::count_archived(&mut context.out, archived.moves.len())?;
    } else {
        report::session::archived(&mut context.out, &archived, args.dry_run.is_on)?;
    }
    let count = if args.dry_run.is_on { 0 } else { archived.moves.len() };
    Ok(Outcome::of_changes(count, &archived.failures))
}
