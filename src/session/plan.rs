//! What becomes of each path of a stow. Decided before the first step is made, so
//! that a dry run says the same.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use serde::Serialize;

use super::{Error, SessionDirectory, fs, is_there, moves};
use crate::git::{IndexChange, Object, PathState, WorktreeState};
use crate::policy::Home;

/// A path that is to be stowed.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// In bytes, relative to the top of the repository.
    pub path: BString,
    /// The id of the rule that catches it, where one does.
    pub rule: Option<String>,
    /// Where the rule says that it belongs.
    pub home: Home,
    /// Whether the user named it. A committed path that is not named is never
    /// deleted.
    pub is_named: bool,
}

/// A path that is to be stowed, and what is held there.
#[derive(Debug)]
pub struct Held {
    /// The path, and why it is to be stowed.
    pub wanted: Wanted,
    /// What git holds.
    pub sides: PathState,
    /// What the worktree holds.
    pub standing: WorktreeState,
}

/// What is done with one path. All paths are relative to the top.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Task {
    /// The path.
    pub path: BString,
    /// The id of the rule that caught it.
    pub rule: Option<String>,
    /// Where what is in the worktree is moved.
    pub moved_to: Option<BString>,
    /// Where the staged contents are written, where they are nowhere else.
    pub written: Option<Copy>,
    /// What becomes of its entry in the index.
    pub entry: Entry,
    /// The same, as git is told.
    pub change: Option<IndexChange>,
    /// What was staged.
    pub staged: Option<Object>,
    /// Whether the worktree gets what the index goes back to.
    pub is_checked_out: bool,
    /// Whether the path is in a session directory already, where it stays.
    pub stays: bool,
    /// Whether a sparse checkout keeps it off the disk.
    pub is_off_disk: bool,
}

/// What becomes of the entry of a path in the index.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// There is none.
    #[default]
    Untouched,
    /// The next commit does not have the path, and none before has.
    Unstaged,
    /// The next commit deletes the path.
    Deleted,
    /// The next commit has it as the ones before.
    Restored,
}

impl Task {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.moved_to.is_none() && self.written.is_none() && self.entry == Entry::Untouched
    }

    /// What is in a session directory when it is done, and no longer tracked.
    pub fn at_home(&self) -> impl Iterator<Item = &BString> {
        let is_untracked = matches!(self.entry, Entry::Unstaged | Entry::Deleted);
        let stays = (self.stays && is_untracked).then_some(&self.path);
        let written = self.written.as_ref().map(|copy| &copy.to);
        stays.into_iter().chain(&self.moved_to).chain(written)
    }
}

/// Staged contents in a file of the session directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Copy {
    /// The file.
    pub to: BString,
    /// What is in it.
    pub object: Object,
    /// Whether it is there already, from a stow that was killed.
    pub is_there: bool,
}

/// What is to be done with a path, without the names that it will get.
#[derive(Debug, Default, Eq, PartialEq)]
struct Decision {
    /// What the worktree has is moved away.
    moves: bool,
    /// The staged contents are written out.
    writes: bool,
    /// What becomes of the entry in the index.
    entry: Entry,
    /// The worktree gets what the index goes back to.
    checks_out: bool,
}

impl Held {
    /// Decides. `stays` is whether the path is in a session directory already.
    fn decide(&self, stays: bool) -> Decision {
        let PathState { staged, committed, is_off_disk, .. } = &self.sides;
        let is_named = self.wanted.is_named;
        let goes_back = committed.as_ref().filter(|_| !is_named);
        let entry = match (staged, committed) {
            (_, Some(_)) if !is_named && staged == committed => Entry::Untouched,
            (_, Some(_)) if !is_named => Entry::Restored,
            (Some(_), Some(_)) => Entry::Deleted,
            (Some(_), None) => Entry::Unstaged,
            (None, _) if self.sides.is_intent_to_add => Entry::Unstaged,
            (None, _) => Entry::Untouched,
        };
        if goes_back.is_some() && staged.is_none() {
            // The old name of a renamed path. What stands there now is somebody else's.
            let checks_out = self.standing == WorktreeState::Missing;
            return Decision { entry, checks_out, ..Decision::default() };
        }
        let is_gitlink = staged.as_ref().is_some_and(|staged| staged.mode == Object::GITLINK);
        let (is_present, worktree) = match &self.standing {
            WorktreeState::File(object) => (true, object.as_ref()),
            // No directory is wanted but one that git takes for an entry, staged or not yet.
            WorktreeState::Directory => (is_gitlink || (staged.is_none() && is_named), None),
            WorktreeState::Missing | WorktreeState::Blocked => (false, None),
        };
        // Contents that no commit has.
        let is_news = staged.is_some() && staged != committed;
        let is_as_committed = goes_back.is_some() && worktree == goes_back;
        let is_worth_writing =
            if is_present { is_news && worktree != staged.as_ref() } else { is_news || (is_named && !stays) };
        let is_free = is_present || self.standing == WorktreeState::Missing;
        Decision {
            moves: is_present && !stays && !is_as_committed,
            writes: staged.is_some() && !is_gitlink && is_worth_writing,
            checks_out: goes_back.is_some() && !stays && !is_as_committed && !is_off_disk && is_free,
            entry,
        }
    }
}

