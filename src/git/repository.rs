//! A repository with a worktree: its staged changes and its tracked paths.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use super::blobs::Blobs;
use super::command::nul_fields;
use super::diff_index;
use super::grep::{GrepTarget, grep};
use super::index_file::RawEntry;
use super::layout::Layout;
use super::libgit2::Libgit2;
use super::path_state::{CommittedIn, path_states};
use super::scan::{Candidate, Coverage, Directory, Scan};
use super::subtree;
use super::tracked_paths::{SiblingScan, TrackedPaths};
use super::worktree::ignores_case;
use super::{
    Error, MergedParents, Object, ObjectId, Operation, not_ignored, read_optional_file, read_regular_file,
};
use crate::environment::Environment;
use crate::{Change, Entry};

/// A repository with a worktree, opened for reading.
#[derive(Debug)]
pub(crate) struct Repository {
    layout: Layout,
    /// Chosen only if the walk over the index file finds candidates.
    reader: OnceCell<Reader>,
}

/// The reader that compares the index with the parents of the next commit.
#[derive(Debug)]
enum Reader {
    /// libgit2 reads the index and the trees of the parents.
    Libgit2(Libgit2),
    /// The index is large or sparse: the walk reads it, and libgit2 reads the trees.
    Libgit2Trees(Libgit2),
    /// The index is split, or libgit2 cannot open the repository: git reads both.
    Git,
}

/// The size of the largest index file that libgit2 loads, in bytes.
///
/// libgit2 allocates an object for each entry and hashes the whole file, so loading a larger
/// one takes longer than a second walk.
const MAX_LIBGIT2_INDEX: u64 = 1 << 20;

/// Whether intent-to-add entries are listed, which no commit contains.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum IntentToAdd {
    /// List them.
    Include,
    /// Leave them out.
    Exclude,
}

/// Returns whether a rule may refuse a path.
pub(crate) type MayRefuse<'n> = &'n mut dyn FnMut(&BStr) -> bool;

/// The result of examining the index.
#[derive(Debug)]
pub(crate) struct Examined {
    /// The entries that a rule may refuse, sorted by the bytes of their paths.
    pub entries: Vec<Entry>,
    /// The number of paths in the index.
    pub examined: usize,
}

impl Repository {
    /// Opens the repository of `environment`, found as git finds it.
    ///
    /// `GIT_DIR`, `GIT_INDEX_FILE` and other variables are respected.
    ///
    /// # Errors
    ///
    /// There is no repository, it is bare, or git cannot open it.
    pub(crate) fn open(environment: &Environment) -> Result<Self, Error> {
        Ok(Self { layout: Layout::find(environment)?, reader: OnceCell::new() })
    }

    /// Returns the environment that the repository was opened in.
    pub(crate) fn environment(&self) -> &Environment {
        self.layout.environment()
    }

    /// Returns the directories of the repository.
    #[must_use]
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns the top of the worktree, absolute and without symlinks.
    #[must_use]
    pub(crate) fn worktree(&self) -> &Path {
        &self.layout.worktree
    }

    /// Returns the operation that git has started in this worktree and not yet finished.
    #[must_use]
    pub(crate) fn operation(&self) -> Option<Operation> {
        Operation::in_progress(&self.layout.cwd_git(), &self.layout.git_dir)
    }

    /// Walks the index file once and keeps the entries for which `may_refuse` is true.
    ///
    /// # Errors
    ///
    /// The index file cannot be read, or is truncated or damaged.
    pub(crate) fn scan(&self, may_refuse: impl FnMut(&RawEntry) -> bool) -> Result<Scan, Error> {
        Scan::new(&self.layout, may_refuse)
    }

    /// Walks over the index file as [`Self::scan`] does, for questions after a suspicion.
    ///
    /// These share one copy of the walk.
    fn walk(&self, is_wanted: &mut dyn FnMut(&RawEntry) -> bool) -> Result<Scan, Error> {
        Scan::new(&self.layout, is_wanted)
    }

