//! Parses the events of a coding agent's hooks, which are in Claude Code's JSON.
//!
//! This module does not run git. It reads and writes only the agent's settings on the disk.

mod json;
pub(crate) mod settings;
mod settings_file;

use std::path::PathBuf;

use self::json::Container;
pub(crate) use settings_file::{Error, SettingsFile};

/// The name of this program.
const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// An event of an agent's hook.
#[derive(Debug)]
pub(crate) struct Event {
    /// The agent's working directory; empty if the event has none.
    pub directory: PathBuf,
    /// What the agent is about to do.
    pub action: Action,
}

/// What an agent is about to do.
#[derive(Debug)]
pub(crate) enum Action {
    /// Write a file. A relative path is relative to the agent's working directory.
    Write(PathBuf),
    /// Run a script in a shell.
    Run(String),
    /// End its turn.
    Stop,
}

/// A tool of an agent, and the field of its input that is checked.
struct Tool {
    name: &'static str,
    field: &'static str,
    effect: Effect,
}

/// What a tool does with the value of its field.
#[derive(Clone, Copy)]
enum Effect {
    Writes,
    Runs,
}

const TOOLS: [Tool; 5] = [
    Tool { name: "Write", field: "file_path", effect: Effect::Writes },
    Tool { name: "Edit", field: "file_path", effect: Effect::Writes },
    Tool { name: "MultiEdit", field: "file_path", effect: Effect::Writes },
    Tool { name: "NotebookEdit", field: "notebook_path", effect: Effect::Writes },
    Tool { name: "Bash", field: "command", effect: Effect::Runs },
];

/// Returns the names of the tools that are checked.
fn tool_names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|tool| tool.name)
}

impl Event {
    /// Parses the input of an agent's hook.
    ///
    /// Returns `None` if there is nothing to check: another event or tool, a missing field,
    /// or the end of a turn that was blocked before.
    ///
    /// # Errors
    ///
    /// Returns an error if the input is not JSON, or if a string that is needed is not valid
    /// Unicode.
    pub(crate) fn parse(input: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        json::check(input)?;
        let text = str::from_utf8(input).map_err(serde::de::Error::custom)?;
        let Some(event) = Container::root(text) else { return Ok(None) };
        let Some(action) = parse_action(&event)? else { return Ok(None) };
        let directory = event.string("cwd")?.unwrap_or_default().into();
        Ok(Some(Self { directory, action }))
    }
}

fn parse_action(event: &Container) -> Result<Option<Action>, serde_json::Error> {
    match event.string("hook_event_name")?.as_deref() {
        Some("PreToolUse") => parse_tool_use(event),
        Some("Stop") => {
            let was_blocked = event.position("stop_hook_active").is_some_and(|at| event.value(at) == "true");
            Ok((!was_blocked).then_some(Action::Stop))
        }
        _ => Ok(None),
    }
}

fn parse_tool_use(event: &Container) -> Result<Option<Action>, serde_json::Error> {
    let name = event.string("tool_name")?;
    let tool = TOOLS.iter().find(|tool| name.as_deref() == Some(tool.name));
    let Some((tool, input)) = tool.zip(event.object("tool_input")) else { return Ok(None) };
    let value = input.string(tool.field)?;
    Ok(value.map(|value| match tool.effect {
        Effect::Writes => Action::Write(value.into()),
        Effect::Runs => Action::Run(value),
    }))
}