/// The names that are given out, so that no two paths get one.
struct Names<'a> {
    top: &'a Path,
    given: BTreeSet<BString>,
    /// How many names like each were looked at. Thousands of files may have one name.
    seen: BTreeMap<BString, usize>,
}

impl Names<'_> {
    /// The first name like `wanted` that is free, or that `is_it` says is the thing
    /// itself, from a stow that was killed; and whether it is.
    fn give(&mut self, wanted: &BStr, is_it: &dyn Fn(&Path) -> bool) -> (BString, bool) {
        let mut found = None;
        let seen = self.seen.entry(wanted.to_owned()).or_default();
        for name in moves::names(wanted).skip(*seen) {
            *seen += 1;
            let on_disk = self.top.join(super::relative(name.as_bstr()));
            let is_taken = is_there(&on_disk);
            if !self.given.contains(&name) && (!is_taken || is_it(&on_disk)) {
                found = Some((name, is_taken));
                break;
            }
        }
        let (name, is_taken) = found.unwrap_or_else(|| (wanted.to_owned(), false));
        self.given.insert(name.clone());
        (name, is_taken)
    }
}

impl SessionDirectory {
    /// What is done with each of `held`. `blob` gives the contents of a staged object.
    ///
    /// # Errors
    ///
    /// A path cannot be stowed, and then none is.
    pub fn plan(
        &self,
        held: Vec<Held>,
        blob: &dyn Fn(&str) -> Result<Vec<u8>, crate::git::Error>,
    ) -> Result<Vec<Task>, Error> {
        let mut names = Names { top: &self.top, given: BTreeSet::new(), seen: BTreeMap::new() };
        held.into_iter().map(|held| self.task(held, &mut names, blob)).collect()
    }

    fn task(
        &self,
        held: Held,
        names: &mut Names,
        blob: &dyn Fn(&str) -> Result<Vec<u8>, crate::git::Error>,
    ) -> Result<Task, Error> {
        let path = &held.wanted.path;
        if held.sides.is_unmerged {
            return Err(Error::Unmerged(path.clone()));
        }
        let mut place = self.place(&held.wanted);
        if place.is_none() && held.standing == WorktreeState::Blocked {
            // Its session directory cannot be reached.
            place = Some(held.wanted.home.default_path(held.wanted.path.as_bstr()));
        }
        let decision = held.decide(place.is_none());
        let wanted = place.as_ref().unwrap_or(path).as_bstr();
        if decision.moves || decision.writes {
            self.check(wanted[..wanted.rfind_byte(b'/').unwrap_or(0)].as_bstr())?;
        }
        let source = self.on_disk(path.as_bstr());
        if decision.moves && source.join(".git").is_file() {
            return Err(Error::Submodule(path.clone()));
        }
        let moved_to =
            decision.moves.then(|| names.give(wanted, &|present| moves::is_same_file(present, &source)).0);
        let written = match held.sides.staged.clone().filter(|_| decision.writes) {
            Some(object) => {
                let content = blob(&object.id)?;
                let (to, is_there) = names.give(wanted, &|present| moves::holds(present, &object, &content));
                Some(Copy { to, object, is_there })
            }
            None => None,
        };
        let is_off_disk = held.sides.is_off_disk;
        let change = |object| Some(IndexChange { path: path.clone(), object, is_off_disk });
        Ok(Task {
            moved_to,
            written,
            change: match decision.entry {
                Entry::Untouched => None,
                Entry::Unstaged | Entry::Deleted => change(None),
                Entry::Restored => change(held.sides.committed),
            },
            entry: decision.entry,
            is_checked_out: decision.checks_out,
            stays: place.is_none(),
            is_off_disk,
            staged: held.sides.staged,
            rule: held.wanted.rule,
            path: held.wanted.path,
        })
    }

    /// Where a path belongs; nothing, where it is in a session directory already.
    fn place(&self, wanted: &Wanted) -> Option<BString> {
        let place = wanted.home.destination(wanted.path.as_bstr())?;
        let directory = |path: &BString| {
            let metadata = fs::symlink_metadata(self.on_disk(path.as_bstr()).parent()?).ok()?;
            Some((metadata.dev(), metadata.ino()))
        };
        // Where the file system does not tell letter cases apart, it is there.
        let is_there = directory(&place).is_some_and(|place| directory(&wanted.path) == Some(place));
        (!is_there).then_some(place)
    }
}
