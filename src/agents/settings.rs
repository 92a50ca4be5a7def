//! The file of a repository that makes an agent run this program.

use std::path::{Path, PathBuf};

use super::Agent;
use super::entries::{self, Entries, EntryForm, Rest};
use super::plugin::{self, Plugin};

/// The settings file of an agent.
pub(super) struct Settings {
    /// The path, relative to the top of the worktree.
    pub(super) file: &'static str,
    /// Copies that the agent makes when it rewrites the file, next to it.
    pub(super) copies: &'static [&'static str],
    /// What is written into it.
    pub(super) contents: Contents,
}

/// What is written into the settings file of an agent.
pub(super) enum Contents {
    /// Entries. Unless the file is one of this program's own, other settings may be in it.
    Entries(Entries),
    /// A plugin.
    Plugin(Plugin),
}

/// The reason why the contents of a file cannot be extended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The settings do not have the expected form.
    #[error(transparent)]
    Entries(#[from] entries::Error),
    /// The file is another program's or the user's.
    #[error("not a file of stage-guard")]
    Foreign,
    /// The file is text, and cannot name this program.
    #[error("the path of stage-guard is not UTF-8")]
    ProgramNotUnicode,
}

impl Contents {
    /// Returns `text` extended so that the agent runs `program`. `None` is a missing file.
    ///
    /// # Errors
    ///
    /// The text has another form, or is that of a foreign file with the name of our own.
    pub(super) fn with(&self, agent: Agent, text: Option<&str>, program: &Path) -> Result<String, Error> {
        let is_foreign = |text: &str| !text.trim().is_empty() && self.without(text).is_none();
        match self {
            Self::Entries(entries)
                if entries.form == EntryForm::Versioned && text.is_some_and(is_foreign) =>
            {
                Err(Error::Foreign)
            }
            Self::Entries(entries) => {
                let command = entries::command(agent, program).ok_or(Error::ProgramNotUnicode)?;
                Ok(entries.with(text, &command)?)
            }
            Self::Plugin(plugin) if text.is_none_or(|text| self.check(text).is_ok()) => {
                plugin.text(program).ok_or(Error::ProgramNotUnicode)
            }
            Self::Plugin(_) => Err(Error::Foreign),
        }
    }

    /// Returns what is left of `text` without this program; `None` if it is not in it.
    pub(super) fn without(&self, text: &str) -> Option<Rest> {
        match self {
            Self::Entries(entries) => entries.without(text),
            Self::Plugin(_) => plugin::is_own(text).then(|| Rest::Nothing { emptied: String::new() }),
        }
    }

    /// Checks that the text has a form in which this program can be found.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or no plugin of this program.
    pub(super) fn check(&self, text: &str) -> Result<(), Error> {
        match self {
            Self::Entries(entries) => Ok(entries.check(text)?),
            Self::Plugin(_) if text.is_empty() || plugin::is_own(text) => Ok(()),
            Self::Plugin(_) => Err(Error::Foreign),
        }
    }

    /// Returns the programs that an agent with this text runs as this one.
    pub(super) fn programs(&self, text: &str) -> Vec<PathBuf> {
        match self {
            Self::Entries(entries) => entries.programs(text),
            Self::Plugin(_) => plugin::program(text).into_iter().map(PathBuf::from).collect(),
        }
    }

    /// Whether the text holds nothing but what an agent adds by itself: `$version`, `$schema`.
    pub(super) fn is_negligible(&self, text: &str) -> bool {
        match self {
            Self::Entries(entries) => entries.has_only(text, "$"),
            Self::Plugin(_) => false,
        }
    }
}
