//! Reads a file in chunks of a fixed size, and verifies the checksum at its end.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::{cmp, mem, thread};

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::ObjectFormat;

/// Why an index file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The operating system reports an error.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// It is truncated, its version is not supported, or an entry is impossible.
    #[error("it is damaged, truncated, or not an index")]
    Damaged,
}

/// Whether the checksum at the end of a file is verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checksum {
    /// It must be the hash of what precedes it, or zeros.
    Verify,
    /// It is not compared with anything.
    Skip,
}

/// Reads a file of which one chunk at a time is in memory.
pub(super) struct ChunkReader<S> {
    source: S,
    chunk: Chunk,
    /// The position in the chunk of the first byte that is not consumed yet.
    position: usize,
    /// Whether the chunk is the last one.
    is_last: bool,
    format: ObjectFormat,
    hash: Option<Hash>,
}

/// A part of a file, preceded by space for the unconsumed end of the previous part.
pub(super) struct Chunk {
    buffer: Box<[u8]>,
    end: usize,
}

/// A source of chunks.
pub(super) trait Source {
    /// The size of a chunk in bytes.
    const CHUNK: usize;

    /// Replaces `chunk` with the next one, and keeps its bytes from `unread` on in front.
    ///
    /// A chunk that is not full is the last one.
    fn next(&mut self, chunk: &mut Chunk, unread: usize) -> io::Result<()>;
}

/// Reads a chunk when it is needed.
pub(super) struct Direct<R>(pub(super) R);

/// Reads the next chunks in a separate thread.
pub(super) struct ReadAhead {
    filled: Receiver<io::Result<Chunk>>,
    used: SyncSender<Chunk>,
}

enum Hash {
    Sha1(Sha1),
    Sha256(Sha256),
}

/// The most bytes that are carried over to the next chunk: an entry with the longest path.
const CARRY_OVER: usize = MAX_PATH + 128;

/// The length of the longest path that is accepted, in bytes.
///
/// No file system has a longer one.
pub(super) const MAX_PATH: usize = 64 << 10;

/// The number of chunks that are read ahead. With only one, both threads would often wait.
const QUEUE_DEPTH: usize = 2;

impl Chunk {
    fn new(size: usize) -> Self {
        Self { buffer: vec![0; CARRY_OVER + size].into_boxed_slice(), end: CARRY_OVER }
    }

