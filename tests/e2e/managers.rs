//! The guard with real hook managers: installed before them, after them, and run by them.

use std::env;
use std::path::{Path, PathBuf};

use super::packages;
use super::sandbox::hooks::{hook, state, unguarded};
use super::sandbox::pages::blocks;
use super::sandbox::{BINARY, Repo, Run};

const NOTE: &str = ".claude_sessions/current/x.py";

pub(super) const PYTHON: [&str; 2] = ["pre-commit==4.7.0", "prek==0.5.11"];
const NODE: [&str; 2] = ["lefthook@2.2.2", "husky@9.1.7"];

/// Creates a repository without hooks, with `programs` and the guard on `PATH`.
pub(super) fn unmanaged(programs: PathBuf) -> Repo {
    let own = Path::new(BINARY).parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap();
    let directories = [programs, own].into_iter().chain(env::split_paths(&path));
    unguarded().env("PATH", env::join_paths(directories).unwrap())
}

/// Asserts that the guard stopped git because of `path`.
fn assert_refused(run: &Run, path: &str) {
    assert!(run.code != 0 && run.output().contains(&format!("refused: {path} [")), "{run:?}");
}

/// Asserts success without any output of the guard, and returns the output.
fn assert_passed(run: &Run) -> String {
    let output = run.output();
    assert!(run.code == 0 && !output.contains("refused") && !output.contains("stage-guard:"), "{run:?}");
    output
}

fn unstage(repo: &Repo, path: &str) {
    repo.git_args(&["rm", "-q", "--cached", "-f", path]).success();
}

fn assert_every_commit_is_guarded(repo: &Repo) {
    assert_passed(&repo.stage("main.py").stage("other.py").commit());
    assert_refused(&repo.stage(NOTE).commit(), NOTE);
    unstage(repo, NOTE);
    // git makes temporary indexes for these.
    repo.commit_without_hooks(&["debug_x.py"]);
    repo.write("debug_x.py", "changed\n").write("main.py", "changed\n");
    assert_refused(&repo.git("commit -q -a -m all"), "debug_x.py");
    assert_refused(&repo.git("commit -q -m path debug_x.py"), "debug_x.py");
    assert_passed(&repo.git("commit -q -m path main.py"));
    repo.git("checkout -q debug_x.py").success();
    // An intent-to-add entry is not committed, and stays.
    repo.write("check_x.py", "x\n").git("add -N check_x.py").success();
    assert_passed(&repo.stage("more.py").commit());
    assert_eq!(repo.git("diff --name-only --diff-filter=A").success(), "check_x.py\n");
    // Unstaged changes survive a refusal, and are not checked.
    repo.write("main.py", "not staged\n").stage("fix_x.py");
    assert_refused(&repo.commit(), "fix_x.py");
    assert_eq!(repo.read("main.py"), "not staged\n");
    unstage(repo, "fix_x.py");
    assert_passed(&repo.git("commit -q --allow-empty -m empty"));
    assert_passed(&repo.git("commit -q --allow-empty --amend -m amended"));
    repo.git("rm -q debug_x.py").success();
    assert_passed(&repo.git("commit -q -m deleted"));
    // A merge is checked against its parents: the upstream's old session work is not refused.
    repo.git("rm -q --cached check_x.py").success();
    repo.git("checkout -q main.py").success();
    repo.git("checkout -q -b upstream").success();
    repo.commit_without_hooks(&[".claude_sessions/upstream"]).stage("upstream.py");
    assert_passed(&repo.commit());
    repo.git("checkout -q main").success();
    assert_passed(&repo.stage("main-only.py").commit());
    assert_passed(&repo.git("merge -q --no-edit upstream"));
    assert_eq!(repo.git("rev-list --merges --count HEAD").success(), "1\n");
    repo.git("reset -q --hard HEAD~1").success();
    repo.git("merge -q --no-commit upstream").success();
    assert_refused(&repo.stage("debug_y.py").commit(), "debug_y.py");
    unstage(repo, "debug_y.py");
    assert_passed(&repo.commit());
}

/// The managers that read `.pre-commit-config.yaml`.
mod frameworks {
    use super::*;

