//! The hook in every form of `git commit`.

use std::fs;
use std::os::unix::fs::symlink;

use super::sandbox::{Repo, make_executable};

const NOTE: &str = ".claude_sessions/current/x.py";
const TEST: &str = "backend/test_api.py";
/// A path of a rule that refuses changes, too.
const DEBUG: &str = "backend/debug_api.py";

#[test]
fn refuses_staged_session_work() {
    let repo = Repo::new();
    repo.stage(NOTE).stage(TEST).stage("backend/app/main.py");
    repo.commit().refuses(&[NOTE, TEST]);
}

#[test]
fn allows_production_code_silently() {
    let repo = Repo::new();
    repo.stage("backend/app/main.py").stage("backend/tests/test_api.py").commit().silent();
}

#[test]
fn guards_an_unborn_branch() {
    let repo = Repo::unborn();
    repo.stage("main.py").stage(NOTE);
    repo.commit().refuses(&[NOTE]);
}

#[test]
fn guards_a_detached_head() {
    let repo = Repo::new();
    repo.git("checkout -q --detach").success();
    repo.stage(NOTE).commit().refuses(&[NOTE]);
}

#[test]
fn guards_from_a_subdirectory() {
    let repo = Repo::new();
    repo.stage(NOTE).write("deep/down/x", "");
    repo.in_dir("deep/down").commit().refuses(&[NOTE]);
}

#[test]
fn checks_what_commit_all_stages() {
    let repo = Repo::new();
    repo.commit_unchecked(&[DEBUG, "kept.py"]);
    repo.write(DEBUG, "changed\n").write("kept.py", "changed\n");
    repo.commit().nothing_to_commit();
    repo.git("commit -q -a -m all").refuses(&[DEBUG]);
}

#[test]
fn allows_commit_all_to_delete_session_work() {
    let repo = Repo::new();
    repo.commit_unchecked(&[TEST]);
    fs::remove_file(repo.path(TEST)).unwrap();
    repo.git("commit -q -a -m all").silent();
}

#[test]
fn checks_only_the_paths_that_are_committed() {
    let repo = Repo::new();
    repo.stage("main.py").stage(NOTE);
    repo.git("commit -q -m path -- main.py").silent();
    repo.write("main.py", "changed\n");
    repo.git_args(&["commit", "-q", "-m", "path", "--", NOTE]).refuses(&[NOTE]);
}

#[test]
fn checks_an_amended_commit_against_head() {
    let repo = Repo::new();
    repo.commit_unchecked(&[NOTE]);
    repo.git("commit -q --amend -m reworded").silent();
    repo.stage(TEST);
    repo.git("commit -q --amend -m reworded").refuses(&[TEST]);
}

#[test]
fn reads_the_index_in_git_index_file() {
    let repo = Repo::new();
    let other = repo.env("GIT_INDEX_FILE", repo.path(".git/other-index"));
    other.git("read-tree HEAD").success();
    other.stage(NOTE);
    repo.commit().nothing_to_commit();
    other.commit().refuses(&[NOTE]);
    other.check().refuses(&[NOTE]).code(1);
}

#[test]
fn resolves_a_relative_git_index_file_as_git_does() {
    let repo = Repo::new();
    let other = repo.env("GIT_INDEX_FILE", ".git/other-index");
    other.git("read-tree HEAD").success();
    other.stage(NOTE);
    other.in_dir("deep").check().refuses(&[NOTE]).code(1);
    other.in_dir("deep").commit().refuses(&[NOTE]);
}

#[test]
fn refuses_a_rename_into_the_session_directory_and_allows_one_out() {
    let repo = Repo::new();
    repo.stage("main.py").commit().silent();
    fs::create_dir(repo.path(".claude_sessions")).unwrap();
    repo.git("mv main.py .claude_sessions/main.py").success();
    repo.commit().refuses(&[".claude_sessions/main.py"]);
    repo.git("commit -q --no-verify -m in").success();
    repo.git("mv .claude_sessions/main.py main.py").success();
    repo.commit().silent();
}

