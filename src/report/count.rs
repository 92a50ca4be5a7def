//! The report of `--quiet`: the number of findings.

use std::io::{self, Write};

use crate::check::Report;

/// Writes the number of findings, or nothing if there are none.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(super) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    write_count(report.findings.len(), out)
}

/// Writes the number of refused paths, or nothing if it is 0.
pub(super) fn write_count(refused: usize, out: &mut impl Write) -> io::Result<()> {
    if refused == 0 { Ok(()) } else { writeln!(out, "{refused} refused") }
}
