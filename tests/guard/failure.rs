//! What cannot be checked is never taken for clean: exit 2, the cause, and what
//! to do.

use std::fs;

use super::sandbox::{BINARY, Repo};

const NOTE: &str = ".claude_sessions/current/x.py";

#[test]
fn there_is_no_repository() {
    let place = Repo::uncreated();
    fs::create_dir(&place.dir).unwrap();
    for command in ["", "check --all-files", "explain x", "rules", "install", "hook pre-commit"] {
        place.guard(command).fails_with("not in a git repository");
    }
}

#[test]
fn a_bare_repository_has_no_index() {
    let place = Repo::uncreated();
    fs::create_dir(&place.dir).unwrap();
    place.git("init -q --bare").success();
    place.check().fails_with("repo` is a bare repository");
    place.git("config core.repositoryFormatVersion 1").success();
    place.git("config extensions.partialClone origin").success();
    place.check().fails_with("bare");
}

#[test]
fn a_bare_repository_with_a_worktree_of_the_environment_is_none() {
    let repo = Repo::new();
    let bare = repo.sibling("bare.git");
    repo.git("clone -q --bare . ../bare.git").success();
    let worktree = repo.env("GIT_DIR", &bare.dir).env("GIT_WORK_TREE", &repo.dir);
    worktree.git("read-tree HEAD").success();
    worktree.stage(NOTE).check().refuses(&[NOTE]).code(1);
}

#[test]
fn the_current_directory_is_inside_the_git_directory() {
    for format in [&[][..], &["--object-format=sha256"]] {
        let repo = Repo::of_format(format);
        repo.stage(NOTE);
        let run = repo.in_dir(".git/info").check();
        // libgit2 knows the worktree from there; git does not.
        assert!(run.code == 1 || run.code == 2 && run.err.contains("inside a git directory"), "{run:?}");
    }
}

#[test]
fn the_directory_is_not_there() {
    Repo::new().guard("-C nowhere").fails_with("`nowhere`");
}

#[test]
fn an_index_that_is_cut_short_anywhere() {
    for preparation in ["--index-version 2", "--index-version 4", "--split-index"] {
        let repo = Repo::new();
        for number in 0..12 {
            repo.stage(format!("src/file-{number}.py"));
        }
        repo.git(&format!("update-index {preparation}")).success();
        let index = repo.path(".git/index");
        let whole = fs::read(&index).unwrap();
        for length in (0..whole.len()).step_by(3) {
            fs::write(&index, &whole[..length]).unwrap();
            repo.check().fails_with(".git/index");
        }
    }
}

#[test]
fn a_shared_index_that_is_cut_short_or_gone() {
    let repo = Repo::new();
    repo.stage("src/a.py").git("update-index --split-index").success();
    let name = repo.shell("ls .git/sharedindex.*").success();
    let shared = repo.path(name.trim());
    let whole = fs::read(&shared).unwrap();
    fs::write(&shared, &whole[..whole.len() / 2]).unwrap();
    repo.check().fails_with("sharedindex");
    fs::remove_file(&shared).unwrap();
    let run = repo.check();
    assert!(run.code == 2 && run.out.is_empty(), "{run:?}");
}

#[test]
fn an_index_of_another_kind() {
    let repo = Repo::new();
    for bytes in [&b""[..], b"DIRC", b"not an index at all, but longer than a header is", &[0; 4096]] {
        fs::write(repo.path(".git/index"), bytes).unwrap();
        repo.check().fails_with(".git/index");
        repo.guard("check --all-files").fails_with(".git/index");
    }
    fs::remove_file(repo.path(".git/index")).unwrap();
    fs::create_dir(repo.path(".git/index")).unwrap();
    repo.check().fails_with(".git/index");
}

#[test]
fn an_index_with_a_flipped_bit() {
    for repo in [Repo::new(), Repo::of_format(&["--object-format=sha256"])] {
        let index = repo.path(".git/index");
        let whole = fs::read(&index).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&index, bytes).unwrap();
            repo.check().fails_with(".git/index");
        }
    }
}

#[test]
fn an_index_from_the_future() {
    let repo = Repo::new();
    let index = repo.path(".git/index");
    let mut bytes = fs::read(&index).unwrap();
    bytes[7] = 9;
    fs::write(&index, bytes).unwrap();
    repo.check().fails_with(".git/index");
}

#[test]
fn a_repository_from_the_future() {
    let repo = Repo::new();
    repo.git("config core.repositoryFormatVersion 1").success();
    repo.git("config extensions.unheardOf true").success();
    repo.check().fails_with("unheardof");
}

