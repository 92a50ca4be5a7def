//! The files that `install --agent` writes, and what `uninstall` leaves of them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};

use super::sandbox::{BINARY, Repo, Run};

/// The names of all agents.
const ALL: &str = "claude,codex,gemini,copilot,qwen,opencode";

/// The record of what `install` has created.
const RECORD: &str = ".git/stage-guard/agents.json";

const SETTINGS: &str = ".claude/settings.json";

/// Returns the commands that Claude Code runs on an event.
fn commands(repo: &Repo, event: &str) -> Vec<String> {
    let settings: Value = serde_json::from_str(&repo.read(SETTINGS)).unwrap();
    let groups = settings["hooks"][event].as_array().cloned().unwrap_or_default();
    let entries = groups.iter().flat_map(|group| group["hooks"].as_array().unwrap());
    entries.map(|entry| entry["command"].as_str().unwrap().to_owned()).collect()
}

/// An agent: its name, its file, what is in the file for `COMMAND`, and what shows the agent.
struct Case {
    name: &'static str,
    title: &'static str,
    file: &'static str,
    text: &'static str,
    shown_by: &'static [&'static str],
}

/// Returns the entry of a group of hooks, as `install` lays it out.
macro_rules! groups {
    ($before:literal, $matcher:literal, $timeout:literal; $version:literal) => {
        concat!(
            "{", $version, "\n  \"hooks\": {\n    \"", $before, "\": [\n      {\n        \"matcher\": \"", $matcher, "\",\n",
            groups!(@hooks $timeout), "\n  }\n}\n"
        )
    };
    ($before:literal, $matcher:literal, $at_end:literal, $timeout:literal) => {
        concat!(
            "{\n  \"hooks\": {\n    \"", $before, "\": [\n      {\n        \"matcher\": \"", $matcher, "\",\n",
            groups!(@hooks $timeout), ",\n    \"", $at_end, "\": [\n      {\n", groups!(@hooks $timeout), "\n  }\n}\n"
        )
    };
    (@hooks $timeout:literal) => {
        concat!(
            "        \"hooks\": [\n          {\n            \"type\": \"command\",\n",
            "            \"command\": \"COMMAND\",\n            \"timeout\": ", $timeout, "\n",
            "          }\n        ]\n      }\n    ]"
        )
    };
}

const CASES: [Case; 6] = [
    Case {
        name: "claude",
        title: "Claude Code",
        file: SETTINGS,
        text: groups!("PreToolUse", "Write|Edit|MultiEdit|NotebookEdit|Monitor|Bash", "Stop", 10),
        shown_by: &[".claude/x"],
    },
    Case {
        name: "codex",
        title: "Codex",
        file: ".codex/hooks.json",
        text: groups!("PreToolUse", "apply_patch|Bash", "Stop", 10),
        shown_by: &[".codex/config.toml"],
    },
    Case {
        name: "gemini",
        title: "Gemini CLI",
        file: ".gemini/settings.json",
        text: groups!("BeforeTool", "write_file|replace|run_shell_command", "AfterAgent", 10000),
        shown_by: &[".gemini/x"],
    },
    Case {
        name: "copilot",
        title: "Copilot CLI",
        file: ".github/hooks/stage-guard.json",
        text: concat!(
            "{\n  \"version\": 1,\n  \"hooks\": {\n    \"preToolUse\": [\n      {\n        \"type\": \"command\",\n",
            "        \"bash\": \"COMMAND\",\n        \"timeoutSec\": 10\n      }\n    ],\n    \"agentStop\": [\n",
            "      {\n        \"type\": \"command\",\n        \"bash\": \"COMMAND\",\n        \"timeoutSec\": 10\n",
            "      }\n    ]\n  }\n}\n"
        ),
        shown_by: &[".github/hooks/x.json", ".github/copilot-instructions.md", ".github/copilot/x"],
    },
    Case {
        name: "qwen",
        title: "Qwen Code",
        file: ".qwen/settings.json",
        text: groups!(
            "PreToolUse",
            "write_file|edit|monitor|run_shell_command",
            10000;
            "\n  \"$version\": 4,"
        ),
        shown_by: &[".qwen/x"],
    },
    Case {
        name: "opencode",
        title: "opencode",
        file: ".opencode/plugins/stage-guard.js",
        text: include_str!("../../src/agents/opencode.js"),
        shown_by: &[".opencode/x"],
    },
];

