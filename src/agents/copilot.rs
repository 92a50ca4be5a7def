//! GitHub Copilot CLI.

use super::answer::AnswerForm;
use super::entries::{Entries, EntryForm};
use super::fields::Fields;
use super::hook_event::{self, Events};
use super::settings::{Contents, Settings};
use super::tool::{self, EditFields, Tool, ToolEffect};
use super::{Action, Definition, claude};

pub(super) const AGENT: Definition = Definition {
    name: "copilot",
    title: "Copilot CLI",
    shown_by: &[".github/hooks", ".github/copilot*"],
    settings: Settings {
        file: ".github/hooks/stage-guard.json",
        copies: &[],
        contents: Contents::Entries(Entries {
            events: &EVENTS,
            tools: &TOOLS,
            form: EntryForm::Versioned,
            version: Some("\"version\": 1"),
            has_comments: false,
        }),
    },
    condition: None,
    trust: None,
    skips_git_hooks: false,
    // It also runs the hooks in Claude Code's settings, with Claude Code's events.
    read: |event| read(event).or_else(|| hook_event::read(event, &claude::EVENTS, &claude::TOOLS)),
};

/// The events of its own form, which no field names.
const EVENTS: Events = Events { before_tool: "preToolUse", at_end: Some("agentStop") };

const TOOLS: [Tool; 3] = [
    Tool { name: "create", effect: ToolEffect::Write { path: &["path"], text: &["file_text"] } },
    Tool {
        name: "edit",
        effect: ToolEffect::Edit {
            path: &["path"],
            edit: EditFields { old: &["old_str"], new: &["new_str"], everywhere: &[] },
        },
    },
    Tool { name: "bash", effect: ToolEffect::Run { command: &["command"], directory: &[] } },
];

/// Reads an event of its own form. No field names the event.
fn read(event: &Fields) -> Option<(Action, AnswerForm)> {
    if event.has("hook_event_name") || event.has("toolResult") {
        return None;
    }
    let action = if let Some(tool) = event.string(&["toolName"]) {
        tool::action(&TOOLS, &tool, event, "toolArgs")?
    } else {
        (event.has("stopReason") && hook_event::is_first_stop(event)).then_some(Action::Stop)?
    };
    Some((action, AnswerForm::Copilot))
}
