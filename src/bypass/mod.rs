//! Finds commands that bypass a repository's git hooks, or loosen their rules.
//!
//! The result is advice to an agent: the git hooks do not depend on it. A command that
//! cannot be parsed is allowed.

mod add;
mod commits;
mod config;
mod directories;
mod git;
mod glob;
mod hook_files;
mod options;
mod own;
pub(crate) mod shell;
mod variables;
mod walk;
mod wrapper;

use std::cell::Cell;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString};

pub(crate) use self::commits::{Commit, Commits, Pathspec, commits_of};
use self::directories::is_known;
pub(crate) use self::hook_files::is_guarded_file;
pub(crate) use self::walk::file_name;
use self::walk::{Run, Walk};

/// How a command bypasses the hooks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Bypass {
    /// A git subcommand with an option that skips the hooks.
    HooksSkipped {
        /// The subcommand.
        subcommand: &'static str,
        /// The option, as it is written.
        option: BString,
    },
    /// A setting that makes git run other hooks, or fewer.
    HooksOverridden(BString),
    /// A path in the session directory that is staged although git ignores it.
    ForcedAdd(BString),
    /// A directory that is staged with the session directory in it, although git ignores that.
    ForcedAddAround(BString),
    /// A hook file, or a setting of a configured hook, that is removed, replaced or disabled.
    HookChanged(BString),
    /// `stage-guard allow`: a person has to decide what is allowed.
    Allow,
    /// `stage-guard uninstall`: a person has to decide whether a repository is guarded.
    Uninstall,
}

/// The number of paths that are looked up on the disk.
const MAX_QUESTIONS: usize = 32;

/// The longest path that is looked up on the disk, in bytes.
const MAX_PATH: usize = 4096;

/// The number of bytes of paths that are judged, after expansion.
const MAX_EXPANDED: usize = 1 << 22;

/// An amount of work that may still be done for a script.
struct Budget(Cell<usize>);

impl Budget {
    fn new(amount: usize) -> Self {
        Self(Cell::new(amount))
    }

    /// Takes `amount` away, and returns whether there was so much.
    fn spend(&self, amount: usize) -> bool {
        let left = self.0.get().checked_sub(amount);
        self.0.set(left.unwrap_or_default());
        left.is_some()
    }
}

/// What the disk says. Paths may be relative to the directory that the script runs in.
#[derive(Clone, Copy)]
pub(crate) struct Disk<'f> {
    /// Whether a forced add of a pathspec in a directory stages a session directory below it.
    pub stages_session_directory: &'f dyn Fn(&Path, &Path) -> bool,
    /// Whether a file with the name of a guarded hook may run this program.
    pub may_be_guard: &'f dyn Fn(&Path) -> bool,
    /// Whether a directory is in another repository, in which this program guards nothing.
    pub is_unguarded: &'f dyn Fn(&Path) -> bool,
}

/// A text that a script hands to a program.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Input {
    /// The directory that the script has changed to; relative to the one that it runs in.
    pub directory: PathBuf,
    /// The text.
    pub text: BString,
}

/// Returns the first bypass in `script`. A script that cannot be parsed has none.
#[must_use]
pub(crate) fn find(script: &str, disk: &Disk) -> Option<Bypass> {
    let (questions, bytes) = (Budget::new(MAX_QUESTIONS), Budget::new(MAX_EXPANDED));
    let may_ask = |path: &Path| questions.spend(1) && path.as_os_str().len() <= MAX_PATH;
    let disk = Disk {
        stages_session_directory: &|directory, path| {
            is_known(directory) && may_ask(path) && (disk.stages_session_directory)(directory, path)
        },
        may_be_guard: &|file| !may_ask(file) || (disk.may_be_guard)(file),
        is_unguarded: &|directory| {
            let is_other = !directory.as_os_str().is_empty() && is_known(directory);
            is_other && may_ask(directory) && (disk.is_unguarded)(directory)
        },
    };
    Walk::new(&mut |run| judge(run, disk, &bytes)).script(script.as_bytes())
}

/// Returns the text that `script` hands to each run of one of `programs`.
///
/// That is the first argument or, without one, the standard input. Runs in a directory that is not
/// known are left out.
#[must_use]
pub(crate) fn inputs_of(script: &str, programs: &[&str]) -> Vec<Input> {
    let mut inputs = Vec::new();
    let mut collect = |run: &Run| {
        let directory = run.shell.directories.current();
        if is_known(directory) && programs.iter().any(|program| run.program == program) {
            let text = run.arguments.first().map_or(run.input, |argument| BStr::new(argument));
            inputs.push(Input { directory: directory.to_owned(), text: text.to_owned() });
        }
        None::<()>
    };
    Walk::new(&mut collect).script(script.as_bytes());
    inputs
}

/// Returns whether `script` bypasses the hooks of a repository without a session directory.
#[must_use]
pub fn bypasses_hooks(script: &str) -> bool {
    let disk =
        Disk { stages_session_directory: &|_, _| false, may_be_guard: &|_| true, is_unguarded: &|_| false };
    find(script, &disk).is_some()
}

/// Returns whether each quote and each parenthesis of `script` is closed.
#[must_use]
pub fn is_complete(script: &str) -> bool {
    shell::commands(script.as_bytes()).is_some()
}

/// Returns how a command bypasses the hooks, apart from what it runs in its turn.
fn judge(run: &Run, disk: Disk, bytes: &Budget) -> Option<Bypass> {
    if let Some(bypass) = hook_files::judge(run, disk, bytes) {
        return Some(bypass);
    }
    let (program, arguments) = (run.program, run.arguments);
    if program == "git" {
        let bypass = config::judge_variables(&run.shell.variables, arguments)
            .or_else(|| git::judge(&run.shell.directories, arguments, disk));
        let directory = || git::directory_of_change(&run.shell.directories, arguments);
        return bypass.filter(|_| !directory().is_some_and(|directory| (disk.is_unguarded)(&directory)));
    }
    if program == own::PROGRAM {
        return own::judge(arguments);
    }
    None
}

#[cfg(test)]
mod tests;
