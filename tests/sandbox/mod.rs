//! A temporary repository for each test, with the real `git` and the real binary.
//!
//! The environment contains only what `Repo::command` sets: with an inherited `GIT_INDEX_FILE`, a test would
//! rewrite the developer's own index.

#![allow(dead_code, reason = "each test target uses only a part")]

pub(crate) mod hooks;
pub(crate) mod pages;
pub(crate) mod reports;
mod running;
pub(crate) mod stow;
mod terminal;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::OnceLock;

use proptest::test_runner::Config;
use tempfile::TempDir;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_stage-guard");

/// A repository, or any directory, in a temporary directory that is also the home directory.
pub(crate) struct Repo {
    root: Rc<TempDir>,
    pub(crate) dir: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

/// The exit code and the output of a program.
pub(crate) struct Run {
    /// -1 if a signal ended it.
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Prints the output as blocks of lines, as a failed assertion shows it.
impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}", self.code)?;
        for (name, text) in [("standard output", &self.out), ("standard error", &self.err)] {
            match text.as_str() {
                "" => write!(f, "\n{name}: empty")?,
                text => {
                    write!(f, "\n{name}:")?;
                    for line in text.lines() {
                        write!(f, "\n    {}", line.escape_debug())?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Repo {
    /// Creates a guarded repository without a commit.
    pub(crate) fn unborn() -> Self {
        Self::init(&[])
    }

    /// Creates a guarded repository with one commit, which adds `README.md`.
    pub(crate) fn new() -> Self {
        // Created once per run, and kept: copying it is faster than running the ten programs that create it.
        static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
            copy_directory(&Self::of_format(&[]).dir, &directory.join("repo"));
            directory.join("repo")
        });
        let repo = Self::uncreated();
        copy_directory(template, &repo.dir);
        repo
    }

    /// Like [`Repo::new`], with further arguments to `git init`.
    pub(crate) fn of_format(format: &[&str]) -> Self {
        let repo = Self::init(format);
        repo.write("README.md", "a project\n").git("add README.md").success();
        repo.git("commit -q -m first").success();
        repo
    }

    fn init(format: &[&str]) -> Self {
        let repo = Self::uncreated();
        fs::create_dir(&repo.dir).unwrap();
        repo.git_args(&[&["init", "-q", "-b", "main"], format].concat()).success();
        repo.guard("install").success();
        repo
    }

    /// Copies this repository to another temporary directory.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::uncreated();
        copy_directory(&self.dir, &copy.dir);
        copy
    }

    /// Returns a directory that does not exist yet, in a new temporary directory.
    pub(crate) fn uncreated() -> Self {
        let root = TempDir::new().unwrap();
        // The path as git prints it: the temporary directory may be behind a symlink.
        let dir = root.path().canonicalize().unwrap().join("repo");
        Self { root: root.into(), dir, environment: Vec::new() }
    }

    /// Returns another directory in the same parent directory, without creating it.
    pub(crate) fn sibling(&self, directory: &str) -> Self {
        let dir = self.dir.parent().unwrap().join(directory);
        Self { root: self.root.clone(), dir, environment: self.environment.clone() }
    }

    /// Returns a directory in this one, without creating it.
    pub(crate) fn child(&self, directory: &str) -> Self {
        Self { root: self.root.clone(), dir: self.dir.join(directory), environment: self.environment.clone() }
    }

    /// Creates an empty directory that is the home directory of the programs that run in it.
    pub(crate) fn home() -> Self {
        let mut home = Self::uncreated();
        home.dir.pop();
        home
    }

    /// Creates `server.git` in this directory: a guarded bare repository without a commit.
    pub(crate) fn bare_server(&self) -> Self {
        self.git("init -q --bare -b main server.git").success();
        let server = self.child("server.git");
        server.guard("install").success();
        server
    }

    /// Returns this repository with one of its directories as the current one, and creates it.
    pub(crate) fn in_dir(&self, directory: &str) -> Self {
        let child = self.child(directory);
        fs::create_dir_all(&child.dir).unwrap();
        child
    }

    /// Returns this repository with an environment variable set for the programs that run in it.
    pub(crate) fn env(&self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut environment = self.environment.clone();
        environment.push((name.into(), value.as_ref().to_owned()));
        Self { root: self.root.clone(), dir: self.dir.clone(), environment }
    }

    pub(crate) fn path(&self, path: impl AsRef<OsStr>) -> PathBuf {
        self.dir.join(path.as_ref())
    }

    /// Writes a file, and creates its parent directories.
    pub(crate) fn write(&self, path: impl AsRef<OsStr>, text: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Returns the contents of a file.
    pub(crate) fn read(&self, path: &str) -> String {
        let text = fs::read_to_string(self.path(path));
        assert!(text.is_ok(), "{path}: {text:?}");
        text.unwrap()
    }

    /// Whether something exists at this path. Symlinks are not followed.
    pub(crate) fn exists(&self, path: &str) -> bool {
        fs::symlink_metadata(self.path(path)).is_ok()
    }

    /// Writes an executable file.
    ///
    /// A child process writes it: a program that another thread starts meanwhile would inherit the open file,
    /// and a file that is open for writing cannot be executed.
    pub(crate) fn program(&self, path: impl AsRef<OsStr>, text: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut write = self.command("sh");
        write.args(["-c", "cat > \"$1\" && chmod 755 \"$1\"", "sh"]).arg(path);
        Self::run(write, text.as_bytes()).success();
        self
    }

    /// Writes a file and stages it, even if it is ignored.
    pub(crate) fn stage(&self, path: impl AsRef<OsStr>) -> &Self {
        let path = path.as_ref();
        self.write(path, &format!("{}\n", path.display()));
        let mut run = self.command("git");
        run.args(["--literal-pathspecs", "add", "-f", "--sparse", "--"]).arg(path);
        Self::run(run, b"").success();
        self
    }

    /// Commits `paths` without a check, as in an old history.
    pub(crate) fn commit_unchecked(&self, paths: &[&str]) -> &Self {
        for path in paths {
            self.stage(path);
        }
        self.git("commit -q --no-verify -m old").success();
        self
    }

    /// Runs git with arguments that are separated by spaces.
    #[must_use]
    pub(crate) fn git(&self, arguments: &str) -> Run {
        self.git_args(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    #[must_use]
    pub(crate) fn git_args(&self, arguments: &[impl AsRef<OsStr>]) -> Run {
        self.git_with_input(arguments, b"")
    }

    #[must_use]
    pub(crate) fn git_with_input(&self, arguments: &[impl AsRef<OsStr>], input: &[u8]) -> Run {
        let mut command = self.command("git");
        command.args(arguments);
        Self::run(command, input)
    }

    /// Runs the binary with arguments that are separated by spaces.
    #[must_use]
    pub(crate) fn guard(&self, arguments: &str) -> Run {
        self.guard_args(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs the binary without arguments: a check of the staged index.
    #[must_use]
    pub(crate) fn check(&self) -> Run {
        self.guard("")
    }

    #[must_use]
    pub(crate) fn guard_args(&self, arguments: &[impl AsRef<OsStr>]) -> Run {
        self.guard_with_input(arguments, b"")
    }

    #[must_use]
    pub(crate) fn guard_with_input(&self, arguments: &[impl AsRef<OsStr>], input: &[u8]) -> Run {
        let mut command = self.command(BINARY);
        command.args(arguments);
        Self::run(command, input)
    }

    /// Runs a line of shell.
    #[must_use]
    pub(crate) fn shell(&self, line: &str) -> Run {
        let mut command = self.command("sh");
        command.args(["-c", line]);
        Self::run(command, b"")
    }

    /// Runs a line of shell that may mount file systems. It must not contain single quotes.
    ///
    /// Returns `None` if this user may not mount.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    pub(crate) fn shell_with_mounts(&self, line: &str) -> Option<Run> {
        let run = self.shell(&format!("unshare --user --map-root-user --mount sh -c '{line}'"));
        if run.err.contains("unshare: ") || run.err.contains("mount: ") {
            eprintln!("skipped: this user may not mount: {}", run.err);
            return None;
        }
        Some(run)
    }

    #[must_use]
    pub(crate) fn commit(&self) -> Run {
        self.git("commit -q -m message")
    }

    /// Returns the path, the change and the rule of each finding in the JSON report.
    #[must_use]
    pub(crate) fn findings(&self, arguments: &str) -> Vec<(String, String, String)> {
        let run = self.guard(&format!("{arguments} --format json"));
        assert!(run.code < 2, "{run:?}");
        let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        let verdict = if run.code == 1 { "refused" } else { "allowed" };
        assert_eq!(report["verdict"], verdict);
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let findings = report["findings"].as_array().unwrap();
        findings
            .iter()
            .map(|finding| {
                let path = &finding["path"];
                let path = if path["text"].is_string() { &path["text"] } else { &path["bytes"] };
                (text(path), text(&finding["change"]), text(&finding["rule"]))
            })
            .collect()
    }

    /// Returns the path of each finding in the JSON report.
    #[must_use]
    pub(crate) fn refused(&self, arguments: &str) -> Vec<String> {
        self.findings(arguments).into_iter().map(|(path, _, _)| path).collect()
    }

    /// Returns a command in this directory, with only the environment of the sandbox.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.root.path())
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            // git's own tests set this, too: its files need not survive a power failure.
            .env("GIT_TEST_FSYNC", "0")
            .env("GIT_AUTHOR_NAME", "A U Thor")
            .env("GIT_AUTHOR_EMAIL", "author@example.com")
            .env("GIT_COMMITTER_NAME", "C O Mitter")
            .env("GIT_COMMITTER_EMAIL", "committer@example.com")
            .envs(self.environment.iter().cloned());
        command
    }

    #[must_use]
    pub(crate) fn run(mut command: Command, input: &[u8]) -> Run {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        // A program that does not read its input may have exited already.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Whether git has at least this version.
    pub(crate) fn git_is_at_least(version: (u32, u32)) -> bool {
        let mut command = Self::uncreated().command("git");
        command.current_dir("/").arg("--version");
        let text = Self::run(command, b"").out;
        let mut numbers = text.split([' ', '.']).filter_map(|part| part.trim().parse().ok());
        (numbers.next().unwrap(), numbers.next().unwrap()) >= version
    }
}

impl Run {
    /// Asserts exit code 0 and returns standard output.
    pub(crate) fn success(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Asserts exit code 0 and no output.
    pub(crate) fn silent(self) {
        assert_eq!((self.code, self.out.as_str(), self.err.as_str()), (0, "", ""), "{self:?}");
    }

    /// Returns both outputs, standard output first.
    pub(crate) fn output(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// Asserts exit code 1, as of a refusal, and joins both outputs in `out`.
    pub(crate) fn refuses_any(self) -> Self {
        assert_eq!(self.code, 1, "{self:?}");
        Self { out: self.output(), ..self }
    }

    /// Asserts that the guard refused exactly these paths, and joins both outputs in `out`.
    pub(crate) fn refuses(self, paths: &[&str]) -> Self {
        let run = self.refuses_any();
        let refused: Vec<&str> = run
            .out
            .lines()
            .filter_map(|line| line.strip_prefix("refused: ")?.split_once(" [").map(|(path, _)| path))
            .collect();
        assert_eq!(refused, paths, "{run:?}");
        run
    }

    /// Returns the command after `stow:` in the report of a refusal.
    pub(crate) fn stow_command(&self) -> String {
        let mut lines = self.out.lines().chain(self.err.lines());
        lines.find_map(|line| line.strip_prefix("stow: ")).unwrap().to_owned()
    }

    /// Asserts the exit code.
    pub(crate) fn code(self, code: i32) {
        assert_eq!(self.code, code, "{self:?}");
    }

    /// Asserts that git had nothing to commit, and that the guard refused nothing.
    pub(crate) fn nothing_to_commit(self) {
        assert_eq!(self.code, 1, "{self:?}");
        assert!(!self.output().contains("refused"), "{self:?}");
    }

    /// Asserts exit code 2 and an error message that contains `words`.
    pub(crate) fn fails_with(self, words: &str) {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{self:?}");
        assert!(self.err.starts_with("stage-guard: ") && self.err.contains(words), "{words}: {self:?}");
    }
}

/// The number of cases of a property test if `PROPTEST_CASES` is not set.
const DEFAULT_CASES: u32 = 256;

/// Returns the settings of a property test that runs programs: `cases`, scaled by `PROPTEST_CASES`.
pub(crate) fn property_of(cases: u32) -> Config {
    let config = Config { failure_persistence: None, ..Config::default() };
    Config { cases: (cases * config.cases / DEFAULT_CASES).max(1), ..config }
}

/// Copies a directory to a path that does not exist.
fn copy_directory(from: &Path, to: &Path) {
    let mut command = Command::new("cp");
    command.arg("-a").args([from, to]);
    Repo::run(command, b"").success();
}

/// Returns a file name of arbitrary bytes.
pub(crate) fn bytes(name: &[u8]) -> &OsStr {
    OsStr::from_bytes(name)
}

pub(crate) fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Turns each row into a test: the name of the test, and the arguments of the check.
macro_rules! cases {
    ($check:ident: $($name:ident($($argument:expr),* $(,)?);)*) => {
        $(#[test] fn $name() { $check($($argument),*); })*
    };
}
pub(crate) use cases;
