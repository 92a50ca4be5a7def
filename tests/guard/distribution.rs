//! The distribution: the version, the files of the package, and the metadata of registries.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use toml::{Table, Value};

use super::sandbox::{BINARY, Repo};

#[path = "../../build/commit.rs"]
mod commit;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the output of git in the source directory; `None` if that is no repository.
fn git_of_sources(arguments: &str) -> Option<String> {
    if !fs::exists(format!("{ROOT}/.git")).unwrap() {
        eprintln!("skipped: the sources are not at the top of a repository");
        return None;
    }
    let mut git = Repo::uncreated().command("git");
    git.current_dir(ROOT).args(arguments.split(' '));
    let run = Repo::run(git, b"");
    if run.code != 0 {
        eprintln!("skipped: git failed: {}", run.err);
    }
    (run.code == 0).then_some(run.out)
}

fn cargo(arguments: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(ROOT).args(arguments.split(' '));
    Repo::run(cargo, b"").success()
}

fn document(name: &str) -> Table {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap().parse().unwrap()
}

fn text<'v>(table: &'v Value, key: &str) -> &'v str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn the_version_names_the_commit_of_the_sources() {
    let Some(id) = git_of_sources("rev-parse --short=12 HEAD") else { return };
    let mut command = Repo::uncreated().command(BINARY);
    command.current_dir("/").arg("--version");
    let version = Repo::run(command, b"").success();
    let expected = format!("stage-guard {} ({})\n", env!("CARGO_PKG_VERSION"), id.trim());
    assert_eq!(version, expected);
}

/// Returns the versions in `text` that directly follow `prefix`.
fn versions<'t>(text: &'t str, prefix: &'t str) -> impl Iterator<Item = &'t str> {
    let is_part = |char: char| char == '.' || char.is_ascii_digit();
    text.split(prefix).skip(1).map(move |rest| rest.split(|char| !is_part(char)).next().unwrap_or_default())
}

#[test]
fn all_files_name_the_same_version() {
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let changelog = read(&Path::new(ROOT).join("CHANGELOG.md"));
    assert_eq!(versions(&changelog, "\n## ").next(), Some(env!("CARGO_PKG_VERSION")));
    let pages = fs::read_dir(format!("{ROOT}/docs")).unwrap().map(|page| page.unwrap().path());
    for path in pages.chain([Path::new(ROOT).join("README.md")]).filter(|path| path.is_file()) {
        for version in versions(&String::from_utf8_lossy(&fs::read(&path).unwrap()), "stage-guard ") {
            let is_version = version.starts_with(|char: char| char.is_ascii_digit());
            assert!(!is_version || version == env!("CARGO_PKG_VERSION"), "{}: {version}", path.display());
        }
    }
}

#[test]
fn a_build_names_its_commit() {
    let repo = Repo::new();
    let id = Some(repo.git("rev-parse HEAD").success()[..12].to_owned());
    for (line, expected) in [
        ("true", &id),
        ("echo >> README.md", &id),
        ("git worktree add -q --detach linked", &id),
        ("echo '{}' > .cargo_vcs_info.json", &id),
        ("mv .git elsewhere", &None),
        ("cp -r elsewhere .git; git config core.repositoryFormatVersion 9", &None),
    ] {
        repo.shell(line).success();
        assert_eq!(commit::abbreviated_id(&repo.dir), *expected, "{line}");
    }
    assert_eq!(commit::abbreviated_id(&Repo::new().in_dir("src").dir), None);
    assert_eq!(commit::abbreviated_id(&Repo::unborn().dir), None);
}

