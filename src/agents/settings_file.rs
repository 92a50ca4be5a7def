//! The settings file of an agent on the disk.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Agent;
use super::entries::Rest;
use super::record::{self, Created, Record};
use super::settings::{self, Settings};
use crate::disk::exists;
use crate::git::user_path::canonicalize_lenient;
use crate::git::{self, read_regular_file};
use crate::report::escape::display_path;
use crate::session;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The settings files of the agents in a worktree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SettingsFiles<'a> {
    /// The top, absolute and without symlinks.
    pub top: &'a Path,
    /// The git directory of the worktree, which has the record of what was created.
    pub git_dir: &'a Path,
}

/// The settings file of an agent in a worktree, which need not exist.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    agent: Agent,
    /// The path, relative to the top of the worktree.
    name: &'static str,
    path: PathBuf,
    /// The path without symlinks, relative to the top of the worktree.
    target: PathBuf,
    /// The text without the byte order mark; `None` if there is no file.
    text: Option<String>,
    /// The byte order mark at the beginning, or nothing.
    mark: &'static str,
}

/// What [`SettingsFiles::uninstall`] did.
#[derive(Debug, Default)]
pub(crate) struct Removal {
    /// The files from which this program was removed.
    pub changed: Vec<SettingsFile>,
    /// Files that `install` has written, and that have another form now. They are not changed.
    pub skipped: Vec<&'static str>,
    /// Tracked files with entries of another clone's `install`. They are not changed.
    pub tracked: Vec<&'static str>,
}

/// An error of a settings file. Nothing was changed, unless it is `Disk` or `Write`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A symlink leads out of the worktree.
    #[error("cannot use {}: it leads out of the worktree", display_path(.0))]
    Outside(PathBuf),
    /// A symlink is dangling or leads to itself.
    #[error("cannot follow the symlink {}", display_path(.0))]
    Dangling(PathBuf, #[source] io::Error),
    /// The file cannot be read.
    #[error("cannot read {}", display_path(.0))]
    Read(PathBuf, #[source] io::Error),
    /// The file does not have the expected form.
    #[error("cannot add hooks to {}", display_path(.0))]
    Form(PathBuf, #[source] settings::Error),
    /// A directory cannot be created, or the file cannot be removed.
    #[error("cannot {step} {}", display_path(.path))]
    Disk {
        /// The operation, as a verb.
        step: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] session::Error),
    /// git cannot be asked whether the file is tracked.
    #[error(transparent)]
    Git(#[from] git::Error),
}

impl Error {
    /// Returns what the user can do about it.
    #[must_use]
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Outside(_) | Self::Dangling(..) => {
                Some("replace the symlink by a file or directory of the worktree".to_owned())
            }
            Self::Form(_, settings::Error::Foreign) => {
                Some("rename the file, then run the command again".to_owned())
            }
            Self::Form(_, settings::Error::Entries(_)) => {
                Some("fix the file, then run the command again".to_owned())
            }
            Self::Write(error) => error.help(),
            Self::Git(error) => error.help(),
            Self::Form(..) | Self::Read(..) | Self::Disk { .. } => None,
        }
    }
}

