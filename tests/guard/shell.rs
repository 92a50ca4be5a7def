//! The command line: help, misspellings, closed pipes, colours, completions, manual page.

use super::sandbox::{BINARY, Repo, bytes};

const COMMANDS: &str =
    "check explain allow rules init stow archive clean install uninstall doctor completions man";

/// The commands that only programs run.
const HIDDEN: [&str; 2] = ["agent", "hook"];

const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// Creates a directory outside of all repositories.
fn elsewhere() -> Repo {
    Repo::home()
}

#[test]
fn help_fits_on_a_screen() {
    let home = elsewhere();
    let [long, short] = ["--help", "-h"].map(|option| home.guard(option).success());
    let [long_lines, short_lines] = [&long, &short].map(|help| help.lines().count());
    assert!(long_lines <= 23, "{long_lines} lines do not fit on a screen of 24:\n{long}");
    assert!(short_lines + 4 < long_lines, "{long}{short}");
    assert!(long.lines().all(|line| line.len() <= 80), "{long}");
    assert!(long.starts_with(short.trim_end()) && long.contains("Examples:") && !short.contains("Examples:"));
    for command in COMMANDS.split(' ') {
        let help = home.guard(&format!("{command} --help")).success();
        assert!(help.contains(&format!("Usage: stage-guard {command}")), "{help}");
        assert!(long.contains(&format!("  {command} ")), "{command}");
    }
    // The overview lists the commands in two columns.
    let overview = long.lines().skip_while(|line| !line.starts_with("Commands")).skip(1);
    let overview = overview.take_while(|line| !line.is_empty());
    let listed = overview
        .flat_map(|line| <[&str; 2]>::from(line.split_at(line.len().min(41))))
        .filter_map(|column| column.split_whitespace().next());
    let (mut listed, mut tested): (Vec<&str>, Vec<&str>) = (listed.collect(), COMMANDS.split(' ').collect());
    listed.sort_unstable();
    tested.sort_unstable();
    assert_eq!(listed, tested);
    for command in HIDDEN {
        assert!(!long.contains(&format!("  {command}")), "{command}");
        home.guard(&format!("{command} --help")).success();
    }
}

#[test]
fn help_and_version_are_printed_to_standard_output() {
    for arguments in ["--help", "-h", "check --help", "--version", "-V"] {
        let run = elsewhere().guard(arguments);
        assert!(run.code == 0 && !run.out.is_empty() && run.err.is_empty(), "{run:?}");
    }
    assert!(elsewhere().guard("--version").out.starts_with("stage-guard "));
}

#[test]
fn help_of_a_command_lists_the_options_it_supports() {
    let repo = Repo::new();
    for command in COMMANDS.split(' ').chain(HIDDEN) {
        let help = repo.guard(&format!("{command} --help")).success();
        for option in ["--dry-run", "--format json", "--config x.toml"] {
            let name = option.split(' ').next().unwrap();
            let argument = match command {
                "completions" => "bash",
                "hook" => "pre-commit",
                "stow" => "--undo",
                "allow" | "explain" => "x",
                _ => "",
            };
            let error = repo.guard(&format!("{command} {argument} {option}")).err;
            let is_supported = !error.contains(&format!("unexpected argument '{name}'"));
            assert_eq!(help.contains(&format!("      {name}")), is_supported, "{command}: {error}");
        }
    }
}

#[test]
fn misspellings_get_a_suggestion() {
    let home = elsewhere();
    for (arguments, suggestion) in [
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
        ("rules x", "usage: stage-guard rules"),
        ("check --bogus", "usage: stage-guard check"),
        ("man --dry-run", "unexpected argument '--dry-run'"),
        ("completions bash --format json", "unexpected argument '--format'"),
        ("man --config x", "unexpected argument '--config'"),
    ] {
        let run = home.guard(arguments);
        assert!(run.err.lines().count() <= 3, "{run:?}");
        run.fails_with(suggestion);
    }
}

#[test]
fn arguments_are_escaped_in_errors() {
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
fn a_closed_pipe_keeps_the_exit_code() {
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
        // The reader exits first, so that even a short report meets a closed pipe.
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
fn color_follows_the_option_the_environment_and_the_terminal() {
    let repo = Repo::new();
    repo.stage(".claude_sessions/x");
    // environment, option, coloured in a pipe, coloured on a terminal
    for (environment, option, pipe, terminal) in [
        ("TERM=xterm", "", false, true),
        ("TERM=xterm", "--color auto", false, true),
        ("TERM=xterm", "--color never", false, false),
        ("TERM=dumb", "", false, false),
        ("TERM=dumb", "--color always", true, true),
        ("TERM=xterm NO_COLOR=1", "", false, false),
        ("TERM=xterm CLICOLOR_FORCE=1", "", true, true),
        ("TERM=xterm CLICOLOR_FORCE=1", "--color never", false, false),
    ] {
        let piped = repo.shell(&format!("{environment} {BINARY} {option}")).out;
        let shown = repo.terminal(&format!("{environment} {BINARY} {option}"), "").out;
        let is_coloured = [&piped, &shown].map(|text| text.contains('\x1b'));
        assert_eq!(is_coloured, [pipe, terminal], "{environment} {option}");
        assert!(shown.contains("refused:"), "{shown}");
    }
    // Help, documents, scripts and errors are never coloured.
    for arguments in
        ["--help", "-h", "check --help", "man", "completions fish", "--format json", "rules", "chekc"]
    {
        let line = format!("TERM=xterm CLICOLOR_FORCE=1 {BINARY} --color always {arguments}");
        let shown = repo.terminal(&line, "").out;
        assert!(!shown.is_empty() && !shown.contains('\x1b'), "{arguments}: {shown:?}");
    }
}

#[test]
fn manual_page_lists_all_commands_and_options() {
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
        let global = ["--color", "--quiet", "--help"];
        for option in help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 3) {
            let name = option.split(['[', ',', '=', '.', ':']).next().unwrap();
            assert!(global.contains(&name) || text.contains(name), "{command} {name}");
        }
    }
    for line in page.lines() {
        assert!(!line.starts_with('\'') && line.is_ascii(), "{line}");
    }
}

#[test]
fn powershell_script_is_balanced() {
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
fn completions_offer_nothing_hidden() {
    for shell in SHELLS {
        let script = elsewhere().guard(&format!("completions {shell}")).success();
        for word in ["--then", "--line", ",agent)", "hook)", "Run as a git hook"] {
            assert!(!script.contains(word), "{shell}: {word}");
        }
    }
}