impl Case {
    /// Returns the text of the file without the plugin's checksum.
    fn read(&self, repo: &Repo) -> String {
        let text = repo.read(self.file);
        let (header, rest) = text.split_once('\n').unwrap();
        if header.starts_with("// A file of stage-guard: do not edit.") { rest.to_owned() } else { text }
    }

    /// Returns the text of the file if the program is run by `program`.
    fn text(&self, program: &str) -> String {
        let command = format!("{program} agent {} || true", self.name);
        self.text.replace("COMMAND", &command).replace("\"stage-guard\"", &format!("\"{program}\""))
    }

    fn install(&self, repo: &Repo) -> Run {
        repo.guard_args(&["install", &format!("--agent={}", self.name)])
    }
}

impl Repo {
    /// Returns the paths of all files and directories outside of the git directory.
    fn all_paths(&self) -> String {
        self.shell("find . -name .git -prune -o -print | sort").success()
    }

    /// Returns all paths, also in the git directory, with their modes, targets and checksums.
    fn contents(&self) -> String {
        self.shell("find . -printf '%p %m %l\\n' | sort; find . -type f -exec sha256sum {} + | sort")
            .success()
    }

    /// Asserts that the agents of `names` are set up, and no other.
    fn assert_set_up(&self, names: &[&str]) {
        let found = CASES.iter().filter(|case| self.exists(case.file)).map(|case| case.name);
        assert_eq!(found.collect::<Vec<_>>(), names);
    }
}

#[test]
fn each_agent_gets_its_file_and_loses_it() {
    for case in &CASES {
        let repo = Repo::new();
        let before = repo.all_paths();
        let output = case.install(&repo).success();
        let line = format!("\nagent:   {} asks stage-guard before it writes ({})\n", case.title, case.file);
        assert!(output.contains(&line) && output.matches("agent: ").count() == 1, "{output}");
        assert!(output.contains(&format!("\nnote:    to be committed: {}\n", case.file)), "{output}");
        assert_eq!(case.read(&repo), case.text(BINARY));
        repo.assert_set_up(&[case.name]);
        case.install(&repo).success();
        assert_eq!(case.read(&repo), case.text(BINARY));
        repo.guard_args(&["-q", "install", "--agent", &format!("--agent={}", case.name)]).silent();
        let output = repo.guard("uninstall").success();
        let line = format!("removed the hooks of {} from {}\n", case.title, case.file);
        assert!(output.contains(&line), "{output}");
        assert_eq!(repo.all_paths(), before);
        assert!(!repo.exists(".git/stage-guard"));
    }
}

#[test]
fn the_command_of_an_entry_works() {
    let repo = Repo::new();
    repo.guard("install --agent=claude").success();
    let event = json!({"hook_event_name": "Stop", "cwd": repo.dir}).to_string();
    repo.write("debug_x.py", "x").write(".git/event", &event);
    let run = repo.shell(&format!("({}) < .git/event", commands(&repo, "Stop")[0]));
    assert!(run.denied().contains("debug_x.py"));
    // Nor does an agent stop working where the program is missing.
    let missing = commands(&repo, "Stop")[0].replace(BINARY, "/missing/stage-guard");
    assert_eq!(repo.shell(&missing).code, 0);
}

#[test]
fn agents_are_set_up_once_if_they_are_named_twice() {
    let repo = Repo::new();
    repo.write(".gemini/x", "x");
    let output = repo.guard("install --agent=codex,claude,codex --agent=claude").success();
    assert_eq!(output.matches("agent: ").count(), 2, "{output}");
    repo.assert_set_up(&["claude", "codex"]);
}

#[test]
fn the_agents_that_a_repository_shows_are_set_up() {
    for case in &CASES {
        for path in case.shown_by {
            let repo = Repo::new();
            repo.write(path, "x").in_dir("deep").guard("install --agent").success();
            repo.assert_set_up(&[case.name]);
        }
    }
    let repo = Repo::new();
    repo.write("deep/.codex/x", "x").write(".qwen/x", "x").write(".github/copilot-instructions.md", "x");
    repo.write(".github/workflows/x", "x").guard("install --agent").success();
    repo.assert_set_up(&["copilot", "qwen"]);
}

#[test]
fn the_agents_on_path_are_set_up_if_a_repository_shows_none() {
    for (programs, names) in [(&["opencode", "gemini"][..], &["gemini", "opencode"][..]), (&[], &["claude"])]
    {
        let repo = Repo::new();
        let bin = repo.sibling("bin");
        fs::create_dir(&bin.dir).unwrap();
        for program in programs {
            bin.program(program, "#!/bin/sh\n");
        }
        // Not executable, and not a file.
        bin.write("codex", "x");
        fs::create_dir(bin.path("qwen")).unwrap();
        let git = repo.shell("command -v git").success();
        symlink(git.trim(), bin.path("git")).unwrap();
        repo.env("PATH", &bin.dir).guard("install --agent").success();
        repo.assert_set_up(names);
    }
}

