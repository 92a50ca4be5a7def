//! The reports of a check: all formats agree, and each has what its readers require.
//!
//! How each format renders a report is tested in process, in `src/report/tests.rs`.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes snapshots with them")]

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bstr::{BString, ByteVec};
use serde_json::{Value, json};
use snapbox::{Assert, IntoData, str};
use stage_guard::report::escape::{escape, escape_path};

use super::sandbox::reports::{NAMES, stage_all, states};
use super::sandbox::{BINARY, Repo, Run};

/// A path, its rule, and the commit that introduces it.
type Found = (BString, String, Option<String>);

fn parse_json(run: &Run) -> Value {
    let document = serde_json::from_str(&run.out);
    assert!(document.is_ok() && run.out.lines().count() == 1, "{run:?}");
    document.unwrap()
}

fn text(value: &Value) -> String {
    assert!(value.is_string(), "{value}");
    value.as_str().unwrap().to_owned()
}

fn parse_path(path: &Value) -> BString {
    let decoded = || STANDARD.decode(text(&path["bytes"])).unwrap();
    path["text"].as_str().map_or_else(|| decoded().into(), BString::from)
}

fn findings_in_json(run: &Run) -> Vec<Found> {
    let report = parse_json(run);
    let found = |finding: &Value| {
        let commit = finding["commit"].as_str().map(str::to_owned);
        (parse_path(&finding["path"]), text(&finding["rule"]), commit)
    };
    report["findings"].as_array().unwrap().iter().map(found).collect()
}

/// Returns the escaped paths and the rules of a human report.
fn findings_in_lines(run: &Run) -> Vec<(String, String)> {
    let found = |line: &str| {
        let (path, rest) = line.strip_prefix("refused: ")?.rsplit_once(" [")?;
        Some((path.to_owned(), rest.split_once(']')?.0.to_owned()))
    };
    run.out.lines().filter_map(found).collect()
}

/// A workflow command, parsed as GitHub's runner does it.
struct Annotation {
    file: String,
    title: String,
    message: String,
}

fn annotations(out: &str) -> Vec<Annotation> {
    let unescape = |text: &str, table: &[(&str, &str)]| {
        table.iter().fold(text.to_owned(), |text, (escape, c)| text.replace(escape, c))
    };
    let message_escapes = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
    let property_escapes = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
    let annotation = |line: &str| {
        let (command, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (name, properties) = command.split_once(' ').unwrap();
        assert_eq!(name, "error");
        let properties: Vec<_> = properties
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, unescape(value, &property_escapes)))
            .collect();
        let names: Vec<_> = properties.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["file", "title"], "{line}");
        let [file, title] = [0, 1].map(|index| properties[index].1.clone());
        Annotation { file, title, message: unescape(message, &message_escapes) }
    };
    out.split_terminator('\n').map(annotation).collect()
}

/// Decodes a relative URI reference.
fn decode_uri(uri: &str) -> BString {
    let mut parts = uri.split('%');
    let mut path = BString::from(parts.next().unwrap());
    for part in parts {
        path.push_byte(u8::from_str_radix(&part[..2], 16).unwrap());
        path.push_str(&part[2..]);
    }
    path
}

fn sarif_results(document: &Value) -> &[Value] {
    document["runs"][0]["results"].as_array().unwrap()
}

fn findings_in_sarif(run: &Run) -> Vec<Found> {
    let document = parse_json(run);
    let found = |result: &Value| {
        let location = &result["locations"][0]["physicalLocation"]["artifactLocation"];
        let commit = result["properties"]["commit"].as_str().map(str::to_owned);
        (decode_uri(&text(&location["uri"])), text(&result["ruleId"]), commit)
    };
    sarif_results(&document).iter().map(found).collect()
}

