//! The files of guarded hooks: whose they are, where they work, and what they prove.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::hooks::{assert_live, hook, install_0_1_0, state, unguarded};
use super::sandbox::{BINARY, Repo, cases};

const NOTE: &str = ".claude_sessions/current/x.py";

/// Asserts that the guard holds and passes clean commits after a line of shell has changed its hooks.
fn assert_guards_after(line: &str) {
    let repo = unguarded().env("GUARD", BINARY);
    repo.guard("install --strict").success();
    repo.shell(&format!("set -e; {line}")).success();
    assert_live(&repo);
    repo.stage("main.py").commit().silent();
}

mod changed {
    use super::{assert_guards_after, cases};

    /// Makes a hook that runs `$to`.
    const DISPATCH: &str =
        "printf '#!/bin/sh\\nexec %s \"$@\"\\n' \"$to\" >hook; chmod +x hook; mv hook .git/hooks/pre-commit";

    cases! { assert_guards_after:
        copy_over_another_hook("printf '#!/bin/sh\\n' >x; cp x .git/hooks/pre-push || true");
        tee_over_another_hook("printf '#!/bin/sh\\n' | tee .git/hooks/pre-push || true");
        cat_over_another_hook("printf '#!/bin/sh\\n' | cat >.git/hooks/pre-push || true");
        forced_copy_over_another_hook("printf '#!/bin/sh\\n' >x; cp -f x .git/hooks/prepare-commit-msg");
        hooks_directory_moved("mv .git/hooks .git/my; cp -R .git/my .git/hooks");
        guards_directory_deleted("rm -r .git/stage-guard");
        links_followed("cp -RL .git/hooks .git/my; rm -r .git/hooks; mv .git/my .git/hooks");
        renamed_with_user(&format!("to='$(dirname \"$0\")/pre-commit-user'; mv .git/hooks/pre-commit .git/hooks/pre-commit-user; {DISPATCH}"));
        renamed_with_tilde(&format!("to=.git/hooks/pre-commit~; mv .git/hooks/pre-commit .git/hooks/pre-commit~; {DISPATCH}"));
        renamed_with_underscore(&format!("to=.git/hooks/_pre-commit; mv .git/hooks/pre-commit .git/hooks/_pre-commit; {DISPATCH}"));
        renamed_to_another_hook(&format!("to=.git/hooks/post-commit.sh; mv .git/hooks/pre-commit .git/hooks/post-commit.sh; {DISPATCH}"));
        moved_to_a_directory(&format!("to=.git/hooks/d/x; mkdir .git/hooks/d; mv .git/hooks/pre-commit .git/hooks/d/x; {DISPATCH}"));
        moved_out_of_the_git_directory(&format!("to=tools/x; mkdir tools; mv .git/hooks/pre-commit tools/x; {DISPATCH}"));
        called_through_a_link(&format!("to=tools/x; mkdir tools; mv .git/hooks/pre-commit .git/hooks/y; ln -s ../.git/hooks/y tools/x; {DISPATCH}"));
        called_with_sh(&format!("to='sh .git/hooks/y'; mv .git/hooks/pre-commit .git/hooks/y; {DISPATCH}"));
        installed_again(&format!("to='sh .git/hooks/y'; mv .git/hooks/pre-commit .git/hooks/y; {DISPATCH}; $GUARD install"));
    }
}

/// Asserts that git stops if `program`, which the hooks run, is replaced with this text.
fn assert_stops_with(text: &str) {
    let repo = unguarded();
    repo.shell(&format!("cp {BINARY} ../guard && ../guard install --strict=refs")).success();
    repo.program("../guard", text);
    repo.stage(NOTE);
    let run = repo.commit();
    assert!(run.code != 0 && run.err.contains("did not run the check, so nothing was checked"), "{run:?}");
    assert!(run.err.contains("\nhelp: install it again, or remove the guard: rm -f '"), "{run:?}");
    for hook in ["pre-push", "prepare-commit-msg", "pre-applypatch", "pre-receive"] {
        assert_eq!(repo.shell(&format!(".git/hooks/{hook} </dev/null")).code, 2, "{hook}");
    }
    let update = format!("{0} {0} refs/heads/x\n", "1".repeat(40));
    let transaction = format!("printf '{update}' | .git/hooks/reference-transaction prepared");
    assert_eq!(repo.shell(&transaction).code, 2);
}

