//! Commits in a range, in a push, and on a server: each is judged by itself, against
//! its parents.

use super::sandbox::{Repo, Run};

const NOTE: &str = ".claude_sessions/current/x.py";

/// A project whose history has session work in places, on `main` if nothing else is
/// said:
///
/// - `first`; `added` with session work; `removed` without it
/// - `stray`: a test at a wrong place, and `home`, the module that makes it a right one
/// - `theirs`, from `first`, with session work; `clean-merge` of it; `evil-merge` of
///   it, with session work of its own
const HISTORY: &str = "
    set -e
    add() { for path; do mkdir -p $(dirname $path); echo $path >$path; git add -f $path; done; }
    commit() { git commit -q --no-verify -m $1; git tag $1; }
    git tag first
    add .claude_sessions/current/x.py code.py; commit added
    git rm -q -r .claude_sessions; commit removed
    add backend/test_api.py; commit stray; git tag -a -m x noted
    add backend/api.py; commit home
    git checkout -q -b theirs first; add backend/debug_x.py theirs.py; commit debug
    git checkout -q main; git merge -q --no-verify --no-edit -m x theirs; git tag clean-merge
    git checkout -q theirs; add more.py; commit more
    git checkout -q main; git merge -q --no-verify --no-commit theirs; add debug_evil.py; commit evil-merge
    git checkout -q -b rootless; git checkout -q --orphan root; git rm -q -r --cached .; add debug_root.py; commit root
    git checkout -q -f main
";

fn history_of(format: &[&str]) -> Repo {
    let repo = Repo::of_format(format);
    repo.shell(HISTORY).success();
    repo
}

/// What is refused, each as `subject path`, the oldest first.
fn refused(repo: &Repo, arguments: &str) -> Vec<String> {
    let run = repo.guard(&format!("{arguments} --format json"));
    assert!(run.code < 2, "{run:?}");
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let line = |finding: &serde_json::Value| {
        let commit = finding["commit"].as_str().unwrap();
        let subject = repo.git(&format!("log -1 --format=%s {commit}")).success();
        format!("{} {}", subject.trim(), finding["path"]["text"].as_str().unwrap())
    };
    findings.iter().map(line).collect()
}

/// Each with what is refused: as `subject path`.
const RANGES: [(&str, &[&str]); 20] = [
    ("--range first..added", &["added .claude_sessions/current/x.py"]),
    // The net difference has nothing.
    ("--range first..removed", &["added .claude_sessions/current/x.py"]),
    ("--range added..removed", &[]),
    ("--range removed..stray", &["stray backend/test_api.py"]),
    // A later commit brings the module that it is the test of.
    ("--range removed..home", &["stray backend/test_api.py"]),
    ("--range stray..home", &[]),
    ("--range noted..home", &[]),
    ("--range removed..noted", &["stray backend/test_api.py"]),
    ("--range stray~..:/^home", &["stray backend/test_api.py"]),
    ("--range HEAD^{/^removed}..home^0", &["stray backend/test_api.py"]),
    ("--range home..clean-merge", &["debug backend/debug_x.py"]),
    ("--range clean-merge..evil-merge", &["evil-merge debug_evil.py"]),
    ("--range evil-merge..first", &[]),
    (
        "--range removed..",
        &["debug backend/debug_x.py", "stray backend/test_api.py", "evil-merge debug_evil.py"],
    ),
    ("--range ..first", &[]),
    ("--range first..root", &["root debug_root.py"]),
    ("--commit added", &["added .claude_sessions/current/x.py"]),
    ("--commit clean-merge", &[]),
    ("--commit main~0", &["evil-merge debug_evil.py"]),
    ("--commit root", &["root debug_root.py"]),
];

fn judges(repo: &Repo) {
    for (arguments, expected) in RANGES {
        let mut expected = expected.to_vec();
        let mut found = refused(repo, &format!("check {arguments}"));
        // Commits of two branches have no order among each other.
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{arguments}");
        repo.guard(&format!("check {arguments} --dry-run")).code(0);
        repo.guard(&format!("check {arguments}")).code(i32::from(!expected.is_empty()));
    }
}

/// Where git is asked and not libgit2.
fn with_git(repo: &Repo) -> Repo {
    repo.env("GIT_WORK_TREE", &repo.dir).env("GIT_DIR", repo.path(".git"))
}

#[test]
fn each_commit_is_judged_by_itself() {
    judges(&history_of(&[]));
}

#[test]
fn git_says_the_same() {
    judges(&with_git(&history_of(&[])));
}

#[test]
fn in_a_repository_of_sha_256() {
    judges(&history_of(&["--object-format=sha256"]));
}

#[test]
fn in_a_repository_with_reftables() {
    if Repo::git_is_at_least((2, 45)) {
        judges(&history_of(&["--ref-format=reftable"]));
    } else {
        eprintln!("skipped: git is older than 2.45");
    }
}

