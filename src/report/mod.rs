//! Renders values as text, JSON, annotations and SARIF. Decides nothing.

pub(crate) mod agent;
pub(crate) mod allow;
#[doc(hidden)]
pub mod color;
pub(crate) mod doctor;
pub mod escape;
pub(crate) mod explanation;
#[doc(hidden)]
pub mod failure;
mod github;
pub(crate) mod hooks;
mod human;
pub(crate) mod json;
pub(crate) mod man;
mod message;
mod page;
mod quiet;
mod remedy;
mod sarif;
pub(crate) mod session;
#[doc(hidden)]
pub mod usage_error;

use std::io::{self, Write};

use clap::ValueEnum;

use crate::check::Report;

/// A format of the report of a check.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
    /// For GitHub workflows: annotations
    Github,
    /// For services that show findings: SARIF 2.1.0
    Sarif,
    /// The number of findings, for `--quiet`
    #[value(skip)]
    Quiet,
}

/// Renders the report of a check.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub fn render(format: Format, report: &Report, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Human => human::render(report, out),
        Format::Json => json::render(report, out),
        Format::Github => github::render(report, out),
        Format::Sarif => sarif::render(report, out),
        Format::Quiet => quiet::render(report, out),
    }
}

#[cfg(test)]
mod tests;
