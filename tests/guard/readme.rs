//! The README is correct: its sessions, configuration and documents are run and compared.

use std::fs;
use std::path::Path;

use anstyle_svg::Term;

use super::installer::Installation;
use super::sandbox::Repo;
use super::sandbox::readme::{README, blocks};

/// The screenshot of a refusal.
const PICTURE: &str = "docs/refusal.svg";

/// Returns the commands of the README's console sessions, each with its output there.
fn commands() -> Vec<(&'static str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in blocks("console").into_iter().flat_map(str::lines) {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command, String::new())),
            None => commands.last_mut().unwrap().1.extend([line, "\n"]),
        }
    }
    commands
}

#[test]
fn sessions_print_what_the_readme_shows() {
    let home = Installation::new();
    let project = home.repo("project");
    project.stage("AGENTS.md").stage("backend/login.py").commit().silent();
    project.git("update-ref refs/remotes/origin/main HEAD").success();
    project.write(".claude_sessions/current/plan.md", "plan").write("backend/debug_login.py", "print()");
    project.write("backend/login.py", "fixed");
    // The command that runs these tests is left out.
    let commands: Vec<_> =
        commands().into_iter().filter(|(command, _)| !command.starts_with("cargo test")).collect();
    let script: String = commands
        .iter()
        .fold(String::new(), |script, (command, _)| script + command + "\nprintf '\\0%s\\0' $?\n");
    let run = home.shell(&format!("exec 2>&1; cd ~/stage-guard\n{script}"));
    let today = home.shell("date +%Y-%m-%d").success();
    let results: Vec<&str> = run.out.split('\0').collect();
    assert_eq!(results.len(), 2 * commands.len() + 1, "{run:?}");
    for ((command, shown), result) in commands.iter().zip(results.chunks(2)) {
        let [output, code] = result else { unreachable!() };
        let is_refusal = shown.contains("refused");
        assert_eq!(*code, if is_refusal { "1" } else { "0" }, "{command}: {output}");
        let shown = shown.replace("2026-11-22", today.trim());
        assert!(shown.is_empty() || shown == *output, "{command}\n{output}");
    }
    assert!(
        !home.path(".local/bin/stage-guard").exists() && !project.path(".git/stage-guard/hooks").exists()
    );
    assert_eq!(project.git("show --format= --name-only").success(), "backend/login.py\n");
}

#[test]
fn the_picture_shows_the_output() {
    let home = Installation::new();
    home.shell("cd ~/stage-guard && ./install.sh ~/project").success();
    let project = home.repo("project").env("CLICOLOR_FORCE", "1");
    project.write(".claude_sessions/current/plan.md", "plan").write("backend/debug_login.py", "print()");
    let commands = ["git add -A", "git commit -m 'Fix the login'", "stage-guard stow"];
    let show = |command: &str| {
        let run = project.shell(&format!("exec 2>&1; {command}"));
        format!("\x1b[1m$ {command}\x1b[0m\n{}", run.out)
    };
    let picture = Term::new().render_svg(commands.map(show).concat().trim_end());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
    if std::env::var_os("RENEW").is_some() {
        fs::write(&path, &picture).unwrap();
    }
    let shown = fs::read_to_string(path).unwrap();
    assert!(shown == picture, "{PICTURE} is out of date: renew it with RENEW=1 cargo test the_picture");
    assert!(README.contains(&format!("]({PICTURE})")) && picture.contains("refused:"));
}

#[test]
fn the_readme_has_one_test_command() {
    assert_eq!(commands().iter().filter(|(command, _)| command.starts_with("cargo test")).count(), 1);
}

#[test]
fn the_configuration_does_what_its_comments_say() {
    let repo = Repo::new();
    let [configuration] = blocks("toml")[..] else { panic!("one block of configuration") };
    repo.write(".stage-guard.toml", configuration);
    for (path, is_refused) in [
        ("backend/debug/x.py", false),
        ("x.dump.sql", true),
        ("FIX_SUMMARY.md", false),
        ("services/api/debug_x.py", true),
    ] {
        assert_eq!(repo.guard(&format!("explain {path}")).code, i32::from(is_refused), "{path}");
    }
}

#[test]
fn the_table_of_rules_is_complete() {
    let rules = Repo::new().guard("rules").success();
    for id in rules.lines().filter_map(|line| line.strip_prefix("id = \"")?.strip_suffix('"')) {
        assert!(README.contains(&format!("`{id}`")), "{id}");
    }
}

#[test]
fn json_documents_equal_the_output() {
    let repo = Repo::new();
    repo.stage("backend/test_api.py").stage("main.py");
    let [report, stowed] = blocks("json")[..] else { panic!("two documents") };
    assert_eq!(repo.guard("--format json").out, report);
    assert_eq!(repo.guard("stow --format json").out, stowed);
}

#[test]
fn install_prints_the_line_for_other_hooks() {
    let home = Installation::new();
    home.shell("cd ~/stage-guard && ./install.sh ~/project").success();
    let line = blocks("sh")[0].trim();
    let project = home.repo("project");
    project.git("config core.hooksPath .githooks").success();
    let run = home.shell("cd ~/project && stage-guard install");
    assert!(
        run.err.lines().any(|printed| printed.trim().ends_with(line.strip_prefix("stage-guard").unwrap())),
        "{run:?}"
    );
    project.program(".githooks/pre-commit", &format!("#!/bin/sh\n{line}\n"));
    project.stage(".claude_sessions/x");
    home.shell("cd ~/project && git commit -q -m x").refuses(&[".claude_sessions/x"]);
}

#[test]
fn the_shell_alternative_has_the_listed_faults() {
    let repo = Repo::new();
    repo.guard("uninstall").success();
    repo.program(".git/hooks/pre-commit", &format!("#!/bin/sh\n{}", blocks("sh")[1]));
    for missed in ["pkg/.claude_sessions/x", ".Claude_Sessions/x", ".claude_sessions/ä"] {
        repo.stage(missed).commit().silent();
    }
    repo.shell("git rm -q -r .claude_sessions && ln -s /tmp .claude_sessions && git add -f .claude_sessions")
        .success();
    repo.commit().silent();
    repo.shell("git rm -q .claude_sessions && echo main > common && git add common").success();
    repo.commit().silent();
    repo.git("checkout -q -b upstream HEAD~1").success();
    repo.shell("git rm -q .claude_sessions").success();
    repo.commit_unchecked(&[".claude_sessions/x"]);
    // A clean merge is not checked; a commit that concludes a merge is refused.
    repo.git("checkout -q -b clean main").success();
    repo.git("merge -q --no-edit upstream").success();
    repo.git("checkout -q upstream").success();
    repo.write("common", "upstream").git("add common").success();
    repo.git("commit -q --no-verify -m upstream").success();
    repo.git("checkout -q main").success();
    assert_eq!(repo.git("merge -q upstream").code, 1);
    repo.git("add common").success();
    assert_eq!(repo.commit().code, 1);
    repo.git("merge --abort").success();
    // Session work cannot be deleted.
    repo.commit_unchecked(&[".claude_sessions/x"]);
    repo.git("rm -q .claude_sessions/x").success();
    assert_eq!(repo.commit().code, 1);
    // An unreadable index counts as clean.
    repo.write(".git/index", "damaged");
    repo.shell(".git/hooks/pre-commit").success();
}

#[test]
fn linked_files_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in README.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(file.starts_with('#') || fs::exists(root.join(file)).unwrap(), "{file}");
    }
}
