//! What shows that a text is a program, made to run again.

use bstr::BStr;

use super::{find_words, lines_with_offsets};

/// Parts of a text that reads its arguments, asks its user, or serves requests.
const PARTS: [&str; 39] = [
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
    // Questions.
    "input(",
    "read -p",
    "Read-Host",
    "readline.createInterface",
    "gets.chomp",
    "set /p",
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
    parts.chain(find_line(text)).min()
}

fn find_line(text: &BStr) -> Option<usize> {
    lines_with_offsets(text)
        .find(|(_, line)| is_declaration(line) || is_command(line))
        .map(|(start, _)| start)
}

fn is_declaration(line: &[u8]) -> bool {
    DECLARATIONS.iter().any(|start| line.starts_with(start.as_bytes()))
}

fn is_command(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    COMMANDS.iter().any(|start| line.starts_with(start.as_bytes()))
}
