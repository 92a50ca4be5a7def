//! Gemini CLI.

use super::Definition;
use super::entries::{Entries, TimeUnit};
use super::hook_event::{self, Events};
use super::settings::{Contents, Settings};
use super::tool::{EditFields, Tool, ToolEffect};

pub(super) const AGENT: Definition = Definition {
    name: "gemini",
    title: "Gemini CLI",
    shown_by: &[".gemini"],
    settings: Settings {
        file: ".gemini/settings.json",
        copies: &[],
        contents: Contents::Entries(Entries {
            has_comments: true,
            ..Entries::in_groups(&EVENTS, &TOOLS, TimeUnit::Milliseconds)
        }),
    },
    condition: None,
    trust: None,
    // It sets `core.hooksPath` to nothing for the commands of its shell.
    skips_git_hooks: true,
    read: |event| hook_event::read(event, &EVENTS, &TOOLS),
};

const EVENTS: Events = Events { before_tool: "BeforeTool", at_end: Some("AfterAgent") };

const TOOLS: [Tool; 3] = [
    Tool { name: "write_file", effect: ToolEffect::Write { path: &["file_path"], text: &["content"] } },
    Tool {
        name: "replace",
        effect: ToolEffect::Edit {
            path: &["file_path"],
            edit: EditFields { old: &["old_string"], new: &["new_string"], everywhere: &["allow_multiple"] },
        },
    },
    Tool {
        name: "run_shell_command",
        effect: ToolEffect::Run { command: &["command"], directory: &["dir_path"] },
    },
];
