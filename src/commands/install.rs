//! `install`: links the hooks, so that git runs the guard from then on.

use std::error::Error;

use super::{Outcome, Output};
use crate::cli::Options;
use crate::git::{HooksPath, Repository};
use crate::hooks::{self, Hooks};
use crate::report;

/// Links the hooks in the repository's own hooks directory. Where git runs hooks
/// from another one, nothing is changed, and the error says what its owner has to
/// add.
pub(super) fn run(options: &Options, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let repository = Repository::open()?;
    let place = HooksPath::here()?;
    let binary = super::binary()?;
    match Hooks::new(&place.directory, &place.common_dir) {
        Ok(hooks) => {
            let installed = hooks.install(&binary)?;
            if !options.quiet {
                report::hooks::installed(out, repository.top(), &place, &binary, &installed)?;
            }
            Ok(Outcome::Allowed)
        }
        Err(hooks::Error::Outside(directory)) => {
            Err(report::hooks::not_guarded(&directory, place.origin.as_ref(), &binary).into())
        }
        Err(error) => Err(error.into()),
    }
}
