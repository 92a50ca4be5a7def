//! `agent` before files are written: their texts, what names them, and several files at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::sandbox::{BINARY, Repo, Run, property_of};

/// A script that shows a sign.
const RUN_ONCE: &str = "print('\u{2705} all rows are in')\n";

impl Repo {
    /// Runs `agent` with a tool of Claude Code.
    fn agent_uses(&self, tool: &str, input: &Value) -> Run {
        self.agent_event("PreToolUse", &json!({"tool_name": tool, "tool_input": input}))
    }

    fn agent_writes_text(&self, file: &str, text: &str) -> Run {
        self.agent_uses("Write", &json!({"file_path": file, "content": text}))
    }

    fn agent_edits(&self, file: &str, old: &str, new: &str) -> Run {
        self.agent_uses("Edit", &json!({"file_path": file, "old_string": old, "new_string": new}))
    }

    /// Runs `agent` with a patch as Codex sends it.
    fn agent_patches(&self, patch: &str) -> Run {
        let patch = format!("*** Begin Patch\n{patch}\n*** End Patch\n");
        self.agent_uses("apply_patch", &json!({"command": patch}))
    }
}

/// Returns a patch that adds files with these texts, each of one line.
fn adding(files: &[(&str, &str)]) -> String {
    let added = files.iter().map(|(path, line)| format!("*** Add File: {path}\n+{}\n", line.trim_end()));
    added.collect()
}

/// Asserts that a denial holds `words`; without words, that the action is allowed.
fn assert_answer(run: Run, words: Option<&str>, case: &str) {
    match words {
        Some(words) => {
            let reason = run.denied();
            assert!(reason.contains(words), "{case}: {reason}");
        }
        None => assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""), "{case}: {run:?}"),
    }
}

#[test]
fn a_script_is_denied_by_its_text() {
    let repo = Repo::new();
    let expected = format!(
        "\
backend/fill_rows.py would be refused: a script for one occasion, as its text shows (line 2 prints an emoji, no other file names it) [run-once-script]
write: {}/.claude_sessions/exploration/fill_rows.py
if it is production code: first write a file that names it",
        repo.dir.display()
    );
    assert_eq!(
        repo.agent_writes_text("backend/fill_rows.py", &format!("x = 1\n{RUN_ONCE}")).denied(),
        expected
    );
    for (file, text) in [
        ("backend/fill_rows.py", "x = 1\n"),
        ("backend/fill_rows.py", &format!("import argparse\nargparse.ArgumentParser()\n{RUN_ONCE}")),
        ("backend/app/fill_rows.py", RUN_ONCE),
        ("backend/fill_rows.py", &format!("{RUN_ONCE}{}", "#".repeat(300_000))),
    ] {
        assert_answer(repo.agent_writes_text(file, text), None, file);
    }
}

#[test]
fn an_edited_file_is_judged_by_the_text_that_it_will_have() {
    let repo = Repo::new();
    repo.write("fill_rows.py", "a = 1\r\nb = 1\r\n").write("done.py", RUN_ONCE);
    repo.stage("staged_rows.py");
    let sign = RUN_ONCE.trim_end();
    for (file, old, new, words) in [
        ("fill_rows.py", "b = 1", sign, Some("line 2 prints an emoji")),
        ("fill_rows.py", "a = 1\nb = 1", &format!("{sign}\nb"), Some("line 1 prints an emoji")),
        ("fill_rows.py", "c = 1", sign, None),
        ("fill_rows.py", "b = 1", "b = 2", None),
        ("done.py", sign, "a = 1", None),
        ("done.py", "rows", "lines", Some("line 1 prints an emoji")),
        ("staged_rows.py", "py", sign, None),
        ("missing.py", "", RUN_ONCE, Some("line 1 prints an emoji")),
        ("missing.py", "x", RUN_ONCE, None),
        // The name decides, whatever the text is.
        ("debug_rows.py", "x", "y", Some("[debug-script]")),
    ] {
        assert_answer(repo.agent_edits(file, old, new), words, &format!("{file}: {old} {new}"));
    }
    let edits = |file: &str| {
        json!({"file_path": file, "edits": [
            {"old_string": "a", "new_string": "c"}, {"old_string": "c = 1", "new_string": sign},
        ]})
    };
    assert_answer(repo.agent_uses("MultiEdit", &edits("fill_rows.py")), Some("line 1 prints"), "MultiEdit");
}

