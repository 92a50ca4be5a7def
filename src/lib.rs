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
//!
//! # Example
//!
//! What `stage-guard --format json` does, in a repository with a debug script staged:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use stage_guard::check::{Remedy, Report};
//! use stage_guard::git::Repository;
//! use stage_guard::policy::Policy;
//! use stage_guard::report::{self, Format};
//! # fn git(arguments: &[&str]) {
//! #     assert!(std::process::Command::new("git").args(arguments).status().unwrap().success());
//! # }
//! # let directory = tempfile::tempdir()?;
//! # std::env::set_current_dir(&directory)?;
//! # git(&["init", "-q"]);
//! # std::fs::write("main.py", "")?;
//! # std::fs::write("debug_login.py", "")?;
//! # git(&["add", "main.py", "debug_login.py"]);
//!
//! let policy = Policy::built_in();
//! let repository = Repository::open()?;
//!
//! // What a commit of the index would add or change, as far as a rule could refuse it.
//! let mut prefilter = policy.prefilter();
//! let staged = repository.staged(&[], &mut |path| prefilter.may_refuse(path))?;
//!
//! // A rule may ask what lies beside a path.
//! let tracked = repository.tracked_paths()?;
//! let Ok(findings) = policy.findings(staged.entries, |path| Ok::<_, Infallible>(tracked.contains(path)));
//! assert_eq!(findings[0].entry.path, "debug_login.py");
//! assert_eq!(findings[0].rule.id, "debug-script");
//!
//! let report = Report::new(&policy, findings, staged.checked, Remedy::Stow(None));
//! let mut out = Vec::new();
//! report::render(Format::Json, &report, &mut out)?;
//! assert!(out.starts_with(br#"{"version":1,"verdict":"refused","checked":2,"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod agent;
pub mod check;
pub mod cli;
pub mod commands;
pub mod configuration;
pub mod disk;
pub mod doctor;
mod entry;
pub mod environment;
pub mod git;
pub mod hooks;
pub mod policy;
pub mod report;
pub mod session;
pub mod signals;
pub mod timeout;

pub use entry::{Change, Entry, Introduced};
