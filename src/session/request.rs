//! Selects the paths to stow, each with the rule that matches it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use super::Error;
use crate::git::{self, IgnoredFiles, Layout, Repository, TrackedPaths, untracked_under, user_path};
use crate::policy::{Home, Policy, Rule, SESSION_DIRECTORY, Verdict, is_session_directory};
use crate::project::{StagedProject, WorktreeProject};
use crate::{Change, Entry};

/// A path to stow.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The path in bytes, relative to the worktree.
    pub path: BString,
    /// The id of the rule that matches it, if one does.
    pub rule: Option<String>,
    /// The home that the rule names.
    pub home: Home,
    /// Whether the rule says that the file works only where it is.
    pub stays: bool,
    /// How much of a committed file to stow.
    pub extent: Extent,
}

/// How much of a committed file to stow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    /// The changes: the next commit keeps the version of its parent.
    Changes,
    /// The whole file: the next commit deletes it.
    Whole,
}

/// Finds the paths to stow.
#[derive(Debug)]
pub(crate) struct Selector<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The policy in force.
    pub policy: &'a Policy,
    /// The paths in the index.
    pub tracked: &'a TrackedPaths,
    /// The paths in the index without the intent-to-add entries, which excuse nothing.
    pub staged: &'a TrackedPaths,
}

impl Request {
    /// Creates a request that restores the old name of a renamed path.
    pub(super) fn old_name(path: BString) -> Self {
        Self::new(path, None, Extent::Changes)
    }

    fn new(path: BString, rule: Option<&Rule>, extent: Extent) -> Self {
        let home = rule.map_or(Home::default(), |rule| rule.home);
        let stays = rule.is_some_and(|rule| rule.stays);
        Self { path, rule: rule.map(|rule| rule.id.clone()), home, stays, extent }
    }

    /// Creates a request for a path that the user named.
    ///
    /// A file in the session directory is always stowed whole, because it stays in place.
    fn named(path: BString, rule: Option<&Rule>, extent: Extent) -> Self {
        let request = Self::new(path, rule, extent);
        let is_in_place = request.home.destination(request.path.as_bstr()).is_none();
        Self { extent: if is_in_place { Extent::Whole } else { extent }, ..request }
    }
}

impl Selector<'_> {
    /// Returns a request for each staged path that is refused.
    ///
    /// If one is in a session directory that is spelled in another letter case, the
    /// untracked files of that directory are requested, too.
    ///
    /// # Errors
    ///
    /// The index or a parent commit cannot be read.
    pub(crate) fn refused(&self) -> Result<Vec<Request>, Error> {
        let merged = self.repository.merge_heads()?;
        let mut prefilter = self.policy.prefilter();
        let staged = self.repository.staged(&merged, &mut |path| prefilter.may_refuse(path))?;
        let judged = staged.entries.iter().map(|entry| entry.path.clone()).collect();
        let mut project = StagedProject::new(self.repository, self.staged, judged);
        let findings = self.policy.findings(staged.entries, &mut project)?;
        let mut requests = Vec::new();
        let mut misspelled = BTreeSet::new();
        for finding in findings {
            let path = finding.entry.path;
            misspelled.extend(misspelled_session_directory(path.as_bstr()).map(BStr::to_owned));
            requests.push(Request::new(path, Some(finding.rule), Extent::Changes));
        }
        for directory in misspelled {
            let untracked = untracked_under(self.layout(), directory.as_bstr(), IgnoredFiles::Include)?;
            requests.extend(untracked.into_iter().map(|path| Request::new(path, None, Extent::Whole)));
        }
        Ok(requests)
    }

    /// Returns a request for each named file, and for each refused file in a named directory.
    ///
    /// `typed` are paths as the user typed them.
    ///
    /// # Errors
    ///
    /// A path is not in the worktree or belongs to another repository, or a directory
    /// contains no file that is refused.
    pub(crate) fn named(&self, typed: &[OsString], extent: Extent) -> Result<Vec<Request>, Error> {
        let mut requests = BTreeMap::new();
        for typed in typed {
            let path = user_path::resolve_or_root(self.repository, typed)?;
            check_owner(self.layout(), path.as_bstr())?;
            let named = if self.is_directory(path.as_bstr()) {
                self.refused_under(path, extent)?
            } else {
                let rule = match self.judge(path.as_bstr())? {
                    Verdict::Refused { rule, .. }
                    | Verdict::AllowedByEntry { rule, .. }
                    | Verdict::Exempt { rule, .. } => Some(rule),
                    Verdict::Unmatched => None,
                };
                vec![Request::named(path, rule, extent)]
            };
            requests.extend(named.into_iter().map(|request| (request.path.clone(), request)));
        }
        Ok(requests.into_values().collect())
    }

    /// Returns the tracked files in session directories that the policy refuses.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub(crate) fn committed_session_work(&self) -> Result<Vec<BString>, Error> {
        let paths = self
            .tracked
            .files_under(BStr::new(""))
            .filter(|path| crate::policy::is_in_session_directory(path));
        let mut refused = Vec::new();
        for path in paths {
            if matches!(self.judge_as(path, Change::Tracked)?, Verdict::Refused { .. }) {
                refused.push(path.to_owned());
            }
        }
        Ok(refused)
    }

    /// Returns a request for each refused file in `directory`, tracked or not.
    fn refused_under(&self, directory: BString, extent: Extent) -> Result<Vec<Request>, Error> {
        let mut paths = untracked_under(self.layout(), directory.as_bstr(), IgnoredFiles::Exclude)?;
        paths.extend(self.tracked.files_under(directory.as_bstr()).map(BStr::to_owned));
        // git would stage another repository as one entry.
        if !directory.is_empty() && self.layout().on_disk(directory.as_bstr()).join(".git").exists() {
            paths.push(directory.clone());
        }
        let entries = paths.into_iter().map(|path| Entry { path, change: Change::Untracked }).collect();
        let mut project = WorktreeProject::new(self.repository, self.staged.clone());
        let findings = self.policy.findings(entries, &mut project)?.into_iter();
        let requests: Vec<Request> =
            findings.map(|finding| Request::named(finding.entry.path, Some(finding.rule), extent)).collect();
        if requests.is_empty() { Err(Error::NothingRefused(directory)) } else { Ok(requests) }
    }

    /// Whether `path` is a directory, in the index or in the worktree.
    fn is_directory(&self, path: &BStr) -> bool {
        let on_disk = || self.layout().on_disk(path);
        let is_directory_on_disk = || on_disk().symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        path.is_empty()
            || !self.tracked.contains_file(path) && (self.tracked.contains(path) || is_directory_on_disk())
    }

    fn judge(&self, path: &BStr) -> Result<Verdict<'_>, git::Error> {
        self.judge_as(path, Change::Added)
    }

    fn judge_as(&self, path: &BStr, change: Change) -> Result<Verdict<'_>, git::Error> {
        let mut project = StagedProject::new(self.repository, self.staged, HashSet::from([path.to_owned()]));
        self.policy.judge(path, change, &mut project)
    }

    fn layout(&self) -> &Layout {
        self.repository.layout()
    }
}

