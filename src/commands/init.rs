//! `init`: creates the session directory and makes git ignore it.

use std::error::Error;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use super::{Context, Outcome};
use crate::cli::{InitArgs, Instructions};
use crate::disk::exists;
use crate::git::{self, Layout};
use crate::report;
use crate::report::escape::{display_path, shell_path};
use crate::report::failure::Failure;
use crate::report::session::{Ignored, Initialized, InstructionsState};
use crate::session::{self, IgnoreLine, SessionDirectory};

/// Creates what is missing. A second run changes nothing.
pub(super) fn run(args: &InitArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let layout = repository.layout();
    // All files are read before the first change.
    let updates = read_updates(&args.instructions, layout, context)?;
    let created = SessionDirectory::new(layout.worktree()).create()?;
    let ignored = ignore_session_directory(layout, args.exclude)?;
    let updates: Vec<Update> =
        updates.into_iter().map(|update| update.write(layout)).collect::<Result<_, _>>()?;
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

/// Reads the files that the values of `--instructions` stand for.
fn read_updates<'a>(
    values: &'a [Instructions],
    layout: &Layout,
    context: &Context,
) -> Result<Vec<Update<'a>>, Box<dyn Error>> {
    let mut updates = Vec::new();
    for value in values {
        match value {
            Instructions::File(file) => updates.push(Update::read(file, context.environment.absolute(file))?),
            Instructions::AgentFiles => updates.extend(read_agent_files(layout, context)?),
        }
    }
    Ok(updates)
}

/// Reads those of the files that agents read by themselves that exist.
fn read_agent_files(layout: &Layout, context: &Context) -> Result<Vec<Update<'static>>, Box<dyn Error>> {
    let updates = session::AGENT_FILES.iter().map(|file| Update::read_agent_file(Path::new(file), layout));
    let mut updates: Vec<Update> = updates.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    if !updates.iter().any(Update::has_instructions) {
        let failure = Failure::new(describe_missing(&updates));
        return Err(Failure { help: help_to_create(layout, context)?, ..failure }.into());
    }
    let is_common = |update: &Update| update.file == Path::new(session::COMMON_FILE);
    if updates.iter().any(|update| is_common(update) && update.has_instructions()) {
        for update in updates.iter_mut().filter(|update| !is_common(update)) {
            update.skip_if_imported();
        }
    }
    Ok(updates)
}

/// Says that there is no file to write to. `outside` are those that lead out of the worktree.
fn describe_missing(outside: &[Update]) -> String {
    match outside {
        [] => format!("none of these files exists: {}", session::AGENT_FILES.join(", ")),
        [update, ..] => format!("{} is a symlink that leads out of the worktree", display_path(update.file)),
    }
}

/// Names a command that creates one of the files, for the current directory.
fn help_to_create(layout: &Layout, context: &Context) -> io::Result<Option<String>> {
    let is_free = |file: &&&str| !exists(&layout.worktree().join(file));
    let Some(file) = session::AGENT_FILES.iter().find(is_free) else { return Ok(None) };
    let top = match context.environment.current_dir().strip_prefix(layout.worktree()) {
        Ok(below) => below.components().map(|_| Component::ParentDir).collect(),
        Err(_) => layout.worktree().to_owned(),
    };
    let program = context.invocation()?.program();
    Ok(Some(format!("`{program} init --instructions={}` creates one", shell_path(&top.join(file)))))
}

/// A file for agents, and its new text with the instructions.
struct Update<'a> {
    /// The path as the user typed it, or relative to the worktree.
    file: &'a Path,
    /// The absolute path.
    path: PathBuf,
    /// The text without the current instructions; `None` if there is no file.
    old: Option<Vec<u8>>,
    text: Vec<u8>,
    state: InstructionsState,
}

impl<'a> Update<'a> {
    fn read(file: &'a Path, path: PathBuf) -> Result<Self, Box<dyn Error>> {
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

    /// Reads a file that agents read by themselves; `None` if it does not exist.
    fn read_agent_file(file: &'a Path, layout: &Layout) -> Result<Option<Self>, Box<dyn Error>> {
        let path = layout.worktree().join(file);
        match fs::canonicalize(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Ok(target) if !session::is_own_file(layout, &target) => {
                let (old, text, state) = (None, Vec::new(), InstructionsState::Outside);
                Ok(Some(Self { file, path, old, text, state }))
            }
            _ => Self::read(file, path).map(Some),
        }
    }

    /// Whether the file has the instructions, or is going to have them.
    fn has_instructions(&self) -> bool {
        use InstructionsState::{Created, Current, Updated};
        matches!(self.state, Current | Updated | Created)
    }

    /// Skips the file if those who read it have the instructions from the common file.
    fn skip_if_imported(&mut self) {
        if self.old.as_deref().is_some_and(session::imports_instructions) {
            self.state = InstructionsState::Imported;
        }
    }

    /// Writes the new text; reads the file again if another program has changed it meanwhile.
    fn write(self, layout: &Layout) -> Result<Self, Box<dyn Error>> {
        let (file, path) = (self.file, self.path.clone());
        let mut next = Some(self);
        session::retry(file, || {
            let update = next.take().map_or_else(|| Self::read(file, path.clone()), Ok)?;
            let is_done = !matches!(update.state, InstructionsState::Updated | InstructionsState::Created)
                || session::replace(&update.path, update.old.as_deref(), &update.text, layout.git_dir())?;
            Ok(is_done.then_some(update))
        })
    }
}

/// Whether a file can be created at `path`: in a directory, and not through a symlink.
fn can_create(path: &Path) -> bool {
    !path.is_symlink() && path.parent().is_some_and(Path::is_dir)
}
