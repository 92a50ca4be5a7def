//! The pathspecs of a forced `git add`.

use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use super::options::is_short_group;
use super::{Bypass, Disk};
use crate::policy::{SESSION_DIRECTORY, is_in_session_directory};

/// Judges the pathspecs of `git add --force`, which runs in `directory` with the arguments `words`.
pub(super) fn judge(directory: &Path, words: &[BString], pathspecs: &[&BStr], disk: Disk) -> Option<Bypass> {
    if let Some(path) = pathspecs.iter().find(|pathspec| names_session_directory(pathspec)) {
        return Some(Bypass::ForcedAdd((*path).to_owned()));
    }
    if pathspecs.iter().any(|pathspec| excludes_session_directory(pathspec)) {
        return None;
    }
    if pathspecs.is_empty() {
        let is_all = |word: &&BString| *word == "--all" || is_short_group(word) && word.contains(&b'A');
        return words.iter().find(is_all).map(|word| Bypass::ForcedAddAround(word.clone()));
    }
    let stages = |pathspec: &&&BStr| match pathspec.as_bytes() {
        b":/" | b":" | b":(top)" => true,
        path if path.starts_with(b":") => false,
        path => {
            let path = path.strip_suffix(b"*").unwrap_or(path);
            let path = if path.is_empty() { b"." } else { path };
            (disk.stages_session_directory)(directory, &path.to_path_lossy())
        }
    };
    pathspecs.iter().find(stages).map(|path| Bypass::ForcedAddAround((*path).to_owned()))
}

/// Whether a pathspec excludes the session directory.
fn excludes_session_directory(pathspec: &BStr) -> bool {
    let Some(magic) = pathspec.strip_prefix(b":") else { return false };
    let is_excluding = magic.starts_with(b"!")
        || magic.starts_with(b"^")
        || magic.contains_str("exclude")
        || magic.contains_str(":!");
    is_excluding && magic.to_ascii_lowercase().contains_str(SESSION_DIRECTORY)
}

/// Whether a pathspec names a path in a session directory.
///
/// Pathspec magic other than `:/` and `:(top)` may exclude the path, so it does not count.
fn names_session_directory(pathspec: &BStr) -> bool {
    let mut prefixes = [":/", ":(top)"].iter();
    let path = prefixes.find_map(|prefix| pathspec.strip_prefix(prefix.as_bytes())).unwrap_or(pathspec);
    !path.starts_with(b":") && is_in_session_directory(path.as_bstr())
}
