//! Hooks in the configuration, which git runs since 2.54.
//!
//! `GIT_NEW` is the directory of such a git, if the one on `PATH` is older.

use std::env;
use std::fs;

use super::sandbox::{Repo, Run};

const NOTE: &str = ".claude_sessions/current/x.py";

/// Returns a repository without hooks, whose git runs configured hooks.
///
/// It has its own global configuration. `None` if there is no such git.
fn new_git() -> Option<Repo> {
    let mut path = env::var_os("PATH").unwrap();
    if let Some(directory) = env::var_os("GIT_NEW") {
        path = [directory, path].join(std::ffi::OsStr::new(":"));
    } else if !Repo::git_is_at_least((2, 54)) {
        eprintln!("skipped: git is older than 2.54, and GIT_NEW is not set");
        return None;
    }
    let repo = Repo::new();
    repo.guard("uninstall").success();
    let global = repo.dir.parent().unwrap().join("global.config");
    fs::write(
        &global,
        "[user]\n\tname = a # a comment\n[hook \"mine\"]\n\tcommand = true\n\tevent = pre-commit\n",
    )
    .unwrap();
    Some(repo.env("PATH", path).env("GIT_CONFIG_GLOBAL", global))
}

fn assert_guarded(repo: &Repo) {
    repo.stage(NOTE);
    repo.commit().refuses(&[NOTE]);
    repo.git_args(&["rm", "-q", "--cached", NOTE]).success();
    repo.git("commit -q --allow-empty -m clean").silent();
}

#[test]
fn the_global_configuration_guards_every_repository() {
    let Some(repo) = new_git() else { return };
    let before = repo.read("../global.config");
    let output = repo.guard("install --global").success();
    assert!(output.contains("all your repositories"), "{output}");
    assert_guarded(&repo);
    let once = repo.read("../global.config");
    repo.guard("install --global").success();
    assert_eq!(repo.read("../global.config"), once);
    repo.git("init -q -b main ../another").success();
    assert_guarded(&repo.sibling("another"));
    repo.git("clone -q . ../cloned").success();
    assert_guarded(&repo.sibling("cloned"));
    repo.git("worktree add -q ../linked").success();
    assert_guarded(&repo.sibling("linked"));
    repo.git("-c core.hooksPath=/dev/null commit -q --allow-empty -m x").success();
    repo.guard("uninstall --global").success();
    assert_eq!(repo.read("../global.config"), before);
    repo.stage(NOTE).commit().silent();
    assert!(repo.guard("uninstall --global").success().contains("no hook"));
}

#[test]
fn uninstall_removes_a_file_that_install_has_created() {
    let Some(repo) = new_git() else { return };
    let global = repo.path("../global.config");
    for (before, existed) in [("rm ../global.config", false), (": >../global.config", true)] {
        repo.shell(before).success();
        repo.guard("install --global --strict").success();
        assert_guarded(&repo);
        repo.guard("uninstall --global").success();
        assert_eq!(fs::metadata(&global).ok().map(|file| file.len()), existed.then_some(0), "{before}");
    }
    repo.shell("mkdir ../dotfiles; rm ../global.config; ln -s dotfiles/config ../global.config").success();
    repo.guard("install --global").success();
    repo.guard("uninstall --global").success();
    assert!(global.is_symlink() && !repo.exists("../dotfiles/config"));
}

#[test]
fn uninstall_leaves_no_empty_section_behind_a_comment() {
    let Some(repo) = new_git() else { return };
    let before = "[user]\n\tname = x\n\n# the end\n";
    repo.write("../global.config", before);
    repo.guard("install --global --strict=refs").success();
    repo.guard("uninstall --global").success();
    assert_eq!(repo.read("../global.config"), before);
}

#[test]
fn commands_of_0_1_0_are_replaced() {
    let Some(repo) = new_git() else { return };
    let command = format!("{} hook pre-commit", super::sandbox::BINARY);
    repo.git_args(&["config", "--global", "hook.stage-guard.pre-commit.command", &command]).success();
    repo.git("config --global hook.stage-guard.pre-commit.event pre-commit").success();
    repo.guard("install --global").success();
    assert!(repo.git("config --global --get-regexp ^hook").success().contains("hook --proof pre-commit"));
    assert_guarded(&repo);
    repo.guard("uninstall --global").success();
    assert!(!repo.read("../global.config").contains("stage-guard"));
}

#[test]
fn a_program_that_does_not_run_the_check_stops_git() {
    let Some(repo) = new_git() else { return };
    repo.shell(&format!("cp {} '../my guard'", super::sandbox::BINARY)).success();
    repo.shell("'../my guard' install --global --strict=refs").success();
    for text in ["", "  \n", "# stage-guard\n", "\0\0\0", "#!/bin/true\n", "#!/nowhere/sh\n"] {
        repo.program("../my guard", text);
        let run = repo.git("commit -q --allow-empty -m x");
        assert!(run.code != 0 && run.err.contains("cannot run the check, so git stops\nhelp: "), "{run:?}");
        let run = repo.git("commit -q --allow-empty --no-verify -m x");
        assert!(run.code != 0, "{text}: {run:?}");
    }
    // Another program of that name on `PATH` runs the check.
    let directory = std::path::Path::new(super::sandbox::BINARY).parent().unwrap();
    let mut path = directory.as_os_str().to_owned();
    for further in ["GIT_NEW", "PATH"].into_iter().filter_map(env::var_os) {
        path.push(":");
        path.push(further);
    }
    fs::remove_file(repo.path("../my guard")).unwrap();
    assert_guarded(&repo.env("PATH", path));
}

