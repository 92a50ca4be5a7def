//! One file a command. Each wires git to policy to report, and holds no rule, no
//! libgit2 and no formatting.

mod agent;
mod archive;
mod check;
mod clean;
mod commits;
mod completions;
mod doctor;
mod explain;
mod hook;
mod init;
mod install;
mod man;
mod rules;
mod stow;
mod uninstall;

use std::error::Error;
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use bstr::BString;

use self::check::Moment;
use crate::cli::{Cli, Command, Options};
use crate::environment::Environment;
use crate::git::{self, Repository};
use crate::policy::{FILE_NAME, Policy};
use crate::session;

/// How a command ended that could do its work.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Nothing is refused.
    Allowed,
    /// Something is.
    Refused,
    /// The hook that was there before ended with this exit status.
    Ended(u8),
    /// A coding agent is kept from what it is about to do, and told this.
    Denied(String),
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

/// How the user is asked a question; nothing is the answer where nobody is there.
pub type Ask<'a> = &'a mut dyn FnMut(&str) -> io::Result<Option<bool>>;

/// How the user is told how far a long work is: a line that takes the place of the
/// one before. An empty one ends it.
pub type Tell<'a> = &'a mut dyn FnMut(&str);

/// Who sits in front of it.
pub struct Terminal<'a> {
    /// Answers.
    pub ask: Ask<'a>,
    /// Reads along.
    pub tell: Tell<'a>,
}

/// Runs what `cli` says, with `input` as its standard input, and writes the report
/// to `out`.
///
/// # Errors
///
/// Whatever kept the command from doing its work: it found nothing out then, and
/// what `out` holds must not be shown.
pub fn run(
    cli: Cli,
    input: impl Read,
    terminal: Terminal,
    out: &mut Output,
) -> Result<Outcome, Box<dyn Error>> {
    let Terminal { ask, tell } = terminal;
    let Cli { options, command, refused } = cli;
    if let Some(why) = refused {
        return Err(why.into());
    }
    for directory in &options.directory {
        env::set_current_dir(directory)
            .map_err(|error| git::Error::ChangeDirectory(directory.clone(), error))?;
    }
    match command {
        Some(Command::Check(args)) => check::run(&options, &args, tell, out),
        None => check::staged(&options, Moment::ByHand, out),
        Some(Command::Explain(args)) => explain::run(&options, &args, input, out),
        Some(Command::Rules) => rules::run(&options, out),
        Some(Command::Hook(args)) => hook::run(&options, &args, input, tell, out),
        Some(Command::Init(args)) => init::run(&options, &args, out),
        Some(Command::Stow(args)) => stow::run(&options, &args, out),
        Some(Command::Archive) => archive::run(&options, out),
        Some(Command::Clean(args)) => clean::run(&options, &args, ask, out),
        Some(Command::Agent) => agent::run(&options, input),
        Some(Command::Install(args)) => install::run(&options, &args, out),
        Some(Command::Doctor) => doctor::run(&options, out),
        Some(Command::Uninstall(args)) => uninstall::run(&options, &args, out),
        Some(Command::Completions(args)) => completions::run(&args, out),
        Some(Command::Man) => man::run(out),
    }
}

/// The path by which hooks call this program: the one on `PATH`, where that is
/// this program, for it stays when a new version is installed; else the
/// program's own.
fn binary() -> io::Result<PathBuf> {
    let own = env::current_exe()?;
    let real = fs::metadata(&own)?;
    let is_same = |found: fs::Metadata| found.dev() == real.dev() && found.ino() == real.ino();
    let is_own = |path: &PathBuf| path.is_absolute() && fs::metadata(path).is_ok_and(is_same);
    Ok(on_path().find(is_own).unwrap_or(own))
}

/// What a user types to run this program: its name alone, where that is enough.
fn name() -> io::Result<PathBuf> {
    let binary = binary()?;
    let first = on_path().find(|path| path.is_file());
    // pre-commit and prek have what they built on `PATH` for as long as a hook runs.
    let stays = env::var_os("PRE_COMMIT").is_none();
    Ok(if stays && first == Some(binary.clone()) { NAME.into() } else { binary })
}

/// Where this program could be on `PATH`.
fn on_path() -> impl Iterator<Item = PathBuf> {
    let directories = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&directories).map(|directory| directory.join(NAME)).collect::<Vec<_>>().into_iter()
}

const NAME: &str = env!("CARGO_PKG_NAME");

/// Checks that no rule has git not ignore `paths`.
fn check_is_ignored(repository: &Repository, paths: &[BString]) -> Result<(), Box<dyn Error>> {
    let Some(path) = git::not_ignored(repository.layout(), paths)?.into_iter().next() else { return Ok(()) };
    let rule = git::ignore_rule(repository.layout(), &path)?;
    let rule = rule.unwrap_or_else(|| "a line of a `.gitignore` that begins with `!`".to_owned());
    Err(session::Error::NotIgnored { path, rule }.into())
}

/// The repository, never to be freed: the process ends when a command does, and to
/// give back each entry of the index before would only take time.
fn open() -> Result<ManuallyDrop<Repository>, git::Error> {
    let environment = Environment::of_process().map_err(git::Error::CurrentDirectory)?;
    Repository::open(&environment).map(ManuallyDrop::new)
}

/// Reads a policy, also from a pipe; and no more of it than any could have.
fn read_policy(file: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    fs::File::open(file)?.take(1 << 24).read_to_end(&mut text)?;
    Ok(text)
}

/// Reads the file of this name at the top of a repository, where it is there.
type ReadFile<'r> = &'r dyn Fn(&str) -> Result<Option<Vec<u8>>, git::Error>;

/// The built-in policy and what the repository's configuration, which `file` reads,
/// makes of it; not to be freed either.
fn policy(options: &Options, file: ReadFile) -> Result<ManuallyDrop<Policy>, Box<dyn Error>> {
    let built_in = Policy::built_in();
    let (name, text) = match &options.config {
        Some(file) => {
            let text = read_policy(file).map_err(|error| git::Error::ReadFile(file.clone(), error))?;
            (file.to_string_lossy().into_owned(), text)
        }
        None => match file(FILE_NAME)? {
            Some(text) => (FILE_NAME.to_owned(), text),
            None => return Ok(ManuallyDrop::new(built_in)),
        },
    };
    Ok(ManuallyDrop::new(built_in.extended(&name, &text)?))
}
