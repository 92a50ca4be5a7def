//! Measures what the guard costs in large repositories, compared with git.
//!
//! In each round every program runs once, in turns. Prints medians, minima, the ratio to git's
//! median, and the limit for it. Exceeding a limit is not a failure.
//!
//! `cargo bench --bench speed -- [--record] [ROUNDS] [PART…]`: the rounds in the largest
//! repositories, 11 by default (smaller ones get more), and the parts to run, all by default:
//! `1000`, `100000`, `1000000`, `1000000-v4`, `100000-monorepo`, `1000000-monorepo`, `evidence`,
//! `agent`, `commit`, `range`. `--record` writes the figures of all parts into the pages of
//! `docs/`, and draws `docs/performance.svg`, on a machine that is idle otherwise.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench panics if a step fails, and prints its results"
)]

mod chart;
mod figures;
mod measure;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use figures::{Column, Figure, record, wait_until_idle};
use measure::{command, median, milliseconds, shell, timed};
use tempfile::TempDir;

/// An index to check.
struct Index {
    part: &'static str,
    title: &'static str,
    entries: usize,
    /// Returns the path of a file by its number.
    path: fn(usize) -> String,
    version: u8,
    /// The factor for the number of rounds, 1 in the largest repository.
    rounds: usize,
    /// The limit for the clean check, relative to git's time.
    clean_limit: Option<f64>,
    /// The limit for a check that refuses one file, relative to git's time.
    refusal_limit: f64,
    /// The limit for the memory of the clean check, in MiB.
    memory_limit: Option<f64>,
}

const INDEXES: [Index; 6] = [
    Index {
        rounds: 20,
        clean_limit: Some(0.8),
        refusal_limit: 1.5,
        ..Index::new("1000", "1,000 entries", 1_000)
    },
    Index {
        rounds: 4,
        clean_limit: Some(0.3),
        refusal_limit: 1.2,
        ..Index::new("100000", "100,000 entries", 100_000)
    },
    Index {
        clean_limit: Some(0.2),
        memory_limit: Some(32.0),
        ..Index::new("1000000", "1,000,000 entries", 1_000_000)
    },
    Index { version: 4, ..Index::new("1000000-v4", "1,000,000 entries, version 4", 1_000_000) },
    Index {
        path: monorepo_path,
        rounds: 4,
        clean_limit: Some(0.3),
        ..Index::new("100000-monorepo", "100,000 entries, 12 a directory", 100_000)
    },
    Index {
        path: monorepo_path,
        clean_limit: Some(0.2),
        ..Index::new("1000000-monorepo", "1,000,000 entries, 12 a directory", 1_000_000)
    },
];

impl Index {
    const fn new(part: &'static str, title: &'static str, entries: usize) -> Self {
        Self {
            part,
            title,
            entries,
            path: package_path,
            version: 2,
            rounds: 1,
            clean_limit: None,
            refusal_limit: 0.5,
            memory_limit: None,
        }
    }
}

/// Stages ordinary scripts in one index, and one that looks run once in another.
const STAGE_SCRIPTS: &str = "
    git read-tree main && git write-tree
    for number in 0 1 2 3 4 5 6 7 8 9; do
        printf 'import sys\n\ndef main():\n    sys.stdout.write(\"%s\")\n' $number >script_$number.py
    done
    cp .git/index .git/scripts
    GIT_INDEX_FILE=.git/scripts git add script_?.py && GIT_INDEX_FILE=.git/scripts git write-tree
    printf 'print(\"\\342\\234\\205 done\")\n' >fill_rows.py
    cp .git/index .git/run-once
    GIT_INDEX_FILE=.git/run-once git add fill_rows.py && GIT_INDEX_FILE=.git/run-once git write-tree
";

/// The numbers of files in which the texts of scripts are judged.
const EVIDENCE_FILES: [(&str, usize); 2] = [("1,000 files", 1_000), ("100,000 files", 100_000)];