#[test]
fn refuses_a_copy_into_the_session_directory() {
    let repo = Repo::new();
    repo.write(NOTE, "a project\n").git_args(&["add", "-f", NOTE]).success();
    repo.env("GIT_CONFIG_PARAMETERS", "'diff.renames'='copies'").commit().refuses(&[NOTE]);
}

#[test]
fn allows_session_work_to_be_deleted() {
    let repo = Repo::new();
    repo.commit_unchecked(&[NOTE, TEST]);
    repo.git("rm -q -r .claude_sessions backend").success();
    repo.commit().silent();
}

#[test]
fn refuses_a_changed_mode_and_a_changed_type() {
    let repo = Repo::new();
    repo.commit_unchecked(&[DEBUG, "backend/debug_x.py"]);
    make_executable(&repo.path(DEBUG));
    fs::remove_file(repo.path("backend/debug_x.py")).unwrap();
    symlink("x", repo.path("backend/debug_x.py")).unwrap();
    repo.git("add backend").success();
    let findings = repo.findings("");
    let changes: Vec<_> = findings.iter().map(|(path, change, _)| (path.as_str(), change.as_str())).collect();
    assert_eq!(changes, [(DEBUG, "modified"), ("backend/debug_x.py", "typechanged")]);
    repo.commit().refuses(&[DEBUG, "backend/debug_x.py"]);
}

#[test]
fn refuses_a_symlink_or_gitlink_named_like_the_session_directory() {
    let repo = Repo::new();
    symlink("/tmp", repo.path(".claude_sessions")).unwrap();
    repo.git("add .claude_sessions").success();
    repo.commit().refuses(&[".claude_sessions"]);
    repo.git("rm -q --cached .claude_sessions").success();
    let head = repo.git("rev-parse HEAD").success();
    let gitlink = format!("160000,{},pkg/.claude_sessions", head.trim());
    repo.git_args(&["update-index", "--add", "--cacheinfo", &gitlink]).success();
    repo.commit().refuses(&["pkg/.claude_sessions"]);
}

#[test]
fn refuses_a_worktree_of_an_agent_and_a_symlink_to_one() {
    let repo = Repo::new();
    for worktree in [".claude/worktrees/a", "pkg/.claude/worktrees/b"] {
        repo.git(&format!("worktree add -q {worktree}")).success();
    }
    symlink("/tmp", repo.path(".claude/worktrees/c")).unwrap();
    repo.stage(".claude/skills/review/SKILL.md");
    repo.git("-c advice.addEmbeddedRepo=false add -A").success();
    let refused = [".claude/worktrees/a", ".claude/worktrees/c", "pkg/.claude/worktrees/b"];
    repo.commit().refuses(&refused);
}

#[test]
fn refuses_a_gitlink_that_gitmodules_ignores() {
    let repo = Repo::new();
    let modules = "[submodule \"s\"]\n\tpath = .claude_sessions\n\turl = ./s\n\tignore = all\n";
    repo.write(".gitmodules", modules).git("add .gitmodules").success();
    let head = repo.git("rev-parse HEAD").success();
    let gitlink = format!("160000,{},.claude_sessions", head.trim());
    repo.git_args(&["update-index", "--add", "--cacheinfo", &gitlink]).success();
    repo.commit().refuses(&[".claude_sessions"]);
    repo.git("update-index --split-index").success();
    repo.commit().refuses(&[".claude_sessions"]);
}

#[test]
fn refuses_the_session_directory_at_any_depth_and_in_any_case() {
    let repo = Repo::new();
    let paths =
        [".Claude_Sessions/x", ".claude_sessions/x", "pkg/.CLAUDE_SESSIONS/a/b", "pkg/.claude_sessions/x"];
    for path in paths {
        repo.stage(path);
    }
    repo.stage("claude_sessions/x").stage(".claude_sessions.md").stage("x.claude_sessions/y");
    repo.commit().refuses(&paths);
}

