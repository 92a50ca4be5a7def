//! The hooks directory of a repository on disk: how hooks are guarded and restored.
//!
//! Each guarded hook is a file of its own, a script that contains the name of the hook and the
//! path of the program. A symlink would dangle in a copied hooks directory, and git skips a
//! dangling hook silently; a program that writes to one hook would overwrite all others.

mod backup;
mod exchange;
mod files;
mod guard_line;
mod inspection;
mod level;
mod manager;
mod neighbours;
mod previous;
mod script;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{fs, io};

pub(crate) use backup::{is_backup, is_reinstalled};
use exchange::{remove_expected, replace_expected};
pub(crate) use files::give_to_owner_of;
use files::{
    NEW_SUFFIX, base_name, exists, failed, is_executable, is_same_hook, list, remove, temporary_path,
    with_suffix, without_suffix,
};
pub(crate) use guard_line::{Addition, configured_command};
pub(crate) use inspection::{HookFile, HookState, Inspection};
pub(crate) use level::Level;
pub(crate) use manager::{Manager, runs_guard, user_file};
pub(crate) use neighbours::Neighbours;
pub(crate) use previous::PreviousHook;
pub use script::PROOF;
use script::{HookScript, is_written};

use crate::disk::{DiskError, write_new};
use crate::git::user_path::canonicalize_lenient;
use crate::git::{Hook, read_regular_file};
use crate::report::escape::display_path;

/// The name for a rescued file that another program wrote over the shim of version 0.1.0.
const RESCUED: &str = "written-over-stage-guard";

/// The name of the file that contains the installed level.
const LEVEL_FILE: &str = "level";

/// The hooks directory of one repository.
#[derive(Debug)]
pub(crate) struct Hooks {
    /// The directory that git runs hooks from, with symlinks resolved.
    directory: PathBuf,
    /// The common git directory, with symlinks resolved.
    common_dir: PathBuf,
}

/// The result of `install`.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Installation {
    /// The guarded hooks, each with its previous hook.
    pub hooks: Vec<(Hook, Option<PreviousHook>)>,
    /// The new path of a rescued file that another program wrote over the shim of version 0.1.0.
    pub rescued: Option<PathBuf>,
}

/// The result of `uninstall`.
#[derive(Debug, Default)]
pub(crate) struct Uninstallation {
    /// The hooks of stage-guard that were removed or replaced.
    pub removed: Vec<PathBuf>,
    /// Backups that were not restored because another hook is in their place.
    pub skipped: Vec<PathBuf>,
    /// The new path of a rescued file that another program wrote over the shim of version 0.1.0.
    pub rescued: Option<PathBuf>,
}

/// Why hooks could not be installed, removed or run.
///
/// No error loses a previous hook, and running the command again completes it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// git runs hooks from a directory outside the git directory.
    #[error("`{}` is outside the git directory", display_path(.0))]
    Outside(PathBuf),
    /// git runs hooks from a directory that belongs to another program or to the user.
    #[error(
        "cannot guard this repository: git runs its hooks from `{}` ({set_by}), which belongs to {}",
        display_path(.directory), .owner.map_or("another program", Manager::name)
    )]
    Foreign {
        /// The directory.
        directory: PathBuf,
        /// The setting or the symlink that names the directory.
        set_by: String,
        /// The manager that owns the directory, if known.
        owner: Option<Manager>,
        /// The lines to add to its hooks.
        additions: Vec<Addition>,
    },
    /// `--strict` is not supported in a bare repository without worktrees.
    #[error("cannot install more than `pre-receive` in a bare repository without worktrees")]
    BareStrict,
    /// git cannot run the hooks, which are installed.
    #[error("git skips the hooks in `{}`: it is on a file system that is mounted with noexec", display_path(.0))]
    NoExec(PathBuf),
    /// This version of git does not run configured hooks.
    #[error("git {} does not run hooks from its configuration; 2.54 and newer do", .0.escape_debug())]
    GitTooOld(String),
    /// The directory of the backups belongs to the user.
    #[error("cannot back up hooks: `{}` contains other files", display_path(.0))]
    BackupDirectoryTaken(PathBuf),
    /// There is a backup of a different hook.
    #[error("cannot back up `{}`: `{}` is the backup of a different hook", display_path(.path), display_path(.backup))]
    BackupExists {
        /// The existing backup.
        backup: PathBuf,
        /// The hook to back up.
        path: PathBuf,
    },
    /// A previous hook could not be started.
    #[error("cannot run the previous hook `{}`", display_path(.path))]
    RunPrevious {
        /// The path of its backup.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Error {
    /// Returns advice on how to fix the error. All data in it is escaped or quoted.
    #[must_use]
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Foreign { owner, additions, .. } => {
                let form = match owner {
                    Some(Manager::Husky) => "",
                    _ => " (executable, first line #!/bin/sh)",
                };
                let lines = additions
                    .iter()
                    .map(|Addition { file, line }| format!("\n{}:\n  {line}", display_path(file)));
                Some(format!("add a line to each of these files{form}:{}", lines.collect::<String>()))
            }
            Self::BareStrict => Some("run `stage-guard install` without --strict".to_owned()),
            Self::NoExec(_) => {
                let way = "mount it without noexec, or let core.hooksPath name a directory elsewhere";
                Some(format!("{way} and install again"))
            }
            Self::GitTooOld(_) => Some("run `stage-guard install` in each repository".to_owned()),
            Self::BackupExists { .. } => Some("keep one of the two and install again".to_owned()),
            Self::BackupDirectoryTaken(_) => Some("move it elsewhere and install again".to_owned()),
            Self::RunPrevious { .. } => Some("fix the hook, or remove it".to_owned()),
            Self::Outside(_) | Self::Disk(_) => None,
        }
    }
}

