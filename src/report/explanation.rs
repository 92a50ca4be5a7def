//! Renders the reports of `explain`: the verdict on each path and the reason for it.

use std::io::{self, Write};

use bstr::{BStr, ByteSlice};
use owo_colors::OwoColorize;
use serde::Serialize;

use super::escape::escape;
use super::json::{self, JsonPath, Verdict as JsonVerdict};
use super::message::{NOT_NAMED, reason_and_place, shown_sign};
use super::page::rule_page;
use super::quiet;
use super::remedy::allow_command;
use crate::invocation::Invocation;
use crate::policy::{
    Alternatives, Evidence, Exemption, Explanation, Mention, NamedBy, Rule, SearchResult, TextVerdict,
    Verdict, is_in_session_directory,
};

/// Writes the verdict on each path, the reason for it, and what would change it.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn render_human(
    explanations: &[Explanation],
    invocation: &Invocation,
    out: &mut impl Write,
) -> io::Result<()> {
    for Explanation { path, verdict, allows_change, evidence, alternatives } in explanations {
        let word = match verdict {
            Verdict::Refused { .. } => "refused".red().to_string(),
            _ => "allowed".green().to_string(),
        };
        let why = why(path.as_bstr(), verdict);
        writeln!(out, "{}: {word}: {why}", escape(path).bold())?;
        if *allows_change {
            writeln!(
                out,
                "  a new file of this name is refused; a change of this one, which is committed, is allowed"
            )?;
        }
        let evidence = found(evidence.as_ref(), verdict);
        // What exempts the path is said already.
        let rest: Vec<String> = evidence.into_iter().filter(|text| !why.contains(text)).collect();
        if !rest.is_empty() {
            writeln!(out, "  {}", rest.join("; "))?;
        }
        match alternatives {
            None => writeln!(out, "  looks like production code")?,
            Some(alternatives) => {
                writeln!(out, "  looks like session work (by {})", grounds(verdict))?;
                let elsewhere = elsewhere(alternatives).join(", or ");
                if !elsewhere.is_empty() {
                    writeln!(out, "  if it is production code, it is allowed {elsewhere}")?;
                }
                // As in a refusal: paths in a session directory belong in no commit.
                if !is_in_session_directory(path.as_bstr()) {
                    let allow = allow_command(&invocation.program(), vec![path.as_bstr()]);
                    writeln!(out, "  allow: {allow}")?;
                }
            }
        }
        if let Verdict::Refused { rule, .. } = verdict {
            writeln!(out, "  see: stage-guard's {}", rule_page(rule))?;
        }
    }
    Ok(())
}

/// Writes the explanations as one JSON document on one line.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn render_json(explanations: &[Explanation], out: &mut impl Write) -> io::Result<()> {
    let document = Document {
        version: json::VERSION,
        verdict: JsonVerdict::of(explanations.iter().any(is_refused)),
        paths: explanations.iter().map(Record::new).collect(),
    };
    json::write_document(out, &document)
}

/// Writes the number of refused paths, or nothing if there are none.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn render_count(explanations: &[Explanation], out: &mut impl Write) -> io::Result<()> {
    let refused = explanations.iter().filter(|explanation| is_refused(explanation)).count();
    quiet::write_count(out, refused, "refused")
}

fn is_refused(explanation: &Explanation) -> bool {
    matches!(explanation.verdict, Verdict::Refused { .. })
}

/// Returns what a refusal rests on.
fn grounds(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Refused { shown: Some(_), .. } => "location and text",
        _ => "name and location",
    }
}

/// Returns what the text of a file shows, and which other file names it.
fn found(evidence: Option<&Evidence>, verdict: &Verdict) -> Vec<String> {
    let Some(Evidence { text, mention }) = evidence else { return Vec::new() };
    let text = text.and_then(|text| match text {
        TextVerdict::Sign(shown) => Some(shown_sign(shown)),
        TextVerdict::Program(line) => Some(format!("line {line} shows a program that runs again")),
        TextVerdict::Nothing => Some(NO_SIGN.to_owned()),
        TextVerdict::NotRead => None,
    });
    let mention = mention.as_ref().map(|mention| match (mention, verdict) {
        (SearchResult::Named(mention), Verdict::Refused { rule, .. }) => {
            format!("{}, but {}", named_by(mention), not_enough(rule))
        }
        (SearchResult::Named(mention), _) => named_by(mention),
        (SearchResult::Unnamed, _) => NOT_NAMED.to_owned(),
        (SearchResult::Incomplete, _) => NOT_SEARCHED.to_owned(),
    });
    text.into_iter().chain(mention).collect()
}

/// Returns why a mention does not keep the rule from refusing a path.
fn not_enough(rule: &Rule) -> &'static str {
    match rule.named_by {
        Some(NamedBy::Documents) => "no README and no index links it",
        _ => "no automation does",
    }
}

/// The words for a text that shows nothing.
const NO_SIGN: &str = "its text shows no sign of a script for one occasion";

