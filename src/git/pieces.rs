//! A file that is read in pieces of a fixed size, and the checksum at its end.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::{cmp, mem, thread};

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::index_file::{Checksum, LONGEST_PATH, Unreadable};

/// A file in pieces: what has been read and not been taken yet.
pub(super) struct Pieces<S> {
    source: S,
    piece: Piece,
    /// Where the piece begins, with what was left of the one before.
    start: usize,
    /// Where what has not been taken yet begins.
    from: usize,
    /// Whether there is no piece after this one.
    is_read: bool,
    hash: Hash,
    pub(super) id_len: usize,
    checksum: Checksum,
    /// Whether this piece is the whole file.
    is_one_piece: bool,
}

/// A part of a file. Before it there is room for what is left of the part before.
pub(super) struct Piece {
    buffer: Box<[u8]>,
    to: usize,
}

/// Where pieces come from.
pub(super) trait Source {
    /// How much it reads at once, in bytes.
    const PIECE: usize;

    /// Puts the next piece in the place of this one, behind what that has from here on. The
    /// last one is not full.
    fn next(&mut self, piece: &mut Piece, from: usize) -> io::Result<()>;
}

/// Reads a piece when it is wanted.
pub(super) struct InTime<R>(pub(super) R);

/// Reads a piece while the one before is looked at.
pub(super) struct Ahead {
    filled: Receiver<io::Result<Piece>>,
    used: SyncSender<Piece>,
}

enum Hash {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Piece {
    fn new(size: usize) -> Self {
        Self { buffer: vec![0; ROOM + size].into_boxed_slice(), to: ROOM }
    }

    /// Fills the piece behind the room.
    fn fill(&mut self, file: &mut impl Read) -> io::Result<()> {
        self.to = ROOM;
        while self.to < self.buffer.len() {
            match file.read(&mut self.buffer[self.to..]) {
                Ok(0) => break,
                Ok(length) => self.to += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<R: Read> Source for InTime<R> {
    /// With the room before it so much that the system hands out memory of zeros.
    const PIECE: usize = 64 << 10;

    fn next(&mut self, piece: &mut Piece, from: usize) -> io::Result<()> {
        piece.buffer.copy_within(from..piece.to, ROOM - (piece.to - from));
        piece.fill(&mut self.0)
    }
}

impl Ahead {
    pub(super) fn new(mut file: impl Read + Send + 'static) -> io::Result<Self> {
        let (hand_over, filled) = mpsc::sync_channel(AHEAD);
        let (used, reuse) = mpsc::sync_channel(AHEAD + 1);
        for _ in 0..AHEAD {
            used.send(Piece::new(Self::PIECE)).map_err(io::Error::other)?;
        }
        thread::Builder::new().name("read ahead".to_owned()).spawn(move || {
            for mut piece in reuse {
                let read = piece.fill(&mut file).map(|()| piece);
                if hand_over.send(read).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { filled, used })
    }
}

impl Source for Ahead {
    const PIECE: usize = 256 << 10;

    fn next(&mut self, piece: &mut Piece, from: usize) -> io::Result<()> {
        let mut filled = self.filled.recv().map_err(io::Error::other)??;
        let left = &piece.buffer[from..piece.to];
        filled.buffer[ROOM - left.len()..ROOM].copy_from_slice(left);
        let used = mem::replace(piece, filled);
        // After the last piece nobody waits for it.
        let _ = self.used.send(used);
        Ok(())
    }
}

impl<S: Source> Pieces<S> {
    pub(super) fn new(source: S, id_len: usize, checksum: Checksum) -> Self {
        let hash = if id_len == 32 { Hash::Sha256(Sha256::new()) } else { Hash::Sha1(Sha1::new()) };
        let piece = Piece::new(S::PIECE);
        Self {
            source,
            piece,
            start: ROOM,
            from: ROOM,
            is_read: false,
            hash,
            id_len,
            checksum,
            is_one_piece: true,
        }
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.piece.buffer[self.from..self.piece.to]
    }

    pub(super) fn skip(&mut self, length: usize) {
        self.from += length;
    }

    /// Reads on. What has been taken makes room.
    pub(super) fn read_more(&mut self) -> Result<(), Unreadable> {
        let left = self.rest().len();
        if self.is_read || left > ROOM {
            return Err(Unreadable::Damaged);
        }
        self.is_one_piece &= self.start == self.from;
        if self.checksum == Checksum::Verified {
            self.hash.update(&self.piece.buffer[self.start..self.from]);
        }
        self.source.next(&mut self.piece, self.from)?;
        self.start = ROOM - left;
        self.from = self.start;
        self.is_read = self.piece.to < self.piece.buffer.len();
        Ok(())
    }

    /// Reads until so much is there.
    fn need(&mut self, length: usize) -> Result<(), Unreadable> {
        while self.rest().len() < length {
            self.read_more()?;
        }
        Ok(())
    }

    pub(super) fn has_more_than(&mut self, length: usize) -> Result<bool, Unreadable> {
        while self.rest().len() <= length && !self.is_read {
            self.read_more()?;
        }
        Ok(self.rest().len() > length)
    }

    pub(super) fn take_slice(&mut self, length: usize) -> Result<&[u8], Unreadable> {
        self.need(length)?;
        self.skip(length);
        Ok(&self.piece.buffer[self.from - length..self.from])
    }

    pub(super) fn take<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Unreadable> {
        self.take_slice(LENGTH)?.try_into().map_err(|_| Unreadable::Damaged)
    }

    /// Skips also what is more than a piece.
    pub(super) fn skip_far(&mut self, mut length: u64) -> Result<(), Unreadable> {
        loop {
            let here = cmp::min(length, self.rest().len() as u64);
            self.skip(usize::try_from(here).unwrap_or_default());
            length -= here;
            if length == 0 {
                return Ok(());
            }
            self.read_more()?;
        }
    }

    /// Checks that nothing but the checksum is left, and that it is right: the hash of all
    /// before it. Under `index.skipHash` it is zeros, and says nothing.
    pub(super) fn end(mut self) -> Result<(), Unreadable> {
        if self.rest().len() != self.id_len {
            return Err(Unreadable::Damaged);
        }
        let (content, checksum) =
            self.piece.buffer[self.start..self.piece.to].split_at(self.from - self.start);
        let is_skipped = checksum.iter().all(|byte| *byte == 0);
        if is_skipped
            || self.checksum == Checksum::VerifiedIfSmall && !(self.is_one_piece && content.len() <= SMALL)
        {
            return Ok(());
        }
        self.hash.update(content);
        let is_right = match self.hash {
            Hash::Sha1(hash) => hash.finalize()[..] == *checksum,
            Hash::Sha256(hash) => hash.finalize()[..] == *checksum,
        };
        if is_right { Ok(()) } else { Err(Unreadable::Damaged) }
    }
}

impl Hash {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hash) => hash.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
        }
    }
}

/// The size of an index, in bytes, up to which its checksum is verified in any case.
const SMALL: usize = 16 << 10;

/// How many pieces are read ahead at most. With one, the two threads would wait for each
/// other at each piece.
const AHEAD: usize = 2;

/// How much may be left of a piece, in bytes: an entry, with the longest path.
const ROOM: usize = LONGEST_PATH + 128;
