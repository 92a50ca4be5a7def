//! `doctor`: its report on a guard that works, and after each way to break it.

use std::fs;
use std::path::{Path, PathBuf};

use super::sandbox::hooks::{hook, unguarded};
use super::sandbox::{BINARY, Repo, Run};

const SESSION_PATH: &str = ".claude_sessions/stage-guard-doctor.py";

/// Guards `repo` with a program of its own, `$GUARD`, outside the build directory.
fn healthy(repo: &Repo) -> Repo {
    let program = repo.path("../bin/stage-guard");
    let repo = repo.env("GUARD", &program).env("BINARY", BINARY);
    repo.shell("mkdir -p ../bin && cp \"$BINARY\" \"$GUARD\" && \"$GUARD\" -q install").success();
    if repo.git("rev-parse --is-bare-repository").success() == "false\n" {
        repo.shell("\"$GUARD\" -q init --exclude").success();
    }
    repo
}

fn doctor(repo: &Repo) -> Run {
    repo.shell("\"$GUARD\" doctor")
}

/// Asserts that the report contains `words` and ends in the verdict of the exit code.
fn assert_reports(run: &Run, code: i32, words: &str) {
    let verdict = if code == 0 { "live: " } else { "not live: " };
    let last = run.out.lines().last().unwrap_or_default();
    assert!(run.code == code && last.starts_with(verdict) && run.err.is_empty(), "{run:?}");
    assert!(run.out.contains(words), "{words}: {run:?}");
    assert_eq!(run.out.contains("fault:"), code == 1, "{run:?}");
}

fn assert_healthy(repo: &Repo) {
    let run = doctor(repo);
    let probe = format!("probe:   {SESSION_PATH} is refused by pre-commit, pre-merge-commit");
    assert_reports(&run, 0, &probe);
    assert!(!run.out.contains("note:"), "{run:?}");
    repo.shell("\"$GUARD\" -q doctor").silent();
}

/// Asserts what `doctor` reports after `breakage`, and that its commands fix every fault.
fn assert_diagnosed(breakage: &str, code: i32, words: &str) {
    let repo = healthy(&unguarded());
    repo.shell(breakage).success();
    let run = doctor(&repo);
    assert_reports(&run, code, words);
    let is_command = |fix: &&str| ["/", "git ", "chmod "].iter().any(|word| fix.starts_with(word));
    let fixes: Vec<&str> = run.out.lines().filter_map(|line| line.strip_prefix("fix:     ")).collect();
    for fix in fixes.iter().copied().filter(is_command) {
        repo.shell(fix).success();
    }
    if fixes.iter().all(is_command) {
        assert_eq!(doctor(&repo).code, 0, "{run:?} {:?}", doctor(&repo));
    }
}

/// The contents of all files of the repository, its index and its refs.
fn state(repo: &Repo) -> String {
    let files = "find \"$(git rev-parse --absolute-git-dir)\" . -type f | LC_ALL=C sort | \
                 xargs -d '\\n' sha1sum && git status --porcelain=v2 && git for-each-ref && \
                 git rev-parse --symbolic-full-name HEAD";
    repo.shell(files).success()
}

fn assert_unchanged(repo: &Repo, before: &str, case: &str) {
    let now = state(repo);
    let has = |text: &str, line: &str| text.lines().any(|other| other == line);
    let changed: Vec<&str> = now.lines().filter(|line| !has(before, line)).collect();
    let gone: Vec<&str> = before.lines().filter(|line| !has(&now, line)).collect();
    assert!(changed.is_empty() && gone.is_empty(), "{case}: {changed:?} {gone:?}");
}

#[test]
fn each_level_is_named() {
    let repo = healthy(&unguarded());
    for (level, guarded) in [
        ("install", "guarded: pre-commit, pre-merge-commit (`install`)"),
        ("install --strict", "pre-applypatch, pre-push (`install --strict`)"),
        ("install --strict=refs", "pre-push, reference-transaction, pre-receive (`install --strict=refs`)"),
    ] {
        repo.shell(&format!("\"$GUARD\" -q {level}")).success();
        assert_healthy(&repo);
        assert_reports(&doctor(&repo), 0, guarded);
    }
}

mod hooks {
    use super::super::sandbox::cases;
    use super::assert_diagnosed;

