//! What git ignores, and the repository's own list of it.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::command_line::{failure, output_of, path, run_with};
use super::{Error, Opened, Repository};

impl Repository {
    /// Whether git ignores `path`, which is relative to the top and need not exist;
    /// whether it is tracked is not asked.
    ///
    /// # Errors
    ///
    /// git cannot tell.
    pub fn ignores(&self, path: &BStr) -> Result<bool, Error> {
        match self.opened()? {
            Opened::Libgit2(opened) => opened.ignores(path),
            Opened::Git(_) => Ok(self.not_ignored(&[path.to_owned()])?.is_empty()),
        }
    }

    /// Those of `paths` that git does not ignore. They are relative to the top and
    /// need not exist; whether they are tracked is not asked.
    ///
    /// # Errors
    ///
    /// git cannot tell.
    pub fn not_ignored(&self, paths: &[BString]) -> Result<Vec<BString>, Error> {
        let rules = self.ignore_rules(paths)?;
        Ok(rules.into_iter().filter(|rule| !rule.ignores()).map(|rule| rule.path).collect())
    }

    /// The rule by which git ignores `path` or a directory above it, or does not, as
    /// `FILE:LINE: PATTERN`; nothing, where there is none.
    ///
    /// # Errors
    ///
    /// git cannot tell.
    pub fn ignore_rule(&self, path: &BString) -> Result<Option<String>, Error> {
        let directories = path.rfind_iter(b"/").map(|slash| path[..slash].into());
        let paths: Vec<BString> = std::iter::once(path.clone()).chain(directories).collect();
        let rule = self.ignore_rules(&paths)?.into_iter().find(|rule| !rule.pattern.is_empty());
        let top = bstr::concat([self.top().as_os_str().as_bytes(), b"/"]);
        Ok(rule.map(|IgnoreRule { source, line, pattern, .. }| {
            let source = source.strip_prefix(top.as_slice()).unwrap_or(&source);
            format!("{}:{line}: {pattern}", source.as_bstr())
        }))
    }

    /// The repository's list of what is ignored that is not shared with others.
    ///
    /// # Errors
    ///
    /// git cannot tell.
    pub fn exclude_file(&self) -> Result<PathBuf, Error> {
        let output = run_with(self.git(), &["rev-parse", "--git-path", "info/exclude"], &[])?;
        Ok(self.top().join(path(output.strip_suffix(b"\n").unwrap_or(&output))))
    }

    fn ignore_rules(&self, paths: &[BString]) -> Result<Vec<IgnoreRule>, Error> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let arguments = ["check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin"];
        let input = bstr::concat(paths.iter().map(|path| bstr::concat([path.as_slice(), b"\0"])));
        let output = output_of(self.git(), &arguments, &input)?;
        // 1: none of them is ignored.
        if !matches!(output.status.code(), Some(0 | 1)) {
            return Err(failure(&arguments, &output));
        }
        let mut fields = output.stdout.split_str("\0").map(BString::from);
        let rules: Vec<IgnoreRule> = std::iter::from_fn(|| {
            let (source, line, pattern) = (fields.next()?, fields.next()?, fields.next()?);
            Some(IgnoreRule { source, line, pattern, path: fields.next()? })
        })
        .collect();
        if rules.len() == paths.len() { Ok(rules) } else { Err(failure(&arguments, &output)) }
    }
}

/// What `git check-ignore --verbose` says of a path. Without a rule for it, all but
/// the path are empty.
struct IgnoreRule {
    source: BString,
    line: BString,
    pattern: BString,
    path: BString,
}

impl IgnoreRule {
    fn ignores(&self) -> bool {
        !self.pattern.is_empty() && !self.pattern.starts_with(b"!")
    }
}
