//! `doctor`: whether the guard is live, after each way in which it ceases to be.

use std::path::PathBuf;

use super::hooks::{hook, unguarded};
use super::sandbox::{BINARY, Repo, Run};

const SESSION_PATH: &str = ".claude_sessions/stage-guard-doctor.py";

/// A guarded repository with all as it should be, by a program of its own, `$GUARD`, in a
/// directory that stays.
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

/// Asserts that the report ends in a verdict of this exit code, and says `words`.
fn says(run: &Run, code: i32, words: &str) {
    let verdict = if code == 0 { "live: " } else { "not live: " };
    let last = run.out.lines().last().unwrap_or_default();
    assert!(run.code == code && last.starts_with(verdict) && run.err.is_empty(), "{run:?}");
    assert!(run.out.contains(words), "{words}: {run:?}");
    assert_eq!(run.out.contains("fault:"), code == 1, "{run:?}");
}

fn assert_well(repo: &Repo) {
    let run = doctor(repo);
    says(&run, 0, &format!("probe:   {SESSION_PATH} is refused by pre-commit and pre-merge-commit\n"));
    assert!(!run.out.contains("note:"), "{run:?}");
    repo.shell("\"$GUARD\" -q doctor").silent();
}

/// What git has, and what lies in the git directory and in the worktree.
fn state(repo: &Repo) -> String {
    let files = "find \"$(git rev-parse --absolute-git-dir)\" . -type f | LC_ALL=C sort | \
                 xargs -d '\\n' sha1sum && git status --porcelain=v2 && git for-each-ref && \
                 git rev-parse --symbolic-full-name HEAD";
    repo.shell(files).success()
}

fn assert_restored(repo: &Repo, before: &str, what: &str) {
    let now = state(repo);
    let has = |text: &str, line: &str| text.lines().any(|other| other == line);
    let changed: Vec<&str> = now.lines().filter(|line| !has(before, line)).collect();
    let gone: Vec<&str> = before.lines().filter(|line| !has(&now, line)).collect();
    assert!(changed.is_empty() && gone.is_empty(), "{what}: {changed:?} {gone:?}");
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
        assert_well(&repo);
        says(&doctor(&repo), 0, guarded);
    }
}

/// A line of shell that breaks something, the exit code, and what the report says.
const BREAKAGES: [(&str, i32, &str); 30] = [
    // The hooks.
    ("rm .git/hooks/pre-commit", 1, "there is no "),
    ("rm .git/hooks/pre-merge-commit", 1, "hooks/pre-merge-commit\nmend:    "),
    ("rm -r .git/hooks", 1, "stage-guard install\n"),
    ("chmod -x .git/stage-guard/hook", 1, "/.git/stage-guard/hook\n"),
    ("rm .git/stage-guard/hook", 1, "hooks/pre-commit is a symlink to nothing"),
    ("ln -sf ../../gone .git/hooks/pre-commit", 1, "hooks/pre-commit is a symlink to nothing"),
    ("rm .git/hooks/pre-commit; printf '#!/bin/sh\n' >.git/hooks/pre-commit", 1, "is not executable"),
    ("rm .git/hooks/*; cp -p .git/stage-guard/hook .git/hooks/pre-commit", 1, "hooks/pre-merge-commit"),
    ("rm .git/hooks/pre-commit; cp -p .git/stage-guard/hook .git/hooks/pre-commit", 0, "pre-commit and"),
    ("mv .git/hooks/pre-commit .git/hooks/pre-commit.legacy", 1, "moved aside by another manager"),
    // The program.
    ("mv \"$GUARD\" ../away; ../away doctor; exit", 1, "stage-guard does not run, so git stops: "),
    ("cp \"$GUARD\" ../away; chmod -x \"$GUARD\"; ../away doctor; exit", 1, "does not run, so git stops: "),
    ("cp \"$GUARD\" ../away; ../away doctor; exit", 0, "is another program than this one"),
    ("mkdir -p ../target; cp \"$GUARD\" ../target; ../target/stage-guard -q install", 0, "goes away"),
    ("sed -i 's/^exec .*/exit 0/' .git/stage-guard/hook", 1, "did not refuse: it let session work pass"),
    // core.hooksPath.
    ("git config core.hooksPath /nowhere", 1, "mend:    git config --local --unset-all core.hooksPath\n"),
    ("git config core.hooksPath .no/hooks", 1, "core.hooksPath = `.no/hooks` in `file:.git/config` (local)"),
    ("git config core.hooksPath ''", 1, "--local --unset-all"),
    (
        "git config extensions.worktreeConfig true; git config --worktree core.hooksPath gone",
        1,
        "mend:    git config --worktree --unset-all core.hooksPath\n",
    ),
    (
        "printf '[core]\nhooksPath = /nowhere\n' >.git/more; git config include.path more",
        1,
        "/repo/.git/more --unset-all core.hooksPath\n",
    ),
    ("mkdir other; git config core.hooksPath other", 1, "does not run the hooks of ours in "),
    ("git config core.hooksPath .git/hooks", 0, "by core.hooksPath = `.git/hooks`"),
    ("git config core.hooksPath .git/hooks; git worktree add -q ../linked", 0, "names no directory in "),
    // The rest.
    ("\"$GUARD\" -q install --strict; rm .git/hooks/pre-push", 0, "install --strict\nlive: "),
    (
        "\"$GUARD\" -q install --strict=refs; rm .git/hooks/reference-transaction",
        0,
        "install --strict=refs\nlive: ",
    ),
    ("printf 'allw = []\n' >.stage-guard.toml", 1, "         1 | allw = []\n           | ^^^^\n"),
    ("printf 'allow = [\".claude_sessions/**\"]\n' >.stage-guard.toml", 0, "directory is allowed by"),
    ("printf 'disable = [\"session-directory\"]\n' >.stage-guard.toml", 0, "debug_stage_guard_doctor.py is"),
    (": >.git/info/exclude", 0, "git does not ignore the session directory\nmend:    "),
    (
        "printf '#!/bin/sh\n' >.git/hooks/pre-commit.before-stage-guard",
        0,
        "was there before and does not run",
    ),
];

