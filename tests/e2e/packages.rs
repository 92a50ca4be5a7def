//! Installs packages of other projects, and builds this project from source.
//!
//! Each package has a fixed version, and is installed once into the target directory. That needs the network.

use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::Mutex;
use std::{env, fs};

use rustix::fs::{FlockOperation, flock};

use super::sandbox::Repo;

/// Returns the directory of the programs of these Python packages, `NAME==VERSION`.
pub(crate) fn python(packages: &[&str]) -> PathBuf {
    let script = "python3 -m venv . && bin/pip install -q --disable-pip-version-check \"$@\"";
    install("python", packages, script).join("bin")
}

/// Returns the directory of the programs of these Node packages, `NAME@VERSION`.
pub(crate) fn node(packages: &[&str]) -> PathBuf {
    let script = "npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \"$@\"";
    install("node", packages, script).join("node_modules/.bin")
}

/// Returns a directory in which `script` has installed these packages, now or earlier.
fn install(kind: &str, packages: &[&str], script: &str) -> PathBuf {
    static LOCK: Mutex<()> = Mutex::new(());
    let _guard = LOCK.lock().unwrap();
    let name = format!("{kind}-{}", packages.join("+").replace(['/', '@'], "-"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).unwrap();
    let (lock, done) = (fs::File::create(directory.join("lock")).unwrap(), directory.join("done"));
    // Several processes may run tests at once.
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    if !done.exists() {
        let mut install = Command::new("sh");
        install.current_dir(&directory).args(["-c", script, "sh"]).args(packages);
        let output = install.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(
            output.status.success(),
            "cannot install {packages:?}, which needs python3, npm and the network:\n{text}"
        );
        fs::write(done, process::id().to_string()).unwrap();
    }
    directory
}

/// Creates a repository with one commit of this project, including uncommitted changes.
pub(crate) fn project(repo: &Repo) -> Repo {
    let project = repo.sibling("stage-guard");
    let files = "git ls-files -coz --exclude-standard | xargs -0 ls -d 2>/dev/null";
    let copy = format!("{files} | tar -c -T - | tar -x -C \"$0\"");
    fs::create_dir(&project.dir).unwrap();
    let mut command = repo.command("bash");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["-c", &copy]).arg(&project.dir);
    Repo::run(command, b"").success();
    project.git("init -q").success();
    project.git("add .").success();
    project.git("commit -q -m project").success();
    project
}

/// Returns this repository with cargo in its environment.
///
/// cargo builds without optimisation, and all tests share one target directory.
pub(crate) fn with_cargo(repo: &Repo) -> Repo {
    let home = |variable: &str, name: &str| {
        env::var_os(variable).unwrap_or_else(|| env::home_dir().unwrap().join(name).into())
    };
    repo.env("CARGO_HOME", home("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", home("RUSTUP_HOME", ".rustup"))
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("built-from-source"))
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
}
