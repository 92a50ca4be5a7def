//! The hooks directory of a repository, and where it is configured.

use std::fmt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::Error;
use super::command_line::{git, path, run, text};

/// The hooks directory that git uses in the current directory.
#[derive(Debug)]
pub struct HooksPath {
    /// The hooks directory, absolute. It need not exist.
    pub directory: PathBuf,
    /// The git directory that all worktrees share, absolute.
    pub common_dir: PathBuf,
    /// Where `core.hooksPath` is set; `None` if git uses the default directory.
    pub origin: Option<Origin>,
}

/// Where `core.hooksPath` is set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
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

    /// Like [`HooksPath::here`], but resolves any `core.hooksPath` from `worktree`.
    ///
    /// git fails if it is relative and not a directory here.
    ///
    /// # Errors
    ///
    /// There is no repository here, or git cannot be run.
    pub fn named_from(worktree: &Path) -> Result<Self, Error> {
        match Self::here() {
            Err(Error::NoHooks(message)) => {
                let origin = origin()?.ok_or(Error::NoHooks(message))?;
                let directory = worktree.join(&origin.value);
                Ok(Self { directory, common_dir: absolute(&["--git-common-dir"])?, origin: Some(origin) })
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
fn absolute(arguments: &[&str]) -> Result<PathBuf, Error> {
    let output = run(&[&["rev-parse", "--path-format=absolute"], arguments].concat())?;
    Ok(path(output.strip_suffix(b"\n").unwrap_or(&output)))
}

fn origin() -> Result<Option<Origin>, Error> {
    let arguments = ["config", "--show-scope", "--show-origin", "-z", "--get", "core.hooksPath"];
    let output = git().args(arguments).output().map_err(Error::RunGit)?;
    let mut fields = output.stdout.split_str("\0").map(text);
    let mut field = || fields.next();
    let (Some(scope), Some(file), Some(value)) = (field(), field(), field()) else { return Ok(None) };
    // With a scope, git does not read included files.
    let arguments = ["config", &format!("--{scope}"), "--get", "core.hooksPath"];
    let is_own = git().args(arguments).output().map_err(Error::RunGit)?.status.success();
    Ok(Some(Origin { is_included: !is_own && file.starts_with("file:"), scope, file, value }))
}
