use std::path::Path;

use super::super::{Disk, find};
use super::{assert_allowed, assert_denied};

#[test]
fn no_verify_is_denied_in_any_abbreviation() {
    assert_denied(&[
        "git commit --no-verify",
        "git commit -m x --no-verify",
        "git commit --no-verify -m x",
        "git commit --no-verif",
        "git commit --no-veri",
    ]);
    assert_allowed(&[
        "git commit",
        "git commit --verify",
        "git commit --no-ver",
        "git commit --no-verbose",
        "git merge --no-verify-signatures x",
    ]);
}

#[test]
fn short_options_are_denied_in_a_group() {
    assert_denied(&["git commit -n", "git commit -nm x", "git commit -anm msg", "git commit -qan -m msg"]);
    assert_allowed(&["git commit -man", "git commit -uno", "git commit -un", "git commit -Sn"]);
    assert_allowed(&["command -v git commit -n", "command -V git"]);
}

#[test]
fn the_value_of_an_option_is_not_an_option() {
    assert_denied(&[
        "git commit -m x -n",
        "git commit --message=x -n",
        "git commit --author 'A <a@b>' -n",
        "git commit -F msg -n",
        "git commit -C HEAD -n",
        "git commit --fixup HEAD -n",
    ]);
    assert_allowed(&[
        "git commit -am -n",
        "git commit -m -n",
        "git commit -m \"about -n\"",
        "git commit -m --no-verify",
        "git commit --message --no-verify",
        "git commit --mess --no-verify",
        "git commit --message=--no-verify",
        "git commit --author -n",
        "git commit -F -n",
        "git commit -C -n",
        "git commit -c -n",
        "git commit -t -n",
        "git merge -m --no-verify x",
        "git push -o --no-verify",
    ]);
}

#[test]
fn an_optional_value_is_in_the_same_word() {
    assert_denied(&["git commit -S -n", "git commit -u -n", "git commit --amend --no-edit -n"]);
}

#[test]
fn words_after_a_double_dash_are_paths() {
    assert_denied(&["git commit x -n", "git commit -n -- --verify"]);
    assert_allowed(&["git commit -- -n", "git commit x -- --no-verify"]);
}

#[test]
fn a_later_option_cancels() {
    assert_denied(&[
        "git commit --verify --no-verify",
        "git commit -n --verify -n",
        "git commit -n --verbose",
        "git commit -n -m --verify",
    ]);
    assert_allowed(&[
        "git commit --no-verify --verify",
        "git commit -n --verify",
        "git commit -n --veri",
        "git commit -n --no-no-verify",
    ]);
}

#[test]
fn each_subcommand_has_its_own_options() {
    assert_denied(&[
        "git merge --no-verify x",
        "git pull --no-verify",
        "git push --no-verify",
        "git am -n x",
    ]);
    assert_allowed(&[
        "git merge -n x",
        "git push -n",
        "git rebase -n main",
        "git log -n 1",
        "git log --grep --no-verify",
        "git grep --no-verify",
        "git show -n",
        "git clean -n",
    ]);
}

#[test]
fn global_options_precede_the_subcommand() {
    assert_denied(&[
        "git -C dir commit -n",
        "git --git-dir x --work-tree y commit -n",
        "git --git-dir=x --no-pager -p commit -n",
    ]);
    assert_allowed(&["git -C -n commit"]);
}

#[test]
fn only_commands_of_git_are_checked() {
    assert_denied(&["/usr/bin/git commit -n"]);
    assert_allowed(&[
        "gitk commit -n",
        "legit commit -n",
        "echo git commit -n",
        "echo 'x; git commit -n'",
        "grep -rn 'git commit --no-verify' .",
    ]);
}

#[test]
fn only_an_option_cancels_another_one() {
    assert_denied(&[
        "git merge --no-verify -",
        "git rebase --no-verify -",
        "git am -n - < x.patch",
        "git commit -n -m x -",
        "git commit -n --v -m x",
        "git add -f . -",
    ]);
    assert_allowed(&["git commit -n --veri -m x"]);
}

#[test]
fn what_changes_nothing_is_no_bypass() {
    assert_allowed(&[
        "git add -fn .",
        "git add -f --dry-run .",
        "git commit --dry-run -n",
        "git push --dry-run --no-verify",
        "git push -n --no-verify",
    ]);
    assert_denied(&[
        "git commit -nm --dry-run",
        "git add -fn --no-dry-run .",
        "git push --no-verify -- --dry-run",
    ]);
}

#[test]
fn a_variable_counts_for_the_subcommand_that_runs_hooks() {
    assert_denied(&["HUSKY=0 git commit", "HUSKY=0 git -C x push"]);
    assert_allowed(&[
        "HUSKY=0 git stash push -m x",
        "HUSKY=0 git log --grep commit",
        "HUSKY=0 git fetch origin merge",
    ]);
}

#[test]
fn an_unguarded_repository_may_be_changed() {
    let is_unguarded = |directory: &Path| {
        ["../plain", "../plain/.git", "/tmp/x/.git"].iter().any(|other| directory == Path::new(other))
    };
    let disk =
        Disk { stages_session_directory: &|_, _| true, may_be_guard: &|_| true, is_unguarded: &is_unguarded };
    for (script, is_denied) in [
        ("git -C ../plain commit --no-verify -m x", false),
        ("cd ../plain && HUSKY=0 git commit", false),
        ("cd ../plain && git add -f .", false),
        ("cd ../plain && rm -f .git/hooks/pre-commit", false),
        ("rm -rf /tmp/x/.git/hooks", false),
        ("cd ../plain && git config core.hooksPath .none", false),
        ("cd ../plain; git commit -n; cd -; git commit -n", true),
        ("cd ../plain && git config --global core.hooksPath .none", true),
        ("git -C ../plain --git-dir=$PWD/.git commit -n", true),
        ("git -C ../guarded commit -n", true),
        ("cd \"$x\" && git commit -n", true),
        ("cd ../plain && rm ../guarded/.git/hooks/pre-commit", true),
        ("git commit -n", true),
    ] {
        assert_eq!(find(script, &disk).is_some(), is_denied, "{script}");
    }
}
