//! Worktrees, submodules, filters, sparse checkouts and variables of the environment.

use std::fs;

use super::{AGAIN, SCRIPT, STOWED, stowed};
use crate::sandbox::{BINARY, Repo};

/// A repository with a staged submodule.
fn with_submodule(path: &str) -> Repo {
    let repo = Repo::new();
    let other = repo.sibling("other");
    fs::create_dir(&other.dir).unwrap();
    other.git("init -q").success();
    other.stage("x").git("commit -q -m x").success();
    let url = other.dir.display().to_string();
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, path];
    repo.git_args(&add).success();
    repo
}

#[test]
fn a_linked_worktree_has_its_own_session_directory() {
    let repo = Repo::new();
    repo.git("worktree add -q ../linked").success();
    let linked = repo.sibling("linked");
    linked.stage(SCRIPT);
    stowed(linked.guard("stow"));
    assert!(linked.exists(STOWED) && !repo.exists(".claude_sessions"));
    linked.assert_settled();
}

#[test]
fn a_file_of_a_submodule_is_stowed_in_the_submodule() {
    let repo = with_submodule("sub");
    repo.commit().silent();
    let sub = repo.child("sub");
    sub.stage(SCRIPT);
    repo.guard_args(&["stow", "sub/backend/debug_it.py"]).fails_with("belongs to another repository, `sub`");
    stowed(sub.guard("stow"));
    assert!(sub.exists(STOWED));
    sub.assert_settled();
    repo.git("status --porcelain").success();
}

#[test]
fn a_submodule_cannot_be_moved() {
    let repo = with_submodule(".Claude_Sessions/sub");
    repo.guard("stow").fails_with("`.Claude_Sessions/sub` is a submodule");
    assert!(repo.exists(".Claude_Sessions/sub/x"));
    for (path, word) in [("my sub", "':/.Claude_Sessions/my sub'"), ("$(a)", "':/.Claude_Sessions/$(a)'")] {
        let repo = with_submodule(&format!(".Claude_Sessions/{path}"));
        let help = format!("git rm --cached -- {word}");
        repo.guard("stow").fails_with(&format!("help: `{help}` takes it out of the commit"));
        repo.in_dir("deep").shell(&help).success();
        assert_eq!(repo.git("ls-files").success(), ".gitmodules\nREADME.md\n");
    }
    // A repository that contains its git directory can be moved.
    let repo = Repo::new();
    let inner = repo.in_dir(".Claude_Sessions/inner");
    inner.git("init -q").success();
    inner.stage("x").git("commit -q -m x").success();
    repo.shell("git add -A 2>/dev/null").success();
    stowed(repo.guard("stow"));
    assert!(repo.exists(".claude_sessions/inner/.git") && !repo.exists(".Claude_Sessions"));
    repo.assert_settled();
}

#[test]
fn converted_line_ends_are_no_difference() {
    let repo = Repo::new();
    repo.write(".gitattributes", "* text eol=crlf\n").git("add -A").success();
    repo.commit().silent();
    repo.write(SCRIPT, "a\r\nb\r\n").git("add -A").success();
    stowed(repo.guard("stow"));
    assert_eq!(repo.read(STOWED), "a\r\nb\r\n");
    assert!(!repo.exists(AGAIN));
    repo.assert_settled();
}

#[test]
fn a_file_outside_a_sparse_checkout_is_copied_from_the_index() {
    let repo = Repo::new();
    for path in ["backend/x.py", "frontend/x.js"] {
        repo.stage(path);
    }
    repo.commit_unchecked(&["frontend/debug_old.js"]);
    for index in ["--no-sparse-index", "--sparse-index"] {
        repo.git_args(&["sparse-checkout", "set", "--cone", index, "backend"]).success();
        repo.stage("frontend/debug_new.js").write("frontend/debug_old.js", "changed\n");
        repo.git("add --sparse frontend").success();
        repo.git("sparse-checkout reapply").success();
        stowed(repo.guard("stow"));
        let at_home = |name: &str| format!(".claude_sessions/debugging/{name}");
        assert_eq!(repo.read(&at_home("debug_new.js")), "frontend/debug_new.js\n");
        assert_eq!(repo.read(&at_home("debug_old.js")), "changed\n");
        repo.assert_settled();
        fs::remove_dir_all(repo.path(".claude_sessions")).unwrap();
        repo.git("sparse-checkout disable").success();
    }
}

