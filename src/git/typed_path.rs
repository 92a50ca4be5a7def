//! Paths as a user types them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use bstr::{BString, ByteSlice};

use super::{Error, Repository};

impl Repository {
    /// A path that was typed in the current directory, relative to the top of
    /// the repository. It need not exist. As in git's pathspecs, what follows `:/`
    /// counts from the top.
    ///
    /// # Errors
    ///
    /// The path lies outside the repository, or is its top.
    pub fn path_from_top(&self, typed: &OsStr) -> Result<BString, Error> {
        let path = self.path_or_top(typed)?;
        if path.is_empty() { Err(self.outside(typed)) } else { Ok(path) }
    }

    /// As [`Repository::path_from_top`]; the top itself is the empty path.
    ///
    /// # Errors
    ///
    /// The path lies outside the repository.
    pub fn path_or_top(&self, typed: &OsStr) -> Result<BString, Error> {
        let path = if let Some(rest) = typed.as_bytes().strip_prefix(b":/") {
            self.place.top.join(OsStr::from_bytes(rest.trim_start_with(|c| c == '/')))
        } else {
            env::current_dir().and_then(fs::canonicalize).map_err(Error::CurrentDirectory)?.join(typed)
        };
        let path = normalized(&path);
        let path = match path.strip_prefix(&self.place.top) {
            Ok(inside) => inside.to_owned(),
            Err(_) => {
                resolved(&path).strip_prefix(&self.place.top).map_err(|_| self.outside(typed))?.to_owned()
            }
        };
        Ok(path.into_os_string().into_encoded_bytes().into())
    }

    fn outside(&self, typed: &OsStr) -> Error {
        Error::OutsideRepository { path: typed.into(), top: self.place.top.clone() }
    }
}

/// Where a file lies, or would, that is written at `path`, which is absolute: without
/// `.` and `..`, and with symlinks followed as far as it exists.
#[must_use]
pub fn real_path(path: &Path) -> PathBuf {
    let path = normalized(path);
    fs::canonicalize(&path).unwrap_or_else(|_| resolved(&path))
}

/// `path` without `.` and `..`, by its text alone.
fn normalized(path: &Path) -> PathBuf {
    use std::path::Component;
    path.components().fold(PathBuf::new(), |mut done, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                done.pop();
            }
            _ => done.push(component),
        }
        done
    })
}

/// `path` with the symlinks of its longest existing directory followed.
fn resolved(path: &Path) -> PathBuf {
    let existing =
        path.ancestors().skip(1).find_map(|ancestor| Some((ancestor, fs::canonicalize(ancestor).ok()?)));
    match existing {
        Some((ancestor, real)) => match path.strip_prefix(ancestor) {
            Ok(rest) => real.join(rest),
            Err(_) => path.to_owned(),
        },
        None => path.to_owned(),
    }
}
