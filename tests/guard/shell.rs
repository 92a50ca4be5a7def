//! The command line as a shell meets it: help, the manual page, completions, typing
//! errors, closed pipes, colours.

use super::sandbox::{BINARY, Repo, bytes};

const COMMANDS: &str = "check explain rules init stow archive clean install uninstall doctor completions man";

/// The commands that programs type.
const HIDDEN: [&str; 2] = ["agent", "hook"];

const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// A directory in no repository.
fn elsewhere() -> Repo {
    let home = Repo::home();
    home.write("a_file.toml", "").write("directory/x", "");
    home
}

#[test]
fn help_fits_a_screen() {
    let home = elsewhere();
    let [long, short] = ["--help", "-h"].map(|option| home.guard(option).success());
    assert!(long.lines().count() < 24 && short.lines().count() + 4 < long.lines().count(), "{long}{short}");
    assert!(long.lines().all(|line| line.len() <= 80), "{long}");
    assert!(long.starts_with(short.trim_end()) && long.contains("Examples:") && !short.contains("Examples:"));
    for command in COMMANDS.split(' ') {
        let help = home.guard(&format!("{command} --help")).success();
        assert!(help.contains(&format!("Usage: stage-guard {command}")), "{help}");
        assert!(long.contains(&format!("  {command} ")), "{command}");
    }
    for command in HIDDEN {
        assert!(!long.contains(&format!("  {command}")), "{command}");
        home.guard(&format!("{command} --help")).success();
    }
}

#[test]
fn help_of_a_command_has_the_options_that_it_takes() {
    let repo = Repo::new();
    for command in COMMANDS.split(' ').chain(HIDDEN) {
        let help = repo.guard(&format!("{command} --help")).success();
        for option in ["--dry-run", "--format json", "--config x.toml"] {
            let name = option.split(' ').next().unwrap();
            let argument = match command {
                "completions" => "bash",
                "hook" => "unknown",
                "stow" => "--undo",
                "explain" => "x",
                _ => "",
            };
            let said = repo.guard(&format!("{command} {argument} {option}")).err;
            let is_refused = said.contains(&format!("unexpected argument '{name}'"));
            assert_eq!(help.contains(&format!("      {name}")), !is_refused, "{command}: {said}");
        }
    }
}

#[test]
fn what_is_mistyped_is_told_what_is_meant() {
    let home = elsewhere();
    for (typed, meant) in [
        ("instal", "'install'"),
        ("cheek x", "'check'"),
        ("chekc", "'check'"),
        ("--dryrun", "'--dry-run'"),
        ("--format jsno", "'json'"),
        ("--color alway", "'always'"),
        ("check --al-files", "'--all-files'"),
        ("check --format jsno", "'json'"),
        ("install --strict=ref", "'refs'"),
        ("install --strikt", "'--strict'"),
        ("completions bsh", "'bash'"),
        ("completions", "<SHELL>"),
        ("completions tcsh", "bash, zsh, fish, powershell"),
        ("rules x", "Usage: stage-guard rules"),
        ("check --bogus", "Usage: stage-guard check"),
        ("man --dry-run", "unexpected argument '--dry-run'"),
        ("completions bash --format json", "unexpected argument '--format'"),
        ("man --config x", "unexpected argument '--config'"),
    ] {
        let run = home.guard(typed);
        assert!(run.err.lines().count() <= 3, "{run:?}");
        run.fails_with(meant);
    }
}

#[test]
fn what_is_mistyped_reaches_no_terminal_raw() {
    let home = elsewhere();
    let names: [&[u8]; 5] = [
        b"\x1b[2J",
        "\u{202e}x".as_bytes(),
        b"x\n\nstage-guard: nothing is refused",
        b"x\r\xffy",
        b"--\x1b\xff",
    ];
    for name in names.map(bytes) {
        for before in
            [&[][..], &["check"], &["rules"], &["--format"], &["completions"], &["-C"], &["check", "--range"]]
        {
            let mut arguments: Vec<_> = before.iter().map(std::ffi::OsString::from).collect();
            arguments.push(name.to_owned());
            let run = home.guard_args(&arguments);
            assert!(run.err.lines().count() <= 4 && !run.err.contains(['\x1b', '\r', '\u{202e}']), "{run:?}");
            assert!(run.err.lines().skip(1).all(|line| !line.starts_with("stage-guard")), "{run:?}");
            run.fails_with("");
        }
    }
}

#[test]
fn a_reader_that_goes_away_changes_no_exit_code() {
    let repo = Repo::new();
    repo.stage(".claude_sessions/x");
    let all = [
        ("--help", 0),
        ("-h", 0),
        ("--version", 0),
        ("check --help", 0),
        ("man", 0),
        ("completions bash", 0),
        ("rules", 0),
        ("check --all-files --format json", 1),
        ("", 1),
        ("explain main.py", 0),
    ];
    for (arguments, code) in all {
        // What reads ends at once, so that nothing of a short text can be written either.
        let piped = format!("{{ sleep 0.05; {BINARY} {arguments}; echo $? >&3; }} 3>code | true; cat code");
        for line in [piped, format!("{BINARY} {arguments} >&-; echo $?")] {
            let run = repo.shell(&line);
            assert_eq!((run.out, run.err.as_str()), (format!("{code}\n"), ""), "{line}");
        }
        let head = repo.shell(&format!("{BINARY} {arguments} | head -c1"));
        assert_eq!((head.out.len(), head.err.as_str()), (1, ""), "{arguments}");
        if std::path::Path::new("/dev/full").exists() {
            repo.shell(&format!("{BINARY} {arguments} > /dev/full")).fails_with("cannot print the report");
        }
    }
}