impl Uninstallation {
    /// Returns whether nothing was removed, skipped or rescued.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.skipped.is_empty() && self.rescued.is_none()
    }
}

impl Hooks {
    /// Opens the hooks directory of the repository with this common git directory.
    ///
    /// Both paths are absolute.
    ///
    /// # Errors
    ///
    /// `directory` is not in `common_dir`: it belongs to the user, to another manager or to the
    /// worktree.
    pub(crate) fn new(directory: &Path, common_dir: &Path) -> Result<Self, Error> {
        let (directory, common_dir) = (canonicalize_lenient(directory), canonicalize_lenient(common_dir));
        if !directory.starts_with(&common_dir) || directory == common_dir {
            return Err(Error::Outside(directory));
        }
        Ok(Self { directory, common_dir })
    }

    /// Opens the guard's own directory, for a repository whose hooks directory is outside.
    pub(crate) fn outside(common_dir: &Path) -> Self {
        let common_dir = canonicalize_lenient(common_dir);
        Self { directory: common_dir.join(script::DIRECTORY).join("hooks"), common_dir }
    }

    /// Returns the level that was installed: the recorded one, or that of the guarded hooks.
    ///
    /// Version 0.1.0 recorded none.
    #[must_use]
    pub(crate) fn level(&self) -> Level {
        let guarded = Hook::ALL.into_iter().filter(|hook| *hook != Hook::PreReceive && self.guards(*hook));
        self.recorded_level().or_else(|| guarded.map(Level::of).max()).unwrap_or(Level::Default)
    }

    /// Returns the level that `install` has recorded.
    #[must_use]
    pub(crate) fn recorded_level(&self) -> Option<Level> {
        let text = read_regular_file(&self.own_directory().join(LEVEL_FILE)).ok()?;
        std::str::from_utf8(&text).ok()?.trim_end().parse().ok()
    }

    /// Makes `hooks` run `program`, and records the level.
    ///
    /// Hooks that are guarded already stay guarded. Previous hooks are backed up. A second run
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// A hook cannot be backed up, or a file operation failed.
    pub(crate) fn install(
        &self,
        program: &Path,
        level: Level,
        hooks: &[Hook],
    ) -> Result<Installation, Error> {
        if self.is_backup_directory_taken()? {
            return Err(Error::BackupDirectoryTaken(self.backup_directory()));
        }
        let rescued = self.rescue_overwritten_shim()?;
        self.create_directory(&self.directory)?;
        self.remove_unfinished_files()?;
        let is_wanted = |hook: &Hook| hooks.contains(hook) || self.guards(*hook);
        let hooks: Vec<Hook> = Hook::ALL.into_iter().filter(is_wanted).collect();
        // The first hook is written after all steps that can fail because of an existing hook.
        let earlier = self.adopt_all_earlier_backups()?;
        let backed_up = hooks.iter().filter_map(|hook| match self.back_up_existing(*hook) {
            Ok(is_backed_up) => is_backed_up.then_some(Ok(*hook)),
            Err(error) => Some(Err(error)),
        });
        let backed_up: Vec<Hook> = backed_up.collect::<Result<_, _>>()?;
        hooks.iter().try_for_each(|hook| {
            let is_kept = |old: &Path| self.keep_changed(*hook, old, backed_up.contains(hook));
            self.write_hook(&self.directory.join(hook.name()), &HookScript::text(*hook, program), is_kept)
        })?;
        hooks.iter().try_for_each(|hook| self.retarget_backup(*hook))?;
        self.upgrade(program)?;
        earlier.iter().try_for_each(|backup| remove(backup))?;
        self.record(level)?;
        for hook in &hooks {
            let _ = Neighbours::link(&self.backup_path(*hook));
        }
        let is_no_exec =
            |hook: &Hook| HookState::of(&self.directory.join(hook.name()), true) == HookState::NoExec;
        if hooks.iter().any(is_no_exec) {
            return Err(Error::NoExec(self.directory.clone()));
        }
        let previous = |hook| (hook, self.previous(hook));
        Ok(Installation { hooks: hooks.into_iter().map(previous).collect(), rescued })
    }

