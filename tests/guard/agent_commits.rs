//! `agent` before a command of Gemini CLI, which runs git without its hooks.

use std::fs;

use serde_json::json;

use super::sandbox::{BINARY, Repo, Run};

impl Repo {
    /// Runs `agent` with a command of Gemini CLI.
    fn gemini_runs(&self, script: &str) -> Run {
        let input = json!({"command": script});
        self.agent_event("BeforeTool", &json!({"tool_name": "run_shell_command", "tool_input": input}))
    }
}

#[test]
fn a_commit_of_staged_session_work_is_denied() {
    let repo = Repo::new();
    repo.stage("backend/debug_x.py");
    let expected = format!(
        "\
Gemini CLI runs git without its hooks, so this commit is checked before the command runs:
  backend/debug_x.py [debug-script]
first, in a command of its own: {BINARY} -C {} stow -- :/backend/debug_x.py",
        repo.dir.display()
    );
    let reason = repo.gemini_runs("git commit -m x").denied();
    assert_eq!(reason, expected);
    for script in ["git commit -m x", "git status"] {
        repo.agent_runs(script).silent();
    }
    repo.shell(reason.lines().last().unwrap().split_once(": ").unwrap().1).success();
    repo.gemini_runs("git commit -m x").silent();
}

#[test]
fn each_command_that_commits_is_checked() {
    let repo = Repo::new();
    repo.stage("backend/debug_x.py").stage("main.py");
    let deep = repo.in_dir("deep");
    for (script, is_denied) in [
        ("git commit -m x", true),
        ("git merge other", true),
        ("git cherry-pick other", true),
        ("git revert HEAD", true),
        ("git am x.patch", true),
        ("git rebase --continue", true),
        ("git pull", true),
        ("cd .. && git commit -m x", true),
        ("git -C .. commit -m x", true),
        ("cd \"$x\" && git commit -m x", true),
        ("bash -c 'git commit -m x'", true),
        ("git -c alias.ci=commit ci -m x", true),
        ("git commit -m x ../main.py", false),
        ("git commit -i -m x ../main.py", true),
        ("git commit -m x ../backend", true),
        ("git commit -m x -- ..", true),
        ("cd / && git commit -m x", false),
        ("git log --grep commit", false),
        ("echo git commit", false),
        ("git diff --staged; git push", false),
    ] {
        let run = deep.gemini_runs(script);
        if is_denied { drop(run.denied()) } else { run.silent() }
    }
}

#[test]
fn a_commit_of_what_the_script_stages_is_checked() {
    let repo = Repo::new();
    repo.commit_unchecked(&["main.py"]);
    repo.write("backend/debug_x.py", "x")
        .write("web/package.json", "x")
        .write(".gitignore", "/debug_ignored.py\n");
    repo.write("debug_ignored.py", "x");
    for (script, denied) in [
        ("git add -A && git commit -m x", Some("backend/debug_x.py")),
        ("git add . ; git commit -m x", Some("backend/debug_x.py")),
        ("git stage --all\ngit commit -m x", Some("backend/debug_x.py")),
        ("git add backend && git commit -m x", Some("backend/debug_x.py")),
        ("git add backend/*.py && git commit -m x", Some("backend/debug_x.py")),
        ("git add \"$x\" && git commit -m x", Some("backend/debug_x.py")),
        ("git add :/ && git commit -m x", Some("backend/debug_x.py")),
        ("cd backend && git add debug_x.py && git commit -m x", Some("backend/debug_x.py")),
        ("cd web && git add -- ../backend && git commit -m x", Some("backend/debug_x.py")),
        ("git add web main.py && git commit -m x", None),
        ("cd web && git add . && git commit -m x", None),
        ("git add web/* && git commit -m x", None),
        ("git commit -am x", None),
        ("git commit -m x && git add -A", None),
        ("git add -A", None),
        ("cat > debug_y.py <<'E'\nx\nE\ngit add debug_y.py && git commit -m x", Some("debug_y.py")),
        ("cd web && echo x > debug_y.py && git add . && git commit -m x", Some("web/debug_y.py")),
        ("echo x > web/debug_y.py && git commit -am x", None),
        ("echo x > web/debug_y.py && git add main.py && git commit -m x", None),
        ("echo x > web/new.js && git add web && git commit -m x", None),
        ("echo x > debug_ignored.py && git add web && git commit -m x 2> /dev/null", None),
    ] {
        let run = repo.gemini_runs(script);
        let Some(path) = denied else {
            assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""), "{script}");
            continue;
        };
        assert!(!run.out.is_empty(), "{script}");
        let reason = run.denied();
        assert!(reason.contains(path) && reason.starts_with("Gemini CLI runs"), "{script}: {reason}");
    }
}

#[test]
fn a_commit_in_an_unguarded_repository_is_allowed() {
    let repo = Repo::new();
    let other = repo.sibling("other");
    fs::create_dir(&other.dir).unwrap();
    other.git("init -q").success();
    other.stage("debug_x.py");
    let commit = format!("git -C {} commit -m x", other.dir.display());
    repo.gemini_runs(&commit).silent();
    other.gemini_runs(&commit).denied();
    other.guard("install").success();
    repo.gemini_runs(&commit).denied();
}
