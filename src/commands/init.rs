//! `init`: creates the session directory and makes git ignore it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use super::{Context, Outcome};
use crate::cli::InitArgs;
use crate::environment::Environment;
use crate::git::{self, Layout};
use crate::report;
use crate::report::escape::display_path;
use crate::report::failure::Failure;
use crate::report::session::{Ignored, Initialized, InstructionsState};
use crate::session::{self, IgnoreLine, SessionDirectory};

/// Creates what is missing. A second run changes nothing.
pub(super) fn run(args: &InitArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let layout = repository.layout();
    // All files are read before the first change.
    let updates: Vec<Update> = args
        .instructions
        .iter()
        .map(|file| Update::read(file, &context.environment))
        .collect::<Result<_, _>>()?;
    let created = SessionDirectory::new(layout.worktree()).create()?;
    let ignored = ignore_session_directory(layout, args.exclude)?;
    let updates: Vec<Update> =
        updates.into_iter().map(|update| update.write(&context.environment)).collect::<Result<_, _>>()?;
    if !context.is_quiet {
        let instructions = updates.iter().map(|update| (update.file, update.state)).collect();
        report::session::initialized(&mut context.out, &Initialized { created, ignored, instructions })?;
    }
    Ok(Outcome::Done)
}

/// Makes git ignore the session directory, unless a rule already does.
fn ignore_session_directory(layout: &Layout, in_exclude: bool) -> Result<Ignored, Box<dyn Error>> {
    let paths = git::typical_files(layout, &session::home_directories())?;
    if git::not_ignored(layout, &paths)?.is_empty() {
        return Ok(Ignored::Already(git::ignore_rule(layout, &paths[0])?.unwrap_or_default()));
    }
    let file = if in_exclude { git::exclude_file(layout)? } else { layout.worktree().join(".gitignore") };
    if !in_exclude && file.is_symlink() {
        let failure = Failure::new("`.gitignore` is a symlink, which git does not follow");
        return Err(failure.with_help("use --exclude").into());
    }
    let line = IgnoreLine::add(layout, &file, ".claude_sessions/", &paths)?;
    let file = line.file().strip_prefix(layout.worktree()).unwrap_or(line.file());
    Ok(Ignored::Added(file.to_owned()))
}

/// A file for agents, and its new text with the instructions.
struct Update<'a> {
    /// The path as the user typed it.
    file: &'a Path,
    path: PathBuf,
    /// The text without the current instructions; `None` if there is no file.
    old: Option<Vec<u8>>,
    text: Vec<u8>,
    state: InstructionsState,
}

impl<'a> Update<'a> {
    fn read(file: &'a Path, environment: &Environment) -> Result<Self, Box<dyn Error>> {
        let path = environment.absolute(file);
        let old = match git::read_regular_file(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && can_create(&path) => None,
            Err(error) => return Err(git::Error::ReadFile(file.to_owned(), error).into()),
        };
        let text = session::with_instructions(old.as_deref().unwrap_or_default())
            .map_err(|error| Failure::new(format!("cannot update `{}`: {error}", display_path(file))))?;
        let state = match &old {
            Some(old) if *old == text => InstructionsState::Current,
            Some(_) => InstructionsState::Updated,
            None => InstructionsState::Created,
        };
        Ok(Self { file, path, old, text, state })
    }

    /// Writes the new text; reads the file again if another program has changed it meanwhile.
    fn write(self, environment: &Environment) -> Result<Self, Box<dyn Error>> {
        let Self { file, .. } = self;
        let mut next = Some(self);
        session::retry(file, || {
            let update = next.take().map_or_else(|| Self::read(file, environment), Ok)?;
            let is_done = update.state == InstructionsState::Current
                || session::replace(&update.path, update.old.as_deref(), &update.text)?;
            Ok(is_done.then_some(update))
        })
    }
}

/// Whether a file can be created at `path`: in a directory, and not through a symlink.
fn can_create(path: &Path) -> bool {
    !path.is_symlink() && path.parent().is_some_and(Path::is_dir)
}