    /// Removes the hooks of stage-guard, and restores every backup byte for byte.
    ///
    /// This covers the directory that git runs hooks from, the default directory, and every other
    /// directory in the git directory that contains hooks of stage-guard.
    ///
    /// # Errors
    ///
    /// A file operation failed.
    pub(crate) fn uninstall(&self) -> Result<Uninstallation, Error> {
        let taken =
            Some(self.backup_directory()).filter(|_| self.is_backup_directory_taken().unwrap_or(true));
        let mut done = Uninstallation { rescued: self.rescue_overwritten_shim()?, ..Default::default() };
        self.remove_unfinished_files()?;
        let earlier = self.adopt_all_earlier_backups()?;
        let directories = self.all_directories();
        for directory in &directories {
            for (path, script) in self.own_hooks(directory)? {
                let is_removed = match script.hook {
                    Some(hook) => self.restore(&path, hook)?,
                    None => self.remove_hook(&path)?,
                };
                done.removed.extend(is_removed.then_some(path));
            }
        }
        let backups = directories.iter().map(|directory| with_suffix(directory, backup::SUFFIX));
        for backups in backups.filter(|backups| Some(backups) != taken.as_ref()) {
            done.skipped.extend(self.restore_orphans(&backups)?);
        }
        earlier.iter().try_for_each(|backup| remove(backup))?;
        self.remove_own_files()?;
        Ok(done)
    }

    /// Returns the directories that may contain hooks of stage-guard or backups, sorted.
    fn all_directories(&self) -> Vec<PathBuf> {
        let mut directories =
            vec![self.directory.clone(), canonicalize_lenient(&self.common_dir.join("hooks"))];
        directories.retain(|directory| directory.starts_with(&self.common_dir));
        directories.extend(self.hook_directories());
        directories.sort();
        directories.dedup();
        directories
    }

    /// Removes the hooks that an interrupted command has written, but not renamed.
    fn remove_unfinished_files(&self) -> Result<(), Error> {
        let is_unfinished = |path: &PathBuf| without_suffix(path, NEW_SUFFIX).is_some();
        let backups = list(&self.backup_directory())?;
        // A replaced hook, which is backed up.
        let is_backed_up = |path: &Path| backups.iter().any(|backup| is_same_hook(path, backup));
        let is_known = |path: &PathBuf| self.own_hook(path).is_some() || is_backed_up(path);
        let paths = if self.directory.is_dir() { list(&self.directory)? } else { Vec::new() };
        paths.into_iter().filter(is_unfinished).filter(is_known).try_for_each(|path| remove(&path))
    }

    /// Adopts the backups of version 0.1.0 in all directories, if that version was installed.
    fn adopt_all_earlier_backups(&self) -> Result<Vec<PathBuf>, Error> {
        let mut earlier = Vec::new();
        if HookScript::read(&script::shim_path(&self.common_dir)).is_some() {
            for directory in self.all_directories() {
                earlier.extend(self.adopt_earlier_backups(&directory)?);
            }
        }
        Ok(earlier)
    }

    /// Replaces the other hooks of version 0.1.0 with those of this one, and removes the shim.
    fn upgrade(&self, program: &Path) -> Result<(), Error> {
        for directory in self.all_directories() {
            for (path, script) in self.own_hooks(&directory)? {
                if let Some(hook) = script.hook.filter(|_| path.is_symlink()) {
                    self.write_hook(&path, &HookScript::text(hook, program), |_| false)?;
                }
            }
        }
        let shim = script::shim_path(&self.common_dir);
        if HookScript::read(&shim).is_some() { remove(&shim) } else { Ok(()) }
    }

