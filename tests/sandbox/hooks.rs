//! The hooks of users and of other programs.

use super::Repo;

/// Creates a repository with one commit and without hooks.
pub(crate) fn unguarded() -> Repo {
    let repo = Repo::new();
    repo.guard("uninstall").success();
    repo
}

/// Writes an executable hook.
pub(crate) fn hook(repo: &Repo, name: &str, body: &str) {
    repo.program(format!(".git/hooks/{name}"), &format!("#!/bin/sh\n{body}\n"));
}

/// Returns the names, modes and contents of the files of git's and the guard's hooks.
pub(crate) fn state(repo: &Repo) -> String {
    let list =
        "find .git/hooks .git/stage-guard 2>/dev/null | LC_ALL=C sort | xargs -d '\\n' stat -c '%N %a'";
    let sums =
        "find .git/hooks .git/stage-guard -type f 2>/dev/null | LC_ALL=C sort | xargs -d '\\n' sha1sum";
    repo.shell(&format!("{list}; {sums}; true")).success()
}
