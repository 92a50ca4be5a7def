//! Hooks that were there before ours: each is kept under another name, and put back.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{Error, Hooks, Manager, disk, hook_name, hook_of, is_there, leads_to_us, remove};
use crate::git::{Hook, read_regular_file};

/// What pre-commit and prek, and lefthook, add to the name of a hook that was there before.
const ASIDE: [&str; 2] = [".legacy", ".old"];

/// What is added to the name of a hook that was there before. It stays in its
/// directory, as other managers do it: hooks look for files beside themselves.
pub(super) const KEPT: &str = ".before-stage-guard";

impl Hooks {
    /// Keeps the hook that has the place of ours.
    pub(super) fn make_room(&self, hook: Hook) -> Result<(), Error> {
        let place = self.directory.join(hook.name());
        if self.is_ours(&place) {
            return Ok(());
        }
        // Another manager has moved our link aside: what is kept goes there.
        for moved in self.links(&self.directory)?.iter().filter(|moved| hook_of(moved) == Some(hook)) {
            self.put_back(moved)?;
        }
        // A manager that is installed later puts ours over what stands there.
        for aside in ASIDE.iter().map(|suffix| with_suffix(&place, suffix)) {
            let kept = with_suffix(&aside, KEPT);
            if is_there(&aside) && !self.is_ours(&aside) && !is_there(&kept) {
                keep(&aside, &kept)?;
            }
        }
        if !is_there(&place) {
            return Ok(());
        }
        keep(&place, &kept(&self.directory, hook))
    }

    /// A kept hook that was a link to another hook leads to where that is kept now: in its
    /// old place it would find us.
    pub(super) fn lead_aside(&self, hook: Hook) -> Result<(), Error> {
        let link = kept(&self.directory, hook);
        let Ok(target) = fs::read_link(&link) else { return Ok(()) };
        let mut aside = target.into_os_string();
        aside.push(KEPT);
        if leads_to_us(&link) && is_there(&self.directory.join(&aside)) {
            self.put_in_place(&link, "keep", |new| symlink(&aside, new))?;
        }
        Ok(())
    }

    /// Puts the kept hook in the place of `link`, or takes `link` away where
    /// nothing was kept.
    pub(super) fn put_back(&self, link: &Path) -> Result<(), Error> {
        let place = link.with_file_name(hook_name(link));
        let (own, kept) = (with_suffix(link, KEPT), with_suffix(&place, KEPT));
        if !is_there(&kept) {
            return if is_there(&own) { self.put_kept_back(&own, link) } else { remove(link) };
        }
        // Its owner has installed it again, and moved ours aside.
        if place != link && is_installed_again(&kept) {
            remove(&kept)?;
            return self.put_back(link);
        }
        self.put_kept_back(&kept, link)
    }

    /// Gives a kept hook its old place, and its old target where it is a link that was led
    /// aside.
    pub(super) fn put_kept_back(&self, kept: &Path, place: &Path) -> Result<(), Error> {
        let target = fs::read_link(kept).ok();
        let target =
            target.as_ref().and_then(|target| target.as_os_str().as_bytes().strip_suffix(KEPT.as_bytes()));
        let Some(target) = target else { return fs::rename(kept, place).map_err(disk("put back", place)) };
        self.put_in_place(place, "put back", |new| symlink(OsStr::from_bytes(target), new))?;
        remove(kept)
    }
}

/// Whether the manager that `kept`, a hook that was there before, belongs to has its place
/// again. It has moved ours aside then, and may run it.
#[must_use]
pub fn is_installed_again(kept: &Path) -> bool {
    let place = without_suffix(kept, KEPT);
    let owner = Manager::of(kept);
    owner.is_some() && place.is_some_and(|place| Manager::of(&place) == owner)
}

/// Where the hook of this name that was there before is kept.
pub(super) fn kept(directory: &Path, hook: Hook) -> PathBuf {
    with_suffix(&directory.join(hook.name()), KEPT)
}

/// A path with more at the end of its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// A path without what its name ends in; nothing where it ends in something else.
pub(super) fn without_suffix(path: &Path, suffix: &str) -> Option<PathBuf> {
    let bare = path.as_os_str().as_bytes().strip_suffix(suffix.as_bytes())?;
    Some(OsStr::from_bytes(bare).into())
}

/// Gives the hook a second name, `kept`; its first one is the link's then. So there
/// is no moment in which neither runs.
fn keep(present: &Path, kept: &Path) -> Result<(), Error> {
    if is_there(kept) {
        // An install that was interrupted has kept it already.
        let occupied = || Error::Occupied { kept: kept.to_owned(), present: present.to_owned() };
        return is_same_file(present, kept).then_some(()).ok_or_else(occupied);
    }
    fs::hard_link(present, kept).or_else(|_| copy(present, kept)).map_err(disk("keep", present))
}

/// For file systems without hard links.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::read_link(from) {
        Ok(target) => symlink(target, to),
        Err(_) => fs::copy(from, to).map(drop),
    }
}

pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::read_link(one), fs::read_link(other)) {
        (Ok(one), Ok(other)) => one == other,
        (Err(_), Err(_)) => {
            let contents =
                |path| Some((read_regular_file(path).ok()?, fs::metadata(path).ok()?.permissions().mode()));
            contents(one).is_some_and(|one| contents(other) == Some(one))
        }
        _ => false,
    }
}
