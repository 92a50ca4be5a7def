//! Merges: entries that a parent has already are not refused.

use super::sandbox::Repo;

const OLD: &str = ".claude_sessions/archive/old.py";
const NEW: &str = ".claude_sessions/current/new.py";

/// Two branches: `upstream` has old session work that `main` lacks, and each has new commits.
fn diverged() -> Repo {
    let repo = Repo::new();
    repo.stage("shared.py").commit().silent();
    repo.git("checkout -q -b upstream").success();
    repo.commit_unchecked(&[OLD, "upstream.py"]);
    repo.git("checkout -q main").success();
    repo.stage("main.py").commit().silent();
    repo
}

/// The same, in the middle of a merge whose conflict in `shared.py` is resolved.
fn conflicting() -> Repo {
    let repo = diverged();
    repo.git("checkout -q upstream").success();
    repo.write("shared.py", "theirs\n").git("commit -q -a -m theirs").success();
    repo.git("checkout -q main").success();
    repo.write("shared.py", "ours\n").git("commit -q -a -m ours").success();
    assert_eq!(repo.git("merge -q upstream").code, 1);
    repo.write("shared.py", "both\n").git("add shared.py").success();
    repo
}

#[test]
fn a_clean_merge_of_old_session_work_is_allowed() {
    let repo = diverged();
    repo.git("merge -q --no-edit upstream").success();
    assert_eq!(repo.git("log -1 --format=%p").success().split_whitespace().count(), 2);
}

#[test]
fn an_octopus_merge_of_old_session_work_is_allowed() {
    let repo = diverged();
    repo.git("checkout -q -b third main").success();
    repo.commit_unchecked(&["backend/debug_x.py"]).git("checkout -q main").success();
    repo.stage("later.py").commit().silent();
    repo.git("merge -q --no-edit upstream third").success();
    assert_eq!(repo.git("log -1 --format=%p").success().split_whitespace().count(), 3);
}

#[test]
fn session_work_added_by_a_merge_is_refused() {
    let repo = diverged();
    repo.git("merge -q --no-commit upstream").success();
    repo.stage(NEW);
    repo.git("commit -q -m merge").refuses(&[NEW]);
}

#[test]
fn a_path_that_a_merge_combines_from_two_versions_is_refused() {
    let repo = Repo::new();
    let path = "backend/test_api.py";
    let lines = |first: &str, last: &str| format!("{first}\n2\n3\n4\n5\n6\n7\n{last}\n");
    repo.write(path, &lines("1", "8")).git("add -f backend").success();
    repo.git("commit -q --no-verify -m base").success();
    repo.git("checkout -q -b upstream").success();
    repo.write(path, &lines("theirs", "8")).git("commit -q -a --no-verify -m theirs").success();
    repo.git("checkout -q main").success();
    repo.write(path, &lines("1", "ours")).git("commit -q -a --no-verify -m ours").success();
    repo.git("merge -q --no-edit upstream").refuses(&[path]);
    repo.write(".stage-guard.toml", "tracked = \"allow\"\n");
    repo.git("commit -q --no-edit").silent();
}

#[test]
fn a_resolved_conflict_may_have_old_session_work_but_not_new() {
    let repo = conflicting();
    repo.stage(NEW);
    repo.commit().refuses(&[NEW]);
    repo.git_args(&["restore", "--staged", NEW]).success();
    repo.commit().silent();
    assert_eq!(repo.git("log -1 --format=%p").success().split_whitespace().count(), 2);
}

#[test]
fn session_work_added_by_a_merge_is_refused_with_a_split_index() {
    let repo = conflicting();
    repo.stage(NEW).git("update-index --split-index").success();
    repo.commit().refuses(&[NEW]);
}

#[test]
fn a_squashed_merge_has_one_parent() {
    let repo = diverged();
    repo.git("merge -q --squash upstream").success();
    repo.commit().refuses(&[OLD]);
}

#[test]
fn githead_variables_count_in_pre_merge_commit_only() {
    let repo = diverged();
    let upstream = repo.git("rev-parse upstream").success();
    let deceiving = repo.env(&format!("GITHEAD_{}", upstream.trim()), "upstream");
    repo.git("checkout -q upstream -- .claude_sessions").success();
    deceiving.commit().refuses(&[OLD]);
    deceiving.check().refuses(&[OLD]).code(1);
    deceiving.guard("hook pre-commit").refuses(&[OLD]).code(1);
    deceiving.guard("hook pre-merge-commit").silent();
}

#[test]
fn githead_variables_that_name_no_commit_are_ignored() {
    let repo = diverged();
    repo.stage(NEW);
    for name in ["GITHEAD_", "GITHEAD_nothing", "GITHEAD_1111111111111111111111111111111111111111"] {
        repo.env(name, "x").guard("hook pre-merge-commit").refuses(&[NEW]).code(1);
    }
}

#[test]
fn a_damaged_merge_head_is_an_error() {
    let repo = diverged();
    repo.write(".git/MERGE_HEAD", "nonsense\n").check().fails_with("MERGE_HEAD");
    repo.write(".git/MERGE_HEAD", &format!("{}\n", "1".repeat(40))).stage(NEW);
    repo.check().fails_with("1111");
}
