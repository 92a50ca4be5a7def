//! The recipes of `docs/ci.md` for CI servers, run without the server.

use std::path::PathBuf;

use super::packages;
use super::sandbox::pages::blocks;
use super::sandbox::{BINARY, Repo};

/// The package that reads YAML and has the schemas of both servers.
const PYTHON: [&str; 1] = ["check-jsonschema==0.39.0"];

/// A recipe as its server runs it.
struct Recipe {
    /// The name of the schema in `check-jsonschema`.
    schema: &'static str,
    text: String,
    /// A Python expression that takes the lines of shell from `recipe`.
    script: &'static str,
    /// A line of shell that sets the server's variables.
    environment: &'static str,
}

fn recipes() -> [Recipe; 2] {
    let [github, gitlab] = blocks("docs/ci.md", "yaml").try_into().unwrap();
    [
        Recipe {
            schema: "vendor.github-workflows",
            text: github,
            script: "[step['run'] for step in recipe['jobs']['stage-guard']['steps'] if 'run' in step]",
            environment: "export BASE=origin/main HEAD=$(git rev-parse HEAD) RUNNER_TEMP=..",
        },
        Recipe {
            schema: "vendor.gitlab-ci",
            text: gitlab,
            script: "recipe['stage-guard']['script']",
            environment: "export CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_COMMIT_SHA=$(git rev-parse HEAD)",
        },
    ]
}

fn python() -> PathBuf {
    packages::python(&PYTHON)
}

impl Recipe {
    /// Returns the command that installs, and the lines after it.
    fn commands(&self, repo: &Repo) -> (String, String) {
        repo.write("../recipe.yaml", &self.text);
        // YAML 1.1 reads the key `on` as a boolean, but no expression uses it.
        let read = "import sys; from ruamel.yaml import YAML; recipe = YAML(typ='safe').load(sys.stdin)";
        let mut command = repo.command(python().join("python").to_str().unwrap());
        command.args(["-c", &format!("{read}; print('\\n'.join({}))", self.script)]);
        let script = Repo::run(command, self.text.as_bytes()).success();
        let (install, rest) = script.split_once('\n').unwrap();
        (install.to_owned(), rest.to_owned())
    }
}

/// Creates an unguarded repository on a branch, and a server that has its `main`.
fn cloned() -> Repo {
    let repo = Repo::new();
    repo.guard("uninstall").success();
    repo.git("clone -q --bare . ../server.git").success();
    repo.git("remote add origin ../server.git").success();
    repo.git("fetch -q").success();
    repo.git("checkout -q -b branch").success();
    repo
}

#[test]
fn recipes_are_valid_for_their_servers() {
    for recipe in recipes() {
        let repo = cloned();
        repo.write("../recipe.yaml", &recipe.text);
        let check = python().join("check-jsonschema");
        let mut check = repo.command(check.to_str().unwrap());
        check.args(["--builtin-schema", recipe.schema, "../recipe.yaml"]);
        Repo::run(check, b"").success();
    }
}

#[test]
fn recipes_fetch_the_whole_history() {
    let [github, gitlab] = recipes();
    assert!(github.text.contains("fetch-depth: 0\n") && gitlab.text.contains("GIT_DEPTH: 0\n"));
}

#[test]
fn recipes_check_a_branch_by_the_policy_of_its_base() {
    for recipe in recipes() {
        let repo = cloned();
        let (_, script) = recipe.commands(&repo);
        let script = script.replace("stage-guard check", &format!("{BINARY} check"));
        // Both servers run the script in this way.
        let line = format!("{}; bash -eo pipefail -c '{script}'", recipe.environment);
        repo.commit_unchecked(&["main.py"]).shell(&line).success();
        // A path that one commit adds and the next removes is still in the history.
        repo.write(".stage-guard.toml", "allow = [\"**\"]\n").git("add .stage-guard.toml").success();
        repo.commit_unchecked(&[".claude_sessions/x"]).git("rm -q .claude_sessions/x").success();
        repo.git("commit -q -m removed").success();
        let run = repo.shell(&line);
        assert!(run.code == 1 && run.out.contains(".claude_sessions/x"), "{run:?}");
        // Once it is merged, its policy applies to the next branch.
        repo.git("push -q origin branch:main").success();
        repo.git("fetch -q").success();
        repo.commit_unchecked(&[".claude_sessions/y"]).shell(&line).success();
        // Commits that the base has gained meanwhile are not refused.
        repo.git("checkout -q -b behind HEAD~3").success();
        repo.commit_unchecked(&["other.py"]).shell(&line).success();
        repo.git("merge -q --no-edit origin/main").success();
        repo.shell(&line).success();
    }
}

#[test]
fn recipes_install_from_a_repository() {
    let repo = packages::with_cargo(&cloned());
    let project = packages::project(&repo);
    let [(install, _), (other, _)] = recipes().map(|recipe| recipe.commands(&repo));
    assert_eq!(install, other);
    let address = format!("file://{}", project.dir.display());
    repo.shell(&format!("{} --root ../installed", install.replace("URL", &address))).success();
    repo.stage("debug_x.py").shell("../installed/bin/stage-guard").refuses(&["debug_x.py"]);
}
