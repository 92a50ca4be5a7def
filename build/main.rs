//! Generates the code of the built-in policy and the version with the commit.

#![expect(clippy::expect_used, reason = "a panic fails the build")]
#![expect(clippy::print_stdout, reason = "cargo reads the output")]

mod commit;
mod policy;

use std::env;
use std::path::PathBuf;

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    policy::write(&out);

    let root = env::current_dir().expect("the directory of Cargo.toml");
    let commit = commit::abbreviated_id(&root).map(|id| format!(" ({id})")).unwrap_or_default();
    let version = env::var("CARGO_PKG_VERSION").expect("cargo sets it");
    println!("cargo:rustc-env=STAGE_GUARD_VERSION={version}{commit}");

    let policy = PathBuf::from(policy::POLICY);
    for path in commit::watched_files(&root).into_iter().chain([policy]) {
        println!("cargo:rerun-if-changed={}", path.display());
    }
}
