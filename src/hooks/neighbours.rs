//! The neighbours of a previous hook: it runs from a directory in which it finds the files
//! of the hooks directory under their own names.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::backup::{STASHED_SUFFIXES, SUFFIX};
use super::exchange::{FileId, exchange, file_id, rename_no_replace};
use super::files::{copy_file, exists, give_to_owner_of, list, temporary_path, without_suffix};
use super::script::HookScript;
use crate::git::Hook;

/// The files of the hooks directory that are linked into the backup directory.
///
/// Links are a service to the previous hook: it also runs if one cannot be made.
#[derive(Debug)]
pub(crate) struct Neighbours {
    /// The hooks directory.
    hooks: PathBuf,
    /// The backup directory, next to the hooks directory.
    backups: PathBuf,
    /// The previous hook, which runs from the backup directory.
    previous: PathBuf,
    /// The identity of the backup directory.
    id: FileId,
    /// The open backup directory, which is locked; `None` if it cannot be opened.
    directory: Option<File>,
    /// The linked files of the hooks directory, by name.
    linked: BTreeMap<OsString, FileId>,
}

impl Neighbours {
    /// Renews the links next to the backup at `previous`; `None` if there is no backup directory.
    pub(crate) fn link(previous: &Path) -> Option<Self> {
        let backups = previous.parent()?.to_owned();
        let hooks = without_suffix(&backups, SUFFIX)?;
        let id = file_id(&backups)?;
        let previous = previous.to_owned();
        let directory = File::open(&backups).ok();
        let mut neighbours = Self { hooks, backups, previous, id, directory, linked: BTreeMap::new() };
        if neighbours.lock_if_idle() {
            neighbours.carry_back();
            neighbours.renew_links();
        }
        neighbours.lock_shared();
        neighbours.linked = neighbours.find_links();
        Some(neighbours)
    }

    /// Makes in the hooks directory the changes that the hook has made next to itself.
    ///
    /// A hook that another program runs from the hooks directory finds its new files there. While
    /// another hook runs, only deletions are made: the last hook that ends makes the others.
    pub(crate) fn update(self) {
        if self.lock_if_idle() {
            self.carry_back();
        }
        self.delete_deleted_files();
    }

    /// Returns the files of the hooks directory that are linked.
    fn find_links(&self) -> BTreeMap<OsString, FileId> {
        let links =
            list(&self.backups).unwrap_or_default().into_iter().filter(|path| is_neighbour_link(path));
        let file = |link: PathBuf| {
            let name = link.file_name()?;
            Some((name.to_owned(), file_id(&self.hooks.join(name))?))
        };
        links.filter_map(file).collect()
    }

    fn renew_links(&self) {
        for path in list(&self.backups).unwrap_or_default() {
            let Some(name) = path.file_name() else { continue };
            if is_neighbour_link(&path) && !self.is_linkable(name) {
                let _ = fs::remove_file(&path);
            }
        }
        for path in list(&self.hooks).unwrap_or_default() {
            let Some(name) = path.file_name().filter(|name| self.is_linkable(name)) else { continue };
            let link = self.backups.join(name);
            if !exists(&link) {
                self.link_file(name);
            } else if is_stash(name) && HookScript::read(&path).is_none() && !is_neighbour_link(&link) {
                // A copy of a file that a manager may overwrite; the file may have changed.
                let _ = renew_copy(&path, &link);
            }
        }
    }

    fn link_file(&self, name: &OsStr) {
        let link = self.backups.join(name);
        let linked = symlink(neighbour_target(&self.hooks, name), &link);
        let _ = linked.and_then(|()| give_to_owner_of(&self.backups, &link));
    }

    /// Returns whether the file of this name in the hooks directory is a neighbour.
    ///
    /// A guarded hook is not: the previous one, if any, has its place.
    fn is_linkable(&self, name: &OsStr) -> bool {
        let path = self.hooks.join(name);
        exists(&path) && !(is_hook_name(name) && HookScript::read(&path).is_some())
    }

    /// Makes the changes of files that a hook has made in the backup directory in the hooks directory.
    fn carry_back(&self) {
        self.rename_renamed_files();
        for own in list(&self.backups).unwrap_or_default() {
            let Some(name) = own.file_name() else { continue };
            let neighbour = self.hooks.join(name);
            if is_backup_name(name) || is_neighbour_link(&own) || self.renamed(&own).is_some() {
                continue;
            }
            if rename_no_replace(&own, &neighbour).is_ok() || replace_older(&own, &neighbour) {
                self.link_file(name);
            }
        }
    }

