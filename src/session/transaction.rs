//! File operations that are rolled back when one of them fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString};

use super::files;
use crate::disk::{DiskError, exists, failed_to};
use crate::git::Object;

/// The file operations that were done, in order.
#[derive(Debug, Default)]
pub(super) struct Transaction(Vec<Operation>);

/// A file operation, with the path that it was done for.
#[derive(Debug)]
enum Operation {
    CreatedDirectory(PathBuf),
    /// Moved a file away from its path, or back to it.
    Moved {
        path: BString,
        from: PathBuf,
        to: PathBuf,
    },
    /// Wrote the staged contents of a path to this file.
    Copied {
        path: BString,
        to: PathBuf,
    },
    /// Wrote the version of `HEAD` to this path.
    Restored(PathBuf),
}

/// A file that a rollback could not move back.
#[derive(Debug)]
pub(super) struct Displaced {
    /// The path that it was moved for, relative to the worktree.
    pub(super) path: BString,
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
}

impl Displaced {
    /// Returns the old and the new path, relative to `worktree` if they are inside it.
    pub(super) fn relative_to(&self, worktree: &Path) -> (BString, BString) {
        let relative = |path: &Path| {
            BString::from(path.strip_prefix(worktree).unwrap_or(path).as_os_str().as_encoded_bytes())
        };
        (relative(&self.from), relative(&self.to))
    }
}

impl Transaction {
    /// Moves a file to a free path.
    pub(super) fn move_file(&mut self, path: &BStr, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.create_parent(to)?;
        files::rename_no_replace(from, to).map_err(failed_to("move", from))?;
        self.0.push(Operation::Moved { path: path.to_owned(), from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    /// Writes the contents of a staged object to a free path.
    pub(super) fn copy_staged(
        &mut self,
        path: &BStr,
        to: &Path,
        object: &Object,
        content: &[u8],
    ) -> Result<(), DiskError> {
        self.create_parent(to)?;
        files::write_object(to, object, content).map_err(failed_to("write", to))?;
        self.0.push(Operation::Copied { path: path.to_owned(), to: to.to_owned() });
        Ok(())
    }

    /// Moves a file that git has checked out in another directory to a free path.
    pub(super) fn restore(&mut self, checked_out: &Path, to: &Path) -> Result<(), DiskError> {
        self.create_parent(to)?;
        files::rename_no_replace(checked_out, to).map_err(failed_to("write", to))?;
        self.0.push(Operation::Restored(to.to_owned()));
        Ok(())
    }

    /// Rolls everything back, the last operation first.
    ///
    /// Keeps the copy of a path whose file stays displaced, and directories that are not
    /// empty.
    pub(super) fn roll_back(self) -> Vec<Displaced> {
        let mut displaced = Vec::new();
        for operation in self.0.iter().rev() {
            match operation {
                Operation::Restored(file) => {
                    // A gitlink is checked out as an empty directory.
                    let _ = fs::remove_file(file).or_else(|_| fs::remove_dir(file));
                }
                Operation::Moved { path, from, to } => {
                    if files::rename_no_replace(to, from).is_err() {
                        let (path, from, to) = (path.clone(), from.clone(), to.clone());
                        displaced.push(Displaced { path, from, to });
                    }
                }
                Operation::Copied { .. } | Operation::CreatedDirectory(_) => {}
            }
        }
        let stuck: BTreeSet<&BString> = displaced.iter().map(|displaced| &displaced.path).collect();
        for operation in self.0.iter().rev() {
            match operation {
                Operation::Copied { path, to } if !stuck.contains(path) => drop(fs::remove_file(to)),
                Operation::CreatedDirectory(directory) => drop(fs::remove_dir(directory)),
                _ => {}
            }
        }
        displaced
    }

    /// Creates the missing directories above `path`.
    fn create_parent(&mut self, path: &Path) -> Result<(), DiskError> {
        let directory = path.parent().unwrap_or(path);
        let missing: Vec<&Path> = directory.ancestors().take_while(|directory| !exists(directory)).collect();
        for directory in missing.into_iter().rev() {
            fs::create_dir(directory).map_err(failed_to("create", directory))?;
            self.0.push(Operation::CreatedDirectory(directory.to_owned()));
        }
        Ok(())
    }
}
