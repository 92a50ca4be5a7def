//! Tests that run commands in this process, each with its own environment and terminal.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::context::Ask;
use super::{Context, Outcome, Output, run};
use crate::cli::Cli;
use crate::environment::Environment;
use crate::report::failure;

/// A repository with a staged debug script.
struct Repository {
    directory: TempDir,
}

/// The outcome and the report of a command, without colours.
type Run = Result<(Outcome, String), Box<dyn Error>>;

impl Repository {
    fn new() -> Self {
        let repository = Self { directory: tempfile::tempdir().unwrap() };
        repository.git(&["init", "-q"]);
        repository.write("debug_login.py", "");
        repository.git(&["add", "debug_login.py"]);
        repository
    }

    fn environment(&self) -> Environment {
        let null = OsString::from("/dev/null");
        let variables = [
            ("PATH".into(), env::var_os("PATH").unwrap()),
            ("GIT_CONFIG_GLOBAL".into(), null.clone()),
            ("GIT_CONFIG_SYSTEM".into(), null),
        ];
        Environment::new(self.directory.path().canonicalize().unwrap(), variables)
    }

    fn git(&self, arguments: &[&str]) {
        let environment = self.environment();
        let mut git = Command::new("git");
        git.args(arguments).current_dir(environment.current_dir()).env_clear().envs(environment.vars());
        assert!(git.status().unwrap().success(), "{arguments:?}");
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    /// Runs the command line, with `input` as standard input and `answer` to each question.
    fn run_with(&self, line: &str, input: &[u8], answer: Option<bool>) -> Run {
        self.run_asking(line, input, &mut |_| Ok(answer))
    }

    /// Runs the command line. `ask` answers each question.
    fn run_asking(&self, line: &str, input: &[u8], ask: Ask) -> Run {
        let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let cli = Cli::from_arguments(&arguments)?;
        let is_quiet = cli.is_quiet();
        let Cli { global, check, command } = cli;
        let mut environment = self.environment();
        for directory in &global.directories {
            environment.change_dir(directory)?;
        }
        let mut context = Context {
            environment,
            is_quiet,
            input: &mut { input },
            ask,
            show_progress: &mut |_| {},
            out: Output::default(),
        };
        let outcome = run(command, &check, &mut context)?;
        let report = anstream::adapter::strip_bytes(&context.out.report).into_vec();
        Ok((outcome, String::from_utf8(report)?))
    }

    fn run(&self, line: &str) -> Run {
        self.run_with(line, b"", None)
    }
}

#[test]
fn a_staged_debug_script_is_refused() {
    let (outcome, report) = Repository::new().run("").unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(report.contains("debug_login.py"), "{report}");
}

#[test]
fn a_dry_run_reports_the_same_and_allows() {
    let repository = Repository::new();
    let (_, report) = repository.run("check").unwrap();
    assert_eq!(repository.run("--dry-run").unwrap(), (Outcome::Allowed, report));
}

#[test]
fn quiet_prints_the_count() {
    assert_eq!(Repository::new().run("-q").unwrap(), (Outcome::Refused, "1 refused\n".to_owned()));
}

#[test]
fn a_hook_is_silent_if_nothing_is_refused() {
    let repository = Repository::new();
    repository.git(&["rm", "-q", "--cached", "debug_login.py"]);
    assert_eq!(repository.run("hook pre-commit").unwrap(), (Outcome::Allowed, String::new()));
}

#[test]
fn config_is_relative_to_the_directory_of_the_option() {
    let repository = Repository::new();
    repository.write("deep/policy.toml", "disable = [\"debug-script\"]\n");
    assert_eq!(repository.run("-C deep --config policy.toml").unwrap().0, Outcome::Allowed);
    let error = repository.run("--config policy.toml").unwrap_err();
    assert!(failure::message(error.as_ref()).contains("`policy.toml`"), "{error}");
}

#[test]
fn explain_reads_quoted_paths_from_standard_input() {
    let (outcome, report) =
        Repository::new().run_with("explain --stdin", b"main.py\n\"debug_\\tx.py\"\n", None).unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(report.starts_with("main.py: ") && report.contains("debug_\\tx.py: "), "{report}");
}

#[test]
fn explain_resolves_paths_from_the_current_directory() {
    let repository = Repository::new();
    repository.write("deep/check_it.py", "");
    let (outcome, report) =
        repository.run("-C deep explain check_it.py ../debug_login.py :/main.py").unwrap();
    assert_eq!(outcome, Outcome::Refused);
    for path in ["deep/check_it.py: ", "debug_login.py: ", "main.py: "] {
        assert!(report.lines().any(|line| line.starts_with(path)), "{path}{report}");
    }
}

#[test]
fn init_writes_instructions_in_the_current_directory() {
    let repository = Repository::new();
    repository.write("deep/AGENTS.md", "# Ours\n");
    let (_, report) = repository.run("-C deep init --instructions AGENTS.md").unwrap();
    assert!(report.contains("updated: the instructions in AGENTS.md\n"), "{report}");
    assert!(fs::read_to_string(repository.path("deep/AGENTS.md")).unwrap().contains("<!-- stage-guard"));
}

#[test]
fn clean_deletes_if_the_answer_is_yes() {
    let repository = Repository::new();
    repository.write(".claude_sessions/current/x.py", "");
    let exists = || repository.path(".claude_sessions/current/x.py").exists();
    repository.run_with("clean", b"", Some(false)).unwrap();
    assert!(exists());
    repository.run("clean").unwrap_err();
    assert!(exists());
    repository.run_with("clean", b"", Some(true)).unwrap();
    assert!(!exists());
}

#[test]
fn completions_and_the_manual_page_need_no_repository() {
    let elsewhere = Repository { directory: tempfile::tempdir().unwrap() };
    assert!(elsewhere.run("completions zsh").unwrap().1.starts_with("#compdef stage-guard\n"));
    assert!(elsewhere.run("man").unwrap().1.contains(".TH STAGE-GUARD 1"));
    elsewhere.run("check").unwrap_err();
}

#[test]
fn clean_keeps_what_changes_while_it_asks() {
    let repository = Repository::new();
    let current = ".claude_sessions/current";
    for file in ["scrap", "staged", "edited", "saved", "deep/scrap", "swapped/a", "repo/a", "becomes-link/a"]
    {
        repository.write(&format!("{current}/{file}"), "old");
    }
    repository.write("elsewhere/a", "precious");
    let path = |file: &str| repository.path(&format!("{current}/{file}"));
    let run = repository.run_asking("clean", b"", &mut |question| {
        assert!(question.contains("delete these 8 files for good?"), "{question}");
        repository.git(&["add", "-f", &format!("{current}/staged")]);
        fs::write(path("edited"), "new").unwrap();
        fs::write(path("new"), "new").unwrap();
        fs::rename(path("new"), path("saved")).unwrap();
        fs::write(path("deep/new"), "new").unwrap();
        fs::rename(path("swapped"), path("moved")).unwrap();
        fs::create_dir(path("swapped")).unwrap();
        fs::write(path("swapped/a"), "new").unwrap();
        fs::create_dir(path("repo/.git")).unwrap();
        fs::remove_dir_all(path("becomes-link")).unwrap();
        symlink("../../elsewhere", path("becomes-link")).unwrap();
        Ok(Some(true))
    });
    let (_, report) = run.unwrap();
    for skipped in [
        "staged is tracked by git",
        "edited has changed meanwhile",
        "saved has changed meanwhile",
        "swapped has changed meanwhile",
        "becomes-link has changed meanwhile",
        "deep has new files in it",
        "repo is a repository",
    ] {
        assert!(report.contains(&format!("skipped: {current}/{skipped}\n")), "{report}");
    }
    assert!(report.contains(&format!("deleted: {current}/scrap\n")), "{report}");
    for kept in ["staged", "edited", "saved", "deep/new", "swapped/a", "moved/a", "repo/a", "becomes-link/a"]
    {
        assert!(path(kept).exists(), "{kept}");
    }
    for deleted in ["scrap", "deep/scrap"] {
        assert!(!path(deleted).exists(), "{deleted}");
    }
}
