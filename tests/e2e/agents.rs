//! The guard with real coding agents: a server plays the model, in a network namespace.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::managers::unmanaged;
use super::packages;
use super::sandbox::{BINARY, Repo};

/// An agent, and how it runs without a person.
struct Agent {
    /// The name for `install --agent`.
    name: &'static str,
    /// The npm package. It is installed alone, so that one agent cannot break the others.
    package: &'static str,
    /// The line of shell that starts it. `MODEL` is the address of the model, `MODULES` the
    /// directory of the package and its dependencies.
    command: &'static str,
    /// The files in the home directory that configure it, with their texts. `PROJECT` stands for
    /// the path of the repository, `MODEL` for the address of the model.
    configuration: &'static [(&'static str, &'static str)],
    /// Returns a call of the tool that writes a file.
    write: fn(path: &str, text: &str) -> Value,
    /// Returns a call of the tool that runs a command.
    run: fn(command: &str) -> Value,
    /// Whether its hooks can make a turn go on.
    is_held_back: bool,
    /// Does what it asks of its user after `install --agent`.
    trust: fn(&Repo),
}

const CLAUDE: Agent = Agent {
    name: "claude",
    package: "@anthropic-ai/claude-code@2.1.197",
    command: "ANTHROPIC_BASE_URL=$MODEL ANTHROPIC_API_KEY=fake CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 \
              node $MODULES/@anthropic-ai/claude-code/cli-wrapper.cjs -p go --model m --allowedTools Write Edit Bash",
    configuration: &[],
    write: |path, text| json!({"name": "Write", "input": {"file_path": path, "content": text}}),
    run: |command| json!({"name": "Bash", "input": {"command": command, "description": "x"}}),
    is_held_back: true,
    trust: |_| {},
};

const CODEX: Agent = Agent {
    name: "codex",
    package: "@openai/codex@0.171.0",
    command: "codex exec --json --dangerously-bypass-approvals-and-sandbox go",
    configuration: &[(
        ".codex/config.toml",
        r#"
            model = "gpt-5.5"
            model_provider = "fake"
            check_for_update_on_startup = false
            [model_providers.fake]
            name = "fake"
            base_url = "MODEL/v1"
            wire_api = "responses"
            [analytics]
            enabled = false
            [projects."PROJECT"]
            trust_level = "trusted"
        "#,
    )],
    write: |path, text| {
        let lines: Vec<String> = text.lines().map(|line| format!("+{line}\n")).collect();
        let patch = format!("*** Begin Patch\n*** Add File: {path}\n{}*** End Patch\n", lines.concat());
        json!({"name": "apply_patch", "custom": true, "input": patch})
    },
    run: |command| json!({"name": "exec_command", "input": {"cmd": command}}),
    is_held_back: true,
    trust: trust_hooks_of_codex,
};

const GEMINI: Agent = Agent {
    name: "gemini",
    package: "@google/gemini-cli@0.61.0",
    command: "GEMINI_API_KEY=fake GOOGLE_GEMINI_BASE_URL=$MODEL gemini -p go --yolo -m gemini-2.5-pro",
    configuration: &[
        (
            ".gemini/settings.json",
            r#"{"security": {"auth": {"selectedType": "gemini-api-key"}}, "general": {"enableAutoUpdate": false},
                "privacy": {"usageStatisticsEnabled": false}}"#,
        ),
        (".gemini/trustedFolders.json", r#"{"PROJECT": "TRUST_FOLDER"}"#),
    ],
    write: |path, text| json!({"name": "write_file", "input": {"file_path": path, "content": text}}),
    run: |command| json!({"name": "run_shell_command", "input": {"command": command, "description": "x"}}),
    is_held_back: true,
    trust: |_| {},
};

const COPILOT: Agent = Agent {
    name: "copilot",
    package: "@github/copilot@1.0.102",
    command: "COPILOT_OFFLINE=true COPILOT_AUTO_UPDATE=false COPILOT_ALLOW_ALL=true COPILOT_MODEL=${COPILOT_MODEL:-m} \
              COPILOT_PROVIDER_BASE_URL=$MODEL/v1 COPILOT_PROVIDER_API_KEY=fake \
              copilot -p go --allow-all-tools --trust-folder",
    configuration: &[],
    write: |path, text| json!({"name": "create", "input": {"path": path, "file_text": text}}),
    run: |command| json!({"name": "bash", "input": {"command": command, "description": "x"}}),
    is_held_back: true,
    trust: |_| {},
};

