//! For people and for agents that read along: short, one line a finding.

use std::io::{self, Write};

use bstr::{BStr, BString, ByteSlice};
use owo_colors::OwoColorize;

use super::escape::{shell_word, visible};
use crate::policy::{Exemption, FILE_NAME, Finding, Rule, Verdict, is_in_session_directory};

/// How many findings get a line of their own. A forgotten directory can hold any
/// number, and agents pay for every line.
const MOST: usize = 100;

/// How refused paths are taken out again, in git's own commands.
#[derive(Clone, Copy, Debug)]
pub enum WayOut {
    /// They are staged.
    Unstage {
        /// There is no `HEAD` yet that says what the index goes back to.
        is_unborn: bool,
        /// The index is one that git made for this commit alone and drops now.
        is_temporary: bool,
    },
    /// They are tracked.
    Untrack,
}

/// Writes a line for each of `findings`, then how to go on. Nothing, where
/// nothing is found.
///
/// # Errors
///
/// What `out` answers.
pub fn findings(out: &mut impl Write, findings: &[Finding], way_out: WayOut) -> io::Result<()> {
    for Finding { entry, rule, .. } in findings.iter().take(MOST) {
        let path = entry.path.as_bstr();
        let refused = "refused:".red().bold().to_string();
        write!(out, "{refused} {} [{}] {}", visible(path).bold(), visible(&rule.id), visible(&rule.reason))?;
        writeln!(out, "{}", belongs(rule, path))?;
    }
    if findings.is_empty() {
        return Ok(());
    }
    if findings.len() > MOST {
        writeln!(out, "and {} more: --format json lists them all", findings.len() - MOST)?;
    }
    let paths: Vec<String> = findings.iter().map(|finding| pathspec(&finding.entry.path)).collect();
    let paths = paths.join(" ");
    let (what, command) = match way_out {
        WayOut::Unstage { is_unborn: false, .. } => ("unstage:", "restore --staged"),
        WayOut::Unstage { is_unborn: true, .. } => ("unstage:", "rm --cached -f"),
        WayOut::Untrack => ("untrack:", "rm --cached"),
    };
    writeln!(out, "{} git {command} -- {paths}", what.cyan())?;
    if matches!(way_out, WayOut::Unstage { is_temporary: true, .. }) {
        let what = "leave out:".cyan().to_string();
        writeln!(out, "{what} `git commit` without -a and without these paths: it takes what is staged")?;
    }
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
pub fn explanations(out: &mut impl Write, judged: &[(BString, Verdict)]) -> io::Result<()> {
    for (path, verdict) in judged {
        let path = path.as_bstr();
        let caught = |rule: &Rule, pattern: &str| format!("{} (`{}`)", visible(&rule.id), visible(pattern));
        let (word, why) = match verdict {
            Verdict::Refused { rule, pattern } => (
                "refused".red().to_string(),
                format!(
                    "{}: {}{}",
                    caught(rule, pattern.as_str()),
                    visible(&rule.reason),
                    belongs(rule, path)
                ),
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
    }
    Ok(())
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

/// `, belongs in DIRECTORY`; nothing for what is in a session directory already.
fn belongs(rule: &Rule, path: &BStr) -> String {
    if is_in_session_directory(path) {
        return String::new();
    }
    format!(", belongs in {}", rule.home.directory(path))
}

/// A path as a pathspec that means this path alone, wherever the user stands, and
/// as a word of a shell. Behind `:/` nearly every sign is magic too (pathspec in
/// gitglossary(7)), so that is only for paths that begin without one.
fn pathspec(path: &BString) -> String {
    let is_glob = path.iter().any(|byte| b"*?[\\".contains(byte));
    let is_plain = path.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
    let magic: &[u8] = if is_plain && !is_glob { b":/" } else { b":(top,literal)" };
    shell_word(bstr::concat([magic, path.as_bytes()]).as_bstr())
}
