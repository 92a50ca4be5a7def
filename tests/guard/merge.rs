//! Merges: entries that a parent has already are not refused.

use super::sandbox::{Repo, cases};

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
    let path = "backend/debug_api.py";
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

/// A strictly guarded `main` whose last commit removes session work, and a merge of a branch
/// that still has it waits to be committed.
fn waiting_merge() -> Repo {
    let repo = Repo::new();
    repo.guard("install --strict").success();
    repo.stage(OLD);
    repo.git("-c core.hooksPath=/dev/null commit -q -m old").success();
    repo.git("branch upstream").success();
    repo.git_args(&["rm", "-q", OLD]).success();
    repo.git("commit -q -m gone").success();
    repo.stage("main.py").commit().silent();
    repo.git("branch -f gone HEAD^").success();
    repo.git("checkout -q upstream").success();
    repo.stage("upstream.py").commit().silent();
    repo.git("checkout -q main").success();
    repo.git("merge -q -s ours --no-commit upstream").success();
    assert!(repo.exists(".git/MERGE_HEAD"));
    repo
}

/// Asserts that the picked, reverted or applied session work is refused while a merge waits.
fn assert_refused_while_a_merge_waits(line: &str) {
    let repo = waiting_merge();
    let head = repo.git("rev-parse HEAD").success();
    let run = repo.shell(line);
    assert!(run.code != 0 && run.output().contains(&format!("refused: {OLD} ")), "{run:?}");
    assert_eq!(repo.git("rev-parse HEAD").success(), head);
}

cases! { assert_refused_while_a_merge_waits:
    cherry_pick_has_one_parent_while_a_merge_waits("git cherry-pick gone^");
    cherry_pick_with_a_date_has_one_parent_while_a_merge_waits(
        "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z git cherry-pick -x gone^"
    );
    revert_has_one_parent_while_a_merge_waits("git revert --no-edit gone");
    am_has_one_parent_while_a_merge_waits("git format-patch -q -1 --stdout gone^ >../patch && git am -q ../patch");
}

/// Asserts that session work of the merged branch is allowed in a merge that `line` concludes.
fn assert_merges(line: &str) {
    let repo = waiting_merge();
    repo.git_args(&["checkout", "-q", "upstream", "--", OLD]).success();
    repo.shell(line).success();
    assert_eq!(repo.git("log -1 --format=%p").success().split_whitespace().count(), 2);
    assert!(repo.git("ls-tree -r --name-only HEAD").success().contains(OLD));
}

cases! { assert_merges:
    commit_concludes_a_merge("git commit -q --no-edit");
    commit_with_a_message_concludes_a_merge("git commit -q -m merged");
    commit_with_the_message_of_a_commit_concludes_a_merge("git commit -q -C upstream");
    merge_continue_concludes_a_merge("GIT_EDITOR=true git merge --continue");
    commit_after_a_pick_with_a_conflict_concludes_a_merge(
        "git rev-parse gone >.git/CHERRY_PICK_HEAD && git commit -q -m merged"
    );
}

#[test]
fn a_rebase_makes_the_merges_of_old_session_work_again() {
    let repo = diverged();
    repo.git("merge -q --no-edit upstream").success();
    repo.git("checkout -q -b base HEAD^").success();
    repo.stage("base.py").commit().silent();
    repo.git("checkout -q main").success();
    repo.guard("install --strict").success();
    repo.git("rebase -q --rebase-merges base").success();
    assert_eq!(repo.git("log -1 --format=%p").success().split_whitespace().count(), 2);
}

/// Asserts that old session work is allowed in a merge of the tag that `line` creates.
fn assert_merges_tag(format: &[&str], index: &str, line: &str) {
    let repo = Repo::of_format(format);
    repo.git("checkout -q -b upstream").success();
    repo.write("shared.py", "theirs\n").git("add shared.py").success();
    repo.commit_unchecked(&[OLD]).shell(line).success();
    repo.git("checkout -q main").success();
    repo.write("shared.py", "ours\n").git("add shared.py").success();
    repo.commit().silent();
    repo.git(&format!("update-index {index}")).success();
    assert_eq!(repo.git("merge -q v1").code, 1);
    repo.write("shared.py", "both\n").git("add shared.py").success();
    repo.stage(NEW).commit().refuses(&[NEW]);
    repo.git_args(&["rm", "-q", "-f", NEW]).success();
    repo.commit().silent();
    assert_eq!(repo.git("log -1 --format=%p").success().split_whitespace().count(), 2);
}

