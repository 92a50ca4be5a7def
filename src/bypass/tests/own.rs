use super::{assert_allowed, assert_denied};

#[test]
fn allow_of_this_program_is_denied() {
    assert_denied(&[
        "stage-guard allow x.py",
        "stage-guard allow -- :/x.py",
        "stage-guard allow",
        "~/.local/bin/stage-guard allow x.py",
        "'/a b/stage-guard' allow x.py",
        "C:\\\\bin\\\\stage-guard.exe allow x.py",
        "stage-guard -C backend allow x.py",
        "stage-guard -Cbackend -q --config x.toml --color=never allow x.py",
        "stage-guard --config --dry-run.toml allow x.py",
        "stage-guard allow -- --dry-run --help",
        "git commit -m x || stage-guard allow x.py",
        "A=b env stage-guard allow x.py",
        "sh -c 'stage-guard allow x.py'",
        "eval stage-guard allow x.py",
        "echo $(stage-guard allow x.py)",
        "git -c alias.a='!stage-guard allow' a x.py",
        "git diff --name-only | xargs stage-guard allow",
        "find . -name 'debug_*' -exec stage-guard allow {} +",
        "npx -y stage-guard allow x.py",
        "uvx stage-guard allow x.py",
        "pipx run stage-guard allow x.py",
        "bash <<EOF\nstage-guard allow x.py\nEOF",
    ]);
    assert_allowed(&[
        "stage-guard",
        "stage-guard allow --help",
        "stage-guard --help allow",
        "stage-guard allow -h",
        "stage-guard allow --dry-run x.py",
        "stage-guard --dry-run allow x.py",
        "stage-guard stow allow",
        "stage-guard explain allow",
        "stage-guard -C allow stow",
        "stage-guard --config allow rules",
        "git commit -m 'stage-guard allow x'",
        "echo stage-guard allow x",
        "man stage-guard allow",
        "command -v stage-guard allow",
        "grep 'stage-guard allow' README.md",
        "other-stage-guard allow x",
        "# stage-guard allow x",
        "cat <<EOF\nstage-guard allow x\nEOF",
    ]);
}

#[test]
fn uninstall_of_this_program_is_denied() {
    assert_denied(&[
        "stage-guard uninstall",
        "stage-guard uninstall --global",
        "stage-guard -C x uninstall && git commit -m x",
        "sh -c 'stage-guard uninstall'",
    ]);
    assert_allowed(&[
        "stage-guard install",
        "stage-guard install --strict",
        "stage-guard uninstall --help",
        "stage-guard uninstall --dry-run",
        "stage-guard stow uninstall",
        "grep -rn 'stage-guard uninstall' docs",
        "npm uninstall stage-guard",
    ]);
}
