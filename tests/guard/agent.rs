//! `agent`: what a coding agent is told before it writes, runs and stops; and
//! `install --agent`, which has it ask.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::{Value, json};

use super::sandbox::{BINARY, Repo, Run};

impl Repo {
    /// Tells the guard what an agent that stands at the top is about to do.
    fn tell(&self, event: &str, fields: &Value) -> Run {
        let mut told = json!({"session_id": "x", "cwd": self.dir, "hook_event_name": event});
        told.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.guard_with_input(&["agent"], told.to_string().as_bytes())
    }

    fn writes(&self, file: impl AsRef<Path>) -> Run {
        self.tell(
            "PreToolUse",
            &json!({"tool_name": "Write", "tool_input": {"file_path": file.as_ref(), "content": "x"}}),
        )
    }

    fn runs(&self, tool: &str, command: &str) -> Run {
        self.tell("PreToolUse", &json!({"tool_name": tool, "tool_input": {"command": command}}))
    }

    fn stops(&self) -> Run {
        self.tell("Stop", &json!({"stop_hook_active": false}))
    }
}

impl Run {
    /// Asserts that the agent is kept from it, in the way that it understands; why.
    fn denied(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{self:?}");
        self.err.strip_prefix("stage-guard: ").unwrap().to_owned()
    }

    /// Asserts that the agent may do it, for it could not be judged; why.
    fn unjudged(self) -> String {
        assert_eq!((self.code, self.out.as_str(), self.err.lines().count()), (0, "", 1), "{self:?}");
        self.err
    }
}

#[test]
fn a_file_is_denied_where_a_commit_would_be_refused_for_it() {
    let repo = Repo::new();
    repo.write(".git/info/exclude", "ignored/\n*.tmp.py\n/debug_ignored.py\n");
    repo.commit_unchecked(&["debug_tracked.py", "backend/api.py", "svc/package.json"]);
    repo.stage("debug_staged.py").write("new.py", "x").write("fresh/go.mod", "x");
    fs::create_dir_all(repo.path(".claude_sessions/current")).unwrap();
    symlink(".claude_sessions/current", repo.path("session")).unwrap();
    symlink("backend", repo.path("link")).unwrap();
    symlink("backend/api.py", repo.path("debug_link.py")).unwrap();
    symlink("nowhere", repo.path("debug_dangling.py")).unwrap();
    for (file, home) in [
        ("debug_x.py", "debugging/debug_x.py"),
        ("./lib/../debug_x.py", "debugging/debug_x.py"),
        ("backend/test_x.py", "tests/test_x.py"),
        ("link/test_x.py", "tests/test_x.py"),
        ("svc/debug_x.py", "debugging/debug_x.py"),
        ("fresh/debug_x.py", "debugging/debug_x.py"),
        ("new/deep/scratch/x.py", "exploration/x.py"),
        ("FIX_SUMMARY.md", "archive/FIX_SUMMARY.md"),
        ("debug_dangling.py", "debugging/debug_dangling.py"),
        ("main.py", ""),
        ("backend/app/debug_x.py", ""),
        ("backend/test_api.py", ""),
        ("link/test_api.py", ""),
        ("test_new.py", ""),
        ("debug_tracked.py", ""),
        ("debug_staged.py", ""),
        ("debug_ignored.py", ""),
        ("debug_x.tmp.py", ""),
        ("ignored/scratch/x.py", ""),
        (".claude_sessions/debugging/debug_x.py", ""),
        ("backend/.claude_sessions/debug_x.py", ""),
        ("session/debug_x.py", ""),
        ("backend/.claude_sessions", "current/.claude_sessions"),
        (".Claude_Sessions/x.py", "current/x.py"),
        ("backend/.CLAUDE_SESSIONS/tests/x.py", "current/x.py"),
        (".Claude_Sessions/.claude_sessions/x.py", ""),
        (".claude_sessions/.Claude_Sessions/x.py", ""),
        ("ignored/.Claude_Sessions/x.py", ""),
        ("debug_link.py", ""),
        (".git/hooks/debug_x.py", ""),
        (".git/debug_x.py", ""),
        ("../debug_x.py", ""),
        ("/debug_x.py", ""),
        ("/nowhere/at/all/debug_x.py", ""),
        ("debug_\0x.py", ""),
        ("", ""),
    ] {
        let place = repo.path(format!(".claude_sessions/{home}")).display().to_string();
        for file in [Path::new(file).to_owned(), repo.path(file)] {
            let run = repo.writes(&file);
            if home.is_empty() {
                assert_eq!((run.code, run.out.as_str()), (0, ""), "{file:?}: {run:?}");
            } else {
                assert!(run.denied().contains(&format!("\nwrite: {place}\n")), "{file:?}");
            }
        }
    }
}

