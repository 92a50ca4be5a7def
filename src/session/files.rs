//! Writes files. Only [`replace`] overwrites one.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use super::Error;
use crate::disk::{Directory, failed_to, open_parent};
use crate::git::Object;

/// The maximum length of a file name in bytes (`NAME_MAX`).
const MAX_NAME_LEN: usize = 255;

/// The maximum length of a file name extension, in bytes, with its dot.
const MAX_EXTENSION_LEN: usize = 31;

/// How often a file is read again that another program changes at the same time.
const MAX_ATTEMPTS: usize = 10;

/// Writes a staged object as a file or a symlink, and fails if something is at `path`.
pub(super) fn write_object(path: &Path, object: &Object, content: &[u8]) -> io::Result<()> {
    let (directory, name) = open_parent(path)?;
    match object.mode {
        Object::SYMLINK => directory.create_symlink(OsStr::from_bytes(content), name),
        Object::EXECUTABLE => directory.write_file(name, content, 0o777),
        _ => directory.write_file(name, content, 0o666),
    }
}

/// Changes a file until no other program changes it meanwhile.
///
/// `attempt` reads the file, replaces it with [`replace`], and returns `None` if it did not.
///
/// # Errors
///
/// An attempt fails, or another program changes the file each time.
pub(crate) fn retry<T, E: From<Error>>(
    file: &Path,
    mut attempt: impl FnMut() -> Result<Option<T>, E>,
) -> Result<T, E> {
    for _ in 0..MAX_ATTEMPTS {
        if let Some(done) = attempt()? {
            return Ok(done);
        }
    }
    let error = failed_to("write", file)(io::Error::other("another program changes it at the same time"));
    Err(Error::from(error).into())
}

/// Replaces the contents `old` of a file, or creates it; returns whether it did.
///
/// `old` is `None` if there is no file. Other contents are left as they are. A symlink is
/// followed. Everything else about the file is kept, as [`Directory::replace_contents`] does,
/// with temporary files in `git_dir`, where no `git add` finds them.
///
/// # Errors
///
/// The file cannot be written. It is unchanged.
pub(crate) fn replace(file: &Path, old: Option<&[u8]>, new: &[u8], git_dir: &Path) -> Result<bool, Error> {
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let write = || {
        let (directory, name) = open_parent(&file)?;
        let aside = Directory::open(git_dir).ok();
        match old {
            Some(old) => directory.replace_contents(name, old, new, aside.as_ref()),
            None => directory.write_file(name, new, 0o666).map(|()| true),
        }
    };
    match write() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && old.is_some() => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && old.is_none() => Ok(false),
        written => Ok(written.map_err(failed_to("write", &file))?),
    }
}

/// Returns `path`, then `path` with the numbers 2, 3, … before its extension.
pub(super) fn numbered_names(path: &BStr) -> impl Iterator<Item = BString> {
    let start = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
    let (directory, name) = path.split_at(start);
    let is_extension = |dot: &usize| *dot > 0 && name.len() - dot <= MAX_EXTENSION_LEN;
    let dot = name.rfind_byte(b'.').filter(is_extension).unwrap_or(name.len());
    let (stem, extension) = name.split_at(dot);
    let numbered = (2_u64..).map(move |number| {
        let number = format!("-{number}");
        let room = MAX_NAME_LEN - number.len() - extension.len();
        let stem = &stem[..stem.len().min(room)];
        bstr::concat([directory, stem, number.as_bytes(), extension]).into()
    });
    std::iter::once(path.to_owned()).chain(numbered)
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice;

    use super::{MAX_NAME_LEN, numbered_names};

    fn second(path: &str) -> String {
        numbered_names(path.into()).nth(1).unwrap().to_string()
    }

    #[test]
    fn the_number_is_before_the_extension() {
        assert_eq!(second("d.d/debug_x.py"), "d.d/debug_x-2.py");
        assert_eq!(second("a.tar.gz"), "a.tar-2.gz");
    }

    #[test]
    fn a_leading_dot_begins_no_extension() {
        assert_eq!(second("d/.env"), "d/.env-2");
        assert_eq!(second("Makefile"), "Makefile-2");
    }

    #[test]
    fn a_long_extension_is_part_of_the_name() {
        let name = format!("a.{}", "x".repeat(40));
        assert_eq!(second(&name), format!("{name}-2"));
    }

    #[test]
    fn a_numbered_name_is_not_too_long() {
        let name = format!("{}.py", "x".repeat(MAX_NAME_LEN - 3));
        let numbered = numbered_names(name.as_bytes().as_bstr()).nth(12).unwrap();
        assert_eq!(numbered.len(), MAX_NAME_LEN);
        assert!(numbered.ends_with(b"-13.py"));
    }
}
