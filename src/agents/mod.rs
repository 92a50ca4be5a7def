//! What a coding agent is about to do, the answer to it, and the agent's settings.
//!
//! Each agent has a file with its [`Definition`]: which events it sends, which of its tools
//! write files or run commands, and the form of the answer. The events are those of
//! the versions that the tests name.
//!
//! This module does not run git. On the disk it reads and writes the agents' settings files and a
//! record of them in the git directory, and looks for the agents in the worktree and on `PATH`.

mod action;
mod answer;
mod claude;
mod codex;
mod copilot;
mod detection;
mod document;
mod entries;
mod event;
mod fields;
mod gemini;
mod hook_event;
mod opencode;
pub(crate) mod patch;
mod plugin;
mod qwen;
mod record;
mod settings;
mod settings_file;
mod tool;
mod trust;

use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use action::Replacement;
pub(crate) use action::{Action, FileWrite, NewText};
pub(crate) use answer::Answer;
use answer::AnswerForm;
pub(crate) use event::Event;
use fields::Fields;
use settings::Settings;
pub(crate) use settings_file::{Error, Removal, SettingsFile, SettingsFiles};
pub(crate) use trust::{Trust, TrustQuestion};

/// The name of this program.
const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// How long an agent waits for an answer. This program has to answer before.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(10);

/// A coding agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Agent {
    /// Claude Code.
    Claude,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// GitHub Copilot CLI.
    Copilot,
    /// Qwen Code.
    Qwen,
    /// opencode.
    Opencode,
}

/// What this program knows of an agent.
struct Definition {
    /// The name on the command line, which is also that of its program.
    name: &'static str,
    /// The name for people.
    title: &'static str,
    /// Paths at the top of the worktree that show that a repository uses it.
    ///
    /// The last component may end in `*`.
    shown_by: &'static [&'static str],
    /// The file that makes it run this program.
    settings: Settings,
    /// What it asks of its user before it runs this program, if it does not ask by itself.
    condition: Option<&'static str>,
    /// How it is asked whether it would run this program, if it can be asked.
    trust: Option<TrustQuestion>,
    /// Whether git runs no hooks in the commands of its shell.
    skips_git_hooks: bool,
    /// Reads an event: see [`ReadEvent`].
    read: ReadEvent,
}

/// Returns the action of an event, and the form of the answer.
///
/// `None` if the event is not one of the agent's, or needs no answer.
type ReadEvent = fn(&Fields) -> Option<(Action, AnswerForm)>;

impl Agent {
    /// All agents.
    pub const ALL: [Self; 6] =
        [Self::Claude, Self::Codex, Self::Gemini, Self::Copilot, Self::Qwen, Self::Opencode];

    /// Returns the name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// Returns the name for people.
    #[must_use]
    pub(crate) fn title(self) -> &'static str {
        self.definition().title
    }

    /// Returns what it asks of its user before it runs this program.
    #[must_use]
    pub(crate) fn condition(self) -> Option<&'static str> {
        self.definition().condition
    }

    /// Returns how it is asked whether it would run this program.
    #[must_use]
    pub(crate) fn trust_question(self) -> Option<&'static TrustQuestion> {
        self.definition().trust.as_ref()
    }

    /// Returns whether git runs no hooks in the commands of its shell.
    #[must_use]
    pub(crate) fn skips_git_hooks(self) -> bool {
        self.definition().skips_git_hooks
    }

    /// Returns the path of its settings file, relative to the top of the worktree.
    #[must_use]
    pub(crate) fn settings_file(self) -> &'static str {
        self.settings().file
    }

    fn settings(self) -> &'static Settings {
        &self.definition().settings
    }

    fn definition(self) -> &'static Definition {
        match self {
            Self::Claude => &claude::AGENT,
            Self::Codex => &codex::AGENT,
            Self::Gemini => &gemini::AGENT,
            Self::Copilot => &copilot::AGENT,
            Self::Qwen => &qwen::AGENT,
            Self::Opencode => &opencode::AGENT,
        }
    }
}

impl ValueEnum for Agent {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::Agent;

    #[test]
    fn the_page_about_agents_has_a_row_for_each() {
        let page = include_str!("../../docs/agents.md");
        for agent in Agent::ALL {
            let shown_by: Vec<String> =
                agent.definition().shown_by.iter().map(|path| format!("`{path}`")).collect();
            let (title, name, file) = (agent.title(), agent.name(), agent.settings().file);
            let row = format!("\n| {title} | `{name}` | `{file}` | {} | ", shown_by.join(", "));
            assert!(page.contains(&row), "{row}");
        }
    }
}
