//! Every repository format of git: the guard behaves the same with either reader.

use super::sandbox::{Repo, cases};

const NOTE: &str = ".claude_sessions/current/x.py";
const TEST: &str = "backend/test_api.py";

/// Asserts that commits of session work are refused, that others pass, and that `stow` works.
fn assert_guards(repo: &Repo) {
    repo.stage(NOTE)
        .stage(TEST)
        .stage("backend/app/main.py")
        .stage("backend/test_flat.py")
        .stage("backend/flat.py");
    repo.write("later.py", "x").git("add -N later.py").success();
    repo.commit().refuses(&[NOTE, TEST]);
    repo.guard("--quiet").refuses(&[]).code(1);
    repo.git_args(&["rm", "-q", "--cached", "-f", "--sparse", NOTE, TEST]).success();
    repo.commit().silent();
    repo.guard("check --all-files").silent();
    repo.git_args(&["mv", "--sparse", "backend/app/main.py", "debug_it.py"]).success();
    repo.commit().refuses(&["debug_it.py"]);
    repo.git("mv --sparse debug_it.py main.py").success();
    repo.commit().silent();
    assert_stows(repo);
}

/// Asserts that `stow` moves every kind of staged session work.
fn assert_stows(repo: &Repo) {
    repo.write("debug_old.py", "old\n").git("add debug_old.py").success();
    repo.git("commit -q --no-verify -m old").success();
    repo.stage(NOTE).stage(TEST).stage("debug_both.py").stage("debug_gone.py");
    repo.write("debug_both.py", "changed\n").write("debug_old.py", "changed\n");
    repo.git("add debug_old.py").success();
    repo.git_args(&["mv", "--sparse", "backend/flat.py", "debug_renamed.py"]).success();
    std::fs::remove_file(repo.path("debug_gone.py")).unwrap();
    let output = repo.guard("stow").success();
    for (path, content) in [
        (NOTE, ".claude_sessions/current/x.py\n"),
        (".claude_sessions/tests/test_api.py", "backend/test_api.py\n"),
        (".claude_sessions/debugging/debug_both.py", "changed\n"),
        (".claude_sessions/debugging/debug_both-2.py", "debug_both.py\n"),
        (".claude_sessions/debugging/debug_gone.py", "debug_gone.py\n"),
        (".claude_sessions/debugging/debug_old.py", "changed\n"),
        (".claude_sessions/debugging/debug_renamed.py", "backend/flat.py\n"),
        ("debug_old.py", "old\n"),
        ("backend/flat.py", "backend/flat.py\n"),
    ] {
        let text = std::fs::read_to_string(repo.path(path));
        assert!(text.as_ref().is_ok_and(|text| text == content), "{path}: {text:?}\n{output}");
    }
    repo.check().silent();
    repo.git("commit -q --allow-empty -m stowed").silent();
    // The intent-to-add entry is still there.
    assert_eq!(repo.git("status --porcelain").success(), " A later.py\n");
    repo.git("fsck").success();
    assert_eq!(repo.shell("find $(git rev-parse --git-dir) -name 'index?*'").success(), "");
}

/// Makes a repository with these arguments of `git init`; `None` if git is older.
fn of_format(version: (u32, u32), format: &[&str]) -> Option<Repo> {
    if !Repo::git_is_at_least(version) {
        eprintln!("skipped: needs git {}.{}", version.0, version.1);
        return None;
    }
    Some(Repo::of_format(format))
}

/// Asserts that the guard works in `repo`; `None` skips the test.
fn assert_guards_if_made(repo: impl Into<Option<Repo>>) {
    if let Some(repo) = repo.into() {
        assert_guards(&repo);
    }
}

fn with_config(settings: &[&str]) -> Repo {
    let repo = Repo::new();
    for setting in settings {
        let (name, value) = setting.split_once('=').unwrap();
        repo.git_args(&["config", name, value]).success();
    }
    repo.git("read-tree HEAD").success();
    repo
}

fn with_index(arguments: &str) -> Repo {
    let repo = Repo::new();
    repo.git(&format!("update-index {arguments}")).success();
    repo
}

fn sparse(arguments: &[&str]) -> Repo {
    let repo = Repo::new();
    for path in ["backend/x/y.py", "frontend/x/y.js", "tools/x/y.sh"] {
        repo.stage(path);
    }
    repo.commit().silent();
    repo.git_args(&[&["sparse-checkout", "set"], arguments].concat()).success();
    repo
}

