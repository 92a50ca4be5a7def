//! The hooks of a repository on disk, and which of them git runs.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};

use super::backup::backup_path;
use super::files::{exists, hook_named, is_executable, list};
use super::manager::runs_guard;
use super::{Error, Hooks, Manager, PreviousHook, shim};
use crate::git::user_path::canonicalize_lenient;
use crate::git::{Hook, read_regular_file};

/// The hooks of a repository on disk.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Inspection {
    /// One file for each of [`Hook::ALL`], whether it exists or not.
    pub files: Vec<HookFile>,
    /// The links to the shim that another manager has renamed, as in `pre-commit.legacy`.
    pub renamed: Vec<(Hook, PathBuf)>,
    /// Other directories of the repository that contain links to the shim.
    pub elsewhere: Vec<PathBuf>,
}

/// The file of one hook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HookFile {
    /// The hook.
    pub hook: Hook,
    /// The path where git looks for it.
    pub path: PathBuf,
    /// The path with symlinks resolved.
    pub target: PathBuf,
    /// Whether it exists and git runs it.
    pub state: HookState,
    /// Whether it is a link to the shim or a copy of it.
    pub is_shim: bool,
    /// The manager that owns it, if it is not the shim and its owner is known.
    pub manager: Option<Manager>,
    /// Whether git runs it and it contains a line that runs the guard.
    pub runs_guard: bool,
    /// The program that the shim runs.
    pub binary: Option<PathBuf>,
    /// The previous hook, which `install` has backed up.
    pub previous: Option<PreviousHook>,
}

/// Whether a hook exists and git runs it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HookState {
    /// There is no file.
    Missing,
    /// A symlink to nothing: git skips it silently.
    Dangling,
    /// A file that is not executable: git skips it.
    NotExecutable,
    /// An executable file that this user may not run: git skips it.
    Forbidden,
    /// An executable file on a file system that is mounted with `noexec`: git skips it.
    NoExec,
    /// A link to the shim, which another program has overwritten: git runs that program's file.
    Overwritten,
    /// git runs it.
    Active,
}

/// Directories in the git directory that contain no links to the shim and may be large.
const NOT_SEARCHED: [&str; 7] = ["objects", "refs", "logs", "modules", "lfs", "annex", shim::DIRECTORY];

impl HookState {
    fn of(path: &Path, is_shim: bool) -> Self {
        let state = if is_executable(path) { Self::of_executable(path) } else { Self::Active };
        if state != Self::Active {
            state
        } else if is_shim && shim::is_overwritten(path) {
            Self::Overwritten
        } else if is_executable(path) {
            Self::Active
        } else if path.exists() {
            Self::NotExecutable
        } else if exists(path) {
            Self::Dangling
        } else {
            Self::Missing
        }
    }
}

impl HookState {
    /// Asks the system, as git does, whether this user may run an executable file.
    fn of_executable(path: &Path) -> Self {
        let is_no_exec =
            || statvfs(path).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::NOEXEC));
        match access(path, Access::EXEC_OK) {
            Ok(()) => Self::Active,
            Err(_) if is_no_exec() => Self::NoExec,
            Err(_) => Self::Forbidden,
        }
    }
}

impl HookFile {
    /// Returns whether git runs the shim.
    #[must_use]
    pub(crate) fn is_guarded(&self) -> bool {
        self.is_shim && self.state == HookState::Active
    }
}

impl Hooks {
    /// Inspects the hooks in `directory` of the repository with this common git directory.
    ///
    /// Both paths are absolute; the hooks directory may be outside the repository.
    ///
    /// # Errors
    ///
    /// A directory cannot be listed.
    pub(crate) fn inspect(directory: &Path, common_dir: &Path) -> Result<Inspection, Error> {
        let hooks =
            Self { directory: canonicalize_lenient(directory), common_dir: canonicalize_lenient(common_dir) };
        let renamed = |path: PathBuf| {
            let hook = hooks.hook_of_link(&path)?;
            (!path.ends_with(hook.name())).then_some((hook, path))
        };
        let paths = if hooks.directory.is_dir() { list(&hooks.directory)? } else { Vec::new() };
        Ok(Inspection {
            files: Hook::ALL.into_iter().map(|hook| hooks.inspect_file(hook)).collect(),
            renamed: paths.into_iter().filter_map(renamed).collect(),
            elsewhere: hooks
                .linked_directories()
                .into_iter()
                .filter(|path| *path != hooks.directory)
                .collect(),
        })
    }

    fn inspect_file(&self, hook: Hook) -> HookFile {
        let path = self.directory.join(hook.name());
        let is_shim = self.is_shim(&path);
        let shim = if is_shim { read_regular_file(&path).ok() } else { None };
        let file = HookFile {
            hook,
            target: canonicalize_lenient(&path),
            state: HookState::of(&path, is_shim),
            is_shim,
            manager: if is_shim { None } else { Manager::of(&path) },
            runs_guard: runs_guard(&path, hook),
            binary: shim.as_deref().and_then(shim::program),
            previous: None,
            path,
        };
        let backup = Some(backup_path(&self.directory, hook)).filter(|backup| exists(backup));
        let previous = |path: PathBuf| PreviousHook {
            runs: file.is_guarded() && is_executable(&path),
            manager: Manager::of(&path),
            path,
        };
        HookFile { previous: backup.map(previous), ..file }
    }

    /// Returns the hook that `path` is named after, if it is a link to the shim.
    fn hook_of_link(&self, path: &Path) -> Option<Hook> {
        hook_named(path).filter(|_| self.is_shim(path))
    }

    /// Returns the directories in the git directory that contain links to the shim, sorted.
    pub(super) fn linked_directories(&self) -> Vec<PathBuf> {
        let mut linked = Vec::new();
        let mut pending = vec![self.common_dir.clone()];
        while let Some(directory) = pending.pop() {
            // git finds no hooks in a directory that cannot be listed.
            let paths = list(&directory).unwrap_or_default();
            if paths.iter().any(|path| self.hook_of_link(path).is_some()) {
                linked.push(directory);
            }
            let is_searched = |path: &PathBuf| {
                NOT_SEARCHED.iter().all(|name| !path.ends_with(name))
                    && fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
            };
            pending.extend(paths.into_iter().filter(is_searched));
        }
        linked.sort();
        linked
    }
}