mod proof {
    use super::{assert_stops_with, cases};

    cases! { assert_stops_with:
        empty("");
        blanks("   \n\n");
        a_comment("# stage-guard\n");
        zeros("\0\0\0\0\0\0\0\0");
        a_shell_script_that_passes("#!/bin/sh\nexit 0\n");
        true_("#!/bin/true\n");
        no_interpreter("#!/nowhere/sh\n");
        text("stage-guard\n");
    }
}

#[test]
fn a_hook_that_exits_with_the_code_of_the_proof_stops_the_commit() {
    let repo = unguarded();
    for code in [119, 126, 127] {
        hook(&repo, "pre-commit", &format!("exit {code}"));
        repo.guard("install").success();
        let run = repo.stage("main.py").commit();
        assert!(run.code == 1 && run.err.is_empty(), "{run:?}");
        repo.guard("uninstall").success();
    }
    repo.guard("install").success();
    fs::remove_file(repo.path(".git/hooks.before-stage-guard/pre-commit")).unwrap();
    repo.guard("hook pre-commit").silent();
    repo.guard("hook --proof pre-commit").code(119);
    repo.guard("hook --proof pre-push").code(119);
    repo.stage(NOTE);
    repo.guard("hook --proof pre-commit").refuses(&[NOTE]);
}

#[test]
fn each_hook_is_a_read_only_file_of_its_own() {
    let repo = unguarded();
    repo.guard("install --strict=refs").success();
    let mut inodes = Vec::new();
    for name in ["pre-commit", "pre-merge-commit", "pre-push", "pre-receive", "reference-transaction"] {
        let metadata = fs::symlink_metadata(repo.path(format!(".git/hooks/{name}"))).unwrap();
        let stored = fs::symlink_metadata(repo.path(format!(".git/stage-guard/hooks/{name}"))).unwrap();
        assert!(metadata.is_file() && metadata.permissions().mode() & 0o777 == 0o555, "{name}");
        assert_eq!(metadata.ino(), stored.ino());
        assert!(!inodes.contains(&metadata.ino()));
        inodes.push(metadata.ino());
    }
}

#[test]
fn a_stored_file_is_not_trusted() {
    let repo = Repo::new();
    for file in ["pre-commit", "pre-push"] {
        repo.shell(&format!(
            "cd .git/stage-guard/hooks; rm -f {file}; echo 'exit 0' >{file}; chmod 555 {file}"
        ))
        .success();
    }
    repo.shell("rm .git/hooks/pre-commit").success();
    repo.guard("install --strict").success();
    assert_live(&repo);
    // These are files of the user's.
    repo.guard("uninstall").success();
    assert_eq!(repo.read(".git/stage-guard/hooks/pre-push"), "exit 0\n");
}

#[test]
fn uninstall_keeps_the_files_of_the_user_in_the_directory_of_the_guard() {
    let repo = Repo::new();
    repo.write(".git/stage-guard/notes", "mine").write(".git/stage-guard/hook", "#!/bin/sh\n");
    repo.guard("install --strict").success();
    repo.guard("uninstall").success();
    let left = repo.shell("find .git/stage-guard -type f | sort").success();
    assert_eq!(left, ".git/stage-guard/hook\n.git/stage-guard/notes\n");
}