cases! { assert_merges_tag:
    a_merge_of_an_annotated_tag(&[], "--no-split-index", "git tag -a -m 1 v1");
    a_merge_of_a_tag_of_a_tag(&[], "--no-split-index", "git tag -a -m 0 v0 && git tag -a -m 1 v1 v0 2>&1");
    a_merge_of_a_tag_with_a_split_index(&[], "--split-index", "git tag -a -m 0 v0 && git tag -a -m 1 v1 v0 2>&1");
    a_merge_of_a_tag_in_sha_256(&["--object-format=sha256"], "--no-split-index", "git tag -a -m 1 v1");
}

#[test]
fn a_clean_merge_of_an_annotated_tag_is_allowed() {
    let repo = diverged();
    repo.git("tag -a -m 1 v1 upstream").success();
    repo.git("merge -q --no-edit v1").success();
    assert_eq!(repo.git("log -1 --format=%p").success().split_whitespace().count(), 2);
}

#[test]
fn parents_that_libgit2_cannot_parse_are_read_by_git() {
    let repo = diverged();
    let odd = |commit: &str| {
        let tree = repo.git(&format!("rev-parse {commit}^{{tree}}")).success();
        let text = format!(
            "tree {tree}parent {}author someone a@example.org 1700000000 +0000\n\
             committer c <c@example.org> 1700000000 +0000\n\nimported\n",
            repo.git(&format!("rev-parse {commit}")).success()
        );
        let id = repo.git_with_input(
            &["hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
            text.as_bytes(),
        );
        id.success().trim().to_owned()
    };
    let (head, merged) = (odd("main"), odd("upstream"));
    repo.git(&format!("update-ref refs/heads/main {head}")).success();
    repo.stage(NEW).commit().refuses(&[NEW]);
    repo.git_args(&["rm", "-q", "-f", NEW]).success();
    repo.git(&format!("merge -q --no-commit {merged}")).success();
    repo.commit().silent();
    assert!(repo.git("ls-tree -r --name-only HEAD").success().contains(OLD));
}

/// `main` has the root of `upstream` below `parts/core`, by a merge that `git commit` concluded.
fn with_subtree(level: &str) -> Repo {
    let repo = Repo::new();
    repo.guard(&format!("install {level}")).success();
    repo.git("checkout -q --orphan upstream").success();
    repo.git("rm -q -r -f .").success();
    repo.stage("shared.py").stage(OLD).stage("scratch/x.py");
    repo.git("-c core.hooksPath=/dev/null commit -q -m upstream").success();
    repo.git("checkout -q main").success();
    repo.git("merge -q -s ours --no-commit --allow-unrelated-histories upstream").success();
    repo.git("read-tree --prefix=parts/core/ -u upstream").success();
    repo
}

/// Adds a commit to `upstream`, with more session work and another version of `shared.py`.
fn advance(repo: &Repo, script: &str) {
    repo.git("checkout -q upstream").success();
    repo.write("shared.py", &format!("theirs {script}\n")).stage(script).git("add shared.py").success();
    repo.git("-c core.hooksPath=/dev/null commit -q -m more").success();
    repo.git("checkout -q main").success();
}

#[test]
fn old_session_work_of_a_subtree_is_allowed() {
    for level in ["", "--strict"] {
        let repo = with_subtree(level);
        repo.commit().silent();
        advance(&repo, "scratch/y.py");
        repo.git("merge -q --no-edit -s subtree upstream").success();
        assert!(repo.exists("parts/core/scratch/y.py"));
        repo.write("parts/core/shared.py", "ours\n").git("commit -q -a -m ours").success();
        advance(&repo, "scratch/z.py");
        assert_eq!(repo.git("merge -q -X subtree=parts/core upstream").code, 1);
        repo.write("parts/core/shared.py", "both\n").git("add parts").success();
        repo.commit().silent();
        assert_eq!(repo.git("log -1 --format=%p").success().split_whitespace().count(), 2);
        for revision in ["HEAD", "HEAD~2", "HEAD~3"] {
            repo.guard(&format!("check --commit {revision}")).silent();
        }
    }
}

#[test]
fn old_session_work_of_a_subtree_is_allowed_where_its_prefix_is_removed() {
    let repo = with_subtree("--strict");
    repo.commit().silent();
    repo.git("checkout -q upstream").success();
    repo.git("checkout -q -b whole main").success();
    repo.stage("parts/core/scratch/y.py");
    repo.git("-c core.hooksPath=/dev/null commit -q -m whole").success();
    repo.git("checkout -q upstream").success();
    repo.stage("main.py").commit().silent();
    repo.git("merge -q --no-edit -X subtree=parts/core whole").success();
    assert!(repo.exists("scratch/y.py"));
    repo.guard("check --commit HEAD").silent();
}

#[test]
fn stow_gives_no_advice_about_session_work_that_a_merge_brings() {
    let repo = with_subtree("");
    repo.commit().silent();
    advance(&repo, ".claude_sessions/current/theirs.md");
    repo.git("merge -q --no-commit -s subtree upstream").success();
    let brought = "parts/core/.claude_sessions/current/theirs.md";
    // In the merge, and when it is amended.
    for _ in 0..2 {
        assert!(repo.git("ls-files").success().contains(brought));
        let out = repo.guard("stow").success();
        assert!(!out.contains("skipped:") && !out.contains("untrack:"), "{out}");
        repo.git("commit -q -m next --allow-empty").success();
    }
    // After that it is committed work as any other.
    let out = repo.guard("stow").success();
    assert!(out.contains(&format!("{brought}: committed earlier\n")), "{out}");
}

#[test]
fn new_session_work_in_a_merge_of_a_subtree_is_refused() {
    let repo = with_subtree("--strict");
    // The same contents under another name, the same name with other contents, an executable.
    let other = ["parts/core/scratch/other.py", "parts/core/sub/scratch/x.py", "run/scratch/x.py"];
    repo.write(other[0], "scratch/x.py\n").write(other[1], "changed\n").write(other[2], "scratch/x.py\n");
    repo.git_args(&[&["add", "-f"], &other[..]].concat()).success();
    repo.git_args(&["update-index", "--chmod=+x", other[2]]).success();
    repo.commit().refuses(&other);
    repo.git("-c core.hooksPath=/dev/null commit -q -m merged").success();
    repo.guard("check --commit HEAD").refuses(&other);
}

#[test]
fn a_copy_of_old_session_work_is_refused_outside_of_a_merge() {
    let repo = with_subtree("");
    repo.commit().silent();
    repo.write("copy/scratch/x.py", "scratch/x.py\n").git("add -f copy").success();
    repo.git_args(&["checkout", "-q", "upstream", "--", OLD]).success();
    repo.commit().refuses(&[OLD, "copy/scratch/x.py"]);
}

#[test]
fn a_copy_of_a_merged_file_is_refused() {
    let repo = with_subtree("--strict");
    repo.commit().silent();
    repo.git("checkout -q -b topic").success();
    repo.stage("lib/debug_x.py").stage("lib/index.py").commit().silent();
    repo.git("checkout -q main").success();
    repo.stage("more.py").commit().silent();
    repo.git("merge -q --no-commit topic").success();
    let copies = ["copy/scratch/x.py", "debug_x.py", "run/parts/core/scratch/x.py"];
    repo.shell("mkdir -p copy run; cp lib/debug_x.py .; cp -r parts run").success();
    repo.shell("cp -r parts/core/scratch copy; git add -f debug_x.py copy run/parts/core/scratch").success();
    repo.commit().refuses(&copies);
    repo.git("-c core.hooksPath=/dev/null commit -q -m merged").success();
    repo.guard("check --commit HEAD").refuses(&copies);
}