#[test]
fn refuses_ignored_session_work_that_was_added_by_force() {
    let repo = Repo::new();
    repo.write(".gitignore", ".claude_sessions/\n").git("add .gitignore").success();
    repo.stage(NOTE).commit().refuses(&[NOTE]);
}

#[test]
fn allows_intent_to_add_entries() {
    let repo = Repo::new();
    repo.write(NOTE, "x").git_args(&["add", "-f", "-N", NOTE]).success();
    repo.stage("main.py").commit().silent();
}

#[test]
fn guards_a_linked_worktree() {
    let repo = Repo::new();
    repo.git("worktree add -q ../linked").success();
    let linked = repo.sibling("linked");
    linked.stage(NOTE).commit().refuses(&[NOTE]);
    repo.commit().nothing_to_commit();
}

#[test]
fn guards_a_submodule() {
    let repo = Repo::new();
    let library = repo.sibling("library");
    fs::create_dir(&library.dir).unwrap();
    library.git("init -q").success();
    library.stage("lib.py").git("commit -q -m library").success();
    repo.git("-c protocol.file.allow=always submodule --quiet add ../library sub").success();
    repo.git("commit -q -m submodule").success();
    let sub = repo.in_dir("sub");
    sub.guard("install").success();
    sub.stage(NOTE).commit().refuses(&[NOTE]);
    assert_eq!(repo.refused(""), [""; 0]);
}

#[test]
fn guards_however_the_worktree_is_named() {
    for format in [&[][..], &["--object-format=sha256"]] {
        let repo = Repo::of_format(format);
        repo.write(".stage-guard.toml", "allow = [\"debug_x.py\"]\n").stage("debug_x.py").stage(NOTE);
        let outside = repo.sibling("outside");
        fs::create_dir(&outside.dir).unwrap();
        let top = repo.dir.display();
        for (directory, line) in [
            (&repo, "git --work-tree=. commit -q -m x".to_owned()),
            (&repo, "git --git-dir=.git --work-tree=. commit -q -m x".to_owned()),
            (&repo, format!("GIT_WORK_TREE={top} git commit -q -m x")),
            (&repo, "GIT_DIR=.git git commit -q -m x".to_owned()),
            (&repo, format!("GIT_DIR={top}/.git git commit -q -m x")),
            (&repo, "git -C . --namespace=other commit -q -m x".to_owned()),
            (&repo, "git -c alias.w='!git --work-tree=. commit -q -m x' w".to_owned()),
            (&repo.in_dir("deep"), "git --work-tree=.. commit -q -m x".to_owned()),
            (&outside, "git --git-dir=../repo/.git --work-tree=../repo commit -q -m x".to_owned()),
            (&outside, "git -C ../repo commit -q -m x".to_owned()),
        ] {
            directory.shell(&line).refuses(&[NOTE]);
        }
        repo.env("GIT_WORK_TREE", ".").check().refuses(&[NOTE]);
        repo.env("GIT_NAMESPACE", "other").check().refuses(&[NOTE]);
        // git ignores `core.worktree` in the user's configuration and in included files.
        repo.write("../other/.stage-guard.toml", "allow = [\"**\"]\n");
        let worktree = format!("[core]\n\tworktree = {}\n", repo.path("../other").display());
        repo.write("../global", &worktree).write(".git/included", &worktree);
        repo.env("GIT_CONFIG_GLOBAL", repo.path("../global")).commit().refuses(&[NOTE]);
        repo.git("config include.path included").success();
        repo.commit().refuses(&[NOTE]);
        repo.git("config --unset include.path").success();
        // Without a worktree setting, git uses the current directory as the worktree.
        repo.in_dir("deep").shell("GIT_DIR=../.git git commit -q -m x").refuses(&[NOTE, "debug_x.py"]);
        repo.git_args(&["config", "core.worktree", &outside.dir.display().to_string()]).success();
        outside.shell("git --git-dir=../repo/.git commit -q -m x").refuses(&[NOTE, "debug_x.py"]);
    }
}