/// A hook that was written over ours is the user's, also where it has the inode of the stored file.
#[test]
fn a_hook_that_was_written_over_is_backed_up_and_restored() {
    for write in [
        "cat >.git/hooks/pre-commit",
        "tee .git/hooks/pre-commit",
        "cp --remove-destination /dev/stdin .git/hooks/pre-commit",
    ] {
        let repo = Repo::new();
        let text = "#!/bin/sh\ntouch .git/ran\n";
        repo.shell(&format!("chmod 755 .git/hooks/pre-commit; printf '%s\\n' '#!/bin/sh' 'touch .git/ran' | {write}; chmod 755 .git/hooks/pre-commit")).success();
        assert_eq!(repo.read(".git/hooks/pre-commit"), text);
        repo.guard("install").success();
        assert_live(&repo);
        repo.stage("main.py").commit().silent();
        assert!(repo.exists(".git/ran"), "{write}");
        repo.guard("uninstall").success();
        assert_eq!(repo.read(".git/hooks/pre-commit"), text, "{write}");
        assert!(!repo.exists(".git/stage-guard") && !repo.exists(".git/hooks.before-stage-guard"));
    }
}

#[test]
fn a_hook_that_contains_ours_belongs_to_the_user() {
    let template = Repo::new().read(".git/hooks/pre-commit");
    for text in [
        format!("{template}echo my own check\n"),
        template.replace("# A hook of stage-guard", "# My hook, after one of stage-guard"),
        "#!/bin/sh\n# The hook of stage-guard: git runs it under the name of each guarded hook.\n".to_owned(),
    ] {
        let repo = unguarded();
        repo.program(".git/hooks/pre-commit", &text);
        let before = state(&repo);
        repo.guard("install").success();
        assert_live(&repo);
        repo.guard("uninstall").success();
        assert_eq!(state(&repo), before, "{text}");
    }
}

/// `init.templateDir`, and a copy of the whole repository.
#[test]
fn a_copied_hooks_directory_guards() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "touch .git/ran");
    repo.guard("install").success();
    repo.shell("mkdir ../template; cp -R .git/hooks ../template/hooks; cp -R . ../copy").success();
    repo.git("init -q -b main --template ../template ../fresh").success();
    for name in ["fresh", "copy"] {
        let copy = repo.sibling(name);
        copy.stage(NOTE).commit().refuses(&[NOTE]);
        copy.git_args(&["rm", "-q", "--cached", NOTE]).success();
        copy.stage("main.py").commit().silent();
        assert_eq!(copy.exists(".git/ran"), name == "copy");
    }
}

#[test]
fn hooks_of_0_1_0_are_upgraded_and_uninstalled() {
    let names = ["pre-commit", "pre-push", "prepare-commit-msg"];
    for commands in
        [&["uninstall"][..], &["install", "uninstall"], &["install --strict=refs", "install", "uninstall"]]
    {
        let repo = unguarded();
        hook(&repo, "pre-commit", "touch .git/ran");
        repo.shell("ln -s pre-commit .git/hooks/pre-push").success();
        let before = state(&repo);
        install_0_1_0(&repo, &names);
        repo.shell("ln -sf pre-commit.before-stage-guard .git/hooks/pre-push.before-stage-guard").success();
        assert_live(&repo);
        for (number, command) in commands.iter().enumerate() {
            repo.stage(format!("{number}.py")).commit().silent();
            assert!(repo.exists(".git/ran"), "{command}");
            fs::remove_file(repo.path(".git/ran")).unwrap();
            repo.guard(command).success();
            if *command == "uninstall" {
                break;
            }
            assert_live(&repo);
            for name in names {
                assert!(!repo.path(format!(".git/hooks/{name}")).is_symlink(), "{name}");
            }
            assert!(!repo.exists(".git/stage-guard/hook"));
        }
        assert_eq!(state(&repo), before, "{commands:?}");
    }
}

