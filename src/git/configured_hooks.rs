//! Hooks in git's configuration: `hook.<name>.*` of git-config(1), since git 2.54.
//!
//! git runs them in addition to the hooks in the hooks directory, wherever that is.

use std::path::{Path, PathBuf};
use std::{env, fmt, fs, io};

use bstr::ByteSlice;

use super::command::{Git, failure, nul_fields, to_path, trimmed};
use super::{Error, Hook, read_regular_file};
use crate::environment::Environment;

/// The configuration file that hooks are added to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ConfigScope {
    /// The global configuration of the user.
    Global,
    /// The configuration of the repository, which all its worktrees share.
    Local,
}

/// A hook of the guard in git's configuration.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct ConfiguredHook {
    /// `global`, `local` …, as `git config --show-scope` prints it.
    pub scope: String,
    /// The event that git runs it for.
    pub event: Hook,
    /// The command, which git runs with the shell.
    pub command: String,
    /// Whether git runs it: `hook.<name>.enabled` can disable it.
    pub is_enabled: bool,
}

/// The section of the guard's hooks, which are named `stage-guard.<event>`.
///
/// Each event has its own hook, because git does not pass the event to the command.
const SECTION: &str = "hook.stage-guard.";

/// The comment on the first value in a configuration file that the guard has created.
const CREATED: &str = "the file was created by stage-guard";

/// The oldest version of git that runs configured hooks.
const MIN_VERSION: (u32, u32) = (2, 54);

impl fmt::Display for ConfigScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Global => "global",
            Self::Local => "local",
        })
    }
}

impl ConfigScope {
    /// Sets `command` for `event`. A second call changes nothing.
    ///
    /// # Errors
    ///
    /// git cannot write the file, or does not read back what it wrote.
    pub(crate) fn set(self, git: &Git, event: Hook, command: &str) -> Result<(), Error> {
        // git ignores a command without an event, and fails on an event without a command.
        for (key, value) in [("command", command), ("event", event.name())] {
            let name = format!("{SECTION}{event}.{key}");
            if self.values(git, &name)? != [value] {
                let mut arguments = vec!["config", self.option(), "--replace-all"];
                if !self.has_file(git)? {
                    arguments.extend(["--comment", CREATED]);
                }
                arguments.extend([name.as_str(), value]);
                writing(git).run(&arguments)?;
            }
            // If the file ends in a continued line, the added line becomes a part of it.
            if self.values(git, &name)? != [value] {
                self.unset(git, event)?;
                return Err(Error::NotConfigured(name));
            }
        }
        Ok(())
    }

    /// Removes the hook that [`ConfigScope::set`] has added; returns whether there was one.
    ///
    /// Other keys of the same hook, such as `enabled`, are kept.
    ///
    /// # Errors
    ///
    /// git cannot write the file.
    pub(crate) fn unset(self, git: &Git, event: Hook) -> Result<bool, Error> {
        let mut was_set = false;
        for key in ["event", "command"] {
            let name = format!("{SECTION}{event}.{key}");
            if !self.values(git, &name)?.is_empty() {
                writing(git).run(&["config", self.option(), "--unset-all", &name])?;
                was_set = true;
            }
        }
        // git keeps the header of an empty section behind a comment.
        let section = format!("{SECTION}{event}");
        let pattern = format!("^{}\\.", section.replace('.', r"\."));
        let others = git.output(&["config", self.option(), "--get-regexp", &pattern], &[])?;
        if was_set && others.stdout.is_empty() {
            writing(git).output(&["config", self.option(), "--remove-section", &section], &[])?;
        }
        Ok(was_set)
    }

    /// Returns the configuration file, if [`ConfigScope::set`] has created it.
    ///
    /// # Errors
    ///
    /// git cannot be run.
    pub(crate) fn created_file(self, git: &Git) -> Result<Option<PathBuf>, Error> {
        let arguments =
            ["config", self.option(), "--show-origin", "-z", "--get-regexp", r"^hook\.stage-guard\."];
        let output = git.output(&arguments, &[])?;
        let Some(origin) = nul_fields(&output.stdout).next() else { return Ok(None) };
        let Some(file) = origin.strip_prefix(b"file:") else { return Ok(None) };
        // The file of a repository, whose path may be relative, exists before the hooks.
        let file = Some(to_path(file)).filter(|file| file.is_absolute());
        let file = file.and_then(|file| fs::canonicalize(file).ok());
        let is_created =
            |file: &PathBuf| read_regular_file(file).is_ok_and(|text| text.contains_str(CREATED));
        Ok(file.filter(is_created))
    }

    /// Returns whether the configuration file exists.
    fn has_file(self, git: &Git) -> Result<bool, Error> {
        Ok(git.output(&["config", self.option(), "--list"], &[])?.status.success())
    }

    fn option(self) -> &'static str {
        match self {
            Self::Global => "--global",
            Self::Local => "--local",
        }
    }

    fn values(self, git: &Git, name: &str) -> Result<Vec<String>, Error> {
        let arguments = ["config", self.option(), "-z", "--get-all", name];
        let output = git.output(&arguments, &[])?;
        // git exits with 1 if the name is not set or the file does not exist.
        match output.status.code() {
            Some(0 | 1) => Ok(nul_fields(&output.stdout).map(trimmed).collect()),
            _ => Err(failure(&arguments, &output)),
        }
    }
}

