//! The command line as a shell meets it: help, the manual page, completions, typing
//! errors, closed pipes, colours.

use std::collections::BTreeSet;

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

/// Whether a program is here to test with.
fn is_here(program: &str) -> bool {
    let is_here = Repo::home().shell(&format!("command -v {program}")).code == 0;
    if !is_here {
        eprintln!("skipped: there is no {program}");
    }
    is_here
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
            let is_refused = said.contains("this command takes no") && said.contains(name);
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
        ("man --dry-run", "takes no --dry-run"),
        ("completions bash --format json", "takes no --config or --format"),
        ("man --config x", "takes no --config or --format"),
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
            repo.shell(&format!("{BINARY} {arguments} > /dev/full")).fails_with("could not print the report");
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
        let typed = format!("{environment} script -qec '{BINARY} {option}' /dev/null < /dev/null");
        let shown = repo.shell(&typed).out;
        let is_coloured = [&piped, &shown].map(|text| text.contains('\x1b'));
        assert_eq!(is_coloured, [pipe, terminal], "{environment} {option}");
        assert!(shown.contains("refused:"), "{shown}");
    }
    // Neither help nor documents nor scripts have any.
    for arguments in
        ["--help", "-h", "check --help", "man", "completions fish", "--format json", "rules", "chekc"]
    {
        let typed = format!(
            "TERM=xterm CLICOLOR_FORCE=1 script -qec '{BINARY} --color always {arguments}' /dev/null"
        );
        let shown = repo.shell(&format!("{typed} < /dev/null")).out;
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
    if is_here("man") && is_here("groff") {
        let shown =
            home.shell(&format!("set -o pipefail; {BINARY} man | MANWIDTH=80 man --warnings -l - | cat"));
        assert_eq!((shown.code, shown.err.as_str()), (0, ""));
        for words in
            ["stage-guard - keeps the session work", "--range A..B", "githooks(5)", ".stage-guard.toml"]
        {
            assert!(shown.out.contains(words), "{words}: {}", shown.out);
        }
    }
}

/// What a shell is to offer: after what is typed, these words and others, but not those.
const OFFERED: [(&str, &str, &str); 17] = [
    ("ch", "check", "explain"),
    ("", "check man completions", "hook agent"),
    ("a", "archive", "agent"),
    ("ho", "", "hook"),
    ("--", "--dry-run --config --version", "--then"),
    ("check --", "--all-files --range --format --config", "--strict --version"),
    ("check --dry-run --a", "--all-files", "--staged"),
    ("--color never ch", "check", "never"),
    ("-C directory inst", "install", "uninstall"),
    ("install --", "--strict --global --color", "--dry-run --format --config"),
    ("clean --", "--yes --dry-run", "--format --config"),
    ("--format ", "human json", "check"),
    ("check --format j", "json", "human"),
    ("check --color ", "auto always never", "json"),
    ("completions ", "bash zsh fish powershell", "check"),
    ("completions z", "zsh", "bash"),
    ("--config a", "a_file.toml", "archive"),
];

/// Holds what `complete` has a shell offer to the table above.
fn offers(shell: &str, complete: impl Fn(&Repo, &str) -> BTreeSet<String>) {
    let home = elsewhere();
    home.shell(&format!("{BINARY} completions {shell} > script")).silent();
    for (typed, offered, others) in OFFERED {
        let words = complete(&home, typed);
        for word in offered.split(' ').filter(|word| !word.is_empty()) {
            assert!(words.contains(word), "{shell}: `{typed}`: {word}: {words:?}");
        }
        for word in others.split(' ') {
            assert!(!words.contains(word), "{shell}: `{typed}`: {word}: {words:?}");
        }
    }
}