/// Returns a repository without hooks and, next to it, the binary in `tool/v1`, linked by `tool/current`.
fn unguarded_next_to_a_tool() -> Repo {
    let repo = unguarded().env("BINARY", BINARY);
    repo.shell(
        "mkdir -p ../tool/v1 ../link && cp $BINARY ../tool/v1/stage-guard && ln -s v1 ../tool/current",
    )
    .success();
    repo
}

/// Asserts that the hooks record `program`, relative to the parent directory.
fn assert_recorded(repo: &Repo, program: &str) {
    let program = repo.path("..").canonicalize().unwrap().join(program);
    let expected = format!("\nprogram='{}'\n", program.display());
    assert!(repo.read(".git/hooks/pre-commit").contains(&expected), "{expected}");
    assert_live(repo);
}

/// Asserts that `install`, run by a line of shell, records `program`.
fn assert_records(line: &str, program: &str) {
    let repo = unguarded_next_to_a_tool();
    repo.shell(line).success();
    assert_recorded(&repo, program);
}

mod program {
    use std::os::unix::process::CommandExt;

    use super::{Repo, assert_recorded, assert_records, cases, unguarded_next_to_a_tool};

    cases! { assert_records:
        started_through_a_link("\"${PWD%/*}/tool/current/stage-guard\" install", "tool/current/stage-guard");
        started_by_a_relative_path("../tool/current/stage-guard install", "tool/current/stage-guard");
        started_in_its_directory("cd ../tool/current && export PWD && ./stage-guard -C ../../repo install", "tool/current/stage-guard");
        started_in_another_directory("mkdir d; cd d && .././../tool/current/stage-guard -C .. install", "tool/current/stage-guard");
        started_by_name("PATH=\"${PWD%/*}/tool/current:$PATH\" && stage-guard install", "tool/current/stage-guard");
        a_link_on_path("ln -s ../tool/current/stage-guard ../link/stage-guard; PATH=\"${PWD%/*}/link:$PATH\" && ../tool/v1/stage-guard install", "link/stage-guard");
    }

    #[test]
    fn another_name() {
        let repo = unguarded_next_to_a_tool();
        let mut install = repo.command("../tool/v1/stage-guard");
        install.arg0("/nowhere/x").arg("install");
        Repo::run(install, b"").success();
        assert_recorded(&repo, "tool/v1/stage-guard");
    }
}

/// A container, or a new computer.
#[test]
fn a_program_on_path_runs_if_the_recorded_one_is_gone() {
    let repo = unguarded();
    repo.shell(&format!("cp {BINARY} ../guard && ../guard install --strict && rm ../guard")).success();
    let directory = std::path::Path::new(BINARY).parent().unwrap().display().to_string();
    let with = repo.env("PATH", format!("{directory}:/usr/local/bin:/usr/bin:/bin"));
    assert_live(&with);
    with.stage("main.py").commit().silent();
    repo.env("PATH", "/usr/local/bin:/usr/bin:/bin").stage("more.py").commit().code(1);
    // A directory of that name in the worktree is not a program.
    repo.shell("mkdir stage-guard").success();
    assert_live(&with);
}

/// Creates a repository with a previous hook that lists what it finds next to itself.
fn with_neighbours() -> Repo {
    let repo = unguarded();
    hook(
        &repo,
        "pre-commit",
        r#"cd "$(dirname "$0")"; echo $(basename "$0"): * | sed 's/ [^ ]*\.sample//g' >../found
        if [ -f once ]; then rm once; fi; echo changed >new; mv new changed; echo more >>log; echo >made"#,
    );
    hook(&repo, "post-commit", "exit 0");
    repo.write(".git/hooks/once", "")
        .write(".git/hooks/changed", "old")
        .write(".git/hooks/pre-commit.d/x", "");
    repo
}

