//! Files that a merge takes from a merged commit and puts under another prefix.
//!
//! `git subtree pull` and the strategy `subtree` of `git merge` add the root of the merged commit
//! at a directory, or the contents of a directory at the root.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice};

use super::command::{Git, nul_fields};
use super::{Error, ObjectId};

/// The mode and the id of a file, as git prints them.
type File<'o> = (&'o [u8], &'o [u8]);

/// Returns the staged `paths` whose files a merged commit has under another prefix.
///
/// # Errors
///
/// git cannot read the index or a merged commit.
pub(super) fn moved_when_staged(
    git: &Git,
    merged: &[ObjectId],
    paths: &HashSet<&BStr>,
) -> Result<HashSet<BString>, Error> {
    if merged.is_empty() || paths.is_empty() {
        return Ok(HashSet::new());
    }
    let diff = git.diff_index(&["--no-renames"], "HEAD")?;
    let mut fields = nul_fields(&diff);
    let staged = std::iter::from_fn(|| {
        // The format is `:MODE MODE ID ID STATUS`, NUL, path (git-diff-index(1)).
        let (meta, path) = (fields.next()?, fields.next()?);
        let [_, mode, _, id, _] = meta.splitn_str(5, " ").collect::<Vec<_>>()[..] else { return None };
        Some((path.as_bstr(), (mode, id)))
    });
    moved(git, merged, staged.filter(|(path, _)| paths.contains(path)))
}

/// Returns the `paths` of a merge whose files one of the `merged` parents has under another prefix.
///
/// # Errors
///
/// git cannot read a tree.
pub(super) fn moved_in_merge(
    git: &Git,
    merge: ObjectId,
    merged: &[ObjectId],
    paths: &HashSet<&BStr>,
) -> Result<HashSet<BString>, Error> {
    if merged.is_empty() || paths.is_empty() {
        return Ok(HashSet::new());
    }
    let listed = list(git, merge)?;
    moved(git, merged, files(&listed).filter(|(path, _)| paths.contains(path)))
}

/// Returns the paths of those `files` that a merged commit has under another prefix.
fn moved<'o>(
    git: &Git,
    merged: &[ObjectId],
    files: impl Iterator<Item = (&'o BStr, File<'o>)>,
) -> Result<HashSet<BString>, Error> {
    let mut paths: HashMap<File, Vec<&BStr>> = HashMap::new();
    for (path, file) in files {
        paths.entry(file).or_default().push(path);
    }
    let mut moved = HashSet::new();
    for commit in merged {
        let listed = list(git, *commit)?;
        for (other, file) in self::files(&listed) {
            let same = paths.get(&file).into_iter().flatten();
            moved.extend(same.filter(|path| is_moved(path, other)).map(|path| (*path).to_owned()));
        }
    }
    Ok(moved)
}

/// Whether one of the paths is the other one below a directory.
fn is_moved(path: &BStr, other: &BStr) -> bool {
    let is_below = |long: &BStr, short: &BStr| {
        long.strip_suffix(short.as_bytes()).is_some_and(|directory| directory.ends_with(b"/"))
    };
    is_below(path, other) || is_below(other, path)
}

/// Lists the files of a commit.
fn list(git: &Git, commit: ObjectId) -> Result<Vec<u8>, Error> {
    let tree = format!("{commit}^{{tree}}");
    git.run(&["ls-tree", "-r", "-z", "--full-tree", &tree])
}

/// Parses the output of [`list`].
///
/// The format is `MODE TYPE ID`, a tab, and the path (git-ls-tree(1)).
fn files(listed: &[u8]) -> impl Iterator<Item = (&BStr, File<'_>)> {
    nul_fields(listed).filter_map(|line| {
        let (meta, path) = line.split_once_str("\t")?;
        let [mode, _, id] = meta.splitn_str(3, " ").collect::<Vec<_>>()[..] else { return None };
        Some((path.as_bstr(), (mode, id)))
    })
}

#[cfg(test)]
mod tests {
    use super::is_moved;

    #[test]
    fn a_moved_path_gains_or_loses_directories() {
        for (path, other, expected) in [
            ("vendor/lib/debug_x.py", "debug_x.py", true),
            ("debug_x.py", "vendor/lib/debug_x.py", true),
            ("vendor/scratch/a.py", "scratch/a.py", true),
            ("vendor/scratch/a.py", "other/a.py", false),
            ("vendor/my_debug_x.py", "debug_x.py", false),
            ("debug_x.py", "debug_x.py", false),
        ] {
            assert_eq!(is_moved(path.into(), other.into()), expected, "{path} {other}");
        }
    }
}
