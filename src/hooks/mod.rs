//! The hooks directory of a repository on disk: what git runs.
//!
//! Each hook is a symlink to one shim, which lies in the common git directory
//! and knows the path of the binary. A symlink straight to the binary would fail
//! *open* when the binary goes away: git skips a dangling hook without a word.

mod examined;
mod keeping;
pub mod kept;
mod level;
mod manager;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::{fs, io, process};

use bstr::ByteSlice;

pub use examined::{Examined, Place, Stands};
pub use keeping::is_installed_again;
use keeping::{KEPT, is_same_file, kept, with_suffix, without_suffix};
pub use level::{BARE_HOOKS, Level};
pub use manager::{Manager, file_of_user, has_line};

use crate::git::{Hook, read_regular_file};

/// The shim, as it also serves in a folder of hooks by itself.
const SHIM: &str = include_str!("../../hooks/pre-commit");
const SHIM_NAME: &str = "hook";

/// What no other hook says, and every shim.
const SHIM_SAYS: &str = "\n# git runs this under the name of the hook that it stands for.";

/// Where is kept what another program has written over the shim.
const OVERWRITTEN: &str = "written-over-stage-guard";

/// Below the common git directory, where the shim lies.
const HOME: &str = "stage-guard";

/// The hooks directory of one repository.
#[derive(Debug)]
pub struct Hooks {
    /// What git runs hooks from; inside the common git directory.
    directory: PathBuf,
    common_dir: PathBuf,
}

/// What `install` found and did for one hook.
#[derive(Debug, Eq, PartialEq)]
pub struct Installed {
    /// The hook.
    pub hook: Hook,
    /// The hook that was there before.
    pub kept: Option<Kept>,
}

/// A hook that was there before.
#[derive(Debug, Eq, PartialEq)]
pub struct Kept {
    /// Where it is kept.
    pub path: PathBuf,
    /// Whether it is executable; git runs no other hook, and neither does the shim.
    pub runs: bool,
    /// Whose it is, where that can be told.
    pub manager: Option<Manager>,
}

/// What `uninstall` did.
#[derive(Debug, Default)]
pub struct Uninstalled {
    /// The hooks that were ours.
    pub removed: Vec<PathBuf>,
    /// Kept hooks that could not be put back, for another hook stands there now.
    pub left: Vec<PathBuf>,
}

/// Why hooks could not be installed or taken away. A hook that was there before is
/// in its place or kept at every moment; what a failed step leaves, a second run
/// takes up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Git runs hooks from a directory that is not the repository's own.
    #[error("`{}` lies outside the git directory", .0.display())]
    Outside(PathBuf),
    /// A hook was kept under this name before, and another one stands there now.
    #[error(
        "`{}` holds a hook that was kept earlier, and `{}` is another one: keep one of the two and install again",
        .kept.display(), .present.display()
    )]
    Occupied {
        /// The hook that is kept.
        kept: PathBuf,
        /// The hook that stands in the hooks directory.
        present: PathBuf,
    },
    /// The disk refuses.
    #[error("could not {step} `{}`", .path.display())]
    Disk {
        /// What was tried, as a verb.
        step: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Error {
    /// Returns what to do about the error.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        None
    }
}

impl Hooks {
    /// The hooks in `directory` of the repository whose common git directory is
    /// `common_dir`, both absolute.
    ///
    /// # Errors
    ///
    /// `directory` lies outside `common_dir`: it belongs to the user, to another
    /// manager, or to the worktree.
    pub fn new(directory: &Path, common_dir: &Path) -> Result<Self, Error> {
        let common_dir = real(common_dir);
        let directory = real(directory);
        if !directory.starts_with(&common_dir) {
            return Err(Error::Outside(directory));
        }
        Ok(Self { directory, common_dir })
    }