    cases! { assert_diagnosed:
        missing_pre_commit("rm .git/hooks/pre-commit", 1, "hooks/pre-commit does not exist");
        missing_pre_merge_commit("rm .git/hooks/pre-merge-commit", 1, "hooks/pre-merge-commit does not exist\nfix:     ");
        missing_directory("rm -r .git/hooks", 1, "stage-guard install\n");
        guard_not_executable("chmod -x .git/hooks/pre-commit", 1, "chmod +x ");
        missing_shim_of_0_1_0("ln -sf ../stage-guard/hook .git/hooks/pre-commit", 1, "hooks/pre-commit is a symlink to nothing");
        dangling_link("ln -sf ../../gone .git/hooks/pre-commit", 1, "hooks/pre-commit is a symlink to nothing");
        hook_not_executable("rm .git/hooks/pre-commit; printf '#!/bin/sh\n' >.git/hooks/pre-commit", 1, "is not executable");
        copies_for_some_links("rm .git/hooks/*; cp -p .git/stage-guard/hooks/pre-commit .git/hooks", 1, "hooks/pre-merge-commit");
        copy_for_a_link("rm .git/hooks/pre-commit; cp -p .git/stage-guard/hooks/pre-commit .git/hooks", 0, "pre-commit, pre");
        renamed_link("mv .git/hooks/pre-commit .git/hooks/pre-commit.legacy", 1, "that another manager has renamed");
        guard_without_check("sed -i 's/hook --proof/--version/; s/119)/0)/' .git/hooks/pre-commit", 1, "did not refuse session work: it let it pass");
        partly_strict("\"$GUARD\" -q install --strict; rm .git/hooks/pre-push", 1, "hooks/pre-push does not exist\nfix:     ");
        strict_without_its_hooks("\"$GUARD\" -q install --strict; cd .git/hooks; rm pre-push pre-applypatch prepare-commit-msg", 1, "install --strict\nnot live: 3 faults");
        partly_strict_refs("\"$GUARD\" -q install --strict=refs; rm .git/hooks/reference-transaction", 1, "install --strict=refs\nnot live: ");
        disabled_previous_hook("mkdir .git/hooks.before-stage-guard; printf '#!/bin/sh\n' >.git/hooks.before-stage-guard/pre-commit", 0, "the previous hook, does not run");
    }
}

mod hooks_path {
    use super::super::sandbox::cases;
    use super::assert_diagnosed;

    cases! { assert_diagnosed:
        missing_absolute("git config core.hooksPath /nowhere", 1, "fix:     git config --local --unset-all core.hooksPath\n");
        missing_relative("git config core.hooksPath .no/hooks", 1, "core.hooksPath = `.no/hooks` in `file:.git/config` (local)");
        empty("git config core.hooksPath ''", 1, "--local --unset-all");
        missing_of_a_worktree("git config extensions.worktreeConfig true; git config --worktree core.hooksPath gone", 1, "fix:     git config --worktree --unset-all core.hooksPath\n");
        missing_in_an_included_file("printf '[core]\nhooksPath = /nowhere\n' >.git/more; git config include.path more", 1, "/repo/.git/more --unset-all core.hooksPath\n");
        other_directory("mkdir other; git config core.hooksPath other", 1, "git does not run the guard's hooks in ");
        own_directory("git config core.hooksPath .git/hooks", 0, "set by core.hooksPath = `.git/hooks`");
        relative_with_a_linked_worktree("git config core.hooksPath .git/hooks; git worktree add -q ../linked", 0, "is not a directory in ");
    }
}

mod policy {
    use super::super::sandbox::cases;
    use super::assert_diagnosed;

    cases! { assert_diagnosed:
        invalid("printf 'allw = []\n' >.stage-guard.toml", 1, "         1 | allw = []\n           | ^^^^\n");
        session_directory_allowed("printf 'allow = [\".claude_sessions/**\"]\n' >.stage-guard.toml", 0, "allows the session directory");
        session_rule_disabled("printf 'disable = [\"session-directory\"]\n' >.stage-guard.toml", 0, "debug_stage_guard_doctor.py is");
        tracked_session_work(": >test_x.py; git add test_x.py", 0, "note:    1 tracked path would be refused if it were new: ");
        session_directory_not_ignored(": >.git/info/exclude", 0, "git does not ignore the session directory\nfix:     ");
    }
}

