//! `check --untracked`: untracked files for which a commit would be refused.

use super::sandbox::Repo;

#[test]
fn untracked_files_are_refused_as_if_they_were_staged() {
    for (files, refused) in [
        (&["debug_x.py", "main.py"][..], &["debug_x.py"][..]),
        (&["FIX_SUMMARY.md", "docs/FIX_SUMMARY.md"], &["FIX_SUMMARY.md"]),
        (&["test_x.py", "x.py"], &[]),
        (&["test_x.py", "x/y.py"], &[]),
        (&["test_x.py"], &["test_x.py"]),
        (&["tools/debug_x.py", "other/debug_x.py"], &[]),
        (&["other/debug_x.py", "other/package.json"], &["other/debug_x.py"]),
        (&[".gitignore", "ignored/debug_x.py", "debug_y.py"], &["debug_y.py"]),
        (&["backend/debug_ ä\n.py"], &["backend/debug_ ä\n.py"]),
        (&[".claude_sessions/current/x"], &[".claude_sessions/current/x"]),
        (&[".gitignore", "sub/.claude_sessions"], &["sub/.claude_sessions"]),
    ] {
        let repo = Repo::new();
        for file in files {
            repo.write(file, "/ignored\n");
        }
        assert_eq!(repo.refused("check --untracked"), *refused, "{files:?}");
        repo.git("add -A").success();
        assert_eq!(repo.refused("check"), *refused, "{files:?}");
        assert_eq!(repo.refused("check --untracked"), [""; 0], "{files:?}");
    }
}

#[test]
fn the_report_says_untracked_and_names_the_remedy() {
    for format in [&[][..], &["--object-format=sha256"]] {
        let repo = Repo::of_format(format);
        repo.stage("debug_staged.py").write("debug_ x.py", "x").write("backend/test_y.py", "y");
        let deep = repo.in_dir("deep");
        let untracked = |path: &str, rule: &str| (path.to_owned(), "untracked".to_owned(), rule.to_owned());
        assert_eq!(
            deep.findings("check --untracked"),
            [untracked("backend/test_y.py", "stray-test"), untracked("debug_ x.py", "debug-script")]
        );
        let run = deep.guard("check --untracked").refuses(&["backend/test_y.py", "debug_ x.py"]);
        assert!(run.stow_command().ends_with(" stow -- :/backend/test_y.py ':/debug_ x.py'"), "{run:?}");
        deep.shell(&run.stow_command()).success();
        deep.guard("check --untracked").silent();
        assert!(repo.exists(".claude_sessions/tests/test_y.py"));
        assert_eq!(repo.git("diff --cached --name-only").success(), "debug_staged.py\n");
    }
}

#[test]
fn a_repository_inside_is_checked_as_a_gitlink() {
    let repo = Repo::new();
    for directory in [".claude_sessions", "debug_x.py", "scratch/inner.py", "inner"] {
        let inner = repo.in_dir(directory);
        inner.git("init -q").success();
        inner.git("commit -q --allow-empty -m first").success();
    }
    let repositories = [".claude_sessions", "debug_x.py", "scratch/inner.py"];
    assert_eq!(repo.refused("check --untracked"), repositories);
    // Each repository is moved as a whole.
    let copy = repo.copy();
    copy.shell(&copy.guard("check --untracked").stow_command()).success();
    assert!(copy.exists(".claude_sessions/debugging/debug_x.py/.git") && !copy.exists("debug_x.py"));
    copy.guard("stow --undo").success();
    assert_eq!(copy.refused("check --untracked"), repositories[1..]);
    repo.git("-c advice.addEmbeddedRepo=false add -A").success();
    assert_eq!(repo.refused("check"), repositories);
}

#[test]
fn untracked_excludes_staged_and_all_files() {
    let repo = Repo::new();
    repo.guard("check --untracked --staged").fails_with("cannot be used with");
    repo.guard("check --untracked --all-files").fails_with("cannot be used with");
    repo.write("debug_x.py", "x").guard("check --untracked --dry-run").success();
}