#[test]
fn stow_leaves_a_repository_that_would_not_work_elsewhere() {
    for path in [".Claude_Sessions", ".Claude_Sessions/deep/inner"] {
        let repo = Repo::new();
        let inner = repo.in_dir(path);
        inner.write("x", "x").shell("git init -q && git add x && git commit -q --no-verify -m 1").success();
        inner.git("worktree add -q ../../linked").success();
        repo.git_args(&["add", path]).success();
        repo.stage("debug_a.py");
        let output = repo.guard("stow").success();
        let line = format!("skipped: {path} is a repository with linked worktrees\n");
        assert!(output.contains(&line) && output.contains("stowed: debug_a.py"), "{output}");
        inner.git("worktree list").success();
        assert!(repo.exists(&format!("{path}/x")));
        let output = repo.guard("stow").success();
        assert_eq!(output, format!("{line}then: git reset -q -- :/{path}\nnothing was stowed\n"));
        repo.shell(&format!("git reset -q -- :/{path}")).success();
        assert_eq!(repo.git("diff --cached --name-only").success(), "");
    }
}

#[test]
fn stow_refuses_a_temporary_index() {
    let repo = Repo::new();
    repo.program(".git/hooks/pre-commit", &format!("#!/bin/sh\n{BINARY} stow\n"));
    repo.stage(SCRIPT);
    let run = repo.git("commit -q -a -m all");
    assert!(run.code == 1 && run.err.contains("run `stow` outside of hooks"), "{run:?}");
    assert!(repo.exists(SCRIPT));
}

#[test]
fn stow_uses_the_index_of_the_environment() {
    let repo = Repo::new();
    let other = repo.env("GIT_INDEX_FILE", ".git/other-index");
    other.git("read-tree HEAD").success();
    other.stage(SCRIPT);
    stowed(other.guard("stow"));
    assert!(repo.exists(STOWED));
    assert_eq!(other.git("diff --cached --name-only").success(), "");
}

#[test]
fn stow_uses_the_worktree_of_the_environment() {
    let repo = Repo::new();
    let bare = repo.sibling("elsewhere");
    fs::create_dir(&bare.dir).unwrap();
    let named = bare.env("GIT_DIR", repo.path(".git")).env("GIT_WORK_TREE", &repo.dir);
    repo.stage(SCRIPT);
    stowed(named.guard_args(&["stow"]));
    assert!(repo.exists(STOWED));
    repo.assert_settled();
    let relative = repo.child(".").env("GIT_DIR", ".git").env("GIT_WORK_TREE", ".");
    repo.stage(SCRIPT);
    stowed(relative.guard("stow"));
    repo.assert_settled();
}

#[test]
fn stow_fetches_nothing_in_a_partial_clone() {
    let origin = Repo::new();
    origin.write("out/old.py", "old\n").write("backend/x.py", "x\n").git("add -A").success();
    origin.commit().silent();
    origin.git("config uploadpack.allowFilter true").success();
    let url = format!("file://{}", origin.dir.display());
    origin.git_args(&["clone", "-q", "--filter=blob:none", "--sparse", &url, "../partial"]).success();
    let repo = origin.sibling("partial");
    repo.git("rm -q --sparse --cached out/old.py").success();
    repo.write("debug_x.py", "x\n").git("add debug_x.py").success();
    stowed(repo.guard("stow"));
    assert_eq!(repo.git("status --porcelain").success(), "D  out/old.py\n");
}
