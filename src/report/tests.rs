//! Tests the renderers. `SNAPSHOTS=overwrite cargo test --lib` renews the snapshots.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes snapshots with them")]

use std::convert::Infallible;

use bstr::{BStr, BString};
use snapbox::{Assert, IntoData, str};

use super::{Format, explanation, render};
use crate::check::{CheckedOutFiles, PushedFrom, Remedy, Report, Residue};
use crate::git::{ObjectId, Operation, Remote};
use crate::invocation::Invocation;
use crate::policy::{Finding, Policy};
use crate::{Change, Entry, IntroducedBy};

const SESSION: &str = ".claude_sessions/current/x.py";
const SETTINGS: &str = ".claude/settings.local.json";
const STRAY_TEST: &str = "backend/test_api.py";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const MERGE: &str = "89abcdef0123456789abcdef0123456789abcdef";
const PARENT: &str = "fedcba9876543210fedcba9876543210fedcba98";

fn findings<'p>(policy: &'p Policy, change: Change, paths: &[&str]) -> Vec<Finding<'p>> {
    let entry = |path: &&str| Entry { path: BString::from(*path), change };
    let Ok(findings) =
        policy.findings(paths.iter().map(entry).collect(), &mut |_: &BStr| Ok::<_, Infallible>(false));
    assert_eq!(findings.len(), paths.len());
    findings
}

/// Returns the findings of a commit, and of a pushed merge after it.
fn findings_in_commits(policy: &Policy) -> Vec<Finding<'_>> {
    let mut findings = findings(policy, Change::Added, &[STRAY_TEST, SESSION]);
    findings[0].introduced_by = Some(IntroducedBy {
        commit: COMMIT.to_owned(),
        parent: Some(PARENT.to_owned()),
        is_merge: false,
        reference: None,
    });
    findings[1].introduced_by = Some(IntroducedBy {
        commit: MERGE.to_owned(),
        parent: Some(COMMIT.to_owned()),
        is_merge: true,
        reference: Some("refs/heads/main".into()),
    });
    findings
}

