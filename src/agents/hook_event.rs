//! Events with a `hook_event_name`, which several agents send.

use super::Action;
use super::answer::AnswerForm;
use super::fields::Fields;
use super::tool::{self, Tool};

/// The names of an agent's events.
pub(super) struct Events {
    /// Before a tool is used.
    pub(super) before_tool: &'static str,
    /// At the end of a turn; `None` if the event does not say whether the stop was blocked before.
    pub(super) at_end: Option<&'static str>,
}

/// Reads an event of an agent with these events and tools.
pub(super) fn read(event: &Fields, events: &Events, tools: &[Tool]) -> Option<(Action, AnswerForm)> {
    let name = event.string(&["hook_event_name"])?;
    if name == events.before_tool {
        let action = tool::action(tools, &event.string(&["tool_name"])?, event, "tool_input")?;
        return Some((action, AnswerForm::HookEvent(events.before_tool)));
    }
    let at_end = events.at_end.filter(|at_end| name == *at_end)?;
    is_first_stop(event).then_some((Action::Stop, AnswerForm::HookEvent(at_end)))
}

/// Whether a turn ends that was not blocked before.
pub(super) fn is_first_stop(event: &Fields) -> bool {
    !event.has("stop_hook_active") || event.flag(&["stop_hook_active"]) == Some(false)
}