#[test]
fn a_previous_hook_finds_its_neighbours_and_leaves_its_files() {
    let repo = with_neighbours();
    repo.guard("install --strict").success();
    repo.stage("1.py").commit().silent();
    let expected = "pre-commit: changed once post-commit pre-commit pre-commit.d\n";
    assert_eq!(repo.read(".git/found"), expected);
    assert!(!repo.exists(".git/hooks/once"));
    assert_eq!(repo.read(".git/hooks/changed"), "changed\n");
    // A neighbour that was added later, and one that was removed.
    repo.write(".git/hooks/later", "")
        .write(".git/hooks/pre-push.old", "")
        .shell("rm -r .git/hooks/pre-commit.d")
        .success();
    repo.stage("2.py").commit().silent();
    let expected = "pre-commit: changed later log made post-commit pre-commit pre-push.old\n";
    assert_eq!(repo.read(".git/found"), expected);
    assert_eq!(repo.read(".git/hooks/log"), "more\nmore\n");
    repo.guard("uninstall").success();
    assert!(!repo.exists(".git/hooks.before-stage-guard"));
    repo.stage("3.py").commit().silent();
    assert_eq!(repo.read(".git/found"), expected);
}

/// `uninstall`, run by the hook itself or meanwhile, is not a change that the hook has made.
#[test]
fn a_previous_hook_that_uninstalls_the_guard_deletes_nothing() {
    for commands in ["$GUARD -q uninstall", "$GUARD -q uninstall; $GUARD -q install"] {
        let repo = unguarded().env("GUARD", BINARY);
        hook(&repo, "pre-commit", commands);
        hook(&repo, "post-commit", "exit 0");
        let before = state(&repo);
        repo.guard("install").success();
        repo.stage("main.py").commit().silent();
        repo.guard("uninstall").success();
        assert_eq!(state(&repo), before, "{commands}");
    }
}

/// Asserts that a previous hook of each kind of operation runs under its own name.
fn assert_runs_under_its_name(name: &str, line: &str) {
    let repo = unguarded();
    repo.program(
        "tools/hook",
        "#!/bin/sh\n[ \"$(basename \"$0\")\" = \"$NAME\" ] && touch \"$RAN\"\nexit 0\n",
    );
    repo.shell(&format!("ln -s ../../tools/hook .git/hooks/{name}")).success();
    repo.guard("install --strict=refs").success();
    let repo = repo.env("NAME", name).env("RAN", repo.path("ran")).env("GUARD", BINARY);
    repo.shell(&format!("set -e; {line}")).success();
    assert!(repo.exists("ran"), "{name}: {line}");
}

mod previous {
    use super::{assert_runs_under_its_name, cases};

    cases! { assert_runs_under_its_name:
        pre_commit("pre-commit", "git commit -q --allow-empty -m x");
        pre_merge_commit("pre-merge-commit", "git checkout -q -b x; git commit -q --allow-empty -m x; git checkout -q main; git merge -q --no-ff --no-edit x");
        prepare_commit_msg("prepare-commit-msg", "git commit -q --allow-empty -n -m x");
        pre_applypatch("pre-applypatch", "echo x >x; git add x; git commit -q -m x; git format-patch -q -1; git reset -q --hard HEAD~1; git am -q *.patch");
        pre_push("pre-push", "git init -q --bare ../b.git; git push -q ../b.git main");
        reference_transaction("reference-transaction", "git branch x");
        pre_receive("pre-receive", "git clone -q . ../c; cd ../c; git commit -q --allow-empty -m x; git push -q origin main:other");
        linked_worktree("pre-commit", "git worktree add -q ../linked; cd ../linked; git commit -q --allow-empty -m x");
        moved_hook("pre-commit", "mkdir .git/hooks/d; mv .git/hooks/pre-commit .git/hooks/d; printf '#!/bin/sh\n.git/hooks/d/pre-commit' >x; chmod +x x; mv x .git/hooks/pre-commit; git commit -q --allow-empty -m x");
        renamed_hook("pre-commit", "mv .git/hooks/pre-commit .git/hooks/old-one; printf '#!/bin/sh\nsh .git/hooks/old-one' >x; chmod +x x; mv x .git/hooks/pre-commit; git commit -q --allow-empty -m x");
        symlinked_hooks("pre-commit", "$GUARD uninstall; mkdir .git/my; mv .git/hooks .git/my; ln -s my/hooks .git/hooks; rm .git/hooks/pre-commit; ln -s ../../../tools/hook .git/hooks/pre-commit; $GUARD install; git commit -q --allow-empty -m x");
    }
}