const NEW_SCRIPTS: [Contender; 3] = [
    Contender::new("`git diff --cached`", &["git", "diff", "--cached", "--name-only", "-z"], None),
    Contender::new("`stage-guard`", &["stage-guard"], None),
    Contender {
        index: Some(".git/scripts"),
        ..Contender::new("`stage-guard`, ten new scripts", &["stage-guard"], None)
    },
];

const SEARCH: [Contender; 2] = [
    Contender {
        index: Some(".git/run-once"),
        code: 1,
        ..Contender::new(
            "`git grep --cached`",
            &["git", "grep", "--cached", "-l", "-F", "-e", "fill_rows"],
            None,
        )
    },
    Contender {
        index: Some(".git/run-once"),
        code: 1,
        ..Contender::new("`stage-guard`, a script run once", &["stage-guard"], Some(1.1))
    },
];

/// Writes the events of an agent's hook to files in the git directory.
const STAGE_EVENTS: &str = r#"
    git read-tree -u --reset main && git write-tree && cd .git
    event() { printf '{"hook_event_name":"PreToolUse","tool_name":"%s","tool_input":{%s}}' "$2" "$3" >$1; }
    event other Write '"file_path":"packages/a0/p0/src/lib/new.ts","content":"export {}"'
    event script Write '"file_path":"backend/rows.py","content":"import sys\n\ndef main():\n    sys.exit(0)\n"'
    event named Write '"file_path":"backend/debug_x.py","content":"x"'
    event shown Write '"file_path":"backend/fill_rows.py","content":"print(\"\u2705 done\")\n"'
    event command Bash '"command":"cd backend && python -m pytest -x 2>&1 | tail -20"'
"#;

const AGENT_WRITES: [Contender; 4] = [
    Contender {
        code: 1,
        ..Contender::new("`git check-ignore -q`", &["git", "check-ignore", "-q", "backend/debug_x.py"], None)
    },
    Contender::of_agent("a write, allowed by its name", ".git/other", Some(1.5)),
    Contender::of_agent("a write of a new script, whose text is read", ".git/script", Some(1.5)),
    Contender::of_agent("a write, denied by its name", ".git/named", Some(2.0)),
];

const AGENT_SEARCH: [Contender; 2] = [
    Contender {
        code: 1,
        ..Contender::new(
            "`git grep --untracked`",
            &["git", "grep", "--untracked", "-l", "-F", "-e", "fill_rows"],
            None,
        )
    },
    Contender::of_agent("a write, denied by its text: all files are searched", ".git/shown", None),
];

const AGENT_RUNS: [Contender; 2] = [
    Contender::new("`stage-guard --version`", &["stage-guard", "--version"], None),
    Contender::of_agent("a command", ".git/command", None),
];

/// Creates an index with an added file, and a second one that also has session work.
///
/// Both have the cache-tree extension: `git commit` writes it before it runs hooks.
const STAGE: &str = "
    git read-tree main && git update-index --index-version $VERSION
    blob=$(git rev-parse main:README.md)
    git update-index --add --cacheinfo 100644,$blob,packages/a0/p0/src/lib/added.ts
    cp .git/index .git/refused && export GIT_INDEX_FILE=.git/refused
    git update-index --add --cacheinfo 100644,$blob,debug_x.py
    git write-tree && unset GIT_INDEX_FILE && git write-tree
    \"$GUARD\" install -q
";

/// The hooks of the repositories in which `git commit` is measured.
const HOOKS: [(&str, &str); 3] = [
    ("no hook", "true"),
    ("an empty hook", "cd .git/hooks; printf '#!/bin/sh\\nexit 0\\n' >pre-commit; chmod +x pre-commit"),
    ("the guard", "\"$GUARD\" install -q"),
];

/// The hook that does nothing: running any hook is a cost of git.
const EMPTY: usize = 1;

/// The limits for the time in addition to that of the empty hook, in milliseconds.
const COMMIT_LIMITS: [Option<f64>; 3] = [None, None, Some(2.5)];

/// The file that each commit changes.
const CHANGED: &str = "backend/main.py";

