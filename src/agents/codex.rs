//! Codex CLI.

use super::Definition;
use super::hook_event::{self, Events};
use super::tool::{Effect, Tool};

pub(super) const AGENT: Definition =
    Definition { name: "codex", read: |event| hook_event::read(event, &EVENTS, &TOOLS) };

const EVENTS: Events = Events { before_tool: "PreToolUse", at_end: Some("Stop") };

const TOOLS: [Tool; 2] = [
    Tool { name: "apply_patch", effect: Effect::Patch { patch: &["command"] } },
    Tool { name: "Bash", effect: Effect::Run { command: &["command"], directory: &[] } },
];
