//! `allow`: what it adds to the configuration, and what it refuses to write.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::sandbox::{BINARY, Repo, bytes};

const FILE: &str = ".stage-guard.toml";

impl Repo {
    /// Returns the names at the top of the worktree, sorted.
    fn top(&self) -> Vec<String> {
        let names = fs::read_dir(&self.dir).unwrap();
        let mut names: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn the_allow_line_of_a_refusal_lets_the_path_be_committed() {
    for path in ["backend/debug_login.py", "test_it's [a]*?{b}.py", "!\u{202e}\n_debug.py", "debug_ä.py"] {
        let repo = Repo::new();
        let directory = repo.in_dir("some where");
        repo.stage(path).stage("check_it.py");
        let refused = repo.commit().refuses_any().out;
        let line = refused.lines().find_map(|line| line.strip_prefix("allow: ")).unwrap().to_owned();
        assert!(
            line.contains(" allow -- ") && refused.lines().last().unwrap().starts_with("allow: "),
            "{refused}"
        );
        let allowed = directory.shell(&line.replace(" :/check_it.py", "")).success();
        assert!(
            allowed.starts_with("created: .stage-guard.toml\nupdated: .stage-guard.toml allows "),
            "{allowed}"
        );
        assert!(allowed.ends_with("\nthen: git add :/.stage-guard.toml\n"), "{allowed}");
        repo.commit().refuses(&["check_it.py"]);
        repo.git("reset -q -- check_it.py").success();
        directory.shell("git add :/.stage-guard.toml").success();
        repo.commit().silent();
        assert!(repo.git_args(&["cat-file", "-e", &format!("HEAD:{path}")]).success().is_empty());
    }
}

#[test]
fn a_refused_push_is_allowed_by_its_line() {
    let repo = Repo::new();
    repo.sibling(".").bare_server();
    repo.git("push -q ../server.git HEAD:main").success();
    repo.commit_unchecked(&["debug_x.py"]);
    repo.git("rm -q debug_x.py").success();
    repo.git("commit -q -m gone").success();
    repo.guard("install --strict").success();
    let refused = repo.git("push ../server.git HEAD:main").output();
    let line = refused.lines().find_map(|line| line.strip_prefix("allow: ")).unwrap();
    repo.shell(line).success();
    assert_eq!(repo.read(FILE), "allow = [\n    \"debug_x.py\",\n]\n");
    repo.guard("check --range HEAD~2..HEAD").silent();
}

#[test]
fn paths_are_relative_to_the_current_directory() {
    let absolute = |repo: &Repo| repo.path("debug_x.py").to_str().unwrap().to_owned();
    for typed in
        ["debug_x.py", "./debug_x.py", "a/../debug_x.py", ":/backend/debug_x.py", "../backend/debug_x.py"]
    {
        let repo = Repo::new();
        repo.in_dir("backend").guard(&format!("allow {typed}")).success();
        assert_eq!(repo.read(FILE), "allow = [\n    \"backend/debug_x.py\",\n]\n", "{typed}");
        repo.guard("explain backend/debug_x.py").success();
    }
    let repo = Repo::new();
    repo.guard(&format!("-C / allow {}", absolute(&repo))).fails_with("is not in a git repository");
    repo.in_dir("a").guard(&format!("allow {}", absolute(&repo))).success();
    repo.sibling(".").guard("-C repo/a allow check_x.py ../check_x.py").success();
    assert_eq!(
        repo.read(FILE),
        "allow = [\n    \"debug_x.py\",\n    \"a/check_x.py\",\n    \"check_x.py\",\n]\n"
    );
}

#[test]
fn other_bytes_and_the_mode_of_the_file_are_kept() {
    let repo = Repo::new();
    let before = "\u{feff}# ours\r\nallow = [ # why\r\n\t'a/**' # no comma\r\n] \r\n\r\n\r\n[production]\r\nroots=['x']";
    repo.write(FILE, before);
    fs::set_permissions(repo.path(FILE), fs::Permissions::from_mode(0o640)).unwrap();
    let metadata = fs::metadata(repo.path(FILE)).unwrap();
    repo.guard("allow debug_x.py").success();
    let after = before.replace("'a/**' # no comma", "'a/**', # no comma\r\n\t\"debug_x.py\"");
    assert_eq!(repo.read(FILE), after);
    let now = fs::metadata(repo.path(FILE)).unwrap();
    assert_eq!((now.mode(), now.uid(), now.gid()), (metadata.mode(), metadata.uid(), metadata.gid()));
    assert_eq!(repo.top(), [".git", FILE, "README.md"]);
}

#[test]
fn a_second_run_changes_nothing() {
    let repo = Repo::new();
    repo.guard("allow debug_x.py").success();
    let inode = || fs::metadata(repo.path(FILE)).unwrap().ino();
    let before = inode();
    repo.write("tools/scratch/x.py", "");
    let run = repo.guard("allow debug_x.py debug_x.py").success();
    assert_eq!(run, "exists: .stage-guard.toml allows debug_x.py\n");
    repo.write(FILE, "allow = ['tools/**']\n");
    let run = repo.guard("allow tools/scratch tools/scratch/x.py tools").success();
    let exists = |path: &str| format!("exists: .stage-guard.toml allows {path} by tools/**\n");
    assert_eq!(run, ["tools/scratch", "tools/scratch/x.py", "tools"].map(exists).concat());
    assert_eq!((repo.read(FILE).as_str(), inode()), ("allow = ['tools/**']\n", before));
}

#[test]
fn a_path_that_no_rule_can_refuse_is_only_noted() {
    let repo = Repo::new();
    repo.stage("backend/app/main.py");
    let run = repo.guard("allow backend/app/main.py nowhere").success();
    assert_eq!(run, "note: no rule refuses backend/app/main.py\nnote: no rule refuses nowhere\n");
    assert!(!repo.exists(FILE));
    let rules = repo.guard("rules").success();
    let ids = rules.lines().filter_map(|line| line.strip_prefix("id = "));
    let ids: Vec<&str> = ids.filter(|id| *id != "\"scratch-directory\"").collect();
    repo.write("no.toml", &format!("disable = [{}]\n", ids.join(", ")));
    let run = repo.guard("allow --config no.toml backend/tests").success();
    assert_eq!(run, "note: no rule refuses backend/tests\n");
    fs::create_dir_all(repo.path("backend/tests")).unwrap();
    let run = repo.guard("allow --config no.toml backend/tests").success();
    assert_eq!(run, "note: no rule refuses a file in backend/tests\n");
    assert!(repo.guard("allow --config no.toml lib/").success().starts_with("updated: "));
    // A commit without `x.py` is refused, whatever is here.
    repo.stage("x.py").guard("allow test_x.py").success();
    assert_eq!(repo.read(FILE), "allow = [\n    \"test_x.py\",\n]\n");
}

#[test]
fn a_directory_is_allowed_with_all_that_will_be_in_it() {
    let repo = Repo::new();
    repo.stage("tools/scratch/x.py").write("lib/scratch/y.py", "").write("lib/x.py", "");
    let run = repo.guard("allow tools/scratch/ lib").success();
    assert!(run.contains("allows tools/scratch/**\n") && run.contains("allows lib/**\n"), "{run}");
    repo.stage("tools/scratch/deep/z.py").stage("lib/scratch/y.py");
    repo.check().silent();
    // It need not hold a file that is refused, or exist.
    let repo = Repo::new();
    repo.stage("backend/x.py").in_dir(".claude_sessions");
    repo.guard("allow backend .claude_sessions api/").success();
    repo.stage("backend/debug_x.py").stage(".claude_sessions/x").stage("api/debug_x.py");
    repo.check().silent();
    // Another repository would be staged as one entry.
    let repo = Repo::new();
    repo.git("init -q .claude_sessions").success();
    repo.guard("allow .claude_sessions").success();
    assert_eq!(repo.read(FILE), "allow = [\n    \".claude_sessions\",\n]\n");
}

#[test]
fn a_glob_is_taken_for_a_path_only_if_that_exists() {
    let repo = Repo::new();
    for (path, glob) in [("backend/debug_*.py", "backend/debug_*.py"), ("test_[ab].py", "test_[ab].py")] {
        let run = repo.guard_args(&["allow", path]);
        let help =
            format!("help: add \"{glob}\" to `allow` in {FILE} to allow what it matches; ':/{path}' is ");
        assert!(run.err.contains(&help), "{run:?}");
        run.fails_with(&format!("`{path}` does not exist, and is taken for a path, not a glob"));
        assert!(!repo.exists(FILE));
        repo.write(FILE, &format!("allow = [\"{glob}\"]\n"));
        repo.stage(path.replace('*', "x").replace("[ab]", "a")).check().silent();
        fs::remove_file(repo.path(FILE)).unwrap();
        repo.guard_args(&["allow", &format!(":/{path}")]).success();
        fs::remove_file(repo.path(FILE)).unwrap();
        repo.write(path, "").guard_args(&["allow", path]).success();
        repo.stage(path).git_args(&["reset", "-q"]).success();
        fs::remove_file(repo.path(FILE)).unwrap();
    }
}

#[test]
fn explain_offers_to_allow_what_a_refusal_offers() {
    let repo = Repo::new();
    repo.in_dir(".claude_sessions");
    let explained = repo.guard("explain .claude_sessions .claude_sessions/x debug_x.py").out;
    let offered: Vec<&str> = explained.lines().filter(|line| line.starts_with("  allow: ")).collect();
    assert!(matches!(*offered, [line] if line.ends_with(" allow -- :/debug_x.py")), "{explained}");
}

#[test]
fn a_path_that_no_entry_can_name_fails() {
    let repo = Repo::new();
    repo.git("init -q sub").success();
    repo.in_dir("real");
    symlink("real", repo.path("link")).unwrap();
    for (path, words) in [
        ("", "an empty path names no file"),
        (".", "cannot allow the whole worktree"),
        ("../debug_x.py", "is not a path in the repository"),
        ("/debug_x.py", "is not a path in the repository"),
        (".git/debug_x.py", "is in the git directory"),
        ("sub/debug_x.py", "belongs to another repository"),
        ("link/debug_x.py", "is behind a symlink"),
    ] {
        repo.guard_args(&["allow", "debug_y.py", path]).fails_with(words);
    }
    let run = repo.guard_args(&[bytes(b"allow"), bytes(b"a/test_\xff.py")]);
    assert!(
        run.err.ends_with(
            "\nhelp: add a glob that matches it to `allow` in .stage-guard.toml, such as `DIRECTORY/*`\n"
        ),
        "{run:?}"
    );
    run.fails_with(r"cannot allow `a/test_\xff.py`: a glob is UTF-8, and the path is not");
    assert!(!repo.exists(FILE));
    repo.sibling(".").bare_server().guard("allow debug_x.py").fails_with("is a bare repository");
    repo.guard("allow").fails_with("<PATH>");
}

#[test]
fn a_mistake_in_the_configuration_stops_the_edit() {
    for text in ["alow = []\n", "allow = [\n", "allow = ['a['", "allow = 3\n", "disable = ['x']\n"] {
        let repo = Repo::new();
        repo.write(FILE, text).guard("allow debug_x.py").fails_with("`.stage-guard.toml`, line 1, column ");
        assert_eq!(repo.read(FILE), text);
    }
    let repo = Repo::new();
    repo.shell("mkfifo .stage-guard.toml").success();
    repo.guard("allow debug_x.py").fails_with("not a regular file");
}

#[test]
fn a_symlink_is_followed_only_within_the_worktree() {
    for (target, expected) in [
        ("config/guard.toml", Ok("config/guard.toml")),
        ("../outside.toml", Err("leads out of the worktree")),
        (".git/guard.toml", Err("leads out of the worktree")),
        ("nowhere.toml", Err("cannot follow the symlink")),
        (FILE, Err("cannot follow the symlink")),
    ] {
        let repo = Repo::new();
        for file in ["config/guard.toml", "../outside.toml", ".git/guard.toml"] {
            repo.write(file, "# ours\n");
        }
        symlink(target, repo.path(FILE)).unwrap();
        let run = repo.guard("allow debug_x.py");
        match expected {
            Ok(path) => {
                assert!(run.success().ends_with(&format!("then: git add :/{path}\n")));
                assert_eq!(repo.read(path), "# ours\nallow = [\n    \"debug_x.py\",\n]\n");
                assert!(repo.path(FILE).is_symlink());
            }
            Err(words) => run.fails_with(words),
        }
        assert_eq!(repo.read("../outside.toml"), "# ours\n");
    }
}

#[test]
fn a_sparse_checkout_keeps_its_configuration() {
    let repo = Repo::new();
    repo.write(FILE, "allow = []\n").git_args(&["add", FILE]).success();
    repo.stage("src/x.py").commit().silent();
    repo.git("sparse-checkout set --no-cone /src/").success();
    let run = repo.guard("allow debug_x.py");
    let help = run.err.lines().find_map(|line| line.strip_prefix("help: `")).unwrap().to_owned();
    run.fails_with("a sparse checkout keeps `.stage-guard.toml` off the disk");
    assert!(!repo.exists(FILE));
    repo.shell(help.split('`').next().unwrap()).success();
    repo.guard("allow debug_x.py").success();
    assert_eq!(repo.read(FILE), "allow = [\"debug_x.py\"]\n");
}

#[test]
fn config_names_the_file_to_change() {
    let repo = Repo::new();
    repo.write("a/b.toml", "tracked = 'allow'").write("../c.toml", "");
    let run = repo.guard("-C a allow --config b.toml debug_x.py").success();
    let then = run.lines().last().unwrap();
    assert_eq!(then, "then: git -C a add :/a/b.toml");
    repo.shell(then.strip_prefix("then: ").unwrap()).success();
    assert_eq!(repo.read("a/b.toml"), "tracked = 'allow'\nallow = [\n    \"a/debug_x.py\",\n]\n");
    let run = repo.guard("--config ../c.toml allow debug_x.py").success();
    assert_eq!(run, "updated: ../c.toml allows debug_x.py\n");
    repo.guard("allow --config nowhere.toml debug_x.py").fails_with("`nowhere.toml`");
    repo.guard("allow --config /dev/zero debug_x.py").fails_with("not a regular file");
    assert!(!repo.exists(FILE));
}

#[test]
fn a_dry_run_writes_nothing_and_quiet_counts() {
    let repo = Repo::new();
    let run = repo.guard("--dry-run allow debug_x.py").success();
    assert_eq!(run, "would create: .stage-guard.toml\nwould update: .stage-guard.toml allows debug_x.py\n");
    assert_eq!(repo.guard("allow --dry-run -q debug_x.py").success(), "1 would be allowed\n");
    assert!(!repo.exists(FILE));
    assert_eq!(repo.guard("allow -q debug_x.py debug_y.py main.py").success(), "2 allowed\n");
    repo.guard("allow -q debug_x.py").silent();
}

#[test]
fn no_entry_is_lost_if_several_programs_add_one() {
    let repo = Repo::new();
    repo.shell(&format!("for n in 1 2 3 4 5 6; do {BINARY} allow debug_$n.py & done; wait")).success();
    for number in 1..=6 {
        repo.guard(&format!("explain debug_{number}.py")).success();
    }
    assert_eq!(repo.top(), [".git", FILE, "README.md"]);
}

#[test]
fn a_full_disk_leaves_the_configuration_as_it_was() {
    for text in [None, Some("# ours\n")] {
        let repo = Repo::new();
        if let Some(text) = text {
            repo.write(FILE, text);
        }
        let before = repo.top();
        repo.shell(&format!("trap '' XFSZ; ulimit -f 0; {BINARY} allow debug_x.py"))
            .fails_with("cannot write");
        assert_eq!(repo.top(), before);
        assert_eq!(fs::read_to_string(repo.path(FILE)).ok().as_deref(), text);
    }
}
