//! Options as getopt(3) and git parse them.

use bstr::{BString, ByteSlice};

/// Returns the letters of an option, and whether the next word is its value.
///
/// The letters are those of short options without a value. A long option has none, and may
/// be abbreviated.
pub(super) fn split_option<'w>(
    word: &'w [u8],
    short_with_value: &str,
    short_with_optional_value: &str,
    long_with_value: &[&str],
) -> (&'w [u8], bool) {
    if word.starts_with(b"--") {
        let abbreviates = |option: &&str| option.as_bytes().starts_with(word);
        return (b"", word.len() > 2 && long_with_value.iter().any(abbreviates));
    }
    let letters = word.get(1..).unwrap_or_default();
    let has_value = |letter: &u8| short_with_value.as_bytes().contains(letter);
    let is_last = |letter: &u8| has_value(letter) || short_with_optional_value.as_bytes().contains(letter);
    let end = letters.iter().position(is_last).unwrap_or(letters.len());
    (&letters[..end], letters[end..].first().is_some_and(has_value) && end + 1 == letters.len())
}

/// Whether a word is a group of short options.
pub(super) fn is_short_group(word: &[u8]) -> bool {
    word.starts_with(b"-") && !word.starts_with(b"--")
}

/// The words after a program.
pub(super) struct Options<'w> {
    pub operands: Vec<&'w BString>,
    /// The options with a value, long ones in full, and their values.
    pub values: Vec<(&'w [u8], &'w [u8])>,
}

impl<'w> Options<'w> {
    /// Parses the words after a program whose options with a value are these.
    pub(super) fn parse(words: &'w [BString], short: &str, long: &[&'w str]) -> Self {
        let mut options = Self { operands: Vec::new(), values: Vec::new() };
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                options.operands.extend(rest);
                break;
            }
            if !word.starts_with(b"-") || word == "-" {
                options.operands.push(word);
                continue;
            }
            let (letters, takes_next) = split_option(word, short, "", long);
            let next = if takes_next { rest.next() } else { None };
            let next = || next.map(|next| next.as_slice());
            if is_short_group(word) {
                let option = word.get(letters.len() + 1..letters.len() + 2);
                let value = word.get(letters.len() + 2..).filter(|value| !value.is_empty());
                options.values.extend(option.zip(value.or_else(next)));
            } else {
                let (name, value) = word
                    .split_once_str("=")
                    .map_or((word.as_slice(), None), |(name, value)| (name, Some(value)));
                let long = long.iter().find(|option| option.as_bytes().starts_with(name));
                options.values.extend(long.map(|long| long.as_bytes()).zip(value.or_else(next)));
            }
        }
        options
    }
}
