//! Commits and their changed entries, parsed from the output of a running `git log`.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ChildStdout;

use bstr::{BStr, ByteSlice};

use super::shallow::ShallowEnds;
use super::{Cause, Error, ObjectId};
use crate::git::command::Git;
use crate::git::running::RunningGit;
use crate::{Change, Entry};

/// A commit and the entries that it changes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Commit {
    /// The id of the commit.
    pub id: ObjectId,
    /// The ids of its parents, in their order.
    pub parents: Vec<ObjectId>,
    /// The requested tip from which the commit was reached: the id of a commit or a tag.
    pub tip: ObjectId,
    /// The entries that no parent has in the same form, sorted by path.
    pub entries: Vec<Entry>,
}

/// The commits that a log excludes with all commits that they reach: `git rev-list --not`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exclude<'e> {
    /// These commits. It is an error if the log reaches an end of a shallow history.
    Commits(&'e [ObjectId]),
    /// Branches, remote branches, tags, these commits, and the ends of a shallow history.
    ///
    /// `HEAD` is not excluded: commits that only a detached `HEAD` reaches were never on a branch.
    BranchesAndTags(&'e [ObjectId]),
    /// Remote branches, these commits, and the ends of a shallow history.
    Remotes(&'e [ObjectId]),
    /// All refs. An end of a shallow history is a commit without parents, which adds all it has.
    AllRefs,
}

impl Exclude<'_> {
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Commits(_) => &[],
            Self::BranchesAndTags(_) => &["--branches", "--remotes", "--tags"],
            Self::Remotes(_) => &["--remotes"],
            Self::AllRefs => &["--glob=refs/*"],
        }
    }

    fn commits(&self) -> &[ObjectId] {
        match self {
            Self::Commits(ids) | Self::BranchesAndTags(ids) | Self::Remotes(ids) => ids,
            Self::AllRefs => &[],
        }
    }

    /// Whether it excludes the ends of a shallow history, which came from another repository.
    fn has_shallow_ends(self) -> bool {
        matches!(self, Self::BranchesAndTags(_) | Self::Remotes(_))
    }

    /// Whether the log must not reach an end of a shallow history.
    fn is_range(self) -> bool {
        matches!(self, Self::Commits(_))
    }
}

/// Arguments of `git log` that make its output independent of the configuration.
///
/// The settings that they override could hide commits or entries, change the form of the
/// output, make git read other files, or start a program.
const OPTIONS: [&str; 20] = [
    "log",
    "--topo-order",
    // The form that `Parser` expects: a header and raw entries, all terminated by NUL.
    "--format=%H %S %P",
    "--raw",
    "-z",
    "-r",
    "-c",
    "--no-abbrev",
    // Override `diff.renames`, `diff.relative`, `diff.orderFile`, `diff.ignoreSubmodules`, and
    // `submodule.*.ignore`, which is also read from `.gitmodules`.
    "--no-renames",
    "--no-relative",
    "-O/dev/null",
    "--ignore-submodules=none",
    // Override `log.showRoot`, `log.showSignature`, `log.mailmap`, `notes.displayRef`,
    // `log.decorate`, `color.ui` and `i18n.logOutputEncoding`.
    "--root",
    "--no-show-signature",
    "--no-mailmap",
    "--no-notes",
    "--no-decorate",
    "--no-color",
    "--encoding=UTF-8",
    "--stdin",
];

/// The commits of a history, children before parents, read one at a time.
#[derive(Debug)]
pub(crate) struct Log {
    git: RunningGit,
    parser: Parser<BufReader<ChildStdout>>,
    /// The ends of a shallow history, which are errors.
    unexpected: HashSet<ObjectId>,
}

impl Log {
    /// Starts to list the commits that `tips` reach and `exclude` does not.
    pub(super) fn start(
        git: &Git,
        tips: &[ObjectId],
        exclude: Exclude,
        mut ends: ShallowEnds,
    ) -> Result<Self, Error> {
        let mut excluded = exclude.commits().to_vec();
        if exclude.has_shallow_ends() {
            excluded.extend(&ends.commits);
        }
        if !exclude.is_range() {
            ends.commits.clear();
        }
        let excluded = excluded.iter().map(|id| format!("^{id}\n"));
        let revisions: String = tips.iter().map(|id| format!("{id}\n")).chain(excluded).collect();
        Self::run(git, &[&["--not"], exclude.options()].concat(), &revisions, ends)
    }

    /// Starts to list one commit. It is an error if it is an end of a shallow history.
    pub(super) fn start_at(git: &Git, commit: ObjectId, ends: ShallowEnds) -> Result<Self, Error> {
        Self::run(git, &["--no-walk"], &format!("{commit}\n"), ends)
    }

