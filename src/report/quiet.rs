//! The reports of `--quiet`: a number.

use std::io::{self, Write};

use crate::check::Report;

/// Writes the number of findings, or nothing if there are none.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(super) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    write_count(out, report.findings.len(), "refused")
}

/// Writes `COUNT DONE`, for example `2 refused`, or nothing if the count is 0.
pub(super) fn write_count(out: &mut impl Write, count: usize, done: &str) -> io::Result<()> {
    if count == 0 { Ok(()) } else { writeln!(out, "{count} {done}") }
}
