//! Walks the entries of the index file, whose format is gitformat-index(5).
//!
//! The file is read once and in chunks, so that a million entries need no more memory than one.
//! Unlike git, which reads past the end of a truncated file, the walk fails.

use std::cmp;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use bstr::{BStr, ByteSlice};

pub use super::chunk_reader::{Checksum, Unreadable};
use super::chunk_reader::{ChunkReader, Direct, MAX_PATH, ReadAhead, Source};
use super::{Cause, Error, ObjectFormat, ObjectId};

/// An entry of the index file.
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
    /// Returns whether the entry is one of several versions of a path with a conflict.
    #[must_use]
    pub fn is_unmerged(&self) -> bool {
        self.flags & STAGE != 0
    }

    /// Returns whether the entry only announces a file (`git add -N`): no commit contains it.
    #[must_use]
    pub fn is_intent_to_add(&self) -> bool {
        self.extended_flags & INTENT_TO_ADD != 0
    }

    /// Returns whether the entry is a directory, which a sparse index has in place of its files.
    ///
    /// Its path ends with `/`, and its id names a tree.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.mode == DIRECTORY
    }

    /// Returns whether a sparse checkout keeps the file off the disk.
    #[must_use]
    pub fn is_off_disk(&self) -> bool {
        self.extended_flags & SKIP_WORKTREE != 0
    }
}

/// A summary of an index file.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct IndexSummary {
    /// The number of entries.
    pub entries: usize,
    /// Whether an extension changes what the entries mean.
    ///
    /// It is the extension of a split index, or an unknown one.
    pub is_changed_by_extension: bool,
    /// Whether the index is sparse: some of its entries may be directories.
    pub is_sparse: bool,
    /// The id of the shared index that a split index builds on, in hexadecimal.
    pub shared: Option<String>,
}

/// Walks the index file at `path`. A missing file is an empty index.
///
/// The checksum is verified if the file is not larger than [`MAX_VERIFIED`].
///
/// # Errors
///
/// It is not a regular file, cannot be read, or is truncated or damaged.
pub(super) fn walk_path(
    path: &Path,
    format: ObjectFormat,
    each: impl FnMut(RawEntry),
) -> Result<IndexSummary, Error> {
    let unreadable = |cause: String| Error::ReadIndex { path: path.to_owned(), source: Cause::new(cause) };
    let size = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(IndexSummary::default()),
        // Opening a FIFO would block.
        Ok(metadata) if !metadata.is_file() => return Err(unreadable("not a regular file".to_owned())),
        metadata => metadata.map_or(0, |metadata| metadata.len()),
    };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let checksum = if size <= MAX_VERIFIED { Checksum::Verify } else { Checksum::Skip };
    let walked = if size > MAX_DIRECT {
        ReadAhead::new(file)
            .map_err(Unreadable::Read)
            .and_then(|source| walk_chunks(ChunkReader::new(source, format, checksum), each))
    } else {
        walk(file, format, checksum, each)
    };
    walked.map_err(|error| unreadable(error.to_string()))
}

/// Walks an index file from its first byte to its last.
///
/// `each` gets every entry, in the order of the file.
///
/// # Errors
///
/// The file cannot be read, or is not a complete index of version 2, 3 or 4.
pub fn walk(
    file: impl Read,
    format: ObjectFormat,
    checksum: Checksum,
    each: impl FnMut(RawEntry),
) -> Result<IndexSummary, Unreadable> {
    walk_chunks(ChunkReader::new(Direct(file), format, checksum), each)
}

fn walk_chunks(
    mut chunks: ChunkReader<impl Source>,
    each: impl FnMut(RawEntry),
) -> Result<IndexSummary, Unreadable> {
    let header: [u8; 12] = chunks.read_array()?;
    let [b'D', b'I', b'R', b'C', 0, 0, 0, version @ 2..=4, count @ ..] = header else {
        return Err(Unreadable::Damaged);
    };
    let count = u32::from_be_bytes(count);
    walk_entries(&mut chunks, version, count, each)?;
    let mut summary =
        IndexSummary { entries: usize::try_from(count).unwrap_or(usize::MAX), ..IndexSummary::default() };
    read_extensions(&mut chunks, &mut summary)?;
    chunks.verify_trailer()?;
    Ok(summary)
}

