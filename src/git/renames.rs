//! Renames in the index, as git detects them.

use std::collections::BTreeSet;

use bstr::{BStr, BString, ByteSlice};

use super::command::nul_fields;
use super::path_state::changed_entries;
use super::{Error, Layout};

/// Returns the old names of the `paths` that the index renames.
///
/// A name is left out if the file was also renamed or copied to a path that is not in `paths`.
///
/// The paths are relative to the worktree. `parents` are revisions, of which the first is
/// `HEAD` or the empty tree. A path that a merged parent does not have is left out, because
/// the merge deletes it.
///
/// # Errors
///
/// git cannot read the index or a merged parent.
pub(crate) fn old_names(
    layout: &Layout,
    parents: &[String],
    paths: &BTreeSet<BString>,
) -> Result<BTreeSet<BString>, Error> {
    let Some((head, merged)) = parents.split_first() else { return Ok(BTreeSet::new()) };
    let renames = detect(layout, "-M", head).into_iter();
    let renames = renames.filter(|rename| paths.contains(&rename.new) && !paths.contains(&rename.old));
    let mut old_names: BTreeSet<BString> = renames.map(|rename| rename.old).collect();
    if old_names.is_empty() {
        return Ok(old_names);
    }
    // `-C` lists all new names of a file that was both renamed and copied.
    for rename in detect(layout, "-C", head) {
        if !paths.contains(&rename.new) {
            old_names.remove(&rename.old);
        }
    }
    for parent in merged {
        let diff = layout.git().diff_index(&["--no-renames"], parent)?;
        let deleted: BTreeSet<&BStr> = changed_entries(&diff).map(|(path, _)| path).collect();
        old_names.retain(|path| deleted.contains(path.as_bstr()));
    }
    Ok(old_names)
}

/// A path of `HEAD` and a new path in the index with similar contents.
#[derive(Debug, Eq, PartialEq)]
struct Rename {
    old: BString,
    new: BString,
}

/// Detects the renames between `head` and the index; with `-C`, also the copies.
///
/// Returns no rename if git fails: a partial clone may lack the contents to compare.
fn detect(layout: &Layout, option: &str, head: &str) -> Vec<Rename> {
    let diff = layout.git().diff_index(&[option], head);
    diff.map_or_else(|_| Vec::new(), |diff| parse(&diff))
}

/// Parses the renames and copies of a raw diff.
///
/// The format is `:MODE MODE ID ID STATUS`, NUL, path, NUL; a rename or a copy has a second
/// path (git-diff-index(1)).
fn parse(diff: &[u8]) -> Vec<Rename> {
    let mut fields = nul_fields(diff);
    let mut renames = Vec::new();
    while let (Some(meta), Some(path)) = (fields.next(), fields.next()) {
        let status = meta.rsplit_str(" ").next().and_then(<[u8]>::first);
        if !matches!(status, Some(b'R' | b'C')) {
            continue;
        }
        if let Some(new) = fields.next() {
            renames.push(Rename { old: path.into(), new: new.into() });
        }
    }
    renames
}

#[cfg(test)]
mod tests {
    use super::{Rename, parse};

    #[test]
    fn renames_and_copies_have_two_paths() {
        let diff = b":100644 000000 1 0 D\0gone\0:100644 100644 1 1 R100\0a\0b\0\
            :100644 100644 1 2 C090\0a\0c\0:000000 100644 0 3 A\0R\0";
        let rename = |old: &str, new: &str| Rename { old: old.into(), new: new.into() };
        assert_eq!(parse(diff), [rename("a", "b"), rename("a", "c")]);
    }
}
