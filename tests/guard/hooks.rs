//! `install` and `uninstall` with other hooks and hook managers.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

pub(crate) use super::sandbox::hooks::{hook, install_0_1_0, state, unguarded};
use super::sandbox::{BINARY, Repo};

const NOTE: &str = ".claude_sessions/current/x.py";

pub(crate) fn assert_live(repo: &Repo) {
    repo.stage(NOTE);
    repo.commit().refuses(&[NOTE]);
    repo.git_args(&["rm", "-q", "--cached", NOTE]).success();
}

#[test]
fn uninstall_restores_the_previous_hooks() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "exit 0");
    fs::set_permissions(repo.path(".git/hooks/pre-commit"), fs::Permissions::from_mode(0o751)).unwrap();
    symlink("../../merge.sh", repo.path(".git/hooks/pre-merge-commit")).unwrap();
    let before = state(&repo);
    repo.guard("install").success();
    assert_live(&repo);
    repo.guard("uninstall").success();
    assert_eq!(state(&repo), before);
    repo.stage(NOTE).commit().silent();
}

/// A program that followed symlinks when it wrote one hook has overwritten the shim of all hooks.
#[test]
fn a_file_written_over_the_shim_of_0_1_0_is_rescued() {
    let repo = unguarded();
    let text = "#!/bin/sh\nstage-guard hook pre-commit\ntrue\n";
    for command in ["install", "uninstall"] {
        repo.guard("uninstall").success();
        install_0_1_0(&repo, &["pre-commit", "pre-merge-commit"]);
        repo.write(".git/hooks/pre-commit", text);
        let run = repo.guard("doctor");
        assert!(run.code == 1 && run.out.contains("another program has overwritten"), "{run:?}");
        let output = repo.guard(command).success();
        assert!(output.contains(".git/hooks/written-over-stage-guard"), "{output}");
        assert_eq!(repo.read(".git/hooks/written-over-stage-guard"), text);
        if command == "install" {
            assert_live(&repo);
        }
    }
    assert_eq!(repo.read(".git/hooks/written-over-stage-guard-2"), text);
    assert!(!repo.path(".git/stage-guard").exists() && !repo.path(".git/hooks/pre-commit").exists());
}

/// A manager that is installed after the guard renames the link to the shim to such a name.
#[test]
fn a_hook_with_the_suffix_of_a_manager_is_backed_up() {
    for suffix in ["legacy", "old"] {
        let repo = unguarded();
        hook(&repo, &format!("pre-commit.{suffix}"), "echo aside >>.git/ran");
        let before = state(&repo);
        repo.guard("install").success();
        repo.shell(&format!("mv .git/hooks/pre-commit .git/hooks/pre-commit.{suffix}")).success();
        hook(&repo, "pre-commit", &format!(".git/hooks/pre-commit.{suffix}"));
        assert_live(&repo);
        repo.stage("main.py").commit().silent();
        assert_eq!(repo.read(".git/ran"), "aside\n");
        fs::remove_file(repo.path(".git/hooks/pre-commit")).unwrap();
        repo.guard("uninstall").success();
        assert_eq!(state(&repo), before);
    }
}

/// Not everything below a directory named `.husky` belongs to husky.
#[test]
fn a_repository_in_a_husky_directory_is_like_any_other() {
    let above = unguarded();
    let repo = above.in_dir(".husky/r");
    repo.git("init -q").success();
    hook(&repo, "pre-commit", "exit 3");
    let before = state(&repo);
    repo.guard("install").success();
    repo.shell("mv .git/hooks/pre-commit .git/hooks/pre-commit.off").success();
    hook(&repo, "pre-commit", "exit 4");
    repo.guard("uninstall").success();
    fs::rename(repo.path(".git/hooks/pre-commit.off"), repo.path(".git/hooks/pre-commit")).unwrap();
    assert_eq!(state(&repo), before);
}

