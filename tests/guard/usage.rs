//! The reports of `check` and `explain`, and their exit codes.

use std::fs;

use super::sandbox::{BINARY, Repo};

const NOTE: &str = ".claude_sessions/current/x.py";

fn repo_with_findings() -> Repo {
    let repo = Repo::new();
    repo.stage(NOTE).stage("backend/test_api.py").stage("main.py");
    repo
}

#[test]
fn refusal_prints_a_line_per_finding_and_the_remedy() {
    let run = repo_with_findings().check().refuses(&[NOTE, "backend/test_api.py"]);
    let expected = format!(
        "\
refused: .claude_sessions/current/x.py [session-directory] in the session directory, which is never committed
refused: backend/test_api.py [stray-test] a test outside the test directory, belongs in .claude_sessions/tests/
stow: {BINARY} stow
allow: {BINARY} allow -- :/backend/test_api.py
"
    );
    assert_eq!(run.out, expected);
}

#[test]
fn remedy_names_the_program_as_path_finds_it() {
    let repo = repo_with_findings();
    let directory = std::path::Path::new(BINARY).parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap();
    assert_eq!(repo.env("PATH", format!("{directory}:{path}")).check().stow_command(), "stage-guard stow");
    // Another program of the same name comes first on PATH.
    repo.program("bin/stage-guard", "#!/bin/sh\n");
    let other = repo.path("bin").display().to_string();
    let command = repo.env("PATH", format!("{other}:{directory}:{path}")).check().stow_command();
    assert_eq!(command, format!("{BINARY} stow"));
}

#[test]
fn report_lists_at_most_100_findings_and_stow_moves_all() {
    for repo in [Repo::new(), Repo::unborn()] {
        repo.stage("main.py");
        for number in 0..250 {
            repo.write(format!(".claude_sessions/current/{number}"), "x");
        }
        repo.git("add -f .claude_sessions").success();
        let run = repo.commit().refuses_any();
        assert_eq!(run.out.matches("refused: ").count(), 100);
        assert!(run.out.contains("and 150 more: --format json lists them all\n"), "{run:?}");
        assert_eq!(repo.refused("").len(), 250);
        repo.in_dir("deep").shell(&run.stow_command()).success();
        assert_eq!(repo.git("diff --cached --name-only --diff-filter=A").success(), "main.py\n");
        repo.commit().silent();
    }
}

#[test]
fn json_report_is_one_document() {
    let run = repo_with_findings().guard("--format json");
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(run.code, 1);
    assert!(report["checked"].as_u64().unwrap() >= 3);
    let expected = serde_json::json!({
        "version": 1, "verdict": "refused", "checked": report["checked"], "findings": [
            {"path": {"text": NOTE}, "change": "added", "rule": "session-directory",
             "reason": "in the session directory, which is never committed", "home": ".claude_sessions/"},
            {"path": {"text": "backend/test_api.py"}, "change": "added", "rule": "stray-test",
             "reason": "a test outside the test directory", "home": ".claude_sessions/tests/"},
        ]
    });
    assert_eq!(report, expected);
    let clean = Repo::new().guard("--format json").success();
    let clean: serde_json::Value = serde_json::from_str(&clean).unwrap();
    assert_eq!(
        (clean["verdict"].as_str(), clean["findings"].as_array().map(Vec::len)),
        (Some("allowed"), Some(0))
    );
}

#[test]
fn dry_run_reports_and_allows() {
    let repo = repo_with_findings();
    assert_eq!(repo.guard("--dry-run").success(), repo.check().out);
    let report: serde_json::Value =
        serde_json::from_str(&repo.guard("--dry-run --format json").success()).unwrap();
    assert_eq!(report["verdict"], "refused");
    repo.guard("check --dry-run --all-files").success();
    assert_eq!(repo.guard("-q --dry-run").success(), "2 refused\n");
}

#[test]
fn quiet_prints_one_line_or_nothing() {
    let run = repo_with_findings().guard("-q");
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (1, "2 refused\n", ""));
    Repo::new().guard("--quiet").silent();
}

#[test]
fn options_are_accepted_before_and_after_the_command() {
    let repo = repo_with_findings();
    let expected = repo.guard("check --staged").out;
    for arguments in ["check", "--color never check", "check --color never --format human", "-C . check"] {
        assert_eq!(repo.guard(arguments).out, expected, "{arguments}");
    }
    assert_eq!(repo.guard("-C backend -C .. check").out, expected);
}