#[test]
fn a_patched_file_is_judged_by_the_text_that_it_will_have() {
    let repo = Repo::new();
    repo.write("fill_rows.py", "a = 1\r\nb = 1").write("done.py", RUN_ONCE).commit_unchecked(&["main.py"]);
    repo.write("main.py", "x = 1\n");
    let sign = RUN_ONCE.trim_end();
    for (patch, words) in [
        (format!("*** Update File: fill_rows.py\n@@\n-b = 1\n+{sign}"), Some("line 2 prints an emoji")),
        (format!("*** Update File: fill_rows.py\n@@\n-c = 1\n+{sign}"), None),
        (format!("*** Update File: done.py\n@@\n-{sign}\n+x"), None),
        (
            "*** Update File: done.py\n*** Move to: rows.py\n@@\n+x".to_owned(),
            Some("rows.py would be refused"),
        ),
        (
            format!("*** Update File: main.py\n*** Move to: rows.py\n@@\n-x = 1\n+{sign}"),
            Some("line 1 prints"),
        ),
        (format!("*** Update File: main.py\n@@\n-x = 1\n+{sign}"), None),
        ("*** Delete File: done.py".to_owned(), None),
    ] {
        assert_answer(repo.agent_patches(&patch), words, &patch);
    }
}

#[test]
fn files_that_name_a_script_allow_it() {
    let makefile = "fill:\n\tpython backend/fill_rows.py\n\tpython backend/debug_x.py\n";
    for (path, text) in [
        ("Makefile", makefile),
        ("backend/Makefile", "fill:\n\tpython fill_rows.py debug_x.py\n"),
        (
            "package.json",
            r#"{"scripts": {"fill": "python backend/fill_rows.py; python backend/debug_x.py"}}"#,
        ),
        (".github/workflows/ci.yml", "run: python backend/fill_rows.py && python backend/debug_x.py\n"),
    ] {
        // Staged, untracked, and in the patch itself.
        let staged = Repo::new();
        staged.write(path, text).git_args(&["add", path]).success();
        let untracked = Repo::new();
        untracked.write(path, text);
        for repo in [staged, untracked] {
            repo.agent_writes_text("backend/fill_rows.py", RUN_ONCE).silent();
            repo.agent_writes_text("backend/debug_x.py", "x").silent();
            repo.agent_writes_text("backend/debug_y.py", "x").denied();
        }
    }
    let repo = Repo::new();
    let scripts = adding(&[("backend/fill_rows.py", RUN_ONCE), ("backend/debug_x.py", "x")]);
    repo.agent_patches(&scripts).denied();
    let line = "+fill: ; python backend/fill_rows.py; python backend/debug_x.py\n";
    repo.agent_patches(&format!("{scripts}*** Add File: Makefile\n{line}")).silent();
    repo.write("Makefile", "all:\n");
    repo.agent_patches(&format!("*** Update File: Makefile\n@@\n all:\n{line}{scripts}")).silent();
    // An edit that does not fit leaves the file as it is.
    repo.write("Makefile", makefile);
    repo.agent_patches(&format!("*** Update File: Makefile\n@@\n-none\n+some\n{scripts}")).silent();
    repo.write("Makefile", "all:\n");
    repo.agent_patches(&format!("*** Update File: Makefile\n@@\n-none\n+some\n{scripts}")).denied();
    // A line that the patch removes names nothing.
    repo.write("Makefile", makefile);
    let removal = "*** Update File: Makefile\n@@\n-\tpython backend/debug_x.py\n";
    let reason = repo.agent_patches(&format!("{removal}{scripts}")).denied();
    assert!(reason.contains("debug_x.py would be refused") && !reason.contains("fill_rows"), "{reason}");
}

