//! Compares the readers with each other and with git, on generated changes and histories.
//!
//! libgit2 and git must report the same findings, in each format that they can read, and both
//! must agree with the output of git's plumbing that this test parses.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::sandbox::{Repo, property_of};

/// Paths that are difficult to sort: `a-b` and `a.c` sort between `a` and `a/b`.
const PATHS: [&str; 10] =
    ["a", "a-b", "a.c", "a/b", "a/b/c", "a/b-c", "z", ".claude_sessions/x", "ä/\u{202e}", "a0/b/c/d/e"];
/// Options of git for the diffs that are parsed here.
const RAW: [&str; 4] = ["--raw", "-z", "--no-renames", "--ignore-submodules=none"];
const MODES: [&str; 4] = ["100644", "100755", "120000", "160000"];

/// Paths, each with its mode and the number of its contents.
type Tree = BTreeMap<&'static str, (&'static str, u8)>;

fn tree() -> impl Strategy<Value = Tree> {
    tree_of(PATHS.len(), MODES.len(), 3)
}

/// Generates a tree from the first `paths`, `modes` and `contents`.
///
/// With few of them, generated trees often have equal entries.
fn tree_of(paths: usize, modes: usize, contents: u8) -> impl Strategy<Value = Tree> {
    let entry = (0..paths, 0..modes, 0..contents);
    prop::collection::vec(entry, 0..8).prop_map(|entries| {
        let mut tree = Tree::new();
        for (path, mode, content) in entries {
            let path = PATHS[path];
            // A tree cannot contain both a file and a path below it.
            let clashes = |other: &&str| {
                other.starts_with(&format!("{path}/")) || path.starts_with(&format!("{other}/"))
            };
            if !tree.keys().any(clashes) {
                tree.insert(path, (MODES[mode], content));
            }
        }
        tree
    })
}

/// A repository and the ids of its blobs, which also serve as targets of gitlinks.
struct Fixture {
    repo: Repo,
    contents: Vec<String>,
}

impl Fixture {
    fn new(format: &[&str]) -> Self {
        let repo = Repo::of_format(format);
        repo.write(".git/stage-guard.toml", "[[rule]]\nid = \"everything\"\nnames = [\"*\"]\n");
        repo.write(".git/some.toml", "[[rule]]\nid = \"some\"\nnames = [\"c\", \"b-*\"]\n");
        let blob = |content: u8| {
            repo.git_with_input(&["hash-object", "-w", "--stdin"], &[content]).success().trim().to_owned()
        };
        let contents = (0..3).map(blob).collect();
        Self { repo, contents }
    }

    fn fill_index(&self, tree: &Tree) {
        self.repo.git("read-tree --empty").success();
        let line = |(path, (mode, content)): (&&str, &(&str, u8))| {
            format!("{mode} {} 0\t{path}\0", self.contents[usize::from(*content)])
        };
        let lines: String = tree.iter().map(line).collect();
        self.repo.git_with_input(&["update-index", "-z", "--index-info"], lines.as_bytes()).success();
    }

    fn commit(&self, tree: &Tree) -> String {
        self.commit_on(tree, &[])
    }

    fn commit_on(&self, tree: &Tree, parents: &[&str]) -> String {
        self.fill_index(tree);
        let tree = self.repo.git("write-tree --missing-ok").success();
        let parents = parents.iter().fold(String::new(), |parents, parent| parents + "-p " + parent + " ");
        self.repo.git(&format!("commit-tree -m tree {parents}{}", tree.trim())).success().trim().to_owned()
    }

    /// Returns the staged changes against all `parents`, as `git diff-index` lists them.
    fn expected(&self, parents: &[&str]) -> Vec<(String, String)> {
        let options = ["--cached", "--ita-invisible-in-index"];
        changed_against_all(parents, |parent| {
            let mut command = self.repo.command("git");
            command.arg("diff-index").args(RAW).args(options).arg(parent);
            command
        })
    }

    /// Returns the changes of a commit against all its parents, as `git diff-tree` lists them.
    fn expected_of_commit(&self, commit: &str, parents: &[&str]) -> Vec<(String, String)> {
        changed_against_all(parents, |parent| {
            let mut command = self.repo.command("git");
            command.args(["diff-tree", "-r"]).args(RAW).args([parent, commit]);
            command
        })
    }

