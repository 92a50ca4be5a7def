//! The formats of a report: all say the same, and each is what its readers demand.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bstr::{BString, ByteVec};
use serde_json::{Value, json};
use stage_guard::report::escape::{escape, escape_path};

use super::sandbox::reports::{NAMES, stage_all, states};
use super::sandbox::{BINARY, Repo, Run, bytes, cases};

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
        let shown = |(path, rule, _): &Found| (escape(path), rule.clone());
        let shown: Vec<_> = found.iter().map(shown).collect();
        assert_eq!(in_lines(&human), shown, "{what}");
        let annotations = annotations(&github.out);
        assert_eq!(annotations.len(), found.len(), "{what}");
        for (annotation, (path, rule, commit)) in annotations.iter().zip(&found) {
            assert_eq!(annotation.file, escape_path(path));
            assert_eq!(annotation.title, format!("stage-guard: {rule}"));
            let beginning = format!("{} [{rule}] ", escape(path));
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

/// Asserts what GitHub's runner reads about a file with this name: `FILE | MESSAGE`.
fn assert_annotated(name: impl AsRef<OsStr>, line: &str) {
    let repo = Repo::new();
    repo.stage(std::path::Path::new(".claude_sessions").join(name.as_ref()));
    let run = repo.guard("--format github");
    let (file, message) = line.split_once(" | ").unwrap();
    let expected = format!(
        "::error file=.claude_sessions/{file},title=stage-guard%3A session-directory::.claude_sessions/{message} \
         [session-directory] in the session directory, which is never committed; leave it out of the commit, or \
         add the path to `allow` in .stage-guard.toml\n"
    );
    assert_eq!((run.code, run.out), (1, expected));
}

cases! { assert_annotated:
    a_plain_name_in_an_annotation("x.py", "x.py | x.py");
    spaces_in_an_annotation(" a  b ", " a  b  |  a  b ");
    a_colon_and_a_comma("a:b,c", "a%3Ab%2Cc | a:b,c");
    a_command_in_a_name("::error::x", "%3A%3Aerror%3A%3Ax | ::error::x");
    a_command_on_a_line_of_its_own("a\n::stop-commands::x", r"a%0A%3A%3Astop-commands%3A%3Ax | a\n::stop-commands::x");
    another_property("a,line=1", "a%2Cline=1 | a,line=1");
    an_escape_of_the_runner("%0A%25%2C", "%250A%2525%252C | %250A%2525%252C");
    a_carriage_return_in_an_annotation("a\rb", r"a%0Db | a\rb");
    a_tab_in_an_annotation("a\tb", "a\tb | a\\tb");
    a_backslash_in_an_annotation(r"a\b", r"a\b | a\\b");
    a_colour_in_an_annotation("\x1b[31m", r"\u{1b}[31m | \u{1b}[31m");
    right_to_left_in_an_annotation("a\u{202e}b", r"a\u{202e}b | a\u{202e}b");
    umlauts_in_an_annotation("ä🦀", "ä🦀 | ä🦀");
    no_utf_8_in_an_annotation(bytes(b"a\xff:"), r"a\xff%3A | a\xff:");
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
        (&["rules"], &["json", "github", "sarif"], "unexpected argument '--format'"),
        (
            &["init", "archive", "clean", "install", "uninstall", "doctor"],
            &["github", "sarif"],
            "unexpected argument '--format'",
        ),
    ] {
        for (command, format) in commands.iter().flat_map(|command| formats.iter().map(move |f| (command, f)))
        {
            repo.guard(&format!("{command} --format {format}")).fails_with(words);
        }
    }
    repo.guard("--format sarif stow").fails_with("[possible values: human, json]");
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
        let seen = repo.terminal(&format!("{BINARY} --format {format}"), "").out;
        assert_eq!(seen.replace("\r\n", "\n"), said);
    }
    let clean = Repo::new();
    let seen = clean.terminal(&format!("{BINARY} --format github"), "").success();
    assert_eq!(seen, "");
}

#[test]
fn explain_escapes_line_ends_in_toml() {
    let run = Repo::new().guard_args(&["explain", "backend/test_a\nrefused: b\u{202e}.py"]);
    assert!(run.out.contains("allow = [\"backend/test_a\\nrefused: b\\U0000202e.py\"]"), "{run:?}");
    assert!(!run.out.contains("\nrefused:"), "{run:?}");
}

#[test]
fn rules_prints_hostile_text_as_toml_on_one_line() {
    let reason = "a\n::error::b \u{202e}\u{1b}\"'\\";
    let repo = Repo::new();
    let rule = format!("[[rule]]\nid = \"dump\"\nnames = [\"x\"]\nreason = {}\n", json!(reason));
    repo.write(".stage-guard.toml", &rule);
    let printed = repo.guard("rules").success();
    assert!(!printed.contains("\n::error::") && !printed.contains(['\u{202e}', '\u{1b}']), "{printed}");
    let table: toml::Table = toml::from_str(&printed).unwrap();
    let last = table["rule"].as_array().unwrap().last().unwrap();
    assert_eq!(last["reason"].as_str(), Some(reason));
}
