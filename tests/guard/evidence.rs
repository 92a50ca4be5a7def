//! What the files of the project say: automation, documents, and the text of a script.

use serde_json::{Value, json};

use super::sandbox::Repo;

/// A script that shows a sign, and that nothing names.
const SCRIPT: &str = "fill_rows.py";
const RUN_ONCE: &str = "print('\u{2705} all rows are in')\n";
/// A file that names it.
const DOCUMENT: &str = "docs/setup.md";
const NAMES_IT: &str = "Run `python fill_rows.py` once.\n";

fn stage_text<'r>(repo: &'r Repo, path: &str, text: &str) -> &'r Repo {
    repo.write(path, text);
    repo.git_args(&["add", "-f", path]).success();
    repo
}

/// Asserts that the script is refused, and is not once a staged document names it.
fn assert_judged_by_evidence(repo: &Repo) {
    stage_text(repo, SCRIPT, RUN_ONCE);
    repo.check().refuses(&[SCRIPT]);
    stage_text(repo, DOCUMENT, NAMES_IT);
    repo.check().silent();
    repo.git_args(&["rm", "-q", "--cached", DOCUMENT]).success();
    repo.check().refuses(&[SCRIPT]);
    stage_text(repo, "backend/test_api.py", "");
    stage_text(repo, "Makefile", "check:\n\tpython backend/test_api.py\n");
    repo.check().refuses(&[SCRIPT]);
    stage_text(repo, "Makefile", "check:\n\tpython fill_rows.py backend/test_api.py\n");
    repo.check().silent();
}

macro_rules! formats {
    ($($case:ident($($made:tt)+);)*) => {
        $(#[test] fn $case() {
            assert_judged_by_evidence(&{ $($made)+ });
        })*
    };
}

formats! {
    an_ordinary_repository_is_judged_by_evidence(Repo::new());
    an_unborn_branch_is_judged_by_evidence(Repo::unborn());
    sha_256_is_judged_by_evidence(Repo::of_format(&["--object-format=sha256"]));
    a_split_index_is_judged_by_evidence(Repo::new().split());
    an_index_of_version_4_is_judged_by_evidence(Repo::new().with_version_4());
}

impl Repo {
    fn split(self) -> Self {
        self.git("update-index --split-index").success();
        self
    }

    fn with_version_4(self) -> Self {
        self.git("update-index --index-version 4").success();
        self
    }
}

#[test]
fn a_sparse_index_is_judged_by_evidence() {
    let repo = Repo::new();
    stage_text(&repo, DOCUMENT, NAMES_IT);
    stage_text(&repo, "ops/Makefile", "x:\n\tpython test_api.py\n");
    repo.commit_unchecked(&["backend/x.py"]);
    repo.git("sparse-checkout set --cone --sparse-index backend").success();
    stage_text(&repo, SCRIPT, RUN_ONCE);
    repo.check().silent();
    assert!(!repo.path(DOCUMENT).exists());
    repo.git_args(&["-c", "index.sparse=false", "rm", "-q", "--sparse", "--cached", DOCUMENT]).success();
    repo.check().refuses(&[SCRIPT]);
}

#[test]
fn every_way_to_check_judges_by_evidence() {
    let repo = Repo::new();
    repo.write(SCRIPT, RUN_ONCE);
    assert_eq!(repo.refused("check --untracked"), [SCRIPT]);
    repo.write(DOCUMENT, NAMES_IT);
    assert!(repo.refused("check --untracked").is_empty());
    repo.commit_unchecked(&["main.py"]);
    stage_text(&repo, SCRIPT, RUN_ONCE).commit_unchecked(&[]);
    assert_eq!(repo.refused("check --all-files"), [SCRIPT]);
    assert_eq!(repo.refused("check --commit HEAD"), [SCRIPT]);
    assert_eq!(repo.refused("check --range HEAD~..HEAD"), [SCRIPT]);
    stage_text(&repo, DOCUMENT, NAMES_IT).commit_unchecked(&[]);
    assert!(repo.refused("check --all-files").is_empty());
    // The commit that adds the script does not have the document.
    assert_eq!(repo.refused("check --commit HEAD~"), [SCRIPT]);
    assert!(repo.refused("check --commit HEAD").is_empty());
}

#[test]
fn a_first_commit_is_judged_by_evidence() {
    let repo = Repo::unborn();
    stage_text(&repo, SCRIPT, RUN_ONCE);
    repo.check().refuses(&[SCRIPT]);
    repo.git("-c core.hooksPath=/dev/null commit -q -m x").success();
    assert_eq!(repo.refused("check --commit HEAD"), [SCRIPT]);
}

