//! The hooks directory of a repository on disk: how hooks are guarded and restored.
//!
//! Each guarded hook is a symlink to one shim in the common git directory. The shim contains
//! the path of the program. A symlink directly to the program would fail open when the program
//! is deleted: git skips a dangling hook silently.

mod backup;
mod files;
mod guard_line;
mod inspection;
mod level;
mod manager;
mod previous;
mod shim;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::{fs, io, process};

pub(crate) use backup::is_reinstalled;
use backup::{backup_path, original_path};
use files::{exists, failed, hook_named, is_executable, is_same_hook, list, remove, with_suffix};
pub(crate) use guard_line::{Addition, configured_command};
pub(crate) use inspection::{HookFile, HookState, Inspection};
pub(crate) use level::Level;
pub(crate) use manager::{Manager, runs_guard, user_file};
pub(crate) use previous::PreviousHook;

use crate::disk::DiskError;
use crate::git::user_path::canonicalize_lenient;
use crate::git::{Hook, read_regular_file};
use crate::report::escape::display_path;

/// The name for a rescued file that another program wrote over the shim.
const RESCUED: &str = "written-over-stage-guard";

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
    /// The new path of a rescued file that another program wrote over the shim.
    pub rescued: Option<PathBuf>,
}

/// The result of `uninstall`.
#[derive(Debug, Default)]
pub(crate) struct Uninstallation {
    /// The links to the shim that were removed or replaced.
    pub removed: Vec<PathBuf>,
    /// Backups that were not restored because another hook is in their place.
    pub skipped: Vec<PathBuf>,
    /// The new path of a rescued file that another program wrote over the shim.
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
    /// This version of git does not run configured hooks.
    #[error("git {} does not run hooks from its configuration; 2.54 and newer do", .0.escape_debug())]
    GitTooOld(String),
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
    /// Returns advice on how to fix the error.
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
            Self::GitTooOld(_) => Some("run `stage-guard install` in each repository".to_owned()),
            Self::BackupExists { .. } => Some("keep one of the two and install again".to_owned()),
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
    /// `directory` is outside `common_dir`: it belongs to the user, to another manager or to the
    /// worktree.
    pub(crate) fn new(directory: &Path, common_dir: &Path) -> Result<Self, Error> {
        let (directory, common_dir) = (canonicalize_lenient(directory), canonicalize_lenient(common_dir));
        if !directory.starts_with(&common_dir) {
            return Err(Error::Outside(directory));
        }
        Ok(Self { directory, common_dir })
    }

    /// Writes the shim for `binary`, and links `hooks` to it.
    ///
    /// Hooks that are linked already are kept. Previous hooks are backed up. A second run
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// A hook cannot be backed up, or a file operation failed.
    pub(crate) fn install(&self, binary: &Path, hooks: &[Hook]) -> Result<Installation, Error> {
        let rescued = self.rescue_overwritten_shim()?;
        let installed = self.create_directory(&self.directory).and_then(|()| {
            self.create_directory(&self.shim_directory())?;
            self.write_shim(binary)?;
            let is_wanted =
                |hook: &Hook| hooks.contains(hook) || self.is_shim(&self.directory.join(hook.name()));
            let hooks: Vec<Hook> = Hook::ALL.into_iter().filter(is_wanted).collect();
            // The first link comes after all steps that can fail because of an existing hook.
            hooks.iter().try_for_each(|hook| self.back_up_existing(*hook))?;
            hooks.iter().try_for_each(|hook| self.link(*hook))?;
            hooks.iter().try_for_each(|hook| self.retarget_backup(*hook))?;
            Ok(hooks.into_iter().map(|hook| (hook, self.previous(hook))).collect())
        });
        if installed.is_err() && self.links(&self.directory).is_ok_and(|links| links.is_empty()) {
            let _ = self.remove_shim_directory();
        }
        Ok(Installation { hooks: installed?, rescued })
    }

    /// Removes the shim and the links to it, and restores every backup byte for byte.
    ///
    /// This covers the directory that git runs hooks from, the default directory, and every other
    /// directory in the git directory that contains links to the shim.
    ///
    /// # Errors
    ///
    /// A file operation failed.
    pub(crate) fn uninstall(&self) -> Result<Uninstallation, Error> {
        let mut done = Uninstallation { rescued: self.rescue_overwritten_shim()?, ..Default::default() };
        let mut directories =
            vec![self.directory.clone(), canonicalize_lenient(&self.common_dir.join("hooks"))];
        directories.retain(|directory| directory.starts_with(&self.common_dir));
        directories.extend(self.linked_directories());
        directories.sort();
        directories.dedup();
        for directory in directories {
            for link in self.links(&directory)? {
                self.restore(&link)?;
                done.removed.push(link);
            }
            done.skipped.extend(self.restore_orphans(&directory)?);
        }
        self.remove_shim_directory()?;
        Ok(done)
    }

