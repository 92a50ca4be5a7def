//! stage-guard keeps *session work* out of a repository's history: what a
//! coding agent leaves behind while it works, such as debug scripts, scratch
//! tests, one-off checks and notes.
//!
//! Paths are bytes, relative to the top of the repository, with `/` between
//! their components, as git holds them.

mod entry;
pub mod git;
pub mod hooks;
pub mod policy;
pub mod report;

pub use entry::{Change, Entry};
