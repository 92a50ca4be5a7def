//! Codex CLI.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::Definition;
use super::entries::{Entries, TimeUnit, own_program};
use super::hook_event::{self, Events};
use super::settings::{Contents, Settings};
use super::tool::{Tool, ToolEffect};
use super::trust::{Trust, TrustQuestion};

pub(super) const AGENT: Definition = Definition {
    name: "codex",
    title: "Codex",
    shown_by: &[".codex"],
    settings: Settings {
        file: ".codex/hooks.json",
        copies: &[],
        contents: Contents::Entries(Entries::in_groups(&EVENTS, &TOOLS, TimeUnit::Seconds)),
    },
    condition: Some(
        "Codex runs a hook only if it trusts the project and the hook, again after each change of the hook",
    ),
    // Its app server lists the hooks that it would run in a directory.
    trust: Some(TrustQuestion {
        home: ("CODEX_HOME", ".codex"),
        arguments: &["app-server"],
        request,
        read: read_hooks,
        remedy: "start codex here and trust the project, then run /hooks and trust stage-guard",
    }),
    skips_git_hooks: false,
    read: |event| hook_event::read(event, &EVENTS, &TOOLS),
};

const EVENTS: Events = Events { before_tool: "PreToolUse", at_end: Some("Stop") };

const TOOLS: [Tool; 2] = [
    Tool { name: "apply_patch", effect: ToolEffect::Patch { patch: &["command"] } },
    Tool { name: "Bash", effect: ToolEffect::Run { command: &["command"], directory: &[] } },
];

/// The id of the request for the hooks.
const HOOKS_ID: u64 = 1;

fn request(worktree: &Path) -> String {
    let client = json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")});
    let messages = [
        json!({"id": 0, "method": "initialize", "params": {"clientInfo": client}}),
        json!({"method": "initialized"}),
        json!({"id": HOOKS_ID, "method": "hooks/list", "params": {"cwds": [worktree.to_string_lossy()]}}),
    ];
    messages.map(|message| format!("{message}\n")).concat()
}

/// Reads the answer to `hooks/list`. A project that is not trusted has no hooks there.
fn read_hooks(line: &[u8]) -> Option<Trust> {
    #[derive(Deserialize)]
    struct Answer {
        id: u64,
        result: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        data: Vec<Hooks>,
    }
    #[derive(Deserialize)]
    struct Hooks {
        hooks: Vec<Hook>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Hook {
        source: String,
        command: Option<String>,
        enabled: bool,
        trust_status: String,
    }
    let answer: Answer = serde_json::from_slice(line).ok().filter(|answer: &Answer| answer.id == HOOKS_ID)?;
    let hooks = answer.result.data.iter().flat_map(|directory| &directory.hooks);
    let is_own = |hook: &&Hook| {
        hook.source == "project"
            && hook.command.as_ref().is_some_and(|command| own_program(command).is_some())
    };
    let own: Vec<&Hook> = hooks.filter(is_own).collect();
    let is_trusted = |hook: &&Hook| hook.enabled && hook.trust_status == "trusted";
    Some(match own.as_slice() {
        [] => Trust::ProjectUntrusted,
        own if own.iter().all(is_trusted) => Trust::Trusted,
        _ => Trust::HooksUntrusted,
    })
}

#[cfg(test)]
mod tests {
    use super::{Trust, read_hooks};

    #[test]
    fn the_trust_of_each_hook_counts() {
        let hook = |trust: &str| {
            format!(
                r#"{{"command":"/b/stage-guard agent codex","source":"project","enabled":true,"trustStatus":"{trust}","x":1}}"#
            )
        };
        for (hooks, trust) in [
            (String::new(), Trust::ProjectUntrusted),
            (hook("untrusted"), Trust::HooksUntrusted),
            ([hook("trusted"), hook("modified")].join(","), Trust::HooksUntrusted),
            ([hook("trusted"), hook("trusted")].join(","), Trust::Trusted),
            (hook("trusted").replace("true", "false"), Trust::HooksUntrusted),
            (hook("trusted").replace("project", "user"), Trust::ProjectUntrusted),
        ] {
            let line = format!(r#"{{"id":1,"result":{{"data":[{{"cwd":"/w","hooks":[{hooks}]}}]}}}}"#);
            assert_eq!(read_hooks(line.as_bytes()), Some(trust), "{line}");
        }
        for line in ["{", "{}", r#"{"id":0,"result":{}}"#, r#"{"id":1,"error":{}}"#] {
            assert_eq!(read_hooks(line.as_bytes()), None);
        }
    }
}
