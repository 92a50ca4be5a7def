//! `allow`: adds entries for paths to `allow` in the configuration.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;

use bstr::{BStr, BString, ByteSlice};

use super::{Context, Outcome};
use crate::cli::AllowArgs;
use crate::configuration::ConfigurationFile;
use crate::git::{Repository, TrackedPaths, user_path};
use crate::policy::{FILE_NAME, Invalid, PathGlob, Policy};
use crate::report;
use crate::report::allow::{AllowState, Allowed};
use crate::report::escape::{escape, shell_word, toml_string};
use crate::report::failure::Failure;
use crate::session;

/// Adds an entry for each path that a rule can refuse. A second run changes nothing.
pub(super) fn run(args: &AllowArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let targets = targets(&repository, &args.paths)?;
    let invocation = context.invocation()?;
    let config = args.config.file.as_deref();
    let name = config.map_or_else(
        || repository.worktree().join(FILE_NAME),
        |file| repository.environment().absolute(file),
    );
    let allowed = session::retry(&name, || -> Result<_, Box<dyn Error>> {
        let file = ConfigurationFile::read(&repository, config)?;
        let policy = file.policy()?;
        let states: Vec<AllowState> =
            targets.iter().map(|target| state(&policy, target)).collect::<Result<_, _>>()?;
        let is_done = args.dry_run.is_on || write(&file, &targets, &states, &repository)?;
        Ok(is_done.then(|| Allowed {
            file: file.name().to_owned(),
            is_new: !file.exists(),
            git_path: file.path_in(repository.layout()).map(BStr::to_owned),
            paths: targets.iter().map(|target| target.path().to_owned()).zip(states).collect(),
            is_dry_run: args.dry_run.is_on,
            invocation: invocation.clone(),
        }))
    })?;
    if context.is_quiet {
        report::allow::render_count(&allowed, &mut context.out)?;
    } else {
        report::allow::render(&allowed, &mut context.out)?;
    }
    let has_written = allowed.count() > 0 && !args.dry_run.is_on;
    Ok(if has_written { Outcome::Done } else { Outcome::Allowed })
}

/// What the user wants to allow. Paths are relative to the worktree.
#[derive(Debug, Eq, PartialEq)]
enum Target {
    /// A path as git has it: a file, a symlink or a gitlink, which need not exist.
    Path(BString),
    /// A directory, with all that is in it or will be.
    Directory(BString),
}

impl Target {
    fn path(&self) -> &BStr {
        match self {
            Self::Path(path) | Self::Directory(path) => path.as_bstr(),
        }
    }

    /// Returns the entry that allows this.
    fn entry(&self) -> Result<PathGlob, Invalid> {
        match self {
            Self::Path(path) => PathGlob::exactly(path.as_bstr()),
            Self::Directory(path) => PathGlob::below(path.as_bstr()),
        }
    }

    /// Returns whether a rule could refuse this, or a file in it.
    fn may_be_refused(&self, policy: &Policy) -> bool {
        match self {
            Self::Path(path) => policy.may_refuse(path.as_bstr()),
            Self::Directory(path) => policy.may_refuse_below(path.as_bstr()),
        }
    }

    /// Returns a path that an entry matches if it allows this.
    fn sample(&self) -> BString {
        match self {
            Self::Path(path) => path.clone(),
            // At any depth, and with names that only a wildcard matches.
            Self::Directory(path) => bstr::concat([path.as_slice(), b"/\0/\0"]).into(),
        }
    }
}

