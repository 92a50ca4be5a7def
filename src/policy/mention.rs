//! Where a file of a project names another one.

use bstr::{BStr, BString, ByteSlice};

use super::rule::{components, split};

/// The number of bytes around a name on its line that are looked at.
///
/// In a text of one long line, the time would be quadratic otherwise.
const MAX_CONTEXT: usize = 1000;

/// Returns whether automation at `file` can name the file at `path`.
///
/// It can name files in its own directory and below; a workflow in `.github` those next to
/// `.github` and below.
pub(super) fn applies_to(file: &BStr, path: &BStr) -> bool {
    let own = components(split(file).0).take_while(|component| !component.starts_with(b"."));
    let mut directory = components(split(path).0);
    own.into_iter().all(|component| directory.next() == Some(component))
}

/// Returns the line on which `text`, of the automation file at `file`, names the file at `path`.
///
/// It names a file by its name, where what precedes can be its directory, or without the
/// extension: a module of Python (`-m package.module`, `package.module`, `module:function`), or a
/// path in JavaScript (`./script`). In an ignore file only a line that begins with `!` names one.
/// A comment does not, and neither does a line that removes or excludes files. The first line is 1.
pub(super) fn line_of_name(file: &BStr, text: &BStr, path: &BStr) -> Option<usize> {
    let (directory, name) = split(path);
    let stem = stem(name);
    let extension = &name[stem.len()..];
    let is_list = is_ignore_file(file);
    let at = text.find_iter(stem).find(|at| {
        let (before, after) = (line_start(text, *at), &text[at + stem.len()..]);
        let after_name = after.strip_prefix(extension.as_bytes());
        if is_list {
            return after_name.is_some_and(|after| is_negation(before, after, file, path));
        }
        if is_about_removal(before) {
            return false;
        }
        after_name.is_some_and(|after| is_file_name(before, after, directory))
            || match extension.as_bytes() {
                b".py" => is_module(before, after, directory),
                b".js" | b".mjs" | b".cjs" | b".ts" | b".mts" | b".cts" => {
                    is_path_without_extension(before, after, directory)
                }
                _ => false,
            }
    })?;
    Some(line_number(text, at))
}

/// Returns the line on which `text`, of the document at `file`, links the file at `path`.
///
/// A link is that of Markdown or HTML, relative to the document; a picture is linked, too. The first
/// line is 1.
pub(super) fn line_of_link(file: &BStr, text: &BStr, path: &BStr) -> Option<usize> {
    let (base, _) = split(file);
    let (_, name) = split(path);
    // A name with a blank is written with `%20`.
    let spellings = [name.to_owned(), name.replace(" ", "%20").into()];
    let at = spellings.iter().flat_map(|name| text.find_iter(name.as_slice())).find(|at| {
        let before = line_start(text, *at);
        let target = before.iter().rposition(|byte| matches!(byte, b'(' | b'<' | b'"' | b'\'' | b' ' | b'='));
        let (opening, prefix) = before.split_at(target.map_or(0, |at| at + 1));
        let start = opening.trim_end_with(|c| matches!(c, ' ' | '<' | '"' | '\''));
        let is_link = [&b"]("[..], b"]:", b"href=", b"src="].iter().any(|link| start.ends_with(link));
        if !is_link {
            return false;
        }
        let rest = &text[*at..text.len().min(at + name.len() + MAX_CONTEXT)];
        let is_quoted = opening.ends_with(b"<");
        let is_end = |byte: &u8| match byte {
            b'>' | b'#' | b'?' | b'\n' => true,
            byte => !is_quoted && matches!(byte, b')' | b'"' | b'\'' | b' ' | b'\t' | b'\r'),
        };
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        let target = bstr::concat([prefix, &rest[..length]]).replace("%20", " ");
        resolve(base, target.as_bstr()).as_ref() == Some(&path.to_owned())
    })?;
    Some(line_number(text, at))
}

/// Returns the word to search for the file at `path`: its name without the extension.
///
/// `None` if a search for whole words cannot find it.
pub(super) fn word(path: &BStr) -> Option<BString> {
    let stem = stem(split(path).1);
    let is_searchable = stem.iter().any(|byte| is_word(*byte)) && !stem.contains(&b'\n');
    is_searchable.then(|| stem.to_owned())
}

