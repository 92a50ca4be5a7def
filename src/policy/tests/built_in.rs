//! Tests which paths the built-in policy refuses and allows.

use std::convert::Infallible;

use bstr::BStr;

use super::super::{Policy, Tracked, Verdict};
use crate::Change;

/// Asserts that exactly the `refused` paths are refused, each by its rule.
///
/// All these paths and `tracked` are tracked.
fn assert_verdicts(tracked: &[&str], refused: &[(&str, &str)], allowed: &[&str]) {
    let policy = Policy::built_in();
    let mut prefilter = policy.prefilter();
    let tracked: Vec<&str> =
        refused.iter().map(|(path, _)| path).chain(allowed).chain(tracked).copied().collect();
    let mut is_tracked = |wanted: &BStr| {
        let is_at_or_below = |path: &&str| {
            path.as_bytes().strip_prefix(&**wanted).is_some_and(|rest| matches!(rest, [] | [b'/', ..]))
        };
        Ok::<_, Infallible>(tracked.iter().any(is_at_or_below))
    };
    let mut mismatches = Vec::new();
    for path in &tracked {
        let Ok(verdict) = policy.judge(BStr::new(path), Change::Added, &mut is_tracked);
        let rule = match verdict {
            Verdict::Refused { rule, .. } => Some(rule.id.as_str()),
            _ => None,
        };
        let expected = refused.iter().find(|(refused, _)| refused == path).map(|(_, rule)| *rule);
        if rule != expected || rule.is_some() && !prefilter.may_refuse(BStr::new(path)) {
            mismatches.push(format!("{path}: refused by {rule:?}, expected {expected:?}"));
        }
    }
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

#[test]
fn every_rule_has_a_path_that_it_refuses_here() {
    let tests = [include_str!("built_in.rs"), include_str!("evidence.rs")].concat();
    for rule in Policy::built_in().rules() {
        let id = &rule.id;
        assert!(tests.contains(&format!("\"{id}\")")) || tests.contains(&format!(" {id}\"]")), "{id}");
    }
}

/// `docs/rules.md` says so.
#[test]
fn changes_are_refused_of_session_directories_debug_scripts_and_private_files_of_agents() {
    for rule in Policy::built_in().rules() {
        let is_strict = matches!(rule.id.as_str(), "session-directory" | "debug-script");
        let refuses_changes = is_strict || rule.id.starts_with("agent-");
        assert_eq!(rule.tracked == Tracked::Refuse, refuses_changes, "{}", rule.id);
    }
}

#[test]
fn the_session_directory_is_refused_at_any_depth_and_in_any_letter_case() {
    assert_verdicts(
        &[],
        &[
            (".claude_sessions/current/x.py", "session-directory"),
            ("pkg/.Claude_Sessions/notes.md", "session-directory"),
            ("lib/.CLAUDE_SESSIONS", "session-directory"),
        ],
        &["claude_sessions/x.py", ".claude_sessions.md", "a.claude_sessions/x.py"],
    );
}

#[test]
fn the_original_requirements_are_met() {
    assert_verdicts(
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
fn scripts_are_refused_in_production_roots() {
    assert_verdicts(
        &["worker/package.json", "docs/package.json"],
        &[
            ("debug_login.py", "debug-script"),
            ("debug-login.mjs", "debug-script"),
            ("login_debug.js", "debug-script"),
            ("api/debug_login.ts", "debug-script"),
            ("cart-debug-totals.mjs", "debug-script"),
            ("backend/diagnosis.py", "debug-script"),
            ("check_users.py", "one-off-script"),
            ("server/fix_encoding.sh", "one-off-script"),
            ("cart-totals-fix.cjs", "one-off-script"),
            ("verify_totals.sql", "one-off-script"),
            ("inspect_cache.rb", "one-off-script"),
            ("analyze_logs.ipynb", "one-off-script"),
            ("quick_look.php", "one-off-script"),
            ("tmp.py", "one-off-script"),
            ("repro_1234.rs", "one-off-script"),
            ("fix.py", "one-off-script"),
            ("hotfix.sh", "one-off-script"),
            ("backend/hotfix_login.py", "one-off-script"),
            ("reproduce.py", "one-off-script"),
            ("test1.py", "stray-test"),
            ("backend/test2.js", "stray-test"),
            ("backend_test.py", "stray-test"),
            ("cart_frontend_test.js", "stray-test"),
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
            "test10x.c",
            "lib/test1.py",
            "server_test.py",
            "backend_test.go",
            "tests/backend_test.py",
            "lib/fix.py",
            "fixture.py",
            "reproduce.md",
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
            "prefix.py",
            "diagnostics.py",
            "fixtures.py",
            "tmpl.py",
        ],
    );
}

#[test]
fn a_test_next_to_its_module_is_allowed() {
    assert_verdicts(
        &["six.py", "backend/orders/models.py"],
        &[("test_seven.py", "stray-test"), ("backend/test_six.py", "stray-test")],
        &["test_six.py", "backend/test_orders.py"],
    );
}

#[test]
fn scripts_in_scratch_directories_are_refused() {
    assert_verdicts(
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
            "debug/map.html",
            "debug/tests/markers.html",
            "src/templates/tmp/a.html",
            "tests/scratch/a.py",
            "scratch/README.md",
            "tmp/.gitkeep",
        ],
    );
}

#[test]
fn session_notes_are_refused() {
    assert_verdicts(
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
            "lib/fix_summary.md",
            ".github/ISSUE_TEMPLATE/BUG_REPORT.md",
            "TROUBLESHOOTING_GUIDE.md",
        ],
    );
}

#[test]
fn notes_with_the_words_of_documents_are_refused_in_production_roots() {
    assert_verdicts(
        &["worker/package.json", "specs/package.json"],
        &[
            ("LOGIN_IMPLEMENTATION.md", "work-note"),
            ("CART_IMPROVEMENTS.md", "work-note"),
            ("TIMEOUT-SOLUTION.md", "work-note"),
            ("backend/LAUNCH_CHECKLIST.md", "work-note"),
            ("PRODUCTION_READINESS.md", "work-note"),
            ("CACHE_DIAGNOSIS.md", "work-note"),
            ("worker/QUEUE_ANALYSIS.md", "work-note"),
            ("DEPENDENCY_AUDIT.txt", "work-note"),
            ("REMEDIATION_PLAN.md", "work-note"),
            ("SCHEMA_REVIEW_2.md", "work-note"),
            ("TODO_FINAL.md", "work-note"),
            ("PHASE2_NOTES.md", "work-note"),
            ("COMMIT_MSG.txt", "work-note"),
            ("PR_SUMMARY.md", "session-note"),
            ("PR-17.md", "work-note"),
            ("quality-report.md", "work-note"),
            ("login_summary.md", "work-note"),
            ("api-report-20260102.md", "work-note"),
            ("summary.md", "work-note"),
            ("pr.md", "work-note"),
            ("pr-description.md", "work-note"),
            ("message_to_user.md", "work-note"),
            ("refactor_cart.md", "work-note"),
            ("backend/investigation_login.md", "work-note"),
            ("RAPPORT_PANIER.md", "work-note"),
            ("CORRECTIONS_PANIER.md", "work-note"),
            ("VERIFICACION_CARRITO.md", "work-note"),
            ("RELATORIO_CARRINHO.md", "work-note"),
            ("WARENKORB_BERICHT.md", "work-note"),
            ("RIEPILOGO_CARRELLO.md", "work-note"),
        ],
        &[
            "lib/LOGIN_IMPLEMENTATION.md",
            "docs/CACHE_ANALYSIS.md",
            "backend/app/QUEUE_ANALYSIS.md",
            "other/REMEDIATION_PLAN.md",
            "lib/quality-report.md",
            "src/summary.md",
            "skills/tracing/investigation-methods.md",
            // documents of projects
            "IMPLEMENTATIONS.md",
            "CODE_REVIEW.md",
            "AUDIT.md",
            "CHECKLIST.md",
            "RELEASE_CHECKLIST.md",
            "PR_REVIEW_CHECKLIST.md",
            "KNOWN_ISSUES.md",
            "TEST_PLAN.md",
            "DISASTER_RECOVERY_PLAN.md",
            "DEBUGGING_GUIDE.md",
            "ARCHITECTURE_REVIEW.md",
            "CHANGELOG_FINAL.md",
            "COMMIT_MESSAGES.md",
            "COMPARISON.md",
            "debugging.md",
            "release-notes.md",
            "development-guide.md",
            "code-review.md",
            "bug_report.md",
            "plan.md",
            "progress.txt",
            "pre-commit.md",
        ],
    );
}

#[test]
fn notes_in_other_languages_are_refused_in_production_roots() {
    assert_verdicts(
        &[],
        &[
            ("LOGIN_REPORTE.md", "work-note"),
            ("CAMBIOS_LOGIN.md", "work-note"),
            ("MEJORAS_CARRITO.md", "work-note"),
            ("ERRORES_LOGIN.md", "work-note"),
            ("PROBLEMA_RESUELTO.md", "work-note"),
            ("TAREA_COMPLETADA.md", "work-note"),
            ("FASE_2.md", "work-note"),
            ("PLANO_LOGIN.md", "work-note"),
            ("MELHORIAS_LOGIN.md", "work-note"),
            ("BUG_RESOLVIDO.md", "work-note"),
            ("LOGIN_ABGESCHLOSSEN.md", "work-note"),
            ("LOGIN_IMPLEMENTIERUNG.md", "work-note"),
            ("TRAVAIL_TERMINE.md", "work-note"),
            ("PROCHAINES_ETAPES.md", "work-note"),
            ("登录修复.md", "work-note"),
            ("测试报告.md", "work-note"),
            ("backend/项目总结.md", "work-note"),
            ("修正まとめ.md", "work-note"),
            ("로그인_보고서.md", "work-note"),
            ("ОТЧЕТ_О_ТЕСТАХ.md", "work-note"),
            ("TEST_RAPORU.md", "work-note"),
        ],
        &["lib/CAMBIOS_LOGIN.md", "lib/测试报告.md", "登录.md"],
    );
}

#[test]
fn documents_with_the_words_of_notes_are_allowed() {
    assert_verdicts(
        &[],
        &[
            ("HOTFIX_LOGIN.md", "work-note"),
            ("FIX.md", "work-note"),
            ("BEFORE_AFTER.md", "work-note"),
            ("LOGIN_SUCCESS.md", "work-note"),
            ("test_result.md", "work-note"),
            ("ORDER_TEMPLATES_IMPLEMENTATION.md", "work-note"),
            ("SECURITY_AUDIT_REPORT.md", "session-note"),
            ("X_TEMPLATE_FIX_SUMMARY.md", "session-note"),
        ],
        &[
            "VERIFICATION.md",
            "STATUS_CODES.md",
            "HTTP_STATUS_CODES.md",
            "EXIT_STATUS.md",
            "ERROR_REPORTING.md",
            "CRASH_REPORTING.md",
            "SESSION_MANAGEMENT.md",
            "SESSION_FORMAT.md",
            "SESSION_STORAGE.md",
            "ANNUAL_REPORT_2025.md",
            "TRANSPARENCY_REPORT.md",
            "CORRECTIONS.md",
            "STATIC_ANALYSIS.md",
            "SECURITY_AUDIT.md",
            "INCIDENT_REPORT.md",
            "COMMIT_MESSAGE.md",
            "BUG_FIX_POLICY.md",
            "CODE_REVIEW_PROCESS.md",
            "AUDIT_LOGGING.md",
            "PR_TEMPLATE.md",
            "TEMPLATE_REPORT.md",
            "FIX_README.md",
            "session-management.md",
            "debug-mode.md",
            "session-storage.md",
            "refactor-process.md",
            "CAMBIOS.md",
            "CHANGEMENTS.md",
            "GUIA_IMPLEMENTACION.md",
            "lib/AUTH_REPORTES.md",
            "frontend/登录.md",
        ],
    );
}

#[test]
fn no_note_is_refused_where_a_project_writes_for_its_readers() {
    assert_verdicts(
        &[],
        &[("lib/FIX_SUMMARY.md", "session-note")],
        &[
            "reference/FIX_STATUS.md",
            "handbook/PR_SUMMARY.md",
            "guides/TEST_RESULTS.md",
            "wiki/FIX_SUMMARY.md",
            "blog/2026/FIX_SUMMARY.md",
            "content/posts/FIX_SUMMARY.md",
            "website/SESSION_NOTES.md",
            "book/src/FIX_SUMMARY.md",
            "prompts/SESSION_SUMMARY.md",
            "runbooks/FIX_DATABASE.md",
            "kb/FIX_PRINTER.md",
            "legal/DMCA_REPORT.md",
            "news/YEAR_SUMMARY.md",
        ],
    );
}

#[test]
fn no_note_is_refused_where_a_project_plans() {
    assert_verdicts(
        &["specs/package.json", "backend/plans/package.json"],
        &[("lib/FIX_SUMMARY.md", "session-note")],
        &[
            "plans/FIX_SUMMARY.md",
            "backend/plans/MIGRATION_STATUS.md",
            "specs/LOGIN_IMPLEMENTATION.md",
            "specs/login/PROGRESS_REPORT.md",
            "openspec/changes/login/TEST_RESULTS.md",
            "rfcs/0001_FIX_ORDER.md",
            "adr/0002_INVESTIGATION.md",
            ".kiro/specs/login/SESSION_NOTES.md",
            "docs/adr/STATUS_QUO.md",
        ],
    );
}

#[test]
fn codemods_are_refused_in_production_roots() {
    assert_verdicts(
        &[],
        &[
            ("replace_colors.py", "codemod"),
            ("backend/refactor_models.py", "codemod"),
            ("rewrite-imports.mjs", "codemod"),
            ("rebuild_index.py", "codemod"),
            ("regenerate_icons.js", "codemod"),
            ("modify_headers.rb", "codemod"),
            ("refactor.js", "codemod"),
        ],
        &[
            "scripts/replace_colors.py",
            "backend/app/rewrite_rules.py",
            "rebuild_image.sh",
            "regenerate-protos.sh",
            "replace.py",
            "modify-schema.js",
            "rewrite_rules.toml",
            "rebuild.config.js",
        ],
    );
}

#[test]
fn test_pages_are_refused_whatever_is_next_to_them() {
    assert_verdicts(
        &["api/index.php", "login.php", "login.py"],
        &[
            ("test_login.php", "test-page"),
            ("test_api.html", "test-page"),
            ("login_test.php", "test-page"),
            ("frontend/form-test.html", "test-page"),
            ("form_test_2.html", "test-page"),
        ],
        &[
            "test_login.py",
            "tests/login_test.php",
            "src/form-test.html",
            "latest.html",
            "test.php",
            "test_helper.php",
        ],
    );
}

#[test]
fn outputs_of_runs_are_refused_in_production_roots() {
    assert_verdicts(
        &["worker/package.json"],
        &[
            ("server.log", "run-output"),
            ("npm-debug.log.1", "run-output"),
            ("nohup.out", "run-output"),
            ("backend/nul", "run-output"),
            ("api/error_log", "run-output"),
            ("import_check.txt", "run-output"),
            ("core.1234", "run-output"),
            ("=2.0", "run-output"),
            ("gunicorn.pid", "run-output"),
            ("main.c.orig", "run-output"),
            ("build_log_3.txt", "run-output"),
            ("build_errors.txt", "run-output"),
            ("builderrors.md", "run-output"),
            ("test_login.txt", "run-output"),
            ("worker/pytest_output2.txt", "run-output"),
            ("debug_out.txt", "run-output"),
            ("tsc-errors.txt", "run-output"),
            ("eslint.txt", "run-output"),
            ("scan_err.txt", "run-output"),
            ("phase1_results.txt", "run-output"),
            ("page_original.txt", "run-output"),
            ("coverage.json", "run-output"),
            ("backend/.coverage", "run-output"),
            ("coverage-summary.json", "run-output"),
            ("junit.xml", "run-output"),
            ("test-results.xml", "run-output"),
            ("load_results.csv", "run-output"),
            ("error.txt", "run-output"),
            ("backend/err.txt", "run-output"),
            ("out.txt", "run-output"),
            ("tmp.txt", "run-output"),
            ("temp.json", "run-output"),
            ("deploy_success.txt", "run-output"),
            ("login_verify.txt", "run-output"),
            ("tsconfig.tsbuildinfo", "run-output"),
            ("Makefile~", "run-output"),
            ("notes.save", "run-output"),
            ("test_reports/iteration_1.json", "output-directory"),
            ("lint-report.json", "run-output"),
            ("load_report_20260102.json", "run-output"),
            ("SECURITY_REPORT.json", "run-output"),
            ("temp_page.kt", "run-output"),
            ("login.har", "run-output"),
            ("test_button.png", "run-output"),
            ("Screenshot 2026-01-02 at 10.00.00.png", "run-output"),
            ("page-2026-01-02T10-00-00.png", "run-output"),
            ("a.out", "run-output"),
            ("server.exe", "run-output"),
            ("page.tmp", "run-output"),
            ("htmlcov/index.html", "output-directory"),
            ("backend/__pycache__/login.pyc", "output-directory"),
            ("worker/test-results/login/trace.zip", "output-directory"),
            ("data.db", "local-database"),
            ("backend/app.sqlite3", "local-database"),
            ("app.db-wal", "local-database"),
        ],
        &[
            "logs/server.log",
            "src/server.log",
            "tests/test_login.txt",
            "lib/coverage.json",
            "data/data.db",
            "CHANGES.log",
            "changelog.log",
            "robots.txt",
            "lib/error.txt",
            "lib/test_reports/1.json",
            "lib/test-results/login.json",
            "coverage/report.rs",
            "test-results.md",
            "CMakeLists.txt",
            "test_config.json",
            "package.json",
            "report.html",
            "logo.png",
            "output.png",
            "screenshot.png",
            "Screenshot.png",
            ".coveragerc",
            "coverage.py",
            "core.js",
            "null.c",
            "manual.txt",
            "blog.txt",
            "output.py",
            "test-release",
            "test_data",
            "test_vectors",
            ".env.sqlite",
            "db.sql",
        ],
    );
}

#[test]
fn data_that_a_project_keeps_is_no_output() {
    assert_verdicts(
        &[],
        &[("load_results.csv", "run-output")],
        &[
            "benchmark_results.csv",
            "benchmarks_result.json",
            "template.json",
            "build_instructions.txt",
            "build_options.txt",
            "build_number.txt",
            "test_cases.txt",
            "test_words.txt",
            "test_rules.txt",
            "seed.db",
            "backend/sample_data.sqlite",
            "chinook.db",
            "requirements.txt",
            "requirements_old.txt",
            "test-requirements.txt",
            "test_requirements.txt",
            "build-constraints.txt",
            "requirements/test-linux.txt",
            "test_data.txt",
            "expected_output.txt",
            "test_data.csv",
            "data.json",
        ],
    );
}

#[test]
fn copies_of_other_files_are_refused() {
    assert_verdicts(
        &[],
        &[
            ("index.html.bak", "backup-copy"),
            ("lib/login.py.bak2", "backup-copy"),
            ("frontend/Login_OLD.jsx", "old-copy"),
            ("login.backup.ts", "old-copy"),
            ("login-old.ts", "old-copy"),
            ("frontend/cart_old.vue", "old-copy"),
            ("login_BACKUP_20260102.ts", "old-copy"),
            ("Login copy.tsx", "old-copy"),
            ("Login copy 2.tsx", "old-copy"),
            ("login - Copy.py", "old-copy"),
            ("App_backup.jsx", "old-copy"),
            ("backend/main_copy.py", "old-copy"),
            ("config.php.backup", "backup-copy"),
            ("login.py~", "run-output"),
            ("App.old.jsx", "old-copy"),
            ("App.backup.jsx", "old-copy"),
            ("login.py.bak.20260102", "old-copy"),
            ("login.py.old_20260102", "old-copy"),
            ("login.py.old", "old-copy"),
            ("frontend/page-copy.ts", "old-copy"),
        ],
        &[
            "CHANGELOG-old.md",
            "requirements_old.txt",
            "tests/data/x.py.bak",
            "backend/app/login_old.py",
            "phpunit.xml.bak",
            "docs/Login copy.tsx",
            "lib/threshold.py",
            "db/IMPORT_OLD_SONGS.sql",
            "db/CREATE_BACKUP_TABLE.ts",
            "lib/printer-old.ts",
            "lib/two-factor-backup.tsx",
            "lib/page-copy.ts",
            "lib/years_old.py",
            "lib/login.py~",
            "lib/threshold.old",
            "lib/login.20260102",
            "backend/migrations/0002_users_OLD.py",
            "backend/sql/users.bak.sql",
            "config.yml.bak.20260102",
            "lib/database_backup.py",
            "lib/deep_copy.js",
            "lib/copy.rs",
            "old.py",
        ],
    );
}

#[test]
fn private_files_of_agents_are_refused() {
    assert_verdicts(
        &[],
        &[
            (".claude/settings.local.json", "agent-state"),
            ("pkg/.claude/settings.local.json", "agent-state"),
            (".claude/mcp.local.json", "agent-state"),
            (".claude/logs/hook.log", "agent-state"),
            (".claude/scheduled_tasks.lock", "agent-state"),
            (".claude/.credentials.json", "agent-state"),
            (".codex/auth.json", "agent-state"),
            (".qwen/settings.json.orig", "agent-state"),
            (".factory/settings.local.json", "agent-state"),
            ("pkg/.serena/project.local.yml", "agent-state"),
            ("CLAUDE.local.md", "agent-history"),
            (".aider.chat.history.md", "agent-history"),
            ("pkg/.aider.input.history", "agent-history"),
            ("tmpclaude-1a2b-cwd", "agent-temporary"),
            ("pkg/src/tmpclaude-1a2b-cwd", "agent-temporary"),
            ("gemini-debug.log", "agent-temporary"),
            (".aider.tags.cache.v4/cache.db", "agent-directory"),
            (".claude/worktrees/task", "agent-directory"),
            ("pkg/.claude/worktrees/task/src/main.rs", "agent-directory"),
            (".claude/agent-memory-local/reviewer/MEMORY.md", "agent-directory"),
            (".gemini-clipboard/1.png", "agent-directory"),
            (".sisyphus/plans/login.md", "agent-directory"),
            (".cline/data/tasks.json", "agent-directory"),
            (".cline/tmp/x", "agent-directory"),
            (".serena/cache/python/symbols.pkl", "agent-directory"),
            (".crush/crush.db", "agent-directory"),
            ("pkg/.crush/logs/crush.log", "agent-directory"),
            (".opencode/node_modules/x/index.js", "agent-directory"),
            ("claudedocs/analysis.md", "agent-notes"),
            (".emergent/emergent.yml", "builder-directory"),
        ],
        &[
            "CLAUDE.md",
            "AGENTS.md",
            "GEMINI.md",
            "crush.json",
            "opencode.json",
            ".agents/skills/review/SKILL.md",
            "emergent/emergent.yml",
            ".emergent.yml",
            ".claude/settings.json",
            ".claude/commands/review.md",
            ".claude/agents/tester.md",
            ".claude/agent-memory/reviewer/MEMORY.md",
            ".claude/hooks/check_style.py",
            ".claude/skills/x/scripts/debug_page.py",
            ".claude/worktrees.md",
            ".gemini/settings.json",
            ".gemini/commands/fix.toml",
            ".cursor/rules/style.mdc",
            ".cursor/plans/login.md",
            ".kiro/specs/login/tasks.md",
            ".opencode/plugins/guard.js",
            ".opencode/agent/review.md",
            ".opencode/command/test.md",
            ".codex/hooks.json",
            ".codex/config.toml",
            ".windsurf/rules/style.md",
            ".qwen/settings.json",
            ".clinerules/style.md",
            ".cline/hooks/PreToolUse",
            ".factory/settings.json",
            ".factory/droids/reviewer.md",
            ".github/hooks/guard.json",
            ".github/copilot-instructions.md",
            ".serena/memories/FIX_SUMMARY.md",
            ".serena/project.yml",
            ".crush/skills/review/SKILL.md",
            "pkg/.crush/skills/review/SKILL.md",
            ".sisyphus/rules/style.md",
            ".aider.conf.yml",
            ".aiderignore",
            "settings.local.json",
            "auth.json",
            "tmpclaude.md",
            "docs/gemini-debugging.log.md",
            "worktrees/x.rs",
            "src/cache/data/x.ts",
        ],
    );
}
