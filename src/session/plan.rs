//! Plans a stow: decides what to do with each path, before the first file is moved.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use serde::Serialize;

use super::fingerprint::Stamp;
use super::place::Root;
use super::tree::{Node, Purpose, SkipReason, Skipped};
use super::{Error, Extent, Request, SessionDirectory, directory_of, files, name_of, to_path};
use crate::disk::{exists, failed_to};
use crate::git::{CommittedIn, IndexChange, Object, PathState, Repository, TrackedPaths, WorktreeState};
use crate::git::{OldNames, RuleFiles, not_ignored, old_names, path_states, submodules, worktree_states};
use crate::policy::{SESSION_DIRECTORY, is_session_directory};

/// The plan of a stow.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// What to do with each path. Paths that need no change are left out.
    pub steps: Vec<Step>,
    /// The pattern that git needs to ignore the stowed files, if it does not yet.
    pub ignore_pattern: Option<&'static str>,
    /// The paths that are left as they are, because several parents of a merge have changed them.
    pub combined: Vec<BString>,
    /// The paths that are left as they are, and what there would not work elsewhere.
    pub immovable: Vec<(BString, Vec<Skipped>)>,
    /// The paths that are unstaged, but not moved, and that git does not ignore.
    pub not_ignored: Vec<BString>,
    /// The deleted paths of the index that may be old names of new files that are stowed.
    pub deleted: Vec<BString>,
}

/// What to do with one path. All paths are relative to the worktree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Step {
    /// The path.
    pub path: BString,
    /// The id of the rule that matches it, if one does.
    pub rule: Option<String>,
    /// The state in git before the stow.
    pub before: PathState,
    /// The file in the worktree, as it was before it was compared with git's versions.
    pub stamp: Option<Stamp>,
    /// Where the file in the worktree is moved.
    pub destination: Option<BString>,
    /// The copy of the staged contents, if no file has them.
    pub staged_copy: Option<StagedCopy>,
    /// What to do with the entry in the index.
    pub index_action: IndexAction,
    /// Whether the committed version is written to the worktree.
    pub restores_worktree: bool,
    /// Whether the path is in a session directory already.
    pub is_in_place: bool,
    /// Whether the file works only where it is, so that it is not moved.
    pub stays: bool,
    /// What in a repository would not work elsewhere, so that it is not moved.
    pub obstacles: Vec<Skipped>,
}

/// A copy of staged contents in the session directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct StagedCopy {
    /// The path of the copy.
    pub path: BString,
    /// The staged object.
    pub object: Object,
}

/// What to do with an entry in the index.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IndexAction {
    /// The entry is not changed.
    #[default]
    Untouched,
    /// The entry is removed, and no parent has the path.
    Unstaged,
    /// The entry is removed, so that the next commit deletes the path.
    Deleted,
    /// The entry becomes that of the parent.
    Restored,
}