/// Returns whether `path` is a list of ignored files, in which a name means the opposite.
pub(super) fn is_ignore_file(path: &BStr) -> bool {
    let (_, name) = split(path);
    name.starts_with(b".") && name.ends_with(b"ignore")
}

/// Whether a line that begins with `before` is a comment, or removes or excludes files.
fn is_about_removal(before: &BStr) -> bool {
    const OPTIONS: [&str; 4] = ["exclude", "--ignore=", "ignore =", "ignore:"];
    let start = before.trim_ascii_start();
    let command = before.rsplit(|byte| b";&|".contains(byte)).next().unwrap_or_default().as_bstr();
    let mut words = command.split(|byte| byte.is_ascii_whitespace() || *byte == b'@');
    start.starts_with(b"#")
        || start.starts_with(b"//")
        || words.any(|word| matches!(word, b"rm" | b"del" | b"unlink"))
        || OPTIONS.iter().any(|option| command.contains_str(option))
}

/// Whether a name between `before` and `after` on its line is that of a file in `directory`.
fn is_file_name(before: &BStr, after: &[u8], directory: &BStr) -> bool {
    let prefix = path_before(before);
    !goes_on(after) && (prefix.is_empty() || prefix.ends_with(b"/") && can_be_in(prefix, before, directory))
}

/// Whether a stem between `before` and `after` on its line is a path in `directory`: `./script`.
fn is_path_without_extension(before: &BStr, after: &[u8], directory: &BStr) -> bool {
    let prefix = path_before(before);
    let is_end = !goes_on(after) && !matches!(after.first(), Some(b'.' | b'/' | b':'));
    is_end && prefix.ends_with(b"/") && can_be_in(prefix, before, directory)
}

/// Returns the directories that precede a name on its line, with a `/` at their end.
fn path_before(before: &BStr) -> &BStr {
    let is_part = |byte: &u8| is_word(*byte) || b"-./$@{}~*\\:".contains(byte);
    suffix_of(before, is_part)
}

/// Whether a name continues with `after`.
fn goes_on(after: &[u8]) -> bool {
    let is_longer = |byte: &u8| is_word(*byte) || *byte == b'-';
    match after {
        [b'.', next, ..] => is_word(*next),
        [next, ..] => is_longer(next),
        [] => false,
    }
}

/// Whether a stem between `before` and `after` on its line is that of a module in `directory`.
fn is_module(before: &BStr, after: &[u8], directory: &BStr) -> bool {
    let package = suffix_of(before, |byte| is_word(*byte) || *byte == b'.');
    let before = before[..before.len() - package.len()].as_bstr();
    let path = match package.strip_suffix(b".") {
        Some(package) => package.replace(".", "/"),
        None if package.is_empty() => Vec::new(),
        None => return false,
    };
    let ends = !after.first().is_some_and(|byte| is_word(*byte) || b".-/:".contains(byte));
    // Also in a list: ["python", "-m", "module"].
    let option = before.trim_end_with(|c| matches!(c, ' ' | '"' | '\'' | ',' | '[')).as_bstr();
    let is_option = option.len() < before.len() && (option.ends_with(b"-m") || option.ends_with(b"-p"));
    let is_entry = matches!(after, [b':', next, ..] if is_word(*next)) && !before.contains_str("image");
    let is_listed = before.contains_str("py-modules") || before.contains_str("py_modules");
    let is_named = is_entry || ends && (is_option || is_listed || !path.is_empty());
    let follows_path = before.ends_with(b"/") || before.ends_with(b"-");
    is_named && !follows_path && ends_with(directory, path.as_bstr())
}

