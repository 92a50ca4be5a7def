//! Patterns for the name of a file, as shells have them.

/// Whether `pattern` matches `name`. Any character is in a bracket expression.
pub(super) fn matches(mut pattern: &[u8], mut name: &[u8]) -> bool {
    // What remains to be matched if the last `*` stands for one more character.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        let step = match (pattern, name) {
            ([b'*', rest @ ..], _) => {
                retry = name.get(1..).map(|shorter| (pattern, shorter));
                Some((rest, name))
            }
            ([], []) => return true,
            ([first, ..], [next, name @ ..]) => {
                after_character(pattern, *next, *first).map(|rest| (rest, name))
            }
            _ => None,
        };
        let Some(next) = step.or_else(|| retry.take()) else { return false };
        (pattern, name) = next;
    }
}

/// Returns what follows the first part of `pattern`, `first`, if that matches `character`.
fn after_character(pattern: &[u8], character: u8, first: u8) -> Option<&[u8]> {
    let rest = &pattern[1..];
    match first {
        b'?' => Some(rest),
        b'[' => rest.iter().position(|byte| *byte == b']').map(|end| &rest[end + 1..]),
        _ => (first == character).then_some(rest),
    }
}
