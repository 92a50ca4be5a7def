//! Lines that make the hook of another program run the guard.

use std::path::{Path, PathBuf};

use super::{Manager, PROOF, user_file};
use crate::git::Hook;
use crate::report::escape::shell_path;

/// A line to add to a file so that the hook of another program runs the guard.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Addition {
    /// The file.
    pub file: PathBuf,
    /// The line, for a shell, or for `jobs` in lefthook's configuration.
    pub line: String,
}

impl Addition {
    /// Returns the line with which the hook at `path`, of `owner`, runs `program` as `hook`.
    #[must_use]
    pub(crate) fn new(owner: Option<Manager>, path: &Path, hook: Hook, program: &Path) -> Self {
        match owner {
            Some(Manager::Lefthook) => {
                Self { file: "lefthook.yml".into(), line: lefthook_job(program, hook) }
            }
            _ => Self { file: user_file(path), line: shell_line(program, hook) },
        }
    }
}

/// Returns the command of a configured hook that runs `binary` for `event`.
///
/// git runs it with the shell and appends the hook's arguments. Like the script of a hook, it
/// lets git go on only if the program proves that the check has run.
#[must_use]
pub(crate) fn configured_command(binary: &Path, event: Hook) -> String {
    let binary = shell_path(binary);
    // git runs this hook about 16 times per pick, and most runs have nothing to check.
    let filter = match event {
        Hook::ReferenceTransaction => r#"[ "$1" = prepared ] || exit 0; "#,
        _ => "",
    };
    let find = format!(r#"g={binary}; [ -f "$g" ] && [ -x "$g" ] || g=stage-guard"#);
    let run = format!(r#""$g" hook --proof {event} "$@"; c=$?"#);
    let message = format!(
        r#"printf "%s\n" "stage-guard: cannot run the check, so git stops" "help: install stage-guard again, or set hook.stage-guard.{event}.enabled to false" >&2"#
    );
    let stop = format!("case $c in {PROOF}) exit 0 ;; 0 | 126 | 127) {message}; exit 2 ;; esac; exit $c");
    format!("f() {{ {filter}{find}; {run}; {stop}; }}; f")
}

/// Returns a line that runs the guard and leaves the hook's standard input in `$refs`.
fn shell_line(program: &Path, hook: Hook) -> String {
    let program = shell_path(program);
    let refs = r#"refs=$(cat); printf '%s' "$refs" |"#;
    if hook.reads_stdin() {
        format!(r#"{refs} {program} hook {hook} "$@" || exit"#)
    } else {
        format!("{program} hook {hook} || exit")
    }
}

/// Returns an item of the `jobs` of a hook, as YAML.
fn lefthook_job(program: &Path, hook: Hook) -> String {
    // lefthook inserts the argument as it is, so only a word of git itself may be passed on.
    let state = if hook == Hook::ReferenceTransaction { " {1}" } else { "" };
    let command = format!("{} hook {hook}{state}", shell_path(program));
    let is_plain = command.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._- ".contains(&byte));
    let run = if is_plain { command } else { serde_json::Value::from(command).to_string() };
    if hook.reads_stdin() { format!("- {{run: {run}, use_stdin: true}}") } else { format!("- run: {run}") }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Addition, configured_command};
    use crate::git::Hook;
    use crate::hooks::Manager;

    fn line(owner: Option<Manager>, hook: Hook, program: &str) -> String {
        Addition::new(owner, Path::new("/r/hooks/x"), hook, Path::new(program)).line
    }

    #[test]
    fn shell_lines_keep_standard_input_for_the_rest_of_the_hook() {
        assert_eq!(line(None, Hook::PreCommit, "guard"), "guard hook pre-commit || exit");
        assert_eq!(line(None, Hook::PreCommit, "/a b"), "'/a b' hook pre-commit || exit");
        let refs = r#"refs=$(cat); printf '%s' "$refs" | guard hook"#;
        assert_eq!(line(None, Hook::PrePush, "guard"), format!(r#"{refs} pre-push "$@" || exit"#));
        for hook in Hook::ALL {
            assert_eq!(line(None, hook, "guard").starts_with(refs), hook.reads_stdin(), "{hook}");
        }
    }

    #[test]
    fn lefthook_jobs_are_valid_yaml() {
        let job = |hook, program| line(Some(Manager::Lefthook), hook, program);
        assert_eq!(job(Hook::PreCommit, "guard"), "- run: guard hook pre-commit");
        assert_eq!(job(Hook::PreCommit, "/a: b"), r#"- run: "'/a: b' hook pre-commit""#);
        assert_eq!(job(Hook::PrePush, "guard"), "- {run: guard hook pre-push, use_stdin: true}");
        assert_eq!(
            job(Hook::ReferenceTransaction, "guard"),
            r#"- {run: "guard hook reference-transaction {1}", use_stdin: true}"#
        );
    }

    #[test]
    fn configured_commands_skip_states_that_need_no_check() {
        let command = |event| configured_command(Path::new("/a b"), event);
        assert!(command(Hook::PrePush).starts_with("f() { g='/a b'; [ -f "));
        let transaction = command(Hook::ReferenceTransaction);
        assert!(transaction.starts_with(r#"f() { [ "$1" = prepared ] || exit 0; g='/a b'; "#));
    }
}
