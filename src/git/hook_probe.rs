//! Runs hooks for a change that exists only in a temporary directory.
//!
//! New objects go to that directory, and git does not let the hooks update refs.

use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

use bstr::{BStr, ByteSlice};
use tempfile::TempDir;

use super::command::{Git, trimmed};
use super::configured_hooks::older_than;
use super::{Error, Hook, Object, Repository};
use crate::environment::Environment;
use crate::signals::Signals;
use crate::timeout::{Finish, run_with_timeout};

/// Two temporary indexes and a commit for which hooks are run. They are removed on drop.
///
/// One index has the entries of `HEAD`, the other one and the commit also have an added file.
#[derive(Debug)]
pub(crate) struct HookProbe<'r> {
    environment: &'r Environment,
    /// The worktree and its git directory; `None` in a bare repository.
    worktree: Option<(&'r Path, &'r Path)>,
    common_dir: &'r Path,
    directory: TempDir,
    git: Git,
    /// The commit before the new one; only zeros if the branch is unborn.
    old: String,
    /// The commit that adds the file.
    new: String,
}

/// How hooks are run.
#[derive(Debug)]
pub(crate) struct HookRun<'a> {
    /// The hooks directory, from which a file is run if `git hook run` is not used.
    pub hooks_directory: &'a Path,
    /// The time limit for each hook.
    pub limit: Duration,
    /// Whether to run the file alone, as a git that ignores configured hooks does.
    pub is_file_alone: bool,
    /// The signals that end a hook.
    pub signals: &'a Signals,
}

/// The object directory, relative to the temporary directory.
const OBJECTS: &str = "objects";

/// The index with the entries of `HEAD`, relative to the temporary directory.
const CLEAN: &str = "index.clean";

/// The index that also has the added file.
const STAGED: &str = "index.staged";

/// The copy of an index that one hook uses.
const COPY: &str = "index";

/// The first version of git that has `git hook run --to-stdin`.
const GIT_HOOK_RUN: (u32, u32) = (2, 41);

/// A shell script that runs a hook as git does, for a git without `git hook run --to-stdin`.
///
/// It skips a hook that is not executable, and runs one without a `#!` line as a script.
const RUN_HOOK: &str =
    r#"hook=$1 input=$2; shift 2; [ ! -f "$hook" ] || [ ! -x "$hook" ] || exec "$hook" "$@" <"$input""#;

/// Settings that keep git from writing into the git directory and from reading the worktree.
///
/// A split index would write a shared index file, and a sparse checkout would stat the files.
const SETTINGS: [&str; 2] = ["core.splitIndex=false", "sparse.expectFilesOutsideOfPatterns=true"];

/// The branch, and the remote, that are named to hooks. Neither exists.
const NAME: &str = "stage-guard-doctor";

impl<'r> HookProbe<'r> {
    /// Creates the indexes and the commit in a worktree, with an empty file at the path `added`.
    ///
    /// Every index entry has the skip-worktree bit, so that hooks which stash unstaged changes
    /// find none.
    ///
    /// # Errors
    ///
    /// `HEAD` cannot be read, or a file cannot be written.
    pub(crate) fn in_worktree(
        repository: &'r Repository,
        common_dir: &'r Path,
        added: &BStr,
    ) -> Result<Self, Error> {
        let layout = repository.layout();
        let worktree = Some((layout.worktree(), layout.git_dir()));
        Self::create(repository.environment(), worktree, common_dir, layout.git(), added)
    }

    /// Like [`HookProbe::in_worktree`], for the hooks of pushes into a bare repository.
    ///
    /// # Errors
    ///
    /// As [`HookProbe::in_worktree`].
    pub(crate) fn in_bare(
        environment: &'r Environment,
        common_dir: &'r Path,
        added: &BStr,
    ) -> Result<Self, Error> {
        let git = Git::new(environment).at_git_dir(common_dir);
        Self::create(environment, None, common_dir, git, added)
    }

