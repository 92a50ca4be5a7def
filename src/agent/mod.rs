//! What a coding agent is about to do, as its own hooks tell it: JSON in the form of
//! Claude Code. No git; of the disk only the agent's settings.

pub mod bypass;
mod json;
pub mod settings;
mod settings_file;
pub mod shell;

use std::path::PathBuf;

use self::json::Container;
use self::shell::Shell;
pub use settings_file::{Error, SettingsFile};

/// What this program is called.
const NAME: &str = env!("CARGO_PKG_NAME");

/// Something that an agent is about to do.
#[derive(Debug)]
pub struct Event {
    /// Where it stands; nothing, where it does not say.
    pub directory: PathBuf,
    /// What it is about to do.
    pub deed: Deed,
}

/// What an agent is about to do.
#[derive(Debug)]
pub enum Deed {
    /// To write a file. A relative path counts from where the agent stands.
    Write(PathBuf),
    /// To have a shell run a text.
    Run(Shell, String),
    /// To end its turn.
    Stop,
}

/// What a tool of the agent does with a field of its input.
#[derive(Clone, Copy)]
enum Tool {
    Writes,
    Runs(Shell),
}

/// The tools that are judged, and the field that says what they are about to do.
const TOOLS: [(&str, &str, Tool); 6] = [
    ("Write", "file_path", Tool::Writes),
    ("Edit", "file_path", Tool::Writes),
    ("MultiEdit", "file_path", Tool::Writes),
    ("NotebookEdit", "notebook_path", Tool::Writes),
    ("Bash", "command", Tool::Runs(Shell::Posix)),
    ("PowerShell", "command", Tool::Runs(Shell::PowerShell)),
];

impl Event {
    /// Reads what a hook of the agent is told. Nothing, where that is not to be judged:
    /// another event or tool, a field that is missing, or a turn that was kept from its
    /// end once.
    ///
    /// # Errors
    ///
    /// It is not JSON, or a string that is needed stands for no text.
    pub fn read(input: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        json::check(input)?;
        let text = str::from_utf8(input).map_err(serde::de::Error::custom)?;
        let Some(told) = Container::root(text) else { return Ok(None) };
        let Some(deed) = deed(&told)? else { return Ok(None) };
        let directory = told.string("cwd")?.unwrap_or_default().into();
        Ok(Some(Self { directory, deed }))
    }
}

fn deed(told: &Container) -> Result<Option<Deed>, serde_json::Error> {
    Ok(match told.string("hook_event_name")?.as_deref() {
        Some("PreToolUse") => {
            let named = told.string("tool_name")?;
            let tool = TOOLS.into_iter().find(|(name, ..)| named.as_deref() == Some(name));
            let Some(((_, field, tool), input)) = tool.zip(told.object("tool_input")) else {
                return Ok(None);
            };
            input.string(field)?.map(|text| match tool {
                Tool::Writes => Deed::Write(text.into()),
                Tool::Runs(shell) => Deed::Run(shell, text),
            })
        }
        Some("Stop") if told.position("stop_hook_active").is_none_or(|at| told.value(at) != "true") => {
            Some(Deed::Stop)
        }
        _ => None,
    })
}
