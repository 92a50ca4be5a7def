//! For services that show findings of many tools: SARIF 2.1.0, one document on one
//! line. What GitHub wants of it beyond the standard is in it too.

use std::collections::BTreeMap;
use std::io::{self, Write};

use bstr::{BStr, ByteSlice};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::escape::visible;
use super::json;
use super::sentence::{catches, sentence, way_out};
use crate::policy::{Finding, Policy, Rule};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize)]
struct Log<'f> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'f>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'f> {
    tool: Value,
    invocations: Value,
    column_kind: &'static str,
    results: Results<'f>,
}

/// The findings, each made into a result when it is written: a directory that was forgotten
/// can hold any number.
struct Results<'f> {
    findings: &'f [Finding<'f>],
    policy: &'f Policy,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut earlier = BTreeMap::new();
        serializer.collect_seq(self.findings.iter().map(|finding| {
            let times: &mut usize = earlier.entry((&finding.rule.id, &finding.entry.path)).or_default();
            *times += 1;
            let index = self.policy.rules().iter().position(|rule| rule.id == finding.rule.id);
            result(finding, index, *times)
        }))
    }
}

/// Writes `findings`, and the rules of the `policy` that they are judged by.
///
/// # Errors
///
/// What `out` answers.
pub fn findings(out: &mut impl Write, findings: &[Finding], policy: &Policy) -> io::Result<()> {
    let rules: Vec<Value> = policy.rules().iter().map(rule).collect();
    let driver = json!({
        "name": "stage-guard", "version": VERSION, "semanticVersion": VERSION, "rules": rules,
    });
    let run = Run {
        tool: json!({ "driver": driver }),
        invocations: json!([{ "executionSuccessful": true }]),
        column_kind: "unicodeCodePoints",
        results: Results { findings, policy },
    };
    json::document(out, &Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

/// A rule, as a service explains it to whoever asks.
fn rule(rule: &Rule) -> Value {
    let reason = visible(&rule.reason);
    let catches = catches(rule);
    let help = literal(&format!("Refused: {reason}. Caught: {catches}. {}", way_out(rule)));
    json!({
        "id": rule.id,
        "shortDescription": { "text": literal(&reason) },
        "fullDescription": { "text": literal(&format!("{reason}: {catches}")) },
        "help": { "text": help, "markdown": help },
        "defaultConfiguration": { "level": "error" },
        "properties": { "tags": ["session-work"] },
    })
}

/// A finding of the rule at `index`; the same path has been found by it so many `times`.
fn result(finding: &Finding, index: Option<usize>, times: usize) -> Value {
    let Finding { entry, rule, introduced, .. } = finding;
    let path = entry.path.as_bstr();
    let mut properties = json!({ "change": entry.change, "home": rule.home.directory(path) });
    if let Some(introduced) = introduced {
        properties["commit"] = json!(introduced.commit);
        if let Some(reference) = &introduced.reference {
            properties["ref"] = json!(visible(reference));
        }
    }
    let fingerprint = format!("{}:{times}", fingerprint(&rule.id, path));
    json!({
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": "error",
        "message": { "text": literal(&sentence(finding)) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(path), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": 1 },
        } }],
        // GitHub reads the first alone. The other one's name says how it is made.
        "partialFingerprints": { "primaryLocationLineHash": fingerprint, "stageGuard/v1": fingerprint },
        "properties": properties,
    })
}

/// What does not change from one run to the next, nor when commits are made anew.
fn fingerprint(rule: &str, path: &BStr) -> String {
    let digest = Sha256::new().chain_update(rule).chain_update(b"\0").chain_update(path).finalize();
    let half = digest.first_chunk().copied().map(u128::from_be_bytes).unwrap_or_default();
    format!("{half:032x}")
}

/// A path as a relative reference: every byte that could mean something is escaped.
fn uri(path: &BStr) -> String {
    let escaped = |byte: u8| match byte {
        _ if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(escaped).collect()
}

/// Text without placeholders and links, which a message could have.
fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", r"\](")
}