    /// Moves a file that another program wrote over the shim into the hooks directory.
    ///
    /// Returns its new path; `None` if no hook is a symlink to it.
    fn rescue_overwritten_shim(&self) -> Result<Option<PathBuf>, Error> {
        let shim = script::shim_path(&self.common_dir);
        let is_linked = || Hook::ALL.iter().any(|hook| self.is_shim_link(&self.directory.join(hook.name())));
        if !script::is_overwritten(&shim) || !is_linked() {
            return Ok(None);
        }
        let first = self.directory.join(RESCUED);
        let numbered = (2..).map(|number: u32| with_suffix(&first, &format!("-{number}")));
        let free = [first.clone()].into_iter().chain(numbered).find(|path| !exists(path));
        let rescued = free.unwrap_or(first);
        fs::rename(&shim, &rescued).map_err(failed("move", &shim))?;
        Ok(Some(rescued))
    }

    /// Returns the directory of the guard's files.
    fn own_directory(&self) -> PathBuf {
        self.common_dir.join(script::DIRECTORY)
    }

    /// Creates a directory with the permissions of the git directory, whatever the umask is.
    ///
    /// Every user who can commit in the repository must be able to run the hooks in it.
    fn create_directory(&self, directory: &Path) -> Result<(), Error> {
        if directory.is_dir() {
            return Ok(());
        }
        if let Some(parent) = directory.parent().filter(|parent| parent.starts_with(&self.common_dir)) {
            self.create_directory(parent)?;
        }
        let permissions = fs::metadata(&self.common_dir).map(|metadata| metadata.permissions());
        fs::create_dir(directory)
            .and_then(|()| fs::set_permissions(directory, permissions?))
            .and_then(|()| give_to_owner_of(&self.common_dir, directory))
            .map_err(failed("create", directory))
    }

    /// Makes the file at `path` a hook with this text.
    ///
    /// It is a hard link to a file in the guard's directory, or a copy if it cannot be linked.
    /// Neither is ever read to find out what a hook must be. A file of another program is
    /// replaced only if `is_kept` returns `true` for it.
    fn write_hook(&self, path: &Path, text: &[u8], is_kept: impl FnOnce(&Path) -> bool) -> Result<(), Error> {
        if is_written(path, text) {
            return Ok(());
        }
        let stored = self.store_hook(path, text);
        let create = |new: &Path| match stored.map(|stored| fs::hard_link(stored, new)) {
            Some(Ok(())) => Ok(()),
            _ => write_script(new, text).and_then(|()| give_to_owner_of(&self.common_dir, new)),
        };
        if self.replace_hook(path, "write", create, is_kept)? {
            return Ok(());
        }
        let backup = with_suffix(&self.directory, backup::SUFFIX).join(path.file_name().unwrap_or_default());
        Err(Error::BackupExists { backup, path: path.to_owned() })
    }

    /// Creates a file next to `path` and replaces a hook with it; returns whether it did.
    ///
    /// A hook of stage-guard is replaced, and another file only if `is_kept` returns `true` for it.
    fn replace_hook(
        &self,
        path: &Path,
        operation: &'static str,
        create: impl FnOnce(&Path) -> io::Result<()>,
        is_kept: impl FnOnce(&Path) -> bool,
    ) -> Result<bool, Error> {
        let new = temporary_path(path);
        let is_expected = |old: &Path| self.own_hook(old).is_some() || is_kept(old);
        let created = create(&new).inspect_err(|_| drop(fs::remove_file(&new)));
        created.and_then(|()| replace_expected(&new, path, is_expected)).map_err(failed(operation, path))
    }

    /// Removes a hook of stage-guard; returns `false` if another program has replaced it.
    fn remove_hook(&self, path: &Path) -> Result<bool, Error> {
        let is_own = |old: &Path| self.own_hook(old).is_some();
        remove_expected(path, &temporary_path(path), is_own).map_err(failed("remove", path))
    }

