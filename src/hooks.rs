//! The hooks directory of a repository on disk: what git runs.
//!
//! Each hook is a symlink to one shim, which lies in the common git directory
//! and knows the path of the binary. A symlink straight to the binary would fail
//! *open* when the binary goes away: git skips a dangling hook without a word.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::{fs, io, process};

use bstr::ByteSlice;

/// The hooks that `install` links.
pub const NAMES: [&str; 2] = ["pre-commit", "pre-merge-commit"];

/// The shim, as it also serves in a folder of hooks by itself.
const SHIM: &str = include_str!("../hooks/pre-commit");

/// Below the common git directory: the shim, and the hooks that were there
/// before, each under its own name. It stands beside `hooks`, so that a kept hook
/// which is a relative symlink, or looks for files from where it is, finds them.
const HOME: &str = "stage-guard";

/// The hooks directory of one repository.
#[derive(Debug)]
pub struct Hooks {
    /// What git runs hooks from; inside the common git directory.
    directory: PathBuf,
    home: PathBuf,
    /// The way from `directory` to `home`.
    way_home: PathBuf,
}

/// What `install` found and did for one hook.
#[derive(Debug, Eq, PartialEq)]
pub struct Installed {
    /// The hook's name.
    pub name: &'static str,
    /// Where the hook that was there before is kept.
    pub kept: Option<PathBuf>,
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
    /// A hook would not work from where it would be kept.
    #[error("`{}` would not run from `{}`: make its symlink absolute and install again", .present.display(), .kept.display())]
    WouldNotRun {
        /// The hook that stands in the hooks directory.
        present: PathBuf,
        /// Where it would be kept.
        kept: PathBuf,
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
        let Ok(inside) = directory.strip_prefix(&common_dir) else { return Err(Error::Outside(directory)) };
        let mut way_home: PathBuf = inside.components().map(|_| "..").collect();
        way_home.push(HOME);
        let home = common_dir.join(HOME);
        Ok(Self { directory, home, way_home })
    }

    /// Writes the shim for `binary` and links each of [`NAMES`] to it. A hook that
    /// was there before is kept. Done twice, it changes nothing.
    ///
    /// # Errors
    ///
    /// A hook that was there before cannot be kept, or the disk refuses.
    pub fn install(&self, binary: &Path) -> Result<Vec<Installed>, Error> {
        for directory in [&self.directory, &self.home] {
            fs::create_dir_all(directory).map_err(disk("make", directory))?;
        }
        let installed = self.write_shim(binary).and_then(|()| {
            // All that may be refused comes before the first link.
            NAMES.into_iter().try_for_each(|name| self.make_room(name))?;
            NAMES.into_iter().map(|name| self.link(name)).collect()
        });
        if installed.is_err() {
            // Only where nothing has come into it.
            let _ = fs::remove_dir(&self.home);
        }
        installed
    }

