//! The state of paths in the worktree, as git would stage them.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use bstr::{BStr, BString, ByteSlice};

use super::command::trimmed;
use super::quoted_path::quote;
use super::{Error, Layout, Object, PathState};

/// The state of a path in the worktree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum WorktreeState {
    /// It does not exist.
    Missing,
    /// It cannot exist, because a parent directory is a file or a symlink.
    Blocked,
    /// A file or a symlink, and the entry that git would stage for it.
    ///
    /// The entry is `None` if it cannot be read, or is a device or the like.
    File(Option<Object>),
    /// A directory.
    Directory,
}

/// Reads the state of each path in `states` from the worktree, without following symlinks.
///
/// # Errors
///
/// The disk cannot be read, or git cannot hash a file.
pub(crate) fn worktree_states(
    layout: &Layout,
    states: &BTreeMap<BString, PathState>,
) -> Result<BTreeMap<BString, WorktreeState>, Error> {
    let respects_filemode = respects_filemode(layout)?;
    let mut worktree = BTreeMap::new();
    let mut files = Vec::new();
    for (path, state) in states {
        let on_disk = layout.on_disk(path.as_bstr());
        let worktree_state = match metadata(layout, path.as_bstr())? {
            None if is_blocked(layout, path.as_bstr()) => WorktreeState::Blocked,
            None => WorktreeState::Missing,
            Some(metadata) if metadata.is_dir() => WorktreeState::Directory,
            Some(metadata) if metadata.is_symlink() => {
                let target = fs::read_link(&on_disk).map_err(|error| Error::ReadFile(on_disk, error))?;
                let id = layout.object_format.blob_id(target.as_os_str().as_bytes());
                WorktreeState::File(Some(Object { mode: Object::SYMLINK, id }))
            }
            Some(metadata) if metadata.is_file() && File::open(&on_disk).is_ok() => {
                files.push(path);
                let is_executable = metadata.permissions().mode() & 0o100 != 0;
                let mode = match &state.staged {
                    Some(staged) if !respects_filemode && staged.is_file() => staged.mode,
                    _ if is_executable && respects_filemode => Object::EXECUTABLE,
                    _ => Object::FILE,
                };
                WorktreeState::File(Some(Object { mode, id: String::new() }))
            }
            Some(_) => WorktreeState::File(None),
        };
        worktree.insert(path.clone(), worktree_state);
    }
    for (path, id) in files.iter().zip(hash_objects(layout, &files)?) {
        if let Some(WorktreeState::File(Some(object))) = worktree.get_mut(*path) {
            object.id = id;
        }
    }
    Ok(worktree)
}

/// Whether git takes names for equal that differ in letter case (`core.ignoreCase`).
pub(super) fn ignores_case(layout: &Layout) -> Result<bool, Error> {
    let arguments = ["config", "--type=bool", "--get", "core.ignoreCase"];
    Ok(layout.git().query(&arguments)?.is_some_and(|value| value == "true"))
}

/// Whether git respects the executable bit (`core.fileMode`).
fn respects_filemode(layout: &Layout) -> Result<bool, Error> {
    let arguments = ["config", "--type=bool", "--get", "core.fileMode"];
    Ok(layout.git().query(&arguments)?.is_none_or(|value| value != "false"))
}

/// Reads the metadata of `path` itself; `None` if it or a parent directory is missing.
fn metadata(layout: &Layout, path: &BStr) -> Result<Option<Metadata>, Error> {
    let ends = path.find_iter(b"/").chain([path.len()]);
    let mut last = None;
    for end in ends {
        let on_disk = layout.on_disk(path[..end].as_bstr());
        last = match fs::symlink_metadata(&on_disk) {
            Ok(metadata) if metadata.is_dir() || end == path.len() => Some(metadata),
            Ok(_) => return Ok(None),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(Error::ReadFile(on_disk, error)),
        };
    }
    Ok(last)
}

/// Whether one of the parent directories of `path` is a file or a symlink.
fn is_blocked(layout: &Layout, path: &BStr) -> bool {
    path.find_iter(b"/").any(|slash| {
        let parent = layout.on_disk(path[..slash].as_bstr());
        fs::symlink_metadata(parent).is_ok_and(|metadata| !metadata.is_dir())
    })
}

/// Returns the ids of the blobs that git would stage for `files`, after its filters.
fn hash_objects(layout: &Layout, files: &[&BString]) -> Result<Vec<String>, Error> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let lines: Vec<BString> = files.iter().map(|path| quote(path.as_bstr())).collect();
    let output = layout.git().run_with_input(&["hash-object", "--stdin-paths"], &bstr::join("\n", lines))?;
    Ok(output.lines().map(trimmed).collect())
}
