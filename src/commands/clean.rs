//! `clean`: deletes what is in `current/`.

use std::error::Error;

use super::{Ask, Outcome, Output};
use crate::cli::{CleanArgs, Options};
use crate::report;
use crate::session::SessionDirectory;

/// Deletes all that is not tracked, when the user says so.
pub(super) fn run(
    options: &Options,
    args: &CleanArgs,
    ask: Ask,
    out: &mut Output,
) -> Result<Outcome, Box<dyn Error>> {
    let repository = super::open()?;
    let tracked = repository.tracked_paths()?;
    let session = SessionDirectory::at(repository.top());
    let current = session.current(&|path| tracked.contains(path))?;
    let is_dry_run = options.dry_run;
    if !current.found.is_empty() && !is_dry_run {
        if !args.yes {
            match ask(&report::session::question(&current.found))? {
                Some(true) => {}
                Some(false) => {
                    report::session::not_cleaned(out)?;
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
    report::session::cleaned(out, &current, is_dry_run, options.quiet)?;
    Ok(Outcome::Allowed)
}
