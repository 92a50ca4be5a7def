//! `agent` on each event.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::sandbox::{BINARY, Repo, Run};

impl Repo {
    /// Runs `agent` with an event of an agent whose working directory is this one.
    pub(super) fn agent_event(&self, name: &str, fields: &Value) -> Run {
        let mut event = json!({"session_id": "x", "cwd": self.dir, "hook_event_name": name});
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.agent(event.to_string().as_bytes())
    }

    /// Runs `agent` with `input`.
    pub(super) fn agent(&self, input: &[u8]) -> Run {
        self.guard_with_input(&["agent"], input)
    }

    pub(super) fn agent_writes(&self, file: impl AsRef<Path>) -> Run {
        self.agent_event(
            "PreToolUse",
            &json!({"tool_name": "Write", "tool_input": {"file_path": file.as_ref(), "content": "x"}}),
        )
    }

    pub(super) fn agent_runs(&self, script: &str) -> Run {
        self.agent_event("PreToolUse", &json!({"tool_name": "Bash", "tool_input": {"command": script}}))
    }

    fn agent_stops(&self) -> Run {
        self.agent_event("Stop", &json!({"stop_hook_active": false}))
    }
}

impl Run {
    /// Asserts that the action is denied, or the turn goes on. Returns the reason.
    pub(super) fn denied(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        let answer: Value = serde_json::from_str(&self.out).unwrap();
        assert_eq!(answer["decision"], "block", "{self:?}");
        answer["reason"].as_str().unwrap().to_owned()
    }

    /// Asserts that the action is allowed because of an error. Returns the error.
    pub(super) fn fails_open(self) -> String {
        assert_eq!((self.code, self.out.as_str(), self.err.lines().count()), (0, "", 1), "{self:?}");
        self.err
    }
}

/// Returns the command of the line that begins with `key`.
fn command_of<'s>(output: &'s str, key: &str) -> &'s str {
    output.lines().find_map(|line| line.strip_prefix(key)).unwrap()
}

/// Returns a repository with tracked, staged, ignored and linked paths.
fn repository_with_many_paths() -> Repo {
    let repo = Repo::new();
    repo.write(".git/info/exclude", "ignored/\n*_tmp.py\n/debug_ignored.py\n");
    repo.commit_unchecked(&["debug_tracked.py", "backend/api.py", "svc/package.json"]);
    repo.stage("debug_staged.py").write("new.py", "x").write("fresh/go.mod", "x");
    fs::create_dir_all(repo.path(".claude_sessions/current")).unwrap();
    symlink(".claude_sessions/current", repo.path("session")).unwrap();
    symlink("backend", repo.path("link")).unwrap();
    symlink("backend/api.py", repo.path("debug_link.py")).unwrap();
    symlink("nowhere", repo.path("debug_dangling.py")).unwrap();
    repo
}

#[test]
fn a_write_is_denied_if_a_commit_would_be_refused() {
    let repo = repository_with_many_paths();
    for (file, suggestion) in [
        ("debug_x.py", "debugging/debug_x.py"),
        ("./lib/../debug_x.py", "debugging/debug_x.py"),
        ("backend/test_x.py", "tests/test_x.py"),
        ("link/test_x.py", "tests/test_x.py"),
        ("svc/debug_x.py", "debugging/debug_x.py"),
        ("fresh/debug_x.py", "debugging/debug_x.py"),
        ("new/deep/scratch/x.py", "exploration/x.py"),
        ("FIX_SUMMARY.md", "archive/FIX_SUMMARY.md"),
        ("debug_dangling.py", "debugging/debug_dangling.py"),
        ("backend/.claude_sessions", "current/.claude_sessions"),
        (".Claude_Sessions/x.py", "current/x.py"),
        ("backend/.CLAUDE_SESSIONS/tests/x.py", "current/x.py"),
    ] {
        let suggestion = repo.path(format!(".claude_sessions/{suggestion}")).display().to_string();
        for file in [Path::new(file).to_owned(), repo.path(file)] {
            let output = repo.agent_writes(&file).denied();
            assert!(output.contains(&format!("\nwrite: {suggestion}\n")), "{file:?}: {output}");
        }
    }
}

