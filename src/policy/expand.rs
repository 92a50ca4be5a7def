//! Expands globs to the texts that they choose from.
//!
//! The build script compiles this file too, so it uses nothing else of the crate.

/// Returns the texts of plain characters and `*` to which a glob expands.
///
/// There is one for each choice of its `{a,b}` and `[ab]`. `None` if there are more than
/// [`MAX_EXPANDED`], or if the glob contains anything else: a `?`, a range, a negation, an
/// escape, an empty choice, or a choice within a choice.
pub(super) fn expand(text: &str) -> Option<Vec<String>> {
    let mut expanded = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, special) = rest.split_at(at);
        let (choices, after): (Vec<&str>, &str) = if let Some(class) = special.strip_prefix('[') {
            let (class, after) = class.split_once(']')?;
            let is_range = class.starts_with(['!', '^']) || class.bytes().skip(1).any(|byte| byte == b'-');
            if is_range || class.is_empty() || !class.is_ascii() {
                return None;
            }
            (class.split("").filter(|byte| !byte.is_empty()).collect(), after)
        } else if let Some(list) = special.strip_prefix('{') {
            let (list, after) = list.split_once('}')?;
            (list.split(',').collect(), after)
        } else {
            (vec![special.strip_prefix('*').map(|_| "*")?], &special[1..])
        };
        let is_simple =
            |choice: &&str| *choice == "*" || !choice.is_empty() && !choice.bytes().any(is_special);
        if !choices.iter().all(is_simple) || expanded.len() * choices.len() > MAX_EXPANDED {
            return None;
        }
        expanded = expanded
            .iter()
            .flat_map(|head| choices.iter().map(move |choice| [head.as_str(), plain, choice].concat()))
            .collect();
        rest = after;
    }
    Some(expanded.into_iter().map(|head| head + rest).collect())
}

/// The maximum number of texts to which a glob is expanded.
const MAX_EXPANDED: usize = 64;

/// Returns whether a byte has a special meaning in a glob.
pub(super) fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b']' | b'{' | b'}' | b'\\')
}
