//! `stow`: refused files leave the commit for the session directory, and no byte is
//! lost.

mod committed;
mod contents;
mod faults;
mod named;
mod property;
mod report;
mod repositories;
mod session_directory;

use super::sandbox::{Repo, Run};

const NOTE: &str = ".claude_sessions/current/x.py";
const SCRIPT: &str = "backend/debug_it.py";
const STOWED: &str = ".claude_sessions/debugging/debug_it.py";
const AGAIN: &str = ".claude_sessions/debugging/debug_it-2.py";

impl Repo {
    /// Asserts that the next commit passes, if there is anything to commit, and that
    /// git sees nothing of what was stowed.
    fn assert_settled(&self) {
        self.check().silent();
        self.git("commit -q --allow-empty -m settled").silent();
        self.git("status --porcelain").silent();
        self.assert_no_lock();
    }

    /// Asserts that nothing of a stow is left beside the index.
    fn assert_no_lock(&self) {
        let left = self.shell("find $(git rev-parse --git-dir) -maxdepth 1 -name 'index?*'").success();
        assert_eq!(left, "");
    }
}

/// A repository with a script that a commit has.
fn with_committed_script() -> Repo {
    let repo = Repo::new();
    repo.write(SCRIPT, "old\n").git_args(&["add", SCRIPT]).success();
    repo.git("commit -q --no-verify -m old").success();
    repo
}

fn stowed(run: Run) -> String {
    assert_eq!(run.err, "", "{run:?}");
    run.success()
}
