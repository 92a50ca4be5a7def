//! `init`, `archive` and `clean`, and the whole workflow.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::sandbox::{BINARY, Repo};

const DIRECTORIES: [&str; 5] = ["current", "archive", "tests", "debugging", "exploration"];

impl Repo {
    fn today(&self) -> String {
        self.shell("date +%Y-%m-%d").success().trim().to_owned()
    }

    /// Returns the names in a directory, sorted.
    fn names(&self, directory: &str) -> Vec<String> {
        let listed = fs::read_dir(self.path(directory)).into_iter().flatten();
        let mut names: Vec<_> =
            listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn the_workflow_of_the_readme_works() {
    let repo = Repo::new();
    repo.guard("init").success();
    repo.git("add .gitignore").success();
    repo.git("commit -q -m ignore").silent();
    // A debug script is written next to the code, with a fix.
    repo.stage("backend/login.py").commit().silent();
    repo.write("backend/debug_login.py", "print('what now?')\n");
    repo.write("backend/login.py", "fixed\n")
        .write(".claude_sessions/current/notes.md", "it was the cache\n");
    repo.git("add -A").success();
    let refused = repo.git("commit -q -m fix").refuses(&["backend/debug_login.py"]);
    // The command in the refusal stows it, and the fix is committed.
    repo.shell(&refused.stow_command()).success();
    assert_eq!(repo.read(".claude_sessions/debugging/debug_login.py"), "print('what now?')\n");
    repo.git("commit -q -m fix").silent();
    assert_eq!(repo.git("show --format= --name-only").success(), "backend/login.py\n");
    repo.git("status --porcelain").silent();
    // This session is archived, and the next one is deleted.
    repo.guard("archive").success();
    let notes = format!(".claude_sessions/archive/{}/notes.md", repo.today());
    assert_eq!(repo.read(&notes), "it was the cache\n");
    repo.write(".claude_sessions/current/again.md", "x").guard("clean --yes").success();
    assert_eq!(repo.names(".claude_sessions/current"), [""; 0]);
    assert_eq!(repo.read(&notes), "it was the cache\n");
    repo.git("status --porcelain").silent();
}

#[test]
fn init_creates_the_session_directory_and_ignores_it() {
    let repo = Repo::new();
    let output = repo.guard("init").success();
    for directory in DIRECTORIES {
        assert!(repo.path(format!(".claude_sessions/{directory}")).is_dir());
        assert!(output.contains(&format!("created: .claude_sessions/{directory}\n")), "{output}");
    }
    assert!(output.contains("ignored: by a line that was added to .gitignore\n"), "{output}");
    assert_eq!(repo.read(".gitignore"), ".claude_sessions/\n");
    assert_eq!(repo.git("status --porcelain").success(), "?? .gitignore\n");
    let readme = repo.read(".claude_sessions/README.md");
    for word in DIRECTORIES.into_iter().chain(["would this file run in production", "stage-guard stow"]) {
        assert!(readme.contains(word), "{word}");
    }
}

#[test]
fn a_second_init_changes_nothing() {
    let repo = Repo::new();
    repo.write(".claude_sessions/README.md", "ours\n").write(".claude_sessions/tests/x", "x\n");
    repo.guard("init").success();
    let state = || {
        repo.shell("find . -name .git -prune -o -print0 | sort -z | xargs -0 stat -c '%n %i %s %Y'").success()
    };
    let before = state();
    let output = repo.guard("init").success();
    assert_eq!(state(), before);
    assert!(output.starts_with("exists:  .claude_sessions, with all its directories\n"), "{output}");
    assert!(output.contains("ignored: already, by .gitignore:1: .claude_sessions/\n"), "{output}");
    assert_eq!(repo.read(".claude_sessions/README.md"), "ours\n");
}

#[test]
fn init_adds_its_line_to_an_existing_gitignore() {
    for (before, after) in [
        ("x", "x\n.claude_sessions/\n"),
        ("x\n", "x\n.claude_sessions/\n"),
        ("x\r\n", "x\r\n.claude_sessions/\r\n"),
        ("#.claude_sessions/\n", "#.claude_sessions/\n.claude_sessions/\n"),
        ("!.claude_sessions/\n", "!.claude_sessions/\n.claude_sessions/\n"),
        (".claude_sessions/current/\n", ".claude_sessions/current/\n.claude_sessions/\n"),
        (".claude_sessions/\n", ".claude_sessions/\n"),
        (".claude*\n", ".claude*\n"),
    ] {
        let repo = Repo::new();
        repo.write(".gitignore", before).guard("init").success();
        assert_eq!(repo.read(".gitignore"), after);
        repo.guard("init").success();
        assert_eq!(repo.read(".gitignore"), after);
    }
}

#[test]
fn init_adds_no_line_if_git_ignores_the_session_directory() {
    let repo = Repo::new();
    repo.write(".git/info/exclude", "*sessions/\n");
    let output = repo.guard("init").success();
    assert!(output.contains("ignored: already, by .git/info/exclude:1: *sessions/\n"), "{output}");
    assert!(!repo.path(".gitignore").exists());
    let repo = Repo::new();
    repo.write("../ignored", ".claude_sessions\n");
    repo.git("config core.excludesFile ../ignored").success();
    repo.guard("init").success();
    assert!(!repo.path(".gitignore").exists());
}

#[test]
fn init_exclude_changes_only_this_clone() {
    let repo = Repo::new();
    fs::remove_dir_all(repo.path(".git/info")).unwrap();
    let output = repo.guard("init --exclude").success();
    assert!(output.contains("ignored: by a line that was added to .git/info/exclude\n"), "{output}");
    assert_eq!(repo.read(".git/info/exclude"), ".claude_sessions/\n");
    repo.git("status --porcelain").silent();
    repo.git("worktree add -q ../linked").success();
    let output = repo.sibling("linked").guard("init --exclude").success();
    assert!(output.contains("ignored: already, by "), "{output}");
    repo.sibling("linked").git("status --porcelain").silent();
}

/// `.gitignore` files that list what is kept.
const ALLOWLISTS: [&str; 3] = [
    "*\n!*/\n!*.py\n!.gitignore\n",
    "*\n!*/\n!*.odd\n!.gitignore\n",
    "/*\n!/.*\n.claude_sessions/**\n!.claude_sessions/**/\n!*.log\n",
];

#[test]
fn init_makes_git_ignore_what_a_gitignore_re_includes() {
    for (rules, option) in ALLOWLISTS.iter().flat_map(|rules| [(rules, ""), (rules, "--exclude")]) {
        if rules.contains("!.claude_sessions") && !option.is_empty() {
            continue;
        }
        let repo = Repo::new();
        repo.write(".gitignore", rules).git("add -f .gitignore").success();
        let output = repo.guard(&format!("init {option}")).success();
        assert!(output.contains("ignored: by a line that was added to "), "{output}");
        for name in ["x.py", "x.odd", "x.md", "x.log", "x", "deep/x.py"] {
            for home in ["current", "archive", "tests", "debugging", "exploration"] {
                repo.write(format!(".claude_sessions/{home}/{name}"), "x");
            }
        }
        let status = repo.git("status --porcelain --untracked-files=all").success();
        assert!(!status.contains(".claude_sessions"), "{rules}{option}: {status}");
        assert!(repo.read(".gitignore").starts_with(*rules));
        let output = repo.guard("init").success();
        assert!(output.contains("ignored: already, by "), "{output}");
    }
}

#[test]
fn stow_makes_git_ignore_what_a_gitignore_re_includes() {
    let repo = Repo::new();
    repo.write(".gitignore", ALLOWLISTS[0]).git("add -f .gitignore").success();
    let output = repo.stage("debug_login.py").guard("stow").success();
    assert!(output.contains(", by a line in .claude_sessions/.gitignore\n"), "{output}");
    assert_eq!(repo.read(".claude_sessions/.gitignore"), "*\n");
    let status = repo.git("status --porcelain --untracked-files=all").success();
    assert_eq!(status, "A  .gitignore\n");
}

#[test]
fn init_leaves_rules_that_ignore_all_but_markers() {
    for rules in [".claude_sessions/*/*\n!.claude_sessions/*/.gitkeep\n", "*\n!/*.py\n", "*.*\n!*.py\n"] {
        let repo = Repo::new();
        repo.write(".gitignore", rules).guard("init").success();
        assert_eq!(repo.read(".gitignore"), rules);
    }
}

#[test]
fn init_refuses_ignore_files_that_are_not_regular() {
    for file in [".gitignore", ".git/info/exclude", ".claude_sessions/.gitignore"] {
        for option in ["", "--exclude"] {
            let repo = Repo::new();
            repo.in_dir(".claude_sessions");
            fs::remove_file(repo.path(file)).ok();
            repo.shell(&format!("mkfifo {file}")).success();
            repo.guard(&format!("init {option}")).fails_with("not a regular file");
        }
    }
    let repo = Repo::new();
    repo.in_dir(".gitignore");
    repo.guard("init").fails_with("not a regular file");
}

#[test]
fn init_refuses_symlinks() {
    for (link, words) in [
        (".claude_sessions", "`.claude_sessions` is a symlink to"),
        (".claude_sessions/tests", "`.claude_sessions/tests` is a symlink to"),
        (".gitignore", "`.gitignore` is a symlink, which git does not follow"),
    ] {
        let repo = Repo::new();
        repo.in_dir("../elsewhere");
        fs::create_dir_all(repo.path(link).parent().unwrap()).unwrap();
        symlink(repo.path("../elsewhere"), repo.path(link)).unwrap();
        repo.guard("init").fails_with(words);
        assert_eq!(repo.names("../elsewhere"), [""; 0]);
    }
    let repo = Repo::new();
    repo.write(".claude_sessions", "a file\n");
    repo.guard("init").fails_with("is not a directory");
}

const BEGIN: &str = "<!-- stage-guard: begin";
const END: &str = "<!-- stage-guard: end -->";

#[test]
fn instructions_are_a_marked_block() {
    let repo = Repo::new();
    let output = repo.guard("init --instructions CLAUDE.md --instructions docs.md").success();
    assert!(output.contains("created: CLAUDE.md, with the instructions\n"), "{output}");
    let text = repo.read("CLAUDE.md");
    assert!(text.starts_with(BEGIN) && text.ends_with(&format!("{END}\n")), "{text}");
    assert!(text.contains("stage-guard stow") && text.lines().count() < 16, "{text}");
    assert_eq!(repo.read("docs.md"), text);
    let output = repo.guard("init --instructions CLAUDE.md").success();
    assert!(output.contains("exists:  the instructions in CLAUDE.md\n"), "{output}");
}

/// The files that agents read by themselves.
const AGENT_FILES: [&str; 5] =
    ["AGENTS.md", "CLAUDE.md", "GEMINI.md", "QWEN.md", ".github/copilot-instructions.md"];

#[test]
fn instructions_without_a_file_are_for_the_files_that_exist() {
    for files in AGENT_FILES.iter().map(std::slice::from_ref).chain([&AGENT_FILES[..], &AGENT_FILES[1..3]]) {
        let repo = Repo::new();
        for file in files {
            repo.write(file, "# Ours\n");
        }
        repo.write("deep/CLAUDE.md", "ours").write("agents.md", "ours");
        let deep = repo.in_dir("deep");
        let output = deep.guard("init --instructions --exclude").success();
        assert!(output.contains("added to .git/info/exclude"), "{output}");
        for file in AGENT_FILES {
            let is_written = files.contains(&file);
            assert_eq!(output.contains(&format!("updated: the instructions in {file}\n")), is_written);
            assert_eq!(repo.exists(file) && repo.read(file).contains(BEGIN), is_written, "{file}");
        }
        assert_eq!(repo.read("deep/CLAUDE.md") + &repo.read("agents.md"), "oursours");
        let texts = || files.iter().map(|file| repo.read(file)).collect::<Vec<_>>();
        let first = texts();
        assert!(deep.guard("init --instructions").success().contains("exists:  the instructions in"));
        assert_eq!(texts(), first);
    }
}

#[test]
fn instructions_without_a_file_add_to_named_files() {
    let repo = Repo::new();
    repo.write("AGENTS.md", "");
    for arguments in ["--instructions --instructions=a.md", "--instructions b.md --instructions"] {
        let output = repo.guard(&format!("init {arguments}")).success();
        assert!(
            output.contains("the instructions in AGENTS.md\n") && output.contains("created: "),
            "{output}"
        );
    }
    repo.guard("init --instructions=").code(2);
}

#[test]
fn instructions_are_written_to_ignored_files() {
    let repo = Repo::new();
    repo.write(".gitignore", "*.md\n").write("CLAUDE.md", "ours\n");
    repo.guard("init --instructions").success();
    assert!(repo.read("CLAUDE.md").contains(BEGIN));
}

#[test]
fn instructions_without_a_file_need_one() {
    for (prepare, words, file) in [
        ("true", "none of these files exists: AGENTS.md, ", "AGENTS.md"),
        ("mkdir .github", "none of these files exists: AGENTS.md, ", "AGENTS.md"),
        ("touch .github", "none of these files exists: AGENTS.md, ", "AGENTS.md"),
        ("ln -s nothing AGENTS.md", "none of these files exists: AGENTS.md, ", "CLAUDE.md"),
        ("ln -s ../theirs.md AGENTS.md", "AGENTS.md is a symlink that leads out of the", "CLAUDE.md"),
    ] {
        let repo = Repo::new();
        repo.write("../theirs.md", "theirs").shell(prepare).success();
        let deep = repo.in_dir("deep");
        for (directory, up) in [(&repo, ""), (&deep, "../")] {
            let run = directory.guard("init --instructions");
            assert!(run.err.contains(words), "{run:?}");
            let command = run.err.rsplit('`').nth(1).unwrap();
            assert!(command.ends_with(&format!(" init --instructions={up}{file}")), "{command}");
            assert!(!repo.exists(".claude_sessions") && !repo.exists(".gitignore"), "{prepare}");
            let copy = repo.copy();
            assert!(
                copy.in_dir(if up.is_empty() { "." } else { "deep" })
                    .shell(command)
                    .success()
                    .contains("created: ")
            );
            assert!(
                copy.guard("init --instructions")
                    .success()
                    .contains(&format!("exists:  the instructions in {file}\n"))
            );
            run.fails_with("creates one");
        }
        assert_eq!(repo.read("../theirs.md"), "theirs");
    }
}

#[test]
fn one_file_with_two_names_gets_the_instructions_once() {
    for link in ["ln -s AGENTS.md CLAUDE.md", "ln AGENTS.md CLAUDE.md"] {
        let repo = Repo::new();
        repo.write("AGENTS.md", "ours\n").shell(link).success();
        let output = repo.guard("init --instructions").success();
        let lines = "updated: the instructions in AGENTS.md\nexists:  the instructions in CLAUDE.md\n";
        assert!(output.ends_with(lines), "{output}");
        assert_eq!(repo.read("CLAUDE.md").matches(BEGIN).count(), 1);
        repo.shell("test AGENTS.md -ef CLAUDE.md").success();
        assert_eq!(repo.path("CLAUDE.md").is_symlink(), link.contains("-s"));
    }
}

#[test]
fn a_file_that_imports_agents_md_is_skipped() {
    for (file, text, is_skipped) in [
        ("CLAUDE.md", "@AGENTS.md\n", true),
        ("CLAUDE.md", "# Ours\n\nRead @AGENTS.md first.\n", true),
        ("GEMINI.md", "@./AGENTS.md", true),
        ("CLAUDE.md", "Read `@AGENTS.md`.\n", false),
        ("CLAUDE.md", "Read AGENTS.md.\n", false),
    ] {
        let repo = Repo::new();
        repo.write(file, text);
        // Without the other file, the agent would have no instructions.
        let alone = repo.copy().guard("init --instructions").success();
        assert!(alone.contains(&format!("updated: the instructions in {file}\n")), "{alone}");
        repo.write("AGENTS.md", "");
        let output = repo.guard("init --instructions").success();
        let line = format!("skipped: {file}, which imports AGENTS.md\n");
        assert_eq!(output.contains(&line), is_skipped, "{output}");
        assert_eq!(repo.read(file) == text, is_skipped, "{file}");
        assert!(repo.read("AGENTS.md").contains(BEGIN));
        // The user has named it.
        repo.guard(&format!("init --instructions {file}")).success();
        assert!(repo.read(file).contains(BEGIN));
    }
}

#[test]
fn a_symlink_out_of_the_worktree_is_skipped() {
    for target in ["../theirs.md", ".git/theirs.md", "sub/theirs.md"] {
        let repo = Repo::new();
        repo.write("AGENTS.md", "ours\n");
        repo.shell("mkdir sub; git init -q sub").success();
        repo.write(target, "theirs");
        symlink(target, repo.path("CLAUDE.md")).unwrap();
        let output = repo.guard("init --instructions").success();
        let line = "skipped: CLAUDE.md, a symlink that leads out of the worktree\n";
        assert!(output.contains(line), "{output}");
        assert_eq!(repo.read("CLAUDE.md"), "theirs");
        assert!(repo.read("AGENTS.md").contains(BEGIN));
        // The user has named it.
        repo.guard("init --instructions CLAUDE.md").success();
        assert!(repo.read(target).contains(BEGIN));
    }
}

#[test]
fn instructions_change_nothing_outside_the_marks() {
    for (before, after) in [
        ("", ""),
        ("# Ours", ""),
        ("# Ours\n", ""),
        ("# Ours\r\n", ""),
        ("# Ours\n\n", "\n\n# After\n"),
        ("\u{feff}# Ours\n", "no newline"),
    ] {
        let repo = Repo::new();
        repo.write("AGENTS.md", before).guard("init --instructions AGENTS.md").success();
        let first = repo.read("AGENTS.md");
        assert!(first.starts_with(before), "{first}");
        // The block was changed, and text was added after it.
        let changed = format!("{first}{after}").replace("stage-guard stow", "something else");
        repo.write("AGENTS.md", &changed).guard("init --instructions AGENTS.md").success();
        assert_eq!(repo.read("AGENTS.md"), format!("{first}{after}"));
        assert_eq!(first.contains("\r\n"), before.contains("\r\n"));
        assert!(!first.contains("\r\n") || !first.replace("\r\n", "").contains('\n'));
    }
}

#[test]
fn init_refuses_marks_that_are_not_a_pair_and_binary_files() {
    for marks in ["BEGIN\n", "END\n", "END\nBEGIN\n", "BEGIN\nBEGIN\nEND\n", "BEGIN\nEND\nBEGIN\nEND\n"] {
        let repo = Repo::new();
        repo.guard("init --instructions other.md").success();
        let begin = repo.read("other.md").lines().next().unwrap().to_owned();
        let text = marks.replace("BEGIN", &begin).replace("END", END);
        repo.write("CLAUDE.md", &text)
            .guard("init --instructions CLAUDE.md")
            .fails_with("once each, in this order");
        assert_eq!(repo.read("CLAUDE.md"), text);
    }
    let repo = Repo::new();
    repo.write("AGENTS.md", "\u{feff}#\0x\0").guard("init --instructions").fails_with("a text in UTF-16");
    assert!(!repo.exists(".claude_sessions"));
    // Marks in a sentence are text.
    let repo = Repo::new();
    let text = format!("The lines `{END}` are ours.\n");
    repo.write("CLAUDE.md", &text).guard("init --instructions CLAUDE.md").success();
    assert!(repo.read("CLAUDE.md").starts_with(&text));
}

#[test]
fn instructions_follow_a_symlink_and_keep_the_mode() {
    let repo = Repo::new();
    repo.write("AGENTS.md", "ours\n");
    fs::set_permissions(repo.path("AGENTS.md"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("AGENTS.md", repo.path("CLAUDE.md")).unwrap();
    repo.guard("init --instructions CLAUDE.md").success();
    assert!(repo.path("CLAUDE.md").is_symlink() && repo.read("AGENTS.md").contains(BEGIN));
    let mode = fs::metadata(repo.path("AGENTS.md")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    repo.shell("mkfifo pipe").success();
    for file in ["nowhere/CLAUDE.md", "../repo", "dangling", "pipe", ""] {
        symlink("nothing", repo.path("dangling")).ok();
        repo.guard_args(&["init", "--instructions", file]).code(2);
    }
    repo.in_dir("deep").guard("init --instructions ../deep.md").success();
    assert!(repo.path("deep.md").exists());
}

#[test]
fn instructions_keep_hard_links_and_files_with_internal_names() {
    let repo = Repo::new();
    repo.write("AGENTS.md", "ours\n").write(".stage-guard-unfinished", "ours");
    repo.write(".claude_sessions/.stage-guard-unfinished", "ours");
    fs::hard_link(repo.path("AGENTS.md"), repo.path("CLAUDE.md")).unwrap();
    let output = repo.guard("init --instructions CLAUDE.md").success();
    assert!(output.contains("updated: the instructions in CLAUDE.md\n"), "{output}");
    assert_eq!(repo.read("AGENTS.md"), repo.read("CLAUDE.md"));
    assert!(repo.read("AGENTS.md").contains(BEGIN));
    for directory in [".", ".claude_sessions"] {
        assert_eq!(repo.read(&format!("{directory}/.stage-guard-unfinished")), "ours");
        assert!(
            !repo.names(directory).iter().any(|name| name.starts_with(".stage-guard-") && name.len() > 25)
        );
    }
}

/// A file of another user that cannot be given away, and one with attributes of its own.
#[test]
fn instructions_keep_the_owner() {
    let repo = Repo::new();
    if repo.shell("[ $(id -u) = 0 ] && command -v setpriv").code != 0 {
        eprintln!("skipped: only root can change the owner of a file, and without setpriv it keeps it");
        return;
    }
    repo.write("AGENTS.md", "ours\n").write("CLAUDE.md", "ours\n").guard("init").success();
    let facts = || repo.shell("stat -c '%n %u:%g %a %h' *.md").success();
    repo.shell("chown 12345:12346 *.md; chmod 646 AGENTS.md; chmod 666 CLAUDE.md").success();
    let before = facts();
    // With capabilities, root gives a new file to the owner of the old one.
    repo.guard("init --instructions").success();
    assert_eq!(facts(), before);
    repo.shell("echo changed | tee AGENTS.md CLAUDE.md; chown 12345:12346 *.md; chmod 646 AGENTS.md")
        .success();
    let as_nobody = format!("setpriv --bounding-set=-all {BINARY} init --instructions");
    repo.shell(&as_nobody).success();
    assert_eq!(facts(), before);
    for file in ["AGENTS.md", "CLAUDE.md"] {
        assert!(repo.read(file).contains(BEGIN));
    }
    assert!(!repo.shell("ls -A . .git").success().contains(".stage-guard-"));
}

/// A limit on the size of files takes the place of a full disk.
#[test]
fn instructions_lose_nothing_if_the_disk_is_full() {
    let old = "ours\n".repeat(500);
    for (link, signal) in [(false, "''"), (true, "''"), (false, "-"), (true, "-")] {
        let repo = Repo::new();
        repo.guard("init").success();
        repo.write("AGENTS.md", &old);
        if link {
            fs::hard_link(repo.path("AGENTS.md"), repo.path("CLAUDE.md")).unwrap();
        }
        // 3 KiB, in blocks of 512 bytes: the old contents fit, the new ones do not.
        let limited = format!("trap {signal} XFSZ; ulimit -f 6; exec {BINARY} init --instructions");
        let run = repo.shell(&limited);
        let is_killed = signal == "-";
        assert_eq!(run.code == 2, !is_killed, "{run:?}");
        let leftovers = repo.shell("ls -d .stage-guard-* || true; cd .git; cat .stage-guard-* || true").out;
        let is_whole = repo.read("AGENTS.md") == old;
        assert_eq!(is_whole, !is_killed || !link, "{run:?}");
        // A killed process leaves the old contents of a file that it was overwriting.
        assert_eq!(leftovers == old, is_killed && link, "{leftovers}");
        assert_eq!(leftovers.is_empty(), !is_killed, "{leftovers}");
    }
}

/// The other program saves after `init` has read the file, and before it runs git.
#[test]
fn init_and_install_keep_what_is_saved_meanwhile() {
    for (command, file) in
        [("init --instructions CLAUDE.md", "CLAUDE.md"), ("install --agent=claude", ".claude/settings.json")]
    {
        let repo = Repo::new();
        repo.write(file, "{}\n");
        let git = repo.shell("command -v git").success();
        let bin = repo.sibling("bin");
        let save = format!("printf '{{\"saved\": 1}}\\n' >{}", repo.path(file).display());
        bin.program("git", &format!("#!/bin/sh\n{save}\nexec {} \"$@\"\n", git.trim()));
        let path = format!("{}:{}", bin.dir.display(), std::env::var("PATH").unwrap());
        repo.env("PATH", path).guard(command).success();
        let text = repo.read(file);
        assert!(text.contains("saved") && text.contains("stage-guard"), "{text}");
    }
}

#[test]
fn archive_moves_the_contents_of_current_to_a_dated_directory() {
    let repo = Repo::new();
    repo.guard("init").success();
    assert_eq!(repo.guard("archive").success(), "there is nothing to archive\n");
    repo.write(".claude_sessions/current/plan.md", "1").write(".claude_sessions/current/deep/er.md", "2");
    repo.write(".claude_sessions/current/.hidden", "3");
    symlink("/etc", repo.path(".claude_sessions/current/link")).unwrap();
    let date = repo.today();
    let output = repo.guard("archive --dry-run").success();
    assert!(output.contains(&format!(
        "would archive: .claude_sessions/current/plan.md -> .claude_sessions/archive/{date}/plan.md\n"
    )));
    assert_eq!(repo.names(".claude_sessions/current").len(), 4);
    let done = repo.guard("archive").success();
    assert_eq!(done, output.replace("would archive:", "archived:"));
    let archive = format!(".claude_sessions/archive/{date}");
    assert_eq!(repo.names(&archive), [".hidden", "deep", "link", "plan.md"]);
    assert_eq!(repo.names(".claude_sessions/current"), [""; 0]);
    assert_eq!(fs::read_link(repo.path(format!("{archive}/link"))).unwrap(), Path::new("/etc"));
    // A second archive of the same day adds to it.
    repo.write(".claude_sessions/current/plan.md", "4").write(".claude_sessions/current/deep/x", "5");
    repo.write(".claude_sessions/current/plan-2.md", "6");
    repo.guard("archive").success();
    assert_eq!(repo.read(&format!("{archive}/plan.md")), "1");
    assert_eq!(repo.read(&format!("{archive}/plan-2.md")), "6");
    assert_eq!(repo.read(&format!("{archive}/plan-3.md")), "4");
    assert_eq!(repo.read(&format!("{archive}/deep/er.md")), "2");
    assert_eq!(repo.read(&format!("{archive}/deep-2/x")), "5");
}

#[test]
fn archive_uses_the_local_date() {
    for zone in ["Etc/GMT+12", "Etc/GMT-14", "UTC", "<x>-23:59", "<x>+23:59"] {
        let repo = Repo::new();
        repo.write(".claude_sessions/current/x", "x");
        let zoned = repo.env("TZ", zone);
        let before = zoned.today();
        zoned.guard("archive -q").success();
        let names = repo.names(".claude_sessions/archive");
        assert!(names == [before] || names == [zoned.today()], "{zone}: {names:?}");
    }
}

#[test]
fn clean_deletes_only_the_contents_of_current() {
    let repo = Repo::new();
    repo.guard("init").success();
    assert_eq!(repo.guard("clean").success(), "there is nothing to delete\n");
    repo.in_dir("../elsewhere").write("precious", "x");
    for path in
        ["current/a", "current/deep/b", "current/.c", "current/git/.gitignore", "tests/kept", "archive/kept"]
    {
        repo.write(format!(".claude_sessions/{path}"), "x");
    }
    symlink("../../../elsewhere", repo.path(".claude_sessions/current/link")).unwrap();
    symlink("../../../../elsewhere", repo.path(".claude_sessions/current/deep/link")).unwrap();
    symlink("nowhere", repo.path(".claude_sessions/current/dangling")).unwrap();
    let output = repo.guard("clean --dry-run").success();
    assert!(output.contains("would delete: .claude_sessions/current/deep/\n"), "{output}");
    assert!(output.contains("would delete: .claude_sessions/current/link\n"), "{output}");
    assert_eq!(repo.names(".claude_sessions/current").len(), 6);
    repo.guard("clean").fails_with("there is no terminal to ask on");
    assert_eq!(repo.names(".claude_sessions/current").len(), 6);
    assert_eq!(repo.guard("clean --yes").success(), output.replace("would delete:", "deleted:"));
    assert_eq!(repo.names(".claude_sessions/current"), [""; 0]);
    assert_eq!(
        repo.names(".claude_sessions"),
        ["README.md", "archive", "current", "debugging", "exploration", "tests"]
    );
    assert_eq!(repo.read(".claude_sessions/tests/kept"), "x");
    assert_eq!(repo.names("../elsewhere"), ["precious"]);
}

#[test]
fn clean_asks_on_a_terminal() {
    for (answer, is_deleted) in [("y", true), ("YES", true), ("n", false), ("", false), ("yeah", false)] {
        let repo = Repo::new();
        repo.write(".claude_sessions/current/a", "x");
        let run = repo.terminal(&format!("{BINARY} clean"), &format!("{answer}\n"));
        assert!(run.out.contains("delete this file for good? [y/N]") && run.code == 0, "{run:?}");
        assert_eq!(repo.names(".claude_sessions/current").is_empty(), is_deleted, "{answer}");
    }
}

/// Creates what `clean` must not delete in `current/`, and scraps beside it.
fn repo_with_nested_repositories() -> Repo {
    let repo = Repo::new();
    repo.guard("init").success();
    let current = repo.in_dir(".claude_sessions/current");
    current.git("init -q own").success();
    current.git("init -q deep/er/own").success();
    current.git("init -q --bare deep/bare.git").success();
    current.git("init -q --separate-git-dir=../../../separate apart").success();
    repo.git("worktree add -q --detach .claude_sessions/current/linked").success();
    repo.git("worktree add -q --detach .claude_sessions/current/deep/linked").success();
    for file in ["scrap", "own/work", "deep/scrap", "deep/er/scrap", "deep/er/own/work", "linked/work"] {
        current.write(file, "x");
    }
    repo
}

#[test]
fn clean_skips_repositories_and_linked_worktrees() {
    let repo = repo_with_nested_repositories();
    let dry_run = repo.guard("clean --dry-run").success();
    let output = repo.guard("clean --yes").success();
    assert_eq!(dry_run.replace("would delete:", "deleted:"), output);
    let current = ".claude_sessions/current";
    let skipped = ["apart", "deep/bare.git", "deep/er/own", "own"];
    for path in skipped {
        assert!(output.contains(&format!("skipped: {current}/{path} is a repository\n")), "{output}");
    }
    for path in ["linked", "deep/linked"] {
        assert!(output.contains(&format!("skipped: {current}/{path} is a linked worktree\n")), "{output}");
        assert!(output.contains(&format!("then: git -C {current}/{path} worktree remove .\n")), "{output}");
    }
    for path in ["scrap", "deep/scrap", "deep/er/scrap"] {
        assert!(output.contains(&format!("deleted: {current}/{path}\n")), "{output}");
    }
    assert_eq!(repo.names(current), ["apart", "deep", "linked", "own"]);
    assert_eq!(repo.names(&format!("{current}/deep")), ["bare.git", "er", "linked"]);
    assert_eq!(repo.names(&format!("{current}/deep/er")), ["own"]);
    assert_eq!(repo.read(&format!("{current}/own/work")), "x");
    repo.git("-C .claude_sessions/current/deep/linked worktree remove .").success();
    assert!(!repo.exists(&format!("{current}/deep/linked")));
    // Once is not twice.
    repo.guard("clean --yes --force").success();
    assert_eq!(repo.names(current), ["apart", "deep", "linked", "own"]);
}

#[test]
fn clean_prints_a_path_of_a_worktree_that_is_right_in_each_directory() {
    let (repo, other) = (Repo::new(), Repo::new());
    repo.write("sub/x", "").guard("init").success();
    repo.git("worktree add -q .claude_sessions/current/w").success();
    let top = repo.path("").to_str().expect("the path is UTF-8").to_owned();
    for (place, directory) in
        [(&repo, "."), (&repo.in_dir("sub"), "."), (&repo.in_dir("sub"), ".."), (&other, &top)]
    {
        let output = place.guard_args(&["-C", directory, "clean", "--yes"]).success();
        let then = output.lines().find_map(|line| line.strip_prefix("then: ")).expect("a command is printed");
        assert_eq!(place.shell(&then.replace("worktree remove .", "branch --show-current")).success(), "w\n");
    }
}

#[test]
fn clean_force_twice_deletes_repositories_and_no_worktree() {
    let repo = repo_with_nested_repositories();
    repo.git("-C .claude_sessions/current/own commit -q --allow-empty -m own").success();
    repo.git("-C .claude_sessions/current/own worktree add -q --detach ../../../../elsewhere").success();
    let run = repo.guard("clean -ff");
    run.fails_with("there is no terminal to ask on");
    let run = repo.terminal(&format!("{BINARY} clean -ff"), "y\n");
    let current = ".claude_sessions/current";
    for path in ["apart", "deep/bare.git", "deep/er/own"] {
        assert!(run.out.contains(&format!("  {current}/{path}/, a repository\r\n")), "{run:?}");
    }
    assert!(run.out.contains(&format!("  skipped: {current}/deep/linked is a linked worktree")), "{run:?}");
    assert!(
        run.out.contains(&format!("skipped: {current}/own is a repository with linked worktrees")),
        "{run:?}"
    );
    assert_eq!(repo.names(current), ["deep", "linked", "own"]);
    assert_eq!(repo.names(&format!("{current}/deep")), ["linked"]);
    assert_eq!(repo.read(&format!("{current}/linked/work")), "x");
    repo.sibling("elsewhere").git("status --porcelain").silent();
}

#[test]
fn clean_leaves_a_session_directory_that_is_a_repository() {
    for directory in [".claude_sessions", ".claude_sessions/current"] {
        let repo = Repo::new();
        repo.guard("init").success();
        repo.in_dir(directory).git("init -q .").success();
        repo.write(".claude_sessions/current/work", "x");
        let output = repo.guard("clean --yes").success();
        assert!(output.contains(&format!("skipped: {directory} is a repository\n")), "{output}");
        assert_eq!(repo.read(".claude_sessions/current/work"), "x");
        let output = repo.guard("archive").success();
        assert_eq!(output.contains("is a repository\n"), directory.ends_with("current"), "{output}");
        assert!(repo.path(format!("{directory}/.git")).exists());
    }
}

#[test]
fn archive_leaves_what_would_not_work_elsewhere() {
    let repo = repo_with_nested_repositories();
    let current = repo.in_dir(".claude_sessions/current");
    // A repository with a submodule, whose `.git` file is relative, can be moved.
    current.git("init -q outer").success();
    current.write("outer/sub/.git", "gitdir: ../.git/modules/sub\n");
    current.in_dir("outer/.git/modules").git("init -q --bare sub").success();
    // A repository with a worktree elsewhere cannot.
    current.git("init -q main").success();
    current.in_dir("main").git("commit -q --allow-empty -m main").success();
    current.in_dir("main").git("worktree add -q --detach ../../../../main-linked").success();
    let dry_run = repo.guard("archive --dry-run").success();
    let output = repo.guard("archive").success();
    assert_eq!(dry_run.replace("would archive:", "archived:"), output);
    let archive = format!(".claude_sessions/archive/{}", repo.today());
    assert_eq!(repo.names(&archive), ["deep", "outer", "own", "scrap"]);
    assert_eq!(repo.names(".claude_sessions/current"), ["apart", "deep", "linked", "main"]);
    // The rest of a directory moves without what is skipped.
    assert_eq!(repo.names(&format!("{archive}/deep")), ["bare.git", "er", "scrap"]);
    assert_eq!(repo.names(".claude_sessions/current/deep"), ["linked"]);
    for skipped in [
        "apart is a repository whose git directory is elsewhere",
        "deep/linked is a linked worktree",
        "linked is a linked worktree",
        "main is a repository with linked worktrees",
    ] {
        assert!(output.contains(&format!("skipped: .claude_sessions/current/{skipped}\n")), "{output}");
    }
    repo.git("worktree prune --dry-run --verbose").silent();
    repo.sibling("main-linked").git("status --porcelain").silent();
    current.in_dir("../archive").git(&format!("-C {}/own status --porcelain", repo.today())).success();
}

#[test]
fn archive_and_clean_refuse_symlinks() {
    for link in [".claude_sessions", ".claude_sessions/current"] {
        for target in ["../elsewhere", "backend"] {
            let repo = Repo::new();
            repo.write("../elsewhere/current/precious", "x").write("backend/current/precious", "x");
            fs::create_dir_all(repo.path(link).parent().unwrap()).unwrap();
            symlink(repo.path(target), repo.path(link)).unwrap();
            for command in ["archive", "clean --yes", "clean --dry-run"] {
                repo.guard(command).fails_with("is a symlink to");
            }
            assert_eq!(repo.names(&format!("{target}/current")), ["precious"]);
        }
    }
    let repo = Repo::new();
    repo.write(".claude_sessions/current/x", "x").in_dir("../elsewhere");
    fs::create_dir(repo.path(".claude_sessions/archive")).unwrap();
    let dated = format!(".claude_sessions/archive/{}", repo.today());
    symlink(repo.path("../elsewhere"), repo.path(&dated)).unwrap();
    repo.guard("archive").fails_with("is a symlink to");
    assert_eq!(repo.names(".claude_sessions/current"), ["x"]);
}

#[test]
fn archive_keeps_the_paths_in_a_directory_that_it_splits() {
    let repo = Repo::new();
    repo.git("worktree add -q --detach .claude_sessions/current/d/tree").success();
    let archive = format!(".claude_sessions/archive/{}", repo.today());
    for directory in ["d", "d-2"] {
        repo.write(".claude_sessions/current/d/note", "x").write(".claude_sessions/current/d/e/f", "x");
        repo.guard("archive").success();
        assert_eq!(repo.names(&format!("{archive}/{directory}")), ["e", "note"]);
        assert_eq!(repo.names(".claude_sessions/current/d"), ["tree"]);
    }
    // With nothing to move, no directory is created.
    repo.guard("archive").success();
    assert_eq!(repo.names(&archive), ["d", "d-2"]);
}

#[test]
fn archive_does_not_split_a_repository() {
    let repo = Repo::new();
    let current = repo.in_dir(".claude_sessions/current");
    current.git("init -q d/own").success();
    repo.git("worktree add -q --detach .claude_sessions/current/d/own/linked").success();
    current.write("d/own/work", "x").write("d/note", "x");
    let output = repo.guard("archive").success();
    assert!(output.contains("current/d/own/linked is a linked worktree\n"), "{output}");
    assert_eq!(repo.names(".claude_sessions/current/d"), ["own"]);
    assert_eq!(repo.names(".claude_sessions/current/d/own"), [".git", "linked", "work"]);
}

#[test]
fn archive_skips_what_cannot_be_moved_to_another_file_system() {
    let repo = Repo::new();
    let current = repo.in_dir(".claude_sessions/current");
    current.write("deep/note", "x").write("file", "x").shell("mkfifo pipe; ln -s x link").success();
    repo.in_dir(".claude_sessions/archive");
    let script = "mount -t tmpfs none .claude_sessions/archive && \"$GUARD\" archive && \
        ls .claude_sessions/archive/*";
    let Some(run) = repo.env("GUARD", BINARY).shell_with_mounts(script) else { return };
    let output = run.success();
    for path in ["deep", "pipe"] {
        let line =
            format!("skipped: .claude_sessions/current/{path} cannot be moved to another file system\n");
        assert!(output.contains(&line), "{output}");
    }
    assert!(output.ends_with("\nfile\nlink\n"), "{output}");
    assert_eq!(repo.names(".claude_sessions/current"), ["deep", "pipe"]);
    assert_eq!(repo.read(".claude_sessions/current/deep/note"), "x");
}

#[test]
fn archive_and_clean_skip_tracked_files() {
    let repo = Repo::new();
    repo.commit_unchecked(&[".claude_sessions/current/.gitkeep", ".claude_sessions/current/deep/x"]);
    for (command, word, path, kept) in
        [("clean --yes", "deleted", "deep", &["x", "y"][..]), ("archive", "archived", "deep/x", &["x"])]
    {
        repo.write(".claude_sessions/current/deep/y", "y").write(".claude_sessions/current/z", "z");
        let output = repo.guard(command).success();
        assert!(output.contains(&format!("{word}: .claude_sessions/current/z")), "{output}");
        for path in [".gitkeep", path] {
            let line = format!("skipped: .claude_sessions/current/{path} is tracked by git\n");
            assert!(output.contains(&line), "{output}");
        }
        assert_eq!(repo.names(".claude_sessions/current"), [".gitkeep", "deep"]);
        assert_eq!(repo.names(".claude_sessions/current/deep"), kept);
    }
}

#[test]
fn archive_and_clean_compare_names_with_the_index_as_git_does() {
    for (tracked, on_disk) in [
        (".claude_sessions/current/Notes.md", ".claude_sessions/current/notes.md"),
        (".Claude_Sessions/current/n", ".claude_sessions/current/n"),
        (".claude_sessions/Current/Deep/n", ".claude_sessions/current/deep/N"),
    ] {
        let repo = Repo::new();
        repo.commit_unchecked(&[tracked]);
        repo.shell(&format!("rm -r .[Cc]laude*; mkdir -p $(dirname {on_disk})")).success();
        repo.write(on_disk, "uncommitted");
        repo.git("config core.ignoreCase true").success();
        for command in ["clean --yes", "archive"] {
            let output = repo.guard(command).success();
            assert!(output.starts_with("skipped: ") && output.ends_with(" is tracked by git\n"), "{output}");
            assert_eq!(repo.read(on_disk), "uncommitted");
        }
        repo.git("config core.ignoreCase false").success();
        assert!(repo.guard("clean --yes").success().starts_with("deleted: "));
    }
}

#[test]
fn archive_and_clean_go_on_after_an_entry_that_fails() {
    if Repo::new().shell("[ $(id -u) != 0 ] || command -v setpriv").code != 0 {
        eprintln!("skipped: without setpriv, root can write to every directory");
        return;
    }
    for (command, word) in [("archive", "archived"), ("clean --yes", "deleted")] {
        let repo = Repo::new();
        let current = repo.in_dir(".claude_sessions/current");
        current.write("a", "").write("m/1", "").write("m/inner/2", "").write("m/n", "").write("z", "");
        // A directory moves only if it can be written to: its `..` changes.
        let locked = if command == "archive" { "m" } else { "m/inner" };
        // For root, modes count only without its capabilities.
        let script = format!(
            "cd .claude_sessions/current && chmod 500 {locked} && case $(id -u) in              0) setpriv --bounding-set=-all {BINARY} {command} ;; *) {BINARY} {command} ;; esac"
        );
        let run = repo.shell(&script);
        repo.shell("chmod -R u+w .claude_sessions").success();
        assert_eq!(run.code, 2, "{run:?}");
        for path in ["a", "z"] {
            assert!(run.out.contains(&format!("{word}: .claude_sessions/current/{path}")), "{run:?}");
            assert!(!current.exists(path));
        }
        assert!(run.err.starts_with("stage-guard: cannot "), "{run:?}");
        assert!(current.exists("m/inner/2"));
        let partly = run.out.contains("deleted: .claude_sessions/current/m/n\n");
        assert_eq!((partly, current.exists("m/n")), (command != "archive", command == "archive"), "{run:?}");
    }
}

#[test]
fn archive_moves_directories_of_a_lower_layer() {
    let repo = Repo::new();
    let script = format!(
        "mount -t tmpfs none ../mnt && cd ../mnt && mkdir l u w m && git init -q l && \
         mkdir -p l/.claude_sessions/current/d/e && chmod 750 l/.claude_sessions/current/d && \
         echo x >l/.claude_sessions/current/d/e/x && \
         mount -t overlay o -o lowerdir=l,upperdir=u,workdir=w,redirect_dir=off m && cd m && \
         {BINARY} archive && cat .claude_sessions/archive/*/d/e/x && stat -c %a .claude_sessions/archive/*/d && \
         ls .claude_sessions/current"
    );
    repo.shell("mkdir ../mnt").success();
    let Some(run) = repo.shell_with_mounts(&script) else { return };
    let output = run.success();
    assert!(output.starts_with("archived: .claude_sessions/current/d -> "), "{output}");
    assert!(output.ends_with("\nx\n750\n"), "{output}");
}

#[test]
fn unsupported_options_are_refused() {
    let repo = Repo::new();
    for command in ["init --dry-run", "init --format json", "archive --format json", "clean --yes --config x"]
    {
        repo.guard(command).fails_with("unexpected argument '--");
    }
    assert_eq!(repo.names("."), [".git", "README.md"]);
    for command in ["init -q", "install -q", "uninstall -q"] {
        repo.guard(command).silent();
    }
    assert_eq!(repo.write(".claude_sessions/current/x", "x").guard("archive -q").success(), "1 archived\n");
    assert_eq!(repo.write(".claude_sessions/current/x", "x").guard("clean -q -y").success(), "1 deleted\n");
}

#[test]
fn a_report_that_cannot_be_printed_is_no_failure_of_what_is_done() {
    let repo = Repo::new();
    for (command, is_done) in
        [("init", true), ("clean --dry-run", false), ("archive", true), ("clean -y", true)]
    {
        repo.write(".claude_sessions/current/x", "x");
        let run = repo.shell(&format!("{BINARY} {command} >/dev/full"));
        assert_eq!(
            (run.code, run.err.contains("done, but")),
            (if is_done { 0 } else { 2 }, is_done),
            "{run:?}"
        );
    }
    assert_eq!(repo.names(".claude_sessions/current"), [""; 0]);
}
