//! Measures operations in which git runs hooks often: a rebase, a commit, a fetch, a push …
//!
//! Each operation runs without hooks, with a hook that does nothing, and guarded, in turns.
//! Prints medians and the additional cost.
//!
//! `cargo bench --bench operations -- [--record] [ROUNDS]`; 10 rounds by default. `--record` writes the
//! figures into `docs/hooks.md`, on a machine that is idle otherwise.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench panics if a step fails, and prints its results"
)]

mod figures;
mod measure;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use figures::{Column, Figure, record, wait_until_idle};
use measure::{median, milliseconds, shell};
use tempfile::TempDir;

/// Creates a branch of 50 commits next to `main`, and a server with 100 more refs.
///
/// git collects no garbage there, which it would do in the background of what is measured.
const CREATE: &str = "
    git init -q -b main work && cd work
    git config gc.auto 0 && git config maintenance.auto false
    for i in $(seq 200); do mkdir -p d$i && echo $i >d$i/a.py; done
    git add . && git commit -q -m first && git branch topic
    echo x >x.py && git add . && git commit -q -m main
    git checkout -q topic
    for i in $(seq 50); do echo $i >d$i/b.py && git add . && git commit -q -m $i; done
    git tag topic-tip && git tag main-tip main
    git clone -q --bare . ../server && cd ../server
    for i in $(seq 100); do
        git update-ref refs/heads/r$i $(git commit-tree -p main -m $i main^{tree})
    done
";

/// The ways to guard a repository.
const KINDS: [(&str, &str); 4] = [
    ("no hooks", "true"),
    ("`--strict`", "\"$GUARD\" install --strict -q"),
    (
        "`--strict`, an empty `reference-transaction`",
        "\"$GUARD\" install --strict -q; printf '#!/bin/sh\\nexit 0\\n' >.git/hooks/reference-transaction; chmod +x .git/hooks/*n",
    ),
    ("`--strict=refs`", "\"$GUARD\" install --strict=refs -q"),
];

/// The kind whose `reference-transaction` hook does nothing.
const EMPTY: usize = 2;

/// The name, the preparation without hooks, the measured command, and the number of steps.
const OPERATIONS: [(&str, &str, &str, u32); 6] = [
    ("rebase of 50 commits", "git checkout -q -B topic topic-tip", "git rebase -q main-tip", 50),
    ("commit", "git checkout -q -B topic topic-tip; echo y >y.py; git add y.py", "git commit -q -m y", 1),
    (
        "fetch of 100 refs",
        "git for-each-ref --format='delete %(refname)' refs/remotes | git update-ref --stdin",
        "git fetch -q ../server 'refs/heads/r*:refs/remotes/o/r*'",
        1,
    ),
    ("fast-forward", "git checkout -q -B topic topic-tip~20", "git merge -q --ff-only topic-tip", 1),
    ("cherry-pick", "git checkout -q -B topic topic-tip", "git cherry-pick main-tip", 1),
    (
        "push of 50 commits",
        "rm -rf .git/to; git init -q --bare .git/to; git push -q .git/to main-tip:refs/heads/main",
        "git push -q .git/to topic-tip:refs/heads/topic",
        1,
    ),
];

fn main() {
    let rounds = env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10);
    let is_recording = env::args().any(|argument| argument == "--record");
    if is_recording {
        wait_until_idle();
    }
    let temporary = TempDir::with_prefix("stage-guard-bench-").expect("a temporary directory");
    let directory = temporary.path();
    shell(directory, CREATE);
    let repositories: Vec<PathBuf> = (0..KINDS.len()).map(|kind| directory.join(kind.to_string())).collect();
    for (repository, (_, guard)) in repositories.iter().zip(KINDS) {
        shell(directory, &format!("cp -a work {}", repository.display()));
        shell(repository, guard);
    }
    let mut columns = KINDS.map(|(title, _)| Column { title, figures: Vec::new() });
    for (operation, prepare, measured, steps) in OPERATIONS {
        let mut times = vec![Vec::new(); KINDS.len()];
        for _ in 0..rounds {
            for (repository, times) in repositories.iter().zip(&mut times) {
                shell(
                    repository,
                    &format!("git() {{ command git -c core.hooksPath=/dev/null \"$@\"; }}; {prepare}"),
                );
                times.push(shell(repository, measured));
            }
        }
        println!("{operation}");
        let medians: Vec<Duration> = times.iter_mut().map(|times| median(times)).collect();
        for ((kind, _), median) in KINDS.iter().zip(&medians) {
            let difference = (milliseconds(*median) - milliseconds(medians[0])) / f64::from(steps);
            let ratio = median.as_secs_f64() / medians[EMPTY].as_secs_f64();
            println!(
                "  {kind:<42} {:8.1} ms  {difference:+6.2} ms a step  {ratio:5.2} x the empty hook",
                milliseconds(*median)
            );
        }
        for (column, median) in columns.iter_mut().zip(medians) {
            column.figures.push(Figure::of_time(operation, median, None));
        }
    }
    if is_recording {
        record("hooks.md", "operations", &columns);
    }
}
