//! Finds the agents that a repository or a user works with.

use std::fs;
use std::path::Path;

use super::Agent;
use crate::environment::Environment;

impl Agent {
    /// Returns the agents to set up if none is named, in the order of [`Agent::ALL`].
    ///
    /// These are the agents that the worktree `top` shows, or else those whose program is on
    /// `PATH`, or else Claude Code.
    #[must_use]
    pub(crate) fn detect(top: &Path, environment: &Environment) -> Vec<Self> {
        let agents = |is_used: &dyn Fn(&Self) -> bool| -> Vec<Self> {
            Self::ALL.into_iter().filter(is_used).collect()
        };
        let mut found = agents(&|agent| agent.definition().shown_by.iter().any(|path| exists(top, path)));
        if found.is_empty() {
            found = agents(&|agent| environment.find_program(Path::new(agent.name())).is_some());
        }
        if found.is_empty() { vec![Self::Claude] } else { found }
    }
}

/// Whether there is a path in `top` that is `pattern`, or begins so if that ends in `*`.
fn exists(top: &Path, pattern: &str) -> bool {
    let Some(prefix) = pattern.strip_suffix('*') else { return top.join(pattern).exists() };
    let (directory, prefix) = prefix.rsplit_once('/').unwrap_or(("", prefix));
    let mut entries = fs::read_dir(top.join(directory)).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()))
}
