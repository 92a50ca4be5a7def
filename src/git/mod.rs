//! Reading a repository. Knows no rule.
//!
//! Two readers give the same answer: libgit2, and `git` itself for the
//! repositories that libgit2 cannot read (SHA-256, reftable, a split or a
//! sparse index, …). Neither writes to the repository nor reaches the network.

mod command_line;
mod configured_hooks;
mod error;
mod history;
mod hook;
mod hooks_path;
mod ignore_rules;
mod index_file;
mod index_update;
mod layout;
mod libgit2;
mod object_id;
mod operation;
mod ordinary;
mod path_state;
mod pieces;
mod quoted_path;
mod ref_update;
mod scratch_index;
mod stall;
mod tracked_paths;
mod untracked;
pub mod user_path;
mod worktree;

use std::cell::{Cell, OnceCell};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::{env, fmt, fs, io};

use bstr::{BStr, BString, ByteSlice};

pub use configured_hooks::{ConfigScope, ConfiguredHook, configured_hooks, too_old_for_configured_hooks};
pub use error::{Cause, Error};
pub use history::{Commit, CommittedPaths, History, Known};
pub use hook::{Hook, UnknownHook};
pub use hooks_path::{HooksPath, Origin};
pub use ignore_rules::{exclude_file, ignore_rule, not_ignored};
pub use index_file::{Checksum, RawEntry, Unreadable, Walked, walk as walk_index};
pub use index_update::{IndexChange, IndexUpdate};
pub use layout::Layout;
pub use object_id::ObjectId;
pub use operation::Operation;
pub use path_state::{Object, PathState, path_states};
pub use quoted_path::unquote;
pub use ref_update::{PushedRef, RefUpdate, Target};
pub use scratch_index::ScratchIndex;
pub use stall::on_stall;
pub use tracked_paths::TrackedPaths;
use tracked_paths::{Among, Search};
pub use untracked::{IgnoredFiles, untracked, untracked_under};
pub use worktree::{WorktreeState, worktree_states};

use crate::Entry;

/// A repository with a worktree, opened for reading.
pub struct Repository {
    layout: Layout,
    /// Opened when more than the index file is wanted.
    opened: OnceCell<Opened>,
    /// Who says what the index has: chosen when that is first asked.
    reader: OnceCell<Reader>,
    /// Whether a sparse checkout keeps an entry of the index off the disk. Known when the
    /// file of the index was walked to its end.
    has_off_disk: Cell<Option<bool>>,
}

/// Who has opened the repository, and reads its commits.
enum Opened {
    Libgit2(libgit2::Opened),
    Git(command_line::Reader),
}

/// Who reads the index.
enum Reader {
    Libgit2(libgit2::Index),
    Git(command_line::Reader),
}

/// Which paths are looked for.
pub type Nominates<'n> = &'n mut dyn FnMut(&BStr) -> bool;

/// The size of an index from which on git is asked what it has, in bytes: libgit2 takes
/// longer to read that than git to answer.
const LARGE: u64 = 1 << 20;

impl Opened {
    fn open() -> Result<(Self, Layout), Error> {
        if let Some((opened, layout)) = libgit2::Opened::open()? {
            return Ok((Self::Libgit2(opened), layout));
        }
        let (reader, layout) = command_line::Reader::open()?;
        Ok((Self::Git(reader), layout))
    }
}

/// What was asked for, and how much was looked at to find it.
#[derive(Debug)]
pub struct Nominated {
    /// Sorted by the bytes of their paths.
    pub entries: Vec<Entry>,
    /// How many entries were looked at; it depends on the reader.
    pub checked: usize,
}

impl Repository {
    /// Opens the repository that the environment (`GIT_DIR`, `GIT_INDEX_FILE` …)
    /// and the current directory name, as git does.
    ///
    /// # Errors
    ///
    /// No repository, a bare one, or one that neither libgit2 nor git can open.
    pub fn open() -> Result<Self, Error> {
        let opened = OnceCell::new();
        let layout = if let Some(layout) = ordinary::layout() {
            layout
        } else {
            let (found, layout) = Opened::open()?;
            let worktree = fs::canonicalize(&layout.worktree)
                .map_err(|error| Error::ReadFile(layout.worktree, error))?;
            opened.get_or_init(|| found);
            Layout { worktree, ..layout }
        };
        Ok(Self { layout, opened, reader: OnceCell::new(), has_off_disk: Cell::default() })
    }

