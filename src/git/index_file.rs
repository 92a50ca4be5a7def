//! The index file as it is: read once, in pieces of a fixed size, so that a million
//! entries take no more room than one. The format is gitformat-index(5).
//!
//! `git` takes a file that was cut short or changed for what it seems to be: it does not
//! verify the checksum, and reads entries past the end. Here it is walked to its end.

use std::cmp;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use bstr::{BStr, ByteSlice};

use super::pieces::{Ahead, InTime, Pieces, Source};
use super::{Cause, Error};

/// An entry as the index file holds it.
#[derive(Clone, Copy, Debug)]
pub struct RawEntry<'f> {
    /// In bytes, relative to the top of the repository.
    pub path: &'f BStr,
    /// The object id, in bytes.
    pub id: &'f [u8],
    /// The mode as git writes it: `0o100644`, …
    pub mode: u32,
    flags: u16,
    extended_flags: u16,
}

impl RawEntry<'_> {
    /// Whether it is neither unmerged nor has one of the newer flags.
    pub(super) fn is_ordinary(&self) -> bool {
        self.flags & (STAGE | EXTENDED) == 0
    }

    /// Whether it is one of several versions of a path: a conflict.
    #[must_use]
    pub fn is_unmerged(&self) -> bool {
        self.flags & STAGE != 0
    }

    /// Whether a commit takes it: an unmerged entry none does, nor one of `git add -N`.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        !self.is_unmerged() && self.extended_flags & INTENT_TO_ADD == 0
    }

    /// Whether a sparse checkout keeps the file off the disk.
    #[must_use]
    pub fn is_off_disk(&self) -> bool {
        self.extended_flags & SKIP_WORKTREE != 0
    }
}

/// What an index file says beside its entries.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Walked {
    /// How many entries it has.
    pub entries: usize,
    /// Whether a sparse checkout keeps one of them off the disk.
    pub has_off_disk: bool,
    /// Whether an extension changes what the entries say: of a split index, or a sparse
    /// one, or one that nobody knows here.
    pub is_changed_by_extension: bool,
    /// The id of the shared index that it builds on, in hexadecimal.
    pub shared: Option<String>,
}

/// Why an index file cannot be walked.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The system says why.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// It ends before what it announces does, or is of a version from the future, or
    /// has a path that no disk could.
    #[error("it is damaged, cut short, or no index")]
    Damaged,
}

/// How far a checksum is trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checksum {
    /// It is verified.
    Verified,
    /// It is verified where that takes no time to speak of. Of a larger index it takes
    /// longer than all the rest; nor does git do it.
    VerifiedIfSmall,
}

/// Walks over the index file at `path`, which is empty if it does not exist. `id_len` is the
/// length of an object id in bytes.
///
/// # Errors
///
/// It is not a regular file, cannot be read, or is truncated or damaged.
pub(super) fn walk_path(
    path: &Path,
    id_len: usize,
    checksum: Checksum,
    each: impl FnMut(RawEntry),
) -> Result<Walked, Error> {
    let unreadable = |cause: String| Error::ReadIndex { path: path.to_owned(), source: Cause::new(cause) };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Walked::default()),
        // To open a FIFO would wait for ever.
        Ok(metadata) if !metadata.is_file() => return Err(unreadable("not a regular file".to_owned())),
        _ => {}
    }
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    walk_file(file, id_len, checksum, each).map_err(|error| unreadable(error.to_string()))
}

/// Reads an index file from its first byte to its last, which must be that of the
/// checksum. `each` is given every entry, in the order of the file. `id_len` is the
/// length of an object id in bytes: 20 of SHA-1, 32 of SHA-256.
///
/// # Errors
///
/// It cannot be read, or is no whole index of version 2, 3 or 4.
pub fn walk(
    file: impl Read,
    id_len: usize,
    checksum: Checksum,
    each: impl FnMut(RawEntry),
) -> Result<Walked, Unreadable> {
    walk_pieces(Pieces::new(InTime(file), id_len, checksum), each)
}

/// The same of a file on the disk, read ahead where it is long.
///
/// # Errors
///
/// As [`walk`].
pub(super) fn walk_file(
    file: File,
    id_len: usize,
    checksum: Checksum,
    each: impl FnMut(RawEntry),
) -> Result<Walked, Unreadable> {
    if file.metadata()?.len() > LONG_TO_READ {
        walk_pieces(Pieces::new(Ahead::new(file)?, id_len, checksum), each)
    } else {
        walk(file, id_len, checksum, each)
    }
}

