//! What commits have that none of their parents has, found tree beside tree.

use std::mem::{self, ManuallyDrop};
use std::rc::Rc;

use bstr::{BStr, ByteSlice};

use super::objects::Objects;
use super::tree::{self, Entries, Tree};
use super::{Cause, Commit, Error, ObjectId};
use crate::git::Object;
use crate::{Change, Entry};

/// How deep directories may lie, as git has it (`core.maxTreeDepth`): a damaged tree may
/// lie in itself.
const DEEPEST: usize = 2048;

/// Compares commits with their parents, one after the other.
pub(super) struct Comparison<'c> {
    /// Not to be freed either, as the reader is not.
    objects: ManuallyDrop<Objects<'c>>,
    nominates: &'c mut dyn FnMut(&BStr) -> bool,
    /// Of what is looked at, from the top.
    path: Vec<u8>,
    /// How many directories it lies in.
    depth: usize,
    entries: Vec<Entry>,
}

impl<'c> Comparison<'c> {
    pub(super) fn by(objects: Objects<'c>, nominates: &'c mut dyn FnMut(&BStr) -> bool) -> Self {
        Self {
            objects: ManuallyDrop::new(objects),
            nominates,
            path: Vec::new(),
            depth: 0,
            entries: Vec::new(),
        }
    }

    /// What `commit` has that none of its parents has, in the order of the paths.
    pub(super) fn entries(&mut self, commit: &Commit) -> Result<Vec<Entry>, Error> {
        let tree_of = |id: &ObjectId| {
            let tree = self.objects.tree_of(*id);
            tree.map_err(|cause| Error::ReadCommit(id.to_string(), cause))
        };
        let parents: Vec<ObjectId> = commit.parents.iter().map(tree_of).collect::<Result<_, _>>()?;
        if !parents.contains(&commit.tree) {
            self.descend(commit.tree, &parents)?;
        }
        let mut entries = mem::take(&mut self.entries);
        // In a tree `x-y` stands before a directory `x`, among paths behind it.
        entries.sort_unstable();
        Ok(entries)
    }

    /// Goes through a tree and those that stand at its place in the parents, side by side.
    /// What one parent has as it is, a whole directory even, is not looked into.
    fn descend(&mut self, tree: ObjectId, parents: &[ObjectId]) -> Result<(), Error> {
        let tree = self.read(tree)?;
        let parents: Result<Vec<Rc<Tree>>, Error> = parents.iter().map(|id| self.read(*id)).collect();
        let parents = parents?;
        let mut parents: Vec<Entries> = parents.iter().map(|tree| tree.entries()).collect();
        let mut entries = tree.entries();
        loop {
            for parent in &mut parents {
                entries.pass_over_common(parent);
            }
            let Some(entry) = entries.next() else { return Ok(()) };
            let known: Vec<_> = parents.iter_mut().filter_map(|parent| parent.find(&entry)).collect();
            if !known.contains(&entry) {
                self.look_at(&entry, &known)?;
            }
        }
    }

    /// Looks at an entry that no parent has as it is. `known` is what they have in its
    /// place.
    fn look_at(&mut self, entry: &tree::Entry, known: &[tree::Entry]) -> Result<(), Error> {
        let length = self.path.len();
        if length > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(entry.name);
        if entry.is_tree() {
            let parents: Vec<ObjectId> = known.iter().map(|known| known.id).collect();
            self.depth += 1;
            self.descend(entry.id, &parents)?;
            self.depth -= 1;
        } else if (self.nominates)(self.path.as_bstr()) {
            let change = match known.first() {
                None => Change::Added,
                Some(known) if Object::type_of(known.mode) == Object::type_of(entry.mode) => Change::Modified,
                Some(_) => Change::TypeChanged,
            };
            self.entries.push(Entry { path: self.path.as_bstr().into(), change });
        }
        self.path.truncate(length);
        Ok(())
    }

    fn read(&mut self, id: ObjectId) -> Result<Rc<Tree<'c>>, Error> {
        let tree = if self.depth > DEEPEST {
            Err(Cause::new("directories lie too deep in each other".to_owned()))
        } else {
            self.objects.tree(id)
        };
        tree.map_err(|source| Error::ReadTree { path: self.path.as_bstr().into(), source })
    }
}
