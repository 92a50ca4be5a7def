//! The directories that a script changes to.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice};

/// Stands for the path that `git rev-parse --show-toplevel` prints.
pub(super) const TOP: &str = "${--show-toplevel}";

/// The longest directory that is followed, in bytes.
const MAX_LENGTH: usize = 1024;

/// The number of directories that `pushd` remembers.
const MAX_STACK: usize = 16;

/// The directories of a shell, relative to the one that the script runs in.
///
/// An unknown one begins with an expansion or with `~`.
#[derive(Clone, Default)]
pub(super) struct Directories(Rc<State>);

#[derive(Clone)]
struct State {
    current: PathBuf,
    previous: PathBuf,
    /// The directories that `popd` returns to.
    stack: Vec<PathBuf>,
}

impl Default for State {
    fn default() -> Self {
        Self { current: PathBuf::new(), previous: "$OLDPWD".into(), stack: Vec::new() }
    }
}

impl Directories {
    pub(super) fn current(&self) -> &Path {
        &self.0.current
    }

    /// Returns `path` relative to the directory that the script runs in, which counts as the top.
    pub(super) fn join(&self, path: &BStr) -> PathBuf {
        join(&self.0.current, path)
    }

    /// Changes the directory as `cd TARGET` does.
    pub(super) fn change(&mut self, target: &BStr) {
        let state = Rc::make_mut(&mut self.0);
        let target = if target == "-" { state.previous.clone() } else { join(&state.current, target) };
        if target.as_os_str().len() <= MAX_LENGTH {
            state.previous = std::mem::replace(&mut state.current, target);
        }
    }

    /// Changes the directory as `pushd TARGET` does, which exchanges two without a target.
    pub(super) fn push(&mut self, target: Option<&BStr>) {
        let current = self.0.current.clone();
        match target {
            Some(target) => self.change(target),
            None => self.pop(),
        }
        let stack = &mut Rc::make_mut(&mut self.0).stack;
        if stack.len() < MAX_STACK {
            stack.push(current);
        }
    }

    /// Changes the directory as `popd` does.
    pub(super) fn pop(&mut self) {
        let state = Rc::make_mut(&mut self.0);
        if let Some(directory) = state.stack.pop() {
            state.previous = std::mem::replace(&mut state.current, directory);
        }
    }
}

/// Returns `path` in `directory`, as text.
pub(super) fn append(directory: &BStr, path: &BStr) -> BString {
    let is_absolute = path.first().is_some_and(|first| b"/$~`".contains(first));
    if is_absolute || directory.is_empty() {
        path.to_owned()
    } else {
        bstr::join("/", [directory, path]).into()
    }
}

/// Returns `path` in `directory`, both relative to the directory that the script runs in.
fn join(directory: &Path, path: &BStr) -> PathBuf {
    let after = |prefix: &str| {
        let rest = path.strip_prefix(prefix.as_bytes())?;
        (rest.is_empty() || rest.starts_with(b"/"))
            .then(|| rest.trim_start_with(|c| c == '/').to_path_lossy())
    };
    if let Some(rest) = after(TOP) {
        return rest.into_owned();
    }
    if let Some(rest) = after("$PWD").or_else(|| after("${PWD}")) {
        return directory.join(rest);
    }
    let is_unknown = path.first().is_some_and(|first| b"$~`".contains(first));
    let directory = if is_unknown { Path::new("") } else { directory };
    directory.join(path.to_path_lossy())
}

/// Whether a path has no part that only the shell knows.
pub(super) fn is_known(path: &Path) -> bool {
    !path.as_os_str().as_encoded_bytes().iter().any(|byte| b"$*~`".contains(byte))
}