mod index {
    use super::super::sandbox::cases;
    use super::assert_diagnosed;

    cases! { assert_diagnosed:
        damaged("printf garbage >.git/index", 0, "note:    commits stop: cannot read the index `");
        truncated("head -c 40 .git/index >new; mv new .git/index", 0, "\nfix:     git read-tree HEAD\nlive: ");
        empty(": >.git/index", 0, "note:    commits stop: cannot read the index `");
        locked(": >.git/index.lock", 0, "/.git/index.lock exists\nfix:     wait for the other git or");
        locked_target("mv .git/index .git/i; ln -s i .git/index; : >.git/i.lock", 0, "/.git/i.lock exists\nfix:     wait");
    }
}

mod program {
    use super::*;

    #[test]
    fn a_missing_one_is_a_fault() {
        let run = healthy(&unguarded()).shell("mv \"$GUARD\" ../away; ../away doctor");
        assert_reports(&run, 1, "stage-guard does not run, so commits stop: ");
    }

    #[test]
    fn a_missing_one_is_a_note_if_another_is_on_path() {
        let repo = healthy(&unguarded());
        let run = repo.shell(
            "mkdir ../other && mv \"$GUARD\" ../other && PATH=$PWD/../other:$PATH && stage-guard doctor",
        );
        assert_reports(&run, 0, "/bin/stage-guard, so the hooks run ");
        assert!(run.out.contains("fix:     stage-guard install\n"), "{run:?}");
    }

    #[test]
    fn one_that_is_not_executable_is_a_fault() {
        let run = healthy(&unguarded()).shell("cp \"$GUARD\" ../away; chmod -x \"$GUARD\"; ../away doctor");
        assert_reports(&run, 1, "does not run, so commits stop: ");
    }

    #[test]
    fn one_that_does_nothing_is_a_fault() {
        for text in ["", "\n# a comment\n", "#!/bin/sh\n", "#!/bin/true\n", "#!/bin/echo\n"] {
            let repo = healthy(&unguarded());
            repo.shell("mv \"$GUARD\" ../away").success();
            repo.program("../bin/stage-guard", text);
            assert_reports(&repo.shell("../away doctor"), 1, "fault:   ");
        }
    }

    #[test]
    fn a_different_one_is_a_note() {
        let run = healthy(&unguarded()).shell("cp \"$GUARD\" ../away; ../away doctor");
        assert_reports(&run, 0, "is not this program");
    }

    #[test]
    fn one_in_a_build_directory_is_a_note() {
        assert_diagnosed(
            "mkdir -p ../target; cp \"$GUARD\" ../target; ../target/stage-guard -q install",
            0,
            "is likely to be deleted, and then commits stop",
        );
    }
}

#[test]
fn hooks_on_a_noexec_mount_are_a_fault() {
    let repo = healthy(&unguarded());
    let mount = "cp -rL .git/hooks ../hooks && mount -t tmpfs -o noexec none .git/hooks && \
                 cp -p ../hooks/* .git/hooks && \"$GUARD\" doctor";
    let Some(run) = repo.shell_with_mounts(mount) else { return };
    assert_reports(&run, 1, "hooks/pre-commit is on a file system mounted with noexec, so git skips it\n");
    let mount = "mount -t tmpfs -o noexec none .git/hooks && \"$GUARD\" install";
    repo.shell_with_mounts(mount).unwrap().fails_with("git skips the hooks in ");
}

#[test]
fn a_system_without_proc_is_examined() {
    let repo = healthy(&unguarded());
    let doctor = "mount -t tmpfs none /proc && \"$GUARD\" doctor";
    let Some(run) = repo.shell_with_mounts(doctor) else { return };
    assert_reports(&run, 0, "is refused by pre-commit, pre-merge-commit");
}

#[test]
fn a_global_hooks_path_is_named() {
    let repo = healthy(&unguarded());
    let global = repo.path("../global.config");
    std::fs::write(&global, "[core]\n\thooksPath = ~/nowhere\n").unwrap();
    let repo = repo.env("GIT_CONFIG_GLOBAL", global);
    assert_reports(&doctor(&repo), 1, "fix:     git config --global --unset-all core.hooksPath\n");
    let run =
        repo.shell("GIT_CONFIG_GLOBAL=/dev/null git -c core.hooksPath=/x -c alias.d='!\"$GUARD\" doctor' d");
    assert_reports(&run, 1, "fix:     remove core.hooksPath from the environment\n");
}