#[test]
fn in_a_bare_repository_by_the_configuration_of_its_head() {
    let repo = history_of(&[]);
    repo.git("clone -q --bare . ../bare.git").success();
    let bare = repo.sibling("bare.git");
    judges(&bare);
    repo.write(".stage-guard.toml", "allow = [\"**\"]\n").git("add .stage-guard.toml").success();
    repo.commit().silent();
    repo.git("push -q ../bare.git main").success();
    bare.guard("check --range first..main").silent();
    with_git(&repo).guard("check --range first..main").silent();
}

#[test]
fn in_a_linked_worktree_and_below_the_top() {
    let repo = history_of(&[]);
    repo.git("worktree add -q --detach ../linked").success();
    repo.write(".stage-guard.toml", "nonsense");
    judges(&repo.sibling("linked").in_dir("backend"));
    repo.guard("check --commit added").fails_with("`.stage-guard.toml`, line 1");
}

#[test]
fn the_configuration_of_today_is_in_force_also_off_the_disk() {
    for readers in [Repo::child, |repo: &Repo, _: &str| with_git(repo)] {
        let repo = history_of(&[]);
        repo.write(".stage-guard.toml", "allow = [\".claude_sessions/**\"]\n")
            .git("add .stage-guard.toml")
            .success();
        repo.commit().silent();
        let repo = readers(&repo, ".");
        repo.guard("check --range first..added").silent();
        repo.git("sparse-checkout set --no-cone /backend").success();
        assert!(!repo.exists(".stage-guard.toml"));
        repo.guard("check --range first..added").silent();
        repo.write("../empty", "");
        repo.guard("check --range first..added --config ../empty").refuses(&[NOTE]).code(1);
    }
}

#[test]
fn a_finding_names_its_commit_and_how_to_mend_it() {
    let repo = history_of(&[]);
    let added = repo.git("rev-parse added").success();
    let run = repo.guard("check --range first..removed").refuses(&[NOTE]);
    assert!(run.out.contains(&format!(" in {}: ", &added[..12])), "{run:?}");
    let first = repo.git("rev-parse first").success();
    assert!(
        run.out.contains(&format!("`git rebase -i -r {}` with `edit` for {}", &first[..12], &added[..12])),
        "{run:?}"
    );
    assert!(repo.guard("check --commit root").out.contains("`git rebase -i -r --root`"));
    assert_eq!(repo.guard("check --range first.. -q").out, "4 refused\n");
}

type Make = fn(&Repo);

/// Session work in a commit with other work, in one of its own, in one below a merge, and
/// in a merge.
fn beside_code(repo: &Repo) {
    repo.commit_unchecked(&[NOTE, "code.py"]).stage("later.py").commit().silent();
}

fn alone(repo: &Repo) {
    repo.commit_unchecked(&[NOTE]).stage("later.py").commit().silent();
}

fn below_a_merge(repo: &Repo) {
    repo.git("branch side").success();
    beside_code(repo);
    repo.git("checkout -q side").success();
    repo.stage("side.py").commit().silent();
    repo.git("checkout -q main").success();
    repo.git("merge -q --no-verify -m merged side").success();
}

fn in_a_merge(repo: &Repo) {
    repo.git("checkout -q -b side").success();
    repo.stage("side.py").commit().silent();
    repo.git("checkout -q main").success();
    repo.stage("main.py").commit().silent();
    repo.git("merge -q --no-commit side").success();
    repo.stage(NOTE).git("commit -q --no-verify -m merged").success();
    repo.stage("later.py").commit().silent();
}

#[test]
fn the_way_to_mend_a_commit_mends_it() {
    let histories: [(Make, &str, &str); 4] = [
        (beside_code, "sed -i '/ old$/s/^pick/edit/'", "message old first"),
        (alone, "sed -i '/ old$/s/^pick/edit/'", "message old first"),
        (below_a_merge, "sed -i '/ old$/s/^pick/edit/'", "first merged message message old"),
        (in_a_merge, "sed -i '/^merge /a break'", "first merged message message message"),
    ];
    for level in ["install", "install --strict", "install --strict=refs"] {
        for (make, edit, subjects) in &histories {
            let repo = Repo::new();
            repo.git("tag first").success();
            make(&repo);
            repo.guard(level).success();
            let said = repo.guard("check --range first..").refuses(&[NOTE]).out;
            let mend = said.lines().find_map(|line| line.strip_prefix("fix: ")).unwrap();
            let commands: Vec<&str> = mend.split('`').skip(1).step_by(2).collect();
            let [rebase, word, stow, amend, go_on] = commands[..] else { panic!("{mend}") };
            assert!(edit.contains(word), "{mend}");
            let stow = stow.replace("PATH", NOTE);
            let run = repo
                .shell(&format!("set -e; GIT_SEQUENCE_EDITOR=\"{edit}\" {rebase}; {stow}; {amend}; {go_on}"));
            assert_eq!(run.code, 0, "{mend} {run:?}");
            repo.guard("check --range first..").silent();
            let mut log: Vec<String> =
                repo.git("log --format=%s").success().lines().map(str::to_owned).collect();
            if subjects.starts_with("first") {
                log.sort_unstable();
            }
            assert_eq!(log.join(" "), *subjects);
            assert!(repo.exists(NOTE));
        }
    }
}

