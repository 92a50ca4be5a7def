//! The file of a configuration, to be changed.

use std::error::Error;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::BStr;

use crate::git::user_path::canonicalize_lenient;
use crate::git::{self, Layout, Repository};
use crate::hooks::give_to_owner_of;
use crate::policy::{self, FILE_NAME, Policy, with_allow_entries};
use crate::report::failure::Failure;
use crate::session;

/// The file of `--config`, or the configuration of a repository, which need not exist.
#[derive(Debug)]
pub(crate) struct ConfigurationFile {
    /// The name for messages.
    name: String,
    /// The absolute path; of a symlink, that of its target.
    path: PathBuf,
    /// `None` if there is no file.
    contents: Option<Vec<u8>>,
}

impl ConfigurationFile {
    /// Reads `file`, or else the configuration of the repository.
    ///
    /// # Errors
    ///
    /// It cannot be read, a symlink leads out of the worktree, or a sparse checkout keeps the
    /// configuration off the disk.
    pub(crate) fn read(repository: &Repository, file: Option<&Path>) -> Result<Self, Box<dyn Error>> {
        if let Some(file) = file {
            let path = canonicalize_lenient(&repository.environment().absolute(file));
            let contents = git::read_regular_file(&path)
                .map_err(|error| git::Error::ReadFile(file.to_owned(), error))?;
            return Ok(Self { name: file.to_string_lossy().into_owned(), path, contents: Some(contents) });
        }
        let path = resolve_symlink(repository.layout(), repository.worktree().join(FILE_NAME))?;
        let contents = repository.file_on_disk(FILE_NAME)?;
        if contents.is_none() && repository.top_level_file(FILE_NAME)?.is_some() {
            let failure = Failure::new(format!("a sparse checkout keeps `{FILE_NAME}` off the disk"));
            let help = format!("`git sparse-checkout add /{FILE_NAME}` restores it");
            return Err(failure.with_help(help).into());
        }
        Ok(Self { name: FILE_NAME.to_owned(), path, contents })
    }

    /// Returns the name for messages.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the file exists.
    #[must_use]
    pub(crate) fn exists(&self) -> bool {
        self.contents.is_some()
    }

    /// Returns the path that git has for the file; `None` if it is not in the worktree.
    #[must_use]
    pub(crate) fn path_in<'p>(&'p self, layout: &Layout) -> Option<&'p BStr> {
        let path = self.path.strip_prefix(layout.worktree()).ok()?.as_os_str().as_bytes().into();
        session::check_owner(layout, path).is_ok().then_some(path)
    }

    /// Returns the policy in force with this file.
    ///
    /// # Errors
    ///
    /// The file has a mistake.
    pub(crate) fn policy(&self) -> Result<Policy, policy::Error> {
        match &self.contents {
            Some(contents) => Policy::built_in().with_config(&self.name, contents),
            None => Ok(Policy::built_in()),
        }
    }

    /// Returns this file with more entries of `allow`, which are TOML strings.
    ///
    /// # Errors
    ///
    /// The file is not UTF-8.
    pub(crate) fn with_allow_entries(&self, entries: &[String]) -> Result<Self, Box<dyn Error>> {
        let text = str::from_utf8(self.contents.as_deref().unwrap_or_default())?;
        let contents = Some(with_allow_entries(text, entries).into_bytes());
        Ok(Self { name: self.name.clone(), path: self.path.clone(), contents })
    }

    /// Writes the contents of `new`, atomically. Returns `false` if the file has changed meanwhile.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(crate) fn replace(&self, new: &Self, layout: &Layout) -> Result<bool, Box<dyn Error>> {
        let contents = new.contents.as_deref().unwrap_or_default();
        let git_dir = layout.git_dir();
        let is_replaced = session::replace(&self.path, self.contents.as_deref(), contents, git_dir)?;
        if is_replaced && !self.exists() {
            give_to_owner_of(layout.worktree(), &self.path)?;
        }
        Ok(is_replaced)
    }
}

/// Returns the target of a symlink, which has to be in the worktree, or the path of a file.
fn resolve_symlink(layout: &Layout, path: PathBuf) -> Result<PathBuf, Box<dyn Error>> {
    if !path.is_symlink() {
        return Ok(path);
    }
    let help = format!("replace the symlink `{FILE_NAME}` by a file");
    let target = fs::canonicalize(&path).map_err(|error| {
        Failure::new(format!("cannot follow the symlink `{FILE_NAME}`")).with_help(&help).with_source(error)
    })?;
    if !session::is_own_file(layout, &target) {
        let message = format!("cannot write `{FILE_NAME}`: it is a symlink that leads out of the worktree");
        return Err(Failure::new(message).with_help(help).into());
    }
    Ok(target)
}
