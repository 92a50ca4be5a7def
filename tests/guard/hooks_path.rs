//! `install` and `uninstall` with `core.hooksPath` and linked worktrees.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::hooks::{assert_live, hook, state, unguarded};
use super::sandbox::BINARY;

#[test]
fn uninstall_touches_no_directory_outside_the_repository() {
    let repo = unguarded();
    repo.git("config core.hooksPath .git/own").success();
    repo.guard("install").success();
    fs::remove_dir_all(repo.path(".git/hooks")).unwrap();
    repo.program("../common-hooks/pre-commit.before-stage-guard", "another repository's");
    symlink("../../common-hooks", repo.path(".git/hooks")).unwrap();
    repo.guard("uninstall").success();
    assert!(repo.path("../common-hooks/pre-commit.before-stage-guard").exists());
}

#[test]
fn uninstall_names_the_lines_of_others() {
    let repo = unguarded();
    repo.git("config core.hooksPath tools/hooks").success();
    repo.program("tools/hooks/pre-commit", "#!/bin/sh\nstage-guard hook pre-commit || exit\n");
    let note = format!(
        "note: {} still runs stage-guard: remove that line\n",
        repo.path("tools/hooks/pre-commit").display()
    );
    assert_eq!(repo.guard("uninstall").success(), note);
}

#[test]
fn all_worktrees_are_guarded_from_one() {
    let repo = unguarded();
    repo.git("worktree add -q ../linked").success();
    repo.sibling("linked").guard("install").success();
    assert_live(&repo);
    assert_live(&repo.sibling("linked"));
    repo.git("worktree remove --force ../linked").success();
    assert_live(&repo);
}

#[test]
fn a_hooks_path_to_the_default_directory_is_guarded() {
    for path in [".git/hooks".to_owned(), unguarded().path(".git/hooks").display().to_string()] {
        let repo = unguarded();
        let path =
            if Path::new(&path).is_absolute() { repo.path(".git/hooks").display().to_string() } else { path };
        repo.git_args(&["config", "core.hooksPath", &path]).success();
        repo.guard("install").success();
        assert_live(&repo);
    }
}

#[test]
fn a_hooks_path_elsewhere_in_the_git_directory_is_guarded() {
    let repo = unguarded();
    repo.git("config core.hooksPath .git/my/own/hooks").success();
    repo.guard("install").success();
    assert_live(&repo);
    repo.program("tools/hook.sh", "#!/bin/sh\nexit 3\n");
    fs::remove_file(repo.path(".git/my/own/hooks/pre-commit")).unwrap();
    symlink("../../../../tools/hook.sh", repo.path(".git/my/own/hooks/pre-commit")).unwrap();
    repo.guard("install").success();
    assert_eq!(repo.stage("main.py").commit().code, 1);
}

#[test]
fn a_foreign_hooks_directory_is_not_changed() {
    for (path, owner) in
        [(".husky/_", "husky"), (".githooks", "another program"), ("/nowhere/hooks", "another program")]
    {
        let repo = unguarded();
        repo.git_args(&["config", "core.hooksPath", path]).success();
        let before = repo.shell("find . -not -path './.git/*' | sort").success();
        let run = repo.guard("install");
        assert!(run.err.contains(owner) && run.err.contains("hook pre-commit || exit"), "{run:?}");
        assert!(run.err.contains("core.hooksPath") && run.err.contains(".git/config"), "{run:?}");
        run.fails_with("cannot guard");
        assert_eq!(repo.shell("find . -not -path './.git/*' | sort").success(), before);
        assert!(!repo.path(".git/stage-guard").exists());
    }
}

#[test]
fn install_warns_that_a_relative_hooks_path_excludes_linked_worktrees() {
    let repo = unguarded();
    repo.git("config core.hooksPath .git/hooks").success();
    let output = repo.guard("install").success();
    assert!(output.contains("git config --unset core.hooksPath"), "{output}");
    repo.git("worktree add -q ../linked").success();
    repo.sibling("linked").guard("install").fails_with("core.hooksPath");
}