#[test]
fn a_package_names_the_commit_it_was_made_from() {
    let package = Repo::new();
    let id = "0123456789abcdef0123456789abcdef01234567";
    package.write(".cargo_vcs_info.json", &format!(r#"{{"git": {{"sha1": "{id}", "dirty": true}}}}"#));
    assert_eq!(commit::abbreviated_id(&package.dir).as_deref(), Some("0123456789ab"));
    fs::remove_dir_all(package.path(".git")).unwrap();
    for damaged in ["", r#"{"git": {"sha1": "a\nb"}}"#, r#"{"git": {"sha1": "012345"}}"#, r#"{"git": 1}"#] {
        package.write(".cargo_vcs_info.json", damaged);
        assert!(commit::abbreviated_id(&package.dir).is_none(), "{damaged}");
    }
}

/// Returns what cargo compares before a build: paths, modification times and sizes.
fn states(paths: Vec<PathBuf>) -> BTreeSet<(PathBuf, SystemTime, u64)> {
    let mut states = BTreeSet::new();
    for path in paths {
        let metadata = fs::metadata(&path).unwrap();
        let entries = fs::read_dir(&path).into_iter().flatten();
        states.extend(self::states(entries.map(|entry| entry.unwrap().path()).collect()));
        states.insert((path, metadata.modified().unwrap(), metadata.len()));
    }
    states
}

#[test]
fn a_new_commit_triggers_a_build() {
    let formats: &[&[&str]] = &[&[], &["--ref-format=reftable"]];
    let supported = if Repo::git_is_at_least((2, 45)) { formats } else { &formats[..1] };
    for format in supported {
        let logged = Repo::of_format(format);
        logged.git("worktree add -q ../linked").success();
        let unlogged = Repo::of_format(format);
        unlogged
            .shell("rm -rf .git/logs; git config core.logAllRefUpdates false; git pack-refs --all")
            .success();
        for repo in [&logged, &logged.sibling("linked"), &unlogged] {
            let watched =
                || states(commit::watched_files(&repo.dir).iter().map(|path| repo.path(path)).collect());
            for line in [
                "git commit -q --allow-empty -m second",
                "git commit -q --allow-empty --amend -m again",
                "git reset -q --hard HEAD~1",
                "git checkout -q --detach",
                "git commit -q --allow-empty -m detached",
                "git checkout -q -B branch-of-$(basename $PWD)",
                "git commit -q --allow-empty -m third",
            ] {
                let before = watched();
                assert_eq!(before, watched(), "{format:?} {line}");
                repo.shell(line).success();
                assert_ne!(before, watched(), "{format:?} {line}");
            }
        }
    }
}

/// The files of a package, except the tests. A directory stands for all files in it.
const SHIPPED: [&str; 21] = [
    ".cargo_vcs_info.json",
    ".github/workflows/",
    ".pre-commit-hooks.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "action.yml",
    "benches/",
    "build/",
    "docs/",
    "hooks/pre-commit",
    "install.sh",
    "packaging/",
    "pyproject.toml",
    "schemas/",
    "src/",
    "templates/",
];

#[test]
fn a_package_contains_only_the_listed_files() {
    let Some(tracked) = git_of_sources("ls-files") else { return };
    let listed = cargo("package --list --allow-dirty --offline --quiet");
    let listed: BTreeSet<&str> = listed.lines().filter(|path| *path != "Cargo.toml.orig").collect();
    let is_shipped = |path: &str| {
        let is_of = |shipped: &&str| path == *shipped || shipped.ends_with('/') && path.starts_with(*shipped);
        path.starts_with("tests/") || SHIPPED.iter().any(is_of)
    };
    for path in &listed {
        assert!(is_shipped(path), "{path} is not listed");
    }
    let tracked = tracked.lines().filter(|path| is_shipped(path) && Path::new(ROOT).join(path).exists());
    for path in tracked.chain([".cargo_vcs_info.json"]) {
        assert!(listed.contains(path), "{path} is not in the package");
    }
}

#[test]
fn the_manifest_has_what_registries_require() {
    let manifest = document("Cargo.toml");
    let package = &manifest["package"];
    for key in ["description", "license", "readme", "rust-version"] {
        assert!(!text(package, key).is_empty(), "{key}");
    }
    for (key, max) in [("keywords", 5), ("categories", 5)] {
        assert!((1..=max).contains(&package[key].as_array().unwrap().len()), "{key}");
    }
    let readme = fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    assert!(readme.contains(&format!("Rust {} or newer", text(package, "rust-version"))));
}

#[test]
fn the_wheel_has_the_metadata_of_the_crate() {
    let (manifest, pyproject) = (document("Cargo.toml"), document("pyproject.toml"));
    let (package, project) = (&manifest["package"], &pyproject["project"]);
    for key in ["name", "license", "readme"] {
        assert_eq!(text(project, key), text(package, key), "{key}");
    }
    let dynamic = project["dynamic"].as_array().unwrap();
    for key in ["version", "description", "keywords"] {
        assert!(dynamic.contains(&key.into()) && project.get(key).is_none(), "{key}");
    }
    assert_eq!(text(&pyproject["tool"]["maturin"], "bindings"), "bin");
}

#[test]
fn a_tag_has_the_notes_of_its_version() {
    if git_of_sources("rev-parse HEAD").is_none() {
        return;
    }
    let notes = |tag: &str| {
        let mut command = Repo::home().command("packaging/release-notes");
        command.current_dir(ROOT).arg(tag);
        Repo::run(command, b"")
    };
    let version = env!("CARGO_PKG_VERSION");
    let changes = fs::read_to_string(Path::new(ROOT).join("CHANGELOG.md")).unwrap();
    let (_, section) = changes.split_once(&format!("\n## {version} ")).unwrap();
    let expected = section.split_once('\n').unwrap().1.split("\n## ").next().unwrap();
    assert_eq!(notes(&format!("v{version}")).success().trim(), expected.trim());
    let run = notes("v0.0.1");
    assert!(run.code == 1 && run.err.contains("the version in Cargo.toml is"), "{run:?}");
}

#[test]
fn dependencies_support_the_minimum_rust_version() {
    let manifest = document("Cargo.toml");
    let number =
        |version: &str| -> Vec<u32> { version.split('.').map(|part| part.parse().unwrap()).collect() };
    let minimum = number(text(&manifest["package"], "rust-version"));
    let version = cargo("--version --verbose");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata =
        cargo(&format!("metadata --locked --offline --quiet --format-version 1 --filter-platform {host}"));
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        let needed = package["rust_version"].as_str().map(number).unwrap_or_default();
        assert!(needed[..needed.len().min(2)] <= minimum[..], "{}: {needed:?}", package["name"]);
    }
}
