//! The program: the only module that uses standard input, output and error.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{self, ExitCode};

use anstream::{AutoStream, ColorChoice};
use stage_guard::app::{self, Cli, Command, Context, ErrorKind, Outcome, Output, PROOF};
use stage_guard::environment::Environment;
use stage_guard::git::{self, Stall};
use stage_guard::report::failure::{self, Failure};
use stage_guard::report::{color, usage_error};

/// The stream that a report is printed to.
#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    /// For hooks: git clients show what a hook prints here, and lose what it prints elsewhere.
    Stderr,
}

impl Stream {
    fn for_command(command: Option<&Command>) -> Self {
        if matches!(command, Some(Command::Hook(_))) { Self::Stderr } else { Self::Stdout }
    }

    fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let cli = match Cli::from_arguments(&arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // The name of an agent is a mistake of whoever typed it, and no event.
            let is_agent = arguments.first().is_some_and(|argument| argument == "agent")
                && error.kind() != ErrorKind::InvalidValue;
            return fail(&usage_error::failure(error), is_agent);
        }
        Err(help) => {
            let text = help.render().to_string();
            return finish(text.as_bytes(), Stream::Stdout, ColorChoice::Never, &Outcome::Allowed);
        }
    };
    let is_quiet = cli.is_quiet();
    let Cli { global, check, command } = cli;
    let is_agent = matches!(command, Some(Command::Agent(_)));
    let stream = Stream::for_command(command.as_ref());
    git::on_timeout(move |stall| exit_on_timeout(stall, is_agent));
    if is_agent {
        app::limit_time(exit_after_limit);
    }
    let environment = match read_environment(&global.directories) {
        Ok(environment) => environment,
        Err(error) => return fail(&error, is_agent),
    };
    let mut context = Context {
        environment,
        is_quiet,
        input: &mut io::stdin(),
        ask: &mut ask,
        show_progress: &mut show_progress,
        out: Output { report: Vec::new(), is_terminal: stream.is_terminal() },
    };
    match app::run(command, &check, &mut context) {
        Ok(outcome) => {
            let is_coloured = color::is_enabled(global.color, &context.environment, context.out.is_terminal);
            let color = if is_coloured { ColorChoice::Always } else { ColorChoice::Never };
            finish(&context.out.report, stream, color, &outcome)
        }
        Err(error) => fail(error.as_ref(), is_agent),
    }
}

/// Reads the environment and enters the directories of `-C`, one after the other.
fn read_environment(directories: &[PathBuf]) -> Result<Environment, git::Error> {
    let mut environment = Environment::of_process().map_err(git::Error::CurrentDirectory)?;
    for directory in directories {
        environment
            .change_dir(directory)
            .map_err(|error| git::Error::ChangeDirectory(directory.clone(), error))?;
    }
    Ok(environment)
}

/// Exits the process while libgit2 loops on an object or waits for a file.
#[expect(clippy::exit, reason = "the thread that reads does not return")]
fn exit_on_timeout(stall: Stall, is_agent: bool) {
    let (error, help) = match stall {
        Stall::Loop => {
            ("cannot read an object of the repository, which is truncated", "`git fsck` names the object")
        }
        Stall::Wait => (
            "cannot read a file of the git directory, which gives no data",
            "`find \"$(git rev-parse --git-common-dir)\" -type p` names the FIFOs in place of files",
        ),
    };
    fail(&Failure::new(error).with_help(help), is_agent);
    process::exit(if is_agent { 0 } else { 2 });
}

/// Exits the process of `agent` while it waits for its input, or for anything else.
#[expect(clippy::exit, reason = "the main thread does not return")]
fn exit_after_limit(error: &Failure) {
    fail(error, true);
    process::exit(0);
}

/// Asks a question on the terminal; `None` if there is no terminal.
fn ask(question: &str) -> io::Result<Option<bool>> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(None);
    }
    // With several writes, the echo of an early answer could split the question.
    io::stderr().write_all(format!("{question} [y/N] ").as_bytes())?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")))
}

/// Shows the progress of long work on the terminal, replacing the previous line.
fn show_progress(progress: &str) {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\r{progress}\x1b[K");
    }
}

/// Prints the report and returns the exit code of the outcome.
fn finish(report: &[u8], stream: Stream, color: ColorChoice, outcome: &Outcome) -> ExitCode {
    if let Err(error) = print(report, stream, color) {
        if *outcome == Outcome::Done {
            let failure = Failure::new("done, but cannot print the report").with_source(error);
            print_error(&failure::render_message(&failure::message(&failure)));
            return ExitCode::SUCCESS;
        }
        return fail(&Failure::new("cannot print the report").with_source(error), false);
    }
    match outcome {
        Outcome::Allowed | Outcome::Done => ExitCode::SUCCESS,
        Outcome::Proven => ExitCode::from(PROOF),
        Outcome::Refused => ExitCode::from(1),
        Outcome::Incomplete(errors) => {
            print_error(errors);
            ExitCode::from(2)
        }
        Outcome::PreviousHookFailed(code) => ExitCode::from(*code),
    }
}

/// Prints the report. A closed pipe is not an error.
fn print(report: &[u8], stream: Stream, color: ColorChoice) -> io::Result<()> {
    let out: Box<dyn Write> = match stream {
        Stream::Stdout => Box::new(io::stdout()),
        Stream::Stderr => Box::new(io::stderr()),
    };
    let mut out = AutoStream::new(out, color);
    match out.write_all(report).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Prints the error and returns the exit code.
///
/// `agent` prints one line and fails open: exit code 2 would block the agent, and git's hooks
/// still check the commit.
fn fail(error: &(dyn Error + 'static), is_agent: bool) -> ExitCode {
    if is_agent {
        let message = failure::message(error);
        print_error(&failure::render_message(message.lines().next().unwrap_or_default()));
        return ExitCode::SUCCESS;
    }
    print_error(&failure::render(error));
    ExitCode::from(2)
}

/// Prints to standard error. If it is closed, only the exit code reports the failure.
fn print_error(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