    /// Compares the readers for a staged tree, with one parent and with two.
    fn compare_readers(
        &self,
        [head, other, staged]: &[Tree; 3],
        intended: Option<usize>,
    ) -> Result<(), TestCaseError> {
        let (head, other) = (self.commit(head), self.commit(other));
        self.repo.git(&format!("update-ref HEAD {head}")).success();
        self.fill_index(staged);
        if let Some(path) = intended.map(|at| PATHS[at]).filter(|path| !staged.contains_key(path)) {
            // `git add -N` fails if the path clashes with a staged path.
            self.repo.shell("rm -rf a a-b a.c a0 z ä .claude_sessions").success();
            self.repo.write(path, "x");
            let _ = self.repo.git_args(&["add", "-f", "-N", path]);
        }
        let merge_head = self.repo.path(".git/MERGE_HEAD");
        for index in ["--index-version 2", "--index-version 4", "--split-index", "--no-split-index"] {
            self.repo.git(&format!("update-index {index}")).success();
            self.compare_findings(&[&head], index)?;
            std::fs::write(&merge_head, format!("{other}\n")).unwrap();
            self.compare_findings(&[&head, &other], index)?;
            std::fs::remove_file(&merge_head).unwrap();
        }
        Ok(())
    }

    /// Compares the findings of each reader with git's, for the same index and parents.
    fn compare_findings(&self, parents: &[&str], index: &str) -> Result<(), TestCaseError> {
        let expected = self.expected(parents);
        prop_assert_eq!(findings(&self.repo), expected.clone(), "small, {} {}", index, parents.len());
        let git_alone = self.repo.env("GIT_OBJECT_DIRECTORY", self.repo.path(".git/objects"));
        prop_assert_eq!(findings(&git_alone), expected.clone(), "git, {} {}", index, parents.len());
        let small = self.repo.path(".git/index");
        let large = self.repo.path(".git/large-index");
        std::fs::write(&large, padded(&std::fs::read(&small).unwrap(), self.contents[0].len() / 2)).unwrap();
        let large = self.repo.env("GIT_INDEX_FILE", large);
        prop_assert_eq!(findings(&large), expected, "large, {} {}", index, parents.len());
        Ok(())
    }

    /// Compares the findings with git's where the index has directories in place of files.
    fn compare_collapsed(&self, [head, other, staged]: &[Tree; 3]) -> Result<(), TestCaseError> {
        let (head, other) = (self.commit(head), self.commit(other));
        self.repo.git(&format!("update-ref HEAD {head}")).success();
        self.fill_index(staged);
        let (expected, merged) = (self.expected(&[&head]), self.expected(&[&head, &other]));
        let nested: Vec<&str> = staged.keys().copied().filter(|path| path.contains('/')).collect();
        let options = ["update-index", "--skip-worktree", "-z", "--stdin"];
        self.repo.git_with_input(&options, nested.join("\0").as_bytes()).success();
        self.repo.git("sparse-checkout reapply").success();
        let git_alone = self.repo.env("GIT_OBJECT_DIRECTORY", self.repo.path(".git/objects"));
        prop_assert_eq!(findings(&git_alone), expected.clone(), "git");
        prop_assert_eq!(findings(&self.repo), expected);
        let listed: Vec<_> = staged.keys().map(|path| (*path).to_owned()).collect();
        prop_assert_eq!(self.repo.refused("check --all-files --config .git/stage-guard.toml"), listed);
        let merge_head = self.repo.path(".git/MERGE_HEAD");
        std::fs::write(&merge_head, format!("{other}\n")).unwrap();
        prop_assert_eq!(findings(&git_alone), merged.clone(), "git");
        prop_assert_eq!(findings(&self.repo), merged);
        std::fs::remove_file(&merge_head).unwrap();
        Ok(())
    }

    /// Makes a history and compares its report with the `git diff-tree` of each commit.
    ///
    /// Each commit has up to three of the previous commits as parents.
    fn assert_history_is_read(
        &self,
        commits: &[(Tree, Vec<prop::sample::Index>)],
    ) -> Result<(), TestCaseError> {
        let mut ids: Vec<String> = Vec::new();
        let mut expected = Vec::new();
        let empty = self.commit(&Tree::new());
        for (tree, parents) in commits {
            let mut parents: Vec<&str> = match &ids[..] {
                [] => vec![&empty],
                [.., last] => {
                    let others = parents.iter().map(|parent| parent.get(&ids).as_str());
                    others.chain([last.as_str()]).collect()
                }
            };
            parents.sort_unstable();
            parents.dedup();
            let id = self.commit_on(tree, &parents);
            let found = self
                .expected_of_commit(&id, &parents)
                .into_iter()
                .map(|(path, change)| (id.clone(), path, change));
            expected.extend(found);
            ids.push(id);
        }
        let tip = ids.last().unwrap();
        let reached = self.repo.git(&format!("rev-list {empty}..{tip}")).success();
        expected.retain(|(id, ..)| reached.contains(id.as_str()));
        expected.sort_unstable();
        expected.dedup();
        let arguments = format!("check --range {empty}..{tip} --config .git/stage-guard.toml --format json");
        let report: serde_json::Value = serde_json::from_str(&self.repo.guard(&arguments).out).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let findings = report["findings"].as_array().unwrap().iter();
        let mut found: Vec<(String, String, String)> = findings
            .map(|finding| {
                (text(&finding["commit"]), text(&finding["path"]["text"]), text(&finding["change"]))
            })
            .collect();
        found.sort_unstable();
        prop_assert_eq!(&found, &expected);
        Ok(())
    }
}

