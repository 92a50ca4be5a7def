//! What `docs/comparison.md` says of the `fail` hook of pre-commit.

use super::managers::{PYTHON, unmanaged};
use super::packages;
use super::sandbox::Repo;
use super::sandbox::pages::blocks;

/// Creates a repository with the documented hook, in which this text of the configuration is replaced.
fn repo(manager: &str, (from, to): (&str, &str)) -> Repo {
    let configuration = &blocks("docs/comparison.md", "yaml")[0];
    let repo = unmanaged(packages::python(&PYTHON)).env("MANAGER", manager);
    repo.write(".pre-commit-config.yaml", &configuration.replace(from, to)).git("add .").success();
    repo.git("commit -q -m configured").success();
    repo.shell("$MANAGER install").success();
    repo
}

/// Commits what `line` stages, returns whether that succeeds, and resets the repository.
fn commits(repo: &Repo, line: &str) -> bool {
    let add = "add() { mkdir -p $(dirname $1); echo $1 >>$1; git add -f $1; }";
    let before = repo.git("rev-parse HEAD").success();
    let run = repo.shell(&format!("set -e\n{add}\n{line}\ngit commit -q --allow-empty -m x"));
    assert!(run.code == 0 || run.output().contains("move it out of the commit"), "{line}: {run:?}");
    repo.git_args(&["reset", "-q", "--hard", before.trim()]).success();
    run.code == 0
}

const TRACKED: &str = "add debug_x.py; git commit -q --no-verify -m past";
const SYMLINK: &str = "ln -s /tmp .claude_sessions; git add -f .claude_sessions";
const GITLINK: &str = "git init -q x/.claude_sessions; git -C x/.claude_sessions commit -q --allow-empty -m x; \
                       git add x/.claude_sessions";
const MERGE: &str = "git checkout -q -b other; add .claude_sessions/x; git commit -q --no-verify -m other; \
                     git checkout -q main; add main.py; git commit -q -m main; git merge -q --no-edit other";

const CONFLICT: &str = "git checkout -q -b other; add .claude_sessions/x; git commit -q --no-verify -m other; \
                        echo other >both; git add both; git commit -q -m other; git checkout -q main; add both; \
                        git commit -q -m main; git merge -q other || git add both";

const AS_SHOWN: (&str, &str) = ("", "");

fn has_the_listed_faults(manager: &str) {
    for (change, line, passes) in [
        (AS_SHOWN, "add .claude_sessions/x", false),
        (AS_SHOWN, "add .claude_sessions/ä", false),
        (AS_SHOWN, "add tests/test_api.py", false),
        (AS_SHOWN, "add backend/test_api.py", false),
        (("|test", ""), "add backend/test_api.py", true),
        (AS_SHOWN, &format!("{TRACKED}; add debug_x.py"), false),
        (AS_SHOWN, &format!("{TRACKED}; git rm -q debug_x.py"), true),
        (AS_SHOWN, "add .Claude_Sessions/x", true),
        (("'(^", "'(?i)(^"), "add .Claude_Sessions/x", false),
        (AS_SHOWN, SYMLINK, true),
        (AS_SHOWN, GITLINK, true),
        (("sessions/|", "sessions(/|$)|"), SYMLINK, true),
        (("sessions/|(debug|test)_[^/]*\\.py$)'", "sessions(/|$))'\n        types: []"), SYMLINK, false),
        (("sessions/|(debug|test)_[^/]*\\.py$)'", "sessions(/|$))'\n        types: []"), GITLINK, false),
        (AS_SHOWN, MERGE, true),
        (AS_SHOWN, CONFLICT, true),
        (AS_SHOWN, &format!("{CONFLICT}; add debug_x.py"), false),
        (AS_SHOWN, "add debug_x.py; export SKIP=session-work", true),
    ] {
        let repo = repo(manager, change);
        assert_eq!(commits(&repo, line), passes, "{manager}: {change:?}: {line}");
    }
}

fn refuses_an_old_file_of_another_branch(manager: &str) {
    let repo = repo(manager, AS_SHOWN);
    repo.shell("$MANAGER install -t pre-merge-commit").success();
    assert!(!commits(&repo, MERGE));
}

fn fails_for_a_damaged_index(manager: &str) {
    let repo = repo(manager, AS_SHOWN);
    repo.write(".git/index", "damaged");
    assert_ne!(repo.shell(".git/hooks/pre-commit").code, 0);
}

#[test]
fn the_fail_hook_has_the_listed_faults() {
    for manager in ["pre-commit", "prek"] {
        has_the_listed_faults(manager);
        refuses_an_old_file_of_another_branch(manager);
        fails_for_a_damaged_index(manager);
    }
}
