//! A plugin, which is a file of this program's own.

use std::path::Path;

use sha2::{Digest, Sha256};

/// A plugin.
pub(super) struct Plugin {
    /// The text without its first line. It runs the program by name.
    pub(super) text: &'static str,
}

/// The beginning of the line that names the program.
const PROGRAM: &str = "const PROGRAM = ";

/// The beginning of the first line. The checksum of the other lines follows.
const HEADER: &str = "// A file of stage-guard: do not edit. Checksum of the lines below: ";

impl Plugin {
    /// Returns the text that runs `program`; `None` if the path is not UTF-8.
    pub(super) fn text(&self, program: &Path) -> Option<String> {
        // Serializing a string cannot fail.
        let program = serde_json::to_string(program.to_str()?).ok()?;
        let text =
            self.text.replacen(&format!("{PROGRAM}\"stage-guard\""), &format!("{PROGRAM}{program}"), 1);
        Some(format!("{HEADER}{}\n{text}", checksum(&text)))
    }
}

/// Whether `text` is a plugin that any version of this program has written.
pub(super) fn is_own(text: &str) -> bool {
    let text = text.replace("\r\n", "\n");
    let lines = text.strip_prefix(HEADER).and_then(|text| text.split_once('\n'));
    lines.is_some_and(|(sum, rest)| sum == checksum(rest))
}

/// Returns the program that the plugin `text` runs; `None` if it is another text.
pub(super) fn program(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(PROGRAM)).filter(|_| is_own(text))?;
    serde_json::from_str(line.trim_end_matches(';')).ok()
}

/// Returns the first half of the SHA-256 of `text` in hexadecimal.
fn checksum(text: &str) -> String {
    let half = Sha256::digest(text).first_chunk().copied().map(u128::from_be_bytes).unwrap_or_default();
    format!("{half:032x}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Plugin, is_own};

    #[test]
    fn a_plugin_is_recognized_whatever_program_it_runs() {
        let plugin = Plugin { text: "const PROGRAM = \"stage-guard\";\n" };
        for program in ["stage-guard", "/opt/a \"b\"/$c/stage-guard", "/ä\n/stage-guard"] {
            let text = plugin.text(Path::new(program)).unwrap();
            assert!(is_own(&text) && is_own(&text.replace('\n', "\r\n")), "{text}");
            assert_eq!(super::program(&text).as_deref(), Some(program));
            assert!(!is_own(&(text + "\n")));
        }
        assert!(!is_own(plugin.text) && !is_own(""));
    }
}
