//! Every operation of git that adds commits, at every level: what is refused and what is not.

use std::sync::OnceLock;

use tempfile::TempDir;

use super::sandbox::Repo;

/// Session work in the cloned history.
const OLD: &str = ".claude_sessions/archive/old.py";
/// New session work, in `topic` and elsewhere.
const NEW: &str = ".claude_sessions/current/x.py";

#[derive(Clone, Copy, Debug, Eq, PartialEq, PartialOrd)]
enum Mode {
    Default,
    Strict,
    /// `--strict`, with previous hooks.
    Chained,
    Refs,
}

const MODES: [Mode; 4] = [Mode::Default, Mode::Strict, Mode::Chained, Mode::Refs];

const HOOKS: [&str; 6] = [
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "pre-applypatch",
    "pre-push",
    "reference-transaction",
];

/// Creates `work`, a clone of a project that contains old session work:
///
/// - `topic`: three commits, the second of which adds session work and another file
/// - `../patches`: the same commits as patches
/// - `../dirty`: the id of a commit with session work that no ref reaches
/// - `deleting`: a commit that deletes the old session work
/// - `side`: a clean commit that is not on `main`
/// - `../fork`: a clone with session work on its `main`
const MAKE: &str = "
    set -e
    git init -q -b main upstream
    cd upstream
    add() { mkdir -p $(dirname $1); echo $1 >$1; git add -f $1; }
    add README.md; git commit -q -m first
    add .claude_sessions/archive/old.py; add kept.py; git commit -q -m old
    add later.py; git commit -q -m later
    cd ..; git clone -q upstream work; git clone -q upstream fork
    cd fork; git remote set-url origin ../upstream
    add .claude_sessions/current/x.py; git commit -q -m forked
    cd ../work; git remote set-url origin ../upstream
    git checkout -q -b topic
    add one.py; git commit -q -m one
    add .claude_sessions/current/x.py; add two.py; git commit -q -m two
    add three.py; git commit -q -m three
    git format-patch -q -o ../patches origin/main
    git checkout -q --detach main
    add .claude_sessions/current/x.py; git commit -q -m dirty
    git rev-parse HEAD >../dirty
    git checkout -q -b deleting main; git rm -q -r .claude_sessions kept.py; git commit -q -m deleting
    git checkout -q -b side main; add side.py; git commit -q -m side
    git checkout -q main; add main.py; git commit -q -m main
";

/// Returns the directory that [`MAKE`] fills, once for all tests.
fn project() -> &'static TempDir {
    static PROJECT: OnceLock<TempDir> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let (home, project) = (Repo::home(), TempDir::new().unwrap());
        home.shell(MAKE).success();
        home.shell(&format!("cp -a upstream work fork patches dirty {}", project.path().display())).success();
        project
    })
}

/// Returns a guarded copy of the clone.
fn guarded(mode: Mode) -> Repo {
    let home = Repo::home();
    home.shell(&format!("cp -a {}/. .", project().path().display())).success();
    let work = home.child("work");
    if mode == Mode::Chained {
        for name in HOOKS {
            work.program(
                format!(".git/hooks/{name}"),
                &format!(
                    "#!/bin/sh\n{{ echo \"{name} $*\"; cat; }} >>\"$(git rev-parse --git-common-dir)/ran\"\n"
                ),
            );
        }
    }
    let level = match mode {
        Mode::Default => "install",
        Mode::Strict | Mode::Chained => "install --strict",
        Mode::Refs => "install --strict=refs",
    };
    work.guard(level).success();
    work
}

/// The targets of all refs and of `HEAD`.
fn refs(repo: &Repo) -> String {
    repo.shell("git for-each-ref --format='%(refname) %(objectname)' refs/heads refs/tags; git rev-parse HEAD; git symbolic-ref -q HEAD").out
}

/// Asserts that a line of shell is refused in the modes from `from` on and succeeds below.
///
/// After a refusal `after` ends the operation, and all refs are unchanged.
fn assert_refused_from(from: Mode, line: &str, after: &str) {
    for mode in MODES {
        let repo = guarded(mode);
        let before = refs(&repo);
        let run = repo.shell(&format!("set -e\n{line}"));
        let output = format!("{mode:?}: {line}\n{}{}", run.out, run.err);
        assert_eq!(output.contains("refused: "), mode >= from, "{output}");
        if mode < from {
            assert_eq!(run.code, 0, "{output}");
            continue;
        }
        assert_ne!(run.code, 0, "{output}");
        assert!(
            output.contains(&format!("refused: {NEW} [session-directory]"))
                || output.contains(&format!("refused: {OLD} [")),
            "{output}"
        );
        let ended = repo.shell(after);
        assert_eq!(ended.code, 0, "{output}\n{ended:?}");
        assert_eq!(refs(&repo), before, "{output}");
        repo.git("fsck").success();
    }
}

