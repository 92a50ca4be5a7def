//! What is known when the program is built, so that no start has to find it out.

#![expect(clippy::expect_used, reason = "a build that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "cargo is told by it what it has to know")]

mod commit;
mod policy;

use std::env;
use std::path::PathBuf;

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    policy::write(&out);

    let top = env::current_dir().expect("the directory of Cargo.toml");
    let of_commit = commit::built_from(&top).map(|commit| format!(" ({commit})")).unwrap_or_default();
    let number = env::var("CARGO_PKG_VERSION").expect("cargo sets it");
    println!("cargo:rustc-env=STAGE_GUARD_VERSION={number}{of_commit}");

    for path in commit::watched(&top) {
        println!("cargo:rerun-if-changed={}", path.display());
    }
}