#[test]
fn all_formats_report_the_same_findings() {
    for state in states() {
        let arguments = state.arguments;
        let [human, json, github, sarif] =
            ["", "--format json", "--format github", "--format sarif"].map(|format| state.run(format));
        let code = i32::from(state.findings > 0 && arguments != "check --dry-run");
        for run in [&human, &json, &github, &sarif] {
            assert_eq!((run.code, run.err.as_str()), (code, ""), "{arguments}: {run:?}");
            assert!(!run.out.contains(['\x1b', '\u{fffd}']), "{arguments}: {run:?}");
        }
        let found = findings_in_json(&json);
        assert_eq!(found.len(), state.findings, "{arguments}");
        assert_eq!(findings_in_sarif(&sarif), found, "{arguments}");
        let escaped = |(path, rule, _): &Found| (escape(path), rule.clone());
        let escaped: Vec<_> = found.iter().map(escaped).collect();
        assert_eq!(findings_in_lines(&human), escaped, "{arguments}");
        let annotations = annotations(&github.out);
        assert_eq!(annotations.len(), found.len(), "{arguments}");
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
        assert_eq!(sarif_results(&parse_json(&sarif)).iter().map(plain).collect::<Vec<_>>(), messages);
        let count = state.run("-q").out;
        let expected = if found.is_empty() { String::new() } else { format!("{} refused\n", found.len()) };
        assert_eq!(count, expected);
    }
}

