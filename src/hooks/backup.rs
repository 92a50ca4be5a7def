//! Backups: `install` moves the previous hook, and `uninstall` restores it.
//!
//! A backup keeps its name, because hooks ask for it. It is in a directory next to the hooks
//! directory, so that relative symlinks and `dirname "$0"/..` lead where they did before.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::files::{
    copy_file, exists, give_to_owner_of, is_directory, is_same_hook, link_or_copy, list, move_file, remove,
    with_suffix, without_suffix,
};
use super::neighbours::{is_backup_name, is_neighbour_link};
use super::{Error, Hooks, Manager};
use crate::git::Hook;
use crate::git::user_path::canonicalize_lenient;

/// The suffix of the backup directory, and of the backups that version 0.1.0 made.
pub(super) const SUFFIX: &str = ".before-stage-guard";

/// The suffixes with which pre-commit and prek, and lefthook, rename previous hooks.
///
/// Installed later, they rename a hook of stage-guard over the file that has such a name.
pub(super) const STASHED_SUFFIXES: [&str; 2] = [".legacy", ".old"];

impl Hooks {
    /// Returns the directory of the backups.
    pub(super) fn backup_directory(&self) -> PathBuf {
        with_suffix(&self.directory, SUFFIX)
    }

    /// Returns whether the directory of the backups contains files of the user.
    ///
    /// Before the first `install`, it does if something in it is no hook.
    pub(super) fn is_backup_directory_taken(&self) -> Result<bool, Error> {
        if self.recorded_level().is_some() || Hook::ALL.into_iter().any(|hook| self.guards(hook)) {
            return Ok(false);
        }
        let is_other =
            |path: &PathBuf| !is_neighbour_link(path) && !path.file_name().is_some_and(is_backup_name);
        Ok(list(&self.backup_directory())?.iter().any(is_other))
    }

    /// Returns the path of the backup of `hook`.
    pub(super) fn backup_path(&self, hook: Hook) -> PathBuf {
        self.backup_directory().join(hook.name())
    }

    /// Backs up the file of `hook`; returns `false` if it is a hook of stage-guard.
    pub(super) fn back_up_existing(&self, hook: Hook) -> Result<bool, Error> {
        let path = self.directory.join(hook.name());
        if self.own_hook(&path).is_some() {
            return Ok(false);
        }
        self.restore_to_renamed(hook)?;
        for name in STASHED_SUFFIXES.map(|suffix| with_suffix(Path::new(hook.name()), suffix)) {
            let other = self.directory.join(&name);
            if exists(&other)
                && self.own_hook(&other).is_none()
                && !is_backup(&self.backup_directory().join(&name))
            {
                self.back_up(&other)?;
            }
        }
        if exists(&path) {
            self.back_up(&path)?;
        }
        Ok(true)
    }

    /// Returns whether the backup of `hook` is `old`, the file that was replaced.
    ///
    /// If another program has saved the hook since `install` has backed it up, `old` becomes the
    /// backup.
    pub(super) fn keep_changed(&self, hook: Hook, old: &Path, is_backed_up: bool) -> bool {
        let backup = self.backup_path(hook);
        let has_backup = is_backup(&backup);
        if has_backup && (is_same_hook(old, &backup) || !is_backed_up) {
            return is_same_hook(old, &backup);
        }
        self.create_directory(&self.backup_directory()).is_ok() && move_file(old, &backup).is_ok()
    }

    /// Restores the backup of `hook` to the name that another program has given to our file.
    ///
    /// That program calls the name, and takes the file for the previous hook.
    fn restore_to_renamed(&self, hook: Hook) -> Result<(), Error> {
        let directories = self.hook_directories();
        for directory in directories.iter().filter(|path| path.starts_with(&self.directory)) {
            for (path, _) in self.own_hooks(directory)?.iter().filter(|(_, own)| own.hook == Some(hook)) {
                if *path == self.directory.join(hook.name()) {
                    continue;
                }
                let is_stash = STASHED_SUFFIXES.iter().any(|suffix| without_suffix(path, suffix).is_some());
                if is_stash || is_backup(&self.backup_path(hook)) {
                    self.restore(path, hook)?;
                }
            }
        }
        Ok(())
    }

