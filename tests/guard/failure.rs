//! Checks that cannot be completed: exit code 2, and a message that names the cause.

use std::fs;

use super::sandbox::{BINARY, Repo};

const NOTE: &str = ".claude_sessions/current/x.py";

#[test]
fn commands_fail_without_a_repository() {
    let repo = Repo::uncreated();
    fs::create_dir(&repo.dir).unwrap();
    for command in ["", "check --all-files", "explain x", "rules", "install", "hook pre-commit"] {
        repo.guard(command).fails_with("not in a git repository");
    }
}

#[test]
fn a_bare_repository_fails() {
    let repo = Repo::uncreated();
    fs::create_dir(&repo.dir).unwrap();
    repo.git("init -q --bare").success();
    repo.check().fails_with("repo` is a bare repository");
    repo.git("config core.repositoryFormatVersion 1").success();
    repo.git("config extensions.partialClone origin").success();
    repo.check().fails_with("bare");
}

#[test]
fn a_bare_repository_with_a_worktree_in_the_environment_is_checked() {
    let repo = Repo::new();
    let bare = repo.sibling("bare.git");
    repo.git("clone -q --bare . ../bare.git").success();
    let worktree = repo.env("GIT_DIR", &bare.dir).env("GIT_WORK_TREE", &repo.dir);
    worktree.git("read-tree HEAD").success();
    worktree.stage(NOTE).check().refuses(&[NOTE]).code(1);
}

#[test]
fn inside_the_git_directory_the_check_refuses_or_fails() {
    for format in [&[][..], &["--object-format=sha256"]] {
        let repo = Repo::of_format(format);
        repo.stage(NOTE);
        let run = repo.in_dir(".git/info").check();
        // libgit2 finds the worktree from here; git does not.
        assert!(run.code == 1 || run.code == 2 && run.err.contains("inside a git directory"), "{run:?}");
    }
}

#[test]
fn a_missing_directory_fails() {
    Repo::new().guard("-C nowhere").fails_with("`nowhere`");
}

#[test]
fn an_index_truncated_anywhere_fails() {
    for preparation in ["--index-version 2", "--index-version 4", "--split-index"] {
        let repo = Repo::new();
        for number in 0..12 {
            repo.stage(format!("src/file-{number}.py"));
        }
        repo.git(&format!("update-index {preparation}")).success();
        let index = repo.path(".git/index");
        let content = fs::read(&index).unwrap();
        for length in (0..content.len()).step_by(3) {
            fs::write(&index, &content[..length]).unwrap();
            repo.check().fails_with(".git/index");
        }
    }
}

#[test]
fn a_truncated_or_missing_shared_index_fails() {
    let repo = Repo::new();
    repo.stage("src/a.py").git("update-index --split-index").success();
    let name = repo.shell("ls .git/sharedindex.*").success();
    let shared = repo.path(name.trim());
    let content = fs::read(&shared).unwrap();
    fs::write(&shared, &content[..content.len() / 2]).unwrap();
    repo.check().fails_with("sharedindex");
    fs::remove_file(&shared).unwrap();
    let run = repo.check();
    assert!(run.code == 2 && run.out.is_empty(), "{run:?}");
}

