//! The walk over the index file, compared with what git lists.

use std::fs;
use std::io::{self, Read};

use stage_guard::git::{Checksum, IndexSummary, ObjectFormat, RawEntry, Unreadable, walk_index};

use super::sandbox::{Repo, cases};

#[derive(Debug, Eq, PartialEq)]
struct Entry {
    mode: u32,
    id: String,
    path: Vec<u8>,
    is_unmerged: bool,
    is_off_disk: bool,
}

/// Returns the entries that `git ls-files` lists.
fn listed_entries(repo: &Repo) -> Vec<Entry> {
    let output = repo.command("git").args(["ls-files", "-s", "-t", "-z"]).output().unwrap().stdout;
    let lines = output.split(|byte| *byte == 0).filter(|line| !line.is_empty());
    let entries = lines.map(|line| {
        let tab = line.iter().position(|byte| *byte == b'\t').unwrap();
        let fields: Vec<&str> = str::from_utf8(&line[..tab]).unwrap().split(' ').collect();
        Entry {
            is_off_disk: fields[0] == "S",
            mode: u32::from_str_radix(fields[1], 8).unwrap(),
            id: fields[2].to_owned(),
            is_unmerged: fields[3] != "0",
            path: line[tab + 1..].to_owned(),
        }
    });
    entries.collect()
}

/// Returns the entries that the walk visits, and its summary.
fn walked_entries(index: impl Read, format: ObjectFormat) -> Result<(Vec<Entry>, IndexSummary), Unreadable> {
    let mut entries = Vec::new();
    let summary = walk_index(index, format, Checksum::Verify, |entry: RawEntry| {
        entries.push(Entry {
            mode: entry.mode,
            id: hex(entry.id),
            path: entry.path.to_vec(),
            is_unmerged: entry.is_unmerged(),
            is_off_disk: entry.is_off_disk(),
        });
    })?;
    assert_eq!(summary.entries, entries.len());
    Ok((entries, summary))
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Returns input for `git update-index -z --index-info`.
fn index_info<'p>(id: &str, paths: impl IntoIterator<Item = &'p str>) -> String {
    paths.into_iter().map(|path| format!("100644 {id} 0\t{path}\0")).collect::<Vec<_>>().concat()
}