#[test]
fn unknown_names_change_nothing() {
    for (argument, words) in [
        ("--agent=cursor", "invalid value 'cursor'"),
        ("--agent=claude,cursor", "invalid value 'cursor'"),
        ("--agent=claude,,codex", "[possible values: claude, codex, gemini, copilot, qwen, opencode]"),
        ("--agent=Claude", "claude, codex, gemini, copilot, qwen, opencode"),
        ("--agent=", "claude, codex, gemini, copilot, qwen, opencode"),
        ("--agent claude", "unexpected argument 'claude' found\nhelp: write --agent=claude\n"),
    ] {
        let repo = super::hooks::unguarded();
        let before = repo.all_paths();
        repo.guard(&format!("install {argument}")).fails_with(words);
        assert_eq!(repo.all_paths(), before);
        assert!(!repo.exists(".git/hooks/pre-commit"));
    }
}

/// If one file cannot be changed, nothing is: no git hook, and no file of another agent.
#[test]
fn a_foreign_or_broken_file_changes_nothing() {
    for (file, text, words) in [
        (SETTINGS, "", "not a regular file"),
        (".codex/hooks.json", "{\"hooks\": []}", "`hooks` is not an object"),
        (".codex/hooks.json", "LINK", "leads out of the worktree"),
        (".gemini/settings.json", "{\"hooks\": {\"AfterAgent\": {}}}", "`hooks.AfterAgent` is not an array"),
        (".gemini/settings.json", "{\"a\": 1,}", "not valid JSON"),
        (".qwen/settings.json", "[]", "the top level is not an object"),
        (".qwen/settings.json", "DANGLING", "cannot follow the symlink"),
        (".github/hooks/stage-guard.json", "{\"version\": 1, \"hooks\": {}}", "not a file of stage-guard"),
        (".github/hooks/stage-guard.json", "x", "not a file of stage-guard"),
        (".opencode/plugins/stage-guard.js", "export const X = 1;\n", "not a file of stage-guard"),
    ] {
        for ignored in ["", ".*/\n"] {
            let repo = super::hooks::unguarded();
            repo.write(".git/info/exclude", ignored);
            match text {
                "" => drop(repo.in_dir(file)),
                "LINK" | "DANGLING" => {
                    repo.in_dir(file.split('/').next().unwrap());
                    let target = if text == "LINK" { "/etc/passwd" } else { "nowhere" };
                    symlink(target, repo.path(file)).unwrap();
                }
                _ => drop(repo.write(file, text)),
            }
            let before = repo.contents();
            let run = repo.guard(&format!("install --agent={ALL}"));
            assert!(run.err.contains(file), "{run:?}");
            run.fails_with(words);
            assert_eq!(repo.contents(), before);
            repo.guard("uninstall").success();
            assert_eq!(repo.contents(), before);
        }
    }
}

/// Returns the cases whose file may hold other settings.
fn shared_files() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| !matches!(case.name, "copilot" | "opencode"))
}

/// Also if the record of the installation is lost, as in a clone.
#[test]
fn each_file_is_restored_byte_for_byte() {
    let texts = [
        "",
        "\n",
        " \r\n\t",
        "{}",
        "{ }",
        "{}\n",
        "{\n}\n",
        "{\"hooks\":{}}",
        "{\"hooks\":{\"EVENT\":[]}}\n",
        "\u{feff}{\"a\":1e00,\r\n\t\"a\":[1.0, 2]}",
    ];
    for case in shared_files() {
        let repo = Repo::new();
        for text in texts {
            let event = if case.name == "gemini" { "BeforeTool" } else { "PreToolUse" };
            let text = text.replace("EVENT", event);
            for has_record in [true, false] {
                repo.write(case.file, &text);
                case.install(&repo).success();
                assert!(repo.read(case.file).contains(&format!("agent {}", case.name)), "{text:?}");
                let _ = (!has_record).then(|| fs::remove_file(repo.path(RECORD)).unwrap());
                repo.guard("uninstall").success();
                assert_eq!(repo.read(case.file), text, "{}", case.name);
            }
        }
    }
    let copilot = ".github/hooks/stage-guard.json";
    let repo = Repo::new();
    for text in ["", "\n"] {
        repo.write(copilot, text).guard("install --agent=copilot").success();
        repo.guard("uninstall").success();
        assert_eq!(repo.read(copilot), text);
    }
}