/// The previous hook of a forge runs the files in the directory that is named after it.
#[test]
fn a_previous_hook_of_a_bare_repository_finds_its_directory() {
    let repo = Repo::new();
    let server = repo.sibling("server.git");
    repo.git("init -q --bare -b main ../server.git").success();
    server.program("hooks/pre-receive", "#!/bin/sh\nfor part in \"$0\".d/*; do \"$part\" || exit; done\n");
    server.program("hooks/pre-receive.d/frozen", "#!/bin/sh\nread old new ref; echo frozen $ref; exit 1\n");
    server.guard("install").success();
    let run = repo.git("push -q ../server.git main");
    assert!(run.code == 1 && run.err.contains("frozen refs/heads/main"), "{run:?}");
}

/// A copy of a guarded hook is not the hook: it does not get the backup.
#[test]
fn copies_of_a_guarded_hook_do_not_get_its_backup() {
    for line in [
        "cp .git/hooks/pre-commit .git/hooks/a-copy",
        "cp .git/hooks/pre-commit .git/hooks/77.new-of-stage-guard",
        "cp -R .git/hooks .git/a-copy",
        "cp -R .git/hooks .git/z-copy",
        "cp -R .git/hooks .git/a-copy; cp -R .git/hooks.before-stage-guard .git/a-copy.before-stage-guard",
    ] {
        for command in ["uninstall", "install"] {
            let repo = unguarded();
            hook(&repo, "pre-commit", "touch .git/ran");
            let before = state(&repo);
            repo.guard("install").success();
            repo.shell(line).success();
            repo.guard(command).success();
            if command == "install" {
                repo.stage("main.py").commit().silent();
                assert!(repo.exists(".git/ran"), "{line}");
            }
            repo.guard("uninstall").success();
            assert_eq!(state(&repo), before, "{line}; {command}");
        }
    }
}

/// Version 0.1.0 was installed in two directories, and a manager has renamed one of its hooks.
#[test]
fn hooks_of_0_1_0_are_upgraded_in_every_directory() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "echo first >>.git/ran");
    install_0_1_0(&repo, &["pre-commit"]);
    repo.shell("cd .git/hooks; mv pre-commit pre-commit.legacy").success();
    hook(&repo, "pre-commit", "echo second >>.git/ran; .git/hooks/pre-commit.legacy");
    repo.program(".git/other/pre-commit.before-stage-guard", "#!/bin/sh\necho other >>.git/ran\n");
    symlink("../stage-guard/hook", repo.path(".git/other/pre-commit")).unwrap();
    repo.guard("install").success();
    assert!(!repo.exists(".git/stage-guard/hook"));
    repo.stage("1.py").commit().silent();
    assert_eq!(repo.read(".git/ran"), "second\nfirst\n");
    repo.stage("2.py").git("-c core.hooksPath=.git/other commit -q -m x").silent();
    assert_eq!(repo.read(".git/ran"), "second\nfirst\nother\n");
    repo.stage(NOTE).git("-c core.hooksPath=.git/other commit -q -m x").refuses(&[NOTE]);
    repo.guard("uninstall").success();
    let left = repo.shell("cd .git; tail -qn 1 other/* hooks/pre-commit hooks/pre-commit.legacy").success();
    assert_eq!(
        left,
        "echo other >>.git/ran\necho second >>.git/ran; .git/hooks/pre-commit.legacy\necho first >>.git/ran\n"
    );
}