fn partial(filter: &str, extensions: &[&str]) -> Repo {
    let origin = Repo::new();
    origin.stage("backend/x/y.py").commit().silent();
    origin.git("config uploadpack.allowFilter true").success();
    let url = format!("file://{}", origin.dir.display());
    origin.git_args(&["clone", "-q", filter, &url, "../partial"]).success();
    let repo = origin.sibling("partial");
    for extension in extensions {
        repo.git_args(&["config", extension, "origin"]).success();
    }
    repo.guard("install").success();
    repo
}

cases! { assert_guards_if_made:
    index_version_2(with_index("--index-version 2"));
    index_version_3(with_index("--index-version 3"));
    index_version_4(with_index("--index-version 4"));
    index_split(with_index("--split-index"));
    index_split_as_configured(with_config(&["core.splitIndex=true"]));
    index_without_a_checksum(with_config(&["index.skipHash=true"]));
    index_with_untracked_cache(with_index("--untracked-cache"));
    index_written_by_threads(with_config(&["index.threads=4", "index.recordEndOfIndexEntries=true"]));
    sha_256(of_format((2, 29), &["--object-format=sha256"]));
    sha_256_with_a_split_index(of_format((2, 29), &["--object-format=sha256"]).inspect(|repo| {
        repo.git("update-index --split-index").success();
    }));
    sha_256_with_index_version_4(of_format((2, 29), &["--object-format=sha256"]).inspect(|repo| {
        repo.git("update-index --index-version 4").success();
    }));
    reftable(of_format((2, 45), &["--ref-format=reftable"]));
    reftable_and_sha_256(of_format((2, 45), &["--ref-format=reftable", "--object-format=sha256"]));
    files_by_name(of_format((2, 45), &["--ref-format=files"]));
    sparse_checkout(sparse(&["--no-cone", "/*", "!/tools/"]));
    sparse_checkout_by_directories(sparse(&["--cone", "--no-sparse-index", "backend"]));
    sparse_index(sparse(&["--cone", "--sparse-index", "backend"]));
    partial_clone_without_blobs(partial("--filter=blob:none", &[]));
    partial_clone_without_trees(partial("--filter=tree:0", &[]));
    partial_clone_of_the_old_form(partial("--filter=blob:none", &["extensions.partialClone"]));
    worktree_config(with_config(&["core.repositoryFormatVersion=1", "extensions.worktreeConfig=true"]));
    precious_objects(with_config(&["core.repositoryFormatVersion=1", "extensions.preciousObjects=true"]));
    no_operation_extension(with_config(&["core.repositoryFormatVersion=1", "extensions.noop=true"]));
}

#[test]
fn a_shallow_clone_is_guarded() {
    let origin = Repo::new();
    origin.commit_unchecked(&[".claude_sessions/old.py"]).stage("main.py").commit().silent();
    let url = format!("file://{}", origin.dir.display());
    origin.git_args(&["clone", "-q", "--depth=1", &url, "../shallow"]).success();
    let repo = origin.sibling("shallow");
    repo.guard("install").success();
    repo.stage(NOTE).commit().refuses(&[NOTE]);
}

#[test]
fn a_worktree_with_relative_paths_is_guarded() {
    if !Repo::git_is_at_least((2, 48)) {
        eprintln!("skipped: needs git 2.48");
        return;
    }
    let repo = Repo::new();
    repo.git("worktree add -q --relative-paths ../linked").success();
    assert_guards(&repo.sibling("linked"));
}

#[test]
fn linked_worktrees_are_guarded_with_either_reader() {
    for format in [&["--object-format=sha256"][..], &[]] {
        let repo = Repo::of_format(format);
        repo.git("worktree add -q ../linked").success();
        repo.sibling("linked").git("update-index --split-index").success();
        assert_guards(&repo.sibling("linked"));
    }
}

#[test]
fn an_unborn_branch_is_guarded_with_either_reader() {
    for format in [&["--object-format=sha256"][..], &[]] {
        let repo = Repo::uncreated();
        std::fs::create_dir(&repo.dir).unwrap();
        repo.git_args(&[&["init", "-q"], format].concat()).success();
        repo.guard("install").success();
        repo.stage(NOTE).stage("main.py").commit().refuses(&[NOTE]);
        repo.git_args(&["rm", "-q", "--cached", NOTE]).success();
        repo.commit().silent();
    }
}

