//! The reader of commits that asks `git` itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use bstr::{BStr, BString, ByteSlice};

use super::{Commit, Error, Known, Place, unreadable};
use crate::git::command_line::{failure, fields, git, output_of, path, run, run_with, text};
use crate::git::{Object, TrackedPaths};
use crate::{Change, Entry};

/// How many commits are compared by one run of git: what it says of them is held in
/// memory.
pub(super) const AT_ONCE: usize = 1000;

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

pub(super) fn present(ids: Vec<String>) -> Result<Vec<String>, Error> {
    let types = types(&ids)?;
    Ok(ids.into_iter().zip(types).filter(|(_, kind)| kind != "missing").map(|(id, _)| id).collect())
}

pub(super) fn parents(id: &str) -> Result<Vec<String>, Error> {
    let line = run(&["rev-list", "--parents", "--max-count=1", id, "--"])
        .map_err(|error| Error::ReadCommit(id.to_owned(), super::Cause(error.to_string())))?;
    Ok(text(&line).split(' ').skip(1).map(str::to_owned).collect())
}

pub(super) fn peeled(ids: &[String]) -> Result<Vec<String>, Error> {
    let asked: Vec<String> = ids.iter().map(|id| format!("{id}^{{commit}}")).collect();
    let answers = batch_check("%(objectname)", &asked)?;
    let answers = answers.into_iter().map(|answer| answer.split(' ').next().unwrap_or_default().to_owned());
    Ok(answers.collect())
}

/// The types of these objects; `missing` for one that is not here.
fn types(ids: &[String]) -> Result<Vec<String>, Error> {
    let answers = batch_check("%(objecttype)", ids)?;
    Ok(answers.iter().map(|answer| answer.rsplit(' ').next().unwrap_or_default().to_owned()).collect())
}

fn batch_check(format: &str, names: &[String]) -> Result<Vec<String>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let option = format!("--batch-check={format}");
    let output = run_with(git(), &["cat-file", &option], (names.join("\n") + "\n").as_bytes())?;
    Ok(output.lines().map(text).collect())
}

pub(super) fn new_commits(tips: &[String], known: Known) -> Result<Vec<Commit>, Error> {
    let is_commit = |kind: &str| matches!(kind, "commit" | "tag");
    let kinds = types(tips)?;
    let tips = tips.iter().zip(&kinds);
    if let Some((missing, _)) = tips.clone().find(|(_, kind)| *kind == "missing") {
        return Err(Error::ReadCommit(missing.clone(), super::Cause("it is not there".to_owned())));
    }
    let mut input: Vec<String> = tips.filter(|(_, kind)| is_commit(kind)).map(|(id, _)| id.clone()).collect();
    if input.is_empty() {
        return Ok(Vec::new());
    }
    let hidden = known.commits();
    let kinds = types(hidden)?;
    input.extend(
        hidden.iter().zip(&kinds).filter(|(_, kind)| is_commit(kind)).map(|(id, _)| format!("^{id}")),
    );
    let mut arguments = vec!["rev-list", "--topo-order", "--parents", "--stdin", "--not"];
    arguments.extend(known.refs().iter().map(|(_, option)| option));
    let output = output_of(git(), &arguments, (input.join("\n") + "\n").as_bytes())?;
    if !output.status.success() {
        return Err(match failure(&arguments, &output) {
            Error::Git { source, .. } => unreadable(source),
            error => error,
        });
    }
    Ok(output.stdout.lines().map(|line| commit(&text(line))).collect())
}

/// A commit and its parents, with spaces between them.
fn commit(line: &str) -> Commit {
    let mut ids = line.split(' ').map(str::to_owned);
    Commit { id: ids.next().unwrap_or_default(), parents: ids.collect(), tip: 0 }
}

/// What each of `commits` changes against all of its parents, by their ids.
pub(super) fn changes(
    commits: &[Commit],
    nominates: &dyn Fn(&BStr) -> bool,
) -> Result<HashMap<String, Vec<Entry>>, Error> {
    let input: String = commits.iter().fold(String::new(), |input, commit| input + &commit.id + "\n");
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
    let output = run_with(git(), &arguments, input.as_bytes())?;
    let mut changes = HashMap::new();
    let mut entries = &mut Vec::new();
    let mut fields = fields(&output);
    while let Some(field) = fields.next() {
        if !field.starts_with(b":") {
            // The id of the commit whose changes follow.
            entries = changes.entry(text(field)).or_default();
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

pub(super) fn paths_in(id: &str) -> Result<TrackedPaths, Error> {
    let output = run(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", id])
        .map_err(|error| Error::ReadCommit(id.to_owned(), super::Cause(error.to_string())))?;
    let mut paths: Vec<BString> = fields(&output).map(BString::from).collect();
    paths.sort_unstable();
    Ok(TrackedPaths(paths))
}

pub(super) fn file_in(id: &str, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let output = run(&["ls-tree", "-z", "--full-tree", id, "--", name])
        .map_err(|error| Error::ReadCommit(id.to_owned(), super::Cause(error.to_string())))?;
    // Mode, type, id and a tab before the name.
    let mut fields = output.split(|byte| matches!(byte, b' ' | b'\t'));
    let (_, kind, blob) = (fields.next(), fields.next(), fields.next());
    match (kind, blob) {
        (Some(b"blob"), Some(blob)) => run(&["cat-file", "blob", &text(blob)]).map(Some),
        _ => Ok(None),
    }
}

pub(super) fn head() -> Result<Option<String>, Error> {
    let output = git().args(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).output();
    let output = output.map_err(Error::RunGit)?;
    if output.status.success() {
        return Ok(Some(text(&output.stdout)));
    }
    if crate::git::command_line::is_head_unborn()? {
        return Ok(None);
    }
    Err(Error::ReadCommit("HEAD".to_owned(), super::Cause("it is not there".to_owned())))
}
