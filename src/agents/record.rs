//! The record of what `install` created for agents, in the git directory of a worktree.
//!
//! It names agents, and no path: a path in a file could lead anywhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::Agent;
use crate::disk::failed_to;
use crate::git::read_regular_file;
use crate::session;

/// The path, relative to the git directory.
const RECORD: &str = "stage-guard/agents.json";

/// What `install` created, by the name of the agent: the names of the fields must not change.
///
/// It is not known of an agent that ran this program before the record did.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Record(BTreeMap<String, Option<Created>>);

/// What `install` created for an agent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Created {
    /// Whether the file did not exist before.
    pub(super) file: bool,
    /// The number of directories around the file that did not exist before.
    pub(super) directories: usize,
}

impl Record {
    /// Reads the record. One that is missing or damaged knows nothing.
    pub(super) fn read(git_dir: &Path) -> Self {
        let text = read_regular_file(&git_dir.join(RECORD)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Whether `install` has set up an agent in this worktree.
    pub(super) fn has(&self, agent: Agent) -> bool {
        self.0.contains_key(agent.name())
    }

    /// Returns what was created for an agent; `None` if the record does not know it.
    pub(super) fn created(&self, agent: Agent) -> Option<Created> {
        self.0.get(agent.name()).copied().flatten()
    }

    /// Records that an agent is set up, and what is created for it if that is known.
    ///
    /// Without the latter, an agent that the record has is left as it is.
    ///
    /// # Errors
    ///
    /// The record cannot be written.
    pub(super) fn set(git_dir: &Path, agent: Agent, created: Option<Created>) -> Result<(), session::Error> {
        let file = path(git_dir);
        let directory = file.parent().unwrap_or(git_dir);
        fs::create_dir_all(directory).map_err(failed_to("create", directory))?;
        session::retry(&file, || {
            let old = match read_regular_file(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                old => Some(old.map_err(failed_to("read", &file))?),
            };
            let mut record: Self =
                serde_json::from_slice(old.as_deref().unwrap_or_default()).unwrap_or_default();
            if created.is_none() && record.has(agent) {
                return Ok(Some(()));
            }
            record.0.insert(agent.name().to_owned(), created);
            // Serializing strings and numbers cannot fail.
            let new = serde_json::to_vec(&record).unwrap_or_default();
            Ok(session::replace(&file, old.as_deref(), &new, git_dir)?.then_some(()))
        })
    }

    /// Removes the record, and its directory if nothing else is in it.
    pub(super) fn remove(git_dir: &Path) {
        let file = path(git_dir);
        // A record that is left behind does no harm.
        let _ = fs::remove_file(&file);
        let _ = file.parent().map(fs::remove_dir);
    }
}

/// Returns the path of the record.
pub(super) fn path(git_dir: &Path) -> PathBuf {
    git_dir.join(RECORD)
}
