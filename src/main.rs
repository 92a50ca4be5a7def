//! Arguments in, exit code out. The only place that names standard input, output
//! and error.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{self, ExitCode};

use anstream::{AutoStream, ColorChoice};
use stage_guard::cli::{Cli, Color, Command};
use stage_guard::commands::{self, Context, Outcome, Output};
use stage_guard::environment::Environment;
use stage_guard::git;
use stage_guard::report::failure::{self, Failure};
use stage_guard::report::typed;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let cli = match Cli::from_arguments(&arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let failure = Failure::new(typed::mistake(error));
            let is_advice = arguments.first().is_some_and(|argument| argument == "agent");
            return if is_advice { warn(&failure) } else { fail(&failure) };
        }
        Err(help) => return print(help.render().to_string().as_bytes(), Color::Never, Outcome::Allowed),
    };
    let Cli { global, check, command } = cli;
    let is_advice = matches!(command, Some(Command::Agent));
    git::on_timeout(move || end_stalled(is_advice));
    let environment = match read_environment(&global.directories) {
        Ok(environment) => environment,
        Err(error) if is_advice => return warn(&error),
        Err(error) => return fail(&error),
    };
    let mut context = Context {
        environment,
        is_quiet: global.quiet,
        input: &mut io::stdin(),
        ask: &mut ask,
        tell: &mut tell,
        out: Output { report: Vec::new(), is_terminal: io::stdout().is_terminal() },
    };
    match commands::run(command, &check, &mut context) {
        Ok(outcome) => print(&context.out.report, global.color, outcome),
        Err(error) if is_advice => warn(error.as_ref()),
        Err(error) => fail(error.as_ref()),
    }
}

/// Reads the environment and enters the directories of `-C`, one after the other.
fn read_environment(directories: &[PathBuf]) -> Result<Environment, git::Error> {
    let mut environment = Environment::of_process().map_err(git::Error::CurrentDirectory)?;
    for directory in directories {
        // libgit2 and git start from the directory of the process.
        environment
            .change_dir(directory)
            .and_then(|()| env::set_current_dir(environment.current_dir()))
            .map_err(|error| git::Error::ChangeDirectory(directory.clone(), error))?;
    }
    Ok(environment)
}

/// Ends the process while libgit2 reads something without end.
#[expect(clippy::exit, reason = "the thread that reads never comes back")]
fn end_stalled(is_advice: bool) {
    fail(
        &Failure::new("could not read an object of the repository: it is cut short")
            .with_help("`git fsck` names it"),
    );
    process::exit(if is_advice { 0 } else { 2 });
}

/// Asks on the terminal. Nothing is the answer where there is none.
fn ask(question: &str) -> io::Result<Option<bool>> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(None);
    }
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")))
}

/// Says on the terminal how far a long work is, in the place of what was said before.
/// Nobody reads it elsewhere.
fn tell(progress: &str) {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\r{progress}\x1b[K");
    }
}

/// Prints the report. A reader that has gone away has seen enough; any other
/// failure to print is one to check.
fn print(report: &[u8], color: Color, outcome: Outcome) -> ExitCode {
    let choice = match color {
        Color::Always => ColorChoice::Always,
        Color::Auto if is_coloured() => ColorChoice::Always,
        Color::Auto | Color::Never => ColorChoice::Never,
    };
    let mut out = AutoStream::new(io::stdout().lock(), choice);
    match out.write_all(report).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(&Failure::new(format!("could not print the report: {error}")))
        }
        _ => match outcome {
            Outcome::Allowed => ExitCode::SUCCESS,
            Outcome::Refused => ExitCode::from(1),
            Outcome::Ended(code) => ExitCode::from(code),
            // Exit code 2 tells the agent to stop. Paths in the reason are escaped one by one,
            // so its lines are its own.
            Outcome::Denied(reason) => write_error(&format!("stage-guard: {reason}\n"), ExitCode::from(2)),
        },
    }
}

/// Whether the environment and the terminal have it so, by no-color.org and
/// bixense.com/clicolors.
fn is_coloured() -> bool {
    let value = |name| env::var_os(name).unwrap_or_default();
    if !value("NO_COLOR").is_empty() {
        return false;
    }
    let [force, wish, terminal] = ["CLICOLOR_FORCE", "CLICOLOR", "TERM"].map(value);
    let is_able = !terminal.is_empty() && terminal != "dumb" && io::stdout().is_terminal();
    (!force.is_empty() && force != "0") || (wish != "0" && is_able)
}

/// Reports an error of `agent`, and allows the action.
///
/// Exit code 2 would block the agent, and the hooks of git still check the commit.
fn warn(error: &(dyn Error + 'static)) -> ExitCode {
    let message = failure::message(error);
    let line = message.lines().next().unwrap_or_default();
    write_error(&failure::render_message(line), ExitCode::SUCCESS)
}

fn fail(error: &(dyn Error + 'static)) -> ExitCode {
    write_error(&failure::render(error), ExitCode::from(2))
}

fn write_error(text: &str, code: ExitCode) -> ExitCode {
    // If standard error is closed, the exit code alone reports the failure.
    let _ = io::stderr().write_all(text.as_bytes());
    code
}
