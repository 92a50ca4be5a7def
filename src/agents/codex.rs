//! Codex CLI.

use super::Definition;
use super::entries::{Entries, EntryForm};
use super::hook_event::{self, Events};
use super::settings::{Contents, Settings};
use super::tool::{Effect, Tool};

pub(super) const AGENT: Definition = Definition {
    name: "codex",
    title: "Codex",
    shown_by: &[".codex"],
    settings: Settings {
        file: ".codex/hooks.json",
        copies: &[],
        contents: Contents::Entries(Entries {
            events: &EVENTS,
            tools: &TOOLS,
            form: EntryForm::Group { timeout: "10" },
            has_comments: false,
        }),
    },
    condition: Some(
        "Codex runs a hook only if it trusts the project and the hook: start it, run /hooks, and trust \
         stage-guard, again after each change of the hook",
    ),
    read: |event| hook_event::read(event, &EVENTS, &TOOLS),
};

const EVENTS: Events = Events { before_tool: "PreToolUse", at_end: Some("Stop") };

const TOOLS: [Tool; 2] = [
    Tool { name: "apply_patch", effect: Effect::Patch { patch: &["command"] } },
    Tool { name: "Bash", effect: Effect::Run { command: &["command"], directory: &[] } },
];
