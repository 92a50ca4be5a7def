//! For GitHub's workflows: an annotation a finding.

use std::io::{self, Write};

use super::escape::{visible, visible_path};
use super::sentence::sentence;
use crate::policy::Finding;

/// What the runner takes back in the text of a command. The percent sign comes first.
const DATA: [(char, &str); 3] = [('%', "%25"), ('\r', "%0D"), ('\n', "%0A")];

/// What it takes back in a property, which a colon or a comma would end.
const PROPERTY: [(char, &str); 5] = [DATA[0], DATA[1], DATA[2], (':', "%3A"), (',', "%2C")];

/// Writes a workflow command for each of `findings`: GitHub shows it at the file.
///
/// # Errors
///
/// What `out` answers.
pub fn findings(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        let file = escaped(visible_path(&finding.entry.path), &PROPERTY);
        let title = escaped(format!("stage-guard: {}", visible(&finding.rule.id)), &PROPERTY);
        writeln!(out, "::error file={file},title={title}::{}", escaped(sentence(finding), &DATA))?;
    }
    Ok(())
}

fn escaped(text: String, table: &[(char, &str)]) -> String {
    table.iter().fold(text, |text, (c, escape)| text.replace(*c, escape))
}
