//! The pathspecs of a forced `git add`.

use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use super::directories::TOP;
use super::glob;
use super::options::is_short_group;
use super::{Bypass, Disk};
use crate::policy::{SESSION_DIRECTORY, is_session_directory};

/// Judges the pathspecs of `git add --force WORDS`, which runs in `directory`.
pub(super) fn judge(directory: &Path, words: &[BString], pathspecs: &[&BStr], disk: Disk) -> Option<Bypass> {
    let pathspecs: Vec<Pathspec> = pathspecs.iter().map(|text| Pathspec::parse(text)).collect();
    let (exclusions, included): (Vec<_>, Vec<_>) = pathspecs.into_iter().partition(|it| it.is_exclusion);
    if let Some(pathspec) = included.iter().find(|pathspec| pathspec.names_session_directory()) {
        return Some(Bypass::ForcedAdd(pathspec.text.to_owned()));
    }
    if included.is_empty() && exclusions.is_empty() {
        let is_all = |word: &&BString| {
            is_short_group(word) && word.contains(&b'A') || word.len() > 2 && b"--all".starts_with(word)
        };
        return words.iter().find(is_all).map(|word| Bypass::ForcedAddAround(word.clone()));
    }
    let stages = |pathspec: &&Pathspec| {
        let path = pathspec.directory();
        let is_excluded = || exclusions.iter().any(|exclusion| exclusion.excludes_session_directory(path));
        let has_session_directory = || {
            let path = if path.is_empty() { b"." } else { path };
            (disk.stages_session_directory)(directory, &path.to_path_lossy())
        };
        let is_staged = if pathspec.is_at_top { path.is_empty() } else { has_session_directory() };
        is_staged && !is_excluded()
    };
    included.iter().find(stages).map(|pathspec| Bypass::ForcedAddAround(pathspec.text.to_owned()))
}

/// A pathspec: `PATH`, `:(MAGIC)PATH`, or `:` with `/`, `!` or `^` and a path.
struct Pathspec<'w> {
    text: &'w BStr,
    /// Its path, without a `./`.
    path: &'w [u8],
    is_exclusion: bool,
    /// Whether its path is relative to the top of the worktree.
    is_at_top: bool,
}

impl<'w> Pathspec<'w> {
    fn parse(text: &'w BStr) -> Self {
        let long = text.strip_prefix(b":(").and_then(|rest| rest.split_once_str(")"));
        let short = || {
            let rest = text.strip_prefix(b":")?;
            Some(rest.split_at(rest.iter().take_while(|byte| b"/!^".contains(byte)).count()))
        };
        let (magic, path) = long.or_else(short).unwrap_or((b"", text));
        let from_top = path.strip_prefix(TOP.as_bytes());
        let path = from_top.map_or(path, |path| path.strip_prefix(b"/").unwrap_or(path));
        let has =
            |word: &[u8]| long.is_some() && magic.split(|byte| *byte == b',').any(|other| other == word);
        let has_letter = |letter: u8| long.is_none() && magic.contains(&letter);
        Self {
            text,
            path: path.strip_prefix(b"./").unwrap_or(path),
            is_exclusion: has(b"exclude") || has_letter(b'!') || has_letter(b'^'),
            is_at_top: from_top.is_some() || has(b"top") || has_letter(b'/') || text == ":",
        }
    }

    /// Whether one of its components is, or begins with a dot and matches, the session directory.
    ///
    /// Without quotes, a shell expands a pattern, and no other one to that directory.
    fn names_session_directory(&self) -> bool {
        self.path.split(|byte| *byte == b'/').any(|name| {
            let matches = || glob::matches(&name.to_ascii_lowercase(), SESSION_DIRECTORY.as_bytes());
            is_session_directory(name.into()) || name.starts_with(b".") && matches()
        })
    }

    /// Returns the directory whose files it stages; empty if that is the current one.
    fn directory(&self) -> &'w [u8] {
        let path = self.path.trim_end_with(|c| c == '*' || c == '/');
        if path == b"." { b"" } else { path }
    }

    /// Whether an exclusion keeps the session directory of `directory` from being staged.
    fn excludes_session_directory(&self, directory: &[u8]) -> bool {
        let path = self.path.trim_end_with(|c| c == '*' || c == '/');
        let path = if path.len() < self.path.trim_end_with(|c| c == '*').len() { path } else { self.path };
        let (above, name) = path.rsplit_once_str("/").unwrap_or((b"", path));
        let is_above = above.is_empty() || above == b"**" || above == directory;
        is_above && glob::matches(name, SESSION_DIRECTORY.as_bytes())
    }
}
