//! `agent`, before files are written: denies those for which a commit would be refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::super::Context;
use super::{environment_in, is_unguarded, may_be_guard, open_repository};
use crate::agents::{FileWrite, NewText};
use crate::bypass::{Bypass, is_guarded_file};
use crate::cli::Config;
use crate::environment::Environment;
use crate::git::user_path::{canonicalize_lenient, nearest_ancestor};
use crate::git::{self, Repository, not_ignored, read_regular_file};
use crate::policy::{Finding, MAX_EVIDENCE_FILE, Policy, is_below_session_directory};
use crate::project::{WrittenFile, WrittenProject};
use crate::report;
use crate::report::agent::{DeniedWrite, DeniedWrites, MAX_PATHS, denied_writes};
use crate::session::SessionDirectory;
use crate::{Change, Entry};

/// The number of files of an event that are judged. The others are allowed.
const MAX_FILES: usize = 1000;

/// The number of directories for which a repository is looked for.
const MAX_OPENED: usize = 16;

/// The number of bytes of the files that an event edits, all together. The text of others is unknown.
const MAX_EDITED: u64 = 1 << 24;

/// The number of bytes of the paths of these files, all together.
const MAX_BYTES: usize = 1 << 17;

/// The length from which the system opens no path.
const MAX_PATH: usize = 4096;

/// Files that are about to be written or removed, with their paths in one repository, in order.
type Writes<'f> = Vec<(BString, &'f FileWrite)>;

