//! Files that are staged next to a path influence the verdict on it.

use super::sandbox::Repo;

#[test]
fn a_staged_project_marker_makes_a_production_root() {
    let repo = Repo::new();
    repo.stage("engine/debug_x.py").commit().silent();
    repo.write("engine/debug_x.py", "changed").git("add -u").success();
    repo.check().silent();
    repo.stage("engine/pyproject.toml");
    assert_eq!(repo.refused(""), ["engine/debug_x.py"]);
}

#[test]
fn a_staged_sibling_allows_a_test() {
    let repo = Repo::new();
    repo.stage("test_x.py");
    assert_eq!(repo.refused(""), ["test_x.py"]);
    repo.write("x.py", "not staged");
    assert_eq!(repo.refused(""), ["test_x.py"]);
    repo.stage("x.py").commit().silent();
}

#[test]
fn explain_says_what_stays_where_it_is() {
    let explained = Repo::new().guard("explain CLAUDE.local.md").out;
    let words = "private memory, stays where it is: git has to ignore it\n";
    assert!(explained.contains(words) && !explained.contains("it is allowed as "), "{explained}");
}

#[test]
fn explain_names_another_place_for_a_script_and_none_for_an_output() {
    let repo = Repo::new();
    for (path, elsewhere) in [
        ("backend/test_x.py", Some("as backend/tests/test_x.py")),
        ("FIX_SUMMARY.md", Some("as docs/FIX_SUMMARY.md")),
        ("backend/server.log", None),
        (".claude/worktrees/task", None),
    ] {
        let explained = repo.guard(&format!("explain {path}")).out;
        assert!(elsewhere.is_none_or(|elsewhere| explained.contains(elsewhere)), "{explained}");
        assert_eq!(explained.contains("it is allowed as "), elsewhere.is_some(), "{explained}");
    }
}
