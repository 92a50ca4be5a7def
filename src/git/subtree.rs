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

/// The files of a tree or of the index, by their paths.
type Files<'o> = HashMap<&'o BStr, File<'o>>;

/// How the paths of a merge differ from those of a merged commit.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Shift<'p> {
    /// The merge has the root of the merged commit at this directory, which ends in `/`.
    Added(&'p [u8]),
    /// The merge has this directory of the merged commit at its root.
    Removed(&'p [u8]),
}

impl<'p> Shift<'p> {
    /// Returns the shift from `merged` to `path`, if one of them is the other below a directory.
    fn between(path: &'p BStr, merged: &'p BStr) -> Option<Self> {
        let directory = |long: &'p BStr, short: &BStr| {
            long.strip_suffix(short.as_bytes()).filter(|directory| directory.ends_with(b"/"))
        };
        directory(path, merged).map(Self::Added).or_else(|| directory(merged, path).map(Self::Removed))
    }

    /// Whether the merge has put a whole tree there, and not only copied a file of it.
    ///
    /// More than half of the paths in the tree at the root are in the other one, too.
    fn is_of_tree(self, result: &Files, merged: &Files) -> bool {
        let (whole, other, directory) = match self {
            Self::Added(directory) => (merged, result, directory),
            Self::Removed(directory) => (result, merged, directory),
        };
        let is_common = |path: &&&BStr| other.contains_key(bstr::concat([directory, path]).as_bstr());
        2 * whole.keys().filter(is_common).count() > whole.len()
    }
}

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
    let listed = git.run(&["ls-files", "-s", "-z", "--full-name", "--", ":/"])?;
    // The format is `MODE ID STAGE`, a tab, and the path (git-ls-files(1)).
    moved(git, merged, &files(&listed, 1), paths)
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
    moved(git, merged, &files_of_tree(&list(git, merge)?), paths)
}

/// Returns those `paths` of `result` that a merged commit has under another prefix.
fn moved(
    git: &Git,
    merged: &[ObjectId],
    result: &Files,
    paths: &HashSet<&BStr>,
) -> Result<HashSet<BString>, Error> {
    let mut by_file: HashMap<File, Vec<&BStr>> = HashMap::new();
    for (path, file) in result.iter().filter(|(path, _)| paths.contains(*path)) {
        by_file.entry(*file).or_default().push(path);
    }
    let mut moved = HashSet::new();
    for commit in merged {
        let listed = list(git, *commit)?;
        let merged = files_of_tree(&listed);
        let mut shifts: HashMap<Shift, bool> = HashMap::new();
        for (other, file) in &merged {
            for path in by_file.get(file).into_iter().flatten() {
                let Some(shift) = Shift::between(path, other) else { continue };
                if *shifts.entry(shift).or_insert_with(|| shift.is_of_tree(result, &merged)) {
                    moved.insert((*path).to_owned());
                }
            }
        }
    }
    Ok(moved)
}

/// Lists the files of a commit.
fn list(git: &Git, commit: ObjectId) -> Result<Vec<u8>, Error> {
    let tree = format!("{commit}^{{tree}}");
    git.run(&["ls-tree", "-r", "-z", "--full-tree", &tree])
}

/// Parses the output of [`list`].
///
/// The format is `MODE TYPE ID`, a tab, and the path (git-ls-tree(1)).
fn files_of_tree(listed: &[u8]) -> Files<'_> {
    files(listed, 2)
}

/// Parses lines with a mode, an id in the field `id`, a tab and a path.
fn files<'l>(listed: &'l [u8], id: usize) -> Files<'l> {
    let parse = |line: &'l [u8]| {
        let (meta, path) = line.split_once_str("\t")?;
        let fields: Vec<&[u8]> = meta.splitn_str(3, " ").collect();
        Some((path.as_bstr(), (*fields.first()?, *fields.get(id)?)))
    };
    nul_fields(listed).filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::Shift::{self, Added, Removed};
    use super::files;

    #[test]
    fn a_moved_path_gains_or_loses_directories() {
        for (path, other, expected) in [
            ("vendor/lib/debug_x.py", "debug_x.py", Some(Added(b"vendor/lib/"))),
            ("debug_x.py", "vendor/lib/debug_x.py", Some(Removed(b"vendor/lib/"))),
            ("vendor/scratch/a.py", "scratch/a.py", Some(Added(b"vendor/"))),
            ("vendor/scratch/a.py", "other/a.py", None),
            ("vendor/my_debug_x.py", "debug_x.py", None),
            ("debug_x.py", "debug_x.py", None),
        ] {
            assert_eq!(Shift::between(path.into(), other.into()), expected, "{path} {other}");
        }
    }

    #[test]
    fn a_tree_is_moved_if_most_of_its_paths_are() {
        let listing = |paths: &str| -> String {
            paths.split(' ').map(|path| format!("100644 id 0\t{path}\0")).collect::<Vec<_>>().concat()
        };
        for (shift, result, merged, expected) in [
            (Added(b"lib/"), "main lib/a lib/b lib/ours", "a b c", true),
            (Added(b"lib/"), "a b main lib/a", "a b", false),
            (Added(b"lib/"), "main lib/a", "a", true),
            (Removed(b"lib/"), "a b ours", "main lib/a lib/b", true),
            (Removed(b"lib/"), "a b main lib/a", "b main lib/a", false),
            (Removed(b"lib/"), "a main", "main lib/a", false),
        ] {
            let [result, merged] = [listing(result), listing(merged)];
            let [result, merged] = [&result, &merged].map(|listed| files(listed.as_bytes(), 1));
            assert_eq!(shift.is_of_tree(&result, &merged), expected, "{shift:?} {result:?}");
        }
    }
}