#[test]
fn each_breakage_is_named() {
    for (breakage, code, words) in BREAKAGES {
        let repo = healthy(&unguarded());
        says(&repo.shell(&format!("{breakage}; \"$GUARD\" doctor")), code, words);
    }
}

#[test]
fn what_mends_is_named() {
    for (breakage, code, _) in BREAKAGES.into_iter().filter(|(line, ..)| !line.contains("exit")) {
        let repo = healthy(&unguarded());
        repo.shell(breakage).success();
        let run = doctor(&repo);
        let is_command = |remedy: &&str| ["/", "git ", "chmod "].iter().any(|word| remedy.starts_with(word));
        let remedies = run.out.lines().filter_map(|line| line.strip_prefix("mend:    "));
        for remedy in remedies.filter(is_command) {
            repo.shell(remedy).success();
        }
        let is_by_hand = ["toml", "target", "mkdir other", "sed"].iter().any(|word| breakage.contains(word));
        assert!(
            code == 0 || is_by_hand || doctor(&repo).code == 0,
            "{breakage}: {run:?} {:?}",
            doctor(&repo)
        );
    }
}

#[test]
fn a_global_hooks_path_is_named() {
    let repo = healthy(&unguarded());
    let global = repo.path("../global.config");
    std::fs::write(&global, "[core]\n\thooksPath = ~/nowhere\n").unwrap();
    let repo = repo.env("GIT_CONFIG_GLOBAL", global);
    says(&doctor(&repo), 1, "mend:    git config --global --unset-all core.hooksPath\n");
    let run =
        repo.shell("GIT_CONFIG_GLOBAL=/dev/null git -c core.hooksPath=/x -c alias.d='!\"$GUARD\" doctor' d");
    says(&run, 1, "mend:    take core.hooksPath out of the environment\n");
}

#[test]
fn every_kind_of_repository_is_looked_at() {
    assert_well(&healthy(&Repo::unborn()));
    for (version, format) in [
        ((2, 31), "--object-format=sha256"),
        ((2, 45), "--ref-format=reftable"),
        ((2, 31), "--initial-branch=x"),
    ] {
        if Repo::git_is_at_least(version) {
            assert_well(&healthy(&Repo::of_format(&[format])));
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
        assert_well(&repo);
        assert_restored(&repo, &before, line);
    }
}

#[test]
fn worktrees_and_submodules_are_looked_at() {
    let repo = healthy(&unguarded());
    repo.git("worktree add -q ../linked").success();
    let linked = repo.sibling("linked");
    assert_well(&linked);
    assert_well(&linked.in_dir("deep/down"));
    repo.git("config core.hooksPath .git/hooks").success();
    says(&doctor(&linked), 1, "mend:    git config --local --unset-all core.hooksPath\n");
    repo.git("config --unset core.hooksPath").success();
    linked.shell("cp \"$GUARD\" . && ./stage-guard -q install").success();
    says(&linked.shell("./stage-guard doctor"), 0, "goes away, and git stops then");

    let outer = healthy(&unguarded());
    outer.shell("git init -q ../inner && git -C ../inner commit -q --allow-empty -m inner").success();
    outer.git("-c protocol.file.allow=always submodule add -q ../inner inner").success();
    let inner = outer.child("inner");
    says(&doctor(&inner), 1, "/.git/modules/inner/hooks/pre-commit\n");
    inner.shell("\"$GUARD\" -q install && \"$GUARD\" -q init --exclude").success();
    assert_well(&inner);
}

#[test]
fn a_bare_repository_is_looked_at() {
    let home = Repo::home();
    let server = healthy(&home.bare_server());
    says(&doctor(&server), 0, "guarded: pre-receive (`install`)\n");
    server.shell("rm hooks/pre-receive").success();
    says(&doctor(&server), 1, "hooks/pre-receive\nmend:    ");
}

#[test]
fn a_hook_of_another_is_judged_by_what_it_does() {
    let repo = healthy(&unguarded());
    repo.shell("rm .git/hooks/pre-commit").success();
    hook(&repo, "pre-commit", "echo 'lint: \u{1b}[31mno' >&2; exit 1");
    says(
        &doctor(&repo),
        1,
        "belongs to another and did not refuse: it said:\n         lint: \\u{1b}[31mno\n",
    );
    hook(&repo, "pre-commit", "\"$GUARD\" hook pre-commit || exit");
    assert_well(&repo);
    hook(&repo, "pre-commit", "\"$GUARD\" hook pre-commit || exit; echo lint >&2; exit 1");
    says(
        &doctor(&repo),
        0,
        "note:    pre-commit also stops what the guard lets pass: it said:\n         lint\n",
    );
}

#[test]
fn a_hook_that_was_there_before_is_named() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "echo lint >&2; exit 3");
    let repo = healthy(&repo);
    says(&doctor(&repo), 0, "hooks/pre-commit.before-stage-guard runs as well\n");
    says(&doctor(&repo), 0, "         lint\n");
    repo.shell("chmod -x .git/hooks/pre-commit.before-stage-guard").success();
    says(&doctor(&repo), 0, "was there before and does not run\nmend:    chmod +x ");
}

