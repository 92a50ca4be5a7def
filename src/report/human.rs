//! For people and for agents that read along: short, one line a finding.

use std::io::{self, Write};
use std::path::Path;

use bstr::ByteSlice;
use owo_colors::OwoColorize;

use super::escape::{visible, visible_lines};
use super::sentence::{refused, verdict};
use super::way_out::WayOut;
use crate::policy::{Alternatives, Exemption, Explanation, FILE_NAME, Finding, Rule, Verdict};

/// How many findings get a line of their own. A forgotten directory can hold any
/// number, and agents pay for every line.
pub(super) const MOST: usize = 100;

/// Writes a line for each of `findings`, then how to go on: `program` is what this
/// program is called by.
///
/// # Errors
///
/// What `out` answers.
pub fn findings(
    out: &mut impl Write,
    findings: &[Finding],
    way_out: WayOut,
    program: &Path,
) -> io::Result<()> {
    for finding in findings.iter().take(MOST) {
        let refused = "refused:".red().bold().to_string();
        writeln!(out, "{refused} {} {}", visible(&finding.entry.path).bold(), verdict(finding))?;
    }
    if findings.len() > MOST {
        writeln!(out, "and {} more: --format json lists them all", findings.len() - MOST)?;
    }
    way_out.write(out, findings, program)?;
    writeln!(out, "{} add the path to `allow` in {FILE_NAME}", "allow:".cyan())
}

/// Writes how many of the findings there are; nothing, where there is none.
///
/// # Errors
///
/// What `out` answers.
pub fn count(out: &mut impl Write, refused: usize) -> io::Result<()> {
    if refused == 0 { Ok(()) } else { writeln!(out, "{refused} refused") }
}

/// Writes that nothing is refused.
///
/// # Errors
///
/// What `out` answers.
pub fn nothing_refused(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "nothing is refused")
}

/// Writes what the policy says of each path, and why.
///
/// # Errors
///
/// What `out` answers.
pub fn explanations(out: &mut impl Write, explained: &[Explanation]) -> io::Result<()> {
    for Explanation { path, verdict, alternatives } in explained {
        let path = path.as_bstr();
        let caught = |rule: &Rule, pattern: &str| format!("{} (`{}`)", visible(&rule.id), visible(pattern));
        let (word, why) = match verdict {
            Verdict::Refused { rule, pattern } => (
                "refused".red().to_string(),
                format!("{}: {}", caught(rule, pattern.as_str()), refused(rule, path)),
            ),
            Verdict::AllowedByEntry { rule, pattern, glob } => (
                "allowed".green().to_string(),
                format!(
                    "`allow` has `{}`, against {}",
                    visible(glob.as_str()),
                    caught(rule, pattern.as_str())
                ),
            ),
            Verdict::Exempt { rule, pattern, exemption } => (
                "allowed".green().to_string(),
                format!("{}, against {}", exempted(exemption), caught(rule, pattern.as_str())),
            ),
            Verdict::Unmatched => ("allowed".green().to_string(), "no rule catches it".to_owned()),
        };
        writeln!(out, "{}: {word}: {why}", visible(path).bold())?;
        let question = "  would it run in production?";
        match alternatives {
            None => writeln!(out, "{question} nothing says that it would not")?,
            Some(alternatives) => {
                writeln!(out, "{question} by its name and its place it would not")?;
                writeln!(out, "  if it would, it is fine {}", fine(alternatives))?;
            }
        }
    }
    Ok(())
}

fn fine(alternatives: &Alternatives) -> String {
    let Alternatives { elsewhere, beside, allow } = alternatives;
    let mut ways = Vec::new();
    ways.extend(elsewhere.as_ref().map(|path| format!("as {}", visible(path))));
    if !beside.is_empty() {
        ways.push(format!("beside {}", beside.iter().map(visible).collect::<Vec<_>>().join(" or ")));
    }
    ways.push(match allow {
        Some(glob) => {
            let text = toml::Value::String(glob.clone()).to_string();
            format!("with allow = [{}] in {FILE_NAME}", visible_lines(&text))
        }
        None => format!("with an entry of `allow` in {FILE_NAME}"),
    });
    ways.join(", or ")
}

fn exempted(exemption: &Exemption) -> String {
    match exemption {
        Exemption::Name(name) => format!("the name `{}` is left alone", visible(name.as_str())),
        Exemption::Directory(name) => format!("a directory `{}` is left alone", visible(name.as_str())),
        Exemption::NotInProductionRoot => "it is not directly in a production root".to_owned(),
        Exemption::Sibling(path) => format!("it belongs to `{}` beside it", visible(path)),
        Exemption::Known => "`tracked` is `allow` and the path is known".to_owned(),
    }
}
