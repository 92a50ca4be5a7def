//! The lines of a human report that say how to continue without loss.

use bstr::{BStr, BString, ByteSlice};

use super::escape::{escape, shell_word};
use super::message::short_id;
use crate::check::{CheckedOutFiles, PushedFrom, Remedy, Report, Residue};
use crate::git::{ObjectId, Operation, Remote};
use crate::invocation::Invocation;
use crate::policy::{FILE_NAME, Finding, PathGlob, is_in_session_directory};
use crate::{Change, IntroducedBy};

/// What a line of the report is about. Scripts and agents look for these words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Key {
    /// The command that moves the paths out of the commit.
    Stow,
    /// The commands to run after that.
    Then,
    /// How to rewrite commits.
    Fix,
    /// The command that restores the index and the worktree.
    Restore,
    /// How to allow the paths.
    Allow,
    /// A fact.
    Note,
}

/// A line of the report: a key, and one command or fact.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Line {
    pub(super) key: Key,
    pub(super) text: String,
}

impl Key {
    /// The word that the line begins with, without its colon.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stow => "stow",
            Self::Then => "then",
            Self::Fix => "fix",
            Self::Restore => "restore",
            Self::Allow => "allow",
            Self::Note => "note",
        }
    }

    fn line(self, text: impl Into<String>) -> Line {
        Line { key: self, text: text.into() }
    }
}

/// The maximum number of paths in the command that allows them. Mostly, one of many is meant.
const MAX_ALLOWED: usize = 10;

/// The commands that amend the commit at which a rebase has stopped, and continue the rebase.
const AMEND_AND_CONTINUE: &str = "`git commit --amend --no-edit --allow-empty`, `git rebase --continue`";

/// Returns the lines that say how to continue after the report's findings.
pub(super) fn lines(report: &Report) -> Vec<Line> {
    let Report { findings, invocation, .. } = report;
    let stow = format!("{} stow", invocation.program());
    let mut lines = match &report.remedy {
        Remedy::Stow(None) => vec![Key::Stow.line(stow)],
        Remedy::Stow(Some(operation)) => {
            vec![Key::Stow.line(stow), Key::Then.line(invocation.git(commands(*operation).resume))]
        }
        Remedy::StowPaths { are_changes } => {
            // Without `--changes`, stow would delete a file that a commit already has.
            let is_change = |finding: &Finding| finding.entry.change.is_existing_path();
            let changes = if *are_changes && findings.iter().any(is_change) { " --changes" } else { "" };
            let paths: Vec<&BStr> = findings.iter().filter(|finding| can_stow(finding)).map(path).collect();
            let stow = (!paths.is_empty()).then(|| format!("{stow}{changes}{}", pathspecs(paths)));
            stow.map(|stow| Key::Stow.line(stow)).into_iter().collect()
        }
        Remedy::RewriteCommits => vec![Key::Fix.line(rewrite(invocation, findings, None))],
        Remedy::RewriteAndPush(from) => vec![Key::Fix.line(rewrite_and_push(invocation, findings, from))],
        Remedy::Fetch(remote) => vec![
            Key::Note
                .line("nothing here shows whether the remote has these commits: fetch its branches, then push again"),
            Key::Then.line(fetch(remote)),
        ],
        Remedy::RewriteBeforePush => {
            let amend = invocation.git(&format!("move the file out, `git add -A`, {AMEND_AND_CONTINUE}"));
            vec![Key::Fix.line(format!("{}; at each stop {amend}; then push again", rebase(invocation, findings, None)))]
        }
        Remedy::RefUpdateRejected(residue) => {
            let mut lines = vec![Key::Note.line("HEAD and all refs are unchanged")];
            lines.extend(clean_up(*residue, &stow, findings));
            lines
        }
    };
    lines.extend(allow(report).map(|text| Key::Allow.line(text)));
    if !report.combined.is_empty() {
        keep_combined(report, &mut lines);
    }
    lines
}

/// Says that `stow` leaves what a merge combines: each version that it could restore lacks changes.
fn keep_combined(report: &Report, lines: &mut Vec<Line>) {
    let is_combined = |finding: &Finding| report.combined.contains(&finding.entry.path);
    if report.findings.iter().all(is_combined) {
        lines.retain(|line| line.key != Key::Stow);
        lines.sort_by_key(|line| line.key == Key::Then);
    }
    let paths = report.combined.iter().map(escape).collect::<Vec<_>>().join(", ");
    let fact =
        format!("several parents have changed {paths}: stow would lose changes, and leaves it as merged");
    lines.insert(0, Key::Note.line(fact));
}

