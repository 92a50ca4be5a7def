//! Reading a repository. Knows no rule.
//!
//! Two readers give the same answer: libgit2, and `git` itself for the
//! repositories that libgit2 cannot read (SHA-256, reftable, a split or a
//! sparse index, …). Neither writes to the repository nor reaches the network.

mod command_line;
mod configured_hooks;
mod date;
mod error;
mod history;
mod hooks_path;
mod ignored;
mod index_file;
mod index_update;
mod libgit2;
mod operation;
mod quoted;
mod ref_update;
mod sides;
mod stall;
mod throw_away_index;
mod typed_path;
mod worktree;

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use bstr::{BStr, BString, ByteSlice};

pub use configured_hooks::{ConfigScope, ConfiguredHook, configured_hooks, too_old_for_configured_hooks};
pub use date::today;
pub use error::{Cause, Error};
pub use history::{Commit, CommittedPaths, History, Known};
pub use hooks_path::{HooksPath, Origin};
pub use index_update::{IndexChange, IndexUpdate};
pub use operation::Operation;
pub use quoted::unquoted;
pub use ref_update::{PushedRef, RefUpdate, Target};
pub use sides::{Object, Sides};
pub use stall::on_stall;
pub use throw_away_index::ThrowAwayIndex;
pub use typed_path::real_path;
pub use worktree::Standing;

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

    /// The git directory of this worktree.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
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
                Reader::Git(_) => command_line::file_off_disk(command_line::git(), name),
            },
            (Err(error), _) => Err(Error::ReadFile(path, error)),
            (Ok(_), _) => read_regular_file(&path).map(Some).map_err(|error| Error::ReadFile(path, error)),
        }
    }

    /// The contents of the blob with this id, as git holds them.
    ///
    /// # Errors
    ///
    /// It is missing or damaged.
    pub fn blob(&self, id: &str) -> Result<Vec<u8>, Error> {
        match &self.reader {
            Reader::Libgit2(reader) => reader.blob(id),
            Reader::Git(_) => command_line::blob(id),
        }
        .map_err(|source| Error::ReadBlob(id.to_owned(), source))
    }

    /// The first of these objects that the repository has not.
    ///
    /// # Errors
    ///
    /// git cannot tell.
    pub fn missing<'i>(&self, ids: impl Iterator<Item = &'i str>) -> Result<Option<String>, Error> {
        let ids: Vec<&str> = ids.collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let input = ids.join("\n") + "\n";
        let output = command_line::run_with(self.git(), &["cat-file", "--batch-check"], input.as_bytes())?;
        let mut lines = output.lines().filter_map(|line| line.strip_suffix(b" missing"));
        Ok(lines.next().map(command_line::text))
    }

    /// The id of a tree without files, which an unborn branch is compared with.
    fn empty_tree(&self) -> &str {
        match &self.reader {
            Reader::Libgit2(_) => command_line::EMPTY_TREE_SHA1,
            Reader::Git(reader) => reader.empty_tree,
        }
    }

    /// A git that stands at the top of this very worktree, whatever the environment
    /// counts its paths from.
    fn git(&self) -> Command {
        let mut git = command_line::git();
        git.current_dir(&self.top).env("GIT_DIR", &self.git_dir).env("GIT_WORK_TREE", &self.top);
        git
    }

    fn place(&self) -> Place {
        Place { top: self.top.clone(), git_dir: self.git_dir.clone() }
    }
}

impl TrackedPaths {
    /// These paths and `more`.
    #[must_use]
    pub fn with(self, more: Vec<BString>) -> Self {
        let Self(mut paths) = self;
        paths.extend(more);
        paths.sort_unstable();
        Self(paths)
    }

    /// Whether `path` is a tracked file, or a directory of tracked files.
    #[must_use]
    pub fn contains(&self, path: &BStr) -> bool {
        self.has_file(path) || self.below(path).next().is_some()
    }

    /// Whether `path` is a tracked file.
    #[must_use]
    pub fn has_file(&self, path: &BStr) -> bool {
        self.0.get(self.position(path)).is_some_and(|found| found == path)
    }

    /// The tracked files below `directory`; the top is the empty path.
    pub fn below(&self, directory: &BStr) -> impl Iterator<Item = &BStr> {
        let prefix =
            if directory.is_empty() { Vec::new() } else { bstr::concat([directory.as_bytes(), b"/"]) };
        let from = self.position(&prefix);
        self.0[from..].iter().map(|path| path.as_bstr()).take_while(move |path| path.starts_with(&prefix))
    }

    /// A path sorts before all that is below it, but `x.c` and `x-y` stand between
    /// `x` and `x/`.
    fn position(&self, wanted: &[u8]) -> usize {
        self.0.partition_point(|path| path.as_bytes() < wanted)
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
