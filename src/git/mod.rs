//! Reading a repository. Knows no rule.
//!
//! Two readers give the same answer: libgit2, and `git` itself for the
//! repositories that libgit2 cannot read (SHA-256, reftable, a split or a
//! sparse index, …). Neither writes to the repository nor reaches the network.

mod command_line;
mod hooks_path;
mod index_file;
mod libgit2;
mod quoted;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use bstr::{BStr, BString, ByteSlice};

pub use hooks_path::{HooksPath, Origin};
pub use quoted::unquoted;

use crate::{Change, Entry};

/// A repository with a worktree, opened for reading.
#[derive(Debug)]
pub struct Repository {
    reader: Reader,
    /// The top of the worktree, absolute and without symlinks.
    top: PathBuf,
    /// The directory that holds `HEAD`, `MERGE_HEAD` and, mostly, the index.
    git_dir: PathBuf,
}

#[derive(Debug)]
enum Reader {
    Libgit2(libgit2::Reader),
    Git(command_line::Reader),
}

/// What was asked for, and how much was looked at to find it.
#[derive(Debug)]
pub struct Nominated {
    /// Sorted by the bytes of their paths.
    pub entries: Vec<Entry>,
    /// How many entries were looked at; it depends on the reader.
    pub checked: usize,
}

/// The paths that are tracked: in the index, at any stage; sorted by their bytes.
#[derive(Debug)]
pub struct TrackedPaths(Vec<BString>);