#[test]
fn what_cannot_be_checked_is_said() {
    let repo = history_of(&[]);
    for (arguments, words) in [
        ("check --range nothing..main", "`nothing` does not name a commit"),
        ("check --range main", "`main` is no range"),
        ("check --range first...main", "is no range"),
        ("check --range ..HEAD", "begins where it ends"),
        ("check --range ..", "begins where it ends"),
        ("check --range 0000000000000000000000000000000000000000..main", "is new"),
        ("check --range first..0123456789012345678901234567890123456789", "does not name a commit"),
        ("check --range=--all..main", "does not name a commit"),
        ("check --range=^first..main", "`^first` does not name a commit"),
        ("check --range main^@..main", "`main^@` does not name a commit"),
        ("check --range first..main:code.py", "`main:code.py` does not name a commit"),
        ("check --range first^{tree}..main", "`first^{tree}` does not name a commit"),
        ("check --commit nothing", "does not name a commit"),
        ("check --commit main:code.py", "does not name a commit"),
        ("check --commit -x", "-x"),
        ("check --range first..main --commit main", "cannot be used with"),
        ("check --all-files --range first..main", "cannot be used with"),
    ] {
        repo.guard(arguments).fails_with(words);
        repo.guard(&format!("{arguments} --format json")).fails_with(words);
    }
    Repo::home().guard("check --commit HEAD").fails_with("not in a git repository");
    Repo::unborn().guard("check --range x..HEAD").fails_with("does not name a commit");
}

#[test]
fn a_history_that_is_cut_off_is_not_taken_for_a_clean_one() {
    let repo = history_of(&[]);
    repo.git_args(&["clone", "-q", "--depth=3", &format!("file://{}", repo.dir.display()), "../shallow"])
        .success();
    let shallow = repo.sibling("shallow");
    for shallow in [&shallow, &with_git(&shallow)] {
        shallow.guard("check --range HEAD~1..").refuses(&["debug_evil.py"]).code(1);
        shallow.guard("check --range first..HEAD").fails_with("fetch-depth: 0");
        let cut = shallow.git("rev-list --max-parents=0 HEAD").success();
        let cut = cut.lines().next().unwrap();
        shallow.guard(&format!("check --commit {cut}")).fails_with("fetch-depth: 0");
        shallow.guard("check --range HEAD~1^..HEAD").fails_with("fetch-depth: 0");
        // A branch that has nothing in common with what was fetched.
        let tree = shallow.git("rev-parse HEAD^{tree}").success();
        let lone = shallow.git(&format!("commit-tree -m lone {tree}")).success();
        shallow.guard(&format!("check --range {}..HEAD", lone.trim())).fails_with("git fetch --unshallow");
    }
}

#[test]
fn an_object_that_is_missing_is_said() {
    let repo = history_of(&[]);
    let object = |revision: &str| {
        let id = repo.git(&format!("rev-parse {revision}")).success();
        format!(".git/objects/{}/{}", &id[..2], id[2..].trim())
    };
    for missing in ["added", "added^{tree}", "added:.claude_sessions", "first^{tree}"] {
        let file = object(missing);
        repo.shell(&format!("mv {file} ../kept")).success();
        for reader in [&repo.child("."), &with_git(&repo)] {
            reader.guard("check --range first..removed").fails_with("");
        }
        repo.shell(&format!("mv ../kept {file}")).success();
    }
    // A file's contents are not asked for.
    let file = object(&format!("added:{NOTE}"));
    repo.shell(&format!("mv {file} ../kept")).success();
    repo.guard("check --range first..removed").refuses(&[NOTE]).code(1);
}

/// An object made of these bytes, whatever they are.
fn object(repo: &Repo, kind: &str, bytes: &[u8]) -> String {
    let arguments = ["hash-object", "-t", kind, "-w", "--literally", "--stdin"];
    repo.git_with_input(&arguments, bytes).success().trim().to_owned()
}

/// An entry of a tree, as git holds it.
fn entry(mode: &str, name: &str, id: &str) -> Vec<u8> {
    let pairs = (0..id.len()).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).unwrap());
    [mode, " ", name, "\0"].concat().into_bytes().into_iter().chain(pairs).collect()
}

/// A commit of a tree of these bytes.
fn commit_of(repo: &Repo, tree: &[u8], parent: &str) -> String {
    let tree = object(repo, "tree", tree);
    repo.git(&format!("commit-tree -m made {tree} -p {parent}")).success().trim().to_owned()
}

