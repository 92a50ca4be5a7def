//! The hooks directory of a repository, and where it is configured.

use std::fmt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::Error;
use super::command::{Git, trimmed};

/// The hooks directory that git uses in the current directory.
#[derive(Debug)]
pub(crate) struct HooksPath {
    /// The hooks directory, absolute. It need not exist.
    pub directory: PathBuf,
    /// The git directory that all worktrees share, absolute.
    pub common_dir: PathBuf,
    /// Where `core.hooksPath` is set; `None` if git uses the default directory.
    pub origin: Option<Origin>,
}

/// Where `core.hooksPath` is set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Origin {
    /// `local`, `global`, `worktree` …, as `git config --show-scope` prints it.
    pub scope: String,
    /// The file, as `git config --show-origin` prints it.
    pub file: String,
    /// The value, as it is written in the file.
    pub value: String,
    /// Whether the file is included by the scope's own file.
    pub is_included: bool,
}

impl HooksPath {
    /// Asks git for the hooks directory.
    ///
    /// It depends on `core.hooksPath`, worktrees and submodules.
    ///
    /// # Errors
    ///
    /// There is no repository here, `core.hooksPath` is not a path, or git cannot be run.
    pub(crate) fn find(git: &Git) -> Result<Self, Error> {
        let origin = origin(git)?;
        let common_dir = absolute(git, &["--git-common-dir"])?;
        // `--git-path hooks/NAME` would follow a hook that is a symlink.
        match (absolute(git, &["--git-path", "hooks"]), &origin) {
            (Ok(directory), _) if directory.is_absolute() => Ok(Self { directory, common_dir, origin }),
            (Err(error), None) => Err(error),
            (_, origin) => Err(Error::NoHooks(origin.as_ref().map(Origin::to_string).unwrap_or_default())),
        }
    }

    /// Like [`HooksPath::find`], but resolves any `core.hooksPath` from `worktree`.
    ///
    /// git fails if it is relative and not a directory here.
    ///
    /// # Errors
    ///
    /// There is no repository here, or git cannot be run.
    pub(crate) fn find_from(git: &Git, worktree: &Path) -> Result<Self, Error> {
        match Self::find(git) {
            Err(Error::NoHooks(message)) => {
                let origin = origin(git)?.ok_or(Error::NoHooks(message))?;
                let directory = worktree.join(&origin.value);
                Ok(Self {
                    directory,
                    common_dir: absolute(git, &["--git-common-dir"])?,
                    origin: Some(origin),
                })
            }
            hooks_path => hooks_path,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [value, file, scope] = [&self.value, &self.file, &self.scope].map(|text| text.escape_debug());
        write!(formatter, "core.hooksPath = `{value}` in `{file}` ({scope})")
    }
}

/// Returns the output of `git rev-parse` as an absolute path.
fn absolute(git: &Git, arguments: &[&str]) -> Result<PathBuf, Error> {
    git.rev_parse_path(&[&["--path-format=absolute"], arguments].concat())
}

fn origin(git: &Git) -> Result<Option<Origin>, Error> {
    let arguments = ["config", "--show-scope", "--show-origin", "-z", "--get", "core.hooksPath"];
    let output = git.output(&arguments, &[])?;
    let mut fields = output.stdout.split_str("\0").map(trimmed);
    let mut field = || fields.next();
    let (Some(scope), Some(file), Some(value)) = (field(), field(), field()) else { return Ok(None) };
    // With a scope, git does not read included files.
    let is_own = git.query(&["config", &format!("--{scope}"), "--get", "core.hooksPath"])?.is_some();
    Ok(Some(Origin { is_included: !is_own && file.starts_with("file:"), scope, file, value }))
}