#[test]
fn all_files_checks_every_tracked_path() {
    let repo = Repo::new();
    repo.commit_unchecked(&[NOTE, "debug_x.py"]).check().silent();
    let run = repo.guard("check --all-files").refuses(&[NOTE, "debug_x.py"]);
    assert!(run.stow_command().ends_with(" stow -- :/.claude_sessions/current/x.py :/debug_x.py"), "{run:?}");
    repo.shell(&run.stow_command()).success();
    assert_eq!(repo.git("status --porcelain").success(), format!("D  {NOTE}\nD  debug_x.py\n"));
    assert!(repo.path(NOTE).exists() && repo.path(".claude_sessions/debugging/debug_x.py").exists());
    repo.commit().silent();
    repo.commit_unchecked(&[NOTE, "debug_x.py"]);
    assert!(repo.findings("check --all-files").iter().all(|(_, change, _)| change == "tracked"));
}

#[test]
fn all_files_reports_an_unmerged_path_once() {
    for split in [false, true] {
        let repo = Repo::new();
        let blob = repo.git("rev-parse HEAD:README.md").success();
        let entry = |stage: u8| format!("100644 {} {stage}\tdebug_x.py\n", blob.trim());
        let entries = [entry(1), entry(2), entry(3)].concat();
        repo.git_with_input(&["update-index", "--index-info"], entries.as_bytes()).success();
        if split {
            repo.git("update-index --split-index").success();
        }
        assert_eq!(repo.refused("check --all-files"), ["debug_x.py"]);
        // git does not commit an unmerged path.
        repo.check().silent();
    }
}

#[test]
fn explain_prints_the_reason() {
    let repo = Repo::new();
    repo.write(".stage-guard.toml", "allow = [\"check_*.py\"]\n").stage("x.py");
    let run = repo.guard(
        "explain test_y.py test_x.py test_utils.py lib/test_y.py check_it.py tests/scratch/y.py main.py",
    );
    let expected = format!(
        "\
test_y.py: refused: stray-test (`test_*`): a test outside the test directory, belongs in .claude_sessions/tests/
  no other file names it
  looks like session work (by name and location)
  if it is production code, it is allowed as tests/test_y.py, or next to y.py or y, or if a Makefile, a package.json or the like names it
  allow: {BINARY} allow -- :/test_y.py
  see: stage-guard's docs/rules.md#stray-test
test_x.py: allowed: it is named after the tracked `x.py` next to it, which exempts it from stray-test (`test_*`)
  looks like production code
"
    );
    assert!(run.out.starts_with(&expected), "{run:?}");
    for words in [
        "lib/test_y.py: allowed: it is not directly in a production root, which exempts it from stray-test (`test_*`)\n",
        "check_it.py: allowed: `allow` has `check_*.py`, which overrides one-off-script (`check_*`)\n",
        "tests/scratch/y.py: allowed: it is in a directory `tests`, which exempts it from scratch-directory (`*`)\n",
        "main.py: allowed: no rule matches it\n",
    ] {
        assert!(run.out.contains(words), "{words}: {run:?}");
    }
    assert_eq!(run.code, 1);
    repo.guard("explain main.py").success();
}

#[test]
fn explain_suggests_what_is_allowed() {
    let repo = Repo::new();
    for path in [
        "test_y.py",
        "backend/test_y.py",
        "backend/scratch/deep/y.py",
        "debug/y.py",
        "backend/debug_[x]*{a,b}.py",
        "backend/debug_\\\"'.py",
        "FIX_SUMMARY.md",
        "CLAUDE.local.md",
        ".claude_sessions/current/y.py",
    ] {
        let run = repo.guard_args(&["explain", "--format", "json", path]);
        let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        let fine = &report["paths"][0]["fine"];
        assert!(run.code == 1 && fine["allow"].is_string(), "{run:?}");
        if let Some(elsewhere) = fine["as"]["text"].as_str() {
            repo.guard_args(&["explain", elsewhere]).success();
        }
        for sibling in fine["beside"].as_array().into_iter().flatten() {
            let other = repo.sibling("other");
            std::fs::create_dir(&other.dir).unwrap();
            other.git("init -q").success();
            let sibling = sibling["text"].as_str().unwrap();
            other.stage(sibling).guard_args(&["explain", path]).success();
            std::fs::remove_dir_all(&other.dir).unwrap();
        }
        let allow = format!("allow = [{}]\n", fine["allow"]);
        repo.write(".stage-guard.toml", &allow).guard_args(&["explain", path]).success();
        std::fs::remove_file(repo.path(".stage-guard.toml")).unwrap();
    }
}

