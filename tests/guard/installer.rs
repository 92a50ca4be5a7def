//! `install.sh`, in an archive with the binary under test, and in a clone with a `cargo` that copies it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::sandbox::{BINARY, Repo, Run};

const NOTE: &str = ".claude_sessions/current/x.py";

/// A home directory with this project in `~/stage-guard` and a repository in `~/project`.
///
/// Its `cargo` copies the binary under test instead of building.
pub(crate) struct Installation {
    home: Repo,
}

const CARGO: &str = r#"#!/bin/sh
case $1 in
    --version) echo "cargo ${CARGO_IS:-1.95.0} (0000000 2026-01-01)" ;;
    build)
        [ -z "${CARGO_FAILS-}" ] || exit 101
        mkdir -p "$CARGO_TARGET_DIR/release" && cp "$BINARY" "$CARGO_TARGET_DIR/release/stage-guard" ;;
esac
"#;

/// Copies one byte into `.local/bin`, and waits.
const SLOW_CP: &str = r#"#!/bin/sh
for target; do :; done
case $target in
    */.local/bin/*) printf x >"$target" && touch ~/copying && sleep 2 ;;
    *) exec /bin/cp "$@" ;;
esac
"#;

impl Installation {
    pub(crate) fn new() -> Self {
        let home = Repo::home();
        let project = home.in_dir("project");
        project.git("init -q -b main").success();
        project.write("README.md", "a project\n").git("add README.md").success();
        project.commit().silent();
        home.program("tools/cargo", CARGO);
        // Without `.git`, so that no command of a test reaches the repository of the sources.
        let sources = home.in_dir("stage-guard");
        for file in fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap().map(Result::unwrap) {
            if file.file_name() == "install.sh" {
                // It looks for the sources beside the file that a link names.
                fs::copy(file.path(), sources.path("install.sh")).unwrap();
            } else if file.file_name() != ".git" {
                symlink(file.path(), sources.path(file.file_name().to_str().unwrap())).unwrap();
            }
        }
        let mut path = OsString::from(home.path("tools"));
        path.push(":");
        path.push(home.path(".local/bin"));
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        let target = home.path("target");
        Self { home: home.env("PATH", path).env("BINARY", BINARY).env("CARGO_TARGET_DIR", target) }
    }

    /// Creates `~/archive`, as an archive is unpacked, with this program in it.
    fn archive(&self, program: &str) -> &Self {
        self.home.write("archive/install.sh", include_str!("../../install.sh"));
        self.shell(&format!("cp {program} ~/archive/stage-guard && chmod 755 ~/archive/*")).silent();
        self
    }

    pub(crate) fn repo(&self, directory: &str) -> Repo {
        self.home.child(directory)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.home.path(path)
    }

    #[must_use]
    pub(crate) fn shell(&self, line: &str) -> Run {
        self.home.shell(line)
    }

    /// Runs a line of shell with a `PATH` that does not contain these tools.
    #[must_use]
    pub(crate) fn without(&self, tools: &[&str], line: &str) -> Run {
        let directory = self.path(&format!("without-{}", tools.join("-")));
        fs::create_dir_all(&directory).unwrap();
        let needed = "sh git cargo cc dirname sed sort head mktemp mkdir cp mv rm chmod cat uname cmp";
        for name in needed.split(' ').filter(|name| !tools.contains(name)) {
            let found = self.shell(&format!("command -v {name}")).success();
            let _ = symlink(found.trim(), directory.join(name));
        }
        self.home.env("PATH", directory).shell(line)
    }
}

#[test]
fn install_guards_and_shows_a_refusal() {
    let home = Installation::new();
    let output = home.shell("cd ~/project && ~/stage-guard/install.sh").success();
    assert!(output.contains("refused: .claude_sessions/current/example.py [session-directory]"), "{output}");
    assert!(!output.contains("is not on PATH"), "{output}");
    let project = home.repo("project");
    assert_eq!(project.git("status --porcelain").success(), "");
    project.stage(NOTE).commit().refuses(&[NOTE]);
}

#[test]
fn an_archive_needs_git_alone() {
    let home = Installation::new();
    home.archive(BINARY);
    home.without(&["cargo", "cc"], "~/archive/install.sh ~/project").success();
    home.repo("project").stage(NOTE).commit().refuses(&[NOTE]);
    let run = home.without(&["git"], "~/archive/install.sh ~/project");
    assert!(run.code == 2 && run.err.contains("git 2.31 or newer") && !run.err.contains("cargo"), "{run:?}");
    home.without(&["cargo", "cc"], "~/archive/install.sh --uninstall ~/project").success();
    assert_eq!(home.shell("find ~/.local -type f").success(), "");
    home.repo("project").git_args(&["commit", "-qm", "x"]).silent();
}

#[test]
fn a_program_that_does_not_run_here_is_not_installed() {
    let home = Installation::new();
    home.home.write("script", "#!/bin/sh\necho stage-guard\nexit 1\n").write("other", "echo > litter\n");
    home.shell("printf '\\177ELF\\002\\001\\001%56s' ' ' > foreign").silent();
    for program in ["script", "other", "foreign", "/bin/true"] {
        home.archive(program);
        let run = home.shell("cd ~/project && ~/archive/install.sh");
        let words = "(Linux x86_64): take the archive for it, unpack this one again, or build";
        let words = words.replace("Linux x86_64", home.shell("uname -sm").success().trim());
        assert!(run.code == 2 && run.err.contains(&words), "{program}: {run:?}");
        assert!(!home.path(".local").exists() && !home.path("project/litter").exists(), "{program}");
    }
    home.shell("rm ~/archive/stage-guard").silent();
    let run = home.shell("~/archive/install.sh ~/project");
    assert!(run.code == 2 && run.err.contains("neither the program nor its sources"), "{run:?}");
}

#[test]
fn the_installer_can_be_run_through_a_link() {
    let home = Installation::new();
    home.archive(BINARY).shell("mkdir links && ln -s ../archive/install.sh links/guard").silent();
    home.shell("links/guard ~/project").success();
}

#[test]
fn the_manual_page_and_completions_are_installed() {
    let home = Installation::new();
    home.archive(BINARY);
    let list = || home.shell("cd ~/.local/share && { grep -lr stage-guard || true; } | sort").success();
    for installer in ["stage-guard", "archive"].map(|directory| format!("~/{directory}/install.sh")) {
        home.shell(&format!("{installer} ~/project")).success();
        assert_eq!(
            list().lines().collect::<Vec<_>>(),
            [
                "bash-completion/completions/stage-guard",
                "fish/vendor_completions.d/stage-guard.fish",
                "man/man1/stage-guard.1",
                "zsh/site-functions/_stage-guard",
            ]
        );
        home.shell(&format!("{installer} --uninstall ~/project")).success();
        assert_eq!(list(), "");
    }
}

#[test]
fn pages_of_others_are_kept_and_those_of_an_earlier_version_renewed() {
    let home = Installation::new();
    home.archive(BINARY).shell("mkdir -p ~/.local/bin ~/.local/share/man/man1").silent();
    home.home.write(".local/share/man/man1/stage-guard.1", "another page\n");
    home.home.write(".local/share/zsh/site-functions/_stage-guard", "old zsh\n");
    home.home.program(".local/bin/stage-guard", "#!/bin/sh\necho old $2\n");
    let output = home.shell("~/archive/install.sh ~/project").success();
    assert!(
        output.contains("kept") && output.contains("man1/stage-guard.1, which was there before"),
        "{output}"
    );
    assert!(home.home.read(".local/share/zsh/site-functions/_stage-guard").contains("#compdef"));
    home.shell("~/archive/install.sh --uninstall ~/project").success();
    let left = home.shell("cd ~/.local && find . -type f").success();
    assert_eq!(left, "./share/man/man1/stage-guard.1\n");
}

#[test]
fn a_page_that_cannot_be_written_does_not_stop_the_install() {
    let home = Installation::new();
    home.archive(BINARY).shell("mkdir -p ~/.local && touch ~/.local/share").silent();
    let run = home.shell("~/archive/install.sh ~/project");
    assert!(run.code == 0 && run.out.contains("could not write"), "{run:?}");
    home.repo("project").stage(NOTE).commit().refuses(&[NOTE]);
    home.shell("~/archive/install.sh --uninstall ~/project").success();
}

#[test]
fn an_interrupted_or_failed_page_is_not_kept() {
    let home = Installation::new();
    for failure in ["kill -9 $PPID", "printf partial; exit 1"] {
        let program =
            format!("#!/bin/sh\ncase $1 in --version) echo stage-guard 0 ;; man) {failure} ;; esac\n");
        home.home.program("fails", &program);
        home.archive("~/fails").shell("~/archive/install.sh ~/project || true").success();
        assert!(!home.path(".local/share/man/man1/stage-guard.1").exists(), "{failure}");
    }
    home.shell("rm -r ~/.local").silent();
    home.archive(BINARY).shell("~/archive/install.sh ~/project").success();
    let modes = home.shell("find ~/.local/share -type f | xargs stat -c %a").success();
    assert_eq!(modes, "644\n644\n644\n644\n");
}

#[test]
fn a_directory_in_the_place_of_the_program_is_kept() {
    let home = Installation::new();
    home.shell("mkdir -p ~/.local/bin/stage-guard").silent();
    for option in ["", "--uninstall"] {
        let run = home.shell(&format!("~/stage-guard/install.sh {option} ~/project"));
        assert!(run.code == 2 && run.err.contains("bin/stage-guard is a directory: move it"), "{run:?}");
        assert!(run.out.is_empty() && !home.path(".local/share").exists(), "{run:?}");
    }
}

#[test]
fn install_prints_the_line_that_adds_the_program_to_path() {
    let home = Installation::new();
    home.home.program(
        "export",
        "#!/bin/sh\ngrep '^  export PATH=' ~/output > ~/line\n. ~/line\nstage-guard --version\n",
    );
    home.shell("~/stage-guard/install.sh --prefix \"it's \\$5\" ~/project > ~/output").silent();
    assert!(home.shell("~/export").success().starts_with("stage-guard "));
}

#[test]
fn install_accepts_a_repository_and_a_prefix() {
    let home = Installation::new();
    let output = home.shell("cd ~ && stage-guard/install.sh --prefix 'a prefix' project").success();
    assert!(output.contains("a prefix/bin is not on PATH"), "{output}");
    assert!(home.path("a prefix/bin/stage-guard").exists());
    home.repo("project").stage(NOTE).commit().refuses(&[NOTE]);
}

#[test]
fn a_second_install_changes_nothing() {
    let home = Installation::new();
    let state = || {
        home.shell("cd ~/project/.git && find hooks stage-guard ~/.local | sort | xargs stat -c '%N %a'")
            .success()
    };
    home.shell("~/stage-guard/install.sh ~/project").success();
    let once = state();
    home.shell("~/stage-guard/install.sh ~/project").success();
    assert_eq!(state(), once);
}

#[test]
fn uninstall_removes_everything_that_was_installed() {
    let home = Installation::new();
    let state =
        || home.shell("cd ~/project/.git && find . ~/.local -type f | sort | xargs sha1sum").success();
    home.shell("mkdir -p ~/.local/bin && printf '#!/bin/sh\\n' > ~/project/.git/hooks/pre-commit").success();
    let before = state();
    home.shell("~/stage-guard/install.sh ~/project && ~/stage-guard/install.sh --uninstall ~/project")
        .success();
    assert_eq!(state(), before);
}

#[test]
fn uninstall_in_another_repository_keeps_the_program() {
    let home = Installation::new();
    home.shell("git init -q other && ~/stage-guard/install.sh ~/project").success();
    let run = home.shell("~/stage-guard/install.sh --uninstall ~/other");
    assert!(run.code == 2 && run.err.contains("/other has no hook, so the program stays"), "{run:?}");
    home.repo("project").stage(NOTE).commit().refuses(&[NOTE]);
}

#[test]
fn uninstall_without_a_repository_removes_the_program() {
    let home = Installation::new();
    for line in ["cd ~", "git init -q ~/other; cd ~/other"] {
        home.shell("~/stage-guard/install.sh ~/project").success();
        home.shell(&format!("{line}; ~/stage-guard/install.sh --uninstall")).success();
        assert_eq!(home.shell("find ~/.local -type f").success(), "", "{line}");
    }
    let run = home.shell("~/stage-guard/install.sh --uninstall ~/nonexistent");
    assert!(run.code == 2 && run.err.contains("not in a git repository"), "{run:?}");
}

#[test]
fn an_archive_uninstalls_what_a_deleted_program_left() {
    let home = Installation::new();
    home.archive(BINARY).shell("~/archive/install.sh ~/project && rm ~/.local/bin/stage-guard").success();
    let run = home.shell("~/archive/install.sh --uninstall ~/project");
    assert!(run.code == 0 && run.out.contains("bin/stage-guard did not exist"), "{run:?}");
    assert_eq!(home.shell("find ~/.local -type f").success(), "");
    home.repo("project").stage(NOTE).git_args(&["commit", "-qm", "x"]).silent();
    let run = home.shell("~/stage-guard/install.sh --uninstall ~/project");
    assert!(run.code == 2 && run.err.contains("does not exist: choose its directory"), "{run:?}");
}

#[test]
fn missing_tools_are_named_with_their_source() {
    let home = Installation::new();
    for (tools, words) in [
        (&["git"][..], &["git 2.31 or newer, from"][..]),
        (&["cargo"], &["cargo 1.88 or newer, from rustup"]),
        (&["cc"], &["cc, which builds libgit2: a C compiler"]),
        (&["cargo", "cc"], &["cargo 1.88", "a C compiler"]),
    ] {
        let run = home.without(tools, "~/stage-guard/install.sh ~/project");
        assert!(run.code == 2 && words.iter().all(|words| run.err.contains(words)), "{run:?}");
        assert!(!home.path(".local/bin/stage-guard").exists());
    }
    let run = home.shell("export CARGO_IS=1.87.3; ~/stage-guard/install.sh ~/project");
    assert!(
        run.code == 2 && run.err.contains("cargo 1.88 or newer") && run.err.contains("is 1.87.3"),
        "{run:?}"
    );
    assert!(run.err.contains("missing or too old:\n"), "{run:?}");
    home.shell("export CARGO_IS=1.100.0-nightly; ~/stage-guard/install.sh ~/project").success();
    home.without(&["cargo", "cc"], "~/stage-guard/install.sh --uninstall ~/project").success();
}

#[test]
fn a_failed_build_installs_nothing() {
    let home = Installation::new();
    assert_ne!(home.shell("export CARGO_FAILS=1; ~/stage-guard/install.sh ~/project").code, 0);
    assert!(!home.path(".local/bin").exists() && !home.path("project/.git/stage-guard").exists());
}

#[test]
fn an_interrupted_install_leaves_no_partial_binary() {
    let home = Installation::new();
    home.home.program("tools/cp", SLOW_CP);
    let line = "~/stage-guard/install.sh ~/project & until [ -e ~/copying ]; do sleep 0.1; done; kill -TERM $!; wait $!";
    assert_ne!(home.shell(line).code, 0);
    let left = home.shell("find ~/.local/bin -type f").success();
    assert_eq!(left, "");
    home.shell("rm ~/tools/cp").silent();
    home.shell("~/stage-guard/install.sh ~/project").success();
    let files = fs::read_dir(home.path(".local/bin")).unwrap().count();
    assert_eq!(files, 1);
}

#[test]
fn install_fails_if_the_repository_cannot_be_guarded() {
    let home = Installation::new();
    let run = home.shell("~/stage-guard/install.sh ~");
    assert!(run.code == 2 && run.err.contains("not in a git repository"), "{run:?}");
    home.repo("project").git("config core.hooksPath .husky/_").success();
    let run = home.shell("~/stage-guard/install.sh ~/project");
    assert!(run.code == 2 && run.err.contains("cannot guard") && run.err.contains("husky"), "{run:?}");
}

#[test]
fn unknown_arguments_are_named() {
    let home = Installation::new();
    for (arguments, words) in [
        ("--bad", "--bad"),
        ("--prefix", "--prefix needs a directory"),
        ("--prefix ''", "--prefix needs a directory"),
        ("--prefix=", "--prefix needs a directory"),
        ("'--prefix=~/p'", "the shell did not expand ~/p: write $HOME instead of ~"),
        ("--prefix '~'", "the shell did not expand ~: write"),
        ("a b", "one repository"),
        ("''", "the repository has an empty name"),
    ] {
        let run = home.shell(&format!("cd ~/project; ~/stage-guard/install.sh {arguments}"));
        assert!(run.code == 2 && run.err.contains(words), "{run:?}");
    }
    assert!(home.shell("~/stage-guard/install.sh --help").success().starts_with("usage: install.sh"));
}

#[test]
fn inherited_git_variables_are_ignored() {
    let home = Installation::new();
    home.shell("git init -q other").silent();
    let variables = "export GIT_DIR=~/other/.git GIT_INDEX_FILE=~/stray-index GIT_WORK_TREE=~/other \
                     GIT_COMMON_DIR=~/other/.git GIT_OBJECT_DIRECTORY=~/other/.git/objects";
    home.shell(&format!("{variables}; ~/stage-guard/install.sh ~/project")).success();
    assert!(!home.path("stray-index").exists() && !home.path("other/.git/hooks/pre-commit").exists());
    home.repo("project").stage(NOTE).commit().refuses(&[NOTE]);
    home.shell(&format!("{variables}; ~/stage-guard/install.sh --uninstall ~/project")).success();
    assert!(!home.path("project/.git/hooks/pre-commit").exists());
}

#[test]
fn install_passes_on_strict_and_guards_servers() {
    let home = Installation::new();
    home.shell("cd ~/stage-guard && ./install.sh --strict ~/project").success();
    let project = home.repo("project");
    assert!(project.exists(".git/hooks/pre-push") && !project.exists(".git/hooks/reference-transaction"));
    project.stage(NOTE).git("commit -q -n -m x").refuses(&[NOTE]);
    home.shell("cd ~/stage-guard && ./install.sh --strict=refs ~/project").success();
    assert!(project.exists(".git/hooks/reference-transaction"));
    home.shell("git init -q --bare ~/server.git; cd ~/stage-guard && ./install.sh ~/server.git").success();
    assert!(home.path("server.git/hooks/pre-receive").exists());
    home.shell("cd ~/stage-guard && ./install.sh --uninstall ~/project").success();
    assert!(!project.exists(".git/hooks/pre-push"));
    home.shell("cd ~/stage-guard && ./install.sh --strict=no ~/project").code(2);
}