#[test]
fn colour_is_as_the_option_the_environment_and_the_terminal_have_it() {
    let repo = Repo::new();
    repo.stage(".claude_sessions/x");
    // environment, option, coloured in a pipe, coloured on a terminal
    for (environment, option, pipe, terminal) in [
        ("TERM=xterm", "", false, true),
        ("TERM=xterm", "--color auto", false, true),
        ("TERM=xterm", "--color never", false, false),
        ("TERM=xterm", "--color always", true, true),
        ("TERM=dumb", "", false, false),
        ("TERM=dumb", "--color always", true, true),
        ("TERM=xterm NO_COLOR=1", "", false, false),
        ("TERM=xterm NO_COLOR=0", "", false, false),
        ("TERM=xterm NO_COLOR=", "", false, true),
        ("TERM=xterm NO_COLOR=1", "--color always", true, true),
        ("TERM=xterm NO_COLOR=1 CLICOLOR_FORCE=1", "", false, false),
        ("TERM=xterm CLICOLOR_FORCE=1", "", true, true),
        ("TERM=dumb CLICOLOR_FORCE=1", "", true, true),
        ("TERM=xterm CLICOLOR_FORCE=0", "", false, true),
        ("TERM=xterm CLICOLOR_FORCE=1", "--color never", false, false),
        ("TERM=xterm CLICOLOR=0", "", false, false),
        ("TERM=xterm CLICOLOR=1", "", false, true),
        ("TERM=xterm CLICOLOR=0 CLICOLOR_FORCE=1", "", true, true),
    ] {
        let piped = repo.shell(&format!("{environment} {BINARY} {option}")).out;
        let shown = repo.terminal(&format!("{environment} {BINARY} {option}"), "").out;
        let is_coloured = [&piped, &shown].map(|text| text.contains('\x1b'));
        assert_eq!(is_coloured, [pipe, terminal], "{environment} {option}");
        assert!(shown.contains("refused:"), "{shown}");
    }
    // Neither help nor documents nor scripts have any.
    for arguments in
        ["--help", "-h", "check --help", "man", "completions fish", "--format json", "rules", "chekc"]
    {
        let typed = format!("TERM=xterm CLICOLOR_FORCE=1 {BINARY} --color always {arguments}");
        let shown = repo.terminal(&typed, "").out;
        assert!(!shown.is_empty() && !shown.contains('\x1b'), "{arguments}: {shown:?}");
    }
}

#[test]
fn the_manual_page_has_all_that_can_be_typed() {
    let home = elsewhere();
    let page = home.guard("man").success();
    for section in [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "COMMANDS",
        "EXIT STATUS",
        "FILES",
        "ENVIRONMENT",
        "EXAMPLES",
        "SEE ALSO",
    ] {
        let heading = if section.contains(' ') { format!("\"{section}\"") } else { section.to_owned() };
        assert_eq!(page.matches(&format!("\n.SH {heading}\n")).count(), 1, "{section}");
    }
    for command in COMMANDS.split(' ').chain(HIDDEN) {
        let start = page.find(&format!("\n.SS {command}\n")).unwrap();
        let text = page[start + 1..].split("\n.S").next().unwrap().replace("\\-", "-");
        let help = home.guard(&format!("{command} --help")).success();
        let general = ["--dry-run", "--format", "--color", "--config", "--quiet", "--help"];
        for option in help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 3) {
            let name = option.split(['[', ',', '=', '.', ':']).next().unwrap();
            assert!(general.contains(&name) || text.contains(name), "{command} {name}");
        }
    }
    for line in page.lines() {
        assert!(!line.starts_with('\'') && line.is_ascii(), "{line}");
    }
}

#[test]
fn powershell_gets_a_script_that_is_whole() {
    let script = elsewhere().guard("completions powershell").success();
    let mut open = Vec::new();
    let mut is_quoted = false;
    for c in script.lines().filter(|line| !line.starts_with('#')).flat_map(str::chars) {
        match c {
            '\'' => is_quoted = !is_quoted,
            '(' | '{' | '[' if !is_quoted => open.push(c),
            ')' if !is_quoted => assert_eq!(open.pop(), Some('(')),
            '}' if !is_quoted => assert_eq!(open.pop(), Some('{')),
            ']' if !is_quoted => assert_eq!(open.pop(), Some('[')),
            _ => {}
        }
    }
    assert!(open.is_empty() && !is_quoted, "{script}");
    for word in COMMANDS.split(' ').chain(["--dry-run", "--format", "--all-files"]) {
        assert!(script.contains(&format!("'{word}'")), "{word}");
    }
}

#[test]
fn no_script_has_what_is_hidden_or_not_filled_in() {
    for shell in SHELLS {
        let script = elsewhere().guard(&format!("completions {shell}")).success();
        for word in ["--then", "--line", "_value@", "@values", "@commands"] {
            assert!(!script.contains(word), "{shell}: {word}");
        }
    }
}