/// Returns why the agent must not write these files; `None` if it may.
///
/// The repository of a file is the one that contains it, and not always that of `directory`. Every
/// write is allowed in another repository without hooks of this program.
/// If one repository cannot be read, the files in the others are denied all the same.
pub(super) fn check(
    context: &Context,
    directory: &Path,
    files: &[FileWrite],
) -> Result<Option<String>, Box<dyn Error>> {
    let mut worktrees = Worktrees {
        environment: &context.environment,
        opened: Vec::new(),
        by_directory: HashMap::new(),
        failure: None,
    };
    let mut bytes_left = MAX_BYTES;
    for file in files.iter().take(MAX_FILES) {
        let path = directory.join(&file.path);
        let length = path.as_os_str().len();
        if length > MAX_PATH {
            continue;
        }
        let Some(left) = bytes_left.checked_sub(length) else { break };
        bytes_left = left;
        let canonical = canonicalize_lenient(&path);
        if [&path, &canonical].iter().any(|path| is_guarded_file(path, may_be_guard)) {
            let hook = Bypass::HookChanged(file.path.as_os_str().as_bytes().into());
            return Ok(Some(report::agent::bypass(&hook, &context.program()?)));
        }
        worktrees.add(&canonical, file);
    }
    let (mut denials, mut failure) = (Vec::new(), worktrees.failure.map(Box::from));
    for (repository, files) in &worktrees.opened {
        if let Some(repository) = repository {
            match check_in(context, directory, repository, files) {
                Ok(Some(denial)) if !is_foreign(context, directory, repository)? => denials.push(denial),
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
    }
    match failure {
        Some(error) if denials.is_empty() => Err(error),
        _ => Ok((!denials.is_empty()).then(|| denials.join("\n"))),
    }
}

/// Whether a repository is unguarded, and is neither that of `directory` nor in its worktree.
pub(super) fn is_foreign(
    context: &Context,
    directory: &Path,
    repository: &Repository,
) -> Result<bool, git::Error> {
    let Some(own) = open_repository(&environment_in(&context.environment, directory)?)? else {
        return Ok(false);
    };
    let top = repository.worktree();
    Ok(!top.starts_with(own.worktree()) && is_unguarded(context, directory, top))
}

/// The worktrees that contain the files of an event.
struct Worktrees<'e, 'f> {
    environment: &'e Environment,
    /// The repositories with their files; `None` for a directory that is in no worktree.
    opened: Vec<(Option<Repository>, Writes<'f>)>,
    /// The positions in `opened`.
    by_directory: HashMap<PathBuf, usize>,
    /// The error of a repository that cannot be opened.
    failure: Option<git::Error>,
}

impl<'f> Worktrees<'_, 'f> {
    /// Adds a file, whose path is canonical, to the repository that contains it.
    fn add(&mut self, path: &Path, file: &'f FileWrite) {
        let Some(parent) = existing_parent(path) else { return };
        let Some(position) = self.position(parent) else { return };
        if let Some((Some(repository), files)) = self.opened.get_mut(position)
            && let Ok(inside) = path.strip_prefix(repository.worktree())
        {
            files.push((inside.as_os_str().as_bytes().into(), file));
        }
    }

    /// Returns the position of the repository of a directory; `None` after [`MAX_OPENED`].
    fn position(&mut self, directory: &Path) -> Option<usize> {
        if let Some(position) = self.by_directory.get(directory) {
            return Some(*position);
        }
        let contains = |(repository, _): &(Option<Repository>, _)| {
            repository.as_ref().is_some_and(|repository| is_worktree_of(repository.worktree(), directory))
        };
        let position = match self.opened.iter().position(contains) {
            Some(position) => position,
            None if self.opened.len() == MAX_OPENED => return None,
            None => {
                let environment = environment_in(self.environment, directory);
                let repository = environment.and_then(|environment| open_repository(&environment));
                let repository = repository.unwrap_or_else(|error| {
                    self.failure = Some(error);
                    None
                });
                self.opened.push((repository, Writes::new()));
                self.opened.len() - 1
            }
        };
        self.by_directory.insert(directory.to_owned(), position);
        Some(position)
    }
}

/// Whether `directory` is in the worktree, and in no repository inside it.
fn is_worktree_of(worktree: &Path, directory: &Path) -> bool {
    let has = |directory: &Path, name| fs::symlink_metadata(directory.join(name)).is_ok();
    let is_repository =
        |directory: &Path| has(directory, ".git") || has(directory, "HEAD") && has(directory, "objects");
    let mut below = directory.ancestors().take_while(|ancestor| *ancestor != worktree);
    directory.starts_with(worktree) && !below.any(is_repository)
}

/// Returns the nearest existing directory above `file`; `None` for a file in `.git`.
fn existing_parent(file: &Path) -> Option<&Path> {
    if file.components().any(|component| component.as_os_str().eq_ignore_ascii_case(".git")) {
        return None;
    }
    nearest_ancestor(file, Path::is_dir)
}

/// Returns why the agent must not write these files of one repository; `None` if it may.
fn check_in(
    context: &Context,
    directory: &Path,
    repository: &Repository,
    files: &Writes,
) -> Result<Option<String>, Box<dyn Error>> {
    let policy = context.policy(&Config::default(), |name| repository.top_level_file(name))?;
    let mut findings = findings(repository, policy, directory, files)?;
    if findings.is_empty() {
        return Ok(None);
    }
    let paths: Vec<BString> = findings.iter().map(|finding| finding.entry.path.clone()).collect();
    let kept: BTreeSet<BString> = not_ignored(repository.layout(), &paths)?.into_iter().collect();
    findings.retain(|finding| kept.contains(&finding.entry.path));
    if findings.is_empty() {
        return Ok(None);
    }
    let top = repository.worktree();
    Ok(Some(denied_writes(&DeniedWrites {
        writes: suggest(repository, &findings, files),
        others: findings.len().saturating_sub(MAX_PATHS),
        top: Some(top).filter(|top| *top != canonicalize_lenient(directory)),
        program: &context.program()?,
    })))
}

/// Returns a finding for each file that is session work, ignored ones included.
///
/// Files that work only where they are may be written.
fn findings(
    repository: &Repository,
    policy: &'static Policy,
    directory: &Path,
    files: &Writes,
) -> Result<Vec<Finding<'static>>, Box<dyn Error>> {
    let is_suspect = |path: &&BStr| !is_below_session_directory(path) && policy.may_refuse(path);
    let last: BTreeMap<&BStr, &FileWrite> =
        files.iter().map(|(path, file)| (path.as_bstr(), *file)).collect();
    let left = last.into_iter().filter(|(_, file)| file.text != NewText::Removed).map(|(path, _)| path);
    let suspects: Vec<&BStr> = left.filter(is_suspect).collect();
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let questions = suspects.iter().flat_map(|path| policy.questions(path));
    let asked: Vec<BString> = questions.chain(suspects.iter().map(|path| (*path).to_owned())).collect();
    let tracked = repository.tracked_among(&asked)?;
    let entry = |path: &BStr| Entry { path: path.to_owned(), change: Change::Added };
    let is_new = |path: &&BStr| !tracked.contains_file(path);
    let entries: Vec<Entry> = suspects.into_iter().filter(is_new).map(entry).collect();
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut written = written(repository, directory, files);
    // Of files that only name others, the text on the disk tells most of it.
    let is_judged = |path: &BString| entries.iter().any(|entry| entry.path == *path);
    let exists = |path: &BString| repository.layout().on_disk(path.as_bstr()).exists();
    written.retain(|path, file| *file != WrittenFile::Unknown || is_judged(path) || !exists(path));
    let mut project = WrittenProject::new(repository, tracked, written);
    let mut findings = policy.findings(entries, &mut project)?;
    findings.retain(|finding| !finding.rule.stays);
    Ok(findings)
}

/// Returns what the files will be after all of the writes.
///
/// The files that are edited are read as long as they have at most [`MAX_EDITED`] bytes together.
fn written(repository: &Repository, directory: &Path, files: &Writes) -> BTreeMap<BString, WrittenFile> {
    let limit = usize::try_from(MAX_EVIDENCE_FILE).unwrap_or(usize::MAX);
    let mut written = BTreeMap::new();
    let mut bytes_left = MAX_EDITED;
    for (path, file) in files {
        let read = |source: &Path| {
            let source = directory.join(source);
            let inside = canonicalize_lenient(&source);
            let inside =
                inside.strip_prefix(repository.worktree()).ok().map(|path| path.as_os_str().as_bytes());
            match inside.and_then(|inside| written.get(inside.as_bstr())) {
                Some(WrittenFile::Text(text)) => {
                    bytes_left = bytes_left.checked_sub(text.len().try_into().ok()?)?;
                    Some(text.clone())
                }
                Some(WrittenFile::Unknown) => None,
                Some(WrittenFile::Removed) => Some(Vec::new()),
                None => text_on_disk(&source, &mut bytes_left),
            }
        };
        let result = match &file.text {
            NewText::Removed => WrittenFile::Removed,
            text => text.resolve(limit, read).map_or(WrittenFile::Unknown, WrittenFile::Text),
        };
        written.insert(path.clone(), result);
    }
    written
}

/// Returns the text of a file, empty if there is none; `None` if it is large or cannot be read.
///
/// It is read only if it has at most `bytes_left` bytes, which are used up.
fn text_on_disk(file: &Path, bytes_left: &mut u64) -> Option<Vec<u8>> {
    let length = match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(Vec::new()),
        metadata => metadata.ok()?.len(),
    };
    if length > MAX_EVIDENCE_FILE {
        return None;
    }
    *bytes_left = bytes_left.checked_sub(length)?;
    read_regular_file(file).ok()
}

/// Returns the first findings with paths to write instead.
///
/// Such a path neither exists nor is written, and no two are the same.
fn suggest<'f>(repository: &Repository, findings: &'f [Finding], files: &Writes) -> Vec<DeniedWrite<'f>> {
    let directory = SessionDirectory::new(repository.worktree());
    let mut taken: BTreeSet<BString> = files.iter().map(|(path, _)| path.clone()).collect();
    let listed = findings.iter().take(MAX_PATHS);
    let suggest = |finding: &'f Finding| {
        let path = finding.entry.path.as_bstr();
        let suggestion = directory.free_name(finding.rule.home.default_path(path).as_bstr(), &taken);
        let suggested = repository.layout().on_disk(suggestion.as_bstr());
        taken.insert(suggestion);
        let exists = repository.layout().on_disk(path).exists();
        DeniedWrite { finding, suggestion: suggested, exists }
    };
    listed.map(suggest).collect()
}