    /// Creates the backup of a file in the hooks directory.
    ///
    /// The file itself is replaced later, so that at every moment git runs either one of the two.
    fn back_up(&self, path: &Path) -> Result<(), Error> {
        let directory = self.backup_directory();
        let backup = directory.join(path.file_name().unwrap_or_default());
        if is_backup(&backup) {
            // An interrupted `install` leaves a backup of the same hook.
            let occupied = || Error::BackupExists { backup: backup.clone(), path: path.to_owned() };
            return is_same_hook(path, &backup).then_some(()).ok_or_else(occupied);
        }
        self.create_directory(&directory)?;
        remove(&backup)?;
        // git runs no directory, so its name may be free for a moment.
        if is_directory(path) { move_file(path, &backup) } else { link_or_copy(path, &backup) }
    }

    /// Points a backup that is a symlink to another guarded hook to the backup of that hook.
    pub(super) fn retarget_backup(&self, hook: Hook) -> Result<(), Error> {
        let backup = self.backup_path(hook);
        let Ok(target) = fs::read_link(&backup) else { return Ok(()) };
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else { return Ok(()) };
        let directory = canonicalize_lenient(&self.backup_directory().join(parent));
        let is_hook = directory == self.directory && !parent.as_os_str().is_empty();
        if is_hook && is_backup(&self.backup_directory().join(name)) {
            let target = with_suffix(parent, SUFFIX).join(name);
            self.replace(&backup, "back up", |new| symlink(target, new))?;
        }
        Ok(())
    }

    /// Replaces a hook of stage-guard with the backup of its hook, if any, or removes it.
    ///
    /// A copy under another name gets the backup only if nothing guards under the hook's name.
    ///
    /// Returns `false` if another program has replaced the hook meanwhile.
    pub(super) fn restore(&self, path: &Path, hook: Hook) -> Result<bool, Error> {
        let own_backup = backup_of(path).filter(|backup| is_backup(backup));
        let place = path.with_file_name(hook.name());
        let is_only_guard = |place: &Path| path == place || self.own_hook(place).is_none();
        let beside = backup_of(&place).filter(|backup| is_backup(backup) && is_only_guard(&place));
        let main = self.directory.join(hook.name());
        let moved = Some(self.backup_path(hook)).filter(|backup| is_backup(backup) && is_only_guard(&main));
        let backup = beside.or(moved);
        let Some(backup) = backup else {
            return own_backup
                .map_or_else(|| self.remove_hook(path), |backup| self.restore_from(&backup, path));
        };
        // The manager that owns the backup was installed again and has renamed our hook.
        if !path.ends_with(hook.name()) && is_reinstalled(&backup) {
            remove(&backup)?;
            return self.restore(path, hook);
        }
        self.restore_from(&backup, path)
    }

    /// Moves a backup to `path`, and reverts [`Hooks::retarget_backup`].
    ///
    /// Returns `false` if there is a file of another program.
    fn restore_from(&self, backup: &Path, path: &Path) -> Result<bool, Error> {
        if is_directory(backup) {
            let is_free = self.remove_hook(path)?;
            return if is_free { move_file(backup, path).map(|()| true) } else { Ok(false) };
        }
        let target = fs::read_link(backup).ok().and_then(|target| original_target(&target));
        let create = |new: &Path| match target {
            Some(target) => symlink(target, new).and_then(|()| give_to_owner_of(backup, new)),
            None => fs::hard_link(backup, new).or_else(|_| copy_file(backup, new)),
        };
        let is_restored = self.replace_hook(path, "restore", create, |old| is_same_hook(old, backup))?;
        if is_restored {
            remove(backup)?;
        }
        Ok(is_restored)
    }