/// The files outside the packages.
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

/// The files of packages: a hundred in each package, and a hundred packages in each area.
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

/// A measured program. The first one of a list is git, with which the others are compared.
struct Contender {
    title: &'static str,
    words: &'static [&'static str],
    index: Option<&'static str>,
    /// The file that it reads from standard input.
    input: Option<&'static str>,
    code: i32,
    /// The limit for its time, relative to git's.
    limit: Option<f64>,
}

impl Contender {
    const fn new(title: &'static str, words: &'static [&'static str], limit: Option<f64>) -> Self {
        Self { title, words, index: None, input: None, code: 0, limit }
    }

    /// Creates a run of the agent's hook, with an event in a file.
    const fn of_agent(title: &'static str, event: &'static str, limit: Option<f64>) -> Self {
        Self { input: Some(event), ..Self::new(title, &["stage-guard", "agent", "claude"], limit) }
    }

    fn command(&self, directory: &Path) -> Command {
        let mut command = command(directory, self.words);
        command.envs(self.index.map(|index| ("GIT_INDEX_FILE", index)));
        if let Some(input) = self.input {
            command.stdin(File::open(directory.join(input)).expect("the input"));
        }
        command
    }
}

const ALL_FILES: [Contender; 2] = [
    Contender::new("`git ls-files`", &["git", "ls-files"], None),
    Contender::new("`stage-guard check --all-files`", &["stage-guard", "check", "--all-files"], Some(1.5)),
];

const RANGE_CHECK: [Contender; 2] = [
    Contender::new("`git log --name-only`", &["git", "log", "--format=", "--name-only", "first..main"], None),
    Contender::new(
        "`stage-guard check --range`",
        &["stage-guard", "check", "--range", "first..main"],
        Some(1.3),
    ),
];

fn staged_check(index: &Index) -> [Contender; 4] {
    [
        Contender::new("`git diff --cached`", &["git", "diff", "--cached", "--name-only", "-z"], None),
        Contender::new("`stage-guard`, nothing refused", &["stage-guard"], index.clean_limit),
        Contender {
            index: Some(".git/refused"),
            code: 1,
            ..Contender::new("`stage-guard`, one refusal", &["stage-guard"], Some(index.refusal_limit))
        },
        Contender {
            index: Some(".git/index"),
            ..Contender::new("the whole hook", &[".git/hooks/pre-commit"], None)
        },
    ]
}

/// What is measured besides the indexes.
struct Part {
    name: &'static str,
    /// The page in `docs/` with its figures.
    page: &'static str,
    /// The factor for the number of rounds.
    rounds: usize,
    measure: fn(&Path, usize) -> Vec<Column>,
}

const PERFORMANCE: &str = "performance.md";

const PARTS: [Part; 4] = [
    Part { name: "evidence", page: PERFORMANCE, rounds: 1, measure: measure_evidence },
    Part { name: "agent", page: "agents.md", rounds: 5, measure: measure_agent },
    Part { name: "commit", page: PERFORMANCE, rounds: 10, measure: measure_commits },
    Part { name: "range", page: PERFORMANCE, rounds: 1, measure: measure_range },
];

/// The arguments after `--`.
struct Arguments {
    record: bool,
    rounds: usize,
    parts: Vec<String>,
}

impl Arguments {
    fn parse() -> Self {
        let is_part = |word: &String| {
            PARTS.iter().any(|part| part.name == word) || INDEXES.iter().any(|index| index.part == word)
        };
        // Cargo adds its own option.
        let words = env::args().skip(1).filter(|word| word != "--bench");
        let (parts, mut others): (Vec<_>, Vec<_>) = words.partition(is_part);
        let record = others.iter().any(|word| word == "--record");
        assert!(!record || parts.is_empty(), "--record measures all parts");
        others.retain(|word| word != "--record");
        let rounds = others.last().map_or(11, |word| word.parse().expect("a part, or a number of rounds"));
        Self { record, rounds, parts }
    }