const QWEN: Agent = Agent {
    name: "qwen",
    package: "@qwen-code/qwen-code@0.15.10",
    command: "OPENAI_API_KEY=fake OPENAI_BASE_URL=$MODEL/v1 OPENAI_MODEL=m qwen -p go --yolo",
    configuration: &[(
        ".qwen/settings.json",
        r#"{"security": {"auth": {"selectedType": "openai"}}, "general": {"disableAutoUpdate": true},
            "memory": {"enableManagedAutoMemory": false}, "privacy": {"usageStatisticsEnabled": false}}"#,
    )],
    write: |path, text| json!({"name": "write_file", "input": {"file_path": path, "content": text}}),
    run: |command| json!({"name": "run_shell_command", "input": {"command": command, "is_background": false}}),
    is_held_back: false,
    trust: |_| {},
};

const OPENCODE: Agent = Agent {
    name: "opencode",
    package: "opencode-ai@1.18.33",
    // Its launcher needs an install script. There may be two packages with the program.
    command: "export npm_config_fetch_retries=0; set -- $MODULES/opencode-linux-*/bin/opencode; exec $1 run go",
    configuration: &[(
        ".config/opencode/opencode.json",
        r#"{"autoupdate": false, "share": "disabled", "model": "fake/m",
            "permission": {"edit": "allow", "bash": "allow"},
            "provider": {"fake": {"npm": "@ai-sdk/openai-compatible", "name": "fake",
                "options": {"baseURL": "MODEL/v1", "apiKey": "x"},
                "models": {"m": {"name": "m", "tool_call": true}}}}}"#,
    )],
    write: |path, text| json!({"name": "write", "input": {"filePath": path, "content": text}}),
    run: |command| json!({"name": "bash", "input": {"command": command, "description": "x"}}),
    is_held_back: false,
    trust: |_| {},
};

/// The address of the model. Each session has a namespace, and so all ports, to itself.
const MODEL: &str = "http://127.0.0.1:8080";

/// Starts the model, then the agent in the repository. All processes end with the agent.
const SESSION: &str = "
    ip link set lo up
    python3 \"$SERVER\" --port 8080 --log requests steps.json >address &
    until [ -s address ]; do sleep 0.05; done
    cd repo
    exec timeout 100 sh -c \"$COMMAND\" </dev/null
";

/// Returns the options of `unshare` for namespaces of processes and the network.
///
/// Returns `None` if this user cannot create them.
fn unshare() -> Option<&'static [&'static str]> {
    const AS_ROOT: &[&str] = &["-n", "-p", "-f", "--kill-child"];
    const AS_USER: &[&str] = &["-r", "-n", "-p", "-f", "--kill-child"];
    static OPTIONS: OnceLock<Option<&[&str]>> = OnceLock::new();
    *OPTIONS.get_or_init(|| {
        let is_supported = |options: &&'static [&'static str]| {
            let mut unshare = Command::new("unshare");
            let output = unshare.args(*options).args(["sh", "-c", "ip link set lo up"]).output();
            output.is_ok_and(|output| output.status.success())
        };
        [AS_ROOT, AS_USER].into_iter().find(is_supported)
    })
}

/// Returns a command that runs its arguments in new namespaces.
fn isolated(repo: &Repo) -> Command {
    let mut command = repo.command("unshare");
    command.args(unshare().unwrap());
    command
}

/// A repository that is set up for an agent.
struct Project {
    agent: &'static Agent,
    repo: Repo,
}

/// The requests of one session to the model.
struct Session(Vec<Value>);

/// Prints the number of requests, and what the last one told the model.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} requests, {} after the last step", self.0.len(), self.ends())?;
        for text in self.results().into_iter().chain([self.last_said()]) {
            writeln!(f, "    {}", text.escape_debug())?;
        }
        Ok(())
    }
}

