//! `.stage-guard.toml`: where the commands read it, and what it changes.

use super::sandbox::Repo;

const FILE: &str = ".stage-guard.toml";

fn repo_with_config(text: &str) -> Repo {
    let repo = Repo::new();
    repo.write(FILE, text);
    repo
}

#[test]
fn explain_names_a_rule_of_the_configuration() {
    let rule = "[[rule]]\nid = \"sql-dump\"\nnames = [\"*.dump.sql\"]\nreason = \"a database dump\"\n";
    let run = repo_with_config(rule).guard("explain a/x.dump.sql");
    let why = "refused: sql-dump (`*.dump.sql`): a database dump, belongs in .claude_sessions/current/";
    assert!(run.out.starts_with(&format!("a/x.dump.sql: {why}\n")), "{run:?}");
}

#[test]
fn a_rule_with_sibling_allows_a_file_next_to_what_it_is_named_after() {
    let rule = "[[rule]]\nid = \"r\"\nnames = [\"n_*\"]\nsibling = true\n";
    let repo = repo_with_config(rule);
    repo.stage("a/n_x.py").stage("a/x.py").stage("b/n_x.py").stage("b/x/y").stage("c/n_x.py").stage("x.py");
    repo.git_args(&["add", FILE]).success();
    assert_eq!(repo.refused(""), ["c/n_x.py"]);
}

#[test]
fn tracked_allow_exempts_known_paths() {
    let repo = repo_with_config("tracked = \"allow\"\n");
    repo.commit_unchecked(&["backend/test_old.py", ".claude_sessions/old.py"]);
    repo.write("backend/test_old.py", "changed").write(".claude_sessions/old.py", "changed");
    repo.git("add -u").success();
    repo.stage("backend/test_new.py");
    assert_eq!(repo.refused(""), [".claude_sessions/old.py", "backend/test_new.py"]);
    let all = [".claude_sessions/old.py", "backend/test_new.py", "backend/test_old.py"];
    assert_eq!(repo.refused("check --all-files"), all);
    repo.write(FILE, "tracked = \"refuse\"\n");
    assert_eq!(repo.refused(""), all);
}

#[test]
fn the_configuration_is_read_from_the_top_of_the_worktree_only() {
    let repo = Repo::new();
    repo.write(FILE, "allow = [\"debug_x.py\"]\n").git_args(&["add", FILE]).success();
    repo.stage("debug_x.py").check().silent();
    std::fs::remove_file(repo.path(FILE)).unwrap();
    repo.check().refuses(&["debug_x.py"]);
    repo.in_dir("deep").write(FILE, "allow = [\"**\"]\n").check().refuses(&["debug_x.py"]);
}

#[test]
fn the_configuration_is_read_from_the_index_in_a_sparse_checkout() {
    for split in [false, true] {
        let repo = Repo::new();
        repo.write(FILE, "allow = [\"debug_x.py\"]\n").git_args(&["add", FILE]).success();
        repo.stage("src/x.py").commit().silent();
        repo.git_args(&["sparse-checkout", "set", "--no-cone", "/src/"]).success();
        assert!(!repo.path(FILE).exists());
        if split {
            repo.git("update-index --split-index").success();
        }
        repo.stage("debug_x.py").stage("debug_y.py");
        repo.in_dir("src").commit().refuses(&["debug_y.py"]);
    }
}

#[test]
fn a_rule_off_the_disk_applies_if_no_built_in_rule_does() {
    for index in ["--no-split-index", "--split-index", "--index-version 4"] {
        let repo = Repo::new();
        repo.write(FILE, "[[rule]]\nid = \"mine\"\nnames = [\"mine*\"]\n").git_args(&["add", FILE]).success();
        repo.stage("src/x.py").commit().silent();
        repo.git_args(&["sparse-checkout", "set", "--no-cone", "/src/"]).success();
        repo.git(&format!("update-index {index}")).success();
        repo.stage("src/mine.py");
        repo.commit().refuses(&["src/mine.py"]);
        repo.guard("check --all-files").refuses(&["src/mine.py"]);
        repo.guard("--config /dev/null").silent();
    }
}

#[test]
fn config_replaces_the_configuration() {
    let repo = repo_with_config("allow = [\"debug_x.py\"]\n");
    repo.stage("debug_x.py").stage("debug_y.py").write("deep/other.toml", "allow = [\"debug_y.py\"]\n");
    repo.check().refuses(&["debug_y.py"]);
    repo.guard("--config deep/other.toml").refuses(&["debug_x.py"]);
    repo.guard("-C deep --config other.toml").refuses(&["debug_x.py"]);
    repo.guard("--config /dev/null").refuses(&["debug_x.py", "debug_y.py"]);
    repo.guard("--config nowhere.toml").fails_with("`nowhere.toml`");
}

#[test]
fn rules_prints_a_configuration() {
    let rules = "[[rule]]\nid = \"debug-script\"\nnames = [\"debug_*\"]\ntracked = \"allow\"\n\
                 [[rule]]\nid = \"new\"\nnames = [\"new\"]\ntracked = \"allow\"\n";
    let text = "allow = [\"a/**\"]\ndisable = [\"stray-test\"]\ntracked = \"allow\"\n\
                [production]\nroots = [\"services/*\"]\n\
                [[rule]]\nid = \"mine\"\nnames = [\"it's\", 'a\"b']\nreason = \"a \\\"reason\\\"\"\n";
    for text in ["", "tracked = \"refuse\"\n", rules, text] {
        let repo = repo_with_config(text);
        let printed = repo.guard("rules").success();
        repo.write(FILE, &printed);
        let again = repo.guard("rules").success();
        let unique = |text: &str| text.lines().filter(|line| line.starts_with("id = ")).count();
        assert_eq!(unique(&printed), unique(&again));
        let tracked = |text: &str| -> Vec<String> {
            text.lines().filter(|line| line.starts_with("tracked = ")).map(str::to_owned).collect()
        };
        assert_eq!(tracked(&printed), tracked(&again));
        let corpus = "debug_x.py test_x.py services/a/debug_x.py backend/debug_x.py docs/debug_x.py a/x/.claude_sessions";
        let explained = |repo: &Repo| repo.guard(&format!("explain {corpus} it's X_SUMMARY.md")).out;
        assert_eq!(explained(&repo), explained(&repo_with_config(text)));
    }
}

#[test]
fn a_mistake_stops_each_command_and_the_commit() {
    let repo = repo_with_config("alow = []");
    repo.stage("x.py");
    for command in ["", "check --all-files", "explain x", "rules"] {
        let run = repo.guard(command);
        assert!(run.err.ends_with("\nhelp: did you mean `allow`?\n"), "{run:?}");
        run.fails_with("`.stage-guard.toml`, line 1, column 1: unknown field `alow`");
    }
    assert_ne!(repo.commit().code, 0);
}

#[test]
fn a_configuration_that_is_not_a_file_fails() {
    let repo = Repo::new();
    std::fs::create_dir(repo.path(FILE)).unwrap();
    repo.check().fails_with(FILE);
    std::fs::remove_dir(repo.path(FILE)).unwrap();
    std::os::unix::fs::symlink("nowhere", repo.path(FILE)).unwrap();
    repo.check().fails_with(FILE);
    std::fs::remove_file(repo.path(FILE)).unwrap();
    repo.shell("mkfifo .stage-guard.toml").success();
    repo.check().fails_with("not a regular file");
}