#[test]
fn directories_that_were_there_stay() {
    for case in &CASES {
        let directories: Vec<&str> = case.file.match_indices('/').map(|(at, _)| &case.file[..at]).collect();
        for directory in directories {
            let repo = Repo::new();
            repo.in_dir(directory);
            let before = repo.all_paths();
            case.install(&repo).success();
            repo.guard("uninstall").success();
            assert_eq!(repo.all_paths(), before);
        }
        // A directory goes that the agent or the user has emptied.
        let repo = Repo::new();
        let before = repo.all_paths();
        case.install(&repo).success();
        fs::remove_file(repo.path(case.file)).unwrap();
        repo.guard("uninstall").success();
        assert_eq!(repo.all_paths(), before);
    }
}

/// Returns a repository in which the files of all agents are committed, and a clone of it.
fn committed() -> (Repo, Repo) {
    let repo = Repo::new();
    repo.guard(&format!("install --agent={ALL}")).success();
    repo.git("add -A").success();
    let output = repo.guard(&format!("install --agent={ALL}")).success();
    assert!(
        output.contains("note:    to be committed: .claude/settings.json, .codex/hooks.json,"),
        "{output}"
    );
    repo.git("commit -qm agents").success();
    assert!(!repo.guard(&format!("install --agent={ALL}")).success().contains("to be committed"));
    let clone = repo.sibling("clone");
    repo.git("clone -q . ../clone").success();
    (repo, clone)
}

#[test]
fn uninstall_leaves_the_committed_files_of_others() {
    let (_repo, clone) = committed();
    clone.guard("install").success();
    let output = clone.guard("uninstall").success();
    for case in &CASES {
        let note =
            format!("\nnote:    git tracks {}, which has the hooks of stage-guard for everybody", case.file);
        assert!(output.contains(&note), "{output}");
    }
    assert!(!output.contains("removed the hooks"), "{output}");
    assert_eq!(clone.git("status --short").success(), "");
    // Only those of an agent that was set up here.
    clone.guard("install --agent=codex").success();
    clone.guard("uninstall").success();
    assert_eq!(clone.git("status --short").success(), " D .codex/hooks.json\n");
    clone.guard("-q uninstall").silent();
}

#[test]
fn uninstall_removes_committed_files_where_they_were_installed() {
    let (repo, clone) = committed();
    clone.guard(&format!("install --agent={ALL}")).success();
    for repo in [repo, clone] {
        assert!(!repo.guard("uninstall").success().contains("note:"));
        assert_eq!(repo.git("status --short").success().matches(" D ").count(), 6);
        assert_eq!(repo.all_paths(), ".\n./README.md\n");
    }
}

/// Version 0.1.0 wrote no record.
#[test]
fn uninstall_removes_entries_that_an_older_version_has_committed() {
    let groups = |rest: &str| {
        format!(
            "{{\n  \"hooks\": {{\n    \"PreToolUse\": [\n      {{\n        \"matcher\": \"Write\",\n        \
             \"hooks\": [\n          {{\"type\": \"command\", \"command\": \"/b/stage-guard agent\"}}\n\
             ]\n      }}\n    ]\n  }}{rest}\n}}\n"
        )
    };
    for (rest, left) in [("", None), (",\n  \"a\": 1", Some("{\n  \"a\": 1\n}\n"))] {
        let repo = Repo::new();
        repo.write(SETTINGS, &groups(rest)).git("add -A").success();
        repo.git("commit -qm agents").success();
        for _ in 0..2 {
            repo.guard("install --agent=claude").success();
        }
        repo.guard("uninstall").success();
        assert_eq!(fs::read_to_string(repo.path(SETTINGS)).ok().as_deref(), left);
    }
}

#[test]
fn uninstall_in_the_git_directory_says_that_the_files_stay() {
    let repo = Repo::new();
    repo.guard("install --agent=claude").success();
    let output = repo.child(".git").guard("uninstall").success();
    assert!(
        output.ends_with("skipped: the settings files of agents: run `uninstall` in the worktree\n"),
        "{output}"
    );
    assert!(repo.exists(SETTINGS));
    repo.guard("uninstall").success();
    assert!(!repo.exists(SETTINGS));
}

