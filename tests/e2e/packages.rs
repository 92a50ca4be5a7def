//! Programs of others that tests run for real, each from its registry and of one version.
//! They are installed once, below the target directory, and need a network then. And this
//! project, as others build it from its source.

use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::Mutex;
use std::{env, fs};

use rustix::fs::{FlockOperation, flock};

use super::sandbox::Repo;

/// The directory that holds the programs of these Python packages, `NAME==VERSION`.
pub(crate) fn python(packages: &[&str]) -> PathBuf {
    let script = "python3 -m venv . && bin/pip install -q --disable-pip-version-check \"$@\"";
    installed("python", packages, script).join("bin")
}

/// The directory that holds the programs of these Node packages, `NAME@VERSION`.
pub(crate) fn node(packages: &[&str]) -> PathBuf {
    let script = "npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \"$@\"";
    installed("node", packages, script).join("node_modules/.bin")
}

/// Installs packages by a line of shell into a directory of their own, unless that was
/// done before. A program knows where it lies, so it is made in its place.
fn installed(kind: &str, packages: &[&str], script: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let name = format!("{kind}-{}", packages.join("+").replace(['/', '@'], "-"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).unwrap();
    let (lock, done) = (fs::File::create(directory.join("lock")).unwrap(), directory.join("done"));
    // Other processes may run tests too.
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    if !done.exists() {
        let mut install = Command::new("sh");
        install.current_dir(&directory).args(["-c", script, "sh"]).args(packages);
        let output = install.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(
            output.status.success(),
            "cannot install {packages:?}, which takes python3, npm and a network: {said}"
        );
        fs::write(done, process::id().to_string()).unwrap();
    }
    directory
}

/// A clone of this project as it is here, with what was not committed yet.
pub(crate) fn project(repo: &Repo) -> Repo {
    let project = repo.sibling("stage-guard");
    let files = "git ls-files -coz --exclude-standard | xargs -0 ls -d 2>/dev/null";
    let copy = format!("{files} | tar -c -T - | tar -x -C \"$0\"");
    fs::create_dir(&project.dir).unwrap();
    let mut copying = repo.command("bash");
    copying.current_dir(env!("CARGO_MANIFEST_DIR")).args(["-c", &copy]).arg(&project.dir);
    Repo::run(copying, b"").success();
    project.git("init -q").success();
    project.git("add .").success();
    project.git("commit -q -m project").success();
    project
}

/// The same environment with cargo, which builds without haste for speed: the crates
/// that others made, once for all.
pub(crate) fn with_cargo(repo: &Repo) -> Repo {
    let home = |variable: &str, name: &str| {
        env::var_os(variable).unwrap_or_else(|| env::home_dir().unwrap().join(name).into())
    };
    repo.env("CARGO_HOME", home("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", home("RUSTUP_HOME", ".rustup"))
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("built-by-managers"))
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
}
