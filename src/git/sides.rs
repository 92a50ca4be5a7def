//! What git holds at a path: in the index, and in the commits that it is compared
//! with.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use bstr::{BStr, BString, ByteSlice};
use serde::{Deserialize, Serialize};

use super::command_line::{differences_in, fields, run_with, text};
use super::{Error, Repository};

/// What stands at a path, as git holds it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Object {
    /// As in a tree: type and executable bit.
    pub mode: u32,
    /// The object's id in hexadecimal.
    pub id: String,
}

/// What git holds at one path.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sides {
    /// In the index.
    pub staged: Option<Object>,
    /// In `HEAD`, or in the first of the merged commits that has the path.
    pub committed: Option<Object>,
    /// Whether the index has it in more than one version: a conflict.
    pub is_unmerged: bool,
    /// Whether a sparse checkout keeps it off the disk.
    pub is_off_disk: bool,
    /// Whether the index only announces it (`git add -N`): nothing is staged.
    pub is_intent_to_add: bool,
}

impl Object {
    /// Of a symlink (gitformat-index).
    pub const SYMLINK: u32 = 0o120_000;
    /// Of a gitlink: a commit of another repository.
    pub const GITLINK: u32 = 0o160_000;
    /// Of a file.
    pub const FILE: u32 = 0o100_644;
    /// Of a file that is executable.
    pub const EXECUTABLE: u32 = 0o100_755;

    /// The part of a mode that says file, symlink or gitlink.
    #[must_use]
    pub fn type_of(mode: u32) -> u32 {
        mode & 0o170_000
    }

    /// Whether it is a file, executable or not.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.mode, Self::FILE | Self::EXECUTABLE)
    }

    /// The object at this side of a raw difference; nothing where the side has none.
    fn of(mode: &[u8], id: &[u8]) -> Option<Self> {
        let mode = u32::from_str_radix(mode.to_str().ok()?, 8).ok()?;
        (mode != 0).then(|| Self { mode, id: text(id) })
    }
}

impl Repository {
    /// What git holds at each of `paths`, which are relative to the top, and at the
    /// old names of those that are renamed. The commits are `HEAD` and `merged`.
    ///
    /// # Errors
    ///
    /// The index or one of the commits cannot be read.
    pub fn sides(
        &self,
        paths: &BTreeSet<BString>,
        merged: &[String],
    ) -> Result<BTreeMap<BString, Sides>, Error> {
        let mut sides: BTreeMap<BString, Sides> =
            paths.iter().map(|path| (path.clone(), Sides::default())).collect();
        self.read_index_side(&mut sides)?;
        // What a commit does not have otherwise, it has as the index has it.
        for side in sides.values_mut() {
            side.committed.clone_from(&side.staged);
        }
        let head = if self.is_head_unborn()? { self.empty_tree() } else { "HEAD" };
        let mut old_names = BTreeMap::new();
        let mut as_committed: BTreeSet<BString> = paths.clone();
        // In a partial clone, what renames are told by may be missing.
        let changed = differences_in(self.git(), &["-M"], head, &[])
            .or_else(|_| differences_in(self.git(), &["--no-renames"], head, &[]))?;
        for difference in differences(&changed) {
            as_committed.remove(difference.path);
            let Difference { path, old, renamed_from } = difference;
            if let Some(named) = renamed_from.and_then(|old_name| sides.get_mut(old_name)) {
                named.committed.clone_from(&old);
            }
            let Some(side) = sides.get_mut(path) else { continue };
            match renamed_from {
                None => side.committed = old,
                Some(old_name) => {
                    side.committed = None;
                    let committed = Sides { committed: old, ..Sides::default() };
                    old_names.insert(old_name.to_owned(), committed);
                }
            }
        }
        if !as_committed.is_empty() {
            self.tell_intent_to_add(head, &as_committed, &mut sides)?;
        }
        self.drop_renamed_elsewhere(head, paths, &mut old_names)?;
        for parent in merged {
            let output = differences_in(self.git(), &["--no-renames"], parent, &[])?;
            let differences: BTreeMap<&BStr, _> =
                differences(&output).map(|difference| (difference.path, difference.old)).collect();
            // What one side of a merge has deleted is not to come back.
            old_names.retain(|old, _| differences.contains_key(old.as_bstr()));
            for (path, side) in sides.iter_mut().filter(|(_, side)| side.committed.is_none()) {
                side.committed = match differences.get(path.as_bstr()) {
                    Some(old) => old.clone(),
                    None => side.staged.clone(),
                };
            }
        }
        old_names.append(&mut sides);
        Ok(old_names)
    }

