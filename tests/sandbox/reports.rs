//! Repositories with something to report, and the commands that report it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::{Repo, Run};

/// Parts of file names that are refused: ordinary and hostile ones.
pub(crate) const NAMES: [&[u8]; 20] = [
    b"plain",
    b"a b ",
    b"a\nb",
    b"a\n::error file=x::y",
    b"a,b",
    b"a:b",
    b"a=b",
    b"100%25%0A",
    b"\x1b[31mred",
    b"it's \"so\"",
    br"a\b",
    b"a\rb\tc",
    b"{0} [x](y)",
    "ä🦀テスト".as_bytes(),
    "a\u{202e}b".as_bytes(),
    b"a\x7f",
    b"?q#f&x+y",
    b"a\xffb",
    b"\xe4",
    b"cut\xe2\x82",
];

/// Returns a refused path for each name, some in a directory with a colon in its name.
pub(crate) fn paths() -> Vec<OsString> {
    let path = |(number, name): (usize, &&[u8])| {
        let directory: &[u8] = [b"".as_slice(), b"backend/", b"c:/.claude_sessions/"][number % 3];
        OsString::from_vec([directory, b"debug_", name, b".py"].concat())
    };
    NAMES.iter().enumerate().map(path).collect()
}

pub(crate) fn stage_all(repo: &Repo) {
    for path in paths() {
        repo.stage(path);
    }
}

/// A repository and a command that reports on it.
pub(crate) struct State {
    pub(crate) repo: Repo,
    pub(crate) arguments: &'static str,
    pub(crate) input: String,
    pub(crate) findings: usize,
}

impl State {
    /// Runs the command. A hook prints its report to standard error: that is returned as `out`.
    pub(crate) fn run(&self, format: &str) -> Run {
        let arguments = format!("{} {format}", self.arguments);
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let Run { code, out, err } = self.repo.guard_with_input(&arguments, self.input.as_bytes());
        if self.arguments.starts_with("hook") {
            Run { code, out: err, err: out }
        } else {
            Run { code, out, err }
        }
    }
}

/// Returns states with and without findings for each kind of check.
pub(crate) fn states() -> Vec<State> {
    let staged = || {
        let repo = Repo::new();
        stage_all(&repo);
        repo
    };
    // The paths are added, reverted and added again.
    let committed = || {
        let repo = Repo::new();
        repo.git("tag before").success();
        stage_all(&repo);
        repo.commit_unchecked(&[]);
        repo.git("revert --no-edit HEAD").success();
        stage_all(&repo);
        repo.commit_unchecked(&["main.py"]);
        repo
    };
    let untracked = || {
        let repo = Repo::new();
        for path in paths() {
            repo.write(path, "x");
        }
        repo
    };
    let push = |repo: &Repo| {
        let id = repo.git("rev-parse HEAD").success();
        let zeros = "0".repeat(40);
        format!("refs/heads/main {} refs/heads/a:b,ö {zeros}\n", id.trim())
    };
    let many = NAMES.len();
    let state = |repo, arguments, findings| State { repo, arguments, input: String::new(), findings };
    let pushed = committed();
    let input = push(&pushed);
    vec![
        state(staged(), "check --staged", many),
        state(staged(), "check --dry-run", many),
        state(staged(), "hook pre-commit", many),
        state(committed(), "check --all-files", many),
        state(untracked(), "check --untracked", many),
        state(committed(), "check --range before..", 2 * many),
        state(committed(), "check --commit HEAD", many),
        State { repo: pushed, arguments: "hook pre-push", input, findings: 2 * many },
        state(Repo::new(), "check --staged", 0),
        state(Repo::new(), "check --all-files", 0),
        state(Repo::new(), "check --untracked", 0),
        state(Repo::new(), "check --range HEAD^0..HEAD^0", 0),
        state(Repo::new(), "check --commit HEAD", 0),
    ]
}
