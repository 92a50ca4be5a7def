//! What the built-in policy says of a path. The directories that are production
//! roots by a project marker, and siblings, come from the index.

use super::sandbox::Repo;

/// Judges paths with these files tracked.
fn verdicts(tracked: &[&str], refused: &[(&str, &str)], allowed: &[&str]) {
    let repo = Repo::new();
    let paths = refused.iter().map(|(path, _)| path).chain(allowed).chain(tracked);
    let blob = repo.git("rev-parse HEAD:README.md").success();
    let lines: Vec<String> = paths.map(|path| format!("100644 {} 0\t{path}\0", blob.trim())).collect();
    repo.git_with_input(&["update-index", "-z", "--index-info"], lines.concat().as_bytes()).success();
    let mut expected: Vec<(String, String)> =
        refused.iter().map(|(path, rule)| ((*path).to_owned(), (*rule).to_owned())).collect();
    expected.sort();
    for index in ["--no-split-index", "--split-index"] {
        repo.git(&format!("update-index {index}")).success();
        for command in ["", "check --all-files"] {
            let findings = repo.findings(command);
            let found: Vec<_> = findings.into_iter().map(|(path, _, rule)| (path, rule)).collect();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn the_document_that_asked_for_this_tool_holds_by_name() {
    verdicts(
        &[],
        &[("backend/test_api.py", "stray-test"), ("backend/debug_api_response.py", "debug-script")],
        &[
            "backend/app/api/debug_mapping.py",
            "backend/app/test_client.py",
            "backend/app/FIX_SUMMARY.md",
            "frontend/components/TestButton.tsx",
            "frontend/src/components/debug-panel.tsx",
            "frontend/__tests__/test_button.js",
            "backend/tests/test_api.py",
            "backend/tests/debug_helpers.py",
            "backend/alembic/versions/fix_users.py",
            "backend/scripts/migrations/check_users.py",
            ".env.example",
            "config.py",
        ],
    );
}

#[test]
fn scripts_of_the_session_are_caught_where_production_starts() {
    verdicts(
        &["worker/package.json", "docs/package.json"],
        &[
            ("debug_login.py", "debug-script"),
            ("debug-login.mjs", "debug-script"),
            ("login_debug.js", "debug-script"),
            ("api/debug_login.ts", "debug-script"),
            ("check_users.py", "one-off-script"),
            ("server/fix_encoding.sh", "one-off-script"),
            ("verify_totals.sql", "one-off-script"),
            ("inspect_cache.rb", "one-off-script"),
            ("analyze_logs.ipynb", "one-off-script"),
            ("quick_look.php", "one-off-script"),
            ("tmp.py", "one-off-script"),
            ("repro_1234.rs", "one-off-script"),
            ("test_login.py", "stray-test"),
            ("test-login.js", "stray-test"),
            ("frontend/test_form.html", "stray-test"),
            ("services/test_auth.py", "stray-test"),
            ("shop/backend/test_cart.py", "stray-test"),
            ("worker/test_queue.js", "stray-test"),
            ("worker/debug_queue.js", "debug-script"),
        ],
        &[
            "worker/src/debug_queue.js",
            "other/debug_queue.js",
            "docs/debug_queue.js",
            "tests/test_login.py",
            "src/debug_info.rs",
            "scripts/check_users.py",
            "tools/fix_encoding.sh",
            "bin/fix_permissions.sh",
            ".github/check_users.py",
            "debug.h",
            "debug_mode.toml",
            "test_data.json",
            "test-requirements.txt",
            "login.test.js",
            "test_login.spec.ts",
            "debug.config.js",
            "conftest.py",
            "test.js",
            "test.sh",
            "test_utils.py",
            "test_helpers.rb",
            "test_settings.py",
            "test_runner.py",
            "test_main.cpp",
            "check-format.sh",
            "check_license.py",
            "verify_version.py",
            "quick-start.sh",
            "main_test.go",
            "checkout.py",
            "fixtures.py",
            "tmpl.py",
        ],
    );
}

#[test]
fn a_test_beside_what_it_tests_is_a_proper_one() {
    verdicts(
        &["six.py", "backend/orders/models.py"],
        &[("test_seven.py", "stray-test"), ("backend/test_six.py", "stray-test")],
        &["test_six.py", "backend/test_orders.py"],
    );
}

#[test]
fn directories_of_the_session_are_caught() {
    verdicts(
        &[],
        &[
            ("scratch/a.py", "scratch-directory"),
            ("lib/deep/scratch/more/a.js", "scratch-directory"),
            ("backend/one_off/a.sh", "scratch-directory"),
            ("backend/debug/a.py", "debug-directory"),
            ("tmp/deep/a.py", "debug-directory"),
        ],
        &[
            "lib/debug/a.py",
            "src/templates/tmp/a.html",
            "tests/scratch/a.py",
            "scratch/README.md",
            "tmp/.gitkeep",
        ],
    );
}

#[test]
fn notes_of_the_session_are_caught() {
    verdicts(
        &[],
        &[
            ("FIX_SUMMARY.md", "session-note"),
            ("IMPLEMENTATION_COMPLETE.md", "session-note"),
            ("backend/AUTH_BUGFIX_REPORT.md", "session-note"),
            ("TEST_RESULTS.txt", "session-note"),
            ("MIGRATION_STATUS.md", "session-note"),
            ("lib/SESSION_HANDOFF.md", "session-note"),
        ],
        &[
            "SUMMARY.md",
            "book/src/SUMMARY.md",
            "CHANGELOG.md",
            "SECURITY.md",
            "CONTRIBUTING.md",
            "ARCHITECTURE.md",
            "ROADMAP.md",
            "PLAN.md",
            "STATUS.md",
            "docs/FIX_SUMMARY.md",
            "PREFIX.md",
            "fix_summary.md",
            ".github/ISSUE_TEMPLATE/BUG_REPORT.md",
            "TROUBLESHOOTING_GUIDE.md",
        ],
    );
}

#[test]
fn private_state_of_agents_is_caught() {
    verdicts(
        &[],
        &[
            (".claude/settings.local.json", "agent-state"),
            ("pkg/.claude/settings.local.json", "agent-state"),
            ("CLAUDE.local.md", "agent-history"),
            (".aider.chat.history.md", "agent-history"),
            ("pkg/.aider.input.history", "agent-history"),
            (".aider.tags.cache.v4/cache.db", "agent-directory"),
        ],
        &[
            "CLAUDE.md",
            "AGENTS.md",
            "GEMINI.md",
            ".claude/settings.json",
            ".claude/commands/review.md",
            ".claude/agents/tester.md",
            ".cursor/rules/style.mdc",
            ".aider.conf.yml",
            "settings.local.json",
        ],
    );
}

#[test]
fn a_staged_marker_and_a_staged_sibling_count() {
    let repo = Repo::new();
    repo.stage("engine/debug_x.py").commit().silent();
    repo.write("engine/debug_x.py", "changed").git("add -u").success();
    repo.check().silent();
    repo.stage("engine/pyproject.toml");
    assert_eq!(repo.refused(""), ["engine/debug_x.py"]);
    let repo = Repo::new();
    repo.stage("test_x.py");
    assert_eq!(repo.refused(""), ["test_x.py"]);
    repo.write("x.py", "not staged");
    assert_eq!(repo.refused(""), ["test_x.py"]);
    repo.stage("x.py").commit().silent();
}