impl SettingsFiles<'_> {
    /// Makes an agent run `program`, and returns its settings file.
    ///
    /// The file is changed atomically. What is created for it is recorded before.
    ///
    /// # Errors
    ///
    /// Returns an error if the file does not have the expected form, or if it, its directory or
    /// the record cannot be written.
    pub(crate) fn install(self, agent: Agent, program: &Path) -> Result<SettingsFile, Error> {
        let path = self.top.join(agent.settings().file);
        session::retry(&path, || {
            let file = SettingsFile::read(self.top, agent)?;
            let text = file.with_program(program)?;
            // Only the first of several installations knows what was there before.
            let created = (!file.runs_this_program()).then(|| file.missing(self.top));
            Record::set(self.git_dir, agent, created)?;
            Ok(file.write(&text, self.git_dir)?.then_some(file))
        })
    }

    /// Removes this program from the settings files of all agents.
    ///
    /// Removes files and directories that were created. A file that cannot be read or has
    /// another form is not changed, nor is a tracked file of an agent that was not set up here:
    /// others want it so.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be written or removed, or the error of `is_tracked`.
    pub(crate) fn uninstall(
        self,
        is_tracked: impl Fn(&Path) -> Result<bool, git::Error>,
    ) -> Result<Removal, Error> {
        let record = Record::read(self.git_dir);
        let mut removal = Removal::default();
        for agent in Agent::ALL {
            let (Settings { file, copies, .. }, created) = (agent.settings(), record.created(agent));
            let count = removal.changed.len();
            for name in copies.iter().chain([file]) {
                if !record.has(agent) && self.is_set_up_by_others(agent, name, &is_tracked)? {
                    removal.tracked.push(name);
                } else {
                    removal.changed.extend(self.remove(agent, name, created)?);
                }
            }
            let (path, is_changed) = (self.top.join(file), removal.changed.len() > count);
            if self.check(agent).is_err() {
                removal.skipped.push(file);
            }
            if !exists(&path) && (created.is_some() || is_changed) {
                self.remove_directories(&path, created.map_or(usize::MAX, |created| created.directories));
            }
        }
        Record::remove(self.git_dir);
        Ok(removal)
    }

    /// Whether a file is tracked in which this program is.
    fn is_set_up_by_others(
        self,
        agent: Agent,
        name: &'static str,
        is_tracked: impl Fn(&Path) -> Result<bool, git::Error>,
    ) -> Result<bool, Error> {
        let file = SettingsFile::read_named(self.top, agent, name).ok();
        let file = file.filter(SettingsFile::runs_this_program);
        Ok(file.map_or(Ok(false), |file| is_tracked(file.target()))?)
    }

    /// Removes this program from one file. Returns the file if this program was in it.
    fn remove(
        self,
        agent: Agent,
        name: &'static str,
        created: Option<Created>,
    ) -> Result<Option<SettingsFile>, Error> {
        let contents = &agent.settings().contents;
        session::retry(&self.top.join(name), || {
            let Ok(file) = SettingsFile::read_named(self.top, agent, name) else { return Ok(Some(None)) };
            let is_created = created.map_or_else(|| file.is_as_created(), |created| created.file);
            let rest = match file.text.as_deref().and_then(|text| contents.without(text)) {
                None => return Ok(Some(None)),
                Some(Rest::Text(rest)) => {
                    Some(rest).filter(|rest| !(is_created && contents.is_negligible(rest)))
                }
                Some(Rest::Nothing { emptied }) => {
                    let has_existed = created.is_some() && !is_created || file.path.is_symlink();
                    has_existed.then_some(emptied)
                }
            };
            if let Some(rest) = rest {
                return Ok(file.write(&rest, self.git_dir)?.then_some(Some(file)));
            }
            fs::remove_file(&file.path).map_err(disk("remove", &file.path))?;
            Ok(Some(Some(file)))
        })
    }

    /// Checks that the file of an agent can be read, if `install` has set up the agent.
    ///
    /// # Errors
    ///
    /// Returns an error if nothing can be told of the file.
    pub(crate) fn check(self, agent: Agent) -> Result<(), Error> {
        if !Record::read(self.git_dir).has(agent) {
            return Ok(());
        }
        let file = SettingsFile::read(self.top, agent)?;
        let check = |text| agent.settings().contents.check(text);
        file.text.as_deref().map_or(Ok(()), check).map_err(|error| Error::Form(file.path.clone(), error))
    }

    /// Removes the innermost empty directories around a file, at most `count`.
    fn remove_directories(self, file: &Path, count: usize) {
        // A symlink could lead out of the worktree.
        if directories_of(self.top, file).any(Path::is_symlink) {
            return;
        }
        for directory in directories_of(self.top, file).take(count) {
            // Fails if the directory is not empty, which is fine.
            let _ = fs::remove_dir(directory);
        }
    }

    /// Returns the path of the record of what was created.
    #[must_use]
    pub(crate) fn record(self) -> PathBuf {
        record::path(self.git_dir)
    }
}

impl SettingsFile {
    /// Reads the settings file of an agent in the worktree `top`.
    ///
    /// # Errors
    ///
    /// Returns an error if a symlink leads out of the worktree or is dangling, or if the file
    /// cannot be read.
    pub(crate) fn read(top: &Path, agent: Agent) -> Result<Self, Error> {
        Self::read_named(top, agent, agent.settings().file)
    }

