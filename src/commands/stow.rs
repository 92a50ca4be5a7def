//! `stow`: takes refused files out of the commit, and puts them where they belong.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::mem::ManuallyDrop;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use super::{Context, Outcome};
use crate::Change;
use crate::cli::{HumanOrJson, StowArgs};
use crate::git::{
    IgnoredFiles, IndexUpdate, PathState, Repository, TrackedPaths, WorktreeState, exclude_file, path_states,
    untracked_under, user_path, worktree_states,
};
use crate::policy::{Home, Policy, Rule, SESSION_DIRECTORY, Verdict, is_in_session_directory};
use crate::report;
use crate::report::session::Stowed;
use crate::session::{self, Held, Ignoring, SessionDirectory, Task, Wanted};
use crate::signals::Signals;

/// Why nothing could be stowed.
#[derive(Debug, thiserror::Error)]
enum Unstowable {
    #[error("this index is one that git made for a commit alone: run `stow` outside of hooks")]
    TemporaryIndex,
    #[error("there is nothing at `{0}`")]
    Nothing(BString),
    #[error("nothing below `{0}/` is refused: name the files themselves")]
    NothingBelow(BString),
    #[error("`{0}` is git's own")]
    Gits(BString),
    #[error("`{0}` belongs to another repository, in `{1}`: stow it there")]
    OtherRepository(BString, BString),
    #[error("`{0}` lies behind a symlink: name it by its own path")]
    BehindSymlink(BString),
}

/// Stows the paths that `args` has, or what is staged and refused.
pub(super) fn run(args: &StowArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let opened = context.open_repository()?;
    if opened.index_is_temporary() {
        return Err(Unstowable::TemporaryIndex.into());
    }
    let signals = Signals::caught()?;
    if args.undo {
        return undo(&opened, &signals, context);
    }
    let index = if args.dry_run.is_on { None } else { Some(IndexUpdate::lock(&opened)?) };
    let planned = plan(args, context)
        .map_err(|error| if signals.came() { session::Error::Interrupted.into() } else { error });
    let Plan { repository, tasks, not_ignored, left } = planned?;
    if let Some(index) = index.as_ref().filter(|_| !tasks.is_empty()) {
        let ignoring = not_ignored.map(|pattern| have_ignored(&repository, pattern, &tasks)).transpose()?;
        let done = session::stow(&repository, index, &tasks, &|| signals.came());
        done.inspect_err(|_| ignoring.iter().for_each(Ignoring::take_back))?;
    }
    let ignored = not_ignored;
    let is_dry_run = args.dry_run.is_on;
    let stowed = Stowed {
        tasks,
        ignored,
        left,
        is_dry_run,
        is_asked_for_all: args.paths.is_empty(),
        program: context.program()?,
    };
    let out = &mut context.out;
    match args.format {
        _ if context.is_quiet => report::session::count(out, &stowed)?,
        HumanOrJson::Json => report::json::stowed(out, &stowed)?,
        HumanOrJson::Human => report::session::stowed(out, &stowed)?,
    }
    Ok(Outcome::Allowed)
}

/// Undoes the last stow.
fn undo(
    repository: &Repository,
    signals: &Signals,
    context: &mut Context,
) -> Result<Outcome, Box<dyn Error>> {
    let index = IndexUpdate::lock(repository)?;
    let undone = session::undo(repository, &index, &|| signals.came())?;
    if !context.is_quiet {
        report::session::undone(&mut context.out, undone)?;
    }
    Ok(Outcome::Allowed)
}

/// All that is decided before the first step.
struct Plan {
    repository: ManuallyDrop<Repository>,
    tasks: Vec<Task>,
    /// The pattern by which git does not ignore yet what it will have to.
    not_ignored: Option<&'static str>,
    left: Vec<BString>,
}

/// Reads the repository, under the lock if there is one: what is read there stays so.
fn plan(args: &StowArgs, context: &Context) -> Result<Plan, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let policy = context.policy(&args.config, &|name| repository.top_level_file(name))?;
    let tracked = repository.tracked_paths()?;
    let is_asked_for_all = args.paths.is_empty();
    let wanted = if is_asked_for_all {
        refused(&repository, &policy, &tracked)?
    } else {
        named(&repository, &policy, &tracked, args)?
    };
    let tasks = tasks(&repository, wanted)?;
    let not_ignored = not_ignored(&repository, &tasks)?;
    let left = if is_asked_for_all { committed(&policy, &tracked, &tasks) } else { Vec::new() };
    Ok(Plan { repository, tasks, not_ignored, left })
}