    /// Takes the links and the shim away, and puts back what was kept, byte for
    /// byte and under the name that its link has now.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub fn uninstall(&self) -> Result<Uninstalled, Error> {
        let mut done = Uninstalled::default();
        for link in self.links()? {
            self.put_back(&link)?;
            done.removed.push(link);
        }
        remove(&self.shim())?;
        for kept in entries(&self.home)? {
            let place = self.directory.join(kept.file_name().unwrap_or_default());
            if fs::symlink_metadata(&place).is_err() {
                fs::rename(&kept, &place).map_err(disk("put back", &place))?;
            } else if is_same_file(&kept, &place) {
                remove(&kept)?;
            } else {
                done.left.push(kept);
            }
        }
        if done.left.is_empty() && self.home.exists() {
            fs::remove_dir(&self.home).map_err(disk("remove", &self.home))?;
        }
        Ok(done)
    }

    /// The directory that git runs the hooks from.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn shim(&self) -> PathBuf {
        self.home.join("hook")
    }

    fn write_shim(&self, binary: &Path) -> Result<(), Error> {
        let shim = self.shim();
        let text = shim_for(binary, &self.way_home);
        let is_there = fs::read(&shim).is_ok_and(|present| present == text) && is_executable(&shim);
        if is_there {
            return Ok(());
        }
        let new = self.home.join(format!("hook.{}", process::id()));
        fs::write(&new, text)
            .and_then(|()| fs::set_permissions(&new, fs::Permissions::from_mode(0o755)))
            .and_then(|()| fs::rename(&new, &shim))
            .map_err(|error| {
                let _ = fs::remove_file(&new);
                disk("write", &shim)(error)
            })
    }

    /// Keeps the hook that has the place of ours.
    fn make_room(&self, name: &str) -> Result<(), Error> {
        let place = self.directory.join(name);
        if self.is_ours(&place) {
            return Ok(());
        }
        // Another manager has moved our link aside: what is kept goes there.
        for moved in self.links()?.iter().filter(|moved| hook_name(moved) == OsStr::new(name)) {
            self.put_back(moved)?;
        }
        if fs::symlink_metadata(&place).is_ok() { keep(&place, &self.home.join(name)) } else { Ok(()) }
    }

    fn link(&self, name: &'static str) -> Result<Installed, Error> {
        let link = self.directory.join(name);
        if !self.is_ours(&link) {
            let new = self.directory.join(format!(".{name}.{}", process::id()));
            symlink(self.way_home.join("hook"), &new).and_then(|()| fs::rename(&new, &link)).map_err(
                |error| {
                    let _ = fs::remove_file(&new);
                    disk("link", &link)(error)
                },
            )?;
        }
        let kept = self.home.join(name);
        Ok(Installed { name, kept: fs::symlink_metadata(&kept).is_ok().then_some(kept) })
    }

    /// All links to the shim in the hooks directory, whatever they are called.
    fn links(&self) -> Result<Vec<PathBuf>, Error> {
        let mut links = entries(&self.directory)?;
        links.retain(|path| self.is_ours(path));
        Ok(links)
    }

    fn is_ours(&self, path: &Path) -> bool {
        fs::read_link(path).is_ok_and(|target| target == self.way_home.join("hook") || target == self.shim())
    }

    /// Puts the kept hook in the place of `link`, or takes `link` away where
    /// nothing was kept.
    fn put_back(&self, link: &Path) -> Result<(), Error> {
        let kept = self.home.join(hook_name(link));
        if fs::symlink_metadata(&kept).is_ok() {
            fs::rename(&kept, link).map_err(disk("put back", link))
        } else {
            remove(link)
        }
    }
}

/// The shim with the path of the binary, and the way to the kept hooks, in it.
fn shim_for(binary: &Path, kept: &Path) -> Vec<u8> {
    let assignment = |name: &str, value: &Path| {
        let quoted = value.as_os_str().as_bytes().replace("'", r"'\''");
        [name.as_bytes(), b"='", &quoted, b"'\n"].concat()
    };
    SHIM.as_bytes()
        .replace("stage_guard=stage-guard\n", assignment("stage_guard", binary))
        .replace("kept=\n", assignment("kept", kept))
}

/// Gives the hook a second name, `kept`; its first one is the link's then. So there
/// is no moment in which neither runs.
fn keep(present: &Path, kept: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(kept).is_ok() {
        // An install that was interrupted has kept it already.
        let occupied = || Error::Occupied { kept: kept.to_owned(), present: present.to_owned() };
        return is_same_file(present, kept).then_some(()).ok_or_else(occupied);
    }
    fs::hard_link(present, kept).or_else(|_| copy(present, kept)).map_err(disk("keep", present))?;
    if is_executable(present) && !is_executable(kept) {
        remove(kept)?;
        return Err(Error::WouldNotRun { present: present.to_owned(), kept: kept.to_owned() });
    }
    Ok(())
}

/// For file systems without hard links.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::read_link(from) {
        Ok(target) => symlink(target, to),
        Err(_) => fs::copy(from, to).map(drop),
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::read_link(one), fs::read_link(other)) {
        (Ok(one), Ok(other)) => one == other,
        (Err(_), Err(_)) => matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other),
        _ => false,
    }
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
