//! Backups: `install` renames the previous hook, and `uninstall` restores it.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::files::{
    base_name, exists, failed, hook_named, is_same_hook, remove, with_suffix, without_suffix,
};
use super::{Error, Hooks, Manager, shim};
use crate::git::Hook;

/// The suffix of a backup.
///
/// As with other managers, the backup stays in its directory, because hooks look for files
/// in the directory that they are in.
const SUFFIX: &str = ".before-stage-guard";

/// The suffixes with which pre-commit and prek, and lefthook, rename previous hooks.
const SUFFIXES_OF_OTHERS: [&str; 2] = [".legacy", ".old"];

impl Hooks {
    /// Backs up the file of `hook`, if there is one other than the shim.
    pub(super) fn back_up_existing(&self, hook: Hook) -> Result<(), Error> {
        let path = self.directory.join(hook.name());
        if self.is_shim(&path) {
            return Ok(());
        }
        // If another manager has renamed the link, the backup is restored to the new name.
        for renamed in self.links(&self.directory)?.iter().filter(|link| hook_named(link) == Some(hook)) {
            self.restore(renamed)?;
        }
        // A manager that is installed later renames the link to these names.
        for other in SUFFIXES_OF_OTHERS.iter().map(|suffix| with_suffix(&path, suffix)) {
            let backup = with_suffix(&other, SUFFIX);
            if exists(&other) && !self.is_shim(&other) && !exists(&backup) {
                back_up(&other, &backup)?;
            }
        }
        if exists(&path) { back_up(&path, &backup_path(&self.directory, hook)) } else { Ok(()) }
    }

    /// Points a backup that is a symlink to another guarded hook to the backup of that hook.
    ///
    /// Its old target is now a link to the shim.
    pub(super) fn retarget_backup(&self, hook: Hook) -> Result<(), Error> {
        let backup = backup_path(&self.directory, hook);
        let Ok(target) = fs::read_link(&backup) else { return Ok(()) };
        let target = with_suffix(&target, SUFFIX);
        if shim::resolves_to_shim(&backup) && exists(&self.directory.join(&target)) {
            self.replace(&backup, "back up", |new| symlink(&target, new))?;
        }
        Ok(())
    }

    /// Replaces a link to the shim with the backup of its hook, if any, or removes the link.
    pub(super) fn restore(&self, link: &Path) -> Result<(), Error> {
        let original = link.with_file_name(base_name(link));
        let (own_backup, backup) = (with_suffix(link, SUFFIX), with_suffix(&original, SUFFIX));
        if !exists(&backup) {
            return if exists(&own_backup) { self.restore_from(&own_backup, link) } else { remove(link) };
        }
        // The manager that owns the backup was installed again and has renamed the link.
        if original != link && is_reinstalled(&backup) {
            remove(&backup)?;
            return self.restore(link);
        }
        self.restore_from(&backup, link)
    }

    /// Moves a backup to `path`, and reverts [`Hooks::retarget_backup`].
    pub(super) fn restore_from(&self, backup: &Path, path: &Path) -> Result<(), Error> {
        let target = fs::read_link(backup).ok().and_then(|target| without_suffix(&target, SUFFIX));
        let Some(target) = target else {
            return fs::rename(backup, path).map_err(failed("restore", path));
        };
        self.replace(path, "restore", |new| symlink(&target, new))?;
        remove(backup)
    }
}

/// Returns whether the manager that owns a backup has reinstalled its hook.
///
/// Then it has renamed the link to the shim and may run it, so the hook would run twice.
#[must_use]
pub(crate) fn is_reinstalled(backup: &Path) -> bool {
    let owner = Manager::of(backup);
    owner.is_some() && original_path(backup).is_some_and(|path| Manager::of(&path) == owner)
}

/// Returns the path of the backup of `hook`.
pub(super) fn backup_path(directory: &Path, hook: Hook) -> PathBuf {
    with_suffix(&directory.join(hook.name()), SUFFIX)
}

/// Returns the original path of a backup; `None` if `path` is not named like a backup.
pub(super) fn original_path(path: &Path) -> Option<PathBuf> {
    without_suffix(path, SUFFIX)
}

/// Creates the backup as a second name of the hook.
///
/// The link to the shim replaces the first name later, so that at every moment git runs either
/// the hook or the shim.
fn back_up(path: &Path, backup: &Path) -> Result<(), Error> {
    if exists(backup) {
        // An interrupted `install` leaves a backup of the same hook.
        let occupied = || Error::BackupExists { backup: backup.to_owned(), path: path.to_owned() };
        return is_same_hook(path, backup).then_some(()).ok_or_else(occupied);
    }
    fs::hard_link(path, backup).or_else(|_| copy(path, backup)).map_err(failed("back up", path))
}

/// Copies a file or symlink, for file systems without hard links.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::read_link(from) {
        Ok(target) => symlink(target, to),
        Err(_) => fs::copy(from, to).map(drop),
    }
}
