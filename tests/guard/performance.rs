//! Tables of figures have what the benches measure, and the chart shows the figures of its table.

use std::fs;

use super::sandbox::pages::{blocks, read};

const PAGE: &str = "docs/performance.md";
const CHART: &str = "docs/performance.svg";

/// The rows of the table that the chart shows.
const ROWS: usize = 3;

/// Returns the text between `begin` and `end`, each time that they enclose one.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    text.split(begin).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

/// Returns a table of figures, with the sentence below it.
fn figures_text(page: &str, name: &str) -> String {
    between(&read(page), &format!("<!-- figures: {name} -->"), "<!-- end of figures -->")[0].to_owned()
}

/// Returns the cells of a table of figures, without the titles of its rows.
fn figures(page: &str, name: &str) -> Vec<Vec<String>> {
    let table = figures_text(page, name);
    let lines = table.lines().filter(|line| line.starts_with('|') && !line.starts_with("| ---"));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    lines.map(cells).map(|cells: Vec<String>| cells[1..].to_vec()).collect()
}

/// Returns the time in a cell, as `1.57 ms`, and how many times git's it is.
fn time_and_ratio(cell: &str) -> (&str, f64) {
    match cell.trim_end_matches(')').split_once(" (") {
        Some((time, ratio)) => (time, ratio.parse().unwrap()),
        None => (cell, 1.0),
    }
}

#[test]
fn the_chart_shows_the_figures_of_the_table() {
    let table = figures(PAGE, "check");
    let chart = read(CHART);
    assert!(chart.starts_with("<svg viewBox=\"0 0 "));
    assert_eq!(between(&chart, "class=\"title\" x=\"16\"", "/text>").len(), table[0].len());
    let times = between(&chart, "class=\"time\">", "<");
    let bars = chart.lines().filter(|line| line.ends_with("height=\"14\" />"));
    let lengths: Vec<f64> = bars.map(|bar| between(bar, "width=\"", "\"")[0].parse().unwrap()).collect();
    assert_eq!((times.len(), lengths.len()), (ROWS * table[0].len(), ROWS * table[0].len()));
    for column in 0..table[0].len() {
        for row in 0..ROWS {
            let (time, ratio) = time_and_ratio(&table[1 + row][column]);
            let bar = ROWS * column + row;
            assert_eq!(times[bar], time);
            let drawn = lengths[bar] / lengths[ROWS * column];
            assert!((drawn - ratio).abs() < 0.01, "{time}: {drawn} instead of {ratio} times git's");
        }
    }
    assert!(read(PAGE).contains("](performance.svg)"));
}

#[test]
fn ratios_equal_the_quotients_of_the_times() {
    for (page, name) in [(PAGE, "check"), (PAGE, "evidence"), (PAGE, "range"), ("docs/agents.md", "agent")] {
        let table = figures(page, name);
        for column in 0..table[0].len() {
            let mut reference = 0.0;
            for row in &table[1..] {
                let (time, ratio) = time_and_ratio(&row[column]);
                let time: f64 = time.strip_suffix(" ms").unwrap().parse().unwrap();
                if !row[column].ends_with(')') {
                    reference = time;
                }
                // Three digits of a time, and two decimals of a ratio, are shown.
                let rounding = 0.005 + 0.01 * ratio;
                assert!((time / reference - ratio).abs() < rounding, "{page}: {time} and {reference}");
            }
        }
    }
}

/// The tables of figures, each with the bench that records it.
const TABLES: [(&str, &str, &str); 7] = [
    (PAGE, "check", SPEED),
    (PAGE, "evidence", SPEED),
    (PAGE, "commit", SPEED),
    (PAGE, "range", SPEED),
    (PAGE, "memory", SPEED),
    ("docs/agents.md", "agent", SPEED),
    ("docs/hooks.md", "operations", include_str!("../../benches/operations.rs")),
];

const SPEED: &str = include_str!("../../benches/speed.rs");

#[test]
fn tables_have_the_titles_of_the_bench_and_name_the_machine() {
    for (page, name, bench) in TABLES {
        let text = figures_text(page, name);
        let (table, machine) = text.trim().rsplit_once("\n\n").unwrap();
        assert!(machine.starts_with("Measured with git "), "{page}: {name}: {machine}");
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(" | ").collect()).collect();
        let columns = rows[0][1..].iter().map(|title| title.trim_end_matches(" |"));
        for title in columns.chain(rows[2..].iter().map(|row| row[0].trim_start_matches("| "))) {
            assert!(bench.contains(&format!("\"{title}\"")), "{page}: no bench has the title {title}");
        }
    }
}

#[test]
fn the_commands_that_measure_are_benches() {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let [commands] = &blocks("docs/performance.md", "sh")[..] else { panic!("one block") };
    for command in commands.lines() {
        let bench = command.strip_prefix("cargo bench --locked --bench ").unwrap();
        assert!(manifest.contains(&format!("[[bench]]\nname = \"{bench}\"\n")), "{command}");
    }
}