#[test]
fn a_file_named_like_a_backup_of_0_1_0_stays_without_that_version() {
    let repo = unguarded();
    hook(&repo, "pre-commit.before-stage-guard", "exit 3");
    let before = state(&repo);
    for command in ["uninstall", "install", "uninstall"] {
        repo.guard(command).success();
        repo.git("commit -q --allow-empty -m x").silent();
    }
    assert_eq!(state(&repo), before);
}

#[test]
fn uninstall_restores_hooks_into_a_directory_that_was_deleted() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "touch .git/ran");
    repo.guard("install").success();
    repo.shell("rm -r .git/hooks").success();
    repo.guard("uninstall").success();
    repo.stage("main.py").commit().silent();
    assert!(repo.exists(".git/ran") && !repo.exists(".git/hooks.before-stage-guard"));
}

#[test]
fn install_without_strict_restores_a_missing_hook_of_the_recorded_level() {
    let repo = unguarded();
    repo.guard("install --strict").success();
    repo.shell("rm -f .git/hooks/pre-push").success();
    assert!(repo.guard("install").success().contains("pre-push"));
    assert!(repo.exists(".git/hooks/pre-push"));
    assert_eq!(repo.read(".git/stage-guard/level"), "strict\n");
}

/// A manager that is installed later overwrites `pre-commit.legacy`, of which there is a copy.
#[test]
fn a_changed_hook_that_a_manager_has_renamed_runs_as_it_is_now() {
    let repo = unguarded();
    hook(&repo, "pre-commit", "\"$(dirname \"$0\")/pre-commit.legacy\"");
    hook(&repo, "pre-commit.legacy", "echo old >>.git/ran");
    repo.guard("install").success();
    repo.shell("rm .git/hooks/pre-commit.legacy").success();
    hook(&repo, "pre-commit.legacy", "echo new >>.git/ran");
    repo.stage("main.py").commit().silent();
    assert_eq!(repo.read(".git/ran"), "new\n");
    repo.guard("uninstall").success();
    repo.stage("more.py").commit().silent();
    assert_eq!(repo.read(".git/ran"), "new\nnew\n");
}

/// A hook that writes a file next to itself, and renames it later, while another one runs.
#[test]
fn a_previous_hook_can_rename_its_files_while_another_one_runs() {
    let repo = unguarded();
    let nested = "\"$d/../hooks/pre-merge-commit\" || exit";
    let write = format!(
        "d=$(dirname \"$0\"); echo $(cat \"$d/state\") x >\"$d/t.$$\"; {nested}; mv \"$d/t.$$\" \"$d/state\""
    );
    hook(&repo, "pre-commit", &write);
    hook(&repo, "pre-merge-commit", "exit 0");
    repo.write(".git/hooks/state", "");
    repo.guard("install").success();
    for (name, expected) in [("1.py", "x\n"), ("2.py", "x x\n"), ("3.py", "x x x\n")] {
        repo.stage(name).commit().silent();
        assert!(!repo.path(".git/hooks/state").is_symlink());
        assert_eq!(repo.read(".git/hooks/state"), expected);
    }
    assert_eq!(repo.shell("cd .git && ls hooks hooks.before-stage-guard | grep -c '^t'").out, "0\n");
}

#[test]
fn a_previous_hook_can_rename_its_neighbours() {
    let repo = unguarded();
    let rotate = "mv log.1 log.2; mv log log.1; echo new >log; mv b c";
    hook(&repo, "pre-commit", &format!("cd \"$(dirname \"$0\")\" && {rotate}"));
    repo.shell("cd .git/hooks && for f in log log.1 log.2 b c; do echo $f >$f; done").success();
    repo.guard("install").success();
    repo.stage("main.py").commit().silent();
    repo.guard("uninstall").success();
    let contents = repo.shell("cd .git/hooks && echo $(cat log log.1 log.2 c) && ls b").out;
    assert_eq!(contents, "new log log.1 b\n");
}
