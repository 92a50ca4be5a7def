//! The page for people whose commit was refused: each of its sections is a session of its own.

use std::collections::BTreeSet;

use super::pages::{assert_prints_what_it_shows, commands};
use super::sandbox::pages::read;

pub(crate) const PAGE: &str = "docs/refused.md";

/// What the sections have in common: fixed ids, and functions to prepare `~/project`.
const SETUP: &str = r#"export GIT_AUTHOR_DATE='2026-11-22 12:00 +0000' GIT_COMMITTER_DATE='2026-11-22 12:00 +0000'
git update-ref -d HEAD
git commit -q -m First
add() { mkdir -p "$(dirname "$1")"; echo "$2" > "$1"; git add -f "$1"; }
commit() { git commit -q --no-verify -m "$1"; }
session_work() {
    add .claude_sessions/current/plan.md plan
    add backend/debug_login.py 'print()'
    add backend/login.py fixed
}
branch_report() {
    git checkout -q -b report
    add report.py report; add debug_report.py 'print()'; commit Report
    add report.py 'long report'; commit 'Longer reports'
}
server() {
    git init -q --bare -b main ../server.git
    git remote add origin ../server.git
    git push -q origin main
    git fetch -q
}
edit_report() { export GIT_SEQUENCE_EDITOR="sed -i '/Report$/s/pick/edit/'"; }
"#;

/// The headings of the sections with commands, and the lines of shell that prepare `~/project` for them.
const SESSIONS: &[(&str, &str)] = &[
    ("# Why was my commit refused, and what now?", "session_work"),
    ("The files are session work", "session_work"),
    ("A file is production code", "add test_users.py 'assert True'; echo 'assert True' > check_users.py"),
    (
        "After `git commit -a` or `git commit PATH`",
        "add debug_login.py 'print()'; echo fixed > backend/login.py",
    ),
    (
        "In a merge",
        "git checkout -q -b theirs; add backend/login.py theirs; add debug_theirs.py 'print()'; commit Theirs
git checkout -q main; add backend/login.py ours; commit Ours; git merge -q theirs > ../conflict
add backend/login.py merged; add debug_merge.py 'print()'",
    ),
    (
        "In a cherry-pick, a revert or a rebase",
        "git checkout -q -b trial; add debug_trial.py 'print()'; commit 'Trial Report'; git checkout -q main
branch_report; git checkout -q -b fix main; git branch -f main $(git commit-tree -p main -m Release main^{tree})
export GIT_EDITOR=true GIT_SEQUENCE_EDITOR='sed -i /Report$/d'; stage-guard -q install --strict",
    ),
    ("A push was refused", "server; branch_report; edit_report; stage-guard -q install --strict"),
    ("A server refused a push", "server; branch_report; (cd ../server.git && stage-guard -q install)"),
    ("CI refused a pull request", "server; branch_report; git push -q origin report; edit_report"),
    (
        "It could not check",
        "add backend/login.py fixed; echo 'alow = [\"check_*.py\"]' > .stage-guard.toml",
    ),
    ("The refusal is wrong", ""),
    ("I did not install this", ""),
];

/// Returns the sections of the page by their headings. The first one begins at the title of the page.
fn sections(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("\n## ").map(|section| section.split_once('\n').unwrap())
}

#[test]
fn commands_print_what_the_page_shows() {
    let page = read(PAGE);
    for (heading, preparation) in SESSIONS {
        let (_, text) = sections(&page).find(|(found, _)| found == heading).expect(heading);
        assert_prints_what_it_shows(PAGE, text, &format!("{SETUP}{preparation}"));
    }
}

#[test]
fn all_commands_are_run() {
    let page = read(PAGE);
    let with_commands: BTreeSet<&str> =
        sections(&page).filter(|(_, text)| !commands(text).is_empty()).map(|(heading, _)| heading).collect();
    assert_eq!(with_commands, SESSIONS.iter().map(|(heading, _)| *heading).collect());
}