#[test]
fn hooks_judge_what_they_commit() {
    let repo = Repo::new();
    repo.guard("install").success();
    stage_text(&repo, "main.py", "");
    repo.commit().silent();
    stage_text(&repo, SCRIPT, RUN_ONCE);
    repo.commit().refuses(&[SCRIPT]);
    // The document in the worktree is not part of the commit.
    repo.write(DOCUMENT, NAMES_IT);
    repo.commit().refuses(&[SCRIPT]);
    repo.git_args(&["add", DOCUMENT]).success();
    repo.git("commit -q -m x -- fill_rows.py").refuses(&[SCRIPT]);
    repo.commit().silent();
    // A script that is there already is not judged by its text.
    stage_text(&repo, SCRIPT, &RUN_ONCE.repeat(2)).git(&format!("rm -q --cached {DOCUMENT}")).success();
    repo.commit().silent();
}

#[test]
fn a_symlink_has_no_text() {
    let repo = Repo::new();
    std::os::unix::fs::symlink("print('\u{2705}')", repo.path(SCRIPT)).unwrap();
    repo.git_args(&["add", SCRIPT]).success();
    repo.check().silent();
    std::os::unix::fs::symlink("test_api.py", repo.path("Makefile")).unwrap();
    stage_text(&repo, "test_api.py", "").git_args(&["add", "Makefile"]).success();
    repo.check().refuses(&["test_api.py"]);
}

#[test]
fn a_file_to_be_added_later_says_nothing() {
    let repo = Repo::new();
    stage_text(&repo, SCRIPT, RUN_ONCE).write(DOCUMENT, NAMES_IT);
    repo.git_args(&["add", "--intent-to-add", DOCUMENT]).success();
    repo.check().refuses(&[SCRIPT]);
}

#[test]
fn stow_finds_what_the_text_shows() {
    let repo = Repo::new();
    stage_text(&repo, SCRIPT, RUN_ONCE);
    let command = repo.check().stow_command();
    repo.shell(&command).success();
    assert!(repo.exists(&format!(".claude_sessions/exploration/{SCRIPT}")));
    repo.write("backend/fill_rows.py", RUN_ONCE);
    repo.guard("stow backend").success();
    assert!(!repo.exists("backend/fill_rows.py"));
}

#[test]
fn what_is_not_here_refuses_nothing_and_is_reported_outside_hooks() {
    let origin = Repo::new();
    stage_text(&origin, DOCUMENT, NAMES_IT).commit_unchecked(&[]);
    origin.git("config uploadpack.allowFilter true").success();
    let url = format!("file://{}", origin.dir.display());
    origin.git_args(&["clone", "-q", "--no-checkout", "--filter=blob:none", &url, "../partial"]).success();
    let repo = origin.sibling("partial");
    repo.git("read-tree HEAD").success();
    repo.git("config remote.origin.url /nowhere").success();
    stage_text(&repo, SCRIPT, RUN_ONCE);
    let run = repo.check();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.out, "note: some files could not be searched for the names of scripts\n");
    let json = repo.guard("check --format json").success();
    assert!(
        json.ends_with("\"notes\":[\"some files could not be searched for the names of scripts\"]}\n"),
        "{json}"
    );
    let github = repo.guard("check --format github").success();
    assert_eq!(
        github,
        "::notice title=stage-guard::some files could not be searched for the names of scripts\n"
    );
    repo.guard("hook pre-commit").silent();
    stage_text(&repo, "debug_x.py", "");
    repo.check().refuses(&["debug_x.py"]);
}

