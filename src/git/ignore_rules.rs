//! The paths that git ignores, and the rules that decide it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use bstr::{BString, ByteSlice};

use super::command::{failure, nul_terminated};
use super::rule_files::RuleFiles;
use super::{Error, Layout, read_optional_file};

/// Names of files, at least one for each kind that ignore files often re-include.
///
/// A `.gitignore` may list what is kept: `*`, then `!*/`, `!*.py`, …
const TYPICAL_NAMES: &str = "any-name x.bash x.c x.cfg x.cpp x.cs x.css x.csv x.dart x.ex x.go x.h x.hs \
    x.html x.ini x.ipynb x.java x.jl x.js x.json x.jsx x.kt x.log x.lua x.md x.mjs x.php x.pl x.png x.ps1 \
    x.py x.r x.R x.rb x.rs x.rst x.scala x.sh x.sql x.svg x.swift x.tex x.toml x.ts x.tsx x.txt x.vue \
    x.xml x.yaml x.yml x.zig debug_x.py test_x.py Makefile NOTES README.md";

/// Returns paths of files as `directories` will hold them.
///
/// Their names are typical ones, and one for each pattern `!*.EXTENSION` of the `.gitignore` at
/// the top. If git ignores all of them, it ignores the directories.
///
/// # Errors
///
/// The `.gitignore` cannot be read.
pub(crate) fn typical_files(layout: &Layout, directories: &[BString]) -> Result<Vec<BString>, Error> {
    let file = layout.worktree().join(".gitignore");
    // git does not follow a symlink.
    let is_file = fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file());
    let text = if is_file { read_optional_file(file)?.unwrap_or_default() } else { Vec::new() };
    let mut names: BTreeSet<BString> = TYPICAL_NAMES.split_whitespace().map(BString::from).collect();
    for pattern in text.lines().filter_map(|line| line.trim_ascii_end().strip_prefix(b"!")) {
        let name = pattern.rsplit_str("/").next().unwrap_or_default();
        let extension = name.strip_prefix(b"*.").filter(|rest| !rest.contains_str("*"));
        names.extend(extension.map(|extension| bstr::concat([b"x.", extension]).into()));
    }
    let in_directory = |directory: &BString| {
        let directory = directory.clone();
        names.iter().map(move |name| bstr::concat([directory.as_slice(), b"/", name]).into())
    };
    Ok(directories.iter().flat_map(in_directory).collect())
}

/// Returns the `paths` that git does not ignore, even if they are tracked.
///
/// The paths are relative to the worktree and need not exist.
///
/// # Errors
///
/// `git check-ignore` fails.
pub(crate) fn not_ignored(layout: &Layout, paths: &[BString]) -> Result<Vec<BString>, Error> {
    let rules = check_ignore(layout, paths)?;
    Ok(rules.into_iter().filter(|rule| !rule.ignores()).map(|rule| rule.path).collect())
}

/// Returns the ignore rule that decides about `path` or a directory above it.
///
/// The rule ignores the path, or re-includes it (`!`). The form is `FILE:LINE: PATTERN`.
/// `None` if no rule matches.
///
/// # Errors
///
/// `git check-ignore` fails.
pub(crate) fn ignore_rule(layout: &Layout, path: &BString) -> Result<Option<String>, Error> {
    let directories = path.rfind_iter(b"/").map(|slash| path[..slash].into());
    let paths: Vec<BString> = std::iter::once(path.clone()).chain(directories).collect();
    let rule = check_ignore(layout, &paths)?.into_iter().find(|rule| !rule.pattern.is_empty());
    let worktree = bstr::concat([layout.worktree().as_os_str().as_bytes(), b"/"]);
    Ok(rule.map(|IgnoreRule { source, line, pattern, .. }| {
        let source = source.strip_prefix(worktree.as_slice()).unwrap_or(&source);
        format!("{}:{line}: {pattern}", source.as_bstr())
    }))
}

/// Returns the path of `info/exclude`, the ignore file that is not committed.
///
/// # Errors
///
/// `git rev-parse` fails.
pub(crate) fn exclude_file(layout: &Layout) -> Result<PathBuf, Error> {
    let path = layout.git().rev_parse_path(&["--git-path", "info/exclude"])?;
    Ok(layout.worktree().join(path))
}

/// Returns the rule for each of `paths`, in their order.
fn check_ignore(layout: &Layout, paths: &[BString]) -> Result<Vec<IgnoreRule>, Error> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    RuleFiles::Ignore.check(layout, paths)?;
    let arguments = ["check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin"];
    let output = layout.git().output(&arguments, &nul_terminated(paths))?;
    // Status 1: none of the paths is ignored.
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

/// One record of `git check-ignore --verbose`.
///
/// All fields but `path` are empty if no rule matches.
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