/// Returns every staged path with its change, as the guard reports them.
///
/// Asserts that a rule for only some of these paths finds all of them, too.
fn findings(repo: &Repo) -> Vec<(String, String)> {
    let findings = |config| {
        let findings = repo.findings(&format!("--config .git/{config}.toml")).into_iter();
        findings.map(|(path, change, _)| (path, change)).collect::<Vec<_>>()
    };
    let all = findings("stage-guard");
    let is_some = |path: &str| ["a/b/c", "a/b-c", ".claude_sessions/x"].contains(&path);
    let some: Vec<_> = all.iter().filter(|(path, _)| is_some(path)).cloned().collect();
    assert_eq!(findings("some"), some);
    all
}

/// Adds an optional extension that makes an index file too large for libgit2.
///
/// Its checksum is zeros, which are not verified.
fn padded(index: &[u8], id_len: usize) -> Vec<u8> {
    const SIZE: u32 = 2 << 20;
    let padding = vec![0; usize::try_from(SIZE).unwrap()];
    let entries = &index[..index.len() - id_len];
    [entries, b"PADD", &SIZE.to_be_bytes(), &padding, &vec![0; id_len]].concat()
}

/// Returns the changes that all diffs contain. `diff` is the git command for one parent.
fn changed_against_all(parents: &[&str], diff: impl Fn(&str) -> Command) -> Vec<(String, String)> {
    let mut expected: Option<BTreeMap<Vec<u8>, u8>> = None;
    for parent in parents {
        let output = diff(parent).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let fields: Vec<&[u8]> = output.stdout.split(|byte| *byte == 0).collect();
        let mut changes = BTreeMap::new();
        for pair in fields.chunks_exact(2) {
            let letter = *pair[0].last().unwrap();
            if letter != b'D' {
                changes.insert(pair[1].to_vec(), letter);
            }
        }
        expected = Some(match expected {
            None => changes,
            Some(first) => first
                .into_iter()
                .filter_map(|(path, letter)| {
                    let other = *changes.get(&path)?;
                    Some((path, if letter == b'A' { other } else { letter }))
                })
                .collect(),
        });
    }
    let name = |letter| match letter {
        b'A' => "added",
        b'M' => "modified",
        _ => "typechanged",
    };
    let text = |(path, letter)| (String::from_utf8(path).unwrap(), name(letter).to_owned());
    expected.unwrap().into_iter().map(text).collect()
}

fn assert_each_commit_is_read_as_diff_tree_does(format: &[&str], cases: u32) {
    let fixture = Fixture::new(format);
    let mut runner = TestRunner::new(property_of(cases));
    let parents = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let commits = prop::collection::vec((tree_of(6, 2, 2), parents), 1..10);
    runner.run(&commits, |commits| fixture.assert_history_is_read(&commits)).unwrap();
}

#[test]
fn a_history_of_sha_1_is_read_as_diff_tree_does() {
    assert_each_commit_is_read_as_diff_tree_does(&[], 10);
}

#[test]
fn a_history_of_sha_256_is_read_as_diff_tree_does() {
    assert_each_commit_is_read_as_diff_tree_does(&["--object-format=sha256"], 4);
}

fn assert_readers_agree(format: &[&str], cases: u32) {
    let fixture = Fixture::new(format);
    let mut runner = TestRunner::new(property_of(cases));
    let strategy = ([tree(), tree(), tree()], prop::option::of(0..PATHS.len()));
    runner.run(&strategy, |(trees, intended)| fixture.compare_readers(&trees, intended)).unwrap();
}

#[test]
fn readers_agree_on_sha_1() {
    assert_readers_agree(&[], 10);
}

#[test]
fn readers_agree_on_sha_256() {
    assert_readers_agree(&["--object-format=sha256"], 4);
}

