//! `docs/refusal.svg`, the picture in the README, is drawn from the real output.

use std::fs;
use std::path::Path;

use anstyle_svg::Term;

use super::installer::Installation;
use super::sandbox::pages::read;

const PICTURE: &str = "docs/refusal.svg";

/// The commands in the picture. The last one is an empty prompt, so that silence is seen.
const COMMANDS: [&str; 4] =
    ["git add -A && git commit -qm 'Fix the cart'", "stage-guard stow", "git commit -qm 'Fix the cart'", ""];

/// The columns of the terminal that is drawn.
const COLUMNS: usize = 80;
const MAX_LINES: usize = 12;

/// In pixels: 80 columns of the widest of the fonts, and the margins.
const WIDTH: usize = 700;
const LINE_HEIGHT: usize = 18;
const MARGINS: usize = 20;

/// Colours on a panel of their own, so that they are legible on light and dark pages.
const STYLE: &str = r#"<style>
    .panel { fill: #0d1117; stroke: #484f58 }
    .fg { fill: #e6edf3 }
    .fg-red { fill: #ff7b72 }
    .fg-green { fill: #7ee787 }
    .fg-cyan { fill: #76e3ea }
    .bold { font-weight: bold }
    text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
    tspan { white-space: pre }
  </style>"#;

const TITLE: &str = "stage-guard refuses a commit";
const DESCRIPTION: &str = "A terminal: git commit is refused because of a debug script, \
    stage-guard stow moves the script away, and the same commit is silent.";

/// Breaks lines as a terminal does. Escape sequences take no column.
fn wrap(output: &str) -> String {
    let mut wrapped = String::new();
    let (mut column, mut is_escape) = (0, false);
    for character in output.chars() {
        match character {
            '\n' => column = 0,
            '\x1b' => is_escape = true,
            _ if is_escape => is_escape = character != 'm',
            _ if column == COLUMNS => {
                wrapped.push('\n');
                column = 1;
            }
            _ => column += 1,
        }
        wrapped.push(character);
    }
    wrapped
}

/// Runs the commands in a repository in which `.claude_sessions/` is already ignored.
fn session() -> String {
    let home = Installation::new();
    home.shell("cd ~/stage-guard && ./install.sh ~/project").success();
    let project = home.repo("project").env("CLICOLOR_FORCE", "1");
    project.shell("stage-guard init && git add .gitignore && git commit -qm 'Ignore sessions'").success();
    project.write("webshop/backend/app/cart.py", "fixed").write("webshop/backend/debug_api.py", "print()");
    let show = |command: &str| {
        let run = project.shell(&format!("exec 2>&1; {command}"));
        format!("\x1b[1m$ {command}\x1b[0m\n{}", run.out)
    };
    wrap(COMMANDS.map(show).concat().trim_end())
}

/// Draws lines of a terminal.
fn draw(lines: &str) -> String {
    let drawn = Term::new().background(false).render_svg(lines);
    let text = drawn.split_once("</style>").unwrap().1;
    let height = lines.lines().count() * LINE_HEIGHT + MARGINS;
    format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" aria-labelledby="title description" xmlns="http://www.w3.org/2000/svg">
  <title id="title">{TITLE}</title>
  <desc id="description">{DESCRIPTION}</desc>
  {STYLE}
  <rect class="panel" x="0.5" y="0.5" width="{}" height="{}" rx="6" />
{text}"#,
        WIDTH - 1,
        height - 1
    )
}

fn assert_fits_a_terminal(picture: &str) {
    assert!(picture.starts_with("<svg viewBox=\"0 0 "));
    let lines: Vec<&str> = picture.split("<tspan x=").skip(1).collect();
    assert!(!lines.is_empty() && lines.len() <= MAX_LINES);
    for line in lines {
        let text: String = line.split('>').skip(1).filter_map(|part| part.split('<').next()).collect();
        let columns = text.trim_end().replace("&gt;", ">").replace("&amp;", "&").chars().count();
        assert!(columns <= COLUMNS, "{columns} columns: {text}");
    }
}

#[test]
fn the_picture_shows_the_output() {
    let picture = draw(&session());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
    if std::env::var_os("RENEW").is_some() {
        fs::write(&path, &picture).unwrap();
    }
    let shown = fs::read_to_string(path).unwrap();
    assert!(shown == picture, "{PICTURE} is out of date: renew it with RENEW=1 cargo test the_picture");
    assert_fits_a_terminal(&picture);
    assert!(read("README.md").contains(&format!("]({PICTURE})")) && picture.contains("refused:"));
}