#[test]
fn a_damaged_tree_is_not_taken_for_a_clean_one() {
    let repo = Repo::new();
    let blob = object(&repo, "blob", b"x");
    let whole = entry("100644", "a", &blob);
    let readers = [&repo.child("."), &with_git(&repo)];
    for damaged in [
        b"100644".to_vec(),
        b"100644 b".to_vec(),
        b"100644 b\0".to_vec(),
        entry("100644", "b", &blob[..38]),
        entry("100644", "", &blob),
        entry("", "b", &blob),
        entry("10x644", "b", &blob),
        entry("100644", "b", &(blob.clone() + "00")),
    ] {
        let commit = commit_of(&repo, &[&whole[..], &damaged].concat(), "HEAD");
        // Here the damage is in the parent as well.
        let changed = entry("100644", "a", &object(&repo, "blob", b"y"));
        let next = commit_of(&repo, &[changed, damaged].concat(), &commit);
        for reader in readers {
            reader.guard(&format!("check --commit {commit}")).fails_with("");
            reader.guard(&format!("check --commit {next}")).fails_with("");
        }
    }
    let no_tree = format!("tree {blob}\nauthor x <x> 0 +0000\ncommitter x <x> 0 +0000\n\n");
    let commit = object(&repo, "commit", no_tree.as_bytes());
    for reader in readers {
        reader.guard(&format!("check --commit {commit}")).fails_with("");
    }
}

#[test]
fn odd_trees_hide_nothing() {
    let repo = Repo::new();
    let blob = object(&repo, "blob", b"x");
    let session =
        |mode: &str| entry("40000", ".claude_sessions", &object(&repo, "tree", &entry(mode, "x.py", &blob)));
    let [z, a] = ["z.py", "a.py"].map(|name| entry("100644", name, &blob));
    // In an order that git does not write, and twice.
    let parent = commit_of(&repo, &[&z[..], &a].concat(), "HEAD");
    let orders =
        [[&z[..], &a, &session("100644")], [&z, &session("100644"), &a], [&a, &session("100644"), &z]];
    for order in orders {
        let commit = commit_of(&repo, &order.concat(), &parent);
        repo.guard(&format!("check --commit {commit}")).refuses(&[".claude_sessions/x.py"]).code(1);
    }
    let other = entry("100644", "x.py", &object(&repo, "blob", b"y"));
    let twice = object(&repo, "tree", &[entry("100644", "x.py", &blob), other].concat());
    let parent = commit_of(&repo, &session("100644"), "HEAD");
    let commit = commit_of(&repo, &entry("40000", ".claude_sessions", &twice), &parent);
    repo.guard(&format!("check --commit {commit}")).refuses(&[".claude_sessions/x.py"]).code(1);
    // Modes of old are those of today.
    for mode in ["100664", "0100644"] {
        let commit = commit_of(&repo, &session(mode), &parent);
        for reader in [&repo.child("."), &with_git(&repo)] {
            reader.guard(&format!("check --commit {commit}")).silent();
        }
    }
    let commit = commit_of(&repo, &session("100755"), &parent);
    repo.guard(&format!("check --commit {commit}")).refuses(&[".claude_sessions/x.py"]).code(1);
}

#[test]
fn session_work_in_deep_directories_is_never_allowed() {
    let repo = Repo::new();
    for depth in [1000, 2100] {
        let path = "d/".repeat(depth) + ".claude_sessions/x.py";
        let input = format!(
            "commit refs/heads/deep\ncommitter x <x> 0 +0000\ndata 0\nM 100644 inline {path}\ndata 0\n"
        );
        repo.git_with_input(&["fast-import", "--quiet", "--force"], input.as_bytes()).success();
        let run = repo.guard("check --commit deep --format json");
        // From 2.43 on, git goes 2048 levels deep.
        if depth > 2048 && Repo::git_is_at_least((2, 43)) {
            run.fails_with("maximum allowed tree depth");
        } else {
            run.refuses_any();
        }
    }
}

#[test]
fn odd_names_and_types_in_commits() {
    let repo = Repo::new();
    repo.git("tag first").success();
    let path = super::sandbox::bytes(b".claude_sessions/a \xff\n\x1b[31m.py");
    repo.stage(path).shell("ln -s x pkg; mkdir -p q; ln -s /tmp q/.claude_sessions; git add -f q").success();
    repo.git_args(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{},.Claude_Sessions", "1".repeat(40)),
    ])
    .success();
    repo.git("commit -q --no-verify -m odd").success();
    for reader in [&repo.child("."), &with_git(&repo)] {
        let run = reader.guard("check --range first..");
        run.refuses(&[r".Claude_Sessions", r".claude_sessions/a \xff\n\u{1b}[31m.py", "q/.claude_sessions"])
            .code(1);
    }
}

// -- what a repository holds

