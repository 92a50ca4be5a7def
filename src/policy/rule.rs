//! One rule: which paths it matches, and which of these it excepts.

use bstr::{BStr, BString, ByteSlice};

use super::directory_glob::{DirectoryGlob, DirectoryGlobs};
use super::document::{Home, NamedBy, Scope, Sign, Tracked};
use super::name::{Name, Names};
use super::{SESSION_DIRECTORY, is_in_session_directory, is_session_directory};

/// A rule: which paths it refuses, why, and where they belong instead.
#[derive(Debug)]
pub struct Rule {
    /// The id in kebab-case: shown to users, documented and stable.
    pub id: String,
    /// Patterns for the last component of a path.
    pub names: Names,
    /// Patterns for the file name extension; empty if every name matches.
    pub extensions: Names,
    /// Where the rule applies.
    pub scope: Scope,
    /// If not empty, the rule matches only below a directory of such a name.
    pub directories: DirectoryGlobs,
    /// The rule refuses nothing below a directory of such a name.
    pub outside: DirectoryGlobs,
    /// The rule refuses no file of such a name.
    pub except: Names,
    /// Whether the rule allows a file next to the file or directory that it is named after.
    pub sibling: bool,
    /// The files of which one that names the path makes the rule allow it.
    pub named_by: Option<NamedBy>,
    /// If not empty, the rule refuses only a file whose text shows one of these signs.
    pub text: Vec<Sign>,
    /// A description of the refused path, for people.
    pub reason: String,
    /// Where a refused file belongs.
    pub home: Home,
    /// Whether a refused file works only where it is: git has to ignore it, and nothing moves it.
    pub stays: bool,
    /// Whether the rule refuses a changed path that a parent of the commit has.
    pub tracked: Tracked,
}

impl Home {
    /// All homes, in the order in which they are listed for people.
    pub const ALL: [Self; 5] =
        [Self::Current, Self::Archive, Self::Tests, Self::Debugging, Self::Exploration];

    /// Returns the name of the directory in the session directory.
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

    /// Returns the directory where a refused `path` belongs, with a `/` at its end.
    ///
    /// It is relative to the top of the repository. For a path in a session directory it is
    /// the session directory itself.
    #[must_use]
    pub fn directory(self, path: &BStr) -> String {
        if is_in_session_directory(path) {
            return format!("{SESSION_DIRECTORY}/");
        }
        format!("{SESSION_DIRECTORY}/{}/", self.name())
    }

    /// Returns where to move a refused `path`; `None` if it is in a session directory.
    ///
    /// A path in a session directory that is spelled in another letter case, which git's ignore
    /// rule does not match, moves to the one that is spelled in lower case.
    #[must_use]
    pub fn destination(self, path: &BStr) -> Option<BString> {
        let (directory, name) = split(path);
        match components(directory).find(|component| is_session_directory(component)) {
            Some(found) if found == SESSION_DIRECTORY => None,
            Some(found) => {
                let respell =
                    |component| if component == found { SESSION_DIRECTORY.into() } else { component };
                Some(bstr::join("/", components(path).map(respell)).into())
            }
            None if name == SESSION_DIRECTORY => None,
            None => Some(self.default_path(path)),
        }
    }

    /// Returns the path of the last component of `path` in this home.
    #[must_use]
    pub fn default_path(self, path: &BStr) -> BString {
        let directory = format!("{SESSION_DIRECTORY}/{}", self.name());
        join(directory.as_str().into(), split(path).1)
    }
}

/// A path and its parts, split once for all rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct SplitPath<'a> {
    pub(super) whole: &'a BStr,
    /// Empty for a path at the top of the repository.
    pub(super) directory: &'a BStr,
    /// The last component.
    name: &'a BStr,
    /// The part after the last dot of the name.
    extension: Option<&'a BStr>,
}

impl<'a> SplitPath<'a> {
    pub(super) fn new(path: &'a BStr) -> Self {
        let (directory, name) = split(path);
        let extension = name.rfind_byte(b'.').map(|dot| &name[dot + 1..]);
        Self { whole: path, directory, name, extension }
    }
}

/// A path, a rule that matches it, and the name pattern that matches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match<'p, 'a> {
    pub(super) rule: &'p Rule,
    pub(super) pattern: &'p Name,
    pub(super) path: SplitPath<'a>,
}

