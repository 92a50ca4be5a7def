//! The words for a finding and for a rule, shared by several renderers.
//!
//! Everything that comes from data is escaped.

use bstr::{BStr, ByteSlice};

use super::escape::escape;
use super::remedy::allow_command;
use crate::IntroducedBy;
use crate::policy::{Finding, NamedBy, Rule, Scope, ShownSign, Sign, is_in_session_directory};
use crate::project::Unread;

/// The maximum number of names shown of a list. `rules` prints all of them.
const MAX_NAMES: usize = 8;

/// Returns `PATH [RULE] REASON, PLACE; ADVICE`, a complete message.
pub(super) fn summary(finding: &Finding) -> String {
    let path = finding.entry.path.as_bstr();
    let message = format!("{} {}", escape(path), rule_and_reason(finding));
    let advice = match finding.introduced_by {
        // A later commit without the path would leave it in the history.
        Some(_) => "take it out of that commit",
        None if is_in_session_directory(path) || finding.rule.stays => "leave it out of the commit",
        None => "move it there",
    };
    if is_in_session_directory(path) {
        return format!("{message}; {advice}");
    }
    let allow = allow_command("stage-guard", vec![path]);
    format!("{message}; {advice}, or if it is production code: {allow}")
}

/// Returns `[RULE] in COMMIT, for REF: REASON, PLACE`.
pub(super) fn rule_and_reason(finding: &Finding) -> String {
    let Finding { entry, rule, introduced_by, .. } = finding;
    let origin = introduced_by.as_ref().map(origin).unwrap_or_default();
    let evidence = match evidence(finding).as_slice() {
        [] => String::new(),
        evidence => format!(" ({})", evidence.join(", ")),
    };
    format!("[{}]{origin} {}", escape(&rule.id), reason_and_place(rule, &evidence, entry.path.as_bstr()))
}

/// Returns what a verdict rests on beside the name; empty if on nothing else.
///
/// A rule that asks for any other file refuses only what none names.
pub(super) fn evidence(finding: &Finding) -> Vec<String> {
    let sign = finding.shown.map(shown_sign);
    let is_unnamed = finding.rule.named_by == Some(NamedBy::Any);
    sign.into_iter().chain(is_unnamed.then(|| NOT_NAMED.to_owned())).collect()
}

/// The words for a file that no other file names.
pub(super) const NOT_NAMED: &str = "no other file names it";

/// Returns `line LINE SIGN`.
pub(super) fn shown_sign(ShownSign { sign, line }: ShownSign) -> String {
    format!("line {line} {}", sign_words(sign))
}

fn sign_words(sign: Sign) -> &'static str {
    match sign {
        Sign::EmojiPrint => "prints an emoji",
        Sign::RewritesSource => "rewrites a source file",
        Sign::HomePath => "has a path in a home directory",
        Sign::Secret => "has a token or a key",
    }
}

/// Returns `REASON EVIDENCE, PLACE`: `belongs in DIRECTORY`, or that the file stays.
///
/// In a session directory there is no place to name.
pub(super) fn reason_and_place(rule: &Rule, evidence: &str, path: &BStr) -> String {
    let reason = format!("{}{evidence}", escape(&rule.reason));
    if is_in_session_directory(path) {
        return reason;
    }
    if rule.stays {
        return format!("{reason}, stays where it is: git has to ignore it");
    }
    format!("{reason}, belongs in {}", rule.home.directory(path))
}

/// Returns ` in COMMIT, for REF:`.
fn origin(introduced: &IntroducedBy) -> String {
    let IntroducedBy { commit, reference, .. } = introduced;
    let reference = reference.as_ref().map(|name| format!(", for {}", escape(name))).unwrap_or_default();
    format!(" in {}{reference}:", short_id(commit))
}

/// Returns the first 12 digits of a commit id.
pub(super) fn short_id(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Returns a short description of the paths that a rule matches.
pub(super) fn rule_scope(rule: &Rule) -> String {
    let Rule { names, extensions, directories, outside, .. } = rule;
    let location = match rule.scope {
        Scope::Anywhere => "at any depth",
        Scope::ProductionRoot => "directly in a production root",
        Scope::SessionDirectory => "in the session directory, or with its name",
    };
    let lists = [
        ("names", names.texts()),
        ("extensions", extensions.texts()),
        ("in a directory", directories.texts()),
        ("not in a directory", outside.texts()),
    ];
    let lists = lists.into_iter().filter(|(_, texts)| !texts.is_empty());
    let mut parts: Vec<String> =
        lists.map(|(word, texts)| format!("{word} {}", first_texts(&texts))).collect();
    parts.push(location.to_owned());
    parts.extend((!rule.text.is_empty()).then(|| {
        let signs: Vec<&str> = rule.text.iter().map(|sign| sign_words(*sign)).collect();
        format!("whose text {}", signs.join(" or "))
    }));
    parts.extend(rule.named_by.map(|files| match files {
        NamedBy::Automation => "unless the project's automation names it".to_owned(),
        NamedBy::Documents => "unless a README or an index links it".to_owned(),
        NamedBy::Any => "unless another file names it".to_owned(),
    }));
    parts.join(", ")
}

/// Returns what to do with a path that the rule has refused.
pub(super) fn rule_advice(rule: &Rule) -> String {
    let effect = match rule.scope {
        Scope::SessionDirectory => "unstages it".to_owned(),
        _ if rule.stays => "unstages it and leaves it where it is: git has to ignore it".to_owned(),
        _ => format!("moves it to {}", rule.home.directory(b"".into())),
    };
    format!(
        "`stage-guard stow` {effect}. If it is not session work, `stage-guard allow PATH` allows it. \
         `stage-guard explain PATH` says why a path is refused."
    )
}

/// Returns the first texts of a list.
fn first_texts(texts: &[&str]) -> String {
    let listed: Vec<String> =
        texts.iter().take(MAX_NAMES).map(|text| format!("`{}`", escape(text))).collect();
    listed.join(" ") + if texts.len() > MAX_NAMES { " …" } else { "" }
}

/// Returns what was to be looked at and could not be read.
pub(super) fn notes(unread: &Unread) -> Vec<String> {
    let texts = match unread.texts.as_slice() {
        [] => None,
        [path] => Some(format!("the text of {} could not be read", escape(path))),
        [path, ..] => {
            let others = unread.texts.len() - 1;
            Some(format!("the texts of {} and {others} more could not be read", escape(path)))
        }
    };
    let search = "some files could not be searched for the names of scripts".to_owned();
    texts.into_iter().chain(unread.has_unsearched_files.then_some(search)).collect()
}
