//! A temporary index for which hooks are run to see whether they refuse it.
//!
//! New objects go to a temporary directory, and git does not let the hooks update refs.

use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use bstr::BStr;
use tempfile::TempDir;

use super::command::trimmed;
use super::configured_hooks::older_than;
use super::{Error, Hook, Object, Repository};
use crate::signals::Signals;
use crate::timeout::{Finish, run_with_timeout};

/// A temporary index, removed on drop.
#[derive(Debug)]
pub(crate) struct ScratchIndex<'r> {
    repository: &'r Repository,
    directory: TempDir,
}

/// The object directory, relative to the temporary directory.
const OBJECTS: &str = "objects";

/// The first version of git that has `git hook run`.
const GIT_HOOK_RUN: (u32, u32) = (2, 36);

/// A shell script that runs a hook as git does, for a git without `git hook run`.
///
/// It skips a hook that is not executable, and runs one without a `#!` line as a script.
const RUN_HOOK: &str = r#"[ ! -f "$0" ] || [ ! -x "$0" ] || exec "$0""#;

/// Settings that keep git from writing into the git directory and from reading the worktree.
///
/// A split index would write a shared index file, and a sparse checkout would stat the files.
const SETTINGS: [&str; 2] = ["core.splitIndex=false", "sparse.expectFilesOutsideOfPatterns=true"];

impl<'r> ScratchIndex<'r> {
    /// Creates an index with the entries of `HEAD` and empty files at the paths `added`.
    ///
    /// Every entry has the skip-worktree bit, so that hooks which stash unstaged changes
    /// find none.
    ///
    /// # Errors
    ///
    /// `HEAD` cannot be read, or a file cannot be written.
    pub(crate) fn new(repository: &'r Repository, added: &[&BStr]) -> Result<Self, Error> {
        let layout = repository.layout();
        let directory = private_directory().map_err(Error::ScratchIndex)?;
        let index = Self { repository, directory };
        let objects = layout.git().rev_parse_path(&["--git-path", "objects"])?;
        let objects = layout.worktree().join(objects);
        index.add_alternate(&objects).map_err(Error::ScratchIndex)?;
        let tree = if repository.is_head_unborn()? { "--empty" } else { "HEAD" };
        index.run(&["read-tree", tree], &[])?;
        if !added.is_empty() {
            let blob = trimmed(&index.run(&["hash-object", "-w", "--stdin"], &[])?);
            let meta = format!("{:o} {blob}\t", Object::FILE);
            let lines = added.iter().map(|path| bstr::concat([meta.as_bytes(), path, b"\0"]));
            index.run(&["update-index", "-z", "--index-info"], &bstr::concat(lines))?;
        }
        let paths = index.run(&["ls-files", "-z"], &[])?;
        index.run(&["update-index", "-z", "--skip-worktree", "--stdin"], &paths)?;
        Ok(index)
    }

    /// Runs `hook` for this index as `git commit` would, for at most `limit`.
    ///
    /// A missing hook passes. `hooks` is the hooks directory, which is needed if git is too old
    /// for `git hook run`.
    ///
    /// # Errors
    ///
    /// The hook cannot be started, or a signal arrived.
    pub(crate) fn run_hook(
        &self,
        hook: Hook,
        hooks: &Path,
        limit: Duration,
        signals: &Signals,
    ) -> Result<Finish, Error> {
        let layout = self.repository.layout();
        let environment = self.repository.environment();
        let mut command = if older_than(&layout.git(), GIT_HOOK_RUN)?.is_some() {
            let mut shell = environment.command("sh");
            shell.args(["-c", RUN_HOOK]).arg(hooks.join(hook.name()));
            shell
        } else {
            let mut git = environment.command("git");
            git.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
            git.args(["hook", "run", "--ignore-missing", hook.name()]);
            git
        };
        command.current_dir(layout.worktree()).envs(self.variables());
        // A relative path in the environment would be wrong in the worktree's root.
        if ["GIT_DIR", "GIT_WORK_TREE"].into_iter().any(|name| environment.var(name).is_some()) {
            command.env("GIT_DIR", layout.git_dir()).env("GIT_WORK_TREE", layout.worktree());
        }
        run_with_timeout(command, limit, signals).map_err(|error| Error::RunHook(hook, error))
    }

    /// Returns the variables that make git use this index.
    ///
    /// `GIT_QUARANTINE_PATH` makes git refuse to update refs, as during a push.
    fn variables(&self) -> [(&str, PathBuf); 3] {
        let directory = self.directory.path();
        let objects = directory.join(OBJECTS);
        [
            ("GIT_INDEX_FILE", directory.join("index")),
            ("GIT_QUARANTINE_PATH", objects.clone()),
            ("GIT_OBJECT_DIRECTORY", objects),
        ]
    }

    /// Makes the objects of the directory `objects` readable from this index.
    fn add_alternate(&self, objects: &Path) -> io::Result<()> {
        let info = self.directory.path().join(OBJECTS).join("info");
        fs::create_dir_all(&info)?;
        fs::write(info.join("alternates"), [objects.as_os_str().as_bytes(), b"\n"].concat())
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        let git = self
            .variables()
            .into_iter()
            .fold(self.repository.layout().git(), |git, (name, value)| git.with_var(name, value));
        git.with_settings(&SETTINGS).run_with_input(arguments, input)
    }
}

/// Creates a temporary directory that only this user can read. It is removed on drop.
fn private_directory() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("stage-guard.").permissions(Permissions::from_mode(0o700)).tempdir()
}