/// Asserts that `setup` and `variables` hide no commit and no entry, and start no program.
fn assert_changes_nothing(setup: &str, variables: &[(&str, &str)]) {
    let repo = history_of(&[]);
    repo.program("../program", "#!/bin/sh\ntouch \"${0%/*}/was-run\"\n");
    let gitlink = format!("160000,{},.Claude_Sessions", "1".repeat(40));
    repo.git_args(&["update-index", "--add", "--cacheinfo", &gitlink]).success();
    repo.git("commit -q --no-verify -m gitlink").success();
    let signed = format!(
        "tree {}parent {}author x <x> 0 +0000\ncommitter x <x> 0 +0000\n\
         gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\nsigned\n",
        repo.git("rev-parse added^{tree}").success(),
        repo.git("rev-parse main").success(),
    );
    let signed = object(&repo, "commit", signed.as_bytes());
    repo.git(&format!("update-ref refs/heads/main {signed}")).success();
    let reports = |repo: &Repo| {
        ["first..main", "first..root", "removed..home"]
            .map(|range| repo.guard(&format!("check --range {range} --format json")).out)
    };
    let before = reports(&repo);
    for path in [NOTE, ".Claude_Sessions", "debug_evil.py", "debug_root.py", "test_api.py"] {
        assert!(before.concat().contains(path), "{before:?}");
    }
    repo.shell(&format!("set -e; {setup}")).success();
    let repo = variables.iter().fold(repo.child("."), |repo, (name, value)| repo.env(name, value));
    assert_eq!(reports(&repo), before, "{setup}");
    assert!(!repo.exists("../was-run"), "{setup}");
}

