//! Checks the index, the worktree or commits, and returns a [`Report`].
//!
//! A command or a hook calls a method of [`Check`] and passes the report to a renderer.
//! Entries come from [`crate::git`], the verdicts on them from [`crate::policy`].

pub(crate) mod commits;
mod report;

use std::error::Error;
use std::path::Path;

use bstr::{BString, ByteSlice};

pub use self::report::{CheckedOutFiles, PushedFrom, Remedy, Report, Residue};
use crate::configuration;
use crate::environment::Environment;
use crate::git::{self, Examined, Exclude, History, Log, MergedParents, Repository, Scan};
use crate::policy::{FILE_NAME, Policy, Prefilter};
use crate::project::{StagedProject, Unread, WorktreeProject};
use crate::{Change, Entry};

/// Shows a line of progress, which replaces the previous line. An empty line ends it.
pub type ShowProgress<'a> = &'a mut dyn FnMut(&str);

/// A check: where it runs, and by which configuration.
#[derive(Clone, Copy, Debug)]
pub struct Check<'c> {
    /// The environment, whose current directory is in the repository.
    pub environment: &'c Environment,
    /// The file of `--config`; `None` for the configuration of the repository.
    pub config: Option<&'c Path>,
}

/// The trigger of a check of the index.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trigger {
    /// The user runs it.
    Manual,
    /// git runs a hook, and will make a commit with these parents beside `HEAD`.
    Hook(MergedParents),
}

