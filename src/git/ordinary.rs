//! The ordinary repository: that of the current directory, which git runs a hook in, with
//! nothing special about it. To tell that it is one takes less time than to open it, and
//! mostly its index is all that has to be read.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::{env, fs};

use rustix::process::geteuid;

use super::{Layout, read_regular_file};

/// What of the environment changes where git looks for a repository, or in which it is.
const CHANGES: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_OBJECT_DIRECTORY",
];

/// Where the repository lies, if the current directory is the top of an ordinary one:
/// with a git directory of its own, of the same user, of format 0. Nothing also where
/// that only cannot be told at a glance.
pub(super) fn layout() -> Option<Layout> {
    if CHANGES.into_iter().any(|name| env::var_os(name).is_some()) {
        return None;
    }
    let git_dir = Path::new(".git");
    // As git tells a git directory (gitrepository-layout), and whether it trusts its owner.
    let is_own = |path: &Path| {
        fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == geteuid().as_raw())
    };
    let is_git_dir = ["objects", "refs"].into_iter().all(|name| git_dir.join(name).is_dir())
        && fs::symlink_metadata(git_dir.join("HEAD")).is_ok_and(|head| head.is_file());
    let is_linked = fs::symlink_metadata(git_dir.join("commondir")).is_ok();
    if !is_own(Path::new(".")) || !is_own(git_dir) || !is_git_dir || is_linked {
        return None;
    }
    let config = String::from_utf8(read_regular_file(&git_dir.join("config")).ok()?).ok()?;
    if !is_ordinary(&config.to_ascii_lowercase()) {
        return None;
    }
    let top = env::current_dir().ok()?;
    Some(Layout { git_dir: top.join(git_dir), worktree: top })
}

/// Whether a configuration, in lower case, names the format 0 and neither another worktree
/// nor an extension. Settings are looked for as git writes them: what is written in another
/// way may be one of these.
fn is_ordinary(config: &str) -> bool {
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
    use super::is_ordinary;

    #[test]
    fn only_what_git_init_writes_is_ordinary() {
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
            assert_eq!(is_ordinary(config), expected, "{config}");
        }
    }
}
