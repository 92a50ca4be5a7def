//! The README and the pages of `docs/`, and their code blocks.

use std::fs;
use std::path::Path;

/// Returns the text of a page. `page` is relative to the top of the sources, as `docs/rules.md`.
pub(crate) fn read(page: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap()
}

/// Returns the contents of the code blocks of a language in a page.
pub(crate) fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    read(page).split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Returns the text of a page without its code blocks.
pub(crate) fn prose(page: &str) -> String {
    read(page).split("```").step_by(2).collect()
}
