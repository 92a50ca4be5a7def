//! The contents of `current/`, to be archived or deleted.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

use bstr::{BStr, BString, ByteSlice};

use super::nested::NestedRepository;
use super::tree::{Deletion, Node, Purpose, SkipReason, Skipped};
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
    /// What was deleted in directories that are not gone.
    pub partly_deleted: Vec<BString>,
    /// Why entries could not be deleted.
    pub failures: Vec<Error>,
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

/// The old and the new path of an entry, relative to the worktree.
pub(crate) type Move = (BString, BString);

/// What `archive` did, or would do.
#[derive(Debug, Default)]
pub(crate) struct Archived {
    /// What was moved.
    pub moves: Vec<Move>,
    /// What was not.
    pub skipped: Vec<Skipped>,
    /// What files lack that were copied to another file system.
    pub losses: Losses,
    /// Why entries could not be moved.
    pub failures: Vec<Error>,
}

impl SessionDirectory {
    /// Lists `current/`.
    ///
    /// # Errors
    ///
    /// A symlink or a file is in the place of a directory, or it cannot be read.
    pub(crate) fn list_current(&self, tracked: &TrackedPaths, purpose: Purpose) -> Result<Current, Error> {
        let path = home_directory(Home::Current);
        let Some(directory) = self.open(path.as_bstr())? else { return Ok(Current::default()) };
        let mut current = Current::default();
        if let Some(repository) = self.enclosing_repository(purpose)? {
            current.skipped.push(repository);
            return Ok(current);
        }
        self.list_in(&directory, path.as_bstr(), Listing { tracked, purpose }, &mut current)?;
        Ok(current)
    }

    /// Lists the directory at `path`.
    ///
    /// A directory in it that holds something to be skipped is not listed as a whole, but what
    /// is in it.
    fn list_in(
        &self,
        directory: &Directory,
        path: &BStr,
        listing: Listing,
        current: &mut Current,
    ) -> Result<(), Error> {
        let mut names = directory.names().map_err(failed_to("list", &self.on_disk(path)))?;
        names.sort_unstable();
        for name in names {
            let path: BString = bstr::concat([path.as_bytes(), b"/", name.as_bytes()]).into();
            let on_disk = self.on_disk(path.as_bstr());
            if listing.skips_tracked(path.as_bstr()) {
                current.skipped.push(Skipped { path, reason: SkipReason::Tracked });
                continue;
            }
            let node = Node::list(directory, &name, listing.purpose).map_err(failed_to("read", &on_disk))?;
            let Some(node) = node else { continue };
            let holds_tracked = listing.tracked.contains(path.as_bstr());
            if !holds_tracked && !node.has_skipped() {
                current.entries.push(CurrentEntry { path, node });
            } else if node.can_split(listing.purpose) {
                let inner = directory.open_unmounted(&name).map_err(failed_to("open", &on_disk))?;
                self.list_in(&inner, path.as_bstr(), listing, current)?;
            } else if node.has_skipped() {
                node.collect_skipped(path, &mut current.skipped);
            } else {
                current.skipped.push(Skipped { path, reason: SkipReason::Tracked });
            }
        }
        Ok(())
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
    /// Appends a number to a name that is taken. What is below a directory of `current/` keeps
    /// its path in it. Returns pairs of old and new paths.
    ///
    /// # Errors
    ///
    /// A symlink or a file is in the place of a directory.
    pub(crate) fn plan_archive(&self, entries: &[CurrentEntry], date: &str) -> Result<Vec<Move>, Error> {
        let current = home_directory(Home::Current);
        let path: BString = format!("{}/{date}", home_directory(Home::Archive)).into();
        let archive = self.open(path.as_bstr())?;
        let names = archive.as_ref().map_or(Ok(Vec::new()), Directory::names);
        let names = names.map_err(failed_to("list", &self.on_disk(path.as_bstr())))?;
        let mut taken: HashSet<BString> = names.iter().map(|name| name.as_bytes().into()).collect();
        let mut new_names: HashMap<&BStr, BString> = HashMap::new();
        let mut moves = Vec::new();
        for entry in entries {
            let inner = entry.path[current.len() + 1..].as_bstr();
            let (name, rest) = inner.split_at(inner.find_byte(b'/').unwrap_or(inner.len()));
            let new_name = new_names.entry(name.as_bstr()).or_insert_with(|| {
                let free = files::numbered_names(name.as_bstr()).find(|name| !taken.contains(name));
                free.unwrap_or_else(|| name.into())
            });
            taken.insert(new_name.clone());
            moves.push((entry.path.clone(), bstr::concat([path.as_slice(), b"/", new_name, rest]).into()));
        }
        Ok(moves)
    }

    /// Moves entries as [`SessionDirectory::plan_archive`] planned.
    ///
    /// Skips what cannot be moved to another file system. If an entry cannot be moved, goes on
    /// with the others.
    pub(crate) fn archive(&self, moves: &[Move]) -> Archived {
        let mut archived = Archived::default();
        let same_directory = |a: &Move, b: &Move| directory_of(a.0.as_bstr()) == directory_of(b.0.as_bstr());
        for moves in moves.chunk_by(same_directory) {
            if let Err(error) = self.archive_from_directory(moves, &mut archived) {
                archived.failures.push(error);
            }
        }
        archived
    }

    /// Moves the entries of one directory to the archive.
    fn archive_from_directory(&self, moves: &[Move], archived: &mut Archived) -> Result<(), Error> {
        let (from, to) = &moves[0];
        let Some(directory) = self.open(directory_of(from.as_bstr()))? else { return Ok(()) };
        let (archive, _) = self.open_or_create(directory_of(to.as_bstr()))?;
        for (from, to) in moves {
            match move_to_archive(&directory, name_of(from.as_bstr()), &archive, name_of(to.as_bstr())) {
                Ok(losses) => {
                    archived.losses.extend(losses.into_iter().map(|loss| (to.clone(), loss)));
                    archived.moves.push((from.clone(), to.clone()));
                }
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                    let (path, reason) = (from.clone(), SkipReason::OtherFileSystem);
                    archived.skipped.push(Skipped { path, reason });
                }
                Err(error) => {
                    let error = failed_to("archive", &self.on_disk(from.as_bstr()))(error);
                    archived.failures.push(error.into());
                }
            }
        }
        Ok(())
    }

