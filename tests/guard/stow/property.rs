//! For arbitrary files, staged in any way, `stow` loses no contents, and the commit passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;

use crate::sandbox::{Repo, make_executable, property_of};

/// What is written to a path.
#[derive(Clone, Copy, Debug)]
enum Content {
    Missing,
    /// A file with one of a few contents, so that some files are equal.
    File(u8),
    Executable(u8),
    Symlink(u8),
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        2 => Just(Content::Missing),
        4 => (0_u8..4).prop_map(Content::File),
        1 => (0_u8..4).prop_map(Content::Executable),
        1 => (0_u8..4).prop_map(Content::Symlink),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let directory = prop_oneof![
        Just(""),
        Just("backend/"),
        Just("scratch/a/"),
        Just(".claude_sessions/debugging/"),
        Just(".claude_sessions/current/"),
        Just(".Claude_Sessions/"),
        Just("lib/"),
    ];
    let name = prop_oneof![
        Just("debug_x.py"),
        Just("debug_x-2.py"),
        Just("test_x.py"),
        Just("main.py"),
        Just("debug_ \n'.py"),
        Just(".claude_sessions"),
    ];
    (directory, name).prop_map(|(directory, name)| format!("{directory}{name}"))
}

fn put(repo: &Repo, path: &str, content: Content) {
    let on_disk = repo.path(path);
    let _ = fs::remove_file(&on_disk);
    // A file that blocks a directory stays, and the other way round.
    if fs::create_dir_all(on_disk.parent().unwrap()).is_err() || on_disk.is_dir() {
        return;
    }
    let text = |number: u8| format!("contents {number}\n");
    match content {
        Content::Missing => {}
        Content::File(number) => fs::write(&on_disk, text(number)).unwrap(),
        Content::Executable(number) => {
            fs::write(&on_disk, text(number)).unwrap();
            make_executable(&on_disk);
        }
        Content::Symlink(number) => symlink(format!("target {number}"), &on_disk).unwrap(),
    }
}

/// Adds the contents of all files in `directory`, each with its type.
fn worktree(directory: &Path, found: &mut BTreeSet<(char, Vec<u8>)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            if !path.ends_with(".git") {
                worktree(&path, found);
            }
        } else {
            file(&path, found);
        }
    }
}

fn file(path: &Path, found: &mut BTreeSet<(char, Vec<u8>)>) {
    let metadata = fs::symlink_metadata(path).unwrap();
    if metadata.is_symlink() {
        found.insert(('l', fs::read_link(path).unwrap().into_os_string().into_encoded_bytes()));
    } else {
        let kind = if metadata.permissions().mode() & 0o100 == 0 { 'f' } else { 'x' };
        found.insert((kind, fs::read(path).unwrap()));
    }
}

fn held_by_git(repo: &Repo, listing: &str) -> BTreeSet<(char, Vec<u8>)> {
    let lines = repo.git(listing).success();
    let held = lines.lines().map(|line| {
        let kind = match &line[..6] {
            "120000" => 'l',
            "100755" => 'x',
            _ => 'f',
        };
        let id = line.split([' ', '\t']).find(|word| word.len() == 40).unwrap();
        (kind, repo.git(&format!("cat-file blob {id}")).out.into_bytes())
    });
    held.collect()
}

fn all(repo: &Repo) -> BTreeSet<(char, Vec<u8>)> {
    let mut all = held_by_git(repo, "ls-files -s");
    worktree(&repo.dir, &mut all);
    all
}

/// Stows `paths`, each with its contents in the commit, the index and the worktree.
fn assert_no_loss(paths: &[(String, [Content; 3])], named: Option<usize>) -> Result<(), TestCaseError> {
    let repo = Repo::new();
    for (at, message) in [(0, "commit"), (1, "index"), (2, "worktree")] {
        for (path, contents) in paths {
            put(&repo, path, contents[at]);
        }
        if at < 2 {
            repo.git("add -A -f").success();
        }
        if at == 0 {
            repo.git_args(&["commit", "-q", "--no-verify", "--allow-empty", "-m", message]).success();
        }
    }
    let before = all(&repo);
    let (index_before, files_before) = (repo.git("ls-files -s").success(), all_files(&repo));
    let head = held_by_git(&repo, "ls-tree -r HEAD");
    let mut arguments = vec!["stow"];
    arguments.extend(named.map(|at| paths[at % paths.len()].0.as_str()));
    let run = repo.guard_args(&arguments);
    // A file or symlink in the place of the session directory is an error.
    let is_done = run.code == 0;
    prop_assert!(is_done || run.code == 2, "{run:?}");
    let after = all(&repo);
    let lost: Vec<_> = before.difference(&after).filter(|content| !head.contains(content)).collect();
    prop_assert!(lost.is_empty(), "{lost:?} {run:?}");
    if !is_done {
        prop_assert_eq!(after, before, "{:?}", run);
    } else if named.is_none() {
        let check = repo.check();
        prop_assert!(check.code == 0 && check.out.is_empty(), "{run:?} {check:?}");
    }
    // A second stow has nothing to do.
    if is_done && named.is_none() {
        let again = repo.guard("stow --format json");
        prop_assert!(again.out.contains("\"stowed\":[]"), "{run:?} {again:?}");
    }
    // The first one can be undone.
    if let Some(undo) = run.out.lines().find_map(|line| line.strip_prefix("undo: ")) {
        let undone = repo.shell(undo);
        prop_assert!(undone.code == 0 && undone.out.starts_with("undone: "), "{run:?} {undone:?}");
        prop_assert_eq!(repo.git("ls-files -s").success(), index_before, "{:?}", run);
        let (mut files, mut files_before) = (all_files(&repo), files_before);
        files.retain(|path, _| files_before.contains_key(path) || !path.contains(".claude_sessions"));
        // A file that stayed in place may have a copy of its staged contents next to it.
        files_before.retain(|path, _| files.contains_key(path) || !path.contains(".claude_sessions"));
        prop_assert_eq!(files, files_before, "{:?}", run);
    }
    Ok(())
}

/// Returns all files and symlinks of the worktree by their paths.
fn all_files(repo: &Repo) -> BTreeMap<String, BTreeSet<(char, Vec<u8>)>> {
    let listed = repo.shell("find . -name .git -prune -o ! -type d -print0").success();
    let paths = listed.split_terminator('\0').map(str::to_owned);
    paths
        .map(|path| {
            let mut found = BTreeSet::new();
            file(&repo.path(&path), &mut found);
            (path, found)
        })
        .collect()
}

proptest! {
    #![proptest_config(property_of(20))]

    #[test]
    fn no_byte_is_lost(
        paths in prop::collection::vec((path(), [content(), content(), content()]), 1..8),
        named in prop::option::weighted(0.3, any::<usize>()),
    ) {
        assert_no_loss(&paths, named)?;
    }
}
