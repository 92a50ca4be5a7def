use std::path::Path;

use super::super::{Disk, find};
use super::{assert_allowed, assert_denied};

#[test]
fn a_removed_hook_file_is_denied() {
    assert_denied(&[
        "rm .git/hooks/pre-commit",
        "rm -f .git/hooks/pre-commit .git/hooks/pre-push",
        "rm -rf .git/hooks",
        "rm -rf -- ./.git/hooks/",
        "rm .git/hooks/*",
        "rm .git/hooks/pre-*",
        "rm -f .git/hooks/{commit-msg,pre-push}",
        "unlink .git/hooks/reference-transaction",
        "mv .git/hooks/pre-commit /tmp/",
        "mv .git/hooks/pre-commit .git/hooks/pre-commit.bak",
        "mv .git/hooks/pre-commit{,.disabled}",
        "mv .git/hooks .git/hooks.off && git commit -m x; mv .git/hooks.off .git/hooks",
        "truncate -s 0 .git/hooks/pre-commit",
        "shred -u .git/hooks/pre-commit",
        "rm -rf .git/stage-guard",
        "rm .git/stage-guard/hooks/pre-commit",
        "find .git/hooks -type f -delete",
        "find .git/hooks -name 'pre-*' -exec rm {} +",
        "find .git/hooks ! -name '*.sample' -exec rm -f {} \\;",
        "ls; sudo rm -f .git/hooks/pre-commit",
        "bash -c 'rm .git/hooks/pre-commit'",
    ]);
    assert_allowed(&[
        "rm .git/hooks/pre-commit.sample",
        "rm .git/hooks/*.sample",
        "rm -f .git/hooks/commit-msg .git/hooks/post-merge",
        "rm -f .git/hooks/{commit-msg,post-merge}",
        "rm .git/index.lock",
        "rm -rf .git",
        "rm -rf .git/rebase-merge .git/worktrees/x",
        "rm hooks/pre-commit src/hooks/pre-push",
        "rm -rf node_modules/.git-hooks/hooks/pre-commit",
        "rm -rf .husky/_ .githooks/pre-commit",
        "mv .git/hooks.bak .git/hooks",
        "mv .git/hooks/commit-msg.sample .git/hooks/commit-msg",
        "find .git/hooks -name '*.sample' -delete",
        "find .git/hooks -type f",
        "find . -name pre-commit -delete",
        "find .git/hooks -exec head -1 {} \\;",
        "git rm hooks/pre-commit",
        "ls -la .git/hooks",
        "cat .git/hooks/pre-commit",
        "head -20 .git/hooks/pre-commit | grep stage-guard",
        "stat .git/hooks/pre-commit && test -x .git/hooks/pre-commit",
        "echo rm .git/hooks/pre-commit",
        "grep -rn 'rm .git/hooks/pre-commit' docs",
    ]);
}

#[test]
fn a_hook_file_without_its_mode_is_denied() {
    assert_denied(&[
        "chmod -x .git/hooks/pre-commit",
        "chmod a-x .git/hooks/*",
        "chmod 644 .git/hooks/pre-commit",
        "chmod 0 .git/hooks/pre-commit",
        "chmod 0600 .git/hooks/pre-push",
        "chmod u=rw,go=r .git/hooks/pre-commit",
        "chmod -R -x .git/hooks",
        "chmod -R 000 .git/hooks",
        "find .git/hooks -type f -exec chmod -x {} +",
    ]);
    assert_allowed(&[
        "chmod +x .git/hooks/pre-commit",
        "chmod 755 .git/hooks/pre-commit",
        "chmod u+w .git/hooks/pre-commit",
        "chmod -w .git/hooks/pre-commit",
        "chmod g-x,o-rx .git/hooks/pre-commit",
        "chmod 700 .git/hooks",
        "chmod a=rx .git/hooks/pre-commit",
        "chmod -x .git/hooks/commit-msg",
        "chmod -x script.sh",
        "chmod",
    ]);
}

