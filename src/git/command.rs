//! Runs `git`.
//!
//! Only plumbing commands, whose output no setting of the user changes: `git diff` and
//! `git status` respect `diff.relative`, `diff.ignoreSubmodules` and more.

use std::ffi::{OsStr, OsString};
use std::io::{BufReader, Write};
use std::os::unix::ffi::OsStringExt;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, thread};

use bstr::io::BufReadExt;
use bstr::{BStr, BString, ByteSlice};

use super::{Cause, Error, ObjectId};
use crate::environment::Environment;
use crate::signals;

/// A `git` with its directory, environment and settings.
///
/// It does not fetch objects that a partial clone lacks, take optional locks, run a file system
/// monitor, replace objects (git-replace(1)), or write traces into its output. A subcommand that
/// converts files runs their filters.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    /// The path of the program. With a path, std starts it without copying this process.
    program: PathBuf,
    current_dir: PathBuf,
    variables: Vec<(OsString, OsString)>,
    /// Settings in the form `NAME=VALUE`.
    settings: Vec<&'static str>,
}

impl Git {
    pub(crate) fn new(environment: &Environment) -> Self {
        let is_passed_on = |name: &OsStr| {
            let name = name.as_encoded_bytes();
            let is_about_pathspecs = name.starts_with(b"GIT_") && name.ends_with(b"_PATHSPECS");
            !is_about_pathspecs && !name.starts_with(b"GIT_TRACE") && name != b"GIT_SHALLOW_FILE"
        };
        let own = [
            ("GIT_NO_LAZY_FETCH", "1"),
            // git before 2.45 ignores the variable above: it may start a fetch, but finds no
            // transport that is allowed.
            ("GIT_ALLOW_PROTOCOL", ""),
            ("GIT_OPTIONAL_LOCKS", "0"),
            // Without a flush after each record, long output is faster.
            ("GIT_FLUSH", "0"),
            // Graft files hide commits: see `info/grafts` in gitrepository-layout(5). git warns
            // about a graft file unless it is missing.
            ("GIT_GRAFT_FILE", "/dev/null/missing"),
            ("LC_ALL", "C"),
        ];
        let inherited = environment.vars().filter(|(name, _)| is_passed_on(name));
        let variables = inherited.chain(own.map(|(name, value)| (OsStr::new(name), OsStr::new(value))));
        let directories = env::split_paths(environment.var("PATH").unwrap_or_default());
        let program = directories.map(|directory| environment.absolute(directory.join("git")));
        Self {
            program: program.into_iter().find(|path| path.is_file()).unwrap_or_else(|| "git".into()),
            current_dir: environment.current_dir().to_owned(),
            variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            settings: vec!["core.fsmonitor=false"],
        }
    }

    /// Returns a git that runs in this worktree and ignores `GIT_DIR` in the environment.
    pub(crate) fn at(&self, worktree: &Path, git_dir: &Path) -> Self {
        let git = Self { current_dir: worktree.to_owned(), ..self.clone() };
        git.with_var("GIT_DIR", git_dir).with_var("GIT_WORK_TREE", worktree)
    }

    /// Returns a git that runs in this git directory, without a worktree.
    pub(super) fn at_git_dir(&self, git_dir: &Path) -> Self {
        let git = Self { current_dir: git_dir.to_owned(), ..self.clone() };
        git.without_var("GIT_WORK_TREE").without_var("GIT_COMMON_DIR").with_var("GIT_DIR", git_dir)
    }

    /// Returns the same git with a variable set.
    pub(crate) fn with_var(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Returns the same git with further settings, each `NAME=VALUE`.
    pub(super) fn with_settings(mut self, settings: &[&'static str]) -> Self {
        self.settings.extend(settings);
        self
    }

    /// Returns the same git without a variable.
    pub(super) fn without_var(mut self, name: &str) -> Self {
        self.variables.retain(|(variable, _)| variable != name);
        self
    }

    /// Returns a command to which a subcommand is added. Its standard input is empty.
    pub(crate) fn command(&self) -> Command {
        let mut git = Command::new(&self.program);
        git.args(["--no-pager", "--no-replace-objects"])
            .args(self.settings.iter().flat_map(|setting| ["-c", setting]))
            .current_dir(&self.current_dir)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        git
    }

    /// Runs a subcommand and returns its standard output.
    ///
    /// # Errors
    ///
    /// git cannot be started, or fails.
    pub(crate) fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Result<Vec<u8>, Error> {
        self.run_with_input(arguments, &[])
    }

    /// Runs a subcommand that reads `input`, and returns its standard output.
    ///
    /// # Errors
    ///
    /// git cannot be started, or fails.
    pub(crate) fn run_with_input(
        &self,
        arguments: &[impl AsRef<OsStr>],
        input: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let output = self.output(arguments, input)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failure(arguments, &output)) }
    }

    /// Runs a subcommand that reads `input`, and returns its output and exit status.
    ///
    /// # Errors
    ///
    /// git cannot be started.
    pub(crate) fn output(&self, arguments: &[impl AsRef<OsStr>], input: &[u8]) -> Result<Output, Error> {
        output_of(self.command(), arguments, input)
    }