#[test]
fn a_partial_clone_fetches_nothing() {
    let repo = partial("--filter=tree:0", &[]);
    let old = partial("--filter=blob:none", &["extensions.partialClone"]);
    for repo in [repo, old] {
        // A fetch would leave the file `fetched`.
        let url = "ext::sh -c touch% fetched";
        repo.git_args(&["config", "remote.origin.url", url]).success();
        repo.git("config protocol.ext.allow always").success();
        repo.stage(NOTE);
        repo.check().refuses(&[NOTE]).code(1);
        assert!(!repo.path("fetched").exists());
    }
}

#[test]
fn git_settings_do_not_change_the_findings() {
    for split in [false, true] {
        let repo = Repo::new();
        repo.commit_unchecked(&["frontend/x.js"]);
        if split {
            repo.git("update-index --split-index").success();
        }
        for setting in [
            "diff.relative=true",
            "diff.ignoreSubmodules=all",
            "diff.external=false",
            "diff.noprefix=true",
            "diff.renames=copies",
            "diff.orderFile=/nowhere",
            "core.quotePath=false",
            "core.pager=false",
            "core.fsmonitor=true",
            "core.ignoreCase=true",
            "core.precomposeUnicode=true",
            "status.showUntrackedFiles=no",
            "status.relativePaths=true",
            "color.ui=always",
            "color.diff=always",
            "alias.diff-index=!false",
            "alias.ls-files=!false",
            "submodule.recurse=true",
            "log.showSignature=true",
            "advice.statusHints=true",
        ] {
            let (name, value) = setting.split_once('=').unwrap();
            repo.git_args(&["config", name, value]).success();
        }
        repo.stage("frontend/test_ä.js")
            .stage(NOTE)
            .stage("frontend/test_b.js")
            .stage("frontend/test_X.js")
            .stage("frontend/x.js");
        let deep = repo.in_dir("deep");
        let deep = deep.env("GIT_PAGER", "false").env("GIT_EXTERNAL_DIFF", "false").env("GIT_TRACE", "1");
        let deep = deep.env("GIT_LITERAL_PATHSPECS", "1").env("CLICOLOR_FORCE", "0");
        assert_eq!(
            deep.refused(""),
            [NOTE, "frontend/test_X.js", "frontend/test_b.js", "frontend/test_ä.js"]
        );
        assert_eq!(
            deep.refused("check --all-files"),
            [NOTE, "frontend/test_X.js", "frontend/test_b.js", "frontend/test_ä.js"]
        );
    }
}

#[test]
fn a_check_writes_nothing() {
    for arguments in [None, Some("--split-index")] {
        let repo = Repo::new();
        repo.stage(NOTE).stage("main.py");
        if let Some(arguments) = arguments {
            repo.git(&format!("update-index {arguments}")).success();
        }
        // Contents, not times, because git itself touches a shared index that it reads.
        let state =
            || repo.shell("find . -type f | LC_ALL=C sort | xargs -d '\\n' sha1sum; find .").success();
        let before = state();
        for command in ["", "check --all-files", "explain x", "rules", "hook pre-commit"] {
            let run = repo.guard(command);
            assert!(run.code < 2, "{run:?}");
        }
        assert_eq!(state(), before);
    }
}

/// Makes a repository with a bare one inside, which names the worktree around it and programs.
fn with_embedded_repository() -> Repo {
    let repo = Repo::new();
    repo.git("init -q --bare embedded").success();
    let touch = format!("touch {}", repo.path("ran").display());
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ..\n\tfsmonitor = {touch}\n\
         [filter \"x\"]\n\tclean = {touch}; cat\n[alias]\n\tls-files = !{touch}\n"
    );
    repo.write("embedded/config", &config)
        .write(".gitattributes", "*.py filter=x\n")
        .write("debug_x.py", "1\n");
    repo
}

/// Asserts that every command fails in `directory` of a repository that git refuses to open.
fn assert_not_opened(repo: &Repo, directory: &str) {
    let commands = [
        "",
        "check --all-files",
        "check --untracked",
        "check --commit HEAD",
        "explain debug_x.py",
        "stow ../debug_x.py",
        "stow",
        "init",
        "archive",
        "clean --force",
        "doctor",
        "install",
        "hook pre-commit",
    ];
    let inside = repo.in_dir(directory);
    assert_ne!(inside.git("rev-parse").code, 0);
    for command in commands {
        let run = inside.guard(command);
        assert!(run.code == 2 && repo.exists("debug_x.py") && !repo.exists("ran"), "{command}: {run:?}");
    }
}

