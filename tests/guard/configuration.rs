//! `.stage-guard.toml`: what it does, and what a mistake in it says.

use super::sandbox::{Repo, Run};

const FILE: &str = ".stage-guard.toml";

fn configured(text: &str) -> Repo {
    let repo = Repo::new();
    repo.write(FILE, text);
    repo
}

/// Whether `path` is refused under a configuration.
fn refuses(text: &str, path: &str) -> bool {
    configured(text).guard_args(&["explain", path]).code == 1
}

#[test]
fn allow_beats_every_rule() {
    let allow = "allow = [\"backend/scripts/debug/**\", \".claude_sessions/README.md\", \"debug_*.py\"]";
    assert!(!refuses(allow, ".claude_sessions/README.md"));
    assert!(refuses(allow, ".claude_sessions/README"));
    assert!(!refuses(allow, "debug_x.py"));
    assert!(refuses(allow, "backend/debug_x.py"));
    let rule = "\n[[rule]]\nid = \"all\"\nnames = [\"*.py\"]\n";
    assert!(!refuses(&format!("{allow}{rule}"), "backend/scripts/debug/deep/down.py"));
    assert!(refuses(&format!("{allow}{rule}"), "backend/scripts/down.py"));
}

#[test]
fn globs_are_as_in_git() {
    let allows = |glob: &str, path: &str| !refuses(&format!("allow = ['{glob}']"), path);
    assert!(allows("*/debug_x.py", "backend/debug_x.py"));
    assert!(!allows("*", "backend/debug_x.py"));
    assert!(!allows("*debug_x.py", "backend/debug_x.py"));
    assert!(allows("**/debug_x.py", "backend/debug_x.py"));
    assert!(allows("**/debug_x.py", "debug_x.py"));
    assert!(allows("backend/**", "backend/debug_x.py"));
    assert!(allows("backend/debug_[xy].py", "backend/debug_x.py"));
    assert!(allows("{backend,frontend}/debug_?.py", "backend/debug_x.py"));
    assert!(!allows("Backend/debug_x.py", "backend/debug_x.py"));
    assert!(allows(".claude_sessions/**", ".claude_sessions/a/b"));
    assert!(allows("**", ".claude_sessions/a/b"));
}

#[test]
fn disable_takes_rules_out_of_force() {
    assert!(!refuses("disable = [\"debug-script\"]", "debug_x.py"));
    assert!(refuses("disable = [\"debug-script\"]", "check_x.py"));
    let own = "disable = [\"mine\"]\n[[rule]]\nid = \"mine\"\nnames = [\"x\"]\n";
    assert!(!refuses(own, "x"));
}

#[test]
fn a_rule_of_the_user_refuses_at_any_depth() {
    let rule = "[[rule]]\nid = \"sql-dump\"\nnames = [\"*.dump.sql\"]\nreason = \"a database dump\"\n";
    assert!(refuses(rule, "x.dump.sql") && refuses(rule, "a/b/c/x.dump.sql") && !refuses(rule, "x.sql"));
    let run = configured(rule).guard("explain a/x.dump.sql");
    let why = "refused: sql-dump (`*.dump.sql`): a database dump, belongs in .claude_sessions/current/";
    assert!(run.out.starts_with(&format!("a/x.dump.sql: {why}\n")), "{run:?}");
}

#[test]
fn a_rule_of_the_same_id_replaces_the_built_in_one() {
    let rule = "[[rule]]\nid = \"debug-script\"\nnames = [\"bug_*\"]\nhome = \"tests\"\n";
    assert!(refuses(rule, "bug_x") && !refuses(rule, "debug_x.py") && refuses(rule, "test_x.py"));
}

#[test]
fn every_key_of_a_rule_counts() {
    let rule = "[lists]\nkinds = [\"xx\"]\n[[rule]]\nid = \"r\"\nnames = [\"n_*\"]\nextensions = \"kinds\"\n\
                scope = \"production-root\"\ndirectories = [\"d\"]\noutside = [\"o\"]\nexcept = [\"n_e.*\"]\n";
    for (path, is_refused) in [
        ("d/n_a.xx", true),
        ("backend/d/n_a.xx", true),
        ("d/deep/n_a.xx", true),
        ("deep/d/n_a.xx", false),
        ("n_a.xx", false),
        ("d/n_a.yy", false),
        ("d/m_a.xx", false),
        ("d/o/n_a.xx", false),
        ("d/n_e.xx", false),
    ] {
        assert_eq!(refuses(rule, path), is_refused, "{path}");
    }
    let sibling = "[[rule]]\nid = \"r\"\nnames = [\"n_*\"]\nsibling = true\n";
    let repo = configured(sibling);
    repo.stage("a/n_x.py").stage("a/x.py").stage("b/n_x.py").stage("b/x/y").stage("c/n_x.py").stage("x.py");
    repo.git_args(&["add", FILE]).success();
    assert_eq!(repo.refused(""), ["c/n_x.py"]);
}