/// Reads one byte at a time, as a pipe may.
struct Dripping<'b>(&'b [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

/// Makes a repository with index entries of every kind.
fn repo_with_all_kinds(format: &[&str]) -> Repo {
    let repo = Repo::of_format(format);
    let id = repo.git("rev-parse HEAD:README.md").success();
    let id = id.trim();
    let long = "long/".repeat(815) + "name";
    let longest = "x".repeat(4095);
    let paths = ["a", "a-b", "a/b", "a/b/c.py", "ä/\u{202e}", "with\nnewline", &long, &longest, "zz"];
    let others = [("120000", 0, "link"), ("100755", 0, "run"), ("160000", 0, "module")];
    let unmerged = [1, 2, 3].map(|stage| ("100644", stage, "unmerged"));
    let others = others.into_iter().chain(unmerged);
    let others = others.map(|(mode, stage, path)| format!("{mode} {id} {stage}\t{path}\0"));
    let lines = index_info(id, paths) + &others.collect::<Vec<_>>().concat();
    repo.git_with_input(&["update-index", "-z", "--index-info"], lines.as_bytes()).success();
    repo.git("update-index --skip-worktree zz").success();
    repo.write("intended", "x").git_args(&["add", "-N", "intended"]).success();
    repo
}

const FORMATS: [(&[&str], ObjectFormat); 2] =
    [(&[], ObjectFormat::Sha1), (&["--object-format=sha256"], ObjectFormat::Sha256)];

#[test]
fn walk_visits_what_git_lists() {
    for (init, format) in FORMATS {
        let repo = repo_with_all_kinds(init);
        for form in ["--index-version 2", "--index-version 4", "--untracked-cache", "--index-version 3"] {
            repo.git(&format!("update-index {form}")).success();
            let index = fs::read(repo.path(".git/index")).unwrap();
            let (entries, summary) = walked_entries(&index[..], format).unwrap();
            assert_eq!(entries, listed_entries(&repo), "{form}");
            assert!(entries.iter().any(|entry| entry.is_off_disk) && !summary.is_changed_by_extension);
            assert_eq!(walked_entries(Dripping(&index), format).unwrap().0, entries);
        }
    }
}

#[test]
fn walk_reports_an_extension_that_changes_the_entries() {
    for (init, format) in FORMATS {
        let repo = Repo::of_format(init);
        repo.stage("a/b.py").git("update-index --split-index").success();
        let index = fs::read(repo.path(".git/index")).unwrap();
        let (_, summary) = walked_entries(&index[..], format).unwrap();
        assert!(summary.is_changed_by_extension);
        assert!(repo.path(format!(".git/sharedindex.{}", summary.shared.unwrap())).exists());
    }
}

#[test]
fn walk_rejects_truncated_and_changed_files() {
    for (init, format) in FORMATS {
        let repo = Repo::of_format(init);
        repo.stage("a/b.py").stage("a/c.py");
        for version in [2, 4] {
            repo.git(&format!("update-index --index-version {version}")).success();
            let whole = fs::read(repo.path(".git/index")).unwrap();
            for length in 0..whole.len() {
                assert!(walked_entries(&whole[..length], format).is_err(), "cut at {length}");
                let mut flipped = whole.clone();
                flipped[length] ^= 1;
                assert!(walked_entries(&flipped[..], format).is_err(), "flipped at {length}");
            }
            let more = [&whole[..], b"x"].concat();
            assert!(walked_entries(&more[..], format).is_err());
        }
    }
}

/// Makes a repository whose index is larger than a chunk and too large for libgit2.
fn repo_with_large_index(index: &str) -> Repo {
    let repo = Repo::new();
    let id = repo.git("rev-parse HEAD:README.md").success();
    let path = |at: usize| format!("packages/p{:03}/src/module_{at}/service.ts", at / 100);
    let paths: Vec<String> = (0..60_000).map(path).collect();
    let lines = index_info(id.trim(), paths.iter().map(String::as_str));
    repo.git_with_input(&["update-index", "-z", "--index-info"], lines.as_bytes()).success();
    repo.git("commit -q --no-verify -m large").success();
    repo.git(&format!("update-index {index}")).success();
    repo
}

#[test]
fn a_large_index_is_checked_like_a_small_one() {
    for index in ["--index-version 2", "--index-version 4"] {
        let repo = repo_with_large_index(index);
        repo.check().silent();
        repo.guard("check --all-files").silent();
        for path in
            ["debug_x.py", "packages/debug_y.py", "zz/debug_z.py", "zz/test_a.py", "zz/test_b.py", "zz/b.py"]
        {
            repo.stage(path);
        }
        repo.check().refuses(&["debug_x.py"]);
        repo.stage("packages/package.json").stage("zz/go.mod");
        let refused = ["debug_x.py", "packages/debug_y.py", "zz/debug_z.py", "zz/test_a.py"];
        for command in ["", "check --all-files", "hook pre-commit"] {
            repo.guard(command).refuses(&refused);
        }
        repo.git("commit -q --no-verify -m refused").success();
        repo.check().silent();
        repo.guard("check --all-files").refuses(&refused);
        let whole = fs::read(repo.path(".git/index")).unwrap();
        fs::write(repo.path(".git/index"), &whole[..whole.len() / 2]).unwrap();
        repo.check().fails_with(".git/index");
        repo.guard("check --all-files").fails_with(".git/index");
    }
}

#[test]
fn a_configuration_off_the_disk_applies_to_a_large_index() {
    let repo = repo_with_large_index("--index-version 4");
    repo.write(".stage-guard.toml", "[[rule]]\nid = \"mine\"\nnames = [\"mine*\"]\n");
    repo.git_args(&["add", ".stage-guard.toml"]).success();
    repo.git("update-index --skip-worktree .stage-guard.toml").success();
    fs::remove_file(repo.path(".stage-guard.toml")).unwrap();
    repo.stage("a/mine.py");
    repo.check().refuses(&["a/mine.py"]);
}

#[test]
fn an_unmerged_path_is_counted_once() {
    let repo = repo_with_all_kinds(&[]);
    let report: serde_json::Value =
        serde_json::from_str(&repo.guard("check --all-files --format json").out).unwrap();
    let paths = repo.git("ls-files -z").success();
    let mut paths: Vec<&str> = paths.split('\0').filter(|path| !path.is_empty()).collect();
    paths.dedup();
    assert_eq!(report["checked"], paths.len());
}

/// Asserts that `git add -N` is neither a reason to allow the test next to it, nor refused itself.
fn assert_intent_to_add_counts_for_nothing(repo: &Repo) {
    repo.stage("services/test_api.py").write("services/api.py", "").write("debug_x.py", "");
    repo.git("add -N services/api.py debug_x.py").success();
    for command in ["", "check --all-files", "hook pre-commit"] {
        repo.guard(command).refuses(&["services/test_api.py"]);
    }
    repo.guard("explain services/test_api.py").code(1);
    repo.git("add services/api.py").success();
    for command in ["", "check --all-files", "hook pre-commit", "explain services/test_api.py"] {
        repo.guard(command).code(0);
    }
}

cases! { assert_intent_to_add_counts_for_nothing:
    intent_to_add_counts_for_nothing(&Repo::new());
    intent_to_add_counts_for_nothing_in_a_split_index(&split());
    intent_to_add_counts_for_nothing_in_sha_256(&Repo::of_format(&["--object-format=sha256"]));
    intent_to_add_counts_for_nothing_in_a_large_index(&repo_with_large_index("--index-version 4"));
}

fn split() -> Repo {
    let repo = Repo::new();
    repo.git("config core.splitIndex true").success();
    repo.git("update-index --split-index").success();
    repo
}