    /// A file that was renamed and copied has one old name and two new ones: where one
    /// is none of `paths`, the old name is not to come back.
    fn drop_renamed_elsewhere(
        &self,
        head: &str,
        paths: &BTreeSet<BString>,
        old_names: &mut BTreeMap<BString, Sides>,
    ) -> Result<(), Error> {
        let length: usize = paths.iter().map(|path| path.len()).sum();
        if old_names.is_empty() || length > MOST_EXCLUDED {
            return Ok(());
        }
        let exclude =
            |path: &BString| OsString::from_vec(bstr::concat([b":(top,exclude,literal)", path.as_slice()]));
        let others: Vec<OsString> =
            std::iter::once(OsString::from(".")).chain(paths.iter().map(exclude)).collect();
        for difference in differences(&differences_in(self.git(), &["-M"], head, &others)?) {
            if let Some(old) = difference.renamed_from {
                old_names.remove(old);
            }
        }
        Ok(())
    }

    /// An entry of `git add -N` looks like an empty file. What git takes for no
    /// difference, unless it is asked to see these entries, is one.
    fn tell_intent_to_add(
        &self,
        head: &str,
        as_committed: &BTreeSet<BString>,
        sides: &mut BTreeMap<BString, Sides>,
    ) -> Result<(), Error> {
        let options = ["--no-renames", "--ita-visible-in-index"];
        for difference in differences(&differences_in(self.git(), &options, head, &[])?) {
            let is_new = difference.old.is_none() && as_committed.contains(difference.path);
            if let Some(side) = sides.get_mut(difference.path).filter(|_| is_new) {
                *side = Sides { is_intent_to_add: true, ..Sides::default() };
            }
        }
        Ok(())
    }

    fn read_index_side(&self, sides: &mut BTreeMap<BString, Sides>) -> Result<(), Error> {
        let output = run_with(self.git(), &["ls-files", "-s", "-t", "-z", "--full-name"], &[])?;
        for (meta, path) in fields(&output).filter_map(|line| line.split_once_str("\t")) {
            let Some(side) = sides.get_mut(path.as_bstr()) else { continue };
            let [tag, mode, id, stage] = meta.splitn_str(4, " ").collect::<Vec<_>>()[..] else { continue };
            if stage == b"0" {
                side.staged = Object::of(mode, id);
                side.is_off_disk = tag == b"S";
            } else {
                side.is_unmerged = true;
            }
        }
        Ok(())
    }
}

/// How long the paths are in all that a command line of git is given, in bytes: a
/// quarter of what Linux and macOS take, with the magic before each.
const MOST_EXCLUDED: usize = 128 * 1024;

/// One difference between a commit and the index.
struct Difference<'o> {
    path: &'o BStr,
    old: Option<Object>,
    renamed_from: Option<&'o BStr>,
}

/// Reads `:MODE MODE ID ID STATUS`, a path, and of a rename the new path
/// (git-diff-index(1), "raw output format").
fn differences(output: &[u8]) -> impl Iterator<Item = Difference<'_>> {
    let mut fields = fields(output);
    std::iter::from_fn(move || {
        let meta = fields.next()?.strip_prefix(b":")?;
        let path = fields.next()?.as_bstr();
        let [old_mode, _, old_id, _, status] = meta.splitn_str(5, " ").collect::<Vec<_>>()[..] else {
            return None;
        };
        let old = Object::of(old_mode, old_id);
        Some(match status.first() {
            Some(b'R') => Difference { path: fields.next()?.as_bstr(), old, renamed_from: Some(path) },
            _ => Difference { path, old, renamed_from: None },
        })
    })
}
