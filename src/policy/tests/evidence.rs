//! Tests how the files of a project decide about a path that a rule matches.

use std::convert::Infallible;

use bstr::{BStr, BString, ByteSlice};

use super::super::{IsWanted, Policy, Project, Verdict};
use crate::{Change, Entry};

/// A project in memory: paths and texts.
struct Files<'f> {
    files: &'f [(&'f str, &'f str)],
    /// Whether every file can be searched.
    is_searchable: bool,
}

impl Project for Files<'_> {
    type Error = Infallible;

    fn is_tracked(&mut self, path: &BStr) -> Result<bool, Infallible> {
        Ok(self.files.iter().any(|(file, _)| *file == path))
    }

    fn files(&mut self, is_wanted: IsWanted) -> Option<Vec<BString>> {
        let paths = self.files.iter().map(|(path, _)| BString::from(*path));
        Some(paths.filter(|path| is_wanted(path.as_bstr())).collect())
    }

    fn files_with(&mut self, words: &[BString]) -> Option<Vec<BString>> {
        let has_word = |text: &str| words.iter().any(|word| text.as_bytes().contains_str(word));
        let files = self.files.iter().filter(|(_, text)| has_word(text));
        self.is_searchable.then(|| files.map(|(path, _)| (*path).into()).collect())
    }

    fn text(&mut self, path: &BStr, limit: u64) -> Option<Vec<u8>> {
        let text =
            self.files.iter().find(|(file, _)| *file == path).map(|(_, text)| text.as_bytes().to_vec());
        text.filter(|text| text.len() as u64 <= limit)
    }
}

/// Returns the refused paths of a commit that adds `files`, with their rules.
fn refused(files: &[(&str, &str)]) -> Vec<String> {
    refused_of(Files { files, is_searchable: true }, Change::Added)
}

fn refused_of(mut project: Files, change: Change) -> Vec<String> {
    let policy = Policy::built_in();
    let entries = project.files.iter().map(|(path, _)| Entry { path: (*path).into(), change });
    let Ok(findings) = policy.findings(entries.collect(), &mut project);
    findings.iter().map(|finding| format!("{} {}", finding.entry.path, finding.rule.id)).collect()
}

/// A text that shows a sign.
const RUN_ONCE: &str = "print('\u{2705} all rows are in')\n";

macro_rules! cases {
    ($($case:ident: [$($file:expr => $text:expr),* $(,)?] refuses [$($refused:expr),*];)*) => {
        $(#[test] fn $case() {
            let expected: &[&str] = &[$($refused),*];
            assert_eq!(refused(&[$(($file, $text)),*]), expected);
        })*
    };
}

