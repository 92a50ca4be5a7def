//! What stands in the hooks directory, and which of it git runs.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::{
    Error, HOME, Hooks, Kept, Manager, entries, has_line, hook_of, is_executable, is_overwritten, is_there,
    kept, real,
};
use crate::git::{Hook, read_regular_file};

/// What there is of hooks in a repository.
#[derive(Debug, Eq, PartialEq)]
pub struct Examined {
    /// The place of each hook, in the order of [`Hook::ALL`].
    pub places: Vec<Place>,
    /// Hooks of ours that another manager has moved aside (`pre-commit.legacy`), each with
    /// the hook that it was.
    pub aside: Vec<(Hook, PathBuf)>,
    /// Other directories of the repository that hold hooks of ours.
    pub elsewhere: Vec<PathBuf>,
}

/// The place of one hook.
#[derive(Debug, Eq, PartialEq)]
pub struct Place {
    /// The hook.
    pub hook: Hook,
    /// Where git looks for it.
    pub path: PathBuf,
    /// The file that a symlink there leads to.
    pub real: PathBuf,
    /// What is there.
    pub stands: Stands,
    /// Whether that is a link to our shim, or a copy of it.
    pub is_ours: bool,
    /// Whose hook it is otherwise, where that can be told.
    pub manager: Option<Manager>,
    /// Whether git runs it, and it has a line that runs a guard, by whatever path.
    pub has_line: bool,
    /// The program that the shim runs.
    pub binary: Option<PathBuf>,
    /// The hook that was there before.
    pub kept: Option<Kept>,
}

/// What is in the place of a hook.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stands {
    /// Nothing.
    Nothing,
    /// A symlink that leads to nothing. git passes over it without a word.
    Dangling,
    /// What git passes over because it may not run it.
    NotExecutable,
    /// A link of ours to a file that another program has written over: git runs that.
    Overwritten,
    /// What git runs.
    Runs,
}

/// Directories of the git directory that hold no hooks, and may hold very much.
const WITHOUT_HOOKS: [&str; 7] = ["objects", "refs", "logs", "modules", "lfs", "annex", HOME];

impl Place {
    /// Whether git runs our shim there.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.is_ours && self.stands == Stands::Runs
    }
}

impl Hooks {
    /// Looks at the hooks in `directory`, which may lie anywhere, of the repository whose
    /// common git directory is `common_dir`, both absolute.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub fn examine(directory: &Path, common_dir: &Path) -> Result<Examined, Error> {
        let hooks = Self { directory: real(directory), common_dir: real(common_dir) };
        let aside = |path: PathBuf| {
            Some((hooks.hook_of_ours(&path)?, path)).filter(|(hook, path)| !path.ends_with(hook.name()))
        };
        let listed = if hooks.directory.is_dir() { entries(&hooks.directory)? } else { Vec::new() };
        Ok(Examined {
            places: Hook::ALL.into_iter().map(|hook| hooks.place(hook)).collect(),
            aside: listed.into_iter().filter_map(aside).collect(),
            elsewhere: hooks.linked().into_iter().filter(|linked| *linked != hooks.directory).collect(),
        })
    }

    fn place(&self, hook: Hook) -> Place {
        let path = self.directory.join(hook.name());
        let is_ours = self.is_ours(&path);
        let stands = match () {
            () if is_ours && is_overwritten(&path) => Stands::Overwritten,
            () if is_executable(&path) => Stands::Runs,
            () if path.exists() => Stands::NotExecutable,
            () if is_there(&path) => Stands::Dangling,
            () => Stands::Nothing,
        };
        let text = if is_ours { read_regular_file(&path).ok() } else { None };
        let kept = Some(kept(&self.directory, hook)).filter(|kept| is_there(kept));
        let is_run = |kept: &Path| is_ours && stands == Stands::Runs && is_executable(kept);
        Place {
            hook,
            real: real(&path),
            stands,
            is_ours,
            manager: if is_ours { None } else { Manager::of(&path) },
            has_line: has_line(&path, hook),
            binary: text.as_deref().and_then(binary),
            kept: kept.map(|path| Kept { runs: is_run(&path), manager: Manager::of(&path), path }),
            path,
        }
    }

    /// The hook that a file is named for, where it is ours: files that are called
    /// otherwise are not read.
    fn hook_of_ours(&self, path: &Path) -> Option<Hook> {
        hook_of(path).filter(|_| self.is_ours(path))
    }

    /// The directories inside the git directory that hold links to the shim, sorted.
    pub(super) fn linked(&self) -> Vec<PathBuf> {
        let mut linked = Vec::new();
        let mut unread = vec![self.common_dir.clone()];
        while let Some(directory) = unread.pop() {
            // What cannot be listed, git finds no hook in.
            let paths = entries(&directory).unwrap_or_default();
            if paths.iter().any(|path| self.hook_of_ours(path).is_some()) {
                linked.push(directory);
            }
            let is_open = |path: &PathBuf| {
                WITHOUT_HOOKS.iter().all(|name| !path.ends_with(name))
                    && fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
            };
            unread.extend(paths.into_iter().filter(is_open));
        }
        linked.sort();
        linked
    }
}

/// The path of the binary that is written into a shim.
fn binary(shim: &[u8]) -> Option<PathBuf> {
    let line = shim.split_once_str("\nstage_guard=")?.1.split_once_str("'\n").map(|(path, _)| path);
    let quoted = line.and_then(|path| path.strip_prefix(b"'"));
    // The shim as it serves in a folder by itself names a program on `PATH`.
    let path = quoted.map_or_else(|| b"stage-guard".to_vec(), |path| path.replace(r"'\''", "'"));
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(&path)))
}