#[test]
fn explain_says_that_a_change_of_a_committed_path_is_allowed() {
    const SAYS: &str =
        "  a new file of this name is refused; a change of this one, which is committed, is allowed\n";
    let repo = Repo::new();
    let says = |path: &str, expected: bool| {
        let run = repo.guard_args(&["explain", path]);
        assert!(run.code == 1 && run.out.contains(SAYS) == expected, "{path}: {run:?}");
        let run = repo.guard_args(&["explain", "--format", "json", path]);
        let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        let modified = &report["paths"][0]["modified"];
        assert_eq!(modified.as_str(), expected.then_some("allowed"), "{path}: {run:?}");
    };
    repo.commit_unchecked(&["test_old.py", "a/FIX_SUMMARY.md", "debug_old.py", "test_dir.py/x"]);
    for (path, expected) in [
        ("test_old.py", true),
        ("a/FIX_SUMMARY.md", true),
        ("debug_old.py", false),
        ("test_new.py", false),
        ("test_dir.py", false),
    ] {
        says(path, expected);
    }
    // As in a check, a path is new if no commit has it, and is not if HEAD has it.
    repo.stage("test_new.py").git("rm -q --cached test_old.py").success();
    says("test_new.py", false);
    says("test_old.py", true);
    repo.write(".stage-guard.toml", "tracked = \"refuse\"\n");
    says("test_old.py", false);
    repo.write(".stage-guard.toml", "tracked = \"allow\"\n");
    says("debug_old.py", true);
}

#[test]
fn explain_counts_each_parent_of_a_merge() {
    let repo = Repo::new();
    repo.git("checkout -q -b upstream").success();
    repo.commit_unchecked(&["test_theirs.py"]).git("checkout -q -").success();
    let says_it = || repo.guard("explain test_theirs.py").out.contains("a change of this one");
    assert!(!says_it());
    repo.stage("later.py").commit().silent();
    repo.git("merge -q --no-commit upstream").success();
    assert!(says_it());
    Repo::unborn().guard("explain test_x.py").code(1);
}

#[test]
fn explain_resolves_paths_from_the_current_directory() {
    let repo = Repo::new();
    let deep = repo.in_dir("backend/app");
    let top = repo.dir.display().to_string();
    for (argument, path) in [
        ("../test_x.py", "backend/test_x.py"),
        ("x.py", "backend/app/x.py"),
        (".././../debug_x.py", "debug_x.py"),
        ("../../.claude_sessions/", ".claude_sessions"),
        (&format!("{top}/debug_x.py"), "debug_x.py"),
    ] {
        let report = deep.guard_args(&["explain", argument]).out;
        assert!(report.starts_with(&format!("{path}: ")), "{argument}: {report}");
    }
    for outside in ["../../../x.py", "/x.py", "../.."] {
        deep.guard_args(&["explain", outside]).fails_with("is not a path in the repository");
    }
    std::os::unix::fs::symlink(&repo.dir, repo.path("../link")).unwrap();
    let linked = repo.sibling("link");
    assert!(linked.guard("explain debug_x.py").out.starts_with("debug_x.py: refused"));
    let absolute = format!("{}/debug_x.py", linked.dir.display());
    assert!(repo.guard_args(&["explain", &absolute]).out.starts_with("debug_x.py: refused"));
}

#[test]
fn explain_reads_paths_from_standard_input() {
    let repo = Repo::new();
    let run =
        repo.guard_with_input(&["explain", "--stdin", "-q"], b"debug_x.py\nmain.py\n.claude_sessions/a b\n");
    assert_eq!((run.code, run.out.as_str()), (1, "2 refused\n"));
    let run = repo.guard_with_input(&["explain", "--stdin"], b"debug_\0x.py\n\"test_\\000x.py\"\n");
    assert!(run.code == 1 && run.out.contains(r"test_\u{0}x.py: refused"), "{run:?}");
    let run = repo.guard_with_input(&["explain", "--stdin", "-z"], b"debug_\n.py\0main.py\0");
    assert!(run.out.starts_with(r"debug_\n.py: refused"), "{run:?}");
    let listed =
        repo.stage(".claude_sessions/ä.py").shell(&format!("git ls-files | {BINARY} explain --stdin"));
    assert!(listed.out.contains("ä.py: refused"), "{listed:?}");
    let run = repo.guard_with_input(&["explain", "--stdin", "--format", "json"], b"debug_x.py\nmain.py\n");
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let expected = serde_json::json!({"version": 1, "verdict": "refused", "paths": [
        {"path": {"text": "debug_x.py"}, "verdict": "refused", "rule": "debug-script", "pattern": "debug_*",
         "reason": "a debug script", "page": "docs/rules.md#debug-script", "home": ".claude_sessions/debugging/",
         "evidence": ["no other file names it"],
         "fine": {"as": {"text": "tests/debug_x.py"}, "named_by": "automation", "allow": "debug_x.py"}},
        {"path": {"text": "main.py"}, "verdict": "allowed"},
    ]});
    assert_eq!(report, expected);
}

