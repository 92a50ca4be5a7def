//! Where the hooks of a repository live.

use std::fmt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::Error;
use super::command_line::{git, path, run, text};

/// The hooks directory that is in force here, and the directory that all
/// worktrees of the repository share.
#[derive(Debug)]
pub struct HooksPath {
    /// Absolute; it need not exist.
    pub directory: PathBuf,
    /// The common git directory, absolute.
    pub common_dir: PathBuf,
    /// What names the directory, where `core.hooksPath` does.
    pub origin: Option<Origin>,
}

/// Where `core.hooksPath` is set.
#[derive(Debug)]
pub struct Origin {
    /// `local`, `global`, `worktree` …, as `git config --show-scope` says.
    pub scope: String,
    /// The file, as `git config --show-origin` says.
    pub file: String,
    /// The value, as it was written.
    pub value: String,
    /// Whether the file is not the scope's own but one that it includes.
    pub is_included: bool,
}

impl HooksPath {
    /// Asks git: `core.hooksPath`, linked worktrees and submodules each move the
    /// directory.
    ///
    /// # Errors
    ///
    /// There is no repository here, or git cannot be asked.
    pub fn here() -> Result<Self, Error> {
        let origin = origin()?;
        let common_dir = absolute(&["--git-common-dir"])?;
        // `--git-path hooks/NAME` would follow a hook that is a symlink.
        match (absolute(&["--git-path", "hooks"]), &origin) {
            (Ok(directory), _) if directory.is_absolute() => Ok(Self { directory, common_dir, origin }),
            (Err(error), None) => Err(error),
            (_, origin) => Err(Error::NoHooks(origin.as_ref().map(Origin::to_string).unwrap_or_default())),
        }
    }

    /// As [`HooksPath::here`], also where `core.hooksPath` names no directory from here:
    /// it counts from `top` then.
    ///
    /// # Errors
    ///
    /// There is no repository here, or git cannot be asked.
    pub fn named_from(top: &Path) -> Result<Self, Error> {
        match Self::here() {
            Err(Error::NoHooks(said)) => {
                let origin = origin()?.ok_or(Error::NoHooks(said))?;
                let directory = top.join(&origin.value);
                Ok(Self { directory, common_dir: absolute(&["--git-common-dir"])?, origin: Some(origin) })
            }
            place => place,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "core.hooksPath = `{}` in `{}` ({})", self.value, self.file, self.scope)
    }
}

/// What `git rev-parse` says, as an absolute path.
fn absolute(what: &[&str]) -> Result<PathBuf, Error> {
    let output = run(&[&["rev-parse", "--path-format=absolute"], what].concat())?;
    Ok(path(output.strip_suffix(b"\n").unwrap_or(&output)))
}

fn origin() -> Result<Option<Origin>, Error> {
    let arguments = ["config", "--show-scope", "--show-origin", "-z", "--get", "core.hooksPath"];
    let output = git().args(arguments).output().map_err(Error::RunGit)?;
    let mut fields = output.stdout.split_str("\0").map(text);
    let mut field = || fields.next();
    let (Some(scope), Some(file), Some(value)) = (field(), field(), field()) else { return Ok(None) };
    // Where a scope is named, git reads no file that is included.
    let arguments = ["config", &format!("--{scope}"), "--get", "core.hooksPath"];
    let is_own = git().args(arguments).output().map_err(Error::RunGit)?.status.success();
    Ok(Some(Origin { is_included: !is_own && file.starts_with("file:"), scope, file, value }))
}
