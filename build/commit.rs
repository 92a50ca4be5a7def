//! Tells which commit the program is built from.

use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What the program is compiled from.
const SOURCES: [&str; 6] = ["src", "build", "hooks", "Cargo.toml", "Cargo.lock", ".cargo"];

/// Where `cargo package` writes which commit it has packed.
const PACKED_FROM: &str = ".cargo_vcs_info.json";

/// What a hook or a wrapper sets for a repository that need not be this one.
const OF_ANOTHER_REPOSITORY: [&str; 7] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_WORK_TREE",
];

/// How much of an id is told.
const SHORT: usize = 12;

/// A commit, and whether the sources differ from it.
pub(crate) struct Commit {
    id: String,
    is_changed: bool,
}

impl Commit {
    fn new(id: &str, is_changed: bool) -> Option<Self> {
        let is_id = id.len() >= SHORT && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Self { id: id[..SHORT].to_owned(), is_changed })
    }
}

impl Display for Commit {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}{}", self.id, if self.is_changed { ", changed" } else { "" })
    }
}

/// The commit that the sources in a directory are of, where a package or git can tell.
pub(crate) fn built_from(top: &Path) -> Option<Commit> {
    packed_from(top).or_else(|| checked_out(top))
}

/// The files and directories that exist, and change when the commit or the sources do.
/// Cargo builds anew every time where one does not exist.
pub(crate) fn watched(top: &Path) -> Vec<PathBuf> {
    let sources = SOURCES.iter().chain([&PACKED_FROM]).map(PathBuf::from);
    sources.chain(moved_by_commits(top)).filter(|path| top.join(path).exists()).collect()
}

fn packed_from(top: &Path) -> Option<Commit> {
    let told: Value = serde_json::from_slice(&fs::read(top.join(PACKED_FROM)).ok()?).ok()?;
    let git = told.get("git")?;
    let is_changed = git.get("dirty").and_then(Value::as_bool).unwrap_or_default();
    Commit::new(git.get("sha1")?.as_str()?, is_changed)
}

fn checked_out(top: &Path) -> Option<Commit> {
    if !is_top_of_worktree(top) {
        return None;
    }
    let id = git(top, ["rev-parse", "--verify", "HEAD"])?;
    let status = ["status", "--porcelain", "--untracked-files=all", "--"];
    let changes = git(top, status.into_iter().chain(SOURCES))?;
    Commit::new(&id, !changes.is_empty())
}

/// What git writes to when `HEAD` moves, or the branch that it names.
fn moved_by_commits(top: &Path) -> Vec<PathBuf> {
    if !is_top_of_worktree(top) {
        return Vec::new();
    }
    let of_git = |name: &str| git(top, ["rev-parse", "--git-path", name]).map(PathBuf::from);
    let log = ["logs/HEAD", "reftable/tables.list"].into_iter().filter_map(of_git);
    let log = log.into_iter().find(|path| top.join(path).exists());
    // Without a log, all branches: the file of this one may be yet to come.
    of_git("HEAD").into_iter().chain(log.or_else(|| of_git("refs"))).collect()
}

/// Whether it is the top itself: a repository around it knows nothing of these sources.
fn is_top_of_worktree(top: &Path) -> bool {
    git(top, ["rev-parse", "--is-inside-work-tree", "--show-prefix"]).is_some_and(|told| told == "true")
}

/// What git says, without the newlines at the end, where it has nothing to complain of.
fn git<'a>(top: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut git = Command::new("git");
    git.current_dir(top).args(["--no-optional-locks"]).args(arguments).stderr(Stdio::null());
    for name in OF_ANOTHER_REPOSITORY {
        git.env_remove(name);
    }
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end_matches('\n').to_owned())
}