/// Returns the targets that the user named, each of them once.
fn targets(repository: &Repository, typed: &[OsString]) -> Result<Vec<Target>, Box<dyn Error>> {
    let tracked = repository.tracked_paths()?;
    let mut targets = Vec::new();
    for typed in typed {
        let path = user_path::resolve_or_root(repository, typed)?;
        if path.is_empty() {
            let failure = Failure::new("cannot allow the whole worktree");
            return Err(failure.with_help("name files or directories in it").into());
        }
        session::check_owner(repository.layout(), path.as_bstr())?;
        let target = if is_directory(repository, &tracked, path.as_bstr(), typed) {
            Target::Directory(path)
        } else {
            check_no_glob(repository, &tracked, path.as_bstr(), typed)?;
            Target::Path(path)
        };
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// Whether `path` is a directory and not a repository.
///
/// If nothing has that name, a `/` at the end of the `typed` path makes it one.
fn is_directory(repository: &Repository, tracked: &TrackedPaths, path: &BStr, typed: &OsStr) -> bool {
    let on_disk = repository.layout().on_disk(path);
    let is_on_disk = || match fs::symlink_metadata(&on_disk) {
        Ok(metadata) => metadata.is_dir() && !on_disk.join(".git").exists(),
        Err(_) => typed.as_bytes().ends_with(b"/"),
    };
    !tracked.contains_file(path) && (tracked.contains(path) || is_on_disk())
}

/// Checks that the `typed` path is not meant as a glob.
///
/// It may be one if it has special characters, does not exist and does not begin with `:/`, as
/// the paths in a refusal do, which may be those of files in a commit.
fn check_no_glob(
    repository: &Repository,
    tracked: &TrackedPaths,
    path: &BStr,
    typed: &OsStr,
) -> Result<(), Failure> {
    let exists = || fs::symlink_metadata(repository.layout().on_disk(path)).is_ok();
    let may_be_glob = path.find_byteset(b"*?[{").is_some() && !typed.as_bytes().starts_with(b":/");
    if !may_be_glob || tracked.contains(path) || exists() {
        return Ok(());
    }
    let help = format!(
        "add {} to `allow` in {FILE_NAME} to allow what it matches; {} is a file of that name",
        toml_string(&path.to_str_lossy()),
        shell_word(bstr::concat([b":/", path.as_bytes()]).as_bstr())
    );
    Err(Failure::new(format!("`{}` does not exist, and is taken for a path, not a glob", escape(path)))
        .with_help(help))
}

/// Decides what `policy` lacks to allow `target`.
fn state(policy: &Policy, target: &Target) -> Result<AllowState, Failure> {
    if let Some(entry) = policy.allow_entry(target.sample().as_bstr()) {
        return Ok(AllowState::Exists(entry.as_str().to_owned()));
    }
    if !target.may_be_refused(policy) {
        return Ok(match target {
            Target::Path(_) => AllowState::NotRefused,
            Target::Directory(_) => AllowState::NoFileRefused,
        });
    }
    let entry = target.entry().map_err(|invalid| {
        let help = format!("add a glob that matches it to `allow` in {FILE_NAME}, such as `DIRECTORY/*`");
        Failure::new(format!("cannot allow `{}`", escape(target.path()))).with_help(help).with_source(invalid)
    })?;
    Ok(AllowState::Added(entry.as_str().to_owned()))
}

/// Adds the entries to `file`. Returns `false` if the file has changed meanwhile.
fn write(
    file: &ConfigurationFile,
    targets: &[Target],
    states: &[AllowState],
    repository: &Repository,
) -> Result<bool, Box<dyn Error>> {
    let added = |state: &AllowState| match state {
        AllowState::Added(entry) => Some(toml_string(entry)),
        AllowState::Exists(_) | AllowState::NotRefused | AllowState::NoFileRefused => None,
    };
    let entries: Vec<String> = states.iter().filter_map(added).collect();
    if entries.is_empty() {
        return Ok(true);
    }
    let new = file.with_allow_entries(&entries)?;
    // Nothing is written that does not have the effect.
    let policy = new.policy()?;
    for (target, state) in targets.iter().zip(states) {
        let is_added = matches!(state, AllowState::Added(_));
        if is_added && policy.allow_entry(target.sample().as_bstr()).is_none() {
            let path = escape(target.path());
            return Err(Failure::new(format!("cannot add `{path}` to `{}`", escape(file.name()))).into());
        }
    }
    file.replace(&new, repository.layout())
}