#[test]
fn any_file_that_names_a_script_allows_it() {
    let named = |repo: &Repo| repo.agent_writes_text("backend/fill_rows.py", RUN_ONCE).silent();
    let repo = Repo::new();
    repo.write("docs/deep/setup.md", "Run fill_rows.py once.\n");
    named(&repo);
    repo.git("add .").success();
    named(&repo);
    repo.write(".gitignore", "docs/\n").git("rm -q -r --cached docs").success();
    repo.agent_writes_text("backend/fill_rows.py", RUN_ONCE).denied();
    let repo = Repo::new();
    let other = ("backend/app/jobs.py", "import fill_rows");
    repo.agent_patches(&adding(&[("backend/fill_rows.py", RUN_ONCE), other])).silent();
    // Session work names nothing, not even in the same patch.
    let other = ("backend/debug_jobs.py", "import fill_rows");
    let reason = repo.agent_patches(&adding(&[("backend/fill_rows.py", RUN_ONCE), other])).denied();
    assert!(reason.contains("fill_rows.py would be refused"), "{reason}");
}

#[test]
fn a_script_in_a_chain_of_session_work_is_denied() {
    let repo = Repo::new();
    for (name, named) in [("rows", "fill"), ("all", "rows"), ("users", "all")] {
        repo.write(format!("{name}.py"), &format!("{RUN_ONCE}import {named}\n"));
    }
    repo.agent_writes_text("fill.py", RUN_ONCE).denied();
    repo.write("app/jobs.py", "import users\n").agent_writes_text("fill.py", RUN_ONCE).silent();
}

#[test]
fn a_note_that_a_readme_links_is_allowed() {
    let repo = Repo::new();
    repo.agent_writes_text("FIX_SUMMARY.md", "x").denied();
    let link = ("docs/README.md", "[what was fixed](../FIX_SUMMARY.md)");
    repo.agent_patches(&adding(&[("FIX_SUMMARY.md", "x"), link])).silent();
    repo.write("README.md", "[what was fixed](FIX_SUMMARY.md)\n");
    repo.agent_writes_text("FIX_SUMMARY.md", "x").silent();
}

#[test]
fn the_files_of_a_patch_are_next_to_each_other() {
    let repo = Repo::new();
    let test = ("backend/test_api.py", "x");
    repo.agent_patches(&adding(&[test])).denied();
    repo.agent_patches(&adding(&[test, ("backend/api.py", "x")])).silent();
    let script = ("fresh/debug_x.py", "x");
    repo.agent_patches(&adding(&[script])).silent();
    repo.agent_patches(&adding(&[script, ("fresh/package.json", "{}")])).denied();
}

#[test]
fn each_denied_file_of_a_patch_is_named_with_another_path() {
    let repo = Repo::new();
    repo.write("backend/debug_x.py", "x").write(".claude_sessions/debugging/debug_x.py", "x");
    let session = repo.path(".claude_sessions").display().to_string();
    let patch = adding(&[
        ("debug_x.py", "x"),
        ("main.py", "x"),
        ("backend/fill_rows.py", RUN_ONCE),
        (".claude_sessions/debugging/debug_x-2.py", "x"),
        ("backend/debug_x.py", "x"),
    ]);
    let expected = format!(
        "\
backend/debug_x.py would be refused: a debug script [debug-script]
write: {session}/debugging/debug_x-3.py
backend/fill_rows.py would be refused: a script for one occasion, as its text shows (line 1 prints an emoji, no other file names it) [run-once-script]
write: {session}/exploration/fill_rows.py
debug_x.py would be refused: a debug script [debug-script]
write: {session}/debugging/debug_x-4.py
stow the existing file: {BINARY} stow -- :/backend/debug_x.py
if it is production code: {BINARY} explain :/backend/debug_x.py :/debug_x.py
if it is production code: first write a file that names it"
    );
    assert_eq!(repo.agent_patches(&patch).denied(), expected);
}