impl Plan {
    /// Plans the stow of `requests`.
    ///
    /// The old names of renamed files are restored: their deletion would be committed
    /// without the new name. `tracked` are the paths in the index.
    ///
    /// # Errors
    ///
    /// A path does not exist or cannot be stowed, or git fails.
    pub(crate) fn new(
        repository: &Repository,
        tracked: &TrackedPaths,
        mut requests: Vec<Request>,
    ) -> Result<Self, Error> {
        if requests.is_empty() {
            return Ok(Self::default());
        }
        let layout = repository.layout();
        let parents = repository.parents()?;
        let mut paths: BTreeSet<BString> = requests.iter().map(|request| request.path.clone()).collect();
        // git reads attributes to compare and to hash files.
        RuleFiles::Attributes.check(layout, &paths)?;
        let OldNames { renamed, mut deleted } = old_names(layout, &parents, &paths)?;
        let old_names = renamed.into_iter().filter(|path| can_track(tracked, path.as_bstr()));
        // A file must not take the place of the session directory.
        let (in_the_way, old_names): (BTreeSet<_>, BTreeSet<_>) =
            old_names.partition(|path| is_session_directory(path.as_bstr()));
        deleted.extend(in_the_way);
        paths.extend(old_names.iter().cloned());
        requests.extend(old_names.iter().cloned().map(Request::old_name));
        let mut states = path_states(layout, &parents, &paths)?;
        let root = Root::open(layout.worktree())?;
        let stamp = |path: &BString| root.place(to_path(path.as_bstr())).stamp();
        let mut stamps: BTreeMap<BString, Option<Stamp>> =
            states.keys().map(|path| (path.clone(), stamp(path))).collect();
        let mut worktree = worktree_states(layout, &states)?;
        let is_gitlink = |object: &Option<Object>| object.as_ref().is_some_and(Object::is_gitlink);
        let has_gitlink = states.values().any(|state| is_gitlink(&state.staged));
        let submodules = if has_gitlink { submodules(layout)? } else { BTreeSet::new() };
        let session = SessionDirectory::new(layout.worktree());
        // A file that is moved must not take the place of one that is restored.
        let mut names = FreeNames::new(layout.worktree(), old_names);
        let (mut steps, mut combined, mut immovable) = (Vec::new(), Vec::new(), Vec::new());
        for request in requests {
            let Some((state, worktree)) = states.remove(&request.path).zip(worktree.remove(&request.path))
            else {
                continue;
            };
            if state == PathState::default() && worktree == WorktreeState::Missing {
                return Err(Error::MissingPath(request.path));
            }
            if state.committed_in == CommittedIn::Several && request.extent == Extent::Changes {
                combined.push(request.path);
                continue;
            }
            let stamp = stamps.remove(&request.path).flatten();
            let snapshot = Snapshot { request, git: state, worktree, stamp };
            let mut obstacles = session.obstacles(&snapshot, &submodules)?;
            obstacles.extend(snapshot.stays_untracked().filter(|_| obstacles.is_empty()));
            if !obstacles.is_empty() && !snapshot.can_be_unstaged(&obstacles) {
                immovable.push((snapshot.request.path, obstacles));
                continue;
            }
            steps.push(session.step(snapshot, obstacles, &mut names)?);
        }
        steps.retain(|step| !step.is_empty());
        let is_new = |step: &Step| step.index_action == IndexAction::Unstaged && !step.is_in_place;
        let deleted = if steps.iter().any(is_new) { deleted } else { Vec::new() };
        let mut plan = Self { steps, combined, immovable, deleted, ..Self::default() };
        plan.not_ignored = not_ignored(layout, &plan.unmoved())?;
        plan.ignore_pattern = missing_ignore_pattern(&not_ignored(layout, &plan.stowed_paths())?);
        Ok(plan)
    }

    /// Returns the paths that are unstaged, but not moved, and that git has to ignore.
    fn unmoved(&self) -> Vec<BString> {
        let is_unmoved = |step: &&Step| !step.obstacles.is_empty() || step.stays && step.is_removed();
        let steps = self.steps.iter().filter(is_unmoved);
        steps.map(|step| step.path.clone()).collect()
    }

    /// Returns the paths in session directories that are untracked after the stow.
    #[must_use]
    pub(crate) fn stowed_paths(&self) -> Vec<BString> {
        self.steps.iter().flat_map(Step::stowed_paths).cloned().collect()
    }
}

/// Whether an entry at `path` can be added to the tracked ones.
fn can_track(tracked: &TrackedPaths, path: &BStr) -> bool {
    let mut parents = path.find_iter(b"/").map(|slash| path[..slash].as_bstr());
    !tracked.contains(path) && !parents.any(|parent| tracked.contains_file(parent))
}

/// Returns the pattern that makes git ignore `paths`. `None` if there are none.
fn missing_ignore_pattern(paths: &[BString]) -> Option<&'static str> {
    let is_bare_name = |path: &BString| path.rsplit_str("/").next() == Some(SESSION_DIRECTORY.as_bytes());
    match paths {
        [] => None,
        // A pattern that ends in a slash matches no file.
        paths if paths.iter().any(is_bare_name) => Some(".claude_sessions"),
        _ => Some(".claude_sessions/"),
    }
}

impl Step {
    /// Returns the change of the index, if there is one.
    #[must_use]
    pub(crate) fn index_change(&self) -> Option<IndexChange> {
        let object = match self.index_action {
            IndexAction::Untouched => return None,
            IndexAction::Unstaged | IndexAction::Deleted => None,
            IndexAction::Restored => self.before.committed.clone(),
        };
        Some(IndexChange { path: self.path.clone(), object, bits: self.before.bits })
    }

