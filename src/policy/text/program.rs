//! What shows that a text is a program, made to run again.

mod argument;
mod module;

use bstr::{BStr, ByteSlice};

use super::language::Language;
use super::{MAX_CANDIDATES, find_words, is_word_byte, lines_with_offsets};

/// Parts of a text that reads its arguments, serves requests, has a window or runs until it is stopped.
const PARTS: [&str; 78] = [
    // Arguments.
    "argparse",
    "ArgumentParser",
    "OptionParser",
    "docopt(",
    "fire.Fire(",
    "sys.argv",
    "process.argv",
    "parseArgs(",
    "minimist",
    "commander",
    "yargs",
    "Deno.args",
    "typer.",
    "env::args",
    "getopt(",
    "getopts",
    "$args",
    "Getopt::",
    "sys.stdin",
    "process.stdin",
    "fileinput.",
    "Parser::parse",
    "$argv",
    "$argc",
    "ARGV",
    // Requests.
    "Flask(",
    "FastAPI(",
    "express(",
    "express.Router(",
    ".listen(",
    "createServer",
    ".serve_forever(",
    "run_forever(",
    "wait_for_termination(",
    "start_consuming(",
    "websockets.serve(",
    "serve(async",
    "serve(app",
    "socketio.run(",
    "sinatra",
    "Bun.serve(",
    "Deno.serve(",
    "uvicorn.run",
    "app.run(",
    "web.run_app(",
    "php://input",
    "use CGI",
    // Functions that a cloud calls.
    "def lambda_handler(",
    "def handler(event",
    "functions_framework",
    "onRequest(",
    // Bots.
    "client.run(",
    "client.login(",
    "bot.run(",
    "bot.launch(",
    "run_polling(",
    "start_polling(",
    "infinity_polling(",
    "bot.polling(",
    // Extensions of browsers.
    "chrome.runtime.",
    "chrome.tabs.",
    "chrome.action.",
    "browser.runtime.",
    "==UserScript==",
    // Windows.
    "streamlit",
    "gradio",
    "mainloop(",
    "curses.wrapper(",
    "QApplication(",
    "pygame.",
    // Timers.
    "setInterval(",
    "schedule.every",
    "crontab",
    "cron job",
    "chokidar.watch(",
    "cron.schedule(",
    "BlockingScheduler(",
    "BackgroundScheduler(",
];

/// Parts of a line that asks the user.
const QUESTIONS: [&str; 13] = [
    "input(",
    "getpass(",
    "click.prompt(",
    "Prompt.ask(",
    "questionary",
    "inquirer",
    "rl.question(",
    "prompts(",
    "read -p",
    "Read-Host",
    "readline.createInterface",
    "gets.chomp",
    "set /p",
];

/// Parts of a line that asks only whether to go on. A script that deletes data once does, too.
const CONFIRMATIONS: [&str; 14] = [
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
    "ENTER to ",
    "ENTER para ",
    "ress ENTER",
    "ress Enter",
];

/// Ends of the names of classes that test something, and are no part of a program.
const TESTS: [&str; 4] = ["Test", "Tests", "Tester", "TestSuite"];

/// Starts of lines, without white space before, that define a class, export something, declare
/// parameters, or wait for events.
const DECLARATIONS: [&str; 26] = [
    "class ",
    "abstract class ",
    "final class ",
    "export default",
    "export async",
    "export abstract",
    "export class",
    "export const",
    "export let",
    "export function",
    "export type",
    "export interface",
    "export enum",
    "export =",
    "export {",
    "export *",
    "module.exports",
    "exports.",
    "param(",
    "Param(",
    "param (",
    "Param (",
    "addEventListener(",
    "self.addEventListener(",
    "window.addEventListener(",
    "document.addEventListener(",
];

/// Starts of statements that register a function, repeat without an end, run the servers of a
/// project, or run a program in place of the script.
const STATEMENTS: [&str; 34] = [
    "@app.",
    "@router.",
    "@bot.",
    "@client.",
    "@click.",
    "@cli.",
    "@shared_task",
    "while True:",
    "while 1:",
    "while true",
    "while :",
    "while (true)",
    "while(true)",
    "while ($true)",
    "while (1)",
    "for (;;)",
    "for ((;;))",
    "loop {",
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
pub(super) fn find(language: Language, text: &BStr) -> Option<usize> {
    let parts = PARTS.iter().filter_map(|part| find_words(text, part).next());
    let questions = QUESTIONS.iter().filter_map(|part| {
        find_words(text, part).take(MAX_CANDIDATES).find(|start| !is_confirmation(text, *start))
    });
    let arguments = argument::find(language, text);
    let module = module::find(language, text);
    parts.chain(questions).chain(find_line(text)).chain(arguments).chain(module).min()
}

/// Whether the question at `start` asks only whether to go on, or waits for the Enter key.
fn is_confirmation(text: &BStr, start: usize) -> bool {
    let rest = &text[start..];
    let line = rest[..rest.len().min(1000)].lines().next().unwrap_or_default();
    CONFIRMATIONS.iter().any(|part| line.contains_str(part))
}

fn find_line(text: &BStr) -> Option<usize> {
    lines_with_offsets(text)
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .find(|(_, line)| is_declaration(line) || is_statement(line))
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

fn is_statement(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    STATEMENTS.iter().any(|start| line.starts_with(start.as_bytes()))
}