    /// Restores the backups in `directory` without a hook of stage-guard, and removes it.
    ///
    /// Returns the backups in whose place there is another hook. They are kept, and so are the
    /// links next to them.
    pub(super) fn restore_orphans(&self, directory: &Path) -> Result<Vec<PathBuf>, Error> {
        let Some(hooks) = without_suffix(directory, SUFFIX) else { return Ok(Vec::new()) };
        let (links, backups): (Vec<_>, Vec<_>) =
            list(directory)?.into_iter().partition(|path| is_neighbour_link(path));
        let mut skipped = Vec::new();
        if !backups.is_empty() {
            self.create_directory(&hooks)?;
        }
        for backup in backups {
            let path = hooks.join(backup.file_name().unwrap_or_default());
            if !self.restore_from(&backup, &path)? {
                skipped.push(backup);
            }
        }
        if skipped.is_empty() {
            links.iter().try_for_each(|link| remove(link))?;
            let _ = fs::remove_dir(directory);
        }
        Ok(skipped)
    }

    /// Copies the backups that version 0.1.0 made next to the hooks into the backup directory.
    ///
    /// Returns their old paths, which are deleted when nothing runs them any more.
    ///
    /// # Errors
    ///
    /// There is a backup of a different hook.
    pub(super) fn adopt_earlier_backups(&self, hooks: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut earlier = Vec::new();
        for path in list(hooks)? {
            let Some(name) = earlier_backup_name(&path) else { continue };
            let directory = with_suffix(hooks, SUFFIX);
            let backup = directory.join(name);
            let target = fs::read_link(&path).ok().and_then(|target| without_suffix(&target, SUFFIX));
            if !is_backup(&backup) {
                self.create_directory(&directory)?;
                remove(&backup)?;
                match target {
                    Some(target) => self.replace(&backup, "back up", |new| symlink(target, new))?,
                    None => link_or_copy(&path, &backup)?,
                }
            } else if !is_same_hook(&path, &backup) && target.is_none() {
                return Err(Error::BackupExists { backup, path });
            }
            earlier.push(path);
        }
        Ok(earlier)
    }
}

/// Returns whether the manager that owns a backup has reinstalled its hook.
///
/// Then it has renamed our hook and may run it, so the manager's hook would run twice.
#[must_use]
pub(crate) fn is_reinstalled(backup: &Path) -> bool {
    let owner = Manager::of(backup);
    owner.is_some() && original_path(backup).is_some_and(|path| Manager::of(&path) == owner)
}

/// Returns the path of the hook that `backup` was, in either layout.
fn original_path(backup: &Path) -> Option<PathBuf> {
    let in_directory = || Some(without_suffix(backup.parent()?, SUFFIX)?.join(backup.file_name()?));
    without_suffix(backup, SUFFIX).or_else(in_directory)
}

/// Returns the path of the backup of the file at `path`.
fn backup_of(path: &Path) -> Option<PathBuf> {
    Some(with_suffix(path.parent()?, SUFFIX).join(path.file_name()?))
}

/// Returns whether there is a backup at `path`, and not a link to a neighbour.
#[must_use]
pub(crate) fn is_backup(path: &Path) -> bool {
    exists(path) && !is_neighbour_link(path)
}

/// Returns the target of a symlink before [`Hooks::retarget_backup`].
fn original_target(target: &Path) -> Option<PathBuf> {
    Some(without_suffix(target.parent()?, SUFFIX)?.join(target.file_name()?))
}

/// Returns the name of the hook that version 0.1.0 backed up at `path`.
fn earlier_backup_name(path: &Path) -> Option<OsString> {
    let name = without_suffix(path, SUFFIX)?.file_name()?.to_owned();
    is_backup_name(&name).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::Hooks;
    use crate::git::Hook;

    #[test]
    fn a_hook_that_is_saved_after_its_backup_replaces_it() {
        let git_dir = tempfile::tempdir().unwrap();
        let hooks = Hooks::new(&git_dir.path().join("hooks"), git_dir.path()).unwrap();
        let (path, backup) = (hooks.directory.join("pre-push"), hooks.backup_path(Hook::PrePush));
        fs::create_dir(&hooks.directory).unwrap();
        fs::write(&path, "first").unwrap();
        assert!(hooks.back_up_existing(Hook::PrePush).unwrap());
        fs::remove_file(&path).unwrap();
        fs::write(&path, "second").unwrap();
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        assert!(!hooks.keep_changed(Hook::PrePush, &path, false) && read(&backup) == "first");
        assert!(hooks.keep_changed(Hook::PrePush, &path, true) && read(&backup) == "second");
    }
}