    fn opened(&self) -> Result<&Opened, Error> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let (opened, _) = Opened::open()?;
        Ok(self.opened.get_or_init(|| opened))
    }

    /// Who reads the index: libgit2 where it can, and can in time.
    fn reader(&self) -> Result<&Reader, Error> {
        if let Some(reader) = self.reader.get() {
            return Ok(reader);
        }
        let index = match self.opened()? {
            Opened::Libgit2(opened) if !self.has_large_index() => opened.index(&self.layout)?,
            _ => None,
        };
        let reader = if let Some(index) = index {
            Reader::Libgit2(index)
        } else {
            if self.has_off_disk.get().is_none() {
                index_file::verify(&self.layout, self.id_len())?;
            }
            Reader::Git(command_line::Reader { empty_tree: self.empty_tree() })
        };
        Ok(self.reader.get_or_init(|| reader))
    }

    fn has_large_index(&self) -> bool {
        fs::metadata(index_file::path(&self.layout)).is_ok_and(|index| index.len() > LARGE)
    }

    /// The length of an object id in bytes.
    fn id_len(&self) -> usize {
        self.empty_tree().len() / 2
    }

    /// Where the worktree and the git directory are.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The top of the worktree, absolute and without symlinks.
    #[must_use]
    pub fn top(&self) -> &Path {
        &self.layout.worktree
    }

    /// The git directory of this worktree.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.layout.git_dir
    }

    /// How many paths the index has, where its file alone tells that there is nothing to
    /// judge: none that a commit would take and `nominates` says yes to, but for those that
    /// one of its `parents` has as they are. Nothing, where somebody has to look who can
    /// decide: entries are read here as they stand in the file, and looked up in the
    /// parents where libgit2 can.
    ///
    /// The parents are as in [`Repository::staged`]. Without them, no entry is let off, and
    /// those that no commit would take are none the better.
    pub fn clear_paths(
        &self,
        parents: Option<&[String]>,
        mut nominates: impl FnMut(&RawEntry) -> bool,
    ) -> Option<usize> {
        let mut read = None;
        let mut is_clear = true;
        let mut unmerged = BString::default();
        let mut again = 0;
        let walked = self.walk(|entry| {
            let is_candidate = is_clear && nominates(&entry);
            if entry.is_unmerged() {
                // Such a path has several entries, one after the other.
                again += usize::from(entry.path == unmerged);
                unmerged = entry.path.into();
            }
            if is_candidate {
                is_clear = parents
                    .is_some_and(|merged| !entry.is_committed() || self.have(&mut read, merged, &entry));
            }
        })?;
        is_clear.then_some(walked.entries - again)
    }

    /// Whether a parent of the next commit has this entry as it is, as far as can be told.
    fn have<'r>(
        &'r self,
        parents: &mut Option<libgit2::Parents<'r>>,
        merged: &[String],
        entry: &RawEntry,
    ) -> bool {
        let Ok(Opened::Libgit2(opened)) = self.opened() else { return false };
        if parents.is_none() {
            *parents = opened.parents(merged).ok();
        }
        parents.as_mut().is_some_and(|parents| parents.have(entry).unwrap_or(false))
    }

    /// Walks over the file of the index; nothing, where it is not all that there is to the
    /// index, or is not whole.
    fn walk(&self, each: impl FnMut(RawEntry)) -> Option<Walked> {
        let path = index_file::path(&self.layout);
        if !fs::metadata(&path).is_ok_and(|index| index.is_file()) {
            return None;
        }
        let file = fs::File::open(path).ok()?;
        let walked = index_file::walk_file(file, self.id_len(), Checksum::VerifiedIfSmall, each).ok()?;
        if walked.is_changed_by_extension {
            return None;
        }
        self.has_off_disk.set(Some(walked.has_off_disk));
        Some(walked)
    }

    /// What a commit of the index would contain that none of its parents has:
    /// those entries that `nominates` says yes to. The parents are `HEAD` and
    /// `merged`, commits by their ids in hexadecimal. Deletions, unmerged and
    /// intent-to-add entries are not in it.
    ///
    /// # Errors
    ///
    /// The index, `HEAD`, or one of the merged commits cannot be read.
    pub fn staged(&self, merged: &[String], nominates: Nominates) -> Result<Nominated, Error> {
        let mut found = match (self.reader()?, self.opened()?) {
            (Reader::Libgit2(index), Opened::Libgit2(opened)) => opened.staged(index, merged, nominates),
            (Reader::Git(reader), _) | (_, Opened::Git(reader)) => reader.staged(merged, nominates),
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
    pub fn tracked(&self, nominates: Nominates) -> Result<Nominated, Error> {
        let mut search = Search::new(nominates);
        self.each_path(|path| search.look_at(path))?;
        let mut found = search.found;
        found.entries.sort_unstable();
        Ok(found)
    }

    /// The tracked paths, to look up what lies beside a path.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub fn tracked_paths(&self) -> Result<TrackedPaths, Error> {
        let mut paths = Vec::new();
        self.each_path(|path| paths.push(path.to_owned()))?;
        Ok(TrackedPaths::new(paths))
    }

    /// Those of the tracked paths, or more, that tell whether each of these paths is
    /// tracked.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub fn tracked_among(&self, paths: &[BString]) -> Result<TrackedPaths, Error> {
        if paths.is_empty() {
            return Ok(TrackedPaths::new(Vec::new()));
        }
        let mut among = Among::new(paths);
        match self.reader()? {
            Reader::Libgit2(_) => self.each_path(|path| among.look_at(path))?,
            Reader::Git(_) if self.walk(|entry| among.look_at(entry.path)).is_some() => {}
            Reader::Git(_) => {
                among = Among::new(paths);
                self.each_path(|path| among.look_at(path))?;
            }
        }
        Ok(TrackedPaths::new(among.found))
    }

    /// Gives `each` the path of every entry, at any stage.
    fn each_path(&self, each: impl FnMut(&BStr)) -> Result<(), Error> {
        match self.reader()? {
            Reader::Libgit2(index) => {
                index.each_path(each);
                Ok(())
            }
            Reader::Git(_) => command_line::each_path(each),
        }
    }

    /// The commits that are being merged, by their ids, beside `HEAD`: what
    /// `MERGE_HEAD` holds while a merge is under way.
    ///
    /// # Errors
    ///
    /// `MERGE_HEAD` cannot be read, or does not hold object ids.
    pub fn merge_heads(&self) -> Result<Vec<String>, Error> {
        let path = self.layout.git_dir.join("MERGE_HEAD");
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
            let is_commit = match self.opened()? {
                Opened::Libgit2(opened) => opened.has_commit(id),
                Opened::Git(_) => command_line::has_commit(id)?,
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
        match self.opened()? {
            Opened::Libgit2(opened) => opened.is_head_unborn(),
            Opened::Git(_) => command_line::is_head_unborn(),
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
        if let Some(contents) = self.file_on_disk(name)? {
            return Ok(Some(contents));
        }
        if self.is_all_on_disk() {
            return Ok(None);
        }
        match (self.reader()?, self.opened()?) {
            (Reader::Libgit2(index), Opened::Libgit2(opened)) => opened.file_off_disk(index, name),
            _ => command_line::file_off_disk(command_line::git(), name),
        }
    }

    /// Whether it is known that a sparse checkout keeps nothing off the disk.
    #[must_use]
    pub fn is_all_on_disk(&self) -> bool {
        self.has_off_disk.get() == Some(false)
    }

    /// The contents of the file `name` at the top of the worktree.
    ///
    /// # Errors
    ///
    /// As [`Repository::top_level_file`].
    pub fn file_on_disk(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.layout.worktree.join(name);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::ReadFile(path, error)),
            Ok(_) => read_regular_file(&path).map(Some).map_err(|error| Error::ReadFile(path, error)),
        }
    }

    /// The contents of the blob with this id, as git holds them.
    ///
    /// # Errors
    ///
    /// It is missing or damaged.
    pub fn blob(&self, id: &str) -> Result<Vec<u8>, Error> {
        match self.opened()? {
            Opened::Libgit2(opened) => opened.blob(id),
            Opened::Git(_) => command_line::blob(id),
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
        let output =
            command_line::run_with(self.layout.git(), &["cat-file", "--batch-check"], input.as_bytes())?;
        let mut lines = output.lines().filter_map(|line| line.strip_suffix(b" missing"));
        Ok(lines.next().map(command_line::text))
    }

    /// The id of a tree without files, which an unborn branch is compared with.
    fn empty_tree(&self) -> &'static str {
        match self.opened.get() {
            Some(Opened::Git(reader)) => reader.empty_tree,
            _ => command_line::EMPTY_TREE_SHA1,
        }
    }

    /// Whether git ignores `path`, whether it is tracked or not.
    ///
    /// The path is relative to the worktree and need not exist.
    ///
    /// # Errors
    ///
    /// The ignore rules cannot be read.
    pub fn ignores(&self, path: &BStr) -> Result<bool, Error> {
        match self.opened()? {
            Opened::Libgit2(opened) => opened.ignores(path),
            Opened::Git(_) => Ok(not_ignored(&self.layout, &[path.to_owned()])?.is_empty()),
        }
    }

    /// The revisions that the next commit is compared with.
    ///
    /// The first one is `HEAD`, or the empty tree on an unborn branch. The others are the
    /// commits that are being merged.
    ///
    /// # Errors
    ///
    /// `HEAD` or `MERGE_HEAD` cannot be read.
    pub fn parents(&self) -> Result<Vec<String>, Error> {
        let head = if self.is_head_unborn()? { self.empty_tree() } else { "HEAD" };
        let mut parents = vec![head.to_owned()];
        parents.extend(self.merge_heads()?);
        Ok(parents)
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Repository").field("top", &self.layout.worktree).finish_non_exhaustive()
    }
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
    ObjectId::of_hex(text.as_bytes()).is_some()
}
