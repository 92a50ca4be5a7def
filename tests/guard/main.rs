//! The real binary and its hooks under the real git.
//!
//! These tests need git, a shell and a C compiler. Tests with other programs are in `tests/e2e`.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod agent;
mod agent_commits;
mod agent_input;
mod agent_settings;
mod agent_writes;
mod allow;
mod alternatives;
mod bare;
mod commits;
mod configuration;
mod configured;
mod differential;
mod distribution;
mod doctor;
mod evidence;
mod failure;
mod formats;
mod git_commit;
mod hook_file;
mod hooks;
mod hooks_path;
mod index;
mod installer;
mod merge;
mod names;
mod operations;
mod pages;
mod performance;
mod picture;
mod policy;
mod pushes;
mod ref_updates;
mod refused_page;
mod reports;
mod rule_pages;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod session;
mod shallow;
mod shell;
mod signals;
mod sparse;
mod stow;
mod tracked;
mod untracked;
mod usage;