#[test]
fn every_kind_of_repository_is_examined() {
    assert_healthy(&healthy(&Repo::unborn()));
    for (version, format) in [
        ((2, 31), "--object-format=sha256"),
        ((2, 45), "--ref-format=reftable"),
        ((2, 31), "--initial-branch=x"),
    ] {
        if Repo::git_is_at_least(version) {
            assert_healthy(&healthy(&Repo::of_format(&[format])));
        } else {
            eprintln!("skipped: git is older than {}.{}", version.0, version.1);
        }
    }
    for line in [
        "git config core.splitIndex true && git update-index --split-index",
        "git sparse-checkout init --cone --sparse-index && git sparse-checkout set backend",
        "git update-index --index-version 4",
    ] {
        let repo = healthy(&unguarded());
        repo.stage("backend/main.py").stage("other/main.py").commit().success();
        repo.shell(line).success();
        let before = state(&repo);
        assert_healthy(&repo);
        assert_unchanged(&repo, &before, line);
    }
}

#[test]
fn worktrees_and_submodules_are_examined() {
    let repo = healthy(&unguarded());
    repo.git("worktree add -q ../linked").success();
    let linked = repo.sibling("linked");
    assert_healthy(&linked);
    assert_healthy(&linked.in_dir("deep/down"));
    repo.git("config core.hooksPath .git/hooks").success();
    assert_reports(&doctor(&linked), 1, "fix:     git config --local --unset-all core.hooksPath\n");
    repo.git("config --unset core.hooksPath").success();
    linked.shell("cp \"$GUARD\" . && ./stage-guard -q install").success();
    assert_reports(
        &linked.shell("./stage-guard doctor"),
        0,
        "is likely to be deleted, and then commits stop",
    );

    let outer = healthy(&unguarded());
    outer.shell("git init -q ../inner && git -C ../inner commit -q --allow-empty -m inner").success();
    outer.git("-c protocol.file.allow=always submodule add -q ../inner inner").success();
    let inner = outer.child("inner");
    assert_reports(&doctor(&inner), 1, "/.git/modules/inner/hooks/pre-commit does not exist\n");
    inner.shell("\"$GUARD\" -q install && \"$GUARD\" -q init --exclude").success();
    assert_healthy(&inner);
}

#[test]
fn a_bare_repository_is_examined() {
    let home = Repo::home();
    let server = healthy(&home.bare_server());
    assert_reports(&doctor(&server), 0, "guarded: pre-receive (`install`)\n");
    server.shell("rm hooks/pre-receive").success();
    assert_reports(&doctor(&server), 1, "hooks/pre-receive does not exist\nfix:     ");
}

#[test]
fn a_foreign_hook_is_judged_by_its_result() {
    let repo = healthy(&unguarded());
    repo.shell("rm .git/hooks/pre-commit").success();
    hook(&repo, "pre-commit", "echo 'lint: \u{1b}[31mno' >&2; exit 1");
    assert_reports(
        &doctor(&repo),
        1,
        "belongs to another program and did not refuse session work: it said:\n         | lint: \\u{1b}[31mno\n",
    );
    hook(&repo, "pre-commit", "\"$GUARD\" hook pre-commit || exit");
    assert_healthy(&repo);
    hook(&repo, "pre-commit", "\"$GUARD\" hook pre-commit || exit; echo lint >&2; exit 1");
    assert_reports(
        &doctor(&repo),
        0,
        "note:    pre-commit also stops a commit without session work: it said:\n         | lint\n",
    );
}

/// The hooks of the highest level.
const ALL_HOOKS: [&str; 7] = [
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "pre-applypatch",
    "pre-push",
    "reference-transaction",
    "pre-receive",
];

/// Replaces `name` with another program's hook.
fn replace_hook(repo: &Repo, name: &str, body: &str) {
    repo.shell(&format!("rm -f .git/hooks/{name}")).success();
    hook(repo, name, body);
}

