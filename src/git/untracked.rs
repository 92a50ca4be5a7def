//! Files that are not in the index.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use bstr::{BStr, BString, ByteSlice};

use super::command::nul_fields;
use super::rule_files::RuleFiles;
use super::{Error, Layout};

/// Whether files that git ignores are listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum IgnoredFiles {
    /// List them.
    Include,
    /// Leave them out.
    Exclude,
}

/// Returns the untracked paths that `git add -A` would stage, sorted by their bytes.
///
/// A repository inside this one is a single path, because it would become a gitlink.
///
/// # Errors
///
/// git cannot list them.
pub(crate) fn untracked(layout: &Layout) -> Result<Vec<BString>, Error> {
    let mut paths = list_untracked(layout, BStr::new(""), IgnoredFiles::Exclude)?;
    for path in paths.iter_mut().filter(|path| path.ends_with(b"/")) {
        path.pop();
    }
    paths.sort_unstable();
    Ok(paths)
}

/// Returns the untracked files under `directory`, except the files of inner repositories.
///
/// The paths are relative to the worktree, whose root is the empty path.
///
/// # Errors
///
/// git cannot list them.
pub(crate) fn untracked_under(
    layout: &Layout,
    directory: &BStr,
    ignored: IgnoredFiles,
) -> Result<Vec<BString>, Error> {
    let mut paths = list_untracked(layout, directory, ignored)?;
    paths.retain(|path| !path.ends_with(b"/"));
    Ok(paths)
}

/// Lists untracked files. The path of a repository inside this one ends in `/`.
fn list_untracked(layout: &Layout, directory: &BStr, ignored: IgnoredFiles) -> Result<Vec<BString>, Error> {
    let directory = if directory.is_empty() { BStr::new(".") } else { directory };
    let mut arguments = ["ls-files", "-z", "--others", "--full-name"].map(OsStr::new).to_vec();
    if ignored == IgnoredFiles::Exclude {
        RuleFiles::Ignore.check(layout, &[bstr::concat([directory.as_bytes(), b"/"]).into()])?;
        arguments.push(OsStr::new("--exclude-standard"));
    }
    arguments.extend([OsStr::new("--"), OsStr::from_bytes(directory)]);
    let git = layout.git().with_var("GIT_LITERAL_PATHSPECS", "1");
    let output = git.run(&arguments)?;
    Ok(nul_fields(&output).map(BString::from).collect())
}