    /// Renames the files whose links the hook has renamed.
    ///
    /// A file is renamed after the one that has its new name, as in `mv a.1 a.2; mv a a.1`.
    fn rename_renamed_files(&self) {
        let paths = list(&self.backups).unwrap_or_default().into_iter();
        let renamed = |path: PathBuf| Some((self.renamed(&path)?, path.file_name()?.to_owned()));
        let mut renamed: Vec<(OsString, OsString)> = paths.filter_map(renamed).collect();
        let is_free = |(_, new): &(OsString, OsString), all: &[(_, _)]| all.iter().all(|(old, _)| old != new);
        while let Some(index) = renamed.iter().position(|names| is_free(names, &renamed)) {
            let (old, new) = renamed.remove(index);
            if fs::rename(self.hooks.join(&old), self.hooks.join(&new)).is_ok() {
                let _ = fs::remove_file(self.backups.join(&new));
                self.link_file(&new);
            }
        }
    }

    /// Returns the old name of a link that the hook has renamed to `path`.
    fn renamed(&self, path: &Path) -> Option<OsString> {
        let target = fs::read_link(path).ok()?;
        let old = target.file_name().filter(|old| Some(*old) != path.file_name())?;
        let is_link = target == neighbour_target(&self.hooks, old);
        let is_copied = is_neighbour_link(&self.backups.join(old));
        (is_link && !is_copied && !path.file_name().is_some_and(is_backup_name)).then(|| old.to_owned())
    }

    /// Deletes the files of the hooks directory whose links the hook has deleted.
    ///
    /// Nothing is deleted if the backup directory or the hook is gone: that is `uninstall`.
    fn delete_deleted_files(&self) {
        if file_id(&self.backups) != Some(self.id) || !exists(&self.previous) {
            return;
        }
        let paths = list(&self.backups).unwrap_or_default();
        for (name, id) in &self.linked {
            let neighbour = self.hooks.join(name);
            let is_renamed = || paths.iter().any(|path| self.renamed(path).as_ref() == Some(name));
            if !exists(&self.backups.join(name)) && file_id(&neighbour) == Some(*id) && !is_renamed() {
                let _ = fs::remove_file(&neighbour);
            }
        }
    }

    /// Locks the backup directory if no hook runs; returns whether none does.
    ///
    /// A hook that runs may write a file and rename it later. On a file system without locks, none
    /// is taken to run.
    fn lock_if_idle(&self) -> bool {
        let lock = |directory| flock(directory, FlockOperation::NonBlockingLockExclusive);
        self.directory.as_ref().map(lock) != Some(Err(Errno::WOULDBLOCK))
    }

    /// Marks that a hook runs, until this value is dropped.
    fn lock_shared(&self) {
        let _ = self.directory.as_ref().map(|directory| flock(directory, FlockOperation::LockShared));
    }
}

/// Replaces the file at `path` with `new`, unless that one is older; returns whether it did.
fn replace_older(new: &Path, path: &Path) -> bool {
    let modified = |path: &Path| {
        let metadata = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
        metadata.modified().ok()
    };
    let Some(time) = modified(new) else { return false };
    let is_older = |old: &Path| modified(old).is_some_and(|old| old <= time);
    if !is_older(path) || exchange(new, path).is_err() {
        return false;
    }
    if is_older(new) {
        return fs::remove_file(new).is_ok();
    }
    // Another program has saved the file meanwhile.
    let _ = exchange(new, path);
    false
}

/// Returns whether `path` is a link of [`Neighbours`].
pub(super) fn is_neighbour_link(path: &Path) -> bool {
    let hooks = path.parent().and_then(|backups| without_suffix(backups, SUFFIX));
    let (Some(hooks), Some(name)) = (hooks, path.file_name()) else { return false };
    fs::read_link(path).is_ok_and(|target| target == neighbour_target(&hooks, name))
}

/// Returns whether a file of this name in a backup directory is a hook that was backed up.
pub(super) fn is_backup_name(name: &OsStr) -> bool {
    is_hook_name(name) || is_stash(name)
}

fn neighbour_target(hooks: &Path, name: &OsStr) -> PathBuf {
    [OsStr::new(".."), hooks.file_name().unwrap_or_default(), name].iter().collect()
}

fn is_hook_name(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.parse::<Hook>().is_ok())
}

fn is_stash(name: &OsStr) -> bool {
    let stem = |suffix: &&str| without_suffix(Path::new(name), suffix);
    STASHED_SUFFIXES.iter().filter_map(stem).any(|stem| is_hook_name(stem.as_os_str()))
}

/// Replaces `copy` with the file at `path`, unless it is that file.
fn renew_copy(path: &Path, copy: &Path) -> std::io::Result<()> {
    if file_id(path) == file_id(copy) {
        return Ok(());
    }
    let new = temporary_path(copy);
    copy_file(path, &new)?;
    fs::rename(&new, copy).inspect_err(|_| drop(fs::remove_file(&new)))
}