    /// Returns the entries that a commit of the index would add or change.
    ///
    /// They differ from each parent of that commit, `HEAD` and `merged`, also under the other
    /// prefix of a subtree merge, and `may_refuse` is true for their paths. Deletions, unmerged
    /// and intent-to-add entries are left out: a commit does not contain them.
    ///
    /// # Errors
    ///
    /// The index or a parent cannot be read.
    pub(crate) fn staged(&self, merged: &[ObjectId], may_refuse: MayRefuse) -> Result<Examined, Error> {
        let scan = self.walk(&mut |entry| may_refuse(entry.path))?;
        self.read_staged(scan, merged, may_refuse)
    }

    /// Continues [`Repository::staged`] after a scan with the same `may_refuse`.
    ///
    /// # Errors
    ///
    /// As for [`Repository::staged`].
    pub(crate) fn read_staged(
        &self,
        scan: Scan,
        merged: &[ObjectId],
        may_refuse: MayRefuse,
    ) -> Result<Examined, Error> {
        let examined = self.count_paths(&scan)?;
        let is_clear = scan.coverage != Coverage::Part
            && scan.directories.is_empty()
            && scan.candidates.iter().all(|candidate| candidate.is_unmerged);
        let mut entries = if is_clear { Vec::new() } else { self.changed(scan, merged, may_refuse)? };
        if !merged.is_empty() && !entries.is_empty() {
            let paths = entries.iter().map(|entry| entry.path.as_bstr()).collect();
            let moved = subtree::moved_when_staged(&self.layout.cwd_git(), merged, &paths)?;
            entries.retain(|entry| !moved.contains(&entry.path));
        }
        // Under `core.ignoreCase` libgit2 sorts without regard to case.
        entries.sort_unstable();
        Ok(Examined { entries, examined })
    }

    fn changed(&self, scan: Scan, merged: &[ObjectId], may_refuse: MayRefuse) -> Result<Vec<Entry>, Error> {
        let reader = self.reader.get_or_init(|| self.choose_reader(&scan));
        let candidates = scan.candidates.into_iter().filter(|candidate| !candidate.is_unmerged);
        let candidates = candidates.map(|Candidate { path, mode, id, .. }| (path, mode, id));
        let changed = match reader {
            Reader::Libgit2Trees(libgit2) => libgit2.changed(merged, candidates).and_then(|mut changed| {
                changed.extend(libgit2.changed_in(merged, &scan.directories, may_refuse)?);
                Ok(changed)
            }),
            // Before anything is refused, libgit2 reads the index again by itself.
            Reader::Libgit2(libgit2) => match libgit2.changed(merged, candidates) {
                Ok(changed) if !changed.is_empty() => libgit2.staged(merged, may_refuse),
                changed => changed,
            },
            Reader::Git => return self.changed_by_git(merged, may_refuse),
        };
        // What libgit2 cannot read, git may be able to.
        changed.or_else(|error| self.changed_by_git(merged, may_refuse).map_err(|_| error))
    }

    fn changed_by_git(&self, merged: &[ObjectId], may_refuse: MayRefuse) -> Result<Vec<Entry>, Error> {
        diff_index::staged(&self.layout.cwd_git(), self.layout.object_format, merged, may_refuse)
    }

    fn choose_reader(&self, scan: &Scan) -> Reader {
        let is_small = scan.coverage == Coverage::Whole && scan.size <= MAX_LIBGIT2_INDEX;
        match Libgit2::open(&self.layout).filter(|_| scan.coverage != Coverage::Part) {
            Some(libgit2) if is_small => Reader::Libgit2(libgit2),
            Some(libgit2) => Reader::Libgit2Trees(libgit2),
            None => Reader::Git,
        }
    }