/// Asserts that a line of shell succeeds in each mode without a message of the guard.
fn assert_allowed(line: &str) {
    for mode in MODES {
        let repo = guarded(mode);
        let run = repo.shell(&format!("set -e\n{line}"));
        assert_eq!(run.code, 0, "{mode:?}: {line}\n{run:?}");
        assert!(
            !run.err.contains("refused") && !run.err.contains("stage-guard"),
            "{mode:?}: {line}\n{run:?}"
        );
    }
}

macro_rules! refused {
    ($($case:ident: $from:ident, $line:expr, $after:expr;)*) => {
        $(#[test] fn $case() { assert_refused_from(Mode::$from, $line, $after); })*
    };
}

macro_rules! allowed {
    ($($case:ident: $line:expr;)*) => { mod allowed { $(#[test] fn $case() { super::assert_allowed($line); })* } };
}

const STAGE: &str =
    "mkdir -p .claude_sessions/current; echo x >.claude_sessions/current/x.py; git add -f .claude_sessions";

refused! {
    commit: Default, &format!("{STAGE}; git commit -q -m x"), "git reset -q";
    commit_all: Default, &format!("{STAGE}; git commit -q -a -m x"), "git reset -q";
    commit_amend: Default, &format!("{STAGE}; git commit -q --amend --no-edit"), "git reset -q";
    commit_no_verify: Strict, &format!("{STAGE}; git commit -q --no-verify -m x"), "git reset -q";
    commit_no_verify_all: Strict, &format!("{STAGE}; echo y >.claude_sessions/current/x.py; git commit -q -a --no-verify -m x"), "git reset -q";
    commit_no_verify_path: Strict, &format!("{STAGE}; git commit -q -n -m x .claude_sessions"), "git reset -q";
    commit_no_verify_amend: Strict, &format!("{STAGE}; git commit -q --amend -n --no-edit"), "git reset -q";
    commit_no_verify_with_an_editor: Strict, &format!("{STAGE}; GIT_EDITOR='echo x >' git commit -q -n"), "git reset -q";
    commit_no_verify_when_detached: Strict, &format!("git checkout -q --detach; {STAGE}; git commit -q -n -m x"), "git reset -q; git checkout -q main";
    merge_no_verify: Strict, &format!("git merge -q --no-commit side; {STAGE}; git commit -q --no-verify -m x"), "git merge --abort";
    merge_squash: Strict, "git merge -q --squash topic; git commit -q -n -m x", "git reset -q --hard";
    cherry_pick: Strict, "git cherry-pick topic~1", "git cherry-pick --abort";
    cherry_pick_of_several: Strict, "git cherry-pick main..topic", "git cherry-pick --abort";
    cherry_pick_without_commit: Strict, "git cherry-pick -n topic~1; git commit -q -n -m x", "git reset -q --hard";
    revert_of_a_deletion: Strict, "git checkout -q deleting; git revert --no-edit HEAD", "git revert --abort; git checkout -q main";
    rebase: Strict, "git checkout -q topic; git rebase -q main", "git rebase --abort; git checkout -q main";
    rebase_apply: Strict, "git checkout -q topic; git rebase -q --apply main", "git rebase --abort; git checkout -q main";
    rebase_continue: Strict, "echo ours >two.py; git add two.py; git commit -q -m ours; git checkout -q topic; git rebase -q main || true; echo both >two.py; git add two.py; GIT_EDITOR=: git rebase --continue", "git rebase --abort; git checkout -q main; git reset -q --hard HEAD~1";
    rebase_edit: Strict, &format!("git checkout -q side; GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' git rebase -q -i main; {STAGE}; git commit -q --amend -n --no-edit"), "git rebase --abort; git checkout -q main";
    rebase_exec: Strict, "git checkout -q side; git rebase -q main --exec 'mkdir -p .claude_sessions/current; echo x >.claude_sessions/current/x.py; git add -f .claude_sessions; git commit -q -n -m x'", "git rebase --abort; git checkout -q main";
    rebase_squash: Strict, "git checkout -q topic; GIT_EDITOR=: GIT_SEQUENCE_EDITOR='sed -i 2s/^pick/squash/' git rebase -q -i main", "git rebase --abort; git checkout -q main";
    rebase_onto_itself_without_fast_forward: Strict, "git checkout -q topic; git rebase -q --no-ff origin/main", "git rebase --abort; git checkout -q main";
    am: Strict, "git am -q ../patches/*", "git am --abort";
    am_three_way: Strict, "git am -q -3 ../patches/*", "git am --abort";
    rebase_when_detached: Strict, "git checkout -q --detach $(cat ../dirty); git rebase -q main", "test $(git rebase --abort; git rev-parse HEAD) = $(cat ../dirty); git checkout -q main";
    pull_rebase: Strict, "git checkout -q -b mine topic; git branch -q --set-upstream-to=main; git pull -q --rebase", "git rebase --abort; git checkout -q main; git branch -q -D mine";
    commit_tree: Refs, "git update-ref refs/heads/x $(git commit-tree -p main -m x $(git rev-parse $(cat ../dirty)^{tree}))", ":";
    update_ref: Refs, "git update-ref refs/heads/main $(cat ../dirty)", ":";
    update_ref_of_several: Refs, "printf 'create refs/heads/a main\\ncreate refs/heads/b %s\\n' $(cat ../dirty) | git update-ref --stdin", ":";
    update_ref_after_many_tags: Refs, "{ for i in $(seq 19); do echo create refs/tags/$i main; done; echo create refs/heads/b $(cat ../dirty); } | git update-ref --stdin", ":";
    update_ref_after_many_other_refs: Refs, "{ for i in $(seq 20); do echo create refs/remotes/$i main; done; echo create refs/x main; echo create refs/heads/b $(cat ../dirty); } | git update-ref --stdin", ":";
    update_ref_before_others: Refs, "{ echo create refs/heads/b $(cat ../dirty); for i in $(seq 200); do echo create refs/x/$i main; done; } | git update-ref --stdin", ":";
    update_ref_of_a_new_history: Refs, "git update-ref refs/heads/x $(git commit-tree -m x $(git rev-parse $(cat ../dirty)^{tree}))", ":";
    fast_import: Refs, "printf 'commit refs/heads/x\\ncommitter a <a@b> 1 +0000\\ndata 1\\nx\\nfrom refs/heads/main\\nM 100644 inline .claude_sessions/current/x.py\\ndata 1\\nx\\n' | git fast-import --quiet --force", ":";
    branch_force: Refs, "git branch -f side $(cat ../dirty)", ":";
    branch_new: Refs, "git branch x $(cat ../dirty)", ":";
    switch_to_a_new_branch: Refs, "git switch -q -c x $(cat ../dirty)", "git checkout -q -f main";
    reset_hard: Refs, "git reset -q --hard $(cat ../dirty)", "git reset -q --hard";
    merge_fast_forward: Refs, "git reset -q --hard origin/main; git merge -q --ff-only $(cat ../dirty)", "git reset -q --hard ORIG_HEAD; git reset -q --hard main@{1}";
    merge_of_a_commit_that_no_ref_reaches: Refs, "git merge -q --no-edit $(cat ../dirty)", "git merge --abort";
    fetch_into_a_branch: Refs, "git fetch -q ../fork main:x", ":";
    pull_of_a_url: Refs, "git reset -q --hard origin/main; git pull -q --ff-only ../fork main", "git reset -q --hard; git reset -q --hard main@{1}";
    branch_at_a_commit_made_without_hooks: Refs, "git checkout -q --detach; git -c core.hooksPath=/dev/null checkout -q $(cat ../dirty); git checkout -q -b x", "git checkout -q -f main";
    new_branch_in_a_linked_worktree: Refs, "git -c core.hooksPath=/dev/null worktree add -q --detach ../linked $(cat ../dirty); git -C ../linked switch -q -c x", "git worktree remove -f ../linked";
    branch_on_top_of_a_fetched_commit: Refs, "git fetch -q ../fork main; git checkout -q FETCH_HEAD; git commit -q --allow-empty -m mine; git checkout -q -b x", "git checkout -q -f main";
    branch_with_a_detached_head: Refs, "git checkout -q $(cat ../dirty); new=$(git commit-tree -p HEAD -m x HEAD^{tree}); printf 'update HEAD %s %s\\ncreate refs/heads/x %s\\n' $new $(cat ../dirty) $new | git update-ref --no-deref --stdin", "git checkout -q main";
    merge_of_work_on_a_fetched_commit: Refs, "git fetch -q ../fork main; git checkout -q FETCH_HEAD; git commit -q --allow-empty -m mine; git checkout -q main; git merge -q --no-edit HEAD@{1}", "git merge --abort";
    own_session_work_on_a_fetched_commit: Strict, "git fetch -q ../fork main; git checkout -q FETCH_HEAD; echo own >.claude_sessions/current/x.py; git add -f .claude_sessions; git commit -q -n -m own", "git reset -q --hard; git checkout -q main";
    reset_of_a_detached_head: Refs, "git checkout -q --detach; git reset -q --hard $(cat ../dirty)", "git reset -q --hard; git checkout -q main";
    push_into_a_worktree: Refs, "git config receive.denyCurrentBranch updateInstead; git config core.bare false; git -C ../fork fetch -q ../work main; git -C ../fork rebase -q FETCH_HEAD; git -C ../fork push -q ../work main", ":";
}

allowed! {
    work_on_a_fetched_commit: "git fetch -q ../fork main; git checkout -q FETCH_HEAD; echo 1 >mine.py; git add mine.py; git commit -q -m mine; git commit -q --amend -m own; git cherry-pick topic; git merge -q --no-edit side; git reset -q --hard HEAD~1; git revert --no-edit HEAD; git am -q ../patches/0001*; git checkout -q main";
    fetch: "git fetch -q; git fetch -q ../fork; git fetch -q ../fork main:refs/remotes/fork/main";
    pull: "git reset -q --hard origin/main; git -C ../upstream commit -q --allow-empty -m new; git pull -q --ff-only";
    pull_of_session_work_on_a_remote_branch: "git reset -q --hard origin/main; git remote add fork ../fork; git fetch -q fork; git merge -q --ff-only fork/main";
    pull_with_a_merge: "git remote add fork ../fork; git pull -q --no-rebase --no-edit fork main";
    pull_with_rebase: "git -C ../upstream commit -q --allow-empty -m new; git pull -q --rebase";
    merge_of_a_branch_with_session_work: "git merge -q --no-edit topic";
    merge_without_verify: "git merge -q --no-edit --no-verify topic";
    octopus: "git merge -q --no-edit topic side";
    clone: "git clone -q ../upstream ../another; git clone -q . ../third; git -C ../third status";
    worktree_add: "git worktree add -q ../linked topic; git worktree add -q -b new ../second topic; git -C ../linked status; git worktree remove ../linked";
    checkout: "git checkout -q topic; git checkout -q topic~1; git checkout -q $(cat ../dirty); git switch -q --detach $(cat ../dirty); git checkout -q main";
    branch_at_a_commit_that_a_branch_reaches: "git branch x topic; git branch -f x topic~1; git checkout -q -b y topic~1; git reset -q --hard topic";
    bisect: "git bisect start topic origin/main; git bisect run true; git bisect reset";
    bisect_of_a_commit_that_no_ref_reaches: "git bisect start $(cat ../dirty) $(cat ../dirty)~2; git bisect good; git bisect reset";
    stash_when_detached: "git checkout -q $(cat ../dirty); echo y >kept.py; git stash -q; git stash pop -q";
    stash: "mkdir -p .claude_sessions/current; echo x >.claude_sessions/current/x.py; echo y >main.py; git add -f .claude_sessions; git stash -q; git stash pop -q; git stash -q -u; git stash drop -q";
    tag: "git tag light $(cat ../dirty); git tag -m tag heavy $(cat ../dirty); git tag -d light";
    notes: "git notes add -m note; git notes add -f -m note topic~1";
    gc: "git gc -q; git pack-refs --all; git prune; git reflog expire --expire=now --all; git gc -q --prune=now";
    branch_deletion: "git branch -q -D topic side; git branch -m deleting renamed";
    orphan: "git checkout -q --orphan new; git rm -q -r --cached .; git add README.md; git commit -q -m new; git checkout -q -f main";
    root_commit: "git init -q ../fresh; git -C ../fresh commit -q --allow-empty -m first";
    commit: "echo x >main.py; git commit -q -a -m x; git commit -q --amend --no-edit; git commit -q --allow-empty -n -m x";
    commit_of_a_deletion: "git rm -q -r .claude_sessions; git commit -q -m deleted";
    cherry_pick_of_clean_commits: "git cherry-pick topic side";
    revert: "git revert --no-edit HEAD; git revert --no-edit HEAD";
    rebase: "git checkout -q side; git rebase -q main; git rebase -q --apply deleting";
    rebase_interactive: "git checkout -q side; GIT_SEQUENCE_EDITOR=: git rebase -q -i --no-ff HEAD~2 --exec true";
    am: "git am -q ../patches/0001*";
    reset: "git reset -q --hard HEAD~1; git reset -q --hard ORIG_HEAD; git reset -q --soft HEAD~1";
    remote_branches: "git remote rename origin up; git remote update; git remote prune up; git remote remove up";
    symbolic_refs: "git symbolic-ref refs/heads/alias refs/heads/main; git symbolic-ref HEAD refs/heads/side; git symbolic-ref HEAD refs/heads/main";
    replace: "git replace topic~1 $(cat ../dirty); git replace -d topic~1";
    submodule: "git -c protocol.file.allow=always submodule --quiet add ../upstream sub; git commit -q -m sub; git submodule --quiet update";
    push_of_clean_commits: "git clone -q --bare ../upstream ../server; git push -q ../server main side deleting; git push -q ../server :side";
    maintenance: "git maintenance run --task=gc --quiet; git fsck";
}

/// Asserts that a refused operation can continue with its `stow:` command and then `next`.
///
/// Afterwards `check` succeeds, and the worktree is clean because session work is ignored.
fn assert_continues(mode: Mode, line: &str, next: &str, check: &str) {
    let repo = guarded(mode);
    let run = repo.shell(&format!("set -e\n{line}"));
    assert!(run.code != 0 && run.err.contains("\nstow: "), "{run:?}");
    let next = repo.shell(&format!("set -e\n{}\n{next}", run.stow_command()));
    assert_eq!(next.code, 0, "{mode:?}: {line}\n{run:?}\n{next:?}");
    let check = repo.shell(&format!("set -ex\n{check}\ntest -z \"$(git status --porcelain)\""));
    assert_eq!(check.code, 0, "{mode:?}: {line}\n{run:?}\n{next:?}\n{check:?}");
}

/// `log` prints the subjects of new commits, `files` the author and files of a commit.
const LOG: &str = "log() { git log --reverse --format=%s origin/main.. | tr '\\n' ' '; }; files() { git show --format=%an --name-only $1 | tr '\\n' ' '; }";

macro_rules! continues {
    ($($case:ident: $mode:ident, $line:expr, $next:expr, $check:expr;)*) => {
        mod continues { use super::*; $(#[test] fn $case() { assert_continues(Mode::$mode, $line, $next, &format!("{LOG}\n{}", $check)); })* }
    };
}

const DROP: &str = "GIT_SEQUENCE_EDITOR='sed -i /two$/d' git rebase --edit-todo";

continues! {
    commit: Strict, &format!("{STAGE}; git add .; echo x >new.py; git add new.py; git commit -q -n -m new"), "git commit -q -m new",
        "test \"$(log)\" = 'main new '; test \"$(files HEAD)\" = 'A U Thor  new.py '";
    cherry_pick: Strict, "git cherry-pick topic~1", "GIT_EDITOR=: git cherry-pick --continue",
        "test \"$(log)\" = 'main two '; test \"$(files HEAD)\" = 'A U Thor  two.py '; test -f .claude_sessions/current/x.py";
    cherry_pick_of_several: Strict, "git cherry-pick main..topic", "GIT_EDITOR=: git cherry-pick --continue",
        "test \"$(log)\" = 'main one two three '; test \"$(files HEAD~1)\" = 'A U Thor  two.py '";
    cherry_pick_of_a_commit_with_only_session_work: Strict, "git cherry-pick $(cat ../dirty) side", "git cherry-pick --skip",
        "test \"$(log)\" = 'main side '";
    revert: Strict, "git checkout -q deleting; git revert --no-edit HEAD", "git commit -q --no-edit",
        "git log -1 --format=%s | grep -q Revert; test \"$(files HEAD)\" = 'A U Thor  kept.py '";
    revert_of_several: Strict, "git checkout -q deleting; git commit -q --allow-empty -m e; git revert --no-edit HEAD~1 HEAD~2", "git commit -q --no-edit; git revert --continue || git revert --abort", "files HEAD";
    rebase: Strict, "git checkout -q topic; git rebase -q main", &format!("git commit -q --no-edit; {DROP}; GIT_EDITOR=: git rebase --continue"),
        "test \"$(log)\" = 'main one two three '; test \"$(files HEAD~1)\" = 'A U Thor  two.py '; test $(git rev-parse HEAD) = $(git rev-parse topic)";
    rebase_with_refs: Refs, "git checkout -q topic; git rebase -q main", &format!("git commit -q --no-edit; {DROP}; GIT_EDITOR=: git rebase --continue"),
        "test \"$(log)\" = 'main one two three '; test $(git rev-parse HEAD) = $(git rev-parse topic)";
    rebase_of_a_commit_with_only_session_work: Strict, "git checkout -q -b mine $(cat ../dirty); git cherry-pick side; git rebase -q main", "GIT_SEQUENCE_EDITOR='sed -i /dirty$/d' git rebase --edit-todo; git rebase --continue",
        "test \"$(log)\" = 'main side '";
    rebase_continue: Strict, "echo ours >two.py; git add two.py; git commit -q -m ours; git checkout -q topic; git rebase -q main || true; echo both >two.py; git add two.py; GIT_EDITOR=: git rebase --continue", "GIT_EDITOR=: git rebase --continue",
        "test \"$(log)\" = 'main ours one two three '; test \"$(files HEAD~1)\" = 'A U Thor  two.py '";
    rebase_fixup: Strict, "git checkout -q topic; GIT_SEQUENCE_EDITOR='sed -i 2s/^pick/fixup/' git rebase -q -i main", &format!("git commit -q --amend --no-edit; {DROP}; GIT_EDITOR=: git rebase --continue || git rebase --abort"),
        "git log --format=%s origin/main.. | grep -q three";
    rebase_edit: Strict, &format!("git checkout -q side; GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' git rebase -q -i main; {STAGE}; GIT_EDITOR=: git rebase --continue"), "GIT_EDITOR=: git rebase --continue",
        "test \"$(log)\" = 'main side '";
    rebase_apply: Strict, "git checkout -q topic; git rebase -q --apply main", "git rebase --continue",
        "test \"$(log)\" = 'main one two three '; test \"$(files HEAD~1)\" = 'A U Thor  two.py '";
    am: Strict, "git am -q ../patches/*", "git am -q --continue", "test \"$(log)\" = 'main one two three '; test \"$(files HEAD~1)\" = 'A U Thor  two.py '";
    merge: Strict, &format!("git merge -q --no-commit side; {STAGE}; git commit -q -n -m merge"), "git commit -q -m merge", "test \"$(git log -1 --format=%s%P | wc -w)\" = 2";
}

#[test]
fn am_no_verify() {
    if !Repo::git_is_at_least((2, 40)) {
        eprintln!("skipped: this git am has no --no-verify");
        return;
    }
    assert_refused_from(Mode::Refs, "git am -q --no-verify ../patches/*", "git am --abort");
    let check = format!("{LOG}\ntest \"$(log)\" = 'main one two three '");
    assert_continues(
        Mode::Refs,
        "git am -q --no-verify ../patches/*",
        "git am -q --no-verify --continue",
        &check,
    );
}

/// Adds commits to no ref: `GONE` has deleted session work again, and `MERGED` merges it.
fn with_deleted_session_work(repo: &Repo) -> Repo {
    let child = "child() { git commit-tree -m child $(printf ' -p %s' \"$@\") $(git write-tree); }";
    let line = "git read-tree $(cat ../dirty); git rm -q --cached -r --ignore-unmatch -- .claude_sessions backend; \
                blob=$(echo theirs | git hash-object -w --stdin); git update-index --add --cacheinfo 100644,$blob,theirs.py; \
                child $(cat ../dirty); child HEAD $(cat ../dirty)";
    let ids = repo.shell(&format!("{child}\nexport GIT_INDEX_FILE=$PWD/../scratch\n{line}")).success();
    let (gone, merged) = ids.trim().split_once('\n').unwrap();
    repo.env("GONE", gone).env("MERGED", merged)
}

/// `git reset --hard`, a fast-forward and similar commands change files before the hook runs.
#[test]
fn the_restore_command_undoes_changes_to_files_and_keeps_others() {
    for (mine, line, status) in [
        ("", "git reset -q --hard $(cat ../dirty)", ""),
        (STAGED, "git merge -q --ff-only $(cat ../dirty)", " M kept.py\nA  staged.py\n"),
        (STAGED, "git branch -f side $(cat ../dirty)", " M kept.py\nA  staged.py\n"),
        (STAGED, "git update-ref refs/heads/x $(cat ../dirty)", " M kept.py\nA  staged.py\n"),
        ("", "git switch -q -c x $(cat ../dirty)", ""),
        ("git add -A", "git merge -q --ff-only --autostash $(cat ../dirty)", ""),
        (
            "echo one >>kept.py; git add kept.py; echo two >>kept.py",
            "git merge -q --ff-only --autostash $(cat ../dirty)",
            "MM kept.py\n",
        ),
        ("echo changed >kept.py", "git merge -q --ff-only --autostash $(cat ../dirty)", " M kept.py\n"),
        ("echo changed >kept.py", "git pull -q --ff-only --autostash ../fork main", " M kept.py\n"),
        ("echo changed >kept.py", "git rebase -q --apply --autostash $(cat ../dirty)", " M kept.py\n"),
        ("echo changed >kept.py", "git rebase -q --autostash $(cat ../dirty)", " M kept.py\n"),
        (STAGED, "git reset -q --keep $(cat ../dirty)", " M kept.py\n?? staged.py\n"),
        ("", "git reset -q --merge $(cat ../dirty)", ""),
        ("", "git checkout -q -B main $(cat ../dirty)", ""),
        ("echo changed >kept.py", "git reset -q $(cat ../dirty)", " M kept.py\n"),
        ("echo changed >kept.py", "git reset --no-refresh $(cat ../dirty)", " M kept.py\n"),
        ("echo note >note; git add -N note", "git merge -q --ff-only $(cat ../dirty)", " A note\n"),
        ("", "git reset -q --hard $GONE", ""),
        (STAGED, "git merge -q --ff-only $GONE", " M kept.py\nA  staged.py\n"),
        (STAGED, "git merge -q --ff-only $MERGED", " M kept.py\nA  staged.py\n"),
        (STAGED, "git checkout -q -B main $GONE", " M kept.py\nA  staged.py\n"),
        (STAGED, "git pull -q --ff-only . $GONE", " M kept.py\nA  staged.py\n"),
        (STAGED, "git branch -f side $GONE", " M kept.py\nA  staged.py\n"),
        ("echo changed >kept.py", "git reset -q $GONE", " M kept.py\n"),
    ] {
        let repo = guarded(Mode::Refs);
        repo.git("reset -q --hard origin/main").success();
        let repo = with_deleted_session_work(&repo);
        repo.shell(mine).success();
        let refused = repo.shell(line);
        assert!(
            refused.code != 0 && refused.err.contains("\nnote: HEAD and all refs are unchanged\n"),
            "{refused:?}"
        );
        let is_abort = |line: &&str| line.ends_with("--abort");
        let restore = refused
            .err
            .lines()
            .find_map(|line| line.strip_prefix("restore: ").or(line.strip_prefix("then: ").filter(is_abort)));
        repo.shell(restore.unwrap_or_default()).success();
        assert_eq!(repo.git("status --porcelain").success(), status, "{line}: {refused:?}");
    }
}

/// The merge of a local change by `git checkout --merge` may conflict.
#[test]
fn a_conflict_of_a_rejected_checkout_is_restored_in_steps() {
    let repo = guarded(Mode::Refs);
    repo.git("reset -q --hard origin/main").success();
    let theirs = repo
        .shell(
            "p=kept.py; export GIT_INDEX_FILE=$PWD/../scratch; git read-tree $(cat ../dirty); \
        git update-index --add --cacheinfo 100644,$(echo theirs | git hash-object -w --stdin),$p; \
        git commit-tree -p $(cat ../dirty) -m theirs $(git write-tree)",
        )
        .success();
    repo.shell("echo mine >kept.py").success();
    let refused = repo.git(&format!("checkout -q -m -B main {}", theirs.trim()));
    let restore = refused.err.lines().find_map(|line| line.strip_prefix("restore: "));
    let restore = restore.unwrap_or_else(|| panic!("{refused:?}")).replace("PATH", "kept.py");
    let commands: Vec<&str> = restore.split('`').skip(1).step_by(2).collect();
    repo.shell(&format!("set -e; {}", commands.join("; "))).success();
    assert_eq!(repo.git("status --porcelain").success(), " M kept.py\n", "{refused:?}");
    assert_eq!(repo.read("kept.py"), "mine\n");
}

#[test]
fn a_pull_into_an_unborn_branch_is_restored() {
    let repo = guarded(Mode::Refs);
    repo.git("init -q -b main ../unborn").success();
    let unborn = repo.sibling("unborn");
    unborn.guard("install --strict=refs").success();
    let refused = unborn.git("pull -q ../fork main");
    let restore = refused.err.lines().find_map(|line| line.strip_prefix("restore: "));
    unborn.shell(restore.unwrap_or_else(|| panic!("{refused:?}"))).success();
    assert_eq!(unborn.git("status --porcelain").success(), "");
}

/// A branch would add the session work of others to this repository. Without one, work goes on.
#[test]
fn a_commit_that_no_branch_may_reach_is_checked_out_without_one() {
    for line in [
        "git fetch -q ../fork main; git checkout -q -b pr FETCH_HEAD",
        "git fetch -q ../fork main; git switch -q -c pr FETCH_HEAD",
        "git fetch -q ../fork main:pr",
        "git fetch -q ../fork main; git branch pr FETCH_HEAD",
        "git worktree add -q --detach ../linked; cd ../linked; git fetch -q ../fork main; git branch pr FETCH_HEAD",
    ] {
        let repo = guarded(Mode::Refs);
        let refused = repo.shell(&format!("{line}; pwd"));
        let directory = refused.out.lines().last().unwrap();
        let repo = repo.child(directory);
        for key in ["restore: ", "then: "] {
            let command = refused.err.lines().find_map(|line| line.strip_prefix(key));
            assert!(command.is_some() || key != "then: ", "{refused:?}");
            repo.shell(command.unwrap_or_default()).success();
        }
        assert_eq!(repo.git("log -1 --format=%s").success(), "forked\n", "{line}");
        assert_eq!(repo.git("status --porcelain").success(), "", "{line}");
        repo.stage("mine.py").commit().silent();
        repo.stage(".claude_sessions/current/mine.py")
            .commit()
            .refuses(&[".claude_sessions/current/mine.py"]);
    }
}

/// Such work looks like a change that git has made.
#[test]
fn work_that_was_uncommitted_before_is_stashed() {
    for reset in
        ["git reset -q --soft HEAD~1; git reset -q --soft $DIRTY", "git reset -q HEAD~1; git reset -q $DIRTY"]
    {
        let repo = guarded(Mode::Default);
        repo.shell(&format!("{STAGE}; echo good >good.py; git add good.py; git commit -q -n -m dirty"))
            .success();
        repo.guard("install --strict=refs").success();
        let dirty = repo.git("rev-parse HEAD").success();
        let repo = repo.env("DIRTY", dirty.trim());
        let refused = repo.shell(reset);
        let restore = refused
            .err
            .lines()
            .find_map(|line| line.strip_prefix("restore: "))
            .unwrap_or_else(|| panic!("{refused:?}"));
        repo.shell(restore).success();
        if repo.git("stash list").success().is_empty() {
            repo.git("add -f .").success();
        } else {
            assert!(!repo.exists("good.py"));
            repo.git("stash pop").success();
        }
        assert_eq!((repo.read("good.py"), repo.read(NEW)), ("good\n".to_owned(), "x\n".to_owned()));
    }
}

const STAGED: &str = "echo staged >staged.py; git add staged.py; echo changed >kept.py";

/// The refused path is in a commit of another person.
#[test]
fn an_operation_that_cannot_continue_is_aborted() {
    for (line, abort) in [
        ("git merge -q --no-edit $(cat ../dirty)", "git merge --abort"),
        ("git pull -q --no-rebase --no-edit ../fork main", "git merge --abort"),
        ("git rebase -q $(cat ../dirty)", "git rebase --abort"),
        ("git pull -q --rebase ../fork main", "git rebase --abort"),
    ] {
        let repo = guarded(Mode::Refs);
        let before = refs(&repo);
        let refused = repo.shell(line);
        assert!(refused.code != 0 && !refused.err.contains("\nstow: "), "{refused:?}");
        assert_eq!(
            refused.err.lines().find_map(|line| line.strip_prefix("then: ")),
            Some(abort),
            "{refused:?}"
        );
        repo.shell(abort).success();
        assert_eq!(refs(&repo), before);
        assert_eq!(repo.git("status --porcelain").success(), "");
    }
}

#[test]
fn an_amended_commit_can_lose_its_session_work() {
    for (line, end) in [
        ("git checkout -q topic~1; git commit -q -n --amend -m new", "new"),
        (
            "git checkout -q topic; GIT_EDITOR='echo new >' GIT_SEQUENCE_EDITOR='sed -i 2s/^pick/reword/' git rebase -q -i origin/main",
            "three",
        ),
        (
            "git checkout -q topic; GIT_SEQUENCE_EDITOR='sed -i 2s/^pick/edit/' git rebase -q -i origin/main; git commit -q --amend -n -m new",
            "three",
        ),
    ] {
        let repo = guarded(Mode::Refs);
        let refused = repo.shell(line);
        assert_ne!(refused.code, 0, "{refused:?}");
        let then = refused
            .err
            .lines()
            .find_map(|line| line.strip_prefix("then: "))
            .unwrap_or_else(|| panic!("{refused:?}"));
        let next = repo.shell(&format!("set -e; {}; {then}", refused.stow_command()));
        assert_eq!(next.code, 0, "{refused:?} {next:?}");
        repo.guard("check --range origin/main..HEAD").silent();
        let log = repo.git("log --format=%s origin/main..").success();
        assert!(log.starts_with(end) && log.contains("new\n") && repo.exists(NEW), "{next:?} {log}");
    }
}

#[test]
fn a_previous_hook_gets_arguments_and_standard_input() {
    let repo = guarded(Mode::Chained);
    repo.program(".git/hooks/post-commit", "#!/bin/sh\necho after >>.git/ran\n");
    repo.shell("echo x >main.py; git commit -q -a -m x; git clone -q --bare ../upstream ../server; git push -q ../server main side").success();
    let (main, side) = (repo.git("rev-parse main").success(), repo.git("rev-parse side").success());
    let old = repo.git("rev-parse main~1").success();
    let ran = repo.read(".git/ran");
    for line in [
        "pre-commit \n",
        "prepare-commit-msg .git/COMMIT_EDITMSG message\n",
        "reference-transaction prepared\n",
        "reference-transaction committed\n",
        "pre-push ../server ../server\n",
        &format!("{} {} refs/heads/main\n", old.trim(), main.trim()),
        &format!("refs/heads/side {} refs/heads/side {}\n", side.trim(), "0".repeat(40)),
    ] {
        assert!(ran.contains(line), "{line}: {ran}");
    }
}

#[test]
fn a_previous_hook_can_refuse_and_runs_only_after_the_guard_has_passed() {
    let repo = guarded(Mode::Chained);
    repo.program(".git/hooks.before-stage-guard/prepare-commit-msg", "#!/bin/sh\nexit 3\n");
    repo.git("commit -q --allow-empty -n -m x").code(1);
    repo.program(".git/hooks.before-stage-guard/pre-push", "echo no shebang >&2; cat >.git/pushed; exit 4\n");
    let run = repo.shell("git clone -q --bare ../upstream ../server; git push -q ../server main");
    assert!(run.code != 0 && run.err.contains("no shebang"), "{run:?}");
    assert!(repo.read(".git/pushed").starts_with("refs/heads/main "));
    repo.write(".git/ran", "").git("push -q ../server topic").refuses_any();
    assert_eq!(repo.read(".git/ran"), "");
}
