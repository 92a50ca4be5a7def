//! Sparse indexes, which have a directory in place of the files below it.

use super::sandbox::Repo;

const OLD: &str = "tools/scratch/try.py";
const NOTE: &str = ".claude_sessions/current/deep/x.py";

/// Makes a repository whose branch `other` adds `paths`, and whose sparse index has only `backend`.
fn sparse(paths: &[&str]) -> Repo {
    let repo = Repo::new();
    repo.commit_unchecked(&[
        "backend/main.py",
        "tools/api.py",
        "docs/d.md",
        "services/api.py",
        "services/app/package.json",
    ]);
    repo.git("checkout -q -b other").success();
    repo.commit_unchecked(paths).git("checkout -q main").success();
    repo.git("sparse-checkout set --cone --sparse-index backend").success();
    repo
}

/// Collapses the directories of the index outside of `backend`, as the next commit would find it.
fn collapse(repo: &Repo) {
    repo.git("sparse-checkout reapply").success();
    let listed = repo.git("ls-files --sparse").success();
    assert!(listed.lines().any(|path| path == "tools/"), "{listed}");
}

/// Stages what `other` adds, as a change of one parent.
fn squash(repo: &Repo) {
    repo.git("merge -q --squash other").success();
    collapse(repo);
}

#[test]
fn session_work_below_a_collapsed_directory_is_refused() {
    let repo = sparse(&[OLD, NOTE, "tools/fine.py"]);
    squash(&repo);
    repo.check().refuses(&[NOTE, OLD]).code(1);
    repo.commit().refuses(&[NOTE, OLD]);
    repo.git("commit -q --no-verify -m old").success();
    repo.check().silent();
    repo.guard("check --all-files").refuses(&[NOTE, OLD]);
}

#[test]
fn a_collapsed_directory_without_session_work_is_allowed() {
    let repo = sparse(&["tools/deep/fine.py", "new/directory/fine.py"]);
    squash(&repo);
    repo.commit().silent();
    repo.guard("check --all-files").silent();
}

#[test]
fn siblings_below_a_collapsed_directory_are_found() {
    let repo = sparse(&["services/test_api.py", "services/test_x.py", "services/app/scratch/try.py"]);
    squash(&repo);
    for command in ["", "check --all-files", "hook pre-commit"] {
        repo.guard(command).refuses(&["services/test_x.py"]);
    }
    repo.guard("explain services/test_api.py").success();
    repo.guard("explain services/test_x.py").code(1);
}

#[test]
fn a_merge_keeps_the_session_work_of_a_collapsed_directory() {
    for new in ["tools/scratch/new.py", "new/scratch/x.py"] {
        let repo = sparse(&[OLD, NOTE]);
        repo.stage("backend/more.py").commit().silent();
        repo.git("merge -q --no-commit other").success();
        collapse(&repo);
        repo.commit().silent();
        assert_eq!(repo.git("log -1 --format=%p").success().split_whitespace().count(), 2);
        repo.git("reset -q --hard HEAD^").success();
        repo.git("merge -q --no-commit other").success();
        let id = repo.git("rev-parse HEAD:README.md").success();
        // In a sparse index, `update-index` would write the directory `tools` twice.
        let stage = "-c index.sparse=false update-index --add --cacheinfo";
        repo.git(&format!("{stage} 100644,{},{new}", id.trim())).success();
        collapse(&repo);
        repo.commit().refuses(&[new]);
    }
}

#[test]
fn a_configuration_applies_in_a_sparse_index() {
    let repo = sparse(&["tools/mine.py"]);
    repo.write(".stage-guard.toml", "[[rule]]\nid = \"mine\"\nnames = [\"mine*\"]\n");
    repo.git("add .stage-guard.toml").success();
    repo.git("update-index --skip-worktree .stage-guard.toml").success();
    std::fs::remove_file(repo.path(".stage-guard.toml")).unwrap();
    squash(&repo);
    repo.check().refuses(&["tools/mine.py"]);
}

#[test]
fn stow_and_its_undo_leave_a_sparse_index_whole() {
    let repo = sparse(&[OLD, NOTE, "tools/fine.py"]);
    squash(&repo);
    let staged = || repo.git("ls-files -s").success();
    let before = staged();
    repo.guard("stow").success();
    repo.check().silent();
    assert!(!staged().contains("try.py") && staged().contains("tools/fine.py"));
    repo.guard("stow --undo").success();
    assert_eq!(staged(), before);
    repo.check().refuses(&[NOTE, OLD]);
    repo.guard("stow").success();
    repo.commit().silent();
    let listed = repo.git("ls-tree -r --name-only HEAD").success();
    assert!(listed.contains("tools/fine.py") && listed.matches("tools/api.py").count() == 1, "{listed}");
}