macro_rules! changes_nothing {
    ($($case:ident: $setup:expr $(, $name:literal = $value:literal)*;)*) => {
        mod changes_nothing {
            $(#[test] fn $case() { super::assert_changes_nothing($setup, &[$(($name, $value)),*]); })*
        }
    };
}

changes_nothing! {
    show_signature: "git config log.showSignature true; git config gpg.program $PWD/../program";
    show_root: "git config log.showRoot false";
    diff_merges: "git config log.diffMerges off";
    log_format: "git config format.pretty oneline; git config log.date relative; git config log.decorate full; \
        git config log.abbrevCommit true; git config core.abbrev 4; git config log.follow true";
    encoding: "git config i18n.logOutputEncoding UTF-16; git config i18n.commitEncoding UTF-16";
    colors: "git config color.ui always; git config color.diff always";
    mailmap: "mkfifo .mailmap; git config log.mailmap true";
    notes: "git notes add -m note main; git config notes.displayRef '*'";
    renames: "git config diff.renames copies";
    order_file: "git config diff.orderFile missing";
    relative: "git config diff.relative true";
    ignore_submodules: "git config diff.ignoreSubmodules all";
    gitmodules: "printf '[submodule \"x\"]\\n\\tpath = .Claude_Sessions\\n\\turl = x\\n\\tignore = all\\n' >.gitmodules; \
        git config submodule.x.ignore all";
    external_diff: "git config diff.external $PWD/../program; git config diff.x.command $PWD/../program; \
        git config diff.x.textconv $PWD/../program; echo '* diff=x' >.git/info/attributes",
        "GIT_EXTERNAL_DIFF" = "../program";
    pager: "git config core.pager $PWD/../program; git config pager.log $PWD/../program", "GIT_PAGER" = "../program";
    fsmonitor: "git config core.fsmonitor $PWD/../program";
    replaced_commit: "git replace added first; git replace main first";
    replaced_tree: "git replace added^{tree} first^{tree}";
    grafts: "git rev-parse main removed | sed \"s/$/ $(git rev-parse first)/\" >.git/info/grafts";
    graft_file: "git rev-parse main removed | sed \"s/$/ $(git rev-parse first)/\" >../grafts",
        "GIT_GRAFT_FILE" = "../grafts";
    shallow_file: "git rev-parse main removed >../cut", "GIT_SHALLOW_FILE" = "../cut";
    commit_graph: "git commit-graph write --reachable";
    broken_ref: "echo 1111111111111111111111111111111111111111 >.git/refs/heads/broken";
}

#[test]
fn a_ref_to_a_missing_object_does_not_stop_a_push() {
    let repo = cloned();
    repo.write(".git/refs/remotes/origin/broken", &format!("{}\n", "1".repeat(40)));
    repo.stage("clean.py").commit().silent();
    let main = repo.git("rev-parse main").success();
    let push = format!("refs/heads/main {} refs/heads/main {}\n", main.trim(), "0".repeat(40));
    repo.guard_with_input(&["hook", "pre-push", "x", "y"], push.as_bytes()).code(0);
    commit_past_all(&repo, NOTE);
    let main = repo.git("rev-parse main").success();
    let push = format!("refs/heads/main {} refs/heads/main {}\n", main.trim(), "0".repeat(40));
    repo.guard_with_input(&["hook", "pre-push", "x", "y"], push.as_bytes()).refuses(&[NOTE]).code(1);
}

// -- pre-push

/// A clone of a project with old session work, and its bare server.
fn cloned() -> Repo {
    let repo = Repo::new();
    repo.commit_unchecked(&[".claude_sessions/archive/old.py"]).stage("code.py").commit().silent();
    repo.git("clone -q --bare . ../server.git").success();
    repo.git("clone -q ../server.git ../clone").success();
    let clone = repo.sibling("clone");
    clone.guard("install --strict").success();
    clone
}

/// Commits session work past every hook.
fn commit_past_all(repo: &Repo, path: &str) {
    repo.stage(path);
    repo.git("-c core.hooksPath=/dev/null commit -q -m past").success();
}

#[test]
fn a_push_of_session_work_is_refused() {
    let repo = cloned();
    commit_past_all(&repo, NOTE);
    repo.git("rm -q --cached .claude_sessions/current/x.py").success();
    repo.commit().silent();
    for push in [
        "push -q",
        "push -q origin main:refs/heads/new",
        "push -q origin HEAD~1:refs/heads/new",
        "push -q origin main~1:refs/tags/t",
        "push -q origin :/past:refs/heads/new",
        "push -q --all origin",
        "push -q --mirror ../other.git",
        "push -q ../other.git main",
        "push -q --force origin main",
        "push -q origin main :refs/heads/gone",
    ] {
        repo.shell(
            "rm -rf ../other.git; git init -q --bare ../other.git; git -C ../server.git branch -f gone main",
        )
        .success();
        // What the hook prints is printed by git, to one of the two.
        let run = repo.shell(&format!("git {push} 2>&1"));
        assert!(run.code == 1 && run.out.contains(&format!("refused: {NOTE} [")), "{push}: {run:?}");
        assert!(run.out.contains(", for refs/"), "{push}: {run:?}");
    }
    repo.git("push -q --no-verify").success();
    repo.stage("more.py").commit().silent();
    repo.git("push -q").silent();
}

#[test]
fn a_push_of_what_some_remote_has_is_not_judged_again() {
    let repo = cloned();
    repo.stage("clean.py").commit().silent();
    repo.git("tag light").success();
    repo.git("tag -m tag heavy").success();
    repo.shell(
        "git tag blob $(git rev-parse HEAD:code.py); git tag -m x blob-tag blob; git tag tree HEAD^{tree}",
    )
    .success();
    repo.git("init -q --bare ../fork.git").success();
    for push in [
        "push -q ../fork.git main",
        "push -q --tags ../fork.git",
        "push -q",
        "push -q origin main:refs/heads/new --follow-tags",
        "push -q origin :new",
        "push -q --delete origin light",
        "push -q origin light",
    ] {
        let run = repo.shell(&format!("git {push}"));
        assert_eq!(run.code, if push.contains("--delete") { run.code } else { 0 }, "{push}: {run:?}");
        assert!(!run.err.contains("refused") && !run.err.contains("stage-guard"), "{push}: {run:?}");
    }
}

#[test]
fn what_the_other_side_has_already_is_known() {
    let repo = cloned();
    commit_past_all(&repo, NOTE);
    repo.git("push -q --no-verify ../server.git main:refs/heads/theirs").success();
    repo.stage("clean.py").commit().silent();
    // No branch of a remote has it here, but the other side says what it has.
    repo.git("push -q ../server.git main:theirs").silent();
    // What it has and this side does not know is passed over.
    let run = repo.guard_with_input(
        &["hook", "pre-push", "x", "y"],
        format!(
            "refs/heads/main {} refs/heads/main {}\n",
            repo.git("rev-parse main").success().trim(),
            "1".repeat(40)
        )
        .as_bytes(),
    );
    run.refuses(&[NOTE]).code(1);
}

#[test]
fn what_is_no_push_is_said() {
    let repo = cloned();
    let zero = "0".repeat(40);
    let main = repo.git("rev-parse main").success();
    for input in [
        "nonsense\n".to_owned(),
        format!("refs/heads/main {zero}\n"),
        format!("x {} refs/heads/main 12\n", main.trim()),
        format!("x {}  {zero}\n", main.trim()),
        "\0\0\0 \n".to_owned(),
        "\n".to_owned(),
        format!("x {} refs/heads/x {zero}\ny\n", main.trim()),
    ] {
        repo.guard_with_input(&["hook", "pre-push", "o", "u"], input.as_bytes())
            .fails_with("of standard input");
    }
    let gone = format!("x {} refs/heads/x {zero}\n", "1".repeat(40));
    repo.guard_with_input(&["hook", "pre-push", "o", "u"], gone.as_bytes()).fails_with("1111");
    repo.guard_with_input(&["hook", "pre-push", "o", "u"], b"").silent();
    let deletion = format!("(delete) {zero} refs/heads/x {}\n", main.trim());
    repo.guard_with_input(&["hook", "pre-push", "o", "u"], deletion.repeat(100_000).as_bytes()).silent();
}

// -- pre-receive

/// A guarded bare server, and a clone of it that is not guarded.
fn served() -> (Repo, Repo) {
    let repo = Repo::new();
    repo.commit_unchecked(&[".claude_sessions/archive/old.py"]);
    repo.git("clone -q --bare . ../server.git").success();
    let server = repo.sibling("server.git");
    assert!(server.guard("install").success().contains("pre-receive"));
    server.git("clone -q . ../clone").success();
    (server, repo.sibling("clone"))
}

#[test]
fn a_server_refuses_session_work_and_names_ref_and_commit() {
    let (server, clone) = served();
    clone.stage("code.py").git("commit -q -m code").success();
    clone.git("push -q").silent();
    let before = server.git("for-each-ref").success();
    commit_past_all(&clone, NOTE);
    clone.git("rm -q --cached .claude_sessions/current/x.py").success();
    clone.git("commit -q -m removed").success();
    let dirty = clone.git("rev-parse HEAD~1").success();
    for push in [
        "push",
        "push origin main:new",
        "push origin main:refs/tags/t",
        "push origin HEAD~2:refs/heads/a HEAD:refs/heads/b",
        "push --force --no-verify",
    ] {
        let run = clone.git(push);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(
            run.err.contains(&format!("refused: {NOTE} [session-directory] in {}, for refs/", &dirty[..12])),
            "{run:?}"
        );
    }
    assert_eq!(server.git("for-each-ref").success(), before);
    // What is new to it alone is judged, and branches can go.
    clone.git("push -q origin HEAD~2:refs/heads/x").silent();
    clone.git("push -q origin :x").silent();
    clone.git("push -q -f origin HEAD~3:main").silent();
}

#[test]
fn a_push_cannot_loosen_its_own_rules() {
    let (server, clone) = served();
    clone.write(".stage-guard.toml", "allow = [\"**\"]\n").git("add .stage-guard.toml").success();
    clone.git("commit -q -m loosened").success();
    commit_past_all(&clone, NOTE);
    assert!(clone.git("push -q").err.contains(&format!("refused: {NOTE} [")));
    clone.git("push -q origin HEAD~1:refs/heads/main").silent();
    clone.git("push -q").silent();
    assert_eq!(server.git("rev-parse main").success(), clone.git("rev-parse main").success());
    // A broken policy is in nobody's way to mend it, and lets nothing else pass.
    clone.write(".stage-guard.toml", "allow = [\n").git("commit -q -a -m broken").success();
    clone.git("push -q").silent();
    commit_past_all(&clone, ".claude_sessions/current/y.py");
    let run = clone.git("push -q");
    assert!(
        run.code == 1
            && run.err.contains("warning: ")
            && run.err.contains("refused: .claude_sessions/current/y.py"),
        "{run:?}"
    );
    clone.git("reset -q --hard HEAD~1").success();
    clone.write(".stage-guard.toml", "").git("commit -q -a -m mended").success();
    let run = clone.git("push -q");
    assert!(run.code == 0 && run.err.contains("warning: "), "{run:?}");
    clone.stage("more.py").git("commit -q -m more").success();
    clone.git("push -q").silent();
}

#[test]
fn the_first_push_brings_its_own_policy() {
    let server = Repo::home().bare_server();
    let clone = server.sibling("clone");
    server.git("clone -q . ../clone").success();
    clone.git("checkout -q -b main").success();
    clone
        .write(".stage-guard.toml", "allow = [\".claude_sessions/current/**\"]\n")
        .git("add .stage-guard.toml")
        .success();
    commit_past_all(&clone, NOTE);
    // Only the branch that `HEAD` will name has a say.
    assert!(clone.git("push -q origin main:other").err.contains(&format!("refused: {NOTE} [")));
    clone.git("push -q origin main").silent();
}

#[test]
fn a_server_that_cannot_check_refuses() {
    let (server, clone) = served();
    clone.stage("code.py").git("commit -q -m code").success();
    server.guard_with_input(&["hook", "pre-receive"], b"nonsense\n").fails_with("line 1 of standard input");
    server.guard_with_input(&["hook", "pre-receive"], b"").silent();
    let gone = format!("{} {} refs/heads/x\n", "0".repeat(40), "1".repeat(40));
    server.guard_with_input(&["hook", "pre-receive"], gone.as_bytes()).fails_with("1111");
    server.shell("sed -i \"s|^stage_guard=.*|stage_guard=/nothing|\" stage-guard/hook").success();
    let run = clone.git("push -q");
    assert!(run.code == 1 && run.err.contains("nothing was checked"), "{run:?}");
}

#[test]
fn a_server_keeps_the_hook_that_was_there() {
    let (server, clone) = served();
    server.guard("uninstall").success();
    server.program("hooks/pre-receive", "#!/bin/sh\ncat >told; exit 0\n");
    server.guard("install").success();
    clone.stage("code.py").git("commit -q -m code").success();
    clone.git("push -q").silent();
    assert!(server.read("told").ends_with(" refs/heads/main\n"));
    server.guard("uninstall").success();
    assert!(server.read("hooks/pre-receive").starts_with("#!/bin/sh\ncat"));
    server.guard("install --strict").fails_with("bare");
}

#[test]
fn a_server_of_every_format() {
    let mut formats = vec![vec!["--object-format=sha256"]];
    if Repo::git_is_at_least((2, 45)) {
        formats.push(vec!["--ref-format=reftable"]);
    }
    for format in formats {
        let repo = Repo::of_format(&format);
        repo.git_args(&[&["init", "-q", "--bare", "-b", "main", "../server.git"], &format[..]].concat())
            .success();
        let server = repo.sibling("server.git");
        server.guard("install").success();
        repo.git("push -q ../server.git main").silent();
        commit_past_all(&repo, NOTE);
        assert!(repo.git("push -q ../server.git main").err.contains(&format!("refused: {NOTE} [")));
    }
}

#[test]
fn a_large_push_is_named_ref_by_ref() {
    let (_, clone) = served();
    clone
        .shell("for i in $(seq 40); do git checkout -q -b b$i main; git commit -q --allow-empty -m $i; done")
        .success();
    commit_past_all(&clone, NOTE);
    let run: Run = clone.git("push -q --all");
    assert!(run.code == 1 && run.err.contains(", for refs/heads/b40:"), "{run:?}");
    assert_eq!(run.err.matches("refused: ").count(), 1, "{run:?}");
    clone.git("reset -q --hard HEAD~1").success();
    clone.git("push -q --all").silent();
}

// -- reference-transaction

#[test]
fn a_transaction_is_judged_by_what_git_says_of_it() {
    let repo = history_of(&[]);
    repo.git("branch -q -D theirs rootless root").success();
    repo.shell("git tag -d $(git tag)").success();
    let zero = "0".repeat(40);
    let main = repo.git("rev-parse main").success();
    let main = main.trim();
    repo.commit_unchecked(&[NOTE]);
    let dirty = repo.git("rev-parse main").success();
    let dirty = dirty.trim();
    repo.git("reset -q --hard HEAD~1").success();
    let refused = [
        format!("{main} {dirty} refs/heads/main\n"),
        format!("{zero} {dirty} refs/heads/main"),
        format!("{main} {dirty} HEAD\n"),
        format!("{main} {} HEAD\n", dirty.to_uppercase()),
        format!("{zero} {main} refs/tags/t\n{zero} {dirty} refs/heads/x\n"),
        format!(
            "{}{zero} {dirty} refs/heads/x\n",
            format!("{zero} {main} refs/remotes/o/x\n").repeat(100_000)
        ),
        format!("{zero} {dirty} refs/heads/a\u{202e}\x1b[31m\n"),
    ];
    let allowed = [
        String::new(),
        format!("{zero} {dirty} HEAD\n"),
        format!("{dirty} {dirty} HEAD\n"),
        format!("{main} {zero} refs/heads/main\n"),
        format!("{zero} ref:refs/heads/x HEAD\n"),
        "ref:refs/heads/y ref:refs/heads/x HEAD\n".to_owned(),
        format!("{zero} {dirty} refs/stash\n"),
        format!("{zero} {dirty} refs/tags/x\n{zero} {dirty} refs/remotes/o/x\n{zero} {dirty} ORIG_HEAD\n"),
        format!("{zero} {main} refs/heads/x\n"),
    ];
    let unknown = [
        "nonsense\n".to_owned(),
        "\n".to_owned(),
        "\0\0\n".to_owned(),
        format!("{zero} {dirty}\n"),
        format!("{zero} {dirty} \n"),
        "12 34 refs/heads/x\n".to_owned(),
        format!("{zero}  {dirty} refs/heads/x\n"),
    ];
    let run = |state: &str, input: &str| {
        repo.guard_with_input(&["hook", "reference-transaction", state], input.as_bytes())
    };
    for input in &refused {
        run("prepared", input).refuses(&[NOTE]).code(1);
    }
    for input in &allowed {
        run("prepared", input).silent();
    }
    for input in &unknown {
        run("prepared", input).fails_with("of standard input");
    }
    for state in ["preparing", "committed", "aborted", "a state to come", ""] {
        for input in refused.iter().chain(&unknown) {
            run(state, input).silent();
        }
    }
    repo.guard_with_input(&["hook", "reference-transaction"], refused[0].as_bytes()).silent();
    // A mirror takes in what no ref of it reaches.
    repo.git("init -q --bare ../bare.git").success();
    repo.shell("cp -a .git/objects ../bare.git").success();
    let bare = repo.sibling("bare.git");
    for input in &refused {
        bare.guard_with_input(&["hook", "reference-transaction", "prepared"], input.as_bytes()).silent();
    }
    let missing = format!("{zero} {} refs/heads/x\n", "1".repeat(40));
    run("prepared", &missing).fails_with("1111");
}

#[test]
fn the_shim_reads_a_transaction_whatever_the_environment_is() {
    let repo = Repo::new();
    repo.guard("install --strict=refs").success();
    commit_past_all(&repo.env("x", "y"), "later.py");
    let hostile = ["line", "seen", "kept", "before", "name"]
        .iter()
        .fold(repo.child("."), |repo, name| repo.env(name, "x y"));
    let hostile = hostile.env("IFS", "0/");
    hostile.git("branch one").silent();
    let dirty = hostile.shell("git commit-tree -p HEAD -m x $(git write-tree)").success();
    hostile.git(&format!("branch two {}", dirty.trim())).silent();
    hostile.stage(NOTE).git("commit -q -n -m x").refuses(&[NOTE]);
    let tree = hostile.git("write-tree").success();
    let dirty = hostile.git(&format!("commit-tree -p HEAD -m x {}", tree.trim())).success();
    let run = hostile.git(&format!("branch three {}", dirty.trim()));
    assert!(run.code == 128 && run.err.contains(&format!("refused: {NOTE} [")), "{run:?}");
}