#[test]
fn a_denial_says_why_and_where_to_write_instead() {
    let repo = Repo::new();
    let top = repo.dir.display();
    let expected = format!(
        "\
backend/debug_x.py would be refused: a debug script [debug-script]
write: {top}/.claude_sessions/debugging/debug_x.py
if it is production code: {BINARY} explain :/backend/debug_x.py
"
    );
    assert_eq!(repo.writes("backend/debug_x.py").denied(), expected);
    // A name that is taken gets a number, and what is there already is stowed.
    repo.write("backend/debug_x.py", "x").write(".claude_sessions/debugging/debug_x.py", "x");
    let said = repo.writes("backend/debug_x.py").denied();
    assert!(said.contains("/.claude_sessions/debugging/debug_x-2.py\n"), "{said}");
    let command = said.lines().find_map(|line| line.strip_prefix("stow the existing file: ")).unwrap();
    assert_eq!(command, format!("{BINARY} stow -- :/backend/debug_x.py"));
    repo.shell(command).success();
    assert!(repo.exists(".claude_sessions/debugging/debug_x-2.py") && !repo.exists("backend/debug_x.py"));
}

#[test]
fn each_tool_that_writes_is_judged() {
    let repo = Repo::new();
    for (tool, field, is_denied) in [
        ("Write", "file_path", true),
        ("Edit", "file_path", true),
        ("MultiEdit", "file_path", true),
        ("NotebookEdit", "notebook_path", true),
        ("NotebookEdit", "file_path", false),
        ("Read", "file_path", false),
        ("Bash", "file_path", false),
    ] {
        let run = repo.tell("PreToolUse", &json!({"tool_name": tool, "tool_input": {field: "debug_x.py"}}));
        if is_denied { drop(run.denied()) } else { run.silent() }
    }
    repo.tell("PostToolUse", &json!({"tool_name": "Write", "tool_input": {"file_path": "debug_x.py"}}))
        .silent();
}

#[test]
fn a_file_belongs_to_the_repository_that_it_lies_in() {
    let repo = Repo::new();
    let elsewhere = repo.in_dir("deep");
    let other = repo.sibling("other");
    fs::create_dir(&other.dir).unwrap();
    other.git("init -q").success();
    repo.git("worktree add -q linked/tree").success();
    for owner in [&other, &repo.child("linked/tree")] {
        owner.write("debug_x.py", "x");
        let said = elsewhere.writes(owner.path("debug_x.py")).denied();
        let place = owner.path(".claude_sessions/debugging/debug_x.py");
        assert!(said.contains(&format!("\nwrite: {}\n", place.display())), "{said}");
        let command = said.lines().find_map(|line| line.strip_prefix("stow the existing file: ")).unwrap();
        elsewhere.shell(command).success();
        assert!(place.exists());
    }
    let said = elsewhere.writes("../debug_x.py").denied();
    assert!(said.contains(&format!("\nwrite: {}/.claude_sessions/", repo.dir.display())), "{said}");
}

#[test]
fn where_libgit2_cannot_read_git_is_asked() {
    for format in [&["--object-format=sha256"][..], &[]] {
        let repo = Repo::of_format(format);
        repo.write(".gitignore", "/debug_ignored.py\n").commit_unchecked(&["debug_tracked.py"]);
        repo.git("update-index --split-index").success();
        assert!(repo.writes("backend/debug_x.py").denied().contains(".claude_sessions/debugging/debug_x.py"));
        repo.writes("debug_ignored.py").silent();
        repo.writes("debug_tracked.py").silent();
        repo.writes("main.py").silent();
    }
}

