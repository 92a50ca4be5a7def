//! Globs on whole paths.

use std::borrow::Cow;

use bstr::BStr;

use super::glob::{Compiled, Invalid, is_special};
use super::name::Name;

/// A glob on a path from the top of the repository: `*` stops at `/`, `**` does
/// not.
#[derive(Debug)]
pub struct PathGlob {
    text: Cow<'static, str>,
    form: PathForm,
}

/// How a path is matched: without an automaton where that can be, as a name is.
#[derive(Debug)]
enum PathForm {
    /// One pattern a component, where no pattern crosses a `/`.
    Components(Vec<Name>),
    Glob(Compiled),
}

impl PathGlob {
    /// Reads a pattern for paths from the top of the repository.
    ///
    /// # Errors
    ///
    /// A text that could match no path (empty, or with a `/` at either end, or
    /// with `./`), or a glob that cannot be parsed.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Result<Self, Invalid> {
        let text = text.into();
        let bare = text.trim_start_matches("./").trim_matches('/');
        if bare.is_empty() {
            return Err(Invalid("matches no path".to_owned()));
        }
        if bare != text {
            return Err(Invalid(format!(
                "a path starts at the top of the repository, without `./` and without a `/` at either end: \
                 `{bare}`, or `{bare}/**` for all that is below it"
            )));
        }
        if text.starts_with('!') {
            return Err(Invalid("a glob cannot be negated".to_owned()));
        }
        if text.split('/').any(|component| matches!(component, "" | "." | "..")) {
            return Err(Invalid("no path has an empty component, a `.` or a `..` in it".to_owned()));
        }
        let is_choice = |byte| is_special(byte) && byte != b'*';
        let form = if text.bytes().any(is_choice) || text.contains("**") {
            PathForm::Glob(Compiled::new(&text)?)
        } else {
            PathForm::Components(
                text.split('/').map(|component| Name::new(component.to_owned())).collect::<Result<_, _>>()?,
            )
        };
        Ok(Self { text, form })
    }

    /// Whether the pattern is one path and no glob.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        !self.text.bytes().any(is_special)
    }

    /// Whether a path of so many components can match.
    #[must_use]
    pub fn may_match_depth(&self, depth: usize) -> bool {
        match &self.form {
            PathForm::Components(names) => names.len() == depth,
            PathForm::Glob(_) => true,
        }
    }

    /// Whether the pattern matches the whole of `path`.
    #[must_use]
    pub fn matches(&self, path: &BStr) -> bool {
        match &self.form {
            PathForm::Components(names) => {
                let mut components = path.split(|byte| *byte == b'/');
                let is_match = |name: &Name| components.next().is_some_and(|own| name.matches(own.into()));
                names.iter().all(is_match) && components.next().is_none()
            }
            PathForm::Glob(compiled) => compiled.matches(path),
        }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}
