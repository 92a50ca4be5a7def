//! How to go on after a refusal, without losing a byte.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use owo_colors::OwoColorize;

use super::escape::shell_word;
use super::human::short;
use crate::git::Operation;
use crate::policy::Finding;

/// How refused paths are taken out again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WayOut<'w> {
    /// They are staged, and stay so: `stow` finds them by itself. Then the operation
    /// that is under way goes on.
    Stow(Option<Operation>),
    /// They are tracked, untracked, or staged in an index that git made for this commit alone:
    /// `stow` has to be told.
    StowNamed {
        /// Whether it is about changes that were to be committed.
        changes: bool,
    },
    /// They are in commits, which can be made anew here.
    Rewrite,
    /// They are in commits of somebody who reads this elsewhere.
    RewriteElsewhere,
    /// They are in commits up to this one, which no branch reaches, and none does now.
    Back(&'w str),
}

impl WayOut<'_> {
    /// Writes what to type: `program` is what this program is called by.
    pub(super) fn write(self, out: &mut impl Write, findings: &[Finding], program: &Path) -> io::Result<()> {
        let stow = format!("{} stow", shell_word(program.as_os_str().as_bytes().as_bstr()));
        match self {
            Self::Stow(operation) => {
                line(out, "stow", &stow)?;
                operation.map_or(Ok(()), |operation| line(out, "then", going_on(operation)))
            }
            Self::StowNamed { changes } => {
                // What a commit has is not to be deleted because somebody changed it.
                let is_known = |finding: &Finding| finding.entry.change.is_to_a_known_path();
                let changes = if changes && findings.iter().any(is_known) { " --changes" } else { "" };
                let paths = findings.iter().map(|finding| {
                    let from_top = bstr::concat([b":/", finding.entry.path.as_slice()]);
                    format!(" {}", shell_word(from_top.as_bstr()))
                });
                line(out, "stow", &format!("{stow}{changes} --{}", paths.collect::<String>()))
            }
            Self::Rewrite => {
                let there = format!("`{stow} PATH`, `git commit --amend --no-edit`, `git rebase --continue`");
                line(out, "mend", &format!("{}; there {there}", rewriting(findings)))
            }
            Self::RewriteElsewhere => {
                let there = "move the file out, `git commit -a --amend --no-edit`, `git rebase --continue`";
                line(out, "mend", &format!("{}; there {there}; push again", rewriting(findings)))
            }
            Self::Back(commit) => {
                line(out, "kept", "HEAD and all refs are as they were")?;
                let back = format!("git read-tree -m -u {commit} HEAD");
                line(
                    out,
                    "back",
                    &format!("{back}, where a reset or a fast-forward has changed the files already"),
                )
            }
        }
    }
}

fn line(out: &mut impl Write, word: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{} {text}", format!("{word}:").cyan())
}

/// How the oldest commit that has a refused path is made anew.
fn rewriting(findings: &[Finding]) -> String {
    let oldest = findings.iter().find_map(|finding| finding.introduced.as_ref());
    let parent = oldest.and_then(|oldest| oldest.parent.as_deref());
    let commit = oldest.map_or("", |oldest| short(&oldest.commit));
    format!("`git rebase -i {}` with `edit` for {commit}", parent.map_or("--root", short))
}

/// How an operation that a hook has stopped goes on when nothing is refused any more.
fn going_on(operation: Operation) -> &'static str {
    match operation {
        Operation::RebasePick => {
            "git commit --no-edit; git rebase --edit-todo, and drop the commit if it is listed again; \
             git rebase --continue. Or git rebase --abort"
        }
        Operation::Rebase => "git rebase --continue, or git rebase --edit-todo, or git rebase --abort",
        Operation::RebaseApply => {
            "git rebase --continue, or --skip if nothing is left of the commit, or --abort"
        }
        Operation::Am => "git am --continue, or --skip if nothing is left of the patch, or --abort",
        Operation::CherryPick => {
            "git cherry-pick --continue, or --skip if nothing is left of the commit, or --abort"
        }
        Operation::Revert => "git commit --no-edit; git revert --continue. Or git revert --abort",
        Operation::Merge => "git commit, or git merge --abort",
    }
}