#[test]
fn what_is_not_understood_is_allowed() {
    let repo = Repo::new();
    let huge = format!("\"{}\"", "x".repeat(40_000_000));
    let nested = "[".repeat(100_000);
    for input in [&b""[..], b"x", b"{", b"\xff\xfe", huge.as_bytes(), nested.as_bytes()] {
        let said = repo.guard_with_input(&["agent"], input).unjudged();
        assert!(said.contains("what is on standard input is not the JSON of an agent's hook"), "{said}");
    }
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
        repo.guard_with_input(&["agent"], input.as_bytes()).silent();
    }
    // What is JSON, but no text.
    for input in [
        &b"{\"cwd\": \"\xff\"}"[..],
        br#"{"hook_event_name": "\ud800"}"#,
        br#"{"hook_event_name": "PreToolUse", "tool_name": "\ud800"}"#,
        br#"{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {"file_path": "debug_\ud800.py"}}"#,
        br#"{"hook_event_name": "Stop", "cwd": "\ud800"}"#,
    ] {
        repo.guard_with_input(&["agent"], input).unjudged();
    }
    let said = br#"{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {"file_path": "x", "content": "\ud800"}}"#;
    repo.guard_with_input(&["agent"], said).silent();
    // An agent that does not say where it stands stands where its hook does.
    let told = json!({"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {"file_path": "debug_x.py"}});
    repo.guard_with_input(&["agent"], told.to_string().as_bytes()).denied();
    repo.guard("agent --dry-run").unjudged();
    repo.guard("agent --format json").unjudged();
    repo.guard("-C nowhere agent").unjudged();
}

#[test]
fn what_cannot_be_judged_is_allowed() {
    let repo = Repo::new();
    repo.write("debug_y.py", "x").write(".stage-guard.toml", "allow = 1\n");
    assert!(repo.writes("debug_x.py").unjudged().contains(".stage-guard.toml"));
    repo.stops().unjudged();
    repo.write(".stage-guard.toml", "allow = [\"debug_x.py\"]\n").writes("debug_x.py").silent();
    repo.writes("debug_z.py").denied();
    repo.write(".git/index", "damaged").writes("debug_z.py").unjudged();
    let bare = Repo::uncreated();
    fs::create_dir(&bare.dir).unwrap();
    for init in ["", "init -q --bare"] {
        let _ = bare.git(init);
        bare.writes("debug_x.py").silent();
        bare.stops().silent();
    }
    let gone = repo.child("gone");
    let told = json!({"hook_event_name": "Stop", "cwd": gone.dir}).to_string();
    repo.guard_with_input(&["agent"], told.as_bytes()).unjudged();
}

#[test]
fn a_turn_that_leaves_session_work_is_kept_from_its_end_once() {
    let repo = Repo::new();
    repo.stops().silent();
    repo.write("main.py", "x").write(".claude_sessions/current/x.py", "x").stops().silent();
    repo.write("backend/debug_x.py", "x").write("FIXED.md", "x").write("FIX_SUMMARY.md", "x");
    let deep = repo.in_dir("deep");
    let expected = format!(
        "\
session work is left where `git add -A` would stage it:
  FIX_SUMMARY.md [session-note]
  backend/debug_x.py [debug-script]
stow: {BINARY} stow -- :/FIX_SUMMARY.md :/backend/debug_x.py
"
    );
    assert_eq!(deep.stops().denied(), expected);
    deep.tell("Stop", &json!({"stop_hook_active": true})).silent();
    deep.shell(expected.lines().last().unwrap().strip_prefix("stow: ").unwrap()).success();
    deep.stops().silent();
    for number in 0..30 {
        repo.write(format!("debug_{number:02}.py"), "x");
    }
    let said = repo.stops().denied();
    assert_eq!((said.lines().count(), said.matches(":/debug_").count()), (23, 20), "{said}");
    assert!(said.contains("\n  debug_19.py [debug-script]\n  and 10 more\n"), "{said}");
}

#[test]
fn a_command_that_bypasses_the_hooks_is_denied() {
    let home = Repo::home();
    for (command, words) in [
        ("git commit --no-veri -m x", "`git commit --no-veri` skips the hooks"),
        ("git -c core.hooksPath=x commit", "`core.hooksPath=x` disables the hooks"),
        ("git add -f .claude_sessions/x", ".claude_sessions/x is session work, which git ignores"),
    ] {
        for tool in ["Bash", "PowerShell"] {
            let said = home.runs(tool, command).denied();
            assert!(said.starts_with(words) && said.lines().count() == 2, "{said}");
        }
    }
    home.runs("Bash", "git commit -m 'about -n'").silent();
    // Each tool has its own shell.
    home.runs("Bash", "git commit -m \"a\\\" -n").silent();
    home.runs("PowerShell", "git commit -m \"a\\\" -n").denied();
    home.runs("Bash", &"$(".repeat(50_000)).silent();
}

const SETTINGS: &str = ".claude/settings.json";

/// The commands that Claude Code runs at an event.
fn commands(repo: &Repo, event: &str) -> Vec<String> {
    let settings: Value = serde_json::from_str(&repo.read(SETTINGS)).unwrap();
    let groups = settings["hooks"][event].as_array().cloned().unwrap_or_default();
    let entries = groups.iter().flat_map(|group| group["hooks"].as_array().unwrap());
    entries.map(|entry| entry["command"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn install_has_the_agent_ask_and_uninstall_leaves_no_trace() {
    let repo = Repo::new();
    let said = repo.guard("install --agent").success();
    let path = repo.path(SETTINGS).display().to_string();
    assert!(
        said.contains(&format!("\nagent:   Claude Code runs stage-guard before it writes, by {path}\n")),
        "{said}"
    );
    let expected = format!(
        r#"{{
  "hooks": {{
    "PreToolUse": [
      {{
        "matcher": "Write|Edit|MultiEdit|NotebookEdit|Bash|PowerShell",
        "hooks": [
          {{
            "type": "command",
            "command": "{BINARY} agent",
            "timeout": 10
          }}
        ]
      }}
    ],
    "Stop": [
      {{
        "hooks": [
          {{
            "type": "command",
            "command": "{BINARY} agent",
            "timeout": 10
          }}
        ]
      }}
    ]
  }}
}}
"#
    );
    assert_eq!(repo.read(SETTINGS), expected);
    repo.guard("install --agent").success();
    assert_eq!(repo.read(SETTINGS), expected);
    // The command that is written is one that works.
    let told = json!({"hook_event_name": "Stop", "cwd": repo.dir}).to_string();
    repo.write("debug_x.py", "x").write(".git/told", &told);
    let run = repo.shell(&format!("{} < .git/told", commands(&repo, "Stop")[0]));
    assert!(run.denied().contains("debug_x.py"));
    let said = repo.guard("uninstall").success();
    assert!(said.contains(&format!("removed the hooks of Claude Code from {path}\n")), "{said}");
    assert!(!repo.exists(".claude"));
    // What else is in the directory stays.
    repo.guard("install --agent").success();
    repo.write(".claude/commands/x.md", "x").guard("uninstall").success();
    assert!(!repo.exists(SETTINGS) && repo.exists(".claude/commands/x.md"));
    assert!(!repo.guard("uninstall").success().contains("Claude"));
}

#[test]
fn all_else_in_the_settings_stays_byte_for_byte() {
    for text in [
        "{}",
        "{}\n",
        "{\n}\n",
        "{ }",
        "  {\t}  \r\n",
        r#"{"a":1}"#,
        r#"{"a":1e00,"b":[1.0, 2],"hooks":{"Stop":[{"hooks":[{"type":"command","command":"x"}]}]},"c":"\u00e4"}"#,
        r#"{ "model": "opus", "permissions": { "allow": [ "Bash(ls:*)" ] } }"#,
        r#"{"hooks":{}}"#,
        r#"{"hooks": {"PreToolUse": []}, "x": 1}"#,
        r#"{"hooks":{"PreToolUse":[ ],"Stop":[ {"hooks":[]} ]}}"#,
        "{\n  \"model\": \"opus\"\n}\n",
        "{\r\n    \"model\": \"opus\",\r\n    \"hooks\": {\r\n        \"Stop\": []\r\n    }\r\n}\r\n",
        "{\n\t\"hooks\": {\n\t\t\"PreToolUse\": [\n\t\t\t{\n\t\t\t\t\"matcher\": \"Bash\",\n\t\t\t\t\"hooks\": []\n\t\t\t}\n\t\t]\n\t}\n}",
        "{\n\n  \"x\": 1,\n\n  \"hooks\": {\"Notification\": [1, \"}\", {\"]\": null}]}\n}\n",
        "{\"hooks\": {\n    \"Stop\": [\n        {\"hooks\": [{\"type\": \"command\", \"command\": \"say agent\"}]}\n    ]\n}}\n",
        r#"{"hooks": 1, "hooks": {"PreToolUse": [1, null, {"hooks": 1}, {"hooks": [2, {"command": 3}]}]}}"#,
    ] {
        let repo = Repo::new();
        repo.write(SETTINGS, text);
        fs::set_permissions(repo.path(SETTINGS), fs::Permissions::from_mode(0o640)).unwrap();
        repo.guard("install --agent").success();
        let installed = repo.read(SETTINGS);
        for event in ["PreToolUse", "Stop"] {
            let ours = format!("{BINARY} agent");
            let settings: Value = serde_json::from_str(&installed).unwrap();
            let last = settings["hooks"][event].as_array().unwrap().last().unwrap();
            assert_eq!(last["hooks"][0]["command"], *ours, "{installed}");
        }
        assert_eq!(installed.contains('\r'), text.contains('\r'), "{installed}");
        repo.guard("install --agent").success();
        assert_eq!(repo.read(SETTINGS), installed, "{text}");
        assert_eq!(fs::metadata(repo.path(SETTINGS)).unwrap().permissions().mode() & 0o777, 0o640);
        repo.guard("uninstall").success();
        assert_eq!(repo.read(SETTINGS), text, "{installed}");
    }
}

#[test]
fn empty_settings_are_filled() {
    for text in ["", "\n", " \r\n\t"] {
        let repo = Repo::new();
        repo.write(SETTINGS, text).guard("install --agent").success();
        assert_eq!(commands(&repo, "Stop"), [format!("{BINARY} agent")]);
        repo.guard("uninstall").success();
        assert_eq!(repo.read(SETTINGS), format!("{{}}{text}"));
        // What was not installed is left.
        repo.write(SETTINGS, text).guard("uninstall").success();
        assert_eq!(repo.read(SETTINGS), text);
    }
}

#[test]
fn no_agent_asks_in_a_bare_repository() {
    let bare = Repo::uncreated();
    fs::create_dir(&bare.dir).unwrap();
    bare.git("init -q --bare").success();
    bare.guard("install --agent").fails_with("cannot set up an agent in a bare repository");
    assert!(!bare.exists(".claude") && !bare.exists("hooks/pre-receive"));
    bare.guard("install").success();
}

#[test]
fn new_settings_are_laid_out_as_the_old_ones() {
    for (before, after) in [
        (
            "{\n\t\"hooks\": {\n\t\t\"Stop\": []\n\t}\n}\n",
            "{\n\t\"hooks\": {\n\t\t\"Stop\": [{ \"hooks\": [ { \"type\": \"command\", \"command\": \"COMMAND\", \"timeout\": 10 } ] }],\n\t\t\"PreToolUse\": [\n\t\t\t{\n\t\t\t\t\"matcher\": \"MATCHER\",\n\t\t\t\t\"hooks\": [\n\t\t\t\t\t{\n\t\t\t\t\t\t\"type\": \"command\",\n\t\t\t\t\t\t\"command\": \"COMMAND\",\n\t\t\t\t\t\t\"timeout\": 10\n\t\t\t\t\t}\n\t\t\t\t]\n\t\t\t}\n\t\t]\n\t}\n}\n",
        ),
        (
            "{}",
            "{\"hooks\": { \"PreToolUse\": [ { \"matcher\": \"MATCHER\", \"hooks\": [ { \"type\": \"command\", \"command\": \"COMMAND\", \"timeout\": 10 } ] } ], \"Stop\": [ { \"hooks\": [ { \"type\": \"command\", \"command\": \"COMMAND\", \"timeout\": 10 } ] } ] }}",
        ),
    ] {
        let repo = Repo::new();
        repo.write(SETTINGS, before).guard("install --agent").success();
        let after = after.replace("COMMAND", &format!("{BINARY} agent"));
        let after = after.replace("MATCHER", "Write|Edit|MultiEdit|NotebookEdit|Bash|PowerShell");
        assert_eq!(repo.read(SETTINGS), after);
    }
}

#[test]
fn an_entry_of_another_program_is_renewed_and_others_are_left() {
    let repo = Repo::new();
    let others = [
        "stage-guard explain",
        "agent",
        "my-stage-guard agent",
        "echo stage-guard agent",
        "stage-guard agent; x",
    ];
    for ours in [
        "stage-guard agent",
        "/old/stage-guard agent",
        "'/an old/stage-guard' agent",
        "stage-guard -C x agent",
    ] {
        let entry = |command: &str| json!({"type": "command", "command": command});
        let entries: Vec<Value> = others.iter().chain([&ours]).map(|command| entry(command)).collect();
        let settings = json!({"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": entries}]}});
        repo.write(SETTINGS, &settings.to_string()).guard("install --agent").success();
        let expected: Vec<String> =
            others.iter().map(|other| (*other).to_owned()).chain([format!("{BINARY} agent")]).collect();
        assert_eq!(commands(&repo, "PreToolUse"), expected);
        repo.guard("uninstall").success();
        assert_eq!(commands(&repo, "PreToolUse"), others);
        assert_eq!(commands(&repo, "Stop"), [""; 0]);
    }
}