#[test]
fn install_counts_the_tracked_paths_that_would_be_refused_if_they_were_new() {
    let says = |repo: &Repo, arguments: &[&str], expected: &[&str]| {
        let out = repo.guard_args(arguments).success();
        let notes: Vec<&str> = out.lines().filter(|line| line.contains(" new: ")).collect();
        let expected: Vec<String> = expected.iter().map(|note| format!("note:    {note}")).collect();
        assert_eq!(notes, expected, "{arguments:?}: {out}");
    };
    let repo = unguarded();
    repo.stage("main.py");
    says(&repo, &["install"], &[]);
    repo.commit_unchecked(&["test_x.py"]);
    let one = format!("1 tracked path would be refused if it were new: {BINARY} check --all-files");
    says(&repo, &["install"], &[&one]);
    repo.stage("debug_x.py").stage(NOTE).stage("lib/test_y.py");
    let three = format!("3 tracked paths would be refused if they were new: {BINARY} check --all-files");
    says(&repo, &["install", "--strict"], &[&three]);
    assert_eq!(repo.refused("check --all-files").len(), 3);
    let deep = repo.in_dir("lib").guard("-C .. install").success();
    let command = deep.lines().find_map(|line| line.split_once(" new: ")).unwrap().1.to_owned();
    assert!(repo.in_dir("lib").shell(&command).refuses_any().out.contains("test_x.py"), "{deep}");
    repo.guard("-q install").silent();
    repo.write(".stage-guard.toml", "allow = [\"**\"]\n");
    says(&repo, &["install"], &[]);
    // A mistake and a damaged index stop commits, and not `install`.
    repo.write(".stage-guard.toml", "alow = []\n");
    says(&repo, &["install"], &[]);
    fs::remove_file(repo.path(".stage-guard.toml")).unwrap();
    repo.write(".git/index", "garbage");
    says(&repo, &["install"], &[]);
    let bare = unguarded().bare_server();
    says(&bare, &["install"], &[]);
}

#[test]
fn a_second_install_changes_nothing() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "echo kept");
    repo.guard("install").success();
    let once = state(&repo);
    repo.guard("install").success();
    assert_eq!(state(&repo), once);
}

#[test]
fn uninstall_without_install_changes_nothing() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "exit 0");
    let before = state(&repo);
    assert!(repo.guard("uninstall").success().contains("no hook of stage-guard"));
    assert_eq!(state(&repo), before);
}

#[test]
fn a_previous_hook_runs_after_the_guard_has_passed() {
    let repo = unguarded();
    let body = "echo \"ran $0 $# $GIT_INDEX_FILE $PWD\" > .git/ran; cat > .git/input";
    hook(&repo, "pre-commit", body);
    repo.guard("install").success();
    repo.stage(NOTE);
    repo.commit().refuses(&[NOTE]);
    assert!(!repo.path(".git/ran").exists());
    repo.git_args(&["rm", "-q", "--cached", NOTE]).success();
    repo.stage("main.py").commit().success();
    let ran = fs::read_to_string(repo.path(".git/ran")).unwrap();
    assert!(ran.starts_with("ran .git/hooks.before-stage-guard/pre-commit 0 .git/index /"), "{ran}");
    // Run without git, with arguments and standard input.
    let run = repo.shell("printf 'line\\n' | .git/hooks/pre-commit 'a b' c");
    run.success();
    assert!(fs::read_to_string(repo.path(".git/ran")).unwrap().contains(".before-stage-guard/pre-commit 2 "));
    assert_eq!(fs::read_to_string(repo.path(".git/input")).unwrap(), "line\n");
}

#[test]
fn a_previous_hook_finds_the_files_next_to_it() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "for part in \"$(dirname \"$0\")\"/pre-commit.d/*; do \"$part\" || exit; done");
    hook(&repo, "pre-commit.d/lint", "echo lint >&2; exit 1");
    repo.guard("install").success();
    let run = repo.stage("main.py").commit();
    assert!(run.code == 1 && run.err.contains("lint"), "{run:?}");
}

#[test]
fn files_that_a_previous_hook_stages_are_checked() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "git add -A");
    repo.guard("install").success();
    repo.write(NOTE, "x").stage("main.py").commit().refuses(&[NOTE]);
}

#[test]
fn a_previous_hook_that_fails_stops_the_commit() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "echo no >&2; exit 7");
    repo.guard("install").success();
    let run = repo.stage("main.py").commit();
    assert!(run.code == 1 && run.err.contains("no"), "{run:?}");
}

