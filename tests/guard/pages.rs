//! The README and the pages of `docs/` are correct: their commands are run, their output is compared.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::installer::Installation;
use super::refused_page;
use super::rule_pages;
use super::sandbox::pages::{blocks, prose, read};
use super::sandbox::{BINARY, Repo};

/// What an agent has left in `~/project`.
const SESSION_WORK: &str = "mkdir -p .claude_sessions/current backend
echo plan > .claude_sessions/current/plan.md
echo fixed > backend/login.py
echo 'print()' > backend/debug_login.py";

/// A hook, a branch `report` from before the guard, a fork, and what an agent has left. All ids are fixed.
const OTHERS_WORK: &str =
    "export GIT_AUTHOR_DATE='2026-11-22 12:00 +0000' GIT_COMMITTER_DATE='2026-11-22 12:00 +0000'
stage-guard -q uninstall
git update-ref -d HEAD
git commit -q -m First
git init -q --bare -b main ../server.git
git remote add origin ../server.git
git push -q origin main
git fetch -q
git clone -q ../server.git ../fork
(cd ../fork && echo 'print()' > debug_x.py && git add . && git commit -q -m 'Debug')
git checkout -q -b report
echo 'print()' > debug_report.py
git add .
git commit -q -m 'Report'
git checkout -q main
printf '#!/bin/sh\necho formatted\n' > .git/hooks/pre-commit
chmod +x .git/hooks/pre-commit
echo code > report.py
echo 'print()' > debug_login.py";

/// A new debug script, above a commit with a fixed id.
const A_DEBUG_SCRIPT: &str =
    "export GIT_AUTHOR_DATE='2026-11-22 12:00 +0000' GIT_COMMITTER_DATE='2026-11-22 12:00 +0000'
git update-ref -d HEAD
git commit -q -m First
echo 'print()' > debug_login.py";

/// An archive, and programs that install the program under test where `pipx` and `npm` would install theirs.
///
/// `packaging/try` installs real packages. `~/other` has the hooks of `install --strict` of version 0.1.0.
const PACKAGES: &str = r#"git init -q ~/other && mkdir ~/other/.git/stage-guard && cd ~/other/.git/hooks
sed "s#^stage_guard=.*#stage_guard='$HOME/.local/bin/stage-guard'#" \
    ~/stage-guard/tests/sandbox/shim-0.1.0.sh > ../stage-guard/hook
