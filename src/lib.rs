//! stage-guard keeps *session work* out of a repository's history: what a
//! coding agent leaves behind while it works, such as debug scripts, scratch
//! tests, one-off checks and notes.
//!
//! Everything runs in one direction, and each arrow is a plain value:
//!
//! ```text
//! index, trees --git--> entries --policy--> findings --report--> bytes
//! ```
//!
//! [`git`] reads and knows no rule, [`policy`] judges and knows no git,
//! [`report`] writes and decides nothing. [`commands`] wires the three together,
//! one file a command. [`hooks`] is the hooks directory on disk, [`session`] the
//! session directory, and [`agent`] reads what a coding agent is about to do.
//!
//! Paths are bytes, relative to the top of the repository, with `/` between
//! their components, as git holds them.

pub mod agent;
pub mod cli;
pub mod commands;
pub mod doctor;
mod entry;
pub mod git;
pub mod hooks;
pub mod policy;
pub mod report;
pub mod session;
pub mod signals;
pub mod throw_away;
pub mod timed;

pub use entry::{Change, Entry, Introduced};