/// Why a repository could not be read. Nothing that could not be read is ever
/// taken for clean.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no repository here.
    #[error("`{}` is not in a git repository: run this in one, or name one with `-C DIR`", .0.display())]
    NotARepository(PathBuf),
    /// The repository has no worktree, so nobody commits in it.
    #[error("`{}` is a bare repository: it has no index that a commit is made from", .0.display())]
    Bare(PathBuf),
    /// The current directory is inside the git directory.
    #[error("`{}` is inside a git directory: run this in the worktree", .0.display())]
    InGitDirectory(PathBuf),
    /// The repository is there and cannot be opened.
    #[error("could not open the repository")]
    Open(#[source] Cause),
    /// The repository names its objects in a way from the future.
    #[error("`{0}` object ids are not known here: nothing was checked")]
    UnknownObjectFormat(String),
    /// The index cannot be read.
    #[error(
        "could not read the index `{}`: nothing was checked; if `git status` fails too, \
         `git read-tree HEAD` makes the index anew and `git add` stages again", .path.display()
    )]
    ReadIndex {
        /// The index file.
        path: PathBuf,
        /// What is wrong with it.
        source: Cause,
    },
    /// A commit that the index is compared with cannot be read.
    #[error(
        "could not read the commit `{0}`: nothing was checked; `git fsck` names what is missing, \
         and in a partial clone `git ls-tree -r {0}` fetches it"
    )]
    ReadCommit(String, #[source] Cause),
    /// A tree that the index is compared with cannot be read.
    #[error(
        "could not look up `{path}` in a parent commit: nothing was checked; `git fsck` names what is missing, \
         and in a partial clone `git ls-tree -r HEAD` fetches it"
    )]
    ReadTree {
        /// Relative to the top of the repository.
        path: BString,
        /// What is wrong.
        source: Cause,
    },
    /// A file at the top of the worktree, or in the git directory, cannot be read.
    #[error("could not read `{}`", .0.display())]
    ReadFile(PathBuf, #[source] io::Error),
    /// A file that is off the disk, in a sparse checkout, cannot be read from the index.
    #[error("could not read `{0}` from the index")]
    ReadStagedFile(String, #[source] Cause),
    /// `MERGE_HEAD` does not hold object ids.
    #[error("`{}` does not name commits: finish the merge or undo it with `git merge --abort`", .0.display())]
    MergeHead(PathBuf),
    /// The `git` program cannot be started.
    #[error("could not run `git`: is it installed and on `PATH`?")]
    RunGit(#[source] io::Error),
    /// `git` answered with an error.
    #[error("`git {command}` failed")]
    Git {
        /// The subcommand.
        command: String,
        /// What git said.
        source: Cause,
    },
    /// `core.hooksPath` names no directory from here.
    #[error(
        "git runs no hooks here, so nothing can be guarded: {0} names no directory from here; make it absolute or unset it"
    )]
    NoHooks(String),
    /// A path on the command line that the repository does not hold.
    #[error("`{}` is not a path in the repository `{}`", .path.display(), .top.display())]
    OutsideRepository {
        /// As it was typed.
        path: PathBuf,
        /// The top of the worktree.
        top: PathBuf,
    },
    /// A directory of `-C` cannot be gone to.
    #[error("could not go to `{}`, which -C names", .0.display())]
    ChangeDirectory(PathBuf, #[source] io::Error),
    /// The current directory cannot be told.
    #[error("could not tell the current directory")]
    CurrentDirectory(#[source] io::Error),
}

/// What libgit2 or git says of a failure.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Cause(String);

impl Repository {
    /// Opens the repository that the environment (`GIT_DIR`, `GIT_INDEX_FILE` …)
    /// and the current directory name, as git does.
    ///
    /// # Errors
    ///
    /// No repository, a bare one, or one that neither libgit2 nor git can open.
    pub fn open() -> Result<Self, Error> {
        let (reader, place) = if let Some((reader, place)) = libgit2::Reader::open()? {
            (Reader::Libgit2(reader), place)
        } else {
            let (reader, place) = command_line::Reader::open()?;
            (Reader::Git(reader), place)
        };
        let top = fs::canonicalize(&place.top).map_err(|error| Error::ReadFile(place.top, error))?;
        Ok(Self { reader, top, git_dir: place.git_dir })
    }

    /// The top of the worktree, absolute and without symlinks.
    #[must_use]
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// What a commit of the index would contain that none of its parents has:
    /// those entries that `nominates` says yes to. The parents are `HEAD` and
    /// `merged`, commits by their ids in hexadecimal. Deletions, unmerged and
    /// intent-to-add entries are not in it.
    ///
    /// # Errors
    ///
    /// The index, `HEAD`, or one of the merged commits cannot be read.
    pub fn staged(&self, merged: &[String], nominates: &dyn Fn(&BStr) -> bool) -> Result<Nominated, Error> {
        let mut found = match &self.reader {
            Reader::Libgit2(reader) => reader.staged(merged, nominates),
            Reader::Git(reader) => reader.staged(merged, nominates),
        }?;
        // Under `core.ignoreCase` libgit2 has an order of its own.
        found.entries.sort_unstable();
        Ok(found)
    }

    /// All entries of the index that `nominates` says yes to, once each.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub fn tracked(&self, nominates: &dyn Fn(&BStr) -> bool) -> Result<Nominated, Error> {
        let TrackedPaths(mut paths) = self.tracked_paths()?;
        let checked = paths.len();
        paths.retain(|path| nominates(path.as_bstr()));
        let entry = |path| Entry { path, change: Change::Tracked };
        Ok(Nominated { entries: paths.into_iter().map(entry).collect(), checked })
    }

    /// The tracked paths, to look up what lies beside a path.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub fn tracked_paths(&self) -> Result<TrackedPaths, Error> {
        let mut paths = match &self.reader {
            Reader::Libgit2(reader) => reader.paths(),
            Reader::Git(_) => command_line::paths()?,
        };
        paths.sort_unstable();
        paths.dedup();
        Ok(TrackedPaths(paths))
    }

    /// The commits that are being merged, by their ids, beside `HEAD`: what
    /// `MERGE_HEAD` holds while a merge is under way.
    ///
    /// # Errors
    ///
    /// `MERGE_HEAD` cannot be read, or does not hold object ids.
    pub fn merge_heads(&self) -> Result<Vec<String>, Error> {
        let path = self.git_dir.join("MERGE_HEAD");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::ReadFile(path, error)),
        };
        let ids: Vec<String> = text.lines().map(str::to_owned).collect();
        if ids.iter().all(|id| is_object_id(id)) { Ok(ids) } else { Err(Error::MergeHead(path)) }
    }

    /// The commits that `git merge` announces to `pre-merge-commit`, which runs
    /// before `MERGE_HEAD` is written: one `GITHEAD_<id>` variable each. What is
    /// not a commit of this repository is passed over, so that a variable which
    /// another git left behind excuses nothing.
    ///
    /// # Errors
    ///
    /// `git` cannot be asked.
    pub fn announced_merge_heads(&self) -> Result<Vec<String>, Error> {
        let mut ids = Vec::new();
        for (name, _) in env::vars_os() {
            let Some(id) = name.as_bytes().strip_prefix(b"GITHEAD_") else { continue };
            let Some(id) = id.to_str().ok().filter(|id| is_object_id(id)) else { continue };
            let is_commit = match &self.reader {
                Reader::Libgit2(reader) => reader.has_commit(id),
                Reader::Git(_) => command_line::has_commit(id)?,
            };
            if is_commit {
                ids.push(id.to_owned());
            }
        }
        Ok(ids)
    }

    /// Whether the current branch has no commit yet.
    ///
    /// # Errors
    ///
    /// `HEAD` cannot be read.
    pub fn is_head_unborn(&self) -> Result<bool, Error> {
        match &self.reader {
            Reader::Libgit2(reader) => reader.is_head_unborn(),
            Reader::Git(_) => command_line::is_head_unborn(),
        }
    }

    /// Whether the index is one that git made for this commit alone, as under
    /// `git commit -a` and `git commit PATH`: what is refused there does not
    /// stay staged.
    #[must_use]
    pub fn index_is_temporary(&self) -> bool {
        env::var_os("GIT_INDEX_FILE").is_some_and(|path| path.as_bytes().ends_with(b".lock"))
    }

    /// The contents of the file `name` at the top of the worktree, or, where a
    /// sparse checkout keeps it off the disk, of its entry in the index.
    ///
    /// # Errors
    ///
    /// It is there and cannot be read, or is not a regular file.
    pub fn top_level_file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.top.join(name);
        match (fs::symlink_metadata(&path), &self.reader) {
            (Err(error), reader) if error.kind() == io::ErrorKind::NotFound => match reader {
                Reader::Libgit2(reader) => reader.file_off_disk(name),
                Reader::Git(_) => command_line::file_off_disk(name),
            },
            (Err(error), _) => Err(Error::ReadFile(path, error)),
            (Ok(_), _) => read_regular_file(&path).map(Some).map_err(|error| Error::ReadFile(path, error)),
        }
    }

    /// A path that was typed in the current directory, relative to the top of
    /// the repository. It need not exist.
    ///
    /// # Errors
    ///
    /// The path lies outside the repository, or is its top.
    pub fn path_from_top(&self, typed: &OsStr) -> Result<BString, Error> {
        let outside = || Error::OutsideRepository { path: typed.into(), top: self.top.clone() };
        let directory = env::current_dir().and_then(fs::canonicalize).map_err(Error::CurrentDirectory)?;
        let path = normalized(&directory.join(typed));
        let path = match path.strip_prefix(&self.top) {
            Ok(inside) => inside.to_owned(),
            Err(_) => resolved(&path).strip_prefix(&self.top).map_err(|_| outside())?.to_owned(),
        };
        if path.as_os_str().is_empty() { Err(outside()) } else { Ok(path.into_os_string().as_bytes().into()) }
    }
}

