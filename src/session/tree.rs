//! Lists what is below a directory, and deletes it.
//!
//! Each directory is opened relative to the one above it, so no symlink is followed, and what
//! takes the place of a directory while it is worked on is not touched.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;

use bstr::{BStr, BString, ByteSlice};

use super::nested::NestedRepository;
use super::to_path;
use crate::disk::{Directory, DiskError, Metadata, failed_to};
use crate::git::TrackedPaths;

/// A file, a symlink or a directory, as it was when it was listed.
#[derive(Debug)]
pub(crate) struct Node {
    pub(super) name: OsString,
    metadata: Metadata,
    pub(super) content: Content,
    /// Whether it is a repository, which is moved or deleted.
    is_repository: bool,
}

/// What is at a name.
#[derive(Debug)]
pub(super) enum Content {
    /// A file, a symlink, or the like.
    File,
    /// A directory, and what is in it.
    Directory(Vec<Node>),
    /// A directory that is skipped with all that is in it.
    Skipped(SkipReason),
}

/// Why `archive` and `clean` skip a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SkipReason {
    /// It works only where it is.
    Stays,
    /// It is tracked, or contains tracked files.
    Tracked,
    /// It is a repository of its own.
    Repository,
    /// It is a submodule that `.gitmodules` names.
    Submodule,
    /// It is a linked worktree.
    LinkedWorktree,
    /// It is a repository that has linked worktrees.
    HasLinkedWorktrees,
    /// It is a repository whose `.git` names a directory elsewhere.
    SeparateGitDir,
    /// Something is mounted there.
    MountPoint,
    /// It cannot be moved to the file system of `archive/`.
    OtherFileSystem,
    /// It cannot be read.
    Unreadable,
    /// It has changed since it was listed.
    Changed,
    /// It has files that were not there when it was listed.
    NewFiles,
}

/// A path that `archive` or `clean` skips.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Skipped {
    /// The path, relative to the worktree.
    pub path: BString,
    /// Why it is skipped.
    pub reason: SkipReason,
}

/// What is done with the files that are listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// They are moved together.
    Archive,
    /// They are deleted, except repositories.
    Clean,
    /// They are deleted, even repositories.
    CleanRepositories,
}

impl Purpose {
    /// Returns why a nested repository is skipped.
    ///
    /// `depth` is the number of directories above it that are moved or deleted with it.
    pub(super) fn skips(self, repository: &NestedRepository, depth: usize) -> Option<SkipReason> {
        if self == Self::Archive && !repository.leads_out(depth) {
            return None;
        }
        match (repository, self) {
            (NestedRepository::LinkedWorktree(_), _) => Some(SkipReason::LinkedWorktree),
            (NestedRepository::WithLinkedWorktrees(_), _) => Some(SkipReason::HasLinkedWorktrees),
            (_, Self::Clean) => Some(SkipReason::Repository),
            (NestedRepository::SeparateGitDir(_), Self::Archive) => Some(SkipReason::SeparateGitDir),
            _ => None,
        }
    }
}

impl Node {
    /// Lists `name` in `parent`, and all that is below it. `None` if nothing has that name.
    ///
    /// # Errors
    ///
    /// Its metadata cannot be read.
    pub(super) fn list(parent: &Directory, name: &OsStr, purpose: Purpose) -> io::Result<Option<Self>> {
        Self::list_at(parent, name, purpose, 0)
    }

    fn list_at(parent: &Directory, name: &OsStr, purpose: Purpose, depth: usize) -> io::Result<Option<Self>> {
        let Some(metadata) = parent.metadata(name)? else { return Ok(None) };
        let mut node = Self { name: name.to_owned(), metadata, content: Content::File, is_repository: false };
        if metadata.is_directory() {
            node.content = match node.read_directory(parent, purpose, depth) {
                Ok(content) => content,
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                    Content::Skipped(SkipReason::MountPoint)
                }
                Err(_) => Content::Skipped(SkipReason::Unreadable),
            };
        }
        Ok(Some(node))
    }

    fn read_directory(&mut self, parent: &Directory, purpose: Purpose, depth: usize) -> io::Result<Content> {
        let directory = parent.open_unmounted(&self.name)?;
        if let Some(repository) = NestedRepository::find(&directory)? {
            self.is_repository = true;
            if let Some(reason) = purpose.skips(&repository, depth) {
                return Ok(Content::Skipped(reason));
            }
        }
        let mut children = Vec::new();
        for child in directory.names()? {
            // A git directory moves with its repository.
            if purpose != Purpose::Archive || child != ".git" {
                children.extend(Self::list_at(&directory, &child, purpose, depth + 1)?);
            }
        }
        children.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Content::Directory(children))
    }

    /// Whether it is a directory.
    #[must_use]
    pub(crate) fn is_directory(&self) -> bool {
        !matches!(self.content, Content::File)
    }

    /// Whether it is a repository of its own.
    #[must_use]
    pub(crate) fn is_repository(&self) -> bool {
        self.is_repository
    }

    /// Appends the paths of the repositories below `path`, the path of this node.
    pub(crate) fn collect_repositories(&self, path: &BString, repositories: &mut Vec<BString>) {
        let Content::Directory(children) = &self.content else { return };
        // A git directory has the form of a bare repository.
        for child in children.iter().filter(|child| child.name != ".git") {
            let path = child.path_in(path);
            repositories.extend(child.is_repository.then(|| path.clone()));
            child.collect_repositories(&path, repositories);
        }
    }

    /// Returns the number of files and symlinks in it, or 1 if it is one.
    #[must_use]
    pub(crate) fn count_files(&self) -> usize {
        match &self.content {
            Content::File => 1,
            Content::Directory(children) => children.iter().map(Self::count_files).sum(),
            Content::Skipped(_) => 0,
        }
    }

    /// Appends the skipped directories at `path`, the path of this node, and below it.
    pub(super) fn collect_skipped(&self, path: BString, skipped: &mut Vec<Skipped>) {
        match &self.content {
            Content::File => {}
            Content::Skipped(reason) => skipped.push(Skipped { path, reason: *reason }),
            Content::Directory(children) => {
                for child in children {
                    child.collect_skipped(child.path_in(&path), skipped);
                }
            }
        }
    }

    /// Whether something in it is skipped.
    pub(super) fn has_skipped(&self) -> bool {
        match &self.content {
            Content::File => false,
            Content::Skipped(_) => true,
            Content::Directory(children) => children.iter().any(Self::has_skipped),
        }
    }

    /// Whether what is in it can be moved or deleted without the rest.
    pub(super) fn can_split(&self, purpose: Purpose) -> bool {
        // A repository is moved as a whole.
        matches!(self.content, Content::Directory(_)) && !(purpose == Purpose::Archive && self.is_repository)
    }

    pub(super) fn path_in(&self, directory: &BString) -> BString {
        bstr::concat([directory.as_slice(), b"/", self.name.as_bytes()]).into()
    }
}

