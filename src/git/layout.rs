//! Where a repository keeps its worktree, its git directory and its index.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};
use rustix::fs::{Access, access};
use rustix::process::geteuid;

use super::command::{Git, to_path, trimmed};
use super::{Error, ObjectFormat, ObjectId, read_optional_file, read_regular_file};
use crate::disk::with_suffix;
use crate::environment::Environment;

/// The directories of a repository with a worktree, and the format of its object ids.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The top of the worktree, absolute and without symlinks.
    pub(super) worktree: PathBuf,
    /// The git directory of this worktree, absolute.
    pub(super) git_dir: PathBuf,
    /// The index file, absolute: `index` in the git directory, or `GIT_INDEX_FILE`.
    pub(super) index: PathBuf,
    pub(super) object_format: ObjectFormat,
    /// Whether the objects are in the place where libgit2 looks for them.
    pub(super) has_plain_objects: bool,
    environment: Environment,
}

/// Variables that change where git finds the objects of a repository.
const MOVES_OBJECTS: [&str; 3] =
    ["GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"];

/// Further variables that change where git finds the repository, or whether it opens it.
const MOVES_REPOSITORY: [&str; 4] =
    ["GIT_CEILING_DIRECTORIES", "GIT_NAMESPACE", "GIT_TEST_ASSUME_DIFFERENT_OWNER", "GIT_WORK_TREE"];

impl Layout {
    /// Finds the repository that `environment` names, as git does.
    pub(super) fn find(environment: &Environment) -> Result<Self, Error> {
        match Self::find_plain(environment) {
            Some(layout) => Ok(layout),
            None => Self::ask_git(environment),
        }
    }

    /// Returns the top of the worktree, absolute and without symlinks.
    #[must_use]
    pub(crate) fn worktree(&self) -> &Path {
        &self.worktree
    }

    /// Returns the git directory of this worktree.
    #[must_use]
    pub(crate) fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// Returns the absolute path of the index file, with symlinks resolved.
    pub(super) fn index_target(&self) -> PathBuf {
        fs::canonicalize(&self.index).unwrap_or_else(|_| self.index.clone())
    }

    /// Returns the path of git's lock on the index.
    ///
    /// git creates the lock next to the target of a symlinked index.
    #[must_use]
    pub(crate) fn index_lock(&self) -> PathBuf {
        with_suffix(&self.index_target(), ".lock")
    }

    /// Returns the absolute path of `path`, which is relative to the worktree.
    #[must_use]
    pub(crate) fn on_disk(&self, path: &BStr) -> PathBuf {
        self.worktree.join(OsStr::from_bytes(path))
    }

    /// Returns the environment that the repository was found in.
    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns a git that finds the repository as this program did.
    pub(super) fn cwd_git(&self) -> Git {
        Git::new(&self.environment)
    }

    /// Returns a git that runs in this worktree, whatever the environment names.
    pub(super) fn git(&self) -> Git {
        self.cwd_git().at(&self.worktree, &self.git_dir)
    }

    /// Recognises a plain repository without running git; `None` when in doubt.
    ///
    /// Plain is a main or linked worktree of repository format 0, owned by this user, at or
    /// above the current directory, with no variable or setting that moves a part of it.
    pub(super) fn find_plain(environment: &Environment) -> Option<Self> {
        if MOVES_OBJECTS.iter().chain(&MOVES_REPOSITORY).any(|name| environment.var(name).is_some()) {
            return None;
        }
        let named_git_dir = environment.var("GIT_DIR");
        let worktree = match named_git_dir {
            // A hook runs at the top of the worktree, and in a linked one git sets GIT_DIR.
            Some(_) => environment.current_dir(),
            None => worktree_around(environment.current_dir())?,
        };
        let dot_git = worktree.join(".git");
        let (git_dir, common_dir) =
            if dot_git.is_dir() { (dot_git.clone(), dot_git.clone()) } else { linked_git_dir(&dot_git)? };
        let is_named = named_git_dir.is_none_or(|named| worktree.join(named) == git_dir);
        let has_own_parts = [worktree, &dot_git, &git_dir, &common_dir].into_iter().all(is_own);
        if !is_named || !has_own_parts || !is_git_dir(&git_dir, &common_dir) {
            return None;
        }
        let config = String::from_utf8(read_regular_file(&common_dir.join("config")).ok()?).ok()?;
        is_plain_config(&config.to_ascii_lowercase()).then(|| Self {
            index: index_path(environment, worktree, &git_dir),
            worktree: worktree.to_owned(),
            git_dir,
            object_format: ObjectFormat::Sha1,
            has_plain_objects: true,
            environment: environment.clone(),
        })
    }