    fn includes(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

fn main() {
    let arguments = Arguments::parse();
    if arguments.record {
        wait_until_idle();
    }
    let directory = TempDir::with_prefix("stage-guard-bench-").expect("a temporary directory");
    let directory = directory.path();
    let indexes = measure_indexes(directory, &arguments);
    for part in PARTS.iter().filter(|part| arguments.includes(part.name)) {
        let columns = (part.measure)(directory, arguments.rounds * part.rounds);
        println!();
        if arguments.record {
            record(part.page, part.name, &columns);
        }
    }
    if arguments.record {
        record_indexes(indexes);
    }
}

/// The number of indexes that the page shows, which are the first ones.
const RECORDED_INDEXES: usize = 3;

/// Records the times and peaks of the indexes, and draws the times.
fn record_indexes(indexes: Vec<MeasuredIndex>) {
    let (times, peaks): (Vec<_>, Vec<_>) =
        indexes.into_iter().take(RECORDED_INDEXES).map(|index| (index.times, index.peaks)).unzip();
    record(PERFORMANCE, "check", &times);
    record(PERFORMANCE, "memory", &peaks);
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.svg");
    fs::write(chart, chart::draw(&times)).expect("the chart");
}

const TABLE_HEAD: &str =
    "| in | run | median | minimum | times git's | limit |\n| --- | --- | ---: | ---: | ---: | ---: |";

/// What was measured in a repository with an index.
struct MeasuredIndex {
    times: Column,
    peaks: Column,
}

fn measure_indexes(directory: &Path, arguments: &Arguments) -> Vec<MeasuredIndex> {
    let indexes = INDEXES.iter().filter(|index| arguments.includes(index.part));
    if indexes.clone().next().is_none() {
        return Vec::new();
    }
    println!("{TABLE_HEAD}");
    let measured: Vec<_> =
        indexes.clone().map(|index| measure_index(directory, index, arguments.rounds)).collect();
    println!("\n| in | run | peak memory | limit |\n| --- | --- | ---: | ---: |");
    for (index, measured) in indexes.zip(&measured) {
        for (peak, limit) in measured.peaks.figures.iter().zip([None, index.memory_limit, None, None]) {
            let limit = limit.map_or(String::new(), |limit| format!("{limit} MiB"));
            print_row(&[index.title.to_owned(), peak.run.to_owned(), peak.text(), limit]);
        }
    }
    println!();
    measured
}

fn measure_index(directory: &Path, index: &Index, rounds: usize) -> MeasuredIndex {
    let repository = make(directory, index.part, |stream| first_commit(stream, index.entries, index.path));
    shell(&repository, &format!("VERSION={}; {STAGE}", index.version));
    let staged = staged_check(index);
    let mut times = compare(index.title, &repository, rounds * index.rounds, &staged);
    times.extend(compare(index.title, &repository, rounds * index.rounds, &ALL_FILES));
    let peaks = staged.iter().map(|contender| Figure {
        run: contender.title,
        value: peak(contender, &repository),
        unit: "MiB",
        ratio: None,
    });
    let peaks = Column { title: index.title, figures: peaks.collect() };
    fs::remove_dir_all(&repository).expect("the repository");
    MeasuredIndex { times: Column { title: index.title, figures: times }, peaks }
}

fn measure_evidence(directory: &Path, rounds: usize) -> Vec<Column> {
    println!("{TABLE_HEAD}");
    let measure = |(title, files)| {
        let repository = make(directory, title, |stream| first_commit(stream, files, package_path));
        shell(&repository, STAGE_SCRIPTS);
        let figures = compare_each(title, &repository, rounds, &[&NEW_SCRIPTS, &SEARCH]);
        fs::remove_dir_all(&repository).expect("the repository");
        Column { title, figures }
    };
    EVIDENCE_FILES.map(measure).into()
}

fn measure_agent(directory: &Path, rounds: usize) -> Vec<Column> {
    let repository = make(directory, "agent", |stream| first_commit(stream, 10_000, package_path));
    shell(&repository, STAGE_EVENTS);
    println!("{TABLE_HEAD}");
    let title = "10,000 files";
    let contenders: [&[Contender]; 3] = [&AGENT_WRITES, &AGENT_SEARCH, &AGENT_RUNS];
    vec![Column { title, figures: compare_each(title, &repository, rounds, &contenders) }]
}

fn measure_commits(directory: &Path, rounds: usize) -> Vec<Column> {
    let repositories = HOOKS.map(|(name, guard)| {
        let repository = make(directory, name, |stream| first_commit(stream, 10_000, package_path));
        // No garbage collection in the middle of a round.
        shell(&repository, &format!("git reset -q --hard; git config gc.auto 0; {guard}"));
        repository
    });
    let times = interleaved(HOOKS.len(), rounds, |kind, round| {
        let repository = &repositories[kind];
        fs::write(repository.join(CHANGED), format!("{round}\n")).expect("the changed file");
        timed(command(repository, &["git", "add", CHANGED]), 0);
        timed(command(repository, &["git", "commit", "-q", "-m", "m"]), 0)
    });
    println!("| `git commit`, 10,000 files | median | minimum | than the empty hook | limit |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (((hook, _), time), limit) in HOOKS.iter().zip(&times).zip(COMMIT_LIMITS) {
        let difference = milliseconds(time.median) - milliseconds(times[EMPTY].median);
        print_row(&[
            (*hook).to_owned(),
            in_milliseconds(time.median),
            in_milliseconds(time.min),
            format!("{difference:+.2} ms"),
            limit.map_or(String::new(), |limit| format!("{limit:+} ms")),
        ]);
    }
    let figures = HOOKS.iter().zip(&times).map(|((hook, _), time)| time.figure(hook, None)).collect();
    vec![Column { title: "`git commit`, 10,000 files", figures }]
}

fn measure_range(directory: &Path, rounds: usize) -> Vec<Column> {
    let repository = make(directory, "range", |stream| history(stream, 10_000, 1_000));
    shell(&repository, "git tag first $(git rev-list --max-parents=0 main)");
    println!("{TABLE_HEAD}");
    let title = "10,000 commits";
    vec![Column { title, figures: compare(title, &repository, rounds, &RANGE_CHECK) }]
}

fn compare_each(title: &str, directory: &Path, rounds: usize, lists: &[&[Contender]]) -> Vec<Figure> {
    lists.iter().flat_map(|contenders| compare(title, directory, rounds, contenders)).collect()
}

/// Measures the contenders in turns, and prints a row for each.
fn compare(title: &str, directory: &Path, rounds: usize, contenders: &[Contender]) -> Vec<Figure> {
    let times = interleaved(contenders.len(), rounds, |which, _| {
        let contender = &contenders[which];
        timed(contender.command(directory), contender.code)
    });
    let measure = |(number, (contender, time)): (usize, (&Contender, &Times))| {
        let ratio = time.median.as_secs_f64() / times[0].median.as_secs_f64();
        print_row(&[
            title.to_owned(),
            contender.title.to_owned(),
            in_milliseconds(time.median),
            in_milliseconds(time.min),
            format!("{ratio:.2}"),
            contender.limit.map_or(String::new(), |limit| format!("{limit:.2}")),
        ]);
        time.figure(contender.title, (number > 0).then_some(ratio))
    };
    contenders.iter().zip(&times).enumerate().map(measure).collect()
}

struct Times {
    median: Duration,
    min: Duration,
}

impl Times {
    fn figure(&self, run: &'static str, ratio: Option<f64>) -> Figure {
        Figure::of_time(run, self.median, ratio)
    }
}

/// Runs each contender once a round. The first round does not count.
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
    all.iter_mut().map(|times| Times { median: median(times), min: times[0] }).collect()
}

/// Returns the peak memory of a program in MiB, by GNU time if it is installed.
fn peak(contender: &Contender, directory: &Path) -> f64 {
    let plain = contender.command(directory);
    let mut time = command(directory, &["/usr/bin/time", "-q", "-f", "%M"]);
    time.arg(plain.get_program()).args(plain.get_args()).stderr(Stdio::piped());
    time.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = time.output().ok().filter(|output| output.status.code() == Some(contender.code));
    let exact = output.and_then(|output| String::from_utf8(output.stderr).ok()?.trim().parse().ok());
    let kibibytes: u32 = exact.or_else(|| polled_peak(plain)).expect("the memory of the program");
    f64::from(kibibytes) / 1024.0
}

/// Returns the peak memory in KiB that the kernel shows while the program runs.
///
/// It is a little too low, because the last moments are missed.
fn polled_peak(mut command: Command) -> Option<u32> {
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

fn print_row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

fn in_milliseconds(time: Duration) -> String {
    format!("{:.2} ms", milliseconds(time))
}

/// Creates a repository from a stream for `git fast-import`, with everything in one pack.
fn make(directory: &Path, name: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> PathBuf {
    let repository = directory.join(name);
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

/// Writes a first commit that adds all files, then commits that change three files each.
///
/// Every twentieth commit merges the commit before it, which is on a separate branch.
fn history(stream: &mut dyn Write, commits: usize, files: usize) -> io::Result<()> {
    let changes = |number: usize| (0..3).map(move |change| package_path((number * 7 + change * 331) % files));
    first_commit(stream, files, package_path)?;
    for number in 1..=commits {
        match number % 20 {
            19 => write_commit(stream, number, &[number - 10], number, changes(number)),
            0 => write_commit(stream, number, &[number - 2, number - 1], number - 1, changes(number - 1)),
            _ => write_commit(stream, number, &[number - 1], number, changes(number)),
        }?;
    }
    Ok(())
}

fn first_commit(stream: &mut dyn Write, files: usize, path: fn(usize) -> String) -> io::Result<()> {
    write_commit(stream, 0, &[], 0, (0..files).map(path))
}

/// Writes a commit. Marks count from 1, numbers from 0.
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

/// Returns the path of a file: about 40 bytes, and up to a hundred files in a directory.
fn package_path(number: usize) -> String {
    let Some(number) = number.checked_sub(TOP.len()) else {
        return TOP[number].to_owned();
    };
    let (package, file) = (number / 100, number % 100);
    LAYOUTS[number % LAYOUTS.len()]
        .replace("AREA", &(package / 100).to_string())
        .replace("PACKAGE", &package.to_string())
        .replace("FILE", &file.to_string())
}

/// Returns the path of a file: about 75 bytes, and twelve files in a directory.
///
/// All directories are below a production root, which is the only parent that they share, so
/// that each is entered from the top.
fn monorepo_path(number: usize) -> String {
    let Some(number) = number.checked_sub(TOP.len()) else {
        return TOP[number].to_owned();
    };
    let (directory, file) = (number / 12, number % 12);
    let (root, extension) = ROOTS[directory % ROOTS.len()];
    let subject = SUBJECTS[directory / ROOTS.len() % SUBJECTS.len()];
    let name = match FILES.get(file) {
        Some(name) => format!("{subject}_{name}.{extension}"),
        None => format!("test_{subject}_repository.py"),
    };
    format!("{root}/{subject}_team_{directory:05}/components/internal_v{}/{name}", directory % 7)
}

/// The production roots of the monorepo, and the extensions of their files.
const ROOTS: [(&str, &str); 6] = [
    ("backend", "py"),
    ("frontend", "tsx"),
    ("services", "go"),
    ("web", "ts"),
    ("api", "py"),
    ("server", "rs"),
];

const SUBJECTS: [&str; 10] = [
    "billing",
    "search",
    "orders",
    "accounts",
    "shipping",
    "catalog",
    "identity",
    "reports",
    "messaging",
    "inventory",
];

const FILES: [&str; 11] = [
    "repository_adapter",
    "request_handler",
    "response_mapper",
    "validation_rules",
    "domain_events",
    "retry_policy",
    "session_tokens",
    "query_builder",
    "feature_flags",
    "error_codes",
    "fixtures_loader",
];