cases! {
    an_unnamed_script_with_a_sign_is_refused: ["fill.py" => RUN_ONCE] refuses ["fill.py run-once-script"];
    in_a_production_root_too: ["backend/fill.py" => RUN_ONCE] refuses ["backend/fill.py run-once-script"];
    not_further_down: ["backend/app/fill.py" => RUN_ONCE, "scripts/fill.py" => RUN_ONCE] refuses [];
    not_without_a_sign: ["fill.py" => "print('all rows are in')\n"] refuses [];
    not_a_program: ["fill.py" => "import argparse\nargparse.ArgumentParser()\nprint('\u{2705}')\n"] refuses [];
    not_a_large_file: ["fill.py" => &format!("{RUN_ONCE}{}", "#".repeat(256 << 10))] refuses [];
    not_a_standard_name:
        ["manage.py" => RUN_ONCE, "install.sh" => "echo '\u{2705}'", "seed_rows.py" => RUN_ONCE] refuses [];
    not_the_test_of_a_module: ["test_rows.py" => RUN_ONCE, "rows.py" => ""] refuses [];
    not_a_name_with_two_dots: ["seed.config.js" => "console.log('\u{2705}')"] refuses [];
    a_file_that_imports_it_names_it: ["fill.py" => RUN_ONCE, "lib/x.py" => "import fill\n"] refuses [];
    a_document_names_it: ["fill.py" => RUN_ONCE, "README.md" => "Run `python fill.py`.\n"] refuses [];
    the_makefile_names_it: ["fill.py" => RUN_ONCE, "Makefile" => "x:\n\tpython fill.py\n"] refuses [];
    a_longer_word_does_not_name_it:
        ["fill.py" => RUN_ONCE, "a.txt" => "fills refill fill_all\n"] refuses ["fill.py run-once-script"];
    its_own_text_does_not_name_it: ["fill.py" => &format!("# fill\n{RUN_ONCE}")] refuses ["fill.py run-once-script"];
    an_ignore_file_does_not_name_it:
        ["fill.py" => RUN_ONCE, ".gitignore" => "fill.py\n"] refuses ["fill.py run-once-script"];
    a_negated_line_of_an_ignore_file_names_it: ["fill.py" => RUN_ONCE, ".gitignore" => "!/fill.py\n"] refuses [];
    session_work_does_not_name_it:
        ["fill.py" => RUN_ONCE, "FIX_SUMMARY.md" => "I wrote fill.py\n", "debug_x.py" => "import fill\n"]
        refuses ["fill.py run-once-script", "FIX_SUMMARY.md session-note", "debug_x.py debug-script"];
    what_automation_names_is_no_session_work_and_names_it:
        ["fill.py" => RUN_ONCE, "debug_x.py" => "import fill\n", "Makefile" => "x:\n\tpython debug_x.py\n"]
        refuses [];
    scripts_that_name_only_each_other_are_refused:
        ["fill.py" => &format!("import rows\n{RUN_ONCE}"), "rows.py" => &format!("import fill\n{RUN_ONCE}")]
        refuses ["fill.py run-once-script", "rows.py run-once-script"];
    a_script_that_is_named_names_another:
        ["fill.py" => &format!("import rows\n{RUN_ONCE}"), "rows.py" => RUN_ONCE, "README.md" => "fill.py\n"]
        refuses [];
    a_script_that_is_refused_by_its_text_names_nothing:
        ["fill.py" => RUN_ONCE, "rows.py" => &format!("# rewrites fill\n{RUN_ONCE}")]
        refuses ["fill.py run-once-script", "rows.py run-once-script"];
    a_name_in_a_longer_one_counts:
        ["fill.py" => RUN_ONCE, "fill-rows.py" => RUN_ONCE, "notes.txt" => "fill-rows\n"] refuses [];
    automation_that_is_session_work_names_nothing:
        ["debug_x.py" => "", "Dockerfile.bak" => "CMD debug_x.py"]
        refuses ["debug_x.py debug-script", "Dockerfile.bak backup-copy"];
    the_configuration_and_settings_of_an_agent_name_nothing:
        ["fill.py" => RUN_ONCE, ".stage-guard.toml" => "# fill\n", ".claude/settings.json" => "Bash(python fill.py)"]
        refuses ["fill.py run-once-script"];
    a_binary_file_names_nothing:
        ["fill.py" => RUN_ONCE, "data.zip" => "\0 fill.py \0"] refuses ["fill.py run-once-script"];
    a_test_next_to_it_names_it: ["fill.py" => RUN_ONCE, "test_fill.py" => "import fill\n"] refuses [];
    automation_excuses_tests_and_scripts:
        ["backend/test_api.py" => "", "check_users.sh" => "", "backend/debug_x.py" => "", "tmp/x.sh" => "",
         "Makefile" => "x:\n\tbackend/test_api.py; ./check_users.sh; backend/debug_x.py; tmp/x.sh\n"]
        refuses [];
    a_magefile_and_files_below_dot_gitlab_are_automation:
        ["check_a.sh" => "", "check_b.sh" => "", "magefile.go" => "sh.Run(\"./check_a.sh\")", ".gitlab/ci/b.yml" => "- ./check_b.sh"]
        refuses [];
    automation_elsewhere_excuses_nothing:
        ["backend/test_api.py" => "", "frontend/package.json" => "test_api.py"]
        refuses ["backend/test_api.py stray-test"];
    a_script_is_no_automation:
        ["backend/test_api.py" => "", "run.sh" => "python backend/test_api.py\n"]
        refuses ["backend/test_api.py stray-test"];
    a_file_does_not_excuse_itself:
        ["test_x.mk" => "", "test_noxfile.py" => "test_noxfile.py"] refuses ["test_noxfile.py stray-test"];
    automation_excuses_no_note:
        ["FIX_SUMMARY.md" => "", "Makefile" => "FIX_SUMMARY.md"] refuses ["FIX_SUMMARY.md session-note"];
    a_readme_that_links_a_note_excuses_it:
        ["API_REPORT.md" => "", "README.md" => "[the report](API_REPORT.md)\n"] refuses [];
    a_readme_that_mentions_a_note_does_not:
        ["API_REPORT.md" => "", "README.md" => "API_REPORT.md\n"] refuses ["API_REPORT.md session-note"];
    a_readme_that_shows_a_picture_or_links_data_excuses_it:
        ["test_plot.png" => "", "words.db" => "", "README.md" => "![plot](test_plot.png) of [words](words.db)\n"] refuses [];
    a_translated_readme_that_links_a_note_excuses_it:
        ["API_REPORT.md" => "", "README.de.md" => "[x](API_REPORT.md)\n"] refuses [];
    a_note_called_readme_is_no_readme:
        ["FIX_SUMMARY.md" => "", "README_LOGIN_FIX.md" => "[x](FIX_SUMMARY.md)\n"] refuses ["FIX_SUMMARY.md session-note"];
    a_note_that_links_a_note_does_not:
        ["API_REPORT.md" => "", "FIX_SUMMARY.md" => "[x](API_REPORT.md)\n"]
        refuses ["API_REPORT.md session-note", "FIX_SUMMARY.md session-note"];
    a_readme_that_links_a_script_excuses_no_name:
        ["backend/test_api.py" => "", "README.md" => "[x](backend/test_api.py)\n"]
        refuses ["backend/test_api.py stray-test"];
}