    /// Runs `git rev-parse` with options that describe the repository.
    ///
    /// # Errors
    ///
    /// git finds no repository, cannot be started, or fails.
    pub(super) fn describe_repository(&self, options: &[&str]) -> Result<Vec<u8>, Error> {
        self.run(&[&["rev-parse"], options].concat()).map_err(|error| match error {
            Error::Git { source, .. } if source.is_not_a_repository() => {
                match self.variables.iter().find(|(name, _)| name == "GIT_DIR") {
                    Some((_, git_dir)) => Error::NotAGitDirectory(git_dir.into()),
                    None => Error::NotARepository(self.current_dir.clone()),
                }
            }
            error => error,
        })
    }

    /// Runs `git rev-parse` and returns the path that it prints.
    ///
    /// # Errors
    ///
    /// git cannot be started, or fails.
    pub(super) fn rev_parse_path(&self, arguments: &[&str]) -> Result<PathBuf, Error> {
        let output = self.run(&[&["rev-parse"], arguments].concat())?;
        Ok(to_path(output.strip_suffix(b"\n").unwrap_or(&output)))
    }

    /// Runs a subcommand and returns its line of output; `None` if it fails.
    ///
    /// # Errors
    ///
    /// git cannot be started.
    pub(crate) fn query(&self, arguments: &[impl AsRef<OsStr>]) -> Result<Option<String>, Error> {
        let output = self.output(arguments, &[])?;
        Ok(output.status.success().then(|| trimmed(&output.stdout)))
    }

    /// Calls `visit` with the path of every index entry, at any stage, in git's order.
    pub(super) fn for_each_indexed_path(&self, visit: impl FnMut(&BStr)) -> Result<(), Error> {
        self.for_each_record(&["ls-files", "-z", "--full-name", "--", ":/"], visit)
    }

    /// As [`Git::for_each_indexed_path`], without the intent-to-add entries.
    pub(super) fn for_each_staged_path(
        &self,
        empty_tree: &str,
        visit: impl FnMut(&BStr),
    ) -> Result<(), Error> {
        let arguments = [&DIFF_INDEX[..], &["--name-only", "--no-renames", empty_tree, "--"]].concat();
        self.clone().with_settings(&[EXPAND_INDEX]).for_each_record(&arguments, visit)
    }

    /// Calls `visit` with the path and the id of every regular file of the index.
    pub(super) fn for_each_staged_file(&self, mut visit: impl FnMut(&BStr, ObjectId)) -> Result<(), Error> {
        self.for_each_record(&["ls-files", "-z", "--stage", "--full-name", "--", ":/"], |record| {
            if let Some((path, id)) = staged_file(record) {
                visit(path, id);
            }
        })
    }

    /// Calls `visit` with the path and the id of every regular file that is kept off the disk.
    pub(super) fn for_each_off_disk_file(&self, mut visit: impl FnMut(&BStr, ObjectId)) -> Result<(), Error> {
        self.for_each_record(&["ls-files", "-z", "-t", "--stage", "--full-name", "--", ":/"], |record| {
            if let Some((path, id)) = record.strip_prefix(b"S ").and_then(staged_file) {
                visit(path, id);
            }
        })
    }

    /// Calls `visit` with the path and the id of every regular file of a commit.
    pub(super) fn for_each_file_of(
        &self,
        commit: ObjectId,
        mut visit: impl FnMut(&BStr, ObjectId),
    ) -> Result<(), Error> {
        let commit = commit.to_string();
        self.for_each_record(&["ls-tree", "-z", "-r", "--full-tree", &commit], |record| {
            // MODE SP TYPE SP ID TAB PATH
            if let Some((fields, path)) = record.split_once_str("\t")
                && fields.starts_with(REGULAR_FILE)
                && let Some(id) = fields.rsplit_str(" ").next().and_then(ObjectId::from_hex)
            {
                visit(path.as_bstr(), id);
            }
        })
    }

