//! Qwen Code: the events of Claude Code, and tools like those of Gemini CLI.

use super::Definition;
use super::entries::{Entries, TimeUnit};
use super::hook_event::{self, Events};
use super::settings::{Contents, Settings};
use super::tool::{EditFields, Tool, ToolEffect};

pub(super) const AGENT: Definition = Definition {
    name: "qwen",
    title: "Qwen Code",
    shown_by: &[".qwen"],
    settings: Settings {
        file: ".qwen/settings.json",
        copies: &[".qwen/settings.json.orig"],
        contents: Contents::Entries(Entries {
            // Without it, Qwen Code rewrites the file at its start.
            version: Some("\"$version\": 4"),
            has_comments: true,
            ..Entries::in_groups(&EVENTS, &TOOLS, TimeUnit::Milliseconds)
        }),
    },
    condition: None,
    trust: None,
    skips_git_hooks: false,
    read: |event| hook_event::read(event, &EVENTS, &TOOLS),
};

/// Each stop has `stop_hook_active` set, so none can be blocked just once.
const EVENTS: Events = Events { before_tool: "PreToolUse", at_end: None };

const TOOLS: [Tool; 4] = [
    Tool { name: "write_file", effect: ToolEffect::Write { path: &["file_path"], text: &["content"] } },
    Tool {
        name: "edit",
        effect: ToolEffect::Edit {
            path: &["file_path"],
            edit: EditFields { old: &["old_string"], new: &["new_string"], everywhere: &["replace_all"] },
        },
    },
    Tool { name: "monitor", effect: ToolEffect::Run { command: &["command"], directory: &["directory"] } },
    Tool {
        name: "run_shell_command",
        effect: ToolEffect::Run { command: &["command"], directory: &["directory"] },
    },
];