#[test]
fn every_hook_of_the_level_has_to_refuse() {
    let repo = healthy(&unguarded());
    repo.shell("\"$GUARD\" -q install --strict=refs").success();
    for name in ALL_HOOKS {
        for (body, result) in [
            (format!("echo 'stage-guard hook {name} || exit' >/dev/null"), "let it pass"),
            (format!("\"$GUARD\" hook {name} \"$@\" || true"), "let it pass"),
            (format!("missing-stage-guard hook {name} || exit"), "said:\n"),
            ("exit 1".to_owned(), "failed without a message\n"),
        ] {
            replace_hook(&repo, name, &body);
            let fault = format!(
                "hooks/{name} belongs to another program and did not refuse session work: it {result}"
            );
            assert_reports(&doctor(&repo), 1, &fault);
        }
        replace_hook(&repo, name, &format!("\"$GUARD\" hook {name} \"$@\" || exit"));
        assert_healthy(&repo);
        repo.shell(&format!("rm .git/hooks/{name}; \"$GUARD\" -q install --strict=refs")).success();
    }
}

#[test]
fn a_hook_of_refs_that_checks_only_the_index_does_not_refuse() {
    let repo = healthy(&unguarded());
    repo.shell("\"$GUARD\" -q install --strict=refs").success();
    for name in &ALL_HOOKS[4..] {
        replace_hook(&repo, name, "\"$GUARD\" || exit");
        assert_reports(&doctor(&repo), 1, "did not refuse session work: it let it pass");
        repo.shell(&format!("rm .git/hooks/{name}; \"$GUARD\" -q install --strict=refs")).success();
    }
}

#[test]
fn a_line_in_a_hook_above_the_level_is_a_note_unless_it_refuses() {
    let repo = healthy(&unguarded());
    hook(&repo, "pre-push", "echo 'stage-guard hook pre-push' >/dev/null");
    assert_reports(&doctor(&repo), 0, "note:    ");
    replace_hook(&repo, "pre-push", "../bin/stage-guard hook pre-push || exit");
    assert_healthy(&repo);
    assert_reports(&doctor(&repo), 0, "guarded: pre-commit, pre-merge-commit, pre-push (`install`)");
    replace_hook(&repo, "pre-push", "exit 1");
    assert_healthy(&repo);
}

#[test]
fn a_foreign_hook_of_a_bare_repository_has_to_refuse() {
    let home = Repo::home();
    let server = healthy(&home.bare_server());
    for (body, code) in [("exit 0", 1), ("exit 1", 1), ("\"$GUARD\" hook pre-receive || exit", 0)] {
        server.shell("rm hooks/pre-receive").success();
        server.program("hooks/pre-receive", &format!("#!/bin/sh\n{body}\n"));
        assert_reports(&doctor(&server), code, "pre-receive");
        assert_eq!(server.git("count-objects").success(), "0 objects, 0 kilobytes\n");
    }
}

#[test]
fn a_previous_hook_is_named() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "echo lint >&2; exit 3");
    let repo = healthy(&repo);
    assert_reports(&doctor(&repo), 0, "hooks.before-stage-guard/pre-commit also runs\n");
    assert_reports(&doctor(&repo), 0, "         | lint\n");
    repo.shell("chmod -x .git/hooks.before-stage-guard/pre-commit").success();
    assert_reports(&doctor(&repo), 0, "the previous hook, does not run\nfix:     chmod +x ");
}

/// The hooks stash or discard what is not staged, as some managers do, or stage files.
#[test]
fn the_probe_changes_nothing() {
    for body in
        ["true", "git stash -q 2>/dev/null; true", "git checkout -q -- . ; git add -A", "git reset -q --hard"]
    {
        let repo = unguarded();
        repo.stage("main.py").stage("gone.py").commit().success();
        hook(&repo, "pre-commit", body);
        let repo = healthy(&repo);
        repo.stage("staged.py").write("main.py", "changed\n").write("untracked.py", "x");
        repo.shell("rm gone.py; git status >/dev/null").success();
        let before = state(&repo);
        assert_reports(&doctor(&repo), 0, "is refused by pre-commit, pre-merge-commit");
        assert_unchanged(&repo, &before, body);
        repo.shell(
            "rm .git/hooks/pre-commit; mv .git/hooks.before-stage-guard/pre-commit .git/hooks/pre-commit",
        )
        .success();
        let before = state(&repo);
        doctor(&repo).code(1);
        assert_unchanged(&repo, &before, body);
        repo.shell("\"$GUARD\" -q install --strict=refs").success();
        for name in ALL_HOOKS {
            replace_hook(&repo, name, &format!("{body}; git tag -f new; git update-ref refs/heads/new HEAD"));
        }
        let before = state(&repo);
        doctor(&repo).code(1);
        assert_unchanged(&repo, &before, body);
    }
}