impl Project {
    /// Creates a repository that is set up for this agent.
    ///
    /// Returns `None`, and says so, if this user cannot create namespaces.
    fn new(agent: &'static Agent) -> Option<Self> {
        Self::with_settings_of(agent, agent.name)
    }

    /// Creates a repository that is set up for another agent, whose settings this one reads.
    fn with_settings_of(agent: &'static Agent, name: &str) -> Option<Self> {
        if unshare().is_none() {
            // Not `eprintln!`, which prints nothing if the test passes.
            let message = format!("skipped: {}: unshare cannot create namespaces here\n", agent.name);
            let _ = io::stderr().write_all(message.as_bytes());
            return None;
        }
        let bin = packages::node(&[agent.package]);
        let repo = unmanaged(bin.clone()).env("MODULES", bin.parent().unwrap());
        repo.commit_unchecked(&["backend/app/main.py"]);
        repo.guard(&format!("install --agent={name}")).success();
        for (file, text) in agent.configuration {
            let text = text.replace("PROJECT", repo.dir.to_str().unwrap()).replace("MODEL", MODEL);
            repo.write(Path::new("..").join(file), &text);
        }
        (agent.trust)(&repo);
        Some(Self { agent, repo })
    }

    /// Runs the session of this project, in which the model takes these steps and then ends its turn.
    fn play(&self, steps: &[Value]) -> Session {
        let home = self.repo.sibling("");
        home.write("steps.json", &json!(steps).to_string());
        let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/fake-model");
        let home = home.env("SERVER", server).env("COMMAND", self.agent.command).env("MODEL", MODEL);
        let mut session = isolated(&home);
        session.args(["sh", "-c", SESSION]);
        let run = Repo::run(session, b"");
        assert_eq!(run.code, 0, "{run:?}");
        let requests = home.read("requests");
        let requests = requests.lines().map(|line| serde_json::from_str(line).unwrap());
        // Some agents ask for a title of the session, and offer no tools then.
        Session(requests.filter(|request: &Value| request["tools"] != json!([])).collect())
    }

    fn write(&self, path: &str, text: &str) -> Value {
        (self.agent.write)(self.repo.path(path).to_str().unwrap(), text)
    }

    fn run(&self, command: &str) -> Value {
        (self.agent.run)(command)
    }
}

impl Session {
    /// Returns what the model was told of each tool call.
    fn results(&self) -> Vec<&str> {
        self.last("results")
    }

    /// Returns the last text of the user.
    fn last_said(&self) -> &str {
        self.last("said").last().unwrap()
    }

    /// Returns how often the model was asked after its last step.
    fn ends(&self) -> usize {
        self.0.iter().filter(|request| request["step"].is_null()).count()
    }

    fn last(&self, field: &str) -> Vec<&str> {
        let texts = self.0.last().unwrap()[field].as_array().unwrap();
        texts.iter().map(|text| text.as_str().unwrap()).collect()
    }
}

/// Turns each check into a test for each agent.
macro_rules! for_each_agent {
    ($($check:ident;)*) => {
        for_each_agent! { @modules [$($check)*]
            claude: CLAUDE; codex: CODEX; gemini: GEMINI; copilot: COPILOT; qwen: QWEN; opencode: OPENCODE;
        }
    };
    (@modules $checks:tt $($module:ident: $agent:ident;)*) => {
        $(mod $module { for_each_agent! { @tests $agent $checks } })*
    };
    (@tests $agent:ident [$($check:ident)*]) => {
        $(#[test] fn $check() {
            if let Some(project) = super::Project::new(&super::$agent) {
                super::$check(&project);
            }
        })*
    };
}

for_each_agent! {
    session_work_is_denied;
    a_turn_that_leaves_session_work_goes_on_once;
    uninstall_leaves_nothing;
    agents_work_without_the_guard;
}

/// A script of an ordinary name, which its text gives away.
const SHOWS_A_SIGN: &str = "import sys\nprint(\"🚀 Updating all users...\")\n";

