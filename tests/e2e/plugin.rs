//! The plugin for opencode, run by Node.js.

use std::time::Instant;

use serde_json::json;

use super::sandbox::{BINARY, Repo, Run};

/// Loads the plugin and calls it before a tool. Prints the reason if the tool is denied.
const CALL: &str = r#"
const [directory, tool, args] = process.argv.slice(2);
const exported = Object.values(await import(`${directory}/.opencode/plugins/stage-guard.mjs`));
if (exported.length !== 1) throw new Error("opencode calls each export as a plugin");
const hooks = await exported[0]({ directory, worktree: directory });
try {
  await hooks["tool.execute.before"]({ tool, sessionID: "s", callID: "c" }, { args: JSON.parse(args) });
} catch (error) {
  console.log(error.message);
}
"#;

/// Returns a repository whose plugin runs `program`.
fn with_plugin(program: &str) -> Repo {
    let repo = Repo::new();
    repo.guard("install --agent=opencode").success();
    let plugin = repo.read(".opencode/plugins/stage-guard.js");
    assert!(plugin.contains(&format!("\nconst PROGRAM = {BINARY:?};\n")), "{plugin}");
    // Without a `package.json`, Node.js tells a module by the name of the file.
    repo.write(".opencode/plugins/stage-guard.mjs", &plugin.replace(BINARY, program))
        .write(".git/call.mjs", CALL);
    repo
}

fn call(repo: &Repo, tool: &str, arguments: &serde_json::Value) -> Run {
    repo.env("ARGUMENTS", arguments.to_string())
        .shell(&format!("node .git/call.mjs \"$PWD\" {tool} \"$ARGUMENTS\""))
}

#[test]
fn the_plugin_hands_the_denial_on() {
    let repo = with_plugin(BINARY);
    for (tool, arguments, words) in [
        ("write", json!({"filePath": "debug_x.py", "content": "x"}), "debug_x.py would be refused: "),
        ("bash", json!({"command": "git commit -n -m x"}), "`git commit -n` skips the hooks"),
        ("write", json!({"filePath": "main.py", "content": "x".repeat(100_000)}), ""),
        ("bash", json!({"command": "git commit -m x"}), ""),
        ("read", json!({"filePath": "debug_x.py"}), ""),
    ] {
        let output = call(&repo, tool, &arguments).success();
        assert!(output.starts_with(words) && output.is_empty() == words.is_empty(), "{tool}: {output}");
    }
}

#[test]
fn any_trouble_lets_the_tool_run() {
    for script in ["exit 1", "echo nonsense", "echo null", "echo '[]'", "exec <&-; exit 0", "kill $$", ":"] {
        let repo = with_plugin("../program/stage-guard");
        let program = repo.sibling("program");
        program.program("stage-guard", &format!("#!/bin/sh\n{script}\n"));
        let arguments = json!({"filePath": "debug_x.py", "content": "x".repeat(100_000)});
        assert_eq!(call(&repo, "write", &arguments).success(), "", "{script}");
    }
    let repo = with_plugin("/nowhere/stage-guard");
    assert_eq!(call(&repo, "write", &json!({"filePath": "debug_x.py"})).success(), "");
}

#[test]
fn a_program_that_does_not_answer_lets_the_tool_run() {
    let repo = with_plugin("../program/stage-guard");
    repo.sibling("program").program("stage-guard", "#!/bin/sh\nsleep 60\n");
    let start = Instant::now();
    assert_eq!(call(&repo, "write", &json!({"filePath": "debug_x.py"})).success(), "");
    assert!((9..30).contains(&start.elapsed().as_secs()));
}

/// The plugin starts no process for a tool that is not checked.
#[test]
fn other_tools_start_no_program() {
    let repo = with_plugin("../program/stage-guard");
    repo.sibling("program").program("stage-guard", "#!/bin/sh\n: > ran\n");
    call(&repo, "read", &json!({"filePath": "debug_x.py"})).silent();
    assert!(!repo.exists("ran"));
    call(&repo, "edit", &json!({"filePath": "debug_x.py"})).silent();
    assert!(repo.exists("ran"));
}
