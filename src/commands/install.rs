//! `install`: links the hooks, so that git runs the guard from then on.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::{Outcome, Output};
use crate::git::{HooksPath, Repository};
use crate::hooks::{self, Hooks};
use crate::report;

/// Links the hooks in the repository's own hooks directory. Where git runs hooks
/// from another one, nothing is changed, and the error says what its owner has to
/// add.
pub(super) fn run(out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let repository = Repository::open()?;
    let place = HooksPath::here()?;
    let binary = binary()?;
    match Hooks::new(&place.directory, &place.common_dir) {
        Ok(hooks) => {
            let installed = hooks.install(&binary)?;
            report::hooks::installed(out, repository.top(), &place, &binary, &installed)?;
            Ok(Outcome::Allowed)
        }
        Err(hooks::Error::Outside(directory)) => {
            Err(report::hooks::not_guarded(&directory, place.origin.as_ref(), &binary).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The path by which hooks call this program: the one on `PATH`, where that is
/// this program, for it stays when a new version is installed; else the
/// program's own.
fn binary() -> Result<PathBuf, Box<dyn Error>> {
    let own = env::current_exe()?;
    let real = fs::canonicalize(&own)?;
    let is_own = |path: &PathBuf| path.is_absolute() && fs::canonicalize(path).is_ok_and(|path| path == real);
    let directories = env::var_os("PATH").unwrap_or_default();
    let name = Path::new(env!("CARGO_PKG_NAME"));
    let on_path = env::split_paths(&directories).map(|directory| directory.join(name)).find(is_own);
    Ok(on_path.unwrap_or(own))
}
