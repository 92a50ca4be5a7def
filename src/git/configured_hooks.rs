//! Hooks that are configured (`hook.<name>.*` of git-config(1), since git 2.54): git
//! runs them beside those of the hooks directory, wherever that is.

use std::process::Command;

use bstr::ByteSlice;

use super::command_line::{failure, fields, git, output_of, run, run_with, text};
use super::{Error, Hook};

/// The configuration of hooks in one file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConfigScope {
    /// The user's.
    Global,
    /// The repository's, for all its worktrees.
    Local,
}

/// A hook of ours that is configured.
#[derive(Debug, Eq, PartialEq)]
pub struct ConfiguredHook {
    /// `global`, `local` …, as `git config --show-scope` says.
    pub scope: String,
    /// The event that git runs it for.
    pub event: Hook,
    /// The command, as a line of shell.
    pub command: String,
    /// Whether git runs it: `hook.<name>.enabled` can switch it off.
    pub is_enabled: bool,
}

/// git does not tell a command which event it runs for, so each has a name of its own:
/// `hook.stage-guard.<event>.command`.
const SECTION: &str = "hook.stage-guard.";

/// The oldest version of git that runs such hooks.
const OLDEST: (u32, u32) = (2, 54);

impl ConfigScope {
    /// Configures `command` for `event`. Done twice, it is done once.
    ///
    /// # Errors
    ///
    /// git cannot write the file.
    pub fn set(self, event: Hook, command: &str) -> Result<(), Error> {
        // Without an event a command is never run, without a command git stops.
        for (key, value) in [("command", command), ("event", event.name())] {
            let name = format!("{SECTION}{event}.{key}");
            if self.values(&name)? != [value] {
                run_with(writing_git(), &["config", self.option(), "--replace-all", &name, value], &[])?;
            }
            // What git adds to a file may become a part of its last line.
            if self.values(&name)? != [value] {
                self.unset(event)?;
                return Err(Error::NotConfigured(name));
            }
        }
        Ok(())
    }

    /// Takes away what [`ConfigScope::set`] has set, and nothing that anybody has added.
    /// Tells whether there was something.
    ///
    /// # Errors
    ///
    /// git cannot write the file.
    pub fn unset(self, event: Hook) -> Result<bool, Error> {
        let mut was_set = false;
        for key in ["event", "command"] {
            let name = format!("{SECTION}{event}.{key}");
            if !self.values(&name)?.is_empty() {
                run_with(writing_git(), &["config", self.option(), "--unset-all", &name], &[])?;
                was_set = true;
            }
        }
        Ok(was_set)
    }

    fn option(self) -> &'static str {
        match self {
            Self::Global => "--global",
            Self::Local => "--local",
        }
    }

    fn values(self, name: &str) -> Result<Vec<String>, Error> {
        let arguments = ["config", self.option(), "-z", "--get-all", name];
        let output = output_of(git(), &arguments, &[])?;
        // Without such a name, or without a file, git ends with 1.
        match output.status.code() {
            Some(0 | 1) => Ok(fields(&output.stdout).map(text).collect()),
            _ => Err(failure(&arguments, &output)),
        }
    }
}

/// The version of git, where it is too old for configured hooks.
///
/// # Errors
///
/// git cannot be asked.
pub fn too_old_for_configured_hooks() -> Result<Option<String>, Error> {
    older_than(OLDEST)
}

/// The version of git, where it is older than `wanted`.
pub(super) fn older_than(wanted: (u32, u32)) -> Result<Option<String>, Error> {
    let said = text(&run(&["version"])?);
    let version = said.strip_prefix("git version ").unwrap_or(&said);
    let mut numbers = version.split(['.', ' ', '-']).map_while(|number| number.parse().ok());
    let is_new = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= wanted;
    Ok((!is_new).then(|| version.to_owned()))
}

/// The hooks of ours that are configured here, in all files that git reads.
///
/// # Errors
///
/// git cannot be asked.
pub fn configured_hooks() -> Result<Vec<ConfiguredHook>, Error> {
    let pattern = r"^hook\.stage-guard\..*\.(command|event|enabled)$";
    let output = output_of(git(), &["config", "--show-scope", "-z", "--get-regexp", pattern], &[])?;
    let mut hooks: Vec<ConfiguredHook> = Vec::new();
    let mut off = Vec::new();
    let mut listed = fields(&output.stdout);
    while let (Some(scope), Some(entry)) = (listed.next(), listed.next()) {
        let Some((name, value)) = entry.split_once_str("\n") else { continue };
        let (name, value) = (text(name), text(value));
        let Some((event, key)) = name.strip_prefix(SECTION).and_then(|rest| rest.rsplit_once('.')) else {
            continue;
        };
        let Ok(event) = event.parse() else { continue };
        match key {
            "command" => {
                hooks.retain(|hook| hook.event != event);
                hooks.push(ConfiguredHook { scope: text(scope), event, command: value, is_enabled: true });
            }
            "enabled" => {
                off.retain(|hook| *hook != event);
                off.extend(matches!(value.as_str(), "false" | "no" | "off" | "0").then_some(event));
            }
            _ => {}
        }
    }
    for hook in &mut hooks {
        hook.is_enabled = !off.contains(&hook.event);
    }
    Ok(hooks)
}

/// A git that may write.
fn writing_git() -> Command {
    let mut git = git();
    git.env_remove("GIT_OPTIONAL_LOCKS");
    git
}
