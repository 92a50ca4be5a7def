//! The reader of commits that asks `git` itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use bstr::{BStr, BString, ByteSlice};

use super::{Cause, Commit, Each, Error, Known, ObjectId, Place, unreadable};
use crate::git::command_line::{failure, fields, git, output_of, path, run, run_with, text};
use crate::git::{Object, TrackedPaths};
use crate::{Change, Entry};

/// How many commits are compared by one run of git: what it says of them is held in
/// memory.
const AT_ONCE: usize = 1000;

/// Asks where the repository lies. Inside the git directory git does not say where
/// the worktree is, so it is looked up as git would find it.
pub(super) fn place() -> Result<Place, Error> {
    let absolute = |what| {
        let output = run(&["rev-parse", "--path-format=absolute", what])?;
        Ok::<_, Error>(path(output.strip_suffix(b"\n").unwrap_or(&output)))
    };
    let (git_dir, common_dir) = (absolute("--git-dir")?, absolute("--git-common-dir")?);
    let top = if text(&run(&["rev-parse", "--is-bare-repository"])?) == "true" {
        None
    } else {
        absolute("--show-toplevel").or_else(|_| top_of(&git_dir)).map(Some)?
    };
    Ok(Place { top, git_dir, common_dir })
}

fn top_of(git_dir: &Path) -> Result<PathBuf, Error> {
    // A linked worktree: the path of its `.git` file.
    if let Ok(file) = fs::read(git_dir.join("gitdir")) {
        let file = git_dir.join(path(file.trim_ascii_end()));
        return Ok(file.parent().unwrap_or(git_dir).to_owned());
    }
    let configured = git().args(["config", "--get", "core.worktree"]).output().map_err(Error::RunGit)?;
    let top = if configured.status.success() {
        git_dir.join(path(configured.stdout.strip_suffix(b"\n").unwrap_or_default()))
    } else if git_dir.file_name().is_some_and(|name| name == ".git") {
        git_dir.join("..")
    } else {
        return Err(Error::InGitDirectory(env::current_dir().map_err(Error::CurrentDirectory)?));
    };
    fs::canonicalize(&top).map_err(|error| Error::ReadFile(top, error))
}

pub(super) fn present(ids: Vec<ObjectId>) -> Result<Vec<ObjectId>, Error> {
    let names: Vec<String> = ids.iter().map(ObjectId::to_string).collect();
    let answers = batch_check("%(objecttype)", &names)?;
    let is_here = |(_, answer): &(ObjectId, String)| !answer.ends_with(" missing");
    Ok(ids.into_iter().zip(answers).filter(is_here).map(|(id, _)| id).collect())
}

pub(super) fn commit(id: ObjectId) -> Result<Commit, Error> {
    let unreadable = |cause| Error::ReadCommit(id.to_string(), cause);
    let output = run(&["rev-list", "--no-walk", FORMAT, &id.to_string(), "--"]);
    let output = output.map_err(|error| unreadable(Cause::new(error.to_string())))?;
    let commit = commits(&output).and_then(|mut commits| commits.pop());
    commit.ok_or_else(|| unreadable(Cause::new("git does not say what it is".to_owned())))
}

pub(super) fn peeled(ids: &[ObjectId]) -> Result<Vec<Option<ObjectId>>, Error> {
    let asked: Vec<String> = ids.iter().map(|id| format!("{id}^{{commit}}")).collect();
    // Of what comes to no commit, git says the name.
    Ok(batch_check("%(objectname)", &asked)?
        .iter()
        .map(|answer| ObjectId::from_hex(answer.as_bytes()))
        .collect())
}

fn batch_check(format: &str, names: &[String]) -> Result<Vec<String>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let option = format!("--batch-check={format}");
    let output = run_with(git(), &["cat-file", &option], (names.join("\n") + "\n").as_bytes())?;
    Ok(output.lines().map(text).collect())
}

/// What is no commit in the end, git passes over.
pub(super) fn new_commits(tips: &[ObjectId], known: Known) -> Result<Vec<Commit>, Error> {
    let hidden = known.commits().iter().map(|id| format!("^{id}"));
    let ends: Vec<String> = tips.iter().map(ObjectId::to_string).chain(hidden).collect();
    let refs: Vec<&str> = known.refs().iter().map(|(_, option)| *option).collect();
    walk(&ends, &refs)
}

/// The commits that `to` has and `from` has not, where git can walk from them as they were
/// typed: `HEAD~10000` is a long way by itself, and most of it the same.
pub(super) fn range(from: &str, to: &str) -> Option<Vec<Commit>> {
    let is_plain = |revision: &&str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./@~^{}".contains(&byte);
        revision.bytes().all(is_part) && !revision.starts_with(['-', '^']) && !revision.contains("..")
    };
    let [from, to] = [from, to].map(|end| Some(end).filter(is_plain).map(|end| format!("{end}^{{commit}}")));
    walk(&[to?, format!("^{}", from?)], &[]).ok()
}