    fn create(
        environment: &'r Environment,
        worktree: Option<(&'r Path, &'r Path)>,
        common_dir: &'r Path,
        git: Git,
        added: &BStr,
    ) -> Result<Self, Error> {
        let directory = private_directory().map_err(Error::HookProbe)?;
        let (old, new) = Default::default();
        // Without a worktree git changes no index.
        let git = if worktree.is_some() { git } else { git.with_var("GIT_WORK_TREE", directory.path()) };
        let mut probe = Self { environment, worktree, common_dir, directory, git, old, new };
        let current_dir = worktree.map_or(common_dir, |(worktree, _)| worktree);
        let objects = current_dir.join(probe.git.rev_parse_path(&["--git-path", "objects"])?);
        probe.add_alternate(&objects).map_err(Error::HookProbe)?;
        let is_unborn = probe.git.is_head_unborn()?;
        probe.write_indexes(if is_unborn { "--empty" } else { "HEAD" }, added)?;
        let head = if is_unborn { None } else { Some(trimmed(&probe.git.run(&["rev-parse", "HEAD"])?)) };
        probe.new = probe.write_commit(head.as_deref())?;
        probe.old = head.unwrap_or_else(|| "0".repeat(probe.new.len()));
        Ok(probe)
    }

    /// Writes an index with the entries of `tree`, and one that also has an empty file `added`.
    fn write_indexes(&self, tree: &str, added: &BStr) -> Result<(), Error> {
        self.git_with(CLEAN, &["read-tree", tree], &[])?;
        let paths = self.git_with(CLEAN, &["ls-files", "-z"], &[])?;
        self.git_with(CLEAN, &["update-index", "-z", "--skip-worktree", "--stdin"], &paths)?;
        let [clean, staged] = [CLEAN, STAGED].map(|name| self.directory.path().join(name));
        fs::copy(clean, staged).map_err(Error::HookProbe)?;
        let blob = trimmed(&self.git_with(STAGED, &["hash-object", "-w", "--stdin"], &[])?);
        let meta = format!("{:o} {blob}\t", Object::FILE);
        let entry = bstr::concat([meta.as_bytes(), added, b"\0"]);
        self.git_with(STAGED, &["update-index", "-z", "--index-info"], &entry)?;
        let added = bstr::concat([added.as_bytes(), b"\0"]);
        self.git_with(STAGED, &["update-index", "-z", "--skip-worktree", "--stdin"], &added).map(drop)
    }

    /// Runs `hook` as git would for a commit, a push or a ref update that adds the file.
    ///
    /// A missing hook passes.
    ///
    /// # Errors
    ///
    /// The hook cannot be started, or a signal arrived.
    pub(crate) fn run(&self, hook: Hook, run: &HookRun) -> Result<Finish, Error> {
        // A hook of refs must refuse the commit: an index without changes is no reason.
        self.run_with_index(hook, if hook.reads_stdin() { CLEAN } else { STAGED }, run)
    }

    /// Runs `hook` as git would for a commit without changes.
    ///
    /// # Errors
    ///
    /// As [`HookProbe::run`].
    pub(crate) fn run_clean(&self, hook: Hook, run: &HookRun) -> Result<Finish, Error> {
        self.run_with_index(hook, CLEAN, run)
    }

    fn run_with_index(&self, hook: Hook, index: &str, run: &HookRun) -> Result<Finish, Error> {
        // A hook may add files to its index, which the next hook would write to the worktree.
        let [from, to] = [index, COPY].map(|name| self.directory.path().join(name));
        fs::copy(from, to).map_err(Error::HookProbe)?;
        let input = self.directory.path().join("input");
        fs::write(&input, self.input(hook)).map_err(Error::HookProbe)?;
        let mut command = if run.is_file_alone || older_than(&self.git, GIT_HOOK_RUN)?.is_some() {
            let mut shell = self.command("sh", hook);
            shell.args(["-c", RUN_HOOK, "sh"]).arg(run.hooks_directory.join(hook.name())).arg(&input);
            shell
        } else {
            let mut git = self.command("git", hook);
            git.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
            git.args(["hook", "run", "--ignore-missing"]);
            if hook.reads_stdin() {
                git.arg("--to-stdin").arg(&input);
            }
            git.args([hook.name(), "--"]);
            git
        };
        command.args(self.arguments(hook)?).envs(self.variables(COPY));
        run_with_timeout(command, run.limit, run.signals).map_err(|error| Error::RunHook(hook, error))
    }

