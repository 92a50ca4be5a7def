//! Production roots: the directories in which session work does not belong.

use std::borrow::Cow;

use bstr::{BStr, BString};

use super::name::Names;
use super::path_glob::PathGlob;
use super::rule::{components, join};

/// What makes a directory a production root. The top of the repository always is one.
#[derive(Debug, Default)]
pub(super) struct Production {
    /// Patterns for the whole path of a directory.
    pub(super) roots: Vec<PathGlob>,
    /// Names of files; each makes the top-level directory that contains it a production root.
    pub(super) markers: Vec<Cow<'static, str>>,
    /// Names of directories that no marker and no wildcard makes a production root.
    ///
    /// The same applies to everything below them.
    pub(super) outside: Names,
}

/// Whether a directory is a production root, as far as its path determines it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RootStatus {
    Root,
    /// It is one if a project marker in it is tracked.
    RootWithMarker,
    NotRoot,
}

impl Production {
    /// Returns the status of `directory`; the top of the repository is the empty path.
    pub(super) fn status(&self, directory: &BStr) -> RootStatus {
        let is_outside = components(directory).any(|component| self.outside.find(component).is_some());
        self.status_at_depth(directory, components(directory).count(), is_outside)
    }

    /// Returns the status of a directory with `depth` components.
    ///
    /// `is_outside` says whether one of the components is listed in `outside`.
    pub(super) fn status_at_depth(&self, directory: &BStr, depth: usize, is_outside: bool) -> RootStatus {
        let is_match = |root: &PathGlob| (!is_outside || root.is_literal()) && root.matches(directory);
        if depth == 0 || self.roots.iter().any(is_match) {
            RootStatus::Root
        } else if depth == 1 && !is_outside {
            RootStatus::RootWithMarker
        } else {
            RootStatus::NotRoot
        }
    }

    /// Returns the depth below which no directory is a production root.
    pub(super) fn max_depth(&self) -> usize {
        // A marker makes a top-level directory a production root.
        self.roots.iter().map(PathGlob::max_depth).max().map_or(1, |depth| depth.max(1))
    }

    /// Returns the paths of the project markers in `directory`.
    pub(super) fn markers_in(&self, directory: &BStr) -> impl Iterator<Item = BString> {
        self.markers.iter().map(move |marker| join(directory, marker.as_ref().into()))
    }
}