#[test]
fn a_denied_patch_lists_twenty_paths() {
    let repo = Repo::new();
    let names: Vec<String> = (0..30).map(|number| format!("p{number:02}/backend/debug_x.py")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let reason = repo.agent_patches(&adding(&files)).denied();
    assert_eq!((reason.matches("\nwrite: ").count(), reason.matches(":/p").count()), (20, 20), "{reason}");
    assert!(reason.contains("/debug_x-20.py\nand 10 more would be refused\n"), "{reason}");
}

#[test]
fn a_patch_is_judged_in_each_repository() {
    let repo = Repo::new();
    repo.git("worktree add -q linked").success();
    let inner = repo.in_dir("vendor/inner");
    inner.git("init -q").success();
    inner.write("tracked/debug_x.py", "x");
    let outside = repo.sibling("outside");
    fs::create_dir(&outside.dir).unwrap();
    let reason = repo.agent_patches(&adding(&[
        ("debug_x.py", "x"),
        ("linked/debug_x.py", "x"),
        ("linked/app/debug_x.py", "x"),
        ("vendor/inner/debug_x.py", "x"),
        ("../outside/debug_x.py", "x"),
    ]));
    let reason = reason.denied();
    for owner in [&repo, &repo.child("linked"), &inner] {
        let suggestion = owner.path(".claude_sessions/debugging/debug_x.py").display().to_string();
        assert!(reason.contains(&format!("\nwrite: {suggestion}\n")), "{suggestion}: {reason}");
    }
    assert_eq!(reason.matches("write: ").count(), 3, "{reason}");
    for directory in [repo.child("linked"), inner] {
        assert!(reason.contains(&format!("{BINARY} -C {} explain :/debug_x.py", directory.dir.display())));
    }
}

#[test]
fn a_repository_that_cannot_be_read_allows_nothing_in_others() {
    let repo = Repo::new();
    let inner = repo.in_dir("inner");
    for (file, text) in [(".stage-guard.toml", "["), (".git/config", "[core]\nrepositoryformatversion = 9\n")]
    {
        inner.git("init -q").success();
        inner.write(file, text);
        let broken = [("inner/debug_x.py", "x"), ("inner/debug_y.py", "x")];
        let run = repo.agent_patches(&adding(&broken));
        assert!(run.code == 0 && run.out.is_empty() && run.err.lines().count() == 1, "{file}: {run:?}");
        let reason = repo.agent_patches(&adding(&[&broken[..], &[("debug_x.py", "x")]].concat())).denied();
        assert_eq!(reason.matches("write: ").count(), 1, "{file}: {reason}");
        fs::remove_file(inner.path(file)).unwrap();
    }
}

#[test]
fn a_patch_in_a_command_is_judged() {
    let repo = Repo::new();
    repo.in_dir("backend");
    let patch = "*** Begin Patch\n*** Add File: debug_x.py\n+x\n*** End Patch";
    for (command, path) in [
        (format!("apply_patch <<'EOF'\n{patch}\nEOF\n"), Some("debug_x.py")),
        (format!("cd backend && apply_patch <<EOF\n{patch}\nEOF\n"), Some("backend/debug_x.py")),
        (format!("apply_patch '{patch}'"), Some("debug_x.py")),
        (format!("applypatch \"{patch}\""), Some("debug_x.py")),
        (format!("bash -lc \"apply_patch <<'EOF'\n{patch}\nEOF\n\""), Some("debug_x.py")),
        (format!("cat <<'EOF'\napply_patch\n{patch}\nEOF\n"), None),
        ("apply_patch <<'EOF'\nno patch\nEOF\n".to_owned(), None),
        ("grep -r apply_patch .".to_owned(), None),
        (format!("cd backend/app && apply_patch <<EOF\n{patch}\nEOF\n"), None),
    ] {
        let words = path.map(|path| format!("{path} would be refused"));
        assert_answer(repo.agent_runs(&command), words.as_deref(), &command);
    }
}

#[test]
fn a_file_that_is_no_regular_file_is_not_read() {
    let repo = Repo::new();
    repo.shell("mkfifo rows.py Makefile && mkdir fill.py").success();
    symlink("rows.py", repo.path("link.py")).unwrap();
    symlink("loop.py", repo.path("loop.py")).unwrap();
    for file in ["rows.py", "link.py", "loop.py", "fill.py", "loop.py/x.py", "/dev/stdin", "/dev/zero"] {
        assert_answer(repo.agent_edits(file, "x", RUN_ONCE), None, file);
        let patch = format!("*** Update File: {file}\n*** Move to: new.py\n@@\n-x\n+{RUN_ONCE}");
        assert_answer(repo.agent_patches(&patch), None, file);
    }
    repo.agent_writes_text("debug_x.py", "x").denied();
}

#[test]
fn huge_events_are_judged_in_time() {
    let repo = Repo::new();
    let adding = |number: usize, path: &dyn Fn(usize) -> String| -> String {
        let paths: Vec<String> = (0..number).map(path).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "x")).collect();
        adding(&files)
    };
    let patch = adding(100_000, &|number| format!("a{}/backend/d{number}/x.py", number % 1000));
    let denied = adding(100_000, &|number| format!("debug_{number}.py"));
    let deep_files = adding(1000, &|number| format!("{}{number}.py", "a/".repeat(2000)));
    let deep = format!("{}debug_x.py", "a/".repeat(100_000));
    repo.write("rows.py", &"a = 1\n".repeat(40_000)).write("large.py", &"a = 1\n".repeat(2_000_000));
    let hunks = "@@\n-a = 1\n+b = 1\n".repeat(100_000);
    repo.write("long.txt", &"a = 1\n".repeat(170_000));
    let copy = |number| format!("*** Update File: long.txt\n*** Move to: {number}.txt\n@@\n-a = 1\n+b = 1\n");
    let copies: String = (0..900).map(copy).chain(["*** Add File: debug_x.py\n+x\n".to_owned()]).collect();
    let edits = json!([{"old_string": "a", "new_string": "b"}]);
    let edits: Vec<&Value> = edits.as_array().unwrap().iter().cycle().take(100_000).collect();
    let everywhere = json!({"file_path": "rows.py", "old_string": "a", "new_string": "b".repeat(1 << 20), "replace_all": true});
    for (case, run) in [
        ("many files", &|| repo.agent_patches(&patch)),
        ("many denied files", &|| repo.agent_patches(&denied)),
        ("a deep path", &|| repo.agent_writes_text(&deep, "x")),
        ("deep paths", &|| repo.agent_patches(&deep_files)),
        ("a chain of ..", &|| repo.agent_writes_text(&format!("{}debug_x.py", "a/../".repeat(100_000)), "x")),
        ("a large directory", &|| {
            repo.agent_event("PreToolUse", &json!({"cwd": "a/".repeat(500_000), "tool_name": "Write", "tool_input": {"file_path": "debug_x.py"}}))
        }),
        ("many copies of a file", &|| repo.agent_patches(&copies)),
        ("many hunks", &|| repo.agent_patches(&format!("*** Update File: rows.py\n{hunks}"))),
        ("a large file", &|| repo.agent_patches(&format!("*** Update File: large.py\n{hunks}"))),
        ("many edits", &|| repo.agent_uses("MultiEdit", &json!({"file_path": "rows.py", "edits": edits}))),
        ("edits of a large file", &|| {
            repo.agent_uses("MultiEdit", &json!({"file_path": "large.py", "edits": edits}))
        }),
        ("an edit that grows", &|| repo.agent_uses("Edit", &everywhere)),
    ] as [(&str, &dyn Fn() -> Run); 12]
    {
        let start = Instant::now();
        let run = run();
        let time = start.elapsed();
        assert!(run.code == 0 && run.err.lines().count() < 2, "{case}: {run:?}");
        assert!(time < Duration::from_secs(20), "{case}: {time:?}");
    }
}

