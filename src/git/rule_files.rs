//! The files with ignore rules and attributes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::command::to_path;
use super::layout::common_dir;
use super::{Error, Layout, read_optional_file};

/// The files that git reads for one purpose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RuleFiles {
    /// Patterns of paths that git ignores.
    Ignore,
    /// Attributes of paths, such as filters.
    Attributes,
}

impl RuleFiles {
    /// Checks that git can read the files that decide about `paths`.
    ///
    /// git would wait for a FIFO. A path that ends in `/` is a directory that git looks into.
    ///
    /// # Errors
    ///
    /// One of them is a FIFO or the like, or `git config` fails.
    pub(crate) fn check<'p>(
        self,
        layout: &Layout,
        paths: impl IntoIterator<Item = &'p BString>,
    ) -> Result<(), Error> {
        let directories: BTreeSet<&BStr> = paths
            .into_iter()
            .flat_map(|path| path.find_iter(b"/").map(|slash| path[..=slash].as_bstr()))
            .chain([BStr::new("")])
            .collect();
        for directory in directories {
            let file = layout.on_disk(directory).join(self.name());
            // git does not follow a symlink here.
            check_file(&file, fs::symlink_metadata(&file))?;
        }
        let shared = [layout.git_dir().to_owned(), common_dir(layout.git_dir())?]
            .map(|dir| dir.join(self.info_file()));
        for file in shared.into_iter().chain(self.user_file(layout)?) {
            check_file(&file, fs::metadata(&file))?;
        }
        Ok(())
    }

    /// Returns the name of the file in a directory of the worktree.
    fn name(self) -> &'static str {
        match self {
            Self::Ignore => ".gitignore",
            Self::Attributes => ".gitattributes",
        }
    }

    /// Returns the path in a git directory.
    fn info_file(self) -> &'static str {
        match self {
            Self::Ignore => "info/exclude",
            Self::Attributes => "info/attributes",
        }
    }

    /// Returns the user's own file, which need not exist. `None` if there is no place for it.
    ///
    /// git is asked only if the repository may name another file than the default one. To start it
    /// takes time, and a file that the user's own configuration names is trusted.
    fn user_file(self, layout: &Layout) -> Result<Option<PathBuf>, Error> {
        let (setting, name) = match self {
            Self::Ignore => ("core.excludesFile", "ignore"),
            Self::Attributes => ("core.attributesFile", "attributes"),
        };
        if may_set(layout, setting)? {
            let output = layout.git().output(&["config", "--type=path", "-z", "--get", setting], &[])?;
            if let Some(path) = output.stdout.strip_suffix(b"\0") {
                return Ok(Some(layout.worktree().join(to_path(path))));
            }
        }
        let directory = |variable| layout.environment().var(variable).filter(|value| !value.is_empty());
        let config = directory("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.or_else(|| Some(Path::new(directory("HOME")?).join(".config")));
        Ok(config.map(|config| config.join("git").join(name)))
    }
}

/// Whether the configuration of the repository, or a file that it names, may set `core.NAME`.
fn may_set(layout: &Layout, setting: &str) -> Result<bool, Error> {
    let file = common_dir(layout.git_dir())?.join("config");
    let text = read_optional_file(file)?.unwrap_or_default().to_ascii_lowercase();
    let name = setting.trim_start_matches("core.").to_ascii_lowercase();
    Ok([name.as_str(), "include", "worktreeconfig"].iter().any(|word| text.contains_str(word)))
}

/// Checks that a file is none that git would wait for.
fn check_file(file: &Path, metadata: io::Result<fs::Metadata>) -> Result<(), Error> {
    match metadata.map(|metadata| metadata.file_type()) {
        Ok(kind) if kind.is_fifo() || kind.is_socket() || kind.is_block_device() => {
            Err(Error::ReadFile(file.to_owned(), io::Error::other("not a regular file")))
        }
        _ => Ok(()),
    }
}
