//! Settings of git, and variables, that replace or disable hooks.

use bstr::{BStr, BString, ByteSlice};

use super::git::{CONFIG, names_hooked};
use super::{Bypass, shell};

/// Finds a setting in the arguments of `git config`.
pub(super) fn find_in_git_config(words: &[BString]) -> Option<Bypass> {
    // `--get…` and `--unset…` accept a value too, as a pattern.
    if words.iter().any(|word| word.starts_with(b"--ge") || word.starts_with(b"--u")) {
        return None;
    }
    let operands = CONFIG.parse(words).operands;
    let is_set = operands.first().is_some_and(|operand| *operand == "set");
    let [key, value, ..] = operands.get(usize::from(is_set)..)? else { return None };
    let setting = BString::from(bstr::join("=", [key, value]));
    overrides_hooks(setting.as_bstr()).then_some(Bypass::HooksOverridden(setting))
}

/// Whether the setting `KEY=VALUE` replaces git's hooks or disables one.
pub(super) fn overrides_hooks(setting: &BStr) -> bool {
    let (key, value) = setting.split_once_str("=").unwrap_or((setting, b"true"));
    let (key, value) = (key.to_ascii_lowercase(), value.to_ascii_lowercase());
    let is_true = [&b"true"[..], b"yes", b"on", b"1"].contains(&value.as_slice());
    key == b"core.hookspath" || key.starts_with(b"hook.") && key.ends_with(b".enabled") && !is_true
}

/// Finds a variable that changes which hooks `git` runs with the arguments `words`.
pub(super) fn find_in_assignments(assignments: &[&BString], words: &[BString]) -> Option<Bypass> {
    let variables: Vec<(&[u8], &[u8])> =
        assignments.iter().filter_map(|word| shell::parse_assignment(word)).collect();
    let is_bypass = |(name, value): (&[u8], &[u8])| {
        disables_hook_manager(name, value) && names_hooked(words)
            || settings_of(name, value, &variables).iter().any(|setting| overrides_hooks(setting.as_bstr()))
    };
    let bypass = assignments.iter().find(|word| shell::parse_assignment(word).is_some_and(is_bypass))?;
    Some(Bypass::HooksOverridden((*bypass).clone()))
}

/// Returns the settings `KEY=VALUE` that an environment variable gives git (git-config(1)).
///
/// The value of the key in `GIT_CONFIG_KEY_<n>` is that of `GIT_CONFIG_VALUE_<n>` in `variables`.
fn settings_of(name: &[u8], value: &[u8], variables: &[(&[u8], &[u8])]) -> Vec<BString> {
    if let Some(number) = name.strip_prefix(b"GIT_CONFIG_KEY_") {
        let is_value = |other: &[u8]| other.strip_prefix(b"GIT_CONFIG_VALUE_") == Some(number);
        let of_key = variables.iter().rfind(|(other, _)| is_value(other)).map(|(_, value)| *value);
        return vec![bstr::join("=", [Some(value), of_key].into_iter().flatten()).into()];
    }
    if name != b"GIT_CONFIG_PARAMETERS" {
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
