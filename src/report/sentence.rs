//! What is said of a finding and of a rule, whoever reads it. All of it is harmless to
//! a terminal.

use bstr::{BStr, ByteSlice};

use super::escape::visible;
use crate::Introduced;
use crate::policy::{FILE_NAME, Finding, Names, Rule, Scope, is_in_session_directory};

/// How many names of a list are said: `rules` prints all of them.
const MOST: usize = 8;

/// `PATH [RULE] REASON, belongs in DIRECTORY; HOW TO GO ON`, for where a line stands
/// alone.
#[must_use]
pub fn sentence(finding: &Finding) -> String {
    let path = finding.entry.path.as_bstr();
    let out = if is_in_session_directory(path) { "leave it out of the commit" } else { "move it there" };
    format!("{} {}; {out}, or add the path to `allow` in {FILE_NAME}", visible(path), verdict(finding))
}

/// `[RULE] in COMMIT, for REF: REASON, belongs in DIRECTORY`.
pub(super) fn verdict(finding: &Finding) -> String {
    let Finding { entry, rule, introduced, .. } = finding;
    let by = introduced.as_ref().map(by).unwrap_or_default();
    format!("[{}]{by} {}", visible(&rule.id), refused(rule, entry.path.as_bstr()))
}

/// `REASON, belongs in DIRECTORY`; the reason alone for what is in a session directory
/// already.
pub(super) fn refused(rule: &Rule, path: &BStr) -> String {
    let reason = visible(&rule.reason);
    if is_in_session_directory(path) {
        return reason;
    }
    format!("{reason}, belongs in {}", rule.home.directory(path))
}

/// ` in COMMIT, for REF:`.
fn by(introduced: &Introduced) -> String {
    let Introduced { commit, reference, .. } = introduced;
    let reference = reference.as_ref().map(|name| format!(", for {}", visible(name))).unwrap_or_default();
    format!(" in {}{reference}:", short(commit))
}

/// As much of a commit's id as is plenty.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Which paths a rule catches, in short.
pub(super) fn catches(rule: &Rule) -> String {
    let Rule { names, extensions, directories, outside, .. } = rule;
    let place = match rule.scope {
        Scope::Anywhere => "at any depth",
        Scope::ProductionRoot => "directly in a production root",
        Scope::SessionDirectory => "in the session directory, or called like it",
    };
    let lists = [
        ("names", names),
        ("extensions", extensions),
        ("in a directory", directories),
        ("not in a directory", outside),
    ];
    let lists = lists.into_iter().filter(|(_, names)| !names.is_empty());
    let mut parts: Vec<String> = lists.map(|(word, names)| format!("{word} {}", listed(names))).collect();
    parts.push(place.to_owned());
    parts.join(", ")
}

/// How to go on after a rule has refused something.
pub(super) fn way_out(rule: &Rule) -> String {
    let moved = match rule.scope {
        Scope::SessionDirectory => "takes it out of the commit".to_owned(),
        _ => format!("moves it to {}", rule.home.directory(b"".into())),
    };
    format!(
        "`stage-guard stow` {moved}. If it is no session work, add the path to `allow` in {FILE_NAME}. \
         `stage-guard explain PATH` says why a path is refused."
    )
}

/// The first of the names.
fn listed(names: &Names) -> String {
    let texts = names.texts();
    let listed: Vec<String> = texts.iter().take(MOST).map(|text| format!("`{}`", visible(text))).collect();
    listed.join(" ") + if texts.len() > MOST { " …" } else { "" }
}