/// A hook that puts away what is not staged, as some managers do, and one that stages.
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
        says(&doctor(&repo), 0, "is refused by pre-commit and pre-merge-commit");
        assert_restored(&repo, &before, body);
        repo.shell(
            "rm .git/hooks/pre-commit; mv .git/hooks/pre-commit.before-stage-guard .git/hooks/pre-commit",
        )
        .success();
        let before = state(&repo);
        doctor(&repo).code(1);
        assert_restored(&repo, &before, body);
    }
}

#[test]
fn the_probe_leaves_no_files_behind() {
    let repo = healthy(&unguarded());
    let temporary = repo.in_dir("../temporary");
    assert_well(&repo.env("TMPDIR", &temporary.dir));
    assert_eq!(temporary.shell("ls -A").success(), "");
    let run = doctor(&repo.env("TMPDIR", "/nowhere"));
    run.fails_with("could not make an index to throw away");
}

#[test]
fn an_old_git_is_looked_at() {
    let repo = healthy(&unguarded());
    let git = repo.shell("command -v git").success();
    let old = format!(
        "#!/bin/sh\ncase \" $* \" in *' version ') echo git version 2.31.0; exit ;; *' hook '*) exit 9 ;; esac\nexec {} \"$@\"\n",
        git.trim()
    );
    repo.program("../old/git", &old);
    let path = format!("{}:{}", repo.path("../old").display(), std::env::var("PATH").unwrap());
    let repo = repo.env("PATH", path);
    assert_well(&repo);
    repo.shell("rm .git/hooks/pre-commit").success();
    hook(&repo, "pre-commit", "exit 1");
    says(&doctor(&repo), 1, "belongs to another");
    repo.shell("mkdir other; git config core.hooksPath other").success();
    says(&doctor(&repo), 1, "hook pre-commit || exit` to ");
}

#[test]
fn configured_hooks_are_looked_at() {
    let Some(new) = std::env::var_os("GIT_NEW").map(PathBuf::from) else {
        eprintln!("skipped: GIT_NEW names no directory of a newer git");
        return;
    };
    let repo = healthy(&unguarded());
    let path = format!("{}:{}", new.display(), std::env::var("PATH").unwrap());
    let repo = repo.env("PATH", path);
    for (line, code, words) in [
        ("git config core.hooksPath /nowhere; \"$GUARD\" -q install", 0, "by:      pre-commit in the local"),
        ("true", 0, "names no directory, so git runs no hooks from it\nmend:    git config --local"),
        ("git config hook.stage-guard.pre-commit.enabled false", 1, "switched off (local)\nmend:    git "),
        (
            "git config --unset core.hooksPath",
            0,
            "pre-merge-commit is guarded twice, by a file and by the local",
        ),
    ] {
        says(&repo.shell(&format!("{line}; \"$GUARD\" doctor")), code, words);
    }
    if !Repo::git_is_at_least((2, 54)) {
        let run = repo.shell("PATH=${PATH#*:}; git config core.hooksPath /nowhere; \"$GUARD\" doctor");
        says(&run, 1, "runs no configured hooks\nmend:    ");
    }
}

#[test]
fn where_it_cannot_look_it_says_so() {
    let repo = healthy(&unguarded());
    repo.shell("cd .. && \"$GUARD\" doctor").fails_with("not in a git repository");
    repo.shell("PATH= \"$GUARD\" doctor").fails_with("could not run `git`");
    repo.shell("\"$GUARD\" doctor --dry-run").fails_with("--dry-run");
    repo.shell("\"$GUARD\" doctor --config x").fails_with("--config");
    repo.shell("\"$GUARD\" doctor --format json").fails_with("--format");
}

#[test]
fn quiet_says_the_faults_alone() {
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
    says(&doctor(&repo), 0, "/.git/own/hooks here\n");
    repo.shell("\"$GUARD\" uninstall").success();
    assert_eq!(repo.shell("find .git -type l").success(), "");
}