#[test]
fn a_replaced_hook_file_is_denied() {
    assert_denied(&[
        "echo 'exit 0' > .git/hooks/pre-commit",
        "printf '#!/bin/sh\\n' >| .git/hooks/pre-commit",
        "cat > .git/hooks/pre-commit <<'EOF'\n#!/bin/sh\nexit 0\nEOF\nchmod +x .git/hooks/pre-commit",
        "> .git/hooks/pre-commit",
        ": &> .git/hooks/pre-commit",
        "git log >.git/hooks/pre-commit",
        "{ echo a; echo b; } > .git/hooks/pre-commit",
        "(echo a) >> .git/hooks/pre-commit",
        "echo 'exit 0' | tee .git/hooks/pre-commit",
        "ln -sf /bin/true .git/hooks/pre-commit",
        "ln -s --force ../../hooks/pre-commit .git/hooks",
        "cp /bin/true .git/hooks/pre-commit",
        "cp scripts/pre-commit .git/hooks/",
        "cp -t .git/hooks scripts/pre-commit",
        "cp --target-directory=.git/hooks scripts/pre-commit",
        "mv /tmp/hook .git/hooks/pre-commit",
        "install -m 755 /bin/true .git/hooks/pre-commit",
        "sed -i 's/exec.*/exit 0/' .git/hooks/pre-commit",
        "sed -Ei.bak -e 's/a/b/' .git/hooks/pre-commit",
        "perl -pi -e 's/a/b/' .git/hooks/pre-commit",
        "dd if=/dev/null of=.git/hooks/pre-commit",
    ]);
    assert_allowed(&[
        "cat .git/hooks/pre-commit > /tmp/hook",
        "cp .git/hooks/pre-commit /tmp/hook",
        "cp -r .git/hooks /tmp/hooks",
        "cp scripts/commit-msg .git/hooks/",
        "cp scripts/* .git/hooks/",
        "echo x > .git/hooks/commit-msg",
        "ln -s ../../scripts/pre-commit .git/hooks/pre-commit",
        "sed -n 1,20p .git/hooks/pre-commit",
        "sed 's/a/b/' .git/hooks/pre-commit",
        "sed -i 's|.git/hooks/pre-commit|.husky/pre-commit|' README.md",
        "bash .git/hooks/pre-commit 2>&1 >/dev/null",
        "echo '.git/hooks/pre-commit' >> .stage-guard.toml",
        "echo 'rm .git/hooks/pre-commit' > notes.md",
        "git commit -F - <<'EOF'\necho x > .git/hooks/pre-commit\nEOF",
    ]);
}

#[test]
fn a_hook_file_is_found_by_each_path_to_it() {
    assert_denied(&[
        "rm \"$(git rev-parse --git-path hooks)/pre-commit\"",
        "rm $(git rev-parse --git-path hooks/pre-commit)",
        "rm -rf `git rev-parse --git-path hooks`",
        "rm $(git rev-parse --git-dir)/hooks/pre-commit",
        "rm \"$(git -C sub rev-parse --path-format=absolute --git-common-dir)/hooks/pre-commit\"",
        "rm \"$(git rev-parse --show-toplevel)/.git/hooks/pre-commit\"",
        "d=$(git rev-parse --git-dir); rm $d/hooks/pre-commit",
        "HOOKS=\"$(git rev-parse --git-path hooks)\"\nchmod -x \"${HOOKS}/pre-commit\"",
        "readonly d=.git; h=$d/hooks; rm -f $h/pre-commit",
        "cd .git/hooks && rm pre-commit",
        "cd .git && rm -r ./hooks",
        "cd \"$(git rev-parse --git-dir)\" && mv hooks/pre-commit hooks/x",
        "cd src && rm ../.git/hooks/pre-commit",
        "(cd .git/hooks; rm -f pre-commit)",
        "rm /home/me/project/.git/hooks/pre-commit",
        "rm ~/project/.git/hooks/pre-commit",
        "rm $HOME/project/.git/hooks/pre-commit",
        "for h in pre-commit pre-push; do rm -f .git/hooks/$h; done",
        "for h in .git/hooks/*; do chmod -x \"$h\"; done",
        "for h in .git/hooks/pre-commit .git/hooks/pre-push; do mv $h $h.off; done",
        "for d in $(git rev-parse --git-dir); do rm \"$d/hooks/${h}\"; done",
        "rm .git/modules/lib/sub/hooks/pre-commit",
        "rm /srv/project.git/hooks/pre-receive",
    ]);
    assert_allowed(&[
        "cd .git/hooks && cd ../.. && rm hooks/pre-commit",
        "(cd .git/hooks; ls); rm pre-commit",
        "cd .git/hooks && rm /tmp/pre-commit ../../pre-commit",
        "rm .git/hooks/../../pre-commit",
        "rm .git/../hooks/pre-commit",
        "d=.github; rm $d/hooks/pre-commit",
        "for h in .git/hooks/*.sample; do rm \"$h\"; done",
        "for h in .git/hooks/*; do chmod +x \"$h\"; done",
        "for h in .git/hooks/*; do cat \"$h\" > /tmp/hooks; done",
        "for h in commit-msg; do cp hooks/$h .git/hooks/$h; chmod 755 .git/hooks/$h; done",
        "for h in a b; do rm hooks/$h .git/hooks/$h.sample; done",
        "d=.git; d=dist; rm $d/hooks/pre-commit",
    ]);
}