fn session_work_is_denied(project: &Project) {
    let Project { repo, .. } = project;
    let session = project.play(&[
        project.write("backend/debug_login.py", "x = 1\n"),
        project.write("backend/app/login.py", "x = 1\n"),
        project.write("backend/update_all.py", SHOWS_A_SIGN),
        project.run("git commit -q --no-verify --allow-empty -m unchecked"),
        project.run("git commit -q --allow-empty -m checked"),
    ]);
    let [by_name, allowed, by_text, bypass, _]: [&str; 5] = session.results().try_into().unwrap();
    let instead = |path: &str| repo.path(".claude_sessions").join(path).display().to_string();
    assert!(by_name.contains(&instead("debugging/debug_login.py")), "{session:?}");
    assert!(!repo.exists("backend/debug_login.py"), "{session:?}");
    assert!(!allowed.contains("refused") && repo.exists("backend/app/login.py"), "{session:?}");
    assert!(by_text.contains(&instead("exploration/update_all.py")), "{session:?}");
    assert!(!repo.exists("backend/update_all.py"), "{session:?}");
    assert!(bypass.contains("`git commit --no-verify` skips the hooks"), "{session:?}");
    assert_eq!(repo.git("log -2 --format=%s").success(), "checked\nold\n", "{session:?}");
    assert_eq!(session.ends(), 1, "{session:?}");
}

fn a_turn_that_leaves_session_work_goes_on_once(project: &Project) {
    project.repo.write("debug_login.py", "x = 1\n");
    let session = project.play(&[]);
    let is_held_back = project.agent.is_held_back;
    assert_eq!(
        session.last_said().contains("stage-guard stow -- :/debug_login.py"),
        is_held_back,
        "{session:?}"
    );
    assert_eq!(session.ends(), 1 + usize::from(is_held_back), "{session:?}");
}

fn uninstall_leaves_nothing(project: &Project) {
    let repo = &project.repo;
    assert!(!repo.git("status --porcelain").success().is_empty());
    project.play(&[]);
    repo.guard("uninstall").success();
    // The agent may have written the file anew, or saved it under another name.
    assert_eq!(repo.git("status --porcelain -uall").success(), "");
}

/// The settings are committed, and not everybody has the guard.
fn agents_work_without_the_guard(project: &Project) {
    let Project { agent, repo } = project;
    let own = Path::new(BINARY).parent().unwrap();
    let path = repo.shell("echo -n \"$PATH\"").success();
    let others = std::env::split_paths(&path).filter(|directory| directory != own);
    let project = Project { agent, repo: repo.env("PATH", std::env::join_paths(others).unwrap()) };
    assert_eq!(project.repo.shell("stage-guard").code, 127);
    let session = project.play(&[project.write("backend/app/new.py", "x = 1\n"), project.run("echo ran")]);
    assert!(repo.exists("backend/app/new.py"), "{session:?}");
    assert!(session.results().concat().contains("ran") && session.ends() == 1, "{session:?}");
}

/// Trusts the hooks of a repository, as `/hooks` in Codex does.
fn trust_hooks_of_codex(repo: &Repo) {
    let listed = ask_codex(repo, "hooks/list", &json!({"cwds": [repo.dir]}));
    let hooks = listed["data"][0]["hooks"].as_array().unwrap().iter();
    let hash = |hook: &Value| json!({"trusted_hash": hook["currentHash"]});
    let state: Map<_, _> = hooks.map(|hook| (hook["key"].as_str().unwrap().to_owned(), hash(hook))).collect();
    assert!(!state.is_empty(), "{listed}");
    let edit = json!({"keyPath": "hooks.state", "value": state, "mergeStrategy": "upsert"});
    ask_codex(repo, "config/batchWrite", &json!({"edits": [edit]}));
}

