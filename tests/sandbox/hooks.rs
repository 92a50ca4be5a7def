//! The hooks of users and of other programs.

use super::{BINARY, Repo};

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
    let list = "find .git/hooks .git/hooks.before-stage-guard .git/stage-guard 2>/dev/null | LC_ALL=C sort | xargs -d '\\n' stat -c '%N %a'";
    let sums = "find .git/hooks .git/hooks.before-stage-guard .git/stage-guard -type f 2>/dev/null | LC_ALL=C sort | xargs -d '\\n' sha1sum";
    repo.shell(&format!("{list}; {sums}; true")).success()
}

/// The file that version 0.1.0 has linked hooks to, without the path of the program.
const SHIM: &str = include_str!("shim-0.1.0.sh");

/// Guards `hooks` as `install` of version 0.1.0 did, with their backups next to them.
pub(crate) fn install_0_1_0(repo: &Repo, hooks: &[&str]) {
    let program = format!("stage_guard='{BINARY}'");
    repo.program(".git/stage-guard/hook", &SHIM.replace("stage_guard=stage-guard", &program));
    for hook in hooks {
        let backup = format!("[ ! -e {hook} ] || mv {hook} {hook}.before-stage-guard");
        let link = format!("ln -s ../stage-guard/hook {hook}");
        repo.shell(&format!("cd .git/hooks && {backup} && {link}")).success();
    }
}