    /// Deletes entries. No symlink is followed.
    ///
    /// What has changed since it was listed is kept, and what is among the paths that are
    /// `tracked` now. If a file cannot be deleted, goes on with the others. Returns what was
    /// deleted, what was skipped and what failed.
    pub(crate) fn delete(&self, current: Current, tracked: &TrackedPaths, purpose: Purpose) -> Current {
        let mut deletion = Deletion::new(tracked, purpose);
        let (mut deleted, mut failures) = (Vec::new(), Vec::new());
        for entry in current.entries {
            let path = entry.path.as_bstr();
            let is_gone = match self.open(directory_of(path)) {
                Ok(Some(parent)) => deletion.delete(&parent, &entry.node, path),
                Ok(None) => true,
                Err(error) => {
                    failures.push(error);
                    false
                }
            };
            deleted.extend(is_gone.then_some(entry));
        }
        let mut skipped = current.skipped;
        skipped.append(&mut deletion.skipped);
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        failures.extend(deletion.failures.into_iter().map(Error::from));
        Current { entries: deleted, skipped, partly_deleted: deletion.partly_deleted, failures }
    }
}

/// How `current/` is listed.
#[derive(Clone, Copy)]
struct Listing<'t> {
    tracked: &'t TrackedPaths,
    purpose: Purpose,
}

impl Listing<'_> {
    /// Whether `path` is skipped because it is tracked.
    ///
    /// A directory with tracked files is archived without them, but not cleaned.
    fn skips_tracked(self, path: &BStr) -> bool {
        match self.purpose {
            Purpose::Archive => self.tracked.contains_file(path),
            Purpose::Clean | Purpose::CleanRepositories => self.tracked.contains(path),
        }
    }
}

/// Moves a file or a directory. A file can be copied to another file system.
fn move_to_archive(
    directory: &Directory,
    name: &OsStr,
    archive: &Directory,
    new_name: &OsStr,
) -> io::Result<Vec<Loss>> {
    match directory.rename_no_replace(name, archive, new_name) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            if directory.metadata(name)?.is_some_and(|metadata| metadata.is_directory()) {
                directory.move_contents(name, archive, new_name).map(|()| Vec::new())
            } else {
                directory.copy_and_remove(name, archive, new_name, &temporary_name())
            }
        }
        moved => moved.map(|()| Vec::new()),
    }
}
