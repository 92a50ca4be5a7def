//! For programs: one document on one line.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bstr::{BStr, ByteSlice};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::escape::is_invisible;
use super::session::Stowed;
use crate::Change;
use crate::policy::{Explanation, Finding, Verdict};
use crate::session::Entry;

/// The version of the documents below. A new field does not change it.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'f> {
    version: u32,
    verdict: Word,
    checked: usize,
    findings: Vec<Record<'f>>,
}

#[derive(Serialize)]
struct Record<'f> {
    path: Path<'f>,
    change: Change,
    rule: &'f str,
    reason: &'f str,
    home: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'f str>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<Path<'f>>,
}

#[derive(Serialize)]
struct Explanations<'f> {
    version: u32,
    verdict: Word,
    paths: Vec<Explained<'f>>,
}

#[derive(Serialize)]
struct Explained<'f> {
    path: Path<'f>,
    verdict: Word,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fine: Option<Fine<'f>>,
}

/// What would make a refused path fine.
#[derive(Serialize)]
struct Fine<'f> {
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    elsewhere: Option<Path<'f>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Path<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<&'f str>,
}

#[derive(Serialize)]
struct Stow<'f> {
    version: u32,
    dry_run: bool,
    stowed: Vec<Stowing<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<&'f str>,
    left: Vec<Path<'f>>,
}

#[derive(Serialize)]
struct Stowing<'f> {
    path: Path<'f>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Path<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    staged_to: Option<Path<'f>>,
    index: Entry,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Refused,
    Allowed,
}

/// A path as text, or, where it is not UTF-8, as its bytes in base64: ripgrep's
/// convention.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Path<'f> {
    Text(&'f str),
    Bytes(String),
}

/// Writes `findings`, the refused ones of `checked` entries.
///
/// # Errors
///
/// What `out` answers.
pub fn findings(out: &mut impl Write, findings: &[Finding], checked: usize) -> io::Result<()> {
    let records = findings.iter().map(|Finding { entry, rule, introduced, .. }| Record {
        path: Path::new(entry.path.as_bstr()),
        change: entry.change,
        rule: &rule.id,
        reason: &rule.reason,
        home: rule.home.directory(entry.path.as_bstr()),
        commit: introduced.as_ref().map(|introduced| introduced.commit.as_str()),
        reference: introduced
            .as_ref()
            .and_then(|introduced| introduced.reference.as_ref())
            .map(|name| Path::new(name.as_bstr())),
    });
    let verdict = Word::of(!findings.is_empty());
    document(out, &Report { version: VERSION, verdict, checked, findings: records.collect() })
}

/// Writes what the policy says of each path.
///
/// # Errors
///
/// What `out` answers.
pub fn explanations(out: &mut impl Write, explained: &[Explanation]) -> io::Result<()> {
    let is_refused = |verdict: &Verdict| matches!(verdict, Verdict::Refused { .. });
    let verdict = Word::of(explained.iter().any(|explained| is_refused(&explained.verdict)));
    let paths = explained.iter().map(|Explanation { path, verdict, alternatives }| {
        let caught = match verdict {
            Verdict::Refused { rule, pattern }
            | Verdict::AllowedByEntry { rule, pattern, .. }
            | Verdict::Exempt { rule, pattern, .. } => Some((*rule, *pattern)),
            Verdict::Unmatched => None,
        };
        let refused = caught.filter(|_| is_refused(verdict));
        Explained {
            path: Path::new(path.as_bstr()),
            verdict: Word::of(refused.is_some()),
            rule: caught.map(|(rule, _)| rule.id.as_str()),
            pattern: caught.map(|(_, pattern)| pattern.as_str()),
            reason: refused.map(|(rule, _)| rule.reason.as_str()),
            home: refused.map(|(rule, _)| rule.home.directory(path.as_bstr())),
            fine: alternatives.as_ref().map(|alternatives| Fine {
                elsewhere: alternatives.elsewhere.as_ref().map(|path| Path::new(path.as_bstr())),
                beside: alternatives.beside.iter().map(|path| Path::new(path.as_bstr())).collect(),
                allow: alternatives.allow.as_deref(),
            }),
        }
    });
    document(out, &Explanations { version: VERSION, verdict, paths: paths.collect() })
}

/// Writes what `stow` did with each path.
///
/// # Errors
///
/// What `out` answers.
pub fn stowed(out: &mut impl Write, stowed: &Stowed) -> io::Result<()> {
    let stowing = stowed.tasks.iter().map(|task| Stowing {
        path: Path::new(task.path.as_bstr()),
        rule: task.rule.as_deref(),
        to: task.moved_to.as_ref().map(|to| Path::new(to.as_bstr())),
        staged_to: task.written.as_ref().map(|copy| Path::new(copy.to.as_bstr())),
        index: task.entry,
    });
    document(
        out,
        &Stow {
            version: VERSION,
            dry_run: stowed.is_dry_run,
            stowed: stowing.collect(),
            ignored: stowed.ignored,
            left: stowed.left.iter().map(|left| Path::new(left.as_bstr())).collect(),
        },
    )
}

/// Writes a document on a line of its own.
pub(super) fn document(out: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    document.serialize(&mut Serializer::with_formatter(&mut *out, Visible))?;
    writeln!(out)
}

/// JSON leaves DEL, the C1 controls and what has no width as they are: a terminal would
/// act on them, and where colours are taken out of what is printed, they are lost.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some((at, odd)) = rest.char_indices().find(|(_, c)| is_invisible(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in odd.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + odd.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

impl Word {
    fn of(is_refused: bool) -> Self {
        if is_refused { Self::Refused } else { Self::Allowed }
    }
}

impl<'f> Path<'f> {
    fn new(path: &'f BStr) -> Self {
        match path.to_str() {
            Ok(text) => Self::Text(text),
            Err(_) => Self::Bytes(STANDARD.encode(path)),
        }
    }
}
