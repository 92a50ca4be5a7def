//! Finds the commit of the sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The file in which `cargo package` records the commit.
const VCS_INFO: &str = ".cargo_vcs_info.json";

/// The number of digits of an abbreviated commit id.
const ID_LENGTH: usize = 12;

/// Returns the abbreviated id of the commit, if the package or git knows it.
pub(crate) fn abbreviated_id(root: &Path) -> Option<String> {
    let id = packaged_id(root).or_else(|| git(root, &["rev-parse", "--verify", "HEAD"]))?;
    let is_id = id.len() >= ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id[..ID_LENGTH].to_owned())
}

/// Returns the existing files that change when the commit changes.
///
/// cargo runs a build script at each build if a watched file does not exist.
pub(crate) fn watched_files(root: &Path) -> Vec<PathBuf> {
    let git_path = |name| git(root, &["rev-parse", "--git-path", name]).map(PathBuf::from);
    let exists = |path: &PathBuf| root.join(path).exists();
    let log = ["logs/HEAD", "reftable/tables.list"].into_iter().filter_map(git_path).find(exists);
    // Without a log, all refs: the file of the current branch may not exist yet.
    let refs = log.or_else(|| git_path("refs"));
    [Some(VCS_INFO.into()), git_path("HEAD"), refs].into_iter().flatten().filter(exists).collect()
}

fn packaged_id(root: &Path) -> Option<String> {
    let info: Value = serde_json::from_slice(&fs::read(root.join(VCS_INFO)).ok()?).ok()?;
    Some(info.get("git")?.get("sha1")?.as_str()?.to_owned())
}

/// Runs git in the repository whose worktree is `root`, not in one around it.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.current_dir(root)
        .args(arguments)
        .env("GIT_CEILING_DIRECTORIES", root.parent()?)
        .stderr(Stdio::null());
    // A hook or a wrapper sets these for another repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE"] {
        git.env_remove(name);
    }
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end().to_owned())
}