    /// Writes the shim for `binary` and links `hooks` to it, and those
    /// that an earlier `install` has linked: none is ever taken away here. A hook that
    /// was there before is kept. Done twice, it changes nothing.
    ///
    /// # Errors
    ///
    /// A hook that was there before cannot be kept, or the disk refuses.
    pub fn install(&self, binary: &Path, hooks: &[Hook]) -> Result<Vec<Installed>, Error> {
        self.set_aside_overwritten()?;
        let made = self.make_directory(&self.directory).and_then(|()| self.make_directory(&self.home()));
        let installed = made.and_then(|()| self.write_shim(binary)).and_then(|()| {
            let is_wanted =
                |hook: &Hook| hooks.contains(hook) || self.is_ours(&self.directory.join(hook.name()));
            let hooks: Vec<Hook> = Hook::ALL.into_iter().filter(is_wanted).collect();
            // All that may be refused comes before the first link.
            hooks.iter().try_for_each(|hook| self.make_room(*hook))?;
            hooks.iter().try_for_each(|hook| self.link(*hook))?;
            hooks.iter().try_for_each(|hook| self.lead_aside(*hook))?;
            Ok(hooks.into_iter().map(|hook| self.installed(hook)).collect())
        });
        if installed.is_err() && self.links(&self.directory).is_ok_and(|links| links.is_empty()) {
            let _ = self.remove_home();
        }
        installed
    }

    /// Takes the links and the shim away, and puts back what was kept, byte for
    /// byte and under the name that its link has now; in the directory that git runs
    /// hooks from, in the one that it runs them from by default, and in every other of
    /// the git directory that has links.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub fn uninstall(&self) -> Result<Uninstalled, Error> {
        self.set_aside_overwritten()?;
        let mut done = Uninstalled::default();
        let mut directories = vec![self.directory.clone(), real(&self.common_dir.join("hooks"))];
        directories.retain(|directory| directory.starts_with(&self.common_dir));
        directories.extend(self.linked());
        directories.sort();
        directories.dedup();
        for directory in directories {
            for link in self.links(&directory)? {
                self.put_back(&link)?;
                done.removed.push(link);
            }
            for kept in entries(&directory)? {
                let Some(place) = without_suffix(&kept, KEPT) else { continue };
                if hook_of(&place).is_none() {
                    continue;
                }
                if !is_there(&place) {
                    self.put_kept_back(&kept, &place)?;
                } else if is_same_file(&kept, &place) {
                    remove(&kept)?;
                } else {
                    done.left.push(kept);
                }
            }
        }
        self.remove_home()?;
        Ok(done)
    }

    /// Moves what another program has written over the shim, through a link to it, beside the
    /// hooks; nothing where the shim is ours, or is gone. [`Hooks::install`] and
    /// [`Hooks::uninstall`] begin with it.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub fn set_aside_overwritten(&self) -> Result<Option<PathBuf>, Error> {
        let shim = self.shim();
        if !is_overwritten(&shim) {
            return Ok(None);
        }
        let first = self.directory.join(OVERWRITTEN);
        let mut aside = first.clone();
        for number in 2.. {
            if !is_there(&aside) {
                break;
            }
            aside = with_suffix(&first, &format!("-{number}"));
        }
        fs::rename(&shim, &aside).map_err(disk("move", &shim))?;
        Ok(Some(aside))
    }

    fn home(&self) -> PathBuf {
        self.common_dir.join(HOME)
    }

    fn shim(&self) -> PathBuf {
        self.home().join(SHIM_NAME)
    }

    /// Makes a directory as open as the git directory: whoever commits here must be
    /// able to run what is in it, whatever the umask is.
    fn make_directory(&self, directory: &Path) -> Result<(), Error> {
        if directory.is_dir() {
            return Ok(());
        }
        let permissions = fs::metadata(&self.common_dir).map(|metadata| metadata.permissions());
        fs::create_dir_all(directory)
            .and_then(|()| fs::set_permissions(directory, permissions?))
            .map_err(disk("make", directory))
    }

    fn write_shim(&self, binary: &Path) -> Result<(), Error> {
        let shim = self.shim();
        let text = shim_for(binary);
        let is_written =
            read_regular_file(&shim).is_ok_and(|present| present == text) && is_executable(&shim);
        if is_written {
            return Ok(());
        }
        self.put_in_place(&shim, "write", |new| {
            fs::write(new, text)?;
            fs::set_permissions(new, fs::Permissions::from_mode(0o755))
        })
    }

    fn link(&self, hook: Hook) -> Result<(), Error> {
        let link = self.directory.join(hook.name());
        if self.is_ours(&link) && link.is_symlink() {
            return Ok(());
        }
        self.put_in_place(&link, "link", |new| symlink(self.way_to_shim(&self.directory), new))
    }

    fn installed(&self, hook: Hook) -> Installed {
        let kept = kept(&self.directory, hook);
        let runs = is_executable(&kept) && !leads_to_us(&kept);
        let manager = Manager::of(&kept);
        Installed { hook, kept: is_there(&kept).then_some(Kept { path: kept, runs, manager }) }
    }

    /// Makes a file in our own directory and moves it to its place, which so has the
    /// old one or the new one at every moment.
    fn put_in_place(
        &self,
        place: &Path,
        step: &'static str,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<(), Error> {
        let new = self.home().join(format!("new.{}", process::id()));
        make(&new).and_then(|()| fs::rename(&new, place)).map_err(|error| {
            let _ = fs::remove_file(&new);
            disk(step, place)(error)
        })
    }

    /// All links to the shim in a hooks directory, whatever they are called.
    fn links(&self, directory: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut links = entries(directory)?;
        links.retain(|path| self.is_ours(path));
        Ok(links)
    }

    /// Whether a file of a hooks directory is a link to the shim, or a copy of it: a
    /// repository that was copied with its symlinks followed has those.
    fn is_ours(&self, path: &Path) -> bool {
        let directory = path.parent().unwrap_or(&self.common_dir);
        match fs::read_link(path) {
            Ok(target) => target == self.way_to_shim(directory),
            Err(_) => leads_to_us(path),
        }
    }

    /// The relative path of the shim from a hooks directory: a repository may move.
    fn way_to_shim(&self, directory: &Path) -> PathBuf {
        let inside = directory.strip_prefix(&self.common_dir).unwrap_or(directory);
        let up = inside.components().map(|_| Component::ParentDir.as_os_str());
        up.chain([OsStr::new(HOME), OsStr::new(SHIM_NAME)]).collect()
    }

    /// Removes our own directory. All in it was made here.
    fn remove_home(&self) -> Result<(), Error> {
        match fs::remove_dir_all(self.home()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk("remove", &self.home())(error)),
            _ => Ok(()),
        }
    }
}