#[test]
fn a_previous_hook_that_is_not_executable_does_not_run() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "exit 7");
    fs::set_permissions(repo.path(".git/hooks/pre-commit"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(repo.guard("install").success().contains("is not executable and does not run"));
    repo.stage("main.py").commit().silent();
}

#[test]
fn a_previous_hook_that_is_a_relative_symlink_keeps_its_target() {
    let repo = unguarded();
    repo.program("tools/hook.sh", "#!/bin/sh\ntouch .git/ran\n");
    symlink("../../tools/hook.sh", repo.path(".git/hooks/pre-commit")).unwrap();
    repo.guard("install").success();
    repo.stage("main.py").commit().silent();
    assert!(repo.path(".git/ran").exists());
    repo.guard("uninstall").success();
    assert_eq!(fs::read_link(repo.path(".git/hooks/pre-commit")).unwrap(), Path::new("../../tools/hook.sh"));
}

#[test]
fn a_missing_program_stops_the_commit() {
    let repo = unguarded();
    let binary = repo.path("it's here");
    repo.shell(&format!("cp {BINARY} \"it's here\"")).success();
    let mut install = repo.command(binary.to_str().unwrap());
    install.arg("install");
    Repo::run(install, b"").success();
    assert_live(&repo);
    fs::remove_file(&binary).unwrap();
    let run = repo.stage("main.py").commit();
    assert!(run.code == 1 && run.err.contains("it's here`, so nothing was checked"), "{run:?}");
    let removal = run.err.split_once("remove the guard: ").unwrap().1.lines().next().unwrap().to_owned();
    assert_eq!(removal, format!("rm -f '{}'", repo.path(".git/hooks/pre-commit").display()));
    repo.program(".git/hooks.before-stage-guard/pre-commit", "#!/bin/sh\necho kept >&2; exit 1\n");
    let run = repo.in_dir("deep").commit();
    let removal = run.err.split_once("remove the guard: ").unwrap().1.lines().next().unwrap().to_owned();
    repo.in_dir("deep").shell(&removal).success();
    assert!(repo.commit().err.contains("kept"));
    repo.guard("install").success();
    fs::remove_file(repo.path(".git/hooks.before-stage-guard/pre-commit")).unwrap();
    let mut install = repo.command(BINARY);
    install.arg("uninstall");
    Repo::run(install, b"").success();
    repo.shell(&format!("cp {BINARY} \"it's here\" && \"./it's here\" install && rm \"it's here\""))
        .success();
    repo.write("it's here", "not a program");
    assert_ne!(repo.commit().code, 0);
    repo.program("it's here", "\x7fELF is no program");
    assert_ne!(repo.commit().code, 0);
}

#[test]
fn the_hook_runs_with_an_empty_path() {
    let repo = Repo::new();
    repo.stage(NOTE);
    repo.shell("PATH= /bin/sh .git/hooks/pre-commit").refuses(&[NOTE]);
}

#[test]
fn a_hook_that_a_manager_has_renamed_still_guards() {
    let repo = Repo::new();
    for name in ["pre-commit.legacy", "pre-commit.old"] {
        let (link, renamed) = (repo.path(".git/hooks/pre-commit"), repo.path(format!(".git/hooks/{name}")));
        fs::rename(&link, &renamed).unwrap();
        hook(&repo, "pre-commit", &format!("exec {} \"$@\"", renamed.display()));
        assert_live(&repo);
        repo.guard("install").success();
        assert_live(&repo);
        assert!(fs::symlink_metadata(&renamed).is_err());
        repo.guard("uninstall").success();
        fs::remove_file(repo.path(".git/hooks/pre-commit")).unwrap();
        repo.guard("install").success();
    }
}

#[test]
fn a_backup_is_restored_to_the_name_of_the_renamed_link() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "echo first");
    repo.guard("install").success();
    let legacy = repo.path(".git/hooks/pre-commit.legacy");
    fs::rename(repo.path(".git/hooks/pre-commit"), &legacy).unwrap();
    hook(&repo, "pre-commit", "echo second; .git/hooks/pre-commit.legacy");
    repo.guard("install").success();
    let run = repo.stage("main.py").commit();
    assert!(run.err.ends_with("second\nfirst\n") || run.out.ends_with("second\nfirst\n"), "{run:?}");
    repo.guard("uninstall").success();
    assert_eq!(fs::read_to_string(&legacy).unwrap(), "#!/bin/sh\necho first\n");
    assert!(fs::read_to_string(repo.path(".git/hooks/pre-commit")).unwrap().contains("second"));
}

