//! Options as getopt(3) and git parse them.

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
