//! The real binary and the real hook, under the real `git`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "a test says so when it is skipped")]

mod agent;
mod commit;
mod commits;
mod configuration;
mod configured;
mod differential;
mod distribution;
mod doctor;
mod doors;
mod failure;
mod formats;
mod hooks;
mod hooks_path;
mod index;
mod installer;
mod merge;
mod names;
mod policy;
mod readme;
mod reports;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod session;
mod shell;
mod stow;
mod untracked;
mod usage;
