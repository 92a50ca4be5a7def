//! Renders what `allow` did, or would do.

use std::io::{self, Write};

use bstr::BString;
use owo_colors::OwoColorize;

use super::escape::{escape, shell_word};
use super::quiet;
use crate::invocation::Invocation;

/// What `allow` did, or would do.
#[derive(Debug)]
pub(crate) struct Allowed {
    /// The name of the configuration.
    pub file: String,
    /// Whether the configuration did not exist before.
    pub is_new: bool,
    /// The path that git has for the configuration, if it is in the worktree.
    pub git_path: Option<BString>,
    /// The named paths, with what was done for each.
    pub paths: Vec<(BString, AllowState)>,
    /// Whether nothing was written.
    pub is_dry_run: bool,
    /// How the user runs this program and git in the repository.
    pub invocation: Invocation,
}

/// What `allow` has to do for a path.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum AllowState {
    /// Add this entry.
    Added(String),
    /// Nothing: this entry matches the path.
    Exists(String),
    /// Nothing: no rule can refuse the path.
    NotRefused,
    /// Nothing: no rule can refuse a file in the directory.
    NoFileRefused,
}

impl Allowed {
    /// Returns the number of added entries.
    #[must_use]
    pub(crate) fn count(&self) -> usize {
        self.paths.iter().filter(|(_, state)| matches!(state, AllowState::Added(_))).count()
    }
}

/// Writes a line for each path, then how to stage the configuration.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn render(allowed: &Allowed, out: &mut impl Write) -> io::Result<()> {
    let Allowed { file, is_new, git_path, paths, is_dry_run, invocation } = allowed;
    let file = escape(file);
    let key = |done: &'static str, planned: &'static str| {
        let key = if *is_dry_run { planned } else { done };
        key.green().bold().to_string()
    };
    if *is_new && allowed.count() > 0 {
        writeln!(out, "{} {file}", key("created:", "would create:"))?;
    }
    for (path, state) in paths {
        let path = escape(path);
        match state {
            AllowState::Added(entry) => {
                writeln!(out, "{} {file} allows {}", key("updated:", "would update:"), escape(entry).bold())?;
            }
            AllowState::Exists(entry) if *entry == path => {
                writeln!(out, "{} {file} allows {}", "exists:".green().bold(), path.bold())?;
            }
            AllowState::Exists(entry) => {
                let entry = escape(entry);
                writeln!(out, "{} {file} allows {} by {entry}", "exists:".green().bold(), path.bold())?;
            }
            AllowState::NotRefused => writeln!(out, "{} no rule refuses {path}", "note:".cyan())?,
            AllowState::NoFileRefused => {
                writeln!(out, "{} no rule refuses a file in {path}", "note:".cyan())?;
            }
        }
    }
    match git_path {
        Some(path) if allowed.count() > 0 && !is_dry_run => {
            let path = shell_word(bstr::concat([b":/", path.as_slice()]).as_slice().into());
            writeln!(out, "{} {}", "then:".cyan(), invocation.git(&format!("git add {path}")))
        }
        _ => Ok(()),
    }
}

/// Writes the number of added entries, or nothing if there are none.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn render_count(allowed: &Allowed, out: &mut impl Write) -> io::Result<()> {
    quiet::write_count(out, allowed.count(), if allowed.is_dry_run { "would be allowed" } else { "allowed" })
}