    /// Whether there is nothing to do.
    fn is_empty(&self) -> bool {
        self.destination.is_none()
            && self.staged_copy.is_none()
            && self.index_action == IndexAction::Untouched
    }

    /// Whether the entry is removed from the index.
    fn is_removed(&self) -> bool {
        matches!(self.index_action, IndexAction::Unstaged | IndexAction::Deleted)
    }

    /// Returns the paths in session directories that are untracked after this step.
    fn stowed_paths(&self) -> impl Iterator<Item = &BString> {
        let in_place = (self.is_in_place && self.is_removed()).then_some(&self.path);
        let copy = self.staged_copy.as_ref().map(|copy| &copy.path);
        in_place.into_iter().chain(&self.destination).chain(copy)
    }
}

/// A request, and what git and the worktree have at its path.
#[derive(Debug)]
struct Snapshot {
    request: Request,
    git: PathState,
    worktree: WorktreeState,
    stamp: Option<Stamp>,
}

/// What the worktree has at a path, compared with the index and the parent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum LocalFile {
    /// There is no file.
    Missing,
    /// Something that is not moved, so that nothing can be written there.
    Obstructed,
    /// The version of the parent, to which the index is restored.
    Committed,
    /// The staged version.
    Staged,
    /// Contents that git does not have.
    Changed,
}

/// What to do with a path, before names are chosen.
#[derive(Debug, Eq, PartialEq)]
struct Decision {
    index_action: IndexAction,
    /// Whether the file in the worktree is moved to the session directory.
    moves_file: bool,
    /// Whether the staged contents are copied to the session directory.
    copies_staged: bool,
    restores_worktree: bool,
}

impl Snapshot {
    /// Decides what to do. `is_in_place` says whether the file is where it belongs.
    fn decide(&self, is_in_place: bool) -> Decision {
        let PathState { staged, committed, bits, .. } = &self.git;
        let can_copy = staged.as_ref().is_some_and(|object| !object.is_gitlink());
        let has_new_contents = can_copy && staged != committed;
        let is_taken_whole = can_copy && self.request.extent == Extent::Whole && !is_in_place;
        // A file in place stays, but a deleted file is restored there, too.
        let is_restorable = !bits.is_off_disk && (!is_in_place || staged.is_none());
        let restores = self.restored().is_some() && is_restorable;
        let (moves_file, copies_staged, restores_worktree) = match self.local_file() {
            LocalFile::Committed => (false, has_new_contents, false),
            LocalFile::Staged => (!is_in_place, false, restores),
            LocalFile::Changed => (!is_in_place, has_new_contents, restores),
            LocalFile::Missing => (false, has_new_contents || is_taken_whole, restores),
            LocalFile::Obstructed => (false, has_new_contents || is_taken_whole, false),
        };
        Decision { index_action: self.index_action(), moves_file, copies_staged, restores_worktree }
    }

    fn index_action(&self) -> IndexAction {
        let PathState { staged, committed, is_intent_to_add, .. } = &self.git;
        match (staged, self.restored()) {
            (staged, Some(restored)) if staged.as_ref() == Some(restored) => IndexAction::Untouched,
            (_, Some(_)) => IndexAction::Restored,
            (Some(_), None) if committed.is_some() => IndexAction::Deleted,
            (Some(_), None) => IndexAction::Unstaged,
            (None, None) if *is_intent_to_add && committed.is_some() => IndexAction::Deleted,
            (None, None) if *is_intent_to_add => IndexAction::Unstaged,
            (None, None) => IndexAction::Untouched,
        }
    }

    /// Returns the committed version if the index keeps or gets it.
    fn restored(&self) -> Option<&Object> {
        self.git.committed.as_ref().filter(|_| self.request.extent == Extent::Changes)
    }

    fn local_file(&self) -> LocalFile {
        let staged = self.git.staged.as_ref();
        let object = match &self.worktree {
            WorktreeState::Missing => return LocalFile::Missing,
            WorktreeState::Blocked => return LocalFile::Obstructed,
            // The entry was deleted, so this is another file in its place.
            _ if staged.is_none() && self.restored().is_some() => return LocalFile::Obstructed,
            WorktreeState::Directory if !self.is_repository() => return LocalFile::Obstructed,
            WorktreeState::Directory => None,
            WorktreeState::File(object) => object.as_ref(),
        };
        match object {
            Some(_) if object == self.restored() => LocalFile::Committed,
            Some(_) if object == staged => LocalFile::Staged,
            _ => LocalFile::Changed,
        }
    }