#[test]
fn the_probe_leaves_no_files_behind() {
    let repo = healthy(&unguarded());
    let temporary = repo.in_dir("../temporary");
    assert_healthy(&repo.env("TMPDIR", &temporary.dir));
    assert_eq!(temporary.shell("ls -A").success(), "");
    let run = doctor(&repo.env("TMPDIR", "/nowhere"));
    run.fails_with("cannot make a temporary file");
}

#[test]
fn an_old_git_runs_hooks_too() {
    let repo = healthy(&unguarded());
    let git = repo.shell("command -v git").success();
    let old = format!(
        "#!/bin/sh\ncase \" $* \" in *' version ') echo git version 2.31.0; exit ;; *' hook '*) exit 9 ;; esac\nexec {} \"$@\"\n",
        git.trim()
    );
    repo.program("../old/git", &old);
    let path = format!("{}:{}", repo.path("../old").display(), std::env::var("PATH").unwrap());
    let repo = repo.env("PATH", path);
    assert_healthy(&repo);
    repo.shell("rm .git/hooks/pre-commit").success();
    hook(&repo, "pre-commit", "exit 1");
    assert_reports(&doctor(&repo), 1, "belongs to another");
    repo.shell("mkdir other; git config core.hooksPath other").success();
    assert_reports(&doctor(&repo), 1, "hook pre-commit || exit` to ");
}

#[test]
fn the_level_is_known_if_no_hook_of_it_is_left() {
    let line = |hook: &str| format!("#!/bin/sh\n../bin/stage-guard hook {hook} \"$@\" || exit\n");
    let repo = healthy(&unguarded());
    for hook in &ALL_HOOKS[..5] {
        repo.program(format!(".hooks/{hook}"), &line(hook));
    }
    repo.shell("\"$GUARD\" -q uninstall; git config core.hooksPath .hooks; \"$GUARD\" -q install --strict")
        .success();
    assert_healthy(&repo);
    repo.shell(
        "\"$GUARD\" -q install; git config --remove-section hook.stage-guard.pre-push; rm .hooks/pre-push",
    )
    .success();
    assert_reports(&doctor(&repo), 1, "hooks/pre-push does not exist\n");
    repo.shell("\"$GUARD\" -q uninstall").success();
    assert!(!repo.exists(".git/stage-guard/level"));
}

/// Returns `repo` with only the programs on `PATH` that are not git, and the git of a directory.
fn with_git(repo: &Repo, git: &Path) -> Repo {
    let tools = repo.path("../tools");
    let link = "mkdir ../tools && IFS=: && for directory in $PATH; do \
                find \"$directory\"/ -maxdepth 1 -not -name 'git*' -exec ln -sn -t ../tools {} + ; done 2>/dev/null; true";
    repo.shell(link).success();
    repo.env("PATH", format!("{}:{}", git.display(), tools.display()))
}

#[test]
fn another_git_that_ignores_configured_hooks_is_a_fault() {
    let Some(new) = std::env::var_os("GIT_NEW").map(PathBuf::from) else {
        eprintln!("skipped: GIT_NEW is not set to the directory of a newer git");
        return;
    };
    let repo = healthy(&with_git(&unguarded(), &new));
    let old = "#!/bin/sh\necho git version 2.39.5\n";
    for (name, scope) in [("install --global", "global"), ("install", "local")] {
        repo.program("../global.config", "");
        let repo = repo.env("GIT_CONFIG_GLOBAL", repo.path("../global.config"));
        let foreign =
            if scope == "local" { "mkdir .hooks; git config core.hooksPath .hooks" } else { "true" };
        repo.shell(&format!("{foreign}; \"$GUARD\" -q uninstall; \"$GUARD\" -q {name}")).success();
        assert_reports(&doctor(&repo), 0, scope);
        repo.program("../old/git", old);
        let repo = repo.env(
            "PATH",
            format!("{}:{}", repo.shell("printf %s \"$PATH\"").out, repo.path("../old").display()),
        );
        let run = doctor(&repo);
        assert_reports(
            &run,
            1,
            "/old/git is git 2.39.5 and does not run the configured pre-commit, pre-merge-commit\n",
        );
        if scope == "global" {
            repo.shell("\"$GUARD\" -q install").success();
            assert_reports(&doctor(&repo), 0, "live: ");
            repo.program("../old/git", "#!/bin/sh\nexit 1\n");
            assert_reports(&doctor(&repo), 0, "is guarded twice");
        } else {
            assert!(run.out.contains("hook pre-commit || exit` to "), "{run:?}");
        }
        repo.shell("\"$GUARD\" -q uninstall; \"$GUARD\" -q uninstall --global; rm -r ../old").success();
    }
}

