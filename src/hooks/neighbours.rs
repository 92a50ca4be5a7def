//! What lies next to a previous hook: it runs from a directory in which it finds the files
//! of the hooks directory under their own names.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use super::backup::{STASHED_SUFFIXES, SUFFIX};
use super::files::{copy_file, exists, give_to_owner_of, list, with_suffix, without_suffix};
use super::script::HookScript;
use crate::git::Hook;

/// The device and the inode of a file.
type FileId = (u64, u64);

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
        let mut neighbours = Self { hooks, backups, previous, id, linked: BTreeMap::new() };
        neighbours.move_new_files();
        neighbours.renew_links();
        Some(neighbours)
    }

    /// Makes in the hooks directory the changes that the hook has made next to itself.
    ///
    /// A hook that another program runs from the hooks directory finds its new files there.
    pub(crate) fn update(self) {
        self.replace_changed_files();
        self.move_new_files();
        self.delete_deleted_files();
    }

    fn renew_links(&mut self) {
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
            if let Some(id) = file_id(&path).filter(|_| is_neighbour_link(&link)) {
                self.linked.insert(name.to_owned(), id);
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

    /// Moves files that the hook has replaced links with to the hooks directory.
    fn replace_changed_files(&self) {
        for (name, id) in &self.linked {
            let (own, neighbour) = (self.backups.join(name), self.hooks.join(name));
            let is_replaced = fs::symlink_metadata(&own).is_ok_and(|metadata| metadata.is_file());
            if is_replaced && file_id(&neighbour) == Some(*id) && fs::rename(&own, &neighbour).is_ok() {
                self.link_file(name);
            }
        }
    }

    /// Moves files that are not hooks to the hooks directory, and links them.
    fn move_new_files(&self) {
        for own in list(&self.backups).unwrap_or_default() {
            let Some(name) = own.file_name() else { continue };
            let neighbour = self.hooks.join(name);
            if is_backup_name(name) || is_neighbour_link(&own) || exists(&neighbour) {
                continue;
            }
            if fs::rename(&own, &neighbour).is_ok() {
                self.link_file(name);
            }
        }
    }

    /// Deletes the files of the hooks directory whose links the hook has deleted.
    ///
    /// Nothing is deleted if the backup directory or the hook is gone: that is `uninstall`.
    fn delete_deleted_files(&self) {
        if file_id(&self.backups) != Some(self.id) || !exists(&self.previous) {
            return;
        }
        for (name, id) in &self.linked {
            let neighbour = self.hooks.join(name);
            if !exists(&self.backups.join(name)) && file_id(&neighbour) == Some(*id) {
                let _ = fs::remove_file(&neighbour);
            }
        }
    }
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
    let new = with_suffix(copy, ".new");
    copy_file(path, &new)?;
    fs::rename(&new, copy)
}

fn file_id(path: &Path) -> Option<FileId> {
    fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}
