//! Absolute paths in the home directory of a person.

use bstr::{BStr, ByteSlice};

use super::{MAX_CANDIDATES, find_words, is_in_comment, is_word_byte, run_of};

/// Directories that contain home directories, as scripts spell them.
const DIRECTORIES: [(&str, Place); 9] = [
    ("/home/", Place::Unix),
    ("/Users/", Place::Unix),
    (r":\Users\", Place::Drive),
    (r":\users\", Place::Drive),
    (r":\\Users\\", Place::Drive),
    (r":\\users\\", Place::Drive),
    (":/Users/", Place::Drive),
    ("\"/root/", Place::Root),
    ("'/root/", Place::Root),
];

/// What must be before and after the name of a directory.
#[derive(Clone, Copy)]
enum Place {
    /// The name of a user follows.
    Unix,
    /// The letter of a drive is before it, and the name of a user follows.
    Drive,
    /// The home directory of root: no name follows.
    Root,
}

/// Names that stand for any user, and users of containers, virtual machines and services.
const NOT_PEOPLE: [&str; 51] = [
    "you",
    "me",
    "myself",
    "someone",
    "somebody",
    "foo",
    "bar",
    "alice",
    "bob",
    "john",
    "jane",
    "jdoe",
    "johndoe",
    "ubuntu",
    "runner",
    "node",
    "app",
    "docker",
    "vagrant",
    "pi",
    "vscode",
    "coder",
    "jovyan",
    "gitpod",
    "circleci",
    "travis",
    "linuxbrew",
    "git",
    "www",
    "deploy",
    "deployer",
    "webapp",
    "web",
    "admin",
    "ci",
    "jenkins",
    "nginx",
    "postgres",
    "django",
    "odoo",
    "frappe",
    "airflow",
    "nonroot",
    "centos",
    "debian",
    "opc",
    "steam",
    "media",
    "public",
    "default",
    "shared",
];

/// Commands and calls that work on another machine, whose paths a text may have.
const REMOTE: [&str; 6] = ["ssh ", "scp ", "rsync ", "sftp", "paramiko", "exec_command("];

/// Parts of names that stand for any user: `username`, `your-name`, `<USER>`.
const NOT_PEOPLE_PARTS: [&str; 5] = ["user", "your", "name", "example", "xxx"];

/// The maximum length of the name of a user.
const MAX_NAME: usize = 40;

/// Returns the offset of the first path in a home directory, outside of comments.
///
/// In a text that works on another machine, it may be a path there.
pub(super) fn find(text: &BStr) -> Option<usize> {
    if REMOTE.iter().any(|command| find_words(text, command).next().is_some()) {
        return None;
    }
    DIRECTORIES.iter().filter_map(|(directory, place)| find_in(text, directory, *place)).min()
}

fn find_in(text: &[u8], directory: &str, place: Place) -> Option<usize> {
    let starts = text.find_iter(directory).take(MAX_CANDIDATES);
    let mut paths = starts.filter(|start| is_path(text, *start, start + directory.len(), place));
    paths.find(|start| !is_in_comment(text, *start))
}

/// Returns whether a path in a home directory has the directory from `start` to `end`.
fn is_path(text: &[u8], start: usize, end: usize, place: Place) -> bool {
    let (before, after) = (&text[..start], &text[end..]);
    match place {
        Place::Unix => begins_path(before) && !is_route(before) && has_person(after),
        Place::Drive => before.last().is_some_and(u8::is_ascii_alphabetic) && has_person(after),
        Place::Root => after.first().is_some_and(|byte| is_name_byte(*byte)),
    }
}

/// Returns whether an absolute path begins after `before`: not `$DIR/home/`, but `/c/Users/`.
/// After a colon, it is one on another machine or in a container.
fn begins_path(before: &[u8]) -> bool {
    let is_drive = || matches!(before, [.., b'/', drive] if drive.is_ascii_alphabetic());
    let is_end = |byte: &u8| !is_word_byte(*byte) && !b".~$}{%)]-:".contains(byte);
    before.last().is_none_or(is_end) || is_drive()
}

/// Returns whether a path after `before` is one of a website.
fn is_route(before: &[u8]) -> bool {
    const STARTS: [&str; 9] =
        ["href=", "src=", "action=", "to=", "path=", "fetch(", ".get(", ".post(", "url("];
    let before = before.trim_end_with(|c| matches!(c, '"' | '\'' | '`' | ' ' | '{'));
    STARTS.iter().any(|start| before.ends_with(start.as_bytes()))
}

/// Returns whether `path` begins with the name of a person and a name in their directory.
fn has_person(path: &[u8]) -> bool {
    let name = run_of(path, MAX_NAME, |byte| is_name_byte(byte) || byte == b' ');
    let rest = &path[name.len()..];
    let below = rest.trim_start_with(|char| char == '/' || char == '\\');
    !name.is_empty()
        && below.len() < rest.len()
        && below.first().is_some_and(|byte| is_name_byte(*byte))
        && is_person(&name.to_ascii_lowercase())
}

fn is_person(name: &[u8]) -> bool {
    !NOT_PEOPLE.iter().any(|other| name == other.as_bytes())
        && !NOT_PEOPLE_PARTS.iter().any(|part| name.contains_str(part))
}

fn is_name_byte(byte: u8) -> bool {
    is_word_byte(byte) || byte == b'.' || byte == b'-'
}
