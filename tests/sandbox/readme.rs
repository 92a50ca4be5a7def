//! The code blocks of the README.

pub(crate) const README: &str = include_str!("../../README.md");

/// Returns the contents of the README's code blocks of a language.
pub(crate) fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.split(&fence as &str).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}