#[test]
fn other_writes_are_allowed() {
    let repo = repository_with_many_paths();
    for file in [
        // Production code.
        "main.py",
        "backend/app/debug_x.py",
        "backend/test_api.py",
        "link/test_api.py",
        "test_new.py",
        // Tracked, staged or ignored.
        "debug_tracked.py",
        "debug_staged.py",
        "debug_link.py",
        "debug_ignored.py",
        "debug_x_tmp.py",
        "ignored/scratch/x.py",
        "ignored/.Claude_Sessions/x.py",
        // The session directory.
        ".claude_sessions/debugging/debug_x.py",
        "backend/.claude_sessions/debug_x.py",
        "session/debug_x.py",
        ".Claude_Sessions/.claude_sessions/x.py",
        ".claude_sessions/.Claude_Sessions/x.py",
        // The git directory, other repositories and impossible paths.
        ".git/hooks/debug_x.py",
        ".git/debug_x.py",
        "../debug_x.py",
        "/debug_x.py",
        "/nowhere/at/all/debug_x.py",
        "debug_\0x.py",
        "",
    ] {
        for file in [Path::new(file).to_owned(), repo.path(file)] {
            let run = repo.agent_writes(&file);
            assert_eq!((run.code, run.out.as_str()), (0, ""), "{file:?}: {run:?}");
        }
    }
}

#[test]
fn a_denial_names_the_rule_and_another_path() {
    let repo = Repo::new();
    let expected = format!(
        "\
backend/debug_x.py would be refused: a debug script [debug-script]
write: {}/.claude_sessions/debugging/debug_x.py
if it is production code: {BINARY} explain :/backend/debug_x.py",
        repo.dir.display()
    );
    assert_eq!(repo.agent_writes("backend/debug_x.py").denied(), expected);
}

#[test]
fn an_existing_file_is_stowed_under_a_free_name() {
    let repo = Repo::new();
    repo.write("backend/debug_x.py", "x").write(".claude_sessions/debugging/debug_x.py", "x");
    let output = repo.agent_writes("backend/debug_x.py").denied();
    assert!(output.contains("/.claude_sessions/debugging/debug_x-2.py\n"), "{output}");
    let command = command_of(&output, "stow the existing file: ");
    assert_eq!(command, format!("{BINARY} stow -- :/backend/debug_x.py"));
    repo.shell(command).success();
    assert!(repo.exists(".claude_sessions/debugging/debug_x-2.py") && !repo.exists("backend/debug_x.py"));
}

#[test]
fn each_tool_that_writes_is_checked() {
    let repo = Repo::new();
    for (tool, field, is_denied) in [
        ("Write", "file_path", true),
        ("Edit", "file_path", true),
        ("MultiEdit", "file_path", true),
        ("NotebookEdit", "notebook_path", true),
        ("Read", "file_path", false),
        ("Bash", "file_path", false),
    ] {
        let fields = json!({"tool_name": tool, "tool_input": {field: "debug_x.py"}});
        let run = repo.agent_event("PreToolUse", &fields);
        if is_denied { drop(run.denied()) } else { run.silent() }
    }
    let fields = json!({"tool_name": "Write", "tool_input": {"file_path": "debug_x.py"}});
    repo.agent_event("PostToolUse", &fields).silent();
}