/// Whether the directories `named`, at the end of `before`, can be `directory`.
///
/// `frontend` cannot be `backend`. A path that begins with `/` or a variable begins anywhere: in a
/// container, `/app` may be the top.
fn can_be_in(named: &BStr, before: &BStr, directory: &BStr) -> bool {
    let is_variable = |component: &BStr| component.iter().any(|byte| b"${}~".contains(byte));
    let follows_call = before[..before.len() - named.len()].ends_with(b")");
    let all: Vec<&BStr> =
        components(named).filter(|component| !matches!(component.as_bytes(), b"." | b"..")).collect();
    let rest: Vec<&BStr> = all.iter().copied().skip_while(|component| is_variable(component)).collect();
    let begins_anywhere = rest.len() < all.len() || follows_call;
    let path: BString = bstr::join("/", &rest).into();
    if ends_with(directory, path.as_bstr()) {
        return true;
    }
    let is_absolute = named.starts_with(b"/") && !follows_call;
    if directory.is_empty() {
        return is_absolute && rest.len() == 1;
    }
    (is_absolute || begins_anywhere) && ends_with(path.as_bstr(), directory)
}

/// Whether the last components of `path` are those of `end`.
fn ends_with(path: &BStr, end: &BStr) -> bool {
    let rest = path.strip_suffix(end.as_bytes());
    rest.is_some_and(|rest| end.is_empty() || rest.is_empty() || rest.ends_with(b"/"))
}

/// Whether a name in the ignore file at `file` is the end of a line that un-ignores `path`.
///
/// A pattern with a `/` in front of the name is a path from the directory of the ignore file.
fn is_negation(before: &BStr, after: &[u8], file: &BStr, path: &BStr) -> bool {
    let rest = after.lines().next().unwrap_or_default();
    let Some(prefix) = before.strip_prefix(b"!").filter(|_| rest.trim_ascii().is_empty()) else {
        return false;
    };
    let (directory, name) = split(path);
    let base = split(file).0;
    if prefix.is_empty() {
        return base.is_empty()
            || directory == base
            || directory.starts_with(&bstr::concat([base.as_bytes(), b"/"]));
    }
    let pattern = bstr::concat([prefix.strip_prefix(b"/").unwrap_or(prefix), name]);
    prefix.ends_with(b"/") && resolve(base, pattern.as_bstr()).is_some_and(|resolved| resolved == path)
}

/// Returns the path that a link in a document of `directory` leads to.
fn resolve(directory: &BStr, target: &BStr) -> Option<BString> {
    let (base, target) = match target.strip_prefix(b"/") {
        Some(target) => (BStr::new(""), target.as_bstr()),
        None => (directory, target),
    };
    let mut path: Vec<&BStr> = components(base).collect();
    for component in components(target) {
        if component == ".." {
            path.pop()?;
        } else if component != "." {
            path.push(component);
        }
    }
    Some(bstr::join("/", path).into())
}

/// Returns the end of `text` in which `is_part` is true for every byte.
fn suffix_of(text: &BStr, is_part: impl Fn(&u8) -> bool) -> &BStr {
    let start = text.iter().rposition(|byte| !is_part(byte)).map_or(0, |at| at + 1);
    text[start..].as_bstr()
}

/// Returns the part of a line that precedes the byte `at`, or the last [`MAX_CONTEXT`] bytes of it.
fn line_start(text: &BStr, at: usize) -> &BStr {
    let before = &text[at.saturating_sub(MAX_CONTEXT)..at];
    before[before.rfind_byte(b'\n').map_or(0, |newline| newline + 1)..].as_bstr()
}

/// Returns the number of the line of the byte `at`, counted from 1.
fn line_number(text: &BStr, at: usize) -> usize {
    1 + text[..at].find_iter(b"\n").count()
}

/// Returns the name of a file without its extension.
fn stem(name: &BStr) -> &BStr {
    match name.rfind_byte(b'.') {
        Some(dot) if dot > 0 => name[..dot].as_bstr(),
        _ => name,
    }
}

