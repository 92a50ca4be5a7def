//! File operations that are rolled back when one of them fails.
//!
//! No file is deleted by its path. It is moved aside first, and deleted there if it is still
//! what was written: what another process saves meanwhile is kept.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString};

use super::fingerprint::Fingerprint;
use super::place::{Place, Root};
use crate::disk::{DiskError, Loss, failed_to};

/// The directory of files that are moved aside, relative to the git directory.
pub(super) const ASIDE: &str = "stage-guard/aside";

/// The file operations that were done, in order.
#[derive(Debug)]
pub(super) struct Transaction {
    operations: Vec<Operation>,
    git_dir: Root,
    /// How many files were moved aside.
    asides: usize,
    /// The name of a file that is being copied to another file system.
    temporary: OsString,
    /// What copies to other file systems lack, with the path of the file.
    losses: BTreeSet<(BString, Loss)>,
}

/// A file operation, with the path that it was done for.
#[derive(Debug)]
enum Operation {
    CreatedDirectory(Place),
    /// Moved a file away from its path, or back to it.
    Moved {
        path: BString,
        from: Place,
        to: Place,
    },
    /// Wrote contents that git has.
    Written {
        path: BString,
        place: Place,
        written: Fingerprint,
    },
    /// Moved such a file aside.
    SetAside {
        path: BString,
        from: Place,
        aside: Place,
        written: Fingerprint,
    },
}

/// A file that a rollback could not move back.
#[derive(Debug)]
pub(super) struct Displaced {
    /// The path that it was moved for, relative to the worktree.
    pub(super) path: BString,
    from: PathBuf,
    to: PathBuf,
}

impl Displaced {
    fn new(path: &BString, from: &Place, to: &Place) -> Self {
        Self { path: path.clone(), from: from.on_disk(), to: to.on_disk() }
    }

    /// Returns the old and the new path, relative to `worktree` if they are inside it.
    pub(super) fn relative_to(&self, worktree: &Path) -> (BString, BString) {
        let relative = |path: &Path| {
            BString::from(path.strip_prefix(worktree).unwrap_or(path).as_os_str().as_encoded_bytes())
        };
        (relative(&self.from), relative(&self.to))
    }
}

impl Transaction {
    /// Begins a transaction. `temporary` is a file name that nothing else has.
    pub(super) fn new(git_dir: &Root, temporary: OsString) -> Self {
        let (operations, losses) = (Vec::new(), BTreeSet::new());
        Self { operations, git_dir: git_dir.clone(), asides: 0, temporary, losses }
    }

    /// Moves a file to a free place.
    pub(super) fn move_file(&mut self, path: &BStr, from: &Place, to: &Place) -> Result<(), DiskError> {
        self.create_parents(to)?;
        let losses = from.move_to(to, &self.temporary).map_err(failed_to("move", &from.on_disk()))?;
        self.losses.extend(losses.into_iter().map(|loss| (path.to_owned(), loss)));
        self.operations.push(Operation::Moved { path: path.to_owned(), from: from.clone(), to: to.clone() });
        Ok(())
    }

    /// Moves a file that git has checked out to a free place.
    pub(super) fn place(
        &mut self,
        path: &BStr,
        checked_out: &Place,
        to: &Place,
        written: &Fingerprint,
    ) -> Result<(), DiskError> {
        self.create_parents(to)?;
        checked_out.move_to(to, &self.temporary).map_err(failed_to("write", &to.on_disk()))?;
        let (path, place, written) = (path.to_owned(), to.clone(), written.clone());
        self.operations.push(Operation::Written { path, place, written });
        Ok(())
    }

    /// Moves a file aside that is to be deleted, and fails if it is not what was written.
    pub(super) fn set_aside(
        &mut self,
        path: &BStr,
        from: &Place,
        written: &Fingerprint,
    ) -> Result<(), DiskError> {
        let on_disk = from.on_disk();
        let aside = self.free_aside()?;
        from.move_to(&aside, &self.temporary).map_err(failed_to("move", &on_disk))?;
        let is_unchanged = aside.has(written);
        let (path, from, written) = (path.to_owned(), from.clone(), written.clone());
        self.operations.push(Operation::SetAside { path, from, aside, written });
        if is_unchanged {
            Ok(())
        } else {
            Err(failed_to("move", &on_disk)(io::Error::other("it was changed meanwhile")))
        }
    }

    /// Deletes the files that were moved aside and have not changed there.
    pub(super) fn delete_asides(&self) {
        for operation in &self.operations {
            if let Operation::SetAside { aside, written, .. } = operation {
                let _ = aside.remove_if(written);
            }
        }
        let _ = self.git_dir.place(ASIDE).remove_directory();
    }

    /// Returns what copies to other file systems lack, with the path of the file.
    pub(super) fn losses(self) -> BTreeSet<(BString, Loss)> {
        self.losses
    }