#[test]
fn a_head_whose_commit_is_missing() {
    for split in [false, true] {
        let repo = Repo::new();
        repo.stage(NOTE);
        if split {
            repo.git("update-index --split-index").success();
        }
        let head = repo.git("rev-parse HEAD").success();
        let (directory, file) = head.trim().split_at(2);
        fs::remove_file(repo.path(format!(".git/objects/{directory}/{file}"))).unwrap();
        repo.check().fails_with("HEAD");
        assert_ne!(repo.commit().code, 0);
    }
}

#[test]
fn a_head_that_names_nothing() {
    for split in [false, true] {
        let repo = Repo::new();
        repo.stage(NOTE);
        if split {
            repo.git("update-index --split-index").success();
        }
        repo.write(".git/refs/heads/main", "nonsense\n");
        repo.check().fails_with("HEAD");
    }
}

#[test]
fn a_tree_that_is_missing() {
    let repo = Repo::new();
    repo.commit_unchecked(&["backend/test_old.py"]).stage("backend/test_new.py");
    let tree = repo.git("rev-parse HEAD:backend").success();
    let (directory, file) = tree.trim().split_at(2);
    fs::remove_file(repo.path(format!(".git/objects/{directory}/{file}"))).unwrap();
    repo.check().fails_with("backend/test_new.py");
    repo.git("update-index --split-index").success();
    repo.check().fails_with("HEAD");
}

#[test]
fn a_repository_that_belongs_to_somebody_else() {
    let repo = Repo::new();
    if repo.shell("id -u").success().trim() != "0" {
        eprintln!("skipped: only root can give a file away");
        return;
    }
    repo.stage(NOTE);
    repo.shell("chown -R 12345 .").success();
    repo.check().fails_with("safe.directory");
    // libgit2 does not see this setting; git does.
    let trusted = repo.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory");
    trusted.env("GIT_CONFIG_VALUE_0", "*").check().refuses(&[NOTE]).code(1);
}

#[test]
fn git_itself_is_missing() {
    let repo = Repo::new();
    repo.stage(NOTE);
    repo.env("PATH", "/nowhere").check().refuses(&[NOTE]).code(1);
    repo.git("update-index --split-index").success();
    repo.env("PATH", "/nowhere").check().fails_with("could not run `git`");
}

#[test]
fn a_full_disk_for_the_report() {
    let repo = Repo::new();
    repo.stage(NOTE);
    let run = repo.shell(&format!("{BINARY} > /dev/full"));
    assert!(run.code == 2 && run.err.contains("could not print"), "{run:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let repo = Repo::new();
    repo.stage(NOTE);
    let run = repo.shell(&format!("{BINARY} | true; echo ${{PIPESTATUS[0]}}"));
    assert_eq!((run.out.as_str(), run.err.as_str()), ("1\n", ""));
}

#[test]
fn no_output_at_all_is_no_reason_to_panic() {
    let repo = Repo::new();
    repo.stage(NOTE);
    repo.shell(&format!("{BINARY} >&- 2>&-; test $? -ne 0")).success();
    repo.shell(&format!("{BINARY} --bad >&- 2>&-; test $? -eq 2")).success();
    repo.shell(&format!("{BINARY} --help >&- 2>&-; test $? -ne 101")).success();
}

/// libgit2 would read such an object for ever.
#[test]
fn an_object_that_is_cut_short_is_told_in_the_end() {
    let repo = Repo::new();
    repo.git("config gc.auto 0").success();
    repo.stage("backend/a.py").commit().silent();
    let tree = repo.git("rev-parse HEAD^{tree}").success();
    let file = format!(".git/objects/{}/{}", &tree[..2], tree[2..].trim());
    repo.shell(&format!("chmod u+w {file} && truncate -s -6 {file}")).success();
    repo.stage("debug_x.py");
    std::thread::scope(|scope| {
        for arguments in ["check --commit HEAD", "hook pre-commit"] {
            let repo = (repo.dir.clone(), arguments);
            scope.spawn(move || {
                let mut guard = std::process::Command::new(super::sandbox::BINARY);
                guard.current_dir(repo.0).args(repo.1.split_whitespace());
                let output = guard.output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(output.status.code(), Some(2), "{arguments}: {said}");
                assert!(output.stdout.is_empty() && said.contains("git fsck"), "{arguments}: {said}");
            });
        }
    });
}
