//! Explains verdicts, and finds what would make a refused path acceptable.

use bstr::{BStr, BString, ByteSlice};

use super::Policy;
use super::judge::Verdict;
use super::path_glob::PathGlob;
use super::rule::{Match, SplitPath};
use crate::Change;

/// The verdict on one path, and what would change it.
#[derive(Debug)]
pub struct Explanation<'p> {
    /// The path in bytes, relative to the top of the repository.
    pub path: BString,
    /// The verdict on the path, as if it were added.
    pub verdict: Verdict<'p>,
    /// Whether a parent of the next commit has the refused path, and a change of it is allowed.
    pub allows_change: bool,
    /// What would make the path acceptable; `None` unless it is refused.
    pub alternatives: Option<Alternatives>,
}

/// What would make a refused path acceptable.
#[derive(Debug, Default)]
pub struct Alternatives {
    /// A path at which the same file would not be refused.
    pub elsewhere: Option<BString>,
    /// Files or directories; next to any of them the path would not be refused.
    pub siblings: Vec<BString>,
    /// The `allow` entry that matches only this path.
    ///
    /// `None` if the path is not UTF-8, or too long for a glob.
    pub allow: Option<String>,
}

impl Policy {
    /// Judges `path` as if it were added, and says what would make it acceptable.
    ///
    /// `is_tracked` is as in [`Policy::judge`]. `is_committed` returns whether a parent of the
    /// next commit has a file at a path. It is called only for a refused path whose rule allows
    /// changes.
    ///
    /// # Errors
    ///
    /// The first error of `is_tracked` or `is_committed`.
    pub fn explain<E>(
        &self,
        path: BString,
        mut is_tracked: impl FnMut(&BStr) -> Result<bool, E>,
        is_committed: impl FnOnce(&BStr) -> Result<bool, E>,
    ) -> Result<Explanation<'_>, E> {
        let verdict = self.judge(path.as_bstr(), Change::Added, &mut is_tracked)?;
        let Verdict::Refused { rule, pattern } = verdict else {
            return Ok(Explanation { path, verdict, allows_change: false, alternatives: None });
        };
        let changed = self.judge(path.as_bstr(), Change::Modified, &mut is_tracked)?;
        let allows_change = !matches!(changed, Verdict::Refused { .. }) && is_committed(path.as_bstr())?;
        let matched = Match { rule, pattern, path: SplitPath::new(path.as_bstr()) };
        let alternatives = Some(self.alternatives(matched, is_tracked)?);
        Ok(Explanation { path, verdict, allows_change, alternatives })
    }

    fn alternatives<E>(
        &self,
        refused: Match,
        is_tracked: impl FnMut(&BStr) -> Result<bool, E>,
    ) -> Result<Alternatives, E> {
        let suggested = refused.suggested_path();
        let verdict = self.judge(suggested.as_bstr(), Change::Added, is_tracked)?;
        let is_accepted = !matches!(verdict, Verdict::Refused { .. });
        Ok(Alternatives {
            elsewhere: is_accepted.then_some(suggested),
            siblings: refused.siblings(),
            allow: PathGlob::exactly(refused.path.whole).ok().map(|glob| glob.as_str().to_owned()),
        })
    }
}
