//! What is in `current/`: the work that is under way, to be archived or deleted.

use std::fs;
use std::io;
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice, ByteVec};

use super::{Error, SessionDirectory, disk, is_there, moves, part};
use crate::policy::Home;

/// What stands directly in `current/`, sorted by name. All paths are relative to
/// the top of the repository.
#[derive(Debug, Default)]
pub struct Current {
    /// What can be moved or deleted.
    pub found: Vec<Found>,
    /// What is tracked, or holds what is: that is left alone.
    pub tracked: Vec<BString>,
}

/// A file, a symlink, or a directory with all that is in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// The path.
    pub path: BString,
    /// Whether it is a directory.
    pub is_directory: bool,
}

impl SessionDirectory {
    /// Looks at what is in `current/`. `is_tracked` tells whether git tracks a file, or
    /// something in a directory.
    ///
    /// # Errors
    ///
    /// A symlink or a file is where a directory should be, or the disk refuses.
    pub fn current(&self, is_tracked: &dyn Fn(&BStr) -> bool) -> Result<Current, Error> {
        let directory = part(Home::Current);
        self.check(directory.as_bstr())?;
        let on_disk = self.on_disk(directory.as_bstr());
        let listed = match fs::read_dir(&on_disk) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Current::default()),
            Err(error) => return Err(disk("list", &on_disk)(error)),
        };
        let mut current = Current::default();
        for entry in listed {
            let (name, kind) = entry
                .and_then(|entry| Ok((entry.file_name(), entry.file_type()?)))
                .map_err(disk("list", &on_disk))?;
            let name = Vec::from_os_string(name).unwrap_or_default();
            let path: BString = bstr::concat([directory.as_slice(), b"/", &name]).into();
            if is_tracked(path.as_bstr()) {
                current.tracked.push(path);
            } else {
                current.found.push(Found { path, is_directory: kind.is_dir() });
            }
        }
        current.found.sort_by(|one, other| one.path.cmp(&other.path));
        current.tracked.sort();
        Ok(current)
    }

    /// Where `found` is to be archived under `date`: a name that is taken gets a
    /// number.
    ///
    /// # Errors
    ///
    /// A symlink or a file is where a directory should be.
    pub fn archived(&self, found: &[Found], date: &str) -> Result<Vec<(BString, BString)>, Error> {
        let directory = format!("{}/{date}", part(Home::Archive));
        self.check(directory.as_str().into())?;
        let is_free = |name: &BString| !is_there(&self.on_disk(name.as_bstr()));
        let mut moved: Vec<(BString, BString)> = Vec::new();
        for Found { path, .. } in found {
            let name = &path[path.rfind_byte(b'/').map_or(0, |slash| slash + 1)..];
            let wanted: BString = bstr::concat([directory.as_bytes(), b"/", name]).into();
            let is_given = |name: &BString| moved.iter().any(|(_, to)| to == name);
            let to = moves::names(wanted.as_bstr()).find(|name| is_free(name) && !is_given(name));
            moved.push((path.clone(), to.unwrap_or(wanted)));
        }
        Ok(moved)
    }

    /// Moves each path to where [`SessionDirectory::archived`] says. One that fails is
    /// where it was, and those before it are archived.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub fn archive(&self, moved: &[(BString, BString)]) -> Result<(), Error> {
        for (path, to) in moved {
            let (from, to): (PathBuf, PathBuf) = (self.on_disk(path.as_bstr()), self.on_disk(to.as_bstr()));
            let directory = to.parent().unwrap_or(&to);
            fs::create_dir_all(directory).map_err(disk("make", directory))?;
            moves::move_to_nothing(&from, &to).map_err(disk("archive", &from))?;
        }
        Ok(())
    }

    /// Deletes each of `found`, a directory with all that is in it. No symlink is
    /// followed.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub fn delete(&self, found: &[Found]) -> Result<(), Error> {
        for Found { path, is_directory } in found {
            let on_disk = self.on_disk(path.as_bstr());
            let deleted =
                if *is_directory { fs::remove_dir_all(&on_disk) } else { fs::remove_file(&on_disk) };
            deleted.map_err(disk("delete", &on_disk))?;
        }
        Ok(())
    }
}
