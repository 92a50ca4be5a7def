//! Files that work only where they are: `stow` unstages them, and moves none.

use super::{SCRIPT, STOWED, stowed};
use crate::sandbox::{BINARY, Repo};

const SETTINGS: &str = ".claude/settings.local.json";
const HOME: &str = ".claude_sessions/current/settings.local.json";
const UNSTAGED: &str = "unstaged: .claude/settings.local.json stays where it is\n";
const NOTE: &str = "note: git add stages .claude/settings.local.json again until git ignores it\n";

#[test]
fn a_new_file_is_unstaged_where_it_is() {
    for path in [SETTINGS, "sub/.claude/settings.local.json", "CLAUDE.local.md", ".serena/cache/x", "x.own"] {
        let repo = Repo::new();
        repo.write(".stage-guard.toml", "[[rule]]\nid = 'own'\nnames = ['*.own']\nstays = true\n");
        repo.git("add -A").success();
        repo.stage(path).stage(SCRIPT).write(path, "deny\n").git_args(&["add", path]).success();
        let before = repo.git("status --porcelain").success();
        let refused = repo.check();
        let command = refused.out.lines().find_map(|line| line.strip_prefix("stow: ")).unwrap();
        let output = repo.shell(command).success();
        let unstaged = format!("unstaged: {path} stays where it is\n");
        let note = format!("note: git add stages {path} again until git ignores it\n");
        assert!(output.contains(&unstaged) && output.contains(&note), "{output}");
        assert_eq!(repo.read(path), "deny\n");
        assert!(repo.exists(STOWED));
        repo.check().silent();
        stowed(repo.guard("stow --undo"));
        assert_eq!(repo.git("status --porcelain").success(), before);
        assert_eq!(repo.read(path), "deny\n");
        repo.write(".git/info/exclude", path);
        assert!(!stowed(repo.guard("stow")).contains("note: "));
        repo.assert_settled();
    }
}

#[test]
fn a_stow_of_such_files_alone_needs_no_session_directory() {
    let repo = Repo::new();
    let before = repo.read(".git/info/exclude");
    repo.stage(SETTINGS);
    let planned = stowed(repo.guard("stow --dry-run"));
    assert!(planned.starts_with(&UNSTAGED.replace("unstaged", "would unstage")), "{planned}");
    assert_eq!(stowed(repo.guard("stow")), format!("{UNSTAGED}{NOTE}undo: {BINARY} stow --undo\n"));
    assert!(!repo.exists(".claude_sessions") && repo.read(".git/info/exclude") == before);
}

#[test]
fn staged_contents_that_no_file_has_are_kept() {
    for (after, is_there) in [("echo newer > $1", true), ("rm $1", false)] {
        let repo = Repo::new();
        repo.stage(SETTINGS).shell(&after.replace("$1", SETTINGS)).success();
        let output = stowed(repo.guard("stow"));
        let copied = format!("stowed: the staged contents of {SETTINGS} -> {HOME}\n");
        assert!(output.starts_with(&copied), "{output}");
        assert_eq!(repo.read(HOME), format!("{SETTINGS}\n"));
        assert_eq!(repo.exists(SETTINGS), is_there);
        repo.check().silent();
        stowed(repo.guard("stow --undo"));
        assert!(!repo.exists(HOME) && repo.exists(SETTINGS) == is_there);
    }
}

#[test]
fn a_change_of_a_committed_file_is_unstaged_where_it_is() {
    for arguments in ["stow", "stow --changes .claude"] {
        let repo = Repo::new();
        repo.commit_unchecked(&[SETTINGS]).write(SETTINGS, "new\n").git("add -A").success();
        let output = stowed(repo.guard(arguments));
        assert!(output.starts_with(UNSTAGED) && !output.contains("note: "), "{output}");
        assert_eq!(repo.git("status --porcelain").success(), format!(" M {SETTINGS}\n"));
        assert_eq!(repo.read(SETTINGS), "new\n");
    }
}

#[test]
fn a_committed_file_that_is_named_is_untracked_where_it_is() {
    let repo = Repo::new();
    repo.commit_unchecked(&[SETTINGS]);
    let output = stowed(repo.guard("stow .claude"));
    let untracked = "untracked: .claude/settings.local.json stays where it is; the next commit deletes it";
    assert!(output.starts_with(untracked) && output.contains(NOTE), "{output}");
    assert_eq!(repo.read(SETTINGS), format!("{SETTINGS}\n"));
    repo.write(".git/info/exclude", ".claude/").assert_settled();
}

#[test]
fn an_untracked_file_is_left() {
    let repo = Repo::new();
    let skipped = format!("skipped: {SETTINGS} stays where it is\n");
    for arguments in ["stow .claude", "stow .claude/settings.local.json"] {
        repo.write(SETTINGS, "deny\n");
        let output = stowed(repo.guard(arguments));
        assert_eq!(output, format!("{skipped}nothing was stowed\n"), "{arguments}");
    }
    assert!(stowed(repo.write(SCRIPT, "x").guard("stow .")).contains(&skipped));
    assert!(repo.exists(SETTINGS) && repo.exists(STOWED));
    let json = stowed(repo.guard("stow --format json .claude"));
    assert!(json.contains(&format!(r#""left":[{{"text":"{SETTINGS}"}}]"#)), "{json}");
}

#[test]
fn a_file_that_is_renamed_to_such_a_name_stays() {
    let repo = Repo::new();
    repo.commit_unchecked(&["notes.md"]).git("mv notes.md CLAUDE.local.md").success();
    stowed(repo.guard("stow"));
    assert!(repo.exists("notes.md") && repo.exists("CLAUDE.local.md"));
    assert_eq!(repo.git("status --porcelain").success(), "?? CLAUDE.local.md\n");
}

#[test]
fn a_repository_stays() {
    let repo = Repo::new();
    let inner = repo.in_dir(".claude/worktrees/x");
    inner.git("init -q").success();
    inner.stage("x").git("commit -q --no-verify -m x").success();
    repo.shell("git add -A 2>/dev/null").success();
    let output = stowed(repo.guard("stow"));
    assert!(output.starts_with("unstaged: .claude/worktrees/x stays where it is\n"), "{output}");
    inner.git("status").success();
    repo.check().silent();
}
