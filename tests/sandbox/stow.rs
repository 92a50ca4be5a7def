//! Repositories to stow from, and assertions about stows that fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::{Repo, Run, make_executable};

/// Creates a repository with every kind of staged session work.
pub(crate) fn repo() -> Repo {
    let repo = Repo::new();
    repo.write("debug_old.py", "old\n").write("lib/renamed.py", "1\n2\n3\n").git("add -A").success();
    repo.git("commit -q --no-verify -m old").success();
    repo.write("debug_old.py", "old, staged\n")
        .write("backend/debug_new.py", "new\n")
        .write("backend/debug_both.py", "both, staged\n")
        .write("backend/debug_gone.py", "gone\n")
        .write("debug_run.sh", "run\n")
        .write(".Claude_Sessions/note", "note\n");
    make_executable(&repo.path("debug_run.sh"));
    symlink("nowhere", repo.path("backend/debug_link.py")).unwrap();
    symlink("gone", repo.path("backend/debug_gone_link.py")).unwrap();
    repo.git("mv lib/renamed.py debug_renamed.py").success();
    repo.git("add -A").success();
    fs::remove_file(repo.path("backend/debug_gone_link.py")).unwrap();
    repo.stage(".claude_sessions/tests/mine.py").stage("main.py");
    repo.write("debug_old.py", "old, changed\n").write("backend/debug_both.py", "both, changed\n");
    fs::remove_file(repo.path("backend/debug_gone.py")).unwrap();
    repo
}

/// The state of a repository before a stow.
pub(crate) struct Before {
    pub(crate) state: String,
    /// The contents of files, symlinks and blobs.
    contents: BTreeSet<Vec<u8>>,
    /// The blobs of the index and `HEAD` by their ids.
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Before {
    pub(crate) fn of(repo: &Repo) -> Self {
        let ids = ids(repo);
        let blob = |id: &String| (id.clone(), repo.git(&format!("cat-file blob {id}")).out.into_bytes());
        let blobs: BTreeMap<_, _> = ids.iter().map(blob).collect();
        Self { state: state(repo), contents: contents(repo, &blobs), blobs }
    }

    pub(crate) fn assert_nothing_is_lost(&self, repo: &Repo, runs: &[&Run]) {
        let now = contents(repo, &self.blobs);
        let lost: Vec<_> = self.contents.difference(&now).map(|content| content.to_str_lossy()).collect();
        assert!(lost.is_empty(), "{lost:?} {runs:?}");
    }
}

/// Returns the ids of all blobs in the index and `HEAD`.
pub(crate) fn ids(repo: &Repo) -> BTreeSet<String> {
    let listed = repo.git("ls-files -s").success() + &repo.git("ls-tree -r HEAD").success();
    let is_id = |word: &&str| word.len() == 40;
    listed.lines().filter_map(|line| line.split([' ', '\t']).find(is_id)).map(str::to_owned).collect()
}

pub(crate) fn contents(repo: &Repo, blobs: &BTreeMap<String, Vec<u8>>) -> BTreeSet<Vec<u8>> {
    let held = ids(repo).into_iter().filter_map(|id| blobs.get(&id).cloned());
    files(&repo.dir).into_values().map(|(_, content)| content).chain(held).collect()
}

/// Returns the modes and contents of all files and symlinks in a directory, without `.git`.
pub(crate) fn files(directory: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_symlink() {
            found.insert(path.clone(), (0, fs::read_link(&path).unwrap().into_os_string().into_vec()));
        } else if metadata.is_file() {
            let content = fs::read(&path).unwrap();
            found.insert(path, (metadata.permissions().mode(), content));
        } else if !path.ends_with(".git") {
            found.extend(files(&path));
        }
    }
    found
}

/// Returns the index and the worktree as text, without the session directory.
pub(crate) fn state(repo: &Repo) -> String {
    let mut files = files(&repo.dir);
    files.retain(|path, _| !path.starts_with(repo.path(".claude_sessions")));
    let below = |path: &PathBuf| path.strip_prefix(&repo.dir).unwrap().to_owned();
    let files: Vec<_> = files.iter().map(|(path, file)| (below(path), file)).collect();
    format!("{}{files:?}", repo.git("ls-files -s").success())
}

pub(crate) fn assert_no_lock(repo: &Repo) {
    assert_eq!(repo.shell("find .git -name 'index?*'; find . -name '.stage-guard*' -type f").success(), "");
}

/// How a `stow` ended.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Ending {
    Exited,
    /// A signal ended it at once, so that it could not roll back.
    Killed,
}

/// Asserts that a `stow` did all or nothing, and that a second one completes it.
///
/// If it was killed, it may have been partly done. No contents are lost in any case.
pub(crate) fn assert_recovers(repo: &Repo, before: &Before, run: &Run, ending: Ending) {
    before.assert_nothing_is_lost(repo, &[run]);
    if run.code != 0 && ending == Ending::Exited {
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
        assert_eq!(state(repo), before.state, "{run:?}");
        assert_no_lock(repo);
        let mut left = files(&repo.path(".claude_sessions"));
        left.remove(&repo.path(".claude_sessions/tests/mine.py"));
        assert!(left.is_empty(), "{left:?} {run:?}");
    }
    let again = repo.guard("stow");
    assert_eq!((again.code, again.err.as_str()), (0, ""), "{run:?} {again:?}");
    repo.check().silent();
    repo.git("commit -q -m settled").silent();
    assert_eq!(repo.git("status --porcelain").success(), "", "{run:?}");
    assert_no_lock(repo);
    before.assert_nothing_is_lost(repo, &[run, &again]);
}

/// Creates a repository to copy for each run, and returns its state.
pub(crate) fn original() -> (Repo, Before) {
    let repo = repo();
    let before = Before::of(&repo);
    (repo, before)
}
