use super::{assert_allowed, assert_denied};

#[test]
fn an_exported_variable_is_denied_before_a_git_command() {
    assert_denied(&[
        "export HUSKY=0; git commit -m x",
        "export HUSKY=0\ngit add -A\ngit commit -m x",
        "export CI=1 LEFTHOOK=0 && git push",
        "export SKIP=stage-guard; git commit",
        "declare -x HUSKY=0; git commit",
        "typeset -gx HUSKY=0; git commit",
        "HUSKY=0; export HUSKY; git commit",
        "set -a; HUSKY=0; git commit",
        "set -o allexport; HUSKY=0; set +o allexport; git commit",
        "export HUSKY=0; bash -c 'git commit'",
        "eval 'export HUSKY=0'; git commit",
        "(export HUSKY=0; git commit)",
        "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=x; git commit",
        "export GIT_CONFIG_PARAMETERS=\"'core.hooksPath=x'\"; git commit",
        "export GIT_CONFIG_KEY_0=core.hooksPath; GIT_CONFIG_VALUE_0=x GIT_CONFIG_COUNT=1 git commit",
        "cd x && export HUSKY=0 && npm ci && git commit -m x",
    ]);
    assert_allowed(&[
        "export HUSKY=0; npm ci",
        "HUSKY=0 npm ci",
        "HUSKY=0 npm ci && git commit -m x",
        "export HUSKY=0; npm ci; git status",
        "export HUSKY=1; git commit",
        "HUSKY=0; git commit",
        "export HUSKY=0; unset HUSKY; git commit",
        "export HUSKY=0; npm ci; export HUSKY=1; git commit",
        "export HUSKY=0; export -n HUSKY; git commit",
        "(export HUSKY=0; npm ci); git commit -m x",
        "bash -c 'export HUSKY=0; npm ci' && git commit -m x",
        "x=$(export HUSKY=0; npm ci) && git commit -m x",
        "export SKIP=ruff; git commit",
        "export HUSKY=$HUSKY; git commit",
        "echo 'export HUSKY=0' >> notes.md; git commit -m x",
        "set -a; . ./.env; set +a; git commit -m x",
        "set -a; set +a; HUSKY=0; git commit -m x",
    ]);
}

#[test]
fn a_subshell_keeps_its_directory() {
    assert_denied(&["(cd dist; (cd x)); git add -f .", "( (cd dist); git add -f .)"]);
    assert_allowed(&[
        "(cd dist; git add -f .)",
        "cd dist; (cd ..); git add -f .",
        "cd dist; echo $(cd ..); git add -f .",
    ]);
}

#[test]
fn a_script_may_return_to_a_directory() {
    assert_denied(&[
        "cd backend; cd -; git add -f .",
        "cd dist; cd -; git add -f .",
        "pushd dist; popd; git add -f .",
        "pushd dist; pushd; git add -f .",
        "cd dist; cd \"$(git rev-parse --show-toplevel)\"; git add -f .",
        "cd dist; git add -f \"$(git rev-parse --show-toplevel)\"",
        "git -C \"$(git rev-parse --show-toplevel)\" add -f .",
        "cd dist; git -C \"$(git rev-parse --show-toplevel)\" add -f .",
        "cd \"$PWD\" && git add -f .",
        "cd .git/hooks && cd .. && cd - && rm pre-commit",
        "cd \"$x\" && git commit -n",
        "cd \"$x\" && rm .git/hooks/pre-commit",
    ]);
    assert_allowed(&[
        "cd .git/hooks && cd && rm pre-commit",
        "cd .git/hooks && cd - && rm pre-commit",
        "cd .git/hooks && cd \"$(git rev-parse --show-toplevel)\" && rm pre-commit",
        "cd .git/hooks && cd \"$x\" && rm pre-commit",
        "pushd .git/hooks; popd; rm pre-commit",
        "cd && git add -f .",
        "popd; cd dist; git add -f .",
    ]);
}
