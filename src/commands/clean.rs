//! `clean`: deletes the contents of `current/`.

use std::error::Error;

use super::{Context, Outcome};
use crate::cli::CleanArgs;
use crate::report;
use crate::report::failure::Failure;
use crate::session::{Purpose, SessionDirectory};

/// Deletes the untracked files in `current/` after the user has confirmed.
pub(super) fn run(args: &CleanArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let session = SessionDirectory::new(repository.layout().worktree());
    let purpose = if args.force > 1 { Purpose::CleanRepositories } else { Purpose::Clean };
    let mut current = session.list_current(&repository.tracked_paths_on_disk()?, purpose)?;
    if !current.entries.is_empty() && !args.dry_run.is_on {
        if !args.yes {
            let answer = (context.ask)(&report::session::question(&current))?;
            let Some(is_confirmed) = answer else {
                let failure = Failure::new("nothing was deleted: there is no terminal to ask on");
                let program = context.invocation()?.program();
                return Err(failure
                    .with_help(format!("`{program} clean --yes` deletes without asking"))
                    .into());
            };
            if !is_confirmed {
                report::session::not_cleaned(&mut context.out)?;
                return Ok(Outcome::Allowed);
            }
        }
        // Files may have been staged while the question was open.
        current = session.delete(current, &repository.tracked_paths_on_disk()?, purpose);
    }
    let count = current.entries.len() + current.partly_deleted.len();
    if context.is_quiet {
        report::session::count_deleted(&mut context.out, count)?;
    } else {
        let invocation = context.invocation()?;
        let worktree = repository.layout().worktree();
        report::session::cleaned(&mut context.out, &current, args.dry_run.is_on, worktree, &invocation)?;
    }
    Ok(Outcome::of_changes(if args.dry_run.is_on { 0 } else { count }, &current.failures))
}