    /// Returns the object directory; `None` if objects are elsewhere, or not named by SHA-1.
    pub(super) fn objects_directory(&self) -> Option<PathBuf> {
        let common_dir = self.has_plain_objects.then(|| common_dir(&self.git_dir).ok())?;
        common_dir.map(|directory| directory.join("objects"))
    }

    /// Asks git where the repository is.
    fn ask_git(environment: &Environment) -> Result<Self, Error> {
        let git = Git::new(environment);
        let output = git.describe_repository(&[
            "--show-object-format",
            "--is-bare-repository",
            "--is-inside-work-tree",
            "--show-cdup",
            "--absolute-git-dir",
        ])?;
        let answer = parse_rev_parse(&output);
        if answer.is_bare {
            return Err(Error::Bare(answer.git_dir));
        }
        let here = environment.current_dir();
        let up = answer.up.ok_or_else(|| Error::InGitDirectory(here.to_owned()))?;
        let worktree =
            fs::canonicalize(here.join(&up)).map_err(|error| Error::ReadFile(here.join(up), error))?;
        let object_format = ObjectFormat::parse(&answer.object_format)
            .ok_or(Error::UnknownObjectFormat(answer.object_format))?;
        Ok(Self {
            index: index_path(environment, &worktree, &answer.git_dir),
            worktree,
            git_dir: answer.git_dir,
            object_format,
            has_plain_objects: object_format == ObjectFormat::Sha1
                && MOVES_OBJECTS.iter().all(|name| environment.var(name).is_none()),
            environment: environment.clone(),
        })
    }
}

/// What `git rev-parse` answers to [`Layout::ask_git`].
struct RevParse {
    object_format: String,
    is_bare: bool,
    /// The path from the current directory up to the worktree. `None` if there is none.
    up: Option<PathBuf>,
    git_dir: PathBuf,
}

/// Splits the output of `git rev-parse` into its five answers.
///
/// The fourth, the path up to the worktree, is relative inside the worktree, absolute outside,
/// and missing inside the git directory.
fn parse_rev_parse(output: &[u8]) -> RevParse {
    let output = output.strip_suffix(b"\n").unwrap_or(output);
    let mut answers = output.splitn(4, |byte| *byte == b'\n');
    let mut answer = || answers.next().unwrap_or_default();
    let object_format = trimmed(answer());
    let (is_bare, is_inside, paths) = (answer() == b"true", answer() == b"true", answer());
    let separator = if is_inside { "\n" } else { "\n/" };
    let (up, git_dir) = match paths.find(separator) {
        Some(newline) => (Some(to_path(&paths[..newline])), &paths[newline + 1..]),
        None => (None, paths),
    };
    RevParse { object_format, is_bare, up, git_dir: to_path(git_dir) }
}

/// Returns the first directory at or above `directory` that contains `.git`.
///
/// Returns `None` if git may stop the search earlier: at another file system, or in a bare
/// repository.
fn worktree_around(directory: &Path) -> Option<&Path> {
    let device = |directory: &Path| fs::metadata(directory).ok().map(|metadata| metadata.dev());
    let start = device(directory)?;
    for ancestor in directory.ancestors() {
        if device(ancestor)? != start {
            return None;
        }
        if fs::symlink_metadata(ancestor.join(".git")).is_ok() {
            return Some(ancestor);
        }
        // A dangling symlink is a `HEAD`, too.
        if fs::symlink_metadata(ancestor.join("HEAD")).is_ok() {
            return None;
        }
    }
    None
}

/// Whether this user owns `path`, and it is not a symlink.
fn is_own(path: &Path) -> bool {
    let metadata = fs::symlink_metadata(path);
    metadata.is_ok_and(|metadata| metadata.uid() == geteuid().as_raw() && !metadata.is_symlink())
}