fn walk_entries(
    chunks: &mut ChunkReader<impl Source>,
    version: u8,
    mut remaining: u32,
    mut each: impl FnMut(RawEntry),
) -> Result<(), Unreadable> {
    let format = chunks.format();
    // In version 4, the path of the previous entry: the next path shares a prefix with it.
    let mut path = Vec::new();
    while remaining > 0 {
        let bytes = chunks.unread();
        let mut position = 0;
        while remaining > 0 {
            let bytes = &bytes[position..];
            let entry = match (version, format) {
                (4, ObjectFormat::Sha1) => parse_compressed::<FIXED_SHA1>(bytes, &mut path)?,
                (4, ObjectFormat::Sha256) => parse_compressed::<FIXED_SHA256>(bytes, &mut path)?,
                (_, ObjectFormat::Sha1) => parse_padded::<FIXED_SHA1>(bytes)?,
                (_, ObjectFormat::Sha256) => parse_padded::<FIXED_SHA256>(bytes)?,
            };
            let Some((entry, length)) = entry else { break };
            each(entry);
            position += length;
            remaining -= 1;
        }
        chunks.consume(position);
        if remaining > 0 {
            chunks.read_more()?;
        }
    }
    Ok(())
}

fn read_extensions(
    chunks: &mut ChunkReader<impl Source>,
    summary: &mut IndexSummary,
) -> Result<(), Unreadable> {
    let id_len = chunks.format().id_len();
    while chunks.remaining_exceeds(id_len)? {
        let [a, b, c, d, size @ ..]: [u8; 8] = chunks.read_array()?;
        let mut size = u64::from(u32::from_be_bytes(size));
        let is_sparse = [a, b, c, d] == *b"sdir";
        summary.is_sparse |= is_sparse;
        // The name of an optional extension begins with a capital letter.
        summary.is_changed_by_extension |= !a.is_ascii_uppercase() && !is_sparse;
        if [a, b, c, d] == *b"link" {
            let id = ObjectId::from_bytes(chunks.read_slice(id_len)?).ok_or(Unreadable::Damaged)?;
            summary.shared = (!id.is_null()).then(|| id.to_string());
            size = size.checked_sub(id_len as u64).ok_or(Unreadable::Damaged)?;
        }
        chunks.skip_across(size)?;
    }
    Ok(())
}

/// Parses an entry of version 2 or 3 and returns it with its length in the file.
///
/// It consists of the fixed part, the path, and 1 to 8 NULs up to a multiple of 8 bytes.
/// Returns `None` if `bytes` end before the entry does.
#[inline]
fn parse_padded<const FIXED: usize>(bytes: &[u8]) -> Result<Option<(RawEntry<'_>, usize)>, Unreadable> {
    let Some((entry, fixed)) = parse_fixed::<FIXED>(bytes) else { return Ok(None) };
    let name = &bytes[fixed..];
    let length = match usize::from(entry.flags & NAME_LENGTH) {
        LONG_NAME => name.find_byte(0),
        length => Some(length),
    };
    let Some(length) = length else { return Ok(None) };
    let end = (fixed + length + 8) & !7;
    let Some((path, [0, ..])) = name.split_at_checked(length).filter(|_| bytes.len() >= end) else {
        return if bytes.len() < end { Ok(None) } else { Err(Unreadable::Damaged) };
    };
    Ok(Some((RawEntry { path: path.into(), ..entry }, end)))
}

