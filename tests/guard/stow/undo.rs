//! Undo: it brings everything back, and deletes nothing that it did not write.

use std::fs;
use std::path::PathBuf;

use super::{AGAIN, SCRIPT, STOWED, stowed, with_committed_script};
use crate::sandbox::{BINARY, Repo, Run};

const RECORD: &str = ".git/stage-guard/undo";

/// A repository with a committed script whose changes are stowed.
fn with_stowed_script() -> Repo {
    let repo = with_committed_script();
    repo.write(SCRIPT, "changed\n").git("add -A").success();
    stowed(repo.guard("stow -q"));
    repo
}

/// Returns a repository in which git first runs `script` if its arguments contain `word`.
fn with_git_that(repo: &Repo, word: &str, script: &str) -> Repo {
    let git = repo.shell("command -v git").success();
    let bin = repo.sibling("bin");
    let text =
        format!("#!/bin/sh\ncase \" $* \" in *\"{word}\"*) {script} ;; esac\nexec {} \"$@\"\n", git.trim());
    bin.program("git", &text);
    let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
    repo.env("PATH", path)
}

/// Removes what version 0.1.0 did not write from the record of a stow.
fn make_record_old(repo: &Repo) {
    let mut record: serde_json::Value = serde_json::from_str(&repo.read(RECORD)).unwrap();
    record.as_object_mut().unwrap().retain(|key, _| ["index", "records"].contains(&key.as_str()));
    for path in record["records"].as_array_mut().unwrap() {
        let old = ["path", "moved_to", "checked_out", "entry", "is_off_disk"];
        path.as_object_mut().unwrap().retain(|key, _| old.contains(&key.as_str()));
    }
    repo.write(RECORD, &record.to_string());
}

/// Puts back the index and the record as they are before the last step of a stow.
fn make_stow_unfinished(repo: &Repo, index: &[u8]) {
    fs::write(repo.path(".git/index"), index).unwrap();
    fs::rename(repo.path(RECORD), repo.path(".git/stage-guard/undo.new")).unwrap();
}

#[test]
fn undo_keeps_what_git_does_not_see() {
    for (setup, change) in [
        ("git config filter.f.clean 'sed /^#/d'; echo '*.py filter=f' >.gitattributes", "echo '#since' >>$P"),
        (
            "git config core.autocrlf true; printf '1\\r\\n2\\r\\n' >$P; git add $P",
            "printf '1\\n2\\r\\n' >$P",
        ),
        ("echo '*.py text eol=crlf' >.gitattributes", "printf 'old\\n' >$P"),
        (
            "echo '*.py working-tree-encoding=UTF-16' >.gitattributes; printf '\\377\\376o\\0' >$P",
            "printf '\\376\\377\\0o' >$P",
        ),
        ("echo '*.py ident' >.gitattributes; echo '$Id$' >$P", "echo '$Id: mine $' >$P"),
        ("git config core.fileMode false", "chmod 755 $P"),
        ("git config core.fileMode false", "cp $P t; chmod 750 t; mv t $P"),
        (":", "cp $P t && echo since >>t && mv t $P"),
        (":", "rm $P && mkdir $P"),
        (":", "mv $P t && ln -s t $P"),
    ] {
        for is_old in [false, true] {
            let repo = with_committed_script();
            repo.shell(&format!(
                "P={SCRIPT}; {setup}; git add -A; git commit -q --no-verify --allow-empty -m setup"
            ))
            .success();
            repo.shell(&format!("cat {SCRIPT} {SCRIPT} >t; mv t {SCRIPT}; git add -A")).success();
            stowed(repo.guard("stow -q"));
            if is_old {
                make_record_old(&repo);
            }
            repo.shell(&format!("P={SCRIPT}; {change}")).success();
            let state = || repo.shell(&format!("ls -lR backend; od -c {SCRIPT}; cat {STOWED}")).out;
            let before = state();
            repo.guard("stow --undo").fails_with("has changed since");
            assert_eq!(state(), before, "{change}");
        }
    }
}

