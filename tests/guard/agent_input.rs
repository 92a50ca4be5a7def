//! `agent` with input of any kind, and in a repository that it does not trust.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::sandbox::{Repo, Run};

/// A script that shows a sign.
const RUN_ONCE: &str = "print('\u{2705} all rows are in')\n";

/// The events of agents, each with a write that is denied.
fn denied_events(repo: &Repo) -> Vec<Value> {
    let patch = "*** Begin Patch\n*** Add File: debug_x.py\n+x\n*** End Patch\n";
    let hook = |name: &str, tool: &str, input: Value| json!({"hook_event_name": name, "cwd": repo.dir, "tool_name": tool, "tool_input": input});
    vec![
        hook("PreToolUse", "Write", json!({"file_path": "debug_x.py", "content": RUN_ONCE})),
        hook("PreToolUse", "apply_patch", json!({"command": patch})),
        hook("BeforeTool", "write_file", json!({"file_path": "debug_x.py", "content": "x"})),
        hook("PreToolUse", "Bash", json!({"command": format!("apply_patch <<'EOF'\n{patch}EOF\n")})),
        json!({"cwd": repo.dir, "toolName": "create", "toolArgs": "{\"path\": \"debug_x.py\"}"}),
        json!({"directory": repo.dir, "input": {"tool": "write"}, "output": {"args": {"filePath": "debug_x.py"}}}),
    ]
}

/// Asserts that an action is allowed: with exit code 0, no output, and at most one line of error.
fn assert_allowed(run: &Run, case: &str) {
    assert!(run.code == 0 && run.out.is_empty() && run.err.lines().count() < 2, "{case}: {run:?}");
}

/// Calls `visit` with each value inside of `value`, and a function that replaces it.
fn for_each_replaced(value: &Value, replacement: &Value, visit: &mut dyn FnMut(Value)) {
    visit(replacement.clone());
    if let Value::Object(fields) = value {
        for (name, field) in fields {
            for_each_replaced(field, replacement, &mut |field| {
                let mut changed = fields.clone();
                changed.insert(name.clone(), field);
                visit(Value::Object(changed));
            });
        }
    }
}

#[test]
fn an_event_that_is_cut_off_is_allowed() {
    let repo = Repo::new();
    for event in denied_events(&repo) {
        let event = event.to_string();
        repo.agent(event.as_bytes()).denied();
        for end in (0..event.len()).step_by(7).chain([event.len() - 1]) {
            assert_allowed(&repo.agent(&event.as_bytes()[..end]), &event[..end]);
        }
    }
}

#[test]
fn a_field_of_another_type_is_no_crash() {
    let repo = Repo::new();
    for replacement in [json!(null), json!([{}]), json!({"a": [1]}), json!("\0"), json!(-1.5e300)] {
        for event in denied_events(&repo) {
            for_each_replaced(&event, &replacement, &mut |event| {
                let run = repo.agent(event.to_string().as_bytes());
                assert!(run.code == 0 && run.err.lines().count() < 2, "{event}: {run:?}");
            });
        }
    }
}

#[test]
fn of_a_field_that_occurs_twice_the_last_one_counts() {
    let repo = Repo::new();
    let event = |input: &str| {
        format!(r#"{{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {input}}}"#)
    };
    repo.agent(event(r#"{"file_path": "debug_x.py", "file_path": "x.py"}"#).as_bytes()).silent();
    repo.agent(event(r#"{"file_path": "x.py", "file_path": "debug_x.py"}"#).as_bytes()).denied();
    repo.agent(event(r#"{"file_path": "debug_x.py"}, "tool_input": 1"#).as_bytes()).silent();
}

#[test]
fn huge_and_deep_input_is_allowed_in_time() {
    let repo = Repo::new();
    let write = |path: &str, text: &str| {
        format!(
            r#"{{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {{"file_path": {path}, "content": {text}}}}}"#
        )
    };
    let quoted = |text: String| format!("\"{text}\"");
    for (case, input) in [
        ("garbage", "\u{7}x\n".repeat(2_000_000)),
        ("deep arrays", "[".repeat(100_000)),
        ("deep objects", "{\"a\":".repeat(100_000)),
        ("a deep path", write(&"[".repeat(100_000), "1")),
        ("a deep text", write("\"x.py\"", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)))),
        ("more than the limit", write("\"debug_x.py\"", &quoted("x".repeat(1 << 25)))),
        ("an empty path", write("\"\"", "1")),
        ("a NUL", write("\"debug_\\u0000x.py\"", "1")),
        ("a path that is too long", write(&quoted("debug_x".repeat(1 << 20)), "1")),
        ("a name that is too long", write(&quoted(format!("debug_{}.py", "x".repeat(300)).repeat(20)), "1")),
        ("arguments", format!(r#"{{"toolName": "create", "toolArgs": {}}}"#, quoted("[".repeat(100_000)))),
    ] {
        let start = Instant::now();
        assert_allowed(&repo.agent(input.as_bytes()), case);
        assert!(start.elapsed() < Duration::from_secs(20), "{case}");
    }
}

#[test]
fn nothing_of_the_repository_is_run() {
    let repo = Repo::new();
    let touch = format!("touch {}", repo.path("ran").display());
    repo.write(".gitattributes", "* filter=x diff=x\n").write("notes.txt", "x").write("main.py", "x");
    repo.git("add .").success();
    let program = format!("#!/bin/sh\n{touch}\nexec cat\n");
    for hook in ["post-index-change", "pre-commit", "fsmonitor-watchman", "reference-transaction"] {
        repo.program(format!(".git/hooks/{hook}"), &program);
    }
    for setting in [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.editor",
        "core.askPass",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "pager.grep",
        "grep.openFilesInPager",
        "credential.helper",
        "uploadpack.packObjectsHook",
    ] {
        repo.git_args(&["config", setting, &touch]).success();
    }
    for alias in ["grep", "check-ignore", "config", "ls-files", "rev-parse", "cat-file"] {
        repo.git_args(&["config", &format!("alias.{alias}"), &format!("!{touch}")]).success();
    }
    // Once as a plain repository, and once as one that only git can read.
    for setup in ["true", "git update-index --split-index; rm -f ran"] {
        repo.shell(setup).success();
        let write = |file: &str, text: &str| {
            let input = json!({"file_path": file, "content": text});
            repo.agent_event("PreToolUse", &json!({"tool_name": "Write", "tool_input": input}))
        };
        write("main.py", "x").silent();
        write("debug_x.py", "x").denied();
        write("FIX_SUMMARY.md", "x").denied();
        write("fill_rows.py", RUN_ONCE).denied();
        write("notes.py", RUN_ONCE).denied();
        for event in denied_events(&repo) {
            repo.agent(event.to_string().as_bytes()).denied();
        }
        repo.write("debug_y.py", "x").agent_event("Stop", &json!({"stop_hook_active": false})).denied();
        for _ in 0..2 {
            repo.guard("install --agent=claude,copilot").success();
        }
        assert!(!repo.exists("ran"), "{setup}");
    }
    // Any other program runs some of it.
    let _ = repo.git("status");
    assert!(repo.exists("ran"));
}
