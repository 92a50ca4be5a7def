//! The chart of the figures, as SVG.

use crate::figures::{Column, Figure};

/// In pixels, as all that follows.
const WIDTH: u32 = 700;
const MARGIN: u32 = 16;
const BARS_LEFT: u32 = 220;
/// The length of the longest bar. The time is written next to it.
const MAX_BAR: f64 = 330.0;
const BAR_HEIGHT: u32 = 14;
const ROW_HEIGHT: u32 = 22;
const TITLE_HEIGHT: u32 = 24;
const GROUP_GAP: u32 = 14;

/// The classes of the bars, which are git's, and those of a check without and with a refusal.
const BARS: [&str; 3] = ["git", "clean", "refusal"];

/// Colours on a panel of their own, so that they are legible on light and dark pages.
const STYLE: &str = r#"<style>
    .panel { fill: #ffffff; stroke: #d0d7de }
    .git { fill: #8c959f }
    .clean { fill: #0969da }
    .refusal { fill: #bc4c00 }
    text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
    .title { font-weight: bold }
    .note { fill: #59636e }
    @media (prefers-color-scheme: dark) {
      .panel { fill: #0d1117; stroke: #484f58 }
      .git { fill: #6e7681 }
      .clean { fill: #4493f8 }
      .refusal { fill: #db6d28 }
      text { fill: #e6edf3 }
      .note { fill: #9198a1 }
    }
  </style>"#;

const TITLE: &str = "The time of a check, next to git";
const NOTE: &str = "The length of a bar is the time as a multiple of git's in the same repository.";

/// Draws the first figures of each repository, of which the first one is git's.
pub(crate) fn draw(columns: &[Column]) -> String {
    let ratios = columns.iter().flat_map(bars).map(|(_, figure)| ratio(figure));
    let scale = MAX_BAR / ratios.fold(1.0, f64::max);
    let mut groups = String::new();
    let bottom = columns.iter().fold(MARGIN, |top, column| draw_group(&mut groups, column, top, scale));
    let height = bottom + MARGIN + MARGIN / 2;
    format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" aria-labelledby="title description" xmlns="http://www.w3.org/2000/svg">
  <title id="title">{TITLE}</title>
  <desc id="description">{NOTE} The table below the chart has the same figures.</desc>
  {STYLE}
  <rect class="panel" x="0.5" y="0.5" width="{}" height="{}" rx="6" />
{groups}  <text class="note" x="{MARGIN}" y="{}">{NOTE}</text>
</svg>
"#,
        WIDTH - 1,
        height - 1,
        bottom + 4,
    )
}

/// Draws the bars of a repository. Returns where the next ones begin.
fn draw_group(svg: &mut String, column: &Column, top: u32, scale: f64) -> u32 {
    let line = top + 12;
    let title = format!(r#"<text class="title" x="{MARGIN}" y="{line}">{}</text>"#, column.title);
    svg.extend(["  ", &title, "\n"]);
    let mut top = top + TITLE_HEIGHT;
    for (class, figure) in bars(column) {
        *svg += &bar(class, figure, top, scale);
        top += ROW_HEIGHT;
    }
    top + GROUP_GAP
}

fn bar(class: &str, figure: &Figure, top: u32, scale: f64) -> String {
    let (length, line) = (ratio(figure) * scale, top + BAR_HEIGHT - 3);
    let note = figure.ratio.map_or(String::new(), |ratio| format!("{ratio:.2} × git"));
    format!(
        r#"  <text x="{MARGIN}" y="{line}">{}</text>
  <rect class="{class}" x="{BARS_LEFT}" y="{top}" width="{length:.2}" height="{BAR_HEIGHT}" />
  <text x="{:.1}" y="{line}"><tspan class="time">{}</tspan> <tspan class="note">{note}</tspan></text>
"#,
        figure.run.replace('`', ""),
        f64::from(BARS_LEFT) + length + 6.0,
        figure.text(),
    )
}

fn bars(column: &Column) -> impl Iterator<Item = (&'static str, &Figure)> {
    BARS.into_iter().zip(&column.figures)
}

fn ratio(figure: &Figure) -> f64 {
    figure.ratio.unwrap_or(1.0)
}
