//! The file of the index, walked without libgit2 and git, and held against what they say.

use std::fs;
use std::io::{self, Read};

use stage_guard::git::{Checksum, RawEntry, Unreadable, Walked, walk_index};

use super::sandbox::Repo;

/// An entry as `git ls-files -s` and `-t` tell it.
#[derive(Debug, Eq, PartialEq)]
struct Told {
    mode: u32,
    id: String,
    path: Vec<u8>,
    is_unmerged: bool,
    is_off_disk: bool,
}

fn told_by_git(repo: &Repo) -> Vec<Told> {
    let output = repo.command("git").args(["ls-files", "-s", "-t", "-z"]).output().unwrap().stdout;
    let lines = output.split(|byte| *byte == 0).filter(|line| !line.is_empty());
    let told = lines.map(|line| {
        let tab = line.iter().position(|byte| *byte == b'\t').unwrap();
        let fields: Vec<&str> = str::from_utf8(&line[..tab]).unwrap().split(' ').collect();
        Told {
            is_off_disk: fields[0] == "S",
            mode: u32::from_str_radix(fields[1], 8).unwrap(),
            id: fields[2].to_owned(),
            is_unmerged: fields[3] != "0",
            path: line[tab + 1..].to_owned(),
        }
    });
    told.collect()
}

fn told_by_the_walk(index: impl Read, id_len: usize) -> Result<(Vec<Told>, Walked), Unreadable> {
    let mut told = Vec::new();
    let walked = walk_index(index, id_len, Checksum::Verified, |entry: RawEntry| {
        told.push(Told {
            mode: entry.mode,
            id: hexadecimal(entry.id),
            path: entry.path.to_vec(),
            is_unmerged: entry.is_unmerged(),
            is_off_disk: entry.is_off_disk(),
        });
    })?;
    assert_eq!(walked.entries, told.len());
    Ok((told, walked))
}

fn hexadecimal(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Lines for `git update-index --index-info`.
fn lines<'p>(id: &str, paths: impl IntoIterator<Item = &'p str>) -> String {
    paths.into_iter().map(|path| format!("100644 {id} 0\t{path}\0")).collect::<Vec<_>>().concat()
}

/// A byte at a time, as a pipe may give them.
struct Dripping<'b>(&'b [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

/// A repository with entries of every kind.
fn with_all_kinds(format: &[&str]) -> Repo {
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
    let lines = lines(id, paths) + &others.collect::<Vec<_>>().concat();
    repo.git_with_input(&["update-index", "-z", "--index-info"], lines.as_bytes()).success();
    repo.git("update-index --skip-worktree zz").success();
    repo.write("intended", "x").git_args(&["add", "-N", "intended"]).success();
    repo
}

const FORMATS: [(&[&str], usize); 2] = [(&[], 20), (&["--object-format=sha256"], 32)];

#[test]
fn the_walk_reads_what_git_lists() {
    for (format, id_len) in FORMATS {
        let repo = with_all_kinds(format);
        for form in ["--index-version 2", "--index-version 4", "--untracked-cache", "--index-version 3"] {
            repo.git(&format!("update-index {form}")).success();
            let index = fs::read(repo.path(".git/index")).unwrap();
            let (told, walked) = told_by_the_walk(&index[..], id_len).unwrap();
            assert_eq!(told, told_by_git(&repo), "{form}");
            assert!(walked.has_off_disk && !walked.is_changed_by_extension);
            assert_eq!(told_by_the_walk(Dripping(&index), id_len).unwrap().0, told);
        }
    }
}

#[test]
fn an_extension_that_changes_the_entries_is_told() {
    for (format, id_len) in FORMATS {
        let repo = Repo::of_format(format);
        repo.stage("a/b.py").git("update-index --split-index").success();
        let index = fs::read(repo.path(".git/index")).unwrap();
        let (_, walked) = told_by_the_walk(&index[..], id_len).unwrap();
        assert!(walked.is_changed_by_extension);
        assert!(repo.path(format!(".git/sharedindex.{}", walked.shared.unwrap())).exists());
    }
}

#[test]
fn what_is_not_whole_is_not_walked() {
    for (format, id_len) in FORMATS {
        let repo = Repo::of_format(format);
        repo.stage("a/b.py").stage("a/c.py");
        for version in [2, 4] {
            repo.git(&format!("update-index --index-version {version}")).success();
            let whole = fs::read(repo.path(".git/index")).unwrap();
            for length in 0..whole.len() {
                assert!(told_by_the_walk(&whole[..length], id_len).is_err(), "cut at {length}");
                let mut flipped = whole.clone();
                flipped[length] ^= 1;
                assert!(told_by_the_walk(&flipped[..], id_len).is_err(), "flipped at {length}");
            }
            let more = [&whole[..], b"x"].concat();
            assert!(told_by_the_walk(&more[..], id_len).is_err());
        }
    }
}

/// A repository with as many entries as take more than one piece to read, and are more than
/// libgit2 is asked about.
fn large(index: &str) -> Repo {
    let repo = Repo::new();
    let id = repo.git("rev-parse HEAD:README.md").success();
    let path = |at: usize| format!("packages/p{:03}/src/module_{at}/service.ts", at / 100);
    let paths: Vec<String> = (0..60_000).map(path).collect();
    let lines = lines(id.trim(), paths.iter().map(String::as_str));
    repo.git_with_input(&["update-index", "-z", "--index-info"], lines.as_bytes()).success();
    repo.git("commit -q --no-verify -m large").success();
    repo.git(&format!("update-index {index}")).success();
    repo
}

#[test]
fn a_large_index_is_judged_like_a_small_one() {
    for index in ["--index-version 2", "--index-version 4"] {
        let repo = large(index);
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
fn a_configuration_off_the_disk_counts_in_a_large_index() {
    let repo = large("--index-version 4");
    repo.write(".stage-guard.toml", "[[rule]]\nid = \"mine\"\nnames = [\"mine*\"]\n");
    repo.git_args(&["add", ".stage-guard.toml"]).success();
    repo.git("update-index --skip-worktree .stage-guard.toml").success();
    fs::remove_file(repo.path(".stage-guard.toml")).unwrap();
    repo.stage("a/mine.py");
    repo.check().refuses(&["a/mine.py"]);
}

#[test]
fn an_unmerged_path_is_counted_once() {
    let repo = with_all_kinds(&[]);
    let report: serde_json::Value =
        serde_json::from_str(&repo.guard("check --all-files --format json").out).unwrap();
    let paths = repo.git("ls-files -z").success();
    let mut paths: Vec<&str> = paths.split('\0').filter(|path| !path.is_empty()).collect();
    paths.dedup();
    assert_eq!(report["checked"], paths.len());
}
