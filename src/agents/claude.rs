//! Claude Code.

use super::Definition;
use super::entries::{Entries, TimeUnit};
use super::hook_event::{self, Events};
use super::settings::{Contents, Settings};
use super::tool::{EditFields, Tool, ToolEffect};

pub(super) const AGENT: Definition = Definition {
    name: "claude",
    title: "Claude Code",
    shown_by: &[".claude"],
    settings: Settings {
        file: ".claude/settings.json",
        copies: &[],
        contents: Contents::Entries(Entries::in_groups(&EVENTS, &TOOLS, TimeUnit::Seconds)),
    },
    condition: None,
    trust: None,
    skips_git_hooks: false,
    read: |event| hook_event::read(event, &EVENTS, &TOOLS),
};

pub(super) const EVENTS: Events = Events { before_tool: "PreToolUse", at_end: Some("Stop") };

/// Copilot CLI also runs these hooks, with these tool names and its own field names.
pub(super) const TOOLS: [Tool; 6] = [
    Tool {
        name: "Write",
        effect: ToolEffect::Write { path: &["file_path", "path"], text: &["content", "file_text"] },
    },
    Tool {
        name: "Edit",
        effect: ToolEffect::Edit {
            path: &["file_path", "path"],
            edit: EditFields {
                old: &["old_string", "old_str"],
                new: &["new_string", "new_str"],
                everywhere: &["replace_all"],
            },
        },
    },
    Tool {
        name: "MultiEdit",
        effect: ToolEffect::EditMany {
            path: &["file_path"],
            edits: "edits",
            edit: EditFields { old: &["old_string"], new: &["new_string"], everywhere: &["replace_all"] },
        },
    },
    Tool { name: "NotebookEdit", effect: ToolEffect::EditUnknown { path: &["notebook_path"] } },
    Tool { name: "Monitor", effect: ToolEffect::Run { command: &["command"], directory: &[] } },
    Tool { name: "Bash", effect: ToolEffect::Run { command: &["command"], directory: &[] } },
];
