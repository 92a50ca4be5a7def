//! What the guard costs, beside what git alone takes: in each round all run once, one
//! after the other. Prints medians, minima, how they compare with git's, and what they
//! are to be at most. Nothing is held to it.
//!
//! `cargo bench --bench speed`. After `--` the number of rounds in the largest
//! repository (11 if left out; where a round is short there are more), and the names of
//! parts, where not all are to run: `1000`, `100000`, `1000000`, `1000000-v4`, `commit`,
//! `range`.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on has failed, and prints"
)]

mod measure;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use measure::{command, median, shell, timed};
use tempfile::TempDir;

/// An index to check. The clean check is held to less the longer git itself takes.
struct Index {
    part: &'static str,
    shown: &'static str,
    entries: usize,
    version: u8,
    times_as_many_rounds: usize,
    clean_at_most: Option<f64>,
    memory_at_most: Option<f64>,
}

const INDEXES: [Index; 4] = [
    Index {
        part: "1000",
        shown: "1,000 entries",
        entries: 1_000,
        version: 2,
        times_as_many_rounds: 20,
        clean_at_most: Some(0.8),
        memory_at_most: None,
    },
    Index {
        part: "100000",
        shown: "100,000 entries",
        entries: 100_000,
        version: 2,
        times_as_many_rounds: 4,
        clean_at_most: Some(0.3),
        memory_at_most: None,
    },
    Index {
        part: "1000000",
        shown: "1,000,000 entries",
        entries: 1_000_000,
        version: 2,
        times_as_many_rounds: 1,
        clean_at_most: Some(0.2),
        memory_at_most: Some(32.0),
    },
    Index {
        part: "1000000-v4",
        shown: "1,000,000 entries, version 4",
        entries: 1_000_000,
        version: 4,
        times_as_many_rounds: 1,
        clean_at_most: None,
        memory_at_most: None,
    },
];

const COMMIT: &str = "commit";
const RANGE: &str = "range";

/// Makes an index with one file added, and another with session work added to that.
/// Both know the trees that they stand for: `git commit` sees to it before it runs hooks.
const STAGE: &str = "
    git read-tree main && git update-index --index-version $VERSION
    blob=$(git rev-parse main:README.md)
    git update-index --add --cacheinfo 100644,$blob,packages/a0/p0/src/lib/added.ts
    cp .git/index .git/refused && export GIT_INDEX_FILE=.git/refused
    git update-index --add --cacheinfo 100644,$blob,debug_x.py
    git write-tree && unset GIT_INDEX_FILE && git write-tree
    \"$GUARD\" install -q
";

/// How a repository is guarded that commits are made in.
const HOOKS: [(&str, &str); 3] = [
    ("no hook", "true"),
    ("an empty hook", "cd .git/hooks; printf '#!/bin/sh\\nexit 0\\n' >pre-commit; chmod +x pre-commit"),
    ("the guard", "\"$GUARD\" install -q"),
];

/// The hook that does nothing: that git runs a hook at all is not the guard's cost.
const EMPTY: usize = 1;

/// By how many milliseconds the guard may be slower than that.
const COMMIT_AT_MOST: [Option<f64>; 3] = [None, None, Some(2.5)];

/// What each commit changes.
const CHANGED: &str = "backend/main.py";

/// What lies where a project begins.
const TOP: [&str; 8] = [
    "README.md",
    "package.json",
    "backend/README.md",
    CHANGED,
    "docs/index.md",
    "frontend/index.html",
    "scripts/release.sh",
    "tests/test_x.py",
];