    /// Returns all tracked paths for which `may_refuse` is true, each of them once.
    ///
    /// Intent-to-add entries are left out. `scan` is a scan with the same `may_refuse`.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub(crate) fn read_tracked(&self, scan: Scan, may_refuse: MayRefuse) -> Result<Examined, Error> {
        let (mut paths, examined): (Vec<BString>, usize);
        if scan.coverage == Coverage::Whole {
            examined = self.count_paths(&scan)?;
            paths = scan.candidates.into_iter().map(|candidate| candidate.path).collect();
        } else {
            examined = self.count_listed_paths()?;
            paths = Vec::new();
            self.list(IntentToAdd::Exclude, |path| paths.extend(may_refuse(path).then(|| path.to_owned())))?;
        }
        paths.sort_unstable();
        paths.dedup();
        let entries = paths.into_iter().map(|path| Entry { path, change: Change::Tracked }).collect();
        Ok(Examined { entries, examined })
    }

    /// Returns the number of paths in the index.
    fn count_paths(&self, scan: &Scan) -> Result<usize, Error> {
        scan.examined.map_or_else(|| self.count_listed_paths(), Ok)
    }

    /// Returns the number of paths in the index, as git lists them.
    fn count_listed_paths(&self) -> Result<usize, Error> {
        let (mut last, mut count) = (BString::default(), 0);
        self.list(IntentToAdd::Include, |path| {
            count += usize::from(path != last);
            last = path.to_owned();
        })?;
        Ok(count)
    }

    /// Returns all tracked paths, as `git ls-files` lists them.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub(crate) fn tracked_paths(&self) -> Result<TrackedPaths, Error> {
        self.paths(IntentToAdd::Include)
    }

    /// Returns all tracked paths, to be compared with names on the disk as git does.
    ///
    /// # Errors
    ///
    /// The index or the configuration cannot be read.
    pub(crate) fn tracked_paths_on_disk(&self) -> Result<TrackedPaths, Error> {
        let tracked = self.tracked_paths()?;
        Ok(if ignores_case(self.layout())? { tracked.ignoring_case() } else { tracked })
    }

    /// Returns all tracked paths except those of intent-to-add entries.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub(crate) fn staged_paths(&self) -> Result<TrackedPaths, Error> {
        self.paths(IntentToAdd::Exclude)
    }

    fn paths(&self, intent_to_add: IntentToAdd) -> Result<TrackedPaths, Error> {
        let mut paths = Vec::new();
        let scan = self.walk(&mut |entry| {
            let is_listed = intent_to_add == IntentToAdd::Include || !entry.is_intent_to_add();
            paths.extend(is_listed.then(|| entry.path.to_owned()));
            false
        })?;
        if scan.coverage != Coverage::Whole {
            paths.clear();
            self.list(intent_to_add, |path| paths.push(path.to_owned()))?;
        }
        Ok(TrackedPaths::new(paths))
    }

    /// Returns enough of the [`Repository::staged_paths`] to ask whether they contain `paths`.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub(crate) fn staged_among(&self, paths: &[BString]) -> Result<TrackedPaths, Error> {
        let mut siblings = SiblingScan::new(paths);
        if !paths.is_empty()
            && let Some(Reader::Libgit2(libgit2)) = self.reader.get()
            && libgit2.for_each_staged_path(|path| siblings.visit(path))
        {
            return Ok(TrackedPaths::new(siblings.matches));
        }
        self.among(paths, IntentToAdd::Exclude)
    }

    /// Returns enough of the [`Repository::tracked_paths`] to ask whether they contain `paths`.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub(crate) fn tracked_among(&self, paths: &[BString]) -> Result<TrackedPaths, Error> {
        self.among(paths, IntentToAdd::Include)
    }

    fn among(&self, paths: &[BString], intent_to_add: IntentToAdd) -> Result<TrackedPaths, Error> {
        if paths.is_empty() {
            return Ok(TrackedPaths::new(Vec::new()));
        }
        let mut siblings = SiblingScan::new(paths);
        let scan = self.walk(&mut |entry| {
            if intent_to_add == IntentToAdd::Include || !entry.is_intent_to_add() {
                siblings.visit(entry.path);
            }
            false
        })?;
        let mut matches = siblings.matches;
        match scan.coverage {
            Coverage::Whole => {}
            Coverage::Directories => {
                for directory in &scan.directories {
                    matches.extend(self.listed_in(directory, paths)?);
                }
            }
            Coverage::Part => {
                let mut siblings = SiblingScan::new(paths);
                self.list(intent_to_add, |path| siblings.visit(path))?;
                matches = siblings.matches;
            }
        }
        Ok(TrackedPaths::new(matches))
    }

    /// Returns the `paths` that a directory of a sparse index contains.
    fn listed_in(&self, directory: &Directory, paths: &[BString]) -> Result<Vec<BString>, Error> {
        let inside = paths.iter().filter_map(|path| path.strip_prefix(directory.path.as_slice()));
        let inside: Vec<&OsStr> = inside.map(OsStr::from_bytes).collect();
        if inside.is_empty() {
            return Ok(Vec::new());
        }
        let tree = directory.id.to_string();
        let options = ["ls-tree", "-z", "--name-only", "--full-tree", tree.as_str(), "--"].map(OsStr::new);
        let git = self.layout.cwd_git().with_var("GIT_LITERAL_PATHSPECS", "1");
        let output = git.run(&[&options[..], &inside].concat())?;
        Ok(nul_fields(&output).map(|name| bstr::concat([&directory.path, name]).into()).collect())
    }

    /// Calls `visit` with the path of every index entry, at any stage, as git lists them.
    fn list(&self, intent_to_add: IntentToAdd, visit: impl FnMut(&BStr)) -> Result<(), Error> {
        let git = self.layout.cwd_git();
        match intent_to_add {
            IntentToAdd::Include => git.for_each_indexed_path(visit),
            IntentToAdd::Exclude => git.for_each_staged_path(self.layout.object_format.empty_tree(), visit),
        }
    }

    /// Returns the parents that the next commit has beside `HEAD`.
    ///
    /// # Errors
    ///
    /// `MERGE_HEAD` cannot be read, or git cannot be started.
    pub(crate) fn merged(&self, parents: MergedParents) -> Result<Vec<ObjectId>, Error> {
        match parents {
            MergedParents::None => Ok(Vec::new()),
            MergedParents::MergeHead => self.merge_heads(),
            MergedParents::Announced => Ok([self.merge_heads()?, self.announced_merge_heads()?].concat()),
        }
    }

    /// Returns the commits in `MERGE_HEAD`: the parents of a merge other than `HEAD`.
    ///
    /// A merged tag is named itself, and not its commit.
    ///
    /// # Errors
    ///
    /// `MERGE_HEAD` cannot be read, or does not hold object ids.
    pub(crate) fn merge_heads(&self) -> Result<Vec<ObjectId>, Error> {
        let path = self.layout.git_dir.join("MERGE_HEAD");
        let Some(text) = read_optional_file(path.clone())? else { return Ok(Vec::new()) };
        let ids: Option<Vec<ObjectId>> = text.lines().map(ObjectId::from_hex).collect();
        ids.ok_or(Error::MergeHead(path))
    }

    /// Returns the merged commits that git names in `GITHEAD_<id>` variables.
    ///
    /// `git merge` sets them for `pre-merge-commit`, which runs before `MERGE_HEAD` is written.
    /// An id that is not a commit of this repository is skipped: it may come from a git process
    /// in another repository.
    ///
    /// # Errors
    ///
    /// git cannot be started.
    fn announced_merge_heads(&self) -> Result<Vec<ObjectId>, Error> {
        let announced = self
            .layout
            .environment()
            .vars()
            .filter_map(|(name, _)| name.as_bytes().strip_prefix(b"GITHEAD_"));
        let mut commits = Vec::new();
        for id in announced.filter_map(ObjectId::from_hex) {
            if self.layout.cwd_git().query(&["cat-file", "-e", &format!("{id}^{{commit}}")])?.is_some() {
                commits.push(id);
            }
        }
        Ok(commits)
    }

    /// Returns the revision that the index is compared with: `HEAD`, or the empty tree.
    ///
    /// # Errors
    ///
    /// git cannot be started.
    pub(crate) fn base(&self) -> Result<&'static str, Error> {
        Ok(if self.is_head_unborn()? { self.layout.object_format.empty_tree() } else { "HEAD" })
    }

    /// Whether the current branch has no commit yet.
    ///
    /// # Errors
    ///
    /// git cannot be started.
    pub(crate) fn is_head_unborn(&self) -> Result<bool, Error> {
        self.layout.cwd_git().is_head_unborn()
    }

    /// Whether git made the index for a single commit, so that nothing stays staged.
    ///
    /// `git commit -a` and `git commit PATH` do.
    #[must_use]
    pub(crate) fn index_is_temporary(&self) -> bool {
        let index = self.layout.environment().var("GIT_INDEX_FILE");
        index.is_some_and(|path| path.as_bytes().ends_with(b".lock"))
    }

    /// Returns the contents of the file `name` at the top of the worktree.
    ///
    /// If a sparse checkout keeps it off the disk, its index entry is read.
    ///
    /// # Errors
    ///
    /// The file exists and cannot be read, or is not a regular file.
    pub(crate) fn top_level_file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        if let Some(contents) = self.file_on_disk(name)? {
            return Ok(Some(contents));
        }
        let mut is_off_disk = false;
        let scan = self.walk(&mut |entry| {
            is_off_disk |= entry.is_off_disk() && entry.path == name;
            false
        })?;
        if scan.has_top_level_files() && !is_off_disk { Ok(None) } else { self.off_disk_file(name) }
    }

    /// Returns the contents of the file `name` on the disk, at the top of the worktree.
    ///
    /// # Errors
    ///
    /// The file exists and cannot be read, or is not a regular file.
    pub(crate) fn file_on_disk(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        read_optional_file(self.layout.worktree.join(name))
    }

    /// Returns the contents of the index entry `name`, if its file is not on the disk.
    ///
    /// A sparse checkout keeps such files off the disk.
    ///
    /// # Errors
    ///
    /// git cannot read the index or the blob.
    pub(crate) fn off_disk_file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.layout.cwd_git().off_disk_file(name)
    }

    /// Returns the regular files of the index for which `is_wanted` is true, each with its blob.
    ///
    /// Unmerged and intent-to-add entries are left out.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub(crate) fn staged_files(
        &self,
        mut is_wanted: impl FnMut(&BStr) -> bool,
    ) -> Result<Vec<(BString, ObjectId)>, Error> {
        let scan = self.walk(&mut |entry| !entry.is_directory() && is_wanted(entry.path))?;
        if scan.coverage == Coverage::Whole {
            let is_file =
                |candidate: &Candidate| Object::is_regular(candidate.mode) && !candidate.is_unmerged;
            let files = scan.candidates.into_iter().filter(is_file);
            return Ok(files.map(|Candidate { path, id, .. }| (path, id)).collect());
        }
        let mut files = Vec::new();
        self.layout.cwd_git().for_each_staged_file(|path, id| {
            if is_wanted(path) {
                files.push((path.to_owned(), id));
            }
        })?;
        Ok(files)
    }

    /// Returns the regular files of the index that a sparse checkout keeps off the disk.
    ///
    /// # Errors
    ///
    /// git cannot read the index.
    pub(crate) fn off_disk_files(&self) -> Result<Vec<(BString, ObjectId)>, Error> {
        let mut files = Vec::new();
        self.layout.cwd_git().for_each_off_disk_file(|path, id| files.push((path.to_owned(), id)))?;
        Ok(files)
    }

    /// Whether a sparse checkout may keep files off the disk.
    pub(crate) fn may_have_off_disk_files(&self) -> bool {
        let mut is_off_disk = false;
        let scan = self.walk(&mut |entry| {
            is_off_disk |= entry.is_off_disk();
            false
        });
        is_off_disk || !scan.is_ok_and(|scan| scan.coverage == Coverage::Whole)
    }

    /// Returns the files of the index or the worktree that contain one of `words`, as [`grep`] does.
    pub(crate) fn grep(&self, target: GrepTarget, words: &[BString]) -> Option<Vec<BString>> {
        grep(&self.layout.cwd_git(), target, words)
    }

    /// Returns a reader of the blobs of this repository.
    pub(crate) fn blobs(&self) -> Blobs {
        Blobs::new(self.layout.objects_directory(), self.layout.cwd_git())
    }

    /// Returns the contents of a blob.
    ///
    /// # Errors
    ///
    /// The blob is missing or damaged.
    pub(crate) fn blob(&self, id: &str) -> Result<Vec<u8>, Error> {
        self.layout.cwd_git().run(&["cat-file", "blob", id]).map_err(|error| match error {
            Error::Git { source, .. } => Error::ReadBlob(id.to_owned(), source),
            error => error,
        })
    }

    /// Returns the first of these objects that the repository does not have.
    ///
    /// # Errors
    ///
    /// git cannot look the objects up.
    pub(crate) fn missing<'i>(&self, ids: impl Iterator<Item = &'i str>) -> Result<Option<String>, Error> {
        let ids: Vec<&str> = ids.collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let input = ids.join("\n") + "\n";
        let output =
            self.layout.cwd_git().run_with_input(&["cat-file", "--batch-check"], input.as_bytes())?;
        let mut missing = output.lines().filter_map(|line| line.strip_suffix(b" missing"));
        Ok(missing.next().map(|id| id.to_str_lossy().into_owned()))
    }

    /// Whether git ignores `path`, even if it is tracked.
    ///
    /// The path is relative to the worktree and need not exist.
    ///
    /// # Errors
    ///
    /// The ignore rules cannot be read.
    pub(crate) fn ignores(&self, path: &BStr) -> Result<bool, Error> {
        Ok(not_ignored(&self.layout, &[path.to_owned()])?.is_empty())
    }

    /// Whether git tracks `path`, or would track it after `git add`.
    ///
    /// # Errors
    ///
    /// The index or the ignore rules cannot be read.
    pub(crate) fn would_track(&self, path: &BStr) -> Result<bool, Error> {
        Ok(self.tracked_paths()?.contains_file(path) || !self.ignores(path)?)
    }

    /// Whether `HEAD` has the file `path` with its text in the worktree.
    ///
    /// Line ends do not count, because git may convert them. No filter of the repository is run.
    ///
    /// # Errors
    ///
    /// git cannot be started, or the file cannot be read.
    pub(crate) fn is_committed(&self, path: &BStr) -> Result<bool, Error> {
        let object = bstr::concat([b"HEAD:", path.as_bytes()]);
        let arguments = ["cat-file", "blob"].map(OsStr::new);
        let output =
            self.layout.git().output(&[&arguments[..], &[OsStr::from_bytes(&object)]].concat(), &[])?;
        if !output.status.success() {
            return Ok(false);
        }
        let file = self.layout.on_disk(path);
        let text = read_regular_file(&file).map_err(|error| Error::ReadFile(file, error))?;
        Ok(output.stdout.replace("\r\n", "\n") == text.replace("\r\n", "\n"))
    }

    /// Whether the next commit is a merge, or amends one.
    ///
    /// # Errors
    ///
    /// `MERGE_HEAD` cannot be read, or git cannot be started.
    pub(crate) fn is_at_merge(&self) -> Result<bool, Error> {
        let is_merge = || self.layout.git().query(&["rev-parse", "--verify", "--quiet", "HEAD^2"]);
        Ok(!self.merge_heads()?.is_empty() || is_merge()?.is_some())
    }

    /// Returns the revisions that the next commit is compared with.
    ///
    /// `HEAD`, or the empty tree on an unborn branch, comes first; then the merged commits.
    ///
    /// # Errors
    ///
    /// `HEAD` or `MERGE_HEAD` cannot be read.
    pub(crate) fn parents(&self) -> Result<Vec<String>, Error> {
        self.with_head(&self.merge_heads()?)
    }

    fn with_head(&self, merged: &[ObjectId]) -> Result<Vec<String>, Error> {
        let head = if self.is_head_unborn()? { self.layout.object_format.empty_tree() } else { "HEAD" };
        let merged = merged.iter().map(ToString::to_string);
        Ok(std::iter::once(head.to_owned()).chain(merged).collect())
    }

    /// Returns the `paths` that `HEAD` and `merged` have changed in different ways.
    ///
    /// # Errors
    ///
    /// git cannot read the index or a parent.
    pub(crate) fn combined(
        &self,
        merged: &[ObjectId],
        paths: &BTreeSet<BString>,
    ) -> Result<Vec<BString>, Error> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let states = path_states(&self.layout, &self.with_head(merged)?, paths)?;
        Ok(states
            .into_iter()
            .filter(|(_, state)| state.committed_in == CommittedIn::Several)
            .map(|(path, _)| path)
            .collect())
    }
}