fn walk_pieces(
    mut pieces: Pieces<impl Source>,
    mut each: impl FnMut(RawEntry),
) -> Result<Walked, Unreadable> {
    let id_len = pieces.id_len;
    let header: [u8; 12] = pieces.take()?;
    let [b'D', b'I', b'R', b'C', 0, 0, 0, version @ 2..=4, count @ ..] = header else {
        return Err(Unreadable::Damaged);
    };
    let count = u32::from_be_bytes(count);
    let mut path = Vec::new();
    let mut walked = Walked { entries: usize::try_from(count).unwrap_or(usize::MAX), ..Walked::default() };
    let mut left = count;
    while left > 0 {
        let bytes = pieces.rest();
        let mut at = 0;
        while left > 0 {
            let bytes = &bytes[at..];
            let entry = match (version, id_len) {
                (4, 32) => compressed::<FIXED_SHA256>(bytes, &mut path)?,
                (4, _) => compressed::<FIXED_SHA1>(bytes, &mut path)?,
                (_, 32) => padded::<FIXED_SHA256>(bytes)?,
                _ => padded::<FIXED_SHA1>(bytes)?,
            };
            let Some((entry, length)) = entry else { break };
            walked.has_off_disk |= !entry.is_ordinary() && entry.is_off_disk();
            each(entry);
            at += length;
            left -= 1;
        }
        pieces.skip(at);
        if left > 0 {
            pieces.read_more()?;
        }
    }
    while pieces.has_more_than(id_len)? {
        let [a, b, c, d, size @ ..]: [u8; 8] = pieces.take()?;
        let mut size = u64::from(u32::from_be_bytes(size));
        // What is optional begins with a capital.
        walked.is_changed_by_extension |= !a.is_ascii_uppercase();
        if [a, b, c, d] == *b"link" {
            let id = pieces.take_slice(id_len)?;
            walked.shared = id.iter().any(|byte| *byte != 0).then(|| hexadecimal(id));
            size = size.checked_sub(id_len as u64).ok_or(Unreadable::Damaged)?;
        }
        pieces.skip_far(size)?;
    }
    pieces.end()?;
    Ok(walked)
}

/// An entry of version 2 or 3, and its length: the fixed part, the name, and 1 to 8 NULs
/// up to a multiple of 8 bytes. Nothing where `bytes` end before it does.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the profile is for size, and this runs a million times")]
fn padded<const FIXED: usize>(bytes: &[u8]) -> Result<Option<(RawEntry<'_>, usize)>, Unreadable> {
    let Some((entry, fixed)) = fixed_part::<FIXED>(bytes) else { return Ok(None) };
    let name = &bytes[fixed..];
    let length = match usize::from(entry.flags & NAME_LENGTH) {
        LONG => name.find_byte(0),
        length => Some(length),
    };
    let Some(length) = length else { return Ok(None) };
    let end = (fixed + length + 8) & !7;
    let Some((path, [0, ..])) = name.split_at_checked(length).filter(|_| bytes.len() >= end) else {
        return if bytes.len() < end { Ok(None) } else { Err(Unreadable::Damaged) };
    };
    Ok(Some((RawEntry { path: path.into(), ..entry }, end)))
}

/// An entry of version 4, and its length: the fixed part, how much of the path before is
/// dropped, what is put in its place, and a NUL. `path` is the path before, and this one
/// after.
fn compressed<'f, const FIXED: usize>(
    bytes: &'f [u8],
    path: &'f mut Vec<u8>,
) -> Result<Option<(RawEntry<'f>, usize)>, Unreadable> {
    let Some((entry, fixed)) = fixed_part::<FIXED>(bytes) else { return Ok(None) };
    let Some((dropped, suffix)) = offset(&bytes[fixed..])? else { return Ok(None) };
    let Some(length) = suffix.find_byte(0) else { return Ok(None) };
    let kept = path.len().checked_sub(dropped).ok_or(Unreadable::Damaged)?;
    let announced = usize::from(entry.flags & NAME_LENGTH);
    if announced != cmp::min(kept + length, LONG) || kept + length > LONGEST_PATH {
        return Err(Unreadable::Damaged);
    }
    path.truncate(kept);
    path.extend_from_slice(&suffix[..length]);
    let end = bytes.len() - suffix.len() + length + 1;
    Ok(Some((RawEntry { path: path.as_bstr(), ..entry }, end)))
}

