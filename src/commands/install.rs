//! `install`: links the hooks, so that git runs the guard from then on.

use std::error::Error;

use super::{Outcome, Output};
use crate::cli::{InstallArgs, Options, Strict};
use crate::git::{History, HooksPath};
use crate::hooks::{self, Hooks, Level};
use crate::report;

/// Links the hooks in the repository's own hooks directory. Where git runs hooks
/// from another one, nothing is changed, and the error says what its owner has to
/// add.
pub(super) fn run(options: &Options, args: &InstallArgs, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let history = History::open()?;
    let level = match args.strict {
        None if history.is_bare() => Level::Bare,
        Some(_) if history.is_bare() => return Err("a bare repository has one door, which is guarded without --strict".into()),
        None => Level::Default,
        Some(Strict::Hooks) => Level::Strict,
        Some(Strict::Refs) => Level::Refs,
    };
    let place = HooksPath::here()?;
    let binary = super::binary()?;
    match Hooks::new(&place.directory, &place.common_dir) {
        Ok(hooks) => {
            let installed = hooks.install(&binary, level)?;
            if !options.quiet {
                report::hooks::installed(out, history.directory(), &place, &binary, &installed)?;
            }
            Ok(Outcome::Allowed)
        }
        Err(hooks::Error::Outside(directory)) => {
            Err(report::hooks::not_guarded(&directory, place.origin.as_ref(), &binary).into())
        }
        Err(error) => Err(error.into()),
    }
}
