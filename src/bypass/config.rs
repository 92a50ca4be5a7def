//! Settings of git, and variables, that replace or disable hooks.

use bstr::{BStr, BString, ByteSlice};

use super::git::{CONFIG, runs_hooks};
use super::options::Options;
use super::variables::{Variable, Variables};
use super::walk::{Nested, file_name};
use super::{Bypass, directories, own, shell};

/// What `git config` does with the words after its options.
enum Change<'w> {
    Set { key: &'w BStr, value: &'w BStr },
    Unset { key: &'w BStr },
    RemoveSection { section: &'w BStr },
}

impl<'w> Change<'w> {
    /// Parses the arguments of `git config`; `None` if it changes nothing.
    fn parse(words: &'w [BString]) -> Option<Self> {
        let operands = CONFIG.parse(words).operands;
        // git accepts any abbreviation.
        let has =
            |option: &str| words.iter().any(|word| word.len() >= 5 && option.as_bytes().starts_with(word));
        let (&first, rest) = operands.split_first()?;
        match first.as_bytes() {
            b"unset" => return Some(Self::Unset { key: rest.first()? }),
            b"remove-section" | b"rename-section" => {
                return Some(Self::RemoveSection { section: rest.first()? });
            }
            b"set" => return Some(Self::Set { key: rest.first()?, value: rest.get(1)? }),
            _ => {}
        }
        if has("--remove-section") || has("--rename-section") {
            return Some(Self::RemoveSection { section: first });
        }
        if has("--unset-all") {
            return Some(Self::Unset { key: first });
        }
        // `--get…` accepts a value too, as a pattern.
        let value = rest.first().filter(|_| !words.iter().any(|word| word.starts_with(b"--ge")))?;
        Some(Self::Set { key: first, value })
    }
}

/// Judges `git config` with the arguments `words`.
pub(super) fn judge(words: &[BString]) -> Option<Bypass> {
    if changes_other_file(words) {
        return None;
    }
    match Change::parse(words)? {
        Change::Set { key, value } => {
            let setting = BString::from(bstr::join("=", [key, value]));
            overrides_hooks(setting.as_bstr()).then_some(Bypass::HooksOverridden(setting))
        }
        Change::Unset { key } => own_event(key).map(|_| Bypass::HookChanged(key.to_owned())),
        Change::RemoveSection { section } => {
            let is_own = section.to_ascii_lowercase().starts_with(OWN_SECTION.as_bytes());
            is_own.then(|| Bypass::HookChanged(section.to_owned()))
        }
    }
}

/// Whether `git config` changes a file that git reads for no repository.
fn changes_other_file(words: &[BString]) -> bool {
    let options = Options::parse(words, "f", &["--file"]);
    let mut files = options.values.iter().map(|(_, file)| file_name(BStr::new(*file)));
    files.next_back().is_some_and(|name| {
        !CONFIG_FILES.iter().any(|file| name == file) && directories::is_known(&name.to_path_lossy())
    })
}

/// The names of the files with the configuration of a repository or a user.
const CONFIG_FILES: [&str; 3] = ["config", "config.worktree", ".gitconfig"];

/// Returns the command of the alias that `git config` sets with the arguments `words`.
pub(super) fn alias(words: &[BString]) -> Option<Nested<'static>> {
    let Some(Change::Set { key, value }) = Change::parse(words) else { return None };
    let (section, _) = key.split_once_str(".")?;
    let is_alias = section.eq_ignore_ascii_case(b"alias");
    is_alias.then(|| Nested::Script(super::git::script_of_alias(value).into()))
}

/// The section of this program's configured hooks, which are named `stage-guard.<event>`.
const OWN_SECTION: &str = "hook.stage-guard.";

/// Returns the event and the last part of a key that a hook of this program needs.
fn own_event(key: &BStr) -> Option<(BString, BString)> {
    let key = key.to_ascii_lowercase();
    let (event, name) = key.strip_prefix(OWN_SECTION.as_bytes())?.rsplit_once_str(".")?;
    matches!(name, b"command" | b"event").then(|| (event.into(), name.into()))
}

/// Whether the setting `KEY=VALUE` replaces git's hooks or disables one.
pub(super) fn overrides_hooks(setting: &BStr) -> bool {
    let (key, value) = setting.split_once_str("=").unwrap_or((setting, b"true"));
    if let Some((event, name)) = own_event(key.as_bstr()) {
        return if name == "event" { value != event } else { !value.contains_str(own::PROGRAM) };
    }
    let (key, value) = (key.to_ascii_lowercase(), value.to_ascii_lowercase());
    let is_true = [&b"true"[..], b"yes", b"on", b"1"].contains(&value.as_slice());
    let is_own = key.starts_with(OWN_SECTION.as_bytes());
    key == b"core.hookspath" || is_own && key.ends_with(b".enabled") && !is_true
}

/// Judges the variables that `git` inherits, which runs with the arguments `words`.
pub(super) fn judge_variables(variables: &Variables, words: &[BString]) -> Option<Bypass> {
    let is_bypass = |(name, variable): &(&BString, &Variable)| {
        if !variable.may_disable_hooks {
            return false;
        }
        let Some(number) = name.strip_prefix(b"GIT_CONFIG_KEY_") else {
            return name.starts_with(b"GIT_CONFIG_") || runs_hooks(words);
        };
        let value = variables.exported_value(&bstr::concat([b"GIT_CONFIG_VALUE_", number]));
        let setting = [Some(variable.value.as_bstr()), value].into_iter().flatten();
        overrides_hooks(bstr::join("=", setting).as_bstr())
    };
    let (name, variable) = variables.exported().find(is_bypass)?;
    Some(Bypass::HooksOverridden(bstr::join("=", [name, &variable.value]).into()))
}

/// Whether a variable can make git, or a hook manager, skip all hooks or the guard.
///
/// Whether a `GIT_CONFIG_KEY_<n>` of git-config(1) does depends on `GIT_CONFIG_VALUE_<n>`.
pub(super) fn may_disable_hooks(name: &[u8], value: &BStr) -> bool {
    match name {
        b"HUSKY" | b"LEFTHOOK" => value == "0" || value == "false",
        b"SKIP" | b"PREK_SKIP" => value.contains_str(own::PROGRAM),
        b"GIT_CONFIG_PARAMETERS" => {
            // Each setting is quoted for a shell: `'KEY=VALUE'` or `'KEY'='VALUE'`.
            let commands = shell::commands(value).unwrap_or_default();
            let mut settings = commands.iter().flat_map(|command| &command.words);
            settings.any(|setting| overrides_hooks(setting.as_bstr()))
        }
        _ => name.starts_with(b"GIT_CONFIG_KEY_") && value.to_ascii_lowercase().contains_str("hook"),
    }
}