/// Returns the lines that say how to clean up after a rejected ref update.
///
/// The commands stash what they remove if they can, because it may be older than the update.
fn clean_up(residue: Residue, stow: &str, findings: &[Finding]) -> Vec<Line> {
    match residue {
        Residue::None(branch) => branch.map(detach).into_iter().collect(),
        Residue::Amend(commit, operation) => {
            // `-C` keeps the message and the author that the user asked for.
            let amend = format!("git commit --amend --allow-empty -C {commit}");
            let resume = operation.map_or("", |_| "; git rebase --continue");
            vec![
                Key::Stow.line(format!("{stow}{}", pathspecs(paths(findings)))),
                Key::Then.line(format!("{amend}{resume}")),
            ]
        }
        Residue::Operation(operation) => vec![Key::Then.line(commands(operation).abort)],
        Residue::Index(branch) => {
            let restore = Key::Restore.line("git reset");
            [restore].into_iter().chain(branch.map(detach)).collect()
        }
        Residue::Files(files) => {
            let restore = Key::Restore.line(restore_files(files));
            [restore].into_iter().chain(files.branch.map(detach)).collect()
        }
    }
}

/// Returns the commands that restore the index and the worktree. Other local changes stay.
fn restore_files(files: CheckedOutFiles) -> String {
    let CheckedOutFiles { commit, base, can_stash, has_conflict, autostash, .. } = files;
    let stash = if can_stash { "git stash store -m stage-guard $(git stash create) && " } else { "" };
    let unstash = autostash.map_or("", unstash);
    let read_tree = format!("{stash}git read-tree -m -u {commit} {base}{unstash}");
    if has_conflict {
        // The third stage of a conflict is the local version.
        return format!(
            "`git checkout --theirs PATH` and `git reset -q PATH` for each path with a conflict; then `{read_tree}`"
        );
    }
    read_tree
}

/// Returns the line that names the way to a commit without a branch.
///
/// Work on the commits of other people goes on there: only what is added to them is checked.
fn detach(commit: ObjectId) -> Line {
    Key::Then.line(format!("git checkout --detach {commit}"))
}

/// Returns the commands that rewrite the commits with findings in this repository.
fn rewrite(invocation: &Invocation, findings: &[Finding], branch: Option<&BString>) -> String {
    let (rebase, program) = (rebase(invocation, findings, branch), invocation.program());
    format!("{rebase}; at each stop `{program} stow PATH`, {}", invocation.git(AMEND_AND_CONTINUE))
}

/// Returns how to allow the refused paths.
///
/// Paths in a session directory belong in no commit, but `stow` leaves what a merge combines.
fn allow(report: &Report) -> Option<String> {
    let mut paths = paths(&report.findings);
    let is_combined = |path: &BStr| report.combined.iter().any(|combined| combined.as_bstr() == path);
    paths.retain(|path| !is_in_session_directory(path) || is_combined(path));
    if paths.is_empty() {
        return None;
    }
    Some(match &report.remedy {
        // Only the sender can change the configuration.
        Remedy::RewriteBeforePush => format!("add the path to `allow` in {FILE_NAME}"),
        _ => allow_command(&report.invocation.program(), paths),
    })
}

/// Returns the command that allows `paths`, or how to allow what no command can.
pub(super) fn allow_command(program: &str, mut paths: Vec<&BStr>) -> String {
    paths.retain(|path| PathGlob::exactly(path).is_ok());
    paths.sort_unstable();
    paths.dedup();
    match paths.len() {
        0 => format!("add a glob that matches the path to `allow` in {FILE_NAME}"),
        1..=MAX_ALLOWED => format!("{program} allow{}", pathspecs(paths)),
        _ => format!("`{program} allow PATH` for each path that is production code"),
    }
}

/// Returns the commands that rewrite pushed commits and push them again.
fn rewrite_and_push(invocation: &Invocation, findings: &[Finding], from: &PushedFrom) -> String {
    let branch = if let PushedFrom::Branch(branch) = from { Some(branch) } else { None };
    let rewrite = rewrite(invocation, findings, branch);
    let PushedFrom::Detached(tip, reference) = from else { return format!("{rewrite}; then push again") };
    let tag = reference.as_ref().and_then(|name| name.strip_prefix(b"refs/tags/"));
    let last = match tag {
        Some(tag) => format!("`git tag -f {}`, and push again", shell_word(tag.as_bstr())),
        None => "push `HEAD` instead".to_owned(),
    };
    format!("`git checkout --detach {tip}`, {rewrite}; then {last}")
}

/// Returns the command that makes the branches of a remote known as remote-tracking branches.
///
/// With an empty `--refmap`, no configured refspec updates other refs, as that of a mirror would.
fn fetch(remote: &Remote) -> String {
    let separator = if remote.name.starts_with(b"-") { " --" } else { "" };
    let name = shell_word(remote.name.as_bstr());
    match &remote.refspec {
        None => format!("git fetch{separator} {name}"),
        Some(refspec) => format!("git fetch --refmap={separator} {name} {}", shell_word(refspec.as_bstr())),
    }
}

