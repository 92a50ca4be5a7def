//! Whether an agent runs the hooks of a project, as far as it can be asked.

use std::path::Path;

/// How a program of an agent is asked.
#[derive(Debug)]
pub(crate) struct TrustQuestion {
    /// The directory of the user's settings: a variable that names it, and its name in the home
    /// directory. Without it no project is trusted, and a question would create it.
    pub home: (&'static str, &'static str),
    /// The arguments that start a server on standard input and output.
    pub arguments: &'static [&'static str],
    /// Returns the question about the hooks of a worktree.
    pub request: fn(&Path) -> String,
    /// Reads a line of the answer; `None` if it says nothing of trust.
    pub read: fn(&[u8]) -> Option<Trust>,
    /// What its user has to do so that it trusts a project and its hooks.
    pub remedy: &'static str,
}

/// Whether an agent runs the hooks of a project.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trust {
    /// It runs them.
    Trusted,
    /// The user has not trusted each of the hooks, or has disabled one.
    HooksUntrusted,
    /// It does not even read them: the user has not trusted the project.
    ProjectUntrusted,
    /// It did not say.
    Unknown,
}