/// Paths of scripts and notes, of what may name them, and of what may be next to them.
const PATHS: [&str; 16] = [
    "debug_x.py",
    "backend/debug_x.py",
    "backend/fill.py",
    "fill.py",
    "backend/test_api.py",
    "backend/api.py",
    "svc/rows.py",
    "svc/package.json",
    "FIX_SUMMARY.md",
    "README.md",
    "docs/README.md",
    "Makefile",
    "backend/Makefile",
    ".github/workflows/ci.yml",
    "lib/deep/x.py",
    "scratch/a.py",
];

const LINES: [&str; 10] = [
    "print('\u{2705} done')",
    "python debug_x.py",
    "python backend/debug_x.py",
    "import fill",
    "run: python backend/fill.py",
    "[a](FIX_SUMMARY.md)",
    "[a](../FIX_SUMMARY.md)",
    "all: ; python svc/rows.py test_api.py",
    "import argparse; argparse.ArgumentParser()",
    "x = 1",
];

/// Files with the numbers of two lines, and whether they are staged, or changed and not rewritten.
type Files = BTreeMap<usize, (usize, usize, bool)>;

fn files(most: usize) -> impl Strategy<Value = Files> {
    let lines = (0..LINES.len(), 0..LINES.len(), any::<bool>());
    prop::collection::btree_map(0..PATHS.len(), lines, 0..=most)
}

