//! The reader that asks `git` itself, for repositories that libgit2 cannot read.
//!
//! Plumbing only, in the form that no setting of the user changes: `git diff` and
//! `git status` heed `diff.relative`, `diff.ignoreSubmodules` and more.

use std::ffi::{OsStr, OsString};
use std::io::{BufReader, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::{env, fs, thread};

use bstr::io::BufReadExt;
use bstr::{BStr, ByteSlice};

use super::{Cause, Error, Layout, Nominated, Nominates};
use crate::{Change, Entry};

#[derive(Debug)]
pub(super) struct Reader {
    /// The tree of a commit without files, as an id of the repository's format.
    pub(super) empty_tree: &'static str,
}

/// The id of no bytes at all, as a tree: `git hash-object -t tree /dev/null`.
pub(super) const EMPTY_TREE_SHA1: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const EMPTY_TREE_SHA256: &str = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";

impl Reader {
    pub(super) fn open() -> Result<(Self, Layout), Error> {
        let (layout, format) = layout()?;
        let empty_tree = match format.as_str() {
            "sha1" => EMPTY_TREE_SHA1,
            "sha256" => EMPTY_TREE_SHA256,
            _ => return Err(Error::UnknownObjectFormat(format)),
        };
        Ok((Self { empty_tree }, layout))
    }

    pub(super) fn staged(&self, merged: &[String], nominates: Nominates) -> Result<Nominated, Error> {
        let first = match differences("HEAD") {
            Err(_) if is_head_unborn()? => differences(self.empty_tree),
            differences => differences,
        };
        let mut entries = first?;
        let checked = entries.len();
        entries.retain(|entry| nominates(entry.path.as_bstr()));
        for parent in merged {
            let differences = differences(parent)?;
            entries =
                entries.into_iter().filter_map(|entry| against_another_parent(entry, &differences)).collect();
        }
        Ok(Nominated { entries, checked })
    }
}

/// Gives `each` the path of every entry, at any stage, while git still reads.
pub(super) fn each_path(mut each: impl FnMut(&BStr)) -> Result<(), Error> {
    let arguments = ["ls-files", "-z", "--full-name", "--", ":/"];
    let mut git = git();
    git.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut git = git.spawn().map_err(Error::RunGit)?;
    if let Some(stdout) = git.stdout.take() {
        let read = BufReader::with_capacity(1 << 16, stdout).for_byte_record(0, |path| {
            each(path.into());
            Ok(true)
        });
        read.map_err(Error::RunGit)?;
    }
    let output = git.wait_with_output().map_err(Error::RunGit)?;
    if output.status.success() { Ok(()) } else { Err(failure(&arguments, &output)) }
}

pub(super) fn has_commit(id: &str) -> Result<bool, Error> {
    let output = git().args(["cat-file", "-e", &format!("{id}^{{commit}}")]).output();
    Ok(output.map_err(Error::RunGit)?.status.success())
}

/// git itself takes a branch whose file is broken for an unborn one, but it
/// warns of it when it lists the branches.
pub(super) fn is_head_unborn() -> Result<bool, Error> {
    let symbolic = git().args(["symbolic-ref", "-q", "HEAD"]).output().map_err(Error::RunGit)?;
    if !symbolic.status.success() {
        return Ok(false);
    }
    let branch = text(&symbolic.stdout);
    let found =
        git().args(["for-each-ref", "--format=%(refname)", &branch]).output().map_err(Error::RunGit)?;
    let is_listed = found.stdout.lines().any(|name| name == branch.as_bytes());
    Ok(found.status.success() && found.stderr.is_empty() && !is_listed)
}

pub(super) fn blob(id: &str) -> Result<Vec<u8>, Cause> {
    run(&["cat-file", "blob", id]).map_err(|error| match error {
        Error::Git { source, .. } => source,
        error => Cause(error.to_string()),
    })
}

/// Asks `list` where the file stands; its contents are the same from everywhere.
pub(super) fn file_off_disk(list: Command, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let arguments = ["ls-files", "-z", "-t", "--full-name", "--", &format!(":/{name}")];
    let listed = run_with(list, &arguments, &[])?;
    if !fields(&listed).any(|field| field.starts_with(b"S ")) {
        return Ok(None);
    }
    match run(&["cat-file", "blob", &format!(":{name}")]) {
        Ok(contents) => Ok(Some(contents)),
        Err(Error::Git { source, .. }) => Err(Error::ReadStagedFile(name.to_owned(), source)),
        Err(error) => Err(error),
    }
}

/// What the index has that the tree of `parent` has not, or has otherwise;
/// without deletions.
fn differences(parent: &str) -> Result<Vec<Entry>, Error> {
    let output = differences_in(git(), &["--no-renames"], parent, &[])?;
    let mut entries = Vec::new();
    let mut fields = fields(&output);
    while let (Some(meta), Some(path)) = (fields.next(), fields.next()) {
        let change = match meta.last() {
            Some(b'A') => Change::Added,
            Some(b'M') => Change::Modified,
            Some(b'T') => Change::TypeChanged,
            _ => continue,
        };
        entries.push(Entry { path: path.into(), change });
    }
    Ok(entries)
}

/// What `git diff-index --cached --raw -z` says of the index against `parent`: with
/// further `options`, and of what `pathspecs` name alone.
pub(super) fn differences_in(
    mut git: Command,
    options: &[&str],
    parent: &str,
    pathspecs: &[OsString],
) -> Result<Vec<u8>, Error> {
    git.args([
        "diff-index",
        "--cached",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-rename-empty",
        "--no-relative",
        "--ignore-submodules=none",
        "--ita-invisible-in-index",
    ]);
    git.args(options).args([parent, "--"]);
    run_with(git, pathspecs, &[]).map_err(|error| match error {
        Error::Git { source, .. } => Error::ReadCommit(parent.to_owned(), source),
        error => error,
    })
}

/// An entry that differs from all parents so far, judged against one more, whose
/// differences are in the order of the index.
fn against_another_parent(entry: Entry, differences: &[Entry]) -> Option<Entry> {
    let at = differences.binary_search_by(|difference| difference.path.cmp(&entry.path)).ok()?;
    let change = if entry.change == Change::Added { differences[at].change } else { entry.change };
    Some(Entry { change, ..entry })
}

/// Asks where the repository lies, and for the name of its hash, in one call. The
/// fourth answer is the way up to the top; outside the worktree the absolute path of
/// it, or nothing where there is none.
fn layout() -> Result<(Layout, String), Error> {
    let here = env::current_dir().map_err(Error::CurrentDirectory)?;
    let output = run(&[
        "rev-parse",
        "--show-object-format",
        "--is-bare-repository",
        "--is-inside-work-tree",
        "--show-cdup",
        "--absolute-git-dir",
    ])?;
    let output = output.strip_suffix(b"\n").unwrap_or(&output);
    let mut answers = output.splitn(4, |byte| *byte == b'\n');
    let mut answer = || answers.next().unwrap_or_default();
    let format = text(answer());
    let (is_bare, is_inside, paths) = (answer() == b"true", answer() == b"true", answer());
    let separator = if is_inside { "\n" } else { "\n/" };
    let (up, git_dir) = match paths.find(separator) {
        Some(newline) => (Some(&paths[..newline]), &paths[newline + 1..]),
        None => (None, paths),
    };
    if is_bare {
        return Err(Error::Bare(path(git_dir)));
    }
    let top = here.join(path(up.ok_or(Error::InGitDirectory(here.clone()))?));
    let top = fs::canonicalize(&top).map_err(|error| Error::ReadFile(top, error))?;
    Ok((Layout { worktree: top, git_dir: path(git_dir) }, format))
}

/// Runs a subcommand of git and gives its standard output.
pub(super) fn run(arguments: &[&str]) -> Result<Vec<u8>, Error> {
    run_with(git(), arguments, &[])
}

/// Runs a subcommand of this `git`, with `input` as its standard input.
pub(super) fn run_with(
    git: Command,
    arguments: &[impl AsRef<OsStr>],
    input: &[u8],
) -> Result<Vec<u8>, Error> {
    let output = output_of(git, arguments, input)?;
    if output.status.success() { Ok(output.stdout) } else { Err(failure(arguments, &output)) }
}

/// As [`run_with`], where the status is a part of the answer.
pub(super) fn output_of(
    mut git: Command,
    arguments: &[impl AsRef<OsStr>],
    input: &[u8],
) -> Result<Output, Error> {
    git.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    if !input.is_empty() {
        git.stdin(Stdio::piped());
    }
    let mut git = git.spawn().map_err(Error::RunGit)?;
    let stdin = git.stdin.take();
    let output = thread::scope(|scope| {
        if let Some(mut stdin) = stdin {
            // A git that stops reading says itself why.
            scope.spawn(move || stdin.write_all(input));
        }
        git.wait_with_output()
    });
    output.map_err(Error::RunGit)
}

/// What git said when it failed.
pub(super) fn failure(arguments: &[impl AsRef<OsStr>], output: &Output) -> Error {
    let said = output.stderr.trim_ascii().to_str_lossy().into_owned();
    let command = arguments.first().map(|name| name.as_ref().to_string_lossy().into_owned());
    let command = command.unwrap_or_default();
    Error::Git { command, source: Cause(if said.is_empty() { output.status.to_string() } else { said }) }
}

/// A git that only reads: no fetch of what a partial clone lacks, no optional
/// lock, no other program, no replaced object, no trace among the answers.
pub(super) fn git() -> Command {
    let mut git = Command::new("git");
    git.args(["--no-pager", "--no-replace-objects", "-c", "core.fsmonitor=false"])
        .env("GIT_NO_LAZY_FETCH", "1")
        // For a git that does not know the variable above (before 2.45): it may start to
        // fetch, but no way of transport is open to it.
        .env("GIT_ALLOW_PROTOCOL", "")
        .env("GIT_OPTIONAL_LOCKS", "0")
        // Nobody waits for the first of many answers.
        .env("GIT_FLUSH", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    for (name, _) in env::vars_os().filter(|(name, _)| is_about_pathspecs_or_traces(name)) {
        git.env_remove(name);
    }
    git
}

fn is_about_pathspecs_or_traces(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b"GIT_TRACE") || (name.starts_with(b"GIT_") && name.ends_with(b"_PATHSPECS"))
}

/// NUL-terminated fields.
pub(super) fn fields(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.split_str("\0").filter(|field| !field.is_empty())
}

/// An answer of one line.
pub(super) fn text(output: &[u8]) -> String {
    output.trim_end_with(|c| c == '\n').to_str_lossy().into_owned()
}

/// An answer that is a path.
pub(super) fn path(output: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(output.to_vec()))
}