#[test]
fn a_backup_is_never_overwritten() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "echo first");
    repo.guard("install").success();
    fs::remove_file(repo.path(".git/hooks/pre-commit")).unwrap();
    hook(&repo, "pre-commit", "echo second");
    repo.guard("install").fails_with("keep one of the two");
    assert!(
        fs::read_to_string(repo.path(".git/hooks.before-stage-guard/pre-commit")).unwrap().contains("first")
    );
    assert!(fs::read_to_string(repo.path(".git/hooks/pre-commit")).unwrap().contains("second"));
    let output = repo.guard("uninstall").success();
    assert!(output.contains("skipped: "), "{output}");
    assert!(
        fs::read_to_string(repo.path(".git/hooks.before-stage-guard/pre-commit")).unwrap().contains("first")
    );
}

#[test]
fn a_refused_install_changes_no_hook() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "echo first");
    repo.write(".git/hooks.before-stage-guard/pre-merge-commit", "kept earlier");
    hook(&repo, "pre-merge-commit", "echo another");
    repo.guard("install").fails_with("pre-merge-commit");
    assert!(fs::read_link(repo.path(".git/hooks/pre-commit")).is_err());
    fs::remove_file(repo.path(".git/hooks.before-stage-guard/pre-merge-commit")).unwrap();
    repo.guard("install").success();
    assert_live(&repo);
    repo.guard("uninstall").success();
    assert!(!repo.path(".git/stage-guard").exists());
}

/// Copying a repository with its symlinks followed makes copies of the shim of 0.1.0.
#[test]
fn a_copy_of_a_hook_is_recognised() {
    let uninstalled =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/pre-commit")).unwrap();
    let repo = unguarded();
    install_0_1_0(&repo, &["pre-commit"]);
    for text in [uninstalled, repo.read(".git/stage-guard/hook")] {
        let repo = unguarded();
        repo.program(".git/hooks/pre-commit", &text);
        repo.guard("install").success();
        assert_live(&repo);
        repo.stage("main.py").commit().silent();
        assert!(!repo.exists(".git/hooks.before-stage-guard"));
        repo.guard("uninstall").success();
        repo.program(".git/hooks/pre-commit", &text);
        repo.guard("uninstall").success();
        assert!(!repo.exists(".git/hooks/pre-commit"));
    }
}

/// A hook of stage-guard that runs itself as the previous hook would never end.
#[test]
fn a_hook_that_is_its_own_previous_hook_runs_once() {
    let repo = Repo::new();
    repo.shell("mkdir .git/hooks.before-stage-guard; cp .git/hooks/pre-commit .git/hooks.before-stage-guard")
        .success();
    assert_live(&repo);
    repo.stage("main.py").commit().silent();
}

#[test]
fn a_hook_with_the_same_text_and_another_mode_is_different() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "exit 0");
    repo.guard("install").success();
    fs::remove_file(repo.path(".git/hooks/pre-commit")).unwrap();
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n");
    repo.guard("install").fails_with("keep one of the two");
    assert!(repo.guard("uninstall").success().contains("skipped: "));
}

#[test]
fn a_hostile_path_is_not_printed_if_the_program_is_missing() {
    let repo = unguarded();
    let odd = repo.sibling("it's \x1b[31m");
    fs::rename(&repo.dir, &odd.dir).unwrap();
    odd.shell(&format!("cp {BINARY} binary && ./binary install && rm binary")).success();
    let run = odd.stage("main.py").commit();
    assert!(run.code == 1 && !run.err.contains('\x1b'), "{run:?}");
    assert!(run.err.contains("remove pre-commit from the hooks directory"), "{run:?}");
}

#[test]
fn the_backup_of_an_interrupted_install_is_reused() {
    for reinstall in [false, true] {
        let repo = unguarded();
        hook(&repo, "pre-commit", "echo first");
        let before = state(&repo);
        fs::create_dir(repo.path(".git/hooks.before-stage-guard")).unwrap();
        fs::hard_link(
            repo.path(".git/hooks/pre-commit"),
            repo.path(".git/hooks.before-stage-guard/pre-commit"),
        )
        .unwrap();
        if reinstall {
            repo.guard("install").success();
            assert_live(&repo);
        }
        repo.guard("uninstall").success();
        assert_eq!(state(&repo), before);
    }
}

