//! `reference-transaction`: whatever moves a branch, by any road.

use std::error::Error;
use std::ffi::OsStr;

use super::super::{Outcome, Output, Tell, check, commits, policy};
use crate::cli::Options;
use crate::git::{History, Known, Operation, RefUpdate, Target};
use crate::report::way_out::WayOut;

/// Judges the commits that branches and a detached `HEAD` are about to reach and
/// that no branch, remote branch or tag has reached so far. All else is decided from
/// what git says, before a repository is opened: in most transactions there is nothing
/// to judge. In a bare repository, where a mirror is fetched into, it is the pushes
/// that are judged, by `pre-receive`.
pub(super) fn run(
    options: &Options,
    state: &OsStr,
    input: &[u8],
    tell: Tell,
    out: &mut Output,
) -> Result<Outcome, Box<dyn Error>> {
    // In the other states nothing can be held any more, or nothing is certain yet.
    if state != "prepared" {
        return Ok(Outcome::Allowed);
    }
    let (mut tips, mut names, mut olds) = (Vec::new(), Vec::new(), Vec::new());
    for update in RefUpdate::lines(input) {
        let update = update?;
        if let Some(id) = update.new.object().filter(|id| is_watched(&update) && !tips.contains(*id)) {
            tips.push(id.clone());
            olds.extend(update.old.object().cloned());
            names.push(update.name);
        }
    }
    if tips.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let history = History::open()?;
    if history.is_bare() {
        return Ok(Outcome::Allowed);
    }
    let operation = Operation::under_way(history.git_dir());
    // What a rebase has made so far was judged when it was made, and is once more when the
    // branch is to reach it. To judge all of it at each pick would take longer and longer.
    let is_pick = operation.is_some_and(Operation::is_rebase) && names.iter().all(|name| name == "HEAD");
    let known = Known::BranchesTagsAnd(if is_pick { &olds } else { &[] });
    let commits = history.new_commits(&tips, known)?;
    if commits.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let policy = policy(options, &|name| history.top_level_file(name))?;
    let findings = commits::findings(&history, &policy, &commits, &names, tell)?;
    if findings.is_empty() {
        return Ok(Outcome::Allowed);
    }
    let way_out = match operation {
        // What is refused is staged as well.
        Some(operation) => WayOut::Stow(Some(operation)),
        None => WayOut::Back(commits.first().map_or("", |newest| &newest.id)),
    };
    check::report(options, &findings, commits.len(), way_out, out)
}

/// `checkout` and `switch --detach` do not say what `HEAD` was: to look at an old
/// commit is not to add it to anything.
fn is_watched(update: &RefUpdate) -> bool {
    let is_branch = update.name.starts_with(b"refs/heads/");
    let is_moved_head = update.name == "HEAD" && update.old != Target::Nothing;
    (is_branch || is_moved_head) && update.old != update.new
}