    fn run(git: &Git, options: &[&str], revisions: &str, ends: ShallowEnds) -> Result<Self, Error> {
        // git ignores a ref to a missing object instead of failing.
        let git = git.clone().with_var("GIT_REF_PARANOIA", "0").with_var("GIT_SHALLOW_FILE", ends.file);
        let mut log = git.command();
        log.args(OPTIONS).args(options);
        let (git, mut stdin, stdout) = RunningGit::spawn(log)?;
        // If git stops reading, its exit status and message say why.
        let _ = stdin.write_all(revisions.as_bytes());
        drop(stdin);
        Ok(Self {
            git,
            parser: Parser::new(BufReader::with_capacity(1 << 16, stdout)),
            unexpected: ends.commits,
        })
    }

    /// Returns the log, or `None` if it has no commit.
    ///
    /// # Errors
    ///
    /// As [`Log::next_commit`].
    pub(crate) fn non_empty(mut self) -> Result<Option<Self>, Error> {
        match self.parser.peek() {
            Ok(true) => Ok(Some(self)),
            Ok(false) => self.git.finish().map(|()| None).map_err(Error::ReadHistory),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// Reads the next commit, with the entries for whose paths `may_refuse` is true.
    ///
    /// # Errors
    ///
    /// git cannot read the history, or it has an end that is not expected.
    pub(crate) fn next_commit(
        &mut self,
        may_refuse: impl FnMut(&BStr) -> bool,
    ) -> Result<Option<Commit>, Error> {
        match self.parser.next_commit(may_refuse) {
            Ok(Some(commit)) if self.unexpected.contains(&commit.id) => Err(Error::Shallow(commit.id)),
            Ok(Some(commit)) => Ok(Some(commit)),
            Ok(None) => self.git.finish().map(|()| None).map_err(Error::ReadHistory),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// Returns why the output ended early: the message of git, or else `error`.
    fn failure(&mut self, error: &io::Error) -> Error {
        Error::ReadHistory(self.git.abort().unwrap_or_else(|| Cause::new(error.to_string())))
    }
}

/// Parses the output of `git log` with [`OPTIONS`].
///
/// A commit is a header `ID SP TIP SP PARENTS`, then two fields for each entry: the raw
/// difference and the path. A line feed precedes the first difference, and an empty field
/// follows the header of a merge without entries.
#[derive(Debug)]
struct Parser<R> {
    output: R,
    /// The field read last, without its NUL.
    field: Vec<u8>,
    /// The header of the next commit, if it has already been read.
    header: Option<Commit>,
}

impl<R: BufRead> Parser<R> {
    fn new(output: R) -> Self {
        Self { output, field: Vec::new(), header: None }
    }

    /// Returns whether there is another commit.
    fn peek(&mut self) -> io::Result<bool> {
        while self.header.is_none() && self.read_field()? {
            if !self.field.is_empty() {
                self.header = Some(self.parse(header, &self.field)?);
            }
        }
        Ok(self.header.is_some())
    }

    fn next_commit(&mut self, mut may_refuse: impl FnMut(&BStr) -> bool) -> io::Result<Option<Commit>> {
        self.peek()?;
        let Some(mut commit) = self.header.take() else { return Ok(None) };
        while self.read_field()? {
            let field = self.field.strip_prefix(b"\n").unwrap_or(&self.field);
            match field.first() {
                None => {}
                Some(b':') => {
                    let (old_types, new_type) = self.parse(file_types, field)?;
                    if !self.read_field()? {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    let path = self.field.as_bstr();
                    if let Some(change) = change(&old_types, new_type).filter(|_| may_refuse(path)) {
                        commit.entries.push(Entry { path: path.into(), change });
                    }
                }
                Some(_) => {
                    self.header = Some(self.parse(header, field)?);
                    break;
                }
            }
        }
        commit.entries.sort_unstable();
        // A damaged tree may have a name twice.
        commit.entries.dedup_by(|a, b| a.path == b.path);
        Ok(Some(commit))
    }

    /// Reads the next field; `false` at the end of the output.
    fn read_field(&mut self) -> io::Result<bool> {
        self.field.clear();
        self.output.read_until(0, &mut self.field)?;
        match self.field.pop() {
            None => Ok(false),
            Some(0) => Ok(true),
            Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn parse<T>(&self, parse: impl FnOnce(&[u8]) -> Option<T>, field: &[u8]) -> io::Result<T> {
        let unexpected = || format!("unexpected output of git log: {:?}", self.field.as_bstr());
        parse(field).ok_or_else(|| io::Error::other(unexpected()))
    }
}

/// Parses the header of a commit.
fn header(field: &[u8]) -> Option<Commit> {
    let mut ids = field.trim_ascii_end().split_str(" ").map(ObjectId::from_hex);
    let (id, tip) = (ids.next()??, ids.next()??);
    Some(Commit { id, tip, parents: ids.collect::<Option<_>>()?, entries: Vec::new() })
}

/// Parses a raw difference into the types of the entry in the parents and in the commit.
///
/// It has a colon for each parent, the mode in each parent, the mode in the commit, and more:
/// see "raw output format" and "diff format for merges" in git-diff-tree(1).
fn file_types(raw: &[u8]) -> Option<(Vec<u32>, u32)> {
    let parents = raw.iter().take_while(|byte| **byte == b':').count();
    let mut types = raw[parents..].split_str(" ").map(file_type);
    let old_types = types.by_ref().take(parents).collect::<Option<_>>()?;
    Some((old_types, types.next()??))
}

/// Parses a mode and returns its type bits: file, symlink, gitlink, or 0 for no entry.
fn file_type(mode: &[u8]) -> Option<u32> {
    u32::from_str_radix(mode.to_str().ok()?, 8).ok().map(|mode| mode & 0o170_000)
}

/// Returns how the commit changes an entry; `None` for a deletion.
fn change(old_types: &[u32], new_type: u32) -> Option<Change> {
    match old_types.iter().find(|old_type| **old_type != 0) {
        _ if new_type == 0 => None,
        None => Some(Change::Added),
        Some(old_type) if *old_type == new_type => Some(Change::Modified),
        Some(_) => Some(Change::TypeChanged),
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::Parser;
    use crate::Change;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    /// The number of parents of a commit, and its entries.
    type Parsed = (usize, Vec<(String, Change)>);

    /// Parses output in which `@` is NUL, and leaves out paths that begin with `clean`.
    fn parse(output: &str) -> std::io::Result<Vec<Parsed>> {
        let output = output.replace('@', "\0");
        let mut parser = Parser::new(output.as_bytes());
        let mut commits = Vec::new();
        while let Some(commit) = parser.next_commit(|path| !path.starts_with(b"clean"))? {
            let entries = commit.entries.into_iter().map(|entry| (entry.path.to_string(), entry.change));
            commits.push((commit.parents.len(), entries.collect()));
        }
        Ok(commits)
    }

    #[test]
    fn commits_have_parents_and_entries() {
        let output = format!(
            "{A} {A} {B}@\n:100644 100644 {A} {B} M@b@:000000 100644 {A} {B} A@a@\
             :100644 120000 {A} {B} T@t@:100644 000000 {A} {B} D@gone@:000000 160000 {A} {B} A@clean@\
             {B} {A} {A} {B}@\n::100644 000000 100755 {A} {A} {B} MA@m@::000000 000000 120000 {A} {A} {B} AA@n@\
             {B} {A} {A} {B}@@{B} {A} {A}@{B} {A} @\n:000000 100644 {A} {B} A@\n:odd@"
        );
        let entry = |path: &str, change| (path.to_owned(), change);
        let first =
            vec![entry("a", Change::Added), entry("b", Change::Modified), entry("t", Change::TypeChanged)];
        let merge = vec![entry("m", Change::Modified), entry("n", Change::Added)];
        assert_eq!(
            parse(&output).unwrap(),
            [(1, first), (2, merge), (2, vec![]), (1, vec![]), (0, vec![entry("\n:odd", Change::Added)])]
        );
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn truncated_output_is_an_error() {
        let whole = format!("{A} {A} {B}@\n:100644 100644 {A} {B} M@b@");
        for len in 1..whole.len() {
            if whole[..len] == format!("{A} {A} {B}@") {
                continue;
            }
            assert_eq!(parse(&whole[..len]).unwrap_err().kind(), ErrorKind::UnexpectedEof, "{len}");
        }
    }

    #[test]
    fn other_output_is_an_error() {
        for output in [
            "x@".to_owned(),
            format!("{A}@"),
            format!("{A} x {B}@"),
            format!("{A} {A} {B} x@"),
            format!(":100644 100644 {A} {B} M@b@"),
            format!("{A} {A} {B}@\n:100644@b@"),
            format!("{A} {A} {B}@\n:100644 9 {A}@b@"),
            format!("{A} {A} {B}@\n:100644 100644 {A} {B} R100@a@b@"),
        ] {
            assert_eq!(parse(&output).unwrap_err().kind(), ErrorKind::Other, "{output}");
        }
    }
}