#[test]
fn a_moved_repository_is_guarded() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "touch .git/ran");
    repo.guard("install").success();
    fs::rename(&repo.dir, repo.sibling("moved").dir).unwrap();
    let moved = repo.sibling("moved");
    assert_live(&moved);
    moved.stage("main.py").commit().silent();
    assert!(moved.path(".git/ran").exists());
}

#[test]
fn uninstall_removes_temporary_files() {
    let repo = unguarded();
    repo.guard("install").success();
    symlink("../stage-guard/hook", repo.path(".git/stage-guard/new.77")).unwrap();
    repo.guard("uninstall").success();
    assert!(!repo.path(".git/stage-guard").exists());
}

#[test]
fn the_hook_is_executable_by_others_whatever_the_umask_is() {
    let repo = unguarded();
    repo.shell(&format!("umask 077; {BINARY} install")).success();
    let mode = |path: &str| fs::metadata(repo.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(".git/stage-guard"), mode(".git/stage-guard/hooks")), (mode(".git"), mode(".git")));
    assert_eq!((mode(".git/hooks/pre-commit"), mode(".git/stage-guard/hooks/pre-commit")), (0o555, 0o555));
}

#[test]
fn an_unknown_hook_fails() {
    let repo = Repo::new();
    for arguments in [&["hook", "pre-comit"][..], &["hook", "post-\x1bcheckout", "a", "--b"], &["hook", ""]] {
        let run = repo.guard_args(arguments);
        assert!(!run.err.contains('\x1b'), "{run:?}");
        run.fails_with("not a hook that can be guarded");
    }
}

#[test]
fn a_fifo_in_the_hooks_directory_is_not_read() {
    let repo = unguarded();
    repo.shell("mkfifo .git/hooks/pipe").success();
    repo.guard("install").success();
    assert_live(&repo);
    repo.guard("uninstall").success();
}

#[test]
fn each_level_links_its_hooks_and_removes_none() {
    let repo = unguarded();
    let linked = |repo: &Repo| {
        repo.shell("cd .git/hooks; for hook in *; do [ -w $hook ] && [ $(stat -c %a $hook) != 555 ] || printf '%s ' $hook; done").success()
    };
    let before = state(&repo);
    let default = "pre-commit pre-merge-commit ";
    let strict = "pre-applypatch pre-commit pre-merge-commit pre-push prepare-commit-msg ";
    let refs = "pre-applypatch pre-commit pre-merge-commit pre-push pre-receive prepare-commit-msg \
                reference-transaction ";
    for (install, expected) in [
        ("install", default),
        ("install --strict", strict),
        ("install", strict),
        ("install --strict=refs", refs),
        ("install --strict", refs),
    ] {
        let output = repo.guard(install).success();
        assert_eq!(linked(&repo), expected, "{install}");
        assert!(expected.split_whitespace().all(|name| output.contains(name)), "{output}");
    }
    repo.guard("uninstall").success();
    assert_eq!(state(&repo), before);
    for wrong in ["install --strict=no", "install --strict no", "install --strict --global --agent"] {
        repo.guard(wrong).fails_with("");
    }
    assert_eq!(state(&repo), before);
}

#[test]
fn every_previous_hook_is_restored() {
    let repo = unguarded();
    let names = ["prepare-commit-msg", "pre-applypatch", "pre-push", "reference-transaction", "pre-commit"];
    for name in names {
        hook(&repo, name, "exit 0");
    }
    let before = state(&repo);
    repo.guard("install --strict=refs").success();
    assert_live(&repo);
    repo.guard("install").success();
    repo.guard("uninstall").success();
    assert_eq!(state(&repo), before);
}

