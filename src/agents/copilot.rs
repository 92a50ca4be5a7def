//! GitHub Copilot CLI.

use super::answer::Form;
use super::fields::Fields;
use super::tool::{self, EditFields, Effect, Tool};
use super::{Action, Definition, claude, hook_event};

pub(super) const AGENT: Definition = Definition {
    name: "copilot",
    // It also runs the hooks in Claude Code's settings, with Claude Code's events.
    read: |event| read(event).or_else(|| hook_event::read(event, &claude::EVENTS, &claude::TOOLS)),
};

const TOOLS: [Tool; 3] = [
    Tool { name: "create", effect: Effect::Write { path: &["path"], text: &["file_text"] } },
    Tool {
        name: "edit",
        effect: Effect::Edit {
            path: &["path"],
            edit: EditFields { old: &["old_str"], new: &["new_str"], everywhere: &[] },
        },
    },
    Tool { name: "bash", effect: Effect::Run { command: &["command"], directory: &[] } },
];

/// Reads an event of its own form. No field names the event.
fn read(event: &Fields) -> Option<(Action, Form)> {
    if event.has("hook_event_name") || event.has("toolResult") {
        return None;
    }
    let action = if let Some(tool) = event.string(&["toolName"]) {
        tool::action(&TOOLS, &tool, event, "toolArgs")?
    } else {
        (event.has("stopReason") && hook_event::ends_first_time(event)).then_some(Action::Stop)?
    };
    Some((action, Form::Copilot))
}