#[test]
fn a_write_is_checked_by_the_repository_of_the_file() {
    let repo = Repo::new();
    let deep = repo.in_dir("deep");
    let other = repo.sibling("other");
    fs::create_dir(&other.dir).unwrap();
    other.git("init -q").success();
    deep.agent_writes(other.path("debug_x.py")).silent();
    other.guard("install").success();
    repo.git("worktree add -q linked/tree").success();
    repo.git("worktree add -q ../beside").success();
    repo.git("init -q embedded").success();
    for owner in [&other, &repo.child("linked/tree"), &repo.sibling("beside"), &repo.child("embedded")] {
        owner.write("debug_x.py", "x");
        let output = deep.agent_writes(owner.path("debug_x.py")).denied();
        let suggestion = owner.path(".claude_sessions/debugging/debug_x.py");
        assert!(output.contains(&format!("\nwrite: {}\n", suggestion.display())), "{output}");
        deep.shell(command_of(&output, "stow the existing file: ")).success();
        assert!(suggestion.exists());
    }
    let output = deep.agent_writes("../debug_x.py").denied();
    assert!(output.contains(&format!("\nwrite: {}/.claude_sessions/", repo.dir.display())), "{output}");
}

#[test]
fn repositories_that_libgit2_cannot_read_are_checked() {
    for format in [&["--object-format=sha256"][..], &[]] {
        let repo = Repo::of_format(format);
        repo.write(".gitignore", "/debug_ignored.py\n").commit_unchecked(&["debug_tracked.py"]);
        repo.git("update-index --split-index").success();
        let output = repo.agent_writes("backend/debug_x.py").denied();
        assert!(output.contains(".claude_sessions/debugging/debug_x.py"), "{output}");
        repo.agent_writes("debug_ignored.py").silent();
        repo.agent_writes("debug_tracked.py").silent();
        repo.agent_writes("main.py").silent();
    }
}

#[test]
fn input_that_is_not_json_fails_open() {
    let repo = Repo::new();
    let huge = format!("\"{}\"", "x".repeat(40_000_000));
    let nested = "[".repeat(100_000);
    for input in [&b""[..], b"x", b"{", b"\xff\xfe", huge.as_bytes(), nested.as_bytes()] {
        let output = repo.agent(input).fails_open();
        assert!(output.contains("cannot parse the event on standard input"), "{output}");
    }
}

#[test]
fn events_of_another_form_are_allowed() {
    let repo = Repo::new();
    for input in [
        "null",
        "[]",
        "{}",
        r#"{"hook_event_name": 1}"#,
        r#"{"hook_event_name": "Nothing"}"#,
        r#"{"hook_event_name": "PreToolUse"}"#,
        r#"{"hook_event_name": "PreToolUse", "tool_name": "Write"}"#,
        r#"{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": []}"#,
        r#"{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {"file_path": ["debug_x.py"]}}"#,
        r#"{"hook_event_name": "PreToolUse", "tool_name": "Dance", "tool_input": {"file_path": "debug_x.py"}}"#,
        r#"{"hook_event_name": "Stop", "cwd": "/"}"#,
    ] {
        repo.agent(input.as_bytes()).silent();
    }
}

