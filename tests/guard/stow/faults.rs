//! Faults, signals and kills at each step: `stow` does all or nothing, and loses no contents.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::sandbox::stow::{Before, Ending, assert_recovers, original, repo, state};
use crate::sandbox::{BINARY, Repo, Run};

/// Asserts that `stow` recovers from `fault` in the nth run of git, for each n.
fn assert_recovers_from_fault(fault: &str, ending: Ending) {
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
        assert_recovers(&repo, &before, &run, ending);
        if !bin.path("hit").exists() {
            assert!(run.code == 0 && nth > 5, "{nth} {run:?}");
            return;
        }
    }
    unreachable!();
}

#[test]
fn stow_recovers_from_a_failed_git() {
    assert_recovers_from_fault("echo no >&2; exit 128", Ending::Exited);
}

#[test]
fn stow_recovers_from_a_killed_git() {
    assert_recovers_from_fault("kill -9 $$", Ending::Exited);
}

#[test]
fn stow_recovers_from_a_git_that_fails_after_its_work() {
    assert_recovers_from_fault("$0 \"$@\" >/dev/null; exit 1", Ending::Exited);
}

#[test]
fn stow_recovers_from_sigterm() {
    assert_recovers_from_fault("kill -TERM $PPID", Ending::Exited);
}

#[test]
fn stow_recovers_from_sigint_to_its_process_group() {
    assert_recovers_from_fault("kill -INT $PPID; kill -9 $$", Ending::Exited);
}

#[test]
fn stow_recovers_from_sigkill() {
    assert_recovers_from_fault("kill -9 $PPID", Ending::Killed);
}

#[test]
fn stow_recovers_from_sigkill_with_git() {
    assert_recovers_from_fault("kill -9 $PPID; kill -9 $$", Ending::Killed);
}

#[test]
fn stow_recovers_from_a_file_size_limit() {
    for blocks in ["0", "2"] {
        let repo = repo();
        for number in 0..40 {
            repo.write(format!("scratch/debug_{number}.py"), &"x".repeat(2000));
        }
        repo.git("add -A").success();
        repo.shell("rm -r scratch").success();
        let before = Before::of(&repo);
        let run = repo.shell(&format!("ulimit -f {blocks}; {BINARY} stow"));
        assert_eq!(run.code, 2, "{run:?}");
        assert_recovers(&repo, &before, &run, Ending::Exited);
    }
}

#[test]
fn stow_respects_a_lock_of_git() {
    for content in ["", "DIRC", "held by stage-guard\nor not\n"] {
        let repo = repo();
        let before = Before::of(&repo);
        repo.write(".git/index.lock", content);
        let run = repo.guard("stow");
        assert!(run.code == 2 && run.err.contains(".git/index.lock` exists"), "{run:?}");
        assert_eq!(fs::read_to_string(repo.path(".git/index.lock")).unwrap(), content);
        fs::remove_file(repo.path(".git/index.lock")).unwrap();
        assert_recovers(&repo, &before, &run, Ending::Exited);
    }
}

#[test]
fn stow_fails_if_a_copy_of_the_index_cannot_be_removed() {
    let repo = repo();
    let before = Before::of(&repo);
    fs::create_dir(repo.path(".git/index.stage-guard")).unwrap();
    let run = repo.guard("stow");
    assert!(run.code == 2 && run.err.contains("cannot remove the copy of the index `"), "{run:?}");
    fs::remove_dir(repo.path(".git/index.stage-guard")).unwrap();
    assert_recovers(&repo, &before, &run, Ending::Exited);
}

#[test]
fn a_second_stow_fails_while_the_first_one_runs() {
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
    assert!(run.err.contains("index.lock` exists"), "{run:?}");
    let done = Run { code: 0, ..run };
    assert_recovers(&repo, &before, &done, Ending::Exited);
}

#[test]
fn stow_recovers_from_a_signal_at_any_time() {
    let (original, before) = original();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::KILL] {
        for milliseconds in [2, 5, 10, 15, 20, 30, 40] {
            let repo = original.copy();
            let mut stow = repo.start(&format!("exec {BINARY} stow >/dev/null"));
            sleep(Duration::from_millis(milliseconds));
            stow.signal(signal);
            let run = stow.wait();
            // Before `stow` handles signals, it changes nothing.
            let ending =
                if signal == Signal::KILL || run.code > 128 { Ending::Killed } else { Ending::Exited };
            assert_recovers(&repo, &before, &Run { out: String::new(), ..run }, ending);
        }
    }
}

#[test]
fn a_file_that_appears_during_a_stow_is_not_overwritten() {
    let repo = repo();
    let git = repo.shell("command -v git").success();
    let bin = repo.sibling("bin");
    let home = ".claude_sessions/debugging";
    // When the new index is prepared, the names have been chosen.
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
fn a_file_that_git_wrote_in_part_is_removed() {
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
    assert_recovers(&repo, &before, &run, Ending::Exited);
    assert_eq!(repo.read("lib/renamed.py"), "1\n2\n3\n");
}
