//! The report for programs: one JSON document on one line.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bstr::ByteSlice;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::escape::is_invisible;
use super::message::{evidence, notes};
use super::session::Stowed;
use crate::Change;
use crate::check::Report;
use crate::policy::Finding;
use crate::session::IndexAction;

/// The version of the documents. A new field does not change it.
pub(super) const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'r> {
    version: u32,
    verdict: Verdict,
    #[serde(rename = "checked")]
    examined: usize,
    findings: Vec<Record<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Record<'r> {
    path: JsonPath<'r>,
    change: Change,
    rule: &'r str,
    reason: &'r str,
    home: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'r str>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<JsonPath<'r>>,
}

#[derive(Serialize)]
struct Stow<'f> {
    version: u32,
    dry_run: bool,
    stowed: Vec<Stowing<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<&'f str>,
    left: Vec<JsonPath<'f>>,
}

#[derive(Serialize)]
struct Stowing<'f> {
    path: JsonPath<'f>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<JsonPath<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    staged_to: Option<JsonPath<'f>>,
    index: IndexAction,
}

/// The verdict on a path, or on all paths of a document.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Refused,
    Allowed,
}

/// A path: its text if it is UTF-8, otherwise its bytes in base64, as in ripgrep's JSON.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum JsonPath<'p> {
    Text(&'p str),
    Bytes(String),
}

/// Writes the report of a check.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(super) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let document = Document {
        version: VERSION,
        verdict: Verdict::of(!report.findings.is_empty()),
        examined: report.examined,
        findings: report.findings.iter().map(Record::new).collect(),
        notes: notes(&report.unread),
    };
    write_document(out, &document)
}

/// Writes what `stow` did with each path.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(crate) fn stowed(out: &mut impl Write, stowed: &Stowed) -> io::Result<()> {
    let stowing = stowed.plan.steps.iter().map(|step| Stowing {
        path: JsonPath::new(&step.path),
        rule: step.rule.as_deref(),
        to: step.destination.as_ref().map(|to| JsonPath::new(to)),
        staged_to: step.staged_copy.as_ref().map(|copy| JsonPath::new(&copy.path)),
        index: step.index_action,
    });
    write_document(
        out,
        &Stow {
            version: VERSION,
            dry_run: stowed.is_dry_run,
            stowed: stowing.collect(),
            ignored: stowed.plan.ignore_pattern,
            left: stowed
                .skipped
                .iter()
                .chain(&stowed.plan.combined)
                .chain(stowed.plan.immovable.iter().map(|(path, _)| path))
                .map(|path| JsonPath::new(path))
                .collect(),
        },
    )
}

/// Writes a document and a line end.
pub(super) fn write_document(out: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    document.serialize(&mut Serializer::with_formatter(&mut *out, EscapeInvisible))?;
    writeln!(out)
}

/// Escapes the invisible characters that JSON allows in a string, such as DEL.
///
/// A terminal would act on them, and `anstream` removes some of them when it strips colours.
struct EscapeInvisible;

impl Formatter for EscapeInvisible {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some((index, invisible)) = rest.char_indices().find(|(_, c)| is_invisible(*c)) {
            writer.write_all(&rest.as_bytes()[..index])?;
            for unit in invisible.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[index + invisible.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

impl<'r> Record<'r> {
    fn new(finding: &'r Finding) -> Self {
        let Finding { entry, rule, introduced_by, .. } = finding;
        let introduced_by = introduced_by.as_ref();
        Self {
            path: JsonPath::new(&entry.path),
            change: entry.change,
            rule: &rule.id,
            reason: &rule.reason,
            home: rule.home.directory(entry.path.as_bstr()),
            evidence: evidence(finding),
            commit: introduced_by.map(|introduced| introduced.commit.as_str()),
            reference: introduced_by
                .and_then(|introduced| introduced.reference.as_ref())
                .map(|name| JsonPath::new(name)),
        }
    }
}

impl Verdict {
    pub(super) fn of(is_refused: bool) -> Self {
        if is_refused { Self::Refused } else { Self::Allowed }
    }
}

impl<'p> JsonPath<'p> {
    pub(super) fn new(path: &'p [u8]) -> Self {
        match path.to_str() {
            Ok(text) => Self::Text(text),
            Err(_) => Self::Bytes(STANDARD.encode(path)),
        }
    }
}