/// Where its packages have their files: a hundred each, and a hundred packages an area.
const LAYOUTS: [&str; 10] = [
    "packages/aAREA/pPACKAGE/src/lib/user_service_FILE.ts",
    "packages/aAREA/pPACKAGE/src/components/order_view_FILE.tsx",
    "packages/aAREA/pPACKAGE/src/components/order_view_FILE.module.css",
    "packages/aAREA/pPACKAGE/tests/test_invoice_FILE.py",
    "packages/aAREA/pPACKAGE/README_FILE.md",
    "backend/app/aAREA/mPACKAGE/models/account_FILE.py",
    "backend/app/aAREA/mPACKAGE/migrations/FILE_add_column.py",
    "libs/core/aAREA/lPACKAGE/include/detail/ring_buffer_FILE.h",
    "libs/core/aAREA/lPACKAGE/src/ring_buffer_FILE.c",
    "docs/aAREA/guide_PACKAGE_FILE.md",
];

/// A program that is measured. The first of several is git, and the others are compared
/// with it.
struct Contender {
    shown: &'static str,
    words: &'static [&'static str],
    index: Option<&'static str>,
    code: i32,
    at_most: Option<f64>,
}

impl Contender {
    const fn new(shown: &'static str, words: &'static [&'static str], at_most: Option<f64>) -> Self {
        Self { shown, words, index: None, code: 0, at_most }
    }

    fn command(&self, directory: &Path) -> Command {
        let mut command = command(directory, self.words);
        command.envs(self.index.map(|index| ("GIT_INDEX_FILE", index)));
        command
    }
}

const LISTED: [Contender; 2] = [
    Contender::new("`git ls-files`", &["git", "ls-files"], None),
    Contender::new("`stage-guard check --all-files`", &["stage-guard", "check", "--all-files"], Some(1.5)),
];

const REACHED: [Contender; 2] = [
    Contender::new("`git log --name-only`", &["git", "log", "--format=", "--name-only", "first..main"], None),
    Contender::new(
        "`stage-guard check --range`",
        &["stage-guard", "check", "--range", "first..main"],
        Some(1.5),
    ),
];

fn staged(index: &Index) -> [Contender; 4] {
    [
        Contender::new("`git diff --cached`", &["git", "diff", "--cached", "--name-only", "-z"], None),
        Contender::new("`stage-guard`", &["stage-guard"], index.clean_at_most),
        Contender {
            index: Some(".git/refused"),
            code: 1,
            ..Contender::new("`stage-guard`, one refusal", &["stage-guard"], Some(1.5))
        },
        Contender {
            index: Some(".git/index"),
            ..Contender::new("the whole hook", &[".git/hooks/pre-commit"], None)
        },
    ]
}

/// What was asked for after `--`.
struct Asked {
    rounds: usize,
    parts: Vec<String>,
}

impl Asked {
    fn read() -> Self {
        let is_part = |word: &String| {
            [COMMIT, RANGE].contains(&word.as_str()) || INDEXES.iter().any(|index| index.part == word)
        };
        // Cargo adds options of its own.
        let words = env::args().skip(1).filter(|word| !word.starts_with('-'));
        let (parts, others): (Vec<_>, Vec<_>) = words.partition(is_part);
        let rounds = others.iter().fold(11, |_, word| word.parse().expect("a part, or a number of rounds"));
        Self { rounds, parts }
    }