/// What stands before the name, and its length in bytes: ten numbers of 32 bits, of which
/// the seventh is the mode, the object id, the flags, and more flags where these say so.
/// Nothing where `bytes` are less.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the profile is for size, and this runs a million times")]
fn fixed_part<const FIXED: usize>(bytes: &[u8]) -> Option<(RawEntry<'_>, usize)> {
    let (fixed, rest) = bytes.split_first_chunk::<FIXED>()?;
    let mode = u32::from_be_bytes([fixed[24], fixed[25], fixed[26], fixed[27]]);
    let flags = u16::from_be_bytes([fixed[FIXED - 2], fixed[FIXED - 1]]);
    let mut entry =
        RawEntry { path: BStr::new(b""), id: &fixed[40..FIXED - 2], mode, flags, extended_flags: 0 };
    if flags & EXTENDED == 0 {
        return Some((entry, FIXED));
    }
    entry.extended_flags = u16::from_be_bytes(*rest.first_chunk()?);
    Some((entry, FIXED + 2))
}

/// A number as offsets of packs are written (gitformat-pack), and what follows it:
/// seven bits a byte, the highest first; each further byte adds one to those before.
fn offset(bytes: &[u8]) -> Result<Option<(usize, &[u8])>, Unreadable> {
    let mut number = 0_usize;
    for (at, byte) in bytes.iter().enumerate() {
        number |= usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(Some((number, &bytes[at + 1..])));
        }
        if number > LONGEST_PATH {
            return Err(Unreadable::Damaged);
        }
        number = (number + 1) << 7;
    }
    Ok(None)
}

fn hexadecimal(id: &[u8]) -> String {
    id.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The size of a file, in bytes, from which on it takes less time to read it in a thread of
/// its own.
const LONG_TO_READ: u64 = 32 << 20;

/// No path of a file is longer on any disk, in bytes.
pub(super) const LONGEST_PATH: usize = 64 << 10;

/// The length of the fixed part of an entry, in bytes.
const FIXED_SHA1: usize = 40 + 20 + 2;
const FIXED_SHA256: usize = 40 + 32 + 2;

// The flags of an entry (gitformat-index).
const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;
const NAME_LENGTH: u16 = 0x0fff;
const SKIP_WORKTREE: u16 = 0x4000;
const INTENT_TO_ADD: u16 = 0x2000;

/// Stands for the length of a name that is longer.
const LONG: usize = 0x0fff;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Ahead, Checksum, Pieces, Unreadable, walk, walk_pieces};

    /// An index of version 2 without a checksum, of more than a piece.
    fn index() -> Vec<u8> {
        const COUNT: u32 = 20_000;
        let mut bytes = [&b"DIRC\0\0\0\x02"[..], &COUNT.to_be_bytes()].concat();
        for entry in 0..COUNT {
            let name = format!("directory/{entry}");
            bytes.extend_from_slice(&[0; 61]);
            bytes.extend_from_slice(&[u8::try_from(name.len()).unwrap()]);
            bytes.extend_from_slice(name.as_bytes());
            bytes.resize(bytes.len() + 8 - (62 + name.len()) % 8, 0);
        }
        bytes.extend_from_slice(b"UNTR\0\x08\0\0");
        bytes.resize(bytes.len() + (8 << 16) + 20, 0);
        bytes
    }

    fn read_ahead(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Unreadable> {
        let mut paths = Vec::new();
        let ahead = Ahead::new(Cursor::new(bytes.to_vec()))?;
        let pieces = Pieces::new(ahead, 20, Checksum::VerifiedIfSmall);
        walk_pieces(pieces, |entry| paths.push(entry.path.to_vec()))?;
        Ok(paths)
    }

    #[test]
    fn what_is_read_ahead_is_what_is_read_in_time() {
        let index = index();
        let mut paths = Vec::new();
        walk(&index[..], 20, Checksum::Verified, |entry| paths.push(entry.path.to_vec())).unwrap();
        assert_eq!(paths.len(), 20_000);
        assert_eq!(read_ahead(&index).unwrap(), paths);
        for length in [0, 11, 12, 70, 256 << 10, (256 << 10) + 1, 1 << 20, index.len() - 1] {
            assert!(read_ahead(&index[..length]).is_err(), "{length}");
        }
    }
}