#[test]
fn another_hooks_directory_in_a_configuration_file_is_denied() {
    assert_denied(&[
        "printf '[core]\\n\\thooksPath = /dev/null\\n' >> .git/config",
        "cat >> \"$(git rev-parse --git-dir)/config\" <<'EOF'\n[core]\n\thookspath = x\nEOF",
        "echo '[core] hooksPath=x' | tee -a ~/.gitconfig",
        "printf '[core]\\n\\thooksPath = x\\n' > .git/config.worktree",
    ]);
    assert_allowed(&[
        "printf '[user]\\n\\tname = x\\n' >> .git/config",
        "sed -i '/hooksPath/d' .git/config",
        "grep -i hookspath .git/config ~/.gitconfig",
        "git config --list | grep hooksPath > /tmp/config",
        "cp .git/config /tmp/hooksPath",
        "echo hooksPath >> docs/.git-config",
    ]);
}

#[test]
fn a_hook_that_is_not_the_guards_may_be_changed() {
    let is_guard = |file: &Path| file.ends_with(".git/hooks/pre-commit");
    let disk =
        Disk { stages_session_directory: &|_, _| false, may_be_guard: &is_guard, is_unguarded: &|_| false };
    for (script, is_denied) in [
        ("rm .git/hooks/pre-push", false),
        ("cd .git && sed -i s/a/b/ hooks/pre-push", false),
        ("cat > .git/hooks/pre-push <<E\nx\nE", false),
        ("rm .git/hooks/pre-push .git/hooks/pre-commit", true),
        ("rm .git/hooks/pre-p*", true),
        ("rm $x/.git/hooks/pre-push", true),
        ("rm -r .git/hooks .git/stage-guard", true),
    ] {
        assert_eq!(find(script, &disk).is_some(), is_denied, "{script}");
    }
}

#[test]
fn a_removed_configuration_is_denied() {
    assert_denied(&[
        "rm .git/config",
        "mv .git/config /tmp/x",
        "> .git/config",
        ": > .git/config",
        "sed -i 's/x/hooksPath=/' .git/config",
        "sed -i 's/x/hooksPath = y/' ~/.gitconfig",
    ]);
    assert_allowed(&[
        "rm .git/config.lock",
        "chmod 600 .git/config",
        "sed -i 's/x/y/' .git/config",
        "git log > .git/config",
    ]);
}

#[test]
fn the_script_of_an_editor_is_no_file() {
    assert_allowed(&[
        "sed -i 's,foo,.git/stage-guard/bar,' docs/a.md",
        "sed -i -e 's,foo,.git/stage-guard/bar,' docs/a.md",
        "sed -ni.bak --expression 's,foo,.git/stage-guard/bar,' docs/a.md",
    ]);
    assert_denied(&[
        "sed -i 's,a,b,' .git/stage-guard/bar",
        "sed -e 's,a,b,' -i .git/hooks/pre-commit",
        "sed --in-place --expression=s,a,b, .git/hooks/pre-commit",
    ]);
}

#[test]
fn options_may_have_any_form() {
    assert_denied(&[
        "cp -rt .git/hooks pre-commit",
        "cp -t.git/hooks pre-commit",
        "cp --target-directory .git/hooks pre-commit",
        "cp --targ=.git/hooks pre-commit",
        "install -m 755 -t .git/hooks pre-commit",
        "chmod u+w-x .git/hooks/pre-commit",
        "chmod --reference=x .git/hooks/pre-commit",
    ]);
    assert_allowed(&[
        "chmod u+wx-s .git/hooks/pre-commit",
        "cp -S .git/hooks/pre-commit a b",
        "install -m 755 -t bin .git/hooks/pre-commit",
    ]);
}

#[test]
fn a_pattern_may_name_a_hook() {
    assert_denied(&[
        "rm .git/hooks/pre-commi?",
        "rm .git/hooks/[p]re-commit",
        "rm .git/hooks/pre-{commit,x}",
    ]);
    assert_allowed(&["rm .git/hooks/pre-commit.?", "rm .git/hooks/commit-ms?"]);
}

#[test]
fn what_find_and_ls_print_is_followed() {
    assert_denied(&[
        "find .git -name pre-commit -delete",
        "find .git -name 'pre-*' -exec rm {} +",
        "find .git/hooks -type f | xargs rm",
        "find .git/hooks -type f -print0 | xargs -0 -I{} rm -f {}",
        "ls .git/hooks/* | xargs rm",
        "rm $(find .git/hooks -type f)",
    ]);
    assert_allowed(&[
        "find .git -name '*.lock' -delete",
        "find .git/hooks -name '*.sample' | xargs rm",
        "find .git/hooks -type f | xargs head -1",
        "find . -name '*.orig' | xargs rm",
        "ls .git/hooks/*.sample | xargs rm",
    ]);
}
