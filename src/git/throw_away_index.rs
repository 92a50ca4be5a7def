//! An index that nobody commits, to see what the hooks say of it. What they do to the
//! index or write as objects is thrown away, and git lets them update no ref.

use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs, io};

use bstr::BStr;
use tempfile::TempDir;

use super::command_line::{path, run_with, text};
use super::configured_hooks::older_than;
use super::{Error, Object, Place, Repository};
use crate::signals::Signals;
use crate::timeout::{Finish, run_with_timeout};

/// An index beside the repository's own. Dropped, it is gone.
#[derive(Debug)]
pub struct ThrowAwayIndex<'r> {
    repository: &'r Repository,
    directory: TempDir,
}

/// Where new objects go, below the directory.
const OBJECTS: &str = "objects";

/// The oldest version of git that runs a hook when it is asked to.
const RUNS_HOOKS: (u32, u32) = (2, 36);

/// What an older one does with a hook: it passes over one that is not executable, and
/// takes one without a `#!` for a script.
const RUN_HOOK: &str = r#"[ ! -f "$0" ] || [ ! -x "$0" ] || exec "$0""#;

/// A split index would write into the git directory, and in a sparse checkout git would
/// look after all whether the files are there.
const SETTINGS: [&str; 4] = ["-c", "core.splitIndex=false", "-c", "sparse.expectFilesOutsideOfPatterns=true"];

impl Repository {
    /// An index with all that `HEAD` has, and with empty files at the paths `added`.
    /// Nothing on the disk is compared with it, so that hooks which put away what is not
    /// staged find nothing to put away.
    ///
    /// # Errors
    ///
    /// `HEAD` cannot be read, or the disk refuses.
    pub fn throw_away_index(&self, added: &[&BStr]) -> Result<ThrowAwayIndex<'_>, Error> {
        let directory = private_directory().map_err(Error::ThrowAwayIndex)?;
        let index = ThrowAwayIndex { repository: self, directory };
        let objects = run_with(self.git(), &["rev-parse", "--git-path", "objects"], &[])?;
        let objects = self.top().join(path(objects.strip_suffix(b"\n").unwrap_or(&objects)));
        index.borrow_objects(&objects).map_err(Error::ThrowAwayIndex)?;
        let tree = if self.is_head_unborn()? { "--empty" } else { "HEAD" };
        index.run(&["read-tree", tree], &[])?;
        if !added.is_empty() {
            let blob = text(&index.run(&["hash-object", "-w", "--stdin"], &[])?);
            let meta = format!("{:o} {blob}\t", Object::FILE);
            let lines = added.iter().map(|path| bstr::concat([meta.as_bytes(), path, b"\0"]));
            index.run(&["update-index", "-z", "--index-info"], &bstr::concat(lines))?;
        }
        let paths = index.run(&["ls-files", "-z"], &[])?;
        index.run(&["update-index", "-z", "--skip-worktree", "--stdin"], &paths)?;
        Ok(index)
    }
}

impl ThrowAwayIndex<'_> {
    /// Has git run the hook `name` for this index, as for a commit; an old git has it in
    /// `hooks`. It is killed after `limit`. A hook that is not there passes.
    ///
    /// # Errors
    ///
    /// git cannot be run, or a signal came.
    pub fn run_hook(
        &self,
        name: &str,
        hooks: &Path,
        limit: Duration,
        signals: &Signals,
    ) -> Result<Finish, Error> {
        let mut hook = if older_than(RUNS_HOOKS)?.is_some() {
            let mut shell = Command::new("sh");
            shell.args(["-c", RUN_HOOK]).arg(hooks.join(name));
            shell
        } else {
            let mut git = Command::new("git");
            git.args(SETTINGS).args(["hook", "run", "--ignore-missing", name]);
            git
        };
        let Place { top, git_dir } = &self.repository.place;
        hook.current_dir(top).envs(self.environment());
        // A relative one would count from the top now.
        if ["GIT_DIR", "GIT_WORK_TREE"].into_iter().any(|name| env::var_os(name).is_some()) {
            hook.env("GIT_DIR", git_dir).env("GIT_WORK_TREE", top);
        }
        run_with_timeout(hook, limit, signals).map_err(|error| Error::RunHook(name.to_owned(), error))
    }

    /// What git reads and writes here. In quarantine it refuses to update refs, as while
    /// a push is judged.
    fn environment(&self) -> [(&str, PathBuf); 3] {
        let place = self.directory.path();
        let objects = place.join(OBJECTS);
        [
            ("GIT_INDEX_FILE", place.join("index")),
            ("GIT_QUARANTINE_PATH", objects.clone()),
            ("GIT_OBJECT_DIRECTORY", objects),
        ]
    }

    /// Has git find the objects of the directory `lender` here too.
    fn borrow_objects(&self, lender: &Path) -> io::Result<()> {
        let info = self.directory.path().join(OBJECTS).join("info");
        fs::create_dir_all(&info)?;
        fs::write(info.join("alternates"), [lender.as_os_str().as_bytes(), b"\n"].concat())
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        let mut git = self.repository.git();
        git.args(SETTINGS).envs(self.environment());
        run_with(git, arguments, input)
    }
}

/// Creates a temporary directory that only this user can read. It is removed when dropped.
fn private_directory() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("stage-guard.").permissions(Permissions::from_mode(0o700)).tempdir()
}