impl Check<'_> {
    /// Checks the entries that a commit of the index would add or change.
    ///
    /// # Errors
    ///
    /// The repository or its configuration cannot be read.
    pub fn staged(&self, trigger: Trigger) -> Result<Report<'static>, Box<dyn Error>> {
        let repository = Repository::open(self.environment)?;
        let merged = match trigger {
            Trigger::Manual => repository.merge_heads()?,
            Trigger::Hook(parents) => repository.merged(parents)?,
        };
        let (mut prefilter, scan) = self.scan(&repository)?;
        let staged = repository.read_staged(scan, &merged, &mut |path| prefilter.may_refuse(path))?;
        let remedy = if staged.entries.is_empty() {
            // Nothing can be refused, and looking for an operation reads several files.
            Remedy::Stow(None)
        } else if repository.index_is_temporary() {
            Remedy::StowPaths { are_changes: true }
        } else {
            Remedy::Stow(repository.operation())
        };
        let mut report = judge_index(&repository, prefilter.policy(), staged, remedy)?;
        if !merged.is_empty() {
            let changed = report.findings.iter().filter(|finding| finding.entry.change.is_existing_path());
            let changed = changed.map(|finding| finding.entry.path.clone()).collect();
            report.combined = repository.combined(&merged, &changed)?;
        }
        Ok(report)
    }

    /// Checks every tracked path.
    ///
    /// # Errors
    ///
    /// The repository or its configuration cannot be read.
    pub fn all_files(&self) -> Result<Report<'static>, Box<dyn Error>> {
        let repository = Repository::open(self.environment)?;
        let (mut prefilter, scan) = self.scan(&repository)?;
        let tracked = repository.read_tracked(scan, &mut |path| prefilter.may_refuse(path))?;
        judge_index(&repository, prefilter.policy(), tracked, Remedy::StowPaths { are_changes: false })
    }

    /// Returns the number of tracked paths that would be refused if they were new.
    ///
    /// It is for a note, so it is 0 if the index or the configuration cannot be read.
    #[must_use]
    pub fn tracked_session_work(&self) -> usize {
        self.count_tracked_session_work().unwrap_or_default()
    }

    /// Judges by names alone: to read texts and to search for names takes too long for a note.
    fn count_tracked_session_work(&self) -> Result<usize, Box<dyn Error>> {
        let repository = Repository::open(self.environment)?;
        let (mut prefilter, scan) = self.scan(&repository)?;
        let Examined { entries, .. } =
            repository.read_tracked(scan, &mut |path| prefilter.may_refuse(path))?;
        let mut project = StagedProject::of(&repository, prefilter.policy(), &entries)?.without_texts();
        Ok(prefilter.policy().findings(entries, &mut project)?.len())
    }

    /// Checks the paths that `git add -A` would start to track.
    ///
    /// # Errors
    ///
    /// The repository or its configuration cannot be read.
    pub fn untracked(&self) -> Result<Report<'static>, Box<dyn Error>> {
        let repository = Repository::open(self.environment)?;
        let policy = self.policy(|| repository.top_level_file(FILE_NAME))?;
        let untracked = git::untracked(repository.layout())?;
        let examined = untracked.len();
        let mut prefilter = policy.prefilter();
        let candidates = untracked.iter().filter(|path| prefilter.may_refuse(path.as_bstr()));
        let entry = |path: &BString| Entry { path: path.clone(), change: Change::Untracked };
        let entries: Vec<Entry> = candidates.map(entry).collect();
        let (mut findings, mut unread) = (Vec::new(), Unread::default());
        if !entries.is_empty() {
            // A path is judged by its siblings once `git add -A` has staged all untracked paths.
            let paths = repository.tracked_paths()?.extended(untracked);
            let mut project = WorktreeProject::new(&repository, paths);
            findings = policy.findings(entries, &mut project)?;
            unread = project.into_unread();
        }
        let report = Report::new(policy, findings, examined, Remedy::StowPaths { are_changes: false });
        Ok(Report { unread, ..report })
    }

    /// Checks each commit that `to` reaches and `from` does not.
    ///
    /// A path that one commit adds and a later one removes is refused: it stays in the history.
    ///
    /// # Errors
    ///
    /// A revision names no commit, or the history or the configuration cannot be read.
    pub fn range(
        &self,
        from: &str,
        to: &str,
        show_progress: ShowProgress,
    ) -> Result<Report<'static>, Box<dyn Error>> {
        let history = History::open(self.environment)?;
        let (from, to) = (history.resolve(from)?, history.resolve(to)?);
        let log = history.log(&[to], Exclude::Commits(&[from]))?;
        self.check_log(&history, log, show_progress)
    }

    /// Checks the commit that `revision` names.
    ///
    /// # Errors
    ///
    /// It names no commit, or the commit or the configuration cannot be read.
    pub fn commit(
        &self,
        revision: &str,
        show_progress: ShowProgress,
    ) -> Result<Report<'static>, Box<dyn Error>> {
        let history = History::open(self.environment)?;
        let log = history.log_one(history.resolve(revision)?)?;
        self.check_log(&history, log, show_progress)
    }

    /// Returns the policy in force. `read` reads the configuration of the repository.
    fn policy(
        &self,
        read: impl FnOnce() -> Result<Option<Vec<u8>>, git::Error>,
    ) -> Result<&'static Policy, Box<dyn Error>> {
        configuration::policy(self.environment, self.config, read)
    }

    fn check_log(
        &self,
        history: &History,
        log: Log,
        show_progress: ShowProgress,
    ) -> Result<Report<'static>, Box<dyn Error>> {
        let policy = self.policy(|| history.top_level_file(FILE_NAME))?;
        let checked = commits::check(log, history.trees(), policy, &[], show_progress)?;
        let report = Report::new(policy, checked.findings, checked.examined, Remedy::RewriteCommits);
        Ok(Report { unread: checked.unread, ..report })
    }

    /// Reads the policy and scans the index with it.
    ///
    /// If a sparse checkout keeps the configuration off the disk, it is read from the index,
    /// and the index is scanned again.
    fn scan(&self, repository: &Repository) -> Result<(Prefilter<'static>, Scan), Box<dyn Error>> {
        let on_disk = if self.config.is_some() { None } else { repository.file_on_disk(FILE_NAME)? };
        let is_known = self.config.is_some() || on_disk.is_some();
        let policy = self.policy(|| Ok(on_disk))?;
        let mut is_off_disk = false;
        let mut prefilter = policy.prefilter();
        let scan = repository.scan(|entry| {
            is_off_disk |= entry.is_off_disk() && entry.path == FILE_NAME;
            prefilter.may_refuse(entry.path)
        })?;
        if is_known || scan.has_top_level_files() && !is_off_disk {
            return Ok((prefilter, scan));
        }
        let policy = self.policy(|| repository.off_disk_file(FILE_NAME))?;
        let mut prefilter = policy.prefilter();
        let scan = repository.scan(|entry| prefilter.may_refuse(entry.path))?;
        Ok((prefilter, scan))
    }
}

/// Judges the candidates of the index by their tracked siblings.
fn judge_index(
    repository: &Repository,
    policy: &'static Policy,
    candidates: Examined,
    remedy: Remedy,
) -> Result<Report<'static>, Box<dyn Error>> {
    let Examined { entries, examined } = candidates;
    if entries.is_empty() {
        return Ok(Report::new(policy, Vec::new(), examined, remedy));
    }
    let mut project = StagedProject::of(repository, policy, &entries)?;
    let findings = policy.findings(entries, &mut project)?;
    let report = Report::new(policy, findings, examined, remedy);
    Ok(Report { unread: project.into_unread(), ..report })
}