impl TrackedPaths {
    /// Whether `path` is a tracked file, or a directory of tracked files.
    #[must_use]
    pub fn contains(&self, path: &BStr) -> bool {
        // A path sorts before all that is below it, but `x.c` and `x-y` stand between
        // `x` and `x/`.
        let at = |wanted: &[u8]| self.0.partition_point(|path| path.as_bytes() < wanted);
        let below = bstr::concat([path.as_bytes(), b"/"]);
        self.0.get(at(path)).is_some_and(|found| found == path)
            || self.0.get(at(&below)).is_some_and(|found| found.starts_with(&below))
    }
}

/// Where a repository lies.
#[derive(Debug)]
struct Place {
    top: PathBuf,
    git_dir: PathBuf,
}

/// Reads a regular file, also through a symlink. A FIFO would wait for ever.
///
/// # Errors
///
/// It is no regular file, or cannot be read.
pub fn read_regular_file(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() { fs::read(path) } else { Err(io::Error::other("not a regular file")) }
}

/// Whether `text` is a whole object id in hexadecimal, SHA-1 or SHA-256.
fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `path` without `.` and `..`, by its text alone.
fn normalized(path: &Path) -> PathBuf {
    use std::path::Component;
    path.components().fold(PathBuf::new(), |mut done, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                done.pop();
            }
            _ => done.push(component),
        }
        done
    })
}

/// `path` with the symlinks of its longest existing directory followed.
fn resolved(path: &Path) -> PathBuf {
    let existing =
        path.ancestors().skip(1).find_map(|ancestor| Some((ancestor, fs::canonicalize(ancestor).ok()?)));
    match existing {
        Some((ancestor, real)) => match path.strip_prefix(ancestor) {
            Ok(rest) => real.join(rest),
            Err(_) => path.to_owned(),
        },
        None => path.to_owned(),
    }
}
