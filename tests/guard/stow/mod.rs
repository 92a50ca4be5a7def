//! `stow`: refused files move from the commit to the session directory.

mod committed;
mod contents;
mod faults;
mod merges;
mod named;
mod property;
mod report;
mod repositories;
mod session_directory;
mod stays;
mod undo;

use super::sandbox::{Repo, Run};

const NOTE: &str = ".claude_sessions/current/x.py";
const SCRIPT: &str = "backend/debug_it.py";
const STOWED: &str = ".claude_sessions/debugging/debug_it.py";
const AGAIN: &str = ".claude_sessions/debugging/debug_it-2.py";

impl Repo {
    /// Asserts that the next commit passes, and that git then sees no change.
    fn assert_settled(&self) {
        self.check().silent();
        self.git("commit -q --allow-empty -m settled").silent();
        self.git("status --porcelain").silent();
        self.assert_no_lock();
    }

    /// Asserts that neither a lock nor a copy of the index is left.
    fn assert_no_lock(&self) {
        let left = self.shell("find $(git rev-parse --git-dir) -maxdepth 1 -name 'index?*'").success();
        assert_eq!(left, "");
    }
}

/// Creates a repository with a committed debug script.
fn with_committed_script() -> Repo {
    let repo = Repo::new();
    repo.write(SCRIPT, "old\n").git_args(&["add", SCRIPT]).success();
    repo.git("commit -q --no-verify -m old").success();
    repo
}

/// Asserts success without errors, and returns standard output.
fn stowed(run: Run) -> String {
    assert_eq!(run.err, "", "{run:?}");
    run.success()
}
