//! The worktree as git would stage it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::command_line::{fields, run_with, text};
use super::quoted::quoted;
use super::{Error, Object, Repository, Sides};

/// What stands at a path of the worktree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// Nothing, and nothing can: a file or a symlink is on the way.
    Blocked,
    /// A file or a symlink: what git would stage for it. Nothing, where it cannot
    /// be read, or is a device or the like.
    File(Option<Object>),
    /// A directory.
    Directory,
}

impl Repository {
    /// What stands at each of the paths of `sides`. A symlink on the way is not
    /// followed: nothing stands behind one.
    ///
    /// # Errors
    ///
    /// git cannot tell what it would stage.
    pub fn standing<'p>(
        &self,
        sides: &'p BTreeMap<BString, Sides>,
    ) -> Result<BTreeMap<&'p BString, Standing>, Error> {
        let heeds_modes = self.heeds_modes()?;
        let mut standing = BTreeMap::new();
        let mut files = Vec::new();
        for (path, sides) in sides {
            let on_disk = self.on_disk(path.as_bstr());
            let found = match self.metadata(path.as_bstr())? {
                None if self.is_blocked(path.as_bstr()) => Standing::Blocked,
                None => Standing::Nothing,
                Some(metadata) if metadata.is_dir() => Standing::Directory,
                Some(metadata) if metadata.is_symlink() => {
                    let target = fs::read_link(&on_disk).map_err(|error| Error::ReadFile(on_disk, error))?;
                    let id =
                        run_with(self.git(), &["hash-object", "--stdin"], target.as_os_str().as_bytes())?;
                    Standing::File(Some(Object { mode: Object::SYMLINK, id: text(&id) }))
                }
                Some(metadata) if metadata.is_file() && File::open(&on_disk).is_ok() => {
                    files.push(path);
                    let is_executable = metadata.permissions().mode() & 0o100 != 0;
                    let mode = match &sides.staged {
                        // What git does not look at stays as it is staged.
                        Some(staged) if !heeds_modes && staged.is_file() => staged.mode,
                        _ if is_executable && heeds_modes => Object::EXECUTABLE,
                        _ => Object::FILE,
                    };
                    Standing::File(Some(Object { mode, id: String::new() }))
                }
                Some(_) => Standing::File(None),
            };
            standing.insert(path, found);
        }
        for (path, hash) in files.iter().zip(self.hashes(&files)?) {
            if let Some(Standing::File(Some(object))) = standing.get_mut(path) {
                object.id = hash;
            }
        }
        Ok(standing)
    }

    /// Where `path`, which is relative to the top, lies on the disk.
    #[must_use]
    pub fn on_disk(&self, path: &BStr) -> PathBuf {
        self.top().join(OsStr::from_bytes(path))
    }

    /// Whether git heeds the executable bit (`core.fileMode`).
    ///
    /// # Errors
    ///
    /// git cannot be asked.
    pub fn heeds_modes(&self) -> Result<bool, Error> {
        let arguments = ["config", "--type=bool", "--get", "core.fileMode"];
        let output = self.git().args(arguments).output().map_err(Error::RunGit)?;
        Ok(text(&output.stdout) != "false")
    }

    /// What lies below `directory` and is not in the index; with what git ignores, or
    /// without. The top is the empty path.
    ///
    /// # Errors
    ///
    /// git cannot be asked.
    pub fn untracked_below(&self, directory: &BStr, with_ignored: bool) -> Result<Vec<BString>, Error> {
        let mut paths = self.others(directory, with_ignored)?;
        paths.retain(|path| !path.ends_with(b"/"));
        Ok(paths)
    }

    /// What is neither in the index nor ignored, as `git add -A` would put it there: a
    /// repository inside this one becomes a gitlink. Sorted by the bytes of the paths.
    ///
    /// # Errors
    ///
    /// git cannot be asked.
    pub fn untracked(&self) -> Result<Vec<BString>, Error> {
        let mut paths = self.others(b"".as_bstr(), false)?;
        for path in paths.iter_mut().filter(|path| path.ends_with(b"/")) {
            path.pop();
        }
        paths.sort_unstable();
        Ok(paths)
    }

    /// What git says is below `directory` and not in the index. A repository inside this
    /// one is a name with a `/` at its end.
    fn others(&self, directory: &BStr, with_ignored: bool) -> Result<Vec<BString>, Error> {
        let directory = if directory.is_empty() { b".".as_bstr() } else { directory };
        let mut arguments = ["ls-files", "-z", "--others", "--full-name"].map(OsStr::new).to_vec();
        arguments.extend((!with_ignored).then_some(OsStr::new("--exclude-standard")));
        arguments.extend([OsStr::new("--"), OsStr::from_bytes(directory)]);
        let mut git = self.git();
        git.env("GIT_LITERAL_PATHSPECS", "1");
        let output = run_with(git, &arguments, &[])?;
        Ok(fields(&output).map(BString::from).collect())
    }

    /// What is at `path` itself, unless a symlink or a file is on the way to it.
    fn metadata(&self, path: &BStr) -> Result<Option<Metadata>, Error> {
        let slashes = path.find_iter(b"/").chain([path.len()]);
        let mut found = None;
        for end in slashes {
            let place = self.on_disk(path[..end].as_bstr());
            found = match fs::symlink_metadata(&place) {
                Ok(metadata) if metadata.is_dir() || end == path.len() => Some(metadata),
                Ok(_) => return Ok(None),
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(Error::ReadFile(place, error)),
            };
        }
        Ok(found)
    }

    /// Whether a file or a symlink is where a directory above `path` would be.
    fn is_blocked(&self, path: &BStr) -> bool {
        let above = path.find_iter(b"/").map(|slash| self.on_disk(path[..slash].as_bstr()));
        above.into_iter().any(|place| fs::symlink_metadata(place).is_ok_and(|metadata| !metadata.is_dir()))
    }

    /// The ids of the blobs that git would stage for these files, through the
    /// filters that `.gitattributes` names for them.
    fn hashes(&self, files: &[&BString]) -> Result<Vec<String>, Error> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let lines: Vec<BString> = files.iter().map(|path| quoted(path.as_bstr())).collect();
        let output = run_with(self.git(), &["hash-object", "--stdin-paths"], &bstr::join("\n", lines))?;
        Ok(output.lines().map(text).collect())
    }
}
