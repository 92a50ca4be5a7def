//! The guard with other programs: coding agents, hook managers, validators, shells, strace, cargo.
//!
//! `cargo test --locked --test e2e` runs these tests. They need Python 3.11 with `venv`, npm with
//! Node.js 20, bash, zsh, fish, shellcheck, man, groff, ip and strace, and the network the first time.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

mod agents;
mod alternatives;
mod launcher;
mod managers;
mod packages;
mod plugin;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod schemas;
mod servers;
mod shells;
mod system_calls;