#[test]
fn sarif_has_what_github_requires() {
    for state in states() {
        let document = parse_json(&state.run("--format sarif"));
        let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        let ids: Vec<String> = rules.iter().map(|rule| text(&rule["id"])).collect();
        let in_force = state.repo.guard("rules").success();
        let in_force = in_force.lines().filter_map(|line| line.strip_prefix("id = \"")?.strip_suffix('"'));
        assert_eq!(ids, in_force.collect::<Vec<_>>());
        for rule in rules {
            for pointer in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"]
            {
                let description = text(rule.pointer(pointer).unwrap());
                assert!(!description.is_empty() && description.len() < 1024, "{description}");
            }
        }
        let mut fingerprints = BTreeSet::new();
        for result in sarif_results(&document) {
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
fn sarif_fingerprints_survive_a_rebase() {
    let prints = |repo: &Repo, arguments: &str| -> BTreeMap<Found, String> {
        let run = repo.guard(&format!("{arguments} --format sarif"));
        let document = parse_json(&run);
        let prints = sarif_results(&document)
            .iter()
            .map(|result| text(&result["partialFingerprints"]["stageGuard/v1"]));
        findings_in_sarif(&run).into_iter().zip(prints).collect()
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
    let values = |prints: BTreeMap<Found, String>| prints.into_values().collect::<BTreeSet<_>>();
    assert_eq!(values(rebased), values(earlier.clone()));
    // A path that is found once has the number 1, in every kind of check.
    let tracked = values(prints(&repo, "check --all-files"));
    assert!(tracked.iter().all(|print| print.ends_with(":1")) && tracked.is_subset(&values(earlier)));
}

#[test]
fn sarif_has_the_rules_of_the_configuration() {
    let repo = Repo::new();
    let rule = "[[rule]]\nid = \"dump\"\nnames = [\"{a,b}.dump\", \"`\"]\nreason = \"a [dump](x) \\u001b\"\n";
    repo.write(".stage-guard.toml", &format!("disable = [\"stray-test\"]\n{rule}"));
    repo.stage("a.dump").stage("test_x.py");
    let run = repo.guard("--format sarif");
    let document = parse_json(&run);
    let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["id"] != "stray-test"));
    let [result] = sarif_results(&document) else { panic!("{run:?}") };
    assert_eq!((result["ruleId"].as_str(), &result["ruleIndex"]), (Some("dump"), &json!(rules.len() - 1)));
    assert_eq!(
        rules.last().unwrap()["shortDescription"]["text"],
        r"a [dump\](x) \\u{{1b}}".replace(r"\\", r"\")
    );
}

#[test]
fn a_command_rejects_formats_that_it_does_not_support() {
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
fn formats_for_programs_have_no_colour_and_no_limit() {
    let repo = Repo::new();
    for number in 0..150 {
        repo.write(format!(".claude_sessions/{number}"), "x");
    }
    repo.git("add -f .claude_sessions").success();
    for format in ["github", "sarif"] {
        let report = repo.guard(&format!("--color always --format {format}")).out;
        assert!(!report.contains('\x1b') && report.contains(".claude_sessions/149"), "{report}");
        let on_terminal = repo.terminal(&format!("{BINARY} --format {format}"), "").out;
        assert_eq!(on_terminal.replace("\r\n", "\n"), report);
    }
    let on_terminal = Repo::new().terminal(&format!("{BINARY} --format github"), "").success();
    assert_eq!(on_terminal, "");
}

/// Returns the `checked` field of the report of a check.
fn checked(repo: &Repo, arguments: &str) -> Option<u64> {
    parse_json(&repo.guard(&format!("{arguments} --format json")))["checked"].as_u64()
}

#[test]
fn checked_is_the_number_of_index_entries_for_every_reader() {
    for format in [[].as_slice(), &["--object-format=sha256"]] {
        let repo = Repo::of_format(format);
        let assert_checked = |expected| {
            for arguments in ["check", "check --all-files"] {
                assert_eq!(checked(&repo, arguments), Some(expected), "{format:?} {arguments}");
            }
        };
        assert_checked(1);
        repo.stage("main.py").stage("debug_x.py");
        assert_checked(3);
        repo.git("update-index --split-index").success();
        assert_checked(3);
        repo.git("rm -q --cached debug_x.py").success();
        assert_checked(2);
    }
}

#[test]
fn checked_counts_an_unmerged_path_once() {
    let repo = Repo::new();
    let blob = repo.git("rev-parse HEAD:README.md").success();
    let entry = |stage: u8| format!("100644 {} {stage}\tdebug_x.py\n", blob.trim());
    let entries = [entry(1), entry(2), entry(3)].concat();
    repo.git_with_input(&["update-index", "--index-info"], entries.as_bytes()).success();
    assert_eq!(checked(&repo, "check --all-files"), Some(2));
    repo.git("update-index --split-index").success();
    assert_eq!(checked(&repo, "check --all-files"), Some(2));
}

#[test]
fn checked_is_the_number_of_commits_or_of_untracked_paths() {
    let repo = Repo::new();
    repo.git("tag before").success();
    repo.commit_unchecked(&["a.py"]).commit_unchecked(&["debug_b.py", "c.py"]);
    assert_eq!(checked(&repo, "check --range before.."), Some(2));
    assert_eq!(checked(&repo, "check --commit HEAD"), Some(1));
    repo.write("d.py", "x").write("debug_e.py", "x");
    assert_eq!(checked(&repo, "check --untracked"), Some(2));
}

#[test]
fn allow_escapes_line_ends_in_toml_and_in_its_report() {
    let repo = Repo::new();
    let run = repo.guard_args(&["explain", "backend/test_a\nrefused: b\u{202e}.py"]);
    let command = run.out.lines().find_map(|line| line.strip_prefix("  allow: ")).unwrap();
    assert!(
        command.ends_with(r#""$(printf ':/backend/test_a\012refused:\040b\342\200\256.py')""#),
        "{run:?}"
    );
    assert!(!run.out.contains("\nrefused:"), "{run:?}");
    let allowed = repo.shell(command).success();
    assert!(allowed.contains(r" allows backend/test_a\nrefused: b\u{202e}.py"), "{allowed}");
    let entry = r#""backend/test_a\nrefused: b\U0000202e.py""#;
    assert_eq!(repo.read(".stage-guard.toml"), format!("allow = [\n    {entry},\n]\n"));
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

/// The session work and the code that the snapshots below are about.
const SESSION: &str = ".claude_sessions/current/x.py";
const STRAY_TEST: &str = "backend/test_api.py";

/// Asserts that `actual` equals the snapshot, byte for byte.
#[track_caller]
fn assert_snapshot(actual: impl IntoData, expected: impl IntoData) {
    Assert::new().action_env("SNAPSHOTS").normalize_paths(false).eq(actual, expected);
}

/// Asserts that the run failed, and that the lines of the guard equal the snapshot.
///
/// `SNAPSHOTS=overwrite cargo test --test guard reports` renews the snapshots.
#[track_caller]
fn assert_report(run: &Run, expected: impl IntoData) {
    assert_ne!(run.code, 0, "{run:?}");
    let is_report = |line: &&str| {
        ["refused: ", "stow: ", "then: ", "fix: ", "restore: ", "allow: ", "note: "]
            .iter()
            .any(|key| line.starts_with(key))
    };
    let lines = run.out.lines().chain(run.err.lines());
    // A server sends its report with a prefix.
    let lines = lines.map(|line| line.strip_prefix("remote: ").unwrap_or(line).trim_end());
    let report: Vec<&str> = lines.filter(is_report).collect();
    assert_snapshot(mask_ids(&report.join("\n")).replace(BINARY, "stage-guard") + "\n", expected);
}

/// Replaces the ids of commits, which differ in each run, by `ID`.
fn mask_ids(text: &str) -> String {
    let is_no_digit = |c: char| !c.is_ascii_hexdigit();
    let mask = |part: &str| match part.trim_end_matches(is_no_digit) {
        id if id.len() >= 12 => part.replace(id, "ID"),
        _ => part.to_owned(),
    };
    text.split_inclusive(is_no_digit).map(mask).collect()
}

#[test]
fn report_of_the_index() {
    let repo = Repo::new();
    repo.stage(SESSION).stage(STRAY_TEST).stage("main.py");
    assert_report(
        &repo.check(),
        str![[r#"
refused: .claude_sessions/current/x.py [session-directory] in the session directory, which is never committed
refused: backend/test_api.py [stray-test] a test outside the test directory, belongs in .claude_sessions/tests/
stow: stage-guard stow
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn report_of_all_files() {
    let repo = Repo::new();
    repo.commit_unchecked(&[SESSION, STRAY_TEST]);
    assert_report(
        &repo.guard("check --all-files"),
        str![[r#"
refused: .claude_sessions/current/x.py [session-directory] in the session directory, which is never committed
refused: backend/test_api.py [stray-test] a test outside the test directory, belongs in .claude_sessions/tests/
stow: stage-guard stow -- :/.claude_sessions/current/x.py :/backend/test_api.py
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn report_of_untracked_files() {
    let repo = Repo::new();
    repo.write(STRAY_TEST, "x").write("backend/debug_it's.py", "x");
    assert_report(
        &repo.guard("check --untracked"),
        str![[r#"
refused: backend/debug_it's.py [debug-script] a debug script, belongs in .claude_sessions/debugging/
refused: backend/test_api.py [stray-test] a test outside the test directory, belongs in .claude_sessions/tests/
stow: stage-guard stow -- ':/backend/debug_it'\''s.py' :/backend/test_api.py
allow: stage-guard allow -- ':/backend/debug_it'\''s.py' :/backend/test_api.py

"#]],
    );
}

#[test]
fn report_of_a_range() {
    let repo = Repo::new();
    repo.git("tag before").success();
    repo.commit_unchecked(&[SESSION]).commit_unchecked(&[STRAY_TEST]);
    assert_report(
        &repo.guard("check --range before.."),
        str![[r#"
refused: .claude_sessions/current/x.py [session-directory] in ID: in the session directory, which is never committed
refused: backend/test_api.py [stray-test] in ID: a test outside the test directory, belongs in .claude_sessions/tests/
fix: `git rebase -i -r ID` with `edit` for ID, ID; at each stop `stage-guard stow PATH`, `git commit --amend --no-edit --allow-empty`, `git rebase --continue`
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn report_of_a_root_commit() {
    let repo = Repo::unborn();
    repo.commit_unchecked(&[SESSION]);
    assert_report(
        &repo.guard("check --commit HEAD"),
        str![[r#"
refused: .claude_sessions/current/x.py [session-directory] in ID: in the session directory, which is never committed
fix: `git rebase -i -r --root` with `edit` for ID; at each stop `stage-guard stow PATH`, `git commit --amend --no-edit --allow-empty`, `git rebase --continue`

"#]],
    );
}

#[test]
fn report_by_the_hook() {
    let repo = Repo::new();
    repo.stage(SESSION).stage(STRAY_TEST).stage("main.py");
    assert_report(
        &repo.commit(),
        str![[r#"
refused: .claude_sessions/current/x.py [session-directory] in the session directory, which is never committed
refused: backend/test_api.py [stray-test] a test outside the test directory, belongs in .claude_sessions/tests/
stow: stage-guard stow
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn report_under_commit_all() {
    let repo = Repo::new();
    repo.commit_unchecked(&["debug_old.py"]).write("debug_old.py", "changed");
    assert_report(
        &repo.git("commit -q -a -m message"),
        str![[r#"
refused: debug_old.py [debug-script] a debug script, belongs in .claude_sessions/debugging/
stow: stage-guard stow --changes -- :/debug_old.py
allow: stage-guard allow -- :/debug_old.py

"#]],
    );
}

#[test]
fn report_in_a_merge() {
    let repo = Repo::new();
    repo.git("checkout -q -b side").success();
    repo.stage("side.py").commit().silent();
    repo.git("checkout -q main").success();
    repo.stage("main.py").commit().silent();
    repo.git("merge -q --no-commit side").success();
    repo.stage(SESSION);
    assert_report(
        &repo.commit(),
        str![[r#"
refused: .claude_sessions/current/x.py [session-directory] in the session directory, which is never committed
stow: stage-guard stow
then: git commit, or git merge --abort

"#]],
    );
}

/// Creates a repository with the branches `main` and `topic`.
///
/// The only commit of `topic` has session work.
fn with_topic() -> Repo {
    let repo = Repo::new();
    repo.git("checkout -q -b topic").success();
    repo.commit_unchecked(&[STRAY_TEST, "topic.py"]);
    repo.git("checkout -q main").success();
    repo.stage("main.py").commit().silent();
    repo
}

#[test]
fn report_in_a_rebase() {
    let repo = with_topic();
    repo.guard("install --strict").success();
    assert_report(
        &repo.git("rebase -q main topic"),
        str![[r#"
refused: backend/test_api.py [stray-test] a test outside the test directory, belongs in .claude_sessions/tests/
stow: stage-guard stow
then: git commit --no-edit, if anything is left; git rebase --edit-todo, and drop the commit if it is listed again; git rebase --continue. Or git rebase --abort
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn report_in_a_cherry_pick() {
    let repo = with_topic();
    repo.guard("install --strict").success();
    assert_report(
        &repo.git("cherry-pick topic"),
        str![[r#"
refused: backend/test_api.py [stray-test] a test outside the test directory, belongs in .claude_sessions/tests/
stow: stage-guard stow
then: git cherry-pick --continue, or --skip if nothing is left of the commit, or --abort
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn report_of_a_reset() {
    let repo = with_topic();
    repo.guard("install --strict=refs").success();
    repo.git("branch -q -m topic dirty").success();
    let dirty = repo.git("rev-parse dirty").success();
    repo.git("branch -q -D dirty").success();
    assert_report(
        &repo.git(&format!("reset -q --hard {dirty}")),
        str![[r#"
refused: backend/test_api.py [stray-test] in ID, for refs/heads/main: a test outside the test directory, belongs in .claude_sessions/tests/
note: HEAD and all refs are unchanged
restore: git stash store -m stage-guard $(git stash create) && git read-tree -m -u ID HEAD
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn report_of_a_push() {
    let repo = with_topic();
    repo.git("init -q --bare ../server.git").success();
    repo.git("remote add origin ../server.git").success();
    repo.git("push -q origin main").success();
    repo.guard("install --strict").success();
    assert_report(
        &repo.git("push -q origin topic"),
        str![[r#"
refused: backend/test_api.py [stray-test] in ID, for refs/heads/topic: a test outside the test directory, belongs in .claude_sessions/tests/
fix: `git rebase -i -r ID topic` with `edit` for ID; at each stop `stage-guard stow PATH`, `git commit --amend --no-edit --allow-empty`, `git rebase --continue`; then push again
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn report_of_a_server() {
    let repo = with_topic();
    repo.bare_server();
    assert_report(
        &repo.git("push -q server.git topic"),
        str![[r#"
refused: backend/test_api.py [stray-test] in ID, for refs/heads/topic: a test outside the test directory, belongs in .claude_sessions/tests/
fix: `git rebase -i -r ID` with `edit` for ID; at each stop move the file out, `git add -A`, `git commit --amend --no-edit --allow-empty`, `git rebase --continue`; then push again
allow: add the path to `allow` in .stage-guard.toml

"#]],
    );
}

/// Text in which a command of GitHub's runner follows each kind of line end.
const HOSTILE: &str = "\n::error::x\r::error::x\u{85}::error::x\u{2028}::error::x\u{2029}::error::x\u{b}::error::x\u{c}::error::x\r\n::error::x";

/// Asserts that no data begins a line, whatever a program takes for a line end.
#[track_caller]
fn assert_no_hostile_line(run: &Run) {
    for text in [&run.out, &run.err] {
        let ends = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}'];
        let mut lines = text.split(ends).map(str::trim_start);
        assert!(lines.all(|line| !line.starts_with("::error::")), "{run:?}");
        assert!(!text.trim_end_matches('\n').contains(&ends[1..]), "{run:?}");
    }
}

#[test]
fn no_data_begins_a_line() {
    let repo = Repo::new();
    let path = format!("debug_{HOSTILE}.py");
    let directory = format!("x{HOSTILE}");
    repo.write(format!("{directory}/{path}"), "x").write(&path, "x");
    repo.git("add -A").success();
    let toml = |text: &str| {
        let escape = |c: char| {
            if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }
        };
        text.chars().map(escape).collect::<String>()
    };
    let rule =
        format!("[[rule]]\nid = \"{0}\"\nnames = [\"x*\", \"{0}\"]\nreason = \"{0}\"\n", toml(HOSTILE));
    repo.write("rule.toml", &rule);
    repo.write("key.toml", &format!("\"{}\" = 1\n", toml(HOSTILE)));
    repo.write("line.toml", "reason = \"\"\"\n::error::x\n  ::error::y = [\n\"\"\"\n[\n");
    repo.write("id.toml", &format!("disable = [\"{}\"]\n", toml(HOSTILE)));
    repo.write("raw.toml", "x\n::error::x = \r::error::x\n");
    repo.write("name.toml", &format!("[[rule]]\nid = \"x\"\nnames = [\"{}[\"]\n", toml(HOSTILE)));
    let configs = ["rule", "key", "line", "id", "raw", "name"].map(|name| format!("{name}.toml"));
    for format in ["human", "json", "github", "sarif"] {
        for command in ["check", "check --all-files", "check --untracked", "check --commit HEAD"] {
            let arguments: Vec<&str> = command.split(' ').chain(["--format", format]).collect();
            assert_no_hostile_line(&repo.guard_args(&arguments));
            for config in &configs {
                assert_no_hostile_line(&repo.guard_args(&[&arguments[..], &["--config", config]].concat()));
            }
        }
    }
    for arguments in [
        &["explain", &path][..],
        &["explain", "--format", "json", &path],
        &["explain", "--config", "rule.toml", "x", &path],
        &["explain", &format!("../{HOSTILE}")],
        &["explain", "--config", &path, "x"],
        &["rules", "--config", "rule.toml"],
        &["rules", "--config", HOSTILE],
        &["check", "--commit", HOSTILE],
        &["check", "--range", &format!("{HOSTILE}..HEAD")],
        &["check", "--range", HOSTILE],
        &["-C", HOSTILE],
        &["-C", &directory, "stow", "--dry-run"],
        &["stow", "--dry-run", "--format", "json"],
        &["stow", HOSTILE],
        &["init", "--instructions", HOSTILE],
        &["hook", HOSTILE],
        &["hook", "pre-push"],
        &["hook", "reference-transaction", HOSTILE],
        &["doctor"],
        &[HOSTILE],
        &[&format!("--{HOSTILE}")],
        &["completions", HOSTILE],
    ] {
        assert_no_hostile_line(&repo.guard_with_input(arguments, HOSTILE.as_bytes()));
    }
    let listed = format!("{path}\0{HOSTILE}\0");
    assert_no_hostile_line(&repo.guard_with_input(&["explain", "--stdin", "-z"], listed.as_bytes()));
    assert_no_hostile_line(&repo.guard("stow"));
    assert_no_hostile_line(&repo.guard("stow --undo"));
    assert_no_hostile_line(&repo.guard("archive"));
    assert_no_hostile_line(&repo.guard("clean --yes"));
    for (name, value) in [("GIT_DIR", HOSTILE), ("GIT_INDEX_FILE", HOSTILE), ("GIT_WORK_TREE", HOSTILE)] {
        assert_no_hostile_line(&repo.env(name, value).guard("check"));
    }
    repo.git_args(&["config", "core.hooksPath", HOSTILE]).success();
    for command in ["doctor", "install", "uninstall"] {
        assert_no_hostile_line(&repo.guard(command));
    }
}
