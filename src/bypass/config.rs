//! Settings of git, and variables, that replace or disable hooks.

use bstr::{BStr, BString, ByteSlice};

use super::git::{CONFIG, names_hooked};
use super::variables::Variables;
use super::walk::Nested;
use super::{Bypass, own, shell};

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

/// Returns the command of the alias that `git config` sets with the arguments `words`.
pub(super) fn alias(words: &[BString]) -> Option<Nested<'static>> {
    let Some(Change::Set { key, value }) = Change::parse(words) else { return None };
    let (section, _) = key.split_once_str(".")?;
    let is_alias = section.eq_ignore_ascii_case(b"alias");
    is_alias.then(|| Nested::Script(super::git::script_of_alias(value).into()))
}

/// The section of this program's configured hooks, which are named `stage-guard.<event>`.
const OWN_SECTION: &str = "hook.stage-guard.";

/// Returns the event and the last part of a key without which git does not run a hook of this program.
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
    key == b"core.hookspath" || key.starts_with(b"hook.") && key.ends_with(b".enabled") && !is_true
}

/// Finds a variable that changes which hooks `git` runs with the arguments `words`.
pub(super) fn judge_variables(variables: &Variables, words: &[BString]) -> Option<Bypass> {
    let is_bypass = |(name, value): &(&BStr, &BStr)| {
        disables_hook_manager(name, value) && names_hooked(words)
            || settings_of(name, value, variables).iter().any(|setting| overrides_hooks(setting.as_bstr()))
    };
    let (name, value) = variables.exported().find(is_bypass)?;
    Some(Bypass::HooksOverridden(bstr::join("=", [name, value]).into()))
}

/// Returns the settings `KEY=VALUE` that an environment variable gives git (git-config(1)).
///
/// The value of the key in `GIT_CONFIG_KEY_<n>` is that of `GIT_CONFIG_VALUE_<n>` in `variables`.
fn settings_of(name: &BStr, value: &BStr, variables: &Variables) -> Vec<BString> {
    if let Some(number) = name.strip_prefix(b"GIT_CONFIG_KEY_") {
        let is_value = |other: &BStr| other.strip_prefix(b"GIT_CONFIG_VALUE_") == Some(number);
        let of_key = variables.exported().find(|(other, _)| is_value(other)).map(|(_, value)| value);
        return vec![bstr::join("=", [Some(value), of_key].into_iter().flatten()).into()];
    }
    if name != "GIT_CONFIG_PARAMETERS" {
        return Vec::new();
    }
    // Each setting is quoted for a shell: `'KEY=VALUE'` or `'KEY'='VALUE'`.
    let words = shell::commands(value).unwrap_or_default();
    words.into_iter().flat_map(|command| command.words).collect()
}

/// Whether an environment variable makes a hook manager skip all hooks, or the guard.
fn disables_hook_manager(name: &[u8], value: &[u8]) -> bool {
    match name {
        b"HUSKY" | b"LEFTHOOK" => value == b"0" || value == b"false",
        b"SKIP" | b"PREK_SKIP" => value.contains_str("stage-guard"),
        _ => false,
    }
}
