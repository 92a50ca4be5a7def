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
fn a_submodule_stays_and_the_rest_is_stowed() {
    for (path, word) in [("my sub", "':/.Claude_Sessions/my sub'"), ("$(a)", "':/.Claude_Sessions/$(a)'")] {
        let path = format!(".Claude_Sessions/{path}");
        let repo = with_submodule(&path);
        let left = format!(
            "skipped: {path} is a submodule that .gitmodules names\nthen: git rm -q --cached -- {word}\n"
        );
        assert_eq!(stowed(repo.guard("stow")), format!("{left}nothing was stowed\n"));
        repo.stage(SCRIPT);
        let output = stowed(repo.guard("stow"));
        assert!(output.starts_with("stowed: backend/debug_it.py") && output.contains(&left), "{output}");
        assert!(repo.exists(STOWED) && repo.exists(&format!("{path}/x")));
        assert!(
            stowed(repo.guard("stow --format json")).contains(&format!(r#""left":[{{"text":"{path}"}}]"#))
        );
        let then = left.lines().last().unwrap().strip_prefix("then: ").unwrap();
        repo.in_dir("deep").shell(then).success();
        assert_eq!(repo.git("ls-files").success(), ".gitmodules\nREADME.md\n");
    }
    let repo = with_submodule("test_vectors");
    repo.write(".stage-guard.toml", "[[rule]]\nid = 'vectors'\nnames = ['test_vectors']\nreason = 'x'\n");
    let output = stowed(repo.guard("stow"));
    let allow = output.lines().find_map(|line| line.strip_prefix("allow: ")).unwrap();
    repo.shell(allow).success();
    repo.check().silent();
}

#[test]
fn a_linked_worktree_is_unstaged_where_it_is() {
    const LINKED: &str = ".claude/worktrees/x";
    let unstaged = format!("unstaged: {LINKED} stays where it is: it is a linked worktree\n");
    for script in [None, Some(SCRIPT)] {
        let repo = Repo::new();
        repo.git(&format!("worktree add -q {LINKED}")).success();
        repo.git_args(&["add", LINKED]).success();
        script.map(|script| repo.stage(script));
        let (before, status) = (repo.git("ls-files -s").success(), repo.git("worktree list").success());
        let planned = stowed(repo.guard("stow --dry-run"));
        assert!(planned.starts_with(&unstaged.replace("unstaged", "would unstage")), "{planned}");
        assert_eq!(repo.git("ls-files -s").success(), before);
        let output = stowed(repo.guard("stow"));
        let note = format!("note: git add stages {LINKED} again until git ignores it\n");
        assert!(output.starts_with(&unstaged) && output.contains(&note), "{output}");
        repo.check().silent();
        assert_eq!(repo.git("diff --cached --name-only").success(), "");
        assert_eq!(repo.exists(STOWED), script.is_some());
        stowed(repo.guard("stow --undo"));
        assert_eq!(repo.git("ls-files -s").success(), before);
        repo.write(".git/info/exclude", ".claude/worktrees/\n");
        let json = stowed(repo.guard("stow --format json"));
        assert!(json.contains(&format!(
            r#"{{"path":{{"text":"{LINKED}"}},"rule":"agent-directory","index":"unstaged"}}"#
        )));
        assert!(json.ends_with("\"left\":[]}\n"), "{json}");
        stowed(repo.guard("stow --undo"));
        assert!(!stowed(repo.guard("stow")).contains("note: "));
        assert_eq!(repo.git("worktree list").success(), status);
        repo.assert_settled();
        let named = stowed(repo.guard_args(&["stow", LINKED]));
        assert_eq!(named, format!("skipped: {LINKED} is a linked worktree\nnothing was stowed\n"));
    }
}

#[test]
fn a_changed_entry_of_a_repository_is_restored_in_the_index() {
    for path in [".claude/worktrees/x", ".Claude_Sessions/sub"] {
        let repo = if path.ends_with("sub") { with_submodule(path) } else { Repo::new() };
        let inner = repo.child(path);
        if !path.ends_with("sub") {
            repo.git(&format!("worktree add -q {path}")).success();
        }
        repo.git("add -A").success();
        repo.git("commit -q --no-verify -m old").success();
        let before = repo.git("ls-files -s").success();
        inner.git("commit -q --no-verify --allow-empty -m new").success();
        repo.git("add -A").success();
        let output = stowed(repo.guard("stow"));
        assert!(output.starts_with(&format!("unstaged: {path} stays where it is: it is a ")), "{output}");
        assert_eq!(repo.git("ls-files -s").success(), before);
        assert_eq!(inner.git("log -1 --format=%s").success(), "new\n");
    }
}

#[test]
fn a_repository_that_contains_its_git_directory_is_moved() {
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
        let line = format!("unstaged: {path} stays where it is: it is a repository with linked worktrees\n");
        assert!(output.contains(&line) && output.contains("stowed: debug_a.py"), "{output}");
        inner.git("worktree list").success();
        assert!(repo.exists(&format!("{path}/x")));
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
