//! Repositories inside the session directory.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::disk::Directory;

/// The maximum size of a `.git` file that is read, in bytes.
const MAX_LINK_SIZE: u64 = 8192;

/// A directory that is a repository or a worktree.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum NestedRepository {
    /// A repository with all that belongs to it, bare or with a worktree.
    Plain,
    /// A repository that has linked worktrees, and the paths of their `.git` files.
    WithLinkedWorktrees(Vec<PathBuf>),
    /// A repository whose `.git` is a file or a symlink, and its target, as for a submodule.
    SeparateGitDir(PathBuf),
    /// A linked worktree of a repository, and its git directory.
    LinkedWorktree(PathBuf),
}

impl NestedRepository {
    /// Looks for a repository in `directory`.
    ///
    /// Anything that is named `.git` counts: a damaged repository may hold the only copy of
    /// work, too.
    ///
    /// # Errors
    ///
    /// The directory cannot be searched.
    pub(super) fn find(directory: &Directory) -> io::Result<Option<Self>> {
        let name = OsStr::new(".git");
        let Some(metadata) = directory.metadata(name)? else {
            let is_bare = is_git_dir(directory)?;
            return is_bare.then(|| Self::of_git_dir(directory)).transpose();
        };
        if metadata.is_symlink() {
            return Ok(Some(Self::SeparateGitDir(directory.read_link(name)?)));
        }
        if metadata.is_directory() {
            return Self::of_git_dir(&directory.open_directory(name)?).map(Some);
        }
        let git_dir = read_path(directory, name, b"gitdir:").unwrap_or_default();
        // A submodule in a linked worktree has `worktrees/NAME/modules/…`.
        let is_linked = git_dir.parent().and_then(Path::file_name).is_some_and(|name| name == "worktrees");
        Ok(Some(if is_linked { Self::LinkedWorktree(git_dir) } else { Self::SeparateGitDir(git_dir) }))
    }

    fn of_git_dir(git_dir: &Directory) -> io::Result<Self> {
        let name = OsStr::new("worktrees");
        if !git_dir.contains(name)? {
            return Ok(Self::Plain);
        }
        let worktrees = git_dir.open_directory(name)?;
        let mut links = Vec::new();
        for name in worktrees.names()? {
            if worktrees.metadata(&name)?.is_some_and(|metadata| metadata.is_directory()) {
                let link = read_path(&worktrees.open_directory(&name)?, OsStr::new("gitdir"), b"");
                links.push(link.unwrap_or_default());
            }
        }
        Ok(if links.is_empty() { Self::Plain } else { Self::WithLinkedWorktrees(links) })
    }

    /// Whether a path in it would be wrong after a move of the directory `depth` levels above.
    ///
    /// A relative path that does not lead out of that directory stays right.
    pub(super) fn leads_out(&self, depth: usize) -> bool {
        match self {
            Self::Plain => false,
            Self::SeparateGitDir(path) | Self::LinkedWorktree(path) => leads_out(path, depth),
            // The paths are relative to `.git/worktrees/NAME`.
            Self::WithLinkedWorktrees(paths) => paths.iter().any(|path| leads_out(path, depth + 3)),
        }
    }
}

/// Whether `directory` has the form of a git directory: a bare repository.
fn is_git_dir(directory: &Directory) -> io::Result<bool> {
    let is_directory = |name: &str| -> io::Result<bool> {
        Ok(directory.metadata(OsStr::new(name))?.is_some_and(|metadata| metadata.is_directory()))
    };
    Ok(directory.contains(OsStr::new("HEAD"))? && is_directory("objects")? && is_directory("refs")?)
}

/// Reads a file that holds `prefix` and a path. `None` if it does not.
fn read_path(directory: &Directory, name: &OsStr, prefix: &[u8]) -> Option<PathBuf> {
    let mut text = Vec::new();
    directory.open_file(name).ok()?.take(MAX_LINK_SIZE).read_to_end(&mut text).ok()?;
    let path = text.strip_prefix(prefix)?.trim_ascii();
    (!path.is_empty()).then(|| OsStr::from_bytes(path).into())
}

/// Whether `path`, relative to a directory, leads out of the one `depth` levels above.
fn leads_out(path: &Path, depth: usize) -> bool {
    let mut depth = Some(depth);
    for component in path.components() {
        depth = match component {
            Component::ParentDir => depth.and_then(|depth| depth.checked_sub(1)),
            Component::CurDir => depth,
            Component::Normal(_) => depth.map(|depth| depth + 1),
            Component::RootDir | Component::Prefix(_) => None,
        };
    }
    path.as_os_str().is_empty() || depth.is_none()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{NestedRepository, leads_out};
    use crate::disk::Directory;

    #[test]
    fn worktrees_that_cannot_be_read_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join(".git/worktrees")).unwrap();
        let find = || NestedRepository::find(&Directory::open(dir.path()).unwrap());
        assert_eq!(find().unwrap(), Some(NestedRepository::Plain));
        std::fs::remove_dir(dir.path().join(".git/worktrees")).unwrap();
        std::os::unix::fs::symlink("/nowhere", dir.path().join(".git/worktrees")).unwrap();
        find().unwrap_err();
    }

    #[test]
    fn a_relative_path_stays_inside_if_it_goes_up_no_further() {
        for (path, depth, is_outside) in [
            ("/repo/.git", 5, true),
            ("../.git/modules/sub", 0, true),
            ("../.git/modules/sub", 1, false),
            ("../../x", 1, true),
            ("x/../../y", 1, false),
            ("", 1, true),
        ] {
            assert_eq!(leads_out(Path::new(path), depth), is_outside, "{path} {depth}");
        }
    }
}
