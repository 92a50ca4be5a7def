//! `check --range` and `--commit`: each commit is checked against its parents.

use super::sandbox::Repo;

pub(crate) const NOTE: &str = ".claude_sessions/current/x.py";

/// A history with session work in some commits, on `main` unless stated otherwise:
///
/// - `first`; `added` with session work; `removed` without it
/// - `stray`: a test in a wrong place, and `home`: the module that it tests, next to it
/// - `theirs`: a branch from `first` with session work; `clean-merge`, which merges it;
///   `evil-merge`, which merges it and adds session work
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

pub(crate) fn repo_with_history(format: &[&str]) -> Repo {
    let repo = Repo::of_format(format);
    repo.shell(HISTORY).success();
    repo
}

/// The findings as `SUBJECT PATH`, oldest commit first.
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

/// Arguments, and the findings as `SUBJECT PATH`.
const RANGES: [(&str, &[&str]); 20] = [
    ("--range first..added", &["added .claude_sessions/current/x.py"]),
    // The diff between the two ends is clean.
    ("--range first..removed", &["added .claude_sessions/current/x.py"]),
    ("--range added..removed", &[]),
    ("--range removed..stray", &["stray backend/test_api.py"]),
    // A later commit adds the module next to the test.
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

fn assert_ranges(repo: &Repo) {
    for (arguments, expected) in RANGES {
        let mut expected = expected.to_vec();
        let mut found = refused(repo, &format!("check {arguments}"));
        // The order of commits on different branches is not specified.
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{arguments}");
        repo.guard(&format!("check {arguments} --dry-run")).code(0);
        repo.guard(&format!("check {arguments}")).code(i32::from(!expected.is_empty()));
    }
}

/// Names the repository by `GIT_DIR` and `GIT_WORK_TREE`, so that git has to find it.
fn named_by_environment(repo: &Repo) -> Repo {
    repo.env("GIT_WORK_TREE", &repo.dir).env("GIT_DIR", repo.path(".git"))
}

#[test]
fn each_commit_of_a_range_is_checked_against_its_parents() {
    assert_ranges(&repo_with_history(&[]));
}

#[test]
fn a_repository_named_by_the_environment_is_checked() {
    assert_ranges(&named_by_environment(&repo_with_history(&[])));
}

#[test]
fn a_range_in_a_sha_256_repository_is_checked() {
    assert_ranges(&repo_with_history(&["--object-format=sha256"]));
}

#[test]
fn a_range_in_a_reftable_repository_is_checked() {
    if Repo::git_is_at_least((2, 45)) {
        assert_ranges(&repo_with_history(&["--ref-format=reftable"]));
    } else {
        eprintln!("skipped: git is older than 2.45");
    }
}

#[test]
fn a_bare_repository_is_checked_by_the_configuration_of_its_head() {
    let repo = repo_with_history(&[]);
    repo.git("clone -q --bare . ../bare.git").success();
    let bare = repo.sibling("bare.git");
    assert_ranges(&bare);
    repo.write(".stage-guard.toml", "allow = [\"**\"]\n").git("add .stage-guard.toml").success();
    repo.commit().silent();
    repo.git("push -q ../bare.git main").success();
    bare.guard("check --range first..main").silent();
    named_by_environment(&repo).guard("check --range first..main").silent();
}

#[test]
fn a_linked_worktree_is_checked_from_a_subdirectory() {
    let repo = repo_with_history(&[]);
    repo.git("worktree add -q --detach ../linked").success();
    repo.write(".stage-guard.toml", "nonsense");
    assert_ranges(&repo.sibling("linked").in_dir("backend"));
    repo.guard("check --commit added").fails_with("`.stage-guard.toml`, line 1");
}

#[test]
fn the_configuration_applies_even_if_a_sparse_checkout_lacks_it() {
    let repo = repo_with_history(&[]);
    repo.write(".stage-guard.toml", "allow = [\".claude_sessions/**\"]\n")
        .git("add .stage-guard.toml")
        .success();
    repo.commit().silent();
    repo.guard("check --range first..added").silent();
    repo.git("sparse-checkout set --no-cone /backend").success();
    assert!(!repo.exists(".stage-guard.toml"));
    repo.guard("check --range first..added").silent();
    repo.write("../empty", "");
    repo.guard("check --range first..added --config ../empty").refuses(&[NOTE]).code(1);
}

#[test]
fn a_finding_names_its_commit_and_the_fix() {
    let repo = repo_with_history(&[]);
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

/// Makes a history with session work in one commit.
type MakeHistory = fn(&Repo);

fn with_code(repo: &Repo) {
    repo.commit_unchecked(&[NOTE, "code.py"]).stage("later.py").commit().silent();
}

fn alone(repo: &Repo) {
    repo.commit_unchecked(&[NOTE]).stage("later.py").commit().silent();
}

fn below_a_merge(repo: &Repo) {
    repo.git("branch side").success();
    with_code(repo);
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
fn the_reported_fix_removes_session_work_from_history() {
    let histories: [(MakeHistory, &str, &str); 4] = [
        (with_code, "sed -i '/ old$/s/^pick/edit/'", "message old first"),
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
            let report = repo.guard("check --range first..").refuses(&[NOTE]).out;
            let fix = report.lines().find_map(|line| line.strip_prefix("fix: ")).unwrap();
            let commands: Vec<&str> = fix.split('`').skip(1).step_by(2).collect();
            let [rebase, word, stow, amend, resume] = commands[..] else { panic!("{fix}") };
            assert!(edit.contains(word), "{fix}");
            let stow = stow.replace("PATH", NOTE);
            let run = repo.shell(&format!(
                "set -e; GIT_SEQUENCE_EDITOR=\"{edit}\" {rebase}; {stow}; {amend}; {resume}"
            ));
            assert_eq!(run.code, 0, "{fix} {run:?}");
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
fn revisions_and_ranges_that_cannot_be_checked_are_errors() {
    let repo = repo_with_history(&[]);
    for (arguments, words) in [
        ("check --range nothing..main", "`nothing` does not name a commit"),
        ("check --range main", "invalid range `main`"),
        ("check --range first...main", "invalid range"),
        ("check --range ..HEAD", "empty range"),
        ("check --range ..", "empty range"),
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
fn a_shallow_history_is_an_error_at_its_end() {
    let repo = repo_with_history(&[]);
    repo.git_args(&["clone", "-q", "--depth=3", &format!("file://{}", repo.dir.display()), "../shallow"])
        .success();
    let shallow = repo.sibling("shallow");
    shallow.guard("check --range HEAD~1..").refuses(&["debug_evil.py"]).code(1);
    shallow.guard("check --range first..HEAD").fails_with("fetch-depth: 0");
    let cut = shallow.git("rev-list --max-parents=0 HEAD").success();
    let cut = cut.lines().next().unwrap();
    shallow.guard(&format!("check --commit {cut}")).fails_with("fetch-depth: 0");
    shallow.guard("check --range HEAD~1^..HEAD").fails_with("fetch-depth: 0");
    // A commit without a common ancestor.
    let tree = shallow.git("rev-parse HEAD^{tree}").success();
    let lone = shallow.git(&format!("commit-tree -m lone {tree}")).success();
    shallow.guard(&format!("check --range {}..HEAD", lone.trim())).fails_with("git fetch --unshallow");
}

#[test]
fn a_missing_commit_or_tree_is_an_error() {
    let repo = repo_with_history(&[]);
    let object = |revision: &str| {
        let id = repo.git(&format!("rev-parse {revision}")).success();
        format!(".git/objects/{}/{}", &id[..2], id[2..].trim())
    };
    for missing in ["added", "added^{tree}", "added:.claude_sessions", "first^{tree}"] {
        let file = object(missing);
        repo.shell(&format!("mv {file} ../kept")).success();
        repo.guard("check --range first..removed").fails_with("cannot read the history");
        repo.shell(&format!("mv ../kept {file}")).success();
    }
    // Contents of files are not read.
    let file = object(&format!("added:{NOTE}"));
    repo.shell(&format!("mv {file} ../kept")).success();
    repo.guard("check --range first..removed").refuses(&[NOTE]).code(1);
}

/// Writes an object with these bytes, valid or not, and returns its id.
fn object(repo: &Repo, kind: &str, bytes: &[u8]) -> String {
    let arguments = ["hash-object", "-t", kind, "-w", "--literally", "--stdin"];
    repo.git_with_input(&arguments, bytes).success().trim().to_owned()
}

/// A tree entry as git stores it.
fn entry(mode: &str, name: &str, id: &str) -> Vec<u8> {
    let pairs = (0..id.len()).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).unwrap());
    [mode, " ", name, "\0"].concat().into_bytes().into_iter().chain(pairs).collect()
}

/// Makes a commit whose tree has these bytes.
fn commit_of(repo: &Repo, tree: &[u8], parent: &str) -> String {
    let tree = object(repo, "tree", tree);
    repo.git(&format!("commit-tree -m made {tree} -p {parent}")).success().trim().to_owned()
}

#[test]
fn a_damaged_tree_is_an_error() {
    let repo = Repo::new();
    let blob = object(&repo, "blob", b"x");
    let whole = entry("100644", "a", &blob);
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
        // The parent has the same damage.
        let changed = entry("100644", "a", &object(&repo, "blob", b"y"));
        let next = commit_of(&repo, &[changed, damaged].concat(), &commit);
        repo.guard(&format!("check --commit {commit}")).fails_with("cannot read the history");
        repo.guard(&format!("check --commit {next}")).fails_with("cannot read the history");
    }
    let no_tree = format!("tree {blob}\nauthor x <x> 0 +0000\ncommitter x <x> 0 +0000\n\n");
    let commit = object(&repo, "commit", no_tree.as_bytes());
    repo.guard(&format!("check --commit {commit}")).fails_with("");
}

#[test]
fn trees_in_odd_order_or_with_old_modes_hide_nothing() {
    let repo = Repo::new();
    let blob = object(&repo, "blob", b"x");
    let session =
        |mode: &str| entry("40000", ".claude_sessions", &object(&repo, "tree", &entry(mode, "x.py", &blob)));
    let [z, a] = ["z.py", "a.py"].map(|name| entry("100644", name, &blob));
    // Entries in an order that git does not write, and a name twice.
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
    // Old versions of git wrote these modes, which git treats as equal to 100644.
    for mode in ["100664", "0100644"] {
        let commit = commit_of(&repo, &session(mode), &parent);
        repo.guard(&format!("check --commit {commit}")).silent();
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
        // Since 2.43, git reads trees of at most 2048 levels.
        if depth > 2048 && Repo::git_is_at_least((2, 43)) {
            run.fails_with("maximum allowed tree depth");
        } else {
            run.refuses_any();
        }
    }
}

#[test]
fn a_project_marker_whose_contents_were_not_fetched_counts() {
    let repo = Repo::new();
    repo.git("config uploadpack.allowFilter true").success();
    repo.stage("web/package.json").commit().silent();
    repo.git("tag first").success();
    repo.stage("web/test_x.py").git("commit -q --no-verify -m stray").success();
    let url = format!("file://{}", repo.dir.display());
    repo.git_args(&["clone", "-q", "--bare", "--filter=blob:none", &url, "../partial"]).success();
    repo.sibling("partial").guard("check --range first..main").refuses(&["web/test_x.py"]).code(1);
}

#[test]
fn commits_with_odd_names_and_types_are_refused() {
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
    repo.guard("check --range first..")
        .refuses(&[r".Claude_Sessions", r".claude_sessions/a \xff\n\u{1b}[31m.py", "q/.claude_sessions"])
        .code(1);
}

/// Asserts that `setup` and `variables` hide no commit and no entry, and start no program.
fn assert_changes_nothing(setup: &str, variables: &[(&str, &str)]) {
    let repo = repo_with_history(&[]);
    repo.program("../program", "#!/bin/sh\ntouch \"${0%/*}/was-run\"\n");
    repo.shell("git mv code.py debug_moved.py; git commit -q -n -m moved").success();
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
            .map(|range| repo.in_dir("backend").guard(&format!("check --range {range} --format json")).out)
    };
    let before = reports(&repo);
    for path in [NOTE, ".Claude_Sessions", "debug_evil.py", "debug_root.py", "test_api.py", "debug_moved"] {
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
