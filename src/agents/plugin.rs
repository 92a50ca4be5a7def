//! A plugin: a program text in which only the program to run varies.

use std::path::Path;

/// A plugin.
pub(super) struct Plugin {
    /// The text, which runs the program by its name.
    pub(super) text: &'static str,
}

/// The name of the program in the text.
const PROGRAM: &str = "\"stage-guard\"";

impl Plugin {
    /// Returns the text that runs `program`; `None` if the path is not UTF-8.
    pub(super) fn text(&self, program: &Path) -> Option<String> {
        // Serializing a string cannot fail.
        let program = serde_json::to_string(program.to_str()?).ok()?;
        Some(self.text.replacen(PROGRAM, &program, 1))
    }

    /// Returns the program that the plugin `text` runs; `None` if it is another text.
    pub(super) fn program(&self, text: &str) -> Option<String> {
        let (before, after) = self.text.split_once(PROGRAM)?;
        serde_json::from_str(text.strip_prefix(before)?.strip_suffix(after)?).ok()
    }

    /// Whether `text` is the plugin, whatever program it runs.
    pub(super) fn is_own(&self, text: &str) -> bool {
        self.program(text).is_some()
    }
}
