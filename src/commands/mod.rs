//! One file a command. Each wires git to policy to report, and holds no rule, no
//! libgit2 and no formatting.

mod check;
mod explain;
mod hook;
mod install;
mod rules;
mod uninstall;

use std::error::Error;
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::{env, fs};

use self::check::Moment;
use crate::cli::{Cli, Command, Format, Options};
use crate::git::{self, Repository};
use crate::policy::{FILE_NAME, Policy};

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Nothing is refused.
    Allowed,
    /// Something is.
    Refused,
}

impl Outcome {
    /// The outcome where so many paths are refused: a dry run refuses none.
    fn of(refused: usize, options: &Options) -> Self {
        if refused > 0 && !options.dry_run { Self::Refused } else { Self::Allowed }
    }
}

/// The report of a command, and who reads it.
#[derive(Debug)]
pub struct Output {
    /// What is written so far.
    pub report: Vec<u8>,
    /// Whether it goes to a terminal.
    pub is_terminal: bool,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.report.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.report.flush()
    }
}

/// Runs what `cli` says, with `input` as its standard input, and writes the report
/// to `out`.
///
/// # Errors
///
/// Whatever kept the command from doing its work: it found nothing out then, and
/// what `out` holds must not be shown.
pub fn run(cli: Cli, input: impl Read, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let Cli { options, command } = cli;
    for directory in &options.directory {
        env::set_current_dir(directory)
            .map_err(|error| git::Error::ChangeDirectory(directory.clone(), error))?;
    }
    match command {
        Some(Command::Check(args)) if args.all_files => check::all_files(&options, out),
        Some(Command::Check(_)) | None => check::staged(&options, Moment::ByHand, out),
        Some(Command::Explain(args)) => explain::run(&options, &args, input, out),
        Some(Command::Rules) => rules::run(&options, out),
        Some(Command::Hook(args)) => hook::run(&options, &args, out),
        Some(Command::Install) => without_check_options(&options).and_then(|()| install::run(out)),
        Some(Command::Uninstall) => without_check_options(&options).and_then(|()| uninstall::run(out)),
    }
}

/// The options that say how to check have no meaning for what changes hooks, and
/// `--dry-run` there would be a promise that is not kept.
fn without_check_options(options: &Options) -> Result<(), Box<dyn Error>> {
    let is_checking = options.dry_run || options.config.is_some() || options.format != Format::Human;
    if is_checking { Err("this command takes no --dry-run, --config or --format".into()) } else { Ok(()) }
}

/// The repository, never to be freed: the process ends when a command does, and to
/// give back each entry of the index before would only take time.
fn open() -> Result<ManuallyDrop<Repository>, git::Error> {
    Repository::open().map(ManuallyDrop::new)
}

/// The built-in policy and what the repository's configuration makes of it; not to
/// be freed either.
fn policy(repository: &Repository, options: &Options) -> Result<ManuallyDrop<Policy>, Box<dyn Error>> {
    let built_in = Policy::built_in()?;
    let (name, text) = match &options.config {
        Some(file) => {
            let text = fs::read(file).map_err(|error| git::Error::ReadFile(file.clone(), error))?;
            (file.to_string_lossy().into_owned(), text)
        }
        None => match repository.top_level_file(FILE_NAME)? {
            Some(text) => (FILE_NAME.to_owned(), text),
            None => return Ok(ManuallyDrop::new(built_in)),
        },
    };
    Ok(ManuallyDrop::new(built_in.extended(&name, &text)?))
}
