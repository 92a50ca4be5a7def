//! The session directory on disk: where session work lies, at the top of a
//! worktree.
//!
//! Nothing here follows a symlink: what is put into the session directory must
//! not leave the repository, and what is cleaned out of it must be in it.

mod current;
mod ignore_file;
mod instructions;
mod moves;
mod plan;
mod stow;
mod undo;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

pub use current::{Current, Found};
pub use ignore_file::Ignoring;
pub use instructions::{MarksError, with_instructions};
pub use plan::{Copy, Entry, Held, Task, Wanted};
pub use stow::stow;
pub use undo::undo;

use crate::git;
use crate::policy::{Home, SESSION_DIRECTORY};

/// What is written into a session directory, to be read by people and by agents.
const README: &str = include_str!("README.md");
const README_NAME: &str = "README.md";

/// The session directory of a worktree. It need not exist.
#[derive(Debug)]
pub struct SessionDirectory {
    top: PathBuf,
}

/// Why the session directory could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A symlink stands where a directory of ours should be.
    #[error(
        "`{path}` is a symlink to `{}`: session work would leave the session directory; put a directory in its place",
        .target.display()
    )]
    Symlink {
        /// Relative to the top of the repository.
        path: BString,
        /// Where it leads.
        target: PathBuf,
    },
    /// Something that is no directory stands where one of ours should be.
    #[error("`{0}` is not a directory: move it away, for session work belongs in a directory of that name")]
    NotADirectory(BString),
    /// A submodule would lose its repository if it were moved.
    #[error(
        "`{0}` is a submodule, which cannot be moved like a file: `git rm --cached` takes it out of the commit"
    )]
    Submodule(BString),
    /// A rule of the project has git not ignore what is in the session directory.
    #[error("git would not ignore `{path}`: take away what says so: {rule}")]
    NotIgnored {
        /// Relative to the top of the repository.
        path: BString,
        /// Where, as `FILE:LINE: PATTERN`.
        rule: String,
    },
    /// A path has a conflict.
    #[error("`{0}` has a conflict: resolve it first")]
    Unmerged(BString),
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
    /// Git refuses.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A signal came.
    #[error("interrupted")]
    Interrupted,
    /// A stow that could not be finished. What is not named is where it was, and
    /// staged.
    #[error("nothing was stowed{}", and_yet(.stowed))]
    Unfinished {
        /// What could not be put back, and where it is now, unstaged.
        stowed: Vec<(BString, BString)>,
        /// What stopped it.
        source: Box<Error>,
    },
    /// No stow was done, or the last one is undone.
    #[error("there is no stow to undo")]
    NothingToUndo,
    /// The last stow was in another index.
    #[error("the last stow was in the index `{0}`: name it with `GIT_INDEX_FILE`")]
    OtherIndex(BString),
    /// Something was made since the last stow.
    #[error("`{path}` {why}, so nothing was undone")]
    CannotUndo {
        /// Relative to the top of the repository.
        path: BString,
        /// What is the matter with it.
        why: &'static str,
    },
    /// What was staged is no longer in the repository.
    #[error("git has thrown away `{0}`, which was staged, so nothing was undone")]
    Gone(String),
    /// An undo that could not be finished.
    #[error("nothing was undone{}", and_yet(.moved))]
    NotUndone {
        /// What could not be put back, and where it is now; absolute.
        moved: Vec<(BString, BString)>,
        /// What stopped it.
        source: Box<Error>,
    },
    /// A stow that could neither be finished nor undone.
    #[error("the stow stopped half way, and these files could not be put back{}", and_yet(.moved))]
    HalfWay {
        /// What is still staged, and where its contents are now.
        moved: Vec<(BString, BString)>,
        /// What stopped it.
        source: Box<Error>,
    },
}

impl Error {
    /// Returns what to do about the error.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Git(error) => error.help(),
            _ => None,
        }
    }
}

fn and_yet(moved: &[(BString, BString)]) -> String {
    moved.iter().fold(String::new(), |said, (path, to)| said + &format!("; `{path}` is now `{to}`"))
}

/// What [`SessionDirectory::make`] has made, relative to the top.
pub type Made = Vec<PathBuf>;

impl SessionDirectory {
    /// The session directory of the worktree at `top`, an absolute path.
    #[must_use]
    pub fn at(top: &Path) -> Self {
        Self { top: top.to_owned() }
    }

    /// Makes the directories that are missing, and a README. What exists stays as it
    /// is.
    ///
    /// # Errors
    ///
    /// Something else is in the place of a directory, or the disk refuses.
    pub fn make(&self) -> Result<Made, Error> {
        let mut made = Made::new();
        for home in Home::ALL {
            let directory = part(home);
            self.check(directory.as_bstr())?;
            let path = self.on_disk(directory.as_bstr());
            if !path.is_dir() {
                fs::create_dir_all(&path).map_err(disk("make", &path))?;
                made.push(relative(directory.as_bstr()));
            }
        }
        let readme = format!("{SESSION_DIRECTORY}/{README_NAME}");
        let path = self.top.join(&readme);
        if !is_there(&path) {
            moves::write_new(&path, README.as_bytes(), false).map_err(disk("write", &path))?;
            made.push(readme.into());
        }
        Ok(made)
    }

    /// The first name like `path`, relative to the top, at which nothing is.
    #[must_use]
    pub fn free_name(&self, path: &BStr) -> BString {
        let is_free = |name: &BString| !is_there(&self.on_disk(name.as_bstr()));
        moves::names(path).find(is_free).unwrap_or_else(|| path.to_owned())
    }

    /// Checks that no symlink and no file is where `directory`, relative to the top,
    /// is or will be.
    ///
    /// # Errors
    ///
    /// One is.
    fn check(&self, directory: &BStr) -> Result<(), Error> {
        for end in directory.find_iter(b"/").chain([directory.len()]) {
            let path = directory[..end].as_bstr();
            let on_disk = self.on_disk(path);
            match fs::symlink_metadata(&on_disk) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(metadata) if metadata.is_symlink() => {
                    let target = fs::read_link(&on_disk).map_err(disk("read", &on_disk))?;
                    return Err(Error::Symlink { path: path.to_owned(), target });
                }
                Ok(_) => return Err(Error::NotADirectory(path.to_owned())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(disk("look at", &on_disk)(error)),
            }
        }
        Ok(())
    }

    fn on_disk(&self, path: &BStr) -> PathBuf {
        self.top.join(relative(path))
    }
}

/// Puts `text` in the place of a file in one step, or makes it. A symlink is
/// followed, and the mode stays what it is.
///
/// # Errors
///
/// The disk refuses.
pub fn replace(file: &Path, text: &[u8]) -> Result<(), Error> {
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    moves::replace(&file, text).map_err(disk("write", &file))
}

/// The directory of a home, relative to the top.
fn part(home: Home) -> BString {
    format!("{SESSION_DIRECTORY}/{}", home.name()).into()
}

fn relative(path: &BStr) -> PathBuf {
    OsStr::from_bytes(path).into()
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn disk(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Disk { step, path, source }
}