#[test]
fn a_previous_hook_that_is_a_link_to_another_one_runs_it() {
    for (links, install) in [
        (
            "ln -s pre-commit .git/hooks/pre-push; ln -s pre-commit .git/hooks/pre-merge-commit",
            "install --strict",
        ),
        ("ln -s $PWD/.git/hooks/pre-commit .git/hooks/pre-push", "install --strict"),
        ("ln -s pre-commit .git/hooks/pre-push", "install; $GUARD install --strict; $GUARD install"),
        (
            "ln -s _common .git/hooks/pre-push; cp .git/hooks/pre-commit .git/hooks/_common",
            "install --strict",
        ),
    ] {
        let repo = unguarded().env("GUARD", BINARY);
        hook(&repo, "pre-commit", "echo \"ran ${0##*/}\" >>.git/ran; exit 0");
        repo.shell(links).success();
        let before = state(&repo);
        repo.shell(&format!("$GUARD {install}")).success();
        repo.shell("git init -q --bare ../b.git; git push -q ../b.git HEAD:refs/heads/m").silent();
        assert!(repo.read(".git/ran").contains("ran pre-push"), "{links}");
        repo.stage("main.py").commit().silent();
        assert!(repo.read(".git/ran").contains("ran pre-commit"), "{links}");
        repo.guard("uninstall").success();
        assert_eq!(state(&repo), before, "{links}");
    }
    // A link to itself is not a previous hook that runs.
    let repo = unguarded();
    symlink("pre-push", repo.path(".git/hooks/pre-push")).unwrap();
    let before = state(&repo);
    assert!(!repo.guard("install --strict").success().contains("also runs"));
    repo.guard("uninstall").success();
    assert_eq!(state(&repo), before);
}

#[test]
fn fifos_and_devices_are_not_read() {
    let repo = unguarded();
    repo.shell("mkfifo .git/hooks/pre-commit; mkdir .git/hooks/pre-merge-commit").success();
    let _ = repo.shell(&format!("timeout 20 {BINARY} install"));
    let run = repo.shell(&format!("timeout 20 {BINARY} uninstall"));
    assert_ne!(run.code, 124, "{run:?}");
    let repo = unguarded();
    repo.shell("mkdir -p .git/stage-guard; mkfifo .git/stage-guard/hook").success();
    repo.shell(&format!("timeout 20 {BINARY} install")).success();
    assert_live(&repo);
    let run = repo.shell(&format!("timeout 20 {BINARY} check --all-files --config /dev/zero"));
    assert_eq!(run.code, 2, "{run:?}");
}

/// git skips a directory and a dangling symlink, so nothing in their place runs.
#[test]
fn a_directory_or_a_dangling_symlink_in_the_place_of_a_hook_is_restored() {
    for line in ["mkdir pre-commit && echo x >pre-commit/file", "ln -s ../gone pre-commit"] {
        let repo = unguarded();
        repo.shell(&format!("cd .git/hooks && {line}")).success();
        let before = state(&repo);
        repo.guard("install").success();
        assert_live(&repo);
        repo.stage("main.py").commit().silent();
        repo.guard("uninstall").success();
        assert_eq!(state(&repo), before, "{line}");
    }
}

#[test]
fn uninstall_succeeds_if_the_hooks_directory_is_outside() {
    let repo = unguarded();
    repo.shell("mv .git/hooks ../outside && ln -s ../../outside .git/hooks").success();
    let output = repo.guard("uninstall").success();
    assert!(output.contains("no hook of stage-guard"), "{output}");
}

/// Another version made it while another program's hook was in its place.
#[test]
fn a_kept_link_to_a_hook_of_stage_guard_is_not_a_previous_hook() {
    for target in ["../hooks/pre-commit", "../hooks/gone"] {
        let repo = unguarded();
        hook(&repo, "pre-merge-commit", "exit 0");
        repo.guard("install").success();
        repo.shell(&format!("ln -s {target} .git/hooks.before-stage-guard/pre-commit")).success();
        repo.stage("main.py").commit().silent();
        repo.stage(NOTE).commit().refuses(&[NOTE]);
    }
}

/// git replaces such a file, or waits for it.
#[test]
fn a_global_configuration_that_is_no_regular_file_is_left_alone() {
    for create in ["mkdir", "mkfifo"] {
        let repo = unguarded();
        repo.shell(&format!("{create} ../special && ln -s special ../global")).success();
        let repo = repo.env("GIT_CONFIG_GLOBAL", "../global");
        for command in ["install --global", "uninstall --global"] {
            repo.guard(command).fails_with("global`: not a regular file");
        }
    }
}

#[test]
fn a_backup_directory_of_the_user_is_left_alone() {
    let repo = unguarded();
    repo.write(".git/hooks.before-stage-guard/notes", "mine");
    let before = state(&repo);
    repo.guard("install").fails_with("contains other files");
    repo.guard("uninstall").success();
    assert_eq!(state(&repo), before);
}