#[test]
fn uninstall_cleans_every_hooks_directory() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "exit 0");
    let before = state(&repo);
    repo.guard("install").success();
    repo.git("config core.hooksPath .git/other").success();
    repo.guard("install").success();
    assert_live(&repo);
    repo.git("config --unset core.hooksPath").success();
    assert_live(&repo);
    repo.git("config core.hooksPath .git/other").success();
    repo.guard("uninstall").success();
    assert_eq!(state(&repo), before);
}

#[test]
fn a_global_hooks_directory_is_not_changed() {
    let repo = unguarded();
    let global = repo.path("../global.config");
    fs::write(&global, "[core]\n\thooksPath = ~/hooks\n").unwrap();
    let repo = repo.env("GIT_CONFIG_GLOBAL", &global);
    let run = repo.guard("install");
    assert!(run.err.contains("(global)") && run.err.contains("global.config"), "{run:?}");
    run.fails_with("cannot guard");
}

#[test]
fn a_symlinked_hooks_directory_outside_the_repository_is_not_changed() {
    let repo = unguarded();
    fs::remove_dir_all(repo.path(".git/hooks")).unwrap();
    fs::create_dir(repo.path("../common-hooks")).unwrap();
    symlink("../../common-hooks", repo.path(".git/hooks")).unwrap();
    repo.guard("install").fails_with("cannot guard");
    assert_eq!(fs::read_dir(repo.path("../common-hooks")).unwrap().count(), 0);
}

#[test]
fn the_suggested_line_guards() {
    let repo = unguarded();
    repo.git("config core.hooksPath .githooks").success();
    let run = repo.guard("install");
    let line = run.err.lines().find(|line| line.ends_with("hook pre-commit || exit")).unwrap();
    repo.program(".githooks/pre-commit", &format!("#!/bin/sh\n{line}\n"));
    assert_live(&repo);
    repo.stage("main.py").commit().silent();
}

#[test]
fn a_guard_line_in_a_hook_that_git_skips_does_not_count() {
    let repo = unguarded();
    let line = "stage-guard hook pre-commit || exit\nstage-guard hook pre-merge-commit || exit\n";
    for (directory, files) in [(".githooks", ".githooks"), (".husky/_", ".husky")] {
        repo.git_args(&["config", "core.hooksPath", directory]).success();
        for name in ["pre-commit", "pre-merge-commit"] {
            repo.write(format!("{files}/{name}"), line);
        }
        repo.guard("install").fails_with("cannot guard");
    }
    for name in ["pre-commit", "pre-merge-commit"] {
        repo.program(format!(".husky/_/{name}"), "#!/bin/sh\n. \"$(dirname \"$0\")/h\"\n");
    }
    repo.guard("install").success();
    repo.write(".husky/pre-merge-commit", &format!("# {}", line.lines().last().unwrap()));
    repo.guard("install").fails_with("pre-merge-commit:");
}

#[test]
fn the_hooks_folder_works_as_a_hooks_path() {
    let repo = unguarded();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks");
    repo.git_args(&["config", "core.hooksPath", folder.to_str().unwrap()]).success();
    let path =
        format!("{}:{}", Path::new(BINARY).parent().unwrap().display(), std::env::var("PATH").unwrap());
    assert_live(&repo.env("PATH", path));
    let run = repo.env("PATH", "/usr/local/bin:/usr/bin:/bin").stage("main.py").commit();
    assert!(run.code == 1 && run.err.contains("cannot find `stage-guard`"), "{run:?}");
}

#[test]
fn install_creates_a_missing_hooks_directory() {
    let repo = unguarded();
    fs::remove_dir_all(repo.path(".git/hooks")).unwrap();
    repo.guard("install").success();
    assert_live(&repo);
}

#[test]
fn install_fails_if_the_hooks_directory_is_a_file() {
    let repo = unguarded();
    fs::remove_dir_all(repo.path(".git/hooks")).unwrap();
    fs::write(repo.path(".git/hooks"), "in the way").unwrap();
    repo.guard("install").fails_with(".git/hooks");
}