    /// Fills the chunk from `file`.
    fn fill(&mut self, file: &mut impl Read) -> io::Result<()> {
        self.end = CARRY_OVER;
        while self.end < self.buffer.len() {
            match file.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(length) => self.end += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<R: Read> Source for Direct<R> {
    // Together with `CARRY_OVER` large enough that the allocator maps zeroed pages.
    const CHUNK: usize = 64 << 10;

    fn next(&mut self, chunk: &mut Chunk, unread: usize) -> io::Result<()> {
        chunk.buffer.copy_within(unread..chunk.end, CARRY_OVER - (chunk.end - unread));
        chunk.fill(&mut self.0)
    }
}

impl ReadAhead {
    pub(super) fn new(mut file: impl Read + Send + 'static) -> io::Result<Self> {
        let (send_filled, filled) = mpsc::sync_channel(QUEUE_DEPTH);
        let (used, receive_used) = mpsc::sync_channel(QUEUE_DEPTH + 1);
        for _ in 0..QUEUE_DEPTH {
            used.send(Chunk::new(Self::CHUNK)).map_err(io::Error::other)?;
        }
        thread::Builder::new().name("read ahead".to_owned()).spawn(move || {
            for mut chunk in receive_used {
                let read = chunk.fill(&mut file).map(|()| chunk);
                if send_filled.send(read).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { filled, used })
    }
}

impl Source for ReadAhead {
    const CHUNK: usize = 256 << 10;

    fn next(&mut self, chunk: &mut Chunk, unread: usize) -> io::Result<()> {
        let mut filled = self.filled.recv().map_err(io::Error::other)??;
        let rest = &chunk.buffer[unread..chunk.end];
        filled.buffer[CARRY_OVER - rest.len()..CARRY_OVER].copy_from_slice(rest);
        let used = mem::replace(chunk, filled);
        // This fails if the thread has ended, which it does after the last chunk.
        let _ = self.used.send(used);
        Ok(())
    }
}

impl<S: Source> ChunkReader<S> {
    pub(super) fn new(source: S, format: ObjectFormat, checksum: Checksum) -> Self {
        let hash = (checksum == Checksum::Verify).then(|| Hash::new(format));
        let chunk = Chunk::new(S::CHUNK);
        Self { source, chunk, position: CARRY_OVER, is_last: false, format, hash }
    }

    /// Returns the format of the object ids in the file.
    pub(super) fn format(&self) -> ObjectFormat {
        self.format
    }

    /// Returns the bytes that are read and not consumed yet.
    pub(super) fn unread(&self) -> &[u8] {
        &self.chunk.buffer[self.position..self.chunk.end]
    }

    /// Consumes bytes of [`ChunkReader::unread`].
    pub(super) fn consume(&mut self, length: usize) {
        let consumed = &self.chunk.buffer[self.position..self.position + length];
        if let Some(hash) = &mut self.hash {
            hash.update(consumed);
        }
        self.position += length;
    }

    /// Reads the next chunk.
    ///
    /// # Errors
    ///
    /// There is no next chunk, or the unconsumed bytes are longer than any entry.
    pub(super) fn read_more(&mut self) -> Result<(), Unreadable> {
        let unread = self.unread().len();
        if self.is_last || unread > CARRY_OVER {
            return Err(Unreadable::Damaged);
        }
        self.source.next(&mut self.chunk, self.position)?;
        self.position = CARRY_OVER - unread;
        self.is_last = self.chunk.end < self.chunk.buffer.len();
        Ok(())
    }

    /// Returns whether more than `length` bytes remain in the file.
    pub(super) fn remaining_exceeds(&mut self, length: usize) -> Result<bool, Unreadable> {
        while self.unread().len() <= length && !self.is_last {
            self.read_more()?;
        }
        Ok(self.unread().len() > length)
    }

    /// Consumes the next bytes and returns them.
    pub(super) fn read_slice(&mut self, length: usize) -> Result<&[u8], Unreadable> {
        while self.unread().len() < length {
            self.read_more()?;
        }
        self.consume(length);
        Ok(&self.chunk.buffer[self.position - length..self.position])
    }

    /// Consumes the next bytes and returns them.
    pub(super) fn read_array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Unreadable> {
        self.read_slice(LENGTH)?.try_into().map_err(|_| Unreadable::Damaged)
    }

    /// Consumes the next bytes, which may be more than a chunk.
    pub(super) fn skip_across(&mut self, mut length: u64) -> Result<(), Unreadable> {
        loop {
            let here = cmp::min(length, self.unread().len() as u64);
            self.consume(usize::try_from(here).unwrap_or_default());
            length -= here;
            if length == 0 {
                return Ok(());
            }
            self.read_more()?;
        }
    }

    /// Checks that only the checksum remains, and that it is correct.
    ///
    /// With `index.skipHash` it is zeros.
    pub(super) fn verify_trailer(self) -> Result<(), Unreadable> {
        let checksum = &self.chunk.buffer[self.position..self.chunk.end];
        let is_skipped = checksum.iter().all(|byte| *byte == 0);
        if checksum.len() != self.format.id_len() {
            return Err(Unreadable::Damaged);
        }
        let is_correct = is_skipped || self.hash.is_none_or(|hash| hash.finish() == checksum);
        if is_correct { Ok(()) } else { Err(Unreadable::Damaged) }
    }
}

impl Hash {
    fn new(format: ObjectFormat) -> Self {
        match format {
            ObjectFormat::Sha1 => Self::Sha1(Sha1::new()),
            ObjectFormat::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hash) => hash.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(hash) => hash.finalize().to_vec(),
            Self::Sha256(hash) => hash.finalize().to_vec(),
        }
    }
}
