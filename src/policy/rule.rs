//! One rule: which paths it catches, and where it leaves them alone.

use bstr::{BStr, BString, ByteSlice};
use serde::{Deserialize, Serialize};

use super::name::{Name, Names};
use super::{SESSION_DIRECTORY, is_in_session_directory};

/// What is session work, where, why, and where it belongs instead.
#[derive(Debug)]
pub struct Rule {
    /// In kebab-case; shown, documented and stable.
    pub id: String,
    /// Matched against the last component of a path.
    pub names: Names,
    /// Matched against what follows the last dot of the name; anything may, where
    /// this is empty.
    pub extensions: Names,
    /// Where the rule holds.
    pub scope: Scope,
    /// Where this is not empty, the rule catches what lies below a directory of
    /// such a name.
    pub directories: Names,
    /// Nothing below a directory of such a name is refused.
    pub outside: Names,
    /// Names that are never refused.
    pub except: Names,
    /// Whether a file is fine beside the file or directory that it is named after.
    pub sibling: bool,
    /// For people: what the refused path is.
    pub reason: String,
    /// Where a refused file belongs.
    pub home: Home,
}

/// Where a rule holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// At any depth.
    #[default]
    Anywhere,
    /// Directly in a production root: the file, or the directory that the rule
    /// names.
    ProductionRoot,
    /// In the session directory, and what is called like it.
    SessionDirectory,
}

/// The part of the session directory in which a refused file belongs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Home {
    /// Active work.
    #[default]
    Current,
    /// Finished work, for reference.
    Archive,
    /// Temporary tests.
    Tests,
    /// Debug scripts and temporary fixes.
    Debugging,
    /// Looking around in code and data.
    Exploration,
}

impl Home {
    /// All of them, in the order in which work goes through them.
    pub const ALL: [Self; 5] =
        [Self::Current, Self::Archive, Self::Tests, Self::Debugging, Self::Exploration];

    /// The name of its directory in the session directory.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Archive => "archive",
            Self::Tests => "tests",
            Self::Debugging => "debugging",
            Self::Exploration => "exploration",
        }
    }

    /// The directory in which a refused `path` belongs, relative to the top of
    /// the repository, with a `/` at its end. What is in a session directory
    /// already is at home there.
    #[must_use]
    pub fn directory(self, path: &BStr) -> String {
        if is_in_session_directory(path) {
            return format!("{SESSION_DIRECTORY}/");
        }
        format!("{SESSION_DIRECTORY}/{}/", self.name())
    }

    /// Where a refused `path` belongs, relative to the top of the repository;
    /// nothing, where it is in a session directory already. From one in another
    /// letter case, which git's ignore rule misses, it goes to the one that is meant.
    #[must_use]
    pub fn place(self, path: &BStr) -> Option<BString> {
        let (directory, name) = split(path);
        let is_session = |component: &&BStr| component.eq_ignore_ascii_case(SESSION_DIRECTORY.as_bytes());
        match components(directory).find(is_session) {
            Some(found) if found == SESSION_DIRECTORY => None,
            Some(found) => {
                let meant = |component| if component == found { SESSION_DIRECTORY.into() } else { component };
                Some(bstr::join("/", components(path).map(meant)).into())
            }
            None if name == SESSION_DIRECTORY => None,
            None => Some(self.path_of(path)),
        }
    }

    /// The path of `path`'s name in this home.
    #[must_use]
    pub fn path_of(self, path: &BStr) -> BString {
        let directory = format!("{SESSION_DIRECTORY}/{}", self.name());
        join(directory.as_str().into(), split(path).1)
    }
}

/// A path taken apart, once for all rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub(super) path: &'a BStr,
    /// Empty for what is at the top.
    pub(super) directory: &'a BStr,
    /// The last component.
    name: &'a BStr,
    /// What follows the last dot of the name.
    extension: Option<&'a BStr>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(path: &'a BStr) -> Self {
        let (directory, name) = split(path);
        let extension = name.rfind_byte(b'.').map(|dot| &name[dot + 1..]);
        Self { path, directory, name, extension }
    }
}

