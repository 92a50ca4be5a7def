//! Commands that change files if a system call fails, or if a signal arrives in a call.
//!
//! strace injects both.

use std::fs;

use super::sandbox::stow::{Ending, assert_no_lock, assert_recovers, original, repo, state};
use super::sandbox::{BINARY, Repo, Run, cases};

/// What strace does to one call.
#[derive(Clone, Copy)]
enum Fault {
    /// The command is killed in the call.
    Kill,
    /// The command gets a SIGTERM in the call.
    Terminate,
    /// The call fails with this error.
    Fail(&'static str),
}

impl Fault {
    fn argument(self) -> String {
        match self {
            Self::Kill => "signal=KILL".to_owned(),
            Self::Terminate => "signal=TERM".to_owned(),
            Self::Fail(error) => format!("error={error}"),
        }
    }
}

/// Runs `command` under strace, which traces `calls`; `inject` are further options of strace.
fn trace(repo: &Repo, command: &str, calls: &str, inject: &str) -> Run {
    let log = repo.path("../strace");
    repo.shell(&format!("strace -o {} -e 'trace={calls}' {inject} {BINARY} {command}", log.display()))
}

/// Returns how often `command` makes one of `calls`.
fn count(repo: &Repo, command: &str, calls: &str) -> usize {
    let run = trace(repo, command, calls, "");
    assert_eq!(run.code, 0, "strace does not work here: {run:?}");
    let log = fs::read_to_string(repo.path("../strace")).unwrap();
    log.lines().filter(|line| line.contains('(')).count()
}

/// Asserts that `stow` recovers from a fault in the nth of `calls`, for each n.
fn stow_recovers(calls: &str, fault: Fault) {
    let count = count(&repo(), "stow", calls);
    assert!(count > 0, "{calls}");
    let (original, before) = original();
    for nth in 1..=count {
        let repo = original.copy();
        let run =
            trace(&repo, "stow", calls, &format!("-e 'inject={calls}:{}:when={nth}'", fault.argument()));
        let is_killed = matches!(fault, Fault::Kill) || run.code > 2;
        let ending = if is_killed { Ending::Killed } else { Ending::Exited };
        assert_recovers(&repo, &before, &run, ending);
    }
}

/// Asserts that an undo that is killed in the nth of `calls` is completed by the next one.
fn undo_recovers(calls: &str) {
    let (original, before) = original();
    original.guard("stow").success();
    let count = count(&original.copy(), "stow --undo", calls);
    assert!(count > 0, "{calls}");
    for nth in 1..=count {
        let repo = original.copy();
        let inject = format!("-e 'inject={calls}:signal=KILL:when={nth}'");
        let run = trace(&repo, "stow --undo", calls, &inject);
        before.assert_nothing_is_lost(&repo, &[&run]);
        let again = repo.guard("stow --undo");
        // It may have been killed after its last step.
        assert!(again.code == 0 || again.err.contains("there is no stow to undo"), "{nth} {run:?} {again:?}");
        assert_eq!(state(&repo), before.state, "{nth} {run:?} {again:?}");
        assert_no_lock(&repo);
    }
}

cases! { undo_recovers:
    an_undo_is_killed_in_a_rename("/^rename");
    an_undo_is_killed_in_an_unlink("/^(unlink|rmdir)");
    an_undo_is_killed_in_a_mkdir("/^mkdir");
    an_undo_is_killed_in_a_write("write");
}

cases! { stow_recovers:
    killed_in_a_rename("/^rename", Fault::Kill);
    killed_in_a_link("/^link", Fault::Kill);
    killed_in_an_unlink("/^(unlink|rmdir)", Fault::Kill);
    killed_in_a_mkdir("/^mkdir", Fault::Kill);
    killed_in_a_write("write", Fault::Kill);
    killed_in_a_flock("flock", Fault::Kill);
    terminated_in_a_rename("/^rename", Fault::Terminate);
    a_rename_is_not_permitted("/^rename", Fault::Fail("EACCES"));
    a_rename_finds_the_disk_full("/^rename", Fault::Fail("ENOSPC"));
    a_mkdir_finds_the_disk_full("/^mkdir", Fault::Fail("ENOSPC"));
    hard_links_are_not_supported("/^link", Fault::Fail("EPERM"));
    locks_are_not_supported("flock", Fault::Fail("ENOLCK"));
    renameat2_is_not_supported("renameat2", Fault::Fail("EINVAL"));
    a_rename_crosses_file_systems("renameat2", Fault::Fail("EXDEV"));
}

/// Asserts that `init --instructions` loses nothing if there is a fault in the nth of `calls`.
fn instructions_recover(calls: &str, fault: Fault) {
    let command = "init --instructions";
    let original = Repo::new();
    original.write("AGENTS.md", "ours\n").guard("init").success();
    for link in ["true", "ln AGENTS.md CLAUDE.md"] {
        let linked = || {
            let repo = original.copy();
            repo.shell(link).success();
            repo
        };
        let done = linked();
        let count = count(&done, command, calls);
        assert!(count > 0 || link != "true", "{calls}");
        let new = done.read("AGENTS.md");
        for nth in 1..=count {
            let repo = linked();
            let inject = format!("-e 'inject={calls}:{}:when={nth}'", fault.argument());
            let run = trace(&repo, command, calls, &inject);
            let text = repo.read("AGENTS.md");
            assert!(text == new || text == "ours\n" && run.code != 0, "{link} {nth} {run:?}");
            let names = repo.shell("ls -A").success();
            assert!(!names.contains(".stage-guard-"), "{link} {nth} {names}");
            repo.guard(command).success();
            assert_eq!(repo.read("AGENTS.md"), new);
        }
    }
}

/// Asserts that a file with the instructions is created whole or not at all.
fn instructions_are_created(calls: &str, fault: Fault) {
    let command = "init --instructions=AGENTS.md";
    let original = Repo::new();
    original.guard("init").success();
    let done = original.copy();
    let count = count(&done, command, calls);
    assert!(count > 0, "{calls}");
    for nth in 1..=count {
        let repo = original.copy();
        trace(&repo, command, calls, &format!("-e 'inject={calls}:{}:when={nth}'", fault.argument()));
        let names = repo.shell("ls -A . .claude_sessions").success();
        assert!(!names.contains(".stage-guard-"), "{nth} {names}");
        assert!(!repo.exists("AGENTS.md") || repo.read("AGENTS.md") == done.read("AGENTS.md"));
        repo.guard(command).success();
        assert_eq!(repo.read("AGENTS.md"), done.read("AGENTS.md"));
    }
}

cases! { instructions_are_created:
    new_instructions_are_killed_in_a_link("/^link", Fault::Kill);
    new_instructions_are_killed_in_a_write("/^p?write", Fault::Kill);
    new_instructions_find_the_disk_full("/^p?write", Fault::Fail("ENOSPC"));
    new_instructions_cannot_be_linked("/^link", Fault::Fail("EPERM"));
}

cases! { instructions_recover:
    instructions_are_killed_in_a_rename("/^rename", Fault::Kill);
    instructions_are_killed_in_an_unlink("/^unlink", Fault::Kill);
    instructions_are_killed_in_a_write("/^p?write", Fault::Kill);
    instructions_are_killed_in_an_fsync("fsync", Fault::Kill);
    instructions_find_the_disk_full("/^p?write", Fault::Fail("ENOSPC"));
    instructions_find_the_disk_broken("fsync", Fault::Fail("EIO"));
    instructions_may_not_be_renamed("/^rename", Fault::Fail("EPERM"));
    instructions_cannot_be_exchanged("renameat2", Fault::Fail("EINVAL"));
    instructions_cross_file_systems("renameat2", Fault::Fail("EXDEV"));
}
