//! The action for GitHub and the component for GitLab, run as their servers run them.

use std::env::consts::{ARCH, OS};
use std::sync::OnceLock;
use std::{env, fs};

use serde_json::{Value, json};

use self::Event::{Deletion, MergeGroup, PullRequest, Push, Schedule};
use self::Server::{GitHub, GitLab};
use super::packages;
use super::sandbox::{BINARY, Repo, Run, pages};

const SOURCE: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const ZEROS: &str = "0000000000000000000000000000000000000000";

/// The package that reads YAML and has the schemas of both servers.
const PYTHON: [&str; 1] = ["check-jsonschema==0.39.0"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Server {
    GitHub,
    GitLab,
}

const SERVERS: [Server; 2] = [GitHub, GitLab];

/// What has happened on a server, with revisions of the developer's repository.
#[derive(Clone, Copy)]
enum Event<'a> {
    /// A pull request of this commit to `main`.
    PullRequest(&'a str),
    /// A push to a branch: where it was, and where it is.
    Push(&'a str, &'a str, &'a str),
    /// Where `main` was, and the commits that a merge queue is about to merge.
    MergeGroup(&'a str, &'a str),
    Deletion,
    Schedule,
}

/// A developer's repository and its server, and a source of stage-guard with a release.
struct Project {
    repo: Repo,
    /// The tag or commit of stage-guard that a workflow names.
    revision: String,
    /// The depth of the server's checkout. 0 is the whole history.
    depth: u32,
    config: &'static str,
    range: &'static str,
    /// Whether the server answers after the checkout.
    is_reachable: bool,
}

impl Project {
    fn new() -> Self {
        let repo = Repo::new();
        repo.guard("uninstall").success();
        repo.git("clone -q --bare . ../server.git").success();
        // Both servers serve every commit that they have.
        repo.git("-C ../server.git config uploadpack.allowAnySHA1InWant true").success();
        repo.git("remote add origin ../server.git").success();
        repo.git("fetch -q").success();
        let project = Self {
            repo,
            revision: format!("v{VERSION}"),
            depth: 1,
            config: ".stage-guard.toml",
            range: "",
            is_reachable: true,
        };
        let source = project.repo.sibling("stage-guard");
        fs::create_dir(&source.dir).unwrap();
        source.shell(&format!("cd '{SOURCE}' && cp -r --parents Cargo.toml packaging \"$OLDPWD\"")).success();
        source
            .shell(&format!("git init -q && git add . && git commit -q -m x && git tag v{VERSION}"))
            .success();
        project.release();
        project
    }

    /// Publishes a release, whose program is the one that is tested.
    fn release(&self) {
        let target = if OS == "macos" { "apple-darwin" } else { "unknown-linux-musl" };
        let directory = format!("stage-guard-{VERSION}-{ARCH}-{target}");
        let releases = self.repo.sibling(&format!("owner/stage-guard/releases/download/v{VERSION}"));
        releases.program(format!("{directory}/stage-guard"), &format!("#!/bin/sh\nexec '{BINARY}' \"$@\"\n"));
        let pack = format!("tar -czf {directory}.tar.gz {directory} && sha256sum {directory}.tar.gz");
        releases.shell(&format!("{{ {pack}; }} >{directory}.tar.gz.sha256")).success();
    }

    fn id(&self, revision: &str) -> String {
        if revision == ZEROS {
            return revision.to_owned();
        }
        self.repo.git_args(&["rev-parse", "--verify", revision]).success().trim().to_owned()
    }

    /// Commits files on the current branch.
    fn commit(&self, paths: &[&str]) -> &Self {
        self.repo.commit_unchecked(paths);
        self
    }

    fn git(&self, arguments: &str) -> &Self {
        self.repo.git(arguments).success();
        self
    }

    /// Runs the job of a server for an event.
    fn job(&self, server: Server, event: Event) -> Run {
        let runner = self.repo.sibling("runner");
        let _ = fs::remove_dir_all(&runner.dir);
        fs::create_dir(&runner.dir).unwrap();
        let (variables, script) = match server {
            GitHub => self.github(event),
            GitLab => self.gitlab(event),
        };
        self.checkout(&runner, event, server);
        let runner = variables.iter().fold(runner, |runner, (name, value)| runner.env(name, value));
        if !self.is_reachable {
            runner.git("remote set-url origin file:///nonexistent").success();
        }
        runner.shell(&script)
    }

    /// Clones as the server does: what has happened, and all branches with the whole history.
    fn checkout(&self, runner: &Repo, event: Event, server: Server) {
        let head = match event {
            PullRequest(head) => {
                self.git(&format!("push -q -f origin {head}:refs/pull/1/head"));
                // The server merges what it checks out.
                let tree = format!("{head}^{{tree}}");
                let merge = ["commit-tree", "-m", "merge", "-p", "origin/main", "-p", head, &tree];
                let merge = self.repo.git("fetch -q").success() + &self.repo.git_args(&merge).success();
                self.git(&format!("push -q -f origin {}:refs/pull/1/merge", merge.trim()));
                if server == GitHub { merge.trim().to_owned() } else { self.id(head) }
            }
            Push(branch, _, after) => {
                self.git(&format!("push -q -f origin {after}:refs/heads/{branch}"));
                self.id(after)
            }
            MergeGroup(_, head) => {
                self.git(&format!("push -q -f origin {head}:refs/heads/gh-readonly-queue/main"));
                self.id(head)
            }
            Deletion | Schedule => self.id("origin/main"),
        };
        let (depth, branches) = match self.depth {
            0 => (String::new(), "+refs/heads/*:refs/remotes/origin/*"),
            depth => (format!("--depth={depth}"), ""),
        };
        let address = format!("file://{}", self.repo.sibling("server.git").dir.display());
        runner.git("init -q -b master").success();
        runner.git(&format!("remote add origin {address}")).success();
        runner.git(&format!("fetch -q --no-tags {depth} origin +{head}:refs/checkout {branches}")).success();
        runner.git("checkout -q --detach refs/checkout").success();
    }

    /// Returns the environment and the script of the action.
    fn github(&self, event: Event) -> (Vec<(String, String)>, String) {
        let action = &yaml("action.yml")[0];
        let main = json!({"repository": {"default_branch": "main"}, "deleted": false});
        let mut github = json!({
            "server_url": format!("file://{}", self.repo.dir.parent().unwrap().display()),
            "action_repository": "owner/stage-guard",
            "action_ref": self.revision,
            "ref_name": "main",
            "event": main,
            "sha": self.id("origin/main"),
        });
        let (name, sha) = match event {
            PullRequest(head) => {
                // Of a pull request, `before` is the head before its last push.
                github["event"]["before"] = json!(self.id("main"));
                let head = self.id(head);
                github["event"]["pull_request"] = json!({"base": {"ref": "main"}, "head": {"sha": head}});
                github["ref_name"] = json!("1/merge");
                ("pull_request", "0123456789abcdef".to_owned())
            }
            Push(branch, before, after) => {
                github["event"]["before"] = json!(self.id(before));
                github["ref_name"] = json!(branch);
                ("push", self.id(after))
            }
            MergeGroup(base, head) => {
                github["event"]["merge_group"] = json!({"base_sha": self.id(base)});
                github["ref_name"] = json!("gh-readonly-queue/main");
                ("merge_group", self.id(head))
            }
            Deletion => {
                github["event"]["deleted"] = json!(true);
                github["event"]["before"] = json!(self.id("HEAD"));
                ("push", self.id("origin/main"))
            }
            Schedule => ("schedule", self.id("origin/main")),
        };
        github["event_name"] = json!(name);
        github["sha"] = json!(sha);
        let contexts = json!({"github": github, "inputs": {"range": self.range, "config": self.config}});
        let step = &action["runs"]["steps"][0];
        let mut variables = expand_all(&step["env"], ["${{", "}}"], &contexts);
        let source = self.repo.sibling("stage-guard");
        variables.push(("GITHUB_ACTION_PATH".to_owned(), source.dir.display().to_string()));
        (variables, format!("{} -e -c '{}'", step["shell"].as_str().unwrap(), step["run"].as_str().unwrap()))
    }

    /// Returns the environment and the script of the component.
    fn gitlab(&self, event: Event) -> (Vec<(String, String)>, String) {
        let job = &yaml("templates/stage-guard/template.yml")[1]["stage-guard"];
        let root = self.repo.dir.parent().unwrap().display().to_string();
        let (source, head) = match event {
            PullRequest(head) | MergeGroup(_, head) => ("merge_request_event", head),
            Push(_, _, after) => ("push", after),
            Deletion | Schedule => ("schedule", "origin/main"),
        };
        let mut server = vec![
            ("GITLAB_CI", "true".to_owned()),
            ("CI_PROJECT_ID", "1".to_owned()),
            ("CI_PIPELINE_SOURCE", source.to_owned()),
            ("CI_COMMIT_SHA", self.id(head)),
            ("CI_COMMIT_REF_NAME", "main".to_owned()),
            ("CI_DEFAULT_BRANCH", "main".to_owned()),
            ("CI_COMMIT_BEFORE_SHA", ZEROS.to_owned()),
        ];
        match event {
            PullRequest(_) => server.extend([
                ("CI_MERGE_REQUEST_PROJECT_ID", "1".to_owned()),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main".to_owned()),
            ]),
            Push(branch, before, _) => server.extend([
                ("CI_COMMIT_REF_NAME", branch.to_owned()),
                ("CI_COMMIT_BEFORE_SHA", self.id(before)),
            ]),
            MergeGroup(..) | Deletion | Schedule => {}
        }
        let inputs = json!({"inputs": {
            "source": format!("file://{root}/stage-guard"),
            "revision": self.revision,
            "releases": format!("file://{root}/owner/stage-guard/releases/download"),
            "config": self.config,
        }});
        let mut variables = expand_all(&job["variables"], ["$[[", "]]"], &inputs);
        variables.extend(server.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let lines = job["script"].as_array().unwrap();
        let lines: Vec<_> = lines.iter().map(|line| line.as_str().unwrap()).collect();
        (variables, format!("set -e\n{}", lines.join("\n")))
    }
}

/// Returns the action, or the inputs of the component and its jobs.
fn yaml(name: &str) -> &'static [Value] {
    static ACTION: OnceLock<Vec<Value>> = OnceLock::new();
    static COMPONENT: OnceLock<Vec<Value>> = OnceLock::new();
    let cell = if name == "action.yml" { &ACTION } else { &COMPONENT };
    cell.get_or_init(|| parse(&pages::read(name)))
}

/// Returns the documents of a YAML file.
fn parse(text: &str) -> Vec<Value> {
    let read = "import json, sys; from ruamel.yaml import YAML; \
                json.dump(list(YAML(typ='safe').load_all(sys.stdin)), sys.stdout)";
    let python = packages::python(&PYTHON).join("python");
    let mut command = Repo::home().command(python.to_str().unwrap());
    command.current_dir("/").args(["-c", read]);
    serde_json::from_str(&Repo::run(command, text.as_bytes()).success()).unwrap()
}

/// Returns the names and values of a mapping, with their expressions expanded.
fn expand_all(mapping: &Value, marks: [&str; 2], contexts: &Value) -> Vec<(String, String)> {
    let expand_value = |value: &Value| match value {
        Value::String(text) => expand(text, marks, contexts),
        value => value.to_string(),
    };
    mapping.as_object().unwrap().iter().map(|(name, value)| (name.clone(), expand_value(value))).collect()
}

/// Replaces the expressions between two marks. What a context does not have is empty.
fn expand(text: &str, [start, end]: [&str; 2], contexts: &Value) -> String {
    let Some((before, rest)) = text.split_once(start) else { return text.to_owned() };
    let (expression, rest) = rest.split_once(end).unwrap();
    let mut values = expression.split("||").map(|path| {
        match contexts.pointer(&format!("/{}", path.trim().replace('.', "/"))) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        }
    });
    let value = values.find(|value| !value.is_empty()).unwrap_or_default();
    format!("{before}{value}{}", expand(rest, [start, end], contexts))
}

/// Asserts that both servers refuse this path, or nothing if it is empty, at each depth.
fn assert_refused(project: &mut Project, event: Event, path: &str) {
    for server in SERVERS {
        for depth in [0, 1] {
            project.depth = depth;
            let run = project.job(server, event);
            if path.is_empty() {
                assert!(
                    run.code == 0 && run.out.contains("nothing is refused"),
                    "{server:?} {depth} {run:?}"
                );
                continue;
            }
            let line = match server {
                GitHub => format!("::error file={path},"),
                GitLab => format!("refused: {path} ["),
            };
            let lines =
                run.out.lines().filter(|line| line.starts_with("::error") || line.starts_with("refused: "));
            assert!(run.code == 1 && lines.clone().count() == 1, "{server:?} {depth} {run:?}");
            assert!(lines.clone().all(|refused| refused.starts_with(&line)), "{server:?} {depth} {run:?}");
        }
    }
}

#[test]
fn pull_requests_are_checked_by_the_policy_of_their_base() {
    let mut project = Project::new();
    project.git("checkout -q -b branch").commit(&["main.py"]);
    assert_refused(&mut project, PullRequest("HEAD"), "");
    // A path that one commit adds and the next removes is still in the history.
    project.repo.write(".stage-guard.toml", "allow = [\"**\"]\n").git("add .stage-guard.toml").success();
    project.commit(&[".claude_sessions/x"]).git("rm -q .claude_sessions/x").git("commit -q -m removed");
    assert_refused(&mut project, PullRequest("HEAD"), ".claude_sessions/x");
    // Once it is merged, its policy applies to the next branch.
    project.git("push -q origin branch:main").commit(&[".claude_sessions/y"]);
    assert_refused(&mut project, PullRequest("HEAD"), "");
    // Commits that the base has gained meanwhile are not refused.
    project.git("checkout -q -b behind HEAD~3").commit(&["other.py"]);
    assert_refused(&mut project, PullRequest("HEAD"), "");
    project.git("merge -q --no-edit origin/main");
    assert_refused(&mut project, PullRequest("HEAD"), "");
}

#[test]
fn another_configuration_of_the_base_can_be_named() {
    let mut project = Project { config: "ci/guard.toml", ..Project::new() };
    project.repo.write("ci/guard.toml", "allow = [\"debug_x.py\"]\n").git("add ci").success();
    project.commit(&["a.py"]).git("push -q origin main").git("checkout -q -b branch").commit(&["debug_x.py"]);
    assert_refused(&mut project, PullRequest("HEAD"), "");
}

#[test]
fn a_push_is_checked_from_where_the_branch_was() {
    let mut project = Project::new();
    project.commit(&["debug_old.py"]).git("push -q origin main").git("tag before");
    project.commit(&["debug_new.py"]).commit(&["a.py"]);
    assert_refused(&mut project, Push("main", "before", "HEAD"), "debug_new.py");
    assert_refused(&mut project, Push("main", "HEAD~1", "HEAD"), "");
}

#[test]
fn a_new_branch_is_checked_from_the_default_branch() {
    let mut project = Project::new();
    project.commit(&["debug_old.py"]).git("push -q origin main").git("checkout -q -b branch");
    project.commit(&["debug_new.py"]).commit(&["a.py"]);
    assert_refused(&mut project, Push("branch", ZEROS, "HEAD"), "debug_new.py");
    assert_refused(&mut project, Push("other", ZEROS, "main"), "");
}

#[test]
fn a_rewritten_branch_is_checked_from_the_default_branch() {
    let mut project = Project::new();
    project.git("checkout -q -b branch").commit(&["debug_old.py"]).git("push -q origin branch");
    // The default branch has gained a commit, which is not refused.
    project.git("checkout -q main").commit(&["debug_main.py"]).git("push -q origin main");
    project.git("checkout -q -b rewritten").commit(&["debug_new.py"]);
    assert_refused(&mut project, Push("branch", "branch", "HEAD"), "debug_new.py");
}

#[test]
fn a_rewritten_default_branch_is_checked_from_where_it_was() {
    let mut project = Project::new();
    project.commit(&["debug_old.py"]).git("push -q origin main").git("branch old");
    project.git("reset -q --hard HEAD~1").commit(&["debug_new.py"]);
    assert_refused(&mut project, Push("main", "old", "HEAD"), "debug_new.py");
    // A server may have lost the commit.
    let before = project.repo.git("commit-tree -m lost HEAD^{tree}").success();
    for server in SERVERS {
        could_not_check(
            server,
            &project.job(server, Push("main", before.trim(), "HEAD")),
            "where main was before",
        );
    }
}

#[test]
fn the_first_push_is_checked_whole_by_its_own_policy() {
    let mut project = Project::new();
    project.commit(&["debug_a.py"]);
    assert_refused(&mut project, Push("main", ZEROS, "HEAD"), "debug_a.py");
    project
        .repo
        .write(".stage-guard.toml", "allow = [\"debug_a.py\"]\n")
        .git("add .stage-guard.toml")
        .success();
    project.commit(&["debug_b.py"]);
    assert_refused(&mut project, Push("main", ZEROS, "HEAD"), "debug_b.py");
}

#[test]
fn a_merge_queue_is_checked_from_its_base() {
    let project = Project::new();
    project.git("checkout -q -b queue").commit(&["debug_x.py"]);
    let run = project.job(GitHub, MergeGroup("main", "HEAD"));
    assert!(run.code == 1 && run.out.starts_with("::error file=debug_x.py,"), "{run:?}");
}

#[test]
fn a_fork_on_gitlab_is_checked_by_the_policy_of_the_project() {
    let project = Project::new();
    project.git("checkout -q -b branch");
    project.repo.write(".stage-guard.toml", "allow = [\"**\"]\n").git("add .stage-guard.toml").success();
    // The main branch of the fork has the policy of the fork.
    project.commit(&["a.py"]).git("clone -q --bare . ../project.git").git("push -q origin branch:main");
    project.git("-C ../project.git update-ref refs/heads/main main").commit(&["debug_x.py"]);
    let address = format!("file://{}", project.repo.sibling("project.git").dir.display());
    let fork = |address: &str| {
        let repo =
            project.repo.env("CI_MERGE_REQUEST_PROJECT_ID", "2").env("CI_MERGE_REQUEST_PROJECT_URL", address);
        let (mut variables, script) = project.gitlab(PullRequest("HEAD"));
        variables.retain(|(name, _)| name != "CI_MERGE_REQUEST_PROJECT_ID");
        let runner = repo.sibling("runner");
        let _ = fs::remove_dir_all(&runner.dir);
        fs::create_dir(&runner.dir).unwrap();
        project.checkout(&runner, PullRequest("HEAD"), GitLab);
        variables.iter().fold(runner, |runner, (name, value)| runner.env(name, value)).shell(&script)
    };
    fork(&address).refuses(&["debug_x.py"]);
    could_not_check(GitLab, &fork("file:///nonexistent"), "cannot fetch main");
}

/// Asserts exit code 2, and an error with these words: for GitHub an annotation.
fn could_not_check(server: Server, run: &Run, words: &str) {
    let prefix = if server == GitHub { "::error title=stage-guard::" } else { "stage-guard: " };
    let is_named = run.err.lines().any(|line| line.starts_with(prefix) && line.contains(words));
    assert!(run.code == 2 && is_named, "{words}: {run:?}");
}

#[test]
fn a_check_that_is_not_possible_is_no_pass() {
    let mut project = Project::new();
    project.git("checkout -q -b branch").commit(&["a.py"]);
    for server in SERVERS {
        could_not_check(server, &project.job(server, Schedule), "set `range`");
        project.is_reachable = false;
        could_not_check(server, &project.job(server, PullRequest("HEAD")), "cannot fetch");
        project.is_reachable = true;
    }
    let (variables, script) = project.github(PullRequest("HEAD"));
    let nowhere =
        variables.iter().fold(project.repo.sibling(""), |home, (name, value)| home.env(name, value));
    could_not_check(GitHub, &nowhere.shell(&script), "check it out first");
    project.git("checkout -q main");
    project.repo.write(".stage-guard.toml", "allow = 1\n").git("add .stage-guard.toml").success();
    project.commit(&["b.py"]).git("push -q origin main").git("checkout -q branch");
    for server in SERVERS {
        could_not_check(server, &project.job(server, PullRequest("HEAD")), "could not check");
    }
}

#[test]
fn a_whole_checkout_needs_no_fetch() {
    let mut project = Project { depth: 0, is_reachable: false, ..Project::new() };
    project.git("checkout -q -b branch").commit(&["debug_x.py"]);
    for server in SERVERS {
        let run = project.job(server, PullRequest("HEAD"));
        assert!(run.code == 1 && run.out.contains("debug_x.py"), "{run:?}");
    }
    // Of a commit that is not checked out, nothing is known.
    project.range = "0123456789abcdef0123456789abcdef01234567..HEAD";
    could_not_check(GitHub, &project.job(GitHub, PullRequest("HEAD")), "does not name a commit here");
}

#[test]
fn a_deleted_branch_is_no_failure() {
    let run = Project::new().job(GitHub, Deletion);
    assert_eq!((run.code, run.out.as_str()), (0, "stage-guard: nothing to check: main was deleted\n"));
}

#[test]
fn a_range_can_be_given() {
    let mut project = Project { depth: 0, ..Project::new() };
    project.commit(&["debug_old.py"]).commit(&["debug_new.py"]).git("push -q origin main");
    project.range = "HEAD~1..HEAD";
    let run = project.job(GitHub, Schedule);
    assert!(run.code == 1 && run.out.lines().count() == 1 && run.out.contains("debug_new.py"), "{run:?}");
    project.range = "nonexistent..HEAD";
    could_not_check(GitHub, &project.job(GitHub, Schedule), "`nonexistent` does not name a commit here");
}

#[test]
fn a_log_is_bounded() {
    let project = Project::new();
    let names: Vec<_> = (0..150).map(|number| format!("debug_{number}.py")).collect();
    project.git("checkout -q -b branch").commit(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let run = project.job(GitHub, PullRequest("HEAD"));
    assert!(run.code == 1 && run.out.lines().count() == 101, "{run:?}");
    assert!(run.out.ends_with("stage-guard: and 50 more lines\n"), "{run:?}");
}

/// Creates a project whose servers have a cargo that builds nothing.
fn with_a_fake_cargo() -> Project {
    let mut project = Project::new();
    let build =
        format!("mkdir -p \"$CARGO_TARGET_DIR/release\" && ln -s '{BINARY}' \"$CARGO_TARGET_DIR/release\"");
    project.repo.program("../bin/cargo", &format!("#!/bin/sh\necho \"cargo $*\"\n{build}\n"));
    let path = format!("{}:{}", project.repo.path("../bin").display(), env::var("PATH").unwrap());
    project.repo = project.repo.env("PATH", path);
    project
}

/// Asserts that neither server can check a push.
fn no_push_can_be_checked(project: &Project, words: &str) {
    for server in SERVERS {
        could_not_check(server, &project.job(server, Push("main", "HEAD", "HEAD")), words);
    }
}

fn builds_from_source(project: &Project, server: Server) -> bool {
    let run = project.job(server, Push("main", "HEAD", "HEAD"));
    assert!(run.code == 0 && run.out.contains("nothing is refused"), "{run:?}");
    run.out.contains("cargo build --release --locked --quiet\n")
}

#[test]
fn a_release_is_taken_for_its_tag_and_its_commit() {
    let mut project = with_a_fake_cargo();
    let version = project.repo.guard("--version").success();
    let commit = version.split(['(', ')', ',']).nth(1).unwrap();
    assert!(SERVERS.iter().all(|server| !builds_from_source(&project, *server)));
    project.revision = format!("{commit:0<40}");
    assert!(!builds_from_source(&project, GitHub));
    for other in ["main", "v0.0.1", "", "0123456789abcdef0123456789abcdef01234567"] {
        other.clone_into(&mut project.revision);
        assert!(builds_from_source(&project, GitHub), "{}", project.revision);
    }
}

#[test]
fn without_a_release_the_program_is_built() {
    let project = with_a_fake_cargo();
    fs::remove_dir_all(project.repo.path("../owner")).unwrap();
    assert!(SERVERS.iter().all(|server| builds_from_source(&project, *server)));
    let run = project.job(GitHub, Push("main", "HEAD", "HEAD"));
    assert!(run.out.contains("stage-guard: cannot download stage-guard-"), "{run:?}");
    project.repo.program("../bin/cargo", "#!/bin/sh\nexit 101\n");
    no_push_can_be_checked(&project, "cannot build stage-guard");
}

#[test]
fn without_a_release_and_cargo_nothing_can_be_checked() {
    let mut project = Project::new();
    fs::remove_dir_all(project.repo.path("../owner")).unwrap();
    let tools = project.repo.sibling("tools");
    let link = "for tool in sh git curl dirname head mktemp rm sed uname; do ln -s $(command -v $tool); done";
    fs::create_dir(&tools.dir).unwrap();
    tools.shell(link).silent();
    project.repo = project.repo.env("PATH", &tools.dir);
    no_push_can_be_checked(&project, "no program could be downloaded, and there is no cargo to build one");
}

#[test]
fn a_release_needs_its_checksum() {
    let project = with_a_fake_cargo();
    project
        .repo
        .shell("cd ../owner/stage-guard/releases/download/* && for file in *.gz; do echo >>\"$file\"; done")
        .success();
    no_push_can_be_checked(&project, "does not have its checksum");
}

#[test]
fn the_program_of_a_commit_is_built_with_cargo() {
    let mut project = Project::new();
    fs::remove_dir_all(project.repo.path("../stage-guard")).unwrap();
    project.repo = packages::with_cargo(&project.repo);
    project.revision = packages::project(&project.repo).git("rev-parse HEAD").success().trim().to_owned();
    project.git("checkout -q -b branch").commit(&["debug_x.py"]);
    project.job(GitLab, PullRequest("HEAD")).refuses(&["debug_x.py"]);
}

/// Whether a document is valid by a schema of `check-jsonschema`.
fn is_valid(schema: &str, document: &Value) -> bool {
    let home = Repo::home();
    home.write("document.json", &document.to_string());
    let check = packages::python(&PYTHON).join("check-jsonschema");
    let mut check = home.command(check.to_str().unwrap());
    check.args(["--builtin-schema", schema, "document.json"]);
    Repo::run(check, b"").code == 0
}

#[test]
fn action_and_component_are_valid_for_their_servers() {
    for (schema, document, key) in [
        ("vendor.github-actions", &yaml("action.yml")[0], "runs"),
        ("vendor.gitlab-ci", &yaml("templates/stage-guard/template.yml")[1], "stage-guard"),
    ] {
        assert!(is_valid(schema, document), "{schema}");
        let mut damaged = document.clone();
        damaged[key] = json!({"unknown": 1});
        assert!(!is_valid(schema, &damaged), "{schema}");
    }
}

#[test]
fn workflows_are_valid_for_their_server() {
    for name in ["ci", "release"] {
        let workflow = &parse(&pages::read(&format!(".github/workflows/{name}.yml")))[0];
        assert!(is_valid("vendor.github-workflows", workflow), "{name}");
    }
}

#[test]
fn pages_show_valid_jobs() {
    let [github, gitlab] = pages::blocks("docs/ci.md", "yaml").try_into().unwrap();
    let [github, gitlab] = [github, gitlab].map(|block| parse(&block).remove(0));
    assert!(is_valid("vendor.github-workflows", &github) && is_valid("vendor.gitlab-ci", &gitlab));
    let readme = parse(&pages::blocks("README.md", "yaml")[0]).remove(0);
    assert!(is_valid("vendor.github-workflows", &readme));
    assert_eq!(readme["jobs"]["stage-guard"]["steps"], github["jobs"]["stage-guard"]["steps"]);
    // The component has the inputs that the page shows, and no other is required.
    let shown = gitlab["include"][0]["inputs"].as_object().unwrap();
    let inputs = yaml("templates/stage-guard/template.yml")[0]["spec"]["inputs"].as_object().unwrap();
    assert!(shown.keys().all(|name| inputs.contains_key(name)));
    for (name, input) in inputs {
        assert!(shown.contains_key(name) != input["default"].is_string(), "{name}");
    }
}

#[test]
fn the_page_names_all_inputs() {
    let page = pages::read("docs/ci.md");
    let action = &yaml("action.yml")[0]["inputs"];
    let component = &yaml("templates/stage-guard/template.yml")[0]["spec"]["inputs"];
    for (name, input) in [action, component].into_iter().flat_map(|inputs| inputs.as_object().unwrap()) {
        let default = input["default"].as_str().unwrap_or_default();
        assert!(page.contains(&format!("`{name}`")) && page.contains(default), "{name}");
    }
}