fn index_path(environment: &Environment, worktree: &Path, git_dir: &Path) -> PathBuf {
    match environment.var("GIT_INDEX_FILE") {
        Some(path) => worktree.join(path),
        None => git_dir.join("index"),
    }
}

/// Returns the git directory that a linked worktree's `.git` file names, and the common one.
fn linked_git_dir(dot_git: &Path) -> Option<(PathBuf, PathBuf)> {
    let file = read_regular_file(dot_git).ok()?;
    let git_dir = Path::new(OsStr::from_bytes(file.strip_prefix(b"gitdir: /")?.trim_end_with(|c| c == '\n')));
    let git_dir = Path::new("/").join(git_dir);
    let common_dir = common_dir(&git_dir).ok().filter(|common_dir| *common_dir != git_dir)?;
    Some((git_dir, fs::canonicalize(common_dir).ok()?))
}

/// Returns the git directory that all worktrees of this one share.
///
/// See `commondir` in gitrepository-layout(5).
pub(super) fn common_dir(git_dir: &Path) -> Result<PathBuf, Error> {
    let Some(path) = read_optional_file(git_dir.join("commondir"))? else { return Ok(git_dir.to_owned()) };
    Ok(git_dir.join(to_path(path.trim_end_with(|c| matches!(c, '\n' | '\r')))))
}

/// Whether git recognises these directories as a repository (gitrepository-layout(5)).
///
/// Git skips other directories in its search. A `HEAD` that is a symlink is left to git.
fn is_git_dir(git_dir: &Path, common_dir: &Path) -> bool {
    let can_enter = |path: PathBuf| path.is_dir() && access(path, Access::EXEC_OK).is_ok();
    ["objects", "refs"].into_iter().all(|name| can_enter(common_dir.join(name)))
        && is_head(&git_dir.join("HEAD"))
        && (git_dir == common_dir) != git_dir.join("commondir").exists()
}

/// Whether the file is a `HEAD`: it names a ref or an object.
fn is_head(file: &Path) -> bool {
    if !fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let head = fs::read(file).unwrap_or_default();
    match head.strip_prefix(b"ref:") {
        Some(name) => name.trim_ascii_start().starts_with(b"refs/"),
        None => head.get(..40).and_then(ObjectId::from_hex).is_some(),
    }
}

/// Whether a configuration file sets format 0 and neither a worktree nor an extension.
///
/// `config` is in lower case. Returns `false` if such a setting is not written as git writes it.
fn is_plain_config(config: &str) -> bool {
    let lines = || config.lines().map(str::trim_ascii);
    let is_special = |line: &str| match line {
        "repositoryformatversion = 0" | "bare = false" => false,
        _ => {
            ["repositoryformatversion", "bare", "worktree", "extensions"].iter().any(|key| line.contains(key))
        }
    };
    lines().any(|line| line == "repositoryformatversion = 0") && !lines().any(is_special)
}

#[cfg(test)]
mod tests {
    use super::is_plain_config;

    #[test]
    fn only_the_settings_of_git_init_are_plain() {
        for (config, expected) in [
            ("[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n", true),
            ("[core]\n\trepositoryformatversion = 0\n[user]\n\tname = a\n", true),
            ("[core]\r\n\trepositoryformatversion = 0\r\n", true),
            ("", false),
            ("[core]\n\tbare = false\n", false),
            ("[core]\n\trepositoryformatversion = 1\n", false),
            ("[core]\n\trepositoryformatversion = 0\n\trepositoryformatversion = 1\n", false),
            ("[core]\n\trepositoryformatversion = 0\n\tbare\n", false),
            ("[core]\n\trepositoryformatversion = 0\n\tbare = true\n", false),
            ("[core] bare = true\n\trepositoryformatversion = 0\n", false),
            ("[core]\n\trepositoryformatversion = 0\n\tworktree = ../elsewhere\n", false),
            ("[core]\n\trepositoryformatversion = 0\n[extensions]\n\tobjectformat = sha256\n", false),
        ] {
            assert_eq!(is_plain_config(config), expected, "{config}");
        }
    }
}
