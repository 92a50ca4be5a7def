//! A `stow` that fails, is interrupted, or is killed, at each step: all is as it was,
//! or done, and no byte is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use crate::sandbox::{BINARY, Repo, Run, make_executable};

/// A repository with something of every kind in its index.
fn repo() -> Repo {
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

/// What there was before a stow.
struct Before {
    state: String,
    /// The contents of files, of symlinks and of what git holds.
    contents: BTreeSet<Vec<u8>>,
    /// What git holds, by its id.
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Before {
    fn of(repo: &Repo) -> Self {
        let ids = ids(repo);
        let blob = |id: &String| (id.clone(), repo.git(&format!("cat-file blob {id}")).out.into_bytes());
        let blobs: BTreeMap<_, _> = ids.iter().map(blob).collect();
        Self { state: state(repo), contents: contents(repo, &blobs), blobs }
    }

    fn asserts_nothing_is_lost(&self, repo: &Repo, runs: &[&Run]) {
        let now = contents(repo, &self.blobs);
        let lost: Vec<_> = self.contents.difference(&now).map(|content| content.to_str_lossy()).collect();
        assert!(lost.is_empty(), "{lost:?} {runs:?}");
    }
}

/// The ids of what the index and `HEAD` hold.
fn ids(repo: &Repo) -> BTreeSet<String> {
    let listed = repo.git("ls-files -s").success() + &repo.git("ls-tree -r HEAD").success();
    let is_id = |word: &&str| word.len() == 40;
    listed.lines().filter_map(|line| line.split([' ', '\t']).find(is_id)).map(str::to_owned).collect()
}

fn contents(repo: &Repo, blobs: &BTreeMap<String, Vec<u8>>) -> BTreeSet<Vec<u8>> {
    let held = ids(repo).into_iter().filter_map(|id| blobs.get(&id).cloned());
    files(&repo.dir).into_values().map(|(_, content)| content).chain(held).collect()
}

/// All files and symlinks below a directory, with their modes and contents.
fn files(directory: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
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

/// The index and the worktree, without the session directory.
fn state(repo: &Repo) -> String {
    let mut files = files(&repo.dir);
    files.retain(|path, _| !path.starts_with(repo.path(".claude_sessions")));
    let below = |path: &PathBuf| path.strip_prefix(&repo.dir).unwrap().to_owned();
    let files: Vec<_> = files.iter().map(|(path, file)| (below(path), file)).collect();
    format!("{}{files:?}", repo.git("ls-files -s").success())
}

fn assert_no_lock(repo: &Repo) {
    assert_eq!(repo.shell("find .git -name 'index?*'; find . -name '.stage-guard*' -type f").success(), "");
}

/// Asserts what has to hold after a `stow` that may have been killed: it is done, or
/// all is as it was, or every byte is there and a second one does it.
fn is_accounted_for(repo: &Repo, before: &Before, run: &Run, is_killed: bool) {
    before.asserts_nothing_is_lost(repo, &[run]);
    if run.code != 0 && !is_killed {
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
    before.asserts_nothing_is_lost(repo, &[run, &again]);
}

/// A repository to be copied, at one place for all its copies.
fn original() -> (Repo, Before) {
    let repo = repo();
    let before = Before::of(&repo);
    (repo, before)
}

/// Runs `stow` where the nth run of git does `fault` instead, for each n until it is
/// through; how often that was.
fn with_git_at_fault(fault: &str, is_killed: bool) {
    let git = Repo::uncreated().sibling(".").shell("command -v git").success();
    let (original, before) = original();
    for nth in 1..100 {
        let repo = original.copy();
        let bin = repo.sibling("bin");
        let script = format!(
            "#!/bin/sh\n\
             echo >>{bin}/count\n\
             [ $(wc -l <{bin}/count) -ne {nth} ] || {{ touch {bin}/hit; {fault}; }}\n\
             exec {git} \"$@\"\n",
            bin = bin.dir.display(),
            git = git.trim(),
        );
        bin.program("git", &script);
        let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
        let run = repo.env("PATH", path).guard("stow");
        is_accounted_for(&repo, &before, &run, is_killed);
        if !bin.path("hit").exists() {
            assert!(run.code == 0 && nth > 5, "{nth} {run:?}");
            return;
        }
    }
    unreachable!();
}

#[test]
fn git_fails() {
    with_git_at_fault("echo no >&2; exit 128", false);
}

#[test]
fn git_is_killed() {
    with_git_at_fault("kill -9 $$", false);
}

#[test]
fn git_is_gone_when_it_has_done_its_work() {
    with_git_at_fault("$0 \"$@\" >/dev/null; exit 1", false);
}

#[test]
fn it_is_terminated() {
    with_git_at_fault("kill -TERM $PPID", false);
}

#[test]
fn it_is_interrupted_with_all_its_group() {
    with_git_at_fault("kill -INT $PPID; kill -9 $$", false);
}

#[test]
fn it_is_killed() {
    with_git_at_fault("kill -9 $PPID", true);
}

#[test]
fn it_and_git_are_killed() {
    with_git_at_fault("kill -9 $PPID; kill -9 $$", true);
}

/// Runs `stow` with a fault injected into the nth of its system calls of a kind, for
/// each n until it is through.
fn with_system_call_at_fault(calls: &str, fault: &str, is_killed: bool) {
    let trace = |repo: &Repo, inject: &str| {
        let log = repo.path("../strace");
        repo.shell(&format!("strace -o {} -e trace={calls} {inject} {BINARY} stow", log.display()))
    };
    let repo_without = repo();
    let run = trace(&repo_without, "");
    if run.code != 0 {
        eprintln!("skipped: strace does not work here: {}", run.err);
        return;
    }
    let log = fs::read_to_string(repo_without.path("../strace")).unwrap();
    let count = log.lines().filter(|line| line.contains('(')).count();
    assert!(count > 0, "{log}");
    let (original, before) = original();
    for nth in 1..=count {
        let repo = original.copy();
        let run = trace(&repo, &format!("-e inject={calls}:{fault}:when={nth}"));
        let is_killed = is_killed || run.code > 2;
        is_accounted_for(&repo, &before, &run, is_killed);
    }
}

macro_rules! system_calls {
    ($($case:ident: $calls:expr, $fault:expr, $is_killed:expr;)*) => {
        $(#[test] fn $case() { with_system_call_at_fault($calls, $fault, $is_killed); })*
    };
}

system_calls! {
    killed_at_a_rename: "/^rename", "signal=KILL", true;
    killed_at_a_link: "/^link", "signal=KILL", true;
    killed_at_an_unlink: "/^(unlink|rmdir)", "signal=KILL", true;
    killed_at_a_directory: "/^mkdir", "signal=KILL", true;
    killed_at_a_write: "write", "signal=KILL", true;
    killed_at_a_lock: "flock", "signal=KILL", true;
    terminated_at_a_rename: "/^rename", "signal=TERM", false;
    no_permission_to_rename: "/^rename", "error=EACCES", false;
    no_room_for_a_rename: "/^rename", "error=ENOSPC", false;
    no_room_for_a_directory: "/^mkdir", "error=ENOSPC", false;
    no_room_for_a_symlink: "/^symlink", "error=ENOSPC", false;
    no_links: "/^link", "error=EPERM", false;
    no_locks: "flock", "error=ENOLCK", false;
    no_such_way_of_renaming: "renameat2", "error=EINVAL", false;
    another_file_system: "renameat2", "error=EXDEV", false;
}

#[test]
fn no_room_to_write() {
    for blocks in ["0", "1"] {
        let repo = repo();
        for number in 0..40 {
            repo.write(format!("scratch/debug_{number}.py"), &"x".repeat(2000));
        }
        repo.git("add -A").success();
        repo.shell("rm -r scratch").success();
        let before = Before::of(&repo);
        let run = repo.shell(&format!("ulimit -f {blocks}; {BINARY} stow"));
        assert_eq!(run.code, 2, "{run:?}");
        is_accounted_for(&repo, &before, &run, false);
    }
}

#[test]
fn another_git_holds_the_index() {
    for content in ["", "DIRC", "held by stage-guard\nor not\n"] {
        let repo = repo();
        let before = Before::of(&repo);
        repo.write(".git/index.lock", content);
        let run = repo.guard("stow");
        assert!(run.code == 2 && run.err.contains(".git/index.lock` is there"), "{run:?}");
        assert_eq!(fs::read_to_string(repo.path(".git/index.lock")).unwrap(), content);
        fs::remove_file(repo.path(".git/index.lock")).unwrap();
        is_accounted_for(&repo, &before, &run, false);
    }
}

#[test]
fn a_second_stow_waits_for_none() {
    let repo = repo();
    let before = Before::of(&repo);
    let bin = repo.sibling("bin");
    let git = repo.shell("command -v git").success();
    bin.program("git", &format!("#!/bin/sh\nsleep 0.05\nexec {} \"$@\"\n", git.trim()));
    let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
    let run = repo.env("PATH", path).shell(&format!(
        "{BINARY} stow >/dev/null & sleep 0.15; {BINARY} stow; second=$?; wait $!; echo $second $?"
    ));
    assert_eq!(run.out, "2 0\n", "{run:?}");
    assert!(run.err.contains("index.lock` is there"), "{run:?}");
    let done = Run { code: 0, ..run };
    is_accounted_for(&repo, &before, &done, false);
}

#[test]
fn it_is_stopped_at_any_time() {
    let (original, before) = original();
    for (signal, is_killed) in [("TERM", false), ("INT", false), ("HUP", false), ("KILL", true)] {
        for milliseconds in [2, 5, 10, 15, 20, 30, 40] {
            let repo = original.copy();
            let run = repo.shell(&format!(
                "set -m; {BINARY} stow >/dev/null & sleep 0.{milliseconds:03}; kill -{signal} $! 2>/dev/null; wait $!"
            ));
            // Before it takes signals up, it has done nothing.
            let is_killed = is_killed || run.code > 128;
            is_accounted_for(&repo, &before, &Run { out: String::new(), ..run }, is_killed);
        }
    }
}

#[test]
fn a_file_that_appears_meanwhile_is_not_overwritten() {
    let repo = repo();
    let git = repo.shell("command -v git").success();
    let bin = repo.sibling("bin");
    let home = ".claude_sessions/debugging";
    // While the new index is made, the names have been given out.
    let script = format!(
        "#!/bin/sh\n\
         case \"$*\" in *index-info*) mkdir -p {home} && echo theirs >{home}/debug_new.py ;; esac\n\
         exec {} \"$@\"\n",
        git.trim()
    );
    bin.program("git", &script);
    let before = state(&repo);
    let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
    let run = repo.env("PATH", path).guard("stow");
    assert!(run.code == 2 && run.err.contains("nothing was stowed"), "{run:?}");
    assert_eq!(state(&repo), before);
    assert_eq!(fs::read_to_string(repo.path(format!("{home}/debug_new.py"))).unwrap(), "theirs\n");
    repo.guard("stow").success();
    assert_eq!(fs::read_to_string(repo.path(format!("{home}/debug_new.py"))).unwrap(), "theirs\n");
    assert_eq!(fs::read_to_string(repo.path(format!("{home}/debug_new-2.py"))).unwrap(), "new\n");
}

#[test]
fn what_cannot_be_put_back_goes_forward_and_is_named() {
    let repo = repo();
    let git = repo.shell("command -v git").success();
    let bin = repo.sibling("bin");
    // While what HEAD has is written, somebody takes the place of a file that was moved.
    let script = format!(
        "#!/bin/sh\n\
         case \"$*\" in *checkout-index*) echo theirs >backend/debug_new.py; exit 1 ;; esac\n\
         exec {} \"$@\"\n",
        git.trim()
    );
    bin.program("git", &script);
    let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
    let before = Before::of(&repo);
    let run = repo.env("PATH", path).guard("stow");
    let words = "`backend/debug_new.py` is now `.claude_sessions/debugging/debug_new.py`";
    assert!(run.code == 2 && run.err.contains(words), "{run:?}");
    let staged = repo.git("diff --cached --name-only").success();
    assert!(!staged.contains("debug_new.py") && staged.contains("debug_both.py"), "{staged}");
    assert_eq!(fs::read_to_string(repo.path("backend/debug_new.py")).unwrap(), "theirs\n");
    assert_no_lock(&repo);
    repo.guard("stow").success();
    before.asserts_nothing_is_lost(&repo, &[&run]);
}

#[test]
fn a_file_that_git_wrote_by_half_is_not_left() {
    let repo = repo();
    let before = Before::of(&repo);
    let git = repo.shell("command -v git").success();
    let bin = repo.sibling("bin");
    let script = format!(
        "#!/bin/sh\n\
         case \"$*\" in *checkout-index*)\n\
             {git} \"$@\"\n\
             for argument; do case $argument in --prefix=*) out=${{argument#--prefix=}} ;; esac; done\n\
             find \"$out\" -type f -exec sh -c 'echo half >\"$1\"' sh {{}} \\;\n\
             exit 1 ;;\n\
         esac\n\
         exec {git} \"$@\"\n",
        git = git.trim()
    );
    bin.program("git", &script);
    let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
    let run = repo.env("PATH", path).guard("stow");
    assert!(run.code == 2 && run.err.contains("nothing was stowed"), "{run:?}");
    is_accounted_for(&repo, &before, &run, false);
    assert_eq!(repo.read("lib/renamed.py"), "1\n2\n3\n");
}