    /// Turns each check into a test for each of these managers.
    macro_rules! for_each_framework {
        ($($check:ident;)*) => {
            mod pre_commit { $(#[test] fn $check() { super::$check("pre-commit"); })* }
            mod prek { $(#[test] fn $check() { super::$check("prek"); })* }
        };
    }

    for_each_framework! {
        builds_the_guard_from_source;
        guards_every_kind_of_commit;
        checks_every_push;
        runs_without_a_commit;
        a_variable_skips_the_hook;
        checks_commits_made_by_hooks;
        fails_when_the_check_fails;
        restores_other_hooks;
    }

    /// Creates a repository in which `manager` runs the hook `id` of a clone of this project.
    fn managed(manager: &str, id: &str) -> Repo {
        let repo = unmanaged(packages::python(&PYTHON)).env("MANAGER", manager);
        let hooks = repo.sibling("project-hooks");
        std::fs::create_dir(&hooks.dir).unwrap();
        hooks.git("init -q").success();
        hooks.write(".pre-commit-hooks.yaml", include_str!("../../.pre-commit-hooks.yaml"));
        hooks.git("add .").success();
        hooks.git("commit -q -m hooks").success();
        configure(&repo, &hooks, id);
        repo.shell("$MANAGER install").success();
        repo
    }

    /// Writes the documented configuration and commits it.
    fn configure(repo: &Repo, project: &Repo, id: &str) {
        let rev = project.git("rev-parse HEAD").success();
        let configuration = blocks("docs/hook-managers.md", "yaml")[0]
            .replace("URL", project.dir.to_str().unwrap())
            .replace("COMMIT", rev.trim())
            .replace("id: stage-guard\n", &format!("id: {id}\n"));
        repo.write(".pre-commit-config.yaml", &configuration).git("add .pre-commit-config.yaml").success();
        repo.git("commit -q -m configured").success();
    }

    fn system(manager: &str) -> Repo {
        managed(manager, "stage-guard-system")
    }

    fn builds_the_guard_from_source(manager: &str) {
        let repo = packages::with_cargo(&unmanaged(packages::python(&PYTHON)).env("MANAGER", manager));
        let project = packages::project(&repo);
        repo.stage(NOTE);
        assert_refused(&repo.env("P", &project.dir).shell("$MANAGER try-repo \"$P\" stage-guard"), NOTE);
        unstage(&repo, NOTE);
        configure(&repo, &project, "stage-guard\n      - id: stage-guard-all");
        // Without the guard on `PATH`, so that the built one must run.
        let path = env::var_os("PATH").unwrap();
        let directories = [packages::python(&PYTHON)].into_iter().chain(env::split_paths(&path));
        let repo = repo.env("PATH", env::join_paths(directories).unwrap());
        repo.shell("$MANAGER install").success();
        let refused = repo.stage(NOTE).commit();
        assert_refused(&refused, NOTE);
        // The command works without the manager's own directories on `PATH`.
        let output = refused.output();
        let stow = output.lines().find_map(|line| line.trim().strip_prefix("stow: ")).unwrap();
        repo.shell(stow).success();
        assert_passed(&repo.stage("main.py").commit());
        let all = "$MANAGER run --hook-stage manual --all-files stage-guard-all";
        assert_passed(&repo.shell(all));
        assert_refused(&repo.commit_without_hooks(&[NOTE]).shell(all), NOTE);
    }

    fn guards_every_kind_of_commit(manager: &str) {
        let repo = system(manager);
        assert_every_commit_is_guarded(&repo);
        assert_refused(&repo.stage(NOTE).git("commit -q --no-verify -m past"), NOTE);
    }

    fn checks_every_push(manager: &str) {
        let repo = system(manager);
        repo.git("init -q --bare ../server.git").success();
        repo.git("remote add origin ../server.git").success();
        // A whole history, including the root commit.
        assert_passed(&repo.git("push -q origin main"));
        repo.commit_without_hooks(&[NOTE]);
        repo.git_args(&["rm", "-q", "-f", NOTE]).success();
        assert_passed(&repo.git("commit -q -m removed"));
        // A path that one commit adds and the next removes is still in the history.
        assert_refused(&repo.git("push -q origin main"), NOTE);
        assert_refused(&repo.git("push -q origin HEAD:refs/heads/new"), NOTE);
        assert_refused(&repo.git("push -q origin HEAD:refs/heads/other HEAD:refs/heads/another"), NOTE);
        assert_passed(&repo.git("push -q origin HEAD~2:refs/heads/old"));
        // Commits that a remote has are not checked again.
        repo.git("push -q --no-verify origin HEAD:refs/heads/known").success();
        assert_passed(&repo.stage("main.py").commit());
        assert_passed(&repo.git("push -q origin main"));
        assert_passed(&repo.git("push -q origin :known"));
        // A whole history with session work in it, to another remote.
        repo.git("checkout -q --orphan root").success();
        repo.git("rm -q -r --cached .").success();
        repo.git("add .pre-commit-config.yaml").success();
        repo.commit_without_hooks(&["debug_x.py"]);
        repo.git("init -q --bare ../fresh.git").success();
        assert_refused(&repo.git("push -q ../fresh.git root"), "debug_x.py");
        repo.git("remote add fresh ../fresh.git").success();
        assert_refused(&repo.git("push -q fresh root"), "debug_x.py");
    }

    fn runs_without_a_commit(manager: &str) {
        let repo = system(manager);
        assert_passed(&repo.shell("$MANAGER run"));
        assert_refused(&repo.stage(NOTE).shell("$MANAGER run"), NOTE);
        assert_refused(&repo.shell("$MANAGER run --all-files"), NOTE);
        assert_refused(&repo.shell("$MANAGER run --hook-stage manual"), NOTE);
        unstage(&repo, NOTE);
        repo.commit_without_hooks(&[NOTE]);
        assert_passed(&repo.shell("$MANAGER run --all-files"));
        assert_refused(&repo.shell("$MANAGER run --from-ref HEAD~1 --to-ref HEAD"), NOTE);
        repo.git_args(&["rm", "-q", "-f", NOTE]).success();
        assert_passed(&repo.git("commit -q -m removed"));
        assert_refused(&repo.shell("$MANAGER run --from-ref HEAD~2 --to-ref HEAD"), NOTE);
        assert_passed(&repo.shell("$MANAGER run --from-ref HEAD~1 --to-ref HEAD"));
        assert_passed(&repo.shell("$MANAGER run --from-ref HEAD --to-ref HEAD"));
    }

    fn a_variable_skips_the_hook(manager: &str) {
        let repo = system(manager);
        // prek fails if no hook is left.
        let other = "{id: other, name: other, entry: 'true', language: system}";
        let configuration = repo.read(".pre-commit-config.yaml");
        let configuration = format!("{configuration}  - repo: local\n    hooks: [{other}]\n");
        repo.write(".pre-commit-config.yaml", &configuration).git("add .").success();
        assert_passed(&repo.env("SKIP", "stage-guard-system").stage(NOTE).commit());
    }

    /// A git that a hook runs inherits the environment of that hook.
    fn checks_commits_made_by_hooks(manager: &str) {
        let repo = system(manager);
        repo.git("init -q --bare ../server.git").success();
        repo.git("remote add origin ../server.git").success();
        hook(&repo, "post-merge", "git commit -q --no-edit >output 2>&1");
        repo.git("checkout -q -b squashed").success();
        repo.commit_without_hooks(&["debug_x.py"]).git("checkout -q main").success();
        repo.git("merge -q --squash squashed").success();
        assert!(repo.read("output").contains("refused: debug_x.py"), "{}", repo.read("output"));
        repo.git("reset -q --hard").success();
        let configuration = repo.read(".pre-commit-config.yaml");
        // The configuration is automation: a path that it names would not be refused.
        let commit = "#!/bin/sh\necho x >debug_y.py; git add debug_y.py; git commit -q -m y >output 2>&1\n";
        repo.program("commit-y", commit);
        let entry = "./commit-y";
        let local = format!("{{id: c, name: c, entry: \"{entry}\", language: system, stages: [pre-push]}}");
        let configuration = format!("{configuration}  - repo: local\n    hooks: [{local}]\n");
        repo.write(".pre-commit-config.yaml", &configuration).git("add .pre-commit-config.yaml").success();
        assert_passed(&repo.commit());
        let _ = repo.git("push -q origin main");
        assert!(repo.read("output").contains("refused: debug_y.py"), "{}", repo.read("output"));
        let leaked = repo.env("PRE_COMMIT_FROM_REF", "HEAD").env("PRE_COMMIT_TO_REF", "HEAD");
        assert_refused(&leaked.commit(), "debug_y.py");
    }

    fn fails_when_the_check_fails(manager: &str) {
        let repo = system(manager);
        repo.write(".stage-guard.toml", "allw = []\n").git("add .stage-guard.toml").success();
        let run = repo.commit();
        assert!(run.code != 0 && run.output().contains("did you mean `allow`"), "{run:?}");
        repo.git("rm -q -f .stage-guard.toml").success();
        let run = repo.shell("$MANAGER run --from-ref HEAD --to-ref 0123456789");
        assert!(run.code != 0, "{run:?}");
    }

    fn restores_other_hooks(manager: &str) {
        let repo = unmanaged(packages::python(&PYTHON)).env("MANAGER", manager);
        let before = state(&repo);
        hook(&repo, "pre-commit", "echo mine >&2");
        let with_one = state(&repo);
        let nothing = "{id: nothing, name: nothing, entry: 'true', language: system, always_run: true}";
        let configuration = format!("repos: [{{repo: local, hooks: [{nothing}]}}]\n");
        repo.write(".pre-commit-config.yaml", &configuration).git("add .").success();
        for (install, uninstall) in [
            ("$MANAGER install; stage-guard install", "stage-guard uninstall; $MANAGER uninstall"),
            // The manager removes only its own hook, which the guard has renamed.
            (
                "$MANAGER install; stage-guard install",
                "$MANAGER uninstall; stage-guard uninstall; $MANAGER uninstall",
            ),
            ("stage-guard install; $MANAGER install", "stage-guard uninstall; $MANAGER uninstall"),
            ("stage-guard install; $MANAGER install", "$MANAGER uninstall; stage-guard uninstall"),
            // The second `install` of the manager moves the guard's hook over the file it moved before.
            (
                "$MANAGER install; stage-guard install; $MANAGER install",
                "stage-guard uninstall; $MANAGER uninstall",
            ),
        ] {
            repo.shell(&format!("{install}; stage-guard doctor")).success();
            assert_refused(&repo.stage(NOTE).commit(), NOTE);
            unstage(&repo, NOTE);
            assert!(assert_passed(&repo.git("commit -q --allow-empty -m x")).contains("mine"));
            repo.shell(uninstall).success();
            assert_eq!(state(&repo), with_one, "{manager}: {install}; {uninstall}");
        }
        std::fs::remove_file(repo.path(".git/hooks/pre-commit")).unwrap();
        assert_eq!(state(&repo), before);
    }
}

impl Repo {
    /// Commits `paths` without running any hook.
    fn commit_without_hooks(&self, paths: &[&str]) -> &Self {
        for path in paths {
            self.stage(path);
        }
        self.git("-c core.hooksPath=/dev/null commit -q --no-verify -m past").success();
        self
    }
}

mod lefthook {
    use super::*;

    /// Creates a repository with a lefthook job, and the documented jobs if `runs_the_guard`.
    fn repo(runs_the_guard: bool) -> Repo {
        let repo = unmanaged(packages::node(&NODE)).env("CI", "1");
        let own = "    - run: echo theirs\n";
        let configuration = if runs_the_guard {
            format!("{}post-commit:\n  jobs:\n{own}", blocks("docs/hook-managers.md", "yaml")[1])
        } else {
            format!("pre-commit:\n  jobs:\n{own}")
        };
        repo.write("lefthook.yml", &configuration).git("add .").success();
        repo.git("commit -q -m configured").success();
        repo
    }

    #[test]
    fn the_documented_configuration_guards() {
        let repo = repo(true);
        repo.shell("lefthook install").success();
        assert!(assert_passed(&repo.stage("first.py").commit()).contains("theirs"));
        assert_every_commit_is_guarded(&repo);
        assert_refused(&repo.stage(NOTE).git("commit -q --no-verify -m past"), NOTE);
        unstage(&repo, NOTE);
        repo.git("init -q --bare ../server.git").success();
        repo.git("remote add origin ../server.git").success();
        assert_refused(&repo.git("push -q origin main"), "debug_x.py");
        assert_passed(&repo.shell("git push -q origin $(git rev-list main | tail -n 1):refs/heads/main"));
    }

    #[test]
    fn a_variable_skips_lefthook() {
        let repo = repo(true).env("LEFTHOOK", "0");
        repo.shell("lefthook install").success();
        assert_passed(&repo.stage(NOTE).commit());
    }

    #[test]
    fn doctor_names_the_fix_after_lefthook_is_installed_last() {
        let repo = repo(false);
        repo.shell("stage-guard install && lefthook install").success();
        assert_doctor_names_the_fix(&repo);
    }

    #[test]
    fn doctor_names_the_fix_after_lefthook_reinstalls_itself() {
        let repo = repo(false);
        repo.shell("lefthook install").success();
        let output = repo.shell("stage-guard install").success();
        let line = "add `- run: stage-guard hook pre-commit` to the `jobs` of `pre-commit` in lefthook.yml";
        assert!(output.contains("lefthook will replace this hook") && output.contains(line), "{output}");
        assert!(assert_passed(&repo.stage("main.py").commit()).contains("theirs"));
        assert_refused(&repo.stage(NOTE).commit(), NOTE);
        unstage(&repo, NOTE);
        repo.shell("lefthook install --force").success();
        assert_doctor_names_the_fix(&repo);
    }

    /// Asserts that `doctor` reports unguarded commits, and that its fix makes both hooks run.
    fn assert_doctor_names_the_fix(repo: &Repo) {
        let before = repo.git("rev-parse HEAD").success();
        assert!(assert_passed(&repo.stage(NOTE).commit()).contains("theirs"));
        let run = repo.shell("stage-guard doctor");
        assert!(run.code == 1 && run.out.contains("hooks/pre-commit belongs to lefthook"), "{run:?}");
        let line = run.out.lines().find_map(|line| line.strip_prefix("fix:     add `"));
        let (line, file) = line.unwrap().split_once('`').unwrap();
        assert_eq!(file, " to the `jobs` of `pre-commit` in lefthook.yml");
        repo.write("lefthook.yml", &format!("{}    {line}\n", repo.read("lefthook.yml")));
        repo.git_args(&["reset", "-q", "--soft", before.trim()]).success();
        assert_refused(&repo.commit(), NOTE);
        let run = repo.shell("stage-guard doctor");
        assert!(run.code == 0 && !run.out.contains("has renamed"), "{run:?}");
        unstage(repo, NOTE);
        assert!(assert_passed(&repo.stage("more.py").commit()).contains("theirs"));
    }

    /// The probe of `doctor` runs lefthook, which then reinstalls its own hook.
    #[test]
    fn doctor_sees_a_hook_that_its_probe_replaced() {
        let repo = repo(false);
        repo.shell("lefthook install && stage-guard install").success();
        let run = repo.shell("stage-guard doctor");
        assert!(run.code == 0 && run.out.contains("lefthook will replace"), "{run:?}");
        // lefthook compares modification times in whole seconds.
        repo.shell("echo \"    - run: 'true'\" >>lefthook.yml && touch -d '1 hour' lefthook.yml").success();
        let run = repo.shell("stage-guard doctor");
        assert!(run.code == 1 && run.out.contains("hooks/pre-commit belongs to lefthook"), "{run:?}");
    }

    #[test]
    fn uninstall_restores_every_hook() {
        for own in ["", "echo mine"] {
            for (install, uninstall) in [
                ("stage-guard install; lefthook install", "stage-guard uninstall; lefthook uninstall"),
                ("stage-guard install; lefthook install", "lefthook uninstall; stage-guard uninstall"),
                ("lefthook install; stage-guard install", "stage-guard uninstall; lefthook uninstall"),
                (
                    "lefthook install; stage-guard install; lefthook install",
                    "stage-guard uninstall; lefthook uninstall",
                ),
                (
                    "lefthook install; stage-guard install; lefthook install -f; stage-guard install",
                    "stage-guard uninstall; lefthook uninstall",
                ),
            ] {
                let repo = repo(true);
                if !own.is_empty() {
                    hook(&repo, "pre-commit", own);
                }
                let before = state(&repo);
                let _ = repo.shell(install);
                assert_refused(&repo.stage(NOTE).commit(), NOTE);
                unstage(&repo, NOTE);
                assert_passed(&repo.stage("main.py").commit());
                repo.shell(uninstall).success();
                assert_eq!(state(&repo), before, "{own}: {install}; {uninstall}");
            }
        }
    }
}

mod husky {
    use super::*;

    /// Creates a repository with a user's hook in husky's directory.
    fn repo() -> Repo {
        let repo = unmanaged(packages::node(&NODE));
        repo.program(".husky/pre-commit", "echo theirs\n").git("add .").success();
        repo.git("commit -q -m configured").success();
        repo
    }

    #[test]
    fn the_documented_lines_guard() {
        let repo = repo();
        repo.shell("husky").success();
        repo.shell(&blocks("docs/hook-managers.md", "sh")[0]).success();
        repo.git("add .husky").success();
        assert!(assert_passed(&repo.commit()).contains("theirs"));
        assert_every_commit_is_guarded(&repo);
        assert_passed(&repo.env("HUSKY", "0").stage(NOTE).commit());
    }

    #[test]
    fn doctor_names_the_fix_after_husky_is_installed_last() {
        let repo = repo();
        repo.shell("stage-guard install && husky").success();
        assert!(assert_passed(&repo.stage(NOTE).commit()).contains("theirs"));
        repo.git("reset -q --soft HEAD~1").success();
        let run = repo.shell("stage-guard doctor");
        assert!(run.code == 1 && run.out.contains("belongs to husky and did not refuse"), "{run:?}");
        assert_lines_make_both_run(&repo, &lines(&run));
    }

    #[test]
    fn install_names_the_line_if_husky_owns_the_hooks() {
        let repo = repo();
        repo.shell("husky").success();
        if Repo::git_is_at_least((2, 54)) {
            repo.shell("stage-guard install").success();
            assert_refused(&repo.stage(NOTE).commit(), NOTE);
            unstage(&repo, NOTE);
            assert!(assert_passed(&repo.stage("main.py").commit()).contains("theirs"));
            repo.shell("stage-guard uninstall").success();
        } else {
            let before = state(&repo);
            let run = repo.shell("stage-guard install");
            assert!(run.code == 2 && run.err.contains("belongs to husky"), "{run:?}");
            assert_eq!(state(&repo), before);
        }
        let run = repo.shell("stage-guard doctor");
        assert_lines_make_both_run(&repo.stage(NOTE).sibling("repo"), &lines(&run));
    }

    /// Returns the lines that `doctor` says to add, each with its file.
    fn lines(run: &Run) -> Vec<(String, String)> {
        let lines =
            run.out.lines().filter_map(|line| line.strip_prefix("fix:     add `")?.split_once("` to "));
        let lines: Vec<_> = lines.map(|(line, file)| (line.to_owned(), file.to_owned())).collect();
        assert_eq!(lines.len(), 2, "{run:?}");
        lines
    }

    /// Asserts that the lines below the guard's line in a pre-push hook can read standard input.
    fn assert_input_is_passed_on(repo: &Repo) {
        if Repo::git_is_at_least((2, 54)) {
            return;
        }
        let run = repo.shell("stage-guard install --strict");
        let line = run
            .err
            .lines()
            .find(|line| line.contains("hook pre-push"))
            .unwrap()
            .trim_start_matches(['|', ' ']);
        repo.write(".husky/pre-push", &format!("{line}\necho \"$refs\" | cut -d' ' -f1 >pushed\n"));
        repo.git("init -q --bare ../server.git").success();
        assert_refused(&repo.git("push -q ../server.git main"), "debug_x.py");
        assert_passed(
            &repo.shell("git push -q ../server.git $(git rev-list main | tail -n 1):refs/heads/main"),
        );
        assert_eq!(repo.read("pushed").trim().len(), 40);
    }

    fn assert_lines_make_both_run(repo: &Repo, lines: &[(String, String)]) {
        assert_eq!(lines[0].0, blocks("docs/hooks.md", "sh")[0].trim());
        for (line, file) in lines {
            repo.env("LINE", line).env("FILE", file).shell("echo \"$LINE\" >> \"$FILE\"").success();
        }
        assert_refused(&repo.commit(), NOTE);
        let run = repo.shell("stage-guard doctor");
        assert!(run.code == 0, "{run:?}");
        unstage(repo, NOTE);
        repo.git("add .husky").success();
        assert!(assert_passed(&repo.commit()).contains("theirs"));
        let run = repo.shell("stage-guard install");
        assert!(run.code == 0 && run.err.is_empty(), "{run:?}");
        repo.shell("stage-guard uninstall").success();
        assert_every_commit_is_guarded(repo);
        assert_input_is_passed_on(repo);
        // git's own hooks directory is as it was before.
        repo.shell("git config --unset core.hooksPath; stage-guard uninstall; stage-guard uninstall")
            .success();
        assert!(!repo.path(".git/stage-guard").exists() && !repo.path(".git/hooks/pre-commit").exists());
    }
}