    /// Stores the file that the hook at `path` is linked to; `None` if it cannot be stored.
    fn store_hook(&self, path: &Path, text: &[u8]) -> Option<PathBuf> {
        let directory = self.own_directory().join("hooks");
        let stored = directory.join(path.file_name()?);
        if is_written(&stored, text) {
            return Some(stored);
        }
        // A file of the user's is kept, unless another name of it is kept elsewhere.
        let is_only_name = fs::symlink_metadata(&stored).is_ok_and(|metadata| metadata.nlink() == 1);
        if is_only_name && HookScript::read(&stored).is_none() {
            return None;
        }
        self.create_directory(&directory).ok()?;
        self.replace(&stored, "write", |new| write_script(new, text)).ok()?;
        Some(stored)
    }

    /// Records the installed level.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn record(&self, level: Level) -> Result<(), Error> {
        if self.recorded_level() == Some(level) {
            return Ok(());
        }
        self.create_directory(&self.own_directory())?;
        self.replace(&self.own_directory().join(LEVEL_FILE), "write", |new| {
            write_new(new, format!("{level}\n").as_bytes())?;
            fs::set_permissions(new, fs::Permissions::from_mode(0o644))
        })
    }

    fn previous(&self, hook: Hook) -> Option<PreviousHook> {
        let path = self.backup_path(hook);
        let runs = is_executable(&path);
        backup::is_backup(&path).then(|| PreviousHook { runs, manager: Manager::of(&path), path })
    }

    /// Creates a file next to `path` and renames it to `path`.
    ///
    /// At every moment, `path` is the old file or the new one.
    fn replace(
        &self,
        path: &Path,
        operation: &'static str,
        create: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<(), Error> {
        let new = temporary_path(path);
        let created = create(&new).and_then(|()| give_to_owner_of(&self.common_dir, &new));
        created.and_then(|()| fs::rename(&new, path)).map_err(|error| {
            let _ = fs::remove_file(&new);
            failed(operation, path)(error)
        })
    }

    /// Returns the hooks of stage-guard in a directory, whatever their names are.
    fn own_hooks(&self, directory: &Path) -> Result<Vec<(PathBuf, HookScript)>, Error> {
        let paths = list(directory)?.into_iter();
        Ok(paths.filter_map(|path| self.own_hook(&path).map(|script| (path, script))).collect())
    }

    /// Reads the hook of stage-guard at `path`, a file or a symlink to the shim of version 0.1.0.
    ///
    /// Returns `None` if it is another file. The hook is named by the file if not by its text.
    fn own_hook(&self, path: &Path) -> Option<HookScript> {
        let script = if self.is_shim_link(path) {
            let shim = HookScript::read(&script::shim_path(&self.common_dir));
            shim.unwrap_or_else(HookScript::unknown)
        } else {
            HookScript::read(path)?
        };
        let named = || base_name(path).to_str()?.parse().ok();
        Some(HookScript { hook: script.hook.or_else(named), ..script })
    }

    /// Returns whether the file of `hook` is a hook of stage-guard that guards it.
    fn guards(&self, hook: Hook) -> bool {
        self.own_hook(&self.directory.join(hook.name())).is_some_and(|script| script.hook == Some(hook))
    }

    /// Returns whether `path` is a symlink to the shim of version 0.1.0, which need not exist.
    fn is_shim_link(&self, path: &Path) -> bool {
        let directory = path.parent().unwrap_or(&self.common_dir);
        let shim = script::relative_shim_path(directory, &self.common_dir);
        fs::read_link(path).is_ok_and(|target| target == shim)
    }

    /// Removes the guard's files from its directory, and the directory if it is empty.
    fn remove_own_files(&self) -> Result<(), Error> {
        let directory = self.own_directory();
        let hooks = directory.join("hooks");
        for path in list(&hooks).unwrap_or_default().into_iter().chain(list(&directory).unwrap_or_default()) {
            let is_level = path.ends_with(LEVEL_FILE) && self.recorded_level().is_some();
            let has_other_name = path.starts_with(&hooks)
                && fs::symlink_metadata(&path).is_ok_and(|file| file.is_file() && file.nlink() > 1);
            let is_link = fs::read_link(&path).is_ok_and(|target| target.ends_with("../stage-guard/hook"));
            if is_level || has_other_name || is_link || HookScript::read(&path).is_some() {
                remove(&path)?;
            }
        }
        // A directory that contains other files stays.
        let _ = fs::remove_dir(&hooks);
        let _ = fs::remove_dir(&directory);
        Ok(())
    }
}

/// Writes a hook with its mode, whatever the umask is.
fn write_script(path: &Path, text: &[u8]) -> io::Result<()> {
    write_new(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(script::MODE))
}
