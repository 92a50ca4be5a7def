//! `init`: makes the session directory, and has git ignore it.

use std::error::Error;
use std::io;
use std::path::Path;

use bstr::BString;

use super::{Context, Outcome};
use crate::cli::InitArgs;
use crate::git::{self, Repository};
use crate::policy::{Home, SESSION_DIRECTORY};
use crate::report;
use crate::report::session::{Ignored, Instructed};
use crate::session::{self, Ignoring, SessionDirectory};

/// Makes what is missing, and nothing twice.
pub(super) fn run(args: &InitArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    // All that may be refused comes before the first change.
    let instructions: Vec<(&Path, Vec<u8>, Instructed)> =
        args.instructions.iter().map(|file| instructed(file)).collect::<Result<_, _>>()?;
    let made = SessionDirectory::at(repository.top()).make()?;
    let ignored = have_ignored(&repository, args.exclude)?;
    for (file, text, instructed) in &instructions {
        if *instructed != Instructed::Already {
            session::replace(file, text)?;
        }
    }
    let instructions = instructions.into_iter().map(|(file, _, instructed)| (file, instructed)).collect();
    if !context.is_quiet {
        report::session::made(&mut context.out, repository.top(), &made, &ignored, instructions)?;
    }
    Ok(Outcome::Allowed)
}

/// Has git ignore the session directory, whatever rule already does.
fn have_ignored(repository: &Repository, in_exclude: bool) -> Result<Ignored, Box<dyn Error>> {
    // A name that no pattern has in mind.
    let within = |home: Home| BString::from(format!("{SESSION_DIRECTORY}/{}/any name at all", home.name()));
    let paths: Vec<BString> = Home::ALL.into_iter().map(within).collect();
    if git::not_ignored(repository.layout(), &paths)?.is_empty() {
        return Ok(Ignored::Already(git::ignore_rule(repository.layout(), &paths[0])?.unwrap_or_default()));
    }
    let file = if in_exclude {
        git::exclude_file(repository.layout())?
    } else {
        let file = repository.top().join(".gitignore");
        if file.is_symlink() {
            return Err("`.gitignore` is a symlink, which git does not follow: use --exclude".into());
        }
        file
    };
    let ignoring = Ignoring::add(&file, ".claude_sessions/")?;
    super::check_is_ignored(repository, &paths).inspect_err(|_| ignoring.take_back())?;
    Ok(Ignored::Added(file))
}

/// A file's text with the instructions in it.
fn instructed(file: &Path) -> Result<(&Path, Vec<u8>, Instructed), Box<dyn Error>> {
    let text = match git::read_regular_file(file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound && has_place(file) => None,
        Err(error) => return Err(git::Error::ReadFile(file.to_owned(), error).into()),
    };
    let old = text.as_deref().unwrap_or_default();
    let new = session::with_instructions(old).map_err(|error| format!("`{}`: {error}", file.display()))?;
    let instructed = if text.is_some() && new == old { Instructed::Already } else { Instructed::Written };
    Ok((file, new, instructed))
}

/// Whether a file can be made at `path`, where there is none.
fn has_place(path: &Path) -> bool {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    !path.is_symlink() && parent.is_none_or(Path::is_dir)
}
