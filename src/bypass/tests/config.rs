use super::{assert_allowed, assert_denied};

#[test]
fn settings_in_the_arguments_of_git_are_denied() {
    assert_denied(&[
        "git -c core.hooksPath=/dev/null commit -m x",
        "git -c CORE.HooksPath= commit",
        "git -c 'core.hooksPath=/dev/null' commit",
        "git --config-env=core.hooksPath=X commit",
        "git --config-env core.hookspath=X commit",
        "git -c hook.stage-guard.pre-commit.enabled=false commit",
    ]);
    assert_allowed(&[
        "git -c hook.stage-guard.pre-commit.enabled=true commit",
        "git -c core.pager=cat commit",
        "git -c user.name=core.hooksPath=x commit",
        "git -C core.hooksPath=x commit",
        "git commit -c core.hooksPath=x",
    ]);
}

#[test]
fn a_changed_configuration_is_denied() {
    assert_denied(&[
        "git config core.hooksPath /dev/null",
        "git config --global core.hookspath x",
        "git config --type path --replace-all core.hooksPath x",
        "git config --file .git/config core.hooksPath x",
        "git -C x config set core.hooksPath x",
        "git config set --global --all core.hooksPath x",
        "git config hook.stage-guard.pre-commit.enabled false",
    ]);
    assert_allowed(&[
        "git config hook.stage-guard.pre-commit.enabled true",
        "git config core.hooksPath",
        "git config --get core.hooksPath x",
        "git config --global --get-all core.hooksPath x",
        "git config --unset core.hooksPath x",
        "git config --unset-all core.hooksPath",
        "git config get core.hooksPath",
        "git config unset core.hooksPath",
        "git config user.name core.hooksPath",
        "git config alias.x 'log -n 1'",
    ]);
}

#[test]
fn a_removed_hook_of_the_configuration_is_denied() {
    assert_denied(&[
        "git config --unset hook.stage-guard.pre-commit.command",
        "git config --global --unset-all hook.stage-guard.pre-commit.event",
        "git config --unset-a Hook.stage-guard.pre-commit.Event",
        "git config unset --all hook.stage-guard.pre-push.command",
        "git config --remove-section hook.stage-guard.pre-commit",
        "git config --rem hook.stage-guard.pre-commit",
        "git config --file .git/config --rename-section hook.stage-guard.pre-commit x.y",
        "git config remove-section hook.stage-guard.pre-commit",
        "git config rename-section hook.stage-guard.pre-commit hook.off",
        "git config hook.stage-guard.pre-commit.command true",
        "git config --replace-all hook.stage-guard.pre-commit.event post-commit",
        "git -c hook.stage-guard.pre-commit.command=: commit",
    ]);
    assert_allowed(&[
        "git config --unset hook.stage-guard.pre-commit.enabled",
        "git config --unset hook.lint.command",
        "git config --remove-section hook.lint",
        "git config --remove-section alias",
        "git config --get hook.stage-guard.pre-commit.command",
        "git config get hook.stage-guard.pre-commit.command",
        "git config --get-regexp '^hook\\.stage-guard\\.'",
        "git config --edit",
        "git config hook.stage-guard.pre-commit.event pre-commit",
        "git config hook.stage-guard.pre-commit.command 'stage-guard hook pre-commit'",
        "git config --show-origin --get-all hook.stage-guard.pre-commit.event",
    ]);
}

#[test]
fn an_alias_that_bypasses_is_denied_when_it_is_set() {
    assert_denied(&[
        "git config alias.x 'commit -n'",
        "git config --global alias.save '!git add -A && git commit -nm wip'",
        "git config set alias.x 'push --no-verify'",
    ]);
    assert_allowed(&[
        "git config alias.x 'log -n 1'",
        "git config --global alias.lg 'log --graph --oneline'",
        "git config --unset alias.x 'commit -n'",
        "git config --get alias.x 'commit -n'",
        "git config alias.x",
    ]);
}

#[test]
fn settings_in_the_environment_are_denied() {
    assert_denied(&[
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=x git commit",
        "env GIT_CONFIG_PARAMETERS=\"'core.hooksPath=x'\" git commit",
        "GIT_CONFIG_PARAMETERS=\"'core.hooksPath'='x'\" git commit",
        "GIT_CONFIG_PARAMETERS=\"'user.name'='x y' 'core.hooksPath'='x'\" git commit",
        "GIT_CONFIG_PARAMETERS=\"'hook.stage-guard.pre-commit.enabled=0'\" git commit",
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=hook.stage-guard.pre-commit.enabled GIT_CONFIG_VALUE_0=false git commit",
        "GIT_CONFIG_VALUE_0=off GIT_CONFIG_KEY_0=hook.stage-guard.pre-push.enabled GIT_CONFIG_COUNT=1 git commit",
        "env GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=a.b GIT_CONFIG_VALUE_0=c GIT_CONFIG_KEY_1=Core.HooksPath GIT_CONFIG_VALUE_1= git push",
    ]);
    assert_allowed(&[
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=core.hooksPath git commit",
        "GIT_CONFIG_COUNT=$n GIT_CONFIG_PARAMETERS=$x git commit",
        "GIT_CONFIG_KEY_0=core.hooksPath make",
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=hook.stage-guard.pre-commit.enabled GIT_CONFIG_VALUE_0=true git commit",
        "GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=hook.a.enabled GIT_CONFIG_VALUE_0=yes GIT_CONFIG_VALUE_1=no git commit",
        "GIT_CONFIG_PARAMETERS=\"'user.name'='core.hooksPath' 'hook.a.enabled'='true'\" git commit",
        "GIT_CONFIG_PARAMETERS=\"'user.name'='it'\\\\''s'\" git commit",
    ]);
}

#[test]
fn a_disabled_hook_manager_is_denied() {
    assert_denied(&[
        "HUSKY=0 git commit -m x",
        "HUSKY=0 nice git commit",
        "HUSKY=0 bash -c 'git commit'",
        "LEFTHOOK=false git push",
        "env SKIP=ruff,stage-guard git commit",
        "PREK_SKIP=stage-guard-system git -C x commit",
    ]);
    assert_allowed(&["SKIP=ruff git commit", "HUSKY=0 git fetch", "HUSKY=0 npm ci", "LEFTHOOK=1 git commit"]);
}

#[test]
fn the_configuration_of_others_may_be_changed() {
    assert_allowed(&[
        "git config hook.lint.enabled false",
        "git -c hook.lint.enabled=false commit",
        "git config --file x core.hooksPath .h",
        "git config -f tests/fixture.ini core.hooksPath .h",
    ]);
    assert_denied(&[
        "git config -f ~/.gitconfig core.hooksPath .h",
        "git config --file=.git/config core.hooksPath .h",
        "git config --file $x core.hooksPath .h",
    ]);
}