#[test]
fn a_sparse_index_is_read_as_a_full_one() {
    assert_sparse_index_is_read(&[], 10);
}

#[test]
fn a_sparse_index_of_sha_256_is_read_as_a_full_one() {
    assert_sparse_index_is_read(&["--object-format=sha256"], 4);
}

fn assert_sparse_index_is_read(format: &[&str], cases: u32) {
    let fixture = Fixture::new(format);
    fixture.repo.git("sparse-checkout init --cone --sparse-index").success();
    let mut runner = TestRunner::new(property_of(cases));
    let strategy = [tree(), tree(), tree()];
    runner.run(&strategy, |trees| fixture.compare_collapsed(&trees)).unwrap();
}

#[test]
fn readers_agree_on_reftable() {
    if Repo::git_is_at_least((2, 45)) {
        assert_readers_agree(&["--ref-format=reftable"], 4);
    } else {
        eprintln!("skipped: git is older than 2.45");
    }
}

/// Files of which each may name others, or be refused. `ROWS` stands for a text with a sign.
const FILES: [(&str, &str); 16] = [
    ("fill.py", "ROWS"),
    ("rows.py", "ROWS import fill"),
    ("backend/fill-all.js", "console.log('\u{2705}') // rows"),
    ("backend/users.sh", "echo '\u{2705}' ./fill-all"),
    ("backend/test_api.py", "import users"),
    ("backend/check_x.py", "ROWS"),
    ("backend/Makefile", "x:\n\tpython test_api.py\n"),
    ("Makefile", "x:\n\tpython backend/check_x.py ROWS\n"),
    ("docs/a.md", "- rows\n- fill\n"),
    ("docs/b", "\0fill-all.js\n"),
    ("FIX_SUMMARY.md", "fill users fill-all rows"),
    ("README.md", "[x](FIX_SUMMARY.md)"),
    ("debug_x.py", "import fill, rows"),
    (".gitignore", "fill-all\n!/backend/test_api.py\n"),
    ("app/x.py", "import users_x, refill"),
    ("ops/\u{202e}\n:(glob)*", "users"),
];

/// Asserts that files are judged the same before an agent writes them, on the disk, in the index,
/// and in a commit.
fn assert_states_agree(repo: &Repo, files: &[usize]) -> Result<(), TestCaseError> {
    repo.shell(
        "git rm -r -q -f --cached --ignore-unmatch . && find . -path ./.git -prune -o -type f -exec rm {} +",
    )
    .success();
    let files = files.iter().map(|file| FILES[*file]);
    let files: BTreeMap<&str, String> =
        files.map(|(path, text)| (path, text.replace("ROWS", "print('\u{2705} all rows')\n"))).collect();
    for (path, text) in &files {
        repo.write(path, text);
    }
    let untracked = repo.refused("check --untracked");
    for (path, text) in &files {
        fs::remove_file(repo.path(path)).unwrap();
        let input = json!({"file_path": path, "content": text});
        let run = repo.agent_event("PreToolUse", &json!({"tool_name": "Write", "tool_input": input}));
        let is_refused = untracked.iter().any(|refused| refused == path);
        prop_assert_eq!(
            (run.out.is_empty(), run.err.as_str()),
            (!is_refused, ""),
            "{} before it is written",
            path
        );
        repo.write(path, text);
    }
    repo.git("add -A").success();
    prop_assert_eq!(repo.refused("check"), untracked.clone(), "staged");
    prop_assert_eq!(repo.refused("check --all-files"), untracked.clone(), "tracked");
    let tree = repo.git("write-tree").success();
    let commit = repo.git(&format!("commit-tree -m x {}", tree.trim())).success();
    prop_assert_eq!(repo.refused(&format!("check --commit {}", commit.trim())), untracked, "commit");
    Ok(())
}

fn assert_all_states_agree(format: &[&str], cases: u32) {
    let repo = Repo::of_format(format);
    let mut runner = TestRunner::new(property_of(cases));
    let files = prop::sample::subsequence((0..FILES.len()).collect::<Vec<_>>(), 1..=FILES.len());
    runner.run(&files, |files| assert_states_agree(&repo, &files)).unwrap();
    assert_states_agree(&repo, &[0, 4]).unwrap();
    assert_eq!(repo.refused("check"), ["backend/test_api.py", "fill.py"]);
}

#[test]
fn files_are_judged_the_same_before_and_after_a_commit() {
    assert_all_states_agree(&[], 6);
}

#[test]
fn files_of_sha_256_are_judged_the_same_before_and_after_a_commit() {
    assert_all_states_agree(&["--object-format=sha256"], 2);
}