#[test]
fn a_damaged_script_does_not_end_the_check_of_a_history() {
    let repo = Repo::new();
    stage_text(&repo, SCRIPT, RUN_ONCE).commit_unchecked(&["debug_x.py"]);
    let id = repo.git(&format!("rev-parse :{SCRIPT}")).success();
    let object = repo.path(format!(".git/objects/{}/{}", &id[..2], id[2..].trim()));
    std::fs::set_permissions(&object, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let bytes = std::fs::read(&object).unwrap();
    std::fs::write(&object, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(repo.refused("check --range HEAD~..HEAD"), ["debug_x.py"]);
}

#[test]
fn explain_judges_an_untracked_path_among_untracked_files() {
    let repo = Repo::new();
    repo.write("backend/test_api.py", "").write("Makefile", "x:\n\tpython backend/test_api.py\n");
    let run = repo.guard("explain backend/test_api.py").success();
    assert!(run.starts_with("backend/test_api.py: allowed: Makefile names it on line 2"), "{run}");
}

#[test]
fn explain_says_what_is_missing_to_a_mention() {
    let repo = Repo::new();
    stage_text(&repo, "check_users.py", "").write("main.py", "import check_users\n");
    stage_text(&repo, "API_REPORT.md", "").git("add main.py").success();
    stage_text(&repo, "README.md", "API_REPORT.md\n");
    for (path, words) in [
        ("check_users.py", "main.py names it on line 1, but no automation does\n"),
        ("API_REPORT.md", "README.md names it on line 1, but no README and no index links it\n"),
    ] {
        let run = repo.guard_args(&["explain", path]);
        assert!(run.out.contains(words), "{run:?}");
    }
}

#[test]
fn a_damaged_script_refuses_nothing_and_is_reported() {
    let repo = Repo::new();
    stage_text(&repo, SCRIPT, RUN_ONCE);
    let id = repo.git(&format!("rev-parse :{SCRIPT}")).success();
    let object = repo.path(format!(".git/objects/{}/{}", &id[..2], id[2..].trim()));
    std::fs::remove_file(object).unwrap();
    let run = repo.check();
    assert_eq!((run.code, run.out.as_str()), (0, "note: the text of fill_rows.py could not be read\n"));
    repo.guard("hook pre-commit").silent();
}

#[test]
fn reports_show_the_evidence() {
    let repo = Repo::new();
    stage_text(&repo, SCRIPT, &format!("\n{RUN_ONCE}"));
    let run = repo.check();
    assert!(
        run.out.starts_with(
            "refused: fill_rows.py [run-once-script] a script for one occasion, as its text shows \
             (line 2 prints an emoji, no other file names it), belongs in .claude_sessions/exploration/\n"
        ),
        "{run:?}"
    );
    let json = repo.guard("check --format json").out;
    assert!(json.contains(r#""evidence":["line 2 prints an emoji","no other file names it"]"#), "{json}");
    let explained = repo.guard("explain fill_rows.py").out;
    assert!(explained.contains("\n  line 2 prints an emoji; no other file names it\n"), "{explained}");
    stage_text(&repo, DOCUMENT, NAMES_IT);
    let explained = repo.guard("explain fill_rows.py").success();
    assert!(explained.contains(" docs/setup.md names it on line 1"), "{explained}");
    let untracked = repo.write("backend/fill_more.py", RUN_ONCE).guard("explain backend/fill_more.py");
    assert!(untracked.out.contains("\n  line 1 prints an emoji; no other file names it\n"), "{untracked:?}");
}

#[test]
fn a_hostile_name_in_the_evidence_begins_no_line() {
    let repo = Repo::new();
    stage_text(&repo, "backend/test_api.py", "");
    stage_text(&repo, "a\nrefused: x/Dockerfile", "CMD test_api.py\n");
    stage_text(&repo, "backend/\nDockerfile\x1b[31m", "");
    stage_text(&repo, "Dockerfile.\nrefused: x", "CMD backend/test_api.py\n");
    let run = repo.guard("explain backend/test_api.py");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.out.contains("\nrefused: x") && !run.out.contains('\x1b'), "{run:?}");
}

#[test]
fn settings_do_not_change_a_search() {
    let repo = Repo::new();
    stage_text(&repo, SCRIPT, RUN_ONCE).write(".gitattributes", "*.md -text diff=x\n");
    stage_text(&repo, DOCUMENT, NAMES_IT);
    for setting in [
        "grep.lineNumber=false",
        "grep.column=true",
        "grep.fullName=false",
        "grep.patternType=perl",
        "grep.threads=7",
        "color.ui=always",
        "color.grep=always",
        "core.pager=false",
        "core.quotePath=true",
        "submodule.recurse=true",
        "diff.x.textconv=touch touched; true",
        "diff.x.binary=false",
    ] {
        let (name, value) = setting.split_once('=').unwrap();
        repo.git_args(&["config", name, value]).success();
        repo.check().silent();
        repo.guard("check --untracked").silent();
        repo.child("docs").check().silent();
        repo.git_args(&["config", "--unset", name]).success();
    }
    assert!(!repo.path("touched").exists());
}

#[test]
fn attributes_do_not_change_a_search() {
    let repo = Repo::new();
    stage_text(&repo, SCRIPT, RUN_ONCE);
    // git warns about the last name, which it does not accept.
    for attributes in ["*.md -diff\n", "*.md binary\n", "*.md diff=x\n", "*.md !@x=y\n"] {
        repo.write(".gitattributes", attributes);
        repo.check().refuses(&[SCRIPT]);
        stage_text(&repo, DOCUMENT, NAMES_IT);
        repo.check().silent();
        repo.guard("check --untracked").silent();
        repo.git_args(&["rm", "-q", "--cached", DOCUMENT]).success();
    }
    repo.shell("rm .gitattributes docs/setup.md; mkfifo .gitattributes").success();
    repo.check().refuses(&[SCRIPT]);
}

#[test]
fn formats_for_services_point_to_the_line_of_a_sign() {
    let repo = Repo::new();
    stage_text(&repo, SCRIPT, &format!("import os\n\n{RUN_ONCE}"));
    stage_text(&repo, "debug_x.py", "");
    let annotations = repo.guard("--format github").out;
    assert!(
        annotations.contains("::error file=fill_rows.py,line=3,title=")
            && annotations.contains("::error file=debug_x.py,title="),
        "{annotations}"
    );
    let document: Value = serde_json::from_str(&repo.guard("--format sarif").out).unwrap();
    let result = |index: usize| &document["runs"][0]["results"][index]["locations"][0]["physicalLocation"];
    assert_eq!(
        [&result(0)["region"], &result(1)["region"]],
        [&json!({"startLine": 1}), &json!({"startLine": 3})]
    );
}

#[test]
fn a_search_of_the_worktree_finds_what_is_off_the_disk_or_ignored() {
    let repo = Repo::new();
    stage_text(&repo, DOCUMENT, NAMES_IT);
    stage_text(&repo, "ci/Makefile", "").commit_unchecked(&["backend/x.py"]);
    stage_text(&repo, ".github/workflows/ci.yml", "run: python check_users.py\n").commit_unchecked(&[]);
    repo.write(SCRIPT, RUN_ONCE).write("check_users.py", "");
    repo.write(".git/info/exclude", "docs/\n");
    repo.guard("check --untracked").silent();
    for index in ["--no-sparse-index", "--sparse-index"] {
        repo.git(&format!("sparse-checkout set --cone {index} backend")).success();
        assert!(!repo.path(DOCUMENT).exists());
        repo.guard("check --untracked").silent();
    }
    repo.git("sparse-checkout disable").success();
    repo.shell("rm -r docs .github").success();
    assert_eq!(repo.refused("check --untracked"), ["check_users.py", SCRIPT]);
}

#[test]
fn a_truncated_script_refuses_nothing_and_is_reported() {
    let repo = Repo::new();
    stage_text(&repo, SCRIPT, RUN_ONCE);
    let id = repo.git(&format!("rev-parse :{SCRIPT}")).success();
    let object = repo.path(format!(".git/objects/{}/{}", &id[..2], id[2..].trim()));
    let contents = std::fs::read(&object).unwrap();
    std::fs::remove_file(&object).unwrap();
    std::fs::write(&object, &contents[..12]).unwrap();
    stage_text(&repo, "debug_x.py", "");
    repo.check().refuses(&["debug_x.py"]);
    assert!(repo.check().out.contains("note: the text of fill_rows.py could not be read\n"));
    // It may be what names another script.
    stage_text(&repo, "fill_more.py", &RUN_ONCE.repeat(2));
    repo.check().refuses(&["debug_x.py"]);
    assert!(repo.check().out.contains("note: some files could not be searched"));
}

#[test]
fn many_scripts_are_searched_for_at_once() {
    let repo = Repo::new();
    let names: Vec<String> = (0..40).map(|number| format!("fill_{number}.py")).collect();
    let all = names.join("\n");
    for name in &names {
        // Each names the others, which counts for none of them.
        repo.write(name, &format!("{RUN_ONCE}{all}\n"));
    }
    repo.git("add .").success();
    assert_eq!(repo.refused("check").len(), 40);
    stage_text(&repo, DOCUMENT, "Run fill_7.py.\n");
    repo.check().silent();
    stage_text(&repo, "fill_7.py", RUN_ONCE);
    let refused = repo.refused("check");
    assert_eq!((refused.len(), refused.contains(&"fill_7.py".to_owned())), (39, false));
    assert_eq!(repo.refused("check --untracked").len(), 0);
    repo.commit_unchecked(&[]);
    assert_eq!(repo.refused("check --commit HEAD"), refused);
}
