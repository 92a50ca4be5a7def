mod add;
mod config;
mod git;
mod hook_files;
mod ordinary;
mod own;
mod shell;
mod variables;
mod wrapper;

use std::path::Path;

use super::{Bypass, Disk, Input, inputs_of};

/// Finds a bypass in a script that runs at the top of a repository, with the session directory.
fn find(script: &str) -> Option<Bypass> {
    let stages = |directory: &Path, path: &Path| {
        let path = directory.join(path);
        ["", ".", "backend", "backend/."].iter().any(|with| path == Path::new(with))
    };
    super::find(
        script,
        &Disk { stages_session_directory: &stages, may_be_guard: &|_| true, is_unguarded: &|_| false },
    )
}

/// Asserts that each of `scripts` bypasses the hooks.
#[track_caller]
fn assert_denied(scripts: &[&str]) {
    assert_all(scripts, true);
}

/// Asserts that none of `scripts` bypasses the hooks.
#[track_caller]
fn assert_allowed(scripts: &[&str]) {
    assert_all(scripts, false);
}

#[track_caller]
fn assert_all(scripts: &[&str], is_denied: bool) {
    let is_wrong = |script: &&&str| find(script).is_some() != is_denied;
    let wrong: Vec<_> = scripts.iter().filter(is_wrong).collect();
    let expected = if is_denied { "denied" } else { "allowed" };
    assert!(wrong.is_empty(), "not {expected}: {wrong:#?}");
}

#[test]
fn a_bypass_names_what_bypasses() {
    let skipped = |subcommand, option: &str| Bypass::HooksSkipped { subcommand, option: option.into() };
    for (script, bypass) in [
        ("git commit --no-veri -m x", skipped("commit", "--no-veri")),
        ("cd x && git push --no-verify", skipped("push", "--no-verify")),
        ("git -c core.hooksPath=x commit", Bypass::HooksOverridden("core.hooksPath=x".into())),
        ("HUSKY=0 git commit", Bypass::HooksOverridden("HUSKY=0".into())),
        ("git config core.hooksPath x", Bypass::HooksOverridden("core.hooksPath=x".into())),
        ("git add -f main.py .claude_sessions/x", Bypass::ForcedAdd(".claude_sessions/x".into())),
        ("git add . && stage-guard allow debug_x.py", Bypass::Allow),
        ("stage-guard uninstall --global", Bypass::Uninstall),
        ("rm -f .git/hooks/pre-commit", Bypass::HookChanged(".git/hooks/pre-commit".into())),
    ] {
        assert_eq!(find(script), Some(bypass), "{script}");
    }
}

#[test]
fn deep_nesting_ends() {
    for opening in [
        "(", "$(", "`", "\"$(", "\\`", "<(", "<<x\n", "${", "((", "'", "{ ", "\\", "$'", "\"${", "a=(",
        "$((", "case ", "[[ ", "eval ", "\\'",
    ] {
        let script = opening.repeat(50_000);
        assert_eq!(find(&script), None, "{opening}");
    }
}

#[test]
fn long_scripts_are_read_in_time() {
    for part in [
        "cat | ",
        "echo x | bash ; ",
        "bash <<E\nx\nE\n",
        "cd a;",
        "cd .git/a; rm a b; ",
        "(cd .git);",
        "$(a) ",
        "export GIT_CONFIG_KEY_1=hook.x GIT_CONFIG_VALUE_1=x; git x; ",
        "GIT_CONFIG_PARAMETERS='a b' git x; ",
        "rm {.git,.git}/{a,b}; ",
        "git add -f a/b; ",
        "find . -exec a ; ",
        "echo $[ ",
    ] {
        assert_eq!(find(&format!("{} true", part.repeat(5_000))), None, "{part}");
    }
    let heredocs = (0..16).fold("git x;".repeat(100), |script, n| format!("sh <<E{n}\n$({script})\nE{n}\n"));
    assert_eq!(find(&heredocs), None);
    assert_eq!(find(&format!("git add -f {}", "a/".repeat(100_000))), None);
    let words = "{} $h ".repeat(100_000);
    assert_eq!(find(&format!("find {} -exec {words}", "a".repeat(400_000))), None);
    assert_eq!(find(&format!("for h in .git/{}; do rm {words}; done", "a".repeat(1000))), None);
    let choices = format!("a=.git/{{{}}}{}", "x,".repeat(16), "y".repeat(900));
    assert_eq!(find(&format!("{choices}; rm {}", "$a ".repeat(20_000))), None);
    assert_eq!(find(&format!("{choices}; {}", "rm $a $a;".repeat(20_000))), None);
    let value = "y".repeat(900);
    let variables: Vec<_> = (0..30).map(|n| format!("v{n}=.git/{value}; ")).collect();
    assert_eq!(find(&format!("{} {}", variables.concat(), "(A=.git b);".repeat(20_000))), None);
    // No system passes such a script to a shell.
    assert_eq!(find(&format!("git commit -n {}", " ".repeat(1 << 25))), None);
}

#[test]
fn the_input_of_a_program_is_found() {
    let patch = "*** Begin Patch\n*** Add File: a b.py\n+it's $x\n*** End Patch\n";
    let with = |directory: &str| Input { directory: directory.into(), text: patch.into() };
    for (script, inputs) in [
        (format!("apply_patch <<'EOF'\n{patch}EOF"), vec![with("")]),
        (format!("apply_patch << \"EOF\"\n{patch}EOF\n"), vec![with("")]),
        (format!("cd sub && apply_patch <<'EOF'\n{patch}EOF\n"), vec![with("sub")]),
        (format!("cd a && (cd b; applypatch <<'EOF'\n{patch}EOF\n)"), vec![with("a/b")]),
        (format!("pushd a; popd; apply_patch <<'EOF'\n{patch}EOF\n"), vec![with("")]),
        (format!("cd; apply_patch <<'EOF'\n{patch}EOF\n"), vec![]),
        (format!("apply_patch \"{patch}\""), vec![with("")]),
        (
            format!("bash -lc $'cd sub\napply_patch <<\\'EOF\\'\n{}EOF'", patch.replace('\'', "\\'")),
            vec![with("sub")],
        ),
        (format!("cat <<'EOF' | apply_patch\n{patch}EOF\n"), vec![with("")]),
        (format!("apply_patch <<'A'\n{patch}A\napply_patch <<'B'\n{patch}B\n"), vec![with(""), with("")]),
        (format!("cat <<'EOF' >apply_patch\n{patch}EOF\n"), vec![]),
        (format!("echo apply_patch <<'EOF'\n{patch}EOF\n"), vec![]),
    ] {
        assert_eq!(inputs_of(&script, &["apply_patch", "applypatch"]), inputs, "{script}");
    }
}
