//! The contents of `current/`, to be archived or deleted.

use std::fs;
use std::io;

use bstr::{BStr, BString, ByteSlice, ByteVec};

use super::{Error, SessionDirectory, files, home_directory};
use crate::disk::{exists, failed_to};
use crate::policy::Home;

/// The entries of `current/`, sorted by name, with paths relative to the worktree.
#[derive(Debug, Default)]
pub(crate) struct Current {
    /// The entries that can be moved or deleted.
    pub entries: Vec<CurrentEntry>,
    /// The tracked files, and the directories that contain one. They are skipped.
    pub tracked: Vec<BString>,
}

/// A file, a symlink or a directory in `current/`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CurrentEntry {
    /// The path, relative to the worktree.
    pub path: BString,
    /// Whether it is a directory.
    pub is_directory: bool,
}

impl SessionDirectory {
    /// Lists `current/`.
    ///
    /// `is_tracked` returns whether git tracks a file, or a file in a directory.
    ///
    /// # Errors
    ///
    /// A symlink or a file is in the place of a directory, or it cannot be read.
    pub(crate) fn list_current(&self, is_tracked: impl Fn(&BStr) -> bool) -> Result<Current, Error> {
        let directory = home_directory(Home::Current);
        self.check_directories(directory.as_bstr())?;
        let on_disk = self.on_disk(directory.as_bstr());
        let listed = match fs::read_dir(&on_disk) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Current::default()),
            Err(error) => return Err(failed_to("list", &on_disk)(error).into()),
        };
        let mut current = Current::default();
        for entry in listed {
            let (name, file_type) = entry
                .and_then(|entry| Ok((entry.file_name(), entry.file_type()?)))
                .map_err(failed_to("list", &on_disk))?;
            let name = Vec::from_os_string(name).unwrap_or_default();
            let path: BString = bstr::concat([directory.as_slice(), b"/", &name]).into();
            if is_tracked(path.as_bstr()) {
                current.tracked.push(path);
            } else {
                current.entries.push(CurrentEntry { path, is_directory: file_type.is_dir() });
            }
        }
        current.entries.sort_by(|a, b| a.path.cmp(&b.path));
        current.tracked.sort();
        Ok(current)
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
        let directory = format!("{}/{date}", home_directory(Home::Archive));
        self.check_directories(directory.as_str().into())?;
        let mut moves: Vec<(BString, BString)> = Vec::new();
        for CurrentEntry { path, .. } in entries {
            let name = &path[path.rfind_byte(b'/').map_or(0, |slash| slash + 1)..];
            let wanted: BString = bstr::concat([directory.as_bytes(), b"/", name]).into();
            let is_free = |name: &BString| {
                !exists(&self.on_disk(name.as_bstr())) && !moves.iter().any(|(_, to)| to == name)
            };
            let to = files::numbered_names(wanted.as_bstr()).find(is_free);
            moves.push((path.clone(), to.unwrap_or(wanted)));
        }
        Ok(moves)
    }

    /// Moves entries as [`SessionDirectory::plan_archive`] planned.
    ///
    /// # Errors
    ///
    /// A file cannot be moved. The files before it are archived.
    pub(crate) fn archive(&self, moves: &[(BString, BString)]) -> Result<(), Error> {
        for (from, to) in moves {
            let (from, to) = (self.on_disk(from.as_bstr()), self.on_disk(to.as_bstr()));
            let directory = to.parent().unwrap_or(&to);
            fs::create_dir_all(directory).map_err(failed_to("create", directory))?;
            files::rename_no_replace(&from, &to).map_err(failed_to("archive", &from))?;
        }
        Ok(())
    }

    /// Deletes entries, and the contents of directories. No symlink is followed.
    ///
    /// # Errors
    ///
    /// A file cannot be deleted. The files before it are deleted.
    pub(crate) fn delete(&self, entries: &[CurrentEntry]) -> Result<(), Error> {
        for CurrentEntry { path, is_directory } in entries {
            let on_disk = self.on_disk(path.as_bstr());
            let deleted =
                if *is_directory { fs::remove_dir_all(&on_disk) } else { fs::remove_file(&on_disk) };
            deleted.map_err(failed_to("delete", &on_disk))?;
        }
        Ok(())
    }
}