    /// Calls `visit` with each NUL-terminated record that a subcommand prints.
    fn for_each_record(&self, arguments: &[&str], mut visit: impl FnMut(&BStr)) -> Result<(), Error> {
        let mut git = self.command();
        git.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut git, _registration) = signals::spawn(&mut git).map_err(Error::RunGit)?;
        let Some(stdout) = git.stdout.take() else { unreachable!("it is piped") };
        let (read, output) = thread::scope(|scope| {
            // Reads standard error meanwhile: a full pipe would block git.
            let output = scope.spawn(|| git.wait_with_output());
            let read = BufReader::with_capacity(1 << 16, stdout).for_byte_record(0, |record| {
                visit(record.into());
                Ok(true)
            });
            (read, output.join().unwrap_or_else(|panic| resume_unwind(panic)))
        });
        read.map_err(Error::RunGit)?;
        let output = output.map_err(Error::RunGit)?;
        if output.status.success() { Ok(()) } else { Err(failure(arguments, &output)) }
    }

    /// Whether the branch that `HEAD` names has no commit yet.
    ///
    /// git treats a branch with a damaged ref as unborn, too, but prints a warning when it
    /// lists the branches.
    pub(super) fn is_head_unborn(&self) -> Result<bool, Error> {
        let Some(branch) = self.query(&["symbolic-ref", "-q", "HEAD"])? else { return Ok(false) };
        let list = ["for-each-ref", "--format=%(refname)", &branch];
        let output = self.output(&list, &[])?;
        let is_listed = output.stdout.lines().any(|name| name == branch.as_bytes());
        Ok(output.status.success() && output.stderr.is_empty() && !is_listed)
    }

    /// Runs `git diff-index --cached --raw -z` against `parent`, with further options.
    pub(super) fn diff_index(&self, options: &[&str], parent: &str) -> Result<Vec<u8>, Error> {
        const RAW: [&str; 3] = ["--raw", "--no-abbrev", "--no-rename-empty"];
        let git = self.clone().with_settings(&[EXPAND_INDEX]);
        git.run(&[&DIFF_INDEX[..], &RAW, options, &[parent, "--"]].concat()).map_err(|error| match error {
            Error::Git { source, .. } => Error::ReadCommit(parent.to_owned(), source),
            error => error,
        })
    }

    /// Returns the contents of the index entry `name`, if its file is not on the disk.
    ///
    /// A sparse checkout keeps such files off the disk. `name` is at the top of the worktree.
    pub(super) fn off_disk_file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let listed = self.run(&["ls-files", "-z", "-t", "--full-name", "--", &format!(":/{name}")])?;
        if !nul_fields(&listed).any(|field| field.starts_with(b"S ")) {
            return Ok(None);
        }
        match self.run(&["cat-file", "blob", &format!(":{name}")]) {
            Ok(contents) => Ok(Some(contents)),
            Err(Error::Git { source, .. }) => Err(Error::ReadStagedFile(name.to_owned(), source)),
            Err(error) => Err(error),
        }
    }
}

/// Parses `MODE SP ID SP STAGE TAB PATH`; `None` unless it is a regular file that is merged.
fn staged_file(record: &[u8]) -> Option<(&BStr, ObjectId)> {
    let (fields, path) = record.split_once_str("\t")?;
    let id = fields.starts_with(REGULAR_FILE).then(|| fields.strip_suffix(b" 0")?.get(7..)).flatten()?;
    Some((path.as_bstr(), ObjectId::from_hex(id)?))
}

/// The start of the mode of a regular file, executable or not.
const REGULAR_FILE: &[u8] = b"100";

/// The setting with which git reads a sparse index as a full one.
///
/// With a directory in the index, `git diff-index` stops at an assertion if a commit has a file
/// in its place, and lists the directory instead of its files.
pub(super) const EXPAND_INDEX: &str = "index.sparse=false";

/// `git diff-index` with the options that every use of it needs.
const DIFF_INDEX: [&str; 6] =
    ["diff-index", "--cached", "-z", "--no-relative", "--ignore-submodules=none", "--ita-invisible-in-index"];

/// Runs a command that reads `input`, and returns its output and exit status.
fn output_of(mut git: Command, arguments: &[impl AsRef<OsStr>], input: &[u8]) -> Result<Output, Error> {
    git.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    if !input.is_empty() {
        git.stdin(Stdio::piped());
    }
    let (mut git, _registration) = signals::spawn(&mut git).map_err(Error::RunGit)?;
    let stdin = git.stdin.take();
    let output = thread::scope(|scope| {
        if let Some(mut stdin) = stdin {
            // If git stops reading, its exit status and message say why.
            scope.spawn(move || stdin.write_all(input));
        }
        git.wait_with_output()
    });
    output.map_err(Error::RunGit)
}

/// Returns the error for a git that failed, with the message that it printed.
pub(super) fn failure(arguments: &[impl AsRef<OsStr>], output: &Output) -> Error {
    let stderr = output.stderr.trim_ascii().to_str_lossy().into_owned();
    let command = arguments.first().map(|name| name.as_ref().to_string_lossy().into_owned());
    let cause = if stderr.is_empty() { output.status.to_string() } else { stderr };
    Error::Git { command: command.unwrap_or_default(), source: Cause::new(cause) }
}

/// Splits NUL-terminated fields.
pub(super) fn nul_fields(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.split_str("\0").filter(|field| !field.is_empty())
}

/// Joins paths, each with a NUL after it.
pub(super) fn nul_terminated<'p>(paths: impl IntoIterator<Item = &'p BString>) -> Vec<u8> {
    bstr::concat(paths.into_iter().map(|path| bstr::concat([path.as_slice(), b"\0"])))
}

/// Returns one line of output without its line end.
pub(super) fn trimmed(output: &[u8]) -> String {
    output.trim_end_with(|c| c == '\n').to_str_lossy().into_owned()
}

/// Converts output to a path.
pub(super) fn to_path(output: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(output.to_vec()))
}
