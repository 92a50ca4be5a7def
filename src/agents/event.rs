//! An event of an agent's hook.

use std::path::PathBuf;
use std::slice;

use super::answer::{Answer, AnswerForm};
use super::{Action, Agent, Fields};

/// An event that may need an answer.
#[derive(Debug)]
pub(crate) struct Event {
    /// The agent that sent it.
    pub agent: Agent,
    /// The agent's working directory; empty if the event has none.
    pub directory: PathBuf,
    /// What the agent is about to do.
    pub action: Action,
    form: AnswerForm,
}

impl Event {
    /// Parses the input of an agent's hook.
    ///
    /// Without an agent, the fields tell which one it is. Returns `None` if there is nothing to
    /// check: another event or tool, a field that is missing or of another type, or the end of a
    /// turn that was blocked before.
    ///
    /// # Errors
    ///
    /// Returns an error if the input is not JSON.
    pub(crate) fn parse(input: &[u8], agent: Option<Agent>) -> Result<Option<Self>, serde_json::Error> {
        let Some(fields) = Fields::parse(input)? else { return Ok(None) };
        let agents = agent.as_ref().map_or(&Agent::ALL[..], slice::from_ref);
        let read = agents.iter().find_map(|agent| Some((*agent, (agent.definition().read)(&fields)?)));
        // Only the plugin for opencode sends `directory`.
        let directory = fields.path(&["cwd", "directory"]).unwrap_or_default();
        Ok(read.map(|(agent, (action, form))| Self { agent, directory, action, form }))
    }

    /// Returns what is printed for an answer.
    #[must_use]
    pub(crate) fn render(&self, answer: &Answer) -> String {
        answer.to_json(self.form)
    }
}