/// Returns the report in a format, without colours.
fn rendered(format: Format, report: &Report) -> String {
    let mut out = Vec::new();
    render(format, report, &mut out).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

/// Asserts that `actual` equals the snapshot, byte for byte.
#[track_caller]
fn assert_snapshot(actual: impl IntoData, expected: impl IntoData) {
    Assert::new().action_env("SNAPSHOTS").normalize_paths(false).eq(actual, expected);
}

#[track_caller]
fn assert_remedy(remedy: Remedy, expected: impl IntoData) {
    let policy = Policy::built_in();
    let findings = match remedy {
        Remedy::RewriteCommits | Remedy::RewriteAndPush(_) | Remedy::RewriteBeforePush => {
            findings_in_commits(&policy)
        }
        _ => findings(&policy, Change::Modified, &[SESSION]),
    };
    let report = rendered(Format::Human, &Report::new(&policy, findings, 3, remedy));
    let remedy: Vec<&str> = report.lines().filter(|line| !line.starts_with("refused: ")).collect();
    assert_snapshot(remedy.join("\n") + "\n", expected);
}

fn commit() -> ObjectId {
    ObjectId::from_hex(COMMIT.as_bytes()).unwrap()
}

#[test]
fn human_lists_findings() {
    let policy = Policy::built_in();
    let findings = findings(&policy, Change::Added, &[SESSION, STRAY_TEST]);
    let report = Report::new(&policy, findings, 3, Remedy::Stow(None));
    assert_snapshot(
        rendered(Format::Human, &report),
        str![[r#"
refused: .claude_sessions/current/x.py [session-directory] in the session directory, which is never committed
refused: backend/test_api.py [stray-test] a test outside the test directory, belongs in .claude_sessions/tests/
stow: stage-guard stow
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn what_stays_where_it_is_belongs_in_no_directory() {
    const WORDS: &str = ".claude/settings.local.json [agent-state] a coding agent's private state, stays where it is: git has to ignore it";
    let policy = Policy::built_in();
    let report =
        |change, remedy| Report::new(&policy, findings(&policy, change, &[SETTINGS, STRAY_TEST]), 2, remedy);
    let added = report(Change::Added, Remedy::Stow(None));
    let human = rendered(Format::Human, &added);
    assert!(human.starts_with(&format!("refused: {WORDS}\n")), "{human}");
    assert!(human.contains("\nstow: stage-guard stow\n"), "{human}");
    for format in [Format::Github, Format::Sarif] {
        let message = format!("{WORDS}; leave it out of the commit, or if it is production code: ");
        let output = rendered(format, &added);
        assert!(output.contains(&message), "{output}");
    }
    assert!(rendered(Format::Json, &added).contains(r#""home":".claude_sessions/current/""#));
    let help = "`stage-guard stow` unstages it and leaves it where it is: git has to ignore it. If it is not";
    assert!(rendered(Format::Sarif, &added).contains(help));
    let named = Remedy::StowPaths { are_changes: false };
    for (change, paths) in [
        (Change::Untracked, ":/backend/test_api.py"),
        (Change::Tracked, ":/.claude/settings.local.json :/backend/test_api.py"),
    ] {
        let human = rendered(Format::Human, &report(change, named.clone()));
        assert!(human.contains(&format!("\nstow: stage-guard stow -- {paths}\n")), "{human}");
    }
    let alone = Report::new(&policy, findings(&policy, Change::Untracked, &[SETTINGS]), 1, named);
    assert!(!rendered(Format::Human, &alone).contains("stow:"));
}

#[test]
fn human_names_the_commits_of_findings() {
    let policy = Policy::built_in();
    let report = Report::new(&policy, findings_in_commits(&policy), 2, Remedy::RewriteCommits);
    assert_snapshot(
        rendered(Format::Human, &report),
        str![[r#"
refused: backend/test_api.py [stray-test] in 0123456789ab: a test outside the test directory, belongs in .claude_sessions/tests/
refused: .claude_sessions/current/x.py [session-directory] in 89abcdef0123, for refs/heads/main: in the session directory, which is never committed
fix: `git rebase -i -r fedcba987654` with `edit` for 0123456789ab and a line `break` below 89abcdef0123 (git diff ORIG_HEAD shows afterwards what the new merge lacks); at each stop `stage-guard stow PATH`, `git commit --amend --no-edit --allow-empty`, `git rebase --continue`
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn human_colours_keys_and_paths() {
    let policy = Policy::built_in();
    let report = Report::new(&policy, findings(&policy, Change::Added, &[SESSION]), 1, Remedy::Stow(None));
    let mut out = Vec::new();
    render(Format::Human, &report, &mut out).unwrap();
    assert_snapshot(
        String::from_utf8(out).unwrap().replace('\x1b', "ESC"),
        str![[r#"
ESC[1mESC[31mrefused:ESC[39mESC[0m ESC[1m.claude_sessions/current/x.pyESC[0m [session-directory] in the session directory, which is never committed
ESC[36mstow:ESC[39m stage-guard stow

"#]],
    );
}

#[test]
fn human_says_on_a_terminal_that_nothing_is_refused() {
    let policy = Policy::built_in();
    let mut report = Report::new(&policy, Vec::new(), 3, Remedy::Stow(None));
    assert_snapshot(rendered(Format::Human, &report), str![[""]]);
    report.is_terminal = true;
    assert_snapshot(
        rendered(Format::Human, &report),
        str![[r#"
nothing is refused

"#]],
    );
}

#[test]
fn human_lists_at_most_100_findings() {
    let policy = Policy::built_in();
    let findings = findings(&policy, Change::Added, &[SESSION; 101]);
    let report = rendered(Format::Human, &Report::new(&policy, findings, 101, Remedy::Stow(None)));
    assert_eq!(report.matches("refused: ").count(), 100);
    assert!(report.contains("\nand 1 more: --format json lists them all\n"), "{report}");
}

#[test]
fn human_quotes_the_program_for_a_shell() {
    let policy = Policy::built_in();
    let findings = findings(&policy, Change::Added, &[SESSION]);
    let mut report = Report::new(&policy, findings, 1, Remedy::Stow(None));
    report.invocation = Invocation::new("/a b/stage-guard".into());
    assert!(rendered(Format::Human, &report).contains("\nstow: '/a b/stage-guard' stow\n"));
}

#[test]
fn json_is_one_line() {
    let policy = Policy::built_in();
    let mut findings = findings_in_commits(&policy);
    findings[0].entry.path = b"debug_\xff.py".into();
    let report = Report::new(&policy, findings, 2, Remedy::RewriteCommits);
    assert_snapshot(
        rendered(Format::Json, &report),
        str![[r#"
{"version":1,"verdict":"refused","checked":2,"findings":[{"path":{"bytes":"ZGVidWdf/y5weQ=="},"change":"added","rule":"stray-test","reason":"a test outside the test directory","home":".claude_sessions/tests/","commit":"0123456789abcdef0123456789abcdef01234567"},{"path":{"text":".claude_sessions/current/x.py"},"change":"added","rule":"session-directory","reason":"in the session directory, which is never committed","home":".claude_sessions/","commit":"89abcdef0123456789abcdef0123456789abcdef","ref":{"text":"refs/heads/main"}}]}

"#]],
    );
}

#[test]
fn json_of_nothing_refused() {
    let policy = Policy::built_in();
    let report = Report::new(&policy, Vec::new(), 3, Remedy::Stow(None));
    assert_snapshot(
        rendered(Format::Json, &report),
        str![[r#"
{"version":1,"verdict":"allowed","checked":3,"findings":[]}

"#]],
    );
}

#[test]
fn github_writes_an_annotation_for_each_finding() {
    let policy = Policy::built_in();
    let report = Report::new(&policy, findings_in_commits(&policy), 2, Remedy::RewriteCommits);
    assert_snapshot(
        rendered(Format::Github, &report),
        str![[r#"
::error file=backend/test_api.py,title=stage-guard%3A stray-test::backend/test_api.py [stray-test] in 0123456789ab: a test outside the test directory, belongs in .claude_sessions/tests/; take it out of that commit, or if it is production code: stage-guard allow -- :/backend/test_api.py
::error file=.claude_sessions/current/x.py,title=stage-guard%3A session-directory::.claude_sessions/current/x.py [session-directory] in 89abcdef0123, for refs/heads/main: in the session directory, which is never committed; take it out of that commit

"#]],
    );
}

/// Asserts how GitHub's runner reads the annotation of a file with this name.
#[track_caller]
fn assert_annotation(name: impl AsRef<[u8]>, file: &str, message: &str) {
    let policy = Policy::built_in();
    let mut findings = findings(&policy, Change::Added, &[SESSION]);
    findings[0].entry.path = [b".claude_sessions/", name.as_ref()].concat().into();
    let report = rendered(Format::Github, &Report::new(&policy, findings, 1, Remedy::Stow(None)));
    let expected = format!(
        "::error file=.claude_sessions/{file},title=stage-guard%3A session-directory::.claude_sessions/{message} \
         [session-directory] in the session directory, which is never committed; leave it out of the commit\n"
    );
    assert_eq!(report, expected);
}

#[test]
fn annotation_keeps_spaces() {
    assert_annotation(" a  b ", " a  b ", " a  b ");
}

#[test]
fn annotation_escapes_what_ends_a_property() {
    assert_annotation("a:b,c", "a%3Ab%2Cc", "a:b,c");
    assert_annotation("a,line=1", "a%2Cline=1", "a,line=1");
}

#[test]
fn annotation_contains_no_other_command() {
    assert_annotation("::error::x", "%3A%3Aerror%3A%3Ax", "::error::x");
    assert_annotation("a\n::stop-commands::x", "a%0A%3A%3Astop-commands%3A%3Ax", r"a\n::stop-commands::x");
}

#[test]
fn annotation_escapes_the_escapes_of_the_runner() {
    assert_annotation("%0A%25%2C", "%250A%2525%252C", "%250A%2525%252C");
}

#[test]
fn annotation_keeps_blanks_and_backslashes_in_the_file() {
    assert_annotation("a\rb", "a%0Db", r"a\rb");
    assert_annotation("a\tb", "a\tb", r"a\tb");
    assert_annotation(r"a\b", r"a\b", r"a\\b");
}

#[test]
fn annotation_escapes_invisible_characters() {
    assert_annotation("\x1b[31m", r"\u{1b}[31m", r"\u{1b}[31m");
    assert_annotation("a\u{202e}b", r"a\u{202e}b", r"a\u{202e}b");
}

#[test]
fn annotation_keeps_unicode_and_escapes_other_bytes() {
    assert_annotation("ä🦀", "ä🦀", "ä🦀");
    assert_annotation(b"a\xff:", r"a\xff%3A", r"a\xff:");
}

#[test]
fn annotation_quotes_the_path_for_a_shell() {
    let policy = Policy::built_in();
    let mut findings = findings(&policy, Change::Added, &[STRAY_TEST]);
    for (path, command) in [
        (&b"test_a b.py"[..], "stage-guard allow -- ':/test_a b.py'\n"),
        (b"test_\n::%0A.py", "stage-guard allow -- \"$(printf ':/test_\\012::\\0450A.py')\"\n"),
        (b"test_\xff.py", "add a glob that matches the path to `allow` in .stage-guard.toml\n"),
    ] {
        findings[0].entry.path = path.into();
        let report = Report::new(&policy, vec![findings.remove(0)], 1, Remedy::Stow(None));
        let annotation = rendered(Format::Github, &report);
        assert!(
            annotation.ends_with(&format!("; move it there, or if it is production code: {command}")),
            "{annotation}"
        );
        findings.extend(report.findings);
    }
}

#[test]
fn allow_names_at_most_ten_paths_outside_the_session_directory() {
    let policy = Policy::built_in();
    let allow = |paths: &[String]| {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let report = Report::new(&policy, findings(&policy, Change::Added, &paths), 1, Remedy::Stow(None));
        let report = rendered(Format::Human, &report);
        report.lines().find_map(|line| line.strip_prefix("allow: ").map(str::to_owned))
    };
    let mut paths = vec![SESSION.to_owned()];
    assert_eq!(allow(&paths), None);
    paths.extend((0..10).map(|number| format!("debug_{number}.py")));
    let command = allow(&paths).unwrap();
    assert!(
        command.starts_with("stage-guard allow -- :/debug_0.py :/debug_1.py ")
            && !command.contains("session")
    );
    paths.push("debug_x.py".to_owned());
    assert_eq!(
        allow(&paths).as_deref(),
        Some("`stage-guard allow PATH` for each path that is production code")
    );
}

#[test]
fn sarif_contains_rules_and_results() {
    let policy = Policy::built_in();
    let report = Report::new(&policy, findings_in_commits(&policy), 2, Remedy::RewriteCommits);
    let document: serde_json::Value = serde_json::from_str(&rendered(Format::Sarif, &report)).unwrap();
    let run = &document["runs"][0];
    let rule = &run["tool"]["driver"]["rules"][0];
    assert_snapshot(
        format!("{rule:#}\n{:#}\n", run["results"][1]),
        str![[r#"
{
  "defaultConfiguration": {
    "level": "error"
  },
  "fullDescription": {
    "text": "in the session directory, which is never committed: names `*`, in the session directory, or with its name"
  },
  "help": {
    "markdown": "Refused: in the session directory, which is never committed. Matches: names `*`, in the session directory, or with its name. `stage-guard stow` unstages it. If it is not session work, `stage-guard allow PATH` allows it. `stage-guard explain PATH` says why a path is refused. See stage-guard's docs/rules.md#session-directory.",
    "text": "Refused: in the session directory, which is never committed. Matches: names `*`, in the session directory, or with its name. `stage-guard stow` unstages it. If it is not session work, `stage-guard allow PATH` allows it. `stage-guard explain PATH` says why a path is refused. See stage-guard's docs/rules.md#session-directory."
  },
  "id": "session-directory",
  "properties": {
    "tags": [
      "session-work"
    ]
  },
  "shortDescription": {
    "text": "in the session directory, which is never committed"
  }
}
{
  "level": "error",
  "locations": [
    {
      "physicalLocation": {
        "artifactLocation": {
          "uri": ".claude_sessions/current/x.py",
          "uriBaseId": "%SRCROOT%"
        },
        "region": {
          "startLine": 1
        }
      }
    }
  ],
  "message": {
    "text": ".claude_sessions/current/x.py [session-directory] in 89abcdef0123, for refs/heads/main: in the session directory, which is never committed; take it out of that commit"
  },
  "partialFingerprints": {
    "primaryLocationLineHash": "8ac9857fb234c9f2fe841aec0a1f6c9a:1",
    "stageGuard/v1": "8ac9857fb234c9f2fe841aec0a1f6c9a:1"
  },
  "properties": {
    "change": "added",
    "commit": "89abcdef0123456789abcdef0123456789abcdef",
    "home": ".claude_sessions/",
    "ref": "refs/heads/main"
  },
  "ruleId": "session-directory",
  "ruleIndex": 0
}

"#]],
    );
}

#[test]
fn count_is_one_line_or_none() {
    let policy = Policy::built_in();
    let mut report = Report::new(&policy, findings_in_commits(&policy), 2, Remedy::RewriteCommits);
    assert_snapshot(
        rendered(Format::Quiet, &report),
        str![[r#"
2 refused

"#]],
    );
    report.findings.clear();
    assert_snapshot(rendered(Format::Quiet, &report), str![[""]]);
}

#[test]
fn remedy_stow() {
    assert_remedy(
        Remedy::Stow(None),
        str![[r#"
stow: stage-guard stow

"#]],
    );
}

#[test]
fn remedy_stow_during_a_merge() {
    assert_remedy(
        Remedy::Stow(Some(Operation::Merge)),
        str![[r#"
stow: stage-guard stow
then: git commit, or git merge --abort

"#]],
    );
}

#[test]
fn remedy_stow_during_a_rebase_pick() {
    assert_remedy(
        Remedy::Stow(Some(Operation::RebasePick)),
        str![[r#"
stow: stage-guard stow
then: git commit --no-edit, if anything is left; git rebase --edit-todo, and drop the commit if it is listed again; git rebase --continue. Or git rebase --abort

"#]],
    );
}

#[test]
fn remedy_stow_during_a_rebase_fixup() {
    assert_remedy(
        Remedy::Stow(Some(Operation::RebaseFixup)),
        str![[r#"
stow: stage-guard stow
then: git commit --amend --no-edit; git rebase --edit-todo, and drop the commit if it is listed again; git rebase --continue. Or git rebase --abort

"#]],
    );
}

#[test]
fn remedy_stow_at_a_stopped_rebase() {
    assert_remedy(
        Remedy::Stow(Some(Operation::Rebase)),
        str![[r#"
stow: stage-guard stow
then: git rebase --continue, or git rebase --edit-todo, or git rebase --abort

"#]],
    );
}

#[test]
fn remedy_stow_during_a_rebase_that_applies_patches() {
    assert_remedy(
        Remedy::Stow(Some(Operation::RebaseApply)),
        str![[r#"
stow: stage-guard stow
then: git rebase --continue, or --skip if nothing is left of the commit, or --abort

"#]],
    );
}

#[test]
fn remedy_stow_during_am() {
    assert_remedy(
        Remedy::Stow(Some(Operation::Am)),
        str![[r#"
stow: stage-guard stow
then: git am --continue, or --skip if nothing is left of the patch, or --abort

"#]],
    );
}

#[test]
fn remedy_stow_during_a_cherry_pick() {
    assert_remedy(
        Remedy::Stow(Some(Operation::CherryPick)),
        str![[r#"
stow: stage-guard stow
then: git cherry-pick --continue, or --skip if nothing is left of the commit, or --abort

"#]],
    );
}

#[test]
fn remedy_stow_during_a_revert() {
    assert_remedy(
        Remedy::Stow(Some(Operation::RevertOne)),
        str![[r#"
stow: stage-guard stow
then: git commit --no-edit, or git commit with another message

"#]],
    );
}

#[test]
fn remedy_stow_during_a_revert_of_several_commits() {
    assert_remedy(
        Remedy::Stow(Some(Operation::Revert)),
        str![[r#"
stow: stage-guard stow
then: git commit --no-edit; git revert --continue. Or git revert --skip if nothing is left, or --abort

"#]],
    );
}

#[test]
fn remedy_stow_named_paths() {
    assert_remedy(
        Remedy::StowPaths { are_changes: false },
        str![[r#"
stow: stage-guard stow -- :/.claude_sessions/current/x.py

"#]],
    );
}

#[test]
fn remedy_stow_named_changes() {
    assert_remedy(
        Remedy::StowPaths { are_changes: true },
        str![[r#"
stow: stage-guard stow --changes -- :/.claude_sessions/current/x.py

"#]],
    );
}

#[test]
fn remedy_rewrite_commits() {
    assert_remedy(
        Remedy::RewriteCommits,
        str![[r#"
fix: `git rebase -i -r fedcba987654` with `edit` for 0123456789ab and a line `break` below 89abcdef0123 (git diff ORIG_HEAD shows afterwards what the new merge lacks); at each stop `stage-guard stow PATH`, `git commit --amend --no-edit --allow-empty`, `git rebase --continue`
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn remedy_rewrite_and_push() {
    assert_remedy(
        Remedy::RewriteAndPush(PushedFrom::Branch("it's".into())),
        str![[r#"
fix: `git rebase -i -r fedcba987654 'it'\''s'` with `edit` for 0123456789ab and a line `break` below 89abcdef0123 (git diff ORIG_HEAD shows afterwards what the new merge lacks); at each stop `stage-guard stow PATH`, `git commit --amend --no-edit --allow-empty`, `git rebase --continue`; then push again
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn remedy_rewrite_and_push_a_tag() {
    assert_remedy(
        Remedy::RewriteAndPush(PushedFrom::Detached(commit(), Some("refs/tags/v1".into()))),
        str![[r#"
fix: `git checkout --detach 0123456789abcdef0123456789abcdef01234567`, `git rebase -i -r fedcba987654` with `edit` for 0123456789ab and a line `break` below 89abcdef0123 (git diff ORIG_HEAD shows afterwards what the new merge lacks); at each stop `stage-guard stow PATH`, `git commit --amend --no-edit --allow-empty`, `git rebase --continue`; then `git tag -f v1`, and push again
allow: stage-guard allow -- :/backend/test_api.py

"#]],
    );
}

#[test]
fn remedy_fetch() {
    let remote =
        |name: &str, refspec: Option<&str>| Remedy::Fetch(Remote::new(name.into(), refspec.map(Into::into)));
    assert_remedy(
        remote("origin", None),
        str![[r#"
note: nothing here shows whether the remote has these commits: fetch its branches, then push again
then: git fetch origin

"#]],
    );
    assert_remedy(
        remote("it's", Some("+refs/heads/*:refs/remotes/it's/*")),
        str![[r#"
note: nothing here shows whether the remote has these commits: fetch its branches, then push again
then: git fetch --refmap= 'it'\''s' '+refs/heads/*:refs/remotes/it'\''s/*'

"#]],
    );
}

#[test]
fn remedy_rewrite_before_push() {
    assert_remedy(
        Remedy::RewriteBeforePush,
        str![[r#"
fix: `git rebase -i -r fedcba987654` with `edit` for 0123456789ab and a line `break` below 89abcdef0123 (git diff ORIG_HEAD shows afterwards what the new merge lacks); at each stop move the file out, `git add -A`, `git commit --amend --no-edit --allow-empty`, `git rebase --continue`; then push again
allow: add the path to `allow` in .stage-guard.toml

"#]],
    );
}

#[test]
fn remedy_ref_update_without_residue() {
    assert_remedy(
        Remedy::RefUpdateRejected(Residue::None(None)),
        str![[r#"
note: HEAD and all refs are unchanged

"#]],
    );
}

#[test]
fn remedy_ref_update_of_a_branch() {
    assert_remedy(
        Remedy::RefUpdateRejected(Residue::None(Some(commit()))),
        str![[r#"
note: HEAD and all refs are unchanged
then: git checkout --detach 0123456789abcdef0123456789abcdef01234567

"#]],
    );
}

#[test]
fn remedy_ref_update_of_an_amended_commit() {
    assert_remedy(
        Remedy::RefUpdateRejected(Residue::Amend(commit(), None)),
        str![[r#"
note: HEAD and all refs are unchanged
stow: stage-guard stow -- :/.claude_sessions/current/x.py
then: git commit --amend --allow-empty -C 0123456789abcdef0123456789abcdef01234567

"#]],
    );
}

#[test]
fn remedy_ref_update_of_a_commit_amended_in_a_rebase() {
    let residue = Residue::Amend(commit(), Some(Operation::Rebase));
    assert_remedy(
        Remedy::RefUpdateRejected(residue),
        str![[r#"
note: HEAD and all refs are unchanged
stow: stage-guard stow -- :/.claude_sessions/current/x.py
then: git commit --amend --allow-empty -C 0123456789abcdef0123456789abcdef01234567; git rebase --continue

"#]],
    );
}

#[test]
fn remedy_ref_update_by_a_merge() {
    assert_remedy(
        Remedy::RefUpdateRejected(Residue::Operation(Operation::Merge)),
        str![[r#"
note: HEAD and all refs are unchanged
then: git merge --abort

"#]],
    );
}

fn checked_out_files() -> CheckedOutFiles {
    CheckedOutFiles {
        commit: commit(),
        base: "HEAD",
        can_stash: true,
        has_conflict: false,
        autostash: None,
        branch: None,
    }
}

#[test]
fn remedy_ref_update_by_a_reset() {
    assert_remedy(
        Remedy::RefUpdateRejected(Residue::Files(checked_out_files())),
        str![[r#"
note: HEAD and all refs are unchanged
restore: git stash store -m stage-guard $(git stash create) && git read-tree -m -u 0123456789abcdef0123456789abcdef01234567 HEAD

"#]],
    );
}

#[test]
fn remedy_ref_update_by_a_fast_forward_with_autostash() {
    let autostash = Some(Operation::Merge);
    let residue = Residue::Files(CheckedOutFiles { autostash, ..checked_out_files() });
    assert_remedy(
        Remedy::RefUpdateRejected(residue),
        str![[r#"
note: HEAD and all refs are unchanged
restore: git stash store -m stage-guard $(git stash create) && git read-tree -m -u 0123456789abcdef0123456789abcdef01234567 HEAD && git merge --quit && git stash pop --index

"#]],
    );
}

#[test]
fn remedy_ref_update_of_a_new_branch_with_intent_to_add_entries() {
    let files = CheckedOutFiles { can_stash: false, branch: Some(commit()), ..checked_out_files() };
    assert_remedy(
        Remedy::RefUpdateRejected(Residue::Files(files)),
        str![[r#"
note: HEAD and all refs are unchanged
restore: git read-tree -m -u 0123456789abcdef0123456789abcdef01234567 HEAD
then: git checkout --detach 0123456789abcdef0123456789abcdef01234567

"#]],
    );
}

#[test]
fn remedy_ref_update_by_a_mixed_reset() {
    assert_remedy(
        Remedy::RefUpdateRejected(Residue::Index(None)),
        str![[r#"
note: HEAD and all refs are unchanged
restore: git reset

"#]],
    );
}

#[test]
fn explain_says_what_a_path_looks_like() {
    let mut policy = Policy::built_in();
    policy = policy.with_config("test.toml", b"allow = ['check_*.py']").unwrap();
    let paths = [
        STRAY_TEST,
        SESSION,
        "test_x.py",
        "test_utils.py",
        "lib/test_y.py",
        "tests/scratch/y.py",
        "check_it.py",
        "main.py",
        "a\nrefused: b",
        "backend/test_old.py",
    ];
    let paths = paths.map(BString::from).to_vec();
    let mut is_tracked = |path: &BStr| Ok::<_, Infallible>(path == "x.py");
    let is_committed = |path: &BStr| Ok(path == "backend/test_old.py");
    let Ok(explanations) = policy.explain(paths, &mut is_tracked, is_committed);
    let mut human = Vec::new();
    explanation::render_human(&explanations, &Invocation::new("stage-guard".into()), &mut human).unwrap();
    let human = String::from_utf8(human).unwrap();
    assert_snapshot(
        anstream::adapter::strip_str(&human).to_string(),
        str![[r#"
backend/test_api.py: refused: stray-test (`test_*`): a test outside the test directory, belongs in .claude_sessions/tests/
  not every file could be searched for its name
  looks like session work (by name and location)
  if it is production code, it is allowed as backend/tests/test_api.py, or next to backend/api.py or backend/api, or if a Makefile, a package.json or the like names it
  allow: stage-guard allow -- :/backend/test_api.py
  see: stage-guard's docs/rules.md#stray-test
.claude_sessions/current/x.py: refused: session-directory (`*`): in the session directory, which is never committed
  looks like session work (by name and location)
  see: stage-guard's docs/rules.md#session-directory
test_x.py: allowed: it is named after the tracked `x.py` next to it, which exempts it from stray-test (`test_*`)
  looks like production code
test_utils.py: allowed: its name matches `test[-_]{runner,runners,util,utils,helper,helpers,setup,settings,support,base,main,suite,all}.*`, which exempts it from stray-test (`test_*`)
  looks like production code
lib/test_y.py: allowed: it is not directly in a production root, which exempts it from stray-test (`test_*`)
  looks like production code
tests/scratch/y.py: allowed: it is in a directory `tests`, which exempts it from scratch-directory (`*`)
  looks like production code
check_it.py: allowed: `allow` has `check_*.py`, which overrides one-off-script (`check_*`)
  looks like production code
main.py: allowed: no rule matches it
  looks like production code
a\nrefused: b: allowed: no rule matches it
  looks like production code
backend/test_old.py: refused: stray-test (`test_*`): a test outside the test directory, belongs in .claude_sessions/tests/
  a new file of this name is refused; a change of this one, which is committed, is allowed
  not every file could be searched for its name
  looks like session work (by name and location)
  if it is production code, it is allowed as backend/tests/test_old.py, or next to backend/old.py or backend/old, or if a Makefile, a package.json or the like names it
  allow: stage-guard allow -- :/backend/test_old.py
  see: stage-guard's docs/rules.md#stray-test

"#]],
    );
    let mut count = Vec::new();
    explanation::render_count(&explanations, &mut count).unwrap();
    assert_snapshot(
        count,
        str![[r#"
3 refused

"#]],
    );
    let mut json = Vec::new();
    explanation::render_json(&explanations[..3], &mut json).unwrap();
    assert_snapshot(
        json,
        str![[r#"
{"version":1,"verdict":"refused","paths":[{"path":{"text":"backend/test_api.py"},"verdict":"refused","rule":"stray-test","pattern":"test_*","reason":"a test outside the test directory","page":"docs/rules.md#stray-test","home":".claude_sessions/tests/","evidence":["not every file could be searched for its name"],"fine":{"as":{"text":"backend/tests/test_api.py"},"beside":[{"text":"backend/api.py"},{"text":"backend/api"}],"named_by":"automation","allow":"backend/test_api.py"}},{"path":{"text":".claude_sessions/current/x.py"},"verdict":"refused","rule":"session-directory","pattern":"*","reason":"in the session directory, which is never committed","page":"docs/rules.md#session-directory","home":".claude_sessions/","fine":{"allow":".claude_sessions/current/x.py"}},{"path":{"text":"test_x.py"},"verdict":"allowed","rule":"stray-test","pattern":"test_*","page":"docs/rules.md#stray-test"}]}

"#]],
    );
}
