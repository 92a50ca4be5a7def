//! The hooks of a repository on disk, and which of them git runs.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
#[cfg(target_os = "linux")]
use rustix::fs::{StatVfsMountFlags, statvfs};

use super::backup::{self, SUFFIX};
use super::files::{exists, is_executable, list, with_suffix, without_suffix};
use super::manager::runs_guard;
use super::{Error, Hooks, Level, Manager, PreviousHook, script};
use crate::git::Hook;
use crate::git::user_path::canonicalize_lenient;

/// The hooks of a repository on disk.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Inspection {
    /// One file for each of [`Hook::ALL`], whether it exists or not.
    pub files: Vec<HookFile>,
    /// The level that `install` has recorded.
    pub level: Option<Level>,
    /// The guarded hooks that another program has renamed, as in `pre-commit.legacy`.
    pub renamed: Vec<(Hook, PathBuf)>,
    /// Other directories of the repository that contain guarded hooks.
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
    /// Whether it is a file of stage-guard that guards the hook.
    pub is_own: bool,
    /// The manager that owns it, if it is another program's and known.
    pub manager: Option<Manager>,
    /// Whether git runs it and it contains a line that runs the guard.
    pub runs_guard: bool,
    /// The program that the hook of stage-guard runs.
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
    /// A link to the shim of version 0.1.0, which another program has overwritten: git runs that program's file.
    Overwritten,
    /// git runs it.
    Active,
}

/// Directories in the git directory that contain no hooks and may be large.
const NOT_SEARCHED: [&str; 7] = ["objects", "refs", "logs", "modules", "lfs", "annex", script::DIRECTORY];

impl HookState {
    pub(super) fn of(path: &Path, is_own: bool) -> Self {
        let state = if is_executable(path) { Self::of_executable(path) } else { Self::Active };
        if state != Self::Active {
            state
        } else if is_own && script::is_overwritten(path) {
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
        match access(path, Access::EXEC_OK) {
            Ok(()) => Self::Active,
            Err(_) if is_no_exec(path) => Self::NoExec,
            Err(_) => Self::Forbidden,
        }
    }
}

/// Whether a file is on a file system that is mounted with `noexec`.
#[cfg(target_os = "linux")]
fn is_no_exec(path: &Path) -> bool {
    statvfs(path).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::NOEXEC))
}

/// POSIX has no flag for it, so such a file counts as [`HookState::Forbidden`].
#[cfg(not(target_os = "linux"))]
fn is_no_exec(_: &Path) -> bool {
    false
}

impl HookFile {
    /// Returns whether git runs the hook of stage-guard.
    #[must_use]
    pub(crate) fn is_guarded(&self) -> bool {
        self.is_own && self.state == HookState::Active
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
        let is_renamed = |(path, hook): &(PathBuf, Hook)| !path.ends_with(hook.name());
        let own = if hooks.directory.is_dir() { hooks.own_hooks(&hooks.directory)? } else { Vec::new() };
        let named = own.into_iter().filter_map(|(path, script)| Some((path, script.hook?)));
        let renamed = named.filter(is_renamed).map(|(path, hook)| (hook, path)).collect();
        Ok(Inspection {
            files: Hook::ALL.into_iter().map(|hook| hooks.inspect_file(hook)).collect(),
            level: hooks.recorded_level(),
            renamed,
            elsewhere: hooks.hook_directories().into_iter().filter(|path| *path != hooks.directory).collect(),
        })
    }

    fn inspect_file(&self, hook: Hook) -> HookFile {
        let path = self.directory.join(hook.name());
        let script = self.own_hook(&path).filter(|script| script.hook == Some(hook));
        let is_own = script.is_some();
        let file = HookFile {
            hook,
            target: canonicalize_lenient(&path),
            state: HookState::of(&path, is_own),
            is_own,
            manager: if is_own { None } else { Manager::of(&path) },
            runs_guard: runs_guard(&path, hook),
            binary: script.map(|script| script.program),
            previous: None,
            path,
        };
        // Version 0.1.0 has made its backups next to the hooks.
        let backups = [self.backup_path(hook), with_suffix(&file.path, SUFFIX)];
        let backup = backups.into_iter().find(|path| backup::is_backup(path));
        let previous = |path: PathBuf| PreviousHook {
            runs: file.is_guarded() && is_executable(&path),
            manager: Manager::of(&path),
            path,
        };
        HookFile { previous: backup.map(previous), ..file }
    }

    /// Returns the directories in the git directory that contain hooks of stage-guard, sorted.
    pub(super) fn hook_directories(&self) -> Vec<PathBuf> {
        let mut directories = Vec::new();
        let mut pending = vec![self.common_dir.clone()];
        while let Some(directory) = pending.pop() {
            // git finds no hooks in a directory that cannot be listed.
            let paths = list(&directory).unwrap_or_default();
            let is_own =
                |path: &PathBuf| (path.is_symlink() || is_executable(path)) && self.own_hook(path).is_some();
            if paths.iter().any(is_own) {
                directories.push(directory);
            }
            let is_searched = |path: &PathBuf| {
                NOT_SEARCHED.iter().all(|name| !path.ends_with(name))
                    && without_suffix(path, SUFFIX).is_none()
                    && fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
            };
            pending.extend(paths.into_iter().filter(is_searched));
        }
        directories.sort();
        directories
    }
}