    fn is_wanted(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

fn main() {
    let asked = Asked::read();
    let throw_away = TempDir::with_prefix("stage-guard-bench-").expect("a temporary directory");
    let place = throw_away.path();
    check_indexes(place, &asked);
    if asked.is_wanted(COMMIT) {
        make_commits(place, asked.rounds * 10);
    }
    if asked.is_wanted(RANGE) {
        check_range(place, asked.rounds);
    }
}

const COMPARED: &str =
    "| in | run | median | minimum | times git's | at most |\n| --- | --- | ---: | ---: | ---: | ---: |";

fn check_indexes(place: &Path, asked: &Asked) {
    let mut peaks = Vec::new();
    for index in INDEXES.iter().filter(|index| asked.is_wanted(index.part)) {
        if peaks.is_empty() {
            println!("{COMPARED}");
        }
        let repository = make(place, index.part, |stream| first_commit(stream, index.entries));
        shell(&repository, &format!("VERSION={}; {STAGE}", index.version));
        let rounds = asked.rounds * index.times_as_many_rounds;
        let staged = staged(index);
        compare(index.shown, &repository, rounds, &staged);
        compare(index.shown, &repository, rounds, &LISTED);
        for (contender, at_most) in staged.iter().zip([None, index.memory_at_most]) {
            peaks.push([
                index.shown.to_owned(),
                contender.shown.to_owned(),
                peak(contender, &repository).map_or("unknown".to_owned(), |peak| format!("{peak:.1} MiB")),
                at_most.map_or(String::new(), |at_most: f64| format!("{at_most} MiB")),
            ]);
        }
        fs::remove_dir_all(&repository).expect("the repository");
    }
    if !peaks.is_empty() {
        println!("\n| in | run | most memory | at most |\n| --- | --- | ---: | ---: |");
        for peak in &peaks {
            row(peak);
        }
        println!();
    }
}

fn make_commits(place: &Path, rounds: usize) {
    let repositories = HOOKS.map(|(name, guard)| {
        let repository = make(place, name, |stream| first_commit(stream, 10_000));
        // What many rounds leave behind is not tidied up in the middle of one.
        shell(&repository, &format!("git reset -q --hard; git config gc.auto 0; {guard}"));
        repository
    });
    let times = interleaved(HOOKS.len(), rounds, |kind, round| {
        let repository = &repositories[kind];
        fs::write(repository.join(CHANGED), format!("{round}\n")).expect("the changed file");
        timed(command(repository, &["git", "add", CHANGED]), 0);
        timed(command(repository, &["git", "commit", "-q", "-m", "m"]), 0)
    });
    println!("| `git commit`, 10,000 files | median | minimum | beside the empty hook | at most |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (((hook, _), time), at_most) in HOOKS.iter().zip(&times).zip(COMMIT_AT_MOST) {
        let more = milliseconds(time.median) - milliseconds(times[EMPTY].median);
        row(&[
            (*hook).to_owned(),
            shown(time.median),
            shown(time.least),
            format!("{more:+.2} ms"),
            at_most.map_or(String::new(), |at_most| format!("{at_most:+} ms")),
        ]);
    }
    println!();
}

fn check_range(place: &Path, rounds: usize) {
    let repository = make(place, RANGE, |stream| history(stream, 10_000, 1_000));
    shell(&repository, "git tag first $(git rev-list --max-parents=0 main)");
    println!("{COMPARED}");
    compare("10,000 commits", &repository, rounds, &REACHED);
}

/// Measures in turns, and prints a row for each.
fn compare(place: &str, directory: &Path, rounds: usize, contenders: &[Contender]) {
    let times = interleaved(contenders.len(), rounds, |which, _| {
        let contender = &contenders[which];
        timed(contender.command(directory), contender.code)
    });
    for (contender, time) in contenders.iter().zip(&times) {
        row(&[
            place.to_owned(),
            contender.shown.to_owned(),
            shown(time.median),
            shown(time.least),
            format!("{:.2}", time.median.as_secs_f64() / times[0].median.as_secs_f64()),
            contender.at_most.map_or(String::new(), |at_most| format!("{at_most:.2}")),
        ]);
    }
}

struct Times {
    median: Duration,
    least: Duration,
}

/// Has each run once a round. The first round warms up and does not count.
fn interleaved(
    contenders: usize,
    rounds: usize,
    mut run: impl FnMut(usize, usize) -> Duration,
) -> Vec<Times> {
    let mut all = vec![Vec::new(); contenders];
    for round in 0..=rounds {
        for (contender, times) in all.iter_mut().enumerate() {
            let time = run(contender, round);
            times.extend((round > 0).then_some(time));
        }
    }
    all.iter_mut().map(|times| Times { median: median(times), least: times[0] }).collect()
}

/// The most memory that a program had at any time, in MiB: from GNU time where it is
/// installed.
fn peak(contender: &Contender, directory: &Path) -> Option<f64> {
    let plain = contender.command(directory);
    let mut time = command(directory, &["/usr/bin/time", "-q", "-f", "%M"]);
    time.arg(plain.get_program()).args(plain.get_args()).stderr(Stdio::piped());
    time.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let said = time.output().ok().filter(|output| output.status.code() == Some(contender.code));
    let exact = said.and_then(|output| String::from_utf8(output.stderr).ok()?.trim().parse().ok());
    exact.or_else(|| watched_peak(plain)).map(|kibibytes: u32| f64::from(kibibytes) / 1024.0)
}

/// The same from the kernel, as long as the program runs: a little less, for the end is
/// missed.
fn watched_peak(mut command: Command) -> Option<u32> {
    let mut child = command.spawn().expect("a program that starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait().expect("the program").is_none() {
        let now = fs::read_to_string(&status).unwrap_or_default();
        let line = now.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        peak = line.and_then(|line| line.trim().parse().ok()).max(peak);
        thread::sleep(Duration::from_micros(200));
    }
    peak
}

fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", milliseconds(time))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Makes a repository of what is written to `git fast-import`: everything is in one pack,
/// as in a clone.
fn make(place: &Path, name: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> PathBuf {
    let repository = place.join(name);
    fs::create_dir(&repository).expect("a new directory");
    timed(command(&repository, &["git", "init", "-q", "-b", "main"]), 0);
    let mut import =
        command(&repository, &["git", "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"]);
    let mut import = import.stdin(Stdio::piped()).spawn().expect("git");
    let mut stream = BufWriter::new(import.stdin.take().expect("a pipe"));
    write(&mut stream).and_then(|()| stream.flush()).expect("git that reads");
    drop(stream);
    assert!(import.wait().expect("git").success());
    repository
}

/// Commits that change three files each, the first one all of them. The last of twenty
/// merges the one before it, which lies beside ten others.
fn history(stream: &mut dyn Write, commits: usize, files: usize) -> io::Result<()> {
    let changes = |number: usize| (0..3).map(move |change| path((number * 7 + change * 331) % files));
    first_commit(stream, files)?;
    for number in 1..=commits {
        match number % 20 {
            19 => write_commit(stream, number, &[number - 10], number, changes(number)),
            0 => write_commit(stream, number, &[number - 2, number - 1], number - 1, changes(number - 1)),
            _ => write_commit(stream, number, &[number - 1], number, changes(number)),
        }?;
    }
    Ok(())
}

fn first_commit(stream: &mut dyn Write, files: usize) -> io::Result<()> {
    write_commit(stream, 0, &[], 0, (0..files).map(path))
}

/// Git's marks count from 1.
fn write_commit(
    stream: &mut dyn Write,
    number: usize,
    parents: &[usize],
    contents: usize,
    paths: impl Iterator<Item = String>,
) -> io::Result<()> {
    writeln!(stream, "commit refs/heads/main\nmark :{}", number + 1)?;
    writeln!(stream, "committer a <a@example.com> {} +0000\ndata 1\nm", 1_700_000_000 + number)?;
    for (word, parent) in ["from", "merge"].iter().zip(parents) {
        writeln!(stream, "{word} :{}", parent + 1)?;
    }
    let contents = contents.to_string();
    for path in paths {
        writeln!(stream, "M 100644 inline {path}\ndata {}\n{contents}", contents.len())?;
    }
    Ok(())
}

/// The files of a project that grows.
fn path(number: usize) -> String {
    let Some(number) = number.checked_sub(TOP.len()) else {
        return TOP[number].to_owned();
    };
    let (package, file) = (number / 100, number % 100);
    LAYOUTS[number % LAYOUTS.len()]
        .replace("AREA", &(package / 100).to_string())
        .replace("PACKAGE", &package.to_string())
        .replace("FILE", &file.to_string())
}