/// Runs a script of a shell, with what is typed in `TYPED`; the lines that it prints.
fn lines(home: &Repo, shell: &str, script: &str, typed: &str) -> BTreeSet<String> {
    let mut command = home.command(shell);
    command.args(["-c", script]).env("TYPED", typed);
    let run = Repo::run(command, b"");
    assert_eq!(run.err, "", "{shell}: {typed}");
    run.out.lines().map(|line| line.split('\t').next().unwrap().trim_end_matches('/').to_owned()).collect()
}

/// As readline does: words, split at `=` too; then the function that is registered, and
/// files where it finds nothing and says that files are next.
const BASH: &str = r#"
source ./script
registered=$(complete -p stage-guard)
[[ $registered == *' -o default '* ]] || echo no files
function=${registered##*-F } function=${function%% *}
read -ra COMP_WORDS <<<"stage-guard ${TYPED//=/ = }"
case $TYPED in '' | *' ' | *=) COMP_WORDS+=('') ;; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
current=${COMP_WORDS[COMP_CWORD]}
"$function" stage-guard "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
if [ ${#COMPREPLY[@]} -eq 0 ]; then compgen -f -- "$current"; else printf '%s\n' "${COMPREPLY[@]}"; fi
exit 0
"#;

#[test]
fn bash_completes() {
    let home = elsewhere();
    home.shell(&format!("{BINARY} completions bash > script && bash -n script")).silent();
    offers("bash", |home, typed| lines(home, "bash", BASH, typed));
    assert_eq!(
        lines(&home, "bash", BASH, "--format="),
        BTreeSet::from(["github", "human", "json", "sarif"].map(str::to_owned))
    );
    assert_eq!(lines(&home, "bash", BASH, "--format=js"), BTreeSet::from(["json".to_owned()]));
    assert!(lines(&home, "bash", BASH, "--color=never ch").contains("check"));
    assert!(lines(&home, "bash", BASH, "explain ").contains("a_file.toml"));
    if is_here("shellcheck") {
        home.shell("shellcheck -s bash script").silent();
    }
}

#[test]
fn fish_completes() {
    if !is_here("fish") {
        return;
    }
    let home = elsewhere();
    home.shell(&format!("{BINARY} completions fish > script.fish && fish -n script.fish")).silent();
    let script = "source ./script; complete -C \"stage-guard $TYPED\"";
    offers("fish", |home, typed| lines(home, "fish", script, typed));
}

/// Types into a zsh on a terminal of its own, whose completion says what it would add.
const ZSH: &str = r#"
mkdir -p functions && cp script functions/_stage-guard
zmodload zsh/zpty
zpty shell zsh -f -i
said() { local line; while zpty -r shell line "*$1*"; do print -r -- $line; [[ $line == *$1* ]] && break; done; }
zpty -w shell 'PS1=; unsetopt zle_bracketed_paste 2>/dev/null; stty -echo; fpath=($PWD/functions $fpath)
autoload -Uz compinit && compinit -u -d $PWD/dump
compadd() {
    case " $* " in *" -O "*|*" -A "*|*" -D "*) builtin compadd "$@"; return ;; esac
    local -a found; builtin compadd -O found "$@"; print -rl -- $found >> $PWD/found; builtin compadd "$@"
}
zle -C offer complete-word _generic_offer
_generic_offer() { : > $PWD/found; _main_complete; print done >> $PWD/found; compstate[insert]=; compstate[list]= }
bindkey "^I" offer; print REA""DY'
said READY >/dev/null
rm -f found
zpty -w -n shell "stage-guard $TYPED"$'\t'
for try in {1..100}; do
    [[ -e found && "$(tail -n1 found)" == done ]] && break
    sleep 0.05
done
cat found
zpty -d shell
"#;

#[test]
fn zsh_completes() {
    if !is_here("zsh") {
        return;
    }
    let home = elsewhere();
    home.shell(&format!("{BINARY} completions zsh > script && zsh -n script")).silent();
    offers("zsh", |home, typed| lines(home, "zsh", ZSH, typed));
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
    for word in COMMANDS.split(' ').chain(["--dry-run", "--format", "json", "--all-files"]) {
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
