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