#[test]
fn a_bare_repository_that_git_does_not_open_is_not_opened() {
    let repo = with_embedded_repository();
    let settings = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "safe.bareRepository"),
        ("GIT_CONFIG_VALUE_0", "explicit"),
    ];
    let strict =
        settings.into_iter().fold(repo.env("LC_ALL", "C"), |repo, (name, value)| repo.env(name, value));
    if repo.in_dir("embedded").git("rev-parse").code != 0
        || strict.in_dir("embedded").git("rev-parse").code == 0
    {
        eprintln!("skipped: needs git 2.38");
        return;
    }
    assert_not_opened(&strict, "embedded");
    assert_not_opened(&strict, "embedded/refs");
    std::fs::remove_file(repo.path("embedded/HEAD")).unwrap();
    std::os::unix::fs::symlink("refs/heads/none", repo.path("embedded/HEAD")).unwrap();
    assert_not_opened(&strict, "embedded");
    assert_not_opened(&strict, "embedded/refs");
}

#[test]
fn a_repository_of_another_owner_is_not_opened() {
    let repo = Repo::new();
    repo.write("debug_x.py", "1\n");
    assert_not_opened(&repo.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1"), ".");
}

#[test]
fn a_directory_that_git_skips_is_not_taken_for_a_repository() {
    let repo = Repo::new();
    repo.stage("debug_x.py").git("init -q inner").success();
    for head in ["", "garbage\n", "ref: heads/main\n"] {
        repo.write("inner/.git/HEAD", head);
        repo.in_dir("inner").check().refuses(&["debug_x.py"]);
    }
}

/// Asserts that session work in `HEAD` is allowed, and new session work refused.
fn assert_reads_head(line: &str) {
    let repo = Repo::new();
    repo.commit_unchecked(&[NOTE]);
    repo.shell(line).success();
    repo.git("status").success();
    repo.stage("main.py").check().silent();
    repo.stage(TEST).check().refuses(&[TEST]);
}

cases! { assert_reads_head:
    head_is_a_symlink("ln -sf refs/heads/main .git/HEAD");
    head_is_a_dangling_symlink("git pack-refs --all && ln -sf refs/heads/main .git/HEAD");
    head_names_a_tag("git tag -a -m 1 v1 && git rev-parse v1 >../tag && cp ../tag .git/HEAD");
    head_names_a_tag_of_a_tag(
        "git tag -a -m 1 v1 && git tag -a -m 2 v2 v1 2>../hint && git rev-parse v2 >../tag && cp ../tag .git/HEAD"
    );
    head_names_a_branch_that_is_a_symbolic_ref(
        "git symbolic-ref refs/heads/alias refs/heads/main && git symbolic-ref HEAD refs/heads/alias"
    );
    objects_are_in_a_chain_of_alternates(
        "mkdir ../a ../b && mv .git/objects ../a/objects && mkdir -p .git/objects/info ../b/objects/info && \
         echo ../../../b/objects >.git/objects/info/alternates && echo ../../a/objects >../b/objects/info/alternates"
    );
    the_git_directory_is_elsewhere("mv .git ../elsewhere && echo 'gitdir: ../elsewhere' >.git");
    the_git_directory_is_behind_a_symlink("mv .git ../elsewhere && ln -s ../elsewhere .git");
}

/// Asserts that an index that git cannot open is an error, and not an empty index.
fn assert_index_is_an_error(index: &str) {
    let repo = Repo::new();
    repo.stage("debug_x.py");
    repo.shell("mkdir directory && mkfifo fifo && ln -s loop loop").success();
    let repo = repo.env("GIT_INDEX_FILE", index);
    for command in ["", "check --all-files", "explain x", "hook pre-commit", "stow --dry-run"] {
        repo.guard(command).fails_with("index");
    }
}

cases! { assert_index_is_an_error:
    an_index_below_a_file_is_an_error("README.md/index");
    an_index_that_is_a_directory_is_an_error("directory");
    an_index_that_is_a_fifo_is_an_error("fifo");
    an_index_that_is_a_loop_is_an_error("loop");
    an_index_that_is_a_device_is_an_error("/dev/null");
}

#[test]
fn an_index_that_does_not_exist_is_empty() {
    let repo = Repo::new();
    repo.stage("debug_x.py").env("GIT_INDEX_FILE", "none").check().silent();
}