    /// Restores the backups without a link; returns the backups that another hook blocks.
    fn restore_orphans(&self, directory: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut skipped = Vec::new();
        for backup in list(directory)? {
            let Some(path) = original_path(&backup).filter(|path| hook_named(path).is_some()) else {
                continue;
            };
            if !exists(&path) {
                self.restore_from(&backup, &path)?;
            } else if is_same_hook(&backup, &path) {
                remove(&backup)?;
            } else {
                skipped.push(backup);
            }
        }
        Ok(skipped)
    }

    /// Moves a file that another program wrote over the shim into the hooks directory.
    ///
    /// Returns its new path; `None` if the shim is intact or does not exist.
    fn rescue_overwritten_shim(&self) -> Result<Option<PathBuf>, Error> {
        let shim = shim::path(&self.common_dir);
        if !shim::is_overwritten(&shim) {
            return Ok(None);
        }
        let first = self.directory.join(RESCUED);
        let numbered = (2..).map(|number: u32| with_suffix(&first, &format!("-{number}")));
        let free = [first.clone()].into_iter().chain(numbered).find(|path| !exists(path));
        let rescued = free.unwrap_or(first);
        fs::rename(&shim, &rescued).map_err(failed("move", &shim))?;
        Ok(Some(rescued))
    }

    fn shim_directory(&self) -> PathBuf {
        self.common_dir.join(shim::DIRECTORY)
    }

    /// Creates a directory with the permissions of the git directory, whatever the umask is.
    ///
    /// Every user who can commit in the repository must be able to run the hooks in it.
    fn create_directory(&self, directory: &Path) -> Result<(), Error> {
        if directory.is_dir() {
            return Ok(());
        }
        let permissions = fs::metadata(&self.common_dir).map(|metadata| metadata.permissions());
        fs::create_dir_all(directory)
            .and_then(|()| fs::set_permissions(directory, permissions?))
            .map_err(failed("create", directory))
    }

    fn write_shim(&self, binary: &Path) -> Result<(), Error> {
        let path = shim::path(&self.common_dir);
        let text = shim::text(binary);
        if is_executable(&path) && read_regular_file(&path).is_ok_and(|present| present == text) {
            return Ok(());
        }
        self.replace(&path, "write", |new| {
            fs::write(new, text)?;
            fs::set_permissions(new, fs::Permissions::from_mode(0o755))
        })
    }

    fn link(&self, hook: Hook) -> Result<(), Error> {
        let link = self.directory.join(hook.name());
        if self.is_shim(&link) && link.is_symlink() {
            return Ok(());
        }
        let shim = shim::relative_path(&self.directory, &self.common_dir);
        self.replace(&link, "link", |new| symlink(shim, new))
    }

    fn previous(&self, hook: Hook) -> Option<PreviousHook> {
        let path = backup_path(&self.directory, hook);
        let runs = is_executable(&path) && !shim::resolves_to_shim(&path);
        exists(&path).then(|| PreviousHook { runs, manager: Manager::of(&path), path })
    }

    /// Creates a file in the shim's directory and renames it to `path`.
    ///
    /// At every moment, `path` is the old file or the new one.
    fn replace(
        &self,
        path: &Path,
        operation: &'static str,
        create: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<(), Error> {
        let new = self.shim_directory().join(format!("new.{}", process::id()));
        create(&new).and_then(|()| fs::rename(&new, path)).map_err(|error| {
            let _ = fs::remove_file(&new);
            failed(operation, path)(error)
        })
    }

    /// Returns the links to the shim in a hooks directory, whatever their names are.
    fn links(&self, directory: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut links = list(directory)?;
        links.retain(|path| self.is_shim(path));
        Ok(links)
    }

    /// Returns whether `path` is a link to the shim or a copy of it.
    ///
    /// Copying a repository with its symlinks followed creates such copies.
    fn is_shim(&self, path: &Path) -> bool {
        let directory = path.parent().unwrap_or(&self.common_dir);
        match fs::read_link(path) {
            Ok(target) => target == shim::relative_path(directory, &self.common_dir),
            Err(_) => shim::resolves_to_shim(path),
        }
    }

    /// Removes the shim's directory and everything in it.
    fn remove_shim_directory(&self) -> Result<(), Error> {
        let directory = self.shim_directory();
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &directory)(error)),
            _ => Ok(()),
        }
    }
}
