//! Figures that a bench has measured, and the tables of the documentation that show them.

use std::fmt::{self, Display};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::measure::milliseconds;

/// The median of what was measured of one program.
pub(crate) struct Figure {
    pub(crate) run: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// How many times the value of the program that it is compared with.
    pub(crate) ratio: Option<f64>,
}

impl Figure {
    pub(crate) fn of_time(run: &'static str, time: Duration, ratio: Option<f64>) -> Self {
        Self { run, value: milliseconds(time), unit: "ms", ratio }
    }

    /// Returns the value with three digits, and the unit.
    pub(crate) fn text(&self) -> String {
        let value = self.value;
        let digits = [100.0, 10.0].iter().filter(|limit| value < **limit).count();
        format!("{value:.digits$} {}", self.unit)
    }
}

impl Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text())?;
        self.ratio.map_or(Ok(()), |ratio| write!(f, " ({ratio:.2})"))
    }
}

/// The figures of one repository.
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) figures: Vec<Figure>,
}

/// Returns a table with a row for each program and a column for each repository.
fn table(columns: &[Column]) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let titles = columns.iter().map(|column| column.title.to_owned());
    let head = row([String::new()].into_iter().chain(titles).collect());
    let rule = row(vec!["---".to_owned(); columns.len() + 1]);
    let rows = columns[0].figures.iter().enumerate().map(|(number, figure)| {
        let cells = columns.iter().map(|column| column.figures[number].to_string());
        row([figure.run.to_owned()].into_iter().chain(cells).collect())
    });
    [head, rule].into_iter().chain(rows).collect()
}

/// How long other programs may keep the processors busy before a bench gives up.
const MAX_WAIT: Duration = Duration::from_secs(600);

/// Waits until the load is at most 1 for each processor. The build of the bench has raised it.
pub(crate) fn wait_until_idle() {
    let start = Instant::now();
    while let Some(load) = load().filter(|load| *load > f64::from(processors())) {
        assert!(
            start.elapsed() < MAX_WAIT,
            "the load is {load}: end other programs, their time is measured, too"
        );
        println!("waiting until the machine is idle: the load is {load}");
        thread::sleep(Duration::from_secs(10));
    }
}

/// Returns the average number of busy processes in the last minute; `None` without `/proc`.
fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

fn processors() -> u32 {
    let number = thread::available_parallelism().expect("the number of processors");
    number.get().try_into().expect("fewer than four billion")
}

/// Returns a sentence that says with what the figures were measured.
fn machine() -> String {
    let git = Command::new("git").arg("--version").output().expect("git").stdout;
    let git = String::from_utf8(git).expect("a version");
    let load = load().map_or(String::new(), |load| format!(" at a load of {load}"));
    format!(
        "Measured with {} and stage-guard {} on {} processors{load}; times are medians.",
        git.trim().replace("git version", "git"),
        env!("CARGO_PKG_VERSION"),
        processors(),
    )
}

/// Replaces the table called `name` in a page of `docs/`, and the sentence below it.
pub(crate) fn record(page: &str, name: &str, columns: &[Column]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let old = fs::read_to_string(&path).expect("the page");
    let marker = format!("<!-- figures: {name} -->\n");
    let (before, rest) = old.split_once(&marker).expect("the beginning of the figures");
    let (_, after) = rest.split_once("<!-- end of figures -->").expect("the end of the figures");
    let (table, machine) = (table(columns), machine());
    let new = format!("{before}{marker}\n{table}\n{machine}\n\n<!-- end of figures -->{after}");
    fs::write(path, new).expect("a page that can be written");
}