#[test]
fn undo_of_an_old_record_restores_everything() {
    let repo = with_committed_script();
    repo.write(".gitattributes", "*.py text eol=crlf\n")
        .write("debug_new.py", "new\r\n")
        .git("add -A")
        .success();
    repo.git("commit -q --no-verify -m more").success();
    repo.write(SCRIPT, "changed\r\n").write("debug_new.py", "changed\r\n").git("add -A").success();
    let before = repo.git("status --porcelain").success();
    stowed(repo.guard("stow"));
    make_record_old(&repo);
    repo.guard("stow --undo").success();
    assert_eq!((repo.read(SCRIPT), repo.git("status --porcelain").success()), ("changed\r\n".into(), before));
}

#[test]
fn undo_keeps_what_is_saved_while_it_runs() {
    for save in [format!("echo since >>{SCRIPT}"), format!("cp {SCRIPT} t; echo since >>t; mv t {SCRIPT}")] {
        let repo = with_stowed_script();
        let run = with_git_that(&repo, "index-info", &save).guard("stow --undo");
        assert!(run.code == 2 && run.err.contains("it was changed meanwhile"), "{run:?}");
        assert_eq!((repo.read(SCRIPT), repo.read(STOWED)), ("old\nsince\n".into(), "changed\n".into()));
        assert!(!repo.exists(".git/stage-guard/aside"));
        repo.assert_no_lock();
    }
}

#[test]
fn undo_brings_back_an_edited_file_and_says_so() {
    for edit in ["echo since >>$S", "cp $S t && echo since >>t && mv t $S"] {
        let repo = with_stowed_script();
        repo.shell(&format!("S={STOWED}; {edit}")).success();
        let out = repo.guard("stow --undo").success();
        assert!(out.contains(&format!("note: {SCRIPT} is back as it was changed since the stow\n")), "{out}");
        assert_eq!(repo.read(SCRIPT), "changed\nsince\n");
        assert_eq!(repo.git("status --porcelain").success(), format!("MM {SCRIPT}\n"));
    }
}

#[test]
fn stow_overwrites_no_file_with_the_name_of_a_record() {
    for name in ["undo", "undo.new"] {
        for make in
            ["echo mine >$F", "echo '{\"mine\": 1}' >$F", "mkdir $F", "mkfifo $F", "ln -s ../config $F"]
        {
            let repo = with_committed_script();
            repo.write(SCRIPT, "changed\n").git("add -A").success();
            let file = format!(".git/stage-guard/{name}");
            repo.shell(&format!("F={file}; mkdir -p .git/stage-guard && {make}")).success();
            let state =
                || repo.shell(&format!("ls -l {file}; test -p {file} || cat {file}; cat .git/config")).out;
            let before = state();
            let run = repo.guard("stow");
            run.fails_with(&format!("{name}` is not a record of a stow"));
            assert_eq!((state(), repo.read(SCRIPT)), (before, "changed\n".into()), "{name} {make}");
        }
    }
    // A stow that was killed leaves a part of one.
    for part in ["", "{\"ind", "{\"index\":[46,"] {
        let repo = with_committed_script();
        repo.write(SCRIPT, "changed\n").write(".git/stage-guard/undo.new", part).git("add -A").success();
        stowed(repo.guard("stow"));
        repo.guard("stow --undo").success();
    }
}

#[test]
fn undo_does_not_report_a_file_of_the_user_as_changed() {
    let repo = with_stowed_script();
    for name in ["0", "mine"] {
        repo.write(format!(".git/stage-guard/aside/{name}"), "mine\n");
    }
    let out = repo.guard("stow --undo").success();
    assert!(!out.contains("note:"), "{out}");
    assert_eq!(repo.shell("cat .git/stage-guard/aside/*").success(), "mine\nmine\n");
}

#[test]
fn undo_does_not_move_what_has_replaced_a_stowed_file() {
    for replace in ["mkdir $S", "ln -s x $S", "mkfifo $S"] {
        let repo = with_stowed_script();
        repo.shell(&format!("S={STOWED}; mv $S kept; {replace}")).success();
        repo.guard("stow --undo").fails_with("was replaced where it was put");
        assert!(repo.exists(STOWED) && repo.read(SCRIPT) == "old\n");
    }
}