/// Returns the session directory above `path` if it is spelled in another letter case.
fn misspelled_session_directory(path: &BStr) -> Option<&BStr> {
    path.find_iter(b"/").map(|slash| path[..slash].as_bstr()).find(|directory| {
        let name = directory.rsplit_str("/").next().unwrap_or_default().as_bstr();
        is_session_directory(name) && name != SESSION_DIRECTORY
    })
}

/// Checks that `path` belongs to this repository and is not behind a symlink.
///
/// # Errors
///
/// It is in the git directory, in another repository or behind a symlink.
pub(crate) fn check_owner(layout: &Layout, path: &BStr) -> Result<(), Error> {
    if path.split_str("/").any(|component| component.eq_ignore_ascii_case(b".git")) {
        return Err(Error::InGitDirectory(path.to_owned()));
    }
    for slash in path.find_iter(b"/") {
        let directory = path[..slash].as_bstr();
        let on_disk = layout.on_disk(directory);
        if on_disk.is_symlink() {
            return Err(Error::BehindSymlink(path.to_owned()));
        }
        if on_disk.join(".git").exists() {
            return Err(Error::OtherRepository { path: path.to_owned(), repository: directory.to_owned() });
        }
    }
    Ok(())
}

/// Whether the absolute path `file`, without symlinks, belongs to this repository.
#[must_use]
pub(crate) fn is_own_file(layout: &Layout, file: &Path) -> bool {
    let path = file.strip_prefix(layout.worktree());
    path.is_ok_and(|path| check_owner(layout, path.as_os_str().as_bytes().into()).is_ok())
}

#[cfg(test)]
mod tests {
    use bstr::BStr;

    use super::misspelled_session_directory;

    #[test]
    fn a_session_directory_in_another_case_is_misspelled() {
        for (path, directory) in [
            (".Claude_Sessions/x", Some(".Claude_Sessions")),
            ("pkg/.CLAUDE_SESSIONS/a/b", Some("pkg/.CLAUDE_SESSIONS")),
            (".claude_sessions/x", None),
            (".Claude_Sessions", None),
            ("src/x", None),
        ] {
            assert_eq!(misspelled_session_directory(path.into()), directory.map(BStr::new), "{path}");
        }
    }
}