/// Asserts that the agent is denied what a commit of its patch would be refused for.
fn assert_judged_as_a_commit(before: &Files, patched: &Files) -> Result<(), TestCaseError> {
    let repo = Repo::unborn();
    let text = |first: usize, second: usize| format!("{}\n{}\n", LINES[first], LINES[second]);
    for (path, (first, second, is_staged)) in before {
        repo.write(PATHS[*path], &text(*first, *second));
        if *is_staged {
            repo.git_args(&["add", PATHS[*path]]).success();
        }
    }
    let staged = repo.git("ls-files").success();
    let (mut patch, mut written) = (Vec::new(), BTreeMap::new());
    for (path, (first, second, is_changed)) in patched {
        let name = PATHS[*path];
        if let Some((old, kept, _)) = before.get(path).filter(|_| *is_changed) {
            patch.push(format!("*** Update File: {name}\n@@\n-{}\n+{}\n", LINES[*old], LINES[*first]));
            written.insert(name, text(*first, *kept));
        } else {
            patch.push(format!("*** Add File: {name}\n+{}\n+{}\n", LINES[*first], LINES[*second]));
            written.insert(name, text(*first, *second));
        }
    }
    let patch = patch.concat();
    let run = repo.agent_patches(&patch);
    let reason = if run.out.is_empty() { String::new() } else { run.denied() };
    let denied: BTreeSet<&str> =
        reason.lines().filter_map(|line| Some(line.split_once(" would be refused")?.0)).collect();
    for (name, text) in &written {
        repo.write(name, text);
    }
    repo.git("add -A").success();
    let refused = repo.refused("");
    let is_new = |name: &&str| written.contains_key(name) && !staged.lines().any(|line| line == *name);
    let refused: BTreeSet<&str> = refused.iter().map(String::as_str).filter(is_new).collect();
    prop_assert_eq!(denied, refused, "{}\n{:?}", patch, before);
    Ok(())
}

#[test]
fn a_patch_is_judged_as_a_commit_of_it() {
    let cases = (files(8), files(4));
    let mut runner = TestRunner::new(property_of(15));
    runner.run(&cases, |(before, patched)| assert_judged_as_a_commit(&before, &patched)).unwrap();
}