/// Whether what stands in the place of the shim is another's.
fn is_overwritten(shim: &Path) -> bool {
    shim.exists() && !leads_to_us(shim)
}

/// Whether a file is the shim, or a copy of it, whatever links lead there.
fn leads_to_us(path: &Path) -> bool {
    read_regular_file(path).is_ok_and(|text| text.contains_str(SHIM_SAYS))
}

/// The shim with the path of the binary in it.
fn shim_for(binary: &Path) -> Vec<u8> {
    let quoted = binary.as_os_str().as_bytes().replace("'", r"'\''");
    let assignment = [b"stage_guard='", quoted.as_slice(), b"'\n"].concat();
    SHIM.as_bytes().replace("stage_guard=stage-guard\n", assignment)
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The hook that a file of the hooks directory stands for: `pre-commit` also for
/// `pre-commit.legacy`.
fn hook_name(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or_default().as_bytes();
    OsString::from_vec(name.split(|byte| *byte == b'.').next().unwrap_or_default().to_vec())
}

fn hook_of(path: &Path) -> Option<Hook> {
    hook_name(path).to_str()?.parse().ok()
}

/// What a directory holds, sorted; nothing where there is none.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let listed = match fs::read_dir(directory) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(disk("list", directory)(error)),
    };
    let paths: Result<Vec<_>, _> = listed.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(disk("list", directory))?;
    paths.sort();
    Ok(paths)
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk("remove", path)(error)),
        _ => Ok(()),
    }
}

/// `path` with symlinks followed as far as it exists.
fn real(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(real) = fs::canonicalize(ancestor) {
            return missing.iter().rev().fold(real, |path, name| path.join(name));
        }
        missing.extend(ancestor.file_name());
    }
    path.to_owned()
}

fn disk(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Disk { step, path, source }
}