/// The words for a search for a name that is not complete.
const NOT_SEARCHED: &str = "not every file could be searched for its name";

fn named_by(Mention { path, line }: &Mention) -> String {
    format!("{} names it on line {line}", escape(path))
}

/// Returns the rule, its pattern, and why the path is refused or exempt.
fn why(path: &BStr, verdict: &Verdict) -> String {
    let matched = |rule: &Rule, pattern: &str| format!("{} (`{}`)", escape(&rule.id), escape(pattern));
    match verdict {
        Verdict::Refused { rule, pattern, .. } => {
            format!("{}: {}", matched(rule, pattern.as_str()), reason_and_place(rule, "", path))
        }
        Verdict::AllowedByEntry { rule, pattern, glob } => {
            let matched = matched(rule, pattern.as_str());
            format!("`allow` has `{}`, which overrides {matched}", escape(glob.as_str()))
        }
        // The name says nothing of such a path.
        Verdict::Exempt { exemption: exemption @ (Exemption::NoSign | Exemption::NotRead), .. } => {
            exempted(exemption)
        }
        Verdict::Exempt { rule, pattern, exemption } => {
            format!("{}, which exempts it from {}", exempted(exemption), matched(rule, pattern.as_str()))
        }
        Verdict::Unmatched => "no rule matches it".to_owned(),
    }
}

/// Returns where a refused path would be allowed.
fn elsewhere(Alternatives { elsewhere, siblings, named_by, .. }: &Alternatives) -> Vec<String> {
    let mut places = Vec::new();
    places.extend(elsewhere.as_ref().map(|path| format!("as {}", escape(path))));
    if !siblings.is_empty() {
        places.push(format!("next to {}", siblings.iter().map(escape).collect::<Vec<_>>().join(" or ")));
    }
    places.extend(named_by.map(|files| match files {
        NamedBy::Automation => "if a Makefile, a package.json or the like names it".to_owned(),
        NamedBy::Documents => "if a README links it".to_owned(),
        NamedBy::Any => "if another file names it".to_owned(),
    }));
    places
}

fn exempted(exemption: &Exemption) -> String {
    match exemption {
        Exemption::Name(name) => format!("its name matches `{}`", escape(name.as_str())),
        Exemption::Directory(name) => format!("it is in a directory `{}`", escape(name.as_str())),
        Exemption::NotInProductionRoot => "it is not directly in a production root".to_owned(),
        Exemption::Sibling(path) => format!("it is named after the tracked `{}` next to it", escape(path)),
        Exemption::Known => "a parent has the path and the rule refuses only new ones".to_owned(),
        Exemption::Named(mention) => named_by(mention),
        Exemption::NoSign => NO_SIGN.to_owned(),
        Exemption::NotRead => "its text was not read".to_owned(),
        Exemption::NotSearched => NOT_SEARCHED.to_owned(),
    }
}

#[derive(Serialize)]
struct Document<'e> {
    version: u32,
    verdict: JsonVerdict,
    paths: Vec<Record<'e>>,
}

#[derive(Serialize)]
struct Record<'e> {
    path: JsonPath<'e>,
    verdict: JsonVerdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<JsonVerdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fine: Option<Fine<'e>>,
}

/// What would make a refused path allowed.
#[derive(Serialize)]
struct Fine<'e> {
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    elsewhere: Option<JsonPath<'e>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<JsonPath<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    named_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<&'e str>,
}

impl<'e> Record<'e> {
    fn new(explanation: &'e Explanation) -> Self {
        let Explanation { path, verdict, allows_change, evidence, alternatives } = explanation;
        let matched = match verdict {
            Verdict::Refused { rule, pattern, .. }
            | Verdict::AllowedByEntry { rule, pattern, .. }
            | Verdict::Exempt { rule, pattern, .. } => Some((*rule, *pattern)),
            Verdict::Unmatched => None,
        };
        let refusing = matched.map(|(rule, _)| rule).filter(|_| is_refused(explanation));
        Self {
            path: JsonPath::new(path),
            verdict: JsonVerdict::of(refusing.is_some()),
            rule: matched.map(|(rule, _)| rule.id.as_str()),
            pattern: matched.map(|(_, pattern)| pattern.as_str()),
            reason: refusing.map(|rule| rule.reason.as_str()),
            page: matched.map(|(rule, _)| rule_page(rule)),
            home: refusing.map(|rule| rule.home.directory(path.as_bstr())),
            evidence: found(evidence.as_ref(), verdict),
            modified: allows_change.then(|| JsonVerdict::of(false)),
            fine: alternatives.as_ref().map(|alternatives| Fine {
                elsewhere: alternatives.elsewhere.as_ref().map(|path| JsonPath::new(path)),
                beside: alternatives.siblings.iter().map(|path| JsonPath::new(path)).collect(),
                named_by: alternatives.named_by.map(NamedBy::name),
                allow: alternatives.allow.as_deref(),
            }),
        }
    }
}
