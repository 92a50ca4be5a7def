//! Arguments in, exit code out: the only user of standard input, output and error.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{self, ExitCode};

use anstream::{AutoStream, ColorChoice};
use stage_guard::environment::Environment;
use stage_guard::git;
use stage_guard::program::{self, Cli, Command, Context, Outcome, Output};
use stage_guard::report::failure::{self, Failure};
use stage_guard::report::{color, usage_error};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let cli = match Cli::from_arguments(&arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let is_agent = arguments.first().is_some_and(|argument| argument == "agent");
            return fail(&Failure::new(usage_error::render(error)), is_agent);
        }
        Err(help) => return print(help.render().to_string().as_bytes(), false, &Outcome::Allowed),
    };
    let Cli { global, check, command } = cli;
    let is_agent = matches!(command, Some(Command::Agent));
    git::on_timeout(move || exit_on_timeout(is_agent));
    let environment = match read_environment(&global.directories) {
        Ok(environment) => environment,
        Err(error) => return fail(&error, is_agent),
    };
    let mut context = Context {
        environment,
        is_quiet: global.quiet,
        input: &mut io::stdin(),
        ask: &mut ask,
        show_progress: &mut show_progress,
        out: Output { report: Vec::new(), is_terminal: io::stdout().is_terminal() },
    };
    match program::run(command, &check, &mut context) {
        Ok(outcome) => {
            let is_coloured = color::is_enabled(global.color, &context.environment, context.out.is_terminal);
            print(&context.out.report, is_coloured, &outcome)
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

/// Exits while libgit2 reads an object without end.
#[expect(clippy::exit, reason = "the thread that reads does not return")]
fn exit_on_timeout(is_agent: bool) {
    let error = Failure::new("cannot read an object of the repository, which is truncated");
    fail(&error.with_help("`git fsck` names the object"), is_agent);
    process::exit(if is_agent { 0 } else { 2 });
}

/// Asks a question on the terminal; `None` if there is no terminal.
fn ask(question: &str) -> io::Result<Option<bool>> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(None);
    }
    // One write: the echo of an early answer must not split the question.
    io::stderr().write_all(format!("{question} [y/N] ").as_bytes())?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")))
}

/// Shows the progress of long work on the terminal, in the place of the line before.
fn show_progress(progress: &str) {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\r{progress}\x1b[K");
    }
}

/// Prints the report. A closed pipe is success; other write errors are failures.
fn print(report: &[u8], is_coloured: bool, outcome: &Outcome) -> ExitCode {
    let choice = if is_coloured { ColorChoice::Always } else { ColorChoice::Never };
    let mut out = AutoStream::new(io::stdout().lock(), choice);
    match out.write_all(report).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(&Failure::new(format!("cannot print the report: {error}")), false)
        }
        _ => match outcome {
            Outcome::Allowed => ExitCode::SUCCESS,
            Outcome::Refused => ExitCode::from(1),
            Outcome::Ended(code) => ExitCode::from(*code),
            // Exit code 2 tells the agent to stop. Paths in the reason are escaped one by one,
            // so its lines are its own.
            Outcome::Denied(reason) => {
                print_error(&format!("stage-guard: {reason}\n"));
                ExitCode::from(2)
            }
        },
    }
}

/// Prints the error and returns the exit code.
///
/// `agent` fails open, on one line: exit code 2 would block the agent, and the hooks of git
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

/// Prints to standard error. If that is closed, the exit code alone reports the failure.
fn print_error(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