/// What is staged and refused. From a session directory in another letter case, what
/// is not staged goes along.
fn refused(
    repository: &Repository,
    policy: &Policy,
    tracked: &TrackedPaths,
) -> Result<Vec<Wanted>, Box<dyn Error>> {
    let merged = repository.merge_heads()?;
    let mut prefilter = policy.prefilter();
    let staged = repository.staged(&merged, &mut |path| prefilter.may_refuse(path))?;
    let Ok(findings) = policy.findings(staged.entries, |path| Ok::<_, Infallible>(tracked.contains(path)));
    let mut wanted = Vec::new();
    let mut misspelt = BTreeSet::new();
    for finding in findings {
        let path = finding.entry.path;
        misspelt.extend(misspelt_directory(path.as_bstr()).map(BStr::to_owned));
        wanted.push(want(path, Some(finding.rule), false));
    }
    for directory in misspelt {
        for path in untracked_under(repository.layout(), directory.as_bstr(), IgnoredFiles::Include)? {
            wanted.push(want(path, None, true));
        }
    }
    Ok(wanted)
}

/// The session directory of `path`, where it is spelt in another letter case.
fn misspelt_directory(path: &BStr) -> Option<&BStr> {
    path.find_iter(b"/").map(|slash| path[..slash].as_bstr()).find(|directory| {
        let name = directory.rsplit_str("/").next().unwrap_or_default();
        name.eq_ignore_ascii_case(SESSION_DIRECTORY.as_bytes()) && name != SESSION_DIRECTORY.as_bytes()
    })
}

fn want(path: BString, rule: Option<&Rule>, is_named: bool) -> Wanted {
    let home = rule.map_or(Home::default(), |rule| rule.home);
    Wanted { path, rule: rule.map(|rule| rule.id.clone()), home, is_named }
}

/// What is in a session directory already has no place to take its changes to.
fn want_named(path: BString, rule: Option<&Rule>, args: &StowArgs) -> Wanted {
    let wanted = want(path, rule, true);
    let stays = wanted.home.destination(wanted.path.as_bstr()).is_none();
    Wanted { is_named: !args.changes || stays, ..wanted }
}

/// The files that were named, and of each directory what is refused below it.
fn named(
    repository: &Repository,
    policy: &Policy,
    tracked: &TrackedPaths,
    args: &StowArgs,
) -> Result<Vec<Wanted>, Box<dyn Error>> {
    let judge = |path: &BStr| {
        let Ok(verdict) =
            policy.judge(path, Change::Added, |path| Ok::<_, Infallible>(tracked.contains(path)));
        verdict
    };
    let mut wanted: BTreeMap<BString, Wanted> = BTreeMap::new();
    for typed in &args.paths {
        let path = user_path::resolve_or_root(repository.layout(), typed)?;
        check_is_ours(repository, path.as_bstr())?;
        let is_directory = path.is_empty()
            || !tracked.contains_file(path.as_bstr())
                && (is_directory_itself(&repository.layout().on_disk(path.as_bstr()))
                    || tracked.contains(path.as_bstr()));
        if !is_directory {
            let rule = match judge(path.as_bstr()) {
                Verdict::Refused { rule, .. }
                | Verdict::AllowedByEntry { rule, .. }
                | Verdict::Exempt { rule, .. } => Some(rule),
                Verdict::Unmatched => None,
            };
            wanted.insert(path.clone(), want_named(path, rule, args));
            continue;
        }
        let mut below = untracked_under(repository.layout(), path.as_bstr(), IgnoredFiles::Exclude)?;
        below.extend(tracked.files_under(path.as_bstr()).map(BStr::to_owned));
        // A repository inside this one is taken whole: git would stage it as one entry.
        let is_repository =
            !path.is_empty() && repository.layout().on_disk(path.as_bstr()).join(".git").exists();
        below.extend(is_repository.then(|| path.clone()));
        let before = wanted.len();
        for path in below {
            if let Verdict::Refused { rule, .. } = judge(path.as_bstr()) {
                wanted.insert(path.clone(), want_named(path, Some(rule), args));
            }
        }
        if wanted.len() == before {
            return Err(Unstowable::NothingBelow(path).into());
        }
    }
    Ok(wanted.into_values().collect())
}