    /// Whether the entry of a repository that cannot be moved is taken out of the index.
    ///
    /// A submodule that is added stays: it is in `.gitmodules`, too.
    fn can_be_unstaged(&self, obstacles: &[Skipped]) -> bool {
        match self.index_action() {
            IndexAction::Untouched => false,
            IndexAction::Restored => true,
            IndexAction::Unstaged | IndexAction::Deleted => {
                obstacles.iter().all(|skipped| skipped.reason != SkipReason::Submodule)
            }
        }
    }

    /// Returns the path if it works only where it is and is not in the index: it is skipped.
    fn stays_untracked(&self) -> Option<Skipped> {
        let is_skipped = self.request.stays && self.git == PathState::default();
        is_skipped.then(|| Skipped { path: self.request.path.clone(), reason: SkipReason::Stays })
    }

    /// Whether a directory is another repository, staged as a gitlink or named by the user.
    fn is_repository(&self) -> bool {
        match &self.git.staged {
            Some(object) => object.is_gitlink(),
            None => self.request.extent == Extent::Whole,
        }
    }
}

impl SessionDirectory {
    /// Plans what to do with one path.
    fn step(
        &self,
        snapshot: Snapshot,
        obstacles: Vec<Skipped>,
        names: &mut FreeNames,
    ) -> Result<Step, Error> {
        let path = &snapshot.request.path;
        if snapshot.git.is_unmerged {
            return Err(Error::Unmerged(path.clone()));
        }
        let destination = self.destination(&snapshot);
        let mut decision = snapshot.decide(destination.is_none() || snapshot.request.stays);
        if !obstacles.is_empty() {
            (decision.moves_file, decision.restores_worktree) = (false, false);
        }
        // A file with the name of the session directory has no place for a copy beside it.
        let is_bare_name = path.rsplit_str("/").next().is_some_and(|name| is_session_directory(name.into()));
        let copy = is_bare_name.then(|| snapshot.request.home.default_path(path.as_bstr()));
        let wanted = destination.as_ref().or(copy.as_ref()).unwrap_or(path).as_bstr();
        if decision.moves_file || decision.copies_staged {
            self.check_directories(wanted[..wanted.rfind_byte(b'/').unwrap_or(0)].as_bstr())?;
        }
        let moved_to = decision.moves_file.then(|| names.take(wanted));
        let staged = snapshot.git.staged.clone().filter(|_| decision.copies_staged);
        let staged_copy = staged.map(|object| StagedCopy { path: names.take(wanted), object });
        Ok(Step {
            stamp: snapshot.stamp,
            destination: moved_to,
            staged_copy,
            index_action: decision.index_action,
            restores_worktree: decision.restores_worktree,
            is_in_place: destination.is_none(),
            stays: snapshot.request.stays,
            obstacles,
            before: snapshot.git,
            rule: snapshot.request.rule,
            path: snapshot.request.path,
        })
    }

    /// Returns what in a repository would not work in another place, as `archive` skips it.
    fn obstacles(&self, snapshot: &Snapshot, submodules: &BTreeSet<BString>) -> Result<Vec<Skipped>, Error> {
        let path = snapshot.request.path.as_bstr();
        let on_disk = self.on_disk(path);
        let is_moved = snapshot.worktree == WorktreeState::Directory
            && snapshot.is_repository()
            && self.destination(snapshot).is_some();
        if !is_moved {
            return Ok(Vec::new());
        }
        if snapshot.git.staged.is_some() && submodules.contains(path) {
            return Ok(vec![Skipped { path: path.to_owned(), reason: SkipReason::Submodule }]);
        }
        let parent = match directory_of(path) {
            top if top.is_empty() => Some(self.open_worktree()?),
            directory => self.open(directory)?,
        };
        let Some(parent) = parent else { return Ok(Vec::new()) };
        let node = Node::list(&parent, name_of(path), Purpose::Archive);
        let mut skipped = Vec::new();
        if let Some(node) = node.map_err(failed_to("read", &on_disk))? {
            node.collect_skipped(path.to_owned(), &mut skipped);
        }
        Ok(skipped)
    }