/// Parses an entry of version 4 and returns it with its length in the file.
///
/// It consists of the fixed part, the number of bytes to drop from the end of the previous
/// path, the bytes that replace them, and a NUL. `path` holds the previous path and receives
/// the path of this entry. Returns `None` if `bytes` end before the entry does.
fn parse_compressed<'f, const FIXED: usize>(
    bytes: &'f [u8],
    path: &'f mut Vec<u8>,
) -> Result<Option<(RawEntry<'f>, usize)>, Unreadable> {
    let Some((entry, fixed)) = parse_fixed::<FIXED>(bytes) else { return Ok(None) };
    let Some((dropped, suffix)) = parse_varint(&bytes[fixed..])? else { return Ok(None) };
    let Some(length) = suffix.find_byte(0) else { return Ok(None) };
    let shared = path.len().checked_sub(dropped).ok_or(Unreadable::Damaged)?;
    let announced = usize::from(entry.flags & NAME_LENGTH);
    if announced != cmp::min(shared + length, LONG_NAME) || shared + length > MAX_PATH {
        return Err(Unreadable::Damaged);
    }
    path.truncate(shared);
    path.extend_from_slice(&suffix[..length]);
    let end = bytes.len() - suffix.len() + length + 1;
    Ok(Some((RawEntry { path: path.as_bstr(), ..entry }, end)))
}

/// Parses the fixed part, which precedes the path, and returns it with its length.
///
/// It consists of ten numbers of 32 bits, of which the seventh is the mode, the object id, the
/// flags, and the extended flags if the flags announce them. Returns `None` if `bytes` end
/// before the fixed part does.
#[inline]
fn parse_fixed<const FIXED: usize>(bytes: &[u8]) -> Option<(RawEntry<'_>, usize)> {
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

/// Parses a number of variable length and returns it with the bytes that follow it.
///
/// It is encoded like the offsets in packs (gitformat-pack): seven bits in each byte, the
/// highest first, and each further byte adds one to the number before it. Returns `None` if
/// `bytes` end before the number does.
fn parse_varint(bytes: &[u8]) -> Result<Option<(usize, &[u8])>, Unreadable> {
    let mut number = 0_usize;
    for (position, byte) in bytes.iter().enumerate() {
        number |= usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(Some((number, &bytes[position + 1..])));
        }
        if number > MAX_PATH {
            return Err(Unreadable::Damaged);
        }
        number = (number + 1) << 7;
    }
    Ok(None)
}

/// The size of the largest index file whose checksum is verified, in bytes.
///
/// For a larger file that takes longer than all other work, and git does not do it either.
const MAX_VERIFIED: u64 = 16 << 10;

/// The size of the largest index file that is read without a second thread, in bytes.
const MAX_DIRECT: u64 = 32 << 20;

/// The length of the fixed part of an entry, in bytes.
const FIXED_SHA1: usize = 40 + 20 + 2;
const FIXED_SHA256: usize = 40 + 32 + 2;

// The flags of an entry (gitformat-index).
const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;
const NAME_LENGTH: u16 = 0x0fff;
const SKIP_WORKTREE: u16 = 0x4000;
const INTENT_TO_ADD: u16 = 0x2000;

/// The mode of a directory in a sparse index.
const DIRECTORY: u32 = 0o040_000;

/// The length that the flags state for a path of this length or longer.
const LONG_NAME: usize = 0x0fff;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Checksum, ChunkReader, ObjectFormat, ReadAhead, Unreadable, walk, walk_chunks};

    /// An index of version 2 without a checksum, larger than a chunk.
    fn large_index() -> Vec<u8> {
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
        let source = ReadAhead::new(Cursor::new(bytes.to_vec()))?;
        let chunks = ChunkReader::new(source, ObjectFormat::Sha1, Checksum::Skip);
        walk_chunks(chunks, |entry| paths.push(entry.path.to_vec()))?;
        Ok(paths)
    }

    #[test]
    fn read_ahead_and_direct_reads_give_the_same_entries() {
        let index = large_index();
        let mut paths = Vec::new();
        walk(&index[..], ObjectFormat::Sha1, Checksum::Verify, |entry| paths.push(entry.path.to_vec()))
            .unwrap();
        assert_eq!(paths.len(), 20_000);
        assert_eq!(read_ahead(&index).unwrap(), paths);
        for length in [0, 11, 12, 70, 256 << 10, (256 << 10) + 1, 1 << 20, index.len() - 1] {
            assert!(read_ahead(&index[..length]).is_err(), "{length}");
        }
    }
}