/// Without a record, what `install` creates is taken for created.
#[test]
fn a_created_file_goes_without_a_record() {
    for case in &CASES {
        let repo = Repo::new();
        case.install(&repo).success();
        fs::remove_file(repo.path(RECORD)).unwrap();
        repo.guard("uninstall").success();
        assert!(!repo.exists(case.file), "{}", case.name);
    }
}

#[test]
fn what_was_added_beside_our_entries_stays() {
    let repo = Repo::new();
    repo.guard("install --agent=claude,copilot").success();
    for file in [SETTINGS, ".github/hooks/stage-guard.json"] {
        let text = repo.read(file).replacen('{', "{\n  \"model\": \"opus\",", 1);
        repo.write(file, &text);
    }
    repo.guard("install --agent=claude,copilot").success();
    repo.guard("uninstall").success();
    assert_eq!(repo.read(SETTINGS), "{\n  \"model\": \"opus\"\n}\n");
    let rest: Value = serde_json::from_str(&repo.read(".github/hooks/stage-guard.json")).unwrap();
    assert_eq!(rest, json!({"model": "opus", "version": 1}));
}

/// Lays a JSON text out anew.
fn reformat(text: &str, add: impl FnOnce(&mut Value)) -> String {
    let mut value = serde_json::from_str(text).unwrap();
    add(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

#[test]
fn a_file_that_was_there_stays_when_it_is_laid_out_anew() {
    for case in shared_files() {
        let repo = Repo::new();
        repo.write(case.file, "{}");
        case.install(&repo).success();
        repo.write(case.file, &(reformat(&repo.read(case.file), |_| {}) + "\n")).guard("uninstall").success();
        assert_eq!(repo.read(case.file), "{}\n");
    }
}

#[test]
fn a_file_that_install_created_goes_when_it_is_on_one_line() {
    for case in CASES.iter().filter(|case| case.name != "opencode") {
        let repo = Repo::new();
        case.install(&repo).success();
        let settings: Value = serde_json::from_str(&repo.read(case.file)).unwrap();
        repo.write(case.file, &settings.to_string());
        case.install(&repo).success();
        repo.guard("uninstall").success();
        assert!(
            !repo.exists(case.file) && !repo.exists(case.file.split('/').next().unwrap()),
            "{}",
            case.name
        );
    }
}

/// Qwen Code adds a member, lays the file out anew, and keeps a copy of the old one.
#[test]
fn a_file_that_an_agent_rewrites_is_cleaned() {
    let (file, copy) = (".qwen/settings.json", ".qwen/settings.json.orig");
    for (before, after) in [
        (None, None),
        (Some("{\n  \"$version\": 4\n}\n"), Some("{\n  \"$version\": 3\n}")),
        (Some("{\"a\":1}\n"), Some("{\n  \"$version\": 3,\n  \"a\": 1\n}")),
        (Some(""), Some("{\n  \"$version\": 3\n}")),
    ] {
        let repo = Repo::new();
        if let Some(before) = before {
            repo.write(file, before);
        }
        repo.guard("install --agent=qwen").success();
        let text = repo.read(file);
        repo.write(copy, &text).write(file, &reformat(&text, |value| value["$version"] = json!(3)));
        repo.guard("install --agent=qwen").success();
        repo.guard("uninstall").success();
        let read = |file: &str| fs::read_to_string(repo.path(file)).ok();
        assert_eq!((read(file).as_deref(), read(copy).as_deref()), (after, before));
        assert_eq!(repo.exists(".qwen"), before.is_some());
    }
}

#[test]
fn a_file_that_was_changed_into_another_form_is_not_touched() {
    for (agent, file, words) in [
        ("opencode", ".opencode/plugins/stage-guard.js", "not a file of stage-guard"),
        ("claude", SETTINGS, "not valid JSON"),
    ] {
        let repo = Repo::new();
        repo.guard(&format!("install --agent={agent}")).success();
        let text = repo.read(file) + "// mine\n";
        repo.write(file, &text).guard(&format!("install --agent={agent}")).fails_with(words);
        let output = repo.guard("uninstall").success();
        let line = format!(
            "\nskipped: {file}, which cannot be read or has another form: remove stage-guard from it\n"
        );
        assert!(output.contains(&line) && !output.contains("removed the hooks"), "{output}");
        assert_eq!(repo.read(file), text);
        assert!(!repo.guard("uninstall").success().contains("skipped"));
    }
}

#[test]
fn comments_are_kept_where_the_agent_reads_them() {
    for file in [".gemini/settings.json", ".qwen/settings.json"] {
        let repo = Repo::new();
        let text = "// mine\n{\n  \"a\": 1 // one, {\n  /* two */\n}\n";
        repo.write(file, text).guard("install --agent=gemini,qwen").success();
        assert!(
            repo.read(file).contains("\"a\": 1, // one, {\n  \"hooks\": {\n    \""),
            "{}",
            repo.read(file)
        );
        repo.guard("uninstall").success();
        assert_eq!(repo.read(file), text);
    }
}

/// The path of one machine is no use to others, and a name may be found by no agent.
#[test]
fn a_shared_file_names_the_program_and_an_ignored_one_has_its_path() {
    let directory = std::path::Path::new(BINARY).parent().unwrap();
    for case in &CASES {
        let directory_of_agent = case.file.split('/').next().unwrap();
        for (exclude, is_tracked, is_found, is_named) in [
            ("", false, true, true),
            (directory_of_agent, false, true, false),
            (directory_of_agent, true, true, true),
            ("", false, false, false),
        ] {
            let repo = Repo::new();
            repo.write(".git/info/exclude", exclude);
            if is_tracked {
                case.install(&repo).success();
                repo.git_args(&["add", "-f", case.file]).success();
            }
            let path = std::env::var("PATH").unwrap();
            let path = if is_found { format!("{}:{path}", directory.display()) } else { path };
            let output = case.install(&repo.env("PATH", path)).success();
            assert_eq!(case.read(&repo), case.text(if is_named { "stage-guard" } else { BINARY }));
            let is_shared = exclude.is_empty() || is_tracked;
            assert_eq!(output.contains("to be committed"), is_shared, "{output}");
            let note = format!(
                "\nnote:    this names {BINARY}, a path of this machine\nfix:     put stage-guard on PATH"
            );
            assert_eq!(output.contains(&note), is_shared && !is_named, "{output}");
        }
    }
}

#[test]
fn the_path_of_the_program_is_quoted() {
    let repo = Repo::new();
    for directory in [
        "a b",
        "it's",
        "$HOME",
        "say \"hi\"",
        "back\\slash",
        "`x`;&|<>*?",
        "ü",
        "\u{202e}",
        "a\nb",
        "\u{1}\t",
    ] {
        let program = repo.sibling(directory).path("stage-guard");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        symlink(BINARY, &program).unwrap();
        let path = format!("{}:{}", program.parent().unwrap().display(), "/usr/local/bin:/usr/bin:/bin");
        repo.write(".git/info/exclude", ".*/\n");
        for _ in 0..2 {
            repo.env("PATH", path.clone()).guard(&format!("install --agent={ALL}")).success();
        }
        let event = json!({"hook_event_name": "Stop", "cwd": repo.dir}).to_string();
        repo.write("debug_x.py", "x").write(".git/event", &event);
        let command = commands(&repo, "Stop").pop().unwrap();
        assert!(command.contains(directory) || command.contains('\''), "{command}");
        for shell in ["sh", "bash"] {
            // Some agents run bash.
            let line = format!("$(command -v {shell} || echo sh) -c \"$COMMAND\" < .git/event");
            let run = repo.env("COMMAND", &command).shell(&line);
            assert!(run.denied().contains("debug_x.py"));
        }
        assert_eq!(commands(&repo, "Stop").len(), 1, "{directory}");
        let plugin = repo.read(".opencode/plugins/stage-guard.js");
        let line = plugin.lines().find_map(|line| line.strip_prefix("const PROGRAM = ")).unwrap();
        let found: String = serde_json::from_str(line.trim_end_matches(';')).unwrap();
        assert_eq!(found, program.display().to_string());
    }
    repo.guard("uninstall").success();
    assert!(!repo.exists(".claude") && !repo.exists(".opencode"));
}

#[test]
fn a_path_that_json_cannot_hold_changes_nothing() {
    let repo = super::hooks::unguarded();
    let program = repo.path(OsStr::from_bytes(b"a\xff/stage-guard"));
    fs::create_dir(program.parent().unwrap()).unwrap();
    symlink(BINARY, &program).unwrap();
    for case in &CASES {
        let run = repo.shell(&format!("a*/stage-guard install --agent={}", case.name));
        run.fails_with("the path of stage-guard is not UTF-8");
        assert!(!repo.exists(case.file) && !repo.exists(".git/hooks/pre-commit"), "{}", case.name);
    }
}

#[test]
fn each_worktree_has_its_own_files() {
    let repo = Repo::new();
    repo.git("worktree add -q ../linked").success();
    let linked = repo.sibling("linked");
    linked.in_dir(".codex");
    linked.guard("install --agent").success();
    repo.guard("install --agent=codex").success();
    linked.guard("uninstall").success();
    assert!(linked.exists(".codex") && !linked.exists(".codex/hooks.json"));
    assert!(repo.exists(".codex/hooks.json"));
    repo.guard("uninstall").success();
    assert!(!repo.exists(".codex"));
}

/// A repository that was set up with `sudo` stays its owner's.
#[test]
fn what_root_creates_belongs_to_the_owner_of_the_repository() {
    let repo = Repo::new();
    if repo.shell("id -u").success().trim() != "0" {
        eprintln!("skipped: only root can change the owner of a file");
        return;
    }
    repo.write(SETTINGS, "{}").shell("chown -R 12345:12346 .").success();
    let trusted = repo.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory");
    trusted.env("GIT_CONFIG_VALUE_0", "*").guard(&format!("install --agent={ALL}")).success();
    assert_eq!(repo.shell("find . ! -uid 12345 -o ! -gid 12346").success(), "");
}

#[test]
fn what_codex_asks_of_its_user_is_said() {
    let repo = Repo::new();
    assert!(repo.guard("install --agent=codex").success().contains(
        "\nnote:    Codex runs a hook only if it trusts the project and the hook, again after each change of the hook\n\
         fix:     start codex here and trust the project, then run /hooks and trust stage-guard\n"
    ));
    assert!(!repo.guard("install --agent=claude,gemini").success().contains("trust"));
}

/// Otherwise a commit of `git add -A` would be refused after the agent has written as advised.
#[test]
fn install_says_if_git_does_not_ignore_the_session_directory() {
    let repo = Repo::new();
    let note = "note:    git does not ignore the session directory\nfix:     ";
    let output = repo.guard("install --agent=claude").success();
    assert!(output.contains(note) && output.ends_with("stage-guard init\n"), "{output}");
    assert!(repo.guard("doctor").out.contains(note));
    repo.guard("init").success();
    assert!(!repo.guard("install --agent=claude").success().contains("session directory"));
}

#[test]
fn an_empty_plugin_is_a_missing_one() {
    let (repo, plugin) = (Repo::new(), ".opencode/plugins/stage-guard.js");
    repo.write(plugin, "").guard("install --agent=opencode").success();
    assert!(repo.read(plugin).contains("export const StageGuard"));
    repo.guard("uninstall").success();
    assert_eq!(repo.read(plugin), "");
}

#[test]
fn uninstall_keeps_other_files_of_the_directory() {
    let repo = Repo::new();
    repo.guard("install --agent=claude").success();
    repo.write(".claude/commands/x.md", "x").guard("uninstall").success();
    assert!(!repo.exists(SETTINGS) && repo.exists(".claude/commands/x.md"));
    assert!(!repo.guard("uninstall").success().contains("Claude"));
}

#[test]
fn the_rest_of_the_settings_is_not_changed() {
    for text in [
        "{}",
        "{}\n",
        "{\n}\n",
        "\u{feff}{\r\n}\r\n",
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
        repo.guard("install --agent=claude").success();
        let installed = repo.read(SETTINGS);
        for event in ["PreToolUse", "Stop"] {
            let ours = format!("{BINARY} agent claude || true");
            let settings: Value = serde_json::from_str(installed.trim_start_matches('\u{feff}')).unwrap();
            let last = settings["hooks"][event].as_array().unwrap().last().unwrap();
            assert_eq!(last["hooks"][0]["command"], *ours, "{installed}");
        }
        assert_eq!(installed.contains('\r'), text.contains('\r'), "{installed}");
        repo.guard("install --agent=claude").success();
        assert_eq!(repo.read(SETTINGS), installed, "{text}");
        assert_eq!(fs::metadata(repo.path(SETTINGS)).unwrap().permissions().mode() & 0o777, 0o640);
        repo.guard("uninstall").success();
        assert_eq!(repo.read(SETTINGS), text, "{installed}");
    }
}

#[test]
fn empty_settings_are_empty_again() {
    for text in ["", "\n", " \r\n\t"] {
        let repo = Repo::new();
        repo.write(SETTINGS, text).guard("install --agent=claude").success();
        assert_eq!(commands(&repo, "Stop"), [format!("{BINARY} agent claude || true")]);
        repo.guard("uninstall").success();
        assert_eq!(repo.read(SETTINGS), text);
        // A file without such entries is not written.
        repo.write(SETTINGS, text).guard("uninstall").success();
        assert_eq!(repo.read(SETTINGS), text);
    }
}

#[test]
fn install_refuses_an_agent_in_a_bare_repository() {
    let bare = Repo::uncreated();
    fs::create_dir(&bare.dir).unwrap();
    bare.git("init -q --bare").success();
    bare.guard("install --agent=claude").fails_with("cannot set up an agent without a worktree");
    assert!(!bare.exists(".claude") && !bare.exists("hooks/pre-receive"));
    bare.guard("install").success();
}

#[test]
fn entries_are_formatted_like_the_settings() {
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
        repo.write(SETTINGS, before).guard("install --agent=claude").success();
        let after = after.replace("COMMAND", &format!("{BINARY} agent claude || true"));
        let after = after.replace("MATCHER", "Write|Edit|MultiEdit|NotebookEdit|Monitor|Bash");
        assert_eq!(repo.read(SETTINGS), after);
    }
}

#[test]
fn an_older_entry_is_updated_and_others_stay() {
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
        repo.write(SETTINGS, &settings.to_string()).guard("install --agent=claude").success();
        let expected: Vec<String> = others
            .iter()
            .map(|other| (*other).to_owned())
            .chain([format!("{BINARY} agent claude || true")])
            .collect();
        assert_eq!(commands(&repo, "PreToolUse"), expected);
        repo.guard("uninstall").success();
        assert_eq!(commands(&repo, "PreToolUse"), others);
        assert_eq!(commands(&repo, "Stop"), [""; 0]);
    }
}