#[test]
fn a_stow_in_a_repository_that_was_moved_since_can_be_undone() {
    let repo = with_stowed_script();
    repo.copy().guard("stow --undo").success();
    repo.guard("stow --undo").success();
    assert_eq!(repo.read(SCRIPT), "changed\n");
}

#[test]
fn undo_removes_the_copy_of_staged_contents() {
    for (edit, is_kept) in [("true", false), ("echo mine >>$C", true), ("chmod 755 $C", true)] {
        let repo = Repo::new();
        repo.write(SCRIPT, "staged\n").git("add -A").success();
        repo.write(SCRIPT, "changed\n");
        stowed(repo.guard("stow"));
        repo.shell(&format!("C={AGAIN}; test -e $C; {edit}")).success();
        repo.guard("stow --undo").success();
        assert_eq!(repo.exists(AGAIN), is_kept, "{edit}");
        assert_eq!(repo.git("status --porcelain").success(), format!("AM {SCRIPT}\n"));
    }
}

#[test]
fn undo_restores_an_intent_to_add_entry() {
    for options in ["", "--changes "] {
        let repo = with_committed_script();
        repo.write("debug_[a].py", "x\n").write("debug_a.py", "y\n");
        repo.git_args(&["--literal-pathspecs", "add", "-N", "debug_[a].py"]).success();
        repo.git(&format!("rm -q --cached {SCRIPT}")).success();
        repo.git(&format!("add -N {SCRIPT}")).success();
        let before = repo.git("status --porcelain").success();
        assert_eq!(before, format!("DA {SCRIPT}\n A debug_[a].py\n?? debug_a.py\n"));
        stowed(repo.shell(&format!("{BINARY} stow {options}'debug_[a].py' {SCRIPT}")));
        assert!(!repo.exists("debug_[a].py") && !repo.exists(AGAIN));
        repo.guard("stow --undo").success();
        assert_eq!(repo.git("status --porcelain").success(), before);
    }
}

#[test]
fn undo_restores_an_intent_to_add_entry_without_a_file() {
    for other in ["", "debug_there.py"] {
        let repo = Repo::new();
        repo.write(SCRIPT, "x\n").write("debug_there.py", "x\n");
        repo.shell(&format!("git add -N {SCRIPT} {other} && rm -r backend")).success();
        let before = repo.git("status --porcelain").success();
        assert!(before.contains(&format!(" D {SCRIPT}\n")), "{before}");
        stowed(repo.shell(&format!("{BINARY} stow {SCRIPT} {other}")));
        repo.guard("stow --undo").success();
        assert_eq!(repo.git("status --porcelain").success(), before);
        assert!(!repo.exists("backend"));
        repo.shell("ls -A .git/stage-guard | grep '^.stage-guard'").code(1);
    }
}

/// Kills `stow --undo` when it runs git with `word`, and asserts that the next one completes it.
fn assert_completed(word: &str) {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").write("debug_new.py", "new\n").git("add -A").success();
    repo.write("debug_it.py", "announced\n").git("add -N debug_it.py").success();
    repo.write(SCRIPT, "changed\n");
    let before = (repo.git("status --porcelain").success(), repo.git("diff").success());
    stowed(repo.guard_args(&["stow", "--changes", SCRIPT, "debug_new.py", "debug_it.py"]));
    let run = with_git_that(&repo, word, "kill -9 $PPID; exit 1").guard("stow --undo");
    assert_eq!(run.code, -1, "{run:?}");
    let out = repo.guard("stow --undo").success();
    assert_eq!(out, "undone: 3 files are as before the stow, in the worktree and in the index\n");
    assert_eq!((repo.git("status --porcelain").success(), repo.git("diff").success()), before, "{word}");
    assert!(!repo.exists(".git/stage-guard/aside"));
    repo.guard("stow --undo").fails_with("there is no stow to undo");
}

#[test]
fn an_undo_that_was_killed_is_completed_by_the_next_one() {
    // Before the files are moved, and after that.
    assert_completed("index-info");
    assert_completed(" add ");
}