#[test]
fn explain_reads_paths_as_git_has_them() {
    let repo = Repo::new();
    let absolute = repo.path("debug_x.py").display().to_string();
    for path in ["./debug_x.py", ".//debug_x.py", "a/../debug_x.py", "debug_x.py/", &absolute] {
        let run = repo.in_dir("deep").guard_with_input(&["explain", "--stdin"], path.as_bytes());
        assert!(run.code == 1 && run.out.starts_with("debug_x.py: refused"), "{path}: {run:?}");
    }
    let run = repo.guard_with_input(&["explain", "--stdin"], b":/debug_x.py\n");
    assert!(run.out.starts_with(":/debug_x.py: allowed"), "{run:?}");
    for (path, message) in [
        ("../debug_x.py", "is not a path in the repository"),
        ("/debug_x.py", "is not a path in the repository"),
        (".", "is not a path in the repository"),
        ("debug_x.py\n\nmain.py", "an empty path"),
        ("\n", "an empty path"),
        ("\"\"\n", "an empty path"),
    ] {
        repo.guard_with_input(&["explain", "--stdin"], path.as_bytes()).fails_with(message);
    }
    repo.guard_with_input(&["explain", "--stdin"], b"").silent();
    repo.guard_with_input(&["explain", "--stdin", "-z"], b"main.py\0\0").fails_with("an empty path");
}

#[test]
fn terminal_shows_that_nothing_is_refused() {
    let repo = Repo::new();
    let shown = repo.terminal(BINARY, "").success();
    assert_eq!(shown.trim(), "nothing is refused");
    repo.check().silent();
    repo.guard("hook pre-commit").silent();
}

#[test]
fn contradictory_arguments_are_errors() {
    let repo = Repo::new();
    repo.guard("check --staged --all-files").fails_with("cannot be used with");
    repo.guard("explain").fails_with("required");
    repo.guard("explain -z x").fails_with("cannot be used with");
    repo.guard("explain -z").fails_with("--stdin");
    repo.guard("-C nowhere").fails_with("cannot change to `nowhere`");
}

#[test]
fn an_empty_path_is_an_error() {
    let repo = Repo::new();
    repo.commit_unchecked(&["debug_a.py"]);
    for command in [&["stow", ""][..], &["stow", "debug_a.py", ""], &["explain", ""], &["allow", ""]] {
        repo.guard_args(command).fails_with("empty path");
    }
    repo.guard_args(&["--config", ""]).fails_with("--config");
    // git ignores an empty -C, too.
    repo.guard_args(&["-C", "", "check"]).silent();
    assert!(repo.exists("debug_a.py"));
}

#[test]
fn commands_in_reports_act_on_the_repository_of_the_directory_option() {
    let (here, there) = (Repo::new(), Repo::new());
    here.stage("debug_here.py");
    there.stage("debug_there.py").write("a b/x", "");
    let there_path = there.path("").to_str().expect("the path is UTF-8").trim_end_matches('/').to_owned();
    let line = |report: &str, key: &str| {
        let line =
            report.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("{report}"));
        line.trim().to_owned()
    };
    let checked = here.guard_args(&["-C", &there_path, "-C", "a b"]).out;
    let stow = line(&checked, "stow:");
    assert!(stow.ends_with(&format!(" -C '{there_path}/a b' stow")), "{stow}");
    let allow = line(&checked, "allow:");
    assert!(allow.ends_with(&format!(" -C '{there_path}/a b' allow -- :/debug_there.py")), "{allow}");
    here.shell(&allow).success();
    there.check().silent();
    fs::remove_file(there.path(".stage-guard.toml")).unwrap();
    let stowed = here.shell(&stow).success();
    assert!(!there.exists("debug_there.py"));
    here.shell(&line(&stowed, "undo:")).success();
    assert!(there.exists("debug_there.py") && here.exists("debug_here.py"));
    for same in ["", ".", here.path("").to_str().expect("the path is UTF-8")] {
        let stow = line(&here.guard_args(&["-C", same]).out, "stow:");
        assert!(!stow.contains("-C"), "{stow}");
    }
    there.commit_unchecked(&["debug_there.py"]);
    let fix = line(&here.guard_args(&["-C", &there_path, "check", "--commit", "HEAD"]).out, "fix:");
    for command in ["git", "stow PATH"] {
        assert!(fix.contains(&format!("-C {there_path} ")) && fix.contains(command), "{fix}");
    }
    assert!(!fix.contains("git rebase") && !fix.contains("git commit"), "{fix}");
    there.guard("uninstall").success();
    let doctor = here.guard_args(&["-C", &there_path, "doctor"]).output();
    assert!(doctor.contains(&format!(" -C {there_path} install")), "{doctor}");
    here.guard_args(&["-C", &there_path, "clean", "--yes"]).success();
    there.write(".claude_sessions/current/x", "");
    here.guard_args(&["-C", &there_path, "clean"]).fails_with(&format!(" -C {there_path} clean --yes"));
}