    /// Rolls everything back, the last operation first.
    ///
    /// Keeps what has changed since it was written, the copy of a path whose file stays
    /// displaced, and directories that are not empty.
    pub(super) fn roll_back(mut self) -> Vec<Displaced> {
        let mut displaced: Vec<Displaced> = Vec::new();
        let mut stuck = BTreeSet::new();
        for operation in std::mem::take(&mut self.operations).iter().rev() {
            match operation {
                Operation::CreatedDirectory(directory) => drop(directory.remove()),
                Operation::Moved { path, from, to } | Operation::SetAside { path, from, aside: to, .. } => {
                    if to.move_to(from, &self.temporary).is_err() {
                        displaced.push(Displaced::new(path, from, to));
                        stuck.insert(path);
                    }
                }
                Operation::Written { path, place, written } => {
                    if !stuck.contains(path) {
                        displaced.extend(self.take_away(path, place, written));
                    }
                }
            }
        }
        displaced
    }

    /// Deletes a file if it is still what was written.
    ///
    /// Returns it if it can neither be deleted nor be moved back.
    pub(super) fn take_away(
        &mut self,
        path: &BString,
        place: &Place,
        written: &Fingerprint,
    ) -> Option<Displaced> {
        let aside = self.free_aside().ok().filter(|_| place.has(written))?;
        // If it cannot be moved, it stays.
        place.move_to(&aside, &self.temporary).ok()?;
        let is_kept = aside.remove_if(written).is_err() && aside.move_to(place, &self.temporary).is_err();
        is_kept.then(|| Displaced::new(path, place, &aside))
    }

    /// Returns a free place for a file that is moved aside.
    fn free_aside(&mut self) -> Result<Place, DiskError> {
        loop {
            // The name is unique, so that a file of the user is not taken for one that is aside.
            let mut name = self.temporary.clone();
            name.push(format!(".{}", self.asides));
            let aside = self.git_dir.place(Path::new(ASIDE).join(name));
            self.asides += 1;
            if aside.stamp().is_none() {
                self.create_parents(&aside)?;
                return Ok(aside);
            }
        }
    }

    fn create_parents(&mut self, place: &Place) -> Result<(), DiskError> {
        let mut created = Vec::new();
        let result = place.create_parents(&mut created);
        self.operations.extend(created.into_iter().map(Operation::CreatedDirectory));
        result
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use bstr::BStr;
    use tempfile::TempDir;

    use super::Transaction;
    use crate::session::place::Root;

    fn root() -> (TempDir, Root) {
        let temp = TempDir::new().unwrap();
        let root = Root::open(temp.path()).unwrap();
        (temp, root)
    }

    fn read(directory: &Path, name: &str) -> String {
        fs::read_to_string(directory.join(name)).unwrap()
    }

    #[test]
    fn a_file_that_cannot_be_moved_back_is_displaced() {
        let (temp, root) = root();
        fs::write(temp.path().join("a"), "mine").unwrap();
        fs::write(temp.path().join("copy"), "copy").unwrap();
        let mut transaction = Transaction::new(&root, "temporary".into());
        let (path, copy) = (BStr::new("a"), root.place("copy"));
        transaction.place(path, &copy, &root.place("d/copy"), &copy.fingerprint().unwrap()).unwrap();
        transaction.move_file(path, &root.place("a"), &root.place("d/a")).unwrap();
        fs::write(temp.path().join("a"), "theirs").unwrap();
        let displaced = transaction.roll_back();
        let names = displaced.iter().map(|displaced| displaced.relative_to(temp.path()));
        assert_eq!(names.collect::<Vec<_>>(), [("a".into(), "d/a".into())]);
        let found = ["a", "d/a", "d/copy"].map(|name| read(temp.path(), name));
        assert_eq!(found, ["theirs", "mine", "copy"]);
    }

    #[test]
    fn a_rollback_keeps_what_has_changed_since_it_was_written() {
        for (change, is_kept) in [(None, false), (Some("theirs"), true)] {
            let (temp, root) = root();
            fs::write(temp.path().join("written"), "ours").unwrap();
            let mut transaction = Transaction::new(&root, "temporary".into());
            let from = root.place("written");
            let written = from.fingerprint().unwrap();
            transaction.place(BStr::new("a"), &from, &root.place("d/a"), &written).unwrap();
            if let Some(change) = change {
                fs::write(temp.path().join("d/a"), change).unwrap();
            }
            assert!(transaction.roll_back().is_empty());
            assert_eq!(temp.path().join("d/a").exists(), is_kept);
            assert_eq!(temp.path().join("d").exists(), is_kept);
        }
    }

    #[test]
    fn a_file_that_was_changed_is_not_deleted() {
        let (temp, root) = root();
        fs::write(temp.path().join("a"), "ours").unwrap();
        let place = root.place("a");
        let written = place.fingerprint().unwrap();
        fs::write(temp.path().join("a"), "theirs").unwrap();
        let mut transaction = Transaction::new(&root, "temporary".into());
        assert!(transaction.set_aside(BStr::new("a"), &place, &written).is_err());
        transaction.delete_asides();
        assert!(transaction.roll_back().is_empty());
        assert_eq!(read(temp.path(), "a"), "theirs");
    }
}
