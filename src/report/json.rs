//! For programs: one document on one line.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bstr::{BStr, BString, ByteSlice};
use serde::Serialize;

use crate::Change;
use crate::policy::{Finding, Verdict};

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
}

#[derive(Serialize)]
struct Explanations<'f> {
    version: u32,
    verdict: Word,
    paths: Vec<Explanation<'f>>,
}

#[derive(Serialize)]
struct Explanation<'f> {
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
    let records = findings.iter().map(|Finding { entry, rule, .. }| Record {
        path: Path::new(entry.path.as_bstr()),
        change: entry.change,
        rule: &rule.id,
        reason: &rule.reason,
        home: rule.home.directory(entry.path.as_bstr()),
    });
    let verdict = Word::of(!findings.is_empty());
    document(out, &Report { version: VERSION, verdict, checked, findings: records.collect() })
}

/// Writes what the policy says of each path.
///
/// # Errors
///
/// What `out` answers.
pub fn explanations(out: &mut impl Write, judged: &[(BString, Verdict)]) -> io::Result<()> {
    let is_refused = |verdict: &Verdict| matches!(verdict, Verdict::Refused { .. });
    let verdict = Word::of(judged.iter().any(|(_, verdict)| is_refused(verdict)));
    let paths = judged.iter().map(|(path, verdict)| {
        let caught = match verdict {
            Verdict::Refused { rule, pattern }
            | Verdict::AllowedByEntry { rule, pattern, .. }
            | Verdict::Exempt { rule, pattern, .. } => Some((*rule, *pattern)),
            Verdict::Unmatched => None,
        };
        let refused = caught.filter(|_| is_refused(verdict));
        Explanation {
            path: Path::new(path.as_bstr()),
            verdict: Word::of(refused.is_some()),
            rule: caught.map(|(rule, _)| rule.id.as_str()),
            pattern: caught.map(|(_, pattern)| pattern.as_str()),
            reason: refused.map(|(rule, _)| rule.reason.as_str()),
            home: refused.map(|(rule, _)| rule.home.directory(path.as_bstr())),
        }
    });
    document(out, &Explanations { version: VERSION, verdict, paths: paths.collect() })
}

fn document(out: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, document)?;
    writeln!(out)
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
