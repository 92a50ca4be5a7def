//! What shows that a text is a program, made to run again.

use bstr::{BStr, ByteSlice};

use super::{MAX_CANDIDATES, find_words, is_word_byte, lines_with_offsets};

/// Parts of a text that reads its arguments or serves requests.
const PARTS: [&str; 33] = [
    // Arguments.
    "argparse",
    "ArgumentParser",
    "OptionParser",
    "sys.argv",
    "process.argv",
    "Deno.args",
    "getopts",
    "@click.",
    "typer.",
    "env::args",
    "$argv",
    "$argc",
    "ARGV",
    "\"$1\"",
    "${1:",
    "${1}",
    "=$1",
    "\"$@\"",
    "$#",
    "%~1",
    "\"%1\"",
    "yargs",
    // Requests, windows.
    "Flask(",
    "FastAPI(",
    "express(",
    ".listen(",
    "createServer",
    "uvicorn.run",
    "app.run(",
    "streamlit",
    "gradio",
    "mainloop(",
    "run_polling(",
];

/// Parts of a line that asks the user.
const QUESTIONS: [&str; 6] =
    ["input(", "read -p", "Read-Host", "readline.createInterface", "gets.chomp", "set /p"];

/// Parts of a line that asks only whether to go on. A script that deletes data once does, too.
const CONFIRMATIONS: [&str; 12] = [
    "(y/n",
    "(Y/n",
    "(y/N",
    "(Y/N",
    "[y/N",
    "[Y/n",
    "(s/n",
    "(o/n",
    "(j/n",
    "input()",
    "ENTER",
    "ress Enter",
];

/// Ends of the names of classes that test something, and are no part of a program.
const TESTS: [&str; 4] = ["Test", "Tests", "Tester", "TestSuite"];

/// Starts of lines, without white space before, that define a class, export something, or declare parameters.
const DECLARATIONS: [&str; 15] = [
    "class ",
    "abstract class ",
    "final class ",
    "export default",
    "export async",
    "export class",
    "export const",
    "export function",
    "export {",
    "export *",
    "module.exports",
    "exports.",
    "param(",
    "Param(",
    "param (",
];

/// Starts of commands that run the servers of a project, or a program in place of the script.
const COMMANDS: [&str; 16] = [
    "exec ",
    "nohup ",
    "Start-Process ",
    "start cmd",
    "start \"",
    "docker compose up",
    "docker-compose up",
    "npm start",
    "npm run dev",
    "yarn start",
    "yarn dev",
    "pnpm dev",
    "uvicorn ",
    "gunicorn ",
    "flask run",
    "python manage.py runserver",
];

/// Returns the offset at which `text` shows that it is a program.
pub(super) fn find(text: &BStr) -> Option<usize> {
    let parts = PARTS.iter().filter_map(|part| find_words(text, part).next());
    let questions = QUESTIONS.iter().filter_map(|part| {
        find_words(text, part).take(MAX_CANDIDATES).find(|start| !is_confirmation(text, *start))
    });
    parts.chain(questions).chain(find_line(text)).min()
}

/// Whether the question at `start` asks only whether to go on, or waits for the Enter key.
fn is_confirmation(text: &BStr, start: usize) -> bool {
    let rest = &text[start..];
    let line = rest[..rest.len().min(1000)].lines().next().unwrap_or_default();
    CONFIRMATIONS.iter().any(|part| line.contains_str(part))
}

fn find_line(text: &BStr) -> Option<usize> {
    lines_with_offsets(text)
        .find(|(_, line)| is_declaration(line) || is_command(line))
        .map(|(start, _)| start)
}

fn is_declaration(line: &[u8]) -> bool {
    DECLARATIONS.iter().any(|start| line.starts_with(start.as_bytes())) && !declares_test(line)
}

/// Whether the line declares a class that tests something.
fn declares_test(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"class ") else { return false };
    let end = rest.iter().position(|byte| !is_word_byte(*byte)).unwrap_or(rest.len());
    TESTS.iter().any(|test| rest[..end].ends_with(test.as_bytes()))
}

fn is_command(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    COMMANDS.iter().any(|start| line.starts_with(start.as_bytes()))
}
