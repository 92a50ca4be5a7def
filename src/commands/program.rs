//! The path of this program, in hooks and in the commands that reports suggest.

use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::{env, fs, io};

use crate::environment::Environment;

const NAME: &str = env!("CARGO_PKG_NAME");

/// Returns the path by which hooks call this program.
///
/// A path on `PATH`, or else the one by which the user has started the program, is preferred:
/// an update of the program keeps it, also if it is behind a symlink to a version.
pub(super) fn binary(environment: &Environment) -> io::Result<PathBuf> {
    let own = own_path(environment)?;
    let is_own = |path: &PathBuf| path.is_absolute() && is_same_file(path, &own);
    Ok(on_path(environment).chain(started_as(environment)).find(is_own).unwrap_or(own))
}

/// Returns the path of the file of this program.
///
/// Without `/proc`, it is the path by which the program was started.
pub(super) fn own_path(environment: &Environment) -> io::Result<PathBuf> {
    env::current_exe().or_else(|error| {
        let on_path = || on_path(environment).find(|path| environment.absolute(path).is_file());
        started_as(environment).or_else(on_path).ok_or(error)
    })
}

/// Returns the path by which this program was started, absolute and without `.` and `..`.
///
/// Symlinks in the part behind the last `..` are kept.
fn started_as(environment: &Environment) -> Option<PathBuf> {
    let typed = PathBuf::from(env::args_os().next()?);
    if typed.components().count() < 2 {
        return None;
    }
    let components: Vec<Component> = typed.components().filter(|part| *part != Component::CurDir).collect();
    let behind = components.iter().rposition(|part| *part == Component::ParentDir).map_or(0, |last| last + 1);
    let (above, rest) = components.split_at(behind);
    let current_dir = env::current_dir().ok()?;
    // The shell's name for the current directory keeps the symlinks that led to it.
    let logical = environment.var("PWD").map(PathBuf::from).filter(|path| is_same_file(path, &current_dir));
    let above = logical.unwrap_or(current_dir).join(above.iter().collect::<PathBuf>());
    let above = if behind == 0 { above } else { fs::canonicalize(above).ok()? };
    Some(above.join(rest.iter().collect::<PathBuf>()))
}

fn is_same_file(path: &Path, other: &Path) -> bool {
    let id = |path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    id(path).is_some_and(|id_of_path| id(other) == Some(id_of_path))
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