#[test]
fn uninstall_keeps_other_hooks_in_the_configuration() {
    let Some(repo) = new_git() else { return };
    repo.guard("install --global --strict=refs").success();
    repo.git("config --global hook.stage-guard.pre-commit.enabled true").success();
    repo.guard("uninstall --global").success();
    assert_eq!(
        repo.git("config --global --get-regexp ^hook").success(),
        "hook.mine.command true\nhook.mine.event pre-commit\nhook.stage-guard.pre-commit.enabled true\n"
    );
}

#[test]
fn configured_hooks_run_with_any_hooks_path() {
    let Some(repo) = new_git() else { return };
    repo.guard("install --global --strict=refs").success();
    for commit in [
        "commit -q --no-verify -m x",
        "-c core.hooksPath=/dev/null commit -q --no-verify -m x",
        "-c core.hooksPath=/dev/null -c hook.stage-guard.pre-commit.enabled=false -c hook.stage-guard.prepare-commit-msg.enabled=false commit -q -m x",
    ] {
        repo.stage(NOTE);
        let run = repo.git(commit);
        assert!(run.code != 0 && run.err.contains(&format!("refused: {NOTE} [")), "{commit}: {run:?}");
        repo.git_args(&["rm", "-q", "--cached", NOTE]).success();
    }
    repo.stage("main.py").commit().silent();
    // Operations that create repositories or fill a bare one are not refused.
    repo.git("init -q ../fresh").silent();
    repo.git("init -q --bare ../bare.git").silent();
    repo.git("clone -q . ../cloned").silent();
    repo.git("clone -q --mirror . ../mirror.git").silent();
    repo.git("push -q ../bare.git main").silent();
    repo.git("tag t").silent();
    repo.git("checkout -q -b topic").silent();
    repo.stage("topic.py").commit().silent();
    repo.git("rebase -q --no-ff main~1").silent();
}

#[test]
fn install_configures_hooks_if_a_manager_sets_the_hooks_path() {
    let Some(repo) = new_git() else { return };
    repo.program(".husky/_/pre-commit", "#!/bin/sh\necho theirs >>.git/ran\n");
    repo.git("config core.hooksPath .husky/_").success();
    let before = repo.read(".git/config");
    let output = repo.guard("install --strict").success();
    assert!(output.contains("the repository's configuration"), "{output}");
    assert_guarded(&repo);
    assert_eq!(repo.read(".git/ran"), "theirs\ntheirs\n");
    repo.stage(NOTE);
    repo.git("commit -q -n -m x").refuses(&[NOTE]);
    repo.guard("uninstall").success();
    assert_eq!(repo.read(".git/config"), before);
    repo.git("commit -q -n -m x").silent();
}

#[test]
fn a_missing_program_stops_the_commit() {
    let Some(repo) = new_git() else { return };
    repo.shell(&format!("cp {} '../my guard'", super::sandbox::BINARY)).success();
    repo.shell("'../my guard' install --global").success();
    assert_guarded(&repo);
    fs::remove_file(repo.path("../my guard")).unwrap();
    let run = repo.stage("more.py").commit();
    assert!(run.code != 0, "{run:?}");
}

#[test]
fn install_global_fails_with_an_older_git() {
    if Repo::git_is_at_least((2, 54)) {
        eprintln!("skipped: git runs configured hooks");
        return;
    }
    let repo = Repo::new();
    let repo = repo.env("GIT_CONFIG_GLOBAL", repo.path("../global.config"));
    repo.guard("install --global").fails_with("run `stage-guard install` in each repository");
    repo.guard("install --global --strict").fails_with("2.54");
    repo.guard("install --global --agent").fails_with("cannot be used with");
    repo.guard("uninstall --global").success();
}

/// The file stays for other programs than git, which run no configured hooks.
#[test]
fn a_finding_is_reported_once_if_a_file_guards_too() {
    let Some(repo) = new_git() else { return };
    repo.guard("install --global --strict=refs").success();
    repo.guard("install --strict=refs").success();
    let count = |run: &Run| run.err.matches(&format!("refused: {NOTE} [")).count();
    for commit in ["commit -q -m x", "commit -q --no-verify -m x"] {
        repo.stage(NOTE);
        let run = repo.git(commit);
        assert!(run.code == 1 && count(&run) == 1 && run.err.contains("note: the pre"), "{run:?}");
        repo.git_args(&["rm", "-q", "--cached", NOTE]).success();
    }
    repo.stage(NOTE);
    let settings = "-c hook.stage-guard.pre-commit.enabled=false";
    for git in [format!("git {settings} commit -q -m x"), ".git/hooks/pre-commit".to_owned()] {
        let run = repo.shell(&git);
        assert!(run.code == 1 && count(&run) == 1 && !run.err.contains("note: "), "{run:?}");
    }
    repo.guard("uninstall").success();
    repo.git("commit -q -m x").refuses(&[NOTE]);
}