#[test]
fn an_index_of_other_content_fails() {
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
fn an_index_with_a_flipped_bit_fails() {
    for repo in [Repo::new(), Repo::of_format(&["--object-format=sha256"])] {
        let index = repo.path(".git/index");
        let content = fs::read(&index).unwrap();
        for position in 0..content.len() {
            let mut bytes = content.clone();
            bytes[position] ^= 1;
            fs::write(&index, bytes).unwrap();
            repo.check().fails_with(".git/index");
        }
    }
}

#[test]
fn an_unknown_index_version_fails() {
    let repo = Repo::new();
    let index = repo.path(".git/index");
    let mut bytes = fs::read(&index).unwrap();
    bytes[7] = 9;
    fs::write(&index, bytes).unwrap();
    repo.check().fails_with(".git/index");
}

#[test]
fn an_unknown_extension_fails() {
    let repo = Repo::new();
    repo.git("config core.repositoryFormatVersion 1").success();
    repo.git("config extensions.unheardOf true").success();
    repo.check().fails_with("unheardof");
}

#[test]
fn a_missing_head_commit_fails() {
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
fn an_invalid_ref_in_head_fails() {
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
fn a_missing_tree_fails() {
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
fn a_repository_of_another_user_fails() {
    let repo = Repo::new();
    if repo.shell("id -u").success().trim() != "0" {
        eprintln!("skipped: only root can change the owner of a file");
        return;
    }
    repo.stage(NOTE);
    repo.shell("chown -R 12345 .").success();
    repo.check().fails_with("safe.directory");
    // libgit2 does not read this setting from the environment; git does.
    let trusted = repo.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory");
    trusted.env("GIT_CONFIG_VALUE_0", "*").check().refuses(&[NOTE]).code(1);
}

#[test]
fn a_repository_that_git_does_not_recognise_fails() {
    let repo = Repo::new();
    if repo.shell("id -u").success().trim() == "0" {
        eprintln!("skipped: root may enter each directory");
        return;
    }
    for directory in ["objects", "refs"] {
        repo.shell(&format!("chmod 600 .git/{directory}")).success();
        for command in ["check", "check --all-files"] {
            repo.guard(command).fails_with("not in a git repository");
        }
        repo.shell(&format!("chmod 700 .git/{directory}")).success();
    }
}

#[test]
fn a_missing_git_fails_only_if_it_is_needed() {
    let repo = Repo::new();
    repo.stage(NOTE);
    repo.env("PATH", "/nowhere").check().refuses(&[NOTE]).code(1);
    repo.git("update-index --split-index").success();
    repo.env("PATH", "/nowhere").check().fails_with("cannot run `git`");
}

#[test]
fn many_warnings_of_git_do_not_block_the_check() {
    let repo = Repo::new();
    repo.stage(NOTE).git("update-index --split-index").success();
    let path = std::env::var("PATH").unwrap();
    let git = format!("#!/bin/sh\nseq -f 'warning: %.0f' 20000 >&2\nPATH={path} exec git \"$@\"\n");
    let bin = repo.sibling("bin");
    bin.program("git", &git);
    let repo = repo.env("PATH", format!("{}:{path}", bin.dir.display()));
    let run = repo.shell(&format!("timeout -k 1 20 {BINARY}"));
    run.refuses(&[NOTE]).code(1);
    repo.shell(&format!("timeout -k 1 20 {BINARY} check --all-files")).code(1);
}

#[test]
fn a_report_that_cannot_be_written_fails() {
    let repo = Repo::new();
    repo.stage(NOTE);
    let run = repo.shell(&format!("{BINARY} > /dev/full"));
    assert!(run.code == 2 && run.err.contains("cannot print the report"), "{run:?}");
}

#[test]
fn a_closed_pipe_keeps_the_exit_code() {
    let repo = Repo::new();
    repo.stage(NOTE);
    let run = repo.shell(&format!("{{ {BINARY}; echo $? >../code; }} | true; cat ../code"));
    assert_eq!((run.out.as_str(), run.err.as_str()), ("1\n", ""));
}

#[test]
fn closed_outputs_do_not_panic() {
    let repo = Repo::new();
    repo.stage(NOTE);
    repo.shell(&format!("{BINARY} >&- 2>&-; test $? -ne 0")).success();
    repo.shell(&format!("{BINARY} --bad >&- 2>&-; test $? -eq 2")).success();
    repo.shell(&format!("{BINARY} --help >&- 2>&-; test $? -ne 101")).success();
}

/// libgit2 loops forever on such an object.
#[test]
fn a_truncated_object_fails_after_a_time_limit() {
    let repo = Repo::new();
    repo.git("config gc.auto 0").success();
    repo.stage("backend/a.py").commit().silent();
    let tree = repo.git("rev-parse HEAD^{tree}").success();
    let file = format!(".git/objects/{}/{}", &tree[..2], tree[2..].trim());
    repo.shell(&format!("chmod u+w {file} && truncate -s -6 {file}")).success();
    repo.stage("debug_x.py");
    std::thread::scope(|scope| {
        for arguments in ["check --commit HEAD", "hook pre-commit"] {
            let directory = repo.dir.clone();
            scope.spawn(move || {
                let mut guard = std::process::Command::new(BINARY);
                guard.current_dir(directory).args(arguments.split_whitespace());
                let output = guard.output().unwrap();
                let error = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(output.status.code(), Some(2), "{arguments}: {error}");
                assert!(output.stdout.is_empty() && error.contains("git fsck"), "{arguments}: {error}");
            });
        }
    });
}

#[test]
fn a_fifo_is_an_error_and_not_a_wait() {
    for (file, command) in [
        (".git/MERGE_HEAD", "check"),
        (".git/index", "check"),
        (".stage-guard.toml", "check"),
        (".stage-guard.toml", "rules"),
        ("x.toml", "check --config x.toml"),
        (".gitignore", "check --untracked"),
        (".gitignore", "init"),
        (".gitignore", "stow"),
        (".git/info/exclude", "init --exclude"),
        (".git/info/exclude", "check --untracked"),
        ("ignore", "init"),
        ("ignore", "stow"),
        ("ignore", "stow --undo"),
        ("ignore", "check --untracked"),
        ("home/git/ignore", "init"),
        ("deep/.gitignore", "stow deep"),
        (".gitattributes", "stow"),
        ("deep/.gitattributes", "stow deep/debug_x.py"),
        (".git/info/attributes", "stow"),
        ("attributes", "stow"),
        ("home/git/attributes", "stow"),
        (".claude/settings.json", "install --agent=claude"),
    ] {
        let repo = Repo::new();
        let repo = repo.env("XDG_CONFIG_HOME", repo.path("home"));
        repo.stage("debug_x.py").stage("deep/debug_x.py").write(".claude/x", "").write("home/git/x", "");
        if !file.starts_with("home/") {
            repo.git("config core.excludesFile ignore").success();
            repo.git("config core.attributesFile attributes").success();
        }
        repo.shell(&format!("rm -f {file}; mkfifo {file}")).success();
        let run = repo.shell(&format!("timeout 20 {BINARY} {command} </dev/null"));
        assert!(run.code == 2 && run.err.contains("not a regular file"), "{file}, {command}: {run:?}");
    }
    let repo = Repo::new();
    repo.write("included", "[core]\n\texcludesFile = pipe\n")
        .git("config include.path ../included")
        .success();
    let run = repo.shell(&format!("mkfifo pipe; timeout 20 {BINARY} check --untracked"));
    assert!(run.code == 2 && run.err.contains("not a regular file"), "{run:?}");
    let repo = Repo::new();
    repo.stage("kept.py").commit().silent();
    repo.stage("debug_x.py");
    let tree = repo.git("rev-parse HEAD^{tree}").success();
    let object = format!("objects/{}/{}", &tree[..2], tree[2..].trim());
    // libgit2 waits at these, for a limited time.
    for file in ["shallow", "objects/info/alternates", &object] {
        let repo = repo.copy();
        repo.shell(&format!("cd .git; mkdir -p info; rm -f {file}; mkfifo {file}")).success();
        let run = repo.shell(&format!("timeout 20 {BINARY} check"));
        assert!(run.code == 2 && run.out.is_empty() && run.err.contains("gives no data"), "{file}: {run:?}");
    }
    let repo = Repo::new();
    for file in
        ["sequencer/todo", "rebase-merge/done", "commondir", "HEAD", "config", "packed-refs", "shallow"]
    {
        let repo = repo.copy();
        repo.stage("debug_x.py");
        repo.shell(&format!("cd .git; mkdir -p sequencer rebase-merge; rm -f {file}; mkfifo {file}"))
            .success();
        // git itself may wait at it; a signal ends both.
        let run = repo.shell(&format!("timeout -k 5 1 {BINARY}; echo $?"));
        assert!(!run.out.contains("137"), "{file}: {run:?}");
    }
}

#[test]
fn the_null_device_and_symlinks_are_no_fifos() {
    let repo = Repo::new();
    repo.git("config core.excludesFile /dev/null").success();
    repo.git("config core.attributesFile /dev/null").success();
    repo.shell("mkfifo pipe; mkdir deep; ln -s ../pipe deep/.gitattributes").success();
    repo.stage("deep/debug_x.py").guard("init").success();
    repo.guard("stow").success();
}

#[test]
fn a_configuration_may_be_a_pipe_or_the_null_device() {
    let repo = Repo::new();
    repo.stage("debug_x.py");
    repo.guard("--config /dev/null").refuses(&["debug_x.py"]);
    let allow = "echo 'allow = [\"debug_x.py\"]'";
    for line in [
        format!("{allow} | {BINARY} --config /dev/stdin"),
        format!("cat ../x.toml | {BINARY} --config /dev/fd/3 3<&0"),
    ] {
        repo.shell(&format!("{allow} >../x.toml; {line}")).silent();
    }
}

#[test]
fn help_fits_the_error() {
    let repo = Repo::new();
    for (arguments, help) in [
        (&["check", "--commit", "mian"][..], "help: check its spelling"),
        (&["check", "--range", "mian..HEAD"], "help: check its spelling"),
        (&["check", "--commit", ""], "help: name a commit"),
        (&["check", "--commit", &"1".repeat(40)], "help: fetch it first"),
        (&["stow", "."], "nothing in the worktree is refused\n"),
    ] {
        repo.guard_args(arguments).fails_with(help);
    }
    let run = repo.env("GIT_DIR", "nowhere").check();
    run.fails_with("`GIT_DIR` is `nowhere`, which is not a git directory\nhelp: unset `GIT_DIR`");
}
