//! The key `tracked`: which rules refuse a change of a path that a parent of the commit has.

use std::os::unix::fs::symlink;

use super::sandbox::{Repo, make_executable};

/// The paths of rules that refuse changes, in the order of git.
const STRICT: [&str; 3] = [".claude/settings.local.json", "debug_x.py", "x.strict"];
/// The paths of rules that refuse only new paths.
const SOFT: [&str; 6] =
    ["FIX_SUMMARY.md", "check_x.py", "lib/scratch/x.py", "test_x.py", "tmp/x.py", "x.soft"];
/// A path that each setting refuses.
const SESSION: &str = ".claude_sessions/x.py";

const RULES: &str = "[[rule]]\nid = \"strict\"\nnames = [\"*.strict\"]\n\
                     [[rule]]\nid = \"soft\"\nnames = [\"*.soft\"]\ntracked = \"allow\"\n";

/// Changes a path in the worktree.
type Change = fn(&Repo, &str);

/// The value of `tracked` at the top of the configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Setting {
    LeftOut,
    Refuse,
    Allow,
}

const SETTINGS: [Setting; 3] = [Setting::LeftOut, Setting::Refuse, Setting::Allow];

impl Setting {
    fn configuration(self) -> String {
        let line = match self {
            Self::LeftOut => "",
            Self::Refuse => "tracked = \"refuse\"\n",
            Self::Allow => "tracked = \"allow\"\n",
        };
        format!("{line}{RULES}")
    }

    /// Returns the paths whose changes are refused.
    fn refused_changes(self) -> Vec<&'static str> {
        match self {
            Self::LeftOut => sorted([&[SESSION], &STRICT[..]].concat()),
            Self::Refuse => paths(),
            Self::Allow => vec![SESSION],
        }
    }
}

fn paths() -> Vec<&'static str> {
    sorted([&[SESSION], &STRICT[..], &SOFT[..]].concat())
}