#[test]
fn configured_hooks_are_examined() {
    let Some(new) = std::env::var_os("GIT_NEW").map(PathBuf::from) else {
        eprintln!("skipped: GIT_NEW is not set to the directory of a newer git");
        return;
    };
    let repo = with_git(&healthy(&unguarded()), &new);
    for (line, code, words) in [
        ("git config core.hooksPath /nowhere; \"$GUARD\" -q install", 0, "by:      pre-commit in the local"),
        ("true", 0, "is not a directory, so git runs no hooks\nfix:     git config --local"),
        ("git config hook.stage-guard.pre-commit.enabled false", 1, "is disabled (local)\nfix:     git "),
        ("git config hook.stage-guard.pre-commit.enabled OFF", 1, "is disabled (local)\nfix:     git "),
        (
            "git config --unset core.hooksPath",
            0,
            "pre-merge-commit is guarded twice, by a file and by the local",
        ),
    ] {
        assert_reports(&repo.shell(&format!("{line}; \"$GUARD\" doctor")), code, words);
    }
    if !Repo::git_is_at_least((2, 54)) {
        let repo = repo.env("PATH", std::env::var("PATH").unwrap());
        let run = repo.shell("git config core.hooksPath /nowhere; \"$GUARD\" doctor");
        assert_reports(&run, 1, "does not run configured hooks\nfix:     ");
    }
}

#[test]
fn doctor_fails_if_it_cannot_examine_the_repository() {
    let repo = healthy(&unguarded());
    repo.shell("cd .. && \"$GUARD\" doctor").fails_with("not in a git repository");
    repo.shell("PATH= \"$GUARD\" doctor").fails_with("cannot run `git`");
    repo.shell("\"$GUARD\" doctor --dry-run").fails_with("--dry-run");
    repo.shell("\"$GUARD\" doctor --config x").fails_with("--config");
    repo.shell("\"$GUARD\" doctor --format json").fails_with("--format");
}

#[test]
fn quiet_prints_faults_only() {
    let repo = healthy(&unguarded());
    repo.shell(": >.git/info/exclude; rm .git/hooks/pre-commit").success();
    let run = repo.shell("\"$GUARD\" -q doctor");
    assert!(run.code == 1 && run.out.starts_with("fault:   ") && run.out.lines().count() == 2, "{run:?}");
}

#[test]
fn uninstall_finds_the_hooks_of_a_third_directory() {
    let repo = healthy(&unguarded());
    repo.shell("git config core.hooksPath .git/own/hooks && \"$GUARD\" -q install").success();
    repo.git("config --unset core.hooksPath").success();
    assert_reports(&doctor(&repo), 0, "/.git/own/hooks here\n");
    repo.shell("\"$GUARD\" uninstall").success();
    assert_eq!(repo.shell("find .git -type l").success(), "");
}

#[test]
fn a_repository_with_a_line_break_in_its_path_is_examined() {
    let repo = unguarded();
    repo.shell("mv ../repo '../a \"\\\n'").success();
    let repo = repo.sibling("a \"\\\n");
    repo.guard("-q install").success();
    let run = repo.guard("doctor");
    assert!(run.code == 0 && run.out.ends_with("live: commits here are checked\n"), "{run:?}");
}

/// A `codex` that answers with the hooks in `codex-hooks`, after a line that says nothing.
const CODEX: &str = "#!/bin/sh
while read -r line; do
    case $line in *hooks/list*)
        echo '{\"method\":\"configWarning\"}'
        echo '{\"id\":1,\"result\":{\"data\":[{\"hooks\":['\"$(cat \"${0%/*}/codex-hooks\")\"']}]}}' ;;
    esac