#[test]
fn uninstall_finds_its_entries_in_settings_that_were_written_anew() {
    let repo = Repo::new();
    repo.write(SETTINGS, r#"{"a": 1}"#).guard("install --agent").success();
    let settings: Value = serde_json::from_str(&repo.read(SETTINGS)).unwrap();
    repo.write(SETTINGS, &serde_json::to_string_pretty(&settings).unwrap()).guard("uninstall").success();
    assert_eq!(repo.read(SETTINGS), "{\n  \"a\": 1\n}");
}

#[test]
fn settings_of_another_form_are_refused_and_nothing_is_changed() {
    for (text, words) in [
        ("\u{feff}", "not valid JSON"),
        ("\u{feff}{}", "not valid JSON"),
        ("{", "not valid JSON"),
        ("{} x", "not valid JSON"),
        ("// x\n{}", "not valid JSON"),
        ("[]", "the top level is not an object"),
        ("1", "the top level is not an object"),
        (r#"{"hooks": []}"#, "`hooks` is not an object"),
        (r#"{"hooks": null}"#, "`hooks` is not an object"),
        (r#"{"hooks": {"PreToolUse": {}}}"#, "`hooks.PreToolUse` is not an array"),
        (r#"{"hooks": {"Stop": "x"}}"#, "`hooks.Stop` is not an array"),
    ] {
        let repo = super::hooks::unguarded();
        repo.write(SETTINGS, text).guard("install --agent").fails_with(words);
        assert_eq!(repo.read(SETTINGS), text);
        assert!(!repo.exists(".git/hooks/pre-commit"));
        repo.guard("uninstall").success();
        assert_eq!(repo.read(SETTINGS), text);
    }
}

#[test]
fn settings_are_not_written_out_of_the_worktree() {
    let repo = super::hooks::unguarded();
    fs::create_dir(repo.path("../outside")).unwrap();
    repo.write("../outside/x", "{}");
    for (target, link, words) in [
        ("../outside", ".claude", "leads out of the worktree"),
        ("nowhere", ".claude", "cannot follow the symlink"),
        ("../../outside/x", SETTINGS, "leads out of the worktree"),
        ("nowhere", SETTINGS, "cannot follow the symlink"),
        ("../../outside/y", SETTINGS, "cannot follow the symlink"),
        ("settings.json", SETTINGS, "cannot follow the symlink"),
    ] {
        fs::create_dir_all(repo.path(link).parent().unwrap()).unwrap();
        symlink(target, repo.path(link)).unwrap();
        repo.guard("install --agent").fails_with(words);
        assert!(!repo.exists(".git/hooks/pre-commit") && !repo.exists("../outside/settings.json"));
        fs::remove_file(repo.path(link)).unwrap();
    }
    // One that stays inside is followed, and stays.
    repo.write("common.json", "{}");
    symlink("../common.json", repo.path(SETTINGS)).unwrap();
    repo.guard("install --agent").success();
    assert!(repo.path(SETTINGS).is_symlink() && repo.read("common.json").contains("PreToolUse"));
    repo.guard("uninstall").success();
    assert_eq!(repo.read("common.json"), "{}");
}