#[test]
fn the_verdict_on_one_path_is_that_on_all() {
    let files = [("fill.py", RUN_ONCE), ("rows.py", &format!("# rewrites fill\n{RUN_ONCE}"))];
    for (path, _) in files {
        let mut project = Files { files: &files, is_searchable: true };
        let policy = Policy::built_in();
        let Ok(verdict) = policy.judge(path.into(), Change::Added, &mut project);
        assert!(matches!(verdict, Verdict::Refused { .. }), "{path}: {verdict:?}");
    }
}

#[test]
fn a_changed_script_is_not_judged_by_its_text() {
    let files = [("fill.py", RUN_ONCE)];
    for change in [Change::Modified, Change::TypeChanged] {
        assert!(refused_of(Files { files: &files, is_searchable: true }, change).is_empty(), "{change:?}");
    }
    for change in [Change::Tracked, Change::Untracked] {
        let refused = refused_of(Files { files: &files, is_searchable: true }, change);
        assert_eq!(refused, ["fill.py run-once-script"], "{change:?}");
    }
}

#[test]
fn a_search_that_is_not_complete_refuses_nothing() {
    let files = [("fill.py", RUN_ONCE), ("debug_x.py", "")];
    let refused = refused_of(Files { files: &files, is_searchable: false }, Change::Added);
    assert_eq!(refused, ["debug_x.py debug-script"]);
}

#[test]
fn a_configuration_adds_files_whose_word_counts() {
    let config = "evidence.automation = ['ops/*.txt']\nevidence.documents = ['INDEX.md']";
    let policy = Policy::built_in().with_config("test", config.as_bytes()).unwrap();
    let files = [
        ("ops/a/test_x.py", ""),
        ("test_x.py", ""),
        ("API_REPORT.md", ""),
        ("INDEX.md", "[x](API_REPORT.md)"),
        ("ops/run.txt", "a/test_x.py"),
        (".deploy/x.txt", ""),
    ];
    let mut project = Files { files: &files, is_searchable: true };
    for (path, is_refused) in [("test_x.py", true), ("API_REPORT.md", false)] {
        let Ok(verdict) = policy.judge(path.into(), Change::Added, &mut project);
        assert_eq!(matches!(verdict, Verdict::Refused { .. }), is_refused, "{path}");
    }
}