/// Stows every kind of session work, and leaves the repository as if that had been killed.
fn with_unfinished_stow() -> (Repo, [String; 2]) {
    let repo = with_committed_script();
    repo.write(SCRIPT, "staged\n").write("debug_new.py", "new\n").write("debug_gone.py", "gone\n");
    repo.git("add -A").success();
    repo.write(SCRIPT, "changed\n");
    fs::remove_file(repo.path("debug_gone.py")).unwrap();
    let state = [repo.git("status --porcelain").success(), repo.git("diff").success()];
    let index = fs::read(repo.path(".git/index")).unwrap();
    stowed(repo.guard("stow"));
    make_stow_unfinished(&repo, &index);
    (repo, state)
}

fn names(repo: &Repo) -> Vec<PathBuf> {
    let entries = fs::read_dir(repo.path(".claude_sessions/debugging")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into()).collect();
    names.sort();
    names
}

#[test]
fn a_stow_removes_what_a_killed_one_has_checked_out() {
    let repo = with_committed_script();
    repo.write(SCRIPT, "changed\n").git("add -A").success();
    let run = with_git_that(&repo, "checkout-index", "kill -9 $PPID; exit 1").guard("stow");
    assert_eq!(run.code, -1, "{run:?}");
    let checkout = ".git/stage-guard/.stage-guard-0123456789abcdef";
    let mine =
        [".git/stage-guard/.stage-guard-0123456789abcde0/mine", ".git/stage-guard/.stage-guard-mine/x"];
    let mine = [mine[0], mine[1], ".git/stage-guard/.stage-guard-0123456789abcde1"];
    for file in [&format!("{checkout}/committed/x"), mine[0], mine[1], mine[2]] {
        repo.write(file, "x");
    }
    // A record that was being written.
    let record = ".git/stage-guard/.stage-guard-0123456789abcde2";
    repo.write(record, "{\"index\":[46,");
    stowed(repo.guard("stow"));
    assert!(!repo.exists(checkout) && !repo.exists(record) && mine.iter().all(|file| repo.exists(file)));
}

#[test]
fn a_stow_that_was_killed_can_be_undone() {
    let (repo, before) = with_unfinished_stow();
    repo.guard("stow --undo").success();
    assert_eq!([repo.git("status --porcelain").success(), repo.git("diff").success()], before);
    assert!(names(&repo).is_empty());
}

#[test]
fn a_stow_that_was_killed_and_repeated_can_be_undone() {
    let (repo, before) = with_unfinished_stow();
    let stowed_names = names(&repo);
    stowed(repo.guard("stow"));
    assert_eq!(names(&repo), stowed_names);
    repo.check().silent();
    repo.guard("stow --undo").success();
    assert_eq!([repo.git("status --porcelain").success(), repo.git("diff").success()], before);
    assert!(names(&repo).is_empty());
}

#[test]
fn a_stow_after_a_killed_one_keeps_what_was_saved_since() {
    let (repo, _) = with_unfinished_stow();
    repo.write(SCRIPT, "since\n").write("debug_new.py", "since\n");
    stowed(repo.guard("stow"));
    let contents = repo.shell("cat .claude_sessions/debugging/*").success();
    for line in ["changed\n", "staged\n", "new\n", "gone\n", "since\nsince\n"] {
        assert!(contents.contains(line.lines().next().unwrap()), "{contents}");
    }
    assert_eq!(contents.matches("since\n").count(), 2, "{contents}");
}

#[test]
fn stow_keeps_the_record_of_a_killed_stow_that_it_cannot_undo() {
    let (unfinished, leftover) = (".git/stage-guard/undo.new", ".git/stage-guard/undo.killed");
    let (original, _) = with_unfinished_stow();
    original.write("debug_new.py", "since\n");
    let record = original.read(unfinished);
    for word in ["checkout-index", "index-info", "ls-files"] {
        let repo = original.copy();
        let run = with_git_that(&repo, word, "echo no >&2; exit 1").guard("stow");
        assert_eq!((run.code, repo.read(unfinished) == record), (2, true), "{word} {run:?}");
        assert!(!repo.exists(leftover), "{word}");
    }
    let repo = original.copy();
    // Something is in the place of the new file, so the record was written before it failed.
    let block = "test -e .git/stage-guard/undo.new && : >.claude_sessions/debugging/debug_new-2.py";
    let run = with_git_that(&repo, "index-info", block).guard("stow");
    assert!(run.code == 2 && run.err.contains("nothing was stowed"), "{run:?}");
    assert_eq!((repo.read(unfinished) == record, repo.exists(leftover)), (true, false));
    for kept in [leftover, ".git/stage-guard/undo-2.killed"] {
        let out = stowed(original.guard("stow"));
        let note = "note: a stow that was killed could not be undone; ";
        assert!(out.contains(note) && out.contains(&format!("{kept} lists its files\n")), "{out}");
        assert_eq!(original.read(kept), record);
        original.guard("stow --undo").success();
        original.write(unfinished, &record);
    }
}

