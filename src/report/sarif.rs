//! The report for services that collect findings: SARIF 2.1.0, one document on one line.
//!
//! It also has the fields that GitHub requires beyond the standard.

use std::collections::BTreeMap;
use std::io::{self, Write};

use bstr::{BStr, ByteSlice};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::escape::escape;
use super::json;
use super::message::{rule_advice, rule_scope, summary};
use super::page::rule_page;
use crate::check::Report;
use crate::policy::{Finding, Rule};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Value,
    invocations: Value,
    column_kind: &'static str,
    results: Results<'r>,
}

/// The results, serialised one by one, because there can be any number of them.
struct Results<'r>(&'r Report<'r>);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(Report { policy, findings, .. }) = self;
        let mut occurrences = BTreeMap::new();
        serializer.collect_seq(findings.iter().map(|finding| {
            let occurrence: &mut usize =
                occurrences.entry((&finding.rule.id, &finding.entry.path)).or_default();
            *occurrence += 1;
            let index = policy.rules().iter().position(|rule| rule.id == finding.rule.id);
            result(finding, index, *occurrence)
        }))
    }
}

/// Writes the findings and the rules of the policy.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(super) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let rules: Vec<Value> = report.policy.rules().iter().map(rule).collect();
    let driver = json!({
        "name": "stage-guard", "version": VERSION, "semanticVersion": VERSION, "rules": rules,
    });
    let run = Run {
        tool: json!({ "driver": driver }),
        invocations: json!([{ "executionSuccessful": true }]),
        column_kind: "unicodeCodePoints",
        results: Results(report),
    };
    json::write_document(out, &Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

/// Returns a `reportingDescriptor`: the rule with its help text.
fn rule(rule: &Rule) -> Value {
    let reason = escape(&rule.reason);
    let scope = rule_scope(rule);
    let (advice, page) = (rule_advice(rule), rule_page(rule));
    let help = literal(&format!("Refused: {reason}. Matches: {scope}. {advice} See stage-guard's {page}."));
    json!({
        "id": rule.id,
        "shortDescription": { "text": literal(&reason) },
        "fullDescription": { "text": literal(&format!("{reason}: {scope}")) },
        "help": { "text": help, "markdown": help },
        "defaultConfiguration": { "level": "error" },
        "properties": { "tags": ["session-work"] },
    })
}

/// Returns a `result`: a finding of the rule at `index`.
///
/// `occurrence` counts the findings of the same rule for the same path, from 1.
fn result(finding: &Finding, index: Option<usize>, occurrence: usize) -> Value {
    let Finding { entry, rule, introduced_by, .. } = finding;
    let path = entry.path.as_bstr();
    let mut properties = json!({ "change": entry.change, "home": rule.home.directory(path) });
    if let Some(introduced) = introduced_by {
        properties["commit"] = json!(introduced.commit);
        if let Some(reference) = &introduced.reference {
            properties["ref"] = json!(escape(reference));
        }
    }
    let fingerprint = format!("{}:{occurrence}", fingerprint(&rule.id, path));
    json!({
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": "error",
        "message": { "text": literal(&summary(finding)) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(path), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": finding.shown.map_or(1, |shown| shown.line) },
        } }],
        // GitHub only reads the first one. The other is versioned by its name.
        "partialFingerprints": { "primaryLocationLineHash": fingerprint, "stageGuard/v1": fingerprint },
        "properties": properties,
    })
}

/// Returns a hash that stays the same in later runs and when commits are rewritten.
fn fingerprint(rule: &str, path: &BStr) -> String {
    let digest = Sha256::new().chain_update(rule).chain_update(b"\0").chain_update(path).finalize();
    let half = digest.first_chunk().copied().map(u128::from_be_bytes).unwrap_or_default();
    format!("{half:032x}")
}

/// Returns a path as a relative URI reference.
///
/// All bytes except unreserved ones and slashes are escaped.
fn uri(path: &BStr) -> String {
    let escaped = |byte: u8| match byte {
        _ if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(escaped).collect()
}

/// Escapes text in which SARIF would find placeholders or links.
fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", r"\](")
}
