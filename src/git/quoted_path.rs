//! Paths in double quotes with C escapes, as git writes them on a line.
//!
//! See `core.quotePath` in git-config(1).

use bstr::{BStr, BString, ByteSlice};

/// Returns the line that git reads as `path`.
///
/// A path is quoted only if the line would be ambiguous without quotes. git strips a carriage
/// return at the end of a line.
#[must_use]
pub(super) fn quote(path: &BStr) -> BString {
    if !path.starts_with(b"\"") && !path.contains(&b'\n') && !path.ends_with(b"\r") {
        return path.to_owned();
    }
    let escaped = path.replace(r"\", r"\\").replace("\"", "\\\"").replace("\n", r"\n").replace("\r", r"\r");
    bstr::concat([&b"\""[..], &escaped, b"\""]).into()
}

/// Returns the path that git writes as `line`.
///
/// A line without valid quotes is the path itself.
#[must_use]
pub(crate) fn unquote(line: &BStr) -> BString {
    let quoted = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\""));
    quoted.and_then(unescape).unwrap_or_else(|| line.to_owned())
}

fn unescape(text: &[u8]) -> Option<BString> {
    let mut path = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        path.push(match byte {
            b'"' => return None,
            b'\\' => match bytes.next()? {
                b'a' => 0x07,
                b'b' => 0x08,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 0x0b,
                b'f' => 0x0c,
                b'r' => b'\r',
                escaped @ (b'"' | b'\\') => escaped,
                high @ b'0'..=b'3' => {
                    let digits = [high, bytes.next()?, bytes.next()?];
                    u8::from_str_radix(digits.to_str().ok()?, 8).ok()?
                }
                _ => return None,
            },
            _ => byte,
        });
    }
    Some(path.into())
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice;

    use super::{quote, unquote};

    #[test]
    fn unquote_reverts_quote() {
        for path in [&b"plain"[..], b"\"", b"\"a\\n\"", b"a\nb", b"\n\"\\", b"\xff\n", b"Icon\r"] {
            assert_eq!(unquote(quote(path.into()).as_ref()), path);
            assert!(!quote(path.into()).contains_str("\n") && !quote(path.into()).ends_with(b"\r"));
        }
    }

    #[test]
    fn unquote_reads_what_git_writes() {
        for (line, path) in [
            ("plain", &b"plain"[..]),
            (r#""\303\244 \"q\" \\ \t\n""#, b"\xc3\xa4 \"q\" \\ \t\n"),
            (r#""\377\001\a\b\v\f\r""#, b"\xff\x01\x07\x08\x0b\x0c\r"),
            (r#"""#, b"\""),
            (r#""not "closed" so""#, b"\"not \"closed\" so\""),
            (r#""\8""#, br#""\8""#),
            (r#""\40""#, br#""\40""#),
            (r#""\"#, br#""\"#),
        ] {
            assert_eq!(unquote(line.into()), path, "{line}");
        }
    }
}