#[test]
fn a_write_of_a_guarded_hook_is_denied() {
    let repo = Repo::new();
    repo.guard("install").success();
    repo.program(".git/hooks/post-commit", "#!/bin/sh\n").program(".git/hooks/commit-msg", "#!/bin/sh\n");
    let hook = repo.path(".git/hooks/pre-commit");
    let deep = repo.in_dir("deep");
    for (run, path) in [
        (repo.agent_writes(".git/hooks/pre-commit"), ".git/hooks/pre-commit"),
        (repo.agent_writes(&hook), hook.to_str().unwrap()),
        (deep.agent_writes("../.git/hooks/pre-commit"), "../.git/hooks/pre-commit"),
        (repo.agent_writes(".git/stage-guard/level"), ".git/stage-guard/level"),
        (repo.agent_edits(".git/hooks/pre-commit", "x", "y"), ".git/hooks/pre-commit"),
        (repo.agent_patches("*** Delete File: .git/hooks/pre-commit"), ".git/hooks/pre-commit"),
        (
            repo.agent_patches("*** Update File: .git/hooks/pre-commit\n*** Move to: x\n@@\n+x"),
            ".git/hooks/pre-commit",
        ),
        (
            repo.agent_patches("*** Update File: x\n*** Move to: .git/hooks/pre-commit\n@@\n+x"),
            ".git/hooks/pre-commit",
        ),
    ] {
        let words = format!("`{path}` belongs to the hooks that keep session work out of history\n");
        assert_answer(run, Some(&words), path);
    }
    for file in
        [".git/hooks/post-commit", ".git/hooks/commit-msg", ".git/hooks/pre-commit.sample", ".git/config"]
    {
        repo.agent_writes(file).silent();
        repo.agent_patches(&format!("*** Delete File: {file}")).silent();
    }
}

#[test]
fn the_sections_of_a_patch_are_applied_in_order() {
    let repo = Repo::new();
    let sign = RUN_ONCE.trim_end();
    repo.write("done.py", RUN_ONCE).write("Makefile", "all:\n\tpython fill_rows.py\n");
    let fills = format!("*** Add File: fill_rows.py\n+{sign}\n");
    for (patch, words) in [
        (
            format!("*** Add File: rows.py\n+{sign}\n*** Update File: rows.py\n@@\n+b = 1"),
            Some("line 1 prints an emoji"),
        ),
        (
            format!("*** Add File: rows.py\n+a = 1\n*** Update File: rows.py\n@@\n-a = 1\n+{sign}"),
            Some("line 1 prints an emoji"),
        ),
        (format!("*** Add File: rows.py\n+{sign}\n*** Update File: rows.py\n@@\n-{sign}\n+b = 1"), None),
        (format!("*** Add File: rows.py\n+{sign}\n*** Delete File: rows.py"), None),
        ("*** Add File: debug_rows.py\n+x\n*** Delete File: debug_rows.py".to_owned(), None),
        (
            "*** Delete File: debug_rows.py\n*** Add File: debug_rows.py\n+x".to_owned(),
            Some("[debug-script]"),
        ),
        ("*** Delete File: done.py\n*** Add File: done.py\n+x = 1".to_owned(), None),
        (
            "*** Update File: done.py\n*** Move to: rows.py\n*** Update File: rows.py\n@@\n+x".to_owned(),
            Some("rows.py would be refused"),
        ),
        (fills.clone(), None),
        (format!("{fills}*** Delete File: Makefile"), Some("fill_rows.py would be refused")),
        (
            format!("{fills}*** Update File: Makefile\n*** Move to: docs.txt\n@@\n-\tpython fill_rows.py"),
            Some("fill_rows.py would be refused"),
        ),
    ] {
        assert_answer(repo.agent_patches(&patch), words, &patch);
    }
}