/// Asks the app server of Codex, and returns the result.
fn ask_codex(repo: &Repo, method: &str, params: &Value) -> Value {
    let mut server = isolated(repo);
    server.args(["codex", "app-server"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = server.spawn().unwrap();
    let mut input = server.stdin.take().unwrap();
    for message in [
        json!({"id": 0, "method": "initialize", "params": {"clientInfo": {"name": "test", "version": "1"}}}),
        json!({"method": "initialized"}),
        json!({"id": 1, "method": method, "params": params}),
    ] {
        writeln!(input, "{message}").unwrap();
    }
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut messages = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let answer = messages.find(|message| message["id"] == 1).unwrap();
    // The server exits at the end of its input.
    drop(input);
    server.wait().unwrap();
    assert!(answer["result"].is_object(), "{answer}");
    answer["result"].clone()
}

#[test]
fn doctor_says_whether_codex_trusts_the_hooks() {
    let Some(project) = Project::new(&CODEX) else { return };
    let does_not_ask =
        || project.repo.guard("doctor").success().contains("Codex does not ask before it writes");
    assert!(!does_not_ask());
    let hooks = project.repo.read(".codex/hooks.json");
    project.repo.write(".codex/hooks.json", &hooks.replace("10", "11"));
    assert!(does_not_ask());
    let session = project.play(&[project.write("debug_login.py", "x = 1\n")]);
    assert!(project.repo.exists("debug_login.py"), "{session:?}");
}

/// Qwen Code rewrites a file of another version, and leaves a copy of it.
#[test]
fn qwen_leaves_its_file_as_install_has_created_it() {
    let Some(project) = Project::new(&QWEN) else { return };
    let repo = &project.repo;
    let before = repo.read(".qwen/settings.json");
    project.play(&[]);
    assert_eq!(repo.read(".qwen/settings.json"), before);
    assert!(!repo.exists(".qwen/settings.json.orig"));
}

#[test]
fn copilot_reads_the_settings_of_claude_code() {
    for check in
        [session_work_is_denied, a_turn_that_leaves_session_work_goes_on_once, agents_work_without_the_guard]
    {
        if let Some(project) = Project::with_settings_of(&COPILOT, "claude") {
            check(&project);
        }
    }
}

/// A patch that adds a file and moves another one, both to refused paths.
const REFUSED_PATCH: &str = "*** Begin Patch
*** Add File: backend/debug_login.py
+x = 1
*** Update File: backend/app/main.py
*** Move to: backend/fix_login.py
@@
-backend/app/main.py
+x = 1
*** End Patch
";

/// Asserts that each of these calls is denied, with both paths of the patch in the reason.
fn assert_patch_is_denied(project: &Project, calls: &[Value]) {
    let session = project.play(calls);
    for result in session.results() {
        for path in ["backend/debug_login.py", "backend/fix_login.py"] {
            assert!(result.contains(&format!("{path} would be refused")), "{session:?}");
        }
    }
    assert_eq!(project.repo.git("status --porcelain -- backend").success(), "", "{session:?}");
    assert_eq!(session.results().len(), calls.len());
}

fn patch_call() -> Value {
    json!({"name": "apply_patch", "custom": true, "input": REFUSED_PATCH})
}

#[test]
fn codex_is_told_each_refused_path_of_a_patch() {
    let Some(project) = Project::new(&CODEX) else { return };
    // Codex does not run such a command, but applies the patch.
    let command = project.run(&format!("cd . && apply_patch <<'EOF'\n{REFUSED_PATCH}EOF"));
    assert_patch_is_denied(&project, &[patch_call(), command]);
}

#[test]
fn copilot_is_told_each_refused_path_of_a_patch() {
    for settings in ["copilot", "claude"] {
        let Some(Project { agent, repo }) = Project::with_settings_of(&COPILOT, settings) else { return };
        // Copilot offers this tool to the models that write patches.
        let repo = repo.env("COPILOT_MODEL", "gpt-5.1-codex");
        assert_patch_is_denied(&Project { agent, repo }, &[patch_call()]);
    }
}

#[test]
fn gemini_is_kept_from_a_commit_that_no_hook_checks() {
    let Some(project) = Project::new(&GEMINI) else { return };
    let session = project.play(&[
        project.run("git config core.hooksPath && echo has other hooks"),
        project.run("echo x > backend/debug_login.py && git add backend && git commit -q -m written"),
        project.run("echo x > backend/debug_login.py; git add backend"),
        project.run("git commit -q -m staged"),
    ]);
    let [setting, written, _, staged]: [&str; 4] = session.results().try_into().unwrap();
    assert!(setting.contains("has other hooks"), "{session:?}");
    for denied in [written, staged] {
        assert!(denied.contains("Gemini CLI runs git without its hooks"), "{session:?}");
    }
    assert_eq!(project.repo.git("log -1 --format=%s").success(), "old\n", "{session:?}");
}