fn paths<'f>(findings: &'f [Finding]) -> Vec<&'f BStr> {
    findings.iter().map(path).collect()
}

fn path<'f>(finding: &'f Finding) -> &'f BStr {
    finding.entry.path.as_bstr()
}

/// Whether `stow` has something to do: it skips an untracked file that works only where it is.
fn can_stow(finding: &Finding) -> bool {
    !finding.rule.stays || finding.entry.change != Change::Untracked
}

/// Returns ` -- PATHS`, relative to the top of the repository and quoted for a shell.
fn pathspecs(mut paths: Vec<&BStr>) -> String {
    paths.sort_unstable();
    paths.dedup();
    let word = |path: &BStr| format!(" {}", shell_word(bstr::concat([b":/", path.as_bytes()]).as_bstr()));
    format!(" --{}", paths.into_iter().map(word).collect::<String>())
}

/// Returns the interactive rebase that stops at each commit with findings.
///
/// The findings come oldest commit first. Without a branch, it is the one that is checked out.
fn rebase(invocation: &Invocation, findings: &[Finding], branch: Option<&BString>) -> String {
    let mut commits: Vec<&IntroducedBy> =
        findings.iter().filter_map(|finding| finding.introduced_by.as_ref()).collect();
    commits.dedup_by_key(|introduced| &introduced.commit);
    let parent = commits.first().and_then(|oldest| oldest.parent.as_deref());
    let (merges, picks): (Vec<_>, Vec<_>) = commits.iter().partition(|introduced| introduced.is_merge);
    let ids = |commits: &[&&IntroducedBy]| {
        commits.iter().map(|introduced| short_id(&introduced.commit)).collect::<Vec<_>>().join(", ")
    };
    let mut edits = Vec::new();
    if !picks.is_empty() {
        edits.push(format!("`edit` for {}", ids(&picks)));
    }
    if !merges.is_empty() {
        edits.push(format!("a line `break` below {}", ids(&merges)));
    }
    let edits = edits.join(" and ");
    let check = if merges.is_empty() {
        ""
    } else {
        " (git diff ORIG_HEAD shows afterwards what the new merge lacks)"
    };
    let branch = branch.map(|branch| format!(" {}", shell_word(branch.as_bstr()))).unwrap_or_default();
    let (git, check) = (invocation.git("git rebase -i -r"), invocation.git(check));
    format!("`{git} {}{branch}` with {edits}{check}", parent.map_or("--root", short_id))
}

/// The commands that finish an operation in which a hook has stopped git.
struct Commands {
    /// Continues it, once nothing is refused any more.
    resume: &'static str,
    /// Aborts it.
    abort: &'static str,
}

fn commands(operation: Operation) -> Commands {
    let (resume, abort) = match operation {
        Operation::RebaseBegun => ("git rebase --abort", "git rebase --abort"),
        Operation::RebasePick => (
            "git commit --no-edit, if anything is left; git rebase --edit-todo, and drop the commit if it is \
             listed again; git rebase --continue. Or git rebase --abort",
            "git rebase --abort",
        ),
        Operation::RebaseFixup => (
            "git commit --amend --no-edit; git rebase --edit-todo, and drop the commit if it is listed again; \
             git rebase --continue. Or git rebase --abort",
            "git rebase --abort",
        ),
        Operation::Rebase => {
            ("git rebase --continue, or git rebase --edit-todo, or git rebase --abort", "git rebase --abort")
        }
        Operation::RebaseApply => (
            "git rebase --continue, or --skip if nothing is left of the commit, or --abort",
            "git rebase --abort",
        ),
        Operation::Am => {
            ("git am --continue, or --skip if nothing is left of the patch, or --abort", "git am --abort")
        }
        Operation::CherryPick => (
            "git cherry-pick --continue, or --skip if nothing is left of the commit, or --abort",
            "git cherry-pick --abort",
        ),
        Operation::Revert => (
            "git commit --no-edit; git revert --continue. Or git revert --skip if nothing is left, or --abort",
            "git revert --abort",
        ),
        Operation::RevertOne => {
            ("git commit --no-edit, or git commit with another message", "git reset --merge")
        }
        Operation::Merge => ("git commit, or git merge --abort", "git merge --abort"),
    };
    Commands { resume, abort }
}

/// Returns the commands that end an operation and restore the changes that it has stashed.
fn unstash(operation: Operation) -> &'static str {
    match operation {
        Operation::Merge => " && git merge --quit && git stash pop --index",
        _ => " && git rebase --quit && git stash pop --index",
    }
}