chmod +x ../stage-guard/hook
for name in pre-commit pre-merge-commit prepare-commit-msg pre-applypatch pre-push
do ln -s ../stage-guard/hook $name
done
mkdir -p ~/Downloads/stage-guard-x
cp ~/stage-guard/install.sh "$BINARY" ~/Downloads/stage-guard-x
cd ~/Downloads
tar -czf stage-guard-x.tar.gz stage-guard-x
rm -r stage-guard-x
sha256sum stage-guard-x.tar.gz > stage-guard-x.tar.gz.sha256
for tool in pipx npm
do printf '#!/bin/sh\ncp "$BINARY" ~/.local/bin\n' > ~/tools/$tool
done
chmod +x ~/tools/*"#;

/// The pages with commands, and the lines of shell that prepare `~/project` for them.
const SESSIONS: &[(&str, &str)] = &[
    ("README.md", SESSION_WORK),
    ("docs/agents.md", "mkdir .claude"),
    (
        "docs/ci.md",
        "touch .stage-guard.toml && git add . && git commit -q -m x && git update-ref refs/remotes/origin/main HEAD",
    ),
    ("docs/configuration.md", ""),
    ("docs/doctor.md", ""),
    ("docs/getting-started.md", PACKAGES),
    ("docs/hooks.md", OTHERS_WORK),
    ("docs/limits.md", A_DEBUG_SCRIPT),
    ("docs/output.md", "echo 'print()' > backend/debug_login.py"),
    ("docs/rules.md", rule_pages::FILES),
    ("docs/session-directory.md", SESSION_WORK),
];

/// What a command prints that fails.
const FAILURES: [&str; 6] =
    ["refused: ", " refused\n", "\"verdict\":\"refused\"", "::error ", "fault: ", "stage-guard: "];

/// The day of a run, as the pages show it.
const EXAMPLE_DATE: &str = "2026-11-22";

/// The home directory, as the pages show it.
const EXAMPLE_HOME: &str = "/home/you";

/// The version, as the pages show it. The commit is an example.
const EXAMPLE_VERSION: &str = concat!("stage-guard ", env!("CARGO_PKG_VERSION"), " (806ec28eda9f)");

/// Returns the commands in the console blocks of a text, each with the output that it shows.
///
/// A block of TOML is the configuration for the commands after it.
pub(crate) fn commands(text: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for block in text.split("```").skip(1).step_by(2) {
        if let Some(configuration) = block.strip_prefix("toml\n") {
            let command = format!("cat > .stage-guard.toml << 'end of file'\n{configuration}end of file");
            commands.push((command, String::new()));
        }
        for line in block.strip_prefix("console\n").unwrap_or_default().lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push((command.to_owned(), String::new())),
                None => commands.last_mut().unwrap().1.extend([line, "\n"]),
            }
        }
    }
    commands
}

/// Returns the names of the pages, as `docs/rules.md`.
fn pages() -> BTreeSet<String> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let pages =
        names.filter(|name| name != "SUMMARY.md" && Path::new(name).extension() == Some("md".as_ref()));
    pages.map(|name| format!("docs/{name}")).chain(["README.md".to_owned()]).collect()
}

/// Returns the languages of the code blocks of a page.
fn languages(page: &str) -> BTreeSet<String> {
    read(page)
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("```"))
        .filter(|language| !language.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Returns the text of all Rust files below a directory of the sources.
fn rust_files(directory: &Path) -> String {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let texts = entries.map(|path| match path.extension().and_then(OsStr::to_str) {
        Some("rs") => fs::read_to_string(&path).unwrap(),
        _ if path.is_dir() => rust_files(&path),
        _ => String::new(),
    });
    texts.collect()
}

/// Returns the targets of the links in a text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap())
}

fn is_of_failing_git(line: &str) -> bool {
    ["fatal: ", "error: ", "hint:", "Could not apply "].iter().any(|word| line.starts_with(word))
}

/// Runs the commands in `text`, which is a page or a part of it, and asserts that they print what it shows.
///
/// A command fails if the text shows one of `FAILURES`. An output that is not shown is not compared, and neither
/// are the last words of a git that fails, which differ between its versions.
pub(crate) fn assert_prints_what_it_shows(page: &str, text: &str, preparation: &str) {
    let home = Installation::new();
    home.shell("~/stage-guard/install.sh ~/project").success();
    let version = home.shell("stage-guard --version").success();
    home.repo("project").stage("AGENTS.md").stage("backend/login.py").commit().silent();
    // The command that runs these tests is left out.
    let mut commands = commands(text);
    commands.retain(|(command, _)| !command.starts_with("cargo test"));
    let script = commands
        .iter()
        .fold(String::new(), |script, (command, _)| script + command + "\nprintf '\\0%s\\0' $?\n");
    let directory = if script.starts_with("./install.sh") { "~/stage-guard" } else { "~/project" };
    let run = home.shell(&format!("exec 2>&1; cd ~/project\n{preparation}\ncd {directory}\n{script}"));
    let home_directory = home.shell("printf %s ~").success();
    let today = home.shell("date +%Y-%m-%d").success();
    let is_renewing = std::env::var_os("RENEW").is_some();
    let mut renewed = text.to_owned();
    let results: Vec<&str> = run.out.split('\0').collect();
    assert_eq!(results.len(), 2 * commands.len() + 1, "{page}: {run:?}");
    for ((command, shown), result) in commands.iter().zip(results.chunks(2)) {
        let [output, code] = result else { unreachable!() };
        let fails = FAILURES.iter().any(|failure| shown.contains(failure)) && !command.contains("--dry-run");
        assert_eq!(*code != "0", fails, "{page}: {command}: {output}");
        // git pads the lines of a server with spaces.
        let lines = output.lines().filter(|line| !is_of_failing_git(line)).map(str::trim_end);
        let output: String = lines.flat_map(|line| [line, "\n"]).collect();
        let output = output.replace(today.trim(), EXAMPLE_DATE).replace(&home_directory, EXAMPLE_HOME);
        let output = output.replace(version.trim(), EXAMPLE_VERSION);
        if shown.is_empty() || *shown == output {
            continue;
        }
        assert!(
            is_renewing,
            "{page}: renew it with RENEW=1, if this is what it is to show:\n$ {command}\n{output}"
        );
        let [old, new] = [shown, &output].map(|output| format!("$ {command}\n{output}"));
        renewed = renewed.replacen(&old, &new, 1);
    }
    if renewed != text {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        fs::write(file, read(page).replacen(text, &renewed, 1)).unwrap();
    }
}

#[test]
fn commands_print_what_the_pages_show() {
    for (page, preparation) in SESSIONS {
        assert_prints_what_it_shows(page, &read(page), preparation);
    }
}

#[test]
fn all_commands_are_run() {
    let listed: BTreeSet<String> = SESSIONS.iter().map(|(page, _)| (*page).to_owned()).collect();
    let with_commands = pages()
        .into_iter()
        .filter(|page| page != refused_page::PAGE && !commands(&read(page)).is_empty())
        .collect();
    assert_eq!(listed, with_commands);
}

#[test]
fn a_test_reads_each_code_block() {
    let tests = rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    for page in pages() {
        for language in languages(&page) {
            let is_read = match &*language {
                // The first two are run; the third has no commands.
                "console" | "toml" | "text" => true,
                _ => tests.contains(&format!("blocks(\"{page}\", \"{language}\")")),
            };
            assert!(is_read, "{page}: no test reads its blocks of {language}");
        }
    }
}

/// A block of `text` is not run.
#[test]
fn text_has_no_commands() {
    let programs = ["$", "cargo", "git", "npm", "npx", "packaging/dist", "pip", "pipx", "stage-guard", "uv"];
    for page in pages() {
        for line in blocks(&page, "text").iter().flat_map(|block| block.lines()) {
            let word = line.split_whitespace().next().unwrap_or_default();
            assert!(!programs.contains(&word), "{page}: this is to be run: {line}");
        }
    }
}

#[test]
fn the_book_has_the_pages_of_the_readme_in_its_order() {
    let readme = read("README.md");
    let list = readme.split("\n## Documentation\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let page = |link| if link == "SECURITY.md" { "docs/security.md" } else { link }.to_owned();
    let in_readme: Vec<String> = links(list).map(page).collect();
    let in_book: Vec<String> = links(&read("docs/SUMMARY.md")).map(|link| format!("docs/{link}")).collect();
    assert_eq!(in_book, in_readme);
    let mut all = pages();
    all.remove("README.md");
    assert_eq!(BTreeSet::from_iter(in_book), all);
}

#[test]
fn the_readme_is_short_and_has_one_test_command() {
    assert!(read("README.md").lines().count() <= 150);
    let commands = commands(&read("README.md"));
    assert_eq!(commands.iter().filter(|(command, _)| command.starts_with("cargo test")).count(), 1);
}

#[test]
fn an_agent_gets_the_reason_that_the_page_shows() {
    let repo = Repo::new();
    let reason = repo.agent_writes("backend/debug_login.py").denied().replace(BINARY, "stage-guard");
    let shown = &blocks("docs/agents.md", "text")[0];
    assert_eq!(reason, shown.trim().replace("/home/you/project", repo.dir.to_str().unwrap()));
}

#[test]
fn install_prints_the_line_for_other_hooks() {
    let home = Installation::new();
    home.shell("cd ~/stage-guard && ./install.sh ~/project").success();
    let [block] = &blocks("docs/hooks.md", "sh")[..] else { panic!("one line") };
    let line = block.trim();
    let project = home.repo("project");
    project.git("config core.hooksPath .githooks").success();
    if !Repo::git_is_at_least((2, 54)) {
        let run = home.shell("cd ~/project && stage-guard install");
        let arguments = line.strip_prefix("stage-guard").unwrap();
        assert!(run.err.lines().any(|printed| printed.trim().ends_with(arguments)), "{run:?}");
    }
    project.program(".githooks/pre-commit", &format!("#!/bin/sh\n{line}\n"));
    project.stage(".claude_sessions/x");
    home.shell("cd ~/project && git commit -q -m x").refuses(&[".claude_sessions/x"]);
}

#[test]
fn a_line_for_husky_passes_without_the_program() {
    let home = Installation::new();
    home.shell("~/stage-guard/install.sh ~/project").success();
    let project = home.repo("project");
    project.stage(".claude_sessions/x");
    // As husky runs a hook.
    let hook = "cd ~/project && sh -e .husky/pre-commit";
    project.write(".husky/pre-commit", &blocks("docs/hook-managers.md", "sh")[1]);
    home.shell(hook).refuses(&[".claude_sessions/x"]);
    home.without(&["stage-guard"], hook).silent();
    project.write(".husky/pre-commit", "stage-guard hook pre-commit || exit");
    home.without(&["stage-guard"], hook).code(127);
}

#[test]
fn linked_files_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in pages() {
        let directory = root.join(&page).parent().unwrap().to_owned();
        for link in links(&prose(&page)) {
            let file = link.split('#').next().unwrap();
            assert!(file.is_empty() || fs::exists(directory.join(file)).unwrap(), "{page}: {link}");
        }
    }
}
