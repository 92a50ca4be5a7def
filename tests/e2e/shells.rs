//! Completion scripts in real shells, and the manual page as `man` shows it.

use std::collections::BTreeSet;

use super::sandbox::{BINARY, Repo};

/// Creates a directory outside of all repositories.
fn elsewhere() -> Repo {
    let home = Repo::home();
    home.write("a_file.toml", "").write("directory/x", "");
    home
}

#[test]
fn man_shows_the_manual_page_without_a_warning() {
    let home = elsewhere();
    let shown = home.shell(&format!("{BINARY} man | MANWIDTH=80 man --warnings -l -"));
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
    for words in
        ["stage-guard - keeps the session work", "--range <A..B>", "githooks(5)", ".stage-guard.toml"]
    {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
}

/// Each row: a typed text, words that must be offered for it, and words that must not.
const OFFERED: [(&str, &str, &str); 15] = [
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
    ("--config a", "a_file.toml", "archive"),
];

/// The same for arguments that are not options, which the script for fish does not complete.
const OFFERED_ARGUMENTS: [(&str, &str, &str); 2] =
    [("completions ", "bash zsh fish powershell", "check"), ("completions z", "zsh", "bash")];

/// Asserts that `complete` returns the offered words of `table`, and not the others.
fn assert_offers(
    shell: &str,
    table: &[(&str, &str, &str)],
    complete: impl Fn(&Repo, &str) -> BTreeSet<String>,
) {
    let home = elsewhere();
    home.shell(&format!("{BINARY} completions {shell} > script")).silent();
    for &(typed, offered, others) in table {
        let words = complete(&home, typed);
        for word in offered.split(' ').filter(|word| !word.is_empty()) {
            assert!(words.contains(word), "{shell}: `{typed}`: {word}: {words:?}");
        }
        for word in others.split(' ') {
            assert!(!words.contains(word), "{shell}: `{typed}`: {word}: {words:?}");
        }
    }
}

/// Runs a shell script with the typed line in `TYPED`, and returns the lines that it prints.
fn lines(home: &Repo, shell: &str, script: &str, typed: &str) -> BTreeSet<String> {
    let mut command = home.command(shell);
    command.args(["-c", script]).env("TYPED", typed);
    let run = Repo::run(command, b"");
    assert_eq!(run.err, "", "{shell}: {typed}");
    run.out.lines().map(|line| line.split('\t').next().unwrap().trim_end_matches('/').to_owned()).collect()
}

/// Completes as readline does.
///
/// It splits words at `=` too, runs the registered function, and falls back to files.
const BASH: &str = r#"
compopt() { :; }
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
    for table in [&OFFERED[..], &OFFERED_ARGUMENTS] {
        assert_offers("bash", table, |home, typed| lines(home, "bash", BASH, typed));
    }
    assert!(lines(&home, "bash", BASH, "--color=never ch").contains("check"));
    assert!(lines(&home, "bash", BASH, "explain a").contains("a_file.toml"));
    home.shell("shellcheck -S error -s bash script").silent();
}

#[test]
fn fish_completes() {
    let home = elsewhere();
    home.shell(&format!("{BINARY} completions fish > script.fish && fish -n script.fish")).silent();
    let script = "source ./script; complete -C \"stage-guard $TYPED\"";
    assert_offers("fish", &OFFERED, |home, typed| lines(home, "fish", script, typed));
}

/// Types into a zsh on a pseudo-terminal whose completion writes to a file what it would add.
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
    let home = elsewhere();
    home.shell(&format!("{BINARY} completions zsh > script && zsh -n script")).silent();
    for table in [&OFFERED[..], &OFFERED_ARGUMENTS] {
        assert_offers("zsh", table, |home, typed| lines(home, "zsh", ZSH, typed));
    }
}
