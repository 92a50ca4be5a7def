//! `clean`: deletes what is in `current/`.

use std::error::Error;

use super::{Context, Outcome};
use crate::cli::CleanArgs;
use crate::report;
use crate::session::SessionDirectory;

/// Deletes all that is not tracked, when the user says so.
pub(super) fn run(args: &CleanArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let tracked = repository.tracked_paths()?;
    let session = SessionDirectory::at(repository.top());
    let current = session.current(&|path| tracked.contains(path))?;
    let is_dry_run = args.dry_run.is_on;
    if !current.found.is_empty() && !is_dry_run {
        if !args.yes {
            match (context.ask)(&report::session::question(&current.found))? {
                Some(true) => {}
                Some(false) => {
                    report::session::not_cleaned(&mut context.out)?;
                    return Ok(Outcome::Allowed);
                }
                None => {
                    return Err("nothing was deleted: there is no terminal to ask on; \
                         `stage-guard clean --dry-run` shows what would go, --yes deletes it"
                        .into());
                }
            }
        }
        session.delete(&current.found)?;
    }
    report::session::cleaned(&mut context.out, &current, is_dry_run, context.is_quiet)?;
    Ok(Outcome::Allowed)
}