/// Checks that each file of the user's global configuration is a regular file, or does not exist.
///
/// git replaces any other file, such as a device, when it writes to it, and waits for a FIFO.
///
/// # Errors
///
/// A file is not a regular one.
pub(crate) fn check_global_files(environment: &Environment) -> Result<(), Error> {
    let below = |name, file| Some(environment.absolute(Path::new(environment.var(name)?).join(file)));
    let files = match environment.var("GIT_CONFIG_GLOBAL") {
        Some(file) => vec![environment.absolute(file)],
        None => [("HOME", ".gitconfig"), ("XDG_CONFIG_HOME", "git/config"), ("HOME", ".config/git/config")]
            .into_iter()
            .filter_map(|(name, file)| below(name, file))
            .collect(),
    };
    let is_irregular = |file: &PathBuf| fs::metadata(file).is_ok_and(|metadata| !metadata.is_file());
    match files.into_iter().find(is_irregular) {
        Some(file) => Err(Error::ReadFile(file, io::Error::other("not a regular file"))),
        None => Ok(()),
    }
}

/// Returns the version of git if it is too old for configured hooks.
///
/// # Errors
///
/// git cannot be run.
pub(crate) fn too_old_for_configured_hooks(git: &Git) -> Result<Option<String>, Error> {
    older_than(git, MIN_VERSION)
}

/// Returns the version of git if it is older than `minimum`.
pub(super) fn older_than(git: &Git, minimum: (u32, u32)) -> Result<Option<String>, Error> {
    Ok(older_version(&trimmed(&git.run(&["version"])?), minimum))
}

/// Returns the version in the output of `git version` if it is too old for configured hooks.
#[must_use]
pub(crate) fn version_without_configured_hooks(output: &str) -> Option<String> {
    older_version(output, MIN_VERSION)
}

/// Returns the version in the output of `git version` if it is older than `minimum`.
fn older_version(output: &str, minimum: (u32, u32)) -> Option<String> {
    let version = output.strip_prefix("git version ").unwrap_or(output);
    let mut numbers = version.split(['.', ' ', '-']).map_while(|number| number.parse().ok());
    let is_new = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= minimum;
    (!is_new).then(|| version.to_owned())
}

/// Returns the guard's hooks in all configuration files that git reads here.
///
/// # Errors
///
/// git cannot be run.
pub(crate) fn configured_hooks(git: &Git) -> Result<Vec<ConfiguredHook>, Error> {
    let pattern = r"^hook\.stage-guard\..*\.(command|event|enabled)$";
    let output = git.output(&["config", "--show-scope", "-z", "--get-regexp", pattern], &[])?;
    let mut settings = Vec::new();
    let mut listed = nul_fields(&output.stdout);
    while let (Some(scope), Some(entry)) = (listed.next(), listed.next()) {
        let Some((name, value)) = entry.split_once_str("\n") else { continue };
        let name = name.strip_prefix(SECTION.as_bytes()).unwrap_or_default();
        settings.push((trimmed(name), trimmed(value), trimmed(scope)));
    }
    let configured = |event: Hook| {
        let values = |key| {
            let name = format!("{event}.{key}");
            settings.iter().filter(move |setting| setting.0 == name)
        };
        let (_, command, scope) = values("command").next_back()?;
        // git ignores a command without an event. An empty event removes those before it.
        let has_event = |has_event, value: &str| value == event.name() || has_event && !value.is_empty();
        let has_event = values("event").fold(false, |has, (_, value, _)| has_event(has, value));
        let enabled = values("enabled").filter_map(|(_, value, _)| parse_bool(value)).next_back();
        let (scope, command, is_enabled) = (scope.clone(), command.clone(), enabled.unwrap_or(true));
        has_event.then_some(ConfiguredHook { scope, event, command, is_enabled })
    };
    Ok(Hook::ALL.into_iter().filter_map(configured).collect())
}

/// Parses a boolean as git does (git-config(1)): `None` for any other value.
fn parse_bool(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" | "" => Some(false),
        number => {
            let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
            let digits = digits.strip_suffix(['k', 'm', 'g']).unwrap_or(digits);
            let (digits, radix) = digits.strip_prefix("0x").map_or((digits, 10), |digits| (digits, 16));
            u64::from_str_radix(digits, radix).ok().map(|number| number != 0)
        }
    }
}

/// Returns whether the git that runs the file of a hook has run the configured hook before it.
///
/// # Errors
///
/// git cannot be run.
pub(crate) fn has_run_configured_hook(environment: &Environment, event: Hook) -> Result<bool, Error> {
    let git = Git::new(environment);
    let hooks = configured_hooks(&git)?;
    let runs_check = |hook: &ConfiguredHook| hook.is_enabled && hook.command.contains(" hook ");
    if !hooks.iter().any(|hook| hook.event == event && runs_check(hook)) {
        return Ok(false);
    }
    // git puts its own directory first on PATH. Other programs that run hooks do not.
    let exec_path = git.query(&["--exec-path"])?.map(PathBuf::from);
    let first = environment.var("PATH").and_then(|path| env::split_paths(path).next());
    Ok(exec_path == first && too_old_for_configured_hooks(&git)?.is_none())
}

/// Returns a git that may write files.
fn writing(git: &Git) -> Git {
    git.clone().without_var("GIT_OPTIONAL_LOCKS")
}

#[cfg(test)]
mod tests {
    use super::parse_bool;

    #[test]
    fn booleans_are_parsed_as_git_does() {
        for value in ["false", "False", "OFF", "nO", "", "0", "00", "-0", "0x0", "0k"] {
            assert_eq!(parse_bool(value), Some(false), "{value}");
        }
        for value in ["true", "Yes", "ON", "1", "-1", "010", "0x1F", "2G"] {
            assert_eq!(parse_bool(value), Some(true), "{value}");
        }
        for value in ["maybe", " false", "f", "-", "0x", "1.0", "k"] {
            assert_eq!(parse_bool(value), None, "{value}");
        }
    }
}
