//! What shows that a text is a program, made to run again.

use bstr::{BStr, ByteSlice};

use super::find_words;

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

/// Starts of lines that define a class, export something, or declare parameters.
const LINE_STARTS: [&str; 15] = [
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

/// Returns the offset at which `text` shows that it is a program.
pub(super) fn find(text: &BStr) -> Option<usize> {
    let parts = PARTS.iter().filter_map(|part| find_words(text, part).next());
    parts.chain(find_line(text)).min()
}

fn find_line(text: &BStr) -> Option<usize> {
    let mut offset = 0;
    for line in text.lines_with_terminator() {
        if LINE_STARTS.iter().any(|start| line.starts_with(start.as_bytes())) {
            return Some(offset);
        }
        offset += line.len();
    }
    None
}