/// A deletion of listed files.
#[derive(Debug)]
pub(super) struct Deletion<'t> {
    /// The paths that are tracked now.
    tracked: &'t TrackedPaths,
    purpose: Purpose,
    /// What was not deleted.
    pub(super) skipped: Vec<Skipped>,
    /// What was deleted in directories that are not gone.
    pub(super) partly_deleted: Vec<BString>,
    /// Why files could not be deleted.
    pub(super) failures: Vec<DiskError>,
}

impl<'t> Deletion<'t> {
    pub(super) fn new(tracked: &'t TrackedPaths, purpose: Purpose) -> Self {
        Self { tracked, purpose, skipped: Vec::new(), partly_deleted: Vec::new(), failures: Vec::new() }
    }

    /// Deletes `node` in `parent`, and returns whether it is gone.
    ///
    /// `path` is its path, relative to the worktree. What has changed since it was listed, what
    /// is tracked now and what was not listed is kept. Goes on after a failure.
    pub(super) fn delete(&mut self, parent: &Directory, node: &Node, path: &BStr) -> bool {
        self.try_delete(parent, node, path).unwrap_or_else(|error| {
            self.failures.push(error);
            false
        })
    }

    fn try_delete(&mut self, parent: &Directory, node: &Node, path: &BStr) -> Result<bool, DiskError> {
        let on_disk = to_path(path);
        let failed = || failed_to("delete", &on_disk);
        let Some(now) = parent.metadata(&node.name).map_err(failed())? else { return Ok(true) };
        if self.tracked.contains_file(path) {
            return Ok(self.skip(path, SkipReason::Tracked));
        }
        match &node.content {
            Content::Skipped(reason) => Ok(self.skip(path, *reason)),
            Content::File if now.is_unchanged(&node.metadata) => match parent.remove_file(&node.name) {
                // A file can be a mount point, too.
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                    Ok(self.skip(path, SkipReason::MountPoint))
                }
                removed => removed.map(|()| true).map_err(failed()),
            },
            Content::Directory(children) if now.is_directory() && now.is_same_file(&node.metadata) => {
                let directory = parent.open_unmounted(&node.name).map_err(failed())?;
                let Some(gone) = self.delete_contents(&directory, children, path)? else { return Ok(false) };
                let removed = (gone.len() == children.len()).then(|| parent.remove_directory(&node.name));
                let is_gone = removed.map_or(Ok(false), |removed| self.accept_new_files(removed, path));
                if !matches!(is_gone, Ok(true)) {
                    self.partly_deleted.extend(gone);
                }
                is_gone.map_err(failed())
            }
            Content::File | Content::Directory(_) => Ok(self.skip(path, SkipReason::Changed)),
        }
    }

    /// Deletes the listed `children` of the directory at `path`, and returns those that are gone.
    ///
    /// `None` if the directory has become a repository, which is skipped.
    fn delete_contents(
        &mut self,
        directory: &Directory,
        children: &[Node],
        path: &BStr,
    ) -> Result<Option<Vec<BString>>, DiskError> {
        let repository = NestedRepository::find(directory).map_err(failed_to("read", &to_path(path)))?;
        if let Some(reason) = repository.and_then(|repository| self.purpose.skips(&repository, 0)) {
            self.skip(path, reason);
            return Ok(None);
        }
        let mut gone = Vec::new();
        for child in children {
            let path = child.path_in(&path.to_owned());
            if self.delete(directory, child, path.as_bstr()) {
                gone.push(path);
            }
        }
        Ok(Some(gone))
    }

    /// Accepts that a directory cannot be removed because it is not empty.
    fn accept_new_files(&mut self, removed: io::Result<()>, path: &BStr) -> io::Result<bool> {
        match removed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                Ok(self.skip(path, SkipReason::NewFiles))
            }
            Err(error) => Err(error),
        }
    }

    /// Records that `path` is skipped, and returns that it is not gone.
    fn skip(&mut self, path: &BStr, reason: SkipReason) -> bool {
        self.skipped.push(Skipped { path: path.to_owned(), reason });
        false
    }
}
