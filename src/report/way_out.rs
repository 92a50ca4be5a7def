//! How to go on after a refusal, without losing a byte.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::{BStr, ByteSlice};
use owo_colors::OwoColorize;

use super::escape::shell_word;
use super::sentence::short;
use crate::Introduced;
use crate::git::{ObjectId, Operation};
use crate::policy::Finding;

/// How refused paths are taken out again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WayOut {
    /// They are staged, and stay so: `stow` finds them by itself. Then the operation
    /// that is under way goes on.
    Stow(Option<Operation>),
    /// They are tracked, untracked, or staged in an index that git made for this commit
    /// alone: `stow` has to be told.
    StowNamed {
        /// Whether it is about changes that were to be committed.
        changes: bool,
    },
    /// They are in commits, which can be made anew here.
    Rewrite,
    /// They are in commits of somebody who reads this elsewhere.
    RewriteElsewhere,
    /// They are in a commit that no ref may name. `HEAD` and all refs are as they were.
    RefsStay(Leftover),
}

/// What is left of an operation when git may not update a ref.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Leftover {
    /// Nothing.
    Nothing,
    /// `HEAD` has the paths already, and was to be amended to this commit; perhaps in the
    /// middle of an operation.
    Amend(ObjectId, Option<Operation>),
    /// An operation that can only be taken back: the paths are in commits of others.
    Operation(Operation),
    /// Index and worktree have the files of this commit already: git asks afterwards.
    /// What was not committed before may be put away.
    Files(ObjectId, Option<Operation>),
    /// The paths are staged.
    Staged,
}

impl WayOut {
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
                line(out, "stow", &format!("{stow}{changes}{}", paths(findings)))
            }
            Self::Rewrite => {
                line(out, "mend", &format!("{}; there `{stow} PATH`, {GOING_ON}", rewriting(findings)))
            }
            Self::RewriteElsewhere => {
                let there = format!("move the file out, `git add -A`, {GOING_ON}; then push again");
                line(out, "mend", &format!("{}; there {there}", rewriting(findings)))
            }
            Self::RefsStay(leftover) => {
                line(out, "kept", "HEAD and all refs are as they were")?;
                // Whatever is taken back stays in the stash: perhaps it was there before.
                match leftover {
                    Leftover::Nothing => Ok(()),
                    Leftover::Amend(commit, operation) => {
                        line(out, "stow", &format!("{stow}{}", paths(findings)))?;
                        let and_then = operation.map_or("", |_| "; git rebase --continue");
                        // With the message and the author that were asked for.
                        line(out, "then", &format!("git commit --amend --allow-empty -C {commit}{and_then}"))
                    }
                    Leftover::Operation(operation) => line(out, "then", taking_back(operation)),
                    Leftover::Files(commit, autostash) => {
                        let and_then = autostash.map_or("", bringing_back);
                        let save = "git stash store -m stage-guard $(git stash create)";
                        line(out, "back", &format!("{save} && git read-tree -m -u {commit} HEAD{and_then}"))
                    }
                    Leftover::Staged => line(out, "back", "git stash push"),
                }
            }
        }
    }
}

/// How a commit is made anew at which a rebase has stopped, without the paths.
const GOING_ON: &str = "`git commit --amend --no-edit --allow-empty`, `git rebase --continue`";

fn line(out: &mut impl Write, word: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{} {text}", format!("{word}:").cyan())
}

/// ` -- PATHS`, from the top of the repository.
fn paths(findings: &[Finding]) -> String {
    let mut paths: Vec<_> = findings.iter().map(|finding| finding.entry.path.as_bstr()).collect();
    paths.sort_unstable();
    paths.dedup();
    let word = |path: &BStr| format!(" {}", shell_word(bstr::concat([b":/", path.as_bytes()]).as_bstr()));
    format!(" --{}", paths.into_iter().map(word).collect::<String>())
}

/// How the commits that have refused paths are made anew, the oldest first.
fn rewriting(findings: &[Finding]) -> String {
    let mut commits: Vec<&Introduced> =
        findings.iter().filter_map(|finding| finding.introduced.as_ref()).collect();
    commits.dedup_by_key(|introduced| &introduced.commit);
    let parent = commits.first().and_then(|oldest| oldest.parent.as_deref());
    let (merges, picks): (Vec<_>, Vec<_>) = commits.iter().partition(|introduced| introduced.is_merge);
    let names = |commits: &[&&Introduced]| {
        commits.iter().map(|introduced| short(&introduced.commit)).collect::<Vec<_>>().join(", ")
    };
    let mut ways = Vec::new();
    if !picks.is_empty() {
        ways.push(format!("with `edit` for {}", names(&picks)));
    }
    if !merges.is_empty() {
        ways.push(format!("with a line `break` below {}", names(&merges)));
    }
    let ways = ways.join(" and ");
    let check = if merges.is_empty() {
        ""
    } else {
        " (git diff ORIG_HEAD shows in the end what a merge made anew lacks)"
    };
    format!("`git rebase -i -r {}` {ways}{check}", parent.map_or("--root", short))
}

/// How an operation that a hook has stopped goes on when nothing is refused any more.
fn going_on(operation: Operation) -> &'static str {
    match operation {
        Operation::RebaseBegun => taking_back(operation),
        Operation::RebasePick => {
            "git commit --no-edit, if anything is left; git rebase --edit-todo, and drop the commit if it is \
             listed again; git rebase --continue. Or git rebase --abort"
        }
        Operation::RebaseFixup => {
            "git commit --amend --no-edit; git rebase --edit-todo, and drop the commit if it is listed again; \
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
        Operation::Revert => {
            "git commit --no-edit; git revert --continue. Or git revert --skip if nothing is left, or --abort"
        }
        Operation::RevertOne => "git commit --no-edit, or with a message of your own",
        Operation::Merge => "git commit, or git merge --abort",
    }
}

/// How an operation is taken back.
fn taking_back(operation: Operation) -> &'static str {
    match operation {
        Operation::RebaseBegun
        | Operation::RebasePick
        | Operation::RebaseFixup
        | Operation::Rebase
        | Operation::RebaseApply => "git rebase --abort",
        Operation::Am => "git am --abort",
        Operation::CherryPick => "git cherry-pick --abort",
        Operation::Revert => "git revert --abort",
        Operation::RevertOne => "git reset --merge",
        Operation::Merge => "git merge --abort",
    }
}

/// How what an operation has put away comes back when it is no more.
fn bringing_back(operation: Operation) -> &'static str {
    match operation {
        Operation::Merge => " && git merge --quit && git stash pop --index",
        _ => " && git rebase --quit && git stash pop --index",
    }
}
