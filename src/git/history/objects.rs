//! Commits and trees, read once for all that is done with them in a short time.

use std::rc::Rc;

use git2::{Odb, Repository};

use super::super::watchdog::Watchdog;
use super::recent::Recent;
use super::tree::Tree;
use super::{Cause, Commit, ObjectId};

/// How many bytes of trees are kept.
const ROOM_FOR_TREES: usize = 2 << 20;

/// How many bytes a tree takes beside its own.
const BESIDE: usize = 256;

/// The objects of a repository, to compare commits by. libgit2 would keep all small trees
/// that it ever read, and no large one.
pub(super) struct Objects<'o> {
    repository: &'o Repository,
    database: &'o Odb<'o>,
    trees: Recent<ObjectId, Rc<Tree<'o>>>,
    /// The commits that are compared, in the order of their ids.
    commits: Vec<&'o Commit>,
}

impl<'o> Objects<'o> {
    pub(super) fn of(repository: &'o Repository, database: &'o Odb<'o>, commits: &'o [Commit]) -> Self {
        let mut commits: Vec<&Commit> = commits.iter().collect();
        commits.sort_unstable_by(|one, other| one.id.as_bytes().cmp(other.id.as_bytes()));
        Self { repository, database, trees: Recent::with_room(ROOM_FOR_TREES), commits }
    }

    pub(super) fn tree(&mut self, id: ObjectId) -> Result<Rc<Tree<'o>>, Cause> {
        let read = |id: ObjectId| {
            Watchdog::tick();
            Tree::of(self.database.read(id.try_into()?)?).map(Rc::new)
        };
        self.trees.get(id, read, |tree| tree.size() + BESIDE)
    }

    /// The tree of a commit: mostly of one that is compared itself.
    pub(super) fn tree_of(&self, commit: ObjectId) -> Result<ObjectId, Cause> {
        let compared = self.commits.binary_search_by(|other| other.id.as_bytes().cmp(commit.as_bytes()));
        if let Ok(at) = compared {
            return Ok(self.commits[at].tree);
        }
        Watchdog::tick();
        Ok(self.repository.find_commit(commit.try_into()?)?.tree_id().into())
    }
}