fn sorted(mut paths: Vec<&'static str>) -> Vec<&'static str> {
    paths.sort_unstable();
    paths
}

/// A repository with the setting, in a configuration that git ignores.
fn repo_with(setting: Setting) -> Repo {
    let repo = Repo::new();
    repo.write(".git/info/exclude", ".stage-guard.toml\n");
    repo.write(".stage-guard.toml", &setting.configuration());
    repo
}

/// A repository in which all paths are committed.
fn repo_with_paths(setting: Setting) -> Repo {
    let repo = repo_with(setting);
    repo.commit_unchecked(&paths());
    repo
}

/// Asserts what is refused of the index by each reader, by the hook, and of the commit.
fn assert_refused(repo: &Repo, case: &str, expected: &[&str]) {
    for index in ["--no-split-index", "--split-index"] {
        repo.git(&format!("update-index {index}")).success();
        assert_eq!(repo.refused(""), expected, "{case} {index}");
    }
    let run = repo.commit();
    if expected.is_empty() {
        run.silent();
    } else {
        run.refuses(expected);
        repo.git("commit -q --no-verify -m unchecked").success();
    }
    assert_eq!(repo.refused("check --commit HEAD"), expected, "{case}, commit");
    let all = ["check --all-files", "check --untracked"].map(|command| repo.refused(command).len());
    assert_eq!(all, [paths().len(), 0], "{case}");
}

#[test]
fn new_paths_are_refused_under_each_setting() {
    for setting in SETTINGS {
        let repo = repo_with(setting);
        for path in paths() {
            repo.stage(path);
        }
        assert_refused(&repo, &format!("{setting:?}"), &paths());
    }
}

#[test]
fn untracked_paths_are_refused_under_each_setting() {
    for setting in SETTINGS {
        let repo = repo_with_paths(setting);
        repo.git("rm -q -r --cached .").success();
        assert_eq!(repo.refused("check --untracked"), paths(), "{setting:?}");
    }
}

#[test]
fn changed_paths_are_refused_by_the_rules_that_refuse_changes() {
    let modify = |repo: &Repo, path: &str| {
        repo.write(path, "changed\n");
    };
    let change_mode = |repo: &Repo, path: &str| make_executable(&repo.path(path));
    let change_type = |repo: &Repo, path: &str| {
        std::fs::remove_file(repo.path(path)).unwrap();
        symlink("elsewhere", repo.path(path)).unwrap();
    };
    let changes: [(&str, Change); 3] = [("contents", modify), ("mode", change_mode), ("type", change_type)];
    for setting in SETTINGS {
        for (name, change) in changes {
            let repo = repo_with_paths(setting);
            for path in paths() {
                change(&repo, path);
            }
            repo.git("add -u").success();
            assert_refused(&repo, &format!("{setting:?} {name}"), &setting.refused_changes());
        }
    }
}

#[test]
fn the_new_name_of_a_renamed_or_copied_path_is_refused() {
    let renamed = |path: &str| match path.rsplit_once('/') {
        Some((directory, name)) => format!("{directory}/{}", name.replace('x', "y")),
        None => path.replace("_x", "_y").replace("x.s", "y.s"),
    };
    for setting in SETTINGS {
        let repo = repo_with_paths(setting);
        for path in SOFT {
            let new = if path == "FIX_SUMMARY.md" { "BUG_SUMMARY.md".to_owned() } else { renamed(path) };
            for command in ["mv", "cp"] {
                repo.git("reset -q --hard").success();
                repo.shell(&format!("{command} {path} {new} && git add -A")).success();
                let copies = repo.env("GIT_CONFIG_PARAMETERS", "'diff.renames'='copies'");
                copies.commit().refuses(&[&new]);
            }
        }
    }
}

#[test]
fn a_deleted_path_that_is_added_again_is_new() {
    let repo = repo_with_paths(Setting::LeftOut);
    repo.git("rm -q test_x.py").success();
    repo.commit().silent();
    repo.stage("test_x.py").commit().refuses(&["test_x.py"]);
}

#[test]
fn a_path_that_any_parent_of_a_merge_has_is_not_new() {
    for setting in SETTINGS {
        for theirs in [false, true] {
            let repo = repo_with(setting);
            repo.git("checkout -q -b upstream").success();
            repo.stage("upstream.py").commit().silent();
            repo.git("checkout -q main").success();
            repo.stage("main.py").commit().silent();
            if theirs {
                repo.git("checkout -q upstream").success();
            }
            repo.commit_unchecked(&paths()).git("checkout -q main").success();
            repo.git("merge -q --no-commit upstream").success();
            assert!(repo.refused("").is_empty());
            for path in paths() {
                repo.write(path, "changed\n");
            }
            repo.git_args(&["add", "-f", "-u"]).success();
            assert_refused(&repo, &format!("{setting:?} {theirs}"), &setting.refused_changes());
        }
    }
}

#[test]
fn a_soft_path_that_a_merge_combines_from_two_versions_is_allowed() {
    for (path, is_refused) in [("test_x.py", false), ("debug_x.py", true)] {
        let repo = Repo::new();
        let lines = |first: &str, last: &str| format!("{first}\n2\n3\n4\n5\n6\n7\n{last}\n");
        let commit = |text: &str| {
            repo.write(path, text).git_args(&["add", "-f", path]).success();
            repo.git("commit -q --no-verify -m unchecked").success();
        };
        commit(&lines("1", "8"));
        repo.git("checkout -q -b upstream").success();
        commit(&lines("theirs", "8"));
        repo.git("checkout -q main").success();
        commit(&lines("1", "ours"));
        let merge = repo.git("merge -q --no-edit upstream");
        assert_eq!(merge.code == 1 && merge.err.contains("refused: "), is_refused, "{path}: {merge:?}");
    }
}

#[test]
fn stow_takes_what_is_refused_and_what_is_named() {
    let repo = repo_with_paths(Setting::LeftOut);
    repo.write("test_x.py", "changed\n").write("debug_x.py", "changed\n").stage("test_y.py");
    repo.git("add -u").success();
    repo.guard("stow").success();
    assert_eq!(repo.git("diff --cached --name-only").success(), "test_x.py\n");
    repo.guard("stow --changes test_x.py").success();
    assert_eq!(repo.git("diff --cached --name-only").success(), "");
    assert_eq!(repo.read(".claude_sessions/tests/test_x.py"), "changed\n");
    repo.guard("stow test_x.py").success();
    assert_eq!(repo.git("diff --cached --name-status").success(), "D\ttest_x.py\n");
}