#[test]
fn stow_keeps_the_record_of_a_killed_stow_of_another_index() {
    let (repo, _) = with_unfinished_stow();
    let record = repo.read(".git/stage-guard/undo.new");
    repo.shell("cp .git/index .git/other").success();
    let other = repo.env("GIT_INDEX_FILE", ".git/other");
    other.guard("stow").fails_with("the last stow changed the index `index`\nhelp: name that index");
    assert_eq!(repo.read(".git/stage-guard/undo.new"), record);
    stowed(repo.guard("stow"));
    stowed(other.guard("stow"));
}

#[test]
fn a_killed_stow_of_an_untracked_file_is_undone() {
    for again in ["stow", "stow --undo", "stow notes.md"] {
        let repo = with_committed_script();
        repo.write("notes.md", "mine\n").write("plan.md", "plan\n").write(SCRIPT, "changed\n");
        repo.git_args(&["add", SCRIPT]).success();
        let before = repo.git("status --porcelain").success();
        // It is killed before the index is replaced, when all files are moved.
        let index = fs::read(repo.path(".git/index")).unwrap();
        stowed(repo.guard_args(&["stow", "notes.md", "plan.md", SCRIPT]));
        make_stow_unfinished(&repo, &index);
        assert!(!repo.exists("notes.md") && !repo.exists("plan.md"));
        let run = repo.guard(again);
        assert_eq!(run.code, 0, "{again} {run:?}");
        assert!(!repo.exists(".git/stage-guard/undo.new"), "{again}");
        assert_eq!(repo.read("plan.md"), "plan\n", "{again}");
        if again != "stow --undo" {
            repo.guard("stow --undo").success();
        }
        assert_eq!(repo.git("status --porcelain").success(), before, "{again}");
        assert_eq!((repo.read("notes.md"), repo.read(SCRIPT)), ("mine\n".into(), "changed\n".into()));
    }
}

#[test]
fn a_killed_stow_of_a_file_that_the_index_has_no_more_stays_where_it_is() {
    let (repo, _) = with_unfinished_stow();
    repo.git("reset -q").success();
    stowed(repo.guard("stow"));
    assert!(!repo.exists("debug_new.py") && repo.exists(".claude_sessions/debugging/debug_new.py"));
}

fn assert_nothing_stowed(run: &Run, repo: &Repo) {
    assert!(run.code == 2 && run.err.contains("nothing was stowed"), "{run:?}");
    assert!(!repo.exists(STOWED));
    repo.assert_no_lock();
}

#[test]
fn stow_keeps_staged_contents_that_are_overwritten_while_it_runs() {
    let repo = Repo::new();
    repo.write(SCRIPT, "staged\n").git("add -A").success();
    let run = with_git_that(&repo, "index-info", &format!("echo since >>{SCRIPT}")).guard("stow");
    assert_nothing_stowed(&run, &repo);
    assert!(run.err.contains("was changed meanwhile\nhelp: run `stow` again"), "{run:?}");
    assert_eq!(repo.git("status --porcelain").success(), format!("AM {SCRIPT}\n"));
    stowed(repo.guard("stow"));
    assert_eq!((repo.read(STOWED), repo.read(AGAIN)), ("staged\nsince\n".into(), "staged\n".into()));
}

