//! Shallow histories, and files in the git directory that would hide commits.

use std::fs;

use super::commits::NOTE;
use super::sandbox::Repo;

/// Creates a guarded repository and two commits that no ref reaches: `$DIRTY` adds session
/// work, and `$TIP` removes it.
fn unreferenced_session_work() -> Repo {
    let repo = Repo::new();
    repo.guard("install --strict=refs").success();
    repo.git("checkout -q --detach").success();
    let commit = |message: &str| {
        repo.git(&format!("-c core.hooksPath=/dev/null commit -q -m {message}")).success();
        repo.git("rev-parse HEAD").success().trim().to_owned()
    };
    let dirty = commit_of(&repo, NOTE, &commit);
    repo.git(&format!("rm -q -r --cached {NOTE}")).success();
    let tip = commit_of(&repo, "clean.py", &commit);
    repo.git("checkout -q -f main").success();
    repo.env("DIRTY", dirty).env("TIP", tip)
}

fn commit_of(repo: &Repo, path: &str, commit: &dyn Fn(&str) -> String) -> String {
    repo.stage(path);
    commit(path)
}

/// Asserts that each door refuses the session work after `setup`.
fn assert_hides_nothing(setup: &str, variable: Option<(&str, &str)>) {
    let repo = unreferenced_session_work();
    repo.shell(&format!("set -e; {setup}")).success();
    if setup == WRITE_GRAPH {
        forge_commit_graph(&repo);
    }
    let repo = variable.iter().fold(repo.child("."), |repo, (name, value)| repo.env(name, value));
    let guard = env!("CARGO_BIN_EXE_stage-guard");
    for door in [
        "git branch x $TIP",
        "git checkout -q -b x $TIP",
        "git update-ref refs/heads/x $TIP",
        "git reset -q --hard $TIP",
        "git fetch -q . $TIP:refs/heads/x",
        "git push -q ../other $TIP:refs/heads/x",
        "echo x $TIP refs/heads/x $(git rev-parse main) | $GUARD hook pre-push origin url",
        "echo $(git rev-parse main) $TIP refs/heads/x | $GUARD hook pre-receive",
        "$GUARD check --range main..$TIP",
        "$GUARD check --commit $DIRTY",
    ] {
        let run = repo.env("GUARD", guard).shell(&format!("git init -q --bare ../other; {door}"));
        assert_ne!(run.code, 0, "{setup}: {door}: {run:?}");
        assert!(run.output().contains(&format!("refused: {NOTE} [")), "{setup}: {door}: {run:?}");
    }
}

const WRITE_GRAPH: &str = "echo $TIP | git commit-graph write --stdin-commits";

