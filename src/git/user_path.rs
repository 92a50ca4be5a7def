//! Paths as a user types them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::{Error, Repository};

/// Returns the path, relative to the worktree, of a path that the user typed.
///
/// The typed path is relative to the current directory and need not exist. If it begins with
/// `:/`, it is relative to the worktree, as in git's pathspecs.
///
/// # Errors
///
/// The path is outside the worktree, or is its root.
pub(crate) fn resolve(repository: &Repository, typed: &OsStr) -> Result<BString, Error> {
    let path = resolve_or_root(repository, typed)?;
    if path.is_empty() { Err(outside(repository.worktree(), typed)) } else { Ok(path) }
}

/// Resolves a path like [`resolve`], with the empty path for the root of the worktree.
///
/// # Errors
///
/// The path is empty or outside the worktree.
pub(crate) fn resolve_or_root(repository: &Repository, typed: &OsStr) -> Result<BString, Error> {
    if typed.is_empty() {
        return Err(Error::EmptyPath);
    }
    let worktree = repository.worktree();
    let path = if let Some(rest) = typed.as_bytes().strip_prefix(b":/") {
        worktree.join(OsStr::from_bytes(rest.trim_start_with(|c| c == '/')))
    } else {
        repository.environment().absolute(typed)
    };
    below_worktree(worktree, &path, typed)
}

/// Returns the path that git has for `listed`, which is relative to the top of the worktree.
///
/// Unlike in [`resolve`], no first characters have a special meaning.
///
/// # Errors
///
/// The path is empty, outside the worktree, or its root.
pub(crate) fn resolve_listed(repository: &Repository, listed: &BStr) -> Result<BString, Error> {
    if listed.is_empty() {
        return Err(Error::EmptyPath);
    }
    let (worktree, listed) = (repository.worktree(), OsStr::from_bytes(listed));
    let path = below_worktree(worktree, &worktree.join(listed), listed)?;
    if path.is_empty() { Err(outside(worktree, listed)) } else { Ok(path) }
}

/// Returns the part of an absolute path below the worktree.
fn below_worktree(worktree: &Path, path: &Path, typed: &OsStr) -> Result<BString, Error> {
    let path = normalize(path);
    let path = if path.starts_with(worktree) { path } else { canonicalize_parent(&path) };
    let inside = path.strip_prefix(worktree).map_err(|_| outside(worktree, typed))?;
    Ok(inside.as_os_str().as_bytes().into())
}

/// Canonicalizes an absolute path whose last components need not exist.
#[must_use]
pub(crate) fn canonicalize_lenient(path: &Path) -> PathBuf {
    let path = normalize(path);
    fs::canonicalize(&path).unwrap_or_else(|_| canonicalize_parent(&path))
}

fn outside(worktree: &Path, typed: &OsStr) -> Error {
    Error::OutsideRepository { path: typed.into(), worktree: worktree.to_owned() }
}

/// Removes `.` and `..` without looking at the disk.
fn normalize(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut normal, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            _ => normal.push(component),
        }
        normal
    })
}

/// Canonicalizes the longest directory above `path` that exists.
fn canonicalize_parent(path: &Path) -> PathBuf {
    let existing = nearest_ancestor(path, Path::exists)
        .and_then(|parent| Some((fs::canonicalize(parent).ok()?, path.strip_prefix(parent).ok()?)));
    existing.map_or_else(|| path.to_owned(), |(parent, rest)| parent.join(rest))
}

/// Returns the longest directory above `path` for which `is_found` is true.
///
/// It must be true for all directories above that one, too. Of a path with many components, only
/// a few are looked at.
pub(crate) fn nearest_ancestor(path: &Path, is_found: impl Fn(&Path) -> bool) -> Option<&Path> {
    let ancestors: Vec<&Path> = path.ancestors().skip(1).collect();
    ancestors.get(ancestors.partition_point(|ancestor| !is_found(ancestor))).copied()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::normalize;

    #[test]
    fn normalize_removes_dot_components() {
        for (path, normal) in [("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/..", "/"), ("/a/b/", "/a/b")] {
            assert_eq!(normalize(Path::new(path)), Path::new(normal));
        }
    }
}
