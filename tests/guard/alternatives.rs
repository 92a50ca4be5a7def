//! What `docs/comparison.md` says of a line of shell and of an ignore file.

use super::sandbox::hooks::unguarded;
use super::sandbox::pages::blocks;

#[test]
fn a_line_of_shell_has_the_listed_faults() {
    let repo = unguarded();
    let [line] = &blocks("docs/comparison.md", "sh")[..] else { panic!("one line") };
    repo.program(".git/hooks/pre-commit", &format!("#!/bin/sh\n{line}"));
    for missed in ["pkg/.claude_sessions/x", ".Claude_Sessions/x", ".claude_sessions/ä"] {
        repo.stage(missed).commit().silent();
    }
    repo.shell("git rm -q -r .claude_sessions && ln -s /tmp .claude_sessions && git add -f .claude_sessions")
        .success();
    repo.commit().silent();
    repo.shell("git rm -q .claude_sessions && echo main > common && git add common").success();
    repo.commit().silent();
    repo.git("checkout -q -b upstream HEAD~1").success();
    repo.shell("git rm -q .claude_sessions").success();
    repo.commit_unchecked(&[".claude_sessions/x"]);
    // A clean merge is not checked; a commit that concludes a merge is refused.
    repo.git("checkout -q -b clean main").success();
    repo.git("merge -q --no-edit upstream").success();
    repo.git("checkout -q upstream").success();
    repo.write("common", "upstream").git("add common").success();
    repo.git("commit -q --no-verify -m upstream").success();
    repo.git("checkout -q main").success();
    assert_eq!(repo.git("merge -q upstream").code, 1);
    repo.git("add common").success();
    assert_eq!(repo.commit().code, 1);
    repo.git("merge --abort").success();
    // Session work cannot be deleted.
    repo.commit_unchecked(&[".claude_sessions/x"]);
    repo.git("rm -q .claude_sessions/x").success();
    assert_eq!(repo.commit().code, 1);
    // An unreadable index counts as clean.
    repo.write(".git/index", "damaged");
    repo.shell(".git/hooks/pre-commit").success();
}

#[test]
fn an_ignore_file_has_the_listed_faults() {
    let repo = unguarded();
    let [patterns] = &blocks("docs/comparison.md", "gitignore")[..] else { panic!("one file") };
    repo.write(".gitignore", patterns).git("add .gitignore").success();
    repo.commit().silent();
    let staged = || repo.shell("git add -A && git diff --cached --name-only").success();
    // What it promises, and a proper file with it.
    repo.write(".claude_sessions/x", "").write("debug_x.py", "").write("tests/test_api.py", "");
    assert_eq!(staged(), "");
    // Tracked and forced files, other names, and symlinks.
    repo.stage("debug_x.py").commit().silent();
    repo.write("debug_x.py", "changed").write(".Claude_Sessions/x", "");
    repo.shell("mkdir pkg && ln -s /tmp pkg/.claude_sessions").silent();
    assert_eq!(staged(), ".Claude_Sessions/x\ndebug_x.py\npkg/.claude_sessions\n");
    repo.commit().silent();
    repo.git("checkout -q -b picked HEAD~2").success();
    repo.git("cherry-pick main~1").success();
    repo.git("clean -q -f -d -x").success();
    assert!(!repo.exists(".claude_sessions") && !repo.exists("tests"));
}