#[test]
fn a_directory_that_becomes_a_symlink_leads_nowhere() {
    let swap = |directory: &str| format!("mv {directory} moved; ln -s \"$PWD/../elsewhere\" {directory}");
    for (directory, is_undo) in
        [("backend", false), (".claude_sessions", false), ("backend", true), (".claude_sessions", true)]
    {
        let repo = with_committed_script();
        let elsewhere = repo.sibling("elsewhere");
        elsewhere.write("debug_it.py", "changed\n").write("debugging/debug_it.py", "changed\n");
        repo.write(SCRIPT, "changed\n")
            .write(".claude_sessions/debugging/x", "")
            .git("add -A backend")
            .success();
        if is_undo {
            stowed(repo.guard("stow"));
        }
        let arguments = if is_undo { "stow --undo" } else { "stow" };
        let run = with_git_that(&repo, "index-info", &swap(directory)).guard(arguments);
        assert_eq!(run.code, 2, "{directory} {arguments} {run:?}");
        let found = elsewhere.shell("find . -type f | sort | xargs cat; find . | wc -l").success();
        assert_eq!(found, "changed\nchanged\n4\n", "{directory} {arguments}");
        let kept = repo.shell("cat moved/debug_it.py moved/debugging/debug_it.py backend/debug_it.py").out;
        assert!(kept.contains("changed\n"), "{kept}");
    }
}

#[test]
fn staged_contents_of_a_deleted_file_are_written_as_git_checks_them_out() {
    for (setup, staged, expected) in [
        ("echo '*.py text eol=crlf' >.gitattributes", "a\r\n", "a\r\n"),
        ("git config core.autocrlf true", "a\r\n", "a\r\n"),
        ("echo '*.py ident' >.gitattributes", "$Id$", "$Id: b3f5ebfb5843bc43ceecff6d4f26bb37c615beb1 $"),
        ("echo '*.py working-tree-encoding=UTF-16LE' >.gitattributes", "a\0", "a\0"),
        ("git config filter.f.smudge 'tr a b'; echo '*.py filter=f' >.gitattributes", "a", "b"),
        // Without git-lfs, its pointers stay as they are.
        ("echo '*.py filter=lfs' >.gitattributes", "pointer", "pointer"),
        (
            "git config filter.lfs.smudge 'no-such-program %f'; git config filter.lfs.required true; \
             git config filter.lfs.clean cat; echo '*.py filter=lfs' >.gitattributes",
            "pointer",
            "pointer",
        ),
    ] {
        let repo = Repo::new();
        repo.shell(setup).success();
        repo.write(SCRIPT, staged).write("plain.txt", "plain").git("add -A").success();
        fs::remove_dir_all(repo.path("backend")).unwrap();
        stowed(repo.guard("stow"));
        assert_eq!(repo.read(STOWED), expected, "{setup}");
        repo.guard("stow --undo").success();
        assert!(!repo.exists(STOWED) && !repo.exists(SCRIPT), "{setup}");
    }
}

#[test]
fn files_of_the_user_are_not_taken_for_ours() {
    let names = [
        ".git/stage-guard/checkout/x",
        ".git/stage-guard/aside/0",
        ".git/stage-guard/mine",
        ".claude_sessions/debugging/.stage-guard-unfinished",
        ".stage-guard-unfinished",
    ];
    let repo = with_committed_script();
    for name in names {
        repo.write(name, "precious\n");
    }
    repo.write(SCRIPT, "staged\n")
        .write("debug_gone.py", "gone\n")
        .git("add backend debug_gone.py")
        .success();
    repo.write(SCRIPT, "changed\n").shell("rm debug_gone.py").success();
    stowed(repo.guard("stow"));
    make_record_old(&repo);
    repo.guard("stow --undo").success();
    stowed(repo.guard("stow"));
    repo.guard("stow --undo").success();
    for name in names {
        assert_eq!(repo.read(name), "precious\n", "{name}");
    }
}

#[test]
fn undo_restores_the_bits_of_an_entry() {
    let bits = ["--assume-unchanged", "--skip-worktree"];
    for options in [&bits[..1], &bits[1..], &bits[..]] {
        let repo = Repo::new();
        repo.stage(SCRIPT);
        for option in options {
            repo.git(&format!("update-index {option} {SCRIPT}")).success();
        }
        let before = repo.shell("git ls-files -v").success();
        repo.guard("stow").success();
        repo.guard("stow --undo").success();
        assert_eq!(repo.shell("git ls-files -v").success(), before, "{options:?}");
    }
}
