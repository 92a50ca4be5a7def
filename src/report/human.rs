//! The report for people and agents: one short line for each finding.

use std::io::{self, Write};

use owo_colors::OwoColorize;

use super::escape::escape;
use super::message::{notes, rule_and_reason};
use super::remedy;
use crate::check::Report;

/// The maximum number of listed paths: a directory can contain any number of files.
pub(super) const MAX_LISTED: usize = 100;

/// Writes one line for each finding, then how to continue.
///
/// Without findings it writes nothing, except on a terminal.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(super) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let findings = &report.findings;
    if findings.is_empty() && report.is_terminal {
        writeln!(out, "nothing is refused")?;
    }
    for finding in findings.iter().take(MAX_LISTED) {
        let refused = "refused:".red().bold().to_string();
        writeln!(out, "{refused} {} {}", escape(&finding.entry.path).bold(), rule_and_reason(finding))?;
    }
    if findings.len() > MAX_LISTED {
        writeln!(out, "and {} more: --format json lists them all", findings.len() - MAX_LISTED)?;
    }
    for note in notes(&report.unread) {
        writeln!(out, "{} {note}", "note:".cyan())?;
    }
    if findings.is_empty() {
        return Ok(());
    }
    for remedy::Line { key, text } in remedy::lines(report) {
        writeln!(out, "{} {text}", format!("{}:", key.name()).cyan())?;
    }
    Ok(())
}
