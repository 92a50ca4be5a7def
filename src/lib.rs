//! Keeps *session work* out of a repository's history.
//!
//! Session work is files that a coding agent leaves behind: debug scripts, scratch tests,
//! one-off checks and notes.
//!
//! Data flows in one direction, and each arrow is a plain value:
//!
//! ```text
//! index, trees --git--> entries --policy--> findings --report--> bytes
//! ```
//!
//! [`git`] reads repositories and knows no rules, [`policy`] judges paths and does not know
//! git, and [`report`] renders without deciding. [`check`] joins them and returns the report.
//!
//! Paths are bytes, relative to the top of the repository, with `/` between components.
//!
//! # Example
//!
//! Checks a repository with a staged debug script, and renders the report as JSON:
//!
//! ```
//! use stage_guard::check::{Check, Trigger};
//! use stage_guard::environment::Environment;
//! use stage_guard::report::{self, Format};
//! # let directory = tempfile::tempdir()?;
//! # let git = |arguments: &[&str]| {
//! #     let mut git = std::process::Command::new("git");
//! #     assert!(git.current_dir(&directory).args(arguments).status().unwrap().success());
//! # };
//! # git(&["init", "-q"]);
//! # std::fs::write(directory.path().join("main.py"), "")?;
//! # std::fs::write(directory.path().join("debug_login.py"), "")?;
//! # git(&["add", "main.py", "debug_login.py"]);
//!
//! let environment = Environment::new(directory.path().canonicalize()?, std::env::vars_os());
//! let report = Check { environment: &environment, config: None }.staged(Trigger::Manual)?;
//! assert_eq!(report.findings[0].entry.path, "debug_login.py");
//! assert_eq!(report.findings[0].rule.id, "debug-script");
//!
//! let mut out = Vec::new();
//! report::render(Format::Json, &report, &mut out)?;
//! assert!(out.starts_with(br#"{"version":1,"verdict":"refused","checked":2,"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod agents;
mod bypass;
pub mod check;
mod cli;
mod commands;
mod configuration;
mod disk;
mod doctor;
mod entry;
pub mod environment;
pub mod git;
mod hooks;
pub mod invocation;
pub mod policy;
mod project;
pub mod report;
mod session;
mod signals;
mod timeout;

pub use entry::{Change, Entry, IntroducedBy};

/// The items of private modules that `main` needs.
#[doc(hidden)]
pub mod app {
    pub use clap::error::ErrorKind;

    pub use crate::cli::{Cli, Command};
    pub use crate::commands::{Context, Outcome, Output, limit_time, run};
    pub use crate::git::{Stall, on_timeout};
    pub use crate::hooks::PROOF;
}

/// The items of private modules that the fuzzers need.
#[doc(hidden)]
pub mod fuzz {
    pub use crate::bypass::{bypasses_hooks, is_complete};
}