#[test]
fn uninstall_finds_entries_in_reformatted_settings() {
    let repo = Repo::new();
    repo.write(SETTINGS, r#"{"a": 1}"#).guard("install --agent=claude").success();
    let settings: Value = serde_json::from_str(&repo.read(SETTINGS)).unwrap();
    repo.write(SETTINGS, &serde_json::to_string_pretty(&settings).unwrap()).guard("uninstall").success();
    assert_eq!(repo.read(SETTINGS), "{\n  \"a\": 1\n}");
}

#[test]
fn install_refuses_settings_of_another_form() {
    for (text, words) in [
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
        repo.write(SETTINGS, text).guard("install --agent=claude").fails_with(words);
        assert_eq!(repo.read(SETTINGS), text);
        assert!(!repo.exists(".git/hooks/pre-commit"));
        repo.guard("uninstall").success();
        assert_eq!(repo.read(SETTINGS), text);
    }
}

#[test]
fn install_refuses_symlinks_out_of_the_worktree() {
    let repo = super::hooks::unguarded();
    fs::create_dir(repo.path("../outside")).unwrap();
    repo.write("../outside/x", "{}").write(".git/x", "{}");
    for (target, link, words) in [
        ("../outside", ".claude", "leads out of the worktree"),
        ("nowhere", ".claude", "cannot follow the symlink"),
        ("../../outside/x", SETTINGS, "leads out of the worktree"),
        ("nowhere", SETTINGS, "cannot follow the symlink"),
        ("../../outside/y", SETTINGS, "cannot follow the symlink"),
        ("settings.json", SETTINGS, "cannot follow the symlink"),
        ("../.git/x", SETTINGS, "leads out of the worktree"),
        ("../outside", ".github", "leads out of the worktree"),
        ("../../outside", ".github/hooks", "leads out of the worktree"),
        ("../../outside/x", ".github/hooks/stage-guard.json", "cannot follow the symlink"),
        ("../outside", ".opencode", "leads out of the worktree"),
        ("../../../outside/x", ".opencode/plugins/stage-guard.js", "leads out of the worktree"),
    ] {
        fs::create_dir_all(repo.path(link).parent().unwrap()).unwrap();
        symlink(target, repo.path(link)).unwrap();
        repo.guard(&format!("install --agent={ALL}")).fails_with(words);
        assert!(!repo.exists(".git/hooks/pre-commit") && !repo.exists("../outside/settings.json"));
        fs::remove_file(repo.path(link)).unwrap();
    }
}

#[test]
fn a_symlink_inside_the_worktree_is_followed() {
    let repo = super::hooks::unguarded();
    repo.in_dir(".claude");
    repo.write("common.json", "{}");
    symlink("../common.json", repo.path(SETTINGS)).unwrap();
    repo.guard("install --agent=claude").success();
    assert!(repo.path(SETTINGS).is_symlink() && repo.read("common.json").contains("PreToolUse"));
    repo.guard("uninstall").success();
    assert_eq!(repo.read("common.json"), "{}");
}