    /// Returns where a path belongs. `None` if it is in a session directory already.
    fn destination(&self, snapshot: &Snapshot) -> Option<BString> {
        let Request { path, home, .. } = &snapshot.request;
        let Some(destination) = home.destination(path.as_bstr()) else {
            // A session directory behind a symlink does not count.
            return (snapshot.worktree == WorktreeState::Blocked).then(|| home.default_path(path.as_bstr()));
        };
        let directory = |path: &BString| {
            let metadata = fs::symlink_metadata(self.on_disk(path.as_bstr()).parent()?).ok()?;
            Some((metadata.dev(), metadata.ino()))
        };
        // On a file system that ignores case, another spelling is the same directory.
        let is_in_place = directory(&destination).is_some_and(|found| directory(path) == Some(found));
        (!is_in_place).then_some(destination)
    }
}

/// Chooses free names, each of them only once.
struct FreeNames<'a> {
    worktree: &'a Path,
    taken: BTreeSet<BString>,
    /// How many numbers were tried for a name: thousands of files may have the same.
    tried: BTreeMap<BString, usize>,
}

impl<'a> FreeNames<'a> {
    fn new(worktree: &'a Path, taken: BTreeSet<BString>) -> Self {
        Self { worktree, taken, tried: BTreeMap::new() }
    }

    /// Takes the first numbered name that is free.
    fn take(&mut self, wanted: &BStr) -> BString {
        let tried = self.tried.entry(wanted.to_owned()).or_default();
        let mut chosen = wanted.to_owned();
        for name in files::numbered_names(wanted).skip(*tried) {
            *tried += 1;
            if !self.taken.contains(&name) && !exists(&self.worktree.join(to_path(name.as_bstr()))) {
                chosen = name;
                break;
            }
        }
        self.taken.insert(chosen.clone());
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, Extent, IndexAction, Snapshot, missing_ignore_pattern};
    use crate::git::{Object, PathState, WorktreeState};
    use crate::policy::Home;
    use crate::session::Request;

    fn object(mode: u32, id: &str) -> Object {
        Object { mode, id: id.to_owned() }
    }

    /// A snapshot of a path with the contents `staged`, `committed` and `worktree`.
    ///
    /// An empty text means that there is no file.
    fn snapshot(staged: &str, committed: &str, worktree: &str) -> Snapshot {
        let side = |id: &str| (!id.is_empty()).then(|| object(Object::FILE, id));
        let git = PathState { staged: side(staged), committed: side(committed), ..PathState::default() };
        let worktree = match side(worktree) {
            Some(object) => WorktreeState::File(Some(object)),
            None => WorktreeState::Missing,
        };
        let extent = Extent::Changes;
        let request = Request { path: "x".into(), rule: None, home: Home::default(), stays: false, extent };
        Snapshot { request, git, worktree, stamp: None }
    }

    impl Snapshot {
        fn whole(mut self) -> Self {
            self.request.extent = Extent::Whole;
            self
        }

        fn with_worktree(mut self, worktree: WorktreeState) -> Self {
            self.worktree = worktree;
            self
        }
    }

    /// A decision: the action, then `m`oves file, `c`opies staged, `r`estores worktree.
    fn decision(index_action: IndexAction, actions: &str) -> Decision {
        Decision {
            index_action,
            moves_file: actions.contains('m'),
            copies_staged: actions.contains('c'),
            restores_worktree: actions.contains('r'),
        }
    }