/// The commits on the way down from `ends`, but none that an end with a `^` or one of `refs`
/// reaches.
fn walk(ends: &[String], refs: &[&str]) -> Result<Vec<Commit>, Error> {
    let arguments = [&["rev-list", "--topo-order", FORMAT, "--stdin", "--not"], refs].concat();
    let output = output_of(git(), &arguments, (ends.join("\n") + "\n").as_bytes())?;
    if !output.status.success() {
        return Err(match failure(&arguments, &output) {
            Error::Git { source, .. } => unreadable(source),
            error => error,
        });
    }
    commits(&output.stdout).ok_or_else(|| unreadable(Cause::new("git names what is no commit".to_owned())))
}

/// How `git rev-list` is to tell of a commit, behind a line `commit <id>`: its tree and its
/// parents.
const FORMAT: &str = "--format=%T %P";

/// The commits that `git rev-list` tells of.
fn commits(output: &[u8]) -> Option<Vec<Commit>> {
    let mut lines = output.lines();
    let mut commits = Vec::new();
    while let Some(line) = lines.next() {
        let id = ObjectId::from_hex(line.strip_prefix(b"commit ")?)?;
        let mut trees = lines.next()?.trim_ascii_end().split_str(" ").map(ObjectId::from_hex);
        commits.push(Commit { id, tree: trees.next()??, parents: trees.collect::<Option<_>>()?, tip: 0 });
    }
    Some(commits)
}

pub(super) fn changes<E: From<Error>>(
    commits: &[Commit],
    nominates: &mut dyn FnMut(&BStr) -> bool,
    each: Each<E>,
) -> Result<(), E> {
    for commits in commits.chunks(AT_ONCE) {
        let mut entries = entries(commits, nominates)?;
        for commit in commits {
            each(commit, entries.remove(&commit.id).unwrap_or_default())?;
        }
    }
    Ok(())
}

/// What each of `commits` changes against all of its parents, by their ids.
fn entries(
    commits: &[Commit],
    nominates: &mut dyn FnMut(&BStr) -> bool,
) -> Result<HashMap<ObjectId, Vec<Entry>>, Error> {
    let arguments = [
        "diff-tree",
        "--stdin",
        "--root",
        "-r",
        "-c",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--no-relative",
        "--ignore-submodules=none",
    ];
    let input = commits.iter().fold(String::new(), |input, commit| input + &commit.id.to_string() + "\n");
    let output = run_with(git(), &arguments, input.as_bytes())?;
    let mut changes = HashMap::new();
    let mut entries = &mut Vec::new();
    let mut fields = fields(&output);
    while let Some(field) = fields.next() {
        if let Some(commit) = ObjectId::from_hex(field) {
            // Its changes follow.
            entries = changes.entry(commit).or_default();
            continue;
        }
        let path = fields.next().unwrap_or_default();
        if let Some(change) = change(field).filter(|_| nominates(path.as_bstr())) {
            entries.push(Entry { path: BString::from(path), change });
        }
    }
    Ok(changes)
}

/// What a raw difference says: a colon for each parent, the modes of the parents and
/// of the commit, and more (git-diff-tree(1), raw output and combined format).
/// Nothing for a deletion.
fn change(raw: &[u8]) -> Option<Change> {
    let parents = raw.iter().take_while(|byte| **byte == b':').count();
    let mut modes =
        raw[parents..].split_str(" ").map(|mode| u32::from_str_radix(mode.to_str_lossy().as_ref(), 8));
    let known: Vec<u32> = modes.by_ref().take(parents).flatten().collect();
    let mode = modes.next()?.ok()?;
    if mode == 0 {
        return None;
    }
    Some(match known.into_iter().find(|mode| *mode != 0) {
        None => Change::Added,
        Some(known) if Object::type_of(known) == Object::type_of(mode) => Change::Modified,
        Some(_) => Change::TypeChanged,
    })
}

pub(super) fn paths_in(id: ObjectId) -> Result<TrackedPaths, Error> {
    let output = run(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", &id.to_string()])
        .map_err(|error| Error::ReadCommit(id.to_string(), Cause::new(error.to_string())))?;
    Ok(TrackedPaths::new(fields(&output).map(BString::from).collect()))
}

pub(super) fn file_in(id: ObjectId, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let output = run(&["ls-tree", "-z", "--full-tree", &id.to_string(), "--", name])
        .map_err(|error| Error::ReadCommit(id.to_string(), Cause::new(error.to_string())))?;
    // Mode, type, id and a tab before the name.
    let mut fields = output.split(|byte| matches!(byte, b' ' | b'\t'));
    let (_, kind, blob) = (fields.next(), fields.next(), fields.next());
    match (kind, blob) {
        (Some(b"blob"), Some(blob)) => run(&["cat-file", "blob", &text(blob)]).map(Some),
        _ => Ok(None),
    }
}

pub(super) fn head() -> Result<Option<ObjectId>, Error> {
    let output = git().args(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).output();
    let output = output.map_err(Error::RunGit)?;
    let head = ObjectId::from_hex(output.stdout.trim_ascii_end());
    if head.is_some() || crate::git::command_line::is_head_unborn()? {
        return Ok(head);
    }
    Err(Error::ReadCommit("HEAD".to_owned(), Cause::new("it is not there".to_owned())))
}
