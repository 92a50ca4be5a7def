//! The commands of this program.

use bstr::BString;

use super::options::split_option;

/// The name of this program.
pub(super) const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// Long options of this program with a value in the next word.
const OWN_WITH_VALUE: [&str; 3] = ["--color", "--config", "--format"];

/// Options with which this program writes nothing.
const OWN_HARMLESS: [&str; 3] = ["--dry-run", "--help", "-h"];

/// Whether these arguments of this program add to `allow` in the configuration.
pub(super) fn allows_paths(words: &[BString]) -> bool {
    let options = words.split(|word| word == "--").next().unwrap_or_default();
    if options.iter().any(|word| OWN_HARMLESS.iter().any(|option| word == option)) {
        return false;
    }
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with(b"-") {
            return word == "allow";
        }
        if split_option(word, "C", "", &OWN_WITH_VALUE).1 {
            words.next();
        }
    }
    false
}