done
";

#[test]
fn agents_that_may_not_ask_are_notes() {
    let repo = healthy(&unguarded());
    repo.shell("\"$GUARD\" -q install --agent=claude,codex").success();
    let run = doctor(&repo);
    assert_reports(&run, 0, "agent:   Claude Code, set up in .claude/settings.json\n");
    assert_reports(&run, 0, "agent:   Codex, set up in .codex/hooks.json\n");
    assert!(!run.out.contains("note:"), "{run:?}");

    repo.program("../bin/codex", CODEX);
    let path = format!("{}:{}", repo.path("../bin").display(), std::env::var("PATH").unwrap());
    let repo = repo.env("PATH", path).env("CODEX_HOME", repo.path("../codex"));
    let distrust = "note:    Codex does not ask before it writes: it does not trust the project\nfix:     start codex here";
    assert_reports(&doctor(&repo), 0, distrust);
    assert!(!repo.exists("../codex"));
    repo.in_dir("../codex");
    let entry = |trust: &str| {
        format!(
            r#"{{"source":"project","command":"stage-guard agent codex","enabled":true,"trustStatus":"{trust}"}}"#
        )
    };
    for (hooks, words) in [
        (String::new(), distrust),
        (entry("untrusted"), "note:    Codex does not ask before it writes: it does not trust the hooks\n"),
    ] {
        repo.write("../bin/codex-hooks", &hooks);
        assert_reports(&doctor(&repo), 0, words);
        repo.shell("\"$GUARD\" -q doctor").silent();
    }
    repo.write("../bin/codex-hooks", &entry("trusted"));
    assert!(!doctor(&repo).out.contains("note:"), "{:?}", doctor(&repo));
    repo.program("../bin/codex", "#!/bin/sh\nexit 1\n");
    assert_reports(&doctor(&repo), 0, "note:    Codex did not say whether it runs the hooks\nlive:");
}

#[test]
fn settings_of_agents_that_cannot_be_read_are_notes() {
    let (repo, file) = (healthy(&unguarded()), ".claude/settings.json");
    repo.write(file, "{");
    assert!(!doctor(&repo).out.contains("Claude"));
    fs::remove_file(repo.path(file)).unwrap();
    repo.shell("\"$GUARD\" -q install --agent=claude").success();
    for (command, reason) in [
        ("echo '{' > .claude/settings.json", "not valid JSON: "),
        ("rm .claude/settings.json; mkdir .claude/settings.json", "not a regular file\n"),
        ("rmdir .claude/settings.json; ln -s nowhere .claude/settings.json", "No such file or directory"),
    ] {
        repo.shell(command).success();
        let run = doctor(&repo);
        let note =
            format!("note:    Claude Code does not ask before it writes: cannot read {file}: {reason}");
        assert_reports(&run, 0, &note);
        assert_reports(&run, 0, &format!("fix:     correct {file}, then run "));
        assert!(!run.out.contains("agent:  "), "{run:?}");
    }
}

#[test]
fn settings_of_agents_that_are_out_of_date_are_notes() {
    let repo = healthy(&unguarded());
    repo.shell("\"$GUARD\" -q install --agent=claude").success();
    let settings = repo.read(".claude/settings.json");
    for (from, to, words) in [
        (
            "/stage-guard agent",
            "/missing/stage-guard agent",
            "Claude Code does not ask before it writes: there is no program /",
        ),
        (
            "Write|",
            "",
            "note:    the hooks of Claude Code in .claude/settings.json differ from those that `install` writes\n",
        ),
        (" agent claude || true", " agent", "the hooks of Claude Code in .claude/settings.json differ"),
        (
            "Write|Edit|MultiEdit|NotebookEdit|Monitor|Bash\",\n        \"hooks\": [",
            "Write\",\n        \"hooks\": [{},",
            "the hooks of Claude Code in .claude/settings.json differ",
        ),
    ] {
        repo.write(".claude/settings.json", &settings.replace(from, to));
        let run = doctor(&repo);
        assert_reports(&run, 0, words);
        assert!(run.out.contains("install --agent=claude\n"), "{run:?}");
        repo.shell("\"$GUARD\" -q install --agent=claude").success();
        assert!(!doctor(&repo).out.contains("note:"));
    }
}