#[test]
fn production_roots_are_added() {
    assert!(!refuses("", "services/api/debug_x.py"));
    let roots = "[production]\nroots = [\"services/*\", \"tools\"]\n";
    assert!(refuses(roots, "services/api/debug_x.py") && refuses(roots, "backend/debug_x.py"));
    assert!(refuses(roots, "tools/debug_x.py") && !refuses(roots, "services/api/deep/debug_x.py"));
}

#[test]
fn tracked_paths_can_be_let_be() {
    let repo = configured("tracked = \"allow\"\n");
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
fn it_is_read_from_the_worktree_and_from_nowhere_else() {
    let repo = Repo::new();
    repo.write(FILE, "allow = [\"debug_x.py\"]\n").git_args(&["add", FILE]).success();
    repo.stage("debug_x.py").check().silent();
    std::fs::remove_file(repo.path(FILE)).unwrap();
    repo.check().refuses(&["debug_x.py"]);
    repo.in_dir("deep").write(FILE, "allow = [\"**\"]\n").check().refuses(&["debug_x.py"]);
}

#[test]
fn it_is_read_from_the_index_where_a_sparse_checkout_keeps_it_off_the_disk() {
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
fn it_counts_also_where_nothing_else_seems_refused() {
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
fn another_file_can_stand_in_its_place() {
    let repo = configured("allow = [\"debug_x.py\"]\n");
    repo.stage("debug_x.py").stage("debug_y.py").write("deep/other.toml", "allow = [\"debug_y.py\"]\n");
    repo.check().refuses(&["debug_y.py"]);
    repo.guard("--config deep/other.toml").refuses(&["debug_x.py"]);
    repo.guard("-C deep --config other.toml").refuses(&["debug_x.py"]);
    repo.guard("--config /dev/null").refuses(&["debug_x.py", "debug_y.py"]);
    repo.guard("--config nowhere.toml").fails_with("`nowhere.toml`");
}

#[test]
fn what_rules_prints_can_be_pasted() {
    let text = "allow = [\"a/**\"]\ndisable = [\"stray-test\"]\ntracked = \"allow\"\n\
                [production]\nroots = [\"services/*\"]\n\
                [[rule]]\nid = \"mine\"\nnames = [\"it's\", 'a\"b']\nreason = \"a \\\"reason\\\"\"\n";
    for text in ["", text] {
        let repo = configured(text);
        let printed = repo.guard("rules").success();
        repo.write(FILE, &printed);
        let again = repo.guard("rules").success();
        let unique = |text: &str| text.lines().filter(|line| line.starts_with("id = ")).count();
        assert_eq!(unique(&printed), unique(&again));
        let corpus = "debug_x.py test_x.py services/a/debug_x.py backend/debug_x.py docs/debug_x.py a/x/.claude_sessions";
        let explained = |repo: &Repo| repo.guard(&format!("explain {corpus} it's X_SUMMARY.md")).out;
        assert_eq!(explained(&repo), explained(&configured(text)));
    }
}

/// A mistake stops the commit and is shown where it stands.
fn mistake(text: &str, says: &[&str]) {
    let repo = configured(text);
    repo.stage("x.py");
    for run in [repo.check(), repo.guard("check --all-files"), repo.guard("explain x"), repo.guard("rules")] {
        let Run { err, .. } = &run;
        for words in says {
            assert!(err.contains(words), "{words}: {err}");
        }
        run.fails_with("`.stage-guard.toml`, line ");
    }
    assert_ne!(repo.commit().code, 0);
}

macro_rules! mistakes {
    ($($case:ident: $text:expr => $($says:expr),+;)*) => { $(#[test] fn $case() { mistake($text, &[$($says),+]); })* };
}

mistakes! {
    no_toml: "allow = [\n" => "line 1, column ", "^";
    an_unknown_key: "alow = []" => "line 1, column 1", "unknown field `alow`", "did you mean `allow`?", "alow = []", "^^^^";
    an_unknown_key_of_a_rule: "[[rule]]\nid = \"x\"\nname = [\"y\"]" => "line 3, column 1", "did you mean `names`?";
    an_unknown_table: "[productions]\nroots = []" => "did you mean `production`?";
    an_unknown_value: "tracked = \"refused\"" => "line 1, column 11", "did you mean `refuse`?";
    an_unknown_home: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\nhome = \"test\"" => "line 4, column 8", "did you mean `tests`?";
    an_unknown_id: "disable = [\"session-note\", \"debug-scripts\"]" => "line 1, column 28", "did you mean `debug-script`?", "^^^^^^^^^^^^^^^";
    an_id_that_is_like_none: "disable = [\"zzz\"]" => "no rule has the id `zzz`";
    an_unknown_list: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\nextensions = \"script\"" => "line 4", "did you mean `scripts`?";
    a_bad_glob: "allow = [\"ok/**\", \"a[\"]" => "line 1, column 19", "unclosed character class";
    a_bad_alternation: "allow = [\"{a,b\"]" => "unclosed alternate group";
    a_bad_range: "[[rule]]\nid = \"x\"\nnames = [\"[z-a]\"]" => "line 3, column 10", "invalid range";
    a_name_with_a_slash: "[[rule]]\nid = \"x\"\nnames = [\"a/b\"]" => "line 3, column 10", "no `/`";
    a_path_from_the_root: "allow = [\"/backend/x.py\"]" => "`backend/x.py`";
    a_path_from_here: "allow = [\"./backend/x.py\"]" => "`backend/x.py`";
    a_directory: "allow = [\"backend/debug/\"]" => "`backend/debug/**`";
    a_negated_path: "allow = [\"!x\"]" => "line 1, column 10", "negated";
    a_path_with_an_empty_component: "allow = [\"a//b\"]" => "empty component";
    a_path_upwards: "allow = [\"a/../b\"]" => "`..`";
    an_empty_path: "allow = [\"\"]" => "matches no path";
    a_rule_without_an_id: "[[rule]]\nnames = [\"x\"]" => "missing field `id`";
    a_rule_without_names: "[[rule]]\nid = \"x\"" => "missing field `names`";
    a_rule_with_no_name: "[[rule]]\nid = \"x\"\nnames = []" => "matches nothing";
    an_empty_name: "[[rule]]\nid = \"x\"\nnames = [\"\"]" => "never empty";
    an_empty_id: "[[rule]]\nid = \"\"\nnames = [\"x\"]" => "never empty";
    an_id_given_twice: "[[rule]]\nid = \"x\"\nnames = [\"a\"]\n[[rule]]\nid = \"x\"\nnames = [\"b\"]" => "line 5, column 6", "second rule";
    a_marker_that_is_a_glob: "[production]\nmarkers = [\"*.toml\"]" => "plain name";
    an_extension_with_its_dot: "[[rule]]\nid = \"x\"\nnames = [\"x\"]\nextensions = [\".sql\"]" => "line 4, column 15", "without the dot";
    a_list_of_the_built_in_policy: "[lists]\nscripts = [\"go\"]" => "line 2, column 1", "another name";
    a_text_where_a_list_is_wanted: "allow = \"x\"" => "line 1, column 9";
    a_number_where_a_text_is_wanted: "disable = [1]" => "line 1, column 12";
    a_key_given_twice: "allow = []\nallow = []" => "line 2, column 1";
}

#[test]
fn a_file_that_is_no_utf_8() {
    let repo = Repo::new();
    std::fs::write(repo.path(FILE), b"allow = []\n# \xff\n").unwrap();
    repo.check().fails_with("`.stage-guard.toml`, line 2, column 3: not UTF-8");
}

#[test]
fn a_file_of_another_editor() {
    let repo = configured("\u{feff}allow = [\"debug_x.py\"]\r\ndisable = [\"x\"]\r\n");
    let run = repo.check();
    assert!(
        run.err.contains("line 2, column 12: no rule has the id `x`\n  2 | disable = [\"x\"]\n"),
        "{run:?}"
    );
    let repo = configured("\u{feff}allow = [\"debug_x.py\"]\r\n");
    repo.stage("debug_x.py").commit().silent();
}

#[test]
fn a_file_that_is_none() {
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

#[test]
fn of_a_long_line_what_is_around_the_mistake_is_shown() {
    let text = format!("allow = [\"{}\", 3, \"{0}\"]\n", "a".repeat(70_000));
    let run = configured(&text).check();
    let [_, shown, marked] = run.err.lines().collect::<Vec<_>>()[..] else { panic!("{run:?}") };
    assert_eq!(shown.chars().nth(marked.find('^').unwrap()), Some('3'), "{run:?}");
    assert!(shown.len() < 200);
    run.fails_with("line 1, column 70014");
}

#[test]
fn a_caret_stands_below_what_it_means() {
    let run = configured("tracked = \"refuse\"\n\ndisable = [\"ä\", \"debug-scrpt\"]\n").check();
    let expected = "stage-guard: `.stage-guard.toml`, line 3, column 12: no rule has the id `ä`\n\
                    \x20 3 | disable = [\"ä\", \"debug-scrpt\"]\n    |            ^^^\n";
    assert_eq!(run.err, expected);
}
