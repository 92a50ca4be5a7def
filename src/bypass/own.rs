//! The commands of this program.

use bstr::{BString, ByteSlice};

use super::Bypass;
use super::options::split_option;

/// The name of this program.
pub(super) const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// Long options of this program with a value in the next word.
const OWN_WITH_VALUE: [&str; 3] = ["--color", "--config", "--format"];

/// Options with which this program writes nothing.
const OWN_HARMLESS: [&str; 3] = ["--dry-run", "--help", "-h"];

/// Judges this program with the arguments `words`.
pub(super) fn judge(words: &[BString]) -> Option<Bypass> {
    let options = words.split(|word| word == "--").next().unwrap_or_default();
    if options.iter().any(|word| OWN_HARMLESS.iter().any(|option| word == option)) {
        return None;
    }
    match subcommand(words)?.as_bytes() {
        b"allow" => Some(Bypass::Allow),
        b"uninstall" => Some(Bypass::Uninstall),
        _ => None,
    }
}

/// Returns the first word that is neither an option nor the value of one.
fn subcommand(words: &[BString]) -> Option<&BString> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with(b"-") {
            return Some(word);
        }
        if split_option(word, "C", "", &OWN_WITH_VALUE).1 {
            words.next();
        }
    }
    None
}