/// Returns whether a byte is part of a word: a letter, a digit, `_`, or part of another character.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::{applies_to, line_of_link, line_of_name, word};

    #[test]
    fn automation_applies_to_its_directory_and_what_is_below() {
        for (namer, path, expected) in [
            ("Makefile", "backend/check_users.py", true),
            ("backend/Makefile", "backend/check_users.py", true),
            ("backend/Makefile", "backend/app/check_users.py", true),
            ("frontend/Makefile", "backend/check_users.py", false),
            ("backend/Makefile", "check_users.py", false),
            ("back/Makefile", "backend/check_users.py", false),
            (".github/workflows/ci.yml", "test_all.sh", true),
            ("backend/.github/ci.yml", "backend/test_all.sh", true),
            ("backend/.github/ci.yml", "test_all.sh", false),
        ] {
            assert_eq!(applies_to(namer.into(), path.into()), expected, "{namer} {path}");
        }
    }

    #[test]
    fn a_long_line_takes_no_quadratic_time() {
        let name = "check_users.py";
        let text = format!("{}\t{name}", "check_users.".repeat(1 << 14));
        assert_eq!(line_of_name("Makefile".into(), text.as_str().into(), name.into()), Some(1));
        let text = format!("{}[x]({name})", name.repeat(1 << 14));
        assert_eq!(line_of_link("README.md".into(), text.as_str().into(), name.into()), Some(1));
    }

    #[test]
    fn automation_names_a_file_by_its_name_or_as_a_module() {
        for (namer, text, path, line) in [
            ("Makefile", "check:\n\tpython backend/check_users.py\n", "backend/check_users.py", Some(2)),
            ("Makefile", "\tpython frontend/check_users.py\n", "backend/check_users.py", None),
            ("Makefile", "\tcd backend && python check_users.py\n", "backend/check_users.py", Some(1)),
            ("backend/Makefile", "\tpython check_users.py\n", "backend/check_users.py", Some(1)),
            (".github/workflows/ci.yml", "run: ./test_all.sh", "test_all.sh", Some(1)),
            ("Makefile", "./scripts/test_all.sh", "test_all.sh", None),
            ("Dockerfile", "CMD /app/check_users.py", "backend/check_users.py", None),
            ("Dockerfile", "CMD /app/backend/check_users.py", "backend/check_users.py", Some(1)),
            ("Dockerfile", "CMD [\"/app/check_users.py\"]", "check_users.py", Some(1)),
            ("Makefile", "$(ROOT)/check_users.py", "check_users.py", Some(1)),
            ("Makefile", "${ROOT}/backend/check_users.py", "backend/check_users.py", Some(1)),
            ("Makefile", "my_check_users.py my-check_users.py check_users.py.bak", "check_users.py", None),
            ("Makefile", "check_users.py.", "check_users.py", Some(1)),
            ("pyproject.toml", "cli = \"check_users:main\"", "check_users.py", Some(1)),
            ("pyproject.toml", "cli = \"backend.check_users:main\"", "backend/check_users.py", Some(1)),
            ("pyproject.toml", "cli = \"frontend.check_users:main\"", "backend/check_users.py", None),
            ("Makefile", "python -m backend.check_users", "backend/check_users.py", Some(1)),
            ("Makefile", "python -m check_users -v", "check_users.py", Some(1)),
            ("package.json", "{\"test-api\": \"vitest\"}", "test-api.js", None),
            ("Makefile", "test_api:\n\tpytest tests/api", "test_api.py", None),
            (".gitignore", "check_users.py\n!/backend/fix_users.py\n", "backend/check_users.py", None),
            (".gitignore", "*.py\n!/backend/fix_users.py\n", "backend/fix_users.py", Some(2)),
            (".gitignore", "!*_users.py\n", "backend/fix_users.py", None),
            ("Makefile", "", "check_users.py", None),
            (".gitignore", "!frontend/fix_users.py\n", "backend/fix_users.py", None),
            (".gitignore", "!fix_users.py\n", "backend/fix_users.py", Some(1)),
            ("backend/.gitignore", "!/fix_users.py\n", "backend/fix_users.py", Some(1)),
            ("backend/.gitignore", "!/fix_users.py\n", "backend/app/fix_users.py", None),
            ("Makefile", "# never run check_users.py\n", "check_users.py", None),
            ("Makefile", "\trm -f check_users.py\n", "check_users.py", None),
            ("Makefile", "\t@rm -f check_users.py\n", "check_users.py", None),
            ("Makefile", "\trm -rf build && python check_users.py\n", "check_users.py", Some(1)),
            ("Makefile", "\tdocker run --rm x python check_users.py\n", "check_users.py", Some(1)),
            ("Makefile", "\tnpm ci --ignore-scripts x check-users.js\n", "check-users.js", Some(1)),
            ("pyproject.toml", "extend-exclude = [\"check_users.py\"]\n", "check_users.py", None),
            ("pyproject.toml", "py-modules = [\"check_users\"]\n", "check_users.py", Some(1)),
            ("Dockerfile", "CMD [\"python\", \"-m\", \"check_users\"]", "check_users.py", Some(1)),
            ("compose.yml", "image: debug_api:latest", "debug_api.py", None),
            ("package.json", "\"test-api:unit\": \"vitest\"", "test-api.js", None),
            ("package.json", "\"start\": \"node -r ./debug-hook server\"", "debug-hook.js", Some(1)),
            ("package.json", "\"start\": \"tsx server/check-db\"", "server/check-db.ts", Some(1)),
            ("package.json", "\"start\": \"tsx client/check-db\"", "server/check-db.ts", None),
            ("Makefile", "tests/*/debug_x.py", "debug_x.py", None),
            ("ci.mk", "https://host/t/debug_x.sh", "debug_x.sh", None),
            ("Makefile", "$(CURDIR)/scripts/debug_x.py", "debug_x.py", None),
            ("Makefile", "$(CURDIR)/backend/debug_x.py", "backend/debug_x.py", Some(1)),
            ("Makefile", "(cd x; python debug_x.py)", "debug_x.py", Some(1)),
            ("build.ps1.mk", "frontend\\debug_x.py", "backend/debug_x.py", None),
            ("Makefile", "\u{e9}debug_x.py", "debug_x.py", None),
        ] {
            assert_eq!(
                line_of_name(namer.into(), text.into(), path.into()),
                line,
                "{namer}: {text:?} {path}"
            );
        }
    }

    #[test]
    fn a_document_links_a_file() {
        for (namer, text, path, line) in [
            ("README.md", "# A\nSee [the report](docs/API_REPORT.md).", "docs/API_REPORT.md", Some(2)),
            ("README.md", "[the report](./docs/API_REPORT.md#top)", "docs/API_REPORT.md", Some(1)),
            ("docs/README.md", "[x](API_REPORT.md \"title\")", "docs/API_REPORT.md", Some(1)),
            ("docs/README.md", "[x](../API_REPORT.md)", "API_REPORT.md", Some(1)),
            ("docs/README.md", "[x](/API_REPORT.md)", "API_REPORT.md", Some(1)),
            ("README.md", "[x]: API_REPORT.md", "API_REPORT.md", Some(1)),
            ("README.md", "<a href=\"API_REPORT.md\">x</a>", "API_REPORT.md", Some(1)),
            ("README.md", "![x](test_plot.png)", "test_plot.png", Some(1)),
            ("README.md", "<img src='test_plot.png'>", "test_plot.png", Some(1)),
            ("README.md", "[x](<API REPORT.md>)", "API REPORT.md", Some(1)),
            ("README.md", "[x](API%20REPORT.md)", "API REPORT.md", Some(1)),
            ("README.md", "[x](https://example.com/API_REPORT.md)", "API_REPORT.md", None),
            ("README.md", "[x](OLD_API_REPORT.md)", "API_REPORT.md", None),
            ("README.md", "see API_REPORT.md", "API_REPORT.md", None),
            ("README.md", "[x]:  API_REPORT.md", "API_REPORT.md", Some(1)),
            ("README.md", "[x]( API_REPORT.md )", "API_REPORT.md", Some(1)),
            ("README.md", "![x](test_rows.png)", "test_rows.png", Some(1)),
            ("README.md", "<img src=\"test_rows.png\">", "test_rows.png", Some(1)),
            ("README.md", "[x](docs/API_REPORT.md)", "API_REPORT.md", None),
            ("README.md", "[x](../API_REPORT.md)", "API_REPORT.md", None),
        ] {
            assert_eq!(
                line_of_link(namer.into(), text.into(), path.into()),
                line,
                "{namer}: {text:?} {path}"
            );
        }
    }

    #[test]
    fn the_word_of_a_file_is_its_name_without_the_extension() {
        for (path, expected) in [
            ("a/x.py", Some("x")),
            ("x.tar.gz", Some("x.tar")),
            (".x", Some(".x")),
            ("-.py", None),
            ("a\nb.py", None),
        ] {
            assert_eq!(word(path.into()), expected.map(Into::into), "{path:?}");
        }
    }
}