    fn read_named(top: &Path, agent: Agent, name: &'static str) -> Result<Self, Error> {
        let path = top.join(name);
        let links = path.ancestors().take_while(|path| *path != top).filter(|path| path.is_symlink());
        for link in links {
            let target = fs::canonicalize(link).map_err(|error| Error::Dangling(link.to_owned(), error))?;
            if !target.starts_with(top) || target.starts_with(top.join(".git")) {
                return Err(Error::Outside(link.to_owned()));
            }
        }
        let real = canonicalize_lenient(&path);
        let target = real.strip_prefix(top).unwrap_or(&real).to_owned();
        let text = read_regular_file(&path)
            .and_then(|text| String::from_utf8(text).map_err(|error| io::Error::other(error.utf8_error())));
        let text = match text {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { agent, name, path, target, text: None, mark: "" });
            }
            Err(error) => return Err(Error::Read(path, error)),
        };
        let (text, mark) = match text.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) => (text.to_owned(), BYTE_ORDER_MARK),
            None => (text, ""),
        };
        Ok(Self { agent, name, path, target, text: Some(text), mark })
    }

    /// Returns the agent.
    #[must_use]
    pub(crate) fn agent(&self) -> Agent {
        self.agent
    }

    /// Returns the path, relative to the top of the worktree.
    #[must_use]
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the absolute path of the file.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the file that is written, relative to the top of the worktree.
    ///
    /// It differs from the name if there is a symlink.
    #[must_use]
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Returns the text with which the agent runs `program`.
    ///
    /// # Errors
    ///
    /// Returns an error if the file does not have the expected form.
    fn with_program(&self, program: &Path) -> Result<String, Error> {
        let contents = &self.agent.settings().contents;
        contents
            .with(self.agent, self.text.as_deref(), program)
            .map_err(|error| Error::Form(self.path.clone(), error))
    }

    /// Whether [`SettingsFiles::install`] changes or creates the file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file does not have the expected form.
    pub(crate) fn is_changed_by(&self, program: &Path) -> Result<bool, Error> {
        Ok(self.text.as_ref() != Some(&self.with_program(program)?))
    }

    /// Whether the agent runs this program already, by whatever path.
    fn runs_this_program(&self) -> bool {
        let contents = &self.agent.settings().contents;
        self.text.as_deref().is_some_and(|text| contents.without(text).is_some())
    }

    /// Whether the file is as [`SettingsFiles::install`] creates it.
    fn is_as_created(&self) -> bool {
        let contents = &self.agent.settings().contents;
        let created = |program: &PathBuf| contents.with(self.agent, None, program).ok();
        self.programs().first().and_then(created) == self.text
    }

    /// Returns the programs that the agent runs as this one, each once.
    #[must_use]
    pub(crate) fn programs(&self) -> Vec<PathBuf> {
        let contents = &self.agent.settings().contents;
        let mut programs = self.text.as_deref().map(|text| contents.programs(text)).unwrap_or_default();
        programs.sort();
        programs.dedup();
        programs
    }

    /// Returns what does not exist yet.
    fn missing(&self, top: &Path) -> Created {
        let is_missing = |directory: &&Path| !directory.exists();
        let directories = directories_of(top, &self.path).take_while(is_missing).count();
        Created { file: self.text.is_none(), directories }
    }

    /// Replaces the file atomically, or creates it.
    ///
    /// Returns `false` if another program has changed it since it was read.
    fn write(&self, text: &str, git_dir: &Path) -> Result<bool, Error> {
        if self.text.as_deref() == Some(text) {
            return Ok(true);
        }
        let directory = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(directory).map_err(disk("create", directory))?;
        let old = self.text.as_ref().map(|old| [self.mark, old].concat().into_bytes());
        let new = [self.mark, text].concat();
        Ok(session::replace(&self.path, old.as_deref(), new.as_bytes(), git_dir)?)
    }
}

/// Returns the directories between a file and the top of the worktree, the innermost first.
fn directories_of<'p>(top: &Path, file: &'p Path) -> impl Iterator<Item = &'p Path> {
    file.ancestors().skip(1).take_while(move |directory| *directory != top)
}

fn disk(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Disk { step, path, source }
}