/// Whether a directory is there, and not a symlink to one.
fn is_directory_itself(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Whether `path` can be one of this repository's.
fn check_is_ours(repository: &Repository, path: &BStr) -> Result<(), Unstowable> {
    if path.split_str("/").any(|component| component.eq_ignore_ascii_case(b".git")) {
        return Err(Unstowable::Gits(path.to_owned()));
    }
    for slash in path.find_iter(b"/") {
        let directory = path[..slash].as_bstr();
        let on_disk = repository.layout().on_disk(directory);
        if on_disk.is_symlink() {
            return Err(Unstowable::BehindSymlink(path.to_owned()));
        }
        if on_disk.join(".git").exists() {
            return Err(Unstowable::OtherRepository(path.to_owned(), directory.to_owned()));
        }
    }
    Ok(())
}

/// What is to be done with what is wanted.
fn tasks(repository: &Repository, wanted: Vec<Wanted>) -> Result<Vec<Task>, Box<dyn Error>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let paths: BTreeSet<BString> = wanted.iter().map(|wanted| wanted.path.clone()).collect();
    let mut sides = path_states(repository.layout(), &repository.parents()?, &paths)?;
    let mut standing = worktree_states(repository.layout(), &sides)?;
    let mut held = Vec::new();
    for wanted in wanted {
        let (Some(sides), Some(standing)) = (sides.remove(&wanted.path), standing.remove(&wanted.path))
        else {
            continue;
        };
        if sides == PathState::default() && standing == WorktreeState::Missing {
            return Err(Unstowable::Nothing(wanted.path).into());
        }
        held.push(Held { wanted, sides, standing });
    }
    let session = SessionDirectory::at(repository.top());
    let tasks = session.plan(held, &|id| repository.blob(id))?;
    Ok(tasks.into_iter().filter(|task| !task.is_nothing()).collect())
}

/// The pattern that has git ignore what `tasks` put into the session directory or
/// leave there; nothing, where it does.
fn not_ignored(repository: &Repository, tasks: &[Task]) -> Result<Option<&'static str>, Box<dyn Error>> {
    let left = crate::git::not_ignored(repository.layout(), &at_home(tasks))?;
    // A pattern that ends in a slash matches directories alone.
    let is_bare = |path: &BString| path.rsplit_str("/").next() == Some(SESSION_DIRECTORY.as_bytes());
    let pattern = if left.iter().any(is_bare) { ".claude_sessions" } else { ".claude_sessions/" };
    Ok((!left.is_empty()).then_some(pattern))
}

/// Has git ignore what `tasks` leave in the session directory.
fn have_ignored(
    repository: &Repository,
    pattern: &'static str,
    tasks: &[Task],
) -> Result<Ignoring, Box<dyn Error>> {
    let ignoring = Ignoring::add(&exclude_file(repository.layout())?, pattern)?;
    super::check_is_ignored(repository, &at_home(tasks)).inspect_err(|_| ignoring.take_back())?;
    Ok(ignoring)
}

fn at_home(tasks: &[Task]) -> Vec<BString> {
    tasks.iter().flat_map(Task::at_home).cloned().collect()
}

/// The committed paths in session directories that nothing is done with.
fn committed(policy: &Policy, tracked: &TrackedPaths, tasks: &[Task]) -> Vec<BString> {
    let is_done = |path: &BStr| tasks.iter().any(|task| task.path == path);
    let is_refused = |path: &BStr| {
        let Ok(verdict) =
            policy.judge(path, Change::Tracked, |path| Ok::<_, Infallible>(tracked.contains(path)));
        matches!(verdict, Verdict::Refused { .. })
    };
    let paths = tracked.files_under(b"".as_bstr()).filter(|path| is_in_session_directory(path));
    paths.filter(|path| is_refused(path) && !is_done(path)).map(BStr::to_owned).collect()
}