    /// Returns a command in the directory and the environment in which git runs the hook.
    fn command(&self, program: &str, hook: Hook) -> Command {
        let (worktree, git_dir) = match self.worktree {
            Some(worktree) if hook != Hook::PreReceive => worktree,
            _ => {
                let environment = self.environment.outside_repository(self.common_dir.to_owned());
                let mut command = environment.command(program);
                command.env("GIT_DIR", ".");
                return command;
            }
        };
        let mut command = self.environment.command(program);
        command.current_dir(worktree);
        // A relative path in the environment would be wrong in the worktree's root.
        if ["GIT_DIR", "GIT_WORK_TREE"].into_iter().any(|name| self.environment.var(name).is_some()) {
            command.env("GIT_DIR", git_dir).env("GIT_WORK_TREE", worktree);
        }
        command
    }

    /// Returns the arguments that git passes to the hook.
    fn arguments(&self, hook: Hook) -> Result<Vec<PathBuf>, Error> {
        Ok(match hook {
            Hook::PreCommit | Hook::PreMergeCommit | Hook::PreApplypatch | Hook::PreReceive => Vec::new(),
            Hook::PrepareCommitMsg => {
                let message = self.directory.path().join("message");
                fs::write(&message, NAME).map_err(Error::HookProbe)?;
                vec![message, "message".into()]
            }
            Hook::PrePush => vec![NAME.into(), NAME.into()],
            Hook::ReferenceTransaction => vec!["prepared".into()],
        })
    }

    /// Returns the standard input that git passes to the hook.
    fn input(&self, hook: Hook) -> String {
        let (old, new) = (&self.old, &self.new);
        let branch = format!("refs/heads/{NAME}");
        match hook {
            Hook::PrePush => format!("{branch} {new} {branch} {old}\n"),
            Hook::ReferenceTransaction | Hook::PreReceive => format!("{old} {new} {branch}\n"),
            Hook::PreCommit | Hook::PreMergeCommit | Hook::PrepareCommitMsg | Hook::PreApplypatch => {
                String::new()
            }
        }
    }

    /// Returns the variables that make git use an index, and the temporary objects.
    ///
    /// `GIT_QUARANTINE_PATH` makes git refuse to update refs, as during a push.
    fn variables(&self, index: &str) -> [(&str, PathBuf); 3] {
        let directory = self.directory.path();
        let objects = directory.join(OBJECTS);
        [
            ("GIT_INDEX_FILE", directory.join(index)),
            ("GIT_QUARANTINE_PATH", objects.clone()),
            ("GIT_OBJECT_DIRECTORY", objects),
        ]
    }

    /// Writes a commit of the staged index. No setting and no hook has a part in it.
    fn write_commit(&self, parent: Option<&str>) -> Result<String, Error> {
        let tree = trimmed(&self.git_with(STAGED, &["write-tree", "--missing-ok"], &[])?);
        let parent = parent.map(|parent| format!("parent {parent}\n")).unwrap_or_default();
        let person = format!("{NAME} <{NAME}> 0 +0000");
        let commit = format!("tree {tree}\n{parent}author {person}\ncommitter {person}\n\n{NAME}\n");
        let write = ["hash-object", "-t", "commit", "-w", "--stdin"];
        Ok(trimmed(&self.git_with(STAGED, &write, commit.as_bytes())?))
    }

    /// Makes the objects of the directory `objects` readable from here.
    fn add_alternate(&self, objects: &Path) -> io::Result<()> {
        let info = self.directory.path().join(OBJECTS).join("info");
        fs::create_dir_all(&info)?;
        let mut line = objects.as_os_str().as_bytes().to_owned();
        if line.contains(&b'\n') {
            // git unquotes it as a string in C.
            let quoted = line.replace(r"\", r"\\").replace("\"", "\\\"").replace("\n", r"\n");
            line = bstr::concat([b"\"", quoted.as_slice(), b"\""]);
        }
        line.push(b'\n');
        fs::write(info.join("alternates"), line)
    }

    fn git_with(&self, index: &str, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        let variables = self.variables(index).into_iter();
        let git = variables.fold(self.git.clone(), |git, (name, value)| git.with_var(name, value));
        git.with_settings(&SETTINGS).run_with_input(arguments, input)
    }
}

/// Creates a temporary directory that only this user can read. It is removed on drop.
fn private_directory() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("stage-guard.").permissions(Permissions::from_mode(0o700)).tempdir()
}