    macro_rules! decisions {
        ($($name:ident: $snapshot:expr, in_place $in_place:literal => $action:ident $actions:literal;)*) => {
            $(#[test] fn $name() {
                assert_eq!($snapshot.decide($in_place), decision(IndexAction::$action, $actions));
            })*
        };
    }

    decisions! {
        a_new_file_moves: snapshot("new", "", "new"), in_place false => Unstaged "m";
        a_new_file_that_changed_since_keeps_both_versions:
            snapshot("new", "", "newer"), in_place false => Unstaged "mc";
        a_new_file_that_is_deleted_is_copied_from_the_index:
            snapshot("new", "", ""), in_place false => Unstaged "c";
        a_new_file_in_place_stays: snapshot("new", "", "new"), in_place true => Unstaged "";
        a_new_file_in_place_that_changed_since_keeps_both_versions:
            snapshot("new", "", "newer"), in_place true => Unstaged "c";
        a_modified_file_moves_and_is_restored: snapshot("new", "old", "new"), in_place false => Restored "mr";
        a_modified_file_that_changed_since_keeps_all_versions:
            snapshot("new", "old", "newer"), in_place false => Restored "mcr";
        a_modified_file_that_is_deleted_is_restored:
            snapshot("new", "old", ""), in_place false => Restored "cr";
        a_modified_file_that_was_changed_back_stays:
            snapshot("new", "old", "old"), in_place false => Restored "c";
        a_modified_file_in_place_stays: snapshot("new", "old", "new"), in_place true => Restored "";
        an_unstaged_modification_moves: snapshot("old", "old", "new"), in_place false => Untouched "mr";
        an_unmodified_file_stays: snapshot("old", "old", "old"), in_place false => Untouched "";
        a_staged_deletion_is_restored: snapshot("", "old", ""), in_place false => Restored "r";
        a_staged_deletion_whose_file_exists_is_restored:
            snapshot("", "old", "old"), in_place false => Restored "";
        a_file_in_the_place_of_a_staged_deletion_stays:
            snapshot("", "old", "mine"), in_place false => Restored "";
        a_staged_deletion_in_place_is_restored: snapshot("", "old", ""), in_place true => Restored "r";
        a_whole_file_moves_and_is_deleted: snapshot("old", "old", "old").whole(), in_place false => Deleted "m";
        a_whole_file_that_is_deleted_is_copied_from_the_index:
            snapshot("old", "old", "").whole(), in_place false => Deleted "c";
        a_whole_file_in_place_is_deleted: snapshot("old", "old", "old").whole(), in_place true => Deleted "";
        a_whole_file_in_place_that_is_missing_is_not_copied:
            snapshot("old", "old", "").whole(), in_place true => Deleted "";
        an_untracked_file_moves: snapshot("", "", "new").whole(), in_place false => Untouched "m";
        a_file_behind_a_symlink_is_copied_from_the_index:
            snapshot("new", "old", "").with_worktree(WorktreeState::Blocked), in_place false => Restored "c";
        a_directory_in_the_place_of_a_file_stays:
            snapshot("new", "", "").with_worktree(WorktreeState::Directory), in_place false => Unstaged "c";
        an_unreadable_file_moves_and_is_copied:
            snapshot("new", "", "").with_worktree(WorktreeState::File(None)), in_place false => Unstaged "mc";
        an_untracked_repository_moves:
            snapshot("", "", "").whole().with_worktree(WorktreeState::Directory), in_place false => Untouched "m";
    }

    #[test]
    fn a_gitlink_moves_and_is_not_copied() {
        let mut snapshot = snapshot("", "", "").with_worktree(WorktreeState::Directory);
        snapshot.git.staged = Some(object(Object::GITLINK, "commit"));
        assert_eq!(snapshot.decide(false), decision(IndexAction::Unstaged, "m"));
        snapshot.worktree = WorktreeState::Missing;
        assert_eq!(snapshot.decide(false), decision(IndexAction::Unstaged, ""));
    }

    #[test]
    fn an_intent_to_add_entry_is_removed() {
        let mut snapshot = snapshot("", "", "new").whole();
        snapshot.git.is_intent_to_add = true;
        assert_eq!(snapshot.decide(false), decision(IndexAction::Unstaged, "m"));
    }

    #[test]
    fn a_file_off_disk_is_restored_in_the_index_only() {
        let mut snapshot = snapshot("new", "old", "");
        snapshot.git.bits.is_off_disk = true;
        assert_eq!(snapshot.decide(false), decision(IndexAction::Restored, "c"));
    }

    #[test]
    fn a_bare_session_directory_needs_a_pattern_without_a_slash() {
        assert_eq!(missing_ignore_pattern(&[]), None);
        assert_eq!(missing_ignore_pattern(&["pkg/.claude_sessions".into()]), Some(".claude_sessions"));
        assert_eq!(missing_ignore_pattern(&[".claude_sessions/x".into()]), Some(".claude_sessions/"));
    }
}
