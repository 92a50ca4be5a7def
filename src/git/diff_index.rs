//! The reader for repositories that libgit2 cannot read: `git diff-index`.

use bstr::ByteSlice;

use super::command::{Git, nul_fields};
use super::{Error, MayRefuse, ObjectFormat, ObjectId};
use crate::{Change, Entry};

/// Returns the entries that a commit of the index would add or change.
///
/// Only paths for which `may_refuse` is true count. The parents are `HEAD` and `merged`.
pub(super) fn staged(
    git: &Git,
    object_format: ObjectFormat,
    merged: &[ObjectId],
    may_refuse: MayRefuse,
) -> Result<Vec<Entry>, Error> {
    let against_head = match changes(git, "HEAD") {
        Err(_) if git.is_head_unborn()? => changes(git, object_format.empty_tree()),
        changes => changes,
    };
    let mut entries = against_head?;
    entries.retain(|entry| may_refuse(entry.path.as_bstr()));
    for parent in merged {
        let changes = changes(git, &parent.to_string())?;
        entries = entries.into_iter().filter_map(|entry| against_parent(entry, &changes)).collect();
    }
    Ok(entries)
}

/// Returns the entries that the index adds or changes relative to the tree of `parent`.
fn changes(git: &Git, parent: &str) -> Result<Vec<Entry>, Error> {
    let output = git.diff_index(&["--no-renames"], parent)?;
    let mut entries = Vec::new();
    let mut fields = nul_fields(&output);
    while let (Some(meta), Some(path)) = (fields.next(), fields.next()) {
        let change = match meta.last() {
            Some(b'A') => Change::Added,
            Some(b'M') => Change::Modified,
            Some(b'T') => Change::TypeChanged,
            _ => continue,
        };
        entries.push(Entry { path: path.into(), change });
    }
    Ok(entries)
}

/// Compares an entry with one more parent; `None` if that parent has the identical entry.
///
/// `changes` are the changes relative to that parent, in the order of the index.
fn against_parent(entry: Entry, changes: &[Entry]) -> Option<Entry> {
    let position = changes.binary_search_by(|change| change.path.cmp(&entry.path)).ok()?;
    let change = if entry.change == Change::Added { changes[position].change } else { entry.change };
    Some(Entry { change, ..entry })
}
