//! Renames in the index, as git detects them.

use std::collections::BTreeSet;

use bstr::{BStr, BString, ByteSlice};

use super::command::nul_fields;
use super::path_state::changed_entries;
use super::{Error, Layout};

/// The paths of `HEAD` that the index lacks, because they were renamed or deleted.
#[derive(Debug, Default)]
pub(crate) struct OldNames {
    /// The old names of the paths that were asked about.
    pub renamed: BTreeSet<BString>,
    /// The paths without a new name that git detects. In a merge, they are not listed.
    pub deleted: Vec<BString>,
}

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
) -> Result<OldNames, Error> {
    let Some((head, merged)) = parents.split_first() else { return Ok(OldNames::default()) };
    let (mut detected, mut deleted) = detect(layout, "-M", head);
    deleted.retain(|path| merged.is_empty() && !paths.contains(path));
    detected.retain(|rename| paths.contains(&rename.new) && !paths.contains(&rename.old));
    let mut renamed: BTreeSet<BString> = detected.into_iter().map(|rename| rename.old).collect();
    if renamed.is_empty() {
        return Ok(OldNames { renamed, deleted });
    }
    // `-C` lists all new names of a file that was both renamed and copied.
    for rename in detect(layout, "-C", head).0 {
        if !paths.contains(&rename.new) {
            renamed.remove(&rename.old);
        }
    }
    for parent in merged {
        let diff = layout.git().diff_index(&["--no-renames"], parent)?;
        let changed: BTreeSet<&BStr> = changed_entries(&diff).map(|(path, _)| path).collect();
        renamed.retain(|path| changed.contains(path.as_bstr()));
    }
    Ok(OldNames { renamed, deleted })
}

/// A path of `HEAD` and a new path in the index with similar contents.
#[derive(Debug, Eq, PartialEq)]
struct Rename {
    old: BString,
    new: BString,
}

/// Detects the renames between `head` and the index, and the deletions; with `-C`, also the copies.
///
/// Returns nothing if git fails: a partial clone may lack the contents to compare.
fn detect(layout: &Layout, option: &str, head: &str) -> (Vec<Rename>, Vec<BString>) {
    let diff = layout.git().diff_index(&[option], head);
    diff.map_or_else(|_| Default::default(), |diff| parse(&diff))
}

/// Parses the renames and copies of a raw diff, and the deletions.
///
/// The format is `:MODE MODE ID ID STATUS`, NUL, path, NUL; a rename or a copy has a second
/// path (git-diff-index(1)).
fn parse(diff: &[u8]) -> (Vec<Rename>, Vec<BString>) {
    let mut fields = nul_fields(diff);
    let (mut renames, mut deleted) = (Vec::new(), Vec::new());
    while let (Some(meta), Some(path)) = (fields.next(), fields.next()) {
        match meta.rsplit_str(" ").next().and_then(<[u8]>::first) {
            Some(b'R' | b'C') => {
                let new = fields.next();
                renames.extend(new.map(|new| Rename { old: path.into(), new: new.into() }));
            }
            Some(b'D') => deleted.push(path.into()),
            _ => {}
        }
    }
    (renames, deleted)
}

#[cfg(test)]
mod tests {
    use super::{Rename, parse};

    #[test]
    fn renames_and_copies_have_two_paths() {
        let diff = b":100644 000000 1 0 D\0gone\0:100644 100644 1 1 R100\0a\0b\0\
            :100644 100644 1 2 C090\0a\0c\0:000000 100644 0 3 A\0R\0";
        let rename = |old: &str, new: &str| Rename { old: old.into(), new: new.into() };
        assert_eq!(parse(diff), (vec![rename("a", "b"), rename("a", "c")], vec!["gone".into()]));
    }
}