/// Changes the commit-graph file so that `$TIP` has the parent of `$DIRTY`.
fn forge_commit_graph(repo: &Repo) {
    let path = repo.path(".git/objects/info/commit-graph");
    let mut graph = fs::read(&path).unwrap();
    let chunk = |id: &[u8]| {
        let entry = (0..graph[6]).map(|i| 8 + 12 * usize::from(i)).find(|at| graph[*at..].starts_with(id));
        usize::try_from(u64::from_be_bytes(graph[entry.unwrap() + 4..][..8].try_into().unwrap())).unwrap()
    };
    let (ids, data) = (chunk(b"OIDL"), chunk(b"CDAT"));
    let position = |revision: &str| {
        let id = repo.shell(&format!("git rev-parse {revision}")).success();
        let hex = |i: usize| id.get(2 * i..2 * i + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let is_at = |i: &usize| (0..20).all(|byte| hex(byte) == Some(graph[ids + 20 * i + byte]));
        (0..3).find(is_at).unwrap()
    };
    let (tip, first) = (position("$TIP"), position("$DIRTY~1"));
    graph[data + 36 * tip + 20..][..4].copy_from_slice(&u32::try_from(first).unwrap().to_be_bytes());
    fs::remove_file(&path).unwrap();
    fs::write(&path, graph).unwrap();
    let forged = repo.shell("git rev-list --count $TIP").success();
    assert_eq!(forged, "2\n");
}

macro_rules! hides_nothing {
    ($($case:ident: $setup:expr $(, $name:literal = $value:literal)?;)*) => {
        mod hides_nothing {
            use super::*;
            $(#[test] fn $case() { assert_hides_nothing($setup, [$(($name, $value))?].first().copied()); })*
        }
    };
}

hides_nothing! {
    nothing: ":";
    a_shallow_file: "echo $TIP >.git/shallow";
    a_shallow_file_with_all_commits: "git rev-list $TIP >.git/shallow";
    a_shallow_file_in_the_environment: "echo $TIP >../cut", "GIT_SHALLOW_FILE" = "../cut";
    an_empty_shallow_file_in_the_environment: "echo $TIP >.git/shallow", "GIT_SHALLOW_FILE" = "/dev/null";
    grafts: "echo $TIP $(git rev-parse main) >.git/info/grafts";
    a_graft_without_parents: "echo $TIP >.git/info/grafts";
    a_graft_file: "echo $TIP $(git rev-parse main) >../grafts", "GIT_GRAFT_FILE" = "../grafts";
    a_replaced_commit: "git replace --graft $TIP main";
    a_replaced_parent: "git replace $DIRTY main";
    a_replaced_tree: "git replace $DIRTY^{tree} main^{tree}";
    a_commit_graph: WRITE_GRAPH;
}

/// Creates `../upstream`, whose `main` has old session work in `old` and below a merge, and
/// returns the directory that it is in.
fn upstream() -> Repo {
    let home = Repo::home();
    let make = format!(
        "set -e; git init -q -b main upstream; cd upstream
        git config uploadpack.allowFilter true; git config uploadpack.allowAnySHA1InWant true
        add() {{ mkdir -p $(dirname $1); echo $1 >$1; git add -f $1; git commit -q -m $2; }}
        add README.md first; add {NOTE} old; add a/b/one.py one
        git checkout -q -b topic HEAD~1; add c/d/two.py two
        git checkout -q main; git merge -q --no-edit topic; add backend/debug_x.py tip
        git -C .. init -q --bare server.git; git push -q ../server.git main"
    );
    home.shell(&make).success();
    home
}

/// Asserts that `line` is allowed in a guarded clone, and that it refuses own session work.
fn assert_known(clone: &str, line: &str) {
    let home = upstream();
    home.shell(&format!("set -e; url=file://$PWD/upstream; {clone}")).success();
    let clone = home.child("clone");
    clone.guard("install --strict=refs").success();
    let run = clone.shell(&format!("set -e; {line}"));
    assert!(run.code == 0 && !run.output().contains("stage-guard"), "{line}: {run:?}");
    let own = clone.shell(
        "git checkout -q -f --detach; mkdir -p x; echo own >x/debug_own.py; git add -f x
        mkdir -p .claude_sessions/current; echo own >.claude_sessions/current/own.py; git add -f .claude_sessions
        git -c core.hooksPath=/dev/null commit -q -m own
        git branch own; git push -q ../server.git HEAD:refs/heads/own"
    );
    assert_ne!(own.code, 0, "{line}: {own:?}");
    assert_eq!(own.err.matches("refused: .claude_sessions/current/own.py [").count(), 2, "{line}: {own:?}");
    assert!(!own.err.contains("x.py"), "{line}: {own:?}");
}

const SHALLOW: &str = "git clone -q --depth 1 $url clone";
const TREELESS: &str = "git clone -q --filter=tree:0 $url clone";
const BLOBLESS: &str = "git clone -q --filter=blob:none $url clone";

macro_rules! known {
    ($($case:ident: $clone:expr, $line:expr;)*) => {
        mod known { use super::*; $(#[test] fn $case() { assert_known($clone, $line); })* }
    };
}

known! {
    first_push_of_a_shallow_clone: SHALLOW, "git remote rm origin; git push -q ../server.git HEAD:refs/heads/x";
    push_of_a_clean_commit_in_a_shallow_clone: SHALLOW, "git commit -q --allow-empty -m clean; git push -q origin HEAD:x; git push -q ../server.git HEAD:refs/heads/x";
    branch_in_a_shallow_clone: SHALLOW, "git remote rm origin; git checkout -q --detach; git branch -D main; git branch x; git branch -f y x";
    shallow_clone_of_all_branches: "git clone -q --depth 1 --no-single-branch $url clone", "git branch x origin/topic; git push -q ../server.git x main";
    shallow_clone_with_a_merge: "git clone -q --depth 2 $url clone", "git push -q ../server.git HEAD:refs/heads/x";
    shallow_since: "git clone -q --shallow-since=2000-01-01 $url clone", "git branch x; git push -q origin x";
    shallow_fetch_into_a_branch: "git init -q -b mine clone; git -C clone commit -q --allow-empty -m own", "git fetch -q --depth 1 file://$PWD/../upstream main:x; git checkout -q x";
    shallow_fetch_of_a_commit: "git init -q -b mine clone; git -C clone commit -q --allow-empty -m own", "git fetch -q --depth 1 file://$PWD/../upstream main; git checkout -q FETCH_HEAD; git checkout -q -b x";
    deepened: SHALLOW, "git fetch -q --deepen 1; git branch x; git fetch -q --unshallow; git branch y origin/main~3; git reset -q --hard HEAD~1";
    shallow_submodule: SHALLOW, "git -c protocol.file.allow=always submodule --quiet add --depth 1 file://$PWD/../upstream sub; git commit -q -m sub";
    treeless_branch: TREELESS, "git branch x origin/main~1; git branch -f x origin/main~3; git checkout -q -b y origin/main~2";
    treeless_push: TREELESS, "git push -q origin HEAD~1:refs/heads/x; git push -q ../server.git HEAD~2:refs/heads/x";
    treeless_reset: TREELESS, "git reset -q --hard origin/main~2; git reset -q --hard origin/main";
    treeless_merge: TREELESS, "git reset -q --hard origin/main~1^; git merge -q --no-edit origin/main~1^2; git push -q ../server.git HEAD:refs/heads/x";
    blobless_merge: BLOBLESS, "git reset -q --hard origin/main~1^; git merge -q --no-edit origin/main~1^2; git push -q ../server.git HEAD:refs/heads/x; git rebase -q origin/main";
    blobless_commit: BLOBLESS, "git checkout -q -b x origin/main~2; echo y >y.py; git add y.py; git commit -q -m y; git push -q origin x";
    shallow_and_treeless: "git clone -q --depth 1 --filter=tree:0 $url clone", "git branch x; git commit -q --allow-empty -m clean; git push -q origin HEAD:x; git remote rm origin; git push -q ../server.git HEAD:refs/heads/y";
}

/// git does not fetch the trees of the new commits for the hook.
#[test]
fn a_fetch_into_a_branch_of_a_treeless_clone_takes_two_steps() {
    let home = upstream();
    home.shell(&format!("set -e; url=file://$PWD/upstream; {TREELESS}")).success();
    let clone = home.child("clone");
    clone.guard("install --strict=refs").success();
    home.shell("cd upstream; for i in 3 4; do echo $i >a/b/$i.py; git add .; git commit -q -m $i; done")
        .success();
    let stopped = clone.git("fetch -q origin main:x");
    assert!(stopped.err.contains("; a fetch into a branch takes two steps there: "), "{stopped:?}");
    let (_, steps) = stopped.err.split_once("two steps there: ").unwrap();
    let steps: Vec<&str> = steps.split('`').skip(1).step_by(2).take(2).collect();
    let steps = steps.join(" && ").replace("REMOTE/NAME", "origin/main").replace("REMOTE", "origin");
    clone.shell(&steps.replace("NAME", "x")).success();
    assert_eq!(clone.git("log -1 --format=%s x").success(), "4\n");
}

#[test]
fn the_end_of_a_shallow_push_is_checked_as_a_root_commit() {
    let home = Repo::home();
    let server = home.bare_server();
    server.git("config receive.shallowUpdate true").success();
    let make = "set -e; git init -q -b main upstream; cd upstream
        for i in one two; do echo $i >$i.py; git add .; git commit -q -m $i; done
        mkdir -p backend; echo x >backend/debug_x.py; git add .; git commit -q -m dirty
        for i in 1 2; do git clone -q --depth 1 file://$PWD ../end$i; done
        git reset -q --hard HEAD~1
        git clone -q --depth 1 file://$PWD ../clean";
    home.shell(make).success();
    home.child("clean").git("push -q ../server.git HEAD:refs/heads/clean").success();
    for (clone, change) in [("end1", ":"), ("end2", "git rm -q -r backend; git commit -q -m removed")] {
        let push = format!("{change}; git push -q ../server.git HEAD:refs/heads/{clone}");
        let run = home.child(clone).shell(&push);
        assert!(run.code == 1 && run.err.contains("refused: backend/debug_x.py ["), "{clone}: {run:?}");
    }
}