impl Rule {
    /// The name pattern by which the rule catches a path, before anything exempts
    /// it.
    pub(super) fn catches(&self, parts: Parts) -> Option<&Name> {
        // The cheapest question first: nearly every path fails one of them.
        let is_in_place = match self.scope {
            Scope::SessionDirectory => is_in_session_directory(parts.path),
            Scope::Anywhere | Scope::ProductionRoot => {
                self.directories.is_empty() || self.named_directories(parts).next().is_some()
            }
        };
        let is_of_kind = || {
            self.extensions.is_empty()
                || parts.extension.is_some_and(|extension| self.extensions.find(extension).is_some())
        };
        (is_in_place && is_of_kind()).then(|| self.names.find(parts.name))?
    }

    /// Whether the rule holds only for files that lie directly in a production root.
    pub(super) fn wants_root_as_parent(&self) -> bool {
        self.scope == Scope::ProductionRoot && self.directories.is_empty()
    }

    /// The pattern by which the path's name is one that the rule leaves alone.
    pub(super) fn exempting_name(&self, parts: Parts) -> Option<&Name> {
        self.except.find(parts.name)
    }

    /// The pattern by which a directory of the path is one that the rule leaves
    /// alone.
    pub(super) fn exempting_directory(&self, parts: Parts) -> Option<&Name> {
        components(parts.directory).find_map(|directory| self.outside.find(directory))
    }

    /// The directories of which one must be a production root for the rule to hold
    /// there: what holds the file, or what holds the directory that the rule names.
    /// The top of the repository is the empty path.
    pub(super) fn places<'a>(&'a self, parts: Parts<'a>) -> impl Iterator<Item = &'a BStr> {
        let parent = self.directories.is_empty().then_some(parts.directory);
        parent.into_iter().chain(self.named_directories(parts).map(|directory| split(directory).0))
    }

    /// Paths of which one makes the path the proper test of what stands there:
    /// `x.py` and `x` for `test_x.py`, in the same directory.
    pub(super) fn siblings(&self, pattern: &Name, parts: Parts) -> Vec<BString> {
        let Some(rest) = pattern.rest(parts.name).filter(|rest| self.sibling && !rest.is_empty()) else {
            return Vec::new();
        };
        let stem = rest.rfind_byte(b'.').filter(|dot| *dot > 0).map(|dot| rest[..dot].as_bstr());
        [Some(rest), stem].into_iter().flatten().map(|name| join(parts.directory, name)).collect()
    }

    /// Where the file would be that it seems to be: a test in `tests/`, what somebody
    /// might look up in `docs/`; beside where it is, or beside the directory that the
    /// rule names.
    pub(super) fn proper_place(&self, parts: Parts) -> BString {
        let base = self.named_directories(parts).next().map_or(parts.directory, |named| split(named).0);
        let directory = if self.home == Home::Archive { "docs" } else { "tests" };
        join(join(base, directory.into()).as_bstr(), parts.name)
    }

    /// The directories above the path that have one of the names which the rule
    /// wants.
    fn named_directories<'a>(&'a self, parts: Parts<'a>) -> impl Iterator<Item = &'a BStr> {
        let searched = if self.directories.is_empty() { BStr::new(b"") } else { parts.directory };
        let mut end = 0;
        components(searched).filter_map(move |component| {
            end += component.len() + 1;
            let is_named = self.directories.find(component).is_some();
            is_named.then(|| parts.path[..end - 1].as_bstr())
        })
    }
}

/// The components of `path`; none of the top's empty path.
pub(super) fn components(path: &BStr) -> impl Iterator<Item = &BStr> {
    path.split(|byte| *byte == b'/').map(BStr::new).filter(|component| !component.is_empty())
}

/// The directory of `path` (empty for what is at the top) and its last component.
pub(super) fn split(path: &BStr) -> (&BStr, &BStr) {
    match path.rfind_byte(b'/') {
        Some(slash) => (path[..slash].as_bstr(), path[slash + 1..].as_bstr()),
        None => (b"".as_bstr(), path),
    }
}

/// The path of `name` in `directory`, which is empty for the top.
pub(super) fn join(directory: &BStr, name: &BStr) -> BString {
    let separator: &[u8] = if directory.is_empty() { b"" } else { b"/" };
    bstr::concat([directory.as_bytes(), separator, name.as_bytes()]).into()
}