#[test]
fn respects_git_dir_and_git_work_tree() {
    let repo = Repo::new();
    let elsewhere = repo.sibling("elsewhere");
    fs::create_dir(&elsewhere.dir).unwrap();
    let git_dir = repo.path(".git");
    let outside = elsewhere.env("GIT_DIR", &git_dir).env("GIT_WORK_TREE", &repo.dir);
    repo.stage(NOTE);
    outside.check().refuses(&[NOTE]).code(1);
    repo.git("update-index --split-index").success();
    outside.check().refuses(&[NOTE]).code(1);
    repo.in_dir("deep").env("GIT_DIR", &git_dir).env("GIT_WORK_TREE", "..").commit().refuses(&[NOTE]);
}

#[test]
fn the_stow_command_of_a_refusal_works() {
    let hostile = "backend/test_ 'q' $(x) *.py";
    let own_rule = "[[rule]]\nid = \"odd\"\nnames = [\"*odd\"]\n";
    let odd =
        ["!odd", "#odd", ",odd", "-odd", ":odd", "@odd", "^odd", "_odd", "{odd", "~odd", "ä-odd", " odd"];
    for repo in [Repo::new(), Repo::unborn()] {
        repo.write(".stage-guard.toml", own_rule);
        repo.stage("main.py").stage(NOTE).stage(TEST).stage(hostile).write(TEST, "changed since\n");
        for path in odd {
            repo.stage(path);
        }
        let run = repo.commit();
        assert_eq!(
            run.out.matches("refused: ").count() + run.err.matches("refused: ").count(),
            3 + odd.len()
        );
        repo.in_dir("deep/down").shell(&run.stow_command()).success();
        repo.commit().silent();
        assert_eq!(repo.git("show --format= --name-only").success(), "main.py\n");
        let stowed = fs::read_to_string(repo.path(".claude_sessions/tests/test_api.py")).unwrap();
        assert_eq!(stowed, "changed since\n");
        assert_eq!(repo.git("status --porcelain").success(), "?? .stage-guard.toml\n");
    }
}

#[test]
fn the_stow_command_names_paths_under_commit_all() {
    for arguments in [&["-a"][..], &["--", DEBUG, "backend/api_client.py"]] {
        let repo = Repo::new();
        repo.commit_unchecked(&[DEBUG, "backend/api_client.py"]);
        repo.write(DEBUG, "changed\n").write("backend/api_client.py", "fixed\n");
        let commit = [&["commit", "-q", "-m", "all"], arguments].concat();
        let run = repo.git_args(&commit).refuses(&[DEBUG]);
        assert!(run.stow_command().ends_with(" stow --changes -- :/backend/debug_api.py"), "{run:?}");
        repo.shell(&run.stow_command()).success();
        repo.git_args(&commit).silent();
        let stowed = fs::read_to_string(repo.path(".claude_sessions/debugging/debug_api.py")).unwrap();
        assert_eq!(stowed, "changed\n");
        // A committed file is not deleted when its change is stowed.
        assert!(repo.exists(DEBUG) && repo.git("ls-files").success().contains(DEBUG));
        assert!(repo.git("status --porcelain").success().lines().all(|line| line.ends_with("api_client.py")));
    }
}

#[test]
fn the_stow_command_works_under_commit_all_on_an_unborn_branch() {
    let repo = Repo::unborn();
    repo.stage("main.py").stage(NOTE);
    let run = repo.git("commit -q -a -m all").refuses(&[NOTE]);
    repo.shell(&run.stow_command()).success();
    repo.git("commit -q -a -m all").silent();
    repo.git("status --porcelain").silent();
}