impl Rule {
    /// Matches the rule against a path, without its exceptions.
    pub(super) fn matches<'a>(&self, path: SplitPath<'a>) -> Option<Match<'_, 'a>> {
        let is_in_directory = match self.scope {
            Scope::SessionDirectory => is_in_session_directory(path.whole),
            Scope::Anywhere | Scope::ProductionRoot => {
                self.directories.is_empty() || self.parents_of_named(path.directory).next().is_some()
            }
        };
        let has_extension = self.extensions.is_empty()
            || path.extension.is_some_and(|extension| self.extensions.find(extension).is_some());
        if !is_in_directory || !has_extension {
            return None;
        }
        self.names.find(path.name).map(|pattern| Match { rule: self, pattern, path })
    }

    /// Returns the pattern of `except` that matches the name of the path.
    pub(super) fn excepted_name(&self, path: SplitPath) -> Option<&Name> {
        self.except.find(path.name)
    }

    /// Returns the pattern of `outside` that matches a directory of the path.
    pub(super) fn excepted_directory(&self, path: SplitPath) -> Option<&DirectoryGlob> {
        with_parents(path.directory).find_map(|directory| self.outside.matching(directory).next())
    }

    /// Returns the parents of the directories that the rule names, from the top to `directory`.
    fn parents_of_named<'a>(&self, directory: &'a BStr) -> impl Iterator<Item = &'a BStr> {
        with_parents(directory)
            .flat_map(|directory| self.directories.matching(directory).map(|glob| glob.parent(directory)))
    }
}

impl<'p, 'a> Match<'p, 'a> {
    /// Returns the directories of which the rule requires one to be a production root.
    ///
    /// That is the parent of the file, or the parents of the directories that the rule names.
    /// The top of the repository is the empty path.
    pub(super) fn candidate_roots(self) -> impl Iterator<Item = &'a BStr> + use<'p, 'a> {
        let Self { rule, path, .. } = self;
        let is_needed = rule.scope == Scope::ProductionRoot;
        let parent = (is_needed && rule.directories.is_empty()).then_some(path.directory);
        let named = if is_needed { path.directory } else { BStr::new("") };
        parent.into_iter().chain(rule.parents_of_named(named))
    }

    /// Returns the paths next to which the rule allows the file, as it may be their test.
    ///
    /// For `test_x.py` these are `x.py` and `x`, in the same directory.
    pub(super) fn siblings(self) -> Vec<BString> {
        let Self { rule, pattern, path } = self;
        let rest = pattern.rest(path.name).filter(|rest| rule.sibling && !rest.is_empty());
        let Some(rest) = rest else { return Vec::new() };
        let stem = rest.rfind_byte(b'.').filter(|dot| *dot > 0).map(|dot| rest[..dot].as_bstr());
        [Some(rest), stem].into_iter().flatten().map(|name| join(path.directory, name)).collect()
    }

    /// Returns where such a file would normally live: `tests/` for a script, `docs/` for a note.
    ///
    /// That directory is next to the file, or next to the directory that the rule names. `None`
    /// if there is no such place, as for the output of a run.
    pub(super) fn suggested_path(self) -> Option<BString> {
        let Self { rule, path, .. } = self;
        let directory = match rule.home {
            Home::Current => return None,
            Home::Archive => "docs",
            Home::Tests | Home::Debugging | Home::Exploration => "tests",
        };
        let base = rule.parents_of_named(path.directory).next().unwrap_or(path.directory);
        Some(join(join(base, directory.into()).as_bstr(), path.name))
    }
}

/// Returns the components of `path`; the empty path of the top has none.
pub(super) fn components(path: &BStr) -> impl Iterator<Item = &BStr> {
    path.split(|byte| *byte == b'/').map(BStr::new).filter(|component| !component.is_empty())
}

/// Returns the directories from the top down to `directory`, without the top.
fn with_parents(directory: &BStr) -> impl Iterator<Item = &BStr> {
    let mut end = 0;
    components(directory).map(move |component| {
        end += component.len() + 1;
        directory[..end - 1].as_bstr()
    })
}

/// Splits `path` into its directory, which is empty at the top, and its last component.
pub(super) fn split(path: &BStr) -> (&BStr, &BStr) {
    match path.rfind_byte(b'/') {
        Some(slash) => (path[..slash].as_bstr(), path[slash + 1..].as_bstr()),
        None => (b"".as_bstr(), path),
    }
}

/// Returns the path of `name` in `directory`, which is empty for the top.
pub(super) fn join(directory: &BStr, name: &BStr) -> BString {
    let separator: &[u8] = if directory.is_empty() { b"" } else { b"/" };
    bstr::concat([directory.as_bytes(), separator, name.as_bytes()]).into()
}
