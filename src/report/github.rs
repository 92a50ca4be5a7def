//! The report for GitHub workflows: one annotation for each finding.

use std::io::{self, Write};

use super::escape::{escape, escape_path};
use super::message::{notes, summary};
use crate::check::Report;

/// The escapes that GitHub's runner decodes in the message of a workflow command.
///
/// The percent sign comes first, so that it is not escaped twice.
const MESSAGE: [(char, &str); 3] = [('%', "%25"), ('\r', "%0D"), ('\n', "%0A")];

/// The escapes that it decodes in a property, which a colon or a comma would end.
const PROPERTY: [(char, &str); 5] = [MESSAGE[0], MESSAGE[1], MESSAGE[2], (':', "%3A"), (',', "%2C")];

/// Writes one workflow command for each finding, which GitHub shows at the file, and for each
/// note.
///
/// # Errors
///
/// Fails if `out` cannot be written to.
pub(super) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    for finding in &report.findings {
        let file = escaped(escape_path(&finding.entry.path), &PROPERTY);
        let line = finding.shown.map(|shown| format!(",line={}", shown.line)).unwrap_or_default();
        let title = escaped(format!("stage-guard: {}", escape(&finding.rule.id)), &PROPERTY);
        let message = escaped(summary(finding), &MESSAGE);
        writeln!(out, "::error file={file}{line},title={title}::{message}")?;
    }
    for note in notes(&report.unread) {
        writeln!(out, "::notice title=stage-guard::{}", escaped(note, &MESSAGE))?;
    }
    Ok(())
}

fn escaped(text: String, escapes: &[(char, &str)]) -> String {
    escapes.iter().fold(text, |text, (c, escape)| text.replace(*c, escape))
}