#[test]
fn strings_that_are_not_unicode_are_read() {
    let repo = Repo::new();
    let write = |file: &str| {
        format!(
            r#"{{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {{"file_path": "{file}", "content": "\ud800"}}}}"#
        )
    };
    repo.agent(write(r"x\ud800.py").as_bytes()).silent();
    repo.agent(write(r"debug_\ud800.py").as_bytes()).denied();
    repo.agent(br#"{"hook_event_name": "\ud800"}"#).silent();
    repo.agent(b"{\"cwd\": \"\xff\"}").fails_open();
}

#[test]
fn an_event_without_a_directory_uses_the_current_one() {
    let event = json!({"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {"file_path": "debug_x.py"}});
    Repo::new().agent(event.to_string().as_bytes()).denied();
}

#[test]
fn a_usage_error_fails_open() {
    let repo = Repo::new();
    repo.guard("agent --dry-run").fails_open();
    repo.guard("agent --format json").fails_open();
    repo.guard("-C nowhere agent").fails_open();
}

#[test]
fn an_invalid_configuration_fails_open() {
    let repo = Repo::new();
    repo.write("debug_y.py", "x").write(".stage-guard.toml", "allow = 1\n");
    assert!(repo.agent_writes("debug_x.py").fails_open().contains(".stage-guard.toml"));
    repo.agent_stops().fails_open();
}

#[test]
fn the_configuration_of_the_repository_applies() {
    let repo = Repo::new();
    repo.write(".stage-guard.toml", "allow = [\"debug_x.py\"]\n").agent_writes("debug_x.py").silent();
    repo.agent_writes("debug_z.py").denied();
}

#[test]
fn a_damaged_index_fails_open() {
    Repo::new().write(".git/index", "damaged").agent_writes("debug_z.py").fails_open();
}

#[test]
fn outside_of_a_worktree_everything_is_allowed() {
    let directory = Repo::uncreated();
    fs::create_dir(&directory.dir).unwrap();
    for init in ["", "init -q --bare"] {
        let _ = directory.git(init);
        directory.agent_writes("debug_x.py").silent();
        directory.agent_stops().silent();
    }
}

#[test]
fn a_missing_directory_fails_open() {
    let repo = Repo::new();
    let event = json!({"hook_event_name": "Stop", "cwd": repo.path("missing")});
    let error = repo.agent(event.to_string().as_bytes()).fails_open();
    let directory = repo.path("missing").display().to_string();
    assert!(
        error.contains(&format!("cannot change to {directory}, the working directory of the agent")),
        "{error}"
    );
}

#[test]
fn a_turn_that_leaves_session_work_is_blocked_once() {
    let repo = Repo::new();
    repo.agent_stops().silent();
    repo.write("main.py", "x").write(".claude_sessions/current/x.py", "x").agent_stops().silent();
    repo.write("backend/debug_x.py", "x").write("FIXED.md", "x").write("FIX_SUMMARY.md", "x");
    let deep = repo.in_dir("deep");
    let expected = format!(
        "\
session work is left where `git add -A` would stage it:
  FIX_SUMMARY.md [session-note]
  backend/debug_x.py [debug-script]
stow: {BINARY} stow -- :/FIX_SUMMARY.md :/backend/debug_x.py"
    );
    assert_eq!(deep.agent_stops().denied(), expected);
    deep.agent_event("Stop", &json!({"stop_hook_active": true})).silent();
    deep.shell(command_of(&expected, "stow: ")).success();
    deep.agent_stops().silent();
}

#[test]
fn a_worktree_of_an_agent_is_not_left_behind() {
    let repo = Repo::new();
    repo.git("worktree add -q .claude/worktrees/task").success();
    assert_eq!(repo.refused("check --untracked"), [".claude/worktrees/task"]);
    repo.agent_stops().silent();
    let worktree = repo.in_dir(".claude/worktrees/task");
    worktree.agent_stops().silent();
    worktree.write("debug_x.py", "x");
    assert!(worktree.agent_stops().denied().contains("debug_x.py"));
}

#[test]
fn files_that_an_agent_reads_where_they_are_may_be_written() {
    let repo = Repo::new();
    repo.write(".stage-guard.toml", "[[rule]]\nid = 'own'\nnames = ['*.own']\nstays = true\n");
    for file in [
        ".claude/settings.local.json",
        "sub/.claude/settings.local.json",
        "CLAUDE.local.md",
        ".serena/project.local.yml",
        ".claude/agent-memory-local/reviewer/MEMORY.md",
        "x.own",
    ] {
        repo.agent_writes(file).silent();
        repo.write(file, "{}").agent_stops().silent();
        assert!(repo.refused("check --untracked").contains(&file.to_owned()), "{file}");
    }
    for (file, rule) in [("tmpclaude-1-cwd", "[agent-temporary]"), ("claudedocs/a.md", "[agent-notes]")] {
        assert!(repo.agent_writes(file).denied().contains(rule), "{file}");
    }
    let listed = repo.write("debug_x.py", "x").agent_stops().denied();
    assert_eq!(listed.lines().nth(1), Some("  debug_x.py [debug-script]"), "{listed}");
    assert_eq!(listed.lines().count(), 3, "{listed}");
}

#[test]
fn a_blocked_turn_lists_twenty_paths() {
    let repo = Repo::new();
    for number in 0..30 {
        repo.write(format!("debug_{number:02}.py"), "x");
    }
    let output = repo.agent_stops().denied();
    assert_eq!((output.lines().count(), output.matches(":/debug_").count()), (23, 20), "{output}");
    assert!(output.contains("\n  debug_19.py [debug-script]\n  and 10 more\n"), "{output}");
}

#[test]
fn a_command_that_bypasses_the_hooks_is_denied() {
    let home = Repo::home();
    for (command, words) in [
        ("git commit --no-veri -m x", "`git commit --no-veri` skips the hooks"),
        ("git -c core.hooksPath=x commit", "`core.hooksPath=x` disables the hooks"),
        ("git add -f .claude_sessions/x", ".claude_sessions/x is session work, which git ignores"),
        ("rm .git/hooks/pre-commit", "`.git/hooks/pre-commit` belongs to the hooks that keep session work"),
        ("export HUSKY=0\ngit commit -m x", "`HUSKY=0` disables the hooks"),
        ("stage-guard uninstall", "`stage-guard uninstall` removes the hooks"),
        ("stage-guard allow debug_x.py", "`stage-guard allow` lets a path that a rule refuses into history"),
    ] {
        let output = home.agent_runs(command).denied();
        assert!(output.starts_with(words) && output.lines().count() == 2, "{output}");
    }
    home.agent_runs("git commit -m 'about -n'").silent();
    home.agent_runs("git commit -m 'stage-guard allow x' && stage-guard allow --help").silent();
    home.agent_runs(&"$(".repeat(50_000)).silent();
}

#[test]
fn a_command_runs_in_the_directory_that_its_tool_names() {
    let repo = Repo::new();
    repo.write("dist/x.js", "x").write("lib/.claude_sessions/x", "x");
    let runs = |name: &str, tool: &str, field: &str, directory: &str| {
        let input = json!({"command": "git add -f .", field: directory});
        repo.agent_event(name, &json!({"tool_name": tool, "tool_input": input}))
    };
    runs("BeforeTool", "run_shell_command", "dir_path", "lib").denied();
    runs("BeforeTool", "run_shell_command", "dir_path", "dist").silent();
    let lib = repo.path("lib").display().to_string();
    let event = runs("PreToolUse", "run_shell_command", "directory", &lib);
    event.denied();
}

#[test]
fn only_the_hooks_of_the_guard_are_protected() {
    let repo = Repo::new();
    repo.guard("install").success();
    repo.write(".git/hooks/pre-push", "#!/bin/sh\n");
    for hook in ["pre-commit", "pre-merge-commit"] {
        repo.agent_runs(&format!("chmod -x .git/hooks/{hook}")).denied();
    }
    for hook in ["pre-push", "pre-receive", "commit-msg", "pre-commit.sample"] {
        repo.agent_runs(&format!("echo x > .git/hooks/{hook} && rm .git/hooks/{hook}")).silent();
    }
}

#[test]
fn another_repository_counts_if_it_is_guarded() {
    let [repo, plain, guarded] = [Repo::new(), Repo::new(), Repo::new()];
    plain.guard("uninstall").success();
    repo.git("worktree add -q ../linked-of-another").success();
    for (other, is_denied) in
        [(&plain.dir, false), (&guarded.dir, true), (&repo.dir.join("../linked-of-another"), true)]
    {
        let other = other.display();
        for script in [
            format!("git -C {other} commit --no-verify -m x"),
            format!("cd {other} && git config core.hooksPath .none"),
            format!("cd {other} && HUSKY=0 git commit -m x"),
        ] {
            let run = repo.agent_runs(&script);
            assert_eq!(!run.out.is_empty(), is_denied, "{script}: {run:?}");
        }
    }
    repo.agent_runs(&format!("rm -rf {}/.git/hooks", plain.dir.display())).silent();
    repo.agent_runs(&format!("rm -rf {}/.git/hooks", guarded.dir.display())).denied();
    repo.agent_runs("rm -f sub/../not-there/.git/hooks/pre-commit").silent();
    repo.agent_runs("cd not-there && git commit -n").denied();
}

#[test]
fn a_forced_add_around_the_session_directory_is_denied() {
    let repo = Repo::new();
    repo.write("dist/x.js", "x").write("lib/deep/.Claude_Sessions/x", "x").write("main.py", "x");
    for command in [
        "git add -f .",
        "git add -f -A",
        "git add -f lib",
        "cd lib && git add -f .",
        "cd dist; git add -f ..",
    ] {
        let output = repo.agent_runs(command).denied();
        assert!(output.contains("stages the session directory"), "{command}: {output}");
    }
    for command in ["git add -f dist", "cd dist && git add -f .", "git add -f main.py", "git add ."] {
        repo.agent_runs(command).silent();
    }
}

#[test]
fn what_git_ignores_may_be_written() {
    let repo = Repo::new();
    repo.write(".gitignore", "data/\n!data/scratch/*\n/logs/*\n!/logs/kept/\n*_tmp.py\n");
    repo.write("backend/.gitignore", "!debug_kept_*.py\n").write("excluded", "/private/\n");
    repo.git_args(&["config", "core.excludesFile", "excluded"]).success();
    repo.commit_unchecked(&["data/scratch/tracked.py"]);
    for path in [
        "data/scratch/x.py",
        "logs/scratch/x.py",
        "debug_x_tmp.py",
        "private/scratch/x.py",
        "data/scratch/tracked.py",
    ] {
        repo.agent_writes(repo.path(path)).silent();
    }
    for path in ["other/scratch/x.py", "logs/kept/scratch/x.py", "backend/debug_kept_tmp.py"] {
        repo.agent_writes(repo.path(path)).denied();
    }
}

#[test]
fn a_huge_path_is_not_searched() {
    let repo = Repo::new();
    let start = Instant::now();
    repo.agent_writes("a/".repeat(100_000) + "debug_x.py").silent();
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn the_agent_is_answered_if_git_waits() {
    let repo = Repo::new();
    repo.shell("mkdir deep && mkfifo deep/.gitignore").success();
    let error = repo.agent_stops().fails_open();
    assert!(error.contains("the check took longer than 8 seconds"), "{error}");
}

/// Each agent's events, as its real program sends them.
#[test]
fn the_events_of_each_agent_are_answered_in_its_form() {
    let repo = Repo::new();
    repo.write("check_left.py", "x");
    let hook = |name: &str, tool: &str, input: Value| json!({"hook_event_name": name, "cwd": repo.dir, "tool_name": tool, "tool_input": input});
    let copilot = |tool: &str, input: Value| json!({"cwd": repo.dir, "toolName": tool, "toolArgs": input});
    let opencode = |tool: &str, arguments: Value| json!({"directory": repo.dir, "input": {"tool": tool}, "output": {"args": arguments}});
    let patch = "*** Begin Patch\n*** Add File: debug_x.py\n+x\n*** End Patch\n";
    let end = |name: &str| json!({"hook_event_name": name, "cwd": repo.dir, "stop_hook_active": false});
    for (agent, event, keys) in [
        (
            "claude",
            hook("PreToolUse", "Write", json!({"file_path": "debug_x.py", "content": "x"})),
            HOOK_DENIAL,
        ),
        ("claude", hook("PreToolUse", "Write", json!({"path": "debug_x.py", "file_text": "x"})), HOOK_DENIAL),
        ("claude", end("Stop"), BLOCK),
        ("codex", hook("PreToolUse", "apply_patch", json!({"command": patch})), HOOK_DENIAL),
        ("codex", end("Stop"), BLOCK),
        (
            "gemini",
            hook("BeforeTool", "write_file", json!({"file_path": "debug_x.py", "content": "x"})),
            HOOK_DENIAL,
        ),
        ("gemini", hook("BeforeTool", "run_shell_command", json!({"command": "git commit -n"})), HOOK_DENIAL),
        ("gemini", end("AfterAgent"), BLOCK),
        ("copilot", copilot("create", json!({"path": "debug_x.py", "file_text": "x"})), COPILOT_DENIAL),
        ("copilot", copilot("bash", json!("{\"command\": \"git commit -n\"}")), COPILOT_DENIAL),
        ("copilot", hook("PreToolUse", "Edit", json!({"path": "debug_x.py", "old_str": "x"})), HOOK_DENIAL),
        ("copilot", json!({"cwd": repo.dir, "stopReason": "end_turn", "stop_hook_active": false}), BLOCK),
        ("copilot", end("Stop"), BLOCK),
        // What Copilot CLI sends if its model writes patches.
        ("copilot", copilot("apply_patch", json!(patch)), COPILOT_DENIAL),
        ("claude", hook("PreToolUse", "Edit", json!(patch)), HOOK_DENIAL),
        (
            "qwen",
            hook("PreToolUse", "write_file", json!({"file_path": "debug_x.py", "content": "x"})),
            HOOK_DENIAL,
        ),
        ("opencode", opencode("write", json!({"filePath": "debug_x.py", "content": "x"})), BLOCK),
        ("opencode", opencode("apply_patch", json!({"patchText": patch})), BLOCK),
        ("opencode", opencode("bash", json!({"command": "git commit -n"})), BLOCK),
    ] {
        for arguments in [&["agent", agent][..], &["agent"]] {
            let run = repo.guard_with_input(arguments, event.to_string().as_bytes());
            assert_eq!((run.code, run.err.as_str()), (0, ""), "{agent}: {event}");
            let answer: Value = serde_json::from_str(&run.out).unwrap_or_default();
            let found: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(found, keys, "{agent}: {event}");
        }
    }
    // Of Qwen, each end of a turn looks like one that was blocked before.
    for (agent, event) in [
        ("qwen", end("Stop")),
        ("codex", hook("PreToolUse", "write_file", json!({"file_path": "debug_x.py"}))),
        (
            "copilot",
            json!({"cwd": repo.dir, "toolName": "create", "toolArgs": {"path": "debug_x.py"}, "toolResult": {}}),
        ),
        ("copilot", json!({"cwd": repo.dir, "source": "new", "initialPrompt": "go"})),
        ("copilot", json!({"cwd": repo.dir, "stopReason": "end_turn", "stop_hook_active": true})),
    ] {
        repo.guard_with_input(&["agent", agent], event.to_string().as_bytes()).silent();
    }
}

const HOOK_DENIAL: &[&str] = &["decision", "hookSpecificOutput", "reason"];
const COPILOT_DENIAL: &[&str] = &["decision", "permissionDecision", "permissionDecisionReason", "reason"];
const BLOCK: &[&str] = &["decision", "reason"];

#[test]
fn an_unknown_agent_is_an_error_with_the_names() {
    let repo = Repo::new();
    for name in ["cursor", "Claude", ""] {
        let run = repo.guard_with_input(&["agent", name], b"{}");
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
        assert!(run.err.contains("claude, codex, gemini, copilot, qwen, opencode"), "{run:?}");
    }
}

#[test]
fn an_input_that_does_not_end_fails_open() {
    let repo = Repo::new();
    let mut command = repo.command(BINARY);
    command.arg("agent").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut agent = command.spawn().unwrap();
    // The pipe stays open until the process has ended.
    let mut input = agent.stdin.take().unwrap();
    input.write_all(b"{").unwrap();
    let status = agent.wait().unwrap();
    assert!(start.elapsed() < Duration::from_secs(10));
    drop(input);
    let output = agent.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!((status.code(), output.stdout.len(), error.lines().count()), (Some(0), 0, 1), "{error}");
    assert!(error.contains("the check took longer than 8 seconds"), "{error}");
}
