//! `stow` when a system call fails, or a signal arrives in it: strace injects both.

use std::fs;

use super::sandbox::BINARY;
use super::sandbox::Repo;
use super::sandbox::stow::{is_accounted_for, original, repo};

/// Runs `stow` with a fault injected into the nth of its system calls of a kind, for
/// each n until it is through.
fn with_system_call_at_fault(calls: &str, fault: &str, is_killed: bool) {
    let trace = |repo: &Repo, inject: &str| {
        let log = repo.path("../strace");
        repo.shell(&format!("strace -o {} -e trace={calls} {inject} {BINARY} stow", log.display()))
    };
    let repo_without = repo();
    let run = trace(&repo_without, "");
    assert_eq!(run.code, 0, "strace does not work here: {run:?}");
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
