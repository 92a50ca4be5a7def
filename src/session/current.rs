//! The contents of `current/`, to be archived or deleted.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::os::unix::ffi::OsStrExt;

use bstr::{BString, ByteSlice};

use super::nested::NestedRepository;
use super::tree::{Content, Deletion, Node, Purpose, SkipReason, Skipped};
use super::{Error, SessionDirectory, directory_of, files, home_directory, name_of};
use crate::disk::{Directory, Loss, failed_to, temporary_name};
use crate::git::TrackedPaths;
use crate::policy::{Home, SESSION_DIRECTORY};

/// What is in `current/`, sorted by path, relative to the worktree.
#[derive(Debug, Default)]
pub(crate) struct Current {
    /// What can be moved or deleted.
    pub entries: Vec<CurrentEntry>,
    /// What cannot.
    pub skipped: Vec<Skipped>,
}

/// A file, a symlink or a directory that is moved or deleted as a whole.
#[derive(Debug)]
pub(crate) struct CurrentEntry {
    /// The path, relative to the worktree.
    pub path: BString,
    /// What is there.
    pub node: Node,
}

/// The files that a copy has changed, and how.
pub(crate) type Losses = BTreeSet<(BString, Loss)>;

impl SessionDirectory {
    /// Lists `current/`.
    ///
    /// # Errors
    ///
    /// A symlink or a file is in the place of a directory, or it cannot be read.
    pub(crate) fn list_current(&self, tracked: &TrackedPaths, purpose: Purpose) -> Result<Current, Error> {
        let path = home_directory(Home::Current);
        let on_disk = self.on_disk(path.as_bstr());
        let Some(directory) = self.open(path.as_bstr())? else { return Ok(Current::default()) };
        let mut current = Current::default();
        if let Some(repository) = self.enclosing_repository(purpose)? {
            current.skipped.push(repository);
            return Ok(current);
        }
        let mut names = directory.names().map_err(failed_to("list", &on_disk))?;
        names.sort_unstable();
        for name in names {
            let path: BString = bstr::concat([path.as_slice(), b"/", name.as_bytes()]).into();
            if tracked.contains(path.as_bstr()) {
                current.skipped.push(Skipped { path, reason: SkipReason::Tracked });
                continue;
            }
            let node = Node::list(&directory, &name, purpose)
                .map_err(failed_to("read", &self.on_disk(path.as_bstr())))?;
            if let Some(node) = node {
                current.add(path, node, purpose);
            }
        }
        Ok(current)
    }

    /// Returns `current/` or the session directory if it is a repository itself.
    ///
    /// In a session directory that is a repository, files can be moved, but not deleted.
    fn enclosing_repository(&self, purpose: Purpose) -> Result<Option<Skipped>, Error> {
        for path in [BString::from(SESSION_DIRECTORY), home_directory(Home::Current)] {
            let Some(directory) = self.open(path.as_bstr())? else { continue };
            let found = NestedRepository::find(&directory);
            let found = found.map_err(failed_to("read", &self.on_disk(path.as_bstr())))?;
            let reason = found.and_then(|repository| match purpose {
                Purpose::Archive => (path != SESSION_DIRECTORY).then_some(SkipReason::Repository),
                _ => purpose.skips(&repository, 0),
            });
            if let Some(reason) = reason {
                return Ok(Some(Skipped { path, reason }));
            }
        }
        Ok(None)
    }

    /// Chooses a path for each of `entries` in the archive of `date`.
    ///
    /// Appends a number to a name that is taken. Returns pairs of old and new paths.
    ///
    /// # Errors
    ///
    /// A symlink or a file is in the place of a directory.
    pub(crate) fn plan_archive(
        &self,
        entries: &[CurrentEntry],
        date: &str,
    ) -> Result<Vec<(BString, BString)>, Error> {
        let path: BString = format!("{}/{date}", home_directory(Home::Archive)).into();
        let archive = self.open(path.as_bstr())?;
        let names = archive.as_ref().map_or(Ok(Vec::new()), Directory::names);
        let names = names.map_err(failed_to("list", &self.on_disk(path.as_bstr())))?;
        let mut taken: HashSet<BString> = names.iter().map(|name| name.as_bytes().into()).collect();
        let mut moves = Vec::new();
        for entry in entries {
            let wanted = entry.node.name.as_bytes().as_bstr();
            let name = files::numbered_names(wanted).find(|name| !taken.contains(name));
            let name = name.unwrap_or_else(|| wanted.to_owned());
            moves.push((entry.path.clone(), bstr::concat([path.as_slice(), b"/", &name]).into()));
            taken.insert(name);
        }
        Ok(moves)
    }

    /// Moves entries as [`SessionDirectory::plan_archive`] planned.
    ///
    /// Returns what files that were copied to another file system lack.
    ///
    /// # Errors
    ///
    /// A file cannot be moved. The files before it are archived.
    pub(crate) fn archive(&self, moves: &[(BString, BString)]) -> Result<Losses, Error> {
        let mut losses = Losses::new();
        let Some((_, first)) = moves.first() else { return Ok(losses) };
        let Some(current) = self.open(home_directory(Home::Current).as_bstr())? else { return Ok(losses) };
        let (archive, _) = self.open_or_create(directory_of(first.as_bstr()))?;
        for (from, to) in moves {
            let (name, new_name) = (name_of(from.as_bstr()), name_of(to.as_bstr()));
            let on_disk = self.on_disk(from.as_bstr());
            let mut done = current.rename_no_replace(name, &archive, new_name).map(|()| Vec::new());
            if done.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::CrossesDevices) {
                // A file can be copied to another file system.
                done = current.copy_and_remove(name, &archive, new_name, &temporary_name());
            }
            let kept = done.map_err(failed_to("archive", &on_disk))?;
            losses.extend(kept.into_iter().map(|loss| (to.clone(), loss)));
        }
        Ok(losses)
    }

    /// Deletes entries. No symlink is followed.
    ///
    /// What has changed since it was listed is kept, and what is among the paths that are
    /// `tracked` now. Returns what was deleted and what was skipped.
    ///
    /// # Errors
    ///
    /// A file cannot be deleted. The files before it are deleted.
    pub(crate) fn delete(
        &self,
        current: Current,
        tracked: &TrackedPaths,
        purpose: Purpose,
    ) -> Result<Current, Error> {
        let mut deletion = Deletion::new(tracked, purpose);
        let mut deleted = Vec::new();
        for entry in current.entries {
            let path = entry.path.as_bstr();
            let parent = self.open(directory_of(entry.path.as_bstr()))?;
            let is_gone = match parent {
                Some(parent) => deletion.delete(&parent, &entry.node, path)?,
                None => true,
            };
            deleted.extend(is_gone.then_some(entry));
        }
        let mut skipped = current.skipped;
        skipped.append(&mut deletion.skipped);
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Current { entries: deleted, skipped })
    }
}

impl Current {
    /// Adds `node` or, if something in it is skipped, what can be done with the rest.
    fn add(&mut self, path: BString, node: Node, purpose: Purpose) {
        if !node.has_skipped() {
            return self.entries.push(CurrentEntry { path, node });
        }
        match node.content {
            Content::Directory(children) if purpose != Purpose::Archive => {
                for child in children {
                    self.add(child.path_in(&path), child, purpose);
                }
            }
            _ => node.collect_skipped(path, &mut self.skipped),
        }
    }
}
