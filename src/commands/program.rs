//! The path of this program, in hooks and in the commands that reports suggest.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::{env, fs, io};

use crate::environment::Environment;

const NAME: &str = env!("CARGO_PKG_NAME");

/// Returns the path by which hooks call this program.
///
/// A path on `PATH` is preferred, because an update of the program keeps it.
pub(super) fn binary(environment: &Environment) -> io::Result<PathBuf> {
    let own = env::current_exe()?;
    let metadata = fs::metadata(&own)?;
    let is_same = |other: fs::Metadata| other.dev() == metadata.dev() && other.ino() == metadata.ino();
    let is_own = |path: &PathBuf| path.is_absolute() && fs::metadata(path).is_ok_and(is_same);
    Ok(on_path(environment).find(is_own).unwrap_or(own))
}

/// Returns what a user types to run this program: its name if it is on `PATH`, else its path.
pub(super) fn typed_name(environment: &Environment) -> io::Result<PathBuf> {
    let binary = binary(environment)?;
    let first = on_path(environment).find(|path| environment.absolute(path).is_file());
    // pre-commit and prek set this variable and extend `PATH` while they run a hook.
    let is_path_of_user = environment.var("PRE_COMMIT").is_none();
    Ok(if is_path_of_user && first.as_ref() == Some(&binary) { NAME.into() } else { binary })
}

/// Returns the paths on `PATH` where this program could be, in order.
pub(super) fn on_path(environment: &Environment) -> impl Iterator<Item = PathBuf> {
    let directories = environment.var("PATH").unwrap_or_default();
    env::split_paths(directories).map(|directory| directory.join(NAME))
}
