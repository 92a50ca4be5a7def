//! Reads objects by their names, one at a time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, ChildStdout};

use super::blobs::Blob;
use super::command::Git;
use super::running::RunningGit;
use super::{Cause, ObjectId};

/// A running `git cat-file --batch`.
#[derive(Debug)]
pub(super) struct ObjectReader {
    git: RunningGit,
    names: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// The answer of git to the name of an object.
enum Answer {
    Object(Object),
    TooLarge,
    Missing,
}

/// An object of the repository.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) id: ObjectId,
    /// `commit`, `tree`, `blob` or `tag`.
    pub(super) kind: String,
    pub(super) contents: Vec<u8>,
}

impl ObjectReader {
    /// Starts git.
    ///
    /// # Errors
    ///
    /// git cannot be started.
    pub(super) fn start(git: &Git) -> Result<Self, Cause> {
        let mut command = git.command();
        command.args(["cat-file", "--batch"]);
        let (git, names, stdout) =
            RunningGit::spawn(command).map_err(|error| Cause::new(error.to_string()))?;
        Ok(Self { git, names, answers: BufReader::new(stdout) })
    }

    /// Reads the object called `name`, which contains no line break; `None` if it is missing.
    ///
    /// # Errors
    ///
    /// git fails: the object is damaged.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Object>, Cause> {
        self.try_read(name).map_err(|error| self.failure(&error))
    }

    /// Reads a blob of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// git has ended, because the blob is damaged: nothing more can be read.
    pub(super) fn blob(&mut self, id: ObjectId, limit: u64) -> io::Result<Blob> {
        Ok(match self.try_read_within(&id.to_string(), limit)? {
            Answer::Object(object) => Blob::Contents(object.contents),
            Answer::TooLarge => Blob::TooLarge,
            Answer::Missing => Blob::Unreadable,
        })
    }

    fn try_read(&mut self, name: &str) -> io::Result<Option<Object>> {
        match self.try_read_within(name, u64::MAX)? {
            Answer::Object(object) => Ok(Some(object)),
            Answer::TooLarge | Answer::Missing => Ok(None),
        }
    }

    /// Asks for an object of at most `limit` bytes.
    fn try_read_within(&mut self, name: &str, limit: u64) -> io::Result<Answer> {
        self.names.write_all(format!("{name}\n").as_bytes())?;
        let mut header = String::new();
        self.answers.read_line(&mut header)?;
        let header = header.trim_end();
        if header.strip_prefix(name) == Some(" missing") {
            return Ok(Answer::Missing);
        }
        let unexpected = || io::Error::other(format!("unexpected output of git cat-file: {header:?}"));
        let mut fields = header.split(' ');
        let id = fields.next().and_then(|id| ObjectId::from_hex(id.as_bytes())).ok_or_else(unexpected)?;
        let kind = fields.next().ok_or_else(unexpected)?.to_owned();
        let size: u64 = fields.next().and_then(|size| size.parse().ok()).ok_or_else(unexpected)?;
        let mut contents = Vec::new();
        let mut answer = self.answers.by_ref().take(size);
        let is_within = size <= limit;
        let read = if is_within {
            answer.read_to_end(&mut contents)? as u64
        } else {
            io::copy(&mut answer, &mut io::sink())?
        };
        self.answers.read_exact(&mut [0])?;
        if read != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(if is_within { Answer::Object(Object { id, kind, contents }) } else { Answer::TooLarge })
    }

    /// Returns why an answer cannot be read: the message of git, or else `error`.
    fn failure(&mut self, error: &io::Error) -> Cause {
        self.git.abort().unwrap_or_else(|| Cause::new(error.to_string()))
    }
}
